//! What runs where: what the pins of each environment or the ledger say, since when and by whom, what of it does not hold, and
//! what a promotion would change.
//!
//! A report of the remotes as they are now: nothing is planned, pushed or asked to be pushed, and what cannot be read is told
//! beside what could be (law 15).

mod history;
mod next;
pub mod report;
pub mod standing;

use std::collections::HashMap;

use monorelease_model::version::Version;

use super::Said;
use super::check_pins::{Answers, Objection, objection, objection_to};
use super::ledger::entry_file;
use super::message::{Record, records};
use super::pins::Stage;
use super::pull_request::host::PullHost;
use super::read::source::Source;
use super::read::{Deployed, Environments, Unread};
use crate::github::pulls::Pull;
use crate::project::Project;
use crate::release::observe::rfc3339;
use crate::text::short;
use history::Pasts;
use next::{after_checks, promotion};
use standing::{Next, Standing};

/// A project, and the release that a first environment would get, or why that is not known.
pub struct Asked<'a> {
    pub project: &'a Project,
    pub newest: Result<Option<Version>, String>,
}

/// What was read of a project in an environment.
struct Found<'a> {
    /// The project's place among those asked for.
    number: usize,
    stage: &'a Stage,
    deployed: Result<Deployed<'a>, String>,
    passed: Option<Result<Source, Unread>>,
}

/// What the registry and the forge have answered: nothing is asked twice.
#[derive(Default)]
struct Known {
    answers: Answers,
    /// Open pull requests by repository, branch and base.
    pulls: HashMap<(String, String, String), Result<Vec<Pull>, String>>,
}

/// What the environments run of these projects, in the order of the configuration; none for a project without pins.
///
/// # Errors
/// The time of a commit cannot be told.
pub fn what_runs(
    environments: &Environments<'_>,
    asked: &[Asked<'_>],
) -> anyhow::Result<Vec<Vec<Standing>>> {
    let mut all_found = Vec::new();
    for (number, Asked { project, .. }) in asked.iter().enumerate() {
        for stage in &environments.delivery.stages {
            let mut pins = environments.delivery.pins_of(&project.name, &stage.name);
            if pins.next().is_some() || (stage.checks.deploys() && project.image.is_some()) {
                all_found.push(Found {
                    number,
                    stage,
                    deployed: read(environments, project, stage),
                    passed: environments.passed(project, stage),
                });
            }
        }
    }
    let read = all_found
        .iter()
        .filter_map(|found| found.deployed.as_ref().ok());
    let pasts = Pasts::read(environments.world, read);
    let mut known = Known::default();
    let mut all = asked
        .iter()
        .map(|_| Vec::new())
        .collect::<Vec<Vec<Standing>>>();
    for found in &all_found {
        let standing = match &found.deployed {
            Ok(deployed) => {
                let passed = found.passed.as_ref();
                standing_of(environments, deployed, passed, &pasts, &mut known)?
            }
            Err(why) => Standing {
                unknown: Some(why.clone()),
                ..Standing::unread(&found.stage.name)
            },
        };
        all[found.number].push(standing);
    }
    // What a promotion would do is known once all environments are.
    for found in &all_found {
        let Asked { project, newest } = &asked[found.number];
        let next = next_of(project, newest, found.stage, &all[found.number]);
        let mut standings = all[found.number].iter_mut();
        if let Some((here, next)) = standings
            .find(|standing| standing.environment == found.stage.name)
            .zip(next)
        {
            here.next = next;
        }
    }
    Ok(all)
}

fn read<'a>(
    environments: &Environments<'_>,
    project: &'a Project,
    stage: &'a Stage,
) -> Result<Deployed<'a>, String> {
    let deployed = environments
        .deployed(project, stage)
        .map_err(|error| format!("{error:#}"))?;
    match deployed.unread.first() {
        Some(unread) => Err(unread.what.clone()),
        None => Ok(deployed),
    }
}

/// What `promote` would do with an environment; `None` where it is not among those that were read.
fn next_of(
    project: &Project,
    newest: &Result<Option<Version>, String>,
    stage: &Stage,
    standings: &[Standing],
) -> Option<Next> {
    let of = |name: &str| {
        standings
            .iter()
            .find(|standing| standing.environment == name)
    };
    let here = of(&stage.name)?;
    let before = stage.after.as_deref().and_then(of);
    let source = match &stage.after {
        Some(after) => next::Source::Before(after, before.and_then(|before| before.runs.as_ref())),
        None => next::Source::Newest(newest),
    };
    let next = match &here.unknown {
        Some(_) => Next {
            line: None,
            why: format!("what {} runs is not known", here.environment),
        },
        None => promotion(
            &project.name,
            &here.environment,
            source,
            here.runs.as_ref(),
            &here.barred,
        ),
    };
    Some(after_checks(next, project, here, before))
}

fn standing_of(
    environments: &Environments<'_>,
    deployed: &Deployed<'_>,
    passed: Option<&Result<Source, Unread>>,
    pasts: &Pasts,
    known: &mut Known,
) -> anyhow::Result<Standing> {
    let Deployed {
        project,
        stage,
        sources,
        ..
    } = deployed;
    let mut standing = Standing::unread(&stage.name);
    let said = deployed.said();
    standing.runs = Said::one_of(&said);
    if standing.runs.is_none() && !said.is_empty() {
        let words = said
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" and ");
        standing
            .drift
            .push(format!("the pins do not say one release: {words}"));
    }
    for source in sources {
        let shown = source.group.place();
        let reading = &source.reading;
        standing.drift.extend(
            reading
                .faults
                .iter()
                .map(|fault| format!("{shown}: {fault}")),
        );
        let blocked = reading.blocked.of_project(&project.name, &stage.name);
        standing.barred.extend(blocked.cloned());
        hold_to_the_registry(environments, &mut standing, project, source, known);
        if !source.group.is_ledger() {
            waiting(environments, &mut standing, deployed, source, known);
        }
        hold_to_the_history(environments, &mut standing, deployed, source, pasts, known)?;
    }
    match passed {
        Some(Ok(passed)) => standing.checks = checks(stage, &standing, passed),
        Some(Err(unread)) => standing.unasked = Some(unread.what.clone()),
        None => {}
    }
    Ok(standing)
}

/// What is configured to pass there, and whether it passed on what runs.
fn checks(stage: &Stage, standing: &Standing, passed: &Source) -> Vec<(&'static str, bool)> {
    let has_passed = |task| match (&standing.runs, &passed.reading.entry) {
        (
            Some(Said {
                digest: Some(digest),
                ..
            }),
            Some(entry),
        ) => entry.has_passed(digest, task),
        // A tag alone tells no digest; what was recorded last is what it was then.
        (Some(runs), Some(entry)) => {
            runs.version.as_ref() == Some(&entry.version) && entry.has_passed(&entry.digest, task)
        }
        _ => false,
    };
    let tasks = stage.checks.tasks.iter();
    tasks
        .map(|task| (task.phase.word(), has_passed(task)))
        .collect()
}

/// Whether what is to run is served, and tags are still the images that they were.
fn hold_to_the_registry(
    environments: &Environments<'_>,
    standing: &mut Standing,
    project: &Project,
    source: &Source,
    known: &mut Known,
) {
    let world = environments.world;
    let shown = source.group.place();
    let mut add = |place: String, objection: Option<Objection>| match objection {
        None => {}
        Some(Objection::Unread(why)) => standing.unchecked = Some(why),
        Some(Objection::Wrong(what)) => standing.drift.push(format!("{shown}: {place} {what}")),
    };
    for file in &source.reading.files {
        for (number, place) in &file.places {
            let pin = &source.group.pins[*number];
            add(
                format!("{}:{}: {}", file.file, place.line, place.key),
                objection(world, pin, place, &mut known.answers),
            );
        }
    }
    if let (Some(entry), Some(image)) = (&source.reading.entry, &project.image) {
        let Said { version, digest } = entry.said();
        let answers = &mut known.answers;
        let objection = objection_to(
            world,
            &image.release,
            version.as_deref(),
            digest.as_ref(),
            answers,
        );
        add(entry_file(&standing.environment, &project.name), objection);
    }
}

/// Whether what runs is what the newest commit of ours brought, and how it came there.
fn hold_to_the_history(
    environments: &Environments<'_>,
    standing: &mut Standing,
    deployed: &Deployed<'_>,
    source: &Source,
    pasts: &Pasts,
    known: &mut Known,
) -> anyhow::Result<()> {
    let Some(past) = pasts.of(source) else {
        return Ok(());
    };
    let shown = source.group.place();
    let said = source.said();
    let newest = past.newest(&deployed.project.name, &deployed.stage.name, &said);
    let came = match newest {
        Some((record, true)) => {
            let moved = moved_tag(environments, deployed.project, source, record, known);
            standing
                .drift
                .extend(moved.map(|what| format!("{shown}: {} {what}", short(&record.commit))));
            past.came(&record.commit, Some(record.action.clone()))?
        }
        _ => past.by_hand(source)?,
    };
    // Pins that are not found say nothing of whose hand changed them: the configuration may have moved on.
    let is_found = !said.is_empty() || source.reading.faults.is_empty();
    if let (Some((record, false)), true) = (newest, is_found) {
        let to = record
            .to
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        let since = rfc3339(record.seconds)?;
        standing.drift.push(format!(
            "{shown}: changed by hand since {} of {since}, which said {to}",
            short(&record.commit)
        ));
    }
    // Of several repositories the one that was changed last tells since when the environment is as it is.
    standing.came = [standing.came.take(), came]
        .into_iter()
        .flatten()
        .max_by(|one, two| one.since.cmp(&two.since));
    Ok(())
}

/// A pin that says a tag alone says another image once the tag is moved; what it was is told by the commit that brought it.
fn moved_tag(
    environments: &Environments<'_>,
    project: &Project,
    source: &Source,
    record: &Record,
    known: &mut Known,
) -> Option<String> {
    let mut places = source.reading.places();
    if places.all(|(_, place)| place.digest.is_some()) {
        return None;
    }
    let image = project.image.as_ref()?;
    let to = record.to.as_ref()?;
    let version = to.version.as_deref()?;
    let digest = to.digest.as_ref()?;
    match objection_to(
        environments.world,
        &image.release,
        Some(version),
        Some(digest),
        &mut known.answers,
    ) {
        Some(Objection::Wrong(what)) => Some(what),
        _ => None,
    }
}

/// Adds the open pull requests that would change pins: those of deliveries, and the one that `pin` keeps for registry files.
fn waiting(
    environments: &Environments<'_>,
    standing: &mut Standing,
    deployed: &Deployed<'_>,
    source: &Source,
    known: &mut Known,
) {
    let Deployed { project, stage, .. } = deployed;
    let project = project.name.as_str();
    let group = &source.group;
    let host = PullHost::of(environments);
    let mut kinds: Vec<(&str, Option<&str>)> = Vec::new();
    if stage.by_pull {
        kinds.extend([("deliver", Some(project)), ("unbar", Some(project))]);
    }
    // `pin` opens none where the repository has no forge, so none waits there.
    let is_pinned = stage.after.is_none() && group.pins.iter().any(|pin| pin.of_registry);
    if is_pinned && host.repository(group).is_some() {
        kinds.push(("pin", None));
    }
    for (kind, of) in kinds {
        let pulls = host
            .pull_at(&stage.name, group, kind, of)
            .map_err(|fault| fault.what)
            .and_then(|pull| {
                let key = (
                    pull.repository.clone(),
                    pull.branch.clone(),
                    group.branch.clone(),
                );
                let forge = environments.world.delivery_forge(pull.is_own);
                let ask = || {
                    forge
                        .open_pulls(&pull.repository, &pull.branch, &group.branch)
                        .map_err(|error| error.to_string())
                };
                known.pulls.entry(key).or_insert_with(ask).clone()
            });
        // One request is of many projects, which its trailers name.
        let is_about = |pull: &Pull| {
            let brought = records("", 0, &pull.body);
            of.is_some()
                || brought.is_empty()
                || brought
                    .iter()
                    .any(|record| record.is_of(project, &stage.name))
        };
        match pulls {
            Ok(pulls) => standing.waits.extend(pulls.into_iter().filter(is_about)),
            Err(why) => standing.unasked = Some(why),
        }
    }
}
