//! uv.lock: packages that uv takes from folders, mentions of them that carry their version, and the specifiers it copies
//! from their pyproject.toml.
//!
//! It does not read what uv resolved for packages of other people.

use std::collections::HashMap;

use monorelease_model::version::Spelling;
use monorelease_text_edits::error::EditError;
use monorelease_text_edits::splice::Lines;
use monorelease_text_edits::toml;
use toml_edit::{Array, Item, TableLike, Value};

use crate::locations::located::Located;
use crate::locks::lock_file::LockFile;
use crate::locks::lock_file::LockedPackage;
use crate::locks::lock_file::LockedRequirement;
use crate::locks::lock_file::line_of;
use crate::locks::lock_file::own_version;
use crate::locks::lock_file::packages;
use crate::requirements::requirement::Requirement;
use crate::requirements::requirement::RequirementKind;
use crate::requirements::requirement::members;
use crate::requirements::requirement::quoted;
use crate::requirements::requirement::string;
use monorelease_model::distribution::normalised;

/// How uv says that a package is a folder: `registry`, `git`, `url` and `path` (an archive) are other people's bytes.
const FOLDERS: [&str; 3] = ["editable", "virtual", "directory"];

/// Where a local package stands in [`LockFile::packages`], by name and folder.
type Known = HashMap<(String, String), usize>;

pub(super) fn read(text: &str) -> Result<LockFile, EditError> {
    let document = toml::parse(text, "package")?;
    let lines = Lines::of(text);
    let entries = packages(document.as_item());
    let mut lock = LockFile::default();
    let mut known = Known::new();
    for entry in &entries {
        // uv writes every name as PEP 503 compares them, but a lock may have been merged by hand.
        let Some(name) = string(*entry, "name").map(|name| normalised(&name)) else {
            continue;
        };
        let Some(folder) = source(*entry) else {
            lock.foreign.insert(name);
            continue;
        };
        let versions = own_version(text, *entry, &name, Spelling::Pep440)?;
        copied(text, *entry, (&name, &folder), &lines, &mut lock)?;
        let twin = known.insert((name.clone(), folder.clone()), lock.packages.len());
        let line = line_of(*entry, &lines);
        lock.packages.push(LockedPackage {
            name,
            folder: Some(folder),
            versions,
            line,
            ambiguous: twin.is_some(),
        });
        if let Some(twin) = twin {
            lock.packages[twin].ambiguous = true;
        }
    }
    // A workspace whose root is no project has its groups here; it has no name, and lies where the lock does.
    let groups = toml::find(document.as_item(), &["manifest", "dependency-groups"]);
    grouped(
        text,
        groups,
        ("", "."),
        "manifest.dependency-groups",
        &lines,
        &mut lock,
    )?;
    for entry in &entries {
        mentions(text, *entry, &known, &mut lock)?;
    }
    Ok(lock)
}

/// Adds the places where the dependencies of an entry say the version of a local package.
fn mentions(
    text: &str,
    entry: &dyn TableLike,
    known: &Known,
    lock: &mut LockFile,
) -> Result<(), EditError> {
    let of = string(entry, "name").unwrap_or_default();
    for (group, list) in dependency_lists(entry) {
        for mention in list.iter().filter_map(Value::as_inline_table) {
            let named = string(mention, "name")
                .map(|name| normalised(&name))
                .zip(source(mention));
            let (Some(index), Some(version)) = (
                named.and_then(|named| known.get(&named)),
                mention.get("version"),
            ) else {
                continue;
            };
            let package = &mut lock.packages[*index];
            let key = format!("package[name={of}].{group}[{}].version", package.name);
            let span = toml::value_span(text, version, &key)?;
            package
                .versions
                .push(Located::new(text, span, &key, Spelling::Pep440));
        }
    }
    Ok(())
}

/// Adds the requirements that the entry of a local package copies from its manifest.
fn copied(
    text: &str,
    entry: &dyn TableLike,
    of: (&str, &str),
    lines: &Lines,
    lock: &mut LockFile,
) -> Result<(), EditError> {
    let Some(metadata) = entry.get("metadata") else {
        return Ok(());
    };
    let prefix = format!("package[name={}].metadata.requires-", of.0);
    if let Some(list) = toml::find(metadata, &["requires-dist"]).and_then(Item::as_array) {
        lock.requirements
            .extend(specifiers(text, list, of, &format!("{prefix}dist"), lines)?);
    }
    let groups = toml::find(metadata, &["requires-dev"]);
    grouped(text, groups, of, &format!("{prefix}dev"), lines, lock)
}

/// Adds the requirements that stand in groups.
fn grouped(
    text: &str,
    groups: Option<&Item>,
    of: (&str, &str),
    prefix: &str,
    lines: &Lines,
    lock: &mut LockFile,
) -> Result<(), EditError> {
    for (group, list) in groups.into_iter().flat_map(members) {
        if let Some(list) = list.as_array() {
            lock.requirements.extend(specifiers(
                text,
                list,
                of,
                &format!("{prefix}.{}", quoted(group)),
                lines,
            )?);
        }
    }
    Ok(())
}

/// The requirements of one list that have specifiers. uv leaves these out where it takes the package from a folder.
fn specifiers(
    text: &str,
    list: &Array,
    (of, folder): (&str, &str),
    key: &str,
    lines: &Lines,
) -> Result<Vec<LockedRequirement>, EditError> {
    let mut requirements = Vec::new();
    for required in list.iter().filter_map(Value::as_inline_table) {
        let (Some(name), Some(specifier)) = (string(required, "name"), required.get("specifier"))
        else {
            continue;
        };
        let package = normalised(&name);
        let key = format!("{key}[{package}].specifier");
        let span = toml::value_span(text, specifier, &key)?;
        let path = FOLDERS.iter().find_map(|kind| string(required, kind));
        let text = text[span.clone()].to_owned();
        let line = lines.at(span.start);
        let requirement = Requirement {
            is_linked: false,
            kind: RequirementKind::Python,
            package,
            path,
            key,
            text,
            line,
            span,
        };
        requirements.push(LockedRequirement {
            of: of.to_owned(),
            of_folder: Some(folder.to_owned()),
            requirement,
        });
    }
    Ok(requirements)
}

/// The folder that uv took a package from, if it was one.
pub(super) fn source(entry: &dyn TableLike) -> Option<String> {
    let source = entry.get("source")?.as_table_like()?;
    FOLDERS.iter().find_map(|kind| string(source, kind))
}

/// `dependencies`, and every list of `optional-dependencies` and `dev-dependencies`, with what to call them.
pub(super) fn dependency_lists(entry: &dyn TableLike) -> Vec<(String, &Array)> {
    let mut lists = Vec::new();
    if let Some(list) = entry.get("dependencies").and_then(Item::as_array) {
        lists.push(("dependencies".to_owned(), list));
    }
    for group in ["optional-dependencies", "dev-dependencies"] {
        let Some(table) = entry.get(group).and_then(Item::as_table_like) else {
            continue;
        };
        let named = table.iter();
        lists.extend(
            named.filter_map(|(name, list)| Some((format!("{group}.{name}"), list.as_array()?))),
        );
    }
    lists
}

#[cfg(test)]
mod tests;
