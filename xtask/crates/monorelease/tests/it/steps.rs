//! How plans are carried out: several projects at once, steps side by side, what is looked for first, and what is reported.

use snapbox::str;
use std::collections::BTreeMap;

use crate::support;
use crate::support::Fixture;
use crate::support::proxy::{Latch, Proxy};
use crate::support::snapshots::assert_text;
use monorelease_stand_ins::http::Response;
use monorelease_stand_ins::registry::Fault;
use serde_json::{Value, json};

const PROMOTED: [&str; 5] = [
    "promote acted",
    "promote acted",
    "index acted",
    "tag acted",
    "push-tag acted",
];

#[test]
fn projects_that_are_released_together_are_each_done_once() {
    let fixture = Fixture::new();
    fixture.prepare_release();
    fixture.ok(&["tag", "core", "web", "--rc", "--push"]);
    let before = fixture.state();
    let plan = fixture.json(&["release", "web", "api", "core", "--dry-run"]);
    assert_eq!(
        (plan.code, fixture.state()),
        (0, before),
        "law 13: {plan:#}"
    );
    let report = fixture.json(&["release", "web", "api", "core"]);
    assert_eq!(report.code, 0, "{report:#}");
    assert_eq!(report.verdicts_of("api"), PROMOTED);
    assert_eq!(report.verdicts_of("core"), ["tag acted", "push-tag acted"]);
    let ids = |document: &Value| {
        document["steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| step["id"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        ids(&plan),
        ids(&report),
        "the report is in the order of the plan, whatever ended first"
    );
    let tags = fixture.git(&["ls-remote", "--tags", "--refs", "origin"]);
    assert!(
        ["api-v0.2.0\n", "core-v0.1.0\n", "web-v0.1.0\n"]
            .iter()
            .all(|tag| tags.contains(tag)),
        "{tags}"
    );
    let after = fixture.state();
    let again = fixture.json(&["release", "core", "api", "web"]);
    assert_eq!(
        (
            again.code,
            again.to_string().contains("\"acted\""),
            fixture.state()
        ),
        (0, false, after),
        "law 14"
    );
}

#[test]
fn what_refuses_one_project_does_not_hold_back_another() {
    let fixture = Fixture::new();
    fixture.ok(&["tag", "core", "--rc", "--push"]);
    let plan = fixture.json(&["release", "api", "core", "--dry-run"]);
    assert_eq!(plan.code, 3, "{plan:#}");
    assert_eq!(plan.verdicts_of("core"), ["tag todo", "push-tag todo"]);
    let report = fixture.json(&["release", "api", "core"]);
    assert_eq!(
        report.code, 3,
        "something was refused, nothing failed: {report:#}"
    );
    assert_eq!(report.verdicts_of("core"), ["tag acted", "push-tag acted"]);
    assert_eq!(report.verdicts_of("api"), Vec::<String>::new());
    assert!(
        matches!(&report.refusals()[..], [(project, what)] if *project == "api" && what.contains("has no candidate")),
        "{report:#}"
    );
    let ran = fixture.run(&["release", "api", "core"]);
    assert_eq!(
        ran.code, 3,
        "and still, with nothing left to do: {}",
        ran.stderr
    );
    ran.assert_stderr(str![[r#"
   Releasing api 0.1.0
   Releasing core 0.1.0
        done push-tag core-v0.1.0 to origin  (origin has it at [SHORT])
        done tag core-v0.1.0 at [SHORT]  (at [SHORT])
        note api: no [trust] is configured, so nothing is signed or listed
        note api: no github is configured, so no forge release is made
        note api: no [[pins]] are configured, so nothing is delivered
        note core: no image is configured, so none is promoted
        note core: no package-index is configured, so its wheels are published nowhere
        note core: no [trust] is configured, so nothing is signed or listed
        note core: no github is configured, so no forge release is made
        note core: no [[pins]] are configured, so nothing is delivered
       error api 0.1.0 has no candidate: no tag api-v0.1.0-rcN exists
         try cargo xtask tag api --rc --push && cargo xtask build api --push
     Refused nothing was done

"#]]);
}

#[test]
fn what_is_unreadable_of_one_project_does_not_hold_back_another_and_is_usage_when_alone() {
    let fixture = Fixture::new();
    fixture.ok(&["tag", "core", "--rc", "--push"]);
    fixture.git(&["rm", "--quiet", "web/src/web/version.py"]);
    fixture.commit_all("fix: lose a file");
    assert_eq!(fixture.run(&["release", "web"]).code, 2);
    let report = fixture.json(&["release", "web", "core"]);
    assert_eq!(report.code, 3, "{report:#}");
    assert_eq!(report.verdicts_of("core"), ["tag acted", "push-tag acted"]);
    assert!(
        report.refusals()[0]
            .1
            .contains("web/src/web/version.py: there is no such file"),
        "{report:#}"
    );
}

#[test]
fn what_fails_of_one_project_stops_what_needs_it_and_nothing_else() {
    let fixture = Fixture::new();
    fixture.prepare_release();
    fixture.ok(&["tag", "core", "--rc", "--push"]);
    fixture
        .registry
        .plan_fault(Fault::status("PUT", "/manifests/0.2.0-amd64", 400).times(10));
    let report = fixture.json(&["release", "api", "core", "web"]);
    assert_eq!(report.code, 1, "a failure outranks a refusal: {report:#}");
    assert_eq!(
        report.verdicts_of("api"),
        [
            "promote failed",
            "promote acted",
            "index skipped",
            "tag skipped",
            "push-tag skipped"
        ]
    );
    assert_eq!(report.verdicts_of("core"), ["tag acted", "push-tag acted"]);
    assert_eq!(report.refusals()[0].0, "web");
    fixture.registry.clear_faults();
    let report = fixture.json(&["release", "api", "core"]);
    assert_eq!(
        (report.code, report.verdicts_of("api")),
        (
            0,
            [
                "promote acted",
                "promote done",
                "index acted",
                "tag acted",
                "push-tag acted"
            ]
            .map(str::to_owned)
            .to_vec()
        )
    );
}

#[test]
fn without_a_name_every_project_that_has_a_candidate_is_released() {
    let fixture = Fixture::new();
    fixture.ok(&["tag", "core", "--rc", "--push"]);
    let report = fixture.json(&["release"]);
    assert_eq!(report.code, 0, "{report:#}");
    assert_eq!(report.verdicts_of("core"), ["tag acted", "push-tag acted"]);
    let notes = report["notes"].to_string();
    assert!(
        notes.contains("api: 0.1.0 has no candidate, so it is left out")
            && notes.contains("web: 0.1.0 has no candidate"),
        "{notes}"
    );
    let here = support::ran(
        support::program(&fixture.root().join("web"))
            .args(["release"])
            .output()
            .unwrap(),
    );
    assert_eq!(
        here.code, 3,
        "in a folder, its project is meant, as by name: {}",
        here.stderr
    );
}

#[test]
fn tag_and_bump_stay_all_or_nothing() {
    let fixture = Fixture::new();
    fixture.git(&["tag", "api-v0.1.0"]);
    fixture.git(&[
        "commit",
        "--quiet",
        "--allow-empty",
        "--message",
        "fix: more",
    ]);
    let before = fixture.state();
    assert_eq!(fixture.run(&["tag", "core", "api", "--push"]).code, 3);
    assert_eq!(fixture.state(), before);
}

#[test]
fn platforms_are_promoted_side_by_side_and_the_index_after_them() {
    let fixture = Fixture::new();
    let latch = Latch::default();
    let order = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let held = latch.clone();
    let seen = order.clone();
    let _proxy = Proxy::in_front_of(&fixture, move |request| {
        if request.method == "PUT" {
            seen.lock()
                .unwrap()
                .push(request.target.rsplit('/').next().unwrap().to_owned());
            if request.target.contains("/manifests/0.2.0-") {
                held.pass();
            }
        }
        None
    });
    fixture.prepare_release();
    std::thread::scope(|scope| {
        let release = scope.spawn(|| fixture.json(&["release", "api"]));
        // Were they put one after another, the second would never come.
        latch.wait_for(2);
        latch.open();
        let report = release.join().unwrap();
        assert_eq!(
            (report.code, report.verdicts_of("api")),
            (0, PROMOTED.map(str::to_owned).to_vec()),
            "{report:#}"
        );
    });
    let mut order = order.lock().unwrap().clone();
    assert_eq!(order.pop().as_deref(), Some("0.2.0"));
    order.sort();
    assert_eq!(order, ["0.2.0-amd64", "0.2.0-arm64"]);
}

#[test]
fn each_step_is_charged_with_its_own_requests_also_side_by_side() {
    let fixture = Fixture::new();
    fixture.prepare_release();
    let before = fixture.registry.log().len();
    let report = fixture.json(&["release", "api"]);
    let mut sent: BTreeMap<String, u64> = BTreeMap::new();
    for request in fixture.registry.log().into_iter().skip(before) {
        *sent
            .entry(request.target.rsplit('/').next().unwrap().to_owned())
            .or_default() += 1;
    }
    for step in report["steps"].as_array().unwrap() {
        let id = step["id"].as_str().unwrap();
        let tag = id.rsplit(':').next().unwrap();
        let wanted = if matches!(step["kind"].as_str(), Some("promote" | "index")) {
            sent[tag]
        } else {
            0
        };
        assert_eq!(step["requests"].as_u64(), Some(wanted), "{step}");
        assert!(
            step["seconds"]
                .as_f64()
                .is_some_and(|seconds| seconds >= 0.0),
            "{step}"
        );
    }
    assert_eq!(
        sent["0.2.0-amd64"], 4,
        "asked for the plan, asked again, put, proved"
    );
}

#[test]
fn groups_of_a_ci_are_never_inside_each_other() {
    let fixture = Fixture::new();
    fixture.prepare_release();
    fixture.ok(&["tag", "core", "web", "--rc", "--push"]);
    let ran = fixture.run_with(
        &["release", "api", "core", "web"],
        &[("GITHUB_ACTIONS", "true"), ("CI", "true")],
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let mut open = false;
    let mut groups = 0;
    for line in ran.stderr.lines().map(str::trim_start) {
        match line {
            _ if line.starts_with("::group::") => {
                assert!(!open, "{}", ran.stderr);
                (open, groups) = (true, groups + 1);
            }
            "::endgroup::" => {
                assert!(open, "{}", ran.stderr);
                open = false;
            }
            _ => assert!(
                !(open && line.starts_with("acted ")),
                "a result is hidden in a group: {}",
                ran.stderr
            ),
        }
    }
    assert!(!open && groups >= 1, "{}", ran.stderr);
    assert_eq!(
        ran.stderr
            .lines()
            .filter(|line| line.trim_start().starts_with("acted "))
            .count(),
        9,
        "{}",
        ran.stderr
    );
}

/// A door in front of the fixture's registry: tokens for whoever asks, and no pushing.
fn read_only(fixture: &Fixture, token: &'static str) -> Proxy {
    Proxy::in_front_of(fixture, move |request| {
        let host = request.header("Host").unwrap();
        if request.path == "/token" {
            return Some(Response::json(200, &json!({ "token": token })));
        }
        if request.header("Authorization").is_none() {
            let challenge = format!("Bearer realm=\"http://{host}/token\",service=\"test\"");
            return Some(Response::json(401, &json!({})).with("WWW-Authenticate", challenge));
        }
        let is_writing = !matches!(request.method.as_str(), "GET" | "HEAD");
        is_writing.then(|| {
            Response::json(
                403,
                &json!({ "errors": [{ "code": "DENIED", "message": "read only" }] }),
            )
        })
    })
}

#[test]
fn law_16_a_token_that_may_not_push_is_found_out_before_anything_is_promoted() {
    // {"access":[{"type":"repository","name":"acme/api","actions":["pull"]}]}
    let says_so = "e30.eyJhY2Nlc3MiOlt7InR5cGUiOiJyZXBvc2l0b3J5IiwibmFtZSI6ImFjbWUvYXBpIiwiYWN0aW9ucyI6WyJwdWxsIl19XX0.sig";
    for (token, is_told_by_the_plan) in [(says_so, true), ("opaque", false)] {
        let fixture = Fixture::new();
        let _door = read_only(&fixture, token);
        fixture.prepare_release();
        fixture.ok(&["tag", "core", "--rc", "--push"]);
        let before = fixture.state();
        let plan = fixture.json(&["release", "api", "--dry-run"]);
        assert_eq!(
            plan.code,
            if is_told_by_the_plan { 3 } else { 0 },
            "{plan:#}"
        );
        let report = fixture.json(&["release", "api"]);
        assert_eq!(report.code, 3, "{report:#}");
        assert!(
            report.refusals()[0]
                .1
                .contains("acme/api may not be pushed to"),
            "{report:#}"
        );
        assert!(
            report["refused"][0]["fix"]
                .as_str()
                .unwrap()
                .starts_with("docker login 127.0.0.1:"),
            "{report:#}"
        );
        assert_eq!(fixture.state(), before);
        let report = fixture.json(&["release", "api", "core"]);
        assert_eq!(
            (report.code, report.verdicts_of("core")),
            (3, vec!["tag acted".to_owned(), "push-tag acted".to_owned()]),
            "{report:#}"
        );
    }
}

#[test]
fn law_16_a_remote_that_takes_no_push_is_found_out_before_anything_is_promoted() {
    let fixture = Fixture::new();
    fixture.prepare_release();
    fixture.git(&[
        "remote",
        "set-url",
        "--push",
        "origin",
        "/no/such/repository.git",
    ]);
    let before = fixture.state();
    for (lines, expected) in [
        (
            &[&["release", "api", "--dry-run"][..], &["release", "api"]][..],
            str![[r#"
       error origin takes no tag from here: `git -C [WORKTREE]/ push --quiet --no-follow-tags --dry-run --no-verify origin [COMMIT]:refs/tags/api-v0.2.0` failed: fatal: '/no/such/repository.git' does not appear to be a git repository
             fatal: Could not read from remote repository.
             
             Please make sure you have the correct access rights
             and the repository exists.
         try git push --dry-run origin [COMMIT]:refs/tags/api-v0.2.0, with an account that may write there

"#]],
        ),
        (
            &[&["tag", "core", "--push"]],
            str![[r#"
       error origin takes no tag from here: `git -C [WORKTREE]/ push --quiet --no-follow-tags --dry-run --no-verify origin [COMMIT]:refs/tags/core-v0.1.0` failed: fatal: '/no/such/repository.git' does not appear to be a git repository
             fatal: Could not read from remote repository.
             
             Please make sure you have the correct access rights
             and the repository exists.
         try git push --dry-run origin [COMMIT]:refs/tags/core-v0.1.0, with an account that may write there

"#]],
        ),
    ] {
        for line in lines {
            let ran = fixture.run(line);
            assert_eq!(ran.code, 3, "{line:?}: {}", ran.stderr);
            assert_text(&ran.complaints(), expected.clone());
        }
    }
    assert_eq!(fixture.state(), before);
}

#[test]
fn a_clock_that_is_far_off_is_told() {
    let fixture = Fixture::new();
    let _proxy = Proxy::in_front_of(&fixture, |request| {
        let is_asked_for_a_tag =
            request.method == "HEAD" && request.target.contains("/manifests/0.2.0");
        is_asked_for_a_tag.then(|| {
            let nothing = json!({ "errors": [{ "code": "MANIFEST_UNKNOWN", "message": "" }] });
            Response::json(404, &nothing).with("Date", "Tue, 21 Oct 2025 07:28:00 GMT")
        })
    });
    fixture.prepare_release();
    let plan = fixture.json(&["release", "api", "--dry-run"]);
    assert_eq!(plan.code, 0, "{plan:#}");
    let notes = plan["notes"].to_string();
    assert!(
        notes.contains("min behind ours") && notes.contains("timedatectl set-ntp true"),
        "{notes}"
    );
}

#[test]
fn doctor_says_what_the_preflight_would() {
    let fixture = Fixture::new();
    let _door = read_only(&fixture, "opaque");
    let document = fixture.json(&["doctor"]);
    let findings = document["findings"].as_array().unwrap();
    let images = findings
        .iter()
        .find(|finding| finding["what"].as_str().unwrap().ends_with("/acme/api"))
        .unwrap();
    assert!(
        images["found"]
            .as_str()
            .unwrap()
            .ends_with("its credentials do not say whether they may push"),
        "{images}"
    );
    let disk = findings
        .iter()
        .find(|finding| finding["what"] == "disk")
        .unwrap();
    assert!(disk["found"].as_str().unwrap().contains("MiB"), "{disk}");
}

/// A small disk for real, where this user may mount one.
#[test]
fn law_16_a_disk_without_room_is_found_before_anything_is_built() {
    let fixture = Fixture::new();
    let target = fixture.root().join("target");
    std::fs::create_dir_all(&target).unwrap();
    let on = |program: &str, arguments: &[&str]| {
        std::process::Command::new(program)
            .args(arguments)
            .arg(&target)
            .output()
            .is_ok_and(|output| output.status.success())
    };
    if !on("mount", &["-t", "tmpfs", "-o", "size=16m", "tmpfs"]) {
        println!("skipped: this user may not mount a small disk");
        return;
    }
    let ran = fixture.run(&["build", "core"]);
    assert!(on("umount", &[]));
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    ran.assert_stderr(str![[r#"
        todo build-distribution wheel of core 0.1.0 for this machine  (0.1.0 at [COMMIT])
       error 16 MiB are free where [WORKTREE]/target lies, a build wants 1024 MiB
         try docker system prune, or rm -r target
     Refused nothing was done

"#]]);
}

#[test]
fn many_projects_are_asked_about_at_once_and_answered_in_their_order() {
    let fixture = Fixture::new();
    let names: Vec<_> = (0..30).map(|number| format!("p{number:02}")).collect();
    let sections = names
        .iter()
        .map(|name| format!("[projects.{name}]\npath = \"{name}\"\nversions = [\"VERSION\"]\n"))
        .collect::<String>();
    fixture.write("xtask/monorepo.toml", &sections);
    names
        .iter()
        .for_each(|name| fixture.write(&format!("{name}/VERSION"), "1.0.0\n"));
    fixture.git(&["add", "--all"]);
    fixture.commit_all("feat: many");
    fixture.ok(&["tag", "--rc"]);
    let report = fixture.json(&["release"]);
    assert_eq!(report.code, 0, "{report:#}");
    let order: Vec<_> = report["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["project"].as_str().unwrap().to_owned())
        .collect();
    let wanted: Vec<_> = names
        .iter()
        .flat_map(|name| [name.clone(), name.clone()])
        .collect();
    assert_eq!(order, wanted);
    assert!(
        report["steps"]
            .as_array()
            .unwrap()
            .iter()
            .all(|step| step["verdict"] == "acted"),
        "{report:#}"
    );
    let status = fixture.json(&["status"]);
    let released: Vec<_> = status["projects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| found["progress"].as_str().unwrap())
        .collect();
    assert_eq!(released, ["released"; 30]);
}
