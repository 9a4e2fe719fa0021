//! `bump`: every version location, lock entry and requirement of the projects moves, in one plan.
//!
//! `bump minor --commit`, run again at the commit that it made, finds that commit and does nothing (law 14): it is recognised by
//! its message and by what the files said before it. Once the version has a tag, the same command means the next version.
//! `bump auto` takes the level from the commits since the last release.

mod auto;
mod cargo_folders;
pub mod edits;
mod lock_notes;
mod manifests;
mod packages;
pub mod plan;
pub mod step;

use std::collections::{HashMap, HashSet};
use std::mem::ManuallyDrop;

use monorelease_model::version::{Level, Version};
use serde_json::{Value, json};

use crate::app::{App, Outcome};
use crate::cli::Bump;
use crate::commits::ownership::{ProjectTag, tags_by_project};
use crate::commits::since_release::{PassedOver, Since};
use crate::commits::unread_tags::UnreadTags;
use crate::commits::{shown, since_release};
use crate::config::nearest;
use crate::fault::Fault;
use crate::project::Project;
use crate::project::version_location::Readings;
use crate::release::observe;
use crate::release::plan::dirty_sentence;
use crate::step::Step;
use crate::step::plan::Goal;
use crate::tag::plan::TagFacts;
use crate::text::short;
use crate::versions;
use crate::world::files;
use crate::world::texts::Texts;
use auto::Facts;
use edits::Edits;
use plan::{Move, Target, decide, hold_against_images, hold_against_shared, level_name};
use step::Commit;

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
        let readings = versions::read::of_texts(&texts, project)?;
        let Some(what) = readings.disagreement() else {
            found.push((project, readings));
            continue;
        };
        // A commit goes on from HEAD. What was mended and is not committed needs no mending again.
        let is_mended = arguments.commit
            && versions::read::of_work_tree(&app.world, project)?
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
            at_its_own_commit(app, &mut goal, *level, &found, &tags)?
        }
        _ => None,
    };
    let targets = match (again, target) {
        (Some(again), _) => again.into_iter().map(Some).collect(),
        (None, Some(target)) => vec![Some(target); found.len()],
        (None, None) => targets(app, &mut goal, arguments.initial, &found)?.targets,
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
            Step::Commit(Commit {
                message: commit_message(&moves),
                files,
            }),
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
        let from = versions::read::of_texts(&before, project)
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
    let rest = message.strip_prefix(&commit_message(&moves));
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

/// What commits say of projects, in the order of these.
pub struct Auto {
    /// What each is to become; `None` for one with nothing to release, or that is refused.
    pub targets: Vec<Option<Target>>,
    /// Their places among all projects.
    pub places: Vec<usize>,
    /// By place, what is not released. Left to the end of the process: to free every word of a history takes longer than to
    /// decide what it means.
    pub since: ManuallyDrop<Vec<Since>>,
    /// By place, what is tagged.
    pub tags: Vec<Vec<ProjectTag>>,
}

/// Reads the commits of the projects found.
///
/// # Errors
/// The clone is shallow, or its history cannot be read.
pub fn targets(
    app: &App,
    goal: &mut Goal,
    is_initial: bool,
    found: &[(&Project, Readings)],
) -> anyhow::Result<Auto> {
    let world = &app.world;
    let projects = &app.projects.all;
    app.whole_history("which commits are not released")?;
    let by_name: HashMap<_, _> = projects
        .iter()
        .enumerate()
        .map(|(place, project)| (project.name.as_str(), place))
        .collect();
    let places: Vec<_> = found
        .iter()
        .map(|(project, _)| by_name[project.name.as_str()])
        .collect();
    let all_tags = world.git.tags()?;
    let tags = tags_by_project(projects, all_tags.clone());
    let since = ManuallyDrop::new(since_release::unreleased(
        world, projects, &tags, &places, &app.rules, is_initial,
    )?);
    warn_of_passed_over(app, &since);
    let facts: Vec<_> = found
        .iter()
        .zip(&places)
        .map(|((project, readings), place)| {
            let since = &since[*place];
            let released = since
                .release
                .as_ref()
                .map(|release| (release.version.clone(), release.tag.clone()));
            Facts {
                project,
                says: readings.canonical().clone(),
                released,
                tags: &tags[*place],
                unread: match since.release {
                    Some(_) => UnreadTags::default(),
                    None => UnreadTags::of(project, projects, &all_tags),
                },
                commits: &since.commits,
            }
        })
        .collect();
    let mut decided = auto::decide(goal, &facts, &app.rules, is_initial, &|hash| {
        world.git.has_commit_like(hash)
    });
    let is_refused = |name: &str| goal.refused.iter().any(|refusal| refusal.project == name);
    for facts in facts.iter().filter(|facts| {
        !decided.contains_key(&facts.project.name) && !is_refused(&facts.project.name)
    }) {
        if let Some((_, tag)) = &facts.released {
            app.ui.status(
                "Unchanged",
                &format!("{}: nothing to release since {tag}", facts.project.package),
            );
        } else if is_initial {
            app.ui.status(
                "Unchanged",
                &format!(
                    "{}: no commit of it is a reason for a release",
                    facts.project.package
                ),
            );
        }
    }
    let targets = found
        .iter()
        .map(|(project, _)| decided.remove(&project.name))
        .collect();
    Ok(Auto {
        targets,
        places,
        since,
        tags,
    })
}

/// A commit that changes nothing of any project is nobody's, whatever it asks for: said once, or its author waits for a release.
fn warn_of_passed_over(app: &App, since: &[Since]) {
    let mut told = HashSet::new();
    for PassedOver {
        commit,
        subject,
        release_as,
    } in since.iter().flat_map(|since| &since.passed_over)
    {
        if told.insert(commit) {
            app.ui.warn(&format!(
                "{} {subject:?} says Release-As: {release_as} and changes no path of a project, so it counts for nobody; \
                 name the version (cargo xtask bump {release_as} PROJECT), or say it in a commit that changes the project",
                short(commit)
            ));
        }
    }
}
