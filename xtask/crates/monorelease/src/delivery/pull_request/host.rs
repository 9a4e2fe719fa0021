//! Where the pull requests of pins are: told from the configuration and the variables of this run, without asking GitHub.

use super::branch::{DeliveryPull, forge_name};
use crate::delivery::pins::Stage;
use crate::delivery::read::Environments;
use crate::delivery::read::source::PinGroup;
use crate::fault::Fault;
use crate::world::environment::Environment;

/// What decides where pull requests are.
pub struct PullHost<'a> {
    /// `owner/name` of this repository.
    pub(in crate::delivery) github: Option<&'a str>,
    pub(in crate::delivery) environment: &'a Environment,
}

impl<'a> PullHost<'a> {
    pub fn of(environments: &Environments<'a>) -> Self {
        Self {
            github: environments.delivery.github.as_deref(),
            environment: &environments.world.environment,
        }
    }

    /// The pull request by which an environment's pins change; `None` where they change by a push.
    ///
    /// # Errors
    /// As of [`Self::pull_at`].
    pub fn pull_of(
        &self,
        stage: &Stage,
        group: &PinGroup,
        kind: &str,
        project: &str,
    ) -> Result<Option<DeliveryPull>, Fault> {
        stage
            .by_pull
            .then(|| self.pull_at(&stage.name, group, kind, Some(project)))
            .transpose()
    }

    /// What GitHub calls the repository of these pins; `None` where it is elsewhere.
    pub fn repository(&self, group: &PinGroup) -> Option<String> {
        let own = self.github.filter(|_| group.is_own).map(str::to_owned);
        own.or_else(|| forge_name(&group.address, &self.environment.forge_url))
    }

    /// The branch and the repository of a pull request into the branch of these pins.
    ///
    /// # Errors
    /// The repository is not at GitHub, or there is no token for it.
    pub fn pull_at(
        &self,
        stage: &str,
        group: &PinGroup,
        kind: &str,
        project: Option<&str>,
    ) -> Result<DeliveryPull, Fault> {
        let repository = self.repository(group).ok_or_else(|| {
            let what = format!(
                "{} is no repository of {}, so no pull request can be opened there",
                group.address, self.environment.forge_url
            );
            let github = if group.is_own {
                "repository.github = \"OWNER/NAME\", or "
            } else {
                ""
            };
            Fault::refused(what).fix(format!(
                "write {github}environments.{stage}.via = \"push\", or set GITHUB_SERVER_URL"
            ))
        })?;
        let branch = DeliveryPull::branch_of(kind, stage, project).map_err(|what| {
            Fault::refused(what)
                .fix("give the environment or the project a name without such characters")
        })?;
        if branch == group.branch {
            return Err(
                Fault::refused(format!("{branch} is the branch of the pins themselves"))
                    .fix("name another branch for the pins"),
            );
        }
        let (token, names) = if group.is_own {
            (self.environment.forge_credentials(), "GITHUB_TOKEN")
        } else {
            (
                self.environment.delivery_credentials(),
                "DELIVERY_TOKEN or GITHUB_TOKEN",
            )
        };
        if token.is_none() {
            let what = format!(
                "there is no token for the forge, and a pull request is wanted at {repository}: {names} is not set"
            );
            return Err(Fault::refused(what)
                .fix("GITHUB_TOKEN=$(gh auth token), then the same command again"));
        }
        Ok(DeliveryPull {
            repository,
            branch,
            is_own: group.is_own,
        })
    }
}
