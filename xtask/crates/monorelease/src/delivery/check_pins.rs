//! `check pins`: each pin is found in its file, once, and names an image that the registry serves.
//!
//! Nothing is planned or changed. Each fault begins with the repository, the file and the line.

use std::collections::HashMap;

use monorelease_image_pins::place::PinPlace;
use monorelease_model::image::{Digest, Repository};

use super::pins::Pin;
use super::read::Environments;
use super::read::pins::absent;
use super::read::source::Source;
use crate::app::{App, Outcome};
use crate::fault::FaultKind;
use crate::world::World;

/// What the check found.
#[derive(Debug, Default)]
pub struct PinCheck {
    pub references: usize,
    pub faults: Vec<String>,
}

/// What the registry answered so far: the digest under a tag or a digest, nothing, or why it cannot be told.
pub(super) type Answers = HashMap<(Repository, String), Result<Option<Digest>, String>>;

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
    let mut answers = Answers::new();
    let pins: Vec<&Pin> = environments.delivery.pins.iter().collect();
    let (sources, unread) = environments.pinned(&pins)?;
    found
        .faults
        .extend(unread.into_iter().map(|unread| unread.what));
    for Source { group, reading } in sources {
        let shown = group.place();
        // What is new in one branch has not come to the others yet.
        let is_to_come = |fault: &String| {
            group
                .pins
                .iter()
                .any(|pin| pin.of_registry && *fault == absent(&pin.file))
        };
        found.faults.extend(
            reading
                .faults
                .iter()
                .filter(|fault| !is_to_come(fault))
                .map(|fault| format!("{shown}: {fault}")),
        );
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
    let mut ask = |reference: &str| {
        let key = (repository.clone(), reference.to_owned());
        let registry = world.registry();
        let answer = answers.entry(key).or_insert_with(|| {
            registry
                .head(repository, reference)
                .map(|found| found.map(|found| found.digest))
                .map_err(|error| error.to_string())
        });
        answer.clone()
    };
    let by_digest = match digest {
        Some(digest) => ask(digest.as_str()).map(|found| found.is_some()),
        None => Ok(true),
    };
    let by_tag = tag.map_or(Ok(None), &mut ask);
    let wrong = match (by_digest, by_tag, tag, digest) {
        (Err(why), ..) | (_, Err(why), ..) => return Some(Objection::Unread(why)),
        (Ok(false), _, _, Some(digest)) => {
            Some(format!("says {digest}, which {repository} does not serve"))
        }
        (_, Ok(None), Some(tag), None) => {
            Some(format!("says {tag}, which {repository} does not serve"))
        }
        (_, Ok(Some(found)), Some(tag), Some(digest)) if found != *digest => {
            Some(format!("says {tag} and {digest}, but {tag} is {found}"))
        }
        (_, _, None, None) => Some("says neither a tag nor a digest".to_owned()),
        _ => None,
    };
    wrong.map(Objection::Wrong)
}
pub fn run(app: &App) -> Outcome {
    let found = check(&app.environments())?;
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
