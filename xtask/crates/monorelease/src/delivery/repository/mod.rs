//! GitOps repositories: one branch of each, fetched shallow into a private folder, committed to and pushed.
//!
//! Nothing of the user's is written: no working tree, no remote-tracking branch, no cache. The private folder goes when the
//! command ends. A push is never forced. What the files should say is decided by the caller.

pub mod branch;
mod cache;
mod expected;
mod filter;
pub mod opened;
pub mod own_branch;
pub mod past;
mod settings;
pub mod tree;
mod trial;
mod write;

#[cfg(test)]
mod tests;
