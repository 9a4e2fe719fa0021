//! The near past of a branch that says what runs: as much of it as a report is worth, and what stood in its files then.
//!
//! A rollback reads as far back as it has to; a report stops, and says that it did.

use std::path::Path;

use anyhow::Context;
use git2::Oid;

use super::delivery::{DeliveryBranch, PastCommit};
use super::files;

/// How many commits are fetched for a report, step by step.
const DEPTHS: [&str; 2] = ["50", "500"];

/// A part of a branch's history.
pub struct Recent {
    /// Newest first.
    pub commits: Vec<PastCommit>,
    /// Whether there is nothing older.
    pub is_whole: bool,
}

impl DeliveryBranch {
    /// As [`Self::history`], but no further back than a report is worth.
    pub fn recent(&self, head: &str, is_enough: &dyn Fn(&[PastCommit]) -> bool) -> anyhow::Result<Recent> {
        let is_cut = || files::exists(&self.folder.path().join("shallow"));
        let mut commits = self.log(head)?;
        for depth in DEPTHS {
            if !is_cut() || is_enough(&commits) {
                break;
            }
            self.fetch(&["--depth", depth])?;
            commits = self.log(head)?;
        }
        Ok(Recent { commits, is_whole: !is_cut() })
    }

    /// The commits that the branch itself was at, newest first, as far back as they were fetched.
    pub fn chain(&self, head: &str) -> anyhow::Result<Vec<String>> {
        let repository = self.repository()?;
        let mut chain = Vec::new();
        let mut next = repository.find_commit(Oid::from_str(head)?).ok();
        while let Some(commit) = next {
            chain.push(commit.id().to_string());
            next = commit.parent_id(0).ok().and_then(|parent| repository.find_commit(parent).ok());
        }
        Ok(chain)
    }

    /// What stands under these paths at a commit, as ids of contents; `None` where nothing does.
    pub fn contents(&self, commit: &str, paths: &[&str]) -> anyhow::Result<Vec<Option<String>>> {
        let repository = self.repository()?;
        let tree = repository.find_commit(Oid::from_str(commit)?).and_then(|commit| commit.tree());
        let tree = tree.with_context(|| format!("reading {commit} of {}", self.shown()))?;
        Ok(paths.iter().map(|path| tree.get_path(Path::new(path)).ok().map(|entry| entry.id().to_string())).collect())
    }
}
