//! Whether each tag is of the version that the files of its commit contain.
//!
//! Each content is read once, however many tags have it.

use std::collections::HashMap;
use std::rc::Rc;

use monorelease_commit_history::history::Contents;
use monorelease_model::version::Version;

use super::read;
use crate::commits::ownership::ProjectTag;
use crate::project::Project;
use crate::project::version_location::{Site, SiteReading};
use crate::world::World;

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
    let mut contents = Contents::of(world.git.repository());
    for place in wanted.iter().copied() {
        let project = &projects[place];
        let mut sites = Sites {
            project,
            known: HashMap::new(),
        };
        for tag in tags[place].iter().filter(|tag| {
            !project.ignore_tags.contains(&tag.name) && world.git.has_commit(&tag.commit)
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
        read::read_site(site, &text.ok_or_else(absent)?)
            .map_err(|why| format!("{}: {why}", site.file))
    }) {
        Ok(said) => Answer::Says(said.into()),
        Err(why) => Answer::Unreadable(why),
    }
}

/// What one version site says at a tag's commit.
#[derive(Debug, Clone)]
pub enum Answer {
    /// The commit has no such file: the site is younger than the tag.
    Absent,
    /// The file is there, and no version could be read from it as it was then.
    Unreadable(String),
    /// In the order of the file; never empty.
    Says(Rc<[SiteReading]>),
}

/// How a tag stands to its commit's files.
#[derive(Debug)]
pub enum Holding {
    Holds,
    /// Everything that can be read there.
    Wrong(Vec<SiteReading>),
    /// No site's file was there yet.
    Young,
    /// Files were there, and none could be read; why not.
    Unreadable(String),
}

/// Holds a tag's version against the sites of its commit, in their order: where the source of truth can be read, it decides;
/// else any other site that says the version is enough.
pub fn hold(version: &Version, answers: &[Answer]) -> Holding {
    let said = answers.iter().filter_map(|answer| match answer {
        Answer::Says(readings) => Some(readings.iter()),
        _ => None,
    });
    let said: Vec<&SiteReading> = said.flatten().collect();
    let holds = match answers.first() {
        Some(Answer::Says(truth)) => truth
            .first()
            .is_some_and(|reading| reading.version == *version),
        _ => said.iter().any(|reading| reading.version == *version),
    };
    if holds {
        return Holding::Holds;
    }
    if !said.is_empty() {
        return Holding::Wrong(said.into_iter().cloned().collect());
    }
    let unreadable = answers.iter().find_map(|answer| match answer {
        Answer::Unreadable(why) => Some(why.clone()),
        _ => None,
    });
    unreadable.map_or(Holding::Young, Holding::Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::version_location::{Site, SiteForm};
    use monorelease_model::version::Spelling;

    fn version(text: &str) -> Version {
        Spelling::SemVer.read(text).unwrap()
    }

    fn says(texts: &[&str]) -> Answer {
        let site = Site {
            file: "VERSION".into(),
            form: SiteForm::Whole,
        };
        let reading = |text: &&str| SiteReading {
            site: site.clone(),
            key: "the whole text".into(),
            found: (*text).into(),
            version: version(text),
            spelling: Spelling::SemVer,
            span: 0..text.len(),
        };
        Answer::Says(texts.iter().map(reading).collect())
    }

    fn held(answers: &[Answer]) -> String {
        match hold(&version("1.0.0"), answers) {
            Holding::Holds => "holds".into(),
            Holding::Wrong(said) => said
                .iter()
                .map(|reading| reading.found.as_str())
                .collect::<Vec<_>>()
                .join(" "),
            Holding::Young => "young".into(),
            Holding::Unreadable(why) => format!("unreadable: {why}"),
        }
    }

    #[test]
    fn the_source_of_truth_decides_where_it_can_be_read() {
        let unreadable = || Answer::Unreadable("why".into());
        for (answers, expected) in [
            (vec![says(&["1.0.0"])], "holds"),
            (vec![says(&["0.9.0"])], "0.9.0"),
            (vec![says(&["1.0.0"]), says(&["0.9.0"])], "holds"),
            (vec![says(&["0.9.0"]), says(&["1.0.0"])], "0.9.0 1.0.0"),
            (vec![says(&["1.0.0", "0.9.0"])], "holds"),
            (vec![says(&["0.9.0", "1.0.0"])], "0.9.0 1.0.0"),
            (
                vec![Answer::Absent, says(&["0.9.0"]), says(&["1.0.0"])],
                "holds",
            ),
            (vec![unreadable(), says(&["1.0.0"])], "holds"),
            (vec![unreadable(), says(&["0.9.0"])], "0.9.0"),
            (vec![Answer::Absent, Answer::Absent], "young"),
            (vec![Answer::Absent, unreadable()], "unreadable: why"),
        ] {
            assert_eq!(held(&answers), expected, "{answers:?}");
        }
    }
}
