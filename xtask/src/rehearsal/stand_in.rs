//! Images for a rehearsal without a container engine: real manifests and labels, and nothing inside.

use serde_json::json;

use super::registry::EmbeddedRegistry;
use crate::model::build_id::arch_suffix;
use crate::model::image::{Digest, Platform, Repository};
use crate::world::registry::{Registry, RegistryOptions};
use crate::world::registry_auth::Credentials;

/// What a stand-in claims to be.
pub struct StandIn<'a> {
    pub platform: &'a Platform,
    pub version: &'a str,
    pub revision: &'a str,
    /// RFC 3339.
    pub created: &'a str,
}

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// Pushes a stand-in under a tag, children first, and gives its digest.
pub fn push(registry: &Registry, repository: &Repository, tag: &str, image: &StandIn<'_>) -> anyhow::Result<Digest> {
    // The end mark of an archive that holds no file: the smallest layer that engines take.
    let layer = vec![0_u8; 1024];
    let layer_digest = registry.put_blob(repository, &layer)?;
    let mut configuration = json!({
        "created": image.created,
        "os": image.platform.os,
        "architecture": image.platform.arch,
        "config": { "Labels": {
            "org.opencontainers.image.version": image.version,
            "org.opencontainers.image.revision": image.revision,
            "org.opencontainers.image.created": image.created,
        } },
        "rootfs": { "type": "layers", "diff_ids": [layer_digest.to_string()] },
        "history": [],
    });
    if let Some(variant) = &image.platform.variant {
        configuration["variant"] = variant.as_str().into();
    }
    let configuration = serde_json::to_vec(&configuration)?;
    let configuration_digest = registry.put_blob(repository, &configuration)?;
    let manifest = serde_json::to_vec(&json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": { "mediaType": "application/vnd.oci.image.config.v1+json", "digest": configuration_digest.to_string(), "size": configuration.len() },
        "layers": [{ "mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": layer_digest.to_string(), "size": layer.len() }],
    }))?;
    Ok(registry.put_manifest(repository, tag, MANIFEST, &manifest)?)
}

/// Pushes a stand-in into an embedded registry, by names alone; for tests.
pub fn push_to(
    server: &EmbeddedRegistry,
    repository: &str,
    build_id: &str,
    platform: &str,
    version: &str,
    revision: &str,
) -> anyhow::Result<()> {
    let registry = Registry::new(RegistryOptions::new(Credentials::default()));
    let repository: Repository = format!("{}/{repository}", server.address()).parse()?;
    let platform: Platform = platform.parse()?;
    let tag = format!("{build_id}-{}", arch_suffix(&platform));
    push(&registry, &repository, &tag, &StandIn { platform: &platform, version, revision, created: "2026-01-01T00:00:00Z" })?;
    Ok(())
}
