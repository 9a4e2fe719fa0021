//! uv.lock: folders, forks, twins, and the specifiers it copies.

use crate::locations::tests::entries;
use crate::locks::lock_file::LockKind;
use crate::locks::read_lock;

const UV: &str = r#"version = 1
revision = 3
requires-python = ">=3.12"

[[package]]
name = "percolate"
source = { editable = "." }
dependencies = [
    { name = "my-rocks" },
    { name = "httpx" },
]

[package.dev-dependencies]
dev = [
    { name = "pytest" },
]

[package.metadata]
requires-dist = [
    { name = "my-rocks", editable = "../my-rocks" },
    { name = "My.Store", extras = ["fast"], marker = "python_full_version >= '3.13'", specifier = ">=0.3,<0.4" },
]

[package.metadata.requires-dev]
dev = [{ name = "pytest", specifier = ">=8" }]

[[package]]
name = "my-rocks"
version = "0.1.0"
source = { directory = "../my-rocks" }

[[package]]
name = "httpx"
version = "0.1.0"
source = { registry = "https://example.org/simple" }
sdist = { url = "https://example.org/httpx-0.1.0.tar.gz", hash = "sha256:00", size = 1 }

[[package]]
name = "tool"
version = "0.1.0"
source = { virtual = "tool" }
"#;

#[test]
fn uv_entries_are_those_from_folders() {
    assert_eq!(
        entries(LockKind::Uv, UV, "my-rocks"),
        ["package[name=my-rocks].version = 0.1.0"]
    );
    assert_eq!(
        entries(LockKind::Uv, UV, "tool"),
        ["package[name=tool].version = 0.1.0"]
    );
    // A dynamic version is left out of the lock, and a registry's package is not ours.
    assert!(entries(LockKind::Uv, UV, "percolate").is_empty());
    let lock = read_lock(LockKind::Uv, UV).unwrap();
    let all: Vec<_> = lock
        .packages
        .iter()
        .map(|p| (p.name.as_str(), p.folder.as_deref(), p.line, p.ambiguous))
        .collect();
    assert_eq!(
        all,
        [
            ("percolate", Some("."), 6, false),
            ("my-rocks", Some("../my-rocks"), 28, false),
            ("tool", Some("tool"), 39, false)
        ]
    );
    assert_eq!(lock.foreign.into_iter().collect::<Vec<_>>(), ["httpx"]);
}

#[test]
fn specifiers_are_copies_of_requirements() {
    for text in [UV.to_owned(), UV.replace('\n', "\r\n")] {
        let lock = read_lock(LockKind::Uv, &text).unwrap();
        for copied in &lock.requirements {
            assert_eq!(
                text[copied.requirement.span.clone()],
                copied.requirement.text
            );
            assert_eq!(
                (copied.of.as_str(), copied.of_folder.as_deref()),
                ("percolate", Some("."))
            );
        }
        let all: Vec<_> = lock
            .requirements
            .iter()
            .map(|c| &c.requirement)
            .map(|r| (r.key.as_str(), r.text.as_str(), r.line))
            .collect();
        let wanted = [
            (
                "package[name=percolate].metadata.requires-dist[my-store].specifier",
                ">=0.3,<0.4",
                21,
            ),
            (
                "package[name=percolate].metadata.requires-dev.dev[pytest].specifier",
                ">=8",
                25,
            ),
        ];
        assert_eq!(all, wanted);
    }
    let local = UV.replace(
        "editable = \"../my-rocks\" }",
        "editable = \"../my-rocks\", specifier = \">=0.1\" }",
    );
    let lock = read_lock(LockKind::Uv, &local).unwrap();
    let first = &lock.requirements[0].requirement;
    assert_eq!(
        (
            first.package.as_str(),
            first.path.as_deref(),
            first.text.as_str()
        ),
        ("my-rocks", Some("../my-rocks"), ">=0.1")
    );
}

#[test]
fn uv_mentions_with_a_version_move_too() {
    let forked = UV.replace(
        "{ name = \"my-rocks\" },",
        "{ name = \"my-rocks\", version = \"0.1.0\", source = { directory = \"../my-rocks\" }, marker = \"a\" },\n    \
         { name = \"my-rocks\", version = \"0.0.9\", source = { registry = \"https://example.org\" }, marker = \"b\" },",
    );
    let forked = forked
        + "\n[[package]]\nname = \"my-rocks\"\nversion = \"0.0.9\"\nsource = { registry = \"https://example.org\" }\n";
    assert_eq!(
        entries(LockKind::Uv, &forked, "my-rocks"),
        [
            "package[name=my-rocks].version = 0.1.0",
            "package[name=percolate].dependencies[my-rocks].version = 0.1.0"
        ]
    );
    assert!(
        read_lock(LockKind::Uv, &forked)
            .unwrap()
            .foreign
            .contains("my-rocks")
    );
    let extra = "\n[package.optional-dependencies]\nx = [{ name = \"a\", version = \"1\", source = { editable = \"a\" } }]\n\
        [package.dev-dependencies]\ndev = [{ name = \"a\", version = \"1\", source = { editable = \"a\" } }]\n\
        [[package]]\nname = \"a\"\nversion = \"1\"\nsource = { editable = \"a\" }\n";
    let text = format!("[[package]]\nname = \"b\"\n{extra}");
    assert_eq!(entries(LockKind::Uv, &text, "a").len(), 3);
}

#[test]
fn two_folders_with_packages_of_one_name_are_told_apart() {
    let entry = |folder: &str| {
        format!(
            "[[package]]\nname = \"a\"\nversion = \"1.0\"\nsource = {{ editable = \"{folder}\" }}\n"
        )
    };
    let mention = "[[package]]\nname = \"b\"\nsource = { virtual = \".\" }\n\
        dependencies = [{ name = \"a\", version = \"1.0\", source = { editable = \"two\" } }]\n";
    let text = format!("{}{}{mention}", entry("one"), entry("two"));
    let lock = read_lock(LockKind::Uv, &text).unwrap();
    let all: Vec<_> = lock
        .packages
        .iter()
        .map(|p| (p.folder.as_deref(), p.versions.len(), p.ambiguous))
        .collect();
    assert_eq!(
        all,
        [
            (Some("one"), 1, false),
            (Some("two"), 2, false),
            (Some("."), 0, false)
        ]
    );
    let twice = format!("{}{}", entry("one"), entry("one"));
    assert!(
        read_lock(LockKind::Uv, &twice)
            .unwrap()
            .packages
            .iter()
            .all(|package| package.ambiguous)
    );
}

#[test]
fn the_groups_of_a_root_without_a_project_are_read() {
    let text = "version = 1\n[manifest]\nconstraints = [{ name = \"a\", specifier = \"<5\" }]\n[manifest.dependency-groups]\n\
        dev = [{ name = \"a\", specifier = \">=0.3\" }, { name = \"b\", editable = \"b\" }]\n";
    let lock = read_lock(LockKind::Uv, text).unwrap();
    let all: Vec<_> = lock
        .requirements
        .iter()
        .map(|c| {
            (
                c.of.as_str(),
                c.requirement.key.as_str(),
                c.requirement.line,
            )
        })
        .collect();
    assert_eq!(
        all,
        [("", "manifest.dependency-groups.dev[a].specifier", 5)]
    );
}
