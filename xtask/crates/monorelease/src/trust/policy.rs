//! From the `[trust]` keys and the surroundings to a policy: whose word counts here, and with what this run can sign.
//!
//! What cannot be met is found before anything is done (law 16). It signs nothing.

use anyhow::Context;
use regex_lite::Regex;

use super::identity::Identity;
use super::{Key, Policy, PublicKey, Signer, Trust, cosign, identity};
use crate::fault::Fault;
use crate::step::requirement::Requirement;
use crate::tools;
use crate::world::{World, files};

/// What stands in the way of attaching, and what mends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    pub what: String,
    pub fix: String,
}

impl Obstacle {
    fn new(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            fix: fix.into(),
        }
    }

    /// As a step that it stands in the way of requires it.
    pub fn requirement(&self) -> Requirement {
        let Self { what, fix } = self.clone();
        Requirement::Missing { what, fix }
    }

    fn of(fault: Fault) -> Self {
        Self::new(
            fault.what,
            fault.fix.unwrap_or_else(|| "cargo xtask doctor".into()),
        )
    }
}

/// What a release may be held to, and what is missing to attach more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Means {
    pub policy: Policy,
    /// Why this run cannot sign. It matters only where something is still to be signed.
    pub unable: Option<Obstacle>,
    /// Why this run cannot make SBOMs, likewise.
    pub unlisted: Option<Obstacle>,
}

/// What verifying needs: cosign, and somebody who counts. The obstacle forbids all of it.
///
/// # Errors
/// A public key that the configuration names and that is not there: kind usage.
pub fn policy(world: &World, trust: &Trust) -> anyhow::Result<Result<Policy, Obstacle>> {
    if let Err(fault) = tools::require(tools::COSIGN) {
        return Ok(Err(Obstacle::of(Fault {
            what: format!("[trust] wants {}: {}", wanted(trust), fault.what),
            ..fault
        })));
    }
    let accepted = match accepted(world, trust)? {
        Ok(accepted) => accepted,
        Err(obstacle) => return Ok(Err(obstacle)),
    };
    Ok(Ok(Policy {
        sign: trust.sign,
        sbom: trust.sbom.clone(),
        provenance: trust.provenance,
        transparency_log: trust.transparency_log,
        accepted,
        key: world.environment.signing_key.clone(),
    }))
}

/// As [`policy`], with what this run can sign with.
///
/// # Errors
/// As of [`policy`].
pub fn means(world: &World, trust: &Trust) -> anyhow::Result<Result<Means, Obstacle>> {
    Ok(match policy(world, trust)? {
        Ok(policy) => match unable(world, &policy) {
            // A key that is there and is not the one that counts is a mistake, whatever is left to do.
            Err(mistake) => Err(mistake),
            Ok(unable) => Ok(Means {
                policy,
                unable,
                unlisted: tools::require(tools::SYFT).err().map(Obstacle::of),
            }),
        },
        Err(obstacle) => Err(obstacle),
    })
}

/// Whose signatures count: those whom the configuration names, else those whom the surroundings name, else the forge's workflows.
fn accepted(world: &World, trust: &Trust) -> anyhow::Result<Result<Vec<Signer>, Obstacle>> {
    let environment = &world.environment;
    let identity = |(issuer, pattern): &(String, String)| Signer::Identity {
        issuer: issuer.clone(),
        pattern: pattern.clone(),
    };
    let mut accepted: Vec<_> = trust.identity.iter().map(identity).collect();
    if let Some(path) = &trust.public_key {
        let fix = || "cosign generate-key-pair, then git add the public half";
        let pem = world.read(path)?.ok_or_else(|| {
            Fault::usage(format!("trust.public-key names {path}, which is not there")).fix(fix())
        })?;
        accepted.push(Signer::Key(public_key(pem, path).map_err(|what| {
            Fault::usage(format!("trust.public-key: {what}")).fix(fix())
        })?));
    }
    if !accepted.is_empty() {
        return Ok(Ok(accepted));
    }
    if let Some(text) = &environment.public_key {
        return Ok(public_key_of_surroundings(text).map(|key| vec![Signer::Key(key)]));
    }
    if let Some(key) = &environment.signing_key {
        return Ok(half_of(world, key).map(|pem| {
            vec![Signer::Key(PublicKey::Text {
                pem,
                from: place_of(key),
            })]
        }));
    }
    Ok(match (&trust.usual_identity, trust.transparency_log) {
        (Some(usual), true) => Ok(vec![identity(usual)]),
        (Some(_), false) => Err(Obstacle::new(
            "[trust] has no transparency log, so signatures are made with a key, and nothing says which counts",
            "cosign generate-key-pair, then public-key = \"cosign.pub\" in [trust], or COSIGN_PUBLIC_KEY in the environment",
        )),
        (None, _) => Err(Obstacle::new(
            "[trust] wants signatures, and nothing says whose count: neither public-key nor identity, COSIGN_PUBLIC_KEY, COSIGN_KEY or a forge",
            "cosign generate-key-pair, then public-key = \"cosign.pub\" in [trust]",
        )),
    })
}

fn public_key(text: String, from: &str) -> Result<PublicKey, String> {
    match text.contains("-----BEGIN PUBLIC KEY-----") {
        true => Ok(PublicKey::Text {
            pem: text.trim().to_owned(),
            from: from.to_owned(),
        }),
        // What it is instead may be a private key, and is not shown.
        false => Err(format!(
            "{from} holds no public key (-----BEGIN PUBLIC KEY-----)"
        )),
    }
}

/// `COSIGN_PUBLIC_KEY`: the text of a key, a file, or the address of one in a key service.
fn public_key_of_surroundings(text: &str) -> Result<PublicKey, Obstacle> {
    const NAME: &str = "COSIGN_PUBLIC_KEY";
    let wrong = |what: String| {
        Obstacle::new(
            format!("{NAME}: {what}"),
            "cosign public-key --key cosign.key",
        )
    };
    if text.contains("-----BEGIN") {
        return public_key(text.to_owned(), NAME).map_err(wrong);
    }
    if text.contains("://") {
        return Ok(PublicKey::At(text.to_owned()));
    }
    match files::read(std::path::Path::new(text)).context("reading the public key") {
        Ok(Some(pem)) => public_key(pem, text).map_err(wrong),
        Ok(None) => Err(wrong(format!("there is no file {text}"))),
        Err(error) => Err(wrong(format!("{error:#}"))),
    }
}

fn place_of(key: &Key) -> String {
    match key {
        Key::At(place) => place.clone(),
        Key::Variable(name) => (*name).to_owned(),
    }
}

/// The public half of the key to sign with; an obstacle when the key cannot be opened.
fn half_of(world: &World, key: &Key) -> Result<String, Obstacle> {
    let place = place_of(key);
    let is_elsewhere =
        matches!(key, Key::At(place) if place.contains("://") && !place.starts_with("env://"));
    if !is_elsewhere && !world.environment.has_key_password {
        let what = format!(
            "COSIGN_PASSWORD is not set, so the key {place} cannot be opened; an empty one is a password too"
        );
        return Err(Obstacle::new(
            what,
            "export COSIGN_PASSWORD=… (in CI: a secret of the repository)",
        ));
    }
    cosign::public_half(world, key).map_err(|error| {
        Obstacle::new(
            format!("the key to sign with, {place}, cannot be used: {error:#}"),
            "cosign public-key --key $COSIGN_KEY, with the right COSIGN_PASSWORD",
        )
    })
}

/// Why this run cannot sign, if so; an error for a key whose signatures would not count.
fn unable(world: &World, policy: &Policy) -> Result<Option<Obstacle>, Obstacle> {
    let Some(key) = &policy.key else {
        let takes_identities = policy
            .accepted
            .iter()
            .any(|signer| matches!(signer, Signer::Identity { .. }));
        let fix = match takes_identities {
            true => {
                "export COSIGN_KEY=cosign.key COSIGN_PASSWORD=…, or release in CI with permissions: id-token: write"
            }
            false => "export COSIGN_KEY=cosign.key COSIGN_PASSWORD=…",
        };
        let counts = policy
            .accepted
            .iter()
            .map(Signer::describe)
            .collect::<Vec<_>>()
            .join(", ");
        let what = format!(
            "[trust] wants signatures of {counts}, and there is nothing here to sign with: no COSIGN_KEY{}",
            match takes_identities {
                true => ", no identity of a CI",
                false => "",
            }
        );
        return Ok(match takes_identities && world.environment.has_identity {
            true => not_counting(&identity::of_this_run(), policy),
            false => Some(Obstacle::new(what, fix)),
        });
    };
    let half = half_of(world, key)?;
    let counts = policy.accepted.iter().any(|signer| match signer {
        Signer::Key(PublicKey::Text { pem, .. }) => same_key(pem, &half),
        // What a key service holds is asked when the signature is.
        Signer::Key(PublicKey::At(_)) => true,
        Signer::Identity { .. } => false,
    });
    if counts {
        return Ok(None);
    }
    let accepted = policy
        .accepted
        .iter()
        .map(Signer::describe)
        .collect::<Vec<_>>()
        .join(", ");
    let what = format!(
        "the key to sign with, {}, is not the private half of one whose signatures count: {accepted}",
        place_of(key)
    );
    Err(Obstacle::new(
        what,
        "export COSIGN_KEY=… of that key, or change public-key in [trust]",
    ))
}

/// Why what this run would sign without a key would not count. A pattern that is none is cosign's to refuse.
fn not_counting(identity: &anyhow::Result<Identity>, policy: &Policy) -> Option<Obstacle> {
    const FIX: &str =
        "release in CI with permissions: id-token: write, or change issuer and identity in [trust]";
    let identity = match identity {
        Ok(identity) => identity,
        Err(error) => {
            return Some(Obstacle::new(
                format!("[trust] wants signatures, and this run cannot say who it is: {error:#}"),
                FIX,
            ));
        }
    };
    if let Some(over) = identity.over {
        return Some(Obstacle::new(
            format!(
                "the identity token to sign with is over since {over} (of {}, by {})",
                identity.name, identity.issuer
            ),
            "start the job again, which gets a new one",
        ));
    }
    let counts = policy.accepted.iter().any(|signer| match signer {
        Signer::Identity { issuer, pattern } => {
            let matches = |pattern: Regex| pattern.is_match(&identity.name);
            *issuer == identity.issuer
                && Regex::new(&format!("^(?:{pattern})$")).map_or(true, matches)
        }
        Signer::Key(_) => false,
    });
    let accepted = policy
        .accepted
        .iter()
        .map(Signer::describe)
        .collect::<Vec<_>>()
        .join(", ");
    let what = || {
        format!(
            "this run would sign as {} of {}, whose signatures do not count: wanted {accepted}",
            identity.name, identity.issuer
        )
    };
    (!counts).then(|| Obstacle::new(what(), FIX))
}

/// Whether two texts are one key, however their lines end.
fn same_key(one: &str, other: &str) -> bool {
    one.split_whitespace().eq(other.split_whitespace())
}

/// What the configuration asks for, in a few words.
pub fn wanted(trust: &Trust) -> String {
    let mut words = Vec::new();
    words.extend(trust.sign.then_some("signatures"));
    words.extend(trust.sbom.iter().map(|format| format.word()));
    words.extend(trust.provenance.then_some("provenance"));
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_key_in_the_place_of_a_public_one_is_refused_and_not_shown() {
        let error = public_key(
            "-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----\nc2VjcmV0\n".into(),
            "cosign.pub",
        )
        .unwrap_err();
        assert_eq!(
            error,
            "cosign.pub holds no public key (-----BEGIN PUBLIC KEY-----)"
        );
        let key = "-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n";
        assert!(public_key(key.into(), "cosign.pub").is_ok());
        assert!(same_key(key, &key.replace('\n', "\r\n")));
        assert!(!same_key(key, &key.replace("AA", "AB")));
    }
}
