//! Cargo manifests: a project for a version that a workspace shares, and one for each crate with a version of its own.

use std::collections::BTreeMap;

use monorelease_model::paths::{join, resolve};
use toml_edit::{DocumentMut, Item};

use super::paths::{below, folder_of};
use super::survey::{Offer, Survey, key_site};
use crate::config::SiteKeys;
use crate::init::found::Need;
use crate::init::found::Rank;

/// This crate itself, wherever it was copied to: it is released with nothing.
const AUTOMATION: &str = "xtask";

const TABLES: [&str; 2] = ["dependencies", "build-dependencies"];

/// A version that members of a workspace inherit.
#[derive(Default)]
struct Shared {
    names: Vec<String>,
    folders: Vec<String>,
    needs: Vec<Need>,
}

pub fn collect(survey: &mut Survey<'_>) {
    let manifests: BTreeMap<String, DocumentMut> = survey
        .named("Cargo.toml")
        .into_iter()
        .filter_map(|path| Some((folder_of(&path).to_owned(), survey.toml(&path)?)))
        .collect();
    let mut shared: BTreeMap<String, Shared> = BTreeMap::new();
    for (folder, manifest) in &manifests {
        let Some(package) = manifest.get("package") else {
            continue;
        };
        let Some(name) = package
            .get("name")
            .and_then(Item::as_str)
            .filter(|name| *name != AUTOMATION)
        else {
            continue;
        };
        let root = root_of(&manifests, folder);
        let needs = needs(
            manifest,
            folder,
            root.and_then(|root| Some((root, manifests.get(root)?))),
        );
        let inherits = package
            .get("version")
            .and_then(|version| version.get("workspace"))
            .and_then(Item::as_bool)
            == Some(true);
        match (inherits, root) {
            (true, Some(root)) => {
                let members = shared.entry(root.to_owned()).or_default();
                // The crate in the workspace's own folder gives the whole its name.
                if folder == root {
                    members.names.insert(0, name.into())
                } else {
                    members.names.push(name.into())
                }
                members.folders.push(folder.clone());
                members.needs.extend(needs);
            }
            _ => {
                crate_of(survey, folder, name, package, needs);
                let above = root
                    .and_then(|root| manifests.get(root))
                    .and_then(|manifest| manifest.get("workspace"));
                let wish = tag_wish(survey, folder, root, [Some(package), above]);
                if let (Some(found), Some(wish)) = (survey.found.get_mut(folder), wish) {
                    let prefix = if folder.is_empty() {
                        String::new()
                    } else {
                        format!("{name}-")
                    };
                    found.tag_wish = spelled(&wish, name, &prefix);
                }
            }
        }
    }
    for (root, members) in shared {
        workspace(survey, &root, members, &manifests);
    }
}

/// A crate with a version of its own.
fn crate_of(survey: &mut Survey<'_>, folder: &str, name: &str, package: &Item, needs: Vec<Need>) {
    if package.get("version").is_none() {
        return;
    }
    let publish = package.get("publish");
    let is_private = publish.and_then(Item::as_bool) == Some(false)
        || publish
            .and_then(Item::as_array)
            .is_some_and(|list| list.is_empty());
    let found = survey.at(folder, &join(folder, "Cargo.toml"));
    found.names.push(name.into());
    found.needs.extend(needs);
    if is_private && !folder.is_empty() {
        found.private = Some("publish = false".into());
    }
    survey.offer(
        folder,
        SiteKeys::File("Cargo.toml".into()),
        Rank::Manifest,
        Offer::Declared,
    );
}

/// The version that a workspace shares: one project for all who inherit it.
fn workspace(
    survey: &mut Survey<'_>,
    root: &str,
    members: Shared,
    manifests: &BTreeMap<String, DocumentMut>,
) {
    let own = manifests
        .get(root)
        .and_then(|manifest| manifest.get("package")?.get("version"))
        .is_some_and(Item::is_str);
    let found = survey.at(root, &join(root, "Cargo.toml"));
    let others: Vec<&str> = members.names.iter().map(String::as_str).collect();
    found.comments.push(format!(
        "The version of the workspace, which {} of its crates inherit.",
        others.len()
    ));
    // A virtual workspace has no name: of many members, none is the whole.
    let names_itself =
        members.folders.iter().any(|folder| folder == root) || members.names.len() == 1;
    if names_itself {
        found.names.extend(members.names);
    }
    found.needs.extend(members.needs);
    found.covers = members.folders;
    let whole = found.names.first().cloned().unwrap_or_default();
    let table = manifests
        .get(root)
        .and_then(|manifest| manifest.get("workspace"));
    let wish =
        tag_wish(survey, root, None, [table, None]).and_then(|wish| spelled(&wish, &whole, ""));
    if let Some(found) = survey.found.get_mut(root) {
        found.tag_wish = wish;
    }
    match own {
        false => {
            survey.offer(
                root,
                SiteKeys::File("Cargo.toml".into()),
                Rank::Manifest,
                Offer::Declared,
            );
        }
        // The root crate has a version of its own, which the file's name alone would mean.
        true if survey.offer(
            root,
            key_site("Cargo.toml", "workspace.package.version"),
            Rank::Manifest,
            Offer::IfSame,
        ) => {}
        true => {
            let what = "Cargo.toml says workspace.package.version and another package.version, which are two projects in one folder";
            survey.note(format!(
                "left out: {}: {what}; the root crate's is taken",
                join(root, "Cargo.toml")
            ));
        }
    }
}

/// The tag name that cargo-release is set to, for this crate or for all.
fn tag_wish(
    survey: &mut Survey<'_>,
    folder: &str,
    root: Option<&str>,
    tables: [Option<&Item>; 2],
) -> Option<String> {
    let word = |settings: &Item| settings.get("tag-name")?.as_str().map(str::to_owned);
    let in_manifests = tables
        .into_iter()
        .flatten()
        .find_map(|table| word(table.get("metadata")?.get("release")?));
    let files = [Some(folder), root]
        .into_iter()
        .flatten()
        .map(|folder| join(folder, "release.toml"))
        .collect::<Vec<_>>();
    in_manifests.or_else(|| {
        files
            .iter()
            .find_map(|file| word(survey.toml(file)?.as_item()))
    })
}

/// As a pattern of tags; `None` when it says more than name and version.
fn spelled(wish: &str, name: &str, prefix: &str) -> Option<String> {
    let pattern = wish
        .replace("{{version}}", "{version}")
        .replace("{{crate_name}}", name)
        .replace("{{prefix}}", prefix);
    (!pattern.contains("{{")).then_some(pattern)
}

/// The workspace that a crate belongs to: the nearest above it that does not exclude it.
fn root_of<'m>(manifests: &'m BTreeMap<String, DocumentMut>, folder: &str) -> Option<&'m str> {
    let is_above = |root: &str| root == folder || below(folder, root).is_some();
    let excludes = |root: &str, workspace: &Item| {
        let list = workspace.get("exclude").and_then(Item::as_array);
        list.into_iter()
            .flatten()
            .filter_map(|entry| resolve(root, entry.as_str()?))
            .any(|out| out == folder || below(folder, &out).is_some())
    };
    let roots = manifests.iter().filter(|(root, manifest)| {
        let workspace = manifest.get("workspace");
        is_above(root) && workspace.is_some_and(|workspace| !excludes(root, workspace))
    });
    roots
        .map(|(root, _)| root.as_str())
        .max_by_key(|root| root.len())
}

/// The folders of the crates it is built of; those it is only tested with are not.
fn needs(manifest: &DocumentMut, folder: &str, root: Option<(&str, &DocumentMut)>) -> Vec<Need> {
    let mut tables: Vec<&Item> = TABLES
        .iter()
        .filter_map(|table| manifest.get(table))
        .collect();
    let targets = manifest.get("target").and_then(Item::as_table_like);
    tables.extend(
        targets
            .into_iter()
            .flat_map(|table| table.iter())
            .flat_map(|(_, target)| TABLES.iter().filter_map(|table| target.get(table))),
    );
    let mut needs = Vec::new();
    for (name, entry) in tables
        .iter()
        .filter_map(|table| table.as_table_like())
        .flat_map(|table| table.iter())
    {
        let path = |entry: &Item, folder: &str| resolve(folder, entry.get("path")?.as_str()?);
        let inherited = || {
            let (root, manifest) = root?;
            entry
                .get("workspace")?
                .as_bool()
                .filter(|inherits| *inherits)?;
            path(
                manifest.get("workspace")?.get("dependencies")?.get(name)?,
                root,
            )
        };
        needs.extend(path(entry, folder).or_else(inherited).map(Need::Folder));
    }
    needs
}
