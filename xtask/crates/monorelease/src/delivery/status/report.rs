//! The part of `status` about environments: what runs where, since when and by whom, what of it does not hold, and what `promote`
//! would do.
//!
//! It words a report; what is in it was found by the engine.

use serde_json::{Value, json};

use super::standing::{Came, Standing};
use super::{Asked, what_runs};
use crate::app::App;
use crate::delivery::{Bar, promote};
use crate::project::Project;
use crate::text::short;
use crate::ui;

/// So many faults of one environment are told one by one; the document has them all.
const FAULTS_SHOWN: usize = 5;

/// What the environments run of each project; nothing is asked where no pins are configured.
pub fn ask(app: &App, projects: &[&Project]) -> anyhow::Result<Vec<Vec<Standing>>> {
    if app.delivery.pins.is_empty()
        && !app
            .delivery
            .stages
            .iter()
            .any(|stage| stage.checks.deploys())
    {
        return Ok(Vec::new());
    }
    let first = |project: &Project| {
        let mut stages = app.delivery.first_stages();
        stages.any(|stage| {
            stage.checks.deploys()
                || app
                    .delivery
                    .pins_of(&project.name, &stage.name)
                    .next()
                    .is_some()
        })
    };
    let newest = |project| {
        if first(project) {
            promote::newest(app, project).map_err(|error| format!("{error:#}"))
        } else {
            Ok(None)
        }
    };
    let asked: Vec<_> = projects
        .iter()
        .map(|project| Asked {
            project,
            newest: newest(project),
        })
        .collect();
    what_runs(&app.environments(), &asked)
}

/// The table, and what a person wants to know first: what does not hold, and the line that promotes.
pub fn tell(app: &App, projects: &[&Project], running: &[Vec<Standing>]) {
    let mut rows = vec![
        [
            "project",
            "environment",
            "runs",
            "digest",
            "since",
            "by",
            "commit",
            "how",
            "passed",
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    for (project, standings) in projects.iter().zip(running) {
        rows.extend(standings.iter().map(|standing| row(project, standing)));
    }
    if rows.len() > 1 {
        app.ui.data(&ui::table(&rows));
    }
    for (project, standings) in projects.iter().zip(running) {
        standings
            .iter()
            .for_each(|standing| say(app, project, standing));
    }
    // One forge that cannot be asked is one sentence, however many projects wait for its answer.
    let mut unasked: Vec<(&str, Vec<String>)> = Vec::new();
    for (project, standing) in projects
        .iter()
        .zip(running)
        .flat_map(|(project, all)| all.iter().map(move |standing| (project, standing)))
    {
        let Some(why) = &standing.unasked else {
            continue;
        };
        let what = format!("{} in {}", project.name, standing.environment);
        match unasked.iter_mut().find(|(known, _)| known == why) {
            Some((_, of)) => of.push(what),
            None => unasked.push((why, vec![what])),
        }
    }
    for (why, of) in unasked {
        let more = of.len().saturating_sub(FAULTS_SHOWN);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let of = of
            .iter()
            .take(FAULTS_SHOWN)
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(", ");
        app.ui.warn(&format!(
            "{of}{more}: what passed, or waits for its merge, is unknown: {why}"
        ));
    }
}

fn row(project: &Project, standing: &Standing) -> Vec<String> {
    let (version, digest) = match (&standing.runs, &standing.unknown) {
        (_, Some(_)) => ("unknown".to_owned(), String::new()),
        (None, None) => ("not one release".to_owned(), String::new()),
        (Some(said), None) => (
            said.version
                .clone()
                .unwrap_or_else(|| "a digest".to_owned()),
            said.digest
                .as_ref()
                .map(|digest| digest.short().to_owned())
                .unwrap_or_default(),
        ),
    };
    let (since, by, commit, how) = match &standing.came {
        Some(Came {
            commit,
            since,
            by,
            action,
        }) => (
            since.as_str(),
            by.as_str(),
            short(commit),
            action.as_deref().unwrap_or("by hand"),
        ),
        None => ("", "", "", ""),
    };
    let passed: Vec<&str> = standing
        .checks
        .iter()
        .filter(|(_, passed)| *passed)
        .map(|(word, _)| *word)
        .collect();
    let passed = if passed.is_empty() && !standing.checks.is_empty() {
        "nothing".to_owned()
    } else {
        passed.join(", ")
    };
    [
        &project.name,
        &standing.environment,
        version.as_str(),
        &digest,
        since,
        by,
        commit,
        how,
        &passed,
    ]
    .map(|cell: &str| cell.to_owned())
    .to_vec()
}

fn say(app: &App, project: &Project, standing: &Standing) {
    let what = format!("{} in {}", project.name, standing.environment);
    if let Some(why) = &standing.unknown {
        app.ui.error(
            &format!("{what} is unknown: {why}"),
            Some("cargo xtask doctor"),
        );
    }
    for drift in standing.drift.iter().take(FAULTS_SHOWN) {
        app.ui.warn(&format!("{what}: {drift}"));
    }
    if standing.drift.len() > FAULTS_SHOWN {
        app.ui.warn(&format!(
            "{what}: and {} more (--json has them all)",
            standing.drift.len() - FAULTS_SHOWN
        ));
    }
    if let Some(why) = &standing.unchecked {
        app.ui.warn(&format!(
            "{what}: whether tags and digests hold is unknown: {why}"
        ));
    }
    for Bar {
        digest,
        version,
        since,
        why,
        by,
        ..
    } in &standing.barred
    {
        let why = if why.is_empty() {
            String::new()
        } else {
            format!(": {why}")
        };
        app.ui.note(&format!(
            "{what}: {version} ({}) is barred since {since} by {by}{why}",
            digest.short()
        ));
    }
    for pull in &standing.waits {
        app.ui.note(&format!(
            "{what}: {} waits for its merge: {}",
            pull.title, pull.page
        ));
    }
    if let Some(line) = &standing.next.line {
        app.ui
            .note(&format!("{what}: {} ({line})", standing.next.why));
    }
}

pub fn document(standing: &Standing) -> Value {
    let came =
        standing.came.as_ref().map(|came| json!({ "commit": came.commit, "since": came.since, "by": came.by, "action": came.action }));
    let bar = |bar: &Bar| json!({ "digest": bar.digest.to_string(), "version": bar.version, "since": bar.since, "by": bar.by, "why": bar.why });
    json!({
        "environment": standing.environment,
        "version": standing.runs.as_ref().and_then(|said| said.version.clone()),
        "digest": standing.runs.as_ref().and_then(|said| said.digest.as_ref().map(ToString::to_string)),
        "came": came,
        "drift": standing.drift,
        "unchecked": standing.unchecked,
        "barred": standing.barred.iter().map(bar).collect::<Vec<_>>(),
        "passed": standing.checks.iter().map(|(word, passed)| ((*word).to_owned(), Value::Bool(*passed))).collect::<serde_json::Map<_, _>>(),
        "waits": standing.waits.iter().map(|pull| json!({ "title": pull.title, "page": pull.page })).collect::<Vec<_>>(),
        "unasked": standing.unasked,
        "unknown": standing.unknown,
        "next": standing.next.line,
        "why": standing.next.why,
    })
}
