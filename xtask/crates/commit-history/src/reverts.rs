//! What is left of a project's commits when reverts have cancelled what they revert (law 7).
//!
//! Commits come in as read, newest first. Nothing here asks whose they are or what they raise.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::message::{Change, Message, Reverted, title_key};

/// A commit of a project.
#[derive(Debug, Clone)]
pub struct ReadCommit {
    pub id: String,
    pub message: Rc<Message>,
}

/// A commit with the changes that are left of it; at least one, unless it says `Release-As`.
#[derive(Debug)]
pub struct Kept<'c> {
    pub commit: &'c ReadCommit,
    pub changes: Vec<&'c Change>,
}

/// Leaves out what was reverted, and the reverts of it. A revert of something else stays: that was released before.
///
/// From new to old, since a revert that was itself reverted takes nothing back. `is_known` says whether this clone has the
/// commit that a revert names: then its title is not looked for among others.
pub fn kept<'c>(commits: &'c [ReadCommit], is_known: &dyn Fn(&str) -> bool) -> Vec<Kept<'c>> {
    let mut ledger = Ledger::of(commits);
    for (place, commit) in commits.iter().enumerate() {
        if ledger.is_gone[place] {
            continue;
        }
        for (index, change) in commit.message.changes.iter().enumerate().rev() {
            if !change.reverts.is_empty() && !ledger.gone_changes.contains(&(place, index)) {
                let is_settled = ledger.take_back((place, index), &change.reverts, is_known);
                if is_settled && change.kind.as_deref() == Some("revert") {
                    ledger.gone_changes.insert((place, index));
                }
            }
        }
    }
    let left = |place: usize, commit: &'c ReadCommit| {
        let changes = commit.message.changes.iter().enumerate();
        changes
            .filter(|(index, _)| !ledger.gone_changes.contains(&(place, *index)))
            .map(|(_, change)| change)
            .collect::<Vec<_>>()
    };
    let all = commits
        .iter()
        .enumerate()
        .filter(|(place, _)| !ledger.is_gone[*place]);
    let found = all.map(|(place, commit)| Kept {
        commit,
        changes: left(place, commit),
    });
    found
        .filter(|kept| !kept.changes.is_empty() || kept.commit.message.release_as.is_some())
        .collect()
}

/// Places of a title: the commit, or one of its changes.
type Titled = (usize, Option<usize>);

/// Which commits there are, by all that a revert may call them, and which are taken back.
struct Ledger<'c> {
    by_id: Vec<(&'c str, Titled)>,
    by_title: HashMap<String, Vec<Titled>>,
    by_pull_request: HashMap<u64, Vec<usize>>,
    is_gone: Vec<bool>,
    /// Changes by their commit's place and their own.
    gone_changes: HashSet<(usize, usize)>,
}

impl<'c> Ledger<'c> {
    fn of(commits: &'c [ReadCommit]) -> Self {
        let is_gone = vec![false; commits.len()];
        let gone_changes = HashSet::new();
        let mut ledger = Self {
            by_id: Vec::new(),
            by_title: HashMap::new(),
            by_pull_request: HashMap::new(),
            is_gone,
            gone_changes,
        };
        // Most histories revert nothing, and need neither ids nor titles.
        if commits.iter().all(|commit| {
            commit
                .message
                .changes
                .iter()
                .all(|change| change.reverts.is_empty())
        }) {
            return ledger;
        }
        ledger.by_id.extend(
            commits
                .iter()
                .enumerate()
                .map(|(place, commit)| (commit.id.as_str(), (place, None))),
        );
        for (place, commit) in commits.iter().enumerate() {
            let brought = commit.message.changes.iter().enumerate();
            ledger.by_id.extend(brought.filter_map(|(index, change)| {
                Some((change.commit.as_deref()?, (place, Some(index))))
            }));
        }
        ledger.by_id.sort_unstable();
        for (place, commit) in commits.iter().enumerate() {
            ledger
                .by_title
                .entry(title_key(&commit.message.subject))
                .or_default()
                .push((place, None));
            for (index, change) in commit.message.changes.iter().enumerate() {
                let titles = match change.kind.as_deref() {
                    Some("revert") => vec![format!("Revert \"{}\"", change.description)],
                    _ => vec![change.header(), change.description.clone()],
                };
                for title in titles {
                    ledger
                        .by_title
                        .entry(title_key(&title))
                        .or_default()
                        .push((place, Some(index)));
                }
            }
            if let Some(number) = commit
                .message
                .changes
                .first()
                .and_then(|change| change.pull_request)
            {
                ledger
                    .by_pull_request
                    .entry(number)
                    .or_default()
                    .push(place);
            }
        }
        ledger
    }

    /// Takes back what a change names; whether that was all of it.
    fn take_back(
        &mut self,
        at: (usize, usize),
        reverts: &[Reverted],
        is_known: &dyn Fn(&str) -> bool,
    ) -> bool {
        let hashes: Vec<_> = reverts
            .iter()
            .filter_map(|reverted| {
                if let Reverted::Commit(hash) = reverted {
                    Some(hash)
                } else {
                    None
                }
            })
            .collect();
        let found: Vec<_> = hashes
            .iter()
            .map(|hash| self.places_of(hash, at))
            .filter(|places| !places.is_empty())
            .collect();
        for titled in found.iter().flatten() {
            self.take(*titled);
        }
        if !found.is_empty() || hashes.iter().any(|hash| is_known(hash)) {
            return !found.is_empty() && found.len() == hashes.len();
        }
        for reverted in reverts {
            let taken = match reverted {
                Reverted::Commit(_) => None,
                Reverted::PullRequest(number) => self
                    .by_pull_request
                    .get(number)
                    .and_then(|places| self.next_of(at, places))
                    .map(|place| (place, None)),
                Reverted::Title(title) => self
                    .by_title
                    .get(&title_key(title))
                    .and_then(|places| self.next_titled(at, places)),
            };
            if let Some(taken) = taken {
                self.take(taken);
                return true;
            }
        }
        false
    }

    fn take(&mut self, (place, index): Titled) {
        match index {
            Some(index) => drop(self.gone_changes.insert((place, index))),
            None => self.is_gone[place] = true,
        }
    }

    /// A commit of that hash before the revert; or the changes of it, where a merge brought it in.
    fn places_of(&self, hash: &str, at: (usize, usize)) -> Vec<Titled> {
        let start = self.by_id.partition_point(|(id, _)| *id < hash);
        let found = self.by_id[start..]
            .iter()
            .take_while(|(id, _)| id.starts_with(hash))
            .map(|(_, titled)| *titled);
        found
            .filter(|(place, index)| is_before(at, *place, *index))
            .collect()
    }

    fn next_of(&self, at: (usize, usize), places: &[usize]) -> Option<usize> {
        places
            .iter()
            .copied()
            .find(|place| *place > at.0 && !self.is_gone[*place])
    }

    /// The newest one before the revert; in its own commit, a change that stands above it.
    fn next_titled(&self, at: (usize, usize), places: &[Titled]) -> Option<Titled> {
        let is_left = |place: usize, index: Option<usize>| {
            !self.is_gone[place]
                && index.is_none_or(|index| !self.gone_changes.contains(&(place, index)))
        };
        places
            .iter()
            .copied()
            .find(|(place, index)| is_before(at, *place, *index) && is_left(*place, *index))
    }
}

/// Whether something stands before a revert: in an older commit, or further up in its own.
fn is_before(at: (usize, usize), place: usize, index: Option<usize>) -> bool {
    place > at.0 || (place == at.0 && index.is_some_and(|index| index < at.1))
}

#[cfg(test)]
mod tests;
