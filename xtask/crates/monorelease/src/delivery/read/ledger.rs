//! The ledger at a commit of its ref: what it says of a project in an environment, and what it blocks.

use anyhow::anyhow;

use super::source::Reading;
use crate::delivery::Deliver;
use crate::delivery::block_list::BlockList;
use crate::delivery::ledger::{entry_file, read_entry};
use crate::delivery::repository::branch::DeliveryBranch;
use crate::delivery::repository::tree::PinFile;
use crate::world::World;

/// Reads the ledger as the remote has it now.
///
/// # Errors
/// The remote cannot be read, or a file of the ledger is none of ours.
pub(crate) fn read(world: &World, of: &Deliver) -> anyhow::Result<Reading> {
    let branch = world.delivery(&of.address, &of.branch, of.is_own)?;
    let head = branch.refresh_if_any()?;
    read_at(&branch, head, &of.project, &of.environment)
}

/// As `read`, of a ledger that was fetched already.
///
/// # Errors
/// A file of the ledger is none of ours.
pub(crate) fn read_at(
    branch: &DeliveryBranch,
    head: Option<String>,
    project: &str,
    environment: &str,
) -> anyhow::Result<Reading> {
    let mut reading = Reading {
        head,
        ..Reading::default()
    };
    let Some(head) = &reading.head else {
        return Ok(reading);
    };
    let snapshot = branch.snapshot(head)?;
    let file = entry_file(environment, project);
    let entry = match snapshot.file(&file) {
        Ok(PinFile::Absent) => Ok(None),
        Ok(PinFile::Text(text)) => read_entry(&text).map(Some),
        Ok(PinFile::NotUtf8 | PinFile::Link(_)) => Err("is no text file".to_owned()),
        Err(error) => Err(format!("{error:#}")),
    };
    reading.entry = entry.map_err(|why| anyhow!("{}: {file}: {why}", branch.shown()))?;
    reading.blocked =
        BlockList::of(&snapshot)?.map_err(|why| anyhow!("{}: {why}", branch.shown()))?;
    Ok(reading)
}
