//! Lock files as graphs: which package needs which, in Cargo.lock, uv.lock and package-lock.json.
//!
//! What a package needs is read generously: a requirement that could mean two entries means both, and optional and test
//! dependencies count. It resolves nothing and looks at no feature, marker or platform.

pub mod lock_graph;
mod npm;
mod uv;

use crate::locks::graph::lock_graph::LockGraph;
use crate::locks::graph::lock_graph::LockNode;
use crate::locks::graph::lock_graph::Origin;
use std::collections::HashMap;

use monorelease_text_edits::error::EditError;
use monorelease_text_edits::toml;
use toml_edit::{Item, TableLike};

use crate::locks::lock_file::LockKind;
use crate::locks::lock_file::packages;
use crate::requirements::requirement::string;

/// Reads a lock file as a graph.
///
/// # Errors
/// The text is not such a lock file, or is of a form that does not say what each package needs.
pub fn lock_graph(kind: LockKind, text: &str) -> Result<LockGraph, EditError> {
    match kind {
        LockKind::Cargo => cargo(text),
        LockKind::Uv => uv::read(text),
        LockKind::Npm => npm::read(text),
        // Its project has no entry, so that nothing in it says where the project's own requirements lead.
        LockKind::Poetry => Err(EditError::unreadable(
            "package",
            "a poetry.lock does not say what its project needs",
            1,
        )),
    }
}

/// Cargo.lock: a package is named alone, with its version where another has its name, and with its source where that is
/// not enough.
fn cargo(text: &str) -> Result<LockGraph, EditError> {
    let document = toml::parse(text, "package")?;
    let root = document.as_item();
    if toml::find(root, &["root"]).is_some() {
        return Err(EditError::unreadable(
            "root",
            "the lock is of a form that Cargo left in 2017",
            1,
        ));
    }
    let entries: Vec<_> = packages(root)
        .into_iter()
        .filter(|entry| string(*entry, "name").is_some())
        .collect();
    let mut graph = LockGraph::default();
    let mut named: HashMap<String, Vec<usize>> = HashMap::new();
    for (place, entry) in entries.iter().enumerate() {
        let field = |key| string(*entry, key).unwrap_or_default();
        let name = field("name");
        let version = field("version");
        let source = field("source");
        named.entry(name.clone()).or_default().push(place);
        // Up to the third form of the lock, hashes stand in a table of their own.
        let key = format!("checksum {name} {version} ({source})");
        let checksum = toml::find(root, &["metadata", &key])
            .and_then(Item::as_str)
            .map_or_else(|| field("checksum"), str::to_owned);
        let origin = if source.is_empty() {
            Origin::Local(None)
        } else {
            Origin::Foreign
        };
        graph.packages.push(LockNode {
            name,
            version,
            identity: format!("{source} {checksum}"),
            origin,
            needs: Vec::new(),
        });
    }
    for (place, entry) in entries.iter().enumerate() {
        graph.packages[place].needs = needs(*entry, &entries, &named);
    }
    Ok(graph)
}

fn needs(
    entry: &dyn TableLike,
    entries: &[&dyn TableLike],
    named: &HashMap<String, Vec<usize>>,
) -> Vec<usize> {
    let mentions = entry
        .get("dependencies")
        .and_then(Item::as_array)
        .into_iter()
        .flatten()
        .filter_map(|mention| mention.as_str());
    let mut needs = Vec::new();
    for mention in mentions {
        let mut words = mention.split_whitespace();
        let name = words.next().unwrap_or_default();
        let version = words.next();
        let source = words.next();
        let source = source.map(|source| source.trim_start_matches('(').trim_end_matches(')'));
        let is_meant = |place: &&usize| {
            let says = |key: &str, wanted: Option<&str>| {
                wanted.is_none_or(|wanted| string(entries[**place], key).as_deref() == Some(wanted))
            };
            says("version", version) && says("source", source)
        };
        needs.extend(named.get(name).into_iter().flatten().filter(is_meant));
    }
    needs
}

#[cfg(test)]
mod tests;
