//! Helm charts: the version of the application that a project's chart installs, and the chart's own.

use super::paths::{below, folder_of, plain_name};
use super::survey::{Offer, Survey, key_site};
use crate::config::SiteKeys;
use crate::init::found::Rank;

pub fn collect(survey: &mut Survey<'_>) {
    let paths = survey.named("Chart.yaml");
    let folders: Vec<String> = paths
        .iter()
        .map(|path| folder_of(path).to_owned())
        .collect();
    for path in paths {
        let folder = folder_of(&path);
        // `helm dependency build` puts the charts of others there.
        if folders.iter().any(|parent| {
            parent != folder
                && below(folder, parent).is_some_and(|rest| rest.starts_with("charts/"))
        }) {
            continue;
        }
        let Some(text) = survey.text(&path) else {
            continue;
        };
        chart(survey, &path, &text);
    }
}

fn chart(survey: &mut Survey<'_>, path: &str, text: &str) {
    let name = top_level(text, "name")
        .map(|name| plain_name(&name))
        .unwrap_or_default();
    let namesake = survey
        .found
        .values()
        .find(|found| found.names.iter().any(|other| plain_name(other) == name));
    let namesake = namesake.map(|found| found.path.clone());
    let owner = survey.owner(path);
    match (owner, namesake) {
        // Another project's chart, in a folder that is not below that project.
        (_, Some(namesake)) if below(path, &namesake).is_none() => {
            survey.remarks.push(format!("{path} is the chart of {name}, but lies outside of its folder, where no version site can."));
        }
        (_, Some(owner)) | (Some(owner), None) => of_project(survey, &owner, path, text, &name),
        (None, None) => alone(survey, path, text, &name),
    }
}

/// A chart inside of a project: it installs that project.
fn of_project(survey: &mut Survey<'_>, owner: &str, path: &str, text: &str, name: &str) {
    let Some(file) = below(path, owner).map(str::to_owned) else {
        return;
    };
    let is_namesake = survey
        .found
        .get(owner)
        .is_some_and(|found| found.names.iter().any(|other| plain_name(other) == name));
    // A chart of another name may install something else, such as a database: a version of that must never be overwritten.
    let is_sure = is_namesake || survey.named("Chart.yaml").len() == 1;
    if let Some(version) = top_level(text, "appVersion") {
        let offer = if is_sure {
            Offer::Declared
        } else {
            Offer::IfSame
        };
        let is_site = survey.offer(owner, key_site(&file, "appVersion"), Rank::Mirror, offer);
        if !is_site && !is_sure {
            survey.comment(owner, format!("{path} installs {version} of {name}: if that is this project, add its key appVersion."));
        }
    }
    let Some(version) = top_level(text, "version") else {
        return;
    };
    let is_site = survey.offer(
        owner,
        key_site(&file, "version"),
        Rank::Mirror,
        Offer::IfSame,
    );
    if !is_site {
        survey.comment(
            owner,
            format!("{path} has a version of its own, {version}: it is no site of this project."),
        );
    }
}

/// A chart of something that is not in this tree, or of several projects: released by its own version.
fn alone(survey: &mut Survey<'_>, path: &str, text: &str, name: &str) {
    if top_level(text, "version").is_none() {
        return;
    }
    let folder = folder_of(path).to_owned();
    survey.at(&folder, path).names.push(name.to_owned());
    let site = SiteKeys::File("Chart.yaml".into());
    if !survey.offer(&folder, site, Rank::Manifest, Offer::Likely) {
        survey.offer(
            &folder,
            key_site("Chart.yaml", "version"),
            Rank::Manifest,
            Offer::Declared,
        );
    }
}

/// A plain value at the top of a YAML text. What a version site says is read by others; this is for names.
pub fn top_level(text: &str, key: &str) -> Option<String> {
    let mut values = text.lines().filter_map(|line| {
        let value = line
            .strip_prefix(key)?
            .trim_start()
            .strip_prefix(':')?
            .trim();
        let value = value
            .split(" #")
            .next()
            .unwrap_or(value)
            .trim()
            .trim_matches(['"', '\'']);
        (!value.is_empty()).then(|| value.to_owned())
    });
    values.next()
}
