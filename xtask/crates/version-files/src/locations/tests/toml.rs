//! TOML sites: Cargo.toml, pyproject.toml, and keys by path.

use super::{refusal, sites};
use crate::locations::{Locator, locate};

fn cargo(text: &str) -> Vec<String> {
    sites(Locator::CargoManifest, text)
}

fn pyproject(text: &str) -> Vec<String> {
    sites(Locator::Pyproject, text)
}

#[test]
fn cargo_version_is_found_however_it_is_written() {
    for text in [
        "[package]\nname = \"x\"\nversion = \"1.2.0\"\n",
        "[package]\r\nname = \"x\"\r\nversion = '1.2.0' # 1.2.0\r\n",
        "\u{feff}[package]\nversion = \"1.2.0\"",
        "package.version = \"1.2.0\"\npackage.name = \"x\"\n",
        "package = { name = \"x\", version = \"1.2.0\" }\n",
        "[package]\nversion = \"\"\"1.2.0\"\"\"\n",
        "[package]\nversion = '''1.2.0'''\n",
        "# ünïcode → before\n[package]\ndescription = \"→ 1.2.0\"\n\"version\" = \"1.2.0\"\n",
        "[dependencies]\nx = \"1.2.0\"\ny = { version = \"1.2.0\" }\n[dependencies.z]\nversion = \"1.2.0\"\n[package]\nversion=\"1.2.0\"#1.2.0\n",
        "[package]\nversion = \"1.2.0\"\n[workspace.package]\nversion = \"9.9.9\"\n",
        "[package]\nmetadata = '''\nversion = \"9.9.9\"\n'''\nversion = \"1.2.0\"\n",
    ] {
        assert_eq!(cargo(text), ["package.version = 1.2.0"], "{text}");
    }
}

#[test]
fn workspace_roots_hold_the_version_of_their_members() {
    for text in [
        "[workspace]\nmembers = []\n[workspace.package]\nversion = \"1.2.0\"\n",
        "[workspace]\npackage.version = \"1.2.0\"\n",
        "workspace = { package = { version = \"1.2.0\" } }\n",
        "[package]\nname = \"x\"\nversion.workspace = true\n[workspace.package]\nversion = \"1.2.0\"\n",
    ] {
        assert_eq!(cargo(text), ["workspace.package.version = 1.2.0"], "{text}");
    }
    for text in [
        "[package]\nname = \"x\"\nversion.workspace = true\n",
        "[package]\nname = \"x\"\nversion = { workspace = true }\n",
    ] {
        let error = refusal(Locator::CargoManifest, text);
        assert!(
            error.contains("line 3 says `version.workspace = true`"),
            "{error}"
        );
        assert!(
            error.contains("workspace root (workspace.package.version)"),
            "{error}"
        );
    }
}

#[test]
fn cargo_faults_are_named() {
    for (text, said) in [
        (
            "[package]\nname = \"x\"\n",
            "package.version is missing: the package has no version",
        ),
        ("[workspace]\n", "no workspace.package.version either"),
        ("", "package.version is missing"),
        (
            "[package]\nversion = \"1\"\nversion = \"2\"\n",
            "version is written twice, again at line 3",
        ),
        (
            "[package]\n[dependencies]\n[package]\n",
            "package is written twice, again at line 3",
        ),
        (
            "[package]\nversion = 1.2\n",
            "package.version is a float (line 2), wanted the version as a string",
        ),
        (
            "[package]\nversion = [\"1\"]\n",
            "package.version is an array (line 2)",
        ),
        (
            "[package]\n\n[package.version]\nx = 1\n",
            "package.version is a table (line 3)",
        ),
        (
            "[package]\nversion = \"1.2.\\u0030\"\n",
            "written with escapes",
        ),
        ("[package]\nversion = \"\"\"\n1.2.0\"\"\"\n", "line breaks"),
        ("[package]\nversion = \"1.2.0\n", "the text is not TOML"),
        ("[package]\nx = 1\n}\n", "(line 3)"),
    ] {
        let error = refusal(Locator::CargoManifest, text);
        assert!(error.contains(said), "{text:?}: {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn pyproject_version_is_found_however_it_is_written() {
    for text in [
        "[project]\nname = \"x\"\nversion = \"1.2.0\"\ndependencies = [\"y==1.2.0\"]\n",
        "\u{feff}[project]\r\nversion = '1.2.0' # 1.2.0",
        "[project]\ndynamic = [\"readme\"]\nversion = \"1.2.0\"\n[tool.x]\nversion = \"9.9.9\"\n",
        "project = { name = \"x\", version = \"1.2.0\" }\n",
    ] {
        assert_eq!(pyproject(text), ["project.version = 1.2.0"], "{text}");
    }
    let poetry =
        "[tool.poetry]\nversion = \"1.2.0rc1\"\n[tool.poetry.dependencies]\nx = \"1.2.0\"\n";
    assert_eq!(pyproject(poetry), ["tool.poetry.version = 1.2.0rc1"]);
    let filled_in = "[project]\ndynamic = [\"version\"]\n[tool.poetry]\nversion = \"1.2.0\"\n";
    assert_eq!(pyproject(filled_in), ["tool.poetry.version = 1.2.0"]);
    let both = "[tool.poetry]\nversion = \"1.2\"\n[project]\nversion = \"1.2.0\"\n";
    let found = ["project.version = 1.2.0", "tool.poetry.version = 1.2"];
    assert_eq!(pyproject(both), found);
}

#[test]
fn a_v_before_the_version_stays_where_python_reads_it_and_is_refused_where_cargo_does() {
    assert_eq!(
        pyproject("[project]\nversion = \"v1.2\"\n"),
        ["project.version = 1.2"]
    );
    assert_eq!(
        pyproject("[tool.poetry]\nversion = 'V1.2.0rc1'\n"),
        ["tool.poetry.version = 1.2.0rc1"]
    );
    assert_eq!(
        sites(Locator::TomlKey("a.b"), "a.b = 'v1.2.0-rc.1'\n"),
        ["a.b = 1.2.0-rc.1"]
    );
    let located = locate(&Locator::CargoManifest, "[package]\nversion = \"v1.2.0\"\n").unwrap();
    let error = located[0]
        .spelling
        .read(&located[0].text)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("`v1.2.0` is not a SemVer version"),
        "{error}"
    );
}

#[test]
fn names_that_look_like_versions_are_read_whole() {
    let name = |text: &str| {
        locate(&Locator::TomlKey("package.name"), text)
            .unwrap()
            .remove(0)
            .text
    };
    assert_eq!(name("package.name = 'v8'\n"), "v8");
    assert_eq!(name("package.name = 'v2-engine'\n"), "v2-engine");
}

#[test]
fn a_dynamic_version_names_the_file_it_stands_in() {
    for (rest, instead) in [
        (
            "[tool.hatch.version]\npath = \"src/x/version.py\"",
            "name src/x/version.py (tool.hatch.version.path)",
        ),
        (
            "[tool.pdm]\nversion = { source = \"file\", path = \"x.py\" }",
            "name x.py (tool.pdm.version.path)",
        ),
        (
            "[tool.setuptools.dynamic]\nversion = {attr = \"x.about.__version__\"}",
            "the module x.about, which assigns __version__",
        ),
        (
            "[tool.setuptools.dynamic]\nversion = {file = [\"VERSION\"]}",
            "name VERSION (tool.setuptools.dynamic.version.file)",
        ),
        (
            "[tool.setuptools.dynamic]\nversion = {file = \"VERSION\"}",
            "name VERSION",
        ),
        (
            "[build-system]\nbuild-backend = \"maturin\"",
            "name Cargo.toml",
        ),
        (
            "[build-system]\nbuild-backend = \"flit_core.buildapi\"",
            "the file that flit_core.buildapi reads",
        ),
        ("", "the file that the build backend reads it from"),
    ] {
        let text = format!("[project]\nname = \"x\"\ndynamic = [\"version\"]\n{rest}\n");
        let error = refusal(Locator::Pyproject, &text);
        assert!(
            error.contains("line 3 says `dynamic = [\"version\"]`"),
            "{error}"
        );
        assert!(error.contains(instead), "{error}");
    }
}

#[test]
fn pyproject_faults_are_named() {
    for (text, said) in [
        (
            "[tool.ruff]\nline-length = 100\n",
            "project.version is missing",
        ),
        (
            "[project]\nversion = \"1\"\ndynamic = [\"version\"]\n",
            "listed in project.dynamic too",
        ),
        (
            "[project]\nversion = 1\n",
            "project.version is an integer (line 2)",
        ),
        (
            "[project]\nversion = \"1\"\n[tool.poetry]\nversion = true\n",
            "tool.poetry.version is a boolean (line 4)",
        ),
        ("[project]\nversion = \"1\"\r[x]", "the text is not TOML"),
    ] {
        let error = refusal(Locator::Pyproject, text);
        assert!(error.contains(said), "{text:?}: {error}");
    }
}

#[test]
fn any_key_of_a_toml_text_can_be_the_site() {
    let text = "a.b.c = \"1.2.0\"\n[tool.\"x.y\"]\nversion = '1.2.0rc1'\n[v]\nb = {}\n";
    assert_eq!(sites(Locator::TomlKey("a.b.c"), text), ["a.b.c = 1.2.0"]);
    let quoted = "tool.\"x.y\".version";
    assert_eq!(
        sites(Locator::TomlKey(quoted), text),
        ["tool.\"x.y\".version = 1.2.0rc1"]
    );
    for (key, said) in [
        ("a.b.d", "a.b.d is missing"),
        ("a.b.c.d", "a.b.c.d is missing"),
        ("a.b", "a.b is a table"),
        ("v.b", "v.b is an inline table (line 5)"),
        ("a..b", "`a..b` is not a dotted path"),
        ("", "is not a dotted path"),
    ] {
        let error = refusal(Locator::TomlKey(key), text);
        assert!(error.contains(said), "{key:?}: {error}");
    }
}
