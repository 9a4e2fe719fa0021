//! `verify` without anything attached: what disagrees, what cannot be read, and the line that goes with each. Signatures are in `trust.rs`.

use crate::support::Fixture;
use monorelease_stand_ins::registry::Fault;
use snapbox::str;

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
    ran.assert_stderr(str![[r#"
   Verifying api 0.2.0
        note api: no [trust] is configured, so no signatures and statements are looked for
       error 3 of 6 could not be verified
         try cargo xtask doctor

"#]]);
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
    ran.assert_stderr(str![[r#"
   Verifying api 0.2.0
        note api: no [trust] is configured, so no signatures and statements are looked for
       error 3 of 6 could not be verified
         try cargo xtask doctor

"#]]);
    ran.assert_stdout(str![[r#"
✓  api-v0.2.0                      git tag  at [SHORT]
?  [SERVER]/acme/api:0.2.0  index    GET [SERVER]/acme/api:0.2.0: cannot connect to [SERVER]: Connection refused (os error 111); is it running? (tried 4 times)
?  linux/amd64                     digest   GET [SERVER]/acme/api:0.2.0-amd64: cannot connect to [SERVER]: Connection refused (os error 111); is it running?
–  linux/amd64                     labels   the image cannot be read
?  linux/arm64                     digest   GET [SERVER]/acme/api:0.2.0-arm64: cannot connect to [SERVER]: Connection refused (os error 111); is it running?
–  linux/arm64                     labels   the image cannot be read

"#]]);
    assert!(!ran.stdout.contains('✗'), "{}", ran.stdout);
}

#[test]
fn of_a_release_that_never_was_it_is_said_first_and_which_there_are() {
    let fixture = Fixture::new();
    fixture.prepare_release();
    let ran = fixture.run(&["verify", "api", "9.9.9"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{}", ran.stderr);
    ran.assert_stderr(str![[r#"
   Verifying api 9.9.9
       error there is no release api 9.9.9: no tag api-v9.9.9 here or at origin, and nothing else of it; it has none yet
         try cargo xtask release api

"#]]);
    fixture.ok(&["release", "api"]);
    let ran = fixture.run(&["verify", "api", "9.9.9"]);
    assert_eq!(ran.code, 1, "{ran}");
    ran.assert_stderr(str![[r#"
   Verifying api 9.9.9
       error there is no release api 9.9.9: no tag api-v9.9.9 here or at origin, and nothing else of it; there are 0.2.0
         try cargo xtask verify api 0.2.0

"#]]);
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
    assert_eq!(ran.code, 1, "{ran}");
    ran.assert_stdout(str![[r#"
✗  api-v0.2.0                      git tag  there is no tag api-v0.2.0
✓  [SERVER]/acme/api:0.2.0  index    [DIGEST] of 2 platforms
✓  linux/amd64                     digest   [DIGEST]
–  linux/amd64                     labels   the commit is not known
✓  linux/arm64                     digest   [DIGEST]
–  linux/arm64                     labels   the commit is not known

"#]]);
    ran.assert_stderr(str![[r#"
   Verifying api 0.2.0
        note api: no [trust] is configured, so no signatures and statements are looked for
       error 1 of 6 do not agree
         try cargo xtask status api, which tells the releases there are, and what is half done

"#]]);
    // And of what could not be read nobody can say that it never was.
    fixture
        .registry
        .plan_fault(Fault::status("", "/v2/acme/api/", 403).times(1000));
    let ran = fixture.run(&["verify", "api", "9.9.9"]);
    assert_eq!(ran.code, 1, "{ran}");
    ran.assert_stdout(str![[r#"
✗  api-v9.9.9                      git tag  there is no tag api-v9.9.9
?  [SERVER]/acme/api:9.9.9  index    GET [SERVER]/acme/api:9.9.9: [SERVER] answered 403; an absent repository and a forbidden one cannot be told apart, so run `docker login [SERVER]` with an account that may use it, or create it first
?  linux/amd64                     digest   GET [SERVER]/acme/api:9.9.9-amd64: [SERVER] answered 403; an absent repository and a forbidden one cannot be told apart, so run `docker login [SERVER]` with an account that may use it, or create it first
–  linux/amd64                     labels   the image cannot be read
?  linux/arm64                     digest   GET [SERVER]/acme/api:9.9.9-arm64: [SERVER] answered 403; an absent repository and a forbidden one cannot be told apart, so run `docker login [SERVER]` with an account that may use it, or create it first
–  linux/arm64                     labels   the image cannot be read

"#]]);
    assert!(
        !ran.stderr.contains("there is no release"),
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
    ran.assert_stderr(str![[r#"
   Verifying api 0.2.0
        note api: no [trust] is configured, so no signatures and statements are looked for
       error 1 of 6 do not agree
         try git checkout api-v0.2.0 && cargo xtask release api, which attaches what is missing and says what it may not mend

"#]]);
    fixture.git(&["checkout", "--quiet", "api-v0.2.0"]);
    fixture.ok(&["release", "api"]);
    fixture.ok(&["verify", "api", "0.2.0"]);
}
