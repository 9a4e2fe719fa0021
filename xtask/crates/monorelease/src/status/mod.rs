//! `status`: what is released, what each tag has, and what is half done, with the command that finishes it.
//!
//! A report: it always exits 0, and shows as unknown what cannot be read.

pub mod progress;
mod read;

use serde_json::{Value, json};

use crate::app::{App, Outcome};
use crate::delivery::status::report;
use crate::project::Project;
use crate::step::plan::Verdict;
use crate::{cli, ui};
use progress::Progress;
use read::{Build, Held, Name, Status};

/// Older releases than so many are counted in the table, and listed in the document.
const RELEASES_SHOWN: usize = 3;

pub fn run(app: &App, arguments: &cli::Status) -> Outcome {
    // What has no versions has no releases, and runs somewhere all the same.
    let (unversioned, mut projects): (Vec<&Project>, Vec<&Project>) = app
        .selected(&arguments.projects)?
        .into_iter()
        .partition(|project| project.sites.is_empty());
    let all = read::of(&app.world, &app.projects, &projects, app.remote())?;
    projects.extend(unversioned);
    let mut rows = vec![
        ["project", "version", "what", "is", "holds"]
            .map(str::to_owned)
            .to_vec(),
    ];
    all.iter().for_each(|status| rows.extend(rows_of(status)));
    if rows.len() > 1 {
        app.ui.data(&ui::table(&rows));
    }
    for status in &all {
        tell(app, status);
    }
    let running = report::ask(app, &projects)?;
    report::tell(app, &projects, &running);
    let mut documents: Vec<_> = all.iter().map(document).collect();
    documents.extend(
        projects
            .iter()
            .skip(all.len())
            .map(|project| json!({ "project": project.name, "version": null })),
    );
    for (document, running) in documents
        .iter_mut()
        .zip(&running)
        .filter(|(_, running)| !running.is_empty())
    {
        document["environments"] = running.iter().map(report::document).collect();
    }
    app.ui
        .document(&json!({ "schema": 1, "projects": documents }));
    Ok(0)
}

fn rows_of(status: &Status) -> Vec<Vec<String>> {
    let version = status.version.as_deref().unwrap_or("?");
    let row = |version: &str, what: &str, is: &str, holds: &str| {
        [&status.project, version, what, is, holds]
            .map(|cell: &str| cell.to_owned())
            .to_vec()
    };
    let steps = format!(
        "{} of {} steps are done",
        status.plan.count(Verdict::is_done),
        status.plan.steps.len()
    );
    let steps = if status.plan.steps.is_empty() {
        ""
    } else {
        &steps
    };
    let mut rows = vec![row(version, "release", status.progress.word(), steps)];
    if let Some(candidate) = &status.candidate {
        let is = match &candidate.build {
            Build::Usable(_) => "tested",
            Build::None => "not built",
            Build::Unread => "unknown",
        };
        // A project without an image is released by its tag alone: nothing of it is built for a registry.
        let is = if status.names.len() > 1 { is } else { "tagged" };
        rows.push(row(
            version,
            &candidate.tag.name,
            is,
            candidate.build_id().unwrap_or(&candidate.tag.commit),
        ));
    }
    let mut told = "";
    for name in &status.names {
        let (is, mut holds) = words(&name.holds);
        if is == "unknown" {
            // A registry that is away says the same of every name: its reason stands once, the names stand in their column.
            let why = holds
                .split_once(&format!("{}: ", name.name))
                .map_or(holds, |(_, why)| why);
            holds = if why == told { "likewise" } else { why };
            told = why;
        }
        rows.push(row(&name.version, &name.name, is, holds));
    }
    let shown = status
        .releases
        .iter()
        .take(RELEASES_SHOWN)
        .map(|released| released.version.to_semver())
        .collect::<Vec<_>>()
        .join(", ");
    let more = status.releases.len().saturating_sub(RELEASES_SHOWN);
    let releases = if more > 0 {
        format!("{shown} and {more} more")
    } else {
        shown
    };
    rows.push(row(
        "",
        "releases",
        &status.releases.len().to_string(),
        &releases,
    ));
    rows
}

fn words(held: &Held) -> (&'static str, &str) {
    match held {
        Held::Nothing => ("absent", ""),
        Held::This(what) => ("there", what),
        Held::Unknown(why) => ("unknown", why),
    }
}

/// What a person wants to know first: what is not as it should be, and the line that changes it.
fn tell(app: &App, status: &Status) {
    let name = &status.project;
    let version = status.version.as_deref().unwrap_or("?");
    if let Some(unfinished) = &status.unfinished {
        app.ui.error(
            &format!(
                "{name} {} is half done: it lacks {}",
                unfinished.version,
                unfinished.lacks.join(", ")
            ),
            Some(&unfinished.fix),
        );
    }
    let why: String = status
        .plan
        .refused
        .iter()
        .map(|refusal| format!("\n{}", refusal.what))
        .collect();
    match status.progress {
        Progress::Released => {}
        Progress::HalfDone => {
            let open = status
                .plan
                .steps
                .iter()
                .filter(|planned| planned.verdict == Verdict::Todo);
            let open = open
                .map(|planned| planned.draft.step.what())
                .collect::<Vec<_>>()
                .join(", ");
            app.ui.error(
                &format!("{name} {version} is half done: it lacks {open}{why}"),
                status.next.as_deref(),
            );
        }
        Progress::Refused | Progress::Unknown => {
            app.ui.error(
                &format!("{name} {version}: {}{why}", status.progress.word()),
                status.next.as_deref(),
            );
        }
        Progress::Ready | Progress::NoCandidate => {
            let next = status
                .next
                .as_deref()
                .map(|next| format!(" ({next})"))
                .unwrap_or_default();
            app.ui.note(&format!(
                "{name} {version}: {}{next}",
                status.progress.word()
            ));
        }
    }
}

fn document(status: &Status) -> Value {
    let releases: Vec<_> = status
        .releases
        .iter()
        .map(|released| json!({ "version": released.version.to_semver(), "tag": released.tag, "commit": released.commit }))
        .collect();
    let names: Vec<_> = status.names.iter().map(name_document).collect();
    let mut plan = status.plan.to_json();
    let candidate = status
        .candidate
        .as_ref()
        .map(|candidate| json!({ "tag": candidate.tag.name, "commit": candidate.tag.commit, "build_id": candidate.build_id() }));
    let unfinished = status
        .unfinished
        .as_ref()
        .map(|unfinished| json!({ "version": unfinished.version, "lacks": unfinished.lacks, "next": unfinished.fix }));
    json!({
        "name": status.project,
        "package": status.package,
        "version": status.version,
        "progress": status.progress.word(),
        "next": status.next,
        "candidate": candidate,
        "releases": releases,
        "names": names,
        "unfinished": unfinished,
        "steps": plan.remove("steps"),
        "refused": plan.remove("refused"),
    })
}

fn name_document(name: &Name) -> Value {
    let (is, holds) = words(&name.holds);
    json!({ "version": name.version, "name": name.name, "is": is, "holds": holds })
}
