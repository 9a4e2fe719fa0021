//! What git's index says: which paths are tracked, and which of those a sparse checkout leaves out of the work tree.
//! It writes nothing there, and looks at no content.

use std::collections::HashSet;

use anyhow::{Context, anyhow};
use git2::{Error, ErrorClass, IndexEntryExtendedFlag};

use super::Git;
use crate::fault::Fault;

/// A tracked path.
struct Tracked {
    path: String,
    /// A sparse checkout keeps it out of the work tree, where its absence is no change.
    is_left_out: bool,
}

impl Git {
    /// Every tracked path, in the order of git's index.
    pub fn tracked(&self) -> anyhow::Result<Vec<String>> {
        Ok(self
            .entries()?
            .into_iter()
            .map(|entry| entry.path)
            .collect())
    }

    /// Tracked paths that a sparse checkout leaves out of the work tree.
    pub fn left_out(&self) -> anyhow::Result<HashSet<String>> {
        Ok(self
            .entries()?
            .into_iter()
            .filter(|entry| entry.is_left_out)
            .map(|entry| entry.path)
            .collect())
    }

    /// Refuses a folder of which something is left out: what is built of the rest would be something else.
    pub fn refuse_left_out(&self, folder: &str) -> anyhow::Result<()> {
        let is_below = |path: &String| {
            folder.is_empty()
                || path
                    .strip_prefix(folder)
                    .is_some_and(|rest| rest.starts_with('/'))
        };
        match self.left_out()?.into_iter().filter(is_below).min() {
            Some(path) => Err(Fault::refused(format!(
                "{path} is not in the work tree: this checkout is sparse, and leaves it out"
            ))
            .fix(include(&path))
            .into()),
            None => Ok(()),
        }
    }

    fn entries(&self) -> anyhow::Result<Vec<Tracked>> {
        let index = match self.repository.index() {
            Err(error) if is_gits_own(&error) => return self.listed(),
            index => index.context("reading the index")?,
        };
        let tracked = index.iter().map(|entry| Tracked {
            path: String::from_utf8_lossy(&entry.path).into_owned(),
            is_left_out: IndexEntryExtendedFlag::from_bits_truncate(entry.flags_extended)
                .is_skip_worktree(),
        });
        Ok(tracked.collect())
    }

    /// As git itself reads its index.
    fn listed(&self) -> anyhow::Result<Vec<Tracked>> {
        let listing = self
            .runner()
            .output(&self.call().args(["ls-files", "-z", "-t", "--cached"]))?;
        let tracked = listing
            .split('\0')
            .filter(|line| !line.is_empty())
            .map(|line| {
                let (mark, path) = line
                    .split_once(' ')
                    .ok_or_else(|| anyhow!("git ls-files printed {line:?}"))?;
                Ok(Tracked {
                    path: path.to_owned(),
                    is_left_out: mark == "S",
                })
            });
        tracked.collect()
    }

    /// Paths that differ from HEAD, as git itself tells them; its index is left as it is.
    pub(super) fn changed_by_git(&self) -> anyhow::Result<Vec<String>> {
        let flags = [
            "--porcelain=v1",
            "-z",
            "--untracked-files=all",
            "--ignore-submodules=all",
            "--no-renames",
        ];
        let listing = self.runner().output(
            &self
                .call()
                .args(["--no-optional-locks", "status"])
                .args(flags),
        )?;
        // Two letters and a blank stand before each path.
        Ok(listing
            .split('\0')
            .filter_map(|line| line.get(3..))
            .map(str::to_owned)
            .collect())
    }
}

/// An index in parts (`core.splitIndex`), or with folders in it (`index.sparse`): libgit2 knows neither.
pub(super) fn is_gits_own(error: &Error) -> bool {
    error.class() == ErrorClass::Index
}

/// The command that brings a path into a sparse work tree.
pub fn include(path: &str) -> String {
    format!(
        "git sparse-checkout add {}",
        path.rsplit_once('/').map_or(path, |(folder, _)| folder)
    )
}
