//! `verify` without anything attached: what disagrees, what cannot be read, and the line that goes with each. Signatures are in `trust.rs`.

mod support;

use support::Fixture;
use xtask::rehearsal::registry::Fault;

#[test]
fn law_15_what_cannot_be_read_is_not_said_to_disagree() {
    let fixture = Fixture::new();
    fixture.prepare_release();
    fixture.ok(&["release", "api"]);
    fixture.registry.plan_fault(Fault::status("", "/v2/acme/api/", 403).times(1000));
    let ran = fixture.run(&["verify", "api"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let row = ran.stdout.lines().find(|line| line.contains("index")).unwrap();
    assert!(row.starts_with('?'), "{}", ran.stdout);
    assert!(ran.stderr.contains("3 of 6 cannot be read") && ran.stderr.contains("try cargo xtask doctor"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("not agree"), "{}", ran.stderr);
    let (code, document) = fixture.json(&["verify", "api"]);
    assert_eq!((code, &document["ok"], &document["rows"][1]["ok"]), (1, &serde_json::json!(false), &serde_json::Value::Null));
}

#[test]
fn a_release_that_never_was_is_not_to_be_released_by_the_hint() {
    let fixture = Fixture::new();
    fixture.prepare_release();
    let ran = fixture.run(&["verify", "api", "9.9.9"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("4 of 6 do not agree") && ran.stderr.contains("try cargo xtask status api"), "{}", ran.stderr);
}

#[test]
fn what_an_older_release_lacks_is_mended_at_its_own_commit() {
    let fixture = Fixture::new();
    fixture.prepare_release();
    fixture.ok(&["release", "api"]);
    fixture.registry.forget_tags("acme/api", |tag| tag == "0.2.0-arm64");
    fixture.ok(&["bump", "minor", "api", "--commit"]);
    let ran = fixture.run(&["verify", "api", "0.2.0"]);
    assert!(ran.stderr.contains("try git checkout api-v0.2.0 && cargo xtask release api"), "{}", ran.stderr);
    fixture.git(&["checkout", "--quiet", "api-v0.2.0"]);
    fixture.ok(&["release", "api"]);
    fixture.ok(&["verify", "api", "0.2.0"]);
}
