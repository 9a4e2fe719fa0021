use super::{Group, *};

fn version(text: &str) -> Version {
    Version::parse_semver(text).unwrap()
}

fn part(name: Option<&str>, entries: &[&str]) -> Part {
    let entry = |text: &&str| Entry {
        scope: Some("api".into()),
        description: (*text).to_owned(),
        breaking: None,
        pull_request: Some(12),
        commit: "abcdef0123456789".into(),
    };
    let group = Group {
        heading: "Added".into(),
        entries: entries.iter().map(entry).collect(),
    };
    let date = name.map(|_| "2025-10-25".to_owned());
    Part {
        version: name.map(version),
        date,
        compare: None,
        groups: if entries.is_empty() {
            Vec::new()
        } else {
            vec![group]
        },
    }
}

fn written(text: &str, unreleased: &Part, missing: &[Part]) -> String {
    let once = updated(Some(text), "core", unreleased, missing, None).unwrap();
    assert_eq!(
        updated(Some(&once), "core", unreleased, &[], None).unwrap(),
        once,
        "a second run changes nothing"
    );
    once
}

const LINE: &str = "- **api:** x (#12, abcdef0)";

#[test]
fn a_part_is_written_with_its_links() {
    let mut released = part(Some("0.2.0"), &["add <b>", "mend @me"]);
    released.compare = Some("https://forge/a/b/compare/x...y".into());
    released.groups[0].entries[1] = Entry {
        scope: None,
        description: "y".into(),
        breaking: Some("use z".into()),
        pull_request: None,
        commit: "1234567890".into(),
    };
    let expected = "## [0.2.0](https://forge/a/b/compare/x...y) - 2025-10-25\n\n### Added\n\n\
        - **api:** add \\<b> ([#12](https://forge/a/b/pull/12), [abcdef0](https://forge/a/b/commit/abcdef0123456789))\n\
        - y: use z ([1234567](https://forge/a/b/commit/1234567890))";
    assert_eq!(render(&released, Some("https://forge/a/b")), expected);
    assert_eq!(render(&part(None, &[]), None), "## [Unreleased]");
}

#[test]
fn a_new_file_tells_of_everything() {
    let text = updated(
        None,
        "core",
        &part(None, &["x"]),
        &[part(Some("0.1.0"), &["y"])],
        None,
    )
    .unwrap();
    let expected = format!(
        "# Changelog\n\nWhat changed in core, in the form of [Keep a Changelog](https://keepachangelog.com/en/1.1.0/).\n\n\
         ## [Unreleased]\n\n{BEGIN}\n\n### Added\n\n{LINE}\n\n{END}\n\n\
         ## [0.1.0] - 2025-10-25\n\n### Added\n\n- **api:** y (#12, abcdef0)\n"
    );
    assert_eq!(text, expected);
    assert_eq!(written(&text, &part(None, &["x"]), &[]), text);
}

#[test]
fn the_unreleased_part_is_written_anew_and_nothing_below() {
    let below = "## [0.1.0] - 2020-01-01\r\n\r\nBy  hand,\twith trailing blanks  \r\n\r\n### Added\r\n* odd\r\n\r\n## v0.0.9\r\n```\r\n## [9.9.9]\r\n```\r\nno end";
    let above = "\u{feff}# Changelog\r\n\r\nWords.\r\n\r\n";
    let text = format!(
        "{above}## [Unreleased]\r\n\r\nA word before.\r\n\r\n{BEGIN}\r\n\r\n### Old\r\n- gone\r\n\r\n{END}\r\n\r\nA word behind.\r\n\r\n{below}"
    );
    let block = format!("{BEGIN}\n\n### Added\n\n{LINE}\n\n{END}").replace('\n', "\r\n");
    let expected = format!(
        "{above}## [Unreleased]\r\n\r\nA word before.\r\n\r\n{block}\r\n\r\nA word behind.\r\n\r\n{below}"
    );
    assert_eq!(written(&text, &part(None, &["x"]), &[]), expected);
    let empty = format!(
        "{above}## [Unreleased]\r\n\r\nA word before.\r\n\r\nA word behind.\r\n\r\n{below}"
    );
    assert_eq!(
        written(&text, &part(None, &[]), &[]),
        empty,
        "nothing to tell"
    );
    assert_eq!(written(&empty, &part(None, &[]), &[]), empty);
}

#[test]
fn a_commit_may_speak_of_the_comments() {
    let spoken = format!("say {BEGIN} and {END} # x ## [9.9.9]");
    let text = updated(
        None,
        "core",
        &part(None, &[&spoken]),
        &[part(Some("0.1.0"), &[&spoken])],
        None,
    )
    .unwrap();
    assert_eq!(written(&text, &part(None, &[&spoken]), &[]), text);
    assert_eq!(releases(&text), [version("0.1.0")]);
}

#[test]
fn what_is_missing_is_put_where_it_belongs() {
    let both = [part(Some("0.3.0"), &["c"]), part(Some("0.2.0"), &["b"])];
    let parts = "## [0.3.0] - 2025-10-25\n\n### Added\n\n- **api:** c (#12, abcdef0)\n\n## [0.2.0] - 2025-10-25\n\n### Added\n\n- **api:** b (#12, abcdef0)\n";
    let none = part(None, &[]);
    assert_eq!(
        written("# C\n\n## [0.1.0]\n\nx\n", &none, &both),
        format!("# C\n\n## [Unreleased]\n\n{parts}\n## [0.1.0]\n\nx\n")
    );
    assert_eq!(
        written(
            "# C\n\n## [Unreleased]\n\nhand\n\n## 0.1.0\nx",
            &none,
            &both
        ),
        format!("# C\n\n## [Unreleased]\n\nhand\n\n{parts}\n## 0.1.0\nx")
    );
    assert_eq!(
        written("# C\n\n## [Unreleased]\n", &none, &both),
        format!("# C\n\n## [Unreleased]\n\n{parts}")
    );
    assert_eq!(
        written("# C", &none, &both),
        format!("# C\n\n## [Unreleased]\n\n{parts}")
    );
    assert_eq!(
        written("words only\n", &part(None, &["x"]), &[]),
        format!("words only\n\n## [Unreleased]\n\n{BEGIN}\n\n### Added\n\n{LINE}\n\n{END}\n")
    );
}

#[test]
fn releases_are_told_in_many_ways() {
    let text = "# [2.0.0](http://x) (2020-01-01)\na\n## v1.2.0\nb\n## 1.1.0-rc.1 - 2020\nc\n## core-v1.0.0\nd\n### 0.9.0\n## Other\n## [Unreleased]\n";
    let found: Vec<_> = releases(text).iter().map(Version::to_semver).collect();
    assert_eq!(found, ["2.0.0", "1.2.0", "1.1.0-rc.1", "1.0.0"]);
    assert_eq!(part_of(text, &version("1.2.0")), Some("b"));
    assert_eq!(
        part_of(text, &version("1.0.0")),
        Some("d\n### 0.9.0\n## Other")
    );
    assert_eq!(part_of(text, &version("3.0.0")), None);
    let text = "### [1.2.1](http://x) (2020-01-02)\na\n### 1.2.0 (2020-01-01)\nb\n### 1.1.9 (beta)\n## Version 1.1.0\nc\n## Release 1.0.0\n## Release notes\n";
    let found: Vec<_> = releases(text).iter().map(Version::to_semver).collect();
    assert_eq!(
        found,
        ["1.2.1", "1.2.0", "1.1.0", "1.0.0"],
        "as other tools and people have written them"
    );
}

#[test]
fn any_heading_with_one_version_is_a_releases() {
    for (text, expected) in [
        (
            "Changes\n=======\n\n1.1.0\n-----\n\n- b\n\n1.0.0 (2020-01-01)\n------------------\n\n- a\n",
            &["1.1.0", "1.0.0"][..],
        ),
        ("1.1.0\n=====\nb\n\n1.0.0\n=====\na\n", &["1.1.0", "1.0.0"]),
        (
            "# Changelog\n## core 1.2.0\n- a\n## core 1.1.0\n",
            &["1.2.0", "1.1.0"],
        ),
        (
            "# Changelog\n## 2025-10-25 v1.2.0\n- a\n## 2025-09-01: 1.1.0\n",
            &["1.2.0", "1.1.0"],
        ),
        (
            "# Changelog\n## 2025-10-25 — [1.2.0](https://x/compare/v1.1.0...v1.2.0)\n",
            &["1.2.0"],
        ),
        ("### core@1.2.0\n- a\n### core@1.1.0\n", &["1.2.0", "1.1.0"]),
        (
            "## @acme/core 1.2.0\n## `@acme/core@1.1.0`\n## **1.0.0**\n",
            &["1.2.0", "1.1.0", "1.0.0"],
        ),
        ("## 1.2.0 ##\n", &["1.2.0"]),
        // The file's own heading, headings within a release, and what is said of a release are none.
        (
            "# core 1.x, now at 1.2.0\n## 1.2.0\n### Upgrading from 1.1.0\n#### 1.0.9\n## 1.1.0\n",
            &["1.2.0", "1.1.0"],
        ),
        (
            "## 1.2.0\n## Upgrading to 1.2.0\n## From 1.0.0 to 1.1.0\n## 1.1.0\n",
            &["1.2.0", "1.1.0"],
        ),
        (
            "## 1.2.0\n- a\n- 1.1.0\n-----\n> 1.0.0\n---\n    0.9.0\n---\nwords\n0.8.0\n---\n",
            &["1.2.0"],
        ),
    ] {
        let found: Vec<_> = releases(text).iter().map(Version::to_semver).collect();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn the_unreleased_part_goes_above_what_is_told_in_other_ways() {
    let none = part(None, &["x"]);
    let block = format!("## [Unreleased]\n\n{BEGIN}\n\n### Added\n\n{LINE}\n\n{END}\n\n");
    for (before, behind) in [
        (
            "# Changelog\n\nAbout it.\n\n",
            "## Autumn\n\n- a\n\n## Summer\n",
        ),
        ("Changelog\n=========\n\n", "Autumn\n------\n\n- a\n"),
        ("# Changelog\n\n", "* a\n* b\n"),
        ("# Changelog\n\n", "### Autumn\n\n- a\n"),
    ] {
        let text = format!("{before}{behind}");
        assert!(is_unread(&text), "{text}");
        let once = written(&text, &none, &[]);
        assert_eq!(once, format!("{before}{block}{behind}"));
        assert_eq!(written(&once, &none, &[]), once);
    }
    for fresh in [
        "",
        "# Changelog\n\nAbout it.\n",
        "# C\n\n## [Unreleased]\n\n### Added\n\n- a\n",
        "# C\n\n## 1.0.0\n\n- a\n",
    ] {
        assert!(!is_unread(fresh), "{fresh}");
    }
}

#[test]
fn what_is_fenced_or_commented_out_is_no_release() {
    let hidden = [
        "```md\n## 9.9.9\n```",
        "~~~\n## 9.9.9\n```\n## 9.9.8\n~~~",
        "````\n```\n## 9.9.9\n````",
        "<!--\n## 9.9.9\n-->",
    ];
    for hidden in hidden {
        let text = format!("## [Unreleased]\n\n{hidden}\n\n## 0.1.0\n\nold\n");
        assert_eq!(releases(&text), [version("0.1.0")], "{hidden}");
        let after = written(&text, &part(None, &["x"]), &[part(Some("0.2.0"), &["y"])]);
        assert!(
            after.contains(hidden) && after.contains("## [0.2.0] - 2025-10-25"),
            "{after}"
        );
    }
    for shown in ["``` not a fence ```", "<!-- a note -->", "~~gone~~"] {
        assert_eq!(
            releases(&format!("{shown}\n## 0.1.0\n")),
            [version("0.1.0")],
            "{shown}"
        );
    }
}

#[test]
fn comments_that_do_not_pair_are_an_error_with_their_line() {
    for (body, words) in [
        (BEGIN.to_owned(), "do not pair (line 3)"),
        (END.to_owned(), "do not pair (line 3)"),
        (format!("{END}\n{BEGIN}"), "do not pair"),
        (format!("{BEGIN}\n{BEGIN}\n{END}"), "twice (line 4)"),
        (format!("{BEGIN}\n{END}\n{END}"), "do not pair"),
    ] {
        let error = updated(
            Some(&format!("## [Unreleased]\n\n{body}\n")),
            "core",
            &part(None, &["x"]),
            &[],
            None,
        )
        .unwrap_err();
        assert!(error.to_string().contains(words), "{body}: {error}");
    }
}

proptest::proptest! {
    #[test]
    fn what_is_below_stays_byte_for_byte(above in "[ -~\n]{0,40}", below in "(\\PC|\r\n|\n){0,120}", entries in proptest::collection::vec("\\PC{0,30}", 0..4)) {
        let text = format!("# C {above}\n\n## [Unreleased]\n\n## [0.1.0]\n{below}");
        proptest::prop_assume!(!above.contains('#') && !above.contains('`'));
        let entries: Vec<_> = entries.iter().map(String::as_str).collect();
        let once = updated(Some(&text), "core", &part(None, &entries), &[part(Some("0.2.0"), &["y"])], None).unwrap();
        let tail = format!("## [0.1.0]\n{below}");
        proptest::prop_assert!(once.ends_with(&tail));
        let gone = updated(Some(&once), "core", &part(None, &[]), &[], None).unwrap();
        let again = updated(Some(&gone), "core", &part(None, &entries), &[], None).unwrap();
        proptest::prop_assert_eq!(again, once);
    }
}
