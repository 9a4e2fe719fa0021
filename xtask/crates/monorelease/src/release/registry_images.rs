//! Reads the images that a tag of a registry names: the image or index, what an index lists, and each configuration.

use monorelease_http_client::parallel::side_by_side;
use monorelease_model::image::manifest::{
    Descriptor, ImageConfiguration, ImageIndex, ImageManifest,
};
use monorelease_model::image::{Platform, Repository, media_type};
use monorelease_oci_registry::client::{Manifest, Registry};
use monorelease_oci_registry::error::RegistryError;

use super::platform_images::{Entries, PlatformImage, entries_of};
use crate::step::manifest::ManifestBytes;
use crate::world::World;

/// Configurations are small; a registry that serves more under that name is not to be believed.
pub const CONFIGURATION_LIMIT_BYTES: u64 = 8 * 1024 * 1024;

/// Why there is nothing to go on with.
pub enum Unusable {
    /// It was read, and this speaks against it.
    Objection(String),
    /// It could not be read (law 15).
    Unread(anyhow::Error),
}

impl From<RegistryError> for Unusable {
    fn from(error: RegistryError) -> Self {
        Self::Unread(error.into())
    }
}

pub(super) type Read<T> = Result<T, Unusable>;

pub(super) fn objection<T>(why: String) -> Read<T> {
    Err(Unusable::Objection(why))
}

/// What a platform's tag holds: one image, plain or in an index with its attestations. `None` when there is no such tag.
///
/// # Errors
/// It could not be read, or it is nothing that `build` pushes.
pub fn platform_image(
    world: &World,
    repository: &Repository,
    tag: &str,
    platform: &Platform,
) -> Read<Option<PlatformImage>> {
    let found = read(
        world.registry(),
        repository,
        tag,
        std::slice::from_ref(platform),
    )?;
    Ok(found.and_then(|images| images.into_iter().next()))
}

/// Reads what a tag names, and of each of the platforms the image and its configuration.
pub(super) fn read(
    registry: &Registry,
    repository: &Repository,
    tag: &str,
    platforms: &[Platform],
) -> Read<Option<Vec<PlatformImage>>> {
    let Some(top) = registry.manifest(repository, tag)? else {
        return Ok(None);
    };
    let top = carried(top);
    if !media_type::is_index(&top.media_type) {
        let [platform] = platforms else {
            return objection(format!(
                "{tag} is one image, wanted an index of {} platforms",
                platforms.len()
            ));
        };
        let entries = Entries {
            platform: platform.clone(),
            image: describe(&top, platform),
            attestations: Vec::new(),
        };
        return Ok(Some(vec![configured(
            registry,
            repository,
            tag,
            entries,
            top.clone(),
            top,
        )?]));
    }
    let index: ImageIndex = parsed(&top.bytes, || format!("{tag} is no index"))?;
    let entries = entries_of(&index, tag, platforms).map_err(Unusable::Objection)?;
    let images = entries.into_iter().map(|entries| {
        let manifest = child(registry, repository, tag, &entries.image)?;
        configured(registry, repository, tag, entries, top.clone(), manifest)
    });
    images.collect::<Read<Vec<_>>>().map(Some)
}

/// The image with what its configuration says.
fn configured(
    registry: &Registry,
    repository: &Repository,
    tag: &str,
    entries: Entries,
    named: ManifestBytes,
    manifest: ManifestBytes,
) -> Read<PlatformImage> {
    let image: ImageManifest = parsed(&manifest.bytes, || {
        format!(
            "{tag} holds {}, which is no image manifest",
            manifest.digest
        )
    })?;
    let digest = image.config.digest;
    let bytes = registry.blob(repository, &digest, CONFIGURATION_LIMIT_BYTES)?;
    let config: ImageConfiguration = parsed(&bytes, || {
        format!("{tag} has {digest}, which is no image's configuration")
    })?;
    Ok(PlatformImage {
        platform: entries.platform,
        tag: tag.to_owned(),
        named,
        image: entries.image,
        attestations: entries.attestations,
        manifests: vec![manifest],
        built_for: config.platform(),
        labels: config.into_labels(),
    })
}

/// Reads bytes that are those of their digest: when they are not what they should be, no other try would find them so.
fn parsed<T: serde::de::DeserializeOwned>(bytes: &[u8], what: impl Fn() -> String) -> Read<T> {
    serde_json::from_slice(bytes)
        .map_err(|error| Unusable::Objection(format!("{}: {error}", what())))
}

/// A manifest that an index lists.
pub(super) fn child(
    registry: &Registry,
    repository: &Repository,
    tag: &str,
    entry: &Descriptor,
) -> Read<ManifestBytes> {
    let digest = &entry.digest;
    match registry.manifest(repository, digest.as_str())? {
        Some(found) => Ok(carried(found)),
        None => objection(format!(
            "{tag} lists {digest}, which the registry does not serve"
        )),
    }
}

/// What an index lacks to be run on every platform that it lists (law 20); `None` where nothing does. A registry goes on
/// serving an index whose images were deleted.
///
/// # Errors
/// The registry could not be read.
pub fn lacks(
    registry: &Registry,
    repository: &Repository,
    index: &ImageIndex,
) -> Result<Option<String>, RegistryError> {
    let runs = |entry: &&Descriptor| {
        entry
            .platform()
            .is_none_or(|platform| platform.os != "unknown")
    };
    let images: Vec<&Descriptor> = index.manifests.iter().filter(runs).collect();
    if images.is_empty() {
        return Ok(Some("lists no image of any platform".to_owned()));
    }
    let found = side_by_side(&images, |entry| {
        registry.head(repository, entry.digest.as_str())
    });
    for (entry, found) in images.iter().zip(found) {
        if found?.is_none() {
            let platform = entry
                .platform()
                .map_or_else(|| "an image".to_owned(), |platform| platform.to_string());
            return Ok(Some(format!(
                "lists {platform} as {}, which {repository} does not serve",
                entry.digest
            )));
        }
    }
    Ok(None)
}

fn carried(manifest: Manifest) -> ManifestBytes {
    let Manifest {
        digest,
        media_type,
        bytes,
    } = manifest;
    ManifestBytes {
        digest,
        media_type,
        bytes,
    }
}

/// How an index would list a platform's image that is in none.
fn describe(manifest: &ManifestBytes, platform: &Platform) -> Descriptor {
    let size = manifest.bytes.len() as u64;
    Descriptor {
        platform: Some(platform.into()),
        ..Descriptor::new(&manifest.media_type, manifest.digest.clone(), size)
    }
}
