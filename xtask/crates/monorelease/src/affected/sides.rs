//! The two states that are compared, and what was read of each.

use crate::affected::cargo;
use crate::project::Project;
use crate::world::World;
use monorelease_commit_history::changes;
use monorelease_commit_history::changes::FileText;
use monorelease_commit_history::folders::Folders;
use std::cell::OnceCell;

/// Two commits, and the projects of the newer one.
pub(super) struct Sides<'a> {
    pub old: Side<'a>,
    pub new: Side<'a>,
    pub projects: &'a [Project],
    pub folders: &'a Folders,
}

/// One commit.
pub(super) struct Side<'a> {
    world: &'a World,
    pub(crate) commit: &'a str,
    crates: OnceCell<Vec<cargo::Crate>>,
}

impl<'a> Side<'a> {
    pub(crate) fn new(world: &'a World, commit: &'a str) -> Self {
        Self {
            world,
            commit,
            crates: OnceCell::new(),
        }
    }

    pub fn text(&self, path: &str) -> anyhow::Result<FileText> {
        changes::text_at(self.world.git.repository(), self.commit, path)
    }

    pub fn paths_named(&self, name: &str) -> anyhow::Result<Vec<String>> {
        changes::paths_named(self.world.git.repository(), self.commit, &[name])
    }

    /// Every Cargo manifest of the commit, read at the first question.
    pub fn crates(&self) -> anyhow::Result<&[cargo::Crate]> {
        if let Some(known) = self.crates.get() {
            return Ok(known);
        }
        let read = cargo::crates(self)?;
        Ok(self.crates.get_or_init(|| read))
    }
}
