//! An index that the registry goes on serving after the image of a platform was deleted (law 20): no command takes it for a
//! release, and what works is not blocked for it.

use crate::support::Fixture;
use crate::support::delivery::Delivered;

/// Deletes the image of one platform of a release, and leaves the index.
fn delete(delivered: &Delivered, version: &str, arch: &str) {
    let registry = &delivered.fixture.registry;
    let digest = delivered.digest("api", &format!("b{version}-{arch}"));
    assert!(registry.delete_manifest("acme/api", &digest.parse().unwrap()));
    assert!(registry.digest("acme/api", version).is_some());
}

#[test]
fn law_20_an_index_without_an_image_of_a_platform_is_not_promoted() {
    for arch in ["amd64", "arm64"] {
        let delivered = Delivered::new();
        delete(&delivered, "0.2.0", arch);
        let before = delivered.refs();
        for more in [&[][..], &["--dry-run"]] {
            let promote = ["promote", "api", "--to", "staging", "--version", "0.2.0"];
            let ran = delivered.fixture.run(&[&promote[..], more].concat());
            assert_eq!(ran.code, 3, "{}", ran.stderr);
            let lists = format!("/acme/api:0.2.0 lists linux/{arch} as sha256:");
            assert!(ran.stderr.contains(&lists), "{}", ran.stderr);
            assert_eq!(delivered.refs(), before);
        }
    }
}

#[test]
fn law_20_what_works_is_not_blocked_for_a_rollback_to_what_is_gone() {
    let delivered = Delivered::new();
    let fixture = &delivered.fixture;
    fixture.ok(&["promote", "api", "--to", "staging", "--version", "0.2.0"]);
    delete(&delivered, "0.1.0", "arm64");
    let before = delivered.refs();
    for more in [&[][..], &["--to", "0.1.0"]] {
        let ran = fixture.run(&[&["rollback", "api", "--in", "staging"][..], more].concat());
        assert_eq!(ran.code, 3, "{}", ran.stderr);
        assert_eq!(delivered.refs(), before);
    }
    // What is broken itself is rolled back from.
    delete(&delivered, "0.2.0", "amd64");
    fixture.ok(&["rollback", "api", "--in", "staging", "--to", "0.3.0"]);
    let blocked = delivered.file(".xtask/barred.toml");
    assert!(
        blocked.contains(&delivered.digest("api", "0.2.0")),
        "{blocked}"
    );
}

#[test]
fn law_20_check_pins_and_status_ask_for_the_images_of_an_index() {
    let delivered = Delivered::new();
    let fixture = &delivered.fixture;
    fixture.ok(&["check", "pins"]);
    delete(&delivered, "0.1.0", "arm64");
    let ran = fixture.json(&["check", "pins"]);
    assert_eq!(
        (ran.code, ran["faults"].as_array().unwrap().len()),
        (1, 2),
        "{ran:#}"
    );
    let what = ran["faults"][0]["what"].to_string();
    assert!(what.contains("lists linux/arm64 as sha256:"), "{what}");
    let status = fixture.run(&["status", "api"]);
    assert!(
        status.stdout.contains("lists linux/arm64") || status.stderr.contains("lists linux/arm64"),
        "{}{}",
        status.stdout,
        status.stderr
    );
}

#[test]
fn law_20_a_release_that_lost_a_platform_is_neither_verified_nor_up_to_date() {
    for arch in ["amd64", "arm64"] {
        let fixture = Fixture::new();
        fixture.prepare_release();
        fixture.ok(&["release", "api"]);
        let tag = format!("0.2.0-{arch}");
        let (_, bytes) = fixture.registry.manifest("acme/api", &tag).unwrap();
        let index: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        // Of a tag with attestations, the image that it leads to; the tag itself goes on being served.
        let digest = match index["manifests"][0]["digest"].as_str() {
            Some(image) => image.parse().unwrap(),
            None => fixture.registry.digest("acme/api", &tag).unwrap(),
        };
        assert!(fixture.registry.delete_manifest("acme/api", &digest));
        let before = fixture.state();
        let verify = fixture.run(&["verify", "api"]);
        assert_eq!(verify.code, 1, "{}{}", verify.stdout, verify.stderr);
        assert!(verify.stdout.contains('✗'), "{}", verify.stdout);
        let release = fixture.run(&["release", "api"]);
        assert_eq!(release.code, 3, "{}", release.stderr);
        assert_eq!(fixture.state(), before, "nothing was done");
    }
}
