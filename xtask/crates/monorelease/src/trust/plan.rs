//! What is attached to the digests of a release, and in which order: all of it before the release has a name.
//!
//! Pure: the policy and the candidate in, steps out. Who signs, and how, is not known here.

use monorelease_model::image::{Digest, Repository};
use serde_json::{Value, json};

use super::policy::Means;
use super::step::{Attach, Store};
use super::{Attached, Claim, Policy, Subject};
use crate::release::platform_images::PlatformImage;
use crate::step::Step;
use crate::step::manifest::ManifestBytes;
use crate::step::plan::Goal;

/// Says how an image was made: a Dockerfile of the commit, built for one platform (docs/release.md).
const BUILD_TYPE: &str = "urn:xtask:image-of-commit:1";

/// What the statements are about.
#[derive(Debug, Clone, Copy)]
pub struct Release<'a> {
    pub project: &'a str,
    pub package: &'a str,
    pub version: &'a str,
    /// Where the commit is to be found; empty when there is no forge.
    pub source: &'a str,
    /// Where releases are.
    pub repository: &'a Repository,
    /// Whether that is another repository than the candidate's.
    pub is_elsewhere: bool,
    pub images: &'a [PlatformImage],
}

/// Wants everything the policy asks for, and the index stored by its digest so that it can be signed.
///
/// A name is given last: whoever admits nothing unsigned never meets a release that is not signed yet.
pub fn want(
    goal: &mut Goal,
    release: &Release<'_>,
    index: &ManifestBytes,
    means: &Means,
    build_id: &str,
) {
    let policy = &means.policy;
    let store = |manifest: &ManifestBytes| {
        Step::Store(Store {
            repository: release.repository.clone(),
            manifest: manifest.clone(),
        })
    };
    let attach = |subject: Subject, what: Attached| {
        let is_list = matches!(what, Attached::Statement(Claim::Sbom(_)));
        let unlisted = means.unlisted.iter().filter(|_| is_list);
        let missing = means.unable.iter().chain(unlisted).cloned().collect();
        Step::Attach(Attach {
            subject,
            what,
            policy: policy.clone(),
            missing,
        })
    };
    for image in release.images {
        // What a platform's tag names is carried over by its name alone, which comes later.
        if policy.sign && release.is_elsewhere && image.image.digest != image.named.digest {
            goal.want(
                release.project,
                "what is signed must be there",
                store(&image.named),
            );
        }
        for (subject, what) in of_platform(release, image, policy, build_id) {
            let why = format!("{} of candidate {build_id}", image.platform);
            goal.want(release.project, why, attach(subject, what));
        }
    }
    if policy.sign {
        let subject = Subject {
            repository: release.repository.clone(),
            digest: index.digest.clone(),
            role: "the index".into(),
        };
        goal.want(
            release.project,
            "what is signed must be there",
            store(index),
        );
        goal.want(
            release.project,
            "what the release's name leads to",
            attach(subject, Attached::Signature),
        );
    }
}

/// What must be attached for one platform: to its image, and to what its tag names where that is an index of its own.
pub fn of_platform(
    release: &Release<'_>,
    image: &PlatformImage,
    policy: &Policy,
    build_id: &str,
) -> Vec<(Subject, Attached)> {
    let repository = release.repository.clone();
    let subject = |digest: Digest, role: String| Subject {
        repository: repository.clone(),
        digest,
        role,
    };
    let mut wanted = Vec::new();
    let digest = image.image.digest.clone();
    let platform = subject(digest.clone(), image.platform.to_string());
    for format in &policy.sbom {
        wanted.push((platform.clone(), Attached::Statement(Claim::Sbom(*format))));
    }
    if policy.provenance {
        let claim = Claim::Provenance(provenance(release, image, build_id));
        wanted.push((platform.clone(), Attached::Statement(claim)));
    }
    if policy.sign {
        wanted.push((platform, Attached::Signature));
    }
    if policy.sign && digest != image.named.digest {
        wanted.push((
            subject(
                image.named.digest.clone(),
                format!("the tag of {}", image.platform),
            ),
            Attached::Signature,
        ));
    }
    wanted
}

/// SLSA provenance, version 1, out of what is known of a candidate: the commit in its label, and the build's id.
///
/// Specification: <https://slsa.dev/spec/v1.0/provenance>
pub fn provenance(release: &Release<'_>, image: &PlatformImage, build_id: &str) -> Value {
    let commit = image.revision().unwrap_or_default();
    let mut source = json!({ "name": "source", "digest": { "gitCommit": commit } });
    if !release.source.is_empty() {
        source["uri"] = format!("git+{}", release.source).into();
    }
    // A run number is a CI's; a build without one was made by a person, and says so.
    let builder = match (build_id.contains("-build.0-"), release.source) {
        (false, source) if !source.is_empty() => format!("{source}/actions"),
        _ => "urn:xtask:builder:unhosted".to_owned(),
    };
    let byproducts = image.attestations.iter().map(|entry| {
        json!({ "name": "the builder's own attestation", "digest": { "sha256": entry.digest.hex() } })
    });
    json!({
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {
                "package": release.package,
                "version": release.version,
                "platform": image.platform.to_string(),
            },
            "resolvedDependencies": [source],
        },
        "runDetails": {
            "builder": { "id": builder },
            "metadata": { "invocationId": build_id },
            "byproducts": byproducts.collect::<Vec<_>>(),
        },
    })
}

#[cfg(test)]
mod tests;
