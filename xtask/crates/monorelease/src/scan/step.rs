//! The scan gate: the scanner is asked about the image and about the files it was built of, and what it found is judged together.
//! Of a package, about its files.
//!
//! One step for image and tree, since an entry of `[[scan.ignore]]` is without use only where neither needs it.

use anyhow::bail;
use monorelease_model::image::Digest;

use super::judge::judge;
use super::{Rules, scanner};
use crate::build::image_build::ImageBuild;
use crate::packages::PackageBuild;
use crate::packages::export::Export;
use crate::step::effect::Probe;
use crate::text::short;
use crate::tools::docker;
use crate::world::{World, files};

/// Scans, and gives what is to be remembered of a pass; findings that count are an error that shows them.
pub fn act(
    world: &World,
    image: &ImageBuild,
    program: &str,
    rules: &Rules,
) -> anyhow::Result<String> {
    let context = docker::context(world, image)?;
    let mut findings = scanner::tree(&world.runner, program, context.path())?;
    findings.extend(scanner::image(&world.runner, program, &image.reference())?);
    let judged = judge(rules, program, findings);
    judged.notes.iter().for_each(|note| world.runner.tell(note));
    if let Some(failure) = judged.failure {
        bail!(failure);
    }
    Ok(std::iter::once(judged.passed)
        .chain(judged.notes)
        .collect::<Vec<_>>()
        .join("; "))
}

/// Whether the commit's files passed on this day, by these rules.
pub(crate) fn probe_package(
    world: &World,
    build: &PackageBuild,
    program: &str,
    rules: &Rules,
) -> anyhow::Result<Probe> {
    Ok(match files::read(&witness(world, build, program, rules))? {
        Some(words) => Probe::Done(format!(
            "on {}, of {}: {}",
            rules.today,
            short(&build.commit),
            words.trim_end()
        )),
        None => Probe::Todo,
    })
}

/// Scans the commit's files as they are built; findings that count are an error that shows them. An entry that lets nothing pass here may
/// let something pass in an image, so none is called useless.
pub(crate) fn act_package(
    world: &World,
    build: &PackageBuild,
    program: &str,
    rules: &Rules,
) -> anyhow::Result<()> {
    let export = Export::of(world, &build.commit, &build.stamped)?;
    let judged = judge(
        rules,
        program,
        scanner::tree(&world.runner, program, &export.path(&build.project_path))?,
    );
    if let Some(failure) = judged.failure {
        bail!(failure);
    }
    world.own("xtask")?;
    files::write_own(
        &witness(world, build, program, rules),
        &format!("{}\n", judged.passed),
    )
}

/// Where it is written down that a commit's files passed: the rules hold the day, and what they let pass.
fn witness(
    world: &World,
    build: &PackageBuild,
    program: &str,
    rules: &Rules,
) -> std::path::PathBuf {
    let words = Digest::of(
        format!(
            "{program} {rules:?} {} {}",
            build.project_path, build.spelled
        )
        .as_bytes(),
    );
    world
        .scratch("passed")
        .join(&build.commit)
        .join(words.hex())
}
