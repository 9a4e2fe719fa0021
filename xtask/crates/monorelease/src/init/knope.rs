//! knope: the files that it moves together are one project, its tags are the tags.

use indexmap::IndexMap;
use monorelease_model::paths::resolve;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::paths::{below, file_name, folder_of};
use super::survey::Survey;
use crate::init::found::Rank;

const CONFIG: &str = "knope.toml";

/// Locks move with the manifests whose packages they list.
const LOCKS: [&str; 4] = ["Cargo.lock", "package-lock.json", "uv.lock", "pdm.lock"];

#[derive(Deserialize)]
struct Config {
    package: Option<Package>,
    #[serde(default)]
    packages: IndexMap<String, Package>,
}

#[derive(Deserialize)]
struct Package {
    #[serde(default)]
    versioned_files: Vec<VersionedFile>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum VersionedFile {
    Path(String),
    /// An entry that names a dependency is a requirement of it, not its version.
    Other {
        path: String,
        dependency: Option<IgnoredAny>,
    },
}

pub fn collect(survey: &mut Survey<'_>) {
    let Some(config) = survey.read::<Config>(CONFIG) else {
        return;
    };
    let packages = config.package.into_iter().map(|package| (None, package));
    let named = config.packages.into_iter();
    for (name, package) in packages.chain(named.map(|(name, package)| (Some(name), package))) {
        apply(survey, name.as_deref(), &files(package));
    }
}

fn files(package: Package) -> Vec<String> {
    let paths = package
        .versioned_files
        .into_iter()
        .filter_map(|file| match file {
            VersionedFile::Path(path) => Some(path),
            VersionedFile::Other { path, dependency } => dependency.is_none().then_some(path),
        });
    paths
        .filter_map(|path| resolve("", &path))
        .filter(|path| !LOCKS.contains(&file_name(path)))
        .collect()
}

fn apply(survey: &mut Survey<'_>, name: Option<&str>, files: &[String]) {
    let Some(first) = files.first() else { return };
    // The folder of its manifest, else the one that holds all of its files, since a project's sites lie below it.
    let known = files
        .iter()
        .map(|path| folder_of(path))
        .find(|folder| survey.found.contains_key(*folder));
    let mut folder = known.unwrap_or_else(|| folder_of(first)).to_owned();
    while known.is_none() && files.iter().any(|path| below(path, &folder).is_none()) {
        folder = folder_of(&folder).to_owned();
    }
    let found = survey.at(&folder, CONFIG);
    found.private = None;
    found.names.splice(0..0, name.map(str::to_owned));
    found.tag_wish = Some(match name {
        Some(name) => format!("{name}/v{{version}}"),
        None => "v{version}".to_owned(),
    });
    for path in files {
        survey.offer_place(&folder, path, None, None, Rank::Listed);
    }
}
