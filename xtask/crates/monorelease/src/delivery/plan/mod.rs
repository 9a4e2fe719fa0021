//! Which steps bring an environment where it is wanted: made of facts alone, without asking anything outside.

pub mod promote;
pub mod rollback;
pub mod unblock;

use monorelease_model::image::Digest;

use super::deploy::{Deployment, Work};
use super::read::source::Source;
use super::read::target::Target;
use super::read::{Deployed, Tasks};
use super::{Action, Deliver, ReleaseImages, Said};
use crate::fault::Fault;
use crate::step::Step;
use crate::step::plan::Goal;

/// What an environment is to run, and why.
pub struct Wish<'a> {
    pub images: &'a ReleaseImages,
    pub action: &'a Action,
    pub why: &'a str,
}

impl Target<'_> {
    /// One delivery for each repository and branch, with what is to be done before and after.
    fn want(&self, goal: &mut Goal, wish: &Wish<'_>) {
        let Deployed { project, stage, .. } = &self.deployed;
        let deliveries = self.deliveries(goal, wish);
        // What runs there changes with the merge, which is somebody else's doing.
        let (record, tasks) = if stage.by_pull && self.changes_pins(wish) {
            if !stage.checks.tasks.is_empty() {
                goal.notes.push(format!(
                    "{}: the commands of {} run after the merge, by the same line",
                    project.name, stage.name
                ));
            }
            (None, Vec::new())
        } else {
            self.deployments(goal, wish, &deliveries)
        };
        let deliveries = deliveries
            .into_iter()
            .map(|deliver| Step::Deliver(Box::new(deliver)));
        record
            .into_iter()
            .chain(deliveries)
            .chain(tasks)
            .for_each(|step| goal.want(&project.name, wish.why, step));
    }

    fn changes_pins(&self, wish: &Wish<'_>) -> bool {
        !self.deployed.is_by_ledger() && !self.deployed.stands(wish.images)
    }

    fn deliveries(&self, goal: &mut Goal, wish: &Wish<'_>) -> Vec<Deliver> {
        let Deployed {
            project,
            stage,
            sources,
            ..
        } = &self.deployed;
        let mut deliveries = Vec::new();
        for source in sources.iter().filter(|source| !source.group.is_ledger()) {
            match self
                .pulls
                .pull_of(stage, &source.group, "deliver", &project.name)
            {
                Ok(pull) => deliveries.push(Deliver {
                    action: wish.action.clone(),
                    images: Some(wish.images.clone()),
                    from: self.ran(source),
                    found: source.reading.found(),
                    pull,
                    ..change(&self.deployed, source)
                }),
                Err(fault) => refuse(goal, &project.name, fault),
            }
        }
        deliveries
    }

    /// What a source says; where its pins name platforms alone by digest, the first of those.
    fn ran(&self, source: &Source) -> Vec<Said> {
        let said = source.said();
        let image = self.deployed.project.image.as_ref();
        let (true, Some(image)) = (said.is_empty(), image) else {
            return said;
        };
        let first = source.platform_images(&image.platforms).into_iter().next();
        let of_digest = |(_, digest)| Said {
            version: None,
            digest: Some(digest),
        };
        first.map(of_digest).into_iter().collect()
    }

    /// The steps before and after deliveries: a record of what is to run, and what is to be done once it is said.
    fn deployments(
        &self,
        goal: &mut Goal,
        wish: &Wish<'_>,
        deliveries: &[Deliver],
    ) -> (Option<Step>, Vec<Step>) {
        let Deployed { project, stage, .. } = &self.deployed;
        let (Some(tasks), Some(image)) = (&self.tasks, &project.image) else {
            return (None, Vec::new());
        };
        if wish.images.version.is_empty()
            && let Some(task) = stage.checks.tasks.iter().find(|task| task.uses("version"))
        {
            let what = format!(
                "{} of {} wants {{version}}, and {} is known by its digest alone",
                task.phase.word(),
                stage.name,
                wish.images.name()
            );
            goal.refuse(&project.name, what, "name the version by --version or --to");
        }
        let Tasks {
            of,
            ledger,
            declared,
        } = match tasks {
            Ok(tasks) => tasks,
            Err(unread) => {
                unread.refuse(goal, &project.name);
                return (None, Vec::new());
            }
        };
        let step = |work: Work| {
            Step::Deploy(Box::new(Deployment {
                work,
                of: Deliver {
                    action: wish.action.clone(),
                    images: Some(wish.images.clone()),
                    ..of.clone()
                },
                package: project.package.clone(),
                repository: image.release.clone(),
                pins: deliveries.to_vec(),
                declared: declared.clone(),
            }))
        };
        let record = step(Work::Record {
            found: ledger.recorded().cloned(),
            clears: self.changes_pins(wish),
        });
        let tasks = stage.checks.tasks.iter();
        (
            Some(record),
            tasks.map(|task| step(Work::Run(task.clone()))).collect(),
        )
    }
}

/// A change of what one source says, without what it is to say.
fn change(deployed: &Deployed<'_>, source: &Source) -> Deliver {
    Deliver {
        action: Action::Promote,
        project: deployed.project.name.clone(),
        environment: deployed.stage.name.clone(),
        address: source.group.address.clone(),
        is_own: source.group.is_own,
        branch: source.group.branch.clone(),
        pins: source.group.pins.clone(),
        images: None,
        from: Vec::new(),
        found: Default::default(),
        approval: deployed.stage.approval,
        pull: None,
    }
}

fn refuse(goal: &mut Goal, project: &str, fault: Fault) {
    goal.refuse(project, fault.what, fault.fix.unwrap_or_default());
}

/// Refuses a release without a version where pins want a tag.
fn refuse_digest_alone(
    goal: &mut Goal,
    target: &Target<'_>,
    images: &ReleaseImages,
    which: &str,
    fix: String,
) {
    if images.version.is_empty() && target.deployed.needs_tag() {
        let what = format!(
            "{which} is known by its digest alone ({}), and the pins want a tag",
            images.index
        );
        goal.refuse(&target.deployed.project.name, what, fix);
    }
}

/// Refuses the image of one platform of several, where a pin names the image of all of them.
fn refuse_part(goal: &mut Goal, target: &Target<'_>, images: &ReleaseImages) {
    let project = target.deployed.project;
    let has_several = project
        .image
        .as_ref()
        .is_some_and(|image| image.platforms.len() > 1);
    let part = images
        .platforms
        .iter()
        .find(|(_, digest)| *digest == images.index);
    let whole = target.deployed.sources.iter().find_map(Source::whole);
    if let (true, Some((platform, digest)), Some(whole)) = (has_several, part, whole) {
        let what = format!(
            "{digest} is the image of {platform} alone, and {whole} names the image of all platforms"
        );
        let fix = format!("cargo xtask status {}", project.name);
        goal.refuse(&project.name, what, fix);
    }
}

/// Refuses an image that took over the name of the one that came into an environment (law 8).
fn refuse_moved(
    goal: &mut Goal,
    deployed: &Deployed<'_>,
    brought: Option<&Digest>,
    images: &ReleaseImages,
) {
    let Deployed { project, stage, .. } = deployed;
    let version = &images.version;
    if let (Some(was), Some(image)) = (brought.filter(|was| **was != images.index), &project.image)
    {
        let what = format!(
            "{} {version} was {was} when it came to {}, and is {} by now: its tag was moved",
            project.name, stage.name, images.index
        );
        let fix = format!(
            "crane tag {}@{was} {version}, which moves it back; or release what is meant under a new version",
            image.release
        );
        goal.refuse(&project.name, what, fix);
    }
}

#[cfg(test)]
mod tests;
