//! The branch of a release and its pull request: asked about, and brought to what the release wants.
//!
//! What the release is, and whose the commits on the branch are, is decided before there is a step.

use super::model::{ReleaseCommit, is_ours};
use crate::github::Forge;
use crate::github::pulls::{NewPull, Pull};
use crate::step::effect::{Effect, Lane, Probe};
use crate::step::requirement::Requirement;
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

/// The remote's branch is this commit, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushReleaseBranch {
    pub remote: String,
    pub branch: String,
    pub id: String,
    pub commit: ReleaseCommit,
    pub seen: Option<String>,
}

impl Effect for PushReleaseBranch {
    fn kind(&self) -> &'static str {
        "push-branch"
    }

    fn object(&self) -> String {
        format!("{}/{}", self.remote, self.branch)
    }

    fn what(&self) -> String {
        let Self { remote, branch, .. } = self;
        format!("{} to {branch} on {remote}", short(&self.id))
    }

    fn conflict_fix(&self, _project: &str) -> String {
        "cargo xtask release-pr".into()
    }

    fn unknown_fix(&self) -> String {
        format!("git ls-remote --heads {}", self.remote)
    }

    fn is_irreversible(&self) -> bool {
        false
    }

    fn lane(&self) -> Lane {
        Lane::Serial
    }

    fn requirements(&self) -> Vec<Requirement> {
        Vec::new()
    }

    fn probe(&self, world: &World) -> anyhow::Result<Probe> {
        let Self { remote, branch, .. } = self;
        Ok(match tip(world, remote, branch)? {
            Some(found) if found == self.id => {
                Probe::Done(format!("{remote} has {branch} at {}", short(&found)))
            }
            found if found == self.seen => Probe::Todo,
            found => Probe::Conflict {
                found: at(branch, found.as_deref()),
                wanted: at(branch, self.seen.as_deref()),
            },
        })
    }

    /// The branch is swapped against what was seen, so that nobody's commit is lost to a race.
    fn act(&self, world: &World) -> anyhow::Result<()> {
        world.git.push_release(
            &self.remote,
            &self.branch,
            &self.commit,
            self.seen.as_deref(),
        )
    }
}

/// One open pull request from the branch says this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenReleasePull {
    pub repository: String,
    pub branch: String,
    pub base: String,
    pub title: String,
    pub body: String,
}

impl Effect for OpenReleasePull {
    fn kind(&self) -> &'static str {
        "pull-request"
    }

    fn object(&self) -> String {
        format!("{}:{}→{}", self.repository, self.branch, self.base)
    }

    fn what(&self) -> String {
        format!("{} ({} → {})", self.title, self.branch, self.base)
    }

    fn conflict_fix(&self, _project: &str) -> String {
        "look at the pull request, then cargo xtask release-pr".into()
    }

    fn unknown_fix(&self) -> String {
        "mend what the message says; cargo xtask doctor asks the forge again".into()
    }

    fn is_irreversible(&self) -> bool {
        false
    }

    fn lane(&self) -> Lane {
        Lane::Serial
    }

    fn requirements(&self) -> Vec<Requirement> {
        vec![Requirement::PullRequests {
            repository: self.repository.clone(),
            base: self.base.clone(),
        }]
    }

    fn probe(&self, world: &World) -> anyhow::Result<Probe> {
        let open = world
            .forge()
            .open_pulls(&self.repository, &self.branch, &self.base)?;
        Ok(match open.first() {
            Some(pull) if says(pull, &self.title, &self.body) => {
                Probe::Done(format!("#{} {}", pull.number, pull.page))
            }
            _ => Probe::Todo,
        })
    }

    fn act(&self, world: &World) -> anyhow::Result<()> {
        keep_open(
            world.forge(),
            &self.repository,
            &NewPull {
                branch: &self.branch,
                base: &self.base,
                title: &self.title,
                body: &self.body,
            },
        )
    }
}

/// No pull request from the branch is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseReleasePull {
    pub repository: String,
    pub branch: String,
    pub base: String,
}

impl Effect for CloseReleasePull {
    fn kind(&self) -> &'static str {
        "close-pull-request"
    }

    fn object(&self) -> String {
        format!("{}:{}→{}", self.repository, self.branch, self.base)
    }

    fn what(&self) -> String {
        format!("{} → {}", self.branch, self.base)
    }

    fn conflict_fix(&self, _project: &str) -> String {
        "look at the pull request, then cargo xtask release-pr".into()
    }

    fn unknown_fix(&self) -> String {
        "mend what the message says; cargo xtask doctor asks the forge again".into()
    }

    fn is_irreversible(&self) -> bool {
        false
    }

    fn lane(&self) -> Lane {
        Lane::Serial
    }

    fn requirements(&self) -> Vec<Requirement> {
        vec![Requirement::PullRequests {
            repository: self.repository.clone(),
            base: self.base.clone(),
        }]
    }

    fn probe(&self, world: &World) -> anyhow::Result<Probe> {
        let open = world
            .forge()
            .open_pulls(&self.repository, &self.branch, &self.base)?;
        Ok(match open.is_empty() {
            true => Probe::Done("none is open".into()),
            false => Probe::Todo,
        })
    }

    fn act(&self, world: &World) -> anyhow::Result<()> {
        close(world.forge(), &self.repository, &self.branch, &self.base)
    }
}

/// The remote has no such branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteReleaseBranch {
    pub remote: String,
    pub branch: String,
    pub seen: String,
}

impl Effect for DeleteReleaseBranch {
    fn kind(&self) -> &'static str {
        "delete-branch"
    }

    fn object(&self) -> String {
        format!("{}/{}", self.remote, self.branch)
    }

    fn what(&self) -> String {
        format!("{} on {}", self.branch, self.remote)
    }

    fn conflict_fix(&self, _project: &str) -> String {
        "cargo xtask release-pr".into()
    }

    fn unknown_fix(&self) -> String {
        format!("git ls-remote --heads {}", self.remote)
    }

    fn is_irreversible(&self) -> bool {
        false
    }

    fn lane(&self) -> Lane {
        Lane::Serial
    }

    fn requirements(&self) -> Vec<Requirement> {
        Vec::new()
    }

    fn probe(&self, world: &World) -> anyhow::Result<Probe> {
        Ok(match tip(world, &self.remote, &self.branch)? {
            None => Probe::Done("there is none".into()),
            Some(found) if found == self.seen => Probe::Todo,
            found => Probe::Conflict {
                found: at(&self.branch, found.as_deref()),
                wanted: at(&self.branch, Some(&self.seen)),
            },
        })
    }

    fn act(&self, world: &World) -> anyhow::Result<()> {
        world
            .git
            .delete_remote_branch(&self.remote, &self.branch, &self.seen)
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
