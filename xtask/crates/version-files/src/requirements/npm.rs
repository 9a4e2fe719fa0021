//! Requirements of package.json, and the copies of them in package-lock.json.
//!
//! What npm takes from somewhere else than a registry (`file:`, `link:`, a URL, Git), or by the name of a tag (`latest`),
//! requires no version and is passed over.

use monorelease_text_edits::error::EditError;
use monorelease_text_edits::json;
use monorelease_text_edits::json::{Node, Value};
use monorelease_text_edits::splice::Lines;

use super::ranges;
use crate::requirements::requirement::Requirement;
use crate::requirements::requirement::RequirementKind;

/// The tables of dependencies.
const TABLES: [&str; 4] = [
    "dependencies",
    "devDependencies",
    "peerDependencies",
    "optionalDependencies",
];

/// Every requirement of a package.json.
pub(super) fn package(text: &str) -> Result<Vec<Requirement>, EditError> {
    let root = json::parse(text, "dependencies")?;
    of_node(text, &root, "", &Lines::of(text))
}

/// Every requirement in the tables of one package; `prefix` is put before their keys.
pub(crate) fn of_node(
    text: &str,
    package: &Node,
    prefix: &str,
    lines: &Lines,
) -> Result<Vec<Requirement>, EditError> {
    let mut requirements = Vec::new();
    for table in TABLES {
        for entries in package.children(table) {
            requirements.extend(of_table(text, entries, &format!("{prefix}{table}"), lines)?);
        }
    }
    Ok(requirements)
}

/// Every requirement of one table, whose key is `table`.
pub(crate) fn of_table(
    text: &str,
    entries: &Node,
    table: &str,
    lines: &Lines,
) -> Result<Vec<Requirement>, EditError> {
    let Value::Object(entries) = &entries.value else {
        return Ok(Vec::new());
    };
    let mut requirements = Vec::new();
    for (name, entry) in entries {
        let key = format!("{table}.{name}");
        let written: Option<String> = serde_json::from_str(&text[entry.span.clone()]).ok();
        let Some(skipped) = written.and_then(|written| wants_version(&written)) else {
            continue;
        };
        let mut span = json::string_span(text, entry, &key)?;
        span.start += skipped;
        let text = text[span.clone()].to_owned();
        let line = lines.at(span.start);
        requirements.push(Requirement {
            kind: RequirementKind::Npm,
            package: name.clone(),
            path: None,
            is_linked: skipped > 0,
            key,
            text,
            line,
            span,
        });
    }
    Ok(requirements)
}

/// How many bytes stand before the range, if a range that says numbers is what it is. pnpm and Yarn write ranges of the
/// workspace's own packages behind a protocol.
fn wants_version(written: &str) -> Option<usize> {
    let range = written.strip_prefix("workspace:").unwrap_or(written);
    let read = ranges::parse(RequirementKind::Npm, range).ok()?;
    let says = read
        .iter()
        .flatten()
        .any(|comparator| !comparator.numbers.is_empty());
    says.then_some(written.len() - range.len())
}

#[cfg(test)]
mod tests;
