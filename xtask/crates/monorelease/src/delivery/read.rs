//! Pins as they stand at the head of their branch: grouped by repository, read, and what they say.
//!
//! Nothing is edited here, and what is wrong with a single pin is told beside what could be read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use monorelease_image_pins::Format;
use monorelease_image_pins::references::{PinPlace, PinQuery, find_pins};
use monorelease_model::build_id::arch_suffix;
use monorelease_text_edits::error::EditError;

use super::block_list::{BARS_FILE, read_bars};
use super::pins::Pin;
use super::repository::branch::DeliveryBranch;
use super::{Bar, ReleaseImages, Said};
use crate::delivery::repository::tree::{PinFile, Snapshot};
use crate::project::paths::fits;
use crate::world::World;

/// Pins in one branch of one repository.
#[derive(Debug, Clone)]
pub struct PinGroup {
    pub address: String,
    pub is_own: bool,
    pub branch: String,
    pub pins: Vec<Pin>,
}

/// What a branch says at a commit.
#[derive(Clone)]
pub struct Reading {
    pub head: String,
    pub files: Vec<FileReading>,
    pub bars: Vec<Bar>,
    pub(super) bars_text: String,
    /// What cannot be read or edited: `FILE:LINE: why`.
    pub faults: Vec<String>,
}

/// A file with pins in it.
#[derive(Clone)]
pub struct FileReading {
    pub file: String,
    pub(super) text: String,
    /// Each place with the pin, by its number, that found it.
    pub places: Vec<(usize, PinPlace)>,
}

/// Groups pins by repository and branch, in the order in which they first appear.
///
/// # Errors
/// This repository has no such remote (2).
pub fn groups(world: &World, remote: &str, pins: &[&Pin]) -> anyhow::Result<Vec<PinGroup>> {
    let mut groups: Vec<PinGroup> = Vec::new();
    for pin in pins {
        let address = world.delivery_address(pin.git.as_deref(), remote)?;
        match groups
            .iter_mut()
            .find(|group| group.address == address && group.branch == pin.branch)
        {
            Some(group) => group.pins.push((*pin).clone()),
            None => {
                let is_own = pin.git.is_none();
                let branch = pin.branch.clone();
                groups.push(PinGroup {
                    address,
                    is_own,
                    branch,
                    pins: vec![(*pin).clone()],
                });
            }
        }
    }
    Ok(groups)
}

impl PinGroup {
    pub fn open(&self, world: &World) -> anyhow::Result<Arc<DeliveryBranch>> {
        world.delivery(&self.address, &self.branch, self.is_own)
    }

    /// Reads the pins at the head of the branch, as the remote has it now.
    ///
    /// # Errors
    /// The remote cannot be read. What is wrong with single pins is told in the reading.
    pub fn read(&self, world: &World) -> anyhow::Result<Reading> {
        let branch = self.open(world)?;
        let head = branch.refresh()?;
        let made = branch.made.once(&head, &format!("{:?}", self.pins), || {
            read_at(&branch, head.clone(), &self.pins)
        })?;
        Ok(Reading::clone(&made))
    }
}

pub(super) fn read_at(
    branch: &DeliveryBranch,
    head: String,
    pins: &[Pin],
) -> anyhow::Result<Reading> {
    let snapshot = branch.snapshot(&head)?;
    let mut reading = Reading {
        head,
        files: Vec::new(),
        bars: Vec::new(),
        bars_text: String::new(),
        faults: Vec::new(),
    };
    match snapshot.file(BARS_FILE)? {
        PinFile::Absent => {}
        PinFile::Text(text) => match read_bars(&text) {
            Ok(bars) => (reading.bars, reading.bars_text) = (bars, text),
            Err(why) => reading.faults.push(format!("{BARS_FILE}: {why}")),
        },
        PinFile::NotUtf8 | PinFile::Link(_) => {
            reading.faults.push(format!("{BARS_FILE}: is no text file"))
        }
    }
    let paths = if pins.iter().any(Pin::is_pattern) {
        snapshot.paths()?
    } else {
        Vec::new()
    };
    let mut by_file: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    // Of a pattern, one file has to name the image, and others may be of something else.
    let mut matched = BTreeSet::new();
    let mut is_found = BTreeSet::new();
    for (number, pin) in pins.iter().enumerate() {
        let files: Vec<&String> = match pin.is_pattern() {
            true => paths.iter().filter(|path| fits(&pin.file, path)).collect(),
            false => vec![&pin.file],
        };
        if files.is_empty() {
            reading.faults.push(format!(
                "{}: no file of {} fits this pattern",
                pin.file,
                branch.shown()
            ));
        }
        matched.extend(Some(number).filter(|_| pin.is_pattern() && !files.is_empty()));
        files
            .into_iter()
            .for_each(|file| by_file.entry(file.clone()).or_default().push(number));
    }
    for (file, numbers) in by_file {
        match read_file(&snapshot, &file, &numbers, pins)? {
            Ok(read) if read.places.is_empty() => {}
            Ok(read) => reading.files.push(read),
            Err(fault) => {
                is_found.extend(&numbers);
                reading.faults.push(fault);
            }
        }
    }
    is_found.extend(reading.places().map(|(number, _)| number));
    for number in matched.difference(&is_found) {
        let Pin {
            file,
            key,
            repository,
            ..
        } = &pins[*number];
        let what = key.as_ref().map_or_else(
            || format!("names an image of {repository}"),
            |key| format!("has {key}"),
        );
        reading
            .faults
            .push(format!("{file}: no file that fits this pattern {what}"));
    }
    Ok(reading)
}

/// The pins of one file, or what is wrong with one of them.
fn read_file(
    snapshot: &Snapshot<'_>,
    file: &str,
    numbers: &[usize],
    pins: &[Pin],
) -> anyhow::Result<Result<FileReading, String>> {
    let text = match snapshot.file(file)? {
        PinFile::Text(text) => text,
        PinFile::Absent => return Ok(Err(absent(file))),
        PinFile::NotUtf8 => return Ok(Err(format!("{file}: is not UTF-8"))),
        PinFile::Link(link) => {
            return Ok(Err(format!(
                "{file}: {link} is a symbolic link; name the file that it leads to"
            )));
        }
    };
    let Some(format) = Format::of(file) else {
        return Ok(Err(format!(
            "{file}: wanted a name that ends with .yaml, .yml, .json or .toml"
        )));
    };
    let mut read = FileReading {
        file: file.to_owned(),
        text,
        places: Vec::new(),
    };
    for &number in numbers {
        let pin = &pins[number];
        let query = PinQuery {
            repository: &pin.repository,
            key: pin.key.as_ref(),
            write: pin.write,
        };
        let name = pin.repository.path.rsplit('/').next().unwrap_or_default();
        if pin.is_pattern() && pin.key.is_none() && !read.text.contains(name) {
            continue;
        }
        match find_pins(&read.text, format, &query) {
            Err(error) if pin.is_pattern() && error.is_missing(&query.what()) => {}
            Ok(places) => read
                .places
                .extend(places.into_iter().map(|place| (number, place))),
            Err(error) => return Ok(Err(at_line(file, &error))),
        }
    }
    Ok(Ok(read))
}

/// The fault of a pin whose file is not there.
pub(super) fn absent(file: &str) -> String {
    format!("{file}: there is no such file")
}

pub(crate) fn at_line(file: &str, error: &EditError) -> String {
    error.line().map_or_else(
        || format!("{file}: {error}"),
        |line| format!("{file}:{line}: {error}"),
    )
}

impl Reading {
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

    /// Whether the pins say this release; the answer names the first place that does not.
    pub fn stands(&self, pins: &[Pin], images: &ReleaseImages) -> Result<(), String> {
        for file in &self.files {
            for (number, place) in &file.places {
                let Some(wanted) = images.wanted(&pins[*number], place.arch.as_deref())? else {
                    continue;
                };
                let is_it = match &place.digest {
                    Some(digest) => digest == wanted.digest.as_str(),
                    None => place.tag.as_ref() == Some(&wanted.tag),
                };
                if !is_it {
                    return Err(format!(
                        "{}:{} says {}, wanted {}@{}",
                        file.file,
                        place.line,
                        place.says(),
                        wanted.tag,
                        wanted.digest
                    ));
                }
            }
        }
        Ok(())
    }
}
