//! Joins plans to the world: observe, probe, apply, report.

mod act;
pub mod affected;
mod affected_cargo;
mod affected_locks;
mod aliases;
mod candidate;
pub mod apply;
mod cargo_folders;
pub mod changelog;
pub mod discover;
pub mod edits;
pub mod history;
mod lock_notes;
mod manifests;
pub mod observe;
mod packages;
mod probe;
pub mod run;
mod side;
pub mod tagged;
pub mod texts;
pub mod versions;
