//! Parts of changelogs, from the history of projects, and the files they stand in.

use std::sync::mpsc::channel;
use std::thread;

use monorelease_commit_history::reverts::kept;
use monorelease_model::version::Version;
use monorelease_version_files::changelog;
use monorelease_version_files::changelog::{Entry, Group, Part, release};

use super::notes::groups;
use crate::commits::ownership::ProjectTag;
use crate::commits::rules::ReleaseRules;
use crate::commits::since_release;
use crate::commits::since_release::Since;
use crate::fault::Fault;
use crate::project::Project;
use crate::release::observe::rfc3339;
use crate::step::Step;
use crate::step::files::{CreateFile, EditFile};
use crate::step::plan::Goal;
use crate::world::texts::Texts;
use crate::world::{World, files};

/// What changelogs are made of.
pub struct Changelogs<'a> {
    pub world: &'a World,
    pub projects: &'a [Project],
    pub tags: &'a [Vec<ProjectTag>],
    pub rules: &'a ReleaseRules,
    /// The repository's address on the forge, such as `https://github.com/acme/mono`; without one there are no links.
    pub forge: Option<String>,
}

impl Changelogs<'_> {
    /// The file of a project, from the root of the repository.
    pub fn path(project: &Project) -> String {
        if project.path.is_empty() {
            "CHANGELOG.md".to_owned()
        } else {
            format!("{}/CHANGELOG.md", project.path)
        }
    }

    /// The file of a project, without links.
    ///
    /// # Errors
    /// A link leads out of the work tree, or to nothing.
    pub fn file(world: &World, project: &Project) -> anyhow::Result<String> {
        let path = Self::path(project);
        let mend = format!("make {path} a file, or a link to one in this repository");
        let real = world
            .real(&path)
            .map_err(|error| Fault::usage(format!("{error:#}")).fix(mend.as_str()))?;
        match files::is_link(&world.path(&real)) {
            true => Err(Fault::usage(format!("{path} is a link to nothing"))
                .fix(mend)
                .into()),
            false => Ok(real),
        }
    }

    /// What a project has that is not released.
    pub fn unreleased(&self, since: &Since) -> Part {
        self.part(since, None, None)
    }

    /// A part in Markdown.
    pub fn rendered(&self, part: &Part) -> String {
        changelog::render(part, self.forge.as_deref())
    }

    /// What these have that is not released, in Markdown: one thread decides what to tell while another writes it down.
    pub fn all_rendered<'s>(&self, all: impl Iterator<Item = &'s Since>) -> Vec<String> {
        let forge = self.forge.as_deref();
        thread::scope(|scope| {
            let (sender, parts) = channel::<Part>();
            let rendered = scope.spawn(move || {
                parts
                    .iter()
                    .map(|part| changelog::render(&part, forge))
                    .collect()
            });
            // Who listens no more has panicked, which is told below.
            let _ = all
                .map(|since| self.unreleased(since))
                .try_for_each(|part| sender.send(part));
            drop(sender);
            rendered
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// What the project's changelog says of a release, as the work tree has it.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn told(&self, project: &Project, version: &Version) -> anyhow::Result<Option<String>> {
        let path = Self::path(project);
        let file = self
            .world
            .read(&path)
            .map_err(|error| unread(&path, error))?;
        Ok(file.and_then(|file| Self::said(&file, version)))
    }

    /// What the text of a changelog says of a release, without our comments.
    pub fn said(text: &str, version: &Version) -> Option<String> {
        changelog::part_of(text, version).map(release::without_comments)
    }

    /// The same, as other texts have it.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn told_in(
        &self,
        texts: &Texts<'_>,
        project: &Project,
        version: &Version,
    ) -> anyhow::Result<Option<String>> {
        let path = Self::path(project);
        let file = texts.get(&path).map_err(|error| unread(&path, error))?;
        Ok(file.and_then(|file| changelog::part_of(&file, version).map(release::without_comments)))
    }

    /// A part without its heading.
    pub fn body(rendered: &str) -> String {
        rendered
            .split_once('\n')
            .map(|(_, body)| body.trim().to_owned())
            .unwrap_or_default()
    }

    /// A release's part, from its commits.
    ///
    /// # Errors
    /// The history cannot be read.
    pub fn released(&self, place: usize, tag: &ProjectTag) -> anyhow::Result<Part> {
        let since = since_release::of_release(
            self.world,
            self.projects,
            self.tags,
            place,
            tag,
            self.rules,
        )?;
        let date = rfc3339(self.world.git.commit_seconds(&tag.commit)?)?;
        Ok(self.part(&since, Some(tag), Some(date)))
    }

    /// Wants the project's file to tell its unreleased part, and the releases that are newer than those it tells of.
    ///
    /// # Errors
    /// The file or the history cannot be read, or the file's comments do not pair.
    pub fn want(&self, goal: &mut Goal, place: usize, since: &Since) -> anyhow::Result<()> {
        let project = &self.projects[place];
        let path = Self::file(self.world, project)?;
        let before = self
            .world
            .read(&path)
            .map_err(|error| unread(&path, error))?;
        let wrong = |error| Self::wrong(&path, &error);
        let last = since.release.as_ref().map(|release| &release.version);
        if let Some(before) = &before
            && release::tells_of_the_next(before, last).map_err(wrong)?
        {
            goal.notes.push(format!("{path} tells of a release that has no tag yet, and is left to `cargo xtask release-pr`"));
            return Ok(());
        }
        if before.as_deref().is_some_and(changelog::is_unread) {
            goal.notes.push(format!(
                "{path}: no heading of it names a version, so that the releases so far are left to its own words"
            ));
        }
        let missing = self.missing(place, before.as_deref())?;
        let after = changelog::updated(
            before.as_deref(),
            &project.package,
            &self.unreleased(since),
            &missing,
            self.forge.as_deref(),
        )
        .map_err(wrong)?;
        let why = format!(
            "{} of {} since the last release",
            count(since.commits.len(), "commit"),
            project.package
        );
        match before {
            Some(before) if before == after => {}
            Some(before) => goal.want(
                &project.name,
                why,
                Step::EditFile(EditFile {
                    path,
                    before,
                    after,
                }),
            ),
            None => goal.want(
                &project.name,
                why,
                Step::CreateFile(CreateFile { path, text: after }),
            ),
        }
        Ok(())
    }

    /// What a release of the project brings. Where its own commits have nothing to tell, what it depends on does.
    pub fn next(
        &self,
        place: usize,
        since: &Since,
        version: &Version,
        date: &str,
        depends: &[String],
    ) -> Part {
        let project = &self.projects[place];
        let part = self.part(since, None, None);
        let compare = self.forge.as_ref().zip(since.release.as_ref());
        let compare = compare.map(|(forge, release)| {
            format!(
                "{forge}/compare/{}...{}",
                release.tag,
                project.tags.release(version)
            )
        });
        let mut groups = part.groups;
        if groups.is_empty() && !depends.is_empty() {
            let entry = |words: &String| Entry {
                scope: None,
                description: words.clone(),
                breaking: None,
                pull_request: None,
                commit: String::new(),
            };
            groups.push(Group {
                heading: "Dependencies".to_owned(),
                entries: depends.iter().map(entry).collect(),
            });
        }
        Part {
            version: Some(version.clone()),
            date: Some(date.to_owned()),
            compare,
            groups,
        }
    }

    /// The project's file with the part of its next release, and its path; `None` where it stands already, or was written by hand.
    ///
    /// # Errors
    /// The file or the history cannot be read, or the file's comments do not pair.
    pub fn with_next(
        &self,
        texts: &Texts<'_>,
        place: usize,
        since: &Since,
        part: &Part,
    ) -> anyhow::Result<Option<(String, String)>> {
        let project = &self.projects[place];
        let path = Self::file(self.world, project)?;
        let before = texts.get(&path).map_err(|error| unread(&path, error))?;
        let missing = self.missing(place, before.as_deref())?;
        let last = since.release.as_ref().map(|release| &release.version);
        let after = release::released(
            before.as_deref(),
            &project.package,
            part,
            last,
            &missing,
            self.forge.as_deref(),
        )
        .map_err(|error| Self::wrong(&path, &error))?;
        Ok(after
            .filter(|after| before.as_deref() != Some(after.as_str()))
            .map(|after| (path, after)))
    }

    /// The releases that are newer than those a file tells of; none where it tells of the past in words that name no release,
    /// which would be told a second time.
    fn missing(&self, place: usize, file: Option<&str>) -> anyhow::Result<Vec<Part>> {
        if file.is_some_and(changelog::is_unread) {
            return Ok(Vec::new());
        }
        let newest_told = file.and_then(|file| changelog::releases(file).into_iter().max());
        let mut missing = Vec::new();
        for tag in since_release::contained(self.world, &self.tags[place])? {
            if newest_told
                .as_ref()
                .is_none_or(|told| tag.says.version > *told)
            {
                missing.push(self.released(place, tag)?);
            }
        }
        Ok(missing)
    }

    fn wrong(path: &str, error: &monorelease_text_edits::error::EditError) -> Fault {
        Fault::usage(format!("{path}: {error}")).fix(format!("take the comments out of {path}"))
    }

    fn part(&self, since: &Since, tag: Option<&ProjectTag>, date: Option<String>) -> Part {
        let kept = kept(&since.commits, &|hash| self.world.git.has_commit_like(hash));
        let compare = self
            .forge
            .as_ref()
            .zip(since.release.as_ref())
            .map(|(forge, release)| {
                let to = tag.map_or("HEAD", |tag| tag.name.as_str());
                format!("{forge}/compare/{}...{to}", release.tag)
            });
        let date = date.map(|date| date.chars().take("2025-10-25".len()).collect());
        Part {
            version: tag.map(|tag| tag.says.version.clone()),
            date,
            compare,
            groups: groups(&kept, self.rules),
        }
    }
}

/// What stands at the path is no text that a changelog could go on from; whoever has written it has to mend it.
fn unread(path: &str, error: anyhow::Error) -> anyhow::Error {
    if error.is::<Fault>() {
        return error;
    }
    Fault::usage(format!("{path}: {error:#}"))
        .fix(format!("make {path} a text in UTF-8, or move it away"))
        .into()
}

fn count(number: usize, what: &str) -> String {
    if number == 1 {
        format!("1 {what}")
    } else {
        format!("{number} {what}s")
    }
}
