//! The walk down HEAD's first-parent chain (law 7): what each commit changed, and what is made of its message. Reading only.
//!
//! One thread reads commits while another compares their trees: the two take about as long. What a message means is the caller's.

#![allow(clippy::disallowed_methods, reason = "grafts hide parents of commits")]

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use anyhow::{Context, anyhow};
use git2::{Oid, Repository};

use crate::folders::{FolderId, Folders};
use crate::history::{History, commit};
use crate::objects::{Objects, Tables};
use crate::raw_commit::{RawCommit, hex};
use crate::trees::{Comparison, id};

/// A commit of the chain.
pub struct Walked<M> {
    pub id: String,
    /// What was made of the message.
    pub message: M,
    /// Whether it has more than one parent.
    pub is_merge: bool,
    /// The project folders of which it changed a path, against its first parent; each once.
    pub changed: Vec<FolderId>,
}

/// A commit as it is read.
struct Link<M> {
    id: Oid,
    tree: Oid,
    is_merge: bool,
    message: M,
}

/// Commits are handed over by so many; of the batches this many may wait.
const BATCH: usize = 256;
const WAITING: usize = 4;

type Batch<M> = anyhow::Result<Vec<Link<M>>>;

impl History<'_> {
    /// Goes down the first-parent chain from HEAD, so many commits or to the first one; a merge counts by its difference to its
    /// first parent. What is no UTF-8 in a message is marked before it is handed to `read`.
    ///
    /// # Errors
    /// An object of the history cannot be read; then some of the commits before it may not have been visited.
    pub fn walk<M: Send>(
        self,
        folders: &Folders,
        reach: usize,
        read: &(impl Fn(&str) -> M + Sync),
        mut visit: impl FnMut(usize, Walked<M>),
    ) -> anyhow::Result<()> {
        if reach == 0 {
            return Ok(());
        }
        let tables = Tables::of(self.repository, reach);
        let mut comparison = Comparison::new(self.repository, &tables, folders)?;
        let folder = self.repository.path();
        let tables = &tables;
        // The tree of one more commit is what the last one is compared with.
        let head = self.head;
        let wanted = reach.saturating_add(1);
        thread::scope(|scope| {
            let (sender, links) = sync_channel(WAITING);
            scope.spawn(move || {
                Reader {
                    folder,
                    tables,
                    head,
                }
                .read(wanted, read, &sender)
            });
            compare(&links, &mut comparison, reach, &mut visit)
        })
    }
}

fn compare<M>(
    links: &Receiver<Batch<M>>,
    comparison: &mut Comparison<'_>,
    reach: usize,
    visit: &mut impl FnMut(usize, Walked<M>),
) -> anyhow::Result<()> {
    let mut newer = None::<Link<M>>;
    let mut place = 0;
    let mut tell = |place: usize, link: Link<M>, before: Option<Oid>| -> anyhow::Result<()> {
        let changed = comparison
            .changed(before, link.tree)
            .with_context(|| format!("reading what commit {} changed", link.id))?;
        visit(
            place,
            Walked {
                id: hex(&id(link.id)?),
                message: link.message,
                is_merge: link.is_merge,
                changed,
            },
        );
        Ok(())
    };
    for batch in links {
        for link in batch? {
            let tree = link.tree;
            if let Some(newer) = newer.replace(link) {
                tell(place, newer, Some(tree))?;
                place += 1;
            }
        }
    }
    // Fewer than were asked for: the last one is the first commit of the repository.
    match newer {
        Some(first) if place < reach => tell(place, first, None),
        _ => Ok(()),
    }
}

/// Reads the chain on a thread of its own, from a repository of its own: the handles of libgit2 are not shared.
struct Reader<'c> {
    folder: &'c Path,
    tables: &'c Tables,
    head: Oid,
}

impl Reader<'_> {
    /// Sends the first commits of the chain; ends early when nobody listens any more.
    fn read<M>(self, wanted: usize, read: &impl Fn(&str) -> M, sender: &SyncSender<Batch<M>>) {
        let repository = match Repository::open(self.folder) {
            Ok(repository) => repository,
            Err(error) => {
                return drop(
                    sender.send(Err(anyhow!(error).context("opening the repository again"))),
                );
            }
        };
        // Where parents are hidden, libgit2 knows which.
        let is_whole =
            !repository.is_shallow() && !repository.commondir().join("info/grafts").exists();
        let mut objects = is_whole
            .then(|| Objects::new(&repository, self.tables).ok())
            .flatten();
        let mut batch: Vec<_> = Vec::with_capacity(BATCH);
        let mut next = Some(self.head);
        for place in 0..wanted {
            let Some(id) = next else { break };
            match link(&repository, objects.as_mut(), id, read) {
                Ok((link, parent)) => {
                    batch.push(link);
                    next = parent;
                }
                Err(error) => return drop(sender.send(Err(error))),
            }
            if place % BATCH == BATCH - 1 && sender.send(Ok(std::mem::take(&mut batch))).is_err() {
                return;
            }
        }
        let _ = sender.send(Ok(batch));
    }
}

/// Reads one commit, and gives its first parent. The raw object spares a third of what it costs to have all of it parsed.
fn link<M>(
    repository: &Repository,
    objects: Option<&mut Objects<'_>>,
    id: Oid,
    read: &impl Fn(&str) -> M,
) -> anyhow::Result<(Link<M>, Option<Oid>)> {
    let raw = objects.and_then(|objects| objects.commit(id));
    if let Some(raw) = raw.as_ref().and_then(|raw| RawCommit::read(raw)) {
        let parent = raw
            .parent
            .map(|parent| Oid::from_bytes(&parent))
            .transpose()?;
        let message = read(&String::from_utf8_lossy(raw.message));
        return Ok((
            Link {
                id,
                tree: Oid::from_bytes(&raw.tree)?,
                is_merge: raw.is_merge,
                message,
            },
            parent,
        ));
    }
    let commit = commit(repository, id)?;
    let message = read(&String::from_utf8_lossy(commit.message_bytes()));
    Ok((
        Link {
            id,
            tree: commit.tree_id(),
            is_merge: commit.parent_count() > 1,
            message,
        },
        commit.parent_id(0).ok(),
    ))
}
