//! Version sites and lock entries: read from the work tree or a commit, and turned into edits.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use anyhow::Context;

use crate::edit::{self, EditError, Locator, LockKind, Requirement, RequirementKind};
use crate::model::fault::Fault;
use crate::model::project::{Project, Site, SiteForm, is_within};
use crate::model::site::{Readings, SiteReading};
use crate::model::step::{Goal, Step};
use crate::model::version::Version;
use crate::world::{World, files};

/// Reads every site as it stands in the work tree.
pub fn of_work_tree(world: &World, project: &Project) -> anyhow::Result<Readings> {
    of_base(world, &Base::WorkTree, project)
}

/// Which texts an edit starts from.
pub enum Base {
    /// As they stand.
    WorkTree,
    /// As HEAD has them: what a run that was cut off left in the work tree is not counted a second time.
    Head { commit: String, dirty: Vec<String> },
}

impl Base {
    pub fn head(world: &World) -> anyhow::Result<Self> {
        Ok(Self::Head { commit: world.git.head()?.commit, dirty: world.git.dirty_paths()? })
    }

    /// A file that does not differ is taken from the work tree: git may keep other line ends in the commit.
    fn text(&self, world: &World, path: &str) -> anyhow::Result<Option<String>> {
        match self {
            Self::Head { commit, dirty } if dirty.iter().any(|changed| changed == path) => world.git.file_at(commit, path),
            _ => files::read(&world.path(path)),
        }
    }
}

/// Reads every site in the texts an edit starts from.
pub fn of_base(world: &World, base: &Base, project: &Project) -> anyhow::Result<Readings> {
    read(project, &|file| base.text(world, file), "the work tree")
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
        let text = text_of(&site.file).map_err(|error| wrong(format!("{error:#}")))?.ok_or_else(|| absent(project, &site.file, place))?;
        readings.extend(read_site(site, &text).map_err(wrong)?);
    }
    let none = || {
        Fault::usage(format!("project {} has no version sites", project.name))
            .fix(format!("name them in projects.{}.versions", project.name))
    };
    Ok(Readings::new(readings).ok_or_else(none)?)
}

/// In the work tree the file has to be made, in a commit it has to be committed.
fn absent(project: &Project, file: &str, place: &str) -> Fault {
    let fix = match place {
        "the commit" => format!("git add {file} && git commit"),
        _ => format!("make {file}, or take it out of projects.{}.versions", project.name),
    };
    Fault::usage(format!("{file}: there is no such file in {place}")).fix(fix)
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
pub struct Edits<'a> {
    world: &'a World,
    base: &'a Base,
    files: BTreeMap<String, FileEdits>,
    /// Files that are a project's source of truth: written last, so that a run that is cut off between two files
    /// leaves sites that disagree, never a version that a second run counts on from.
    truths: BTreeSet<String>,
    /// Every lock file of the repository, read once.
    locks: Option<Vec<Lock>>,
}

#[derive(Default)]
struct FileEdits {
    text: String,
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

impl<'a> Edits<'a> {
    pub fn new(world: &'a World, base: &'a Base) -> Self {
        Self { world, base, files: BTreeMap::new(), truths: BTreeSet::new(), locks: None }
    }

    /// Moves a project's sites and its own entries in every lock file of the repository (laws 2 and 3).
    pub fn move_project(&mut self, project: &Project, readings: &Readings, to: &Version) -> anyhow::Result<()> {
        self.truths.extend(project.sites.first().map(|site| site.file.clone()));
        for reading in readings.all().iter().filter(|reading| reading.version != *to) {
            let text = reading.spelling.spell(to).map_err(|error| {
                Fault::usage(format!("{}: {error}", reading.site.file)).fix("choose a version that every site can spell")
            })?;
            self.add(&reading.site.file, reading.span.clone(), &text, project, format!("{} {} → {text}", reading.key, reading.found))?;
        }
        let locks = match &self.locks {
            Some(locks) => locks.clone(),
            None => self.locks.insert(self.read_locks()?).clone(),
        };
        for (kind, name) in self.lock_names(project, readings)? {
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
                        self.add(path, entry.span, &wanted, project, format!("entry of {name} {} → {wanted}", entry.text))?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Requirements of other projects that would not admit the new version, each with where it stands (law 4).
    ///
    /// The move itself would leave locks that no tool accepts.
    pub fn held_back_by(&self, project: &Project, readings: &Readings, to: &Version) -> anyhow::Result<Vec<String>> {
        let mut held_back = Vec::new();
        for (kind, name) in self.lock_names(project, readings)? {
            let (manifest, kind) = match kind {
                LockKind::Cargo => ("Cargo.toml", RequirementKind::Cargo),
                LockKind::Uv => ("pyproject.toml", RequirementKind::Python),
                LockKind::Npm => continue,
            };
            for path in self.world.git.tracked_named(manifest)? {
                let Some(text) = self.base.text(self.world, &path)? else { continue };
                let wrong = |error: EditError| Fault::usage(format!("{path}: {error}")).fix(format!("edit {path}"));
                let requirements = match kind {
                    RequirementKind::Cargo => edit::cargo_requirements(&text, &name),
                    RequirementKind::Python => edit::pyproject_requirements(&text, &name),
                };
                for Requirement { key, text, line } in requirements.map_err(wrong)? {
                    // A version that Python cannot spell is refused by the site that would have to hold it.
                    let unspeakable = kind == RequirementKind::Python && to.to_pep440().is_err();
                    if !unspeakable && !edit::admits(kind, &text, to).map_err(wrong)? {
                        held_back
                            .push(format!("{path} line {line} ({key}) requires {name} {text}, which does not admit {}", to.to_semver()));
                    }
                }
            }
        }
        Ok(held_back)
    }

    fn add(&mut self, file: &str, span: Range<usize>, version: &str, project: &Project, reason: String) -> anyhow::Result<()> {
        if !self.files.contains_key(file) {
            let text = self.base.text(self.world, file)?.with_context(|| format!("{file} is gone"))?;
            self.files.insert(file.into(), FileEdits { text, ..FileEdits::default() });
        }
        if let Some(edits) = self.files.get_mut(file) {
            edits.splices.push((span, version.into()));
            edits.reasons.push((project.name.clone(), reason));
        }
        Ok(())
    }

    /// One step a file. Gives the files with their new text, for a commit of them.
    pub fn want(self, goal: &mut Goal) -> anyhow::Result<Vec<(String, String)>> {
        let (truths, world) = (self.truths, self.world);
        let mut edited: Vec<_> = self.files.into_iter().collect();
        edited.sort_by_key(|(path, _)| truths.contains(path));
        let mut written = Vec::new();
        for (path, edits) in edited {
            let mut projects: Vec<_> = edits.reasons.iter().map(|(project, _)| project.as_str()).collect();
            projects.dedup();
            let why = edits.reasons.iter().map(|(_, reason)| reason.as_str()).collect::<Vec<_>>().join(", ");
            let before = files::read(&world.path(&path))?.with_context(|| format!("{path} is gone"))?;
            let after = edit::splice(&edits.text, edits.splices).with_context(|| format!("editing {path}"))?;
            goal.want(&projects.join(","), why, Step::EditFile { path: path.clone(), before, after: after.clone() });
            written.push((path, after));
        }
        Ok(written)
    }

    fn read_locks(&self) -> anyhow::Result<Vec<Lock>> {
        let mut locks = Vec::new();
        for (kind, _, _, name) in LOCKS {
            for path in self.world.git.tracked_named(name)? {
                // Tracked and deleted is the user's business; there is nothing to keep in step.
                if let Some(text) = self.base.text(self.world, &path)? {
                    locks.push(Lock { kind, path, text });
                }
            }
        }
        Ok(locks)
    }

    /// The names under which lock files know the project: those its own manifests give, not the package of the configuration.
    /// A version of a whole Cargo workspace is the version of every member that inherits it.
    fn lock_names(&self, project: &Project, readings: &Readings) -> anyhow::Result<Vec<(LockKind, String)>> {
        let mut names = Vec::new();
        let mut add = |kind, locator: &Locator, path: &str, inherited: bool| -> anyhow::Result<()> {
            let Some(text) = self.base.text(self.world, path)? else { return Ok(()) };
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
            for path in self.world.git.tracked_named("Cargo.toml")?.iter().filter(|path| is_within(path, &project.path)) {
                add(LockKind::Cargo, &Locator::TomlKey("package.name"), path, true)?;
            }
        }
        Ok(names)
    }
}
