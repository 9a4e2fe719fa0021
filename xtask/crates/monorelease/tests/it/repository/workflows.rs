//! The workflows as files: each step that does something is one `cargo xtask` line that this program understands, every
//! action is pinned by commit, and callers hand the called workflow what it asks for.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::support::{Fixture, program, ran};

fn folder() -> PathBuf {
    crate::support::this_repository::root().join(".github/workflows")
}

/// Name and text of every workflow.
fn workflows() -> Vec<(String, String)> {
    let mut found: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yml"))
        .map(|path| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                fs::read_to_string(path).unwrap(),
            )
        })
        .collect();
    found.sort();
    found
}

/// Values of a key, wherever it stands: `run: X` or `- run: X`.
fn values<'a>(text: &'a str, key: &str) -> Vec<&'a str> {
    let key = format!("{key}:");
    text.lines()
        .filter_map(|line| {
            line.trim_start()
                .trim_start_matches("- ")
                .strip_prefix(&key)
        })
        .map(str::trim)
        .collect()
}

#[test]
fn each_project_has_its_two_workflows() {
    let names: BTreeSet<_> = workflows().into_iter().map(|(name, _)| name).collect();
    for name in [
        "build-rocks.yml",
        "release-rocks.yml",
        "build-reading.yml",
        "release-reading.yml",
        "build-percolate.yml",
        "release-percolate.yml",
        "ci.yml",
        "release-pr.yml",
    ] {
        assert!(names.contains(name), "{name} is missing");
    }
}

#[test]
fn every_run_line_is_one_call_of_xtask() {
    let mut count = 0;
    for (name, text) in workflows() {
        // `defaults.run` is a mapping, not a step.
        let empty = values(&text, "run")
            .into_iter()
            .filter(|line| line.is_empty())
            .count();
        assert_eq!(
            empty,
            text.matches("defaults:\n  run:\n").count(),
            "{name}: a run that goes on in the next line"
        );
        assert!(
            !text.contains("{run") && !text.contains(", run:") && !text.contains("\"run\""),
            "{name}: a step on one line"
        );
        for line in values(&text, "run")
            .into_iter()
            .filter(|line| !line.is_empty())
        {
            count += 1;
            assert!(line.starts_with("cargo xtask "), "{name}: run: {line}");
            for word in ["&&", "||", ";", "|", "$(", "`", "${{", ">", "<"] {
                assert!(!line.contains(word), "{name}: {word} in run: {line}");
            }
        }
    }
    assert!(count >= 8, "only {count} run lines were found");
}

#[test]
fn every_run_line_is_understood() {
    let fixture = Fixture::new();
    for (name, text) in workflows() {
        for line in values(&text, "run")
            .into_iter()
            .filter(|line| !line.is_empty())
        {
            let words: Vec<_> = line
                .split_whitespace()
                .skip(2)
                .map(|word| word.trim_matches('"').replace("$PROJECT", "api"))
                .collect();
            // With --help a call is read up to there, and its verb and flags must exist; nothing is run.
            let mut arguments = words.clone();
            arguments.push("--help".into());
            let answer = ran(program(&fixture.root()).args(&arguments).output().unwrap());
            assert_eq!(answer.code, 0, "{name}: {line}: {}", answer.stderr);
            for flag in words.iter().filter(|word| word.starts_with("--")) {
                assert!(
                    answer.stdout.contains(flag.as_str()),
                    "{name}: {line}: the verb has no {flag}"
                );
            }
        }
    }
}

#[test]
fn every_action_is_pinned_by_commit() {
    for (name, text) in workflows() {
        for uses in values(&text, "uses") {
            if uses.starts_with("./") {
                continue;
            }
            let (action, release) = uses
                .split_once(" # ")
                .unwrap_or_else(|| panic!("{name}: {uses} names no release"));
            let commit = action
                .split_once('@')
                .unwrap_or_else(|| panic!("{name}: {uses} is not pinned"))
                .1;
            assert!(
                commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()),
                "{name}: {uses}"
            );
            assert!(release.starts_with('v'), "{name}: {uses}");
        }
    }
}

#[test]
fn jobs_have_a_time_limit_and_no_rights_by_default() {
    for (name, text) in workflows() {
        let steps = values(&text, "steps").len();
        assert_eq!(
            values(&text, "timeout-minutes").len(),
            steps,
            "{name}: each job with steps wants a timeout"
        );
        assert!(
            text.contains("\npermissions: {}\n")
                || text.contains("\npermissions:\n  contents: read"),
            "{name} has no top-level permissions"
        );
        assert_eq!(
            text.matches("persist-credentials: false").count(),
            text.matches("actions/checkout@").count(),
            "{name}: a checkout keeps credentials"
        );
    }
}

/// Runs a linter over the workflows, where it is; says that it is not, or fails where it must be.
fn lint(program: &str, arguments: &[&str]) {
    let root = crate::support::this_repository::root();
    match Command::new(program)
        .args(arguments)
        .current_dir(root)
        .output()
    {
        Ok(output) => {
            let said = format!(
                "{}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
            assert!(output.status.success(), "{program}: {said}");
        }
        Err(error) => {
            assert!(
                std::env::var_os("XTASK_REQUIRE_TOOLS").is_none(),
                "{program}: {error}; .ci/setup installs it"
            );
            println!("skipped the lint by {program}: {error}");
        }
    }
}

#[test]
fn actionlint_finds_nothing() {
    lint("actionlint", &[]);
}

#[test]
fn zizmor_finds_nothing() {
    lint(
        "zizmor",
        &[
            "--offline",
            "--no-progress",
            "--quiet",
            "--persona",
            "auditor",
            ".github",
        ],
    );
}

#[test]
fn images_are_built_with_the_uv_that_builds_here() {
    let root = crate::support::this_repository::root();
    let pin = fs::read_to_string(root.join("xtask/crates/monorelease/tools/uv.txt"))
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .to_owned();
    for product in ["percolate-reading", "percolate"] {
        let dockerfile = fs::read_to_string(root.join(product).join("Dockerfile")).unwrap();
        assert!(
            dockerfile.contains(&format!("pip install {pin}\n")),
            "{product}/Dockerfile does not install {pin}"
        );
    }
}

/// Keys one level below `header`, which stands at `indent` spaces.
fn keys_below(text: &str, header: &str, indent: usize) -> Vec<String> {
    let outer = " ".repeat(indent);
    let inner = " ".repeat(indent + 2);
    text.lines()
        .skip_while(|line| *line != format!("{outer}{header}:"))
        .skip(1)
        .take_while(|line| line.is_empty() || line.starts_with(&inner))
        .filter_map(|line| {
            line.strip_prefix(&inner)?
                .split_once(':')
                .map(|(key, _)| key.to_owned())
        })
        .filter(|key| !key.starts_with([' ', '#', '-']))
        .collect()
}

#[test]
fn callers_give_what_the_called_workflow_asks_for() {
    let mut calls = 0;
    for (name, text) in workflows() {
        for uses in values(&text, "uses")
            .into_iter()
            .filter_map(|uses| uses.strip_prefix("./.github/workflows/"))
        {
            let called = fs::read_to_string(folder().join(uses))
                .unwrap_or_else(|error| panic!("{name} calls {uses}: {error}"));
            assert_eq!(
                keys_below(&text, "with", 4),
                keys_below(&called, "inputs", 4),
                "{name} → {uses}"
            );
            assert_eq!(
                keys_below(&text, "secrets", 4),
                keys_below(&called, "secrets", 4),
                "{name} → {uses}"
            );
            calls += 1;
        }
    }
    assert_eq!(calls, 6);
}

#[test]
fn releases_may_sign_where_they_must_and_nowhere_else() {
    let config = fs::read_to_string(folder().join("../../xtask/monorepo.toml")).unwrap();
    let must_sign = config.lines().any(|line| line.trim_end() == "[trust]");
    for (name, text) in workflows()
        .into_iter()
        .filter(|(name, _)| name.contains("release-") || name.ends_with("-release.yml"))
    {
        // An index that trusts a workflow wants to know it, whatever is signed; the request that bumps signs nothing.
        if name.starts_with("release-pr") {
            assert!(!text.contains("id-token"), "{name}");
        } else if !name.contains("rocks") {
            assert_eq!(
                text.contains("id-token: write"),
                must_sign,
                "{name}: [trust] and id-token do not go together"
            );
        }
        if text.contains("cargo xtask release \"") {
            assert_eq!(
                text.contains("sigstore/cosign-installer@"),
                must_sign,
                "{name}: [trust] and cosign do not go together"
            );
            for variable in [
                "GITHUB_TOKEN",
                "DELIVERY_TOKEN",
                "SLACK_WEBHOOK_URL",
                "DISCORD_WEBHOOK_URL",
            ] {
                assert!(
                    text.contains(&format!("          {variable}: ${{{{")),
                    "{name} does not hand over {variable}"
                );
            }
        }
    }
}
