//! The commits of a range of revisions, as a person names one: `origin/main..HEAD`. Reading only.

use anyhow::Context;
use git2::{Oid, Sort};

use super::history::commit;
use crate::fault::Fault;
use crate::git::Git;
use crate::git::depth::unread;

/// A commit of a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranged {
    pub id: String,
    /// What is no UTF-8 in it is marked.
    pub message: String,
    pub is_merge: bool,
}

impl Git {
    /// What a commit stands upon, and its whole message; `None` for one without a parent, a merge, and one whose parent is not
    /// in this clone.
    ///
    /// # Errors
    /// The commit cannot be read.
    pub fn upon(&self, id: &str) -> anyhow::Result<Option<(String, String)>> {
        let found = commit(self.repository(), Oid::from_str(id)?)?;
        let parent = found
            .parent_id(0)
            .ok()
            .filter(|parent| found.parent_count() == 1 && self.has_commit(&parent.to_string()));
        Ok(parent.map(|parent| {
            (
                parent.to_string(),
                String::from_utf8_lossy(found.message_bytes()).into_owned(),
            )
        }))
    }

    /// The commits that the range's end contains and its beginning does not, newest first; a side that is left out is HEAD.
    ///
    /// # Errors
    /// The range is none, names an unknown revision, or its history is not whole in this clone.
    pub fn range(&self, range: &str) -> anyhow::Result<Vec<Ranged>> {
        let wrong = || {
            Fault::usage(format!("{range:?} is no range of commits, wanted A..B"))
                .fix("cargo xtask check commits --range origin/main..HEAD")
        };
        let (from, to) = range
            .split_once("..")
            .filter(|(_, to)| !to.starts_with('.') && range != "..")
            .ok_or_else(wrong)?;
        self.refuse_shallow("which commits the range has")?;
        let named = |name: &str| -> anyhow::Result<Oid> {
            Ok(Oid::from_str(&self.revision(if name.is_empty() {
                "HEAD"
            } else {
                name
            })?)?)
        };
        let from = named(from)?;
        let to = named(to)?;
        let unread = |error: git2::Error| unread(error, format_args!("walking the range {range}"));
        let mut walk = self.repository().revwalk().context("walking the range")?;
        walk.set_sorting(Sort::TOPOLOGICAL)?;
        walk.push(to).map_err(unread)?;
        walk.hide(from).map_err(unread)?;
        let read = |id: Result<Oid, git2::Error>| -> anyhow::Result<Ranged> {
            let id = id.map_err(unread)?;
            let commit = commit(self.repository(), id)?;
            let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
            Ok(Ranged {
                id: id.to_string(),
                message,
                is_merge: commit.parent_count() > 1,
            })
        };
        walk.map(read).collect()
    }
}
