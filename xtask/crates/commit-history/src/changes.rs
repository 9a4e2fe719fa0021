//! What differs between two commits, down to the paths, and what single files say in a commit. Reading only, nothing is fetched.
//!
//! Whose a path is, and what follows from it, is decided elsewhere. Renames are not looked for: a path that is gone has
//! changed, and so has one that is new.

use anyhow::Context;
use git2::{Commit, ErrorClass, ErrorCode, ObjectType, Oid, Repository};

use crate::links;
use crate::missing::{missing, unread};
use crate::objects::read;
use crate::raw_trees::{Difference, Id, differences};
use crate::trees::{DAMAGED, id};

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
    let tree = |commit: &str| {
        id(repository
            .find_commit(Oid::from_str(commit)?)
            .context("reading a commit")?
            .tree_id())
    };
    let objects = repository.odb().context("opening the object store")?;
    let content = |id: Option<Id>| id.map_or_else(|| Ok(Vec::new()), |id| read(&objects, id));
    let mut changed = Vec::new();
    // A stack, and no recursion: nobody bounds how deep folders lie.
    let mut open = vec![(Vec::new(), Some(tree(old)?), Some(tree(new)?))];
    while let Some((folder, old, new)) = open.pop() {
        if old == new {
            continue;
        }
        for Difference { name, old, new } in
            differences(&content(old)?, &content(new)?).context(DAMAGED)?
        {
            let path = [&folder[..], &name].concat();
            if [old, new].iter().flatten().any(|side| !side.is_tree()) {
                changed.push(path.clone());
            }
            let trees =
                [old, new].map(|side| side.filter(|side| side.is_tree()).map(|side| side.id));
            if trees != [None, None] {
                open.push(([&path[..], b"/"].concat(), trees[0], trees[1]));
            }
        }
    }
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
    let root = id(repository
        .find_commit(Oid::from_str(commit)?)
        .context("reading a commit")?
        .tree_id())?;
    let objects = repository.odb().context("opening the object store")?;
    let mut found = Vec::new();
    let mut open = vec![(String::new(), root)];
    while let Some((folder, tree)) = open.pop() {
        // What stands in a tree is what differs from an empty one.
        for Difference { name, new, .. } in
            differences(&[], &read(&objects, tree)?).context(DAMAGED)?
        {
            let (Ok(name), Some(entry)) = (String::from_utf8(name), new) else {
                continue;
            };
            if entry.is_tree() {
                open.push((format!("{folder}{name}/"), entry.id));
            } else if names.contains(&name.as_str()) {
                found.push(format!("{folder}{name}"));
            }
        }
    }
    found.sort_unstable();
    Ok(found)
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
