//! What is attached to a digest: whether it is there, and whether a trusted signer says what is wanted.

use anyhow::bail;
use monorelease_model::image::manifest::ImageManifest;
use monorelease_oci_registry::error::RegistryError;
use serde_json::Value;

use super::cosign::Answer;
use super::{Attached, Claim, Policy, Signer, Subject, cosign, syft};
use crate::config::trust::SbomFormat;
use crate::world::World;

/// The largest list of contents that is looked at.
const ENTRY_LIMIT_BYTES: u64 = 256 * 1024 * 1024;

/// What is attached to a digest, held to what should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Good(String),
    /// Nothing of anybody who counts, and why what there is was turned down.
    Absent(String),
    /// It could not be read (law 15).
    Unknown(String),
    /// What is there are not the bytes that its digest is of.
    Broken(String),
    /// Somebody who counts says something else.
    Other {
        found: String,
        wanted: String,
    },
}

/// Looks for what should be attached to the digest.
pub fn look(
    world: &World,
    subject: &Subject,
    what: &Attached,
    policy: &Policy,
) -> anyhow::Result<Found> {
    // cosign takes a list by its tag and believes it; what is not what the registry once took is no list.
    let list = format!(
        "sha256-{}.{}",
        subject.digest.hex(),
        if *what == Attached::Signature {
            "sig"
        } else {
            "att"
        }
    );
    if let Err(error) = world.registry().manifest(&subject.repository, &list) {
        return Ok(unread(&error));
    }
    let answer = match what {
        Attached::Signature => cosign::signature(world, subject, policy)?,
        Attached::Statement(claim) => cosign::statements(world, subject, claim.kind(), policy)?,
    };
    Ok(match (answer, what) {
        (Answer::Absent(why), _) => {
            let wanted = policy
                .accepted
                .iter()
                .map(Signer::describe)
                .collect::<Vec<_>>()
                .join(", ");
            Found::Absent(format!("{why}; wanted one of {wanted}"))
        }
        (Answer::Unknown(why), _) => broken(world, subject, &list).unwrap_or(Found::Unknown(why)),
        (Answer::Verified { by, .. }, Attached::Signature) => Found::Good(format!("by {by}")),
        (Answer::Verified { by, statements }, Attached::Statement(claim)) => {
            held(&statements, &by, subject, claim)
        }
    })
}

fn unread(error: &RegistryError) -> Found {
    if error.is_wrong_content() {
        Found::Broken(error.to_string())
    } else {
        Found::Unknown(error.to_string())
    }
}

/// Whether what cosign could not read is there, and broken: its words do not tell that from a registry that is away.
fn broken(world: &World, subject: &Subject, list: &str) -> Option<Found> {
    let registry = world.registry();
    let manifest = registry.manifest(&subject.repository, list).ok()??;
    let parsed: ImageManifest = match serde_json::from_slice(&manifest.bytes) {
        Ok(parsed) => parsed,
        Err(error) => {
            return Some(Found::Broken(format!(
                "{list} is no list of cosign's: {error}"
            )));
        }
    };
    let errors = parsed
        .layers
        .iter()
        .chain([&parsed.config])
        .filter_map(|blob| {
            registry
                .blob(&subject.repository, &blob.digest, ENTRY_LIMIT_BYTES)
                .err()
        });
    errors
        .map(|error| unread(&error))
        .find(|found| matches!(found, Found::Broken(_)))
}

/// The list of a digest's contents as somebody who counts attested it, the oldest where there are several: the same text
/// wherever it is read. `None` where there is none yet.
///
/// # Errors
/// It cannot be read (law 15).
pub fn attested_list(
    world: &World,
    subject: &Subject,
    format: SbomFormat,
    policy: &Policy,
) -> anyhow::Result<Option<String>> {
    match cosign::statements(world, subject, Claim::Sbom(format).kind(), policy)? {
        Answer::Unknown(why) => bail!("the list of {} cannot be read: {why}", subject.role),
        Answer::Absent(_) => Ok(None),
        Answer::Verified { statements, .. } => {
            let mut lists = statements.iter().map(|statement| &statement["predicate"]);
            let found = lists.find(|list| syft::speaks_of(list, subject, format));
            Ok(found
                .map(serde_json::to_string_pretty)
                .transpose()?
                .map(|text| text + "\n"))
        }
    }
}

/// Holds verified statements to what they should say.
fn held(statements: &[Value], by: &str, subject: &Subject, claim: &Claim) -> Found {
    let predicates: Vec<_> = statements
        .iter()
        .map(|statement| &statement["predicate"])
        .collect();
    match claim {
        Claim::Sbom(format) => match predicates
            .iter()
            .find(|list| syft::speaks_of(list, subject, *format))
        {
            Some(list) => Found::Good(format!("{} parts, by {by}", syft::parts(list, *format))),
            None => Found::Other {
                found: "a list that does not name the digest as its own".into(),
                wanted: subject.digest.to_string(),
            },
        },
        Claim::Provenance(wanted) => {
            // What is run when is the builder's story; what was built from what is the claim.
            let key = "buildDefinition";
            match predicates
                .iter()
                .any(|predicate| predicate[key] == wanted[key])
            {
                true => Found::Good(format!("of {}, by {by}", commit_of(wanted))),
                false => Found::Other {
                    found: predicates.first().map_or_else(
                        || "a statement on another digest".to_owned(),
                        |found| found[key].to_string(),
                    ),
                    wanted: wanted[key].to_string(),
                },
            }
        }
    }
}

/// The commit that a provenance names, shortened for people.
fn commit_of(predicate: &Value) -> String {
    let commit = &predicate["buildDefinition"]["resolvedDependencies"][0]["digest"]["gitCommit"];
    crate::text::short(commit.as_str().unwrap_or("no commit")).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn subject() -> Subject {
        Subject {
            repository: "localhost:5000/a/b".parse().unwrap(),
            digest: format!("sha256:{}", "a".repeat(64)).parse().unwrap(),
            role: "linux/amd64".into(),
        }
    }

    #[test]
    fn a_provenance_is_the_wanted_one_by_what_was_built_and_from_what() {
        let of = |commit: &str, build: &str| {
            json!({
                "buildDefinition": { "resolvedDependencies": [{ "digest": { "gitCommit": commit } }] },
                "runDetails": { "metadata": { "invocationId": build } },
            })
        };
        let held = |found: &[Value]| {
            let statements: Vec<_> = found
                .iter()
                .map(|predicate| json!({ "predicate": predicate }))
                .collect();
            held(
                &statements,
                "the key k",
                &subject(),
                &Claim::Provenance(of("abc1234ff", "build.2")),
            )
        };
        assert_eq!(
            held(&[of("abc1234ff", "build.1")]),
            Found::Good("of abc1234, by the key k".into()),
            "another run of the same build"
        );
        assert_eq!(
            held(&[of("def5678", "x"), of("abc1234ff", "y")]),
            Found::Good("of abc1234, by the key k".into())
        );
        assert!(
            matches!(held(&[of("def5678", "build.2")]), Found::Other { found, .. } if found.contains("def5678"))
        );
        assert!(matches!(held(&[]), Found::Other { .. }));
    }

    #[test]
    fn a_list_of_another_image_is_not_this_images_however_well_it_is_signed() {
        let list = |digest: &str| json!({ "predicate": { "metadata": { "component": { "version": digest } }, "components": [{}] } });
        let claim = Claim::Sbom(SbomFormat::CycloneDx);
        let good = held(
            &[list(subject().digest.as_str())],
            "the key k",
            &subject(),
            &claim,
        );
        assert_eq!(good, Found::Good("1 parts, by the key k".into()));
        assert!(matches!(
            held(&[list("sha256:b")], "the key k", &subject(), &claim),
            Found::Other { .. }
        ));
    }
}
