//! package-lock.json as a graph. What a package needs is looked for as Node does: in the `node_modules` beside it, then in
//! those of the folders above.
//!
//! The first version of the format, which has no `packages`, is refused.

use std::collections::HashMap;

use monorelease_text_edits::error::EditError;
use monorelease_text_edits::splice::without_bom;

use crate::locks::graph::lock_graph::LockGraph;
use crate::locks::graph::lock_graph::LockNode;
use crate::locks::graph::lock_graph::Origin;
use crate::locks::npm::{installed, last_part};

const FOREIGN_NEEDS: [&str; 3] = ["dependencies", "optionalDependencies", "peerDependencies"];
/// npm installs what only the development of a package needs for packages of the repository alone.
const LOCAL_NEEDS: [&str; 4] = [
    "dependencies",
    "optionalDependencies",
    "peerDependencies",
    "devDependencies",
];

pub(super) fn read(text: &str) -> Result<LockGraph, EditError> {
    let unreadable = |why: String| EditError::Unreadable {
        key: "packages".to_owned(),
        why,
        line: None,
    };
    let root: serde_json::Value = serde_json::from_str(without_bom(text).0)
        .map_err(|error| unreadable(format!("the text is not JSON, {error}")))?;
    let packages = root.get("packages").and_then(serde_json::Value::as_object);
    let packages = packages.ok_or_else(|| {
        unreadable("the lock does not have it, as npm wrote it before version 7".to_owned())
    })?;
    let places: HashMap<&str, usize> = packages
        .keys()
        .enumerate()
        .map(|(place, key)| (key.as_str(), place))
        .collect();
    let mut graph = LockGraph::default();
    for (key, entry) in packages {
        let text = |name: &str| {
            entry
                .get(name)
                .and_then(serde_json::Value::as_str)
                .unwrap_or_default()
        };
        let installed = installed(key);
        let is_link = entry.get("link").and_then(serde_json::Value::as_bool) == Some(true);
        let origin = if installed.is_none() {
            Origin::Local(Some(key.clone()))
        } else {
            Origin::Foreign
        };
        let groups = if installed.is_none() {
            &LOCAL_NEEDS[..]
        } else {
            &FOREIGN_NEEDS
        };
        let mut needs: Vec<usize> = Vec::new();
        for group in groups {
            let names = entry
                .get(group)
                .and_then(serde_json::Value::as_object)
                .into_iter()
                .flat_map(|group| group.keys());
            needs.extend(names.filter_map(|name| resolved(&places, key, name)));
        }
        if is_link {
            needs.extend(places.get(text("resolved")));
        }
        let said = text("name");
        let name = if said.is_empty() {
            installed.unwrap_or_else(|| last_part(key))
        } else {
            said
        };
        graph.packages.push(LockNode {
            name: name.to_owned(),
            version: text("version").to_owned(),
            identity: format!("{} {}", text("resolved"), text("integrity")),
            origin,
            needs,
        });
    }
    Ok(graph)
}

/// The entry that a package in the folder `from` finds under a name.
fn resolved(places: &HashMap<&str, usize>, from: &str, name: &str) -> Option<usize> {
    let mut folder = from;
    loop {
        let candidate = if folder.is_empty() {
            format!("node_modules/{name}")
        } else {
            format!("{folder}/node_modules/{name}")
        };
        if let Some(place) = places.get(candidate.as_str()) {
            return Some(*place);
        }
        if folder.is_empty() {
            return None;
        }
        folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
    }
}
