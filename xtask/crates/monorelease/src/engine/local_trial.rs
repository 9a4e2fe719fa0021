//! What git does on this machine when it signs and pushes, tried before the first step acts (law 16): a release must not find out
//! after its images have tags that there is no key, or that a hook forbids the push.
//!
//! A dry run runs no hook and signs nothing; it says that the real run will.

use std::collections::BTreeSet;

use crate::delivery::repository::branch::DeliveryBranch;
use crate::step::plan::{Plan, Refusal};
use crate::step::requirement::{DeliveryTarget, Requirement};
use crate::world::World;

/// One thing that git does here, with the repository in which it is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Trial {
    SignTag,
    PushTag {
        remote: String,
        name: String,
        commit: String,
    },
    /// A commit to a branch of deliveries, and its push to a branch there.
    Deliver {
        target: DeliveryTarget,
        branch: String,
    },
}

/// Tries everything that open steps will do; what fails refuses the projects that want it.
pub fn attempt(world: &World, plan: &Plan) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for (trial, projects) in trials(plan) {
        if let Err((what, fix)) = attempted(world, &trial) {
            refusals.extend(projects.into_iter().map(|project| Refusal {
                project,
                what: what.clone(),
                fix: fix.clone(),
            }));
        }
    }
    refusals
}

/// What a dry run does not try, for people.
pub fn untried(world: &World, plan: &Plan) -> Vec<String> {
    let mut notes: Vec<String> = trials(plan)
        .into_iter()
        .flat_map(|(trial, _)| left_untried(world, &trial))
        .collect();
    notes.sort();
    notes.dedup();
    notes
}

fn trials(plan: &Plan) -> Vec<(Trial, BTreeSet<String>)> {
    let mut trials: Vec<(Trial, BTreeSet<String>)> = Vec::new();
    for planned in plan.open() {
        let requirements = planned.draft.step.effect().requirements();
        for trial in requirements.into_iter().filter_map(trial) {
            let project = planned.draft.project.clone();
            match trials.iter_mut().find(|(other, _)| *other == trial) {
                Some((_, projects)) => drop(projects.insert(project)),
                None => trials.push((trial, BTreeSet::from([project]))),
            }
        }
    }
    trials
}

fn trial(requirement: Requirement) -> Option<Trial> {
    Some(match requirement {
        Requirement::SignTag => Trial::SignTag,
        Requirement::PushTag {
            remote,
            name,
            commit,
        } => Trial::PushTag {
            remote,
            name,
            commit,
        },
        Requirement::PushBranch(target) | Requirement::Programs { ledger: target, .. } => {
            let branch = target.branch.clone();
            Trial::Deliver { target, branch }
        }
        Requirement::PullRequestBranch { target, branch, .. } => Trial::Deliver { target, branch },
        _ => return None,
    })
}

/// Tries it; the error is what is wrong, and the command that shows or fixes it.
fn attempted(world: &World, trial: &Trial) -> Result<(), (String, String)> {
    match trial {
        Trial::SignTag if world.git.signs_tags() => world
            .git
            .try_signature()
            .map_err(|error| unsigned("tag", &error)),
        Trial::SignTag => Ok(()),
        Trial::PushTag {
            remote,
            name,
            commit,
        } => match world.git.pre_push_hook() {
            None => Ok(()),
            Some(hook) => world
                .git
                .try_push_tag(remote, name, commit)
                .map_err(|error| hooked(&hook, &format!("the push of {name} to {remote}"), &error)),
        },
        Trial::Deliver { target, branch } => {
            let there = opened(world, target)
                .map_err(|error| (format!("{error:#}"), "cargo xtask doctor".to_owned()))?;
            if there.signs() {
                there
                    .try_signature()
                    .map_err(|error| unsigned("commit", &error))?;
            }
            match there.pre_push_hook() {
                None => Ok(()),
                Some(hook) => there.try_hooks(branch).map_err(|error| {
                    let what = format!("the push to {} ({branch})", target.address);
                    hooked(&hook, &what, &error)
                }),
            }
        }
    }
}

fn left_untried(world: &World, trial: &Trial) -> Vec<String> {
    let signed = |what: &str| {
        format!("{what}s are signed by git ({what}.gpgSign); a dry run does not try the key")
    };
    let hook = |hook: Option<String>| {
        hook.map(|hook| format!("a pre-push hook exists ({hook}); a dry run does not run it"))
    };
    let (signing, hook) = match trial {
        Trial::SignTag => (world.git.signs_tags().then(|| signed("tag")), None),
        Trial::PushTag { .. } => (None, hook(world.git.pre_push_hook())),
        Trial::Deliver { target, .. } => match opened(world, target) {
            Ok(there) => (
                there.signs().then(|| signed("commit")),
                hook(there.pre_push_hook()),
            ),
            // The plan has refused it by now.
            Err(_) => (None, None),
        },
    };
    signing.into_iter().chain(hook).collect()
}

fn opened(
    world: &World,
    target: &DeliveryTarget,
) -> anyhow::Result<std::sync::Arc<DeliveryBranch>> {
    world.delivery(&target.address, &target.branch, target.is_own)
}

fn unsigned(what: &str, error: &anyhow::Error) -> (String, String) {
    (
        format!("git cannot sign a {what}, and {what}.gpgSign is set: {error:#}"),
        "git config --show-origin --get-regexp '^(gpg|user|tag|commit)\\.'".to_owned(),
    )
}

fn hooked(hook: &str, what: &str, error: &anyhow::Error) -> (String, String) {
    (
        format!("the pre-push hook {hook} on this machine refuses {what}: {error:#}"),
        format!("cat {hook}"),
    )
}
