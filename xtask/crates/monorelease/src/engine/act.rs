//! The effect of every step. Whether it is wanted was asked before; whether it came true is asked after.

use anyhow::{Context, bail};
use monorelease_oci_registry::client::Registry;
use monorelease_process::Call;

use super::probe::{local_build, witness};
use crate::release::observe::VERSION_LABEL;
use crate::release::platform_images::REVISION_LABEL;
use crate::step::Step;
use crate::step::images::{DistributionBuild, DistributionKind, ImageBuild, ImageCheck, ImageCopy};
use crate::step::plan::Draft;
use crate::tools::docker;
use crate::trust::attach;
use crate::world::{World, files};
use crate::{release_pr, tools};

/// Acts on a batch: either edits alone, or one step of another kind.
pub fn act(world: &World, batch: &[&Draft]) -> anyhow::Result<()> {
    let edits: Vec<_> = batch
        .iter()
        .filter_map(|draft| match &draft.step {
            Step::EditFile { path, after, .. } => Some((world.path(path), after.as_str())),
            _ => None,
        })
        .collect();
    if !edits.is_empty() {
        // A run that was killed may have staged files for others than these, which nobody else would remove.
        world
            .git
            .leftovers()?
            .iter()
            .try_for_each(|path| files::remove_file(&world.path(path)))?;
        return files::replace_all(&edits);
    }
    batch
        .iter()
        .try_for_each(|draft| act_alone(world, &draft.step))
}

fn act_alone(world: &World, step: &Step) -> anyhow::Result<()> {
    match step {
        Step::EditFile { .. } => bail!("edits are made together, not one by one"),
        Step::CreateFile { path, text } => files::create(&world.path(path), text),
        Step::Commit { message, files } => world.git.commit(
            message,
            &files
                .iter()
                .map(|(path, _)| path.as_str())
                .collect::<Vec<_>>(),
        ),
        Step::Tag {
            name,
            commit,
            message,
        } => world.git.create_tag(name, commit, message),
        Step::PushTag { remote, name, .. } => world.git.push_tag(remote, name),
        Step::BuildImage(image) => build_image(world, image),
        Step::CheckImage { image, check } => check_image(world, image, check),
        Step::PushImage(image) => push_image(world, image),
        Step::BuildDistribution(build) => build_distribution(world, build),
        Step::CopyImage(copy) => copy_image(world.registry(), copy),
        Step::PublishTag {
            repository,
            tag,
            manifest,
        }
        | Step::PublishIndex {
            repository,
            tag,
            manifest,
        }
        | Step::MoveAlias {
            repository,
            tag,
            manifest,
            ..
        } => {
            world.registry().put_manifest(
                repository,
                tag,
                &manifest.media_type,
                &manifest.bytes,
            )?;
            Ok(())
        }
        Step::ReleasePull(pull) => release_pr::step::act(world, pull),
        Step::Store {
            repository,
            manifest,
        } => {
            world.registry().put_manifest(
                repository,
                manifest.digest.as_str(),
                &manifest.media_type,
                &manifest.bytes,
            )?;
            Ok(())
        }
        Step::Attach {
            subject,
            what,
            policy,
        } => attach::act(world, subject, what, policy),
        Step::Deliver(delivery) => crate::delivery::commit::act(world, delivery),
        Step::Deploy(deployment) => crate::delivery::deploy::step::act(world, deployment),
        Step::ForgeRelease(release) => crate::release::github::step::act(world, release),
        Step::Gather(gather) => crate::pin::step::act_gather(world, gather),
        Step::Pin(pins) => crate::pin::step::act(world, pins),
        Step::Package(step) => crate::packages::step::act(world, step),
        Step::SyncSecrets(sync) => crate::secrets::step::act(world, sync),
    }
}

/// Builds, and holds the image to the labels by which it will be known.
fn build_image(world: &World, image: &ImageBuild) -> anyhow::Result<()> {
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

/// Pushes this very build: what lies under its name must still be what was checked.
fn push_image(world: &World, image: &ImageBuild) -> anyhow::Result<()> {
    local_build(world, image)?.with_context(|| {
        format!(
            "the engine has no image {} from {}",
            image.reference(),
            image.revision
        )
    })?;
    docker::push(&world.runner, image)
}

/// Lets the registry take the blobs over from its other repository, then puts the manifests that name them, as they are. No byte of
/// a layer comes this way: where a registry does not take blobs over, it is for a tool that is made to carry them.
fn copy_image(registry: &Registry, copy: &ImageCopy) -> anyhow::Result<()> {
    let ImageCopy {
        from, to, names, ..
    } = copy;
    for blob in &copy.blobs {
        if !registry.mount_blob(to, blob, from)? {
            let host = &to.host;
            let read = &names.0;
            let named = &names.1;
            bail!(
                "{host} did not take {blob} over from {from} to {to}, and layers are not carried through here; run `crane copy {from}:{read} \
                 {to}:{named}`, then the same command again"
            );
        }
    }
    for manifest in &copy.manifests {
        registry.put_manifest(
            to,
            manifest.digest.as_str(),
            &manifest.media_type,
            &manifest.bytes,
        )?;
    }
    Ok(())
}

fn check_image(world: &World, image: &ImageBuild, check: &ImageCheck) -> anyhow::Result<()> {
    let local = docker::inspect(&world.runner, &image.reference())?
        .with_context(|| format!("the engine has no image {}", image.reference()))?;
    let passed = match check {
        ImageCheck::Smoke { command } => {
            docker::smoke(&world.runner, image, command).map(|()| image.reference())?
        }
        ImageCheck::Health { port, path } => {
            docker::health(&world.runner, image, *port, path).map(|()| image.reference())?
        }
        ImageCheck::Scan { scanner, rules } => {
            crate::scan::step::act(world, image, scanner, rules)?
        }
    };
    world.own("xtask")?;
    files::write_own(&witness(world, &local.id, check), &format!("{passed}\n"))
}

/// Builds beside the folder and renames when whole: a build that was cut leaves nothing that looks finished.
fn build_distribution(world: &World, build: &DistributionBuild) -> anyhow::Result<()> {
    world.own("xtask")?;
    let folder = world.path(&build.folder);
    let staging = folder.with_extension(format!("part-{}", std::process::id()));
    files::fresh_folder(&staging)?;
    let project = world.path(&build.project_path);
    let call = match &build.kind {
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
            .folder(&project)
            .variable("SOURCE_DATE_EPOCH", build.epoch.to_string()),
    )?;
    // uv leaves a .gitignore in its folder; what others upload from there is distributions alone.
    files::remove_file(&staging.join(".gitignore"))?;
    if files::names_in(&staging)?.is_empty() {
        bail!(
            "building {} left no file in {}",
            build.package,
            staging.display()
        );
    }
    files::rename_folder(&staging, &folder)
}
