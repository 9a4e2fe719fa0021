//! Requirements of pyproject.toml: the PEP 508 texts that the standards and uv keep in lists, and Poetry's own tables.
//!
//! `pep440_rs` judges versions. Of PEP 508 only the name and the position of the specifiers are read here (law 2); `pep508_rs`
//! gives no positions, for 35 crates more.
//!
//! An entry that wants no version, wants a URL, or cannot be read as PEP 508 text requires nothing. Where uv is told in
//! which folder a package lies, the requirement says so; Poetry says it in the entry itself.

use std::collections::HashMap;
use std::ops::Range;
use std::str::FromStr;

use monorelease_model::distribution::normalised;
use monorelease_text_edits::error::EditError;
use monorelease_text_edits::splice::Lines;
use monorelease_text_edits::toml;
use pep440_rs::VersionSpecifiers;
use toml_edit::{Array, Document, Item, TableLike, Value};

use crate::requirements::requirement::Requirement;
use crate::requirements::requirement::RequirementKind;
use crate::requirements::requirement::members;
use crate::requirements::requirement::quoted;
use crate::requirements::requirement::string;

/// Every requirement of a pyproject.toml, of both kinds, in order of the text.
///
/// # Errors
/// A requirement is not written as characters that could be replaced.
pub fn pyproject<S: AsRef<str>>(document: &Document<S>) -> Result<Vec<Requirement>, EditError> {
    let text = document.raw();
    let root = document.as_item();
    let lines = Lines::of(text);
    let sources = uv_sources(root);
    let mut requirements = Vec::new();
    for (list, entries) in lists(root) {
        for (index, entry) in entries.iter().enumerate() {
            // Not every entry is a string: `{ include-group = "test" }`. A string may well hold escapes, of the quotes
            // in a marker, so that its value counts and not its characters.
            let Some((package, part)) = entry.as_str().and_then(specifiers) else {
                continue;
            };
            let key = format!("{list}[{index}]");
            let span = toml::part_span(text, entry, part, &key)?;
            let source = sources.get(&package);
            let is_linked = source.is_some();
            let path = source.cloned().flatten();
            requirements.push(requirement(
                RequirementKind::Python,
                package,
                (path, is_linked),
                key,
                text,
                span,
                &lines,
            ));
        }
    }
    for (table, entries) in poetry_tables(root) {
        for (name, entry) in members(entries).filter(|(name, _)| *name != "python") {
            for (key, version, path) in poetry_versions(&format!("{table}.{}", quoted(name)), entry)
            {
                if version
                    .as_str()
                    .is_some_and(|version| version.trim() == "*")
                {
                    continue;
                }
                let span = toml::value_span(text, version, &key)?;
                requirements.push(requirement(
                    RequirementKind::Poetry,
                    normalised(name),
                    (path.clone(), path.is_some()),
                    key,
                    text,
                    span,
                    &lines,
                ));
            }
        }
    }
    requirements.sort_by_key(|requirement| requirement.span.start);
    Ok(requirements)
}

fn requirement(
    kind: RequirementKind,
    package: String,
    (path, is_linked): (Option<String>, bool),
    key: String,
    text: &str,
    span: Range<usize>,
    lines: &Lines,
) -> Requirement {
    Requirement {
        kind,
        package,
        path,
        is_linked,
        key,
        text: text[span.clone()].to_owned(),
        line: lines.at(span.start),
        span,
    }
}

/// The arrays of a pyproject.toml that hold PEP 508 texts, each with its key.
fn lists(root: &Item) -> Vec<(String, &Array)> {
    let mut lists = Vec::new();
    for path in [
        &["project", "dependencies"][..],
        &["build-system", "requires"],
        &["tool", "uv", "dev-dependencies"],
    ] {
        let list = toml::find(root, path).and_then(Item::as_array);
        lists.extend(list.map(|list| (path.join("."), list)));
    }
    for path in [
        &["project", "optional-dependencies"][..],
        &["dependency-groups"],
    ] {
        let Some(groups) = toml::find(root, path) else {
            continue;
        };
        let named = members(groups).filter_map(|(name, list)| Some((name, list.as_array()?)));
        lists.extend(
            named.map(|(name, list)| (format!("{}.{}", path.join("."), quoted(name)), list)),
        );
    }
    lists
}

/// Where uv is told to find packages of this repository: in a folder, or, without one, in the workspace. A package may have
/// several sources, for several platforms; a folder is a folder.
fn uv_sources(root: &Item) -> HashMap<String, Option<String>> {
    let mut sources = HashMap::new();
    for (name, source) in toml::find(root, &["tool", "uv", "sources"])
        .into_iter()
        .flat_map(members)
    {
        let several = source
            .as_array()
            .into_iter()
            .flat_map(Array::iter)
            .filter_map(Value::as_inline_table);
        let tables = source
            .as_table_like()
            .into_iter()
            .chain(several.map(|table| table as &dyn TableLike));
        for table in tables {
            let folder = string(table, "path");
            let is_member = table.get("workspace").and_then(Item::as_bool) == Some(true);
            if folder.is_some() || is_member {
                let known = sources.entry(normalised(name)).or_insert(None);
                *known = known.take().or(folder);
            }
        }
    }
    sources
}

/// Poetry's tables of dependencies, each with its key. `dev-dependencies` is how it wrote the group `dev` before 1.2.
fn poetry_tables(root: &Item) -> Vec<(String, &Item)> {
    let Some(poetry) = toml::find(root, &["tool", "poetry"]) else {
        return Vec::new();
    };
    let mut tables = Vec::new();
    for name in ["dependencies", "dev-dependencies"] {
        tables.extend(
            toml::find(poetry, &[name]).map(|table| (format!("tool.poetry.{name}"), table)),
        );
    }
    for (group, item) in toml::find(poetry, &["group"]).into_iter().flat_map(members) {
        let table = toml::find(item, &["dependencies"]);
        tables.extend(table.map(|table| {
            (
                format!("tool.poetry.group.{}.dependencies", quoted(group)),
                table,
            )
        }));
    }
    tables
}

/// The requirements of one entry, each with its key and the folder it names: a string, a table, or a list of tables.
fn poetry_versions<'d>(key: &str, entry: &'d Item) -> Vec<(String, &'d Value, Option<String>)> {
    let of_table = |key: String, table: &'d dyn TableLike| {
        let version = table
            .get("version")
            .and_then(Item::as_value)
            .filter(|version| version.is_str())?;
        Some((format!("{key}.version"), version, string(table, "path")))
    };
    match entry {
        Item::Value(version @ Value::String(_)) => vec![(key.to_owned(), version, None)],
        Item::Value(Value::Array(several)) => {
            let tables = several.iter().map(Value::as_inline_table).enumerate();
            tables
                .filter_map(|(index, table)| of_table(format!("{key}[{index}]"), table?))
                .collect()
        }
        Item::ArrayOfTables(several) => {
            let tables = several.iter().enumerate();
            tables
                .filter_map(|(index, table)| of_table(format!("{key}[{index}]"), table))
                .collect()
        }
        _ => entry
            .as_table_like()
            .and_then(|table| of_table(key.to_owned(), table))
            .into_iter()
            .collect(),
    }
}

/// The normalised name in a PEP 508 text, and the bytes of its version specifiers, if it has some that can be read.
fn specifiers(entry: &str) -> Option<(String, Range<usize>)> {
    let start = entry.len() - entry.trim_start().len();
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let named = start
        + entry[start..]
            .find(|c| !is_name(c))
            .unwrap_or(entry.len() - start);
    let name = &entry[start..named];
    // `-a` and `a.` are no names, though they normalise to one.
    let whole = [name.chars().next()?, name.chars().next_back()?]
        .iter()
        .all(char::is_ascii_alphanumeric);
    let mut rest = trimmed(entry, named..entry.len());
    if entry[rest.clone()].starts_with('[') {
        rest.start += entry[rest.clone()].find(']')? + 1;
    }
    // A URL begins with `@` here, which no specifier does; a `;` in it is thus none of our business.
    rest.end = entry[rest.clone()]
        .find(';')
        .map_or(rest.end, |at| rest.start + at);
    let mut part = trimmed(entry, rest);
    if entry[part.clone()].starts_with('(') && entry[part.clone()].ends_with(')') {
        part = trimmed(entry, part.start + 1..part.end - 1);
    }
    let read = VersionSpecifiers::from_str(&entry[part.clone()]).ok()?;
    (whole && !read.is_empty()).then(|| (normalised(name), part))
}

/// A range of the text without the blanks at its ends.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let inner = &text[range.clone()];
    let start = range.start + (inner.len() - inner.trim_start().len());
    start..start + inner.trim().len()
}

#[cfg(test)]
mod tests;
