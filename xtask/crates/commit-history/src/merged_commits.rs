//! What merges bring in: the commits that a merge of the first-parent chain contains and its first parent does not. Reading only.
//!
//! Each commit is brought in by the oldest commit of the chain that contains it, so that one pass from old to new finds all.

use anyhow::Context;
use git2::{Oid, Repository, Sort};

use crate::folders::{FolderId, Folders};
use crate::history::{ById, Ids, commit};
use crate::missing::unread;
use crate::trees::Comparison;

/// What merges brought in.
pub struct MergedCommits<'g> {
    repository: &'g Repository,
    comparison: Comparison<'g>,
    /// By the merge, newest first.
    brought: ById<Vec<Oid>>,
}

/// Merges that are no further apart on the chain are looked at together.
const APART: usize = 64;

/// Looks at what lies between the first and the last of some merges.
fn bring(
    repository: &Repository,
    merges: &[Oid],
    brought: &mut ById<Vec<Oid>>,
) -> anyhow::Result<()> {
    let [head, ..] = merges else { return Ok(()) };
    let mut walk = repository.revwalk().context("walking what was merged")?;
    walk.set_sorting(Sort::TOPOLOGICAL)?;
    walk.push(*head)?;
    if let Some(below) = merges
        .last()
        .map(|oldest| commit(repository, *oldest))
        .transpose()?
        .and_then(|oldest| oldest.parent_id(0).ok())
    {
        walk.hide(below)?;
    }
    let mut order = ById::default();
    let mut parents = ById::default();
    for (place, id) in walk.enumerate() {
        let id = id.map_err(|error| unread(error, "a commit", "walking what was merged"))?;
        order.insert(id, place);
        parents.insert(id, commit(repository, id)?.parent_ids().collect::<Vec<_>>());
    }
    let mut chain = vec![*head];
    while let Some(next) = chain
        .last()
        .and_then(|last| parents.get(last)?.first())
        .filter(|next| parents.contains_key(next))
    {
        chain.push(*next);
    }
    let wanted: Ids = merges.iter().copied().collect();
    let mut claimed: Ids = chain.iter().copied().collect();
    for merge in chain.iter().rev() {
        let others = parents
            .get(merge)
            .and_then(|parents| parents.get(1..))
            .unwrap_or_default();
        let mut found = reached(&parents, others, &mut claimed);
        if wanted.contains(merge) {
            found.sort_unstable_by_key(|id| order.get(id).copied());
            brought.insert(*merge, found);
        }
    }
    Ok(())
}

/// The commits of a range that these contain and that nobody claimed; they are claimed then.
fn reached(parents: &ById<Vec<Oid>>, from: &[Oid], claimed: &mut Ids) -> Vec<Oid> {
    let mut open = from.to_vec();
    let mut found = Vec::new();
    while let Some(id) = open.pop() {
        if let Some(parents) = parents.get(&id).filter(|_| claimed.insert(id)) {
            open.extend(parents);
            found.push(id);
        }
    }
    found
}

impl<'g> MergedCommits<'g> {
    /// Looks for what these merges of one first-parent chain brought in. They come with their places on the chain, newest first;
    /// of the history no more is read than lies about them.
    ///
    /// # Errors
    /// A commit about them cannot be read.
    pub fn of_merges(
        repository: &'g Repository,
        folders: &'g Folders,
        merges: &[(usize, &str)],
    ) -> anyhow::Result<Self> {
        let mut brought: ById<Vec<Oid>> = ById::default();
        for near in merges.chunk_by(|newer, older| older.0 - newer.0 <= APART) {
            let ids = near
                .iter()
                .map(|(_, id)| Oid::from_str(id))
                .collect::<Result<Vec<_>, _>>()?;
            bring(repository, &ids, &mut brought)?;
        }
        Ok(Self {
            repository,
            comparison: Comparison::new(repository, folders),
            brought,
        })
    }

    /// What a merge brought in, newest first.
    pub fn of(&self, merge: &str) -> Vec<String> {
        let found = Oid::from_str(merge)
            .ok()
            .and_then(|merge| self.brought.get(&merge));
        found.into_iter().flatten().map(Oid::to_string).collect()
    }

    /// The whole message; what is no UTF-8 in it is marked.
    ///
    /// # Errors
    /// The commit cannot be read.
    pub fn message(&self, id: &str) -> anyhow::Result<String> {
        Ok(
            String::from_utf8_lossy(commit(self.repository, Oid::from_str(id)?)?.message_bytes())
                .into_owned(),
        )
    }

    /// The project folders of which a commit changed a path, against its first parent; each once.
    ///
    /// # Errors
    /// The commit or a tree of it cannot be read.
    pub fn changed(&mut self, id: &str) -> anyhow::Result<Vec<FolderId>> {
        let this = commit(self.repository, Oid::from_str(id)?)?;
        let parent = this.parent_ids().next();
        let before = parent.map(|id| commit(self.repository, id)).transpose()?;
        self.comparison
            .changed(before.map(|before| before.tree_id()), this.tree_id())
            .with_context(|| format!("reading what commit {id} changed"))
    }
}
