//! Projects: what the keys of the configuration mean together, and what contradicts itself.

pub mod alias;
pub mod environment_words;
pub mod folders;
pub mod image;
pub mod images_from;
mod names;
pub mod paths;
pub mod registered;
pub mod registry_rules;
pub mod version_location;

use crate::project::paths::clean_path;
use crate::project::paths::is_within;
use std::collections::{HashMap, HashSet};

use monorelease_model::image::Repository;
use monorelease_model::tag::{Owners, TagPattern};

use crate::config::{Config, ProjectKeys, suggestion};
use crate::fault::Fault;

use image::ImageTarget;
use registered::Registered;
use version_location::{Site, read_site};

/// One independently released part of the monorepo.
#[derive(Debug, Clone)]
pub struct Project {
    pub name: String,
    /// Its published name: tag prefix, image name.
    pub package: String,
    /// Relative to the repository root, with `/`; empty for the root itself.
    pub path: String,
    /// Further paths of it, from the root of the repository.
    pub also: Vec<String>,
    /// Paths in it whose changes are nobody's.
    pub ignore: Vec<String>,
    pub tags: TagPattern,
    /// The first is the source of truth; empty for a project that is built and pinned, but not versioned.
    pub sites: Vec<Site>,
    /// Tags of it that its files are known not to agree with; a tag is never moved, so they stay.
    pub ignore_tags: Vec<String>,
    /// Names of projects whose change is a change of this one.
    pub depends: Vec<String>,
    pub image: Option<ImageTarget>,
    /// Rust target triples of its wheels; empty for a project without wheels.
    pub wheel_targets: Vec<String>,
    /// The package index it is published to, when it is.
    pub package_index: Option<IndexName>,
    /// The package index of its candidates, when they are published.
    pub candidate_index: Option<IndexName>,
    pub candidates: bool,
    /// Where it comes from, when that is a file of `[images-from]`.
    pub registered: Option<Registered>,
}

impl Project {
    /// What names a release of it, in commands to complete: projects without versions are known by digests.
    pub fn release_placeholder(&self) -> &'static str {
        if self.sites.is_empty() {
            "sha256:DIGEST"
        } else {
            "X.Y.Z"
        }
    }
}

/// Every project of a configuration, with the rules between them held.
#[derive(Debug, Clone)]
pub struct Projects {
    pub all: Vec<Project>,
}

impl Projects {
    /// Makes projects of their keys; the first rule that is broken is the error.
    pub fn from_config(config: &Config, file: &str) -> Result<Self, Fault> {
        let wrong = |what: String| {
            Fault::usage(format!("{file}: {what}"))
                .fix(format!("edit {file}, then run the command again"))
        };
        let all = config
            .projects
            .iter()
            .map(|(name, keys)| {
                project(name, keys, config)
                    .map_err(|what| wrong(format!("projects.{name}: {what}")))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let projects = Self { all };
        projects.check_between().map_err(wrong)?;
        projects.check_references(config).map_err(wrong)?;
        Ok(projects)
    }

    /// Joins further projects, with the rules between all of them held.
    ///
    /// # Errors
    /// The first rule that is broken, as a sentence.
    pub fn with_more(mut self, more: Vec<Project>) -> Result<Self, String> {
        for project in more {
            if self.all.iter().any(|other| other.name == project.name) {
                return Err(format!("two projects are called `{}`", project.name));
            }
            self.all.push(project);
        }
        self.check_between()?;
        Ok(self)
    }

    /// Finds a project by its name or its package.
    pub fn find(&self, word: &str) -> Result<&Project, Fault> {
        self.all
            .iter()
            .find(|project| project.name == word || project.package == word)
            .ok_or_else(|| {
                let words = || {
                    self.all
                        .iter()
                        .flat_map(|project| [project.name.as_str(), project.package.as_str()])
                };
                let guess = suggestion(word, words());
                let names = self
                    .all
                    .iter()
                    .map(|project| project.name.as_str())
                    .collect::<Vec<_>>()
                    .join(", ");
                Fault::usage(format!(
                    "no project is called `{word}`{guess} (projects: {names})"
                ))
                .fix("cargo xtask versions")
            })
    }

    /// The project whose folder holds `path` (relative to the root): the longest one, `None` at the root of many.
    pub fn containing(&self, path: &str) -> Option<&Project> {
        if path.is_empty() {
            return None;
        }
        self.all
            .iter()
            .filter(|project| is_within(path, &project.path))
            .max_by_key(|project| project.path.len())
    }

    fn check_between(&self) -> Result<(), String> {
        let places: HashMap<&str, usize> = self
            .all
            .iter()
            .enumerate()
            .map(|(place, project)| (project.name.as_str(), place))
            .collect();
        let mut seen = Seen::default();
        let mut sound = vec![false; self.all.len()];
        for (place, project) in self.all.iter().enumerate() {
            if let Some(other) = seen.like(project) {
                check_pair(&self.all[other], project)?;
            }
            seen.add(place, project);
            self.check_depends(place, &places, &mut vec![&project.name], &mut sound)?;
        }
        self.check_ignore_tags()
    }

    fn check_ignore_tags(&self) -> Result<(), String> {
        let owners = Owners::new(self.all.iter().map(|project| &project.tags));
        for (place, project) in self.all.iter().enumerate() {
            for tag in &project.ignore_tags {
                match owners.of(tag) {
                    Some((owner, _)) if owner == place => {}
                    Some((owner, _)) => {
                        return Err(format!(
                            "projects.{}: ignore-tags names {tag:?}, which is a tag of {}",
                            project.name, self.all[owner].name
                        ));
                    }
                    None => {
                        return Err(format!(
                            "projects.{}: ignore-tags names {tag:?}, which is no tag of it; they look like {}",
                            project.name,
                            project.tags.form()
                        ));
                    }
                }
            }
        }
        Ok(())
    }

    /// Follows what a project depends on. What was followed to its end is `sound`, and is not followed once more: of
    /// projects that share what they depend on, the ways through are many more than the projects.
    fn check_depends<'a>(
        &'a self,
        place: usize,
        places: &HashMap<&str, usize>,
        chain: &mut Vec<&'a str>,
        sound: &mut [bool],
    ) -> Result<(), String> {
        let project = &self.all[place];
        for name in &project.depends {
            let next = *places.get(name.as_str()).ok_or_else(|| {
                format!(
                    "projects.{}: depends on `{name}`, which is no project",
                    project.name
                )
            })?;
            if chain.contains(&name.as_str()) {
                return Err(format!(
                    "depends goes in a circle: {} → {name}",
                    chain.join(" → ")
                ));
            }
            if !sound[next] {
                chain.push(&self.all[next].name);
                self.check_depends(next, places, chain, sound)?;
                chain.pop();
            }
        }
        sound[place] = true;
        Ok(())
    }

    fn check_references(&self, config: &Config) -> Result<(), String> {
        let names: HashSet<&str> = self
            .all
            .iter()
            .map(|project| project.name.as_str())
            .collect();
        for pin in &config.pins {
            if !names.contains(pin.project.as_str()) {
                return Err(format!(
                    "a pin names project `{}`, which is none",
                    pin.project
                ));
            }
            if !config.environments.contains_key(&pin.environment) {
                return Err(format!(
                    "a pin names environment `{}`, which is none",
                    pin.environment
                ));
            }
        }
        for (name, environment) in &config.environments {
            if let Some(why) = names::fault(name) {
                return Err(format!("environments: {name:?} {why}"));
            }
            if let Some(after) = environment
                .after
                .as_ref()
                .filter(|after| !config.environments.contains_key(*after))
            {
                return Err(format!(
                    "environments.{name}: after names `{after}`, which is no environment"
                ));
            }
        }
        Ok(())
    }
}

/// The first place of everything that two projects may not share, among those looked at so far.
#[derive(Default)]
struct Seen<'a> {
    names: HashMap<&'a str, usize>,
    packages: HashMap<&'a str, usize>,
    repositories: HashMap<&'a Repository, usize>,
    tags: HashMap<&'a TagPattern, usize>,
}

impl<'a> Seen<'a> {
    /// The first project that shares something with this one.
    fn like(&self, project: &Project) -> Option<usize> {
        let repository = project
            .image
            .iter()
            .flat_map(ImageTarget::repositories)
            .find_map(|repository| self.repositories.get(repository));
        let name = project.name.as_str();
        let package = project.package.as_str();
        [
            self.packages.get(package),
            self.names.get(package),
            self.packages.get(name),
            repository,
            self.tags.get(&project.tags),
        ]
        .into_iter()
        .flatten()
        .min()
        .copied()
    }

    fn add(&mut self, place: usize, project: &'a Project) {
        self.names.entry(&project.name).or_insert(place);
        self.packages.entry(&project.package).or_insert(place);
        self.tags.entry(&project.tags).or_insert(place);
        for repository in project.image.iter().flat_map(ImageTarget::repositories) {
            self.repositories.entry(repository).or_insert(place);
        }
    }
}

/// What two projects may not share.
fn check_pair(other: &Project, project: &Project) -> Result<(), String> {
    if other.package == project.package {
        return Err(format!(
            "projects {} and {} have one package, {:?}",
            other.name, project.name, project.package
        ));
    }
    if other.name == project.package || other.package == project.name {
        return Err(format!(
            "projects {} and {}: the name of one is the package of the other",
            other.name, project.name
        ));
    }
    if let (Some(one), Some(two)) = (&other.image, &project.image)
        && let Some(shared) = one
            .repositories()
            .find(|one| two.repositories().any(|two| *one == two))
    {
        let key = if *shared == one.repository && *shared == two.repository {
            "repository"
        } else {
            "release"
        };
        let both = format!(
            "projects {} and {} have one image repository, {shared}",
            other.name, project.name
        );
        return Err(format!("{both}; write {{package}} into images.{key}"));
    }
    if other.tags == project.tags {
        return Err(format!(
            "projects {} and {} have one tag pattern",
            other.name, project.name
        ));
    }
    Ok(())
}

impl Project {
    /// Its folder and its further paths.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        [self.path.as_str()]
            .into_iter()
            .chain(self.also.iter().map(String::as_str))
    }
}

/// Further paths and ignored ones, of which each must lie where it means something.
fn further_paths(keys: &ProjectKeys, path: &str) -> Result<(Vec<String>, Vec<String>), String> {
    let read = |key: &str, paths: &[String]| -> Result<Vec<String>, String> {
        let clean = |text: &String| {
            let found = clean_path(text.strip_suffix("/**").unwrap_or(text))
                .map_err(|error| format!("{key}: {error}"))?;
            match found.contains(['*', '?', '[']) || found.is_empty() {
                true => Err(format!(
                    "{key} names {text:?}; wanted is a folder or a file, without patterns, from the root of the repository"
                )),
                false => Ok(found),
            }
        };
        paths.iter().map(clean).collect()
    };
    let also = read("also", &keys.also)?;
    let ignore = read("ignore", &keys.ignore)?;
    if let Some(within) = also.iter().find(|also| is_within(also, path)) {
        return Err(format!(
            "also names {within:?}, which lies in the project's own path"
        ));
    }
    let owns = |ignored: &str| {
        is_within(ignored, path) || also.iter().any(|also| is_within(ignored, also))
    };
    if let Some(outside) = ignore
        .iter()
        .find(|ignored| !owns(ignored) || *ignored == path || also.contains(ignored))
    {
        return Err(format!(
            "ignore names {outside:?}, which lies in no path of the project; paths are from the root of the repository"
        ));
    }
    Ok((also, ignore))
}

/// Where its package is published, and where its candidates are.
fn indexes(keys: &ProjectKeys) -> Result<(Option<IndexName>, Option<IndexName>), String> {
    let read = |key: &str, text: &Option<String>| {
        text.as_deref()
            .map(IndexName::parse)
            .transpose()
            .map_err(|what| format!("{key} {what}"))
    };
    let indexes = (
        read("package-index", &keys.package_index)?,
        read("candidate-index", &keys.candidate_index)?,
    );
    match indexes {
        (None, Some(_)) => {
            Err("candidate-index is for a package, and there is no package-index".into())
        }
        (Some(_), Some(_)) if !keys.candidates => Err(
            "candidate-index is for candidates, and candidates = false says there are none".into(),
        ),
        indexes => Ok(indexes),
    }
}

fn project(name: &str, keys: &ProjectKeys, config: &Config) -> Result<Project, String> {
    names::fault(name).map_or(Ok(()), |why| Err(format!("{name:?} {why}")))?;
    let path = clean_path(&keys.path)?;
    let package = match (&keys.package, path.rsplit('/').next()) {
        (Some(package), _) => package.clone(),
        (None, Some(last)) if !last.is_empty() => last.to_owned(),
        _ => name.to_owned(),
    };
    let tags = match &keys.tag {
        Some(pattern) => TagPattern::parse(pattern)?,
        None => TagPattern::of_package(&package),
    };
    if let Some(fault) = tags.fault() {
        return Err(fault);
    }
    let sites = keys
        .versions
        .iter()
        .map(|site| read_site(site, &path))
        .collect::<Result<_, _>>()?;
    let image = keys
        .image
        .as_ref()
        .map(|image| ImageTarget::of_keys(image, config, &package));
    let (also, ignore) = further_paths(keys, &path)?;
    let (package_index, candidate_index) = indexes(keys)?;
    Ok(Project {
        name: name.into(),
        package,
        path,
        also,
        ignore,
        tags,
        sites,
        ignore_tags: keys.ignore_tags.clone(),
        depends: keys.depends.clone(),
        image: image.transpose()?,
        wheel_targets: keys
            .wheel
            .as_ref()
            .map(|wheel| wheel.targets.clone())
            .unwrap_or_default(),
        package_index,
        candidate_index,
        candidates: keys.candidates,
        registered: None,
    })
}

/// Where packages are published, as the configuration says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndexName {
    /// The public index.
    Pypi,
    /// The public index for trying things out.
    TestPypi,
    /// Where files are uploaded, with a `/` behind.
    Address(String),
}

impl IndexName {
    /// Reads a value of the configuration; the error says what was wanted.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "pypi" => return Ok(Self::Pypi),
            "testpypi" => return Ok(Self::TestPypi),
            _ => {}
        }
        let rest = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"));
        let wanted =
            "wanted is \"pypi\", \"testpypi\", or the http(s) address that files are uploaded to";
        match rest.map(|rest| rest.split('/').next().unwrap_or(rest)) {
            Some(host) if host.contains('@') => {
                Err("names an address with a user in it; credentials come from the environment (UV_PUBLISH_USERNAME, UV_PUBLISH_PASSWORD)"
                    .into())
            }
            Some(host) if !host.is_empty() && !text.contains(['?', '#', ' ']) => {
                Ok(Self::Address(format!("{}/", text.trim_end_matches('/'))))
            }
            _ => Err(format!("names {text:?}; {wanted}")),
        }
    }

    pub fn word(&self) -> &str {
        match self {
            Self::Pypi => "pypi",
            Self::TestPypi => "testpypi",
            Self::Address(address) => address,
        }
    }
}

#[cfg(test)]
mod tests;
