//! Strict servers for `rehearse` and for tests: an OCI registry, GitHub, and a package index.

pub mod faults;
pub mod github;
pub mod http;
pub mod package_index;
pub mod registry;
mod turn;
