//! Pure edits of other tools' files: find the characters of a version, replace them, leave every other byte.
//!
//! Each editor is a *locator*: it turns a text into the byte range of the version's own characters. One function,
//! [`splice`], does all changing, so that comments, order, quotes, line ends, byte order marks and trailing newlines
//! survive by construction. Nothing here opens a file, knows a file's place, or decides which version to write.

mod bars;
mod cargo;
mod cargo_shared;
pub mod changelog;
pub mod changelog_release;
mod charts;
mod error;
mod json;
pub mod ledger;
pub mod locations;
mod lock_graph;
mod lock_graph_npm;
mod lock_graph_uv;
mod locks;
mod locks_npm;
mod locks_poetry;
mod locks_uv;
mod pins;
mod pins_key;
mod pins_tree;
pub mod pull_request;
mod pyproject;
mod python;
mod python_tokens;
mod ranges;
mod registry_file;
mod requirements;
mod requirements_admit;
mod requirements_move;
mod requirements_npm;
mod requirements_python;
pub mod secret_names;
pub mod splice;
mod text;
mod toml;
mod updaters;
mod yaml;
mod yaml_nodes;

pub use bars::{BARS_FILE, add_bar, read_bars, remove_bars};
pub use cargo::cargo_package;
pub use cargo_shared::{Inherited, SharedKeys, inherited, shared_keys};
pub use charts::{ChartDependency, chart_lock_entries, chart_requirements};
pub use error::EditError;
pub use locations::{Located, Locator, locate};
pub use lock_graph::lock_graph;
pub use locks::{LockFile, LockKind, LockedPackage, LockedRequirement, read_lock};
pub use pins::{PinPlace, PinQuery, find_pins, set_pins};
pub use pyproject::python_package;
pub use registry_file::registry_file;
pub use requirements::{Requirement, RequirementKind, cargo_folders, requirements};
pub use requirements_admit::{admits, is_same};
pub use requirements_move::moved;
pub use requirements_python::normalised;
pub use splice::{Lines, line_at, splice, without_bom};
pub use updaters::{Followed, Updaters, read_updaters};
