//! Signatures and attestations of images, through the `cosign` command.
//!
//! What it writes is pinned to tags beside the image (`sha256-….sig`, `sha256-….att`), which every registry keeps; what others
//! wrote as referrers is read as well. Keys and passwords reach it through the environment, never through an argument (law 17).
//! It decides nothing: whose word counts is in the policy.

use crate::trust::abilities::Abilities;
use std::path::Path;
use std::sync::PoisonError;
use std::time::Duration;

use anyhow::{Context, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use monorelease_http_client::url::base_of;
use monorelease_model::image::Repository;
use monorelease_oci_registry::credentials::{Credential, Credentials};
use monorelease_process::{Call, Finished, Runner, last_lines};
use serde_json::Value;

use super::{Key, Policy, PublicKey, Signer, Subject};
use crate::tools;
use crate::world::World;

/// Longer than cosign's own bound of three minutes, which says more when it is reached.
const LONGEST: Duration = Duration::from_secs(240);
/// The variable through which a public key's text is handed over.
const PUBLIC_KEY_VARIABLE: &str = "COSIGN_PUBLIC_KEY";
/// What cosign 3 calls what it attaches.
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// How a statement's kind is named where nothing of that kind is attached.
const ABSENCES: [&str; 4] = [
    "no signatures found",
    "no matching signatures",
    "no matching attestations",
    "none of the attestations matched the predicate type",
];
/// What makes an absence doubtful: the registry did not answer for all of it (law 15).
pub(super) const DOUBTS: [&str; 9] = [
    "dial tcp",
    "connection re",
    "timeout",
    "EOF",
    "deadline",
    "TOOMANYREQUESTS",
    "UNAUTHORIZED",
    "DENIED",
    "unexpected status code",
];

/// What is attached to a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is there, and it is the word of somebody who counts: the statements, empty for a signature.
    Verified { by: String, statements: Vec<Value> },
    /// There is none of somebody who counts, and why what there is was turned down.
    Absent(String),
    /// It could not be read (law 15).
    Unknown(String),
}

/// Signs a digest.
pub fn sign(world: &World, subject: &Subject, policy: &Policy) -> anyhow::Result<()> {
    let call = writing(world, "sign", subject, policy)?.args(abilities(world)?.sign);
    world
        .runner
        .output(&call.arg(subject.reference()))
        .map(drop)
}

/// Attaches a signed statement to a digest: its kind in cosign's words, and what it says, as JSON.
pub fn attest(
    world: &World,
    subject: &Subject,
    kind: &str,
    predicate: &str,
    policy: &Policy,
) -> anyhow::Result<()> {
    let folder = crate::world::files::temporary_folder()?;
    let file = folder.path().join("predicate.json");
    crate::world::files::write_own(&file, predicate)?;
    let call = writing(world, "attest", subject, policy)?.args(abilities(world)?.attest);
    world
        .runner
        .output(
            &call
                .args(["--type", kind, "--predicate"])
                .arg(file)
                .arg(subject.reference()),
        )
        .map(drop)
}

/// Makes a key pair without a password, `<prefix>.key` and `<prefix>.pub`: for rehearsals.
pub fn generate_key_pair(runner: &Runner, prefix: &Path) -> anyhow::Result<()> {
    let call = program()?
        .args(["generate-key-pair", "--output-key-prefix"])
        .arg(prefix)
        .variable("COSIGN_PASSWORD", "");
    runner.output(&call).map(drop)
}

/// The public half of a private key; the error says that the key or its password is not right.
pub fn public_half(world: &World, key: &Key) -> anyhow::Result<String> {
    let call = program()?.args(["public-key", "--key"]).arg(key.argument());
    Ok(world.runner.output(&call)?.trim().to_owned())
}

/// Asks for a signature of the digest by anybody who counts.
pub fn signature(world: &World, subject: &Subject, policy: &Policy) -> anyhow::Result<Answer> {
    asked(world, subject, policy, &["verify"], &|_| Ok(Vec::new()))
}

/// Asks for statements of a kind on the digest by anybody who counts.
pub fn statements(
    world: &World,
    subject: &Subject,
    kind: &str,
    policy: &Policy,
) -> anyhow::Result<Answer> {
    asked(
        world,
        subject,
        policy,
        &["verify-attestation", "--type", kind],
        &|printed| read_statements(printed, subject),
    )
}

type Reader<'a> = &'a dyn Fn(&str) -> anyhow::Result<Vec<Value>>;

/// Asks once for every signer that counts, and takes the first good answer.
fn asked(
    world: &World,
    subject: &Subject,
    policy: &Policy,
    words: &[&str],
    read: Reader<'_>,
) -> anyhow::Result<Answer> {
    let mut absent = Vec::new();
    let mut unknown = None;
    for signer in &policy.accepted {
        match asked_for(world, subject, policy, signer, words, read)? {
            verified @ Answer::Verified { .. } => return Ok(verified),
            Answer::Absent(why) => absent.push(why),
            Answer::Unknown(why) => unknown = Some(why),
        }
    }
    absent.dedup();
    Ok(unknown.map_or_else(|| Answer::Absent(absent.join("; ")), Answer::Unknown))
}

fn asked_for(
    world: &World,
    subject: &Subject,
    policy: &Policy,
    signer: &Signer,
    words: &[&str],
    read: Reader<'_>,
) -> anyhow::Result<Answer> {
    let abilities = abilities(world)?;
    let ask = |bundles: bool| {
        let mut call = reading(words, subject, policy, signer)?;
        if abilities.reads_bundles {
            call = call.arg(format!("--new-bundle-format={bundles}"));
        }
        world.runner.finish(&call.arg(subject.reference()))
    };
    let verified = |finished: &Finished| {
        Ok(Answer::Verified {
            by: signer.describe(),
            statements: read(&finished.stdout)?,
        })
    };
    let by_tags = ask(false)?;
    if by_tags.ok {
        return verified(&by_tags);
    }
    let answer = absence_or_doubt(&by_tags.stderr);
    // What cosign 3 writes stands among the referrers.
    if abilities.reads_bundles
        && matches!(answer, Answer::Absent(_))
        && has_bundles(world, subject)?
    {
        let by_bundles = ask(true)?;
        if by_bundles.ok {
            return verified(&by_bundles);
        }
    }
    Ok(answer)
}

/// Whether a bundle refers to the digest. Other referrers are not asked for: to read bundles, cosign wants the roots of a public
/// log, over the network, also where there are none.
fn has_bundles(world: &World, subject: &Subject) -> anyhow::Result<bool> {
    Ok(!world
        .registry()
        .referrers(&subject.repository, &subject.digest, Some(BUNDLE))?
        .found
        .is_empty())
}

/// What cosign's refusal means: that there is none, or that it could not look.
fn absence_or_doubt(said: &str) -> Answer {
    let line = said.lines().rev().find_map(|line| {
        line.strip_prefix("Error: ")
            .or_else(|| line.strip_prefix("error during command execution: "))
    });
    let line = line.map_or_else(|| last_lines(said, 3), |line| line.trim().to_owned());
    let is_absent = ABSENCES.iter().any(|absence| line.contains(absence))
        && !DOUBTS.iter().any(|doubt| line.contains(doubt));
    if is_absent {
        Answer::Absent(line.trim_end_matches([':', ' ']).to_owned())
    } else {
        Answer::Unknown(line)
    }
}

/// The statements of verified envelopes, one a line, that speak of the digest.
fn read_statements(printed: &str, subject: &Subject) -> anyhow::Result<Vec<Value>> {
    let mut statements = Vec::new();
    for line in printed
        .lines()
        .filter(|line| line.trim_start().starts_with('{'))
    {
        let envelope: Value = serde_json::from_str(line)
            .context("reading what `cosign verify-attestation` printed")?;
        // A bundle carries its envelope inside.
        let payload = [&envelope["payload"], &envelope["dsseEnvelope"]["payload"]]
            .into_iter()
            .find_map(Value::as_str);
        let payload = payload.context("cosign printed an envelope without a payload")?;
        let statement = BASE64
            .decode(payload)
            .context("the payload of an attestation is no base64")?;
        let statement: Value =
            serde_json::from_slice(&statement).context("an attestation is no JSON")?;
        let subjects = statement["subject"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        if subjects
            .iter()
            .any(|named| named["digest"]["sha256"] == subject.digest.hex())
        {
            statements.push(statement);
        }
    }
    Ok(statements)
}

/// A call that attaches something.
fn writing(world: &World, verb: &str, subject: &Subject, policy: &Policy) -> anyhow::Result<Call> {
    let call = signed_by(
        world,
        program()?.args([verb, "--yes"]),
        policy,
        &subject.reference(),
    )?;
    Ok(let_in(call, &subject.repository))
}

/// The call, told what to sign with; `what` is for the error.
///
/// # Errors
/// There is nothing to sign with.
pub(super) fn signed_by(
    world: &World,
    mut call: Call,
    policy: &Policy,
    what: &str,
) -> anyhow::Result<Call> {
    if let Some(key) = &policy.key {
        call = call.arg("--key").arg(key.argument());
    } else if !world.environment.has_identity {
        bail!("there is neither a key nor an identity to sign {what} with");
    }
    Ok(if policy.transparency_log {
        call
    } else {
        call.arg("--tlog-upload=false")
    })
}

/// A call that looks at what is attached, and leaves no file behind (law 13).
fn reading(
    words: &[&str],
    subject: &Subject,
    policy: &Policy,
    signer: &Signer,
) -> anyhow::Result<Call> {
    let call = program()?.args(words).variable("SIGSTORE_NO_CACHE", "true");
    Ok(let_in(held_to(call, policy, signer), &subject.repository))
}

/// The call, told whose signature counts, be it of an image or of a file.
pub(super) fn held_to(call: Call, policy: &Policy, signer: &Signer) -> Call {
    let call = match signer {
        Signer::Key(PublicKey::Text { pem, .. }) => call
            .arg("--key")
            .arg(format!("env://{PUBLIC_KEY_VARIABLE}"))
            .variable(PUBLIC_KEY_VARIABLE, pem),
        Signer::Key(PublicKey::At(place)) => call.arg("--key").arg(place),
        // cosign takes a pattern that matches anywhere, by which "acme" would be "not-acme" as well.
        Signer::Identity { issuer, pattern } => call
            .arg("--certificate-oidc-issuer")
            .arg(issuer)
            .arg("--certificate-identity-regexp")
            .arg(format!("^(?:{pattern})$")),
    };
    if policy.transparency_log {
        call
    } else {
        call.arg("--insecure-ignore-tlog")
    }
}

/// The call, told how to get into the registry: one on this machine speaks HTTP, as it does to docker, and for GHCR a token of
/// the forge will do, as it does for ourselves. What docker's configuration knows, cosign reads by itself.
fn let_in(call: Call, repository: &Repository) -> Call {
    let call = match base_of(&repository.host).starts_with("http://") {
        true => call.arg("--allow-insecure-registry"),
        false => call,
    };
    match forge_password(repository) {
        // The only keychain of cosign's that looks for the token; it asks docker's first.
        Some((_, password)) => call
            .arg("--k8s-keychain")
            .variable("GITHUB_TOKEN", password),
        None => call,
    }
}

/// User and password for GHCR, which other programs do not take from where we do. A helper of docker's that fails is the
/// other program's to tell.
pub(super) fn forge_password(repository: &Repository) -> Option<(String, String)> {
    match (repository.host == "ghcr.io")
        .then(|| Credentials::from_environment().for_host("ghcr.io"))
    {
        Some(Ok(Some(Credential::Password { user, password }))) => Some((user, password)),
        _ => None,
    }
}

pub(super) fn program() -> anyhow::Result<Call> {
    Ok(Call::new(tools::require(tools::COSIGN)?).time_limit(LONGEST))
}

/// What the installed cosign knows; asked once a run, while the other threads wait for the answer.
fn abilities(world: &World) -> anyhow::Result<Abilities> {
    let mut known = world
        .shared
        .cosign
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = &*known {
        return Ok(known.clone());
    }
    let help = |verb: &str| world.runner.output(&program()?.args([verb, "--help"]));
    let pinned = |help: &str| {
        // By default cosign 3 writes bundles among the referrers, and asks a service where to sign.
        ["--new-bundle-format=false", "--use-signing-config=false"]
            .into_iter()
            .filter(|flag| {
                flag.split('=')
                    .next()
                    .is_some_and(|name| help.contains(name))
            })
            .collect::<Vec<_>>()
    };
    let sign = help("sign")?;
    let attest = help("attest")?;
    let found = Abilities {
        sign: pinned(&sign),
        attest: pinned(&attest),
        reads_bundles: attest.contains("--new-bundle-format"),
    };
    Ok(known.insert(found).clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn law_15_an_absence_is_told_from_not_having_looked() {
        for absent in [
            "Error: no signatures found\nerror during command execution: no signatures found",
            "error during command execution: no matching signatures: invalid signature when validating ASN.1 encoded signature",
            "error during command execution: no matching attestations: ",
            "Error: none of the attestations matched the predicate type: cyclonedx, found: https://spdx.dev/Document",
        ] {
            assert!(
                matches!(absence_or_doubt(absent), Answer::Absent(_)),
                "{absent}"
            );
        }
        for unknown in [
            "error during command execution: Get \"http://127.0.0.1:1/v2/\": dial tcp 127.0.0.1:1: connect: connection refused",
            "error during command execution: no matching attestations: unexpected status code 503 Service Unavailable",
            "error during command execution: loading public key: open nowhere",
            "",
        ] {
            assert!(
                matches!(absence_or_doubt(unknown), Answer::Unknown(_)),
                "{unknown}"
            );
        }
    }

    #[test]
    fn a_statement_on_another_digest_is_no_statement_on_this_one() {
        let subject = |hex: char| Subject {
            repository: "localhost:5000/a/b".parse().unwrap(),
            digest: format!("sha256:{}", hex.to_string().repeat(64))
                .parse()
                .unwrap(),
            role: "linux/amd64".into(),
        };
        let statement = format!(
            r#"{{"subject":[{{"digest":{{"sha256":"{}"}}}}],"predicate":{{"a":1}}}}"#,
            "a".repeat(64)
        );
        let printed = format!("{{\"payload\":\"{}\"}}\n", BASE64.encode(statement));
        assert_eq!(
            read_statements(&printed, &subject('a')).unwrap()[0]["predicate"]["a"],
            1
        );
        assert!(read_statements(&printed, &subject('b')).unwrap().is_empty());
        assert!(read_statements("{\"payload\":\"!\"}", &subject('a')).is_err());
    }
}
