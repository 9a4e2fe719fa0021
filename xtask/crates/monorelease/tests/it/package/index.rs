//! Packages and their indexes: a candidate is stamped and tried out elsewhere, a release is built twice of its commit, and
//! what an index holds is never written over.

use snapbox::data::Inline;
use snapbox::str;
use std::process::Command;

use crate::support;
use crate::support::crash::Scenario;
use crate::support::package::{BACKEND, Packaged, can_run, verdicts};
use crate::support::scanner::Scanner;
use crate::support::snapshots::assert_text;
use crate::support::tools::{has, nothing_is_missing, on_path};
use monorelease_stand_ins::registry::Fault;

#[test]
fn a_candidate_is_stamped_and_a_release_is_built_of_its_commit() {
    if !can_run("a package's way to its index") {
        return;
    }
    let packaged = Packaged::new();
    packaged.prepare();
    let before = packaged.state();
    let dry = packaged.ok(&["build", "kit", "--push", "--dry-run"]);
    assert_eq!(
        verdicts(&dry),
        [
            "build-package todo",
            "build-package todo",
            "publish todo",
            "publish todo"
        ]
    );
    assert_eq!(packaged.state(), before, "law 13");
    let built = packaged.ok(&["build", "kit", "--push"]);
    assert!(
        verdicts(&built)
            .iter()
            .all(|verdict| verdict.ends_with(" acted")),
        "{built:#}"
    );
    let names =
        |files: monorelease_stand_ins::package_index::Files| files.into_keys().collect::<Vec<_>>();
    assert_eq!(
        names(packaged.candidates.files()),
        ["kit-0.2.0rc1-py3-none-any.whl", "kit-0.2.0rc1.tar.gz"]
    );
    assert!(
        packaged
            .fixture
            .read("kit/pyproject.toml")
            .contains("version = \"0.2.0\""),
        "the tree says the final version"
    );
    assert_eq!(packaged.fixture.git(&["status", "--porcelain"]), "");
    assert!(
        verdicts(&packaged.ok(&["build", "kit", "--push"]))
            .iter()
            .all(|verdict| verdict.ends_with(" done")),
        "law 14"
    );
    let released = packaged.ok(&["release", "kit"]);
    let wanted = [
        "build-package acted",
        "build-package acted",
        "publish acted",
        "publish acted",
        "tag acted",
        "push-tag acted",
    ];
    assert_eq!(verdicts(&released), wanted);
    assert_eq!(
        names(packaged.index.files()),
        ["kit-0.2.0-py3-none-any.whl", "kit-0.2.0.tar.gz"]
    );
    let again = packaged.ok(&["release", "kit"]);
    assert!(
        verdicts(&again)
            .iter()
            .all(|verdict| verdict.ends_with(" done")),
        "law 14: {again:#}"
    );
    for index in [&packaged.index, &packaged.candidates] {
        assert_eq!(index.unexpected(), Vec::<String>::new());
    }
}

#[test]
fn a_known_vulnerability_keeps_a_package_from_its_index() {
    if !can_run("a scan of a package") {
        return;
    }
    let packaged = Packaged::new();
    packaged.prepare();
    let scanner = Scanner::called("trivy", &packaged.programs());
    let line = ["build", "kit", "--push", "--require-scan"];
    scanner.finds("tree", &[("CVE-2024-0001", "HIGH", Some("1.3.1"))]);
    let failed = packaged.run(&line);
    assert_eq!(
        (failed.code, packaged.candidates.files().len()),
        (1, 0),
        "{}",
        failed.stderr
    );
    failed.assert_stderr(str![[r#"
        todo scan trivy: no HIGH or CRITICAL that has a fix, in the files of kit 0.2.0rc1  (known vulnerabilities)
        todo build-package the sdist of kit 0.2.0rc1  (built of [SHORT])
        todo build-package the wheel of kit 0.2.0rc1  (built of [SHORT])
        todo publish the sdist of kit 0.2.0rc1 to http://[SERVER]/  (kit 0.2.0rc1 of [SHORT])
        todo publish the wheel of kit 0.2.0rc1 to http://[SERVER]/  (kit 0.2.0rc1 of [SHORT])
      failed scan trivy: no HIGH or CRITICAL that has a fix, in the files of kit 0.2.0rc1
             trivy found 1 HIGH or CRITICAL with a fix; nothing is pushed
             severity  id             package  installed  fixed in  where
             HIGH      CVE-2024-0001  zlib1g   1.2.13     1.3.1     tree
             move each package to what it is fixed in; to let one pass for a while, say why in monorepo.toml:
             [[scan.ignore]]
             id = "CVE-2024-0001"
             why = ""
             until = "[DATE]"
             project = "kit"  [[DURATION]]
       error stopped after 0 of 5 steps; nothing is lost: what is done is found done by the next run
         try cargo xtask build kit --push --require-scan, once the cause is mended

"#]]);
    assert!(scanner.calls() == ["tree"], "{}", failed.stderr);
    scanner.finds("tree", &[("CVE-2024-0001", "MEDIUM", Some("1.3.1"))]);
    let built = packaged.ok(&line);
    let wanted = [
        "scan acted",
        "build-package acted",
        "build-package acted",
        "publish acted",
        "publish acted",
    ];
    assert_eq!(
        (built.verdicts(), scanner.calls()),
        (wanted.map(str::to_owned).to_vec(), vec!["tree".to_owned()])
    );
    // What is at the index passed before it came there.
    scanner.dies(true);
    assert!(
        packaged
            .ok(&line)
            .verdicts()
            .iter()
            .all(|verdict| verdict.ends_with(" done")),
        "law 14"
    );
    let dead = packaged.run(&["build", "kit", "--release"]);
    assert_eq!(dead.code, 1, "{dead}");
    dead.assert_stderr(str![[r#"
        todo scan trivy: no HIGH or CRITICAL that has a fix, in the files of kit 0.2.0  (known vulnerabilities)
        todo build-package the sdist of kit 0.2.0  (built of [SHORT] twice, and the same both times)
        todo build-package the wheel of kit 0.2.0  (built of [SHORT] twice, and the same both times)
      failed scan trivy: no HIGH or CRITICAL that has a fix, in the files of kit 0.2.0
             the scanner failed, which is no pass: `trivy fs --quiet --format json --scanners vuln --severity HIGH,CRITICAL --ignore-unfixed --exit-code 0 [FOLDER]/tree/kit`: FATAL the database cannot be fetched  [[DURATION]]
       error stopped after 0 of 3 steps; nothing is lost: what is done is found done by the next run
         try cargo xtask build kit --release, once the cause is mended

"#]]);
    scanner.dies(false);
    packaged.ok(&["build", "kit", "--release"]);
    assert!(
        packaged
            .ok(&["build", "kit", "--release"])
            .verdicts()
            .iter()
            .all(|verdict| verdict.ends_with(" done")),
        "law 14"
    );
    std::fs::remove_file(packaged.programs().join("trivy")).unwrap();
    if ["trivy", "grype"]
        .into_iter()
        .all(|name| on_path(name).is_none())
    {
        let refused = packaged.run(&["build", "kit", "--release", "--require-scan"]);
        assert_eq!(refused.code, 3, "{}", refused.stderr);
        refused.assert_stderr(str![[r#"
        done build-package the sdist of kit 0.2.0  (kit-0.2.0.tar.gz [DIGEST])
        done build-package the wheel of kit 0.2.0  (kit-0.2.0-py3-none-any.whl [DIGEST])
       error neither trivy nor grype is on the PATH, and --require-scan wants one
         try install trivy, or grype
     Refused nothing was done

"#]]);
        let noted = packaged.run(&["build", "kit", "--release"]);
        assert_eq!(noted.code, 0, "{}", noted.stderr);
        noted.assert_stderr(str![[r#"
        done build-package the sdist of kit 0.2.0  (kit-0.2.0.tar.gz [DIGEST])
        done build-package the wheel of kit 0.2.0  (kit-0.2.0-py3-none-any.whl [DIGEST])
        note kit: the package is not scanned, neither trivy nor grype is on the PATH
    Finished nothing to do

"#]]);
    }
}

#[test]
fn law_9_another_file_at_the_index_is_a_conflict_and_nothing_is_released() {
    if !can_run("a conflict at an index") {
        return;
    }
    let packaged = Packaged::new();
    packaged.prepare();
    packaged
        .index
        .go_back_to(&[("kit-0.2.0.tar.gz".to_owned(), b"somebody else's".to_vec())].into());
    let before = packaged.index.files();
    let tags = packaged.fixture.git(&["ls-remote", "origin"]);
    for run in ["the first, which builds", "the second, which knows"] {
        let refused = packaged.run(&["release", "kit"]);
        assert_eq!(refused.code, 3, "{run}: {}", refused.stderr);
        assert!(
            refused
                .stderr
                .matches("kit-0.2.0.tar.gz with sha256:")
                .count()
                >= 2,
            "{run}: {}",
            refused.stderr
        );
        assert_eq!(
            (
                packaged.index.files(),
                packaged.fixture.git(&["ls-remote", "origin"])
            ),
            (before.clone(), tags.clone()),
            "{run}"
        );
    }
}

#[test]
fn the_same_file_at_the_index_is_done_whoever_put_it_there() {
    if !can_run("a release from two machines") {
        return;
    }
    let packaged = Packaged::new();
    packaged.prepare();
    packaged.ok(&["release", "kit"]);
    let published = packaged.index.files();
    std::fs::remove_dir_all(packaged.fixture.root().join("target")).unwrap();
    let again = packaged.ok(&["release", "kit"]);
    let wanted = [
        "build-package acted",
        "build-package acted",
        "publish done",
        "publish done",
        "tag done",
        "push-tag done",
    ];
    assert_eq!(
        verdicts(&again),
        wanted,
        "what is at the index is built once more, to be held against it"
    );
    packaged.fixture.git(&["tag", "--delete", "kit-v0.2.0"]);
    packaged
        .fixture
        .git(&["push", "--quiet", "origin", ":kit-v0.2.0"]);
    let elsewhere = packaged.ok(&["release", "kit"]);
    let wanted = [
        "build-package done",
        "build-package done",
        "publish done",
        "publish done",
        "tag acted",
        "push-tag acted",
    ];
    assert_eq!(verdicts(&elsewhere), wanted);
    assert_eq!(packaged.index.files(), published);
}

#[test]
fn law_17_an_expired_token_fails_with_words_and_the_next_run_finishes() {
    if !can_run("an expired token") {
        return;
    }
    let packaged = Packaged::new();
    packaged.prepare();
    let nobody = packaged.run_as("", &["release", "kit"]);
    assert_eq!(nobody.code, 3, "{}", nobody.stderr);
    nobody.assert_stderr(str![[r#"
   Releasing kit 0.2.0
        todo build-package the sdist of kit 0.2.0  (built of [SHORT] twice, and the same both times)
        todo build-package the wheel of kit 0.2.0  (built of [SHORT] twice, and the same both times)
        todo publish the sdist of kit 0.2.0 to http://[SERVER]/  (kit 0.2.0 of [SHORT])
        todo publish the wheel of kit 0.2.0 to http://[SERVER]/  (kit 0.2.0 of [SHORT])
        todo tag kit-v0.2.0 at [SHORT]  (the commit of kit-v0.2.0-rc1)
        todo push-tag kit-v0.2.0 to origin  (CI and every other clone read the tags there)
        note kit: no image is configured, so none is promoted
        note kit: no [trust] is configured, so nothing is signed or listed
        note kit: no github is configured, so no forge release is made
        note kit: no [[pins]] are configured, so nothing is delivered
       error there is nothing to upload with: no UV_PUBLISH_TOKEN, no TWINE_PASSWORD, no identity of a CI
         try export UV_PUBLISH_TOKEN=…, or UV_PUBLISH_USERNAME and UV_PUBLISH_PASSWORD, or release in CI with permissions: id-token: write
     Refused nothing was done

"#]]);
    let expired = packaged.run_as("pypi-expired-canary", &["release", "kit"]);
    assert_eq!(expired.code, 1, "{}", expired.stderr);
    let line = expired.lines_with("does not take the credentials");
    assert_text(
        line.split_once(": `uv").unwrap().0,
        str![
            "             the index does not take the credentials (expired, or not for this package); make a new token, then the same command again"
        ],
    );
    assert!(
        packaged.index.files().is_empty()
            && !packaged
                .fixture
                .git(&["ls-remote", "origin"])
                .contains("kit-v0.2.0\n")
    );
    let finished = packaged.ok(&["release", "kit"]);
    let wanted = [
        "build-package done",
        "build-package done",
        "publish acted",
        "publish acted",
        "tag acted",
        "push-tag acted",
    ];
    assert_eq!(verdicts(&finished), wanted);
}

#[test]
fn law_15_an_index_that_answers_nonsense_is_not_empty() {
    if !can_run("an index out of order") {
        return;
    }
    let packaged = Packaged::new();
    packaged.prepare();
    let garbage = Fault::status("GET", "/simple/", 200)
        .header("Content-Type", "text/html")
        .body("out of order")
        .times(9);
    let away = Fault::status("GET", "/simple/", 500).times(9);
    for (fault, expected) in [
        (
            garbage,
            str![[r#"
   Releasing kit 0.2.0
     unknown publish the sdist of kit 0.2.0 to http://[SERVER]/
     unknown publish the wheel of kit 0.2.0 to http://[SERVER]/
        todo tag kit-v0.2.0 at [SHORT]  (the commit of kit-v0.2.0-rc1)
        todo push-tag kit-v0.2.0 to origin  (CI and every other clone read the tags there)
        note kit: no image is configured, so none is promoted
        note kit: no [trust] is configured, so nothing is signed or listed
        note kit: no github is configured, so no forge release is made
        note kit: no [[pins]] are configured, so nothing is delivered
       error what the index has of kit cannot be read: GET http://[SERVER]/simple/kit/: the listing is neither JSON nor a page of links
         try cargo xtask doctor
       error the sdist of kit 0.2.0 to http://[SERVER]/: it cannot be told whether this is done: GET http://[SERVER]/simple/kit/: the listing is neither JSON nor a page of links
         try export UV_PUBLISH_CHECK_URL=… if the files of http://[SERVER]/ are listed elsewhere, then the same command again
     Refused nothing was done

"#]],
        ),
        (
            away,
            str![[r#"
   Releasing kit 0.2.0
        todo publish the sdist of kit 0.2.0 to http://[SERVER]/  (kit 0.2.0 of [SHORT])
        todo publish the wheel of kit 0.2.0 to http://[SERVER]/  (kit 0.2.0 of [SHORT])
        todo tag kit-v0.2.0 at [SHORT]  (the commit of kit-v0.2.0-rc1)
        todo push-tag kit-v0.2.0 to origin  (CI and every other clone read the tags there)
        note kit: no image is configured, so none is promoted
        note kit: no [trust] is configured, so nothing is signed or listed
        note kit: no github is configured, so no forge release is made
        note kit: no [[pins]] are configured, so nothing is delivered
       error what the index has of kit cannot be read: GET http://[SERVER]/simple/kit/: answered 500 (tried 4 times)
         try cargo xtask doctor
     Refused nothing was done

"#]],
        ),
    ] {
        packaged.index.plan_fault(fault);
        let refused = packaged.run(&["release", "kit"]);
        packaged.index.clear_faults();
        assert_eq!(refused.code, 3, "{}", refused.stderr);
        refused.assert_stderr(expected);
        assert!(
            !packaged.fixture.root().join("target/xtask/dist").exists(),
            "nothing was built"
        );
    }
    packaged
        .index
        .plan_fault(Fault::cut_before("POST", "/").times(9));
    let cut = packaged.run(&["release", "kit"]);
    assert_eq!(cut.code, 1, "{}", cut.stderr);
    packaged.index.clear_faults();
    packaged.index.serve_pages();
    packaged.ok(&["release", "kit"]);
    assert_eq!(packaged.index.files().len(), 2);
    // Nor does it speak against the release that is there.
    let page = |target: &str| {
        Fault::status("GET", target, 200)
            .header("Content-Type", "text/html")
            .body("<html>sign in first</html>")
    };
    for (fault, mark, rows) in [
        (page("/simple/"), "?", 1),
        (Fault::status("GET", "/simple/", 403), "?", 1),
        (Fault::status("GET", "/packages/", 403), "?", 2),
        (Fault::status("GET", "/packages/", 404), "✗", 2),
    ] {
        packaged.index.plan_fault(fault.times(9));
        let ran = packaged.run(&["verify", "kit"]);
        packaged.index.clear_faults();
        let marked = ran
            .stdout
            .lines()
            .filter(|line| line.starts_with(mark) && line.contains(" package "))
            .count();
        assert_eq!(
            (ran.code, marked),
            (1, rows),
            "{mark}: {}{}",
            ran.stdout,
            ran.stderr
        );
    }
}

#[test]
fn what_is_not_what_it_says_is_not_published() {
    if !can_run("files that do not agree with themselves") {
        return;
    }
    let wrong_metadata = BACKEND.replacen("Version: {version}\\n\"", "Version: 9.9.9\\n\"", 1);
    let by_the_clock = BACKEND.replacen(
        "[(\"kit.py\", open(\"kit.py\").read())",
        "[(\"kit.py\", str(__import__(\"time\").time_ns()))",
        1,
    );
    let wrong_name = BACKEND.replacen("file, info = f\"{NAME}-", "file, info = f\"other-", 1);
    for (backend, expected) in [
        (
            wrong_metadata,
            str![[r#"
      failed build-package the sdist of kit 0.2.0
             kit-0.2.0.tar.gz: its metadata says version 9.9.9; wanted is one, that of kit 0.2.0  [[DURATION]]

"#]],
        ),
        (
            by_the_clock,
            str![[r#"
      failed build-package the wheel of kit 0.2.0
             kit-0.2.0-py3-none-any.whl is not reproducible: kit.py has other bytes in the second build  [[DURATION]]

"#]],
        ),
        (
            wrong_name,
            str![[r#"
      failed build-package the wheel of kit 0.2.0
             other-0.2.0-py3-none-any.whl was built; by its name that is no kit 0.2.0  [[DURATION]]

"#]],
        ),
    ] {
        assert_ne!(backend, BACKEND);
        let packaged = Packaged::new();
        packaged.fixture.write("kit/backend.py", &backend);
        packaged.fixture.commit_all("fix: another backend");
        packaged.prepare();
        let failed = packaged.run(&["release", "kit"]);
        assert_eq!(failed.code, 1, "{}", failed.stderr);
        assert_text(&failed.failures(), expected);
        assert!(packaged.index.files().is_empty());
    }
}

#[test]
fn the_tests_of_a_project_are_run_against_its_wheel() {
    const TEST: &str = "tests against a wheel";
    if !has(TEST, &[("uv", "--version"), ("python3", "--version")]) {
        return;
    }
    let there = tempfile::tempdir().unwrap();
    let pytest = Command::new("uv")
        .args(["pip", "install", "--quiet", "--target"])
        .arg(there.path())
        .arg("pytest")
        .output()
        .unwrap();
    let missing: &[&str] = if pytest.status.success() {
        &[]
    } else {
        &["an index that serves pytest"]
    };
    if !nothing_is_missing(TEST, missing) {
        return;
    }
    let packaged = Packaged::new();
    packaged.fixture.write(
        "kit/tests/test_kit.py",
        "import kit\n\n\ndef test_it():\n    assert 'site-packages' in kit.__file__ and kit.ANSWER == 41\n",
    );
    packaged.fixture.git(&["add", "--all"]);
    packaged.fixture.commit_all("test: the kit");
    packaged.prepare();
    let failed = packaged.run(&["release", "kit"]);
    assert_eq!(failed.code, 1, "{}", failed.stderr);
    assert_text(
        &failed.lines_with("the tests of the project"),
        str![[r#"
             the tests of the project, against its wheel: `python -m pytest -q tests` failed (exit status: 1)

"#]],
    );
    assert!(packaged.index.files().is_empty());
}

#[test]
fn a_project_without_candidates_is_released_from_head() {
    if !can_run("a release without candidates") {
        return;
    }
    let packaged = Packaged::with("candidates = false\ntag = \"v{version}\"\n");
    packaged.fixture.ok(&["bump", "minor", "kit", "--commit"]);
    // Nobody has built it before, so that it is here that it is scanned.
    let scanner = Scanner::called("trivy", &packaged.programs());
    scanner.finds("tree", &[("CVE-2024-0001", "CRITICAL", Some("1.3.1"))]);
    let failed = packaged.run(&["release", "kit"]);
    assert_eq!(failed.code, 1, "{}", failed.stderr);
    failed.assert_stderr(str![[r#"
   Releasing kit 0.2.0
        todo scan trivy: no HIGH or CRITICAL that has a fix, in the files of kit 0.2.0  (known vulnerabilities)
        todo build-package the sdist of kit 0.2.0  (built of [SHORT] twice, and the same both times)
        todo build-package the wheel of kit 0.2.0  (built of [SHORT] twice, and the same both times)
        todo publish the sdist of kit 0.2.0 to http://[SERVER]/  (kit 0.2.0 of [SHORT])
        todo publish the wheel of kit 0.2.0 to http://[SERVER]/  (kit 0.2.0 of [SHORT])
        todo tag v0.2.0 at [SHORT]  (at [SHORT])
        todo push-tag v0.2.0 to origin  (CI and every other clone read the tags there)
        note kit: no image is configured, so none is promoted
        note kit: no [trust] is configured, so nothing is signed or listed
        note kit: no github is configured, so no forge release is made
        note kit: no [[pins]] are configured, so nothing is delivered
      failed scan trivy: no HIGH or CRITICAL that has a fix, in the files of kit 0.2.0
             trivy found 1 HIGH or CRITICAL with a fix; nothing is pushed
             severity  id             package  installed  fixed in  where
             CRITICAL  CVE-2024-0001  zlib1g   1.2.13     1.3.1     tree
             move each package to what it is fixed in; to let one pass for a while, say why in monorepo.toml:
             [[scan.ignore]]
             id = "CVE-2024-0001"
             why = ""
             until = "[DATE]"
             project = "kit"  [[DURATION]]
       error stopped after 0 of 7 steps; nothing is lost: what is done is found done by the next run
         try cargo xtask release kit, once the cause is mended

"#]]);
    assert_eq!(packaged.index.files().len(), 0);
    scanner.finds("tree", &[]);
    let released = packaged.ok(&["release", "kit"]);
    assert_eq!(released.verdicts()[0], "scan acted");
    assert_eq!(
        verdicts(&released)[2..],
        [
            "publish acted",
            "publish acted",
            "tag acted",
            "push-tag acted"
        ]
    );
    assert_eq!(
        packaged
            .fixture
            .git(&["rev-parse", "v0.2.0^{commit}"])
            .trim(),
        packaged.fixture.head()
    );
    assert!(
        verdicts(&packaged.ok(&["release", "kit"]))
            .iter()
            .all(|verdict| verdict.ends_with(" done"))
    );
    packaged.fixture.git(&[
        "commit",
        "--quiet",
        "--allow-empty",
        "--message",
        "fix: later",
    ]);
    let refused = packaged.run(&["release", "kit"]);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    refused.assert_stderr(str![[r#"
   Releasing kit 0.2.0
        todo build-package the sdist of kit 0.2.0  (built of [SHORT] twice, and the same both times)
        todo build-package the wheel of kit 0.2.0  (built of [SHORT] twice, and the same both times)
        done publish the sdist of kit 0.2.0 to http://[SERVER]/  (kit-0.2.0.tar.gz [DIGEST])
        done publish the wheel of kit 0.2.0 to http://[SERVER]/  (kit-0.2.0-py3-none-any.whl [DIGEST])
        note kit: no image is configured, so none is promoted
        note kit: no [trust] is configured, so nothing is signed or listed
        note kit: no github is configured, so no forge release is made
        note kit: no [[pins]] are configured, so nothing is delivered
       error tag v0.2.0 exists at [SHORT], the newest candidate HEAD is at [SHORT]; a tag is never moved
         try cargo xtask bump patch kit
     Refused nothing was done

"#]]);
}

#[test]
fn a_flipped_byte_at_the_index_turns_its_own_row_red() {
    if !can_run("verify of a package") {
        return;
    }
    let packaged = Packaged::new();
    packaged.prepare();
    packaged.ok(&["release", "kit"]);
    let red = || {
        let report = packaged.json(&["verify", "kit", "0.2.0"]);
        let rows = report["rows"].as_array().unwrap();
        let red: Vec<_> = rows
            .iter()
            .filter(|row| row["ok"] == false)
            .map(|row| row["subject"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(
            (report.code, rows.len()),
            (i32::from(!red.is_empty()), 3),
            "{report:#}"
        );
        red
    };
    assert_eq!(red(), Vec::<String>::new());
    let good = packaged.index.files();
    for name in good.keys() {
        let mut files = good.clone();
        files.get_mut(name).unwrap()[40] ^= 1;
        packaged.index.go_back_to(&files);
        assert_eq!(red(), std::slice::from_ref(name));
    }
    packaged.index.go_back_to(
        &good
            .iter()
            .filter(|(name, _)| name.ends_with(".whl"))
            .map(|(name, bytes)| (name.clone(), bytes.clone()))
            .collect(),
    );
    assert_eq!(red(), ["the sdist"]);
}

/// Builds and uploads are what has an effect; everything that is read is read again by the next run.
fn end_a_release_anywhere(end: fn(&mut Scenario)) {
    if !can_run("a package's release, ended everywhere") {
        return;
    }
    let packaged = Packaged::new();
    packaged.prepare();
    let mut scenario = Scenario::of_package(&packaged, &["release", "kit"]);
    end(&mut scenario);
    assert!(scenario.cases > 0, "nothing was ended");
    println!("release of a package: {} cases", scenario.cases);
}

#[test]
fn law_14_a_release_of_a_package_can_be_killed_at_any_build() {
    end_a_release_anywhere(|scenario| scenario.at_every_call_that("build*", "uv"));
}

#[test]
fn law_14_a_release_of_a_package_can_be_killed_at_any_upload() {
    end_a_release_anywhere(|scenario| {
        scenario.at_every_call_that("publish*", "uv");
        scenario.at_every_request_of("POST");
    });
}

#[test]
fn the_surroundings_say_where_a_known_index_is_for_one_run() {
    if !can_run("an index of the surroundings") {
        return;
    }
    let packaged = Packaged::new();
    let config = packaged.fixture.read("xtask/monorepo.toml");
    packaged.fixture.write(
        "xtask/monorepo.toml",
        &config.replace(&format!("\"{}\"", packaged.index.url()), "\"pypi\""),
    );
    packaged.fixture.commit_all("chore: the public index");
    packaged.prepare();
    let url = packaged.index.url();
    let mut variables = packaged.variables();
    variables.push(("TWINE_REPOSITORY_URL".into(), url));
    // As twine is told it, and uv is not.
    variables.retain(|(name, _)| name != "UV_PUBLISH_TOKEN");
    variables.extend([
        ("TWINE_USERNAME".into(), support::package::USER.into()),
        ("TWINE_PASSWORD".into(), support::package::TOKEN.into()),
    ]);
    let variables: Vec<_> = variables
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let ran = packaged.fixture.run_with(&["release", "kit"], &variables);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(packaged.index.files().len(), 2);
}

#[test]
fn what_makes_no_sense_is_said_and_nothing_is_built() {
    if !can_run("wrong calls about packages") {
        return;
    }
    let packaged = Packaged::new();
    let config = packaged.fixture.read("xtask/monorepo.toml");
    let said = |arguments: &[&str], code: i32, expected: Inline| {
        let ran = packaged.run(arguments);
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.stderr);
        ran.assert_stderr(expected);
    };
    said(
        &["build", "kit", "--push"],
        3,
        str![[r#"
       error kit 0.1.0 has no candidate here: no tag kit-v0.1.0-rcN
         try cargo xtask tag kit --rc --push

"#]],
    );
    said(
        &["build", "kit", "--release"],
        3,
        str![[r#"
       error kit 0.1.0 has no candidate here: no tag kit-v0.1.0-rcN
         try cargo xtask tag kit --rc --push

"#]],
    );
    said(
        &["build", "kit", "--release", "--push"],
        2,
        str![[r#"
error: the argument '--release' cannot be used with '--push'

Usage: cargo xtask build --release <PROJECT>

For more information, try '--help'.

"#]],
    );
    said(
        &["build", "core", "--release"],
        2,
        str![[r#"
       error projects.core: --release is for packages, and it names no package-index
         try cargo xtask build core

"#]],
    );
    said(
        &["release", "kit"],
        3,
        str![[r#"
   Releasing kit 0.1.0
        note kit: no [trust] is configured, so nothing is signed or listed
        note kit: no github is configured, so no forge release is made
        note kit: no [[pins]] are configured, so nothing is delivered
       error kit 0.1.0 has no candidate: no tag kit-v0.1.0-rcN exists
         try cargo xtask tag kit --rc --push && cargo xtask build kit --push
     Refused nothing was done

"#]],
    );
    packaged.fixture.git(&["tag", "kit-v0.1.0-rc1"]);
    packaged.fixture.write("kit/kit.py", "ANSWER = 43\n");
    said(
        &["build", "kit", "--push"],
        3,
        str![[r#"
       error the work tree differs from HEAD: kit/kit.py; what is pushed must be a commit
         try git add --all && git commit, or git stash --include-untracked
     Refused nothing was done

"#]],
    );
    for (line, expected) in [
        (
            "package-index = \"PyPI\"",
            str![[r#"
       error xtask/monorepo.toml: projects.kit: package-index names "PyPI"; wanted is "pypi", "testpypi", or the http(s) address that files are uploaded to
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
        (
            "package-index = \"https://me:hunter2@index.example/\"",
            str![[r#"
       error xtask/monorepo.toml: projects.kit: package-index names an address with a user in it; credentials come from the environment (UV_PUBLISH_USERNAME, UV_PUBLISH_PASSWORD)
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
        (
            "wheel = { targets = [] }\ncandidate-index = \"pypi\"",
            str![[r#"
       error xtask/monorepo.toml: projects.kit: candidate-index is for a package, and there is no package-index
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
    ] {
        let (before, rest) = config.split_once("package-index = ").unwrap();
        let rest = rest.split_once('\n').unwrap().1.split_once('\n').unwrap().1;
        packaged
            .fixture
            .write("xtask/monorepo.toml", &format!("{before}{line}\n{rest}"));
        let ran = packaged.run(&["release", "kit"]);
        assert_eq!(ran.code, 2, "{line}: {}", ran.stderr);
        ran.assert_stderr(expected);
        assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
    }
    assert!(!packaged.fixture.root().join("target/xtask/dist").exists());
}

#[test]
fn a_rehearsal_publishes_to_its_own_index_and_to_no_other() {
    if !can_run("a package's rehearsal") {
        return;
    }
    let packaged = Packaged::new();
    let rehearsed = packaged.ok(&["rehearse", "kit"]);
    let files = [
        "kit-0.2.0-py3-none-any.whl",
        "kit-0.2.0.tar.gz",
        "kit-0.2.0rc1-py3-none-any.whl",
        "kit-0.2.0rc1.tar.gz",
    ];
    assert_eq!(rehearsed["files"], serde_json::json!(files));
    for index in [&packaged.index, &packaged.candidates] {
        assert_eq!(index.log().len(), 0, "nothing but the rehearsal was asked");
    }
}

#[test]
fn a_repository_of_packages_alone_is_rehearsed_as_any_other() {
    if !can_run("the rehearsal of a repository without images") {
        return;
    }
    let packaged = Packaged::new();
    let config = "[projects.kit]\npath = \"kit\"\nversions = [\"pyproject.toml\"]\ncandidates = false\npackage-index = \"pypi\"\n";
    packaged.fixture.write("xtask/monorepo.toml", config);
    packaged.fixture.commit_all("chore: packages alone");
    let rehearsed = packaged.ok(&["rehearse"]);
    assert_eq!(
        rehearsed["files"],
        serde_json::json!(["kit-0.2.0-py3-none-any.whl", "kit-0.2.0.tar.gz"])
    );
}
