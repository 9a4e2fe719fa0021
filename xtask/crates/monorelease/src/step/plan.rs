//! The state of steps: up to date or planned, what forbids them, what they cost; and the plan that they make together.
//!
//! It knows no kind of step; those are in `step`.

use serde::Serialize;

use super::Step;
use super::files::EditFile;

/// What the report says of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Done,
    Todo,
    Conflict,
    Unknown,
    Acted,
    /// It acted, and a person has to go on: a pull request waits for its merge.
    Waiting,
    Failed,
    /// It did nothing, because somebody else changed the outside thing since the plan was made.
    Overtaken,
    Skipped,
}

impl Verdict {
    /// The word of the JSON document.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Todo => "todo",
            Self::Conflict => "conflict",
            Self::Unknown => "unknown",
            Self::Acted | Self::Waiting => "acted",
            Self::Failed | Self::Overtaken => "failed",
            Self::Skipped => "skipped",
        }
    }

    /// Whether this run brought the effect about.
    pub fn has_acted(self) -> bool {
        matches!(self, Self::Acted | Self::Waiting)
    }

    pub fn has_failed(self) -> bool {
        matches!(self, Self::Failed | Self::Overtaken)
    }

    /// Whether the effect is true, since before or by this run.
    pub fn is_true(self) -> bool {
        self.is_done() || self.has_acted()
    }

    pub fn is_done(self) -> bool {
        self == Self::Done
    }
}

/// A step that a plan wants, before anybody asked whether it is done.
#[derive(Debug, Clone)]
pub struct Draft {
    pub project: String,
    pub why: String,
    pub step: Step,
}

impl Draft {
    /// The edit that it is: edits of a plan are made together.
    pub fn edit(&self) -> Option<&EditFile> {
        match &self.step {
            Step::EditFile(edit) => Some(edit),
            _ => None,
        }
    }
}

/// A step with what is known of it.
#[derive(Debug, Clone)]
pub struct Planned {
    pub draft: Draft,
    pub verdict: Verdict,
    pub evidence: String,
    pub cost: Cost,
}

/// What was spent on a step so far: its questions and its act.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Cost {
    pub seconds: f64,
    /// HTTP requests of our own: to registries, and for their tokens. What git and docker send is theirs.
    pub requests: u64,
}

impl std::ops::AddAssign for Cost {
    fn add_assign(&mut self, more: Self) {
        self.seconds += more.seconds;
        self.requests += more.requests;
    }
}

/// How far a refusal or a failure reaches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scope {
    /// All of the plan is done, or nothing more of it: what its projects become belongs together, as in one commit.
    #[default]
    Together,
    /// Projects that share nothing but the command line: one does not wait for what another lacks.
    EachProject,
}

impl Planned {
    /// Whether this is a commit that was tried and not made.
    pub fn is_failed_commit(&self) -> bool {
        self.verdict.has_failed() && matches!(self.draft.step, Step::Commit(_))
    }
}

/// A reason for which nothing is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    pub project: String,
    pub what: String,
    pub fix: String,
}

/// All that a command would do, or did.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    pub steps: Vec<Planned>,
    pub refused: Vec<Refusal>,
    /// Things the reader should know that are no step: what is left out, and why.
    pub notes: Vec<String>,
    pub scope: Scope,
}

/// What a planner gives: steps in order, and what forbids them.
#[derive(Debug, Clone, Default)]
pub struct Goal {
    pub drafts: Vec<Draft>,
    pub refused: Vec<Refusal>,
    pub notes: Vec<String>,
    pub scope: Scope,
}

impl Goal {
    pub fn want(&mut self, project: &str, why: impl Into<String>, step: Step) {
        self.drafts.push(Draft {
            project: project.into(),
            why: why.into(),
            step,
        });
    }

    /// Refuses, in words of which the same are said once: two environments may be in the one repository that cannot be read.
    pub fn refuse(&mut self, project: &str, what: impl Into<String>, fix: impl Into<String>) {
        let refusal = Refusal {
            project: project.into(),
            what: what.into(),
            fix: fix.into(),
        };
        if !self.refused.contains(&refusal) {
            self.refused.push(refusal);
        }
    }
}

impl Plan {
    /// The plan's JSON document (DESIGN section 5), to which commands may add fields.
    pub fn to_json(&self) -> serde_json::Map<String, serde_json::Value> {
        let steps = self.steps.iter().map(|planned| {
            serde_json::json!({
                "id": planned.draft.step.id(),
                "project": planned.draft.project,
                "kind": planned.draft.step.kind(),
                "what": planned.draft.step.what(),
                "why": planned.draft.why,
                "verdict": planned.verdict.word(),
                "evidence": planned.evidence,
                "seconds": (planned.cost.seconds * 1000.0).round() / 1000.0,
                "requests": planned.cost.requests,
            })
        });
        let mut document = serde_json::Map::new();
        document.insert("schema".into(), 1.into());
        document.insert("steps".into(), steps.collect());
        document.insert("refused".into(), serde_json::json!(self.refused));
        document.insert("notes".into(), serde_json::json!(self.notes));
        document
    }

    /// Whether a refusal stands in the way of a project's steps (law 16). One that names no project stands in everybody's.
    pub fn is_refused(&self, project: &str) -> bool {
        match self.scope {
            Scope::Together => !self.refused.is_empty(),
            Scope::EachProject => self
                .refused
                .iter()
                .any(|refusal| refusal.project.is_empty() || refusal.project == project),
        }
    }

    /// The steps that are left to do and that no refusal stands in the way of.
    pub fn open(&self) -> impl Iterator<Item = &Planned> {
        self.steps.iter().filter(|planned| {
            planned.verdict == Verdict::Todo && !self.is_refused(&planned.draft.project)
        })
    }

    pub fn count(&self, is_counted: impl Fn(Verdict) -> bool) -> usize {
        self.steps
            .iter()
            .filter(|planned| is_counted(planned.verdict))
            .count()
    }
}
