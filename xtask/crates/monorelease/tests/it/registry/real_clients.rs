//! The embedded registry and Debian's docker-registry side by side, under clients that nobody here wrote: crane, skopeo,
//! cosign and docker; and what this program promotes, read by them.
//!
//! Where a tool is missing its test prints which and passes, unless XTASK_REQUIRE_TOOLS is set: then it fails.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::support::real_registry::RealRegistry;
use crate::support::{Fixture, ran};
use monorelease::rehearse::images::{self, Target};
use monorelease_stand_ins::registry::EmbeddedRegistry;

/// A folder with layers, and docker's configuration for registries that ask for `me` and `s3cret`.
struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let bench = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        for name in ["one", "two"] {
            fs::create_dir_all(bench.path(name)).unwrap();
            fs::write(
                bench.path(name).join("file"),
                format!("the content of {name}"),
            )
            .unwrap();
            let tar = bench.path(&format!("{name}.tar"));
            let mut make = Command::new("tar");
            make.args(["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "-cf"])
                .arg(&tar)
                .arg("-C")
                .arg(bench.path(name));
            assert!(make.arg("file").status().unwrap().success());
        }
        bench.log_in(&[]);
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn log_in(&self, addresses: &[&str]) {
        let entries: Vec<_> = addresses
            .iter()
            .map(|address| format!(r#""{address}": {{ "auth": "bWU6czNjcmV0" }}"#))
            .collect();
        fs::write(
            self.path("config.json"),
            format!(r#"{{ "auths": {{ {} }} }}"#, entries.join(", ")),
        )
        .unwrap();
    }

    /// Runs a client in the folder; gives what it printed, or what it complained of.
    fn run(&self, program: &str, arguments: &[&str]) -> Result<String, String> {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("DOCKER_CONFIG", self.folder.path());
        command
            .env("REGISTRY_AUTH_FILE", self.path("config.json"))
            .env("HOME", self.folder.path())
            .env("COSIGN_PASSWORD", "");
        let answer = ran(command.output().unwrap());
        if answer.code == 0 {
            Ok(answer.stdout.trim().to_owned())
        } else {
            Err(answer.stderr)
        }
    }

    fn ok(&self, program: &str, arguments: &[&str]) -> String {
        self.run(program, arguments)
            .unwrap_or_else(|error| panic!("{program} {arguments:?}: {error}"))
    }
}

/// Whether a program is there; says what is missing, or fails where nothing may be.
fn has(program: &str, probe: &[&str], test: &str) -> bool {
    let is_there = Command::new(program)
        .args(probe)
        .output()
        .is_ok_and(|output| output.status.success());
    assert!(
        is_there || std::env::var_os("XTASK_REQUIRE_TOOLS").is_none(),
        "{test}: {program} is missing; .ci/setup installs it"
    );
    if !is_there {
        println!("skipped {test}: {program} is missing (.ci/setup installs it)");
    }
    is_there
}

/// Plays a body on the embedded registry in several of its ways, then on docker-registry.
fn on_each(test: &str, body: fn(&Bench, &str)) {
    let builder = EmbeddedRegistry::builder;
    for builder in [
        builder(),
        builder().bearer("me", "s3cret"),
        builder().basic("me", "s3cret").lexical_tags(),
        builder().without_referrers().whole_tag_lists(),
    ] {
        let registry = builder.start().unwrap();
        let bench = Bench::new();
        bench.log_in(&[&registry.address()]);
        body(&bench, &registry.address());
        let strange: Vec<_> = registry
            .unexpected()
            .into_iter()
            .filter(|request| !request.starts_with("DELETE "))
            .collect();
        assert_eq!(strange, Vec::<String>::new(), "{test}");
    }
    if let Some(real) = RealRegistry::start_or_skip(test) {
        body(&Bench::new(), &real.address);
    }
}

fn crane_body(bench: &Bench, address: &str) {
    let crane = |arguments: &[&str]| bench.ok("crane", arguments);
    let image = format!("{address}/o/crane");
    let digests = ["one", "two"].map(|name| {
        let tag = format!("{image}:{name}");
        let layer = format!("{name}.tar");
        crane(&[
            "append",
            "--oci-empty-base",
            "--new_layer",
            &layer,
            "--new_tag",
            &tag,
        ]);
        crane(&["digest", &tag])
    });
    assert!(digests[0].starts_with("sha256:") && digests[0] != digests[1]);
    crane(&["tag", &format!("{image}:one"), "latest"]);
    crane(&["tag", &format!("{image}@{}", digests[1]), "two-again"]);
    let mut listed: Vec<_> = crane(&["ls", &image]).lines().map(str::to_owned).collect();
    listed.sort();
    assert_eq!(listed, ["latest", "one", "two", "two-again"]);
    assert_eq!(crane(&["digest", &format!("{image}:latest")]), digests[0]);
    // Into another repository: the blobs are taken over, and the digest stays.
    let copy = format!("{address}/o/crane-copy:one");
    crane(&["copy", &format!("{image}:one"), &copy]);
    assert_eq!(crane(&["digest", &copy]), digests[0]);
    let index = format!("{image}:index");
    crane(&[
        "index",
        "append",
        "--manifest",
        &format!("{image}:one"),
        "--manifest",
        &format!("{image}:two"),
        "--tag",
        &index,
    ]);
    let manifest = crane(&["manifest", &index]);
    assert!(
        digests.iter().all(|digest| manifest.contains(digest)),
        "{manifest}"
    );
    crane(&["pull", "--format", "oci", &index, "layout"]);
    crane(&[
        "push",
        "--index",
        "layout",
        &format!("{address}/o/crane-pushed:index"),
    ]);
    let pushed = crane(&["manifest", &format!("{address}/o/crane-pushed:index")]);
    assert!(
        digests.iter().all(|digest| pushed.contains(digest))
            || pushed.contains(&crane(&["digest", &index])),
        "{pushed}"
    );
    assert_eq!(
        bench.ok("crane", &["export", &format!("{image}:one"), "one.out"]),
        ""
    );
    assert!(
        fs::read(bench.path("one.out"))
            .unwrap()
            .windows(18)
            .any(|part| part == b"the content of one")
    );
    // Nothing is ever deleted.
    assert!(
        bench
            .run("crane", &["delete", &format!("{image}@{}", digests[0])])
            .is_err()
    );
    assert_eq!(crane(&["digest", &format!("{image}:one")]), digests[0]);
    assert!(
        bench
            .run("crane", &["digest", &format!("{image}:absent")])
            .unwrap_err()
            .contains("404")
    );
}

#[test]
fn crane_finds_a_registry() {
    if has("crane", &["version"], "crane as a client") {
        on_each("crane as a client", crane_body);
    }
}

fn skopeo_body(bench: &Bench, address: &str) {
    let image = |tag: &str| format!("docker://{address}/o/skopeo:{tag}");
    let skopeo =
        |arguments: &[&str]| bench.ok("skopeo", &[&["--insecure-policy"], arguments].concat());
    // An archive of docker's, made by hand: what skopeo pushes is its own doing.
    let tag = format!("{address}/o/made:1.0");
    bench.ok(
        "crane",
        &[
            "append",
            "--new_layer",
            "one.tar",
            "--new_tag",
            &tag,
            "--output",
            "one-image.tar",
        ],
    );
    skopeo(&[
        "copy",
        "--quiet",
        "--dest-tls-verify=false",
        "docker-archive:one-image.tar",
        &image("1.0"),
    ]);
    skopeo(&[
        "copy",
        "--quiet",
        "--format",
        "oci",
        "--dest-tls-verify=false",
        "docker-archive:one-image.tar",
        &image("oci"),
    ]);
    let digest = |tag: &str| {
        skopeo(&[
            "inspect",
            "--tls-verify=false",
            "--format",
            "{{.Digest}}",
            &image(tag),
        ])
    };
    let docker = digest("1.0");
    let oci = digest("oci");
    assert!(
        docker.starts_with("sha256:") && docker != oci,
        "two formats, two manifests"
    );
    let other = format!("docker://{address}/o/skopeo-copy:1.0");
    skopeo(&[
        "copy",
        "--quiet",
        "--src-tls-verify=false",
        "--dest-tls-verify=false",
        &image("oci"),
        &other,
    ]);
    assert_eq!(
        skopeo(&[
            "inspect",
            "--tls-verify=false",
            "--format",
            "{{.Digest}}",
            &other
        ]),
        oci
    );
    let tags = skopeo(&[
        "list-tags",
        "--tls-verify=false",
        &format!("docker://{address}/o/skopeo"),
    ]);
    assert!(
        tags.contains("\"1.0\"") && tags.contains("\"oci\""),
        "{tags}"
    );
    skopeo(&[
        "copy",
        "--quiet",
        "--src-tls-verify=false",
        &image("1.0"),
        "oci:pulled",
    ]);
    assert!(
        bench
            .run("skopeo", &["delete", "--tls-verify=false", &image("1.0")])
            .is_err()
    );
    assert_eq!(digest("1.0"), docker);
}

#[test]
fn skopeo_finds_a_registry() {
    if has("skopeo", &["--version"], "skopeo as a client")
        && has("crane", &["version"], "skopeo as a client")
    {
        on_each("skopeo as a client", skopeo_body);
    }
}

fn cosign_body(bench: &Bench, address: &str) {
    let tag = format!("{address}/o/signed:1.0");
    bench.ok(
        "crane",
        &[
            "append",
            "--oci-empty-base",
            "--new_layer",
            "one.tar",
            "--new_tag",
            &tag,
        ],
    );
    let signed = format!(
        "{address}/o/signed@{}",
        bench.ok("crane", &["digest", &tag])
    );
    bench.ok("cosign", &["generate-key-pair"]);
    let verify = [
        "verify",
        "--key",
        "cosign.pub",
        "--insecure-ignore-tlog=true",
        "--allow-insecure-registry",
        &signed,
    ];
    assert!(
        bench.run("cosign", &verify).is_err(),
        "nothing is signed yet"
    );
    bench.ok(
        "cosign",
        &[
            "sign",
            "--key",
            "cosign.key",
            "--tlog-upload=false",
            "--allow-insecure-registry",
            "--yes",
            &signed,
        ],
    );
    assert!(bench.ok("cosign", &verify).contains("o/signed"));
}

#[test]
fn cosign_finds_a_registry() {
    let test = "cosign as a client";
    if has("cosign", &["version"], test) && has("crane", &["version"], test) {
        on_each(test, cosign_body);
    }
}

/// Takes the engine's images away, however the test ends.
struct Images(Vec<String>);

impl Drop for Images {
    fn drop(&mut self) {
        let _ = Command::new("docker")
            .args(["image", "rm", "--force"])
            .args(&self.0)
            .output();
    }
}

fn docker_body(bench: &Bench, address: &str) {
    let docker = |arguments: &[&str]| bench.ok("docker", arguments);
    let image = format!("{address}/o/docker:1.0");
    let _images = Images(vec![image.clone()]);
    let id = docker(&["import", "one.tar", &image]);
    docker(&["push", "--quiet", &image]);
    let pushed = docker(&[
        "image",
        "inspect",
        "--format",
        "{{index .RepoDigests 0}}",
        &image,
    ]);
    docker(&["image", "rm", "--force", &image]);
    docker(&["pull", "--quiet", &image]);
    assert_eq!(
        docker(&["image", "inspect", "--format", "{{.Id}}", &image]),
        id
    );
    assert_eq!(
        docker(&[
            "image",
            "inspect",
            "--format",
            "{{index .RepoDigests 0}}",
            &image
        ]),
        pushed
    );
    docker(&["push", "--quiet", &image]);
}

#[test]
fn docker_finds_a_registry() {
    let test = "docker as a client";
    if has(
        "docker",
        &["version", "--format", "{{.Server.Version}}"],
        test,
    ) {
        on_each(test, docker_body);
    }
}

/// bump, tag --rc --push and the images of a candidate at the registry of this address, then the release. Gives the fixture.
fn released_at(address: &str) -> Fixture {
    let fixture = Fixture::new();
    let config = fixture
        .read("xtask/monorepo.toml")
        .replace(&fixture.registry.address(), address);
    fixture.write("xtask/monorepo.toml", &config);
    fixture.commit_all("chore: another registry");
    fixture.ok(&["bump", "minor", "api", "--commit"]);
    fixture.ok(&["tag", "api", "--rc", "--push"]);
    let plan = fixture.json(&["plan", "--tag", "api-v0.2.0-rc1"]);
    let build_id = plan["matrix"]["include"][0]["build_id"]
        .as_str()
        .unwrap()
        .to_owned();
    for platform in ["linux/amd64", "linux/arm64"] {
        let target = Target {
            address,
            config: "{}",
            repository: "acme/api",
        };
        images::push_at(
            target,
            &build_id,
            platform,
            "0.2.0",
            &fixture.head(),
            platform.ends_with("arm64"),
        )
        .unwrap();
    }
    fixture.ok(&["release", "api"]);
    let again = fixture.json(&["release", "api"]);
    assert!(
        again.code == 0
            && again["steps"]
                .as_array()
                .unwrap()
                .iter()
                .all(|step| step["verdict"] == "done"),
        "law 14: {again:#}"
    );
    fixture
}

/// What two foreign clients read of the promoted tags.
fn read_promoted(bench: &Bench, address: &str) {
    let image = format!("{address}/acme/api");
    let digest = |tag: &str| bench.ok("crane", &["digest", &format!("{image}:{tag}")]);
    let index: serde_json::Value =
        serde_json::from_str(&bench.ok("crane", &["manifest", &format!("{image}:0.2.0")])).unwrap();
    let listed: Vec<_> = index["manifests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["digest"].as_str().unwrap().to_owned())
        .collect();
    assert!(listed.contains(&digest("0.2.0-amd64")), "{index:#}");
    let tags = bench.ok("crane", &["ls", &image]);
    let build = |arch: &str| {
        tags.lines()
            .find(|tag| tag.contains("-build.") && tag.ends_with(arch))
            .unwrap()
    };
    for arch in ["amd64", "arm64"] {
        assert_eq!(
            digest(&format!("0.2.0-{arch}")),
            digest(build(arch)),
            "law 8: the tested bytes"
        );
    }
    if has("skopeo", &["--version"], "skopeo reads what was promoted") {
        let raw = bench.ok(
            "skopeo",
            &[
                "inspect",
                "--raw",
                "--tls-verify=false",
                &format!("docker://{image}:0.2.0"),
            ],
        );
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&raw).unwrap(),
            index
        );
        // One platform: of an index, skopeo 1.9 leaves out the annotations when it copies, and so changes the digest.
        let copy = [
            "--insecure-policy",
            "copy",
            "--quiet",
            "--preserve-digests",
            "--src-tls-verify=false",
            "--dest-tls-verify=false",
        ];
        let from = format!("docker://{image}:0.2.0-amd64");
        let to = format!("docker://{address}/acme/api-copy:0.2.0");
        bench.ok("skopeo", &[&copy[..], &[&from, &to]].concat());
        assert_eq!(
            bench.ok(
                "crane",
                &["digest", &format!("{address}/acme/api-copy:0.2.0")]
            ),
            digest("0.2.0-amd64")
        );
    }
}

#[test]
fn law_8_what_is_promoted_is_read_by_others_as_it_was_tested() {
    let test = "a promotion at docker-registry";
    if !has("crane", &["version"], test) {
        return;
    }
    let embedded = EmbeddedRegistry::start().unwrap();
    released_at(&embedded.address());
    read_promoted(&Bench::new(), &embedded.address());
    if let Some(real) = RealRegistry::start_or_skip(test) {
        released_at(&real.address);
        read_promoted(&Bench::new(), &real.address);
    }
}
