//! From what is not released to a release, and back while it has no tag.

use super::*;
use crate::changelog::{Entry, Group, render};

fn version(text: &str) -> Version {
    Version::parse_semver(text).unwrap()
}

fn part(release: &str, words: &[&str]) -> Part {
    let entry = |words: &&str| Entry {
        scope: None,
        description: (*words).to_owned(),
        breaking: None,
        pull_request: None,
        commit: "abcdef0123456789abcdef0123456789abcdef01".into(),
    };
    let groups = vec![Group {
        heading: "Added".into(),
        entries: words.iter().map(entry).collect(),
    }];
    Part {
        version: Some(version(release)),
        date: Some("2025-10-25".into()),
        compare: None,
        groups,
    }
}

fn written(text: Option<&str>, part: &Part, last: Option<&str>) -> String {
    released(text, "api", part, last.map(version).as_ref(), &[], None)
        .unwrap()
        .unwrap()
}

#[test]
fn a_new_file_begins_with_the_release() {
    let text = written(None, &part("0.2.0", &["x"]), None);
    assert!(
        text.ends_with("\n## [0.2.0] - 2025-10-25\n\n<!-- from commits -->\n\n### Added\n\n- x (abcdef0)\n\n<!-- end of commits -->\n"),
        "{text}"
    );
    assert!(!text.contains("Unreleased"));
}

#[test]
fn what_a_hand_wrote_goes_with_the_release_and_old_parts_stay() {
    let old = "## [0.1.0] - 2024-01-01\n\n- old,  with odd   blanks\n";
    let before = format!("# Changelog\n\n## [Unreleased]\n\nMind the gap.\n\n{old}");
    let text = written(Some(&before), &part("0.2.0", &["x"]), Some("0.1.0"));
    assert!(
        text.starts_with("# Changelog\n\n## [0.2.0] - 2025-10-25\n"),
        "{text}"
    );
    assert!(
        text.contains("Mind the gap.") && text.ends_with(old),
        "{text}"
    );
}

#[test]
fn written_again_it_stays_the_same_bytes() {
    for before in [
        None,
        Some("# Changelog\n\n## [Unreleased]\n\nBy hand.\n"),
        Some("# Changelog\r\n\r\n## [0.1.0]\r\n\r\n- old\r\n"),
    ] {
        let once = written(before, &part("0.2.0", &["x"]), Some("0.1.0"));
        assert_eq!(
            written(Some(&once), &part("0.2.0", &["x"]), Some("0.1.0")),
            once
        );
    }
}

#[test]
fn until_the_tag_is_there_the_part_grows_and_may_be_called_otherwise() {
    let once = written(
        Some("# Changelog\n\n## [0.1.0]\n\n- old\n"),
        &part("0.2.0", &["x"]),
        Some("0.1.0"),
    );
    let more = written(Some(&once), &part("0.2.0", &["y", "x"]), Some("0.1.0"));
    assert_eq!(more.matches("## [0.2.0]").count(), 1, "{more}");
    assert_eq!(
        (more.matches("- x (").count(), more.matches("- y (").count()),
        (1, 1),
        "{more}"
    );
    let other = written(Some(&more), &part("1.0.0", &["z", "y", "x"]), Some("0.1.0"));
    assert!(
        other.contains("## [1.0.0] - 2025-10-25") && !other.contains("0.2.0"),
        "{other}"
    );
    let next = written(Some(&other), &part("1.1.0", &["w"]), Some("1.0.0"));
    assert!(
        next.contains("## [1.0.0]") && next.contains("## [1.1.0]"),
        "a release with a tag stays: {next}"
    );
    assert_eq!(next.matches("- w (").count(), 1);
}

#[test]
fn both_beside_each_other_become_one() {
    let once = written(
        Some("# Changelog\n\n## [0.1.0]\n\n- old\n"),
        &part("0.2.0", &["x"]),
        Some("0.1.0"),
    );
    let both =
        once.replace("## [0.2.0]", "## [Unreleased]\n\nBy hand.\n\n<!-- from commits -->\n\n- x\n\n<!-- end of commits -->\n\n## [0.2.0]");
    let text = written(Some(&both), &part("0.2.0", &["x"]), Some("0.1.0"));
    assert_eq!(
        (
            text.matches("By hand.").count(),
            text.matches("- x").count(),
            text.matches("## [0.2.0]").count()
        ),
        (1, 1, 1),
        "{text}"
    );
    assert!(!text.contains("Unreleased"), "{text}");
}

#[test]
fn a_part_in_its_authors_own_words_is_left_alone() {
    let by_hand = "# Changelog\n\n## [0.2.0] - soon\n\nThe big one.\n";
    assert_eq!(
        released(
            Some(by_hand),
            "api",
            &part("0.2.0", &["x"]),
            None,
            &[],
            None
        )
        .unwrap(),
        None
    );
    assert!(!tells_of_the_next(by_hand, None).unwrap());
    let ours = written(None, &part("0.2.0", &["x"]), None);
    assert!(tells_of_the_next(&ours, None).unwrap());
    assert!(!tells_of_the_next(&ours, Some(&version("0.2.0"))).unwrap());
}

#[test]
fn readers_are_spared_our_comments() {
    let text = written(None, &part("0.2.0", &["x"]), None);
    let told = without_comments(crate::changelog::part_of(&text, &version("0.2.0")).unwrap());
    assert_eq!(told, "### Added\n\n- x (abcdef0)");
    assert!(render(&part("0.2.0", &["x"]), None).ends_with(&told));
}
