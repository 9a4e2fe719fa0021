//! Version sites, read from the work tree or a commit. What is to be written there, `edits` says.

use std::rc::Rc;

use monorelease_version_files::locations;
use monorelease_version_files::locations::Locator;

use crate::fault::Fault;
use crate::project::Project;
use crate::project::version_location::{Readings, Site, SiteForm, SiteReading};
use crate::world::texts::Texts;
use crate::world::{World, texts};

/// Reads every site as it stands in the work tree.
pub fn of_work_tree(world: &World, project: &Project) -> anyhow::Result<Readings> {
    of_texts(&Texts::of_work_tree(world), project)
}

/// Reads every site in the texts that edits start from.
pub fn of_texts(texts: &Texts, project: &Project) -> anyhow::Result<Readings> {
    read(project, &|file| texts.get(file), texts.place())
}

/// Reads every site as a commit has it.
pub fn of_commit(world: &World, commit: &str, project: &Project) -> anyhow::Result<Readings> {
    read(
        project,
        &|file| Ok(world.git.file_at(commit, file)?.map(Rc::from)),
        "the commit",
    )
}

fn read(
    project: &Project,
    text_of: &dyn Fn(&str) -> anyhow::Result<Option<Rc<str>>>,
    place: &str,
) -> anyhow::Result<Readings> {
    let mut readings = Vec::new();
    for site in &project.sites {
        let wrong = |what: String| {
            Fault::usage(format!("{}: {what}", site.file)).fix(format!(
                "edit {}, or projects.{}.versions in the configuration",
                site.file, project.name
            ))
        };
        let text = text_of(&site.file)
            .map_err(|error| wrong(format!("{error:#}")))?
            .ok_or_else(|| absent(project, &site.file, place))?;
        readings.extend(read_site(site, &text).map_err(wrong)?);
    }
    let none = || {
        Fault::usage(format!("project {} has no version sites", project.name))
            .fix(format!("name them in projects.{}.versions", project.name))
    };
    Ok(Readings::new(readings).ok_or_else(none)?)
}

/// In the work tree the file has to be made, in a commit (HEAD is one) it has to be committed.
fn absent(project: &Project, file: &str, place: &str) -> Fault {
    let fix = match place {
        "the commit" | texts::HEAD => format!("git add {file} && git commit"),
        _ => format!(
            "make {file}, or take it out of projects.{}.versions",
            project.name
        ),
    };
    Fault::usage(format!("{file}: there is no such file in {place}")).fix(fix)
}

pub(crate) fn read_site(site: &Site, text: &str) -> Result<Vec<SiteReading>, String> {
    let located =
        locations::locate(&locator(&site.form), text).map_err(|error| error.to_string())?;
    located
        .into_iter()
        .map(|found| {
            let version = found
                .spelling
                .read(&found.text)
                .map_err(|error| format!("{}: {error}", found.key))?;
            Ok(SiteReading {
                site: site.clone(),
                key: found.key,
                found: found.text,
                version,
                spelling: found.spelling,
                span: found.span,
            })
        })
        .collect()
}

fn locator(form: &SiteForm) -> Locator<'_> {
    match form {
        SiteForm::CargoManifest => Locator::CargoManifest,
        SiteForm::Pyproject => Locator::Pyproject,
        SiteForm::Python(name) => Locator::Python { name },
        SiteForm::PackageJson => Locator::PackageJson,
        SiteForm::Whole => Locator::WholeText,
        SiteForm::JsonKey(key) => Locator::JsonKey(key),
        SiteForm::TomlKey(key) => Locator::TomlKey(key),
        SiteForm::YamlKey(key) => Locator::YamlKey(key),
        SiteForm::Pattern(pattern) => Locator::Pattern(pattern),
    }
}
