//! Whether the indexes of packages can be read, and whether there is anything to upload with. Nothing is uploaded.

use super::index;
use super::shared_names::{name, shared_names};
use crate::delivery::health::Health;
use crate::packages::index::error::IndexError;
use crate::project::IndexName;
use crate::project::{Project, Projects};
use crate::world::{World, files};

/// The health of each index that a package is published to, asked for that package as a release asks it.
pub fn health(world: &World, projects: &Projects) -> Vec<Health> {
    let mut all: Vec<Health> = Vec::new();
    for project in &projects.all {
        for index in [&project.package_index, &project.candidate_index]
            .into_iter()
            .flatten()
        {
            let what = format!("index {} of {}", index.word(), project.name);
            if all.iter().all(|known| known.what != what) {
                all.push(Health {
                    what,
                    state: state(world, project, index),
                    is_of_writers: false,
                });
            }
        }
    }
    let read = |path: &str| files::read(&world.path(path)).ok().flatten();
    all.extend(
        shared_names(projects, &read)
            .into_iter()
            .map(|shared| Health {
                what: format!("distribution {}", shared.name),
                state: Err((shared.what(), shared.fix())),
                is_of_writers: false,
            }),
    );
    let uploads = (!all.is_empty())
        .then(|| index::upload_obstacle(world))
        .flatten();
    all.extend(uploads.map(|fault| Health {
        what: "uploading packages".into(),
        state: Err((fault.what, fault.fix.unwrap_or_default())),
        is_of_writers: true,
    }));
    all
}

fn state(world: &World, project: &Project, index: &IndexName) -> Result<String, (String, String)> {
    let read = |path: &str| files::read(&world.path(path)).ok().flatten();
    let name = name(project, &read);
    let read = index::place(world, index).and_then(|place| index::files(world, &place, &name));
    match read {
        Ok(files) => Ok(format!("reached, {} files of {name}", files.len())),
        Err(error) => {
            let fix = match error.downcast_ref::<IndexError>() {
                Some(error) if error.is_denied() => {
                    "export UV_PUBLISH_USERNAME=… UV_PUBLISH_PASSWORD=…, of somebody who may read it"
                }
                Some(_) => {
                    "wait until it answers, or mend the network, package-index, or UV_PUBLISH_CHECK_URL: it is read there"
                }
                None => {
                    "export UV_PUBLISH_CHECK_URL=… and UV_PUBLISH_URL=…, or python3 -m pip install --upgrade pip"
                }
            };
            Err((format!("{error:#}"), fix.to_owned()))
        }
    }
}
