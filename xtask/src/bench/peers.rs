//! The tools that `bench` runs beside this program, with the flags that suit each best, and what each leaves out.
//!
//! It finds or fetches them and says how they are called. Their configuration stands in the generated tree.

use std::path::{Path, PathBuf};

use super::{Ground, history};
use crate::process::Call;
use crate::tools;
use crate::tools::Tool;
use crate::world::{World, environment};

/// How another tool does what a bench measures.
pub struct Peer {
    pub tool: Tool,
    /// The bench it stands beside.
    pub bench: &'static str,
    /// Empty for a tool that has nothing to compare.
    arguments: &'static [&'static str],
    /// What it does less than the verb; or, without arguments, why it has nothing to compare.
    pub less: &'static str,
    /// The part of its time that ours may take, where that is a budget.
    pub budget: Option<f64>,
}

/// What git itself needs to tell which paths each commit changed, one project or many.
const GIT_LOG: [&str; 4] = [
    "log",
    "--first-parent",
    "--diff-merges=first-parent",
    "--name-only",
];
const GIT_LOG_LESS: &str =
    "lists commits and paths; whose they are and what they mean is left to its reader";
/// The part of git's own time that reading a history may take.
const GIT_LOG_BUDGET: Option<f64> = Some(0.7);

/// Where the files of one project are named, for tools that know one at a time.
const ONE_PROJECT: &str = "{project}";
const GIT_CLIFF: [&str; 2] = ["--include-path", ONE_PROJECT];
const GIT_CLIFF_LESS: &str =
    "one project of all (of a clone: one changelog for everything); has to be run for each";

pub const PEERS: [Peer; 8] = [
    Peer {
        tool: tools::BUMP_MY_VERSION,
        bench: "versions",
        arguments: &["show", "current_version"],
        less: "says the one version of its own configuration; opens no file of a project",
        budget: None,
    },
    Peer {
        tool: tools::CARGO_RELEASE,
        bench: "versions",
        arguments: &[],
        less: "it has no command that shows versions",
        budget: None,
    },
    Peer {
        tool: tools::BUMP_MY_VERSION,
        bench: "bump",
        arguments: &["bump", "minor", "--dry-run"],
        less: "one version for all projects; replaces text wherever it matches; checks no requirement",
        budget: None,
    },
    Peer {
        tool: tools::CARGO_RELEASE,
        bench: "bump",
        // Without --execute it is a dry run.
        arguments: &["release", "version", "minor", "--workspace"],
        less: "the crates alone, a third of the projects: no Python project, no uv.lock",
        budget: None,
    },
    Peer {
        tool: tools::GIT,
        bench: "changelog",
        arguments: &GIT_LOG,
        less: GIT_LOG_LESS,
        budget: GIT_LOG_BUDGET,
    },
    Peer {
        tool: tools::GIT_CLIFF,
        bench: "changelog",
        arguments: &GIT_CLIFF,
        less: GIT_CLIFF_LESS,
        budget: None,
    },
    Peer {
        tool: tools::GIT,
        bench: "auto",
        arguments: &GIT_LOG,
        less: GIT_LOG_LESS,
        budget: GIT_LOG_BUDGET,
    },
    Peer {
        tool: tools::GIT_CLIFF,
        bench: "auto",
        arguments: &["--bumped-version"],
        less: "one version for the whole repository",
        budget: None,
    },
];

/// A tool that is there.
pub struct Ready {
    pub version: String,
    program: PathBuf,
    packages: Option<PathBuf>,
}

impl Peer {
    /// Finds the tool, or with `fetch` fetches it; the sentence says why there is nothing to run.
    pub fn ready(&self, world: &World, fetch: bool) -> Result<Ready, String> {
        if self.arguments.is_empty() {
            return Err(self.less.into());
        }
        let program =
            match tools::find(self.tool).or_else(|| tools::fetched(&world.root, self.tool)) {
                Some(program) => program,
                None if fetch => {
                    tools::provide(world, self.tool).map_err(|error| format!("{error:#}"))?
                }
                None => {
                    return Err(format!(
                        "not installed: cargo xtask bench --peers fetches it, or {}",
                        self.tool.how_to_get
                    ));
                }
            };
        let packages = tools::packages_of(&world.root, &program);
        let mut ready = Ready {
            version: String::new(),
            program,
            packages,
        };
        let asked = world
            .runner
            .output(&ready.call(&[self.arguments_of_version(), &["--version"]].concat()));
        let text = asked.map_err(|error| format!("it does not start: {error:#}"))?;
        ready.version = text
            .split_whitespace()
            .find(|word| word.starts_with(|first: char| first.is_ascii_digit()))
            .unwrap_or("?")
            .into();
        Ok(ready)
    }

    /// A subcommand of cargo's is asked for its version by its own name.
    fn arguments_of_version(&self) -> &'static [&'static str] {
        if self.arguments[0] == "release" {
            &["release"]
        } else {
            &[]
        }
    }

    /// The command that is measured, run at the root of a generated tree.
    pub fn call(&self, ready: &Ready, tree: &Path, ground: &Ground) -> Call {
        let one = match ground {
            Ground::Generated { .. } => format!("{}/**", history::folder(0)),
            Ground::Clone { .. } => "**".to_owned(),
        };
        let arguments: Vec<_> = self
            .arguments
            .iter()
            .map(|argument| {
                if *argument == ONE_PROJECT {
                    one.as_str()
                } else {
                    *argument
                }
            })
            .collect();
        // All crates are local ones, but cargo would look whether that is so.
        ready
            .call(&arguments)
            .folder(tree)
            .variable("CARGO_NET_OFFLINE", "true")
    }
}

impl Ready {
    fn call(&self, arguments: &[&str]) -> Call {
        let call = Call::new(&self.program).args(arguments.iter().copied());
        match &self.packages {
            Some(packages) => call.variable("PYTHONPATH", packages.as_os_str()),
            None => call,
        }
    }
}

/// This very program, called as a user would at the root of a generated tree, and in no way on the CI it may be running in.
pub fn this_program(arguments: &[&str], tree: &Path) -> anyhow::Result<Call> {
    Ok(Call::new(environment::this_program()?)
        .args(arguments.iter().copied())
        .folder(tree)
        .without("GITHUB_OUTPUT")
        .without("GITHUB_STEP_SUMMARY")
        .without("GITHUB_ACTIONS"))
}
