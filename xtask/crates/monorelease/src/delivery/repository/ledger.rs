//! A ref that is there only once somebody has written to it: read where there is none, and begun with an empty commit.
//!
//! Everything else of it is as with branches that say what runs.

use super::DeliveryBranch;

impl DeliveryBranch {
    /// As `refresh`, of a ref that need not be there.
    ///
    /// # Errors
    /// The remote cannot be read.
    pub fn refresh_if_any(&self) -> anyhow::Result<Option<String>> {
        if !self.fetch_if_any(&["--depth", "1"])? {
            return Ok(None);
        }
        Ok(Some(
            self.repository()?.refname_to_id(super::HEAD)?.to_string(),
        ))
    }

    /// A commit without files and without a commit before it, to make the first one upon. Two who begin at the same time do not
    /// overwrite each other: a ref moves to what comes after it, and to nothing else.
    pub fn root(&self) -> anyhow::Result<String> {
        let tree = self.repository()?.treebuilder(None)?.write()?;
        let call = self.call(&["commit-tree", &tree.to_string(), "-m", "chore: begin"]);
        Ok(self.runner.output(&call)?.trim().to_owned())
    }
}

/// A branch's full name; what begins with `refs/` is one.
pub(super) fn full_name(branch: &str) -> String {
    if branch.starts_with("refs/") {
        branch.to_owned()
    } else {
        format!("refs/heads/{branch}")
    }
}
