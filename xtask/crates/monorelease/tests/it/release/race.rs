//! Two releases of one project at the same time, and third parties that move what was planned upon.
//!
//! The interleavings are not left to luck: at every request of one run, another one runs from its beginning to its end.

use std::fs;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};

use crate::support;
use crate::support::snapshots::assert_text;
use crate::support::{Fixture, Report, git_in, program, ran};
use monorelease_stand_ins::registry::Fault;
use snapbox::str;

/// A second clone of the fixture's remote, as another machine has it.
fn second_clone(fixture: &Fixture) -> std::path::PathBuf {
    let clone = fixture.folder().join("second");
    let origin = fixture.folder().join("origin.git");
    git_in(
        &fixture.folder(),
        &[
            "clone",
            "--quiet",
            origin.to_str().unwrap(),
            clone.to_str().unwrap(),
        ],
    );
    git_in(
        &clone,
        &["checkout", "--quiet", "--detach", "api-v0.2.0-rc1"],
    );
    for (key, value) in [
        ("user.name", "Test"),
        ("user.email", "test@localhost"),
        ("tag.gpgSign", "false"),
    ] {
        git_in(&clone, &["config", key, value]);
    }
    clone
}

fn images(fixture: &Fixture) -> Vec<(String, String)> {
    fixture
        .registry
        .state()
        .into_iter()
        .filter(|(name, _)| name.starts_with("acme/api"))
        .collect()
}

/// Both ended well, or the one that lost a step says what it met, and runs well when it is run again.
fn assert_fair(fixture: &Fixture, folder: &std::path::Path, run: &Report, case: &str) {
    match run.code {
        0 => {}
        1 | 3 => {
            assert!(
                run.stderr.contains("error") && run.stderr.contains("try"),
                "{case}: {}",
                run.stderr
            );
            let again = ran(program(folder).args(["release", "api"]).output().unwrap());
            assert_eq!(
                again.code, 0,
                "{case}: the loser could not be finished: {} after {}",
                again.stderr, run.stderr
            );
        }
        code => panic!("{case}: exit {code}: {}", run.stderr),
    }
    let report = fixture.json(&["release", "api"]);
    assert!(
        report["steps"]
            .as_array()
            .unwrap()
            .iter()
            .all(|step| step["verdict"] == "done"),
        "{case}: {report:#}"
    );
}

#[test]
fn law_14_a_release_that_overtakes_another_at_any_request_leaves_what_one_leaves() {
    let fixture = Fixture::new();
    fixture.prepare_release();
    let clone = second_clone(&fixture);
    let beginning = fixture.registry.keep();
    let folder = support::room::folder();
    let copy = |from: &std::path::Path, to: &std::path::Path| {
        let copied = std::process::Command::new("cp")
            .arg("-a")
            .arg(format!("{}/.", from.display()))
            .arg(to)
            .status()
            .unwrap();
        assert!(copied.success());
    };
    copy(&fixture.folder(), folder.path());
    let go_back = || {
        for entry in fs::read_dir(fixture.folder()).unwrap() {
            fs::remove_dir_all(entry.unwrap().path()).unwrap();
        }
        copy(folder.path(), &fixture.folder());
        fixture.registry.go_back_to(&beginning);
    };
    fixture.ok(&["release", "api"]);
    let wanted = images(&fixture);
    let mut cases = 0;
    for other in [fixture.root(), clone] {
        for place in 1.. {
            go_back();
            let overtaking: Arc<Mutex<Option<Report>>> = Arc::default();
            let kept = Arc::clone(&overtaking);
            let folder = other.clone();
            let overtake = move || {
                *kept.lock().unwrap() = Some(ran(program(&folder)
                    .args(["release", "api"])
                    .output()
                    .unwrap()))
            };
            fixture
                .registry
                .plan_fault(Fault::pause("", "", overtake).from_nth(place));
            let overtaken = fixture.run(&["release", "api"]);
            if fixture.registry.clear_faults() > 0 {
                break;
            }
            let case = format!("overtaken at request {place} from {}", other.display());
            let overtaking = overtaking.lock().unwrap().take().unwrap();
            assert_eq!(overtaking.code, 0, "{case}: {}", overtaking.stderr);
            assert_fair(&fixture, &fixture.root(), &overtaken, &case);
            assert_eq!(images(&fixture), wanted, "{case}");
            cases += 1;
        }
    }
    println!("one release overtaken by another: {cases} cases");
}

#[test]
fn law_14_many_releases_at_once_leave_what_one_leaves() {
    let fixture = Fixture::new();
    fixture.prepare_release();
    let clone = second_clone(&fixture);
    let start = |folder: &std::path::Path| -> Child {
        program(folder)
            .args(["release", "api"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let running: Vec<_> = (0..3)
        .flat_map(|_| [fixture.root(), clone.clone()])
        .map(|folder| (start(&folder), folder))
        .collect();
    for (child, folder) in running {
        let run = ran(child.wait_with_output().unwrap());
        assert_fair(&fixture, &folder, &run, "six at once");
    }
    assert!(
        fixture
            .git(&["ls-remote", "--tags", "origin"])
            .contains("refs/tags/api-v0.2.0^{}")
    );
}

/// Whoever gives a release name to other bytes while the plan is being carried out is not overwritten.
#[test]
fn law_9_a_name_taken_by_somebody_between_plan_and_act_is_never_moved() {
    let mut cases = 0;
    for (name, expected) in [
        (
            "0.2.0-amd64",
            str![[r#"
             since the plan was made: found [SERVER]/acme/api:0.2.0-amd64 holds [DIGEST], wanted [DIGEST]  [[DURATION], [REQUESTS]]

"#]],
        ),
        (
            "0.2.0-arm64",
            str![[r#"
             since the plan was made: found [SERVER]/acme/api:0.2.0-arm64 holds [DIGEST], wanted [DIGEST]  [[DURATION], [REQUESTS]]

"#]],
        ),
        (
            "0.2.0",
            str![[r#"
             since the plan was made: found [SERVER]/acme/api:0.2.0 holds [DIGEST], wanted [DIGEST]  [[DURATION], [REQUESTS]]

"#]],
        ),
    ] {
        let fixture = Fixture::new();
        fixture.prepare_release();
        let other = fixture
            .registry
            .tags("acme/api")
            .into_iter()
            .find(|tag| tag.ends_with("-amd64"))
            .unwrap();
        let (media_type, bytes) = fixture.registry.manifest("acme/api", &other).unwrap();
        // The same image in other bytes, as a rebuild would be.
        let taken = [bytes, b"\n".to_vec()].concat();
        let url = format!(
            "http://{}/v2/acme/api/manifests/{name}",
            fixture.registry.address()
        );
        let body = fixture.folder().join("taken.json");
        fs::write(&body, &taken).unwrap();
        let take = move || {
            let status = std::process::Command::new("curl")
                .args([
                    "--silent",
                    "--fail",
                    "--request",
                    "PUT",
                    "--header",
                    &format!("Content-Type: {media_type}"),
                    "--data-binary",
                ])
                .arg(format!("@{}", body.display()))
                .arg(&url)
                .status();
            assert!(status.unwrap().success());
        };
        // The second time that the name is asked for is after the plan.
        fixture
            .registry
            .plan_fault(Fault::pause("", &format!("/manifests/{name}$"), take).from_nth(2));
        let run = fixture.run(&["release", "api"]);
        assert_eq!(fixture.registry.clear_faults(), 0);
        assert!(matches!(run.code, 1 | 3), "{}", run.stderr);
        assert_text(&run.lines_with("since the plan was made"), expected);
        let kept = fixture.registry.manifest("acme/api", name).unwrap().1;
        assert_eq!(kept, taken, "{name} was moved");
        assert!(
            !fixture
                .git(&["ls-remote", "--tags", "origin"])
                .contains("refs/tags/api-v0.2.0\n"),
            "nothing that comes after it is done"
        );
        let again = fixture.run(&["release", "api"]);
        assert_eq!(again.code, 3, "{}", again.stderr);
        cases += 1;
    }
    println!("names taken between plan and act: {cases} cases");
}
