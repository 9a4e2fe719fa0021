//! `release`: the newest candidate's tested bytes get their release names, and its commit the tag.

use super::{Outcome, Session};
use crate::cli::Release;
use crate::engine::observe;
use crate::model::fault::Fault;
use crate::model::step::Goal;
use crate::plan::release;

pub fn run(session: &Session, arguments: &Release) -> Outcome {
    let project = session.projects.find(&arguments.project)?;
    if project.sites.is_empty() {
        return Err(Fault::usage(format!("project {} has no versions of its own, so there is nothing to release", project.name))
            .fix(format!("name its sites in projects.{}.versions", project.name))
            .into());
    }
    let facts = observe::release(&session.world, &session.projects, project, session.remote())?;
    session.ui.status("Releasing", &format!("{} {}", project.package, facts.version.to_semver()));
    let mut goal = Goal::default();
    release::plan(&mut goal, project, &facts)?;
    if !session.config.pins.iter().any(|pin| pin.project == project.name) {
        goal.notes.push(format!("{}: no [[pins]] are configured, so nothing is delivered", project.name));
    } else {
        goal.notes.push(format!("{}: its [[pins]] are read, but `release` does not write them: change them by hand", project.name));
    }
    session.execute(goal, serde_json::Map::new())
}
