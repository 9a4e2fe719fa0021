//! What the ledger and the forge add to the report of what runs: environments without pins, what passed on what runs, and pull
//! requests that wait for their merge.
//!
//! A part of `standing`, which reads the pins; nothing is planned or written.

use std::collections::HashMap;
use std::sync::Arc;

use super::next::and_checks as told;

use super::next::Next;
use super::{Came, Standing};
use crate::delivery::Said;
use crate::delivery::check_pins::{Answers, Objection};
use crate::delivery::deploy::entry_file;
use crate::delivery::deploy::step::{Ledger, is_about_what_runs, read, read_at};
use crate::delivery::message::{Record, record, records};
use crate::delivery::pins::Stage;
use crate::delivery::promotion::Deliverer;
use crate::delivery::read::PinGroup;
use crate::delivery::repository::branch::DeliveryBranch;
use crate::delivery::repository::past::PastCommit;
use crate::github::pulls::Pull;
use crate::project::Project;
use crate::release::observe::rfc3339;

/// The ledger as its remote has it now: fetched once for all environments.
pub(super) struct Recorded {
    branch: Arc<DeliveryBranch>,
    /// `None` where nobody has written to it yet.
    head: Option<String>,
}

impl Deliverer<'_> {
    /// The ledger; `None` where no environment has anything to write there.
    pub(super) fn recorded(&self) -> Option<Result<Recorded, String>> {
        self.delivery
            .stages
            .iter()
            .find(|stage| !stage.checks.tasks.is_empty())?;
        let fetched = self.ledger_of("", "").and_then(|of| {
            let branch = self.world.delivery(&of.address, &of.branch, of.is_own)?;
            let head = branch.refresh_if_any()?;
            Ok(Recorded { branch, head })
        });
        Some(fetched.map_err(|error| format!("{error:#}")))
    }

    /// Adds what passed, and in an environment without pins what runs there at all.
    ///
    /// # Errors
    /// The time of a commit cannot be told.
    pub(super) fn add_ledger(
        &self,
        standing: &mut Standing,
        (project, stage): (&Project, &Stage),
        has_pins: bool,
        recorded: &Result<Recorded, String>,
        answers: &mut Answers,
    ) -> anyhow::Result<()> {
        if stage.checks.tasks.is_empty() || standing.unknown.is_some() {
            return Ok(());
        }
        let read = recorded
            .as_ref()
            .map_err(Clone::clone)
            .and_then(|recorded| {
                let read = self
                    .ledger_of(&project.name, &stage.name)
                    .and_then(|of| read_at(&recorded.branch, recorded.head.clone(), &of));
                read.map(|ledger| (recorded, ledger))
                    .map_err(|error| format!("{error:#}"))
            });
        let (recorded, ledger) = match read {
            Ok(read) => read,
            Err(why) if has_pins => {
                standing.unasked = Some(why);
                return Ok(());
            }
            Err(why) => {
                standing.unknown = Some(why);
                return Ok(());
            }
        };
        if !has_pins {
            standing.runs = ledger.entry.as_ref().map(|entry| Said {
                version: Some(entry.version.clone()).filter(|version| !version.is_empty()),
                digest: Some(entry.digest.clone()),
            });
            standing.barred.extend(
                ledger
                    .bars
                    .iter()
                    .filter(|bar| bar.is_of(&project.name, &stage.name))
                    .cloned(),
            );
            standing.came = came(recorded, &ledger, &project.name, &stage.name)?;
            self.hold_ledger_to_the_registry(standing, project, recorded, answers);
        }
        let passed = |task| match (&standing.runs, &ledger.entry) {
            (
                Some(Said {
                    digest: Some(digest),
                    ..
                }),
                Some(entry),
            ) => entry.has_passed(digest, task),
            // A tag alone tells no digest; what was recorded last is what it was then.
            (Some(runs), Some(entry)) => {
                runs.version.as_ref() == Some(&entry.version)
                    && entry.has_passed(&entry.digest, task)
            }
            _ => false,
        };
        standing.checks = stage
            .checks
            .tasks
            .iter()
            .map(|task| (task.phase.word(), passed(task)))
            .collect();
        Ok(())
    }

    /// Whether what is to run by the ledger alone is served, and its tag still the same image.
    fn hold_ledger_to_the_registry(
        &self,
        standing: &mut Standing,
        project: &Project,
        recorded: &Recorded,
        answers: &mut Answers,
    ) {
        let (Some(runs), Some(image)) = (&standing.runs, &project.image) else {
            return;
        };
        match self.objection_to(
            &image.release,
            runs.version.as_deref(),
            runs.digest.as_ref(),
            answers,
        ) {
            None => {}
            Some(Objection::Unread(why)) => standing.unchecked = Some(why),
            Some(Objection::Wrong(what)) => {
                let place = entry_file(&standing.environment, &project.name);
                standing
                    .drift
                    .push(format!("{}: {place} {what}", recorded.branch.shown()));
            }
        }
    }

    /// The versions of a project that were rolled back in environments without pins.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn barred_in_ledger(&self, project: &Project) -> anyhow::Result<Vec<String>> {
        let name = &project.name;
        let mut stages = self
            .delivery
            .stages
            .iter()
            .filter(|stage| stage.checks.deploys());
        let Some(stage) =
            stages.find(|stage| self.delivery.pins_of(name, &stage.name).next().is_none())
        else {
            return Ok(Vec::new());
        };
        let ledger = read(self.world, &self.ledger_of(name, &stage.name)?)?;
        Ok(ledger
            .bars
            .into_iter()
            .filter(|bar| bar.project == *name)
            .map(|bar| bar.version)
            .collect())
    }

    /// Adds the open pull requests that would change pins: those of deliveries, and the one that `pin` keeps for registry files.
    pub(super) fn waiting(
        &self,
        standing: &mut Standing,
        project: &str,
        stage: &Stage,
        group: &PinGroup,
        asked: &mut Pulls,
    ) {
        let mut kinds: Vec<(&str, Option<&str>)> = Vec::new();
        if stage.by_pull {
            kinds.extend([("deliver", Some(project)), ("unbar", Some(project))]);
        }
        // `pin` opens none where the repository has no forge, so none waits there.
        let is_pinned = stage.after.is_none() && group.pins.iter().any(|pin| pin.of_registry);
        if is_pinned && self.forge_repository(group).is_some() {
            kinds.push(("pin", None));
        }
        for (kind, of) in kinds {
            let pulls = self
                .pull_at(&stage.name, group, kind, of)
                .map_err(|fault| fault.what)
                .and_then(|pull| {
                    let key = (
                        pull.repository.clone(),
                        pull.branch.clone(),
                        group.branch.clone(),
                    );
                    let forge = self.world.delivery_forge(pull.is_own);
                    let ask = || {
                        forge
                            .open_pulls(&pull.repository, &pull.branch, &group.branch)
                            .map_err(|error| error.to_string())
                    };
                    asked.entry(key).or_insert_with(ask).clone()
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
}

/// The open pull requests that were asked for so far, by repository, branch and base.
pub(super) type Pulls = HashMap<(String, String, String), Result<Vec<Pull>, String>>;

/// How what is to run came into the ledger; `None` where as much of its history as a report is worth does not tell.
fn came(
    recorded: &Recorded,
    ledger: &Ledger,
    project: &str,
    stage: &str,
) -> anyhow::Result<Option<Came>> {
    let (Some(head), Some(entry)) = (&recorded.head, &ledger.entry) else {
        return Ok(None);
    };
    let is_it = |record: &Record| {
        let to = record.to.as_ref().and_then(|to| to.digest.as_ref());
        record.is_of(project, stage)
            && is_about_what_runs(&record.action)
            && to == Some(&entry.digest)
    };
    let of =
        |commit: &PastCommit| record(&commit.id, commit.seconds, &commit.message).filter(is_it);
    let recent = recorded.branch.recent(head, &|commits| {
        commits.iter().any(|commit| of(commit).is_some())
    })?;
    let Some((commit, record)) = recent
        .commits
        .iter()
        .find_map(|commit| Some((commit, of(commit)?)))
    else {
        return Ok(None);
    };
    Ok(Some(Came {
        commit: commit.id.clone(),
        since: rfc3339(commit.seconds)?,
        by: commit.by.clone(),
        action: Some(record.action),
    }))
}

/// What `promote` would do, where checks and pull requests have a say in it.
pub(super) fn and_checks(
    next: Next,
    project: &Project,
    here: &Standing,
    before: Option<&Standing>,
) -> Next {
    let open = |standing: &Standing| -> Vec<&'static str> {
        standing
            .checks
            .iter()
            .filter(|(_, has_passed)| !has_passed)
            .map(|(word, _)| *word)
            .collect()
    };
    let source = before.and_then(|before| before.runs.as_ref());
    // What runs in the first environment of a registry file is what was built there.
    if project.registered.is_some() && before.is_none() && here.unknown.is_none() {
        let waits = here
            .waits
            .first()
            .map(|pull| format!("what was built waits for its merge: {}", pull.page));
        return match here.runs.as_ref().and_then(|runs| runs.digest.as_ref()) {
            Some(_) if !open(here).is_empty() => told(
                next,
                &open(here),
                Some(format!(
                    "cargo xtask promote {} --to {}",
                    project.name, here.environment
                )),
                None,
            ),
            Some(digest) => {
                let what = format!("it runs {}, which is pinned there", digest.short());
                Next {
                    line: None,
                    why: waits.map_or_else(|| what.clone(), |waits| format!("{what}, and {waits}")),
                }
            }
            None if waits.is_some() => Next {
                line: None,
                why: format!("nothing is pinned there, and {}", waits.unwrap_or_default()),
            },
            None => Next {
                line: Some(format!("cargo xtask pin {}", project.name)),
                why: "nothing is pinned there".to_owned(),
            },
        };
    }
    // What a pull request says by its trailers is what it brings.
    let asks_for = |body: &str| {
        let brought = record("", 0, body).and_then(|record| record.to);
        brought.is_some_and(|brought| source.is_some_and(|source| source.agrees(&brought)))
    };
    if let Some(pull) = here
        .waits
        .iter()
        .find(|pull| next.line.is_some() && asks_for(&pull.body))
    {
        return Next {
            line: None,
            why: format!("{}, and waits for its merge: {}", next.why, pull.page),
        };
    }
    let Some(runs) = here.runs.as_ref().filter(|_| here.unknown.is_none()) else {
        return told(
            next,
            &[],
            None,
            before.map(|before| (before.environment.as_str(), open(before))),
        );
    };
    // What stands here can be brought here again where it stands before too, or where nothing comes before.
    let again = match (&here.environment, before) {
        (_, Some(_)) if !source.is_some_and(|source| runs.agrees(source)) => None,
        (_, _)
            if here
                .barred
                .iter()
                .any(|bar| Some(&bar.digest) == runs.digest.as_ref()) =>
        {
            None
        }
        (stage, before) => {
            let version = runs
                .version
                .as_ref()
                .filter(|_| before.is_none() && project.registered.is_none());
            let asked = version
                .map(|version| format!(" --version {version}"))
                .unwrap_or_default();
            Some(format!(
                "cargo xtask promote {} --to {stage}{asked}",
                project.name
            ))
        }
    };
    told(
        next,
        &open(here),
        again,
        before.map(|before| (before.environment.as_str(), open(before))),
    )
}
