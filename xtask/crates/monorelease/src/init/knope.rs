//! knope: the files that it moves together are one project, its tags are the tags.

use monorelease_model::paths::resolve;
use toml_edit::{DocumentMut, Item, Value};

use super::paths::{file_name, folder_of};
use super::survey::Survey;
use crate::init::found::Rank;

const CONFIG: &str = "knope.toml";

/// Locks move with the manifests whose packages they list.
const LOCKS: [&str; 4] = ["Cargo.lock", "package-lock.json", "uv.lock", "pdm.lock"];

pub fn collect(survey: &mut Survey<'_>) {
    let Some(config) = survey.toml(CONFIG) else {
        return;
    };
    if let Some(package) = config.get("package") {
        let files = files(package);
        apply(survey, None, &files);
    }
    for (name, files) in packages(&config) {
        apply(survey, Some(&name), &files);
    }
}

fn packages(config: &DocumentMut) -> Vec<(String, Vec<String>)> {
    let table = config.get("packages").and_then(Item::as_table_like);
    table
        .into_iter()
        .flat_map(|table| table.iter())
        .map(|(name, package)| (name.to_owned(), files(package)))
        .collect()
}

/// The files of a package. An entry that names a dependency is a requirement of it, not its version.
fn files(package: &Item) -> Vec<String> {
    let entries = package
        .get("versioned_files")
        .and_then(Item::as_array)
        .into_iter()
        .flatten();
    let paths = entries.filter_map(|entry| match entry {
        Value::String(path) => Some(path.value().clone()),
        Value::InlineTable(table) if table.get("dependency").is_none() => {
            table.get("path")?.as_str().map(str::to_owned)
        }
        _ => None,
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
    while known.is_none()
        && !files
            .iter()
            .all(|path| super::paths::below(path, &folder).is_some())
    {
        folder = folder_of(&folder).to_owned();
    }
    let found = survey.at(&folder, CONFIG);
    found.private = None;
    found.names.splice(0..0, name.map(str::to_owned));
    found.tag_wish = Some(name.map_or_else(
        || "v{version}".to_owned(),
        |name| format!("{name}/v{{version}}"),
    ));
    for path in files {
        survey.offer_place(&folder, path, None, None, Rank::Listed);
    }
}
