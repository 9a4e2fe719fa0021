//! The services of a release, on this machine: what `rehearse` and the tests talk to in place of the real ones.
//!
//! The stand-in is a server and the client is the real one, so that only an address changes. A stand-in is stricter than
//! any real service: what passes here passes there. Nothing in here is used by a release itself.

mod apart;
pub mod bench;
mod bench_history;
mod bench_peers;
mod bench_pins;
mod bench_promotion;
mod bench_report;
mod bench_tree;
#[cfg(test)]
mod crash_tests;
pub mod forge;
mod forge_documents;
mod forge_git;
pub mod forge_pulls;
pub mod forge_releases;
pub mod http;
mod http_message;
mod http_misbehave;
mod life;
pub mod package_index;
mod package_scenario;
pub mod registry;
mod registry_blobs;
mod registry_builder;
mod registry_faults;
mod registry_lists;
mod registry_manifests;
mod registry_route;
mod registry_store;
mod registry_tokens;
mod sandbox;
pub mod scenario;
mod shape_updater;
mod shapes;
pub mod stand_in;
mod turn;
mod what_runs;
