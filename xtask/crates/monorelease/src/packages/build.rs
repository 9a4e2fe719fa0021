//! Files of a Python package: built by maturin or by the project's own backend, looked into, checked, installed and tried.
//!
//! A package's code runs here, so nothing is handed to it that opens an index (law 17). What is good enough is decided above.

#![allow(
    clippy::disallowed_methods,
    reason = "packages are built in a folder of their own"
)]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use monorelease_model::distribution::Artifact;
use monorelease_process::Call;
use serde::Deserialize;

use super::access::without_secrets;
use super::export::{Export, copy_all};
use crate::tools;
use crate::world::contents::digest_of;
use crate::world::variables::variable;
use crate::world::{World, files};

/// Reads a wheel or an sdist; Python brings what opens them.
const READER: &str = include_str!("../../tools/distribution.py");
/// Prints the version of an installed package, as Python finds it.
const ASK_VERSION: &str =
    "import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))";
const LONGEST: Duration = Duration::from_secs(3600);

/// What is built where.
pub struct Making<'a> {
    pub export: &'a Export,
    /// The project's folder, relative to the repository root.
    pub project: &'a str,
    pub artifact: &'a Artifact,
    pub by_maturin: bool,
    /// The commit's time, in seconds.
    pub epoch: i64,
    /// Compiled from nothing, with nothing of an earlier build.
    pub is_fresh: bool,
}

/// What a wheel or an sdist says of itself, and what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Inside {
    /// Of its metadata; a good file has one.
    pub names: Vec<String>,
    pub versions: Vec<String>,
    /// A wheel's.
    pub tags: Vec<String>,
    /// Name, SHA-256, and what else the archive keeps of it.
    pub members: Vec<(String, String, String)>,
}

/// The Rust target triple of this machine.
pub fn host(world: &World) -> anyhow::Result<String> {
    let rustc = Call::new("rustc").arg("-vV");
    let said = world
        .runner
        .output(&rustc)
        .context("asking rustc for the target of this machine")?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host
        .with_context(|| format!("rustc -vV names no host: {said}"))?
        .trim()
        .to_owned())
}

/// Builds one file into a new folder beside the export; gives its path.
pub fn build(world: &World, making: &Making<'_>) -> anyhow::Result<PathBuf> {
    let out = making.export.beside("out")?;
    let call = match making.by_maturin {
        true => maturin(world, making, &out)?,
        false => Call::new(tools::provide(world, tools::UV)?)
            .args([
                "build",
                "--no-progress",
                if *making.artifact == Artifact::Sdist {
                    "--sdist"
                } else {
                    "--wheel"
                },
                "--out-dir",
            ])
            .arg(&out),
    };
    let call = call
        .folder(&making.export.path(making.project))
        .variable("SOURCE_DATE_EPOCH", making.epoch.to_string());
    world.runner.stream(
        &without_secrets(call)
            .without("VIRTUAL_ENV")
            .time_limit(LONGEST),
    )?;
    files::remove_file(&out.join(".gitignore"))?;
    match &files::names_in(&out)?[..] {
        [name] => Ok(out.join(name)),
        names => bail!(
            "{} was built, and left {} files: {}",
            making.artifact,
            names.len(),
            names.join(", ")
        ),
    }
}

fn maturin(world: &World, making: &Making<'_>, out: &Path) -> anyhow::Result<Call> {
    let maturin = Call::new(tools::provide(world, tools::MATURIN)?);
    let Artifact::WheelFor(target) = making.artifact else {
        return Ok(maturin.args(["sdist", "--out"]).arg(out));
    };
    // What others build in the repository is left alone, and is not mixed with what is built of other commits' files.
    let compiled = match (making.is_fresh, variable("CARGO_TARGET_DIR")) {
        (true, _) => making.export.beside("compiled")?,
        (false, Some(folder)) => world.root.join(folder),
        (false, None) => world.own("xtask")?.join("cargo"),
    };
    Ok(maturin
        .args([
            "build",
            "--release",
            "--locked",
            "--target",
            target,
            "--out",
        ])
        .arg(out)
        .variable("CARGO_TARGET_DIR", compiled))
}

/// Looks into a wheel or an sdist.
pub fn inspect(world: &World, file: &Path) -> anyhow::Result<Inside> {
    let python = tools::require(tools::PYTHON)?;
    let said = world.runner.output(
        &Call::new(python)
            .args(["-I", "-c", READER])
            .arg(file)
            .time_limit(LONGEST),
    );
    let said = said.with_context(|| format!("looking into {}", file.display()))?;
    serde_json::from_str(&said).with_context(|| format!("looking into {}", file.display()))
}

/// Whether an index would take the file, as twine sees it.
pub fn check(world: &World, file: &Path) -> anyhow::Result<()> {
    let twine = tools::provide(world, tools::TWINE)?;
    let mut call = Call::new(&twine)
        .args(["--no-color", "check"])
        .arg(file)
        .time_limit(LONGEST);
    if let Some(packages) = tools::packages_of(&world.root, &twine) {
        call = call.variable("PYTHONPATH", packages);
    }
    world.runner.output(&without_secrets(call)).map(drop)
}

/// Installs a wheel into a fresh environment, asks for its version there, and runs the project's tests against it: against the
/// wheel, away from the sources. Gives the version, and whether there were tests.
pub fn try_out(
    world: &World,
    making: &Making<'_>,
    wheel: &Path,
    name: &str,
) -> anyhow::Result<(String, bool)> {
    let uv = tools::provide(world, tools::UV)?;
    let folder = making.export.beside("fresh")?;
    let tried = making.export.beside("tried")?;
    let environment = folder.join("venv");
    let quiet = |call: Call| {
        without_secrets(call)
            .without("VIRTUAL_ENV")
            .without("PYTHONPATH")
            .time_limit(LONGEST)
            .folder(&folder)
    };
    world.runner.output(&quiet(
        Call::new(&uv)
            .args(["venv", "--quiet", "--no-project"])
            .arg(&environment),
    ))?;
    let programs = environment.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let python = programs.join("python");
    let tests = tests_of(making, &tried)?;
    let mut install = Call::new(&uv)
        .args(["pip", "install", "--quiet", "--python"])
        .arg(&python)
        .arg(wheel);
    if let Some(tests) = &tests {
        install = install.arg("pytest").args(
            tests
                .group
                .iter()
                .flat_map(|group| ["--group".to_owned(), group.clone()]),
        );
    }
    world
        .runner
        .output(&quiet(install))
        .context("installing the wheel into a fresh environment")?;
    let version = world.runner.output(&quiet(Call::new(&python).args([
        "-I",
        "-c",
        ASK_VERSION,
        name,
    ])))?;
    if let Some(tests) = &tests {
        let run = Call::new(&python)
            .args(["-m", "pytest", "-q"])
            .args(tests.places.iter().cloned());
        let run = run.variable("PYTHONDONTWRITEBYTECODE", "1");
        let run = without_secrets(run)
            .without("VIRTUAL_ENV")
            .without("PYTHONPATH")
            .time_limit(LONGEST)
            .folder(&tried);
        world
            .runner
            .stream(&run)
            .context("the tests of the project, against its wheel")?;
    }
    Ok((version.trim().to_owned(), tests.is_some()))
}

/// The tests of a project, where they were copied to.
struct Tests {
    places: Vec<String>,
    /// What else they want to be installed, as uv names it.
    group: Option<String>,
}

/// Copies the tests of a project, and what they are configured by; `None` where it has none.
fn tests_of(making: &Making<'_>, to: &Path) -> anyhow::Result<Option<Tests>> {
    let from = making.export.path(making.project);
    let text = files::read(&from.join("pyproject.toml"))?.unwrap_or_default();
    let document: toml_edit::DocumentMut = text.parse().context("reading pyproject.toml")?;
    let paths = document.get("tool").and_then(|tool| {
        tool.get("pytest")?
            .get("ini_options")?
            .get("testpaths")?
            .as_array()
    });
    let configured = paths.map(|paths| {
        paths
            .iter()
            .filter_map(|path| path.as_str().map(str::to_owned))
            .collect()
    });
    let mut places: Vec<String> = configured.unwrap_or_else(|| vec!["tests".to_owned()]);
    places.retain(|place| !place.contains("..") && has_tests(&from.join(place)));
    if places.is_empty() {
        return Ok(None);
    }
    for name in ["pyproject.toml", "conftest.py", "pytest.ini"]
        .into_iter()
        .map(str::to_owned)
        .chain(places.clone())
    {
        copy_all(&from.join(&name), &to.join(&name))?;
    }
    let has_group = document
        .get("dependency-groups")
        .and_then(|groups| groups.get("test"))
        .is_some();
    let group = has_group.then(|| format!("{}:test", to.join("pyproject.toml").display()));
    Ok(Some(Tests { places, group }))
}

fn has_tests(folder: &Path) -> bool {
    let names = files::names_in(folder).unwrap_or_default();
    names.iter().any(|name| {
        let is_test =
            name.ends_with(".py") && (name.starts_with("test_") || name.ends_with("_test.py"));
        is_test || (folder.join(name).is_dir() && has_tests(&folder.join(name)))
    })
}

/// The SHA-256 of a file, in lower-case hex; `None` when there is none.
pub fn sha256(path: &Path) -> anyhow::Result<Option<String>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("opening {}", path.display())),
    };
    let (digest, _) =
        digest_of(&mut file).with_context(|| format!("reading {}", path.display()))?;
    Ok(Some(digest.hex().to_owned()))
}

/// Puts a file into a folder of releases under its own name, whole or not at all.
pub fn put(file: &Path, folder: &Path) -> anyhow::Result<()> {
    let name = file
        .file_name()
        .with_context(|| format!("{} has no name", file.display()))?;
    std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    // Beside the folder: whatever lies in it is published.
    let beside = folder.parent().unwrap_or(folder);
    let mut builder = tempfile::Builder::new();
    builder.prefix(".part-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    let staged = builder
        .tempfile_in(beside)
        .context("staging a file of a release")?;
    std::fs::copy(file, staged.path()).with_context(|| format!("copying {}", file.display()))?;
    staged
        .as_file()
        .sync_all()
        .with_context(|| format!("writing {}", file.display()))?;
    staged
        .persist(folder.join(name))
        .with_context(|| format!("putting {} into {}", file.display(), folder.display()))
        .map(drop)
}
