//! What requirements admit. The tables say what Cargo 1.95, Python's `packaging`, node-semver 7 and poetry-core 2 answer to
//! the same questions; the one for Helm follows the source of Masterminds/semver 3.4, which was read and not run.

use monorelease_model::version::Version;
use monorelease_text_edits::error::EditError;
use proptest::prelude::*;

use super::{admits, is_same};
use crate::requirements::requirement::RequirementKind;

fn asked(kind: RequirementKind, requirement: &str, version: &str) -> Result<bool, EditError> {
    admits(
        kind,
        requirement,
        &Version::parse_semver(version).expect(version),
    )
}

#[test]
fn cargo_requirements_admit_what_cargo_resolves() {
    for (requirement, version, wanted) in [
        (">=1.1.2-rc.0, ~1", "1.1.2-rc.0", false),
        ("0.1.0", "0.1.0", true),
        ("0.1.0", "0.1.9", true),
        ("0.1.0", "0.2.0", false),
        ("0.1", "0.1.7", true),
        ("0", "0.9.0", true),
        ("1.2.0", "1.9.0", true),
        ("1.2.0", "2.0.0", false),
        ("1.2.0", "1.1.9", false),
        ("=0.1.0", "0.1.1", false),
        ("~1.2", "1.2.9", true),
        ("~1.2", "1.3.0", false),
        (">=0.3, <0.4", "0.3.5", true),
        (">=0.3,<0.4", "0.4.0", false),
        ("0.1.*", "0.1.4", true),
        ("*", "7.0.0", true),
        ("*", "0.2.0-rc.1", false),
        (" 0.1.0 ", "0.1.0", true),
        ("0.1.0", "0.1.0+build.5", true),
        ("0.1.0", "0.1.1-rc.1", false),
        (">=0.1", "0.2.0-rc.1", false),
        ("0.2.0-rc.1", "0.2.0-rc.2", true),
        ("0.2.0-rc.1", "0.2.0", true),
        ("0.2.0-rc.1", "0.2.1-rc.1", false),
    ] {
        assert_eq!(
            asked(RequirementKind::Cargo, requirement, version),
            Ok(wanted),
            "{requirement} {version}"
        );
    }
}

#[test]
fn python_requirements_admit_what_pep_440_says() {
    for (requirement, version, wanted) in [
        (">=0.1.0", "0.1.0", true),
        (">=0.1.0", "0.2.0", true),
        (">=0.3,<0.4", "0.3.9", true),
        (">=0.3, <0.4", "0.4.0", false),
        (">= 0.3 , < 0.4", "0.3.0", true),
        ("==0.1.0", "0.1.0", true),
        ("==0.1", "0.1.0", true),
        ("==0.1.*", "0.1.7", true),
        ("==0.1.*", "0.2.0", false),
        ("~=0.1.0", "0.1.5", true),
        ("~=0.1.0", "0.2.0", false),
        ("~=1.1", "1.9.0", true),
        ("!=0.2.0", "0.2.0", false),
        ("===0.1.0", "0.1.0", true),
        (">0.1.0", "0.1.0", false),
        ("<0.2", "0.2.0-rc.1", false),
        (">=0.1", "0.2.0-rc.1", true),
        (">=0.2.0rc1", "0.2.0", true),
        ("<=0.2.0rc1", "0.2.0-rc.2", false),
        ("==0.2.0rc1", "0.2.0-rc.1", true),
        (">=0.2.0.dev3", "0.2.0-alpha.1", true),
    ] {
        assert_eq!(
            asked(RequirementKind::Python, requirement, version),
            Ok(wanted),
            "{requirement} {version}"
        );
    }
}

#[test]
fn what_cannot_be_judged_is_named_in_one_line() {
    use RequirementKind::{Cargo, Chart, Npm, Poetry, Python};
    for (kind, requirement, version, wanted) in [
        (
            Cargo,
            "banana",
            "0.1.0",
            "the requirement `banana` cannot be read: ",
        ),
        (Cargo, "", "0.1.0", "the requirement `` cannot be read: "),
        (
            Cargo,
            ">=0.3 <0.4",
            "0.3.0",
            "the requirement `>=0.3 <0.4` cannot be read: ",
        ),
        (
            Python,
            ">=banana",
            "0.1.0",
            "the requirement `>=banana` cannot be read: ",
        ),
        (
            Python,
            "0.1.0",
            "0.1.0",
            "the requirement `0.1.0` cannot be read: ",
        ),
        (
            Python,
            "~=1",
            "1.0.0",
            "the requirement `~=1` cannot be read: ",
        ),
        (
            Poetry,
            "^banana",
            "0.1.0",
            "the requirement `^banana` cannot be read: `banana` is not a version",
        ),
        (
            Poetry,
            "^1.*",
            "0.1.0",
            "the requirement `^1.*` cannot be read: `1.*` stands behind an operator that takes no wildcard",
        ),
        (
            Poetry,
            "^1 || 1.x",
            "1.2.0",
            "the requirement `^1 || 1.x` cannot be read: ",
        ),
        (
            Poetry,
            "^18446744073709551615",
            "0.1.0",
            "the requirement `^18446744073709551615` cannot be read: the number ",
        ),
        (
            Npm,
            "latest",
            "0.1.0",
            "the requirement `latest` cannot be read: `latest` is not a version",
        ),
        (
            Npm,
            "^1.2.3.4",
            "0.1.0",
            "the requirement `^1.2.3.4` cannot be read: `1.2.3.4` has more than three parts",
        ),
        (
            Npm,
            "1.*.3",
            "0.1.0",
            "the requirement `1.*.3` cannot be read: a number stands behind a wildcard in `1.*.3`",
        ),
        (
            Npm,
            "1.2.03",
            "0.1.0",
            "the requirement `1.2.03` cannot be read: `03` begins with a zero",
        ),
        (
            Npm,
            "1.2-rc.1",
            "0.1.0",
            "the requirement `1.2-rc.1` cannot be read: `1.2-rc.1` is not a version",
        ),
        (
            Npm,
            ">=0.3, <0.4",
            "0.1.0",
            "the requirement `>=0.3, <0.4` cannot be read: `, <0.4` follows without a separator",
        ),
        (
            Chart,
            ">=0.3,",
            "0.1.0",
            "the requirement `>=0.3,` cannot be read: nothing stands behind a comma",
        ),
        (
            Chart,
            "",
            "0.1.0",
            "the requirement `` cannot be read: an alternative of it is empty",
        ),
        (
            Chart,
            "^1 || ",
            "0.1.0",
            "the requirement `^1 || ` cannot be read: an alternative of it is empty",
        ),
        (
            Chart,
            "1.2.3 - ^2",
            "0.1.0",
            "the requirement `1.2.3 - ^2` cannot be read: an operator stands in a range with a hyphen",
        ),
        (
            Poetry,
            "^0.1",
            "0.2.0-x.1",
            "the PEP 440 spelling of 0.2.0-x.1 cannot be read: `0.2.0-x.1` has no PEP 440 spelling",
        ),
        (
            Python,
            ">=0.1",
            "0.2.0-x.1",
            "the PEP 440 spelling of 0.2.0-x.1 cannot be read: `0.2.0-x.1` has no PEP 440 spelling",
        ),
        (
            Python,
            ">=0.1",
            "0.2.0+b",
            "the PEP 440 spelling of 0.2.0+b cannot be read: `0.2.0+b` has no PEP 440 spelling",
        ),
    ] {
        let error = asked(kind, requirement, version)
            .expect_err(requirement)
            .to_string();
        assert!(error.starts_with(wanted), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        let (fault, mended_by) = error.rsplit_once("; ").expect(&error);
        assert!(!fault.ends_with(':') && !mended_by.is_empty(), "{error}");
    }
}

#[test]
fn npm_ranges_admit_what_npm_installs() {
    for (requirement, version, wanted) in [
        (">=1.1.2-rc.0 ~1", "1.1.2-rc.0", true),
        ("1.2.3", "1.2.3", true),
        ("1.2.3", "1.2.4", false),
        ("=1.2.3", "1.2.3+build", true),
        ("v1.2.3", "1.2.3", true),
        ("1.2", "1.2.9", true),
        ("1.2.x", "1.3.0", false),
        ("1.x", "1.9.0", true),
        ("1.X.X", "2.0.0", false),
        ("*", "7.0.0", true),
        ("*", "7.0.0-rc.1", false),
        ("", "7.0.0", true),
        ("^1.2.3", "1.9.0", true),
        ("^1.2.3", "1.2.2", false),
        ("^1.2.3", "2.0.0", false),
        ("^0.2.3", "0.2.9", true),
        ("^0.2.3", "0.3.0", false),
        ("^0.0.3", "0.0.4", false),
        ("^0.0", "0.0.9", true),
        ("^0.0", "0.1.0", false),
        ("^0", "0.9.0", true),
        ("^0.x", "1.0.0", false),
        ("~1.2.3", "1.2.9", true),
        ("~1.2.3", "1.3.0", false),
        ("~>1", "1.9.0", true),
        ("~0.0.0", "0.1.0", false),
        (">=0.3 <0.4", "0.3.9", true),
        (">=0.3 <0.4", "0.4.0", false),
        (">= 0.3  < 0.4", "0.3.0", true),
        (">1", "1.9.0", false),
        (">1", "2.0.0", true),
        (">1.2.3", "1.2.3", false),
        ("<=1.2", "1.2.9", true),
        ("<=1.2.3", "1.2.4", false),
        ("<1.2", "1.1.9", true),
        ("1.2.3 - 2.3", "2.3.9", true),
        ("1.2 - 2.3.4", "2.3.5", false),
        ("1.2 - 2.3.4", "1.2.0", true),
        ("^1 || ^3", "3.1.0", true),
        ("^1||^3", "2.0.0", false),
        ("^1.2.3", "1.3.0-rc.1", false),
        ("^1.2.3-rc.1", "1.2.3-rc.2", true),
        ("^1.2.3-rc.1", "1.2.4-rc.1", false),
        (">=1.2.3-rc.1 <2", "1.2.3-rc.1", true),
        (">=1.0.0 <2.0.0", "2.0.0-rc.1", false),
    ] {
        assert_eq!(
            asked(RequirementKind::Npm, requirement, version),
            Ok(wanted),
            "{requirement} {version}"
        );
    }
}

#[test]
fn chart_ranges_admit_what_helm_takes() {
    for (requirement, version, wanted) in [
        ("1.2.3", "1.2.3", true),
        ("1.2.3", "1.2.4", false),
        ("1.2", "1.2.9", true),
        ("~1.2.3", "1.2.9", true),
        ("^0.3", "0.3.9", true),
        ("^0.3", "0.4.0", false),
        (">=0.3, <0.4", "0.3.9", true),
        (">= 0.3 < 0.4", "0.4.0", false),
        ("=>0.3,=<0.4", "0.4.9", true),
        ("!=0.3.1", "0.3.1", false),
        ("!=0.3.x, >=0.2", "0.3.5", false),
        ("!=0.3.x, >=0.2", "0.4.0", true),
        ("0.3.0 - 0.4.0", "0.4.0", true),
        ("^1 || 3.*", "3.1.0", true),
        (">*", "1.0.0", true),
        ("!=*", "1.0.0", true),
        ("~0.0.0", "1.2.3", true),
        (">=0.3", "0.4.0-rc.1", false),
        (">=0.3.0-0", "0.4.0-rc.1", true),
        ("~0.4-0", "0.4.0-rc.1", true),
        (">=0.3.0-0, <0.5", "0.4.0-rc.1", false),
        (">=0.3.0-0, <0.5.0-0", "0.4.0-rc.1", true),
        ("^1.0.0-0", "2.0.0-rc.1", false),
    ] {
        assert_eq!(
            asked(RequirementKind::Chart, requirement, version),
            Ok(wanted),
            "{requirement} {version}"
        );
    }
}

#[test]
fn poetry_requirements_admit_what_poetry_says() {
    for (requirement, version, wanted) in [
        ("^1.2.3", "1.9.0", true),
        ("^1.2.3", "2.0.0", false),
        ("^0.3", "0.3.9", true),
        ("^0.3", "0.4.0", false),
        ("^0.3", "0.4.0-rc.1", false),
        ("^0.0.3", "0.0.4", false),
        ("^0", "0.9.0", true),
        ("~1.2.3", "1.2.9", true),
        ("~1.2", "1.3.0", false),
        ("~1", "1.9.0", true),
        ("1.2.3", "1.2.4", false),
        ("1.2", "1.2.0", true),
        ("1.2", "1.2.1", false),
        ("1.2.*", "1.2.9", true),
        ("== 1.2.*", "1.3.0", false),
        ("!=1.2.*", "1.2.9", false),
        ("*", "7.0.0", true),
        (">=0.3,<0.4", "0.3.9", true),
        (">=0.3 <0.4", "0.4.0", false),
        (">= 0.3, < 0.4", "0.3.0", true),
        ("~=0.3.0", "0.3.9", true),
        ("~=1", "1.9.0", true),
        ("~=1", "2.0.0", false),
        ("^1 || ^3", "3.1.0", true),
        ("^1|^3", "2.0.0", false),
        ("<>1.0.0", "1.0.0", false),
        ("^0.4.0rc1", "0.4.0-rc.1", true),
    ] {
        assert_eq!(
            asked(RequirementKind::Poetry, requirement, version),
            Ok(wanted),
            "{requirement} {version}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Where npm and Cargo mean the same they say the same, and Cargo's crate is somebody else's reading.
    #[test]
    fn npm_and_cargo_agree_where_they_write_alike(
        comparators in prop::collection::vec(("(>=|<=|>|<|~|\\^|=)", "[0-2](\\.[0-2](\\.[0-2](-(rc|0)\\.[0-2])?)?)?"), 1..3),
        version in "[0-2]\\.[0-2]\\.[0-2](-(rc|0)\\.[0-2])?",
    ) {
        // Of a prerelease and `~1` they mean different things: Cargo's says of 1.1.2-rc.0 that it is older than 1, npm's fills up
        // to 1.0.0. `<1` and `>1` are read alike.
        let is_partial = |(op, version): &(String, String)| !matches!(op.as_str(), "<" | ">") && version.matches('.').count() < 2;
        let said: Vec<String> = comparators.iter().map(|(op, version)| format!("{op}{version}")).collect();
        let cargo = asked(RequirementKind::Cargo, &said.join(", "), &version);
        if !version.contains('-') || !comparators.iter().any(is_partial) {
            prop_assert_eq!(asked(RequirementKind::Npm, &said.join(" "), &version), cargo.clone());
        }
        // To Masterminds/semver `~0.0.0` is `>=0.0.0`.
        if !version.contains('-') && !said.iter().any(|one| one.starts_with("~0.0.0")) {
            prop_assert_eq!(asked(RequirementKind::Chart, &said.join(", "), &version), cargo);
        }
    }

    /// `nodejs-semver` is somebody else's reading of npm's rules. It takes a comparator without a match, such as `>1` beside
    /// `<=1`, for no comparator at all, so that none of those are asked.
    #[test]
    fn npm_ranges_admit_what_nodejs_semver_admits(
        alternatives in prop::collection::vec(
            "(>=|<=|>|<|~|\\^|=|)[0-2](\\.([0-2]|x)|\\.[0-2]\\.([0-2]|x)|\\.[0-2]\\.[0-2](-(rc|0)\\.[0-2])?)?|(>=|>)[0-2]\\.[0-2](\\.[0-2](-rc\\.[0-2])?)? <(=?)[3-4](\\.0)?",
            1..3,
        ),
        version in "[0-4]\\.[0-2]\\.[0-2](-(rc|0)\\.[0-2])?",
    ) {
        let range = alternatives.join(" || ");
        let theirs = nodejs_semver::Range::parse(&range).expect(&range);
        let theirs = theirs.satisfies(&nodejs_semver::Version::parse(&version).expect(&version));
        prop_assert_eq!(asked(RequirementKind::Npm, &range, &version), Ok(theirs), "{} {}", range, version);
    }

    #[test]
    fn no_requirement_makes_the_judge_panic(
        requirement in "(\\PC|[ ,|<>=~^!*xXv.0-9a+-]){0,24}",
        near in "((>=|<=|>|<|~|\\^|=|!|,|\\|\\|| - |v|\\.\\*|-rc\\.1|[0-9]{1,21}|\\.| |é)){0,12}",
    ) {
        for requirement in [requirement, near] {
            for kind in [RequirementKind::Cargo, RequirementKind::Python, RequirementKind::Poetry, RequirementKind::Npm, RequirementKind::Chart] {
                let _ = asked(kind, &requirement, "1.2.3-rc.1");
            }
        }
    }
}

#[test]
fn one_requirement_may_be_written_in_two_orders() {
    for (kind, one, other, same) in [
        (RequirementKind::Python, ">=0.3,<0.4", "<0.4, >=0.3", true),
        (RequirementKind::Python, ">=0.3,<0.4", ">=0.3", false),
        (RequirementKind::Python, "what", "whatever", false),
        (RequirementKind::Npm, "^0.3.0", "^0.3.0", true),
        (RequirementKind::Npm, "^0.3.0", "^0.3", false),
    ] {
        assert_eq!(is_same(kind, one, other), same, "{one} and {other}");
    }
}
