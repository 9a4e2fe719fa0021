//! `init`: a first configuration for a repository: its projects, where their versions are, and what could not be decided.
//!
//! It offers only version locations that the other commands can read. Where a choice is safe it makes it, elsewhere it says so in
//! a comment. It changes no file.

mod bumpversion;
mod cargo;
mod charts;
pub mod command;
pub mod found;
mod images;
mod knope;
mod look;
mod npm;
mod paths;
mod python;
mod release_please;
mod settle;
mod survey;
mod tags;
mod text;
mod version_files;

use crate::init::found::Discovery;
use crate::init::found::Tree;

use text::text;

/// Looks through the tree.
pub fn discover(tree: &Tree<'_>) -> Discovery {
    let mut survey = survey::Survey::of(tree);
    cargo::collect(&mut survey);
    python::collect(&mut survey);
    npm::collect(&mut survey);
    let claims = release_please::collect(&mut survey);
    bumpversion::collect(&mut survey);
    knope::collect(&mut survey);
    version_files::collect(&mut survey);
    charts::collect(&mut survey);
    release_please::record(&mut survey, &claims);
    images::collect(&mut survey);
    settle::settle(survey)
}
