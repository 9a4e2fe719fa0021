//! Where requirements move: every shape, the ways back, and what is refused.

use monorelease_model::version::Version;
use proptest::prelude::*;

use super::{EditError, moved};
use crate::requirements::admits::admits;
use crate::requirements::requirement::RequirementKind;
use crate::requirements::requirement::RequirementKind::Cargo;
use crate::requirements::requirement::RequirementKind::Chart;
use crate::requirements::requirement::RequirementKind::Npm;
use crate::requirements::requirement::RequirementKind::Poetry;
use crate::requirements::requirement::RequirementKind::Python;

fn version(text: &str) -> Version {
    Version::parse_semver(text).expect(text)
}

fn to(kind: RequirementKind, requirement: &str, from: &str, to: &str) -> Result<String, EditError> {
    moved(kind, requirement, &version(from), &version(to))
}

/// Each row: kind, requirement, from, to, what it becomes.
type Row = (
    RequirementKind,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

fn all(rows: &[Row]) {
    for (kind, requirement, from, until, wanted) in rows {
        let found = to(*kind, requirement, from, until)
            .unwrap_or_else(|error| panic!("{kind:?} {requirement}: {error}"));
        assert_eq!(found, *wanted, "{kind:?} {requirement} {from} → {until}");
    }
}

/// Rows that also lead back.
fn there_and_back(rows: &[Row]) {
    all(rows);
    let back: Vec<Row> = rows
        .iter()
        .map(|(kind, requirement, from, until, moved)| (*kind, *moved, *until, *from, *requirement))
        .collect();
    all(&back);
}

#[test]
fn cargo_requirements_keep_their_shape() {
    there_and_back(&[
        (Cargo, "0.3", "0.3.0", "0.4.0", "0.4"),
        (Cargo, "0.3.1", "0.3.1", "0.4.0", "0.4.0"),
        (Cargo, "=0.3.1", "0.3.1", "0.4.0", "=0.4.0"),
        (Cargo, "= 0.3.1", "0.3.1", "0.4.0", "= 0.4.0"),
        (Cargo, "~0.3", "0.3.1", "0.4.0", "~0.4"),
        (Cargo, "^1", "1.2.3", "2.0.0", "^2"),
        (Cargo, "1", "1.2.3", "0.4.0", "0"),
        (Cargo, ">=0.3, <0.4", "0.3.0", "0.4.0", ">=0.4, <0.5"),
        (Cargo, "<0.4 , >= 0.3", "0.3.7", "0.4.2", "<0.5 , >= 0.4"),
        (Cargo, "0.3.*", "0.3.0", "0.4.0", "0.4.*"),
        (Cargo, "1.*", "1.0.0", "2.0.0", "2.*"),
        (Cargo, "1.*.*", "1.0.0", "2.0.0", "2.*.*"),
        (Cargo, "=0.3", "0.3.1", "0.4.2", "=0.4"),
        (Cargo, "*", "0.3.0", "0.4.0", "*"),
        (
            Cargo,
            "0.4.0-rc.1",
            "0.4.0-rc.1",
            "0.4.0-rc.2",
            "0.4.0-rc.2",
        ),
        (
            Cargo,
            ">=0.4.0-rc.1, <0.5",
            "0.4.0-rc.1",
            "0.5.0-rc.1",
            ">=0.5.0-rc.1, <0.6",
        ),
    ]);
}

#[test]
fn python_requirements_keep_their_shape() {
    there_and_back(&[
        (Python, ">=0.3,<0.4", "0.3.0", "0.4.0", ">=0.4,<0.5"),
        (
            Python,
            ">= 0.3 , < 0.4.0",
            "0.3.2",
            "0.4.0",
            ">= 0.4 , < 0.5.0",
        ),
        (Python, ">=1.2,<2", "1.2.0", "2.0.0", ">=2.0,<3"),
        (Python, ">=1.2,<2", "1.2.0", "1.3.0", ">=1.3,<2"),
        (Python, ">=0.3,<0.5", "0.3.0", "0.4.0", ">=0.4,<0.6"),
        (Python, ">=0.3,<1.0", "0.3.0", "1.2.0", ">=1.2,<2.0"),
        (
            Python,
            ">=0.3,<0.4.dev0",
            "0.3.0",
            "0.4.0",
            ">=0.4,<0.5.dev0",
        ),
        (Python, "==0.3.0", "0.3.0", "0.4.0", "==0.4.0"),
        (Python, "==0.3.*", "0.3.0", "0.4.2", "==0.4.*"),
        (Python, "==0.3.*", "0.3.0", "0.4.0-rc.1", "==0.4.*"),
        (Python, "===0.3.0", "0.3.0", "0.4.0", "===0.4.0"),
        (Python, "~=0.3.0", "0.3.0", "0.4.0", "~=0.4.0"),
        (Python, "~=0.3", "0.3.0", "1.0.0", "~=1.0"),
        (Python, "~=0.3", "0.3.0", "1.0.0-rc.1", "~=1.0rc1"),
        (Python, ">=0.1.0", "0.1.0", "0.0.5", ">=0.0.5"),
        (Python, ">=0.3", "0.3.0", "0.4.0", ">=0.4"),
        (Python, "<0.4", "0.3.5", "0.4.0", "<0.5"),
        (Python, "<=0.3.1", "0.3.1", "0.4.0", "<=0.4.0"),
        (
            Python,
            ">=0.3,!=0.3.2,<0.4",
            "0.3.0",
            "0.4.0",
            ">=0.4,!=0.3.2,<0.5",
        ),
        (Python, ">0.2,<0.4", "0.3.0", "0.4.0", ">0.2,<0.5"),
        (Python, ">=v0.3", "0.3.0", "0.4.0", ">=v0.4"),
        (Python, "==0.3.0.0", "0.3.0", "0.4.2", "==0.4.2.0"),
        (Python, ">=0.3.1,<0.3.2", "0.3.1", "0.4.0", ">=0.4.0,<0.4.1"),
    ]);
}

#[test]
fn ranges_of_npm_helm_and_poetry_keep_their_shape() {
    there_and_back(&[
        (Npm, "^0.3.0", "0.3.0", "0.4.0", "^0.4.0"),
        (Npm, "0.3.0", "0.3.0", "0.4.0", "0.4.0"),
        (Npm, "v0.3.0", "0.3.0", "0.4.0", "v0.4.0"),
        (Npm, "~1.2", "1.2.0", "1.3.1", "~1.3"),
        (Npm, "1.x", "1.2.0", "2.0.0", "2.x"),
        (Npm, "0.3", "0.3.1", "0.4.2", "0.4"),
        (Npm, ">=0.3  <0.4", "0.3.0", "0.4.0", ">=0.4  <0.5"),
        (
            Npm,
            ">=0.3.0 <0.4.0-0",
            "0.3.0",
            "0.4.0",
            ">=0.4.0 <0.5.0-0",
        ),
        (Npm, "^1 || ^2", "2.1.0", "3.0.0", "^1 || ^3"),
        (Npm, "0.3.0 - 0.3.0", "0.3.0", "0.4.0", "0.4.0 - 0.4.0"),
        (
            Npm,
            "^0.4.0-rc.1",
            "0.4.0-rc.1",
            "0.5.0-rc.1",
            "^0.5.0-rc.1",
        ),
        (Chart, "~0.3.0", "0.3.0", "0.4.0", "~0.4.0"),
        (Chart, ">=0.3, <0.4", "0.3.0", "0.4.0", ">=0.4, <0.5"),
        (
            Chart,
            ">= 0.3.0-0 < 0.4.0-0",
            "0.3.0",
            "0.4.0",
            ">= 0.4.0-0 < 0.5.0-0",
        ),
        (Chart, "~0.3-0", "0.3.0", "0.4.0-rc.1", "~0.4-0"),
        (Python, ">=0.3.dev0", "0.3.0", "0.4.0", ">=0.4.dev0"),
        (Chart, "0.3.x", "0.3.0", "0.4.0", "0.4.x"),
        (Poetry, "^0.3", "0.3.0", "0.4.0", "^0.4"),
        (Poetry, "~1.2", "1.2.0", "1.3.0", "~1.3"),
        (Poetry, "0.3.0", "0.3.0", "0.4.0", "0.4.0"),
        (Poetry, "0.3.*", "0.3.0", "0.4.0", "0.4.*"),
        (Poetry, ">=0.3,<0.4", "0.3.0", "0.4.0", ">=0.4,<0.5"),
        (Poetry, "^0.3 || ^1", "1.0.0", "2.0.0", "^0.3 || ^2"),
    ]);
}

#[test]
fn what_is_written_out_does_not_become_short_again() {
    all(&[
        (Cargo, "0.3", "0.3.0", "0.4.0-rc.1", "0.4.0-rc.1"),
        (Cargo, "0.4.0-rc.1", "0.4.0-rc.1", "0.4.0", "0.4.0"),
        (Cargo, "0.4.0-rc.1", "0.4.0-rc.1", "0.3.0", "0.3.0"),
        (
            Cargo,
            ">=0.3, <0.4",
            "0.3.0",
            "0.4.0-rc.1",
            ">=0.4.0-rc.1, <0.5",
        ),
        (Cargo, "0.3.0", "0.3.0", "0.4.0+build.5", "0.4.0"),
        (
            Python,
            ">=0.3,<0.4",
            "0.3.0",
            "0.4.0-rc.1",
            ">=0.4.0rc1,<0.5",
        ),
        (
            Python,
            ">=0.4.0rc1,<0.5",
            "0.4.0-rc.1",
            "0.4.0",
            ">=0.4.0,<0.5",
        ),
        (
            Python,
            ">=0.4.0rc1,<0.5",
            "0.4.0-rc.1",
            "0.3.0",
            ">=0.3.0,<0.4",
        ),
        (Python, "==0.3", "0.3.0", "0.4.2", "==0.4.2"),
        (Python, "<=0.3", "0.3.0", "0.4.2", "<=0.4.2"),
        (
            Python,
            ">=0.3,<=0.3.1",
            "0.3.1",
            "0.4.0-rc.1",
            ">=0.4.0rc1,<=0.4.0rc1",
        ),
        (Python, "===0.3", "0.3.0", "0.4.0", "===0.4.0"),
        (Python, ">=0.3.0.dev0", "0.3.0-dev.0", "0.4.0", ">=0.4.0"),
        (Cargo, "=0.3.0-0", "0.3.0-0", "0.4.0", "=0.4.0"),
        (Python, ">=0.3.0.post1", "0.3.0", "0.4.0", ">=0.4.0"),
        (Poetry, "^0.3", "0.3.0", "0.4.0-rc.1", "^0.4.0rc1"),
        (Poetry, "0.3", "0.3.0", "0.4.2", "0.4.2"),
        (Npm, "~1", "1.0.0", "2.0.0-rc.1", "~2.0.0-rc.1"),
        (
            Chart,
            ">=0.3, <0.4",
            "0.3.0",
            "0.4.0-rc.1",
            ">=0.4.0-rc.1, <0.5.0-0",
        ),
        (Chart, "^0.3", "0.3.0", "0.4.0-rc.1", "^0.4.0-rc.1"),
    ]);
}

#[test]
fn a_requirement_that_admits_the_version_is_raised_as_far_as_it_is_precise() {
    all(&[
        (Cargo, "0.3", "0.3.0", "0.3.5", "0.3"),
        (Cargo, "0.3.0", "0.3.0", "0.3.5", "0.3.5"),
        (Python, ">=0.3", "0.3.0", "0.4.0", ">=0.4"),
        (Python, ">=0.1,<0.4", "0.3.5", "0.4.0", ">=0.4,<0.5"),
        (Python, ">=0.3,<2", "0.3.0", "0.4.0", ">=0.4,<2"),
        (Python, ">=0.3,<0.4", "0.5.0", "0.6.0", ">=0.6,<0.7"),
        (Python, ">0.2", "0.3.0", "0.4.0", ">0.2"),
        (Python, ">=0.3,<0.4.5", "0.3.0", "0.4.0", ">=0.4,<0.4.5"),
        (Npm, "^0.3 || ^0.4", "0.3.0", "0.4.0", "^0.3 || ^0.4"),
        (Npm, "^0.3 || *", "0.3.0", "0.4.0", "^0.3 || *"),
        (Npm, ">=0.3 <=0.9", "0.3.0", "0.4.0", ">=0.4 <=0.9"),
    ]);
}

#[test]
fn what_cannot_surely_be_moved_is_refused_by_name() {
    let excluded = "what it turns down by `!=` or `>` stays so";
    let shape = "no requirement of the same shape admits it";
    for (kind, requirement, from, until, why) in [
        (Python, ">=0.3,!=0.4.0", "0.3.0", "0.4.0", excluded),
        (Python, ">=0.3,!=0.4.*", "0.3.0", "0.4.0", excluded),
        (Python, ">0.2", "0.3.0", "0.1.0", excluded),
        (Python, ">=0.3,<0.4.5", "0.3.0", "0.5.0", shape),
        (Python, ">=0.3,<=0.3.9", "0.3.0", "0.4.0", shape),
        (
            Python,
            "==1!0.3",
            "0.3.0",
            "0.4.0",
            "`1!0.3` has an epoch, which no version here has",
        ),
        (
            Python,
            "==0.3.0+cu1",
            "0.3.0",
            "0.4.0",
            "`0.3.0+cu1` has a local part, which no version here has",
        ),
        (Cargo, "*", "0.3.0", "0.4.0-rc.1", shape),
        (Cargo, "0.3.*", "0.3.0", "0.4.0-rc.1", shape),
        (Cargo, "=0.3", "0.3.0", "0.4.0-rc.1", shape),
        (Npm, "0.3", "0.3.0", "0.4.0-rc.1", shape),
        (
            Npm,
            "^0.1 || ^0.2",
            "0.3.0",
            "0.4.0",
            "no alternative of it admits 0.3.0, the version before",
        ),
        (Chart, "!=0.4.0, >=0.3", "0.3.0", "0.4.0", excluded),
    ] {
        let error = to(kind, requirement, from, until)
            .expect_err(requirement)
            .to_string();
        let wanted = format!(
            "the requirement `{requirement}` cannot surely be moved to {until}: {why}; write one that admits {until} by hand"
        );
        assert_eq!(error, wanted);
    }
    let error = to(Python, ">=0.3", "0.3.0", "0.4.0-x")
        .expect_err("no PEP 440")
        .to_string();
    assert!(
        error.starts_with("the PEP 440 spelling of 0.4.0-x cannot be read"),
        "{error}"
    );
    let error = to(Cargo, "banana", "0.3.0", "0.4.0")
        .expect_err("banana")
        .to_string();
    assert!(
        error.starts_with("the requirement `banana` cannot be read"),
        "{error}"
    );
}

fn release() -> impl Strategy<Value = [u64; 3]> {
    prop_oneof![
        (0u64..3, 0u64..4, 0u64..4),
        (0u64..100, 0u64..100, 0u64..1000)
    ]
    .prop_map(|(a, b, c)| [a, b, c])
}

fn written([a, b, c]: [u64; 3]) -> String {
    format!("{a}.{b}.{c}")
}

/// A requirement of a common shape around a version, as people write them.
fn shaped(
    kind: RequirementKind,
    shape: usize,
    precision: usize,
    [a, b, c]: [u64; 3],
    blank: &str,
) -> String {
    let numbers = match precision {
        1 => format!("{a}"),
        2 => format!("{a}.{b}"),
        _ => format!("{a}.{b}.{c}"),
    };
    let next = match precision {
        1 => format!("{}", a + 1),
        2 => format!("{a}.{}", b + 1),
        _ => format!("{a}.{}.0", b + 1),
    };
    let comma = if kind == Npm { " " } else { "," };
    let python = kind == Python;
    match shape {
        0 if python => format!("=={blank}{a}.{b}.{c}"),
        0 if kind == Poetry => format!("{a}.{b}.{c}"),
        0 => numbers,
        1 if python && precision == 1 => format!("~={a}.{b}"),
        1 if python => format!("~={numbers}"),
        1 => format!("^{blank}{numbers}"),
        2 if python => format!("==={a}.{b}.{c}"),
        2 => format!("~{blank}{numbers}"),
        3 => format!(">={blank}{numbers}"),
        4 => format!(">={numbers}{comma}{blank}<{next}"),
        5 => format!(">={a}.{b}{comma}<{}", a + 1),
        6 if python => format!("=={a}.*"),
        6 => format!("{a}.*"),
        7 => format!("<{blank}{next}"),
        _ if python => format!(">={numbers},!=10000,<{next}"),
        _ => format!("{blank}{a}.{b}.*"),
    }
}

/// What each of [`KINDS`] may write before numbers, and behind them.
const OPERATORS: [&[&str; 8]; 5] = [
    &["", "^", "~", "=", ">=", "<", ">", "<="],
    &["==", "~=", "!=", ">=", "<", "===", ">", "<="],
    &["", "^", "~", "!=", ">=", "<", "~=", "<="],
    &["", "^", "~", "=", ">=", "<", ">", "<="],
    &["", "^", "~", "!=", ">=", "<", "=>", "<="],
];
const SUFFIXES: [&[&str]; 2] = [
    &["-rc.1", "-0", ".*", ".x"],
    &["rc1", ".dev0", ".*", ".post1"],
];

/// Versions that lie close enough together for bounds to be met.
fn near() -> impl Strategy<Value = [u64; 3]> {
    (0u64..4, 0u64..4, 0u64..4).prop_map(|(a, b, c)| [a, b, c])
}

const KINDS: [RequirementKind; 5] = [Cargo, Python, Poetry, Npm, Chart];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn common_shapes_move_there_and_back(
        kind in 0..5usize, shape in 0..9usize, precision in 1..4usize, a in release(), b in release(), blank in " ?",
    ) {
        let kind = KINDS[kind];
        let requirement = shaped(kind, shape, precision, a, &blank);
        let from = version(&written(a));
        let until = version(&written(b));
        prop_assert!(admits(kind, &requirement, &from).unwrap(), "{}", requirement);
        let there = moved(kind, &requirement, &from, &until).unwrap();
        prop_assert!(admits(kind, &there, &until).unwrap(), "{} {}", requirement, there);
        prop_assert_eq!(&there, &shaped(kind, shape, precision, b, &blank));
        let back = moved(kind, &there, &until, &from).unwrap();
        prop_assert_eq!(back, requirement);
    }

    #[test]
    fn whatever_is_moved_admits_the_version(
        kind in 0..5usize,
        parts in prop::collection::vec((0..OPERATORS[0].len(), "[0-3](\\.[0-3]){0,2}", 0..12usize), 1..4), joint in 0..6usize,
        a in near(), b in near(), prerelease in prop_oneof![3 => Just(String::new()), 1 => "-(alpha|beta|rc|dev)\\.[0-3]"],
    ) {
        let (kind, operators) = (KINDS[kind], OPERATORS[kind]);
        let suffixes = SUFFIXES[usize::from(matches!(kind, Python | Poetry))];
        let parts = parts.iter().map(|(op, numbers, suffix)| format!("{}{numbers}{}", operators[*op], suffixes.get(*suffix).unwrap_or(&"")));
        let several = !matches!(kind, Cargo | Python);
        let joint = if several && joint == 0 { " || " } else if kind == Npm { " " } else { ", " };
        let requirement = parts.collect::<Vec<_>>().join(joint);
        let from = version(&written(a));
        let until = version(&format!("{}{prerelease}", written(b)));
        if let Ok(text) = moved(kind, &requirement, &from, &until) {
            prop_assert!(admits(kind, &text, &until).unwrap(), "{} → {}", requirement, text);
            // Moved to where the package is, it settles: what is written out is written out once.
            let settled = moved(kind, &text, &until, &until).unwrap();
            prop_assert_eq!(moved(kind, &settled, &until, &until).unwrap(), settled);
        }
    }

    #[test]
    fn no_requirement_makes_the_mover_panic(text in "(\\PC|[ ,|<>=~^!*xXv.0-9a+-]){0,24}", huge in "[<>=^~]{1,2}[0-9]{1,21}(\\.[0-9]{15,21}){0,3}") {
        let until = Version::parse_semver("1.9007199254740991.3-rc.1").unwrap();
        for kind in KINDS {
            for text in [&text, &huge, &format!(">=0.1,{huge}")] {
                let _ = moved(kind, text, &version("0.1.0"), &until);
            }
        }
    }
}
