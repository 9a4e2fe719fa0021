//! `versions`: what every site says, and whether they agree.

use serde_json::json;

use super::{App, Outcome};
use crate::cli::Versions;
use crate::engine::edits::Edits;
use crate::engine::texts::Texts;
use crate::engine::versions;
use crate::model::project::Project;
use crate::model::site::Readings;
use crate::model::step::Goal;
use crate::model::tag::{TagName, owner};
use crate::model::version::Version;
use crate::ui;

pub fn run(app: &App, arguments: &Versions) -> Outcome {
    let mut found = Vec::new();
    for project in app.versioned(&arguments.projects)? {
        found.push((project, versions::of_work_tree(&app.world, project)?));
    }
    if arguments.fix {
        return fix(app, &found);
    }
    let released = Released::read(app, arguments.check)?;
    let mut rows = vec![["project", "version", "site", "says", "released"].map(str::to_owned).to_vec()];
    let mut documents = Vec::new();
    for (project, readings) in &found {
        let last = released.of(app, project)?.map(|version| version.to_semver());
        for (place, reading) in readings.all().iter().enumerate() {
            let mark = if readings.agrees(reading) { "✓".to_owned() } else { format!("✗ {}", reading.found) };
            let first = |text: &str| if place == 0 { text.to_owned() } else { String::new() };
            rows.push(vec![
                first(&project.name),
                first(&readings.canonical().to_semver()),
                format!("{} {}", reading.site.file, reading.key),
                mark,
                first(last.as_deref().unwrap_or("never")),
            ]);
        }
        documents.push(document(project, readings, last.as_deref()));
    }
    app.ui.data(&ui::table(&rows));
    app.ui.document(&json!({ "schema": 1, "projects": documents }));
    let faults: Vec<_> = found.iter().filter_map(|(project, readings)| Some((project, readings.disagreement()?))).collect();
    for (project, disagreement) in &faults {
        app.ui.error(&format!("{}: {disagreement}", project.name), Some(&format!("cargo xtask versions --fix {}", project.name)));
    }
    Ok(u8::from(arguments.check && !faults.is_empty()))
}

fn document(project: &Project, readings: &Readings, released: Option<&str>) -> serde_json::Value {
    let sites: Vec<_> = readings
        .all()
        .iter()
        .map(|reading| json!({ "file": reading.site.file, "key": reading.key, "found": reading.found, "version": reading.version.to_semver(), "agrees": readings.agrees(reading) }))
        .collect();
    json!({
        "name": project.name,
        "package": project.package,
        "version": readings.canonical().to_semver(),
        "agrees": readings.disagreement().is_none(),
        "released": released,
        "sites": sites,
    })
}

/// Writes the source of truth to the sites, and the lock entries, that say something else.
fn fix(app: &App, found: &[(&Project, Readings)]) -> Outcome {
    let texts = Texts::of_work_tree(&app.world);
    let mut edits = Edits::new(&texts, &app.projects)?;
    for (project, readings) in found {
        edits.move_versions(project, readings, readings.canonical())?;
    }
    let mut goal = Goal::default();
    edits.want(&mut goal)?;
    app.execute(goal, serde_json::Map::new())
}

/// The release tags of this clone, read once for all projects.
struct Released {
    /// Project's place, version, commit.
    tags: Vec<(usize, Version, String)>,
    head: Option<String>,
}

impl Released {
    /// A shallow clone is refused, unless it is the files alone that are checked.
    fn read(app: &App, is_check: bool) -> anyhow::Result<Self> {
        if let Err(fault) = app.world.git.refuse_shallow("which release HEAD contains") {
            if !is_check {
                return Err(fault.into());
            }
            app.ui.warn(&format!("{}; releases are left out", fault.what));
            return Ok(Self { tags: Vec::new(), head: None });
        }
        let mut tags = Vec::new();
        for (name, commit) in app.world.git.tags()? {
            if let Some((place, TagName { version, candidate: None })) = owner(app.projects.all.iter().map(|project| &project.tags), &name)
            {
                tags.push((place, version, commit));
            }
        }
        tags.sort_by(|left, right| right.1.cmp(&left.1));
        // A repository without a commit has released nothing.
        Ok(Self { tags, head: app.world.git.head_if_any()?.map(|head| head.commit) })
    }

    /// The highest stable tag that HEAD contains.
    fn of(&self, app: &App, project: &Project) -> anyhow::Result<Option<&Version>> {
        let Some(head) = &self.head else { return Ok(None) };
        for (place, version, commit) in &self.tags {
            if app.projects.all[*place].name == project.name && !version.is_prerelease() && app.world.git.is_ancestor(commit, head)? {
                return Ok(Some(version));
            }
        }
        Ok(None)
    }
}
