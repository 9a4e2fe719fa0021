//! Finding values in YAML, JSON, TOML and Python texts, and replacing them without touching any other byte.

pub mod error;
pub mod json;
pub mod key_path;
pub mod python;
pub mod splice;
pub mod toml;
pub mod yaml;
