//! `verify`: checks a published release. Tag, digests, labels, signatures and attestations must agree; a table, and 1 on any ✗ or ?.

mod bundle;
mod github;
mod package;
mod rows;

use monorelease_model::version::Version;
use serde_json::json;

use crate::app::{App, Outcome};
use crate::cli::Verify;
use crate::commits::ownership::tags_by_project;
use crate::commits::since_release;
use crate::fault::Fault;
use crate::project::Project;
use crate::release::github::gather;
use crate::release::observe;
use crate::tag::plan::RemoteTags;
use crate::trust::Policy;
use crate::{trust, ui};
use github::Published;
use rows::{Look, Row};

/// How many releases are named to somebody who asked for one that is not there.
const SHOWN_RELEASES: usize = 8;

pub fn run(app: &App, arguments: &Verify) -> Outcome {
    let project = app.versioned_one(&arguments.project)?;
    let version = version(app, project, arguments.version.as_deref())?;
    let policy = policy(app, project)?;
    let tags = observe::tags(&app.world, &app.projects, app.remote())?;
    app.ui.status(
        "Verifying",
        &format!("{} {}", project.package, version.to_semver()),
    );
    let source = app.forge_page().unwrap_or_default();
    let forge = app
        .config
        .repository
        .github
        .as_deref()
        .filter(|_| gather::is_meant(app));
    let projects = &app.projects;
    let policy = policy.as_ref();
    let release = rows::Release {
        project,
        projects,
        version: &version,
        tags: &tags,
        policy,
        source: &source,
        forge,
    };
    let mut rows = rows::look(&app.world, &release)?;
    if let Some(repository) = forge {
        rows.extend(github::look(
            &app.world,
            &Published {
                repository,
                project,
                version: &version,
                tags: &tags,
            },
        ));
    }
    let mut notes = left_out(app, project);
    let never_was = never_was(&release, &rows);
    match &never_was {
        // Rows that all say the same would bury it.
        Some((what, _)) => notes.insert(0, what.clone()),
        None => {
            app.ui.data(&table(&rows));
            notes.iter().for_each(|note| app.ui.note(note));
        }
    }
    let count = |is_meant: fn(&Look) -> bool| rows.iter().filter(|row| is_meant(&row.look)).count();
    let bad = count(|look| matches!(look, Look::Bad(_)));
    let unread = count(|look| matches!(look, Look::Unread(_)));
    let said = [(bad, "do not agree"), (unread, "could not be verified")]
        .into_iter()
        .filter(|(count, _)| *count > 0);
    let said: Vec<_> = said
        .map(|(count, words)| format!("{count} of {} {words}", rows.len()))
        .collect();
    match (said.as_slice(), &never_was) {
        (_, Some((what, fix))) => app.ui.error(what, Some(fix)),
        ([], None) => app.ui.status(
            "Verified",
            &agreed(count(|look| matches!(look, Look::Good(_))), rows.len()),
        ),
        (said, None) => app
            .ui
            .error(&said.join(", "), Some(&fix(app, &release, bad > 0)?)),
    }
    app.ui.document(&json!({
        "schema": 1,
        "project": project.name,
        "version": version.to_semver(),
        "ok": said.is_empty(),
        "rows": rows.iter().map(document).collect::<Vec<_>>(),
        "notes": notes,
    }));
    Ok(u8::from(!said.is_empty()))
}

/// What is said where nothing speaks against the release: a row that was not asked, for want of a place to look, does not speak for it.
fn agreed(good: usize, all: usize) -> String {
    let rest = if good < all {
        format!("; {} could not be asked, and prove nothing", all - good)
    } else {
        String::new()
    };
    format!("{good} of {all} agree{rest}")
}

/// That there is no such release, and which there are: it has no tag anywhere, and nothing of it was found. What is half there, or
/// could not be read, is told row by row.
fn never_was(release: &rows::Release<'_>, rows: &[Row]) -> Option<(String, String)> {
    let rows::Release {
        project,
        version,
        tags,
        ..
    } = *release;
    let tag = project.tags.release(version);
    let is_absent = tags.commit_of(&tag) == Ok(None)
        && rows
            .iter()
            .all(|row| matches!(row.look, Look::Bad(_) | Look::NotAsked(_)));
    let place = match &tags.remote {
        RemoteTags::Known { remote, .. } => format!("here or at {remote}"),
        RemoteTags::None => "in this clone".to_owned(),
        RemoteTags::Unknown { .. } => return None,
    };
    is_absent.then(|| {
        let name = &project.name;
        let releases = tags.releases(project);
        let newest: Vec<_> = releases
            .iter()
            .rev()
            .take(SHOWN_RELEASES)
            .map(Version::to_semver)
            .collect();
        let more = if releases.len() > newest.len() {
            format!(" and {} more", releases.len() - newest.len())
        } else {
            String::new()
        };
        let there = if newest.is_empty() {
            "it has none yet".to_owned()
        } else {
            format!("there are {}{more}", newest.join(", "))
        };
        let what = format!(
            "there is no release {} {}: no tag {tag} {place}, and nothing else of it; {there}",
            project.package,
            version.to_semver()
        );
        let fix = newest.first().map_or_else(
            || format!("cargo xtask release {name}"),
            |newest| format!("cargo xtask verify {name} {newest}"),
        );
        (what, fix)
    })
}

/// The line that goes on: only a release that has its tag can be finished, at the tag's own commit.
fn fix(app: &App, release: &rows::Release<'_>, is_bad: bool) -> anyhow::Result<String> {
    let name = &release.project.name;
    if !is_bad {
        return Ok("cargo xtask doctor".to_owned());
    }
    let tag = release.project.tags.release(release.version);
    let Ok(Some(commit)) = release.tags.commit_of(&tag) else {
        return Ok(format!(
            "cargo xtask status {name}, which tells the releases there are, and what is half done"
        ));
    };
    let there = if observe::head(&app.world)?.commit == commit {
        String::new()
    } else {
        format!("git checkout {tag} && ")
    };
    Ok(format!(
        "{there}cargo xtask release {name}, which attaches what is missing and says what it may not mend"
    ))
}

/// The version asked for, or the last release that HEAD contains.
fn version(app: &App, project: &Project, asked: Option<&str>) -> anyhow::Result<Version> {
    if let Some(text) = asked {
        return Version::parse_semver(text.strip_prefix('v').unwrap_or(text)).map_err(|error| {
            Fault::usage(format!("{text:?} is no version: {error}"))
                .fix(format!("cargo xtask verify {} X.Y.Z", project.name))
                .into()
        });
    }
    let tags = tags_by_project(&app.projects.all, app.world.git.tags()?);
    let place = app
        .projects
        .all
        .iter()
        .position(|other| other.name == project.name)
        .unwrap_or_default();
    let last = since_release::contained(&app.world, &tags[place])?
        .first()
        .map(|tag| tag.says.version.clone());
    let none = || {
        let what = format!(
            "{} has no release that HEAD contains (wanted a tag {})",
            project.name,
            project.tags.form()
        );
        Fault::refused(what)
            .fix(format!(
                "git fetch --tags, or cargo xtask verify {} X.Y.Z",
                project.name
            ))
            .into()
    };
    last.ok_or_else(none)
}

/// Whose word counts, where anything is to be attached; without the means to tell, nothing can be verified.
fn policy(app: &App, project: &Project) -> anyhow::Result<Option<Policy>> {
    let (Some(wanted), true) = (
        &app.trust,
        project.image.is_some() || project.package_index.is_some(),
    ) else {
        return Ok(None);
    };
    let refused =
        |obstacle: trust::policy::Obstacle| Fault::refused(obstacle.what).fix(obstacle.fix);
    Ok(Some(
        trust::policy::policy(&app.world, wanted)?.map_err(refused)?,
    ))
}

/// What is not looked at, and why.
fn left_out(app: &App, project: &Project) -> Vec<String> {
    let name = &project.name;
    let image = (project.image.is_none() && project.package_index.is_none()).then(|| {
        format!("{name}: no image is configured, so the git tag is all there is to look at")
    });
    let trust = ((project.image.is_some() || project.package_index.is_some())
        && app.trust.is_none())
    .then(|| {
        format!("{name}: no [trust] is configured, so no signatures and statements are looked for")
    });
    let forge = app
        .config
        .repository
        .github
        .as_ref()
        .filter(|_| !gather::is_meant(app))
        .map(|github| format!("{name}: neither GITHUB_TOKEN nor GITHUB_API_URL is set, so the release at {github} is not looked at"));
    image.into_iter().chain(trust).chain(forge).collect()
}

fn table(rows: &[Row]) -> String {
    let line = |row: &Row| {
        let (mark, found) = match &row.look {
            Look::Good(found) => ("✓", found),
            Look::Bad(found) => ("✗", found),
            Look::Unread(why) => ("?", why),
            Look::NotAsked(why) => ("–", why),
        };
        vec![
            mark.to_owned(),
            row.subject.clone(),
            row.check.clone(),
            found.lines().collect::<Vec<_>>().join(" "),
        ]
    };
    ui::table(&rows.iter().map(line).collect::<Vec<_>>())
}

/// `ok` is null for what was not asked.
fn document(row: &Row) -> serde_json::Value {
    let (ok, found) = match &row.look {
        Look::Good(found) => (Some(true), found),
        Look::Bad(found) => (Some(false), found),
        Look::Unread(why) | Look::NotAsked(why) => (None, why),
    };
    json!({ "subject": row.subject, "check": row.check, "ok": ok, "found": found })
}
