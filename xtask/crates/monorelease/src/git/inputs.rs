//! The files of a commit by their content: what a build is made of, without reading any of it.

use anyhow::Context;
use git2::{ObjectType, TreeWalkMode, TreeWalkResult};

use super::Git;

impl Git {
    /// Every file of a commit, with a word that is another one when its content or its mode is.
    ///
    /// # Errors
    /// The commit, or a tree of it, cannot be read.
    pub fn contents_at(&self, commit: &str) -> anyhow::Result<Vec<(String, String)>> {
        let mut found = Vec::new();
        let tree = self
            .commit_object(commit)?
            .tree()
            .context("reading a tree")?;
        tree.walk(TreeWalkMode::PreOrder, |folder, entry| {
            if entry.kind() != Some(ObjectType::Tree) {
                let path =
                    String::from_utf8_lossy(&[folder.as_bytes(), entry.name_bytes()].concat())
                        .into_owned();
                found.push((path, format!("{:o} {}", entry.filemode(), entry.id())));
            }
            TreeWalkResult::Ok
        })
        .with_context(|| format!("reading the files of {commit}"))?;
        Ok(found)
    }
}
