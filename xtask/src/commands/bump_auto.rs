//! `bump auto`: the facts that the commits of each project give, and what is said of those with nothing to release.

use std::collections::{HashMap, HashSet};
use std::mem::ManuallyDrop;

use super::App;
use crate::engine::history::{self, PassedOver, Since};
use crate::model::project::Project;
use crate::model::site::Readings;
use crate::model::step::{Goal, short};
use crate::plan::auto::{Facts, decide};
use crate::plan::bump::Target;
use crate::plan::history::{ProjectTag, tags_by_project};

/// What commits say of projects, in the order of these.
pub struct Auto {
    /// What each is to become; `None` for one with nothing to release, or that is refused.
    pub targets: Vec<Option<Target>>,
    /// Their places among all projects.
    pub places: Vec<usize>,
    /// By place, what is not released. Left to the end of the process: to free every word of a history takes longer than to
    /// decide what it means.
    pub since: ManuallyDrop<Vec<Since>>,
    /// By place, what is tagged.
    pub tags: Vec<Vec<ProjectTag>>,
}

/// Reads the commits of the projects found.
///
/// # Errors
/// The clone is shallow, or its history cannot be read.
pub fn targets(
    app: &App,
    goal: &mut Goal,
    is_initial: bool,
    found: &[(&Project, Readings)],
) -> anyhow::Result<Auto> {
    let world = &app.world;
    let projects = &app.projects.all;
    app.whole_history("which commits are not released")?;
    let by_name: HashMap<_, _> = projects
        .iter()
        .enumerate()
        .map(|(place, project)| (project.name.as_str(), place))
        .collect();
    let places: Vec<_> = found
        .iter()
        .map(|(project, _)| by_name[project.name.as_str()])
        .collect();
    let tags = tags_by_project(projects, world.git.tags()?);
    let since = ManuallyDrop::new(history::unreleased(
        world, projects, &tags, &places, &app.rules, is_initial,
    )?);
    warn_of_passed_over(app, &since);
    let facts: Vec<_> = found
        .iter()
        .zip(&places)
        .map(|((project, readings), place)| {
            let since = &since[*place];
            let released = since
                .release
                .as_ref()
                .map(|release| (release.version.clone(), release.tag.clone()));
            Facts {
                project,
                says: readings.canonical().clone(),
                released,
                tags: &tags[*place],
                commits: &since.commits,
            }
        })
        .collect();
    let mut decided = decide(goal, &facts, &app.rules, is_initial, &|hash| {
        world.git.has_commit_like(hash)
    });
    let is_refused = |name: &str| goal.refused.iter().any(|refusal| refusal.project == name);
    for facts in facts.iter().filter(|facts| {
        !decided.contains_key(&facts.project.name) && !is_refused(&facts.project.name)
    }) {
        if let Some((_, tag)) = &facts.released {
            app.ui.status(
                "Unchanged",
                &format!("{}: nothing to release since {tag}", facts.project.package),
            );
        } else if is_initial {
            app.ui.status(
                "Unchanged",
                &format!(
                    "{}: no commit of it is a reason for a release",
                    facts.project.package
                ),
            );
        }
    }
    let targets = found
        .iter()
        .map(|(project, _)| decided.remove(&project.name))
        .collect();
    Ok(Auto {
        targets,
        places,
        since,
        tags,
    })
}

/// A commit that changes nothing of any project is nobody's, whatever it asks for: said once, or its author waits for a release.
fn warn_of_passed_over(app: &App, since: &[Since]) {
    let mut told = HashSet::new();
    for PassedOver {
        commit,
        subject,
        release_as,
    } in since.iter().flat_map(|since| &since.passed_over)
    {
        if told.insert(commit) {
            app.ui.warn(&format!(
                "{} {subject:?} says Release-As: {release_as} and changes no path of a project, so it counts for nobody; \
                 name the version (cargo xtask bump {release_as} PROJECT), or say it in a commit that changes the project",
                short(commit)
            ));
        }
    }
}
