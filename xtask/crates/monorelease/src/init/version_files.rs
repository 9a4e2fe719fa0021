//! Files that hold a version and nothing else: where there is one, it is there to be the truth.

use super::paths::{file_name, folder_of};
use super::survey::{Offer, Survey, pattern_site};
use crate::config::SiteKeys;
use crate::init::found::Rank;

const NAMES: [&str; 4] = ["VERSION", "VERSION.txt", "version.txt", ".version"];

pub fn collect(survey: &mut Survey<'_>) {
    let mut paths: Vec<String> = NAMES.iter().flat_map(|name| survey.named(name)).collect();
    paths.sort_by_key(|path| path.matches('/').count());
    for path in paths {
        let folder = folder_of(&path).to_owned();
        let dockerfile = if folder.is_empty() {
            "Dockerfile".to_owned()
        } else {
            format!("{folder}/Dockerfile")
        };
        let is_known = survey.found.contains_key(&folder);
        if !is_known && !survey.files.contains(&dockerfile) {
            // Deep inside of a project it repeats the project's version, or is about something else.
            if let Some(owner) = survey.owner(&path) {
                if !repeats(survey, &owner, &path) {
                    survey.note(format!(
                        "left out: {path} says another version than the project around it, and its folder holds no manifest"
                    ));
                }
                continue;
            }
        }
        // Away from manifests only the name in capitals is sure to be meant so.
        let is_sure = is_known
            || folder.is_empty()
            || file_name(&path) == "VERSION"
            || survey.files.contains(&dockerfile);
        if !is_sure {
            continue;
        }
        let keys = site(file_name(&path));
        // What is called so and says something else makes no project.
        if !is_known && !reads(survey, &folder, &keys) {
            continue;
        }
        survey.at(&folder, &path);
        survey.offer(&folder, keys, Rank::VersionFile, Offer::Declared);
    }
}

fn site(name: &str) -> SiteKeys {
    match name {
        "VERSION" => SiteKeys::File(name.into()),
        _ => pattern_site(name, "{version}"),
    }
}

fn reads(survey: &Survey<'_>, folder: &str, keys: &SiteKeys) -> bool {
    crate::project::version_location::read_site(keys, folder)
        .is_ok_and(|site| (survey.tree.says)(&site).is_ok())
}

fn repeats(survey: &mut Survey<'_>, owner: &str, path: &str) -> bool {
    let Some(below) = super::paths::below(path, owner) else {
        return false;
    };
    let keys = match site(file_name(path)) {
        SiteKeys::File(_) => SiteKeys::File(below.to_owned()),
        SiteKeys::Place(_) => pattern_site(below, "{version}"),
    };
    survey.offer(owner, keys, Rank::Mirror, Offer::IfSame)
}
