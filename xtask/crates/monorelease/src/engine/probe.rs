//! The read-only question of every step: is its effect already true?
//!
//! The same answer decides before acting and proves after it (law 14).

use std::collections::HashSet;

use monorelease_model::image::{Digest, Repository};

use crate::release::candidate_images::{Unusable, platform_image};
use crate::release::observe::VERSION_LABEL;
use crate::release::platform_images::REVISION_LABEL;
use crate::release_pr;
use crate::step::Step;
use crate::step::images::{DistributionBuild, ImageBuild, ImageCheck, ImageCopy};
use crate::step::plan::Probe;
use crate::text::short;
use crate::tools::docker;
use crate::tools::docker::LocalImage;
use crate::trust::attach;
use crate::world::{World, files};

/// Asks the world. Whatever cannot be read is `Unknown`, never `Todo` (law 15).
pub fn probe(world: &World, step: &Step) -> Probe {
    let answer = match step {
        Step::EditFile {
            path,
            before,
            after,
        } => edited(world, path, before, after),
        Step::CreateFile { path, text } => created(world, path, text),
        Step::Commit { message, files } => committed(world, message, files),
        Step::Tag { name, commit, .. } => tagged(world, name, commit),
        Step::PushTag {
            remote,
            name,
            commit,
        } => pushed_tag(world, remote, name, commit),
        Step::BuildImage(image) => built(world, image),
        Step::CheckImage { image, check } => checked(world, image, check),
        Step::PushImage(image) => pushed(world, image).map(|answer| answer.unwrap_or(Probe::Todo)),
        Step::BuildDistribution(build) => distributed(world, build),
        Step::PublishTag {
            repository,
            tag,
            manifest,
        }
        | Step::PublishIndex {
            repository,
            tag,
            manifest,
        } => published(world, repository, tag, &manifest.digest),
        Step::CopyImage(copy) => copied(world, copy),
        Step::MoveAlias {
            repository,
            tag,
            manifest,
            from,
            ..
        } => moved(world, repository, tag, &manifest.digest, from.as_ref()),
        Step::ReleasePull(pull) => release_pr::step::probe(world, pull),
        Step::Store {
            repository,
            manifest,
        } => published(
            world,
            repository,
            manifest.digest.as_str(),
            &manifest.digest,
        ),
        Step::Attach {
            subject,
            what,
            policy,
        } => attach::probe(world, subject, what, policy),
        Step::Deliver(delivery) => crate::delivery::commit::probe(world, delivery),
        Step::Deploy(deployment) => crate::delivery::deploy::step::probe(world, deployment),
        Step::ForgeRelease(release) => crate::release::github::step::probe(world, release),
        Step::Gather(gather) => crate::pin::step::probe_gather(world, gather),
        Step::Pin(pins) => crate::pin::step::probe(world, pins),
        Step::Package(step) => crate::packages::step::probe(world, step),
        Step::SyncSecrets(sync) => crate::secrets::step::probe(world, sync),
    };
    answer.unwrap_or_else(|error| Probe::Unknown(format!("{error:#}")))
}

fn edited(world: &World, path: &str, before: &str, after: &str) -> anyhow::Result<Probe> {
    Ok(match files::read(&world.path(path))? {
        Some(text) if text == after => Probe::Done("already so".into()),
        Some(text) if text == before => Probe::Todo,
        Some(_) => Probe::Conflict {
            found: "the file has changed since it was read".into(),
            wanted: "the text the plan was made of".into(),
        },
        None => Probe::Conflict {
            found: "the file is gone".into(),
            wanted: "the text the plan was made of".into(),
        },
    })
}

fn created(world: &World, path: &str, text: &str) -> anyhow::Result<Probe> {
    Ok(match files::read(&world.path(path))? {
        None => Probe::Todo,
        Some(found) if found == text => Probe::Done("there already, word for word".into()),
        Some(_) => Probe::Conflict {
            found: "a file with another text".into(),
            wanted: "no file, since none is ever overwritten".into(),
        },
    })
}

/// Asked by git's own eyes: it may keep other line ends in the commit than in the work tree. A hook that tidies what is
/// committed has the last word: the commit is the one that was wanted when it has its subject and nothing is left over.
fn committed(world: &World, message: &str, files: &[(String, String)]) -> anyhow::Result<Probe> {
    let dirty = world.git.dirty_paths()?;
    let tracked: HashSet<_> = world.git.tracked()?.into_iter().collect();
    let mut tidied = Vec::new();
    for (path, text) in files {
        // What git ignores differs from no commit, and is in none.
        if dirty.contains(path) || !tracked.contains(path) {
            return Ok(Probe::Todo);
        }
        if files::read(&world.path(path))?.as_ref() != Some(text) {
            tidied.push(path.as_str());
        }
    }
    let head = world.git.head()?.commit;
    let holds = format!("HEAD {} holds it", short(&head));
    Ok(match tidied.is_empty() {
        true => Probe::Done(holds),
        false if world.git.subject(&head)? == message.lines().next().unwrap_or_default() => {
            Probe::Done(format!(
                "{holds}, with {} as a hook left it",
                tidied.join(", ")
            ))
        }
        false => Probe::Todo,
    })
}

fn tagged(world: &World, name: &str, commit: &str) -> anyhow::Result<Probe> {
    Ok(match world.git.tag_commit(name)? {
        None => Probe::Todo,
        Some(found) if found == commit => Probe::Done(format!("at {}", short(&found))),
        Some(found) => Probe::Conflict {
            found: format!("{name} at {}", short(&found)),
            wanted: format!("at {}", short(commit)),
        },
    })
}

fn pushed_tag(world: &World, remote: &str, name: &str, commit: &str) -> anyhow::Result<Probe> {
    let Some(tags) = world.git.remote_tags(remote, Some(name))? else {
        return Ok(Probe::Unknown(format!("there is no remote {remote}")));
    };
    Ok(match tags.get(name) {
        None => Probe::Todo,
        Some(found) if found == commit => {
            Probe::Done(format!("{remote} has it at {}", short(found)))
        }
        Some(found) => Probe::Conflict {
            found: format!("{name} at {} on {remote}", short(found)),
            wanted: format!("at {}", short(commit)),
        },
    })
}

fn built(world: &World, image: &ImageBuild) -> anyhow::Result<Probe> {
    if let Some(answer) = pushed(world, image)? {
        return Ok(answer);
    }
    Ok(local_build(world, image)?.map_or(Probe::Todo, |local| Probe::Done(local.id)))
}

/// The engine's image of this very build; one under its name that was built from something else is not it.
pub fn local_build(world: &World, image: &ImageBuild) -> anyhow::Result<Option<LocalImage>> {
    let is_it = |local: &LocalImage| {
        local.label(REVISION_LABEL) == Some(&image.revision)
            && local.label(VERSION_LABEL) == Some(&image.version)
    };
    Ok(docker::inspect(&world.runner, &image.reference())?.filter(is_it))
}

fn checked(world: &World, image: &ImageBuild, check: &ImageCheck) -> anyhow::Result<Probe> {
    if let Some(answer) = pushed(world, image)? {
        return Ok(answer);
    }
    let Some(local) = local_build(world, image)? else {
        return Ok(Probe::Todo);
    };
    Ok(
        match (files::read(&witness(world, &local.id, check))?, check) {
            (Some(words), ImageCheck::Scan { rules, .. }) => Probe::Done(format!(
                "on {}, of {}: {}",
                rules.today,
                short_id(&local.id),
                words.trim_end()
            )),
            (Some(_), _) => Probe::Done(format!("passed on {}", short_id(&local.id))),
            (None, _) => Probe::Todo,
        },
    )
}

/// Where it is written down that these very bytes passed this very check.
///
/// A check leaves nothing outside that could be asked, so its success is kept, by the image's content and the check's words. A scan's
/// words hold the day and what it lets pass: vulnerabilities become known while the bytes stay as they are.
pub fn witness(world: &World, image_id: &str, check: &ImageCheck) -> std::path::PathBuf {
    let check = Digest::of(format!("{check:?}").as_bytes());
    world
        .scratch("passed")
        .join(image_id.replace(':', "-"))
        .join(check.hex())
}

fn short_id(id: &str) -> &str {
    id.get(..19).unwrap_or(id)
}

/// What the registry says of the build's tag: `None` when it is not there, or not meant to be.
///
/// An image there with this revision is this build's: only checked images are pushed, so nothing is left to do.
fn pushed(world: &World, image: &ImageBuild) -> anyhow::Result<Option<Probe>> {
    if !image.for_registry {
        return Ok(None);
    }
    let wanted = || format!("revision {}", image.revision);
    let found = match platform_image(world, &image.repository, &image.tag, &image.platform) {
        Ok(Some(found)) => found,
        Ok(None) => return Ok(None),
        Err(Unusable::Objection(found)) => {
            return Ok(Some(Probe::Conflict {
                found,
                wanted: wanted(),
            }));
        }
        Err(Unusable::Unread(error)) => return Err(error),
    };
    Ok(Some(match found.revision() {
        Some(revision) if revision == image.revision => Probe::Done(format!(
            "the registry has {} from {}",
            found.named.digest.short(),
            short(revision)
        )),
        revision => Probe::Conflict {
            found: format!(
                "{} with revision {}",
                image.reference(),
                revision.unwrap_or("none")
            ),
            wanted: wanted(),
        },
    }))
}

fn distributed(world: &World, build: &DistributionBuild) -> anyhow::Result<Probe> {
    let names = files::names_in(&world.path(&build.folder))?;
    Ok(if names.is_empty() {
        Probe::Todo
    } else {
        Probe::Done(names.join(", "))
    })
}

fn published(
    world: &World,
    repository: &Repository,
    tag: &str,
    digest: &Digest,
) -> anyhow::Result<Probe> {
    Ok(match world.registry().head_before_put(repository, tag)? {
        None => Probe::Todo,
        Some(found) if found.digest == *digest => Probe::Done(format!("holds {}", digest.short())),
        Some(found) => Probe::Conflict {
            found: format!("{repository}:{tag} holds {}", found.digest),
            wanted: digest.to_string(),
        },
    })
}

/// A registry takes a manifest only when it has all that the manifest names, so the manifests speak for the blobs.
fn copied(world: &World, copy: &ImageCopy) -> anyhow::Result<Probe> {
    for manifest in &copy.manifests {
        // By digest there is nothing else that could be found.
        if world
            .registry()
            .head_before_put(&copy.to, manifest.digest.as_str())?
            .is_none()
        {
            return Ok(Probe::Todo);
        }
    }
    Ok(Probe::Done(format!(
        "{} serves {} manifests of it",
        copy.to,
        copy.manifests.len()
    )))
}

/// A moving name is the only one that may hold something else; and that must be what was seen when the plan was made.
fn moved(
    world: &World,
    repository: &Repository,
    tag: &str,
    to: &Digest,
    from: Option<&Digest>,
) -> anyhow::Result<Probe> {
    let found = world
        .registry()
        .head_before_put(repository, tag)?
        .map(|found| found.digest);
    Ok(match &found {
        Some(found) if found == to => Probe::Done(format!("holds {}", to.short())),
        found if found.as_ref() == from => Probe::Todo,
        found => Probe::Conflict {
            found: format!(
                "{repository}:{tag} holds {}",
                found.as_ref().map_or("nothing", Digest::as_str)
            ),
            wanted: format!(
                "{}, which it held when it was looked at",
                from.map_or("nothing", Digest::as_str)
            ),
        },
    })
}
