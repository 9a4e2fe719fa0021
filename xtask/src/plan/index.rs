//! The multi-platform index: bytes that are a pure function of its children (law 8).

use oci_spec::image::{Descriptor, ImageIndexBuilder, MediaType, SCHEMA_VERSION};

use super::candidates::PlatformImage;
use crate::model::image::Digest;
use crate::model::image::media_type::{DOCKER_INDEX, DOCKER_MANIFEST};
use crate::model::step::ManifestBytes;

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
    // Annotations are a hash map there, whose order differs from run to run; the bytes must not.
    let mut document = serde_json::to_value(&index)?;
    document.sort_all_objects();
    let bytes = serde_json::to_vec_pretty(&document)?;
    Ok(ManifestBytes { digest: Digest::of(&bytes), media_type: name, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::image::media_type::{OCI_INDEX, OCI_MANIFEST};
    use oci_spec::image::{DescriptorBuilder, PlatformBuilder};

    fn image(media_type: &str, arch: &str, digit: char) -> PlatformImage {
        let digest: oci_spec::image::Digest = format!("sha256:{}", digit.to_string().repeat(64)).parse().unwrap();
        let platform = PlatformBuilder::default().os("linux").architecture(arch).build().unwrap();
        let child = DescriptorBuilder::default().media_type(media_type).digest(digest).size(7_u64).platform(platform).build().unwrap();
        PlatformImage {
            platform: format!("linux/{arch}").parse().unwrap(),
            tag: arch.into(),
            manifest: ManifestBytes { digest: Digest::of(b""), media_type: media_type.into(), bytes: Vec::new() },
            images: vec![child],
            attestations: Vec::new(),
            revision: None,
            built_for: None,
        }
    }

    #[test]
    fn law_8_the_index_is_a_pure_function_of_its_children() {
        let images = [image(OCI_MANIFEST, "amd64", 'a'), image(OCI_MANIFEST, "arm64", 'b')];
        let index = compose(&images).unwrap();
        assert_eq!(index, compose(&images).unwrap());
        assert_eq!(index.digest, Digest::of(&index.bytes));
        assert_eq!(index.media_type, OCI_INDEX);
        assert_ne!(index, compose(&[image(OCI_MANIFEST, "amd64", 'a'), image(OCI_MANIFEST, "arm64", 'c')]).unwrap());
    }

    #[test]
    fn law_8_the_order_of_annotations_is_not_left_to_chance() {
        let attestation = r#"{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:DIGEST","size":7,"annotations":{"a":"1","b":"2","c":"3","d":"4","e":"5","f":"6"}}"#;
        let attested = || {
            let mut image = image(OCI_MANIFEST, "amd64", 'a');
            image.attestations.push(serde_json::from_str(&attestation.replace("DIGEST", &"d".repeat(64))).unwrap());
            compose(&[image]).unwrap()
        };
        let first = attested();
        assert!((0..32).all(|_| attested() == first));
    }

    #[test]
    fn children_of_dockers_kind_alone_make_an_index_of_dockers_kind() {
        let docker = image(DOCKER_MANIFEST, "amd64", 'a');
        assert_eq!(compose(std::slice::from_ref(&docker)).unwrap().media_type, DOCKER_INDEX);
        let mixed = compose(&[docker, image(OCI_MANIFEST, "arm64", 'b')]).unwrap();
        assert_eq!(mixed.media_type, OCI_INDEX);
    }
}
