//! Objects of a repository for those who read many: out of its packs where that is plain, and through libgit2 where it is not.
//!
//! Loose objects, packs that are damaged or of another form, and what is not here at all are libgit2's, as are its words for what
//! is wrong. Reading only; whose the objects are is the caller's.

#![allow(clippy::disallowed_methods, reason = "packs are read from disk")]

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use anyhow::Context;
use git2::{ErrorCode, ObjectType, Odb, Oid, Repository};

use crate::missing::missing;
use crate::packs::index::PackIndex;
use crate::packs::{Kind, Packs, Source};
use crate::raw_trees::Id;

/// The packs of a repository with their tables, which threads share.
#[derive(Default)]
pub(super) struct Tables(Vec<(Arc<PackIndex>, PathBuf)>);

/// Bytes of tables that are held, and how many are worth it for one object more: to read them takes time as well.
const LARGEST: u64 = 64 << 20;
const WORTH: u64 = 4 << 10;
/// Packs that are opened, each by every thread. A repository with more of them wants `git gc` first.
const MOST: usize = 64;
/// Stores that borrow from stores, as deep as git follows them.
const DEEPEST: usize = 5;

impl Tables {
    /// The tables for one who is about to read so many objects; none when they are too large, or too many, for that.
    pub(super) fn of(repository: &Repository, objects: usize) -> Self {
        let mut packs = Vec::new();
        add_packs(&repository.commondir().join("objects"), 0, &mut packs);
        let bytes: u64 = packs.iter().map(|(_, bytes)| bytes).sum();
        let worth = u64::try_from(objects)
            .unwrap_or(u64::MAX)
            .saturating_mul(WORTH);
        if packs.len() > MOST || bytes > LARGEST.min(worth) {
            return Self::default();
        }
        Self(
            packs
                .into_iter()
                .filter_map(|(path, _)| table(path))
                .collect(),
        )
    }
}

/// The tables of an object store and of those it borrows from, with their sizes.
fn add_packs(store: &Path, depth: usize, packs: &mut Vec<(PathBuf, u64)>) {
    for entry in fs::read_dir(store.join("pack"))
        .into_iter()
        .flatten()
        .flatten()
    {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "idx") {
            packs.extend(entry.metadata().ok().map(|metadata| (path, metadata.len())));
        }
    }
    let others = fs::read_to_string(store.join("info/alternates")).unwrap_or_default();
    // One that is named in quotes is not found here, and found by libgit2.
    for other in others
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if depth < DEEPEST {
            add_packs(&store.join(other), depth + 1, packs);
        }
    }
}

/// A table that is whole, with the pack that it is of.
fn table(path: PathBuf) -> Option<(Arc<PackIndex>, PathBuf)> {
    let index = PackIndex::read(fs::read(&path).ok()?)?;
    let pack = path.with_extension("pack");
    let mut head = [0; 12];
    File::open(&pack).ok()?.read_exact(&mut head).ok()?;
    let [b'P', b'A', b'C', b'K', 0, 0, 0, 2 | 3, count @ ..] = head else {
        return None;
    };
    (u32::from_be_bytes(count) as usize == index.count()).then(|| (Arc::new(index), pack))
}

/// A pack that is opened when it is first asked.
struct PackFile {
    path: PathBuf,
    file: Option<File>,
}

impl Source for PackFile {
    fn read(&mut self, at: u64, most: usize) -> Option<Vec<u8>> {
        if self.file.is_none() {
            self.file = File::open(&self.path).ok();
        }
        let file = self.file.as_mut()?;
        file.seek(SeekFrom::Start(at)).ok()?;
        let mut bytes = Vec::with_capacity(most);
        file.take(u64::try_from(most).ok()?)
            .read_to_end(&mut bytes)
            .ok()?;
        Some(bytes)
    }
}

/// The objects of a repository, for one thread.
pub(super) struct Objects<'g> {
    packs: Packs,
    store: Odb<'g>,
}

impl<'g> Objects<'g> {
    pub(super) fn new(repository: &'g Repository, tables: &Tables) -> anyhow::Result<Self> {
        let open = |(index, path): &(Arc<PackIndex>, PathBuf)| {
            let source: Box<dyn Source> = Box::new(PackFile {
                path: path.clone(),
                file: None,
            });
            (Arc::clone(index), source)
        };
        let packs = Packs::new(tables.0.iter().map(open).collect());
        Ok(Self {
            packs,
            store: repository.odb().context("opening the object store")?,
        })
    }

    /// The raw bytes of a commit; `None` for one that cannot be had, whatever the reason is.
    pub(super) fn commit(&mut self, id: Oid) -> Option<Rc<Vec<u8>>> {
        let packed = id
            .as_bytes()
            .try_into()
            .ok()
            .and_then(|id| self.packs.read(id, Kind::Commit));
        packed.or_else(|| {
            let object = self
                .store
                .read(id)
                .ok()
                .filter(|object| object.kind() == ObjectType::Commit)?;
            Some(Rc::new(object.data().to_owned()))
        })
    }

    /// The raw bytes of a tree.
    ///
    /// # Errors
    /// It is not here, or cannot be read.
    pub(super) fn tree(&mut self, id: Id) -> anyhow::Result<Rc<Vec<u8>>> {
        if let Some(packed) = self.packs.read(&id, Kind::Tree) {
            return Ok(packed);
        }
        read(&self.store, id).map(Rc::new)
    }
}

/// The raw bytes of a tree, by libgit2 alone.
///
/// # Errors
/// It is not here, or cannot be read.
pub(super) fn read(store: &Odb<'_>, id: Id) -> anyhow::Result<Vec<u8>> {
    let id = Oid::from_bytes(&id)?;
    match store.read(id) {
        Ok(object) => Ok(object.data().to_owned()),
        Err(error) if error.code() == ErrorCode::NotFound => {
            Err(missing(format_args!("the tree {id} of its own history")))
        }
        Err(error) => Err(error).with_context(|| format!("reading the tree {id}")),
    }
}

#[cfg(test)]
mod tests;
