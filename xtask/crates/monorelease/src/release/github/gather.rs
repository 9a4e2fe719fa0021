//! What a release tells the forge, gathered before there is a plan: whether it is meant at all, its notes and its files.
//!
//! Left out of the configuration means not wanted. Where it is configured and nothing in the surroundings speaks of the forge (no
//! token, no address, no workflow), the release goes without it and says so; a later run that has a token adds it.

use monorelease_model::tag::TagName;

use super::files;
use super::plan::{ForgeFacts, is_highest};
use crate::app::App;
use crate::changelog;
use crate::changelog::parts::Changelogs;
use crate::commits::ownership::{ProjectTag, tags_by_project};
use crate::fault::Fault;
use crate::project::Project;
use crate::release::plan::ReleaseFacts;
use crate::release_pr::model::is_repository;
use crate::step::plan::Goal;
use crate::tag::plan::{CandidateTag, RemoteTags};
use crate::trust::Trust;
use crate::world::texts::Texts;

/// Whether this run speaks to the forge about releases.
pub(crate) fn is_meant(app: &App) -> bool {
    let environment = &app.world.environment;
    app.config.repository.github.is_some()
        && (environment.forge_token().is_some()
            || environment.has_forge_api
            || environment.is_github_actions)
}

/// What a release does not tell the forge, and why.
pub(crate) fn left_out(app: &App, project: &Project) -> Option<String> {
    let name = &project.name;
    match &app.config.repository.github {
        None => Some(format!(
            "{name}: no github is configured, so no forge release is made"
        )),
        Some(_) if is_meant(app) => None,
        Some(github) => Some(format!(
            "{name}: neither GITHUB_TOKEN nor GH_TOKEN is set, so the tag is all that {github} gets; \
             `GITHUB_TOKEN=$(gh auth token) cargo xtask release {name}` adds the forge release, also later"
        )),
    }
}

/// The forge's part of a release; `None` where there is none, or where it is refused.
pub(crate) fn facts(
    app: &App,
    goal: &mut Goal,
    project: &Project,
    facts: &ReleaseFacts,
) -> anyhow::Result<Option<ForgeFacts>> {
    let (Some(repository), true) = (&app.config.repository.github, is_meant(app)) else {
        return Ok(None);
    };
    if !is_repository(repository) {
        let what = format!("repository.github is {repository:?}, wanted \"OWNER/NAME\"");
        return Err(Fault::usage(what)
            .fix("edit repository.github, then run the command again")
            .into());
    }
    if app.world.environment.forge_token().is_none() {
        let what = format!(
            "{repository} gets a forge release, and there is no token for it: neither GITHUB_TOKEN nor GH_TOKEN is set"
        );
        let fix = match app.world.environment.is_github_actions {
            true => "env: GITHUB_TOKEN: ${{ github.token }} at the step that releases, with permissions: contents: write".to_owned(),
            false => format!("GITHUB_TOKEN=$(gh auth token) cargo xtask release {}", project.name),
        };
        goal.refuse(&project.name, what, fix);
        return Ok(None);
    }
    // Without a candidate, or without its commit, the release is refused for that.
    let Some(candidate) = facts
        .candidate
        .as_ref()
        .filter(|candidate| app.world.git.has_commit(&candidate.commit))
    else {
        return Ok(None);
    };
    // What a package consists of is known by the plan, and stray files beside it are nobody's.
    let found = if facts.package.is_some() {
        Vec::new()
    } else {
        files::in_folder(&app.world, project, &facts.version)?
    };
    let is_one = app
        .projects
        .all
        .iter()
        .filter(|project| !project.sites.is_empty())
        .count()
        == 1;
    let is_named = app
        .config
        .release
        .latest
        .as_ref()
        .map_or(is_one, |name| *name == project.name);
    Ok(Some(ForgeFacts {
        repository: repository.clone(),
        notes: notes(app, project, facts, candidate)?,
        files: found
            .into_iter()
            .map(|file| (file.name, file.path, file.bytes))
            .collect(),
        verified_by: app
            .trust
            .as_ref()
            .filter(|trust| trust.sign && project.image.is_some())
            .map(verified_by),
        is_latest: is_named && is_highest(project, &facts.version, &facts.tags),
    }))
}

/// What the changelog tells of this release, in the candidate's own commit; where it does not, the commits do.
fn notes(
    app: &App,
    project: &Project,
    facts: &ReleaseFacts,
    candidate: &CandidateTag,
) -> anyhow::Result<String> {
    app.whole_history("what a release brings")?;
    // Also those of the remote: on every machine the release before this one is the same.
    let mut known = app.world.git.tags()?;
    if let RemoteTags::Known { tags, .. } = &facts.tags.remote {
        known.extend(
            tags.iter()
                .filter(|(_, commit)| app.world.git.has_commit(commit))
                .map(|(name, commit)| (name.clone(), commit.clone())),
        );
    }
    let tags = tags_by_project(&app.projects.all, known);
    let place = app
        .projects
        .all
        .iter()
        .position(|other| other.name == project.name)
        .unwrap_or_default();
    let changelogs = changelog::changelogs(app, &tags);
    if let Some(told) = changelogs.told_in(
        &Texts::of_commit(&app.world, &candidate.commit),
        project,
        &facts.version,
    )? {
        return Ok(told);
    }
    let says = TagName {
        version: facts.version.clone(),
        candidate: None,
    };
    let tag = ProjectTag {
        name: project.tags.release(&facts.version),
        commit: candidate.commit.clone(),
        says,
    };
    Ok(Changelogs::body(
        &changelogs.rendered(&changelogs.released(place, &tag)?),
    ))
}

/// How cosign is told whose signature counts, in the words of the configuration alone: a path of somebody's machine is of no
/// use to others, and would differ from run to run.
fn verified_by(trust: &Trust) -> String {
    let identity = |(issuer, pattern): &(String, String)| {
        format!(
            "--certificate-oidc-issuer {issuer} --certificate-identity-regexp '^({})$'",
            pattern.replace('\'', "'\\''")
        )
    };
    let key = || {
        format!(
            "--key {}",
            trust.public_key.as_deref().unwrap_or("cosign.pub")
        )
    };
    let is_public = if trust.transparency_log {
        ""
    } else {
        " --insecure-ignore-tlog=true"
    };
    let who = match (&trust.public_key, &trust.identity, &trust.usual_identity) {
        (Some(_), ..) => key(),
        (None, Some(named), _) => identity(named),
        (None, None, Some(usual)) if trust.transparency_log => identity(usual),
        (None, None, _) => key(),
    };
    format!("{who}{is_public}")
}
