//! Pins at a commit of their branch: found in their files, each with what is wrong with it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use monorelease_image_pins::Format;
use monorelease_image_pins::references::find_pins;
use monorelease_text_edits::error::EditError;

use super::source::{FileReading, PinFault, PinGroup, Reading};
use crate::delivery::block_list::BlockList;
use crate::delivery::pins::Pin;
use crate::delivery::repository::branch::DeliveryBranch;
use crate::delivery::repository::tree::{PinFile, Snapshot};
use crate::project::paths::fits;
use crate::world::World;

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
        self.read_at(&branch, head)
    }

    /// Reads the pins at a commit that was fetched.
    ///
    /// # Errors
    /// As of [`Self::read`].
    pub fn read_at(&self, branch: &DeliveryBranch, head: String) -> anyhow::Result<Reading> {
        let made = branch.made.once(&head, &format!("{:?}", self.pins), || {
            read_at(branch, head.clone(), &self.pins)
        })?;
        Ok(Reading::clone(&made))
    }
}

fn read_at(branch: &DeliveryBranch, head: String, pins: &[Pin]) -> anyhow::Result<Reading> {
    let snapshot = branch.snapshot(&head)?;
    let mut reading = Reading {
        head: Some(head),
        ..Reading::default()
    };
    match BlockList::of(&snapshot)? {
        Ok(blocked) => reading.blocked = blocked,
        Err(why) => reading.faults.push(PinFault::BlockList(why)),
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
            reading.faults.push(PinFault::Other(format!(
                "{}: no file of {} fits this pattern",
                pin.file,
                branch.shown()
            )));
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
        reading.faults.push(PinFault::Other(format!(
            "{file}: no file that fits this pattern {what}"
        )));
    }
    Ok(reading)
}

/// The pins of one file, or what is wrong with one of them.
fn read_file(
    snapshot: &Snapshot<'_>,
    file: &str,
    numbers: &[usize],
    pins: &[Pin],
) -> anyhow::Result<Result<FileReading, PinFault>> {
    let fault = |what: String| Ok(Err(PinFault::Other(what)));
    let text = match snapshot.file(file)? {
        PinFile::Text(text) => text,
        PinFile::Absent => return Ok(Err(PinFault::NoFile(file.to_owned()))),
        PinFile::NotUtf8 => return fault(format!("{file}: is not UTF-8")),
        PinFile::Link(link) => {
            return fault(format!(
                "{file}: {link} is a symbolic link; name the file that it leads to"
            ));
        }
    };
    let Some(format) = Format::of(file) else {
        return fault(format!(
            "{file}: wanted a name that ends with .yaml, .yml, .json or .toml"
        ));
    };
    let mut read = FileReading {
        file: file.to_owned(),
        text,
        places: Vec::new(),
    };
    for &number in numbers {
        let pin = &pins[number];
        let query = pin.query();
        let name = pin.repository.path.rsplit('/').next().unwrap_or_default();
        if pin.is_pattern() && pin.key.is_none() && !read.text.contains(name) {
            continue;
        }
        match find_pins(&read.text, format, &query) {
            Err(error) if pin.is_pattern() && error.is_missing(&query.what()) => {}
            Ok(places) => read
                .places
                .extend(places.into_iter().map(|place| (number, place))),
            Err(error) => return fault(at_line(file, &error)),
        }
    }
    Ok(Ok(read))
}

pub(crate) fn at_line(file: &str, error: &EditError) -> String {
    error.line().map_or_else(
        || format!("{file}: {error}"),
        |line| format!("{file}:{line}: {error}"),
    )
}
