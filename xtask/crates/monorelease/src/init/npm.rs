//! package.json: a project where it has a name and a version and is meant for others.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use monorelease_model::paths::resolve;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::paths::folder_of;
use super::survey::{Offer, Survey, some};
use crate::config::SiteKeys;
use crate::init::found::Need;
use crate::init::found::Rank;

/// Folders of documentation and web sites.
const PAGES: [&str; 4] = ["docs", "doc", "website", "www"];

#[derive(Deserialize)]
struct Manifest {
    name: Option<String>,
    version: Option<String>,
    private: Option<bool>,
    os: Option<IgnoredAny>,
    cpu: Option<IgnoredAny>,
    workspaces: Option<IgnoredAny>,
    #[serde(default)]
    dependencies: IndexMap<String, String>,
}

pub fn collect(survey: &mut Survey<'_>) {
    let mut platforms: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in survey.named("package.json") {
        let Some(manifest) = survey.read::<Manifest>(&path) else {
            continue;
        };
        let folder = folder_of(&path).to_owned();
        if manifest.version.is_none() {
            continue;
        }
        let is_private = manifest.private == Some(true);
        let is_alone = !survey.found.contains_key(&folder);
        // The builds of one package for each platform are published with it, by its own tool.
        let is_of_platform = manifest.os.is_some() && manifest.cpu.is_some();
        if let (true, Some(owner)) = (is_of_platform && is_alone, survey.owner(&folder)) {
            platforms.entry(owner).or_default().push(folder);
            continue;
        }
        let site = SiteKeys::File("package.json".into());
        if is_private && !is_alone {
            // The tools of another project's pages, mostly: its version is the project's only if it says the same.
            survey.offer(&folder, site, Rank::Mirror, Offer::IfSame);
            continue;
        }
        let is_root_of_many = folder.is_empty() && manifest.workspaces.is_some();
        let found = survey.at(&folder, &path);
        found.names.extend(manifest.name);
        found.needs.extend(needs(&manifest.dependencies, &folder));
        if is_private && (is_root_of_many || !folder.is_empty()) {
            found.private = Some("\"private\": true".into());
        } else if folder.split('/').any(|part| PAGES.contains(&part)) {
            found.private = Some("pages, not a package".into());
        }
        survey.offer(&folder, site, Rank::Manifest, Offer::Declared);
    }
    for (owner, folders) in platforms {
        let folders: Vec<&str> = folders.iter().map(String::as_str).collect();
        let folders = some(&folders, folders.len());
        let text = format!("Its builds for single platforms follow it by its own tool: {folders}.");
        survey.comment(&owner, text);
    }
}

fn needs(dependencies: &IndexMap<String, String>, folder: &str) -> Vec<Need> {
    let need = |(name, wanted): (&String, &String)| {
        if wanted.starts_with("workspace:") {
            return Some(Need::Name(name.clone()));
        }
        let path = ["file:", "link:"]
            .iter()
            .find_map(|scheme| wanted.strip_prefix(scheme))?;
        resolve(folder, path).map(Need::Folder)
    };
    dependencies.iter().filter_map(need).collect()
}
