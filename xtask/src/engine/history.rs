//! The last release of each project and what came after it: tags and history joined (laws 6 and 7).
//!
//! A shallow clone is the caller's to refuse: nothing here can tell that history is missing.

use crate::model::folders::Folders;
use crate::model::project::Project;
use crate::model::version::Version;
use crate::plan::history::{ProjectTag, Unreleased};
use crate::world::World;

/// The highest stable version that HEAD contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    pub version: Version,
    /// The tag's name.
    pub tag: String,
    pub commit: String,
    /// Commits of HEAD's first-parent chain that the tag does not contain and that changed a path of the project.
    pub commits_since: usize,
}

/// The last release of each project of `wanted`, by its place; the history is walked once for all of them, and no further than
/// the oldest of their releases. `None` for a project without a release, and for those that are not wanted.
///
/// # Errors
/// An object of the history cannot be read.
pub fn releases(world: &World, projects: &[Project], tags: &[Vec<ProjectTag>], wanted: &[usize]) -> anyhow::Result<Vec<Option<Release>>> {
    let mut releases = vec![None; projects.len()];
    // A repository without a commit has released nothing.
    let Some(head) = world.git.head_if_any()?.map(|head| head.commit) else { return Ok(releases) };
    let mut history = world.git.history(&head)?;
    let mut beyond = vec![None; projects.len()];
    for place in wanted.iter().copied() {
        for tag in tags[place].iter().filter(|tag| tag.says.candidate.is_none() && !tag.says.version.is_prerelease()) {
            if let Some(commits) = history.beyond(&tag.commit)? {
                beyond[place] = Some(commits);
                let ProjectTag { name, commit, says } = tag.clone();
                releases[place] = Some(Release { version: says.version, tag: name, commit, commits_since: 0 });
                break;
            }
        }
    }
    let folders = Folders::new(projects);
    let unreleased = Unreleased::new(&folders, beyond);
    for (at, commit) in history.walk(&folders)?.take(unreleased.reach()).enumerate() {
        for place in unreleased.projects_of(at, &commit?.changed) {
            if let Some(release) = &mut releases[place] {
                release.commits_since += 1;
            }
        }
    }
    Ok(releases)
}
