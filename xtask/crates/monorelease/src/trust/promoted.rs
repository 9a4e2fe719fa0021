//! Whether all is attached to what an environment is to get, where that is required: a release that was made without it, or of which
//! the word is somebody else's, is not promoted.
//!
//! What is asked is what `release` attaches: of the index its signature, of each platform all of it. A rollback is not held up by
//! this, and neither is what an environment runs already.

use monorelease_model::image::{Digest, Platform};

use super::attach::Found;
use super::{Attached, Policy, Subject, attach, plan};
use crate::delivery::{Deliver, ReleaseImages};
use crate::engine;
use crate::project::Project;
use crate::project::image::ImageTarget;
use crate::release::platform_images::VERSION_LABEL;
use crate::release::registry_images::{Unusable, platform_image};
use crate::step::Step;
use crate::step::plan::Goal;
use crate::world::World;

/// One thing that must be attached.
type Wanted = (Subject, Attached);
/// What stands in the way, and what mends it.
type Objection = (String, String);

/// Refuses a plan that gives an environment what nobody who counts has signed, or said what is wanted of. `source` is where the
/// commit is to be found; empty when there is no forge.
///
/// # Errors
/// cosign cannot be asked.
pub fn refuse_unsigned(
    world: &World,
    goal: &mut Goal,
    project: &Project,
    policy: &Policy,
    source: &str,
) -> anyhow::Result<()> {
    let Some(image) = &project.image else {
        return Ok(());
    };
    let mut given: Vec<&ReleaseImages> = goal
        .drafts
        .iter()
        .filter_map(|draft| given(&draft.step))
        .collect();
    given.sort_by(|one, other| one.index.cmp(&other.index));
    given.dedup_by(|one, other| one.index == other.index);
    let mut refusals = Vec::new();
    for images in given {
        let called = format!("{} {}", project.name, images.name());
        let (wanted, unread) = wanted(world, project, image, images, policy, source)?;
        refusals.extend(unread.into_iter().map(|(what, fix)| {
            (
                format!("[trust] wants {called} held to it, and {what}"),
                fix,
            )
        }));
        let looks = engine::parallel::each(world, &wanted, |world, (subject, what)| {
            attach::look(world, subject, what, policy)
        })?;
        for ((subject, what), look) in wanted.iter().zip(looks) {
            refusals.extend(objection(project, &called, subject, what, look?));
        }
    }
    refusals
        .into_iter()
        .for_each(|(what, fix)| goal.refuse(&project.name, what, fix));
    Ok(())
}

/// Everything that must be attached to a release, and which of its images could not be read, with what mends that.
fn wanted(
    world: &World,
    project: &Project,
    target: &ImageTarget,
    images: &ReleaseImages,
    policy: &Policy,
    source: &str,
) -> anyhow::Result<(Vec<Wanted>, Vec<Objection>)> {
    let mut wanted = Vec::new();
    let mut unread = Vec::new();
    if policy.sign {
        let subject = Subject {
            repository: target.release.clone(),
            digest: images.index.clone(),
            role: "the index".into(),
        };
        wanted.push((subject, Attached::Signature));
    }
    let read = |world: &World, (platform, digest): &(Platform, Digest)| {
        platform_image(world, &target.release, digest.as_str(), platform)
    };
    let found = engine::parallel::each(world, &images.platforms, read)?;
    for ((platform, digest), found) in images.platforms.iter().zip(found) {
        let found = match found {
            Ok(Some(found)) => found,
            Ok(None) => {
                unread.push((
                    format!("the registry does not serve {digest} of {platform}"),
                    format!("cargo xtask status {}", project.name),
                ));
                continue;
            }
            Err(Unusable::Objection(why)) => {
                unread.push((
                    format!("{platform}: {why}"),
                    format!("cargo xtask verify {}", project.name),
                ));
                continue;
            }
            Err(Unusable::Unread(error)) => {
                unread.push((
                    format!("{platform} cannot be read: {error:#}"),
                    "cargo xtask doctor".to_owned(),
                ));
                continue;
            }
        };
        // Where a digest is all that is known, the image says its own version.
        let version = if images.version.is_empty() {
            found.labels.get(VERSION_LABEL).map_or("", String::as_str)
        } else {
            &images.version
        };
        let release = plan::Release {
            project: &project.name,
            package: &project.package,
            version,
            source,
            repository: &target.release,
            is_elsewhere: target.is_elsewhere(),
            images: &[],
        };
        wanted.extend(plan::of_platform(&release, &found, policy, ""));
    }
    wanted.dedup();
    Ok((wanted, unread))
}

/// Why something is not attached as it must be, and what mends it; `None` where it is.
fn objection(
    project: &Project,
    called: &str,
    subject: &Subject,
    what: &Attached,
    look: Found,
) -> Option<Objection> {
    let (why, fix) = match look {
        Found::Good(_) => return None,
        Found::Unknown(why) => (
            format!("cannot be read: {why}"),
            "cargo xtask doctor".to_owned(),
        ),
        Found::Absent(why) | Found::Broken(why) => (
            why,
            format!(
                "cargo xtask release {} at its tag, which attaches it",
                project.name
            ),
        ),
        Found::Other { found, wanted } => (
            format!("found {found}, wanted {wanted}"),
            format!("cosign tree {}", subject.reference()),
        ),
    };
    let role = &subject.role;
    let reference = subject.reference();
    let what = match what {
        Attached::Signature => format!(
            "[trust] wants {called} signed, and the signature of {role} ({reference}) does not say so: {why}"
        ),
        Attached::Statement(_) => {
            format!(
                "[trust] wants {called} with its {}, and that of {role} ({reference}) does not say so: {why}",
                what.word()
            )
        }
    };
    Some((what, fix))
}

/// What a step gives an environment that does not run it yet.
fn given(step: &Step) -> Option<&ReleaseImages> {
    let deliver: &Deliver = match step {
        Step::Deliver(deliver) => deliver,
        Step::Deploy(deployment) => &deployment.of,
        _ => return None,
    };
    let images = deliver.images.as_ref()?;
    let runs_already = !deliver.from.is_empty()
        && deliver
            .from
            .iter()
            .all(|said| said.digest.as_ref() == Some(&images.index));
    (!runs_already).then_some(images)
}
