//! `plan --tag`: what a tag means, and what CI has to build for it. `plan --since`: which projects a change affects and why, and
//! what CI has to build for it.

use monorelease_model::tag::Owners;
use serde_json::json;

use super::matrix;
use super::matrix::Row;
use super::reasons::Affected;
use crate::app::{App, Outcome, write_outputs};
use crate::build::nothing_to_build;
use crate::cli::PlanArgs;
use crate::fault::Fault;
use crate::project::{Project, Projects};
use crate::release::observe;
use crate::text::short;
use crate::{ui, versions};

pub fn run(app: &App, arguments: &PlanArgs) -> Outcome {
    match (&arguments.since, &arguments.tag) {
        (Some(revision), _) => run_since(app, revision, arguments.project.as_deref()),
        (None, Some(tag)) => run_tag(app, tag.trim_start_matches("refs/tags/"), arguments),
        (None, None) => Err(Fault::usage("neither --since nor --tag is given")
            .fix("cargo xtask plan --since main")
            .into()),
    }
}

fn run_tag(app: &App, tag: &str, arguments: &PlanArgs) -> Outcome {
    let projects = &app.projects.all;
    let Some((place, name)) = Owners::new(projects.iter().map(|project| &project.tags)).of(tag)
    else {
        let forms: Vec<_> = projects
            .iter()
            .filter(|project| !project.sites.is_empty())
            .map(|project| project.tags.form())
            .collect();
        let forms = if forms.is_empty() {
            "none: no project has versions".to_owned()
        } else {
            format!("{}, with -rcN for a candidate", forms.join(", "))
        };
        return Err(Fault::usage(format!(
            "{tag:?} is the tag of no project (wanted one of the forms {forms})"
        ))
        .fix("git tag --list")
        .into());
    };
    let project = &projects[place];
    if let Some(word) = &arguments.project {
        let wanted = app.projects.find(word)?;
        if wanted.name != project.name {
            return Err(Fault::refused(format!(
                "{tag} is a tag of {}, not of {}",
                project.name, wanted.name
            ))
            .fix(format!("cargo xtask plan {} --tag {tag}", project.name))
            .into());
        }
    }
    let commit = app.world.git.tag_commit(tag)?.ok_or_else(|| {
        Fault::usage(format!("there is no tag {tag} in this clone")).fix("git fetch --tags")
    })?;
    let build_id = observe::build_id(&app.world, &commit, &name.version)?.to_string();
    let rows = matrix::rows(project, &build_id)
        .map_err(|what| Fault::usage(format!("projects.{}: {what}", project.name)))?;
    let stage = name.candidate.map_or_else(
        || "release".to_owned(),
        |number| format!("candidate {number}"),
    );
    let why = format!(
        "tag {tag} is {stage} of {} {}, at {}",
        project.package,
        name.version.to_semver(),
        short(&commit)
    );
    app.ui.status("Planned", &why);
    if rows.is_empty() {
        // A tag of it is as good as any other; only the matrix has no rows.
        app.ui.note(&nothing_to_build(project).what);
    }
    let mut table = vec![["kind", "for", "runner"].map(str::to_owned).to_vec()];
    table.extend(rows.iter().map(|row| {
        vec![
            row.kind.to_owned(),
            row.platform
                .clone()
                .or_else(|| row.target.clone())
                .unwrap_or_default(),
            row.runner.to_owned(),
        ]
    }));
    app.ui
        .data(&format!("{}\nbuild id {build_id}", ui::table(&table)));
    let matrix = json!({ "include": rows });
    write_outputs(
        app,
        &[
            ("matrix", matrix.to_string()),
            ("build-id", build_id.clone()),
            ("project", project.name.clone()),
        ],
    )?;
    app.ui.document(&json!({
        "schema": 1,
        "projects": [{ "name": project.name, "package": project.package, "version": name.version.to_semver(), "candidate": name.candidate, "why": [why] }],
        "matrix": matrix,
    }));
    Ok(0)
}

fn run_since(app: &App, revision: &str, named: Option<&str>) -> Outcome {
    // A configuration outside of the repository is in none of its commits.
    let file = app
        .config_in_repository()
        .ok()
        .map(|file| file.to_string_lossy().into_owned());
    let since = super::since(&app.world, revision, file.as_deref(), &app.projects)?;
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
            let readings = versions::read::of_commit(&app.world, head, project)?;
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
