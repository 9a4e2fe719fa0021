//! The images of a release, as the registry serves them.

use monorelease_model::image::manifest::{ImageConfiguration, ImageManifest};
use monorelease_model::image::{Digest, Platform, Repository, media_type};

use super::Unread;
use crate::delivery::ReleaseImages;
use crate::project::Project;
use crate::release::platform_images::VERSION_LABEL;
use crate::release::registry_images::{CONFIGURATION_LIMIT_BYTES, lacks};
use crate::world::World;

/// The images under a version or a digest.
///
/// # Errors
/// The registry does not serve it, or cannot be read.
pub fn served(world: &World, project: &Project, named: &str) -> Result<ReleaseImages, Unread> {
    let name = &project.name;
    let unread = |what: String, fix: &str| Unread {
        what,
        fix: fix.to_owned(),
    };
    let Some(image) = &project.image else {
        return Err(unread(
            format!("{name} has no image"),
            "add image = { platforms = [...] } to the project",
        ));
    };
    let (version, mark) = match named.parse::<Digest>() {
        Ok(_) => ("", '@'),
        Err(_) => (named, ':'),
    };
    let shown = format!("{}{mark}{named}", image.release);
    let found = world
        .registry()
        .manifest(&image.release, named)
        .map_err(|error| {
            unread(
                format!("the registry cannot be read: {error}"),
                "cargo xtask doctor",
            )
        })?
        .ok_or_else(|| {
            unread(
                format!("the registry does not serve {shown}"),
                &format!(
                    "cargo xtask status {name}, which tells what is released; then the same line with one of those"
                ),
            )
        })?;
    let broken = |error: anyhow::Error| unread(format!("{shown}: {error:#}"), "cargo xtask doctor");
    if media_type::is_index(&found.media_type) {
        let index = serde_json::from_slice(&found.bytes).map_err(|error| broken(error.into()))?;
        let lacks = lacks(world.registry(), &image.release, &index)
            .map_err(|error| broken(error.into()))?;
        if let Some(lacks) = lacks {
            return Err(unread(
                format!("{shown} {lacks}"),
                &format!("docker buildx imagetools inspect {shown}"),
            ));
        }
    }
    let mut images = images_of(
        &image.platforms,
        version,
        &found.digest,
        &found.media_type,
        &found.bytes,
    )
    .map_err(broken)?;
    if images.platforms.is_empty() {
        let built = configuration(world, &image.release, &found.bytes).map_err(broken)?;
        images.platforms.push((built.platform(), found.digest));
    }
    Ok(images)
}

/// The images of platforms that pins name by digest alone: the release that they are of, as their label tells, or else they
/// themselves, known by the digest of the first.
///
/// # Errors
/// The registry does not serve one of them, or cannot be read.
pub fn of_platforms(
    world: &World,
    project: &Project,
    parts: &[(Platform, Digest)],
) -> Result<Option<ReleaseImages>, Unread> {
    let (Some((_, first)), Some(image)) = (parts.first(), &project.image) else {
        return Ok(None);
    };
    for (_, digest) in parts {
        served(world, project, digest.as_str())?;
    }
    let labelled = version_label(world, &image.release, first).map_err(|error| Unread {
        what: format!("{}@{first}: {error:#}", image.release),
        fix: "cargo xtask doctor".to_owned(),
    })?;
    let release = labelled.and_then(|version| served(world, project, &version).ok());
    let holds = |images: &ReleaseImages| parts.iter().all(|part| images.platforms.contains(part));
    Ok(Some(release.filter(holds).unwrap_or_else(|| {
        ReleaseImages {
            version: String::new(),
            index: first.clone(),
            platforms: parts.to_vec(),
        }
    })))
}

/// The version that the label of an image names.
fn version_label(
    world: &World,
    repository: &Repository,
    digest: &Digest,
) -> anyhow::Result<Option<String>> {
    let Some(manifest) = world.registry().manifest(repository, digest.as_str())? else {
        return Ok(None);
    };
    if media_type::is_index(&manifest.media_type) {
        return Ok(None);
    }
    let mut labels = configuration(world, repository, &manifest.bytes)?.into_labels();
    Ok(labels.remove(VERSION_LABEL))
}

/// What the configuration of an image says of it.
fn configuration(
    world: &World,
    repository: &Repository,
    manifest: &[u8],
) -> anyhow::Result<ImageConfiguration> {
    let manifest: ImageManifest = serde_json::from_slice(manifest)?;
    let digest = manifest.config.digest;
    let bytes = world
        .registry()
        .blob(repository, &digest, CONFIGURATION_LIMIT_BYTES)?;
    Ok(serde_json::from_slice(&bytes)?)
}

/// The digest under a version, whether or not its platforms are all there: what is rolled back from may be broken.
///
/// # Errors
/// The registry does not serve it, or cannot be read.
pub fn digest_of(world: &World, project: &Project, version: &str) -> Result<Digest, Unread> {
    let name = &project.name;
    let unread = |what: String, fix: String| Unread { what, fix };
    let Some(image) = &project.image else {
        let what = format!("{name} has no image");
        let fix = "add image = { platforms = [...] } to the project".to_owned();
        return Err(unread(what, fix));
    };
    match world.registry().head(&image.release, version) {
        Ok(Some(found)) => Ok(found.digest),
        Ok(None) => Err(unread(
            format!("the registry does not serve {}:{version}", image.release),
            format!("cargo xtask status {name}"),
        )),
        Err(error) => Err(unread(
            format!("the registry cannot be read: {error}"),
            "cargo xtask doctor".to_owned(),
        )),
    }
}

/// What a manifest or an index holds for each platform.
///
/// # Errors
/// It is no index that can be read.
pub(crate) fn images_of(
    platforms: &[Platform],
    version: &str,
    digest: &Digest,
    kind: &str,
    bytes: &[u8],
) -> anyhow::Result<ReleaseImages> {
    let mut images = ReleaseImages {
        version: version.to_owned(),
        index: digest.clone(),
        platforms: Vec::new(),
    };
    if !media_type::is_index(kind) {
        images.platforms = platforms
            .iter()
            .map(|platform| (platform.clone(), digest.clone()))
            .collect();
        // A manifest is one platform's; of several there is no telling which.
        images
            .platforms
            .truncate(if images.platforms.len() == 1 { 1 } else { 0 });
        return Ok(images);
    }
    let index: serde_json::Value = serde_json::from_slice(bytes)?;
    for entry in index["manifests"].as_array().into_iter().flatten() {
        let word = |key: &str| entry["platform"][key].as_str();
        // Attestations speak of other entries, and run nowhere (law 11).
        if let (Some(os), Some(arch)) = (
            word("os").filter(|os| *os != "unknown"),
            word("architecture"),
        ) {
            let digest: Digest = entry["digest"].as_str().unwrap_or_default().parse()?;
            images
                .platforms
                .push((Platform::new(os, arch, word("variant")), digest));
        }
    }
    Ok(images)
}
