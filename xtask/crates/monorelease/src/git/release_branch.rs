//! The branch of a release pull request: its commit is made without work tree, index or HEAD, and pushed by compare-and-swap.
//!
//! The commit is a pure function of its parent and its files, so that the same release is the same commit on every machine.

use std::collections::BTreeMap;

use anyhow::{Context, anyhow};
use git2::{
    ErrorCode, ObjectType, Oid, Repository, Signature, Time, Tree, TreeWalkMode, TreeWalkResult,
};
use monorelease_process::Call;

use super::Git;
use crate::release_pr::model::ReleaseCommit;

/// Who made it. A person's name would make another commit of the same release on another machine.
const NAME: &str = "cargo xtask release-pr";
const ADDRESS: &str = "release-pr@noreply.invalid";

/// Modes of entries, as git writes them.
const FILE: i32 = 0o100_644;
const FOLDER: i32 = 0o040_000;

impl Git {
    /// The named branches of the remote as it says now, each with its commit; `None` when no such remote is set up.
    ///
    /// # Errors
    /// The remote cannot be read.
    pub fn remote_branches(
        &self,
        remote: &str,
        names: &[&str],
    ) -> anyhow::Result<Option<BTreeMap<String, String>>> {
        match self.repository.find_remote(remote) {
            Ok(_) => {}
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(None),
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("reading the settings of remote {remote}"));
            }
        }
        let patterns: Vec<_> = names
            .iter()
            .map(|name| format!("refs/heads/{name}"))
            .collect();
        let call = self
            .network_call()
            .args(["ls-remote", "--heads", remote])
            .args(&patterns);
        let listing = self
            .runner()
            .output(&call)
            .with_context(|| format!("reading the branches of {remote}"))?;
        let mut branches = BTreeMap::new();
        for line in listing.lines() {
            let (commit, reference) = line
                .split_once('\t')
                .ok_or_else(|| anyhow!("git ls-remote printed {line:?}"))?;
            // A pattern is matched by the end of a name: `a/refs/heads/b` would be found too.
            if let Some(name) = reference
                .strip_prefix("refs/heads/")
                .filter(|name| names.contains(name))
            {
                branches.insert(name.to_owned(), commit.to_owned());
            }
        }
        Ok(Some(branches))
    }

    /// Every file of a commit.
    ///
    /// # Errors
    /// The commit, or a tree of it, cannot be read.
    pub fn paths_at(&self, commit: &str) -> anyhow::Result<Vec<String>> {
        let mut paths = Vec::new();
        let tree = self
            .commit_object(commit)?
            .tree()
            .context("reading a tree")?;
        tree.walk(TreeWalkMode::PreOrder, |folder, entry| {
            if entry.kind() == Some(ObjectType::Blob) {
                paths.push(
                    String::from_utf8_lossy(&[folder.as_bytes(), entry.name_bytes()].concat())
                        .into_owned(),
                );
            }
            TreeWalkResult::Ok
        })
        .with_context(|| format!("reading the files of {commit}"))?;
        Ok(paths)
    }

    /// The id that the commit has, or would have; nothing is written.
    ///
    /// # Errors
    /// The parent cannot be read, or a file of it stands where a folder is wanted.
    pub fn release_commit_id(&self, wanted: &ReleaseCommit) -> anyhow::Result<String> {
        // A repository of its own: objects that are added to it stay in memory and end with it.
        let repository =
            Repository::open(self.repository.path()).context("opening the repository")?;
        let odb = repository.odb().context("opening the object store")?;
        odb.add_new_mempack_backend(1000)
            .context("opening an object store in memory")?;
        write(&repository, wanted)
    }

    /// Writes the commit into the object store, where nothing points at it yet, and pushes it: over the commit that was seen on the
    /// branch, or over nothing.
    ///
    /// # Errors
    /// The branch is not as it was seen, or the remote refuses.
    pub fn push_release(
        &self,
        remote: &str,
        branch: &str,
        wanted: &ReleaseCommit,
        seen: Option<&str>,
    ) -> anyhow::Result<()> {
        let id = write(&self.repository, wanted)?;
        self.swap_branch(remote, branch, &format!("{id}:refs/heads/{branch}"), seen)
    }

    /// Deletes a branch of the remote, if it still is as it was seen.
    ///
    /// # Errors
    /// The branch is not as it was seen, or the remote refuses.
    pub fn delete_remote_branch(
        &self,
        remote: &str,
        branch: &str,
        seen: &str,
    ) -> anyhow::Result<()> {
        self.swap_branch(remote, branch, &format!(":refs/heads/{branch}"), Some(seen))
    }

    fn swap_branch(
        &self,
        remote: &str,
        branch: &str,
        change: &str,
        seen: Option<&str>,
    ) -> anyhow::Result<()> {
        // Nothing behind the colon means that the branch must not be there.
        let lease = format!(
            "--force-with-lease=refs/heads/{branch}:{}",
            seen.unwrap_or_default()
        );
        self.runner()
            .output(&self.push_call().args([&lease, remote, change]))
            .map(drop)
    }

    /// A push of what is named behind it and of nothing else: with `push.followTags` git would send every annotated tag on
    /// the way, releases among them that nobody asked for.
    pub(super) fn push_call(&self) -> Call {
        self.network_call()
            .args(["push", "--quiet", "--no-follow-tags"])
    }
}

fn write(repository: &Repository, wanted: &ReleaseCommit) -> anyhow::Result<String> {
    let parent = repository
        .find_commit(Oid::from_str(&wanted.parent)?)
        .context("reading the commit to release from")?;
    let mut files = Vec::new();
    for (path, text) in &wanted.files {
        files.push((
            path.as_str(),
            repository
                .blob(text.as_bytes())
                .with_context(|| format!("writing {path}"))?,
        ));
    }
    let tree = with_files(
        repository,
        Some(&parent.tree().context("reading a tree")?),
        &files,
    )?;
    let tree = repository.find_tree(tree).context("reading the new tree")?;
    // The parent's own time: the same release is the same commit whenever it is made.
    let who = Signature::new(NAME, ADDRESS, &Time::new(parent.time().seconds(), 0))
        .context("naming the committer")?;
    let message = wanted.message_of(&tree.id().to_string());
    Ok(repository
        .commit(None, &who, &who, &message, &tree, &[&parent])
        .context("writing the commit")?
        .to_string())
}

/// The tree with these files in it, each in the mode it has; a new one as a plain file.
fn with_files(
    repository: &Repository,
    tree: Option<&Tree<'_>>,
    files: &[(&str, Oid)],
) -> anyhow::Result<Oid> {
    let mut builder = repository.treebuilder(tree).context("changing a tree")?;
    let mut below: BTreeMap<&str, Vec<(&str, Oid)>> = BTreeMap::new();
    for (path, blob) in files {
        match path.split_once('/') {
            Some((folder, rest)) => below.entry(folder).or_default().push((rest, *blob)),
            None => {
                let mode = tree
                    .and_then(|tree| tree.get_name(path))
                    .map_or(FILE, |entry| entry.filemode());
                builder
                    .insert(path, *blob, mode)
                    .with_context(|| format!("writing {path}"))?;
            }
        }
    }
    for (folder, files) in below {
        let entry = tree.and_then(|tree| tree.get_name(folder));
        let inner = entry
            .map(|entry| entry.to_object(repository)?.peel_to_tree())
            .transpose();
        let inner = inner.with_context(|| format!("{folder} is no folder"))?;
        let id = with_files(repository, inner.as_ref(), &files)?;
        builder
            .insert(folder, id, FOLDER)
            .with_context(|| format!("writing {folder}"))?;
    }
    builder.write().context("writing a tree")
}
