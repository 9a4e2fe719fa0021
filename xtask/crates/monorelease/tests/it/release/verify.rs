//! `verify` without anything attached: what disagrees, what cannot be read, and the line that goes with each. Signatures are in `trust.rs`.

use crate::support::Fixture;
use monorelease_stand_ins::registry::Fault;

#[test]
fn law_15_what_cannot_be_read_is_not_said_to_disagree() {
    let fixture = Fixture::new();
    fixture.prepare_release();
    fixture.ok(&["release", "api"]);
    fixture
        .registry
        .plan_fault(Fault::status("", "/v2/acme/api/", 403).times(1000));
    let ran = fixture.run(&["verify", "api"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let row = ran
        .stdout
        .lines()
        .find(|line| line.contains("index"))
        .unwrap();
    assert!(row.starts_with('?'), "{}", ran.stdout);
    assert!(
        ran.stderr.contains("3 of 6 could not be verified")
            && ran.stderr.contains("try cargo xtask doctor"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("not agree"), "{}", ran.stderr);
    let document = fixture.json(&["verify", "api"]);
    assert_eq!(
        (document.code, &document["ok"], &document["rows"][1]["ok"]),
        (1, &serde_json::json!(false), &serde_json::Value::Null)
    );
}

#[test]
fn law_15_no_answer_is_a_question_mark_and_a_wrong_answer_a_cross() {
    let fixture = Fixture::new();
    fixture.prepare_release();
    fixture.ok(&["release", "api"]);
    let marks = |fixture: &Fixture| {
        let ran = fixture.run(&["verify", "api"]);
        assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
        let marks: String = ran
            .stdout
            .lines()
            .filter_map(|line| line.chars().next())
            .collect();
        (marks, ran.stderr)
    };
    for fault in [
        Fault::status("GET", "/manifests/0.2.0-amd64", 503),
        Fault::status("GET", "/manifests/0.2.0-amd64", 401),
    ] {
        fixture.registry.plan_fault(fault.times(1000));
        let (marks, said) = marks(&fixture);
        assert_eq!(marks, "✓✓?–✓✓", "{said}");
        fixture.registry.clear_faults();
    }
    let page = Fault::status("GET", "/manifests/0.2.0-amd64", 200)
        .header("Content-Type", "text/html")
        .body("<html>sign in first</html>");
    let lost = Fault::status("GET", "/manifests/0.2.0-amd64", 307)
        .header("Location", "/v2/acme/api/manifests/0.2.0-amd64");
    for fault in [page, lost] {
        fixture.registry.plan_fault(fault.times(1000));
        let (marks, said) = marks(&fixture);
        assert_eq!(marks, "✓✓?–✓✓", "what is not the registry's word: {said}");
        assert!(said.contains("try cargo xtask doctor"), "{said}");
        fixture.registry.clear_faults();
    }
    let amd = fixture.registry.digest("acme/api", "0.2.0-amd64").unwrap();
    let (_, bytes) = fixture
        .registry
        .manifest("acme/api", "0.2.0-amd64")
        .unwrap();
    let mut bad = bytes.clone();
    bad[bytes.len() / 2] ^= 1;
    assert!(fixture.registry.corrupt("acme/api", &amd, &bad));
    let (marks_of_flipped, said) = marks(&fixture);
    assert_eq!(
        marks_of_flipped, "✓✓✗–✓✓",
        "bytes that are not those of their digest: {said}"
    );
    assert!(
        said.contains("1 of 6 do not agree") && !said.contains("could not be verified"),
        "{said}"
    );
    assert!(fixture.registry.corrupt("acme/api", &amd, &bytes));
    fixture.ok(&["verify", "api"]);
}

#[test]
fn a_registry_that_is_away_proves_nothing() {
    let fixture = Fixture::new();
    fixture.prepare_release();
    fixture.ok(&["release", "api"]);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = listener.local_addr().unwrap().to_string();
    drop(listener);
    let config = fixture
        .read("xtask/monorepo.toml")
        .replace(&fixture.registry.address(), &nobody);
    fixture.write("xtask/monorepo.toml", &config);
    let ran = fixture.run(&["verify", "api"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("3 of 6 could not be verified")
            && ran.stderr.contains("try cargo xtask doctor"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stdout.contains("is it running?") && !ran.stdout.contains('✗'),
        "{}",
        ran.stdout
    );
}

#[test]
fn of_a_release_that_never_was_it_is_said_first_and_which_there_are() {
    let fixture = Fixture::new();
    fixture.prepare_release();
    let ran = fixture.run(&["verify", "api", "9.9.9"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{}", ran.stderr);
    let said = "there is no release api 9.9.9: no tag api-v9.9.9 here or at origin, and nothing else of it; it has none yet";
    assert!(
        ran.stderr.contains(said) && ran.stderr.contains("try cargo xtask release api"),
        "{}",
        ran.stderr
    );
    fixture.ok(&["release", "api"]);
    let ran = fixture.run(&["verify", "api", "9.9.9"]);
    assert!(
        ran.code == 1
            && ran.stderr.contains("; there are 0.2.0")
            && ran.stderr.contains("try cargo xtask verify api 0.2.0"),
        "{}",
        ran.stderr
    );
    let document = fixture.json(&["verify", "api", "9.9.9"]);
    assert_eq!(
        (
            document.code,
            &document["ok"],
            document["rows"].as_array().unwrap().len()
        ),
        (1, &serde_json::json!(false), 6),
        "{document:#}"
    );
    assert!(
        document["notes"][0]
            .as_str()
            .unwrap()
            .starts_with("there is no release api 9.9.9"),
        "{document:#}"
    );
    // What is half there is no release that never was: its rows tell which half.
    fixture.git(&["push", "--quiet", "origin", ":refs/tags/api-v0.2.0"]);
    fixture.git(&["tag", "--delete", "api-v0.2.0"]);
    let ran = fixture.run(&["verify", "api", "0.2.0"]);
    assert!(
        ran.code == 1 && ran.stdout.contains("✗  api-v0.2.0") && ran.stdout.contains('✓'),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
    assert!(
        ran.stderr.contains("1 of 6 do not agree")
            && ran.stderr.contains("try cargo xtask status api"),
        "{}",
        ran.stderr
    );
    // And of what could not be read nobody can say that it never was.
    fixture
        .registry
        .plan_fault(Fault::status("", "/v2/acme/api/", 403).times(1000));
    let ran = fixture.run(&["verify", "api", "9.9.9"]);
    assert!(
        ran.code == 1 && ran.stdout.contains('?') && !ran.stderr.contains("there is no release"),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
}

#[test]
fn what_an_older_release_lacks_is_mended_at_its_own_commit() {
    let fixture = Fixture::new();
    fixture.prepare_release();
    fixture.ok(&["release", "api"]);
    let kept = fixture
        .registry
        .keep()
        .without_tags("acme/api", |tag| tag == "0.2.0-arm64");
    fixture.registry.go_back_to(&kept);
    fixture.ok(&["bump", "minor", "api", "--commit"]);
    let ran = fixture.run(&["verify", "api", "0.2.0"]);
    assert!(
        ran.stderr
            .contains("try git checkout api-v0.2.0 && cargo xtask release api"),
        "{}",
        ran.stderr
    );
    fixture.git(&["checkout", "--quiet", "api-v0.2.0"]);
    fixture.ok(&["release", "api"]);
    fixture.ok(&["verify", "api", "0.2.0"]);
}
