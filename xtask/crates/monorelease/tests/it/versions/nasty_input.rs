//! A table of nasty inputs for every kind of version site: the right bytes, or an exit code of 2 or 3 that names the file
//! and the key, and then nothing written at all (law 2).
//!
//! In a text the version's own characters stand between « and »; the marks are taken out before the text is written.

use std::fs;
use std::path::Path;

use crate::support::{git_in, program, ran};

enum Wanted {
    /// The marked characters become this, and every other byte stays.
    Becomes(&'static str),
    /// Exit code, and what the error says.
    Refused(i32, &'static [&'static str]),
}
use Wanted::{Becomes, Refused};

/// A file, what the configuration says of it, its text, and what `bump minor` makes of it.
type Case = (&'static str, &'static str, &'static str, Wanted);

/// Runs the cases of one table, each in a repository of its own, and gives their number.
fn run(cases: &[Case]) -> usize {
    for (file, site, text, wanted) in cases {
        let bytes = text.replace(['«', '»'], "").into_bytes();
        let after = match wanted {
            Becomes(version) => {
                let (before, rest) = text
                    .split_once('«')
                    .unwrap_or_else(|| panic!("no mark in {text:?}"));
                let (_, after) = rest.split_once('»').unwrap();
                Some(format!("{before}{version}{after}").into_bytes())
            }
            Refused(..) => None,
        };
        let says = if let Refused(code, says) = wanted {
            Some((*code, *says))
        } else {
            None
        };
        check(file, site, &bytes, after.as_deref(), says);
    }
    cases.len()
}

fn check(
    file: &str,
    site: &str,
    before: &[u8],
    after: Option<&[u8]>,
    refused: Option<(i32, &[&str])>,
) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let path = root.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, before).unwrap();
    bump(
        root,
        site,
        &format!(
            "{file} {site} {:?}",
            String::from_utf8_lossy(&before[..before.len().min(200)])
        ),
        file,
        after,
        refused,
    );
}

/// The plan first, which must change nothing, then the bump; twice refused where it is refused.
fn bump(
    root: &Path,
    site: &str,
    what: &str,
    file: &str,
    after: Option<&[u8]>,
    refused: Option<(i32, &[&str])>,
) {
    fs::create_dir_all(root.join("xtask")).unwrap();
    fs::write(
        root.join("xtask/monorepo.toml"),
        format!("[projects.a]\npath = \".\"\nversions = [{site}]\n"),
    )
    .unwrap();
    git_in(root, &["init", "--quiet"]);
    git_in(root, &["add", "--all"]);
    let path = root.join(file);
    let before = fs::read(&path).ok();
    for arguments in [&["bump", "minor", "--dry-run"][..], &["bump", "minor"]] {
        let answer = ran(program(root).args(arguments).output().unwrap());
        let written = fs::read(&path).ok();
        if let Some((code, says)) = refused {
            assert_eq!(answer.code, code, "{what}: {}", answer.stderr);
            for say in says {
                assert!(
                    answer.stderr.contains(say),
                    "{what}: {say:?} is not in {}",
                    answer.stderr
                );
            }
            assert!(
                answer.stderr.contains(file) && answer.stderr.contains("try"),
                "{what}: {}",
                answer.stderr
            );
            assert_eq!(written, before, "{what}: written all the same");
        } else {
            assert_eq!(answer.code, 0, "{what}: {}", answer.stderr);
            let wanted = if arguments.len() == 3 {
                before.as_deref()
            } else {
                after
            };
            let text = |bytes: Option<&[u8]>| {
                bytes.map(|bytes| {
                    String::from_utf8_lossy(bytes)
                        .chars()
                        .take(2000)
                        .collect::<String>()
                })
            };
            assert!(
                written.as_deref() == wanted,
                "{what}: {:?}, wanted {:?}",
                text(written.as_deref()),
                text(wanted)
            );
        }
    }
    let lying = git_in(root, &["ls-files", "--others"]);
    assert_eq!(lying, "", "{what}: left behind");
}

#[test]
fn cargo_manifests() {
    const SITE: &str = "\"Cargo.toml\"";
    let number = run(&[
        (
            "Cargo.toml",
            SITE,
            "[package]\r\nname = \"a\"\r\nversion = \"«0.1.0»\"\r\n",
            Becomes("0.2.0"),
        ),
        (
            "Cargo.toml",
            SITE,
            "\u{feff}[package]\nname = \"a\"\nversion = \"«0.1.0»\"",
            Becomes("0.2.0"),
        ),
        (
            "Cargo.toml",
            SITE,
            "package.name = \"a\"\npackage.version = '«0.1.0»' # package.version = \"0.1.0\"\n",
            Becomes("0.2.0"),
        ),
        (
            "Cargo.toml",
            SITE,
            "package = { name = \"a\", version = \"«0.1.0»\" }\n[dependencies]\nb = \"0.1.0\"\n",
            Becomes("0.2.0"),
        ),
        (
            "Cargo.toml",
            SITE,
            "[dependencies]\nversion = \"0.1.0\"\nserde = { version = \"0.1.0\" }\n[package]\nname = \"a\" # 0.1.0\n\"version\" = \"«0.1.0»\"# kept\n",
            Becomes("0.2.0"),
        ),
        (
            "Cargo.toml",
            SITE,
            "[package]\nname = \"a\"\nversion = \"\"\"«0.1.0»\"\"\"\n",
            Becomes("0.2.0"),
        ),
        (
            "Cargo.toml",
            SITE,
            "[workspace.package]\nversion = \"«0.1.0»\"\n[package]\nname = \"a\"\nversion.workspace = true\n",
            Becomes("0.2.0"),
        ),
        (
            "Cargo.toml",
            SITE,
            "[package]\nname = \"a\"\nversion = \"«0.1.0-rc.1»\"\n",
            Becomes("0.1.0"),
        ),
        (
            "Cargo.toml",
            SITE,
            "[package]\nname = \"a\"\nversion = \"0.1.0\"\nversion = \"0.1.0\"\n",
            Refused(2, &["version", "twice"]),
        ),
        (
            "Cargo.toml",
            SITE,
            "[package]\nname = \"a\"\nversion = \"0.\\u0031.0\"\n",
            Refused(2, &["package.version", "escapes"]),
        ),
        (
            "Cargo.toml",
            SITE,
            "[package]\nname = \"a\"\nversion = 0.1\n",
            Refused(2, &["package.version is a float"]),
        ),
        (
            "Cargo.toml",
            SITE,
            "[package]\nname = \"a\"\nversion = \"0.1\"\n",
            Refused(2, &["package.version", "`0.1` is not a SemVer version"]),
        ),
        (
            "Cargo.toml",
            SITE,
            "[package]\nname = \"a\"\nversion = \"v0.1.0\"\n",
            Refused(2, &["package.version", "`v0.1.0` is not a SemVer version"]),
        ),
        (
            "Cargo.toml",
            SITE,
            "[package]\nname = \"a\"\nversion.workspace = true\n",
            Refused(2, &["package.version", "workspace root"]),
        ),
        (
            "Cargo.toml",
            SITE,
            "[package]\nname = \"a\"\n",
            Refused(2, &["package.version is missing"]),
        ),
        (
            "Cargo.toml",
            SITE,
            "",
            Refused(2, &["package.version is missing"]),
        ),
        (
            "Cargo.toml",
            SITE,
            "[package\nname = \"a\"\n",
            Refused(2, &["package.version", "not TOML", "line 1"]),
        ),
        (
            "Cargo.toml",
            SITE,
            "[package]\nname = \"a\"\nversion = \"9007199254740992.0.0\"\n",
            Refused(2, &["package.version", "too large"]),
        ),
    ]);
    println!("{number} manifests of Cargo");
}

#[test]
fn pyprojects() {
    const SITE: &str = "\"pyproject.toml\"";
    let number = run(&[
        (
            "pyproject.toml",
            SITE,
            "[project]\nname = \"a\"\nversion = \"«0.1.0»\"\ndependencies = [\"version==0.1.0\"]\n",
            Becomes("0.2.0"),
        ),
        (
            "pyproject.toml",
            SITE,
            "[project]\r\nname = 'a'\r\nversion = '«0.1.0rc1»'\r\n",
            Becomes("0.1.0"),
        ),
        (
            "pyproject.toml",
            SITE,
            "[tool.poetry]\nname = \"a\"\nversion = \"«0.1.0»\"\n[tool.poetry.dependencies]\nb = \"0.1.0\"\n",
            Becomes("0.2.0"),
        ),
        (
            "pyproject.toml",
            SITE,
            "[project]\nname = \"a\"\nversion = \"v«0.1.0»\"\n",
            Becomes("0.2.0"),
        ),
        (
            "pyproject.toml",
            SITE,
            "[project]\nname = \"a\"\nversion = \"«0.1»\"\n",
            Becomes("0.2.0"),
        ),
        (
            "pyproject.toml",
            SITE,
            "[project]\nversion = \"0.1.0\"\n[tool.poetry]\nversion = \"0.2.0\"\n",
            Refused(
                3,
                &["project.version", "tool.poetry.version", "versions --fix"],
            ),
        ),
        (
            "pyproject.toml",
            SITE,
            "[project]\nname = \"a\"\ndynamic = [\"version\"]\n[tool.hatch.version]\npath = \"src/a/__about__.py\"\n",
            Refused(
                2,
                &[
                    "project.version",
                    "src/a/__about__.py (tool.hatch.version.path)",
                ],
            ),
        ),
        (
            "pyproject.toml",
            SITE,
            "[project]\nname = \"a\"\ndynamic = [\"version\"]\n[tool.setuptools.dynamic]\nversion = { attr = \"a.__version__\" }\n",
            Refused(2, &["the module a", "__version__"]),
        ),
        (
            "pyproject.toml",
            SITE,
            "[project]\nversion = \"0.1.0\"\ndynamic = [\"version\"]\n",
            Refused(2, &["project.version", "project.dynamic"]),
        ),
        (
            "pyproject.toml",
            SITE,
            "[project]\nversion = \"1!0.1.0\"\n",
            Refused(2, &["project.version", "`1!0.1.0` has an epoch"]),
        ),
        (
            "pyproject.toml",
            SITE,
            "[project]\nversion = \"0.1.0+cu121\"\n",
            Refused(2, &["project.version", "`0.1.0+cu121` has a local part"]),
        ),
        (
            "pyproject.toml",
            SITE,
            "[project]\nversion = \"0.1.0.post1\"\n",
            Refused(2, &["project.version", "post release"]),
        ),
        (
            "pyproject.toml",
            SITE,
            "[project]\nversion = \"0.1.0a1.dev2\"\n",
            Refused(
                2,
                &["project.version", "development release of a prerelease"],
            ),
        ),
        (
            "pyproject.toml",
            SITE,
            "[project]\nversion = \"2026.11.21.1\"\n",
            Refused(2, &["project.version", "more than three"]),
        ),
        (
            "pyproject.toml",
            SITE,
            "[project]\nversion = \"\"\n",
            Refused(2, &["project.version"]),
        ),
        (
            "pyproject.toml",
            SITE,
            "[project]\nversion = [\"0.1.0\"]\n",
            Refused(2, &["project.version is an array"]),
        ),
    ]);
    println!("{number} pyprojects");
}

#[test]
fn python_modules() {
    const SITE: &str = "\"a/version.py\"";
    let number = run(&[
        (
            "a/version.py",
            SITE,
            "__version__ = \"«0.1.0»\"",
            Becomes("0.2.0"),
        ),
        (
            "a/version.py",
            SITE,
            "\u{feff}# -*- coding: utf-8 -*-\r\n__version__: str = '«0.1.0»'  # '0.1.0'\r\n",
            Becomes("0.2.0"),
        ),
        (
            "a/version.py",
            SITE,
            "from typing import Final\n__version__: Final[str] = \"«0.1.0»\"\n__all__ = ['__version__']\n",
            Becomes("0.2.0"),
        ),
        (
            "a/version.py",
            SITE,
            "\"\"\"\n__version__ = '0.1.0'\n\"\"\"\nversion = __version__ = '«0.1.0»'\nother = '0.1.0'\n",
            Becomes("0.2.0"),
        ),
        (
            "a/version.py",
            SITE,
            "__version__ = '0.1.0'; other = '0.1.0'\n",
            Refused(
                2,
                &[
                    "__version__ = '0.1.0'; other",
                    "does not assign one plain string",
                    "line 1",
                ],
            ),
        ),
        (
            "a/version.py",
            "{ file = \"a/version.py\", key = \"VERSION\" }",
            "__version__ = '0.1.0'\nVERSION = '«0.1.0»'\n",
            Becomes("0.2.0"),
        ),
        (
            "a/version.py",
            SITE,
            "__version__ = '0.1.0'\n__version__ = '0.1.0'\n",
            Refused(2, &["__version__", "2 times, at lines 1, 2"]),
        ),
        (
            "a/version.py",
            SITE,
            "if True:\n    __version__ = '0.1.0'\n",
            Refused(2, &["__version__", "only assigned inside a block"]),
        ),
        (
            "a/version.py",
            SITE,
            "from .about import __version__\n",
            Refused(2, &["__version__", "imported from another module"]),
        ),
        (
            "a/version.py",
            SITE,
            "__version__ = '.'.join(['0', '1', '0'])\n",
            Refused(2, &["__version__", "does not assign one plain string"]),
        ),
        (
            "a/version.py",
            SITE,
            "__version__ = f'0.1.{0}'\n",
            Refused(2, &["__version__", "plain string"]),
        ),
        (
            "a/version.py",
            SITE,
            "__version__ = (0, 1, 0)\n",
            Refused(2, &["__version__"]),
        ),
        (
            "a/version.py",
            SITE,
            "__version__ = '0.1.0\n",
            Refused(2, &["__version__"]),
        ),
        (
            "a/version.py",
            SITE,
            "",
            Refused(2, &["__version__ is missing"]),
        ),
    ]);
    println!("{number} modules");
}

#[test]
fn yaml_texts() {
    const CHART: &str = "\"Chart.yaml\"";
    const APP: &str = "{ file = \"Chart.yaml\", key = \"appVersion\" }";
    const DEEP: &str = "{ file = \"values.yaml\", key = \"image.tag\" }";
    let number = run(&[
        (
            "Chart.yaml",
            CHART,
            "apiVersion: v2\nname: a\nversion: «0.1.0» # not appVersion\nappVersion: 0.1.0\n",
            Becomes("0.2.0"),
        ),
        (
            "Chart.yaml",
            APP,
            "apiVersion: v2\r\nversion: 0.1.0\r\nappVersion: \"«0.1.0»\"\r\n",
            Becomes("0.2.0"),
        ),
        (
            "Chart.yaml",
            APP,
            "appVersion: 'v«0.1.0»'",
            Becomes("0.2.0"),
        ),
        (
            "Chart.yaml",
            CHART,
            "dependencies:\n- name: b\n  version: 0.1.0\nversion:   &here «0.1.0»\nappVersion: *here\n",
            Becomes("0.2.0"),
        ),
        (
            "Chart.yaml",
            CHART,
            "{name: a, version: «0.1.0», dependencies: [{name: b, version: 0.1.0}]}\n",
            Becomes("0.2.0"),
        ),
        (
            "values.yaml",
            DEEP,
            "# é ü 日本\nimage:\n    repository: a # 0.1.0\n    tag: «0.1.0»\nother:\n    tag: 0.1.0\n",
            Becomes("0.2.0"),
        ),
        (
            "values.yaml",
            DEEP,
            "---\nkind: a\n---\nimage:\n  tag: \"«0.1.0»\"\n...\n",
            Becomes("0.2.0"),
        ),
        (
            "Chart.yaml",
            CHART,
            "version: 0.1.0\nversion: 0.1.0\n",
            Refused(2, &["version", "lines 1, 2"]),
        ),
        (
            "Chart.yaml",
            CHART,
            "version: 0.1.0\n---\nversion: 0.1.0\n",
            Refused(2, &["version", "lines 1, 3"]),
        ),
        (
            "Chart.yaml",
            CHART,
            "one: &v 0.1.0\nversion: *v\n",
            Refused(2, &["version", "line 2"]),
        ),
        (
            "Chart.yaml",
            CHART,
            "version: >\n  0.1.0\n",
            Refused(2, &["version", "line 1"]),
        ),
        (
            "Chart.yaml",
            CHART,
            "version: \"0.\\x31.0\"\n",
            Refused(2, &["version", "escapes"]),
        ),
        (
            "Chart.yaml",
            CHART,
            "version: 0.1\n",
            Refused(2, &["version is the number 0.1 (line 1)"]),
        ),
        ("Chart.yaml", CHART, "version:\n", Refused(2, &["version"])),
        (
            "Chart.yaml",
            CHART,
            "name: a\n",
            Refused(2, &["version is missing"]),
        ),
        (
            "Chart.yaml",
            CHART,
            "version: [0.1.0\n",
            Refused(2, &["version", "YAML"]),
        ),
        (
            "Chart.yaml",
            CHART,
            "a:\n\tversion: 0.1.0\n",
            Refused(2, &["version", "YAML"]),
        ),
    ]);
    println!("{number} YAML texts");
}

#[test]
fn json_toml_and_other_texts() {
    const PACKAGE: &str = "\"package.json\"";
    const WHOLE: &str = "\"VERSION\"";
    const TOML: &str = "{ file = \"a.toml\", key = \"tool.\\\"my.app\\\".version\" }";
    const PATTERN: &str = "{ file = \"conf.txt\", pattern = \"release = {version}\" }";
    let number = run(&[
        (
            "package.json",
            PACKAGE,
            "{\r\n\t\"dependencies\": {\"version\": \"0.1.0\"},\r\n\t\"version\" : \"«0.1.0»\"\r\n}",
            Becomes("0.2.0"),
        ),
        (
            "package.json",
            PACKAGE,
            "\u{feff}{\"version\":\"«0.1.0»\"}\n",
            Becomes("0.2.0"),
        ),
        (
            "package.json",
            PACKAGE,
            "{\"version\": \"0.1.0\", \"version\": \"0.1.0\"}\n",
            Refused(2, &["version", "2 times"]),
        ),
        (
            "package.json",
            PACKAGE,
            "{\"version\": null}\n",
            Refused(2, &["version is null"]),
        ),
        (
            "package.json",
            PACKAGE,
            "{\"version\": \"0.1.0\",}\n",
            Refused(2, &["version", "not JSON"]),
        ),
        (
            "package.json",
            PACKAGE,
            "{\"name\": \"a\"}\n",
            Refused(2, &["version is missing"]),
        ),
        (
            "package.json",
            PACKAGE,
            "{\"version\": \"0.1.0\\u0020\"}\n",
            Refused(2, &["version", "escapes"]),
        ),
        (
            "a.toml",
            TOML,
            "[tool.\"my.app\"]\nversion = \"«0.1.0»\"\n[tool.my.app]\nversion = \"0.1.0\"\n",
            Becomes("0.2.0"),
        ),
        ("VERSION", WHOLE, "«0.1.0»", Becomes("0.2.0")),
        (
            "VERSION",
            WHOLE,
            "\u{feff}\r\n  v«0.1.0»\r\n\r\n",
            Becomes("0.2.0"),
        ),
        ("VERSION", WHOLE, "«0.1.0rc1»\n", Becomes("0.1.0")),
        (
            "VERSION",
            WHOLE,
            "\n",
            Refused(2, &["the version is missing"]),
        ),
        (
            "VERSION",
            WHOLE,
            "0.1.0\n0.2.0\n",
            Refused(2, &["more than one line"]),
        ),
        ("VERSION", WHOLE, "latest\n", Refused(2, &["`latest`"])),
        (
            "conf.txt",
            PATTERN,
            "prerelease = 0.1.0\nrelease = «0.1.0».\n# release =0.1.0\n",
            Becomes("0.2.0"),
        ),
        (
            "conf.txt",
            PATTERN,
            "release = 0.1.0\nrelease = 0.1.0\n",
            Refused(2, &["release = {version}", "lines 1, 2"]),
        ),
        (
            "conf.txt",
            PATTERN,
            "release = soon\n",
            Refused(2, &["release = {version} is missing"]),
        ),
    ]);
    println!("{number} other texts");
}

#[test]
fn what_is_no_ordinary_file() {
    let site = "\"VERSION\"";
    let tree = || tempfile::tempdir().unwrap();
    let bytes =
        |bytes: &[u8], code, says: &[&str]| check("VERSION", site, bytes, None, Some((code, says)));
    bytes(b"0.1.0\xff", 2, &["is not UTF-8 at byte 5"]);
    bytes(b"\xff\xfe0\x00.\x001\x00", 2, &["is not UTF-8 at byte 0"]);
    bytes("0.1.0\0".as_bytes(), 2, &["VERSION"]);
    bytes(&vec![b'1'; 70 << 20], 2, &["at most 67108864 are read"]);
    // Ten megabytes of what looks like the version, and one that is it.
    let long = format!(
        "[dependencies]\n{}[package]\nname = \"a\"\nversion = \"0.1.0\"\n",
        "a = { x = \"0.1.0\" }\n"
            .replace("a =", "#")
            .repeat(500_000)
    );
    let after = long.replace("\nversion = \"0.1.0\"", "\nversion = \"0.2.0\"");
    check(
        "Cargo.toml",
        "\"Cargo.toml\"",
        long.as_bytes(),
        Some(after.as_bytes()),
        None,
    );

    let folder = tree();
    fs::create_dir(folder.path().join("VERSION")).unwrap();
    fs::write(folder.path().join("VERSION/inside"), "").unwrap();
    bump(
        folder.path(),
        site,
        "a folder",
        "VERSION",
        None,
        Some((2, &["is a folder"])),
    );

    let folder = tree();
    bump(
        folder.path(),
        site,
        "no file",
        "VERSION",
        None,
        Some((2, &["there is no such file"])),
    );
}

#[cfg(unix)]
#[test]
fn links_and_modes() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let site = "\"VERSION\"";
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("real"), "0.1.0\n").unwrap();
    symlink("real", folder.path().join("VERSION")).unwrap();
    bump(
        folder.path(),
        site,
        "a link",
        "VERSION",
        Some(b"0.2.0\n"),
        None,
    );
    assert!(
        fs::symlink_metadata(folder.path().join("VERSION"))
            .unwrap()
            .is_symlink()
    );

    let folder = tempfile::tempdir().unwrap();
    symlink("nowhere", folder.path().join("VERSION")).unwrap();
    bump(
        folder.path(),
        site,
        "a dangling link",
        "VERSION",
        None,
        Some((2, &["VERSION"])),
    );

    let folder = tempfile::tempdir().unwrap();
    symlink("VERSION", folder.path().join("VERSION")).unwrap();
    bump(
        folder.path(),
        site,
        "a link to itself",
        "VERSION",
        None,
        Some((2, &["VERSION"])),
    );

    let folder = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("VERSION"), "0.1.0\n").unwrap();
    symlink(
        outside.path().join("VERSION"),
        folder.path().join("VERSION"),
    )
    .unwrap();
    bump(
        folder.path(),
        site,
        "a link that leaves the repository",
        "VERSION",
        None,
        Some((2, &["leaves the repository"])),
    );

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("VERSION");
    fs::write(&path, "0.1.0\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    bump(
        folder.path(),
        site,
        "a read-only file",
        "VERSION",
        None,
        Some((3, &["VERSION is read-only", "chmod u+w VERSION"])),
    );

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("VERSION");
    fs::write(&path, "0.1.0\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    bump(
        folder.path(),
        site,
        "a mode",
        "VERSION",
        Some(b"0.2.0\n"),
        None,
    );
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o755
    );
}
