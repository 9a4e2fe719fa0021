//! `release`: tags the image digests of the newest candidate as the release, and its commit with the git tag.
//!
//! Several projects are released independently.

mod aliases;
pub mod candidate_images;
mod candidates;
pub mod github;
pub mod image_index;
mod notices;
pub mod observe;
pub mod plan;
pub mod platform_images;
pub mod registry_images;
pub mod step;

use monorelease_model::build_id::BuildId;

use crate::app::{App, Outcome};
use crate::build::scanner;
use crate::cli::Release;
use crate::config::trust::SbomFormat;
use crate::delivery::promote;
use crate::delivery::read::images::images_of;
use crate::engine::execute::was_overtaken;
use crate::fault::Fault;
use crate::packages::plan::want_scan;
use crate::project::Project;
use crate::release::github::gather;
use crate::step::plan::{Goal, Scope};
use crate::tag::plan::RemoteTags;
use crate::trust::policy::{Means, Obstacle};
use crate::trust::{Trust, policy};
use notices::Told;
use plan::{Extras, ReleaseFacts, TrustFacts};

pub fn run(app: &App, arguments: &Release) -> Outcome {
    let projects = app.versioned(&arguments.projects)?;
    let picked = picked(&projects, arguments.candidate.as_deref())?;
    app.world.git.committer()?;
    let shared = observe::shared(&app.world, &app.projects, app.remote())?;
    let mut goal = Goal {
        scope: Scope::EachProject,
        ..Goal::default()
    };
    // One project that nobody named is this folder's: as good as named.
    let is_everything = arguments.projects.is_empty() && projects.len() > 1;
    let facts = observe::releases(&app.world, &shared, &projects, picked.as_ref())?;
    let means = means(app, &projects)?;
    let is_alone = projects.len() == 1;
    let mut told = Vec::new();
    for (project, facts) in projects.iter().zip(facts) {
        told.extend(facts.as_ref().ok().map(|facts| release_of(project, facts)));
        match facts.and_then(|facts| {
            want(
                app,
                &mut goal,
                project,
                facts,
                means.as_ref(),
                is_everything,
            )
        }) {
            Ok(()) => {}
            Err(error) if is_alone => return Err(error),
            // What is wrong with one project is no reason not to release another.
            Err(error) => {
                let fix = Fault::in_chain(&error).and_then(|fault| fault.fix);
                let what = format!("{}: {error:#}", project.name);
                goal.refuse(
                    &project.name,
                    what,
                    fix.unwrap_or_else(|| format!("cargo xtask release {}", project.name)),
                );
            }
        }
    }
    // Nobody waits for the release of a project that is left out or refused.
    told.retain(|told| {
        goal.drafts
            .iter()
            .any(|draft| draft.project == told.project)
    });
    told.retain(|told| {
        goal.refused
            .iter()
            .all(|refusal| refusal.project != told.project)
    });
    let (code, plan) = app.executed(goal, serde_json::Map::new())?;
    // Whoever was there first is no failure of this run: what is refused is told to nobody.
    if !was_overtaken(&plan) {
        notices::tell(app, &told, &plan);
    }
    Ok(code)
}

/// The release, as chats are told of it.
fn release_of(project: &Project, facts: &ReleaseFacts) -> Told {
    let version = facts.version.to_semver();
    let image = project
        .image
        .as_ref()
        .map(|image| format!("{}:{version}", image.release))
        .unwrap_or_default();
    Told {
        project: project.name.clone(),
        what: format!("{} {version}", project.package),
        tag: project.tags.release(&facts.version),
        image,
    }
}

/// The build that `--candidate` names.
fn picked(projects: &[&Project], named: Option<&str>) -> Result<Option<BuildId>, Fault> {
    let Some(text) = named else { return Ok(None) };
    let [project] = projects else {
        let what = format!(
            "--candidate picks a build of one project, and {} are meant",
            projects.len()
        );
        return Err(
            Fault::usage(what).fix(format!("cargo xtask release PROJECT --candidate {text}"))
        );
    };
    let release = format!("cargo xtask release {}", project.name);
    if project.image.is_none() {
        return Err(Fault::usage(format!(
            "project {} has no image, so there is no build to pick",
            project.name
        ))
        .fix(release));
    }
    BuildId::parse(text).map(Some).map_err(|what| {
        Fault::usage(what).fix(format!("{release} --dry-run, which names the newest one"))
    })
}

/// What is attached and by whom, where `[trust]` asks for it of any of the projects.
fn means(app: &App, projects: &[&Project]) -> anyhow::Result<Option<Result<Means, Obstacle>>> {
    match &app.trust {
        Some(wanted)
            if projects
                .iter()
                .any(|project| project.image.is_some() || project.package_index.is_some()) =>
        {
            Ok(Some(policy::means(&app.world, wanted)?))
        }
        _ => Ok(None),
    }
}

fn want(
    app: &App,
    goal: &mut Goal,
    project: &Project,
    facts: ReleaseFacts,
    means: Option<&Result<Means, Obstacle>>,
    is_everything: bool,
) -> anyhow::Result<()> {
    let name = &project.name;
    let version = facts.version.to_semver();
    if let (true, Some(why)) = (is_everything, nothing_to_release(project, &facts)) {
        goal.notes.push(format!("{name}: {why}, so it is left out"));
        return Ok(());
    }
    app.ui
        .status("Releasing", &format!("{} {version}", project.package));
    let means = means.filter(|_| project.image.is_some() || project.package_index.is_some());
    let trust = means
        .and_then(|means| means.as_ref().ok())
        .map(|means| TrustFacts {
            means: means.clone(),
            source: app.forge_page().unwrap_or_default(),
        });
    let extras = Extras {
        trust,
        github: gather::facts(app, goal, project, &facts)?,
    };
    // Where there is no candidate, nobody has looked at the files before.
    if let Some(package) = facts
        .package
        .as_ref()
        .filter(|package| !project.candidates && !package.is_published())
    {
        let scan = scanner(app, false, project, goal, "the package");
        scan.into_iter()
            .for_each(|(scanner, rules)| want_scan(goal, package, scanner, rules));
    }
    let index = plan::plan(goal, project, &facts, &extras)?;
    if let Some(Err(Obstacle { what, fix })) = means {
        goal.refuse(name, what, fix);
    }
    goal.notes.extend(left_out(app, project));
    let images = index
        .zip(project.image.as_ref())
        .map(|(index, image)| {
            images_of(
                &image.platforms,
                &version,
                &index.digest,
                &index.media_type,
                &index.bytes,
            )
        })
        .transpose()?;
    promote::after_release(
        &app.environments(),
        goal,
        project,
        &facts.version,
        images.as_ref(),
    )
}

/// Why a project is not meant by "all of them"; by name it is told as a refusal.
fn nothing_to_release(project: &Project, facts: &ReleaseFacts) -> Option<String> {
    let is_known = matches!(
        facts.tags.remote,
        RemoteTags::Known { .. } | RemoteTags::None
    );
    if !project.candidates {
        let found = facts.tags.commit_of(&project.tags.release(&facts.version));
        let head = facts.candidate.as_ref();
        let is_elsewhere =
            matches!((found, head), (Ok(Some(found)), Some(head)) if found != head.commit);
        return is_elsewhere.then(|| format!("{} is released", facts.version.to_semver()));
    }
    // Where the remote could not be read, a candidate may be there: that is no reason to leave it out (law 15).
    let has_none = is_known
        && facts
            .tags
            .newest_candidate(project, &facts.version)
            .is_none();
    has_none.then(|| format!("{} has no candidate", facts.version.to_semver()))
}

/// What a release does not do here, and why: left out of the configuration means not wanted.
fn left_out(app: &App, project: &Project) -> Vec<String> {
    let name = &project.name;
    let trust = match (&app.trust, &project.image) {
        (None, _) => Some(format!(
            "{name}: no [trust] is configured, so nothing is signed or listed"
        )),
        (Some(_), None) if project.package_index.is_none() => Some(format!(
            "{name}: it has no image and no package-index, so there is nothing to sign"
        )),
        (Some(wanted), _) if !wanted.transparency_log => Some(format!(
            "{name}: [trust] has no transparency log: that a signature was made, and when, is known to nobody else"
        )),
        _ => None,
    };
    let is_listed =
        |wanted: &Trust| wanted.sbom.is_empty() || wanted.sbom.contains(&SbomFormat::CycloneDx);
    let unlisted = app
        .trust
        .as_ref()
        .filter(|wanted| project.package_index.is_some() && !is_listed(wanted));
    let unlisted =
        unlisted.map(|_| format!("{name}: what a package is made of is listed as cyclonedx alone, which trust.sbom does not name"));
    trust
        .into_iter()
        .chain(unlisted)
        .chain(gather::left_out(app, project))
        .collect()
}
