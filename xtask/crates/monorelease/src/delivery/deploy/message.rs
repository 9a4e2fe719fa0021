//! What the ledger's commits say: their messages, for people and with trailers for machines.
//!
//! Which file they change is the engine's; that a rollback reads them again is `delivery`'s.

use super::checks::Task;
use crate::delivery;
use crate::delivery::Deliver;

/// The message of the commit after which something else is to run.
pub fn record_message(of: &Deliver) -> String {
    delivery::message::message(of, &[])
}

/// The message of the commit that a task passed. Its action is none that changes what runs.
pub fn passed_message(of: &Deliver, task: &Task) -> String {
    let Deliver {
        project,
        environment,
        ..
    } = of;
    let word = task.phase.word();
    let images = of.images.as_ref();
    let name = images
        .map(|images| images.name().to_owned())
        .unwrap_or_default();
    let to = images
        .map(|images| format!("Xtask-To: {}\n", crate::delivery::Said::of(images)))
        .unwrap_or_default();
    format!(
        "chore({environment}): {project} {name} passed {word}\n\nXtask-Project: {project}\nXtask-Environment: {environment}\nXtask-Action: \
         passed\nXtask-Passed: {word}\n{to}"
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;
    use crate::delivery::deploy::checks::Phase;
    use crate::delivery::deploy::{Deployment, Effect};
    use crate::delivery::{Action, ReleaseImages};
    use crate::engine::order::units;
    use crate::step::Step;
    use crate::step::plan::{Goal, Scope};
    use monorelease_model::image::Digest;

    fn of(environment: &str) -> Deliver {
        Deliver {
            action: Action::Promote,
            project: "api".into(),
            environment: environment.into(),
            address: "there".into(),
            is_own: true,
            branch: "refs/xtask/environments".into(),
            pins: Vec::new(),
            images: Some(ReleaseImages {
                version: "0.2.0".into(),
                index: Digest::of(b"image"),
                platforms: Vec::new(),
            }),
            from: Vec::new(),
            found: BTreeMap::new(),
            approval: false,
            pull: None,
        }
    }

    fn task(phase: Phase) -> Task {
        Task {
            phase,
            commands: vec![vec!["x".into()]],
            limit: Duration::from_secs(1),
            workloads: Vec::new(),
        }
    }

    fn step(environment: &str, effect: Effect) -> Step {
        let repository = "r.io/acme/api".parse().unwrap();
        Step::Deploy(Box::new(Deployment {
            effect,
            of: of(environment),
            package: "api".into(),
            repository,
            pins: Vec::new(),
            declared: Default::default(),
        }))
    }

    #[test]
    fn what_passed_is_no_change_of_what_runs_for_a_rollback() {
        let read = |message: &str| delivery::message::record("c", 0, message).unwrap();
        let passed = read(&passed_message(&of("staging"), &task(Phase::Smoke)));
        assert_eq!(
            (passed.action.as_str(), passed.environment.as_str()),
            ("passed", "staging")
        );
        let recorded = read(&record_message(&of("staging")));
        assert_eq!(
            (
                recorded.action.as_str(),
                recorded.to.unwrap().version.as_deref()
            ),
            ("promote", Some("0.2.0"))
        );
    }

    #[test]
    fn an_environment_goes_in_order_and_does_not_wait_for_another() {
        let mut goal = Goal::default();
        for environment in ["staging", "canary"] {
            goal.want(
                "api",
                "",
                step(
                    environment,
                    Effect::Record {
                        found: None,
                        clears: false,
                    },
                ),
            );
            goal.want(
                "api",
                "",
                Step::Deliver(Box::new(Deliver {
                    branch: "main".into(),
                    ..of(environment)
                })),
            );
            goal.want(
                "api",
                "",
                step(environment, Effect::Run(task(Phase::Deploy))),
            );
            goal.want(
                "api",
                "",
                step(environment, Effect::Run(task(Phase::Smoke))),
            );
        }
        let drafts: Vec<_> = goal.drafts.iter().collect();
        let needs: Vec<Vec<usize>> = units(Scope::Together, &drafts)
            .into_iter()
            .map(|unit| unit.needs)
            .collect();
        // The second delivery waits for the first, as deliveries do.
        let wanted: [&[usize]; 8] = [
            &[],
            &[0],
            &[0, 1],
            &[0, 1, 2],
            &[],
            &[1, 4],
            &[4, 5],
            &[4, 5, 6],
        ];
        assert_eq!(needs, wanted);
    }
}
