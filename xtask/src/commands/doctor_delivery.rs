//! The parts of `doctor` about deliveries and package indexes, asked by the engine and worded as its other findings are.

use super::App;
use super::doctor::Finding;
use crate::engine::delivery_health::Health;
use crate::engine::package_health;

pub fn findings(app: &App) -> anyhow::Result<Vec<Finding>> {
    let finding = |Health {
                       what,
                       state,
                       is_of_writers,
                   }| {
        let (state, fix) = match state {
            Ok(found) => (Ok(found), String::new()),
            Err((amiss, fix)) => (Err(amiss), fix),
        };
        Finding {
            what,
            state,
            fix,
            optional: is_of_writers,
        }
    };
    let packages = package_health::health(&app.world, &app.projects);
    Ok(app
        .deliverer()
        .health()?
        .into_iter()
        .chain(packages)
        .map(finding)
        .collect())
}
