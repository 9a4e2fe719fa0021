//! `plan --since` on real repositories: who is affected, by which chain of reasons, and what a CI is told to build.

use snapbox::IntoData;
use snapbox::str;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::programs::write_program;
use crate::support::{Fixture, Report, git_in, program, ran};
use serde_json::Value;

/// The projects with their reasons, as the document has them, in its order.
fn told(document: &Value) -> Vec<(String, Vec<String>)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let projects = document["projects"]
        .as_array()
        .unwrap_or_else(|| panic!("{document:#}"));
    projects
        .iter()
        .map(|project| {
            (
                text(&project["name"]),
                project["why"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(text)
                    .collect(),
            )
        })
        .collect()
}

/// One line a reason: `project: why`.
fn since(fixture: &Fixture, revision: &str) -> Vec<String> {
    let document = fixture.json(&["plan", "--since", revision]);
    assert_eq!(document.code, 0, "{document:#}");
    assert_eq!(document["schema"], 1);
    told(&document)
        .into_iter()
        .flat_map(|(name, why)| why.into_iter().map(move |why| format!("{name}: {why}")))
        .collect()
}

/// Writes files, commits everything, and gives what that affects.
fn after(fixture: &Fixture, files: &[(&str, &str)]) -> Vec<String> {
    for (path, text) in files {
        fixture.write(path, text);
    }
    fixture.git(&["add", "--all"]);
    fixture.git(&["commit", "--quiet", "--message", "change"]);
    since(fixture, "HEAD~1")
}

fn swap(fixture: &Fixture, path: &str, from: &str, to: &str) -> Vec<String> {
    let text = fixture.read(path);
    assert!(text.contains(from), "{path} has no {from:?}");
    after(fixture, &[(path, &text.replace(from, to))])
}

/// Holds a refusal to its code and text; nothing stands where data is expected.
fn refused(ran: &Report, code: i32, expected: impl IntoData) {
    assert_eq!(ran.code, code, "{}", ran.stderr);
    ran.assert_stderr(expected);
    assert!(
        !ran.stderr.contains("panicked") && ran.stdout.is_empty(),
        "{} {}",
        ran.stdout,
        ran.stderr
    );
}

const NONE: [&str; 0] = [];

#[test]
fn a_ci_is_told_what_to_build_and_why() {
    let fixture = Fixture::new();
    fixture.write("api/src/a.py", "");
    fixture.write("api/src/b.py", "");
    fixture.write("README.md", "nobody's");
    fixture.git(&["add", "--all"]);
    fixture.git(&["commit", "--quiet", "--message", "feat: files"]);
    let output = fixture.root().join("../output");
    let arguments = ["plan", "--since", "HEAD~1", "--json"];
    let ran = fixture.run_with(
        &arguments,
        &[
            ("GITHUB_OUTPUT", output.to_str().unwrap()),
            ("GITHUB_RUN_NUMBER", "42"),
        ],
    );
    assert_eq!(
        told(&ran),
        [(
            "api".to_owned(),
            vec!["api/src/a.py and 1 more changed".to_owned()]
        )]
    );
    let rows = ran["matrix"]["include"].as_array().unwrap();
    let cells: Vec<_> = rows
        .iter()
        .map(|row| ["project", "kind", "platform", "runner"].map(|key| row[key].as_str().unwrap()))
        .collect();
    assert_eq!(
        cells,
        [
            ["api", "image", "linux/amd64", "ubuntu-24.04"],
            ["api", "image", "linux/arm64", "ubuntu-24.04-arm"]
        ]
    );
    let build_id = rows[0]["build_id"].as_str().unwrap();
    assert!(
        build_id.contains("-build.42-v0.1.0-") && build_id.ends_with(&fixture.head()[..7]),
        "{build_id}"
    );
    assert_eq!(rows[1]["build_id"], build_id, "one id for all platforms");
    assert_eq!(
        ran.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["schema", "projects", "matrix"]
    );
    let written = fs::read_to_string(&output).unwrap();
    assert_eq!(
        written,
        format!("matrix={}\nprojects=[\"api\"]\n", ran["matrix"])
    );
    let ran = fixture.ok(&["plan", "--since", "HEAD~1"]);
    assert_eq!(
        ran.stdout,
        "project  why\napi      api/src/a.py and 1 more changed\n"
    );
    ran.assert_stderr(str![[r#"
     Planned of 3 projects, 1 affected between [SHORT] and [SHORT]

"#]]);
    let ran = fixture.run_with(
        &["plan", "--since", "HEAD~1", "--dry-run"],
        &[("GITHUB_OUTPUT", output.to_str().unwrap())],
    );
    assert_eq!(
        (ran.code, fs::read_to_string(&output).unwrap()),
        (0, written),
        "law 13: a dry run writes nothing anywhere"
    );
}

#[test]
fn a_change_and_its_revert_is_nothing() {
    let fixture = Fixture::new();
    fixture.write("api/x", "1");
    fixture.git(&["add", "--all"]);
    fixture.git(&["commit", "--quiet", "--message", "feat: x"]);
    fixture.git(&["revert", "--no-edit", "HEAD"]);
    let document = fixture.json(&["plan", "--since", "HEAD~2"]);
    assert_eq!(document.code, 0);
    assert_eq!(
        document.stdout.trim_end(),
        r#"{"schema":1,"projects":[],"matrix":{"include":[]}}"#
    );
    assert_eq!(fixture.ok(&["plan", "--since", "HEAD~2"]).stdout, "");
    assert_eq!(since(&fixture, "HEAD~1"), ["api: api/x changed"]);
    assert_eq!(since(&fixture, "HEAD"), NONE);
}

#[test]
fn a_project_argument_and_the_folder_narrow() {
    let fixture = Fixture::new();
    after(&fixture, &[("core/x", "1"), ("api/x", "1")]);
    let names = |arguments: &[&str]| {
        told(&fixture.json(arguments))
            .into_iter()
            .map(|(name, _)| name)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names(&["plan", "--since", "HEAD~1"]),
        ["core", "api", "web"]
    );
    assert_eq!(names(&["plan", "web", "--since", "HEAD~1"]), ["web"]);
    let ran = ran(program(&fixture.root().join("api"))
        .args(["plan", "--since", "HEAD~1", "--json"])
        .output()
        .unwrap());
    assert_eq!(told(&ran).len(), 1, "{}", ran.stdout);
    refused(
        &fixture.run(&["plan", "apy", "--since", "HEAD~1"]),
        2,
        str![[r#"
       error no project is called `apy`; did you mean `api`? (projects: core, api, web)
         try cargo xtask versions

"#]],
    );
}

const NESTED: &str = "[projects.all]\npath = \".\"\npackage = \"all\"\n[projects.a]\npath = \"libs/a\"\n[projects.b]\npath = \"libs/a/deep/b\"\ndepends = [\"c\"]\n\
                      [projects.c]\npath = \"c\"\n[projects.d]\npath = \"d\"\ndepends = [\"b\"]\n";

fn nested() -> Fixture {
    Fixture::of_tree(&[
        ("xtask/monorepo.toml", NESTED),
        ("libs/a/1", "one"),
        ("libs/a/deep/b/1", "two"),
        ("c/1", "three"),
        ("d/1", "four"),
    ])
}

#[test]
fn the_longest_path_owns_and_dependents_follow_in_a_chain() {
    let fixture = nested();
    assert_eq!(
        after(&fixture, &[("libs/a/deep/x", "1")]),
        ["a: libs/a/deep/x changed"]
    );
    assert_eq!(
        after(&fixture, &[("libs/a/deep/b/x", "1")]),
        [
            "b: libs/a/deep/b/x changed",
            "d: depends on b: libs/a/deep/b/x changed"
        ]
    );
    assert_eq!(
        after(&fixture, &[("c/x", "1"), ("README.md", "x")]),
        [
            "all: README.md changed",
            "b: depends on c: c/x changed",
            "c: c/x changed",
            "d: depends on b: depends on c: c/x changed"
        ]
    );
}

#[test]
fn a_rename_is_a_change_of_both_ends() {
    let fixture = nested();
    fixture.git(&["mv", "c/1", "libs/a/moved"]);
    assert_eq!(
        after(&fixture, &[]),
        [
            "a: libs/a/moved changed",
            "b: depends on c: c/1 changed",
            "c: c/1 changed",
            "d: depends on b: depends on c: c/1 changed"
        ]
    );
    fs::remove_file(fixture.root().join("d/1")).unwrap();
    assert_eq!(
        after(&fixture, &[("d/1/now/a/folder", "x")]),
        ["d: d/1 and 1 more changed"]
    );
}

#[test]
fn only_what_head_added_to_the_common_history_counts() {
    let fixture = nested();
    fixture.git(&["switch", "--quiet", "--create", "topic"]);
    after(&fixture, &[("c/topic", "1")]);
    fixture.git(&["switch", "--quiet", "main"]);
    after(&fixture, &[("libs/a/main", "1")]);
    fixture.git(&["switch", "--quiet", "topic"]);
    let wanted = [
        "b: depends on c: c/topic changed",
        "c: c/topic changed",
        "d: depends on b: depends on c: c/topic changed",
    ];
    assert_eq!(since(&fixture, "main"), wanted);
    fixture.git(&["tag", "--annotate", "--message", "m", "v1", "main"]);
    assert_eq!(since(&fixture, "v1"), wanted, "a tag is peeled");
    fixture.git(&["merge", "--quiet", "--message", "Merge", "main"]);
    assert_eq!(
        since(&fixture, "main"),
        wanted,
        "what was merged in is main's"
    );
    fixture.git(&["switch", "--quiet", "main"]);
    assert_eq!(since(&fixture, "topic"), NONE, "HEAD is behind");
}

#[test]
fn uncommitted_changes_are_not_counted_and_said() {
    let fixture = nested();
    fixture.write("c/1", "changed");
    fixture.write(
        "xtask/monorepo.toml",
        &NESTED.replace("\"c\"\n", "\"cc\"\n"),
    );
    let ran = fixture.ok(&["plan", "--since", "HEAD"]);
    assert_eq!(ran.stdout, "");
    ran.assert_stderr(str![[r#"
        note the work tree differs from HEAD; uncommitted changes are not counted
     Planned of 5 projects, 0 affected between [SHORT] and [SHORT]

"#]]);
    fixture.git(&["checkout", "--quiet", "--", "."]);
    assert!(
        !fixture
            .ok(&["plan", "--since", "HEAD"])
            .stderr
            .contains("differs")
    );
}

#[test]
fn names_of_any_bytes_and_submodules_are_paths() {
    use std::os::unix::ffi::OsStrExt;
    let fixture = nested();
    let name = std::ffi::OsStr::from_bytes(b"c/\xff\x1b[2J");
    fs::create_dir_all(
        fixture
            .root()
            .join(std::ffi::OsStr::from_bytes(b"libs/\xfe")),
    )
    .unwrap();
    fs::write(fixture.root().join(name), "x").unwrap();
    fs::write(
        fixture
            .root()
            .join(std::ffi::OsStr::from_bytes(b"libs/\xfe/Cargo.toml")),
        "x",
    )
    .unwrap();
    let found = after(&fixture, &[]);
    assert!(
        found.contains(&"c: c/\u{fffd}\\u{1b}[2J changed".to_owned()),
        "{found:?}"
    );
    assert!(
        found.contains(&"all: libs/\u{fffd}/Cargo.toml changed".to_owned()),
        "{found:?}"
    );
    let head = fixture.head();
    fixture.git(&["rm", "-r", "--quiet", "d"]);
    fixture.git(&["commit", "--quiet", "--message", "no d"]);
    for (path, wanted) in [
        ("libs/a/sub", "a: libs/a/sub changed"),
        ("d", "d: d changed"),
    ] {
        fixture.git(&[
            "update-index",
            "--add",
            "--cacheinfo",
            &format!("160000,{head},{path}"),
        ]);
        fixture.git(&["commit", "--quiet", "--message", "a submodule"]);
        assert_eq!(since(&fixture, "HEAD~1"), [wanted]);
    }
}

const CONFIG: &str = "[images]\nrepository = \"r.io/{package}\"\n[projects.api]\npath = \"api\"\nimage = { platforms = [\"linux/amd64\"] }\n[projects.core]\npath = \"core\"\n";

#[test]
fn the_configuration_affects_those_whose_keys_changed() {
    let fixture = Fixture::of_tree(&[
        ("xtask/monorepo.toml", CONFIG),
        ("api/1", ""),
        ("core/1", ""),
    ]);
    let file = "xtask/monorepo.toml";
    assert_eq!(
        swap(
            &fixture,
            file,
            "path = \"core\"",
            "path = 'core' # the same"
        ),
        NONE
    );
    assert_eq!(
        swap(&fixture, file, "amd64", "arm64"),
        ["api: xtask/monorepo.toml: projects.api changed"]
    );
    assert_eq!(
        swap(&fixture, file, "r.io", "q.io"),
        ["api: xtask/monorepo.toml: images.repository changed"]
    );
    let text = fixture.read(file);
    assert_eq!(
        after(
            &fixture,
            &[
                (
                    file,
                    &format!(
                        "{text}[projects.new]\npath = \"new\"\ndepends = [\"core\"]\n[environments.staging]\n"
                    )
                ),
                ("new/1", "")
            ]
        ),
        [
            "new: new/1 changed",
            "new: xtask/monorepo.toml: projects.new is new"
        ]
    );
    after(&fixture, &[(file, &text)]);
    let ran = fixture.ok(&["plan", "--since", "HEAD~1"]);
    ran.assert_stderr(str![[r#"
        note project new is gone from xtask/monorepo.toml
     Planned of 2 projects, 0 affected between [SHORT] and [SHORT]

"#]]);
    assert!(ran.stdout.is_empty(), "{}", ran.stderr);
    fixture.write(file, "[projects\n");
    fixture.commit_all("broken");
    refused(
        &fixture.run(&["plan", "--since", "HEAD"]),
        2,
        str![[r#"
       error xtask/monorepo.toml: TOML parse error at line 1, column 10
               |
             1 | [projects
               |          ^
             unclosed table, expected `]`
         try edit xtask/monorepo.toml, then run the command again

"#]],
    );
    let found = after(&fixture, &[(file, &text)]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].starts_with("api: xtask/monorepo.toml: cannot be read (")
            && found[0].contains("counts as changed for all"),
        "{found:?}"
    );
}

#[test]
fn a_project_without_versions_is_named_by_its_commit_and_the_first_configuration_makes_all_new() {
    let fixture = Fixture::of_tree(&[("api/1", "")]);
    fixture.write("xtask/monorepo.toml", CONFIG);
    let ran = fixture.ok(&["plan", "--since", "HEAD"]);
    ran.assert_stderr(str![[r#"
        note the work tree differs from HEAD; uncommitted changes are not counted
        note the configuration is in no commit, so its changes are not counted
     Planned of 2 projects, 0 affected between [SHORT] and [SHORT]

"#]]);
    let found = after(&fixture, &[]);
    assert_eq!(found[0], "api: xtask/monorepo.toml: projects.api is new");
    let document = fixture.json(&["plan", "--since", "HEAD~1"]);
    assert_eq!(
        document["matrix"]["include"][0]["build_id"],
        fixture.head()[..7]
    );
}

#[test]
fn a_build_takes_the_id_that_the_plan_gives_a_project_without_versions() {
    let fixture = Fixture::of_tree(&[
        ("xtask/monorepo.toml", CONFIG),
        ("api/Dockerfile", "FROM scratch\n"),
    ]);
    // An engine that says what it is, and has no image.
    let tools = tempfile::tempdir().unwrap();
    let docker = tools.path().join("docker");
    let text = "#!/bin/sh\ncase \"$1 $2\" in 'version '*) echo linux/amd64;; 'buildx version') echo v0;; *) exit 1;; esac\n";
    write_program(&docker, text);
    let path = format!(
        "{}:{}",
        tools.path().display(),
        std::env::var("PATH").unwrap()
    );
    let build = |id: &str| {
        fixture.run_with(
            &["build", "api", "--build-id", id, "--dry-run"],
            &[("PATH", &path)],
        )
    };
    let planned = build(&fixture.head()[..7]);
    assert_eq!(planned.code, 0, "{}", planned.stderr);
    planned.assert_stderr(str![[r#"
        todo build-image r.io/api:[SHORT]-amd64 for linux/amd64  ([SHORT] at [COMMIT])
        note api: the image is not scanned, neither trivy nor grype is on the PATH
     Planned 1 to do, 0 done already; nothing was written

"#]]);
    let image = format!("r.io/api:{}-amd64", &fixture.head()[..7]);
    assert!(planned.stderr.contains(&image), "{}", planned.stderr);
    refused(
        &build("0123456"),
        2,
        str![[r#"
       error build id "[SHORT]": the part "-build." is wrong; wanted YYYY.MM.DD.HHMM-build.N-vVERSION-SHA7, such as [BUILD]
         try cargo xtask plan --tag TAG prints the build id

"#]],
    );
}

#[test]
fn version_sites_that_disagree_are_refused() {
    let fixture = Fixture::new();
    swap(
        &fixture,
        "api/pyproject.toml",
        "dependencies",
        "# one\ndependencies",
    );
    fixture.write(
        "core/pyproject.toml",
        "[project]\nname = \"core\"\nversion = \"0.2.0\"\n",
    );
    fixture.commit_all("half a bump");
    refused(
        &fixture.run(&["plan", "--since", "HEAD~1"]),
        3,
        str![[r#"
       error the version sites of core disagree in HEAD: core/Cargo.toml (package.version) says 0.1.0, but core/pyproject.toml (project.version) says 0.2.0
         try cargo xtask versions --fix core, then commit

"#]],
    );
    assert_eq!(fixture.run(&["plan", "api", "--since", "HEAD~2"]).code, 0);
}

#[test]
fn revisions_that_mean_nothing_are_told_by_name() {
    let fixture = nested();
    let zero = "0".repeat(40);
    for (revision, expected) in [
        (
            "mian",
            str![[r#"
       error revision "mian" is unknown in this clone
         try git fetch --tags, or name another revision

"#]],
        ),
        (
            "",
            str![[r#"
       error revision "" is not the name of one commit
         try git fetch --tags, or name another revision

"#]],
        ),
        (
            "HEAD~99",
            str![[r#"
       error revision "HEAD~99" is unknown in this clone
         try git fetch --tags, or name another revision

"#]],
        ),
        (
            "HEAD..HEAD",
            str![[r#"
       error revision "HEAD..HEAD" is not the name of one commit
         try git fetch --tags, or name another revision

"#]],
        ),
        (
            "HEAD^{tree}",
            str![[r#"
       error revision "HEAD^{tree}" is a tree, wanted a commit
         try git fetch --tags, or name another revision

"#]],
        ),
        (
            "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef",
            str![[r#"
       error revision "[COMMIT]" is unknown in this clone
         try git fetch --tags, or name another revision

"#]],
        ),
        // No fetch brings that one.
        (
            &zero,
            str![[r#"
       error revision "[COMMIT]" is git's word for no commit at all, as a forge says it of a branch's first push
         try name the main branch, such as origin/main

"#]],
        ),
    ] {
        refused(&fixture.run(&["plan", "--since", revision]), 2, expected);
    }
    for arguments in [
        &["plan"][..],
        &["plan", "c"],
        &["plan", "--since", "HEAD", "--tag", "c-v1.0.0"],
        &["plan", "--since"],
    ] {
        assert_eq!(fixture.run(arguments).code, 2, "{arguments:?}");
    }
    fixture.git(&["switch", "--quiet", "--orphan", "other"]);
    fixture.git(&[
        "commit",
        "--quiet",
        "--allow-empty",
        "--message",
        "another beginning",
    ]);
    fixture.git(&["switch", "--quiet", "main"]);
    refused(
        &fixture.run(&["plan", "--since", "other"]),
        3,
        str![[r#"
       error other ([SHORT]) and HEAD ([SHORT]) have no history in common
         try git log --oneline, and name a revision of this history

"#]],
    );
    let unborn = Fixture::unborn(&[("xtask/monorepo.toml", NESTED)]);
    refused(
        &unborn.run(&["plan", "--since", "HEAD"]),
        3,
        str![[r#"
       error the repository has no commit yet; versions are read from commits
         try git add --all && git commit

"#]],
    );
}

/// A clone of a fixture with these flags, through the protocol, beside it.
fn clone(fixture: &Fixture, name: &str, flags: &[&str]) -> std::path::PathBuf {
    let folder = fixture.root().join("..").join(name);
    fixture.git(&["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", fixture.root().display());
    git_in(
        &fixture.root(),
        &[
            &["clone", "--quiet"],
            flags,
            &[&url, folder.to_str().unwrap()],
        ]
        .concat(),
    );
    folder
}

fn run_in(folder: &Path, arguments: &[&str]) -> Report {
    ran(program(folder).args(arguments).output().unwrap())
}

#[test]
fn a_shallow_clone_is_believed_only_as_far_as_it_reaches() {
    let fixture = nested();
    for number in 0..4 {
        after(&fixture, &[("c/x", &number.to_string())]);
    }
    fixture.git(&["switch", "--quiet", "--create", "topic", "HEAD~3"]);
    after(&fixture, &[("d/x", "1")]);
    let root = fixture.git(&["rev-list", "--max-parents=0", "HEAD"]);
    let folder = clone(
        &fixture,
        "shallow",
        &["--depth", "2", "--no-single-branch", "--branch", "main"],
    );
    assert_eq!(
        run_in(&folder, &["plan", "--since", "HEAD~1"]).code,
        0,
        "an ancestor is its own common history"
    );
    refused(
        &run_in(&folder, &["plan", "--since", "HEAD~3"]),
        3,
        str![[r#"
       error this clone is shallow and does not reach down to "HEAD~3"
         try git fetch --unshallow

"#]],
    );
    refused(
        &run_in(&folder, &["plan", "--since", root.trim()]),
        3,
        str![[r#"
       error this clone is shallow and does not reach down to "[COMMIT]"
         try git fetch --unshallow

"#]],
    );
    refused(
        &run_in(&folder, &["plan", "--since", "origin/topic"]),
        3,
        str![[r#"
       error this clone is shallow, so it cannot tell which commit origin/topic ([SHORT]) and HEAD have in common
         try git fetch --unshallow

"#]],
    );
    refused(
        &run_in(&folder, &["plan", "--since", "mian"]),
        2,
        str![[r#"
       error revision "mian" is unknown in this clone
         try git fetch --tags, or name another revision

"#]],
    );
    git_in(&folder, &["fetch", "--quiet", "--unshallow"]);
    for revision in ["HEAD~3", root.trim(), "origin/topic"] {
        assert_eq!(
            run_in(&folder, &["plan", "--since", revision]).code,
            0,
            "{revision}"
        );
    }
}

const CARGO_LOCK: &str = "version = 4\n[[package]]\nname = \"api\"\nversion = \"0.1.0\"\ndependencies = [\"serde\"]\n\
    [[package]]\nname = \"core\"\nversion = \"0.1.0\"\ndependencies = [\"libc\", \"util\"]\n\
    [[package]]\nname = \"libc\"\nversion = \"0.2.1\"\nsource = \"r\"\nchecksum = \"l1\"\n\
    [[package]]\nname = \"mio\"\nversion = \"1.0.0\"\nsource = \"r\"\nchecksum = \"m1\"\n\
    [[package]]\nname = \"serde\"\nversion = \"1.0.1\"\nsource = \"r\"\nchecksum = \"s1\"\ndependencies = [\"serde_core\"]\n\
    [[package]]\nname = \"serde_core\"\nversion = \"1.0.1\"\nsource = \"r\"\nchecksum = \"c1\"\n\
    [[package]]\nname = \"util\"\nversion = \"0.1.0\"\ndependencies = [\"serde_core\"]\n";

const WORKSPACE: &str = "[workspace]\nmembers = [\"api\", \"crates/*\"]\n[workspace.package]\nedition = \"2024\"\n[workspace.dependencies]\nserde = \"1\"\nlibc = \"0.2\"\n";

/// A Cargo workspace: `core` needs the crate `util`, which is no project.
fn cargo() -> Fixture {
    Fixture::of_tree(&[
        (
            "xtask/monorepo.toml",
            "[projects.api]\npath = \"api\"\n[projects.core]\npath = \"crates/core\"\n",
        ),
        ("Cargo.toml", WORKSPACE),
        ("Cargo.lock", CARGO_LOCK),
        (
            "api/Cargo.toml",
            "[package]\nname = \"api\"\nedition.workspace = true\n[dependencies]\nserde.workspace = true\n",
        ),
        (
            "crates/core/Cargo.toml",
            "[package]\nname = \"core\"\n[target.'cfg(unix)'.dependencies]\nlibc = { workspace = true }\n",
        ),
        ("crates/util/Cargo.toml", "[package]\nname = \"util\"\n"),
    ])
}

#[test]
fn a_root_cargo_lock_affects_those_whose_closure_changed() {
    let fixture = cargo();
    assert_eq!(
        swap(&fixture, "Cargo.lock", "0.2.1", "0.2.2"),
        ["core: Cargo.lock: libc 0.2.1 → 0.2.2, needed by core"]
    );
    assert_eq!(
        swap(
            &fixture,
            "Cargo.lock",
            "name = \"mio\"\nversion = \"1.0.0\"",
            "name = \"mio\"\nversion = \"1.0.1\""
        ),
        NONE
    );
    assert_eq!(
        swap(
            &fixture,
            "Cargo.lock",
            "1.0.1\"\nsource = \"r\"\nchecksum = \"c1",
            "1.0.2\"\nsource = \"r\"\nchecksum = \"c2"
        ),
        [
            "api: Cargo.lock: serde_core 1.0.1 → 1.0.2, needed by api",
            "core: Cargo.lock: serde_core 1.0.1 → 1.0.2, needed by core"
        ]
    );
    assert_eq!(
        swap(
            &fixture,
            "Cargo.lock",
            "\"s1\"\ndependencies = [\"serde_core\"]",
            "\"s2\"\ndependencies = [\"serde_core\", \"mio\"]"
        ),
        ["api: Cargo.lock: mio 1.0.1 is new and 1 more, needed by api"]
    );
    assert_eq!(
        swap(
            &fixture,
            "Cargo.lock",
            "version = 4",
            "# another form\nversion = 5"
        ),
        NONE
    );
    let text = fixture.read("Cargo.lock");
    assert_eq!(
        after(&fixture, &[("Cargo.lock", "<<<<<<< ours\n")]).len(),
        2,
        "what cannot be read counts for all"
    );
    assert_eq!(after(&fixture, &[("Cargo.lock", &text)]).len(), 2);
    fs::remove_file(fixture.root().join("Cargo.lock")).unwrap();
    assert_eq!(
        after(&fixture, &[]),
        [
            "api: Cargo.lock: api is gone from it",
            "core: Cargo.lock: core is gone from it"
        ]
    );
    assert_eq!(
        after(&fixture, &[("Cargo.lock", &text)]),
        [
            "api: Cargo.lock: api is new in it",
            "core: Cargo.lock: core is new in it"
        ]
    );
}

#[test]
fn a_shared_lock_affects_a_project_at_the_root_by_its_own_closure_alone() {
    let config = "[projects.api]\npath = \".\"\npackage = \"all\"\n[projects.core]\npath = \"crates/core\"\n";
    let fixture = cargo();
    after(&fixture, &[("xtask/monorepo.toml", config)]);
    assert_eq!(
        swap(&fixture, "Cargo.lock", "0.2.1", "0.2.2"),
        ["core: Cargo.lock: libc 0.2.1 → 0.2.2, needed by core"]
    );
    let found = swap(
        &fixture,
        "Cargo.lock",
        "1.0.1\"\nsource = \"r\"\nchecksum = \"s1",
        "1.0.2\"\nsource = \"r\"\nchecksum = \"s2",
    );
    assert_eq!(
        found,
        ["api: Cargo.lock: serde 1.0.1 → 1.0.2, needed by all"],
        "which has two packages in it, api and util"
    );
    assert_eq!(
        after(&fixture, &[("Cargo.lock", "")])[0],
        "api: Cargo.lock: all is gone from it"
    );
}

#[test]
fn a_workspace_manifest_affects_the_crates_that_inherit() {
    let fixture = cargo();
    assert_eq!(
        swap(&fixture, "Cargo.toml", "serde = \"1\"", "serde = \"1.1\""),
        ["api: Cargo.toml: workspace.dependencies.serde changed, inherited by api"]
    );
    assert_eq!(
        swap(&fixture, "Cargo.toml", "libc = \"0.2\"", "libc = \"0.3\""),
        ["core: Cargo.toml: workspace.dependencies.libc changed, inherited by core"]
    );
    assert_eq!(
        swap(&fixture, "Cargo.toml", "2024", "2021"),
        ["api: Cargo.toml: workspace.package.edition changed, inherited by api"]
    );
    assert_eq!(
        swap(&fixture, "Cargo.toml", "\"crates/*\"", "\"crates/core\""),
        NONE,
        "who else is a member changes nothing"
    );
    let text = fixture.read("Cargo.toml");
    assert_eq!(
        after(
            &fixture,
            &[(
                "Cargo.toml",
                &format!("{text}[profile.release]\nlto = true\n")
            )]
        ),
        [
            "api: Cargo.toml: profile.release changed, inherited by api",
            "core: Cargo.toml: profile.release changed, inherited by core"
        ]
    );
    after(
        &fixture,
        &[(
            "crates/core/Cargo.toml",
            "[workspace]\n[package]\nname = \"core\"\n",
        )],
    );
    assert_eq!(
        swap(&fixture, "Cargo.toml", "lto = true", "lto = false"),
        ["api: Cargo.toml: profile.release changed, inherited by api"],
        "core is a workspace of its own now"
    );
    assert_eq!(
        after(&fixture, &[("Cargo.toml", "[workspace\n")]),
        ["api: Cargo.toml changed, and what api inherits of it cannot be told: it cannot be read"]
    );
    after(
        &fixture,
        &[
            ("tools/Cargo.toml", "[workspace]\nmembers = [\"../api\"]\n"),
            (
                "api/Cargo.toml",
                "[package]\nname = \"api\"\nworkspace = \"../tools\"\n",
            ),
        ],
    );
    assert_eq!(
        after(
            &fixture,
            &[(
                "tools/Cargo.toml",
                "[workspace]\nmembers = [\"../api\"]\nresolver = \"3\"\n"
            )]
        ),
        ["api: tools/Cargo.toml: workspace.resolver changed, inherited by api"],
        "a crate may name its workspace"
    );
    assert_eq!(
        after(&fixture, &[("tools/Cargo.lock", CARGO_LOCK)]),
        ["api: tools/Cargo.lock: api is new in it"]
    );
}

#[test]
fn a_root_uv_lock_affects_those_whose_closure_changed() {
    let entry = |name: &str, source: &str, rest: &str| {
        format!(
            "[[package]]\nname = \"{name}\"\nversion = \"1.0\"\nsource = {{ {source} }}\n{rest}\n"
        )
    };
    let registry = "registry = \"r\"";
    let lock = [
        "version = 1\n".to_owned(),
        entry(
            "my-api",
            "editable = \"services/api\"",
            "dependencies = [{ name = \"httpx\" }]\n[package.dev-dependencies]\ndev = [{ name = \"pytest\" }]",
        ),
        entry("core", "virtual = \"core\"", "[package.optional-dependencies]\npdf = [{ name = \"pypdf\" }]"),
        entry("httpx", registry, "dependencies = [{ name = \"idna\", marker = \"x\" }]\nwheels = [{ url = \"u\", hash = \"h1\" }]"),
        entry("idna", registry, ""),
        entry("pypdf", registry, ""),
        entry("pytest", registry, ""),
        entry("stray", registry, ""),
    ]
    .concat();
    let config = "[projects.api]\npath = \"services/api\"\n[projects.core]\npath = \"core\"\n";
    let fixture = Fixture::of_tree(&[
        ("xtask/monorepo.toml", config),
        ("uv.lock", &lock),
        ("core/pyproject.toml", "[project]\nname = \"core\"\n"),
    ]);
    let moved = |name: &str| {
        swap(
            &fixture,
            "uv.lock",
            &format!("\"{name}\"\nversion = \"1.0\""),
            &format!("\"{name}\"\nversion = \"1.1\""),
        )
    };
    assert_eq!(
        moved("idna"),
        ["api: uv.lock: idna 1.0 → 1.1, needed by my-api"]
    );
    assert_eq!(
        moved("pytest"),
        ["api: uv.lock: pytest 1.0 → 1.1, needed by my-api"]
    );
    assert_eq!(
        moved("pypdf"),
        ["core: uv.lock: pypdf 1.0 → 1.1, needed by core"]
    );
    assert_eq!(moved("stray"), NONE);
    assert_eq!(
        moved("my-api"),
        NONE,
        "its own version follows from its own files"
    );
    assert_eq!(
        swap(
            &fixture,
            "uv.lock",
            "hash = \"h1\"",
            "hash = \"h1\", upload-time = \"t\""
        ),
        NONE
    );
    assert_eq!(
        swap(&fixture, "uv.lock", "h1", "h2"),
        ["api: uv.lock: httpx 1.0 comes with other bytes or from elsewhere, needed by my-api"]
    );
    assert_eq!(
        after(&fixture, &[("poetry.lock", "x")]),
        [
            "core: poetry.lock changed, and whom that is about cannot be told: poetry.lock files are not read"
        ]
    );
}

#[test]
fn a_package_that_a_lock_takes_from_elsewhere_is_not_built_by_it() {
    let lock = "[[package]]\nname = \"api\"\nsource = { virtual = \".\" }\ndependencies = [{ name = \"core\" }, { name = \"idna\" }]\n\
                [[package]]\nname = \"core\"\nversion = \"1.0\"\nsource = { directory = \"../core\" }\ndependencies = [{ name = \"numpy\" }]\n\
                [[package]]\nname = \"numpy\"\nversion = \"2.0\"\nsource = { registry = \"r\" }\n\
                [[package]]\nname = \"idna\"\nversion = \"3.0\"\nsource = { registry = \"r\" }\n";
    let config = "[projects.api]\npath = \"api\"\n[projects.core]\npath = \"core\"\n";
    let fixture = Fixture::of_tree(&[("xtask/monorepo.toml", config), ("api/uv.lock", lock)]);
    let wanted = |what: &str| {
        [
            "api: api/uv.lock changed".to_owned(),
            format!("api: api/uv.lock: {what}, needed by api"),
        ]
    };
    assert_eq!(
        swap(&fixture, "api/uv.lock", "\"2.0\"", "\"2.1\""),
        wanted("numpy 2.0 → 2.1")
    );
    assert_eq!(
        swap(&fixture, "api/uv.lock", "\"1.0\"", "\"1.1\""),
        wanted("core 1.0 → 1.1")
    );
    assert_eq!(
        swap(
            &fixture,
            "api/uv.lock",
            "[[package]]\nname = \"api\"",
            "# seen\n[[package]]\nname = \"api\""
        ),
        ["api: api/uv.lock changed"]
    );
}

#[test]
fn a_root_package_lock_affects_those_whose_closure_changed() {
    let lock = r#"{ "lockfileVersion": 3, "packages": {
        "": { "workspaces": ["web", "ui"], "devDependencies": { "typescript": "*" } },
        "web": { "version": "1.0.0", "dependencies": { "ui": "*", "left": "*" } },
        "ui": { "version": "1.0.0", "devDependencies": { "jest": "*" } },
        "node_modules/ui": { "resolved": "ui", "link": true },
        "node_modules/web": { "resolved": "web", "link": true },
        "node_modules/left": { "version": "1.0.0" },
        "web/node_modules/left": { "version": "2.0.0" },
        "node_modules/jest": { "version": "29.0.0" },
        "node_modules/typescript": { "version": "5.0.0" }
    } }"#;
    let config = "[projects.web]\npath = \"web\"\n[projects.ui]\npath = \"ui\"\n";
    let fixture = Fixture::of_tree(&[
        ("xtask/monorepo.toml", config),
        ("package-lock.json", lock),
        ("web/package.json", "{}"),
    ]);
    let file = "package-lock.json";
    assert_eq!(
        swap(
            &fixture,
            file,
            "\"version\": \"2.0.0\"",
            "\"version\": \"2.1.0\""
        ),
        ["web: package-lock.json: left 2.0.0 → 2.1.0, needed by web"]
    );
    assert_eq!(
        swap(
            &fixture,
            file,
            "node_modules/left\": { \"version\": \"1.0.0\"",
            "node_modules/left\": { \"version\": \"1.1.0\""
        ),
        NONE
    );
    assert_eq!(
        swap(&fixture, file, "5.0.0", "5.1.0"),
        NONE,
        "nobody's but the root's"
    );
    assert_eq!(
        swap(&fixture, file, "29.0.0", "29.1.0"),
        [
            "web: package-lock.json: jest 29.0.0 → 29.1.0, needed by web",
            "ui: package-lock.json: jest 29.0.0 → 29.1.0, needed by ui"
        ]
    );
    let old = after(&fixture, &[(file, "{ \"lockfileVersion\": 1 }")]);
    assert_eq!(old.len(), 1);
    assert!(
        old[0].starts_with("web: package-lock.json changed, and whom that is about cannot be told: packages cannot be read"),
        "{old:?}"
    );
}

#[test]
fn a_clone_that_lacks_contents_is_not_believed() {
    let fixture = cargo();
    swap(&fixture, "Cargo.lock", "0.2.1", "0.2.2");
    let folder = clone(&fixture, "partial", &["--filter=blob:none"]);
    refused(
        &run_in(&folder, &["plan", "--since", "HEAD~1"]),
        3,
        str![[r#"
       error this clone lacks the content of Cargo.lock at [COMMIT]
         try git fetch --refetch --no-filter

"#]],
    );
    git_in(&folder, &["fetch", "--quiet", "--refetch", "--no-filter"]);
    let ran = run_in(&folder, &["plan", "--since", "HEAD~1"]);
    assert_eq!(ran.code, 0, "{ran}");
    ran.assert_stdout(str![[r#"
project  why
core     Cargo.lock: libc 0.2.1 → 0.2.2, needed by core

"#]]);
    let folder = clone(&fixture, "treeless", &["--filter=tree:0"]);
    refused(
        &run_in(&folder, &["plan", "--since", "HEAD~1"]),
        3,
        str![[r#"
       error this clone lacks the tree [COMMIT] of its own history
         try git fetch --refetch --no-filter

"#]],
    );
    git_in(&folder, &["fetch", "--quiet", "--refetch", "--no-filter"]);
    assert_eq!(run_in(&folder, &["plan", "--since", "HEAD~1"]).code, 0);
}

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// Project folders, of which each history takes some; some lie in others, and two share one.
const PROJECTS: [(&str, &str); 7] = [
    ("root", "."),
    ("a", "a"),
    ("ab", "a/b"),
    ("abcd", "a/b/c/d"),
    ("ef", "e/f"),
    ("ef2", "e/f-2"),
    ("twin", "a/b"),
];

/// Paths that commits change; `e/f` and `a/b/c` are now a file, now a folder.
const PATHS: [&str; 14] = [
    "x",
    "a/1",
    "a/b/1",
    "a/b.txt",
    "a/b/c",
    "a/b/c/1",
    "a/b/c/d/1",
    "a/b/c/d/e/f/1",
    "e/1",
    "e/f",
    "e/f/1",
    "e/f-2/g/1",
    "ab/1",
    "libs/y",
];

const COMMITS: usize = 20;

/// A history as `git fast-import` reads it, on `main`, with side branches that come from anywhere and are merged anyhow.
fn random_history(dice: &mut Dice) -> String {
    let mut text = String::new();
    let mut tips = [0, 0, 0];
    for mark in 1..=COMMITS {
        let branch = if mark < 3 {
            0
        } else {
            dice.roll(tips.len() + 2).saturating_sub(2)
        };
        // A branch that begins of itself shares nothing with the others, until it is merged.
        let is_orphan = dice.roll(12) == 0 && branch != 0;
        if tips[branch] == 0 && !is_orphan {
            tips[branch] = tips[0];
        }
        let name = if branch == 0 {
            "main".to_owned()
        } else {
            format!("side{branch}")
        };
        text += &format!(
            "commit refs/heads/{name}\nmark :{mark}\ncommitter T <t@localhost> {} +0000\ndata 1\n.\n",
            1_700_000_000 + 60 * mark
        );
        if tips[branch] != 0 {
            text += &format!("from :{}\n", tips[branch]);
            let other = tips[dice.roll(tips.len())];
            if other != 0 && other != tips[branch] && dice.roll(3) == 0 {
                text += &format!("merge :{other}\n");
            }
        }
        for _ in 0..dice.roll(4) {
            let path = PATHS[dice.roll(PATHS.len())];
            match dice.roll(5) {
                0 if path != "x" => text += &format!("D {path}\n"),
                1 => text += &format!("M 100755 inline {path}\ndata 1\n{}\n", dice.roll(2)),
                _ => text += &format!("M 100644 inline {path}\ndata 1\n{}\n", dice.roll(2)),
            }
        }
        text += &format!("\nreset refs/tags/c{mark}\nfrom :{mark}\n\n");
        tips[branch] = mark;
    }
    text
}

/// The paths that differ, asked of git in the plain way; `None` without common history.
fn changed_paths(repository: &Path, revision: &str) -> Option<BTreeSet<String>> {
    let call = |arguments: &[&str]| {
        let output = Command::new("git")
            .arg("-C")
            .arg(repository)
            .args(arguments)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    // Of several, the youngest; the commits of a history have times of their own.
    let bases = call(&["merge-base", "--all", revision, "HEAD"]);
    let age = |base: &&str| {
        call(&["show", "--no-patch", "--format=%ct", base])
            .trim()
            .parse::<u64>()
            .unwrap()
    };
    let base = if bases.lines().count() > 1 {
        bases.lines().max_by_key(age)?
    } else {
        bases.lines().next()?
    };
    Some(
        call(&[
            "diff",
            "--name-only",
            "--no-renames",
            &format!("{base}..HEAD"),
        ])
        .lines()
        .map(str::to_owned)
        .collect(),
    )
}

/// Who is affected, and by which of their own paths, by rules that look at one path and one project at a time.
fn oracle(
    paths: &BTreeSet<String>,
    projects: &[(&str, &str, Vec<&str>)],
) -> BTreeMap<String, BTreeSet<String>> {
    let within = |path: &str, folder: &str| {
        folder == "." || path == folder || path.starts_with(&format!("{folder}/"))
    };
    let length = |folder: &str| if folder == "." { 0 } else { folder.len() };
    let mut affected: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in paths {
        let longest = projects
            .iter()
            .filter(|(_, folder, _)| within(path, folder))
            .map(|(_, folder, _)| length(folder))
            .max();
        for (name, folder, _) in projects {
            if within(path, folder) && Some(length(folder)) == longest {
                affected
                    .entry((*name).to_owned())
                    .or_default()
                    .insert(path.clone());
            }
        }
    }
    loop {
        let known = affected.len();
        for (name, _, depends) in projects {
            if depends.iter().any(|needed| affected.contains_key(*needed)) {
                affected.entry((*name).to_owned()).or_default();
            }
        }
        if affected.len() == known {
            return affected;
        }
    }
}

#[test]
fn random_histories_are_told_as_git_tells_them() {
    let mut some = 0;
    let mut none = 0;
    let mut unrelated = 0;
    for seed in 0..120 {
        let mut dice = Dice(seed * 7919 + 5);
        let taken: Vec<_> = PROJECTS.into_iter().filter(|_| dice.roll(4) > 0).collect();
        let projects: Vec<(&str, &str, Vec<&str>)> = taken
            .iter()
            .enumerate()
            .map(|(place, (name, path))| {
                (
                    *name,
                    *path,
                    taken[place + 1..]
                        .iter()
                        .filter(|_| dice.roll(4) == 0)
                        .map(|(name, _)| *name)
                        .collect(),
                )
            })
            .collect();
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        git_in(root, &["init", "--quiet", "--initial-branch", "main"]);
        let mut import = Command::new("git")
            .arg("-C")
            .arg(root)
            .args(["fast-import", "--quiet"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(
            &mut import.stdin.take().unwrap(),
            random_history(&mut dice).as_bytes(),
        )
        .unwrap();
        assert!(import.wait().unwrap().success(), "seed {seed}");
        let config: String = projects
            .iter()
            .map(|(name, folder, depends)| format!("[projects.{name}]\npath = {folder:?}\npackage = {name:?}\ndepends = {depends:?}\n"))
            .collect();
        fs::write(root.join("config.toml"), config).unwrap();
        for _ in 0..2 {
            let revision = format!("c{}", 1 + dice.roll(COMMITS));
            let ran = run_in(
                root,
                &[
                    "plan",
                    "--since",
                    &revision,
                    "--json",
                    "--config",
                    "config.toml",
                ],
            );
            let Some(paths) = changed_paths(root, &revision) else {
                assert_eq!(ran.code, 3, "seed {seed} {revision}: {}", ran.stderr);
                unrelated += 1;
                continue;
            };
            assert_eq!(ran.code, 0, "seed {seed} {revision}: {}", ran.stderr);
            let found: BTreeMap<String, Vec<String>> = told(&ran).into_iter().collect();
            let expected = oracle(&paths, &projects);
            assert_eq!(
                found.keys().collect::<Vec<_>>(),
                expected.keys().collect::<Vec<_>>(),
                "seed {seed} {revision}"
            );
            for (name, own) in &expected {
                let more = if own.len() > 1 {
                    format!(" and {} more", own.len() - 1)
                } else {
                    String::new()
                };
                match own.first() {
                    Some(first) => assert_eq!(
                        found[name][0],
                        format!("{first}{more} changed"),
                        "seed {seed} {revision} {name}"
                    ),
                    None => assert!(
                        found[name].iter().all(|why| why.starts_with("depends on ")),
                        "seed {seed} {revision} {name}"
                    ),
                }
            }
            if expected.is_empty() {
                none += 1
            } else {
                some += 1
            }
        }
    }
    assert!(
        some > 100 && none > 5 && unrelated > 0,
        "the histories had something to tell: {some} {none} {unrelated}"
    );
}

#[test]
fn random_locks_are_told_as_reachability_tells_them() {
    const CRATES: usize = 6;
    const ALL: usize = 40;
    let mut told_some = 0;
    for seed in 0..4 {
        let mut dice = Dice(seed * 104_729 + 11);
        // Packages may need each other in circles; the first ones are the projects' own.
        let needs: Vec<Vec<usize>> = (0..ALL)
            .map(|_| (0..dice.roll(3)).map(|_| dice.roll(ALL)).collect())
            .collect();
        let mut versions = [0; ALL];
        let lock = |versions: &[usize; ALL]| {
            let entry = |(place, needs): (usize, &Vec<usize>)| {
                let source = if place < CRATES {
                    ""
                } else {
                    "source = \"r\"\n"
                };
                let needs: Vec<String> = needs.iter().map(|need| format!("p{need}")).collect();
                format!(
                    "[[package]]\nname = \"p{place}\"\nversion = \"1.0.{}\"\n{source}dependencies = {needs:?}\n",
                    versions[place]
                )
            };
            needs.iter().enumerate().map(entry).collect::<String>()
        };
        let config: String = (0..CRATES)
            .map(|place| format!("[projects.p{place}]\npath = \"p{place}\"\n"))
            .collect();
        let manifests: Vec<(String, String)> = (0..CRATES)
            .map(|place| {
                (
                    format!("p{place}/Cargo.toml"),
                    format!("[package]\nname = \"p{place}\"\n"),
                )
            })
            .collect();
        let first = lock(&versions);
        let mut files = vec![
            ("xtask/monorepo.toml", config.as_str()),
            ("Cargo.lock", &first),
        ];
        files.extend(
            manifests
                .iter()
                .map(|(path, text)| (path.as_str(), text.as_str())),
        );
        let fixture = Fixture::of_tree(&files);
        for _ in 0..8 {
            let moved = dice.roll(ALL);
            versions[moved] += 1;
            let mut reaching: BTreeSet<usize> = [moved].into();
            while let Some(more) = (0..ALL).find(|place| {
                !reaching.contains(place)
                    && needs[*place].iter().any(|need| reaching.contains(need))
            }) {
                reaching.insert(more);
            }
            let change = format!(
                "p{moved} 1.0.{} → 1.0.{}",
                versions[moved] - 1,
                versions[moved]
            );
            let expected: Vec<String> = (0..CRATES)
                .filter(|place| reaching.contains(place) && *place != moved)
                .map(|place| format!("p{place}: Cargo.lock: {change}, needed by p{place}"))
                .collect();
            assert_eq!(
                after(&fixture, &[("Cargo.lock", &lock(&versions))]),
                expected,
                "seed {seed}"
            );
            told_some += usize::from(!expected.is_empty());
        }
    }
    assert!(told_some > 8, "{told_some}");
}
