//! Steps: one effect on one outside thing each. `plan` has their states, and the plan that they make together.
//!
//! The enum is closed: a new step makes the compiler ask for its probe, its act and its line in the report.
//! Steps are identified by names we choose and by content, never by ids that a server gives, so a plan is complete before anything
//! runs.

pub mod images;
pub mod plan;

use monorelease_model::image::{Digest, Repository};

use crate::delivery::deploy::Deployment;
use crate::delivery::{Action, Deliver};
use crate::packages::PackageStep;
use crate::pin::model::{Gather, Pins};
use crate::release::github::{ForgeRelease, Part};
use crate::release_pr::model::ReleasePull;
use crate::secrets::SecretSync;
use crate::text::short;
use crate::trust::{Attached, Policy, Subject};
use images::{
    DistributionBuild, DistributionKind, ImageBuild, ImageCheck, ImageCopy, ManifestBytes,
};

/// One effect on one outside thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A file holds exactly these bytes. Neighbouring edits of a plan are written all together or not at all.
    EditFile {
        path: String,
        before: String,
        after: String,
    },
    /// A file that was not there is, with exactly this text. One that holds anything else is never touched.
    CreateFile { path: String, text: String },
    /// A commit at HEAD holds these files as they are planned.
    Commit {
        message: String,
        files: Vec<(String, String)>,
    },
    /// An annotated tag of this clone points at the commit.
    Tag {
        name: String,
        commit: String,
        message: String,
    },
    /// The remote has the tag, at the commit.
    PushTag {
        remote: String,
        name: String,
        commit: String,
    },
    /// The engine holds the image of one platform, built from the commit.
    BuildImage(ImageBuild),
    /// The image passed one of its gates.
    CheckImage {
        image: ImageBuild,
        check: ImageCheck,
    },
    /// The registry serves the image under its build tag.
    PushImage(ImageBuild),
    /// A file of the project's distribution lies in its folder.
    BuildDistribution(DistributionBuild),
    /// The release's repository holds the image of one platform, with all that it is made of.
    CopyImage(ImageCopy),
    /// The registry serves this manifest under this tag: the same bytes under one more name.
    PublishTag {
        repository: Repository,
        tag: String,
        manifest: ManifestBytes,
    },
    /// The registry serves this index under this tag.
    PublishIndex {
        repository: Repository,
        tag: String,
        manifest: ManifestBytes,
    },
    /// A name declared as moving names this index, `version`'s, and no longer what it did when the plan was made.
    MoveAlias {
        repository: Repository,
        tag: String,
        version: String,
        manifest: ManifestBytes,
        from: Option<Digest>,
    },
    /// The branch of a release, or its pull request, is as the release wants it.
    ReleasePull(ReleasePull),
    /// The registry serves this manifest by its digest, under no name yet.
    Store {
        repository: Repository,
        manifest: ManifestBytes,
    },
    /// A signature or a statement of somebody who counts is attached to the digest.
    Attach {
        subject: Subject,
        what: Attached,
        policy: Policy,
    },
    /// The pins of a project in an environment say its release, in one branch of one repository.
    Deliver(Box<Deliver>),
    /// What is to run in an environment is recorded, or something is done for it and passes.
    Deploy(Box<Deployment>),
    /// The forge's release of a tag is there, has a file, or is seen by everybody.
    ForgeRelease(Box<ForgeRelease>),
    /// The registry serves the images of all platforms under the name of what they are built of.
    Gather(Gather),
    /// Registry files, or one open pull request, say the digests of what is served under their projects' names.
    Pin(Box<Pins>),
    /// A file of a package is built, or published.
    Package(PackageStep),
    /// The store of an environment holds these secrets.
    SyncSecrets(Box<SecretSync>),
}

impl Step {
    /// The step's kind in the report.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::EditFile { .. } => "edit",
            Self::CreateFile { .. } => "create",
            Self::Commit { .. } => "commit",
            Self::Tag { .. } => "tag",
            Self::PushTag { .. } => "push-tag",
            Self::BuildImage(_) => "build-image",
            Self::CheckImage {
                check: ImageCheck::Smoke { .. },
                ..
            } => "smoke",
            Self::CheckImage {
                check: ImageCheck::Health { .. },
                ..
            } => "health",
            Self::CheckImage {
                check: ImageCheck::Scan { .. },
                ..
            } => "scan",
            Self::PushImage(_) => "push-image",
            Self::BuildDistribution(_) => "build-distribution",
            Self::PublishTag { .. } => "promote",
            Self::PublishIndex { .. } => "index",
            Self::CopyImage(_) => "copy",
            Self::MoveAlias { .. } => "alias",
            Self::ReleasePull(pull) => pull.kind(),
            Self::Store { .. } => "store",
            Self::Attach {
                what: Attached::Signature,
                ..
            } => "sign",
            Self::Attach { .. } => "attest",
            Self::Deliver(delivery) => match delivery.action {
                Action::Promote => "pin",
                Action::Rollback { .. } => "rollback",
                Action::Unbar { .. } => "unbar",
            },
            Self::Deploy(deployment) => deployment.kind(),
            Self::ForgeRelease(release) => release.kind(),
            Self::Gather(_) => "gather",
            Self::Pin(_) => "pin",
            Self::Package(step) => step.kind(),
            Self::SyncSecrets(_) => "secrets",
        }
    }

    /// The outside thing, by names that stay the same from run to run.
    pub fn id(&self) -> String {
        let object = match self {
            Self::EditFile { path, .. } | Self::CreateFile { path, .. } => path.clone(),
            Self::Commit { message, .. } => message.lines().next().unwrap_or_default().to_owned(),
            Self::Tag { name, .. } => name.clone(),
            Self::PushTag { remote, name, .. } => format!("{remote}/{name}"),
            Self::BuildImage(image) | Self::PushImage(image) => image.reference(),
            Self::CheckImage { image, check } => match check {
                ImageCheck::Smoke { command } => {
                    format!("{}#{}", image.reference(), command.join(" "))
                }
                ImageCheck::Health { port, path } => format!("{}#{port}{path}", image.reference()),
                ImageCheck::Scan { scanner, .. } => format!("{}#{scanner}", image.reference()),
            },
            Self::BuildDistribution(build) => build.folder.clone(),
            Self::CopyImage(copy) => copy.reference(),
            Self::PublishTag {
                repository, tag, ..
            }
            | Self::PublishIndex {
                repository, tag, ..
            }
            | Self::MoveAlias {
                repository, tag, ..
            } => format!("{repository}:{tag}"),
            Self::ReleasePull(pull) => pull.object(),
            Self::Store {
                repository,
                manifest,
            } => format!("{repository}@{}", manifest.digest),
            Self::Attach {
                subject,
                what: Attached::Signature,
                ..
            } => subject.reference(),
            Self::Attach { subject, what, .. } => {
                format!("{}#{}", subject.reference(), what.word())
            }
            Self::Deliver(delivery) => format!(
                "{}/{} {}",
                delivery.project,
                delivery.environment,
                delivery.place()
            ),
            Self::Deploy(deployment) => deployment.object(),
            Self::ForgeRelease(release) => release.object(),
            Self::Gather(gather) => format!("{}:{}", gather.repository, gather.tag),
            Self::Pin(pins) => format!("{} {}", pins.environment, pins.place()),
            Self::Package(step) => step.object(),
            Self::SyncSecrets(sync) => sync.object_id(),
        };
        format!("{}:{object}", self.kind())
    }

    /// One line for people: the effect, with the content that matters.
    pub fn what(&self) -> String {
        match self {
            Self::EditFile { path, .. } | Self::CreateFile { path, .. } => path.clone(),
            Self::Commit { message, .. } => message.lines().next().unwrap_or_default().to_owned(),
            Self::Tag { name, commit, .. } => format!("{name} at {}", short(commit)),
            Self::PushTag { remote, name, .. } => format!("{name} to {remote}"),
            Self::BuildImage(image) => format!("{} for {}", image.reference(), image.platform),
            Self::CheckImage { check, .. } => match check {
                ImageCheck::Smoke { command } => command.join(" "),
                ImageCheck::Health { port, path } => format!("port {port}, {path}"),
                ImageCheck::Scan { scanner, .. } => {
                    format!("{scanner}: no HIGH or CRITICAL that has a fix, in image and tree")
                }
            },
            Self::PushImage(image) => image.reference(),
            Self::BuildDistribution(build) => match &build.kind {
                DistributionKind::Wheel { target } => {
                    format!(
                        "wheel of {} {} for {}",
                        build.package,
                        build.version,
                        target.as_deref().unwrap_or("this machine")
                    )
                }
                DistributionKind::Package => {
                    format!("sdist and wheel of {} {}", build.package, build.version)
                }
            },
            Self::PublishTag {
                repository,
                tag,
                manifest,
            } => format!("{repository}:{tag} ← {}", manifest.digest.short()),
            Self::PublishIndex {
                repository,
                tag,
                manifest,
            } => format!("{repository}:{tag} = {}", manifest.digest.short()),
            Self::CopyImage(copy) => {
                format!("{} for {} from {}", copy.to, copy.platform, copy.from)
            }
            Self::MoveAlias {
                repository,
                tag,
                version,
                manifest,
                ..
            } => {
                format!("{repository}:{tag} → {version} {}", manifest.digest.short())
            }
            Self::ReleasePull(pull) => pull.what(),
            Self::Store {
                repository,
                manifest,
            } => format!("{repository}@{}", manifest.digest.short()),
            Self::Attach {
                subject,
                what: Attached::Signature,
                ..
            } => format!("{} = {}", subject.role, subject.digest.short()),
            Self::Attach { subject, what, .. } => format!(
                "{} of {} = {}",
                what.word(),
                subject.role,
                subject.digest.short()
            ),
            Self::Deliver(delivery) => delivery.what(),
            Self::Deploy(deployment) => deployment.what(),
            Self::ForgeRelease(release) => release.what(),
            Self::Gather(gather) => {
                format!("{}:{} of {}", gather.repository, gather.tag, gather.names())
            }
            Self::Pin(pins) => pins.what(),
            Self::Package(step) => step.what(),
            Self::SyncSecrets(sync) => sync.what(),
        }
    }

    /// What a person can do when the outside thing holds something else.
    pub fn conflict_fix(&self, project: &str) -> String {
        match self {
            Self::EditFile { path, .. } => {
                format!("git diff -- {path}, then the same command again")
            }
            Self::CreateFile { path, .. } => {
                format!("edit {path}, or write another one beside it with --config FILE")
            }
            Self::Commit { .. } => "git status".into(),
            Self::Tag { name, .. } => format!(
                "git tag --delete {name} if nobody has seen it, else cargo xtask bump patch {project}"
            ),
            Self::PushTag { .. } => format!("git fetch --tags && cargo xtask bump patch {project}"),
            Self::BuildImage(image) | Self::CheckImage { image, .. } | Self::PushImage(image) => {
                format!("docker buildx imagetools inspect {}", image.reference())
            }
            Self::BuildDistribution(build) => format!("rm -r {}", build.folder),
            Self::PublishTag { .. } | Self::PublishIndex { .. } | Self::Store { .. } => {
                format!("cargo xtask bump patch {project}")
            }
            Self::CopyImage(copy) => format!("crane manifest {}", copy.reference()),
            Self::MoveAlias { .. } => {
                format!("cargo xtask release {project}, which looks again at what it holds")
            }
            Self::ReleasePull(pull) => pull.conflict_fix(),
            Self::Attach { subject, .. } => format!(
                "cosign tree {}, then cargo xtask bump patch {project}",
                subject.reference()
            ),
            Self::Deliver(delivery) if delivery.pull.is_some() => {
                let branch = delivery
                    .pull
                    .as_ref()
                    .map_or("", |pull| pull.branch.as_str());
                format!(
                    "the same command again; others' commits on {branch} go to a branch of their own first"
                )
            }
            Self::Deliver(_) | Self::Deploy(_) | Self::SyncSecrets(_) => {
                "the same command again, which plans upon what is there now".into()
            }
            Self::ForgeRelease(release) => release.conflict_fix(project),
            Self::Gather(gather) => format!("crane manifest {}:{}", gather.repository, gather.tag),
            Self::Pin(pins) => format!(
                "the same command again; others' commits on {} go to a branch of their own first",
                pins.pull.branch
            ),
            Self::Package(step) => step.conflict_fix(),
        }
    }

    /// What a person can do when the outside thing cannot be read.
    pub fn unknown_fix(&self) -> String {
        match self {
            Self::PushTag { remote, .. } => format!("git ls-remote --tags {remote}"),
            Self::Deliver(delivery) => format!("git ls-remote --heads {}", delivery.address),
            Self::Deploy(deployment) => format!(
                "git ls-remote {} {}",
                deployment.of.address, deployment.of.branch
            ),
            Self::EditFile { .. }
            | Self::CreateFile { .. }
            | Self::Commit { .. }
            | Self::Tag { .. } => "git status".into(),
            Self::ReleasePull(pull) => pull.unknown_fix(),
            Self::ForgeRelease(release) => release.unknown_fix(),
            Self::Package(step) => step.unknown_fix(),
            Self::SyncSecrets(sync) => sync.unknown_fix(),
            _ => "cargo xtask doctor".into(),
        }
    }

    /// Whether the effect can be seen by others and not be taken back.
    pub fn is_irreversible(&self) -> bool {
        let is_seen = |release: &ForgeRelease| matches!(release.part, Part::Published { .. });
        matches!(
            self,
            Self::PushTag { .. }
                | Self::PublishTag { .. }
                | Self::PublishIndex { .. }
                | Self::MoveAlias { .. }
                | Self::Attach { .. }
                | Self::Package(PackageStep::Publish { .. } | PackageStep::Bundle { .. })
        ) || matches!(self, Self::ForgeRelease(release) if is_seen(release))
    }
}
