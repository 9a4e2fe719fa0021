//! What commits mean for versions and changelogs: the `[release]` keys, joined to the usual types.
//!
//! Nothing here reads a commit: the crate `commit-history` does, and `bump::auto` decides.

use indexmap::IndexMap;
use monorelease_model::version::{Level, Version};

use crate::config::{Config, NonConventional, TypeLevel, ZeroMajor, nearest};
use crate::fault::Fault;
use crate::release_pr::model::PullRules;

/// Types that everybody knows, with what they raise and where a changelog lists them.
const USUAL: [(&str, Option<Level>, Option<&str>); 11] = [
    ("feat", Some(Level::Minor), Some("Added")),
    ("fix", Some(Level::Patch), Some("Fixed")),
    ("perf", Some(Level::Patch), Some("Performance")),
    // What reverts something released is a fix to those who had it.
    ("revert", Some(Level::Patch), Some("Reverted")),
    ("docs", None, None),
    ("style", None, None),
    ("refactor", None, None),
    ("test", None, None),
    ("build", None, None),
    ("ci", None, None),
    ("chore", None, None),
];

/// Where a changelog lists breaking changes: before everything else.
pub const BREAKING_HEADING: &str = "Breaking changes";
/// Where it lists what has no type that is known here: behind everything else.
pub const OTHER_HEADING: &str = "Other";

/// What is known of one type of commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeRule {
    /// `None` for a type that is no reason for a release.
    pub level: Option<Level>,
    /// `None` for a type that no changelog lists.
    pub heading: Option<String>,
}

/// The rules of a repository.
#[derive(Debug, Clone)]
pub struct ReleaseRules {
    /// In the order of a changelog: those of the configuration, then the usual ones.
    types: IndexMap<String, TypeRule>,
    zero_major: ZeroMajor,
    pub is_strict: bool,
    /// Scopes a commit may name beside projects and packages.
    pub scopes: Vec<String>,
    /// How the release pull request is called.
    pub pull: PullRules,
}

impl Default for ReleaseRules {
    fn default() -> Self {
        let rule = |level, heading: Option<&str>| TypeRule {
            level,
            heading: heading.map(str::to_owned),
        };
        let types = USUAL
            .iter()
            .map(|(name, level, heading)| ((*name).to_owned(), rule(*level, *heading)))
            .collect();
        Self {
            types,
            zero_major: ZeroMajor::default(),
            is_strict: false,
            scopes: Vec::new(),
            pull: PullRules::default(),
        }
    }
}

impl ReleaseRules {
    /// Joins the configuration's types to the usual ones.
    ///
    /// # Errors
    /// A type that no commit could name, or a heading that is no line.
    pub fn from_config(config: &Config, file: &str) -> Result<Self, Fault> {
        let wrong = |what: String| {
            Fault::usage(format!("{file}: release.{what}"))
                .fix(format!("edit {file}, then run the command again"))
        };
        let usual = Self::default();
        let keys = &config.release;
        let mut types = IndexMap::default();
        for (name, given) in &keys.types {
            if !is_word(name) || *name != name.to_lowercase() {
                return Err(wrong(format!(
                    "types names {name:?}; a type is one lower-case word, such as \"security\""
                )));
            }
            if let Some(heading) = given
                .heading
                .as_ref()
                .filter(|heading| heading.trim().is_empty() || heading.contains(['\n', '\r', '#']))
            {
                return Err(wrong(format!(
                    "types.{name}.heading is {heading:?}; a heading is one line, without #"
                )));
            }
            let before = usual.types.get(name);
            let level = match given.level {
                Some(TypeLevel::None) => None,
                Some(TypeLevel::Patch) => Some(Level::Patch),
                Some(TypeLevel::Minor) => Some(Level::Minor),
                Some(TypeLevel::Major) => Some(Level::Major),
                None => before.and_then(|rule| rule.level),
            };
            let heading = given
                .heading
                .clone()
                .or_else(|| before.and_then(|rule| rule.heading.clone()));
            types.insert(name.clone(), TypeRule { level, heading });
        }
        for (name, rule) in usual.types {
            types.entry(name).or_insert(rule);
        }
        if let Some(scope) = keys
            .scopes
            .iter()
            .find(|scope| scope.trim().is_empty() || scope.contains(['(', ')', '\n']))
        {
            return Err(wrong(format!(
                "scopes names {scope:?}, which no commit could name"
            )));
        }
        if let Some(name) = keys
            .latest
            .as_ref()
            .filter(|name| !config.projects.contains_key(*name))
        {
            let guess = nearest(name, config.projects.keys().map(String::as_str))
                .map(|guess| format!("; did you mean {guess:?}?"));
            return Err(wrong(format!(
                "latest is {name:?}, which is no project{}",
                guess.unwrap_or_default()
            )));
        }
        let is_strict = keys.non_conventional == NonConventional::Strict;
        Ok(Self {
            types,
            zero_major: keys.zero_major,
            is_strict,
            scopes: keys.scopes.clone(),
            pull: PullRules::from_config(config, file)?,
        })
    }

    /// The rule of a type, written in lower case; `None` for a type that is not known.
    pub fn of(&self, kind: &str) -> Option<&TypeRule> {
        self.types.get(kind)
    }

    /// Types that are known, in the order of a changelog.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        self.types.keys().map(String::as_str)
    }

    /// Headings of a changelog in their order, each once.
    pub fn headings(&self) -> Vec<&str> {
        let mut headings = vec![BREAKING_HEADING];
        for heading in self
            .types
            .values()
            .filter_map(|rule| rule.heading.as_deref())
            .chain([OTHER_HEADING])
        {
            if !headings.contains(&heading) {
                headings.push(heading);
            }
        }
        headings
    }

    /// The version a level above a release; below 1.0 a breaking change may be kept to a minor one.
    pub fn raised(&self, from: &Version, level: Level) -> (Version, Level) {
        let level = match level {
            Level::Major if from.as_semver().major == 0 && self.zero_major == ZeroMajor::Minor => {
                Level::Minor
            }
            level => level,
        };
        (from.bumped(level), level)
    }
}

/// What may stand before the colon of a commit's header.
fn is_word(text: &str) -> bool {
    !text.is_empty()
        && !text.contains(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ':' | '!'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    fn rules(text: &str) -> Result<ReleaseRules, Fault> {
        ReleaseRules::from_config(&parse(text, "m.toml")?, "m.toml")
    }

    #[test]
    fn the_usual_types_have_their_levels() {
        let rules = rules("").unwrap();
        for (kind, level) in [
            ("feat", Some(Level::Minor)),
            ("fix", Some(Level::Patch)),
            ("perf", Some(Level::Patch)),
            ("docs", None),
            ("chore", None),
        ] {
            assert_eq!(rules.of(kind).unwrap().level, level, "{kind}");
        }
        assert_eq!(rules.of("security"), None);
        assert_eq!(
            rules.headings(),
            [
                "Breaking changes",
                "Added",
                "Fixed",
                "Performance",
                "Reverted",
                "Other"
            ]
        );
    }

    #[test]
    fn the_configuration_adds_changes_and_orders() {
        let text = "[release]\nscopes = [\"deps\"]\nnon-conventional = \"strict\"\n[release.types]\n\
                    security = { level = \"patch\", heading = \"Security\" }\nfix = { heading = \"Mended\" }\nperf = { level = \"none\" }\n";
        let rules = rules(text).unwrap();
        assert_eq!(rules.of("security").unwrap().level, Some(Level::Patch));
        assert_eq!(
            rules.of("fix").unwrap(),
            &TypeRule {
                level: Some(Level::Patch),
                heading: Some("Mended".into())
            }
        );
        assert_eq!(rules.of("perf").unwrap().level, None);
        assert_eq!(
            rules.headings()[1..4],
            ["Security", "Mended", "Performance"]
        );
        assert!(rules.is_strict);
        assert_eq!(rules.scopes, ["deps"]);
    }

    #[test]
    fn below_one_a_breaking_change_may_be_minor() {
        let version = |text: &str| Version::parse_semver(text).unwrap();
        let minor = rules("[release]\nzero-major = \"minor\"\n").unwrap();
        assert_eq!(
            rules("").unwrap().raised(&version("0.8.3"), Level::Major),
            (version("1.0.0"), Level::Major)
        );
        assert_eq!(
            minor.raised(&version("0.8.3"), Level::Major),
            (version("0.9.0"), Level::Minor)
        );
        assert_eq!(
            minor.raised(&version("1.8.3"), Level::Major),
            (version("2.0.0"), Level::Major)
        );
        assert_eq!(
            minor.raised(&version("0.8.3"), Level::Patch),
            (version("0.8.4"), Level::Patch)
        );
    }

    #[test]
    fn what_no_commit_could_say_is_refused_by_its_key() {
        for (text, words) in [
            (
                "[release.types]\n\"a b\" = {}\n",
                "release.types names \"a b\"",
            ),
            ("[release.types]\nSec = {}\n", "release.types names \"Sec\""),
            (
                "[release.types]\nsec = { heading = \"# x\" }\n",
                "release.types.sec.heading",
            ),
            ("[release]\nscopes = [\"a(b\"]\n", "release.scopes names"),
            (
                "[release]\nzero-major = \"patch\"\n",
                "expected `major` or `minor`",
            ),
            (
                "[release]\nnon-conventionel = \"list\"\n",
                "did you mean `non-conventional`?",
            ),
            ("[release.types]\nsec = { level = \"huge\" }\n", "huge"),
            (
                "[release.types]\nsec = \"patch\"\n",
                "expected a table such as { level = \"patch\", heading = ",
            ),
        ] {
            let fault = rules(text).unwrap_err();
            assert!(fault.what.contains(words), "{text}: {}", fault.what);
            assert_eq!(fault.kind.exit_code(), 2);
        }
    }
}
