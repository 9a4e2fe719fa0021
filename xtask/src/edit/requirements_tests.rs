//! Requirements on a package of the same repository: where they are found, where not, and what they admit.
//! The tables of `admits` say what Cargo 1.95 and Python's `packaging` answer to the same questions.

use super::super::EditError;
use super::{Requirement, RequirementKind, admits, cargo_requirements, pyproject_requirements};
use crate::model::version::Version;

type Found<'a> = (&'a str, &'a str, usize);

fn cargo(text: &str) -> Vec<Requirement> {
    cargo_requirements(text, "store").expect(text)
}

fn python(text: &str, package: &str) -> Vec<Requirement> {
    pyproject_requirements(text, package).expect(text)
}

fn same(found: &[Requirement], wanted: &[Found], of: &str) {
    let found: Vec<Found> = found.iter().map(|r| (r.key.as_str(), r.text.as_str(), r.line)).collect();
    assert_eq!(found, wanted, "{of}");
}

#[test]
fn a_cargo_dependency_needs_both_a_path_and_a_version() {
    for (text, wanted) in [
        ("[dependencies]\nstore = { path = \"../store\", version = \"0.1.0\" }\n", Some(("dependencies.store.version", "0.1.0", 2))),
        ("[dependencies.store]\npath = \"../store\"\nversion = '>=0.3, <0.4'\n", Some(("dependencies.store.version", ">=0.3, <0.4", 3))),
        ("[dependencies]\nstore.version = \"1\"\nstore.path = \"s\"\n", Some(("dependencies.store.version", "1", 2))),
        ("dependencies = { store = { path = \"s\", version = \"1\" } }", Some(("dependencies.store.version", "1", 1))),
        ("[dev-dependencies]\nstore = { version = \"=1.2.3\", path = \"s\" }", Some(("dev-dependencies.store.version", "=1.2.3", 2))),
        ("[dev_dependencies]\nstore = { version = \"1\", path = \"s\" }", Some(("dev_dependencies.store.version", "1", 2))),
        ("[build-dependencies]\nstore = { version = \"1\", path = \"s\" }", Some(("build-dependencies.store.version", "1", 2))),
        ("[workspace.dependencies]\nstore = { version = \"1\", path = \"s\" }", Some(("workspace.dependencies.store.version", "1", 2))),
        ("[dependencies]\ndb = { package = \"store\", path = \"s\", version = \"1\" }", Some(("dependencies.db.version", "1", 2))),
        ("[dependencies]\r\n# store\r\nstore = { path = \"s\", version = \"1\" }\r\n", Some(("dependencies.store.version", "1", 3))),
        ("\u{feff}[dependencies]\nstore = { path = \"s\", version = \"1\" }", Some(("dependencies.store.version", "1", 2))),
        (
            "[target.'cfg(unix)'.dependencies]\nstore = { path = \"s\", version = \"1\" }",
            Some(("target.\"cfg(unix)\".dependencies.store.version", "1", 2)),
        ),
        (
            "[target.x86_64-unknown-linux-gnu.dev-dependencies.store]\npath = \"s\"\nversion = \"1\"",
            Some(("target.x86_64-unknown-linux-gnu.dev-dependencies.store.version", "1", 3)),
        ),
        ("[dependencies]\nstore = \"0.1.0\"\n", None),
        ("[dependencies]\nstore = { version = \"0.1.0\" }\n", None),
        ("[dependencies]\nstore = { path = \"../store\" }\n", None),
        ("[dependencies]\nstore = { workspace = true }\n", None),
        ("[dependencies]\nstore = { git = \"https://example.org/store\", version = \"1\" }\n", None),
        ("[dependencies]\nstore = { package = \"other\", path = \"s\", version = \"1\" }\n", None),
        ("[dependencies]\nstore-core = { path = \"s\", version = \"1\" }\nbookstore = { path = \"b\", version = \"1\" }\n", None),
        ("[patch.crates-io]\nstore = { path = \"s\", version = \"1\" }\n", None),
        ("[package]\nname = \"store\"\nversion = \"1.0.0\"\n", None),
        ("dependencies = 3 # store\ntarget = [\"store\"]\nworkspace = { dependencies = \"store\" }\n", None),
    ] {
        same(&cargo(text), wanted.as_slice(), text);
    }
}

#[test]
fn every_cargo_requirement_is_found_in_order_of_lines() {
    let text = r#"
[workspace.dependencies]
store = { path = "store", version = "0.1" }
[target.'cfg(windows)'.build-dependencies]
old = { path = "old", version = "0.0.9", package = "store" }
[dependencies]
store = { path = "store", version = "0.1.0" }
"#;
    let wanted = [
        ("workspace.dependencies.store.version", "0.1", 3),
        ("target.\"cfg(windows)\".build-dependencies.old.version", "0.0.9", 5),
        ("dependencies.store.version", "0.1.0", 7),
    ];
    same(&cargo(text), &wanted, text);
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
        ("percolate-rocks(==0.1)", Some("==0.1")),
        ("percolate-rocks>=0.1; python_version<'3.12'", Some(">=0.1")),
        (r#"percolate-rocks>=0.1 ; sys_platform == \"linux\""#, Some(">=0.1")),
        ("percolate-rocks", None),
        ("percolate-rocks[fast]", None),
        ("percolate-rocks; python_version<'3.12'", None),
        ("percolate-rocks @ file:///srv/percolate-rocks", None),
        ("percolate-rocks@https://example.org/p.whl ; python_version>='3'", None),
        ("percolate-rocks[fast] @ file:../rocks", None),
        ("percolate-rocks-extra>=0.1", None),
        ("percolate>=0.1", None),
        ("rocks-percolate>=0.1", None),
        ("-percolate-rocks>=0.1", None),
        ("percolate-rocks->=0.1", None),
        ("percolate-rocks[fast>=0.1", None),
        ("percolate-rocks(>=0.1", None),
        ("percolate-rocks 0.1", None),
        ("percolate-rocks=>0.1", None),
        ("percolate-rocks>=banana", None),
        ("percolate-rocks>=0.1,", None),
        (">=0.1 percolate-rocks", None),
        ("", None),
    ] {
        let text = format!("[project]\nname = \"percolate-rocks-user\"\ndependencies = [\n  \"other>=1\",\n  \"{entry}\",\n]\n");
        let wanted = wanted.map(|text| ("project.dependencies[1]", text, 5));
        same(&python(&text, "percolate-rocks"), wanted.as_slice(), entry);
        same(&python(&text, "Percolate_Rocks"), wanted.as_slice(), entry);
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
requires = ["store-client>=9"]
"#;
    let wanted = [
        ("dependency-groups.dev[1]", ">=0.3", 4),
        ("project.dependencies[1]", "<0.4", 9),
        ("project.optional-dependencies.all[0]", "~=0.3.0", 14),
        ("project.optional-dependencies.\"a b\"[0]", "==0.3.1", 15),
    ];
    same(&python(text, "store-client"), &wanted, text);
    same(&python(&text.replace('\n', "\r\n"), "store-client"), &wanted, "CRLF");
    same(&python(&format!("\u{feff}{text}"), "store-client"), &wanted, "byte order mark");
    same(&python(text, "pytest"), &[], "pytest");
    same(&python("project = 1 # store-client\ndependency-groups = [2]\n", "store-client"), &[], "no tables");
}

#[test]
fn a_text_without_the_name_is_not_parsed() {
    let broken = "this is = = not TOML\n";
    assert_eq!(cargo(broken), []);
    assert_eq!(python(broken, "percolate-rocks"), []);
    for (result, wanted) in [
        (cargo_requirements("x = 1\nstore = = 1\n", "store"), "dependencies cannot be read: the text is not TOML"),
        (pyproject_requirements("x = 1\n# Percolate.Rocks\nx = 2\n", "percolate-rocks"), "x is written twice, again at line 3"),
    ] {
        let error = result.expect_err(wanted).to_string();
        assert!(error.starts_with(wanted), "{error}");
    }
}

#[test]
fn a_cargo_version_that_is_no_plain_string_is_refused_with_key_and_line() {
    for (value, wanted) in [
        ("1", "dependencies.store.version is an integer (line 2), wanted the version as a string"),
        ("{ workspace = true }", "dependencies.store.version is an inline table (line 2), wanted the version as a string"),
        ("\"0\\u002e1\"", "dependencies.store.version cannot be read: it is written with escapes or line breaks (line 2)"),
    ] {
        let text = format!("[dependencies]\nstore = {{ path = \"s\", version = {value} }}\n");
        let error = cargo_requirements(&text, "store").expect_err(value);
        assert_eq!(error.to_string(), wanted);
    }
}

fn asked(kind: RequirementKind, requirement: &str, version: &str) -> Result<bool, EditError> {
    admits(kind, requirement, &Version::parse_semver(version).expect(version))
}

#[test]
fn cargo_requirements_admit_what_cargo_resolves() {
    for (requirement, version, wanted) in [
        ("0.1.0", "0.1.0", true),
        ("0.1.0", "0.1.9", true),
        ("0.1.0", "0.2.0", false),
        ("0.1", "0.1.7", true),
        ("0", "0.9.0", true),
        ("1.2.0", "1.9.0", true),
        ("1.2.0", "2.0.0", false),
        ("1.2.0", "1.1.9", false),
        ("=0.1.0", "0.1.1", false),
        ("~1.2", "1.2.9", true),
        ("~1.2", "1.3.0", false),
        (">=0.3, <0.4", "0.3.5", true),
        (">=0.3,<0.4", "0.4.0", false),
        ("0.1.*", "0.1.4", true),
        ("*", "7.0.0", true),
        ("*", "0.2.0-rc.1", false),
        (" 0.1.0 ", "0.1.0", true),
        ("0.1.0", "0.1.0+build.5", true),
        ("0.1.0", "0.1.1-rc.1", false),
        (">=0.1", "0.2.0-rc.1", false),
        ("0.2.0-rc.1", "0.2.0-rc.2", true),
        ("0.2.0-rc.1", "0.2.0", true),
        ("0.2.0-rc.1", "0.2.1-rc.1", false),
    ] {
        assert_eq!(asked(RequirementKind::Cargo, requirement, version), Ok(wanted), "{requirement} {version}");
    }
}

#[test]
fn python_requirements_admit_what_pep_440_says() {
    for (requirement, version, wanted) in [
        (">=0.1.0", "0.1.0", true),
        (">=0.1.0", "0.2.0", true),
        (">=0.3,<0.4", "0.3.9", true),
        (">=0.3, <0.4", "0.4.0", false),
        (">= 0.3 , < 0.4", "0.3.0", true),
        ("==0.1.0", "0.1.0", true),
        ("==0.1", "0.1.0", true),
        ("==0.1.*", "0.1.7", true),
        ("==0.1.*", "0.2.0", false),
        ("~=0.1.0", "0.1.5", true),
        ("~=0.1.0", "0.2.0", false),
        ("~=1.1", "1.9.0", true),
        ("!=0.2.0", "0.2.0", false),
        ("===0.1.0", "0.1.0", true),
        (">0.1.0", "0.1.0", false),
        ("<0.2", "0.2.0-rc.1", false),
        (">=0.1", "0.2.0-rc.1", true),
        (">=0.2.0rc1", "0.2.0", true),
        ("<=0.2.0rc1", "0.2.0-rc.2", false),
        ("==0.2.0rc1", "0.2.0-rc.1", true),
        (">=0.2.0.dev3", "0.2.0-alpha.1", true),
    ] {
        assert_eq!(asked(RequirementKind::Python, requirement, version), Ok(wanted), "{requirement} {version}");
    }
}

#[test]
fn what_cannot_be_judged_is_named_in_one_line() {
    use RequirementKind::{Cargo, Python};
    for (kind, requirement, version, wanted) in [
        (Cargo, "banana", "0.1.0", "the requirement `banana` cannot be read: "),
        (Cargo, "", "0.1.0", "the requirement `` cannot be read: "),
        (Cargo, ">=0.3 <0.4", "0.3.0", "the requirement `>=0.3 <0.4` cannot be read: "),
        (Python, ">=banana", "0.1.0", "the requirement `>=banana` cannot be read: "),
        (Python, "0.1.0", "0.1.0", "the requirement `0.1.0` cannot be read: "),
        (Python, "~=1", "1.0.0", "the requirement `~=1` cannot be read: "),
        (Python, ">=0.1", "0.2.0-x.1", "the PEP 440 spelling of 0.2.0-x.1 cannot be read: `0.2.0-x.1` has no PEP 440 spelling"),
        (Python, ">=0.1", "0.2.0+b", "the PEP 440 spelling of 0.2.0+b cannot be read: `0.2.0+b` has no PEP 440 spelling"),
    ] {
        let error = asked(kind, requirement, version).expect_err(requirement).to_string();
        assert!(error.starts_with(wanted), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        let (fault, mended_by) = error.rsplit_once("; ").expect(&error);
        assert!(!fault.ends_with(':') && !mended_by.is_empty(), "{error}");
    }
}
