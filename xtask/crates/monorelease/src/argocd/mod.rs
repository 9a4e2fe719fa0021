//! Where the Argo CD manifests are: what `[argocd]` means. This file reads none of them.

mod check;
pub mod command;
mod manifests;
mod updater;

use crate::config::Config;
use crate::delivery::pins::{address, branch_name};
use crate::fault::Fault;
use crate::project::paths::clean_path;

/// Manifests with Applications in them.
#[derive(Debug, Clone)]
pub struct Applications {
    /// Patterns of paths from the root of their repository.
    pub files: Vec<String>,
    /// The repository's address; `None`: this work tree.
    pub git: Option<String>,
    pub branch: String,
}

impl Applications {
    /// Reads the section; `None` where there is none. The first rule that is broken is the error (2).
    pub fn from_config(config: &Config, file: &str) -> Result<Option<Self>, Fault> {
        let wrong = |what: String| {
            Fault::usage(format!("{file}: argocd: {what}"))
                .fix(format!("edit {file}, then run the command again"))
        };
        let Some(keys) = &config.argocd else {
            return Ok(None);
        };
        if keys.applications.is_empty() {
            return Err(wrong("applications is empty; name at least one file or pattern, such as \"argocd/*.yaml\"".to_owned()));
        }
        if keys.git.is_none() && keys.branch.is_some() {
            return Err(wrong(
                "branch is of another repository, and `git` names none".to_owned(),
            ));
        }
        let files = keys
            .applications
            .iter()
            .map(|path| clean_path(path))
            .collect::<Result<_, _>>()
            .map_err(wrong)?;
        let git = keys
            .git
            .as_deref()
            .map(address)
            .transpose()
            .map_err(wrong)?;
        let branch =
            branch_name(keys.branch.clone().unwrap_or_else(|| "main".to_owned())).map_err(wrong)?;
        Ok(Some(Self { files, git, branch }))
    }
}
