//! Plans made of facts alone: pins and the ledger are planned of alike.

use monorelease_image_pins::Format;
use monorelease_image_pins::place::PinQuery;
use monorelease_image_pins::references::find_pins;
use monorelease_model::version::Version;

use super::promote::{Previous, named};
use super::rollback::{Bad, aim, bad, running};
use super::*;
use crate::config;
use crate::delivery::ledger::{Entry, LEDGER_REF};
use crate::delivery::message::{Before, Record};
use crate::delivery::pins::{Delivery, Pin};
use crate::delivery::pull_request::host::PullHost;
use crate::delivery::read::source::{FileReading, PinGroup, Reading};
use crate::delivery::{Bar, Said};
use crate::project::Projects;
use crate::world::environment::Environment;

/// An environment that pins tell of, or the ledger.
const BY: [&str; 2] = [
    "[[pins]]\nproject = \"api\"\nenvironment = \"staging\"\ngit = \"there\"\nfile = \"s.yaml\"\n[[pins]]\nproject = \"api\"\nenvironment = \"production\"\ngit = \"there\"\nfile = \"p.yaml\"\n",
    "[environments.staging]\ndeploy = [\"x\"]\n[environments.production]\nafter = \"staging\"\ndeploy = [\"x\"]\n",
];

fn digest(letter: char) -> Digest {
    format!("sha256:{}", letter.to_string().repeat(64))
        .parse()
        .unwrap()
}

fn images(version: &str, letter: char) -> ReleaseImages {
    ReleaseImages {
        version: version.to_owned(),
        index: digest(letter),
        platforms: Vec::new(),
    }
}

/// A configuration of one project, and the variables of a run.
struct Configured {
    projects: Projects,
    delivery: Delivery,
    environment: Environment,
}

impl Configured {
    fn new(by: &str) -> Self {
        let stages = match by.contains("[environments") {
            true => "",
            false => "[environments.staging]\n[environments.production]\nafter = \"staging\"\n",
        };
        let text = format!(
            "[repository]\nbranch = \"main\"\n[images]\nrepository = \"r.io/acme/{{package}}\"\n[projects.api]\npath = \"api\"\nversions = [\"pyproject.toml\"]\nimage = {{ platforms = [\"linux/amd64\"] }}\n{stages}{by}"
        );
        let config = config::parse(&text, "m").unwrap();
        let projects = Projects::from_config(&config, "m").unwrap();
        let delivery = Delivery::from_config(&config, &projects, "m").unwrap();
        Self {
            projects,
            delivery,
            environment: Environment::default(),
        }
    }

    /// What an environment runs, and what is blocked there.
    fn deployed(&self, stage: &str, runs: Option<(&str, char)>, blocked: &[char]) -> Deployed<'_> {
        let project = &self.projects.all[0];
        let stage = self.delivery.stage(stage).unwrap();
        let pins: Vec<Pin> = self.delivery.pins_of("api", &stage.name).cloned().collect();
        let mut reading = Reading {
            head: Some("c".to_owned()),
            ..Reading::default()
        };
        reading.blocked.bars = blocked
            .iter()
            .map(|letter| bar(*letter, &stage.name))
            .collect();
        match (pins.first(), runs) {
            (Some(pin), Some((version, letter))) => {
                let text = format!("image: r.io/acme/api:{version}@{}\n", digest(letter));
                let query = PinQuery {
                    repository: &pin.repository,
                    key: None,
                    write: None,
                };
                let places = find_pins(&text, Format::Yaml, &query).unwrap();
                reading.files.push(FileReading {
                    file: pin.file.clone(),
                    text,
                    places: places.into_iter().map(|place| (0, place)).collect(),
                });
            }
            (None, Some((version, letter))) => {
                reading.entry = Some(Entry {
                    version: version.to_owned(),
                    digest: digest(letter),
                    passed: stage
                        .checks
                        .tasks
                        .iter()
                        .map(|task| (task.phase.word().to_owned(), task.words()))
                        .collect(),
                });
            }
            (_, None) => {}
        }
        let branch = if pins.is_empty() { LEDGER_REF } else { "main" };
        let group = PinGroup {
            address: "there".to_owned(),
            is_own: false,
            branch: branch.to_owned(),
            pins,
        };
        Deployed {
            project,
            stage,
            sources: vec![Source { group, reading }],
            unread: Vec::new(),
        }
    }

    fn target(&self, runs: Option<(&str, char)>, blocked: &[char]) -> Target<'_> {
        let deployed = self.deployed("production", runs, blocked);
        let source = &deployed.sources[0];
        let tasks = deployed.stage.checks.deploys().then(|| {
            Ok(Tasks {
                of: change(&deployed, source),
                ledger: source.reading.clone(),
                declared: Default::default(),
            })
        });
        Target {
            deployed,
            tasks,
            pulls: PullHost {
                github: None,
                environment: &self.environment,
            },
        }
    }
}

fn bar(letter: char, environment: &str) -> Bar {
    Bar {
        project: "api".to_owned(),
        environment: environment.to_owned(),
        digest: digest(letter),
        version: String::new(),
        since: "then".to_owned(),
        why: String::new(),
        by: "Ann".to_owned(),
    }
}

/// The actions of what is delivered or recorded, and the first words of refusals and notes.
fn told(goal: &Goal) -> (Vec<&'static str>, String) {
    let actions = goal.drafts.iter().filter_map(|draft| match &draft.step {
        Step::Deliver(delivery) => Some(delivery.action.word()),
        Step::Deploy(deployment) if deployment.kind() != "deploy" => {
            Some(deployment.of.action.word())
        }
        _ => None,
    });
    let refused = goal.refused.iter().map(|refusal| &refusal.what);
    let said = refused.chain(&goal.notes).cloned().collect::<Vec<_>>();
    (actions.collect(), said.join("\n"))
}

#[test]
fn law_20_promotions_are_planned_alike_of_pins_and_of_the_ledger() {
    for by in BY {
        let configured = Configured::new(by);
        for (here, blocked, before, wanted, said) in [
            (
                Some(("0.1.0", 'a')),
                vec![],
                Some(("0.2.0", 'b')),
                vec!["promote"],
                "",
            ),
            (
                Some(("0.1.0", 'a')),
                vec!['b'],
                Some(("0.2.0", 'b')),
                vec![],
                "is barred in production since then by Ann",
            ),
            (
                None,
                vec![],
                Some(("0.3.0", 'c')),
                vec!["promote"],
                "does not stand in staging",
            ),
        ] {
            let mut goal = Goal::default();
            let deployed = configured.deployed("staging", before, &[]);
            let passed = deployed.stage.checks.deploys().then(|| {
                let mut all = configured.deployed("staging", before, &[]).sources;
                Ok(all.remove(0))
            });
            let previous = Previous {
                deployed,
                passed,
                brought: None,
            };
            let target = configured.target(here, &blocked);
            promote::plan(&mut goal, &target, Some(&previous), &images("0.2.0", 'b'));
            let found = told(&goal);
            assert_eq!(found.0, wanted, "{by}{found:?}");
            assert!(
                found.1.contains(said) && goal.refused.is_empty() == said.is_empty(),
                "{by}{found:?}"
            );
        }
    }
}

#[test]
fn what_is_promoted_is_what_the_environment_before_runs() {
    for by in BY {
        let configured = Configured::new(by);
        let target = configured.deployed("production", None, &[]);
        let mut goal = Goal::default();
        let before = configured.deployed("staging", Some(("0.2.0", 'b')), &[]);
        let name = named(&mut goal, &target, Some(&before), None);
        assert_eq!(name.as_deref(), Some("0.2.0"), "{by}");
        assert!(goal.refused.is_empty(), "{by}");
        let nothing = configured.deployed("staging", None, &[]);
        assert_eq!(
            named(&mut goal, &target, Some(&nothing), None),
            None,
            "{by}"
        );
        assert!(
            told(&goal).1.contains("does not tell which version"),
            "{by}"
        );
    }
}

#[test]
fn a_release_leaves_an_environment_that_runs_something_newer() {
    for by in BY {
        let configured = Configured::new(by);
        for (here, blocked, wanted, said) in [
            (Some(("0.1.0", 'a')), vec![], vec!["promote"], ""),
            (Some(("0.3.0", 'c')), vec![], vec![], "runs 0.3.0 already"),
            (
                Some(("0.1.0", 'a')),
                vec!['b'],
                vec![],
                "is barred in production",
            ),
        ] {
            let mut goal = Goal::default();
            let version = Version::parse_semver("0.2.0").unwrap();
            let target = configured.target(here, &blocked);
            promote::release(&mut goal, &target, &images("0.2.0", 'b'), &version);
            let found = told(&goal);
            assert_eq!(found.0, wanted, "{by}{found:?}");
            assert!(found.1.contains(said), "{by}{found:?}");
        }
    }
}

#[test]
fn law_20_rollbacks_are_planned_alike_of_pins_and_of_the_ledger() {
    let said = |version: &str, letter| Said {
        version: Some(version.to_owned()),
        digest: Some(digest(letter)),
    };
    let record = |action: &str, from: Said, to: Said| Record {
        commit: "c".to_owned(),
        seconds: 0,
        action: action.to_owned(),
        project: "api".to_owned(),
        environment: "production".to_owned(),
        from: vec![from],
        to: Some(to),
    };
    let promoted = record("promote", said("0.1.0", 'a'), said("0.2.0", 'b'));
    let back = record("rollback", said("0.2.0", 'b'), said("0.1.0", 'a'));
    let lifted = record("unbar", said("0.2.0", 'b'), said("0.2.0", 'b'));
    for by in BY {
        let configured = Configured::new(by);
        for (here, records, wanted, bad_version) in [
            (
                ("0.2.0", 'b'),
                vec![promoted.clone()],
                vec!["rollback"],
                "0.2.0",
            ),
            // What was cut off behind its commit still has to be blocked; what was lifted since has not.
            (
                ("0.1.0", 'a'),
                vec![back.clone()],
                vec!["rollback"],
                "0.2.0",
            ),
            (
                ("0.1.0", 'a'),
                vec![lifted.clone(), back.clone()],
                vec![],
                "0.1.0",
            ),
        ] {
            let mut goal = Goal::default();
            let target = configured.target(Some(here), &[]);
            let records = [records];
            let now = running(&mut goal, &target.deployed, &records).unwrap();
            let to = images("0.1.0", 'a');
            let from = bad(&target.deployed, &records, &to, now);
            assert_eq!(from.version.as_deref(), Some(bad_version), "{by}");
            let bad = Bad {
                digest: from.digest.unwrap(),
                version: bad_version.to_owned(),
            };
            super::rollback::plan(&mut goal, &target, &to, None, bad, "it burns");
            assert_eq!(told(&goal).0, wanted, "{by}{:?}", told(&goal));
        }
        let mut goal = Goal::default();
        let target = configured.target(Some(("0.2.0", 'b')), &[]);
        let source = &target.deployed.sources[0];
        let stood = Before::Stood(said("0.1.0", 'a'));
        let aimed = aim(
            &mut goal,
            &target.deployed,
            vec![(source, stood)],
            &said("0.2.0", 'b'),
        );
        assert_eq!(aimed.as_deref(), Some("0.1.0"), "{by}");
        let unknown = Before::Unknown("nobody told".to_owned());
        let aimed = aim(
            &mut goal,
            &target.deployed,
            vec![(source, unknown)],
            &said("0.2.0", 'b'),
        );
        assert_eq!(aimed, None, "{by}");
        assert!(told(&goal).1.contains("it cannot be told what ran"), "{by}");
    }
}

#[test]
fn what_is_blocked_is_lifted_where_it_is_and_nothing_else() {
    for by in BY {
        let configured = Configured::new(by);
        for (blocked, asked, wanted) in [
            (vec!['a', 'b'], None, vec!["unbar"]),
            (vec!['a', 'b'], Some('b'), vec!["unbar"]),
            (vec!['a'], Some('b'), vec![]),
            (vec![], None, vec![]),
        ] {
            let mut goal = Goal::default();
            let asked = asked.map(digest);
            unblock::plan(
                &mut goal,
                &configured.target(None, &blocked),
                asked.as_ref(),
            );
            assert_eq!(told(&goal).0, wanted, "{by}");
            assert_eq!(goal.notes.is_empty(), !wanted.is_empty(), "{by}");
        }
    }
}
