//! Lifting what a rollback blocked.

use monorelease_model::image::Digest;

use super::{change, refuse};
use crate::delivery::deploy::{Deployment, Work};
use crate::delivery::read::Deployed;
use crate::delivery::read::target::Target;
use crate::delivery::{Action, Deliver};
use crate::project::registered::Declared;
use crate::step::Step;
use crate::step::plan::Goal;

/// Plans that one digest, or all of the project, is blocked no longer in an environment.
pub fn plan(goal: &mut Goal, target: &Target<'_>, digest: Option<&Digest>) {
    let Deployed { project, stage, .. } = &target.deployed;
    let name = &project.name;
    for source in &target.deployed.sources {
        let blocked = source.reading.blocked.of_project(name, &stage.name);
        let digests: Vec<Digest> = blocked
            .map(|bar| bar.digest.clone())
            .filter(|blocked| digest.is_none_or(|digest| digest == blocked))
            .collect();
        if digests.is_empty() {
            let what = digest.map_or_else(
                || "nothing".to_owned(),
                |digest| format!("{} not", digest.short()),
            );
            goal.notes.push(format!(
                "{name}: {what} barred in {} ({})",
                stage.name,
                source.place()
            ));
            continue;
        }
        let deliver = Deliver {
            action: Action::Unbar { digests },
            ..change(&target.deployed, source)
        };
        let step = match (source.group.is_ledger(), &project.image) {
            (true, Some(image)) => Step::Deploy(Box::new(Deployment {
                work: Work::Record {
                    found: None,
                    clears: false,
                },
                of: deliver,
                package: project.package.clone(),
                repository: image.release.clone(),
                pins: Vec::new(),
                declared: Declared::default(),
            })),
            _ => match target.pulls.pull_of(stage, &source.group, "unbar", name) {
                Ok(pull) => Step::Deliver(Box::new(Deliver { pull, ..deliver })),
                Err(fault) => {
                    refuse(goal, name, fault);
                    continue;
                }
            },
        };
        goal.want(name, "a promotion may bring it back again", step);
    }
}
