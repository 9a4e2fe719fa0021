//! The walk down HEAD's first-parent chain (law 7): what each commit changed, and what is made of its message. Reading only.

use anyhow::Context;
use git2::Commit;

use crate::folders::{FolderId, Folders};
use crate::history::{History, commit};
use crate::trees::Comparison;

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

impl History<'_> {
    /// Goes down the first-parent chain from HEAD, so many commits or to the first one; a merge counts by its difference to its
    /// first parent. What is no UTF-8 in a message is marked before it is handed to `read`.
    ///
    /// # Errors
    /// An object of the history cannot be read; then some of the commits before it were visited.
    pub fn walk<M>(
        self,
        folders: &Folders,
        reach: usize,
        read: impl Fn(&str) -> M,
        mut visit: impl FnMut(usize, Walked<M>),
    ) -> anyhow::Result<()> {
        let mut comparison = Comparison::new(self.repository, folders);
        let mut next = Some(commit(self.repository, self.head)?);
        for place in 0..reach {
            let Some(this) = next else { break };
            let parent = this.parent_ids().next();
            next = parent.map(|id| commit(self.repository, id)).transpose()?;
            let changed = comparison
                .changed(next.as_ref().map(Commit::tree_id), this.tree_id())
                .with_context(|| format!("reading what commit {} changed", this.id()))?;
            let walked = Walked {
                id: this.id().to_string(),
                message: read(&String::from_utf8_lossy(this.message_bytes())),
                is_merge: this.parent_count() > 1,
                changed,
            };
            visit(place, walked);
        }
        Ok(())
    }
}
