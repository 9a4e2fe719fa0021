//! `build`: an image with docker buildx, a wheel with maturin, a package with uv.
//!
//! The files of a candidate say `X.Y.ZrcN`, those of a release the version alone. Packages are built from a commit, in a folder
//! away from the working tree.

pub mod image_build;
pub mod plan;
pub mod step;

use monorelease_model::build_id::{BuildId, arch_suffix};
use monorelease_model::distribution::Artifact;
use monorelease_model::image::{Platform, is_image_tag};
use monorelease_model::version::Version;

use crate::app::{App, Outcome};
use crate::cli::Build;
use crate::fault::Fault;
use crate::packages::observe::Wanted;
use crate::packages::plan::{
    PackageFacts, candidate_version, want_builds, want_published, want_scan,
};
use crate::project::Project;
use crate::project::image::ImageTarget;
use crate::project::registered::ImageSources;
use crate::release::observe;
use crate::release::plan::{dirty_sentence, no_image_tag};
use crate::scan::Rules;
use crate::step::Step;
use crate::step::plan::Goal;
use crate::tag::plan::{CandidateTag, RemoteTags};
use crate::text::short;
use crate::tools::docker;
use crate::world::{environment, files};
use crate::{packages, tools, versions};
use image_build::ImageBuild;
use plan::{Source, distribution, want_image};
use step::DistributionKind;

pub fn run(app: &App, arguments: &Build) -> Outcome {
    let project = app.projects.find(&arguments.project)?;
    let has_distribution = !project.wheel_targets.is_empty() || project.package_index.is_some();
    let pushes_package = arguments.push && project.candidate_index.is_some();
    let for_image = arguments.platform.is_some()
        || arguments.build_id.is_some()
        || (arguments.push && !pushes_package);
    kinds(project, arguments, has_distribution, for_image)?;
    let for_package = arguments.target.is_some() || arguments.release;
    let mut goal = Goal::default();
    let dirty = app.world.git.dirty_paths()?;
    if arguments.push && !dirty.is_empty() {
        let what = format!(
            "{}; what is pushed must be a commit",
            dirty_sentence(&dirty)
        );
        goal.refuse(
            &project.name,
            what,
            "git add --all && git commit, or git stash --include-untracked",
        );
        return app.execute(goal, serde_json::Map::new());
    }
    app.world.git.refuse_left_out(&project.path)?;
    let (source, version) = source(app, project)?;
    if let (Some(image), false) = (&project.image, for_package) {
        let tagged = Tagged {
            project,
            target: image,
            source: &source,
            version: version.as_ref(),
        };
        image_goal(app, arguments, &tagged, &mut goal)?;
    }
    if has_distribution && !for_image && !want(app, arguments, project, &mut goal)? {
        distribution_goal(arguments, project, &source, &mut goal);
    }
    app.execute(goal, serde_json::Map::new())
}

/// Holds the flags of a call to what the project is made of.
fn kinds(
    project: &Project,
    arguments: &Build,
    has_distribution: bool,
    for_image: bool,
) -> Result<(), Fault> {
    let fault = |what: &str| {
        Err(Fault::usage(format!("projects.{}: {what}", project.name))
            .fix(format!("cargo xtask build {}", project.name)))
    };
    match (&project.image, arguments.target.is_some()) {
        (None, _) if !has_distribution => Err(nothing_to_build(project)),
        _ if arguments.release && project.package_index.is_none() => {
            fault("--release is for packages, and it names no package-index")
        }
        (None, _) if arguments.push && project.package_index.is_some() && for_image => {
            fault("--push is for images, and for packages whose candidates have a candidate-index")
        }
        (None, _) if for_image => {
            fault("--platform, --build-id and --push are for images, it builds none")
        }
        (Some(_), true) if for_image => fault(
            "--target is for wheels, --platform, --build-id and --push are for images: give one kind",
        ),
        (_, true) if project.wheel_targets.is_empty() => {
            fault("--target is for wheels, it builds none")
        }
        (_, true)
            if arguments
                .target
                .as_ref()
                .is_some_and(|target| !project.wheel_targets.contains(target)) =>
        {
            let target = arguments.target.as_deref().unwrap_or_default();
            let targets = project.wheel_targets.join(", ");
            let release = if arguments.release { " --release" } else { "" };
            Err(Fault::usage(format!(
                "{target} is no target of {} (targets: {targets})",
                project.name
            ))
            .fix(format!(
                "cargo xtask build {}{release} --target {}",
                project.name, project.wheel_targets[0]
            )))
        }
        _ => Ok(()),
    }
}

/// What an image is built of.
struct Tagged<'a> {
    project: &'a Project,
    target: &'a ImageTarget,
    source: &'a Source,
    /// `None` for a project without versions: its images are named by their commit.
    version: Option<&'a Version>,
}

/// The refusal of a project that is configured to make nothing.
pub fn nothing_to_build(project: &Project) -> Fault {
    Fault::usage(format!(
        "projects.{} has no image, wheel or package-index, so there is nothing to build",
        project.name
    ))
    .fix("add one of them to the configuration")
}

fn source(app: &App, project: &Project) -> anyhow::Result<(Source, Option<Version>)> {
    let head = observe::head(&app.world)?.commit;
    let epoch = app.world.git.commit_seconds(&head)?;
    let revision = app.world.git.work_tree_revision()?;
    if project.sites.is_empty() {
        return Ok((
            Source {
                version: short(&head).into(),
                revision,
                epoch,
            },
            None,
        ));
    }
    let readings = versions::read::of_work_tree(&app.world, project)?;
    if let Some(what) = readings.disagreement() {
        let fix = format!("cargo xtask versions --fix {}", project.name);
        return Err(Fault::refused(format!(
            "the version sites of {} disagree: {what}",
            project.name
        ))
        .fix(fix)
        .into());
    }
    let version = readings.canonical().clone();
    Ok((
        Source {
            version: version.to_semver(),
            revision,
            epoch,
        },
        Some(version),
    ))
}

fn distribution_goal(arguments: &Build, project: &Project, source: &Source, goal: &mut Goal) {
    let kind = match project.wheel_targets.is_empty() {
        false => DistributionKind::Wheel {
            target: arguments.target.clone(),
        },
        true => DistributionKind::Package,
    };
    goal.want(
        &project.name,
        format!("{} at {}", source.version, source.revision),
        Step::BuildDistribution(distribution(project, source, kind)),
    );
}

fn image_goal(
    app: &App,
    arguments: &Build,
    tagged: &Tagged<'_>,
    goal: &mut Goal,
) -> anyhow::Result<()> {
    let project = tagged.project;
    let platforms = &tagged.target.platforms;
    let runner = &app.world.runner;
    tools::require(tools::DOCKER)?;
    let engine = docker::engine_platform(runner).map_err(|error| docker::unreached(&error))?;
    docker::buildx_version(runner).map_err(|error| {
        Fault::refused(format!("docker has no buildx: {error:#}"))
            .fix("install the docker-buildx plugin")
    })?;
    let fix = format!(
        "cargo xtask build {} --platform {}",
        project.name, platforms[0]
    );
    let platform = match &arguments.platform {
        Some(text) => text
            .parse::<Platform>()
            .map_err(|error| Fault::usage(error.to_string()).fix(&fix))?,
        None => engine,
    };
    if !platforms.contains(&platform) {
        let known = platforms
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ");
        return Err(Fault::usage(format!(
            "{platform} is no platform of {} (platforms: {known})",
            project.name
        ))
        .fix(fix)
        .into());
    }
    let image = image_build(app, arguments, tagged, platform, goal)?;
    let dockerfile = image.sources.as_ref().map_or_else(
        || format!("{}/Dockerfile", image.context),
        |sources| sources.dockerfile.clone(),
    );
    let dockerfile = dockerfile.trim_start_matches('/');
    if !files::exists(&app.world.path(dockerfile)) {
        let what = format!(
            "{} has no file {dockerfile}, which its image is built of",
            project.name
        );
        goal.refuse(
            &project.name,
            what,
            format!(
                "write it, or mend the path of {} in the configuration",
                project.name
            ),
        );
    }
    let scan = scanner(app, arguments.require_scan, project, goal, "the image");
    want_image(
        goal,
        &project.name,
        tagged.target,
        &image,
        scan,
        arguments.push,
    );
    Ok(())
}

/// The scanner of this machine, with what a scan of the project is held to; where there is none it is said of `what`, or refused.
pub(super) fn scanner(
    app: &App,
    is_required: bool,
    project: &Project,
    goal: &mut Goal,
    what: &str,
) -> Option<(&'static str, Rules)> {
    let name = &project.name;
    let found = [tools::TRIVY, tools::GRYPE]
        .into_iter()
        .find(|tool| tools::find(*tool).is_some())
        .map(|tool| tool.name);
    match (found, is_required) {
        (Some(_), _) => {}
        (None, true) => goal.refuse(
            name,
            "neither trivy nor grype is on the PATH, and --require-scan wants one",
            tools::TRIVY.how_to_get,
        ),
        (None, false) => goal.notes.push(format!(
            "{name}: {what} is not scanned, neither trivy nor grype is on the PATH"
        )),
    }
    found.map(|found| {
        (
            found,
            Rules::of_project(name, &app.ignored, environment::today()),
        )
    })
}

fn image_build(
    app: &App,
    arguments: &Build,
    tagged: &Tagged<'_>,
    platform: Platform,
    goal: &mut Goal,
) -> anyhow::Result<ImageBuild> {
    let Tagged {
        project,
        target,
        source,
        version,
    } = *tagged;
    let head = observe::head(&app.world)?.commit;
    let stem = match (&arguments.build_id, version) {
        // What `plan` prints of a project without versions.
        (Some(text), None) if *text == source.version => text.clone(),
        (Some(text), _) => {
            let id = BuildId::parse(text).map_err(|what| {
                Fault::usage(what).fix("cargo xtask plan --tag TAG prints the build id")
            })?;
            check_build_id(&id, &head, version)?;
            id.to_string()
        }
        (None, None) => source.version.clone(),
        (None, Some(version)) => observe::build_id(&app.world, &head, version)?.to_string(),
    };
    let tag = format!("{stem}-{}", arch_suffix(&platform));
    if !is_image_tag(&tag) {
        return Err(Fault::usage(no_image_tag(&tag))
            .fix(format!("cargo xtask bump patch {}", project.name))
            .into());
    }
    note_candidate(app, project, &head, goal)?;
    let forge = app.config.repository.github.as_ref();
    let sources = sources_of(project)?;
    Ok(ImageBuild {
        repository: target.repository.clone(),
        tag,
        context: sources
            .as_ref()
            .map_or_else(|| project.path.clone(), |sources| sources.context.clone()),
        version: source.version.clone(),
        revision: source.revision.clone(),
        created: observe::rfc3339(source.epoch)?,
        epoch: source.epoch,
        source: forge
            .map(|name| format!("{}/{name}", app.world.environment.forge_url))
            .unwrap_or_default(),
        wheels: wheel_folders(app, project, source, &platform, goal)?,
        for_registry: arguments.push,
        sources,
        platform,
    })
}

/// What the image of a registry file is built of; `None` for a folder with a Dockerfile.
fn sources_of(project: &Project) -> Result<Option<ImageSources>, Fault> {
    let Some(registered) = &project.registered else {
        return Ok(None);
    };
    let none = || {
        Fault::usage(format!("no Dockerfile is known for {} ({})", project.name, registered.file))
            .fix("write dockerfile = \"…/{name}/Dockerfile\" under [images-from], or build.dockerfile in the file")
    };
    registered.sources.clone().ok_or_else(none).map(Some)
}

/// The build of an image for one platform, to be pushed.
pub fn image_for(
    app: &App,
    project: &Project,
    target: &ImageTarget,
    platform: Platform,
    goal: &mut Goal,
) -> anyhow::Result<ImageBuild> {
    let arguments = Build {
        project: project.name.clone(),
        platform: None,
        target: None,
        build_id: None,
        release: false,
        push: true,
        require_scan: false,
    };
    let (source, version) = source(app, project)?;
    image_build(
        app,
        &arguments,
        &Tagged {
            project,
            target,
            source: &source,
            version: version.as_ref(),
        },
        platform,
        goal,
    )
}

/// Refuses a build id that another commit or version was given; a project without versions has only its commit.
fn check_build_id(id: &BuildId, commit: &str, version: Option<&Version>) -> Result<(), Fault> {
    if id.short_commit == short(commit) && version.is_none_or(|version| *version == id.version) {
        return Ok(());
    }
    let wanted = version
        .map(|version| format!("{} ", version.to_semver()))
        .unwrap_or_default();
    Err(Fault::refused(format!(
        "build id {id} is of {} at {}; HEAD is {wanted}at {}",
        id.version.to_semver(),
        id.short_commit,
        short(commit)
    ))
    .fix("cargo xtask build PROJECT, without --build-id"))
}

/// Says it when a release would not take this build.
fn note_candidate(app: &App, project: &Project, head: &str, goal: &mut Goal) -> anyhow::Result<()> {
    let facts = observe::local_tags(&app.world, &app.projects, RemoteTags::None)?;
    let tagged = facts.local.iter().any(|(name, commit)| {
        commit == head
            && facts
                .read_of(project, name)
                .is_some_and(|tag| tag.candidate.is_some())
    });
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
    app: &App,
    project: &Project,
    source: &Source,
    platform: &Platform,
    goal: &mut Goal,
) -> anyhow::Result<Vec<String>> {
    let mut folders = Vec::new();
    for name in &project.depends {
        let dependency = app.projects.find(name)?;
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
            goal.refuse(
                &project.name,
                what,
                format!(
                    "cargo xtask build {} --platform {platform} on such a machine",
                    project.name
                ),
            );
        }
        let readings = versions::read::of_work_tree(&app.world, dependency)?;
        if let Some(what) = readings.disagreement() {
            let fix = format!("cargo xtask versions --fix {}", dependency.name);
            goal.refuse(
                &project.name,
                format!("the version sites of {} disagree: {what}", dependency.name),
                fix,
            );
        }
        let version = readings.canonical().to_semver();
        let build = distribution(
            dependency,
            &Source {
                version,
                ..source.clone()
            },
            DistributionKind::Wheel { target: None },
        );
        folders.push(build.folder.clone());
        goal.want(
            &dependency.name,
            format!("{} depends on it", project.name),
            Step::BuildDistribution(build),
        );
    }
    Ok(folders)
}

/// Wants the files of the version that the commit is of; false where it is of none, and the tree is built as it is.
///
/// # Errors
/// `--release` or `--push` where no candidate says which commit is meant.
pub fn want(
    app: &App,
    arguments: &Build,
    project: &Project,
    goal: &mut Goal,
) -> anyhow::Result<bool> {
    if project.package_index.is_none() || project.sites.is_empty() {
        return Ok(false);
    }
    let head = observe::head(&app.world)?.commit;
    let version = versions::read::of_commit(&app.world, &head, project)?
        .canonical()
        .clone();
    let tags = observe::tags(&app.world, &app.projects, app.remote())?;
    let newest = match project.candidates {
        true => tags.newest_candidate(project, &version),
        false => Some(CandidateTag {
            number: 0,
            name: "HEAD".into(),
            commit: head.clone(),
        }),
    };
    let is_here = newest.as_ref().is_some_and(|newest| newest.commit == head)
        && app.world.git.dirty_paths()?.is_empty();
    let is_meant = arguments.release || arguments.push || (project.candidates && is_here);
    let name = &project.name;
    let shown = version.to_semver();
    if !is_meant {
        goal.notes
            .push(format!("{name}: HEAD is not the newest candidate of {shown}, so the tree is built as it is, for nobody to publish"));
        return Ok(false);
    }
    let tag = Fault::refused(format!(
        "{} {shown} has no candidate here: no tag {}",
        project.package,
        project.tags.candidate_form(&version)
    ))
    .fix(format!("cargo xtask tag {name} --rc --push"));
    let candidate = newest.filter(|_| is_here || arguments.release).ok_or(tag)?;
    if !app.world.git.has_commit(&candidate.commit) {
        let what = format!(
            "{} is at a commit that this clone does not have",
            candidate.name
        );
        return Err(Fault::refused(what)
            .fix(format!("git fetch --tags {}", app.remote().name))
            .into());
    }
    let stamped = if arguments.release {
        version
    } else {
        stamped(project, &version, &candidate)?
    };
    let index = project.candidate_index.as_ref().filter(|_| arguments.push);
    let wanted = Wanted {
        projects: &app.projects,
        project,
        commit: &candidate.commit,
        version: &stamped,
        is_release: arguments.release,
        index,
    };
    let mut facts = packages::observe::observe(&app.world, &wanted)?;
    keep_asked(goal, project, &mut facts, arguments.target.as_deref());
    // What is at the index passed before it came there.
    if index.is_none() || !facts.is_published() {
        let scan = scanner(app, arguments.require_scan, project, goal, "the package");
        scan.into_iter()
            .for_each(|(name, rules)| want_scan(goal, &facts, name, rules));
    }
    want_builds(goal, &facts);
    if let Some(index) = index {
        want_published(goal, &facts, index);
    }
    Ok(true)
}

fn stamped(
    project: &Project,
    version: &Version,
    candidate: &CandidateTag,
) -> Result<Version, Fault> {
    candidate_version(version, candidate.number).ok_or_else(|| {
        let what = format!(
            "{} is a prerelease, and a candidate of one has no version of its own at an index",
            version.to_semver()
        );
        Fault::refused(what).fix(format!("cargo xtask bump minor {}", project.name))
    })
}

/// Keeps the files that this call is about: those of the target asked for, else all that this machine can build. The sdist
/// is everywhere the same, and goes with the first target, so that machines of a matrix do not all upload it.
fn keep_asked(goal: &mut Goal, project: &Project, facts: &mut PackageFacts, target: Option<&str>) {
    let Some(target) = target else {
        let left: Vec<_> = facts
            .artifacts
            .iter()
            .filter(|found| !found.can_build && !found.is_here)
            .map(|found| found.artifact.to_string())
            .collect();
        if !left.is_empty() {
            goal.notes.push(format!(
                "{}: {} is for other machines",
                project.name,
                left.join(", ")
            ));
        }
        facts
            .artifacts
            .retain(|found| found.can_build || found.is_here);
        return;
    };
    let is_first = project
        .wheel_targets
        .first()
        .is_some_and(|first| first == target);
    facts.artifacts.retain(|found| match &found.artifact {
        Artifact::WheelFor(other) => other == target,
        _ => is_first,
    });
    // Whoever names a target has what it takes, or is told by the compiler what is missing.
    facts
        .artifacts
        .iter_mut()
        .for_each(|found| found.can_build = true);
}
