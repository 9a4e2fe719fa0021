//! Tags held against the files of their own commits: each content is read once, however many tags have it.

use std::collections::HashMap;

use crate::engine::versions;
use crate::model::project::Project;
use crate::model::site::{Site, SiteReading};
use crate::plan::history::ProjectTag;
use crate::plan::tagged::{Answer, Holding, hold};
use crate::world::World;
use crate::world::history::Contents;

/// What the check of all tags found.
#[derive(Debug, Default)]
pub struct TagCheck {
    pub wrong: Vec<WrongTag>,
    /// Names of tags that are older than every site of their project.
    pub young: Vec<String>,
    /// Names of tags whose commits have files of sites, none of which can be read, each with the first reason.
    pub unreadable: Vec<(String, String)>,
}

/// A tag whose version no file of its commit says.
#[derive(Debug)]
pub struct WrongTag {
    /// The place of its project.
    pub project: usize,
    pub tag: ProjectTag,
    /// What the sites say there.
    pub found: Vec<SiteReading>,
}

/// Holds every tag of the projects of `wanted`, candidates' too, against the sites of its commit. Left out are tags whose commit
/// this clone does not have, and those that the configuration lists as wrong.
///
/// # Errors
/// A commit or a folder of it cannot be read.
pub fn check(
    world: &World,
    projects: &[Project],
    tags: &[Vec<ProjectTag>],
    wanted: &[usize],
) -> anyhow::Result<TagCheck> {
    let mut found = TagCheck::default();
    let mut contents = world.git.contents();
    for place in wanted.iter().copied() {
        let project = &projects[place];
        let mut sites = Sites {
            project,
            known: HashMap::new(),
        };
        for tag in tags[place].iter().filter(|tag| {
            !project.wrong_tags.contains(&tag.name) && world.git.has_commit(&tag.commit)
        }) {
            match hold(
                &tag.says.version,
                &sites.answers(world, &mut contents, &tag.commit)?,
            ) {
                Holding::Holds => {}
                Holding::Young => found.young.push(tag.name.clone()),
                Holding::Unreadable(why) => found.unreadable.push((tag.name.clone(), why)),
                Holding::Wrong(said) => found.wrong.push(WrongTag {
                    project: place,
                    tag: tag.clone(),
                    found: said,
                }),
            }
        }
    }
    Ok(found)
}

/// What the sites of one project say in the commits of its tags.
struct Sites<'p> {
    project: &'p Project,
    /// By the site's place and its content's id.
    known: HashMap<(usize, String), Answer>,
}

impl Sites<'_> {
    fn answers(
        &mut self,
        world: &World,
        contents: &mut Contents<'_>,
        commit: &str,
    ) -> anyhow::Result<Vec<Answer>> {
        let mut answers = Vec::new();
        for (place, site) in self.project.sites.iter().enumerate() {
            let Some(id) = contents.id_of(commit, &site.file)? else {
                answers.push(Answer::Absent);
                continue;
            };
            let known = self.known.entry((place, id));
            answers.push(known.or_insert_with(|| read(world, commit, site)).clone());
        }
        Ok(answers)
    }
}

fn read(world: &World, commit: &str, site: &Site) -> Answer {
    let text = world
        .git
        .file_at(commit, &site.file)
        .map_err(|error| format!("{error:#}"));
    let absent = || format!("{}: there is no such file in the commit", site.file);
    match text.and_then(|text| {
        versions::read_site(site, &text.ok_or_else(absent)?)
            .map_err(|why| format!("{}: {why}", site.file))
    }) {
        Ok(said) => Answer::Says(said.into()),
        Err(why) => Answer::Unreadable(why),
    }
}
