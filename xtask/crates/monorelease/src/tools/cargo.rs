//! Cargo's own view of the workspace, as `cargo metadata` gives it. It reads and builds nothing.

use std::path::Path;

use anyhow::Context;
use cargo_metadata::MetadataCommand;
use monorelease_process::{Call, Runner};

use crate::world::files;

/// How many members the workspace at `root` has; `None` when there is no Cargo.toml.
///
/// Dependencies are not looked at: that would fetch them.
pub fn members(runner: &Runner, root: &Path) -> Option<anyhow::Result<usize>> {
    let call = Call::new("cargo")
        .args(["metadata", "--format-version=1", "--no-deps"])
        .folder(root);
    files::exists(&root.join("Cargo.toml")).then(|| {
        let printed = runner.output(&call)?;
        let metadata = MetadataCommand::parse(printed).context("reading the Cargo workspace")?;
        Ok(metadata.workspace_members.len())
    })
}
