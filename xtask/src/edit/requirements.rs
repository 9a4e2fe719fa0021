//! Which version requirements a manifest puts on a package of the same repository, and whether they still admit a
//! version: a bump that leaves one of them behind breaks the next build of whoever wrote it.
//!
//! It reads and judges. It does not change a requirement or propose another, and it does not follow paths: whether a
//! package belongs to the repository, the caller knows. Not read are Cargo's `[patch]`, the tables of Poetry and uv,
//! and `build-system.requires`.

use std::str::FromStr;

use pep440_rs::VersionSpecifiers;
use toml_edit::{Array, Item, Key};

use super::locks::normalised;
use super::{EditError, line_at, toml};
use crate::model::version::Version;

/// The tables of dependencies, at the top of a Cargo manifest and below `target.*`. The two with an underscore are
/// old spellings that Cargo reads up to edition 2021.
const CARGO_TABLES: [&str; 5] = ["dependencies", "dev-dependencies", "dev_dependencies", "build-dependencies", "build_dependencies"];

/// A version requirement that a manifest puts on a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// Where it stands, in the manifest's own terms: `dependencies.a.version`, `project.dependencies[2]` (from 0).
    pub key: String,
    /// The requirement alone, as it is written: `0.1.0`, `>=0.3,<0.4`. No name, extras, parentheses or marker.
    pub text: String,
    /// The line in which it stands, counted from 1.
    pub line: usize,
}

/// Whose rules a requirement follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequirementKind {
    /// Cargo's: a bare `0.1.0` means `^0.1.0`.
    Cargo,
    /// PEP 440's version specifiers: `>=0.3,<0.4`.
    Python,
}

/// The requirements of a Cargo.toml on `package`, called by its name or renamed by `package = "…"`, in order of lines:
/// of all tables of dependencies, those entries that have both `path` and `version`. Without a path a published
/// package is wanted, and without a version Cargo takes whatever the folder says.
///
/// A text that nowhere says the name is not parsed.
///
/// # Errors
/// The text is not TOML, or the version of such an entry is not a plain string.
pub fn cargo_requirements(text: &str, package: &str) -> Result<Vec<Requirement>, EditError> {
    if !text.contains(package) {
        return Ok(Vec::new());
    }
    let document = toml::parse(text, "dependencies")?;
    let mut requirements = Vec::new();
    for (table, entries) in cargo_tables(document.as_item()) {
        for (name, entry) in members(entries) {
            let called = toml::find(entry, &["package"]).and_then(Item::as_str).unwrap_or(name);
            let path = toml::find(entry, &["path"]);
            let (Some(_), Some(version)) = (path, toml::find(entry, &["version"])) else {
                continue;
            };
            if called != package {
                continue;
            }
            let key = format!("{table}.{}.version", quoted(name));
            let span = toml::string_span(text, version, &key)?;
            requirements.push(Requirement { line: line_at(text, span.start), text: text[span].to_owned(), key });
        }
    }
    requirements.sort_by_key(|requirement| requirement.line);
    Ok(requirements)
}

/// The requirements of a pyproject.toml on `package`, in order of lines: entries of `project.dependencies`,
/// `project.optional-dependencies.*` and `dependency-groups.*` that give it version specifiers. Names are compared as
/// PEP 503 says. An entry that wants no version, wants a URL, or cannot be read as PEP 508 text yields nothing.
///
/// A text that cannot hold the name is not parsed.
///
/// # Errors
/// The text is not TOML.
pub fn pyproject_requirements(text: &str, package: &str) -> Result<Vec<Requirement>, EditError> {
    let package = normalised(package);
    if !may_name(text, &package) {
        return Ok(Vec::new());
    }
    let document = toml::parse(text, "project.dependencies")?;
    let mut requirements = Vec::new();
    for (list, entries) in python_lists(document.as_item()) {
        for (index, entry) in entries.iter().enumerate() {
            // Not every entry is a string: `{ include-group = "test" }`. A string may well hold escapes, of the quotes
            // in a marker, so that its value counts and not its characters.
            let Some(specifiers) = entry.as_str().and_then(|entry| specifiers_on(entry, &package)) else {
                continue;
            };
            let line = line_at(text, entry.span().unwrap_or(0..0).start);
            requirements.push(Requirement { key: format!("{list}[{index}]"), text: specifiers.to_owned(), line });
        }
    }
    requirements.sort_by_key(|requirement| requirement.line);
    Ok(requirements)
}

/// Whether the requirement admits the version, by the rules of the tool that will read it. They differ about
/// prereleases: Cargo admits one only to a requirement that names a prerelease of the same X.Y.Z; of Python's rules
/// only those of comparison are asked (`>=0.1` admits `0.2.0rc1`), not an installer's choice to pass prereleases over.
///
/// # Errors
/// The requirement cannot be read, or the version has no PEP 440 spelling.
pub fn admits(kind: RequirementKind, requirement: &str, version: &Version) -> Result<bool, EditError> {
    let unreadable = |key: String, why: String| EditError::Unreadable { key, why, line: None };
    let refused = |why: &str, wanted: &str| unreadable(format!("the requirement `{requirement}`"), format!("{why}; wanted {wanted}"));
    match kind {
        RequirementKind::Cargo => {
            let wanted = "a requirement of Cargo, such as 0.3.0 or >=0.3, <0.4";
            let read = semver::VersionReq::parse(requirement).map_err(|error| refused(&error.to_string(), wanted))?;
            Ok(read.matches(version.as_semver()))
        }
        RequirementKind::Python => {
            let wanted = "version specifiers of PEP 440, such as >=0.3,<0.4";
            let read = VersionSpecifiers::from_str(requirement).map_err(|error| {
                // The fault is in the first of several lines; the others draw an arrow under it.
                let why = error.to_string();
                refused(why.lines().next().unwrap_or("unknown reason").trim_end_matches(':'), wanted)
            })?;
            let unspelled = |why: String| unreadable(format!("the PEP 440 spelling of {version}"), why);
            let spelled = version.to_pep440().map_err(|error| unspelled(error.to_string()))?;
            let spelled = pep440_rs::Version::from_str(&spelled).map_err(|error| unspelled(error.to_string()))?;
            Ok(read.contains(&spelled))
        }
    }
}

/// The tables of a Cargo manifest that hold dependencies, each with its key.
fn cargo_tables(root: &Item) -> Vec<(String, &Item)> {
    let below = |prefix: String, item| {
        let found = CARGO_TABLES.iter().filter_map(move |name| Some((format!("{prefix}{name}"), toml::find(item, &[name])?)));
        found.collect::<Vec<_>>()
    };
    let mut tables = below(String::new(), root);
    if let Some(targets) = toml::find(root, &["target"]) {
        tables.extend(members(targets).flat_map(|(target, item)| below(format!("target.{}.", quoted(target)), item)));
    }
    let shared = toml::find(root, &["workspace", "dependencies"]);
    tables.extend(shared.map(|item| ("workspace.dependencies".to_owned(), item)));
    tables
}

/// The arrays of a pyproject.toml that hold PEP 508 texts, each with its key.
fn python_lists(root: &Item) -> Vec<(String, &Array)> {
    let mut lists = Vec::new();
    let dependencies = toml::find(root, &["project", "dependencies"]).and_then(Item::as_array);
    lists.extend(dependencies.map(|list| ("project.dependencies".to_owned(), list)));
    for path in [&["project", "optional-dependencies"][..], &["dependency-groups"]] {
        let Some(groups) = toml::find(root, path) else {
            continue;
        };
        let named = members(groups).filter_map(|(name, list)| Some((name, list.as_array()?)));
        lists.extend(named.map(|(name, list)| (format!("{}.{}", path.join("."), quoted(name)), list)));
    }
    lists
}

/// What stands in a table, of whichever spelling; nothing, if it is none.
fn members(item: &Item) -> impl Iterator<Item = (&str, &Item)> {
    item.as_table_like().into_iter().flat_map(|table| table.iter())
}

/// A key as TOML wants it written: `a`, `"cfg(unix)"`.
fn quoted(key: &str) -> String {
    Key::new(key).display_repr().into_owned()
}

/// The version specifiers of a PEP 508 text, if it is one on the package, and they can be read.
fn specifiers_on<'t>(entry: &'t str, package: &str) -> Option<&'t str> {
    let entry = entry.trim();
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let (name, rest) = entry.split_at(entry.find(|c| !is_name(c)).unwrap_or(entry.len()));
    // `-a` and `a.` are no names, though they normalise to one.
    let whole = [name.chars().next()?, name.chars().next_back()?].iter().all(char::is_ascii_alphanumeric);
    if !whole || normalised(name) != package {
        return None;
    }
    let rest = rest.trim_start();
    let rest = match rest.strip_prefix('[') {
        Some(extras) => extras.split_once(']')?.1,
        None => rest,
    };
    // A URL begins with `@` here, which no specifier does; a `;` in it is thus none of our business.
    let specifiers = rest.split(';').next()?.trim();
    let inner = specifiers.strip_prefix('(').and_then(|open| open.strip_suffix(')'));
    let specifiers = inner.unwrap_or(specifiers).trim();
    let read = VersionSpecifiers::from_str(specifiers).ok()?;
    (!read.is_empty()).then_some(specifiers)
}

/// Whether the text can hold the normalised name in any of its spellings. All of them share the words between
/// the separators, and looking for these is much cheaper than to normalise a text.
fn may_name(text: &str, package: &str) -> bool {
    let text = text.to_ascii_lowercase();
    package.split('-').all(|word| text.contains(word))
}

#[cfg(test)]
#[path = "requirements_tests.rs"]
mod tests;
