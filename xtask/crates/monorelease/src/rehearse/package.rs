//! `rehearse` of a package: candidate, release, verify and release again, against an index in the same process.
//!
//! The package is built for real, for this machine alone. Nothing of it reaches an index of the outside world.

use std::time::Instant;

use anyhow::{Context, bail};
use monorelease_process::{Call, Runner};
use serde_json::json;
use toml_edit::{Array, DocumentMut, Item, value};

use super::sandbox::{Purpose, Sandbox};
use super::{say_and_run, signs};
use crate::app::App;
use crate::project::Project;
use crate::ui;

/// Points every package of a configuration at one index, with wheels for this machine alone.
pub(super) fn prepare(
    document: &mut DocumentMut,
    index: &str,
    runner: &Runner,
) -> anyhow::Result<()> {
    let Some(projects) = document
        .get_mut("projects")
        .and_then(Item::as_table_like_mut)
    else {
        return Ok(());
    };
    for (_, project) in projects.iter_mut() {
        let Some(project) = project
            .as_table_like_mut()
            .filter(|project| project.contains_key("package-index"))
        else {
            continue;
        };
        for key in ["package-index", "candidate-index"] {
            if project.contains_key(key) {
                project.insert(key, value(index));
            }
        }
        if let Some(wheel) = project.get_mut("wheel").and_then(Item::as_table_like_mut) {
            let said = runner.output(&Call::new("rustc").arg("-vV"))?;
            let host = said
                .lines()
                .find_map(|line| line.strip_prefix("host: "))
                .context("rustc -vV names no host")?;
            wheel.insert("targets", value(Array::from_iter([host.trim()])));
        }
    }
    Ok(())
}

pub(super) fn run(app: &App, project: &Project) -> anyhow::Result<u8> {
    let started = Instant::now();
    let folder = app.world.path("target/rehearsal");
    let name = project.name.as_str();
    let config = app.config_in_repository()?;
    app.world
        .git
        .refuse_shallow("what a copy of it would release")?;
    let purpose = Purpose {
        platform: None,
        signs: signs(app),
        forge: app.config.repository.github.as_deref(),
    };
    let sandbox = Sandbox::prepare(
        &app.world.root,
        &folder,
        &config,
        app.world.runner.clone(),
        &purpose,
    )?;
    super::forget_other_tags(&sandbox, project)?;
    app.ui.status(
        "Serving",
        &format!(
            "an embedded package index at {}, for this machine's files alone",
            sandbox.index.url()
        ),
    );
    say_and_run(app, &sandbox, &["bump", "minor", name, "--commit"])?;
    if project.candidates {
        say_and_run(app, &sandbox, &["tag", name, "--rc", "--push"])?;
    }
    if project.candidate_index.is_some() {
        say_and_run(app, &sandbox, &["build", name, "--push"])?;
    }
    say_and_run(app, &sandbox, &["release", name])?;
    say_and_run(app, &sandbox, &["verify", name])?;
    let before = sandbox.index.files();
    let again = sandbox.json(&["release", name])?;
    let acted = again["steps"].as_array().map_or(0, |steps| {
        steps
            .iter()
            .filter(|step| step["verdict"] != "done")
            .count()
    });
    if acted > 0 || sandbox.index.files() != before {
        bail!("a second release did {acted} steps; it should have found everything done");
    }
    if let [first, ..] = &sandbox.index.unexpected()[..] {
        bail!("the index was asked what no index knows: {first}");
    }
    app.ui.status(
        "Again",
        &format!("cargo xtask release {name}: nothing to do"),
    );
    let names: Vec<_> = before.keys().cloned().collect();
    let rows = names
        .iter()
        .zip(before.values())
        .map(|(name, bytes)| vec![name.clone(), format!("{} bytes", bytes.len())]);
    app.ui.data(&ui::table(
        &std::iter::once(vec!["file at the index".to_owned(), "size".to_owned()])
            .chain(rows)
            .collect::<Vec<_>>(),
    ));
    app.ui.status(
        "Rehearsed",
        &format!(
            "{}: {} files published in {:.1} s",
            project.package,
            names.len(),
            started.elapsed().as_secs_f64()
        ),
    );
    app.ui.document(&json!({ "schema": 1, "project": name, "files": names, "requests": sandbox.index.log().len() }));
    Ok(0)
}
