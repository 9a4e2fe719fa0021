//! What can be wrong with a version site, in sentences that the caller finishes with the file's name.
//! It does not know files; keys and lines are all that pure text has.

use std::fmt;

/// Why a version could not be located in a text. Lines count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EditError {
    /// Nothing stands at the key.
    Missing {
        /// The key that was looked for.
        key: String,
        /// What was found in its stead, when that explains the absence.
        found: Option<String>,
    },
    /// The text says itself that the version stands in another file.
    Elsewhere {
        /// The key that was looked for.
        key: String,
        /// What the text says in its place.
        found: String,
        /// Where that is said.
        line: usize,
        /// The site to name instead.
        instead: String,
    },
    /// The key stands more than once, so that no one of them is the version.
    Doubled {
        /// The key.
        key: String,
        /// Where it stands; only the second place when the parser reports no other.
        lines: Vec<usize>,
    },
    /// The text, or the value, is of a form that this editor cannot change by replacing characters.
    Unreadable {
        /// The key that was looked for.
        key: String,
        /// What the matter is.
        why: String,
        /// Where, when it is in one place.
        line: Option<usize>,
    },
    /// The value at the key is not a string.
    NotAString {
        /// The key.
        key: String,
        /// The kind of value that was found.
        found: String,
        /// Where it stands.
        line: usize,
    },
    /// A pattern or key path of the configuration makes no sense, whatever the text.
    BadLocator {
        /// The pattern or key path.
        locator: String,
        /// What the matter is.
        why: String,
    },
    /// Two edits of one text want the same characters changed to different things.
    Overlap {
        /// Where the later one begins.
        line: usize,
    },
    /// A requirement that no text of its shape would make admit the new version.
    Immovable {
        /// The requirement, as it is written.
        requirement: String,
        /// The version it should admit.
        to: String,
        /// What the matter is.
        why: String,
    },
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { key, found: None } => write!(f, "{key} is missing"),
            Self::Missing {
                key,
                found: Some(found),
            } => write!(f, "{key} is missing: {found}"),
            Self::Elsewhere {
                key,
                found,
                line,
                instead,
            } => {
                write!(
                    f,
                    "{key} does not stand here: line {line} says {found}; name {instead} as the version site"
                )
            }
            Self::Doubled { key, lines } if lines.len() == 1 => {
                write!(f, "{key} is written twice, again at line {}", lines[0])
            }
            Self::Doubled { key, lines } => {
                let lines: Vec<String> = lines.iter().map(usize::to_string).collect();
                let places = lines.join(", ");
                write!(
                    f,
                    "{key} is written {} times, at lines {places}",
                    lines.len()
                )
            }
            Self::Unreadable {
                key,
                why,
                line: None,
            } => write!(f, "{key} cannot be read: {why}"),
            Self::Unreadable {
                key,
                why,
                line: Some(line),
            } => write!(f, "{key} cannot be read: {why} (line {line})"),
            Self::NotAString { key, found, line } => write!(
                f,
                "{key} is {found} (line {line}), wanted the version as a string"
            ),
            Self::BadLocator { locator, why } => write!(f, "`{locator}` {why}"),
            Self::Overlap { line } => write!(
                f,
                "two edits want the same characters changed to different versions (line {line}); \
                 remove one of the two version sites"
            ),
            Self::Immovable {
                requirement,
                to,
                why,
            } => {
                write!(
                    f,
                    "the requirement `{requirement}` cannot surely be moved to {to}: {why}; write one that admits {to} by hand"
                )
            }
        }
    }
}

impl std::error::Error for EditError {}

impl EditError {
    /// The first line that it is about, where it is about one.
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::Elsewhere { line, .. }
            | Self::NotAString { line, .. }
            | Self::Overlap { line } => Some(*line),
            Self::Doubled { lines, .. } => lines.first().copied(),
            Self::Unreadable { line, .. } => *line,
            Self::Missing { .. } | Self::BadLocator { .. } | Self::Immovable { .. } => None,
        }
    }

    /// Whether nothing stands where `key` was looked for, and nothing else is wrong.
    pub fn is_missing(&self, key: &str) -> bool {
        matches!(self, Self::Missing { key: found, .. } if found == key)
    }

    pub fn missing(key: &str) -> Self {
        Self::Missing {
            key: key.to_owned(),
            found: None,
        }
    }

    pub fn unreadable(key: &str, why: impl Into<String>, line: usize) -> Self {
        Self::Unreadable {
            key: key.to_owned(),
            why: why.into(),
            line: Some(line),
        }
    }
}
