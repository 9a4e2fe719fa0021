//! `changelog` and `notes` on real histories and files.

use crate::support::Fixture;
use crate::support::snapshots::assert_text;
use serde_json::Value;
use snapbox::str;

const CONFIG: &str = "[repository]\ngithub = \"acme/mono\"\n[projects.core]\npath = \"core\"\nversions = [\"VERSION\"]\n\
                      [projects.api]\npath = \"api\"\nversions = [\"VERSION\"]\n";

fn fixture() -> Fixture {
    Fixture::of_tree(&[
        ("xtask/monorepo.toml", CONFIG),
        ("core/VERSION", "0.1.0\n"),
        ("api/VERSION", "0.1.0\n"),
    ])
}

fn change(fixture: &Fixture, path: &str, message: &str) -> String {
    let before = if fixture.has(path) {
        fixture.read(path)
    } else {
        String::new()
    };
    fixture.write(path, &format!("{before}."));
    fixture.git(&["add", "--all"]);
    fixture.git(&[
        "commit",
        "--quiet",
        "--message",
        message,
        "--date",
        "2025-10-25T12:00:00Z",
    ]);
    fixture.head()
}

/// An entry with its links.
fn line(text: &str, commit: &str) -> String {
    format!(
        "- {text} ([{}](https://github.com/acme/mono/commit/{commit}))",
        &commit[..7]
    )
}

#[test]
fn the_unreleased_part_is_printed_and_nothing_written() {
    let fixture = fixture();
    fixture.git(&["tag", "core-v0.1.0"]);
    let feat = change(
        &fixture,
        "core/a",
        "feat(wire): add <b>, thanks @octocat (#7)",
    );
    let fix = change(&fixture, "core/a", "fix: mend");
    let major = change(
        &fixture,
        "core/a",
        "refactor!: drop x\n\nBREAKING CHANGE: use y",
    );
    change(&fixture, "core/a", "docs: explain");
    change(&fixture, "core/b", "feat: gone");
    fixture.git(&["revert", "--no-edit", "HEAD"]);
    change(&fixture, "api/a", "feat: of another");
    let before = fixture.state();
    let added = format!(
        "- **wire:** add \\<b>, thanks `@octocat` ([#7](https://github.com/acme/mono/pull/7), [{}](https://github.com/acme/mono/commit/{feat}))",
        &feat[..7]
    );
    let expected = format!(
        "## [Unreleased](https://github.com/acme/mono/compare/core-v0.1.0...HEAD)\n\n### Breaking changes\n\n{}\n\n### Added\n\n{added}\n\n### Fixed\n\n{}\n",
        line("drop x: use y", &major),
        line("mend", &fix)
    );
    let ran = fixture.ok(&["changelog", "core"]);
    assert_eq!(
        (ran.stdout.as_str(), ran.stderr.as_str()),
        (expected.as_str(), "")
    );
    let document = fixture.json(&["changelog", "core"]);
    assert_eq!(
        (
            document.code,
            document["projects"][0]["unreleased"].as_str()
        ),
        (0, Some(expected.trim_end()))
    );
    assert_eq!(document["projects"][0]["file"], "core/CHANGELOG.md");
    assert_eq!(fixture.state(), before);
}

#[test]
fn without_a_release_initial_is_asked_for() {
    let fixture = fixture();
    fixture.git(&["tag", "core-v0.1.0"]);
    let refused = fixture.run(&["changelog"]);
    let core =
        "# core\n\n## [Unreleased](https://github.com/acme/mono/compare/core-v0.1.0...HEAD)\n";
    assert_eq!((refused.code, refused.stdout.as_str()), (3, core));
    refused.assert_stderr(str![[r#"
       error api has no release that HEAD contains (wanted a tag api-vX.Y.Z), so nothing tells which commits are new
         try git fetch --tags; for a first release, the same command with --initial

"#]]);
    let all = fixture.ok(&["changelog", "--initial"]).stdout;
    assert!(all.starts_with("# core\n\n## [Unreleased](https://github.com/acme/mono/compare/core-v0.1.0...HEAD)\n\n# api\n\n## [Unreleased]\n\n### Added\n\n- begin ("), "{all}");
}

#[test]
fn a_changelog_is_written_kept_and_added_to() {
    let fixture = fixture();
    fixture.git(&["tag", "core-v0.1.0"]);
    change(&fixture, "core/a", "feat: one");
    let before = fixture.state();
    let plan = fixture.json(&["changelog", "core", "--write", "--dry-run"]);
    assert_eq!(
        (
            plan.code,
            &plan["steps"][0]["kind"],
            &plan["steps"][0]["what"]
        ),
        (0, &"create".into(), &"core/CHANGELOG.md".into())
    );
    assert_eq!(
        fixture.state(),
        before,
        "law 13: a dry run changed something"
    );
    fixture.ok(&["changelog", "core", "--write"]);
    let text = fixture.read("core/CHANGELOG.md");
    assert!(
        text.starts_with("# Changelog\n\nWhat changed in core") && text.contains("- one (["),
        "{text}"
    );
    assert!(
        text.contains("\n## [0.1.0] - 20") && text.contains("- begin (["),
        "{text}"
    );
    let again = fixture.json(&["changelog", "core", "--write"]);
    assert_eq!(
        again["steps"],
        Value::Array(Vec::new()),
        "law 14: the second run has nothing to do"
    );
    let by_hand = text
        .replace("### Added\n\n- begin", "By hand.\n\n### Added\n\n- begin")
        .replace("## [Unreleased]", "## [unreleased]");
    fixture.write("core/CHANGELOG.md", &by_hand);
    fixture.ok(&["bump", "auto", "core"]);
    fixture.git(&["add", "--all"]);
    fixture.git(&[
        "commit",
        "--quiet",
        "--message",
        "chore(release): core 0.2.0",
    ]);
    fixture.git(&["tag", "core-v0.2.0"]);
    change(&fixture, "core/a", "fix: two");
    fixture.ok(&["changelog", "core", "--write"]);
    let text = fixture.read("core/CHANGELOG.md");
    let places: Vec<_> = [
        "## [Unreleased](",
        "- two (",
        "## [0.2.0](https://github.com/acme/mono/compare/core-v0.1.0...core-v0.2.0) - ",
        "- one (",
        "## [0.1.0] - ",
        "By hand.",
        "- begin (",
    ]
    .map(|part| text.find(part).unwrap_or_else(|| panic!("{part}: {text}")))
    .to_vec();
    assert!(places.is_sorted(), "{text}");
    assert_eq!(
        text[text.find("## [0.1.0]").unwrap()..],
        by_hand[by_hand.find("## [0.1.0]").unwrap()..],
        "below, every byte stays"
    );
    assert_eq!(text.matches("- one (").count(), 1);
}

#[test]
fn a_history_in_other_headings_is_not_written_a_second_time() {
    let fixture = fixture();
    let begin = change(&fixture, "core/a", "feat: begin");
    fixture.git(&["tag", "core-v0.1.0"]);
    fixture.git(&["tag", "api-v0.1.0"]);
    let underlined = "Changes\n=======\n\n0.1.0 (2025-10-25)\n------------------\n\nBy hand.\n";
    fixture.write("core/CHANGELOG.md", underlined);
    fixture.write("api/CHANGELOG.md", "# api\n\n## Spring\n\n- by hand\n");
    let one = change(&fixture, "core/a", "feat: one");
    let two = change(&fixture, "api/a", "fix: two");
    let ran = fixture.ok(&["changelog", "--write"]);
    assert_text(
        &ran.lines_with("note"),
        str![[r#"
        note api/CHANGELOG.md: no heading of it names a version, so that the releases so far are left to its own words

"#]],
    );
    for (file, before, behind, entry) in [
        (
            "core",
            "Changes\n=======\n\n",
            &underlined[underlined.find("0.1.0").unwrap()..],
            line("one", &one),
        ),
        (
            "api",
            "# api\n\n",
            "## Spring\n\n- by hand\n",
            line("two", &two),
        ),
    ] {
        let text = fixture.read(&format!("{file}/CHANGELOG.md"));
        assert!(
            text.starts_with(before)
                && text.ends_with(&format!("<!-- end of commits -->\n\n{behind}")),
            "{text}"
        );
        assert!(text.contains(&entry) && !text.contains(&begin), "{text}");
    }
    let once = fixture.state();
    fixture.ok(&["changelog", "--write"]);
    assert_eq!(fixture.state(), once, "law 14");
    let notes = fixture.ok(&["notes", "core", "v0.1.0"]).stdout;
    assert_eq!(notes, "By hand.\n");
}

#[test]
fn comments_that_do_not_pair_stop_every_file() {
    let fixture = fixture();
    fixture.git(&["tag", "core-v0.1.0"]);
    fixture.git(&["tag", "api-v0.1.0"]);
    change(&fixture, "core/a", "feat: one");
    fixture.write(
        "api/CHANGELOG.md",
        "# C\n\n## [Unreleased]\n\n<!-- from commits -->\n",
    );
    change(&fixture, "api/a", "feat: two");
    let before = fixture.state();
    let ran = fixture.run(&["changelog", "--write"]);
    assert_eq!(ran.code, 2);
    ran.assert_stderr(str![[r#"
       error api/CHANGELOG.md: the unreleased part cannot be read: <!-- from commits --> and <!-- end of commits --> do not pair (line 5)
         try take the comments out of api/CHANGELOG.md

"#]]);
    assert_eq!(fixture.state(), before, "no file is half of a command");
}

#[test]
fn notes_are_of_the_file_and_else_of_the_commits() {
    let fixture = fixture();
    fixture.git(&["tag", "core-v0.1.0"]);
    change(&fixture, "core/a", "feat: one");
    fixture.git(&["tag", "core-v0.2.0"]);
    let fix = change(&fixture, "core/a", "fix: two");
    fixture.git(&["tag", "core-v0.2.1"]);
    change(&fixture, "core/a", "feat: three");
    assert_eq!(
        fixture.ok(&["notes", "core"]).stdout,
        format!("### Fixed\n\n{}\n", line("two", &fix)),
        "the last release"
    );
    fixture
        .ok(&["notes", "core", "v0.1.0"])
        .assert_stdout(str![[r#"
### Added

- begin ([[SHORT]](https://github.com/acme/mono/commit/[COMMIT]))

"#]]);
    fixture.write(
        "core/CHANGELOG.md",
        "## 0.2.0\n\nWords of a person.\n\n## 0.1.0\n\nOld.\n",
    );
    assert_eq!(
        fixture.ok(&["notes", "core", "0.2.0"]).stdout,
        "Words of a person.\n"
    );
    assert_eq!(fixture.json(&["notes", "core", "0.1.0"])["notes"], "Old.");
    for (arguments, code, expected) in [
        (
            ["notes", "core", "0.9.0"],
            2,
            str![[r#"
       error core has no release 0.9.0: neither core/CHANGELOG.md nor a tag core-v0.9.0 tells of it
         try git fetch --tags, or cargo xtask versions

"#]],
        ),
        (
            ["notes", "core", "next"],
            2,
            str![[r#"
       error "next" is no version: `next` is not a SemVer version (unexpected character 'n' while parsing major version number); wanted MAJOR.MINOR.PATCH, such as 1.2.0 or 1.2.0-rc.1
         try cargo xtask notes core X.Y.Z

"#]],
        ),
        (
            ["notes", "api", "0.1.0"],
            2,
            str![[r#"
       error api has no release 0.1.0: neither api/CHANGELOG.md nor a tag api-v0.1.0 tells of it
         try git fetch --tags, or cargo xtask versions

"#]],
        ),
    ] {
        let ran = fixture.run(&arguments);
        assert_eq!(ran.code, code, "{}", ran.stderr);
        ran.assert_stderr(expected);
    }
    assert_eq!(fixture.run(&["notes", "api"]).code, 3);
    fixture.git(&["tag", "core-v0.2.2"]);
    fixture.write("core/CHANGELOG.md", "");
    change(&fixture, "core/a", "docs: nobody is told");
    fixture.git(&["tag", "core-v0.2.3"]);
    let empty = fixture.ok(&["notes", "core"]);
    assert_eq!(empty.stdout.trim(), "");
    empty.assert_stderr(str![[r#"
        note core 0.2.3 has nothing that a changelog lists

"#]]);
}

#[test]
fn a_changelog_that_is_no_text_is_refused_with_the_mend() {
    let fixture = fixture();
    fixture.git(&["tag", "core-v0.1.0"]);
    change(&fixture, "core/a", "feat: x");
    std::fs::write(fixture.root().join("core/CHANGELOG.md"), b"# caf\xe9\n").unwrap();
    let before = std::fs::read(fixture.root().join("core/CHANGELOG.md")).unwrap();
    for line in [&["changelog", "core", "--write"][..], &["notes", "core"]] {
        let ran = fixture.run(line);
        assert_eq!(ran.code, 2, "{line:?}: {}", ran.stderr);
        ran.assert_stderr(str![[r#"
       error core/CHANGELOG.md: [WORKTREE]/core/CHANGELOG.md is not UTF-8 at byte 5
         try make core/CHANGELOG.md a text in UTF-8, or move it away

"#]]);
    }
    assert_eq!(
        std::fs::read(fixture.root().join("core/CHANGELOG.md")).unwrap(),
        before
    );
}

#[cfg(unix)]
#[test]
fn a_changelog_that_is_a_link_to_nowhere_is_refused_before_any_is_written() {
    let fixture = fixture();
    fixture.git(&["tag", "core-v0.1.0"]);
    fixture.git(&["tag", "api-v0.1.0"]);
    let link = fixture.root().join("api/CHANGELOG.md");
    for (target, expected) in [
        (
            "/etc/hostname",
            str![[r#"
       error api/CHANGELOG.md is a link that leaves the repository, to /etc/hostname
         try make api/CHANGELOG.md a file, or a link to one in this repository

"#]],
        ),
        (
            "../core/CHANGELOG.md",
            str![[r#"
       error api/CHANGELOG.md is a link to nothing
         try make api/CHANGELOG.md a file, or a link to one in this repository

"#]],
        ),
    ] {
        std::os::unix::fs::symlink(target, &link).unwrap();
        let before = fixture.state();
        let refused = fixture.run(&["changelog", "core", "api", "--write"]);
        assert_eq!(refused.code, 2, "{}", refused.stderr);
        refused.assert_stderr(expected);
        assert_eq!(fixture.state(), before);
        std::fs::remove_file(&link).unwrap();
    }
}

#[test]
fn law_21_a_project_without_a_release_silences_no_other() {
    let fixture = fixture();
    fixture.git(&["tag", "core-v0.1.0"]);
    change(&fixture, "core/a", "feat: one");
    change(&fixture, "api/a", "feat: two");
    let ran = fixture.run(&["changelog"]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert_text(
        &ran.complaints(),
        str![[r#"
       error api has no release that HEAD contains (wanted a tag api-vX.Y.Z), so nothing tells which commits are new
         try git fetch --tags; for a first release, the same command with --initial

"#]],
    );
    assert_eq!(ran.stdout.matches("- one").count(), 1, "{}", ran.stdout);
    assert_eq!(ran.stdout.matches("- two").count(), 0, "{}", ran.stdout);
    let written = fixture.run(&["changelog", "--write"]);
    assert_eq!(written.code, 3, "{}", written.stderr);
    assert!(fixture.read("core/CHANGELOG.md").contains("- one"));
    assert!(!fixture.has("api/CHANGELOG.md"));
    let document = fixture.json(&["changelog"]);
    assert_eq!(document["projects"].as_array().map(Vec::len), Some(1));
}
