//! Images for a rehearsal without a container engine: real manifests, labels and attestations, and nothing inside.
//!
//! They have the two shapes that builders push: a plain image, and an index of one image with the attestation that speaks of it.

use monorelease_model::build_id::arch_suffix;
use monorelease_model::image::media_type::OCI_INDEX as INDEX;
use monorelease_model::image::media_type::OCI_MANIFEST as MANIFEST;
use monorelease_model::image::{Digest, Platform, Repository};
use monorelease_oci_registry::client::Registry;
use monorelease_oci_registry::credentials::Credentials;
use monorelease_oci_registry::options::RegistryOptions;
use monorelease_stand_ins::registry::EmbeddedRegistry;
use serde_json::{Value, json};

/// The smallest layer that engines take: the end mark of an archive.
pub const LAYER_BYTES: usize = 1024;

/// What a stand-in claims to be.
pub struct StandIn<'a> {
    pub platform: &'a Platform,
    pub version: &'a str,
    pub revision: &'a str,
    /// RFC 3339.
    pub created: &'a str,
    /// Whether it comes with an attestation, as `docker buildx build --push` makes it where the engine can.
    pub attested: bool,
    /// How large its one layer is: zeros, which is an archive without files. 1024 is the least that engines take.
    pub layer_bytes: usize,
}

/// Pushes a stand-in under a tag, children first, and gives the digest that the tag then names.
pub fn push(
    registry: &Registry,
    repository: &Repository,
    tag: &str,
    image: &StandIn<'_>,
) -> anyhow::Result<Digest> {
    // The end mark of an archive that holds no file, and as many zeros behind it as wanted.
    let layer = vec![0_u8; image.layer_bytes];
    let manifest = manifest(
        registry,
        repository,
        &configuration(image),
        &layer,
        "application/vnd.oci.image.layer.v1.tar",
    )?;
    if !image.attested {
        return Ok(registry.put_manifest(repository, tag, MANIFEST, &manifest)?);
    }
    let digest = registry.put_manifest(
        repository,
        Digest::of(&manifest).as_str(),
        MANIFEST,
        &manifest,
    )?;
    let statement = serde_json::to_vec(&json!({
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": "https://slsa.dev/provenance/v0.2",
        "subject": [{ "name": tag, "digest": { "sha256": digest.hex() } }],
        "predicate": {},
    }))?;
    let nothing = json!({ "os": "unknown", "architecture": "unknown", "rootfs": { "type": "layers", "diff_ids": [Digest::of(&statement).to_string()] } });
    let attestation = self::manifest(
        registry,
        repository,
        &nothing,
        &statement,
        "application/vnd.in-toto+json",
    )?;
    let attestation_digest = registry.put_manifest(
        repository,
        Digest::of(&attestation).as_str(),
        MANIFEST,
        &attestation,
    )?;
    let index = serde_json::to_vec(&json!({
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": [
            { "mediaType": MANIFEST, "digest": digest.to_string(), "size": manifest.len(), "platform": platform(image.platform) },
            {
                "mediaType": MANIFEST,
                "digest": attestation_digest.to_string(),
                "size": attestation.len(),
                "annotations": { "vnd.docker.reference.digest": digest.to_string(), "vnd.docker.reference.type": "attestation-manifest" },
                "platform": { "architecture": "unknown", "os": "unknown" },
            },
        ],
    }))?;
    Ok(registry.put_manifest(repository, tag, INDEX, &index)?)
}

fn platform(platform: &Platform) -> Value {
    let mut document = json!({ "architecture": platform.arch, "os": platform.os });
    if let Some(variant) = &platform.variant {
        document["variant"] = variant.as_str().into();
    }
    document
}

fn configuration(image: &StandIn<'_>) -> Value {
    let mut configuration = platform(image.platform);
    configuration["created"] = image.created.into();
    configuration["config"] = json!({ "Labels": {
        "org.opencontainers.image.version": image.version,
        "org.opencontainers.image.revision": image.revision,
        "org.opencontainers.image.created": image.created,
    } });
    configuration["rootfs"] = json!({ "type": "layers", "diff_ids": [Digest::of(&vec![0_u8; image.layer_bytes]).to_string()] });
    configuration
}

/// Pushes what a manifest refers to, and gives the manifest's bytes.
fn manifest(
    registry: &Registry,
    repository: &Repository,
    configuration: &Value,
    layer: &[u8],
    layer_type: &str,
) -> anyhow::Result<Vec<u8>> {
    let configuration = serde_json::to_vec(configuration)?;
    let config_digest = registry.put_blob(repository, &configuration)?;
    let layer_digest = registry.put_blob(repository, layer)?;
    Ok(serde_json::to_vec(&json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": { "mediaType": "application/vnd.oci.image.config.v1+json", "digest": config_digest.to_string(), "size": configuration.len() },
        "layers": [{ "mediaType": layer_type, "digest": layer_digest.to_string(), "size": layer.len() }],
    }))?)
}

/// Pushes a stand-in into an embedded registry that asks for no credentials, by names alone; for tests.
pub fn push_to(
    server: &EmbeddedRegistry,
    repository: &str,
    build_id: &str,
    platform: &str,
    version: &str,
    revision: &str,
    attested: bool,
) -> anyhow::Result<()> {
    push_at(
        Target {
            address: &server.address(),
            config: "{}",
            repository,
        },
        build_id,
        platform,
        version,
        revision,
        attested,
    )
}

/// Where a stand-in is pushed to: a registry, the `config.json` with credentials for it, and a repository there.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    pub address: &'a str,
    pub config: &'a str,
    pub repository: &'a str,
}

/// Pushes a stand-in into any registry, by names alone; for tests.
pub fn push_at(
    target: Target<'_>,
    build_id: &str,
    platform: &str,
    version: &str,
    revision: &str,
    attested: bool,
) -> anyhow::Result<()> {
    let registry = Registry::new(RegistryOptions::new(Credentials::from_docker_config(
        target.config,
        "config.json",
    )?));
    let repository: Repository = format!("{}/{}", target.address, target.repository).parse()?;
    let platform: Platform = platform.parse()?;
    let tag = format!("{build_id}-{}", arch_suffix(&platform));
    let image = StandIn {
        platform: &platform,
        version,
        revision,
        created: "2026-01-01T00:00:00Z",
        attested,
        layer_bytes: LAYER_BYTES,
    };
    push(&registry, &repository, &tag, &image)?;
    Ok(())
}
