//! Of the release pull request: whose commits are ours, and what fits into its title and body.

use super::*;
use crate::config::parse;

fn rules(keys: &str) -> Result<PullRules, Fault> {
    PullRules::from_config(&parse(&format!("[release]\n{keys}"), "m.toml")?, "m.toml")
}

#[test]
fn a_commit_that_was_amended_is_not_ours() {
    let commit = ReleaseCommit {
        parent: "p".into(),
        message: "chore(release): a 1.0.0".into(),
        files: Vec::new(),
    };
    let message = commit.message_of("tree1");
    assert_eq!(message, "chore(release): a 1.0.0\n\nRelease-Tree: tree1\n");
    assert!(is_ours(&message, "tree1", 1));
    assert!(!is_ours(&message, "tree2", 1), "the files were changed");
    assert!(!is_ours(&message, "tree1", 2), "it became a merge");
    assert!(!is_ours(
        &format!("{message}Signed-off-by: somebody\n"),
        "tree1",
        1
    ));
    assert!(!is_ours("fix: x", "tree1", 1));
}

#[test]
fn placeholders_are_filled_once() {
    let rules =
        rules("title = \"release {count}: {releases}\"\nbody = \"{x y} {table}{notes}{\"\n")
            .unwrap();
    let releases = ["a 1.0.0".to_owned(), "b 2.0.0".to_owned()];
    assert_eq!(rules.title(&releases), "release 2: a 1.0.0, b 2.0.0");
    assert_eq!(rules.body(&releases, "{notes}", "N"), "{x y} {notes}N{");
}

#[test]
fn many_releases_are_counted_and_not_named() {
    let releases: Vec<_> = (0..9)
        .map(|number| format!("package-{number} 1.0.0"))
        .collect();
    assert_eq!(
        PullRules::default().title(&releases),
        "chore(release): 9 packages"
    );
}

#[test]
fn what_is_longer_than_the_forge_takes_is_cut_and_says_so() {
    let notes = "- é line of notes\n".repeat(8000);
    let body = PullRules::default().body(&[], "table", &notes);
    assert!(
        body.chars().count() <= BODY_CHARS_MAX,
        "{}",
        body.chars().count()
    );
    assert!(body.chars().count() > BODY_CHARS_MAX - 300);
    assert!(
        body.contains("- é line of notes\n\n</details>\n\nThe rest is cut"),
        "cut between two lines"
    );
    assert_eq!(
        PullRules::default()
            .title(&["x".repeat(400)])
            .chars()
            .count(),
        TITLE_CHARS_MAX
    );
}

#[test]
fn wrong_keys_are_named() {
    for (keys, words) in [
        ("branch = \"a..b\"\n", "release.branch is \"a..b\""),
        ("branch = \"-f\"\n", "release.branch"),
        ("branch = \"a b\"\n", "release.branch"),
        ("branch = \"main\"\n", "a branch of its own"),
        ("title = \"{relaeses}\"\n", "did you mean {releases}?"),
        ("title = \"{notes}\"\n", "release.title holds {notes}"),
        ("title = \"a\\nb\"\n", "wanted one line"),
        ("body = \"{tabel}\"\n", "did you mean {table}?"),
    ] {
        let fault = rules(keys).unwrap_err();
        assert!(fault.what.contains(words), "{keys}: {}", fault.what);
        assert_eq!(fault.kind.exit_code(), 2);
    }
    assert_eq!(
        rules("branch = \"bot/release-1.x\"\n").unwrap().branch,
        "bot/release-1.x"
    );
}
