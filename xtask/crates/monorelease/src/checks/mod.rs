//! `check`: what a change must satisfy before it is merged; the same checks in CI and on a laptop.

mod run;
pub mod test;

use monorelease_process::Call;

use crate::app::{App, Outcome};
use crate::cli::Check;
use crate::config::suggestion;
use crate::fault::Fault;
use crate::world::files;
use crate::{commits, tools};
use run::{
    Gate, Skipped, cargo, has_cargo, in_folder, locked_fix, missing, python_projects, run_all,
    this_program, uv,
};

/// Every gate there is, cheap ones first.
const NAMES: [&str; 7] = [
    "versions",
    "locks",
    "fmt",
    "lint",
    "types",
    "workflows",
    "tests",
];

pub fn run(app: &App, arguments: &Check) -> Outcome {
    if let Some(words) = &arguments.words {
        return commits::command::run(app, words);
    }
    for name in &arguments.names {
        if !NAMES.contains(&name.as_str()) {
            let guess = suggestion(name, NAMES.into_iter());
            return Err(Fault::usage(format!(
                "no gate is called `{name}`{guess} (gates: {})",
                NAMES.join(", ")
            ))
            .fix("cargo xtask check")
            .into());
        }
    }
    let mut gates = Vec::new();
    let mut skipped = Vec::new();
    for name in NAMES.into_iter().filter(|name| {
        arguments.names.is_empty() || arguments.names.iter().any(|wanted| wanted == name)
    }) {
        match name {
            "versions" => gates.push(versions(app)?),
            "workflows" => workflows(app, &mut gates, &mut skipped)?,
            "tests" => test::collect(app, &mut gates)?,
            _ => languages(app, name, &mut gates)?,
        }
    }
    Ok(run_all(app, gates, &skipped))
}

/// This program's own check, run as a user would run it.
fn versions(app: &App) -> anyhow::Result<Gate> {
    let call = this_program(app, &["versions", "--check"])?;
    Ok(Gate {
        name: "versions",
        subject: "of every project".into(),
        calls: vec![call],
        fix: "cargo xtask versions --fix, or what it says of the tag".into(),
    })
}

/// The gates that each language has a command for.
fn languages(app: &App, name: &str, gates: &mut Vec<Gate>) -> anyhow::Result<()> {
    let rust: &[(&'static str, &[&str], &str)] = &[
        (
            "locks",
            &["tree", "--workspace", "--locked", "--quiet", "--depth", "0"],
            "cargo update --workspace, then commit Cargo.lock",
        ),
        ("fmt", &["fmt", "--all", "--check"], "cargo fmt --all"),
        (
            "lint",
            &[
                "clippy",
                "--workspace",
                "--all-targets",
                "--locked",
                "--quiet",
                "--",
                "--deny",
                "warnings",
            ],
            "cargo clippy --workspace --all-targets --fix",
        ),
    ];
    let python: &[(&'static str, &[&str], &str)] = &[
        (
            "locks",
            &["lock", "--check"],
            "uv lock, then commit uv.lock",
        ),
        (
            "fmt",
            &["run", "--locked", "ruff", "format", "--check", "."],
            "uv run ruff format .",
        ),
        (
            "lint",
            &["run", "--locked", "ruff", "check", "."],
            "uv run ruff check --fix .",
        ),
        (
            "types",
            &["run", "--locked", "mypy"],
            "mend the types that mypy names",
        ),
    ];
    for (gate, arguments, fix) in rust
        .iter()
        .filter(|(gate, ..)| *gate == name && has_cargo(app))
    {
        gates.push(Gate {
            name: gate,
            subject: "of the Cargo workspace".into(),
            calls: vec![cargo(app, arguments)],
            fix: (*fix).into(),
        });
    }
    for project in python_projects(app) {
        for (gate, arguments, fix) in python.iter().filter(|(gate, ..)| *gate == name) {
            gates.push(Gate {
                name: gate,
                subject: format!("of {}", project.name),
                calls: vec![uv(app, project, arguments)?],
                // Behind `uv run --locked` stands the tool.
                fix: arguments.get(2).map_or_else(
                    || in_folder(project, fix),
                    |tool| locked_fix(app, project, tool, fix),
                ),
            });
        }
    }
    Ok(())
}

fn workflows(app: &App, gates: &mut Vec<Gate>, skipped: &mut Vec<Skipped>) -> anyhow::Result<()> {
    let folder = app.world.path(".github/workflows");
    let names: Vec<_> = files::names_in(&folder)?
        .into_iter()
        .filter(|name| name.ends_with(".yml") || name.ends_with(".yaml"))
        .collect();
    if names.is_empty() {
        return Ok(());
    }
    match tools::find(tools::ACTIONLINT) {
        Some(program) => {
            let call = Call::new(program).folder(&app.world.root);
            gates.push(Gate {
                name: "workflows",
                subject: "by actionlint".into(),
                calls: vec![call],
                fix: "mend the lines that actionlint names".into(),
            });
        }
        None => skipped.push(missing(app, "workflows by actionlint", tools::ACTIONLINT)?),
    }
    let zizmor = if app.global.dry_run {
        tools::ZIZMOR.name.into()
    } else {
        tools::provide(&app.world, tools::ZIZMOR)?
    };
    let call = Call::new(zizmor)
        .args([
            "--offline",
            "--no-progress",
            "--quiet",
            "--persona",
            "auditor",
            ".github",
        ])
        .folder(&app.world.root);
    gates.push(Gate {
        name: "workflows",
        subject: "by zizmor".into(),
        calls: vec![call],
        fix: "mend the lines that zizmor names".into(),
    });
    Ok(())
}
