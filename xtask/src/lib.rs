//! Release automation of a polyglot monorepo: from a commit to a running release, and back.
//!
//! The rooms and their order stand in `docs/architecture.md`; a test holds the imports to it.
//! The library is there for `main` and for tests: nothing else calls it.

mod cli;
mod commands;
mod edit;
mod engine;
mod model;
mod plan;
pub mod rehearsal;
mod ui;
mod world;

use std::process::ExitCode;

use clap::Parser;

/// Reads the command line, does what it says, and answers with the exit code of the contract.
pub fn run() -> ExitCode {
    ExitCode::from(match cli::Cli::try_parse() {
        Ok(cli) => commands::dispatch(
            cli,
            &commands::Above {
                rehearse: rehearsal::scenario::run,
                bench: rehearsal::bench::run,
            },
        ),
        Err(error) => commands::usage(&error),
    })
}
