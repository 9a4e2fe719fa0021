//! What `monorepo.toml` says of what runs where: environments, pins, registry files, and the manifests of an updater.
//!
//! The keys alone, as their author writes them. What they mean is decided in `pins`, `deploy_keys`, `registered` and `argocd`.

use serde::Deserialize;

use super::commands::{CommandKeys, NameKeys};
use super::secrets::SecretsKeys;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct EnvironmentKeys {
    pub after: Option<String>,
    pub branch: Option<String>,
    /// How a delivery reaches the branch.
    #[serde(default)]
    pub via: Via,
    #[serde(default)]
    pub approval: bool,
    pub deploy: Option<CommandKeys>,
    pub smoke: Option<CommandKeys>,
    /// How long a command may take, such as `10m`.
    pub deploy_timeout: Option<String>,
    pub smoke_timeout: Option<String>,
    /// Workloads whose rollout is watched, such as `deployment/{package}`, and where kubectl finds them.
    pub rollout: Option<NameKeys>,
    pub namespace: Option<String>,
    pub context: Option<String>,
    /// Applications of Argo CD whose health is waited for.
    pub argocd: Option<NameKeys>,
    pub rollout_timeout: Option<String>,
    /// What its programs want to know and nobody else may.
    pub secrets: Option<SecretsKeys>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Via {
    /// A commit is pushed to it.
    #[default]
    Push,
    /// A pull request asks for it.
    PullRequest,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PinKeys {
    pub project: String,
    pub environment: String,
    pub git: Option<String>,
    pub branch: Option<String>,
    pub file: String,
    pub key: Option<String>,
    pub write: Option<String>,
    pub platform: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ImagesFromKeys {
    /// A pattern; one project a file.
    pub files: String,
    /// A path of keys to the project's name; left out: the file's own.
    pub name: Option<String>,
    /// A path of keys to the image.
    pub image: Option<String>,
    #[serde(default)]
    pub platforms: Vec<String>,
    /// From the root of the repository, with `{name}` for the file's name, as those below.
    pub dockerfile: Option<String>,
    pub context: Option<String>,
    /// What of the context counts; left out: all of it.
    #[serde(default)]
    pub paths: Vec<String>,
}

/// Where the manifests of Argo CD are.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ArgocdKeys {
    pub applications: Vec<String>,
    pub git: Option<String>,
    pub branch: Option<String>,
}
