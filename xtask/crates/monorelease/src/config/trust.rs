//! The keys of `[trust]`.

use serde::Deserialize;

/// `[trust]` as its author writes it. Left out means not wanted; there with nothing in it means all of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TrustKeys {
    /// A signature of each platform's digest, and of the index.
    #[serde(default = "yes")]
    pub sign: bool,
    /// The formats in which the contents of each platform's image are listed.
    #[serde(default = "every_format")]
    pub sbom: Vec<SbomFormat>,
    /// A statement of each platform's image on what it was built from.
    #[serde(default = "yes")]
    pub provenance: bool,
    /// Whether signatures are told to, and looked up in, the public transparency log.
    #[serde(default = "yes")]
    pub transparency_log: bool,
    /// The public key whose signatures count: a file of the repository.
    pub public_key: Option<String>,
    /// Who vouches for the identities whose signatures count.
    pub issuer: Option<String>,
    /// The identities whose signatures count, as a regular expression that must match from end to end.
    pub identity: Option<String>,
}

fn yes() -> bool {
    true
}

fn every_format() -> Vec<SbomFormat> {
    SbomFormat::ALL.to_vec()
}

/// A way to write down what an image contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SbomFormat {
    /// SPDX, as JSON.
    Spdx,
    /// CycloneDX, as JSON.
    CycloneDx,
}

impl SbomFormat {
    pub const ALL: [Self; 2] = [Self::Spdx, Self::CycloneDx];

    /// The word of the configuration.
    pub fn word(self) -> &'static str {
        match self {
            Self::Spdx => "spdx",
            Self::CycloneDx => "cyclonedx",
        }
    }
}
