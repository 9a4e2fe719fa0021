//! `bump minor --commit` and its like, run again at the commit that they made: found done, and not one step more (law 14).
//!
//! The mark is that commit alone: its words, and what the files said before it. Once its version has a tag it was used, and the
//! same line means the next one. What was written and not committed leaves no such mark, and is not told here.

use super::App;
use crate::engine::texts::Texts;
use crate::engine::versions;
use crate::model::project::Project;
use crate::model::site::Readings;
use crate::model::step::{Goal, short};
use crate::model::version::Level;
use crate::plan::bump::{Move, Target, level_name};
use crate::plan::tags::TagFacts;

/// The versions that stand in HEAD, as targets, where HEAD is the commit of this very bump; else `None`.
///
/// # Errors
/// HEAD cannot be read.
pub fn at_its_own_commit(
    app: &App,
    goal: &mut Goal,
    level: Level,
    found: &[(&Project, Readings)],
    tags: &TagFacts,
) -> anyhow::Result<Option<Vec<Target>>> {
    let git = &app.world.git;
    let Some(head) = git.head_if_any()? else {
        return Ok(None);
    };
    let Some((parent, message)) = git.upon(&head.commit)? else {
        return Ok(None);
    };
    let before = Texts::of_commit(&app.world, &parent);
    let mut moves = Vec::new();
    for (project, readings) in found {
        let says = readings.canonical();
        let is_tagged = !matches!(tags.commit_of(&project.tags.release(says)), Ok(None))
            || tags.newest_candidate(project, says).is_some();
        // A commit before which the files could not be read is none of a bump's.
        let from = versions::of_texts(&before, project)
            .ok()
            .filter(|before| before.disagreement().is_none());
        let Some(from) = from.filter(|from| !is_tagged && from.canonical().bumped(level) == *says)
        else {
            return Ok(None);
        };
        let from = from.canonical().clone();
        let to = says.clone();
        moves.push((
            *project,
            Move {
                project: project.name.clone(),
                from,
                to,
                level: level_name(level),
                why: Vec::new(),
            },
        ));
    }
    // Behind our words a hook may have written some of its own.
    let rest = message.strip_prefix(&super::bump::commit_message(&moves));
    let Some((first, made)) = moves
        .first()
        .filter(|_| rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('\n')))
    else {
        return Ok(None);
    };
    let next = made.to.bumped(level).to_semver();
    let name = level_name(level);
    let what = format!(
        "{} is this very bump, and its version has no tag yet",
        short(&head.commit)
    );
    goal.notes.push(format!(
        "HEAD {what}; for one more, name it: cargo xtask bump {next} {} --commit",
        first.name
    ));
    let why = |made: &Move| {
        vec![format!(
            "{name} of {} was asked for, and {what}",
            made.from.to_semver()
        )]
    };
    Ok(Some(
        moves
            .iter()
            .map(|(_, made)| Target::Decided {
                to: made.to.clone(),
                level: name,
                why: why(made),
            })
            .collect(),
    ))
}
