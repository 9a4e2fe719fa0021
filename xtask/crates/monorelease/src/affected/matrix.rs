//! The matrix of a CI: one row for each thing that is built on a machine of its own.

use monorelease_model::image::Platform;
use serde::Serialize;

use crate::project::Project;

/// One row (DESIGN section 5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    pub project: String,
    /// `image`, `wheel` or `package`.
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// A runner of that architecture: nothing is emulated.
    pub runner: &'static str,
    pub build_id: String,
}

/// The rows of a project; an unknown architecture is the error.
pub fn rows(project: &Project, build_id: &str) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    // What is only promoted here is built elsewhere.
    let is_built = project
        .registered
        .as_ref()
        .is_none_or(|registered| registered.sources.is_some());
    for platform in project
        .image
        .iter()
        .filter(|_| is_built)
        .flat_map(|image| &image.platforms)
    {
        let runner = platform_runner(platform)
            .ok_or_else(|| format!("no runner is known for platform {platform}"))?;
        rows.push(Row {
            project: project.name.clone(),
            kind: "image",
            platform: Some(platform.to_string()),
            target: None,
            runner,
            build_id: build_id.into(),
        });
    }
    for target in &project.wheel_targets {
        let runner = target_runner(target)
            .ok_or_else(|| format!("no runner is known for target {target}"))?;
        rows.push(Row {
            project: project.name.clone(),
            kind: "wheel",
            platform: None,
            target: Some(target.clone()),
            runner,
            build_id: build_id.into(),
        });
    }
    if project.package_index.is_some() && project.wheel_targets.is_empty() {
        rows.push(Row {
            project: project.name.clone(),
            kind: "package",
            platform: None,
            target: None,
            runner: "ubuntu-24.04",
            build_id: build_id.into(),
        });
    }
    Ok(rows)
}

fn platform_runner(platform: &Platform) -> Option<&'static str> {
    match (platform.os.as_str(), platform.arch.as_str()) {
        ("linux", "amd64" | "386") => Some("ubuntu-24.04"),
        ("linux", "arm64" | "arm") => Some("ubuntu-24.04-arm"),
        _ => None,
    }
}

fn target_runner(target: &str) -> Option<&'static str> {
    match target.split_once('-')? {
        ("x86_64", system) if system.contains("linux") => Some("ubuntu-24.04"),
        ("aarch64", system) if system.contains("linux") => Some("ubuntu-24.04-arm"),
        ("x86_64", "apple-darwin") => Some("macos-15-intel"),
        ("aarch64", "apple-darwin") => Some("macos-15"),
        ("x86_64", system) if system.contains("windows") => Some("windows-2025"),
        _ => None,
    }
}
