//! Cargo manifests of a commit, and whom a changed workspace manifest affects: the crates that take over what changed in it.
//!
//! A crate's own manifest is a path like any other, and is not looked at here.

use std::collections::{BTreeMap, BTreeSet};

use monorelease_commit_history::changes::FileText;
use monorelease_model::paths::resolve;
use monorelease_text_edits::error::EditError;
use monorelease_text_edits::toml;
use monorelease_version_files::locations::cargo_workspace::{Inherited, SharedKeys};
use monorelease_version_files::locations::{cargo, cargo_workspace};

use super::reasons::{Reason, owners};
use crate::affected::sides::Side;
use crate::affected::sides::Sides;
use crate::project::paths::is_within;

/// A Cargo manifest of a commit.
pub(crate) struct Crate {
    pub folder: String,
    pub name: Option<String>,
    inherited: Inherited,
    is_workspace_root: bool,
    /// The folder of the workspace that it names itself.
    pub workspace: Option<String>,
}

/// Every Cargo manifest of a commit, by the names of their packages. One that cannot be read is left out: Cargo builds nothing
/// with it.
pub(super) fn crates(side: &Side<'_>) -> anyhow::Result<Vec<Crate>> {
    let mut found = Vec::new();
    for path in side.paths_named("Cargo.toml")? {
        let FileText::Text(text) = side.text(&path)? else {
            continue;
        };
        let (Ok(document), Ok(inherited)) = (
            toml::parse(text.as_str(), "package"),
            cargo_workspace::inherited(&text),
        ) else {
            continue;
        };
        let package = cargo::cargo_package(&document);
        let folder = path
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder)
            .to_owned();
        let workspace = package
            .workspace
            .as_deref()
            .and_then(|named| resolve(&folder, named));
        found.push(Crate {
            name: package.name,
            inherited,
            is_workspace_root: package.is_workspace_root,
            workspace,
            folder,
        });
    }
    found.sort_by(|one: &Crate, two| one.name.cmp(&two.name));
    Ok(found)
}

/// Whom a changed manifest affects beside those who own its path.
///
/// # Errors
/// A file of the commits cannot be read.
pub(super) fn reasons(sides: &Sides<'_>, path: &str, folder: &str) -> anyhow::Result<Vec<Reason>> {
    let old = shared(sides.old.text(path)?);
    let new = shared(sides.new.text(path)?);
    let changed = match (&old, &new) {
        (Ok(old), Ok(new)) => Some(differing(old, new)),
        _ => None,
    };
    if changed.as_ref().is_some_and(Vec::is_empty) {
        return Ok(Vec::new());
    }
    let crates = sides.new.crates()?;
    let roots: BTreeSet<&str> = crates
        .iter()
        .filter(|one| one.is_workspace_root)
        .map(|one| one.folder.as_str())
        .chain([folder])
        .collect();
    let by_path = owners(sides.folders, path.as_bytes());
    // What was taken over, and by which crates, for each project.
    let mut taken: BTreeMap<usize, (BTreeSet<&str>, BTreeSet<&str>)> = BTreeMap::new();
    for member in crates
        .iter()
        .filter(|member| belongs(member, folder, &roots))
    {
        let keys: Option<Vec<&str>> = changed.as_ref().map(|keys| {
            keys.iter()
                .copied()
                .filter(|key| member.inherited.has(key))
                .collect()
        });
        if keys.as_ref().is_some_and(Vec::is_empty) {
            continue;
        }
        for owner in owners(sides.folders, member.folder.as_bytes())
            .iter()
            .filter(|owner| !by_path.contains(owner))
        {
            let (all, names) = taken.entry(*owner).or_default();
            all.extend(keys.iter().flatten());
            names.extend(member.name.as_deref());
        }
    }
    let reason = |place: usize, keys: BTreeSet<&str>, names: BTreeSet<&str>| {
        let package = sides.projects[place].package.as_str();
        let by = if names.len() == 1 {
            names.first().copied().unwrap_or(package)
        } else {
            package
        };
        match keys.is_empty() {
            true => format!(
                "{path} changed, and what {by} inherits of it cannot be told: it cannot be read"
            ),
            false => format!(
                "{path}: {} changed, inherited by {by}",
                first_of(&keys.into_iter().collect::<Vec<_>>())
            ),
        }
    };
    Ok(taken
        .into_iter()
        .map(|(place, (keys, names))| (place, reason(place, keys, names)))
        .collect())
}

/// Nothing is settled by a file that is not there.
fn shared(text: FileText) -> Result<SharedKeys, EditError> {
    match text {
        FileText::Text(text) => cargo_workspace::shared_keys(&text),
        FileText::Absent => Ok(SharedKeys::new()),
        FileText::NotUtf8 => Err(EditError::Unreadable {
            key: "workspace".to_owned(),
            why: "the text is not UTF-8".to_owned(),
            line: None,
        }),
    }
}

fn differing<'k>(old: &'k SharedKeys, new: &'k SharedKeys) -> Vec<&'k str> {
    let names: BTreeSet<&str> = old.keys().chain(new.keys()).map(String::as_str).collect();
    names
        .into_iter()
        .filter(|name| old.get(*name) != new.get(*name))
        .collect()
}

/// Whether a crate is of the workspace whose manifest lies in `folder`: the one it names, else the nearest one above it.
fn belongs(member: &Crate, folder: &str, roots: &BTreeSet<&str>) -> bool {
    if let Some(named) = &member.workspace {
        return named == folder;
    }
    let nearest = roots
        .iter()
        .filter(|root| is_within(&member.folder, root))
        .max_by_key(|root| root.len());
    nearest.is_some_and(|nearest| *nearest == folder)
}

/// The first of several, and how many more there are.
pub(super) fn first_of(all: &[&str]) -> String {
    match all {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}
