//! Trees of commits, compared by their ids: what has one id is one content, and is not read.
//!
//! Nothing here reads a file's content or knows what a project is: folders are told apart as [`Folders`] has them.

use std::rc::Rc;

use anyhow::Context;
use git2::{Oid, Repository};

use crate::folders::{FolderId, Folders};
use crate::objects::{Objects, Tables};
use crate::raw_trees::{Difference, Entry, Id, differences};

/// What is said of a tree that is none.
pub(super) const DAMAGED: &str = "a tree of the repository is damaged (git fsck)";

/// Compares trees of neighbouring commits, from new to old: the older tree of one step is the newer one of the next.
pub(super) struct Comparison<'g> {
    objects: Objects<'g>,
    folders: &'g Folders,
    /// The older tree that was read last in each folder, by the folder's index.
    older: Vec<Option<(Id, Rc<Vec<u8>>)>>,
}

impl<'g> Comparison<'g> {
    pub(super) fn new(
        repository: &'g Repository,
        tables: &Tables,
        folders: &'g Folders,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            objects: Objects::new(repository, tables)?,
            folders,
            older: vec![None; folders.count()],
        })
    }

    /// The project folders of which a path differs between two root trees, each once; `None` is the tree before the first commit.
    pub(super) fn changed(&mut self, old: Option<Oid>, new: Oid) -> anyhow::Result<Vec<FolderId>> {
        let mut changed = Vec::new();
        let old = old.map(id).transpose()?.map(Entry::tree);
        self.compare(
            Folders::ROOT,
            old,
            Some(Entry::tree(id(new)?)),
            &mut changed,
        )?;
        changed.sort_unstable();
        changed.dedup();
        Ok(changed)
    }

    fn compare(
        &mut self,
        folder: FolderId,
        old: Option<Entry>,
        new: Option<Entry>,
        changed: &mut Vec<FolderId>,
    ) -> anyhow::Result<()> {
        if old == new {
            return Ok(());
        }
        let folders = self.folders;
        // Where a folder is expected there may be a file, a link or another repository: that is a path of its own.
        let is_path = |side: Option<Entry>| side.is_some_and(|entry| !entry.is_tree());
        if folders.is_leaf(folder) || is_path(old) || is_path(new) {
            changed.extend(folders.owner(folder));
        }
        if folders.is_leaf(folder) {
            return Ok(());
        }
        let after = self.content(folder, new)?;
        let before = self.content(folder, old)?;
        let differences = differences(&before, &after).context(DAMAGED)?;
        if let Some(old) = old {
            self.older[folder.index()] = Some((old.id, before));
        }
        for Difference { name, old, new } in differences {
            match folders.child(folder, &name) {
                Some(child) => self.compare(child, old, new, changed)?,
                None => changed.extend(folders.owner(folder)),
            }
        }
        Ok(())
    }

    /// The entries of a tree; none of what is not there, or is no tree.
    fn content(&mut self, folder: FolderId, side: Option<Entry>) -> anyhow::Result<Rc<Vec<u8>>> {
        let Some(Entry { id, .. }) = side.filter(|entry| entry.is_tree()) else {
            return Ok(Rc::default());
        };
        match self.older[folder.index()].take() {
            Some((held, content)) if held == id => return Ok(content),
            other => self.older[folder.index()] = other,
        }
        self.objects.tree(id)
    }
}

/// The id as raw trees have it.
pub(super) fn id(of: Oid) -> anyhow::Result<Id> {
    of.as_bytes()
        .try_into()
        .context("ids of 20 bytes are all that is read here, and this repository has longer ones")
}
