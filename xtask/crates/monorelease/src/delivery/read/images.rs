//! The images of a release, as the registry serves them.

use monorelease_model::image::{Digest, Platform, media_type};

use super::Unread;
use crate::delivery::ReleaseImages;
use crate::project::Project;
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
    images_of(
        &image.platforms,
        version,
        &found.digest,
        &found.media_type,
        &found.bytes,
    )
    .map_err(|error| unread(format!("{shown}: {error:#}"), "cargo xtask doctor"))
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
