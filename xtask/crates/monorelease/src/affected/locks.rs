//! Whom a changed lock file affects: those whose own dependencies in it changed. Their packages lie where the lock does, or
//! below; one that the lock takes from a folder elsewhere is needed by them, and built by a lock of its own.
//!
//! A lock that cannot be told apart, because it is damaged or of a tool that is not read, counts as changed for everybody who
//! could be locked by it.

use std::collections::{BTreeMap, BTreeSet};

use monorelease_commit_history::changes::FileText;
use monorelease_model::paths::resolve;
use monorelease_version_files::locks::graph::lock_graph;
use monorelease_version_files::locks::graph::lock_graph::LockGraph;
use monorelease_version_files::locks::graph::lock_graph::Origin;
use monorelease_version_files::locks::lock_file::LockKind;

use super::cargo::first_of;
use super::lock_comparison::Comparison;
use super::reasons::{Reason, owners};
use crate::affected::sides::Side;
use crate::affected::sides::Sides;
use crate::project::paths::is_within;

/// A lock file as its name tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tool {
    name: &'static str,
    /// What the manifests are called whose packages it locks.
    manifest: &'static str,
    /// `None` for a lock that is not read.
    kind: Option<LockKind>,
}

const fn tool(name: &'static str, manifest: &'static str, kind: Option<LockKind>) -> Tool {
    Tool {
        name,
        manifest,
        kind,
    }
}

const TOOLS: [Tool; 11] = [
    tool("Cargo.lock", "Cargo.toml", Some(LockKind::Cargo)),
    tool("uv.lock", "pyproject.toml", Some(LockKind::Uv)),
    tool("package-lock.json", "package.json", Some(LockKind::Npm)),
    tool("npm-shrinkwrap.json", "package.json", Some(LockKind::Npm)),
    tool("poetry.lock", "pyproject.toml", None),
    tool("pdm.lock", "pyproject.toml", None),
    tool("Pipfile.lock", "pyproject.toml", None),
    tool("pnpm-lock.yaml", "package.json", None),
    tool("yarn.lock", "package.json", None),
    tool("bun.lock", "package.json", None),
    tool("bun.lockb", "package.json", None),
];

/// Whose lock a file of that name is.
pub(super) fn tool_of(name: &str) -> Option<Tool> {
    TOOLS.into_iter().find(|tool| tool.name == name)
}

/// What a changed lock means.
#[derive(Debug, Default)]
pub(super) struct LockReasons {
    pub reasons: Vec<Reason>,
    /// Whether the lock was read on both sides and serves others than those who own its path: then these are affected as all
    /// others are, by their own part of it.
    pub is_told_apart: bool,
}

/// A lock in one commit.
enum Content {
    Absent,
    Unreadable(String),
    /// With the places of each project's own packages.
    Graph(LockGraph, BTreeMap<usize, Vec<usize>>),
}

impl Content {
    /// What is not there has no packages.
    fn graph(self) -> (LockGraph, BTreeMap<usize, Vec<usize>>) {
        match self {
            Self::Graph(graph, own) => (graph, own),
            Self::Absent | Self::Unreadable(_) => Default::default(),
        }
    }
}

/// Whom a changed lock affects.
///
/// # Errors
/// A file of the commits cannot be read.
pub(super) fn reasons(
    sides: &Sides<'_>,
    tool: Tool,
    path: &str,
    folder: &str,
) -> anyhow::Result<LockReasons> {
    let old = content(sides, &sides.old, tool, path, folder)?;
    let new = content(sides, &sides.new, tool, path, folder)?;
    let by_path = owners(sides.folders, path.as_bytes());
    if let (Content::Unreadable(why), _) | (_, Content::Unreadable(why)) = (&old, &new) {
        let all = below(sides, tool.manifest, folder)?;
        let beside = all.into_iter().filter(|place| !by_path.contains(place));
        let reasons = beside
            .map(|place| {
                (
                    place,
                    format!("{path} changed, and whom that is about cannot be told: {why}"),
                )
            })
            .collect();
        return Ok(LockReasons {
            reasons,
            is_told_apart: false,
        });
    }
    let is_read = matches!((&old, &new), (Content::Graph(..), Content::Graph(..)));
    let (was, were_own) = old.graph();
    let (is, are_own) = new.graph();
    let compared = Comparison::new(&was, &is);
    let concerned: BTreeSet<usize> = were_own.keys().chain(are_own.keys()).copied().collect();
    let mut reasons = Vec::new();
    for place in concerned.iter().copied() {
        let what = match (were_own.get(&place), are_own.get(&place)) {
            (Some(before), Some(after)) => {
                let changes = compared.changes(before, after);
                let all: Vec<&str> = changes.iter().map(String::as_str).collect();
                (!all.is_empty()).then(|| {
                    format!(
                        "{}, needed by {}",
                        first_of(&all),
                        called(sides, place, &is, after)
                    )
                })
            }
            (None, Some(after)) => {
                Some(format!("{} is new in it", called(sides, place, &is, after)))
            }
            (Some(before), None) => Some(format!(
                "{} is gone from it",
                called(sides, place, &was, before)
            )),
            (None, None) => None,
        };
        reasons.extend(what.map(|what| (place, format!("{path}: {what}"))));
    }
    Ok(LockReasons {
        reasons,
        is_told_apart: is_read && concerned.iter().any(|place| !by_path.contains(place)),
    })
}

fn content(
    sides: &Sides<'_>,
    side: &Side<'_>,
    tool: Tool,
    path: &str,
    folder: &str,
) -> anyhow::Result<Content> {
    let Some(kind) = tool.kind else {
        return Ok(Content::Unreadable(format!(
            "{} files are not read",
            tool.name
        )));
    };
    let text = match side.text(path)? {
        FileText::Absent => return Ok(Content::Absent),
        FileText::NotUtf8 => return Ok(Content::Unreadable("it is not UTF-8".to_owned())),
        FileText::Text(text) => text,
    };
    let graph = match lock_graph(kind, &text) {
        Ok(graph) => graph,
        Err(error) => return Ok(Content::Unreadable(error.to_string())),
    };
    let mut own: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (place, package) in graph.packages.iter().enumerate() {
        let lies_in = match &package.origin {
            Origin::Foreign => continue,
            Origin::Local(Some(relative)) => resolve(folder, relative)
                .into_iter()
                .filter(|found| is_within(found, folder))
                .collect(),
            Origin::Local(None) => crate_folders(side, folder, &package.name)?,
        };
        for owner in lies_in
            .iter()
            .flat_map(|folder| owners(sides.folders, folder.as_bytes()))
        {
            own.entry(*owner).or_default().push(place);
        }
    }
    Ok(Content::Graph(graph, own))
}

/// Where the crates of a name lie, which Cargo.lock does not say: below the lock, or in a folder that names its workspace.
fn crate_folders(side: &Side<'_>, folder: &str, name: &str) -> anyhow::Result<Vec<String>> {
    let crates = side.crates()?;
    let first = crates.partition_point(|one| one.name.as_deref() < Some(name));
    let named = crates[first..]
        .iter()
        .take_while(|one| one.name.as_deref() == Some(name));
    let locked = named
        .filter(|one| is_within(&one.folder, folder) || one.workspace.as_deref() == Some(folder));
    Ok(locked.map(|one| one.folder.clone()).collect())
}

/// The projects with a manifest in a folder or below it.
fn below(sides: &Sides<'_>, manifest: &str, folder: &str) -> anyhow::Result<BTreeSet<usize>> {
    let manifests = sides.new.paths_named(manifest)?;
    let within = manifests.iter().filter(|path| is_within(path, folder));
    Ok(within
        .flat_map(|path| owners(sides.folders, path.as_bytes()).iter().copied())
        .collect())
}

/// The name of a project's only package in a lock, or what the project is called where it has several.
fn called(sides: &Sides<'_>, place: usize, graph: &LockGraph, own: &[usize]) -> String {
    match own {
        [only] => graph.packages[*only].name.clone(),
        _ => sides.projects[place].package.clone(),
    }
}
