//! What a report says of one environment.

use crate::delivery::{Bar, Said};
use crate::github::pulls::Pull;

/// What one environment runs of one project.
#[derive(Debug)]
pub struct Standing {
    pub environment: String,
    /// What the pins say; `None` where they say several things, nothing, or could not be read.
    pub runs: Option<Said>,
    /// How it came there; `None` where the history that was read does not tell.
    pub came: Option<Came>,
    /// What is not as it should be, each a sentence that begins with its place.
    pub drift: Vec<String>,
    /// Why what the pins say was not held to the registry.
    pub unchecked: Option<String>,
    pub barred: Vec<Bar>,
    /// What is configured to pass there, and whether it passed on what runs.
    pub checks: Vec<(&'static str, bool)>,
    /// Open pull requests that would change it.
    pub waits: Vec<Pull>,
    /// Why it is not known what passed, or whether a pull request is open.
    pub unasked: Option<String>,
    /// Why the environment could not be read.
    pub unknown: Option<String>,
    pub next: Next,
}

impl Standing {
    /// What is configured to pass there and has not passed on what runs.
    pub fn open_checks(&self) -> Vec<&'static str> {
        let open = self.checks.iter().filter(|(_, has_passed)| !has_passed);
        open.map(|(word, _)| *word).collect()
    }

    pub fn unread(environment: &str) -> Self {
        Self {
            environment: environment.to_owned(),
            runs: None,
            came: None,
            drift: Vec::new(),
            unchecked: None,
            barred: Vec::new(),
            checks: Vec::new(),
            waits: Vec::new(),
            unasked: None,
            unknown: None,
            next: Next {
                line: None,
                why: String::new(),
            },
        }
    }
}

/// The commit that made the pins say what they say.
#[derive(Debug, Clone)]
pub struct Came {
    pub commit: String,
    /// RFC 3339.
    pub since: String,
    pub by: String,
    /// `promote` or `rollback`; `None` for a change by somebody's hand.
    pub action: Option<String>,
}

/// What `promote` would do with an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// The line to type; `None` where there is nothing to promote, or it cannot be told.
    pub line: Option<String>,
    /// Why that line, or why none.
    pub why: String,
}
