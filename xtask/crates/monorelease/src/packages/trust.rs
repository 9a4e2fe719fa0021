//! What is said of a package's files: a list of what they are made of, and a signature of each, all beside them.
//!
//! Whose word counts is decided in `trust`; here is only which file it is about.

use std::path::PathBuf;

use anyhow::{Context, bail};
use monorelease_model::image::Digest;
use serde_json::{Value, json};

use super::files::built;
use super::{PackageBuild, Signed, build, sbom};
use crate::step::effect::Probe;
use crate::trust::Policy;
use crate::trust::cosign::Answer;
use crate::trust::signed_files;
use crate::world::{World, files};

/// The list, when it lies in the release's folder as its record says.
pub(crate) fn listed(world: &World, build: &PackageBuild) -> anyhow::Result<Option<PathBuf>> {
    let Some(record) = files::read(&world.path(&build.list_record()))? else {
        return Ok(None);
    };
    let record: Value = serde_json::from_str(&record).unwrap_or_default();
    let path = world.path(&build.folder()).join(build.list());
    let Some(text) = files::read(&path)? else {
        return Ok(None);
    };
    let is_it = record["commit"] == build.commit.as_str()
        && record["sha256"] == Digest::of(text.as_bytes()).hex();
    Ok(is_it.then_some(path))
}

pub(super) fn list(world: &World, build: &PackageBuild) -> anyhow::Result<()> {
    world.own("xtask")?;
    let text = sbom::compose(world, build)?;
    // Made elsewhere: whatever lies in the folder, be it half written, is published.
    let staging = files::temporary_folder()?;
    let made = staging.path().join(build.list());
    files::write_own(&made, &text)?;
    build::put(&made, &world.path(&build.folder()))?;
    let record =
        json!({ "schema": 1, "commit": build.commit, "sha256": Digest::of(text.as_bytes()).hex() });
    files::write_own(&world.path(&build.list_record()), &format!("{record:#}\n"))
}

/// What is signed, and where its bundle lies; `None` while it is not there.
pub(crate) fn signed(
    world: &World,
    build: &PackageBuild,
    what: Signed,
) -> anyhow::Result<Option<(PathBuf, PathBuf)>> {
    let file = match what {
        Signed::File => built(world, build)?.map(|built| built.path),
        Signed::List => listed(world, build)?,
    };
    Ok(file.map(|file| {
        let bundle = PathBuf::from(format!("{}.sigstore.json", file.display()));
        (file, bundle)
    }))
}

/// Whether a bundle lies beside what it is about, whatever it says.
pub(super) fn is_signed_here(
    world: &World,
    build: &PackageBuild,
    what: Signed,
) -> anyhow::Result<bool> {
    Ok(signed(world, build, what)?.is_some_and(|(_, bundle)| files::exists(&bundle)))
}

pub(super) fn probe_bundle(
    world: &World,
    build: &PackageBuild,
    what: Signed,
    policy: &Policy,
) -> anyhow::Result<Probe> {
    let Some((file, bundle)) = signed(world, build, what)? else {
        return Ok(Probe::Todo);
    };
    Ok(match signed_files::verify(world, &file, &bundle, policy)? {
        Answer::Verified { by, .. } => Probe::Done(format!("by {by}")),
        Answer::Absent(_) => Probe::Todo,
        Answer::Unknown(why) => Probe::Unknown(why),
    })
}

pub(super) fn bundle(
    world: &World,
    build: &PackageBuild,
    what: Signed,
    policy: &Policy,
) -> anyhow::Result<()> {
    let Some((file, bundle)) = signed(world, build, what)? else {
        bail!("what is to be signed is gone again")
    };
    signed_files::sign(world, &file, &bundle, policy)
        .with_context(|| format!("signing {}", file.display()))
}
