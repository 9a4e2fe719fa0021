//! `rehearse`: the whole life of a release in a sandbox, by the same commands a user types.

#![allow(
    clippy::disallowed_methods,
    reason = "a rehearsal says how long it took"
)]

pub mod images;
mod isolation;
mod life;
mod package;
mod pins;
mod sandbox;
mod shapes;

use std::time::Instant;

use anyhow::{Context, bail};
use monorelease_model::image::{Platform, Repository};
use serde_json::json;

use crate::app::App;
use crate::cli::Rehearse;
use crate::fault::Fault;
use crate::project::Project;
use crate::release::observe;
use crate::tools::docker;
use crate::{tools, ui};
use images::StandIn;
use sandbox::{Purpose, Sandbox};
use shapes::Shape;

/// What the candidate is called, once it is tagged.
struct Candidate {
    tag: String,
    commit: String,
    version: String,
    build_id: String,
}

pub fn run(app: &App, arguments: &Rehearse) -> anyhow::Result<u8> {
    if let Some(shape) = arguments.project.as_deref().and_then(Shape::of) {
        return shapes::run(app, shape);
    }
    let started = Instant::now();
    let project = project(app, arguments.project.as_deref())?;
    let Some(image) = &project.image else {
        return rehearse_package(app, project);
    };
    let folder = app.world.path("target/rehearsal");
    let engine = match arguments.docker {
        true => {
            tools::require(tools::DOCKER)?;
            Some(
                docker::engine_platform(&app.world.runner)
                    .map_err(|error| docker::unreached(&error))?,
            )
        }
        false => None,
    };
    if app.global.dry_run {
        let lines = [
            "bump minor",
            "tag --rc --push",
            if arguments.docker {
                "build --push"
            } else {
                "(stand-in images)"
            },
            "release",
            "verify",
            "release",
        ]
        .join(", ");
        app.ui.status(
            "Planned",
            &format!(
                "{lines} of {} in {}; nothing was written",
                project.package,
                folder.display()
            ),
        );
        app.ui
            .document(&json!({ "schema": 1, "project": project.name }));
        return Ok(0);
    }
    app.ui.status(
        "Rehearsing",
        &format!("a release of {} in {}", project.package, folder.display()),
    );
    if !app.world.git.dirty_paths()?.is_empty() {
        app.ui
            .note("changes that are not committed are left out: the sandbox is a copy of HEAD");
    }
    let config = app.config_in_repository()?;
    app.world
        .git
        .refuse_shallow("what a copy of it would release")?;
    let sandbox = Sandbox::prepare(
        &app.world.root,
        &folder,
        &config,
        app.world.runner.clone(),
        &Purpose {
            platform: engine
                .as_ref()
                .map(|platform| (project.name.as_str(), platform)),
            signs: signs(app),
            forge: app.config.repository.github.as_deref(),
        },
    )?;
    forget_other_tags(&sandbox, project)?;
    app.ui.status(
        "Serving",
        &format!(
            "an embedded registry at {}, the remote origin in {}",
            sandbox.registry.address(),
            folder.join("origin.git").display()
        ),
    );
    say_and_run(app, &sandbox, &["bump", "minor", &project.name, "--commit"])?;
    say_and_run(app, &sandbox, &["tag", &project.name, "--rc", "--push"])?;
    let candidate = candidate(&sandbox, project)?;
    let repository: Repository =
        format!("{}/{}", sandbox.registry.address(), image.repository.path).parse()?;
    let platforms = engine.as_ref().map_or_else(
        || image.platforms.clone(),
        |platform| vec![platform.clone()],
    );
    match engine {
        Some(_) => say_and_run(
            app,
            &sandbox,
            &[
                "build",
                &project.name,
                "--build-id",
                &candidate.build_id,
                "--push",
            ],
        )?,
        None => push_stand_ins(app, &repository, &platforms, &candidate)?,
    }
    say_and_run(app, &sandbox, &["release", &project.name])?;
    say_and_run(
        app,
        &sandbox,
        &["verify", &project.name, &candidate.version],
    )?;
    let before = sandbox.registry.state();
    let again = sandbox.json(&["release", &project.name])?;
    let acted = again["steps"].as_array().map_or(0, |steps| {
        steps
            .iter()
            .filter(|step| step["verdict"] != "done")
            .count()
    });
    if acted > 0 || sandbox.registry.state() != before {
        bail!("a second release did {acted} steps; it should have found everything done");
    }
    app.ui.status(
        "Again",
        &format!("cargo xtask release {}: nothing to do", project.name),
    );
    let has_pins = |stage: &str| app.delivery.pins_of(&project.name, stage).next().is_some();
    for stage in app
        .delivery
        .stages
        .iter()
        .filter(|stage| has_pins(&stage.name) && stage.after.as_deref().is_some_and(has_pins))
    {
        say_and_run(
            app,
            &sandbox,
            &["promote", &project.name, "--to", &stage.name],
        )?;
    }
    report(app, &sandbox, project, &repository, &candidate, started)
}

/// As [`run`], of a project that is a package and nothing else.
fn rehearse_package(app: &App, project: &Project) -> anyhow::Result<u8> {
    let folder = app.world.path("target/rehearsal");
    if app.global.dry_run {
        let lines = "bump minor, tag --rc --push, build --push, release, verify, release";
        app.ui.status(
            "Planned",
            &format!(
                "{lines} of {} in {}; nothing was written",
                project.package,
                folder.display()
            ),
        );
        app.ui
            .document(&json!({ "schema": 1, "project": project.name }));
        return Ok(0);
    }
    app.ui.status(
        "Rehearsing",
        &format!(
            "a release of the package {} in {}",
            project.package,
            folder.display()
        ),
    );
    if !app.world.git.dirty_paths()?.is_empty() {
        app.ui
            .note("changes that are not committed are left out: the sandbox is a copy of HEAD");
    }
    package::run(app, project)
}

/// Whether the rehearsal attaches what `[trust]` asks for; says it when it is left out.
pub(super) fn signs(app: &App) -> bool {
    let Some(trust) = &app.trust else {
        return false;
    };
    let wanted = [
        Some(tools::COSIGN),
        (!trust.sbom.is_empty()).then_some(tools::SYFT),
    ];
    let missing: Vec<_> = wanted
        .into_iter()
        .flatten()
        .filter_map(|tool| tools::require(tool).err())
        .collect();
    for fault in &missing {
        let fix = fault.fix.as_deref().unwrap_or_default();
        app.ui.warn(&format!(
            "the steps `attest` and `sign` of [trust] are not shown: {} (to mend: {fix})",
            fault.what
        ));
    }
    missing.is_empty()
}

/// The named project, or the first one that has an image to rehearse with.
fn project<'a>(app: &'a App, name: Option<&str>) -> Result<&'a Project, Fault> {
    let rehearsable = |project: &&Project| {
        (project.image.is_some() || project.package_index.is_some()) && !project.sites.is_empty()
    };
    match name {
        Some(name) => {
            let project = app.projects.find(name);
            let project = project.map_err(|fault| fault.fix(format!("cargo xtask rehearse PROJECT, or a scenario: {}", Shape::words())))?;
            Some(project).filter(rehearsable).ok_or_else(|| {
                Fault::usage(format!("{} has no image or package, or no version, to rehearse a release with", project.name))
                    .fix(format!("cargo xtask rehearse PROJECT with one that has them, or a scenario: {}", Shape::words()))
            })
        }
        // An image first: it needs nothing to be compiled.
        None => app.projects.all.iter().filter(rehearsable).min_by_key(|project| project.image.is_none()).ok_or_else(|| {
            Fault::usage("no project with versions has an image or a package-index, so there is no release to rehearse")
                .fix(format!("give a project an image in the configuration, or cargo xtask rehearse with a scenario: {}", Shape::words()))
        }),
    }
}

/// Takes tags of the project that are not of HEAD's history out of the copy: a later release is not this one's business.
pub(super) fn forget_other_tags(sandbox: &Sandbox, project: &Project) -> anyhow::Result<()> {
    let others = sandbox.git(&["tag", "--no-merged", "HEAD"])?;
    for tag in others
        .lines()
        .filter(|tag| project.tags.read(tag).is_some())
    {
        sandbox.git(&["tag", "--delete", tag])?;
    }
    Ok(())
}

pub(super) fn say_and_run(app: &App, sandbox: &Sandbox, arguments: &[&str]) -> anyhow::Result<()> {
    let line = format!("cargo xtask {}", arguments.join(" "));
    app.ui.status("Running", &line);
    app.ui.open_section(&line);
    let outcome = sandbox.run(arguments).map_err(|_| {
        Fault::failed(format!(
            "the rehearsal stopped at `{line}`; its words stand above"
        ))
        .fix(format!("look into {}", sandbox.work.display()))
    });
    app.ui.close_section();
    Ok(outcome?)
}

fn candidate(sandbox: &Sandbox, project: &Project) -> anyhow::Result<Candidate> {
    let tags = sandbox.git(&["tag", "--points-at", "HEAD"])?;
    let (tag, name) = tags
        .lines()
        .find_map(|tag| {
            Some((
                tag,
                project
                    .tags
                    .read(tag)
                    .filter(|name| name.candidate.is_some())?,
            ))
        })
        .context("HEAD of the sandbox carries no candidate's tag")?;
    let plan = sandbox.json(&["plan", "--tag", tag])?;
    let build_id = plan["matrix"]["include"][0]["build_id"]
        .as_str()
        .context("the plan names no build id")?
        .to_owned();
    Ok(Candidate {
        tag: tag.into(),
        commit: sandbox.git(&["rev-parse", "HEAD"])?.trim().into(),
        version: name.version.to_semver(),
        build_id,
    })
}

fn push_stand_ins(
    app: &App,
    repository: &Repository,
    platforms: &[Platform],
    candidate: &Candidate,
) -> anyhow::Result<()> {
    app.ui.note(
        "in place of `cargo xtask build --push`, stand-in images without content are pushed (rehearse --docker builds the real ones)",
    );
    for platform in platforms {
        let tag = format!(
            "{}-{}",
            candidate.build_id,
            monorelease_model::build_id::arch_suffix(platform)
        );
        let image = StandIn {
            platform,
            version: &candidate.version,
            revision: &candidate.commit,
            created: &observe::rfc3339(0)?,
            attested: true,
            layer_bytes: images::LAYER_BYTES,
        };
        let digest = images::push(app.world.registry(), repository, &tag, &image)?;
        app.ui.status(
            "Pushed",
            &format!("{repository}:{tag} = {}", digest.short()),
        );
    }
    Ok(())
}

/// Shows what a user of the release would find, and ends with one line.
fn report(
    app: &App,
    sandbox: &Sandbox,
    project: &Project,
    repository: &Repository,
    candidate: &Candidate,
    started: Instant,
) -> anyhow::Result<u8> {
    let mut rows = vec![["image tag", "digest"].map(str::to_owned).to_vec()];
    let mut tags = serde_json::Map::new();
    // The releases' own repository, where there is one, has their names; a rehearsed project has an image.
    for place in project.image.iter().flat_map(|image| image.repositories()) {
        let mut names = sandbox.registry.tags(&place.path);
        names.sort();
        for name in names {
            let digest = sandbox
                .registry
                .digest(&place.path, &name)
                .map(|digest| digest.to_string())
                .unwrap_or_default();
            let shown = if *place.path == repository.path {
                name.clone()
            } else {
                format!("{}:{name}", place.path)
            };
            rows.push(vec![shown, digest.clone()]);
            tags.insert(name, digest.into());
        }
    }
    app.ui.data(&ui::table(&rows));
    let remote_tags = sandbox.git(&["ls-remote", "--tags", "--refs", "origin"])?;
    let remote_tags: Vec<_> = remote_tags
        .lines()
        .filter_map(|line| line.rsplit('/').next())
        .filter(|tag| project.tags.read(tag).is_some())
        .collect();
    app.ui
        .data(&format!("git tags at origin: {}", remote_tags.join(", ")));
    let releases = show_forge(app, sandbox)?;
    let requests = sandbox.registry.log().len();
    let unexpected = sandbox.registry.unexpected();
    if !unexpected.is_empty() {
        bail!(
            "the registry was asked what no registry knows: {}",
            unexpected.join(", ")
        );
    }
    app.ui.status(
        "Rehearsed",
        &format!(
            "{} {}: bumped, tagged {}, released by digest, released again with nothing to do; {requests} HTTP requests in {:.1} s",
            project.package,
            candidate.version,
            candidate.tag,
            started.elapsed().as_secs_f64()
        ),
    );
    app.ui.document(&json!({ "schema": 1, "project": project.name, "version": candidate.version, "candidate": candidate.tag, "build_id": candidate.build_id, "images": tags, "tags": remote_tags, "releases": releases, "requests": requests }));
    Ok(0)
}

/// Shows the releases at the forge with their files, where there is a forge; gives them as the document tells them.
fn show_forge(app: &App, sandbox: &Sandbox) -> anyhow::Result<Vec<serde_json::Value>> {
    let Some(forge) = &sandbox.forge else {
        return Ok(Vec::new());
    };
    let unexpected = forge.unexpected();
    if !unexpected.is_empty() {
        bail!(
            "the forge was asked what no forge knows: {}",
            unexpected.join(", ")
        );
    }
    let mut releases = Vec::new();
    for release in forge.releases() {
        let files: Vec<_> = release
            .assets
            .iter()
            .map(|asset| asset.name.clone())
            .collect();
        let state = if release.is_draft {
            "a draft"
        } else {
            "published"
        };
        let with = if files.is_empty() {
            "no files".to_owned()
        } else {
            files.join(", ")
        };
        app.ui.data(&format!(
            "release at the forge: {} ({}), {state}, with {with}",
            release.title, release.tag
        ));
        releases.push(json!({ "tag": release.tag, "draft": release.is_draft, "files": files }));
    }
    Ok(releases)
}
