//! The trust policy of a release: trusted signers, and the signatures, SBOMs and attestations of each digest.
//!
//! This file has the types: `trust::plan` says what is wanted, `trust::cosign` and `trust::syft` do it.

pub mod abilities;
pub mod attach;
pub mod cosign;
mod identity;
pub mod plan;
pub mod policy;
pub mod promoted;
pub mod signed_files;
pub mod step;
mod syft;

use monorelease_model::image::{Digest, Repository};
use regex_lite::Regex;

use crate::config::Config;
use crate::config::trust::SbomFormat;
use crate::fault::Fault;
use crate::project::paths::clean_path;

/// Who vouches for the identities of GitHub's workflows.
const GITHUB_ISSUER: &str = "https://token.actions.githubusercontent.com";

/// Whose signatures count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signer {
    /// Whoever has the private half of this key.
    Key(PublicKey),
    /// Whoever the issuer calls by a name that the pattern matches, from end to end.
    Identity { issuer: String, pattern: String },
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// Its text, and where that was found.
    Text { pem: String, from: String },
    /// The address of one in a key service.
    At(String),
}

/// Where a private key is to be found; never the key itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// A file, or the address of one in a key service.
    At(String),
    /// The environment variable that holds it.
    Variable(&'static str),
}

impl Signer {
    /// Who it is, in a sentence.
    pub fn describe(&self) -> String {
        match self {
            Self::Key(PublicKey::Text { from, .. }) => format!("the key {from}"),
            Self::Key(PublicKey::At(place)) => format!("the key {place}"),
            Self::Identity { issuer, pattern } => format!("{pattern} of {issuer}"),
        }
    }
}

impl Key {
    /// As cosign wants it after `--key`.
    pub fn argument(&self) -> String {
        match self {
            Self::At(place) => place.clone(),
            Self::Variable(name) => format!("env://{name}"),
        }
    }
}

/// What the configuration asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    pub sign: bool,
    pub sbom: Vec<SbomFormat>,
    pub provenance: bool,
    pub transparency_log: bool,
    /// The public key's file, relative to the root of the repository.
    pub public_key: Option<String>,
    /// The issuer and the pattern of identities that count, where the configuration names one of them.
    pub identity: Option<(String, String)>,
    /// The same for the workflows of the repository's own forge: what counts when nothing is named anywhere.
    pub usual_identity: Option<(String, String)>,
}

impl Trust {
    /// What `[trust]` means; `None` when it is left out.
    ///
    /// # Errors
    /// A value that means nothing, or two that cannot both hold: kind usage, with the key.
    pub fn from_config(config: &Config, file: &str) -> Result<Option<Self>, Fault> {
        let Some(keys) = &config.trust else {
            return Ok(None);
        };
        let wrong = |what: String| {
            Fault::usage(format!("{file}: trust.{what}"))
                .fix(format!("edit {file}, then run the command again"))
        };
        let twice = keys
            .sbom
            .iter()
            .enumerate()
            .find(|(place, format)| keys.sbom[..*place].contains(format));
        if let Some((_, format)) = twice {
            return Err(wrong(format!("sbom names {:?} twice", format.word())));
        }
        let public_key = keys
            .public_key
            .as_deref()
            .map(|path| read_public_key(path).map_err(wrong))
            .transpose()?;
        if let Some(issuer) = keys.issuer.as_ref().filter(|issuer| {
            !issuer.starts_with("https://") || issuer.contains(char::is_whitespace)
        }) {
            return Err(wrong(format!(
                "issuer is {issuer:?}; wanted an address, such as \"{GITHUB_ISSUER}\""
            )));
        }
        let usual = config
            .repository
            .github
            .as_ref()
            .map(|github| (GITHUB_ISSUER.to_owned(), workflows_of(github)));
        let identity = match (&keys.issuer, &keys.identity) {
            (None, None) => None,
            (_, Some(pattern)) if pattern.trim().is_empty() || pattern.contains(['\n', '\r']) => {
                return Err(wrong(format!(
                    "identity is {pattern:?}; wanted a regular expression on one line"
                )));
            }
            (_, Some(pattern)) if Regex::new(pattern).is_err() => {
                return Err(wrong(format!(
                    "identity is {pattern:?}, which is no regular expression; wanted one, such as \"https://github\\\\.com/acme/mono/.+\""
                )));
            }
            (issuer, Some(pattern)) => Some((
                issuer.clone().unwrap_or_else(|| GITHUB_ISSUER.into()),
                pattern.clone(),
            )),
            // Everybody whom a public issuer knows would be trusted.
            (Some(_), None) => {
                return Err(wrong(
                    "issuer stands without identity: name those whose signatures count".into(),
                ));
            }
        };
        if identity.is_some() && !keys.transparency_log {
            return Err(wrong("transparency-log is false, and identity is named: a certificate is good for minutes, and only the log proves when it was used".into()));
        }
        Ok(Some(Self {
            sign: keys.sign,
            sbom: keys.sbom.clone(),
            provenance: keys.provenance,
            transparency_log: keys.transparency_log,
            public_key,
            identity,
            usual_identity: usual,
        }))
    }

    /// Whether anything at all is wanted.
    pub fn wants_anything(&self) -> bool {
        self.sign || self.provenance || !self.sbom.is_empty()
    }
}

fn read_public_key(path: &str) -> Result<String, String> {
    match clean_path(path) {
        Ok(clean) if clean.is_empty() => {
            Err("public-key is empty; wanted a file, such as \"cosign.pub\"".into())
        }
        Ok(clean) => Ok(clean),
        Err(error) => Err(format!("public-key: {error}")),
    }
}

/// Every workflow of a repository, at any of its branches and tags.
fn workflows_of(github: &str) -> String {
    let literal: String = github
        .chars()
        .flat_map(|character| {
            let is_plain =
                character.is_ascii_alphanumeric() || matches!(character, '/' | '-' | '_');
            (!is_plain).then_some('\\').into_iter().chain([character])
        })
        .collect();
    format!("https://github\\.com/{literal}/\\.github/workflows/.+@refs/.+")
}

/// What a release is held to: what must be attached to it, and whose word it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    pub sign: bool,
    pub sbom: Vec<SbomFormat>,
    pub provenance: bool,
    pub transparency_log: bool,
    /// Anybody's of these counts. Never empty.
    pub accepted: Vec<Signer>,
    /// The private key to sign with; `None` for the identity that the surroundings give, or where nothing is signed.
    pub key: Option<Key>,
}

/// A digest that something is said of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    pub repository: Repository,
    pub digest: Digest,
    /// What it is to people: a platform, or the index.
    pub role: String,
}

impl Subject {
    /// The name that cannot come to mean something else.
    pub fn reference(&self) -> String {
        format!("{}@{}", self.repository, self.digest)
    }
}

/// What is said of a digest, beyond that it is ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// What is in it.
    Sbom(SbomFormat),
    /// What it was built from: a predicate of SLSA provenance, version 1.
    Provenance(serde_json::Value),
}

impl Claim {
    /// cosign's word for the kind of statement.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Sbom(SbomFormat::Spdx) => "spdxjson",
            Self::Sbom(SbomFormat::CycloneDx) => "cyclonedx",
            Self::Provenance(_) => "slsaprovenance1",
        }
    }
}

/// Everything that may be attached to a digest: by one step, and asked for by its probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attached {
    Signature,
    Statement(Claim),
}

impl Attached {
    /// One word for tables and names of steps.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::Statement(Claim::Provenance(_)) => "provenance",
            Self::Statement(Claim::Sbom(format)) => format.word(),
        }
    }
}

#[cfg(test)]
mod tests;
