//! Promotions where releases must be signed: what nobody who counts has signed reaches no environment.

mod support;

use std::process::Command;

use support::delivery::Delivered;
use support::trust::{Keys, PASSWORD, can_run};

#[test]
fn what_is_not_signed_is_not_promoted_and_what_is_signed_is() {
    if !can_run("a promotion of what must be signed", &["cosign"]) {
        return;
    }
    let (delivered, keys, stranger) = (Delivered::new(), Keys::new(), Keys::new());
    let fixture = &delivered.fixture;
    let trust = "[trust]\npublic-key = \"cosign.pub\"\ntransparency-log = false\n";
    fixture.write("xtask/monorepo.toml", &format!("{}{trust}", fixture.read("xtask/monorepo.toml")));
    fixture.write("cosign.pub", &keys.text(&keys.public()));
    fixture.git(&["add", "--all"]);
    fixture.commit_all("chore: releases are signed");
    fixture.git(&["push", "--quiet", "origin", "main"]);
    let line = ["promote", "api", "--to", "staging", "--version", "0.2.0"];
    let sign = |keys: &Keys| {
        let image = format!("{}/acme/api@{}", fixture.registry.address(), delivered.digest("api", "0.2.0"));
        let mut command = Command::new("cosign");
        command.args(["sign", "--yes", "--tlog-upload=false", "--key", &keys.private(), &image]).env("COSIGN_PASSWORD", PASSWORD);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let refused = || {
        let before = fixture.state();
        for more in [&["--dry-run"][..], &[]] {
            let ran = fixture.run(&[&line[..], more].concat());
            assert_eq!(ran.code, 3, "{}{}", ran.stdout, ran.stderr);
            assert!(ran.stderr.contains("[trust] wants api 0.2.0 signed"), "{}", ran.stderr);
            assert!(ran.stderr.contains("cargo xtask release api"), "{}", ran.stderr);
        }
        assert_eq!(fixture.state(), before);
    };
    refused();
    sign(&stranger);
    refused();
    // What runs there already is nobody's to stop, and takes no signature to be found done.
    fixture.ok(&["promote", "api", "--to", "staging", "--version", "0.1.0"]);
    sign(&keys);
    fixture.ok(&line);
    fixture.ok(&line);
}
