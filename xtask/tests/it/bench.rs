//! `bench`: figures that are there, trees that are sound, nothing left behind. No figure is judged here.

use snapbox::str;
use std::fs;
use std::path::Path;

use crate::support;
use crate::support::programs::write_program;
use crate::support::{Fixture, Report, git_in, program, ran};
use serde_json::Value;

/// Runs the program with a folder of its own for what is temporary.
fn bench(fixture: &Fixture, scratch: &Path, arguments: &[&str]) -> Report {
    ran(program(&fixture.root())
        .arg("bench")
        .args(arguments)
        .env("TMPDIR", scratch)
        .output()
        .unwrap())
}

fn document(ran: &Report) -> Value {
    serde_json::from_str(&ran.stdout)
        .unwrap_or_else(|error| panic!("{error}: stdout {:?}, stderr {}", ran.stdout, ran.stderr))
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

fn positive(value: &Value) -> bool {
    value.as_f64().is_some_and(|figure| figure > 0.0)
}

#[test]
fn figures_are_there_and_nothing_is_left_behind() {
    let fixture = Fixture::new();
    let scratch = tempfile::tempdir().unwrap();
    let before = fixture.state();
    let ran = bench(
        &fixture,
        scratch.path(),
        &[
            "versions",
            "bump",
            "--projects",
            "4",
            "--projects",
            "1",
            "--rounds",
            "2",
            "--json",
        ],
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let document = document(&ran);
    let benches = document["benches"].as_array().unwrap();
    let about: Vec<_> = benches
        .iter()
        .map(|bench| {
            (
                bench["name"].as_str().unwrap(),
                bench["projects"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        about,
        [("versions", 1), ("bump", 1), ("versions", 4), ("bump", 4)]
    );
    for bench in benches {
        for key in [
            "time_ms",
            "fastest_ms",
            "slowest_ms",
            "time_budget_ms",
            "of_time_budget",
            "memory_budget_bytes",
        ] {
            assert!(positive(&bench[key]), "{key}: {bench}");
        }
        assert!(
            bench["fastest_ms"].as_f64() <= bench["time_ms"].as_f64()
                && bench["time_ms"].as_f64() <= bench["slowest_ms"].as_f64()
        );
        assert_eq!(bench["timed_rounds"], 2);
        #[cfg(target_os = "linux")]
        assert!(
            positive(&bench["memory_bytes"]) && positive(&bench["of_memory_budget"]),
            "{bench}"
        );
        let peers = bench["peers"].as_array().unwrap();
        assert_eq!(peers.len(), 2, "{bench}");
        for peer in peers {
            let said = ["missing", "failed"]
                .iter()
                .any(|key| peer[key].as_str().is_some_and(|why| !why.is_empty()));
            let measured = positive(&peer["time_ms"]) && positive(&peer["time_ratio"]);
            assert!(said != measured, "{peer}");
        }
    }
    assert!(is_empty(scratch.path()));
    assert_eq!(fixture.state(), before);
    assert!(
        !fixture.root().join("target").exists(),
        "nothing was fetched"
    );
}

#[test]
fn histories_are_measured_beside_git_and_a_clone_stays_as_it_is() {
    let fixture = Fixture::new();
    let scratch = tempfile::tempdir().unwrap();
    let kept = tempfile::tempdir().unwrap();
    fixture.git(&["tag", "a-tag"]);
    let before = fixture.state();
    let clone = fixture.root();
    let line = [
        "changelog",
        "auto",
        "--projects",
        "3",
        "--commits",
        "40",
        "--rounds",
        "1",
        "--json",
    ];
    let places = [
        "--clone",
        clone.to_str().unwrap(),
        "--keep",
        kept.path().to_str().unwrap(),
    ];
    let ran = bench(&fixture, scratch.path(), &[&line[..], &places].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let document = document(&ran);
    let benches = document["benches"].as_array().unwrap();
    let about: Vec<_> = benches
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
        about,
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
            (&"git".into(), &0.7.into()),
            "{bench}"
        );
        assert!(
            positive(&bench["time_ms"]) && positive(&git["time_ratio"]),
            "{bench}"
        );
    }
    assert_eq!(fixture.state(), before, "a clone is never written to");
    // What was measured is a history: so many commits, merges among them, and something to say of each project.
    let tree = kept.path().join("commits-40-projects-3");
    let count = |flag: &str| {
        git_in(
            &tree,
            &["rev-list", "--count", "--first-parent", flag, "HEAD"],
        )
        .trim()
        .parse::<usize>()
        .unwrap()
    };
    assert!(count("--max-count=99") == 40 && count("--merges") > 0);
    let told = support::ran(
        program(&tree)
            .args(["changelog", "--initial"])
            .output()
            .unwrap(),
    );
    assert_eq!(
        (told.code, told.stdout.matches("## [Unreleased]").count()),
        (0, 3),
        "{}",
        told.stderr
    );
    assert!(told.stdout.contains("### Added"));
    assert!(is_empty(scratch.path()));
}

#[test]
fn a_generated_tree_is_sound() {
    let fixture = Fixture::new();
    let scratch = tempfile::tempdir().unwrap();
    let kept = tempfile::tempdir().unwrap();
    let keep = [
        "versions",
        "--projects",
        "9",
        "--rounds",
        "1",
        "--keep",
        kept.path().to_str().unwrap(),
    ];
    assert_eq!(bench(&fixture, scratch.path(), &keep).code, 0);
    let tree = kept.path().join("projects-9");
    assert_eq!(git_in(&tree, &["status", "--porcelain"]), "");
    assert_eq!(
        git_in(&tree, &["tag"]).lines().count(),
        5,
        "every second project was released"
    );
    let call = |arguments: &[&str]| ran(program(&tree).args(arguments).output().unwrap());

    let versions = call(&["versions", "--check", "--json"]);
    assert_eq!(versions.code, 0, "{}", versions.stderr);
    let versions = document(&versions);
    let released = |project: &&Value| project["released"] == "0.1.0";
    let projects = versions["projects"].as_array().unwrap();
    assert_eq!(
        (projects.len(), projects.iter().filter(released).count()),
        (9, 5)
    );

    // What bump-my-version is told to edit is what a bump edits: else the two do not do the same work.
    let plan = call(&["bump", "minor", "--dry-run", "--json"]);
    assert_eq!(plan.code, 0, "{}", plan.stderr);
    let plan = document(&plan);
    let edited: Vec<_> = plan["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["what"].as_str().unwrap().to_owned())
        .collect();
    let config = fs::read_to_string(tree.join(".bumpversion.toml")).unwrap();
    let patterns: Vec<_> = config
        .lines()
        .filter_map(|line| line.strip_prefix("glob = \"")?.strip_suffix('"'))
        .collect();
    let tracked = git_in(&tree, &["ls-files"]);
    let meant: Vec<_> = tracked
        .lines()
        .filter(|path| patterns.iter().any(|pattern| matches(pattern, path)))
        .collect();
    assert_eq!(patterns.len(), 5);
    assert_eq!(sorted(&edited), sorted(&meant));

    let cargo = |when: &str| {
        let line = ["metadata", "--locked", "--offline", "--format-version", "1"];
        let output = std::process::Command::new(env!("CARGO"))
            .args(line)
            .current_dir(&tree)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{when}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    cargo("as generated");
    assert_eq!(call(&["bump", "minor"]).code, 0);
    cargo("after a bump");

    let again = bench(&fixture, scratch.path(), &keep);
    assert_eq!(again.code, 2, "{}", again.stderr);
    again.assert_stderr(str![[r#"
       error [FOLDER]/projects-9 is there already
         try --keep with another folder

"#]]);
    assert!(is_empty(scratch.path()));
}

fn matches(pattern: &str, path: &str) -> bool {
    let pattern: Vec<_> = pattern.split('/').collect();
    let path: Vec<_> = path.split('/').collect();
    pattern.len() == path.len()
        && pattern
            .iter()
            .zip(path)
            .all(|(wanted, found)| *wanted == "*" || *wanted == found)
}

fn sorted<T: AsRef<str>>(list: &[T]) -> Vec<&str> {
    let mut list: Vec<_> = list.iter().map(AsRef::as_ref).collect();
    list.sort_unstable();
    list
}

#[test]
fn a_dry_run_and_a_wrong_call_measure_nothing() {
    let fixture = Fixture::new();
    let scratch = tempfile::tempdir().unwrap();
    let ran = bench(&fixture, scratch.path(), &["--dry-run", "--json"]);
    assert_eq!(
        (ran.code, &document(&ran)["benches"]),
        (0, &serde_json::json!([])),
        "{}",
        ran.stderr
    );
    let planned = [
        "versions, bump on 3 projects",
        "versions, bump on 1000 projects",
        "changelog, auto on 20 projects with 25000 commits",
    ];
    assert!(
        planned.iter().all(|line| ran.stderr.contains(line)),
        "{}",
        ran.stderr
    );
    for (arguments, what) in [
        (&["version"][..], "did you mean `versions`?"),
        (&["--projects", "0"], "--projects"),
        (&["--commits", "0"], "--commits"),
        (&["bump", "--clone", "."], "--clone is of no use"),
        (
            &[
                "auto",
                "--projects",
                "1",
                "--commits",
                "1",
                "--rounds",
                "1",
                "--clone",
                "nowhere",
            ],
            "copying",
        ),
        (&["--rounds", "0"], "--rounds"),
        (&["--rounds", "many"], "--rounds"),
    ] {
        let ran = bench(&fixture, scratch.path(), arguments);
        assert_eq!(
            ran.code,
            if what == "copying" { 1 } else { 2 },
            "{arguments:?}: {}",
            ran.stderr
        );
        assert!(ran.stderr.contains(what), "{arguments:?}: {}", ran.stderr);
    }
    assert!(is_empty(scratch.path()));
}

/// Runs `bench bump` with a program on the PATH that passes for a peer.
#[cfg(unix)]
fn beside(script: &str) -> Report {
    let fixture = Fixture::new();
    let scratch = tempfile::tempdir().unwrap();
    let tools = tempfile::tempdir().unwrap();
    let peer = tools.path().join("bump-my-version");
    write_program(
        &peer,
        &format!(
            "#!/bin/sh\ncase \"$*\" in *--version) echo 'bump-my-version, version 9.8.7'; exit;; esac\n{script}\n"
        ),
    );
    let path = std::env::join_paths(
        std::iter::once(tools.path().to_owned())
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let line = [
        "bench",
        "bump",
        "--projects",
        "2",
        "--rounds",
        "1",
        "--json",
    ];
    ran(program(&fixture.root())
        .args(line)
        .env("TMPDIR", scratch.path())
        .env("PATH", path.unwrap())
        .output()
        .unwrap())
}

#[cfg(unix)]
#[test]
fn a_peer_on_the_path_is_called_as_configured_and_measured() {
    let ran = beside(
        "test \"$*\" = 'bump minor --dry-run' && grep -q 'current_version = \"0.1.0\"' .bumpversion.toml",
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let document = document(&ran);
    let peer = &document["benches"][0]["peers"][0];
    assert_eq!(
        (&peer["name"], &peer["version"]),
        (&"bump-my-version".into(), &"9.8.7".into())
    );
    assert!(
        positive(&peer["time_ms"]) && positive(&peer["time_ratio"]),
        "{peer}"
    );
}

#[cfg(unix)]
#[test]
fn a_peer_that_fails_is_told_and_its_row_has_no_figures() {
    let ran = beside("echo it broke >&2; exit 7");
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    ran.assert_stderr(str![[r#"
  Generating 2 projects
   Measuring bump of 2 projects
       error bump-my-version beside bump of 2 projects: `bump-my-version bump minor --dry-run` failed (exit status: 7): it broke

"#]]);
    let document = document(&ran);
    let bench = &document["benches"][0];
    assert!(positive(&bench["time_ms"]), "{bench}");
    let peer = &bench["peers"][0];
    assert!(
        peer["failed"].as_str().unwrap().contains("it broke") && peer["time_ms"].is_null(),
        "{peer}"
    );
}

#[test]
fn promotion_is_measured_in_requests_bytes_and_time() {
    let fixture = Fixture::new();
    let scratch = tempfile::tempdir().unwrap();
    let ran = bench(
        &fixture,
        scratch.path(),
        &["promotion", "--rounds", "1", "--json"],
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let compared = document(&ran)["promotion"].as_array().unwrap().clone();
    assert_eq!(compared.len(), 5);
    let ours: Vec<_> = compared
        .iter()
        .map(|comparison| &comparison["programs"][0])
        .collect();
    assert!(
        ours.iter()
            .all(|ours| positive(&ours["time_ms"]) && positive(&ours["requests"])),
        "{compared:#?}"
    );
    // Configurations are read; of layers, which are 200 MB here, nothing moves.
    assert!(
        ours[0]["blob_bytes"].as_u64().unwrap() < 10_000,
        "{}",
        compared[0]
    );
    let listing: Vec<_> = ours[1..4]
        .iter()
        .map(|ours| ours["requests"].as_u64().unwrap())
        .collect();
    assert!(
        listing.iter().all(|requests| *requests == listing[0]),
        "finding a candidate is flat in old tags: {listing:?}"
    );
    assert_eq!(
        ours[4]["requests"].as_u64().unwrap(),
        50 * compared[4]["programs"][1]["requests"].as_u64().unwrap()
    );
    for comparison in &compared {
        for other in &comparison["programs"].as_array().unwrap()[1..] {
            assert!(
                positive(&other["time_ratio"])
                    || other["missing"].as_str().is_some_and(|why| !why.is_empty()),
                "{other}"
            );
        }
    }
    assert!(is_empty(scratch.path()));
}

#[test]
fn a_promotion_of_many_pins_is_measured_beside_plain_git() {
    let fixture = Fixture::new();
    let scratch = tempfile::tempdir().unwrap();
    let ran = bench(
        &fixture,
        scratch.path(),
        &["pins", "--projects", "3", "--rounds", "1", "--json"],
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let compared = document(&ran)["promotion"].as_array().unwrap().clone();
    assert_eq!(
        (compared.len(), compared[0]["of"].as_str()),
        (1, Some("3 pins in one promotion"))
    );
    let [ours, plain] = compared[0]["programs"].as_array().unwrap().as_slice() else {
        panic!("{compared:#?}")
    };
    assert!(
        positive(&ours["time_ms"]) && positive(&ours["requests"]) && positive(&plain["time_ratio"]),
        "{compared:#?}"
    );
    #[cfg(target_os = "linux")]
    assert!(positive(&ours["memory_bytes"]), "{ours}");
    assert!(is_empty(scratch.path()));
}
