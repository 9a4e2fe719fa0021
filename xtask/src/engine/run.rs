//! The engine: probes make a plan of a goal, and apply carries the plan out, one step after another.
//!
//! No flag says "dry run" here: a dry run is a plan that nobody applies (law 13).

use crate::model::step::{Draft, Goal, Plan, Planned, Probe, Refusal, Step, Verdict, short};
use crate::world::{World, files};

use super::act;
use super::probe::probe;

/// Asks every step's probe. What conflicts, or cannot be known, refuses the whole plan (laws 15 and 16).
pub fn plan(world: &World, goal: Goal) -> Plan {
    let mut plan = Plan { steps: Vec::new(), refused: goal.refused, notes: goal.notes };
    for draft in goal.drafts {
        let (verdict, evidence) = match probe(world, &draft.step) {
            Probe::Done(evidence) => (Verdict::Done, evidence),
            Probe::Todo => (Verdict::Todo, String::new()),
            Probe::Conflict { found, wanted } => {
                let what = format!("found {found}, wanted {wanted}");
                plan.refused.push(Refusal {
                    project: draft.project.clone(),
                    what: format!("{}: {what}", draft.step.what()),
                    fix: draft.step.conflict_fix(&draft.project),
                });
                (Verdict::Conflict, what)
            }
            Probe::Unknown(why) => {
                // One cause that stands in the way of several steps is told once.
                let is_told = plan.steps.iter().any(|other: &Planned| other.verdict == Verdict::Unknown && other.evidence == why);
                let refusal = Refusal {
                    project: draft.project.clone(),
                    what: format!("{}: it cannot be told whether this is done: {why}", draft.step.what()),
                    fix: draft.step.unknown_fix(),
                };
                if !is_told {
                    plan.refused.push(refusal);
                }
                (Verdict::Unknown, why)
            }
        };
        plan.steps.push(Planned { draft, verdict, evidence });
    }
    plan
}

/// Carries out what is left to do, in order, and stops at the first failure. Gives whether all went well.
///
/// `begin` is told before a step acts and `end` after, for those who watch.
pub fn apply(world: &World, plan: &mut Plan, begin: &dyn Fn(&Planned), end: &dyn Fn(&Planned)) -> bool {
    let mut place = 0;
    let mut ok = true;
    let mut has_acted = false;
    let head = head_of(world);
    while place < plan.steps.len() {
        let batch = place..place + batch_length(&plan.steps[place..]);
        place = batch.end;
        // What was done when the plan was made is asked again once something has changed: a check of an image that
        // has just been built anew was a check of another image.
        let is_open = |planned: &&mut Planned| planned.verdict == Verdict::Todo || (has_acted && planned.verdict == Verdict::Done);
        if ok {
            ok = apply_batch(world, plan.steps[batch.clone()].iter_mut().filter(is_open).collect(), begin, end);
        }
        has_acted |= plan.steps[batch.clone()].iter().any(|planned| planned.verdict == Verdict::Acted);
        // A hook may change what is committed: then the commit is there, and is not the one that was wanted.
        if !ok && plan.steps[batch.start].is_failed_commit() && head_of(world) == head {
            put_edits_back(world, &mut plan.steps[..batch.start], end);
        }
    }
    // Whatever a failure left open was not tried.
    plan.steps.iter_mut().filter(|planned| planned.verdict == Verdict::Todo).for_each(|planned| planned.verdict = Verdict::Skipped);
    ok
}

fn head_of(world: &World) -> Option<String> {
    world.git.head_if_any().ok().flatten().map(|head| head.commit)
}

/// A commit that a hook or the signing turned down leaves the tree as it was before the command: its edits were made
/// for the commit alone (issue 3). Files that already were as planned were not touched, and are not now.
fn put_edits_back(world: &World, steps: &mut [Planned], end: &dyn Fn(&Planned)) {
    let acted: Vec<&mut Planned> = steps.iter_mut().filter(|planned| planned.verdict == Verdict::Acted).collect();
    let before = acted.iter().filter_map(|planned| match &planned.draft.step {
        Step::EditFile { path, before, .. } => Some((world.path(path), before.as_str())),
        _ => None,
    });
    let answer = files::replace_all(&before.collect::<Vec<_>>());
    for planned in acted {
        match &answer {
            Ok(()) => settle(planned, Verdict::Skipped, "put back: the commit failed".into(), end),
            Err(error) => settle(planned, Verdict::Acted, format!("could not be put back: {error:#}"), end),
        }
    }
}

/// Neighbouring edits are one batch, since all files of a command change or none (law 2); any other step is alone.
fn batch_length(steps: &[Planned]) -> usize {
    steps.iter().take_while(|planned| matches!(planned.draft.step, Step::EditFile { .. })).count().max(1)
}

fn apply_batch(world: &World, steps: Vec<&mut Planned>, begin: &dyn Fn(&Planned), end: &dyn Fn(&Planned)) -> bool {
    let mut left = Vec::new();
    for planned in steps {
        match probe(world, &planned.draft.step) {
            Probe::Todo => left.push(planned),
            Probe::Done(_) if planned.verdict == Verdict::Done => {}
            Probe::Done(evidence) => settle(planned, Verdict::Done, evidence, end),
            Probe::Conflict { found, wanted } => {
                settle(planned, Verdict::Failed, format!("since the plan was made: found {found}, wanted {wanted}"), end);
                return false;
            }
            Probe::Unknown(why) => {
                settle(planned, Verdict::Failed, why, end);
                return false;
            }
        }
    }
    if left.is_empty() {
        return true;
    }
    left.iter().for_each(|planned| begin(planned));
    let drafts: Vec<&Draft> = left.iter().map(|planned| &planned.draft).collect();
    let acted = act::act(world, &drafts);
    let mut ok = true;
    for planned in left {
        // The probe is the proof: an act whose acknowledgement was lost is done, one that only says so is not.
        let (verdict, evidence) = match (probe(world, &planned.draft.step), &acted) {
            (Probe::Done(evidence), _) => (Verdict::Acted, evidence),
            (_, Err(error)) => (Verdict::Failed, format!("{error:#}")),
            (Probe::Todo, Ok(())) => (Verdict::Failed, not_there(world, &planned.draft.step)),
            (Probe::Conflict { found, wanted }, Ok(())) => (Verdict::Failed, format!("afterwards: found {found}, wanted {wanted}")),
            (Probe::Unknown(why), Ok(())) => (Verdict::Failed, format!("it was done, but cannot be verified: {why}")),
        };
        ok &= verdict == Verdict::Acted;
        settle(planned, verdict, evidence, end);
    }
    ok
}

/// What there is in place of what was meant. A hook may change what is committed: that commit stands, and it is the user's
/// to keep or to take back.
fn not_there(world: &World, step: &Step) -> String {
    let (Step::Commit { files, .. }, Some(head)) = (step, head_of(world)) else {
        return "it was done without an error, but is not there".to_owned();
    };
    let changed: Vec<_> = files.iter().filter(|(path, text)| world.read(path).ok().flatten().as_ref() != Some(text)).collect();
    let names = changed.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>().join(", ");
    format!(
        "HEAD {} was made, but not of what was written: {names} was changed, as by a hook; look at it with git show, then keep it, or \
         git reset --keep HEAD~1",
        short(&head)
    )
}

fn settle(planned: &mut Planned, verdict: Verdict, evidence: String, end: &dyn Fn(&Planned)) {
    planned.verdict = verdict;
    planned.evidence = evidence;
    end(planned);
}
