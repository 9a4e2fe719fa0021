//! What runs where: what the pins of each environment say in Git, since when and by whom, what of it does not hold, and what a
//! promotion would change.
//!
//! A report of the remotes as they are now: nothing is planned, pushed or asked to be pushed, and what cannot be read is told
//! beside what could be (law 15).

mod ledger;
mod next;
pub mod report;

use std::collections::BTreeMap;
use std::sync::Arc;

use monorelease_model::version::Version;

use super::check_pins::{Answers, Objection};
use super::message::{Record, record};
use super::pins::{Pin, Stage};
use super::promotion::Deliverer;
use super::read::{PinGroup, Reading, groups, read_at};
use super::repository::branch::DeliveryBranch;
use super::{Bar, Said};
use crate::delivery::repository::past::{PastCommit, Recent};
use crate::github::pulls::Pull;
use crate::project::Project;
use crate::release::observe::rfc3339;
use crate::text::short;
use ledger::{Pulls, and_checks};
use next::{Next, Source, one_of, promotion};

/// A project, and the release that a first environment would get, or why that is not known.
pub struct Asked<'a> {
    pub project: &'a Project,
    pub newest: Result<Option<Version>, String>,
}

/// What one environment runs of one project.
#[derive(Debug)]
pub struct Standing {
    pub environment: String,
    /// What the pins say; `None` where they say several things, nothing, or could not be read.
    pub runs: Option<Said>,
    /// How it came there; `None` where the history that was read does not tell.
    pub came: Option<Came>,
    /// What is not as it should be, each a sentence that begins with its place.
    pub drift: Vec<String>,
    /// Why what the pins say was not held to the registry.
    pub unchecked: Option<String>,
    pub barred: Vec<Bar>,
    /// What is configured to pass there, and whether it passed on what runs.
    pub checks: Vec<(&'static str, bool)>,
    /// Open pull requests that would change it.
    pub waits: Vec<Pull>,
    /// Why it is not known what passed, or whether a pull request is open.
    pub unasked: Option<String>,
    /// Why the environment could not be read.
    pub unknown: Option<String>,
    pub next: Next,
}

impl Standing {
    fn unread(environment: &str) -> Self {
        Self {
            environment: environment.to_owned(),
            runs: None,
            came: None,
            drift: Vec::new(),
            unchecked: None,
            barred: Vec::new(),
            checks: Vec::new(),
            waits: Vec::new(),
            unasked: None,
            unknown: None,
            next: Next {
                line: None,
                why: String::new(),
            },
        }
    }
}

/// The commit that made the pins say what they say.
#[derive(Debug, Clone)]
pub struct Came {
    pub commit: String,
    /// RFC 3339.
    pub since: String,
    pub by: String,
    /// `promote` or `rollback`; `None` for a change by somebody's hand.
    pub action: Option<String>,
}

/// Which branch of which repository.
type Place = (String, String);

/// A branch that says what runs, as its remote has it now: read once for all pins in it.
struct Head {
    branch: Arc<DeliveryBranch>,
    head: String,
    /// The projects and environments whose pins it has.
    pairs: Vec<(String, String)>,
}

type Heads = BTreeMap<Place, Result<Head, String>>;

/// The pins of a project in an environment, with what was read of them.
struct Found<'a> {
    /// The project's place among those asked for.
    number: usize,
    project: &'a Project,
    stage: &'a Stage,
    readings: Result<Vec<(PinGroup, Reading)>, String>,
}

/// What the registry and the forge have answered: nothing is asked twice.
#[derive(Default)]
struct Known {
    answers: Answers,
    pulls: Pulls,
}

impl Deliverer<'_> {
    /// What the environments run of these projects, in the order of the configuration; none for a project without pins.
    ///
    /// # Errors
    /// The time of a commit cannot be told.
    pub fn what_runs(&self, asked: &[Asked<'_>]) -> anyhow::Result<Vec<Vec<Standing>>> {
        let mut heads = Heads::new();
        let mut all_found = Vec::new();
        for (number, Asked { project, .. }) in asked.iter().enumerate() {
            for stage in &self.delivery.stages {
                let pins: Vec<&Pin> = self.delivery.pins_of(&project.name, &stage.name).collect();
                if !pins.is_empty() || (stage.checks.deploys() && project.image.is_some()) {
                    let readings = self.readings(&project.name, &stage.name, &pins, &mut heads);
                    all_found.push(Found {
                        number,
                        project,
                        stage,
                        readings,
                    });
                }
            }
        }
        let pasts = pasts(&heads);
        let recorded = self.recorded();
        let mut known = Known::default();
        let mut all = asked
            .iter()
            .map(|_| Vec::new())
            .collect::<Vec<Vec<Standing>>>();
        for found in &all_found {
            let mut standing = self.of_stage(found, &heads, &pasts, &mut known)?;
            let has_pins = !found.readings.as_ref().is_ok_and(Vec::is_empty);
            if let Some(recorded) = &recorded {
                self.add_ledger(
                    &mut standing,
                    (found.project, found.stage),
                    has_pins,
                    recorded,
                    &mut known.answers,
                )?;
            }
            all[found.number].push(standing);
        }
        // What a promotion would do is known once all environments are.
        for found in &all_found {
            let standings = &all[found.number];
            let source = match &found.stage.after {
                Some(after) => {
                    let before = standings
                        .iter()
                        .find(|standing| standing.environment == *after);
                    Source::Before(after, before.and_then(|standing| standing.runs.as_ref()))
                }
                None => Source::Newest(&asked[found.number].newest),
            };
            let Some(at) = standings
                .iter()
                .position(|standing| standing.environment == found.stage.name)
            else {
                continue;
            };
            let here = &standings[at];
            let next = match &here.unknown {
                Some(_) => Next {
                    line: None,
                    why: format!("what {} runs is not known", here.environment),
                },
                None => promotion(
                    &found.project.name,
                    &here.environment,
                    source,
                    here.runs.as_ref(),
                    &here.barred,
                ),
            };
            let before = standings
                .iter()
                .find(|standing| found.stage.after.as_ref() == Some(&standing.environment));
            all[found.number][at].next = and_checks(next, found.project, here, before);
        }
        Ok(all)
    }

    /// Reads pins at the heads of their branches, each of which is fetched once.
    fn readings(
        &self,
        project: &str,
        stage: &str,
        pins: &[&Pin],
        heads: &mut Heads,
    ) -> Result<Vec<(PinGroup, Reading)>, String> {
        let mut readings = Vec::new();
        for group in groups(self.world, self.remote, pins).map_err(|error| format!("{error:#}"))? {
            let fetched = heads
                .entry((group.address.clone(), group.branch.clone()))
                .or_insert_with(|| {
                    let read = group
                        .open(self.world)
                        .and_then(|branch| branch.refresh().map(|head| (branch, head)));
                    read.map(|(branch, head)| Head {
                        branch,
                        head,
                        pairs: Vec::new(),
                    })
                    .map_err(|error| format!("{error:#}"))
                });
            let head = fetched.as_mut().map_err(|why| why.clone())?;
            head.pairs.push((project.to_owned(), stage.to_owned()));
            let reading = read_at(&head.branch, head.head.clone(), &group.pins)
                .map_err(|error| format!("{error:#}"))?;
            readings.push((group, reading));
        }
        Ok(readings)
    }

    fn of_stage(
        &self,
        found: &Found<'_>,
        heads: &Heads,
        pasts: &Pasts,
        known: &mut Known,
    ) -> anyhow::Result<Standing> {
        let mut standing = Standing::unread(&found.stage.name);
        let readings = match &found.readings {
            Ok(readings) => readings,
            Err(why) => {
                return Ok(Standing {
                    unknown: Some(why.clone()),
                    ..standing
                });
            }
        };
        let project = &found.project.name;
        let stage = &found.stage.name;
        let mut said: Vec<Said> = readings
            .iter()
            .flat_map(|(group, reading)| reading.said(&group.pins))
            .collect();
        said.sort();
        said.dedup();
        standing.runs = one_of(&said);
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
        for (group, reading) in readings {
            let shown = format!("{} ({})", group.address, group.branch);
            standing.drift.extend(
                reading
                    .faults
                    .iter()
                    .map(|fault| format!("{shown}: {fault}")),
            );
            standing.barred.extend(
                reading
                    .bars
                    .iter()
                    .filter(|bar| bar.is_of(project, stage))
                    .cloned(),
            );
            self.hold_to_the_registry(&mut standing, &shown, (group, reading), &mut known.answers);
            self.waiting(&mut standing, project, found.stage, group, &mut known.pulls);
            let place = (group.address.clone(), group.branch.clone());
            let (Some(Ok(head)), Some(Ok(past))) = (heads.get(&place), pasts.get(&place)) else {
                continue;
            };
            let history = History { head, past };
            let newest = past
                .records
                .iter()
                .find(|record| record.is_of(project, stage));
            let is_ours = newest.filter(|record| says(record, &reading.said(&group.pins)));
            if let Some(record) = is_ours {
                self.hold_to_the_record(
                    &mut standing,
                    &shown,
                    found.project,
                    (reading, record),
                    &mut known.answers,
                );
            }
            let came = match is_ours {
                Some(record) => history.came(&record.commit, Some(record.action.clone()))?,
                None => history.by_hand(group, reading)?,
            };
            // Pins that are not found say nothing of whose hand changed them: the configuration may have moved on.
            let is_found = !reading.said(&group.pins).is_empty() || reading.faults.is_empty();
            if let (None, Some(record), true) = (is_ours, newest, is_found) {
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
        }
        Ok(standing)
    }
}

impl Deliverer<'_> {
    fn hold_to_the_registry(
        &self,
        standing: &mut Standing,
        shown: &str,
        (group, reading): (&PinGroup, &Reading),
        answers: &mut Answers,
    ) {
        for file in &reading.files {
            for (number, place) in &file.places {
                match self.objection(&group.pins[*number], place, answers) {
                    None => {}
                    Some(Objection::Unread(why)) => standing.unchecked = Some(why),
                    Some(Objection::Wrong(what)) => {
                        standing.drift.push(format!(
                            "{shown}: {}:{}: {} {what}",
                            file.file, place.line, place.key
                        ));
                    }
                }
            }
        }
    }
}

impl Deliverer<'_> {
    /// A pin that says a tag alone says another image once the tag is moved; what it was is told by the commit that brought it.
    fn hold_to_the_record(
        &self,
        standing: &mut Standing,
        shown: &str,
        project: &Project,
        (reading, record): (&Reading, &Record),
        answers: &mut Answers,
    ) {
        let (
            Some(image),
            Some(Said {
                version: Some(version),
                digest: Some(digest),
            }),
        ) = (&project.image, &record.to)
        else {
            return;
        };
        if reading.places().all(|(_, place)| place.digest.is_some()) {
            return;
        }
        if let Some(Objection::Wrong(what)) =
            self.objection_to(&image.release, Some(version), Some(digest), answers)
        {
            standing
                .drift
                .push(format!("{shown}: {} {what}", short(&record.commit)));
        }
    }
}

/// Whether all that pins say is what a record of ours brought.
fn says(record: &Record, said: &[Said]) -> bool {
    !said.is_empty()
        && record
            .to
            .as_ref()
            .is_some_and(|to| said.iter().all(|said| to.agrees(said)))
}

/// The history of a branch, and the records of ours in it, newest first.
struct Past {
    recent: Recent,
    records: Vec<Record>,
}

type Pasts = BTreeMap<Place, Result<Past, String>>;

/// Reads the history of each branch, until each project and environment has its record or a report has read enough.
fn pasts(heads: &Heads) -> Pasts {
    let records = |commits: &[PastCommit]| -> Vec<Record> {
        let read = commits
            .iter()
            .filter_map(|commit| record(&commit.id, commit.seconds, &commit.message));
        read.filter(|record| record.action != "unbar").collect()
    };
    let past = |head: &Head| {
        let recent = head.branch.recent(&head.head, &|commits| {
            let found = records(commits);
            head.pairs
                .iter()
                .all(|(project, stage)| found.iter().any(|record| record.is_of(project, stage)))
        });
        recent
            .map(|recent| Past {
                records: records(&recent.commits),
                recent,
            })
            .map_err(|error| format!("{error:#}"))
    };
    heads
        .iter()
        .filter_map(|(place, head)| Some((place.clone(), past(head.as_ref().ok()?))))
        .collect()
}

/// One branch with its history.
struct History<'a> {
    head: &'a Head,
    past: &'a Past,
}

impl History<'_> {
    fn came(&self, commit: &str, action: Option<String>) -> anyhow::Result<Option<Came>> {
        let Some(found) = self
            .past
            .recent
            .commits
            .iter()
            .find(|past| past.id == commit)
        else {
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
    fn by_hand(&self, group: &PinGroup, reading: &Reading) -> anyhow::Result<Option<Came>> {
        let paths: Vec<&str> = reading
            .files
            .iter()
            .map(|file| file.file.as_str())
            .collect();
        let branch = &self.head.branch;
        let now = reading.said(&group.pins);
        let chain = branch.chain(&self.head.head)?;
        let mut contents = branch.contents(&self.head.head, &paths)?;
        for pair in chain.windows(2) {
            let [newer, older] = pair else { continue };
            let before = branch.contents(older, &paths)?;
            if before == contents {
                continue;
            }
            // Other words of the same files may have changed, and the pins not.
            let said = read_at(branch, older.clone(), &group.pins)
                .map(|reading| reading.said(&group.pins))
                .unwrap_or_default();
            if said != now {
                return self.came(newer, None);
            }
            contents = before;
        }
        match chain.last().filter(|_| self.past.recent.is_whole) {
            Some(first) => self.came(first, None),
            None => Ok(None),
        }
    }
}
