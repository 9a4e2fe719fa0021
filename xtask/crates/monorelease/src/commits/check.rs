//! The gate that commit messages and titles pass: conventional form, known types and scopes, and the line that would pass.

use monorelease_commit_history::message::{self, Header, header};
use monorelease_model::version::Version;

use super::rules::ReleaseRules;
use super::shown;
use crate::config::nearest;
use crate::project::Project;

/// What is wrong with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongWords {
    pub what: String,
    /// The line as it would pass.
    pub corrected: String,
}

/// Among the scopes of the rules: any will do.
const ANY: &str = "*";

/// What people write for a type.
const MEANT: [(&str, &str); 12] = [
    ("feature", "feat"),
    ("features", "feat"),
    ("enhancement", "feat"),
    ("bug", "fix"),
    ("bugfix", "fix"),
    ("hotfix", "fix"),
    ("fixes", "fix"),
    ("doc", "docs"),
    ("documentation", "docs"),
    ("performance", "perf"),
    ("tests", "test"),
    ("refactoring", "refactor"),
];

/// First words that tell a type.
const VERBS: [(&str, &str); 13] = [
    ("add", "feat"),
    ("adds", "feat"),
    ("added", "feat"),
    ("allow", "feat"),
    ("implement", "feat"),
    ("introduce", "feat"),
    ("support", "feat"),
    ("fix", "fix"),
    ("fixed", "fix"),
    ("correct", "fix"),
    ("repair", "fix"),
    ("document", "docs"),
    ("refactor", "refactor"),
];

/// The scope that `bump --commit` and `release-pr` write.
const OWN_SCOPE: &str = "release";

/// The gate of a repository.
pub struct Gate<'a> {
    rules: &'a ReleaseRules,
    scopes: Vec<&'a str>,
}

impl<'a> Gate<'a> {
    /// Scopes are the names and packages of projects, and those of the rules.
    pub fn new(rules: &'a ReleaseRules, projects: &'a [Project]) -> Self {
        let mut scopes: Vec<_> = projects
            .iter()
            .flat_map(|project| [project.name.as_str(), project.package.as_str()])
            .collect();
        scopes.extend(rules.scopes.iter().map(String::as_str));
        scopes.dedup();
        Self { rules, scopes }
    }

    /// What is wrong with a title; `None` for one that passes. What forges write before it stays.
    pub fn title(&self, title: &str) -> Option<WrongWords> {
        let told = match message::title(title) {
            None if title.trim().is_empty() => title,
            None => return None,
            Some(told) => told,
        };
        let words = title
            .strip_suffix(told)
            .filter(|words| !words.trim().is_empty())
            .unwrap_or_default();
        let title = if words.is_empty() { title } else { told };
        self.told(title).map(|wrong| WrongWords {
            corrected: format!("{words}{}", wrong.corrected),
            ..wrong
        })
    }

    fn told(&self, title: &str) -> Option<WrongWords> {
        let is_revert = ["Revert \"", "Reapply \""]
            .iter()
            .any(|word| title.starts_with(word));
        if is_revert {
            return None;
        }
        let found = header(title).filter(|found| self.written(found) == title);
        let what = match &found {
            None => "has no conventional form, TYPE(SCOPE): DESCRIPTION".to_owned(),
            Some(found) if self.rules.of(&found.kind).is_none() => {
                format!(
                    "has type {:?}, which is none of {}",
                    shown(&found.kind),
                    self.rules.types().collect::<Vec<_>>().join(", ")
                )
            }
            Some(found) => {
                let unknown = scopes(found.scope.as_deref()?).find(|scope| !self.allows(scope))?;
                format!(
                    "has scope {:?}, which is none of {}",
                    shown(unknown),
                    self.scopes.join(", ")
                )
            }
        };
        Some(WrongWords {
            what,
            corrected: self.corrected(title),
        })
    }

    /// What is wrong with a whole message: its title, and a footer that nobody would read as what it means.
    pub fn message(&self, message: &str) -> Vec<WrongWords> {
        let mut lines = message
            .trim_start_matches('\u{feff}')
            .lines()
            .map(str::trim_end)
            .skip_while(|line| line.trim().is_empty());
        let mut title = lines.next().unwrap_or_default();
        if let Some(told) = message::title(message).filter(|told| !title.contains(told)) {
            title = told;
        }
        self.title(title)
            .into_iter()
            .chain(
                lines.filter_map(|line| {
                    Self::breaking_footer(line).or_else(|| Self::release_as(line))
                }),
            )
            .collect()
    }

    /// The words of a breaking change that nobody would read as one: in another case, in bold, or as a heading.
    fn breaking_footer(line: &str) -> Option<WrongWords> {
        let unlisted = line
            .strip_prefix("* ")
            .or_else(|| line.strip_prefix("- "))
            .unwrap_or(line);
        let is_marked = unlisted.starts_with(['#', '*', '_']);
        let (token, rest) = match unlisted.split_once(':') {
            Some(parts) => parts,
            None if is_marked => (unlisted, ""),
            None => return None,
        };
        let marks = ['#', '*', '_', ' '];
        let is_meant = [
            "breaking change",
            "breaking changes",
            "breaking-change",
            "breaking-changes",
        ]
        .contains(&token.trim_matches(marks).to_lowercase().as_str());
        let is_read = ["BREAKING CHANGE", "BREAKING-CHANGE"].contains(&token);
        let text = rest.trim_matches(marks);
        let corrected = match text {
            "" => "BREAKING CHANGE: what breaks, and what to do".to_owned(),
            text => format!("BREAKING CHANGE: {text}"),
        };
        (is_meant && !is_read).then(|| WrongWords {
            what: format!(
                "has a footer {:?}, which marks no breaking change",
                shown(token)
            ),
            corrected,
        })
    }

    /// What no release could be made as: it would be refused long after the commit was merged.
    fn release_as(line: &str) -> Option<WrongWords> {
        let (token, version) = line.split_once(':')?;
        let version = version.trim();
        let is_meant = token.eq_ignore_ascii_case("release-as") && !version.is_empty();
        let is_read = Version::parse_semver(version.strip_prefix('v').unwrap_or(version))
            .is_ok_and(|it| it.build_metadata().is_none());
        let what = format!(
            "has a footer {:?}, which names no version, MAJOR.MINOR.PATCH",
            shown(line)
        );
        (is_meant && !is_read).then(|| WrongWords {
            what,
            corrected: "Release-As: 1.2.3".to_owned(),
        })
    }

    /// The header as the gate wants it written.
    fn written(&self, found: &Header) -> String {
        let scope = found
            .scope
            .as_ref()
            .map(|scope| format!("({scope})"))
            .unwrap_or_default();
        let mark = if found.is_breaking { "!" } else { "" };
        format!(
            "{}{scope}{mark}: {}",
            found.kind.to_lowercase(),
            found.description
        )
    }

    /// The nearest line that passes.
    fn corrected(&self, title: &str) -> String {
        // A title is one line; whatever else breaks it, or is no character that shows, goes.
        let title = title.replace(char::is_control, " ");
        let plain = ["fixup!", "squash!", "amend!"]
            .iter()
            .fold(title.trim(), |rest, mark| {
                rest.strip_prefix(mark).map_or(rest, str::trim)
            });
        let (kind, scope, is_breaking, description) =
            loose(plain).unwrap_or_else(|| self.guessed(plain));
        let kind = self.nearest_type(&kind);
        let scope = scope.map(|scope| {
            scopes(&scope)
                .filter_map(|one| self.nearest_scope(one))
                .collect::<Vec<_>>()
                .join(",")
        });
        let description = if description.is_empty() {
            "say what changes".to_owned()
        } else {
            description
        };
        self.written(&Header {
            kind,
            scope: scope.filter(|scope| !scope.is_empty()),
            is_breaking,
            description,
        })
    }

    fn nearest_type(&self, word: &str) -> String {
        let word = word.to_lowercase();
        if self.rules.of(&word).is_some() {
            return word;
        }
        let meant = MEANT
            .iter()
            .find(|(written, _)| *written == word)
            .map(|(_, meant)| *meant);
        meant
            .or_else(|| nearest(&word, self.rules.types()))
            .unwrap_or("chore")
            .to_owned()
    }

    fn allows(&self, scope: &str) -> bool {
        scope == OWN_SCOPE
            || self
                .scopes
                .iter()
                .any(|known| *known == scope || *known == ANY)
    }

    fn nearest_scope<'w>(&self, word: &'w str) -> Option<&'w str>
    where
        'a: 'w,
    {
        let lower = word.to_lowercase();
        if self.allows(word) {
            Some(word)
        } else {
            nearest(&lower, self.scopes.iter().copied())
        }
    }

    /// A title without any form, by its first word.
    fn guessed(&self, title: &str) -> (String, Option<String>, bool, String) {
        let first = title
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .to_lowercase();
        let kind = VERBS
            .iter()
            .find(|(verb, _)| *verb == first)
            .map_or("chore", |(_, kind)| kind);
        let mut letters = title.chars();
        // A word in capitals is a name, and stays.
        let start = match (letters.next(), letters.clone().next()) {
            (Some(one), Some(two)) if one.is_uppercase() && two.is_lowercase() => {
                one.to_lowercase().collect::<String>()
            }
            (Some(one), _) => one.to_string(),
            (None, _) => String::new(),
        };
        (
            kind.to_owned(),
            None,
            false,
            format!("{start}{}", letters.as_str()).trim().to_owned(),
        )
    }
}

/// Several scopes may stand between the parentheses.
fn scopes(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|scope| !scope.is_empty())
}

/// A header with blanks, capitals or brackets that the form does not know.
fn loose(title: &str) -> Option<(String, Option<String>, bool, String)> {
    let (head, description) = title.split_once(':')?;
    let head = head.trim();
    let (head, is_breaking) = head
        .strip_suffix('!')
        .map_or((head, false), |rest| (rest.trim(), true));
    let (kind, scope) = match head.split_once(['(', '[']) {
        Some((kind, scope)) => (
            kind.trim(),
            Some(scope.trim_end_matches([')', ']', ' ']).trim().to_owned()),
        ),
        None => (head, None),
    };
    let (kind, is_marked) = kind
        .strip_suffix('!')
        .map_or((kind, false), |kind| (kind, true));
    let is_word = !kind.is_empty() && kind.chars().all(|c| c.is_alphanumeric() || c == '-');
    is_word.then(|| {
        (
            kind.to_owned(),
            scope,
            is_breaking || is_marked,
            description.trim().to_owned(),
        )
    })
}

#[cfg(test)]
mod tests;
