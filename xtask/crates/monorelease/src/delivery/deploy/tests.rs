//! Tests of the order in which an environment is deployed to.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::delivery::deploy::checks::{Phase, Task};
use crate::delivery::deploy::{Deployment, Work};
use crate::delivery::{Action, Deliver, ReleaseImages};
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

fn step(environment: &str, work: Work) -> Step {
    let repository = "r.io/acme/api".parse().unwrap();
    Step::Deploy(Box::new(Deployment {
        work,
        of: of(environment),
        package: "api".into(),
        repository,
        pins: Vec::new(),
        declared: Default::default(),
    }))
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
                Work::Record {
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
        goal.want("api", "", step(environment, Work::Run(task(Phase::Deploy))));
        goal.want("api", "", step(environment, Work::Run(task(Phase::Smoke))));
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
