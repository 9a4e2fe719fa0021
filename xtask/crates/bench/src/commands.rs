//! The benchmarks of single commands, on generated repositories and on copies of clones, each side
//! by side with its peers.

use std::fmt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::Context;

use crate::arguments::{Arguments, Benchmark, COMMAND};
use crate::output::Failure;
use crate::peers::{FoundPeer, PEERS, Peer};
use crate::rounds::{Figures, TimedProgram, run_rounds};
use crate::{Bench, histories, trees};

/// A command of the program that is measured.
pub struct Command {
    pub benchmark: Benchmark,
    pub arguments: &'static [&'static str],
    reads: Reads,
}

/// What a command spends its time on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reads {
    Files,
    History,
}

impl Reads {
    /// The numbers of projects that the budgets are for.
    fn sizes(self) -> &'static [usize] {
        match self {
            Self::Files => &[3, 1000],
            Self::History => &[5, 20, 80],
        }
    }
}

const COMMANDS: [Command; 4] = [
    Command {
        benchmark: Benchmark::Versions,
        arguments: &["versions"],
        reads: Reads::Files,
    },
    Command {
        benchmark: Benchmark::Bump,
        arguments: &["bump", "minor", "--dry-run"],
        reads: Reads::Files,
    },
    Command {
        benchmark: Benchmark::Changelog,
        arguments: &["changelog", "--initial"],
        reads: Reads::History,
    },
    Command {
        benchmark: Benchmark::Auto,
        arguments: &["bump", "auto", "--initial", "--dry-run"],
        reads: Reads::History,
    },
];

/// A repository to measure on.
pub enum Workload {
    /// A generated repository; with a history if it has a number of commits.
    Generated {
        projects: usize,
        commits: Option<usize>,
    },
    /// A copy of an existing clone; clones are numbered in the order of the command line.
    Clone { number: usize, path: PathBuf },
}

impl Workload {
    /// The number of projects; `None` if it is unknown.
    pub fn projects(&self) -> Option<usize> {
        match self {
            Self::Generated { projects, .. } => Some(*projects),
            Self::Clone { .. } => None,
        }
    }

    /// The name of its folder.
    pub fn folder(&self) -> String {
        match self {
            Self::Generated {
                projects,
                commits: None,
            } => format!("projects-{projects}"),
            Self::Generated {
                projects,
                commits: Some(commits),
            } => format!("commits-{commits}-projects-{projects}"),
            Self::Clone { number, path } => {
                let name = path.file_name().unwrap_or_default();
                format!("clone-{number}-{}", name.display())
            }
        }
    }

    fn reads(&self) -> Reads {
        match self {
            Self::Generated { commits: None, .. } => Reads::Files,
            _ => Reads::History,
        }
    }

    fn create(&self, tree: &Path, bench: &Bench) -> anyhow::Result<()> {
        match self {
            Self::Generated {
                projects,
                commits: None,
            } => trees::generate(tree, &bench.runner, *projects),
            Self::Generated {
                projects,
                commits: Some(commits),
            } => histories::generate(tree, bench, *projects, *commits),
            Self::Clone { path, .. } => histories::copy(tree, bench, path),
        }
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Generated {
                projects,
                commits: None,
            } => write!(formatter, "{projects} projects"),
            Self::Generated {
                projects,
                commits: Some(commits),
            } => write!(formatter, "{projects} projects with {commits} commits"),
            Self::Clone { path, .. } => write!(formatter, "a copy of {}", path.display()),
        }
    }
}

/// One command on one repository, and its peers.
pub struct Row {
    pub command: &'static Command,
    pub workload: Rc<Workload>,
    pub own: Figures,
    pub peers: Vec<PeerRow>,
}

pub struct PeerRow {
    pub peer: &'static Peer,
    pub outcome: Result<PeerFigures, NoFigures>,
}

pub struct PeerFigures {
    pub version: String,
    pub line: String,
    pub figures: Figures,
}

/// Why a peer has no figures.
pub enum NoFigures {
    /// It is not installed, or has nothing to compare.
    Missing(String),
    /// It was run and failed.
    Failed(String),
}

/// The commands that are measured on a workload.
pub fn on(
    arguments: &Arguments,
    workload: &Workload,
) -> impl Iterator<Item = &'static Command> + use<> {
    let reads = workload.reads();
    requested(arguments)
        .into_iter()
        .filter(move |command| command.reads == reads)
}

fn requested(arguments: &Arguments) -> Vec<&'static Command> {
    COMMANDS
        .iter()
        .filter(|command| arguments.includes(command.benchmark))
        .collect()
}

/// The repositories to measure on: generated ones of the requested sizes, or else of those that
/// the budgets are for; then the clones.
///
/// # Errors
/// A clone is requested and no benchmark reads a history.
pub fn workloads(arguments: &Arguments) -> anyhow::Result<Vec<Workload>> {
    let mut requested_sizes: Vec<_> = arguments
        .projects
        .iter()
        .map(|size| *size as usize)
        .collect();
    requested_sizes.sort_unstable();
    requested_sizes.dedup();
    let commands = requested(arguments);
    let is_needed = |reads: Reads| commands.iter().any(|command| command.reads == reads);
    let mut workloads = Vec::new();
    for (reads, commits) in [
        (Reads::Files, None),
        (Reads::History, Some(arguments.commits as usize)),
    ] {
        if !is_needed(reads) {
            continue;
        }
        let sizes = match requested_sizes.as_slice() {
            [] => reads.sizes(),
            sizes => sizes,
        };
        workloads.extend(
            sizes
                .iter()
                .map(|&projects| Workload::Generated { projects, commits }),
        );
    }
    if !arguments.clones.is_empty() && !is_needed(Reads::History) {
        let what = "--clone needs a benchmark that reads a history";
        let help = format!("{COMMAND} changelog auto --clone .");
        return Err(Failure::usage(what, help).into());
    }
    let current = std::env::current_dir().context("finding the current folder")?;
    for (index, path) in arguments.clones.iter().enumerate() {
        workloads.push(Workload::Clone {
            number: index + 1,
            path: current.join(path),
        });
    }
    Ok(workloads)
}

/// Creates each repository below `folder` and measures its commands.
pub fn run(
    bench: &Bench,
    arguments: &Arguments,
    workloads: Vec<Workload>,
    folder: &Path,
) -> anyhow::Result<Vec<Row>> {
    let peers: Vec<_> = PEERS
        .iter()
        .filter(|peer| arguments.includes(peer.benchmark))
        .map(|peer| peer.find(bench, arguments.peers))
        .collect();
    let mut rows = Vec::new();
    for workload in workloads {
        let tree = folder.join(workload.folder());
        bench.output.status("Generating", &workload.to_string());
        workload.create(&tree, bench)?;
        let workload = Rc::new(workload);
        for command in on(arguments, &workload) {
            let text = format!("{} of {workload}", command.benchmark.name());
            bench.output.status("Measuring", &text);
            rows.push(measure(bench, command, &workload, &tree, &peers)?);
        }
    }
    Ok(rows)
}

fn measure(
    bench: &Bench,
    command: &'static Command,
    workload: &Rc<Workload>,
    tree: &Path,
    peers: &[FoundPeer],
) -> anyhow::Result<Row> {
    let peers = peers
        .iter()
        .filter(|found| found.peer.benchmark == command.benchmark);
    let mut own = TimedProgram::new(bench.program.call(command.arguments, tree));
    let mut others: Vec<_> = peers
        .map(|found| {
            let program = found.tool.as_ref().map(|tool| {
                let call = found.peer.call(tool, tree, workload);
                (tool.version.clone(), TimedProgram::new(call))
            });
            (found.peer, program)
        })
        .collect();
    let mut programs = vec![&mut own];
    programs.extend(
        others
            .iter_mut()
            .filter_map(|(_, program)| program.as_mut().ok())
            .map(|(_, program)| program),
    );
    run_rounds(&bench.runner, &mut programs, bench.rounds);
    let outcome = |program: Result<(String, TimedProgram), &String>| {
        let (version, program) = program.map_err(|why| NoFigures::Missing(why.clone()))?;
        let figures = program
            .outcome
            .map_err(|error| NoFigures::Failed(format!("{error:#}")))?;
        Ok(PeerFigures {
            version,
            line: program.call.line(),
            figures,
        })
    };
    Ok(Row {
        command,
        workload: Rc::clone(workload),
        own: own.outcome?,
        peers: others
            .into_iter()
            .map(|(peer, program)| PeerRow {
                peer,
                outcome: outcome(program),
            })
            .collect(),
    })
}
