//! `rollback` and `unbar`: an environment runs what it ran before, and what it is taken back from does not come again.

use super::promote::version;
use super::{App, Outcome};
use crate::cli::{Rollback, Unbar};
use crate::model::fault::Fault;
use crate::model::image::Digest;
use crate::model::step::Goal;

pub fn run(app: &App, arguments: &Rollback) -> Outcome {
    let project = app.projects.find(&arguments.project)?;
    let stage = app.delivery.stage(&arguments.environment)?;
    let to = match arguments.to.as_deref() {
        // Where pins say digests alone, a digest is all that names what ran.
        Some(text) if text.parse::<Digest>().is_ok() => Some(text.to_owned()),
        Some(text) if text.starts_with("sha256:") => {
            let what = format!(
                "--to {text}: it is no whole digest, wanted \"sha256:\" and 64 lower-case hexadecimal digits"
            );
            return Err(Fault::usage(what)
                .fix(format!(
                    "cargo xtask status {}, which names digests",
                    project.name
                ))
                .into());
        }
        Some(text) => Some(version(text, "--to")?.to_semver()),
        None => None,
    };
    let mut goal = Goal::default();
    app.deliverer()
        .rollback(&mut goal, project, stage, to.as_deref(), &arguments.why)?;
    app.execute(goal, serde_json::Map::new())
}

pub fn unbar(app: &App, arguments: &Unbar) -> Outcome {
    let project = app.projects.find(&arguments.project)?;
    let stage = app.delivery.stage(&arguments.environment)?;
    let digest: Option<Digest> = arguments
        .digest
        .as_deref()
        .map(|text| {
            text.parse().map_err(|why| {
                Fault::usage(format!("{why}")).fix("the digest as the refusal names it: sha256:…")
            })
        })
        .transpose()?;
    let mut goal = Goal::default();
    app.deliverer()
        .unbar(&mut goal, project, stage, digest.as_ref())?;
    app.execute(goal, serde_json::Map::new())
}
