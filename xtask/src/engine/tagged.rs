//! Tags held against the files of their own commits: each content is read once, however many tags have it.

use std::collections::HashMap;

use crate::engine::versions;
use crate::model::project::Project;
use crate::model::site::SiteReading;
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
pub fn check(world: &World, projects: &[Project], tags: &[Vec<ProjectTag>], wanted: &[usize]) -> anyhow::Result<TagCheck> {
    let mut found = TagCheck::default();
    let mut contents = world.git.contents();
    for place in wanted.iter().copied() {
        let project = &projects[place];
        let mut sites = Sites::of(project);
        for tag in tags[place].iter().filter(|tag| !project.wrong_tags.contains(&tag.name) && world.git.has_commit(&tag.commit)) {
            match hold(&tag.says.version, &sites.answers(world, &mut contents, &tag.commit)?) {
                Holding::Holds => {}
                Holding::Young => found.young.push(tag.name.clone()),
                Holding::Unreadable(why) => found.unreadable.push((tag.name.clone(), why)),
                Holding::Wrong(said) => found.wrong.push(WrongTag { project: place, tag: tag.clone(), found: said }),
            }
        }
    }
    Ok(found)
}

/// The sites of one project, each as a project of its own: a commit may have some of them only.
struct Sites {
    alone: Vec<Project>,
    /// By the site's place and its content's id.
    known: HashMap<(usize, String), Answer>,
}

impl Sites {
    fn of(project: &Project) -> Self {
        let alone = project.sites.iter().map(|site| Project { sites: vec![site.clone()], ..project.clone() }).collect();
        Self { alone, known: HashMap::new() }
    }

    fn answers(&mut self, world: &World, contents: &mut Contents<'_>, commit: &str) -> anyhow::Result<Vec<Answer>> {
        let mut answers = Vec::new();
        for (place, project) in self.alone.iter().enumerate() {
            let Some(id) = contents.id_of(commit, &project.sites[0].file)? else {
                answers.push(Answer::Absent);
                continue;
            };
            let known = self.known.entry((place, id));
            answers.push(known.or_insert_with(|| read(world, commit, project)).clone());
        }
        Ok(answers)
    }
}

fn read(world: &World, commit: &str, project: &Project) -> Answer {
    match versions::of_commit(world, commit, project) {
        Ok(readings) => Answer::Says(readings.all().into()),
        Err(error) => Answer::Unreadable(format!("{error:#}")),
    }
}
