//! `tag`: tags the commit with its version, or with the next release candidate of it.

pub mod plan;
pub mod step;

use monorelease_model::version::Version;

use crate::app::{App, Outcome};
use crate::cli::Tag;
use crate::project::Project;
use crate::release::observe;
use crate::release::plan::dirty_sentence;
use crate::step::plan::Goal;
use crate::text::short;
use crate::versions;
use plan::TagFacts;

pub fn run(app: &App, arguments: &Tag) -> Outcome {
    let world = &app.world;
    let head = observe::head(world)?;
    let projects = app.versioned(&arguments.projects)?;
    let facts = observe::tags(world, &app.projects, app.remote())?;
    let mut goal = Goal::default();
    let dirty = world.git.dirty_paths()?;
    if !dirty.is_empty() {
        goal.refuse(
            "",
            format!(
                "{}; a tag would not hold what you see",
                dirty_sentence(&dirty)
            ),
            "git add --all && git commit, or git stash --include-untracked",
        );
    }
    if head.branch.is_none() && !world.git.is_on_a_branch(&head.commit)? {
        goal.refuse(
            "",
            format!(
                "HEAD is detached at {}, which is on no branch",
                short(&head.commit)
            ),
            format!("git switch {}", app.config.repository.branch),
        );
    }
    for project in projects {
        let readings = versions::read::of_commit(world, &head.commit, project)?;
        match readings.disagreement() {
            Some(what) => goal.refuse(
                &project.name,
                format!("the version sites of {} disagree: {what}", project.name),
                format!("cargo xtask versions --fix {}, then commit", project.name),
            ),
            None if arguments.projects.is_empty()
                && is_released(&facts, project, readings.canonical(), &head.commit) =>
            {
                goal.notes.push(format!(
                    "{}: {} is released already, so it is left out",
                    project.name,
                    readings.canonical().to_semver()
                ));
            }
            None if arguments.untagged
                && is_tagged(&facts, project, readings.canonical(), &head.commit) =>
            {
                goal.notes.push(format!(
                    "{}: {} has a tag already",
                    project.name,
                    readings.canonical().to_semver()
                ));
            }
            None => plan::plan(
                &mut goal,
                project,
                readings.canonical(),
                &head.commit,
                &facts,
                arguments.rc,
                arguments.push,
            ),
        }
    }
    world.git.committer()?;
    // What can fail and be mended comes before what others see.
    goal.drafts
        .sort_by_key(|draft| draft.step.effect().is_irreversible());
    app.execute(goal, serde_json::Map::new())
}

/// Whether the version's tag is at another commit already; of all projects together, such a one is not meant.
fn is_released(facts: &TagFacts, project: &Project, version: &Version, head: &str) -> bool {
    matches!(facts.commit_of(&project.tags.release(version)), Ok(Some(commit)) if commit != head)
}

/// Whether the version has a release, or a candidate at an older commit. One at this very commit is still to be pushed, maybe.
fn is_tagged(facts: &TagFacts, project: &Project, version: &Version, head: &str) -> bool {
    matches!(facts.commit_of(&project.tags.release(version)), Ok(Some(_)))
        || facts
            .newest_candidate(project, version)
            .is_some_and(|candidate| candidate.commit != head)
}
