//! Five small repositories, one for each system that the design describes, in their real shapes: `init` writes what their
//! owners would have written, `versions --check` runs on it, and `bump` changes the lines they would have changed by hand.

use crate::support::Fixture;
use snapbox::str;

/// `init`, and the text it wrote. The dry run says the same text and writes nothing.
fn adopted(fixture: &Fixture) -> String {
    let planned = fixture.ok(&["init", "--dry-run"]);
    assert!(
        !fixture.has("xtask/monorepo.toml"),
        "law 13: a dry run wrote"
    );
    let report = fixture.json(&["init"]);
    assert_eq!(report.code, 0, "{report:#}");
    assert_eq!(report["steps"][0]["id"], "create:xtask/monorepo.toml");
    assert_eq!(report["steps"][0]["verdict"], "acted");
    let text = fixture.read("xtask/monorepo.toml");
    assert_eq!(
        planned.stdout.trim_end(),
        text.trim_end(),
        "law 13: the dry run is the plan"
    );
    fixture.commit_init();
    text
}

/// The lines of a configuration without its comments: what the other verbs read.
fn keys(text: &str) -> Vec<&str> {
    text.lines()
        .map(|line| line.split(" #").next().unwrap().trim())
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

const MESH_PYPROJECT: &str = "[build-system]\nrequires = [\"setuptools>=68\"]\nbuild-backend = \"setuptools.build_meta\"\n\n[project]\nname = \"mesh\" # the package\nversion = \"3.3.0\"\nrequires-python = \">=3.10\"\n";

/// One VERSION file as the truth, a pyproject.toml that went ahead of it, tags v3.2.0.
fn mesh() -> Fixture {
    let fixture = Fixture::of_tree(&[
        ("VERSION", "3.2.0\n"),
        ("pyproject.toml", MESH_PYPROJECT),
        (
            "src/mesh/__init__.py",
            "\"\"\"Mesh.\"\"\"\n\n__version__ = '3.2.0'\n",
        ),
        (
            "src/mesh/network/__init__.py",
            "\"\"\"Nothing here.\"\"\"\n",
        ),
        (
            "tests/test_mesh.py",
            "import mesh\n\n\ndef test_mesh():\n    assert mesh.__version__\n",
        ),
        ("Dockerfile", "FROM python:3.12-slim\n"),
        (
            ".gitlab-ci.yml",
            "build:\n  script:\n    - docker build .\n",
        ),
        (
            ".github/workflows/release.yml",
            "on: { push: { tags: ['v*'] } }\njobs:\n  pypi:\n    steps:\n      - uses: pypa/gh-action-pypi-publish@release/v1\n",
        ),
        (
            "charts/mesh/Chart.yaml",
            "apiVersion: v2\nname: mesh\nversion: 0.9.1\nappVersion: \"3.2.0\" # the image\n",
        ),
    ]);
    fixture.git(&["tag", "v3.1.0"]);
    fixture.git(&["tag", "v3.2.0"]);
    fixture.on_forge("git@github.com:Acme/mesh.git");
    fixture
}

#[test]
fn a_version_file_is_the_truth_and_what_went_ahead_is_said() {
    let fixture = mesh();
    let planned = fixture.json(&["init", "--dry-run"]);
    let notes = planned["notes"].to_string();
    assert!(notes.contains("mesh: pyproject.toml (project.version) says 3.3.0, but VERSION says 3.2.0; both are written"), "{notes}");
    let text = adopted(&fixture);
    assert_eq!(
        keys(&text)[..9],
        [
            "[repository]",
            "github = \"Acme/mesh\"",
            "branch = \"main\"",
            "[images]",
            "repository = \"ghcr.io/acme/{package}\"",
            "[projects.mesh]",
            "path = \".\"",
            "tag = \"v{version}\"",
            "versions = [",
        ]
    );
    assert!(
        text.contains(
            "\"pyproject.toml\", # says 3.3.0, not 3.2.0: cargo xtask versions --fix mesh"
        ),
        "{text}"
    );
    assert!(
        text.contains("package-index = \"pypi\"\nimage = { platforms = [\"linux/amd64\"] }\n"),
        "{text}"
    );
    let checked = fixture.run(&["versions", "--check"]);
    assert_eq!(checked.code, 1, "{}", checked.stderr);
    checked.assert_stderr(str![[r#"
       error mesh: VERSION (the version) says 3.2.0, but pyproject.toml (project.version) says 3.3.0
         try cargo xtask versions --fix mesh
       error tag v3.1.0 (commit [SHORT]): VERSION says 3.2.0, pyproject.toml says 3.3.0, src/mesh/__init__.py says 3.2.0, charts/mesh/Chart.yaml says 3.2.0
         try ignore-tags = ["v3.1.0"] in [projects.mesh], where these tags are to stay

"#]]);
    let document = fixture.json(&["versions"]);
    assert_eq!(
        document["projects"][0]["released"], "3.2.0",
        "the tags are read on"
    );
    fixture.ok(&["versions", "--fix"]);
    assert_eq!(
        fixture.changed_lines(),
        [
            "pyproject.toml",
            "-version = \"3.3.0\"",
            "+version = \"3.2.0\""
        ]
    );
    fixture.commit_all("chore: one version");
    // The tag is its owner's to judge; the line is there.
    fixture.write(
        "xtask/monorepo.toml",
        &text.replace("# ignore-tags = [", "ignore-tags = ["),
    );
    fixture.commit_all("chore: a tag that stays");
    fixture.ok(&["versions", "--check"]);
    fixture.ok(&["bump", "minor"]);
    assert_eq!(
        fixture.changed_lines(),
        [
            "VERSION",
            "-3.2.0",
            "+3.3.0",
            "charts/mesh/Chart.yaml",
            "-appVersion: \"3.2.0\" # the image",
            "+appVersion: \"3.3.0\" # the image",
            "pyproject.toml",
            "-version = \"3.2.0\"",
            "+version = \"3.3.0\"",
            "src/mesh/__init__.py",
            "-__version__ = '3.2.0'",
            "+__version__ = '3.3.0'",
        ]
    );
}

const RELEASE_PLEASE: &str = r#"{
  "release-type": "rust",
  "include-component-in-tag": false,
  "packages": {
    ".": {
      "package-name": "controller",
      "extra-files": [
        { "type": "yaml", "path": "infra/charts/controller/Chart.yaml", "jsonpath": "$.version" },
        { "type": "yaml", "path": "infra/charts/controller/Chart.yaml", "jsonpath": "$.appVersion" },
        { "type": "yaml", "path": "infra/charts/tools/Chart.yaml", "jsonpath": "$.appVersion" }
      ]
    }
  }
}
"#;

/// A Cargo workspace whose version every crate inherits, two charts, release-please, image tags that Argo CD follows.
fn controller() -> Fixture {
    let fixture = Fixture::of_tree(&[
        (
            "Cargo.toml",
            "[workspace]\nresolver = \"2\"\nmembers = [\"crates/*\"]\n\n[workspace.package]\nversion = \"0.2.0\" # one for all\nedition = \"2021\"\n\n[workspace.dependencies]\ncore = { path = \"crates/core\" }\n",
        ),
        (
            "crates/core/Cargo.toml",
            "[package]\nname = \"core\"\nversion.workspace = true\nedition.workspace = true\n",
        ),
        (
            "crates/controller/Cargo.toml",
            "[package]\nname = \"controller\"\nversion.workspace = true\nedition.workspace = true\n\n[dependencies]\ncore.workspace = true\n",
        ),
        (
            "crates/testing/Cargo.toml",
            "[package]\nname = \"testing\"\nversion = \"0.0.1\"\npublish = false\n",
        ),
        (
            "Cargo.lock",
            "version = 4\n\n[[package]]\nname = \"controller\"\nversion = \"0.2.0\"\n\n[[package]]\nname = \"core\"\nversion = \"0.2.0\"\n\n[[package]]\nname = \"testing\"\nversion = \"0.0.1\"\n",
        ),
        (
            "infra/charts/controller/Chart.yaml",
            "apiVersion: v2\nname: controller\ndescription: The controller\nversion: 0.2.0\nappVersion: \"0.2.0\"\n",
        ),
        (
            "infra/charts/tools/Chart.yaml",
            "apiVersion: v2\nname: tools\nversion: 0.1.4\nappVersion: 0.2.0\n",
        ),
        (
            "infra/charts/controller/values.yaml",
            "image:\n  repository: ghcr.io/acme-labs/controller\n  tag: \"\"\n",
        ),
        (
            "infra/gitops/controller.yaml",
            "kind: Application\nmetadata:\n  annotations:\n    image-list: controller=ghcr.io/acme-labs/controller\n",
        ),
        (
            "infra/images/runtime/Dockerfile",
            "FROM debian:stable-slim\n",
        ),
        ("Dockerfile", "FROM debian:stable-slim\n"),
        ("release-please-config.json", RELEASE_PLEASE),
        (
            ".release-please-manifest.json",
            "{\n  \".\": \"0.2.0\"\n}\n",
        ),
    ]);
    fixture.git(&["tag", "v0.2.0"]);
    fixture.on_forge("https://github.com/acme-labs/platform.git");
    fixture
}

#[test]
fn a_workspace_with_charts_goes_on_where_release_please_left_it() {
    let fixture = controller();
    let text = adopted(&fixture);
    assert_eq!(
        keys(&text)[5..],
        [
            "[projects.controller]",
            "path = \".\"",
            "tag = \"v{version}\"",
            "versions = [",
            "\"Cargo.toml\",",
            "{ file = \"infra/charts/controller/Chart.yaml\", key = \"version\" },",
            "{ file = \"infra/charts/controller/Chart.yaml\", key = \"appVersion\" },",
            "{ file = \"infra/charts/tools/Chart.yaml\", key = \"appVersion\" },",
            "{ file = \".release-please-manifest.json\", pattern = '\".\": \"{version}\"' },",
            "]",
            "image = { platforms = [\"linux/amd64\"] }",
        ]
    );
    for remark in [
        "# infra/charts/tools/Chart.yaml has a version of its own, 0.1.4: it is no site of this project.",
        "# No project builds infra/images/runtime/Dockerfile:",
        "# Left out: crates/testing (publish = false, and neither an image, nor a wheel, nor a tag of it).",
        "their paths do not tell in which environment: infra/charts/controller/values.yaml",
    ] {
        assert!(text.contains(remark), "{remark}: {text}");
    }
    fixture.ok(&["versions", "--check"]);
    fixture.ok(&["bump", "minor"]);
    assert_eq!(
        fixture.changed_lines(),
        [
            ".release-please-manifest.json",
            "-  \".\": \"0.2.0\"",
            "+  \".\": \"0.3.0\"",
            "Cargo.lock",
            "-version = \"0.2.0\"",
            "+version = \"0.3.0\"",
            "-version = \"0.2.0\"",
            "+version = \"0.3.0\"",
            "Cargo.toml",
            "-version = \"0.2.0\" # one for all",
            "+version = \"0.3.0\" # one for all",
            "infra/charts/controller/Chart.yaml",
            "-version: 0.2.0",
            "-appVersion: \"0.2.0\"",
            "+version: 0.3.0",
            "+appVersion: \"0.3.0\"",
            "infra/charts/tools/Chart.yaml",
            "-appVersion: 0.2.0",
            "+appVersion: 0.3.0",
        ]
    );
}

/// A Python package in the src layout that repeats its version in `__init__.py`, published and built for two platforms.
fn continuum() -> Fixture {
    let fixture = Fixture::of_tree(&[
        (
            "pyproject.toml",
            "[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n\n[project]\nname = \"continuum-memory\"\nversion = \"0.3.0\"\n",
        ),
        (
            "src/continuum/__init__.py",
            "\"\"\"Memory.\"\"\"\n\nfrom .core import Memory\n\n__version__ = \"0.3.0\"  # kept in step\n__all__ = [\"Memory\"]\n",
        ),
        ("src/continuum/core.py", "class Memory:\n    pass\n"),
        ("src/continuum/api/__init__.py", ""),
        ("deploy/Dockerfile", "FROM python:3.12-slim\n"),
        ("CHANGELOG.md", "# Changelog\n\n## 0.3.0\n"),
        (
            ".github/workflows/cd.yml",
            "on:\n  push:\n    tags: ['v*.*.*']\njobs:\n  pypi:\n    steps:\n      - uses: pypa/gh-action-pypi-publish@release/v1\n  docker:\n    steps:\n      - uses: docker/build-push-action@v6\n        with:\n          file: deploy/Dockerfile\n          platforms: linux/amd64,linux/arm64\n",
        ),
    ]);
    fixture.git(&["tag", "--annotate", "--message", "Release v0.3.0", "v0.3.0"]);
    fixture.on_forge("https://github.com/acme/continuum");
    fixture
}

#[test]
fn a_package_in_the_src_layout_keeps_its_module_in_step() {
    let fixture = continuum();
    let text = adopted(&fixture);
    assert_eq!(
        keys(&text),
        [
            "[repository]",
            "github = \"acme/continuum\"",
            "branch = \"main\"",
            "[projects.continuum-memory]",
            "path = \".\"",
            "tag = \"v{version}\"",
            "versions = [\"pyproject.toml\", \"src/continuum/__init__.py\"]",
            "package-index = \"pypi\"",
        ]
    );
    assert!(
        text.contains("# No project builds deploy/Dockerfile:"),
        "{text}"
    );
    fixture.ok(&["versions", "--check"]);
    let document = fixture.json(&["versions"]);
    assert_eq!(document["projects"][0]["released"], "0.3.0");
    fixture.ok(&["bump", "minor"]);
    assert_eq!(
        fixture.changed_lines(),
        [
            "pyproject.toml",
            "-version = \"0.3.0\"",
            "+version = \"0.4.0\"",
            "src/continuum/__init__.py",
            "-__version__ = \"0.3.0\"  # kept in step",
            "+__version__ = \"0.4.0\"  # kept in step",
        ]
    );
}

/// A crate with a Python face, a service by pyproject.toml, a service whose version hatch reads in a module.
fn three_products() -> Fixture {
    let fixture = Fixture::of_tree(&[
        (
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"xtask\", \"acme-rocks\"]\n\n[workspace.package]\nedition = \"2024\"\n",
        ),
        (
            "Cargo.lock",
            "version = 4\n\n[[package]]\nname = \"acme-rocks\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"xtask\"\nversion = \"0.1.0\"\n",
        ),
        (
            "xtask/Cargo.toml",
            "[package]\nname = \"xtask\"\nversion = \"0.1.0\"\npublish = false\n",
        ),
        (
            "acme-rocks/Cargo.toml",
            "[package]\nname = \"acme-rocks\"\nversion = \"0.1.0\"\nedition.workspace = true\n\n[lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n",
        ),
        (
            "acme-rocks/pyproject.toml",
            "[build-system]\nrequires = [\"maturin>=1.9,<2\"]\nbuild-backend = \"maturin\"\n\n[project]\nname = \"acme-rocks\"\nversion = \"0.1.0\"\n",
        ),
        (
            "acme-reading/pyproject.toml",
            "[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n\n[project]\nname = \"acme-reading\"\nversion = \"0.1.0\"\n",
        ),
        (
            "acme-reading/uv.lock",
            "version = 1\n\n[[package]]\nname = \"acme-reading\"\nversion = \"0.1.0\"\nsource = { editable = \".\" }\n",
        ),
        (
            "acme-reading/src/acme_reading/__init__.py",
            "from importlib.metadata import version\n\n__version__ = version(\"acme-reading\")\n",
        ),
        ("acme-reading/Dockerfile", "FROM python:3.12-slim\n"),
        (
            "acme/pyproject.toml",
            "[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n\n[project]\nname = \"acme\"\ndynamic = [\"version\"]\ndependencies = [\"acme-rocks\"]\n\n[tool.hatch.version]\npath = \"src/acme/version.py\"\n\n[tool.uv.sources]\nacme-rocks = { path = \"../acme-rocks\" }\n",
        ),
        (
            "acme/src/acme/version.py",
            "\"\"\"The version.\"\"\"\n\n__version__ = \"0.1.0\"\n",
        ),
        (
            "acme/src/acme/__init__.py",
            "from .version import __version__\n\n__all__ = [\"__version__\"]\n",
        ),
        ("acme/Dockerfile", "FROM python:3.12-slim\n"),
        (
            ".github/workflows/build.yml",
            "jobs:\n  image:\n    strategy:\n      matrix:\n        platform: [linux/amd64, linux/arm64]\n  rocks:\n    steps:\n      - run: maturin publish\n",
        ),
    ]);
    fixture.git(&["tag", "acme-rocks-v0.1.0-rc1"]);
    fixture.on_forge("https://github.com/acme-labs/acme");
    fixture
}

#[test]
fn a_crate_with_a_wheel_and_two_services_are_three_projects() {
    let fixture = three_products();
    let text = adopted(&fixture);
    assert_eq!(
        keys(&text)[3..],
        [
            "[images]",
            "repository = \"ghcr.io/acme-labs/{package}\"",
            "[projects.acme]",
            "path = \"acme\"",
            "versions = [\"src/acme/version.py\"]",
            "depends = [\"acme-rocks\"]",
            "image = { platforms = [\"linux/amd64\", \"linux/arm64\"] }",
            "[projects.acme-reading]",
            "path = \"acme-reading\"",
            "versions = [\"pyproject.toml\"]",
            "image = { platforms = [\"linux/amd64\", \"linux/arm64\"] }",
            "[projects.acme-rocks]",
            "path = \"acme-rocks\"",
            "versions = [\"Cargo.toml\", \"pyproject.toml\"]",
            "wheel = { targets = [\"x86_64-unknown-linux-gnu\", \"aarch64-unknown-linux-gnu\", \"x86_64-apple-darwin\", \"aarch64-apple-darwin\"] }",
        ]
    );
    fixture.ok(&["versions", "--check"]);
    fixture.ok(&["bump", "minor", "acme"]);
    assert_eq!(
        fixture.changed_lines(),
        [
            "acme/src/acme/version.py",
            "-__version__ = \"0.1.0\"",
            "+__version__ = \"0.2.0\""
        ]
    );
    fixture.ok(&["bump", "minor", "acme-rocks", "acme-reading"]);
    assert_eq!(
        fixture.git(&["diff", "--numstat"]).lines().count(),
        6,
        "{:?}",
        fixture.changed_lines()
    );
    let plan = fixture.json(&["plan", "--tag", "acme-rocks-v0.1.0-rc1"]);
    assert_eq!(
        plan["matrix"]["include"].as_array().unwrap().len(),
        4,
        "{plan:#}"
    );
}

/// Many processor images that registry files pin by their digests; the code around them has a version, they have none.
fn processors() -> Fixture {
    let registry = |name: &str, digest: &str| {
        format!(
            "ref: {name}/generic@1\nimage:\n  oci: {digest}\nsecrets:\n  required:\n    - API_TOKEN\n"
        )
    };
    let digest = format!(
        "ghcr.io/acme/factory/llm-litellm@sha256:{}",
        "ab".repeat(32)
    );
    let one = registry("llm", &digest);
    let two = registry("replicate", "sha256:pending");
    let fixture = Fixture::of_tree(&[
        (
            "code/pyproject.toml",
            "[project]\nname = \"backend\"\nversion = \"0.1.0\"\n",
        ),
        ("code/apps/core/registry/processors/llm_litellm.yaml", &one),
        (
            "code/apps/core/registry/processors/replicate_generic.yaml",
            &two,
        ),
        (
            "code/apps/core/processors/llm_litellm/Dockerfile",
            "FROM python:3.12-slim\n",
        ),
        (
            "code/apps/core/processors/replicate_generic/Dockerfile",
            "FROM python:3.12-slim\n",
        ),
        ("code/modal_app.py", "\"\"\"The app.\"\"\"\n"),
        (
            "docker-compose.yml",
            "services:\n  postgres:\n    image: postgres:16\n",
        ),
    ]);
    fixture.git(&["branch", "staging"]);
    fixture.git(&["branch", "dev"]);
    fixture.on_forge("https://github.com/acme/factory");
    fixture
}

#[test]
fn registry_files_of_images_are_projects_of_their_own_kind() {
    let fixture = processors();
    let text = adopted(&fixture);
    assert_eq!(
        keys(&text)[3..],
        [
            "[projects.backend]",
            "path = \"code\"",
            "package = \"backend\"",
            "versions = [\"pyproject.toml\"]",
            "[images-from]",
            "files = \"code/apps/core/registry/processors/*.yaml\"",
        ]
    );
    fixture.ok(&["versions", "--check"]);
    fixture.ok(&["bump", "minor"]);
    assert_eq!(
        fixture.changed_lines(),
        [
            "code/pyproject.toml",
            "-version = \"0.1.0\"",
            "+version = \"0.2.0\""
        ]
    );
}
