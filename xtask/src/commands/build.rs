//! `build`: an image by docker buildx, a wheel by maturin, a package by uv.

use super::{Outcome, Session};
use crate::cli::Build;
use crate::engine::{observe, versions};
use crate::model::build_id::{BuildId, arch_suffix};
use crate::model::fault::Fault;
use crate::model::image::Platform;
use crate::model::project::{ImageTarget, Project};
use crate::model::step::{DistributionKind, Goal, ImageBuild, Step};
use crate::plan::build::{Source, distribution, want_image};
use crate::plan::release::dirty_sentence;
use crate::world::{docker, environment, tools};

use super::plan::check_build_id;

pub fn run(session: &Session, arguments: &Build) -> Outcome {
    let project = session.projects.find(&arguments.project)?;
    let mut goal = Goal::default();
    let dirty = session.world.git.dirty_paths()?;
    if arguments.push && !dirty.is_empty() {
        goal.refuse(
            &project.name,
            format!("{}; what is pushed must be a commit", dirty_sentence(&dirty)),
            "git commit, or git stash --include-untracked",
        );
    }
    let source = source(session, project)?;
    match &project.image {
        Some(image) if arguments.target.is_none() => image_goal(session, arguments, project, image, &source, &mut goal)?,
        Some(_) => return Err(wrong_flag(project, "--target is for wheels, it builds an image", "--platform").into()),
        None if arguments.push => {
            return Err(Fault::usage(format!("{} builds no image; --push is for images", project.name))
                .fix(format!("cargo xtask build {}", project.name))
                .into());
        }
        None if arguments.platform.is_some() => {
            return Err(wrong_flag(project, "--platform is for images, it builds none", "--target").into());
        }
        None => distribution_goal(arguments, project, &source, &mut goal)?,
    }
    session.execute(goal, serde_json::Map::new())
}

fn wrong_flag(project: &Project, what: &str, flag: &str) -> Fault {
    Fault::usage(format!("projects.{}: {what}", project.name)).fix(format!("cargo xtask build {}, or {flag}", project.name))
}

fn source(session: &Session, project: &Project) -> anyhow::Result<Source> {
    let head = observe::head(&session.world)?;
    let revision = session.world.git.work_tree_revision()?;
    let version = match project.sites.is_empty() {
        true => head.commit[..7].to_owned(),
        false => {
            let readings = versions::of_work_tree(&session.world, project)?;
            if let Some(what) = readings.disagreement() {
                return Err(Fault::refused(format!("the version sites of {} disagree: {what}", project.name))
                    .fix(format!("cargo xtask versions --fix {}", project.name))
                    .into());
            }
            readings.canonical().to_semver()
        }
    };
    Ok(Source { version, revision, epoch: session.world.git.commit_seconds(&head.commit)? })
}

fn distribution_goal(arguments: &Build, project: &Project, source: &Source, goal: &mut Goal) -> anyhow::Result<()> {
    let kind = match (project.wheel_targets.is_empty(), &project.package_index) {
        (false, _) => DistributionKind::Wheel { target: arguments.target.clone() },
        (true, Some(_)) if arguments.target.is_none() => DistributionKind::Package,
        (true, Some(_)) => return Err(wrong_flag(project, "--target is for wheels of Rust projects", "no flag").into()),
        (true, None) => {
            return Err(Fault::usage(format!(
                "projects.{} has no image, wheel or package-index, so there is nothing to build",
                project.name
            ))
            .fix("add one of them to the configuration")
            .into());
        }
    };
    if let DistributionKind::Wheel { target: Some(target) } = &kind
        && !project.wheel_targets.contains(target)
    {
        return Err(Fault::usage(format!("{target} is no target of {} (targets: {})", project.name, project.wheel_targets.join(", ")))
            .fix(format!("cargo xtask build {} --target {}", project.name, project.wheel_targets[0]))
            .into());
    }
    goal.want(
        &project.name,
        format!("{} at {}", source.version, source.revision),
        Step::BuildDistribution(distribution(project, source, kind)),
    );
    Ok(())
}

fn image_goal(
    session: &Session,
    arguments: &Build,
    project: &Project,
    target: &ImageTarget,
    source: &Source,
    goal: &mut Goal,
) -> anyhow::Result<()> {
    tools::require(tools::DOCKER)?;
    let reach = |error: anyhow::Error| Fault::refused(format!("{error:#}")).fix("start the docker engine, then cargo xtask doctor");
    let engine = docker::engine_platform(&session.world.runner).map_err(reach)?;
    docker::buildx_version(&session.world.runner)
        .map_err(|error| Fault::refused(format!("docker has no buildx: {error:#}")).fix("install the docker-buildx plugin"))?;
    let platform = match &arguments.platform {
        Some(text) => text.parse::<Platform>().map_err(|error| Fault::usage(error.to_string()))?,
        None => engine,
    };
    if !target.platforms.contains(&platform) {
        let known = target.platforms.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        return Err(Fault::usage(format!("{platform} is no platform of {} (platforms: {known})", project.name))
            .fix(format!("cargo xtask build {} --platform {}", project.name, target.platforms[0]))
            .into());
    }
    let image = image_build(session, arguments, project, target, source, platform, goal)?;
    let scanner = [tools::TRIVY, tools::GRYPE].into_iter().find(|tool| tools::find(*tool).is_some()).map(|tool| tool.name);
    if scanner.is_none() {
        match arguments.require_scan {
            true => {
                goal.refuse(&project.name, "neither trivy nor grype is on the PATH, and --require-scan wants one", tools::TRIVY.how_to_get)
            }
            false => goal.notes.push(format!("{}: the image is not scanned, neither trivy nor grype is on the PATH", project.name)),
        }
    }
    want_image(goal, &project.name, target, &image, scanner, arguments.push);
    Ok(())
}

fn image_build(
    session: &Session,
    arguments: &Build,
    project: &Project,
    target: &ImageTarget,
    source: &Source,
    platform: Platform,
    goal: &mut Goal,
) -> anyhow::Result<ImageBuild> {
    let head = observe::head(&session.world)?.commit;
    let tag = match (&arguments.build_id, project.sites.is_empty()) {
        (Some(text), _) => {
            let id = BuildId::parse(text).map_err(|what| Fault::usage(what).fix("cargo xtask plan --tag TAG prints the build id"))?;
            check_build_id(&id, &head, &source.version)?;
            id.image_tag(&arch_suffix(&platform))
        }
        (None, true) => format!("{}-{}", source.version, arch_suffix(&platform)),
        (None, false) => {
            let version = versions::of_work_tree(&session.world, project)?.canonical().clone();
            observe::build_id(&session.world, &head, &version)?.image_tag(&arch_suffix(&platform))
        }
    };
    if tag.contains('+') {
        return Err(Fault::usage(format!("{} {} has build metadata, which no image tag can carry", project.package, source.version))
            .fix(format!("cargo xtask bump patch {}", project.name))
            .into());
    }
    note_candidate(session, project, &head, goal)?;
    Ok(ImageBuild {
        repository: target.repository.clone(),
        tag,
        context: project.path.clone(),
        version: source.version.clone(),
        revision: source.revision.clone(),
        created: observe::rfc3339(source.epoch)?,
        epoch: source.epoch,
        source: session
            .config
            .repository
            .github
            .as_ref()
            .map(|name| format!("{}/{name}", session.world.environment.forge_url))
            .unwrap_or_default(),
        wheels: wheel_folders(session, project, source, &platform, goal)?,
        for_registry: arguments.push,
        platform,
    })
}

/// Says it when a release would not take this build.
fn note_candidate(session: &Session, project: &Project, head: &str, goal: &mut Goal) -> anyhow::Result<()> {
    let tagged = session
        .world
        .git
        .tags()?
        .iter()
        .any(|(name, commit)| commit == head && project.tags.read(name).is_some_and(|tag| tag.candidate.is_some()));
    if !tagged && !project.sites.is_empty() {
        goal.notes.push(format!(
            "{}: HEAD carries no -rcN tag, so no release will take this build (cargo xtask tag {} --rc)",
            project.name, project.name
        ));
    }
    Ok(())
}

/// The wheels of projects this one depends on: built first, and laid into the Dockerfile's context.
fn wheel_folders(
    session: &Session,
    project: &Project,
    source: &Source,
    platform: &Platform,
    goal: &mut Goal,
) -> anyhow::Result<Vec<String>> {
    let mut folders = Vec::new();
    for name in &project.depends {
        let dependency = session.projects.find(name)?;
        if dependency.wheel_targets.is_empty() {
            continue;
        }
        if environment::platform() != *platform {
            let what = format!(
                "{} needs the wheel of {} for {platform}; this machine builds for {}",
                project.name,
                dependency.name,
                environment::platform()
            );
            goal.refuse(&project.name, what, format!("cargo xtask build {} --platform {platform} on such a machine", project.name));
        }
        let version = versions::of_work_tree(&session.world, dependency)?.canonical().to_semver();
        let build = distribution(dependency, &Source { version, ..source.clone() }, DistributionKind::Wheel { target: None });
        folders.push(build.folder.clone());
        goal.want(&dependency.name, format!("{} depends on it", project.name), Step::BuildDistribution(build));
    }
    Ok(folders)
}
