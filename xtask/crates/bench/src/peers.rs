//! The tools that are run beside the program, with the flags that suit each best, and what each of
//! them does less.
//!
//! Their configuration is in the generated repositories.

use std::path::Path;

use monorelease_process::Call;

use crate::Bench;
use crate::arguments::{Benchmark, COMMAND};
use crate::commands::Workload;
use crate::fetch::{self, BUMP_MY_VERSION, CARGO_RELEASE, GIT, GIT_CLIFF, Installed, Tool};
use crate::histories;

/// How another tool does what a benchmark measures.
pub struct Peer {
    pub tool: Tool,
    /// The benchmark it is run in.
    pub benchmark: Benchmark,
    /// Empty for a tool that has no such command.
    arguments: &'static [&'static str],
    /// What it does less than our command; without arguments, why there is nothing to compare.
    pub does_less: &'static str,
    /// In order of size.
    budgets: &'static [Budget],
}

/// Our time as a part of the peer's, up to a number of projects.
struct Budget {
    max_projects: usize,
    max_time_ratio: f64,
}

const BUMP_MY_VERSION_BUDGETS: &[Budget] = &[
    Budget {
        max_projects: 3,
        max_time_ratio: 0.02,
    },
    Budget {
        max_projects: 1000,
        max_time_ratio: 0.3,
    },
];
const CARGO_RELEASE_BUDGETS: &[Budget] = &[Budget {
    max_projects: 3,
    max_time_ratio: 0.15,
}];
/// However many projects share the history.
const GIT_LOG_BUDGETS: &[Budget] = &[Budget {
    max_projects: usize::MAX,
    max_time_ratio: 1.0,
}];

/// How git itself lists the paths that each commit changed.
const GIT_LOG: [&str; 4] = [
    "log",
    "--first-parent",
    "--diff-merges=first-parent",
    "--name-only",
];
const GIT_LOG_DOES_LESS: &str =
    "lists commits and paths; assigns none to a project and interprets no message";

/// Replaced by the files of one project, for tools that handle one project at a time.
const ONE_PROJECT: &str = "{project}";
const GIT_CLIFF_CHANGELOG: [&str; 2] = ["--include-path", ONE_PROJECT];

pub const PEERS: [Peer; 8] = [
    Peer {
        tool: BUMP_MY_VERSION,
        benchmark: Benchmark::Versions,
        arguments: &["show", "current_version"],
        does_less: "shows the one version in its own configuration; opens no file of a project",
        budgets: BUMP_MY_VERSION_BUDGETS,
    },
    Peer {
        tool: CARGO_RELEASE,
        benchmark: Benchmark::Versions,
        arguments: &[],
        does_less: "it has no command that shows versions",
        budgets: &[],
    },
    Peer {
        tool: BUMP_MY_VERSION,
        benchmark: Benchmark::Bump,
        arguments: &["bump", "minor", "--dry-run"],
        does_less: "one version for all projects; replaces text wherever it matches; checks no requirement",
        budgets: BUMP_MY_VERSION_BUDGETS,
    },
    Peer {
        tool: CARGO_RELEASE,
        benchmark: Benchmark::Bump,
        // A dry run, because --execute is missing.
        arguments: &["release", "version", "minor", "--workspace"],
        does_less: "the crates only, a third of the projects: no Python project, no uv.lock",
        budgets: CARGO_RELEASE_BUDGETS,
    },
    Peer {
        tool: GIT,
        benchmark: Benchmark::Changelog,
        arguments: &GIT_LOG,
        does_less: GIT_LOG_DOES_LESS,
        budgets: GIT_LOG_BUDGETS,
    },
    Peer {
        tool: GIT_CLIFF,
        benchmark: Benchmark::Changelog,
        arguments: &GIT_CLIFF_CHANGELOG,
        does_less: "one project (of a clone: one changelog for everything); must be run for each project",
        budgets: &[],
    },
    Peer {
        tool: GIT,
        benchmark: Benchmark::Auto,
        arguments: &GIT_LOG,
        does_less: GIT_LOG_DOES_LESS,
        budgets: GIT_LOG_BUDGETS,
    },
    Peer {
        tool: GIT_CLIFF,
        benchmark: Benchmark::Auto,
        arguments: &["--bumped-version"],
        does_less: "one version for the whole repository",
        budgets: &[],
    },
];

/// A peer, and its tool or the reason why it is not run.
pub struct FoundPeer {
    pub peer: &'static Peer,
    pub tool: Result<ReadyTool, String>,
}

/// A tool that starts.
pub struct ReadyTool {
    pub version: String,
    installed: Installed,
}

impl Peer {
    /// Finds the tool, or installs it if `install` is set.
    pub fn find(&'static self, bench: &Bench, install: bool) -> FoundPeer {
        FoundPeer {
            peer: self,
            tool: self.ready_tool(bench, install),
        }
    }

    fn ready_tool(&self, bench: &Bench, install: bool) -> Result<ReadyTool, String> {
        if self.arguments.is_empty() {
            return Err(self.does_less.to_owned());
        }
        let tools_folder = bench.program.tools_folder();
        let installed = match fetch::find(self.tool, &tools_folder) {
            Some(installed) => installed,
            None if install => {
                bench.output.status("Installing", self.tool.name);
                fetch::install(self.tool, &tools_folder, &bench.runner)
                    .map_err(|error| format!("{error:#}"))?
            }
            None => {
                return Err(format!(
                    "not installed (install it: {COMMAND} --peers, or {})",
                    self.tool.how_to_get
                ));
            }
        };
        let arguments = [self.subcommand(), &["--version"]].concat();
        let text = bench
            .runner
            .output(&installed.call(&arguments))
            .map_err(|error| format!("it does not start: {error:#}"))?;
        let version = text
            .split_whitespace()
            .find(|word| word.starts_with(|first: char| first.is_ascii_digit()))
            .unwrap_or("?")
            .to_owned();
        Ok(ReadyTool { version, installed })
    }

    /// A cargo subcommand takes its own name as first argument.
    fn subcommand(&self) -> &'static [&'static str] {
        if self.arguments[0] == "release" {
            &["release"]
        } else {
            &[]
        }
    }

    /// The command that is measured, at the root of a repository.
    pub fn call(&self, tool: &ReadyTool, tree: &Path, workload: &Workload) -> Call {
        let one_project = match workload {
            Workload::Generated { .. } => format!("{}/**", histories::project_folder(0)),
            Workload::Clone { .. } => "**".to_owned(),
        };
        let arguments: Vec<_> = self
            .arguments
            .iter()
            .map(|argument| match *argument {
                ONE_PROJECT => one_project.as_str(),
                other => other,
            })
            .collect();
        // All crates are local, but cargo would still ask the registry.
        tool.installed
            .call(&arguments)
            .folder(tree)
            .variable("CARGO_NET_OFFLINE", "true")
    }

    /// The part of the peer's time that ours may take; `None` if there is no budget.
    pub fn max_time_ratio(&self, workload: &Workload) -> Option<f64> {
        let projects = workload.projects().unwrap_or(usize::MAX);
        self.budgets
            .iter()
            .find(|budget| projects <= budget.max_projects)
            .map(|budget| budget.max_time_ratio)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_depends_on_the_number_of_projects() {
        let peer = |tool: Tool, benchmark| {
            PEERS
                .iter()
                .find(|peer| peer.tool.name == tool.name && peer.benchmark == benchmark)
                .unwrap()
        };
        let budgets = |peer: &Peer| {
            [1, 3, 4, 1000, 1001].map(|projects| {
                peer.max_time_ratio(&Workload::Generated {
                    projects,
                    commits: None,
                })
            })
        };
        let small = Some(0.02);
        let large = Some(0.3);
        for benchmark in [Benchmark::Versions, Benchmark::Bump] {
            assert_eq!(
                budgets(peer(BUMP_MY_VERSION, benchmark)),
                [small, small, large, large, None]
            );
        }
        assert_eq!(
            budgets(peer(CARGO_RELEASE, Benchmark::Bump)),
            [Some(0.15), Some(0.15), None, None, None]
        );
        for benchmark in [Benchmark::Changelog, Benchmark::Auto] {
            assert_eq!(budgets(peer(GIT, benchmark)), [Some(1.0); 5]);
        }
    }
}
