//! `bump auto`: the facts that the commits of each project give, and what is said of those with nothing to release.

use std::collections::HashMap;

use super::App;
use crate::cli::Bump;
use crate::engine::history;
use crate::model::project::Project;
use crate::model::site::Readings;
use crate::model::step::Goal;
use crate::plan::auto::{Facts, decide};
use crate::plan::bump::Target;
use crate::plan::history::tags_by_project;

/// What each project is to become, in their order; `None` for one with nothing to release, or that is refused.
///
/// # Errors
/// The clone is shallow, or its history cannot be read.
pub fn targets(app: &App, goal: &mut Goal, arguments: &Bump, found: &[(&Project, Readings)]) -> anyhow::Result<Vec<Option<Target>>> {
    let (world, projects) = (&app.world, &app.projects.all);
    world.git.refuse_shallow("which commits are not released")?;
    let places: HashMap<_, _> = projects.iter().enumerate().map(|(place, project)| (project.name.as_str(), place)).collect();
    let wanted: Vec<_> = found.iter().map(|(project, _)| places[project.name.as_str()]).collect();
    let tags = tags_by_project(projects, world.git.tags()?);
    let mut since = history::unreleased(world, projects, &tags, &wanted, &app.rules, arguments.initial)?;
    let facts: Vec<_> = found
        .iter()
        .zip(&wanted)
        .map(|((project, readings), place)| {
            let since = std::mem::take(&mut since[*place]);
            let released = since.release.map(|release| (release.version, release.tag));
            Facts { project, says: readings.canonical().clone(), released, commits: since.commits }
        })
        .collect();
    let mut decided = decide(goal, &facts, &app.rules, arguments.initial, &|hash| world.git.has_commit_like(hash));
    for facts in facts.iter().filter(|facts| !decided.contains_key(&facts.project.name)) {
        if let Some((_, tag)) = &facts.released {
            app.ui.status("Unchanged", &format!("{}: nothing to release since {tag}", facts.project.package));
        } else if arguments.initial {
            app.ui.status("Unchanged", &format!("{}: no commit of it is a reason for a release", facts.project.package));
        }
    }
    Ok(found.iter().map(|(project, _)| decided.remove(&project.name)).collect())
}
