//! What the engine asks of every step, and what a step answers.

use std::fmt;

use super::requirement::Requirement;
use crate::world::World;

/// What every step knows of itself. Nothing has a default: what is forgotten here would be wrong in a plan.
pub trait Effect {
    /// The step's kind in the report.
    fn kind(&self) -> &'static str;
    /// The outside thing, by names that stay the same from run to run.
    fn object(&self) -> String;
    /// One line for people: the effect, with the content that matters.
    fn what(&self) -> String;
    /// What a person can do when the outside thing holds something else.
    fn conflict_fix(&self, project: &str) -> String;
    /// What a person can do when the outside thing cannot be read.
    fn unknown_fix(&self) -> String;
    /// Whether the effect can be seen by others and not be taken back.
    fn is_irreversible(&self) -> bool;
    /// What may run beside it.
    fn lane(&self) -> Lane;
    /// What it needs before a plan begins.
    fn requirements(&self) -> Vec<Requirement>;
    /// Whether the effect is already true. The same answer decides before acting and proves after it (law 14).
    ///
    /// # Errors
    /// It cannot be read, which is not the same as absent (law 15).
    fn probe(&self, world: &World) -> anyhow::Result<Probe>;
    /// Brings it about. Whether it is wanted was asked before; whether it came true is asked after.
    fn act(&self, world: &World) -> anyhow::Result<()>;
}

/// What may run beside a step, as long as neither needs the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// As [`Self::Serial`], and its probe reads this clone alone: that is faster than a thread starts.
    Local,
    /// No other step that is local or serial: git locks its repository for a write.
    Serial,
    /// Any other step.
    Parallel,
}

/// The answer to: is this effect already true?
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    Done(String),
    /// Done as far as this tool goes; a person has to merge the pull request that is named.
    Waiting(String),
    Todo,
    Conflict {
        found: String,
        wanted: String,
    },
    /// It could not be read, which is not the same as absent (law 15).
    Unknown(String),
}

/// Why a step did not act: somebody else changed the outside thing since the plan was made.
#[derive(Debug)]
pub struct Overtaken(pub String);

impl fmt::Display for Overtaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Overtaken {}
