use super::*;

/// The names and versions in the closure of the first package of a name.
fn closure(kind: LockKind, text: &str, of: &str) -> Vec<String> {
    let graph = lock_graph(kind, text).unwrap();
    let start = graph
        .packages
        .iter()
        .position(|package| package.name == of)
        .unwrap();
    let mut places = graph.closure(&[start]);
    places.sort_unstable();
    places
        .iter()
        .map(|place| {
            format!(
                "{} {}",
                graph.packages[*place].name, graph.packages[*place].version
            )
        })
        .collect()
}

#[test]
fn cargo_names_a_package_as_far_as_it_must() {
    let text = "version = 4\n\
        [[package]]\nname = \"api\"\nversion = \"0.1.0\"\ndependencies = [\"rand 0.8.0\", \"serde\", \"twin 1.0.0 (git+https://x)\"]\n\
        [[package]]\nname = \"rand\"\nversion = \"0.7.0\"\nsource = \"r\"\n\
        [[package]]\nname = \"rand\"\nversion = \"0.8.0\"\nsource = \"r\"\nchecksum = \"c\"\ndependencies = [\"libc\"]\n\
        [[package]]\nname = \"serde\"\nversion = \"1.0.0\"\nsource = \"r\"\ndependencies = [\"serde\"]\n\
        [[package]]\nname = \"libc\"\nversion = \"0.2.0\"\nsource = \"r\"\n\
        [[package]]\nname = \"twin\"\nversion = \"1.0.0\"\nsource = \"r\"\n\
        [[package]]\nname = \"twin\"\nversion = \"1.0.0\"\nsource = \"git+https://x\"\n\
        [[package]]\nname = \"other\"\nversion = \"9.0.0\"\n";
    assert_eq!(
        closure(LockKind::Cargo, text, "api"),
        [
            "api 0.1.0",
            "rand 0.8.0",
            "serde 1.0.0",
            "libc 0.2.0",
            "twin 1.0.0"
        ]
    );
    let graph = lock_graph(LockKind::Cargo, text).unwrap();
    assert_eq!(
        (&graph.packages[0].origin, &graph.packages[1].origin),
        (&Origin::Local(None), &Origin::Foreign)
    );
    assert_eq!(graph.packages[2].identity, "r c");
}

#[test]
fn cargo_locks_of_old_have_their_hashes_elsewhere_or_are_refused() {
    let text = "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"r\"\n[metadata]\n\"checksum a 1.0.0 (r)\" = \"abc\"\n";
    assert_eq!(
        lock_graph(LockKind::Cargo, text).unwrap().packages[0].identity,
        "r abc"
    );
    assert!(
        lock_graph(
            LockKind::Cargo,
            "[root]\nname = \"a\"\nversion = \"1.0.0\"\n"
        )
        .is_err()
    );
    assert!(lock_graph(LockKind::Cargo, "<<<<<<< ours\n").is_err());
}

#[test]
fn uv_counts_optional_ones_and_groups() {
    let entry = |name: &str, rest: &str| {
        format!("[[package]]\nname = \"{name}\"\nversion = \"1.0\"\n{rest}\n")
    };
    let text = [
        entry(
            "api",
            "source = { editable = \"api\" }\ndependencies = [{ name = \"a\" }, { name = \"fork\", version = \"2.0\", marker = \"x\" }]\n\
            [package.optional-dependencies]\nextra = [{ name = \"b\" }]\n[package.dev-dependencies]\ntest = [{ name = \"c\" }]\n",
        ),
        entry("a", "source = { registry = \"r\" }\nwheels = [{ url = \"u\", hash = \"2\" }, { url = \"u\", hash = \"1\" }]"),
        entry("b", "source = { registry = \"r\" }\ndependencies = [{ name = \"d\" }]"),
        entry("c", "source = { registry = \"r\" }"),
        entry("d", "source = { registry = \"r\" }"),
        entry("e", "source = { registry = \"r\" }"),
        entry("fork", "source = { registry = \"r\" }"),
        entry("fork", "source = { registry = \"r\" }").replace("1.0", "2.0"),
    ]
    .concat();
    assert_eq!(
        closure(LockKind::Uv, &text, "api"),
        ["api 1.0", "a 1.0", "b 1.0", "c 1.0", "d 1.0", "fork 2.0"]
    );
    let graph = lock_graph(LockKind::Uv, &text).unwrap();
    assert_eq!(graph.packages[0].origin, Origin::Local(Some("api".into())));
    assert!(
        graph.packages[1].identity.ends_with(" 1 2"),
        "{}",
        graph.packages[1].identity
    );
}

#[test]
fn npm_finds_packages_as_node_does() {
    let text = r#"{ "lockfileVersion": 3, "packages": {
        "": { "name": "root", "workspaces": ["packages/*"], "devDependencies": { "typescript": "*" } },
        "packages/web": { "version": "1.0.0", "dependencies": { "left": "*", "core": "*" }, "devDependencies": { "jest": "*" }, "optionalDependencies": { "absent": "*" } },
        "packages/core": { "name": "core", "version": "2.0.0", "dependencies": { "right": "*" } },
        "packages/web/node_modules/left": { "version": "2.0.0", "dependencies": { "right": "*" }, "devDependencies": { "typescript": "*" } },
        "node_modules/core": { "resolved": "packages/core", "link": true },
        "node_modules/left": { "version": "1.0.0" },
        "node_modules/right": { "version": "1.1.0", "integrity": "sha512-x" },
        "node_modules/jest": { "version": "29.0.0" },
        "node_modules/typescript": { "version": "5.0.0" }
    } }"#;
    let mut found = closure(LockKind::Npm, text, "web");
    found.sort();
    assert_eq!(
        found,
        [
            "core ",
            "core 2.0.0",
            "jest 29.0.0",
            "left 2.0.0",
            "right 1.1.0",
            "web 1.0.0"
        ]
    );
    let why = lock_graph(
        LockKind::Npm,
        "{ \"lockfileVersion\": 1, \"dependencies\": {} }",
    )
    .unwrap_err()
    .to_string();
    assert!(why.contains("before version 7"), "{why}");
}

#[test]
fn a_damaged_lock_is_refused_or_read_and_nothing_worse() {
    let cargo = "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\ndependencies = [\n \"b 1.0.0\",\n \"absent\",\n \"\",\n]\n[[package]]\nname = \"b\"\nversion = \"1.0.0\"\n";
    let uv = "[[package]]\nname = \"a\"\nsource = { virtual = \".\" }\ndependencies = [\n { name = \"b\", version = 1 },\n]\n[[package]]\nname = \"b\"\nsource = 3\n";
    let npm = "{\"packages\": {\n\"\": {\"dependencies\": {\"b\": 1}},\n\"node_modules/b\": {\"link\": true, \"resolved\": \"\"},\n\"node_modules/c\": 4\n}}";
    let mut read = 0;
    let mut refused = 0;
    for (kind, text) in [
        (LockKind::Cargo, cargo),
        (LockKind::Uv, uv),
        (LockKind::Npm, npm),
    ] {
        let lines: Vec<&str> = text.lines().collect();
        let without =
            (0..lines.len()).map(|line| [&lines[..line], &lines[line + 1..]].concat().join("\n"));
        let cut = (0..text.len()).map(|end| text[..end].to_owned());
        for damaged in without.chain(cut) {
            match lock_graph(kind, &damaged) {
                Ok(graph) => {
                    let all: Vec<usize> = (0..graph.packages.len()).collect();
                    assert_eq!(graph.closure(&all).len(), all.len(), "{damaged}");
                    read += 1;
                }
                Err(error) => {
                    assert!(
                        matches!(
                            error,
                            EditError::Unreadable { .. } | EditError::Doubled { .. }
                        ),
                        "{error}: {damaged}"
                    );
                    refused += 1;
                }
            }
        }
    }
    assert!(read > 20 && refused > 100, "{read} {refused}");
}
