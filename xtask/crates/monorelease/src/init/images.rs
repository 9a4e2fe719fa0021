//! Dockerfiles, the workflows that say for which machines, and registry files of images.

use std::collections::{BTreeMap, BTreeSet};

use monorelease_model::paths::join;

use super::found::Mention;
use super::paths::{file_name, folder_of};
use super::python;
use super::survey::{Survey, some};
use crate::project::environment_words::environment_of;

/// What publishes a Python package, as workflows spell it.
const PUBLISHERS: [&str; 7] = [
    "gh-action-pypi-publish",
    "twine upload",
    "uv publish",
    "poetry publish",
    "hatch publish",
    "flit publish",
    "pdm publish",
];

/// Targets that a wheel is usually made for; those that a workflow names are taken, else all of them.
const TARGETS: [&str; 4] = [
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
];

/// The annotations of Argo CD's image updater.
const UPDATER: &str = "argocd-image-updater.argoproj.io/";

/// Marks a line that Flux's image automation writes.
const FLUX_MARK: &str = "{\"$imagepolicy\"";

pub fn collect(survey: &mut Survey<'_>) {
    let workflows = workflows(survey);
    registry_files(survey);
    dockerfiles(survey, &workflows);
    let named: Vec<&str> = TARGETS
        .into_iter()
        .filter(|target| workflows.iter().any(|text| text.contains(target)))
        .collect();
    let targets = if named.is_empty() {
        TARGETS.to_vec()
    } else {
        named
    };
    for found in survey
        .found
        .values_mut()
        .filter(|found| found.wheel.is_some())
    {
        found.wheel = Some(targets.iter().map(|target| (*target).to_owned()).collect());
    }
    published(survey, &workflows);
}

fn workflows(survey: &mut Survey<'_>) -> Vec<String> {
    let is_workflow = |path: &&String| {
        let yaml = path.ends_with(".yml") || path.ends_with(".yaml");
        yaml && (path.starts_with(".github/workflows/") || path.as_str() == ".gitlab-ci.yml")
    };
    let paths: Vec<String> = survey.files.iter().filter(is_workflow).cloned().collect();
    paths.iter().filter_map(|path| survey.text(path)).collect()
}

fn dockerfiles(survey: &mut Survey<'_>, workflows: &[String]) {
    let has_arm = workflows.iter().any(|text| text.contains("linux/arm64"));
    let platforms: Vec<String> = ["linux/amd64", "linux/arm64"]
        .into_iter()
        .take(1 + usize::from(has_arm))
        .map(str::to_owned)
        .collect();
    let mut elsewhere = Vec::new();
    for path in survey.named("Dockerfile") {
        let folder = folder_of(&path).to_owned();
        if !survey.found.contains_key(&folder) {
            python::version::without_manifest(survey, &folder, &path);
        }
        let is_only = survey.found.is_empty() && folder.is_empty();
        if is_only {
            let found = survey.at(&folder, &path);
            found.comments.push("No file here says a version: it can be built and pinned, but not bumped, tagged or released.".into());
        }
        match survey.found.get_mut(&folder) {
            Some(found) => found.image = Some(platforms.clone()),
            None => elsewhere.push(path),
        }
    }
    // The registry's files say what is built of those.
    if survey.images_from.is_none() && !elsewhere.is_empty() {
        let paths: Vec<&str> = elsewhere.iter().map(String::as_str).collect();
        survey.remarks.push(format!(
            "No project builds {}: a project's Dockerfile stands in the project's own folder, and a folder with a Dockerfile alone has no version.",
            some(&paths, paths.len())
        ));
    }
}

/// Which pure Python packages a workflow publishes.
fn published(survey: &mut Survey<'_>, workflows: &[String]) {
    let publishing: Vec<&String> = workflows
        .iter()
        .filter(|text| PUBLISHERS.iter().any(|word| text.contains(word)))
        .collect();
    let count = survey
        .found
        .values()
        .filter(|found| found.is_python)
        .count();
    let has_wheels = survey.found.values().any(|found| found.wheel.is_some());
    let folders: Vec<String> = survey
        .found
        .values()
        .filter(|found| !found.path.is_empty())
        .map(|found| found.path.clone())
        .collect();
    for found in survey
        .found
        .values_mut()
        .filter(|found| found.is_python && found.wheel.is_none())
    {
        // A pipeline that names no folder speaks of the root.
        let is_meant = |text: &&&String| match found.path.is_empty() {
            true => !folders.iter().any(|folder| text.contains(folder.as_str())),
            false => text.contains(&found.path),
        };
        found.is_published = match (count, has_wheels) {
            (1, false) => !publishing.is_empty(),
            _ => publishing.iter().any(|text| is_meant(&text)),
        };
    }
}

/// A folder of YAML files that each name one image by its digest: one project a file.
fn registry_files(survey: &mut Survey<'_>) {
    let mut folders: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in survey
        .files
        .iter()
        .filter(|path| path.ends_with(".yaml") && !path.starts_with('.') && path.contains('/'))
    {
        folders
            .entry(folder_of(path).to_owned())
            .or_default()
            .push(path.clone());
    }
    let mut is_registry = |path: &String| {
        survey
            .text(path)
            .is_some_and(|text| is_registry_file(&text))
    };
    let found: Vec<String> = folders
        .into_iter()
        .filter(|(_, inside)| inside.iter().all(&mut is_registry))
        .map(|(folder, _)| folder)
        .collect();
    match found.as_slice() {
        [] => {}
        [folder] => survey.images_from = Some(join(folder, "*.yaml")),
        several => {
            let several: Vec<&str> = several.iter().map(String::as_str).collect();
            survey.note(format!(
                "[images-from] takes the files of one folder; registry files lie in {}",
                some(&several, several.len())
            ));
        }
    }
}

/// Whether a YAML text speaks of one image, and is no manifest of Kubernetes or Compose.
fn is_registry_file(text: &str) -> bool {
    let is_manifest = ["apiVersion:", "kind:", "services:", "jobs:", "stages:"]
        .iter()
        .any(|key| text.lines().any(|line| line.starts_with(key)));
    let pinned = text.lines().filter(|line| {
        let line = line.split(" #").next().unwrap_or(line);
        line.contains("@sha256:") || line.trim_end().ends_with("sha256:pending")
    });
    !is_manifest
        && pinned.count() == 1
        && text
            .lines()
            .any(|line| line.trim_start().starts_with("image:"))
}

/// Files that say which image of a project runs, each with the environment that its path names. What an image updater follows
/// or writes is left to it.
pub fn mentions(survey: &mut Survey<'_>, repositories: &[(String, String)]) -> Vec<Mention> {
    let is_yaml = |path: &&String| {
        (path.ends_with(".yaml") || path.ends_with(".yml")) && !path.starts_with('.')
    };
    let paths: Vec<String> = survey
        .files
        .iter()
        .filter(is_yaml)
        .filter(|path| file_name(path) != "Chart.yaml")
        .cloned()
        .collect();
    let mut followed = BTreeSet::new();
    let mut updaters = Vec::new();
    let mut mentions = Vec::new();
    for path in paths {
        let Ok(Some(text)) = (survey.tree.text)(&path) else {
            continue;
        };
        let named = repositories
            .iter()
            .filter(|(_, repository)| names(&text, repository))
            .map(|(project, _)| project);
        if text.contains(UPDATER) {
            updaters.push(path.clone());
            followed.extend(named.cloned());
        } else if !text.contains(FLUX_MARK) && !file_name(&path).starts_with(".argocd-source") {
            mentions.extend(named.map(|project| Mention {
                project: project.clone(),
                file: path.clone(),
                environment: environment_of(&path),
            }));
        }
    }
    mentions.retain(|mention| !followed.contains(&mention.project));
    if !followed.is_empty() {
        let names: Vec<&str> = followed.iter().map(String::as_str).collect();
        survey.remarks.push(format!(
            "An image updater follows {}, as {} says: no [[pins]] are proposed for it. `check argocd` looks at what it would take: [argocd] applications = [{}]",
            names.join(", "),
            updaters.join(", "),
            updaters.iter().map(|path| format!("{path:?}")).collect::<Vec<_>>().join(", ")
        ));
    }
    mentions
}

/// Whether a text names the repository, and not one that begins like it.
fn names(text: &str, repository: &str) -> bool {
    let goes_on = |rest: &str| {
        rest.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'))
    };
    text.match_indices(repository)
        .any(|(at, hit)| !goes_on(&text[at + hit.len()..]))
}
