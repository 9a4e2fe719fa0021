//! package.json: a project where it has a name and a version and is meant for others.

use super::paths::{folder_of, resolve};
use super::survey::{Offer, Survey};
use super::{Need, Rank};
use crate::model::config::SiteKeys;

pub fn collect(survey: &mut Survey<'_>) {
    for path in survey.named("package.json") {
        let Some(manifest) = survey.json(&path) else { continue };
        let folder = folder_of(&path).to_owned();
        let word = |key: &str| manifest.get(key).and_then(|value| value.as_str()).map(str::to_owned);
        if word("version").is_none() {
            continue;
        }
        let is_private = manifest.get("private").and_then(|value| value.as_bool()) == Some(true);
        let is_alone = !survey.found.contains_key(&folder);
        if is_private && !is_alone {
            // The tools of another project's pages, mostly: its version is the project's only if it says the same.
            survey.offer(&folder, SiteKeys::File("package.json".into()), Rank::Mirror, Offer::IfSame);
            continue;
        }
        let is_root_of_many = folder.is_empty() && manifest.get("workspaces").is_some();
        let needs = needs(&manifest, &folder);
        let found = survey.at(&folder, &path);
        found.names.extend(word("name"));
        found.needs.extend(needs);
        if is_private && (is_root_of_many || !folder.is_empty()) {
            found.private = Some("\"private\": true".into());
        }
        survey.offer(&folder, SiteKeys::File("package.json".into()), Rank::Manifest, Offer::Declared);
    }
}

fn needs(manifest: &serde_json::Value, folder: &str) -> Vec<Need> {
    let entries = manifest.get("dependencies").and_then(|value| value.as_object()).into_iter().flatten();
    let need = |(name, wanted): (&String, &serde_json::Value)| {
        let wanted = wanted.as_str()?;
        if wanted.starts_with("workspace:") {
            return Some(Need::Name(name.clone()));
        }
        let path = ["file:", "link:"].iter().find_map(|scheme| wanted.strip_prefix(scheme))?;
        resolve(folder, path).map(Need::Folder)
    };
    entries.filter_map(need).collect()
}
