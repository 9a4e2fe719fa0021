//! The pins that follow from `[images-from]`: each registry file is the pin of its image.

use crate::config::Config;
use crate::delivery::deploy::checks::Checks;
use crate::delivery::pins::Delivery;
use crate::delivery::pins::Pin;
use crate::delivery::pins::Stage;
use crate::project::Projects;
use monorelease_image_pins::Write;

/// Joins the pins that registry files are: one in each environment's branch. Where no environment is configured, the branch of the
/// repository is the only one.
pub fn with_registry_pins(
    mut delivery: Delivery,
    config: &Config,
    projects: &Projects,
) -> Delivery {
    if config.images_from.is_none() {
        return delivery;
    }
    if delivery.stages.is_empty() {
        let name = config.repository.branch.clone();
        delivery.stages.push(Stage {
            name,
            after: None,
            approval: false,
            checks: Checks::default(),
            by_pull: false,
        });
    }
    for stage in &delivery.stages {
        let branch = config
            .environments
            .get(&stage.name)
            .and_then(|keys| keys.branch.clone());
        let branch = branch.unwrap_or_else(|| config.repository.branch.clone());
        let pins = projects.all.iter().filter_map(|project| {
            let registered = project.registered.as_ref()?;
            let image = project.image.as_ref()?;
            Some(Pin {
                project: project.name.clone(),
                environment: stage.name.clone(),
                git: None,
                branch: branch.clone(),
                file: registered.file.clone(),
                key: Some(registered.key.clone()),
                write: Some(Write::Digest),
                platform: None,
                repository: image.release.clone(),
                of_registry: true,
            })
        });
        delivery.pins.extend(pins);
    }
    delivery
}
