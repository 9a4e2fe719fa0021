//! The measured program: the binary `monorelease` of the same build profile as this one.

use std::path::{Path, PathBuf};

use anyhow::Context;
use monorelease_process::{Call, Runner};

use crate::output::{Failure, Output};

const PACKAGE: &str = "monorelease";

/// What cargo tells a program about its package. Build scripts of dependencies would take these for
/// a change and be run again.
const VARIABLES_OF_THIS_PACKAGE: [&str; 9] = [
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_LINKS",
    "CARGO_MANIFEST_PATH",
    "CARGO_PKG_NAME",
    "CARGO_PKG_VERSION",
    "CARGO_PKG_VERSION_MAJOR",
    "CARGO_PKG_VERSION_MINOR",
    "CARGO_PKG_VERSION_PATCH",
    "CARGO_PKG_VERSION_PRE",
];

/// The binary, and the folders around it.
pub struct Program {
    path: PathBuf,
    profile: String,
    /// `target`, unless cargo was given another folder.
    target_folder: PathBuf,
}

impl Program {
    /// Builds the binary if cargo started this process; otherwise finds it beside this executable.
    ///
    /// # Errors
    /// The build failed, or the binary is missing.
    pub fn build_or_find(runner: &Runner, output: Output) -> anyhow::Result<Self> {
        let own = std::env::current_exe().context("finding this executable")?;
        let program = Self::beside(&own)
            .with_context(|| format!("{} is not in a target folder", own.display()))?;
        if let Some(cargo) = std::env::var_os("CARGO") {
            output.status("Building", PACKAGE);
            program.build(runner, Call::new(cargo))?;
        }
        if program.path.is_file() {
            return Ok(program);
        }
        let Self { path, profile, .. } = &program;
        let what = format!("the program to measure is missing: {}", path.display());
        let help = format!("cargo build --locked --package {PACKAGE} --profile {profile}");
        Err(Failure::failed(what, help).into())
    }

    fn beside(executable: &Path) -> Option<Self> {
        let folder = executable.parent()?;
        // Cargo calls the folder of the profile `dev` otherwise.
        let profile = match folder.file_name()?.to_str()? {
            "debug" => "dev",
            other => other,
        };
        Some(Self {
            path: folder.join(format!("{PACKAGE}{}", std::env::consts::EXE_SUFFIX)),
            profile: profile.to_owned(),
            target_folder: folder.parent()?.to_owned(),
        })
    }

    fn build(&self, runner: &Runner, cargo: Call) -> anyhow::Result<()> {
        let mut call = cargo
            .args(["build", "--quiet", "--locked", "--package", PACKAGE])
            .args(["--profile", &self.profile])
            .arg("--target-dir")
            .arg(&self.target_folder);
        // Cargo tells where the sources of this package are; the current folder may be elsewhere.
        if let Some(folder) = std::env::var_os("CARGO_MANIFEST_DIR") {
            call = call.folder(Path::new(&folder));
        }
        let call = VARIABLES_OF_THIS_PACKAGE
            .iter()
            .fold(call, |call, name| call.without(name));
        runner.output(&call).map(drop)
    }

    /// The name of the build profile, as in `cargo build --profile`.
    pub fn profile(&self) -> &str {
        &self.profile
    }

    /// The folder that peers are installed into.
    pub fn tools_folder(&self) -> PathBuf {
        self.target_folder.join("tools")
    }

    /// The program, called as on a laptop at the root of a repository, even if this is CI.
    pub fn call(&self, arguments: &[&str], folder: &Path) -> Call {
        Call::new(&self.path)
            .args(arguments.iter().copied())
            .folder(folder)
            .without("GITHUB_OUTPUT")
            .without("GITHUB_STEP_SUMMARY")
            .without("GITHUB_ACTIONS")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_has_the_profile_of_this_executable() {
        for (folder, profile) in [("debug", "dev"), ("release", "release"), ("xtask", "xtask")] {
            let executable = Path::new("repo/target")
                .join(folder)
                .join("monorelease-bench");
            let program = Program::beside(&executable).unwrap();
            assert_eq!(program.profile(), profile);
            assert_eq!(program.tools_folder(), Path::new("repo/target/tools"));
            assert!(program.path.starts_with(executable.parent().unwrap()));
        }
        assert!(Program::beside(Path::new("monorelease-bench")).is_none());
    }
}
