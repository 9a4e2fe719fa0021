//! Release automation of a polyglot monorepo: from a commit to a running release, and back.
//!
//! It keeps versions in step over Cargo, Python, npm and Helm files, builds wheels and images, tags, promotes tested images to
//! releases by digest, signs, updates GitOps repositories and rolls back. The public API is [`run`], which a repository's
//! `xtask` calls; `rehearse::images` is public for tests and benchmarks. `docs/architecture.md` shows the whole on one screen.
//!
//! What is useful without the tool is in crates of its own: versions, edits, image pins, history, the registry client.

#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        clippy::disallowed_macros,
        reason = "tests touch the world"
    )
)]

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
#[cfg(feature = "rehearse")]
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
