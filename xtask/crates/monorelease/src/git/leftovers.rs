//! What commands that were killed left behind: files that were staged, and locks of git.
//!
//! What was staged is ours to remove. A lock is not: nothing tells one whose git was killed from one whose git runs.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use git2::{RepositoryState, Status, StatusOptions};
use monorelease_commit_history::missing::{is_missing, missing};

use super::Git;
use super::index::is_gits_own;
use crate::world::files;

/// How long a git that goes on by itself is waited for; a commit takes less, unless a hook is slow.
const LOCK_LIMIT: Duration = Duration::from_secs(2);

/// Between two looks at a lock.
const PAUSE: Duration = Duration::from_millis(20);

impl Git {
    /// Paths that differ from HEAD, untracked ones included and ignored ones not. What a killed run had staged is
    /// nobody's work and does not count.
    pub fn dirty_paths(&self) -> anyhow::Result<Vec<String>> {
        Ok(self
            .changed_paths()?
            .into_iter()
            .filter(|path| !files::is_staged(path))
            .collect())
    }

    /// What killed runs had staged, anywhere in the work tree.
    pub fn leftovers(&self) -> anyhow::Result<Vec<String>> {
        Ok(self
            .changed_paths()?
            .into_iter()
            .filter(|path| files::is_staged(path))
            .collect())
    }

    fn changed_paths(&self) -> anyhow::Result<Vec<String>> {
        let mut options = StatusOptions::new();
        options
            .include_untracked(true)
            .recurse_untracked_dirs(true)
            .include_ignored(false)
            .exclude_submodules(true);
        let statuses = match self.repository.statuses(Some(&mut options)) {
            Err(error) if is_gits_own(&error) => return self.changed_by_git(),
            Err(error) if is_missing(&error) => {
                return Err(missing(format_args!("a part of HEAD: {}", error.message())));
            }
            statuses => statuses.context("reading the state of the work tree")?,
        };
        // libgit2 takes for deleted what a sparse checkout leaves out.
        let may_be_sparse = statuses
            .iter()
            .any(|entry| entry.status() == Status::WT_DELETED);
        let left_out = if may_be_sparse {
            self.left_out()?
        } else {
            HashSet::new()
        };
        let paths = statuses
            .iter()
            .map(|entry| String::from_utf8_lossy(entry.path_bytes()).into_owned());
        Ok(paths.filter(|path| !left_out.contains(path)).collect())
    }

    /// What was begun and is not ended, in git's word for the command: a commit would end it, with its other parents.
    pub fn unfinished(&self) -> Option<&'static str> {
        match self.repository.state() {
            RepositoryState::Clean | RepositoryState::Bisect => None,
            RepositoryState::Merge => Some("merge"),
            RepositoryState::Revert | RepositoryState::RevertSequence => Some("revert"),
            RepositoryState::CherryPick | RepositoryState::CherryPickSequence => {
                Some("cherry-pick")
            }
            RepositoryState::ApplyMailbox | RepositoryState::ApplyMailboxOrRebase => Some("am"),
            RepositoryState::Rebase
            | RepositoryState::RebaseInteractive
            | RepositoryState::RebaseMerge => Some("rebase"),
        }
    }

    /// A lock that no commit can be made beside, if it stays: a git whose parent was killed is given the time to end.
    pub fn lasting_lock(&self) -> Option<PathBuf> {
        let deadline = Instant::now() + LOCK_LIMIT;
        loop {
            let lock = self.lock()?;
            if Instant::now() >= deadline {
                return Some(lock);
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// The index, HEAD, and the branch that HEAD is on are what a commit locks.
    fn lock(&self) -> Option<PathBuf> {
        let of_branch = self
            .repository
            .find_reference("HEAD")
            .ok()
            .and_then(|head| {
                let branch = head.symbolic_target().ok().flatten()?.to_owned();
                Some(self.repository.commondir().join(format!("{branch}.lock")))
            });
        let own = ["index.lock", "HEAD.lock"].map(|name| self.repository.path().join(name));
        own.into_iter()
            .chain(of_branch)
            .find(|path| files::exists(path))
    }
}
