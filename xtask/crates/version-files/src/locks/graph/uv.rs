//! uv.lock as a graph. The groups of a workspace whose root is no project are nobody's, and are left out.

use std::collections::HashMap;

use monorelease_text_edits::error::EditError;
use monorelease_text_edits::toml;
use toml_edit::{Item, TableLike, Value};

use crate::locks::graph::lock_graph::LockGraph;
use crate::locks::graph::lock_graph::LockNode;
use crate::locks::graph::lock_graph::Origin;
use crate::locks::lock_file::packages;
use crate::locks::uv::{dependency_lists, source};
use crate::requirements::requirement::string;
use monorelease_model::distribution::normalised;

pub(super) fn read(text: &str) -> Result<LockGraph, EditError> {
    let document = toml::parse(text, "package")?;
    let entries: Vec<_> = packages(document.as_item())
        .into_iter()
        .filter(|entry| string(*entry, "name").is_some())
        .collect();
    let mut graph = LockGraph::default();
    let mut named: HashMap<String, Vec<usize>> = HashMap::new();
    for (place, entry) in entries.iter().enumerate() {
        let name = string(*entry, "name")
            .map(|name| normalised(&name))
            .unwrap_or_default();
        named.entry(name.clone()).or_default().push(place);
        let origin = source(*entry).map_or(Origin::Foreign, |folder| Origin::Local(Some(folder)));
        let version = string(*entry, "version").unwrap_or_default();
        graph.packages.push(LockNode {
            name,
            version,
            identity: identity(*entry),
            origin,
            needs: Vec::new(),
        });
    }
    for (place, entry) in entries.iter().enumerate() {
        let mut needs = Vec::new();
        for mention in dependency_lists(*entry)
            .into_iter()
            .flat_map(|(_, list)| list.iter())
            .filter_map(Value::as_inline_table)
        {
            let name = string(mention, "name")
                .map(|name| normalised(&name))
                .unwrap_or_default();
            // Said only where the lock has several packages of the name, for markers that never hold together.
            let is_meant = |place: &&usize| {
                let found = entries[**place];
                let version = string(mention, "version")
                    .is_none_or(|version| string(found, "version") == Some(version));
                version
                    && (mention.get("source").is_none()
                        || said_source(mention) == said_source(found))
            };
            needs.extend(named.get(&name).into_iter().flatten().filter(is_meant));
        }
        graph.packages[place].needs = needs;
    }
    Ok(graph)
}

/// Where a package comes from, without the blanks of the text.
fn said_source(entry: &dyn TableLike) -> Vec<(String, String)> {
    let source = entry.get("source").and_then(Item::as_table_like);
    let mut said: Vec<_> = source
        .into_iter()
        .flat_map(|source| source.iter())
        .map(|(key, value)| {
            (
                key.to_owned(),
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned),
            )
        })
        .collect();
    said.sort();
    said
}

/// The source, and the hashes of all files in an order of their own. When they were uploaded is not part of it.
fn identity(entry: &dyn TableLike) -> String {
    let wheels = entry
        .get("wheels")
        .and_then(Item::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_inline_table);
    let mut hashes: Vec<_> = wheels.filter_map(|wheel| string(wheel, "hash")).collect();
    hashes.extend(
        entry
            .get("sdist")
            .and_then(Item::as_table_like)
            .and_then(|sdist| string(sdist, "hash")),
    );
    hashes.sort();
    format!("{:?} {}", said_source(entry), hashes.join(" "))
}
