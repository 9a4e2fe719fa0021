//! What the ledger's commits say: their messages, for people and with trailers for machines.
//!
//! Which file they change is the engine's; that a rollback reads them again is `delivery`'s.

use crate::model::delivery::Deliver;
use crate::model::deploy::Task;

use super::delivery;

/// The message of the commit after which something else is to run.
pub fn record_message(of: &Deliver) -> String {
    delivery::message(of, &[])
}

/// The message of the commit that a task passed. Its action is none that changes what runs.
pub fn passed_message(of: &Deliver, task: &Task) -> String {
    let Deliver { project, environment, .. } = of;
    let (word, images) = (task.phase.word(), of.images.as_ref());
    let name = images.map(|images| images.name().to_owned()).unwrap_or_default();
    let to = images.map(|images| format!("Xtask-To: {}\n", crate::model::delivery::Said::of(images))).unwrap_or_default();
    format!(
        "chore({environment}): {project} {name} passed {word}\n\nXtask-Project: {project}\nXtask-Environment: {environment}\nXtask-Action: \
         passed\nXtask-Passed: {word}\n{to}"
    )
}
