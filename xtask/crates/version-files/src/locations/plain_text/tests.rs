//! VERSION files and patterns.

use monorelease_model::version::Spelling;

use crate::locations::tests::{refusal, sites};
use crate::locations::{Locator, locate};

#[test]
fn a_whole_text_is_the_version() {
    for text in ["1.2.0", "1.2.0\n", "\u{feff}1.2.0\r\n", "\n\n  1.2.0\t\n\n"] {
        assert_eq!(sites(Locator::WholeText, text), ["the version = 1.2.0"]);
    }
    for (text, said) in [
        ("", "the version is missing: the text is empty"),
        (" \n\u{feff}", "cannot be read"),
        ("\u{feff}\n", "the text is empty"),
        (
            "1.2.0\n1.3.0\n",
            "more than one line, and the version may be any of them (line 2)",
        ),
        ("\r\n1.2.0\r\n\r\n# comment", "(line 3)"),
    ] {
        match locate(&Locator::WholeText, text) {
            Err(error) => assert!(error.to_string().contains(said), "{text:?}: {error}"),
            // A mark in the middle is no blank to Rust: it is text, and the caller's reader turns it down.
            Ok(located) => assert!(
                located[0].spelling.read(&located[0].text).is_err(),
                "{text:?}"
            ),
        }
    }
}

#[test]
fn a_place_keeps_the_spelling_it_has() {
    for (text, spelling) in [
        ("1.2.0", Spelling::SemVer),
        ("1.2.0-rc.1", Spelling::SemVer),
        ("1.2.0rc1", Spelling::Pep440),
        ("1.2", Spelling::Pep440),
        ("soon", Spelling::SemVer),
    ] {
        let located = locate(&Locator::WholeText, text).unwrap();
        assert_eq!(located[0].spelling, spelling, "{text}");
        assert_eq!(
            located[0].spelling.read(text).is_ok(),
            text != "soon",
            "{text}"
        );
    }
}

#[test]
fn a_pattern_is_literal_around_the_version() {
    for (pattern, text) in [
        ("release = {version}", "x = 1\nrelease = 1.2.0\n"),
        ("release = {version}", "prerelease = 3\nrelease = 1.2.0"),
        (
            "version '{version}'",
            "\u{feff}ü version '1.2.0' and '1.2.0'",
        ),
        ("v{version}", "prev2 dev3 v1.2.0, _v7"),
        ("at {version}", "It stands at 1.2.0. Really."),
        ("at {version}.", "It stands at 1.2.0. Really."),
        ("x-{version}.tar.gz", "get x-1.2.0.tar.gz\r\n"),
        ("{version}", "only 1.2.0 here"),
        ("{version}/", "a 3.0 1.2.0/x"),
        ("img:{version}@", "img:latest@x img:1.2.0@sha256:00"),
        ("aa{version}", "-aaa1.2.0 -aa1.2.0 aaa"),
        ("(→{version})", "(→1.2.0)"),
        ("\r\n{version}", "x\r\n1.2.0\r\n"),
    ] {
        let key = format!("{pattern} = 1.2.0");
        assert_eq!(sites(Locator::Pattern(pattern), text), [key], "{text}");
    }
}

#[test]
fn a_prerelease_belongs_to_the_version() {
    let pattern = Locator::Pattern("release = {version};");
    let found = sites(pattern, "release = 1.2.0-rc.1+abc;");
    assert_eq!(found, ["release = {version}; = 1.2.0-rc.1+abc"]);
}

#[test]
fn a_v_before_the_version_stays() {
    for text in ["v1.2.0\n", "\u{feff}V1.2.0", " v1.2.0rc1"] {
        let found = sites(Locator::WholeText, text);
        assert_eq!(
            found,
            [format!(
                "the version = {}",
                text.trim_matches(['\u{feff}', ' ', '\n', 'v', 'V'])
            )]
        );
    }
    for (pattern, text) in [
        (
            "release = {version}",
            "release = v1.2.0\nprerelease = v3.0\n",
        ),
        ("{version}", "dev3 only v1.2.0 here"),
        ("img:{version}@", "img:vlatest@ img:v1.2.0@sha256:00"),
        ("x-v{version}", "x-v1.2.0 x-vv1.3.0"),
        ("rev{version}", "revv1.3.0 rev1.2.0"),
    ] {
        assert_eq!(
            sites(Locator::Pattern(pattern), text),
            [format!("{pattern} = 1.2.0")],
            "{text}"
        );
    }
    let error = refusal(Locator::Pattern("r = {version}"), "r = v1.2.0\nr = 1.2.0");
    assert!(error.contains("written 2 times, at lines 1, 2"), "{error}");
    // What begins with a v and is no version is taken as it is, for a name, or for the reader of the version to turn down.
    for text in ["v8", "vision", "v", "v1.x"] {
        assert_eq!(locate(&Locator::WholeText, text).unwrap()[0].text, text);
    }
}

#[test]
fn patterns_that_fit_nothing_or_too_much_are_refused() {
    for (pattern, text, said) in [
        ("release", "release", "`release` has no {version}"),
        ("{version}{version}", "1", "more than one {version}"),
        (
            "r = {version}",
            "s = 1.2.0",
            "r = {version} is missing: no text fits",
        ),
        ("r = {version}", "r = soon", "no text fits"),
        ("r = {version};", "r = 1.2.0", "no text fits"),
        (
            "r = {version}",
            "r = 1.2.0\nr = 1.2.0",
            "written 2 times, at lines 1, 2",
        ),
        ("{version}", "1.2.0 and 3", "written 2 times, at lines 1, 1"),
        ("{version}", "", "no text fits"),
    ] {
        let error = refusal(Locator::Pattern(pattern), text);
        assert!(error.contains(said), "{pattern}: {error}");
    }
    let blob = format!("v{}", "1.".repeat(100_000));
    assert!(locate(&Locator::Pattern("v{version}"), &blob).is_err());
}
