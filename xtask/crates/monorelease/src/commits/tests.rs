//! Messages from the specification and from the trackers of other tools, each named by where it comes from.

use monorelease_commit_history::message::{Change, Message, Reverted, title_key};

use super::*;

/// A change on one line: header, then `| breaks: …`, `| #12`, `| reverts …` where there are such.
fn told(message: &Message) -> Vec<String> {
    let line = |change: &Change| {
        let plain = Change {
            breaking: None,
            ..change.clone()
        };
        let mut line = change
            .kind
            .as_ref()
            .map_or_else(|| format!("? {}", change.description), |_| plain.header());
        if let Some(breaking) = &change.breaking {
            line += &format!(" | breaks: {breaking}");
        }
        if let Some(number) = change.pull_request {
            line += &format!(" | #{number}");
        }
        for reverted in &change.reverts {
            line += &match reverted {
                Reverted::Commit(hash) => format!(" | reverts {hash}"),
                Reverted::PullRequest(number) => format!(" | reverts #{number}"),
                Reverted::Title(title) => format!(" | reverts \"{title}\""),
            };
        }
        line
    };
    message.changes.iter().map(line).collect()
}

fn read(text: &str) -> Message {
    Message::read(text, &ReleaseRules::default())
}

type Vector = (&'static str, &'static str, &'static [&'static str]);

const SPECIFICATION: [Vector; 21] = [
    (
        "spec 1: type, colon, blank",
        "feat: allow x",
        &["feat: allow x"],
    ),
    ("spec 1: a type is required", "allow x", &["? allow x"]),
    (
        "spec 2: a new feature",
        "feat: send an email\n",
        &["feat: send an email"],
    ),
    (
        "spec 3: a repair",
        "fix: prevent racing of requests",
        &["fix: prevent racing of requests"],
    ),
    (
        "spec 4: a scope",
        "fix(parser): arrays",
        &["fix(parser): arrays"],
    ),
    (
        "spec 5: description behind the colon",
        "fix: array parsing issue when : in string",
        &["fix: array parsing issue when : in string"],
    ),
    (
        "spec 6: a body after a blank line",
        "fix: racing\n\nIntroduce a request id.",
        &["fix: racing"],
    ),
    (
        "spec 7: a body of paragraphs",
        "fix: racing\n\nOne.\n\nTwo.\n\nThree.",
        &["fix: racing"],
    ),
    (
        "spec 8: footers",
        "fix: racing\n\nBody.\n\nReviewed-by: Z\nRefs: #123",
        &["fix: racing"],
    ),
    (
        "spec 8: # parts a footer too",
        "feat: x\n\nBREAKING CHANGE #12 is gone",
        &["feat: x | breaks: 12 is gone"],
    ),
    (
        "spec 9: BREAKING CHANGE in two words",
        "docs: x\n\nBREAKING CHANGE: y",
        &["docs: x | breaks: y"],
    ),
    (
        "spec 10: a value of lines, to the next footer",
        "feat: x\n\nBREAKING CHANGE: a\nb\nAcked-by: Z",
        &["feat: x | breaks: a b"],
    ),
    (
        "spec 11: a mark or a footer",
        "chore!: drop Node 6",
        &["chore: drop Node 6 | breaks: drop Node 6"],
    ),
    (
        "spec 12: the footer",
        "feat: allow\n\nBREAKING CHANGE: `extends` extends",
        &["feat: allow | breaks: `extends` extends"],
    ),
    (
        "spec 13: the mark",
        "feat(api)!: send",
        &["feat(api): send | breaks: send"],
    ),
    (
        "spec 13: mark and footer",
        "chore!: drop\n\nBREAKING CHANGE: use features",
        &["chore: drop | breaks: use features"],
    ),
    (
        "spec 14: other types",
        "docs: correct spelling of CHANGELOG",
        &["docs: correct spelling of CHANGELOG"],
    ),
    (
        "spec 14: unknown types",
        "security: close a hole",
        &["security: close a hole"],
    ),
    (
        "spec 15: case of the type",
        "FEAT(lang): add Polish",
        &["feat(lang): add Polish"],
    ),
    (
        "spec 15: case of BREAKING CHANGE",
        "fix: x\n\nbreaking change: no",
        &["fix: x"],
    ),
    (
        "spec 16: the hyphen",
        "fix: x\n\nBREAKING-CHANGE: y",
        &["fix: x | breaks: y"],
    ),
];

const SQUASHES: [Vector; 16] = [
    (
        "release-please#2698, facts 7: GitHub's list",
        "feat: test\n\n* fix: #37 add comment\n\n* feat: #37 check\n",
        &["feat: test", "fix: #37 add comment", "feat: #37 check"],
    ),
    (
        "release-please#2438: hyphens for a list",
        "feat: a (#8)\n\n- fix: b\n- fix(api): c",
        &["feat: a | #8", "fix: b | #8", "fix(api): c | #8"],
    ),
    (
        "release-please#2357: lines without a list",
        "feat: a\n\nfix: b\n\nfeat(x): c\n",
        &["feat: a", "fix: b", "feat(x): c"],
    ),
    (
        "yew-nav-link#179: the title is a number",
        "175 (#176)\n\n* fix: a\n\n* ci: b",
        &["fix: a | #176", "ci: b | #176"],
    ),
    (
        "python-sdk#624: a title told twice",
        "feat: a (#3)\n\n* feat: a\n\n* fix: b",
        &["feat: a | #3", "fix: b | #3"],
    ),
    (
        "python-sdk#624: trailers are no changes",
        "fix: a\n\n* wip\n\n---------\n\nCo-authored-by: B <b@localhost>\nSigned-off-by: C <c@localhost>",
        &["fix: a"],
    ),
    (
        "yew-nav-link#182: what a bot quotes of others",
        "build(deps): bump x (#9)\n\nBumps x.\n<details>\n<summary>Notes</summary>\n\n- feat!: theirs\n- fix: theirs\n</details>\n",
        &["build(deps): bump x | #9"],
    ),
    (
        "dependabot: its own list",
        "chore(deps): bump x\n\n---\nupdated-dependencies:\n- dependency-name: x\n...\n",
        &["chore(deps): bump x"],
    ),
    (
        "git-cliff#521: git merge --squash",
        "Pull request #8: Example\n\nSquashed commit of the following:\n\ncommit 140e7e4\nAuthor: R <r@localhost>\n\n    feat(processor): pay\n\n    Issue: TST-1\n\ncommit ef9da8b\n\n    chore(readme): setup\n",
        &["feat(processor): pay | #8", "chore(readme): setup | #8"],
    ),
    (
        "git-cliff#82: a word and a colon are no footer",
        "fix: a\n\nFirst.\nIMPORTANT: see else\nmore",
        &["fix: a"],
    ),
    (
        "release-please-action#846: footers above a ruler",
        "feat: a (#1)\n\n* feat!: b\n\nBREAKING CHANGE: c\n\n---------\n\nCo-authored-by: D <d@localhost>",
        &["feat: a | #1", "feat: b | breaks: c | #1"],
    ),
    (
        "changelog-action#71: parentheses in a body",
        "fix: a\n\nCalls `foo(a, bar(b))`.\nslices.Concat(x(), y): z",
        &["fix: a"],
    ),
    (
        "quoted code",
        "fix: a\n\n```\nfeat: not this\nBREAKING CHANGE: nor this\n```\n",
        &["fix: a"],
    ),
    ("a reply's quote", "fix: a\n\n> feat: theirs", &["fix: a"]),
    (
        "a nested list explains",
        "feat: a\n\n* fix: b\n  - fix: how\n",
        &["feat: a", "fix: b"],
    ),
    (
        "an address is no header",
        "fix: a\n\nbuild://x\ndocs:/path\ntest::module",
        &["fix: a"],
    ),
];

const BREAKING: [Vector; 15] = [
    (
        "conventional-changelog#1515: words stranded by a wrap",
        "docs(repo): use subjects\n\n- rewrite the\n  verbose\nbreaking-change footers\nBREAKING CHANGE entries",
        &["docs(repo): use subjects"],
    ),
    (
        "conventional-changelog#428: a footer behind",
        "feat: a\n\nBREAKING CHANGE: one\nline two\nCo-Authored-By: B <b@localhost>",
        &["feat: a | breaks: one line two"],
    ),
    (
        "commisery-action#261: three lines",
        "feat: a\n\nBREAKING CHANGE: move\nbump node\nupdate all",
        &["feat: a | breaks: move bump node update all"],
    ),
    (
        "spec 8: a footer's text goes to the next footer",
        "feat: a\n\nBREAKING CHANGE: use x.\n\nMore prose.\n\nReviewed-by: B\n\nNo more.",
        &["feat: a | breaks: use x. More prose."],
    ),
    (
        "footers repeat",
        "feat: a\n\nBREAKING CHANGE: one\nBREAKING CHANGE: two\nand its rest\n\nBREAKING-CHANGE: three",
        &["feat: a | breaks: one; two and its rest; three"],
    ),
    (
        "a title with a mark, and several footers",
        "feat!: a\n\nBREAKING CHANGE: one.\nBREAKING CHANGE: two",
        &["feat: a | breaks: one. two"],
    ),
    (
        "a list below the words",
        "feat: a\n\nBREAKING CHANGE:\n- one\n- two\n  of two lines\n* three",
        &["feat: a | breaks: one; two of two lines; three"],
    ),
    (
        "a list behind a blank line",
        "feat: a\n\nBREAKING CHANGE: these are gone:\n\n* one\n* two\n\nSigned-off-by: B <b@localhost>",
        &["feat: a | breaks: these are gone: one; two"],
    ),
    (
        "a list with a list in it",
        "feat: a\n\nBREAKING CHANGE: gone\n- one\n  - inner\n",
        &["feat: a | breaks: gone; one; inner"],
    ),
    (
        "the next message of a squash is no text of the footer before",
        "feat: a (#1)\n\n* feat: a\n\nBREAKING CHANGE: x\n\n* wip\n\nmore\n\n* fix: b\n",
        &["feat: a | breaks: x | #1", "fix: b | #1"],
    ),
    (
        "each change of a squash has its own footers",
        "feat: a\n\n* feat: b\n\nBREAKING CHANGE: x\n\n* fix: c\n\nBREAKING CHANGE: y\nBREAKING CHANGE: z\n",
        &["feat: a", "feat: b | breaks: x", "fix: c | breaks: y; z"],
    ),
    (
        "git-conventional-commits#79: no blank line before",
        "fix: a\nBREAKING CHANGE: b",
        &["fix: a | breaks: b"],
    ),
    (
        "git-conventional-commits#79: the plural is no token",
        "fix: a\n\nBREAKING CHANGES: b",
        &["fix: a"],
    ),
    (
        "facts 7: of the change above it",
        "feat: a\n\n* fix: b\n\nBREAKING CHANGE: c\n\n* fix: d",
        &["feat: a", "fix: b | breaks: c", "fix: d"],
    ),
    (
        "semantic-release: without any form",
        "Rewrite\n\nBREAKING CHANGE: all",
        &["? Rewrite | breaks: all"],
    ),
];

const FORGES: [Vector; 5] = [
    (
        "git merge --squash, as git proposes it",
        "Squashed commit of the following:\n\ncommit 676104e\nAuthor: A <a@localhost>\nDate:   Mon\n\n    fix: b\n\n    BREAKING CHANGE: c\n\ncommit a215868\nAuthor: A <a@localhost>\n\n    feat: a\n",
        &["fix: b | breaks: c", "feat: a"],
    ),
    (
        "Azure DevOps writes a number before the title",
        "Merged PR 12: feat: x\n\nwords\n",
        &["feat: x | #12"],
    ),
    (
        "release-please: a block in place of the message",
        "fix: typo (#7)\n\nwords\n\nBEGIN_COMMIT_OVERRIDE\nfeat: a\n\nfix(b): c\nBREAKING CHANGE: d\nEND_COMMIT_OVERRIDE\n\nfeat: no more\n",
        &["feat: a | #7", "fix(b): c | breaks: d | #7"],
    ),
    (
        "release-please: a block without an end",
        "fix: typo\n\nBEGIN_COMMIT_OVERRIDE\nfeat: a\n",
        &["fix: typo", "feat: a"],
    ),
    (
        "release-please: an empty block",
        "fix: typo\n\nBEGIN_COMMIT_OVERRIDE\nEND_COMMIT_OVERRIDE\n",
        &["fix: typo"],
    ),
];

const REVERTS: [Vector; 15] = [
    (
        "spec, reverts: revert and Refs",
        "revert: noodles\n\nRefs: 676104e, a215868",
        &["revert: noodles | reverts \"noodles\" | reverts 676104e | reverts a215868"],
    ),
    (
        "release-please#296, facts 27: git's own words",
        "Revert \"feat: x\"\n\nThis reverts commit 5a7126bf40512059b53f898666c9e7b9ee3631f5.",
        &[
            "revert: feat: x | reverts \"feat: x\" | reverts 5a7126bf40512059b53f898666c9e7b9ee3631f5",
        ],
    ),
    (
        "facts 27: GitHub's button",
        "Revert \"feat: x (#12)\" (#13)\n\nReverts acme/mono#12",
        &["revert: feat: x | #13 | reverts \"feat: x\" | reverts #12"],
    ),
    (
        "releaser-pleaser#452: quotes in quotes",
        "Revert \"feat: on \"maintenance\" day\"",
        &["revert: feat: on \"maintenance\" day | reverts \"feat: on \"maintenance\" day\""],
    ),
    (
        "vibetuner#1783: revert with a header",
        "revert: feat: x",
        &["revert: feat: x | reverts \"feat: x\""],
    ),
    (
        "tracecat#3375: revert with a scope",
        "revert(agents): stopgap (#7)",
        &["revert(agents): stopgap | #7 | reverts \"stopgap\""],
    ),
    (
        "gcds-tokens#331: revert with quotes",
        "revert: \"feat: x\"",
        &["revert: \"feat: x\" | reverts \"\"feat: x\"\""],
    ),
    (
        "semantic-release#2304: a short hash",
        "revert: feat: nueva\n\nThis reverts commit 6fbab302",
        &["revert: feat: nueva | reverts \"feat: nueva\" | reverts 6fbab302"],
    ),
    (
        "identity-idp#7818: another title",
        "fix: undo\n\nThis reverts commit 0b70e91203.",
        &["fix: undo | reverts 0b70e91203"],
    ),
    (
        "grass#4127: a type and git's words",
        "style: Revert \"style: y (#3956)\"\n\nThis reverts commit 0cc7cbf610.",
        &["style: Revert \"style: y (#3956)\" | reverts 0cc7cbf610"],
    ),
    (
        "meridian#913: a merge is reverted",
        "Revert \"Merge pull request #9 from a/b\"\n\nThis reverts commit 1111111, reversing\nchanges made to 2222222.",
        &[
            "revert: Merge pull request #9 from a/b | reverts \"Merge pull request #9 from a/b\" | reverts 1111111",
        ],
    ),
    (
        "a revert of a revert",
        "Revert \"Revert \"feat: x\"\"\n\nThis reverts commit 3333333.",
        &["revert: Revert \"feat: x\" | reverts \"Revert \"feat: x\"\" | reverts 3333333"],
    ),
    (
        "git 2.43: Reapply",
        "Reapply \"feat: x\"\n\nThis reverts commit 4444444.",
        &["revert: feat: x | reverts \"Revert \"feat: x\"\" | reverts 4444444"],
    ),
    (
        "commit-analyzer#84: several at once",
        "revert: three\n\nThis reverts commits aaaaaaa, bbbbbbb and ccccccc.",
        &[
            "revert: three | reverts \"three\" | reverts aaaaaaa | reverts bbbbbbb | reverts ccccccc",
        ],
    ),
    (
        "commit-analyzer#323: in a squash",
        "feat: y\n\n* feat: x\n\n* Revert \"feat: x\"",
        &[
            "feat: y",
            "feat: x",
            "revert: feat: x | reverts \"feat: x\"",
        ],
    ),
];

const MERGES: [Vector; 9] = [
    (
        "facts 6, release-please-action#651: GitHub's merge",
        "Merge pull request #28 from acme/feat/cheat",
        &[],
    ),
    (
        "clog-cli#83: the title in the body",
        "Merge pull request #12 from a/b\n\nfeat(Test): new test",
        &["feat(Test): new test | #12"],
    ),
    (
        "commitlore#76: any title",
        "Merge pull request #67 from a/b\n\ninject: diagnose",
        &["inject: diagnose | #67"],
    ),
    (
        "facts 6: a title without form",
        "Merge pull request #5 from a/b\n\nAdd a thing",
        &["? Add a thing | #5"],
    ),
    ("a branch", "Merge branch 'main' into x", &[]),
    (
        "a branch of a remote",
        "Merge remote-tracking branch 'origin/main'",
        &[],
    ),
    (
        "GitLab: the title in the body",
        "Merge branch 'x' into 'main'\n\nfeat: y\n\nSee merge request a/b!5",
        &["feat: y"],
    ),
    (
        "Azure: the title behind the number",
        "Merged PR 123: fix: z",
        &["fix: z | #123"],
    ),
    (
        "a merge that says it itself",
        "feat(a)!: merge the new engine",
        &["feat(a): merge the new engine | breaks: merge the new engine"],
    ),
];

#[test]
fn messages_mean_what_their_sources_say() {
    let vectors: Vec<_> = SPECIFICATION
        .iter()
        .chain(&SQUASHES)
        .chain(&FORGES)
        .chain(&BREAKING)
        .chain(&REVERTS)
        .chain(&MERGES)
        .collect();
    assert!(vectors.len() >= 50);
    for (source, text, expected) in vectors {
        assert_eq!(told(&read(text)), *expected, "{source}: {text:?}");
        assert_eq!(
            told(&read(&text.replace('\n', "\r\n"))),
            *expected,
            "{source}, with line ends of Windows"
        );
        assert_eq!(
            told(&read(&format!("\n{text}\n\n"))),
            *expected,
            "{source}, between blank lines"
        );
    }
}

#[test]
fn release_as_is_read_wherever_it_stands() {
    for (source, text, expected) in [
        (
            "release-please, its own form",
            "chore: release\n\nRelease-As: 2.0.0",
            Some("2.0.0"),
        ),
        (
            "arr-mcp#82: in the middle of a squash",
            "feat: a\n\n* feat: b\n\nRelease-As: 1.0.0\n\n* fix: c\n\nprose",
            Some("1.0.0"),
        ),
        (
            "smithery-cli#764: the last counts",
            "fix: a\n\nRelease-As: 1.0.0\nRelease-As: 1.1.0",
            Some("1.1.0"),
        ),
        (
            "spec 15: any case",
            "fix: a\n\nrelease-as: v3.0.0-rc.1",
            Some("3.0.0-rc.1"),
        ),
        (
            "envdrift#690: not inside of a sentence",
            "fix: a\n\nWrite Release-As: 11.0.0 there",
            None,
        ),
        ("nothing to say", "fix: a\n\nRelease-As:", None),
        (
            "no version, which is for others to refuse",
            "fix: a\n\nRelease-As: next",
            Some("next"),
        ),
    ] {
        assert_eq!(read(text).release_as.as_deref(), expected, "{source}");
    }
}

#[test]
fn what_is_no_message_is_no_change() {
    for text in ["", "\n\n", "   \n\t\n", "\u{feff}"] {
        assert_eq!(told(&read(text)), Vec::<String>::new(), "{text:?}");
    }
    assert_eq!(
        told(&read("feat:")),
        ["? feat:"],
        "a header wants a description"
    );
    assert_eq!(
        told(&read("feat(): x")),
        ["? feat(): x"],
        "and a scope, if any, a name"
    );
    assert_eq!(
        told(&read("fix: caf\u{fffd}")),
        ["fix: caf\u{fffd}"],
        "what was no UTF-8 is marked and stays"
    );
    assert_eq!(told(&read("\u{feff}fix: x")), ["fix: x"]);
}

#[test]
fn known_types_are_those_of_the_configuration() {
    let config =
        crate::config::parse("[release.types]\nsecurity = { level = \"patch\" }\n", "m").unwrap();
    let rules = ReleaseRules::from_config(&config, "m").unwrap();
    let text = "feat: a\n\n* security: b\n* safety: c";
    assert_eq!(
        told(&Message::read(text, &rules)),
        ["feat: a", "security: b"]
    );
    assert_eq!(told(&read(text)), ["feat: a"]);
}

#[test]
fn reverts_are_matched_without_the_numbers_of_pull_requests() {
    for (title, key) in [
        ("feat: x (#12)", "feat: x"),
        ("Revert \"feat: x (#12)\" (#13)", "Revert \"feat: x\""),
        ("feat: (#x) and (#1", "feat: (#x) and (#1"),
        ("", ""),
    ] {
        assert_eq!(title_key(title), key);
    }
}

/// Every line is looked at once: a message a thousand times as long has a thousand times as many changes, and is read to its end.
#[test]
fn a_message_of_megabytes_is_read_to_its_end() {
    let line =
        "* fix: a thing, and what one would say of it\n\nBREAKING CHANGE: x\nthat goes on\n\n";
    let many: String = (0..20_000)
        .map(|number| line.replace("thing", &number.to_string()))
        .collect();
    assert!(many.len() > 1_000_000);
    let message = read(&format!("feat: much\n\n{many}Release-As: 9.0.0\n"));
    assert_eq!(
        (message.changes.len(), message.release_as.as_deref()),
        (20_001, Some("9.0.0"))
    );
    assert_eq!(
        message.changes[20_000].breaking.as_deref(),
        Some("x that goes on")
    );
    for blob in [
        "x".repeat(2_000_000),
        format!("fix: {}", "(#1) ".repeat(400_000)),
        "(".repeat(1_000_000),
        "a\n".repeat(1_000_000),
    ] {
        assert_eq!(read(&blob).changes.len(), 1);
    }
}
