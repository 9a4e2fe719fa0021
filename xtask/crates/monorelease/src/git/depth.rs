//! Clones that are not whole (law 7): shallow ones are deepened, and what a clone lacks of its own history is said with its mend.
//!
//! The fetch is git's own, bounded in time and asking nobody. Whether a command may fetch is its own to say.

use std::cell::OnceCell;
use std::ops::Deref;

use anyhow::Context;
use git2::Repository;

use super::Git;
use crate::fault::Fault;

/// A repository that may have been deepened since it was opened: what was cut off is in libgit2's mind until it is opened again.
pub(crate) struct Opened {
    first: Repository,
    again: OnceCell<Repository>,
}

impl Opened {
    pub(super) fn new(repository: Repository) -> Self {
        Self {
            first: repository,
            again: OnceCell::new(),
        }
    }
}

impl Deref for Opened {
    type Target = Repository;

    fn deref(&self) -> &Repository {
        self.again.get().unwrap_or(&self.first)
    }
}

impl Git {
    /// Makes a shallow clone whole by a fetch from the remote; does nothing to a whole one.
    ///
    /// # Errors
    /// The remote does not give the rest: refused (3), with the command and with what git said.
    pub fn deepen(&self, remote: &str, what: &str) -> anyhow::Result<()> {
        if !self.is_shallow() {
            return Ok(());
        }
        let refused = |why: String| {
            let what = format!("this clone is shallow, so it cannot tell {what}, and {why}");
            anyhow::Error::from(
                Fault::refused(what).fix(format!("git fetch --unshallow --tags {remote}")),
            )
        };
        self.fetch(&["--quiet", "--unshallow", "--tags", remote])
            .map_err(|error| refused(format!("deepening it failed: {error:#}")))?;
        let again =
            Repository::open(self.repository().path()).context("opening the repository again")?;
        if again.is_shallow() {
            return Err(refused(format!("{remote} is shallow itself")));
        }
        // Nobody has opened it again before: a clone is deepened once.
        let _ = self.opened().again.set(again);
        Ok(())
    }
}
