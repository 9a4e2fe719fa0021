//! The files of a commit that pins are in, read out of the private copy of their repository.
//!
//! Links are not followed: what an edit of one would change stands elsewhere.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use anyhow::Context;
use git2::{Blob, ErrorCode, FileMode, ObjectType, Oid, Repository, TreeWalkMode, TreeWalkResult};

use super::branch::DeliveryBranch;

/// A file at a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PinFile {
    Absent,
    NotUtf8,
    /// A part of the path is a symbolic link, whose target a pin has to name itself.
    Link(String),
    Text(String),
}

/// What a folder holds, by name: each with its id, and whether it is a link, a file or a folder.
type Folder = Rc<HashMap<String, (Oid, i32, Option<ObjectType>)>>;

/// The files of one commit.
pub struct Snapshot<'b> {
    branch: &'b DeliveryBranch,
    pub(super) repository: Repository,
    pub(super) tree: Oid,
    /// Folders that were read, by id: of a thousand files in a folder each would read all of it again.
    folders: RefCell<HashMap<Oid, Folder>>,
}

impl DeliveryBranch {
    /// The files of a commit that was fetched.
    pub fn snapshot(&self, commit: &str) -> anyhow::Result<Snapshot<'_>> {
        let repository = self.repository()?;
        let tree = repository
            .find_commit(Oid::from_str(commit)?)
            .and_then(|commit| commit.tree())
            .map(|tree| tree.id());
        let tree = tree.with_context(|| format!("reading {commit} of {}", self.shown()))?;
        Ok(Snapshot {
            branch: self,
            repository,
            tree,
            folders: RefCell::default(),
        })
    }
}

impl Snapshot<'_> {
    /// Every path of the commit that is a file, sorted.
    pub fn paths(&self) -> anyhow::Result<Vec<String>> {
        let mut paths = Vec::new();
        self.repository
            .find_tree(self.tree)?
            .walk(TreeWalkMode::PreOrder, |folder, entry| {
                if let (Some(ObjectType::Blob), Ok(name)) = (entry.kind(), entry.name()) {
                    paths.push(format!("{folder}{name}"));
                }
                TreeWalkResult::Ok
            })?;
        paths.sort();
        Ok(paths)
    }

    pub fn file(&self, path: &str) -> anyhow::Result<PinFile> {
        let mut within = self.tree;
        let mut end = 0;
        for part in path.split('/') {
            end += part.len();
            let folder = self
                .folder(within)
                .with_context(|| format!("reading {path}"))?;
            match folder.get(part) {
                None => return Ok(PinFile::Absent),
                Some((_, mode, _)) if *mode == i32::from(FileMode::Link) => {
                    return Ok(PinFile::Link(path[..end].to_owned()));
                }
                Some((id, _, Some(ObjectType::Blob))) if end == path.len() => {
                    let blob = self
                        .content(*id)
                        .with_context(|| format!("reading {path}"))?;
                    return Ok(String::from_utf8(blob.content().to_vec())
                        .map_or(PinFile::NotUtf8, PinFile::Text));
                }
                Some((id, _, Some(ObjectType::Tree))) if end < path.len() => within = *id,
                Some(_) => return Ok(PinFile::Absent),
            }
            end += 1;
        }
        Ok(PinFile::Absent)
    }

    /// A content, fetched where the server left it out.
    fn content(&self, id: Oid) -> anyhow::Result<Blob<'_>> {
        match self.repository.find_blob(id) {
            Err(error) if error.code() == ErrorCode::NotFound => {
                self.bring(id)?;
                Ok(self.repository.find_blob(id)?)
            }
            found => Ok(found?),
        }
    }

    /// Fetches a content that is not here, and with it all that is likely to be read of the same commit.
    fn bring(&self, wanted: Oid) -> anyhow::Result<()> {
        let mut contents = BTreeSet::from([wanted]);
        self.repository
            .find_tree(self.tree)?
            .walk(TreeWalkMode::PreOrder, |folder, entry| {
                if let (Some(ObjectType::Blob), Ok(name)) = (entry.kind(), entry.name())
                    && self.branch.expected.has(&format!("{folder}{name}"))
                {
                    contents.insert(entry.id());
                }
                TreeWalkResult::Ok
            })?;
        self.branch.bring(wanted, &contents)
    }

    fn folder(&self, id: Oid) -> anyhow::Result<Folder> {
        if let Some(known) = self.folders.borrow().get(&id) {
            return Ok(Rc::clone(known));
        }
        let tree = self.repository.find_tree(id)?;
        let named = tree.iter().filter_map(|entry| {
            Some((
                entry.name().ok()?.to_owned(),
                (entry.id(), entry.filemode(), entry.kind()),
            ))
        });
        let folder: Folder = Rc::new(named.collect());
        self.folders.borrow_mut().insert(id, Rc::clone(&folder));
        Ok(folder)
    }
}
