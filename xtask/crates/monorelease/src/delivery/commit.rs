//! The probe and the act of a delivery: whether the branch says what is wanted, and the commit that makes it.

use std::collections::BTreeSet;

use anyhow::bail;

use super::block_list::BARS_FILE;
use super::compare_and_swap::{Edit, changed_meanwhile, compare_and_swap};
use super::edit::{barred, bars, derive, is_said, meddled};
use super::message::message;
use super::read::source::PinGroup;
use super::{Deliver, pull_request};
use crate::step::effect::Probe;
use crate::text::short;
use crate::world::World;

/// Whether the pins say what the delivery wants, as the remote has them now; the answer names the first that does not.
pub(super) fn stands(world: &World, delivery: &Deliver) -> anyhow::Result<Result<(), String>> {
    let Some(images) = &delivery.images else {
        return Ok(Ok(()));
    };
    Ok(PinGroup::of(delivery)
        .read(world)?
        .stands(&delivery.pins, images))
}

/// Whether the branch says what the delivery wants.
pub(crate) fn probe(world: &World, delivery: &Deliver) -> anyhow::Result<Probe> {
    if let Some(pull) = &delivery.pull {
        return pull_request::probe(world, &[delivery], pull);
    }
    let group = PinGroup::of(delivery);
    let reading = group.read(world)?;
    if let Some(fault) = reading.faults.first() {
        return Ok(Probe::Unknown(format!("{}: {fault}", delivery.place())));
    }
    let is_barred = bars(delivery, &reading.blocked, || Ok((String::new(), 0)))?.is_none();
    if is_barred && is_said(delivery, &reading)? {
        return Ok(Probe::Done(format!("{} says so", short(reading.head()))));
    }
    // An edit that cannot be made is found before anything is done.
    derive(&*group.open(world)?, delivery, &reading)?;
    let planned: BTreeSet<&str> = delivery
        .found
        .values()
        .flatten()
        .map(String::as_str)
        .collect();
    let wanted = || planned.iter().copied().collect::<Vec<_>>().join(" or ");
    Ok(
        match barred(delivery, &reading.blocked).or(meddled(delivery, &reading)?) {
            Some(found) => Probe::Conflict {
                found,
                wanted: format!("{}, of which the plan was made", wanted()),
            },
            None => Probe::Todo,
        },
    )
}

/// Commits and pushes. Where somebody was faster the edit is made again on what is there now (law 19).
pub(crate) fn act(world: &World, delivery: &Deliver) -> anyhow::Result<()> {
    if let Some(pull) = &delivery.pull {
        return pull_request::act(world, &[delivery], pull);
    }
    let group = PinGroup::of(delivery);
    let branch = group.open(world)?;
    let stage = &delivery.environment;
    let advice =
        format!("let it be pushed to, or write environments.{stage}.via = \"pull-request\"");
    compare_and_swap(&branch, Some(&advice), || {
        let reading = group.read(world)?;
        if let Some(fault) = reading.faults.first() {
            bail!("{}: {fault}", delivery.place());
        }
        if let Some(found) = barred(delivery, &reading.blocked).or(meddled(delivery, &reading)?) {
            return Err(changed_meanwhile(&delivery.place(), &found));
        }
        let edited = derive(&branch, delivery, &reading)?;
        let message = message(delivery, &edited.changes);
        let bars = bars(delivery, &reading.blocked, || branch.committer())?;
        let mut files = edited.texts;
        files.extend(bars.map(|text| (BARS_FILE.to_owned(), text)));
        Ok(Edit {
            head: reading.head,
            files,
            message,
        })
    })
}
