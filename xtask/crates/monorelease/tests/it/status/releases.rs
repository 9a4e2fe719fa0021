//! `status`: every state that a release can be in, told without changing anything.

use crate::support::Fixture;
use monorelease_stand_ins::registry::Fault;
use serde_json::Value;
use snapbox::str;

/// The project's part of the document; asking changes nothing.
fn status(fixture: &Fixture, project: &str) -> Value {
    let before = fixture.state();
    let document = fixture.json(&["status", project]);
    assert_eq!(document.code, 0, "{document:#}");
    assert_eq!(
        fixture.state(),
        before,
        "law 13: a report changed something"
    );
    assert!(
        fixture
            .registry
            .log()
            .iter()
            .all(|request| request.status.is_some()),
        "every question was answered"
    );
    document["projects"][0].clone()
}

fn names(status: &Value) -> Vec<(&str, &str)> {
    let names = status["names"].as_array().unwrap().iter();
    names
        .map(|name| {
            (
                name["name"].as_str().unwrap().rsplit('/').next().unwrap(),
                name["is"].as_str().unwrap(),
            )
        })
        .collect()
}

#[test]
fn a_release_is_followed_from_its_candidate_to_its_end() {
    let fixture = Fixture::new();
    let first = status(&fixture, "api");
    assert_eq!(
        (first["progress"].as_str(), first["next"].as_str()),
        (
            Some("no candidate"),
            Some("cargo xtask tag api --rc --push && cargo xtask build api --push")
        )
    );
    let build_id = fixture.prepare_release();
    let ready = status(&fixture, "api");
    assert_eq!(
        (ready["progress"].as_str(), ready["next"].as_str()),
        (Some("ready"), Some("cargo xtask release api"))
    );
    assert_eq!(
        (
            ready["version"].as_str(),
            ready["candidate"]["tag"].as_str()
        ),
        (Some("0.2.0"), Some("api-v0.2.0-rc1"))
    );
    assert_eq!(ready["candidate"]["build_id"], build_id.as_str());
    assert_eq!(
        names(&ready),
        [
            ("api:0.2.0-amd64", "absent"),
            ("api:0.2.0-arm64", "absent"),
            ("api:0.2.0", "absent"),
            ("api-v0.2.0", "absent")
        ]
    );

    fixture
        .registry
        .plan_fault(Fault::status("PUT", "/manifests/0.2.0-arm64", 400).times(10));
    assert_eq!(fixture.run(&["release", "api"]).code, 1);
    fixture.registry.clear_faults();
    let half = status(&fixture, "api");
    assert_eq!(
        (half["progress"].as_str(), half["next"].as_str()),
        (Some("half done"), Some("cargo xtask release api"))
    );
    assert_eq!(
        names(&half)[..2],
        [("api:0.2.0-amd64", "there"), ("api:0.2.0-arm64", "absent")]
    );
    let ran = fixture.ok(&["status", "api"]);
    ran.assert_stderr(str![[r#"
       error api 0.2.0 is half done: it lacks [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST], [SERVER]/acme/api:0.2.0 = [DIGEST], api-v0.2.0 at [SHORT], api-v0.2.0 to origin
         try cargo xtask release api

"#]]);

    fixture.ok(&["release", "api"]);
    let done = status(&fixture, "api");
    assert_eq!(
        (done["progress"].as_str(), &done["next"]),
        (Some("released"), &Value::Null)
    );
    assert!(
        names(&done).iter().all(|(_, is)| *is == "there"),
        "{done:#}"
    );
    assert_eq!(
        done["names"][2]["holds"],
        fixture
            .registry
            .digest("acme/api", "0.2.0")
            .unwrap()
            .to_string()
    );
    let tag = done["names"][3]["holds"].as_str().unwrap();
    assert_eq!(tag, format!("{}, here and on origin", fixture.head()));
    assert_eq!(done["releases"][0]["tag"], "api-v0.2.0");
    let ran = fixture.ok(&["status"]);
    let row = ran
        .stdout
        .lines()
        .find(|line| line.starts_with("api") && line.contains(" release "))
        .unwrap();
    assert!(
        row.contains("released") && row.contains("5 of 5 steps are done"),
        "{}",
        ran.stdout
    );
}

#[test]
fn an_older_release_that_lacks_a_name_is_half_done_with_what_finishes_it() {
    let fixture = Fixture::new();
    fixture.prepare_release();
    // Tagged by hand, before anything was promoted; then life went on.
    fixture.ok(&["tag", "api", "--push"]);
    fixture.ok(&["bump", "minor", "api", "--commit"]);
    let found = status(&fixture, "api");
    assert_eq!(found["progress"], "no candidate");
    let unfinished = &found["unfinished"];
    assert_eq!(
        (
            unfinished["version"].as_str(),
            unfinished["lacks"].as_array().unwrap().len()
        ),
        (Some("0.2.0"), 3),
        "{found:#}"
    );
    assert_eq!(
        unfinished["next"],
        "git checkout api-v0.2.0 && cargo xtask release api"
    );
    fixture.git(&["checkout", "--quiet", "api-v0.2.0"]);
    fixture.ok(&["release", "api"]);
    fixture.git(&["checkout", "--quiet", "main"]);
    assert_eq!(status(&fixture, "api")["unfinished"], Value::Null);
}

#[test]
fn law_15_what_cannot_be_read_is_unknown_and_not_absent() {
    let fixture = Fixture::new();
    fixture.prepare_release();
    fixture
        .registry
        .plan_fault(Fault::status("", "/v2/acme/api/", 403).times(1000));
    let document = fixture.json(&["status", "api"]);
    let found = &document["projects"][0];
    assert_eq!(
        (document.code, found["progress"].as_str()),
        (0, Some("unknown")),
        "{document:#}"
    );
    assert_eq!(
        names(found),
        [
            ("api:0.2.0-amd64", "unknown"),
            ("api:0.2.0-arm64", "unknown"),
            ("api:0.2.0", "unknown"),
            ("api-v0.2.0", "absent")
        ]
    );
    let table = fixture.ok(&["status", "api"]).stdout;
    let candidate = table
        .lines()
        .find(|line| line.contains("api-v0.2.0-rc1"))
        .unwrap();
    assert!(
        candidate.contains("unknown") && !candidate.contains("not built"),
        "whether it is built was not seen: {table}"
    );
    assert_eq!(
        table.matches("403").count(),
        1,
        "one reason is told once: {table}"
    );
    fixture.registry.clear_faults();
    fixture.git(&["remote", "set-url", "origin", "/no/such/repository.git"]);
    let document = fixture.json(&["status", "api", "core"]);
    assert_eq!(document.code, 0);
    for found in document["projects"].as_array().unwrap() {
        assert_eq!(found["progress"], "unknown", "{found:#}");
        assert_eq!(
            found["names"].as_array().unwrap().last().unwrap()["is"],
            "unknown"
        );
    }
}

#[test]
fn it_wants_no_name_of_a_committer_and_no_right_to_push() {
    let fixture = Fixture::new();
    fixture.prepare_release();
    for key in ["user.name", "user.email"] {
        fixture.git(&["config", "--unset", key]);
    }
    fixture.git(&["config", "user.useConfigOnly", "true"]);
    fixture.git(&[
        "remote",
        "set-url",
        "--push",
        "origin",
        "/no/such/repository.git",
    ]);
    let ran = fixture.run_with(
        &["status", "api"],
        &[
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_CONFIG_SYSTEM", "/dev/null"),
        ],
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.assert_stdout(str![[r#"
project  version  what                                  is      holds
api      0.2.0    release                               ready   0 of 5 steps are done
api      0.2.0    api-v0.2.0-rc1                        tested  [BUILD]
api      0.2.0    [SERVER]/acme/api:0.2.0-amd64  absent
api      0.2.0    [SERVER]/acme/api:0.2.0-arm64  absent
api      0.2.0    [SERVER]/acme/api:0.2.0        absent
api      0.2.0    api-v0.2.0                            absent
api               releases                              0

"#]]);
}

#[test]
fn another_commit_under_the_releases_tag_is_refused_and_nothing_is_called_half_done() {
    let fixture = Fixture::new();
    fixture.prepare_release();
    fixture.git(&["tag", "api-v0.2.0", "HEAD~1"]);
    let found = status(&fixture, "api");
    assert_eq!(found["progress"], "refused", "{found:#}");
    assert_eq!(found["next"], "cargo xtask bump patch api");
}
