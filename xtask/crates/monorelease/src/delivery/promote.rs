//! `promote`: an environment's pins say a release that stands in the environment before it; of several projects, each on its own.

use monorelease_model::image::Digest;
use monorelease_model::version::Version;

use super::ReleaseImages;
use super::pins::Stage;
use super::plan;
use super::plan::promote::Previous;
use super::read::Environments;
use super::read::history::brought;
use super::read::images::{of_platforms, served};
use super::read::target::Target;
use crate::app::{App, Outcome};
use crate::cli::delivery::Promote;
use crate::fault::Fault;
use crate::pin::UNSIGNED;
use crate::project::Project;
use crate::release::observe;
use crate::step::Step;
use crate::step::plan::{Goal, Plan, Scope, Verdict};
use crate::trust;
use crate::trust::promoted;

pub fn run(app: &App, arguments: &Promote) -> Outcome {
    let projects = app.selected(&arguments.projects)?;
    let stage = app.delivery.stage(&arguments.to)?;
    let asked = arguments
        .version
        .as_deref()
        .map(|text| release_name(text, "--version", &projects[0].name))
        .transpose()?;
    let mut all = Goal {
        scope: Scope::EachProject,
        ..Goal::default()
    };
    let environments = app.environments();
    for project in projects {
        let goal = goal(app, &environments, project, stage, asked.as_deref())?;
        all.drafts.extend(goal.drafts);
        all.refused.extend(goal.refused);
        all.notes.extend(goal.notes);
    }
    app.execute(all, serde_json::Map::new())
}

/// What is to be done for one project, which waits for nothing that another lacks.
fn goal(
    app: &App,
    environments: &Environments<'_>,
    project: &Project,
    stage: &Stage,
    asked: Option<&str>,
) -> anyhow::Result<Goal> {
    let newest = if asked.is_none() && stage.after.is_none() {
        newest(app, project)?.map(|version| version.to_semver())
    } else {
        None
    };
    // Commands of the environment are run for what is pinned there; without any there is nothing to do.
    if project.registered.is_some()
        && stage.after.is_none()
        && asked.is_none()
        && stage.checks.tasks.is_empty()
    {
        let what = format!(
            "what runs of {} in {} is what is built there",
            project.name, stage.name
        );
        return Err(Fault::usage(what)
            .fix(format!("cargo xtask pin {}", project.name))
            .into());
    }
    let mut goal = Goal::default();
    promote(
        environments,
        &mut goal,
        project,
        stage,
        asked.or(newest.as_deref()),
    )?;
    goal.notes.extend(
        app.trust
            .as_ref()
            .filter(|_| project.registered.is_some())
            .map(|_| format!("{}: {UNSIGNED}", project.name)),
    );
    // What registry files name is built, and never released: [trust] is about releases.
    if let Some(wanted) = app
        .trust
        .as_ref()
        .filter(|wanted| wanted.wants_anything() && project.registered.is_none())
    {
        let policy = trust::policy::policy(&app.world, wanted)?;
        let policy = policy
            .map_err(|trust::policy::Obstacle { what, fix }| Fault::refused(what).fix(fix))?;
        let source = app.forge_page().unwrap_or_default();
        promoted::refuse_unsigned(&app.world, &mut goal, project, &policy, &source)?;
    }
    Ok(goal)
}

/// Promotes a release into an environment. `asked` names it by its version or digest, or is what the first environment gets.
///
/// # Errors
/// Nothing says what runs there (2), or the world cannot be read. What forbids the promotion is refused in the goal.
fn promote(
    environments: &Environments<'_>,
    goal: &mut Goal,
    project: &Project,
    stage: &Stage,
    asked: Option<&str>,
) -> anyhow::Result<()> {
    let world = environments.world;
    let target = Target::read(environments, project, stage)?;
    let before = stage
        .after
        .as_ref()
        .map(|after| environments.deployed(project, environments.delivery.stage(after)?))
        .transpose()?;
    let all = before.iter().chain([&target.deployed]);
    all.for_each(|deployed| deployed.refuse_unread(goal));
    if !goal.refused.is_empty() {
        return Ok(());
    }
    let source = before.as_ref().unwrap_or(&target.deployed);
    let parts = match asked {
        None => source.platform_images(),
        Some(_) => Vec::new(),
    };
    let found = match of_platforms(world, project, &parts).transpose() {
        Some(found) => found,
        None => {
            let named = plan::promote::named(goal, &target.deployed, before.as_ref(), asked);
            let Some(named) = named else { return Ok(()) };
            served(world, project, &named)
        }
    };
    let images = match found {
        Ok(images) => target.deployed.of_platform(images),
        Err(unread) => {
            unread.refuse(goal, &project.name);
            return Ok(());
        }
    };
    let previous = before
        .map(|deployed| {
            Ok::<_, anyhow::Error>(Previous {
                passed: environments.passed(project, deployed.stage),
                brought: brought(world, &deployed, &images.version)?,
                deployed,
            })
        })
        .transpose()?;
    plan::promote::plan(goal, &target, previous.as_ref(), &images);
    Ok(())
}

/// The last steps of a release: environments that nothing comes before get it. `images` are what the release composes; without
/// them it is refused already, for a reason of its own.
///
/// # Errors
/// The world cannot be read. What forbids the release is refused in the goal.
pub fn after_release(
    environments: &Environments<'_>,
    goal: &mut Goal,
    project: &Project,
    version: &Version,
    images: Option<&ReleaseImages>,
) -> anyhow::Result<()> {
    let name = &project.name;
    let delivery = environments.delivery;
    let has_pins = |stage: &Stage| delivery.pins_of(name, &stage.name).next().is_some();
    let stages: Vec<&Stage> = delivery
        .first_stages()
        .filter(|stage| project.image.is_some() && (has_pins(stage) || stage.checks.deploys()))
        .collect();
    if stages.is_empty() {
        let what = match delivery.pins.iter().any(|pin| pin.project == *name) {
            true => format!(
                "{name}: it has no [[pins]] in an environment without `after`, so nothing is delivered by the release"
            ),
            false => format!("{name}: no [[pins]] are configured, so nothing is delivered"),
        };
        goal.notes.push(what);
        return Ok(());
    }
    let Some(images) = images else { return Ok(()) };
    for stage in stages {
        let refused = goal.refused.len();
        let target = Target::read(environments, project, stage)?;
        target.deployed.refuse_unread(goal);
        if goal.refused.len() == refused {
            plan::promote::release(goal, &target, images, version);
        }
    }
    Ok(())
}

/// A release as a flag names it: by its version, or by the digest of its image.
pub(super) fn release_name(text: &str, flag: &str, project: &str) -> Result<String, Fault> {
    if !text.starts_with("sha256:") {
        return Version::parse_semver(text)
            .map(|version| version.to_semver())
            .map_err(|why| {
                Fault::usage(format!("{flag} {text}: {why}")).fix(format!("{flag} X.Y.Z"))
            });
    }
    if text.parse::<Digest>().is_err() {
        let what = format!(
            "{flag} {text}: it is no whole digest, wanted \"sha256:\" and 64 lower-case hexadecimal digits"
        );
        return Err(
            Fault::usage(what).fix(format!("cargo xtask status {project}, which names digests"))
        );
    }
    Ok(text.to_owned())
}

/// The highest stable release whose tag HEAD contains.
pub(super) fn newest(app: &App, project: &Project) -> anyhow::Result<Option<Version>> {
    app.world
        .git
        .refuse_shallow("which release is the newest")?;
    let head = observe::head(&app.world)?.commit;
    let tags = observe::local_tags(
        &app.world,
        &app.projects,
        crate::tag::plan::RemoteTags::None,
    )?;
    let mut releases: Vec<(Version, &String)> = tags
        .local
        .iter()
        .filter_map(|(tag, commit)| {
            Some((
                tags.read_of(project, tag)
                    .filter(|name| name.candidate.is_none())?
                    .version,
                commit,
            ))
        })
        .filter(|(version, _)| !version.is_prerelease())
        .collect();
    releases.sort();
    for (version, commit) in releases.into_iter().rev() {
        if app.world.git.has_commit(commit) && app.world.git.is_ancestor(commit, &head)? {
            return Ok(Some(version));
        }
    }
    Ok(None)
}

/// What is asked before environments are changed that want somebody's approval; `None` when none does.
pub fn approval(plan: &Plan) -> Option<String> {
    let todo = plan
        .steps
        .iter()
        .filter(|planned| planned.verdict == Verdict::Todo);
    let wanted = todo
        .map(|planned| &planned.draft.step)
        .find_map(|step| match step {
            Step::Deliver(delivery) if delivery.approval => Some(&delivery.environment),
            Step::Deploy(deployment) if deployment.of.approval => Some(&deployment.of.environment),
            _ => None,
        });
    wanted.map(|environment| {
        format!("{environment} is changed with somebody's approval alone. Do you approve?")
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::delivery::{Action, Deliver};
    use crate::step::plan::{Cost, Draft, Planned};

    fn plan(approval: bool, verdict: Verdict) -> Plan {
        let deliver = Deliver {
            action: Action::Promote,
            project: "api".into(),
            environment: "production".into(),
            address: "there".into(),
            is_own: false,
            branch: "main".into(),
            pins: Vec::new(),
            images: None,
            from: Vec::new(),
            found: BTreeMap::new(),
            approval,
            pull: None,
        };
        let draft = Draft {
            project: "api".into(),
            why: String::new(),
            step: Step::Deliver(Box::new(deliver)),
        };
        Plan {
            steps: vec![Planned {
                draft,
                verdict,
                evidence: String::new(),
                cost: Cost::default(),
            }],
            ..Plan::default()
        }
    }

    #[test]
    fn approval_is_asked_for_what_is_left_to_do_alone() {
        assert!(
            approval(&plan(true, Verdict::Todo))
                .is_some_and(|question| question.contains("production"))
        );
        assert_eq!(approval(&plan(true, Verdict::Done)), None);
        assert_eq!(approval(&plan(false, Verdict::Todo)), None);
    }
}
