//! pyproject.toml, setup.cfg and setup.py: a project where they name a package, and what it is built of.
//!
//! Where its version stands is looked for in `python_version`.

pub mod version;

use monorelease_model::paths::{join, resolve};
use toml_edit::{DocumentMut, Item};

use super::paths::folder_of;
use super::survey::{Offer, Survey, line_pattern, pattern_site};
use crate::config::SiteKeys;
use crate::init::found::Need;
use crate::init::found::Rank;

pub fn collect(survey: &mut Survey<'_>) {
    for path in survey.named("pyproject.toml") {
        if let Some(manifest) = survey.toml(&path) {
            pyproject(survey, &path, &manifest);
        }
    }
    for name in ["setup.cfg", "setup.py"] {
        for path in survey.named(name) {
            setup(survey, &path);
        }
    }
}

/// A value below the keys.
pub fn at<'d>(document: &'d DocumentMut, keys: &[&str]) -> Option<&'d Item> {
    keys.iter()
        .try_fold(document.as_item(), |item, key| item.get(key))
}

pub fn word<'d>(document: &'d DocumentMut, keys: &[&str]) -> Option<&'d str> {
    at(document, keys)?.as_str()
}

fn pyproject(survey: &mut Survey<'_>, path: &str, manifest: &DocumentMut) {
    let poetry = word(manifest, &["tool", "poetry", "name"]);
    let Some(name) = word(manifest, &["project", "name"])
        .or(poetry)
        .map(str::to_owned)
    else {
        return;
    };
    let folder = folder_of(path).to_owned();
    let is_maturin = word(manifest, &["build-system", "build-backend"]) == Some("maturin");
    if is_maturin && binds_a_shared_version(survey, &folder, path, manifest) {
        return;
    }
    let needs = needs(manifest, &folder);
    let crate_folder = word(manifest, &["tool", "maturin", "manifest-path"])
        .and_then(|path| resolve(&folder, path));
    let inner = crate_folder
        .map(|path| folder_of(&path).to_owned())
        .filter(|inner| is_maturin && *inner != folder);
    let inner = inner.and_then(|inner| survey.found.remove(&inner));
    let found = survey.at(&folder, path);
    match is_maturin {
        // The wheel is what others install; the crate below it is its inside.
        true => found.names.insert(0, name.clone()),
        false => found.names.push(name.clone()),
    }
    found.needs.extend(needs);
    found.is_python = !is_maturin && at(manifest, &["build-system"]).is_some();
    match at(manifest, &["tool", "uv", "package"]).and_then(Item::as_bool) {
        Some(false) => found.private = Some("tool.uv.package = false".into()),
        _ if is_maturin => found.private = None,
        _ => {}
    }
    if is_maturin {
        found.wheel = Some(Vec::new());
    }
    if let Some(inner) = inner {
        found.names.extend(inner.names);
        found.needs.extend(inner.needs);
        found.covers.push(inner.path);
        for site in inner.sites {
            survey.offer_place(&folder, &site.file, None, None, Rank::Manifest);
        }
    }
    version::collect(survey, &folder, manifest, &name);
}

/// A Python face of a crate whose version is the workspace's: no project of its own, since the version stands elsewhere.
fn binds_a_shared_version(
    survey: &mut Survey<'_>,
    folder: &str,
    path: &str,
    manifest: &DocumentMut,
) -> bool {
    let whole = survey
        .found
        .values()
        .find(|found| found.covers.iter().any(|cover| cover == folder) && found.path != folder);
    let Some(root) = whole.map(|found| found.path.clone()) else {
        return false;
    };
    if at(manifest, &["project", "version"]).is_some() {
        survey.offer_place(&root, path, None, None, Rank::Mirror);
    }
    survey.comment(&root, format!("{folder} makes a wheel of this version by maturin; `wheel` builds in the project's own folder."));
    true
}

/// Packages of the repository that its dependencies are taken from, by the tables of uv and Poetry.
fn needs(manifest: &DocumentMut, folder: &str) -> Vec<Need> {
    let mut needs = Vec::new();
    let tables = [
        &["tool", "uv", "sources"][..],
        &["tool", "poetry", "dependencies"],
    ];
    for (name, source) in tables
        .iter()
        .filter_map(|keys| at(manifest, keys)?.as_table_like())
        .flat_map(|table| table.iter())
    {
        let path = source
            .get("path")
            .and_then(Item::as_str)
            .and_then(|path| resolve(folder, path));
        match source.get("workspace").and_then(Item::as_bool) {
            Some(true) => needs.push(Need::Name(name.to_owned())),
            _ => needs.extend(path.map(Need::Folder)),
        }
    }
    needs
}

/// The older files, as far as they say name and version in plain words.
fn setup(survey: &mut Survey<'_>, path: &str) {
    let Some(text) = survey.text(path) else {
        return;
    };
    let folder = folder_of(path).to_owned();
    let (Some(name), version) = (assigned(&text, "name"), assigned(&text, "version")) else {
        return;
    };
    let is_known = survey
        .found
        .get(&folder)
        .is_some_and(|found| !found.sites.is_empty());
    let found = survey.at(&folder, path);
    if !found.names.contains(&name) {
        found.names.push(name.clone());
    }
    found.is_python |= !is_known;
    let Some(version) = version else { return };
    let file = path.rsplit('/').next().unwrap_or(path);
    let attribute = version.strip_prefix("attr:").map(str::trim);
    match (attribute, version.strip_prefix("file:").map(str::trim)) {
        (Some(attribute), _) => version::attribute(survey, &folder, attribute, &["", "src"]),
        (None, Some(other)) => {
            survey.offer_place(&folder, &join(&folder, other), None, None, Rank::Manifest);
        }
        (None, None) => {
            if let Some(pattern) = line_pattern(&text, &version) {
                survey.offer(
                    &folder,
                    pattern_site(file, &pattern),
                    Rank::Manifest,
                    Offer::Likely,
                );
            }
        }
    }
    if !is_known {
        version::mirrors(survey, &folder, &name, &["", "src"]);
    }
}

/// What `key = value` or `key="value"` says at the start of a line; nothing where it is computed.
fn assigned(text: &str, key: &str) -> Option<String> {
    let mut values = text.lines().filter_map(|line| {
        let value = line
            .trim()
            .strip_prefix(key)?
            .trim_start()
            .strip_prefix('=')?
            .trim()
            .trim_end_matches(',');
        let plain = value.trim_matches(['"', '\'']);
        let is_plain = !plain.is_empty() && !plain.contains(['(', ')', '{', '}', '[', '"', '\'']);
        // In setup.py a bare word is a variable.
        let is_quoted = value.starts_with(['"', '\'']) || line.starts_with(key);
        (is_plain && is_quoted).then(|| plain.to_owned())
    });
    values.next()
}

/// The site of a manifest's own version.
pub fn manifest_site() -> SiteKeys {
    SiteKeys::File("pyproject.toml".into())
}
