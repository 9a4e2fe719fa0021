//! `release-pr`: one branch and one pull request that hold everything a release of all projects needs.
//!
//! It is made of HEAD, which has to be the head of the branch to release from: the work tree, the index and HEAD itself are neither
//! read nor touched, but for the configuration. Merging the pull request is the release's only consent; `tag` follows it.

mod body;
pub mod model;
pub mod step;

use std::collections::HashSet;

use serde_json::json;

use crate::app::{App, Outcome};
use crate::bump::edits::Edits;
use crate::bump::plan::Move;
use crate::bump::{Auto, How};
use crate::changelog::parts::Changelogs;
use crate::cli::ReleasePr;
use crate::fault::Fault;
use crate::project::Project;
use crate::project::version_location::Readings;
use crate::release::observe;
use crate::step::Step;
use crate::step::plan::Goal;
use crate::tag::plan::{RemoteTags, TagFacts};
use crate::text::short;
use crate::world::texts::Texts;
use crate::{bump, changelog, versions};
use body::{Row, notes, table};
use model::{ReleaseCommit, is_repository};
use step::{CloseReleasePull, DeleteReleaseBranch, OpenReleasePull, PushReleaseBranch, stranger};

/// Where the pull request is, and what was found there.
struct Place<'a> {
    repository: &'a str,
    remote: &'a str,
    base: &'a str,
    branch: &'a str,
    /// HEAD, which is the head of `base`.
    commit: String,
    /// The head of `branch` as the remote has it.
    tip: Option<String>,
}

/// All that one run would release.
#[derive(Default)]
struct Release<'p> {
    moves: Vec<(&'p Project, Move)>,
    rows: Vec<Row>,
    files: Vec<(String, String)>,
}

pub fn run(app: &App, arguments: &ReleasePr) -> Outcome {
    let place = place(app, arguments.initial)?;
    app.whole_history("which commits are not released")?;
    let mut goal = Goal::default();
    let tags = observe::tags(&app.world, &app.projects, app.remote())?;
    refuse_unknown_tags(app, &mut goal, &tags, place.remote);
    let texts = Texts::of_commit(&app.world, &place.commit);
    let found = readings(app, &mut goal, &texts)?;
    let auto = bump::targets(app, &mut goal, arguments.initial, &found)?;
    let release = release(app, &mut goal, &texts, &found, &auto, &tags)?;
    let mut extra = serde_json::Map::new();
    extra.insert(
        "projects".into(),
        release
            .moves
            .iter()
            .map(|(_, decided)| bump::document(decided))
            .collect(),
    );
    if let Some(tip) = place.tip.as_ref().filter(|_| goal.refused.is_empty()) {
        refuse_strangers(app, &mut goal, &place, tip)?;
    }
    if !goal.refused.is_empty() {
        return app.execute(goal, extra);
    }
    let dirty = app.world.git.dirty_paths()?;
    if !dirty.is_empty() {
        goal.notes
            .push(format!("the pull request is made of HEAD: {} of the work tree differ from it, and are not in it", files(dirty.len())));
    }
    if release.rows.is_empty() {
        want_none(app, &mut goal, &place);
    } else {
        let pull = want(app, &mut goal, &place, release)?;
        extra.insert("pull_request".into(), pull);
    }
    app.execute(goal, extra)
}

/// What has to be known before anything is asked or read.
fn place(app: &App, is_initial: bool) -> anyhow::Result<Place<'_>> {
    let keys = &app.config.repository;
    let none = || {
        Fault::usage("repository.github is not set, so there is no forge to open a pull request at")
            .fix("write github = \"OWNER/NAME\" under [repository]")
    };
    let repository = keys.github.as_deref().ok_or_else(none)?;
    if !is_repository(repository) {
        let what = format!("repository.github is {repository:?}, wanted \"OWNER/NAME\"");
        return Err(Fault::usage(what)
            .fix("edit repository.github, then run the command again")
            .into());
    }
    if app.world.environment.forge_token().is_none() {
        let what = "there is no token for the forge: neither GITHUB_TOKEN nor GH_TOKEN is set";
        let initial = if is_initial { " --initial" } else { "" };
        return Err(Fault::refused(what)
            .fix(format!(
                "GITHUB_TOKEN=$(gh auth token) cargo xtask release-pr{initial}"
            ))
            .into());
    }
    let remote = app.remote().name;
    let base = keys.branch.as_str();
    let branch = app.rules.pull.branch.as_str();
    let commit = app.world.git.head()?.commit;
    let branches = app.world.git.remote_branches(remote, &[base, branch]);
    let unread = |error: anyhow::Error| {
        Fault::refused(format!("{error:#}")).fix(format!("git ls-remote --heads {remote}"))
    };
    let unset = || {
        Fault::refused(format!("there is no remote {remote}"))
            .fix(format!("git remote add {remote} URL"))
    };
    let mut branches = branches.map_err(unread)?.ok_or_else(unset)?;
    let head = branches.get(base).ok_or_else(|| {
        Fault::refused(format!(
            "{remote} has no branch {base}, which is to be released from"
        ))
        .fix(format!(
            "git push {remote} HEAD:{base}, or name another in repository.branch"
        ))
    })?;
    hold_to_base(app, (remote, base), &commit, head)?;
    Ok(Place {
        repository,
        remote,
        base,
        branch,
        commit,
        tip: branches.remove(branch),
    })
}

/// A pull request of anything but the branch's head would take back, or bring along, what nobody asked for.
pub(super) fn hold_to_base(
    app: &App,
    (remote, base): (&str, &str),
    commit: &str,
    head: &str,
) -> anyhow::Result<()> {
    if commit == head {
        return Ok(());
    }
    let git = &app.world.git;
    let is_ahead = git.has_commit(head) && git.is_ancestor(head, commit)?;
    let is_behind = !git.has_commit(head) || git.is_ancestor(commit, head)?;
    let fix = match (is_ahead, is_behind) {
        (true, _) => format!("git push {remote} HEAD:{base}, or git switch --detach {head}"),
        (_, true) => format!("git switch {base} && git pull --ff-only {remote} {base}"),
        _ => format!("git switch {base} && git pull --rebase {remote} {base}"),
    };
    let what = format!(
        "HEAD is {}, and {base} on {remote} is {}: the pull request is made of that branch alone",
        short(commit),
        short(head)
    );
    Err(Fault::refused(what).fix(fix).into())
}

/// Releases that only the remote knows would be released a second time.
fn refuse_unknown_tags(app: &App, goal: &mut Goal, facts: &TagFacts, remote: &str) {
    match &facts.remote {
        RemoteTags::None => {}
        RemoteTags::Unknown { why, .. } => {
            let what = format!(
                "the tags of {remote} cannot be read, so what is released cannot be told: {why}"
            );
            goal.refuse("", what, format!("git ls-remote --tags {remote}"));
        }
        RemoteTags::Known { tags, .. } => {
            let is_release = |name: &str| {
                app.projects.all.iter().any(|project| {
                    facts
                        .read_of(project, name)
                        .is_some_and(|tag| tag.candidate.is_none())
                })
            };
            let missing: Vec<_> = tags
                .keys()
                .filter(|name| !facts.local.contains_key(*name) && is_release(name))
                .cloned()
                .collect();
            if let Some(first) = missing.first() {
                let more = if missing.len() > 1 {
                    format!(" and {} more", missing.len() - 1)
                } else {
                    String::new()
                };
                goal.refuse(
                    "",
                    format!("{remote} has tags of releases that this clone has not: {first}{more}"),
                    format!("git fetch --tags {remote}"),
                );
            }
        }
    }
}

fn readings<'a>(
    app: &'a App,
    goal: &mut Goal,
    texts: &Texts<'_>,
) -> anyhow::Result<Vec<(&'a Project, Readings)>> {
    let mut found = Vec::new();
    for project in app
        .projects
        .all
        .iter()
        .filter(|project| !project.sites.is_empty())
    {
        let readings = versions::read::of_texts(texts, project)?;
        if let Some(what) = readings.disagreement() {
            let fix = format!(
                "cargo xtask versions --fix {}, then commit and push",
                project.name
            );
            goal.refuse(
                &project.name,
                format!(
                    "the version sites of {} disagree in HEAD: {what}",
                    project.name
                ),
                fix,
            );
        }
        found.push((project, readings));
    }
    Ok(found)
}

/// Sites, locks and dependents as `bump auto` moves them, and the changelogs. A project whose files tell of the release already
/// waits for its tag, and has nothing here.
fn release<'p>(
    app: &App,
    goal: &mut Goal,
    texts: &Texts<'_>,
    found: &[(&'p Project, Readings)],
    auto: &Auto,
    tags: &TagFacts,
) -> anyhow::Result<Release<'p>> {
    let mut edits = Edits::new(texts, &app.projects)?;
    let how = How {
        allow_downgrade: false,
        raise: false,
    };
    let moves = bump::moves(app, goal, &mut edits, found, &auto.targets, &how, tags)?;
    let mut release = Release::default();
    release.files.extend(
        edits
            .edited()?
            .into_iter()
            .filter(|file| file.is_tracked)
            .map(|file| (file.path, file.text)),
    );
    let changelogs = changelog::changelogs(app, &auto.tags);
    let date: String = observe::rfc3339(
        app.world
            .git
            .commit_seconds(&app.world.git.head()?.commit)?,
    )?
    .chars()
    .take(10)
    .collect();
    let mut told = HashSet::new();
    for (project, decided) in &moves {
        let Some(at) = found
            .iter()
            .position(|(other, _)| other.name == project.name)
        else {
            continue;
        };
        let place = auto.places[at];
        let since = &auto.since[place];
        let depends = moves
            .iter()
            .filter(|(other, _)| project.depends.contains(&other.name));
        let depends: Vec<_> = depends
            .map(|(other, moved)| format!("{} {}", other.package, moved.to.to_semver()))
            .collect();
        let part = changelogs.next(place, since, &decided.to, &date, &depends);
        let file = changelogs.with_next(texts, place, since, &part)?;
        if let Some((path, _)) = &file
            && !told.insert(path.clone())
        {
            let what = format!(
                "{path} is the changelog of two projects, {} among them",
                project.name
            );
            goal.refuse(
                &project.name,
                what,
                "give one of the projects a folder of its own",
            );
        }
        if file.is_none() && decided.from == decided.to {
            let name = &project.name;
            let version = decided.to.to_semver();
            goal.notes.push(format!("{name}: {version} is merged and has no release tag yet (cargo xtask tag {name} --rc --push)"));
            continue;
        }
        let told = file
            .as_ref()
            .and_then(|(_, text)| Changelogs::said(text, &decided.to));
        release.files.extend(file);
        let from = if decided.level == "initial" {
            String::new()
        } else {
            last(since).unwrap_or_else(|| decided.from.to_semver())
        };
        let package = project.package.clone();
        let to = decided.to.to_semver();
        let why = decided.why.clone();
        release.rows.push(Row {
            package,
            from,
            to,
            why,
            part,
            told,
        });
    }
    release.moves = moves;
    Ok(release)
}

fn last(since: &crate::commits::since_release::Since) -> Option<String> {
    since
        .release
        .as_ref()
        .map(|release| release.version.to_semver())
}

/// Whatever stands on the branch and is not ours would be lost, or be merged without a reader having asked for it.
fn refuse_strangers(
    app: &App,
    goal: &mut Goal,
    place: &Place<'_>,
    tip: &str,
) -> anyhow::Result<()> {
    let Place {
        repository,
        remote,
        branch,
        ..
    } = place;
    match stranger(app.world.forge(), repository, &place.commit, tip) {
        Ok(None) => {}
        Ok(Some(what)) => goal.refuse(
            "",
            format!("{branch} on {remote} holds commits that are not ours: {what}"),
            format!("bring them to {} by a pull request of their own, then git push {remote} --delete {branch}", place.base),
        ),
        Err(error) => {
            let what = format!("whose commits are on {branch} cannot be told: {error:#}");
            goal.refuse("", what, "mend what the message says; cargo xtask doctor asks the forge again");
        }
    }
    Ok(())
}

/// The branch and the pull request; gives the latter as a document.
fn want(
    app: &App,
    goal: &mut Goal,
    place: &Place<'_>,
    release: Release<'_>,
) -> anyhow::Result<serde_json::Value> {
    let Place {
        repository,
        remote,
        base,
        branch,
        commit,
        tip,
    } = place;
    let releases: Vec<_> = release
        .rows
        .iter()
        .map(|row| format!("{} {}", row.package, row.to))
        .collect();
    let rules = &app.rules.pull;
    let forge = app.forge_page();
    let title = rules.title(&releases);
    let body = rules.body(
        &releases,
        &table(&release.rows),
        &notes(&release.rows, forge.as_deref()),
    );
    let message = if releases.len() > 1 {
        format!("{title}\n\n{}", releases.join("\n"))
    } else {
        title.clone()
    };
    let wanted = ReleaseCommit {
        parent: commit.clone(),
        message,
        files: release.files,
    };
    let id = app.world.git.release_commit_id(&wanted)?;
    let why = format!(
        "{} to release from {base} at {}",
        projects(releases.len()),
        short(commit)
    );
    let branch = (*branch).to_owned();
    let base = (*base).to_owned();
    let document = json!({ "repository": repository, "branch": branch, "base": base, "commit": id, "title": title, "body": body });
    let push = PushReleaseBranch {
        remote: (*remote).to_owned(),
        branch: branch.clone(),
        id,
        commit: wanted,
        seen: tip.clone(),
    };
    goal.want("", why.clone(), Step::PushReleaseBranch(push));
    let open = OpenReleasePull {
        repository: (*repository).to_owned(),
        branch,
        base,
        title,
        body,
    };
    goal.want("", why, Step::OpenReleasePull(open));
    Ok(document)
}

/// Closes what an earlier run opened, and takes its branch away.
fn want_none(app: &App, goal: &mut Goal, place: &Place<'_>) {
    let why = "nothing is left to release";
    app.ui.status("Unchanged", why);
    let Some(seen) = place.tip.clone() else {
        return;
    };
    let repository = place.repository.to_owned();
    let branch = place.branch.to_owned();
    let base = place.base.to_owned();
    goal.want(
        "",
        why,
        Step::CloseReleasePull(CloseReleasePull {
            repository,
            branch: branch.clone(),
            base,
        }),
    );
    goal.want(
        "",
        why,
        Step::DeleteReleaseBranch(DeleteReleaseBranch {
            remote: place.remote.to_owned(),
            branch,
            seen,
        }),
    );
}

/// `owner/name`, as it may stand in a path.
fn projects(count: usize) -> String {
    if count == 1 {
        "1 project".to_owned()
    } else {
        format!("{count} projects")
    }
}

fn files(count: usize) -> String {
    if count == 1 {
        "1 file".to_owned()
    } else {
        format!("{count} files")
    }
}
