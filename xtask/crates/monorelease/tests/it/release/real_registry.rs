//! Promotion in Debian's docker-registry, looked at by crane: what is released there is what others find.
//!
//! Where a program is missing the test prints which and passes, unless XTASK_REQUIRE_TOOLS is set: then it fails.

use std::process::Command;

use crate::support::Fixture;
use crate::support::real_registry::RealRegistry;
use crate::support::tools::has;
use monorelease::rehearse::images::{self as stand_in, Target};

const PLATFORMS: [(&str, bool); 2] = [("linux/amd64", false), ("linux/arm64", true)];

fn crane(arguments: &[&str]) -> String {
    let output = Command::new("crane").args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "crane {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A fixture whose builds and releases are in two repositories of the registry, with a candidate of the next minor version.
fn prepare(address: &str, keys: &str) -> (Fixture, String) {
    let fixture = Fixture::new();
    let text = fixture
        .read("xtask/monorepo.toml")
        .replace(&fixture.registry.address(), address);
    fixture.write(
        "xtask/monorepo.toml",
        &text.replace(
            "[images]\n",
            &format!("[images]\n{keys}\naliases = [\"latest\", \"{{major}}.{{minor}}\"]\n"),
        ),
    );
    fixture.commit_all("chore: another registry");
    let build_id = candidate(&fixture, address, "minor", "0.2.0");
    (fixture, build_id)
}

fn candidate(fixture: &Fixture, address: &str, level: &str, version: &str) -> String {
    fixture.ok(&["bump", level, "api", "--commit"]);
    fixture.ok(&["tag", "api", "--rc", "--push"]);
    let plan = fixture.json(&["plan", "--tag", &format!("api-v{version}-rc1")]);
    let build_id = plan["matrix"]["include"][0]["build_id"]
        .as_str()
        .unwrap()
        .to_owned();
    for (platform, attested) in PLATFORMS {
        let target = Target {
            address,
            config: "{}",
            repository: "acme/api",
        };
        stand_in::push_at(
            target,
            &build_id,
            platform,
            version,
            &fixture.head(),
            attested,
        )
        .unwrap();
    }
    build_id
}

#[test]
fn a_release_in_two_repositories_is_what_crane_finds() {
    if !has(
        "the promotion in docker-registry",
        &[("docker-registry", "--version"), ("crane", "version")],
    ) {
        return;
    }
    let registry = RealRegistry::start();
    let host = &registry.address;
    let (fixture, build_id) = prepare(host, &format!("release = \"{host}/released/{{package}}\""));
    let report = fixture.json(&["release", "api"]);
    assert_eq!((report.code, report.count("acted")), (0, 9), "{report:#}");
    for arch in ["amd64", "arm64"] {
        let of_build = crane(&["digest", &format!("{host}/acme/api:{build_id}-{arch}")]);
        assert_eq!(
            crane(&["digest", &format!("{host}/released/api:0.2.0-{arch}")]),
            of_build,
            "law 8"
        );
    }
    let layout = fixture.root().join("target/layout");
    // Everything the index names, checked against its digests: two images, an attestation, and their blobs.
    crane(&[
        "pull",
        "--format",
        "oci",
        &format!("{host}/released/api:0.2.0"),
        layout.to_str().unwrap(),
    ]);
    let files = std::fs::read_dir(layout.join("blobs/sha256"))
        .unwrap()
        .count();
    assert_eq!(
        files,
        1 + 3 + 3 + 2,
        "the index, three manifests and their configurations, the layer of both images and a statement"
    );
    let release = crane(&["digest", &format!("{host}/released/api:0.2.0")]);
    for alias in ["latest", "0.2"] {
        assert_eq!(
            crane(&["digest", &format!("{host}/released/api:{alias}")]),
            release
        );
    }
    let again = fixture.json(&["release", "api"]);
    assert_eq!(
        (again.code, again.count("done")),
        (0, 9),
        "law 14: {again:#}"
    );
    candidate(&fixture, host, "patch", "0.2.1");
    fixture.ok(&["release", "api"]);
    let moved = crane(&["digest", &format!("{host}/released/api:latest")]);
    assert!(moved != release && moved == crane(&["digest", &format!("{host}/released/api:0.2.1")]));
}

#[test]
fn what_crane_carried_needs_no_mount() {
    if !has("the copy by crane", &[("crane", "version")]) {
        return;
    }
    use monorelease_stand_ins::registry::{EmbeddedRegistry, Fault};
    let registry = EmbeddedRegistry::start().unwrap();
    let host = &registry.address();
    let (fixture, _) = prepare(host, &format!("release = \"{host}/released/{{package}}\""));
    registry.plan_fault(Fault::status("POST", "mount=", 202).times(100));
    // The two share a layer, so that the second is not tried before the first is there.
    for left in [2, 1] {
        let report = fixture.json(&["release", "api"]);
        assert_eq!(
            (report.code, report.count("failed")),
            (1, 1),
            "{left} left: {report:#}"
        );
        let failed = report["steps"]
            .as_array()
            .unwrap()
            .iter()
            .find(|step| step["verdict"] == "failed")
            .unwrap();
        let command = failed["evidence"]
            .as_str()
            .unwrap()
            .split('`')
            .nth(1)
            .unwrap()
            .to_owned();
        // crane wants mounts as well; what it does without them is its own affair.
        registry.clear_faults();
        crane(
            &command
                .strip_prefix("crane ")
                .unwrap()
                .split(' ')
                .collect::<Vec<_>>(),
        );
        registry.plan_fault(Fault::status("POST", "mount=", 202).times(100));
    }
    let report = fixture.json(&["release", "api"]);
    assert_eq!((report.code, report.count("failed")), (0, 0), "{report:#}");
    assert!(
        registry.unexpected().is_empty(),
        "{:?}",
        registry.unexpected()
    );
}
