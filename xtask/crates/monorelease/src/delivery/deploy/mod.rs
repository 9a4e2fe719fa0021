//! What an environment needs beside its pins before it runs an image: deploy commands, watched rollouts, smoke tests.
//!
//! Commands are lists of arguments with placeholders, never shell text. This file has the types and runs nothing.

pub mod checks;
mod command;
mod ledger_file;
mod message;
mod plan;
mod rollback;
pub mod step;

use std::collections::BTreeMap;
use std::time::Duration;

use monorelease_model::image::{Digest, Repository};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Action, Deliver};
use crate::project::registered::Declared;
use checks::placeholders;

/// Where it is written down what an environment is to run and what passed there: a ref of this repository's remote. It is no
/// branch, so that no rule about branches is in its way and no workflow begins at a push to it.
pub const LEDGER_REF: &str = "refs/xtask/environments";

/// What is done, in this order, once the pins of an environment say an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    Deploy,
    Rollout,
    Smoke,
}

impl Phase {
    pub const ALL: [Self; 3] = [Self::Deploy, Self::Rollout, Self::Smoke];

    /// The word in the configuration, the ledger and the report.
    pub fn word(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Rollout => "rollout",
            Self::Smoke => "smoke",
        }
    }

    /// How long it may take when nobody says so.
    pub(crate) fn default_limit(self) -> Duration {
        Duration::from_secs(match self {
            Self::Deploy => 30 * 60,
            Self::Rollout | Self::Smoke => 10 * 60,
        })
    }
}

/// A phase of one environment, as configured: placeholders are still in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    pub phase: Phase,
    pub commands: Vec<Vec<String>>,
    /// For each command.
    pub limit: Duration,
    /// Workloads whose pods are held to the image afterwards: the arguments before `get`, and the workload.
    pub workloads: Vec<(Vec<String>, String)>,
}

impl Task {
    /// What its success is kept under: other words are another check.
    pub fn words(&self) -> Digest {
        Digest::of(format!("{:?}{:?}", self.commands, self.workloads).as_bytes())
    }

    /// Whether a placeholder stands anywhere in it.
    pub fn uses(&self, placeholder: &str) -> bool {
        let mark = format!("{{{placeholder}}}");
        self.commands
            .iter()
            .flatten()
            .any(|argument| argument.contains(&mark))
    }
}

/// All phases of one environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checks {
    pub tasks: Vec<Task>,
}

impl Checks {
    pub fn task(&self, phase: Phase) -> Option<&Task> {
        self.tasks.iter().find(|task| task.phase == phase)
    }

    /// Whether an environment gets images by a command alone, and needs no pins.
    pub fn deploys(&self) -> bool {
        self.task(Phase::Deploy).is_some()
    }
}

/// The text with values in place of its placeholders; what is put in is not looked at again.
pub fn fill(text: &str, value: &dyn Fn(&str) -> Option<String>) -> String {
    let mut filled = String::new();
    let mut rest = 0;
    for (at, name) in placeholders(text) {
        if let Some(value) = value(name) {
            filled.push_str(&text[rest..at]);
            filled.push_str(&value);
            rest = at + name.len() + 2;
        }
    }
    filled.push_str(&text[rest..]);
    filled
}

/// What the ledger says of a project in an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Empty where the digest alone is known.
    pub version: String,
    /// What is to run there, and is all that the rest is about.
    pub digest: Digest,
    /// What passed, each with the words of its check.
    pub passed: BTreeMap<String, Digest>,
}

impl Entry {
    /// Whether a task passed on a digest, in the words that it has now.
    pub fn has_passed(&self, digest: &Digest, task: &Task) -> bool {
        self.digest == *digest && self.passed.get(task.phase.word()) == Some(&task.words())
    }

    /// A task passed: what comes after it has still to show that it does.
    pub fn passes(&mut self, task: &Task) {
        let before: Vec<&str> = Phase::ALL
            .iter()
            .filter(|phase| **phase < task.phase)
            .map(|phase| phase.word())
            .collect();
        self.passed
            .retain(|word, _| before.contains(&word.as_str()));
        self.passed
            .insert(task.phase.word().to_owned(), task.words());
    }
}

/// What is written as `%XX`. Ledgers exist, so it stays as it is.
const NOT_IN_FILE_NAMES: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');

/// Where the ledger keeps a project in an environment. Names may have any characters, and a path may not.
pub fn entry_file(environment: &str, project: &str) -> String {
    let clean = |name| utf8_percent_encode(name, NOT_IN_FILE_NAMES);
    format!("{}/{}.toml", clean(environment), clean(project))
}

/// What a deployment's step does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// The ledger says what is to run, before anything is done about it. `found` is what it said when the plan was made;
    /// `clears` where the pins say something else than it: then nothing that passed there counts any more.
    Record { found: Option<Digest>, clears: bool },
    /// A task is carried out, and its success written down.
    Run(Task),
}

/// One step of a project's deployment into an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    pub effect: Effect,
    /// Whose, where, which images, and why; its address and branch are those of the ledger.
    pub of: Deliver,
    pub package: String,
    /// The repository of its images.
    pub repository: Repository,
    /// What has to stand in Git before a task begins; empty in environments without pins.
    pub pins: Vec<Deliver>,
    pub declared: Declared,
}

impl Deployment {
    /// The image, by its digest.
    pub fn image(&self) -> String {
        self.of
            .images
            .as_ref()
            .map(|images| format!("{}@{}", self.repository, images.index))
            .unwrap_or_default()
    }

    /// What a placeholder stands for.
    pub fn value(&self, placeholder: &str) -> Option<String> {
        let images = self.of.images.as_ref();
        match placeholder {
            "environment" => Some(self.of.environment.clone()),
            "project" => Some(self.of.project.clone()),
            "package" => Some(self.package.clone()),
            "version" => images.map(|images| images.version.clone()),
            "digest" => images.map(|images| images.index.to_string()),
            "image" => Some(self.image()),
            "ref" => Some(
                self.declared
                    .reference
                    .clone()
                    .unwrap_or_else(|| self.image()),
            ),
            _ => None,
        }
    }

    /// What children are told through their environment.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let value = |placeholder: &str| self.value(placeholder).unwrap_or_default();
        vec![
            ("IMAGE_REF", value("image")),
            ("PROCESSOR_REF", value("ref")),
            ("TOOL_SECRETS", self.declared.secrets.join(",")),
            ("PROJECT", value("project")),
            ("ENVIRONMENT", value("environment")),
            ("VERSION", value("version")),
        ]
    }

    pub fn kind(&self) -> &'static str {
        match (&self.effect, &self.of.action) {
            (Effect::Run(task), _) => task.phase.word(),
            (Effect::Record { .. }, Action::Unbar { .. }) => "unbar",
            (Effect::Record { .. }, _) => "record",
        }
    }

    pub fn object(&self) -> String {
        format!("{}/{}", self.of.project, self.of.environment)
    }

    /// One line: which image, where, and by which program.
    pub fn what(&self) -> String {
        let Deliver {
            project,
            environment,
            ..
        } = &self.of;
        let name = self
            .of
            .images
            .as_ref()
            .map(|images| images.name().to_owned())
            .unwrap_or_default();
        match &self.effect {
            Effect::Record { .. } if self.of.images.is_none() => self.of.what(),
            Effect::Record { .. } => format!(
                "{project} {name} is to run in {environment}, {}",
                self.of.place()
            ),
            Effect::Run(task) => {
                let count = if task.commands.len() > 1 {
                    format!(" ({} commands)", task.commands.len())
                } else {
                    String::new()
                };
                format!(
                    "{project} {name} in {environment}, by {}{count}",
                    self.programs().join(", ")
                )
            }
        }
    }

    /// The programs that it runs, each once.
    pub fn programs(&self) -> Vec<String> {
        let Effect::Run(task) = &self.effect else {
            return Vec::new();
        };
        let programs = task.commands.iter().map(|command| command[0].clone());
        programs
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect()
    }

    /// The line that takes it back; from a rollback, further back.
    pub fn way_back(&self) -> String {
        let further = if matches!(self.of.action, Action::Rollback { .. }) {
            " --to X.Y.Z"
        } else {
            ""
        };
        format!(
            "cargo xtask rollback {} --in {}{further}",
            self.of.project, self.of.environment
        )
    }
}

/// How to get a program that is missing.
pub fn how_to_get(program: &str) -> String {
    match program {
        "kubectl" => "install kubectl (https://kubernetes.io/docs/tasks/tools/)".to_owned(),
        "argocd" => {
            "brew install argocd, or take it from https://github.com/argoproj/argo-cd/releases"
                .to_owned()
        }
        "modal" => "pip install modal".to_owned(),
        "gh" => "install gh (https://cli.github.com)".to_owned(),
        other => format!("install {other}, or give its path from the root of the repository"),
    }
}
