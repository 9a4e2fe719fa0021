//! The history that HEAD has: its first-parent chain with what each commit changed, and what HEAD contains (law 7). Reading only.
//!
//! Nothing here knows a project or a release; the caller says whose commits they are. Every walk goes only as far as it is
//! asked to, and what was walked is not walked again.

use std::collections::hash_map::Entry;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use anyhow::Context;
use git2::{Commit, ObjectType, Oid, Repository, Tree};

use crate::links;
use crate::missing::unread;

/// The commits that HEAD contains, as far as it was asked for them; each is read once.
pub struct History<'g> {
    pub(super) repository: &'g Repository,
    pub(super) head: Oid,
    /// HEAD contains all of these.
    known: ById<Known>,
    /// Known ones whose parents may not be, newest first.
    open: BinaryHeap<(i64, Oid)>,
    /// The first-parent chain, HEAD first.
    chain: Vec<Oid>,
    next_of_chain: Option<Oid>,
    /// Commits beside the chain, and where what they contain begins on it.
    meets: ById<usize>,
}

pub(super) type ById<T> = HashMap<Oid, T, BuildHasherDefault<IdHasher>>;
pub(super) type Ids = HashSet<Oid, BuildHasherDefault<IdHasher>>;

/// An object's id is a hash already: some bytes of it will do.
#[derive(Default)]
pub(super) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 ^= u64::from_ne_bytes(*first);
        }
    }
}

/// What is kept of a commit.
struct Known {
    /// `None` for a first commit.
    parent: Option<Oid>,
    /// The other parents of a merge.
    merged: Vec<Oid>,
    place_on_chain: Option<usize>,
}

impl Known {
    fn parents(&self) -> impl Iterator<Item = Oid> + '_ {
        self.parent.into_iter().chain(self.merged.iter().copied())
    }
}

impl<'g> History<'g> {
    /// What a commit, called HEAD here, has behind it.
    ///
    /// # Errors
    /// This clone does not have the commit.
    pub fn of(repository: &'g Repository, head: &str) -> anyhow::Result<Self> {
        let head = Oid::from_str(head)?;
        let mut history = Self {
            repository,
            head,
            known: ById::default(),
            open: BinaryHeap::new(),
            chain: Vec::new(),
            next_of_chain: Some(head),
            meets: ById::default(),
        };
        history.learn(head)?;
        Ok(history)
    }

    /// Whether HEAD is the commit or has it in its history.
    ///
    /// # Errors
    /// A commit of the history cannot be read.
    pub fn contains(&mut self, commit: &str) -> anyhow::Result<bool> {
        let wanted = Oid::from_str(commit)?;
        while !self.known.contains_key(&wanted) {
            let Some((_, next)) = self.open.pop() else {
                return Ok(false);
            };
            for parent in self.learn(next)?.parents().collect::<Vec<_>>() {
                self.learn(parent)?;
            }
        }
        Ok(true)
    }

    /// How many commits of HEAD's first-parent chain, counted from HEAD, a commit does *not* contain; `None` for one that HEAD does
    /// not contain.
    ///
    /// A commit beside the chain, such as the tip of a release branch that was merged, contains the chain from where its branch began.
    ///
    /// # Errors
    /// A commit of the history cannot be read.
    pub fn beyond(&mut self, commit: &str) -> anyhow::Result<Option<usize>> {
        if !self.contains(commit)? {
            return Ok(None);
        }
        let wanted = Oid::from_str(commit)?;
        while self.place(wanted).is_none() {
            if !self.lengthen_chain()? {
                return self.meeting(wanted).map(Some);
            }
        }
        Ok(self.place(wanted))
    }

    /// Whether a commit is one of the first-parent chain, as far as that was walked to find it.
    pub fn is_on_chain(&self, commit: &str) -> bool {
        Oid::from_str(commit).is_ok_and(|id| self.place(id).is_some())
    }

    fn place(&self, id: Oid) -> Option<usize> {
        self.known.get(&id)?.place_on_chain
    }

    /// Reads a commit that HEAD contains, unless it was read before.
    fn learn(&mut self, id: Oid) -> anyhow::Result<&mut Known> {
        match self.known.entry(id) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(place) => {
                let commit = commit(self.repository, id)?;
                self.open.push((commit.time().seconds(), id));
                let mut parents = commit.parent_ids();
                let parent = parents.next();
                let known = Known {
                    parent,
                    merged: parents.collect(),
                    place_on_chain: None,
                };
                Ok(place.insert(known))
            }
        }
    }

    /// Makes one more commit of the chain known; `false` when it is known whole.
    fn lengthen_chain(&mut self) -> anyhow::Result<bool> {
        let Some(id) = self.next_of_chain else {
            return Ok(false);
        };
        let place = self.chain.len();
        let known = self.learn(id)?;
        known.place_on_chain = Some(place);
        self.next_of_chain = known.parent;
        self.chain.push(id);
        Ok(true)
    }

    /// The newest commit of the chain, which is known whole by now, that a commit beside it contains; each is looked at once,
    /// however many are asked for. Without recursion: a side branch may be as long as the history.
    fn meeting(&mut self, wanted: Oid) -> anyhow::Result<usize> {
        let mut open = vec![wanted];
        while let Some(id) = open.last().copied() {
            let mut newest = self.chain.len();
            let waiting = open.len();
            for parent in self.learn(id)?.parents().collect::<Vec<_>>() {
                match self
                    .place(parent)
                    .or_else(|| self.meets.get(&parent).copied())
                {
                    Some(place) => newest = newest.min(place),
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

impl<'g> Contents<'g> {
    /// Looks for files of many commits.
    pub fn of(repository: &'g Repository) -> Self {
        Self {
            repository,
            trees: HashMap::new(),
        }
    }

    /// The id of a file's content at a commit; `None` when the commit has no such file.
    pub fn id_of(&mut self, at: &str, path: &str) -> anyhow::Result<Option<String>> {
        let mut id = commit(self.repository, Oid::from_str(at)?)?.tree_id();
        let mut names = path.split('/').peekable();
        while let Some(name) = names.next() {
            if !self.trees.contains_key(&id) {
                if self.trees.len() >= KEPT_TREES {
                    self.trees.clear();
                }
                let tree = self
                    .repository
                    .find_tree(id)
                    .with_context(|| format!("reading the folders of {path} at {at}"))?;
                self.trees.insert(id, tree);
            }
            let wanted = if names.peek().is_some() {
                ObjectType::Tree
            } else {
                ObjectType::Blob
            };
            match self.trees.get(&id).and_then(|tree| tree.get_name(name)) {
                Some(entry) if links::is_link(&entry) => return self.id_behind_links(at, path),
                Some(entry) if entry.kind() == Some(wanted) => id = entry.id(),
                _ => return Ok(None),
            }
        }
        Ok(Some(id.to_string()))
    }

    fn id_behind_links(&self, at: &str, path: &str) -> anyhow::Result<Option<String>> {
        let tree = commit(self.repository, Oid::from_str(at)?)?.tree()?;
        let entry = links::entry_at(self.repository, &tree, path)
            .with_context(|| format!("reading {path} at {at}"))?;
        Ok(entry
            .filter(|entry| entry.kind() == Some(ObjectType::Blob))
            .map(|entry| entry.id().to_string()))
    }
}

pub fn commit(repository: &Repository, id: Oid) -> anyhow::Result<Commit<'_>> {
    repository.find_commit(id).map_err(|error| {
        unread(
            error,
            "a commit",
            format_args!("commit {id} of the history cannot be read (git fsck)"),
        )
    })
}
