//! A copy of the repository with a remote and a registry of its own: a place where nothing real can be touched.
//!
//! It prepares and it calls; what is rehearsed is the program itself, run as a user would run it.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::registry::EmbeddedRegistry;
use crate::model::fault::Fault;
use crate::model::image::{Platform, Repository};
use crate::world::process::{Call, Finished, Runner};
use crate::world::{environment, files};

/// Everything of one rehearsal; the registry ends with it, the folder stays to be looked at.
pub struct Sandbox {
    pub work: PathBuf,
    pub registry: EmbeddedRegistry,
    runner: Runner,
    program: PathBuf,
    config: PathBuf,
}

impl Sandbox {
    /// Clones HEAD of `source` into `folder`, and points its configuration at an embedded registry.
    ///
    /// `config` is the configuration's path in the repository. With `platform`, images are for that one alone.
    pub fn prepare(
        source: &Path,
        folder: &Path,
        config: &Path,
        runner: Runner,
        platform: Option<(&str, &Platform)>,
    ) -> anyhow::Result<Self> {
        files::fresh_folder(folder)?;
        files::own_folder(folder)?;
        let (work, remote) = (folder.join("work"), folder.join("origin.git"));
        let registry = EmbeddedRegistry::start().context("starting the embedded registry")?;
        let sandbox = Self { work, registry, runner, program: environment::this_program()?, config: config.to_owned() };
        let git = |arguments: &[&str]| sandbox.runner.output(&Call::new("git").args(arguments).folder(folder));
        git(&["clone", "--quiet", "--no-hardlinks", &source.display().to_string(), "work"])?;
        git(&["init", "--quiet", "--bare", "--initial-branch", "main", "origin.git"])?;
        sandbox.git(&["checkout", "--quiet", "-B", "main"])?;
        for (key, value) in [
            ("user.name", "Rehearsal"),
            ("user.email", "rehearsal@localhost"),
            ("commit.gpgSign", "false"),
            ("tag.gpgSign", "false"),
            ("core.hooksPath", "/dev/null"),
        ] {
            sandbox.git(&["config", key, value])?;
        }
        sandbox.git(&["remote", "set-url", "origin", &remote.display().to_string()])?;
        sandbox.point_at_registry(platform)?;
        sandbox.git(&["commit", "--quiet", "--all", "--message", "chore: point the images at the registry of the rehearsal"])?;
        sandbox.git(&["push", "--quiet", "origin", "main"])?;
        Ok(sandbox)
    }

    pub fn git(&self, arguments: &[&str]) -> anyhow::Result<String> {
        self.runner.output(&Call::new("git").arg("-C").arg(&self.work).args(arguments))
    }

    /// The program, told to work here and in no way on the CI it may be running in.
    fn call(&self, arguments: &[&str]) -> Call {
        Call::new(&self.program)
            .args(arguments)
            .args(["--yes", "--repo"])
            .arg(&self.work)
            .arg("--config")
            .arg(self.work.join(&self.config))
            .without("GITHUB_OUTPUT")
            .without("GITHUB_STEP_SUMMARY")
            .without("GITHUB_ACTIONS")
    }

    /// Runs a verb and shows what it says.
    pub fn run(&self, arguments: &[&str]) -> anyhow::Result<()> {
        self.runner.stream(&self.call(arguments))
    }

    /// Runs a verb for its JSON document.
    pub fn json(&self, arguments: &[&str]) -> anyhow::Result<serde_json::Value> {
        let Finished { ok, stdout, stderr } = self.runner.finish(&self.call(arguments).arg("--json"))?;
        if !ok {
            return Err(Fault::failed(format!("`cargo xtask {}` failed in the sandbox: {stderr}", arguments.join(" "))).into());
        }
        serde_json::from_str(&stdout).with_context(|| format!("`cargo xtask {} --json` printed no JSON document", arguments.join(" ")))
    }

    /// Edits the copy's configuration: the same images, at the embedded registry.
    fn point_at_registry(&self, platform: Option<(&str, &Platform)>) -> anyhow::Result<()> {
        let path = self.work.join(&self.config);
        let text = files::read(&path)?.ok_or_else(|| {
            Fault::refused(format!("{} is not committed, so the copy has no configuration", self.config.display()))
                .fix("git add, git commit, then rehearse again")
        })?;
        let mut document: toml_edit::DocumentMut = text.parse().context("reading the configuration")?;
        for key in ["repository", "release"] {
            let Some(old) = document["images"].get(key).and_then(|value| value.as_str()) else { continue };
            // As the images' names are read: a pattern without a host is of Docker Hub, and keeps its whole path.
            let parsed: Repository = old.replace("{package}", "package-goes-here").parse()?;
            let pattern = parsed.path.replace("package-goes-here", "{package}");
            document["images"][key] = toml_edit::value(format!("{}/{pattern}", self.registry.address()));
        }
        if let Some((project, platform)) = platform {
            document["projects"][project]["image"]["platforms"] = toml_edit::value(toml_edit::Array::from_iter([platform.to_string()]));
        }
        files::replace_all(&[(path, &document.to_string())])
    }
}
