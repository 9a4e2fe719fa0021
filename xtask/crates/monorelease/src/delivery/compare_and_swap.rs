//! Writing to a branch that others write to as well: the edit is made on its head as it is now, committed, and pushed without
//! force. Where somebody was faster, all of it is done again (law 19).

use anyhow::{anyhow, bail};

use super::repository::branch::{DeliveryBranch, Pushed};
use crate::step::effect::Overtaken;

/// How often an edit is derived again because somebody was faster. Of so many at once, one is first each time.
const TRIES: usize = 32;

/// A commit to make.
pub(super) struct Edit {
    /// What it is made upon; `None` where the ref is not there yet.
    pub head: Option<String>,
    /// Files with their whole texts; none where everything says so already.
    pub files: Vec<(String, String)>,
    pub message: String,
}

/// Commits what `edit` derives of the head as the remote has it now. `advice` ends the error of a remote that takes no push.
///
/// # Errors
/// As of `edit`; git does not know who commits; the remote takes no push.
pub(super) fn compare_and_swap(
    branch: &DeliveryBranch,
    advice: Option<&str>,
    mut edit: impl FnMut() -> anyhow::Result<Edit>,
) -> anyhow::Result<()> {
    branch.committer()?;
    until_taken(&branch.shown(), || {
        let Edit {
            head,
            files,
            message,
        } = edit()?;
        if files.is_empty() {
            return Ok(Pushed::Yes);
        }
        let base = head.clone().map_or_else(|| branch.root(), Ok)?;
        let commit = branch.commit(&base, &files, &|_| message.clone())?;
        branch
            .push(&commit, head.as_deref())
            .map_err(|error| match advice {
                Some(advice) => anyhow!("{error:#}; {advice}"),
                None => error,
            })
    })
}

/// Tries until a push is taken.
///
/// # Errors
/// As of `attempt`; or somebody was faster each time.
pub(super) fn until_taken(
    shown: &str,
    mut attempt: impl FnMut() -> anyhow::Result<Pushed>,
) -> anyhow::Result<()> {
    let mut last = String::new();
    for _ in 0..TRIES {
        match attempt()? {
            Pushed::Yes => return Ok(()),
            Pushed::Overtaken(why) => last = why,
        }
    }
    bail!("{shown}: somebody was faster {TRIES} times: {last}")
}

/// The refusal of a step whose place says something else than the plan was made of.
pub(super) fn changed_meanwhile(place: &str, found: &str) -> anyhow::Error {
    Overtaken(format!("{place}: somebody changed it meanwhile: {found}")).into()
}
