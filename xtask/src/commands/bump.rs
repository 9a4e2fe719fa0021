//! `bump`: every site and lock entry of the projects moves, in one plan.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{App, Outcome, bump_again, bump_auto};
use crate::cli::Bump;
use crate::engine::edits::Edits;
use crate::engine::observe;
use crate::engine::texts::Texts;
use crate::engine::versions;
use crate::model::commit::shown;
use crate::model::config::nearest;
use crate::model::fault::Fault;
use crate::model::project::Project;
use crate::model::site::Readings;
use crate::model::step::{Goal, Step};
use crate::model::version::{Level, Version};
use crate::plan::bump::{Move, Target, decide, hold_against_images, hold_against_shared};
use crate::plan::release::dirty_sentence;
use crate::plan::tags::TagFacts;
use crate::world::files;

/// The most reasons that a line names.
const REASONS_MAX: usize = 3;

pub fn run(app: &App, arguments: &Bump) -> Outcome {
    let target = read_target(arguments)?;
    let projects = app.versioned(&arguments.projects)?;
    let tags = observe::tags_at_a_glance(&app.world, &app.projects, app.remote())?;
    // Waited for before anything is read: a git that a killed run left to itself may still make that run's commit.
    let lock = if arguments.commit {
        app.world.git.lasting_lock()
    } else {
        None
    };
    let mut goal = Goal::default();
    goal.notes.extend(tags.unread_note());
    // With a commit the count goes on from the last commit, so that a run that was cut off before it can be repeated.
    let texts = if arguments.commit {
        Texts::of_head(&app.world)?
    } else {
        Texts::of_work_tree(&app.world)
    };
    let mut found = Vec::new();
    for project in projects {
        let readings = versions::of_texts(&texts, project)?;
        let Some(what) = readings.disagreement() else {
            found.push((project, readings));
            continue;
        };
        // A commit goes on from HEAD. What was mended and is not committed needs no mending again.
        let is_mended = arguments.commit
            && versions::of_work_tree(&app.world, project)?
                .disagreement()
                .is_none();
        let (place, fix) = match is_mended {
            true => (
                " in HEAD",
                "git commit --all, since the work tree agrees".to_owned(),
            ),
            false => ("", format!("cargo xtask versions --fix {}", project.name)),
        };
        goal.refuse(
            &project.name,
            format!(
                "the version sites of {} disagree{place}: {what}",
                project.name
            ),
            fix,
        );
    }
    let again = match &target {
        Some(Target::Level(level)) if arguments.commit => {
            bump_again::at_its_own_commit(app, &mut goal, *level, &found, &tags)?
        }
        _ => None,
    };
    let targets = match (again, target) {
        (Some(again), _) => again.into_iter().map(Some).collect(),
        (None, Some(target)) => vec![Some(target); found.len()],
        (None, None) => bump_auto::targets(app, &mut goal, arguments.initial, &found)?.targets,
    };
    let mut edits = Edits::new(&texts, &app.projects)?;
    let how = How {
        allow_downgrade: arguments.allow_downgrade,
        raise: arguments.dependents,
    };
    let moves = moves(app, &mut goal, &mut edits, &found, &targets, &how, &tags)?;
    for (project, decided) in &moves {
        let why = if arguments.target == "auto" {
            format!("  ({}: {})", decided.level, reasons(&decided.why))
        } else {
            String::new()
        };
        app.ui.status(
            "Bumping",
            &format!(
                "{} {} → {}{why}",
                project.package,
                decided.from.to_semver(),
                decided.to.to_semver()
            ),
        );
    }
    let files = edits.want(&mut goal)?;
    if arguments.commit {
        refuse_commit(app, &mut goal, &files)?;
    }
    if let Some(lock) = lock {
        let what = format!(
            "{} is there: another git is at work in this repository, or was killed at it",
            lock.display()
        );
        goal.refuse(
            "",
            what,
            format!("rm {}, if no git is running", lock.display()),
        );
    }
    if arguments.commit && !files.is_empty() {
        goal.want(
            "",
            "the version of a release is read from its commit",
            Step::Commit {
                message: commit_message(&moves),
                files,
            },
        );
    }
    let projects: Vec<_> = moves.iter().map(|(_, decided)| document(decided)).collect();
    app.execute(
        goal,
        serde_json::Map::from_iter([("projects".to_owned(), json!(projects))]),
    )
}

/// How far a move may go.
pub(super) struct How {
    pub allow_downgrade: bool,
    /// Raises requirements also where they still admit the new version.
    pub raise: bool,
}

/// Moves every project that has a target: its sites, locks and dependents into the edits, what forbids it into the goal.
pub(super) fn moves<'p>(
    app: &App,
    goal: &mut Goal,
    edits: &mut Edits<'_>,
    found: &[(&'p Project, Readings)],
    targets: &[Option<Target>],
    how: &How,
    tags: &TagFacts,
) -> anyhow::Result<Vec<(&'p Project, Move)>> {
    let mut moves = Vec::new();
    for ((project, readings), target) in found
        .iter()
        .zip(targets)
        .filter_map(|(found, target)| Some((found, target.as_ref()?)))
    {
        let decided = decide(
            goal,
            project,
            readings.canonical(),
            target,
            how.allow_downgrade,
            tags,
        );
        edits.move_project(goal, project, readings, &decided.to, how.raise)?;
        moves.push((*project, decided));
    }
    let moved: Vec<_> = moves
        .iter()
        .filter(|(_, decided)| decided.to != decided.from)
        .map(|(project, decided)| (*project, &decided.to))
        .collect();
    hold_against_shared(goal, &app.projects.all, &moved);
    hold_against_images(goal, &observe::released_images(&moved));
    Ok(moves)
}

pub(super) fn document(decided: &Move) -> Value {
    let from = decided.from.to_semver();
    let to = decided.to.to_semver();
    json!({ "name": decided.project, "from": from, "to": to, "level": decided.level, "why": decided.why })
}

/// The first of the commits that decided, as many as stay a line or two; the document has all of them.
fn reasons(why: &[String]) -> String {
    let more = why.len().saturating_sub(REASONS_MAX);
    // Words of commits, which no terminal is to obey.
    let shown = why
        .iter()
        .take(REASONS_MAX)
        .map(|why| shown(why))
        .collect::<Vec<_>>()
        .join(", ")
        .replace(char::is_control, " ");
    if more > 0 {
        format!("{shown} and {more} more")
    } else {
        shown
    }
}

/// What is to be done to every project; `None` where the commits say it.
fn read_target(arguments: &Bump) -> Result<Option<Target>, Fault> {
    let text = arguments.target.as_str();
    if text == "auto" {
        return Ok(None);
    }
    if arguments.initial {
        let what = format!("--initial is for `bump auto`; {text} needs no release before it");
        return Err(Fault::usage(what).fix(format!(
            "cargo xtask bump {text}, or cargo xtask bump auto --initial"
        )));
    }
    let target = read_words(text)?;
    match &target {
        Target::Exact(version) if version.build_metadata().is_some() => {
            let metadata = version.build_metadata().unwrap_or_default();
            let what = format!(
                "{text} has build metadata, +{metadata}, which no tag of git or of an image may carry"
            );
            Err(Fault::refused(what).fix(format!(
                "cargo xtask bump {}",
                text.replace(&format!("+{metadata}"), "")
            )))
        }
        _ => Ok(Some(target)),
    }
}

fn read_words(text: &str) -> Result<Target, Fault> {
    match text {
        "major" => Ok(Target::Level(Level::Major)),
        "minor" => Ok(Target::Level(Level::Minor)),
        "patch" => Ok(Target::Level(Level::Patch)),
        _ => Version::parse_semver(text)
            .map(Target::Exact)
            .map_err(|error| {
                let what = |why: String| {
                    Fault::usage(format!(
                        "{text:?} is neither major, minor, patch, auto nor a version: {why}"
                    ))
                };
                // Python's people write PEP 440, and are told what that is in SemVer, or why it is nothing there.
                match Version::parse_pep440(text) {
                    Ok(version) => what(error.to_string())
                        .fix(format!("cargo xtask bump {}", version.to_semver())),
                    Err(python) if Version::is_pep440(text) => {
                        what(python.to_string()).fix("cargo xtask bump 1.2.3")
                    }
                    Err(_) => match nearest(text, ["major", "minor", "patch"].into_iter()) {
                        Some(level) => {
                            what(error.to_string()).fix(format!("cargo xtask bump {level}"))
                        }
                        None => what(error.to_string())
                            .fix("cargo xtask bump minor, or cargo xtask bump 1.2.3"),
                    },
                }
            }),
    }
}

/// A commit wants a branch to be on, and a work tree with nothing in it but what this very bump writes.
fn refuse_commit(app: &App, goal: &mut Goal, written: &[(String, String)]) -> anyhow::Result<()> {
    app.world.git.committer()?;
    let head = observe::head(&app.world)?;
    if head.branch.is_none() {
        goal.refuse(
            "",
            "HEAD is detached: the commit would be on no branch",
            format!("git switch {}", app.config.repository.branch),
        );
    }
    if let Some(begun) = app.world.git.unfinished() {
        let what = format!("a {begun} is not finished here, and the commit would end it");
        goal.refuse(
            "",
            what,
            format!("git {begun} --continue, or git {begun} --abort"),
        );
    }
    let mut dirty = app.world.git.dirty_paths()?;
    let tracked: HashSet<_> = app.world.git.tracked()?.into_iter().collect();
    for (path, after) in written {
        if !tracked.contains(path) {
            let what =
                format!("{path} is not tracked by git, so that no commit would have its version");
            goal.refuse("", what, format!("git add --force {path} && git commit"));
        }
        let is_ours = files::read(&app.world.path(path))?.as_ref() == Some(after);
        dirty.retain(|changed| changed != path || !is_ours);
    }
    let is_as_committed = |path: &String| {
        let committed = app.world.git.file_at(&head.commit, path);
        committed.is_ok_and(|text| {
            text.is_some() && files::read(&app.world.path(path)).is_ok_and(|found| found == text)
        })
    };
    if !dirty.is_empty() && dirty.iter().all(is_as_committed) {
        let what = format!(
            "the index alone differs from HEAD, as a git leaves it that is killed while it commits: {}",
            dirty.join(", ")
        );
        goal.refuse("", what, "git reset --quiet");
    } else if !dirty.is_empty() {
        goal.refuse(
            "",
            dirty_sentence(&dirty),
            "git add --all && git commit, or git stash --include-untracked",
        );
    }
    Ok(())
}

pub(super) fn commit_message(moves: &[(&Project, Move)]) -> String {
    let list = moves
        .iter()
        .map(|(project, decided)| format!("{} {}", project.package, decided.to.to_semver()))
        .collect::<Vec<_>>();
    match list.as_slice() {
        [one] => format!("chore(release): {one}"),
        _ => format!(
            "chore(release): {} packages\n\n{}",
            list.len(),
            list.join("\n")
        ),
    }
}
