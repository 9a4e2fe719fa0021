//! `plan --tag`: what a tag stands for, and what a CI has to build for it. What a change affects, `since` says.

use serde_json::json;

use super::build::nothing_to_build;
use super::{App, Outcome, since, write_outputs};
use crate::cli::PlanArgs;
use crate::engine::observe;
use crate::model::fault::Fault;
use crate::model::step::short;
use crate::model::tag::Owners;
use crate::plan::matrix;
use crate::ui;

pub fn run(app: &App, arguments: &PlanArgs) -> Outcome {
    match (&arguments.since, &arguments.tag) {
        (Some(revision), _) => since::run(app, revision, arguments.project.as_deref()),
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
