//! What a manifest publishes: whose package it is, its name, and where its version stands.
//!
//! It looks at one text at a time. Which manifests there are, and who requires whom, `manifests` knows.

use monorelease_model::distribution::normalised;
use monorelease_text_edits::error::EditError;
use monorelease_version_files::charts::ChartDependency;
use monorelease_version_files::locations;
use monorelease_version_files::locations::Locator;
use monorelease_version_files::requirements::requirement::Requirement;
use monorelease_version_files::requirements::requirement::RequirementKind;

use crate::project::version_location::SiteReading;

/// Whose packages they are: a crate and a wheel may have one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ecosystem {
    Cargo,
    Python,
    Npm,
    Chart,
}

/// Poetry's lock, beside the same manifest as uv's.
pub(super) const POETRY_LOCK: &str = "poetry.lock";

/// The manifest of each ecosystem, and its lock files.
pub(super) const FILES: [(Ecosystem, &str, &str); 5] = [
    (Ecosystem::Cargo, "Cargo.toml", "Cargo.lock"),
    (Ecosystem::Python, "pyproject.toml", "uv.lock"),
    (Ecosystem::Python, "pyproject.toml", POETRY_LOCK),
    (Ecosystem::Npm, "package.json", "package-lock.json"),
    (Ecosystem::Chart, "Chart.yaml", "Chart.lock"),
];

/// Locks that repeat what manifests require and are their tools' own to compute, with the command that does. None of
/// them has a version of the repository's packages that its tool would hold against the files.
pub(super) const OTHER_LOCKS: [(Ecosystem, &str, &str); 3] = [
    (Ecosystem::Python, "pdm.lock", "pdm lock"),
    (
        Ecosystem::Npm,
        "pnpm-lock.yaml",
        "pnpm install --lockfile-only",
    ),
    (Ecosystem::Npm, "yarn.lock", "yarn install"),
];

/// A published name that carries a project's version, and the folder of its manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    pub ecosystem: Ecosystem,
    /// As its ecosystem compares names.
    pub name: String,
    pub folder: String,
}

/// The key of a manifest's own version that a site stands at, whatever the configuration calls the place: a pattern, or
/// a key in other quotes, moves the package as its key does, and the locks with it (law 3).
pub(super) fn version_key(
    ecosystem: Ecosystem,
    text: &str,
    reading: &SiteReading,
) -> Option<&'static str> {
    let keys: &[&str] = match ecosystem {
        Ecosystem::Cargo => &["workspace.package.version", "package.version"],
        Ecosystem::Python => &["project.version", "tool.poetry.version"],
        Ecosystem::Npm | Ecosystem::Chart => &["version"],
    };
    let stands_at = |key: &str| {
        let locator = match ecosystem {
            Ecosystem::Cargo | Ecosystem::Python => Locator::TomlKey(key),
            Ecosystem::Npm => Locator::JsonKey(key),
            Ecosystem::Chart => Locator::YamlKey(key),
        };
        let found = locations::locate(&locator, text).unwrap_or_default();
        found
            .iter()
            .any(|found| found.span.start < reading.span.end && reading.span.start < found.span.end)
    };
    // Most sites say it by their key, and the text need not be read again.
    keys.iter()
        .find(|key| **key == reading.key)
        .or_else(|| keys.iter().find(|key| stands_at(key)))
        .copied()
}

/// The folder of a chart that another depends on; `None` for one from a chart repository.
pub(super) fn chart_folder(dependency: &ChartDependency) -> Option<String> {
    match dependency.repository {
        None => Some(format!("charts/{}", dependency.name)),
        Some(_) => dependency.folder().map(str::to_owned),
    }
}

pub(super) fn of_chart(dependency: ChartDependency) -> Requirement {
    let path = chart_folder(&dependency);
    let ChartDependency {
        name,
        key,
        text,
        line,
        span,
        ..
    } = dependency;
    Requirement {
        kind: RequirementKind::Chart,
        package: name,
        is_linked: path.is_some(),
        path,
        key,
        text,
        line,
        span,
    }
}

/// Whether a text that cannot be taken apart says the package's name, in any spelling of it.
pub(super) fn names(text: &str, package: &Package) -> bool {
    text.contains(&package.name)
        || (package.ecosystem == Ecosystem::Python && normalised(text).contains(&package.name))
}

/// The name at a key of a manifest, if there is one.
pub(super) fn name_at(locator: &Locator, text: &str) -> Result<Option<String>, EditError> {
    match locations::locate(locator, text) {
        Ok(found) => Ok(found.into_iter().next().map(|name| name.text)),
        Err(EditError::Missing { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
