//! Steps: one effect on one outside thing each. `plan` has their states, and the plan that they make together.
//!
//! Each step is a struct in the folder of its capability and implements [`Effect`]. The enum is closed: the engine knows every
//! step, and `engine::order` which of them need each other. Steps are identified by names we choose and by content, never by ids
//! that a server gives, so a plan is complete before anything runs.

pub mod effect;
pub mod files;
pub mod manifest;
pub mod plan;
pub mod requirement;

use crate::build::step::{BuildImage, CheckImage, DistributionBuild, PushImage};
use crate::bump::step::Commit;
use crate::delivery::Deliver;
use crate::delivery::deploy::Deployment;
use crate::packages::step::{
    BuildPackage, ListPackage, PublishPackage, ScanPackage, SignPackageFile,
};
use crate::pin::model::{Gather, Pins};
use crate::release::github::ForgeRelease;
use crate::release::step::{ImageCopy, MoveAlias, PublishIndex, PublishTag};
use crate::release_pr::step::{
    CloseReleasePull, DeleteReleaseBranch, OpenReleasePull, PushReleaseBranch,
};
use crate::secrets::SecretSync;
use crate::tag::step::{PushTag, Tag};
use crate::trust::step::{Attach, Store};
use crate::world::World;
use effect::{Effect, Probe};
use files::{CreateFile, EditFile};

/// One effect on one outside thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    EditFile(EditFile),
    CreateFile(CreateFile),
    Commit(Commit),
    Tag(Tag),
    PushTag(PushTag),
    BuildImage(BuildImage),
    CheckImage(CheckImage),
    PushImage(PushImage),
    BuildDistribution(DistributionBuild),
    CopyImage(ImageCopy),
    PublishTag(PublishTag),
    PublishIndex(PublishIndex),
    MoveAlias(MoveAlias),
    PushReleaseBranch(PushReleaseBranch),
    OpenReleasePull(OpenReleasePull),
    CloseReleasePull(CloseReleasePull),
    DeleteReleaseBranch(DeleteReleaseBranch),
    Store(Store),
    Attach(Attach),
    Deliver(Box<Deliver>),
    Deploy(Box<Deployment>),
    ForgeRelease(Box<ForgeRelease>),
    Gather(Gather),
    Pin(Box<Pins>),
    ScanPackage(ScanPackage),
    BuildPackage(BuildPackage),
    ListPackage(ListPackage),
    SignPackageFile(SignPackageFile),
    PublishPackage(PublishPackage),
    SyncSecrets(Box<SecretSync>),
}

impl Step {
    pub fn effect(&self) -> &dyn Effect {
        match self {
            Self::EditFile(step) => step,
            Self::CreateFile(step) => step,
            Self::Commit(step) => step,
            Self::Tag(step) => step,
            Self::PushTag(step) => step,
            Self::BuildImage(step) => step,
            Self::CheckImage(step) => step,
            Self::PushImage(step) => step,
            Self::BuildDistribution(step) => step,
            Self::CopyImage(step) => step,
            Self::PublishTag(step) => step,
            Self::PublishIndex(step) => step,
            Self::MoveAlias(step) => step,
            Self::PushReleaseBranch(step) => step,
            Self::OpenReleasePull(step) => step,
            Self::CloseReleasePull(step) => step,
            Self::DeleteReleaseBranch(step) => step,
            Self::Store(step) => step,
            Self::Attach(step) => step,
            Self::Deliver(step) => step.as_ref(),
            Self::Deploy(step) => step.as_ref(),
            Self::ForgeRelease(step) => step.as_ref(),
            Self::Gather(step) => step,
            Self::Pin(step) => step.as_ref(),
            Self::ScanPackage(step) => step,
            Self::BuildPackage(step) => step,
            Self::ListPackage(step) => step,
            Self::SignPackageFile(step) => step,
            Self::PublishPackage(step) => step,
            Self::SyncSecrets(step) => step.as_ref(),
        }
    }

    pub fn id(&self) -> String {
        let effect = self.effect();
        format!("{}:{}", effect.kind(), effect.object())
    }

    pub fn kind(&self) -> &'static str {
        self.effect().kind()
    }

    pub fn what(&self) -> String {
        self.effect().what()
    }

    /// As [`Effect::probe`]. Whatever cannot be read is `Unknown`, never `Todo` (law 15).
    pub fn probe(&self, world: &World) -> Probe {
        self.effect()
            .probe(world)
            .unwrap_or_else(|error| Probe::Unknown(format!("{error:#}")))
    }
}
