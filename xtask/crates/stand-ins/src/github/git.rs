//! What the embedded forge knows of branches and commits: read from a bare repository, each time anew.
//!
//! It writes nothing there. What cannot be read is not there, as a forge with a broken disk would say.

use std::path::Path;

use git2::{Oid, Repository, Sort};

/// A bare repository; `None` inside when it cannot be opened.
pub(super) struct Bare(Option<Repository>);

/// A commit, as far as answers tell of it.
pub(super) struct BareCommit {
    pub id: String,
    pub tree: String,
    pub parents: Vec<String>,
    pub message: String,
    pub author: (String, String),
    /// Seconds since 1970.
    pub seconds: i64,
}

impl Bare {
    pub fn open(path: &Path) -> Self {
        Self(Repository::open_bare(path).ok())
    }

    /// The head of a branch.
    pub fn branch(&self, name: &str) -> Option<String> {
        let reference = self
            .0
            .as_ref()?
            .find_reference(&format!("refs/heads/{name}"))
            .ok()?;
        Some(reference.peel_to_commit().ok()?.id().to_string())
    }

    /// The commit that a tag leads to.
    pub fn tag(&self, name: &str) -> Option<String> {
        let reference = self
            .0
            .as_ref()?
            .find_reference(&format!("refs/tags/{name}"))
            .ok()?;
        Some(reference.peel_to_commit().ok()?.id().to_string())
    }

    /// The commit that a branch or a whole hash names.
    pub fn resolve(&self, name: &str) -> Option<String> {
        let by_id = || {
            Some(
                self.0
                    .as_ref()?
                    .find_commit(Oid::from_str(name).ok()?)
                    .ok()?
                    .id()
                    .to_string(),
            )
        };
        self.branch(name).or_else(by_id)
    }

    /// The commits of `head` that `base` does not contain, oldest first.
    pub fn beyond(&self, base: &str, head: &str) -> Option<Vec<BareCommit>> {
        let repository = self.0.as_ref()?;
        let mut walk = repository.revwalk().ok()?;
        walk.set_sorting(Sort::TOPOLOGICAL | Sort::REVERSE).ok()?;
        walk.push(Oid::from_str(head).ok()?).ok()?;
        walk.hide(Oid::from_str(base).ok()?).ok()?;
        walk.map(|id| self.commit(&id.ok()?.to_string())).collect()
    }

    /// Where the two histories part.
    pub fn merge_base(&self, base: &str, head: &str) -> Option<String> {
        let found = self
            .0
            .as_ref()?
            .merge_base(Oid::from_str(base).ok()?, Oid::from_str(head).ok()?);
        found.ok().map(|id| id.to_string())
    }

    pub fn commit(&self, id: &str) -> Option<BareCommit> {
        let commit = self.0.as_ref()?.find_commit(Oid::from_str(id).ok()?).ok()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let author = commit.author();
        Some(BareCommit {
            id: id.to_owned(),
            tree: commit.tree_id().to_string(),
            parents: commit
                .parent_ids()
                .map(|parent| parent.to_string())
                .collect(),
            message: text(commit.message_bytes()),
            author: (text(author.name_bytes()), text(author.email_bytes())),
            seconds: commit.time().seconds(),
        })
    }
}
