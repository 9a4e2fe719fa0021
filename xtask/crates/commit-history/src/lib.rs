//! What commits changed and what their messages say: one walk over the first-parent chain for all projects (law 7).
//!
//! It takes a repository, the paths of projects and the known types of commits by value. It fetches nothing, reads no
//! configuration, and does not know what a release is.

#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        clippy::disallowed_macros,
        reason = "tests touch the world"
    )
)]

pub mod changes;
pub mod folders;
pub mod history;
pub mod links;
pub mod merged_commits;
pub mod message;
pub mod missing;
pub mod reverts;
mod trees;
mod walk;
