//! What environments run, as their pins say, or where they have none the ledger. Nothing is planned or written here.

pub mod history;
pub mod images;
pub mod ledger;
pub mod pins;
pub mod source;
pub mod target;

use std::cell::RefCell;
use std::collections::HashMap;

use monorelease_model::image::{Digest, Platform};
use monorelease_model::version::Version;

use super::block_list::BARS_FILE;
use super::ledger::LEDGER_REF;
use super::pins::{Delivery, Pin, Stage};
use super::{Action, Bar, Deliver, ReleaseImages, Said};
use crate::fault::Fault;
use crate::project::registered::Declared;
use crate::project::{Project, images_from};
use crate::step::plan::Goal;
use crate::world::World;
use source::{PinFault, PinGroup, Reading, Source};

/// The configured environments, and where they are read.
pub struct Environments<'a> {
    pub world: &'a World,
    pub delivery: &'a Delivery,
    /// The remote at which this repository's own pins and the ledger are.
    remote: &'a str,
    /// The heads of branches by address and name, each asked for once.
    heads: RefCell<HashMap<(String, String), Head>>,
}

/// The head of a branch as its remote has it; `None` for a ledger that has not been written to yet.
type Head = Result<Option<String>, Unread>;

/// Why something could not be read, and what to do about it.
#[derive(Debug, Clone)]
pub struct Unread {
    pub what: String,
    pub fix: String,
}

/// What an environment runs of a project.
pub struct Deployed<'a> {
    pub project: &'a Project,
    pub stage: &'a Stage,
    /// The branches with its pins; the ledger alone where it has none.
    pub sources: Vec<Source>,
    /// The branches that could not be read.
    pub unread: Vec<Unread>,
}

/// What the commands of an environment are planned of.
pub struct Tasks {
    /// A record in the ledger, without what it says.
    pub of: Deliver,
    pub ledger: Reading,
    pub declared: Declared,
}

impl Unread {
    fn new(error: &anyhow::Error, fix: impl FnOnce() -> String) -> Self {
        Self {
            what: format!("{error:#}"),
            fix: Fault::in_chain(error)
                .and_then(|fault| fault.fix)
                .unwrap_or_else(fix),
        }
    }

    pub fn refuse(&self, goal: &mut Goal, project: &str) {
        goal.refuse(project, &self.what, &self.fix);
    }
}

impl<'a> Environments<'a> {
    pub fn new(world: &'a World, delivery: &'a Delivery, remote: &'a str) -> Self {
        let pins = delivery.pins.iter().map(|pin| pin.file.as_str());
        world.expect_files(pins.chain([BARS_FILE]));
        Self {
            world,
            delivery,
            remote,
            heads: RefCell::default(),
        }
    }

    /// Reads what an environment runs of a project.
    ///
    /// # Errors
    /// Neither pins nor a deploy command say what runs there, or pins are at a remote that there is not (2).
    pub fn deployed<'p>(
        &self,
        project: &'p Project,
        stage: &'p Stage,
    ) -> anyhow::Result<Deployed<'p>> {
        let pins: Vec<&Pin> = self.delivery.pins_of(&project.name, &stage.name).collect();
        let (sources, unread) = if pins.is_empty() {
            if !stage.checks.deploys() || project.image.is_none() {
                self.delivery.some_pins_of(project, &stage.name)?;
            }
            match self.recorded(&project.name, &stage.name) {
                Ok(source) => (vec![source], Vec::new()),
                Err(unread) => (Vec::new(), vec![unread]),
            }
        } else {
            self.pinned(&pins)?
        };
        Ok(Deployed {
            project,
            stage,
            sources,
            unread,
        })
    }

    /// Reads pins, and which of their branches could not be read.
    ///
    /// # Errors
    /// This repository has no such remote (2).
    pub fn pinned(&self, pins: &[&Pin]) -> anyhow::Result<(Vec<Source>, Vec<Unread>)> {
        let mut sources = Vec::new();
        let mut unread = Vec::new();
        for group in self.groups(pins)? {
            match self.pins_of(&group) {
                Ok(reading) => sources.push(Source { group, reading }),
                Err(why) => unread.push(why),
            }
        }
        Ok((sources, unread))
    }

    /// Reads the pins of one branch.
    ///
    /// # Errors
    /// The remote cannot be read. What is wrong with single pins is told in the reading.
    pub fn pins_of(&self, group: &PinGroup) -> Result<Reading, Unread> {
        let head = self.head(group)?.unwrap_or_default();
        group
            .open(self.world)
            .and_then(|branch| group.read_at(&branch, head))
            .map_err(|error| unread_branch(&error, group))
    }

    /// Groups pins by repository and branch, in the order in which they first appear.
    ///
    /// # Errors
    /// This repository has no such remote (2).
    pub fn groups(&self, pins: &[&Pin]) -> anyhow::Result<Vec<PinGroup>> {
        let mut groups: Vec<PinGroup> = Vec::new();
        for pin in pins {
            let address = self
                .world
                .delivery_address(pin.git.as_deref(), self.remote)?;
            match groups
                .iter_mut()
                .find(|group| group.address == address && group.branch == pin.branch)
            {
                Some(group) => group.pins.push((*pin).clone()),
                None => groups.push(PinGroup {
                    address,
                    is_own: pin.git.is_none(),
                    branch: pin.branch.clone(),
                    pins: vec![(*pin).clone()],
                }),
            }
        }
        Ok(groups)
    }

    /// Reads what the ledger says of a project in an environment.
    ///
    /// # Errors
    /// The remote cannot be read, or a file of the ledger is none of ours.
    pub fn recorded(&self, project: &str, environment: &str) -> Result<Source, Unread> {
        let unread = |error: anyhow::Error| {
            Unread::new(&error, || {
                format!("git ls-remote {} {LEDGER_REF}", self.remote)
            })
        };
        let group = PinGroup {
            address: self
                .world
                .delivery_address(None, self.remote)
                .map_err(unread)?,
            is_own: true,
            branch: LEDGER_REF.to_owned(),
            pins: Vec::new(),
        };
        let head = self.head(&group)?;
        let reading = group
            .open(self.world)
            .and_then(|branch| ledger::read_at(&branch, head, project, environment))
            .map_err(unread)?;
        Ok(Source { group, reading })
    }

    /// The versions of a project that were rolled back anywhere, and what could not be read (law 15).
    pub fn blocked_versions(&self, project: &Project) -> (Vec<String>, Vec<Unread>) {
        let name = &project.name;
        let pins = self.delivery.pins.iter().filter(|pin| pin.project == *name);
        let (mut sources, mut unread) = match self.pinned(&pins.collect::<Vec<_>>()) {
            Ok(read) => read,
            Err(error) => {
                let why = Unread::new(&error, || format!("git ls-remote {}", self.remote));
                (Vec::new(), vec![why])
            }
        };
        let by_ledger = self.delivery.stages.iter().find(|stage| {
            stage.checks.deploys() && self.delivery.pins_of(name, &stage.name).next().is_none()
        });
        match by_ledger.map(|stage| self.recorded(name, &stage.name)) {
            Some(Ok(source)) => sources.push(source),
            Some(Err(why)) => unread.push(why),
            None => {}
        }
        for source in &sources {
            let faults = source.reading.faults.iter();
            let of_list = faults.filter(|fault| matches!(fault, PinFault::BlockList(_)));
            unread.extend(of_list.map(|fault| Unread {
                what: format!("{}: {fault}", source.group.place()),
                fix: "edit the file, then run the command again".to_owned(),
            }));
        }
        let bars = sources
            .iter()
            .flat_map(|source| &source.reading.blocked.bars);
        let mut versions: Vec<String> = bars
            .filter(|bar| bar.project == *name)
            .map(|bar| bar.version.clone())
            .collect();
        versions.sort();
        versions.dedup();
        (versions, unread)
    }

    /// What passed in an environment; `None` where nothing is configured to pass.
    pub fn passed(&self, project: &Project, stage: &Stage) -> Option<Result<Source, Unread>> {
        (!stage.checks.tasks.is_empty()).then(|| self.recorded(&project.name, &stage.name))
    }

    /// What an environment's commands are planned of; `None` where it has none.
    pub fn tasks(&self, project: &Project, stage: &Stage) -> Option<Result<Tasks, Unread>> {
        project.image.as_ref()?;
        let recorded = self.passed(project, stage)?;
        let declared = images_from::declared(self.world, project).map_err(|error| Unread {
            what: format!("{error:#}"),
            fix: "edit the registry file, then run the command again".to_owned(),
        });
        Some(declared.and_then(|declared| {
            let Source { group, reading } = recorded?;
            let of = Deliver {
                action: Action::Promote,
                project: project.name.clone(),
                environment: stage.name.clone(),
                address: group.address,
                is_own: group.is_own,
                branch: group.branch,
                pins: Vec::new(),
                images: None,
                from: reading.entry.iter().map(|entry| entry.said()).collect(),
                found: Default::default(),
                approval: stage.approval,
                pull: None,
            };
            Ok(Tasks {
                of,
                ledger: reading,
                declared,
            })
        }))
    }

    fn head(&self, group: &PinGroup) -> Head {
        let key = (group.address.clone(), group.branch.clone());
        let ask = || {
            let branch = group.open(self.world)?;
            if group.is_ledger() {
                branch.refresh_if_any()
            } else {
                branch.refresh().map(Some)
            }
        };
        self.heads
            .borrow_mut()
            .entry(key)
            .or_insert_with(|| ask().map_err(|error| unread_branch(&error, group)))
            .clone()
    }
}

fn unread_branch(error: &anyhow::Error, group: &PinGroup) -> Unread {
    Unread::new(error, || match group.is_ledger() {
        true => format!("git ls-remote {} {LEDGER_REF}", group.address),
        false => format!("git ls-remote --heads {}", group.address),
    })
}

impl Deployed<'_> {
    /// What all of it says, each once.
    pub fn said(&self) -> Vec<Said> {
        let mut said: Vec<Said> = self.sources.iter().flat_map(Source::said).collect();
        said.sort();
        said.dedup();
        said
    }

    /// Whether the ledger alone says what runs there.
    pub fn is_by_ledger(&self) -> bool {
        self.sources.iter().all(|source| source.group.is_ledger())
    }

    pub fn stands(&self, images: &ReleaseImages) -> bool {
        self.sources
            .iter()
            .all(|source| source.stands(images).is_ok())
    }

    pub fn needs_tag(&self) -> bool {
        self.sources.iter().any(Source::needs_tag)
    }

    /// The first entry that blocks a release there, with where it is.
    pub fn blocked(&self, images: &ReleaseImages) -> Option<(&Source, &Bar)> {
        self.sources.iter().find_map(|source| {
            let blocked = &source.reading.blocked;
            let bar = blocked.find_release(&self.project.name, &self.stage.name, images)?;
            Some((source, bar))
        })
    }

    /// The one version that all of it says.
    ///
    /// # Errors
    /// It says none, or several, as the end of a sentence.
    pub fn version(&self) -> Result<Version, String> {
        let by = if self.is_by_ledger() {
            "the ledger says"
        } else {
            "its pins say"
        };
        let mut said: Vec<_> = self.said().into_iter().map(|said| said.version).collect();
        said.dedup();
        match said.as_slice() {
            [Some(version)] => Version::parse_semver(version)
                .map_err(|_| format!("{by} {version:?}, which is no version")),
            [] if self.is_by_ledger() => Err("nothing was promoted there".to_owned()),
            [] | [None] => Err(format!("{by} no tag")),
            several => {
                let words = several
                    .iter()
                    .map(|version| version.as_deref().unwrap_or("a digest alone"))
                    .collect::<Vec<_>>()
                    .join(" and ");
                Err(format!("{by} {words}"))
            }
        }
    }

    /// What all of it says, where that is a digest and no version.
    pub fn digest_alone(&self) -> Option<Digest> {
        match self.said().as_slice() {
            [
                Said {
                    version: None,
                    digest,
                },
            ] => digest.clone(),
            _ => None,
        }
    }

    /// The platforms' images, where its pins name nothing but those, each by its digest; none where two pins contradict each other.
    pub fn platform_images(&self) -> Vec<(Platform, Digest)> {
        let Some(image) = self
            .project
            .image
            .as_ref()
            .filter(|_| self.said().is_empty())
        else {
            return Vec::new();
        };
        let mut found: Vec<_> = self
            .sources
            .iter()
            .flat_map(|source| source.platform_images(&image.platforms))
            .collect();
        found.sort();
        found.dedup();
        let is_twice = found.windows(2).any(|pair| pair[0].0 == pair[1].0);
        if is_twice { Vec::new() } else { found }
    }

    /// These images as its pins can name them: where those name platforms alone and there is no version, the digest of the first
    /// platform's image stands for the whole, and not that of an index.
    pub fn of_platform(&self, images: ReleaseImages) -> ReleaseImages {
        let parts = self.platform_images();
        let first = parts.first().and_then(|(named, _)| {
            images
                .platforms
                .iter()
                .find(|(platform, _)| platform == named)
        });
        match first {
            Some((_, digest)) if images.version.is_empty() => ReleaseImages {
                index: digest.clone(),
                ..images
            },
            _ => images,
        }
    }

    /// Refuses what could not be read, and what is wrong with any pin.
    pub fn refuse_unread(&self, goal: &mut Goal) {
        refuse_unread(goal, &self.project.name, &self.sources, &self.unread);
    }
}

/// Refuses what could not be read, and what is wrong with any pin.
pub fn refuse_unread(goal: &mut Goal, project: &str, sources: &[Source], unread: &[Unread]) {
    for source in sources {
        for fault in &source.reading.faults {
            goal.refuse(
                project,
                format!("{}: {fault}", source.group.place()),
                "edit the file, or its [[pins]] in the configuration",
            );
        }
    }
    unread
        .iter()
        .for_each(|unread| unread.refuse(goal, project));
}
