//! Manifests, indexes and configurations of images, as far as they are read here (OCI image specification).
//!
//! `oci-spec` has these types too. It brings 17 crates that every adopter would compile, and drops `os.version` and `os.features`
//! of a platform. Keys that are unknown here are not errors; documents that are put back are kept as bytes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Digest, Platform};

/// What `schemaVersion` is in every manifest and index.
pub const SCHEMA_VERSION: u32 = 2;

/// What one document says of another: type, digest and size, and for entries of an index what it runs on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    pub media_type: String,
    pub digest: Digest,
    /// In bytes.
    pub size: u64,
    /// Where else the content can be fetched; registries need not have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub urls: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annotations: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<DescriptorPlatform>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The content itself, in Base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
}

impl Descriptor {
    /// A descriptor without optional parts.
    pub fn new(media_type: &str, digest: Digest, size: u64) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest,
            size,
            urls: None,
            annotations: None,
            platform: None,
            artifact_type: None,
            data: None,
        }
    }

    /// What the content runs on, where the descriptor names it.
    pub fn platform(&self) -> Option<Platform> {
        let platform = self.platform.as_ref()?;
        Some(Platform::new(
            &platform.os,
            &platform.architecture,
            platform.variant.as_deref(),
        ))
    }
}

/// A platform with everything that an index may say of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescriptorPlatform {
    pub architecture: String,
    pub os: String,
    #[serde(rename = "os.version", skip_serializing_if = "Option::is_none")]
    pub os_version: Option<String>,
    #[serde(rename = "os.features", skip_serializing_if = "Option::is_none")]
    pub os_features: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub features: Option<Vec<String>>,
}

impl From<&Platform> for DescriptorPlatform {
    fn from(platform: &Platform) -> Self {
        Self {
            architecture: platform.arch.clone(),
            os: platform.os.clone(),
            os_version: None,
            os_features: None,
            variant: platform.variant.clone(),
            features: None,
        }
    }
}

/// A list of manifests: of one image for several platforms, or of what refers to a digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageIndex {
    pub schema_version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    pub manifests: Vec<Descriptor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annotations: Option<BTreeMap<String, String>>,
}

/// The manifest of one image.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageManifest {
    pub schema_version: u32,
    pub config: Descriptor,
    pub layers: Vec<Descriptor>,
}

/// The configuration of one image.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ImageConfiguration {
    architecture: String,
    os: String,
    variant: Option<String>,
    config: Option<ContainerConfig>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct ContainerConfig {
    #[serde(rename = "Labels")]
    labels: Option<BTreeMap<String, String>>,
}

impl ImageConfiguration {
    /// What the image was built for.
    pub fn platform(&self) -> Platform {
        Platform::new(&self.os, &self.architecture, self.variant.as_deref())
    }

    /// The labels, without any if it has none.
    pub fn into_labels(self) -> BTreeMap<String, String> {
        self.config
            .and_then(|config| config.labels)
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn entry() -> Value {
        json!({
            "mediaType": "m", "digest": Digest::of(b"x"), "size": 7, "urls": ["https://localhost/x"],
            "annotations": { "a": "b" }, "artifactType": "t", "data": "eA==",
            "platform": {
                "architecture": "arm64", "os": "windows", "os.version": "10.0", "os.features": ["win32k"],
                "variant": "v8", "features": ["sse4"],
            },
        })
    }

    #[test]
    fn law_11_an_entry_is_carried_along_with_all_that_the_specification_names() {
        let index = json!({ "schemaVersion": 2, "mediaType": "i", "manifests": [entry()], "annotations": { "k": "v" } });
        let read: ImageIndex = serde_json::from_value(index.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), index);
        assert_eq!(
            read.manifests[0].platform(),
            Some(Platform::new("windows", "arm64", None))
        );
        let bare = json!({ "mediaType": "m", "digest": Digest::of(b"x"), "size": 7 });
        let read: Descriptor = serde_json::from_value(bare.clone()).unwrap();
        assert_eq!(read, Descriptor::new("m", Digest::of(b"x"), 7));
        assert_eq!(serde_json::to_value(&read).unwrap(), bare);
    }

    #[test]
    fn what_is_required_is_missed_and_what_is_unknown_is_not() {
        for key in ["mediaType", "digest", "size"] {
            let mut entry = entry();
            entry.as_object_mut().unwrap().remove(key);
            let error = serde_json::from_value::<Descriptor>(entry).unwrap_err();
            assert!(error.to_string().contains(key), "{error}");
        }
        let mut wrong = entry();
        wrong["digest"] = json!("sha512:00");
        let error = serde_json::from_value::<Descriptor>(wrong).unwrap_err();
        assert!(error.to_string().contains("\"sha512:00\""), "{error}");
        let mut unknown = entry();
        unknown["new"] = json!(null);
        assert!(serde_json::from_value::<Descriptor>(unknown).is_ok());
    }

    #[test]
    fn a_configuration_has_a_platform_and_perhaps_labels() {
        let read = |config: Value| serde_json::from_value::<ImageConfiguration>(config);
        let labelled =
            json!({ "architecture": "amd64", "os": "linux", "config": { "Labels": { "a": "b" } } });
        let configuration = read(labelled).unwrap();
        assert_eq!(configuration.platform().to_string(), "linux/amd64");
        assert_eq!(configuration.into_labels()["a"], "b");
        for config in [json!(null), json!({}), json!({ "Labels": null })] {
            let bare =
                json!({ "architecture": "arm", "os": "linux", "variant": "v7", "config": config });
            let configuration = read(bare).unwrap();
            assert_eq!(configuration.platform().to_string(), "linux/arm/v7");
            assert!(configuration.into_labels().is_empty());
        }
        assert!(read(json!({ "os": "linux" })).is_err());
    }
}
