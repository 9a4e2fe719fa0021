//! The scan gate: the scanner is asked about the image and about the files it was built of, and what it found is judged together.
//!
//! One step for both, since an entry of `[[scan.ignore]]` is without use only where neither needs it.

use anyhow::bail;

use crate::model::scan::Rules;
use crate::model::step::ImageBuild;
use crate::plan::scan::judge;
use crate::world::{World, docker, scanner};

/// Scans, and gives what is to be remembered of a pass; findings that count are an error that shows them.
pub fn act(world: &World, image: &ImageBuild, program: &str, rules: &Rules) -> anyhow::Result<String> {
    let context = docker::context(world, image)?;
    let mut findings = scanner::tree(&world.runner, program, context.path())?;
    findings.extend(scanner::image(&world.runner, program, &image.reference())?);
    let judged = judge(rules, program, findings);
    judged.notes.iter().for_each(|note| world.runner.tell(note));
    if let Some(failure) = judged.failure {
        bail!(failure);
    }
    Ok(std::iter::once(judged.passed).chain(judged.notes).collect::<Vec<_>>().join("; "))
}
