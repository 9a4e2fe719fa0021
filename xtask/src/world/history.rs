//! The history that HEAD has: its first-parent chain with what each commit changed, and what HEAD contains (law 7). Reading only.
//!
//! Nothing here knows a project or a release; `plan::history` says whose commits they are. Every walk goes only as far as it is
//! asked to, and what was walked is not walked again.

use std::collections::{HashMap, HashSet};

use anyhow::Context;
use git2::{Commit, ObjectType, Oid, Repository, Revwalk, Tree};

use super::git::Git;
use super::trees::Comparison;
use crate::model::folders::{FolderId, Folders};

impl Git {
    /// The first-parent chain from a commit down to the first, each commit with the folders it changed.
    pub fn walk<'g>(&'g self, from: &str, folders: &'g Folders) -> anyhow::Result<Walk<'g>> {
        let next = Some(commit(self.repository(), Oid::from_str(from)?)?);
        Ok(Walk { comparison: Comparison::new(self.repository(), folders)?, next })
    }

    /// What a commit contains.
    pub fn ancestry(&self, head: &str) -> anyhow::Result<Ancestry<'_>> {
        let head = Oid::from_str(head)?;
        // Without a sorting, libgit2 gives the commits as it reads them, newest first: with one, it reads them all before.
        let mut walk = self.repository().revwalk().context("walking the history")?;
        walk.push(head).context("walking the history")?;
        Ok(Ancestry {
            repository: self.repository(),
            walk,
            contained: HashSet::new(),
            next_of_chain: Some(head),
            chain: HashMap::new(),
            meets: HashMap::new(),
        })
    }

    /// Looks for files of many commits.
    pub fn contents(&self) -> Contents<'_> {
        Contents { repository: self.repository(), trees: HashMap::new() }
    }
}

/// A commit of the chain.
pub struct Walked<'g> {
    commit: Commit<'g>,
    /// The project folders of which it changed a path, against its first parent.
    pub changed: Vec<FolderId>,
}

impl Walked<'_> {
    pub fn id(&self) -> String {
        self.commit.id().to_string()
    }

    /// The whole message, as text; what is no UTF-8 in it is marked.
    pub fn message(&self) -> String {
        String::from_utf8_lossy(self.commit.message_bytes()).into_owned()
    }
}

/// Goes down the first-parent chain; a merge counts by its difference to its first parent.
pub struct Walk<'g> {
    comparison: Comparison<'g>,
    next: Option<Commit<'g>>,
}

impl<'g> Walk<'g> {
    fn step(&mut self, commit: Commit<'g>) -> anyhow::Result<Walked<'g>> {
        let parent = match commit.parent_count() {
            0 => None,
            _ => Some(commit.parent(0).with_context(|| format!("reading the parent of commit {}", commit.id()))?),
        };
        let changed = self.comparison.changed(parent.as_ref().map(Commit::tree_id), commit.tree_id());
        let changed = changed.with_context(|| format!("reading what commit {} changed", commit.id()))?.into_iter().collect();
        self.next = parent;
        Ok(Walked { commit, changed })
    }
}

impl<'g> Iterator for Walk<'g> {
    type Item = anyhow::Result<Walked<'g>>;

    fn next(&mut self) -> Option<Self::Item> {
        let commit = self.next.take()?;
        Some(self.step(commit))
    }
}

/// What a commit, called HEAD here, contains: asked for many commits, walked once.
pub struct Ancestry<'g> {
    repository: &'g Repository,
    walk: Revwalk<'g>,
    /// What the walk has given so far.
    contained: HashSet<Oid>,
    /// Places on the first-parent chain, as far as it was needed; HEAD has 0.
    chain: HashMap<Oid, usize>,
    next_of_chain: Option<Oid>,
    /// Commits beside the chain, and where what they contain begins on it.
    meets: HashMap<Oid, usize>,
}

impl Ancestry<'_> {
    /// Whether HEAD is the commit or has it in its history.
    pub fn contains(&mut self, commit: &str) -> anyhow::Result<bool> {
        let wanted = Oid::from_str(commit)?;
        while !self.contained.contains(&wanted) {
            let Some(next) = self.walk.next() else { return Ok(false) };
            self.contained.insert(next.context("walking the history")?);
        }
        Ok(true)
    }

    /// How many commits of HEAD's first-parent chain, counted from HEAD, a commit does *not* contain.
    ///
    /// A commit beside the chain, such as the tip of a release branch that was merged, contains the chain from where its branch began.
    pub fn beyond(&mut self, commit: &str) -> anyhow::Result<usize> {
        let wanted = Oid::from_str(commit)?;
        match self.place_on_chain(wanted)? {
            Some(place) => Ok(place),
            None => self.meeting(wanted),
        }
    }

    fn place_on_chain(&mut self, wanted: Oid) -> anyhow::Result<Option<usize>> {
        while !self.chain.contains_key(&wanted) {
            let Some(id) = self.next_of_chain else { return Ok(None) };
            self.chain.insert(id, self.chain.len());
            self.next_of_chain = commit(self.repository, id)?.parent_id(0).ok();
        }
        Ok(self.chain.get(&wanted).copied())
    }

    /// The newest commit of the chain, which is known whole by now, that a commit beside it contains; each is looked at once,
    /// however many are asked for. Without recursion: a side branch may be as long as the history.
    fn meeting(&mut self, wanted: Oid) -> anyhow::Result<usize> {
        let mut open = vec![wanted];
        while let Some(id) = open.last().copied() {
            let mut newest = self.chain.len();
            let waiting = open.len();
            for parent in commit(self.repository, id)?.parent_ids() {
                match self.chain.get(&parent).or_else(|| self.meets.get(&parent)) {
                    Some(place) => newest = newest.min(*place),
                    None => open.push(parent),
                }
            }
            if open.len() == waiting {
                self.meets.insert(id, newest);
                open.pop();
            }
        }
        Ok(self.meets.get(&wanted).copied().unwrap_or(self.chain.len()))
    }
}

/// What many commits hold under a path, by id: two commits with one id there have one content.
pub struct Contents<'g> {
    repository: &'g Repository,
    trees: HashMap<Oid, Tree<'g>>,
}

/// Trees of folders kept for the next question. One of a thousand entries has some 100 KB.
const KEPT_TREES: usize = 256;

impl Contents<'_> {
    /// The id of a file's content at a commit; `None` when the commit has no such file.
    pub fn id_of(&mut self, at: &str, path: &str) -> anyhow::Result<Option<String>> {
        let mut id = commit(self.repository, Oid::from_str(at)?)?.tree_id();
        let mut names = path.split('/').peekable();
        while let Some(name) = names.next() {
            if !self.trees.contains_key(&id) {
                if self.trees.len() >= KEPT_TREES {
                    self.trees.clear();
                }
                let tree = self.repository.find_tree(id).with_context(|| format!("reading the folders of {path} at {at}"))?;
                self.trees.insert(id, tree);
            }
            let wanted = if names.peek().is_some() { ObjectType::Tree } else { ObjectType::Blob };
            match self.trees.get(&id).and_then(|tree| tree.get_name(name)) {
                Some(entry) if entry.kind() == Some(wanted) => id = entry.id(),
                _ => return Ok(None),
            }
        }
        Ok(Some(id.to_string()))
    }
}

fn commit(repository: &Repository, id: Oid) -> anyhow::Result<Commit<'_>> {
    repository.find_commit(id).with_context(|| format!("commit {id} of the history cannot be read (git fsck)"))
}
