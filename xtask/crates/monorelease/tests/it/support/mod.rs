//! A small polyglot repository with a real remote and a strict registry, and the program to run on it.
//!
//! Everything is real but the registry, which is a server on this machine. Nothing outlives its test.

pub mod crash;
pub mod delivery;
pub mod deploy;
pub mod engine;
pub mod fake_docker;
pub mod package;
pub mod programs;
pub mod proxy;
pub mod pull;
pub mod real_registry;
pub mod registered;
mod report;
mod repository;
pub mod room;
pub mod scanner;
pub mod snapshots;
pub mod stage;
pub mod this_repository;
mod times;
pub mod tools;
mod tree;
pub mod trust;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use monorelease::rehearse::images as stand_in;
use monorelease_stand_ins::registry::EmbeddedRegistry;

pub use report::Report;

/// A repository of three projects: a Rust crate with a Python face, and two Python services.
pub struct Fixture {
    folder: tempfile::TempDir,
    pub registry: EmbeddedRegistry,
}

const PYPROJECT: &str = "[project]\nname = \"api\"\nversion = \"0.1.0\" # the truth\ndependencies = [\"other==0.1.0\"]\n";
const UV_LOCK: &str = "version = 1\n\n[[package]]\nname = \"api\"\nversion = \"0.1.0\"\nsource = { editable = \".\" }\n\n[[package]]\nname = \"other\"\nversion = \"0.1.0\"\nsource = { registry = \"index\" }\n";
const CORE_LOCK: &str = "version = 4\n\n[[package]]\nname = \"core\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"foreign\"\nversion = \"0.1.0\"\nsource = \"registry+index\"\n";

impl Fixture {
    pub fn new() -> Self {
        Self::with(EmbeddedRegistry::start().unwrap())
    }

    /// The same with a registry that was built otherwise.
    pub fn with(registry: EmbeddedRegistry) -> Self {
        let fixture = Self::empty(registry);
        fixture.write("xtask/monorepo.toml", &fixture.config());
        fixture.write(".gitignore", "/target/\n");
        fixture.write(
            "core/Cargo.toml",
            "[package]\nname = \"core\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\nforeign = \"0.1.0\"\n",
        );
        fixture.write(
            "core/pyproject.toml",
            "[project]\nname = \"core\"\nversion = \"0.1.0\"\n",
        );
        fixture.write("Cargo.lock", CORE_LOCK);
        fixture.write("api/pyproject.toml", PYPROJECT);
        fixture.write("api/uv.lock", UV_LOCK);
        fixture.write(
            "web/src/web/version.py",
            "\"\"\"Not __version__ = \"9.9.9\".\"\"\"\n\n__version__ = \"0.1.0\"\n",
        );
        let work = repository::open(&fixture.root());
        repository::commit_all(&work, "feat: begin");
        repository::push_main(&work);
        fixture
    }

    /// An empty work tree, and an empty remote beside it.
    fn empty(registry: EmbeddedRegistry) -> Self {
        let folder = room::folder();
        let origin = folder.path().join("origin.git");
        repository::init(&folder.path().join("work"), &origin);
        // As forges do: who fetches may leave contents out.
        let mut config = repository::open(&origin).config().unwrap();
        config.set_bool("uploadpack.allowFilter", true).unwrap();
        Self { folder, registry }
    }

    fn config(&self) -> String {
        format!(
            r#"[repository]
branch = "main"
[images]
repository = "{}/acme/{{package}}"
[projects.core]
path = "core"
versions = ["Cargo.toml", "pyproject.toml"]
wheel = {{ targets = ["x86_64-unknown-linux-gnu"] }}
[projects.api]
path = "api"
versions = ["pyproject.toml"]
image = {{ platforms = ["linux/amd64", "linux/arm64"], smoke = [["api", "--help"]] }}
[projects.web]
path = "web"
versions = ["src/web/version.py"]
depends = ["core"]
"#,
            self.registry.address()
        )
    }

    /// The work tree and its remote, side by side.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    pub fn root(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root().join(path)).unwrap()
    }

    pub fn git(&self, arguments: &[&str]) -> String {
        git_in(&self.root(), arguments)
    }

    pub fn commit_all(&self, message: &str) {
        self.git(&["commit", "--quiet", "--all", "--message", message]);
    }

    /// Runs the program as CI would: no terminal, no token.
    pub fn run(&self, arguments: &[&str]) -> Report {
        self.run_with(arguments, &[])
    }

    pub fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Report {
        ran(program(&self.root())
            .args(arguments)
            .envs(variables.iter().copied())
            .output()
            .unwrap())
    }

    /// Runs it with `--json` and reads the document.
    pub fn json(&self, arguments: &[&str]) -> Report {
        self.run(&[arguments, &["--json"]].concat()).with_document()
    }

    /// Runs it and insists that it went well.
    pub fn ok(&self, arguments: &[&str]) -> Report {
        self.run(arguments).succeeded()
    }

    pub fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    /// Pushes stand-in images, one plain and one with an attestation, for the platforms under a build id, as `build --push` on two machines would.
    pub fn push_candidate(&self, build_id: &str, platforms: &[&str], revision: &str) {
        for platform in platforms {
            stand_in::push_to(
                &self.registry,
                "acme/api",
                build_id,
                platform,
                "0.2.0",
                revision,
                platform.ends_with("arm64"),
            )
            .unwrap();
        }
    }

    /// bump, commit, tag --rc --push, and both platforms' images: all that a release wants. Gives the build id.
    pub fn prepare_release(&self) -> String {
        self.ok(&["bump", "minor", "api", "--commit"]);
        self.ok(&["tag", "api", "--rc", "--push"]);
        let plan = self.json(&["plan", "--tag", "api-v0.2.0-rc1"]);
        let build_id = plan["matrix"]["include"][0]["build_id"]
            .as_str()
            .unwrap()
            .to_owned();
        self.push_candidate(&build_id, &["linux/amd64", "linux/arm64"], &self.head());
        build_id
    }

    /// Everything a command could change: files, refs here and at the remote, and the registry.
    pub fn state(&self) -> BTreeMap<String, String> {
        let mut state = self.registry.state();
        let work = repository::open(&self.root());
        let (files, status) = repository::files(&work).unwrap_or_else(|_| self.files());
        for file in files {
            if let Ok(text) = fs::read_to_string(self.root().join(&file)) {
                state.insert(format!("file {file}"), text);
            }
        }
        state.insert("refs here".into(), repository::refs(&work));
        state.insert("refs there".into(), self.refs_there());
        let deliveries = self.folder().join("deploy.git");
        if deliveries.exists() {
            state.insert(
                "refs of what runs".into(),
                repository::refs(&repository::open(&deliveries)),
            );
        }
        state.insert("status".into(), status);
        state
    }

    /// As `repository::files`, told by git.
    fn files(&self) -> (Vec<String>, String) {
        let files = self.git(&["ls-files", "--others", "--cached", "--exclude-standard"]);
        let status = self.git(&["status", "--porcelain"]);
        (files.lines().map(str::to_owned).collect(), status)
    }

    fn refs_there(&self) -> String {
        let origin = self.folder().join("origin.git");
        let url = repository::open(&self.root())
            .find_remote("origin")
            .and_then(|origin| origin.url().map(str::to_owned));
        match url.is_ok_and(|url| Path::new(&url) == origin) {
            true => repository::refs(&repository::open(&origin)),
            // Tests that put another remote in its place mean that one.
            false => self.git(&["ls-remote", "origin"]),
        }
    }
}

pub fn git_in(folder: &Path, arguments: &[&str]) -> String {
    fs::create_dir_all(folder).unwrap();
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "git {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// The program under the name that it has in a repository: hints say how it was called.
pub fn binary() -> &'static Path {
    static LINK: LazyLock<PathBuf> = LazyLock::new(|| {
        let link = Path::new(env!("CARGO_TARGET_TMPDIR")).join("xtask");
        let fresh = link.with_extension(std::process::id().to_string());
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_monorelease"), &fresh).unwrap();
        // Another run may be using it: replaced in one step.
        fs::rename(&fresh, &link).unwrap();
        link
    });
    &LINK
}

/// The program in a folder, with nothing of the surrounding CI in its environment.
pub fn program(folder: &Path) -> Command {
    let mut command = Command::new(binary());
    command.current_dir(folder).env("TMPDIR", room::place());
    for name in [
        "GITHUB_TOKEN",
        "DELIVERY_TOKEN",
        "GH_TOKEN",
        "GITHUB_ACTIONS",
        "GITHUB_OUTPUT",
        "GITHUB_STEP_SUMMARY",
        "GITHUB_RUN_NUMBER",
        "GITHUB_API_URL",
        "GITHUB_SERVER_URL",
        "XTASK_REQUIRE_TOOLS",
        "DOCKER_CONFIG",
        "SLACK_WEBHOOK_URL",
        "DISCORD_WEBHOOK_URL",
        "UV_PUBLISH_TOKEN",
        "UV_PUBLISH_USERNAME",
        "UV_PUBLISH_PASSWORD",
        "UV_PUBLISH_URL",
        "UV_PUBLISH_CHECK_URL",
        "TWINE_USERNAME",
        "TWINE_PASSWORD",
        "TWINE_REPOSITORY_URL",
        "COSIGN_KEY",
        "COSIGN_PRIVATE_KEY",
        "COSIGN_PASSWORD",
        "COSIGN_PUBLIC_KEY",
        "SIGSTORE_ID_TOKEN",
        "ACTIONS_ID_TOKEN_REQUEST_URL",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    ] {
        command.env_remove(name);
    }
    command
}

pub fn ran(output: Output) -> Report {
    Report::of(output)
}
