//! Requirements of pyproject.toml: PEP 508 texts in all their spellings, escapes beside them, uv's folders, and Poetry.

use crate::requirements::requirement::Requirement;
use crate::requirements::requirement::RequirementKind;
use crate::requirements::requirements;
use crate::requirements::tests::{read, same};

fn python(text: &str) -> Vec<Requirement> {
    read(RequirementKind::Python, text)
}

/// The requirements on one package.
fn on(text: &str, package: &str) -> Vec<Requirement> {
    python(text)
        .into_iter()
        .filter(|requirement| requirement.package == package)
        .collect()
}

#[test]
fn a_pep_508_text_gives_its_specifiers_alone() {
    for (entry, wanted) in [
        ("percolate-rocks>=0.1.0", Some(">=0.1.0")),
        ("percolate_rocks>=0.3,<0.4", Some(">=0.3,<0.4")),
        ("Percolate.Rocks >= 0.3 , < 0.4", Some(">= 0.3 , < 0.4")),
        ("PERCOLATE__-ROCKS~=0.1.0", Some("~=0.1.0")),
        ("  percolate-rocks == 0.1.*  ", Some("== 0.1.*")),
        ("percolate-rocks===0.1.0", Some("===0.1.0")),
        ("percolate-rocks!=0.2", Some("!=0.2")),
        ("percolate-rocks[fast,small]>=0.1", Some(">=0.1")),
        ("percolate-rocks [fast] (>=0.1,<0.2)", Some(">=0.1,<0.2")),
        ("percolate-rocks( == 0.1 )", Some("== 0.1")),
        ("percolate-rocks>=0.1; python_version<'3.12'", Some(">=0.1")),
        (
            r#"percolate-rocks>=0.1 ; sys_platform == \"linux\""#,
            Some(">=0.1"),
        ),
        ("percolate-rocks", None),
        ("percolate-rocks[fast]", None),
        ("percolate-rocks; python_version<'3.12'", None),
        ("percolate-rocks @ file:///srv/percolate-rocks", None),
        (
            "percolate-rocks@https://example.org/p.whl ; python_version>='3'",
            None,
        ),
        ("percolate-rocks[fast] @ file:../rocks", None),
        ("percolate-rocks-extra>=0.1", None),
        ("percolate>=0.1", None),
        ("rocks-percolate>=0.1", None),
        ("-percolate-rocks>=0.1", None),
        ("percolate-rocks->=0.1", None),
        ("percolate-rocks[fast>=0.1", None),
        ("percolate-rocks(>=0.1", None),
        ("percolate-rocks()", None),
        ("percolate-rocks(", None),
        ("percolate-rocks 0.1", None),
        ("percolate-rocks=>0.1", None),
        ("percolate-rocks>=banana", None),
        ("percolate-rocks>=0.1,", None),
        (">=0.1 percolate-rocks", None),
        ("", None),
    ] {
        let text = format!(
            "[project]\nname = \"percolate-rocks-user\"\ndependencies = [\n  \"other>=1\",\n  \"{entry}\",\n]\n"
        );
        let wanted = wanted.map(|text| ("project.dependencies[1]", text, 5));
        same(&on(&text, "percolate-rocks"), wanted.as_slice(), entry);
    }
}

#[test]
fn every_list_of_a_pyproject_is_read() {
    let text = r#"# What the service needs.
[dependency-groups]
test = ["pytest"]
dev = [{ include-group = "test" }, "Store_Client>=0.3"]
[project]
name = "user"
dependencies = [
    "fastapi>=1", # store-client is below
    'store.client<0.4; python_version < "3.13"',
    "store-client",
    3,
]
[project.optional-dependencies]
all = ["store-client[http]~=0.3.0", "user[all]>=1"]
"a b" = ["store-client==0.3.1"]
[tool.uv]
dev-dependencies = ["store-client>=9"]
[build-system]
requires = ["store-client>=8"]
"#;
    let wanted = [
        ("dependency-groups.dev[1]", ">=0.3", 4),
        ("project.dependencies[1]", "<0.4", 9),
        ("project.optional-dependencies.all[0]", "~=0.3.0", 14),
        ("project.optional-dependencies.\"a b\"[0]", "==0.3.1", 15),
        ("tool.uv.dev-dependencies[0]", ">=9", 17),
        ("build-system.requires[0]", ">=8", 19),
    ];
    same(&on(text, "store-client"), &wanted, text);
    same(
        &on(&text.replace('\n', "\r\n"), "store-client"),
        &wanted,
        "CRLF",
    );
    same(
        &on(&format!("\u{feff}{text}"), "store-client"),
        &wanted,
        "byte order mark",
    );
    same(&on(text, "pytest"), &[], "pytest");
    same(
        &on(text, "fastapi"),
        &[("project.dependencies[0]", ">=1", 8)],
        "fastapi",
    );
    same(
        &python(
            "project = 1 # store-client\ndependency-groups = [2]\n[tool]\nuv = 1\npoetry = 2\n",
        ),
        &[],
        "no tables",
    );
}

#[test]
fn escapes_beside_the_specifiers_do_not_move_their_place() {
    for entry in [
        r#""a>=0.1 ; sys_platform == \"linux\"""#,
        r#""\u0061>=0.1""#,
        r#""\U00000061\t>=0.1\t; x == \"\\\"""#,
        r#""\x61 >=0.1""#,
        "\"\"\"a>=0.1 ; x == \"y\" \"\"\"",
        "\"\"\"\na\\\n  >=0.1 ; x == 'é' \\\"\"\"\"",
        "\"\"\"\r\na\\\r\n  >=0.1\"\"\"",
        "'''a>=0.1'''",
        "'a[b]>=0.1; x == \"\\u003e\"'",
    ] {
        let text = format!("[project]\n# é\ndependencies = [ # \\\"\n  {entry}, # a>=0.1\n]\n");
        let found = python(&text);
        assert_eq!(found.len(), 1, "{text}");
        assert_eq!(
            (found[0].package.as_str(), found[0].text.as_str()),
            ("a", ">=0.1"),
            "{text}"
        );
        // The one in the comment is not it.
        assert!(found[0].span.end < text.rfind('#').unwrap(), "{text}");
    }
}

#[test]
fn specifiers_that_are_escaped_themselves_are_refused() {
    for entry in [
        r#""a\u003e=0.1""#,
        r#""a>=0\u002e1""#,
        r#""a>\x3d0.1""#,
        r#""a>=0.\u0031""#,
        "\"\"\"a>=0.1,\\\n <0.2\"\"\"",
    ] {
        let error = requirements(
            RequirementKind::Python,
            &format!("[project]\ndependencies = [\n{entry}]\n"),
        )
        .expect_err(entry);
        assert_eq!(
            error.to_string(),
            "project.dependencies[0] cannot be read: it is written with escapes or line breaks (line 3)",
            "{entry}"
        );
    }
}

#[test]
fn uv_says_in_which_folder_a_package_lies() {
    let text = r#"[project]
dependencies = ["my-store>=1", "kit>=1", "shared>=1", "other>=1", "forked>=1"]
[tool.uv.sources]
My_Store = { path = "../store", editable = true }
shared = { workspace = true }
other = { git = "https://example.org/other" }
forked = [{ git = "https://example.org/forked", marker = "a" }, { path = "../forked", marker = "b" }]
[tool.uv.sources.kit]
path = "kit"
"#;
    let found = python(text);
    let paths: Vec<_> = found
        .iter()
        .map(|requirement| (requirement.package.as_str(), requirement.path.as_deref()))
        .collect();
    let wanted = [
        ("my-store", Some("../store")),
        ("kit", Some("kit")),
        ("shared", None),
        ("other", None),
        ("forked", Some("../forked")),
    ];
    assert_eq!(paths, wanted);
}

#[test]
fn poetry_tables_are_requirements_of_their_own_kind() {
    let text = r#"[tool.poetry.dependencies]
python = "^3.12"
My_Store = "^0.3"
kit = { version = "~0.3.1", path = "../kit" }
any = "*"
folder = { path = "../folder", develop = true }
many = [{ version = "<=1.9", python = "<3.13" }, { version = "^2.0", python = ">=3.13" }]
[tool.poetry.dependencies.long]
version = ">=1,<2"
[tool.poetry.dev-dependencies]
old = "1.2.3"
[tool.poetry.group.test.dependencies]
tester = "1.2.*"
[[tool.poetry.group.docs.dependencies.books]]
version = "^4"
"#;
    let found = python(text);
    let wanted = [
        ("tool.poetry.dependencies.My_Store", "^0.3", 3),
        ("tool.poetry.dependencies.kit.version", "~0.3.1", 4),
        ("tool.poetry.dependencies.many[0].version", "<=1.9", 7),
        ("tool.poetry.dependencies.many[1].version", "^2.0", 7),
        ("tool.poetry.dependencies.long.version", ">=1,<2", 9),
        ("tool.poetry.dev-dependencies.old", "1.2.3", 11),
        ("tool.poetry.group.test.dependencies.tester", "1.2.*", 13),
        (
            "tool.poetry.group.docs.dependencies.books[0].version",
            "^4",
            15,
        ),
    ];
    same(&found, &wanted, text);
    assert!(
        found
            .iter()
            .all(|requirement| requirement.kind == RequirementKind::Poetry)
    );
    assert_eq!(
        (found[0].package.as_str(), found[1].path.as_deref()),
        ("my-store", Some("../kit"))
    );
    assert_eq!(found, read(RequirementKind::Poetry, text));
}
