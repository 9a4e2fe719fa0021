//! Promotions: which release an environment may get from the one before it, and a new release for the first ones.
//!
//! It reads pins and the registry and plans deliveries; `delivery::commit` carries them out. The version that an environment has
//! is what all its pins agree on.

use monorelease_model::image::{Digest, Platform, media_type};
use monorelease_model::version::Version;

use super::block_list::BARS_FILE;
use super::message::records;
use super::pins::{Delivery, Pin, Stage};
use super::read::{PinGroup, Reading, groups};
use super::{Action, Deliver, ReleaseImages, Said};
use crate::delivery::repository::past::PastCommit;
use crate::fault::Fault;
use crate::project::Project;
use crate::step::Step;
use crate::step::plan::Goal;
use crate::world::World;

/// All that deliveries are made of.
pub struct Deliverer<'a> {
    pub world: &'a World,
    pub delivery: &'a Delivery,
    /// The remote at which this repository's own pins are.
    pub remote: &'a str,
}

/// What an environment is to run, and why.
pub(crate) struct Wish<'a> {
    pub stage: &'a Stage,
    pub images: &'a ReleaseImages,
    pub action: &'a Action,
    pub why: &'a str,
}

impl<'a> Deliverer<'a> {
    pub fn new(world: &'a World, delivery: &'a Delivery, remote: &'a str) -> Self {
        world.expect_files(
            delivery
                .pins
                .iter()
                .map(|pin| pin.file.as_str())
                .chain([BARS_FILE]),
        );
        Self {
            world,
            delivery,
            remote,
        }
    }
}

impl Deliverer<'_> {
    /// Promotes a release into an environment: it must stand in the one before (in Git), be served, and not be barred.
    /// Without a version it is the one that stands there; `newest` is what the first environment gets then.
    ///
    /// # Errors
    /// No pin is configured (2), or the world cannot be read. What forbids the promotion is refused in the goal.
    pub fn promote(
        &self,
        goal: &mut Goal,
        project: &Project,
        stage: &Stage,
        version: Option<&Version>,
        newest: Option<&Version>,
    ) -> anyhow::Result<()> {
        let name = &project.name;
        let pins = self.pins_in(project, &stage.name)?;
        let before = match &stage.after {
            Some(after) => Some((
                after.as_str(),
                self.read(goal, name, &self.pins_in(project, after)?)?,
            )),
            None => None,
        };
        let targets = self.read(goal, name, &pins)?;
        if !goal.refused.is_empty() {
            return Ok(());
        }
        let asked = version.or(newest.filter(|_| before.is_none()));
        let source = before
            .as_ref()
            .map_or((None, &targets), |(after, readings)| {
                (Some(*after), readings)
            });
        let Some(named) = self.named(goal, project, stage, asked, source) else {
            return Ok(());
        };
        let Some(images) = self.served(goal, project, &named) else {
            return Ok(());
        };
        if images.version.is_empty()
            && targets
                .iter()
                .any(|(_, reading)| reading.places().any(|(_, place)| place.takes_tag()))
        {
            let what = format!(
                "what stands before {} is known by its digest alone ({named}), and the pins want a tag",
                stage.name
            );
            goal.refuse(
                name,
                what,
                format!(
                    "cargo xtask promote {name} --to {} --version X.Y.Z",
                    stage.name
                ),
            );
        }
        if let Some((after, readings)) = &before {
            self.require_standing(goal, project, after, readings, &images, stage);
            self.refuse_moved(goal, (project, after), readings, &images)?;
        }
        let why = match &before {
            Some((after, _)) => format!("it stands in {after}"),
            None if project.registered.is_some() => "it is what is pinned there".to_owned(),
            None => "nothing comes before it".to_owned(),
        };
        // A step for it would be refused once more, in words for somebody who barred it meanwhile.
        if refuse_barred(goal, project, stage, &targets, &images) {
            return Ok(());
        }
        if targets.is_empty() {
            self.refuse_barred_in_ledger(goal, project, stage, &images);
        }
        self.want(
            goal,
            project,
            targets,
            &Wish {
                stage,
                images: &images,
                action: &Action::Promote,
                why: &why,
            },
        );
        Ok(())
    }

    /// The last steps of a release: environments that nothing comes before get it. One that runs something newer, or from
    /// which this very image was taken back, is left as it is: a release that is run again is no promotion.
    ///
    /// # Errors
    /// The world cannot be read. What forbids the release is refused in the goal.
    pub fn after_release(
        &self,
        goal: &mut Goal,
        project: &Project,
        version: &Version,
    ) -> anyhow::Result<()> {
        let name = &project.name;
        let is_reached = |stage: &&Stage| {
            self.delivery.pins_of(name, &stage.name).next().is_some() || stage.checks.deploys()
        };
        let stages: Vec<&Stage> = self
            .delivery
            .first_stages()
            .filter(|stage| project.image.is_some() && is_reached(stage))
            .collect();
        if stages.is_empty() {
            let what = match self.delivery.pins.iter().any(|pin| pin.project == *name) {
                true => format!(
                    "{name}: it has no [[pins]] in an environment without `after`, so nothing is delivered by the release"
                ),
                false => format!("{name}: no [[pins]] are configured, so nothing is delivered"),
            };
            goal.notes.push(what);
            return Ok(());
        }
        let index = goal.drafts.iter().find_map(|draft| match &draft.step {
            Step::PublishIndex { tag, manifest, .. }
                if draft.project == *name && *tag == version.to_semver() =>
            {
                Some(manifest.clone())
            }
            _ => None,
        });
        // Without an index the release is refused already, for a reason of its own.
        let Some(index) = index else { return Ok(()) };
        let platforms = project
            .image
            .as_ref()
            .map(|image| image.platforms.as_slice())
            .unwrap_or_default();
        let images = images_of(
            platforms,
            &version.to_semver(),
            &index.digest,
            &index.media_type,
            &index.bytes,
        )?;
        for stage in stages {
            let refused = goal.refused.len();
            let pins: Vec<&Pin> = self.delivery.pins_of(name, &stage.name).collect();
            if pins.is_empty() {
                self.release_into_ledger(goal, project, stage, version, &images);
                continue;
            }
            let targets = self.read(goal, name, &pins)?;
            if goal.refused.len() > refused {
                continue;
            }
            let is_barred = |reading: &Reading| {
                reading
                    .bars
                    .iter()
                    .any(|bar| bar.is_of(name, &stage.name) && bar.digest == images.index)
            };
            if targets.iter().any(|(_, reading)| is_barred(reading)) {
                goal.notes.push(format!(
                    "{name}: {} is barred in {}, so it is not delivered there",
                    images.index.short(),
                    stage.name
                ));
                continue;
            }
            if let Some(newer) = standing_version(&targets)
                .ok()
                .filter(|standing| standing > version)
            {
                goal.notes.push(format!(
                    "{name}: {} runs {} already, so {} is not delivered there",
                    stage.name,
                    newer.to_semver(),
                    images.version
                ));
                continue;
            }
            let why = "the first environment gets a release by itself";
            self.want(
                goal,
                project,
                targets,
                &Wish {
                    stage,
                    images: &images,
                    action: &Action::Promote,
                    why,
                },
            );
        }
        Ok(())
    }

    /// Reads all pins, and refuses what is wrong with any of them.
    pub(crate) fn read(
        &self,
        goal: &mut Goal,
        project: &str,
        pins: &[&Pin],
    ) -> anyhow::Result<Vec<(PinGroup, Reading)>> {
        let mut readings = Vec::new();
        for group in groups(self.world, self.remote, pins)? {
            let place = format!("{} ({})", group.address, group.branch);
            match group.read(self.world) {
                Ok(reading) => {
                    for fault in &reading.faults {
                        goal.refuse(
                            project,
                            format!("{place}: {fault}"),
                            "edit the file, or its [[pins]] in the configuration",
                        );
                    }
                    readings.push((group, reading));
                }
                Err(error) => {
                    let fix = Fault::in_chain(&error).and_then(|fault| fault.fix);
                    goal.refuse(
                        project,
                        format!("{error:#}"),
                        fix.unwrap_or_else(|| format!("git ls-remote --heads {}", group.address)),
                    );
                }
            }
        }
        Ok(readings)
    }

    /// The images of a release, as the registry serves them; refused where it does not. A digest names one as well.
    pub(super) fn served(
        &self,
        goal: &mut Goal,
        project: &Project,
        named: &str,
    ) -> Option<ReleaseImages> {
        let name = &project.name;
        let Some(image) = &project.image else {
            goal.refuse(
                name,
                format!("{name} has no image"),
                "add image = { platforms = [...] } to the project",
            );
            return None;
        };
        let is_digest = named.parse::<Digest>().is_ok();
        let version = if is_digest { "" } else { named };
        let shown = || {
            format!(
                "{}{}{named}",
                image.release,
                if is_digest { '@' } else { ':' }
            )
        };
        let answer = self.world.registry().manifest(&image.release, named);
        match answer.map(|found| {
            found.map(|found| {
                images_of(
                    &image.platforms,
                    version,
                    &found.digest,
                    &found.media_type,
                    &found.bytes,
                )
            })
        }) {
            Ok(Some(Ok(images))) => Some(images),
            Ok(Some(Err(error))) => {
                goal.refuse(
                    name,
                    format!("{}: {error:#}", shown()),
                    "cargo xtask doctor",
                );
                None
            }
            Ok(None) => {
                let fix = format!(
                    "cargo xtask status {name}, which tells what is released; then the same line with one of those"
                );
                goal.refuse(
                    name,
                    format!("the registry does not serve {}", shown()),
                    fix,
                );
                None
            }
            Err(error) => {
                goal.refuse(
                    name,
                    format!("the registry cannot be read: {error}"),
                    "cargo xtask doctor",
                );
                None
            }
        }
    }

    fn require_standing(
        &self,
        goal: &mut Goal,
        project: &Project,
        after: &str,
        readings: &[(PinGroup, Reading)],
        images: &ReleaseImages,
        stage: &Stage,
    ) {
        let name = &project.name;
        let version = images.name();
        let asked = if images.version.is_empty() {
            String::new()
        } else {
            format!(" --version {version}")
        };
        for (group, reading) in readings {
            if let Err(found) = reading.stands(&group.pins, images) {
                let what = format!(
                    "{name} {version} does not stand in {after}, through which alone {} is reached: {} ({}) {found}",
                    stage.name, group.address, group.branch
                );
                goal.refuse(
                    name,
                    what,
                    format!("cargo xtask promote {name} --to {after}{asked}"),
                );
            }
        }
        self.require_passed(goal, project, after, !readings.is_empty(), images, stage);
    }

    /// What is promoted: the version that is asked for, else what stands in the environment before, by its version or its digest
    /// alone. What is built and pinned in the first environment comes from nowhere else.
    fn named(
        &self,
        goal: &mut Goal,
        project: &Project,
        stage: &Stage,
        version: Option<&Version>,
        (before, readings): (Option<&str>, &Vec<(PinGroup, Reading)>),
    ) -> Option<String> {
        let name = &project.name;
        if let Some(version) = version {
            return Some(version.to_semver());
        }
        let fix = || match project.registered {
            Some(_) => format!("cargo xtask pin {name}"),
            None => format!(
                "cargo xtask promote {name} --to {} --version X.Y.Z",
                stage.name
            ),
        };
        if before.is_none() && project.registered.is_none() {
            goal.refuse(
                name,
                format!("{name} has no release that HEAD contains"),
                fix(),
            );
            return None;
        }
        let source = before.unwrap_or(&stage.name);
        match self.version_in(goal, name, source, readings) {
            Ok(version) => Some(version.to_semver()),
            Err(what) => standing_digest(readings)
                .map(|digest| digest.to_string())
                .or_else(|| {
                    goal.refuse(
                        name,
                        format!(
                            "{source} does not tell which version of {name} to promote: {what}"
                        ),
                        fix(),
                    );
                    None
                }),
        }
    }

    /// The one version that an environment runs.
    fn version_in(
        &self,
        goal: &mut Goal,
        project: &str,
        stage: &str,
        readings: &[(PinGroup, Reading)],
    ) -> Result<Version, String> {
        if readings.is_empty() {
            self.recorded_version(goal, project, stage)
        } else {
            standing_version(readings)
        }
    }

    /// One delivery for each repository and branch, with what is to be done before and after.
    pub(super) fn want(
        &self,
        goal: &mut Goal,
        project: &Project,
        targets: Vec<(PinGroup, Reading)>,
        wish: &Wish<'_>,
    ) {
        let mut deliveries = Vec::new();
        for (group, reading) in &targets {
            let Some(pull) = self.pull_of(goal, &project.name, wish.stage, group, "deliver") else {
                continue;
            };
            deliveries.push(Deliver {
                action: wish.action.clone(),
                project: project.name.clone(),
                environment: wish.stage.name.clone(),
                from: reading.said(&group.pins),
                found: reading.found(),
                address: group.address.clone(),
                is_own: group.is_own,
                branch: group.branch.clone(),
                pins: group.pins.clone(),
                images: Some(wish.images.clone()),
                approval: wish.stage.approval,
                pull,
            });
        }
        let stands = targets
            .iter()
            .all(|(group, reading)| reading.stands(&group.pins, wish.images).is_ok());
        let (record, tasks) = match wish.stage.by_pull && !stands {
            // What runs there changes with the merge, which is somebody else's doing.
            true => {
                let stage = &wish.stage.name;
                if !wish.stage.checks.tasks.is_empty() {
                    goal.notes.push(format!(
                        "{}: the commands of {stage} run after the merge, by the same line",
                        project.name
                    ));
                }
                (None, Vec::new())
            }
            false => self.around(goal, project, &targets, wish, &deliveries),
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
}

/// Whether any repository bars it, which refuses the promotion.
fn refuse_barred(
    goal: &mut Goal,
    project: &Project,
    stage: &Stage,
    targets: &[(PinGroup, Reading)],
    images: &ReleaseImages,
) -> bool {
    let name = &project.name;
    let before = goal.refused.len();
    for (group, reading) in targets {
        if let Some(bar) = reading
            .bars
            .iter()
            .find(|bar| bar.is_of(name, &stage.name) && bar.digest == images.index)
        {
            let why = if bar.why.is_empty() {
                String::new()
            } else {
                format!(": {}", bar.why)
            };
            let what = format!(
                "{name} {} ({}) is barred in {} since {} by {}{why} ({})",
                images.name(),
                bar.digest,
                stage.name,
                bar.since,
                bar.by,
                group.address
            );
            goal.refuse(
                name,
                what,
                format!(
                    "cargo xtask unbar {name} --in {} {}",
                    stage.name, bar.digest
                ),
            );
        }
    }
    goal.refused.len() > before
}

/// What a manifest or an index holds for each platform.
///
/// # Errors
/// It is no index that can be read.
pub(crate) fn images_of(
    platforms: &[Platform],
    version: &str,
    digest: &Digest,
    kind: &str,
    bytes: &[u8],
) -> anyhow::Result<ReleaseImages> {
    let mut images = ReleaseImages {
        version: version.to_owned(),
        index: digest.clone(),
        platforms: Vec::new(),
    };
    if !media_type::is_index(kind) {
        images.platforms = platforms
            .iter()
            .map(|platform| (platform.clone(), digest.clone()))
            .collect();
        // A manifest is one platform's; of several there is no telling which.
        images
            .platforms
            .truncate(if images.platforms.len() == 1 { 1 } else { 0 });
        return Ok(images);
    }
    let index: serde_json::Value = serde_json::from_slice(bytes)?;
    for entry in index["manifests"].as_array().into_iter().flatten() {
        let word = |key: &str| entry["platform"][key].as_str();
        // Attestations speak of other entries, and run nowhere (law 11).
        if let (Some(os), Some(arch)) = (
            word("os").filter(|os| *os != "unknown"),
            word("architecture"),
        ) {
            let digest: Digest = entry["digest"].as_str().unwrap_or_default().parse()?;
            images
                .platforms
                .push((Platform::new(os, arch, word("variant")), digest));
        }
    }
    Ok(images)
}

/// The one digest that all pins say, of which none says a tag.
pub(super) fn standing_digest(readings: &[(PinGroup, Reading)]) -> Option<Digest> {
    let mut said: Vec<_> = readings
        .iter()
        .flat_map(|(group, reading)| reading.said(&group.pins))
        .collect();
    said.dedup();
    match said.as_slice() {
        [
            Said {
                version: None,
                digest,
            },
        ] => digest.clone(),
        _ => None,
    }
}

/// The one version that all pins say.
pub(super) fn standing_version(readings: &[(PinGroup, Reading)]) -> Result<Version, String> {
    let mut said: Vec<_> = readings
        .iter()
        .flat_map(|(group, reading)| reading.said(&group.pins))
        .map(|said| said.version)
        .collect();
    said.sort();
    said.dedup();
    match said.as_slice() {
        [Some(version)] => Version::parse_semver(version)
            .map_err(|_| format!("its pins say {version:?}, which is no version")),
        [] | [None] => Err("its pins say no tag".to_owned()),
        several => {
            let words = several
                .iter()
                .map(|version| version.as_deref().unwrap_or("a digest alone"))
                .collect::<Vec<_>>()
                .join(" and ");
            Err(format!("its pins say {words}"))
        }
    }
}

impl Deliverer<'_> {
    /// Which image a version was when it came into an environment, as the commits that brought it there tell. It is asked for pins
    /// that say a tag alone, since what a tag is can change.
    pub(super) fn brought(
        &self,
        (project, stage): (&str, &str),
        readings: &[(PinGroup, Reading)],
        version: &str,
    ) -> anyhow::Result<Option<Digest>> {
        let told = |commits: &[PastCommit]| {
            let all = commits
                .iter()
                .flat_map(|commit| records(&commit.id, commit.seconds, &commit.message));
            let mut brought = all
                .filter(|record| record.is_of(project, stage))
                .filter_map(|record| record.to);
            brought
                .find(|to| to.version.as_deref() == Some(version) && to.digest.is_some())
                .and_then(|to| to.digest)
        };
        for (group, reading) in readings {
            if reading.places().all(|(_, place)| place.digest.is_some()) {
                continue;
            }
            let branch = group.open(self.world)?;
            let recent = branch.recent(&reading.head, &|commits| told(commits).is_some())?;
            if let Some(digest) = told(&recent.commits) {
                return Ok(Some(digest));
            }
        }
        Ok(None)
    }

    /// Refuses an image that took over the name of the one that stood in an environment (law 8).
    pub(super) fn refuse_moved(
        &self,
        goal: &mut Goal,
        (project, stage): (&Project, &str),
        readings: &[(PinGroup, Reading)],
        images: &ReleaseImages,
    ) -> anyhow::Result<()> {
        let name = &project.name;
        let version = &images.version;
        let brought = if version.is_empty() {
            None
        } else {
            self.brought((name, stage), readings, version)?
        };
        if let (Some(was), Some(image)) =
            (brought.filter(|was| *was != images.index), &project.image)
        {
            let what = format!(
                "{name} {version} was {was} when it came to {stage}, and is {} by now: its tag was moved",
                images.index
            );
            let fix = format!(
                "crane tag {}@{was} {version}, which moves it back; or release what is meant under a new version",
                image.release
            );
            goal.refuse(name, what, fix);
        }
        Ok(())
    }
}
