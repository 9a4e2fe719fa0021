//! What says which image runs: pins in a branch, or the ledger. Both are read the same way.

use std::collections::BTreeMap;
use std::fmt;

use monorelease_image_pins::place::PinPlace;
use monorelease_model::build_id::arch_suffix;
use monorelease_model::image::{Digest, Platform};

use crate::delivery::block_list::BlockList;
use crate::delivery::ledger::{Entry, LEDGER_REF};
use crate::delivery::pins::Pin;
use crate::delivery::{Deliver, ReleaseImages, Said, names_platform};

/// Pins in one branch of one repository; none in the ledger.
#[derive(Debug, Clone)]
pub struct PinGroup {
    pub address: String,
    pub is_own: bool,
    pub branch: String,
    pub pins: Vec<Pin>,
}

/// What a branch says at a commit.
#[derive(Clone, Default)]
pub struct Reading {
    /// `None` where the ledger has not been written to yet.
    pub head: Option<String>,
    pub files: Vec<FileReading>,
    /// What the ledger says of the project in the environment.
    pub entry: Option<Entry>,
    pub blocked: BlockList,
    /// What cannot be read or edited.
    pub faults: Vec<PinFault>,
}

/// Why a pin cannot be read or edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PinFault {
    /// The branch has no such file.
    NoFile(String),
    /// The list of what is blocked, without which nothing may be delivered.
    BlockList(String),
    /// `FILE:LINE: why`.
    Other(String),
}

impl fmt::Display for PinFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFile(file) => write!(f, "{file}: there is no such file"),
            Self::BlockList(what) | Self::Other(what) => f.write_str(what),
        }
    }
}

/// A file with pins in it.
#[derive(Clone)]
pub struct FileReading {
    pub file: String,
    pub(in crate::delivery) text: String,
    /// Each place with the pin, by its number, that found it.
    pub places: Vec<(usize, PinPlace)>,
}

/// One branch with what it says.
pub struct Source {
    pub group: PinGroup,
    pub reading: Reading,
}

impl PinGroup {
    pub fn of(delivery: &Deliver) -> Self {
        Self {
            address: delivery.address.clone(),
            is_own: delivery.is_own,
            branch: delivery.branch.clone(),
            pins: delivery.pins.clone(),
        }
    }

    /// Whether it is the ledger, which has no pins.
    pub fn is_ledger(&self) -> bool {
        self.branch == LEDGER_REF
    }

    /// The repository and its branch, for people.
    pub fn place(&self) -> String {
        format!("{} ({})", self.address, self.branch)
    }
}

impl Source {
    pub fn said(&self) -> Vec<Said> {
        self.reading.said(&self.group.pins)
    }

    pub fn stands(&self, images: &ReleaseImages) -> Result<(), String> {
        self.reading.stands(&self.group.pins, images)
    }

    /// The platforms' images that its pins name by digest.
    pub fn platform_images(&self, platforms: &[Platform]) -> Vec<(Platform, Digest)> {
        let named = self.reading.places().filter_map(|(number, place)| {
            let by_key = || {
                let arch = place.arch.as_ref()?;
                platforms
                    .iter()
                    .find(|platform| names_platform(platform, arch))
            };
            let platform = self.group.pins[number].platform.as_ref().or_else(by_key)?;
            Some((platform.clone(), place.pinned()?))
        });
        let mut named: Vec<_> = named.collect();
        named.sort();
        named.dedup();
        named
    }

    /// Where a pin names the image of all platforms.
    pub fn whole(&self) -> Option<String> {
        self.reading.files.iter().find_map(|file| {
            let is_whole = |(number, place): &&(usize, PinPlace)| {
                place.arch.is_none() && self.group.pins[*number].platform.is_none()
            };
            let (_, place) = file.places.iter().find(is_whole)?;
            Some(format!("{}:{}", file.file, place.line))
        })
    }

    /// Whether one of its pins cannot say an image that is known by its digest alone.
    pub fn needs_tag(&self) -> bool {
        self.reading.places().any(|(_, place)| place.needs_tag())
    }

    /// What it is called where several may be meant: there is one ledger.
    pub fn place(&self) -> String {
        if self.group.is_ledger() {
            LEDGER_REF.to_owned()
        } else {
            self.group.place()
        }
    }

    /// Its repository, to end a sentence about it; nothing for the ledger.
    pub fn suffix(&self) -> String {
        if self.group.is_ledger() {
            String::new()
        } else {
            format!(" ({})", self.group.address)
        }
    }
}

impl Reading {
    /// The commit that was read; empty where there is none.
    pub fn head(&self) -> &str {
        self.head.as_deref().unwrap_or_default()
    }

    /// What is to run by the ledger.
    pub fn recorded(&self) -> Option<&Digest> {
        self.entry.as_ref().map(|entry| &entry.digest)
    }

    /// What the pins say, each once: of places that name one platform only where no other place tells more.
    pub fn said(&self, pins: &[Pin]) -> Vec<Said> {
        let mut whole = Vec::new();
        let mut parts = Vec::new();
        for (number, place) in self.places() {
            let arch = place
                .arch
                .clone()
                .or_else(|| pins[number].platform.as_ref().map(arch_suffix));
            let version = place.tag.as_deref().map(|tag| match &arch {
                Some(arch) => tag
                    .strip_suffix(&format!("-{arch}"))
                    .unwrap_or(tag)
                    .to_owned(),
                None => tag.to_owned(),
            });
            match arch {
                None => whole.push(Said {
                    version,
                    digest: place.pinned(),
                }),
                Some(_) => parts.push(Said {
                    version,
                    digest: None,
                }),
            }
        }
        whole.extend(self.entry.as_ref().map(Entry::said));
        let mut said = if whole.is_empty() { parts } else { whole };
        said.retain(|said| said.version.is_some() || said.digest.is_some());
        said.sort();
        said.dedup();
        said
    }

    pub fn places(&self) -> impl Iterator<Item = (usize, &PinPlace)> {
        self.files
            .iter()
            .flat_map(|file| file.places.iter().map(|(number, place)| (*number, place)))
    }

    /// The texts of all references, by file.
    pub fn found(&self) -> BTreeMap<String, Vec<String>> {
        let says = |file: &FileReading| file.places.iter().map(|(_, place)| place.says()).collect();
        self.files
            .iter()
            .map(|file| (file.file.clone(), says(file)))
            .collect()
    }

    /// Whether the pins or the ledger say this release; the answer names the first place that does not.
    pub fn stands(&self, pins: &[Pin], images: &ReleaseImages) -> Result<(), String> {
        if pins.is_empty() && self.recorded() != Some(&images.index) {
            return Err(self.entry.as_ref().map_or_else(
                || "has nothing".to_owned(),
                |entry| format!("has {} ({})", entry.version, entry.digest),
            ));
        }
        let mut compared = pins.is_empty();
        for file in &self.files {
            for (number, place) in &file.places {
                let Some(wanted) = images.wanted(&pins[*number], place.arch.as_deref())? else {
                    continue;
                };
                compared = true;
                let is_it = match &place.digest {
                    Some(digest) => digest == wanted.digest.as_str(),
                    None => place.tag.is_some() && place.tag == wanted.tag,
                };
                if !is_it {
                    return Err(format!(
                        "{}:{} says {}, wanted {wanted}",
                        file.file,
                        place.line,
                        place.says(),
                    ));
                }
            }
        }
        // A comparison of nothing is none (law 15).
        match compared {
            true => Ok(()),
            false => Err("names no image of it".to_owned()),
        }
    }
}
