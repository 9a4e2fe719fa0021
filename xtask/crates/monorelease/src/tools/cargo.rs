//! Cargo's own view of the workspace, as `cargo metadata` gives it. It reads and builds nothing.

use std::path::Path;

use anyhow::Context;
use cargo_metadata::MetadataCommand;

use crate::world::files;

/// How many members the workspace at `root` has; `None` when there is no Cargo.toml.
///
/// Dependencies are not looked at: that would fetch them.
pub fn members(root: &Path) -> Option<anyhow::Result<usize>> {
    let manifest = root.join("Cargo.toml");
    files::exists(&manifest).then(|| {
        let metadata = MetadataCommand::new()
            .manifest_path(manifest)
            .no_deps()
            .exec();
        Ok(metadata
            .context("reading the Cargo workspace")?
            .workspace_members
            .len())
    })
}
