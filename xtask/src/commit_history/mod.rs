//! What commits changed and what their messages say.

pub mod changes;
pub mod folders;
pub mod history;
pub mod links;
mod merged_commits;
mod objects;
mod range;
pub mod reverts;
mod trees;
mod walk;
