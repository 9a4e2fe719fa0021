//! A small repository of its own for a rehearsal of deliveries: with a remote, a registry and a forge on this machine.
//!
//! It makes the place and calls the program in it, as a user would; what is rehearsed stands in `shapes`.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use monorelease_process::{Call, Finished, Runner};
use monorelease_stand_ins::github::EmbeddedForge;
use monorelease_stand_ins::github::refusal::Right;
use monorelease_stand_ins::registry::EmbeddedRegistry;

use super::{images, isolation};
use crate::app::App;
use crate::fault::Fault;
use crate::world::{environment, files};

/// Good at the embedded forge alone.
const TOKEN: &str = "rehearsal-forge-token";
/// What the repository is called at the forge.
pub const NAME: &str = "acme/mono";

/// One rehearsal; its servers end with it, the folder stays to be looked at.
pub struct Life<'a> {
    app: &'a App,
    pub folder: PathBuf,
    pub work: PathBuf,
    pub registry: EmbeddedRegistry,
    pub forge: EmbeddedForge,
    runner: Runner,
    program: PathBuf,
}

impl<'a> Life<'a> {
    /// Makes the repository with these files, pushed to `main` of its remote. The registry's address stands for `{registry}` in
    /// them, and the folder of everything for `{folder}`.
    ///
    /// # Errors
    /// The folder cannot be written, or a server not be started.
    pub fn begin(app: &'a App, name: &str, texts: &[(&str, &str)]) -> anyhow::Result<Self> {
        let folder = app.world.path("target/rehearsal").join(name);
        files::fresh_folder(&folder)?;
        files::own_folder(&app.world.path("target/rehearsal"))?;
        let registry = EmbeddedRegistry::start().context("starting the embedded registry")?;
        let runner = app.world.runner.clone();
        let bare = folder.join("origin.git");
        runner.output(
            &Call::new("git")
                .args(["init", "--quiet", "--bare", "--initial-branch", "main"])
                .arg(&bare),
        )?;
        let forge = EmbeddedForge::start(NAME, &bare).context("starting the embedded forge")?;
        forge.give_token(TOKEN, Right::Write);
        let work = folder.join("work");
        let program = environment::this_program()?;
        let life = Self {
            app,
            folder,
            work,
            registry,
            forge,
            runner,
            program,
        };
        life.repository("work", texts)?;
        life.git(&["remote", "add", "origin", &bare.display().to_string()])?;
        life.git(&["push", "--quiet", "origin", "main"])?;
        Ok(life)
    }

    /// A repository in the folder, with these files in its one commit.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn repository(&self, name: &str, texts: &[(&str, &str)]) -> anyhow::Result<PathBuf> {
        let place = self.folder.join(name);
        self.runner.output(
            &Call::new("git")
                .args(["init", "--quiet", "--initial-branch", "main"])
                .arg(&place),
        )?;
        isolation::set_up(&self.runner, &place)?;
        for (path, text) in texts {
            let text = text
                .replace("{registry}", &self.registry.address())
                .replace("{folder}", &self.folder.display().to_string());
            files::write_own(&place.join(path), &text)?;
        }
        self.git_in(&place, &["add", "--all"])?;
        self.git_in(&place, &["commit", "--quiet", "--message", "feat: begin"])?;
        Ok(place)
    }

    pub fn git(&self, arguments: &[&str]) -> anyhow::Result<String> {
        self.git_in(&self.work, arguments)
    }

    pub fn git_in(&self, place: &Path, arguments: &[&str]) -> anyhow::Result<String> {
        self.runner
            .output(&Call::new("git").arg("-C").arg(place).args(arguments))
    }

    /// A file at the head of a branch of a repository in the folder.
    pub fn file(&self, repository: &str, branch: &str, path: &str) -> anyhow::Result<String> {
        self.git_in(
            &self.folder.join(repository),
            &["show", &format!("{branch}:{path}")],
        )
    }

    /// Puts a stand-in image under the name that a build for this machine's kind would have.
    pub fn push_stand_in(
        &self,
        repository: &str,
        build_id: &str,
        version: &str,
    ) -> anyhow::Result<()> {
        let head = self.git(&["rev-parse", "HEAD"])?;
        images::push_to(
            &self.registry,
            repository,
            build_id,
            "linux/amd64",
            version,
            head.trim(),
            true,
        )?;
        self.app.ui.status(
            "Pushed",
            &format!("{repository}:{build_id}-amd64, a stand-in image without content"),
        );
        Ok(())
    }

    /// The program, told of the embedded forge and of no CI that it may be running in.
    fn call(&self, arguments: &[&str]) -> Call {
        isolation::call(&self.program, arguments, &self.work)
            .variable("GITHUB_API_URL", self.forge.url())
            .variable("GITHUB_TOKEN", TOKEN)
    }

    /// Runs a verb and shows what it says.
    ///
    /// # Errors
    /// It did not end well.
    pub fn run(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let line = format!("cargo xtask {}", arguments.join(" "));
        self.app.ui.status("Running", &line);
        self.app.ui.open_section(&line);
        let outcome = self.runner.stream(&self.call(arguments)).map_err(|_| {
            Fault::failed(format!(
                "the rehearsal stopped at `{line}`; its words stand above"
            ))
            .fix(format!("look into {}", self.work.display()))
        });
        self.app.ui.close_section();
        Ok(outcome?)
    }

    /// Runs a verb that has to be refused in these words.
    ///
    /// # Errors
    /// It was not.
    pub fn refused(&self, arguments: &[&str], words: &str) -> anyhow::Result<()> {
        let line = format!("cargo xtask {}", arguments.join(" "));
        let Finished { ok, stderr, .. } = self.runner.finish(&self.call(arguments))?;
        let told = stderr
            .lines()
            .find(|told| told.contains(words))
            .map(str::trim);
        match told.filter(|_| !ok) {
            Some(told) => self.app.ui.status(
                "Refused",
                &format!("{line}: {}", told.trim_start_matches("error ").trim()),
            ),
            None => {
                bail!("`{line}` should have been refused, for something {words}; it said: {stderr}")
            }
        }
        Ok(())
    }

    /// Runs a verb for its JSON document.
    ///
    /// # Errors
    /// It did not end well.
    pub fn json(&self, arguments: &[&str]) -> anyhow::Result<serde_json::Value> {
        let Finished { ok, stdout, stderr } =
            self.runner.finish(&self.call(arguments).arg("--json"))?;
        if !ok {
            return Err(Fault::failed(format!(
                "`cargo xtask {}` failed in the rehearsal: {stderr}",
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

    /// Merges the one open pull request of a branch, as a person does at the forge.
    ///
    /// # Errors
    /// None is open.
    pub fn merge(&self, branch: &str) -> anyhow::Result<()> {
        let pull = self
            .forge
            .pulls()
            .into_iter()
            .find(|pull| pull.is_open && pull.head_branch == branch);
        let pull = pull.with_context(|| format!("no pull request is open from {branch}"))?;
        self.git_in(
            &self.folder.join("origin.git"),
            &[
                "update-ref",
                &format!("refs/heads/{}", pull.base),
                &pull.head_commit,
            ],
        )?;
        self.forge.set_open(pull.number, false);
        self.app.ui.status(
            "Merged",
            &format!("#{} {} into {}", pull.number, pull.title, pull.base),
        );
        Ok(())
    }
}

/// Builds and releases the next minor version of `service`, which is this one.
///
/// # Errors
/// A command of it did not end well.
pub fn released(life: &Life<'_>, version: &str) -> anyhow::Result<()> {
    life.run(&["bump", "minor", "service", "--commit"])?;
    life.run(&["tag", "service", "--rc", "--push"])?;
    let plan = life.json(&["plan", "--tag", &format!("service-v{version}-rc1")])?;
    let build_id = plan["matrix"]["include"][0]["build_id"]
        .as_str()
        .context("the plan names no build id")?
        .to_owned();
    life.push_stand_in("acme/service", &build_id, version)?;
    life.run(&["release", "service"])
}
