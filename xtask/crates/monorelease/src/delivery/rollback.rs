//! `rollback` and `unbar`: what the environment runs and ran before is read, and the steps are planned of that.

use monorelease_model::image::Digest;

use super::Said;
use super::pins::Stage;
use super::plan::rollback::{Bad, aim, bad, plan, running};
use super::plan::unblock;
use super::promote::release_name;
use super::read::Environments;
use super::read::history::{brought, newest, ran_before};
use super::read::images::{digest_of, of_platforms, served};
use super::read::target::Target;
use crate::app::{App, Outcome};
use crate::cli::delivery::{Rollback, Unbar};
use crate::fault::Fault;
use crate::project::Project;
use crate::step::plan::Goal;

pub fn run(app: &App, arguments: &Rollback) -> Outcome {
    let project = app.projects.find(&arguments.project)?;
    let stage = app.delivery.stage(&arguments.environment)?;
    let to = arguments
        .to
        .as_deref()
        .map(|text| release_name(text, "--to", &project.name))
        .transpose()?;
    let mut goal = Goal::default();
    let environments = app.environments();
    rollback(
        &environments,
        &mut goal,
        project,
        stage,
        to.as_deref(),
        &arguments.why,
    )?;
    app.execute(goal, serde_json::Map::new())
}

pub fn unbar(app: &App, arguments: &Unbar) -> Outcome {
    let project = app.projects.find(&arguments.project)?;
    let stage = app.delivery.stage(&arguments.environment)?;
    let digest: Option<Digest> = arguments
        .digest
        .as_deref()
        .map(|text| {
            text.parse().map_err(|why| {
                Fault::usage(format!("{why}")).fix("the digest as the refusal names it: sha256:…")
            })
        })
        .transpose()?;
    let mut goal = Goal::default();
    let target = Target::read(&app.environments(), project, stage)?;
    target.deployed.refuse_unread(&mut goal);
    unblock::plan(&mut goal, &target, digest.as_ref());
    app.execute(goal, serde_json::Map::new())
}

/// Takes an environment back to a version or a digest, or to what ran there before, and blocks what runs there now (law 20).
///
/// # Errors
/// Nothing says what runs there (2), or the world cannot be read. What forbids the rollback is refused in the goal.
fn rollback(
    environments: &Environments<'_>,
    goal: &mut Goal,
    project: &Project,
    stage: &Stage,
    to: Option<&str>,
    why: &str,
) -> anyhow::Result<()> {
    let world = environments.world;
    let target = Target::read(environments, project, stage)?;
    let deployed = &target.deployed;
    deployed.refuse_unread(goal);
    if !goal.refused.is_empty() {
        return Ok(());
    }
    let records = deployed
        .sources
        .iter()
        .map(|source| newest(world, source, &project.name, &stage.name))
        .collect::<anyhow::Result<Vec<_>>>()?;
    // Pins that name platforms alone tell by their digests what runs, whatever was promoted before.
    let parts = deployed.platform_images();
    let pinned = parts.first().map(|(_, digest)| Said {
        version: None,
        digest: Some(digest.clone()),
    });
    let now = match of_platforms(world, project, &parts) {
        Ok(Some(images)) => Some(Said::of(&images)),
        // What is broken is rolled back from all the same.
        Ok(None) | Err(_) => pinned,
    };
    let Some(mut now) = now.or_else(|| running(goal, deployed, &records)) else {
        return Ok(());
    };
    if let (None, Some(version)) = (&now.digest, &now.version) {
        now.digest = brought(world, deployed, version)?;
    }
    let to = match to {
        Some(named) => Some(named.to_owned()),
        None => {
            let told = deployed.sources.iter().map(|source| {
                let before = ran_before(world, source, &project.name, &stage.name, &now)?;
                Ok((source, before))
            });
            let told = told.collect::<anyhow::Result<Vec<_>>>()?;
            aim(goal, deployed, told, &now)
        }
    };
    let Some(to) = to else { return Ok(()) };
    let found = served(world, project, &to).and_then(|images| {
        let is_part =
            !parts.is_empty() && images.platforms.iter().any(|(_, of)| *of == images.index);
        let release = is_part.then(|| of_platforms(world, project, &images.platforms));
        Ok(release.transpose()?.flatten().unwrap_or(images))
    });
    let images = match found {
        Ok(images) => deployed.of_platform(images),
        Err(unread) => {
            unread.refuse(goal, &project.name);
            return Ok(());
        }
    };
    let was = brought(world, deployed, &images.version)?;
    let bad = bad(deployed, &records, &images, now);
    // Of a tag alone, the registry knows the digest.
    let digest = match (bad.digest, &bad.version) {
        (Some(digest), _) => digest,
        (None, Some(version)) => match digest_of(world, project, version) {
            Ok(digest) => digest,
            Err(unread) => {
                unread.refuse(goal, &project.name);
                return Ok(());
            }
        },
        (None, None) => return Ok(()),
    };
    let bad = Bad {
        digest,
        version: bad.version.unwrap_or_default(),
    };
    plan(goal, &target, &images, was.as_ref(), bad, why);
    Ok(())
}
