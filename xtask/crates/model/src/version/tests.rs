//! Versions in both spellings: tables of what is read, written and refused, and the laws that hold for all of them.

use proptest::prelude::*;

use super::{LARGEST_NUMBER, Level, Spelling, Version};

fn semver(text: &str) -> Version {
    Version::parse_semver(text).expect(text)
}

fn pep440(text: &str) -> Version {
    Version::parse_pep440(text).expect(text)
}

#[test]
fn pep440_spellings_have_one_canonical_value() {
    for (python, canonical) in [
        ("1.2.0", "1.2.0"),
        ("1.2", "1.2.0"),
        ("1", "1.0.0"),
        ("v1.2", "1.2.0"),
        ("2024.01.05", "2024.1.5"),
        ("0.2.0rc1", "0.2.0-rc.1"),
        ("0.2.0.rc.1", "0.2.0-rc.1"),
        ("0.2.0-RC_1", "0.2.0-rc.1"),
        ("0.2.0c1", "0.2.0-rc.1"),
        ("0.2.0rc", "0.2.0-rc.0"),
        ("0.2.0-rc.1", "0.2.0-rc.1"),
        ("0.2.0a1", "0.2.0-alpha.1"),
        ("0.2.0alpha1", "0.2.0-alpha.1"),
        ("0.2.0b2", "0.2.0-beta.2"),
        ("0.2.0.dev3", "0.2.0-dev.3"),
        ("0.2.0-dev.3", "0.2.0-dev.3"),
        ("0.2.0dev", "0.2.0-dev.0"),
        ("1.2rc10", "1.2.0-rc.10"),
    ] {
        assert_eq!(pep440(python).to_semver(), canonical, "{python}");
    }
}

#[test]
fn what_semver_cannot_say_is_refused_by_name() {
    for (python, named) in [
        ("1!1.2.0", "epoch"),
        ("1.2.0+abc", "local part"),
        ("1.2.0.post1", "post release"),
        ("1.2.0-1", "post release"),
        ("1.2.3.4", "more than three"),
        ("1.2.3.0", "more than three"),
        ("1.2.0rc1.dev2", "development release of a prerelease"),
        ("", "not a PEP 440 version"),
        ("one", "not a PEP 440 version"),
        ("1.2.*", "not a PEP 440 version"),
        ("1.2.0-x", "not a PEP 440 version"),
        ("9007199254740992.0.0", "too large"),
        ("99999999999999999999999.0.0", "not a PEP 440 version"),
    ] {
        let error = Version::parse_pep440(python).expect_err(python).to_string();
        assert!(error.contains(named), "{python}: {error}");
        assert!(error.starts_with(&format!("`{python}` ")), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn semver_is_read_strictly() {
    for text in [
        "v1.2.0", "1.2", "1.2.0rc1", "01.2.0", "1.2.0 ", "", "1.2.0.4",
    ] {
        let error = Version::parse_semver(text).expect_err(text).to_string();
        assert!(error.contains("MAJOR.MINOR.PATCH"), "{text}: {error}");
    }
    assert!(Version::parse_semver(&format!("{LARGEST_NUMBER}.0.0")).is_ok());
    let beyond = format!("0.{}.0", LARGEST_NUMBER + 1);
    let error = Version::parse_semver(&beyond).expect_err("too large");
    assert!(error.to_string().contains("too large"), "{error}");
}

#[test]
fn pep440_is_written_normalised() {
    for (canonical, python) in [
        ("1.2.0", "1.2.0"),
        ("0.2.0-rc.1", "0.2.0rc1"),
        ("0.2.0-alpha.1", "0.2.0a1"),
        ("0.2.0-beta.2", "0.2.0b2"),
        ("0.2.0-dev.3", "0.2.0.dev3"),
    ] {
        assert_eq!(semver(canonical).to_pep440().unwrap(), python);
    }
}

#[test]
fn what_pep440_cannot_say_is_refused_with_what_would_do() {
    for (canonical, wanted) in [
        ("1.2.0+abc", "leave it out"),
        ("1.2.0-rc.1+abc", "leave it out"),
        ("1.2.0-rc1", "write 1.2.0-rc.1"),
        ("1.2.0-RC.1", "write 1.2.0-rc.1"),
        ("1.2.0-rc", "write 1.2.0-rc.0"),
        ("1.2.0-a.7", "write 1.2.0-alpha.7"),
        ("1.2.0-beta-2", "write 1.2.0-beta.2"),
        (
            "1.2.0-rc.1.2",
            "accepted are -alpha.N, -beta.N, -rc.N and -dev.N",
        ),
        ("1.2.0-nightly.3", "accepted are"),
        ("1.2.0-3", "accepted are"),
        ("1.2.0-rc.99999999999999999999999", "accepted are"),
    ] {
        let error = semver(canonical).to_pep440().expect_err(canonical);
        assert_eq!(error.text, canonical);
        assert!(error.to_string().contains(wanted), "{error}");
        if let Some(other) = wanted.strip_prefix("write ") {
            assert!(semver(other).to_pep440().is_ok(), "{other}");
        }
    }
}

#[test]
fn levels_count_as_semver_libraries_do() {
    // from, patch, minor, major
    for (from, patch, minor, major) in [
        ("0.8.0-dev.0", "0.8.0", "0.8.0", "1.0.0"),
        ("1.0.0-rc.1", "1.0.0", "1.0.0", "1.0.0"),
        ("1.2.1-rc.1", "1.2.1", "1.3.0", "2.0.0"),
        ("1.2.0-rc.1", "1.2.0", "1.2.0", "2.0.0"),
        ("1.2.3", "1.2.4", "1.3.0", "2.0.0"),
        ("0.0.0", "0.0.1", "0.1.0", "1.0.0"),
        ("1.2.3+build.5", "1.2.4", "1.3.0", "2.0.0"),
        ("1.0.1-rc.1", "1.0.1", "1.1.0", "2.0.0"),
    ] {
        let from = semver(from);
        assert_eq!(from.bumped(Level::Patch).to_semver(), patch, "{from}");
        assert_eq!(from.bumped(Level::Minor).to_semver(), minor, "{from}");
        assert_eq!(from.bumped(Level::Major).to_semver(), major, "{from}");
    }
    assert_eq!(
        [Level::Minor, Level::Major, Level::Patch].iter().max(),
        Some(&Level::Major)
    );
}

#[test]
fn dev_is_where_the_two_orders_disagree() {
    // The one documented exception to the property below.
    assert!(semver("1.0.0-dev.1") > semver("1.0.0-beta.1"));
    assert!(semver("1.0.0-dev.1") < semver("1.0.0-rc.1"));
    let python = |text: &str| text.parse::<pep440_rs::Version>().unwrap();
    assert!(python("1.0.0.dev1") < python("1.0.0a1"));
    assert!(semver("1.0.0-dev.1").is_ordered_otherwise_by_python(&semver("1.0.0-alpha.1")));
    for other in [
        "1.0.0-rc.1",
        "1.0.0-dev.2",
        "1.0.0",
        "0.9.0-alpha.1",
        "1.0.0-nightly",
    ] {
        assert!(
            !semver("1.0.0-dev.1").is_ordered_otherwise_by_python(&semver(other)),
            "{other}"
        );
    }
}

#[test]
fn a_prerelease_is_told_from_a_release() {
    assert!(semver("1.2.0-rc.1").is_prerelease());
    assert!(!semver("1.2.0+abc").is_prerelease());
}

/// Versions that both spellings can say; `words` are the prereleases to draw from.
fn shared(words: &'static [&'static str]) -> impl Strategy<Value = Version> {
    let number = prop_oneof![0u64..30, 0..=LARGEST_NUMBER];
    let pre = proptest::option::of((proptest::sample::select(words), 0u64..1_000));
    ((number.clone(), number.clone(), number), pre).prop_map(|((major, minor, patch), pre)| {
        let pre = pre.map_or(String::new(), |(word, n)| format!("-{word}.{n}"));
        semver(&format!("{major}.{minor}.{patch}{pre}"))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn spelling_and_reading_give_the_version_back(version in shared(&["alpha", "beta", "rc", "dev"])) {
        for spelling in [Spelling::SemVer, Spelling::Pep440] {
            let text = spelling.spell(&version).unwrap();
            prop_assert_eq!(spelling.read(&text).unwrap(), version.clone());
        }
        // What is written for Python is already what Python's tools would write.
        let python = version.to_pep440().unwrap();
        prop_assert_eq!(python.parse::<pep440_rs::Version>().unwrap().to_string(), python);
    }

    #[test]
    fn both_worlds_order_alike_without_dev(
        a in shared(&["alpha", "beta", "rc"]),
        b in shared(&["alpha", "beta", "rc"]),
    ) {
        let python = |v: &Version| v.to_pep440().unwrap().parse::<pep440_rs::Version>().unwrap();
        prop_assert_eq!(a.cmp(&b), python(&a).cmp(&python(&b)));
    }

    #[test]
    fn prereleases_of_one_version_order_alike(
        a in (proptest::sample::select(&["alpha", "beta", "rc"]), 0u64..200),
        b in (proptest::sample::select(&["alpha", "beta", "rc"]), 0u64..200),
    ) {
        let [a, b] = [a, b].map(|(word, n)| semver(&format!("1.0.0-{word}.{n}")));
        let python = |v: &Version| v.to_pep440().unwrap().parse::<pep440_rs::Version>().unwrap();
        prop_assert_eq!(a.cmp(&b), python(&a).cmp(&python(&b)));
        prop_assert!(a < semver("1.0.0"));
    }

    #[test]
    fn a_bump_goes_forward_and_a_stronger_one_no_less_far(version in shared(&["alpha", "beta", "rc", "dev"])) {
        let [patch, minor, major] = [Level::Patch, Level::Minor, Level::Major].map(|l| version.bumped(l));
        prop_assert!(version < patch && patch <= minor && minor <= major);
        prop_assert!(!patch.is_prerelease() && !minor.is_prerelease() && !major.is_prerelease());
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in "\\PC{0,40}", near in "[0-9v!.+a-z-]{0,24}") {
        for text in [&text, &near] {
            if let Ok(version) = Version::parse_pep440(text) {
                prop_assert_eq!(pep440(&version.to_pep440().unwrap()), version);
            }
            if let Ok(version) = Version::parse_semver(text) {
                prop_assert_eq!(&version.to_semver(), text);
                let _ = version.to_pep440();
            }
        }
    }
}
