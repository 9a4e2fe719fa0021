//! `pin`: which registry files are to say what is built of this commit, and the probes and acts of that.
//!
//! How the pull request is brought about is decided by `delivery::pull_request`; what is built is asked for by the command.

use anyhow::{Context, bail};
use monorelease_model::image::{Digest, media_type};

use super::model::{Gather, PinPart, Pins, inputs_tag};
use crate::delivery::pins::Stage;
use crate::delivery::pull_request::host::PullHost;
use crate::delivery::read::images::images_of;
use crate::delivery::read::{Environments, refuse_unread};
use crate::delivery::{Action, Deliver, pull_request};
use crate::project::Project;
use crate::project::registered::ImageSources;
use crate::release::image_index::compose_as;
use crate::release::registry_images::{Unusable, lacks, platform_image};
use crate::step::Step;
use crate::step::effect::{Effect, Lane, Probe};
use crate::step::plan::Goal;
use crate::step::requirement::Requirement;
use crate::world::World;

/// Names what an image is built of: the files that count, and the platforms. `contents` are those of the commit.
///
/// # Errors
/// The commit has no such Dockerfile, as a sentence.
pub fn tag_of(
    sources: &ImageSources,
    project: &Project,
    contents: &[(String, String)],
) -> Result<String, String> {
    let files = contents.iter().filter(|(path, _)| sources.has(path));
    let mut lines: Vec<String> = files
        .map(|(path, word)| format!("file {path} {word}"))
        .collect();
    if !contents.iter().any(|(path, _)| *path == sources.dockerfile) {
        return Err(format!(
            "there is no {} in HEAD, of which {} is built",
            sources.dockerfile, project.name
        ));
    }
    lines.push(format!(
        "dockerfile {} context {}",
        sources.dockerfile, sources.context
    ));
    lines.extend(
        project
            .image
            .iter()
            .flat_map(|image| &image.platforms)
            .map(|platform| format!("platform {platform}")),
    );
    Ok(inputs_tag(&lines))
}

/// Wants the registry files of an environment's branch to say what is served under these tags, by one pull request. What is barred
/// there is left out, and said.
///
/// # Errors
/// No registry file is of the environment (2), or the world cannot be read. What forbids it is refused in the goal.
pub fn pin(
    environments: &Environments<'_>,
    goal: &mut Goal,
    stage: &Stage,
    wanted: &[(&Project, String)],
) -> anyhow::Result<()> {
    let pulls = PullHost::of(environments);
    let mut parts = Vec::new();
    let mut pull = None;
    for (project, tag) in wanted {
        let name = &project.name;
        let pins: Vec<_> = environments
            .delivery
            .pins_of(name, &stage.name)
            .filter(|pin| pin.of_registry)
            .collect();
        let Some(image) = &project.image else {
            continue;
        };
        let (sources, unread) = environments.pinned(&pins)?;
        refuse_unread(goal, name, &sources, &unread);
        for source in sources {
            if !source.reading.faults.is_empty() {
                continue;
            }
            if pull.is_none() {
                match pulls.pull_at(&stage.name, &source.group, "pin", None) {
                    Ok(found) => pull = Some(found),
                    Err(fault) => {
                        goal.refuse(name, fault.what, fault.fix.unwrap_or_default());
                        return Ok(());
                    }
                }
            }
            let served = environments
                .world
                .registry()
                .head(&image.release, tag)?
                .map(|found| found.digest);
            let blocked = &source.reading.blocked;
            let is_blocked = |digest: &Digest| blocked.find(name, &stage.name, digest).is_some();
            if let Some(digest) = served.filter(is_blocked) {
                let what = format!(
                    "{} is barred in {}, so it is not pinned there",
                    digest.short(),
                    stage.name
                );
                goal.notes.push(format!(
                    "{name}: {what} (cargo xtask unbar {name} --in {} {digest})",
                    stage.name
                ));
                continue;
            }
            let deliver = Deliver {
                action: Action::Promote,
                project: name.clone(),
                environment: stage.name.clone(),
                from: source.said(),
                found: source.reading.found(),
                address: source.group.address,
                is_own: source.group.is_own,
                branch: source.group.branch,
                pins: source.group.pins,
                images: None,
                approval: stage.approval,
                pull: None,
            };
            parts.push(PinPart {
                deliver,
                repository: image.release.clone(),
                tag: tag.clone(),
                platforms: image.platforms.clone(),
            });
        }
    }
    if let Some(pull) = pull.filter(|_| !parts.is_empty()) {
        let why = "the registry files say what is built of this commit";
        goal.want(
            "",
            why,
            Step::Pin(Box::new(Pins {
                environment: stage.name.clone(),
                parts,
                pull,
            })),
        );
    }
    Ok(())
}

/// What is served for each part; `None` where one is still to be built.
fn resolved(world: &World, pins: &Pins) -> anyhow::Result<Option<Vec<Deliver>>> {
    let mut all = Vec::new();
    for PinPart {
        deliver,
        repository,
        tag,
        platforms,
    } in &pins.parts
    {
        let Some(found) = world.registry().manifest(repository, tag)? else {
            return Ok(None);
        };
        if media_type::is_index(&found.media_type) {
            let index = serde_json::from_slice(&found.bytes)?;
            if let Some(lacks) = lacks(world.registry(), repository, &index)? {
                bail!(
                    "{repository}:{tag} {lacks}; delete the tag {tag} at the registry, then run the same command again"
                );
            }
        }
        let images = images_of(
            platforms,
            "",
            &found.digest,
            &found.media_type,
            &found.bytes,
        )?;
        all.push(Deliver {
            images: Some(images),
            pull: Some(pins.pull.clone()),
            ..deliver.clone()
        });
    }
    Ok(Some(all))
}

impl Effect for Pins {
    fn kind(&self) -> &'static str {
        "pin"
    }

    fn object(&self) -> String {
        format!("{} {}", self.environment, self.place())
    }

    fn what(&self) -> String {
        let names: Vec<_> = self
            .parts
            .iter()
            .map(|part| part.deliver.project.as_str())
            .collect();
        format!(
            "{} in {}: what is built of this commit, {} by pull request",
            names.join(", "),
            self.environment,
            self.place()
        )
    }

    fn conflict_fix(&self, _project: &str) -> String {
        format!(
            "the same command again; others' commits on {} go to a branch of their own first",
            self.pull.branch
        )
    }

    fn unknown_fix(&self) -> String {
        "cargo xtask doctor".into()
    }

    fn is_irreversible(&self) -> bool {
        false
    }

    fn lane(&self) -> Lane {
        Lane::Serial
    }

    fn requirements(&self) -> Vec<Requirement> {
        let target = self.parts.first().map(|part| part.deliver.target());
        let of_branch = |target| Requirement::PullRequestBranch {
            target,
            branch: self.pull.branch.clone(),
            repository: self.pull.repository.clone(),
        };
        target.map(of_branch).into_iter().collect()
    }

    /// Whether the registry files, or the one open pull request, say what is served.
    fn probe(&self, world: &World) -> anyhow::Result<Probe> {
        match resolved(world, self)? {
            None => Ok(Probe::Todo),
            Some(deliveries) => {
                pull_request::probe(world, &deliveries.iter().collect::<Vec<_>>(), &self.pull)
            }
        }
    }

    fn act(&self, world: &World) -> anyhow::Result<()> {
        let deliveries =
            resolved(world, self)?.context("the registry does not serve what was pushed to it")?;
        pull_request::act(world, &deliveries.iter().collect::<Vec<_>>(), &self.pull)
    }
}

impl Effect for Gather {
    fn kind(&self) -> &'static str {
        "gather"
    }

    fn object(&self) -> String {
        format!("{}:{}", self.repository, self.tag)
    }

    fn what(&self) -> String {
        let platforms: Vec<_> = self
            .platforms
            .iter()
            .map(|(platform, _)| platform.to_string())
            .collect();
        format!("{} of {}", self.object(), platforms.join(", "))
    }

    fn conflict_fix(&self, _project: &str) -> String {
        format!("crane manifest {}", self.object())
    }

    fn unknown_fix(&self) -> String {
        "cargo xtask doctor".into()
    }

    /// Nothing names it before it is pinned.
    fn is_irreversible(&self) -> bool {
        false
    }

    fn lane(&self) -> Lane {
        Lane::Serial
    }

    fn requirements(&self) -> Vec<Requirement> {
        vec![Requirement::PushImages(self.repository.clone())]
    }

    /// Whether the name of what the images are built of is given.
    fn probe(&self, world: &World) -> anyhow::Result<Probe> {
        let found = world
            .registry()
            .head_before_put(&self.repository, &self.tag)?;
        Ok(found.map_or(Probe::Todo, |found| {
            Probe::Done(format!("holds {}", found.digest.short()))
        }))
    }

    /// Gives the name to the platform's image, or to an index of them: a pure function of what was pushed (law 8).
    fn act(&self, world: &World) -> anyhow::Result<()> {
        let Gather {
            repository,
            tag,
            platforms,
        } = self;
        let mut images = Vec::new();
        for (platform, pushed) in platforms {
            match platform_image(world, repository, pushed, platform) {
                Ok(Some(image)) => images.push(image),
                Ok(None) => bail!("{repository} does not serve {pushed}, which was pushed to it"),
                Err(Unusable::Objection(why)) => bail!("{repository}: {why}"),
                Err(Unusable::Unread(error)) => return Err(error),
            }
        }
        let named = match images.as_slice() {
            [one] => one.named.clone(),
            several => compose_as(tag, several)?,
        };
        // Somebody who built of the same was faster: theirs is as good, and the name is given once.
        if world.registry().head_before_put(repository, tag)?.is_none() {
            world
                .registry()
                .put_manifest(repository, tag, &named.media_type, &named.bytes)?;
        }
        Ok(())
    }
}
