//! `check pins`: every pin is found where the configuration says, and says an image that the registry serves.

use super::{App, Outcome};
use crate::model::fault::FaultKind;

pub fn run(app: &App) -> Outcome {
    let found = app.deliverer().check()?;
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
