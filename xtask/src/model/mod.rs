//! Nouns and laws, pure: nothing here reads a file, a clock, a repository or the network.

pub mod alias;
pub mod build_id;
pub mod changelog;
pub mod commit;
pub mod config;
pub mod delivery;
pub mod delivery_pull;
pub mod fault;
pub mod folders;
pub mod image;
pub mod key_path;
pub mod lock_graph;
pub mod paths;
pub mod pins;
mod planned;
pub mod project;
pub mod release_pull;
pub mod rules;
pub mod scan;
pub mod site;
pub mod step;
mod step_parts;
pub mod table;
pub mod tag;
mod target;
pub mod trust;
pub mod version;
