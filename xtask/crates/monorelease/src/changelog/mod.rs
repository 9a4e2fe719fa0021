//! `changelog` and `notes`: the changes of releases, from commits and changelog files.

mod notes;
pub mod parts;

use std::collections::{HashMap, HashSet};
use std::mem::ManuallyDrop;

use monorelease_model::version::Version;
use serde_json::json;

use crate::app::{App, Outcome};
use crate::cli::{Changelog, Notes};
use crate::commits::ownership::{ProjectTag, tags_by_project, wanted};
use crate::commits::since_release;
use crate::commits::unread_tags::UnreadTags;
use crate::fault::Fault;
use crate::project::Project;
use crate::step::plan::{Goal, Scope};
use parts::Changelogs;

pub fn run(app: &App, arguments: &Changelog) -> Outcome {
    let projects = app.versioned(&arguments.projects)?;
    app.whole_history("which commits are not released")?;
    let tags = tags_by_project(&app.projects.all, app.world.git.tags()?);
    let asked = places(app, &projects);
    // Left to the end of the process: to free every word of a history takes longer than to render it.
    let since = ManuallyDrop::new(since_release::unreleased(
        &app.world,
        &app.projects.all,
        &tags,
        &asked,
        &app.rules,
        arguments.initial,
    )?);
    // What one project lacks holds up no other (law 21).
    let (unborn, told): (Vec<_>, Vec<_>) = projects
        .iter()
        .copied()
        .zip(asked)
        .partition(|(_, place)| !arguments.initial && since[*place].release.is_none());
    let (projects, asked): (Vec<&Project>, Vec<usize>) = told.into_iter().unzip();
    let refusal = match unborn.first() {
        Some((first, place)) => {
            let unread = UnreadTags::of(first, &app.projects.all, &app.world.git.tags()?);
            let wanted = wanted(first, &tags[*place]) + &unread.suffix();
            let names: Vec<_> = unborn.iter().map(|(project, _)| *project).collect();
            let fault = without_release(&names, &wanted);
            Some(match unread.fix(first) {
                Some(fix) => fault.fix(fix),
                None => fault,
            })
        }
        None => None,
    };
    let refusal = match refusal {
        Some(fault) if projects.is_empty() => return Err(fault.into()),
        refusal => refusal,
    };
    let changelogs = changelogs(app, &tags);
    let parts = changelogs.all_rendered(asked.iter().map(|place| &since[*place]));
    let documents: Vec<_> = projects
        .iter()
        .zip(&parts)
        .map(|(project, part)| json!({ "name": project.name, "file": Changelogs::path(project), "unreleased": part }))
        .collect();
    if !arguments.write {
        let is_one = unborn.is_empty() && projects.len() == 1;
        let titled = |(project, part): (&&Project, &String)| {
            if is_one {
                part.clone()
            } else {
                format!("# {}\n\n{part}", project.package)
            }
        };
        app.ui.text(
            &projects
                .iter()
                .zip(&parts)
                .map(titled)
                .collect::<Vec<_>>()
                .join("\n\n"),
        );
        app.ui
            .document(&json!({ "schema": 1, "projects": documents }));
        return Ok(match refusal {
            Some(Fault { kind, what, fix }) => {
                app.ui.error(&what, fix.as_deref());
                kind.exit_code()
            }
            None => 0,
        });
    }
    let mut files = HashSet::new();
    for project in &projects {
        if !files.insert(Changelogs::file(&app.world, project)?) {
            let what = format!(
                "{} is the changelog of two projects, {} among them",
                Changelogs::path(project),
                project.name
            );
            return Err(Fault::usage(what)
                .fix("cargo xtask changelog PROJECT --write, for one of them")
                .into());
        }
    }
    let mut goal = Goal {
        scope: Scope::EachProject,
        ..Goal::default()
    };
    if let (Some(fault), Some((first, _))) = (refusal, unborn.first()) {
        goal.refuse(&first.name, fault.what, fault.fix.unwrap_or_default());
    }
    for place in &asked {
        changelogs.want(&mut goal, *place, &since[*place])?;
    }
    app.execute(
        goal,
        serde_json::Map::from_iter([("projects".to_owned(), json!(documents))]),
    )
}

pub fn notes(app: &App, arguments: &Notes) -> Outcome {
    let project = app.versioned_one(&arguments.project)?;
    let asked = arguments.version.as_deref().map(|text| {
        let wrong = |error: monorelease_model::version::SpellingError| {
            Fault::usage(format!("{text:?} is no version: {error}"))
                .fix(format!("cargo xtask notes {} X.Y.Z", project.name))
        };
        Version::parse_semver(text.strip_prefix('v').unwrap_or(text)).map_err(wrong)
    });
    let asked = asked.transpose()?;
    app.whole_history("which commits a release brought")?;
    let tags = tags_by_project(&app.projects.all, app.world.git.tags()?);
    let place = places(app, &[project])[0];
    let (version, tag) = match asked {
        Some(version) => {
            let tag = tags[place]
                .iter()
                .find(|tag| tag.says.candidate.is_none() && tag.says.version == version);
            (version, tag)
        }
        None => {
            let none = || {
                Fault::refused(format!("{} has no release that HEAD contains ({})", project.name, wanted(project, &tags[place]))).fix(
                    format!("git fetch --tags, or cargo xtask changelog {} --initial for what a first release would bring", project.name),
                )
            };
            let last = *since_release::contained(&app.world, &tags[place])?
                .first()
                .ok_or_else(none)?;
            (last.says.version.clone(), Some(last))
        }
    };
    let changelogs = changelogs(app, &tags);
    let text = match (changelogs.told(project, &version)?, tag) {
        (Some(told), _) => told,
        (None, Some(tag)) => {
            Changelogs::body(&changelogs.rendered(&changelogs.released(place, tag)?))
        }
        (None, None) => {
            let file = Changelogs::path(project);
            let tag = project.tags.release(&version);
            return Err(Fault::usage(format!(
                "{} has no release {}: neither {file} nor a tag {tag} tells of it",
                project.name,
                version.to_semver()
            ))
            .fix("git fetch --tags, or cargo xtask versions")
            .into());
        }
    };
    if text.trim().is_empty() {
        app.ui.note(&format!(
            "{} {} has nothing that a changelog lists",
            project.package,
            version.to_semver()
        ));
    }
    app.ui.text(&text);
    app.ui.document(&json!({ "schema": 1, "project": project.name, "version": version.to_semver(), "notes": text }));
    Ok(0)
}

pub(super) fn changelogs<'a>(app: &'a App, tags: &'a [Vec<ProjectTag>]) -> Changelogs<'a> {
    let forge = app.forge_page();
    Changelogs {
        world: &app.world,
        projects: &app.projects.all,
        tags,
        rules: &app.rules,
        forge,
    }
}

fn places(app: &App, projects: &[&Project]) -> Vec<usize> {
    let places: HashMap<_, _> = app
        .projects
        .all
        .iter()
        .enumerate()
        .map(|(place, project)| (project.name.as_str(), place))
        .collect();
    projects
        .iter()
        .map(|project| places[project.name.as_str()])
        .collect()
}

fn without_release(unborn: &[&Project], wanted: &str) -> Fault {
    let names = unborn
        .iter()
        .map(|project| project.name.as_str())
        .collect::<Vec<_>>()
        .join(", ");
    let has = if unborn.len() > 1 { "have" } else { "has" };
    let what = format!(
        "{names} {has} no release that HEAD contains ({wanted}), so nothing tells which commits are new"
    );
    Fault::refused(what)
        .fix("git fetch --tags; for a first release, the same command with --initial")
}
