//! The probe and the act of a deployment's steps: what is to run is recorded, tasks are carried out, and what passed is written
//! into the ledger, where any machine reads it.
//!
//! Which steps an environment wants is decided in `plan`.

use std::collections::BTreeMap;

use anyhow::{anyhow, bail};
use monorelease_model::build_id::arch_suffix;
use monorelease_model::image::{Digest, Platform};
use monorelease_process::Call;

use super::checks::{Phase, Task, fill};
use super::command::Hook;
use super::{Deployment, Work};
use crate::delivery;
use crate::delivery::ReleaseImages;
use crate::delivery::block_list::BARS_FILE;
use crate::delivery::compare_and_swap::{Edit, changed_meanwhile, compare_and_swap};
use crate::delivery::ledger::{Entry, entry_file, write_entry};
use crate::delivery::message::{message, passed_message};
use crate::delivery::read::ledger::read;
use crate::delivery::read::source::Reading;
use crate::fault::Fault;
use crate::step::effect::Probe;
use crate::text::short;
use crate::world::World;

/// Whether the ledger says what the step wants.
pub(crate) fn probe(world: &World, step: &Deployment) -> anyhow::Result<Probe> {
    let ledger = read(world, &step.of)?;
    let says = |head: &Option<String>| {
        Probe::Done(format!("{} says so", head.as_deref().map_or("", short)))
    };
    Ok(match &step.work {
        Work::Run(task) => match (&step.of.images, &ledger.entry) {
            (Some(images), Some(entry)) if entry.has_passed(&images.index, task) => {
                says(&ledger.head)
            }
            _ => Probe::Todo,
        },
        Work::Record { .. } => {
            let head = ledger.head.clone();
            match (
                overtaken(step, &ledger),
                changes(step, ledger, || Ok((String::new(), 0)))?.is_empty(),
            ) {
                (_, true) => says(&head),
                (Some(found), _) => Probe::Conflict {
                    found,
                    wanted: "what the ledger said when the plan was made".to_owned(),
                },
                (None, false) => Probe::Todo,
            }
        }
    })
}

/// What somebody else has written since the plan was made.
fn overtaken(step: &Deployment, ledger: &Reading) -> Option<String> {
    let Work::Record { found, .. } = &step.work else {
        return None;
    };
    let wanted = step.of.images.as_ref().map(|images| &images.index)?;
    let blocked = delivery::edit::barred(&step.of, &ledger.blocked);
    if blocked.is_some() {
        return blocked;
    }
    let now = ledger.recorded();
    (now != found.as_ref() && now != Some(wanted)).then(|| {
        format!(
            "{} has {}",
            step.of.environment,
            now.map_or("nothing", Digest::short)
        )
    })
}

/// The files of the ledger that differ from what a record wants; none where it says so already.
fn changes(
    step: &Deployment,
    ledger: Reading,
    by: impl FnOnce() -> anyhow::Result<(String, i64)>,
) -> anyhow::Result<Vec<(String, String)>> {
    let Work::Record { clears, .. } = step.work else {
        return Ok(Vec::new());
    };
    let mut files = Vec::new();
    if let Some(images) = &step.of.images {
        let is_so =
            |entry: &Entry| entry.digest == images.index && (!clears || entry.passed.is_empty());
        if !ledger.entry.as_ref().is_some_and(is_so) {
            let entry = Entry {
                version: images.version.clone(),
                digest: images.index.clone(),
                passed: BTreeMap::new(),
            };
            files.push((
                entry_file(&step.of.environment, &step.of.project),
                write_entry(&entry),
            ));
        }
    }
    // Where there are pins, it is their repository that bars.
    if step.pins.is_empty() {
        files.extend(
            delivery::edit::bars(&step.of, &ledger.blocked, by)?
                .map(|text| (BARS_FILE.to_owned(), text)),
        );
    }
    Ok(files)
}

/// Records, or carries a task out and records that it passed.
pub(crate) fn act(world: &World, step: &Deployment) -> anyhow::Result<()> {
    let Work::Run(task) = &step.work else {
        let by = || {
            world
                .delivery(&step.of.address, &step.of.branch, step.of.is_own)?
                .committer()
        };
        return write(
            world,
            step,
            &message(&step.of, &[]),
            &|ledger| match overtaken(step, &ledger) {
                Some(found) => Err(changed_meanwhile(&step.of.place(), &found)),
                None => changes(step, ledger, by),
            },
        );
    };
    for delivery in &step.pins {
        if let Err(found) = delivery::commit::stands(world, delivery)? {
            let what = format!(
                "{} does not say it yet: {found}; this is done once it does",
                delivery.place()
            );
            return Err(Fault::refused(what)
                .fix("the same command again, once it is merged")
                .into());
        }
    }
    still_wanted(step, &read(world, &step.of)?)?;
    if let Err(error) = run(world, step, task) {
        bail!(
            "{error:#}\n{} {} is in {} all the same; to take it back: {}",
            step.of.project,
            name(step),
            step.of.environment,
            step.way_back()
        );
    }
    write(
        world,
        step,
        &passed_message(&step.of, task.phase.word()),
        &|ledger| {
            still_wanted(step, &ledger)?;
            let mut entry = ledger
                .entry
                .clone()
                .ok_or_else(|| anyhow!("{} says nothing of it any more", step.of.place()))?;
            entry.passes(task);
            let is_so = ledger.entry.as_ref() == Some(&entry);
            Ok(if is_so {
                Vec::new()
            } else {
                vec![(
                    entry_file(&step.of.environment, &step.of.project),
                    write_entry(&entry),
                )]
            })
        },
    )
}

fn name(step: &Deployment) -> &str {
    step.of.images.as_ref().map_or("", |images| images.name())
}

/// # Errors
/// Somebody let something else run there meanwhile: what passes now would be told of that.
fn still_wanted(step: &Deployment, ledger: &Reading) -> anyhow::Result<()> {
    let wanted = step.of.images.as_ref().map(|images| &images.index);
    if ledger.recorded() != wanted {
        let found = ledger.recorded().map_or("nothing", Digest::short);
        return Err(changed_meanwhile(
            &step.of.place(),
            &format!("{} is to run {found}", step.of.environment),
        ));
    }
    Ok(())
}

/// Commits to the ledger what is derived of it as it is now.
fn write(
    world: &World,
    step: &Deployment,
    message: &str,
    changes: &dyn Fn(Reading) -> anyhow::Result<Vec<(String, String)>>,
) -> anyhow::Result<()> {
    let branch = world.delivery(&step.of.address, &step.of.branch, step.of.is_own)?;
    compare_and_swap(&branch, None, || {
        let ledger = read(world, &step.of)?;
        Ok(Edit {
            head: ledger.head.clone(),
            files: changes(ledger)?,
            message: message.to_owned(),
        })
    })
}

/// Runs a task's commands, one after the other; the first that fails ends it.
fn run(world: &World, step: &Deployment, task: &Task) -> anyhow::Result<()> {
    let value = |placeholder: &str| step.value(placeholder);
    let filled = |words: &[String]| {
        words
            .iter()
            .map(|word| fill(word, &value))
            .collect::<Vec<_>>()
    };
    let variables = step.variables();
    let prefix = format!("{}: ", step.object());
    let limit_key = format!(
        "environments.{}.{}-timeout",
        step.of.environment,
        task.phase.word()
    );
    for command in &task.commands {
        let command = filled(command);
        world.run_hook(&Hook {
            command: &command,
            variables: &variables,
            limit: task.limit,
            prefix: &prefix,
            limit_key: &limit_key,
        })?;
    }
    task.workloads
        .iter()
        .filter(|_| task.phase == Phase::Rollout)
        .try_for_each(|(kubectl, workload)| {
            let kubectl = filled(kubectl);
            let workload = fill(workload, &value);
            runs_it(world, step, &kubectl, &workload)
        })
}

/// Holds a workload to the image: a rollout that ended well may have been that of the image before, where nobody has applied
/// what the pins say.
fn runs_it(
    world: &World,
    step: &Deployment,
    kubectl: &[String],
    workload: &str,
) -> anyhow::Result<()> {
    let Some(images) = &step.of.images else {
        return Ok(());
    };
    let call = Call::new(world.program("kubectl")?)
        .args(kubectl.iter().skip(1))
        .args(["get", workload, "--output=json"]);
    let printed = world
        .runner
        .output(&call.time_limit(std::time::Duration::from_secs(60)))?;
    let found: serde_json::Value = serde_json::from_str(&printed)
        .map_err(|error| anyhow!("kubectl get {workload}: {error}"))?;
    let spec = &found["spec"]["template"]["spec"];
    let containers = ["initContainers", "containers"]
        .iter()
        .flat_map(|key| spec[*key].as_array().into_iter().flatten());
    let named: Vec<&str> = containers
        .filter_map(|container| container["image"].as_str())
        .collect();
    let repository = step.repository.to_string();
    let ours: Vec<&str> = named
        .iter()
        .copied()
        .filter(|image| behind(image, &repository).is_some())
        .collect();
    let digests: Vec<&str> = [images.index.as_str()]
        .into_iter()
        .chain(images.platforms.iter().map(|(_, digest)| digest.as_str()))
        .collect();
    let is_it = |image: &&str| {
        let (tag, digest) = behind(image, &repository).unwrap_or_default();
        match digest {
            Some(digest) => digests.contains(&digest),
            None => !images.version.is_empty() && tag.is_some_and(|tag| is_tag_of(tag, images)),
        }
    };
    if let Some(other) = ours.iter().find(|image| !is_it(image)) {
        bail!(
            "{workload} names {other}, wanted {}: nobody has applied what the pins say; wait for it, or name its `argocd` application",
            step.image()
        );
    }
    if ours.is_empty() {
        bail!(
            "{workload} names no image of {repository}: {}",
            if named.is_empty() {
                "it has no containers".to_owned()
            } else {
                named.join(", ")
            }
        );
    }
    Ok(())
}

/// Whether a tag is a release's name, or that of one of its platforms.
fn is_tag_of(tag: &str, images: &ReleaseImages) -> bool {
    let of_platform = |platform: &Platform| format!("{}-{}", images.version, arch_suffix(platform));
    tag == images.version
        || images
            .platforms
            .iter()
            .any(|(platform, _)| tag == of_platform(platform))
}

/// Tag and digest of a reference, where it is one to this repository.
fn behind<'a>(image: &'a str, repository: &str) -> Option<(Option<&'a str>, Option<&'a str>)> {
    let rest = image.strip_prefix(repository)?;
    let (rest, digest) = rest
        .split_once('@')
        .map_or((rest, None), |(rest, digest)| (rest, Some(digest)));
    match rest.strip_prefix(':') {
        Some(tag) => Some((Some(tag), digest)),
        None => rest.is_empty().then_some((None, digest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_taken_apart_behind_its_repository_alone() {
        for (image, wanted) in [
            ("r.io/a/api:1@sha256:x", Some((Some("1"), Some("sha256:x")))),
            ("r.io/a/api@sha256:x", Some((None, Some("sha256:x")))),
            ("r.io/a/api:1", Some((Some("1"), None))),
            ("r.io/a/api", Some((None, None))),
            ("r.io/a/api-worker:1", None),
            ("q.io/a/api:1", None),
        ] {
            assert_eq!(behind(image, "r.io/a/api"), wanted, "{image}");
        }
        let platforms = vec![("linux/amd64".parse().unwrap(), Digest::of(b"amd64"))];
        let images = ReleaseImages {
            version: "1.0.0".into(),
            index: Digest::of(b"index"),
            platforms,
        };
        for (tag, wanted) in [
            ("1.0.0", true),
            ("1.0.0-amd64", true),
            ("1.0.0-arm64", false),
            ("1.0.0-rc.1", false),
            ("1.0.01", false),
        ] {
            assert_eq!(is_tag_of(tag, &images), wanted, "{tag}");
        }
    }
}
