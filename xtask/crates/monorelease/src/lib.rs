//! Release automation of a polyglot monorepo: from a commit to a running release, and back.
//!
//! The rooms and their order stand in `docs/architecture.md`; a test holds the imports to it.
//! The library is there for `main` and for tests: nothing else calls it.

mod affected;
mod app;
mod argocd;
mod build;
mod bump;
mod changelog;
mod checks;
mod cli;
mod commits;
mod config;
mod delivery;
mod dispatch;
mod doctor;
mod engine;
mod fault;
mod git;
mod github;
mod init;
mod packages;
mod pin;
mod program;
mod project;
pub mod rehearse;
mod release;
mod release_pr;
mod scan;
mod secrets;
mod status;
mod step;
mod tag;
mod text;
mod tools;
mod trust;
mod ui;
mod verify;
mod versions;
mod world;

use std::process::ExitCode;

/// Reads the command line, does what it says, and answers with the exit code of the contract.
pub fn run() -> ExitCode {
    ExitCode::from(match cli::parse(program::arguments()) {
        Ok(cli) => dispatch::dispatch(cli),
        Err(error) => dispatch::usage(&error),
    })
}
