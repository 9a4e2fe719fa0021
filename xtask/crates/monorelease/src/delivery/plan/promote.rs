//! Promotions: a release that runs in the environment before, and is not blocked, may come into an environment (law 20).

use monorelease_model::image::Digest;
use monorelease_model::version::Version;

use super::{Wish, refuse_digest_alone, refuse_moved, refuse_part};
use crate::delivery::ledger::LEDGER_REF;
use crate::delivery::read::source::Source;
use crate::delivery::read::target::Target;
use crate::delivery::read::{Deployed, Unread};
use crate::delivery::{Action, ReleaseImages};
use crate::step::plan::Goal;

/// The environment before the one that is promoted to.
pub struct Previous<'a> {
    pub deployed: Deployed<'a>,
    /// `None` where nothing is configured to pass there.
    pub passed: Option<Result<Source, Unread>>,
    /// Which image the version was when it came there, where pins say a tag alone.
    pub brought: Option<Digest>,
}

/// What is promoted: the version or digest that is asked for, else what the environment before runs, by its version or its digest alone.
/// What is built and pinned in the first environment comes from nowhere else. `None` where that is refused.
pub fn named(
    goal: &mut Goal,
    target: &Deployed<'_>,
    previous: Option<&Deployed<'_>>,
    asked: Option<&str>,
) -> Option<String> {
    if let Some(asked) = asked {
        return Some(asked.to_owned());
    }
    let Deployed { project, stage, .. } = target;
    let name = &project.name;
    let fix = match project.registered {
        Some(_) => format!("cargo xtask pin {name}"),
        None => format!(
            "cargo xtask promote {name} --to {} --version {}",
            stage.name,
            project.release_placeholder()
        ),
    };
    if previous.is_none() && project.registered.is_none() {
        let what = if project.sites.is_empty() {
            format!(
                "{name} has no versions, so what is to run in {} has to be named",
                stage.name
            )
        } else {
            format!("{name} has no release that HEAD contains")
        };
        goal.refuse(name, what, fix);
        return None;
    }
    let source = previous.unwrap_or(target);
    match source.version() {
        Ok(version) => Some(version.to_semver()),
        Err(why) => {
            let digest = source.digest_alone();
            if digest.is_none() {
                let what = format!(
                    "{} does not tell which version of {name} to promote: {why}",
                    source.stage.name
                );
                goal.refuse(name, what, fix);
            }
            digest.map(|digest| digest.to_string())
        }
    }
}

/// Plans that an environment gets this release.
pub fn plan(
    goal: &mut Goal,
    target: &Target<'_>,
    previous: Option<&Previous<'_>>,
    images: &ReleaseImages,
) {
    let Deployed { project, stage, .. } = &target.deployed;
    let name = &project.name;
    refuse_digest_alone(
        goal,
        target,
        images,
        &format!("what stands before {}", stage.name),
        format!(
            "cargo xtask promote {name} --to {} --version X.Y.Z",
            stage.name
        ),
    );
    refuse_part(goal, target, images);
    if let Some(previous) = previous {
        require_standing(goal, target, previous, images);
        refuse_moved(goal, &previous.deployed, previous.brought.as_ref(), images);
    }
    let why = match previous {
        Some(previous) => format!("it stands in {}", previous.deployed.stage.name),
        None if project.registered.is_some() => "it is what is pinned there".to_owned(),
        None => "nothing comes before it".to_owned(),
    };
    // A step for it would be refused once more, in words for somebody who barred it meanwhile.
    if refuse_blocked(goal, &target.deployed, images) {
        return;
    }
    target.want(
        goal,
        &Wish {
            images,
            action: &Action::Promote,
            why: &why,
        },
    );
}

/// The last steps of a release: an environment that nothing comes before gets it. One that runs something newer, or from which
/// this very image was rolled back, is left as it is: a release that is run again is no promotion.
pub fn release(goal: &mut Goal, target: &Target<'_>, images: &ReleaseImages, version: &Version) {
    let Deployed { project, stage, .. } = &target.deployed;
    let done = if target.deployed.is_by_ledger() {
        "deployed"
    } else {
        "delivered"
    };
    if target.deployed.blocked(images).is_some() {
        goal.notes.push(format!(
            "{}: {} is barred in {}, so it is not {done} there",
            project.name,
            images.index.short(),
            stage.name
        ));
        return;
    }
    let newer = target.deployed.version().ok();
    if let Some(newer) = newer.filter(|deployed| deployed > version) {
        goal.notes.push(format!(
            "{}: {} runs {} already, so {} is not {done} there",
            project.name,
            stage.name,
            newer.to_semver(),
            images.version
        ));
        return;
    }
    target.want(
        goal,
        &Wish {
            images,
            action: &Action::Promote,
            why: "the first environment gets a release by itself",
        },
    );
}

/// Holds the environment before to what is promoted: it runs there, and what is configured to pass there has passed.
fn require_standing(
    goal: &mut Goal,
    target: &Target<'_>,
    previous: &Previous<'_>,
    images: &ReleaseImages,
) {
    let Deployed { project, stage, .. } = &target.deployed;
    let before = previous.deployed.stage;
    let name = &project.name;
    let version = images.name();
    let asked = if images.version.is_empty() {
        String::new()
    } else {
        format!(" --version {version}")
    };
    let fix = format!("cargo xtask promote {name} --to {}{asked}", before.name);
    let mut stands = true;
    for source in &previous.deployed.sources {
        if let Err(found) = source.stands(images) {
            let what = format!(
                "{name} {version} does not stand in {}, through which alone {} is reached: {} {found}",
                before.name,
                stage.name,
                source.place()
            );
            goal.refuse(name, what, &fix);
            stands &= !source.group.is_ledger();
        }
    }
    let passed = match &previous.passed {
        // Of what is not to run there by the ledger nothing has passed, which is no second reason.
        Some(Ok(passed)) if stands => passed,
        Some(Err(unread)) => return unread.refuse(goal, name),
        _ => return,
    };
    let has_passed = |task| {
        let entry = passed.reading.entry.as_ref();
        entry.is_some_and(|entry| entry.has_passed(&images.index, task))
    };
    let open: Vec<&str> = before
        .checks
        .tasks
        .iter()
        .filter(|task| !has_passed(*task))
        .map(|task| task.phase.word())
        .collect();
    if !open.is_empty() {
        let what = format!(
            "{name} {version} has not passed {} in {}, as {LEDGER_REF} tells",
            open.join(" and "),
            before.name
        );
        goal.refuse(name, what, fix);
    }
}

/// Whether it is blocked anywhere, which refuses the promotion.
fn refuse_blocked(goal: &mut Goal, target: &Deployed<'_>, images: &ReleaseImages) -> bool {
    let Deployed { project, stage, .. } = target;
    let name = &project.name;
    let mut is_blocked = false;
    for source in &target.sources {
        let blocked = &source.reading.blocked;
        let Some(bar) = blocked.find_release(name, &stage.name, images) else {
            continue;
        };
        is_blocked = true;
        let why = if bar.why.is_empty() {
            String::new()
        } else {
            format!(": {}", bar.why)
        };
        let what = format!(
            "{name} {} ({}) is barred in {} since {} by {}{why}{}",
            images.name(),
            bar.digest,
            stage.name,
            bar.since,
            bar.by,
            source.suffix()
        );
        let fix = format!(
            "cargo xtask unbar {name} --in {} {}",
            stage.name, bar.digest
        );
        goal.refuse(name, what, fix);
    }
    is_blocked
}
