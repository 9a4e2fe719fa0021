//! The way back in environments without pins: told by the ledger's own history, as `rollback` reads that of pins.
//!
//! It makes steps and carries none out.

use monorelease_model::image::Digest;

use super::step::{Ledger, is_about_what_runs};
use super::{Deployment, Effect};
use crate::delivery::message::{Before, Record, before, record};
use crate::delivery::pins::Stage;
use crate::delivery::promotion::{Deliverer, Wish};
use crate::delivery::repository::past::PastCommit;
use crate::delivery::{Action, Deliver, Said};
use crate::project::Project;
use crate::project::registered::Declared;
use crate::step::Step;
use crate::step::plan::Goal;
use crate::text::short;

impl Deliverer<'_> {
    /// Takes an environment without pins back, and bars what is to run there now.
    ///
    /// # Errors
    /// The world cannot be read. What forbids the rollback is refused in the goal.
    pub(crate) fn rollback_in_ledger(
        &self,
        goal: &mut Goal,
        project: &Project,
        stage: &Stage,
        to: Option<&str>,
        why: &str,
    ) -> anyhow::Result<()> {
        let name = &project.name;
        let fix = format!("cargo xtask rollback {name} --in {} --to X.Y.Z", stage.name);
        let Some(ledger) = self.ledger(goal, name, &stage.name) else {
            return Ok(());
        };
        let Some(entry) = &ledger.entry else {
            goal.refuse(
                name,
                format!("nothing was promoted into {} yet", stage.name),
                fix,
            );
            return Ok(());
        };
        let version = Some(entry.version.clone()).filter(|version| !version.is_empty());
        let now = Said {
            version,
            digest: Some(entry.digest.clone()),
        };
        let (records, told) = self.told_before(&ledger, &now, name, &stage.name)?;
        let to = match to {
            Some(named) => named.to_owned(),
            None => match told {
                Before::Stood(Said {
                    version: Some(version),
                    ..
                }) => version,
                Before::Stood(Said {
                    digest: Some(digest),
                    ..
                }) => digest.to_string(),
                // What the rollback came to may still have to pass.
                Before::RolledBack { commit } => {
                    let what = format!(
                        "{} was rolled back by {}, and nothing was promoted since",
                        stage.name,
                        short(&commit)
                    );
                    goal.notes
                        .push(format!("{name}: {what}; --to X.Y.Z goes further back"));
                    now.version
                        .clone()
                        .unwrap_or_else(|| entry.digest.to_string())
                }
                Before::Unknown(why) => {
                    goal.refuse(
                        name,
                        format!("it cannot be told what ran in {} before: {why}", stage.name),
                        fix,
                    );
                    return Ok(());
                }
                Before::Stood(_) | Before::More => {
                    goal.refuse(name, "the history of the ledger ends before it tells", fix);
                    return Ok(());
                }
            },
        };
        let Some(images) = self.served(goal, project, &to) else {
            return Ok(());
        };
        let is_back = images.index == entry.digest;
        let newest = records
            .first()
            .filter(|record| record.action == "rollback" && is_back);
        let bad = newest
            .and_then(|record| record.from.first().cloned())
            .unwrap_or(now);
        let Some(digest) = bad.digest.filter(|digest| *digest != images.index) else {
            goal.notes.push(format!(
                "{name}: {} runs {to} already, and it is not barred",
                stage.name
            ));
            return Ok(());
        };
        self.refuse_barred_in_ledger(goal, project, stage, &images);
        let version = bad.version.unwrap_or_default();
        let from = if version.is_empty() {
            "what runs there".to_owned()
        } else {
            version.clone()
        };
        let action = Action::Rollback {
            bad: digest,
            version,
            why: why.to_owned(),
        };
        let why = format!("back from {from}, which is barred from now on");
        self.want(
            goal,
            project,
            Vec::new(),
            &Wish {
                stage,
                images: &images,
                action: &action,
                why: &why,
            },
        );
        Ok(())
    }

    /// Lifts what was barred in an environment without pins.
    ///
    /// # Errors
    /// This repository has no such remote (2).
    pub(crate) fn unbar_in_ledger(
        &self,
        goal: &mut Goal,
        project: &Project,
        stage: &Stage,
        digest: Option<&Digest>,
    ) -> anyhow::Result<()> {
        let name = &project.name;
        let (Some(ledger), Some(image)) = (self.ledger(goal, name, &stage.name), &project.image)
        else {
            return Ok(());
        };
        let of = ledger
            .bars
            .iter()
            .filter(|bar| bar.is_of(name, &stage.name))
            .map(|bar| bar.digest.clone());
        let digests: Vec<Digest> = of
            .filter(|barred| digest.is_none_or(|digest| digest == barred))
            .collect();
        if digests.is_empty() {
            let what = digest.map_or_else(
                || "nothing".to_owned(),
                |digest| format!("{} not", digest.short()),
            );
            goal.notes
                .push(format!("{name}: {what} barred in {}", stage.name));
            return Ok(());
        }
        let of = Deliver {
            action: Action::Unbar { digests },
            approval: stage.approval,
            ..self.ledger_of(name, &stage.name)?
        };
        let effect = Effect::Record {
            found: None,
            clears: false,
        };
        let package = project.package.clone();
        let repository = image.release.clone();
        let step = Deployment {
            effect,
            of,
            package,
            repository,
            pins: Vec::new(),
            declared: Declared::default(),
        };
        goal.want(
            name,
            "a promotion may bring it back again",
            Step::Deploy(Box::new(step)),
        );
        Ok(())
    }

    /// What the ledger's history tells of a project in an environment, newest first, and what stood there before; as much of it
    /// is fetched as that takes.
    fn told_before(
        &self,
        ledger: &Ledger,
        now: &Said,
        project: &str,
        stage: &str,
    ) -> anyhow::Result<(Vec<Record>, Before)> {
        let Some(head) = &ledger.head else {
            return Ok((Vec::new(), Before::More));
        };
        let of = self.ledger_of(project, stage)?;
        let branch = self.world.delivery(&of.address, &of.branch, of.is_own)?;
        let read = |commits: &[PastCommit]| -> Vec<Record> {
            let records = commits
                .iter()
                .filter_map(|commit| record(&commit.id, commit.seconds, &commit.message));
            let is_ours =
                |record: &Record| record.project == project && record.environment == stage;
            records
                .filter(|record| is_ours(record) && is_about_what_runs(&record.action))
                .collect()
        };
        let barred = |digest: &Digest| {
            ledger
                .bars
                .iter()
                .any(|bar| bar.is_of(project, stage) && bar.digest == *digest)
        };
        let commits = branch.history(head, &|commits| {
            before(&read(commits), now, false, &barred) != Before::More
        })?;
        let records = read(&commits);
        let told = before(&records, now, true, &barred);
        Ok((records, told))
    }
}
