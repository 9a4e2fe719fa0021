//! `secrets sync`: what the programs of an environment want to know and nobody else may, handed to where they find it.

use super::{secrets_of, step};
use crate::app::{App, Outcome};
use crate::cli::delivery::{Secrets, SecretsVerb};
use crate::fault::Fault;
use crate::step::plan::Goal;

pub fn run(app: &App, arguments: &Secrets) -> Outcome {
    let SecretsVerb::Sync { to, projects } = &arguments.verb;
    let stage = app.delivery.stage(to)?;
    let plan = secrets_of(&app.config, &stage.name, &app.shown_config())?.ok_or_else(|| {
        let fix = format!("write [environments.{to}.secrets] with sink and required");
        Fault::usage(format!("{to} has no secrets in the configuration")).fix(fix)
    })?;
    let others: Vec<String> = app
        .delivery
        .stages
        .iter()
        .map(|stage| stage.name.clone())
        .collect();
    let mut goal = Goal::default();
    step::sync(
        &mut goal,
        &app.world,
        &app.projects,
        &plan,
        projects,
        &others,
    )?;
    app.execute(goal, serde_json::Map::new())
}
