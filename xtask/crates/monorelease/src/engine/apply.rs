//! Carries out a plan: steps that do not need each other run in parallel, each probed before it acts and again after.
//!
//! One thread keeps the plan and hands out units; the others act and report to it, so that the report is told of one thing at a
//! time. `engine::order` decides which step needs which.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use monorelease_http_client::parallel::AT_ONCE;
use monorelease_process::interrupts::interrupts;
use std::thread::Scope as Threads;

use super::order;
use super::order::Unit;
use crate::bump::step::Commit;
use crate::step::Step;
use crate::step::effect::{Overtaken, Probe};
use crate::step::files::EditFile;
use crate::step::plan::{Cost, Draft, Plan, Planned, Scope, Verdict};
use crate::text::short;
use crate::world::cost::Meter;
use crate::world::{World, files};

/// What those who watch are told, one after another. Places are those of the plan.
pub enum Event<'a> {
    /// A step begins to act.
    Began(usize, &'a Planned),
    /// Its child printed a line.
    Line(usize, &'a str),
    /// It came to its verdict.
    Ended(usize, &'a Planned),
    /// Somebody asked to stop: what runs is let end, nothing else begins.
    Stopping,
}

/// How a plan was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// Whether every step that was tried went well, and none was left out for being asked to stop.
    pub ok: bool,
    /// Whether it was asked to stop.
    pub is_stopped: bool,
}

/// From a thread that acts to the one that keeps the plan.
enum Message {
    Began(usize),
    Line(usize, String),
    Settled(usize, Verdict, String),
    Cost(usize, Cost),
    Over(usize),
    Stopping,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Running,
    Over { ok: bool },
}

/// Carries out what is left to do. What needs a step that failed is not tried; what does not need it goes on.
///
/// # Errors
/// Ctrl-C cannot be listened for, or the repository cannot be opened for another thread; nothing was done then.
pub fn apply(
    world: &World,
    plan: &mut Plan,
    on: &mut dyn FnMut(Event<'_>),
) -> anyhow::Result<Applied> {
    let drafts: Vec<_> = plan.steps.iter().map(|planned| &planned.draft).collect();
    let units = order::units(plan.scope, &drafts);
    let (sender, messages) = channel();
    let told = sender.clone();
    let _guard = interrupts().guard(move || drop(told.send(Message::Stopping)))?;
    let head = head_of(world);
    let states = vec![State::Waiting; units.len()];
    let mut run = Run {
        world,
        plan,
        units,
        states,
        on,
        head,
    };
    let applied = std::thread::scope(|threads| run.carry_out(threads, &sender, &messages));
    // Whatever a failure left open was not tried.
    plan.steps
        .iter_mut()
        .filter(|planned| planned.verdict == Verdict::Todo)
        .for_each(|planned| planned.verdict = Verdict::Skipped);
    applied
}

struct Run<'a> {
    world: &'a World,
    plan: &'a mut Plan,
    units: Vec<Unit>,
    states: Vec<State>,
    on: &'a mut dyn FnMut(Event<'_>),
    /// Where HEAD was before the first step.
    head: Option<String>,
}

impl Run<'_> {
    fn carry_out<'scope>(
        &mut self,
        threads: &'scope Threads<'scope, '_>,
        sender: &Sender<Message>,
        messages: &Receiver<Message>,
    ) -> anyhow::Result<Applied> {
        let mut opened = Ok(());
        loop {
            while opened.is_ok()
                && !interrupts().is_asked_to_stop()
                && let Some(place) = self.next()
            {
                opened = self.start(threads, place, sender);
            }
            if !self.states.contains(&State::Running) {
                break;
            }
            // A sender is kept here, so that there is always another message, and never an end.
            if let Ok(message) = messages.recv() {
                self.take(message);
            }
        }
        opened?;
        let is_stopped = interrupts().is_asked_to_stop();
        let is_open = |state: &State| matches!(state, State::Waiting);
        let refused = |unit: &Unit| {
            unit.steps
                .clone()
                .any(|step| self.plan.is_refused(&self.plan.steps[step].draft.project))
        };
        let ok = self
            .units
            .iter()
            .zip(&self.states)
            .all(|(unit, state)| *state == State::Over { ok: true } || refused(unit));
        Ok(Applied {
            ok,
            is_stopped: is_stopped && self.states.iter().any(is_open),
        })
    }

    /// The first unit in the plan's order that may begin. Units that need not, or must not, are over on the way.
    fn next(&mut self) -> Option<usize> {
        for place in 0..self.units.len() {
            if self.states[place] != State::Waiting {
                continue;
            }
            let needs = &self.units[place].needs;
            let has_failed = needs
                .iter()
                .any(|need| self.states[*need] == State::Over { ok: false });
            if has_failed || self.is_refused(place) {
                self.states[place] = State::Over { ok: false };
            } else if !needs
                .iter()
                .all(|need| self.states[*need] == State::Over { ok: true })
            {
                continue;
            } else if self.open_steps(place).is_empty() {
                self.states[place] = State::Over { ok: true };
            } else if self.has_room_for(place) {
                return Some(place);
            }
        }
        None
    }

    fn is_refused(&self, unit: usize) -> bool {
        self.units[unit]
            .steps
            .clone()
            .any(|step| self.plan.is_refused(&self.plan.steps[step].draft.project))
    }

    fn has_room_for(&self, unit: usize) -> bool {
        let running = || {
            self.units
                .iter()
                .zip(&self.states)
                .filter(|(_, state)| **state == State::Running)
                .map(|(unit, _)| unit)
        };
        running().count() < AT_ONCE
            && !(self.units[unit].is_serial && running().any(|unit| unit.is_serial))
    }

    /// What is left to do of a unit. What was done when the plan was made is asked again once something that it needs has
    /// acted: a check of an image that has just been built anew was a check of another image.
    fn open_steps(&self, unit: usize) -> Vec<usize> {
        let unit = &self.units[unit];
        let verdict_of = |step: usize| self.plan.steps[step].verdict;
        let has_changed = unit.needs.iter().any(|need| {
            self.units[*need]
                .steps
                .clone()
                .any(|step| verdict_of(step).has_acted())
        });
        let is_open = |step: &usize| {
            verdict_of(*step) == Verdict::Todo
                || (has_changed && verdict_of(*step) == Verdict::Done)
        };
        unit.steps.clone().filter(is_open).collect()
    }

    fn start<'scope>(
        &mut self,
        threads: &'scope Threads<'scope, '_>,
        unit: usize,
        sender: &Sender<Message>,
    ) -> anyhow::Result<()> {
        let steps: Vec<_> = self
            .open_steps(unit)
            .into_iter()
            .map(|step| (step, self.plan.steps[step].clone()))
            .collect();
        let place = steps.first().map_or(0, |(step, _)| *step);
        let lines = sender.clone();
        let world = self.world.beside(Some(Arc::new(move |line| {
            drop(lines.send(Message::Line(place, line.to_owned())))
        })))?;
        self.states[unit] = State::Running;
        let sender = sender.clone();
        threads.spawn(move || {
            // A thread that panics is over, too; its steps are as they were.
            let _over = Over {
                unit,
                sender: &sender,
            };
            work(&world, &steps, &sender);
        });
        Ok(())
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Began(step) => (self.on)(Event::Began(step, &self.plan.steps[step])),
            Message::Line(step, line) => (self.on)(Event::Line(step, &line)),
            Message::Cost(step, cost) => self.plan.steps[step].cost += cost,
            Message::Settled(step, verdict, evidence) => self.settle(step, verdict, evidence),
            Message::Over(unit) => self.end(unit),
            Message::Stopping => (self.on)(Event::Stopping),
        }
    }

    fn settle(&mut self, step: usize, verdict: Verdict, evidence: String) {
        let planned = &mut self.plan.steps[step];
        (planned.verdict, planned.evidence) = (verdict, evidence);
        (self.on)(Event::Ended(step, planned));
    }

    fn end(&mut self, unit: usize) {
        let steps = self.units[unit].steps.clone();
        let ok = steps
            .clone()
            .all(|step| self.plan.steps[step].verdict.is_true());
        self.states[unit] = State::Over { ok };
        // A hook may change what is committed: then the commit is there, and is not the one that was wanted.
        let has_lost_its_commit =
            self.plan.scope == Scope::Together && self.plan.steps[steps.start].is_failed_commit();
        if has_lost_its_commit && head_of(self.world) == self.head {
            self.put_edits_back(steps.start);
        }
    }

    /// A commit that a hook or the signing turned down leaves the tree as it was before the command: its edits were made
    /// for the commit alone (issue 3). Files that already were as planned were not touched, and are not now.
    fn put_edits_back(&mut self, before_step: usize) {
        let acted: Vec<_> = (0..before_step)
            .filter(|step| self.plan.steps[*step].verdict.has_acted())
            .collect();
        let before: Vec<_> = acted
            .iter()
            .filter_map(|step| self.plan.steps[*step].draft.edit())
            .map(|edit| (self.world.path(&edit.path), edit.before.as_str()))
            .collect();
        let answer = files::replace_all(&before);
        for step in acted {
            match &answer {
                Ok(()) => self.settle(step, Verdict::Skipped, "put back: the commit failed".into()),
                Err(error) => self.settle(
                    step,
                    Verdict::Acted,
                    format!("could not be put back: {error:#}"),
                ),
            }
        }
    }
}

/// Tells that a thread has ended, however it did.
struct Over<'a> {
    unit: usize,
    sender: &'a Sender<Message>,
}

impl Drop for Over<'_> {
    fn drop(&mut self) {
        tell(self.sender, Message::Over(self.unit));
    }
}

/// The one who listens stays until all have said that they are over.
fn tell(sender: &Sender<Message>, message: Message) {
    let _ = sender.send(message);
}

/// Asks, acts and proves: either edits alone, or one step of another kind.
fn work(world: &World, steps: &[(usize, Planned)], sender: &Sender<Message>) {
    let mut left = Vec::new();
    for (place, planned) in steps {
        let meter = Meter::start();
        let answer = planned.draft.step.probe(world);
        tell(sender, Message::Cost(*place, meter.read()));
        let (verdict, evidence) = match answer {
            Probe::Todo => {
                left.push((*place, planned));
                continue;
            }
            Probe::Done(_) | Probe::Waiting(_) if planned.verdict.is_done() => continue,
            Probe::Done(evidence) | Probe::Waiting(evidence) => {
                tell(sender, Message::Settled(*place, Verdict::Done, evidence));
                continue;
            }
            Probe::Conflict { found, wanted } => (
                Verdict::Overtaken,
                format!("since the plan was made: found {found}, wanted {wanted}"),
            ),
            Probe::Unknown(why) => (Verdict::Failed, why),
        };
        return tell(sender, Message::Settled(*place, verdict, evidence));
    }
    if left.is_empty() {
        return;
    }
    left.iter()
        .for_each(|(place, _)| tell(sender, Message::Began(*place)));
    let drafts: Vec<&Draft> = left.iter().map(|(_, planned)| &planned.draft).collect();
    let meter = Meter::start();
    let acted = act(world, &drafts);
    let all = meter.read();
    // Edits are one act: each is charged with its share of the time. They send no requests.
    let share = Cost {
        seconds: all.seconds / left.len() as f64,
        requests: all.requests / left.len() as u64,
    };
    for (place, planned) in left {
        let meter = Meter::start();
        let (verdict, evidence) = proved(world, &planned.draft.step, &acted);
        tell(sender, Message::Cost(place, share));
        tell(sender, Message::Cost(place, meter.read()));
        tell(sender, Message::Settled(place, verdict, evidence));
    }
}

/// Acts on a batch: either edits alone, or one step of another kind.
fn act(world: &World, batch: &[&Draft]) -> anyhow::Result<()> {
    let edits: Vec<&EditFile> = batch.iter().filter_map(|draft| draft.edit()).collect();
    match edits.is_empty() {
        false => EditFile::write(world, &edits),
        true => batch
            .iter()
            .try_for_each(|draft| draft.step.effect().act(world)),
    }
}

/// The probe is the proof: an act whose acknowledgement was lost is done, one that only says so is not.
fn proved(world: &World, step: &Step, acted: &anyhow::Result<()>) -> (Verdict, String) {
    match (step.probe(world), acted) {
        (Probe::Done(evidence), _) => (Verdict::Acted, evidence),
        (Probe::Waiting(evidence), _) => (Verdict::Waiting, evidence),
        (_, Err(error)) if error.is::<Overtaken>() => (Verdict::Overtaken, format!("{error:#}")),
        (_, Err(error)) => (Verdict::Failed, format!("{error:#}")),
        (Probe::Todo, Ok(())) => (Verdict::Failed, not_there(world, step)),
        (Probe::Conflict { found, wanted }, Ok(())) => (
            Verdict::Failed,
            format!("afterwards: found {found}, wanted {wanted}"),
        ),
        (Probe::Unknown(why), Ok(())) => (
            Verdict::Failed,
            format!("it was done, but cannot be verified: {why}"),
        ),
    }
}

/// What there is in place of what was meant. A hook may change what is committed: that commit stands, and it is the user's
/// to keep or to take back.
fn not_there(world: &World, step: &Step) -> String {
    let (Step::Commit(Commit { files, .. }), Some(head)) = (step, head_of(world)) else {
        return "it was done without an error, but is not there".to_owned();
    };
    let changed: Vec<_> = files
        .iter()
        .filter(|(path, text)| world.read(path).ok().flatten().as_ref() != Some(text))
        .collect();
    let names = changed
        .iter()
        .map(|(path, _)| path.as_str())
        .collect::<Vec<_>>()
        .join(", ");
    format!(
        "HEAD {} was made, but not of what was written: {names} was changed, as by a hook; look at it with git show, then keep it, or \
         git reset --keep HEAD~1",
        short(&head)
    )
}

fn head_of(world: &World) -> Option<String> {
    world
        .git
        .head_if_any()
        .ok()
        .flatten()
        .map(|head| head.commit)
}
