//! `check pins`: each pin is found in its file, once, and names an image that the registry serves.
//!
//! Nothing is planned or changed. Each fault begins with the repository, the file and the line.

use std::collections::HashMap;

use monorelease_image_pins::place::PinPlace;
use monorelease_model::image::{Digest, Repository, media_type};
use monorelease_oci_registry::client::Described;

use super::pins::Pin;
use super::read::Environments;
use super::read::source::{PinFault, Source};
use crate::app::{App, Outcome};
use crate::fault::{Fault, FaultKind};
use crate::release::registry_images::lacks;
use crate::world::World;

/// What the check found.
#[derive(Debug, Default)]
pub struct PinCheck {
    pub references: usize,
    /// Pins of registry files that a branch does not have yet.
    pub to_come: Vec<String>,
    pub faults: Vec<String>,
}

/// What the registry answered so far, by repository and reference: why it cannot be told, or what is served there.
#[derive(Default)]
pub(super) struct Answers {
    served: HashMap<(Repository, String), Result<Option<Described>, String>>,
    /// What an index lacks, by its digest.
    lacking: HashMap<(Repository, Digest), Result<Option<String>, String>>,
}

/// What speaks against a reference.
pub(super) enum Objection {
    Wrong(String),
    /// The registry could not be read, so nobody knows (law 15).
    Unread(String),
}

impl Objection {
    fn words(self) -> String {
        match self {
            Self::Wrong(what) => what,
            Self::Unread(why) => format!("cannot be asked of the registry: {why}"),
        }
    }
}

/// Holds every pin to its file and to the registry.
///
/// # Errors
/// This repository has no such remote (2). What else cannot be read is a fault among the others.
fn check(environments: &Environments<'_>) -> anyhow::Result<PinCheck> {
    let mut found = PinCheck::default();
    let mut answers = Answers::default();
    let pins: Vec<&Pin> = environments.delivery.pins.iter().collect();
    let (sources, unread) = environments.pinned(&pins)?;
    found
        .faults
        .extend(unread.into_iter().map(|unread| unread.what));
    for Source { group, reading } in sources {
        let shown = group.place();
        // What is new in one branch has not come to the others yet.
        let is_to_come = |fault: &PinFault| match fault {
            PinFault::NoFile(file) => group
                .pins
                .iter()
                .any(|pin| pin.of_registry && pin.file == *file),
            PinFault::BlockList(_) | PinFault::Other(_) => false,
        };
        for fault in &reading.faults {
            let kind = match is_to_come(fault) {
                true => &mut found.to_come,
                false => &mut found.faults,
            };
            kind.push(format!("{shown}: {fault}"));
        }
        for file in &reading.files {
            for (number, place) in &file.places {
                found.references += 1;
                let pin = &group.pins[*number];
                if let Some(what) = objection(environments.world, pin, place, &mut answers) {
                    found.faults.push(format!(
                        "{shown}: {}:{}: {} {}",
                        file.file,
                        place.line,
                        place.key,
                        what.words()
                    ));
                }
            }
        }
    }
    // Where nothing was looked at, nothing holds (law 15).
    if found.references == 0 && found.faults.is_empty() {
        found.faults.append(&mut found.to_come);
    }
    Ok(found)
}

/// What speaks against a reference.
pub(super) fn objection(
    world: &World,
    pin: &Pin,
    place: &PinPlace,
    answers: &mut Answers,
) -> Option<Objection> {
    if let Some(digest) = place.digest.as_deref().filter(|_| place.pinned().is_none()) {
        return Some(Objection::Wrong(format!(
            "says {digest}, which is no digest yet"
        )));
    }
    objection_to(
        world,
        &pin.repository,
        place.tag.as_deref(),
        place.pinned().as_ref(),
        answers,
    )
}

/// What speaks against a tag, a digest, or both as one image.
pub(super) fn objection_to(
    world: &World,
    repository: &Repository,
    tag: Option<&str>,
    digest: Option<&Digest>,
    answers: &mut Answers,
) -> Option<Objection> {
    let mut ask = |reference: &str| asked(world, repository, reference, answers);
    let by_digest = match digest {
        Some(digest) => ask(digest.as_str()),
        None => Ok(None),
    };
    let by_tag = tag.map_or(Ok(None), &mut ask);
    let wrong = match (by_digest, by_tag, tag, digest) {
        (Err(why), ..) | (_, Err(why), ..) => return Some(Objection::Unread(why)),
        (Ok(None), _, _, Some(digest)) => {
            Some(format!("says {digest}, which {repository} does not serve"))
        }
        (_, Ok(None), Some(tag), None) => {
            Some(format!("says {tag}, which {repository} does not serve"))
        }
        (_, Ok(Some(found)), Some(tag), Some(digest)) if found.digest != *digest => Some(format!(
            "says {tag} and {digest}, but {tag} is {}",
            found.digest
        )),
        (_, _, None, None) => Some("says neither a tag nor a digest".to_owned()),
        (Ok(Some(found)), ..) | (_, Ok(Some(found)), ..) => {
            match lacks_of(world, repository, &found, answers) {
                Ok(lacks) => lacks.map(|lacks| format!("says {}, which {lacks}", found.digest)),
                Err(why) => return Some(Objection::Unread(why)),
            }
        }
    };
    wrong.map(Objection::Wrong)
}

/// What is served under a tag or a digest; each is asked for once.
fn asked(
    world: &World,
    repository: &Repository,
    reference: &str,
    answers: &mut Answers,
) -> Result<Option<Described>, String> {
    let key = (repository.clone(), reference.to_owned());
    let ask = || {
        let found = world.registry().head(repository, reference);
        found.map_err(|error| error.to_string())
    };
    answers.served.entry(key).or_insert_with(ask).clone()
}

/// What an index lacks to be run (law 20); nothing of an image that is none.
fn lacks_of(
    world: &World,
    repository: &Repository,
    found: &Described,
    answers: &mut Answers,
) -> Result<Option<String>, String> {
    if !media_type::is_index(&found.media_type) {
        return Ok(None);
    }
    let ask = || {
        let registry = world.registry();
        let index = registry
            .manifest(repository, found.digest.as_str())
            .map_err(|error| error.to_string())?;
        let Some(index) = index else {
            return Ok(Some(format!("{repository} does not serve by its digest")));
        };
        let index = serde_json::from_slice(&index.bytes).map_err(|error| error.to_string())?;
        lacks(registry, repository, &index).map_err(|error| error.to_string())
    };
    let key = (repository.clone(), found.digest.clone());
    answers.lacking.entry(key).or_insert_with(ask).clone()
}

pub fn run(app: &App) -> Outcome {
    if app.delivery.pins.is_empty() {
        return Err(
            Fault::usage("no [[pins]] are configured, so there is nothing to check")
                .fix("add [[pins]] with project, environment and file to xtask/monorepo.toml")
                .into(),
        );
    }
    let found = check(&app.environments())?;
    for what in app.delivery.misplaced() {
        app.ui.warn(&what);
    }
    for to_come in &found.to_come {
        app.ui.note(&format!("not checked: {to_come}"));
    }
    for fault in &found.faults {
        app.ui.error(fault, None);
    }
    let count = found.faults.len();
    match count {
        0 => app.ui.status(
            "Finished",
            &format!(
                "{} references of {} pins hold",
                found.references,
                app.delivery.pins.len()
            ),
        ),
        _ => app.ui.status(
            "Failed",
            &format!("{count} faults in {} pins", app.delivery.pins.len()),
        ),
    }
    let faults: Vec<_> = found
        .faults
        .iter()
        .map(|what| serde_json::json!({ "what": what }))
        .collect();
    app.ui.document(&serde_json::json!({ "schema": 1, "pins": app.delivery.pins.len(), "references": found.references, "faults": faults }));
    Ok(if count == 0 {
        0
    } else {
        FaultKind::Failed.exit_code()
    })
}
