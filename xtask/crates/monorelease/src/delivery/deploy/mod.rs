//! What an environment needs beside its pins before it runs an image: deploy commands, watched rollouts, smoke tests.
//!
//! Commands are lists of arguments with placeholders, never shell text. This file has the types and runs nothing.

pub mod checks;
mod command;
pub mod step;

use monorelease_model::image::{Digest, Repository};

use super::{Action, Deliver};
use crate::project::registered::Declared;
use checks::Task;

/// What a deployment's step does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// The ledger says what is to run, before anything is done about it. `found` is what it said when the plan was made;
    /// `clears` where the pins say something else than it: then nothing that passed there counts any more.
    Record { found: Option<Digest>, clears: bool },
    /// A task is carried out, and its success written down.
    Run(Task),
}

/// One step of a project's deployment into an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    pub work: Work,
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
        match (&self.work, &self.of.action) {
            (Work::Run(task), _) => task.phase.word(),
            (Work::Record { .. }, Action::Unbar { .. }) => "unbar",
            (Work::Record { .. }, _) => "record",
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
        match &self.work {
            Work::Record { .. } if self.of.images.is_none() => self.of.what(),
            Work::Record { .. } => format!(
                "{project} {name} is to run in {environment}, {}",
                self.of.place()
            ),
            Work::Run(task) => {
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
        let Work::Run(task) = &self.work else {
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
        let images = self.of.images.as_ref();
        let further = match self.of.action {
            Action::Rollback { .. } if images.is_some_and(|images| images.version.is_empty()) => {
                " --to sha256:DIGEST"
            }
            Action::Rollback { .. } => " --to X.Y.Z",
            _ => "",
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

#[cfg(test)]
mod tests;
