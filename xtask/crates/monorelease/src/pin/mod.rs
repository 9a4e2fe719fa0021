//! `pin`: builds what changed of the images of `[images-from]`, and asks by one pull request that their registry files say so.

pub mod model;
pub mod step;

use crate::app::{App, Outcome};
use crate::build::image_for;
use crate::build::plan::want_image;
use crate::cli::delivery::Pin;
use crate::fault::Fault;
use crate::project::Project;
use crate::release::observe;
use crate::release::plan::dirty_sentence;
use crate::release_pr::hold_to_base;
use crate::scan::Rules;
use crate::step::Step;
use crate::step::plan::Goal;
use crate::tools;
use crate::tools::docker;
use crate::world::environment;
use model::Gather;
use step::tag_of;

/// What is said wherever the image of a registry file goes, and [trust] is configured.
pub(super) const UNSIGNED: &str = "[trust] is about releases: what registry files pin is known by its digest, and nothing of it is signed or listed";

pub fn run(app: &App, arguments: &Pin) -> Outcome {
    let projects = registered(app, &arguments.projects)?;
    let mut goal = Goal::default();
    let dirty = app.world.git.dirty_paths()?;
    if !dirty.is_empty() {
        let what = format!(
            "{}; what is pinned must be of a commit",
            dirty_sentence(&dirty)
        );
        goal.refuse(
            "",
            what,
            "git add --all && git commit, or git stash --include-untracked",
        );
        return app.execute(goal, serde_json::Map::new());
    }
    let head = observe::head(&app.world)?.commit;
    hold_to_branches(app, &head)?;
    let contents = app.world.git.contents_at(&head)?;
    let mut wanted: Vec<(&Project, String)> = Vec::new();
    for project in projects {
        if let Some(tag) = build(app, &mut goal, project, &contents)? {
            wanted.push((project, tag));
        }
    }
    if wanted.is_empty() && goal.refused.is_empty() {
        goal.notes
            .push("no file fits images-from.files, so there is nothing to pin".to_owned());
    }
    goal.notes.extend(
        app.trust
            .as_ref()
            .filter(|_| !wanted.is_empty())
            .map(|_| UNSIGNED.to_owned()),
    );
    let environments = app.environments();
    for stage in app.delivery.first_stages() {
        step::pin(&environments, &mut goal, stage, &wanted)?;
    }
    app.execute(goal, serde_json::Map::new())
}

/// The projects of registry files: those named, or all.
fn registered<'a>(app: &'a App, names: &[String]) -> anyhow::Result<Vec<&'a Project>> {
    if app.config.images_from.is_none() {
        return Err(Fault::usage("there is no [images-from], and only images of its registry files are pinned by `pin`")
            .fix("write files = \"…/*.yaml\" under [images-from], or cargo xtask release PROJECT, which pins a release")
            .into());
    }
    let selected = match names.is_empty() {
        true => app
            .projects
            .all
            .iter()
            .filter(|project| project.registered.is_some())
            .collect(),
        false => app.selected(names)?,
    };
    if let Some(other) = selected.iter().find(|project| project.registered.is_none()) {
        return Err(Fault::usage(format!(
            "{} comes of no registry file, so `pin` has nothing to write for it",
            other.name
        ))
        .fix(format!("cargo xtask release {}", other.name))
        .into());
    }
    Ok(selected)
}

/// What is pinned in a branch is built of that branch's head: of an older one it would be taken back, of another one brought along.
fn hold_to_branches(app: &App, head: &str) -> anyhow::Result<()> {
    let remote = app.remote().name;
    let of_stage = |name: &str| {
        app.delivery
            .pins
            .iter()
            .find(|pin| pin.of_registry && pin.environment == name)
            .map(|pin| pin.branch.as_str())
    };
    let branches: Vec<&str> = app
        .delivery
        .first_stages()
        .filter_map(|stage| of_stage(&stage.name))
        .collect();
    let unread = |error: anyhow::Error| {
        Fault::refused(format!("{error:#}")).fix(format!("git ls-remote --heads {remote}"))
    };
    let found = app
        .world
        .git
        .remote_branches(remote, &branches)
        .map_err(unread)?;
    let found = found.ok_or_else(|| {
        Fault::refused(format!("there is no remote {remote}"))
            .fix(format!("git remote add {remote} URL"))
    })?;
    for branch in branches {
        let there = found.get(branch).ok_or_else(|| {
            Fault::refused(format!("{remote} has no branch {branch}"))
                .fix(format!("git push {remote} HEAD:{branch}"))
        })?;
        hold_to_base(app, (remote, branch), head, there)?;
    }
    Ok(())
}

/// Wants the image to be served under the name of what it is built of, and gives that name; `None` where it is refused.
fn build(
    app: &App,
    goal: &mut Goal,
    project: &Project,
    contents: &[(String, String)],
) -> anyhow::Result<Option<String>> {
    let name = &project.name;
    let file = project
        .registered
        .as_ref()
        .map_or("", |registered| registered.file.as_str());
    let Some(image) = &project.image else {
        let what = format!(
            "{file} names no image yet, and there is no [images] repository to push {name} to"
        );
        goal.refuse(
            name,
            what,
            "write repository = \"HOST/OWNER/{package}\" under [images]",
        );
        return Ok(None);
    };
    let Some(sources) = project
        .registered
        .as_ref()
        .and_then(|registered| registered.sources.as_ref())
    else {
        let what = format!("no Dockerfile is known for {name} ({file})");
        goal.refuse(name, what, "write dockerfile = \"…/{name}/Dockerfile\" under [images-from], or build.dockerfile in the file");
        return Ok(None);
    };
    let tag = match tag_of(sources, project, contents) {
        Ok(tag) => tag,
        Err(what) => {
            goal.refuse(
                name,
                what,
                format!("add the Dockerfile, or take {file} away"),
            );
            return Ok(None);
        }
    };
    match app.world.registry().head(&image.repository, &tag) {
        Err(error) => {
            goal.refuse(
                name,
                format!("the registry cannot be read: {error}"),
                "cargo xtask doctor",
            );
            return Ok(None);
        }
        Ok(Some(_)) => return Ok(Some(tag)),
        Ok(None) => {}
    }
    let scanner = [tools::TRIVY, tools::GRYPE]
        .into_iter()
        .find(|tool| tools::find(*tool).is_some())
        .map(|tool| tool.name);
    let rules = || Rules::of_project(name, &app.ignored, environment::today());
    let mut platforms = Vec::new();
    for platform in &image.platforms {
        let wanted = image_for(app, project, image, platform.clone(), goal)?;
        // A build that another machine has pushed needs no engine here.
        if app
            .world
            .registry()
            .head(&wanted.repository, &wanted.tag)?
            .is_none()
        {
            tools::require(tools::DOCKER)?;
            docker::engine_version(&app.world.runner).map_err(|error| docker::unreached(&error))?;
        }
        want_image(
            goal,
            name,
            image,
            &wanted,
            scanner.map(|scanner| (scanner, rules())),
            true,
        );
        platforms.push((platform.clone(), wanted.tag));
    }
    let gather = Gather {
        repository: image.repository.clone(),
        tag: tag.clone(),
        platforms,
    };
    goal.want(
        name,
        format!("what {name} is built of has no image yet"),
        Step::Gather(gather),
    );
    Ok(Some(tag))
}
