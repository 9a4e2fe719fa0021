//! Wrong input for every verb: a sentence that names it, the mending command, the right exit code, and nothing written.

use std::fs;

use crate::support::{Fixture, program, ran};
use monorelease_stand_ins::registry::Fault;

/// Runs it and holds the refusal to its code and words; nothing may have changed, here, at the remote or in the registry.
fn refused(fixture: &Fixture, arguments: &[&str], code: i32, says: &[&str]) {
    refused_with(fixture, arguments, &[], code, says);
}

fn refused_with(
    fixture: &Fixture,
    arguments: &[&str],
    variables: &[(&str, &str)],
    code: i32,
    says: &[&str],
) {
    let before = fixture.state();
    for extra in [&[][..], &["--dry-run"], &["--json"]] {
        let ran = fixture.run_with(&[arguments, extra].concat(), variables);
        assert_eq!(ran.code, code, "{arguments:?} {extra:?}: {}", ran.stderr);
        for words in says {
            assert!(
                ran.stderr.contains(words),
                "{arguments:?} {extra:?} does not say {words:?}: {}",
                ran.stderr
            );
        }
        assert!(
            ran.stderr.contains("  try ") || code == 1,
            "{arguments:?} names no mending command: {}",
            ran.stderr
        );
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        if extra == ["--json"] {
            assert_eq!(ran["schema"], 1);
            assert!(
                ran["error"]["code"] == code
                    || ran["refused"]
                        .as_array()
                        .is_some_and(|refused| !refused.is_empty()),
                "{ran:#}"
            );
        }
    }
    assert_eq!(fixture.state(), before, "{arguments:?} changed something");
}

#[test]
fn an_unknown_project_is_answered_with_the_nearest() {
    let fixture = Fixture::new();
    for arguments in [
        &["versions", "apy"][..],
        &["bump", "minor", "apy"],
        &["tag", "apy"],
        &["build", "apy"],
        &["release", "apy"],
        &["plan", "apy", "--tag", "api-v0.1.0"],
        &["rehearse", "apy"],
    ] {
        let fixture_tags = arguments[0] == "plan";
        if fixture_tags {
            fixture.git(&["tag", "api-v0.1.0"]);
        }
        refused(
            &fixture,
            arguments,
            2,
            &[
                "no project is called `apy`",
                "did you mean `api`?",
                "core, api, web",
            ],
        );
    }
}

#[test]
fn a_bad_version_is_named() {
    let fixture = Fixture::new();
    refused(
        &fixture,
        &["bump", "1.2", "api"],
        2,
        &["\"1.2\" is neither major, minor, patch, auto nor a version"],
    );
    refused(&fixture, &["bump", "enormous", "api"], 2, &["enormous"]);
    refused(
        &fixture,
        &["bump", "1.0.0-nightly.1", "api"],
        2,
        &["api/pyproject.toml", "nightly"],
    );
    refused(
        &fixture,
        &["bump", "0.0.9", "api"],
        3,
        &["api is at 0.1.0; 0.0.9 is lower", "--allow-downgrade"],
    );
    fixture.git(&["tag", "api-v0.2.0"]);
    refused(
        &fixture,
        &["bump", "minor", "api"],
        3,
        &["api 0.2.0 is released already: tag api-v0.2.0"],
    );
}

#[test]
fn a_misspelt_level_is_answered_with_the_nearest() {
    let fixture = Fixture::new();
    for (typed, level) in [
        ("minr", "minor"),
        ("Minor", "minor"),
        ("MAJOR", "major"),
        ("pathc", "patch"),
    ] {
        refused(
            &fixture,
            &["bump", typed, "api"],
            2,
            &[&format!("try cargo xtask bump {level}\n")],
        );
    }
    refused(
        &fixture,
        &["bump", "latest", "api"],
        2,
        &["try cargo xtask bump minor, or cargo xtask bump 1.2.3"],
    );
}

#[test]
fn a_version_in_pythons_spelling_is_answered_with_ours() {
    let fixture = Fixture::new();
    refused(
        &fixture,
        &["bump", "1.0.0rc1", "api"],
        2,
        &["\"1.0.0rc1\" is neither", "cargo xtask bump 1.0.0-rc.1"],
    );
    refused(
        &fixture,
        &["bump", "1!2.0.0", "api"],
        2,
        &["`1!2.0.0` has an epoch, which SemVer does not know"],
    );
    refused(
        &fixture,
        &["bump", "2.0.0.post1", "api"],
        2,
        &["is a post release"],
    );
    refused(
        &fixture,
        &["bump", "2.0.0+cu121", "core"],
        3,
        &["2.0.0+cu121 has build metadata, +cu121, which no tag"],
    );
}

#[test]
fn a_version_whose_tag_or_image_is_there_is_not_bumped_to() {
    let fixture = Fixture::new();
    fixture.git(&["tag", "api-v0.3.0"]);
    fixture.git(&["push", "--quiet", "origin", "api-v0.3.0"]);
    fixture.git(&["tag", "--delete", "api-v0.3.0"]);
    refused(
        &fixture,
        &["bump", "0.3.0", "api"],
        3,
        &["api 0.3.0 is released already: tag api-v0.3.0 (on origin) is at"],
    );
    fixture.push_candidate("0.2.0", &["linux/arm64"], &fixture.head());
    refused(
        &fixture,
        &["bump", "minor", "api"],
        3,
        &[
            "acme/api:0.2.0-arm64 is in the registry already: sha256:",
            "choose a version",
        ],
    );
    assert_eq!(fixture.run(&["bump", "patch", "api"]).code, 0);
}

#[test]
fn law_15_a_bump_says_what_it_could_not_ask() {
    let fixture = Fixture::new();
    let config = fixture
        .read("xtask/monorepo.toml")
        .replace(&fixture.registry.address(), "127.0.0.1:9");
    fixture.write("xtask/monorepo.toml", &config);
    fixture.git(&["remote", "set-url", "origin", "/nowhere/at/all.git"]);
    let ran = fixture.run(&["bump", "minor", "api"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stderr.contains(
            "whether 127.0.0.1:9/acme/api:0.2.0 (and 2 more) is there already cannot be told"
        ),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr
            .contains("the tags of origin cannot be read, so `tag` and `release` will ask"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_site_that_cannot_be_read_is_named_by_file_and_key() {
    let fixture = Fixture::new();
    fixture.write("api/pyproject.toml", "[project]\nname = \"api\"\n");
    refused(
        &fixture,
        &["versions"],
        2,
        &["api/pyproject.toml", "version"],
    );
    refused(
        &fixture,
        &["bump", "minor", "api"],
        2,
        &["api/pyproject.toml"],
    );
    fixture.write("api/pyproject.toml", "[project\n");
    refused(&fixture, &["bump", "minor"], 2, &["api/pyproject.toml"]);
    fs::remove_file(fixture.root().join("api/pyproject.toml")).unwrap();
    refused(
        &fixture,
        &["versions"],
        2,
        &["api/pyproject.toml: there is no such file in the work tree"],
    );
}

#[test]
fn the_configuration_is_held_to_its_shape() {
    let fixture = Fixture::new();
    let text = fixture.read("xtask/monorepo.toml");
    fixture.write(
        "xtask/monorepo.toml",
        &text.replace(
            "versions = [\"pyproject.toml\"]",
            "version = [\"pyproject.toml\"]",
        ),
    );
    refused(
        &fixture,
        &["versions"],
        2,
        &[
            "xtask/monorepo.toml",
            "unknown field `version`",
            "did you mean `versions`?",
        ],
    );
    fs::remove_file(fixture.root().join("xtask/monorepo.toml")).unwrap();
    refused(
        &fixture,
        &["versions"],
        2,
        &["there is no configuration", "xtask/monorepo.toml"],
    );
    refused(
        &fixture,
        &["versions", "--config", "elsewhere.toml"],
        2,
        &["elsewhere.toml"],
    );
}

#[test]
fn outside_of_a_repository_it_says_so() {
    let folder = tempfile::tempdir().unwrap();
    for verb in [
        &["versions"][..],
        &["bump", "minor"],
        &["tag"],
        &["build", "api"],
        &["release", "api"],
        &["plan", "--tag", "a-v1.0.0"],
        &["check"],
        &["test"],
        &["doctor"],
        &["rehearse"],
    ] {
        let ran = ran(program(folder.path()).args(verb).output().unwrap());
        assert_eq!(ran.code, 2, "{verb:?}: {}", ran.stderr);
        assert!(
            ran.stderr.contains("is not inside a git work tree") && ran.stderr.contains("git init"),
            "{}",
            ran.stderr
        );
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    let gone = folder.path().join("gone");
    let ran = ran(program(folder.path())
        .args(["versions", "--repo"])
        .arg(&gone)
        .output()
        .unwrap());
    assert!(
        ran.code == 2
            && ran.stderr.contains("there is no folder ")
            && !ran.stderr.contains("git init"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_repository_without_a_commit_has_versions_and_no_tags() {
    let fixture = Fixture::new();
    fs::remove_dir_all(fixture.root().join(".git")).unwrap();
    fixture.git(&["init", "--quiet"]);
    fixture.ok(&["versions"]);
    let ran = fixture.run(&["tag", "api"]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("no commit yet"), "{}", ran.stderr);
}

#[test]
fn a_dirty_tree_is_refused_where_a_commit_is_meant() {
    let fixture = Fixture::new();
    fixture.prepare_release();
    fixture.write("api/notes.txt", "not committed");
    let says = &[
        "the work tree differs from HEAD: api/notes.txt",
        "git stash --include-untracked",
    ][..];
    for arguments in [
        &["tag", "api"][..],
        &["release", "api"],
        &["bump", "minor", "api", "--commit"],
    ] {
        refused(&fixture, arguments, 3, says);
    }
}

#[test]
fn a_detached_head_is_refused_where_a_branch_is_meant() {
    let fixture = Fixture::new();
    fixture.git(&["checkout", "--quiet", "--detach"]);
    refused(
        &fixture,
        &["bump", "minor", "api", "--commit"],
        3,
        &["HEAD is detached", "git switch main"],
    );
    fixture.git(&[
        "commit",
        "--quiet",
        "--allow-empty",
        "--message",
        "fix: on no branch",
    ]);
    refused(
        &fixture,
        &["tag", "api", "--rc"],
        3,
        &[
            "HEAD is detached at",
            "which is on no branch",
            "git switch main",
        ],
    );
}

#[test]
fn a_tag_that_exists_elsewhere_is_never_moved() {
    let fixture = Fixture::new();
    fixture.git(&["tag", "api-v0.1.0"]);
    fixture.git(&[
        "commit",
        "--quiet",
        "--allow-empty",
        "--message",
        "fix: later",
    ]);
    refused(
        &fixture,
        &["tag", "api", "--push"],
        3,
        &["tag api-v0.1.0 exists at", "a tag is never moved"],
    );
    refused(
        &fixture,
        &["tag", "api", "--rc"],
        3,
        &["api 0.1.0 is released already"],
    );
}

#[test]
fn law_15_an_unreachable_remote_is_not_an_empty_one() {
    let fixture = Fixture::new();
    fixture.git(&["remote", "set-url", "origin", "/nowhere/at/all.git"]);
    let ran = fixture.run(&["tag", "api", "--rc"]);
    assert_eq!(ran.code, 3);
    assert!(
        ran.stderr.contains("the tags of origin cannot be read"),
        "{}",
        ran.stderr
    );
    assert_eq!(fixture.run(&["release", "api"]).code, 3);
    assert_eq!(fixture.git(&["tag", "--list"]), "");
}

#[test]
fn without_a_candidates_tag_there_is_no_release() {
    let fixture = Fixture::new();
    refused(
        &fixture,
        &["release", "api"],
        3,
        &[
            "api 0.1.0 has no candidate: no tag api-v0.1.0-rcN exists",
            "cargo xtask tag api --rc --push",
        ],
    );
}

#[test]
fn law_10_a_release_lists_each_build_and_why_it_was_turned_down() {
    let fixture = Fixture::new();
    fixture.ok(&["bump", "minor", "api", "--commit"]);
    fixture.ok(&["tag", "api", "--rc", "--push"]);
    refused(
        &fixture,
        &["release", "api"],
        3,
        &[
            "acme/api holds no build at all",
            "cargo xtask build api --push",
        ],
    );
    let plan = fixture.json(&["plan", "--tag", "api-v0.2.0-rc1"]);
    let build_id = plan["matrix"]["include"][0]["build_id"]
        .as_str()
        .unwrap()
        .to_owned();
    fixture.push_candidate(&build_id, &["linux/amd64"], &fixture.head());
    fixture.push_candidate(
        &build_id.replace("-v0.2.0-", "-v0.2.0-rc.1-"),
        &["linux/amd64"],
        &fixture.head(),
    );
    let other = build_id.replace(&fixture.head()[..7], "0123456");
    fixture.push_candidate(&other, &["linux/amd64", "linux/arm64"], &fixture.head());
    refused(
        &fixture,
        &["release", "api"],
        3,
        &[
            "has no image for arm64",
            "is of version 0.2.0-rc.1, wanted 0.2.0",
            "was built from 0123456, the newest candidate's commit is",
        ],
    );
    fixture.push_candidate(
        &build_id,
        &["linux/arm64"],
        "ffffffffffffffffffffffffffffffffffffffff",
    );
    refused(
        &fixture,
        &["release", "api"],
        3,
        &[
            "arm64 is labelled revision ffffffffffffffffffffffffffffffffffffffff, the newest candidate's commit is",
        ],
    );
}

#[test]
fn law_9_a_release_tag_with_another_digest_is_a_conflict_with_both_values() {
    let fixture = Fixture::new();
    let build_id = fixture.prepare_release();
    fixture.push_candidate("0.2.0", &["linux/arm64"], "another build");
    let found = fixture
        .registry
        .digest("acme/api", "0.2.0-arm64")
        .unwrap()
        .to_string();
    let wanted = fixture
        .registry
        .digest("acme/api", &format!("{build_id}-arm64"))
        .unwrap()
        .to_string();
    refused(
        &fixture,
        &["release", "api"],
        3,
        &["0.2.0-arm64 holds", &found, &wanted],
    );
    assert_eq!(
        fixture.registry.digest("acme/api", "0.2.0-amd64"),
        None,
        "law 16: refusals come before the first step"
    );
}

#[test]
fn a_release_tag_at_another_commit_is_a_conflict() {
    let fixture = Fixture::new();
    fixture.prepare_release();
    fixture.git(&["tag", "api-v0.2.0", "HEAD~1"]);
    refused(
        &fixture,
        &["release", "api"],
        3,
        &[
            "tag api-v0.2.0 exists at",
            "the newest candidate api-v0.2.0-rc1 is at",
        ],
    );
}

#[test]
fn sites_that_disagree_are_not_released() {
    let fixture = Fixture::new();
    fixture.write(
        "core/pyproject.toml",
        "[project]\nname = \"core\"\nversion = \"0.1.1\"\n",
    );
    fixture.commit_all("fix: half a bump");
    for arguments in [
        &["release", "core"][..],
        &["tag", "core"],
        &["bump", "minor", "core"],
    ] {
        refused(
            &fixture,
            arguments,
            3,
            &[
                "disagree: core/Cargo.toml (package.version) says 0.1.0, but core/pyproject.toml (project.version) says 0.1.1",
                "cargo xtask versions --fix",
            ],
        );
    }
}

#[test]
fn a_registry_that_is_down_is_not_an_empty_one() {
    let fixture = Fixture::new();
    fixture.prepare_release();
    let text = fixture
        .read("xtask/monorepo.toml")
        .replace(&fixture.registry.address(), "127.0.0.1:9");
    fixture.write("xtask/monorepo.toml", &text);
    fixture.commit_all("chore: another registry");
    refused(
        &fixture,
        &["release", "api"],
        3,
        &[
            "the registry cannot be read",
            "127.0.0.1:9",
            "cargo xtask doctor",
        ],
    );
    let ran = fixture.run(&["doctor"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("images 127.0.0.1:9/acme/api"),
        "{}",
        ran.stderr
    );
}

#[test]
fn what_answers_and_is_no_registry_is_not_mended_by_a_login() {
    let fixture = Fixture::new();
    let page = || {
        Fault::status("GET", "/v2/", 200)
            .header("Content-Type", "text/html")
            .body("<html>sign in first</html>")
    };
    for (fault, fix) in [
        (
            Fault::status("GET", "/v2/", 400),
            "try wait until 127.0.0.1:",
        ),
        (
            page(),
            "try mend the host in images.repository, or the proxy on the way",
        ),
        (
            Fault::status("GET", "/v2/", 401),
            "try docker login 127.0.0.1:",
        ),
    ] {
        fixture.registry.plan_fault(fault.times(99));
        let ran = fixture.run(&["doctor"]);
        fixture.registry.clear_faults();
        assert!(
            ran.code == 1 && ran.stderr.contains(fix),
            "{fix}: {}",
            ran.stderr
        );
        assert_eq!(
            ran.stderr.contains("try docker login"),
            fix.contains("login"),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn doctor_tells_who_may_not_commit_and_what_no_token_reaches() {
    let fixture = Fixture::new();
    let config = format!(
        "{}\n[projects.kit]\npath = \"kit\"\nversions = [\"VERSION\"]\npackage-index = \"http://127.0.0.1:9/\"\n",
        fixture.read("xtask/monorepo.toml")
    );
    fixture.write("kit/VERSION", "0.1.0\n");
    fixture.write(
        "xtask/monorepo.toml",
        &config.replace("[repository]", "[repository]\ngithub = \"acme/mono\""),
    );
    let nobody = [
        ("GIT_CONFIG_COUNT", "3"),
        ("GIT_CONFIG_KEY_0", "user.useConfigOnly"),
        ("GIT_CONFIG_VALUE_0", "true"),
    ];
    let unset = [
        ("GIT_CONFIG_KEY_1", "user.name"),
        ("GIT_CONFIG_VALUE_1", ""),
        ("GIT_CONFIG_KEY_2", "user.email"),
        ("GIT_CONFIG_VALUE_2", ""),
    ];
    let ran = fixture.run_with(&["doctor"], &[&nobody[..], &unset[..]].concat());
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    for words in [
        "warning you: git does not know who you are",
        "(to mend: git config user.name NAME && git config user.email ADDRESS)",
        "warning forge acme/mono: neither GITHUB_TOKEN nor GH_TOKEN is set",
        "error index http://127.0.0.1:9/ of kit: GET http://127.0.0.1:9/simple/kit/: cannot connect",
        "try wait until it answers, or mend the network, package-index, or UV_PUBLISH_CHECK_URL",
        "warning uploading packages: there is nothing to upload with",
    ] {
        assert!(
            ran.stderr.contains(words),
            "{words:?} is not in {}",
            ran.stderr
        );
    }
    let ran = fixture.run(&["doctor"]);
    assert!(
        ran.stdout
            .lines()
            .any(|line| line.starts_with("✓  you ") && line.ends_with('>')),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_missing_tool_is_named_with_how_to_get_it() {
    let fixture = Fixture::new();
    let nowhere = fixture.root();
    let path = [("PATH", nowhere.to_str().unwrap())];
    refused_with(
        &fixture,
        &["build", "api"],
        &path,
        3,
        &["`docker` is not on the PATH", "buildx"],
    );
    refused_with(
        &fixture,
        &["tag", "api", "--rc"],
        &path,
        3,
        &["`git` is not on the PATH"],
    );
    let ran = fixture.run_with(&["build", "core"], &path);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains(
            "maturin is not on the PATH, and cannot be fetched: `python3` is not on the PATH"
        ),
        "{}",
        ran.stderr
    );
    let ran = fixture.run_with(&["doctor"], &path);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr
            .contains("docker: not on the PATH; wanted for building"),
        "{}",
        ran.stderr
    );
}

#[test]
fn build_holds_its_flags_to_the_project() {
    let fixture = Fixture::new();
    refused(
        &fixture,
        &["build", "core", "--push"],
        2,
        &["--platform, --build-id and --push are for images, it builds none"],
    );
    refused(
        &fixture,
        &["build", "core", "--platform", "linux/amd64"],
        2,
        &["--platform, --build-id and --push are for images"],
    );
    refused(
        &fixture,
        &["build", "api", "--target", "x86_64-unknown-linux-gnu"],
        2,
        &["--target is for wheels, it builds none"],
    );
    refused(
        &fixture,
        &["build", "web"],
        2,
        &["has no image, wheel or package-index"],
    );
    refused(
        &fixture,
        &["build", "core", "--target", "riscv64gc-unknown-linux-gnu"],
        2,
        &["riscv64gc-unknown-linux-gnu is no target of core"],
    );
}

#[test]
fn plan_knows_its_tags() {
    let fixture = Fixture::new();
    fixture.git(&["tag", "core-v0.1.0-rc1"]);
    refused(
        &fixture,
        &["plan", "--tag", "v1.0.0"],
        2,
        &["\"v1.0.0\" is the tag of no project", "api-vX.Y.Z"],
    );
    refused(
        &fixture,
        &["plan", "--tag", "api-v0.7.0"],
        2,
        &[
            "there is no tag api-v0.7.0 in this clone",
            "git fetch --tags",
        ],
    );
    refused(
        &fixture,
        &["plan", "api", "--tag", "core-v0.1.0-rc1"],
        3,
        &["core-v0.1.0-rc1 is a tag of core, not of api"],
    );
}

#[test]
fn gates_are_known_by_name() {
    let fixture = Fixture::new();
    refused(
        &fixture,
        &["check", "lnt"],
        2,
        &["no gate is called `lnt`; did you mean `lint`?"],
    );
}

#[test]
fn the_command_line_itself_is_exit_code_2() {
    let fixture = Fixture::new();
    let ran = fixture.run(&["bump", "--json"]);
    assert_eq!(
        (ran.code, &ran["error"]["code"]),
        (2, &serde_json::Value::from(2))
    );
    for arguments in [
        &["no-such-verb"][..],
        &["bump"],
        &["build"],
        &["versions", "--check", "--fix"],
        &[],
    ] {
        assert_eq!(fixture.run(arguments).code, 2, "{arguments:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn data_that_do_not_fit_on_the_disk_are_no_success() {
    let fixture = Fixture::new();
    for line in [
        &["versions"][..],
        &["versions", "--json"],
        &["changelog", "--initial"],
    ] {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let output = program(&fixture.root())
            .args(line)
            .stdout(full)
            .output()
            .unwrap();
        let ran = ran(output);
        assert_eq!(ran.code, 1, "{line:?}: {}", ran.stderr);
        assert!(
            ran.stderr.contains("the data on stdout are not whole"),
            "{line:?}: {}",
            ran.stderr
        );
    }
}
