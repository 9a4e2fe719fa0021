//! A git tag of this clone, and the same tag at the remote.

use crate::step::effect::{Effect, Lane, Probe};
use crate::step::requirement::Requirement;
use crate::text::short;
use crate::world::World;

/// An annotated tag of this clone points at the commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    pub name: String,
    pub commit: String,
    pub message: String,
}

impl Effect for Tag {
    fn kind(&self) -> &'static str {
        "tag"
    }

    fn object(&self) -> String {
        self.name.clone()
    }

    fn what(&self) -> String {
        format!("{} at {}", self.name, short(&self.commit))
    }

    fn conflict_fix(&self, project: &str) -> String {
        format!(
            "git tag --delete {} if nobody has seen it, else cargo xtask bump patch {project}",
            self.name
        )
    }

    fn unknown_fix(&self) -> String {
        "git status".into()
    }

    fn is_irreversible(&self) -> bool {
        false
    }

    fn lane(&self) -> Lane {
        Lane::Local
    }

    fn requirements(&self) -> Vec<Requirement> {
        vec![Requirement::SignTag]
    }

    fn probe(&self, world: &World) -> anyhow::Result<Probe> {
        let Self { name, commit, .. } = self;
        Ok(match world.git.tag_commit(name)? {
            None => Probe::Todo,
            Some(found) if found == *commit => Probe::Done(format!("at {}", short(&found))),
            Some(found) => Probe::Conflict {
                found: format!("{name} at {}", short(&found)),
                wanted: format!("at {}", short(commit)),
            },
        })
    }

    fn act(&self, world: &World) -> anyhow::Result<()> {
        world
            .git
            .create_tag(&self.name, &self.commit, &self.message)
    }
}

/// The remote has the tag, at the commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushTag {
    pub remote: String,
    pub name: String,
    pub commit: String,
}

impl Effect for PushTag {
    fn kind(&self) -> &'static str {
        "push-tag"
    }

    fn object(&self) -> String {
        format!("{}/{}", self.remote, self.name)
    }

    fn what(&self) -> String {
        format!("{} to {}", self.name, self.remote)
    }

    fn conflict_fix(&self, project: &str) -> String {
        format!("git fetch --tags && cargo xtask bump patch {project}")
    }

    fn unknown_fix(&self) -> String {
        format!("git ls-remote --tags {}", self.remote)
    }

    fn is_irreversible(&self) -> bool {
        true
    }

    /// GitHub sends no event for tags that are pushed together (law 6).
    fn lane(&self) -> Lane {
        Lane::Serial
    }

    fn requirements(&self) -> Vec<Requirement> {
        let Self {
            remote,
            name,
            commit,
        } = self.clone();
        vec![Requirement::PushTag {
            remote,
            name,
            commit,
        }]
    }

    fn probe(&self, world: &World) -> anyhow::Result<Probe> {
        let Self {
            remote,
            name,
            commit,
        } = self;
        let Some(tags) = world.git.remote_tags(remote, Some(name))? else {
            return Ok(Probe::Unknown(format!("there is no remote {remote}")));
        };
        Ok(match tags.get(name) {
            None => Probe::Todo,
            Some(found) if found == commit => {
                Probe::Done(format!("{remote} has it at {}", short(found)))
            }
            Some(found) => Probe::Conflict {
                found: format!("{name} at {} on {remote}", short(found)),
                wanted: format!("at {}", short(commit)),
            },
        })
    }

    fn act(&self, world: &World) -> anyhow::Result<()> {
        world.git.push_tag(&self.remote, &self.name)
    }
}
