//! `plan --since`: which projects a change affects and why, and what a CI has to build for it.

use serde_json::json;

use super::{App, Outcome, write_outputs};
use crate::engine::{affected, observe, versions};
use crate::model::fault::Fault;
use crate::model::project::{Project, Projects};
use crate::model::step::short;
use crate::plan::affected::Affected;
use crate::plan::matrix::{self, Row};
use crate::ui;

pub fn run(app: &App, revision: &str, named: Option<&str>) -> Outcome {
    // A configuration outside of the repository is in none of its commits.
    let file = app
        .config_in_repository()
        .ok()
        .map(|file| file.to_string_lossy().into_owned());
    let since = affected::since(&app.world, revision, file.as_deref(), &app.projects)?;
    let only = only(app, &since.projects, named)?;
    let is_meant = |affected: &&Affected| {
        only.is_none_or(|only| since.projects.all[affected.project].name == only.name)
    };
    let mut rows: Vec<Row> = Vec::new();
    let mut projects = Vec::new();
    let mut table = vec![["project", "why"].map(str::to_owned).to_vec()];
    for affected in since.affected.iter().filter(is_meant) {
        let project = &since.projects.all[affected.project];
        rows.extend(rows_of(app, project, &since.head)?);
        for (line, why) in affected.why.iter().enumerate() {
            table.push(vec![
                if line == 0 {
                    project.name.clone()
                } else {
                    String::new()
                },
                why.clone(),
            ]);
        }
        projects.push((project.name.as_str(), &affected.why));
    }
    for note in &since.notes {
        app.ui.note(note);
    }
    let looked_at = only.map_or_else(
        || format!("{} projects", since.projects.all.len()),
        |project| format!("project {}", project.name),
    );
    let compared = format!(
        "of {looked_at}, {} affected between {} and {}",
        projects.len(),
        short(&since.base),
        short(&since.head)
    );
    app.ui.status("Planned", &compared);
    if !projects.is_empty() {
        app.ui.data(&ui::table(&table));
    }
    let matrix = json!({ "include": rows });
    let names: Vec<_> = projects.iter().map(|(name, _)| *name).collect();
    write_outputs(
        app,
        &[
            ("matrix", matrix.to_string()),
            ("projects", json!(names).to_string()),
        ],
    )?;
    let projects: Vec<_> = projects
        .iter()
        .map(|(name, why)| json!({ "name": name, "why": why }))
        .collect();
    app.ui
        .document(&json!({ "schema": 1, "projects": projects, "matrix": matrix }));
    Ok(0)
}

/// The project that alone is meant: the one named, else the folder's own.
fn only<'p>(
    app: &App,
    projects: &'p Projects,
    named: Option<&str>,
) -> anyhow::Result<Option<&'p Project>> {
    Ok(match named {
        Some(word) => Some(projects.find(word)?),
        None if app.global.repo.is_some() => None,
        None => projects.containing(&app.folder),
    })
}

/// What a CI builds of an affected project; nothing of one that is configured to make nothing.
fn rows_of(app: &App, project: &Project, head: &str) -> anyhow::Result<Vec<Row>> {
    let rows = |build_id: &str| {
        matrix::rows(project, build_id).map_err(|what| {
            Fault::usage(format!("projects.{}: {what}", project.name)).fix(format!(
                "edit projects.{} in the configuration",
                project.name
            ))
        })
    };
    let is_built = !rows("")?.is_empty();
    let build_id = match project.sites.is_empty() {
        _ if !is_built => return Ok(Vec::new()),
        // As `build` names what has no version.
        true => short(head).to_owned(),
        false => {
            let readings = versions::of_commit(&app.world, head, project)?;
            if let Some(what) = readings.disagreement() {
                return Err(Fault::refused(format!(
                    "the version sites of {} disagree in HEAD: {what}",
                    project.name
                ))
                .fix(format!(
                    "cargo xtask versions --fix {}, then commit",
                    project.name
                ))
                .into());
            }
            observe::build_id(&app.world, head, readings.canonical())?.to_string()
        }
    };
    Ok(rows(&build_id)?)
}
