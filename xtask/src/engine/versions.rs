//! Version sites, read from the work tree or a commit. What is to be written there, `edits` says.

use std::collections::HashSet;

use crate::edit::{self, Locator};
use crate::model::fault::Fault;
use crate::model::project::{Project, Site, SiteForm};
use crate::model::site::{Readings, SiteReading};
use crate::world::World;

/// Reads every site as it stands in the work tree.
pub fn of_work_tree(world: &World, project: &Project) -> anyhow::Result<Readings> {
    of_base(world, &Base::WorkTree, project)
}

/// Which texts an edit starts from.
pub enum Base {
    /// As they stand.
    WorkTree,
    /// As HEAD has them: what a run that was cut off left in the work tree is not counted a second time.
    Head { commit: String, dirty: HashSet<String> },
}

impl Base {
    pub fn head(world: &World) -> anyhow::Result<Self> {
        Ok(Self::Head { commit: world.git.head()?.commit, dirty: world.git.dirty_paths()?.into_iter().collect() })
    }

    /// A file that does not differ is taken from the work tree: git may keep other line ends in the commit.
    pub fn text(&self, world: &World, path: &str) -> anyhow::Result<Option<String>> {
        match self {
            Self::Head { commit, dirty } if dirty.contains(path) => world.git.file_at(commit, path),
            _ => world.read(path),
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
