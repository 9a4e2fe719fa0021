//! release-please: its packages are projects, its extra files are version sites, its tags are the tags.

use indexmap::IndexMap;
use monorelease_model::paths::{join, resolve};
use monorelease_model::version::Spelling;
use serde::Deserialize;

use super::paths::{below, file_name};
use super::survey::{Offer, Survey, key_site, line_pattern, pattern_site};
use crate::init::found::Rank;

const CONFIG: &str = "release-please-config.json";
const MANIFEST: &str = ".release-please-manifest.json";
/// Marks the line whose version its generic updater moves.
const MARK: &str = "x-release-please-version";

#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    packages: IndexMap<String, Settings>,
    /// What holds for a package that does not say it itself.
    #[serde(flatten)]
    shared: Settings,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Settings {
    component: Option<String>,
    package_name: Option<String>,
    include_v_in_tag: Option<bool>,
    include_component_in_tag: Option<bool>,
    tag_separator: Option<String>,
    release_type: Option<String>,
    version_file: Option<String>,
    extra_files: Option<Vec<ExtraFile>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ExtraFile {
    Path(String),
    Located {
        path: String,
        jsonpath: Option<String>,
    },
}

/// A package and what the manifest says of it.
pub struct Claim {
    folder: String,
    key: String,
}

pub fn collect(survey: &mut Survey<'_>) -> Vec<Claim> {
    let manifest: IndexMap<String, String> = survey.read(MANIFEST).unwrap_or_default();
    let Config {
        mut packages,
        shared,
    } = survey.read(CONFIG).unwrap_or_default();
    for key in manifest.keys().filter(|key| !key.starts_with('$')) {
        packages.entry(key.clone()).or_default();
    }
    let mut claims = Vec::new();
    for (key, settings) in packages {
        let Some(folder) = resolve("", &key) else {
            continue;
        };
        package(survey, &folder, &settings, &shared);
        let claimed = manifest.get(&key);
        let claimed = claimed.and_then(|version| Spelling::SemVer.read(version).ok());
        if let (Some(found), Some(version)) = (survey.found.get_mut(&folder), claimed) {
            found.claimed = Some(version);
            claims.push(Claim { folder, key });
        }
    }
    claims
}

fn package(survey: &mut Survey<'_>, folder: &str, own: &Settings, shared: &Settings) {
    let known = survey.found.get(folder);
    let known = known.and_then(|found| found.names.first().cloned());
    // The component and the name are the package's own; a default for all would be nobody's. Of a scoped name it takes what
    // stands behind the scope.
    let named = || own.package_name.clone().or(known);
    let component = own.component.clone();
    let component = component.or_else(|| Some(file_name(&named()?).to_owned()));
    let by = match survey.files.contains(CONFIG) {
        true => CONFIG,
        false => MANIFEST,
    };
    let found = survey.at(folder, by);
    found.private = None;
    if let Some(component) = &component {
        found.names.retain(|name| name != component);
        found.names.insert(0, component.clone());
    }
    let v = match own.include_v_in_tag.or(shared.include_v_in_tag) {
        Some(false) => "",
        _ => "v",
    };
    let has_component = own.include_component_in_tag;
    let has_component = has_component.or(shared.include_component_in_tag) != Some(false);
    let separator = own.tag_separator.as_ref().or(shared.tag_separator.as_ref());
    let separator = separator.map_or("-", String::as_str);
    found.tag_wish = Some(match component.filter(|_| has_component) {
        Some(component) => format!("{component}{separator}{v}{{version}}"),
        None => format!("{v}{{version}}"),
    });
    let release_type = own.release_type.as_ref().or(shared.release_type.as_ref());
    if release_type.is_some_and(|kind| kind == "simple") {
        let file = own.version_file.as_ref().or(shared.version_file.as_ref());
        let file = join(folder, file.map_or("version.txt", String::as_str));
        survey.offer_place(folder, &file, None, None, Rank::VersionFile);
    }
    let extra = own.extra_files.as_ref().or(shared.extra_files.as_ref());
    for extra in extra.into_iter().flatten() {
        let (path, jsonpath) = match extra {
            ExtraFile::Path(path) => (path, None),
            ExtraFile::Located { path, jsonpath } => (path, jsonpath.as_deref()),
        };
        extra_file(survey, folder, path, jsonpath);
    }
}

fn extra_file(survey: &mut Survey<'_>, folder: &str, path: &str, jsonpath: Option<&str>) {
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
        let text = format!("No version site: {file} means several files; name each one");
        return survey.comment(folder, text);
    }
    let declared = match jsonpath {
        Some(path) => match dotted(path) {
            Some(key) => key_site(&inner, &key),
            None => {
                let what = format!("{file} at {path}, which is no plain path of keys");
                return survey.comment(folder, format!("No version site: {what}"));
            }
        },
        None => {
            let text = (survey.tree.text)(&file).ok().flatten().unwrap_or_default();
            let Some(pattern) = marked_pattern(&text) else {
                let has_keys = [".json", ".yaml", ".yml", ".toml"]
                    .iter()
                    .any(|ending| inner.ends_with(ending));
                let version = key_site(&inner, "version");
                if !has_keys || !survey.offer(folder, version, Rank::Listed, Offer::Likely) {
                    survey.offer_place(folder, &file, None, None, Rank::Listed);
                }
                return;
            };
            pattern_site(&inner, &pattern)
        }
    };
    survey.offer(folder, declared, Rank::Listed, Offer::Declared);
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
            let text = format!(
                "{MANIFEST} holds its version as well, but lies outside of its folder, where no version site can: retire it."
            );
            survey.comment(folder, text);
        }
    }
}
