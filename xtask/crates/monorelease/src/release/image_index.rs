//! The multi-platform index: bytes that are a pure function of its children and of the version they are released as (law 8).
//!
//! It is flat: every platform's image, then the attestations that speak of them. Nothing in it depends on the clock, on the
//! order in which things were found, or on what the configuration says besides.

use std::collections::BTreeMap;

use monorelease_model::image::Digest;
use monorelease_model::image::manifest::{Descriptor, ImageIndex, SCHEMA_VERSION};
use monorelease_model::image::media_type::{DOCKER_INDEX, DOCKER_MANIFEST, OCI_INDEX};
use monorelease_model::version::Version;

use super::platform_images::PlatformImage;
use crate::step::manifest::ManifestBytes;

/// The annotation that says of which version an index is (OCI image specification, annotations).
pub const VERSION_ANNOTATION: &str = "org.opencontainers.image.version";

/// Labels that become annotations of the index where every platform's image says the same: registries show those of the index,
/// and not those of its children.
const FROM_LABELS: [&str; 8] = [
    "created",
    "description",
    "documentation",
    "licenses",
    "revision",
    "source",
    "title",
    "url",
];

/// Lists the platforms' images by the names of the platforms, then their attestations in the same order, flat.
///
/// Where every child is Docker's kind the index is as well: some clients of that time do not look for one in the other. Docker's
/// kind has no annotations.
pub fn compose(version: &Version, images: &[PlatformImage]) -> anyhow::Result<ManifestBytes> {
    compose_as(&version.to_semver(), images)
}

/// As [`compose`], for what has a name and no version.
pub fn compose_as(version: &str, images: &[PlatformImage]) -> anyhow::Result<ManifestBytes> {
    let mut images: Vec<&PlatformImage> = images.iter().collect();
    images.sort_by_key(|image| &image.platform);
    let mut children: Vec<Descriptor> = images.iter().map(|image| image.image.clone()).collect();
    for image in &images {
        let mut attestations = image.attestations.clone();
        attestations.sort_by(|one, other| one.digest.cmp(&other.digest));
        children.extend(attestations);
    }
    let is_docker = children
        .iter()
        .all(|child| child.media_type == DOCKER_MANIFEST);
    let media_type = if is_docker { DOCKER_INDEX } else { OCI_INDEX };
    let mut document = serde_json::to_value(ImageIndex {
        schema_version: SCHEMA_VERSION,
        media_type: Some(media_type.to_owned()),
        manifests: children,
        annotations: (!is_docker).then(|| annotations(version, &images)),
    })?;
    // The digest of the index must not depend on the order of fields in our types.
    document.sort_all_objects();
    let bytes = serde_json::to_vec_pretty(&document)?;
    Ok(ManifestBytes {
        digest: Digest::of(&bytes),
        media_type: media_type.to_owned(),
        bytes,
    })
}

fn annotations(version: &str, images: &[&PlatformImage]) -> BTreeMap<String, String> {
    let mut annotations = BTreeMap::from([(VERSION_ANNOTATION.to_owned(), version.to_owned())]);
    let [first, others @ ..] = images else {
        return annotations;
    };
    for name in FROM_LABELS.map(|name| format!("org.opencontainers.image.{name}")) {
        let value = first.labels.get(&name).filter(|value| !value.is_empty());
        if let Some(value) = value.filter(|value| {
            others
                .iter()
                .all(|other| other.labels.get(&name) == Some(value))
        }) {
            annotations.insert(name, value.clone());
        }
    }
    annotations
}

#[cfg(test)]
mod tests {
    use super::*;
    use monorelease_model::image::media_type::OCI_MANIFEST;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    const ARCHS: [&str; 4] = ["amd64", "arm64", "riscv64", "s390x"];

    fn version() -> Version {
        Version::parse_semver("0.2.0").unwrap()
    }

    fn digest(seed: &str) -> String {
        Digest::of(seed.as_bytes()).to_string()
    }

    fn image(media_type: &str, arch: &str) -> PlatformImage {
        let platform = json!({ "os": "linux", "architecture": arch });
        let child = json!({ "mediaType": media_type, "digest": digest(arch), "size": 7, "platform": platform });
        PlatformImage {
            platform: format!("linux/{arch}").parse().unwrap(),
            tag: arch.into(),
            named: ManifestBytes {
                digest: Digest::of(b""),
                media_type: media_type.into(),
                bytes: Vec::new(),
            },
            image: serde_json::from_value(child).unwrap(),
            attestations: Vec::new(),
            manifests: Vec::new(),
            labels: BTreeMap::new(),
            built_for: format!("linux/{arch}").parse().unwrap(),
        }
    }

    fn attested(arch: &str, attestations: usize) -> PlatformImage {
        let mut image = image(OCI_MANIFEST, arch);
        let annotations: BTreeMap<_, _> = (0..9).map(|key| (format!("key.{key}"), arch)).collect();
        image.attestations = (0..attestations)
            .map(|number| {
                let entry = json!({
                    "mediaType": OCI_MANIFEST, "digest": digest(&format!("{arch}{number}")), "size": 7,
                    "annotations": annotations, "platform": { "os": "unknown", "architecture": "unknown" },
                });
                serde_json::from_value(entry).unwrap()
            })
            .collect();
        for (name, value) in [
            ("revision", "abc"),
            ("source", "https://localhost/acme"),
            ("created", arch),
        ] {
            image
                .labels
                .insert(format!("org.opencontainers.image.{name}"), value.to_owned());
        }
        image
    }

    fn document(index: &ManifestBytes) -> Value {
        serde_json::from_slice(&index.bytes).unwrap()
    }

    proptest! {
        #[test]
        fn law_8_the_order_in_which_things_were_found_does_not_matter(
            archs in Just(ARCHS.to_vec()).prop_shuffle(), turns in proptest::collection::vec(0..3_usize, 4),
        ) {
            let in_order: Vec<_> = ARCHS.iter().map(|arch| attested(arch, 3)).collect();
            let found: Vec<_> = archs.iter().zip(turns).map(|(arch, turn)| {
                let mut image = attested(arch, 3);
                image.attestations.rotate_left(turn);
                image
            }).collect();
            prop_assert_eq!(compose(&version(), &found).unwrap(), compose(&version(), &in_order).unwrap());
        }

        #[test]
        fn law_8_another_child_or_version_makes_another_index(which in 0..4_usize, patch in 1..99_u64) {
            let images: Vec<_> = ARCHS.iter().map(|arch| attested(arch, 1)).collect();
            let index = compose(&version(), &images).unwrap();
            let mut others = images.clone();
            others[which].image.digest = digest("another").parse().unwrap();
            prop_assert_ne!(&index, &compose(&version(), &others).unwrap());
            let later = Version::parse_semver(&format!("0.2.{patch}")).unwrap();
            prop_assert_ne!(&index, &compose(&later, &images).unwrap());
        }
    }

    #[test]
    fn law_11_the_index_is_flat_with_attestations_behind_the_platforms() {
        let index = compose(&version(), &[attested("arm64", 1), attested("amd64", 1)]).unwrap();
        assert_eq!(
            (index.digest.clone(), index.media_type.as_str()),
            (Digest::of(&index.bytes), OCI_INDEX)
        );
        let document = document(&index);
        let archs: Vec<_> = document["manifests"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["platform"]["architecture"].clone())
            .collect();
        assert_eq!(archs, ["amd64", "arm64", "unknown", "unknown"]);
        assert_eq!(
            document["manifests"][2]["digest"],
            digest("amd640"),
            "the attestation of the first platform"
        );
    }

    #[test]
    fn annotations_say_what_every_platform_says() {
        let document =
            document(&compose(&version(), &[attested("amd64", 0), attested("arm64", 0)]).unwrap());
        let wanted = json!({
            "org.opencontainers.image.revision": "abc",
            "org.opencontainers.image.source": "https://localhost/acme",
            "org.opencontainers.image.version": "0.2.0",
        });
        assert_eq!(
            document["annotations"], wanted,
            "created differs between the two, and is left out"
        );
    }

    #[test]
    fn children_of_dockers_kind_alone_make_an_index_of_dockers_kind() {
        let docker = image(DOCKER_MANIFEST, "amd64");
        let index = compose(&version(), std::slice::from_ref(&docker)).unwrap();
        assert_eq!(
            (
                index.media_type.as_str(),
                document(&index).get("annotations")
            ),
            (DOCKER_INDEX, None)
        );
        let mixed = compose(&version(), &[docker, image(OCI_MANIFEST, "arm64")]).unwrap();
        assert_eq!(mixed.media_type, OCI_INDEX);
    }
}
