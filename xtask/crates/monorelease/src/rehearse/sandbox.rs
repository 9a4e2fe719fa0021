//! A copy of the repository with a remote and a registry of its own: a place where nothing real can be touched.
//!
//! It prepares and it calls; what is rehearsed is the program itself, run as a user would run it.

use std::path::{Path, PathBuf};

use anyhow::Context;
use monorelease_model::image::{Platform, Repository};
use monorelease_process::{Call, Finished, Runner};
use monorelease_stand_ins::github::EmbeddedForge;
use monorelease_stand_ins::github::refusal::Right;
use monorelease_stand_ins::package_index::EmbeddedIndex;
use monorelease_stand_ins::registry::EmbeddedRegistry;

use super::{isolation, package, pins};
use crate::fault::Fault;
use crate::trust::cosign;
use crate::world::{environment, files};

/// Where the copy keeps the public half of the rehearsal's key.
const PUBLIC_KEY: &str = "rehearsal.pub";
/// User and password of the embedded package index.
const UPLOADER: &str = "rehearsal";

/// What the sandbox's own forge takes; it is good for nothing else.
const TOKEN: &str = "token-of-the-rehearsal";

/// Everything of one rehearsal; the registry ends with it, the folder stays to be looked at.
pub struct Sandbox {
    pub work: PathBuf,
    pub registry: EmbeddedRegistry,
    /// The forge, where one is configured.
    pub forge: Option<EmbeddedForge>,
    pub index: EmbeddedIndex,
    runner: Runner,
    program: PathBuf,
    config: PathBuf,
    /// The key that the releases of the rehearsal are signed with, where they are.
    key: Option<PathBuf>,
}

/// What a sandbox is made for.
pub struct Purpose<'a> {
    /// Images for this platform of this project alone.
    pub platform: Option<(&'a str, &'a Platform)>,
    /// Whether what is attached to a release is attached here: with a key of the rehearsal's own, in no public log.
    pub signs: bool,
    /// The forge's repository, `owner/name`, where one is configured.
    pub forge: Option<&'a str>,
}

impl Sandbox {
    /// Clones HEAD of `source` into `folder`, and points its configuration at an embedded registry.
    ///
    /// `config` is the configuration's path in the repository.
    pub fn prepare(
        source: &Path,
        folder: &Path,
        config: &Path,
        runner: Runner,
        purpose: &Purpose<'_>,
    ) -> anyhow::Result<Self> {
        files::fresh_folder(folder).map_err(|error| {
            let fix = format!(
                "move away what is in the way of {}, or make the folder above it yours to write",
                folder.display()
            );
            Fault::failed(format!("{error:#}")).fix(fix)
        })?;
        files::own_folder(folder)?;
        let work = folder.join("work");
        let remote = folder.join("origin.git");
        let registry = EmbeddedRegistry::start().context("starting the embedded registry")?;
        let index = EmbeddedIndex::start(Some((UPLOADER, UPLOADER)))
            .context("starting the embedded package index")?;
        let key = purpose.signs.then(|| folder.join("rehearsal.key"));
        let forge = purpose
            .forge
            .map(|repository| EmbeddedForge::start(repository, &remote))
            .transpose()
            .context("starting the embedded forge")?;
        forge
            .iter()
            .for_each(|forge| forge.give_token(TOKEN, Right::Write));
        let sandbox = Self {
            work,
            registry,
            forge,
            index,
            runner,
            program: environment::this_program()?,
            config: config.to_owned(),
            key,
        };
        let git = |arguments: &[&str]| {
            sandbox
                .runner
                .output(&Call::new("git").args(arguments).folder(folder))
        };
        // Some people call the remote of every clone something else.
        git(&[
            "clone",
            "--quiet",
            "--origin",
            "origin",
            "--no-hardlinks",
            &source.display().to_string(),
            "work",
        ])?;
        git(&[
            "init",
            "--quiet",
            "--bare",
            "--initial-branch",
            "main",
            "origin.git",
        ])?;
        sandbox.git(&["checkout", "--quiet", "-B", "main"])?;
        isolation::set_up(&sandbox.runner, &sandbox.work)?;
        sandbox.git(&["remote", "set-url", "origin", &remote.display().to_string()])?;
        if let Some(key) = &sandbox.key {
            cosign::generate_key_pair(&sandbox.runner, &key.with_extension(""))?;
        }
        sandbox.point_at_registry(purpose)?;
        sandbox.git(&["add", "--all"])?;
        sandbox.git(&[
            "commit",
            "--quiet",
            "--all",
            "--message",
            "chore: point the images at the registry of the rehearsal",
        ])?;
        sandbox.git(&["push", "--quiet", "origin", "main"])?;
        Ok(sandbox)
    }

    pub fn git(&self, arguments: &[&str]) -> anyhow::Result<String> {
        self.runner
            .output(&Call::new("git").arg("-C").arg(&self.work).args(arguments))
    }

    /// The program, told to work here and in no way on the CI it may be running in.
    fn call(&self, arguments: &[&str]) -> Call {
        let call = isolation::call(&self.program, arguments, &self.work)
            .arg("--config")
            .arg(self.work.join(&self.config))
            .variable("UV_PUBLISH_USERNAME", UPLOADER)
            .variable("UV_PUBLISH_PASSWORD", UPLOADER);
        let call = match &self.forge {
            Some(forge) => call
                .variable("GITHUB_API_URL", forge.url())
                .variable("GITHUB_TOKEN", TOKEN),
            None => call,
        };
        match &self.key {
            Some(key) => call
                .variable("COSIGN_KEY", key)
                .variable("COSIGN_PASSWORD", ""),
            None => call.without("COSIGN_KEY"),
        }
    }

    /// Runs a verb and shows what it says.
    pub fn run(&self, arguments: &[&str]) -> anyhow::Result<()> {
        self.runner.stream(&self.call(arguments))
    }

    /// Runs a verb for its JSON document.
    pub fn json(&self, arguments: &[&str]) -> anyhow::Result<serde_json::Value> {
        let Finished { ok, stdout, stderr } =
            self.runner.finish(&self.call(arguments).arg("--json"))?;
        if !ok {
            return Err(Fault::failed(format!(
                "`cargo xtask {}` failed in the sandbox: {stderr}",
                arguments.join(" ")
            ))
            .into());
        }
        serde_json::from_str(&stdout).with_context(|| {
            format!(
                "`cargo xtask {} --json` printed no JSON document",
                arguments.join(" ")
            )
        })
    }

    /// Edits the copy's configuration: the same images, at the embedded registry, signed by the rehearsal's own key.
    fn point_at_registry(&self, purpose: &Purpose<'_>) -> anyhow::Result<()> {
        let path = self.work.join(&self.config);
        let text = files::read(&path)?.ok_or_else(|| {
            Fault::refused(format!(
                "{} is not committed, so the copy has no configuration",
                self.config.display()
            ))
            .fix("git add, git commit, then rehearse again")
        })?;
        let mut document: toml_edit::DocumentMut =
            text.parse().context("reading the configuration")?;
        // The sandbox has one remote, and calls it as git does.
        document
            .get_mut("repository")
            .and_then(|keys| keys.as_table_like_mut()?.remove("remote"));
        for key in ["repository", "release"] {
            // Who has packages alone has no images.
            let Some(old) = document
                .get("images")
                .and_then(|images| images.get(key)?.as_str())
            else {
                continue;
            };
            // As the images' names are read: a pattern without a host is of Docker Hub, and keeps its whole path.
            let parsed: Repository = old.replace("{package}", "package-goes-here").parse()?;
            let pattern = parsed.path.replace("package-goes-here", "{package}");
            document["images"][key] =
                toml_edit::value(format!("{}/{pattern}", self.registry.address()));
        }
        match &self.key {
            Some(key) => {
                let public = files::read(&key.with_extension("pub"))?
                    .context("cosign left no public key")?;
                files::write_own(&self.work.join(PUBLIC_KEY), &public)?;
                let trust = document
                    .get_mut("trust")
                    .and_then(|trust| trust.as_table_like_mut())
                    .context("trust is no table")?;
                ["issuer", "identity"]
                    .iter()
                    .for_each(|key| drop(trust.remove(key)));
                trust.insert("public-key", toml_edit::value(PUBLIC_KEY));
                trust.insert("transparency-log", toml_edit::value(false));
            }
            None => drop(document.remove("trust")),
        }
        if let Some((project, platform)) = purpose.platform {
            document["projects"][project]["image"]["platforms"] =
                toml_edit::value(toml_edit::Array::from_iter([platform.to_string()]));
        }
        package::prepare(&mut document, &self.index.url(), &self.runner)?;
        pins::prepare(
            &mut document,
            self.work.parent().unwrap_or(&self.work),
            &self.runner,
        )?;
        files::replace_all(&[(path, &document.to_string())])
    }
}
