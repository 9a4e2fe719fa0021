//! `release`: the newest candidate's tested bytes get their release names, and its commit the tag.

use super::{App, Outcome};
use crate::cli::Release;
use crate::engine::observe;
use crate::model::build_id::BuildId;
use crate::model::fault::Fault;
use crate::model::project::Project;
use crate::model::step::Goal;
use crate::plan::release;

pub fn run(app: &App, arguments: &Release) -> Outcome {
    let project = app.projects.find(&arguments.project)?;
    if project.sites.is_empty() {
        return Err(Fault::usage(format!("project {} has no versions of its own, so there is nothing to release", project.name))
            .fix(format!("name its sites in projects.{}.versions", project.name))
            .into());
    }
    let picked = picked(project, arguments.candidate.as_deref())?;
    let facts = observe::release(&app.world, &app.projects, project, app.remote(), picked.as_ref())?;
    app.ui.status("Releasing", &format!("{} {}", project.package, facts.version.to_semver()));
    let mut goal = Goal::default();
    release::plan(&mut goal, project, &facts)?;
    goal.notes.extend(left_out(app, project));
    app.execute(goal, serde_json::Map::new())
}

/// The build that `--candidate` names.
fn picked(project: &Project, named: Option<&str>) -> Result<Option<BuildId>, Fault> {
    let Some(text) = named else { return Ok(None) };
    let release = format!("cargo xtask release {}", project.name);
    if project.image.is_none() {
        return Err(Fault::usage(format!("project {} has no image, so there is no build to pick", project.name)).fix(release));
    }
    BuildId::parse(text).map(Some).map_err(|what| Fault::usage(what).fix(format!("{release} --dry-run, which names the newest one")))
}

/// What a release does not do here, and why: left out of the configuration means not wanted.
fn left_out(app: &App, project: &Project) -> Vec<String> {
    let name = &project.name;
    let forge = match &app.config.repository.github {
        Some(github) => format!("{name}: the tag is all that {github} gets, no forge release is made"),
        None => format!("{name}: no github is configured, so no forge release is made"),
    };
    let pins = match app.config.pins.iter().any(|pin| pin.project == *name) {
        true => format!("{name}: its [[pins]] are read, but `release` does not write them: change them by hand"),
        false => format!("{name}: no [[pins]] are configured, so nothing is delivered"),
    };
    vec![format!("{name}: no [trust] is configured, so nothing is signed"), forge, pins]
}
