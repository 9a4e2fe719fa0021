//! The steps of a delivery: a commit in a GitOps repository, and what is deployed, recorded or tested for it.

use super::deploy::{self, Deployment};
use super::{Action, Deliver, commit};
use crate::step::effect::{Effect, Lane, Probe};
use crate::step::requirement::{DeliveryTarget, Requirement};
use crate::world::World;

impl Deliver {
    /// The branch that says what runs.
    pub fn target(&self) -> DeliveryTarget {
        DeliveryTarget {
            address: self.address.clone(),
            branch: self.branch.clone(),
            is_own: self.is_own,
        }
    }
}

impl Effect for Deliver {
    fn kind(&self) -> &'static str {
        match self.action {
            Action::Promote => "pin",
            Action::Rollback { .. } => "rollback",
            Action::Unbar { .. } => "unbar",
        }
    }

    fn object(&self) -> String {
        format!("{}/{} {}", self.project, self.environment, self.place())
    }

    fn what(&self) -> String {
        Self::what(self)
    }

    fn conflict_fix(&self, _project: &str) -> String {
        match &self.pull {
            Some(pull) => format!(
                "the same command again; others' commits on {} go to a branch of their own first",
                pull.branch
            ),
            None => "the same command again, which plans upon what is there now".into(),
        }
    }

    fn unknown_fix(&self) -> String {
        format!("git ls-remote --heads {}", self.address)
    }

    /// A rollback takes it back.
    fn is_irreversible(&self) -> bool {
        false
    }

    fn lane(&self) -> Lane {
        Lane::Serial
    }

    fn requirements(&self) -> Vec<Requirement> {
        let target = self.target();
        vec![match &self.pull {
            Some(pull) => Requirement::PullRequestBranch {
                target,
                branch: pull.branch.clone(),
                repository: pull.repository.clone(),
            },
            None => Requirement::PushBranch(target),
        }]
    }

    fn probe(&self, world: &World) -> anyhow::Result<Probe> {
        commit::probe(world, self)
    }

    fn act(&self, world: &World) -> anyhow::Result<()> {
        commit::act(world, self)
    }
}

impl Effect for Deployment {
    fn kind(&self) -> &'static str {
        Self::kind(self)
    }

    fn object(&self) -> String {
        Self::object(self)
    }

    fn what(&self) -> String {
        Self::what(self)
    }

    fn conflict_fix(&self, _project: &str) -> String {
        "the same command again, which plans upon what is there now".into()
    }

    fn unknown_fix(&self) -> String {
        format!("git ls-remote {} {}", self.of.address, self.of.branch)
    }

    /// A rollback takes it back.
    fn is_irreversible(&self) -> bool {
        false
    }

    fn lane(&self) -> Lane {
        Lane::Serial
    }

    fn requirements(&self) -> Vec<Requirement> {
        let ledger = self.of.target();
        vec![match self.programs() {
            programs if programs.is_empty() => Requirement::PushBranch(ledger),
            programs => Requirement::Programs { programs, ledger },
        }]
    }

    fn probe(&self, world: &World) -> anyhow::Result<Probe> {
        deploy::step::probe(world, self)
    }

    fn act(&self, world: &World) -> anyhow::Result<()> {
        deploy::step::act(world, self)
    }
}
