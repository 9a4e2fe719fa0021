//! The main job on this repository with real tools: docker engine, buildx, Debian's docker-registry, maturin, uv, git.
//!
//! Where a tool is missing the test prints which and passes, unless XTASK_REQUIRE_TOOLS is set: then it fails.

use crate::support::Report;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support;
use crate::support::engine::{can_run, docker, engine_platform};
use crate::support::real_registry::RealRegistry;
use crate::support::scanner::Scanner;
use crate::support::this_repository::{self, shared_target, uv, wheel_turn};
use crate::support::trust::{Keys, Served, can_run as has_tools, words};
use crate::support::{git_in, ran};
use serde_json::Value;

/// This repository as it stands, copied, with a remote of its own, and images at the real registry for this machine's platform.
struct Copy {
    folder: tempfile::TempDir,
    registry: RealRegistry,
}

impl Copy {
    fn new() -> Self {
        let copy = Self {
            folder: support::room::folder(),
            registry: RealRegistry::start(),
        };
        this_repository::copy_to(&copy.root());
        let config = copy.root().join("xtask/monorepo.toml");
        let text = fs::read_to_string(&config).unwrap();
        let text = text
            .replace("ghcr.io/", &format!("{}/", copy.registry.address))
            .replace(
                "[\"linux/amd64\", \"linux/arm64\"]",
                &format!("[\"{}\"]", engine_platform()),
            );
        fs::write(&config, text).unwrap();
        copy.git(&[
            "commit",
            "--quiet",
            "--all",
            "--message",
            "chore: one registry, one platform",
        ]);
        let remote = copy.folder.path().join("origin.git");
        git_in(
            copy.folder.path(),
            &["init", "--quiet", "--bare", remote.to_str().unwrap()],
        );
        copy.git(&["remote", "add", "origin", remote.to_str().unwrap()]);
        copy
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    fn git(&self, arguments: &[&str]) -> String {
        git_in(&self.root(), arguments)
    }

    /// A stand-in for a scanner, before everything else on the PATH.
    fn scanner(&self) -> Scanner {
        Scanner::called("trivy", &self.folder.path().join("bin"))
    }

    /// Runs the program and insists that it went well; gives its JSON document.
    fn ok(&self, arguments: &[&str]) -> Report {
        ran(self.command(arguments).output().unwrap())
            .with_document()
            .succeeded()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = support::program(&self.root());
        command.args(arguments).arg("--json");
        // Wheels of all runs are compiled in one place, so that a warm run does not begin from nothing.
        command.env("CARGO_TARGET_DIR", shared_target());
        command
    }

    fn image(&self, package: &str, tag: &str) -> String {
        format!("{}/percolation-labs/{package}:{tag}", self.registry.address)
    }

    /// bump, tag --rc, build --push, release, release again; then the released tag is pulled, run and asked.
    fn release(&self, project: &str, package: &str) {
        self.ok(&["bump", "minor", project, "--commit"]);
        self.ok(&["tag", project, "--rc", "--push"]);
        let built = self.ok(&["build", project, "--push"]);
        let kinds: Vec<_> = built
            .steps()
            .iter()
            .map(|step| step["kind"].as_str().unwrap().to_owned())
            .filter(|kind| kind != "scan")
            .collect();
        assert!(
            kinds.ends_with(&["build-image", "smoke", "health", "push-image"].map(str::to_owned)),
            "{kinds:?}"
        );
        assert!(
            built.steps().iter().all(|step| step["verdict"] == "acted"),
            "{built:#}"
        );
        assert!(
            self.ok(&["build", project, "--push"])
                .steps()
                .iter()
                .all(|step| step["verdict"] == "done"),
            "built twice"
        );
        let released = self.ok(&["release", project]);
        assert!(
            released
                .steps()
                .iter()
                .all(|step| step["verdict"] == "acted"),
            "{released:#}"
        );
        let again = self.ok(&["release", project]);
        assert!(
            again.steps().iter().all(|step| step["verdict"] == "done"),
            "law 14: {again:#}"
        );
        assert!(
            self.git(&["ls-remote", "origin"])
                .contains(&format!("refs/tags/{package}-v0.2.0\n"))
        );
        let image = self.image(package, "0.2.0");
        docker(&["pull", "--quiet", &image]);
        let labels: Value = serde_json::from_str(&docker(&[
            "image",
            "inspect",
            "--format",
            "{{json .Config}}",
            &image,
        ]))
        .unwrap();
        assert_eq!(
            labels["Labels"]["org.opencontainers.image.version"],
            "0.2.0"
        );
        assert_eq!(
            labels["Labels"]["org.opencontainers.image.revision"],
            self.git(&["rev-parse", &format!("{package}-v0.2.0^{{commit}}")])
                .trim()
        );
        assert!(
            !matches!(labels["User"].as_str(), None | Some("" | "0" | "root")),
            "runs as root: {labels}"
        );
        let health = health_of(&image);
        assert_eq!(
            (health["service"].as_str(), health["version"].as_str()),
            (Some(package), Some("0.2.0")),
            "{health}"
        );
        docker(&["image", "rm", "--force", &image]);
    }
}

impl Drop for Copy {
    /// The engine keeps what it built, and every test builds under the name of its own registry.
    fn drop(&mut self) {
        let ours = format!("reference={}/*/*", self.registry.address);
        let Ok(listing) = Command::new("docker")
            .args(["image", "ls", "--quiet", "--filter", &ours])
            .output()
        else {
            return;
        };
        let ids = String::from_utf8_lossy(&listing.stdout).into_owned();
        let _ = Command::new("docker")
            .args(["image", "rm", "--force"])
            .args(ids.split_whitespace())
            .output();
    }
}

/// Starts the image and asks its health path until it answers; the container ends either way.
fn health_of(image: &str) -> Value {
    struct Container(String);
    impl Drop for Container {
        fn drop(&mut self) {
            let _ = Command::new("docker")
                .args(["rm", "--force", &self.0])
                .output();
        }
    }
    let container = Container(
        docker(&["run", "--detach", "--publish", "127.0.0.1::8000", image])
            .trim()
            .to_owned(),
    );
    let address = docker(&["port", &container.0, "8000/tcp"])
        .lines()
        .next()
        .unwrap()
        .to_owned();
    for _ in 0..300 {
        if let Some(body) = ask(&address) {
            return serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}"));
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!(
        "{image} does not answer: {}",
        docker(&["logs", &container.0])
    );
}

/// One HTTP request by hand; `None` while nobody answers 200.
fn ask(address: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream
        .write_all(
            format!("GET /health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")
                .as_bytes(),
        )
        .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.starts_with("HTTP/1.1 200").then(|| body.to_owned())
}

#[test]
fn reading_is_bumped_tagged_built_released_and_runs() {
    if can_run("the release of reading") {
        Copy::new().release("reading", "percolate-reading");
    }
}

#[test]
fn an_image_with_findings_is_never_pushed() {
    if !can_run("the scan gate") {
        return;
    }
    let copy = Copy::new();
    copy.ok(&["tag", "reading", "--rc", "--push"]);
    let build = ["build", "reading", "--push", "--require-scan"];
    let scanner = copy.scanner();
    scanner.finds("image", &[("CVE-2024-0001", "HIGH", Some("2.0"))]);
    let found = ran(copy
        .command(&build)
        .env("PATH", scanner.path())
        .output()
        .unwrap());
    assert_eq!(found.code, 1, "{}", found.stderr);
    let verdicts: Vec<_> = found
        .steps()
        .iter()
        .map(|step| format!("{} {}", step["kind"], step["verdict"]).replace('"', ""))
        .collect();
    assert_eq!(
        verdicts,
        [
            "build-image acted",
            "smoke acted",
            "health acted",
            "scan failed",
            "push-image skipped"
        ]
    );
    assert!(
        found
            .stderr
            .contains("trivy found 1 HIGH or CRITICAL with a fix"),
        "{}",
        found.stderr
    );
    scanner.finds("image", &[]);
    let passed = ran(copy
        .command(&build)
        .env("PATH", scanner.path())
        .output()
        .unwrap());
    assert_eq!(passed.code, 0, "{}", passed.stderr);
    let verdicts: Vec<_> = passed
        .steps()
        .iter()
        .map(|step| step["verdict"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        verdicts,
        ["done", "done", "done", "acted", "acted"],
        "what passed on these bytes is not run again"
    );
}

#[test]
fn what_another_state_of_the_tree_passed_is_not_passed() {
    if !can_run("the checks of another image") {
        return;
    }
    let copy = Copy::new();
    let program = copy
        .root()
        .join("percolate-reading/src/percolate_reading/cli.py");
    let good = fs::read_to_string(&program).unwrap();
    fs::write(&program, format!("raise SystemExit(3)\n{good}")).unwrap();
    copy.git(&["commit", "--quiet", "--all", "--message", "feat: broken"]);
    fs::write(&program, &good).unwrap();
    copy.ok(&["build", "reading"]);
    copy.git(&["checkout", "--quiet", "."]);
    let refused = ran(copy
        .command(&["build", "reading", "--push"])
        .output()
        .unwrap());
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    let verdicts: Vec<_> = refused
        .steps()
        .iter()
        .map(|step| format!("{} {}", step["kind"], step["verdict"]).replace('"', ""))
        .collect();
    assert_eq!(
        verdicts,
        [
            "build-image acted",
            "smoke failed",
            "health skipped",
            "push-image skipped"
        ]
    );
}

#[test]
fn percolate_is_released_with_the_wheel_of_this_tree_inside() {
    if can_run("the release of percolate") {
        let _turn = wheel_turn();
        Copy::new().release("percolate", "percolate");
    }
}

#[test]
fn the_wheel_of_rocks_installs_into_a_fresh_environment() {
    if !can_run("the wheel of rocks") {
        return;
    }
    let _turn = wheel_turn();
    let copy = Copy::new();
    copy.ok(&["bump", "minor", "rocks", "--commit"]);
    let built = copy.ok(&["build", "rocks"]);
    let step = &built.steps()[0];
    let folder = copy.root().join(
        step["id"]
            .as_str()
            .unwrap()
            .trim_start_matches("build-distribution:"),
    );
    let wheel = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .unwrap();
    let name = wheel.file_name().unwrap().to_string_lossy().into_owned();
    assert!(
        name.starts_with("percolate_rocks-0.2.0-") && name.contains("-abi3-"),
        "{name}"
    );
    let environment = copy.folder.path().join("fresh");
    let run = |program: &Path, arguments: &[&str]| {
        let output = Command::new(program)
            .args(arguments)
            .env_remove("VIRTUAL_ENV")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    };
    run(&uv(), &["venv", environment.to_str().unwrap()]);
    let python = environment.join("bin/python");
    run(
        &uv(),
        &[
            "pip",
            "install",
            "--python",
            python.to_str().unwrap(),
            "--no-index",
            wheel.to_str().unwrap(),
        ],
    );
    assert_eq!(
        run(
            &python,
            &[
                "-c",
                "import percolate_rocks; print(percolate_rocks.__version__)"
            ]
        )
        .trim(),
        "0.2.0"
    );
}

#[test]
fn the_rehearsal_builds_the_real_image() {
    if !can_run("the rehearsal with docker") {
        return;
    }
    let copy = Copy::new();
    let document = copy.ok(&["rehearse", "reading", "--docker"]);
    let images = document["images"].as_object().unwrap();
    assert_eq!(
        images.len(),
        5,
        "one platform's candidate, its release name, the index and its two aliases: {images:?}"
    );
    assert_eq!(
        (&images["latest"], &images["0.2"]),
        (&images["0.2.0"], &images["0.2.0"])
    );
    assert_eq!(document["version"], "0.2.0");
    let build_id = document["build_id"].as_str().unwrap().to_owned();
    let refused = ran(copy
        .command(&["build", "reading", "--build-id", &build_id])
        .output()
        .unwrap());
    assert_eq!(
        refused.code, 3,
        "an id of another commit: {}",
        refused.stderr
    );
    assert!(
        refused
            .stderr
            .contains(&format!("build id {build_id} is of 0.2.0 at")),
        "{}",
        refused.stderr
    );
    let wrong = ran(copy
        .command(&["build", "reading", "--build-id", "yesterday"])
        .output()
        .unwrap());
    assert_eq!(wrong.code, 2, "{}", wrong.stderr);
    let wrong = ran(copy
        .command(&["build", "reading", "--platform", "plan9/amd64"])
        .output()
        .unwrap());
    assert_eq!(wrong.code, 2, "{}", wrong.stderr);
}

#[test]
fn a_python_package_is_built_by_uv() {
    if !can_run("the package by uv") {
        return;
    }
    let copy = Copy::new();
    let config = copy.root().join("xtask/monorepo.toml");
    let text = fs::read_to_string(&config).unwrap();
    let (before, _) = text.split_once("image = {").unwrap();
    fs::write(&config, format!("{before}package-index = \"pypi\"\n")).unwrap();
    copy.git(&[
        "commit",
        "--quiet",
        "--all",
        "--message",
        "chore: reading as a package",
    ]);
    let built = copy.ok(&["build", "reading"]);
    assert_eq!(
        built.steps()[0]["evidence"],
        "percolate_reading-0.1.0-py3-none-any.whl, percolate_reading-0.1.0.tar.gz"
    );
    assert_eq!(copy.ok(&["build", "reading"]).steps()[0]["verdict"], "done");
}

/// The rows of `verify` that are not good: subject and check.
fn red(copy: &Copy) -> Vec<String> {
    let verified = ran(copy
        .command(&["verify", "reading", "0.2.0"])
        .output()
        .unwrap());
    let rows = verified["rows"].as_array().unwrap();
    let red: Vec<_> = rows
        .iter()
        .filter(|row| row["ok"] == false)
        .map(words)
        .collect();
    assert_eq!(verified.code, i32::from(!red.is_empty()), "{verified:#}");
    red
}

#[test]
fn a_built_image_is_signed_and_listed_and_others_agree() {
    if !can_run("the signed release of reading")
        || !has_tools("the signed release of reading", &["cosign", "syft"])
    {
        return;
    }
    let copy = Copy::new();
    let keys = Keys::new();
    let config = copy.root().join("xtask/monorepo.toml");
    let trust = "\n[trust]\npublic-key = \"cosign.pub\"\ntransparency-log = false\n";
    fs::write(
        &config,
        format!("{}{trust}", fs::read_to_string(&config).unwrap()),
    )
    .unwrap();
    fs::copy(keys.public(), copy.root().join("cosign.pub")).unwrap();
    copy.git(&["add", "--all"]);
    copy.git(&[
        "commit",
        "--quiet",
        "--message",
        "chore: releases are signed",
    ]);
    copy.ok(&["bump", "minor", "reading", "--commit"]);
    copy.ok(&["tag", "reading", "--rc", "--push"]);
    copy.ok(&["build", "reading", "--push"]);
    let release = || {
        ran(copy
            .command(&["release", "reading"])
            .envs(keys.variables())
            .output()
            .unwrap())
        .with_document()
        .succeeded()
    };
    let kinds: Vec<_> = release()
        .steps()
        .iter()
        .map(|step| step["kind"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        kinds.iter().filter(|kind| *kind == "attest").count(),
        3,
        "{kinds:?}"
    );
    assert!(
        release()
            .steps()
            .iter()
            .all(|step| step["verdict"] == "done"),
        "law 14: nothing is signed twice"
    );
    assert_eq!(red(&copy), [""; 0]);

    let platform = engine_platform();
    let served = Served {
        registry: &copy.registry,
        path: "percolation-labs/percolate-reading",
        version: "0.2.0",
        platform: &platform,
    };
    served.assert_others_agree(&keys.public(), &Keys::other().public());
    served.assert_each_flip_is_seen(&|| red(&copy));
}
