//! What is attached to a release, with the real cosign and the real syft: that it is there, once, and that `verify` sees
//! what is wrong and nothing else.
//!
//! Where a tool is missing the tests print which and pass, unless XTASK_REQUIRE_TOOLS is set: then they fail.

mod support;

use std::process::Command;

use serde_json::Value;
use support::trust::{Trusted, can_run};

const TOOLS: [&str; 2] = ["cosign", "syft"];

fn steps(report: &Value) -> Vec<(String, String)> {
    let steps = report["steps"].as_array().unwrap().iter();
    steps.map(|step| (step["kind"].as_str().unwrap().to_owned(), step["verdict"].as_str().unwrap().to_owned())).collect()
}

#[test]
fn a_release_is_listed_attested_and_signed_before_it_has_a_name() {
    if !can_run("the signed release", &TOOLS) {
        return;
    }
    let trusted = Trusted::new("");
    let report = trusted.release();
    let kinds: Vec<_> = steps(&report).into_iter().map(|(kind, _)| kind).collect();
    let amd = ["attest", "attest", "attest", "sign"];
    // What is built with an attestation is an index of its own, and a name of the release leads to it.
    let wanted = [&amd[..], &amd, &["sign", "store", "sign", "promote", "promote", "index", "tag", "push-tag"]].concat();
    assert_eq!(kinds, wanted);
    assert!(steps(&report).iter().all(|(_, verdict)| verdict == "acted"), "{report:#}");
    let attached = trusted.attached();
    assert_eq!(attached.iter().filter(|line| line.contains(".sig: ")).count(), 4, "{attached:#?}");
    assert_eq!(attached.iter().filter(|line| line.contains(".att: ")).count(), 2, "{attached:#?}");
    assert_eq!(trusted.red(), [""; 0]);
    let (code, again) = trusted.json(&["release", "api"]);
    assert_eq!(code, 0);
    assert!(steps(&again).iter().all(|(_, verdict)| verdict == "done"), "law 14: {again:#}");
    assert_eq!(trusted.attached(), attached, "nothing is signed twice");
    let public = trusted.keys.public();
    let image = format!("{}/acme/api:0.2.0", trusted.fixture.registry.address());
    let others = Command::new("cosign").args(["verify", "--key", &public, "--insecure-ignore-tlog", &image]).output().unwrap();
    assert!(others.status.success(), "cosign itself: {}", String::from_utf8_lossy(&others.stderr));
}
