//! Benchmarks of the built program `monorelease`, side by side with other tools that do the same
//! work.
//!
//! `cargo run -p monorelease-bench` generates repositories, runs the program and its peers on them
//! in turns, and prints time and memory as ratios beside the budgets. It does not assert a budget:
//! it fails only when a program could not be run. It is no part of the shipped tool and measures
//! the tool as users start it, as a process. Of the tool's library it uses the stand-in images only.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a benchmark is input and output throughout: repositories, processes and times"
)]

mod arguments;
mod commands;
mod comparison;
mod fetch;
mod fixture;
mod histories;
mod measure;
mod output;
mod peers;
mod pins;
mod program;
mod promotion;
mod report;
mod rounds;
mod trees;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Parser;
use monorelease_process::Runner;

use arguments::{Arguments, Benchmark};
use comparison::Comparison;
use output::{Failure, Output};
use program::Program;

/// What every benchmark needs.
pub struct Bench {
    pub runner: Runner,
    pub program: Program,
    pub output: Output,
    /// Timed rounds of each program.
    pub rounds: u32,
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return output::command_line_error(&error),
    };
    let output = Output::new(arguments.json);
    run(&arguments, output).unwrap_or_else(|error| output.failure(&Failure::of(&error)))
}

fn run(arguments: &Arguments, output: Output) -> anyhow::Result<ExitCode> {
    let workloads = commands::workloads(arguments)?;
    if arguments.dry_run {
        print_plan(arguments, &workloads, output);
        output.document(&report::document(&[], &[], arguments.rounds, None))?;
        return Ok(ExitCode::SUCCESS);
    }
    // A folder that is not kept is removed when this is dropped, after an error too.
    let temporary = tempfile::tempdir().context("creating a temporary folder")?;
    let folder = match &arguments.keep {
        Some(folder) => std::env::current_dir()
            .context("finding the current folder")?
            .join(folder),
        None => temporary.path().to_owned(),
    };
    check_is_new(&folder, arguments, &workloads)?;
    let runner = Runner::new(Vec::new(), Arc::new(|_| ()));
    let program = Program::build_or_find(&runner, output)?;
    let bench = Bench {
        runner,
        program,
        output,
        rounds: arguments.rounds,
    };
    let rows = commands::run(&bench, arguments, workloads, &folder)?;
    let comparisons = compare(&bench, arguments, &folder)?;
    let profile = bench.program.profile();
    if !rows.is_empty() {
        output.text(&report::table(&rows, profile))?;
    }
    if !comparisons.is_empty() {
        output.text(&report::comparison_table(&comparisons, profile))?;
    }
    output.document(&report::document(
        &rows,
        &comparisons,
        arguments.rounds,
        Some(profile),
    ))?;
    let failures = report::failures(&rows);
    for what in &failures {
        output.error(what);
    }
    Ok(ExitCode::from(u8::from(!failures.is_empty())))
}

fn compare(bench: &Bench, arguments: &Arguments, folder: &Path) -> anyhow::Result<Vec<Comparison>> {
    let mut comparisons = Vec::new();
    if arguments.includes(Benchmark::Promotion) {
        comparisons.extend(promotion::run(
            bench,
            &comparison_folder(folder, Benchmark::Promotion),
        )?);
    }
    if arguments.includes(Benchmark::Pins) {
        let folder = comparison_folder(folder, Benchmark::Pins);
        comparisons.extend(pins::run(bench, &folder, &arguments.projects)?);
    }
    Ok(comparisons)
}

fn print_plan(arguments: &Arguments, workloads: &[commands::Workload], output: Output) {
    let rounds = arguments.rounds;
    for workload in workloads {
        let names = commands::on(arguments, workload)
            .map(|command| command.benchmark.name())
            .collect::<Vec<_>>()
            .join(", ");
        let text = format!("{names} on {workload}, {rounds} rounds each; nothing was written");
        output.status("Planned", &text);
    }
    for benchmark in comparison_benchmarks(arguments) {
        let name = benchmark.name();
        let text = format!("{name}, {rounds} rounds each; nothing was written");
        output.status("Planned", &text);
    }
}

/// Stops before anything is measured if a kept folder of an earlier run is in the way.
fn check_is_new(
    folder: &Path,
    arguments: &Arguments,
    workloads: &[commands::Workload],
) -> anyhow::Result<()> {
    let folders = workloads
        .iter()
        .map(|workload| folder.join(workload.folder()))
        .chain(
            comparison_benchmarks(arguments).map(|benchmark| comparison_folder(folder, benchmark)),
        );
    for folder in folders {
        if folder.exists() {
            let what = format!("{} already exists", folder.display());
            return Err(Failure::usage(what, "choose another folder with --keep").into());
        }
    }
    Ok(())
}

fn comparison_benchmarks(arguments: &Arguments) -> impl Iterator<Item = Benchmark> {
    [Benchmark::Promotion, Benchmark::Pins]
        .into_iter()
        .filter(|benchmark| arguments.includes(*benchmark))
}

fn comparison_folder(folder: &Path, benchmark: Benchmark) -> PathBuf {
    folder.join(benchmark.name())
}
