//! A commit's files in a folder of their own, apart from the work tree and from every repository around it.
//!
//! Build backends look upwards, for ignore files and for workspaces, so the folder lies where nothing of ours is above it. What
//! is stamped into the files is said by the caller.

#![allow(
    clippy::disallowed_methods,
    reason = "a commit is written into a folder of its own"
)]

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use monorelease_process::Call;

use crate::world::{World, files};

/// The files of a commit; they go when this is dropped.
pub struct Export {
    folder: tempfile::TempDir,
}

impl Export {
    /// Writes the commit's files, then the stamped ones over them.
    ///
    /// # Errors
    /// The commit is not in this clone, or the disk does not take it.
    pub fn of(world: &World, commit: &str, stamped: &[(String, String)]) -> anyhow::Result<Self> {
        let folder = files::temporary_folder()?;
        let index = folder.path().join("index");
        let export = Self { folder };
        let git = |arguments: &[&str]| {
            let call = Call::new("git")
                .args(arguments)
                .folder(&world.root)
                .variable("GIT_INDEX_FILE", &index);
            world
                .runner
                .output(&call)
                .with_context(|| format!("exporting {commit}"))
        };
        git(&["read-tree", commit])?;
        git(&[
            "checkout-index",
            "--all",
            "--force",
            &format!("--prefix={}/", export.root().display()),
        ])?;
        for (path, text) in stamped {
            let place = export.path(path);
            fs::write(&place, text).with_context(|| format!("stamping {path} of {commit}"))?;
        }
        Ok(export)
    }

    /// The folder that holds what the repository's root holds.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("tree")
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        if relative.is_empty() {
            self.root()
        } else {
            self.root().join(relative)
        }
    }

    /// An empty folder beside the files, which goes with them.
    pub fn beside(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.folder.path().join(name);
        fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        Ok(folder)
    }
}

/// Copies a file or a whole folder, with links as they are.
pub(super) fn copy_all(from: &Path, to: &Path) -> anyhow::Result<()> {
    if !from.is_dir() || files::is_link(from) {
        return files::copy(from, to);
    }
    for name in files::names_in(from)? {
        copy_all(&from.join(&name), &to.join(&name))?;
    }
    Ok(())
}
