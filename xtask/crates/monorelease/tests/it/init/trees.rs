//! `init` on trees of every shape: what it writes can be read by the other verbs, it says what it left out, and it never
//! overwrites. The five systems of the design are in `seeds.rs`.

use crate::support::snapshots::assert_text;
use snapbox::IntoData;
use snapbox::str;
use std::collections::BTreeSet;
use std::fs;

use crate::support::{Fixture, git_in, program, ran};
use serde_json::Value;

/// Adopts the tree and gives what was written; `versions --check` may find faults, but must be able to look.
fn adopt(fixture: &Fixture) -> String {
    let ran = fixture.run(&["init"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let text = fixture.read("xtask/monorepo.toml");
    let checked = fixture.run(&["versions", "--check"]);
    assert!(checked.code < 2, "{}\n{text}", checked.stderr);
    text
}

/// The configuration without its comments.
fn keys(text: &str) -> Vec<&str> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

/// The lines of the projects alone.
fn projects(text: &str) -> Vec<&str> {
    keys(text)
        .into_iter()
        .skip_while(|line| !line.starts_with("[projects"))
        .collect()
}

fn notes(fixture: &Fixture) -> String {
    let document = fixture.json(&["init", "--dry-run"]);
    document["notes"]
        .as_array()
        .map(|notes| {
            notes
                .iter()
                .filter_map(Value::as_str)
                .collect::<Vec<_>>()
                .join("\n")
        })
        .unwrap_or_default()
}

/// Nothing is written, with this code and this text.
fn refused(fixture: &Fixture, arguments: &[&str], code: i32, expected: impl IntoData) {
    let before = fixture.state();
    let mut complaints = BTreeSet::new();
    for extra in [&[][..], &["--dry-run"], &["--json"]] {
        let ran = fixture.run(&[arguments, extra].concat());
        assert_eq!(ran.code, code, "{arguments:?} {extra:?}: {}", ran.stderr);
        complaints.insert(ran.complaints());
        assert!(
            ran.stderr.contains("  try "),
            "no mending command: {}",
            ran.stderr
        );
        if extra == ["--json"] {
            assert_eq!(ran["schema"], 1);
        }
    }
    assert_text(&Vec::from_iter(complaints).join("or\n"), expected);
    assert_eq!(fixture.state(), before, "something was written");
}

const CRATE: &str = "[package]\nname = \"one\"\nversion = \"1.2.3\"\n";

#[test]
fn an_empty_tree_is_refused_with_what_was_looked_for() {
    refused(
        &Fixture::of_tree(&[]),
        &["init"],
        3,
        str![[r#"
       error no project was found in this tree: looked for Cargo.toml, pyproject.toml, setup.cfg, setup.py, package.json with a version, VERSION, Chart.yaml, a Dockerfile at the root, and the configurations of release-please and bumpversion
         try echo 0.1.0 > VERSION, then cargo xtask init

"#]],
    );
    refused(
        &Fixture::of_tree(&[("README.md", "# Notes\n")]),
        &["init"],
        3,
        str![[r#"
       error no project was found in this tree: looked for Cargo.toml, pyproject.toml, setup.cfg, setup.py, package.json with a version, VERSION, Chart.yaml, a Dockerfile at the root, and the configurations of release-please and bumpversion
         try echo 0.1.0 > VERSION, then cargo xtask init

"#]],
    );
    let private = Fixture::of_tree(&[(
        "package.json",
        "{ \"name\": \"root\", \"private\": true, \"workspaces\": [\"packages/*\"] }\n",
    )]);
    refused(
        &private,
        &["init"],
        3,
        str![[r#"
       error no project was found in this tree: looked for Cargo.toml, pyproject.toml, setup.cfg, setup.py, package.json with a version, VERSION, Chart.yaml, a Dockerfile at the root, and the configurations of release-please and bumpversion
         try echo 0.1.0 > VERSION, then cargo xtask init

"#]],
    );
}

#[test]
fn it_needs_a_work_tree_and_no_commit() {
    let fixture = Fixture::unborn(&[("Cargo.toml", CRATE)]);
    let text = adopt(&fixture);
    assert_eq!(
        keys(&text)[..3],
        ["[repository]", "branch = \"main\"", "[projects.one]"]
    );
    let folder = tempfile::tempdir().unwrap();
    let outside = ran(program(folder.path()).arg("init").output().unwrap());
    assert_eq!(outside.code, 2, "{}", outside.stderr);
    outside.assert_stderr(str![[r#"
       error [FOLDER] is not inside a git work tree
         try git init, or pass --repo DIR

"#]]);
    git_in(folder.path(), &["init", "--quiet", "--bare"]);
    let bare = ran(program(folder.path()).arg("init").output().unwrap());
    assert_eq!(bare.code, 2, "{}", bare.stderr);
}

#[test]
fn what_is_there_is_never_overwritten() {
    let fixture = Fixture::of_tree(&[("Cargo.toml", CRATE), ("xtask/monorepo.toml", "# mine\n")]);
    refused(
        &fixture,
        &["init"],
        3,
        str![[r#"
       error xtask/monorepo.toml: found a file with another text, wanted no file, since none is ever overwritten
         try edit xtask/monorepo.toml, or write another one beside it with --config FILE

"#]],
    );
    fixture.ok(&["init", "--config", "release/other.toml"]);
    assert!(
        fixture
            .read("release/other.toml")
            .contains("[projects.one]")
    );
    let before = fixture.state();
    let again = fixture.json(&["init", "--config", "release/other.toml"]);
    assert_eq!(
        (again.code, again["steps"][0]["verdict"].as_str()),
        (0, Some("done")),
        "law 14: {again:#}"
    );
    assert_eq!(fixture.state(), before);
    fixture.ok(&["versions", "--check", "--config", "release/other.toml"]);
    fixture.write("release/other.toml", "# mine now\n");
    refused(
        &fixture,
        &["init", "--config", "release/other.toml"],
        3,
        str![[r#"
       error release/other.toml: found a file with another text, wanted no file, since none is ever overwritten
         try edit release/other.toml, or write another one beside it with --config FILE

"#]],
    );
    refused(
        &fixture,
        &["init", "--config", "../outside.toml"],
        2,
        str![[r#"
       error [FOLDER]/outside.toml lies outside of the repository
         try pass --config a file of the repository

"#]],
    );
    refused(
        &fixture,
        &["init", "--config", "xtask"],
        3,
        str![[r#"
       error xtask: it cannot be told whether this is done: [WORKTREE]/xtask is a folder, wanted a file
         try git status

"#]],
    );
}

#[test]
fn a_folder_of_the_repository_is_as_good_as_its_root() {
    let fixture = Fixture::of_tree(&[("Cargo.toml", CRATE), ("src/deep/lib.rs", "")]);
    let ran = ran(program(&fixture.root().join("src/deep"))
        .arg("init")
        .output()
        .unwrap());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(fixture.has("xtask/monorepo.toml"));
    assert!(!fixture.has("src/deep/xtask"));
}

#[test]
fn the_plan_names_projects_and_sites() {
    let fixture = Fixture::of_tree(&[
        ("VERSION", "1.2.3\n"),
        ("Cargo.toml", &CRATE.replace("1.2.3", "1.3.0")),
    ]);
    let document = fixture.json(&["init", "--dry-run"]);
    assert_eq!(document.code, 0);
    assert_eq!(document["steps"][0]["verdict"], "todo");
    let project = &document["projects"][0];
    assert_eq!(
        (
            project["name"].as_str(),
            project["path"].as_str(),
            project["package"].as_str()
        ),
        (Some("one"), Some("."), Some("one"))
    );
    assert_eq!(project["sites"][0]["file"], "VERSION");
    assert_eq!(project["sites"][1]["agrees"], false);
    assert!(
        document["notes"][0]
            .as_str()
            .unwrap()
            .contains("Cargo.toml (package.version) says 1.3.0, but VERSION says 1.2.3"),
        "{document:#}"
    );
    assert!(!fixture.has("xtask/monorepo.toml"));
}

#[test]
fn an_application_of_npm_is_a_project_where_it_is_all_there_is() {
    let fixture = Fixture::of_tree(&[(
        "package.json",
        "{\n  \"name\": \"@acme/web\",\n  \"private\": true,\n  \"version\": \"0.4.0\"\n}\n",
    )]);
    assert_eq!(
        projects(&adopt(&fixture)),
        [
            "[projects.web]",
            "path = \".\"",
            "tag = \"v{version}\"",
            "versions = [\"package.json\"]"
        ]
    );
}

#[test]
fn packages_of_an_npm_workspace_keep_their_tags() {
    let fixture = Fixture::of_tree(&[
        (
            "package.json",
            "{ \"name\": \"root\", \"private\": true, \"version\": \"0.0.0\", \"workspaces\": [\"packages/*\"] }\n",
        ),
        (
            "packages/core/package.json",
            "{ \"name\": \"@acme/core\", \"version\": \"1.1.0\" }\n",
        ),
        (
            "packages/web/package.json",
            "{ \"name\": \"@acme/web\", \"version\": \"2.0.0\", \"dependencies\": { \"@acme/core\": \"workspace:*\" } }\n",
        ),
        (
            "packages/docs/package.json",
            "{ \"name\": \"docs\", \"version\": \"0.0.0\", \"private\": true }\n",
        ),
        (
            "node_modules/left-pad/package.json",
            "{ \"name\": \"left-pad\", \"version\": \"1.0.0\" }\n",
        ),
    ]);
    fixture.git(&["tag", "@acme/web@2.0.0"]);
    fixture.git(&["tag", "@acme/core@1.1.0"]);
    let text = adopt(&fixture);
    assert_eq!(
        projects(&text),
        [
            "[projects.core]",
            "path = \"packages/core\"",
            "tag = \"@acme/core@{version}\"",
            "versions = [\"package.json\"]",
            "[projects.web]",
            "path = \"packages/web\"",
            "tag = \"@acme/web@{version}\"",
            "versions = [\"package.json\"]",
            "depends = [\"core\"]",
        ]
    );
    assert!(
        text.contains("# Left out: packages/docs (\"private\": true"),
        "{text}"
    );
    let document = fixture.json(&["versions", "web"]);
    assert_eq!(document["projects"][0]["released"], "2.0.0");
}

#[test]
fn nested_workspaces_are_told_apart() {
    let inherits = |name: &str| format!("[package]\nname = \"{name}\"\nversion.workspace = true\n");
    let engine = inherits("engine");
    let tool = inherits("tool");
    let fixture = Fixture::of_tree(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"engine\", \"own\"]\nexclude = [\"tools\"]\n\n[workspace.package]\nversion = \"1.0.0\"\n",
        ),
        ("engine/Cargo.toml", &engine),
        (
            "own/Cargo.toml",
            "[package]\nname = \"own\"\nversion = \"0.3.0\"\n\n[build-dependencies]\nengine = { path = \"../engine\" }\n",
        ),
        (
            "tools/Cargo.toml",
            "[workspace]\nmembers = [\"tool\"]\n\n[workspace.package]\nversion = \"0.9.0\"\n",
        ),
        ("tools/tool/Cargo.toml", &tool),
    ]);
    assert_eq!(
        projects(&adopt(&fixture)),
        [
            "[projects.engine]",
            "path = \".\"",
            "versions = [\"Cargo.toml\"]",
            "[projects.own]",
            "path = \"own\"",
            "versions = [\"Cargo.toml\"]",
            "depends = [\"engine\"]",
            "[projects.tool]",
            "path = \"tools\"",
            "package = \"tool\"",
            "versions = [\"Cargo.toml\"]",
        ]
    );
}

#[test]
fn names_that_clash_are_told_apart() {
    let api = "[project]\nname = \"api\"\nversion = \"1.0.0\"\n";
    let fixture = Fixture::of_tree(&[
        ("a/api/pyproject.toml", api),
        ("b/api/pyproject.toml", &api.replace("1.0.0", "2.0.0")),
        ("c/pyproject.toml", &api.replace("api", "API")),
        ("d/pyproject.toml", &api.replace("\"api\"", "\"b-api\"")),
    ]);
    let text = adopt(&fixture);
    let names: Vec<&str> = keys(&text)
        .into_iter()
        .filter(|line| line.starts_with("[projects"))
        .collect();
    assert_eq!(
        names,
        [
            "[projects.api]",
            "[projects.b-api]",
            "[projects.c]",
            "[projects.d]"
        ]
    );
    assert!(
        notes(&fixture)
            .contains("two projects are called api: the one in b/api is written as b-api"),
        "{}",
        notes(&fixture)
    );
}

#[test]
fn a_name_belongs_to_the_folder_that_is_called_so() {
    let fixture = Fixture::of_tree(&[
        (
            "bindings/python/Cargo.toml",
            "[package]\nname = \"tokens-python\"\nversion = \"0.2.0\"\n\n[dependencies]\ntokens = { path = \"../../tokens\" }\n",
        ),
        (
            "bindings/python/pyproject.toml",
            "[build-system]\nrequires = [\"maturin\"]\nbuild-backend = \"maturin\"\n\n[project]\nname = \"tokens\"\ndynamic = [\"version\"]\n",
        ),
        (
            "bindings/node/package.json",
            "{ \"name\": \"@acme/tokens-node\", \"version\": \"0.2.0\" }\n",
        ),
        (
            "bindings/node/npm/linux-x64/package.json",
            "{ \"name\": \"@acme/tokens-linux-x64\", \"version\": \"0.1.0\", \"os\": [\"linux\"], \"cpu\": [\"x64\"] }\n",
        ),
        (
            "docs/package.json",
            "{ \"name\": \"pages\", \"version\": \"0.0.1\" }\n",
        ),
        (
            "tokens/Cargo.toml",
            "[package]\nname = \"tokens\"\nversion = \"0.2.0\"\n",
        ),
    ]);
    fixture.git(&["tag", "python-v0.2.0"]);
    fixture.git(&["tag", "v0.2.0"]);
    fixture.on_forge("https://github.com/acme/tokens");
    let text = adopt(&fixture);
    assert_eq!(
        projects(&text),
        [
            "[projects.tokens-node]",
            "path = \"bindings/node\"",
            "package = \"tokens-node\"",
            "versions = [\"package.json\"]",
            "[projects.python]",
            "path = \"bindings/python\"",
            "versions = [\"Cargo.toml\"]",
            "depends = [\"tokens\"]",
            "wheel = { targets = [\"x86_64-unknown-linux-gnu\", \"aarch64-unknown-linux-gnu\", \"x86_64-apple-darwin\", \"aarch64-apple-darwin\"] }",
            "[projects.tokens]",
            "path = \"tokens\"",
            "tag = \"v{version}\"",
            "versions = [\"Cargo.toml\"]",
        ]
    );
    assert!(
        text.contains("# Left out: docs (pages, not a package"),
        "{text}"
    );
    assert!(
        text.contains("follow it by its own tool: bindings/node/npm/linux-x64."),
        "{text}"
    );
}

#[test]
fn paths_may_be_of_any_letters() {
    let fixture = Fixture::of_tree(&[
        ("my app/Cargo.toml", CRATE),
        ("données/été/VERSION", "0.1.0\n"),
        ("a \"quoted\" one/VERSION", "0.2.0\n"),
        ("it's/VERSION", "0.3.0\n"),
    ]);
    let text = adopt(&fixture);
    for line in [
        "path = \"my app\"",
        "path = \"données/été\"",
        "[projects.\"été\"]",
        "path = \"it's\"",
        "path = 'a \"quoted\" one'",
    ] {
        assert!(keys(&text).contains(&line), "{line}: {text}");
    }
    fixture.ok(&["bump", "minor"]);
    assert_eq!(fixture.read("données/été/VERSION"), "0.2.0\n");
}

#[test]
fn one_broken_manifest_of_many_is_said_and_left_out() {
    let fixture = Fixture::of_tree(&[
        ("good/Cargo.toml", CRATE),
        ("broken/Cargo.toml", "[package\nname = \n"),
        ("broken/package.json", "{ \"name\": "),
        ("odd/VERSION", "see the tags\n"),
    ]);
    fs::create_dir_all(fixture.root().join("binary")).unwrap();
    fs::write(
        fixture.root().join("binary/pyproject.toml"),
        b"[project]\nname = \"b\xff\"\n",
    )
    .unwrap();
    let notes = notes(&fixture);
    for words in [
        "broken/Cargo.toml is no TOML",
        "broken/package.json is no JSON",
        "binary/pyproject.toml is not UTF-8 at byte 19",
    ] {
        assert!(notes.contains(words), "{words}: {notes}");
    }
    assert!(!notes.contains(fixture.root().to_str().unwrap()), "{notes}");
    assert_eq!(
        projects(&adopt(&fixture)),
        [
            "[projects.one]",
            "path = \"good\"",
            "package = \"one\"",
            "versions = [\"Cargo.toml\"]"
        ]
    );
}

#[test]
fn sources_of_others_are_no_projects() {
    let fixture = Fixture::of_tree(&[
        ("Cargo.toml", CRATE),
        (
            "web/node_modules/a/node_modules/b/package.json",
            "{ \"name\": \"b\", \"version\": \"1.0.0\" }\n",
        ),
        ("vendor/serde/Cargo.toml", CRATE),
        (
            "third_party/lib/pyproject.toml",
            "[project]\nname = \"lib\"\nversion = \"1.0.0\"\n",
        ),
        ("crate/tests/fixtures/x/Cargo.toml", CRATE),
        ("examples/hello/Cargo.toml", CRATE),
    ]);
    git_in(&fixture.root().join("nested"), &["init", "--quiet"]);
    fixture.write("nested/Cargo.toml", CRATE);
    let notes = notes(&fixture);
    assert!(
        notes.contains("vendor/serde/Cargo.toml")
            && notes.contains("third_party/lib/pyproject.toml"),
        "{notes}"
    );
    assert!(
        notes.contains("repositories of their own: nested"),
        "{notes}"
    );
    assert_eq!(
        projects(&adopt(&fixture)),
        [
            "[projects.one]",
            "path = \".\"",
            "tag = \"v{version}\"",
            "versions = [\"Cargo.toml\"]"
        ]
    );
    let only = Fixture::of_tree(&[("vendor/serde/Cargo.toml", CRATE)]);
    refused(
        &only,
        &["init"],
        3,
        str![[r#"
       error no project was found in this tree: looked for Cargo.toml, pyproject.toml, setup.cfg, setup.py, package.json with a version, VERSION, Chart.yaml, a Dockerfile at the root, and the configurations of release-please and bumpversion
             left out, since their folders hold tests, examples or other people's sources: vendor/serde/Cargo.toml
         try echo 0.1.0 > VERSION, then cargo xtask init

"#]],
    );
}

/// A pyproject.toml with this below its name, and the version it leads to.
fn python(head: &str, files: &[(&str, &str)]) -> String {
    let manifest = format!("[project]\nname = \"my-pack\"\n{head}");
    let fixture = Fixture::of_tree(&[&[("pyproject.toml", manifest.as_str())], files].concat());
    adopt(&fixture)
}

#[test]
fn a_dynamic_version_is_followed_to_its_file() {
    let module = "__version__ = \"1.2.3\"\n";
    let versions = |text: &str| {
        keys(text)
            .into_iter()
            .find(|line| line.starts_with("versions"))
            .unwrap_or("none")
            .to_owned()
    };
    let dynamic = "dynamic = [\"version\"]\n";
    for (head, files, wanted) in [
        (
            "[tool.hatch.version]\npath = \"src/my_pack/about.py\"\n",
            &[("src/my_pack/about.py", module)][..],
            "versions = [\"src/my_pack/about.py\"]",
        ),
        (
            "[tool.pdm.version]\nsource = \"file\"\npath = \"my_pack/__init__.py\"\n",
            &[("my_pack/__init__.py", module)],
            "versions = [\"my_pack/__init__.py\"]",
        ),
        (
            "[tool.setuptools.dynamic]\nversion = { attr = \"my_pack.version.__version__\" }\n",
            &[
                ("src/my_pack/version.py", module),
                (
                    "src/my_pack/__init__.py",
                    "from .version import __version__\n",
                ),
            ],
            "versions = [\"src/my_pack/version.py\"]",
        ),
        (
            "[tool.setuptools.dynamic]\nversion = { attr = \"my_pack.VERSION\" }\n",
            &[("my_pack/__init__.py", "VERSION = \"1.2.3\"\n")],
            "VERSION",
        ),
        (
            "[tool.setuptools.dynamic]\nversion = { file = [\"VERSION\"] }\n",
            &[("VERSION", "1.2.3\n")],
            "versions = [\"VERSION\"]",
        ),
        (
            "[tool.setuptools.dynamic]\nversion = { file = \"ver.txt\" }\n",
            &[("ver.txt", "1.2.3\n")],
            "versions = [{ file = \"ver.txt\", pattern = \"{version}\" }]",
        ),
        (
            "[build-system]\nrequires = [\"flit_core\"]\nbuild-backend = \"flit_core.buildapi\"\n",
            &[("my_pack/__init__.py", module)],
            "versions = [\"my_pack/__init__.py\"]",
        ),
    ] {
        let text = python(&format!("{dynamic}{head}"), files);
        assert!(versions(&text).contains(wanted), "{head}: {text}");
    }
}

#[test]
fn a_module_of_another_name_is_found_where_the_manifest_says_so() {
    for head in [
        "[tool.setuptools.packages.find]\ninclude = [\"core*\"]\n",
        "[tool.hatch.build.targets.wheel]\npackages = [\"core\"]\n",
    ] {
        let text = python(
            &format!("version = \"1.2.3\"\n{head}"),
            &[
                ("core/__init__.py", "__version__ = \"1.2.3\"\n"),
                ("other/__init__.py", "__version__ = \"9.0\"\n"),
            ],
        );
        assert!(
            text.contains("versions = [\"pyproject.toml\", \"core/__init__.py\"]"),
            "{head}: {text}"
        );
    }
}

#[test]
fn a_version_that_no_file_holds_is_said() {
    for (head, tool) in [
        (
            "[build-system]\nrequires = [\"setuptools>=64\", \"setuptools_scm>=8\"]\n\n[tool.setuptools_scm]\n",
            "setuptools-scm",
        ),
        (
            "[build-system]\nrequires = [\"hatchling\", \"hatch-vcs\"]\n\n[tool.hatch.version]\nsource = \"vcs\"\n",
            "hatch-vcs",
        ),
        ("[tool.pdm.version]\nsource = \"scm\"\n", "pdm"),
    ] {
        let generated = (
            "src/my_pack/_version.py",
            "# file generated by setuptools-scm\n__version__ = \"1.2.3\"\n",
        );
        let text = python(&format!("dynamic = [\"version\"]\n{head}"), &[generated]);
        assert_eq!(
            projects(&text),
            ["[projects.my-pack]", "path = \".\""],
            "{text}"
        );
        assert!(
            text.contains(&format!(
                "# No file holds the version of my-pack: {tool} makes it of the tags."
            )),
            "{text}"
        );
    }
}

#[test]
fn generated_and_computed_modules_are_no_sites() {
    let text = python(
        "version = \"1.2.3\"\n",
        &[
            (
                "src/my_pack/__init__.py",
                "from importlib.metadata import version\n__version__ = version(\"my-pack\")\n",
            ),
            (
                "src/my_pack/_version.py",
                "# This file is autogenerated: do not edit.\n__version__ = \"1.2.3\"\n",
            ),
        ],
    );
    assert_eq!(
        projects(&text),
        [
            "[projects.my-pack]",
            "path = \".\"",
            "tag = \"v{version}\"",
            "versions = [\"pyproject.toml\"]"
        ]
    );
}

#[test]
fn a_service_without_a_manifest_is_known_by_its_module() {
    let fixture = Fixture::of_tree(&[
        ("svc/worker/Dockerfile", "FROM python:3.12-slim\n"),
        (
            "svc/worker/src/worker/version.py",
            "__version__ = \"0.7.0\"\n",
        ),
        ("svc/worker/requirements.txt", "requests\n"),
        ("svc/proxy/Dockerfile", "FROM nginx\n"),
    ]);
    let text = adopt(&fixture);
    assert_eq!(
        projects(&text),
        [
            "[projects.worker]",
            "path = \"svc/worker\"",
            "versions = [\"src/worker/version.py\"]"
        ]
    );
    assert!(
        text.contains("# No project builds svc/proxy/Dockerfile:"),
        "{text}"
    );
}

#[test]
fn bumpversions_files_become_sites() {
    let config = "[bumpversion]\ncurrent_version = 1.2.3\ncommit = True\ntag_name = rel-{new_version}\n\n[bumpversion:file:setup.py]\nsearch = version=\"{current_version}\"\nreplace = version=\"{new_version}\"\n\n[bumpversion:file:pack/__init__.py]\n\n[bumpversion:file:docs/conf.txt]\n\n[bumpversion:file:docs/twice.txt]\n";
    let fixture = Fixture::of_tree(&[
        (".bumpversion.cfg", config),
        (
            "setup.py",
            "from setuptools import setup\n\nsetup(\n    name=\"pack\",\n    version=\"1.2.3\",\n)\n",
        ),
        ("pack/__init__.py", "__version__ = \"1.2.3\"\n"),
        ("docs/conf.txt", "copyright 2024\nrelease: 1.2.3 (stable)\n"),
        ("docs/twice.txt", "1.2.3\n1.2.3\n"),
    ]);
    let text = adopt(&fixture);
    assert_eq!(
        projects(&text),
        [
            "[projects.pack]",
            "path = \".\"",
            "tag = \"rel-{version}\"",
            "versions = [",
            "{ file = \"setup.py\", pattern = 'version=\"{version}\",' },",
            "\"pack/__init__.py\",",
            "{ file = \"docs/conf.txt\", pattern = \"release: {version} (stable)\" },",
            "{ file = \".bumpversion.cfg\", pattern = \"current_version = {version}\" },",
            "]",
        ]
    );
    assert!(text.contains("# No version site: docs/twice.txt"), "{text}");
    fixture.commit_init();
    fixture.ok(&["versions", "--check"]);
    fixture.ok(&["bump", "patch"]);
    assert_eq!(
        fixture
            .changed_lines()
            .iter()
            .filter(|line| line.starts_with('+'))
            .collect::<Vec<_>>(),
        [
            "+current_version = 1.2.4",
            "+release: 1.2.4 (stable)",
            "+__version__ = \"1.2.4\"",
            "+    version=\"1.2.4\","
        ]
    );
}

#[test]
fn bump_my_versions_tables_become_sites() {
    let fixture = Fixture::of_tree(&[
        (
            "pyproject.toml",
            "[project]\nname = \"pack\"\nversion = \"0.5.0\"\n\n[tool.bumpversion]\ncurrent_version = \"0.5.0\"\n\n[[tool.bumpversion.files]]\nfilename = \"pyproject.toml\"\nsearch = 'version = \"{current_version}\"'\n\n[[tool.bumpversion.files]]\nfilename = \"README.md\"\nsearch = \"pack=={current_version}\"\n",
        ),
        ("README.md", "pip install pack==0.5.0\n"),
    ]);
    assert_eq!(
        projects(&adopt(&fixture))[3..],
        [
            "versions = [",
            "\"pyproject.toml\",",
            "{ file = \"README.md\", pattern = \"pack=={version}\" },",
            "{ file = \"pyproject.toml\", key = \"tool.bumpversion.current_version\" },",
            "]",
        ]
    );
}

#[test]
fn the_release_tools_record_decides_where_manifests_disagree() {
    let fixture = Fixture::of_tree(&[
        (
            ".bumpversion.cfg",
            "[bumpversion]\ncurrent_version = 1.3.0\n",
        ),
        (
            "pyproject.toml",
            "[project]\nname = \"pack\"\nversion = \"1.2.0\"\n",
        ),
        ("pack/__init__.py", "__version__ = \"1.3.0\"\n"),
    ]);
    let text = adopt(&fixture);
    assert!(
        text.contains(
            "versions = [\n    \"pack/__init__.py\",\n    \"pyproject.toml\", # says 1.2.0, not 1.3.0: cargo xtask versions --fix pack\n"
        ),
        "{text}"
    );
    assert_eq!(fixture.run(&["versions", "--check"]).code, 1);
}

#[test]
fn packages_of_release_please_keep_their_components() {
    let fixture = Fixture::of_tree(&[
        (
            "release-please-config.json",
            "{ \"packages\": { \"svc/api\": { \"component\": \"api-server\", \"release-type\": \"node\" }, \"svc/job\": { \"release-type\": \"simple\", \"include-component-in-tag\": false, \"extra-files\": [\"job.sh\", \"/shared.txt\", { \"type\": \"json\", \"path\": \"meta.json\", \"jsonpath\": \"$.app.version\" }, { \"type\": \"json\", \"path\": \"meta.json\", \"jsonpath\": \"$..version\" }] } } }",
        ),
        (
            ".release-please-manifest.json",
            "{ \"svc/api\": \"1.0.0\", \"svc/job\": \"2.0.0\" }",
        ),
        (
            "svc/api/package.json",
            "{ \"name\": \"api\", \"version\": \"1.0.0\", \"private\": true }\n",
        ),
        ("svc/job/version.txt", "2.0.0\n"),
        (
            "svc/job/job.sh",
            "VERSION=2.0.0 # x-release-please-version\n",
        ),
        (
            "svc/job/meta.json",
            "{ \"app\": { \"version\": \"2.0.0\" } }\n",
        ),
        ("shared.txt", "2.0.0\n"),
    ]);
    let text = adopt(&fixture);
    assert_eq!(
        projects(&text),
        [
            "[projects.api-server]",
            "path = \"svc/api\"",
            "package = \"api-server\"",
            "versions = [\"package.json\"]",
            "[projects.job]",
            "path = \"svc/job\"",
            "versions = [",
            "{ file = \"version.txt\", pattern = \"{version}\" },",
            "{ file = \"job.sh\", pattern = \"VERSION={version} # x-release-please-version\" },",
            "{ file = \"meta.json\", key = \"app.version\" },",
            "]",
        ]
    );
    assert!(
        text.contains("# No version site: shared.txt lies outside of the project's folder"),
        "{text}"
    );
    assert!(text.contains("meta.json at $..version"), "{text}");
}

#[test]
fn knope_and_cargo_release_are_read_too() {
    let fixture = Fixture::of_tree(&[
        (
            "knope.toml",
            "[packages.server]\nversioned_files = [\"server/Cargo.toml\", \"Cargo.lock\", { path = \"client/Cargo.toml\", dependency = \"server\" }]\nchangelog = \"server/CHANGELOG.md\"\n",
        ),
        ("server/Cargo.toml", &CRATE.replace("one", "acme-server")),
    ]);
    assert_eq!(
        projects(&adopt(&fixture)),
        [
            "[projects.server]",
            "path = \"server\"",
            "tag = \"server/v{version}\"",
            "versions = [\"Cargo.toml\"]",
        ]
    );
    let fixture = Fixture::of_tree(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"*\"]\n"),
        (
            "release.toml",
            "tag-name = \"release/{{prefix}}{{version}}\"\n",
        ),
        ("one/Cargo.toml", CRATE),
        ("two/Cargo.toml", &CRATE.replace("one", "two")),
    ]);
    let text = adopt(&fixture);
    let tags: Vec<&str> = keys(&text)
        .into_iter()
        .filter(|line| line.starts_with("tag"))
        .collect();
    assert_eq!(
        tags,
        [
            "tag = \"release/one-{version}\"",
            "tag = \"release/two-{version}\""
        ]
    );
}

#[test]
fn a_chart_of_something_else_keeps_its_versions() {
    let fixture = Fixture::of_tree(&[
        ("Cargo.toml", CRATE),
        (
            "charts/one/Chart.yaml",
            "apiVersion: v2\nname: one\nversion: 0.4.0\nappVersion: v1.2.0\n",
        ),
        (
            "charts/redis/Chart.yaml",
            "apiVersion: v2\nname: redis\nversion: 17.0.0\nappVersion: \"7.2.4\"\n",
        ),
        (
            "charts/one/charts/common/Chart.yaml",
            "apiVersion: v2\nname: common\nversion: 1.0.0\n",
        ),
    ]);
    let text = adopt(&fixture);
    assert_eq!(
        projects(&text)[3..],
        [
            "versions = [",
            "\"Cargo.toml\",",
            "{ file = \"charts/one/Chart.yaml\", key = \"appVersion\" }, # says 1.2.0, not 1.2.3: cargo xtask versions --fix one",
            "]",
        ]
    );
    assert!(
        text.contains("# charts/one/Chart.yaml has a version of its own, 0.4.0"),
        "{text}"
    );
    assert!(text.contains("# charts/redis/Chart.yaml installs 7.2.4 of redis: if that is this project, add its key appVersion."), "{text}");
    fixture.commit_init();
    fixture.ok(&["versions", "--fix"]);
    assert_eq!(
        fixture.changed_lines(),
        [
            "charts/one/Chart.yaml",
            "-appVersion: v1.2.0",
            "+appVersion: v1.2.3"
        ]
    );
}

#[test]
fn charts_alone_are_projects_and_charts_of_neighbours_are_not() {
    let fixture = Fixture::of_tree(&[
        (
            "charts/api/Chart.yaml",
            "apiVersion: v2\nname: api\nversion: 0.4.0\nappVersion: \"1.0.0\"\n",
        ),
        (
            "charts/lib/Chart.yaml",
            "apiVersion: v2\nname: lib\ntype: library\nversion: 2.0.0\n",
        ),
        (
            "svc/api/pyproject.toml",
            "[project]\nname = \"api\"\nversion = \"1.0.0\"\n",
        ),
    ]);
    let text = adopt(&fixture);
    assert_eq!(
        projects(&text),
        [
            "[projects.lib]",
            "path = \"charts/lib\"",
            "versions = [\"Chart.yaml\"]",
            "[projects.api]",
            "path = \"svc/api\"",
            "versions = [\"pyproject.toml\"]",
        ]
    );
    assert!(
        text.contains(
            "# charts/api/Chart.yaml is the chart of api, but lies outside of its folder"
        ),
        "{text}"
    );
}

#[test]
fn images_go_where_the_remote_says_and_nowhere_without_one() {
    let files = [
        ("svc/API/Dockerfile", "FROM scratch\n"),
        (
            "svc/API/package.json",
            "{ \"name\": \"API\", \"version\": \"1.0.0\" }\n",
        ),
    ];
    let fixture = Fixture::of_tree(&files);
    let text = adopt(&fixture);
    assert!(
        text.contains("# image = { platforms = [\"linux/amd64\"] }")
            && !text.contains("[images]\n"),
        "{text}"
    );
    let fixture = Fixture::of_tree(&files);
    fixture.on_forge("https://gitlab.com/Group/Sub/Project.git");
    let text = adopt(&fixture);
    assert!(
        text.contains("repository = \"registry.gitlab.com/group/sub/project/{package}\""),
        "{text}"
    );
    assert!(
        text.contains("[projects.api]\npath = \"svc/API\"\npackage = \"api\"\n"),
        "{text}"
    );
    assert!(!text.contains("github"), "{text}");
}

#[test]
fn the_branch_is_what_the_remote_calls_its_head() {
    let fixture = Fixture::of_tree(&[("VERSION", "1.0.0\n")]);
    fixture.git(&["checkout", "--quiet", "-b", "feature"]);
    fixture.git(&["remote", "rename", "origin", "upstream"]);
    fixture.git(&["update-ref", "refs/remotes/upstream/trunk", "HEAD"]);
    fixture.git(&[
        "symbolic-ref",
        "refs/remotes/upstream/HEAD",
        "refs/remotes/upstream/trunk",
    ]);
    assert_eq!(
        keys(&adopt(&fixture))[..3],
        [
            "[repository]",
            "branch = \"trunk\"",
            "remote = \"upstream\""
        ]
    );
}

#[test]
fn what_is_built_of_each_other_is_said() {
    let manifest = |name: &str, other: &str| {
        format!(
            "[project]\nname = \"{name}\"\nversion = \"1.0.0\"\n\n[tool.uv.sources]\n{other} = {{ path = \"../{other}\", editable = true }}\n"
        )
    };
    let (a, b) = (manifest("a", "b"), manifest("b", "a"));
    let fixture = Fixture::of_tree(&[("a/pyproject.toml", &a), ("b/pyproject.toml", &b)]);
    assert!(
        notes(&fixture).contains("b and a are built of each other"),
        "{}",
        notes(&fixture)
    );
    assert_eq!(
        keys(&adopt(&fixture))
            .iter()
            .filter(|line| line.starts_with("depends"))
            .count(),
        1
    );
}

/// Manifests, whole and broken, for trees that nobody thought of.
const PIECES: [(&str, &str); 24] = [
    ("Cargo.toml", CRATE),
    (
        "Cargo.toml",
        "[workspace]\nmembers = [\"*\"]\n[workspace.package]\nversion = \"0.1.0\"\n",
    ),
    (
        "Cargo.toml",
        "[package]\nname = \"two\"\nversion.workspace = true\n",
    ),
    (
        "Cargo.toml",
        "[package]\nname = \"x\"\nversion = \"1.0.0\"\npublish = false\n[workspace]\n[workspace.package]\nversion = \"2.0.0\"\n",
    ),
    ("Cargo.toml", "[package]\nversion = 3\nname = [\"x\"]\n"),
    (
        "Cargo.toml",
        "\u{feff}[package]\r\nname = \"bom\"\r\nversion = \"1.0\"\r\n",
    ),
    (
        "pyproject.toml",
        "[project]\nname = \"one\"\nversion = \"2!1.0\"\n",
    ),
    (
        "pyproject.toml",
        "[project]\nname = \"One\"\nversion = \"1.2.3\"\n[build-system]\nrequires = []\nbuild-backend = \"maturin\"\n",
    ),
    (
        "pyproject.toml",
        "[project]\nname = \"dyn\"\ndynamic = [\"version\"]\n[tool.setuptools.dynamic]\nversion = { attr = \"gone.version\" }\n",
    ),
    (
        "pyproject.toml",
        "[tool.poetry]\nname = \"poem\"\nversion = \"1.0.0rc1\"\n[tool.poetry.dependencies]\none = { path = \"../../..\" }\n",
    ),
    (
        "pyproject.toml",
        "[project]\nname = \"\"\n[tool.hatch.version]\npath = \"../../../../etc/passwd\"\n",
    ),
    (
        "package.json",
        "{ \"name\": \"@a/one\", \"version\": \"1.2.3\", \"dependencies\": { \"x\": \"file:..\" } }",
    ),
    ("package.json", "{ \"name\": 3, \"version\": \"1.2.3\" }"),
    ("package.json", "[1, 2"),
    ("VERSION", "1.2.3"),
    ("VERSION", "one\ntwo\n"),
    ("version.txt", "v1.2.3\n"),
    (
        "Chart.yaml",
        "apiVersion: v2\nname: one\nversion: 1.2.3\nappVersion: \"9.9\"\n",
    ),
    ("Chart.yaml", "name: [\n"),
    ("Dockerfile", "FROM scratch\n"),
    (
        "setup.cfg",
        "[metadata]\nname = cfg\nversion = attr: cfg.__version__\n[bumpversion]\ncurrent_version = 0.1.0\n[bumpversion:file:../x]\n[bumpversion:file:VERSION]\nsearch = {current_version} {current_version}\n",
    ),
    (
        ".bumpversion.toml",
        "[tool.bumpversion]\ncurrent_version = \"1.2.3\"\nfiles = [{ filename = \"VERSION\" }, { filename = \"*.txt\" }, { filename = \"../VERSION\" }]\n",
    ),
    (
        "release-please-config.json",
        "{ \"packages\": { \".\": { \"extra-files\": [\"VERSION\", 3, { \"path\": \"a/Chart.yaml\", \"jsonpath\": \"$['version']\" }] }, \"../x\": {}, \"a/b\": { \"component\": \"~^:\" } } }",
    ),
    (
        ".release-please-manifest.json",
        "{ \".\": \"1.2.3\", \"a\": 3, \"deep/gone\": \"1.0.0\" }",
    ),
];

#[test]
fn no_tree_makes_a_configuration_that_cannot_be_read() {
    const FOLDERS: [&str; 7] = ["", "a", "a/b", "a b", "c/one", "one", "é"];
    let mut seed: u64 = 7;
    let mut next = |bound: usize| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % bound
    };
    let mut written = 0;
    for _ in 0..60 {
        let files: Vec<(String, &str)> = (0..1 + next(9))
            .map(|_| {
                let folder = FOLDERS[next(FOLDERS.len())];
                let (name, text) = PIECES[next(PIECES.len())];
                (
                    if folder.is_empty() {
                        name.to_owned()
                    } else {
                        format!("{folder}/{name}")
                    },
                    text,
                )
            })
            .collect();
        let fixture = Fixture::of_tree(
            &files
                .iter()
                .map(|(path, text)| (path.as_str(), *text))
                .collect::<Vec<_>>(),
        );
        fixture.git(&["tag", "v1.2.3"]);
        fixture.git(&["tag", "one-v1.2.3"]);
        if next(2) == 0 {
            fixture.on_forge("https://github.com/Acme/One");
        }
        let ran = fixture.run(&["init"]);
        assert!(ran.code == 0 || ran.code == 3, "{files:?}: {}", ran.stderr);
        assert!(
            !ran.stderr.contains("panicked"),
            "{files:?}: {}",
            ran.stderr
        );
        if ran.code == 0 {
            let checked = fixture.run(&["versions", "--check"]);
            assert!(
                checked.code < 2,
                "{files:?}: {}\n{}",
                checked.stderr,
                fixture.read("xtask/monorepo.toml")
            );
            written += 1;
        }
        assert_eq!(fixture.has("xtask/monorepo.toml"), ran.code == 0);
    }
    assert!(written > 30, "only {written} trees were adopted");
}

#[test]
fn the_only_form_of_tags_is_that_of_an_only_project() {
    let tree = [(
        "pyproject.toml",
        "[project]\nname = \"api\"\nversion = \"1.3.0\"\n",
    )];
    let of = |tags: &[&str]| {
        let fixture = Fixture::of_tree(&tree);
        tags.iter().for_each(|tag| drop(fixture.git(&["tag", tag])));
        let text = fixture.ok(&["init", "--dry-run"]).stdout;
        let line = text.lines().find(|line| line.starts_with("tag = "));
        line.unwrap_or_default().to_owned()
    };
    assert_eq!(
        of(&["release-1.2.0", "release-1.3.0", "nightly"]),
        "tag = \"release-{version}\""
    );
    assert_eq!(of(&["rel/2024/1.2.0"]), "tag = \"rel/2024/{version}\"");
    assert_ne!(
        of(&["release-1.2.0", "old-1.0.0"]),
        "tag = \"release-{version}\""
    );
}
