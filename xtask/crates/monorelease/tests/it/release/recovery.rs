//! Runs that were cut off, surroundings that mislead, and clones that know less than others: the next run finishes, or
//! says what it cannot know. Each case was seen to go wrong once.

use snapbox::data::Inline;
use snapbox::str;
use std::fs;
use std::process::Stdio;

use crate::support::programs::write_program;
use crate::support::snapshots::assert_text;
use crate::support::{Fixture, git_in, program, ran};

/// Makes commits of the fixture fail, as a hook does.
fn break_commits(fixture: &Fixture) -> std::path::PathBuf {
    let hook = fixture.root().join(".git/hooks/pre-commit");
    write_program(&hook, "#!/bin/sh\necho no commits today >&2\nexit 1\n");
    hook
}

#[test]
fn law_14_a_bump_whose_commit_failed_is_finished_by_the_same_line() {
    for (target, expected) in [
        (
            "minor",
            str![[r#"
     Bumping api 0.1.0 → 0.2.0
        todo edit api/uv.lock  (entry of api 0.1.0 → 0.2.0)
        todo edit api/pyproject.toml  (project.version 0.1.0 → 0.2.0)
        todo commit chore(release): api 0.2.0  (the version of a release is read from its commit)
       acted edit api/pyproject.toml  [[DURATION]]
       acted edit api/uv.lock  [[DURATION]]
      failed commit chore(release): api 0.2.0
             `git -C [WORKTREE]/ commit --quiet --include --message 'chore(release): api 0.2.0' -- api/uv.lock api/pyproject.toml` failed: no commits today  [[DURATION]]
     skipped edit api/pyproject.toml  (put back: the commit failed)
     skipped edit api/uv.lock  (put back: the commit failed)
       error stopped after 0 of 3 steps; nothing is lost: what is done is found done by the next run
         try cargo xtask bump minor api --commit, once the cause is mended

"#]],
        ),
        (
            "0.2.0",
            str![[r#"
     Bumping api 0.1.0 → 0.2.0
        todo edit api/uv.lock  (entry of api 0.1.0 → 0.2.0)
        todo edit api/pyproject.toml  (project.version 0.1.0 → 0.2.0)
        todo commit chore(release): api 0.2.0  (the version of a release is read from its commit)
       acted edit api/pyproject.toml  [[DURATION]]
       acted edit api/uv.lock  [[DURATION]]
      failed commit chore(release): api 0.2.0
             `git -C [WORKTREE]/ commit --quiet --include --message 'chore(release): api 0.2.0' -- api/uv.lock api/pyproject.toml` failed: no commits today  [[DURATION]]
     skipped edit api/pyproject.toml  (put back: the commit failed)
     skipped edit api/uv.lock  (put back: the commit failed)
       error stopped after 0 of 3 steps; nothing is lost: what is done is found done by the next run
         try cargo xtask bump 0.2.0 api --commit, once the cause is mended

"#]],
        ),
    ] {
        let fixture = Fixture::new();
        let hook = break_commits(&fixture);
        let failed = fixture.run(&["bump", target, "api", "--commit"]);
        assert_eq!(failed.code, 1, "{}", failed.stderr);
        failed.assert_stderr(expected);
        assert_eq!(
            fixture.git(&["status", "--porcelain"]),
            "",
            "on failure the tree is as before"
        );
        fs::remove_file(hook).unwrap();
        fixture.ok(&["bump", target, "api", "--commit"]);
        assert!(
            fixture
                .git(&["show", "HEAD:api/pyproject.toml"])
                .contains("version = \"0.2.0\""),
            "{target}"
        );
        assert_eq!(fixture.git(&["status", "--porcelain"]), "");
        assert_eq!(fixture.git(&["rev-list", "--count", "HEAD"]).trim(), "2");
    }
}

#[test]
fn a_commit_whose_signing_fails_leaves_the_tree_as_it_was() {
    let fixture = Fixture::new();
    fixture.git(&["config", "commit.gpgSign", "true"]);
    fixture.git(&["config", "gpg.program", "/bin/false"]);
    let before = fixture.state();
    let head = fixture.head();
    let failed = fixture.run(&["bump", "minor", "--commit"]);
    assert_eq!(failed.code, 1, "{}", failed.stderr);
    assert!(
        failed.stderr.contains("gpg failed to sign"),
        "{}",
        failed.stderr
    );
    assert_eq!((fixture.state(), fixture.head()), (before, head));
}

#[test]
fn a_commit_is_signed_where_git_is_set_up_so() {
    let fixture = Fixture::new();
    let key = fixture.root().join(".git/key");
    let made = std::process::Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(&key)
        .status()
        .unwrap();
    assert!(made.success());
    for (name, value) in [
        ("gpg.format", "ssh"),
        ("user.signingKey", key.to_str().unwrap()),
        ("commit.gpgSign", "true"),
    ] {
        fixture.git(&["config", name, value]);
    }
    fixture.ok(&["bump", "minor", "api", "--commit"]);
    let commit = fixture.git(&["cat-file", "commit", "HEAD"]);
    assert!(
        commit.contains("gpgsig -----BEGIN SSH SIGNATURE-----"),
        "{commit}"
    );
}

#[test]
fn a_hook_that_changes_a_file_and_fails_leaves_the_tree_as_it_was() {
    let fixture = Fixture::new();
    let hook = break_commits(&fixture);
    fs::write(
        &hook,
        "#!/bin/sh\necho '# tidied' >> api/pyproject.toml\nexit 1\n",
    )
    .unwrap();
    let before = fixture.state();
    let failed = fixture.run(&["bump", "minor", "api", "--commit"]);
    assert_eq!(failed.code, 1);
    failed.assert_stderr(str![[r#"
     Bumping api 0.1.0 → 0.2.0
        todo edit api/uv.lock  (entry of api 0.1.0 → 0.2.0)
        todo edit api/pyproject.toml  (project.version 0.1.0 → 0.2.0)
        todo commit chore(release): api 0.2.0  (the version of a release is read from its commit)
       acted edit api/pyproject.toml  [[DURATION]]
       acted edit api/uv.lock  [[DURATION]]
      failed commit chore(release): api 0.2.0
             `git -C [WORKTREE]/ commit --quiet --include --message 'chore(release): api 0.2.0' -- api/uv.lock api/pyproject.toml` failed: it said nothing  [[DURATION]]
     skipped edit api/pyproject.toml  (put back: the commit failed)
     skipped edit api/uv.lock  (put back: the commit failed)
       error stopped after 0 of 3 steps; nothing is lost: what is done is found done by the next run
         try cargo xtask bump minor api --commit, once the cause is mended

"#]]);
    assert_eq!(fixture.state(), before);
}

#[test]
fn a_hook_that_tidies_what_is_committed_has_the_last_word() {
    let fixture = Fixture::new();
    let hook = break_commits(&fixture);
    write_program(
        &hook,
        "#!/bin/sh\necho '# tidied' >> api/pyproject.toml\ngit add api/pyproject.toml\n",
    );
    let report = fixture.json(&["bump", "minor", "api", "--commit"]);
    assert_eq!(report.code, 0, "{report:#}");
    let commit = report["steps"].as_array().unwrap().last().unwrap();
    let evidence = format!(
        "HEAD {} holds it, with api/pyproject.toml as a hook left it",
        &fixture.head()[..7]
    );
    assert_eq!(
        (&commit["verdict"], commit["evidence"].as_str().unwrap()),
        (&"acted".into(), evidence.as_str())
    );
    assert!(
        fixture
            .git(&["show", "HEAD:api/pyproject.toml"])
            .contains("0.2.0")
    );
    assert!(
        fixture.read("api/pyproject.toml").ends_with("# tidied\n")
            && fixture.read("api/pyproject.toml").contains("0.2.0")
    );
    assert_eq!(
        fixture.git(&["status", "--porcelain"]),
        "",
        "what the hook added is in the index as in the commit"
    );
}

#[test]
fn law_2_a_file_that_cannot_be_written_leaves_every_file_as_it_was() {
    let fixture = Fixture::new();
    // A lock larger than the limit below, and sites that are smaller.
    let lock = format!(
        "{}{}",
        fixture.read("Cargo.lock"),
        "# a long lock\n".repeat(1000)
    );
    fixture.write("Cargo.lock", &lock);
    fixture.commit_all("chore: a long lock");
    let before = fixture.state();
    let mut shell = std::process::Command::new("sh");
    shell.args([
        "-c",
        "trap '' XFSZ; ulimit -f 8; exec \"$0\" bump minor core",
        crate::support::binary().to_str().unwrap(),
    ]);
    let failed = ran(shell.current_dir(fixture.root()).output().unwrap());
    assert_eq!(failed.code, 1, "{}", failed.stderr);
    failed.assert_stderr(str![[r#"
     Bumping core 0.1.0 → 0.2.0
        todo edit Cargo.lock  (entry of core 0.1.0 → 0.2.0)
        todo edit core/pyproject.toml  (project.version 0.1.0 → 0.2.0)
        todo edit core/Cargo.toml  (package.version 0.1.0 → 0.2.0)
      failed edit Cargo.lock
             staging [WORKTREE]/Cargo.lock: File too large (os error 27) at path "[WORKTREE]/.xtask-staged-[RANDOM]"  [[DURATION]]
      failed edit core/pyproject.toml
             staging [WORKTREE]/Cargo.lock: File too large (os error 27) at path "[WORKTREE]/.xtask-staged-[RANDOM]"  [[DURATION]]
      failed edit core/Cargo.toml
             staging [WORKTREE]/Cargo.lock: File too large (os error 27) at path "[WORKTREE]/.xtask-staged-[RANDOM]"  [[DURATION]]
       error stopped after 0 of 3 steps; nothing is lost: what is done is found done by the next run
         try cargo xtask bump minor core, once the cause is mended

"#]]);
    assert_eq!(fixture.state(), before, "and nothing staged lies about");
}

/// A full disk for real, where this user may mount one.
#[test]
fn law_2_a_full_disk_leaves_every_file_as_it_was() {
    let fixture = Fixture::new();
    let api = fixture.root().join("api");
    let files = ["pyproject.toml", "uv.lock"]
        .map(|name| (api.join(name), fs::read(api.join(name)).unwrap()));
    let on = |program: &str, arguments: &[&str]| {
        std::process::Command::new(program)
            .args(arguments)
            .arg(&api)
            .output()
            .is_ok_and(|output| output.status.success())
    };
    if !on("mount", &["-t", "tmpfs", "-o", "size=16k", "tmpfs"]) {
        println!("skipped: this user may not mount a small disk");
        return;
    }
    for (path, bytes) in &files {
        fs::write(path, bytes).unwrap();
    }
    // Two of four pages are files; one page is left for staging, and two are wanted.
    fs::write(api.join(".gitignore"), "/filling\n.gitignore\n").unwrap();
    let before = fixture.state();
    let failed = fixture.run(&["bump", "minor"]);
    let after = fixture.state();
    let staged: Vec<_> = fs::read_dir(&api)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name.to_string_lossy().contains("staged"))
        .collect();
    assert!(on("umount", &[]));
    assert_eq!(failed.code, 1, "{}", failed.stderr);
    failed.assert_stderr(str![[r#"
     Bumping core 0.1.0 → 0.2.0
     Bumping api 0.1.0 → 0.2.0
     Bumping web 0.1.0 → 0.2.0
        todo edit Cargo.lock  (entry of core 0.1.0 → 0.2.0)
        todo edit api/uv.lock  (entry of api 0.1.0 → 0.2.0)
        todo edit core/pyproject.toml  (project.version 0.1.0 → 0.2.0)
        todo edit api/pyproject.toml  (project.version 0.1.0 → 0.2.0)
        todo edit core/Cargo.toml  (package.version 0.1.0 → 0.2.0)
        todo edit web/src/web/version.py  (__version__ 0.1.0 → 0.2.0)
      failed edit Cargo.lock
             staging [WORKTREE]/api/pyproject.toml: No space left on device (os error 28) at path "[WORKTREE]/api/.xtask-staged-[RANDOM]"  [[DURATION]]
      failed edit api/uv.lock
             staging [WORKTREE]/api/pyproject.toml: No space left on device (os error 28) at path "[WORKTREE]/api/.xtask-staged-[RANDOM]"  [[DURATION]]
      failed edit core/pyproject.toml
             staging [WORKTREE]/api/pyproject.toml: No space left on device (os error 28) at path "[WORKTREE]/api/.xtask-staged-[RANDOM]"  [[DURATION]]
      failed edit api/pyproject.toml
             staging [WORKTREE]/api/pyproject.toml: No space left on device (os error 28) at path "[WORKTREE]/api/.xtask-staged-[RANDOM]"  [[DURATION]]
      failed edit core/Cargo.toml
             staging [WORKTREE]/api/pyproject.toml: No space left on device (os error 28) at path "[WORKTREE]/api/.xtask-staged-[RANDOM]"  [[DURATION]]
      failed edit web/src/web/version.py
             staging [WORKTREE]/api/pyproject.toml: No space left on device (os error 28) at path "[WORKTREE]/api/.xtask-staged-[RANDOM]"  [[DURATION]]
       error stopped after 0 of 6 steps; nothing is lost: what is done is found done by the next run
         try cargo xtask bump minor, once the cause is mended

"#]]);
    assert_eq!(after, before);
    assert!(staged.is_empty(), "{staged:?}");
}

#[test]
fn a_commit_that_hooks_made_into_another_is_reported_and_nothing_is_put_back() {
    let fixture = Fixture::new();
    let hook = break_commits(&fixture);
    write_program(
        &hook,
        "#!/bin/sh\necho '# tidied' >> api/pyproject.toml\ngit add api/pyproject.toml\n",
    );
    let message = hook.with_file_name("commit-msg");
    write_program(&message, "#!/bin/sh\necho 'wip' > \"$1\"\n");
    let ran = fixture.run(&["bump", "minor", "api", "--commit"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    ran.assert_stderr(str![[r#"
     Bumping api 0.1.0 → 0.2.0
        todo edit api/uv.lock  (entry of api 0.1.0 → 0.2.0)
        todo edit api/pyproject.toml  (project.version 0.1.0 → 0.2.0)
        todo commit chore(release): api 0.2.0  (the version of a release is read from its commit)
       acted edit api/pyproject.toml  [[DURATION]]
       acted edit api/uv.lock  [[DURATION]]
      failed commit chore(release): api 0.2.0
             HEAD [SHORT] was made, but not of what was written: api/pyproject.toml was changed, as by a hook; look at it with git show, then keep it, or git reset --keep HEAD~1  [[DURATION]]
       error stopped after 2 of 3 steps; nothing is lost: what is done is found done by the next run
         try cargo xtask bump minor api --commit, once the cause is mended

"#]]);
    assert!(fixture.read("api/pyproject.toml").contains("0.2.0"));
}

#[test]
fn other_changes_in_a_bumped_file_are_not_committed_with_it() {
    let fixture = Fixture::new();
    let text = fixture
        .read("api/pyproject.toml")
        .replace("# the truth", "# my own words");
    fixture.write("api/pyproject.toml", &text);
    let refused = fixture.run(&["bump", "minor", "api", "--commit"]);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    refused.assert_stderr(str![[r#"
     Bumping api 0.1.0 → 0.2.0
        todo edit api/uv.lock  (entry of api 0.1.0 → 0.2.0)
        todo edit api/pyproject.toml  (project.version 0.1.0 → 0.2.0)
        todo commit chore(release): api 0.2.0  (the version of a release is read from its commit)
       error the work tree differs from HEAD: api/pyproject.toml
         try git add --all && git commit, or git stash --include-untracked
     Refused nothing was done

"#]]);
    assert_eq!(fixture.read("api/pyproject.toml"), text);
}

#[test]
fn law_14_a_bump_that_was_cut_off_between_two_files_does_not_count_on() {
    let fixture = Fixture::new();
    fixture.ok(&["bump", "minor", "core"]);
    let bumped = fixture.read("core/pyproject.toml");
    fixture.git(&["checkout", "--quiet", "."]);
    // What a kill leaves: files in the order of the plan, the source of truth last, and what was staged for it.
    fixture.write("core/pyproject.toml", &bumped);
    fixture.write("core/.xtask-staged-abc", "left behind");
    assert_eq!(
        fixture.run(&["bump", "minor", "core"]).code,
        3,
        "half a bump is not counted on from"
    );
    fixture.ok(&["versions", "--fix", "core"]);
    assert!(!fixture.root().join("core/.xtask-staged-abc").exists());
    fixture.ok(&["bump", "minor", "core"]);
    fixture.ok(&["versions", "--check"]);
    assert!(
        fixture
            .read("core/Cargo.toml")
            .contains("version = \"0.2.0\"")
    );
}

#[test]
fn law_14_what_a_killed_run_had_staged_is_nobodys_work() {
    let fixture = Fixture::new();
    // Beside a file of this very bump, and where nothing is to be edited.
    for path in [
        "core/.xtask-staged-abc",
        "api/src/.xtask-staged-def",
        ".xtask-staged-ghi",
    ] {
        fixture.write(path, "left behind");
    }
    fixture.ok(&["bump", "minor", "core", "--commit", "--dry-run"]);
    assert!(
        fixture.root().join("core/.xtask-staged-abc").exists(),
        "a plan removes nothing"
    );
    fixture.ok(&["bump", "minor", "core", "--commit"]);
    assert_eq!(
        fixture.git(&["status", "--porcelain"]),
        "",
        "the leftovers are gone, wherever they lay"
    );
    let files = fixture.git(&["show", "--format=", "--name-only", "HEAD"]);
    assert_eq!(
        files.lines().collect::<Vec<_>>(),
        ["Cargo.lock", "core/Cargo.toml", "core/pyproject.toml"]
    );
}

#[test]
fn an_index_that_a_killed_git_left_behind_its_commit_is_told_with_what_mends_it() {
    let fixture = Fixture::new();
    fixture.ok(&["bump", "minor", "core", "--commit"]);
    // The commit is there, and the index was not yet given its name.
    fixture.git(&["reset", "--quiet", "HEAD~1", "--", "core", "Cargo.lock"]);
    let refused = fixture.run(&["bump", "0.2.0", "core", "--commit"]);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    refused.assert_stderr(str![[r#"
     Bumping core 0.2.0 → 0.2.0
       error the index alone differs from HEAD, as a git leaves it that is killed while it commits: Cargo.lock, core/Cargo.toml, core/pyproject.toml
         try git reset --quiet
     Refused nothing was done

"#]]);
    fixture.git(&["reset", "--quiet"]);
    let head = fixture.git(&["rev-parse", "HEAD"]);
    fixture.ok(&["bump", "0.2.0", "core", "--commit"]);
    assert_eq!(
        (
            fixture.git(&["rev-parse", "HEAD"]),
            fixture.git(&["status", "--porcelain"])
        ),
        (head, String::new())
    );
}

#[test]
fn law_14_a_bump_that_was_committed_and_not_tagged_is_found_done() {
    let fixture = Fixture::new();
    fixture.ok(&["bump", "minor", "core", "api", "--commit"]);
    let head = fixture.head();
    let again = fixture.ok(&["bump", "minor", "core", "api", "--commit"]);
    again.assert_stderr(str![[r#"
     Bumping core 0.2.0 → 0.2.0
     Bumping api 0.2.0 → 0.2.0
        note HEAD [SHORT] is this very bump, and its version has no tag yet; for one more, name it: cargo xtask bump 0.3.0 core --commit
    Finished nothing to do

"#]]);
    assert!(again.stderr.contains(&head[..7]), "{}", again.stderr);
    assert_eq!(fixture.head(), head);
    // Another level, other projects and another commit are other bumps; so is the next one after a tag.
    for (arguments, version) in [
        (&["patch", "core", "api"][..], "0.2.1"),
        (&["minor", "core"], "0.3.0"),
    ] {
        fixture.ok(&[&["bump"], arguments, &["--commit"]].concat());
        assert!(
            fixture
                .git(&["show", "HEAD:core/Cargo.toml"])
                .contains(&format!("version = \"{version}\"")),
            "{arguments:?}"
        );
        fixture.git(&["reset", "--quiet", "--hard", &head]);
    }
    fixture.git(&[
        "commit",
        "--quiet",
        "--allow-empty",
        "--message",
        "docs: between",
    ]);
    fixture.ok(&["bump", "minor", "core", "api", "--commit"]);
    assert!(
        fixture
            .read("core/Cargo.toml")
            .contains("version = \"0.3.0\"")
    );
    fixture.git(&["reset", "--quiet", "--hard", &head]);
    fixture.git(&["tag", "core-v0.2.0-rc1"]);
    fixture.ok(&["bump", "minor", "core", "api", "--commit"]);
    assert!(
        fixture
            .read("core/Cargo.toml")
            .contains("version = \"0.3.0\"")
    );
}

#[cfg(unix)]
#[test]
fn law_14_what_was_staged_behind_a_link_is_removed_there() {
    let fixture = Fixture::new();
    fixture.write("shared/Cargo.toml", &fixture.read("core/Cargo.toml"));
    fixture.write(".gitignore", ".xtask-staged-*\n");
    std::fs::remove_file(fixture.root().join("core/Cargo.toml")).unwrap();
    std::os::unix::fs::symlink(
        "../shared/Cargo.toml",
        fixture.root().join("core/Cargo.toml"),
    )
    .unwrap();
    fixture.git(&["add", "--all"]);
    fixture.commit_all("feat: a link");
    fixture.write("shared/.xtask-staged-abc", "left behind");
    fixture.ok(&["bump", "minor", "core"]);
    assert!(
        !fixture.root().join("shared/.xtask-staged-abc").exists(),
        "git does not show it, and it is gone all the same"
    );
}

#[test]
fn law_16_a_lock_that_a_killed_git_left_is_found_before_anything_is_written() {
    let fixture = Fixture::new();
    for (lock, expected) in [
        (
            ".git/index.lock",
            str![[r#"
       error [WORKTREE]/.git/index.lock is there: another git is at work in this repository, or was killed at it
         try rm [WORKTREE]/.git/index.lock, if no git is running

"#]],
        ),
        (
            ".git/HEAD.lock",
            str![[r#"
       error [WORKTREE]/.git/HEAD.lock is there: another git is at work in this repository, or was killed at it
         try rm [WORKTREE]/.git/HEAD.lock, if no git is running

"#]],
        ),
        (
            ".git/refs/heads/main.lock",
            str![[r#"
       error [WORKTREE]/.git/refs/heads/main.lock is there: another git is at work in this repository, or was killed at it
         try rm [WORKTREE]/.git/refs/heads/main.lock, if no git is running

"#]],
        ),
    ] {
        fixture.write(lock, "");
        let before = fixture.state();
        let refused = fixture.run(&["bump", "minor", "core", "--commit"]);
        assert_eq!(refused.code, 3, "{}", refused.stderr);
        assert_text(&refused.complaints(), expected);
        assert_eq!(fixture.state(), before);
        std::fs::remove_file(fixture.root().join(lock)).unwrap();
    }
}

#[test]
fn law_14_what_a_killed_run_had_staged_does_not_hinder_the_same_line() {
    let fixture = Fixture::new();
    fixture.ok(&["bump", "0.2.0", "core"]);
    let bumped = fixture.read("core/pyproject.toml");
    fixture.git(&["checkout", "--quiet", "."]);
    // Killed between two renames: one file has its new text, and the staged ones of the others lie beside them.
    fixture.write("core/pyproject.toml", &bumped);
    fixture.write("core/.xtask-staged-abc", "left behind");
    fixture.write(".xtask-staged-def", "left behind");
    fixture.ok(&["bump", "0.2.0", "core", "--commit"]);
    assert_eq!(
        fixture.git(&["status", "--porcelain"]),
        "",
        "and it is swept away"
    );
    assert!(!fixture.git(&["ls-files"]).contains("staged"));
    fixture.ok(&["versions", "--check"]);
}

#[test]
fn sites_that_were_mended_and_not_committed_are_told_from_sites_that_disagree() {
    let fixture = Fixture::new();
    fixture.write(
        "core/pyproject.toml",
        "[project]\nname = \"core\"\nversion = \"0.3.0\"\n",
    );
    fixture.commit_all("chore: out of step");
    fixture.ok(&["versions", "--fix", "core"]);
    let refused = fixture.run(&["bump", "minor", "core", "--commit"]);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    refused.assert_stderr(str![[r#"
       error the version sites of core disagree in HEAD: core/Cargo.toml (package.version) says 0.1.0, but core/pyproject.toml (project.version) says 0.3.0
         try git commit --all, since the work tree agrees
       error the work tree differs from HEAD: core/pyproject.toml
         try git add --all && git commit, or git stash --include-untracked
     Refused nothing was done

"#]]);
    assert!(
        !refused.stderr.contains("versions --fix"),
        "that was done already: {}",
        refused.stderr
    );
    fixture.commit_all("chore: in step");
    fixture.ok(&["bump", "minor", "core", "--commit"]);
}

#[test]
fn a_commit_is_proved_also_where_git_converts_line_ends() {
    let fixture = Fixture::new();
    fixture.write(".gitattributes", "*.toml text eol=crlf\n");
    fixture.git(&["add", ".gitattributes"]);
    fixture.git(&["add", "--renormalize", "."]);
    fixture.git(&["commit", "--quiet", "--message", "chore: line ends"]);
    fs::remove_file(fixture.root().join("api/pyproject.toml")).unwrap();
    fixture.git(&["checkout", "--quiet", "--", "api/pyproject.toml"]);
    assert!(fixture.read("api/pyproject.toml").contains("\r\n"));
    fixture.ok(&["bump", "minor", "api", "--commit"]);
    assert_eq!(fixture.git(&["status", "--porcelain"]), "");
    assert!(
        fixture
            .read("api/pyproject.toml")
            .contains("version = \"0.2.0\" # the truth\r\n")
    );
}

#[test]
fn a_hooks_git_variables_do_not_lead_elsewhere() {
    let fixture = Fixture::new();
    let decoy = Fixture::new();
    let before = decoy.state();
    let git_dir = decoy.root().join(".git");
    let tree = decoy.root();
    let variables = [
        ("GIT_DIR", git_dir.to_str().unwrap()),
        ("GIT_WORK_TREE", tree.to_str().unwrap()),
    ];
    for line in [
        &["tag", "api", "--rc", "--push"][..],
        &["bump", "minor", "api", "--commit"],
        &["rehearse"],
    ] {
        let answer = fixture.run_with(line, &variables);
        assert_eq!(answer.code, 0, "{line:?}: {}", answer.stderr);
    }
    assert_eq!(decoy.state(), before, "the other repository is as it was");
    assert_eq!(fixture.git(&["tag", "--list"]), "api-v0.1.0-rc1\n");
    assert_eq!(
        fixture.git(&["config", "user.name"]),
        "Test\n",
        "the rehearsal's identity stays in its sandbox"
    );
}

#[test]
fn a_configuration_from_elsewhere_is_not_rehearsed() {
    let fixture = Fixture::new();
    let other = fixture.root().parent().unwrap().join("other.toml");
    let text = fixture.read("xtask/monorepo.toml");
    fs::write(&other, &text).unwrap();
    let refused = fixture.run(&["rehearse", "--config", other.to_str().unwrap()]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert_eq!(fs::read_to_string(&other).unwrap(), text);
    let answer = ran(program(&fixture.root().join("api"))
        .args(["rehearse", "--config", "../xtask/monorepo.toml"])
        .output()
        .unwrap());
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert_eq!(
        fixture.read("xtask/monorepo.toml"),
        text,
        "the sandbox has its own"
    );
}

#[test]
fn law_16_a_candidate_that_this_clone_does_not_have_is_refused_before_anything_is_promoted() {
    let fixture = Fixture::new();
    fixture.prepare_release();
    let colleague = fixture.root().parent().unwrap().join("colleague");
    git_in(
        fixture.root().parent().unwrap(),
        &["clone", "--quiet", "origin.git", "colleague"],
    );
    git_in(&colleague, &["config", "user.name", "Colleague"]);
    git_in(&colleague, &["config", "user.email", "colleague@localhost"]);
    git_in(
        &colleague,
        &["checkout", "--quiet", "-B", "main", "api-v0.2.0-rc1"],
    );
    git_in(
        &colleague,
        &[
            "commit",
            "--quiet",
            "--allow-empty",
            "--message",
            "fix: one more",
        ],
    );
    let commit = git_in(&colleague, &["rev-parse", "HEAD"]).trim().to_owned();
    git_in(
        &colleague,
        &["tag", "--annotate", "--message", "rc2", "api-v0.2.0-rc2"],
    );
    git_in(&colleague, &["push", "--quiet", "origin", "api-v0.2.0-rc2"]);
    fixture.push_candidate(
        &format!("2030.01.01.0000-build.0-v0.2.0-{}", &commit[..7]),
        &["linux/amd64", "linux/arm64"],
        &commit,
    );
    let before = fixture.state();
    let refused = fixture.run(&["release", "api"]);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    refused.assert_stderr(str![[r#"
   Releasing api 0.2.0
        todo promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo index [SERVER]/acme/api:0.2.0 = [DIGEST]  (one name for linux/amd64, linux/arm64)
        todo tag api-v0.2.0 at [SHORT]  (the commit of api-v0.2.0-rc2)
        todo push-tag api-v0.2.0 to origin  (CI and every other clone read the tags there)
        note api: no [trust] is configured, so nothing is signed or listed
        note api: no github is configured, so no forge release is made
        note api: no [[pins]] are configured, so nothing is delivered
       error the newest candidate api-v0.2.0-rc2 is at [SHORT], a commit this clone does not have
         try git fetch --tags origin
     Refused nothing was done

"#]]);
    assert_eq!(fixture.state(), before);
    fixture.git(&["fetch", "--quiet", "--tags", "origin"]);
    fixture.ok(&["release", "api"]);
    assert_eq!(
        fixture.git(&["rev-parse", "api-v0.2.0^{commit}"]).trim(),
        commit
    );
}

#[test]
fn law_16_a_git_that_knows_nobody_is_found_before_anything_is_promoted() {
    let fixture = Fixture::new();
    fixture.prepare_release();
    for key in ["user.name", "user.email"] {
        fixture.git(&["config", "--unset", key]);
    }
    fixture.git(&["config", "user.useConfigOnly", "true"]);
    let variables = [
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_SYSTEM", "/dev/null"),
    ];
    let before = fixture.state();
    for line in [["release", "api"], ["tag", "core"]] {
        let refused = fixture.run_with(&line, &variables);
        assert_eq!(refused.code, 3, "{}", refused.stderr);
        assert_text(
            &refused.complaints(),
            str![[r#"
       error git does not know who you are: `git -C [WORKTREE]/ var GIT_COMMITTER_IDENT` failed: 
             [ADVICE OF GIT] 
         try git config user.name NAME && git config user.email ADDRESS

"#]],
        );
    }
    assert_eq!(fixture.state(), before);
}

#[test]
fn a_reader_that_goes_away_does_not_stop_a_release() {
    let fixture = Fixture::new();
    fixture.prepare_release();
    let mut child = program(&fixture.root())
        .args(["release", "api"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    assert!(child.wait().unwrap().success());
    assert!(
        fixture
            .git(&["ls-remote", "origin"])
            .contains("refs/tags/api-v0.2.0\n")
    );
}

#[test]
fn law_15_a_remote_that_is_named_and_missing_is_not_no_remote() {
    let fixture = Fixture::new();
    let text = fixture.read("xtask/monorepo.toml").replace(
        "branch = \"main\"",
        "branch = \"main\"\nremote = \"upstream\"",
    );
    fixture.write("xtask/monorepo.toml", &text);
    fixture.commit_all("chore: another remote");
    let refused = fixture.run(&["tag", "api"]);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    refused.assert_stderr(str![[r#"
       error the tags of upstream cannot be read, so a tag might exist there already: there is no remote upstream (git remote add upstream URL)
         try git ls-remote --tags upstream
     Refused nothing was done

"#]]);
}

#[test]
fn law_10_a_candidate_is_held_to_the_files_of_its_own_commit() {
    let fixture = Fixture::new();
    fixture.git(&["tag", "core-v0.2.0-rc1"]);
    fixture.ok(&["bump", "minor", "core", "--commit"]);
    let refused = fixture.run(&["release", "core"]);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    refused.assert_stderr(str![[r#"
   Releasing core 0.2.0
        todo tag core-v0.2.0 at [SHORT]  (the commit of core-v0.2.0-rc1)
        todo push-tag core-v0.2.0 to origin  (CI and every other clone read the tags there)
        note core: no image is configured, so none is promoted
        note core: no package-index is configured, so its wheels are published nowhere
        note core: no [trust] is configured, so nothing is signed or listed
        note core: no github is configured, so no forge release is made
        note core: no [[pins]] are configured, so nothing is delivered
       error the newest candidate core-v0.2.0-rc1 is not of 0.2.0: its files say 0.1.0
         try cargo xtask tag core --rc --push
     Refused nothing was done

"#]]);
}

#[test]
fn law_6_a_candidate_that_differs_between_here_and_there_is_a_conflict() {
    let fixture = Fixture::new();
    fixture.git(&["tag", "api-v0.1.0-rc1"]);
    fixture.git(&["push", "--quiet", "origin", "api-v0.1.0-rc1"]);
    fixture.git(&[
        "commit",
        "--quiet",
        "--allow-empty",
        "--message",
        "fix: more",
    ]);
    fixture.git(&["tag", "--force", "api-v0.1.0-rc1"]);
    for (line, expected) in [
        (
            &["tag", "api", "--rc"][..],
            str![[r#"
       error tag api-v0.1.0-rc1 is at [SHORT] here and at [SHORT] on origin; a tag is never moved
         try git fetch --tags, after deleting the tag that is wrong

"#]],
        ),
        (
            &["release", "api"],
            str![[r#"
       error tag api-v0.1.0-rc1 is at [SHORT] here and at [SHORT] on origin; a tag is never moved
         try git tag --delete api-v0.1.0-rc1 && git fetch --tags
       error [SERVER]/acme/api holds no build at all
         try git checkout api-v0.1.0-rc1 && cargo xtask build api --push --platform linux/amd64, and likewise for linux/arm64

"#]],
        ),
    ] {
        let refused = fixture.run(line);
        assert_eq!(refused.code, 3, "{}", refused.stderr);
        assert_text(&refused.complaints(), expected);
    }
}

#[test]
fn law_6_a_version_whose_tag_reads_as_a_candidate_is_refused() {
    let fixture = Fixture::new();
    fixture.write(
        "core/pyproject.toml",
        "[project]\nname = \"core\"\nversion = \"0.1.0\"\n",
    );
    let text = fixture.read("xtask/monorepo.toml").replace(
        "versions = [\"Cargo.toml\", \"pyproject.toml\"]",
        "versions = [\"Cargo.toml\"]",
    );
    fixture.write("xtask/monorepo.toml", &text);
    let refused = fixture.run(&["bump", "0.2.0-rc1", "core"]);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    refused.assert_stderr(str![[r#"
     Bumping core 0.1.0 → 0.2.0-rc1
        todo edit Cargo.lock  (entry of core 0.1.0 → 0.2.0-rc1)
        todo edit core/Cargo.toml  (package.version 0.1.0 → 0.2.0-rc1)
       error the tag of 0.2.0-rc1 would be core-v0.2.0-rc1, which is a candidate's form; a prerelease is written with a dot: -rc.1
         try cargo xtask bump 0.2.0-rc.1 core
     Refused nothing was done

"#]]);
}

#[test]
fn law_15_what_a_sparse_checkout_leaves_out_is_there_all_the_same() {
    for index in ["--no-sparse-index", "--sparse-index"] {
        let fixture = Fixture::new();
        let project =
            "[project]\nname = \"api\"\nversion = \"0.1.0\"\ndependencies = [\"core>=0.1,<0.2\"]\n";
        fixture.write("api/pyproject.toml", project);
        fixture.commit_all("feat: api wants core");
        fixture.git(&[
            "sparse-checkout",
            "set",
            "--cone",
            index,
            "core",
            "web/src",
            "xtask",
        ]);
        assert!(!fixture.root().join("api").exists());
        let document = fixture.json(&["versions", "api", "--check"]);
        assert_eq!(
            (document.code, document["projects"][0]["version"].as_str()),
            (0, Some("0.1.0")),
            "{index}: {document:#}"
        );
        fixture.ok(&["tag", "web", "--rc"]);
        let before = fixture.state();
        for (line, expected) in [
            (
                &["bump", "minor", "core"][..],
                str![[r#"
       error api/pyproject.toml would change, and this checkout is sparse: it is not in the work tree
         try git sparse-checkout add api

"#]],
            ),
            (
                &["bump", "minor", "core", "--commit"],
                str![[r#"
       error api/pyproject.toml would change, and this checkout is sparse: it is not in the work tree
         try git sparse-checkout add api

"#]],
            ),
            (
                &["bump", "patch", "api"],
                str![[r#"
       error api/uv.lock would change, and this checkout is sparse: it is not in the work tree
         try git sparse-checkout add api
       error api/pyproject.toml would change, and this checkout is sparse: it is not in the work tree
         try git sparse-checkout add api

"#]],
            ),
        ] {
            let refused = fixture.run(line);
            assert_eq!(refused.code, 3, "{index} {line:?}: {}", refused.stderr);
            assert_text(&refused.complaints(), expected);
        }
        let refused = fixture.run(&["build", "api"]);
        assert_eq!(refused.code, 3, "{index}: {}", refused.stderr);
        assert_text(
            &refused.complaints(),
            str![[r#"
       error api/pyproject.toml is not in the work tree: this checkout is sparse, and leaves it out
         try git sparse-checkout add api

"#]],
        );
        assert_eq!(
            fixture.state(),
            before,
            "{index}: what is refused writes nothing"
        );
        fixture.ok(&["bump", "patch", "core", "--commit"]);
        fixture.git(&["sparse-checkout", "add", "api"]);
        fixture.ok(&["bump", "minor", "core", "--commit"]);
        assert!(
            fixture
                .read("api/pyproject.toml")
                .contains("core>=0.2,<0.3")
        );
    }
}

#[test]
fn a_repository_that_cannot_be_opened_says_what_opens_it() {
    let fixture = Fixture::new();
    let assert_refused = |expected: Inline| {
        let refused = fixture.run(&["versions"]);
        assert_eq!(refused.code, 2, "{}", refused.stderr);
        refused.assert_stderr(expected);
    };
    // As in the containers of a CI, where another user made the checkout. Only root can give a folder away.
    let root = fixture.root();
    match std::os::unix::fs::chown(&root, Some(12345), None) {
        Ok(()) => {
            assert_refused(str![[r#"
       error [WORKTREE]: the git repository cannot be opened: repository path '[WORKTREE]' is not owned by current user
         try git config --global --add safe.directory [WORKTREE]

"#]]);
            std::os::unix::fs::chown(&root, Some(0), None).unwrap();
        }
        Err(error) => println!("skipped: nobody else can be made its owner here: {error}"),
    }
    fixture.git(&["config", "core.repositoryFormatVersion", "1"]);
    fixture.git(&["config", "extensions.refStorage", "reftable"]);
    assert_refused(str![[r#"
       error [WORKTREE]: the git repository cannot be opened: unsupported extension name extensions.refstorage
         try git refs migrate --ref-format=files

"#]]);
}

#[test]
fn an_index_in_parts_is_read_by_git_itself() {
    let fixture = Fixture::new();
    fixture.git(&["update-index", "--split-index"]);
    fixture.ok(&["bump", "minor", "core", "--commit"]);
    fixture.ok(&["tag", "core", "--rc"]);
    fixture.write("a new.txt", "");
    let refused = fixture.run(&["tag", "web", "--rc"]);
    assert_eq!(refused.code, 3);
    refused.assert_stderr(str![[r#"
        todo tag web-v0.1.0-rc1 at [SHORT]  (first candidate of 0.1.0)
       error the work tree differs from HEAD: a new.txt; a tag would not hold what you see
         try git add --all && git commit, or git stash --include-untracked
     Refused nothing was done

"#]]);
}

#[test]
fn law_7_a_shallow_clone_is_not_trusted() {
    let fixture = Fixture::new();
    fixture.git(&[
        "commit",
        "--quiet",
        "--allow-empty",
        "--message",
        "fix: more",
    ]);
    fixture.git(&["push", "--quiet", "origin", "main"]);
    let folder = fixture.root().parent().unwrap().to_owned();
    git_in(
        &folder,
        &[
            "clone",
            "--quiet",
            "--branch",
            "main",
            "--depth",
            "1",
            &format!("file://{}", folder.join("origin.git").display()),
            "shallow",
        ],
    );
    let checked = ran(program(&folder.join("shallow"))
        .args(["versions", "--check"])
        .output()
        .unwrap());
    assert_eq!(
        checked.code, 0,
        "files can be compared all the same: {}",
        checked.stderr
    );
    for (line, expected) in [
        (
            "versions",
            str![[r#"
       error this clone is shallow, so it cannot tell which release HEAD contains
         try git fetch --unshallow --tags

"#]],
        ),
        (
            "rehearse",
            str![[r#"
  Rehearsing a release of api in [FOLDER]/shallow/target/rehearsal
       error this clone is shallow, so it cannot tell what a copy of it would release
         try git fetch --unshallow --tags

"#]],
        ),
    ] {
        let refused = ran(program(&folder.join("shallow")).arg(line).output().unwrap());
        assert_eq!(refused.code, 3, "{line}: {}", refused.stderr);
        refused.assert_stderr(expected);
    }
}

#[test]
fn law_13_a_dry_plan_writes_no_outputs() {
    let fixture = Fixture::new();
    fixture.git(&["tag", "api-v0.1.0-rc1"]);
    let output = fixture.root().parent().unwrap().join("output");
    let answer = fixture.run_with(
        &["plan", "--tag", "api-v0.1.0-rc1", "--dry-run"],
        &[("GITHUB_OUTPUT", output.to_str().unwrap())],
    );
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert!(!output.exists());
}

#[test]
fn law_16_no_tag_is_pushed_while_another_can_still_fail() {
    let fixture = Fixture::new();
    let tree = fixture.git(&["rev-parse", "HEAD^{tree}"]).trim().to_owned();
    fixture.git(&["tag", "api-v0.1.0", &tree]);
    let before = fixture.state();
    let refused = fixture.run(&["tag", "core", "api", "--push"]);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    assert_eq!(fixture.state(), before);
    let plan = fixture.json(&["tag", "core", "web", "--push", "--dry-run"]);
    let kinds: Vec<_> = plan["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["tag", "tag", "push-tag", "push-tag"]);
}

#[test]
fn a_rehearsal_is_not_hindered_by_a_later_release_elsewhere() {
    let fixture = Fixture::new();
    let first = fixture.head();
    fixture.git(&[
        "commit",
        "--quiet",
        "--allow-empty",
        "--message",
        "fix: more",
    ]);
    fixture.git(&["tag", "api-v0.2.0"]);
    fixture.git(&["checkout", "--quiet", &first]);
    fixture.ok(&["rehearse"]);
}

#[test]
fn what_xtask_keeps_does_not_make_the_tree_dirty() {
    let fixture = Fixture::new();
    fixture.git(&["rm", "--quiet", ".gitignore"]);
    fixture.commit_all("chore: ignore nothing");
    fixture.ok(&["rehearse"]);
    assert_eq!(fixture.git(&["status", "--porcelain"]), "");
    fixture.ok(&["tag", "api", "--rc"]);
}

#[test]
fn a_file_that_git_ignores_or_does_not_know_is_in_no_commit() {
    let fixture = Fixture::new();
    fixture.git(&["rm", "--quiet", "--cached", "web/src/web/version.py"]);
    fixture.write(".gitignore", "/target/\nversion.py\n");
    fixture.commit_all("feat: a version that is made elsewhere");
    let refused = fixture.run(&["bump", "minor", "web", "--commit"]);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    refused.assert_stderr(str![[r#"
     Bumping web 0.1.0 → 0.2.0
        todo edit web/src/web/version.py  (__version__ 0.1.0 → 0.2.0)
        todo commit chore(release): web 0.2.0  (the version of a release is read from its commit)
       error web/src/web/version.py is not tracked by git, so that no commit would have its version
         try git add --force web/src/web/version.py && git commit
     Refused nothing was done

"#]]);
    assert!(fixture.read("web/src/web/version.py").contains("\"0.1.0\""));
    fixture.ok(&["bump", "minor", "web"]);
    fixture.write(".gitignore", "/target/\n");
    fixture.commit_all("feat: and is not told to git");
    let refused = fixture.run(&["bump", "minor", "web", "--commit"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    refused.assert_stderr(str![[r#"
       error web/src/web/version.py: there is no such file in HEAD
         try git add web/src/web/version.py && git commit

"#]]);
}
