//! From a goal to an exit code: plan, show, ask, apply, report. Every verb that acts ends here.

use std::collections::BTreeSet;

use monorelease_process::interrupts::interrupts;

use super::apply::{Applied, Event};
use super::{apply, local_trial, preflight, run};
use crate::app::{App, Outcome};
use crate::delivery::promote;
use crate::fault::{Fault, FaultKind};
use crate::step::Step;
use crate::step::plan::{Goal, Plan, Verdict};
use crate::ui;
use crate::ui::live::Live;
use crate::world::{environment, files};

impl App {
    /// Plans, and unless it is a dry run applies, and reports. `extra` joins the JSON document.
    ///
    /// The exit code tells the worst: 1 where a step failed, since something is half done then; else 3 where something was
    /// refused, and nothing was done of that; else 0.
    pub fn execute(
        &self,
        goal: Goal,
        extra: serde_json::Map<String, serde_json::Value>,
    ) -> Outcome {
        self.executed(goal, extra).map(|(code, _)| code)
    }

    /// As [`Self::execute`], and gives what became of each step.
    pub fn executed(
        &self,
        goal: Goal,
        extra: serde_json::Map<String, serde_json::Value>,
    ) -> anyhow::Result<(u8, Plan)> {
        let mut plan = run::plan(&self.world, goal)?;
        if self.global.dry_run {
            let untried = local_trial::untried(&self.world, &plan);
            plan.notes.extend(untried);
        }
        self.ui.plan(&plan);
        if !self.global.dry_run && plan.open().next().is_some() {
            self.confirm(&plan)?;
            let mut refusals = preflight::knock(&self.world, &plan);
            refusals.extend(preflight::pull_rights(&self.world, &plan));
            refusals.extend(local_trial::attempt(&self.world, &plan));
            refusals
                .iter()
                .for_each(|refusal| self.ui.error(&refusal.what, Some(&refusal.fix)));
            plan.refused.extend(refusals);
        }
        let open = plan.open().count();
        let is_refused = !plan.refused.is_empty();
        let mut applied = Applied {
            ok: true,
            is_stopped: false,
        };
        if self.global.dry_run && (open > 0 || !is_refused) {
            self.ui.status(
                "Planned",
                &format!(
                    "{open} to do, {} done already; nothing was written",
                    plan.count(Verdict::is_done)
                ),
            );
        } else if open == 0 {
            match is_refused {
                true => self.ui.status("Refused", "nothing was done"),
                false => self.ui.status("Finished", "nothing to do"),
            }
        } else {
            applied = self.apply(&mut plan)?;
            self.tell_end(&plan, applied, open);
        }
        let code = match (applied.ok, is_refused) {
            // Nothing was done because somebody else was there first: that is a refusal.
            (false, _) if was_overtaken(&plan) => FaultKind::Refused.exit_code(),
            (false, _) => FaultKind::Failed.exit_code(),
            (true, true) => FaultKind::Refused.exit_code(),
            (true, false) => 0,
        };
        self.write_summary(&plan);
        if self.ui.json {
            let mut document = plan.to_json();
            document.extend(extra);
            if applied.is_stopped {
                document.insert("stopped".into(), true.into());
            }
            self.ui.document(&document.into());
        }
        Ok((code, plan))
    }

    fn apply(&self, plan: &mut Plan) -> anyhow::Result<Applied> {
        let mut live = Live::new(&self.ui);
        if let Some(leave) = live.leave() {
            interrupts().leave_by(leave);
        }
        apply::apply(&self.world, plan, &mut |event| match event {
            Event::Began(place, planned) => live.began(place, planned),
            Event::Line(place, text) => live.line(place, text),
            Event::Ended(place, planned) => live.ended(place, planned),
            Event::Stopping => live.stopping(),
        })
    }

    fn tell_end(&self, plan: &Plan, applied: Applied, open: usize) {
        let acted = plan.count(Verdict::has_acted);
        let requests = self.world.registry_requests();
        let requests = if requests > 0 {
            format!(", {requests} registry requests")
        } else {
            String::new()
        };
        let again = self.world.runner.redact(&environment::command_line());
        let nothing_is_lost = "nothing is lost: what is done is found done by the next run";
        match applied {
            Applied { ok: true, .. } => {
                self.ui.status(
                    "Finished",
                    &format!(
                        "{acted} done now, {} done before{requests}",
                        plan.count(Verdict::is_done)
                    ),
                );
            }
            Applied {
                is_stopped: true, ..
            } if plan.count(Verdict::has_failed) == 0 => self.ui.error(
                &format!("stopped as asked, after {acted} of {open} steps; {nothing_is_lost}"),
                Some(&format!("{again}, which goes on")),
            ),
            _ => self.ui.error(
                &format!("stopped after {acted} of {open} steps; {nothing_is_lost}"),
                Some(&format!("{again}, once the cause is mended")),
            ),
        }
        // Refusals come in the order in which they were found: one project may stand at several places.
        let refused: BTreeSet<_> = plan
            .refused
            .iter()
            .map(|refusal| refusal.project.as_str())
            .collect();
        if !refused.is_empty() {
            let names = refused.into_iter().collect::<Vec<_>>().join(", ");
            self.ui.status(
                "Refused",
                &format!("{names}: nothing was done of it, for the reasons above"),
            );
        }
    }

    /// The report once more, where the page of a CI run shows it.
    fn write_summary(&self, plan: &Plan) {
        let page = self
            .world
            .environment
            .github_step_summary
            .as_ref()
            .filter(|_| !self.global.dry_run);
        // What was done is done, and the report of it is still to come: a page that cannot be written changes neither.
        if let Some(Err(error)) = page.map(|path| files::append(path, &ui::summary(plan))) {
            self.ui
                .warn(&format!("GITHUB_STEP_SUMMARY is left as it is: {error:#}"));
        }
    }

    /// On a terminal, irreversible work asks once.
    fn confirm(&self, plan: &Plan) -> anyhow::Result<()> {
        let environment = &self.world.environment;
        let irreversible = plan
            .open()
            .filter(|planned| planned.draft.step.effect().is_irreversible())
            .count();
        let approval = promote::approval(plan);
        if (irreversible == 0 && approval.is_none())
            || self.global.yes
            || environment.is_ci
            || !environment.is_terminal
        {
            return Ok(());
        }
        let question = approval.unwrap_or_else(|| {
            format!("{irreversible} of these steps cannot be taken back. Go on?")
        });
        match self.ui.confirm(&question) {
            true => Ok(()),
            false => Err(Fault::refused("nothing was done: the answer was no")
                .fix("the same command with --yes does not ask")
                .into()),
        }
    }
}

/// Whether a run did nothing that others see, because somebody else changed a pin, or published other files, since the plan was
/// made: a refusal, and no failure. Packages that were built lie in `target` alone.
pub fn was_overtaken(plan: &Plan) -> bool {
    let is_refusal = |step: &Step| {
        matches!(
            step,
            Step::Deliver(_) | Step::Deploy(_) | Step::Pin(_) | Step::PublishPackage(_)
        )
    };
    let mut failed = plan
        .steps
        .iter()
        .filter(|planned| planned.verdict.has_failed())
        .peekable();
    let has_acted = plan.steps.iter().any(|planned| {
        planned.verdict.has_acted() && !matches!(planned.draft.step, Step::BuildPackage(_))
    });
    // One that failed for another reason is a failure, whatever became of the rest.
    !has_acted
        && failed.peek().is_some()
        && failed
            .all(|planned| planned.verdict == Verdict::Overtaken && is_refusal(&planned.draft.step))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packages::PackageBuild;
    use crate::packages::step::{BuildPackage, PublishPackage};
    use crate::project::IndexName;
    use crate::step::plan::{Cost, Draft, Planned};
    use crate::tag::step::Tag;
    use monorelease_model::distribution::Artifact;
    use monorelease_model::version::Version;

    fn build() -> PackageBuild {
        PackageBuild {
            project: "core".into(),
            package: "core".into(),
            name: "core".into(),
            commit: "c".into(),
            version: Version::parse_semver("0.1.0").unwrap(),
            spelled: "0.1.0".into(),
            artifact: Artifact::Sdist,
            by_maturin: false,
            twice: true,
            project_path: String::new(),
            epoch: 0,
            stamped: Vec::new(),
            stable_abi: false,
        }
    }

    fn built() -> Step {
        Step::BuildPackage(BuildPackage { build: build() })
    }

    fn published() -> Step {
        Step::PublishPackage(PublishPackage {
            build: build(),
            index: IndexName::Pypi,
        })
    }

    fn tag() -> Step {
        Step::Tag(Tag {
            name: "core-v0.1.0".into(),
            commit: "c".into(),
            message: String::new(),
        })
    }

    fn plan(steps: Vec<(Step, Verdict)>) -> Plan {
        let steps = steps.into_iter().map(|(step, verdict)| Planned {
            draft: Draft {
                project: "core".into(),
                why: String::new(),
                step,
            },
            verdict,
            evidence: String::new(),
            cost: Cost::default(),
        });
        Plan {
            steps: steps.collect(),
            ..Plan::default()
        }
    }

    #[test]
    fn what_somebody_else_changed_is_a_refusal_and_other_failures_are_none() {
        let overtaken = |steps| was_overtaken(&plan(steps));
        assert!(overtaken(vec![
            (built(), Verdict::Acted),
            (published(), Verdict::Overtaken),
            (tag(), Verdict::Skipped),
        ]));
        assert!(!overtaken(vec![(published(), Verdict::Failed)]));
        assert!(!overtaken(vec![(published(), Verdict::Acted)]));
        assert!(!overtaken(vec![(tag(), Verdict::Overtaken)]));
        assert!(!overtaken(vec![
            (tag(), Verdict::Acted),
            (published(), Verdict::Overtaken),
        ]));
        assert!(!overtaken(vec![
            (tag(), Verdict::Failed),
            (published(), Verdict::Overtaken),
        ]));
    }
}
