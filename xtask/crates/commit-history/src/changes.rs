//! What differs between two commits, down to the paths, and what single files say in a commit. Reading only, nothing is fetched.
//!
//! Whose a path is, and what follows from it, is decided elsewhere. Renames are not looked for: a path that is gone has
//! changed, and so has one that is new.

use std::path::Path;

use anyhow::Context;
use git2::{Commit, Delta, DiffDelta, ErrorClass, ErrorCode, ObjectType, Oid, Repository, Tree};

use crate::links;
use crate::missing::{missing, unread};
use crate::trees::tree;

/// The newest commit that two others have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MergeBase {
    At(String),
    /// The two have nothing in common.
    None,
    /// The clone is shallow, and what could decide lies below its end.
    CutOff,
}

/// What a commit has at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileText {
    Absent,
    Text(String),
    NotUtf8,
}

/// The newest commit that both contain; of several that are none newer than the other, the one with the latest time.
///
/// # Errors
/// A commit cannot be read, or is not in this clone (3).
pub fn merge_base(repository: &Repository, one: &str, other: &str) -> anyhow::Result<MergeBase> {
    let sides = [Oid::from_str(one)?, Oid::from_str(other)?];
    let bases = match repository.merge_bases(sides[0], sides[1]) {
        Ok(bases) => bases.iter().copied().collect(),
        // Nothing in common is told by this code and no class of objects.
        Err(error) if error.code() == ErrorCode::NotFound && error.class() != ErrorClass::Odb => {
            Vec::new()
        }
        Err(error) => {
            return Err(unread(
                error,
                "a commit",
                "looking for the common history of two commits",
            ));
        }
    };
    if repository.is_shallow() && is_cut_above(repository, &sides, &bases)? {
        return Ok(MergeBase::CutOff);
    }
    let mut newest: Option<(i64, Oid)> = None;
    for base in bases {
        let dated = (
            repository
                .find_commit(base)
                .context("reading a merge base")?
                .time()
                .seconds(),
            base,
        );
        newest = newest.max(Some(dated));
    }
    Ok(newest.map_or(MergeBase::None, |(_, base)| MergeBase::At(base.to_string())))
}

/// Whether a shallow clone ends at a commit that the bases do not contain: what lies below could hold a newer base.
fn is_cut_above(repository: &Repository, sides: &[Oid], bases: &[Oid]) -> anyhow::Result<bool> {
    let mut walk = repository.revwalk().context("walking the history")?;
    for side in sides {
        walk.push(*side).context("walking the history")?;
    }
    for base in bases {
        walk.hide(*base).context("walking the history")?;
    }
    for id in walk {
        let id = id.context("walking the history")?;
        if is_cut(
            &repository
                .find_commit(id)
                .with_context(|| format!("reading commit {id}"))?,
        ) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Every path of a file, a link or a submodule that is not the same in two commits, in order of bytes; modes count.
///
/// # Errors
/// A tree cannot be read (3 when this clone does not have it).
pub fn paths_between(
    repository: &Repository,
    old: &str,
    new: &str,
) -> anyhow::Result<Vec<Vec<u8>>> {
    let root = |commit: &str| {
        anyhow::Ok(
            repository
                .find_commit(Oid::from_str(commit)?)
                .context("reading a commit")?
                .tree_id(),
        )
    };
    let mut changed = Vec::new();
    changed_paths(repository, Some(root(old)?), root(new)?, |path| {
        changed.push(path.to_owned());
    })?;
    changed.sort_unstable();
    changed.dedup();
    Ok(changed)
}

/// The paths of all files of a commit that have one of these names. Those that are no UTF-8 are left out.
///
/// # Errors
/// A tree cannot be read.
pub fn paths_named(
    repository: &Repository,
    commit: &str,
    names: &[&str],
) -> anyhow::Result<Vec<String>> {
    let root = repository
        .find_commit(Oid::from_str(commit)?)
        .context("reading a commit")?
        .tree_id();
    let mut found = Vec::new();
    // What a tree holds is what differs from an empty one.
    changed_paths(repository, None, root, |path| {
        if let Ok(path) = str::from_utf8(path)
            && path
                .rsplit('/')
                .next()
                .is_some_and(|name| names.contains(&name))
        {
            found.push(path.to_owned());
        }
    })?;
    found.sort_unstable();
    Ok(found)
}

/// Calls `found` with the path of every file, link and submodule that differs between two root trees, in order; modes count.
/// A path whose kind changed comes twice. `None` is the tree before the first commit.
///
/// # Errors
/// A tree cannot be read, or is not in this clone (3).
fn changed_paths(
    repository: &Repository,
    old: Option<Oid>,
    new: Oid,
    mut found: impl FnMut(&[u8]),
) -> anyhow::Result<()> {
    let old = old.map(|id| tree(repository, id)).transpose()?;
    let new = tree(repository, new)?;
    let diff = repository
        .diff_tree_to_tree(old.as_ref(), Some(&new), None)
        .map_err(|error| unread(error, "a tree", "comparing two commits"))?;
    for delta in diff.deltas() {
        let path = delta.new_file().path_bytes();
        let path = path.context("libgit2 names no path for a difference")?;
        if !old
            .as_ref()
            .is_some_and(|old| is_old_mode(&delta, path, old, &new))
        {
            found(path);
        }
    }
    Ok(())
}

/// Whether the two sides differ only in bits of a mode that old commits hold and git does not distinguish.
fn is_old_mode(delta: &DiffDelta<'_>, path: &[u8], old: &Tree<'_>, new: &Tree<'_>) -> bool {
    if delta.status() != Delta::Modified || delta.old_file().id() != delta.new_file().id() {
        return false;
    }
    let mode = |tree: &Tree<'_>| {
        let path = Path::new(str::from_utf8(path).ok()?);
        Some(tree.get_path(path).ok()?.filemode())
    };
    let modes = (mode(old), mode(new));
    modes.0.is_some() && modes.0 == modes.1
}

/// What a commit has at a path, links followed.
///
/// # Errors
/// The commit has a file there, and this clone does not have its content (3).
pub fn text_at(repository: &Repository, commit: &str, path: &str) -> anyhow::Result<FileText> {
    let tree = repository
        .find_commit(Oid::from_str(commit)?)
        .and_then(|commit| commit.tree())
        .context("reading a tree")?;
    let entry = links::entry_at(repository, &tree, path)
        .with_context(|| format!("reading {path} at {commit}"))?;
    let Some(entry) = entry.filter(|entry| entry.kind() == Some(ObjectType::Blob)) else {
        return Ok(FileText::Absent);
    };
    match repository.find_blob(entry.id()) {
        Ok(blob) => Ok(
            String::from_utf8(blob.content().to_vec()).map_or(FileText::NotUtf8, FileText::Text)
        ),
        Err(error) if error.code() == ErrorCode::NotFound => {
            Err(missing(format_args!("the content of {path} at {commit}")))
        }
        Err(error) => Err(error).with_context(|| format!("reading {path} at {commit}")),
    }
}

/// Whether the commit has parents that a shallow clone does not show.
fn is_cut(commit: &Commit<'_>) -> bool {
    let parents = commit
        .raw_header_bytes()
        .split(|byte| *byte == b'\n')
        .filter(|line| line.starts_with(b"parent "))
        .count();
    parents != commit.parent_count()
}
