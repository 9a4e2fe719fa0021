//! The container engine, through the `docker` command: images built, tried and pushed.
//!
//! It knows nothing of registries' HTTP: what a registry holds is read by `registry`.

#![allow(
    clippy::disallowed_methods,
    reason = "names of containers are unique by the clock"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use monorelease_model::image::Platform;
use monorelease_model::version::Spelling;
use monorelease_process::{Call, Runner};
use serde::Deserialize;

use super::health;
use crate::build::image_build::ImageBuild;
use crate::fault::Fault;
use crate::world::{World, files};

/// How long one smoke command may take.
const SMOKE_LIMIT: Duration = Duration::from_secs(120);
/// How long a service may take until its health path answers.
const HEALTH_LIMIT: Duration = Duration::from_secs(90);

/// What the engine says of an image it holds.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LocalImage {
    /// The digest of the image's configuration, or of its manifest where the engine keeps images in containerd.
    pub id: String,
    config: LocalConfig,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LocalConfig {
    labels: Option<BTreeMap<String, String>>,
}

impl LocalImage {
    pub fn label(&self, name: &str) -> Option<&str> {
        self.config.labels.as_ref()?.get(name).map(String::as_str)
    }
}

/// The image under a reference; `None` when the engine has none. An engine that does not answer is an error.
pub fn inspect(runner: &Runner, reference: &str) -> anyhow::Result<Option<LocalImage>> {
    let finished = runner.finish(&Call::new("docker").args(["image", "inspect", reference]))?;
    if finished.ok {
        let mut images: Vec<LocalImage> = serde_json::from_str(&finished.stdout)
            .context("reading what `docker image inspect` printed")?;
        return Ok(images.pop());
    }
    // The command says the same for "no such image" and "no engine"; only a reachable engine can say "no such image".
    engine_version(runner)?;
    Ok(None)
}

/// The engine's version; the error says that it cannot be reached.
pub fn engine_version(runner: &Runner) -> anyhow::Result<String> {
    let version = runner
        .output(&Call::new("docker").args(["version", "--format", "{{.Server.Version}}"]))
        .context("the docker engine does not answer")?;
    Ok(runner.redact(version.trim()))
}

/// The refusal that goes with an engine that was not reached, by why it was not: one that runs is not mended by a start.
pub fn unreached(error: &anyhow::Error) -> Fault {
    let what = format!("{error:#}");
    let fix = match what.contains("permission denied") {
        true => {
            "sudo usermod --append --groups docker $USER, then log in anew: the engine's socket is not yours to use"
        }
        false => "start the docker engine, then cargo xtask doctor",
    };
    Fault::refused(what).fix(fix)
}

/// The platform the engine runs on.
pub fn engine_platform(runner: &Runner) -> anyhow::Result<Platform> {
    let text = runner
        .output(&Call::new("docker").args([
            "version",
            "--format",
            "{{.Server.Os}}/{{.Server.Arch}}",
        ]))
        .context("the docker engine does not answer")?;
    text.trim()
        .parse()
        .map_err(|error| anyhow::anyhow!("docker's platform: {error}"))
}

/// Where the engine keeps images, when that is on this machine.
pub fn root_folder(runner: &Runner) -> Option<PathBuf> {
    let folder = runner
        .output(&Call::new("docker").args(["info", "--format", "{{.DockerRootDir}}"]))
        .ok()?;
    Some(PathBuf::from(folder.trim()))
        .filter(|folder| folder.is_absolute() && files::exists(folder))
}

pub fn buildx_version(runner: &Runner) -> anyhow::Result<String> {
    Ok(runner
        .output(&Call::new("docker").args(["buildx", "version"]))?
        .trim()
        .to_owned())
}

/// What the image is built of, as a copy: the project's files that git knows or would add, and the wheels it needs in
/// `wheels/`. So nothing that lies about is built in, and an engine of any age can be given wheels (BuildKit before 0.10
/// has no named contexts).
pub fn context(world: &World, image: &ImageBuild) -> anyhow::Result<tempfile::TempDir> {
    let context = files::temporary_folder()?;
    let below = world.path(&image.context);
    let of_root = |file: &str| {
        if image.context.is_empty() {
            file.to_owned()
        } else {
            format!("{}/{file}", image.context)
        }
    };
    for file in world.git.files_below(&image.context)? {
        if image
            .sources
            .as_ref()
            .is_some_and(|sources| !sources.has(&of_root(&file)))
        {
            continue;
        }
        files::copy(&below.join(&file), &context.path().join(&file))?;
    }
    for folder in &image.wheels {
        let folder = world.path(folder);
        for name in files::names_in(&folder)?
            .iter()
            .filter(|name| name.ends_with(".whl"))
        {
            files::copy(
                &folder.join(name),
                &context.path().join("wheels").join(name),
            )?;
        }
    }
    Ok(context)
}

/// Builds the image for one platform into the engine's store.
pub fn build(world: &World, image: &ImageBuild) -> anyhow::Result<()> {
    let context = context(world, image)?;
    let mut call = Call::new("docker")
        .args(["buildx", "build", "--load", "--progress", "plain"])
        .args([
            "--platform".to_owned(),
            image.platform.to_string(),
            "--tag".to_owned(),
            image.reference(),
        ])
        .variable("SOURCE_DATE_EPOCH", image.epoch.to_string());
    for (name, value) in [
        ("VERSION", &image.version),
        ("REVISION", &image.revision),
        ("CREATED", &image.created),
        ("SOURCE", &image.source),
    ] {
        call = call.args(["--build-arg".to_owned(), format!("{name}={value}")]);
    }
    let aside = files::temporary_folder()?;
    if let Some(sources) = &image.sources {
        // It may lie outside of the context, and knows nothing of our labels.
        let dockerfile = aside.path().join("Dockerfile");
        files::copy(&world.path(&sources.dockerfile), &dockerfile)?;
        call = call.arg("--file").arg(dockerfile);
        for (name, value) in [("revision", &image.revision), ("version", &image.version)] {
            call = call.args([
                "--label".to_owned(),
                format!("org.opencontainers.image.{name}={value}"),
            ]);
        }
    }
    if let Some(network) = &world.environment.build_network {
        call = call.args(["--network", network]);
    }
    world.runner.stream(&call.arg(context.path()))
}

/// Runs one command in a fresh container of the image.
pub fn smoke(runner: &Runner, image: &ImageBuild, command: &[String]) -> anyhow::Result<()> {
    let name = container_name("smoke");
    remove_leftovers(runner, image)?;
    let _container = Container {
        runner,
        name: &name,
    };
    runner.stream(
        &Call::new("docker")
            .args([
                "run",
                "--rm",
                "--name",
                &name,
                "--label",
                &leftover_label(image),
                &image.reference(),
            ])
            .args(command)
            .time_limit(SMOKE_LIMIT),
    )
}

/// Starts the image, waits until `path` on `port` answers, and holds the answer's version to the image's.
pub fn health(runner: &Runner, image: &ImageBuild, port: u16, path: &str) -> anyhow::Result<()> {
    let name = container_name("health");
    remove_leftovers(runner, image)?;
    let _container = Container {
        runner,
        name: &name,
    };
    runner.output(&Call::new("docker").args([
        "run",
        "--detach",
        "--name",
        &name,
        "--label",
        &leftover_label(image),
        "--publish",
        &format!("127.0.0.1::{port}"),
        &image.reference(),
    ]))?;
    let answer = published_address(runner, &name, port).and_then(|address| {
        health::wait_until_healthy(&format!("http://{address}{path}"), HEALTH_LIMIT, || {
            let state = runner.output(&Call::new("docker").args([
                "container",
                "inspect",
                "--format",
                "{{.State.Running}}",
                &name,
            ]))?;
            Ok(state.trim() == "true")
        })
    });
    let body = answer.with_context(|| {
        format!(
            "the container's last lines: {}",
            container_log(runner, &name)
        )
    })?;
    check_version(&body, &image.version)
}

/// A health answer that names a version must name the image's; one that names none is taken as it is.
fn check_version(body: &str, wanted: &str) -> anyhow::Result<()> {
    let answer: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    match answer.get("version").and_then(serde_json::Value::as_str) {
        // A project without versions is built under its commit, which no service says of itself.
        Some(found) if Spelling::SemVer.read(wanted).is_ok() && found != wanted => {
            bail!("the running service says it is version {found}, the image is {wanted}")
        }
        _ => Ok(()),
    }
}

/// The address under which a container's port is reached from here; the engine chose it.
fn published_address(runner: &Runner, name: &str, port: u16) -> anyhow::Result<String> {
    let listing =
        runner.output(&Call::new("docker").args(["port", name, &format!("{port}/tcp")]))?;
    listing
        .lines()
        .next()
        .map(|line| line.trim().to_owned())
        .filter(|line| !line.is_empty())
        .with_context(|| format!("docker published no address for port {port}"))
}

fn container_log(runner: &Runner, name: &str) -> String {
    match runner.finish(&Call::new("docker").args(["logs", "--tail", "12", name])) {
        Ok(finished) => runner.redact(format!("{}{}", finished.stdout, finished.stderr).trim()),
        Err(error) => error.to_string(),
    }
}

/// Pushes the image under its tag.
pub fn push(runner: &Runner, image: &ImageBuild) -> anyhow::Result<()> {
    runner.stream(&Call::new("docker").args(["push", &image.reference()]))
}

/// Marks a container by the image that it tries.
fn leftover_label(image: &ImageBuild) -> String {
    format!("xtask.tries={}", image.reference())
}

/// Removes what an earlier try of the image left, when it was killed.
fn remove_leftovers(runner: &Runner, image: &ImageBuild) -> anyhow::Result<()> {
    let filter = format!("label={}", leftover_label(image));
    let left = runner
        .output(&Call::new("docker").args(["ps", "--all", "--quiet", "--filter", &filter]))?;
    let ids: Vec<_> = left.split_whitespace().collect();
    match ids.is_empty() {
        true => Ok(()),
        false => runner
            .output(
                &Call::new("docker")
                    .args(["rm", "--force", "--volumes"])
                    .args(ids),
            )
            .map(drop),
    }
}

/// A name that is ours alone, so that the container can be ended whatever happens to its start.
fn container_name(role: &str) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos());
    format!("xtask-{role}-{}-{now}", std::process::id())
}

/// Ends and removes a container when it goes out of scope, also on the way of an error.
struct Container<'a> {
    runner: &'a Runner,
    name: &'a str,
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        // A container that never started is not there to be removed; nothing is lost by not knowing.
        let _ = self.runner.finish(&Call::new("docker").args([
            "rm",
            "--force",
            "--volumes",
            self.name,
        ]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_says_another_version_is_not_healthy() {
        assert!(check_version(r#"{"status":"ok","version":"0.2.0"}"#, "0.2.0").is_ok());
        assert!(check_version("fine", "0.2.0").is_ok());
        let error = check_version(r#"{"version":"0.1.0"}"#, "0.2.0")
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "the running service says it is version 0.1.0, the image is 0.2.0"
        );
    }
}
