//! `status` of environments that commands deploy: what the ledger tells of them, what passed, and what waits for its merge.

use crate::support;
use crate::support::delivery::{Delivered, push_to};
use crate::support::pull::Asked;
use crate::support::registered::Processors;
use serde_json::{Value, json};
use snapbox::str;

fn environments(document: &Value) -> Vec<Value> {
    document["projects"][0]["environments"]
        .as_array()
        .unwrap_or_else(|| panic!("{document:#}"))
        .clone()
}

/// The environments of `api`; asking changes nothing.
fn asked(delivered: &Delivered) -> Vec<Value> {
    let before = delivered.fixture.state();
    let document = delivered.fixture.json(&["status", "api"]);
    assert_eq!(document.code, 0, "{document:#}");
    assert_eq!(
        delivered.fixture.state(),
        before,
        "law 13: a report changed something"
    );
    environments(&document)
}

#[test]
fn environments_without_pins_are_told_by_the_ledger() {
    let delivered = Delivered::without_pins();
    let fixture = &delivered.fixture;
    let two = delivered.digest("api", "0.2.0");
    let none = asked(&delivered);
    assert_eq!(none.len(), 3, "{none:#?}");
    assert_eq!(
        (&none[0]["version"], &none[0]["passed"]),
        (&Value::Null, &json!({ "deploy": false, "smoke": false }))
    );
    assert_eq!(
        (&none[1]["next"], &none[1]["unknown"]),
        (&Value::Null, &Value::Null)
    );

    delivered.let_fail("function", true);
    assert_eq!(
        fixture
            .run(&["promote", "api", "--to", "dev", "--version", "0.2.0"])
            .code,
        1
    );
    let half = asked(&delivered);
    assert_eq!(
        (&half[0]["version"], &half[0]["digest"]),
        (&"0.2.0".into(), &two.as_str().into())
    );
    assert_eq!(
        half[0]["passed"],
        json!({ "deploy": true, "smoke": false }),
        "{half:#?}"
    );
    assert_eq!(
        (&half[0]["came"]["action"], &half[0]["came"]["by"]),
        (&"promote".into(), &"Test".into())
    );
    assert_eq!(half[1]["next"], Value::Null);
    assert!(
        half[1]["why"]
            .as_str()
            .unwrap()
            .contains("has not passed smoke there"),
        "{:#}",
        half[1]
    );
    // What is told of an environment that is half deployed is the line that ends it.
    assert_eq!(
        half[0]["next"], "cargo xtask promote api --to dev --version 0.2.0",
        "{:#}",
        half[0]
    );
    delivered.let_fail("function", false);
    fixture.ok(&["promote", "api", "--to", "dev", "--version", "0.2.0"]);
    let whole = asked(&delivered);
    assert_eq!(
        (&whole[0]["next"], &whole[1]["next"]),
        (&Value::Null, &"cargo xtask promote api --to staging".into()),
        "{whole:#?}"
    );
    for stage in ["staging", "production"] {
        fixture.ok(&["promote", "api", "--to", stage]);
    }
    fixture.ok(&["promote", "api", "--to", "dev", "--version", "0.3.0"]);
    fixture.ok(&["rollback", "api", "--in", "dev", "--why", "it burns"]);
    let back = asked(&delivered);
    assert_eq!(
        (&back[0]["version"], &back[0]["came"]["action"]),
        (&"0.2.0".into(), &"rollback".into())
    );
    assert_eq!(
        (&back[0]["barred"][0]["version"], &back[2]["version"]),
        (&"0.3.0".into(), &"0.2.0".into())
    );
    let ran = fixture.ok(&["status", "api"]);
    let row = ran
        .stdout
        .lines()
        .find(|line| line.contains("production"))
        .unwrap();
    assert!(
        row.contains("0.2.0") && row.contains(&two[..15]) && row.contains("deploy, smoke"),
        "{}",
        ran.stdout
    );
    ran.assert_stderr(str![[r#"
        note api 0.1.0: no candidate (cargo xtask tag api --rc --push && cargo xtask build api --push)
        note api in dev: 0.3.0 ([DIGEST]) is barred since [TIMESTAMP] by Test <test@localhost>: it burns

"#]]);
}

#[test]
fn what_the_ledger_says_is_held_to_the_registry() {
    let delivered = Delivered::without_pins();
    let fixture = &delivered.fixture;
    fixture.ok(&["promote", "api", "--to", "dev", "--version", "0.2.0"]);
    let two = delivered.digest("api", "0.2.0");
    let three = delivered.digest("api", "0.3.0");
    assert_eq!(
        (
            &asked(&delivered)[0]["drift"],
            &asked(&delivered)[0]["unchecked"]
        ),
        (&json!([]), &Value::Null)
    );
    let recorded = delivered.recorded("dev/api.toml");
    let says = |text: &str| {
        let bare = fixture.folder().join("origin.git");
        push_to(
            &fixture.folder().join("hand"),
            &bare,
            "hand",
            &[("dev/api.toml", text)],
            "chore: by hand",
        );
        support::git_in(&bare, &["update-ref", "refs/xtask/environments", "hand"]);
        asked(&delivered)[0].clone()
    };
    // A tag that is another digest, a digest that nobody serves, and a registry that does not answer.
    let moved = says(&recorded.replace("0.2.0", "0.3.0"));
    let drift = moved["drift"][0]
        .as_str()
        .unwrap_or_else(|| panic!("{moved:#}"));
    assert!(
        drift.ends_with(&format!(
            "(refs/xtask/environments): dev/api.toml says 0.3.0 and {two}, but 0.3.0 is {three}"
        )),
        "{drift}"
    );
    let gone = says(&recorded.replace(&two, &format!("sha256:{}", "0".repeat(64))));
    assert!(
        gone["drift"][0]
            .as_str()
            .is_some_and(|drift| drift.contains("does not serve")),
        "{gone:#}"
    );
    let ran = fixture.ok(&["status", "api"]);
    ran.assert_stderr(str![[r#"
        note api 0.1.0: no candidate (cargo xtask tag api --rc --push && cargo xtask build api --push)
     warning api in dev: [FOLDER]/origin.git (refs/xtask/environments): dev/api.toml says [DIGEST], which [SERVER]/acme/api does not serve
        note api in staging: 0.2.0 stands in dev (cargo xtask promote api --to staging)

"#]]);
    fixture.registry.plan_fault(
        monorelease_stand_ins::registry::Fault::status("", "/v2/acme/api/", 403).times(1000),
    );
    let away = says(&recorded);
    assert_eq!(
        (&away["version"], &away["drift"]),
        (&"0.2.0".into(), &json!([]))
    );
    assert!(
        away["unchecked"]
            .as_str()
            .is_some_and(|why| why.contains("403")),
        "{away:#}"
    );
}

#[test]
fn what_passed_is_told_of_what_the_pins_say_now() {
    let delivered = Delivered::with_pins_and_modal();
    let fixture = &delivered.fixture;
    fixture.ok(&["promote", "api", "--to", "staging", "--version", "0.2.0"]);
    let all = json!({ "deploy": true, "smoke": true });
    assert_eq!(asked(&delivered)[0]["passed"], all);
    assert_eq!(
        asked(&delivered)[1]["next"],
        "cargo xtask promote api --to production"
    );
    // Nobody has tried what a hand wrote.
    let text = delivered.file("staging/api.yaml");
    let three = text.replace("0.2.0", "0.3.0").replace(
        &delivered.digest("api", "0.2.0"),
        &delivered.digest("api", "0.3.0"),
    );
    delivered.push_there(&[("staging/api.yaml", &three)], "chore: by hand");
    let found = asked(&delivered);
    assert_eq!(
        found[0]["passed"],
        json!({ "deploy": false, "smoke": false })
    );
    assert_eq!(
        found[0]["next"],
        "cargo xtask promote api --to staging --version 0.3.0"
    );
    assert!(
        found[1]["why"]
            .as_str()
            .unwrap()
            .contains("has not passed deploy and smoke"),
        "{:#}",
        found[1]
    );
    // A ledger that is none of ours is told, and the pins are told all the same.
    delivered.push_there(&[("staging/api.yaml", &text)], "chore: back");
    let bare = fixture.folder().join("origin.git");
    let other = support::git_in(&bare, &["rev-parse", "main"]);
    support::git_in(
        &bare,
        &["update-ref", "refs/xtask/environments", other.trim()],
    );
    let found = asked(&delivered);
    assert_eq!(
        (&found[0]["version"], &found[0]["passed"]["smoke"]),
        (&"0.2.0".into(), &false.into()),
        "{:#}",
        found[0]
    );
}

#[test]
fn an_open_pull_request_is_told_with_its_address() {
    let pull = Asked::new();
    let status = || {
        let ran = pull.run(&["status", "api", "--json"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        environments(&ran)
    };
    assert_eq!(
        status()[1]["next"],
        "cargo xtask promote api --to production"
    );
    pull.ok(&["promote", "api", "--to", "production"]);
    let found = &status()[1];
    assert_eq!(
        (found["version"].as_str(), &found["next"]),
        (Some("0.1.0"), &Value::Null),
        "{found:#}"
    );
    assert_eq!(found["waits"][0]["title"], "chore(production): api 0.2.0");
    assert!(
        found["why"]
            .as_str()
            .unwrap()
            .contains("waits for its merge: http://"),
        "{found:#}"
    );
    pull.run(&["status", "api"]).assert_stderr(str![[r#"
        note api 0.1.0: no candidate (cargo xtask tag api --rc --push && cargo xtask build api --push)
        note api in production: chore(production): api 0.2.0 waits for its merge: http://[SERVER]/acme/cloud/pull/1

"#]]);
    // A newer one in staging makes another of it, so the line is told again.
    pull.delivered
        .fixture
        .ok(&["promote", "api", "--to", "staging", "--version", "0.3.0"]);
    assert_eq!(
        status()[1]["next"],
        "cargo xtask promote api --to production"
    );
    pull.merge();
    assert_eq!(
        (
            status()[1]["version"].as_str(),
            status()[1]["waits"].as_array().unwrap().len()
        ),
        (Some("0.2.0"), 0)
    );
    // Without a token nobody can tell.
    let document = pull.delivered.fixture.json(&["status", "api"]);
    assert!(
        environments(&document)[1]["unasked"]
            .as_str()
            .unwrap()
            .contains("no token"),
        "{document:#}"
    );
}

#[test]
fn what_pin_asks_for_is_told_of_the_projects_that_it_changes() {
    let processors = Processors::new();
    let status = |project: &str| {
        let ran = processors.run(&["status", project, "--json"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        environments(&ran)[0].clone()
    };
    assert_eq!(
        (
            &status("llm_litellm")["waits"],
            &status("llm_litellm")["next"]
        ),
        (&json!([]), &"cargo xtask pin llm_litellm".into())
    );
    processors.push_builds(&["llm-litellm", "replicate-generic"]);
    processors.ok(&["pin"]);
    for project in ["llm_litellm", "replicate_generic"] {
        let found = status(project);
        assert_eq!(
            found["waits"][0]["title"], "chore(dev): pin llm_litellm, replicate_generic",
            "{found:#}"
        );
        assert!(
            found["why"]
                .as_str()
                .unwrap()
                .contains("what was built waits for its merge: http://"),
            "{found:#}"
        );
        assert_eq!(
            (&found["next"], &found["unasked"]),
            (&Value::Null, &Value::Null)
        );
    }
    let ran = processors.run(&["status"]);
    ran.assert_stderr(str![[r#"
        note core 0.1.0: no candidate (cargo xtask tag core --rc --push)
        note api 0.1.0: no candidate (cargo xtask tag api --rc --push && cargo xtask build api --push)
        note web 0.1.0: no candidate (cargo xtask tag web --rc --push)
     warning llm_litellm in dev: [FOLDER]/origin.git (dev): registry/llm_litellm.yaml:4: image.oci says sha256:pending, which is no digest yet
     warning llm_litellm in dev: [FOLDER]/origin.git (dev): registry/llm_litellm.yaml:6: image.platforms.amd64 says sha256:pending, which is no digest yet
        note llm_litellm in dev: chore(dev): pin llm_litellm, replicate_generic waits for its merge: http://[SERVER]/acme/mono/pull/1
     warning llm_litellm in staging: [FOLDER]/origin.git (staging): registry/llm_litellm.yaml:4: image.oci says sha256:pending, which is no digest yet
     warning llm_litellm in staging: [FOLDER]/origin.git (staging): registry/llm_litellm.yaml:6: image.platforms.amd64 says sha256:pending, which is no digest yet
     warning llm_litellm in production: [FOLDER]/origin.git (main): registry/llm_litellm.yaml:4: image.oci says sha256:pending, which is no digest yet
     warning llm_litellm in production: [FOLDER]/origin.git (main): registry/llm_litellm.yaml:6: image.platforms.amd64 says sha256:pending, which is no digest yet
     warning replicate_generic in dev: [FOLDER]/origin.git (dev): registry/replicate_generic.yaml:4: image.oci says sha256:pending, which is no digest yet
     warning replicate_generic in dev: [FOLDER]/origin.git (dev): registry/replicate_generic.yaml:6: image.platforms.amd64 says sha256:pending, which is no digest yet
        note replicate_generic in dev: chore(dev): pin llm_litellm, replicate_generic waits for its merge: http://[SERVER]/acme/mono/pull/1
     warning replicate_generic in staging: [FOLDER]/origin.git (staging): registry/replicate_generic.yaml:4: image.oci says sha256:pending, which is no digest yet
     warning replicate_generic in staging: [FOLDER]/origin.git (staging): registry/replicate_generic.yaml:6: image.platforms.amd64 says sha256:pending, which is no digest yet
     warning replicate_generic in production: [FOLDER]/origin.git (main): registry/replicate_generic.yaml:4: image.oci says sha256:pending, which is no digest yet
     warning replicate_generic in production: [FOLDER]/origin.git (main): registry/replicate_generic.yaml:6: image.platforms.amd64 says sha256:pending, which is no digest yet

"#]]);
    processors.merge();
    // The next one is of one project alone.
    processors.change("processors/llm_litellm/app.py", "print()\n");
    processors.push_builds(&["llm-litellm"]);
    processors.ok(&["pin"]);
    assert_eq!(
        status("llm_litellm")["waits"].as_array().map(Vec::len),
        Some(1)
    );
    assert_eq!(status("replicate_generic")["waits"], json!([]));
    // Without a token nobody can tell, and one sentence says so for all.
    let ran = processors.fixture.ok(&["status"]);
    assert_eq!(ran.stderr.matches("no token").count(), 1, "{}", ran.stderr);
}
