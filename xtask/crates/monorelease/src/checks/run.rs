//! Quality gates as data: a name, the commands that decide it, and what to do when they say no.
//!
//! Which gates there are follows from the tree: Cargo's where there is a workspace, Python's where a project has a pyproject.toml.

use anyhow::Context;
use monorelease_process::Call;
use serde_json::{Value, json};

use crate::app::App;
use crate::fault::{Fault, FaultKind};
use crate::project::Project;
use crate::step::plan::Verdict;
use crate::tools;
use crate::world::{environment, files};

/// A gate over one subject.
pub struct Gate {
    pub name: &'static str,
    /// What it is run on, for the report.
    pub subject: String,
    /// In order; the first that fails is the verdict.
    pub calls: Vec<Call>,
    pub fix: String,
}

/// A gate that this machine cannot run, and why.
pub struct Skipped {
    pub what: String,
    pub why: String,
}

/// Runs every gate, also after one failed, and gives how many did.
pub fn run_all(app: &App, gates: Vec<Gate>, skipped: &[Skipped]) -> u8 {
    let mut passed = 0;
    let mut failed = Vec::new();
    let mut steps = Vec::new();
    for gate in gates {
        let title = format!("{} {}", gate.name, gate.subject);
        app.ui.status("Checking", &title);
        for call in &gate.calls {
            app.ui.status("", &call.line());
        }
        if app.global.dry_run {
            steps.push(step(&title, Verdict::Todo, ""));
            continue;
        }
        app.ui.open_section(&title);
        let outcome = gate
            .calls
            .iter()
            .try_for_each(|call| app.world.runner.stream(call));
        app.ui.close_section();
        match outcome {
            Ok(()) => {
                passed += 1;
                steps.push(step(&title, Verdict::Acted, ""));
            }
            Err(error) => {
                let first = error
                    .to_string()
                    .lines()
                    .next()
                    .unwrap_or_default()
                    .to_owned();
                app.ui.error(&format!("{title}: {first}"), Some(&gate.fix));
                steps.push(step(&title, Verdict::Failed, &first));
                failed.push(json!({ "gate": gate.name, "subject": gate.subject, "fix": gate.fix }));
            }
        }
    }
    for gate in skipped {
        app.ui.warn(&format!("skipped {}: {}", gate.what, gate.why));
        steps.push(step(&gate.what, Verdict::Skipped, &gate.why));
    }
    let words = format!(
        "{passed} passed, {} failed, {} skipped",
        failed.len(),
        skipped.len()
    );
    // A check of nothing is not a pass (law 15).
    let is_nothing = !app.global.dry_run && passed == 0 && failed.is_empty();
    if is_nothing {
        app.ui.error("no check was run", Some("cargo xtask check"));
    }
    match (app.global.dry_run, failed.is_empty() && !is_nothing) {
        (true, _) => app.ui.status("Planned", "nothing was run"),
        (false, true) => app.ui.status("Finished", &words),
        (false, false) => app.ui.status("Failed", &words),
    }
    let skipped: Vec<_> = skipped.iter().map(|gate| &gate.what).collect();
    app.ui.document(&json!({ "schema": 1, "steps": steps, "refused": [], "passed": passed, "failed": failed, "skipped": skipped }));
    if failed.is_empty() && !is_nothing {
        0
    } else {
        FaultKind::Failed.exit_code()
    }
}

/// A gate as a plan's document has steps (DESIGN section 5).
fn step(what: &str, verdict: Verdict, evidence: &str) -> Value {
    json!({
        "id": format!("gate:{what}"),
        "project": "",
        "kind": "gate",
        "what": what,
        "why": "what a change must satisfy before it is merged",
        "verdict": verdict.word(),
        "evidence": evidence,
    })
}

/// Whether the root is a Cargo workspace.
pub fn has_cargo(app: &App) -> bool {
    files::exists(&app.world.path("Cargo.toml"))
}

/// Projects with a pyproject.toml.
pub fn python_projects(app: &App) -> impl Iterator<Item = &Project> {
    app.projects
        .all
        .iter()
        .filter(|project| files::exists(&app.world.path(&project.path).join("pyproject.toml")))
}

/// Cargo at the root.
pub fn cargo(app: &App, arguments: &[&str]) -> Call {
    Call::new("cargo").args(arguments).folder(&app.world.root)
}

/// A line for people that begins in the project's folder.
pub fn in_folder(project: &Project, line: &str) -> String {
    if project.path.is_empty() {
        line.to_owned()
    } else {
        format!("cd {} && {line}", project.path)
    }
}

/// The line that mends what uv runs of a project's lock: where that is missing, or does not have the tool, no other line would.
pub fn locked_fix(app: &App, project: &Project, tool: &str, fix: &str) -> String {
    let folder = app.world.path(&project.path);
    let locks = folder
        .ancestors()
        .take_while(|above| above.starts_with(&app.world.root))
        .map(|above| above.join("uv.lock"));
    match locks.filter_map(|lock| files::read_lossily(&lock)).next() {
        None => in_folder(project, "uv lock, then commit uv.lock"),
        Some(lock) if !lock.contains(&format!("name = \"{tool}\"")) => in_folder(
            project,
            &format!("uv add --dev {tool}, then commit pyproject.toml and uv.lock"),
        ),
        Some(_) => in_folder(project, fix),
    }
}

/// uv in a project's folder; fetched when it is absent.
pub fn uv(app: &App, project: &Project, arguments: &[&str]) -> anyhow::Result<Call> {
    // A dry run fetches nothing; what it shows is the line alone.
    let uv = if app.global.dry_run {
        tools::UV.name.into()
    } else {
        tools::provide(&app.world, tools::UV).context("Python gates want uv")?
    };
    // A virtual environment that happens to be active is not the project's.
    Ok(Call::new(uv)
        .args(arguments)
        .folder(&app.world.path(&project.path))
        .without("VIRTUAL_ENV"))
}

/// This very program, on the same repository.
pub fn this_program(app: &App, arguments: &[&str]) -> anyhow::Result<Call> {
    let call = Call::new(environment::this_program()?)
        .args(arguments)
        .arg("--repo")
        .arg(&app.world.root);
    Ok(call.arg("--config").arg(&app.config_path))
}

/// A missing tool: an error where tools are required, else a reason to skip.
pub fn missing(app: &App, what: &str, tool: tools::Tool) -> Result<Skipped, Fault> {
    if app.world.environment.require_tools {
        return Err(Fault::failed(format!(
            "{what} wants {}, which is not on the PATH, and XTASK_REQUIRE_TOOLS is set",
            tool.name
        ))
        .fix(tool.how_to_get));
    }
    Ok(Skipped {
        what: what.into(),
        why: format!("{} is not on the PATH ({})", tool.name, tool.how_to_get),
    })
}
