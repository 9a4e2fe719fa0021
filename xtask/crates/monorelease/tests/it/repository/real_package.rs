//! The wheel of this repository on its way to a real index, listed and signed: maturin, uv, twine, cosign, pypiserver and pip, none
//! of them ours.
//!
//! Where a tool is missing the test prints which and passes, unless XTASK_REQUIRE_TOOLS is set: then it fails.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::support;
use crate::support::this_repository::{self, shared_target, wheel_turn};
use crate::support::trust::Keys;
use crate::support::{git_in, ran, tools};
use serde_json::Value;

/// A running pypiserver that takes files of anybody.
struct RealIndex {
    child: Child,
    address: String,
    files: PathBuf,
}

impl RealIndex {
    fn start(folder: &Path) -> Self {
        let files = folder.join("served");
        fs::create_dir_all(&files).unwrap();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let address = format!("127.0.0.1:{port}");
        let port = port.to_string();
        let mut command = Command::new("pypi-server");
        command.args([
            "run",
            "--interface",
            "127.0.0.1",
            "--port",
            &port,
            "--authenticate",
            ".",
            "--passwords",
            ".",
            "--disable-fallback",
        ]);
        let child = command
            .arg(&files)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut index = Self {
            child,
            address,
            files,
        };
        while TcpStream::connect(&index.address).is_err() {
            assert!(
                index.child.try_wait().unwrap().is_none(),
                "pypi-server has ended"
            );
            std::thread::yield_now();
        }
        index
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(&self.files)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for RealIndex {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn host() -> String {
    let said =
        String::from_utf8(Command::new("rustc").arg("-vV").output().unwrap().stdout).unwrap();
    said.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap()
        .to_owned()
}

#[test]
fn rocks_is_released_to_a_real_index_and_installed_from_it() {
    let programs = [
        ("uv", "--version"),
        ("twine", "--version"),
        ("pypi-server", "--version"),
        ("python3", "--version"),
        ("cosign", "version"),
    ];
    if !tools::has("the release of rocks", &programs) {
        return;
    }
    let _turn = wheel_turn();
    let folder = support::room::folder();
    let index = RealIndex::start(folder.path());
    let root = folder.path().join("work");
    this_repository::copy_to(&root);
    let config = root.join("xtask/monorepo.toml");
    let text = fs::read_to_string(&config).unwrap();
    let (before, rest) = text.split_once("wheel = ").unwrap();
    let (_, rest) = rest.split_once("candidate-index = \"testpypi\"\n").unwrap();
    let url = format!("http://{}/", index.address);
    let ours = format!(
        "wheel = {{ targets = [\"{}\"] }}\npackage-index = \"{url}\"\ncandidate-index = \"{url}\"\n",
        host()
    );
    let keys = Keys::new();
    let trust = "[trust]\npublic-key = \"cosign.pub\"\ntransparency-log = false\n";
    fs::write(&config, format!("{before}{ours}{rest}\n{trust}")).unwrap();
    fs::write(root.join("cosign.pub"), keys.text(&keys.public())).unwrap();
    git_in(&root, &["add", "cosign.pub"]);
    git_in(
        &root,
        &[
            "commit",
            "--quiet",
            "--all",
            "--message",
            "chore: one index, one target",
        ],
    );
    let remote = folder.path().join("origin.git");
    git_in(
        folder.path(),
        &["init", "--quiet", "--bare", remote.to_str().unwrap()],
    );
    git_in(
        &root,
        &["remote", "add", "origin", remote.to_str().unwrap()],
    );
    let run = |arguments: &[&str]| {
        let mut command = support::program(&root);
        command.args(arguments).arg("--json").env(
            "CARGO_TARGET_DIR",
            shared_target()
                .canonicalize()
                .unwrap_or_else(|_| shared_target()),
        );
        command.envs(keys.variables());
        // pypiserver asks nobody; uv wants to have something to say all the same.
        let answer = ran(command
            .env("UV_PUBLISH_USERNAME", "anybody")
            .env("UV_PUBLISH_PASSWORD", "whatever")
            .output()
            .unwrap());
        answer.with_document()
    };
    let ok = |arguments: &[&str]| run(arguments).succeeded();
    ok(&["bump", "minor", "rocks", "--commit"]);
    ok(&["tag", "rocks", "--rc", "--push"]);
    ok(&["build", "rocks", "--push"]);
    let candidates = index.names();
    assert_eq!(candidates.len(), 2, "{candidates:?}");
    assert!(
        candidates
            .iter()
            .all(|name| name.starts_with("percolate_rocks-0.2.0rc1")),
        "{candidates:?}"
    );
    assert!(
        candidates.iter().any(|name| name.contains("-abi3-")),
        "{candidates:?}"
    );
    ok(&["release", "rocks"]);
    assert_eq!(index.names().len(), 4, "{:?}", index.names());
    let again = ok(&["release", "rocks"]);
    assert!(
        again["steps"]
            .as_array()
            .unwrap()
            .iter()
            .all(|step| step["verdict"] == "done"),
        "law 14: {again:#}"
    );
    let report = run(&["verify", "rocks", "0.2.0"]);
    let signed = report["rows"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["check"] == "bundle" && row["ok"] == true)
        .count();
    assert_eq!((report.code, signed), (0, 2), "{report:#}{report:#}");
    assert_what_is_said(
        &root.join("target/xtask/dist/percolate-rocks/0.2.0"),
        &root.join("cosign.pub"),
    );

    let environment = folder.path().join("fresh");
    let done = |command: &mut Command| {
        let output = command
            .env_remove("VIRTUAL_ENV")
            .env_remove("PIP_FIND_LINKS")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    };
    done(
        Command::new("python3")
            .args(["-m", "venv"])
            .arg(&environment),
    );
    let simple = format!("{url}simple/");
    let python = environment.join("bin/python");
    done(Command::new(&python).args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--index-url",
        &simple,
        "percolate-rocks",
    ]));
    let version = done(Command::new(&python).args([
        "-I",
        "-c",
        "import percolate_rocks; print(percolate_rocks.__version__)",
    ]));
    assert_eq!(
        version.trim(),
        "0.2.0",
        "pip takes the release, and no candidate"
    );

    let wheel = index
        .names()
        .into_iter()
        .find(|name| name.starts_with("percolate_rocks-0.2.0-"))
        .unwrap();
    let path = index.files.join(&wheel);
    let mut bytes = fs::read(&path).unwrap();
    let place = bytes.len() / 2;
    bytes[place] ^= 1;
    // Another file, as far as pypiserver's own memory of hashes goes.
    fs::remove_file(&path).unwrap();
    fs::write(&path, bytes).unwrap();
    let report = run(&["verify", "rocks", "0.2.0"]);
    let rows = report["rows"].as_array().unwrap();
    let red: Vec<_> = rows
        .iter()
        .filter(|row| row["ok"] == false)
        .map(|row| row["subject"].as_str().unwrap())
        .collect();
    assert_eq!((report.code, red), (1, vec![wheel.as_str()]), "{report:#}");
}

/// cosign itself takes each file for what its bundle says, and no other; the list names the crates that the wheel is made of.
fn assert_what_is_said(folder: &Path, key: &Path) {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let files: Vec<_> = names
        .iter()
        .filter(|name| !name.ends_with(".sigstore.json"))
        .collect();
    assert_eq!((files.len(), names.len()), (3, 6), "{names:?}");
    let is_verified = |file: &str, bundle: &str| {
        let mut command = Command::new("cosign");
        command
            .args([
                "verify-blob",
                "--insecure-ignore-tlog",
                "--new-bundle-format=false",
                "--key",
            ])
            .arg(key);
        command
            .arg("--bundle")
            .arg(folder.join(format!("{bundle}.sigstore.json")))
            .arg(folder.join(file));
        command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap()
            .success()
    };
    for file in &files {
        assert!(
            files
                .iter()
                .all(|bundle| is_verified(file, bundle) == (file == bundle)),
            "{file}"
        );
    }
    let list = files
        .iter()
        .find(|name| name.ends_with(".cdx.json"))
        .unwrap();
    let list: Value =
        serde_json::from_str(&fs::read_to_string(folder.join(list)).unwrap()).unwrap();
    assert_eq!(list["bomFormat"], "CycloneDX");
    let urls: Vec<_> = list["components"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|part| part["purl"].as_str())
        .collect();
    assert!(
        urls.len() > 10 && urls.iter().any(|url| url.starts_with("pkg:cargo/pyo3@")),
        "{urls:?}"
    );
}
