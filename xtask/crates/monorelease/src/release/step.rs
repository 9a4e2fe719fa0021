//! Release tags of images, the images they name, and floating tags, in the release's repository.

use anyhow::bail;
use monorelease_model::image::{Digest, Platform, Repository};

use crate::step::effect::{Effect, Lane, Probe};
use crate::step::manifest::ManifestBytes;
use crate::step::requirement::Requirement;
use crate::world::World;

/// The registry serves this manifest under this tag: the same bytes under one more name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishTag {
    pub repository: Repository,
    pub tag: String,
    pub manifest: ManifestBytes,
}

impl Effect for PublishTag {
    fn kind(&self) -> &'static str {
        "promote"
    }

    fn object(&self) -> String {
        format!("{}:{}", self.repository, self.tag)
    }

    fn what(&self) -> String {
        format!("{} ← {}", self.object(), self.manifest.digest.short())
    }

    fn conflict_fix(&self, project: &str) -> String {
        format!("cargo xtask bump patch {project}")
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
        vec![Requirement::PushImages(self.repository.clone())]
    }

    fn probe(&self, world: &World) -> anyhow::Result<Probe> {
        self.manifest.probe(world, &self.repository, &self.tag)
    }

    fn act(&self, world: &World) -> anyhow::Result<()> {
        self.manifest.put(world, &self.repository, &self.tag)
    }
}

/// The registry serves this multi-arch index under this tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishIndex {
    pub repository: Repository,
    pub tag: String,
    pub manifest: ManifestBytes,
}

impl Effect for PublishIndex {
    fn kind(&self) -> &'static str {
        "index"
    }

    fn object(&self) -> String {
        format!("{}:{}", self.repository, self.tag)
    }

    fn what(&self) -> String {
        format!("{} = {}", self.object(), self.manifest.digest.short())
    }

    fn conflict_fix(&self, project: &str) -> String {
        format!("cargo xtask bump patch {project}")
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
        vec![Requirement::PushImages(self.repository.clone())]
    }

    fn probe(&self, world: &World) -> anyhow::Result<Probe> {
        self.manifest.probe(world, &self.repository, &self.tag)
    }

    fn act(&self, world: &World) -> anyhow::Result<()> {
        self.manifest.put(world, &self.repository, &self.tag)
    }
}

/// A floating tag names this index, `version`'s, and no longer what it did when the plan was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveAlias {
    pub repository: Repository,
    pub tag: String,
    pub version: String,
    pub manifest: ManifestBytes,
    pub from: Option<Digest>,
}

impl Effect for MoveAlias {
    fn kind(&self) -> &'static str {
        "alias"
    }

    fn object(&self) -> String {
        format!("{}:{}", self.repository, self.tag)
    }

    fn what(&self) -> String {
        format!(
            "{} → {} {}",
            self.object(),
            self.version,
            self.manifest.digest.short()
        )
    }

    fn conflict_fix(&self, project: &str) -> String {
        format!("cargo xtask release {project}, which looks again at what it holds")
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
        vec![Requirement::PushImages(self.repository.clone())]
    }

    /// A floating tag is the only one that may hold something else; and that must be what was seen when the plan was made.
    fn probe(&self, world: &World) -> anyhow::Result<Probe> {
        let to = &self.manifest.digest;
        let held = world
            .registry()
            .head_before_put(&self.repository, &self.tag)?
            .map(|held| held.digest);
        let shown =
            |digest: &Option<Digest>| digest.as_ref().map_or("nothing", Digest::as_str).to_owned();
        Ok(match &held {
            Some(held) if held == to => Probe::Done(format!("holds {}", to.short())),
            held if *held == self.from => Probe::Todo,
            held => Probe::Conflict {
                found: format!("{} holds {}", self.object(), shown(held)),
                wanted: format!("{}, which it held when it was looked at", shown(&self.from)),
            },
        })
    }

    fn act(&self, world: &World) -> anyhow::Result<()> {
        self.manifest.put(world, &self.repository, &self.tag)
    }
}

/// The release's repository holds the image of one platform, with all that it is made of, taken from another repository of
/// the same registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageCopy {
    pub from: Repository,
    pub to: Repository,
    pub platform: Platform,
    /// The tag in `from`, and the one it is to have in `to`; for what is said when it cannot be done.
    pub names: (String, String),
    /// The image's manifest, then those of its attestations; all their digests together are what the step is about.
    pub manifests: Vec<ManifestBytes>,
    /// What the manifests name, each once.
    pub blobs: Vec<Digest>,
}

impl Effect for ImageCopy {
    fn kind(&self) -> &'static str {
        "copy"
    }

    /// The image, by digest, where it is to be.
    fn object(&self) -> String {
        let digest = self
            .manifests
            .first()
            .map_or("", |manifest| manifest.digest.as_str());
        format!("{}@{digest}", self.to)
    }

    fn what(&self) -> String {
        format!("{} for {} from {}", self.to, self.platform, self.from)
    }

    fn conflict_fix(&self, _project: &str) -> String {
        format!("crane manifest {}", self.object())
    }

    fn unknown_fix(&self) -> String {
        "cargo xtask doctor".into()
    }

    fn is_irreversible(&self) -> bool {
        false
    }

    fn lane(&self) -> Lane {
        Lane::Parallel
    }

    fn requirements(&self) -> Vec<Requirement> {
        vec![Requirement::PushImages(self.to.clone())]
    }

    /// A registry takes a manifest only when it has all that the manifest names, so the manifests speak for the blobs.
    fn probe(&self, world: &World) -> anyhow::Result<Probe> {
        for manifest in &self.manifests {
            // By digest there is nothing else that could be found.
            if world
                .registry()
                .head_before_put(&self.to, manifest.digest.as_str())?
                .is_none()
            {
                return Ok(Probe::Todo);
            }
        }
        Ok(Probe::Done(format!(
            "{} serves {} manifests of it",
            self.to,
            self.manifests.len()
        )))
    }

    /// Lets the registry take the blobs over from its other repository, then puts the manifests that name them, as they are. No
    /// byte of a layer comes this way: where a registry does not take blobs over, it is for a tool that is made to carry them.
    fn act(&self, world: &World) -> anyhow::Result<()> {
        let Self { from, to, .. } = self;
        for blob in &self.blobs {
            if !world.registry().mount_blob(to, blob, from)? {
                let host = &to.host;
                let (read, named) = &self.names;
                bail!(
                    "{host} did not take {blob} over from {from} to {to}, and layers are not carried through here; run `crane copy {from}:{read} \
                     {to}:{named}`, then the same command again"
                );
            }
        }
        self.manifests
            .iter()
            .try_for_each(|manifest| manifest.put(world, to, manifest.digest.as_str()))
    }
}
