//! What older binaries wrote is read for ever: trailers of commits, the ledger and its ref, and lists of blocked digests.
//!
//! `older/*.fast-export` is what the binary of the last commit without crates (115c572) left of these commands:
//!
//! - `promote api --to staging --version 0.2.0`, `promote api --to production`
//! - `rollback api --in production --why "it burns"`, `promote api --to staging --version 0.3.0`
//! - `promote api --to edge --version 0.1.0`, the same with 0.2.0, `rollback api --in edge --why "it leaks"`
//!
//! The registry's address and the digests are placeholders, since both differ from run to run.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::json;
use snapbox::str;

use crate::support::delivery::Delivered;
use crate::support::deploy::DEPLOYS;

const VERSIONS: [&str; 3] = ["0.1.0", "0.2.0", "0.3.0"];

/// Two environments with pins and commands, and one with commands alone.
fn environments() -> Delivered {
    let delivered = Delivered::with_pins_and_modal();
    let fixture = &delivered.fixture;
    let config = fixture.read("xtask/monorepo.toml");
    let edge = format!("[environments.edge]\n{DEPLOYS}[environments.staging]\n");
    fixture.write(
        "xtask/monorepo.toml",
        &config.replace("[environments.staging]\n", &edge),
    );
    fixture.commit_all("chore: an environment without pins");
    fixture.git(&["push", "--quiet", "origin", "main"]);
    delivered
}

/// The same, as the older binary left them.
fn written() -> Delivered {
    let delivered = environments();
    let folder = delivered.fixture.folder();
    for (repository, text) in [
        ("deploy.git", include_str!("older/pins.fast-export")),
        ("origin.git", include_str!("older/ledger.fast-export")),
    ] {
        let mut text = text.replace("{registry}", &delivered.fixture.registry.address());
        for version in VERSIONS {
            text = text.replace(&format!("{{{version}}}"), &delivered.digest("api", version));
        }
        let mut import = Command::new("git")
            .arg("-C")
            .arg(folder.join(repository))
            .args(["fast-import", "--quiet", "--force"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stream = import.stdin.take().unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        drop(stream);
        assert!(import.wait().unwrap().success());
    }
    delivered
}

#[test]
fn what_an_older_binary_wrote_is_reported() {
    let delivered = written();
    let status = delivered.fixture.json(&["status", "api"]);
    let environments = status["projects"][0]["environments"].as_array().unwrap();
    let found: Vec<_> = environments
        .iter()
        .map(|of| {
            json!([
                of["environment"],
                of["version"],
                of["came"]["action"],
                of["barred"][0]["version"],
                of["barred"][0]["why"],
                of["passed"],
                of["drift"],
            ])
        })
        .collect();
    let passed = json!({ "deploy": true, "smoke": true });
    assert_eq!(
        json!(found),
        json!([
            ["edge", "0.1.0", "rollback", "0.2.0", "it leaks", passed, []],
            ["staging", "0.3.0", "promote", null, null, passed, []],
            [
                "production",
                "0.1.0",
                "rollback",
                "0.2.0",
                "it burns",
                passed,
                []
            ],
        ])
    );
}

#[test]
fn law_20_what_an_older_binary_blocked_stays_blocked_until_it_is_unblocked() {
    let delivered = written();
    let fixture = &delivered.fixture;
    let two = delivered.digest("api", "0.2.0");
    let refused = fixture.run(&["promote", "api", "--to", "edge", "--version", "0.2.0"]);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    fixture.ok(&["rollback", "api", "--in", "staging"]);
    let refused = fixture.run(&["promote", "api", "--to", "production"]);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    refused.assert_stderr(str![[r#"
       error api 0.2.0 ([DIGEST]) is barred in production since [TIMESTAMP] by Test <test@localhost>: it burns ([FOLDER]/deploy.git)
         try cargo xtask unbar api --in production [DIGEST]
     Refused nothing was done

"#]]);
    for environment in ["edge", "production"] {
        fixture.ok(&["unbar", "api", "--in", environment, &two]);
    }
    fixture.ok(&["promote", "api", "--to", "edge", "--version", "0.2.0"]);
    fixture.ok(&["promote", "api", "--to", "production"]);
    assert!(delivered.file("production/api.yaml").contains(&two));
    assert!(delivered.recorded("edge/api.toml").contains(&two));
}

#[test]
fn law_20_what_ran_before_is_told_by_what_an_older_binary_wrote() {
    let delivered = written();
    let fixture = &delivered.fixture;
    let [one, two] = ["0.1.0", "0.2.0"].map(|version| delivered.digest("api", version));
    for environment in ["production", "edge"] {
        let again = fixture.ok(&["rollback", "api", "--in", environment]);
        assert!(
            again.stderr.contains("nothing was promoted since"),
            "{}",
            again.stderr
        );
    }
    fixture.ok(&["promote", "api", "--to", "production"]);
    fixture.ok(&["rollback", "api", "--in", "production"]);
    assert!(delivered.file("production/api.yaml").contains(&one));
    fixture.ok(&["promote", "api", "--to", "edge", "--version", "0.3.0"]);
    fixture.ok(&["rollback", "api", "--in", "edge"]);
    assert!(delivered.recorded("edge/api.toml").contains(&one));
    fixture.ok(&["rollback", "api", "--in", "staging"]);
    assert!(delivered.file("staging/api.yaml").contains(&two));
}
