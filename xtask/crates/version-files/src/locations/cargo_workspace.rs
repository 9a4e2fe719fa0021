//! What the manifest of a Cargo workspace settles for its members, and which of that a member takes over.
//!
//! Versions are not located here, and whether a member belongs to the workspace is not asked.

use std::collections::{BTreeMap, BTreeSet};

use monorelease_text_edits::error::EditError;
use monorelease_text_edits::toml;
use toml_edit::Item;

use crate::requirements::requirement::members;

/// Tables of dependencies in a manifest, at its top and below `target.*`.
const TABLES: [&str; 5] = [
    "dependencies",
    "dev-dependencies",
    "dev_dependencies",
    "build-dependencies",
    "build_dependencies",
];

/// What a workspace's manifest settles, each key with what it says; keys are dotted: `workspace.dependencies.serde`.
pub type SharedKeys = BTreeMap<String, serde_json::Value>;

/// What a member takes over from its workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inherited(BTreeSet<String>);

impl Inherited {
    /// Whether what a key of [`SharedKeys`] says holds for the member. Profiles, patches and the resolver hold for all.
    pub fn has(&self, key: &str) -> bool {
        let is_taken = [
            "workspace.dependencies.",
            "workspace.package.",
            "workspace.lints",
        ]
        .iter()
        .any(|table| key.starts_with(table));
        !is_taken || self.0.contains(key)
    }
}

/// What the manifest of a workspace settles for others than itself. Which members it has is not among it: one that comes or
/// goes changes nothing for the rest. A manifest that is no workspace's settles nothing.
///
/// # Errors
/// The text is not TOML.
pub fn shared_keys(text: &str) -> Result<SharedKeys, EditError> {
    let unreadable = |error: &toml_edit::de::Error| {
        let why = error.message().lines().next().unwrap_or("syntax error");
        EditError::Unreadable {
            key: "workspace".to_owned(),
            why: format!("the text is not TOML, {why}"),
            line: None,
        }
    };
    let (body, _) = monorelease_text_edits::splice::without_bom(text);
    let mut root: serde_json::Map<String, serde_json::Value> =
        toml_edit::de::from_str(body).map_err(|error| unreadable(&error))?;
    let mut keys = SharedKeys::new();
    let mut workspace = match root.remove("workspace") {
        Some(serde_json::Value::Object(workspace)) => workspace,
        _ => return Ok(keys),
    };
    for table in ["dependencies", "package"] {
        if let Some(serde_json::Value::Object(entries)) = workspace.remove(table) {
            keys.extend(
                entries
                    .into_iter()
                    .map(|(name, value)| (format!("workspace.{table}.{name}"), value)),
            );
        }
    }
    let of_nobody = ["members", "default-members", "exclude", "metadata"];
    keys.extend(
        workspace
            .into_iter()
            .filter(|(name, _)| !of_nobody.contains(&name.as_str()))
            .map(|(name, value)| {
                // A resolver, lints, and what later versions of Cargo may add.
                (format!("workspace.{name}"), value)
            }),
    );
    for (name, value) in root {
        match (name.as_str(), value) {
            ("profile" | "patch", serde_json::Value::Object(tables)) => {
                keys.extend(
                    tables
                        .into_iter()
                        .map(|(table, value)| (format!("{name}.{table}"), value)),
                );
            }
            ("profile" | "patch" | "replace" | "cargo-features", value) => {
                drop(keys.insert(name, value))
            }
            _ => {}
        }
    }
    Ok(keys)
}

/// What a manifest takes over from its workspace: everything that says `workspace = true`.
///
/// # Errors
/// The text is not TOML.
pub fn inherited(text: &str) -> Result<Inherited, EditError> {
    let document = toml::parse(text, "package")?;
    let root = document.as_item();
    let takes =
        |item: &Item| toml::find(item, &["workspace"]).and_then(Item::as_bool) == Some(true);
    let mut keys = BTreeSet::new();
    let mut holders = vec![root];
    holders.extend(
        toml::find(root, &["target"])
            .into_iter()
            .flat_map(members)
            .map(|(_, target)| target),
    );
    for table in holders
        .iter()
        .flat_map(|holder| TABLES.iter().filter_map(|name| toml::find(holder, &[name])))
    {
        keys.extend(
            members(table)
                .filter(|(_, entry)| takes(entry))
                .map(|(name, _)| format!("workspace.dependencies.{name}")),
        );
    }
    let package = toml::find(root, &["package"]).into_iter().flat_map(members);
    keys.extend(
        package
            .filter(|(_, entry)| takes(entry))
            .map(|(name, _)| format!("workspace.package.{name}")),
    );
    if toml::find(root, &["lints"]).is_some_and(takes) {
        keys.insert("workspace.lints".to_owned());
    }
    Ok(Inherited(keys))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_takes_what_it_names_and_what_holds_for_all() {
        let member = "[package]\nname = \"a\"\nedition.workspace = true\nversion = \"1.0.0\"\n[dependencies]\nserde = { workspace = true, features = [\"x\"] }\n\
                      log = \"1\"\n[target.'cfg(unix)'.build-dependencies]\ncc.workspace = true\n";
        let member = inherited(member).unwrap();
        for (key, held) in [
            ("workspace.dependencies.serde", true),
            ("workspace.dependencies.cc", true),
            ("workspace.dependencies.log", false),
            ("workspace.package.edition", true),
            ("workspace.package.version", false),
            ("workspace.lints", false),
            ("workspace.resolver", true),
            ("profile.dev", true),
            ("patch.crates-io", true),
        ] {
            assert_eq!(member.has(key), held, "{key}");
        }
        assert!(
            inherited("[lints]\nworkspace = true\n")
                .unwrap()
                .has("workspace.lints")
        );
    }

    #[test]
    fn a_workspace_settles_keys_by_what_they_say_and_not_by_how_it_is_written() {
        let one = shared_keys("[workspace]\nmembers = [\"a\"]\nresolver = \"3\"\n[workspace.dependencies]\nserde = { version = \"1\" }\n[profile.dev]\ndebug = 1\n").unwrap();
        let two = shared_keys("profile.dev.debug = 1 # said\nworkspace.resolver = '3'\n[workspace.dependencies.serde]\nversion = \"1\"\n[package]\nname = \"root\"\n").unwrap();
        assert_eq!(one, two);
        assert_eq!(
            one.keys().collect::<Vec<_>>(),
            [
                "profile.dev",
                "workspace.dependencies.serde",
                "workspace.resolver"
            ]
        );
        assert!(
            shared_keys("[package]\nname = \"a\"\n[profile.dev]\ndebug = 1\n")
                .unwrap()
                .is_empty()
        );
        assert!(shared_keys("[workspace\n").is_err());
    }
}
