//! Merges whose own words say nothing, such as `Merge branch 'x'`: their changes are those of the commits they brought in.
//!
//! A merge stays one commit of its projects, so that a revert of it takes back all that it brought.

use std::collections::HashMap;
use std::rc::Rc;

use super::history::Since;
use crate::model::commit::Message;
use crate::model::folders::Folders;
use crate::model::rules::ReleaseRules;
use crate::plan::history::Unreleased;
use crate::world::World;

/// A merge that tells nothing itself.
pub struct PlainMerge {
    pub id: String,
    /// Its place on the chain, counted from HEAD.
    pub at: usize,
    /// The projects it counts for, each with the merge's place among the project's commits.
    pub places: Vec<(usize, usize)>,
}

/// Gives plain merges the conventional changes that they brought in, each to the projects of which its own commit changed a path.
/// A merge that brought none for a project stays as it is there.
///
/// # Errors
/// An object of the history cannot be read.
pub fn tell(
    world: &World,
    (folders, unreleased): (&Folders, &Unreleased<'_>),
    merges: &[PlainMerge],
    rules: &ReleaseRules,
    found: &mut [Since],
) -> anyhow::Result<()> {
    let ids: Vec<_> = merges
        .iter()
        .map(|merge| (merge.at, merge.id.as_str()))
        .collect();
    let mut sides = world.git.sides(folders, &ids)?;
    for merge in merges {
        let mut told = HashMap::<usize, Message>::new();
        for side in sides.of(&merge.id).iter().rev() {
            let message = Message::read(&sides.message(side)?, rules);
            if !message.is_conventional() {
                continue;
            }
            let changed = sides.changed(side)?;
            for project in unreleased.projects_of(merge.at, &changed) {
                // A release may have been made on a branch that was merged later: what it contains is not new.
                let beside = found[project]
                    .release
                    .as_ref()
                    .filter(|release| release.is_beside);
                if !beside.map_or(Ok(false), |release| {
                    world.git.is_ancestor(side, &release.commit)
                })? {
                    told.entry(project).or_default().bring(side, &message);
                }
            }
        }
        for (project, place) in &merge.places {
            if let Some(brought) = told.remove(project) {
                let commit = &mut found[*project].commits[*place];
                commit.message = Rc::new(commit.message.with_brought(brought));
            }
        }
    }
    Ok(())
}
