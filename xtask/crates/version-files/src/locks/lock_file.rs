//! The packages of a lock file with what a bump moves in them, and reading small parts of lock files.

use crate::locations::located::Located;
use crate::requirements::requirement::Requirement;
use monorelease_model::version::Spelling;
use monorelease_text_edits::error::EditError;
use monorelease_text_edits::splice::Lines;
use monorelease_text_edits::toml;
use std::collections::BTreeSet;
use toml_edit::Item;
use toml_edit::TableLike;
use toml_edit::Value;

/// Whose lock file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockKind {
    /// Cargo.lock.
    Cargo,
    /// uv.lock.
    Uv,
    /// package-lock.json.
    Npm,
    /// poetry.lock.
    Poetry,
}

/// Everything in a lock file that speaks of packages of the same repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockFile {
    /// The packages that the lock takes from a folder, in order of the text.
    pub packages: Vec<LockedPackage>,
    /// The requirements of those packages that the lock copies from their manifests, and tools hold against them.
    /// Cargo.lock copies none.
    pub requirements: Vec<LockedRequirement>,
    /// Names of the packages that the lock takes from elsewhere: a registry, an archive, Git.
    pub foreign: BTreeSet<String>,
    /// Those of Cargo's, each with a version: what a local package may not become, since the lock would then have to
    /// tell the two apart in other words.
    pub foreign_versions: BTreeSet<(String, String)>,
}

/// A package of the same repository, as a lock file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedPackage {
    /// Its name: of uv's as PEP 503 compares names, else as its manifest writes it.
    pub name: String,
    /// The folder it lies in, as the lock writes it: relative to the lock's own. Cargo does not say.
    pub folder: Option<String>,
    /// Every place that says its version. None, where the version is dynamic or left out.
    pub versions: Vec<Located>,
    /// The line in which its entry says its name or begins, counted from 1.
    pub line: usize,
    /// Whether the lock has another local package of the name, and no folder to tell the two apart.
    pub ambiguous: bool,
}

/// A requirement that a lock file copies from the manifest of a local package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedRequirement {
    /// The package whose manifest it is copied from; empty for the root of a uv workspace that is no project.
    pub of: String,
    /// That package's folder; see [`LockedPackage::folder`].
    pub of_folder: Option<String>,
    /// The requirement, with its place in the lock.
    pub requirement: Requirement,
}

/// Where an entry says its own version; nothing, where it leaves that out.
pub(super) fn own_version(
    text: &str,
    entry: &dyn TableLike,
    name: &str,
    spelling: Spelling,
) -> Result<Vec<Located>, EditError> {
    let key = format!("package[name={name}].version");
    let version = entry.get("version").map(|version| {
        Ok(Located::new(
            text,
            toml::string_span(text, version, &key)?,
            &key,
            spelling,
        ))
    });
    version.into_iter().collect()
}

/// The `[[package]]` tables, however they are written.
pub(super) fn packages(root: &Item) -> Vec<&dyn TableLike> {
    match root.get("package") {
        Some(Item::ArrayOfTables(tables)) => tables.iter().map(|t| t as &dyn TableLike).collect(),
        Some(Item::Value(Value::Array(tables))) => tables
            .iter()
            .filter_map(|value| value.as_inline_table())
            .map(|t| t as &dyn TableLike)
            .collect(),
        _ => Vec::new(),
    }
}

/// The line in which an entry says its name.
pub(super) fn line_of(entry: &dyn TableLike, lines: &Lines) -> usize {
    lines.at(entry
        .get("name")
        .and_then(Item::span)
        .map_or(0, |span| span.start))
}
