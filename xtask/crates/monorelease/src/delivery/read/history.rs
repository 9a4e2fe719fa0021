//! What the commits of ours tell of an environment: how what runs there came, and what ran before.

use monorelease_model::image::Digest;

use super::Deployed;
use super::source::Source;
use crate::delivery::Said;
use crate::delivery::message::{Before, Record, before, records};
use crate::delivery::repository::past::PastCommit;
use crate::world::World;

/// The records of commits, newest first. One that only says what passed tells nothing of what runs.
pub fn records_of(commits: &[PastCommit]) -> Vec<Record> {
    commits
        .iter()
        .flat_map(|commit| records(&commit.id, commit.seconds, &commit.message))
        .filter(|record| record.action != "passed")
        .collect()
}

/// The records of a project in an environment in one source, back to the newest one that changed what runs.
///
/// # Errors
/// The remote cannot be read.
pub fn newest(
    world: &World,
    source: &Source,
    project: &str,
    environment: &str,
) -> anyhow::Result<Vec<Record>> {
    told(world, source, project, environment, &|records, _| {
        records.iter().any(|record| record.action != "unbar")
    })
}

/// What ran in an environment before what runs now, as one source tells.
///
/// # Errors
/// The remote cannot be read.
pub fn ran_before(
    world: &World,
    source: &Source,
    project: &str,
    environment: &str,
    now: &Said,
) -> anyhow::Result<Before> {
    // A rollback that was cut off has moved some repositories already.
    let own = source.said();
    let now = if let [one] = own.as_slice() { one } else { now };
    let blocked = &source.reading.blocked;
    let is_blocked = |digest: &Digest| blocked.find(project, environment, digest).is_some();
    let answer = |records: &[Record], is_whole| before(records, now, is_whole, &is_blocked);
    let records = told(world, source, project, environment, &|records, is_whole| {
        answer(records, is_whole) != Before::More
    })?;
    Ok(answer(&records, true))
}

fn told(
    world: &World,
    source: &Source,
    project: &str,
    environment: &str,
    is_enough: &dyn Fn(&[Record], bool) -> bool,
) -> anyhow::Result<Vec<Record>> {
    let Some(head) = &source.reading.head else {
        return Ok(Vec::new());
    };
    let of = |commits: &[PastCommit]| {
        let mut records = records_of(commits);
        records.retain(|record| record.is_of(project, environment));
        records
    };
    let branch = source.group.open(world)?;
    let commits = branch.history(head, &|commits| is_enough(&of(commits), false))?;
    Ok(of(&commits))
}

/// Which image a version was when it came into an environment, as the commits that brought it there tell. It is asked for pins
/// that say a tag alone, since what a tag is can change.
///
/// # Errors
/// The remote cannot be read.
pub fn brought(
    world: &World,
    deployed: &Deployed<'_>,
    version: &str,
) -> anyhow::Result<Option<Digest>> {
    if version.is_empty() {
        return Ok(None);
    }
    let told = |commits: &[PastCommit]| {
        records_of(commits)
            .into_iter()
            .filter(|record| record.is_of(&deployed.project.name, &deployed.stage.name))
            .filter_map(|record| record.to)
            .find(|to| to.version.as_deref() == Some(version) && to.digest.is_some())
            .and_then(|to| to.digest)
    };
    for Source { group, reading } in &deployed.sources {
        if reading.places().all(|(_, place)| place.digest.is_some()) {
            continue;
        }
        let branch = group.open(world)?;
        let recent = branch.recent(reading.head(), &|commits| told(commits).is_some())?;
        if let Some(digest) = told(&recent.commits) {
            return Ok(Some(digest));
        }
    }
    Ok(None)
}
