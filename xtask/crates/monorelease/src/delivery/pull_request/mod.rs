//! Deliveries that go by pull request: one branch of our own, one commit on it, and one open pull request that says both.
//!
//! The base alone tells what runs. What the commit holds is derived as for a push (`delivery`); whose commits are on the branch is
//! asked before it is pushed over, and somebody else's are never lost.

pub mod branch;
pub mod host;
mod text;

use anyhow::bail;

use super::Deliver;
use super::block_list::BARS_FILE;
use super::compare_and_swap::{changed_meanwhile, until_taken};
use super::edit::{barred, bars, derive, is_said, meddled};
use super::message::Change;
use super::read::source::{PinGroup, Reading};
use super::repository::branch::{DeliveryBranch, Pushed};
use crate::delivery::repository::own_branch::Tip;
use crate::delivery::repository::tree::PinFile;
use crate::github::pulls::{NewPull, Pull};
use crate::release_pr::model::delivery_message_of;
use crate::release_pr::step::{close, keep_open, says, stranger};
use crate::step::effect::Probe;
use crate::text::short;
use crate::world::World;
use branch::DeliveryPull;
use text::{Words, words};

/// What the branch is to hold upon the head of its base.
struct Wanted {
    head: String,
    /// Files of pins with their whole texts; none where the base says everything already.
    texts: Vec<(String, String)>,
    /// The list of barred digests, where it changes, by a person and at a time that differ from run to run.
    bars: Option<String>,
    words: Words,
    /// What somebody put there since the plan was made.
    conflict: Option<String>,
}

impl Wanted {
    fn is_nothing(&self) -> bool {
        self.texts.is_empty() && self.bars.is_none()
    }
}

/// One pull request and what goes by it.
struct Desk<'a> {
    world: &'a World,
    deliveries: &'a [&'a Deliver],
    pull: &'a DeliveryPull,
    branch: &'a DeliveryBranch,
}

impl Desk<'_> {
    fn readings(&self, commit: &str) -> anyhow::Result<Vec<Reading>> {
        let read =
            |delivery: &&Deliver| PinGroup::of(delivery).read_at(self.branch, commit.to_owned());
        let readings: Vec<Reading> = self
            .deliveries
            .iter()
            .map(read)
            .collect::<anyhow::Result<_>>()?;
        match readings.iter().flat_map(|reading| &reading.faults).next() {
            Some(fault) => bail!("{}: {fault}", self.branch.shown()),
            None => Ok(readings),
        }
    }

    fn wanted(&self) -> anyhow::Result<Wanted> {
        let head = self.branch.refresh()?;
        let mut texts = Vec::new();
        let mut bars_text = None;
        let mut conflict = None;
        let mut parts: Vec<(&Deliver, Vec<Change>)> = Vec::new();
        for (&delivery, reading) in self.deliveries.iter().zip(self.readings(&head)?) {
            let bar = bars(delivery, &reading.blocked, || self.branch.committer())?;
            if bar.is_none() && is_said(delivery, &reading)? {
                continue;
            }
            conflict = conflict
                .or(barred(delivery, &reading.blocked))
                .or(meddled(delivery, &reading)?);
            let edited = derive(self.branch, delivery, &reading)?;
            texts.extend(edited.texts);
            bars_text = bars_text.or(bar);
            parts.push((delivery, edited.changes));
        }
        Ok(Wanted {
            head,
            texts,
            bars: bars_text,
            words: words(&parts),
            conflict,
        })
    }

    /// Whether the branch holds exactly what is wanted, upon a base that has not changed in what it touches.
    fn holds(&self, tip: &Tip, wanted: &Wanted) -> anyhow::Result<bool> {
        let [parent] = tip.parents.as_slice() else {
            return Ok(false);
        };
        if tip.message != delivery_message_of(&wanted.words.message, &tip.tree) {
            return Ok(false);
        }
        let before = self.branch.snapshot(parent)?;
        let now = self.branch.snapshot(&wanted.head)?;
        let after = self.branch.snapshot(&tip.id)?;
        for (file, text) in &wanted.texts {
            if before.file(file)? != now.file(file)?
                || after.file(file)? != PinFile::Text(text.clone())
            {
                return Ok(false);
            }
        }
        if wanted.bars.is_none() {
            return Ok(true);
        }
        let is_barred = |(delivery, reading): (&&Deliver, &Reading)| {
            bars(delivery, &reading.blocked, || Ok((String::new(), 0))).map(|open| open.is_none())
        };
        let readings = self.readings(&tip.id)?;
        let all = self
            .deliveries
            .iter()
            .zip(&readings)
            .map(is_barred)
            .collect::<anyhow::Result<Vec<bool>>>()?;
        Ok(before.file(BARS_FILE)? == now.file(BARS_FILE)?
            && all.into_iter().all(|is_barred| is_barred))
    }

    /// Somebody else's commit on the branch, in words.
    fn stranger(&self, tip: &Tip, head: &str) -> anyhow::Result<Option<String>> {
        let DeliveryPull {
            repository,
            branch,
            is_own,
        } = self.pull;
        let found = stranger(
            self.world.delivery_forge(*is_own),
            repository,
            head,
            &tip.id,
        )?;
        Ok(found.map(|what| {
            format!("{branch} at {repository} holds commits that are not ours: {what}")
        }))
    }

    fn open_pulls(&self) -> anyhow::Result<Vec<Pull>> {
        let DeliveryPull {
            repository,
            branch,
            is_own,
        } = self.pull;
        Ok(self.world.delivery_forge(*is_own).open_pulls(
            repository,
            branch,
            &self.branch.branch,
        )?)
    }
}

/// Whether the base says what is wanted, or the one open pull request holds exactly that.
pub(crate) fn probe(
    world: &World,
    deliveries: &[&Deliver],
    pull: &DeliveryPull,
) -> anyhow::Result<Probe> {
    let Some(first) = deliveries.first() else {
        return Ok(Probe::Done("nothing is delivered".into()));
    };
    let branch = PinGroup::of(first).open(world)?;
    let desk = Desk {
        world,
        deliveries,
        pull,
        branch: &branch,
    };
    let wanted = desk.wanted()?;
    let open = desk.open_pulls()?;
    if wanted.is_nothing() && open.is_empty() {
        return Ok(Probe::Done(format!("{} says so", short(&wanted.head))));
    }
    if let Some(found) = wanted.conflict.clone() {
        return Ok(Probe::Conflict {
            found,
            wanted: "what the plan was made of".to_owned(),
        });
    }
    let Some(tip) = branch.tip_of(&pull.branch)? else {
        return Ok(Probe::Todo);
    };
    if let Some(found) = desk.stranger(&tip, &wanted.head)? {
        return Ok(Probe::Conflict {
            found,
            wanted: "commits of ours alone".to_owned(),
        });
    }
    Ok(match open.first() {
        Some(open)
            if !wanted.is_nothing()
                && desk.holds(&tip, &wanted)?
                && says(open, &wanted.words.title, &wanted.words.body) =>
        {
            Probe::Waiting(format!("waits for its merge: {}", open.page))
        }
        _ => Probe::Todo,
    })
}

/// Brings the branch and its pull request to what is wanted; where the base says it already, takes both away.
pub(crate) fn act(
    world: &World,
    deliveries: &[&Deliver],
    pull: &DeliveryPull,
) -> anyhow::Result<()> {
    let Some(first) = deliveries.first() else {
        return Ok(());
    };
    let branch = PinGroup::of(first).open(world)?;
    let desk = Desk {
        world,
        deliveries,
        pull,
        branch: &branch,
    };
    branch.committer()?;
    until_taken(&branch.shown(), || {
        let wanted = desk.wanted()?;
        let tip = branch.tip_of(&pull.branch)?;
        let meddler = match &tip {
            Some(tip) => desk.stranger(tip, &wanted.head)?,
            None => None,
        };
        if let Some(found) = wanted.conflict.clone().or(meddler) {
            return Err(changed_meanwhile(&branch.shown(), &found));
        }
        if wanted.is_nothing() {
            withdraw(&desk, tip.as_ref())
        } else {
            bring(&desk, &wanted, tip.as_ref())
        }
    })
}

/// The forge closes a pull request whose branch goes; one that does not is asked to.
fn withdraw(desk: &Desk<'_>, tip: Option<&Tip>) -> anyhow::Result<Pushed> {
    let DeliveryPull {
        repository,
        branch,
        is_own,
    } = desk.pull;
    if let Some(tip) = tip
        && let Pushed::Overtaken(why) = desk.branch.delete(branch, &tip.id)?
    {
        return Ok(Pushed::Overtaken(why));
    }
    close(
        desk.world.delivery_forge(*is_own),
        repository,
        branch,
        &desk.branch.branch,
    )?;
    Ok(Pushed::Yes)
}

fn bring(desk: &Desk<'_>, wanted: &Wanted, tip: Option<&Tip>) -> anyhow::Result<Pushed> {
    let DeliveryPull {
        repository,
        branch,
        is_own,
    } = desk.pull;
    let Words {
        message,
        title,
        body,
    } = &wanted.words;
    let is_there = tip
        .map(|tip| desk.holds(tip, wanted))
        .transpose()?
        .unwrap_or(false);
    if !is_there {
        let bars = wanted
            .bars
            .iter()
            .map(|text| (BARS_FILE.to_owned(), text.clone()));
        let texts: Vec<_> = wanted.texts.iter().cloned().chain(bars).collect();
        let commit = desk.branch.commit(&wanted.head, &texts, &|tree| {
            delivery_message_of(message, tree)
        })?;
        if let Pushed::Overtaken(why) =
            desk.branch
                .push_over(branch, &commit, tip.map(|tip| tip.id.as_str()))?
        {
            return Ok(Pushed::Overtaken(why));
        }
    }
    let wanted = NewPull {
        branch,
        base: &desk.branch.branch,
        title,
        body,
    };
    keep_open(desk.world.delivery_forge(*is_own), repository, &wanted)?;
    Ok(Pushed::Yes)
}
