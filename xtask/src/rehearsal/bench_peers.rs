//! The tools that `bench` runs beside this program, with the flags that suit each best, and what each leaves out.
//!
//! It finds or fetches them and says how they are called. Their configuration stands in the generated tree.

use std::path::{Path, PathBuf};

use crate::world::process::Call;
use crate::world::tools::{self, Tool};
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
}

pub const PEERS: [Peer; 4] = [
    Peer {
        tool: tools::BUMP_MY_VERSION,
        bench: "versions",
        arguments: &["show", "current_version"],
        less: "says the one version of its own configuration; opens no file of a project",
    },
    Peer { tool: tools::CARGO_RELEASE, bench: "versions", arguments: &[], less: "it has no command that shows versions" },
    Peer {
        tool: tools::BUMP_MY_VERSION,
        bench: "bump",
        arguments: &["bump", "minor", "--dry-run"],
        less: "one version for all projects; replaces text wherever it matches; checks no requirement",
    },
    Peer {
        tool: tools::CARGO_RELEASE,
        bench: "bump",
        // Without --execute it is a dry run.
        arguments: &["release", "version", "minor", "--workspace"],
        less: "the crates alone, a third of the projects: no Python project, no uv.lock",
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
        let program = match tools::find(self.tool).or_else(|| tools::fetched(&world.root, self.tool)) {
            Some(program) => program,
            None if fetch => tools::provide(world, self.tool).map_err(|error| format!("{error:#}"))?,
            None => return Err(format!("not installed: cargo xtask bench --peers fetches it, or {}", self.tool.how_to_get)),
        };
        let packages = tools::packages_of(&world.root, &program);
        let mut ready = Ready { version: String::new(), program, packages };
        let asked = world.runner.output(&ready.call(&[self.arguments_of_version(), &["--version"]].concat()));
        let text = asked.map_err(|error| format!("it does not start: {error:#}"))?;
        ready.version = text.split_whitespace().find(|word| word.starts_with(|first: char| first.is_ascii_digit())).unwrap_or("?").into();
        Ok(ready)
    }

    /// A subcommand of cargo's is asked for its version by its own name.
    fn arguments_of_version(&self) -> &'static [&'static str] {
        if self.arguments[0] == "release" { &["release"] } else { &[] }
    }

    /// The command that is measured, run at the root of a generated tree.
    pub fn call(&self, ready: &Ready, tree: &Path) -> Call {
        // All crates are local ones, but cargo would look whether that is so.
        ready.call(self.arguments).folder(tree).variable("CARGO_NET_OFFLINE", "true")
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
