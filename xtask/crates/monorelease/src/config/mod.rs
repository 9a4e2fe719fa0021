//! `monorepo.toml` as its author writes it: the keys, and nothing made of them yet.
//!
//! Unknown keys are errors with "did you mean". What the values mean together is decided in `project`.

pub mod commands;
pub mod environments;
pub mod scan;
pub mod secrets;
pub mod trust;

use indexmap::IndexMap;
use serde::Deserialize;

use crate::fault::Fault;
use environments::{ArgocdKeys, EnvironmentKeys, ImagesFromKeys, PinKeys};

/// The whole file. Sections of later verbs are read and held to their shape, so that a typing error is found by any verb.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    #[serde(default)]
    pub repository: RepositoryKeys,
    pub images: Option<ImagesKeys>,
    #[serde(default)]
    pub projects: IndexMap<String, ProjectKeys>,
    #[serde(default)]
    pub environments: IndexMap<String, EnvironmentKeys>,
    #[serde(default)]
    pub pins: Vec<PinKeys>,
    pub images_from: Option<ImagesFromKeys>,
    #[serde(default)]
    pub release: ReleaseKeys,
    pub trust: Option<trust::TrustKeys>,
    #[serde(default)]
    pub scan: scan::ScanKeys,
    pub argocd: Option<ArgocdKeys>,
}

/// How commits become versions and changelogs.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReleaseKeys {
    /// Types of commits beside the usual ones, or other levels and headings for those.
    #[serde(default)]
    pub types: IndexMap<String, TypeKeys>,
    /// What a breaking change raises below 1.0.
    #[serde(default)]
    pub zero_major: ZeroMajor,
    #[serde(default)]
    pub non_conventional: NonConventional,
    /// Scopes that a commit may name beside projects and packages.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The branch of the release pull request.
    pub branch: Option<String>,
    /// Its title and its body, with placeholders.
    pub title: Option<String>,
    pub body: Option<String>,
    /// The project whose highest release is the forge's latest; left out: the only one, or none.
    pub latest: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table such as { level = \"patch\", heading = \"Security\" }"
)]
pub struct TypeKeys {
    pub level: Option<TypeLevel>,
    pub heading: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TypeLevel {
    None,
    Patch,
    Minor,
    Major,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ZeroMajor {
    #[default]
    Major,
    Minor,
}

/// What a commit without the conventional form is to `bump auto`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NonConventional {
    /// Listed, and no reason for a release.
    #[default]
    List,
    /// A refusal.
    Strict,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RepositoryKeys {
    /// `owner/name` on the forge; left out: no forge.
    pub github: Option<String>,
    #[serde(default = "default_branch")]
    pub branch: String,
    /// The git remote; left out: `origin`, where there is one.
    pub remote: Option<String>,
}

impl Default for RepositoryKeys {
    fn default() -> Self {
        Self {
            github: None,
            branch: default_branch(),
            remote: None,
        }
    }
}

fn default_branch() -> String {
    "main".into()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ImagesKeys {
    /// A repository with `{package}` in it, such as `ghcr.io/acme/{package}`.
    pub repository: String,
    /// The repository of releases, of the same registry; left out: the one where candidates are.
    pub release: Option<String>,
    /// Moving names of every project's releases.
    #[serde(default)]
    pub aliases: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ProjectKeys {
    pub path: String,
    pub package: Option<String>,
    pub tag: Option<String>,
    #[serde(default)]
    pub versions: Vec<SiteKeys>,
    /// Tags that no file agrees with and that can never be moved.
    #[serde(default, alias = "wrong-tags")]
    pub ignore_tags: Vec<String>,
    #[serde(default)]
    pub depends: Vec<String>,
    /// Further folders or files that are the project's.
    #[serde(default)]
    pub also: Vec<String>,
    /// Folders or files in the project whose changes are nobody's.
    #[serde(default)]
    pub ignore: Vec<String>,
    pub image: Option<ImageKeys>,
    pub wheel: Option<WheelKeys>,
    pub package_index: Option<String>,
    /// Where candidates of the package are published; left out: nowhere.
    pub candidate_index: Option<String>,
    #[serde(default = "yes")]
    pub candidates: bool,
}

fn yes() -> bool {
    true
}

/// A version site: a file whose name says how to read it, or a file with a key or a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    expecting = "a version site is \"FILE\", { file, key } or { file, pattern }"
)]
pub enum SiteKeys {
    File(String),
    Place(PlaceKeys),
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceKeys {
    pub file: String,
    pub key: Option<String>,
    pub pattern: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ImageKeys {
    pub platforms: Vec<String>,
    #[serde(default)]
    pub smoke: Vec<Vec<String>>,
    pub health: Option<HealthKeys>,
    /// Moving names in place of those of `[images]`.
    pub aliases: Option<Vec<String>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HealthKeys {
    /// The port inside the container.
    pub port: u16,
    pub path: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WheelKeys {
    pub targets: Vec<String>,
}

/// Reads the text of a configuration; `file` is only for the message.
pub fn parse(text: &str, file: &str) -> Result<Config, Fault> {
    toml_edit::de::from_str(text).map_err(|error| {
        let message = error.to_string();
        let guess = did_you_mean(&message)
            .map(|guess| format!("; did you mean `{guess}`?"))
            .unwrap_or_default();
        Fault::usage(format!("{file}: {}{guess}", message.trim_end()))
            .fix(format!("edit {file}, then run the command again"))
    })
}

/// The nearest of the keys that the message offers in place of the unknown one.
///
/// serde's derive has written ``unknown field `x`, expected one of `a`, `b` `` since 1.0; a test here holds it to that.
fn did_you_mean(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("unknown field `")?;
    let (unknown, offers) = rest.split_once('`')?;
    let known = offers.split('`').skip(1).step_by(2);
    nearest(unknown, known).map(str::to_owned)
}

/// The candidate that `word` most likely was meant to be.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .map(|candidate| {
            (
                strsim::jaro_winkler(&word.to_lowercase(), &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, candidate)| candidate)
}

/// The same as the end of a sentence; empty where nothing is near.
pub fn suggestion<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> String {
    nearest(word, candidates)
        .map(|guess| format!("; did you mean `{guess}`?"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_answered_with_the_one_that_was_meant() {
        let text = "[projects.a]\npath = \"a\"\nversoins = [\"VERSION\"]\n";
        let fault = parse(text, "monorepo.toml").unwrap_err();
        assert!(
            fault.what.contains("did you mean `versions`?"),
            "{}",
            fault.what
        );
        assert!(fault.what.contains("line 3"), "{}", fault.what);
        assert_eq!(fault.kind.exit_code(), 2);
    }

    #[test]
    fn every_section_of_the_design_is_read() {
        let text = r#"
            [repository]
            github = "acme/mono"
            branch = "main"
            [images]
            repository = "ghcr.io/acme/{package}"
            release = "ghcr.io/acme/released/{package}"
            aliases = ["latest", "{major}.{minor}"]
            [projects.mesh]
            path = "."
            package = "mesh"
            tag = "v{version}"
            versions = ["VERSION", { file = "charts/api/Chart.yaml", key = "appVersion" }, { file = "docs/conf.txt", pattern = "release = {version}" }]
            package-index = "pypi"
            image = { platforms = ["linux/amd64"], smoke = [["mesh", "--help"]], health = { port = 8000, path = "/health" } }
            candidates = false
            [images-from]
            files = "registry/*.yaml"
            [environments.staging]
            [environments.production]
            after = "staging"
            approval = true
            [[pins]]
            project = "mesh"
            environment = "staging"
            file = "deployment.yaml"
        "#;
        let config = parse(text, "monorepo.toml").unwrap();
        assert_eq!(config.projects["mesh"].versions.len(), 3);
        assert_eq!(
            config.environments["production"].after.as_deref(),
            Some("staging")
        );
        assert!(!config.projects["mesh"].candidates);
        assert_eq!(config.repository.remote, None);
    }
}
