//! The files of a commit that pins are in, read out of the private copy of their repository.
//!
//! Links are not followed: what an edit of one would change stands elsewhere.

use std::path::Path;

use anyhow::Context;
use git2::{ErrorCode, FileMode, ObjectType, Oid, Repository, TreeWalkMode, TreeWalkResult};

/// A file at a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PinFile {
    Absent,
    NotUtf8,
    /// A part of the path is a symbolic link, whose target a pin has to name itself.
    Link(String),
    Text(String),
}

/// The files of one commit.
pub struct Snapshot {
    pub(super) repository: Repository,
    pub(super) tree: Oid,
}

impl Snapshot {
    /// Every path of the commit that is a file, sorted.
    pub fn paths(&self) -> anyhow::Result<Vec<String>> {
        let mut paths = Vec::new();
        self.repository.find_tree(self.tree)?.walk(TreeWalkMode::PreOrder, |folder, entry| {
            if let (Some(ObjectType::Blob), Ok(name)) = (entry.kind(), entry.name()) {
                paths.push(format!("{folder}{name}"));
            }
            TreeWalkResult::Ok
        })?;
        paths.sort();
        Ok(paths)
    }

    pub fn file(&self, path: &str) -> anyhow::Result<PinFile> {
        let tree = self.repository.find_tree(self.tree)?;
        let link = i32::from(FileMode::Link);
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        for end in ends {
            match tree.get_path(Path::new(&path[..end])) {
                Ok(entry) if entry.filemode() == link => return Ok(PinFile::Link(path[..end].to_owned())),
                Ok(entry) if end == path.len() && entry.kind() == Some(ObjectType::Blob) => {
                    let blob = self.repository.find_blob(entry.id()).with_context(|| format!("reading {path}"))?;
                    return Ok(String::from_utf8(blob.content().to_vec()).map_or(PinFile::NotUtf8, PinFile::Text));
                }
                Ok(_) => {}
                Err(error) if error.code() == ErrorCode::NotFound => return Ok(PinFile::Absent),
                Err(error) => return Err(error).with_context(|| format!("reading {path}")),
            }
        }
        Ok(PinFile::Absent)
    }
}
