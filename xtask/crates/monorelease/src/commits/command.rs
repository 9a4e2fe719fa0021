//! `check commits` and `check title`: the words that versions and changelogs are made of, before they are merged.

use serde_json::{Value, json};

use super::check::{Gate, WrongWords};
use super::shown;
use crate::app::{App, Outcome};
use crate::cli::CheckWords;
use crate::text::short;

pub fn run(app: &App, words: &CheckWords) -> Outcome {
    let gate = Gate::new(&app.rules, &app.projects.all);
    let mut faults: Vec<Value> = Vec::new();
    let checked = match words {
        CheckWords::Argocd => return crate::argocd::command::run(app),
        CheckWords::Pins => return crate::delivery::check_pins::run(app),
        CheckWords::Title { title } => {
            faults.extend(
                gate.title(title)
                    .map(|wrong| report(app, None, title, &wrong)),
            );
            "1 title".to_owned()
        }
        CheckWords::Commits { range } => {
            app.whole_history("which commits the range has")?;
            let commits = app.world.git.range(range)?;
            let own: Vec<_> = commits.iter().filter(|commit| !commit.is_merge).collect();
            for commit in &own {
                let title = commit
                    .message
                    .lines()
                    .find(|line| !line.trim().is_empty())
                    .unwrap_or_default();
                faults.extend(
                    gate.message(&commit.message)
                        .iter()
                        .map(|wrong| report(app, Some(&commit.id), title, wrong)),
                );
            }
            format!(
                "{} of {range}",
                if own.len() == 1 {
                    "1 commit".to_owned()
                } else {
                    format!("{} commits", own.len())
                }
            )
        }
    };
    let end = if faults.is_empty() {
        "conventional"
    } else {
        "not all conventional"
    };
    app.ui.status("Checked", &format!("{checked}: {end}"));
    app.ui.document(&json!({ "schema": 1, "faults": faults }));
    Ok(u8::from(!faults.is_empty()))
}

/// Tells a fault, whose words come from outside: quoted, so that they are one line and no command of a CI.
fn report(app: &App, commit: Option<&str>, title: &str, wrong: &WrongWords) -> Value {
    let whose = commit
        .map(|id| format!("{} ", short(id)))
        .unwrap_or_default();
    app.ui.error(
        &format!("{whose}{:?} {}", shown(title), wrong.what),
        Some(&format!("{:?}", shown(&wrong.corrected))),
    );
    json!({ "commit": commit, "title": title, "what": wrong.what, "corrected": wrong.corrected })
}
