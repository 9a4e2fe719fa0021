//! Signatures and attestations of a digest, and the manifest that is stored so that it can be signed.

use monorelease_model::image::Repository;

use super::attach::{self, Found};
use super::policy::Obstacle;
use super::{Attached, Claim, Policy, Subject, cosign, syft};
use crate::step::effect::{Effect, Lane, Probe};
use crate::step::manifest::ManifestBytes;
use crate::step::requirement::Requirement;
use crate::world::World;

/// The registry serves this manifest by its digest, under no tag yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    pub repository: Repository,
    pub manifest: ManifestBytes,
}

impl Effect for Store {
    fn kind(&self) -> &'static str {
        "store"
    }

    fn object(&self) -> String {
        format!("{}@{}", self.repository, self.manifest.digest)
    }

    fn what(&self) -> String {
        format!("{}@{}", self.repository, self.manifest.digest.short())
    }

    fn conflict_fix(&self, project: &str) -> String {
        format!("cargo xtask bump patch {project}")
    }

    fn unknown_fix(&self) -> String {
        "cargo xtask doctor".into()
    }

    /// Nobody finds what has no tag.
    fn is_irreversible(&self) -> bool {
        false
    }

    fn lane(&self) -> Lane {
        Lane::Parallel
    }

    fn requirements(&self) -> Vec<Requirement> {
        vec![Requirement::PushImages(self.repository.clone())]
    }

    fn probe(&self, world: &World) -> anyhow::Result<Probe> {
        let Self {
            repository,
            manifest,
        } = self;
        manifest.probe(world, repository, manifest.digest.as_str())
    }

    fn act(&self, world: &World) -> anyhow::Result<()> {
        let Self {
            repository,
            manifest,
        } = self;
        manifest.put(world, repository, manifest.digest.as_str())
    }
}

/// A signature or an attestation of a trusted signer is attached to the digest.
///
/// Attaching is adding to one list of the digest, so these steps are never done side by side for one digest (law 11).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attach {
    pub subject: Subject,
    pub what: Attached,
    pub policy: Policy,
    /// What is missing to attach it here.
    pub missing: Vec<Obstacle>,
}

impl Effect for Attach {
    fn kind(&self) -> &'static str {
        match self.what {
            Attached::Signature => "sign",
            Attached::Statement(_) => "attest",
        }
    }

    fn object(&self) -> String {
        match self.what {
            Attached::Signature => self.subject.reference(),
            Attached::Statement(_) => {
                format!("{}#{}", self.subject.reference(), self.what.word())
            }
        }
    }

    fn what(&self) -> String {
        let Subject { role, digest, .. } = &self.subject;
        match self.what {
            Attached::Signature => format!("{role} = {}", digest.short()),
            Attached::Statement(_) => {
                format!("{} of {role} = {}", self.what.word(), digest.short())
            }
        }
    }

    fn conflict_fix(&self, project: &str) -> String {
        format!(
            "cosign tree {}, then cargo xtask bump patch {project}",
            self.subject.reference()
        )
    }

    fn unknown_fix(&self) -> String {
        "cargo xtask doctor".into()
    }

    fn is_irreversible(&self) -> bool {
        true
    }

    fn lane(&self) -> Lane {
        Lane::Parallel
    }

    fn requirements(&self) -> Vec<Requirement> {
        let push = Requirement::PushImages(self.subject.repository.clone());
        let missing = self.missing.iter().map(Obstacle::requirement);
        std::iter::once(push).chain(missing).collect()
    }

    /// Asks the registry, through cosign and by the policy: the proof is in the signature, not in that something is there.
    fn probe(&self, world: &World) -> anyhow::Result<Probe> {
        let Self {
            subject,
            what,
            policy,
            ..
        } = self;
        // An index that is not stored yet has nothing attached; cosign would say the same of it as of one that cannot be read.
        if world
            .registry()
            .head(&subject.repository, subject.digest.as_str())?
            .is_none()
        {
            return Ok(Probe::Todo);
        }
        Ok(match attach::look(world, subject, what, policy)? {
            Found::Good(evidence) => Probe::Done(evidence),
            Found::Absent(_) => Probe::Todo,
            Found::Unknown(why) | Found::Broken(why) => Probe::Unknown(why),
            Found::Other { found, wanted } => Probe::Conflict { found, wanted },
        })
    }

    /// Attaches it. That it is there, and counts, is asked afterwards.
    fn act(&self, world: &World) -> anyhow::Result<()> {
        let Self {
            subject,
            what,
            policy,
            ..
        } = self;
        let claim = match what {
            Attached::Signature => return cosign::sign(world, subject, policy),
            Attached::Statement(claim) => claim,
        };
        let predicate = match claim {
            Claim::Sbom(format) => syft::list(world, subject, *format)?,
            Claim::Provenance(predicate) => predicate.to_string(),
        };
        cosign::attest(world, subject, claim.kind(), &predicate, policy)
    }
}
