//! Whether what an environment is to get is signed, where that is required: a release that was made without it, or whose signature
//! is somebody else's, is not promoted.
//!
//! The index is what is asked about: it names every platform's image by digest, and is signed last. A rollback is not held up by
//! this, and neither is what an environment runs already.

use super::attach::{self, Found};
use crate::model::delivery::Deliver;
use crate::model::image::Digest;
use crate::model::project::Project;
use crate::model::step::{Goal, Step};
use crate::model::trust::{Attached, Policy, Subject};
use crate::world::World;

/// Refuses a plan that gives an environment what nobody who counts has signed.
///
/// # Errors
/// cosign cannot be asked.
pub fn refuse_unsigned(world: &World, goal: &mut Goal, project: &Project, policy: &Policy) -> anyhow::Result<()> {
    let Some(image) = &project.image else { return Ok(()) };
    let mut digests: Vec<(Digest, String)> = goal.drafts.iter().filter_map(|draft| given(&draft.step)).collect();
    digests.sort();
    digests.dedup();
    for (digest, called) in digests {
        let subject = Subject { repository: image.release.clone(), digest, role: "the index".into() };
        let (what, fix) = match attach::look(world, &subject, &Attached::Signature, policy)? {
            Found::Good(_) => continue,
            Found::Unknown(why) => (format!("cannot be read: {why}"), "cargo xtask doctor".to_owned()),
            Found::Absent(why) | Found::Broken(why) => (why, format!("cargo xtask release {} at its tag, which signs it", project.name)),
            Found::Other { found, wanted } => (format!("found {found}, wanted {wanted}"), format!("cosign tree {}", subject.reference())),
        };
        let what = format!("[trust] wants {called} signed, and the signature of {} does not say so: {what}", subject.reference());
        goal.refuse(&project.name, what, fix);
    }
    Ok(())
}

/// What a step gives an environment that does not run it yet.
fn given(step: &Step) -> Option<(Digest, String)> {
    let deliver: &Deliver = match step {
        Step::Deliver(deliver) => deliver,
        Step::Deploy(deployment) => &deployment.of,
        _ => return None,
    };
    let images = deliver.images.as_ref()?;
    let runs_already = !deliver.from.is_empty() && deliver.from.iter().all(|said| said.digest.as_ref() == Some(&images.index));
    (!runs_already).then(|| (images.index.clone(), format!("{} {}", deliver.project, images.name())))
}
