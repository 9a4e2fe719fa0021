//! Commit messages: the rules of this repository for them, and how a title is shown.
//!
//! Messages are read by the crate `commit-history`; [`ReleaseRules`] tells it which types there are.

mod check;
pub mod command;
pub mod ownership;
pub mod rules;
pub mod since_release;
pub mod unread_tags;

use crate::text::cut;
use rules::ReleaseRules;

pub use monorelease_commit_history::message::KnownTypes;

/// The most characters of a title that one line shows; a message may be of a megabyte.
const TITLE_CHARS_MAX: usize = 200;

/// As much of a title as a line for people has room for.
pub fn shown(title: &str) -> String {
    cut(title, TITLE_CHARS_MAX, "…")
}

impl KnownTypes for ReleaseRules {
    fn knows(&self, kind: &str) -> bool {
        self.of(kind).is_some()
    }
}

#[cfg(test)]
mod tests;
