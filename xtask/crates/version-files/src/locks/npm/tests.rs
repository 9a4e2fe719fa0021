//! package-lock.json: the top, the folders, what is installed, and the ranges it copies.

use crate::locations::tests::entries;
use crate::locks::lock_file::LockKind;
use crate::locks::read_lock;

const NPM: &str = r#"{
  "name": "ui", "version": "1.2.0", "lockfileVersion": 3,
  "packages": {
    "": { "name": "ui", "version": "1.2.0", "dependencies": { "x": "^1.2.0", "kit": "*" } },
    "lib/kit": { "version": "1.2.0", "devDependencies": { "@org/named": "~1.2" } },
    "lib/named": { "name": "@org/named", "version": "1.2.0" },
    "node_modules/ui": { "version": "1.2.0", "resolved": "https://example.org", "dependencies": { "x": "^1.2.0" } },
    "node_modules/kit": { "resolved": "lib/kit", "link": true },
    "lib/kit/node_modules/@org/far": { "version": "1.2.0" },
    "node_modules/alias": { "name": "real", "version": "1.2.0" }
  },
  "dependencies": { "x": { "version": "1.2.0" } }
}
"#;

#[test]
fn npm_entries_are_the_top_and_the_folders() {
    assert_eq!(
        entries(LockKind::Npm, NPM, "ui"),
        ["version = 1.2.0", "packages[].version = 1.2.0"]
    );
    assert_eq!(
        entries(LockKind::Npm, NPM, "kit"),
        ["packages[lib/kit].version = 1.2.0"]
    );
    assert_eq!(
        entries(LockKind::Npm, NPM, "@org/named"),
        ["packages[lib/named].version = 1.2.0"]
    );
    let lock = read_lock(LockKind::Npm, NPM).unwrap();
    let all: Vec<_> = lock
        .packages
        .iter()
        .map(|p| (p.name.as_str(), p.folder.as_deref(), p.line, p.ambiguous))
        .collect();
    assert_eq!(
        all,
        [
            ("ui", Some(""), 1, false),
            ("kit", Some("lib/kit"), 5, false),
            ("@org/named", Some("lib/named"), 6, false)
        ]
    );
    assert_eq!(
        lock.foreign.into_iter().collect::<Vec<_>>(),
        ["@org/far", "real", "ui"]
    );
}

#[test]
fn ranges_are_copies_of_requirements() {
    let lock = read_lock(LockKind::Npm, NPM).unwrap();
    let all: Vec<_> = lock
        .requirements
        .iter()
        .map(|c| {
            (
                c.of.as_str(),
                c.of_folder.as_deref(),
                c.requirement.key.as_str(),
            )
        })
        .collect();
    let wanted = [
        ("ui", Some(""), "packages[].dependencies.x"),
        (
            "kit",
            Some("lib/kit"),
            "packages[lib/kit].devDependencies.@org/named",
        ),
    ];
    assert_eq!(all, wanted);
    for copied in &lock.requirements {
        assert_eq!(
            NPM[copied.requirement.span.clone()],
            copied.requirement.text
        );
    }
}

#[test]
fn the_first_version_of_the_format_has_the_top_alone() {
    let text = r#"{ "name": "ui", "version": "1.2.0", "lockfileVersion": 1, "dependencies": { "ui": { "version": "1.2.0" } } }"#;
    assert_eq!(entries(LockKind::Npm, text, "ui"), ["version = 1.2.0"]);
    // A package without a version has none in its lock either.
    let text = r#"{ "name": "ui", "lockfileVersion": 3, "packages": { "": { "name": "ui" } } }"#;
    let lock = read_lock(LockKind::Npm, text).unwrap();
    assert_eq!(
        (lock.packages.len(), lock.packages[0].versions.len()),
        (1, 0)
    );
}

#[test]
fn the_older_form_repeats_what_folders_require() {
    let text = r#"{ "name": "ui", "lockfileVersion": 2, "packages": {}, "dependencies": {
      "kit": { "version": "file:lib/kit", "requires": { "base": "^1.2.0", "tag": "latest" } },
      "far": { "version": "1.2.0", "requires": { "base": "^1.2.0" } }
    } }"#;
    let lock = read_lock(LockKind::Npm, text).unwrap();
    let all: Vec<_> = lock
        .requirements
        .iter()
        .map(|c| {
            (
                c.of_folder.as_deref(),
                c.requirement.key.as_str(),
                c.requirement.line,
            )
        })
        .collect();
    assert_eq!(
        all,
        [(Some("lib/kit"), "dependencies[kit].requires.base", 2)],
        "what was installed requires by itself"
    );
    assert_eq!(
        &text[lock.requirements[0].requirement.span.clone()],
        "^1.2.0"
    );
}
