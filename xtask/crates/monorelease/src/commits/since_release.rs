//! The last release of each project and the commits after it: tags and history joined (laws 6 and 7).
//!
//! The caller refuses a shallow clone: nothing here can tell that history is missing. A merge without a conventional message,
//! such as `Merge branch 'x'`, counts by the commits that it brought in. It stays one commit, so that a revert of it takes back
//! all that it brought.

use std::collections::HashMap;
use std::rc::Rc;

use monorelease_commit_history::folders::Folders;
use monorelease_commit_history::history::History;
use monorelease_commit_history::merged_commits::MergedCommits;
use monorelease_commit_history::message::Message;
use monorelease_commit_history::reverts::ReadCommit;
use monorelease_model::version::Version;

use super::ownership::{ProjectTag, Unreleased};
use super::rules::ReleaseRules;
use crate::project::Project;
use crate::project::folders::folders;
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
    /// Whether the tag stands beside the first-parent chain, such as on a branch that was merged later.
    pub is_beside: bool,
}

/// The last release of each project of `wanted`, by its place; the history is walked once for all of them, and no further than
/// the oldest of their releases. `None` for a project without a release, and for those that are not wanted.
///
/// # Errors
/// An object of the history cannot be read.
pub fn releases(
    world: &World,
    projects: &[Project],
    tags: &[Vec<ProjectTag>],
    wanted: &[usize],
) -> anyhow::Result<Vec<Option<Release>>> {
    let folders = folders(projects);
    // A repository without a commit has released nothing.
    let Some(head) = world.git.head_if_any()?.map(|head| head.commit) else {
        return Ok(vec![None; projects.len()]);
    };
    let mut history = History::of(world.git.repository(), &head)?;
    let (mut releases, beyond) = last_releases(&mut history, tags, wanted, None)?;
    let unreleased = Unreleased::new(&folders, beyond);
    history.walk(
        &folders,
        unreleased.reach(),
        |_| (),
        |at, commit| {
            for place in unreleased.projects_of(at, &commit.changed) {
                if let Some(release) = &mut releases[place] {
                    release.commits_since += 1;
                }
            }
        },
    )?;
    Ok(releases)
}

/// A commit that asks for a release of nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedOver {
    pub commit: String,
    pub subject: String,
    pub release_as: String,
}

/// What a project has that is not released.
#[derive(Debug, Default)]
pub struct Since {
    pub release: Option<Release>,
    /// Commits that say `Release-As` and change no path of any project, so that they count for nobody.
    pub passed_over: Vec<PassedOver>,
    /// Newest first; every commit of the project where it was never released and that was asked for.
    pub commits: Vec<ReadCommit>,
}

/// The unreleased commits of each project of `wanted`, by its place, in one walk; each message is read once, whosever it is.
///
/// # Errors
/// There is no commit, or an object of the history cannot be read.
pub fn unreleased(
    world: &World,
    projects: &[Project],
    tags: &[Vec<ProjectTag>],
    wanted: &[usize],
    rules: &ReleaseRules,
    is_initial: bool,
) -> anyhow::Result<Vec<Since>> {
    let head = world.git.head()?.commit;
    commits(
        world,
        projects,
        (tags, None),
        (&head, wanted),
        rules,
        is_initial,
    )
}

/// What one release of a project brought: its commits since the release before it, which its own commit contains.
///
/// # Errors
/// An object of the history cannot be read.
pub fn of_release(
    world: &World,
    projects: &[Project],
    tags: &[Vec<ProjectTag>],
    place: usize,
    tag: &ProjectTag,
    rules: &ReleaseRules,
) -> anyhow::Result<Since> {
    let mut found = commits(
        world,
        projects,
        (tags, Some(&tag.says.version)),
        (&tag.commit, &[place]),
        rules,
        true,
    )?;
    Ok(std::mem::take(&mut found[place]))
}

/// The stable releases of a project that HEAD contains, highest first.
///
/// # Errors
/// A commit of the history cannot be read.
pub fn contained<'t>(world: &World, tags: &'t [ProjectTag]) -> anyhow::Result<Vec<&'t ProjectTag>> {
    let mut history = History::of(world.git.repository(), &world.git.head()?.commit)?;
    let mut found = Vec::new();
    for tag in tags.iter().filter(|tag| is_stable(tag)) {
        if history.contains(&tag.commit)? {
            found.push(tag);
        }
    }
    Ok(found)
}

fn is_stable(tag: &ProjectTag) -> bool {
    tag.says.candidate.is_none() && !tag.says.version.is_prerelease()
}

fn commits(
    world: &World,
    projects: &[Project],
    (tags, below): (&[Vec<ProjectTag>], Option<&Version>),
    (head, wanted): (&str, &[usize]),
    rules: &ReleaseRules,
    is_initial: bool,
) -> anyhow::Result<Vec<Since>> {
    let folders = folders(projects);
    let mut history = History::of(world.git.repository(), head)?;
    let (releases, mut beyond) = last_releases(&mut history, tags, wanted, below)?;
    for place in wanted.iter().filter(|_| is_initial) {
        beyond[*place].get_or_insert(usize::MAX);
    }
    let mut found: Vec<_> = releases
        .into_iter()
        .map(|release| Since {
            release,
            ..Since::default()
        })
        .collect();
    let unreleased = Unreleased::new(&folders, beyond);
    let mut merges = Vec::new();
    history.walk(
        &folders,
        unreleased.reach(),
        |text: &str| Message::read(text, rules),
        |at, commit| {
            let message = Rc::new(commit.message);
            let owners = unreleased.projects_of(at, &commit.changed);
            if commit.is_merge
                && message.is_merge
                && !message.is_conventional()
                && !owners.is_empty()
            {
                let places = owners
                    .iter()
                    .map(|place| (*place, found[*place].commits.len()))
                    .collect();
                merges.push(PlainMerge {
                    id: commit.id.clone(),
                    at,
                    places,
                });
            }
            if let (true, Some(release_as)) = (commit.changed.is_empty(), &message.release_as) {
                let subject = message.subject.clone();
                let release_as = release_as.clone();
                let passed_over = PassedOver {
                    commit: commit.id.clone(),
                    subject,
                    release_as,
                };
                for place in unreleased.waiting(at) {
                    found[place].passed_over.push(passed_over.clone());
                }
            }
            for place in owners {
                let since = &mut found[place];
                since.commits.push(ReadCommit {
                    id: commit.id.clone(),
                    message: Rc::clone(&message),
                });
                if let Some(release) = &mut since.release {
                    release.commits_since += 1;
                }
            }
        },
    )?;
    tell(world, (&folders, &unreleased), &merges, rules, &mut found)?;
    Ok(found)
}

/// The last releases without their counts, and how much of the chain lies beyond each.
type Last = (Vec<Option<Release>>, Vec<Option<usize>>);

fn last_releases(
    history: &mut History<'_>,
    tags: &[Vec<ProjectTag>],
    wanted: &[usize],
    below: Option<&Version>,
) -> anyhow::Result<Last> {
    let mut releases = vec![None; tags.len()];
    let mut beyond = vec![None; tags.len()];
    for place in wanted.iter().copied() {
        for tag in tags[place]
            .iter()
            .filter(|tag| is_stable(tag) && below.is_none_or(|below| tag.says.version < *below))
        {
            if let Some(commits) = history.beyond(&tag.commit)? {
                beyond[place] = Some(commits);
                let is_beside = !history.is_on_chain(&tag.commit);
                let ProjectTag { name, commit, says } = tag.clone();
                releases[place] = Some(Release {
                    version: says.version,
                    tag: name,
                    commit,
                    commits_since: 0,
                    is_beside,
                });
                break;
            }
        }
    }
    Ok((releases, beyond))
}

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
    let mut sides = MergedCommits::of_merges(world.git.repository(), folders, &ids)?;
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
