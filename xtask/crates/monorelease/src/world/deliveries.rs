//! The GitOps repositories of a run, by its one client of each.

use std::sync::Arc;

use super::World;
use crate::delivery::repository::branch::DeliveryBranch;
use crate::delivery::repository::opened::Run;
use crate::github::Forge;

impl World {
    /// The address of a pin's repository; that of this one is its remote's.
    ///
    /// # Errors
    /// There is no such remote (2).
    pub fn delivery_address(&self, git: Option<&str>, remote: &str) -> anyhow::Result<String> {
        match git {
            Some(url) => Ok(url.to_owned()),
            None => self
                .shared
                .deliveries
                .own_address(self.git.repository(), &self.root, remote),
        }
    }

    /// The branch as this run knows it; the first question fetches it.
    pub fn delivery(
        &self,
        address: &str,
        branch: &str,
        is_own: bool,
    ) -> anyhow::Result<Arc<DeliveryBranch>> {
        let run = Run {
            runner: &self.runner,
            root: &self.root,
            environment: &self.environment,
        };
        self.shared.deliveries.branch(&run, address, branch, is_own)
    }

    /// Says which files of repositories that say what runs are going to be read, so that they are asked for together.
    pub fn expect_files<'a>(&self, files: impl IntoIterator<Item = &'a str>) {
        self.shared.deliveries.expected.add(files);
    }

    /// GitHub's client for a repository that says what runs; another one than this may have a token of its own.
    pub fn delivery_forge(&self, is_own: bool) -> &Forge {
        if is_own {
            self.forge()
        } else {
            self.shared.deliveries.forge(&self.environment)
        }
    }
}
