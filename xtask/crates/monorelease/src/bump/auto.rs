//! `bump auto`: from the commits since each project's last release to its next version, with the commits that decide.
//!
//! The count starts at the last release, not at what the files say, so that a second run changes nothing. Nothing here edits.

use std::collections::HashMap;

use monorelease_commit_history::message::Change;
use monorelease_commit_history::reverts::{Kept, ReadCommit, kept};
use monorelease_model::version::{Level, Version};

use super::plan::{Target, level_name};
use crate::commits::ownership::{ProjectTag, wanted};
use crate::commits::rules::ReleaseRules;
use crate::commits::shown;
use crate::commits::unread_tags::UnreadTags;
use crate::project::Project;
use crate::step::plan::Goal;
use crate::text::short;

/// What is known of one project.
#[derive(Debug, Clone)]
pub struct Facts<'p> {
    pub project: &'p Project,
    /// What its source of truth says now.
    pub says: Version,
    /// The highest stable version that HEAD contains, and its tag.
    pub released: Option<(Version, String)>,
    /// Every tag of it, highest version first; for what is said where none of them is that release.
    pub tags: &'p [ProjectTag],
    /// Tags that may be its releases, and are not read.
    pub unread: UnreadTags,
    /// Its commits since then, newest first; all of them where there was no release and that is allowed.
    pub commits: &'p [ReadCommit],
}

/// How strongly a change moves the version; `None` for one that is no reason for a release.
pub fn level_of(change: &Change, rules: &ReleaseRules) -> Option<Level> {
    match &change.breaking {
        Some(_) => Some(Level::Major),
        None => rules.of(change.kind.as_deref()?)?.level,
    }
}

/// Decides every project, by its name; one that is not there has nothing to release. What forbids it goes into the goal.
pub fn decide(
    goal: &mut Goal,
    all: &[Facts<'_>],
    rules: &ReleaseRules,
    is_initial: bool,
    is_known: &dyn Fn(&str) -> bool,
) -> HashMap<String, Target> {
    let mut decided = HashMap::new();
    let mut waiting = Vec::new();
    for facts in all {
        let name = &facts.project.name;
        if facts.released.is_none() && !is_initial {
            goal.refuse(
                name,
                format!(
                    "{name} has no release that HEAD contains ({}{}), so nothing tells which of its commits are new",
                    wanted(facts.project, facts.tags),
                    facts.unread.suffix()
                ),
                facts.unread.fix(facts.project).unwrap_or_else(|| {
                    "git fetch --tags; for a first release, the same command with --initial".to_owned()
                }),
            );
            continue;
        }
        let kept = kept(facts.commits, is_known);
        refuse_unconventional(goal, facts, &kept, rules);
        match own_target(goal, facts, &kept, rules) {
            Some(target) => drop(decided.insert(name.clone(), target)),
            None => waiting.push(facts),
        }
    }
    follow(&mut decided, waiting, rules);
    decided
}

fn refuse_unconventional(
    goal: &mut Goal,
    facts: &Facts<'_>,
    kept: &[Kept<'_>],
    rules: &ReleaseRules,
) {
    if !rules.is_strict {
        return;
    }
    let strangers: Vec<_> = kept
        .iter()
        .filter(|kept| kept.changes.iter().any(|change| change.kind.is_none()))
        .map(|kept| {
            format!(
                "{} ({})",
                shown(&kept.commit.message.subject),
                short(&kept.commit.id)
            )
        })
        .collect();
    if let Some(first) = strangers.first() {
        let more = if strangers.len() > 1 {
            format!(" and {} more", strangers.len() - 1)
        } else {
            String::new()
        };
        let what = format!(
            "{}: {first}{more} is no conventional commit, and release.non-conventional is \"strict\"",
            facts.project.name
        );
        goal.refuse(
            &facts.project.name,
            what,
            "set release.non-conventional to \"list\", or name the version: cargo xtask bump X.Y.Z",
        );
    }
}

/// What a project's own commits come to; `None` when they are no reason for a release.
fn own_target(
    goal: &mut Goal,
    facts: &Facts<'_>,
    kept: &[Kept<'_>],
    rules: &ReleaseRules,
) -> Option<Target> {
    if let Some((commit, text)) = kept
        .iter()
        .find_map(|kept| Some((kept.commit, kept.commit.message.release_as.as_ref()?)))
    {
        let why = format!("Release-As: {text} ({})", short(&commit.id));
        match Version::parse_semver(text) {
            Ok(to)
                if facts
                    .released
                    .as_ref()
                    .is_some_and(|(released, _)| to <= *released) =>
            {
                // Taken for what it says, it would hold back every release after it.
                let (last, tag) = facts
                    .released
                    .as_ref()
                    .map_or((String::new(), ""), |(last, tag)| (last.to_semver(), tag));
                let what = format!(
                    "{why}: {} is released as {last} already (tag {tag})",
                    facts.project.name
                );
                goal.refuse(
                    &facts.project.name,
                    what,
                    format!(
                        "a newer commit with a Release-As above {last}, or cargo xtask bump X.Y.Z"
                    ),
                );
            }
            Ok(to) if to.build_metadata().is_none() => {
                return Some(Target::Decided {
                    to,
                    level: "exact",
                    why: vec![why],
                });
            }
            Ok(_) => goal.refuse(
                &facts.project.name,
                format!("{why}: no tag may carry build metadata"),
                "a newer commit with a Release-As footer",
            ),
            Err(error) => goal.refuse(
                &facts.project.name,
                format!("{why}: {error}"),
                "a newer commit with Release-As: X.Y.Z",
            ),
        }
        return None;
    }
    let changes = kept
        .iter()
        .flat_map(|kept| kept.changes.iter().map(|change| (kept.commit, *change)));
    let leveled: Vec<_> = changes
        .filter_map(|(commit, change)| Some((level_of(change, rules)?, commit, change)))
        .collect();
    let level = leveled.iter().map(|(level, ..)| *level).max()?;
    let deciding = leveled.iter().filter(|(own, ..)| *own == level);
    let why = deciding
        .map(|(_, commit, change)| {
            format!(
                "{} ({})",
                change.header(),
                short(change.commit.as_ref().unwrap_or(&commit.id))
            )
        })
        .collect();
    Some(raised(facts, level, why, rules))
}

/// The version a level above the last release; a first release is what the files say, once they say anything.
fn raised(facts: &Facts<'_>, level: Level, mut why: Vec<String>, rules: &ReleaseRules) -> Target {
    let Some((released, tag)) = &facts.released else {
        let stable = if facts.says.is_prerelease() {
            facts.says.bumped(Level::Patch)
        } else {
            facts.says.clone()
        };
        let value = stable.as_semver();
        let to = if (value.major, value.minor, value.patch) == (0, 0, 0) {
            rules.raised(&stable, level).0
        } else {
            stable
        };
        return Target::Decided {
            to,
            level: "initial",
            why,
        };
    };
    let (to, level) = rules.raised(released, level);
    if facts.says > to {
        // Somebody has raised it further by hand: what is not released yet stands, and a prerelease is on its way to its X.Y.Z.
        why.push(format!(
            "the files say {} already, which is above {} of {tag}",
            facts.says.to_semver(),
            level_name(level)
        ));
        let to = if facts.says.is_prerelease() {
            facts.says.bumped(Level::Patch)
        } else {
            facts.says.clone()
        };
        return Target::Decided {
            to,
            level: level_name(level),
            why,
        };
    }
    Target::Decided {
        to,
        level: level_name(level),
        why,
    }
}

/// Who has no reason of its own and depends on one that moves gets a patch, and so on along the chain.
fn follow(
    decided: &mut HashMap<String, Target>,
    mut waiting: Vec<&Facts<'_>>,
    rules: &ReleaseRules,
) {
    loop {
        let before = waiting.len();
        waiting.retain(|facts| {
            let moved = facts
                .project
                .depends
                .iter()
                .filter_map(|name| match decided.get(name) {
                    Some(Target::Decided { to, .. }) => Some(format!(
                        "depends on {name}, which becomes {}",
                        to.to_semver()
                    )),
                    _ => None,
                });
            let why: Vec<_> = moved.collect();
            if why.is_empty() {
                return true;
            }
            let target = raised(facts, Level::Patch, why, rules);
            decided.insert(facts.project.name.clone(), target);
            false
        });
        if waiting.len() == before {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
