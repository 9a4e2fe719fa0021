//! `init`: a first configuration, out of what is found in the tree.

use serde_json::json;

use super::look;
use crate::app::{App, Outcome};
use crate::fault::Fault;
use crate::init::found::Discovery;
use crate::init::found::Found;
use crate::step::Step;
use crate::step::files::CreateFile;
use crate::step::plan::Goal;

pub fn run(app: &App) -> Outcome {
    let path = app.config_in_repository()?.to_string_lossy().into_owned();
    let (discovery, text) = look::configuration(&app.world, &path)?;
    if discovery.projects.is_empty() && discovery.images_from.is_none() {
        return Err(nothing_found(&discovery).into());
    }
    for project in &discovery.projects {
        let version = project.sites.first().map_or_else(
            || "no version".to_owned(),
            |site| site.said[0].version.to_semver(),
        );
        let place = if project.path.is_empty() {
            "the root"
        } else {
            &project.path
        };
        app.ui
            .status("Found", &format!("{} {version} in {place}", project.name));
    }
    if app.global.dry_run {
        app.ui.text(text.trim_end());
    }
    let projects: Vec<_> = discovery.projects.iter().map(document).collect();
    let mut goal = Goal {
        notes: discovery.notes,
        ..Goal::default()
    };
    goal.want(
        "",
        "there is no configuration yet",
        Step::CreateFile(CreateFile {
            path,
            text: text.clone(),
        }),
    );
    let code = app.execute(
        goal,
        serde_json::Map::from_iter([
            ("projects".to_owned(), json!(projects)),
            ("text".to_owned(), json!(text)),
        ]),
    )?;
    if code == 0 && !app.global.dry_run {
        app.ui
            .status("Next", "read it, then cargo xtask versions --check");
    }
    Ok(code)
}

fn document(project: &Found) -> serde_json::Value {
    let said = project
        .sites
        .iter()
        .flat_map(|site| site.said.iter().map(move |said| (site, said)));
    let truth = project.sites.first().map(|site| &site.said[0].version);
    let sites: Vec<_> = said
        .map(|(site, said)| json!({ "file": site.file, "key": said.key, "found": said.found, "version": said.version.to_semver(), "agrees": Some(&said.version) == truth }))
        .collect();
    let path = if project.path.is_empty() {
        "."
    } else {
        &project.path
    };
    json!({ "name": project.name, "path": path, "package": project.name, "tag": project.tag, "sites": sites })
}

fn nothing_found(discovery: &Discovery) -> Fault {
    let looked = "no project was found in this tree: looked for Cargo.toml, pyproject.toml, setup.cfg, setup.py, package.json with a version, VERSION, Chart.yaml, a Dockerfile at the root, and the configurations of release-please and bumpversion";
    let notes: String = discovery
        .notes
        .iter()
        .map(|note| format!("\n{note}"))
        .collect();
    Fault::refused(format!("{looked}{notes}")).fix("echo 0.1.0 > VERSION, then cargo xtask init")
}
