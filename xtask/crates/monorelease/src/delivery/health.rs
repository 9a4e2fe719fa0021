//! Whether deliveries could be made at all: the order of the environments, and of each repository that says what runs whether it
//! is read, has its pins, and would take a push.
//!
//! Nothing is pushed: a push is asked for with the remote's own head.

use super::pins::{Delivery, Pin};
use super::read::Environments;

/// What was found of one thing, or what is amiss with the line that mends it.
pub struct Health {
    pub what: String,
    pub state: Result<String, (String, String)>,
    /// Whether only those who deliver need it.
    pub is_of_writers: bool,
}

/// The health of everything that pins are about; nothing where none are configured.
///
/// # Errors
/// This repository has no such remote (2).
pub fn health(environments: &Environments<'_>) -> anyhow::Result<Vec<Health>> {
    let delivery = environments.delivery;
    if delivery.pins.is_empty() {
        return Ok(Vec::new());
    }
    let mut all = vec![Health {
        what: "environments".into(),
        state: order(delivery),
        is_of_writers: false,
    }];
    all.extend(delivery.misplaced().into_iter().map(|what| Health {
        what: "pins".into(),
        state: Err((
            what,
            "edit environment or file of the [[pins]] in xtask/monorepo.toml, unless it is meant".to_owned(),
        )),
        is_of_writers: true,
    }));
    for group in environments.groups(&delivery.pins.iter().collect::<Vec<_>>())? {
        let shown = group.place();
        let count = group.pins.len();
        let read = environments.pins_of(&group);
        let is_read = read.is_ok();
        let state = match read {
            Ok(reading) if reading.faults.is_empty() => Ok(format!(
                "{} references of {count} pins",
                reading.places().count(),
            )),
            Ok(reading) => Err((
                reading
                    .faults
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join("; "),
                "edit the file, or its [[pins]] in the configuration".to_owned(),
            )),
            Err(unread) => Err((unread.what, unread.fix)),
        };
        all.push(Health {
            what: format!("pins in {shown}"),
            state,
            is_of_writers: false,
        });
        if is_read {
            let asked = group
                .open(environments.world)
                .and_then(|branch| branch.may_push());
            let fix = if group.is_own {
                "give the token or your account the right to push to the branch"
            } else {
                "set DELIVERY_TOKEN, or give the account that git uses the right to push there"
            };
            all.push(Health {
                what: format!("a push to {shown}"),
                state: asked
                    .map(|()| "would be taken".to_owned())
                    .map_err(|error| (format!("{error:#}"), fix.to_owned())),
                is_of_writers: true,
            });
        }
    }
    Ok(all)
}

/// The environments in their order; amiss where a project has pins in one and none in the one before, through which alone it is
/// reached.
fn order(delivery: &Delivery) -> Result<String, (String, String)> {
    for pin in &delivery.pins {
        let Pin {
            project,
            environment,
            ..
        } = pin;
        let stage = delivery
            .stages
            .iter()
            .find(|stage| stage.name == *environment);
        let Some(after) = stage.and_then(|stage| stage.after.as_deref()) else {
            continue;
        };
        if delivery.pins_of(project, after).next().is_none() {
            return Err((
                format!(
                    "{project} has pins in {environment} and none in {after}, through which alone {environment} is reached"
                ),
                format!("add [[pins]] with project = \"{project}\" and environment = \"{after}\""),
            ));
        }
    }
    let chain = delivery.stages.iter().map(|stage| match &stage.after {
        Some(after) => format!("{} after {after}", stage.name),
        None => stage.name.clone(),
    });
    Ok(chain.collect::<Vec<_>>().join(", "))
}
