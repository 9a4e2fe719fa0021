//! Tests of file patterns, addresses and formats.

use super::*;
use crate::project::paths::fits;

#[test]
fn a_pattern_fits_whole_paths_alone() {
    for (pattern, path, wanted) in [
        ("a/b.yaml", "a/b.yaml", true),
        ("a/b.yaml", "x/a/b.yaml", false),
        ("a/*.yaml", "a/b.yaml", true),
        ("a/*.yaml", "a/b/c.yaml", false),
        ("a/*.yaml", "a/b.yml", false),
        ("a/?.yaml", "a/ü.yaml", true),
        ("a/?.yaml", "a/bc.yaml", false),
        ("**/x.yaml", "x.yaml", true),
        ("**/x.yaml", "a/b/x.yaml", true),
        ("a/**/x.yaml", "a/x.yaml", true),
        ("a/**/x.yaml", "b/x.yaml", false),
        ("a/**", "a/b/c.yaml", true),
        (
            "*a*a*a*a*a*b",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            false,
        ),
    ] {
        assert_eq!(fits(pattern, path), wanted, "{pattern} {path}");
    }
}

#[test]
fn an_address_has_no_secret_and_is_no_option() {
    for good in [
        "https://github.com/a/b",
        "git@host:a/b.git",
        "ssh://git@host/a",
        "/srv/a.git",
        "file:///srv/a.git",
        "../a.git",
    ] {
        assert_eq!(address(good).as_deref(), Ok(good));
    }
    for bad in [
        "https://token@host/a",
        "https://a:b@host/a",
        "ssh://a:b@host/a",
        "",
        "-x",
        "ext::sh",
        "https://host/\na",
    ] {
        assert!(address(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn a_name_tells_the_format() {
    for (file, format) in [
        ("a/b.yaml", Some(Format::Yaml)),
        ("b.YML", None),
        ("x.yml", Some(Format::Yaml)),
        ("a.json", Some(Format::Json)),
        ("a.toml", Some(Format::Toml)),
        ("yaml", None),
    ] {
        assert_eq!(Format::of(file), format, "{file}");
    }
}
