//! The multi-platform index: bytes that are a pure function of its children (law 8).

use oci_spec::image::{Descriptor, ImageIndexBuilder, MediaType, SCHEMA_VERSION};

use super::candidates::PlatformImage;
use crate::model::image::Digest;
use crate::model::step::ManifestBytes;

/// Docker's own names, which an engine without containerd still pushes.
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// Lists the platforms' images in the order of the configuration, then their attestations, flat.
///
/// Where every child is Docker's kind the index is as well: some clients of that time do not look for one in the other.
pub fn compose(images: &[PlatformImage]) -> anyhow::Result<ManifestBytes> {
    let children: Vec<Descriptor> =
        images.iter().flat_map(|image| &image.images).chain(images.iter().flat_map(|image| &image.attestations)).cloned().collect();
    let is_docker = children.iter().all(|child| child.media_type().to_string() == DOCKER_MANIFEST);
    let media_type = if is_docker { MediaType::Other(DOCKER_INDEX.into()) } else { MediaType::ImageIndex };
    let name = media_type.to_string();
    let index = ImageIndexBuilder::default().schema_version(SCHEMA_VERSION).media_type(media_type).manifests(children).build()?;
    let bytes = serde_json::to_vec_pretty(&index)?;
    Ok(ManifestBytes { digest: Digest::of(&bytes), media_type: name, bytes })
}
