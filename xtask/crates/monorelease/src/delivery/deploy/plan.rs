//! Which steps an environment wants beside its pins: a record of what is to run, then what is configured to be done and to pass.
//!
//! It makes steps and carries none out. Environments that have no pins, but a command that deploys, are promoted to and rolled
//! back by the ledger alone, with the rules that hold for pins.

use std::collections::BTreeMap;

use monorelease_model::version::Version;

use super::step::{Ledger, read};
use super::{Deployment, Effect, LEDGER_REF};
use crate::delivery::pins::{Pin, Stage};
use crate::delivery::promotion::{Deliverer, Wish};
use crate::delivery::read::{PinGroup, Reading};
use crate::delivery::{Action, Deliver, ReleaseImages, Said};
use crate::fault::Fault;
use crate::project::{Project, images_from};
use crate::step::Step;
use crate::step::plan::Goal;

impl Deliverer<'_> {
    /// The pins of a project in an environment; none where a command alone lets it run there.
    ///
    /// # Errors
    /// There is neither (2).
    pub(crate) fn pins_in<'a>(
        &'a self,
        project: &'a Project,
        stage: &'a str,
    ) -> Result<Vec<&'a Pin>, Fault> {
        let deploys = self.delivery.stage(stage)?.checks.deploys() && project.image.is_some();
        match self.delivery.some_pins_of(project, stage) {
            Err(_) if deploys => Ok(Vec::new()),
            answer => answer,
        }
    }

    /// What stands in the ledger where it would be written.
    pub(crate) fn ledger_of(&self, project: &str, stage: &str) -> anyhow::Result<Deliver> {
        Ok(Deliver {
            action: Action::Promote,
            project: project.to_owned(),
            environment: stage.to_owned(),
            address: self.world.delivery_address(None, self.remote)?,
            is_own: true,
            branch: LEDGER_REF.to_owned(),
            pins: Vec::new(),
            images: None,
            from: Vec::new(),
            found: BTreeMap::new(),
            approval: false,
            pull: None,
        })
    }

    /// The ledger; what cannot be read of it is refused.
    pub(super) fn ledger(&self, goal: &mut Goal, project: &str, stage: &str) -> Option<Ledger> {
        let answer = self
            .ledger_of(project, stage)
            .and_then(|of| read(self.world, &of));
        answer
            .map_err(|error| {
                let fix = Fault::in_chain(&error).and_then(|fault| fault.fix);
                goal.refuse(
                    project,
                    format!("{error:#}"),
                    fix.unwrap_or_else(|| format!("git ls-remote {} {LEDGER_REF}", self.remote)),
                );
            })
            .ok()
    }

    /// The steps before and after the deliveries of a wish.
    pub(crate) fn around(
        &self,
        goal: &mut Goal,
        project: &Project,
        targets: &[(PinGroup, Reading)],
        wish: &Wish<'_>,
        deliveries: &[Deliver],
    ) -> (Option<Step>, Vec<Step>) {
        let stage = wish.stage;
        let name = &project.name;
        let (Some(image), false) = (&project.image, stage.checks.tasks.is_empty()) else {
            return (None, Vec::new());
        };
        if wish.images.version.is_empty()
            && let Some(task) = stage.checks.tasks.iter().find(|task| task.uses("version"))
        {
            let what = format!(
                "{} of {} wants {{version}}, and {} is known by its digest alone",
                task.phase.word(),
                stage.name,
                wish.images.name()
            );
            goal.refuse(name, what, "name the version by --version or --to");
        }
        let declared = match images_from::declared(self.world, project) {
            Ok(declared) => declared,
            Err(error) => {
                goal.refuse(
                    name,
                    format!("{error:#}"),
                    "edit the registry file, then run the command again",
                );
                return (None, Vec::new());
            }
        };
        let Some(ledger) = self.ledger(goal, name, &stage.name) else {
            return (None, Vec::new());
        };
        let Ok(mut of) = self.ledger_of(name, &stage.name) else {
            return (None, Vec::new());
        };
        let entry = ledger.entry.as_ref();
        let said = |entry: &super::Entry| Said {
            version: Some(entry.version.clone()).filter(|version| !version.is_empty()),
            digest: Some(entry.digest.clone()),
        };
        of.action = wish.action.clone();
        of.images = Some(wish.images.clone());
        of.from = entry.map(said).into_iter().collect();
        of.approval = stage.approval;
        let stands = targets
            .iter()
            .all(|(group, reading)| reading.stands(&group.pins, wish.images).is_ok());
        let step = |effect: Effect| {
            let package = project.package.clone();
            let repository = image.release.clone();
            let pins = deliveries.to_vec();
            Step::Deploy(Box::new(Deployment {
                effect,
                of: of.clone(),
                package,
                repository,
                pins,
                declared: declared.clone(),
            }))
        };
        let record = step(Effect::Record {
            found: ledger.digest().cloned(),
            clears: !stands,
        });
        (
            Some(record),
            stage
                .checks
                .tasks
                .iter()
                .map(|task| step(Effect::Run(task.clone())))
                .collect(),
        )
    }

    /// Holds the environment before to what is configured to pass there, and one without pins to what is to run there.
    pub(crate) fn require_passed(
        &self,
        goal: &mut Goal,
        project: &Project,
        after: &str,
        has_pins: bool,
        images: &ReleaseImages,
        stage: &Stage,
    ) {
        let name = &project.name;
        let version = images.name();
        let Some(before) = self
            .delivery
            .stages
            .iter()
            .find(|stage| stage.name == after && !stage.checks.tasks.is_empty())
        else {
            return;
        };
        let Some(ledger) = self.ledger(goal, name, after) else {
            return;
        };
        let asked = if images.version.is_empty() {
            String::new()
        } else {
            format!(" --version {version}")
        };
        let fix = format!("cargo xtask promote {name} --to {after}{asked}");
        let entry = ledger
            .entry
            .as_ref()
            .filter(|entry| entry.digest == images.index);
        if !has_pins && entry.is_none() {
            let found = ledger.entry.as_ref().map_or_else(
                || "nothing".to_owned(),
                |entry| format!("{} ({})", entry.version, entry.digest),
            );
            let through = format!("through which alone {} is reached", stage.name);
            goal.refuse(name, format!("{name} {version} does not stand in {after}, {through}: {LEDGER_REF} has {found}"), fix);
            return;
        }
        let open = before
            .checks
            .tasks
            .iter()
            .filter(|task| !entry.is_some_and(|entry| entry.has_passed(&images.index, task)));
        let open: Vec<&str> = open.map(|task| task.phase.word()).collect();
        if !open.is_empty() {
            let what = format!(
                "{name} {version} has not passed {} in {after}, as {LEDGER_REF} tells",
                open.join(" and ")
            );
            goal.refuse(name, what, fix);
        }
    }

    /// The version that an environment without pins is to run.
    pub(crate) fn recorded_version(
        &self,
        goal: &mut Goal,
        project: &str,
        stage: &str,
    ) -> Result<Version, String> {
        let refused = goal.refused.len();
        let ledger = self.ledger(goal, project, stage);
        if goal.refused.len() > refused {
            return Err("its ledger cannot be read".to_owned());
        }
        match ledger.and_then(|ledger| ledger.entry) {
            Some(entry) if entry.version.is_empty() => Err(format!(
                "{} is all that is known of what runs there",
                entry.digest
            )),
            Some(entry) => Version::parse_semver(&entry.version)
                .map_err(|_| format!("it says {:?}, which is no version", entry.version)),
            None => Err("nothing was promoted there".to_owned()),
        }
    }

    /// Refuses what is barred in an environment without pins.
    pub(crate) fn refuse_barred_in_ledger(
        &self,
        goal: &mut Goal,
        project: &Project,
        stage: &Stage,
        images: &ReleaseImages,
    ) {
        let name = &project.name;
        let Some(ledger) = self.ledger(goal, name, &stage.name) else {
            return;
        };
        if let Some(bar) = ledger
            .bars
            .iter()
            .find(|bar| bar.is_of(name, &stage.name) && bar.digest == images.index)
        {
            let why = if bar.why.is_empty() {
                String::new()
            } else {
                format!(": {}", bar.why)
            };
            let what = format!(
                "{name} {} ({}) is barred in {} since {} by {}{why}",
                images.name(),
                bar.digest,
                stage.name,
                bar.since,
                bar.by
            );
            goal.refuse(
                name,
                what,
                format!(
                    "cargo xtask unbar {name} --in {} {}",
                    stage.name, bar.digest
                ),
            );
        }
    }

    /// As the last steps of a release, for a first environment without pins; one that runs something newer is left as it is.
    pub(crate) fn release_into_ledger(
        &self,
        goal: &mut Goal,
        project: &Project,
        stage: &Stage,
        version: &Version,
        images: &ReleaseImages,
    ) {
        let name = &project.name;
        let Some(ledger) = self.ledger(goal, name, &stage.name) else {
            return;
        };
        if ledger
            .bars
            .iter()
            .any(|bar| bar.is_of(name, &stage.name) && bar.digest == images.index)
        {
            goal.notes.push(format!(
                "{name}: {} is barred in {}, so it is not deployed there",
                images.index.short(),
                stage.name
            ));
            return;
        }
        let standing = ledger
            .entry
            .as_ref()
            .and_then(|entry| Version::parse_semver(&entry.version).ok());
        if let Some(newer) = standing.filter(|standing| standing > version) {
            let what = format!(
                "{name}: {} runs {} already, so {} is not deployed there",
                stage.name,
                newer.to_semver(),
                images.version
            );
            goal.notes.push(what);
            return;
        }
        let why = "the first environment gets a release by itself";
        self.want(
            goal,
            project,
            Vec::new(),
            &Wish {
                stage,
                images,
                action: &Action::Promote,
                why,
            },
        );
    }
}
