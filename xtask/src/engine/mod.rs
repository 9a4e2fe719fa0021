//! Joins plans to the world: observe, probe, apply, report.

mod act;
pub mod affected;
mod affected_cargo;
mod affected_locks;
mod aliases;
pub mod apply;
mod candidate;
mod cargo_folders;
pub mod changelog;
pub mod discover;
pub mod edits;
pub mod history;
mod lock_notes;
mod manifests;
mod merges;
pub mod observe;
mod packages;
pub mod preflight;
mod probe;
pub mod release_pull;
pub mod run;
mod side;
pub mod status;
pub mod tagged;
pub mod texts;
pub mod versions;
