use super::*;
use crate::message::KnownTypes;

/// The types of the Angular convention, as most projects have them.
struct Usual;

impl KnownTypes for Usual {
    fn knows(&self, kind: &str) -> bool {
        [
            "feat", "fix", "perf", "revert", "docs", "style", "refactor", "test", "build", "ci",
            "chore",
        ]
        .contains(&kind)
    }
}

/// Ids are the letter forty times; commits are given old to new, as one writes them.
fn commits(messages: &[(&str, &str)]) -> Vec<ReadCommit> {
    let read = |(letter, text): &(&str, &str)| ReadCommit {
        id: letter.repeat(40),
        message: Rc::new(Message::read(text, &Usual)),
    };
    messages.iter().rev().map(read).collect()
}

fn left(messages: &[(&str, &str)], known: &str) -> String {
    let commits = commits(messages);
    let found = kept(&commits, &|hash| known.contains(&hash[..1]));
    let line = |kept: &Kept<'_>| {
        format!(
            "{}:{}",
            &kept.commit.id[..1],
            kept.changes
                .iter()
                .map(|it| it.description.as_str())
                .collect::<Vec<_>>()
                .join("+")
        )
    };
    found.iter().rev().map(line).collect::<Vec<_>>().join(" ")
}

#[test]
fn law_7_a_revert_cancels_what_it_reverts() {
    let feat = ("a", "feat: x (#12)");
    let fix = ("b", "fix: y");
    let by_hash = ("c", "Revert \"feat: x\"\n\nThis reverts commit aaaaaaaaaa.");
    assert_eq!(left(&[feat, fix, by_hash], "abc"), "b:y", "by hash");
    assert_eq!(
        left(
            &[
                feat,
                fix,
                ("c", "Revert \"feat: x (#12)\" (#13)\n\nReverts acme/m#12")
            ],
            "abc"
        ),
        "b:y",
        "by pull request"
    );
    assert_eq!(
        left(&[feat, fix, ("c", "Revert \"feat: x\"")], "abc"),
        "b:y",
        "by title"
    );
    assert_eq!(
        left(&[feat, fix, ("c", "revert: feat: x")], "abc"),
        "b:y",
        "by header"
    );
    assert_eq!(
        left(&[feat, fix, ("c", "revert: x")], "abc"),
        "b:y",
        "by description"
    );
    assert_eq!(
        left(
            &[feat, fix, ("c", "revert: both\n\nRefs: aaaaaaa, bbbbbbb")],
            "abc"
        ),
        "",
        "several"
    );
    assert_eq!(
        left(
            &[
                feat,
                fix,
                ("c", "fix: undo\n\nThis reverts commit aaaaaaa.")
            ],
            "abc"
        ),
        "b:y c:undo",
        "what has a title of its own stays"
    );
}

#[test]
fn a_revert_of_a_revert_gives_back() {
    let feat = ("a", "feat: x");
    let revert = ("b", "Revert \"feat: x\"\n\nThis reverts commit aaaaaaa.");
    let again = (
        "c",
        "Revert \"Revert \"feat: x\"\"\n\nThis reverts commit bbbbbbb.",
    );
    assert_eq!(left(&[feat, revert, again], "abc"), "a:x");
    assert_eq!(
        left(
            &[
                feat,
                revert,
                ("c", "Reapply \"feat: x\"\n\nThis reverts commit bbbbbbb.")
            ],
            "abc"
        ),
        "a:x"
    );
    assert_eq!(
        left(&[feat, revert, ("c", "Reapply \"feat: x\"")], "abc"),
        "a:x",
        "squashed, the hash is gone"
    );
    assert_eq!(
        left(
            &[
                feat,
                revert,
                again,
                (
                    "d",
                    "Revert \"Revert \"Revert \"feat: x\"\"\"\n\nThis reverts commit ccccccc."
                )
            ],
            "abc"
        ),
        ""
    );
    let twice = [
        ("a", "feat: x"),
        ("b", "Revert \"feat: x\""),
        ("c", "feat: x"),
        ("d", "Revert \"feat: x\""),
    ];
    assert_eq!(
        left(&twice, ""),
        "",
        "one that was done again is reverted again"
    );
    assert_eq!(left(&twice[..3], ""), "c:x");
}

#[test]
fn a_revert_of_something_released_stays() {
    assert_eq!(
        left(
            &[
                ("b", "fix: y"),
                ("c", "Revert \"feat: x\"\n\nThis reverts commit aaaaaaa.")
            ],
            "a"
        ),
        "b:y c:feat: x"
    );
    let same_title = [
        ("b", "feat: x"),
        ("c", "Revert \"feat: x\"\n\nThis reverts commit aaaaaaa."),
    ];
    assert_eq!(
        left(&same_title, "a"),
        "b:x c:feat: x",
        "the hash says that it is another one"
    );
    assert_eq!(
        left(&same_title, ""),
        "",
        "a hash that nobody has tells nothing, as behind a rebase"
    );
    assert_eq!(
        left(
            &[
                ("b", "fix: y"),
                (
                    "c",
                    "revert: two\n\nThis reverts commits aaaaaaa and bbbbbbb."
                )
            ],
            "ab"
        ),
        "c:two",
        "one of two was released"
    );
    assert_eq!(
        left(&[("a", "Revert \"feat: x\""), ("b", "feat: x")], ""),
        "a:feat: x b:x",
        "what comes later is not reverted"
    );
}

#[test]
fn changes_of_a_squash_are_reverted_one_by_one() {
    let squash = ("a", "feat: all (#4)\n\n* feat: x\n\n* fix: y");
    assert_eq!(left(&[squash, ("b", "Revert \"feat: x\"")], ""), "a:all+y");
    assert_eq!(
        left(
            &[
                squash,
                ("b", "Revert \"feat: all (#4)\" (#5)\n\nReverts a/b#4")
            ],
            ""
        ),
        ""
    );
    assert_eq!(
        left(
            &[(
                "a",
                "feat: all\n\n* feat: x\n\n* Revert \"feat: x\"\n\n* fix: y"
            )],
            ""
        ),
        "a:all+y",
        "within one message"
    );
    assert_eq!(
        left(
            &[
                squash,
                ("b", "fix: z\n\n* Revert \"feat: x\"\n\n* Revert \"fix: y\"")
            ],
            ""
        ),
        "a:all b:z",
        "several of one message"
    );
}

#[test]
fn a_release_as_stands_without_changes() {
    let text = "Merge branch 'x'\n\nRelease-As: 2.0.0";
    assert_eq!(left(&[("a", text)], ""), "a:");
    assert_eq!(
        left(
            &[
                ("a", text),
                ("b", "revert: no\n\nThis reverts commit aaaaaaa.")
            ],
            ""
        ),
        "",
        "but not when it is reverted"
    );
}

#[test]
fn many_reverts_are_settled_in_one_pass() {
    let many: Vec<_> = (0..20_000)
        .map(|number| (number, format!("Revert \"fix: {}\"", number / 2)))
        .collect();
    let commits: Vec<_> = many
        .iter()
        .map(|(number, text)| {
            let text = if number % 2 == 0 {
                text.as_str()
            } else {
                &text["Revert \"".len()..text.len() - 1]
            };
            ReadCommit {
                id: format!("{number:040x}"),
                message: Rc::new(Message::read(text, &Usual)),
            }
        })
        .collect();
    assert_eq!(kept(&commits, &|_| false).len(), 0);
}
