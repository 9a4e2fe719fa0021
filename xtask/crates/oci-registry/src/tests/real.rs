//! What every registry must do for the client: the same bodies against the embedded registry, in each of its ways, and
//! against Debian's docker-registry where it is installed.

#[path = "../../../monorelease/tests/it/support/real_registry.rs"]
mod server;

use monorelease_model::image::Digest;
use monorelease_model::image::Repository;
use monorelease_stand_ins::registry::*;
use serde_json::{Value, json};

use super::client::{PASSWORD, config};
use super::{OCI_INDEX, OCI_MANIFEST, client, image, repository};
use crate::client::{Described, Registry};
use crate::error::RegistryErrorKind;
use server::RealRegistry;

type Body = fn(&Registry, &Repository);

/// A body, and a repository that no other body uses.
const BODIES: [(&str, Body); 5] = [
    ("o/round", round_trip),
    ("o/lists", lists),
    ("o/promoted", promotion),
    ("o/mounted", across_repositories),
    ("o/spoken/of", referrers),
];

/// What every registry must do for this client; also run against real ones.
fn round_trip(client: &Registry, repository: &Repository) {
    client.ping(&repository.host).unwrap();
    assert_eq!(client.tags(repository).unwrap(), None);
    assert_eq!(client.head(repository, "1.0").unwrap(), None);
    assert_eq!(client.manifest(repository, "1.0").unwrap(), None);
    let bytes = image(client, repository, "layer");
    let digest = client
        .put_manifest(repository, "1.0", OCI_MANIFEST, &bytes)
        .unwrap();
    assert_eq!(digest, Digest::of(&bytes));
    let described = Described {
        digest: digest.clone(),
        media_type: OCI_MANIFEST.to_owned(),
        size: bytes.len() as u64,
    };
    for reference in ["1.0", digest.as_str()] {
        assert_eq!(
            client.head(repository, reference).unwrap().as_ref(),
            Some(&described)
        );
        let manifest = client.manifest(repository, reference).unwrap().unwrap();
        assert_eq!(
            (manifest.bytes.as_slice(), &manifest.digest),
            (bytes.as_slice(), &digest)
        );
        assert_eq!(manifest.media_type, OCI_MANIFEST);
    }
    assert_eq!(
        client
            .head(repository, Digest::of(b"absent").as_str())
            .unwrap(),
        None
    );
    for tag in ["0.9", "1.0-amd64", "latest"] {
        assert_eq!(
            client
                .put_manifest(repository, tag, OCI_MANIFEST, &bytes)
                .unwrap(),
            digest
        );
    }
    assert_eq!(
        client.tags(repository).unwrap().unwrap(),
        ["0.9", "1.0", "1.0-amd64", "latest"]
    );
    assert_eq!(
        client.blob(repository, &Digest::of(b"layer"), 5).unwrap(),
        b"layer"
    );
    let error = client
        .blob(repository, &Digest::of(b"layer"), 4)
        .unwrap_err();
    assert_eq!(error.kind, RegistryErrorKind::TooLarge);
    assert!(error.to_string().contains("over 4 bytes"), "{error}");
    assert_eq!(
        client
            .blob(repository, &Digest::of(b"absent"), 5)
            .unwrap_err()
            .status,
        Some(404)
    );
    let sent = client.requests();
    client.put_blob(repository, b"layer").unwrap();
    assert_eq!(
        client.requests(),
        sent + 1,
        "a blob that is there is not sent again"
    );
    let empty = client.put_blob(repository, b"").unwrap();
    assert_eq!(client.blob(repository, &empty, 0).unwrap(), b"");
    let other: Repository = format!("{repository}-copy").parse().unwrap();
    assert!(
        client
            .mount_blob(&other, &Digest::of(b"layer"), repository)
            .unwrap()
    );
    assert_eq!(
        client.blob(&other, &Digest::of(b"layer"), 5).unwrap(),
        b"layer"
    );
}

#[test]
fn round_trips_work() {
    for (builder, entry) in [
        (EmbeddedRegistry::builder(), "{}"),
        (EmbeddedRegistry::builder().without_digest_header(), "{}"),
        (EmbeddedRegistry::builder().basic("me", "s3cret"), PASSWORD),
        (EmbeddedRegistry::builder().bearer("me", "s3cret"), PASSWORD),
        (
            EmbeddedRegistry::builder()
                .bearer("me", "x")
                .identity_token("s3cret"),
            r#"{ "identitytoken": "s3cret" }"#,
        ),
    ] {
        let registry = builder.start().unwrap();
        let client = client(&config(&registry, entry));
        round_trip(&client, &repository(&registry, "o/r"));
        assert_eq!(registry.unexpected(), Vec::<String>::new());
        assert_eq!(client.requests(), registry.log().len() as u64);
    }
}

/// Every tag is listed once and sorted, and a part of the list lacks nothing that was asked for.
fn lists(client: &Registry, repository: &Repository) {
    let bytes = image(client, repository, "layer");
    let old = (0..5).map(|number| format!("2024.01.0{number}.0000-build.1-v1.0.0-abc1234-amd64"));
    let new = [
        "2025.10.25.1430-build.1-v1.1.0-abc1234-amd64",
        "2025.10.25.1430-build.1-v1.1.0-abc1234-arm64",
    ];
    let others = [
        "latest",
        "1.0.0",
        "2025.10.25.1430",
        "sha256-00.sig",
        "_x",
        "A",
    ];
    let mut tags: Vec<String> = old
        .chain(new.into_iter().chain(others).map(str::to_owned))
        .collect();
    // Put in no order.
    for tag in tags.iter().step_by(2).chain(tags.iter().skip(1).step_by(2)) {
        client
            .put_manifest(repository, tag, OCI_MANIFEST, &bytes)
            .unwrap();
    }
    tags.sort();
    assert_eq!(client.tags(repository).unwrap().unwrap(), tags);
    for (from, until) in [
        ("2025.10.25.1430", ":"),
        ("2024", ":"),
        ("0", ":"),
        ("9999", ":"),
        ("2024.01.02.0000", "2024.01.04"),
    ] {
        let listing = client.tags_from(repository, from, until).unwrap().unwrap();
        assert!(listing.tags.is_sorted(), "{listing:?}");
        let part = |tags: &[String]| -> Vec<String> {
            let after = format!("{from}-");
            tags.iter()
                .filter(|tag| tag.as_str() > after.as_str() && tag.as_str() < until)
                .cloned()
                .collect()
        };
        assert_eq!(
            part(&listing.tags),
            part(&tags),
            "from {from} until {until}"
        );
        assert!(!listing.is_whole || listing.tags == tags, "{listing:?}");
    }
    let absent: Repository = format!("{repository}-absent").parse().unwrap();
    assert_eq!(client.tags_from(&absent, "2025", ":").unwrap(), None);
}

/// Law 8: a release name for the bytes that are there, and an index of them, which are read back as they were put.
fn promotion(client: &Registry, repository: &Repository) {
    let children = ["amd64", "arm64"].map(|arch| {
        let bytes = image(client, repository, arch);
        client.put_manifest(repository, &format!("build-{arch}"), OCI_MANIFEST, &bytes).unwrap();
        let found = client.manifest(repository, &format!("build-{arch}")).unwrap().unwrap();
        let digest = client.put_manifest(repository, &format!("1.2.3-{arch}"), &found.media_type, &found.bytes).unwrap();
        assert_eq!(digest, found.digest);
        json!({ "mediaType": OCI_MANIFEST, "digest": digest.as_str(), "size": bytes.len(), "platform": { "os": "linux", "architecture": arch } })
    });
    let index =
        json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": children }).to_string();
    let digest = client
        .put_manifest(repository, "1.2.3", OCI_INDEX, index.as_bytes())
        .unwrap();
    let found = client.manifest(repository, "1.2.3").unwrap().unwrap();
    assert_eq!(
        (
            found.digest,
            found.media_type.as_str(),
            found.bytes.as_slice()
        ),
        (digest, OCI_INDEX, index.as_bytes())
    );
    // A name that moves, moves; and one that is put again is as it was.
    for (tag, bytes, media_type) in [
        ("latest", index.as_bytes(), OCI_INDEX),
        ("1.2.3", index.as_bytes(), OCI_INDEX),
    ] {
        client
            .put_manifest(repository, tag, media_type, bytes)
            .unwrap();
        assert_eq!(
            client.head(repository, tag).unwrap().unwrap().digest,
            Digest::of(bytes)
        );
    }
    // What an index names must be there first.
    let absent =
        json!({ "mediaType": OCI_MANIFEST, "digest": Digest::of(b"absent").as_str(), "size": 6 });
    let broken =
        json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [absent] }).to_string();
    assert_eq!(
        client
            .put_manifest(repository, "broken", OCI_INDEX, broken.as_bytes())
            .unwrap_err()
            .status,
        Some(400)
    );
    assert_eq!(client.head(repository, "broken").unwrap(), None);
}

/// A release into another repository of the same registry: blobs are mounted, and the manifest's bytes put.
fn across_repositories(client: &Registry, repository: &Repository) {
    let bytes = image(client, repository, "layer");
    let digest = client
        .put_manifest(repository, "build", OCI_MANIFEST, &bytes)
        .unwrap();
    let release: Repository = format!("{repository}-release").parse().unwrap();
    assert_eq!(
        client
            .put_manifest(&release, "1.0", OCI_MANIFEST, &bytes)
            .unwrap_err()
            .status,
        Some(400),
        "its blobs are not there"
    );
    for blob in [Digest::of(b"{}"), Digest::of(b"layer")] {
        assert!(client.mount_blob(&release, &blob, repository).unwrap());
    }
    assert_eq!(
        client
            .put_manifest(&release, "1.0", OCI_MANIFEST, &bytes)
            .unwrap(),
        digest
    );
    assert_eq!(
        client.manifest(&release, "1.0").unwrap().unwrap().bytes,
        bytes
    );
    assert!(
        !client
            .mount_blob(&release, &Digest::of(b"absent"), repository)
            .unwrap()
    );
}

/// Attaches as other clients do: by the manifest alone where the registry keeps the list, else by the list under its tag too.
fn attach(client: &Registry, repository: &Repository, subject: &Digest, bytes: &[u8]) {
    let digest = client
        .put_manifest(repository, Digest::of(bytes).as_str(), OCI_MANIFEST, bytes)
        .unwrap();
    if client
        .referrers(repository, subject, None)
        .unwrap()
        .found
        .iter()
        .any(|entry| entry.digest == digest)
    {
        return;
    }
    let document: Value = serde_json::from_slice(bytes).unwrap();
    let tag = format!("sha256-{}", subject.hex());
    let mut list = match client.manifest(repository, &tag).unwrap() {
        Some(found) => serde_json::from_slice(&found.bytes).unwrap(),
        None => json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [] }),
    };
    list["manifests"].as_array_mut().unwrap().push(json!({
        "mediaType": OCI_MANIFEST, "digest": digest.as_str(), "size": bytes.len(),
        "artifactType": document["artifactType"], "annotations": document["annotations"],
    }));
    client
        .put_manifest(repository, &tag, OCI_INDEX, list.to_string().as_bytes())
        .unwrap();
}

/// Law 11: what is attached is found, by type and without, also where the registry keeps no list; and once, however often.
fn referrers(client: &Registry, repository: &Repository) {
    let bytes = image(client, repository, "layer");
    let subject = client
        .put_manifest(repository, "1.0", OCI_MANIFEST, &bytes)
        .unwrap();
    assert!(
        client
            .referrers(repository, &subject, None)
            .unwrap()
            .found
            .is_empty()
    );
    let artifact = |kind: &str, layer: &str| -> Vec<u8> {
        let mut document: Value =
            serde_json::from_slice(&image(client, repository, layer)).unwrap();
        document["subject"] =
            json!({ "mediaType": OCI_MANIFEST, "digest": subject.as_str(), "size": bytes.len() });
        document["artifactType"] = kind.into();
        document["annotations"] = json!({ "layer": layer });
        document.to_string().into_bytes()
    };
    let wanted = [
        ("a/sbom+json", "one"),
        ("a/signature", "two"),
        ("a/sbom+json", "three"),
    ];
    for _ in 0..2 {
        for (kind, layer) in wanted {
            let bytes = artifact(kind, layer);
            attach(client, repository, &subject, &bytes);
        }
    }
    let found = |kind: Option<&str>| {
        let listed = client.referrers(repository, &subject, kind).unwrap().found;
        let mut layers: Vec<_> = listed
            .iter()
            .map(|entry| entry.annotations.as_ref().unwrap()["layer"].clone())
            .collect();
        layers.sort();
        layers
    };
    assert_eq!(found(None), ["one", "three", "two"]);
    assert_eq!(found(Some("a/sbom+json")), ["one", "three"]);
    assert_eq!(found(Some("a/other")), Vec::<String>::new());
    assert!(
        client
            .referrers(repository, &Digest::of(b"other"), None)
            .unwrap()
            .found
            .is_empty()
    );
}

#[test]
fn the_embedded_registry_does_it_in_each_of_its_ways() {
    let builder = EmbeddedRegistry::builder;
    for (builder, entry) in [
        (builder(), "{}"),
        (builder().without_digest_header(), "{}"),
        (builder().basic("me", "s3cret"), PASSWORD),
        (builder().bearer("me", "s3cret"), PASSWORD),
        (
            builder().bearer("me", "x").identity_token("s3cret"),
            r#"{ "identitytoken": "s3cret" }"#,
        ),
        (builder().lexical_tags(), "{}"),
        (builder().whole_tag_lists().without_referrers(), "{}"),
        (builder().referrers_page(1), "{}"),
        (builder().referrers_page(1).without_referrers_filter(), "{}"),
    ] {
        let registry = builder.start().unwrap();
        for (path, body) in BODIES {
            let client = client(&config(&registry, entry));
            let before = registry.log().len();
            body(&client, &repository(&registry, path));
            assert_eq!(client.requests(), (registry.log().len() - before) as u64);
        }
        assert_eq!(registry.unexpected(), Vec::<String>::new());
    }
}

#[test]
fn docker_registry_does_it() {
    if let Some(real) = RealRegistry::start_or_skip("the registry bodies") {
        for (path, body) in BODIES {
            body(
                &client("{}"),
                &format!("{}/{path}", real.address).parse().unwrap(),
            );
        }
    }
}
