//! The edit that makes pins say another image: derived of what a branch says, and read once more before it counts.
//!
//! Which image an environment may get is decided in `plan`; nothing here asks a remote.

use anyhow::{anyhow, bail};
use monorelease_image_pins::edit::set_pins;
use monorelease_image_pins::place::{PinChange, PinPlace, PinQuery};
use monorelease_image_pins::{Format, PinnedImage};
use monorelease_model::image::Digest;

use super::block_list::{BARS_FILE, BlockList, add_bar, remove_bars};
use super::message::Change;
use super::read::pins::at_line;
use super::read::source::{FileReading, Reading};
use super::repository::branch::DeliveryBranch;
use super::{Action, Bar, Deliver};
use crate::release::observe::rfc3339;

/// The files of a delivery as they are to be.
#[derive(Clone)]
pub(super) struct Edited {
    pub texts: Vec<(String, String)>,
    pub changes: Vec<Change>,
}

/// The edit on what the branch says now, made once for each commit that it is asked of.
pub(super) fn derive(
    branch: &DeliveryBranch,
    delivery: &Deliver,
    reading: &Reading,
) -> anyhow::Result<Edited> {
    let Deliver {
        project,
        environment,
        pins,
        images,
        ..
    } = delivery;
    let what = format!("{project} {environment} {images:?} {pins:?}");
    Ok(Edited::clone(&*branch.made.once(
        reading.head(),
        &what,
        || make(delivery, reading),
    )?))
}

fn make(delivery: &Deliver, reading: &Reading) -> anyhow::Result<Edited> {
    let mut edited = Edited {
        texts: Vec::new(),
        changes: Vec::new(),
    };
    for file in reading.files.iter().filter(|_| delivery.images.is_some()) {
        let format = Format::of(&file.file).unwrap_or(Format::Yaml);
        let wanted = wanted_in(delivery, file)?;
        let changes: Vec<_> = wanted
            .iter()
            .map(|(query, place, image)| PinChange {
                query: *query,
                place,
                image,
            })
            .collect();
        let text = set_pins(&file.text, format, &changes)
            .map_err(|error| anyhow!(at_line(&file.file, &error)))?;
        if text == file.text {
            continue;
        }
        edited
            .changes
            .extend(wanted.iter().map(|(_, place, image)| Change {
                file: file.file.clone(),
                key: place.key.clone(),
                from: place.says(),
                to: image.to_string(),
            }));
        edited.texts.push((file.file.clone(), text));
    }
    Ok(edited)
}

fn wanted_in<'f>(
    delivery: &'f Deliver,
    file: &'f FileReading,
) -> anyhow::Result<Vec<(PinQuery<'f>, &'f PinPlace, PinnedImage)>> {
    let Some(images) = &delivery.images else {
        return Ok(Vec::new());
    };
    let mut wanted = Vec::new();
    for (number, place) in &file.places {
        let pin = &delivery.pins[*number];
        let image = images.wanted(pin, place.arch.as_deref());
        let image = image.map_err(|why| anyhow!("{}:{}: {why}", file.file, place.line))?;
        wanted.extend(image.map(|image| (pin.query(), place, image)));
    }
    if wanted.is_empty() {
        bail!(
            "{}: nothing in it names an image of the pin's platform",
            file.file
        );
    }
    Ok(wanted)
}

fn says(file: &FileReading, place: &PinPlace, image: &PinnedImage) -> bool {
    place
        .edits(image)
        .iter()
        .all(|(span, wanted)| file.text.get(span.clone()) == Some(wanted))
}

/// Whether every pin says what the delivery wants.
pub(super) fn is_said(delivery: &Deliver, reading: &Reading) -> anyhow::Result<bool> {
    for file in reading.files.iter().filter(|_| delivery.images.is_some()) {
        if !wanted_in(delivery, file)?
            .iter()
            .all(|(_, place, image)| says(file, place, image))
        {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What somebody else has put there since the plan was made.
pub(super) fn meddled(delivery: &Deliver, reading: &Reading) -> anyhow::Result<Option<String>> {
    for file in reading.files.iter().filter(|_| delivery.images.is_some()) {
        let elsewhere = || delivery.found.values().flatten().collect::<Vec<_>>();
        let planned = delivery
            .found
            .get(&file.file)
            .map_or_else(elsewhere, |found| found.iter().collect());
        for (_, place, image) in wanted_in(delivery, file)? {
            if !says(file, place, &image) && !planned.contains(&&place.says()) {
                return Ok(Some(format!(
                    "{}:{} says {}",
                    file.file,
                    place.line,
                    place.says()
                )));
            }
        }
    }
    Ok(None)
}

/// The list of barred digests as it is to be; `None` where it is so already.
pub(super) fn bars(
    delivery: &Deliver,
    blocked: &BlockList,
    by: impl FnOnce() -> anyhow::Result<(String, i64)>,
) -> anyhow::Result<Option<String>> {
    let project = delivery.project.as_str();
    let environment = delivery.environment.as_str();
    let is_barred = |digest: &Digest| blocked.find(project, environment, digest).is_some();
    match &delivery.action {
        Action::Rollback { bad, version, why } if !is_barred(bad) => {
            let (by, seconds) = by()?;
            let bar = Bar {
                project: project.to_owned(),
                environment: environment.to_owned(),
                digest: bad.clone(),
                version: version.clone(),
                since: rfc3339(seconds)?,
                why: why.clone(),
                by,
            };
            Ok(Some(add_bar(&blocked.text, &bar)))
        }
        Action::Unbar { digests } if digests.iter().any(is_barred) => {
            remove_bars(&blocked.text, project, environment, digests)
                .map(Some)
                .map_err(|why| anyhow!("{BARS_FILE}: {why}"))
        }
        Action::Promote | Action::Rollback { .. } | Action::Unbar { .. } => Ok(None),
    }
}

/// Whether what is to be promoted was barred meanwhile.
pub(super) fn barred(delivery: &Deliver, blocked: &BlockList) -> Option<String> {
    let images = delivery.images.as_ref()?;
    let bar = blocked.find_release(&delivery.project, &delivery.environment, images)?;
    Some(format!(
        "{} barred since {} by {}",
        bar.digest.short(),
        bar.since,
        bar.by
    ))
}
