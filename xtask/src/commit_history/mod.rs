//! What commits changed and what their messages say.

pub mod changes;
pub mod folders;
pub mod history;
pub mod links;
pub mod merged_commits;
pub mod missing;
mod objects;
pub mod reverts;
mod trees;
pub mod walk;
