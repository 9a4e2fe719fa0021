//! Packages: what is known of a version's files, and how each is built.
//!
//! What a file was built from is written down beside the folder of the release, with its SHA-256: a file without that, or
//! with another content, is as good as none. Which files there are to be is decided in `packages::plan`.

use std::path::PathBuf;

use anyhow::{Context, bail};
use monorelease_model::distribution::{Artifact, FileName, normalised};
use serde_json::{Value, json};

use super::PackageBuild;
use super::build;
use super::build::{Inside, Making};
use super::export::Export;
use crate::fault::Fault;
use crate::world::{World, files};

/// A file that was built, and is what it was then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    pub name: FileName,
    pub path: PathBuf,
    /// Lower-case hex.
    pub sha256: String,
}

impl Built {
    pub fn evidence(&self) -> String {
        evidence(&self.name.whole, &self.sha256)
    }
}

/// A file's name with the beginning of its checksum.
pub fn evidence(name: &str, sha256: &str) -> String {
    format!("{name} sha256:{}", sha256.get(..12).unwrap_or(sha256))
}

/// The file of a build, when it lies in its folder as its record says.
pub fn built(world: &World, build: &PackageBuild) -> anyhow::Result<Option<Built>> {
    let Some(text) = files::read(&world.path(&build.record()))? else {
        return Ok(None);
    };
    let Ok(record) = serde_json::from_str::<Value>(&text) else {
        return Ok(None);
    };
    let word = |key: &str| record[key].as_str().unwrap_or_default();
    let name = FileName::read(word("file"))
        .filter(|name| name.is_of(&build.name, &build.spelled) && build.artifact.is(name));
    let (Some(name), true) = (name, word("commit") == build.commit) else {
        return Ok(None);
    };
    let path = world.path(&build.folder()).join(&name.whole);
    Ok(match build::sha256(&path)? {
        Some(sha256) if sha256 == word("sha256") => Some(Built { name, path, sha256 }),
        _ => None,
    })
}

/// Builds away from the tree, and puts the file into its folder once it has passed everything. The record comes last.
pub(super) fn make(world: &World, build: &PackageBuild) -> anyhow::Result<()> {
    world.own("xtask")?;
    let export = Export::of(world, &build.commit, &build.stamped)?;
    let making = making(build, &export, false);
    let file = build::build(world, &making)?;
    let inside = build::inspect(world, &file)?;
    let name = file
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let name = checked(build, &name, &inside)?;
    build::check(world, &file)?;
    let runs_here = match &build.artifact {
        Artifact::Sdist => false,
        Artifact::Wheel => true,
        Artifact::WheelFor(target) => *target == build::host(world)?,
    };
    if runs_here {
        let (version, _) = build::try_out(world, &making, &file, &build.name)?;
        if version != build.spelled {
            bail!(
                "{}, once installed, says version {version}; wanted is {}",
                name.whole,
                build.spelled
            );
        }
    }
    let sha256 = build::sha256(&file)?.with_context(|| format!("{} is gone again", name.whole))?;
    if build.twice {
        build_again(world, build, &name, (&sha256, &inside))?;
    }
    let folder = world.path(&build.folder());
    let is_old = |other: &FileName| {
        other.is_of(&build.name, &build.spelled) && build.artifact.is(other) && *other != name
    };
    for other in files::names_in(&folder)?
        .iter()
        .filter_map(|other| FileName::read(other))
        .filter(is_old)
    {
        files::remove_file(&folder.join(&other.whole))?;
    }
    build::put(&file, &folder)?;
    let record = json!({ "schema": 1, "file": name.whole, "sha256": sha256, "commit": build.commit, "version": build.spelled });
    files::write_own(&world.path(&build.record()), &format!("{record:#}\n"))
}

fn making<'a>(build: &'a PackageBuild, export: &'a Export, is_fresh: bool) -> Making<'a> {
    let PackageBuild {
        artifact,
        by_maturin,
        epoch,
        project_path: project,
        ..
    } = build;
    Making {
        export,
        project,
        artifact,
        by_maturin: *by_maturin,
        epoch: *epoch,
        is_fresh,
    }
}

/// Builds once more, elsewhere and from nothing, and holds the two against each other: who builds a release from its commit must
/// get the bytes that are published.
fn build_again(
    world: &World,
    build: &PackageBuild,
    name: &FileName,
    (sha256, inside): (&str, &Inside),
) -> anyhow::Result<()> {
    let export = Export::of(world, &build.commit, &build.stamped)?;
    let file = build::build(world, &making(build, &export, true))?;
    if build::sha256(&file)?.as_deref() == Some(sha256) {
        return Ok(());
    }
    let other = build::inspect(world, &file)?;
    let fix = "let the build take its times from SOURCE_DATE_EPOCH, and its order from names (hatchling and uv_build do; maturin with rust = false in [tool.maturin.sbom]), then make a new candidate";
    Err(Fault::failed(format!(
        "{} is not reproducible: {}",
        name.whole,
        first_difference(inside, &other)
    ))
    .fix(fix)
    .into())
}

/// Where two archives begin to differ, in words.
fn first_difference(one: &Inside, other: &Inside) -> String {
    for (left, right) in one.members.iter().zip(&other.members) {
        match () {
            () if left.0 != right.0 => {
                return format!("{} stands where the second build has {}", left.0, right.0);
            }
            () if left.1 != right.1 => {
                return format!("{} has other bytes in the second build", left.0);
            }
            () if left.2 != right.2 => {
                return format!(
                    "{} has {} in one build and {} in the other",
                    left.0, left.2, right.2
                );
            }
            () => {}
        }
    }
    match one.members.len().cmp(&other.members.len()) {
        std::cmp::Ordering::Equal => {
            "its members are the same, but the archive around them is not (how it is compressed, or its own time)".into()
        }
        _ => format!("it has {} members in one build and {} in the other", one.members.len(), other.members.len()),
    }
}

/// Holds a file's name to its metadata, and both to what is to be published.
fn checked(build: &PackageBuild, file: &str, inside: &Inside) -> anyhow::Result<FileName> {
    let PackageBuild {
        name,
        spelled,
        artifact,
        ..
    } = build;
    let read = FileName::read(file).filter(|read| artifact.is(read));
    let Some(read) = read else {
        bail!("{artifact} was built, and is called {file}")
    };
    if !read.is_of(name, spelled) {
        bail!("{file} was built; by its name that is no {name} {spelled}");
    }
    let says = |what: &str, found: &[String], is_right: bool| match (found, is_right) {
        ([_], true) => Ok(()),
        ([], _) => bail!("{file}: its metadata says no {what}"),
        (found, _) => bail!(
            "{file}: its metadata says {what} {}; wanted is one, that of {name} {spelled}",
            found.join(" and ")
        ),
    };
    says(
        "name",
        &inside.names,
        inside
            .names
            .iter()
            .all(|found| normalised(found) == normalised(name)),
    )?;
    says(
        "version",
        &inside.versions,
        inside.versions.iter().all(|found| found == spelled),
    )?;
    let Some(tags) = &read.wheel else {
        return Ok(read);
    };
    let of_name: Vec<_> = tags
        .python
        .split('.')
        .flat_map(|python| tags.abi.split('.').map(move |abi| (python, abi)))
        .flat_map(|(python, abi)| {
            tags.platform
                .split('.')
                .map(move |platform| format!("{python}-{abi}-{platform}"))
        })
        .collect();
    if !inside.tags.iter().all(|tag| of_name.contains(tag)) || inside.tags.is_empty() {
        bail!(
            "{file}: its WHEEL file says the tags {}, its name does not",
            inside.tags.join(", ")
        );
    }
    if build.stable_abi && tags.abi != "abi3" {
        bail!(
            "{file}: Cargo.toml asks pyo3 for the stable interface (abi3), and the wheel is for {} alone",
            tags.abi
        );
    }
    Ok(read)
}

#[cfg(test)]
mod tests;
