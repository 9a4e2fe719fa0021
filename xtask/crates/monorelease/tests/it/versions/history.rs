//! `versions` on real histories: the last release and the commits since, tags held against files, and the mending of sites.

use snapbox::str;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::support;
use crate::support::{Fixture, Report, git_in, program, ran};
use serde_json::Value;

/// Three projects, one in another's folder, and what the root owns.
const CONFIG: &str = r#"
[projects.all]
path = "."
package = "mesh"
tag = "v{version}"
versions = ["VERSION"]
[projects.core]
path = "libs/core"
versions = ["Cargo.toml", "VERSION"]
[projects.deep]
path = "libs/core/deep"
versions = ["VERSION"]
"#;

const MANIFEST: &str = "[package]\nname = \"core\"\nversion = \"0.1.0\"\n";

/// A repository without remote or registry.
struct Repo(tempfile::TempDir);

impl Repo {
    fn new() -> Self {
        let repo = Self(support::room::folder());
        repo.git(&["init", "--quiet", "--initial-branch", "main"]);
        for (key, value) in [
            ("user.name", "Test"),
            ("user.email", "test@localhost"),
            ("commit.gpgSign", "false"),
            ("tag.gpgSign", "false"),
        ] {
            repo.git(&["config", key, value]);
        }
        repo.write("xtask/monorepo.toml", CONFIG);
        repo.write("libs/core/Cargo.toml", MANIFEST);
        for folder in ["", "libs/core/", "libs/core/deep/"] {
            repo.write(&format!("{folder}VERSION"), "0.1.0\n");
        }
        repo
    }

    fn begun() -> Self {
        let repo = Self::new();
        repo.commit("feat: begin");
        repo
    }

    fn root(&self) -> PathBuf {
        self.0.path().join("work")
    }

    fn git(&self, arguments: &[&str]) -> String {
        git_in(&self.root(), arguments)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root().join(path)).unwrap()
    }

    /// Commits the work tree as it stands, changed or not; gives the commit.
    fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.git(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    fn change(&self, path: &str) -> String {
        self.write(
            path,
            &format!(
                "{}.",
                fs::read_to_string(self.root().join(path)).unwrap_or_default()
            ),
        );
        self.commit(&format!("fix: {path}"))
    }

    fn run(&self, arguments: &[&str]) -> Report {
        ran(program(&self.root()).args(arguments).output().unwrap())
    }

    fn json(&self, arguments: &[&str]) -> Report {
        self.run(&[arguments, &["--json"]].concat()).with_document()
    }

    /// Every project's last tag and the commits since, as `all=v0.1.0+2`; `all=` for one that was never released.
    fn since(&self) -> String {
        let document = self.json(&["versions"]);
        assert_eq!(document.code, 0, "{document}");
        let of = |project: &Value| match (&project["tag"], &project["commits_since"]) {
            (Value::String(tag), Value::Number(number)) => {
                format!("{}={tag}+{number}", project["name"].as_str().unwrap())
            }
            (Value::Null, Value::Null) => format!("{}=", project["name"].as_str().unwrap()),
            other => panic!("{other:?}"),
        };
        document["projects"]
            .as_array()
            .unwrap()
            .iter()
            .map(of)
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn tag_all(&self) {
        for tag in ["v0.1.0", "core-v0.1.0", "deep-v0.1.0"] {
            self.git(&["tag", "--annotate", "--message", tag, tag]);
        }
    }
}

#[test]
fn commits_count_for_the_longest_path() {
    let repo = Repo::begun();
    assert_eq!(repo.since(), "all= core= deep=");
    repo.tag_all();
    assert_eq!(
        repo.since(),
        "all=v0.1.0+0 core=core-v0.1.0+0 deep=deep-v0.1.0+0"
    );
    repo.change("libs/core/deep/a/b.txt");
    assert_eq!(
        repo.since(),
        "all=v0.1.0+0 core=core-v0.1.0+0 deep=deep-v0.1.0+1",
        "a nested project's files are not its parent's"
    );
    repo.change("libs/core/a.txt");
    repo.change("libs/corex/a.txt");
    repo.change("libs/core/deep.txt");
    repo.commit("chore: nothing");
    assert_eq!(
        repo.since(),
        "all=v0.1.0+1 core=core-v0.1.0+2 deep=deep-v0.1.0+1",
        "an empty commit is of nobody"
    );
    repo.write("README", "x");
    repo.write("libs/core/b.txt", "x");
    repo.change("libs/core/deep/b.txt");
    assert_eq!(
        repo.since(),
        "all=v0.1.0+2 core=core-v0.1.0+3 deep=deep-v0.1.0+2",
        "one commit is of all who own what it changed"
    );
    repo.git(&["mv", "libs/core/deep", "libs/moved"]);
    repo.write("libs/core/deep/VERSION", "0.1.0\n");
    repo.commit("refactor: move");
    assert_eq!(
        repo.since(),
        "all=v0.1.0+3 core=core-v0.1.0+3 deep=deep-v0.1.0+3",
        "a moved folder is a change of both places"
    );
}

#[test]
fn the_table_and_the_document_show_the_release_and_what_came_after() {
    let repo = Repo::begun();
    repo.git(&["tag", "core-v0.1.0"]);
    repo.change("libs/core/a.txt");
    repo.change("libs/core/a.txt");
    let ran = repo.run(&["versions"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let lines: Vec<Vec<&str>> = ran
        .stdout
        .lines()
        .map(|line| {
            line.split("  ")
                .map(str::trim)
                .filter(|cell| !cell.is_empty())
                .collect()
        })
        .collect();
    let expected: Vec<Vec<&str>> = vec![
        vec![
            "project",
            "version",
            "site",
            "says",
            "last release",
            "commits since",
        ],
        vec!["all", "0.1.0", "VERSION the version", "✓", "never"],
        vec![
            "core",
            "0.1.0",
            "libs/core/Cargo.toml package.version",
            "✓",
            "core-v0.1.0",
            "2",
        ],
        vec!["libs/core/VERSION the version", "✓"],
        vec![
            "deep",
            "0.1.0",
            "libs/core/deep/VERSION the version",
            "✓",
            "never",
        ],
    ];
    assert_eq!(lines, expected);
    let document = repo.json(&["versions", "core"]);
    let core = &document["projects"][0];
    assert_eq!(
        (&core["released"], &core["tag"], &core["commits_since"]),
        (&"0.1.0".into(), &"core-v0.1.0".into(), &2.into())
    );
    assert_eq!(
        document.get("tags"),
        None,
        "tags are held against files by --check alone"
    );
}

#[test]
fn a_merge_counts_by_its_difference_to_its_first_parent() {
    let repo = Repo::begun();
    repo.tag_all();
    repo.git(&["checkout", "--quiet", "-b", "side"]);
    repo.change("libs/core/a.txt");
    repo.change("libs/core/a.txt");
    repo.change("libs/core/deep/a.txt");
    repo.git(&["checkout", "--quiet", "main"]);
    repo.change("README");
    repo.git(&["merge", "--quiet", "--no-ff", "--message", "merge", "side"]);
    assert_eq!(
        repo.since(),
        "all=v0.1.0+1 core=core-v0.1.0+1 deep=deep-v0.1.0+1",
        "three commits of a branch came in by one"
    );
    for side in ["one", "two"] {
        repo.git(&["checkout", "--quiet", "-b", side, "main~1"]);
        repo.change(&format!("libs/core/{side}.txt"));
    }
    repo.git(&["checkout", "--quiet", "main"]);
    repo.git(&[
        "merge",
        "--quiet",
        "--no-ff",
        "--message",
        "octopus",
        "one",
        "two",
    ]);
    assert_eq!(
        repo.since(),
        "all=v0.1.0+1 core=core-v0.1.0+2 deep=deep-v0.1.0+1",
        "an octopus is one commit"
    );
    repo.git(&["checkout", "--quiet", "--detach", "HEAD~1"]);
    assert_eq!(
        repo.since(),
        "all=v0.1.0+1 core=core-v0.1.0+1 deep=deep-v0.1.0+1",
        "a detached HEAD has a history too"
    );
}

#[test]
fn a_tag_on_a_merged_branch_ends_the_chain_where_the_branch_began() {
    let repo = Repo::begun();
    repo.change("libs/core/old.txt");
    repo.git(&["checkout", "--quiet", "-b", "release"]);
    repo.change("libs/core/fixed.txt");
    repo.git(&["tag", "core-v0.1.1"]);
    repo.change("libs/core/after.txt");
    repo.git(&["checkout", "--quiet", "main"]);
    repo.change("libs/core/new.txt");
    assert_eq!(
        repo.since(),
        "all= core= deep=",
        "HEAD does not contain it yet"
    );
    repo.git(&[
        "merge",
        "--quiet",
        "--no-ff",
        "--message",
        "merge",
        "release",
    ]);
    assert_eq!(
        repo.since(),
        "all= core=core-v0.1.1+2 deep=",
        "the merge, and what main had by then"
    );
}

#[test]
fn the_highest_stable_release_that_head_contains_is_the_last() {
    let repo = Repo::begun();
    let first = repo.git(&["rev-parse", "HEAD"]);
    for tag in [
        "core-v0.9.0",
        "core-v0.10.0",
        "core-v0.11.0-rc1",
        "core-v0.11.0-rc.1",
        "other-v9.0.0",
    ] {
        repo.git(&["tag", tag]);
    }
    repo.change("libs/core/a.txt");
    repo.git(&["tag", "core-v1.0.0"]);
    assert_eq!(repo.since(), "all= core=core-v1.0.0+0 deep=");
    repo.git(&["checkout", "--quiet", first.trim()]);
    assert_eq!(repo.since(), "all= core=core-v0.10.0+0 deep=");
    let tree = repo.git(&["rev-parse", "HEAD^{tree}"]);
    let blob = repo.git(&["rev-parse", "HEAD:VERSION"]);
    repo.git(&["tag", "core-v5.0.0", tree.trim()]);
    repo.git(&["tag", "v5.0.0", blob.trim()]);
    assert_eq!(
        repo.since(),
        "all= core=core-v0.10.0+0 deep=",
        "a tag of a tree or a file is no release"
    );
    assert_eq!(repo.json(&["versions", "--check", "deep"]).code, 0);
    assert_eq!(
        repo.json(&["versions", "--check", "all"])["tags"],
        Value::Array(Vec::new())
    );
}

#[test]
fn before_the_first_commit_nothing_was_released() {
    let repo = Repo::new();
    assert_eq!(repo.since(), "all= core= deep=");
    let document = repo.json(&["versions", "--check"]);
    assert_eq!(
        (document.code, &document["tags"]),
        (0, &Value::Array(Vec::new()))
    );
}

#[test]
fn a_tag_that_its_own_files_speak_against_is_a_fault() {
    let repo = Repo::begun();
    let old = repo.git(&["rev-parse", "HEAD"]).trim().to_owned();
    repo.tag_all();
    repo.git(&["tag", "core-v0.2.0"]);
    repo.change("libs/core/a.txt");
    let ran = repo.run(&["versions", "--check"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains(&old[..7]), "{}", ran.stderr);
    ran.assert_stderr(str![[r#"
       error tag core-v0.2.0 (commit [SHORT]): libs/core/Cargo.toml says 0.1.0, libs/core/VERSION says 0.1.0
         try ignore-tags = ["core-v0.2.0"] in [projects.core], where these tags are to stay

"#]]);
    let document = repo.json(&["versions", "--check"]);
    assert_eq!(document.code, 1);
    let site = |file: &str, key: &str| serde_json::json!({ "file": file, "key": key, "found": "0.1.0", "version": "0.1.0" });
    let found = [
        site("libs/core/Cargo.toml", "package.version"),
        site("libs/core/VERSION", "the version"),
    ];
    let tag = serde_json::json!({ "tag": "core-v0.2.0", "project": "core", "commit": old, "version": "0.2.0", "found": found });
    assert_eq!(document["tags"], Value::Array(vec![tag]));
    assert_eq!(
        document["projects"][1]["agrees"], true,
        "the sites agree among themselves"
    );
    assert_eq!(
        repo.run(&["versions", "--check", "deep"]).code,
        0,
        "it is no other project's fault"
    );
    assert_eq!(
        repo.run(&["versions"]).code,
        0,
        "only a check holds tags against files"
    );
    repo.git(&["tag", "--delete", "core-v0.2.0"]);
    assert_eq!(repo.run(&["versions", "--check"]).code, 0);
}

#[test]
fn a_candidates_tag_is_held_to_the_version_it_is_a_candidate_of() {
    let repo = Repo::begun();
    repo.git(&["tag", "core-v0.1.0-rc1"]);
    assert_eq!(
        repo.run(&["versions", "--check"]).code,
        0,
        "the files of a candidate say the final version"
    );
    repo.git(&["tag", "deep-v0.2.0-rc3"]);
    let document = repo.json(&["versions", "--check"]);
    assert_eq!(document.code, 1);
    assert_eq!(
        (&document["tags"][0]["tag"], &document["tags"][0]["version"]),
        (&"deep-v0.2.0-rc3".into(), &"0.2.0".into())
    );
    assert_eq!(document["tags"].as_array().unwrap().len(), 1);
}

#[test]
fn the_source_of_truth_decides_for_a_tag() {
    let repo = Repo::begun();
    repo.write("libs/core/VERSION", "0.2.0\n");
    repo.commit("fix: half a bump");
    repo.git(&["tag", "core-v0.1.0"]);
    repo.write("libs/core/VERSION", "0.1.0\n");
    repo.commit("fix: the other half");
    assert_eq!(
        repo.run(&["versions", "--check"]).code,
        0,
        "Cargo.toml said it"
    );
    repo.write("libs/core/VERSION", "0.2.0\n");
    repo.commit("fix: half a bump");
    repo.git(&["tag", "core-v0.2.0"]);
    repo.write("libs/core/Cargo.toml", &MANIFEST.replace("0.1.0", "0.2.0"));
    repo.commit("fix: the other half");
    let ran = repo.run(&["versions", "--check"]);
    assert_eq!(ran.code, 1);
    ran.assert_stderr(str![[r#"
       error tag core-v0.2.0 (commit [SHORT]): libs/core/Cargo.toml says 0.1.0
         try ignore-tags = ["core-v0.2.0"] in [projects.core], where these tags are to stay

"#]]);
}

#[test]
fn tags_that_are_known_to_be_wrong_are_passed_over() {
    let repo = Repo::begun();
    repo.git(&["tag", "v3.2.0"]);
    repo.git(&["tag", "v3.3.0"]);
    repo.write(
        "xtask/monorepo.toml",
        &CONFIG.replace(
            "tag = \"v{version}\"",
            "tag = \"v{version}\"\nignore-tags = [\"v3.2.0\"]",
        ),
    );
    let document = repo.json(&["versions", "--check"]);
    assert_eq!(document.code, 1);
    assert_eq!(
        (&document["tags"][0]["tag"], &document["tags"][1]),
        (&"v3.3.0".into(), &Value::Null)
    );
    assert_eq!(
        document["projects"][0]["released"], "3.3.0",
        "it is a release all the same"
    );
    repo.git(&["tag", "--delete", "v3.3.0"]);
    assert_eq!(repo.run(&["versions", "--check"]).code, 0);
    repo.write(
        "xtask/monorepo.toml",
        &CONFIG.replace(
            "tag = \"v{version}\"",
            "tag = \"v{version}\"\nignore-tags = [\"core-v3.2.0\"]",
        ),
    );
    let ran = repo.run(&["versions", "--check"]);
    assert_eq!(ran.code, 2);
    ran.assert_stderr(str![[r#"
       error xtask/monorepo.toml: projects.all: ignore-tags names "core-v3.2.0", which is a tag of core
         try edit xtask/monorepo.toml, then run the command again

"#]]);
}

#[test]
fn a_tag_older_than_the_sites_is_no_fault() {
    let repo = Repo::begun();
    repo.git(&["rm", "--quiet", "-r", "--cached", "libs"]);
    let blob = repo.git(&["rev-parse", "HEAD:VERSION"]);
    repo.git(&[
        "update-index",
        "--add",
        "--cacheinfo",
        &format!("100644,{},libs", blob.trim()),
    ]);
    repo.git(&[
        "commit",
        "--quiet",
        "--message",
        "chore: a file where a folder will be",
    ]);
    repo.git(&["tag", "core-v0.0.1"]);
    repo.git(&["tag", "core-v0.0.2"]);
    repo.git(&["tag", "deep-v0.0.1"]);
    repo.git(&["rm", "--quiet", "--cached", "libs"]);
    repo.commit("feat: core has a version");
    let ran = repo.run(&["versions", "--check"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(ran.stderr.matches("warning").count(), 1, "{}", ran.stderr);
    ran.assert_stderr(str![[r#"
     warning 3 tags are older than every version site of the project, such as core-v0.0.2: not checked

"#]]);
    repo.write("libs/core/Cargo.toml", "[package\n");
    repo.git(&["rm", "--quiet", "--cached", "libs/core/VERSION"]);
    repo.git(&["add", "libs/core/Cargo.toml"]);
    repo.git(&["commit", "--quiet", "--message", "fix: a slip"]);
    repo.git(&["tag", "core-v0.0.3"]);
    repo.write("libs/core/Cargo.toml", MANIFEST);
    repo.commit("fix: mended");
    let ran = repo.run(&["versions", "--check"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.assert_stderr(str![[r#"
     warning 3 tags are older than every version site of the project, such as core-v0.0.2: not checked
     warning 1 tag is of a commit whose sites cannot be read, such as core-v0.0.3 (libs/core/Cargo.toml: package.version cannot be read: the text is not TOML, unclosed table, expected `]` (line 1)): not checked

"#]]);
}

#[test]
fn law_7_in_a_shallow_clone_files_and_the_tags_at_hand_are_checked() {
    let repo = Repo::begun();
    repo.change("README");
    repo.git(&["tag", "core-v0.2.0"]);
    let url = format!("file://{}", repo.root().display());
    git_in(
        repo.0.path(),
        &["clone", "--quiet", "--depth", "1", &url, "shallow"],
    );
    let shallow = repo.0.path().join("shallow");
    let refused = ran(program(&shallow).arg("versions").output().unwrap());
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    let checked = ran(program(&shallow)
        .args(["versions", "--check"])
        .output()
        .unwrap());
    assert_eq!(checked.code, 1, "{}", checked.stderr);
    checked.assert_stdout(str![[r#"
project  version  site                                  says  last release  commits since
all      0.1.0    VERSION the version                   ✓     not known
core     0.1.0    libs/core/Cargo.toml package.version  ✓     not known
                  libs/core/VERSION the version         ✓
deep     0.1.0    libs/core/deep/VERSION the version    ✓     not known

"#]]);
    assert!(!checked.stdout.contains("never"), "{}", checked.stdout);
    checked.assert_stderr(str![[r#"
     warning this clone is shallow, so it cannot tell which release HEAD contains; releases are left out
       error tag core-v0.2.0 (commit [SHORT]): libs/core/Cargo.toml says 0.1.0, libs/core/VERSION says 0.1.0
         try ignore-tags = ["core-v0.2.0"] in [projects.core], where these tags are to stay

"#]]);
}

#[test]
fn fix_writes_the_source_of_truth_to_sites_and_locks_of_the_named_projects() {
    let fixture = Fixture::new();
    fixture.write(
        "core/pyproject.toml",
        &fixture
            .read("core/pyproject.toml")
            .replace("0.1.0", "0.1.1"),
    );
    fixture.write(
        "Cargo.lock",
        &fixture.read("Cargo.lock").replacen("0.1.0", "0.0.9", 1),
    );
    fixture.write(
        "api/uv.lock",
        &fixture.read("api/uv.lock").replacen("0.1.0", "0.0.9", 1),
    );
    let before = fixture.state();
    let plan = fixture.json(&["versions", "--fix", "core", "--dry-run"]);
    let whats = |document: &Value| {
        document["steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| step["what"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (plan.code, whats(&plan)),
        (0, vec!["Cargo.lock".into(), "core/pyproject.toml".into()])
    );
    assert_eq!(
        fixture.state(),
        before,
        "law 13: a dry run changed something"
    );
    fixture.ok(&["versions", "--fix", "core"]);
    assert_eq!(
        fixture.git(&["status", "--porcelain"]),
        " M api/uv.lock\n",
        "what was not named stays as it is"
    );
    let after = fixture.state();
    let again = fixture.json(&["versions", "--fix", "core"]);
    assert_eq!((again.code, whats(&again)), (0, Vec::new()));
    assert_eq!(
        fixture.state(),
        after,
        "law 14: the second run changed something"
    );
    fixture.ok(&["versions", "--fix"]);
    assert_eq!(fixture.git(&["status", "--porcelain"]), "");
}

#[test]
fn fix_mends_two_sites_of_one_file() {
    let repo = Repo::begun();
    let pattern =
        |word: &str| format!("{{ file = \"conf.txt\", pattern = \"{word} = {{version}}\" }}");
    let sites = format!(
        "versions = [\"Cargo.toml\", {}, {}]",
        pattern("release"),
        pattern("image")
    );
    repo.write(
        "xtask/monorepo.toml",
        &CONFIG.replace("versions = [\"Cargo.toml\", \"VERSION\"]", &sites),
    );
    repo.write(
        "libs/core/conf.txt",
        "# both\r\nimage = 0.0.8 # here\r\nrelease = 0.0.9\r\n",
    );
    assert_eq!(repo.run(&["versions", "--check", "core"]).code, 1);
    let ran = repo.run(&["versions", "--fix", "core"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(
        repo.read("libs/core/conf.txt"),
        "# both\r\nimage = 0.1.0 # here\r\nrelease = 0.1.0\r\n"
    );
    assert_eq!(repo.run(&["versions", "--check", "core"]).code, 0);
}

/// Numbers that only look random: every run makes the same histories.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn pick<'a>(&mut self, among: &[&'a str]) -> &'a str {
        among[self.roll(among.len())]
    }
}

/// Project folders, of which each history takes some; some share a beginning that is no folder, two share a folder.
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
const PATHS: [&str; 16] = [
    "x",
    "a/1",
    "a/b/1",
    "a/b.txt",
    "a/b/c",
    "a/b/c/1",
    "a/b/c/d/1",
    "a/b/c/d/e/2",
    "e/1",
    "e/f",
    "e/f/1",
    "e/f.x",
    "e/f-2/1",
    "e/f-2/g/1",
    "ab/1",
    "libs/y",
];

/// A history as `git fast-import` reads it, on `main`, with side branches that come from anywhere and are merged anyhow, and tags.
fn random_history(dice: &mut Dice, projects: &[(&str, &str)]) -> String {
    let mut text = String::new();
    let mut tips = [0, 0, 0, 0];
    let commits = 24;
    for mark in 1..=commits {
        let branch = if mark < 3 {
            0
        } else {
            dice.roll(tips.len() + 3).saturating_sub(3)
        };
        if tips[branch] == 0 {
            tips[branch] = tips[0];
        }
        let name = if branch == 0 {
            "main".to_owned()
        } else {
            format!("side{branch}")
        };
        // Clocks of committers are not to be trusted.
        let time = 1_700_000_000 + mark * 60 - if dice.roll(6) == 0 { 100_000 } else { 0 };
        text += &format!(
            "commit refs/heads/{name}\nmark :{mark}\ncommitter T <t@localhost> {time} +0000\ndata 1\n.\n"
        );
        if tips[branch] != 0 {
            text += &format!("from :{}\n", tips[branch]);
        }
        for _ in 0..dice.roll(4).saturating_sub(1) {
            let other = tips[dice.roll(tips.len())];
            if other != 0 && other != tips[branch] {
                text += &format!("merge :{other}\n");
            }
        }
        for _ in 0..dice.roll(4) {
            let path = dice.pick(&PATHS);
            match dice.roll(6) {
                0 if path != "x" => text += &format!("D {path}\n"),
                1 => text += &format!("M 100755 inline {path}\ndata 1\n{}\n", dice.roll(3)),
                _ => text += &format!("M 100644 inline {path}\ndata 1\n{}\n", dice.roll(3)),
            }
        }
        text.push('\n');
        tips[branch] = mark;
    }
    for (name, _) in projects {
        for version in 0..dice.roll(4) {
            text += &format!(
                "reset refs/tags/{name}-v0.{version}.0\nfrom :{}\n\n",
                1 + dice.roll(commits)
            );
        }
    }
    text
}

/// What the program should say, asked of git in the slow and plain way.
fn oracle(repo: &Repo, projects: &[(&str, &str)]) -> BTreeMap<String, Option<(String, usize)>> {
    let paths_of = |commit: &str| {
        let parent = repo
            .git(&["rev-list", "--parents", "--max-count=1", commit])
            .split_whitespace()
            .nth(1)
            .map(str::to_owned);
        let mut call = vec![
            "diff-tree",
            "--root",
            "--no-commit-id",
            "--no-renames",
            "-r",
            "--name-only",
        ];
        call.extend(parent.as_deref());
        call.push(commit);
        repo.git(&call)
            .lines()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let chain: BTreeMap<_, _> = repo
        .git(&["rev-list", "--first-parent", "main"])
        .lines()
        .map(|commit| (commit.to_owned(), paths_of(commit)))
        .collect();
    let within = |path: &str, folder: &str| {
        folder == "." || path == folder || path.starts_with(&format!("{folder}/"))
    };
    let length = |folder: &str| if folder == "." { 0 } else { folder.len() };
    let owns = |folder: &str, path: &str| {
        let longest = projects
            .iter()
            .filter(|(_, folder)| within(path, folder))
            .map(|(_, folder)| length(folder))
            .max();
        within(path, folder) && Some(length(folder)) == longest
    };
    let merged = repo.git(&["tag", "--merged", "main"]);
    let since = |name: &str, folder: &str| {
        let tag = merged
            .lines()
            .filter(|tag| tag.starts_with(&format!("{name}-v")))
            .max()?
            .to_owned();
        let commits = repo.git(&["rev-list", "--first-parent", "main", "--not", &tag]);
        Some((
            tag,
            commits
                .lines()
                .filter(|commit| chain[*commit].iter().any(|path| owns(folder, path)))
                .count(),
        ))
    };
    projects
        .iter()
        .map(|(name, folder)| ((*name).to_owned(), since(name, folder)))
        .collect()
}

#[test]
fn random_histories_are_told_as_git_tells_them() {
    let mut released = 0;
    for seed in 0..60 {
        let mut dice = Dice(seed * 7919 + 1);
        let projects: Vec<_> = PROJECTS.into_iter().filter(|_| dice.roll(4) > 0).collect();
        let repo = Repo(support::room::folder());
        repo.git(&["init", "--quiet", "--initial-branch", "main"]);
        let stream = repo.0.path().join("stream");
        fs::write(&stream, random_history(&mut dice, &projects)).unwrap();
        let import = std::process::Command::new("git")
            .args(["fast-import", "--quiet"])
            .current_dir(repo.root())
            .stdin(fs::File::open(&stream).unwrap())
            .output()
            .unwrap();
        assert!(
            import.status.success(),
            "seed {seed}: {}",
            String::from_utf8_lossy(&import.stderr)
        );
        let mut config = String::new();
        for (name, folder) in &projects {
            config += &format!(
                "[projects.{name}]\npath = {folder:?}\npackage = {name:?}\nversions = [\"VERSION\"]\n"
            );
            repo.write(&format!("{folder}/VERSION"), "1.0.0\n");
        }
        repo.write("xtask/monorepo.toml", &config);
        let document = repo.json(&["versions"]);
        assert_eq!(document.code, 0, "seed {seed}: {document}");
        let since = |project: &Value| {
            let tag = project["tag"].as_str()?.to_owned();
            Some((
                tag,
                usize::try_from(project["commits_since"].as_u64()?).unwrap(),
            ))
        };
        let found: BTreeMap<_, _> = document["projects"]
            .as_array()
            .unwrap()
            .iter()
            .map(|project| (project["name"].as_str().unwrap().to_owned(), since(project)))
            .collect();
        let expected = oracle(&repo, &projects);
        assert_eq!(found, expected, "seed {seed}");
        released += expected
            .values()
            .flatten()
            .filter(|(_, commits)| *commits > 0)
            .count();
    }
    assert!(
        released > 60,
        "the histories had something to tell: {released}"
    );
}
