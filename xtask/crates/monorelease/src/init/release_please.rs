//! release-please: its packages are projects, its extra files are version sites, its tags are the tags.

use monorelease_model::paths::{join, resolve};
use monorelease_model::version::Spelling;
use serde_json::Value;

use super::paths::{below, file_name};
use super::survey::{Offer, Survey, key_site, line_pattern, pattern_site};
use crate::init::found::Rank;

const CONFIG: &str = "release-please-config.json";
const MANIFEST: &str = ".release-please-manifest.json";
/// Marks the line whose version its generic updater moves.
const MARK: &str = "x-release-please-version";

/// A package and what the manifest says of it.
pub struct Claim {
    folder: String,
    key: String,
}

pub fn collect(survey: &mut Survey<'_>) -> Vec<Claim> {
    let manifest = survey.json(MANIFEST).unwrap_or_default();
    let config = survey.json(CONFIG).unwrap_or_default();
    let none = serde_json::Map::new();
    let packages = config
        .get("packages")
        .and_then(Value::as_object)
        .unwrap_or(&none);
    let mut keys: Vec<&String> = packages.keys().collect();
    keys.extend(
        manifest
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, _)| key)
            .filter(|key| !packages.contains_key(*key)),
    );
    let mut claims = Vec::new();
    for key in keys {
        let Some(folder) = resolve("", key) else {
            continue;
        };
        let settings = packages.get(key).cloned().unwrap_or_default();
        package(survey, &folder, &settings, &config);
        let claimed = manifest
            .get(key)
            .and_then(Value::as_str)
            .and_then(|version| Spelling::SemVer.read(version).ok());
        if let (Some(found), Some(version)) = (survey.found.get_mut(&folder), claimed) {
            found.claimed = Some(version);
            claims.push(Claim {
                folder,
                key: key.clone(),
            });
        }
    }
    claims
}

fn package(survey: &mut Survey<'_>, folder: &str, settings: &Value, config: &Value) {
    let setting = |key: &str| settings.get(key).or_else(|| config.get(key));
    let word = |key: &str| setting(key).and_then(Value::as_str);
    let flag = |key: &str| setting(key).and_then(Value::as_bool);
    let known = survey
        .found
        .get(folder)
        .and_then(|found| found.names.first().cloned());
    // The component and the name are the package's own; a default for all would be nobody's.
    let own = |key: &str| settings.get(key).and_then(Value::as_str).map(str::to_owned);
    // Of a scoped name it takes what stands behind the scope.
    let component = own("component").or_else(|| {
        own("package-name")
            .or(known)
            .map(|name| file_name(&name).to_owned())
    });
    let by = if survey.files.contains(CONFIG) {
        CONFIG
    } else {
        MANIFEST
    };
    let found = survey.at(folder, by);
    found.private = None;
    if let Some(component) = &component {
        found.names.retain(|name| name != component);
        found.names.insert(0, component.clone());
    }
    let v = if flag("include-v-in-tag") == Some(false) {
        ""
    } else {
        "v"
    };
    found.tag_wish = match (flag("include-component-in-tag"), &component) {
        (Some(false), _) | (_, None) => Some(format!("{v}{{version}}")),
        (_, Some(component)) => Some(format!(
            "{component}{}{v}{{version}}",
            word("tag-separator").unwrap_or("-")
        )),
    };
    if word("release-type") == Some("simple") {
        let file = word("version-file").unwrap_or("version.txt").to_owned();
        survey.offer_place(folder, &join(folder, &file), None, None, Rank::VersionFile);
    }
    for extra in settings
        .get("extra-files")
        .or_else(|| config.get("extra-files"))
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        extra_file(survey, folder, extra);
    }
}

fn extra_file(survey: &mut Survey<'_>, folder: &str, extra: &Value) {
    let Some(path) = extra.as_str().or_else(|| extra.get("path")?.as_str()) else {
        return;
    };
    // With a slash before it, it is a path of the repository; else of the package.
    let file = match path.strip_prefix('/') {
        Some(path) => resolve("", path),
        None => resolve(folder, path),
    };
    let Some(file) = file else { return };
    let Some(inner) = below(&file, folder).map(str::to_owned) else {
        return survey.outside(folder, &file);
    };
    if file.contains('*') {
        return remark(
            survey,
            folder,
            &format!("No version site: {file} means several files; name each one"),
        );
    }
    let path = extra.get("jsonpath").and_then(Value::as_str);
    let by_ending = [".json", ".yaml", ".yml", ".toml"]
        .iter()
        .any(|ending| inner.ends_with(ending));
    match path {
        Some(path) => match dotted(path) {
            Some(key) => {
                survey.offer(
                    folder,
                    key_site(&inner, &key),
                    Rank::Listed,
                    Offer::Declared,
                );
            }
            None => remark(
                survey,
                folder,
                &format!("No version site: {file} at {path}, which is no plain path of keys"),
            ),
        },
        None => {
            let text = (survey.tree.text)(&file).ok().flatten().unwrap_or_default();
            let marked = marked_pattern(&text);
            match marked {
                Some(pattern) => {
                    survey.offer(
                        folder,
                        pattern_site(&inner, &pattern),
                        Rank::Listed,
                        Offer::Declared,
                    );
                }
                None if by_ending
                    && survey.offer(
                        folder,
                        key_site(&inner, "version"),
                        Rank::Listed,
                        Offer::Likely,
                    ) => {}
                None => {
                    survey.offer_place(folder, &file, None, None, Rank::Listed);
                }
            }
        }
    }
}

fn remark(survey: &mut Survey<'_>, folder: &str, text: &str) {
    if let Some(found) = survey.found.get_mut(folder) {
        found.comments.push(text.to_owned());
    }
}

/// `$.a.b` and `$['a']["b"]` as a dotted path of keys; `None` for what selects or searches.
fn dotted(path: &str) -> Option<String> {
    let path = path
        .strip_prefix('$')?
        .replace("['", ".")
        .replace("[\"", ".")
        .replace("']", "")
        .replace("\"]", "")
        .replace('[', ".")
        .replace(']', "");
    let path = path.strip_prefix('.')?.to_owned();
    let is_plain = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_'))
    };
    path.split('.').all(is_plain).then_some(path)
}

/// The line that carries the mark, around the version in it.
fn marked_pattern(text: &str) -> Option<String> {
    let mut lines = text.lines().filter(|line| line.contains(MARK));
    let (line, None) = (lines.next()?, lines.next()) else {
        return None;
    };
    let start = line.char_indices().map(|(at, _)| at).find(|&at| {
        line[at..].starts_with(|c: char| c.is_ascii_digit())
            && line[at..]
                .split('.')
                .take(3)
                .filter(|part| part.starts_with(|c: char| c.is_ascii_digit()))
                .count()
                == 3
    })?;
    let length = line[start..]
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+')))?;
    line_pattern(text, &line[start..start + length])
}

/// Its own record of the versions: kept in step as long as it is there.
pub fn record(survey: &mut Survey<'_>, claims: &[Claim]) {
    for Claim { folder, key } in claims {
        if folder.is_empty() {
            let spaced = [": ", ":", " : "].map(|colon| format!("\"{key}\"{colon}\"{{version}}\""));
            spaced.iter().any(|pattern| {
                survey.offer(
                    "",
                    pattern_site(MANIFEST, pattern),
                    Rank::Record,
                    Offer::Likely,
                )
            });
        } else {
            remark(
                survey,
                folder,
                &format!(
                    "{MANIFEST} holds its version as well, but lies outside of its folder, where no version site can: retire it."
                ),
            );
        }
    }
}
