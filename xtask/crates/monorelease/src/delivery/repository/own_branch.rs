//! A branch of our own beside the one that says what runs: what stands on it, and pushing over it what we made ourselves.
//!
//! It is the only branch of such a repository that is ever pushed to by force, and then over the commit alone that was seen.
//! Whose commits are on it is asked above.

use anyhow::Context;
use git2::Oid;

use super::branch::{DeliveryBranch, Pushed, REMOTE, REMOTE_LIMIT};

/// The commit at the head of a branch of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tip {
    pub id: String,
    pub tree: String,
    pub parents: Vec<String>,
    pub message: String,
}

impl DeliveryBranch {
    /// The head of another branch of the repository, as the remote has it now, fetched with its parent; `None` where there is none.
    ///
    /// # Errors
    /// The remote cannot be read.
    pub fn tip_of(&self, branch: &str) -> anyhow::Result<Option<Tip>> {
        let reference = format!("refs/xtask/own/{branch}");
        {
            let _turn = self
                .turn
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            let call = self.call(&[
                "fetch",
                "--quiet",
                "--no-tags",
                "--no-write-fetch-head",
                "--no-auto-maintenance",
                "--depth",
                "2",
            ]);
            let wanted = format!("+refs/heads/{branch}:{reference}");
            let call = call.args([REMOTE, &wanted]).time_limit(REMOTE_LIMIT);
            if !self.fetched(branch, &call)? {
                return Ok(None);
            }
        }
        let repository = self.repository()?;
        let id = repository
            .refname_to_id(&reference)
            .with_context(|| format!("reading what was fetched of {}", self.of(branch)))?;
        let commit = repository
            .find_commit(id)
            .with_context(|| format!("reading {id} of {}", self.of(branch)))?;
        Ok(Some(Tip {
            id: id.to_string(),
            tree: commit.tree_id().to_string(),
            parents: commit
                .parent_ids()
                .map(|parent: Oid| parent.to_string())
                .collect(),
            message: String::from_utf8_lossy(commit.message_bytes()).into_owned(),
        }))
    }

    /// Makes the branch be this commit, where it still is as it was seen: a commit, or not there.
    ///
    /// # Errors
    /// The remote refuses for another reason than that the branch has moved.
    pub fn push_over(
        &self,
        branch: &str,
        commit: &str,
        seen: Option<&str>,
    ) -> anyhow::Result<Pushed> {
        self.swap(branch, Some(commit), seen)
    }

    /// Takes the branch away, where it still is as it was seen.
    ///
    /// # Errors
    /// As [`Self::push_over`].
    pub fn delete(&self, branch: &str, seen: &str) -> anyhow::Result<Pushed> {
        self.swap(branch, None, Some(seen))
    }

    fn swap(&self, branch: &str, to: Option<&str>, seen: Option<&str>) -> anyhow::Result<Pushed> {
        // Nothing behind the colon means that the branch must not be there.
        let lease = format!(
            "--force-with-lease=refs/heads/{branch}:{}",
            seen.unwrap_or_default()
        );
        let change = format!("{}:refs/heads/{branch}", to.unwrap_or_default());
        let answer = self.try_push(&[&lease], &change)?;
        self.settled(branch, answer, to, seen)
    }

    /// Whether the remote would take a push to this branch from here, asked as [`Self::may_push`] asks.
    ///
    /// # Errors
    /// It would not, or could not be asked; then with what git said.
    pub fn may_push_to(&self, branch: &str) -> anyhow::Result<()> {
        let head = self.refresh()?;
        // What stands on it is pushed over by a lease, when it is ours.
        self.try_out(&format!("{head}:refs/heads/{branch}"))
    }
}
