//! The steps of a build: images that docker builds, checks and pushes, and the files of a wheel or Python package.

use std::path::PathBuf;

use anyhow::{Context, bail};
use monorelease_model::image::Digest;
use monorelease_process::Call;

use super::image_build::ImageBuild;
use crate::release::platform_images::{REVISION_LABEL, VERSION_LABEL};
use crate::release::registry_images::{Unusable, platform_image};
use crate::scan::{self, Rules};
use crate::step::effect::{Effect, Lane, Probe};
use crate::step::requirement::Requirement;
use crate::text::short;
use crate::tools;
use crate::tools::docker::{self, LocalImage};
use crate::world::{World, files};

impl ImageBuild {
    fn conflict_fix(&self) -> String {
        format!("docker buildx imagetools inspect {}", self.reference())
    }

    /// The engine's image of this very build; one under its name that was built from something else is not it.
    fn local(&self, world: &World) -> anyhow::Result<Option<LocalImage>> {
        let is_it = |local: &LocalImage| {
            local.label(REVISION_LABEL) == Some(&self.revision)
                && local.label(VERSION_LABEL) == Some(&self.version)
        };
        Ok(docker::inspect(&world.runner, &self.reference())?.filter(is_it))
    }

    /// What the registry says of the build's tag: `None` when it is not there, or not meant to be.
    ///
    /// An image there with this revision is this build's: only checked images are pushed, so nothing is left to do.
    fn pushed(&self, world: &World) -> anyhow::Result<Option<Probe>> {
        if !self.for_registry {
            return Ok(None);
        }
        let wanted = || format!("revision {}", self.revision);
        let found = match platform_image(world, &self.repository, &self.tag, &self.platform) {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(None),
            Err(Unusable::Objection(found)) => {
                return Ok(Some(Probe::Conflict {
                    found,
                    wanted: wanted(),
                }));
            }
            Err(Unusable::Unread(error)) => return Err(error),
        };
        Ok(Some(match found.revision() {
            Some(revision) if revision == self.revision => Probe::Done(format!(
                "the registry has {} from {}",
                found.named.digest.short(),
                short(revision)
            )),
            revision => Probe::Conflict {
                found: format!(
                    "{} with revision {}",
                    self.reference(),
                    revision.unwrap_or("none")
                ),
                wanted: wanted(),
            },
        }))
    }
}

/// The engine holds the image of one platform, built from the commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildImage {
    pub image: ImageBuild,
}

impl Effect for BuildImage {
    fn kind(&self) -> &'static str {
        "build-image"
    }

    fn object(&self) -> String {
        self.image.reference()
    }

    fn what(&self) -> String {
        format!("{} for {}", self.image.reference(), self.image.platform)
    }

    fn conflict_fix(&self, _project: &str) -> String {
        self.image.conflict_fix()
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
        vec![Requirement::DiskSpace { with_docker: true }]
    }

    fn probe(&self, world: &World) -> anyhow::Result<Probe> {
        if let Some(answer) = self.image.pushed(world)? {
            return Ok(answer);
        }
        let local = self.image.local(world)?;
        Ok(local.map_or(Probe::Todo, |local| Probe::Done(local.id)))
    }

    /// Builds, and compares the image's labels: by them it will be known.
    fn act(&self, world: &World) -> anyhow::Result<()> {
        let image = &self.image;
        docker::build(world, image)?;
        let local = docker::inspect(&world.runner, &image.reference())?
            .with_context(|| format!("the engine has no image {}", image.reference()))?;
        for (label, argument, wanted) in [
            (REVISION_LABEL, "REVISION", &image.revision),
            (VERSION_LABEL, "VERSION", &image.version),
        ] {
            if local.label(label) != Some(wanted) {
                let found = local.label(label).unwrap_or("nothing");
                bail!(
                    "the image says {found} as {label}, wanted {wanted}; its last stage wants ARG {argument} and LABEL {label}=\"${argument}\""
                );
            }
        }
        Ok(())
    }
}

/// A check between a fresh image and the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageCheck {
    Smoke {
        command: Vec<String>,
    },
    Health {
        port: u16,
        path: String,
    },
    /// A vulnerability scan of the image and of the files it is built of, by this tool, held to these rules.
    Scan {
        scanner: String,
        rules: Rules,
    },
}

/// The image passed one of its checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckImage {
    pub image: ImageBuild,
    pub check: ImageCheck,
}

impl CheckImage {
    /// Where it is written down that these very bytes passed this very check.
    ///
    /// A check leaves nothing outside that could be asked, so its success is kept, by the image's content and the check's words.
    /// A scan's words hold the day and what it lets pass: vulnerabilities become known while the bytes stay as they are.
    fn stamp(&self, world: &World, image_id: &str) -> PathBuf {
        let check = Digest::of(format!("{:?}", self.check).as_bytes());
        world
            .scratch("passed")
            .join(image_id.replace(':', "-"))
            .join(check.hex())
    }
}

fn short_id(id: &str) -> &str {
    id.get(..19).unwrap_or(id)
}

impl Effect for CheckImage {
    fn kind(&self) -> &'static str {
        match self.check {
            ImageCheck::Smoke { .. } => "smoke",
            ImageCheck::Health { .. } => "health",
            ImageCheck::Scan { .. } => "scan",
        }
    }

    fn object(&self) -> String {
        let check = match &self.check {
            ImageCheck::Smoke { command } => command.join(" "),
            ImageCheck::Health { port, path } => format!("{port}{path}"),
            ImageCheck::Scan { scanner, .. } => scanner.clone(),
        };
        format!("{}#{check}", self.image.reference())
    }

    fn what(&self) -> String {
        match &self.check {
            ImageCheck::Smoke { command } => command.join(" "),
            ImageCheck::Health { port, path } => format!("port {port}, {path}"),
            ImageCheck::Scan { scanner, .. } => {
                format!("{scanner}: no HIGH or CRITICAL that has a fix, in image and tree")
            }
        }
    }

    fn conflict_fix(&self, _project: &str) -> String {
        self.image.conflict_fix()
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
        Vec::new()
    }

    fn probe(&self, world: &World) -> anyhow::Result<Probe> {
        if let Some(answer) = self.image.pushed(world)? {
            return Ok(answer);
        }
        let Some(local) = self.image.local(world)? else {
            return Ok(Probe::Todo);
        };
        let passed = files::read(&self.stamp(world, &local.id))?;
        Ok(match (passed, &self.check) {
            (Some(words), ImageCheck::Scan { rules, .. }) => Probe::Done(format!(
                "on {}, of {}: {}",
                rules.today,
                short_id(&local.id),
                words.trim_end()
            )),
            (Some(_), _) => Probe::Done(format!("passed on {}", short_id(&local.id))),
            (None, _) => Probe::Todo,
        })
    }

    fn act(&self, world: &World) -> anyhow::Result<()> {
        let Self { image, check } = self;
        let local = docker::inspect(&world.runner, &image.reference())?
            .with_context(|| format!("the engine has no image {}", image.reference()))?;
        let passed = match check {
            ImageCheck::Smoke { command } => {
                docker::smoke(&world.runner, image, command).map(|()| image.reference())?
            }
            ImageCheck::Health { port, path } => {
                docker::health(&world.runner, image, *port, path).map(|()| image.reference())?
            }
            ImageCheck::Scan { scanner, rules } => scan::step::act(world, image, scanner, rules)?,
        };
        world.own("xtask")?;
        files::write_own(&self.stamp(world, &local.id), &format!("{passed}\n"))
    }
}

/// The registry serves the image under its build tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushImage {
    pub image: ImageBuild,
}

impl Effect for PushImage {
    fn kind(&self) -> &'static str {
        "push-image"
    }

    fn object(&self) -> String {
        self.image.reference()
    }

    fn what(&self) -> String {
        self.image.reference()
    }

    fn conflict_fix(&self, _project: &str) -> String {
        self.image.conflict_fix()
    }

    fn unknown_fix(&self) -> String {
        "cargo xtask doctor".into()
    }

    /// A build is under a tag of its own, which no release names.
    fn is_irreversible(&self) -> bool {
        false
    }

    fn lane(&self) -> Lane {
        Lane::Parallel
    }

    fn requirements(&self) -> Vec<Requirement> {
        vec![Requirement::PushImages(self.image.repository.clone())]
    }

    fn probe(&self, world: &World) -> anyhow::Result<Probe> {
        Ok(self.image.pushed(world)?.unwrap_or(Probe::Todo))
    }

    /// Pushes this very build: what lies under its name must still be what was checked.
    fn act(&self, world: &World) -> anyhow::Result<()> {
        let image = &self.image;
        image.local(world)?.with_context(|| {
            format!(
                "the engine has no image {} from {}",
                image.reference(),
                image.revision
            )
        })?;
        docker::push(&world.runner, image)
    }
}

/// A file of the project's distribution lies in its folder, built from the commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DistributionBuild {
    pub package: String,
    /// Relative to the repository root.
    pub project_path: String,
    /// Relative to the repository root; holds nothing but this build.
    pub folder: String,
    pub version: String,
    pub epoch: i64,
    pub kind: DistributionKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DistributionKind {
    /// By maturin, for a target triple or the host.
    Wheel { target: Option<String> },
    /// sdist and wheel, by uv.
    Package,
}

impl Effect for DistributionBuild {
    fn kind(&self) -> &'static str {
        "build-distribution"
    }

    fn object(&self) -> String {
        self.folder.clone()
    }

    fn what(&self) -> String {
        match &self.kind {
            DistributionKind::Wheel { target } => format!(
                "wheel of {} {} for {}",
                self.package,
                self.version,
                target.as_deref().unwrap_or("this machine")
            ),
            DistributionKind::Package => {
                format!("sdist and wheel of {} {}", self.package, self.version)
            }
        }
    }

    fn conflict_fix(&self, _project: &str) -> String {
        format!("rm -r {}", self.folder)
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
        vec![Requirement::DiskSpace { with_docker: false }]
    }

    fn probe(&self, world: &World) -> anyhow::Result<Probe> {
        let names = files::names_in(&world.path(&self.folder))?;
        Ok(match names.is_empty() {
            true => Probe::Todo,
            false => Probe::Done(names.join(", ")),
        })
    }

    /// Builds beside the folder and renames when whole: a build that was cut leaves nothing that looks finished.
    fn act(&self, world: &World) -> anyhow::Result<()> {
        world.own("xtask")?;
        let folder = world.path(&self.folder);
        let staging = folder.with_extension(format!("part-{}", std::process::id()));
        files::fresh_folder(&staging)?;
        let call = match &self.kind {
            DistributionKind::Wheel { target } => {
                let maturin = Call::new(tools::provide(world, tools::MATURIN)?)
                    .args(["build", "--release", "--locked", "--out"])
                    .arg(&staging);
                match target {
                    Some(target) => maturin.args(["--target", target]),
                    None => maturin,
                }
            }
            DistributionKind::Package => Call::new(tools::provide(world, tools::UV)?)
                .args(["build", "--out-dir"])
                .arg(&staging),
        };
        world.runner.stream(
            &call
                .folder(&world.path(&self.project_path))
                .variable("SOURCE_DATE_EPOCH", self.epoch.to_string()),
        )?;
        // uv leaves a .gitignore in its folder; what others upload from there is distributions alone.
        files::remove_file(&staging.join(".gitignore"))?;
        if files::names_in(&staging)?.is_empty() {
            bail!(
                "building {} left no file in {}",
                self.package,
                staging.display()
            );
        }
        files::rename_folder(&staging, &folder)
    }
}
