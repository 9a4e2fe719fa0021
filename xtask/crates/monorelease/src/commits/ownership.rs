//! Whose tags and whose commits they are (laws 6 and 7): facts of the history in, attribution out.
//!
//! Nothing here walks: commits come in as places on the first-parent chain, HEAD first, with the folders they changed.

use std::collections::BTreeMap;

use monorelease_commit_history::folders::{FolderId, Folders};
use monorelease_model::tag::{Owners, TagName};

use crate::project::Project;

/// A release's or a candidate's tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectTag {
    pub name: String,
    /// What it points at: a commit, unless somebody tagged a tree or a file.
    pub commit: String,
    pub says: TagName,
}

/// The tags of each project, highest version first; tags of nobody are left out.
pub fn tags_by_project(
    projects: &[Project],
    tags: BTreeMap<String, String>,
) -> Vec<Vec<ProjectTag>> {
    let owners = Owners::new(projects.iter().map(|project| &project.tags));
    let mut found = vec![Vec::new(); projects.len()];
    for (name, commit) in tags {
        if let Some((place, says)) = owners.of(&name) {
            found[place].push(ProjectTag { name, commit, says });
        }
    }
    for tags in &mut found {
        tags.sort_by(|left, right| {
            (&right.says.version, right.says.candidate)
                .cmp(&(&left.says.version, left.says.candidate))
        });
    }
    found
}

/// The tag that a project without a release wants, in words; and its highest stable one that HEAD does not contain, if any is
/// there: a first release would be wrong then.
pub fn wanted(project: &Project, tags: &[ProjectTag]) -> String {
    let form = project.tags.form();
    match tags
        .iter()
        .find(|tag| tag.says.candidate.is_none() && !tag.says.version.is_prerelease())
    {
        Some(tag) => format!(
            "wanted a tag {form}; {} is there, and is no part of HEAD's history",
            tag.name
        ),
        None => format!("wanted a tag {form}"),
    }
}

/// The commits of HEAD's first-parent chain that each project has not released.
#[derive(Debug)]
pub struct Unreleased<'f> {
    folders: &'f Folders,
    /// For each project how many commits of the chain, counted from HEAD, lie beyond its last release; `None` for one that is
    /// not asked about.
    beyond: Vec<Option<usize>>,
}

impl<'f> Unreleased<'f> {
    pub fn new(folders: &'f Folders, beyond: Vec<Option<usize>>) -> Self {
        Self { folders, beyond }
    }

    /// How many commits of the chain have to be looked at, counted from HEAD.
    pub fn reach(&self) -> usize {
        self.beyond.iter().flatten().copied().max().unwrap_or(0)
    }

    /// Places of the projects that have not released the commit at `place` of the chain, whosever it is.
    pub fn waiting(&self, place: usize) -> impl Iterator<Item = usize> + '_ {
        self.beyond
            .iter()
            .enumerate()
            .filter(move |(_, beyond)| beyond.is_some_and(|beyond| place < beyond))
            .map(|(project, _)| project)
    }

    /// Places of the projects that the commit at `place` of the chain is an unreleased commit of, each once.
    pub fn projects_of(&self, place: usize, changed: &[FolderId]) -> Vec<usize> {
        let owners = changed
            .iter()
            .flat_map(|folder| self.folders.projects(*folder))
            .copied();
        let mut found: Vec<_> = owners
            .filter(|project| self.beyond[*project].is_some_and(|beyond| place < beyond))
            .collect();
        // A project may have several paths.
        found.sort_unstable();
        found.dedup();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;
    use crate::project::Projects;
    use crate::project::folders::folders;

    fn projects() -> Vec<Project> {
        let config = "[projects.a]\npath = \"a\"\n[projects.ab]\npath = \"a/b\"\npackage = \"a-b\"\n[projects.twin]\npath = \"a/b\"\npackage = \"c\"\n";
        Projects::from_config(&parse(config, "m").unwrap(), "m")
            .unwrap()
            .all
    }

    #[test]
    fn tags_are_sorted_by_version_as_numbers() {
        let names = [
            "a-v0.9.0",
            "a-v0.10.0",
            "a-v0.10.0-rc10",
            "a-v0.10.0-rc9",
            "a-b-v1.0.0",
            "d-v1.0.0",
            "latest",
        ];
        let found = tags_by_project(
            &projects(),
            names
                .iter()
                .map(|name| ((*name).to_owned(), "x".to_owned()))
                .collect(),
        );
        let names = |place: usize| {
            found[place]
                .iter()
                .map(|tag| tag.name.as_str())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            names(0),
            ["a-v0.10.0-rc10", "a-v0.10.0-rc9", "a-v0.10.0", "a-v0.9.0"]
        );
        assert_eq!((names(1), names(2)), (vec!["a-b-v1.0.0"], vec![]));
    }

    #[test]
    fn a_commit_counts_for_all_who_own_what_it_changed_until_their_release() {
        let projects = projects();
        let folders = folders(&projects);
        let a = folders.owner(b"a").unwrap();
        let b = folders.owner(b"a/b").unwrap();
        let unreleased = Unreleased::new(&folders, vec![Some(2), Some(1), None]);
        assert_eq!(unreleased.reach(), 2);
        let of = |place, changed: &[FolderId]| unreleased.projects_of(place, changed);
        assert_eq!(of(0, &[a, b]), [0, 1]);
        assert_eq!(of(1, &[a, b]), [0], "1 is where the second was released");
        assert!(of(1, &[b]).is_empty());
        assert!(of(2, &[a]).is_empty());
        assert_eq!(Unreleased::new(&folders, vec![None, None, None]).reach(), 0);
    }
}
