//! Requirements of Cargo manifests: where they are found, where not, and that their places are their own.

use monorelease_text_edits::error::EditError;
use monorelease_text_edits::toml;

use super::cargo_folders;
use super::requirements;
use crate::requirements::requirement::Requirement;
use crate::requirements::requirement::RequirementKind;

/// Key, text and line of a requirement.
pub(crate) type Found<'a> = (&'a str, &'a str, usize);

/// Reads, and holds every place against the text.
pub(crate) fn read(kind: RequirementKind, text: &str) -> Vec<Requirement> {
    let found = requirements(kind, text).unwrap_or_else(|error| panic!("{error}\nin {text:?}"));
    for requirement in &found {
        assert_eq!(text[requirement.span.clone()], requirement.text, "{text}");
        assert_eq!(
            1 + text[..requirement.span.start].matches('\n').count(),
            requirement.line,
            "{text}"
        );
    }
    assert!(
        found.is_sorted_by_key(|requirement| requirement.span.start),
        "{text}"
    );
    found
}

pub(crate) fn same(found: &[Requirement], wanted: &[Found], of: &str) {
    let found: Vec<Found> = found
        .iter()
        .map(|r| (r.key.as_str(), r.text.as_str(), r.line))
        .collect();
    assert_eq!(found, wanted, "{of}");
}

fn cargo(text: &str) -> Vec<Requirement> {
    read(RequirementKind::Cargo, text)
}

#[test]
fn a_cargo_dependency_with_a_version_is_a_requirement() {
    for (text, wanted) in [
        (
            "[dependencies]\nstore = { path = \"../store\", version = \"0.1.0\" }\n",
            Some(("dependencies.store.version", "0.1.0", 2)),
        ),
        (
            "[dependencies.store]\npath = \"../store\"\nversion = '>=0.3, <0.4'\n",
            Some(("dependencies.store.version", ">=0.3, <0.4", 3)),
        ),
        (
            "[dependencies]\nstore.version = \"1\"\nstore.path = \"s\"\n",
            Some(("dependencies.store.version", "1", 2)),
        ),
        (
            "dependencies = { store = { path = \"s\", version = \"1\" } }",
            Some(("dependencies.store.version", "1", 1)),
        ),
        (
            "[dev-dependencies]\nstore = { version = \"=1.2.3\", path = \"s\" }",
            Some(("dev-dependencies.store.version", "=1.2.3", 2)),
        ),
        (
            "[dev_dependencies]\nstore = { version = \"1\", path = \"s\" }",
            Some(("dev_dependencies.store.version", "1", 2)),
        ),
        (
            "[build-dependencies]\nstore = { version = \"1\", path = \"s\" }",
            Some(("build-dependencies.store.version", "1", 2)),
        ),
        (
            "[workspace.dependencies]\nstore = { version = \"1\", path = \"s\" }",
            Some(("workspace.dependencies.store.version", "1", 2)),
        ),
        (
            "[dependencies]\ndb = { package = \"store\", path = \"s\", version = \"1\" }",
            Some(("dependencies.db.version", "1", 2)),
        ),
        (
            "[dependencies]\r\n# store\r\nstore = { path = \"s\", version = \"1\" }\r\n",
            Some(("dependencies.store.version", "1", 3)),
        ),
        (
            "\u{feff}[dependencies]\nstore = { path = \"s\", version = \"1\" }",
            Some(("dependencies.store.version", "1", 2)),
        ),
        (
            "[dependencies]\nstore = { path = \"straße\", version = \"\"\"1\"\"\" } # →",
            Some(("dependencies.store.version", "1", 2)),
        ),
        (
            "[target.'cfg(unix)'.dependencies]\nstore = { path = \"s\", version = \"1\" }",
            Some(("target.\"cfg(unix)\".dependencies.store.version", "1", 2)),
        ),
        (
            "[target.x86_64-unknown-linux-gnu.dev-dependencies.store]\npath = \"s\"\nversion = \"1\"",
            Some((
                "target.x86_64-unknown-linux-gnu.dev-dependencies.store.version",
                "1",
                3,
            )),
        ),
        (
            "[dependencies]\nstore = \"0.1.0\" # path = \"x\"\n",
            Some(("dependencies.store", "0.1.0", 2)),
        ),
        (
            "[dependencies]\nstore = { version = \"0.1.0\" }\n",
            Some(("dependencies.store.version", "0.1.0", 2)),
        ),
        ("[dependencies]\nstore = { path = \"../store\" }\n", None),
        ("[dependencies]\nstore = { workspace = true }\n", None),
        (
            "[patch.crates-io]\nstore = { path = \"s\", version = \"1\" }\n",
            None,
        ),
        ("[package]\nname = \"store\"\nversion = \"1.0.0\"\n", None),
        (
            "dependencies = 3 # store\ntarget = [\"store\"]\nworkspace = { dependencies = \"store\" }\n",
            None,
        ),
        ("[dependencies]\nstore = 1\n", None),
        ("", None),
    ] {
        let found = cargo(text);
        same(&found, wanted.as_slice(), text);
        assert!(
            found
                .iter()
                .all(|requirement| requirement.package == "store"
                    && requirement.kind == RequirementKind::Cargo)
        );
        let path = text.contains("path =") && !text.contains("# path");
        assert!(
            found
                .iter()
                .all(|requirement| requirement.path.is_some() == path),
            "{text}"
        );
    }
}

#[test]
fn every_cargo_requirement_is_found_in_order_of_the_text() {
    let text = r#"
[workspace.dependencies]
store = { path = "crates/store", version = "0.1" }
[target.'cfg(windows)'.build-dependencies]
old = { path = "../old", version = "0.0.9", package = "store" }
[dependencies]
serde = { version = "1", features = ["derive"] }
store-core = "0.2"
store = { path = "../store", version = "0.1.0" }
"#;
    for text in [text.to_owned(), text.replace('\n', "\r\n")] {
        let found = cargo(&text);
        let wanted = [
            ("workspace.dependencies.store.version", "0.1", 3),
            (
                "target.\"cfg(windows)\".build-dependencies.old.version",
                "0.0.9",
                5,
            ),
            ("dependencies.serde.version", "1", 7),
            ("dependencies.store-core", "0.2", 8),
            ("dependencies.store.version", "0.1.0", 9),
        ];
        same(&found, &wanted, &text);
        let whose: Vec<_> = found
            .iter()
            .map(|requirement| (requirement.package.as_str(), requirement.path.as_deref()))
            .collect();
        let wanted = [
            ("store", Some("crates/store")),
            ("store", Some("../old")),
            ("serde", None),
            ("store-core", None),
            ("store", Some("../store")),
        ];
        assert_eq!(whose, wanted);
    }
}

#[test]
fn what_is_not_read_is_refused_with_key_and_line() {
    for (kind, text, wanted) in [
        (
            RequirementKind::Cargo,
            "[dependencies]\nstore = { version = 1 }",
            "dependencies.store.version is an integer (line 2), wanted the version as a string",
        ),
        (
            RequirementKind::Cargo,
            "[dependencies]\nstore = { version = { workspace = true } }",
            "dependencies.store.version is an inline table (line 2), wanted the version as a string",
        ),
        (
            RequirementKind::Cargo,
            "[dependencies]\nstore = \"0\\u002e1\"",
            "dependencies.store cannot be read: it is written with escapes or line breaks (line 2)",
        ),
        (
            RequirementKind::Cargo,
            "x = 1\nstore = = 1\n",
            "dependencies cannot be read: the text is not TOML",
        ),
        (
            RequirementKind::Python,
            "x = 1\n# Some\nx = 2\n",
            "x is written twice, again at line 3",
        ),
        (
            RequirementKind::Npm,
            "{\"dependencies\"",
            "dependencies cannot be read: the text is not JSON",
        ),
        (
            RequirementKind::Chart,
            "dependencies: []\n",
            "dependencies cannot be read: a chart is YAML",
        ),
    ] {
        let error: EditError = requirements(kind, text).expect_err(text);
        assert!(error.to_string().starts_with(wanted), "{error}");
    }
}

#[test]
fn crates_from_folders_are_told_with_and_without_a_version() {
    let text = "[dependencies]\na = { path = \"../a\" }\nb = \"1\"\nc.git = \"url\"\n[target.'cfg(unix)'.build-dependencies.d]\npackage = \"real\"\npath = \"d\"\n[workspace.dependencies]\ne = { path = \"e\", version = \"1\" }\n[patch.crates-io]\nf = { path = \"f\" }\n";
    let all: Vec<_> = cargo_folders(&toml::parse(text, "dependencies").unwrap())
        .into_iter()
        .map(|it| (it.package, it.path, it.is_patch))
        .collect();
    let wanted = [
        ("a", "../a", false),
        ("real", "d", false),
        ("e", "e", false),
        ("f", "f", true),
    ];
    assert_eq!(
        all,
        wanted.map(|(package, path, is_patch)| (package.to_owned(), path.to_owned(), is_patch))
    );
}
