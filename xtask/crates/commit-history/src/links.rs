//! Symbolic links inside a commit's tree, followed as the work tree follows them. Nothing outside of the tree is looked at.

use std::path::Path;

use anyhow::Context;
use git2::{ErrorCode, Repository, Tree, TreeEntry};
use monorelease_model::paths;

/// How git marks an entry whose content is the target of a link.
const LINK: i32 = 0o120_000;

/// As many as Linux follows; more are a circle.
const MOST_LINKS: usize = 40;

/// What a path leads to; `None` when nothing is there, or a link leads out of the repository.
///
/// # Errors
/// The links run in a circle, or an object cannot be read.
pub fn entry_at(
    repository: &Repository,
    tree: &Tree,
    path: &str,
) -> anyhow::Result<Option<TreeEntry<'static>>> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        // What is found by its whole path has no link in its folders: a link is no tree.
        if let Some(entry) = at(tree, &path)?.filter(|entry| !is_link(entry)) {
            return Ok(Some(entry));
        }
        let Some(target) = behind_first_link(repository, tree, &path)? else {
            return Ok(None);
        };
        path = target;
    }
    anyhow::bail!("its links run in a circle")
}

/// Whether the entry is a link.
pub(super) fn is_link(entry: &TreeEntry<'_>) -> bool {
    entry.filemode() == LINK
}

fn at(tree: &Tree, path: &str) -> anyhow::Result<Option<TreeEntry<'static>>> {
    match tree.get_path(Path::new(path)) {
        Ok(entry) => Ok(Some(entry.to_owned())),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The path with the first link in it replaced by what the link says; `None` when it has none, or that is outside.
fn behind_first_link(
    repository: &Repository,
    tree: &Tree,
    path: &str,
) -> anyhow::Result<Option<String>> {
    let ends = path
        .match_indices('/')
        .map(|(end, _)| end)
        .chain([path.len()]);
    for end in ends {
        let Some(entry) = at(tree, &path[..end])? else {
            return Ok(None);
        };
        if is_link(&entry) {
            let link = repository
                .find_blob(entry.id())
                .with_context(|| format!("reading the link {}", &path[..end]))?;
            let Ok(target) = str::from_utf8(link.content()) else {
                return Ok(None);
            };
            let folder = path[..end]
                .rsplit_once('/')
                .map_or("", |(folder, _)| folder);
            return Ok(paths::resolve(folder, &format!("{target}{}", &path[end..])));
        }
    }
    Ok(None)
}
