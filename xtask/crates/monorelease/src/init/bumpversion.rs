//! bumpversion, bump2version and bump-my-version: the files they move are version sites, their tag name is the tag.

use monorelease_model::paths::resolve;
use monorelease_model::version::{Spelling, Version};
use toml_edit::{DocumentMut, Item};

use super::paths::folder_of;
use super::survey::{Offer, Survey, key_site, pattern_site};
use crate::config::SiteKeys;
use crate::init::found::Rank;

/// What one configuration says.
#[derive(Default)]
struct Settings {
    current: String,
    tag_name: Option<String>,
    search: Option<String>,
    /// Each with its own search.
    files: Vec<(String, Option<String>)>,
    /// Where `current_version` itself stands.
    record: Option<SiteKeys>,
}

pub fn collect(survey: &mut Survey<'_>) {
    for name in [
        ".bumpversion.cfg",
        "setup.cfg",
        ".bumpversion.toml",
        "pyproject.toml",
    ] {
        for path in survey.named(name) {
            let settings = match name.ends_with(".toml") {
                true => survey
                    .toml(&path)
                    .and_then(|document| from_toml(&document, name)),
                false => survey.text(&path).and_then(|text| from_ini(&text, name)),
            };
            if let Some(settings) = settings {
                apply(survey, &path, settings);
            }
        }
    }
}

fn apply(survey: &mut Survey<'_>, path: &str, settings: Settings) {
    let folder = folder_of(path).to_owned();
    let claimed = read(&settings.current);
    let found = survey.at(&folder, path);
    found.private = None;
    found.claimed = claimed;
    found.tag_wish = settings
        .tag_name
        .map(|name| name.replace("{new_version}", "{version}"))
        .filter(|name| !name.contains("{new"));
    for (file, search) in &settings.files {
        if file.contains(['*', '?']) {
            found_comment(
                survey,
                &folder,
                format!("No version site: {file} may mean several files; name each one"),
            );
            continue;
        }
        let Some(file) = resolve(&folder, file) else {
            continue;
        };
        let search = search
            .as_ref()
            .or(settings.search.as_ref())
            .map(|search| search.replace("{current_version}", "{version}"));
        let is_simple = search.as_ref().is_none_or(|search| {
            search.matches("{version}").count() == 1 && !search.contains("{current")
        });
        match is_simple {
            true => {
                survey.offer_place(
                    &folder,
                    &file,
                    search.as_deref(),
                    Some(&settings.current),
                    Rank::Listed,
                );
            }
            false => found_comment(
                survey,
                &folder,
                format!("No version site: {file}, whose search is no text around one version"),
            ),
        }
    }
    if let Some(record) = settings.record {
        survey.offer(&folder, record, Rank::Record, Offer::Likely);
    }
}

fn found_comment(survey: &mut Survey<'_>, folder: &str, text: String) {
    if let Some(found) = survey.found.get_mut(folder) {
        found.comments.push(text);
    }
}

fn read(text: &str) -> Option<Version> {
    [Spelling::SemVer, Spelling::Pep440]
        .iter()
        .find_map(|spelling| spelling.read(text).ok())
}

fn from_toml(document: &DocumentMut, name: &str) -> Option<Settings> {
    let table = document.get("tool")?.get("bumpversion")?;
    let word = |item: &Item, key: &str| item.get(key).and_then(Item::as_str).map(str::to_owned);
    let mut settings = Settings {
        current: word(table, "current_version")
            .or_else(|| word(document.get("project")?, "version"))?,
        tag_name: word(table, "tag_name"),
        search: word(table, "search"),
        record: table
            .get("current_version")
            .map(|_| key_site(name, "tool.bumpversion.current_version")),
        ..Settings::default()
    };
    let files = table.get("files");
    let tables = files
        .and_then(Item::as_array_of_tables)
        .into_iter()
        .flatten();
    let inline = files
        .and_then(Item::as_array)
        .into_iter()
        .flatten()
        .filter_map(|value| value.as_inline_table());
    let text = |table: &dyn toml_edit::TableLike, key: &str| {
        table.get(key).and_then(Item::as_str).map(str::to_owned)
    };
    let mut add = |table: &dyn toml_edit::TableLike| {
        settings
            .files
            .extend(text(table, "filename").map(|file| (file, text(table, "search"))))
    };
    tables.for_each(|table| add(table));
    inline.for_each(|table| add(table));
    Some(settings)
}

/// The INI form: `[bumpversion]`, and `[bumpversion:file:PATH]` or `[bumpversion:file(SUFFIX):PATH]` for each file.
fn from_ini(text: &str, file: &str) -> Option<Settings> {
    let mut settings = Settings::default();
    let mut section = String::new();
    let mut key = String::new();
    for line in text
        .lines()
        .filter(|line| !line.trim_start().starts_with(['#', ';']))
    {
        if let Some(head) = line
            .strip_prefix('[')
            .and_then(|rest| rest.trim_end().strip_suffix(']'))
        {
            head.clone_into(&mut section);
            key.clear();
            let file = head
                .strip_prefix("bumpversion:file")
                .and_then(|rest| rest.split_once(':'));
            settings
                .files
                .extend(file.map(|(_, file)| (file.trim().to_owned(), None)));
            continue;
        }
        let is_file = section.starts_with("bumpversion:file");
        if !is_file && section != "bumpversion" {
            continue;
        }
        // A line that is moved in goes on with the value before.
        if line.starts_with([' ', '\t']) && !line.trim().is_empty() {
            let search = settings
                .files
                .last_mut()
                .and_then(|(_, search)| search.as_mut());
            if let (true, "search", Some(search)) = (is_file, key.as_str(), search) {
                search.push('\n');
                search.push_str(line.trim());
            }
            continue;
        }
        let Some((name, value)) = line.split_once('=') else {
            continue;
        };
        name.trim().clone_into(&mut key);
        let value = value.trim().replace("%%", "%");
        match (is_file, key.as_str()) {
            (true, "search") => drop(
                settings
                    .files
                    .last_mut()
                    .map(|(_, search)| *search = Some(value)),
            ),
            (false, "current_version") => {
                settings.record = Some(pattern_site(
                    file,
                    &line.trim_end().replace(&value, "{version}"),
                ));
                settings.current = value;
            }
            (false, "tag_name") => settings.tag_name = Some(value),
            (false, "search") => settings.search = Some(value),
            _ => {}
        }
    }
    (!settings.current.is_empty()).then_some(settings)
}
