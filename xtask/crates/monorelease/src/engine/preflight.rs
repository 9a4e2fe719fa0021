//! What would stop a plan in its middle, looked for before its first step acts (law 16): rights, room on the disk, clocks.
//!
//! All of it is read: nothing is written to find out, with the exception of [`knock`], which is not for plans. `doctor` asks the
//! same questions of everything that is configured.

use std::collections::BTreeSet;
use std::path::PathBuf;

use monorelease_model::image::Repository;
use monorelease_oci_registry::error::{RegistryError, RegistryErrorKind};
use monorelease_oci_registry::push_access::PushRight;

use super::parallel;
use crate::delivery::deploy::how_to_get;
use crate::github::Forge;
use crate::step::plan::{Plan, Planned, Refusal};
use crate::step::requirement::{DeliveryTarget, Requirement};
use crate::tools::docker;
use crate::world::{World, files};

/// A build that finds less room than this ends in its middle, most likely; images of a few hundred megabytes are the rule.
const FREE_BYTES_MIN: u64 = 1 << 30;
/// Token servers and signatures allow about so much between two clocks.
const CLOCK_SECONDS_MAX: i64 = 300;

/// Something that is amiss, and the command that mends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amiss {
    pub what: String,
    pub fix: String,
}

/// Looks ahead for every step that is left to do, each thing once, side by side; what is amiss refuses the projects that want it.
///
/// # Errors
/// The repository cannot be opened for another thread.
pub fn look_ahead(world: &World, plan: &mut Plan) -> anyhow::Result<()> {
    let mut required: Vec<(Requirement, BTreeSet<String>)> = Vec::new();
    let requirements = plan.open().flat_map(|planned| {
        let requirements = planned.draft.step.effect().requirements();
        requirements
            .into_iter()
            .map(|requirement| (requirement, planned.draft.project.clone()))
    });
    for (requirement, project) in requirements {
        match required
            .iter_mut()
            .find(|(other, _)| other.has_same_answer(&requirement))
        {
            Some((_, projects)) => drop(projects.insert(project)),
            None => required.push((requirement, BTreeSet::from([project]))),
        }
    }
    let answers = parallel::each(world, &required, |world, (requirement, _)| {
        look(world, requirement)
    })?;
    for ((requirement, projects), answer) in required.iter().zip(answers) {
        if let Requirement::PushImages(repository) = requirement {
            let note = clock(world, &repository.host)
                .err()
                .map(|amiss| format!("{} ({})", amiss.what, amiss.fix));
            plan.notes
                .extend(note.filter(|note| !plan.notes.contains(note)));
        }
        if let Err(Amiss { what, fix }) = answer {
            let refusals = projects.iter().map(|project| Refusal {
                project: project.clone(),
                what: what.clone(),
                fix: fix.clone(),
            });
            plan.refused.extend(refusals);
        }
    }
    Ok(())
}

fn look(world: &World, requirement: &Requirement) -> Result<(), Amiss> {
    match requirement {
        Requirement::PushImages(repository) => push_right(world, repository).map(drop),
        // Signing is tried by `local_trial`, once something is to be signed.
        Requirement::SignTag => Ok(()),
        Requirement::PushTag {
            remote,
            name,
            commit,
        } => push_to(world, remote, name, commit),
        Requirement::PushBranch(target) => deliver_to(world, target),
        Requirement::PullRequestBranch { target, branch, .. } => own_branch(world, target, branch),
        // Only a request that writes tells who may open them: [`pull_rights`] sends it, and no plan does (law 13).
        Requirement::PullRequests { .. } => Ok(()),
        Requirement::Programs { programs, ledger } => programs
            .iter()
            .try_for_each(|program| installed(world, program))
            .and_then(|()| deliver_to(world, ledger)),
        Requirement::GithubRelease { repository, tag } => release_at(world, repository, tag),
        Requirement::DiskSpace { with_docker } => room(world, *with_docker).map(drop),
        Requirement::Missing { what, fix } => Err(Amiss {
            what: what.clone(),
            fix: fix.clone(),
        }),
    }
}

/// Whether images may be pushed, as far as reading tells; in words.
pub fn push_right(world: &World, repository: &Repository) -> Result<&'static str, Amiss> {
    match world.registry().push_right(repository) {
        Ok(PushRight::Granted) => Ok("may push"),
        Ok(PushRight::NotAsked) => Ok("asks for no credentials"),
        Ok(PushRight::Unsaid) => Ok("its credentials do not say whether they may push"),
        Ok(PushRight::NotGranted) => Err(may_not_push(
            repository,
            "the token it gave us is for reading alone",
        )),
        Err(error) => Err(denied(repository, &error)),
    }
}

/// Asks by beginning a push that is dropped again, where what we have to show does not say whether it is enough. Gives what
/// is amiss; a registry that asks for nothing is not asked.
pub fn knock(world: &World, plan: &Plan) -> Vec<Refusal> {
    let mut asked: Vec<(Repository, Option<Amiss>)> = Vec::new();
    let mut refusals: Vec<Refusal> = Vec::new();
    for (repository, project) in plan.open().flat_map(images_pushed) {
        let known = asked
            .iter()
            .position(|(other, _)| *other == repository)
            .unwrap_or_else(|| {
                let is_unsaid = matches!(
                    world.registry().push_right(&repository),
                    Ok(PushRight::Unsaid)
                );
                let answer = if is_unsaid {
                    world.registry().knock(&repository)
                } else {
                    Ok(())
                };
                let amiss = answer.err().map(|error| denied(&repository, &error));
                asked.push((repository, amiss));
                asked.len() - 1
            });
        if let Some(Amiss { what, fix }) = asked[known].1.clone() {
            let refusal = Refusal {
                project: project.to_owned(),
                what,
                fix,
            };
            if !refusals.contains(&refusal) {
                refusals.push(refusal);
            }
        }
    }
    refusals
}

/// Asks GitHub whether it would take the pull requests of open steps, by one that it cannot take. Gives what is amiss.
pub fn pull_rights(world: &World, plan: &Plan) -> Vec<Refusal> {
    let mut asked: Vec<(Requirement, Option<Amiss>)> = Vec::new();
    let mut refusals: Vec<Refusal> = Vec::new();
    for planned in plan.open() {
        for requirement in planned.draft.step.effect().requirements() {
            let known = asked.iter().position(|(other, _)| *other == requirement);
            let known = known.unwrap_or_else(|| {
                let answer = match &requirement {
                    Requirement::PullRequestBranch {
                        target, repository, ..
                    } => pulls_at(
                        world.delivery_forge(target.is_own),
                        repository,
                        &target.branch,
                    ),
                    Requirement::PullRequests { repository, base } => {
                        pulls_at(world.forge(), repository, base)
                    }
                    _ => Ok(()),
                };
                asked.push((requirement, answer.err()));
                asked.len() - 1
            });
            let refusal = asked[known].1.clone().map(|Amiss { what, fix }| Refusal {
                project: planned.draft.project.clone(),
                what,
                fix,
            });
            refusals.extend(refusal.filter(|refusal| !refusals.contains(refusal)));
        }
    }
    refusals
}

/// The repositories that a step pushes images to, with its project.
fn images_pushed(planned: &Planned) -> impl Iterator<Item = (Repository, &str)> {
    let Planned { draft, .. } = planned;
    let requirements = draft.step.effect().requirements().into_iter();
    requirements.filter_map(|requirement| match requirement {
        Requirement::PushImages(repository) => Some((repository, draft.project.as_str())),
        _ => None,
    })
}

fn denied(repository: &Repository, error: &RegistryError) -> Amiss {
    match error.kind {
        RegistryErrorKind::Denied => may_not_push(repository, &error.to_string()),
        _ => Amiss {
            what: format!("it cannot be told whether {repository} may be pushed to: {error}"),
            fix: "cargo xtask doctor".into(),
        },
    }
}

fn may_not_push(repository: &Repository, why: &str) -> Amiss {
    Amiss {
        what: format!("{repository} may not be pushed to: {why}"),
        fix: format!(
            "docker login {}, as somebody who may push there",
            repository.host
        ),
    }
}

/// Whether the remote would take a tag. Git asks it as for a push, and stops before it sends anything.
pub fn push_to(world: &World, remote: &str, name: &str, commit: &str) -> Result<(), Amiss> {
    world.git.may_push_tag(remote, name, commit).map_err(|error| Amiss {
        what: format!("{remote} takes no tag from here: {error:#}"),
        fix: format!("git push --dry-run {remote} {commit}:refs/tags/{name}, with an account that may write there"),
    })
}

/// Whether a branch that says what runs would take a commit, asked as [`push_to`] asks.
fn deliver_to(world: &World, target: &DeliveryTarget) -> Result<(), Amiss> {
    let DeliveryTarget {
        address,
        branch,
        is_own,
    } = target;
    let answer = world
        .delivery(address, branch, *is_own)
        .and_then(|there| there.may_push());
    answer.map_err(|error| Amiss {
        what: format!("{address} ({branch}) takes no push from here: {error:#}"),
        fix: match branch.starts_with("refs/") {
            true => format!("an account that may write to {address}; in a workflow `permissions: contents: write`"),
            false => format!("git push --dry-run {address} HEAD:refs/heads/{branch}, with an account that may write there"),
        },
    })
}

/// As [`deliver_to`], for the branch of a pull request.
fn own_branch(world: &World, target: &DeliveryTarget, branch: &str) -> Result<(), Amiss> {
    let address = &target.address;
    let answer = world
        .delivery(address, &target.branch, target.is_own)
        .and_then(|there| there.may_push_to(branch));
    answer.map_err(|error| Amiss {
        what: format!("{address} ({branch}) takes no push from here: {error:#}"),
        fix: format!("git push --dry-run {address} HEAD:refs/heads/{branch}, with an account that may write there"),
    })
}

/// Whether a program of the configuration's is there.
pub fn installed(world: &World, program: &str) -> Result<(), Amiss> {
    world.program(program).map(drop).map_err(|fault| Amiss {
        what: fault.what,
        fix: how_to_get(program),
    })
}

/// Whether the forge would take a release; drafts are shown to nobody who may not make one.
pub fn release_at(world: &World, repository: &str, tag: &str) -> Result<(), Amiss> {
    world.forge().may_release(repository, tag).map_err(|error| Amiss {
        what: format!("no release can be made at {repository}: {error}"),
        fix: match error.status {
            Some(300..500) => "GITHUB_TOKEN=… of somebody who may write there; in a workflow, permissions: contents: write".into(),
            // No token mends a forge that does not answer as one.
            _ => "wait until it is in order again, or mend GITHUB_API_URL or the network, then cargo xtask doctor".into(),
        },
    })
}

/// Whether the forge would take a pull request: a branch is not pushed for one that nobody may open.
pub fn pulls_at(forge: &Forge, repository: &str, base: &str) -> Result<(), Amiss> {
    forge.may_open_pull(repository, base).map_err(|error| Amiss {
        what: format!("no pull request can be opened or changed at {repository}: {error}"),
        fix: "a token of somebody who may write there; in a workflow, permissions: pull-requests: write, contents: write".into(),
    })
}

/// The least room that is left where a build writes.
pub fn room(world: &World, with_docker: bool) -> Result<String, Amiss> {
    let mut folders = vec![world.path("target"), files::temporary_root()];
    folders.extend(
        with_docker
            .then(|| docker::root_folder(&world.runner))
            .flatten(),
    );
    let free = folders
        .into_iter()
        .filter_map(|folder| Some((files::free_bytes(&folder)?, folder)));
    match free.min() {
        Some((bytes, folder)) => judge_room(bytes, folder),
        None => Ok("this system does not tell".to_owned()),
    }
}

fn judge_room(bytes: u64, folder: PathBuf) -> Result<String, Amiss> {
    let folder = folder.display();
    let free = bytes / (1 << 20);
    match bytes < FREE_BYTES_MIN {
        true => Err(Amiss {
            what: format!(
                "{free} MiB are free where {folder} lies, a build wants {} MiB",
                FREE_BYTES_MIN >> 20
            ),
            fix: "docker system prune, or rm -r target".into(),
        }),
        false => Ok(format!("{free} MiB free at {folder}")),
    }
}

/// How far a host's clock is from ours, once it has answered anything; in words.
pub fn clock(world: &World, host: &str) -> Result<String, Amiss> {
    match world.registry().clock_ahead(host) {
        None => Ok("its clock is not known".to_owned()),
        Some(seconds) => judge_clock(host, seconds),
    }
}

fn judge_clock(host: &str, seconds: i64) -> Result<String, Amiss> {
    let side = if seconds < 0 { "behind" } else { "ahead of" };
    let apart = seconds.unsigned_abs();
    match apart > CLOCK_SECONDS_MAX.unsigned_abs() {
        true => Err(Amiss {
            what: format!(
                "the clock of {host} is {} min {side} ours: tokens may be refused as too old or not yet valid",
                apart / 60
            ),
            fix: "timedatectl set-ntp true".into(),
        }),
        false => Ok(format!("its clock is {apart} s {side} ours")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_and_clocks_have_their_bounds() {
        assert_eq!(
            judge_room(FREE_BYTES_MIN, "/d".into()).unwrap(),
            "1024 MiB free at /d"
        );
        let amiss = judge_room(FREE_BYTES_MIN - 1, "/d".into()).unwrap_err();
        assert_eq!(
            amiss.what,
            "1023 MiB are free where /d lies, a build wants 1024 MiB"
        );
        assert_eq!(
            judge_clock("h", 300).unwrap(),
            "its clock is 300 s ahead of ours"
        );
        assert_eq!(
            judge_clock("h", -2).unwrap(),
            "its clock is 2 s behind ours"
        );
        assert!(
            judge_clock("h", 301)
                .unwrap_err()
                .what
                .starts_with("the clock of h is 5 min ahead of ours")
        );
        assert!(
            judge_clock("h", -3600)
                .unwrap_err()
                .what
                .starts_with("the clock of h is 60 min behind ours")
        );
    }
}
