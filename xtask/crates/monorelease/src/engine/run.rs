//! From a goal to a plan: every step is asked whether it is done already, and what conflicts or is unknown refuses.
//!
//! No flag says "dry run" here: a dry run is a plan that nobody applies (law 13). Applying is `apply`'s.

use super::{parallel, preflight};
use crate::step::effect::{Lane, Probe};
use crate::step::plan::{Cost, Draft, Goal, Plan, Planned, Refusal, Scope, Verdict};
use crate::world::World;
use crate::world::cost::Meter;

/// Asks every step, and looks ahead for what would stop those that are left to do.
///
/// # Errors
/// The repository cannot be opened for another thread.
pub fn plan(world: &World, goal: Goal) -> anyhow::Result<Plan> {
    let mut plan = ask_all(world, goal)?;
    preflight::look_ahead(world, &mut plan)?;
    Ok(plan)
}

/// Asks every step's probe, side by side where that takes time. What conflicts, or cannot be known, refuses the whole plan, or
/// its project's part of it where projects are on their own (laws 15 and 16).
pub fn ask_all(world: &World, goal: Goal) -> anyhow::Result<Plan> {
    let mut plan = Plan {
        steps: Vec::new(),
        refused: goal.refused,
        notes: goal.notes,
        scope: goal.scope,
    };
    let remote: Vec<_> = goal
        .drafts
        .iter()
        .filter(|draft| is_remote(draft))
        .collect();
    let mut answers = parallel::each(world, &remote, |world, draft| ask(world, draft))?.into_iter();
    for draft in goal.drafts {
        let told = if is_remote(&draft) {
            answers.next()
        } else {
            None
        };
        let (answer, cost) = told.unwrap_or_else(|| ask(world, &draft));
        let (verdict, evidence) = judge(&mut plan, &draft, answer);
        plan.steps.push(Planned {
            draft,
            verdict,
            evidence,
            cost,
        });
    }
    Ok(plan)
}

fn ask(world: &World, draft: &Draft) -> (Probe, Cost) {
    let meter = Meter::start();
    (draft.step.probe(world), meter.read())
}

/// Whether the answer comes from a child process or a server.
fn is_remote(draft: &Draft) -> bool {
    draft.step.effect().lane() != Lane::Local
}

fn judge(plan: &mut Plan, draft: &Draft, answer: Probe) -> (Verdict, String) {
    match answer {
        Probe::Done(evidence) | Probe::Waiting(evidence) => (Verdict::Done, evidence),
        Probe::Todo => (Verdict::Todo, String::new()),
        Probe::Conflict { found, wanted } => {
            let what = format!("found {found}, wanted {wanted}");
            plan.refused.push(Refusal {
                project: draft.project.clone(),
                what: format!("{}: {what}", draft.step.what()),
                fix: draft.step.effect().conflict_fix(&draft.project),
            });
            (Verdict::Conflict, what)
        }
        Probe::Unknown(why) => {
            // One cause that stands in the way of several steps is told once; of several projects, to each.
            let is_told = plan.steps.iter().any(|other: &Planned| {
                let is_near = plan.scope == Scope::Together || other.draft.project == draft.project;
                is_near && other.verdict == Verdict::Unknown && other.evidence == why
            });
            let refusal = Refusal {
                project: draft.project.clone(),
                what: format!(
                    "{}: it cannot be told whether this is done: {why}",
                    draft.step.what()
                ),
                fix: draft.step.effect().unknown_fix(),
            };
            if !is_told {
                plan.refused.push(refusal);
            }
            (Verdict::Unknown, why)
        }
    }
}
