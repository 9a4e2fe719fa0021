//! What a requirement is taken apart into, and that every place is the place of what it says.

use proptest::prelude::*;

use super::{Op, parse};
use crate::requirements::requirement::RequirementKind;

/// Each comparator as operator, numbers with wildcards, and suffix.
fn parts(kind: RequirementKind, text: &str) -> Vec<Vec<(Op, String, String)>> {
    let alternatives = parse(kind, text).expect(text);
    let shown = |c: &super::Comparator| {
        (
            c.op,
            format!("{}{}", &text[c.digits.clone()], "*".repeat(c.wildcards)),
            c.suffix.clone(),
        )
    };
    alternatives
        .iter()
        .map(|comparators| comparators.iter().map(shown).collect())
        .collect()
}

#[test]
fn operators_numbers_wildcards_and_suffixes_are_told_apart() {
    use RequirementKind::{Cargo, Chart, Npm, Poetry, Python};
    let one = |op, numbers: &str, suffix: &str| (op, numbers.to_owned(), suffix.to_owned());
    for (kind, text, wanted) in [
        (Cargo, "0.3", vec![vec![one(Op::Bare, "0.3", "")]]),
        (
            Cargo,
            " >= 0.3 ,< 0.4.0-rc.1+b",
            vec![vec![
                one(Op::GreaterEqual, "0.3", ""),
                one(Op::Less, "0.4.0", "-rc.1+b"),
            ]],
        ),
        (Cargo, "1.*", vec![vec![one(Op::Bare, "1*", "")]]),
        (
            Python,
            "===0.3.0.post1,!=1!2.0",
            vec![vec![
                one(Op::Identical, "0.3.0", ".post1"),
                one(Op::NotEqual, "1", "!2.0"),
            ]],
        ),
        (
            Python,
            "~=v0.4rc1",
            vec![vec![one(Op::Compatible, "0.4", "rc1")]],
        ),
        (
            Poetry,
            "^0.3|~1",
            vec![
                vec![one(Op::Caret, "0.3", "")],
                vec![one(Op::Tilde, "1", "")],
            ],
        ),
        (
            Npm,
            "1.2 - 2.x",
            vec![vec![
                one(Op::GreaterEqual, "1.2", ""),
                one(Op::LessEqual, "2*", ""),
            ]],
        ),
        (
            Npm,
            "^1.x.X||",
            vec![vec![one(Op::Caret, "1**", "")], vec![]],
        ),
        (
            Chart,
            "~>1.2-0, != *",
            vec![vec![
                one(Op::Tilde, "1.2", "-0"),
                one(Op::NotEqual, "*", ""),
            ]],
        ),
    ] {
        assert_eq!(parts(kind, text), wanted, "{text}");
    }
}

proptest! {
    #[test]
    fn places_are_in_order_and_hold_what_they_say(
        text in "((>=|<=|>|<|~|\\^|=|,| |\\|\\|| - |v|\\.\\*|-rc\\.1|[0-9]{1,3}|\\.)){0,12}",
    ) {
        for kind in [RequirementKind::Cargo, RequirementKind::Python, RequirementKind::Poetry, RequirementKind::Npm, RequirementKind::Chart] {
            let mut before = 0;
            for comparator in parse(kind, &text).unwrap_or_default().iter().flatten() {
                prop_assert!(before <= comparator.version.start && comparator.version.start == comparator.digits.start);
                prop_assert!(comparator.digits.end <= comparator.version.end);
                let read: Vec<u64> = text[comparator.digits.clone()].split('.').filter_map(|number| number.parse().ok()).collect();
                prop_assert_eq!(&read, &comparator.numbers);
                prop_assert!(text[comparator.version.clone()].ends_with(&comparator.suffix));
                before = comparator.version.end;
            }
        }
    }
}
