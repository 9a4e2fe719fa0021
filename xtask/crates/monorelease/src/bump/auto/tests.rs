use std::rc::Rc;

use monorelease_commit_history::message::Message;

use super::*;
use crate::commits::unread_tags::UnreadTags;
use crate::config::{Config, parse};
use crate::project::Projects;

const CONFIG: &str = "[projects.core]\npath = \"core\"\n[projects.api]\npath = \"api\"\ndepends = [\"core\"]\n\
                      [projects.web]\npath = \"web\"\ndepends = [\"api\"]\n[projects.lone]\npath = \"lone\"\n";

/// One project's state: name, what its file says, its last release, its messages from old to new.
type State<'s> = (&'s str, &'s str, Option<&'s str>, &'s [&'s str]);

struct Answer {
    /// `core 0.2.0 minor: feat: x (0000000)`
    targets: Vec<String>,
    goal: Goal,
}

fn answer_with(keys: &str, states: &[State<'_>], is_initial: bool) -> Answer {
    let config: Config = parse(&format!("{keys}{CONFIG}"), "m").unwrap();
    let projects = Projects::from_config(&config, "m").unwrap();
    let rules = ReleaseRules::from_config(&config, "m").unwrap();
    let version = |text: &str| Version::parse_semver(text).unwrap();
    let facts: Vec<_> = states
        .iter()
        .map(|(name, says, released, messages)| Facts {
            unread: UnreadTags::default(),
            project: projects.find(name).unwrap(),
            says: version(says),
            tags: &[],
            released: released.map(|text| (version(text), format!("{name}-v{text}"))),
            commits: messages
                .iter()
                .enumerate()
                .map(|(number, text)| ReadCommit {
                    id: number.to_string().repeat(40),
                    message: Rc::new(Message::read(text, &rules)),
                })
                .rev()
                .collect::<Vec<_>>()
                .leak(),
        })
        .collect();
    let mut goal = Goal::default();
    let decided = decide(&mut goal, &facts, &rules, is_initial, &|_| true);
    let line = |(name, ..): &State<'_>| match decided.get(*name) {
        Some(Target::Decided { to, level, why }) => Some(format!(
            "{name} {} {level}: {}",
            to.to_semver(),
            why.join(", ")
        )),
        _ => None,
    };
    Answer {
        targets: states.iter().filter_map(line).collect(),
        goal,
    }
}

fn targets(states: &[State<'_>]) -> Vec<String> {
    answer_with("", states, false).targets
}

#[test]
fn the_strongest_commits_decide_and_are_named() {
    let released = Some("0.1.0");
    assert_eq!(
        targets(&[(
            "core",
            "0.1.0",
            released,
            &["fix: a", "feat(x): b", "docs: c"]
        )]),
        ["core 0.2.0 minor: feat(x): b (1111111)"]
    );
    assert_eq!(
        targets(&[("core", "0.1.0", released, &["fix: a", "perf: b"])]),
        ["core 0.1.1 patch: perf: b (1111111), fix: a (0000000)"]
    );
    assert_eq!(
        targets(&[("core", "0.1.0", released, &["fix!: a", "feat: b"])]),
        ["core 1.0.0 major: fix!: a (0000000)"]
    );
    assert_eq!(
        targets(&[(
            "core",
            "0.1.0",
            released,
            &["docs: a", "chore: b", "whatever", "unknown: c"]
        )]),
        [""; 0]
    );
    assert_eq!(targets(&[("core", "0.1.0", released, &[])]), [""; 0]);
    assert_eq!(
        targets(&[("core", "0.1.0", released, &["feat: a\n\n* fix!: b"])]),
        ["core 1.0.0 major: fix!: b (0000000)"]
    );
}

#[test]
fn the_count_starts_at_the_release_whatever_the_files_say() {
    let of = |says: &str| targets(&[("core", says, Some("1.2.3"), &["feat: a"])]).join(";");
    assert_eq!(of("1.2.3"), "core 1.3.0 minor: feat: a (0000000)");
    assert_eq!(
        of("1.3.0"),
        "core 1.3.0 minor: feat: a (0000000)",
        "a second run changes nothing"
    );
    assert_eq!(of("1.3.0-rc.1"), "core 1.3.0 minor: feat: a (0000000)");
    assert!(
        of("1.4.0-dev.0")
            .starts_with("core 1.4.0 minor: feat: a (0000000), the files say 1.4.0-dev.0 already"),
        "{}",
        of("1.4.0-dev.0")
    );
    assert!(
        of("2.0.0").starts_with("core 2.0.0 minor: feat: a (0000000), the files say 2.0.0 already"),
        "{}",
        of("2.0.0")
    );
}

#[test]
fn below_one_breaking_is_as_the_configuration_says() {
    let states: [State<'_>; 1] = [("core", "0.8.3", Some("0.8.3"), &["feat!: a"])];
    assert_eq!(targets(&states), ["core 1.0.0 major: feat!: a (0000000)"]);
    let minor = answer_with("[release]\nzero-major = \"minor\"\n", &states, false);
    assert_eq!(minor.targets, ["core 0.9.0 minor: feat!: a (0000000)"]);
}

#[test]
fn release_as_wins_and_the_newest_of_them() {
    let of =
        |messages: &[&str]| answer_with("", &[("core", "1.0.0", Some("1.0.0"), messages)], false);
    assert_eq!(
        of(&["chore: r\n\nRelease-As: 3.0.0", "feat!: b"]).targets,
        ["core 3.0.0 exact: Release-As: 3.0.0 (0000000)"]
    );
    assert_eq!(
        of(&[
            "chore: r\n\nRelease-As: 3.0.0",
            "chore: s\n\nRelease-As: 2.0.0"
        ])
        .targets,
        ["core 2.0.0 exact: Release-As: 2.0.0 (1111111)"]
    );
    for (text, words) in [
        ("next", "next"),
        ("2.0", "2.0"),
        ("2.0.0+x", "no tag may carry build metadata"),
        ("1.0.0", "released as 1.0.0 already"),
        ("0.9.0", "released as 1.0.0 already"),
    ] {
        let wrong = of(&[&format!("chore: r\n\nRelease-As: {text}"), "feat: b"]);
        assert_eq!(wrong.targets, [""; 0]);
        assert!(
            wrong.goal.refused[0].what.contains(words),
            "{}",
            wrong.goal.refused[0].what
        );
    }
}

#[test]
fn dependents_get_a_patch_along_the_chain() {
    let states: [State<'_>; 4] = [
        ("web", "0.1.0", Some("0.1.0"), &["docs: a"]),
        ("api", "0.3.0", Some("0.3.0"), &[]),
        ("core", "0.1.0", Some("0.1.0"), &["feat: x"]),
        ("lone", "0.1.0", Some("0.1.0"), &[]),
    ];
    assert_eq!(
        targets(&states),
        [
            "web 0.1.1 patch: depends on api, which becomes 0.3.1",
            "api 0.3.1 patch: depends on core, which becomes 0.2.0",
            "core 0.2.0 minor: feat: x (0000000)"
        ]
    );
    let own: [State<'_>; 2] = [
        ("api", "0.3.0", Some("0.3.0"), &["feat: y"]),
        ("core", "0.1.0", Some("0.1.0"), &["fix: x"]),
    ];
    assert_eq!(
        targets(&own),
        [
            "api 0.4.0 minor: feat: y (0000000)",
            "core 0.1.1 patch: fix: x (0000000)"
        ],
        "a reason of its own is enough"
    );
    assert_eq!(
        targets(&states[..2]),
        [""; 0],
        "what is not moved by this command moves nobody"
    );
}

#[test]
fn reverts_cancel_and_what_was_released_before_is_a_fix() {
    let of = |messages: &[&str]| targets(&[("core", "1.0.0", Some("1.0.0"), messages)]).join(";");
    assert_eq!(
        of(&[
            "feat: a",
            "Revert \"feat: a\"\n\nThis reverts commit 0000000."
        ]),
        ""
    );
    assert_eq!(
        of(&["Revert \"feat: z\"\n\nThis reverts commit fffffff."]),
        "core 1.0.1 patch: revert: feat: z (0000000)"
    );
    assert_eq!(
        of(&[
            "feat!: a",
            "fix: b",
            "Revert \"feat!: a\"\n\nThis reverts commit 0000000."
        ]),
        "core 1.0.1 patch: fix: b (1111111)"
    );
}

#[test]
fn without_a_release_initial_is_asked_for() {
    let states: [State<'_>; 2] = [
        ("core", "0.1.0", None, &[]),
        ("lone", "0.1.0", Some("0.1.0"), &["fix: a"]),
    ];
    let refused = answer_with("", &states, false).goal.refused;
    assert_eq!(refused.len(), 1);
    assert!(
        refused[0]
            .what
            .starts_with("core has no release that HEAD contains (wanted a tag core-vX.Y.Z)"),
        "{}",
        refused[0].what
    );
    assert!(refused[0].fix.contains("--initial"), "{}", refused[0].fix);
    let first = |says: &str, messages: &[&str]| {
        answer_with("", &[("core", says, None, messages)], true)
            .targets
            .join(";")
    };
    assert_eq!(
        first("0.4.0", &["feat: a"]),
        "core 0.4.0 initial: feat: a (0000000)",
        "the first release is what the files say"
    );
    assert_eq!(
        first("0.4.0-dev.1", &["fix: a"]),
        "core 0.4.0 initial: fix: a (0000000)"
    );
    assert_eq!(
        first("0.0.0", &["feat: a"]),
        "core 0.1.0 initial: feat: a (0000000)",
        "0.0.0 says nothing"
    );
    assert_eq!(
        first("0.1.0", &["feat: a"]),
        "core 0.1.0 initial: feat: a (0000000)",
        "and a second run changes nothing"
    );
    assert_eq!(first("0.4.0", &["docs: a"]), "");
    assert!(answer_with("", &states, true).goal.refused.is_empty());
}

#[test]
fn strict_refuses_what_has_no_form_unless_it_was_reverted() {
    let of = |messages: &[&str]| {
        answer_with(
            "[release]\nnon-conventional = \"strict\"\n",
            &[("core", "1.0.0", Some("1.0.0"), messages)],
            false,
        )
    };
    let refused = of(&["fix: a", "Do it", "Again"]).goal.refused;
    assert!(
        refused[0]
            .what
            .contains("core: Again (2222222) and 1 more is no conventional commit"),
        "{}",
        refused[0].what
    );
    assert!(
        of(&[
            "fix: a",
            "unknown: b",
            "Merge branch 'x'",
            "175 (#3)\n\n* fix: c"
        ])
        .goal
        .refused
        .is_empty()
    );
    assert!(
        of(&["Do it", "Revert \"Do it\"\n\nThis reverts commit 0000000."])
            .goal
            .refused
            .is_empty()
    );
}
