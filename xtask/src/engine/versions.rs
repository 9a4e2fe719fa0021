//! Version sites and lock entries: read from the work tree or a commit, and turned into edits.

use std::collections::BTreeMap;
use std::ops::Range;

use anyhow::Context;

use crate::edit::{self, EditError, Locator, LockKind};
use crate::model::fault::Fault;
use crate::model::project::{Project, Site, SiteForm, is_within};
use crate::model::site::{Readings, SiteReading};
use crate::model::step::{Goal, Step};
use crate::model::version::Version;
use crate::world::{World, files};

/// Reads every site as it stands in the work tree.
pub fn of_work_tree(world: &World, project: &Project) -> anyhow::Result<Readings> {
    read(project, &|file| files::read(&world.path(file)), "the work tree")
}

/// Reads every site as a commit has it.
pub fn of_commit(world: &World, commit: &str, project: &Project) -> anyhow::Result<Readings> {
    read(project, &|file| world.git.file_at(commit, file), "the commit")
}

fn read(project: &Project, text_of: &dyn Fn(&str) -> anyhow::Result<Option<String>>, place: &str) -> anyhow::Result<Readings> {
    let mut readings = Vec::new();
    for site in &project.sites {
        let wrong = |what: String| {
            Fault::usage(format!("{}: {what}", site.file))
                .fix(format!("edit {}, or projects.{}.versions in the configuration", site.file, project.name))
        };
        let text = text_of(&site.file)
            .map_err(|error| wrong(format!("{error:#}")))?
            .ok_or_else(|| wrong(format!("there is no such file in {place}")))?;
        readings.extend(read_site(site, &text).map_err(wrong)?);
    }
    let none = || {
        Fault::usage(format!("project {} has no version sites", project.name))
            .fix(format!("name them in projects.{}.versions", project.name))
    };
    Ok(Readings::new(readings).ok_or_else(none)?)
}

fn read_site(site: &Site, text: &str) -> Result<Vec<SiteReading>, String> {
    let located = edit::locate(&locator(&site.form), text).map_err(|error| error.to_string())?;
    located
        .into_iter()
        .map(|found| {
            let version = found.spelling.read(&found.text).map_err(|error| format!("{}: {error}", found.key))?;
            Ok(SiteReading { site: site.clone(), key: found.key, found: found.text, version, spelling: found.spelling, span: found.span })
        })
        .collect()
}

fn locator(form: &SiteForm) -> Locator<'_> {
    match form {
        SiteForm::CargoManifest => Locator::CargoManifest,
        SiteForm::Pyproject => Locator::Pyproject,
        SiteForm::Python => Locator::PYTHON,
        SiteForm::PackageJson => Locator::PackageJson,
        SiteForm::Whole => Locator::WholeText,
        SiteForm::JsonKey(key) => Locator::JsonKey(key),
        SiteForm::TomlKey(key) => Locator::TomlKey(key),
        SiteForm::Pattern(pattern) => Locator::Pattern(pattern),
    }
}

/// Every byte that must change so that these projects stand at these versions: sites and lock entries.
///
/// The edits of one file are made together, whichever project they are for.
#[derive(Default)]
pub struct Edits {
    files: BTreeMap<String, FileEdits>,
    /// Every lock file of the repository, read once.
    locks: Option<Vec<Lock>>,
}

#[derive(Default)]
struct FileEdits {
    before: String,
    splices: Vec<(Range<usize>, String)>,
    /// Projects, each with the reason.
    reasons: Vec<(String, String)>,
}

#[derive(Clone)]
struct Lock {
    kind: LockKind,
    path: String,
    text: String,
}

/// Which manifest names a package, under which key, and in which lock file the package then stands.
const LOCKS: [(LockKind, &str, Locator<'static>, &str); 3] = [
    (LockKind::Cargo, "Cargo.toml", Locator::TomlKey("package.name"), "Cargo.lock"),
    (LockKind::Uv, "pyproject.toml", Locator::TomlKey("project.name"), "uv.lock"),
    (LockKind::Npm, "package.json", Locator::JsonKey("name"), "package-lock.json"),
];

impl Edits {
    /// Moves a project's sites and its own entries in every lock file of the repository (laws 2 and 3).
    pub fn move_project(&mut self, world: &World, project: &Project, readings: &Readings, to: &Version) -> anyhow::Result<()> {
        for reading in readings.all().iter().filter(|reading| reading.version != *to) {
            let text = reading.spelling.spell(to).map_err(|error| {
                Fault::usage(format!("{}: {error}", reading.site.file)).fix("choose a version that every site can spell")
            })?;
            self.add(
                world,
                &reading.site.file,
                reading.span.clone(),
                &text,
                project,
                format!("{} {} → {text}", reading.key, reading.found),
            )?;
        }
        let locks = match &self.locks {
            Some(locks) => locks.clone(),
            None => self.locks.insert(read_locks(world)?).clone(),
        };
        for (kind, name) in lock_names(world, project, readings)? {
            for lock in locks.iter().filter(|lock| lock.kind == kind) {
                let path = &lock.path;
                let entries = edit::lock_entries(kind, &lock.text, &name)
                    .map_err(|error| Fault::usage(format!("{path}: {error}")).fix(format!("git checkout -- {path}")))?;
                for entry in entries {
                    let wanted = entry
                        .spelling
                        .spell(to)
                        .map_err(|error| Fault::usage(format!("{path}: {error}")).fix("choose a version that the lock can spell"))?;
                    if entry.text != wanted {
                        self.add(world, path, entry.span, &wanted, project, format!("entry of {name} {} → {wanted}", entry.text))?;
                    }
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, world: &World, file: &str, span: Range<usize>, text: &str, project: &Project, reason: String) -> anyhow::Result<()> {
        if !self.files.contains_key(file) {
            let before = files::read(&world.path(file))?.with_context(|| format!("{file} is gone"))?;
            self.files.insert(file.into(), FileEdits { before, ..FileEdits::default() });
        }
        if let Some(edits) = self.files.get_mut(file) {
            edits.splices.push((span, text.into()));
            edits.reasons.push((project.name.clone(), reason));
        }
        Ok(())
    }

    /// One step a file. Gives the files with their new text, for a commit of them.
    pub fn want(self, goal: &mut Goal) -> anyhow::Result<Vec<(String, String)>> {
        let mut written = Vec::new();
        for (path, edits) in self.files {
            let mut projects: Vec<_> = edits.reasons.iter().map(|(project, _)| project.as_str()).collect();
            projects.dedup();
            let why = edits.reasons.iter().map(|(_, reason)| reason.as_str()).collect::<Vec<_>>().join(", ");
            let after = edit::splice(&edits.before, edits.splices).with_context(|| format!("editing {path}"))?;
            goal.want(&projects.join(","), why, Step::EditFile { path: path.clone(), before: edits.before, after: after.clone() });
            written.push((path, after));
        }
        Ok(written)
    }
}

fn read_locks(world: &World) -> anyhow::Result<Vec<Lock>> {
    let mut locks = Vec::new();
    for (kind, _, _, name) in LOCKS {
        for path in world.git.tracked_named(name)? {
            // Tracked and deleted is the user's business; there is nothing to keep in step.
            if let Some(text) = files::read(&world.path(&path))? {
                locks.push(Lock { kind, path, text });
            }
        }
    }
    Ok(locks)
}

/// The names under which lock files know the project: those its own manifests give, not the package of the configuration.
/// A version of a whole Cargo workspace is the version of every member that inherits it.
fn lock_names(world: &World, project: &Project, readings: &Readings) -> anyhow::Result<Vec<(LockKind, String)>> {
    let mut names = Vec::new();
    let mut add = |kind, locator: &Locator, path: &str, inherited: bool| -> anyhow::Result<()> {
        let Some(text) = files::read(&world.path(path))? else { return Ok(()) };
        if !inherited || matches!(edit::locate(&Locator::CargoManifest, &text), Err(EditError::Elsewhere { .. })) {
            names.extend(edit::locate(locator, &text).into_iter().flatten().map(|name| (kind, name.text)));
        }
        Ok(())
    };
    for (kind, manifest, locator, _) in &LOCKS {
        let path = if project.path.is_empty() { (*manifest).to_owned() } else { format!("{}/{manifest}", project.path) };
        add(*kind, locator, &path, false)?;
    }
    if readings.all().iter().any(|reading| reading.key == "workspace.package.version") {
        for path in world.git.tracked_named("Cargo.toml")?.iter().filter(|path| is_within(path, &project.path)) {
            add(LockKind::Cargo, &Locator::TomlKey("package.name"), path, true)?;
        }
    }
    Ok(names)
}
