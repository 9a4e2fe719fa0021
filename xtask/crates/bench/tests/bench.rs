//! The benchmarks from end to end: they print figures, the repositories they generate are valid,
//! and they leave nothing behind. No figure is compared with a budget.
#![allow(
    clippy::disallowed_methods,
    reason = "a test looks at files and starts programs itself"
)]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

/// A configured repository with one tag, which the benchmarks are started in and copy.
struct Fixture {
    folder: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Self {
        let fixture = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let root = fixture.root();
        for (path, text) in [
            (
                "xtask/monorepo.toml",
                "[repository]\nbranch = \"main\"\n[projects.api]\npath = \"api\"\nversions = [\"VERSION\"]\n",
            ),
            ("api/VERSION", "0.1.0\n"),
            (".gitignore", "/target/\n"),
        ] {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        git(root, &["init", "--quiet", "--initial-branch", "main"]);
        for (key, value) in [
            ("user.name", "Test"),
            ("user.email", "test@localhost"),
            ("commit.gpgSign", "false"),
            ("tag.gpgSign", "false"),
        ] {
            git(root, &["config", key, value]);
        }
        git(root, &["add", "--all"]);
        git(root, &["commit", "--quiet", "--message", "feat: begin"]);
        git(root, &["tag", "a-tag"]);
        fixture
    }

    fn root(&self) -> &Path {
        self.folder.path()
    }

    /// Files, references and status: equal as long as nothing was written.
    fn state(&self) -> BTreeMap<String, String> {
        let files = git(self.root(), &["ls-files", "--others", "--cached"]);
        let mut state: BTreeMap<_, _> = files
            .lines()
            .map(|path| {
                let text = fs::read_to_string(self.root().join(path)).unwrap();
                (path.to_owned(), text)
            })
            .collect();
        state.insert("references".into(), git(self.root(), &["for-each-ref"]));
        let status = git(self.root(), &["status", "--porcelain", "--ignored"]);
        state.insert("status".into(), status);
        state
    }
}

struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    fn document(&self) -> Value {
        let Self { stdout, stderr, .. } = self;
        serde_json::from_str(stdout)
            .unwrap_or_else(|error| panic!("{error}: stdout {stdout:?}, stderr {stderr}"))
    }
}

const BENCH: &str = env!("CARGO_BIN_EXE_monorelease-bench");

/// Runs the benchmarks in the fixture, with a separate folder for temporary files.
fn bench(fixture: &Fixture, temporary: &Path, arguments: &[&str]) -> Ran {
    Command::new(BENCH)
        .args(arguments)
        .current_dir(fixture.root())
        .env("TMPDIR", temporary)
        .output()
        .unwrap()
        .into()
}

/// Runs the measured program, which a benchmark has built beside its own binary.
fn monorelease(folder: &Path, arguments: &[&str]) -> Ran {
    let program = format!("monorelease{}", std::env::consts::EXE_SUFFIX);
    Command::new(Path::new(BENCH).with_file_name(program))
        .args(arguments)
        .current_dir(folder)
        .env_remove("GITHUB_ACTIONS")
        .output()
        .unwrap()
        .into()
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let ran: Ran = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .output()
        .unwrap()
        .into();
    assert_eq!(ran.code, 0, "git {arguments:?}: {}", ran.stderr);
    ran.stdout
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

fn is_positive(value: &Value) -> bool {
    value.as_f64().is_some_and(|figure| figure > 0.0)
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().unwrap()
}

#[test]
fn figures_are_printed_and_nothing_is_left_behind() {
    let fixture = Fixture::new();
    let temporary = tempfile::tempdir().unwrap();
    let before = fixture.state();
    let sizes = ["--projects", "4", "--projects", "1"];
    let arguments = [
        &["versions", "bump"],
        &sizes[..],
        &["--rounds", "2", "--json"],
    ]
    .concat();
    let ran = bench(&fixture, temporary.path(), &arguments);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let document = ran.document();
    let benches = list(&document, "benches");
    let measured: Vec<_> = benches
        .iter()
        .map(|bench| {
            (
                bench["name"].as_str().unwrap(),
                bench["projects"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        measured,
        [("versions", 1), ("bump", 1), ("versions", 4), ("bump", 4)]
    );
    for bench in benches {
        for key in ["time_ms", "fastest_ms", "slowest_ms", "memory_budget_bytes"] {
            assert!(is_positive(&bench[key]), "{key}: {bench}");
        }
        assert!(bench["fastest_ms"].as_f64() <= bench["time_ms"].as_f64());
        assert!(bench["time_ms"].as_f64() <= bench["slowest_ms"].as_f64());
        assert_eq!(bench["timed_rounds"], 2);
        assert!(
            bench
                .as_object()
                .unwrap()
                .keys()
                .all(|key| !key.contains("time_budget")),
            "time budgets are ratios to peers: {bench}"
        );
        #[cfg(target_os = "linux")]
        assert!(
            is_positive(&bench["memory_bytes"]) && is_positive(&bench["of_memory_budget"]),
            "{bench}"
        );
        let peers = list(bench, "peers");
        assert_eq!(peers.len(), 2, "{bench}");
        for peer in peers {
            let has_reason = ["missing", "failed"]
                .iter()
                .any(|key| peer[key].as_str().is_some_and(|why| !why.is_empty()));
            let has_figures = is_positive(&peer["time_ms"]) && is_positive(&peer["time_ratio"]);
            assert!(has_reason != has_figures, "{peer}");
        }
    }
    assert!(is_empty(temporary.path()));
    assert_eq!(fixture.state(), before, "nothing was written or installed");
}

#[test]
fn a_table_is_printed_for_people() {
    let fixture = Fixture::new();
    let temporary = tempfile::tempdir().unwrap();
    let arguments = ["versions", "--projects", "1", "--rounds", "1"];
    let ran = bench(&fixture, temporary.path(), &arguments);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let mut lines = ran.stdout.lines();
    assert!(lines.next().unwrap().starts_with("benchmark  of"));
    let row = lines.next().unwrap();
    assert!(
        row.starts_with("versions   1 projects  monorelease versions  "),
        "{row}"
    );
    #[cfg(target_os = "linux")]
    assert!(row.ends_with(" × 200 MB"), "{row}");
    assert!(ran.stderr.contains("   Measuring versions of 1 projects\n"));
}

#[test]
fn histories_are_measured_beside_git_and_a_clone_is_not_changed() {
    let fixture = Fixture::new();
    let temporary = tempfile::tempdir().unwrap();
    let kept = tempfile::tempdir().unwrap();
    let before = fixture.state();
    let arguments = [
        "changelog",
        "auto",
        "--projects",
        "3",
        "--commits",
        "40",
        "--rounds",
        "1",
        "--json",
        "--clone",
        fixture.root().to_str().unwrap(),
        "--keep",
        kept.path().to_str().unwrap(),
    ];
    let ran = bench(&fixture, temporary.path(), &arguments);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let document = ran.document();
    let benches = list(&document, "benches");
    let measured: Vec<_> = benches
        .iter()
        .map(|bench| {
            (
                bench["name"].as_str().unwrap(),
                bench["commits"].as_u64(),
                bench["clone"].is_string(),
            )
        })
        .collect();
    assert_eq!(
        measured,
        [
            ("changelog", Some(40), false),
            ("auto", Some(40), false),
            ("changelog", None, true),
            ("auto", None, true)
        ]
    );
    for bench in benches {
        let git = &bench["peers"][0];
        assert_eq!(
            (&git["name"], &git["time_ratio_budget"]),
            (&json!("git"), &json!(1.0)),
            "{bench}"
        );
        assert!(
            is_positive(&bench["time_ms"]) && is_positive(&git["time_ratio"]),
            "{bench}"
        );
    }
    assert_eq!(fixture.state(), before, "a clone is never written to");
    // The generated history has the commits that were asked for, merges, and changes of each
    // project.
    let tree = kept.path().join("commits-40-projects-3");
    let count = |flag: &str| {
        let count = ["rev-list", "--count", "--first-parent", flag, "HEAD"];
        git(&tree, &count).trim().parse::<usize>().unwrap()
    };
    assert_eq!(count("--max-count=99"), 40);
    assert!(count("--merges") > 0);
    let changelog = monorelease(&tree, &["changelog", "--initial"]);
    assert_eq!(changelog.code, 0, "{}", changelog.stderr);
    assert_eq!(changelog.stdout.matches("## [Unreleased]").count(), 3);
    assert!(changelog.stdout.contains("### Added"));
    assert!(is_empty(temporary.path()));
}

#[test]
fn a_generated_repository_is_valid() {
    let fixture = Fixture::new();
    let temporary = tempfile::tempdir().unwrap();
    let kept = tempfile::tempdir().unwrap();
    let arguments = [
        "versions",
        "--projects",
        "9",
        "--rounds",
        "1",
        "--keep",
        kept.path().to_str().unwrap(),
    ];
    let ran = bench(&fixture, temporary.path(), &arguments);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let tree = kept.path().join("projects-9");
    assert_eq!(git(&tree, &["status", "--porcelain"]), "");
    let tags = git(
        &tree,
        &["for-each-ref", "--format=%(objecttype)", "refs/tags"],
    );
    assert_eq!(tags, "tag\n".repeat(5), "every second project is released");

    let versions = monorelease(&tree, &["versions", "--check", "--json"]);
    assert_eq!(versions.code, 0, "{}", versions.stderr);
    let versions = versions.document();
    let projects = list(&versions, "projects");
    let released = projects
        .iter()
        .filter(|project| project["released"] == "0.1.0");
    assert_eq!((projects.len(), released.count()), (9, 5));

    assert_same_edits_as_bump_my_version(&tree);

    assert_cargo_accepts(&tree);
    let bump = monorelease(&tree, &["bump", "minor"]);
    assert_eq!(bump.code, 0, "{}", bump.stderr);
    assert_cargo_accepts(&tree);

    let again = bench(&fixture, temporary.path(), &arguments);
    assert_eq!(again.code, 2, "{}", again.stderr);
    assert!(
        again.stderr.contains("projects-9 already exists"),
        "{}",
        again.stderr
    );
    assert!(is_empty(temporary.path()));
}

/// A bump edits the files that bump-my-version is configured to edit; otherwise the two would not
/// do the same work.
fn assert_same_edits_as_bump_my_version(tree: &Path) {
    let plan = monorelease(tree, &["bump", "minor", "--dry-run", "--json"]);
    assert_eq!(plan.code, 0, "{}", plan.stderr);
    let plan = plan.document();
    let mut edited: Vec<_> = list(&plan, "steps")
        .iter()
        .map(|step| step["what"].as_str().unwrap())
        .collect();
    let config = fs::read_to_string(tree.join(".bumpversion.toml")).unwrap();
    let patterns: Vec<_> = config
        .lines()
        .filter_map(|line| line.strip_prefix("glob = \"")?.strip_suffix('"'))
        .collect();
    assert_eq!(patterns.len(), 5);
    let tracked = git(tree, &["ls-files"]);
    let mut expected: Vec<_> = tracked
        .lines()
        .filter(|path| patterns.iter().any(|pattern| matches(pattern, path)))
        .collect();
    edited.sort_unstable();
    expected.sort_unstable();
    assert_eq!(edited, expected);
}

fn matches(pattern: &str, path: &str) -> bool {
    let pattern: Vec<_> = pattern.split('/').collect();
    let path: Vec<_> = path.split('/').collect();
    pattern.len() == path.len()
        && pattern
            .iter()
            .zip(path)
            .all(|(expected, found)| *expected == "*" || *expected == found)
}

/// The workspace is valid and its lock file is up to date.
fn assert_cargo_accepts(tree: &Path) {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--format-version", "1"])
        .current_dir(tree)
        .output()
        .unwrap();
    let ran = Ran::from(output);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[test]
fn a_dry_run_and_a_wrong_command_line_measure_nothing() {
    let fixture = Fixture::new();
    let temporary = tempfile::tempdir().unwrap();
    let ran = bench(&fixture, temporary.path(), &["--dry-run", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(ran.document()["benches"], json!([]));
    for line in [
        "versions, bump on 3 projects",
        "versions, bump on 1000 projects",
        "changelog, auto on 20 projects with 25000 commits",
        "promotion, 7 rounds each",
        "pins, 7 rounds each",
    ] {
        assert!(ran.stderr.contains(line), "{line}: {}", ran.stderr);
    }
    let missing_clone = [
        "auto",
        "--projects",
        "1",
        "--commits",
        "1",
        "--rounds",
        "1",
        "--clone",
        "nowhere",
    ];
    for (arguments, code, message) in [
        (&["version"][..], 2, "a similar value exists: 'versions'"),
        (&["--projects", "0"], 2, "--projects"),
        (&["--commits", "0"], 2, "--commits"),
        (&["bump", "--clone", "."], 2, "--clone needs a benchmark"),
        (&missing_clone, 1, "copying"),
        (&["--rounds", "0"], 2, "--rounds"),
        (&["--rounds", "many"], 2, "--rounds"),
    ] {
        let arguments = [arguments, &["--json"]].concat();
        let ran = bench(&fixture, temporary.path(), &arguments);
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.stderr);
        assert!(
            ran.stderr.contains(message),
            "{arguments:?}: {}",
            ran.stderr
        );
        assert_eq!(ran.document()["error"]["code"], code, "{arguments:?}");
    }
    assert!(is_empty(temporary.path()));
}

#[test]
fn a_missing_program_is_reported_with_the_command_that_builds_it() {
    let folder = tempfile::tempdir().unwrap();
    let profile = folder.path().join("target/release");
    fs::create_dir_all(&profile).unwrap();
    let copy = profile.join(Path::new(BENCH).file_name().unwrap());
    fs::copy(BENCH, &copy).unwrap();
    let mut command = Command::new(&copy);
    command
        .args(["versions", "--projects", "1"])
        .env_remove("CARGO");
    let ran = Ran::from(command.output().unwrap());
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("error: the program to measure is missing: ")
            && ran
                .stderr
                .contains(" help: cargo build --locked --package monorelease --profile release"),
        "{}",
        ran.stderr
    );
}

/// Writes a script that passes for bump-my-version 9.8.7 and gives the value of PATH that finds it.
///
/// A shell writes it: a child of another test would otherwise inherit the open file, and a file
/// that is open for writing cannot be run.
#[cfg(unix)]
fn fake_bump_my_version(folder: &Path, script: &str) -> impl AsRef<OsStr> {
    let text = format!(
        "#!/bin/sh\ncase \"$*\" in *--version) echo 'bump-my-version, version 9.8.7'; exit;; esac\n{script}\n"
    );
    let status = Command::new("sh")
        .args(["-c", "printf %s \"$1\" > \"$0\" && chmod 755 \"$0\""])
        .arg(folder.join("bump-my-version"))
        .arg(text)
        .status()
        .unwrap();
    assert!(status.success());
    let path = std::env::var_os("PATH").unwrap();
    let folders: Vec<PathBuf> = std::iter::once(folder.to_owned())
        .chain(std::env::split_paths(&path))
        .collect();
    std::env::join_paths(folders).unwrap()
}

/// Runs the benchmark `bump` of two projects beside a script that passes for bump-my-version.
#[cfg(unix)]
fn bench_beside(script: &str) -> Ran {
    let fixture = Fixture::new();
    let temporary = tempfile::tempdir().unwrap();
    let tools = tempfile::tempdir().unwrap();
    Command::new(BENCH)
        .args(["bump", "--projects", "2", "--rounds", "1", "--json"])
        .current_dir(fixture.root())
        .env("TMPDIR", temporary.path())
        .env("PATH", fake_bump_my_version(tools.path(), script))
        .output()
        .unwrap()
        .into()
}

#[cfg(unix)]
#[test]
fn a_peer_on_the_path_is_run_with_its_configuration_and_measured() {
    let ran = bench_beside(
        "test \"$*\" = 'bump minor --dry-run' && grep -q 'current_version = \"0.1.0\"' .bumpversion.toml",
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let document = ran.document();
    let peer = &document["benches"][0]["peers"][0];
    assert_eq!(
        (&peer["name"], &peer["version"], &peer["time_ratio_budget"]),
        (&json!("bump-my-version"), &json!("9.8.7"), &json!(0.02))
    );
    assert!(
        is_positive(&peer["time_ms"]) && is_positive(&peer["time_ratio"]),
        "{peer}"
    );
}

#[cfg(unix)]
#[test]
fn a_failed_peer_is_reported_and_has_no_figures() {
    let ran = bench_beside("echo it broke >&2; exit 7");
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("it broke"), "{}", ran.stderr);
    let document = ran.document();
    let bench = &document["benches"][0];
    assert!(is_positive(&bench["time_ms"]), "{bench}");
    let peer = &bench["peers"][0];
    assert!(peer["failed"].as_str().unwrap().contains("it broke"));
    assert!(peer["time_ms"].is_null(), "{peer}");
}

#[test]
fn promotion_is_measured_in_requests_bytes_and_time() {
    let fixture = Fixture::new();
    let temporary = tempfile::tempdir().unwrap();
    let arguments = ["promotion", "--rounds", "1", "--json"];
    let ran = bench(&fixture, temporary.path(), &arguments);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let document = ran.document();
    let comparisons = list(&document, "promotion");
    assert_eq!(comparisons.len(), 5);
    assert_eq!(comparisons[0]["request_budget"], 12);
    let ours: Vec<_> = comparisons
        .iter()
        .map(|comparison| &comparison["programs"][0])
        .collect();
    assert!(
        ours.iter()
            .all(|ours| is_positive(&ours["time_ms"]) && is_positive(&ours["requests"])),
        "{comparisons:#?}"
    );
    // Image configurations are read; layers, which are 200 MB here, are not transferred.
    assert!(
        ours[0]["blob_bytes"].as_u64().unwrap() < 10_000,
        "{}",
        comparisons[0]
    );
    let requests = |program: &Value| program["requests"].as_u64().unwrap();
    let discovery: Vec<_> = ours[1..4].iter().map(|ours| requests(ours)).collect();
    assert!(
        discovery.iter().all(|requests| *requests == discovery[0]),
        "old tags cost no requests: {discovery:?}"
    );
    let one = &comparisons[4]["programs"][1];
    assert_eq!(requests(ours[4]), 50 * requests(one));
    for comparison in comparisons {
        for other in &list(comparison, "programs")[1..] {
            let is_skipped = other["missing"].as_str().is_some_and(|why| !why.is_empty());
            assert!(is_positive(&other["time_ratio"]) || is_skipped, "{other}");
        }
    }
    assert!(is_empty(temporary.path()));
}

#[test]
fn a_promotion_of_many_pins_is_measured_beside_plain_git() {
    let fixture = Fixture::new();
    let temporary = tempfile::tempdir().unwrap();
    let arguments = ["pins", "--projects", "3", "--rounds", "1", "--json"];
    let ran = bench(&fixture, temporary.path(), &arguments);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let document = ran.document();
    let [comparison] = list(&document, "promotion") else {
        panic!("{document:#}")
    };
    assert_eq!(comparison["of"], "3 pins in one promotion");
    let [ours, plain_git] = list(comparison, "programs") else {
        panic!("{comparison:#}")
    };
    assert!(
        is_positive(&ours["time_ms"])
            && is_positive(&ours["requests"])
            && is_positive(&plain_git["time_ratio"]),
        "{comparison:#}"
    );
    #[cfg(target_os = "linux")]
    assert!(is_positive(&ours["memory_bytes"]), "{ours}");
    assert!(is_empty(temporary.path()));
}
