//! Keys, and a fixture whose releases must be signed with one of them.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use monorelease_stand_ins::registry::EmbeddedRegistry;
use serde_json::Value;

use super::programs::write_program;
use super::real_registry::RealRegistry;
use super::tools::{nothing_is_missing, on_path};
use super::{Fixture, Report};

/// What no output, file or argument may ever show.
pub const PASSWORD: &str = "canary-of-the-key";

/// Whether the machine can run a test; says what is missing, or fails where nothing may be.
pub fn can_run(test: &str, programs: &[&str]) -> bool {
    let missing: Vec<_> = programs
        .iter()
        .copied()
        .filter(|program| on_path(program).is_none())
        .collect();
    nothing_is_missing(test, &missing)
}

/// A copy of a key pair, in a folder of its own.
pub struct Keys {
    folder: tempfile::TempDir,
}

impl Keys {
    /// The pair that all tests share: making one takes a second.
    pub fn new() -> Self {
        static SHARED: LazyLock<[(&str, Vec<u8>); 2]> = LazyLock::new(|| {
            let keys = Keys::other();
            ["cosign.key", "cosign.pub"]
                .map(|file| (file, fs::read(keys.folder.path().join(file)).unwrap()))
        });
        let folder = tempfile::tempdir().unwrap();
        for (file, bytes) in SHARED.iter() {
            fs::write(folder.path().join(file), bytes).unwrap();
        }
        Self { folder }
    }

    /// Another pair than the shared one.
    pub fn other() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("cosign");
        command
            .arg("generate-key-pair")
            .current_dir(folder.path())
            .env("COSIGN_PASSWORD", PASSWORD)
            .stdin(Stdio::null());
        let output = command.output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Self { folder }
    }

    pub fn private(&self) -> String {
        self.folder.path().join("cosign.key").display().to_string()
    }

    pub fn public(&self) -> String {
        self.folder.path().join("cosign.pub").display().to_string()
    }

    pub fn text(&self, path: &str) -> String {
        fs::read_to_string(path).unwrap()
    }

    /// The environment of a run that may sign.
    pub fn variables(&self) -> Vec<(String, String)> {
        vec![
            ("COSIGN_KEY".into(), self.private()),
            ("COSIGN_PASSWORD".into(), PASSWORD.into()),
        ]
    }
}

/// A repository of which every release must be signed, and what is needed to do so.
pub struct Trusted {
    pub fixture: Fixture,
    pub keys: Keys,
}

impl Trusted {
    /// With the given lines in `[trust]`, the public key's among them.
    pub fn new(lines: &str) -> Self {
        let trusted = Self {
            fixture: Fixture::new(),
            keys: Keys::new(),
        };
        trusted.configure(lines);
        trusted
    }

    pub fn configure(&self, lines: &str) {
        let config = self.fixture.read("xtask/monorepo.toml");
        self.fixture
            .write("cosign.pub", &self.keys.text(&self.keys.public()));
        let trust =
            format!("[trust]\npublic-key = \"cosign.pub\"\ntransparency-log = false\n{lines}");
        self.fixture
            .write("xtask/monorepo.toml", &format!("{config}{trust}"));
        self.fixture.git(&["add", "--all"]);
        self.fixture.commit_all("chore: releases are signed");
    }

    pub fn run(&self, arguments: &[&str]) -> Report {
        let variables = self.keys.variables();
        let variables: Vec<_> = variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        self.fixture.run_with(arguments, &variables)
    }

    /// Runs it with `--json`; reads the document.
    pub fn json(&self, arguments: &[&str]) -> Report {
        self.run(&[arguments, &["--json"]].concat()).with_document()
    }

    /// Releases, and insists that it went well.
    pub fn release(&self) -> Report {
        self.fixture.prepare_release();
        self.json(&["release", "api"]).succeeded()
    }

    /// The rows of `verify` that are not good: subject and check.
    pub fn red(&self) -> Vec<String> {
        let report = self.json(&["verify", "api", "0.2.0"]);
        let rows = report["rows"].as_array().unwrap();
        let red: Vec<_> = rows
            .iter()
            .filter(|row| row["ok"] == false)
            .map(words)
            .collect();
        assert_eq!(report.code, i32::from(!red.is_empty()), "{report:#}");
        assert_eq!(report["ok"], red.is_empty());
        red
    }

    pub fn attached(&self) -> Vec<String> {
        attached_to(&self.fixture.registry)
    }

    /// Flips one byte of a blob or a manifest, behind the registry's back; again, and it is as it was.
    pub fn flip(&self, kind: &str, digest: &str) {
        let mut bytes = get(
            &self.fixture.registry.address(),
            &format!("/v2/acme/api/{kind}/{digest}"),
        );
        let place = bytes.len() / 2;
        bytes[place] ^= 1;
        assert!(
            self.fixture
                .registry
                .corrupt("acme/api", &digest.parse().unwrap(), &bytes),
            "{digest} is not there"
        );
    }
}

/// How many of each thing are attached: the tag's digest, and the kind of each entry.
pub fn attached_to(registry: &EmbeddedRegistry) -> Vec<String> {
    let mut tags = registry.tags("acme/api");
    tags.retain(|tag| tag.starts_with("sha256-"));
    tags.sort();
    let mut found = Vec::new();
    for tag in tags {
        let (_, manifest) = registry.manifest("acme/api", &tag).unwrap();
        let manifest: Value = serde_json::from_slice(&manifest).unwrap();
        let mut kinds: Vec<_> = manifest["layers"]
            .as_array()
            .unwrap()
            .iter()
            .map(kind)
            .collect();
        kinds.sort();
        found.push(format!("{tag}: {}", kinds.join(" ")));
    }
    found
}

pub fn words(row: &Value) -> String {
    format!(
        "{} {}",
        row["subject"].as_str().unwrap(),
        row["check"].as_str().unwrap()
    )
}

/// What an entry of cosign's is.
fn kind(layer: &Value) -> String {
    let predicate = layer["annotations"]["predicateType"].as_str();
    predicate
        .or(layer["mediaType"].as_str())
        .unwrap()
        .to_owned()
}

/// One HTTP request by hand, for bytes that are not held to their digest.
pub fn get(address: &str, path: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    // An engine of docker's older kind pushes manifests of that kind; a registry turns a list that is not asked for into one image's.
    let accept = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
                  application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";
    stream
        .write_all(format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept: {accept}\r\nConnection: close\r\n\r\n").as_bytes())
        .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap();
    assert!(
        answer.starts_with(b"HTTP/1.1 200"),
        "{path}: {}",
        String::from_utf8_lossy(&answer[..end])
    );
    answer.split_off(end + 4)
}

/// A PATH whose programs are those of this one, without some of them.
pub fn path_without(folder: &Path, without: &[&str]) -> String {
    for program in ["git", "sh", "cosign", "syft", "cat", "env"]
        .iter()
        .filter(|program| !without.contains(program))
    {
        if let Some(real) = on_path(program) {
            std::os::unix::fs::symlink(real, folder.join(program)).unwrap();
        }
    }
    folder.display().to_string()
}

/// Puts a script before everything else on the PATH.
pub fn path_with(folder: &Path, program: &str, script: &str) -> String {
    write_program(&folder.join(program), script);
    format!("{}:{}", folder.display(), std::env::var("PATH").unwrap())
}

/// cosign by hand, as anybody would type it.
pub fn cosign(arguments: &[&str], image: &str) -> bool {
    let mut command = Command::new("cosign");
    let output = command
        .args(arguments)
        .args(["--insecure-ignore-tlog", "--allow-insecure-registry", image])
        .output()
        .unwrap();
    if !output.status.success() {
        println!(
            "cosign {arguments:?} {image}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    output.status.success()
}

/// A release of one project in a real registry, of which one platform is looked at.
pub struct Served<'a> {
    pub registry: &'a RealRegistry,
    /// Such as `acme/api`.
    pub path: &'a str,
    pub version: &'a str,
    /// Such as `linux/amd64`.
    pub platform: &'a str,
}

impl Served<'_> {
    fn read(&self, path: &str) -> Value {
        serde_json::from_slice(&get(
            &self.registry.address,
            &format!("/v2/{}/manifests/{path}", self.path),
        ))
        .unwrap()
    }

    /// What the index lists for the platform.
    fn digest(&self) -> String {
        let index = self.read(self.version);
        let arch = self.platform.split('/').nth(1).unwrap();
        let entries = index["manifests"].as_array().unwrap();
        entries
            .iter()
            .find(|entry| entry["platform"]["architecture"] == arch)
            .unwrap()["digest"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Insists that cosign itself finds all that is attached, by this key and by no other.
    pub fn assert_others_agree(&self, public: &str, other: &str) {
        let index = format!("{}/{}:{}", self.registry.address, self.path, self.version);
        let image = format!("{}/{}@{}", self.registry.address, self.path, self.digest());
        assert!(
            cosign(&["verify", "--key", public], &index)
                && cosign(&["verify", "--key", public], &image)
        );
        for kind in ["spdxjson", "cyclonedx", "slsaprovenance1"] {
            assert!(
                cosign(
                    &["verify-attestation", "--type", kind, "--key", public],
                    &image
                ),
                "{kind}"
            );
        }
        assert!(
            !cosign(&["verify", "--key", other], &index),
            "another key is none"
        );
    }

    /// Flips one byte on the registry's disk of each kind of thing in turn, and insists that exactly its row is red.
    pub fn assert_each_flip_is_seen(&self, red: &dyn Fn() -> Vec<String>) {
        let platform = self.digest();
        let entry = |suffix: &str, kind: &str| {
            let list = self.read(&format!("{}.{suffix}", platform.replace(':', "-")));
            let layers = list["layers"].as_array().unwrap();
            layers
                .iter()
                .find(|layer| layer.to_string().contains(kind))
                .unwrap()["digest"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        let config = self.read(&platform)["config"]["digest"]
            .as_str()
            .unwrap()
            .to_owned();
        let cases = [
            (entry("sig", "simplesigning"), "signature"),
            (entry("att", "spdx.dev"), "spdx"),
            (entry("att", "cyclonedx"), "cyclonedx"),
            (entry("att", "slsa.dev"), "provenance"),
            (config, "digest"),
            (platform.clone(), "digest"),
        ];
        assert_eq!(red(), [""; 0]);
        for (digest, row) in &cases {
            let file = self.registry.blob(digest);
            let good = fs::read(&file).unwrap();
            let mut bad = good.clone();
            bad[good.len() / 2] ^= 1;
            fs::write(&file, bad).unwrap();
            assert_eq!(red(), [format!("{} {row}", self.platform)], "{digest}");
            fs::write(&file, good).unwrap();
        }
        assert_eq!(red(), [""; 0], "as it was");
    }
}
