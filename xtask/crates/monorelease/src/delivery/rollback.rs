//! `rollback` and `unbar`: an environment gets its previous release, and the bad digest is blocked until it is unblocked.
//!
//! The reverse of `promotion`: it plans deliveries and carries none out.

use std::collections::BTreeMap;

use monorelease_model::image::Digest;

use super::message::{Before, Record, before, records};
use super::pins::Stage;
use super::promote::version;
use super::promotion::{Deliverer, Wish};
use super::read::{PinGroup, Reading};
use super::{Action, Deliver, Said};
use crate::app::{App, Outcome};
use crate::cli::delivery::{Rollback, Unbar};
use crate::delivery::repository::past::PastCommit;
use crate::fault::Fault;
use crate::project::Project;
use crate::step::Step;
use crate::step::plan::Goal;
use crate::text::short;

type Readings = Vec<(PinGroup, Reading)>;

impl Deliverer<'_> {
    /// Takes an environment back to a version or a digest, or to what stood there before, and bars what stands there now (law 20).
    ///
    /// # Errors
    /// No pin is configured (2), or the world cannot be read. What forbids the rollback is refused in the goal.
    pub fn rollback(
        &self,
        goal: &mut Goal,
        project: &Project,
        stage: &Stage,
        to: Option<&str>,
        why: &str,
    ) -> anyhow::Result<()> {
        let name = &project.name;
        let pins = self.pins_in(project, &stage.name)?;
        if pins.is_empty() {
            return self.rollback_in_ledger(goal, project, stage, to, why);
        }
        let targets = self.read(goal, name, &pins)?;
        if !goal.refused.is_empty() {
            return Ok(());
        }
        let records = self.records(name, &stage.name, &targets)?;
        let Some(mut now) = self.standing(goal, project, stage, &targets, &records) else {
            return Ok(());
        };
        if let (None, Some(version)) = (&now.digest, &now.version) {
            now.digest = self.brought((name, &stage.name), &targets, version)?;
        }
        let to = match to {
            Some(named) => named.to_owned(),
            None => match self.named_before(goal, project, stage, &now, &targets)? {
                Some(named) => named,
                // The pins are back already; what is to be done besides may not be.
                None if goal.refused.is_empty() && !stage.checks.tasks.is_empty() => {
                    match (&now.version, &now.digest) {
                        (Some(version), _) => version.clone(),
                        (None, Some(digest)) => digest.to_string(),
                        (None, None) => return Ok(()),
                    }
                }
                None => return Ok(()),
            },
        };
        let Some(images) = self.served(goal, project, &to) else {
            return Ok(());
        };
        self.refuse_moved(goal, (project, &stage.name), &targets, &images)?;
        let is_back = targets
            .iter()
            .all(|(group, reading)| reading.stands(&group.pins, &images).is_ok());
        let bad = match records
            .iter()
            .find(|record| record.action == "rollback")
            .filter(|_| is_back)
        {
            // It was done, perhaps in a part of the repositories: what it barred is what it came from.
            Some(record) => record.from.first().cloned().unwrap_or_else(|| now.clone()),
            None => now.clone(),
        };
        if is_back && bad == now {
            goal.notes.push(format!(
                "{name}: {} runs {to} already, and it is not barred",
                stage.name
            ));
            return Ok(());
        }
        let Some(bad_digest) = self.digest_of(goal, project, &bad) else {
            return Ok(());
        };
        if bad_digest == images.index {
            goal.notes.push(format!(
                "{name}: {} runs {to} already, and it is not barred",
                stage.name
            ));
            return Ok(());
        }
        let barred = |reading: &Reading| {
            reading
                .bars
                .iter()
                .any(|bar| bar.is_of(name, &stage.name) && bar.digest == images.index)
        };
        if targets.iter().any(|(_, reading)| barred(reading)) {
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
        if images.version.is_empty()
            && targets
                .iter()
                .any(|(_, reading)| reading.places().any(|(_, place)| place.takes_tag()))
        {
            let what = format!(
                "what ran in {} before is known by its digest alone ({to}), and the pins want a tag",
                stage.name
            );
            goal.refuse(
                name,
                what,
                format!("cargo xtask rollback {name} --in {} --to X.Y.Z", stage.name),
            );
        }
        let version = bad.version.unwrap_or_default();
        let action = Action::Rollback {
            bad: bad_digest,
            version: version.clone(),
            why: why.to_owned(),
        };
        let from = if version.is_empty() {
            "what runs there"
        } else {
            &version
        };
        let why = format!("back from {from}, which is barred from now on");
        self.want(
            goal,
            project,
            targets,
            &Wish {
                stage,
                images: &images,
                action: &action,
                why: &why,
            },
        );
        Ok(())
    }

    /// Lifts what was barred in an environment: one digest, or all of the project.
    ///
    /// # Errors
    /// No pin is configured (2), or the world cannot be read.
    pub fn unbar(
        &self,
        goal: &mut Goal,
        project: &Project,
        stage: &Stage,
        digest: Option<&Digest>,
    ) -> anyhow::Result<()> {
        let name = &project.name;
        let pins = self.pins_in(project, &stage.name)?;
        if pins.is_empty() {
            return self.unbar_in_ledger(goal, project, stage, digest);
        }
        let targets = self.read(goal, name, &pins)?;
        for (group, reading) in targets {
            let of = reading
                .bars
                .iter()
                .filter(|bar| bar.is_of(name, &stage.name));
            let digests: Vec<Digest> = of
                .map(|bar| bar.digest.clone())
                .filter(|barred| digest.is_none_or(|digest| digest == barred))
                .collect();
            if digests.is_empty() {
                let what = digest.map_or_else(
                    || "nothing".to_owned(),
                    |digest| format!("{} not", digest.short()),
                );
                goal.notes.push(format!(
                    "{name}: {what} barred in {} ({} ({}))",
                    stage.name, group.address, group.branch
                ));
                continue;
            }
            let Some(pull) = self.pull_of(goal, name, stage, &group, "unbar") else {
                continue;
            };
            let deliver = Deliver {
                action: Action::Unbar { digests },
                project: name.clone(),
                environment: stage.name.clone(),
                address: group.address,
                is_own: group.is_own,
                branch: group.branch,
                pins: group.pins,
                images: None,
                from: Vec::new(),
                found: BTreeMap::new(),
                approval: stage.approval,
                pull,
            };
            goal.want(
                name,
                "a promotion may bring it back again",
                Step::Deliver(Box::new(deliver)),
            );
        }
        Ok(())
    }

    /// The newest record of each repository; those are enough to tell how what stands there came.
    fn records(
        &self,
        project: &str,
        stage: &str,
        targets: &Readings,
    ) -> anyhow::Result<Vec<Record>> {
        let mut newest = Vec::new();
        for (group, reading) in targets {
            let branch = group.open(self.world)?;
            let is_ours = |record: &Record| {
                record.project == project && record.environment == stage && record.action != "unbar"
            };
            let all = |commits: &[PastCommit]| -> Vec<Record> {
                commits
                    .iter()
                    .flat_map(|commit| records(&commit.id, commit.seconds, &commit.message))
                    .filter(is_ours)
                    .collect()
            };
            let commits = branch.history(&reading.head, &|commits| !all(commits).is_empty())?;
            newest.extend(all(&commits).into_iter().next());
        }
        Ok(newest)
    }

    /// What stands in the environment: one release, and not several.
    fn standing(
        &self,
        goal: &mut Goal,
        project: &Project,
        stage: &Stage,
        targets: &Readings,
        records: &[Record],
    ) -> Option<Said> {
        let mut said: Vec<Said> = targets
            .iter()
            .flat_map(|(group, reading)| reading.said(&group.pins))
            .collect();
        said.sort();
        said.dedup();
        // Pins in several spellings say one release when all that they say agrees.
        let fullest = said
            .iter()
            .max_by_key(|said| (said.digest.is_some(), said.version.is_some()))
            .cloned();
        let one = fullest.filter(|full| said.iter().all(|said| said.agrees(full)));
        // A rollback that was cut off has moved some repositories and not others: what it came from tells the rest.
        let cut = records
            .iter()
            .find(|record| record.action == "rollback")
            .and_then(|record| record.from.first().cloned());
        let is_cut = |from: &Said| {
            said.iter().all(|said| {
                said.agrees(from)
                    || records
                        .iter()
                        .any(|record| record.to.as_ref().is_some_and(|to| to.agrees(said)))
            })
        };
        match one.or(cut.filter(is_cut)).or_else(|| {
            records
                .first()
                .and_then(|record| record.to.clone())
                .filter(|_| said.is_empty())
        }) {
            Some(one) => Some(one),
            None if said.is_empty() => {
                let what = format!(
                    "the pins of {} in {} name no image yet, so there is nothing to go back from",
                    project.name, stage.name
                );
                goal.refuse(
                    &project.name,
                    what,
                    format!("cargo xtask promote {} --to {}", project.name, stage.name),
                );
                None
            }
            None => {
                let words = said
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(" and ");
                let what = format!(
                    "the pins of {} in {} do not say one release: {words}",
                    project.name, stage.name
                );
                goal.refuse(
                    &project.name,
                    what,
                    "make the pins say one image by hand, then roll back",
                );
                None
            }
        }
    }

    /// The version that stood there before, or its digest, where every repository tells the same.
    fn named_before(
        &self,
        goal: &mut Goal,
        project: &Project,
        stage: &Stage,
        now: &Said,
        targets: &Readings,
    ) -> anyhow::Result<Option<String>> {
        let name = &project.name;
        let fix = format!("cargo xtask rollback {name} --in {} --to X.Y.Z", stage.name);
        let mut versions = Vec::new();
        let mut done = None;
        for (group, reading) in targets {
            // A rollback that was cut off has moved some repositories already.
            let own = reading.said(&group.pins);
            let now = if let [one] = own.as_slice() { one } else { now };
            let branch = group.open(self.world)?;
            let barred = |digest: &Digest| {
                reading
                    .bars
                    .iter()
                    .any(|bar| bar.is_of(name, &stage.name) && bar.digest == *digest)
            };
            let answer = |commits: &[PastCommit], is_whole| {
                let records: Vec<Record> = commits
                    .iter()
                    .flat_map(|commit| records(&commit.id, commit.seconds, &commit.message))
                    .filter(|record| record.project == *name && record.environment == stage.name)
                    .collect();
                before(&records, now, is_whole, &barred)
            };
            let commits = branch.history(&reading.head, &|commits| {
                answer(commits, false) != Before::More
            })?;
            match answer(&commits, true) {
                Before::Stood(said) => versions.push(said),
                Before::RolledBack { commit } => done = Some(commit),
                Before::Unknown(why) => goal.refuse(
                    name,
                    format!(
                        "it cannot be told what ran in {} before: {why} ({})",
                        stage.name, group.address
                    ),
                    &fix,
                ),
                Before::More => goal.refuse(
                    name,
                    format!("the history of {} ends before it tells", group.address),
                    &fix,
                ),
            }
        }
        versions.sort();
        versions.dedup();
        match (versions.as_slice(), done) {
            ([], Some(commit)) => {
                let what = format!(
                    "{} was rolled back by {}, and nothing was promoted since",
                    stage.name,
                    short(&commit)
                );
                goal.notes
                    .push(format!("{name}: {what}; --to X.Y.Z goes further back"));
                Ok(None)
            }
            ([], None) => Ok(None),
            (
                [
                    Said {
                        version: Some(version),
                        ..
                    },
                ],
                _,
            ) => Ok(Some(version.clone())),
            (
                [
                    Said {
                        digest: Some(digest),
                        ..
                    },
                ],
                _,
            ) => Ok(Some(digest.to_string())),
            (several, _) => {
                let words = several
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(" and ");
                goal.refuse(
                    name,
                    format!(
                        "the repositories do not tell one version that ran in {} before: {words}",
                        stage.name
                    ),
                    fix,
                );
                Ok(None)
            }
        }
    }

    /// The digest of what stands there; of a tag alone, the one that the registry serves under it.
    fn digest_of(&self, goal: &mut Goal, project: &Project, said: &Said) -> Option<Digest> {
        match (&said.digest, &said.version) {
            (Some(digest), _) => Some(digest.clone()),
            (None, Some(version)) => self
                .served(goal, project, version)
                .map(|images| images.index),
            (None, None) => None,
        }
    }
}

pub fn run(app: &App, arguments: &Rollback) -> Outcome {
    let project = app.projects.find(&arguments.project)?;
    let stage = app.delivery.stage(&arguments.environment)?;
    let to = match arguments.to.as_deref() {
        // Where pins say digests alone, a digest is all that names what ran.
        Some(text) if text.parse::<Digest>().is_ok() => Some(text.to_owned()),
        Some(text) if text.starts_with("sha256:") => {
            let what = format!(
                "--to {text}: it is no whole digest, wanted \"sha256:\" and 64 lower-case hexadecimal digits"
            );
            return Err(Fault::usage(what)
                .fix(format!(
                    "cargo xtask status {}, which names digests",
                    project.name
                ))
                .into());
        }
        Some(text) => Some(version(text, "--to")?.to_semver()),
        None => None,
    };
    let mut goal = Goal::default();
    app.deliverer()
        .rollback(&mut goal, project, stage, to.as_deref(), &arguments.why)?;
    app.execute(goal, serde_json::Map::new())
}

pub fn unbar(app: &App, arguments: &Unbar) -> Outcome {
    let project = app.projects.find(&arguments.project)?;
    let stage = app.delivery.stage(&arguments.environment)?;
    let digest: Option<Digest> = arguments
        .digest
        .as_deref()
        .map(|text| {
            text.parse().map_err(|why| {
                Fault::usage(format!("{why}")).fix("the digest as the refusal names it: sha256:…")
            })
        })
        .transpose()?;
    let mut goal = Goal::default();
    app.deliverer()
        .unbar(&mut goal, project, stage, digest.as_ref())?;
    app.execute(goal, serde_json::Map::new())
}
