//! What lock files say about packages of the same repository: the entries that tools would rewrite after a bump, and
//! complain about under `--locked` if nobody did. A lock is parsed once, and all of its local packages are given.
//!
//! Entries move, but are not put in order again: the tools compare what a lock says, not how it is sorted.
//! Not read are pnpm-lock.yaml and yarn.lock.

pub mod graph;
pub mod lock_file;
mod npm;
mod poetry;
mod uv;

use crate::locks::lock_file::LockFile;
use crate::locks::lock_file::LockKind;
use crate::locks::lock_file::LockedPackage;
use crate::locks::lock_file::line_of;
use crate::locks::lock_file::own_version;
use crate::locks::lock_file::packages;
use std::collections::HashMap;

use monorelease_model::version::Spelling;
use monorelease_text_edits::error::EditError;
use monorelease_text_edits::splice::Lines;
use monorelease_text_edits::toml;
use toml_edit::Item;

use crate::locations::located::Located;
use crate::requirements::requirement::string;

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

#[cfg(test)]
mod tests;
