//! From a level or a version to the version each project moves to (law 5), and the reasons not to.

use crate::model::project::Project;
use crate::model::step::{Goal, short};
use crate::model::version::{Level, Spelling, Version};

use super::tags::TagFacts;

/// What `bump` was asked for.
#[derive(Debug, Clone)]
pub enum Target {
    Level(Level),
    Exact(Version),
}

/// One project's move.
#[derive(Debug, Clone)]
pub struct Move {
    pub project: String,
    pub from: Version,
    pub to: Version,
    /// `major`, `minor`, `patch` or `exact`.
    pub level: &'static str,
    pub why: String,
}

/// Decides a project's new version; what forbids it goes into the goal.
pub fn decide(goal: &mut Goal, project: &Project, from: &Version, target: &Target, allow_downgrade: bool, tags: &TagFacts) -> Move {
    let (to, level, why) = match target {
        Target::Level(level) => {
            let name = match level {
                Level::Major => "major",
                Level::Minor => "minor",
                Level::Patch => "patch",
            };
            (from.bumped(*level), name, format!("{name} of {} was asked for", from.to_semver()))
        }
        Target::Exact(version) => (version.clone(), "exact", format!("{} was asked for", version.to_semver())),
    };
    if to < *from && !allow_downgrade {
        let what = format!("{} is at {}; {} is lower", project.package, from.to_semver(), to.to_semver());
        goal.refuse(&project.name, what, format!("cargo xtask bump {} {} --allow-downgrade", to.to_semver(), project.name));
    }
    if let Err(error) = Spelling::SemVer.read(&to.to_semver()) {
        goal.refuse(&project.name, error.to_string(), "cargo xtask bump X.Y.Z, with smaller numbers");
        return Move { project: project.name.clone(), from: from.clone(), to, level, why };
    }
    if let Some(what) = project.tags.ambiguity(&to) {
        goal.refuse(&project.name, what, format!("cargo xtask bump minor {}", project.name));
    }
    let tag = project.tags.release(&to);
    if let (true, Ok(Some(commit))) = (to != *from, tags.commit_of(&tag)) {
        goal.refuse(
            &project.name,
            format!("{} {} is released already: tag {tag} is at {}", project.package, to.to_semver(), short(commit)),
            "choose a version that has no tag: cargo xtask versions",
        );
    }
    Move { project: project.name.clone(), from: from.clone(), to, level, why }
}
