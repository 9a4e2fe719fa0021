//! A delivery's commit: its tree is made in memory and written as one pack.
//!
//! A thousand pins in folders of their own are two thousand objects, and a file for each is most of what a promotion takes.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use git2::build::TreeUpdateBuilder;
use git2::{Buf, FileMode, Oid};

use super::branch::DeliveryBranch;
use super::tree::Snapshot;
use crate::world::files;

/// Ours comes before the files of the repository, which take what is written where no one else does.
const BEFORE_FILES: i32 = 1_000;

impl DeliveryBranch {
    /// Writes the tree of `base` in which these files have these texts; who was a program stays one.
    fn write_tree(&self, base: &str, changes: &[(String, String)]) -> anyhow::Result<Oid> {
        let of = || format!("writing the files of {}", self.shown());
        let Snapshot {
            repository, tree, ..
        } = self.snapshot(base)?;
        let tree = repository.find_tree(tree)?;
        let objects = repository.odb().with_context(of)?;
        objects
            .add_new_mempack_backend(BEFORE_FILES)
            .with_context(of)?;
        let mut update = TreeUpdateBuilder::new();
        for (path, text) in changes {
            let blob = repository
                .blob(text.as_bytes())
                .with_context(|| format!("writing {path}"))?;
            let is_program = tree
                .get_path(Path::new(path))
                .is_ok_and(|entry| entry.filemode() == i32::from(FileMode::BlobExecutable));
            update.upsert(
                path.as_str(),
                blob,
                if is_program {
                    FileMode::BlobExecutable
                } else {
                    FileMode::Blob
                },
            );
        }
        let changed = update.create_updated(&repository, &tree).with_context(of)?;
        let folders: BTreeSet<&str> = changes
            .iter()
            .flat_map(|(path, _)| path.match_indices('/').map(|(at, _)| &path[..at]))
            .collect();
        let root = repository.find_tree(changed).with_context(of)?;
        let mut builder = repository.packbuilder().with_context(of)?;
        builder.insert_object(changed, None).with_context(of)?;
        for path in changes.iter().map(|(path, _)| path.as_str()).chain(folders) {
            let entry = root
                .get_path(Path::new(path))
                .with_context(|| format!("writing {path}"))?;
            builder
                .insert_object(entry.id(), None)
                .with_context(|| format!("writing {path}"))?;
        }
        let mut pack = Buf::new();
        builder.write_buf(&mut pack).with_context(of)?;
        // By another handle: this one would take the pack into memory again.
        let files = self.repository()?;
        let objects = files.odb().with_context(of)?;
        let mut writer = objects.packwriter().with_context(of)?;
        writer.write_all(&pack).with_context(of)?;
        writer.commit().with_context(of)?;
        Ok(changed)
    }

    /// Makes a commit upon `base` in which these files have these texts, signed when git is set up so.
    /// The message may name the tree that is committed.
    pub fn commit(
        &self,
        base: &str,
        changes: &[(String, String)],
        message: &dyn Fn(&str) -> String,
    ) -> anyhow::Result<String> {
        let changed = self.write_tree(base, changes)?;
        let text = self.folder.path().join("xtask-message");
        files::write_own(&text, &message(&changed.to_string()))?;
        let call = self
            .call(&["commit-tree", &changed.to_string(), "-p", base, "-F"])
            .arg(&text);
        let call = if self.signs() {
            call.arg("--gpg-sign")
        } else {
            call
        };
        Ok(self
            .runner
            .output(&call)
            .with_context(|| format!("committing to {}", self.shown()))?
            .trim()
            .to_owned())
    }
}
