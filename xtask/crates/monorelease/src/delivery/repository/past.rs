//! The past of a branch that says what runs: its commits, and what stood in its files then.
//!
//! A rollback reads as far back as it has to; a report stops where it is worth no more, and says that it did. What the
//! commits mean is told elsewhere.

use std::path::Path;

use anyhow::Context;
use git2::Oid;

use super::branch::DeliveryBranch;
use crate::world::files;

/// How many commits of a branch are fetched, step by step, when something is looked for in its history.
const DEPTHS: [&str; 3] = ["50", "500", "5000"];

/// The same for a report.
const REPORT_DEPTHS: [&str; 2] = ["50", "500"];

/// A commit of the branch's history.
#[derive(Debug, Clone)]
pub struct PastCommit {
    pub id: String,
    /// The committer's time, in seconds since 1970.
    pub seconds: i64,
    /// The author's name.
    pub by: String,
    pub message: String,
}

/// A part of a branch's history.
pub struct Recent {
    /// Newest first.
    pub commits: Vec<PastCommit>,
    /// Whether there is nothing older.
    pub is_whole: bool,
}

impl DeliveryBranch {
    /// The commits of the branch, newest first, as far back as `is_enough` wants; more is fetched as long as it does not.
    pub fn history(
        &self,
        head: &str,
        is_enough: &dyn Fn(&[PastCommit]) -> bool,
    ) -> anyhow::Result<Vec<PastCommit>> {
        let mut commits = self.log(head)?;
        for depth in DEPTHS.map(Some).into_iter().chain([None]) {
            if is_enough(&commits) || !files::exists(&self.folder.path().join("shallow")) {
                break;
            }
            match depth {
                Some(depth) => self.fetch(&["--depth", depth])?,
                None => self.fetch(&["--unshallow"])?,
            }
            commits = self.log(head)?;
        }
        Ok(commits)
    }

    fn log(&self, head: &str) -> anyhow::Result<Vec<PastCommit>> {
        let listing = self.runner.output(&self.call(&[
            "log",
            "-z",
            "--topo-order",
            "--no-show-signature",
            "--format=%H%n%ct%n%an%n%B",
            head,
            "--",
        ]))?;
        let commits = listing
            .split('\0')
            .filter(|record| !record.is_empty())
            .map(|record| {
                let mut lines = record.splitn(4, '\n');
                let mut line = || lines.next().unwrap_or_default().to_owned();
                let id = line();
                let seconds = line();
                let by = line();
                let seconds = seconds
                    .parse()
                    .with_context(|| format!("git log printed {record:?}"))?;
                Ok(PastCommit {
                    id,
                    seconds,
                    by,
                    message: line(),
                })
            });
        commits.collect()
    }

    /// As [`Self::history`], but no further back than a report is worth.
    pub fn recent(
        &self,
        head: &str,
        is_enough: &dyn Fn(&[PastCommit]) -> bool,
    ) -> anyhow::Result<Recent> {
        let is_cut = || files::exists(&self.folder.path().join("shallow"));
        let mut commits = self.log(head)?;
        for depth in REPORT_DEPTHS {
            if !is_cut() || is_enough(&commits) {
                break;
            }
            self.fetch(&["--depth", depth])?;
            commits = self.log(head)?;
        }
        Ok(Recent {
            commits,
            is_whole: !is_cut(),
        })
    }

    /// The commits that the branch itself was at, newest first, as far back as they were fetched.
    pub fn chain(&self, head: &str) -> anyhow::Result<Vec<String>> {
        let repository = self.repository()?;
        let mut chain = Vec::new();
        let mut next = repository.find_commit(Oid::from_str(head)?).ok();
        while let Some(commit) = next {
            chain.push(commit.id().to_string());
            next = commit
                .parent_id(0)
                .ok()
                .and_then(|parent| repository.find_commit(parent).ok());
        }
        Ok(chain)
    }

    /// What stands under these paths at a commit, as ids of contents; `None` where nothing does.
    pub fn contents(&self, commit: &str, paths: &[&str]) -> anyhow::Result<Vec<Option<String>>> {
        let repository = self.repository()?;
        let tree = repository
            .find_commit(Oid::from_str(commit)?)
            .and_then(|commit| commit.tree());
        let tree = tree.with_context(|| format!("reading {commit} of {}", self.shown()))?;
        Ok(paths
            .iter()
            .map(|path| {
                tree.get_path(Path::new(path))
                    .ok()
                    .map(|entry| entry.id().to_string())
            })
            .collect())
    }
}
