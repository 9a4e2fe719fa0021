//! `versions`: what every version location says, whether they agree, and what happened since the last release.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::read;
use super::tagged;
use super::tagged::{TagCheck, WrongTag};
use crate::app::{App, Outcome};
use crate::bump::edits::Edits;
use crate::cli::Versions;
use crate::commits::ownership::tags_by_project;
use crate::commits::since_release;
use crate::commits::since_release::Release;
use crate::packages::shared_names::shared_names;
use crate::project::Project;
use crate::project::version_location::{Readings, SiteReading};
use crate::step::plan::Goal;
use crate::text::short;
use crate::ui;
use crate::world::files;
use crate::world::texts::Texts;

/// A project's place, itself, and what its sites say.
type Found<'a> = (usize, &'a Project, Readings);

pub fn run(app: &App, arguments: &Versions) -> Outcome {
    let places: HashMap<_, _> = app
        .projects
        .all
        .iter()
        .enumerate()
        .map(|(place, project)| (project.name.as_str(), place))
        .collect();
    let mut found = Vec::new();
    for project in app.versioned(&arguments.projects)? {
        found.push((
            places[project.name.as_str()],
            project,
            read::of_work_tree(&app.world, project)?,
        ));
    }
    if arguments.fix {
        return fix(app, &found);
    }
    let (releases, tags) = history(app, &found, arguments.check)?;
    // "Could not read" is not "is not there".
    let none = if app.world.git.is_shallow() {
        "not known"
    } else {
        "never"
    };
    app.ui.data(&ui::table(&rows(&found, &releases, none)));
    let documents: Vec<_> = found
        .iter()
        .map(|(place, project, readings)| document(project, readings, releases[*place].as_ref()))
        .collect();
    let mut whole = json!({ "schema": 1, "projects": documents });
    if let Some(tags) = &tags {
        whole["tags"] = tags
            .wrong
            .iter()
            .map(|wrong| tag_document(app, wrong))
            .collect();
    }
    app.ui.document(&whole);
    let disagreements: Vec<_> = found
        .iter()
        .filter_map(|(_, project, readings)| Some((project, readings.disagreement()?)))
        .collect();
    for (project, disagreement) in &disagreements {
        app.ui.error(
            &format!("{}: {disagreement}", project.name),
            Some(&format!("cargo xtask versions --fix {}", project.name)),
        );
    }
    let tags = tags.unwrap_or_default();
    report_tags(app, &tags);
    let text = |path: &str| files::read(&app.world.path(path)).ok().flatten();
    let mut shared = if arguments.check {
        shared_names(&app.projects, &text)
    } else {
        Vec::new()
    };
    shared.retain(|shared| {
        found
            .iter()
            .any(|(_, project, _)| shared.projects.contains(&project.name))
    });
    for shared in &shared {
        app.ui.error(&shared.what(), Some(&shared.fix()));
    }
    Ok(u8::from(
        arguments.check
            && !(disagreements.is_empty() && tags.wrong.is_empty() && shared.is_empty()),
    ))
}

/// The last releases by the projects' places, and for a check the tags held against their files.
///
/// A shallow clone is refused, unless it is a check: files can be compared all the same.
fn history(
    app: &App,
    found: &[Found<'_>],
    is_check: bool,
) -> anyhow::Result<(Vec<Option<Release>>, Option<TagCheck>)> {
    let world = &app.world;
    let projects = &app.projects.all;
    let shallow = world.git.refuse_shallow("which release HEAD contains");
    if let (Err(fault), false) = (&shallow, is_check) {
        return Err(fault.clone().into());
    }
    let tags = tags_by_project(projects, world.git.tags()?);
    let wanted: Vec<_> = found.iter().map(|(place, ..)| *place).collect();
    let releases = match shallow {
        Ok(()) => since_release::releases(world, projects, &tags, &wanted)?,
        Err(fault) => {
            app.ui
                .warn(&format!("{}; releases are left out", fault.what));
            vec![None; projects.len()]
        }
    };
    let checked = is_check
        .then(|| tagged::check(world, projects, &tags, &wanted))
        .transpose()?;
    Ok((releases, checked))
}

/// One line a site; what is the whole project's stands on the first. `none` stands where no release is.
fn rows(found: &[Found<'_>], releases: &[Option<Release>], none: &str) -> Vec<Vec<String>> {
    let mut rows = vec![
        [
            "project",
            "version",
            "site",
            "says",
            "last release",
            "commits since",
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    for (place, project, readings) in found {
        let release = releases[*place].as_ref();
        let mut of_project = [
            project.name.clone(),
            readings.canonical().to_semver(),
            release.map_or_else(|| none.to_owned(), |release| release.tag.clone()),
            release
                .map(|release| release.commits_since.to_string())
                .unwrap_or_default(),
        ];
        for reading in readings.all() {
            let mark = if readings.agrees(reading) {
                "✓".to_owned()
            } else {
                format!("✗ {}", reading.found)
            };
            let [name, version, last, since] = std::mem::take(&mut of_project);
            rows.push(vec![
                name,
                version,
                format!("{} {}", reading.site.file, reading.key),
                mark,
                last,
                since,
            ]);
        }
    }
    rows
}

fn document(project: &Project, readings: &Readings, release: Option<&Release>) -> Value {
    let sites: Vec<_> = readings
        .all()
        .iter()
        .map(|reading| {
            let mut site = said(reading);
            site["agrees"] = readings.agrees(reading).into();
            site
        })
        .collect();
    json!({
        "name": project.name,
        "package": project.package,
        "version": readings.canonical().to_semver(),
        "agrees": readings.disagreement().is_none(),
        "released": release.map(|release| release.version.to_semver()),
        "tag": release.map(|release| &release.tag),
        "commits_since": release.map(|release| release.commits_since),
        "sites": sites,
    })
}

fn said(reading: &SiteReading) -> Value {
    json!({ "file": reading.site.file, "key": reading.key, "found": reading.found, "version": reading.version.to_semver() })
}

fn tag_document(app: &App, wrong: &WrongTag) -> Value {
    json!({
        "tag": wrong.tag.name,
        "project": app.projects.all[wrong.project].name,
        "commit": wrong.tag.commit,
        "version": wrong.tag.says.version.to_semver(),
        "found": wrong.found.iter().map(said).collect::<Vec<_>>(),
    })
}

/// Names every tag that its commit's files speak against; those that could not be held against anything are counted.
fn report_tags(app: &App, tags: &TagCheck) {
    for (place, wrong) in tags.wrong.iter().enumerate() {
        let others = wrong
            .found
            .iter()
            .filter(|reading| reading.version != wrong.tag.says.version);
        let says: Vec<_> = others
            .map(|reading| format!("{} says {}", reading.site.file, reading.found))
            .collect();
        let what = format!(
            "tag {} (commit {}): {}",
            wrong.tag.name,
            short(&wrong.tag.commit),
            says.join(", ")
        );
        let next = tags.wrong.get(place + 1);
        let is_last = next.is_none_or(|next| next.project != wrong.project);
        let fix = is_last.then(|| ignore_line(&app.projects.all[wrong.project], tags, wrong));
        app.ui.error(&what, fix.as_deref());
    }
    if let Some(first) = tags.young.first() {
        app.ui.warn(&format!(
            "{} older than every version site of the project, such as {first}: not checked",
            count(tags.young.len())
        ));
    }
    if let Some((first, why)) = tags.unreadable.first() {
        app.ui.warn(&format!(
            "{} of a commit whose sites cannot be read, such as {first} ({why}): not checked",
            count(tags.unreadable.len())
        ));
    }
}

/// The line of the configuration that ignores these tags: a tag that others have is never moved or deleted.
fn ignore_line(project: &Project, tags: &TagCheck, of: &WrongTag) -> String {
    let wrong = tags
        .wrong
        .iter()
        .filter(|wrong| wrong.project == of.project);
    let names = project
        .ignore_tags
        .iter()
        .chain(wrong.map(|wrong| &wrong.tag.name));
    let names: Vec<_> = names.map(|name| format!("{name:?}")).collect();
    format!(
        "ignore-tags = [{}] in [projects.{}], where these tags are to stay",
        names.join(", "),
        project.name
    )
}

fn count(tags: usize) -> String {
    if tags == 1 {
        "1 tag is".to_owned()
    } else {
        format!("{tags} tags are")
    }
}

/// Writes the source of truth to the sites, and the lock entries, that say something else.
fn fix(app: &App, found: &[Found<'_>]) -> Outcome {
    let texts = Texts::of_work_tree(&app.world);
    let mut edits = Edits::new(&texts, &app.projects)?;
    let mut goal = Goal::default();
    for (_, project, readings) in found {
        match readings.disagreement() {
            // A manifest that gets another version leaves behind who required the old one, as in a bump (law 4).
            Some(_) => {
                edits.move_project(&mut goal, project, readings, readings.canonical(), false)?
            }
            None => edits.move_versions(project, readings, readings.canonical())?,
        }
    }
    edits.want(&mut goal)?;
    app.execute(goal, serde_json::Map::new())
}
