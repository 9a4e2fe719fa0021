//! Which version requirements a manifest puts on packages: a bump that leaves one of them behind breaks the next build of
//! whoever wrote it. Each text is parsed once, and everything in it is given.
//!
//! It reads and says where. Whether a requirement admits a version, and what it becomes, other files say; whether a
//! package belongs to the repository, the caller knows. Of Cargo's `[patch]` only folders are read. Not read are npm's
//! `overrides`, and the dependencies of charts, which are YAML.

pub mod admits;
pub mod masterminds;
pub mod moved;
pub mod npm;
pub mod python;
mod ranges;
pub mod requirement;

use crate::requirements::requirement::Requirement;
use crate::requirements::requirement::RequirementKind;
use crate::requirements::requirement::members;
use crate::requirements::requirement::quoted;
use crate::requirements::requirement::string;

use monorelease_text_edits::error::EditError;
use monorelease_text_edits::splice::Lines;
use monorelease_text_edits::toml;
use toml_edit::{Document, Item};

/// The tables of dependencies, at the top of a Cargo manifest and below `target.*`. The two with an underscore are
/// old spellings that Cargo reads up to edition 2021.
const CARGO_TABLES: [&str; 5] = [
    "dependencies",
    "dev-dependencies",
    "dev_dependencies",
    "build-dependencies",
    "build_dependencies",
];

/// Every requirement that a manifest puts on a package, in order of the text: a Cargo.toml, a pyproject.toml (for
/// [`RequirementKind::Python`] and [`RequirementKind::Poetry`] alike, of both kinds), or a package.json.
/// Entries that want no version are none: `{ workspace = true }`, a URL, `workspace:*`, `*`.
///
/// # Errors
/// The text is not TOML or JSON, or a requirement is not written as characters that could be replaced. A chart's
/// dependencies are not read here.
pub fn requirements(kind: RequirementKind, text: &str) -> Result<Vec<Requirement>, EditError> {
    let mut requirements = match kind {
        RequirementKind::Cargo => return cargo(&toml::parse(text, "dependencies")?),
        RequirementKind::Python | RequirementKind::Poetry => {
            return python::pyproject(&toml::parse(text, "project.dependencies")?);
        }
        RequirementKind::Npm => npm::package(text)?,
        RequirementKind::Chart => {
            let why = "a chart is YAML, and has a reader of its own".to_owned();
            return Err(EditError::Unreadable {
                key: "dependencies".to_owned(),
                why,
                line: None,
            });
        }
    };
    requirements.sort_by_key(|requirement| requirement.span.start);
    Ok(requirements)
}

/// As [`requirements`], of a Cargo.toml that is parsed already.
///
/// # Errors
/// A requirement is not written as characters that could be replaced.
pub fn cargo<S: AsRef<str>>(document: &Document<S>) -> Result<Vec<Requirement>, EditError> {
    let text = document.raw();
    let lines = Lines::of(text);
    let mut requirements = Vec::new();
    for (table, entries) in cargo_tables(document.as_item()) {
        for (name, entry) in members(entries) {
            // The short form is a string, the long one a table; anything else is no dependency that Cargo would read.
            let (key, version, fields) = match entry.as_table_like() {
                Some(fields) => (
                    format!("{table}.{}.version", quoted(name)),
                    fields.get("version"),
                    Some(fields),
                ),
                None => (
                    format!("{table}.{}", quoted(name)),
                    entry.as_str().map(|_| entry),
                    None,
                ),
            };
            let Some(version) = version else {
                continue;
            };
            let span = toml::string_span(text, version, &key)?;
            let field = |of: &str| fields.and_then(|fields| string(fields, of));
            requirements.push(Requirement {
                kind: RequirementKind::Cargo,
                package: field("package").unwrap_or_else(|| name.to_owned()),
                path: field("path"),
                is_linked: field("path").is_some(),
                key,
                text: text[span.clone()].to_owned(),
                line: lines.at(span.start),
                span,
            });
        }
    }
    requirements.sort_by_key(|requirement| requirement.span.start);
    Ok(requirements)
}

/// The tables of a Cargo manifest that hold dependencies, each with its key.
fn cargo_tables(root: &Item) -> Vec<(String, &Item)> {
    let below = |prefix: String, item| {
        let found = CARGO_TABLES
            .iter()
            .filter_map(move |name| Some((format!("{prefix}{name}"), toml::find(item, &[name])?)));
        found.collect::<Vec<_>>()
    };
    let mut tables = below(String::new(), root);
    if let Some(targets) = toml::find(root, &["target"]) {
        tables.extend(
            members(targets)
                .flat_map(|(target, item)| below(format!("target.{}.", quoted(target)), item)),
        );
    }
    let shared = toml::find(root, &["workspace", "dependencies"]);
    tables.extend(shared.map(|item| ("workspace.dependencies".to_owned(), item)));
    tables
}

/// A crate that a Cargo manifest takes from a folder, with a version or without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CargoFolder {
    /// The crate's real name.
    pub package: String,
    /// The folder as it is written: relative to the manifest's own.
    pub path: String,
    /// Whether it stands in for a published crate: `[patch.crates-io]`.
    pub is_patch: bool,
}

/// Every crate that a Cargo manifest takes from a folder.
pub fn cargo_folders<S>(document: &Document<S>) -> Vec<CargoFolder> {
    let root = document.as_item();
    let tables = cargo_tables(root)
        .into_iter()
        .map(|(_, table)| (table, false));
    let patches = toml::find(root, &["patch"])
        .into_iter()
        .flat_map(members)
        .map(|(_, table)| (table, true));
    let entries = tables
        .chain(patches)
        .flat_map(|(table, is_patch)| members(table).map(move |entry| (entry, is_patch)));
    let folders = entries.filter_map(|((name, entry), is_patch)| {
        let fields = entry.as_table_like()?;
        let package = string(fields, "package").unwrap_or_else(|| name.to_owned());
        Some(CargoFolder {
            package,
            path: string(fields, "path")?,
            is_patch,
        })
    });
    folders.collect()
}

#[cfg(test)]
mod tests;
