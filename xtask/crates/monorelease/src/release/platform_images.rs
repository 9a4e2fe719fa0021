//! What the manifests of a build hold: one image a platform with the attestations that speak of it, or the reason why not.
//!
//! Three forms are read: a plain image under a platform's tag, an index of one image and its attestations there (as
//! builders push it by default), and one index of all platforms under the build id itself. Nothing is fetched here.

use std::collections::BTreeMap;

use monorelease_model::image::manifest::{Descriptor, ImageIndex, ImageManifest};
use monorelease_model::image::{Digest, Platform, media_type};

use crate::step::manifest::ManifestBytes;

/// Marks an index entry that speaks of another entry (BuildKit, attestation storage).
const ATTESTATION_MARK: &str = "vnd.docker.reference.type";
/// The digest of the entry it speaks of.
const ATTESTATION_SUBJECT: &str = "vnd.docker.reference.digest";

/// The label that names the version an image says it is of (OCI image specification, annotations).
pub const VERSION_LABEL: &str = "org.opencontainers.image.version";
/// The label that names the commit an image was built from (OCI image specification, annotations).
pub const REVISION_LABEL: &str = "org.opencontainers.image.revision";

/// One platform's image, as it was read.
#[derive(Debug, Clone)]
pub struct PlatformImage {
    pub platform: Platform,
    /// The tag it was found under.
    pub tag: String,
    /// What the release name of the platform will name: what the platform's own tag names, or, where all platforms lie in one
    /// index, the platform's image.
    pub named: ManifestBytes,
    /// The image itself, as an index lists it.
    pub image: Descriptor,
    /// `unknown/unknown` entries that speak of the image; carried along (law 11).
    pub attestations: Vec<Descriptor>,
    /// The image's own manifest, then those of its attestations where they were asked for.
    pub manifests: Vec<ManifestBytes>,
    pub labels: BTreeMap<String, String>,
    /// What the image's configuration says it was built for.
    pub built_for: Platform,
}

impl PlatformImage {
    pub fn revision(&self) -> Option<&str> {
        self.labels.get(REVISION_LABEL).map(String::as_str)
    }

    /// What the image says against its build.
    pub fn objection(&self, commit: &str, whose: &str) -> Option<String> {
        let Self {
            tag,
            platform,
            built_for,
            ..
        } = self;
        if built_for != platform {
            return Some(format!(
                "{tag} was built for {built_for}, its name says {platform}"
            ));
        }
        match self.revision() {
            None => Some(format!(
                "{tag} has no label {REVISION_LABEL}, wanted {commit}"
            )),
            Some(revision) if revision != commit => Some(format!(
                "{tag} is labelled revision {revision}, {whose} is {commit}"
            )),
            Some(_) => None,
        }
    }
}

/// One platform's entries of an index.
#[derive(Debug, Clone)]
pub struct Entries {
    pub platform: Platform,
    pub image: Descriptor,
    pub attestations: Vec<Descriptor>,
}

/// Sorts the entries of an index by platform: each of `wanted` once, and nothing that none of them asked for.
///
/// # Errors
/// The first thing in the index that no release can be made of, in words for the list of builds that were turned down.
pub fn entries_of(
    index: &ImageIndex,
    tag: &str,
    wanted: &[Platform],
) -> Result<Vec<Entries>, String> {
    let mut found: Vec<Entries> = Vec::new();
    let mut attestations = Vec::new();
    for entry in &index.manifests {
        let digest = &entry.digest;
        if media_type::is_index(&entry.media_type) {
            return Err(format!(
                "{tag} lists {digest}, which is an index itself; wanted images"
            ));
        }
        if let Some(subject) = subject_of(entry) {
            attestations.push((subject.to_owned(), entry.clone()));
            continue;
        }
        let Some(platform) = entry.platform() else {
            return Err(format!("{tag} lists {digest} without a platform"));
        };
        if (platform.os.as_str(), platform.arch.as_str()) == ("unknown", "unknown") {
            return Err(format!(
                "{tag} lists {digest} as unknown/unknown, and does not say which image it speaks of"
            ));
        }
        if !wanted.contains(&platform) {
            let names = wanted
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", ");
            return Err(format!(
                "{tag} holds an image for {platform}, wanted {names} alone"
            ));
        }
        if found.iter().any(|other| other.platform == platform) {
            return Err(format!("{tag} holds two images for {platform}, wanted one"));
        }
        found.push(Entries {
            platform,
            image: entry.clone(),
            attestations: Vec::new(),
        });
    }
    for (subject, attestation) in attestations {
        match found
            .iter_mut()
            .find(|entries| entries.image.digest.as_str() == subject)
        {
            Some(entries) => entries.attestations.push(attestation),
            None => {
                return Err(format!(
                    "{tag} holds an attestation of {subject}, which is no image in it"
                ));
            }
        }
    }
    found.sort_by_key(|entries| {
        wanted
            .iter()
            .position(|platform| *platform == entries.platform)
    });
    match wanted
        .iter()
        .find(|platform| found.iter().all(|entries| entries.platform != **platform))
    {
        Some(missing) => Err(format!("{tag} holds no image for {missing}")),
        None => Ok(found),
    }
}

/// Which entry of the index this one speaks of, when it is an attestation; empty when it does not say.
fn subject_of(entry: &Descriptor) -> Option<&str> {
    let annotations = entry.annotations.as_ref()?;
    annotations.get(ATTESTATION_MARK)?;
    Some(
        annotations
            .get(ATTESTATION_SUBJECT)
            .map_or("", String::as_str),
    )
}

/// The blobs that a manifest names: its configuration and its layers, each once. Layers with addresses of their own are fetched
/// there, and no registry keeps them.
///
/// # Errors
/// The bytes are no image manifest, or a digest in it is none of ours.
pub fn blobs_of(manifest: &ManifestBytes) -> Result<Vec<Digest>, String> {
    let parsed: ImageManifest = serde_json::from_slice(&manifest.bytes)
        .map_err(|error| format!("{} is no image manifest: {error}", manifest.digest))?;
    let kept = parsed
        .layers
        .into_iter()
        .filter(|layer| layer.urls.is_none());
    let mut blobs: Vec<Digest> = Vec::new();
    for Descriptor { digest, .. } in std::iter::once(parsed.config).chain(kept) {
        if !blobs.contains(&digest) {
            blobs.push(digest);
        }
    }
    Ok(blobs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const MANIFEST: &str = media_type::OCI_MANIFEST;

    fn digest(digit: char) -> String {
        format!("sha256:{}", digit.to_string().repeat(64))
    }

    fn image(digit: char, arch: &str, variant: Option<&str>) -> Value {
        let mut platform = json!({ "os": "linux", "architecture": arch });
        if let Some(variant) = variant {
            platform["variant"] = variant.into();
        }
        json!({ "mediaType": MANIFEST, "digest": digest(digit), "size": 7, "platform": platform })
    }

    fn attestation(digit: char, of: char) -> Value {
        json!({
            "mediaType": MANIFEST, "digest": digest(digit), "size": 7,
            "platform": { "os": "unknown", "architecture": "unknown" },
            "annotations": { "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": digest(of) },
        })
    }

    fn read(entries: &[Value], wanted: &[&str]) -> Result<Vec<(String, usize)>, String> {
        let index =
            json!({ "schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": entries });
        let wanted: Vec<Platform> = wanted.iter().map(|text| text.parse().unwrap()).collect();
        let found = entries_of(&serde_json::from_value(index).unwrap(), "t", &wanted)?;
        Ok(found
            .into_iter()
            .map(|entries| (entries.platform.to_string(), entries.attestations.len()))
            .collect())
    }

    const BOTH: [&str; 2] = ["linux/amd64", "linux/arm64"];

    #[test]
    fn law_11_attestations_go_with_the_image_they_speak_of() {
        let entries = [
            attestation('d', 'b'),
            image('b', "arm64", Some("v8")),
            attestation('c', 'a'),
            image('a', "amd64", None),
        ];
        let found = read(&entries, &BOTH).unwrap();
        assert_eq!(
            found,
            [("linux/amd64".to_owned(), 1), ("linux/arm64".to_owned(), 1)]
        );
    }

    #[test]
    fn law_10_what_no_release_can_be_made_of_is_named() {
        let amd = image('a', "amd64", None);
        let arm = image('b', "arm64", None);
        let nested =
            json!({ "mediaType": media_type::OCI_INDEX, "digest": digest('e'), "size": 7 });
        let docker =
            json!({ "mediaType": media_type::DOCKER_INDEX, "digest": digest('e'), "size": 7 });
        let bare = json!({ "mediaType": MANIFEST, "digest": digest('e'), "size": 7 });
        let mute = json!({ "mediaType": MANIFEST, "digest": digest('e'), "size": 7, "platform": { "os": "unknown", "architecture": "unknown" } });
        for (entries, why) in [
            (
                vec![amd.clone(), image('c', "amd64", None), arm.clone()],
                "t holds two images for linux/amd64, wanted one",
            ),
            (
                vec![image('a', "amd64", Some("v2")), arm.clone()],
                "t holds an image for linux/amd64/v2, wanted linux/amd64, linux/arm64 alone",
            ),
            (vec![amd.clone()], "t holds no image for linux/arm64"),
            (vec![], "t holds no image for linux/amd64"),
            (
                vec![amd.clone(), arm.clone(), image('c', "s390x", None)],
                "t holds an image for linux/s390x, wanted",
            ),
            (
                vec![amd.clone(), arm.clone(), attestation('d', 'f')],
                "t holds an attestation of sha256:ffff",
            ),
            (vec![amd.clone(), nested], "which is an index itself"),
            (vec![amd.clone(), docker], "which is an index itself"),
            (vec![amd.clone(), bare], "without a platform"),
            (
                vec![amd, arm, mute],
                "as unknown/unknown, and does not say which image it speaks of",
            ),
        ] {
            let found = read(&entries, &BOTH).unwrap_err();
            assert!(found.contains(why), "{found:?}, wanted {why:?}");
        }
    }

    #[test]
    fn blobs_are_named_once_and_foreign_layers_not_at_all() {
        let layer = |digit: char| json!({ "mediaType": "l", "digest": digest(digit), "size": 1 });
        let mut foreign = layer('e');
        foreign["urls"] = json!(["https://elsewhere"]);
        let bytes = serde_json::to_vec(
            &json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": layer('a'), "layers": [layer('b'), layer('b'), foreign] }),
        );
        let bytes = bytes.unwrap();
        let manifest = ManifestBytes {
            digest: Digest::of(&bytes),
            media_type: MANIFEST.into(),
            bytes,
        };
        let blobs = blobs_of(&manifest).unwrap();
        assert_eq!(
            blobs.iter().map(Digest::as_str).collect::<Vec<_>>(),
            [digest('a'), digest('b')]
        );
        assert!(
            blobs_of(&ManifestBytes {
                bytes: b"[]".to_vec(),
                ..manifest
            })
            .unwrap_err()
            .contains("is no image manifest")
        );
    }
}
