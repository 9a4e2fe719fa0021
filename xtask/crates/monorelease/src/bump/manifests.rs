//! Every manifest and lock file of the repository, each read and parsed once here: which packages carry a project's
//! version, who requires them, and which lock files name them.
//!
//! It asks no network and runs no resolver. It edits nothing and decides nothing.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use monorelease_model::paths::{join, resolve};
use monorelease_model::version::Version;
use monorelease_text_edits::error::EditError;
use monorelease_text_edits::toml;
use monorelease_version_files::charts::ChartDependency;
use monorelease_version_files::locations::cargo::{self, CargoPackage};
use monorelease_version_files::locations::{Locator, pyproject};
use monorelease_version_files::locks::lock_file::LockFile;
use monorelease_version_files::locks::lock_file::LockKind;
use monorelease_version_files::locks::lock_file::LockedPackage;
use monorelease_version_files::locks::lock_file::LockedRequirement;
use monorelease_version_files::requirements::requirement::Requirement;
use monorelease_version_files::requirements::requirement::RequirementKind;
use monorelease_version_files::requirements::{self, CargoFolder, python, requirements};
use monorelease_version_files::{charts, locks};
use toml_edit::Document;

use super::packages::{
    Ecosystem, FILES, OTHER_LOCKS, POETRY_LOCK, Package, name_at, names, of_chart, version_key,
};
use crate::fault::Fault;
use crate::project::version_location::Readings;
use crate::project::{Project, Projects};
use crate::world::texts::Texts;

pub struct Manifest {
    pub ecosystem: Ecosystem,
    pub path: String,
    pub folder: String,
    pub text: Rc<str>,
    /// The text as it was parsed, where it is TOML.
    pub(super) document: Option<Document<Rc<str>>>,
    /// A manifest that cannot be read stands in the way only of packages that it names.
    requirements: Result<Vec<Requirement>, EditError>,
}

pub struct Lock {
    pub ecosystem: Ecosystem,
    pub path: String,
    pub folder: String,
    text: Rc<str>,
    /// As with a manifest, one that cannot be read stands in the way only of packages that it names.
    pub(super) content: Result<LockFile, EditError>,
}

/// A manifest or lock whose text cannot be had; that is not one that is not there (law 15).
struct Unread {
    ecosystem: Ecosystem,
    path: String,
    /// As much of it as can be read, to see what it names; `None` for nothing.
    text: Option<String>,
    why: String,
}

/// A lock that nothing here writes.
pub(super) struct OtherLock {
    pub(super) ecosystem: Ecosystem,
    pub(super) folder: String,
    pub(super) name: &'static str,
    /// What its own tool wants to be called.
    pub(super) command: &'static str,
}

/// The manifests that git tracks and the locks that it tracks or that lie beside one of them, as an edit starts from them.
#[derive(Default)]
pub struct Manifests {
    pub(super) all: Vec<Manifest>,
    /// Places in `all`, by path.
    by_path: HashMap<String, usize>,
    /// Places in `all` of manifests whose requirements cannot be read.
    broken: Vec<usize>,
    /// Places in `all` of Cargo manifests that may say `[patch]`.
    pub(super) patching: Vec<usize>,
    /// Places in `all` of crates, by name; asked for where a lock does not say a folder.
    pub(super) crates: OnceCell<HashMap<String, Vec<usize>>>,
    pub(super) locks: Vec<Lock>,
    unread: Vec<Unread>,
    untracked: HashSet<String>,
    pub(super) other_locks: Vec<OtherLock>,
    /// Path and folder of each Chart.lock, with what it says.
    pub(super) chart_locks: Vec<(String, String, Vec<ChartDependency>)>,
    required: HashMap<(Ecosystem, String), Vec<(usize, usize)>>,
    locked: HashMap<(Ecosystem, String), Vec<(usize, usize)>>,
    /// Places in `locks` of those that cannot be read.
    broken_locks: Vec<usize>,
}

impl Manifests {
    pub fn read(texts: &Texts, projects: &Projects) -> anyhow::Result<Self> {
        let mut found = Self::default();
        let tracked = texts.tracked()?;
        for path in &tracked {
            found.add(texts, path);
        }
        // One that git ignores, or was not told of yet, would be as stale for whoever builds here.
        let is_tracked: HashSet<_> = tracked.iter().map(String::as_str).collect();
        let sites = projects
            .all
            .iter()
            .flat_map(|project| &project.sites)
            .map(|site| site.file.as_str());
        // By the names that they have without links, so that one file is not two manifests.
        let unknown: BTreeSet<_> = sites
            .filter(|path| !is_tracked.contains(path))
            .filter_map(|path| texts.world.real(path).ok())
            .collect();
        for path in unknown
            .into_iter()
            .filter(|path| !is_tracked.contains(path.as_str()))
        {
            found.add(texts, &path);
        }
        let locks_of = |manifest: &Manifest| {
            let kinds = FILES
                .iter()
                .filter(|(ecosystem, ..)| *ecosystem == manifest.ecosystem);
            kinds
                .map(|(.., lock)| join(&manifest.folder, lock))
                .collect::<Vec<_>>()
        };
        let beside: Vec<_> = found
            .all
            .iter()
            .flat_map(locks_of)
            .filter(|lock| !is_tracked.contains(lock.as_str()))
            .collect();
        for lock in beside {
            found.add(texts, &lock);
            found.untracked.insert(lock);
        }
        Ok(found)
    }

    fn add(&mut self, texts: &Texts, path: &str) {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let Some((ecosystem, manifest, _)) = FILES
            .iter()
            .find(|(_, manifest, lock)| name == *manifest || name == *lock)
        else {
            let other = OTHER_LOCKS.iter().find(|(_, lock, _)| name == *lock);
            return self
                .other_locks
                .extend(other.map(|(ecosystem, name, command)| OtherLock {
                    ecosystem: *ecosystem,
                    folder: folder.to_owned(),
                    name,
                    command,
                }));
        };
        let folder = folder.to_owned();
        let path = path.to_owned();
        match texts.get(&path) {
            Ok(Some(text)) if name == *manifest => {
                self.add_manifest(*ecosystem, path, folder, text)
            }
            Ok(Some(text)) => self.add_lock(*ecosystem, path, folder, text),
            // Tracked and deleted is the user's business; there is nothing to keep in step.
            Ok(None) => {}
            // A link that leads out of the repository: nothing there is a part of it.
            Err(_) if texts.world.real(&path).is_err() => {}
            Err(error) => {
                let text = texts.world.read_lossily(&path);
                self.unread.push(Unread {
                    ecosystem: *ecosystem,
                    path,
                    text,
                    why: format!("{error:#}"),
                });
            }
        }
    }

    /// Whether a file was found beside its manifest and not in git's index: it can be edited, and not committed.
    pub fn is_untracked(&self, path: &str) -> bool {
        self.untracked.contains(path)
    }

    fn add_manifest(&mut self, ecosystem: Ecosystem, path: String, folder: String, text: Rc<str>) {
        let (document, requirements) = match ecosystem {
            Ecosystem::Cargo => match toml::parse(Rc::clone(&text), "dependencies") {
                Ok(document) => {
                    let found = requirements::cargo(&document);
                    (Some(document), found)
                }
                Err(error) => (None, Err(error)),
            },
            Ecosystem::Python => match toml::parse(Rc::clone(&text), "project.dependencies") {
                Ok(document) => {
                    let found = python::pyproject(&document);
                    (Some(document), found)
                }
                Err(error) => (None, Err(error)),
            },
            Ecosystem::Npm => (None, requirements(RequirementKind::Npm, &text)),
            Ecosystem::Chart => {
                let charts = charts::chart_requirements(&text);
                let found = charts.map(|all| all.into_iter().map(of_chart).collect());
                (None, found)
            }
        };
        for (place, requirement) in requirements.iter().flatten().enumerate() {
            self.required
                .entry((ecosystem, requirement.package.clone()))
                .or_default()
                .push((self.all.len(), place));
        }
        if ecosystem == Ecosystem::Cargo && text.contains("patch") {
            self.patching.push(self.all.len());
        }
        if requirements.is_err() {
            self.broken.push(self.all.len());
        }
        self.by_path.insert(path.clone(), self.all.len());
        self.all.push(Manifest {
            ecosystem,
            path,
            folder,
            text,
            document,
            requirements,
        });
    }

    fn add_lock(&mut self, ecosystem: Ecosystem, path: String, folder: String, text: Rc<str>) {
        let kind = match ecosystem {
            Ecosystem::Cargo => LockKind::Cargo,
            Ecosystem::Python if path.ends_with(POETRY_LOCK) => LockKind::Poetry,
            Ecosystem::Python => LockKind::Uv,
            Ecosystem::Npm => LockKind::Npm,
            Ecosystem::Chart => {
                // One that cannot be read is told by helm; nothing here is to be written into it.
                return self.chart_locks.push((
                    path,
                    folder,
                    charts::chart_lock_entries(&text).unwrap_or_default(),
                ));
            }
        };
        let content = locks::read_lock(kind, &text);
        for (place, package) in content
            .iter()
            .flat_map(|content| &content.packages)
            .enumerate()
        {
            self.locked
                .entry((ecosystem, package.name.clone()))
                .or_default()
                .push((self.locks.len(), place));
        }
        if content.is_err() {
            self.broken_locks.push(self.locks.len());
        }
        self.locks.push(Lock {
            ecosystem,
            path,
            folder,
            text,
            content,
        });
    }

    pub fn locks(&self) -> &[Lock] {
        &self.locks
    }

    /// The packages whose version is the project's: those whose manifest is a version site, those that inherit it from
    /// a Cargo workspace, and a pyproject.toml that leaves its version to another file of the project.
    pub fn packages_of(
        &self,
        project: &Project,
        readings: &Readings,
    ) -> Result<Vec<Package>, Fault> {
        let mut packages = Vec::new();
        for reading in readings.all() {
            let Some(manifest) = self.manifest(&reading.site.file) else {
                continue;
            };
            match version_key(manifest.ecosystem, &manifest.text, reading) {
                Some("workspace.package.version") => packages.extend(self.inheriting(manifest)?),
                Some(_) => packages.extend(package(manifest)?),
                None => {}
            }
        }
        let own = if project.path.is_empty() {
            "pyproject.toml".to_owned()
        } else {
            format!("{}/pyproject.toml", project.path)
        };
        if let Some(manifest) = self.manifest(&own)
            && manifest
                .document
                .as_ref()
                .is_some_and(|document| pyproject::python_package(document).is_dynamic)
        {
            packages.extend(package(manifest)?);
        }
        packages.dedup();
        Ok(packages)
    }

    /// Every requirement that a manifest of the repository puts on the package.
    pub fn requirements_on(
        &self,
        package: &Package,
    ) -> Result<Vec<(&Manifest, &Requirement)>, Fault> {
        self.refuse_unread(package)?;
        let unreadable = |manifest: &&Manifest| {
            manifest.ecosystem == package.ecosystem && names(&manifest.text, package)
        };
        for manifest in self
            .broken
            .iter()
            .map(|place| &self.all[*place])
            .filter(unreadable)
        {
            if let Err(error) = &manifest.requirements {
                return Err(Fault::usage(format!("{}: {error}", manifest.path))
                    .fix(format!("edit {}", manifest.path)));
            }
        }
        let found = self.naming(package);
        Ok(found
            .filter(|(manifest, requirement)| self.is_on(package, manifest, requirement))
            .collect())
    }

    fn refuse_unread(&self, package: &Package) -> Result<(), Fault> {
        let is_it = |unread: &&Unread| {
            unread.ecosystem == package.ecosystem
                && unread.text.as_ref().is_none_or(|text| names(text, package))
        };
        self.unread
            .iter()
            .find(is_it)
            .map_or(Ok(()), |Unread { path, why, .. }| {
                let what = format!("{path}: {why}; it may name {}", package.name);
                Err(Fault::usage(what).fix(format!(
                    "make {path} readable as text, or git rm --cached {path}"
                )))
            })
    }

    /// The requirements on a chart of the package's name that comes from a chart repository. Charts have no one index:
    /// another's may have the name.
    pub fn published(&self, package: &Package) -> impl Iterator<Item = (&Manifest, &Requirement)> {
        let is_chart = package.ecosystem == Ecosystem::Chart;
        self.naming(package)
            .filter(move |(_, requirement)| is_chart && requirement.path.is_none())
    }

    /// The requirements that say the package's name, each with its manifest.
    fn naming(&self, package: &Package) -> impl Iterator<Item = (&Manifest, &Requirement)> {
        let places = self
            .required
            .get(&(package.ecosystem, package.name.clone()))
            .into_iter()
            .flatten();
        places.filter_map(|(place, number)| {
            let manifest = &self.all[*place];
            Some((manifest, manifest.requirements.as_ref().ok()?.get(*number)?))
        })
    }

    /// Every lock file with its entry of the package.
    pub fn locked(&self, package: &Package) -> Result<Vec<(&Lock, &LockedPackage)>, Fault> {
        let wrong = |lock: &Lock, what: String| {
            Fault::usage(format!("{}: {what}", lock.path))
                .fix(format!("git checkout -- {}", lock.path))
        };
        self.refuse_unread(package)?;
        for lock in self
            .broken_locks
            .iter()
            .map(|place| &self.locks[*place])
            .filter(|lock| lock.ecosystem == package.ecosystem)
        {
            if let (Err(error), true) = (&lock.content, names(&lock.text, package)) {
                return Err(wrong(lock, error.to_string()));
            }
        }
        let found: Vec<_> = self
            .entries(package)
            .map(|(lock, _, entry)| (lock, entry))
            .collect();
        match found.iter().find(|(_, entry)| entry.ambiguous) {
            None => Ok(found),
            Some((lock, entry)) => {
                let lines = found
                    .iter()
                    .filter(|(other, _)| other.path == lock.path)
                    .map(|(_, entry)| entry.line.to_string());
                let lines = lines.collect::<Vec<_>>().join(" and ");
                let what = format!(
                    "two packages of the repository are called {} (lines {lines}), and nothing tells which is meant",
                    entry.name
                );
                Err(wrong(lock, what)
                    .fix(format!("rename one of the packages called {}", entry.name)))
            }
        }
    }

    /// The locks that have the package at this version from elsewhere as well, each with the package's name.
    pub fn taken<'m>(&'m self, package: &'m Package, to: &Version) -> Vec<(&'m Lock, &'m str)> {
        let taken = (package.name.clone(), to.to_semver());
        let has_both = self
            .entries(package)
            .filter(|(_, content, _)| content.foreign_versions.contains(&taken));
        let mut found: Vec<_> = has_both
            .map(|(lock, ..)| (lock, package.name.as_str()))
            .collect();
        // A lock may have several entries of the name.
        found.dedup_by_key(|(lock, _)| lock.path.as_str());
        found
    }

    /// The entries of the package in lock files that can be read.
    fn entries<'m>(
        &'m self,
        package: &Package,
    ) -> impl Iterator<Item = (&'m Lock, &'m LockFile, &'m LockedPackage)> {
        let places = self
            .locked
            .get(&(package.ecosystem, package.name.clone()))
            .into_iter()
            .flatten();
        let entries = places.filter_map(|(place, number)| {
            let lock = &self.locks[*place];
            let content = lock.content.as_ref().ok()?;
            Some((lock, content, content.packages.get(*number)?))
        });
        entries.filter(|(lock, _, entry)| self.is_entry_of(package, &lock.folder, entry))
    }

    /// A requirement that says where its package lies is on that one. A chart from a chart repository is somebody's
    /// published one, and so is a crate without a path, unless the workspace has it patched.
    fn is_on(&self, package: &Package, manifest: &Manifest, requirement: &Requirement) -> bool {
        match &requirement.path {
            Some(path) => {
                resolve(&manifest.folder, path).is_some_and(|folder| folder == package.folder)
            }
            None => match package.ecosystem {
                Ecosystem::Cargo => self.is_patched(package, manifest),
                Ecosystem::Chart => false,
                Ecosystem::Python | Ecosystem::Npm => true,
            },
        }
    }

    pub(super) fn manifest(&self, path: &str) -> Option<&Manifest> {
        self.by_path.get(path).map(|place| &self.all[*place])
    }

    /// The members of a Cargo workspace that have its version.
    fn inheriting(&self, root: &Manifest) -> Result<Vec<Package>, Fault> {
        let mut packages = Vec::new();
        for manifest in self.all.iter().filter(|manifest| {
            manifest.ecosystem == Ecosystem::Cargo && manifest.text.contains("workspace")
        }) {
            // A manifest that is no TOML is no member: Cargo would not build the workspace with it.
            let Some(cargo) = manifest.cargo() else {
                continue;
            };
            if cargo.inherits
                && self
                    .workspace_root(manifest, cargo.workspace.as_deref())
                    .is_some_and(|found| found.path == root.path)
            {
                packages.extend(package(manifest)?);
            }
        }
        Ok(packages)
    }
}

impl Manifest {
    /// What a Cargo manifest says of its package; `None` for one that is not TOML.
    pub(super) fn cargo(&self) -> Option<CargoPackage> {
        self.document.as_ref().map(cargo::cargo_package)
    }

    /// The crates that a Cargo manifest takes from folders; none of one that is not TOML.
    pub(super) fn cargo_folders(&self) -> Vec<CargoFolder> {
        self.document
            .as_ref()
            .map_or_else(Vec::new, requirements::cargo_folders)
    }

    /// The package's name as its ecosystem compares names.
    pub(super) fn name(&self) -> Result<Option<String>, EditError> {
        match (self.ecosystem, &self.document) {
            (Ecosystem::Cargo, _) => Ok(self.cargo().and_then(|cargo| cargo.name)),
            (Ecosystem::Python, Some(document)) => Ok(pyproject::python_package(document).name),
            (Ecosystem::Python, None) => Ok(None),
            (Ecosystem::Npm, _) => name_at(&Locator::JsonKey("name"), &self.text),
            (Ecosystem::Chart, _) => name_at(&Locator::YamlKey("name"), &self.text),
        }
    }
}

impl Lock {
    /// What the lock repeats of the manifest's requirements on the package.
    pub fn repeated(
        &self,
        manifest: &Manifest,
        package: &Package,
    ) -> impl Iterator<Item = &Requirement> {
        let all = self
            .content
            .iter()
            .flat_map(|content| &content.requirements);
        let is_it = |repeated: &&LockedRequirement| {
            let of = || resolve(&self.folder, repeated.of_folder.as_ref()?);
            self.ecosystem == manifest.ecosystem
                && repeated.requirement.package == package.name
                && of().as_ref() == Some(&manifest.folder)
        };
        all.filter(is_it).map(|repeated| &repeated.requirement)
    }
}

fn package(manifest: &Manifest) -> Result<Option<Package>, Fault> {
    let name = manifest.name().map_err(|error| {
        Fault::usage(format!("{}: {error}", manifest.path)).fix(format!("edit {}", manifest.path))
    })?;
    Ok(name.map(|name| Package {
        ecosystem: manifest.ecosystem,
        name,
        folder: manifest.folder.clone(),
    }))
}
