//! Git tags: written and read here and nowhere else (law 6).
//!
//! A release tag is the project's pattern with the version in it; a candidate's tag is the same with `-rcN` behind.

use std::collections::{BTreeSet, HashMap};

use crate::version::{Spelling, Version};

/// How a project spells its tags: exactly one `{version}` with fixed text around it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TagPattern {
    prefix: String,
    suffix: String,
}

/// What a tag says of the project whose pattern it matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagName {
    pub version: Version,
    /// `N` of `-rcN`; `None` for a release.
    pub candidate: Option<u64>,
}

impl TagPattern {
    /// Reads a pattern such as `v{version}`; the error says what is wrong with it.
    pub fn parse(pattern: &str) -> Result<Self, String> {
        match pattern.split("{version}").collect::<Vec<_>>()[..] {
            [prefix, suffix] => Ok(Self {
                prefix: prefix.into(),
                suffix: suffix.into(),
            }),
            _ => Err(format!(
                "tag pattern {pattern:?} wants exactly one {{version}}"
            )),
        }
    }

    /// The pattern of a project that names none: `<package>-v{version}`.
    pub fn of_package(package: &str) -> Self {
        Self {
            prefix: format!("{package}-v"),
            suffix: String::new(),
        }
    }

    /// Why git would take no tag of this pattern (git check-ref-format); `None` when it would.
    pub fn fault(&self) -> Option<String> {
        let tag = format!("{}1.0.0{}", self.prefix, self.suffix);
        let odd = tag.chars().find(|letter| {
            letter.is_control() || letter.is_whitespace() || "~^:?*[\\".contains(*letter)
        });
        if let Some(letter) = odd {
            return Some(format!(
                "{letter:?} stands in tags such as {tag:?}, where git allows none"
            ));
        }
        let parts = || tag.split('/');
        let is_odd =
            parts().any(|part| part.is_empty() || part.starts_with('.') || part.ends_with(".lock"));
        let is_taken = ["..", "@{"].iter().any(|run| tag.contains(run))
            || tag.starts_with('-')
            || tag.ends_with('.');
        (is_odd || is_taken).then(|| format!("tags such as {tag:?} are none that git allows"))
    }

    pub fn release(&self, version: &Version) -> String {
        format!("{}{}{}", self.prefix, version.to_semver(), self.suffix)
    }

    pub fn candidate(&self, version: &Version, number: u64) -> String {
        format!("{}-rc{number}", self.release(version))
    }

    /// Why a version cannot be tagged: its release's tag would read as a candidate of another version, or it has build
    /// metadata, which an image tag cannot carry and no order of versions knows.
    pub fn objection(&self, version: &Version) -> Option<String> {
        if let Some(metadata) = version.build_metadata() {
            return Some(format!(
                "{} has build metadata, +{metadata}, which no tag of git or of an image may carry",
                version.to_semver()
            ));
        }
        let tag = self.release(version);
        let meant = TagName {
            version: version.clone(),
            candidate: None,
        };
        (self.read(&tag) != Some(meant)).then(|| {
            format!(
                "the tag of {0} would be {tag}, which is a candidate's form; a prerelease is written with a dot: -rc.1",
                version.to_semver()
            )
        })
    }

    /// What a release's tag looks like; for messages.
    pub fn form(&self) -> String {
        format!("{}X.Y.Z{}", self.prefix, self.suffix)
    }

    /// How candidates of a version are tagged, with `N` for the number; for messages.
    pub fn candidate_form(&self, version: &Version) -> String {
        format!("{}-rcN", self.release(version))
    }

    /// What all tags of this pattern begin with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Reads a tag of this pattern; `None` when it is another project's, or no version at all.
    pub fn read(&self, tag: &str) -> Option<TagName> {
        let rest = tag.strip_prefix(&self.prefix)?;
        let (rest, candidate) = match rest.rsplit_once("-rc") {
            Some((before, digits)) if is_candidate_number(digits) => {
                (before, Some(digits.parse().ok()?))
            }
            _ => (rest, None),
        };
        let version = Spelling::SemVer
            .read(rest.strip_suffix(&self.suffix)?)
            .ok()?;
        Some(TagName { version, candidate })
    }

    /// How specific the pattern is: of several that match one tag, the longest is meant.
    fn length(&self) -> usize {
        self.prefix.len() + self.suffix.len()
    }
}

/// Digits as we write them: `rc01` or `rc` is somebody else's tag.
fn is_candidate_number(digits: &str) -> bool {
    digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.is_empty()
        && !digits.starts_with('0')
}

/// The patterns of all projects, made ready to tell whose many tags are: looked up by their prefixes, not tried one by one.
#[derive(Debug, Clone)]
pub struct Owners {
    /// Each with its place.
    by_prefix: HashMap<String, Vec<(usize, TagPattern)>>,
    /// Every length of a prefix there is: a few, since names of one kind are about as long.
    lengths: BTreeSet<usize>,
}

impl Owners {
    pub fn new<'a>(patterns: impl Iterator<Item = &'a TagPattern>) -> Self {
        let mut owners = Self {
            by_prefix: HashMap::new(),
            lengths: BTreeSet::new(),
        };
        for (place, pattern) in patterns.enumerate() {
            owners.lengths.insert(pattern.prefix.len());
            owners
                .by_prefix
                .entry(pattern.prefix.clone())
                .or_default()
                .push((place, pattern.clone()));
        }
        owners
    }

    /// Finds whose tag it is, by the longest pattern that matches; gives the pattern's place (law 6).
    pub fn of(&self, tag: &str) -> Option<(usize, TagName)> {
        let prefixes = self
            .lengths
            .iter()
            .filter_map(|length| self.by_prefix.get(tag.get(..*length)?));
        prefixes
            .flatten()
            .filter_map(|(place, pattern)| Some(((pattern.length(), *place), pattern.read(tag)?)))
            .max_by_key(|(rank, _)| *rank)
            .map(|((_, place), name)| (place, name))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The slow way to the same answer.
    fn owner<'a>(
        patterns: impl Iterator<Item = &'a TagPattern>,
        tag: &str,
    ) -> Option<(usize, TagName)> {
        patterns
            .enumerate()
            .filter_map(|(place, pattern)| Some((pattern.length(), place, pattern.read(tag)?)))
            .max_by_key(|(length, ..)| *length)
            .map(|(_, place, name)| (place, name))
    }

    fn version(text: &str) -> Version {
        Spelling::SemVer.read(text).unwrap()
    }

    #[test]
    fn law_6_tags_are_read_as_they_are_written() {
        let pattern = TagPattern::of_package("percolate-reading");
        for text in ["0.2.0", "1.10.3", "2.0.0-rc.1"] {
            let release = pattern.release(&version(text));
            assert_eq!(
                pattern.read(&release),
                Some(TagName {
                    version: version(text),
                    candidate: None
                }),
                "{release}"
            );
            let candidate = pattern.candidate(&version(text), 12);
            assert_eq!(
                pattern.read(&candidate),
                Some(TagName {
                    version: version(text),
                    candidate: Some(12)
                }),
                "{candidate}"
            );
        }
        assert_eq!(
            pattern.release(&version("0.2.0")),
            "percolate-reading-v0.2.0"
        );
        assert_eq!(
            pattern.candidate(&version("0.2.0"), 1),
            "percolate-reading-v0.2.0-rc1"
        );
    }

    #[test]
    fn law_6_the_longest_known_package_owns_a_tag() {
        let patterns = [
            TagPattern::of_package("percolate"),
            TagPattern::parse("percolate-v1-v{version}").unwrap(),
            TagPattern::parse("v{version}").unwrap(),
        ];
        let owners = Owners::new(patterns.iter());
        let place = |tag: &str| {
            let found = owner(patterns.iter(), tag);
            assert_eq!(owners.of(tag), found, "{tag}");
            found.map(|(place, _)| place)
        };
        assert_eq!(place("percolate-v0.1.0"), Some(0));
        assert_eq!(place("percolate-v1-v0.1.0"), Some(1));
        assert_eq!(place("v3.0.0-rc2"), Some(2));
        assert_eq!(place("percolate-reading-v0.1.0"), None);
    }

    proptest! {
        #[test]
        fn law_6_looking_up_finds_the_owner_that_trying_finds(
            patterns in prop::collection::vec(("[ab\u{e9}-]{0,3}", prop::bool::ANY), 0..8),
            prefix in "[ab\u{e9}-]{0,4}",
            tail in "(-v)?[01]\\.0\\.0(-rc[12])?(-b)?",
        ) {
            let text = |(name, has_suffix): &(String, bool)| format!("{name}{{version}}{}", if *has_suffix { "-b" } else { "" });
            let patterns: Vec<_> = patterns.iter().map(|pattern| TagPattern::parse(&text(pattern)).unwrap()).collect();
            let tag = format!("{prefix}{tail}");
            prop_assert_eq!(Owners::new(patterns.iter()).of(&tag), owner(patterns.iter(), &tag));
        }
    }

    #[test]
    fn a_version_whose_tag_reads_as_a_candidate_is_named() {
        let pattern = TagPattern::of_package("a");
        assert_eq!(pattern.objection(&version("0.2.0")), None);
        assert_eq!(pattern.objection(&version("0.2.0-rc.1")), None);
        assert!(
            pattern
                .objection(&version("0.2.0+abc"))
                .unwrap()
                .contains("has build metadata, +abc")
        );
        assert!(
            pattern
                .objection(&version("0.2.0-rc1"))
                .unwrap()
                .contains("a-v0.2.0-rc1, which is a candidate's form")
        );
    }

    #[test]
    fn a_pattern_that_git_would_refuse_is_told_by_its_letter() {
        for prefix in ["v", "a-v", "@acme/core@", "rel/1.x/", ""] {
            assert_eq!(
                TagPattern {
                    prefix: prefix.into(),
                    suffix: String::new()
                }
                .fault(),
                None,
                "{prefix}"
            );
        }
        for prefix in [
            "a b-v", "a:v", "a~v", "/v", "a//v", "a/.v", "a..v", "-v", "a@{v", "a\tv", "a.lock/v",
        ] {
            assert!(
                TagPattern {
                    prefix: prefix.into(),
                    suffix: String::new()
                }
                .fault()
                .is_some(),
                "{prefix}"
            );
        }
        assert!(
            TagPattern::of_package("a b")
                .fault()
                .unwrap()
                .starts_with("' ' stands in tags such as \"a b-v1.0.0\"")
        );
    }

    #[test]
    fn what_is_no_version_is_nobodys_tag() {
        let pattern = TagPattern::of_package("a");
        for tag in [
            "a-v",
            "a-v1.0",
            "a-vlatest",
            "a-v01.0.0",
            "b-v1.0.0",
            "a-v1.0.0-rc0x",
        ] {
            assert!(
                pattern
                    .read(tag)
                    .is_none_or(|name| name.candidate.is_none()),
                "{tag}"
            );
        }
        assert_eq!(pattern.read("a-v1.0"), None);
        assert_eq!(
            TagPattern::parse("v").unwrap_err(),
            "tag pattern \"v\" wants exactly one {version}"
        );
        assert!(TagPattern::parse("{version}{version}").is_err());
    }
}
