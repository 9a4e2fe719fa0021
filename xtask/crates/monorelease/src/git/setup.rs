//! How a repository is set up: its files, its remote, its main branch. Read for those who do not have a configuration yet.
//!
//! Nothing here asks a remote: what the clone knows is all.

use std::path::Path;

use anyhow::Context;
use git2::{BranchType, Error, ErrorCode, Reference};

use super::Git;
use crate::fault::Fault;
use crate::world::files;

/// A remote as the clone knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownRemote {
    pub name: String,
    pub url: String,
}

/// Why a repository that is there cannot be opened, and what lets it be: by git's own word for it, where there is one.
pub(super) fn unopened(folder: &Path, error: &Error) -> Fault {
    let fix = match error.message() {
        // A checkout that another user made, as in the containers of a CI.
        message if error.code() == ErrorCode::Owner => {
            let named = message.split('\'').nth(1).map_or_else(
                || files::resolved(folder).display().to_string(),
                str::to_owned,
            );
            format!("git config --global --add safe.directory {named}")
        }
        message if message.contains("refstorage") => {
            "git refs migrate --ref-format=files".to_owned()
        }
        message if message.contains("object format") => {
            "clone one whose objects are named by SHA-1; others are not read".to_owned()
        }
        _ => "git status".to_owned(),
    };
    Fault::usage(format!(
        "{}: the git repository cannot be opened: {}",
        folder.display(),
        error.message()
    ))
    .fix(fix)
}

impl Git {
    /// Every file that is tracked, or untracked and not ignored. Names that are not UTF-8 are left out: no configuration
    /// could name them. A name that ends with `/` is a repository inside this one.
    pub fn tree_files(&self) -> anyhow::Result<Vec<String>> {
        let listing = self.listing("")?;
        Ok(listing
            .split('\0')
            .filter(|path| !path.is_empty() && !path.contains(char::REPLACEMENT_CHARACTER))
            .map(str::to_owned)
            .collect())
    }

    /// The remote that releases would go to: `origin`, else the only one there is.
    pub fn likely_remote(&self) -> anyhow::Result<Option<KnownRemote>> {
        let remotes = self.repository.remotes().context("reading the remotes")?;
        let names: Vec<&str> = remotes
            .iter()
            .filter_map(|name| name.ok().flatten())
            .collect();
        let name = match names.as_slice() {
            all if all.contains(&"origin") => "origin",
            [only] => only,
            _ => return Ok(None),
        };
        let remote = self
            .repository
            .find_remote(name)
            .with_context(|| format!("reading remote {name}"))?;
        Ok(remote.url().ok().map(|url| KnownRemote {
            name: name.into(),
            url: url.into(),
        }))
    }

    /// The branch that releases come from: what the remote calls its HEAD, else `main` or `master` where they are, else the one
    /// that HEAD is on, be it without a commit yet.
    pub fn likely_branch(&self, remote: Option<&str>) -> anyhow::Result<Option<String>> {
        if let Some(remote) = remote {
            let prefix = format!("refs/remotes/{remote}/");
            let head = self.symbolic_target(&format!("{prefix}HEAD"))?;
            if let Some(branch) = head
                .as_deref()
                .and_then(|target| target.strip_prefix(&prefix))
            {
                return Ok(Some(branch.to_owned()));
            }
        }
        if let Some(name) = ["main", "master"]
            .into_iter()
            .find(|name| self.repository.find_branch(name, BranchType::Local).is_ok())
        {
            return Ok(Some(name.to_owned()));
        }
        let head = self.symbolic_target("HEAD")?;
        Ok(head.and_then(|target| target.strip_prefix("refs/heads/").map(str::to_owned)))
    }

    /// What a symbolic reference points at, be that there or not; `None` when it is not there or not symbolic.
    fn symbolic_target(&self, name: &str) -> anyhow::Result<Option<String>> {
        let target = |reference: Reference<'_>| {
            reference
                .symbolic_target_bytes()
                .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        };
        match self.repository.find_reference(name) {
            Ok(reference) => Ok(target(reference)),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("reading {name}")),
        }
    }
}
