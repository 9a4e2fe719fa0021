//! What Argo CD Image Updater is told of one image, and which tag of a list it would take then.
//!
//! By its documentation: "Update strategies", and "Configuring images for update" (Filtering tags, Ignoring certain tags). Pure: tags
//! and their dates are found by others.

use std::collections::BTreeMap;
use std::str::Chars;

use monorelease_version_files::requirements::masterminds::{Constraint, read_version};
use regex_lite::Regex;

/// How the newest tag is told ("Supported update strategies").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    SemVer,
    NewestBuild,
    Alphabetical,
    Digest,
}

impl Strategy {
    /// A strategy by its name or its deprecated one. Of any other word the updater makes `semver`.
    pub fn of(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "semver" => Self::SemVer,
            "newest-build" | "latest" => Self::NewestBuild,
            "alphabetical" | "name" => Self::Alphabetical,
            "digest" => Self::Digest,
            _ => return None,
        })
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::SemVer => "semver",
            Self::NewestBuild => "newest-build",
            Self::Alphabetical => "alphabetical",
            Self::Digest => "digest",
        }
    }
}

/// Which tags are looked at ("Filtering tags").
#[derive(Debug, Clone)]
pub enum Allow {
    Any,
    Regexp(Regex),
    /// A match function that is none, for which no tag is looked at.
    None,
}

impl Allow {
    /// # Errors
    /// It is no match function, and so lets no tag pass: why.
    pub fn of(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            _ if text.is_empty() || text.eq_ignore_ascii_case("any") => Ok(Self::Any),
            Some((function, expression)) if function.eq_ignore_ascii_case("regexp") => {
                Regex::new(expression).map(Self::Regexp).map_err(|error| {
                    let why = error.to_string();
                    format!(
                        "the regular expression cannot be read: {}",
                        why.lines().last().unwrap_or_default().trim()
                    )
                })
            }
            _ => Err(format!(
                "{text:?} is no match function; wanted `any` or `regexp:EXPRESSION`"
            )),
        }
    }

    fn lets(&self, tag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Regexp(expression) => expression.is_match(tag),
            Self::None => false,
        }
    }
}

/// What the updater is told of one image.
#[derive(Debug, Clone)]
pub struct Settings {
    pub strategy: Strategy,
    /// What stands behind the image's name: a constraint for `semver`, a tag for `digest`, nothing for others.
    pub constraint: String,
    pub allow: Allow,
    pub ignore: Vec<String>,
}

/// Which tag would be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pick {
    Tag(String),
    Nothing,
    /// It cannot be told, and why.
    Unknown(String),
}

impl Settings {
    /// The tags that pass the filters.
    pub fn allowed<'t>(&self, tags: &'t [String]) -> Vec<&'t str> {
        let ignored: Vec<Regex> = self
            .ignore
            .iter()
            .filter_map(|pattern| glob(pattern))
            .collect();
        let is_ignored = |tag: &str| ignored.iter().any(|pattern| pattern.is_match(tag));
        tags.iter()
            .map(String::as_str)
            .filter(|tag| self.allow.lets(tag) && !is_ignored(tag))
            .collect()
    }

    /// The tag that is taken of a list. `dates` are asked for `newest-build` alone. `takes_prereleases` is how updaters before
    /// 1.3.0 are: without a constraint they take any version (argocd-image-updater#1758).
    pub fn pick(
        &self,
        tags: &[String],
        dates: &BTreeMap<String, String>,
        takes_prereleases: bool,
    ) -> Pick {
        let allowed = self.allowed(tags);
        let picked = match self.strategy {
            Strategy::SemVer => {
                let constraint = match Constraint::parse(&self.constraint) {
                    Ok(constraint) => constraint,
                    Err(why) => {
                        return Pick::Unknown(format!(
                            "the constraint {:?} cannot be read: {why}",
                            self.constraint
                        ));
                    }
                };
                let is_free = takes_prereleases && self.constraint.is_empty();
                let versions = allowed
                    .into_iter()
                    .filter_map(|tag| Some((read_version(tag)?, tag)));
                let taken = versions.filter(|(version, _)| is_free || constraint.admits(version));
                // Equal versions are told apart by their spelling.
                taken
                    .max_by(|(one, left), (two, right)| {
                        one.cmp_precedence(two).then_with(|| left.cmp(right))
                    })
                    .map(|(_, tag)| tag)
            }
            Strategy::Alphabetical => allowed.into_iter().max(),
            Strategy::Digest => allowed.into_iter().find(|tag| *tag == self.constraint),
            // Several tags of one image have one date, and the last of them by name is taken.
            Strategy::NewestBuild => allowed
                .into_iter()
                .max_by_key(|tag| (dates.get(*tag), *tag)),
        };
        picked.map_or(Pick::Nothing, |tag| Pick::Tag(tag.to_owned()))
    }
}

/// A pattern of Go's `filepath.Match` as a regular expression, which never backtracks: manifests are not ours.
/// Go refuses a malformed pattern, and the updater then ignores no tag by it: `None`.
fn glob(pattern: &str) -> Option<Regex> {
    let mut expression = String::from("^");
    let mut rest = pattern.chars();
    while let Some(sign) = rest.next() {
        match sign {
            '*' => expression.push_str("[^/]*"),
            '?' => expression.push_str("[^/]"),
            '[' => class(&mut rest, &mut expression)?,
            '\\' => push_literal(rest.next()?, &mut expression),
            sign => push_literal(sign, &mut expression),
        }
    }
    Regex::new(&(expression + "$")).ok()
}

/// A class behind its `[`: one character or range after another, up to a `]` that is not the first of them.
fn class(rest: &mut Chars, expression: &mut String) -> Option<()> {
    let is_negated = rest.as_str().starts_with('^');
    if is_negated {
        rest.next();
    }
    let mut members = String::new();
    let mut is_first = true;
    while is_first || !rest.as_str().starts_with(']') {
        let low = class_member(rest)?;
        let high = match rest.as_str().strip_prefix('-') {
            Some(behind) => {
                *rest = behind.chars();
                class_member(rest)?
            }
            None => low,
        };
        // A range that ends before it begins is valid in Go, and empty.
        if low <= high {
            push_literal(low, &mut members);
            members.push('-');
            push_literal(high, &mut members);
        }
        is_first = false;
    }
    rest.next();
    let class = match (members.is_empty(), is_negated) {
        (true, false) => r"[^\s\S]".to_owned(),
        (true, true) => r"[\s\S]".to_owned(),
        (false, false) => format!("[{members}]"),
        (false, true) => format!("[^{members}]"),
    };
    expression.push_str(&class);
    Some(())
}

fn class_member(rest: &mut Chars) -> Option<char> {
    match rest.next()? {
        '-' | ']' => None,
        '\\' => rest.next(),
        sign => Some(sign),
    }
}

fn push_literal(sign: char, expression: &mut String) {
    expression.push_str(&regex_lite::escape(sign.encode_utf8(&mut [0; 4])));
}

#[cfg(test)]
mod tests;
