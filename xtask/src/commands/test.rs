//! `test`: every test of the workspace, with uv and maturin fetched when they are absent.

use super::gates::{Gate, cargo, has_cargo, python_projects, run_all, uv};
use super::{Outcome, Session};
use crate::engine::{observe, versions};
use crate::model::fault::Fault;
use crate::model::project::Project;
use crate::model::step::{DistributionKind, Goal, Step, Verdict};
use crate::plan::build::{Source, distribution};
use crate::world::files;
use crate::world::process::Call;

pub fn run(session: &Session) -> Outcome {
    let mut gates = Vec::new();
    collect(session, &mut gates)?;
    if gates.is_empty() {
        return Err(Fault::failed("there is nothing to test: no Cargo.toml at the root, and no project has a pyproject.toml").fix("cargo xtask versions").into());
    }
    Ok(run_all(session, gates, &[]))
}

/// Rust's tests, then each Python project's: a wheel's against the wheel as users install it, a service's in its own environment.
pub fn collect(session: &Session, gates: &mut Vec<Gate>) -> anyhow::Result<()> {
    if has_cargo(session) {
        gates.push(Gate { name: "tests", subject: "of the Cargo workspace".into(), call: cargo(session, &["test", "--workspace", "--locked"]), fix: "cargo test --workspace".into() });
    }
    for project in python_projects(session) {
        if project.wheel_targets.is_empty() {
            gates.push(python_tests(project, uv(session, project, &["run", "--locked", "pytest"])?));
        } else {
            wheel_tests(session, project, gates)?;
        }
    }
    Ok(())
}

fn python_tests(project: &Project, call: Call) -> Gate {
    Gate { name: "tests", subject: format!("of {} in Python", project.name), call, fix: format!("cd {}, then run the line above", project.path) }
}

/// Builds the wheel, installs it into a fresh environment, and runs the project's Python tests there.
fn wheel_tests(session: &Session, project: &Project, gates: &mut Vec<Gate>) -> anyhow::Result<()> {
    let world = &session.world;
    let head = observe::head(world)?.commit;
    let readings = versions::of_work_tree(world, project)?;
    let source = Source { version: readings.canonical().to_semver(), revision: world.git.work_tree_revision()?, epoch: world.git.commit_seconds(&head)? };
    let build = distribution(project, &source, DistributionKind::Wheel { target: None });
    let folder = world.path(&build.folder);
    let mut goal = Goal::default();
    goal.want(&project.name, "its tests are run against it", Step::BuildDistribution(build));
    let mut plan = crate::engine::run::plan(world, goal);
    if !crate::engine::run::apply(world, &mut plan, &|planned| session.ui.status("Building", &planned.draft.step.what()), &|_| {}) {
        let evidence = plan.steps.into_iter().find(|planned| planned.verdict == Verdict::Failed).map(|planned| planned.evidence).unwrap_or_default();
        return Err(Fault::failed(format!("the wheel of {} was not built: {evidence}", project.name)).fix(format!("cargo xtask build {}", project.name)).into());
    }
    let wheels: Vec<_> = files::names_in(&folder)?.into_iter().filter(|name| name.ends_with(".whl")).collect();
    let [wheel] = wheels.as_slice() else {
        return Err(Fault::failed(format!("{} holds {} wheels, wanted one", folder.display(), wheels.len())).into());
    };
    let environment = world.scratch("venv").join(&project.package);
    let at = |call: Call| call.variable("VIRTUAL_ENV", environment.as_os_str());
    world.runner.output(&uv(session, project, &["venv", "--quiet", "--clear"])?.arg(&environment))?;
    world.runner.output(&at(Call::new(uv_path(session)?).args(["pip", "install", "--quiet", "--group", "dev"]).arg(folder.join(wheel)).folder(&world.path(&project.path))))?;
    gates.push(python_tests(project, Call::new(environment.join("bin").join("python")).args(["-m", "pytest"]).folder(&world.path(&project.path))));
    Ok(())
}

fn uv_path(session: &Session) -> anyhow::Result<std::path::PathBuf> {
    crate::world::tools::provide(&session.world, crate::world::tools::UV)
}
