//! How what runs came there: told by the history of each branch, which is read once, and no further back than a report is worth.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::standing::Came;
use crate::delivery::Said;
use crate::delivery::message::Record;
use crate::delivery::read::Deployed;
use crate::delivery::read::history::records_of;
use crate::delivery::read::source::{PinGroup, Source};
use crate::delivery::repository::branch::DeliveryBranch;
use crate::delivery::repository::past::Recent;
use crate::release::observe::rfc3339;
use crate::world::World;

/// The history of a branch, and the records of ours in it, newest first.
pub struct Past {
    branch: Arc<DeliveryBranch>,
    recent: Recent,
    records: Vec<Record>,
}

/// The history of each branch, by address and name; none of one that cannot be read.
#[derive(Default)]
pub struct Pasts(BTreeMap<(String, String), Past>);

impl Pasts {
    /// Reads the history of each branch, until each project and environment has its record or a report has read enough.
    pub fn read<'a>(world: &World, all: impl Iterator<Item = &'a Deployed<'a>>) -> Self {
        let mut branches: BTreeMap<_, (&Source, Vec<(&str, &str)>)> = BTreeMap::new();
        for deployed in all {
            for source in &deployed.sources {
                let pair = (deployed.project.name.as_str(), deployed.stage.name.as_str());
                branches
                    .entry(key(&source.group))
                    .or_insert((source, Vec::new()))
                    .1
                    .push(pair);
            }
        }
        let read = branches
            .into_iter()
            .filter_map(|(key, (source, pairs))| Some((key, past(world, source, &pairs)?)));
        Self(read.collect())
    }

    pub fn of(&self, source: &Source) -> Option<&Past> {
        self.0.get(&key(&source.group))
    }
}

fn key(group: &PinGroup) -> (String, String) {
    (group.address.clone(), group.branch.clone())
}

fn past(world: &World, source: &Source, pairs: &[(&str, &str)]) -> Option<Past> {
    let head = source.reading.head.as_ref()?;
    let branch = source.group.open(world).ok()?;
    let changes = |commits: &_| {
        let mut records = records_of(commits);
        records.retain(|record| record.action != "unbar");
        records
    };
    let recent = branch
        .recent(head, &|commits| {
            let found = changes(commits);
            let is_told =
                |(project, stage): &(&str, &str)| found.iter().any(|of| of.is_of(project, stage));
            pairs.iter().all(is_told)
        })
        .ok()?;
    Some(Past {
        records: changes(&recent.commits),
        branch,
        recent,
    })
}

impl Past {
    /// The newest record of a project in an environment, and whether what is said now is what it brought.
    pub fn newest(&self, project: &str, stage: &str, said: &[Said]) -> Option<(&Record, bool)> {
        let record = self
            .records
            .iter()
            .find(|record| record.is_of(project, stage))?;
        let brought = |to: &Said| !said.is_empty() && said.iter().all(|said| to.agrees(said));
        Some((record, record.to.as_ref().is_some_and(brought)))
    }

    /// # Errors
    /// The time of the commit cannot be told.
    pub fn came(&self, commit: &str, action: Option<String>) -> anyhow::Result<Option<Came>> {
        let Some(found) = self.recent.commits.iter().find(|past| past.id == commit) else {
            return Ok(None);
        };
        Ok(Some(Came {
            commit: found.id.clone(),
            since: rfc3339(found.seconds)?,
            by: found.by.clone(),
            action,
        }))
    }

    /// The commit of the branch that made the pins say what they say; `None` where that is further back than was read.
    ///
    /// # Errors
    /// The history cannot be read.
    pub fn by_hand(&self, source: &Source) -> anyhow::Result<Option<Came>> {
        // Nobody writes into the ledger by hand.
        if source.group.is_ledger() {
            return Ok(None);
        }
        let paths: Vec<&str> = source
            .reading
            .files
            .iter()
            .map(|file| file.file.as_str())
            .collect();
        let branch = &self.branch;
        let head = source.reading.head();
        let now = source.said();
        let chain = branch.chain(head)?;
        let mut contents = branch.contents(head, &paths)?;
        for pair in chain.windows(2) {
            let [newer, older] = pair else { continue };
            let before = branch.contents(older, &paths)?;
            if before == contents {
                continue;
            }
            // Other words of the same files may have changed, and the pins not.
            let said = source
                .group
                .read_at(branch, older.clone())
                .map(|reading| reading.said(&source.group.pins))
                .unwrap_or_default();
            if said != now {
                return self.came(newer, None);
            }
            contents = before;
        }
        match chain.last().filter(|_| self.recent.is_whole) {
            Some(first) => self.came(first, None),
            None => Ok(None),
        }
    }
}
