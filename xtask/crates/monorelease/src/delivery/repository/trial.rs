//! What git does on this machine at a commit to a branch of deliveries, and at its push: tried, and nothing is sent.

use anyhow::bail;

use super::branch::{DeliveryBranch, HEAD};
use crate::git::trial::{HOOK, executable};

impl DeliveryBranch {
    /// Whether git is set up to sign commits. `commit-tree` does not ask the setting itself.
    pub fn signs(&self) -> bool {
        let call = self.call(&["config", "--type=bool", "--get", "commit.gpgSign"]);
        self.runner
            .finish(&call)
            .is_ok_and(|said| said.ok && said.stdout.trim() == "true")
    }

    /// Signs a commit that nothing names.
    ///
    /// # Errors
    /// It cannot be signed; with what git said.
    pub fn try_signature(&self) -> anyhow::Result<()> {
        self.throw_away(&["--gpg-sign"]).map(drop)
    }

    /// The hook that git runs before each push, where there is one.
    pub fn pre_push_hook(&self) -> Option<String> {
        let call = self.call(&["rev-parse", "--git-path", HOOK]);
        let path = self.runner.output(&call).ok()?;
        executable(self.folder.path(), path.trim())
    }

    /// Whether the hooks let a commit be pushed to a branch. A push of what is there already would show them nothing.
    ///
    /// # Errors
    /// They do not; with what was said.
    pub fn try_hooks(&self, branch: &str) -> anyhow::Result<()> {
        let commit = self.throw_away(&[])?;
        let change = format!("+{commit}:{}", super::branch::full_name(branch));
        match self.try_push(&["--dry-run"], &change)? {
            Ok(()) => Ok(()),
            Err(rejection) => bail!("{}", self.said(rejection.words())),
        }
    }

    /// Makes a commit without files upon the head, which nothing names.
    fn throw_away(&self, options: &[&str]) -> anyhow::Result<String> {
        let repository = self.repository()?;
        let tree = repository.treebuilder(None)?.write()?.to_string();
        let call = self
            .call(&["commit-tree", &tree, "-m", "a commit is tried"])
            .args(options.iter().copied());
        let call = match repository.refname_to_id(HEAD) {
            Ok(head) => call.arg("-p").arg(head.to_string()),
            Err(_) => call,
        };
        Ok(self.runner.output(&call)?.trim().to_owned())
    }
}
