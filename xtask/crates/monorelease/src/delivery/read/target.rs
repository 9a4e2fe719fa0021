//! All that a change of an environment is planned of.

use super::{Deployed, Environments, Tasks, Unread};
use crate::delivery::pins::Stage;
use crate::delivery::pull_request::host::PullHost;
use crate::project::Project;

/// An environment that is to be changed.
pub struct Target<'a> {
    pub deployed: Deployed<'a>,
    /// `None` where it has no commands.
    pub tasks: Option<Result<Tasks, Unread>>,
    pub pulls: PullHost<'a>,
}

impl<'a> Target<'a> {
    /// Reads it.
    ///
    /// # Errors
    /// As of [`Environments::deployed`].
    pub fn read(
        environments: &Environments<'a>,
        project: &'a Project,
        stage: &'a Stage,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            deployed: environments.deployed(project, stage)?,
            tasks: environments.tasks(project, stage),
            pulls: PullHost::of(environments),
        })
    }
}
