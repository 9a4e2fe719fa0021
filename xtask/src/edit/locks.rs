//! A project's own entries in lock files: those that tools would rewrite after a bump, and complain about under
//! `--locked` if nobody did. They are found by package name, never by the old version's text, so that a
//! registry package of the same name or the same version is left alone.
//!
//! Entries move, but are not put in order again: the tools compare what a lock says, not how it is sorted.

use toml_edit::{Array, Item, TableLike, Value};

use super::{EditError, Located, json, line_at, toml};
use crate::model::version::Spelling;

/// Whose lock file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockKind {
    /// Cargo.lock.
    Cargo,
    /// uv.lock.
    Uv,
    /// package-lock.json.
    Npm,
}

/// Every place where a lock file says the version of the local package `package`. None, when the lock does not have it,
/// or has it without a version (uv leaves a dynamic one out). A lock that never says the name is not parsed: of many
/// projects and many locks, most pairs have nothing to do with each other.
///
/// # Errors
/// The text is not such a lock file, or has two local packages of the name.
pub fn lock_entries(kind: LockKind, text: &str, package: &str) -> Result<Vec<Located>, EditError> {
    // uv writes every name as PEP 503 compares them; Cargo and npm write them as they are.
    let package = match kind {
        LockKind::Uv => normalised(package),
        LockKind::Cargo | LockKind::Npm => package.to_owned(),
    };
    if !text.contains(&package) {
        return Ok(Vec::new());
    }
    match kind {
        LockKind::Cargo => cargo(text, &package),
        LockKind::Uv => uv(text, &package),
        LockKind::Npm => npm(text, &package),
    }
}

/// Cargo.lock: the entry without a `source`, and mentions of it that carry its version.
fn cargo(text: &str, package: &str) -> Result<Vec<Located>, EditError> {
    let key = format!("package[name={package}].version");
    let document = toml::parse(text, &key)?;
    let entries = packages(document.as_item());
    let own = |entry: &&dyn TableLike| name_of(*entry) == Some(package) && entry.get("source").is_none();
    let Some(entry) = single(text, &key, entries.iter().copied().filter(own))? else {
        return Ok(Vec::new());
    };
    let Some(version) = entry.get("version") else {
        return Ok(Vec::new());
    };
    let span = toml::string_span(text, version, &key)?;
    let mut located = vec![Located::new(text, span, &key, Spelling::SemVer)];
    // A dependency is named with its version only where another package has its name too, and a package from a
    // registry has its source behind that when the versions are the same as well.
    let mention = format!("{package} {}", located[0].text);
    for entry in &entries {
        let Some(dependencies) = entry.get("dependencies").and_then(Item::as_array) else {
            continue;
        };
        for value in dependencies.iter().filter(|v| v.as_str() == Some(&mention)) {
            let of = name_of(*entry).unwrap_or_default();
            let key = format!("package[name={of}].dependencies[{package}]");
            let whole = toml::value_span(text, value, &key)?;
            let span = whole.start + package.len() + 1..whole.end;
            located.push(Located::new(text, span, &key, Spelling::SemVer));
        }
    }
    Ok(located)
}

/// uv.lock: the entry whose source is a folder, and mentions of it that carry its version.
fn uv(text: &str, package: &str) -> Result<Vec<Located>, EditError> {
    let key = format!("package[name={package}].version");
    let document = toml::parse(text, &key)?;
    let entries = packages(document.as_item());
    let own = |entry: &dyn TableLike| name_of(entry) == Some(package) && is_folder(entry);
    let found = entries.iter().copied().filter(|entry| own(*entry));
    let Some(entry) = single(text, &key, found)? else {
        return Ok(Vec::new());
    };
    let mut located = Vec::new();
    if let Some(version) = entry.get("version") {
        let span = toml::string_span(text, version, &key)?;
        located.push(Located::new(text, span, &key, Spelling::Pep440));
    }
    for entry in &entries {
        let of = name_of(*entry).unwrap_or_default();
        for (group, list) in dependency_lists(*entry) {
            let tables = list.iter().filter_map(Value::as_inline_table);
            for mention in tables.filter(|table| own(*table)) {
                let Some(version) = mention.get("version") else {
                    continue;
                };
                let key = format!("package[name={of}].{group}[{package}].version");
                let span = toml::value_span(text, version, &key)?;
                located.push(Located::new(text, span, &key, Spelling::Pep440));
            }
        }
    }
    Ok(located)
}

/// package-lock.json: the version at the top, and the entries of `packages` that are folders of the repository.
fn npm(text: &str, package: &str) -> Result<Vec<Located>, EditError> {
    let root = json::parse(text, "version")?;
    let mut located = Vec::new();
    let mut take = |node: &json::Node, key: &str| -> Result<(), EditError> {
        for version in node.children("version") {
            let span = json::string_span(text, version, key)?;
            located.push(Located::new(text, span, key, Spelling::SemVer));
        }
        Ok(())
    };
    let named = |node: &json::Node| {
        let names = node.children("name");
        let spans = names.iter().map(|name| &text[name.span.clone()]);
        // npm writes a package's name without escapes.
        spans.into_iter().any(|raw| raw.trim_matches('"') == package)
    };
    if named(&root) {
        take(&root, "version")?;
    }
    for packages in root.children("packages") {
        let json::Value::Object(members) = &packages.value else {
            continue;
        };
        for (folder, node) in members {
            // Under node_modules stands what was installed: a link to a folder has no version of its own there.
            let installed = folder.split('/').any(|part| part == "node_modules");
            let called = named(node) || unnamed_folder_is(folder, node, package);
            if !installed && called {
                take(node, &format!("packages[{folder}].version"))?;
            }
        }
    }
    Ok(located)
}

/// npm leaves the name out where it is the folder's own.
fn unnamed_folder_is(folder: &str, node: &json::Node, package: &str) -> bool {
    let unnamed = node.children("name").is_empty();
    unnamed && !folder.is_empty() && folder.rsplit('/').next() == Some(package)
}

/// The `[[package]]` tables, however they are written.
fn packages(root: &Item) -> Vec<&dyn TableLike> {
    match root.get("package") {
        Some(Item::ArrayOfTables(tables)) => tables.iter().map(|t| t as &dyn TableLike).collect(),
        Some(Item::Value(Value::Array(tables))) => {
            tables.iter().filter_map(|value| value.as_inline_table()).map(|t| t as &dyn TableLike).collect()
        }
        _ => Vec::new(),
    }
}

fn name_of(entry: &dyn TableLike) -> Option<&str> {
    entry.get("name")?.as_str()
}

/// Two local packages of one name: which of them is the project, its name does not say.
fn single<'e>(text: &str, key: &str, entries: impl Iterator<Item = &'e dyn TableLike>) -> Result<Option<&'e dyn TableLike>, EditError> {
    let entries: Vec<_> = entries.collect();
    if entries.len() < 2 {
        return Ok(entries.first().copied());
    }
    let names = entries.iter().filter_map(|entry| entry.get("name")?.span());
    Err(EditError::Doubled { key: key.to_owned(), lines: names.map(|span| line_at(text, span.start)).collect() })
}

/// Whether uv took the package from a folder: `registry`, `git`, `url` and `path` (an archive) are other people's bytes.
fn is_folder(entry: &dyn TableLike) -> bool {
    let source = entry.get("source").and_then(Item::as_table_like);
    source.is_some_and(|source| {
        let kinds = ["editable", "virtual", "directory"];
        kinds.iter().any(|kind| source.contains_key(kind))
    })
}

/// `dependencies`, and every list of `optional-dependencies` and `dev-dependencies`, with what to call them.
fn dependency_lists(entry: &dyn TableLike) -> Vec<(String, &Array)> {
    let mut lists = Vec::new();
    if let Some(list) = entry.get("dependencies").and_then(Item::as_array) {
        lists.push(("dependencies".to_owned(), list));
    }
    for group in ["optional-dependencies", "dev-dependencies"] {
        let Some(table) = entry.get(group).and_then(Item::as_table_like) else {
            continue;
        };
        let named = table.iter();
        lists.extend(named.filter_map(|(name, list)| Some((format!("{group}.{name}"), list.as_array()?))));
    }
    lists
}

/// A package name as PEP 503 compares it: lower case, and each run of `-`, `_` and `.` one `-`.
pub(super) fn normalised(name: &str) -> String {
    let words = name.split(['-', '_', '.']).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

#[cfg(test)]
#[path = "locks_tests.rs"]
mod tests;
