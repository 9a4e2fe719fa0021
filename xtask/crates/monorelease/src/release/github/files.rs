//! The files that a release offers for download: which there are, and the bytes of each.
//!
//! What a project's distribution is made of lies in one folder of its version; what is attached to an image is read back from
//! the registry, so that it is the same wherever it is read. Nothing here makes a file.

use std::path::PathBuf;

use anyhow::Context;
use monorelease_model::github::asset_name;
use monorelease_model::image::Digest;
use monorelease_model::version::Version;

use super::{Asset, Source};
use crate::github::files::Content;
use crate::packages::{PackageFile, trust};
use crate::project::Project;
use crate::trust::attach;
use crate::world::World;
use crate::{packages, world};

/// A file in the folder of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DistributionFile {
    pub name: String,
    /// From the root of the repository.
    pub path: String,
    pub bytes: u64,
}

/// The folder, from the root of the repository, that holds everything of a version that is published as a file, and nothing else.
pub fn folder(project: &Project, version: &Version) -> String {
    format!(
        "target/xtask/dist/{}/{}",
        project.package,
        version.to_semver()
    )
}

/// The files in that folder, by name; folders in it are somebody else's.
///
/// # Errors
/// It cannot be read.
pub fn in_folder(
    world: &World,
    project: &Project,
    version: &Version,
) -> anyhow::Result<Vec<DistributionFile>> {
    let folder = folder(project, version);
    let mut found = Vec::new();
    for name in world::files::names_in(&world.path(&folder))? {
        let path = format!("{folder}/{name}");
        let is_ours = !name.starts_with('.');
        if let Some((bytes, _)) =
            world::files::size_and_change(&world.path(&path))?.filter(|_| is_ours)
        {
            found.push(DistributionFile { name, path, bytes });
        }
    }
    Ok(found)
}

/// The digest of a source's bytes; `None` while there is none.
pub(super) fn digest(world: &World, source: &Source) -> anyhow::Result<Option<Digest>> {
    match source {
        Source::File(path) => world.shared.contents.digest(&world.path(path)),
        Source::List { .. } => Ok(list(world, source)?.map(|text| Digest::of(text.as_bytes()))),
        Source::Package(file) => match package_file(world, file)? {
            Some(path) => world.shared.contents.digest(&path),
            None => Ok(None),
        },
    }
}

/// What is sent for a source.
pub(super) fn content(world: &World, source: &Source) -> anyhow::Result<Content> {
    match source {
        Source::File(path) => Ok(Content::File(world.path(path))),
        Source::List { subject, .. } => {
            let text = list(world, source)?;
            text.map(Content::Text).with_context(|| {
                format!(
                    "no list of {} is attached to {}",
                    subject.role,
                    subject.reference()
                )
            })
        }
        Source::Package(file) => {
            let path = package_file(world, file)?;
            path.map(Content::File)
                .with_context(|| format!("{} is gone again", file.what()))
        }
    }
}

/// The name of a file at the forge; `None` while it has none yet.
pub(super) fn name(world: &World, asset: &Asset) -> anyhow::Result<Option<String>> {
    let Source::Package(file) = &asset.source else {
        return Ok(Some(asset.name.clone()));
    };
    let path = package_file(world, file)?;
    Ok(path.and_then(|path| Some(asset_name(&path.file_name()?.to_string_lossy()))))
}

fn package_file(world: &World, file: &PackageFile) -> anyhow::Result<Option<PathBuf>> {
    let path = match file {
        PackageFile::Artifact(build) => {
            packages::files::built(world, build)?.map(|built| built.path)
        }
        PackageFile::List(build) => trust::listed(world, build)?,
        PackageFile::Bundle(build, what) => {
            trust::signed(world, build, *what)?.map(|(_, bundle)| bundle)
        }
    };
    Ok(path.filter(|path| world::files::exists(path)))
}

fn list(world: &World, source: &Source) -> anyhow::Result<Option<String>> {
    let Source::List {
        subject,
        format,
        policy,
    } = source
    else {
        return Ok(None);
    };
    // cosign says the same of an image that is not there yet as of a registry that does not answer.
    if world
        .registry()
        .head(&subject.repository, subject.digest.as_str())?
        .is_none()
    {
        return Ok(None);
    }
    let name = format!("{}#{}", subject.reference(), format.word());
    world.shared.contents.list(&name, || {
        attach::attested_list(world, subject, *format, policy)
    })
}
