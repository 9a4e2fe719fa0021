//! `check argocd`: which of our tags the cluster's Image Updater would take, and the traps on the way.

use serde_json::{Value, json};

use super::check::{Row, Told};
use super::updater::Pick;
use crate::app::{App, Outcome};
use crate::fault::{Fault, FaultKind};
use crate::ui;

pub fn run(app: &App) -> Outcome {
    let applications = app.argocd.as_ref().ok_or_else(|| {
        Fault::usage("no manifests of Argo CD are configured")
            .fix("add [argocd] with applications = [\"argocd/*.yaml\"]")
    })?;
    let found = app
        .environments()
        .check_updaters(&app.projects.all, applications)?;
    if found.files == 0 {
        return Err(
            Fault::failed(format!("no file fits {}", applications.files.join(", ")))
                .fix("git add the files, or edit [argocd] applications")
                .into(),
        );
    }
    if found.rows.is_empty() && found.told.iter().all(|told| !told.is_trap) {
        let what = format!(
            "no updater in {} files follows an image of ours ({} others), so there is nothing to check",
            found.files, found.others
        );
        return Err(Fault::failed(what)
            .fix("cargo xtask versions, then compare images.repository with the image-list of the applications")
            .into());
    }
    let mut rows = vec![
        [
            "place",
            "application",
            "project",
            "strategy",
            "takes now",
            "version",
            "takes after its release",
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    rows.extend(found.rows.iter().map(row));
    app.ui.data(&ui::table(&rows));
    for Told {
        place,
        what,
        is_trap,
    } in &found.told
    {
        match is_trap {
            true => app.ui.error(&format!("{place}: {what}"), None),
            false => app.ui.note(&format!("{place}: {what}")),
        }
    }
    let traps = found.told.iter().filter(|told| told.is_trap).count();
    let looked = format!(
        "{} images of ours and {} others in {} files",
        found.rows.len(),
        found.others,
        found.files
    );
    match traps {
        0 => app.ui.status("Finished", &format!("no trap in {looked}")),
        _ => app
            .ui
            .status("Failed", &format!("{traps} traps in {looked}")),
    }
    let told: Vec<_> = found
        .told
        .iter()
        .map(|told| json!({ "place": told.place, "what": told.what, "trap": told.is_trap }))
        .collect();
    let images: Vec<_> = found.rows.iter().map(document).collect();
    app.ui.document(&json!({ "schema": 1, "files": found.files, "others": found.others, "images": images, "told": told }));
    Ok(if traps == 0 {
        0
    } else {
        FaultKind::Failed.exit_code()
    })
}

fn row(row: &Row) -> Vec<String> {
    let shown = |pick: &Pick| match pick {
        Pick::Tag(tag) => tag.clone(),
        Pick::Nothing => "nothing".to_owned(),
        Pick::Unknown(_) => "unknown".to_owned(),
    };
    let version = row.version.clone().unwrap_or_default();
    vec![
        row.place.clone(),
        row.application.clone(),
        row.project.clone(),
        row.strategy.to_owned(),
        shown(&row.now),
        version,
        shown(&row.after),
    ]
}

fn document(row: &Row) -> Value {
    let tag = |pick: &Pick| {
        if let Pick::Tag(tag) = pick {
            Some(tag.clone())
        } else {
            None
        }
    };
    let unknown = |pick: &Pick| {
        if let Pick::Unknown(why) = pick {
            Some(why.clone())
        } else {
            None
        }
    };
    json!({
        "place": row.place,
        "application": row.application,
        "project": row.project,
        "strategy": row.strategy,
        "now": tag(&row.now),
        "version": row.version,
        "after": tag(&row.after),
        "unknown": unknown(&row.now).or_else(|| unknown(&row.after)),
    })
}
