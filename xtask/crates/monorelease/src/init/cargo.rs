//! Cargo manifests: a project for a version that a workspace shares, and one for each crate with a version of its own.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use monorelease_model::paths::{join, resolve};
use serde::Deserialize;

use super::paths::{below, folder_of};
use super::survey::{Offer, Survey, key_site};
use crate::config::SiteKeys;
use crate::init::found::Need;
use crate::init::found::Rank;

/// This crate itself, wherever it was copied to: it is released with nothing.
const AUTOMATION: &str = "xtask";

type Manifests = BTreeMap<String, Manifest>;

#[derive(Deserialize)]
struct Manifest {
    package: Option<Package>,
    workspace: Option<Workspace>,
    #[serde(flatten)]
    requires: Requires,
    #[serde(default)]
    target: IndexMap<String, Requires>,
}

/// What a crate is built of; what it is only tested with is not read.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Requires {
    dependencies: IndexMap<String, Dependency>,
    build_dependencies: IndexMap<String, Dependency>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Dependency {
    Version(#[expect(dead_code, reason = "a version alone names no folder")] String),
    Detailed {
        path: Option<String>,
        #[serde(default)]
        workspace: bool,
    },
}

#[derive(Deserialize)]
struct Package {
    name: Option<String>,
    version: Option<Inherits<String>>,
    publish: Option<Inherits<Publish>>,
    #[serde(default)]
    metadata: Metadata,
}

/// A value, or that it is the workspace's.
#[derive(Deserialize)]
#[serde(untagged)]
enum Inherits<T> {
    Own(T),
    Workspace { workspace: bool },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Publish {
    Anywhere(bool),
    To(Vec<String>),
}

#[derive(Default, Deserialize)]
struct Workspace {
    #[serde(default)]
    exclude: Vec<String>,
    #[serde(default)]
    dependencies: IndexMap<String, Dependency>,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Default, Deserialize)]
struct Metadata {
    release: Option<CargoRelease>,
}

/// What cargo-release is set to, in a manifest or in `release.toml`.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct CargoRelease {
    tag_name: Option<String>,
}

/// A version that members of a workspace inherit.
#[derive(Default)]
struct Shared {
    names: Vec<String>,
    folders: Vec<String>,
    needs: Vec<Need>,
}

pub fn collect(survey: &mut Survey<'_>) {
    let paths = survey.named("Cargo.toml").into_iter();
    let manifests: Manifests = paths
        .filter_map(|path| Some((folder_of(&path).to_owned(), survey.read(&path)?)))
        .collect();
    let mut shared: BTreeMap<&str, Shared> = BTreeMap::new();
    for (folder, manifest) in &manifests {
        let Some(package) = &manifest.package else {
            continue;
        };
        let Some(name) = package.name.as_ref().filter(|name| *name != AUTOMATION) else {
            continue;
        };
        let root = root_of(&manifests, folder);
        let needs = needs(manifest, folder, root);
        match (&package.version, root) {
            (Some(Inherits::Workspace { workspace: true }), Some((root, _))) => {
                let members = shared.entry(root).or_default();
                // The crate in the workspace's own folder gives the whole its name.
                let at = if folder == root {
                    0
                } else {
                    members.names.len()
                };
                members.names.insert(at, name.clone());
                members.folders.push(folder.clone());
                members.needs.extend(needs);
            }
            _ => {
                crate_of(survey, folder, name, package, needs);
                let above = root.map(|(_, workspace)| &workspace.metadata);
                let folders = [Some(folder.as_str()), root.map(|(root, _)| root)];
                let wish = tag_wish(survey, [Some(&package.metadata), above], folders);
                let prefix = match folder.is_empty() {
                    true => String::new(),
                    false => format!("{name}-"),
                };
                if let (Some(found), Some(wish)) = (survey.found.get_mut(folder), wish) {
                    found.tag_wish = spelled(&wish, name, &prefix);
                }
            }
        }
    }
    for (root, members) in shared {
        workspace(survey, root, members, &manifests[root]);
    }
}

/// A crate with a version of its own.
fn crate_of(
    survey: &mut Survey<'_>,
    folder: &str,
    name: &str,
    package: &Package,
    needs: Vec<Need>,
) {
    if package.version.is_none() {
        return;
    }
    let is_private = match &package.publish {
        Some(Inherits::Own(Publish::Anywhere(may))) => !may,
        Some(Inherits::Own(Publish::To(registries))) => registries.is_empty(),
        Some(Inherits::Workspace { .. }) | None => false,
    };
    let found = survey.at(folder, &join(folder, "Cargo.toml"));
    found.names.push(name.into());
    found.needs.extend(needs);
    if is_private && !folder.is_empty() {
        found.private = Some("publish = false".into());
    }
    let site = SiteKeys::File("Cargo.toml".into());
    survey.offer(folder, site, Rank::Manifest, Offer::Declared);
}

/// The version that a workspace shares: one project for all who inherit it.
fn workspace(survey: &mut Survey<'_>, root: &str, members: Shared, manifest: &Manifest) {
    let found = survey.at(root, &join(root, "Cargo.toml"));
    found.comments.push(format!(
        "The version of the workspace, which {} of its crates inherit.",
        members.names.len()
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
    let metadata = manifest.workspace.as_ref().map(|table| &table.metadata);
    let wish = tag_wish(survey, [metadata, None], [Some(root), None]);
    if let Some(found) = survey.found.get_mut(root) {
        found.tag_wish = wish.and_then(|wish| spelled(&wish, &whole, ""));
    }
    let package = manifest.package.as_ref();
    let has_own = matches!(
        package.and_then(|package| package.version.as_ref()),
        Some(Inherits::Own(_))
    );
    if !has_own {
        let site = SiteKeys::File("Cargo.toml".into());
        survey.offer(root, site, Rank::Manifest, Offer::Declared);
        return;
    }
    // The root crate has a version of its own, which the file's name alone would mean.
    let site = key_site("Cargo.toml", "workspace.package.version");
    if !survey.offer(root, site, Rank::Manifest, Offer::IfSame) {
        let what = "Cargo.toml says workspace.package.version and another package.version, which are two projects in one folder";
        let file = join(root, "Cargo.toml");
        survey.note(format!(
            "left out: {file}: {what}; the root crate's is taken"
        ));
    }
}

/// The tag name that cargo-release is set to, for this crate or for all: in these tables, or in `release.toml` of these folders.
fn tag_wish(
    survey: &mut Survey<'_>,
    tables: [Option<&Metadata>; 2],
    folders: [Option<&str>; 2],
) -> Option<String> {
    let mut tables = tables.into_iter().flatten();
    let in_manifests = tables.find_map(|table| table.release.as_ref()?.tag_name.clone());
    let mut files = folders.into_iter().flatten();
    in_manifests.or_else(|| {
        let read = |folder| {
            survey
                .read::<CargoRelease>(&join(folder, "release.toml"))?
                .tag_name
        };
        files.find_map(read)
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
fn root_of<'m>(manifests: &'m Manifests, folder: &str) -> Option<(&'m str, &'m Workspace)> {
    let is_in = |inner: &str, outer: &str| inner == outer || below(inner, outer).is_some();
    let excludes = |root: &str, workspace: &Workspace| {
        let mut out = workspace.exclude.iter();
        out.any(|entry| resolve(root, entry).is_some_and(|out| is_in(folder, &out)))
    };
    let roots = manifests
        .iter()
        .filter_map(|(root, manifest)| Some((root.as_str(), manifest.workspace.as_ref()?)));
    roots
        .filter(|(root, workspace)| is_in(folder, root) && !excludes(root, workspace))
        .max_by_key(|(root, _)| root.len())
}

/// The folders of the crates it is built of; those it is only tested with are not.
fn needs(manifest: &Manifest, folder: &str, root: Option<(&str, &Workspace)>) -> Vec<Need> {
    let path = |dependency: &Dependency, folder: &str| match dependency {
        Dependency::Detailed { path, .. } => resolve(folder, path.as_ref()?),
        Dependency::Version(_) => None,
    };
    let inherited = |name: &str, dependency: &Dependency| match (dependency, root) {
        (
            Dependency::Detailed {
                workspace: true, ..
            },
            Some((root, workspace)),
        ) => path(workspace.dependencies.get(name)?, root),
        _ => None,
    };
    let all = [&manifest.requires]
        .into_iter()
        .chain(manifest.target.values());
    all.flat_map(|requires| {
        requires
            .dependencies
            .iter()
            .chain(&requires.build_dependencies)
    })
    .filter_map(|(name, entry)| path(entry, folder).or_else(|| inherited(name, entry)))
    .map(Need::Folder)
    .collect()
}
