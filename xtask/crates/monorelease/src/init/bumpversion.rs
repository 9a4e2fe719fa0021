//! bumpversion, bump2version and bump-my-version: the files they move are version sites, their tag name is the tag.

use monorelease_model::paths::resolve;
use monorelease_model::version::{Spelling, Version};
use serde::Deserialize;

use super::paths::{file_name, folder_of};
use super::survey::{Offer, Survey, key_site, pattern_site};
use crate::config::SiteKeys;
use crate::init::found::Rank;

/// What one configuration says, in either form.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Settings {
    current_version: Option<String>,
    tag_name: Option<String>,
    search: Option<String>,
    files: Vec<File>,
    /// The line of the INI form that holds the current version, as a pattern.
    #[serde(skip)]
    record: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct File {
    filename: Option<String>,
    search: Option<String>,
}

/// `.bumpversion.toml`, or a pyproject.toml, whose `project.version` counts where the tool has none of its own.
#[derive(Deserialize)]
struct Toml {
    #[serde(default)]
    tool: Tools,
    project: Option<Project>,
}

#[derive(Default, Deserialize)]
struct Tools {
    bumpversion: Option<Settings>,
}

#[derive(Deserialize)]
struct Project {
    version: Option<String>,
}

pub fn collect(survey: &mut Survey<'_>) {
    for name in [
        ".bumpversion.cfg",
        "setup.cfg",
        ".bumpversion.toml",
        "pyproject.toml",
    ] {
        for path in survey.named(name) {
            match name.ends_with(".toml") {
                true => toml(survey, &path),
                false => ini(survey, &path),
            };
        }
    }
}

fn toml(survey: &mut Survey<'_>, path: &str) -> Option<()> {
    let Toml { tool, project } = survey.read(path)?;
    let settings = tool.bumpversion?;
    let own = settings.current_version.clone();
    let key = key_site(file_name(path), "tool.bumpversion.current_version");
    let record = own.is_some().then_some(key);
    let current = own.or_else(|| project?.version)?;
    apply(survey, path, &settings, &current, record);
    Some(())
}

fn ini(survey: &mut Survey<'_>, path: &str) -> Option<()> {
    let settings = from_ini(&survey.text(path)?);
    let record = settings.record.as_ref();
    let record = record.map(|pattern| pattern_site(file_name(path), pattern));
    let current = settings.current_version.as_ref()?;
    apply(survey, path, &settings, current, record);
    Some(())
}

/// `current` is the version before the next bump, and `record` where it is written in the configuration.
fn apply(
    survey: &mut Survey<'_>,
    path: &str,
    settings: &Settings,
    current: &str,
    record: Option<SiteKeys>,
) {
    let folder = folder_of(path).to_owned();
    let found = survey.at(&folder, path);
    found.private = None;
    found.claimed = read(current);
    found.tag_wish = settings
        .tag_name
        .as_ref()
        .map(|name| name.replace("{new_version}", "{version}"))
        .filter(|name| !name.contains("{new"));
    for File { filename, search } in &settings.files {
        let Some(file) = filename else { continue };
        if file.contains(['*', '?']) {
            let text = format!("No version site: {file} may mean several files; name each one");
            survey.comment(&folder, text);
            continue;
        }
        let Some(file) = resolve(&folder, file) else {
            continue;
        };
        let search = search.as_ref().or(settings.search.as_ref());
        let search = search.map(|search| search.replace("{current_version}", "{version}"));
        let is_simple = search.as_ref().is_none_or(|search| {
            search.matches("{version}").count() == 1 && !search.contains("{current")
        });
        match is_simple {
            true => {
                let search = search.as_deref();
                survey.offer_place(&folder, &file, search, Some(current), Rank::Listed);
            }
            false => survey.comment(
                &folder,
                format!("No version site: {file}, whose search is no text around one version"),
            ),
        }
    }
    if let Some(record) = record {
        survey.offer(&folder, record, Rank::Record, Offer::Likely);
    }
}

fn read(text: &str) -> Option<Version> {
    [Spelling::SemVer, Spelling::Pep440]
        .iter()
        .find_map(|spelling| spelling.read(text).ok())
}

/// The INI form: `[bumpversion]`, and `[bumpversion:file:PATH]` or `[bumpversion:file(SUFFIX):PATH]` for each file.
fn from_ini(text: &str) -> Settings {
    let mut settings = Settings::default();
    let mut section = String::new();
    let is_comment = |line: &&str| line.trim_start().starts_with(['#', ';']);
    // A search goes on in lines that are moved in.
    let mut is_search = false;
    for line in text.lines().filter(|line| !is_comment(line)) {
        if let Some(head) = line.trim_end().strip_prefix('[') {
            head.trim_end_matches(']').clone_into(&mut section);
            let file = section.strip_prefix("bumpversion:file");
            settings.files.extend(file.and_then(|rest| {
                let filename = Some(rest.split_once(':')?.1.trim().to_owned());
                Some(File {
                    filename,
                    search: None,
                })
            }));
            is_search = false;
            continue;
        }
        let is_file = section.starts_with("bumpversion:file");
        let of_file = settings.files.last_mut().filter(|_| is_file);
        if line.starts_with([' ', '\t']) && !line.trim().is_empty() {
            let search = of_file.and_then(|file| file.search.as_mut());
            if let Some(search) = search.filter(|_| is_search) {
                search.push('\n');
                search.push_str(line.trim());
            }
            continue;
        }
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        let value = value.trim().replace("%%", "%");
        is_search = key.trim() == "search";
        match (of_file, key.trim()) {
            (Some(file), "search") => file.search = Some(value),
            (None, _) if section != "bumpversion" => {}
            (None, "current_version") => {
                settings.record = Some(line.trim_end().replace(&value, "{version}"));
                settings.current_version = Some(value);
            }
            (None, "tag_name") => settings.tag_name = Some(value),
            (None, "search") => settings.search = Some(value),
            _ => {}
        }
    }
    settings.current_version = settings.current_version.filter(|text| !text.is_empty());
    settings
}
