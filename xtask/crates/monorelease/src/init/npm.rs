//! package.json: a project where it has a name and a version and is meant for others.

use std::collections::BTreeMap;

use monorelease_model::paths::resolve;

use super::paths::folder_of;
use super::survey::{Offer, Survey, some};
use crate::config::SiteKeys;
use crate::init::found::Need;
use crate::init::found::Rank;

/// Folders of documentation and web sites.
const PAGES: [&str; 4] = ["docs", "doc", "website", "www"];

pub fn collect(survey: &mut Survey<'_>) {
    let mut platforms: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in survey.named("package.json") {
        let Some(manifest) = survey.json(&path) else {
            continue;
        };
        let folder = folder_of(&path).to_owned();
        let word = |key: &str| {
            manifest
                .get(key)
                .and_then(|value| value.as_str())
                .map(str::to_owned)
        };
        if word("version").is_none() {
            continue;
        }
        let is_private = manifest.get("private").and_then(|value| value.as_bool()) == Some(true);
        let is_alone = !survey.found.contains_key(&folder);
        // The builds of one package for each platform are published with it, by its own tool.
        let is_of_platform = manifest.get("os").is_some() && manifest.get("cpu").is_some();
        if let (true, Some(owner)) = (is_of_platform && is_alone, survey.owner(&folder)) {
            platforms.entry(owner).or_default().push(folder);
            continue;
        }
        if is_private && !is_alone {
            // The tools of another project's pages, mostly: its version is the project's only if it says the same.
            survey.offer(
                &folder,
                SiteKeys::File("package.json".into()),
                Rank::Mirror,
                Offer::IfSame,
            );
            continue;
        }
        let is_root_of_many = folder.is_empty() && manifest.get("workspaces").is_some();
        let needs = needs(&manifest, &folder);
        let found = survey.at(&folder, &path);
        found.names.extend(word("name"));
        found.needs.extend(needs);
        if is_private && (is_root_of_many || !folder.is_empty()) {
            found.private = Some("\"private\": true".into());
        } else if folder.split('/').any(|part| PAGES.contains(&part)) {
            found.private = Some("pages, not a package".into());
        }
        survey.offer(
            &folder,
            SiteKeys::File("package.json".into()),
            Rank::Manifest,
            Offer::Declared,
        );
    }
    for (owner, folders) in platforms {
        let folders: Vec<&str> = folders.iter().map(String::as_str).collect();
        if let Some(found) = survey.found.get_mut(&owner) {
            found.comments.push(format!(
                "Its builds for single platforms follow it by its own tool: {}.",
                some(&folders, folders.len())
            ));
        }
    }
}

fn needs(manifest: &serde_json::Value, folder: &str) -> Vec<Need> {
    let entries = manifest
        .get("dependencies")
        .and_then(|value| value.as_object())
        .into_iter()
        .flatten();
    let need = |(name, wanted): (&String, &serde_json::Value)| {
        let wanted = wanted.as_str()?;
        if wanted.starts_with("workspace:") {
            return Some(Need::Name(name.clone()));
        }
        let path = ["file:", "link:"]
            .iter()
            .find_map(|scheme| wanted.strip_prefix(scheme))?;
        resolve(folder, path).map(Need::Folder)
    };
    entries.filter_map(need).collect()
}
