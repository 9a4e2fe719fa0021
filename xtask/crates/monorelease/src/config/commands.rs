//! Values of keys that say a command or names, once or several times.

use serde::Deserialize;

/// One command, or several, as the configuration writes them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    expecting = "a command is a list of arguments, or a list of such lists"
)]
pub enum CommandKeys {
    One(Vec<String>),
    Several(Vec<Vec<String>>),
}

/// A name, or several.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "a name, or a list of names")]
pub enum NameKeys {
    One(String),
    Several(Vec<String>),
}
