//! Revisions as a person names them: one commit, or the commits of a range such as `origin/main..HEAD`. Reading only.

use anyhow::Context;
use git2::{ErrorCode, Oid, Sort};
use monorelease_commit_history::history::commit;
use monorelease_commit_history::missing::{is_missing, unread};

use super::Git;
use crate::fault::Fault;

/// A commit of a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranged {
    pub id: String,
    /// What is no UTF-8 in it is marked.
    pub message: String,
    pub is_merge: bool,
}

impl Git {
    /// The commit that a revision means: a branch, a tag, an id, `HEAD~2`.
    ///
    /// # Errors
    /// The revision is unknown here or means no commit (2), may lie below the end of a shallow clone, or beyond a commit that is missing (3).
    pub fn revision(&self, revision: &str) -> anyhow::Result<String> {
        let unknown = |why: String| {
            // Of the word for no commit there is nothing to fetch.
            let fix = if is_zero(revision) {
                "name the main branch, such as origin/main"
            } else {
                "git fetch --tags, or name another revision"
            };
            Fault::usage(format!("revision {revision:?} {why}")).fix(fix)
        };
        let error = match self.repository().revparse_single(revision) {
            Ok(object) => {
                let commit = object.peel_to_commit().map_err(|_| {
                    let kind = object
                        .kind()
                        .map_or("thing of another kind", |kind| kind.str());
                    unknown(format!("is a {kind}, wanted a commit"))
                })?;
                return Ok(commit.id().to_string());
            }
            Err(error) => error,
        };
        let why = match error.code() {
            _ if is_zero(revision) => {
                "is git's word for no commit at all, as a forge says it of a branch's first push"
                    .to_owned()
            }
            ErrorCode::NotFound if self.is_shallow() && self.is_below(revision) => {
                let what = format!("this clone is shallow and does not reach down to {revision:?}");
                return Err(Fault::refused(what).fix("git fetch --unshallow").into());
            }
            // An id may be another repository's. What is counted from a name is this one's, and its way there is broken.
            ErrorCode::NotFound if is_missing(&error) && revision.contains(['~', '^']) => {
                return Err(unread(
                    error,
                    "a commit",
                    format_args!("reading {revision:?}"),
                ));
            }
            ErrorCode::NotFound => "is unknown in this clone".to_owned(),
            ErrorCode::Ambiguous => "means several things here; write it out".to_owned(),
            ErrorCode::InvalidSpec => "is not the name of one commit".to_owned(),
            _ => format!("cannot be read: {}", error.message()),
        };
        Err(unknown(why).into())
    }

    /// Whether an unknown revision speaks of a commit that a deeper clone may have: an id, or one counted from a known commit.
    fn is_below(&self, revision: &str) -> bool {
        let is_id = (7..=40).contains(&revision.len())
            && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
        let counted = revision.find(['~', '^']).map(|end| &revision[..end]);
        is_id || counted.is_some_and(|name| self.repository().revparse_single(name).is_ok())
    }

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
        let unread = |error: git2::Error| {
            unread(error, "a commit", format_args!("walking the range {range}"))
        };
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

fn is_zero(revision: &str) -> bool {
    revision.len() >= 40 && revision.bytes().all(|byte| byte == b'0')
}
