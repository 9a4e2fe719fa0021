//! What a changelog tells: releases, groups under headings, entries. How that is written, `edit` says.

use super::version::Version;

/// One release, or what is not released yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// `None` for what is not released.
    pub version: Option<Version>,
    /// The day of the release, as `2025-10-25`.
    pub date: Option<String>,
    /// Where the forge compares it with the release before.
    pub compare: Option<String>,
    pub groups: Vec<Group>,
}

/// Entries of one heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub heading: String,
    pub entries: Vec<Entry>,
}

/// One change, in the words of its commit: nothing is escaped yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub scope: Option<String>,
    pub description: String,
    /// What breaks, where the footer says more than the description.
    pub breaking: Option<String>,
    pub pull_request: Option<u64>,
    /// The whole hash; empty for what no commit of the project tells.
    pub commit: String,
}
