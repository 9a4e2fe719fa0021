//! Strict servers on 127.0.0.1 in place of the real services: an OCI registry, GitHub, and a package index.
//!
//! `rehearse` and the tests speak to them with the real clients, so that only an address changes. A stand-in is stricter than
//! any real service: what passes here passes there. Nothing in here is used by a release.

#![allow(
    clippy::disallowed_methods,
    reason = "servers read clocks, wait, and answer from bare repositories"
)]

pub mod faults;
pub mod github;
pub mod http;
pub mod log;
pub mod package_index;
pub mod registry;
mod turn;
