//! Every byte that must change so that projects stand at their new versions: sites, lock entries, and the requirements
//! of those who depend on them (laws 2 to 4). It writes nothing; the edits become steps of a plan.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::rc::Rc;

use anyhow::Context;
use monorelease_model::version::Version;
use monorelease_text_edits::error;
use monorelease_text_edits::splice::splice;
use monorelease_version_files::requirements::admits;
use monorelease_version_files::requirements::moved;
use monorelease_version_files::requirements::requirement::Requirement;

use super::manifests::{Manifest, Manifests};
use super::packages::{Ecosystem, Package};
use crate::fault::Fault;
use crate::git;
use crate::project::version_location::Readings;
use crate::project::{Project, Projects};
use crate::step::Step;
use crate::step::files::EditFile;
use crate::step::plan::Goal;
use crate::world::files;
use crate::world::texts::Texts;

/// Edits of one command. Those of one file are made together, whichever project they are for.
pub struct Edits<'a> {
    texts: &'a Texts<'a>,
    /// The projects by their paths.
    owners: HashMap<&'a str, &'a Project>,
    manifests: Manifests,
    files: BTreeMap<String, FileEdits>,
    /// Files that are a project's source of truth: written last, so that a run that is cut off between two files
    /// leaves sites that disagree, never a version that a second run counts on from.
    truths: BTreeSet<String>,
}

/// A file with all its edits made.
pub struct Edited {
    pub path: String,
    /// Whose edits they are, with commas between.
    pub projects: String,
    pub why: String,
    pub text: String,
    /// Whether a commit can have it.
    pub is_tracked: bool,
}

struct FileEdits {
    text: Rc<str>,
    splices: Vec<(Range<usize>, String)>,
    /// Projects, each with the reason.
    reasons: Vec<(String, String)>,
}

/// One place that is to say something else.
struct Wanted {
    file: String,
    span: Range<usize>,
    text: String,
    /// Whose file it is, in the plan.
    project: String,
    reason: String,
}

/// A requirement of a manifest, and what it is to become.
struct Raised<'m> {
    manifest: &'m Manifest,
    requirement: &'m Requirement,
    text: String,
}

impl<'a> Edits<'a> {
    pub fn new(texts: &'a Texts<'a>, projects: &'a Projects) -> anyhow::Result<Self> {
        let manifests = Manifests::read(texts, projects)?;
        let owners = projects
            .all
            .iter()
            .flat_map(|project| project.paths().map(move |path| (path, project)))
            .collect();
        Ok(Self {
            texts,
            owners,
            manifests,
            files: BTreeMap::new(),
            truths: BTreeSet::new(),
        })
    }

    /// Moves a project's sites and its own entries in every lock file of the repository (laws 2 and 3).
    pub fn move_versions(
        &mut self,
        project: &Project,
        readings: &Readings,
        to: &Version,
    ) -> anyhow::Result<()> {
        let packages = self.manifests.packages_of(project, readings)?;
        self.move_sites(project, readings, &packages, to)
    }

    /// As [`Self::move_versions`], and moves the requirements of others with them (law 4).
    pub fn move_project(
        &mut self,
        goal: &mut Goal,
        project: &Project,
        readings: &Readings,
        to: &Version,
        raise: bool,
    ) -> anyhow::Result<()> {
        let packages = self.manifests.packages_of(project, readings)?;
        // What others require was written for the version that is left: of sites that disagree, the one that is wrong.
        let from = readings
            .all()
            .iter()
            .map(|reading| &reading.version)
            .find(|version| *version != to)
            .unwrap_or(to);
        self.move_requirements(goal, project, &packages, (from, to), raise)?;
        if from != to {
            for (lock, name) in packages
                .iter()
                .flat_map(|package| self.manifests.taken(package, to))
            {
                let what = format!(
                    "{} has a {name} {} from elsewhere too, and would have to tell the two apart anew",
                    lock.path,
                    to.to_semver()
                );
                goal.refuse(
                    &project.name,
                    what,
                    "choose another version, or drop that dependency first",
                );
            }
            goal.notes.extend(
                packages
                    .iter()
                    .flat_map(|package| self.manifests.chart_lock_notes(package)),
            );
        }
        self.move_sites(project, readings, &packages, to)
    }

    fn move_sites(
        &mut self,
        project: &Project,
        readings: &Readings,
        packages: &[Package],
        to: &Version,
    ) -> anyhow::Result<()> {
        if let Some(truth) = project.sites.first() {
            self.truths.insert(self.texts.world.real(&truth.file)?);
        }
        for reading in readings
            .all()
            .iter()
            .filter(|reading| reading.version != *to)
        {
            let text = reading.spelling.spell(to).map_err(|error| {
                Fault::usage(format!("{}: {error}", reading.site.file))
                    .fix("choose a version that every site can spell")
            })?;
            let reason = format!("{} {} → {text}", reading.key, reading.found);
            let file = reading.site.file.clone();
            let span = reading.span.clone();
            let project = project.name.clone();
            self.add(Wanted {
                file,
                span,
                text,
                project,
                reason,
            })?;
        }
        for package in packages {
            let mut wanted_entries = Vec::new();
            for (lock, locked) in self.manifests.locked(package)? {
                for entry in &locked.versions {
                    let text = entry.spelling.spell(to).map_err(|error| {
                        Fault::usage(format!("{}: {error}", lock.path))
                            .fix("choose a version that the lock can spell")
                    })?;
                    if entry.text != text {
                        let reason = format!("entry of {} {} → {text}", package.name, entry.text);
                        let file = lock.path.clone();
                        let span = entry.span.clone();
                        let project = project.name.clone();
                        wanted_entries.push(Wanted {
                            file,
                            span,
                            text,
                            project,
                            reason,
                        });
                    }
                }
            }
            wanted_entries
                .into_iter()
                .try_for_each(|wanted| self.add(wanted))?;
        }
        Ok(())
    }

    /// Moves the requirements that would not admit the new version, each with its reason (law 4); with `raise` also
    /// those that still would. One that cannot be moved surely refuses the goal: the bump would leave a build that fails.
    fn move_requirements(
        &mut self,
        goal: &mut Goal,
        project: &Project,
        packages: &[Package],
        (from, to): (&Version, &Version),
        raise: bool,
    ) -> anyhow::Result<()> {
        for package in packages {
            // A version that Python cannot spell is refused by the site that would have to hold it.
            if package.ecosystem == Ecosystem::Python && to.to_pep440().is_err() {
                continue;
            }
            self.note_published(goal, package, from, to);
            let mut raised = Vec::new();
            for (manifest, requirement) in self.manifests.requirements_on(package)? {
                let wrong = |error: error::EditError| {
                    Fault::usage(format!("{} ({}): {error}", manifest.path, requirement.key))
                        .fix(format!("edit {}", manifest.path))
                };
                let admitted =
                    admits::admits(requirement.kind, &requirement.text, to).map_err(wrong)?;
                if admitted && !raise {
                    continue;
                }
                if !admitted && self.is_on_another(package, requirement, from) {
                    goal.notes.push(format!(
                        "{} line {} requires {} {}, which {} was none of, and stays",
                        manifest.path,
                        requirement.line,
                        package.name,
                        requirement.text,
                        from.to_semver()
                    ));
                    continue;
                }
                match moved::moved(requirement.kind, &requirement.text, from, to) {
                    Ok(text) if text == requirement.text => {}
                    Ok(text) => raised.push(Raised {
                        manifest,
                        requirement,
                        text,
                    }),
                    Err(error) => {
                        let what = format!(
                            "{} line {} ({}): {error}",
                            manifest.path, requirement.line, requirement.key
                        );
                        goal.refuse(
                            &project.name,
                            what,
                            format!(
                                "edit the requirement in {}, then the same command",
                                manifest.path
                            ),
                        );
                    }
                }
            }
            let wanted = self.edits_of(goal, project, package, raised, (from, to))?;
            wanted.into_iter().try_for_each(|wanted| self.add(wanted))?;
        }
        Ok(())
    }

    /// Whether a requirement means a published version of the package and never meant the one of this repository: it did not
    /// admit the version before, and nothing in the manifest leads here (law 4).
    fn is_on_another(&self, package: &Package, requirement: &Requirement, from: &Version) -> bool {
        let leads_here = requirement.is_linked || package.ecosystem == Ecosystem::Cargo;
        let admits = admits::admits(requirement.kind, &requirement.text, from);
        !leads_here && admits.is_ok_and(|admits| !admits)
    }

    /// Says which charts of a chart repository have the package's name and would be left behind, if they are this one.
    fn note_published(&self, goal: &mut Goal, package: &Package, from: &Version, to: &Version) {
        for (manifest, requirement) in self.manifests.published(package) {
            let admits = |version| {
                admits::admits(requirement.kind, &requirement.text, version).unwrap_or(false)
            };
            if admits(from) && !admits(to) {
                goal.notes.push(format!(
                    "{} line {} requires {} {} of a chart repository, and stays: if it is this one, edit it once {} is published",
                    manifest.path,
                    requirement.line,
                    package.name,
                    requirement.text,
                    to.to_semver()
                ));
            }
        }
    }

    /// The edits of the manifests themselves, and of the locks that repeat what these require.
    fn edits_of(
        &self,
        goal: &mut Goal,
        project: &Project,
        package: &Package,
        raised: Vec<Raised<'_>>,
        (from, to): (&Version, &Version),
    ) -> anyhow::Result<Vec<Wanted>> {
        let mut edits = Vec::new();
        for Raised {
            manifest,
            requirement,
            text,
        } in raised
        {
            let owner = self.owner_of(&manifest.path);
            let reason = format!(
                "{owner}: requires {} {}; {} becomes {}",
                package.name,
                requirement.text,
                project.name,
                to.to_semver()
            );
            for lock in self
                .manifests
                .locks()
                .iter()
                .filter(|lock| lock.ecosystem == manifest.ecosystem)
            {
                // A manifest may require a package more than once, by markers; what does not move there stays here too.
                let is_same = |repeated: &&Requirement| {
                    admits::is_same(repeated.kind, &repeated.text, &requirement.text)
                };
                for repeated in lock.repeated(manifest, package).filter(is_same) {
                    let wrong = |error| {
                        Fault::usage(format!("{}: {error}", lock.path))
                            .fix(format!("git checkout -- {}", lock.path))
                    };
                    let text =
                        moved::moved(repeated.kind, &repeated.text, from, to).map_err(wrong)?;
                    let file = lock.path.clone();
                    let span = repeated.span.clone();
                    edits.push(Wanted {
                        file,
                        span,
                        text,
                        project: owner.to_owned(),
                        reason: reason.clone(),
                    });
                }
            }
            let file = manifest.path.clone();
            let span = requirement.span.clone();
            let reason = format!("{reason}, so now {text}");
            edits.push(Wanted {
                file,
                span,
                text,
                project: owner.to_owned(),
                reason,
            });
            // A manifest may require the package more than once.
            let said = [
                self.manifests.foreign_note(manifest, package),
                self.manifests.poetry_note(manifest),
                self.manifests.other_lock_note(manifest),
            ];
            for note in said.into_iter().flatten() {
                if !goal.notes.contains(&note) {
                    goal.notes.push(note);
                }
            }
        }
        Ok(edits)
    }

    /// The name of the project that owns a file: the one with the longest path above it (law 7); the file's path if none does.
    fn owner_of<'f>(&'f self, file: &'f str) -> &'f str {
        let mut path = file;
        loop {
            if let Some(owner) = self.owners.get(path) {
                return &owner.name;
            }
            if path.is_empty() {
                return file;
            }
            path = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        }
    }

    fn add(&mut self, wanted: Wanted) -> anyhow::Result<()> {
        // By whichever links it is known: two texts of one file would overwrite each other.
        let file = self.texts.world.real(&wanted.file)?;
        let edits = match self.files.entry(file) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let text = self
                    .texts
                    .get(place.key())?
                    .with_context(|| format!("{} is gone", place.key()))?;
                place.insert(FileEdits {
                    text,
                    splices: Vec::new(),
                    reasons: Vec::new(),
                })
            }
        };
        edits.splices.push((wanted.span, wanted.text));
        edits.reasons.push((wanted.project, wanted.reason));
        Ok(())
    }

    /// One step a file. Gives the files with their new text, for a commit of them.
    pub fn want(self, goal: &mut Goal) -> anyhow::Result<Vec<(String, String)>> {
        let texts = self.texts;
        let mut written = Vec::new();
        for Edited {
            path,
            projects,
            why,
            text: after,
            is_tracked,
        } in self.edited()?
        {
            let before = texts
                .in_work_tree(&path)?
                .with_context(|| format!("{path} is gone"))?
                .as_ref()
                .to_owned();
            if !files::exists(&texts.world.path(&path)) && texts.is_left_out(&path)? {
                let what = format!(
                    "{path} would change, and this checkout is sparse: it is not in the work tree"
                );
                goal.refuse(&projects, what, git::index::include(&path));
                continue;
            }
            if files::is_read_only(&texts.world.path(&path)) {
                goal.refuse(
                    &projects,
                    format!("{path} is read-only"),
                    format!("chmod u+w {path}"),
                );
            }
            goal.want(
                &projects,
                why,
                Step::EditFile(EditFile {
                    path: path.clone(),
                    before,
                    after: after.clone(),
                }),
            );
            if is_tracked {
                written.push((path, after));
            }
        }
        Ok(written)
    }

    /// Every file with its new text; those that are a source of truth come last.
    pub fn edited(self) -> anyhow::Result<Vec<Edited>> {
        let truths = self.truths;
        let manifests = self.manifests;
        let mut files: Vec<_> = self.files.into_iter().collect();
        files.sort_by_key(|(path, _)| truths.contains(path));
        let edited = files.into_iter().map(|(path, edits)| {
            let projects =
                once_each(edits.reasons.iter().map(|(project, _)| project.as_str())).join(",");
            let why = once_each(edits.reasons.iter().map(|(_, reason)| reason.as_str())).join(", ");
            let text = splice(&edits.text, edits.splices).map_err(|error| {
                Fault::usage(format!("{path}: {error}"))
                    .fix("take one of the two sites out of the configuration")
            })?;
            let is_tracked = !manifests.is_untracked(&path);
            Ok(Edited {
                path,
                projects,
                why,
                text,
                is_tracked,
            })
        });
        edited.collect()
    }
}

/// Words in their order, each where it is first said.
fn once_each<'w>(words: impl Iterator<Item = &'w str>) -> Vec<&'w str> {
    let mut said = BTreeSet::new();
    words.filter(|word| said.insert(*word)).collect()
}
