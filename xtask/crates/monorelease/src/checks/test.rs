//! `test`: every test of the workspace, with uv and maturin fetched when they are absent.

use monorelease_process::Call;

use super::run::{
    Gate, cargo, has_cargo, in_folder, locked_fix, python_projects, run_all, this_program, uv,
};
use crate::app::{App, Outcome};
use crate::build::plan::{Source, distribution};
use crate::build::step::DistributionKind;
use crate::fault::Fault;
use crate::project::Project;
use crate::versions;

pub fn run(app: &App) -> Outcome {
    let mut gates = Vec::new();
    collect(app, &mut gates)?;
    if gates.is_empty() {
        return Err(Fault::failed("there is nothing to test: no Cargo.toml at the root, and no project has a pyproject.toml")
            .fix("cargo xtask versions")
            .into());
    }
    Ok(run_all(app, gates, &[]))
}

/// Each Python project's tests, a wheel's against the wheel as users install it, a service's in its own environment; then Rust's.
///
/// The long one comes last: a wheel is named by the state of the tree, which people go on editing meanwhile.
pub fn collect(app: &App, gates: &mut Vec<Gate>) -> anyhow::Result<()> {
    for project in python_projects(app) {
        let lines = "the lines above";
        let (calls, fix) = match project.wheel_targets.is_empty() {
            true => (
                vec![uv(app, project, &["run", "--locked", "pytest"])?],
                locked_fix(app, project, "pytest", lines),
            ),
            false => (wheel_tests(app, project)?, in_folder(project, lines)),
        };
        gates.push(Gate {
            name: "tests",
            subject: format!("of {} in Python", project.name),
            calls,
            fix,
        });
    }
    if has_cargo(app) {
        // A test that is skipped passes; what it says of the reason is shown.
        let calls = vec![cargo(
            app,
            &[
                "test",
                "--workspace",
                "--locked",
                "--no-fail-fast",
                "--",
                "--show-output",
            ],
        )];
        gates.push(Gate {
            name: "tests",
            subject: "of the Cargo workspace".into(),
            calls,
            fix: "cargo test --workspace".into(),
        });
    }
    Ok(())
}

/// Builds the wheel, installs it into a fresh environment, and runs the project's Python tests there.
fn wheel_tests(app: &App, project: &Project) -> anyhow::Result<Vec<Call>> {
    let world = &app.world;
    let readings = versions::read::of_work_tree(world, project)?;
    let source = Source {
        version: readings.canonical().to_semver(),
        revision: world.git.work_tree_revision()?,
        epoch: 0,
    };
    let wheels = world
        .path(&distribution(project, &source, DistributionKind::Wheel { target: None }).folder);
    let environment = world.scratch("venv").join(&project.package);
    let install = |arguments: &[&str]| -> anyhow::Result<Call> {
        Ok(uv(app, project, &["pip", "install", "--quiet"])?
            .args(arguments)
            .variable("VIRTUAL_ENV", environment.as_os_str()))
    };
    Ok(vec![
        this_program(app, &["build", &project.name])?,
        uv(app, project, &["venv", "--quiet", "--clear"])?.arg(&environment),
        install(&["--group", "dev"])?,
        install(&["--no-index", "--no-deps", &project.package, "--find-links"])?.arg(&wheels),
        Call::new(environment.join("bin").join("python"))
            .args(["-m", "pytest"])
            .folder(&world.path(&project.path)),
    ])
}
