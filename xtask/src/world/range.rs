//! The commits of a range of revisions, as a person names one: `origin/main..HEAD`. Reading only.

use anyhow::Context;
use git2::{Oid, Sort};

use super::git::Git;
use crate::model::fault::Fault;

/// A commit of a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranged {
    pub id: String,
    /// What is no UTF-8 in it is marked.
    pub message: String,
    pub is_merge: bool,
}

impl Git {
    /// The commits that the range's end contains and its beginning does not, newest first; a side that is left out is HEAD.
    ///
    /// # Errors
    /// The range is none, names an unknown revision, or its history is not whole in this clone.
    pub fn range(&self, range: &str) -> anyhow::Result<Vec<Ranged>> {
        let wrong = || {
            Fault::usage(format!("{range:?} is no range of commits, wanted A..B"))
                .fix("cargo xtask check commits --range origin/main..HEAD")
        };
        let (from, to) = range.split_once("..").filter(|(_, to)| !to.starts_with('.') && range != "..").ok_or_else(wrong)?;
        self.refuse_shallow("which commits the range has")?;
        let commit =
            |name: &str| -> anyhow::Result<Oid> { Ok(Oid::from_str(&self.revision(if name.is_empty() { "HEAD" } else { name })?)?) };
        let (from, to) = (commit(from)?, commit(to)?);
        let mut walk = self.repository().revwalk().context("walking the range")?;
        walk.set_sorting(Sort::TOPOLOGICAL)?;
        walk.push(to)?;
        walk.hide(from)?;
        let read = |id: Result<Oid, git2::Error>| -> anyhow::Result<Ranged> {
            let id = id.context("walking the range")?;
            let commit = self.repository().find_commit(id).with_context(|| format!("commit {id} cannot be read (git fsck)"))?;
            let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
            Ok(Ranged { id: id.to_string(), message, is_merge: commit.parent_count() > 1 })
        };
        walk.map(read).collect()
    }
}
