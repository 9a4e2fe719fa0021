//! `bump auto` on real histories: levels, reasons, refusals, a second run, and random histories against plain git.

use snapbox::str;
use std::fs;

use crate::support::snapshots::assert_text;
use crate::support::{Fixture, git_in, program, ran};
use serde_json::Value;

const CONFIG: &str = "[projects.core]\npath = \"core\"\nversions = [\"VERSION\"]\nalso = [\"proto\"]\nignore = [\"core/docs/**\"]\n\
                      [projects.api]\npath = \"api\"\nversions = [\"VERSION\"]\ndepends = [\"core\"]\n\
                      [projects.deep]\npath = \"core/deep\"\nversions = [\"VERSION\"]\nalso = [\"proto\"]\n";

fn fixture() -> Fixture {
    let version = |folder: &str| (format!("{folder}/VERSION"), "0.1.0\n");
    let [core, api, deep] = [version("core"), version("api"), version("core/deep")];
    Fixture::of_tree(&[
        ("xtask/monorepo.toml", CONFIG),
        (&core.0, core.1),
        (&api.0, api.1),
        (&deep.0, deep.1),
    ])
}

fn released() -> Fixture {
    let fixture = fixture();
    for tag in ["core-v0.1.0", "api-v0.1.0", "deep-v0.1.0"] {
        fixture.git(&["tag", tag]);
    }
    fixture
}

/// Commits a change of these paths; gives the commit.
fn change(fixture: &Fixture, paths: &[&str], message: &str) -> String {
    for path in paths {
        let before = if fixture.has(path) {
            fixture.read(path)
        } else {
            String::new()
        };
        fixture.write(path, &format!("{before}."));
    }
    fixture.git(&["add", "--all"]);
    fixture.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
    fixture.head()
}

/// `core 0.1.0 0.2.0 minor: why, why` for each project that the document tells of.
fn told(document: &Value) -> Vec<String> {
    let word = |project: &Value, key: &str| project[key].as_str().unwrap().to_owned();
    let line = |project: &Value| {
        let why: Vec<_> = project["why"]
            .as_array()
            .unwrap()
            .iter()
            .map(|why| why.as_str().unwrap())
            .collect();
        let [name, from, to, level] = ["name", "from", "to", "level"].map(|key| word(project, key));
        format!("{name} {from} {to} {level}: {}", why.join(", "))
    };
    document["projects"]
        .as_array()
        .unwrap()
        .iter()
        .map(line)
        .collect()
}

#[test]
fn each_project_moves_by_its_own_commits() {
    let fixture = released();
    let feat = change(&fixture, &["core/a"], "feat(core): add x (#7)");
    let fix = change(&fixture, &["core/deep/a"], "fix: mend y");
    change(&fixture, &["core/docs/a"], "feat: nobody hears of it");
    change(&fixture, &["README"], "feat!: of nobody");
    change(&fixture, &[], "feat!: empty");
    let before = fixture.state();
    let plan = fixture.json(&["bump", "auto", "--dry-run"]);
    let expected = [
        format!("core 0.1.0 0.2.0 minor: feat(core): add x ({})", &feat[..7]),
        "api 0.1.0 0.1.1 patch: depends on core, which becomes 0.2.0".to_owned(),
        format!("deep 0.1.0 0.1.1 patch: fix: mend y ({})", &fix[..7]),
    ];
    assert_eq!((plan.code, told(&plan)), (0, expected.to_vec()));
    assert_eq!(
        fixture.state(),
        before,
        "law 13: a dry run changed something"
    );
    fixture.ok(&["bump", "auto"]);
    assert_eq!(
        [
            fixture.read("core/VERSION"),
            fixture.read("api/VERSION"),
            fixture.read("core/deep/VERSION")
        ],
        ["0.2.0\n", "0.1.1\n", "0.1.1\n"]
    );
    let after = fixture.state();
    let again = fixture.json(&["bump", "auto"]);
    assert_eq!(
        (again.code, again["steps"].as_array().unwrap().len()),
        (0, 0)
    );
    assert_eq!(
        fixture.state(),
        after,
        "law 14: the second run changed something"
    );
    assert_eq!(
        told(&again)[1],
        "api 0.1.1 0.1.1 patch: depends on core, which becomes 0.2.0"
    );
}

#[test]
fn a_commit_of_the_bump_is_no_reason_for_the_next_one() {
    let fixture = released();
    change(&fixture, &["core/a"], "feat: x");
    fixture.ok(&["bump", "auto", "core", "--commit"]);
    let head = fixture.head();
    assert_eq!(
        fixture.git(&["log", "-1", "--format=%s"]),
        "chore(release): core 0.2.0\n"
    );
    fixture.ok(&["bump", "auto", "core", "--commit"]);
    assert_eq!(fixture.head(), head);
    fixture.git(&["tag", "core-v0.2.0"]);
    let ran = fixture.ok(&["bump", "auto"]);
    ran.assert_stderr(str![[r#"
   Unchanged core: nothing to release since core-v0.2.0
   Unchanged api: nothing to release since api-v0.1.0
   Unchanged deep: nothing to release since deep-v0.1.0
    Finished nothing to do

"#]]);
    assert_eq!(
        fixture.json(&["bump", "auto"])["projects"],
        Value::Array(Vec::new())
    );
}

#[test]
fn a_shared_path_is_of_all_who_name_it() {
    let fixture = released();
    let id = change(&fixture, &["proto/x"], "fix: wire");
    let expected: Vec<_> = ["core", "deep"]
        .iter()
        .map(|name| format!("{name} 0.1.0 0.1.1 patch: fix: wire ({})", &id[..7]))
        .collect();
    assert_eq!(
        told(&fixture.json(&["bump", "auto", "core", "deep", "--dry-run"])),
        expected
    );
}

#[test]
fn reverts_squashes_merges_and_footers_count_as_they_should() {
    let fixture = released();
    change(&fixture, &["core/a"], "feat: x");
    fixture.git(&["revert", "--no-edit", "HEAD"]);
    assert_eq!(
        told(&fixture.json(&["bump", "auto", "--dry-run"])),
        [""; 0],
        "a change and its revert are nothing"
    );
    fixture.git(&["revert", "--no-edit", "HEAD"]);
    assert!(
        told(&fixture.json(&["bump", "auto", "core", "--dry-run"]))[0]
            .starts_with("core 0.1.0 0.2.0 minor: feat: x (")
    );
    fixture.git(&["checkout", "--quiet", "-b", "side", "HEAD~3"]);
    change(&fixture, &["core/deep/b"], "wip");
    fixture.git(&["checkout", "--quiet", "main"]);
    fixture.git(&[
        "merge",
        "--quiet",
        "--no-ff",
        "-m",
        "Merge pull request #3 from a/side",
        "-m",
        "feat(deep)!: all new",
        "side",
    ]);
    assert!(
        told(&fixture.json(&["bump", "auto", "deep", "--dry-run"]))[0]
            .starts_with("deep 0.1.0 1.0.0 major: feat(deep)!: all new (")
    );
    change(&fixture, &["api/a"], "chore: settle\n\nRelease-As: 4.0.0");
    assert!(
        told(&fixture.json(&["bump", "auto", "api", "--dry-run"]))[0]
            .starts_with("api 0.1.0 4.0.0 exact: Release-As: 4.0.0 (")
    );
    let mut said = String::new();
    for version in ["0.0.9", "0.1.0", "soon"] {
        change(
            &fixture,
            &["api/a"],
            &format!("feat: settle lower\n\nRelease-As: {version}"),
        );
        let refused = fixture.run(&["bump", "auto", "api"]);
        assert_eq!(refused.code, 3);
        said += &refused.complaints();
        assert!(
            !refused.stderr.contains("nothing to release"),
            "{}",
            refused.stderr
        );
    }
    assert_text(
        &said,
        str![[r#"
       error Release-As: 0.0.9 ([SHORT]): api is released as 0.1.0 already (tag api-v0.1.0)
         try a newer commit with a Release-As above 0.1.0, or cargo xtask bump X.Y.Z
       error Release-As: 0.1.0 ([SHORT]): api is released as 0.1.0 already (tag api-v0.1.0)
         try a newer commit with a Release-As above 0.1.0, or cargo xtask bump X.Y.Z
       error Release-As: soon ([SHORT]): `soon` is not a SemVer version (unexpected character 's' while parsing major version number); wanted MAJOR.MINOR.PATCH, such as 1.2.0 or 1.2.0-rc.1
         try a newer commit with Release-As: X.Y.Z

"#]],
    );
}

#[test]
fn what_cannot_be_told_is_refused_with_the_way_out() {
    let fixture = fixture();
    change(&fixture, &["core/a"], "feat: x");
    // A tag beside HEAD, one of no version and one of a candidate are no release.
    fixture.git(&["checkout", "--quiet", "-b", "other"]);
    change(&fixture, &["core/b"], "fix: beside");
    fixture.git(&["tag", "core-v0.9.0"]);
    fixture.git(&["checkout", "--quiet", "main"]);
    for tag in ["core-vnext", "core-v0.1.0-rc1"] {
        fixture.git(&["tag", tag]);
    }
    let before = fixture.state();
    let refused = fixture.run(&["bump", "auto", "core"]);
    assert_eq!(refused.code, 3);
    refused.assert_stderr(str![[r#"
       error core has no release that HEAD contains (wanted a tag core-vX.Y.Z; core-v0.9.0 is there, and is no part of HEAD's history), so nothing tells which of its commits are new
         try git fetch --tags; for a first release, the same command with --initial
     Refused nothing was done

"#]]);
    for line in [
        &["bump", "auto", "core"][..],
        &["changelog", "core"],
        &["notes", "core"],
    ] {
        let told = fixture.run(line).stderr;
        assert!(
            told.contains(
                "(wanted a tag core-vX.Y.Z; core-v0.9.0 is there, and is no part of HEAD's history)"
            ),
            "{told}"
        );
    }
    assert_eq!(fixture.state(), before);
    let plan = fixture.json(&["bump", "auto", "core", "--initial"]);
    assert_eq!(
        (plan.code, told(&plan)[0].split(':').next()),
        (0, Some("core 0.1.0 0.1.0 initial"))
    );
    let usage = fixture.run(&["bump", "minor", "--initial"]);
    assert_eq!(usage.code, 2);
    usage.assert_stderr(str![[r#"
       error --initial is for `bump auto`; minor needs no release before it
         try cargo xtask bump minor, or cargo xtask bump auto --initial

"#]]);
    let url = format!("file://{}", fixture.root().display());
    let parent = fixture.root().parent().unwrap().to_owned();
    git_in(
        &parent,
        &["clone", "--quiet", "--depth", "1", &url, "shallow"],
    );
    let shallow = ran(program(&parent.join("shallow"))
        .args(["bump", "auto", "core", "--dry-run"])
        .output()
        .unwrap());
    assert_eq!(shallow.code, 3);
    shallow.assert_stderr(str![[r#"
       error this clone is shallow, so it cannot tell which commits are not released
         try git fetch --unshallow --tags

"#]]);
}

#[test]
fn a_shallow_clone_is_deepened_or_refused_and_a_dry_run_fetches_nothing() {
    let fixture = released();
    let ids: Vec<_> = (0..3)
        .map(|number| change(&fixture, &["core/a"], &format!("fix: number {number}")))
        .collect();
    let parent = fixture.root().parent().unwrap().to_owned();
    git_in(
        &parent,
        &[
            "clone",
            "--quiet",
            "--depth",
            "1",
            &format!("file://{}", fixture.root().display()),
            "shallow",
        ],
    );
    let shallow = parent.join("shallow");
    let run = |line: &[&str]| ran(program(&shallow).args(line).output().unwrap());
    let depth = || git_in(&shallow, &["rev-list", "--count", "HEAD"]);
    let refused = run(&["bump", "auto", "core", "--dry-run"]);
    assert_eq!(
        (refused.code, depth().trim()),
        (3, "1"),
        "{}",
        refused.stderr
    );
    refused.assert_stderr(str![[r#"
       error this clone is shallow, so it cannot tell which commits are not released
         try git fetch --unshallow --tags

"#]]);
    git_in(
        &shallow,
        &["remote", "set-url", "origin", "file:///nowhere/at/all"],
    );
    let refused = run(&["changelog", "core"]);
    assert_eq!(
        (refused.code, depth().trim()),
        (3, "1"),
        "{}",
        refused.stderr
    );
    refused.assert_stderr(str![[r#"
   Deepening this shallow clone, from origin
       error this clone is shallow, so it cannot tell which commits are not released, and deepening it failed: `git -C [FOLDER]/shallow/ fetch --quiet --unshallow --tags origin` failed: fatal: '/nowhere/at/all' does not appear to be a git repository
             fatal: Could not read from remote repository.
             
             Please make sure you have the correct access rights
             and the repository exists.
         try git fetch --unshallow --tags origin

"#]]);
    git_in(
        &shallow,
        &[
            "remote",
            "set-url",
            "origin",
            &format!("file://{}", fixture.root().display()),
        ],
    );
    let told_there = run(&["changelog", "core"]);
    assert_eq!(
        (told_there.code, depth().trim()),
        (0, "4"),
        "{}",
        told_there.stderr
    );
    for id in ids {
        assert!(
            told_there.stdout.contains(&id[..7]),
            "{}",
            told_there.stdout
        );
    }
    assert_eq!(run(&["bump", "auto", "core", "--dry-run"]).code, 0);
    // A remote that is shallow itself cannot give the rest.
    git_in(
        &parent,
        &[
            "clone",
            "--quiet",
            "--depth",
            "2",
            &format!("file://{}", fixture.root().display()),
            "cut",
        ],
    );
    git_in(
        &parent,
        &[
            "clone",
            "--quiet",
            "--depth",
            "1",
            &format!("file://{}", parent.join("cut").display()),
            "cut-again",
        ],
    );
    let refused = ran(program(&parent.join("cut-again"))
        .args(["bump", "auto", "core"])
        .output()
        .unwrap());
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    refused.assert_stderr(str![[r#"
   Deepening this shallow clone, from origin
       error this clone is shallow, so it cannot tell which commits are not released, and origin is shallow itself
         try git fetch --unshallow --tags origin

"#]]);
}

#[test]
fn a_plain_merge_counts_by_what_it_brought_in() {
    let fixture = released();
    fixture.git(&["checkout", "--quiet", "-b", "side"]);
    let feat = change(&fixture, &["core/a"], "feat: of core");
    let fix = change(&fixture, &["core/deep/a"], "fix: of deep");
    change(&fixture, &["api/a"], "words");
    fixture.git(&["checkout", "--quiet", "main"]);
    fixture.git(&[
        "merge",
        "--quiet",
        "--no-ff",
        "-m",
        "Merge pull request #8 from a/side",
        "-m",
        "A title",
        "side",
    ]);
    let lines = told(&fixture.json(&["bump", "auto", "--dry-run"]));
    let expected = [
        format!("core 0.1.0 0.2.0 minor: feat: of core ({})", &feat[..7]),
        "api 0.1.0 0.1.1 patch: depends on core, which becomes 0.2.0".to_owned(),
        format!("deep 0.1.0 0.1.1 patch: fix: of deep ({})", &fix[..7]),
    ];
    assert_eq!(lines, expected);
    let part = fixture.run(&["changelog", "core"]).stdout;
    assert!(
        part.contains(&format!("- of core (#8, {})", &feat[..7])) && !part.contains("of deep"),
        "{part}"
    );
    fixture.run(&["changelog", "api"]).assert_stdout(str![[r#"
## [Unreleased]

### Other

- A title (#8, [SHORT])

"#]]);
    // A release made on a branch: what it contains is not new when the branch is merged.
    fixture.git(&["checkout", "--quiet", "-b", "line", "main~1"]);
    change(&fixture, &["core/deep/b"], "feat!: released there");
    fixture.git(&["tag", "deep-v0.9.0"]);
    let late = change(&fixture, &["core/deep/c"], "fix: after it");
    fixture.git(&["checkout", "--quiet", "main"]);
    fixture.git(&[
        "merge",
        "--quiet",
        "--no-ff",
        "-m",
        "Merge branch 'line'",
        "line",
    ]);
    let lines = told(&fixture.json(&["bump", "auto", "deep", "--dry-run"]));
    let whys = format!(
        "fix: after it ({}), fix: of deep ({})",
        &late[..7],
        &fix[..7]
    );
    assert_eq!(lines, [format!("deep 0.1.0 0.9.1 patch: {whys}")]);
    // Who reverts the merge takes all of it back.
    fixture.git(&["revert", "--no-edit", "-m", "1", "HEAD"]);
    fixture.git(&["revert", "--no-edit", "-m", "1", "HEAD~2"]);
    assert_eq!(
        told(&fixture.json(&["bump", "auto", "core", "deep", "--dry-run"])),
        [""; 0]
    );
}

#[test]
fn people_are_told_the_level_and_the_commits_that_decide() {
    let fixture = released();
    let ids: Vec<_> = (0..5)
        .map(|number| change(&fixture, &["core/a"], &format!("fix: \u{1b}[31m{number}")))
        .collect();
    let told = fixture.ok(&["bump", "auto", "--dry-run"]).stderr;
    let words = format!(
        "core 0.1.0 → 0.1.1  (patch: fix:  [31m4 ({}), ",
        &ids[4][..7]
    );
    assert!(
        told.contains(&words) && told.contains(" and 2 more)"),
        "{told:?}"
    );
    assert!(
        told.contains("api 0.1.0 → 0.1.1  (patch: depends on core, which becomes 0.1.1)"),
        "{told:?}"
    );
    assert!(
        !told.contains('\u{1b}'),
        "words of commits are not obeyed: {told:?}"
    );
    assert!(
        !fixture
            .ok(&["bump", "minor", "--dry-run"])
            .stderr
            .contains("was asked for"),
        "who asked knows"
    );
    change(
        &fixture,
        &["core/a"],
        &format!("feat: {}", "y".repeat(100_000)),
    );
    let told = fixture.ok(&["bump", "auto", "--dry-run"]).stderr;
    assert!(
        told.len() < 2_000 && told.contains("yyy…"),
        "{} bytes for one reason",
        told.len()
    );
}

#[test]
fn an_empty_commit_that_asks_for_a_release_is_warned_of() {
    let fixture = released();
    let id = change(&fixture, &[], "chore: release 2.0.0\n\nRelease-As: 2.0.0");
    let ran = fixture.ok(&["bump", "auto"]);
    let words = format!(
        "{} \"chore: release 2.0.0\" says Release-As: 2.0.0",
        &id[..7]
    );
    assert_eq!(ran.stderr.matches(&words).count(), 1, "{}", ran.stderr);
    ran.assert_stderr(str![[r#"
     warning [SHORT] "chore: release 2.0.0" says Release-As: 2.0.0 and changes no path of a project, so it counts for nobody; name the version (cargo xtask bump 2.0.0 PROJECT), or say it in a commit that changes the project
   Unchanged core: nothing to release since core-v0.1.0
   Unchanged api: nothing to release since api-v0.1.0
   Unchanged deep: nothing to release since deep-v0.1.0
    Finished nothing to do

"#]]);
}

#[test]
fn a_missing_object_is_told_and_nothing_is_written() {
    for (what, expected) in [
        (
            "HEAD~1",
            str![[r#"
       error this clone lacks a commit of its own history: object not found - no match for id ([COMMIT])
         try git fetch --refetch --no-filter

"#]],
        ),
        (
            "HEAD~1^{tree}",
            str![[r#"
       error reading what commit [COMMIT] changed: this clone lacks the tree [COMMIT] of its own history
         try git fetch --refetch --no-filter

"#]],
        ),
    ] {
        let fixture = released();
        for number in 0..3 {
            change(&fixture, &["core/a"], &format!("fix: number {number}"));
        }
        let id = fixture.git(&["rev-parse", what]);
        let object = fixture
            .root()
            .join(".git/objects")
            .join(&id[..2])
            .join(id[2..].trim());
        fs::remove_file(object).unwrap();
        for line in [
            &["bump", "auto", "core"][..],
            &["changelog", "core", "--write"],
        ] {
            let ran = fixture.run(line);
            assert_eq!(ran.code, 3, "{what}: {}", ran.stderr);
            ran.assert_stderr(expected.clone());
            assert!(ran.stderr.contains(id.trim()), "{}", ran.stderr);
        }
        if what == "HEAD~1" {
            for line in [
                &["check", "commits", "--range", "core-v0.1.0..HEAD"][..],
                &["plan", "--since", "core-v0.1.0"],
                &["plan", "--since", "HEAD~3"],
            ] {
                let ran = fixture.run(line);
                assert_eq!(ran.code, 3, "{line:?}: {}", ran.stderr);
                ran.assert_stderr(str![[r#"
       error this clone lacks a commit of its own history: object not found - no match for id ([COMMIT])
         try git fetch --refetch --no-filter

"#]]);
                assert!(ran.stderr.contains(id.trim()), "{}", ran.stderr);
            }
        }
        assert_eq!(
            (
                fixture.read("core/VERSION").as_str(),
                fixture.has("core/CHANGELOG.md")
            ),
            ("0.1.0\n", false)
        );
    }
}

#[test]
fn odd_messages_are_read() {
    let fixture = released();
    fixture.write(
        "message",
        &format!(
            "fix: long\n\n{}\n* feat: at the end\n",
            "word ".repeat(200_000)
        ),
    );
    fixture.write("core/a", "x");
    fixture.git(&["add", "core"]);
    fixture.git(&["commit", "--quiet", "--file", "message"]);
    fs::write(
        fixture.root().join("message"),
        b"fix: caf\xe9\n\nBREAKING CHANGE: na\xefve\n",
    )
    .unwrap();
    fixture.write("core/deep/a", "x");
    fixture.git(&["add", "core"]);
    // Git would make UTF-8 of it, were it not told that it is something else.
    fixture.git(&[
        "-c",
        "i18n.commitEncoding=ISO-8859-1",
        "commit",
        "--quiet",
        "--file",
        "message",
    ]);
    let found = told(&fixture.json(&["bump", "auto", "core", "deep", "--dry-run"]));
    assert!(
        found[0].starts_with("core 0.1.0 0.2.0 minor: feat: at the end ("),
        "{found:?}"
    );
    assert!(
        found[1].starts_with("deep 0.1.0 1.0.0 major: fix!: caf\u{fffd} ("),
        "{found:?}"
    );
}

#[test]
fn strict_refuses_and_names_the_commit() {
    let fixture = released();
    fixture.write(
        "xtask/monorepo.toml",
        &format!("[release]\nnon-conventional = \"strict\"\n{CONFIG}"),
    );
    fixture.commit_all("chore: strict");
    let id = change(&fixture, &["core/a"], "Whatever");
    let refused = fixture.run(&["bump", "auto", "core"]);
    assert_eq!(refused.code, 3);
    refused.assert_stderr(str![[r#"
       error core: Whatever ([SHORT]) is no conventional commit, and release.non-conventional is "strict"
         try set release.non-conventional to "list", or name the version: cargo xtask bump X.Y.Z
     Refused nothing was done

"#]]);
    assert!(refused.stderr.contains(&id[..7]), "{}", refused.stderr);
    assert_eq!(
        fixture.run(&["bump", "auto", "deep"]).code,
        0,
        "it is no other project's fault"
    );
}

#[test]
fn tags_that_name_no_version_are_named_before_a_first_release_is_proposed() {
    let one = "[projects.core]\npath = \"core\"\nversions = [\"VERSION\"]\n";
    let two = format!("{one}[projects.api]\npath = \"api\"\nversions = [\"VERSION\"]\n");
    for (config, tags) in [
        (one, &["v1.2", "v2024.01.15", "v1_2_0", "nightly-5"][..]),
        (
            two.as_str(),
            &[
                "core-v1.2",
                "core-v1.3",
                "v9",
                "core-v1.4.x",
                "core-v1.5",
                "other-v1.2",
            ],
        ),
    ] {
        let fixture = Fixture::of_tree(&[
            ("xtask/monorepo.toml", config),
            ("core/VERSION", "0.1.0\n"),
            ("api/VERSION", "0.1.0\n"),
        ]);
        tags.iter().for_each(|tag| drop(fixture.git(&["tag", tag])));
        let expected = match tags.contains(&"v1.2") {
            true => str![[r#"
       error core has no release that HEAD contains (wanted a tag core-vX.Y.Z; not read as versions X.Y.Z: v1.2, v1_2_0, v2024.01.15), so nothing tells which of its commits are new
         try git tag core-v2024.1.15 'v2024.01.15^{commit}', where that is its last release

"#]],
            false => str![[r#"
       error core has no release that HEAD contains (wanted a tag core-vX.Y.Z; not read as versions X.Y.Z: core-v1.2, core-v1.3, core-v1.4.x and 1 more), so nothing tells which of its commits are new
         try git tag core-v1.5.0 'core-v1.5^{commit}', where that is its last release

"#]],
        };
        let ran = fixture.run(&["bump", "auto", "core"]);
        assert_eq!(ran.code, 3, "{}", ran.stderr);
        assert_text(&ran.complaints(), expected.clone());
        let told = fixture.run(&["changelog", "core"]);
        assert_eq!(told.code, 3, "{}", told.stderr);
        assert_eq!(
            told.complaints().matches("git tag core-v").count(),
            1,
            "{}",
            told.stderr
        );
    }
}
