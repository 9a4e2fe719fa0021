//! `check commits` and `check title`: the gate before a merge.

use crate::support::{Fixture, git_in, program, ran};
use snapbox::str;

const CONFIG: &str = "[projects.core]\npath = \"core\"\nversions = [\"VERSION\"]\n";

fn fixture() -> Fixture {
    let fixture = Fixture::of_tree(&[("xtask/monorepo.toml", CONFIG), ("core/VERSION", "0.1.0\n")]);
    fixture.git(&["branch", "base"]);
    fixture
}

fn commit(fixture: &Fixture, message: &str) -> String {
    fixture.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
    fixture.head()
}

#[test]
fn a_title_passes_or_is_corrected() {
    let fixture = fixture();
    assert_eq!(
        fixture.run(&["check", "title", "feat(core): add x"]).code,
        0
    );
    let ran = fixture.run(&["check", "title", "Feature (Core): add x"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    ran.assert_stderr(str![[r#"
       error "Feature (Core): add x" has no conventional form, TYPE(SCOPE): DESCRIPTION
         try "feat(core): add x"
     Checked 1 title: not all conventional

"#]]);
    let document = fixture.json(&["check", "title", "-rf: x"]);
    assert_eq!(
        (document.code, document["faults"].as_array().unwrap().len()),
        (1, 1)
    );
    let ran = fixture.run(&["check", "title", "x\n::error::y"]);
    assert!(
        !ran.stderr
            .lines()
            .any(|line| line.trim_start().starts_with("::")),
        "words are no command of a CI: {}",
        ran.stderr
    );
    for arguments in [
        ["--json", "check", "title", "fix: x"],
        ["check", "--json", "title", "fix: x"],
        ["check", "title", "fix: x", "--json"],
    ] {
        let ran = fixture.run(&arguments);
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (0, "{\"schema\":1,\"faults\":[]}\n"),
            "{}",
            ran.stderr
        );
    }
    assert_eq!(fixture.run(&["check", "title"]).code, 2);
    assert_eq!(fixture.run(&["check", "commits"]).code, 2);
    assert_eq!(
        fixture.run(&["check", "titel"]).code,
        2,
        "gates are still called by name"
    );
}

#[test]
fn the_commits_of_a_range_are_held_and_merges_are_not() {
    let fixture = fixture();
    commit(&fixture, "fix: good");
    fixture.git(&["checkout", "--quiet", "-b", "side"]);
    let bad = commit(&fixture, "Do things");
    fixture.git(&["checkout", "--quiet", "main"]);
    commit(&fixture, "docs: good");
    fixture.git(&[
        "merge",
        "--quiet",
        "--no-ff",
        "--message",
        "Merge branch 'side'",
        "side",
    ]);
    let footer = commit(&fixture, "feat: x\n\nBREAKING CHANGES: y");
    let document = fixture.json(&["check", "commits", "--range", "base..HEAD"]);
    let faults: Vec<_> = document["faults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| {
            (
                fault["commit"].as_str().unwrap(),
                fault["corrected"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        (document.code, faults),
        (
            1,
            vec![
                (footer.as_str(), "BREAKING CHANGE: y"),
                (bad.as_str(), "chore: do things")
            ]
        )
    );
    let good = fixture.run(&["check", "commits", "--range", "base..side~1"]);
    assert_eq!(good.code, 0);
    good.assert_stderr(str![[r#"
     Checked 1 commit of base..side~1: conventional

"#]]);
    commit(&fixture, &"x".repeat(100_000));
    let long = fixture.run(&["check", "commits", "--range", "HEAD~1..HEAD"]);
    assert!(
        long.code == 1 && long.stderr.len() < 2_000,
        "{} bytes for one title",
        long.stderr.len()
    );
    assert_eq!(
        fixture.run(&["check", "commits", "--range", "HEAD.."]).code,
        0,
        "nothing in it, nothing wrong"
    );
}

#[test]
fn a_range_that_cannot_be_told_is_refused() {
    let fixture = fixture();
    for (range, expected) in [
        (
            "nowhere..HEAD",
            str![[r#"
       error revision "nowhere" is unknown in this clone
         try git fetch --tags, or name another revision

"#]],
        ),
        (
            "base..HEAD^{tree}",
            str![[r#"
       error revision "HEAD^{tree}" is a tree, wanted a commit
         try git fetch --tags, or name another revision

"#]],
        ),
        (
            "base",
            str![[r#"
       error "base" is no range of commits, wanted A..B
         try cargo xtask check commits --range origin/main..HEAD

"#]],
        ),
        (
            "base...HEAD",
            str![[r#"
       error "base...HEAD" is no range of commits, wanted A..B
         try cargo xtask check commits --range origin/main..HEAD

"#]],
        ),
        (
            "..",
            str![[r#"
       error ".." is no range of commits, wanted A..B
         try cargo xtask check commits --range origin/main..HEAD

"#]],
        ),
    ] {
        let ran = fixture.run(&["check", "commits", "--range", range]);
        assert_eq!(ran.code, 2, "{range}: {}", ran.stderr);
        ran.assert_stderr(expected);
    }
    commit(&fixture, "fix: y");
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
    let shallow = |line: &[&str]| {
        ran(program(&parent.join("shallow"))
            .args(line)
            .output()
            .unwrap())
    };
    let refused = shallow(&["--dry-run", "check", "commits", "--range", "HEAD~1..HEAD"]);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    let deepened = shallow(&["check", "commits", "--range", "HEAD~1..HEAD"]);
    assert_eq!(deepened.code, 0, "{}", deepened.stderr);
    deepened.assert_stderr(str![[r#"
   Deepening this shallow clone, from origin
     Checked 1 commit of HEAD~1..HEAD: conventional

"#]]);
}

#[test]
fn a_message_that_is_no_text_is_told_like_any_other() {
    let fixture = fixture();
    std::fs::write(fixture.root().join("message"), b"caf\xe9\n").unwrap();
    fixture.git(&[
        "-c",
        "i18n.commitEncoding=ISO-8859-1",
        "commit",
        "--quiet",
        "--allow-empty",
        "--file",
        "message",
    ]);
    let document = fixture.json(&["check", "commits", "--range", "base..HEAD"]);
    assert_eq!(
        (document.code, document["faults"][0]["corrected"].as_str()),
        (1, Some("chore: caf\u{fffd}"))
    );
}
