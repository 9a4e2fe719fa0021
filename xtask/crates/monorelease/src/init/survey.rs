//! The work in progress of a discovery: which files count, what was found so far by folder, and how a site is offered.
//!
//! It knows no manifest's format but TOML and JSON as such.

use std::collections::BTreeSet;

use monorelease_model::paths::join;
use serde::de::DeserializeOwned;
use toml_edit::DocumentMut;

use super::paths::{below, file_name, folder_of};
use crate::config::{PlaceKeys, SiteKeys};
use crate::init::found::ByFolder;
use crate::init::found::Found;
use crate::init::found::FoundSite;
use crate::init::found::Rank;
use crate::init::found::Tree;
use crate::project::paths::is_within;
use crate::project::version_location::read_site;

/// Folders that hold other people's sources, or sources that are only there to be tested against or read.
const FOREIGN: [&str; 25] = [
    "node_modules",
    "vendor",
    "vendored",
    "third_party",
    "third-party",
    "thirdparty",
    "target",
    ".venv",
    "venv",
    "site-packages",
    "testdata",
    "test-data",
    "fixtures",
    "__fixtures__",
    "test",
    "tests",
    "e2e",
    "benches",
    "examples",
    "example",
    "samples",
    "demo",
    "demos",
    "template",
    "templates",
];

/// File names that make a folder look like a project.
pub const MANIFESTS: [&str; 6] = [
    "Cargo.toml",
    "pyproject.toml",
    "package.json",
    "Chart.yaml",
    "VERSION",
    "Dockerfile",
];

/// In characters: what is wrong is said in fewer, and a list of all the places helps nobody.
const LONGEST_REASON: usize = 160;

pub struct Survey<'a> {
    pub tree: &'a Tree<'a>,
    /// The files that count.
    pub files: BTreeSet<String>,
    pub found: ByFolder,
    pub remarks: Vec<String>,
    pub notes: Vec<String>,
    /// Registry files of images, as a glob.
    pub images_from: Option<String>,
}

/// How sure it is that a site belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// Somebody wrote down that the version stands there: if it cannot be read, a comment says so.
    Declared,
    /// It looks like a version of the project: if it cannot be read, it is none.
    Likely,
    /// It is a version of the project only if it says what the project says.
    IfSame,
}

impl<'a> Survey<'a> {
    pub fn of(tree: &'a Tree<'a>) -> Self {
        let mut survey = Self {
            tree,
            files: BTreeSet::new(),
            found: ByFolder::new(),
            remarks: Vec::new(),
            notes: Vec::new(),
            images_from: None,
        };
        let modules: Vec<&str> = tree
            .files
            .iter()
            .filter_map(|path| path.strip_suffix('/'))
            .collect();
        let mut foreign = Vec::new();
        for path in &tree.files {
            if path.ends_with('/')
                || path.contains(['\\', '\n', '\r'])
                || path.chars().any(char::is_control)
            {
                continue;
            }
            match folder_of(path)
                .split('/')
                .any(|part| FOREIGN.contains(&part))
            {
                true if MANIFESTS.contains(&file_name(path)) => foreign.push(path.as_str()),
                true => {}
                false => drop(survey.files.insert(path.clone())),
            }
        }
        if !foreign.is_empty() {
            let count = foreign.len();
            survey.notes.push(format!(
                "left out, since their folders hold tests, examples or other people's sources: {}",
                some(&foreign, count)
            ));
        }
        if !modules.is_empty() {
            let count = modules.len();
            survey.notes.push(format!(
                "left out, since they are repositories of their own: {}",
                some(&modules, count)
            ));
        }
        survey
    }

    /// Files of this name that count, the outermost first.
    pub fn named(&self, name: &str) -> Vec<String> {
        let mut paths: Vec<String> = self
            .files
            .iter()
            .filter(|path| file_name(path) == name)
            .cloned()
            .collect();
        paths.sort_by_key(|path| path.matches('/').count());
        paths
    }

    /// The text of a file that counts; one that cannot be read is noted.
    pub fn text(&mut self, path: &str) -> Option<String> {
        if !self.files.contains(path) {
            return None;
        }
        (self.tree.text)(path).unwrap_or_else(|why| {
            self.note(format!("left out: {why}"));
            None
        })
    }

    pub fn toml(&mut self, path: &str) -> Option<DocumentMut> {
        let text = self.text(path)?;
        match text.trim_start_matches('\u{feff}').parse() {
            Ok(document) => Some(document),
            Err(error) => {
                let why = error
                    .message()
                    .lines()
                    .next()
                    .unwrap_or("a syntax error")
                    .to_owned();
                self.note(format!("left out: {path} is no TOML: {why}"));
                None
            }
        }
    }

    pub fn json(&mut self, path: &str) -> Option<serde_json::Value> {
        let text = self.text(path)?;
        serde_json::from_str(text.trim_start_matches('\u{feff}'))
            .map_err(|error| self.note(format!("left out: {path} is no JSON: {error}")))
            .ok()
    }

    /// A TOML or JSON file that counts, as what is wanted of it; one that says it in another form is noted.
    pub fn read<T: DeserializeOwned>(&mut self, path: &str) -> Option<T> {
        let read = match path.ends_with(".json") {
            true => serde_json::from_value(self.json(path)?).map_err(|error| error.to_string()),
            false => toml_edit::de::from_document(self.toml(path)?)
                .map_err(|error| error.message().to_owned()),
        };
        read.map_err(|why| self.note(format!("left out: {path}: {why}")))
            .ok()
    }

    /// Says something beside the project of a folder, if there is one.
    pub fn comment(&mut self, folder: &str, text: impl Into<String>) {
        if let Some(found) = self.found.get_mut(folder) {
            found.comments.push(text.into());
        }
    }

    /// Says it once.
    pub fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// The project of a folder, made if there is none yet; `by` is the file that makes it one.
    pub fn at(&mut self, folder: &str, by: &str) -> &mut Found {
        let found = self.found.entry(folder.to_owned()).or_default();
        folder.clone_into(&mut found.path);
        if !found.by.iter().any(|other| other == by) {
            found.by.push(by.to_owned());
        }
        found
    }

    /// The folder of the project that a file belongs to: the longest that contains it.
    pub fn owner(&self, path: &str) -> Option<String> {
        let folders = self.found.keys().filter(|folder| is_within(path, folder));
        folders.max_by_key(|folder| folder.len()).cloned()
    }

    /// Offers a site to the project in `folder`; gives whether the project has it now.
    pub fn offer(&mut self, folder: &str, keys: SiteKeys, rank: Rank, offer: Offer) -> bool {
        let Some(found) = self.found.get(folder) else {
            return false;
        };
        let read = read_site(&keys, folder).and_then(|site| {
            let said = (self.tree.says)(&site)?;
            if said.is_empty() {
                Err(format!("{}: no version", site.file))
            } else {
                Ok((site.file, said))
            }
        });
        let (file, said) = match read {
            Ok(read) => read,
            Err(why) => {
                if offer == Offer::Declared {
                    self.refuse(folder, &keys, &why);
                }
                return false;
            }
        };
        let twin = found.sites.iter().position(|site| {
            site.file == file
                && site
                    .said
                    .iter()
                    .any(|one| said.iter().any(|two| one.start == two.start))
        });
        let truth = found.sites.iter().min_by_key(|site| site.rank);
        let differs = truth.is_some_and(|first| {
            said.iter()
                .any(|said| said.version != first.said[0].version)
        });
        let Some(found) = self.found.get_mut(folder) else {
            return false;
        };
        if let Some(place) = twin {
            found.sites[place].rank = found.sites[place].rank.min(rank);
            return true;
        }
        if offer == Offer::IfSame && differs {
            return false;
        }
        found.sites.push(FoundSite {
            keys,
            file,
            said,
            comment: None,
            rank,
        });
        true
    }

    /// A site that was written down somewhere, but cannot be read.
    fn refuse(&mut self, folder: &str, keys: &SiteKeys, why: &str) {
        let file = match keys {
            SiteKeys::File(file) => file,
            SiteKeys::Place(place) => &place.file,
        };
        let file = join(folder, file);
        let why = why.strip_prefix("versions: ").unwrap_or(why);
        let mut what = if why.contains(file.as_str()) {
            why.to_owned()
        } else {
            format!("{file}: {why}")
        };
        if let Some((end, _)) = what.char_indices().nth(LONGEST_REASON) {
            what.truncate(end);
            what.push('…');
        }
        self.note(format!("left out as a version site: {what}"));
        if let Some(found) = self.found.get_mut(folder) {
            let comment = format!("No version site: {what}");
            if !found.comments.contains(&comment) {
                found.comments.push(comment);
            }
        }
    }

    /// Offers a place where something says that the version stands: by the file's name if that is enough, else by `search`
    /// with `{version}` in it, else by the line in which `version` stands.
    pub fn offer_place(
        &mut self,
        folder: &str,
        file: &str,
        search: Option<&str>,
        version: Option<&str>,
        rank: Rank,
    ) -> bool {
        let Some(file) = below(file, folder).map(str::to_owned) else {
            self.outside(folder, file);
            return false;
        };
        let plain = SiteKeys::File(file.clone());
        let stem = search.is_none_or(|search| search == "{version}" || is_own_line(&file, search));
        if stem && self.offer(folder, plain, rank, Offer::Likely) {
            return true;
        }
        let derived = match search {
            Some(search) if search != "{version}" => Some(search.to_owned()),
            _ => version.and_then(|version| {
                let text = (self.tree.text)(&join(folder, &file)).ok()??;
                line_pattern(&text, version)
            }),
        };
        let pattern = derived.unwrap_or_else(|| "{version}".to_owned());
        self.offer(folder, pattern_site(&file, &pattern), rank, Offer::Declared)
    }

    /// Says that a site of a project cannot be written, since it lies outside of its folder.
    pub fn outside(&mut self, folder: &str, file: &str) {
        let text = format!("No version site: {file} lies outside of the project's folder");
        self.comment(folder, text);
    }
}

/// Whether a search of another tool finds the version that the file's own name already stands for.
fn is_own_line(file: &str, search: &str) -> bool {
    let line: String = search
        .chars()
        .filter(|letter| !letter.is_whitespace() && *letter != '\'')
        .collect();
    match file_name(file) {
        "Cargo.toml" | "pyproject.toml" => line.replace('"', "") == "version={version}",
        "package.json" => line.trim_end_matches(',').replace('"', "") == "version:{version}",
        "VERSION" => line == "{version}",
        name if name.ends_with(".py") => line.replace('"', "") == "__version__={version}",
        _ => false,
    }
}

/// The line that holds the version, with `{version}` in its place; `None` unless it is one line and stands there once.
pub fn line_pattern(text: &str, version: &str) -> Option<String> {
    let mut lines = text.lines().filter(|line| line.contains(version));
    let (line, None) = (lines.next()?.trim(), lines.next()) else {
        return None;
    };
    let (before, after) = line.split_once(version)?;
    (!after.contains(version) && !line.contains(['{', '}']))
        .then(|| format!("{before}{{version}}{after}"))
}

pub fn pattern_site(file: &str, pattern: &str) -> SiteKeys {
    SiteKeys::Place(PlaceKeys {
        file: file.to_owned(),
        key: None,
        pattern: Some(pattern.to_owned()),
    })
}

pub fn key_site(file: &str, key: &str) -> SiteKeys {
    SiteKeys::Place(PlaceKeys {
        file: file.to_owned(),
        key: Some(key.to_owned()),
        pattern: None,
    })
}

/// The first few of many.
pub fn some(all: &[&str], count: usize) -> String {
    const SHOWN: usize = 6;
    let shown = all
        .iter()
        .take(SHOWN)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    if count > SHOWN {
        format!("{shown} and {} more", count - SHOWN)
    } else {
        shown
    }
}
