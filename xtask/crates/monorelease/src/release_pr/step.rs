//! The branch of a release and its pull request: asked about, and brought to what the release wants.
//!
//! What the release is, and whose the commits on the branch are, is decided before there is a step.

use super::model::{ReleasePull, is_ours};
use crate::github::Forge;
use crate::github::pulls::{NewPull, Pull};
use crate::step::plan::Probe;
use crate::text::short;
use crate::world::World;

/// The first commit on the branch that is not ours, in words; `None` when all that `base` does not contain is. The forge is asked,
/// since this clone may not have the branch, and a question fetches nothing (law 13).
///
/// # Errors
/// The forge cannot be read.
pub fn stranger(
    forge: &Forge,
    repository: &str,
    base: &str,
    tip: &str,
) -> anyhow::Result<Option<String>> {
    let commits = forge.commits_beyond(repository, base, tip)?;
    let strangers: Vec<_> = commits
        .iter()
        .filter(|commit| !is_ours(&commit.message, &commit.tree, commit.parents))
        .collect();
    Ok(strangers.first().map(|first| {
        let subject = first.message.lines().next().unwrap_or_default();
        let more = if strangers.len() > 1 {
            format!(" and {} more", strangers.len() - 1)
        } else {
            String::new()
        };
        format!("{} {subject:?}{more}", short(&first.id))
    }))
}

/// Asks the remote or the forge.
pub(crate) fn probe(world: &World, step: &ReleasePull) -> anyhow::Result<Probe> {
    match step {
        ReleasePull::PushBranch {
            remote,
            branch,
            id,
            seen,
            ..
        } => {
            let found = tip(world, remote, branch)?;
            Ok(match found {
                Some(found) if found == *id => {
                    Probe::Done(format!("{remote} has {branch} at {}", short(&found)))
                }
                found if found == *seen => Probe::Todo,
                found => Probe::Conflict {
                    found: at(branch, found.as_deref()),
                    wanted: at(branch, seen.as_deref()),
                },
            })
        }
        ReleasePull::Open {
            repository,
            branch,
            base,
            title,
            body,
        } => Ok(
            match world.forge().open_pulls(repository, branch, base)?.first() {
                Some(pull) if says(pull, title, body) => {
                    Probe::Done(format!("#{} {}", pull.number, pull.page))
                }
                _ => Probe::Todo,
            },
        ),
        ReleasePull::Close {
            repository,
            branch,
            base,
        } => Ok(
            match world
                .forge()
                .open_pulls(repository, branch, base)?
                .is_empty()
            {
                true => Probe::Done("none is open".into()),
                false => Probe::Todo,
            },
        ),
        ReleasePull::DeleteBranch {
            remote,
            branch,
            seen,
        } => Ok(match tip(world, remote, branch)? {
            None => Probe::Done("there is none".into()),
            Some(found) if found == *seen => Probe::Todo,
            found => Probe::Conflict {
                found: at(branch, found.as_deref()),
                wanted: at(branch, Some(seen)),
            },
        }),
    }
}

/// Does it. The branch is swapped against what was seen, so that nobody's commit is lost to a race.
pub(crate) fn act(world: &World, step: &ReleasePull) -> anyhow::Result<()> {
    match step {
        ReleasePull::PushBranch {
            remote,
            branch,
            commit,
            seen,
            ..
        } => world
            .git
            .push_release(remote, branch, commit, seen.as_deref()),
        ReleasePull::Open {
            repository,
            branch,
            base,
            title,
            body,
        } => keep_open(
            world.forge(),
            repository,
            &NewPull {
                branch,
                base,
                title,
                body,
            },
        ),
        ReleasePull::Close {
            repository,
            branch,
            base,
        } => close(world.forge(), repository, branch, base),
        ReleasePull::DeleteBranch {
            remote,
            branch,
            seen,
        } => world.git.delete_remote_branch(remote, branch, seen),
    }
}

/// One open pull request of the branch says this: the newest one that is open, or a new one; a closed one stays closed.
pub(crate) fn keep_open(
    forge: &Forge,
    repository: &str,
    wanted: &NewPull<'_>,
) -> anyhow::Result<()> {
    let NewPull {
        branch,
        base,
        title,
        body,
    } = *wanted;
    match forge.open_pulls(repository, branch, base)?.first() {
        Some(pull) if says(pull, title, body) => {}
        Some(pull) => forge.update_pull(repository, pull.number, title, body)?,
        None => drop(forge.create_pull(repository, wanted)?),
    }
    Ok(())
}

/// No pull request of the branch is open.
pub(crate) fn close(
    forge: &Forge,
    repository: &str,
    branch: &str,
    base: &str,
) -> anyhow::Result<()> {
    let open = forge.open_pulls(repository, branch, base)?;
    open.iter()
        .try_for_each(|pull| Ok(forge.close_pull(repository, pull.number)?))
}

/// Blanks around it are the forge's to keep or to drop.
pub(crate) fn says(pull: &Pull, title: &str, body: &str) -> bool {
    pull.title.trim() == title.trim() && pull.body.trim() == body.trim()
}

fn tip(world: &World, remote: &str, branch: &str) -> anyhow::Result<Option<String>> {
    let branches = world.git.remote_branches(remote, &[branch])?;
    let mut branches = branches.ok_or_else(|| anyhow::anyhow!("there is no remote {remote}"))?;
    Ok(branches.remove(branch))
}

fn at(branch: &str, commit: Option<&str>) -> String {
    commit.map_or_else(
        || format!("no branch {branch}"),
        |commit| format!("{branch} at {}", short(commit)),
    )
}
