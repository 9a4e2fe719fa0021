//! Deliveries: which image of a project an environment is to run. One delivery is one commit in one repository.
//!
//! This file has the types; nothing here reads or writes a repository.

mod block_list;
pub mod check_pins;
pub mod commit;
mod compare_and_swap;
pub mod deploy;
mod edit;
pub mod health;
pub mod ledger;
mod message;
pub mod pins;
mod plan;
pub mod promote;
pub mod pull_request;
pub mod read;
pub mod registry_pins;
pub mod repository;
pub mod rollback;
pub mod status;
pub mod step;

use std::collections::BTreeMap;
use std::fmt;

use monorelease_image_pins::PinnedImage;
use monorelease_model::build_id::arch_suffix;
use monorelease_model::image::{Digest, Platform};

use crate::delivery::pull_request::branch::DeliveryPull;
use pins::Pin;

/// The images of one release, as the registry serves them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseImages {
    /// Empty where a digest is all that is known; then only pins without a tag can say it.
    pub version: String,
    /// The image of all platforms.
    pub index: Digest,
    pub platforms: Vec<(Platform, Digest)>,
}

impl ReleaseImages {
    /// The version, or where it is not known the digest, for people.
    pub fn name(&self) -> &str {
        if self.version.is_empty() {
            self.index.short()
        } else {
            &self.version
        }
    }

    /// Every digest by which a pin can name it.
    pub fn digests(&self) -> impl Iterator<Item = &Digest> {
        std::iter::once(&self.index).chain(self.platforms.iter().map(|(_, digest)| digest))
    }

    /// What a pin is to say; `arch` is what the place itself names (`platforms.amd64`). `None`: the place is another platform's.
    ///
    /// # Errors
    /// The release has no image of that platform.
    pub fn wanted(&self, pin: &Pin, arch: Option<&str>) -> Result<Option<PinnedImage>, String> {
        let names = names_platform;
        let version = Some(self.version.as_str()).filter(|version| !version.is_empty());
        let named = match (&pin.platform, arch) {
            (None, None) => {
                return Ok(Some(PinnedImage {
                    tag: version.map(ToOwned::to_owned),
                    digest: self.index.clone(),
                }));
            }
            (Some(platform), Some(arch)) if !names(platform, arch) => return Ok(None),
            (Some(platform), _) => self.platforms.iter().find(|(known, _)| known == platform),
            (None, Some(arch)) => self.platforms.iter().find(|(known, _)| names(known, arch)),
        };
        let missing = || {
            let name = pin
                .platform
                .as_ref()
                .map_or_else(|| arch.unwrap_or_default().to_owned(), ToString::to_string);
            format!("{} has no image for {name}", self.name())
        };
        let (platform, digest) = named.ok_or_else(missing)?;
        Ok(Some(PinnedImage {
            tag: version.map(|version| format!("{version}-{}", arch_suffix(platform))),
            digest: digest.clone(),
        }))
    }
}

/// Whether the key of a place means this platform.
fn names_platform(platform: &Platform, key: &str) -> bool {
    [
        platform.to_string(),
        platform.to_string().replace('/', "-"),
        arch_suffix(platform),
    ]
    .iter()
    .any(|name| name == key)
}

/// What an environment ran, as far as its pins say: a version, a digest, or both.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Said {
    pub version: Option<String>,
    pub digest: Option<Digest>,
}

impl Said {
    pub fn of(images: &ReleaseImages) -> Self {
        Self {
            version: Some(images.version.clone()).filter(|version| !version.is_empty()),
            digest: Some(images.index.clone()),
        }
    }

    /// The version, or where it is not known the digest.
    pub fn name(&self) -> Option<String> {
        let digest = self.digest.as_ref().map(ToString::to_string);
        self.version.clone().or(digest)
    }

    /// The one release that several texts say: the fullest of them, where all agree with it.
    pub fn one_of(said: &[Self]) -> Option<Self> {
        let fullest = said
            .iter()
            .max_by_key(|said| (said.digest.is_some(), said.version.is_some()))?;
        said.iter()
            .all(|said| said.agrees(fullest))
            .then(|| fullest.clone())
    }

    /// Whether both can be of one release: what both say is the same.
    pub fn agrees(&self, other: &Self) -> bool {
        let same_version =
            self.version.is_none() || other.version.is_none() || self.version == other.version;
        match (&self.digest, &other.digest) {
            (Some(one), Some(two)) => one == two,
            _ => same_version && self.version.is_some() && other.version.is_some(),
        }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.version, &self.digest) {
            (Some(version), Some(digest)) => write!(f, "{version} {digest}"),
            (Some(version), None) => f.write_str(version),
            (None, Some(digest)) => write!(f, "- {digest}"),
            (None, None) => f.write_str("-"),
        }
    }
}

/// A digest that no promotion may bring back into an environment (law 20).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    pub project: String,
    pub environment: String,
    pub digest: Digest,
    /// For people; empty where it is not known.
    pub version: String,
    /// RFC 3339.
    pub since: String,
    pub why: String,
    pub by: String,
}

impl Bar {
    pub fn is_of(&self, project: &str, environment: &str) -> bool {
        self.project == project && self.environment == environment
    }
}

/// Why a repository gets a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// An environment gets a release.
    Promote,
    /// It gets an earlier one back, and a digest is barred: the digest, its version, and why.
    Rollback {
        bad: Digest,
        version: String,
        why: String,
    },
    /// Digests are barred no longer. No pin changes.
    Unbar { digests: Vec<Digest> },
}

impl Action {
    /// The word in trailers and in the report.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Promote => "promote",
            Self::Rollback { .. } => "rollback",
            Self::Unbar { .. } => "unbar",
        }
    }
}

/// One commit in one branch of one repository: all pins of a project in an environment that are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deliver {
    pub action: Action,
    pub project: String,
    pub environment: String,
    /// Where the repository is, and whether it is this one.
    pub address: String,
    pub is_own: bool,
    pub branch: String,
    pub pins: Vec<Pin>,
    /// What the pins are to say; `None` where no pin changes.
    pub images: Option<ReleaseImages>,
    /// What stood there when the plan was made.
    pub from: Vec<Said>,
    /// The texts of the references then, by file: whatever else is found later was put there by somebody else.
    pub found: BTreeMap<String, Vec<String>>,
    /// Whether somebody is asked first.
    pub approval: bool,
    /// The pull request that it goes by; `None`: the commit is pushed to the branch itself.
    pub pull: Option<DeliveryPull>,
}

impl Deliver {
    /// The repository and its branch, for people.
    pub fn place(&self) -> String {
        format!("{} ({})", self.address, self.branch)
    }

    /// One line: from what to what.
    pub fn what(&self) -> String {
        let short = |said: &Said| match (&said.version, &said.digest) {
            (Some(version), _) => version.clone(),
            (None, Some(digest)) => digest.short().to_owned(),
            (None, None) => "nothing".to_owned(),
        };
        let from = self.from.iter().map(short).collect::<Vec<_>>().join(", ");
        match (&self.action, &self.images) {
            (Action::Unbar { digests }, _) => {
                let digests = digests
                    .iter()
                    .map(Digest::short)
                    .collect::<Vec<_>>()
                    .join(", ");
                format!(
                    "{} in {}: {digests} barred no longer, {}",
                    self.project,
                    self.environment,
                    self.place()
                )
            }
            (_, Some(images)) => {
                let by = if self.pull.is_some() {
                    " by pull request"
                } else {
                    ""
                };
                format!(
                    "{} in {}: {from} → {}, {}{by}",
                    self.project,
                    self.environment,
                    images.name(),
                    self.place()
                )
            }
            (_, None) => format!("{} in {}, {}", self.project, self.environment, self.place()),
        }
    }
}
