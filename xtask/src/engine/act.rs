//! The effect of every step. Whether it is wanted was asked before; whether it came true is asked after.

use anyhow::{Context, bail};

use crate::model::step::{DistributionBuild, DistributionKind, Draft, ImageBuild, ImageCheck, Step};
use crate::world::process::Call;
use crate::world::{World, docker, files, tools};

use super::probe::witness;

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
        return files::replace_all(&edits);
    }
    batch.iter().try_for_each(|draft| act_alone(world, &draft.step))
}

fn act_alone(world: &World, step: &Step) -> anyhow::Result<()> {
    match step {
        Step::EditFile { path, after, .. } => files::replace_all(&[(world.path(path), after)]),
        Step::Commit { message, files } => world.git.commit(message, &files.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>()),
        Step::Tag { name, commit, message } => world.git.create_tag(name, commit, message),
        Step::PushTag { remote, name, .. } => world.git.push_tag(remote, name),
        Step::BuildImage(image) => docker::build(world, image),
        Step::CheckImage { image, check } => check_image(world, image, check),
        Step::PushImage(image) => docker::push(&world.runner, image),
        Step::BuildDistribution(build) => build_distribution(world, build),
        Step::PublishTag { repository, tag, digest } => {
            let manifest =
                world.registry().manifest(repository, digest.as_str())?.with_context(|| format!("{repository}@{digest} is gone"))?;
            world.registry().put_manifest(repository, tag, &manifest.media_type, &manifest.bytes)?;
            Ok(())
        }
        Step::PublishIndex { repository, tag, bytes, .. } => {
            let index: serde_json::Value = serde_json::from_slice(bytes)?;
            let media_type = index["mediaType"].as_str().context("an index names its media type")?;
            world.registry().put_manifest(repository, tag, media_type, bytes)?;
            Ok(())
        }
    }
}

fn check_image(world: &World, image: &ImageBuild, check: &ImageCheck) -> anyhow::Result<()> {
    let local =
        docker::inspect(&world.runner, &image.reference())?.with_context(|| format!("the engine has no image {}", image.reference()))?;
    match check {
        ImageCheck::Smoke { command } => docker::smoke(&world.runner, image, command)?,
        ImageCheck::Health { port, path } => docker::health(&world.runner, image, *port, path)?,
        ImageCheck::Scan { scanner } => docker::scan(&world.runner, image, scanner)?,
    }
    files::write_own(&witness(world, &local.id, check), &format!("{}\n", image.reference()))
}

/// Builds beside the folder and renames when whole: a build that was cut leaves nothing that looks finished.
fn build_distribution(world: &World, build: &DistributionBuild) -> anyhow::Result<()> {
    let folder = world.path(&build.folder);
    let staging = folder.with_extension(format!("part-{}", std::process::id()));
    files::fresh_folder(&staging)?;
    let project = world.path(&build.project_path);
    let call = match &build.kind {
        DistributionKind::Wheel { target } => {
            let maturin = Call::new(tools::provide(world, tools::MATURIN)?).args(["build", "--release", "--locked", "--out"]).arg(&staging);
            match target {
                Some(target) => maturin.args(["--target", target]),
                None => maturin,
            }
        }
        DistributionKind::Package => Call::new(tools::provide(world, tools::UV)?).args(["build", "--out-dir"]).arg(&staging),
    };
    world.runner.stream(&call.folder(&project).variable("SOURCE_DATE_EPOCH", build.epoch.to_string()))?;
    // uv leaves a .gitignore in its folder; what others upload from there is distributions alone.
    files::remove_file(&staging.join(".gitignore"))?;
    if files::names_in(&staging)?.is_empty() {
        bail!("building {} left no file in {}", build.package, staging.display());
    }
    files::rename_folder(&staging, &folder)
}
