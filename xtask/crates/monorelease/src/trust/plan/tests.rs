//! What is attached to which digest, in which order, and what a provenance says.

use std::collections::BTreeMap;

use monorelease_model::image::manifest::Descriptor;

use super::*;
use crate::config::trust::SbomFormat;
use crate::release::platform_images::REVISION_LABEL;
use crate::trust::Signer;

const COMMIT: &str = "abc1234aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const BUILD: &str = "2025.10.25.1430-build.123-v0.2.0-abc1234";

fn image(arch: &str, digit: char, is_alone: bool) -> PlatformImage {
    let digest: Digest = format!("sha256:{}", digit.to_string().repeat(64))
        .parse()
        .unwrap();
    let child = Descriptor::new("m", digest.clone(), 7);
    let own = if is_alone {
        digest
    } else {
        Digest::of(arch.as_bytes())
    };
    PlatformImage {
        platform: format!("linux/{arch}").parse().unwrap(),
        tag: arch.into(),
        named: ManifestBytes {
            digest: own,
            media_type: "m".into(),
            bytes: Vec::new(),
        },
        attestations: if is_alone {
            Vec::new()
        } else {
            vec![child.clone()]
        },
        image: child,
        manifests: Vec::new(),
        labels: BTreeMap::from([(REVISION_LABEL.into(), COMMIT.into())]),
        built_for: format!("linux/{arch}").parse().unwrap(),
    }
}

fn policy() -> Policy {
    Policy {
        sign: true,
        sbom: SbomFormat::ALL.to_vec(),
        provenance: true,
        transparency_log: true,
        accepted: vec![Signer::Identity {
            issuer: "https://i".into(),
            pattern: "p".into(),
        }],
        key: None,
    }
}

fn planned(policy: &Policy) -> Vec<String> {
    let images = [image("amd64", 'a', true), image("arm64", 'b', false)];
    let repository = "localhost:5000/acme/api".parse().unwrap();
    let release = Release {
        project: "api",
        package: "acme-api",
        version: "0.2.0",
        source: "https://f/acme/mono",
        repository: &repository,
        is_elsewhere: false,
        images: &images,
    };
    let index = ManifestBytes {
        digest: Digest::of(b"index"),
        media_type: "m".into(),
        bytes: Vec::new(),
    };
    let mut goal = Goal::default();
    let means = Means {
        policy: policy.clone(),
        unable: None,
        unlisted: None,
    };
    want(&mut goal, &release, &index, &means, BUILD);
    goal.drafts
        .iter()
        .map(|draft| match &draft.step {
            Step::Attach(Attach { subject, what, .. }) => {
                format!("{} {}", what.word(), subject.role)
            }
            step => step.kind().to_owned(),
        })
        .collect()
}

#[test]
fn every_digest_that_a_name_of_the_release_leads_to_is_signed() {
    let wanted = [
        "spdx linux/amd64",
        "cyclonedx linux/amd64",
        "provenance linux/amd64",
        "signature linux/amd64",
        "spdx linux/arm64",
        "cyclonedx linux/arm64",
        "provenance linux/arm64",
        "signature linux/arm64",
        "signature the tag of linux/arm64",
        "store",
        "signature the index",
    ];
    assert_eq!(planned(&policy()), wanted);
}

#[test]
fn what_is_not_asked_for_is_not_attached() {
    let only = |sign, sbom: &[SbomFormat], provenance| {
        planned(&Policy {
            sign,
            sbom: sbom.to_vec(),
            provenance,
            ..policy()
        })
    };
    assert_eq!(
        only(false, &[], true),
        ["provenance linux/amd64", "provenance linux/arm64"]
    );
    assert_eq!(
        only(false, &[SbomFormat::Spdx], false),
        ["spdx linux/amd64", "spdx linux/arm64"]
    );
    assert!(only(false, &[], false).is_empty());
}

#[test]
fn a_provenance_names_the_commit_and_does_not_boast_of_a_builder() {
    let repository = "localhost:5000/acme/api".parse().unwrap();
    let of = |source: &str, build: &str| {
        let release = Release {
            project: "api",
            package: "acme-api",
            version: "0.2.0",
            source,
            repository: &repository,
            is_elsewhere: false,
            images: &[],
        };
        provenance(&release, &image("arm64", 'b', false), build)
    };
    let found = of("https://f/acme/mono", BUILD);
    let dependency = &found["buildDefinition"]["resolvedDependencies"][0];
    assert_eq!(
        (&dependency["digest"]["gitCommit"], &dependency["uri"]),
        (&COMMIT.into(), &"git+https://f/acme/mono".into())
    );
    assert_eq!(
        found["buildDefinition"]["externalParameters"]["platform"],
        "linux/arm64"
    );
    assert_eq!(
        found["runDetails"]["builder"]["id"],
        "https://f/acme/mono/actions"
    );
    assert_eq!(found["runDetails"]["metadata"]["invocationId"], BUILD);
    assert_eq!(
        found["runDetails"]["byproducts"][0]["digest"]["sha256"],
        "b".repeat(64),
        "what the builder said itself"
    );
    let by_hand = of(
        "https://f/acme/mono",
        &BUILD.replace("build.123", "build.0"),
    );
    assert_eq!(
        by_hand["runDetails"]["builder"]["id"],
        "urn:xtask:builder:unhosted"
    );
    assert_eq!(
        by_hand["buildDefinition"], found["buildDefinition"],
        "the claim is the same whoever built"
    );
    assert_eq!(
        of("", BUILD)["buildDefinition"]["resolvedDependencies"][0].get("uri"),
        None
    );
}
