//! What lock files say about packages of the same repository: the entries that tools would rewrite after a bump, and
//! complain about under `--locked` if nobody did. A lock is parsed once, and all of its local packages are given.
//!
//! Entries move, but are not put in order again: the tools compare what a lock says, not how it is sorted.
//! Not read are pnpm-lock.yaml and yarn.lock.

pub mod graph;
mod npm;
mod poetry;
mod uv;

use std::collections::{BTreeSet, HashMap};

use monorelease_model::version::Spelling;
use monorelease_text_edits::error::EditError;
use monorelease_text_edits::splice::Lines;
use monorelease_text_edits::toml;
use toml_edit::{Item, TableLike, Value};

use crate::locations::Located;
use crate::requirements::{Requirement, string};

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

/// Reads a lock file.
///
/// # Errors
/// The text is not such a lock file, or a local package's version is not a plain string.
pub fn read_lock(kind: LockKind, text: &str) -> Result<LockFile, EditError> {
    match kind {
        LockKind::Cargo => cargo(text),
        LockKind::Uv => uv::read(text),
        LockKind::Npm => npm::read(text),
        LockKind::Poetry => poetry::read(text),
    }
}

/// Cargo.lock: the entries without a `source`, and mentions of them that carry their version.
fn cargo(text: &str) -> Result<LockFile, EditError> {
    let document = toml::parse(text, "package")?;
    let lines = Lines::of(text);
    let entries = packages(document.as_item());
    let mut lock = LockFile::default();
    for entry in &entries {
        let Some(name) = string(*entry, "name") else {
            continue;
        };
        if entry.get("source").is_some() {
            lock.foreign_versions
                .extend(string(*entry, "version").map(|version| (name.clone(), version)));
            lock.foreign.insert(name);
            continue;
        }
        let versions = own_version(text, *entry, &name, Spelling::SemVer)?;
        lock.packages.push(LockedPackage {
            line: line_of(*entry, &lines),
            name,
            folder: None,
            versions,
            ambiguous: false,
        });
    }
    let mut known: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, package) in lock.packages.iter().enumerate() {
        known.entry(package.name.clone()).or_default().push(index);
    }
    for entry in &entries {
        let of = string(*entry, "name").unwrap_or_default();
        for mention in entry
            .get("dependencies")
            .and_then(Item::as_array)
            .into_iter()
            .flatten()
        {
            // A dependency is named with its version only where another package has its name too, and a package from a
            // registry has its source behind that when the versions are the same as well.
            let parts = mention
                .as_str()
                .and_then(|said| said.split_once(' '))
                .filter(|(_, version)| !version.contains(' '));
            let Some((name, version)) = parts else {
                continue;
            };
            for &index in known.get(name).into_iter().flatten() {
                let package = &mut lock.packages[index];
                if package
                    .versions
                    .first()
                    .is_some_and(|own| own.text == version)
                {
                    let key = format!("package[name={of}].dependencies[{name}]");
                    let whole = toml::value_span(text, mention, &key)?;
                    let span = whole.start + name.len() + 1..whole.end;
                    package
                        .versions
                        .push(Located::new(text, span, &key, Spelling::SemVer));
                }
            }
        }
    }
    for index in known
        .into_values()
        .filter(|twins| twins.len() > 1)
        .flatten()
    {
        lock.packages[index].ambiguous = true;
    }
    Ok(lock)
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

#[cfg(test)]
mod tests;
