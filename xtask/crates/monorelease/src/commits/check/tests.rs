use super::*;
use crate::config::parse;
use crate::project::Projects;

const CONFIG: &str = "[release]\nscopes = [\"deps\"]\ntypes = { security = { level = \"patch\" } }\n\
                      [projects.core]\npath = \"libs/core-store\"\n[projects.api]\npath = \"api\"\n";

fn with_gate<R>(ask: impl Fn(&Gate<'_>) -> R) -> R {
    let config = parse(CONFIG, "m").unwrap();
    let rules = ReleaseRules::from_config(&config, "m").unwrap();
    let projects = Projects::from_config(&config, "m").unwrap();
    ask(&Gate::new(&rules, &projects.all))
}

#[test]
fn the_conventional_form_passes() {
    for title in [
        "feat: add x",
        "fix(core): y",
        "fix(core-store): y",
        "chore(deps)!: z",
        "security: close a hole",
        "feat(core,api): both",
        "feat(core, api): both",
        "Revert \"anything\"",
        "Reapply \"anything\" (#3)",
        "fix: # ü 日本 : (x)",
        "feat: add x (#12)",
        // As this program writes it itself.
        "chore(release): core 0.2.0",
    ] {
        assert_eq!(with_gate(|gate| gate.title(title)), None, "{title}");
    }
}

#[test]
fn what_does_not_pass_is_told_with_the_line_that_would() {
    for (title, what, corrected) in [
        ("Add a thing", "no conventional form", "feat: add a thing"),
        ("Fix it", "no conventional form", "fix: fix it"),
        (
            "README is new",
            "no conventional form",
            "chore: README is new",
        ),
        ("feat:x", "no conventional form", "feat: x"),
        ("feat:  x", "no conventional form", "feat: x"),
        ("feat : x", "no conventional form", "feat: x"),
        ("Feat: x", "no conventional form", "feat: x"),
        ("FIX(Core): x", "no conventional form", "fix(core): x"),
        ("fix [core]: x", "no conventional form", "fix(core): x"),
        ("feat!(core): x", "no conventional form", "feat(core)!: x"),
        ("feat(): x", "no conventional form", "feat: x"),
        ("feat:", "no conventional form", "feat: say what changes"),
        ("", "no conventional form", "chore: say what changes"),
        (
            "feature: x",
            "has type \"feature\", which is none of security, feat, fix",
            "feat: x",
        ),
        ("bugfix(api): x", "has type \"bugfix\"", "fix(api): x"),
        ("secrity: x", "has type \"secrity\"", "security: x"),
        ("wip: x", "has type \"wip\"", "chore: x"),
        (
            "fix(cor): x",
            "has scope \"cor\", which is none of core, core-store, api, deps",
            "fix(core): x",
        ),
        ("fix(core,zzz)!: x", "has scope \"zzz\"", "fix(core)!: x"),
        ("fixup! feat: x", "no conventional form", "feat: x"),
        (
            "\u{2728} feat: x",
            "no conventional form",
            "chore: \u{2728} feat: x",
        ),
        ("  feat: x", "no conventional form", "feat: x"),
    ] {
        let found = with_gate(|gate| gate.title(title)).unwrap_or_else(|| panic!("{title} passes"));
        assert!(found.what.contains(what), "{title}: {}", found.what);
        assert_eq!(found.corrected, corrected, "{title}");
        assert_eq!(
            with_gate(|gate| gate.title(&found.corrected)),
            None,
            "the corrected line passes: {corrected}"
        );
    }
}

#[test]
fn a_star_allows_every_scope() {
    let config = parse(&CONFIG.replace("\"deps\"", "\"*\""), "m").unwrap();
    let rules = ReleaseRules::from_config(&config, "m").unwrap();
    let projects = Projects::from_config(&config, "m").unwrap();
    let gate = Gate::new(&rules, &projects.all);
    assert_eq!(gate.title("fix(anything, else): x"), None);
    assert_eq!(gate.title("Fix(any): x").unwrap().corrected, "fix(any): x");
    assert_eq!(
        gate.title("fix: a\nb").unwrap().corrected,
        "fix: a b",
        "a title is one line"
    );
    assert_eq!(
        gate.title("wip(any): x").unwrap().corrected,
        "chore(any): x"
    );
}

#[test]
fn a_footer_that_marks_nothing_is_told() {
    let of = |message: &str| {
        with_gate(|gate| gate.message(message))
            .into_iter()
            .map(|wrong| wrong.corrected)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        of("feat: x\n\nBREAKING CHANGE: y\nBREAKING-CHANGE: z\n\nbreaking changes are none"),
        [""; 0]
    );
    assert_eq!(
        of("feat: x\n\nBREAKING CHANGES: y\nBreaking change: z"),
        ["BREAKING CHANGE: y", "BREAKING CHANGE: z"]
    );
    assert_eq!(
        of(
            "feat: x\n\n**BREAKING CHANGE:** y\n- **Breaking change**: z\n### BREAKING CHANGE\n\n__BREAKING CHANGES__\n"
        ),
        [
            "BREAKING CHANGE: y",
            "BREAKING CHANGE: z",
            "BREAKING CHANGE: what breaks, and what to do",
            "BREAKING CHANGE: what breaks, and what to do"
        ]
    );
    assert_eq!(
        of("feat: x\n\nRelease-As: 2.0.0\nrelease-as: v2.0.0-rc.1\nRelease-As it is"),
        [""; 0]
    );
    assert_eq!(
        of("feat: x\n\nRelease-As: 2.0\nRelease-As: 2.0.0+x\nRelease-As: soon"),
        ["Release-As: 1.2.3"; 3]
    );
    assert_eq!(of("\n\nWords\r\n\r\nbody"), ["chore: words"]);
    assert_eq!(of(""), ["chore: say what changes"]);
}

proptest::proptest! {
    #[test]
    fn every_corrected_line_passes(title in "\\PC{0,30}|[a-zA-Z]{1,8}[ !(\\[]{0,2}[a-z,]{0,6}[)\\] !]{0,2}:? ?[a-zA-Z :(!]{0,12}") {
        if let Some(wrong) = with_gate(|gate| gate.title(&title)) {
            proptest::prop_assert_eq!(with_gate(|gate| gate.title(&wrong.corrected)), None, "{:?}", wrong.corrected);
        }
    }
}

#[test]
fn what_a_forge_writes_before_a_title_is_read_as_bump_auto_reads_it() {
    let corrected = |title: &str| with_gate(|gate| gate.title(title)).map(|wrong| wrong.corrected);
    assert_eq!(corrected("Merged PR 12: feat: x"), None);
    assert_eq!(corrected("Pull request #12: fix: x"), None);
    assert_eq!(corrected("Merge branch 'main' into x"), None);
    assert_eq!(
        corrected("Merged PR 12: Feature: x").as_deref(),
        Some("Merged PR 12: feat: x")
    );
    assert_eq!(
        corrected("Merged PR 12: add x").as_deref(),
        Some("Merged PR 12: feat: add x")
    );
    let of_body = |message: &str| {
        let found = with_gate(|gate| gate.message(message));
        found
            .into_iter()
            .map(|wrong| wrong.corrected)
            .collect::<Vec<_>>()
    };
    assert_eq!(of_body("Merged in x (pull request #3)\n\nfeat: x"), [""; 0]);
    assert_eq!(
        of_body("Merged in x (pull request #3)\n\nadd x"),
        ["feat: add x"]
    );
}
