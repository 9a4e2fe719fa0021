//! Rollbacks: an environment gets an earlier release back, and what runs there now is blocked (law 20).

use monorelease_model::image::Digest;

use super::{Wish, refuse_digest_alone, refuse_moved, refuse_part};
use crate::delivery::message::{Before, Record};
use crate::delivery::read::Deployed;
use crate::delivery::read::source::Source;
use crate::delivery::read::target::Target;
use crate::delivery::{Action, ReleaseImages, Said};
use crate::step::plan::Goal;
use crate::text::short;

/// What a rollback is from.
pub struct Bad {
    pub digest: Digest,
    pub version: String,
}

/// What runs in the environment: one release, and not several. `records` are those of each source, newest first.
pub fn running(goal: &mut Goal, deployed: &Deployed<'_>, records: &[Vec<Record>]) -> Option<Said> {
    let Deployed { project, stage, .. } = deployed;
    let name = &project.name;
    let said = deployed.said();
    let newest: Vec<&Record> = records.iter().filter_map(|all| newest(all)).collect();
    // A rollback that was cut off has moved some repositories and not others: what it came from tells the rest.
    let cut = newest
        .iter()
        .find(|record| record.action == "rollback")
        .and_then(|record| record.from.first());
    let is_cut = |from: &&Said| {
        said.iter().all(|said| {
            let is_moved = |record: &&Record| record.to.as_ref().is_some_and(|to| to.agrees(said));
            said.agrees(from) || newest.iter().any(is_moved)
        })
    };
    let last = || newest.first().filter(|_| said.is_empty())?.to.clone();
    let one = Said::one_of(&said)
        .or_else(|| cut.filter(is_cut).cloned())
        .or_else(last);
    if one.is_some() {
        return one;
    }
    let promote = format!("cargo xtask promote {name} --to {}", stage.name);
    let (what, fix) = if deployed.is_by_ledger() {
        (
            format!("nothing was promoted into {} yet", stage.name),
            promote,
        )
    } else if said.is_empty() {
        let what = "name no image yet, so there is nothing to go back from";
        (
            format!("the pins of {name} in {} {what}", stage.name),
            promote,
        )
    } else {
        let words = join(&said);
        (
            format!(
                "the pins of {name} in {} do not say one release: {words}",
                stage.name
            ),
            "make the pins say one image by hand, then roll back".to_owned(),
        )
    };
    goal.refuse(name, what, fix);
    None
}

/// What to go back to, by its version or its digest, where every source tells the same. What runs now, where it was rolled back
/// to already and may still have to pass. `None` where there is nothing to do, or it is refused.
pub fn aim(
    goal: &mut Goal,
    deployed: &Deployed<'_>,
    told: Vec<(&Source, Before)>,
    now: &Said,
) -> Option<String> {
    let Deployed { project, stage, .. } = deployed;
    let name = &project.name;
    let to = wanted_by(deployed);
    let fix = format!("cargo xtask rollback {name} --in {} --to {to}", stage.name);
    let refused = goal.refused.len();
    let mut stood = Vec::new();
    let mut done = None;
    for (source, before) in told {
        let place = source.suffix();
        let what = match before {
            Before::Stood(said) => {
                stood.push(said);
                continue;
            }
            Before::RolledBack { commit } => {
                done = Some(commit);
                continue;
            }
            Before::Unknown(why) => {
                let stage = &stage.name;
                format!("it cannot be told what ran in {stage} before: {why}{place}")
            }
            Before::More => format!("the history of {} ends before it tells", source.place()),
        };
        goal.refuse(name, what, &fix);
    }
    stood.sort();
    stood.dedup();
    match (stood.as_slice(), done) {
        ([], Some(commit)) => {
            goal.notes.push(format!(
                "{name}: {} was rolled back by {}, and nothing was promoted since; --to {to} goes further back",
                stage.name,
                short(&commit)
            ));
            // The pins are back already; what is to be done besides may not be.
            let is_open = goal.refused.len() == refused && !stage.checks.tasks.is_empty();
            now.name().filter(|_| is_open)
        }
        ([], None) => None,
        ([one], _) => one.name(),
        (several, _) => {
            let words = join(several);
            let what = format!(
                "the repositories do not tell one version that ran in {} before: {words}",
                stage.name
            );
            goal.refuse(name, what, fix);
            None
        }
    }
}

/// What is to be blocked: what runs now, or where the rollback was done, perhaps in a part of the repositories, what it came from.
/// One that was lifted since is not begun again.
pub fn bad(
    deployed: &Deployed<'_>,
    records: &[Vec<Record>],
    images: &ReleaseImages,
    now: Said,
) -> Said {
    let is_rollback = |record: &&Record| record.action == "rollback";
    let rollback = records
        .iter()
        .filter_map(|all| all.first())
        .find(is_rollback)
        .filter(|_| deployed.stands(images));
    rollback
        .and_then(|record| record.from.first().cloned())
        .unwrap_or(now)
}

/// Plans that an environment goes back to this release. `brought` is the image that its version was when it came there.
pub fn plan(
    goal: &mut Goal,
    target: &Target<'_>,
    images: &ReleaseImages,
    brought: Option<&Digest>,
    bad: Bad,
    why: &str,
) {
    let Deployed { project, stage, .. } = &target.deployed;
    let name = &project.name;
    refuse_moved(goal, &target.deployed, brought, images);
    let to = match images.version.as_str() {
        "" => images.index.to_string(),
        version => version.to_owned(),
    };
    if bad.digest == images.index {
        goal.notes.push(format!(
            "{name}: {} runs {to} already, and it is not barred",
            stage.name
        ));
        return;
    }
    if target.deployed.blocked(images).is_some() {
        goal.refuse(
            name,
            format!(
                "{name} {to} ({}) is barred in {} itself",
                images.index, stage.name
            ),
            format!(
                "cargo xtask unbar {name} --in {} {}, or another --to",
                stage.name, images.index
            ),
        );
    }
    refuse_part(goal, target, images);
    refuse_digest_alone(
        goal,
        target,
        images,
        &format!("what ran in {} before", stage.name),
        format!("cargo xtask rollback {name} --in {} --to X.Y.Z", stage.name),
    );
    let from = match bad.version.as_str() {
        "" => "what runs there",
        version => version,
    };
    target.want(
        goal,
        &Wish {
            images,
            why: &format!("back from {from}, which is barred from now on"),
            action: &Action::Rollback {
                version: bad.version.clone(),
                bad: bad.digest,
                why: why.to_owned(),
            },
        },
    );
}

/// How what is gone back to is named: by its digest where no pin says a tag.
fn wanted_by(deployed: &Deployed<'_>) -> &'static str {
    match deployed.is_by_ledger() || deployed.needs_tag() {
        true => "X.Y.Z",
        false => "sha256:DIGEST",
    }
}

/// The newest record that changed what runs.
fn newest(records: &[Record]) -> Option<&Record> {
    records.iter().find(|record| record.action != "unbar")
}

fn join(said: &[Said]) -> String {
    said.iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(" and ")
}
