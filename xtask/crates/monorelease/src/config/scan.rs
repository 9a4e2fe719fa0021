//! The keys of `[scan]`.

use serde::Deserialize;

/// `[scan]` as its author writes it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ScanKeys {
    #[serde(default)]
    pub ignore: Vec<IgnoreKeys>,
}

/// One entry as its author writes it. What must be there may be missing here, so that the error can name the entry.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct IgnoreKeys {
    pub id: String,
    pub why: Option<String>,
    pub until: Option<DateKey>,
    pub project: Option<String>,
    pub package: Option<String>,
}

/// A day: `"2026-03-01"`, or TOML's own `2026-03-01`.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "a day is \"YYYY-MM-DD\"")]
pub enum DateKey {
    Text(String),
    Date(toml_edit::Datetime),
}
