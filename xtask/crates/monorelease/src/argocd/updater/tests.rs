//! Which tag is taken: vectors of argocd-image-updater's `version_test.go` and documentation, and of tags as releases here make them.

use super::*;

fn settings(strategy: Strategy, constraint: &str, allow: &str, ignore: &[&str]) -> Settings {
    let ignore = ignore.iter().map(|pattern| (*pattern).to_owned()).collect();
    Settings {
        strategy,
        constraint: constraint.to_owned(),
        allow: Allow::of(allow).unwrap_or(Allow::None),
        ignore,
    }
}

fn pick(settings: &Settings, tags: &[&str], old: bool) -> Option<String> {
    let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
    // The later in the list, the younger.
    let dates = tags
        .iter()
        .enumerate()
        .map(|(place, tag)| (tag.clone(), format!("2026-01-{place:02}T00:00:00Z")))
        .collect();
    match settings.pick(&tags, &dates, old) {
        Pick::Tag(tag) => Some(tag),
        Pick::Nothing => None,
        Pick::Unknown(why) => Some(format!("? {why}")),
    }
}

#[test]
fn the_tag_is_taken_that_the_updater_would_take() {
    use Strategy::{Alphabetical, Digest, NewestBuild, SemVer};
    const PLAIN: &[&str] = &["0.1", "0.5.1", "0.9", "1.0", "1.0.1", "1.1.2", "2.0.3"];
    const LETTERS: &[&str] = &["zz", "bb", "cc", "yy", "aa", "ll"];
    const BUILDS: &[&str] = &[
        "2025.10.25.1430-build.123-v0.1.0-abc1234-amd64",
        "0.1.0-amd64",
        "0.1.0-arm64",
        "0.1.0",
        "0.1",
        "latest",
    ];
    const RELEASES: &str = r"regexp:^[0-9]+\.[0-9]+\.[0-9]+$";
    const OF_SEED: &str = r"regexp:^v[0-9]+\.[0-9]+\.[0-9]+$";
    for (from, strategy, constraint, allow, ignore, tags, wanted) in [
        (
            "version_test.go: without any constraint",
            SemVer,
            "",
            "",
            &[][..],
            PLAIN,
            Some("2.0.3"),
        ),
        (
            "version_test.go: semver constraint on major",
            SemVer,
            "^1.0",
            "",
            &[],
            PLAIN,
            Some("1.1.2"),
        ),
        (
            "version_test.go: semver constraint on patch",
            SemVer,
            "~1.0",
            "",
            &[],
            PLAIN,
            Some("1.0.1"),
        ),
        (
            "version_test.go: excludes pre-release versions",
            SemVer,
            "",
            "",
            &[],
            &["v2.2.0", "v2.3.0-rc.0.18.g1abb7b5dd-ppc64le"],
            Some("v2.2.0"),
        ),
        (
            "version_test.go: constraint that has no match",
            SemVer,
            "~1.0",
            "",
            &[],
            &["0.1", "0.5.1", "0.9", "2.0.3"],
            None,
        ),
        (
            "version_test.go: no tags",
            SemVer,
            "~1.0",
            "",
            &[],
            &[],
            None,
        ),
        (
            "version_test.go: latest sortmode",
            NewestBuild,
            "",
            "",
            &[],
            LETTERS,
            Some("ll"),
        ),
        (
            "version_test.go: semver with invalid tags",
            SemVer,
            "",
            "",
            &[],
            LETTERS,
            None,
        ),
        (
            "version_test.go: StrategyAlphabetical",
            Alphabetical,
            "",
            "",
            &[],
            LETTERS,
            Some("zz"),
        ),
        (
            "version_test.go: StrategyDigest",
            Digest,
            "latest",
            "",
            &[],
            &["latest", "1.0"],
            Some("latest"),
        ),
        (
            "version_test.go: IsTagIgnored tag?",
            Alphabetical,
            "",
            "",
            &["tag?", "foo"],
            &["tag1", "foo", "tag10"],
            Some("tag10"),
        ),
        (
            "update-strategies.md: v1.x matches 1.0",
            SemVer,
            "v1.x",
            "",
            &[],
            PLAIN,
            Some("1.1.2"),
        ),
        (
            "update-strategies.md: -0 takes prereleases",
            SemVer,
            "2.x-0",
            "",
            &[],
            &["2.0.0", "v2.1.0-rc1"],
            Some("v2.1.0-rc1"),
        ),
        (
            "update-strategies.md: 7 hexadecimal digits",
            NewestBuild,
            "",
            "regexp:^[0-9a-f]{7}$",
            &[],
            &["a5fb3d3", "f7bb2e3", "latest"],
            Some("f7bb2e3"),
        ),
        (
            "update-strategies.md: ignore latest and master",
            NewestBuild,
            "",
            "",
            &["latest", "master"],
            &["dev", "master", "latest"],
            Some("dev"),
        ),
        (
            "update-strategies.md: calver by name",
            Alphabetical,
            "",
            "regexp:^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
            &[],
            &["2026-01-02", "2026-01-10", "x"],
            Some("2026-01-10"),
        ),
        (
            "images.md: a match function that is none",
            SemVer,
            "",
            "regex:^v",
            &[],
            PLAIN,
            None,
        ),
        (
            "images.md: ignoring all disables",
            SemVer,
            "",
            "",
            &["*"],
            PLAIN,
            None,
        ),
        (
            "images.md: any",
            SemVer,
            "",
            "any",
            &[],
            PLAIN,
            Some("2.0.3"),
        ),
        (
            "ours: a release beside its platforms and build",
            SemVer,
            "",
            "",
            &[],
            BUILDS,
            Some("0.1.0"),
        ),
        (
            "ours: prereleases by the constraint are platforms",
            SemVer,
            ">=0.1.0-0 <0.1.0",
            "",
            &[],
            BUILDS,
            Some("0.1.0-arm64"),
        ),
        (
            "ours: newest build takes a moving name",
            NewestBuild,
            "",
            "",
            &[],
            BUILDS,
            Some("latest"),
        ),
        (
            "ours: by name, latest is last",
            Alphabetical,
            "",
            "",
            &[],
            BUILDS,
            Some("latest"),
        ),
        (
            "ours: by name among numbers, the build is last",
            Alphabetical,
            "",
            "regexp:^[0-9]",
            &[],
            BUILDS,
            Some("2025.10.25.1430-build.123-v0.1.0-abc1234-amd64"),
        ),
        (
            "ours: releases alone",
            SemVer,
            "",
            RELEASES,
            &[],
            BUILDS,
            Some("0.1.0"),
        ),
        (
            "seed: allow-tags wants a v",
            SemVer,
            "",
            OF_SEED,
            &[],
            BUILDS,
            None,
        ),
        (
            "seed: v-tags",
            SemVer,
            "",
            OF_SEED,
            &[],
            &["v0.2.0", "v0.2.1", "0.3.0"],
            Some("v0.2.1"),
        ),
        (
            "kargo strictSemvers: a short SHA of digits",
            SemVer,
            "",
            "",
            &[],
            &["0.2.0", "1234567"],
            Some("1234567"),
        ),
        (
            "peers 22: a CalVer tag is the highest version",
            SemVer,
            "",
            "",
            &[],
            &["0.2.0", "2025.10.25"],
            Some("2025.10.25"),
        ),
        (
            "peers 22: a constraint keeps CalVer out",
            SemVer,
            "0.x",
            "",
            &[],
            &["0.2.0", "2025.10.25"],
            Some("0.2.0"),
        ),
        (
            "filepath.Match: classes",
            Alphabetical,
            "",
            "",
            &["[a-c]*", "[^l]?"],
            LETTERS,
            Some("ll"),
        ),
    ] {
        assert_eq!(
            pick(&settings(strategy, constraint, allow, ignore), tags, false).as_deref(),
            wanted,
            "{from}"
        );
    }
    let invalid = pick(&settings(SemVer, "latest", "", &[]), PLAIN, false).unwrap();
    assert!(
        invalid.contains("`latest` is not a version"),
        "version_test.go: semver constraint that is invalid: {invalid}"
    );
    let old = pick(
        &settings(SemVer, "", "", &[]),
        &["0.1.0", "0.2.0-rc1"],
        true,
    );
    assert_eq!(
        old.as_deref(),
        Some("0.2.0-rc1"),
        "argocd-image-updater#1758: before it, no constraint took prereleases"
    );
    assert_eq!(
        pick(
            &settings(SemVer, "*", "", &[]),
            &["0.1.0", "0.2.0-rc1"],
            true
        )
        .as_deref(),
        Some("0.1.0")
    );
}

/// Vectors of Go's `path/filepath/match_test.go`.
#[test]
fn patterns_match_as_go_matches_them() {
    for (pattern, text, wanted) in [
        ("abc", "abc", true),
        ("*c", "abc", true),
        ("a*", "ab/c", false),
        ("a*b*c*d*e*/f", "axbxcxdxe/f", true),
        ("a*b?c*x", "abxbbxdbxebxczzy", false),
        ("ab[c]", "abc", true),
        ("ab[e-g]", "abc", false),
        ("ab[^c]", "abc", false),
        ("ab[^e-g]", "abc", true),
        ("a\\*b", "a*b", true),
        ("a\\*b", "ab", false),
        ("a?b", "a☺b", true),
        ("a[^a]b", "a☺b", true),
        ("a[^a][^a][^a]b", "a☺b", false),
        ("[a-ζ]*", "α", true),
        ("*[a-ζ]", "A", false),
        ("a?b", "a/b", false),
        ("[\\]a]", "]", true),
        ("[\\-]", "-", true),
        ("[x\\-]", "-", true),
        ("[\\-x]", "a", false),
        ("[z-ab]", "b", true),
        ("[z-a]", "a", false),
        ("[^z-a]", "a", true),
        ("[a&&b]", "&", true),
        ("a.c", "abc", false),
        ("[]a]", "]", false),
        ("[-]", "-", false),
        ("[x-]", "x", false),
        ("[a-b-c]", "a", false),
        ("[", "a", false),
        ("[^", "a", false),
        ("[^bc", "a", false),
        ("a[", "a", false),
        ("a\\", "a", false),
        ("*x", "xxx", true),
    ] {
        let found = glob(pattern).is_some_and(|pattern| pattern.is_match(text));
        assert_eq!(found, wanted, "{pattern:?} {text:?}");
    }
}

/// It took a minute when each star was tried at each place.
#[test]
fn a_pattern_of_many_stars_ends() {
    let stars = glob("*a*a*a*a*b").unwrap();
    assert!(!stars.is_match(&"a".repeat(128)));
}
