//! Law 4: requirements of other projects move with the version they no longer admit, and say why; and the locks go along.

use crate::support::Fixture;
use crate::support::snapshots::assert_text;
use serde_json::Value;
use snapbox::str;

fn steps(document: &Value) -> Vec<(String, String, String)> {
    let text = |step: &Value, field: &str| step[field].as_str().unwrap().to_owned();
    document["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| (text(step, "what"), text(step, "project"), text(step, "why")))
        .collect()
}

/// The lines that a bump changed, without context: `-old` and `+new`.
fn changed(fixture: &Fixture) -> Vec<String> {
    let diff = fixture.git(&["diff", "--unified=0"]);
    diff.lines()
        .filter(|line| {
            line.starts_with(['-', '+']) && !line.starts_with("---") && !line.starts_with("+++")
        })
        .map(str::to_owned)
        .collect()
}

fn with_dependents() -> Fixture {
    let fixture = Fixture::new();
    fixture.write(
        "other/Cargo.toml",
        "[package]\nname = \"other\"\nversion = \"0.1.0\"\n\n[dependencies]\ncore = { path = \"../core\", version = \"0.1.0\" } # core 0.1.0\n",
    );
    fixture.write(
        "web/pyproject.toml",
        "[project]\nname = \"web\"\ndynamic = [\"version\"]\ndependencies = [\"core[fast] >=0.1,<0.2 ; python_version < '4'\", \"corelike>=0.1,<0.2\"]\n\n[project.optional-dependencies]\nmore = [\"Core==0.1.0\"]\n",
    );
    fixture.git(&["add", "--all"]);
    fixture.commit_all("feat: dependents");
    fixture
}

#[test]
fn law_4_requirements_that_no_longer_admit_the_version_move_with_it() {
    let fixture = with_dependents();
    let plan = fixture.json(&["bump", "minor", "core", "--dry-run"]);
    assert_eq!(
        (plan.code, fixture.git(&["status", "--porcelain"])),
        (0, String::new())
    );
    let web = steps(&plan)
        .into_iter()
        .find(|(what, ..)| what == "web/pyproject.toml")
        .unwrap();
    assert_eq!(web.1, "web", "the step is of the project whose file it is");
    assert!(
        web.2
            .starts_with("web: requires core >=0.1,<0.2; core becomes 0.2.0"),
        "{}",
        web.2
    );
    let other = steps(&plan)
        .into_iter()
        .find(|(what, ..)| what == "other/Cargo.toml")
        .unwrap();
    assert!(
        other
            .2
            .starts_with("other/Cargo.toml: requires core 0.1.0; core becomes 0.2.0"),
        "nobody's project: {}",
        other.2
    );
    let ran = fixture.ok(&["bump", "minor", "core"]);
    ran.assert_stderr(str![[r#"
     Bumping core 0.1.0 → 0.2.0
        todo edit Cargo.lock  (entry of core 0.1.0 → 0.2.0)
        todo edit core/pyproject.toml  (project.version 0.1.0 → 0.2.0)
        todo edit other/Cargo.toml  (other/Cargo.toml: requires core 0.1.0; core becomes 0.2.0, so now 0.2.0)
        todo edit web/pyproject.toml  (web: requires core >=0.1,<0.2; core becomes 0.2.0, so now >=0.2,<0.3, web: requires core ==0.1.0; core becomes 0.2.0, so now ==0.2.0)
        todo edit core/Cargo.toml  (package.version 0.1.0 → 0.2.0)
       acted edit Cargo.lock  [[DURATION]]
       acted edit core/Cargo.toml  [[DURATION]]
       acted edit core/pyproject.toml  [[DURATION]]
       acted edit other/Cargo.toml  [[DURATION]]
       acted edit web/pyproject.toml  [[DURATION]]
    Finished 5 done now, 0 done before

"#]]);
    let changes = changed(&fixture);
    for wanted in [
        "+core = { path = \"../core\", version = \"0.2.0\" } # core 0.1.0",
        "+dependencies = [\"core[fast] >=0.2,<0.3 ; python_version < '4'\", \"corelike>=0.1,<0.2\"]",
        "+more = [\"Core==0.2.0\"]",
    ] {
        assert!(
            changes.iter().any(|line| line == wanted),
            "{wanted}: {changes:#?}"
        );
    }
    assert_eq!(
        changes.len(),
        2 * 6,
        "two sites, one lock entry, three requirements: {changes:#?}"
    );
    fixture.ok(&["bump", "0.1.0", "core", "--allow-downgrade"]);
    assert_eq!(
        fixture.git(&["diff"]),
        "",
        "there and back leaves the same bytes"
    );
}

#[test]
fn law_4_a_project_that_git_was_not_told_of_yet_requires_as_others_do() {
    let fixture = Fixture::new();
    let config = fixture.read("xtask/monorepo.toml");
    fixture.write(
        "xtask/monorepo.toml",
        &format!("{config}[projects.new]\npath = \"new\"\nversions = [\"pyproject.toml\"]\n"),
    );
    fixture.write(
        "new/pyproject.toml",
        "[project]\nname = \"new\"\nversion = \"0.1.0\"\ndependencies = [\"core>=0.1,<0.2\"]\n",
    );
    let ran = fixture.ok(&["bump", "minor", "core"]);
    ran.assert_stderr(str![[r#"
     Bumping core 0.1.0 → 0.2.0
        todo edit Cargo.lock  (entry of core 0.1.0 → 0.2.0)
        todo edit core/pyproject.toml  (project.version 0.1.0 → 0.2.0)
        todo edit new/pyproject.toml  (new: requires core >=0.1,<0.2; core becomes 0.2.0, so now >=0.2,<0.3)
        todo edit core/Cargo.toml  (package.version 0.1.0 → 0.2.0)
       acted edit Cargo.lock  [[DURATION]]
       acted edit core/Cargo.toml  [[DURATION]]
       acted edit core/pyproject.toml  [[DURATION]]
       acted edit new/pyproject.toml  [[DURATION]]
    Finished 4 done now, 0 done before

"#]]);
    assert!(
        fixture
            .read("new/pyproject.toml")
            .contains("version = \"0.1.0\"\ndependencies = [\"core>=0.2,<0.3\"]")
    );
}

#[test]
fn law_4_what_still_admits_the_version_is_raised_only_when_asked() {
    let fixture = with_dependents();
    fixture.ok(&["bump", "patch", "core"]);
    let changes = changed(&fixture).join("\n");
    assert!(
        !changes.contains("../core") && !changes.contains(">=0.1"),
        "{changes}"
    );
    assert!(
        changes.contains("+more = [\"Core==0.1.1\"]"),
        "an exact pin admits no other: {changes}"
    );
    fixture.git(&["checkout", "--quiet", "."]);
    fixture.ok(&["bump", "patch", "core", "--dependents"]);
    let changes = changed(&fixture).join("\n");
    assert!(
        changes.contains("+core = { path = \"../core\", version = \"0.1.1\" }"),
        "{changes}"
    );
}

#[test]
fn law_4_a_requirement_that_cannot_be_moved_surely_refuses_the_bump() {
    let fixture = with_dependents();
    fixture.write("web/pyproject.toml", "[project]\nname = \"web\"\nversion = \"0.1.0\"\ndependencies = [\n  \"core>=0.1,!=0.2.0\",\n]\n");
    fixture.commit_all("feat: an exclusion");
    let before = fixture.state();
    let refused = fixture.run(&["bump", "minor", "core"]);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    refused.assert_stderr(str![[r#"
     Bumping core 0.1.0 → 0.2.0
        todo edit Cargo.lock  (entry of core 0.1.0 → 0.2.0)
        todo edit core/pyproject.toml  (project.version 0.1.0 → 0.2.0)
        todo edit other/Cargo.toml  (other/Cargo.toml: requires core 0.1.0; core becomes 0.2.0, so now 0.2.0)
        todo edit core/Cargo.toml  (package.version 0.1.0 → 0.2.0)
       error web/pyproject.toml line 5 (project.dependencies[0]): the requirement `>=0.1,!=0.2.0` cannot surely be moved to 0.2.0: what it turns down by `!=` or `>` stays so; write one that admits 0.2.0 by hand
         try edit the requirement in web/pyproject.toml, then the same command
     Refused nothing was done

"#]]);
    assert_eq!(fixture.state(), before);
}

#[test]
fn law_4_a_requirement_that_never_meant_the_local_version_stays() {
    let fixture = Fixture::new();
    fixture.write(
        "web/pyproject.toml",
        "[project]\nname = \"web\"\nversion = \"1.0.0\"\ndependencies = [\"core>=0.0.8,<0.0.9\"]\n[dependency-groups]\ndev = [\"core==0.1.0\"]\n",
    );
    fixture.write(
        "old/pyproject.toml",
        "[tool.poetry]\nname = \"old\"\nversion = \"1.0.0\"\n[tool.poetry.dependencies]\ncore = \"^0.0.8\"\n",
    );
    // A package that the manifest says is of this repository is the local one, whatever its numbers say.
    fixture.write(
        "linked/pyproject.toml",
        "[project]\nname = \"linked\"\nversion = \"1.0.0\"\ndependencies = [\"core>=0.0.8,<0.0.9\"]\n[tool.uv.sources]\ncore = { workspace = true }\n",
    );
    fixture.write(
        "poetry/pyproject.toml",
        "[tool.poetry]\nname = \"poetry\"\nversion = \"1.0.0\"\n[tool.poetry.dependencies]\ncore = { path = \"../core\", version = \"^0.0.8\" }\n",
    );
    fixture.git(&["add", "--all"]);
    fixture.commit_all("feat: users of core");
    let ran = fixture.ok(&["bump", "minor", "core"]);
    assert_text(
        &ran.lines_with("and stays"),
        str![[r#"
        note old/pyproject.toml line 5 requires core ^0.0.8, which 0.1.0 was none of, and stays
        note web/pyproject.toml line 4 requires core >=0.0.8,<0.0.9, which 0.1.0 was none of, and stays

"#]],
    );
    let files = fixture.git(&["diff", "--unified=0", "web", "old", "linked", "poetry"]);
    let lines: Vec<&str> = files
        .lines()
        .filter(|line| line.starts_with('+') && !line.starts_with("+++"))
        .collect();
    assert_text(
        &lines.join("\n"),
        str![[r#"
+dependencies = ["core>=0.2.0,<0.2.1"]
+core = { path = "../core", version = "^0.2.0" }
+dev = ["core==0.2.0"]
"#]],
    );
}

#[test]
fn law_4_an_npm_range_that_never_meant_the_local_version_stays() {
    let fixture = Fixture::new();
    fixture.write(
        "lib/package.json",
        "{\n  \"name\": \"lib\",\n  \"version\": \"1.4.0\"\n}\n",
    );
    let config = fixture.read("xtask/monorepo.toml");
    fixture.write(
        "xtask/monorepo.toml",
        &format!("{config}[projects.lib]\npath = \"lib\"\nversions = [\"package.json\"]\n"),
    );
    for (name, range) in [
        ("old", "^0.8.0"),
        ("newer", "^1.0.0"),
        ("same", "1.4.0"),
        ("member", "workspace:^0.8.0"),
    ] {
        fixture.write(
            &format!("{name}/package.json"),
            &format!("{{\n  \"name\": \"{name}\",\n  \"version\": \"1.0.0\",\n  \"dependencies\": {{ \"lib\": \"{range}\" }}\n}}\n"),
        );
    }
    fixture.git(&["add", "--all"]);
    fixture.commit_all("feat: users of lib");
    let ran = fixture.ok(&["bump", "major", "lib"]);
    assert_text(
        &ran.lines_with("and stays"),
        str![[r#"
        note old/package.json line 4 requires lib ^0.8.0, which 1.4.0 was none of, and stays

"#]],
    );
    let diff = fixture.git(&["diff", "--unified=0", "old", "newer", "same", "member"]);
    let lines: Vec<&str> = diff
        .lines()
        .filter(|line| line.starts_with('+') && !line.starts_with("+++"))
        .collect();
    assert_text(
        &lines.join("\n"),
        str![[r#"
+  "dependencies": { "lib": "workspace:^2.0.0" }
+  "dependencies": { "lib": "^2.0.0" }
+  "dependencies": { "lib": "2.0.0" }
"#]],
    );
}

#[test]
fn law_4_another_package_of_the_name_is_left_alone() {
    let fixture = Fixture::new();
    // A vendored tree with a core of its own, and a crate that takes core from the registry.
    fixture.write(
        "vendored/core/Cargo.toml",
        "[package]\nname = \"core\"\nversion = \"0.1.0\"\n",
    );
    fixture.write(
        "vendored/user/Cargo.toml",
        "[package]\nname = \"user\"\nversion = \"1.0.0\"\n[dependencies]\ncore = { path = \"../core\", version = \"0.1.0\" }\n",
    );
    fixture.write(
        "vendored/Cargo.lock",
        "version = 4\n\n[[package]]\nname = \"core\"\nversion = \"0.1.0\"\n",
    );
    fixture.write(
        "published/Cargo.toml",
        "[package]\nname = \"published\"\nversion = \"1.0.0\"\n[dependencies]\ncore = \"0.1.0\"\n",
    );
    // A tree that takes this very core by its path: its lock is ours to move.
    fixture.write(
        "elsewhere/Cargo.toml",
        "[package]\nname = \"elsewhere\"\nversion = \"1.0.0\"\n[dependencies]\ncore = { path = \"../core\" }\n",
    );
    fixture.write(
        "elsewhere/Cargo.lock",
        "version = 4\n\n[[package]]\nname = \"core\"\nversion = \"0.1.0\"\n",
    );
    fixture.git(&["add", "--all"]);
    fixture.commit_all("feat: vendored");
    fixture.ok(&["bump", "minor", "core"]);
    let files = fixture.git(&["diff", "--name-only"]);
    assert_eq!(
        files.lines().collect::<Vec<_>>(),
        [
            "Cargo.lock",
            "core/Cargo.toml",
            "core/pyproject.toml",
            "elsewhere/Cargo.lock"
        ]
    );
}

#[test]
fn law_4_a_workspace_moves_its_members_and_what_they_require_of_each_other() {
    let fixture = Fixture::new();
    fixture.write(
        "xtask/monorepo.toml",
        "[projects.all]\npath = \".\"\ntag = \"v{version}\"\nversions = [\"Cargo.toml\"]\n[projects.api]\npath = \"api\"\nversions = [\"pyproject.toml\"]\n",
    );
    fixture.write(
        "Cargo.toml",
        "[workspace]\nmembers = [\"one\", \"two\"]\n[workspace.package]\nversion = \"0.1.0\"\n[workspace.dependencies]\none = { path = \"one\", version = \"0.1\" }\nserde = { version = \"0.1\" }\n",
    );
    fixture.write(
        "one/Cargo.toml",
        "[package]\nname = \"one\"\nversion.workspace = true\n",
    );
    fixture
        .write("two/Cargo.toml", "[package]\nname = \"two\"\nversion = { workspace = true }\n[dependencies]\none = { workspace = true }\n");
    // A workspace within, and a member with a version of its own: neither has this version.
    fixture.write(
        "within/Cargo.toml",
        "[workspace]\n[workspace.package]\nversion = \"0.1.0\"\n[package]\nname = \"within\"\nversion.workspace = true\n",
    );
    fixture.write(
        "core/Cargo.toml",
        "[package]\nname = \"core\"\nversion = \"0.1.0\"\n",
    );
    let entry = |name: &str| format!("[[package]]\nname = \"{name}\"\nversion = \"0.1.0\"\n\n");
    fixture.write(
        "Cargo.lock",
        &format!(
            "version = 4\n\n{}{}{}{}",
            entry("core"),
            entry("one"),
            entry("two"),
            entry("within")
        ),
    );
    fixture.git(&["add", "--all"]);
    fixture.commit_all("feat: a workspace");
    fixture.ok(&["bump", "minor", "all"]);
    let changes = changed(&fixture);
    assert!(
        changes.contains(&"+one = { path = \"one\", version = \"0.2\" }".to_owned()),
        "{changes:#?}"
    );
    assert_eq!(
        changes.len(),
        2 * 4,
        "the root, one requirement, two lock entries: {changes:#?}"
    );
    let lock = fixture.read("Cargo.lock");
    assert!(
        lock.contains("name = \"one\"\nversion = \"0.2.0\"")
            && lock.contains("name = \"two\"\nversion = \"0.2.0\""),
        "{lock}"
    );
    assert!(
        lock.contains("name = \"core\"\nversion = \"0.1.0\"")
            && lock.contains("name = \"within\"\nversion = \"0.1.0\""),
        "{lock}"
    );
}

#[test]
fn law_3_a_lock_repeats_the_requirement_of_its_manifest() {
    let fixture = Fixture::new();
    fixture.write(
        "web/pyproject.toml",
        "[project]\nname = \"web\"\nversion = \"0.1.0\"\ndependencies = [\"core>=0.1,<0.2\"]\n[tool.uv.sources]\ncore = { workspace = true }\n",
    );
    fixture.write(
        "web/uv.lock",
        "version = 1\n\n[[package]]\nname = \"core\"\nversion = \"0.1.0\"\nsource = { directory = \"../core\" }\n\n[[package]]\nname = \"web\"\nversion = \"0.1.0\"\nsource = { editable = \".\" }\n[package.metadata]\nrequires-dist = [{ name = \"core\", directory = \"../core\", specifier = \">=0.1,<0.2\" }]\n",
    );
    fixture.git(&["add", "--all"]);
    fixture.commit_all("feat: a lock");
    fixture.ok(&["bump", "minor", "core"]);
    let lock = fixture.read("web/uv.lock");
    assert!(
        lock.contains("name = \"core\"\nversion = \"0.2.0\""),
        "{lock}"
    );
    assert!(
        lock.contains("specifier = \">=0.2,<0.3\"")
            && lock.contains("name = \"web\"\nversion = \"0.1.0\""),
        "{lock}"
    );
}

#[test]
fn a_lock_that_takes_the_package_from_elsewhere_is_told() {
    let fixture = Fixture::new();
    fixture.write(
        "web/pyproject.toml",
        "[project]\nname = \"web\"\nversion = \"0.1.0\"\ndependencies = [\"core>=0.1,<0.2\"]\n",
    );
    let lock = "version = 1\n\n[[package]]\nname = \"core\"\nversion = \"0.1.0\"\nsource = { registry = \"index\" }\n";
    fixture.write("web/uv.lock", lock);
    fixture.git(&["add", "--all"]);
    fixture.commit_all("feat: a consumer of what is published");
    let ran = fixture.ok(&["bump", "minor", "core"]);
    ran.assert_stderr(str![[r#"
     Bumping core 0.1.0 → 0.2.0
        todo edit Cargo.lock  (entry of core 0.1.0 → 0.2.0)
        todo edit core/pyproject.toml  (project.version 0.1.0 → 0.2.0)
        todo edit web/pyproject.toml  (web: requires core >=0.1,<0.2; core becomes 0.2.0, so now >=0.2,<0.3)
        todo edit core/Cargo.toml  (package.version 0.1.0 → 0.2.0)
        note web/uv.lock takes core from elsewhere: lock it again once the new version is published
       acted edit Cargo.lock  [[DURATION]]
       acted edit core/Cargo.toml  [[DURATION]]
       acted edit core/pyproject.toml  [[DURATION]]
       acted edit web/pyproject.toml  [[DURATION]]
    Finished 4 done now, 0 done before

"#]]);
    assert_eq!(fixture.read("web/uv.lock"), lock);
    assert!(
        fixture
            .read("web/pyproject.toml")
            .contains("core>=0.2,<0.3")
    );
}

#[test]
fn a_manifest_that_cannot_be_read_stands_in_the_way_only_of_what_it_names() {
    let fixture = Fixture::new();
    fixture.write("broken/Cargo.toml", "[package\nname = \"unrelated\"\n");
    fixture.git(&["add", "--all"]);
    fixture.ok(&["bump", "minor", "core", "--dry-run"]);
    fixture.write(
        "broken/Cargo.toml",
        "[package\nname = \"broken\"\n[dependencies]\ncore = { path = \"../core\" }\n",
    );
    let refused = fixture.run(&["bump", "minor", "core"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    refused.assert_stderr(str![[r#"
       error broken/Cargo.toml: dependencies cannot be read: the text is not TOML, unclosed table, expected `]` (line 1)
         try edit broken/Cargo.toml

"#]]);
}

#[test]
fn law_3_of_two_requirements_on_one_package_the_lock_repeats_each() {
    let fixture = Fixture::new();
    fixture.write(
        "xtask/monorepo.toml",
        "[projects.kit]\npath = \"packages/kit\"\nversions = [\"package.json\"]\n[projects.ui]\npath = \"packages/ui\"\nversions = [\"package.json\"]\n",
    );
    fixture.write(
        "packages/kit/package.json",
        "{ \"name\": \"kit\", \"version\": \"1.2.0\" }\n",
    );
    let tables = "\"peerDependencies\": { \"kit\": \">=1.0.0\" }, \"devDependencies\": { \"kit\": \"1.2.0\" }";
    fixture.write(
        "packages/ui/package.json",
        &format!("{{ \"name\": \"ui\", \"version\": \"1.0.0\", {tables} }}\n"),
    );
    let lock = format!(
        "{{ \"name\": \"root\", \"lockfileVersion\": 2, \"packages\": {{\n\"packages/kit\": {{ \"version\": \"1.2.0\" }},\n\"packages/ui\": {{ \"version\": \"1.0.0\", {tables} }} }},\n\"dependencies\": {{ \"ui\": {{ \"version\": \"file:packages/ui\", \"requires\": {{ \"kit\": \"1.2.0\" }} }} }} }}\n"
    );
    fixture.write("package-lock.json", &lock);
    fixture.git(&["add", "--all"]);
    fixture.commit_all("feat: a peer");
    fixture.ok(&["bump", "minor", "kit"]);
    // The wide one admits the version and stays, in the manifest and in the lock; of the other, every copy moves.
    assert!(
        fixture
            .read("packages/ui/package.json")
            .contains("\"kit\": \">=1.0.0\" }, \"devDependencies\": { \"kit\": \"1.3.0\" }")
    );
    assert_eq!(
        fixture.read("package-lock.json"),
        lock.replace("1.2.0", "1.3.0")
    );
}

#[test]
fn law_3_a_lock_repeats_only_the_requirements_that_moved() {
    let fixture = Fixture::new();
    fixture.write(
        "web/pyproject.toml",
        "[project]\nname = \"web\"\nversion = \"0.1.0\"\ndependencies = [\"core>=0.1,<0.2; python_version<'3.13'\", \"core>=0.1; python_version>='3.13'\"]\n",
    );
    fixture.write(
        "web/uv.lock",
        "version = 1\n\n[[package]]\nname = \"web\"\nversion = \"0.1.0\"\nsource = { editable = \".\" }\n[package.metadata]\nrequires-dist = [\n    { name = \"core\", marker = \"a\", specifier = \">=0.1,<0.2\" },\n    { name = \"core\", marker = \"b\", specifier = \">=0.1\" },\n]\n",
    );
    fixture.git(&["add", "--all"]);
    fixture.commit_all("feat: two requirements of one package");
    let plan = fixture.json(&["bump", "minor", "core", "--dry-run"]);
    let lock = steps(&plan)
        .into_iter()
        .find(|(what, ..)| what == "web/uv.lock")
        .unwrap();
    assert_eq!(
        lock.2.matches("requires core").count(),
        1,
        "a reason is told once: {}",
        lock.2
    );
    fixture.ok(&["bump", "minor", "core"]);
    let lock = fixture.read("web/uv.lock");
    assert!(
        lock.contains("marker = \"a\", specifier = \">=0.2,<0.3\"")
            && lock.contains("marker = \"b\", specifier = \">=0.1\""),
        "{lock}"
    );
    fixture.ok(&["bump", "minor", "core", "--dependents"]);
    let lock = fixture.read("web/uv.lock");
    assert!(
        lock.contains("marker = \"a\", specifier = \">=0.3,<0.4\"")
            && lock.contains("marker = \"b\", specifier = \">=0.3\""),
        "{lock}"
    );
}

#[test]
fn law_15_a_lock_that_cannot_be_read_is_not_one_that_is_not_there() {
    let fixture = Fixture::new();
    let lock = fixture.read("Cargo.lock");
    std::fs::write(
        fixture.root().join("Cargo.lock"),
        [lock.as_bytes(), b"# \xff\n"].concat(),
    )
    .unwrap();
    fixture.commit_all("feat: bytes that are no text");
    let refused = fixture.run(&["bump", "minor", "core"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    refused.assert_stderr(str![[r#"
       error Cargo.lock: [WORKTREE]/Cargo.lock is not UTF-8 at byte 133; it may name core
         try make Cargo.lock readable as text, or git rm --cached Cargo.lock

"#]]);
    assert_eq!(fixture.git(&["diff", "--stat"]), "", "nothing was written");
    fixture.ok(&["bump", "minor", "api", "--dry-run"]);
}

#[test]
fn law_15_a_broken_manifest_names_packages_in_any_spelling() {
    let fixture = Fixture::of_tree(&[
        (
            "xtask/monorepo.toml",
            "[projects.a]\npath = \"a\"\nversions = [\"pyproject.toml\"]\n",
        ),
        (
            "a/pyproject.toml",
            "[project]\nname = \"my-lib\"\nversion = \"0.3.0\"\n",
        ),
        (
            "b/pyproject.toml",
            "[project]\nname = \"b\"\ndependencies = [\"My_Lib>=0.3,<0.4\"]\n<<<<<<< HEAD\n",
        ),
    ]);
    let refused = fixture.run(&["bump", "minor", "a"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    refused.assert_stderr(str![[r#"
       error b/pyproject.toml: project.dependencies cannot be read: the text is not TOML, key with no value, expected `=` (line 4)
         try edit b/pyproject.toml

"#]]);
}

#[test]
fn law_3_a_lock_moves_however_the_site_of_its_manifest_is_named() {
    for site in [
        "pattern = 'version = \"{version}\"'",
        "key = 'package.\"version\"'",
        "key = 'package.version'",
    ] {
        let config = format!(
            "[projects.a]\npath = \"a\"\nversions = [{{ file = \"Cargo.toml\", {site} }}]\n"
        );
        let lock = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"0.1.0\"\n";
        let manifest = "[package]\nname = \"a\"\nversion = \"0.1.0\"\n";
        let fixture = Fixture::of_tree(&[
            ("xtask/monorepo.toml", &config),
            ("a/Cargo.toml", manifest),
            ("a/Cargo.lock", lock),
        ]);
        fixture.ok(&["bump", "minor", "a"]);
        assert_eq!(
            fixture.read("a/Cargo.lock"),
            lock.replace("0.1.0", "0.2.0"),
            "{site}"
        );
    }
}

#[test]
fn law_3_a_lock_that_git_does_not_track_moves_too_and_is_not_committed() {
    let config = "[projects.a]\npath = \"a\"\nversions = [\"Cargo.toml\"]\n";
    let lock = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"0.1.0\"\n";
    let manifest = "[package]\nname = \"a\"\nversion = \"0.1.0\"\n";
    let fixture = Fixture::of_tree(&[
        ("xtask/monorepo.toml", config),
        ("a/Cargo.toml", manifest),
        (".gitignore", ""),
    ]);
    fixture.write("a/Cargo.lock", lock);
    fixture.ok(&["bump", "minor", "a"]);
    assert_eq!(
        fixture.read("a/Cargo.lock"),
        lock.replace("0.1.0", "0.2.0"),
        "not added yet"
    );
    fixture.write(".gitignore", "Cargo.lock\n");
    fixture.commit_all("feat: a library without a lock");
    fixture.ok(&["bump", "0.3.0", "a", "--commit"]);
    assert_eq!(
        fixture.read("a/Cargo.lock"),
        lock.replace("0.1.0", "0.3.0"),
        "ignored"
    );
    assert_eq!(
        fixture.git(&["show", "--format=", "--name-only"]),
        "a/Cargo.toml\n"
    );
    assert_eq!(fixture.git(&["status", "--porcelain"]), "");
}

#[test]
fn law_4_a_fix_moves_what_requires_the_manifest_that_it_mends() {
    let fixture = Fixture::of_tree(&[
        (
            "xtask/monorepo.toml",
            "[projects.a]\npath = \"a\"\nversions = [\"VERSION\", \"Cargo.toml\"]\n[projects.b]\npath = \"b\"\nversions = [\"Cargo.toml\"]\n",
        ),
        ("a/VERSION", "0.4.0\n"),
        (
            "a/Cargo.toml",
            "[package]\nname = \"a\"\nversion = \"0.3.0\"\n",
        ),
        (
            "b/Cargo.toml",
            "[package]\nname = \"b\"\nversion = \"0.3.0\"\n[dependencies]\na = { path = \"../a\", version = \"0.3\" }\n",
        ),
    ]);
    fixture.ok(&["versions", "--fix"]);
    assert_eq!(
        changed(&fixture)
            .iter()
            .filter(|line| line.starts_with('+'))
            .collect::<Vec<_>>(),
        [
            "+version = \"0.4.0\"",
            "+a = { path = \"../a\", version = \"0.4\" }"
        ]
    );
    let again = fixture.json(&["versions", "--fix"]);
    assert_eq!(
        again["steps"],
        Value::Array(Vec::new()),
        "a second run does nothing"
    );
}

#[test]
fn law_4_a_published_chart_that_was_pinned_to_an_older_version_is_left_there() {
    let fixture = Fixture::new();
    fixture.write(
        "loki/Chart.yaml",
        "apiVersion: v2\nname: loki\nversion: 0.80.6\n",
    );
    let chart = "apiVersion: v2\nname: logs\nversion: 2.0.0\ndependencies:\n";
    let from = |version: &str, repository: &str| {
        format!("  - {{ name: loki, version: {version}, repository: {repository:?} }}\n")
    };
    let all = [
        from("0.55.0", "https://charts.test"),
        from("^0.80.5", "https://charts.test"),
        from("0.55.0", "file://../loki"),
    ]
    .concat();
    fixture.write("logs/Chart.yaml", &format!("{chart}{all}"));
    fixture.write(
        "xtask/monorepo.toml",
        "[projects.loki]\npath = \"loki\"\nversions = [\"Chart.yaml\"]\n",
    );
    fixture.git(&["add", "--all"]);
    fixture.commit_all("feat: charts");
    for line in [
        &["bump", "minor", "loki"][..],
        &["bump", "minor", "loki", "--dependents"],
    ] {
        let ran = fixture.ok(line);
        let wanted = [
            from("0.55.0", "https://charts.test"),
            from("^0.80.5", "https://charts.test"),
            from("0.81.0", "file://../loki"),
        ]
        .concat();
        assert_eq!(
            fixture.read("logs/Chart.yaml"),
            format!("{chart}{wanted}"),
            "{line:?}"
        );
        ran.assert_stderr(str![[r#"
     Bumping loki 0.80.6 → 0.81.0
        todo edit logs/Chart.yaml  (logs/Chart.yaml: requires loki 0.55.0; loki becomes 0.81.0, so now 0.81.0)
        todo edit loki/Chart.yaml  (version 0.80.6 → 0.81.0)
        note logs/Chart.yaml line 6 requires loki ^0.80.5 of a chart repository, and stays: if it is this one, edit it once 0.81.0 is published
       acted edit logs/Chart.yaml  [[DURATION]]
       acted edit loki/Chart.yaml  [[DURATION]]
    Finished 2 done now, 0 done before

"#]]);
        fixture.git(&["checkout", "--quiet", "."]);
    }
}

#[test]
fn a_site_of_two_projects_does_not_leave_one_of_them_behind() {
    let fixture = Fixture::new();
    fixture.write(
        "deploy/Chart.yaml",
        "apiVersion: v2\nname: deploy\nversion: 0.1.0\n",
    );
    let config = "[projects.all]\npath = \".\"\npackage = \"all\"\nversions = [\"core/Cargo.toml\", \"deploy/Chart.yaml\"]\n\
                  [projects.chart]\npath = \"deploy\"\npackage = \"chart\"\nversions = [\"Chart.yaml\"]\n";
    fixture.write("xtask/monorepo.toml", config);
    fixture.git(&["add", "--all"]);
    fixture.commit_all("feat: a chart");
    let before = fixture.state();
    let refused = fixture.run(&["bump", "minor", "chart"]);
    assert_eq!(
        (refused.code, fixture.state()),
        (3, before),
        "{}",
        refused.stderr
    );
    refused.assert_stderr(str![[r#"
     Bumping chart 0.1.0 → 0.2.0
        todo edit deploy/Chart.yaml  (version 0.1.0 → 0.2.0)
       error deploy/Chart.yaml is a site of all too, which would be left with sites that disagree
         try cargo xtask bump 0.2.0 chart all
     Refused nothing was done

"#]]);
    fixture.ok(&["bump", "0.2.0", "chart", "all"]);
    fixture.ok(&["versions", "--check"]);
    fixture.ok(&["bump", "minor", "all"]);
    fixture.ok(&["versions", "--check"]);
}

#[test]
fn law_3_poetry_locks_move_their_entries_and_say_what_only_poetry_can() {
    let fixture = Fixture::new();
    let entry = "[[package]]\nname = \"core\"\nversion = \"0.1.0\"\n\n[package.source]\ntype = \"directory\"\nurl = \"../core\"\n";
    let foreign = "\n[[package]]\nname = \"six\"\nversion = \"0.1.0\"\n\n[metadata]\ncontent-hash = \"0.1.0\"\n";
    fixture.write("web/poetry.lock", &format!("{entry}{foreign}"));
    fixture.write(
        "web/pyproject.toml",
        "[project]\nname = \"web\"\nversion = \"0.1.0\"\ndependencies = [\"core>=0.1,<0.2\"]\n",
    );
    fixture.git(&["add", "--all"]);
    fixture.commit_all("feat: a lock of Poetry's");
    let patch = fixture.ok(&["bump", "patch", "core"]);
    assert_eq!(
        fixture.read("web/poetry.lock"),
        format!("{}{foreign}", entry.replace("0.1.0", "0.1.1"))
    );
    assert!(
        !patch.stderr.contains("only Poetry"),
        "no requirement moved: {}",
        patch.stderr
    );
    let minor = fixture.ok(&["bump", "0.2.0-rc.1", "core"]);
    assert_eq!(
        fixture.read("web/poetry.lock"),
        format!("{}{foreign}", entry.replace("0.1.0", "0.2.0rc1"))
    );
    minor.assert_stderr(str![[r#"
     Bumping core 0.1.1 → 0.2.0-rc.1
        todo edit Cargo.lock  (entry of core 0.1.1 → 0.2.0-rc.1)
        todo edit core/pyproject.toml  (project.version 0.1.1 → 0.2.0rc1)
        todo edit web/poetry.lock  (entry of core 0.1.1 → 0.2.0rc1)
        todo edit web/pyproject.toml  (web: requires core >=0.1,<0.2; core becomes 0.2.0-rc.1, so now >=0.2.0rc1,<0.3)
        todo edit core/Cargo.toml  (package.version 0.1.1 → 0.2.0-rc.1)
        note web/poetry.lock has a hash of web/pyproject.toml, which only Poetry can make anew: poetry lock --directory ./web
       acted edit Cargo.lock  [[DURATION]]
       acted edit core/Cargo.toml  [[DURATION]]
       acted edit core/pyproject.toml  [[DURATION]]
       acted edit web/poetry.lock  [[DURATION]]
       acted edit web/pyproject.toml  [[DURATION]]
    Finished 5 done now, 0 done before

"#]]);
}

#[test]
fn a_chart_lock_is_called_stale_only_where_it_is() {
    let fixture = Fixture::new();
    fixture.write(
        "loki/Chart.yaml",
        "apiVersion: v2\nname: loki\nversion: 0.80.6\n",
    );
    for (chart, version, repository) in [
        ("pinned", "0.55.0", "https://charts.test"),
        ("near", "^0.80.5", "https://charts.test"),
        ("beside", ">=0.1.0", "file://../loki"),
    ] {
        let entry = |version: &str| {
            format!(
                "dependencies:\n- name: loki\n  repository: {repository}\n  version: {version:?}\n"
            )
        };
        fixture.write(
            &format!("{chart}/Chart.yaml"),
            &format!("name: {chart}\nversion: 2.0.0\n{}", entry(version)),
        );
        fixture.write(&format!("{chart}/Chart.lock"), &entry("0.80.6"));
    }
    fixture.write(
        "xtask/monorepo.toml",
        "[projects.loki]\npath = \"loki\"\nversions = [\"Chart.yaml\"]\n",
    );
    fixture.git(&["add", "--all"]);
    fixture.commit_all("feat: charts");
    let stale = |line: &[&str]| {
        let said = fixture.ok(line).stderr;
        ["pinned", "near", "beside"]
            .into_iter()
            .filter(|chart| said.contains(&format!("{chart}/Chart.lock names loki")))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        stale(&["bump", "patch", "loki", "--dry-run"]),
        ["beside"],
        "the folder's version is another; what is published is not"
    );
    assert_eq!(
        stale(&["bump", "minor", "loki", "--dry-run"]),
        ["beside"],
        "what is published stays"
    );
    assert!(stale(&["bump", "0.80.6", "loki", "--dry-run"]).is_empty());
}

#[test]
fn a_lock_of_another_tool_beside_a_moved_requirement_is_told() {
    let fixture = Fixture::new();
    let poetry = "[tool.poetry]\nname = \"web\"\n[tool.poetry.dependencies]\ncore = { path = \"../core\", version = \"^0.1\" }\n";
    fixture.write("web/pyproject.toml", poetry);
    fixture.write("web/poetry.lock", "[metadata]\ncontent-hash = \"0\"\n");
    fixture.write("web/pdm.lock", "[metadata]\ncontent_hash = \"0\"\n");
    fixture.git(&["add", "--all"]);
    fixture.commit_all("feat: locks of others");
    let ran = fixture.ok(&["bump", "patch", "core", "--dry-run"]);
    assert!(
        !ran.stderr.contains("web/"),
        "what is required is the same: {}",
        ran.stderr
    );
    let plan = fixture.json(&["bump", "minor", "core", "--dry-run"]);
    let notes = [
        "web/poetry.lock has a hash of web/pyproject.toml, which only Poetry can make anew: poetry lock --directory ./web",
        "web/pdm.lock is not written by bump, and repeats what web/pyproject.toml requires: pdm lock, in web",
    ];
    assert_eq!(plan["notes"], serde_json::json!(notes));
}

#[test]
fn law_4_a_chart_beside_moves_and_one_of_a_chart_repository_stays() {
    let chart = "apiVersion: v2\nname: app\nversion: 0.1.0\ndependencies:\n  - name: common # 0.1.0\n    version: ~0.1.0\n    repository: file://../common\n  - name: common\n    alias: theirs\n    version: 2.x.x\n    repository: oci://registry.example.org/charts\n  - { name: common, alias: ours, version: 0.1.x, repository: \"@acme\" }\n  - name: inner\n    version: '>=0.1.0 <0.2.0'\n";
    let fixture = Fixture::of_tree(&[
        (
            "xtask/monorepo.toml",
            "[projects.common]\npath = \"common\"\nversions = [\"Chart.yaml\"]\n[projects.inner]\npath = \"app/charts/inner\"\nversions = [\"Chart.yaml\"]\n",
        ),
        ("app/Chart.yaml", chart),
        (
            "app/Chart.lock",
            "dependencies:\n- name: common\n  repository: file://../common\n  version: 0.1.0\ndigest: x\n",
        ),
        (
            "app/charts/inner/Chart.yaml",
            "apiVersion: v2\nname: inner\nversion: 0.1.0\n",
        ),
        (
            "common/Chart.yaml",
            "apiVersion: v2\nname: common\nversion: 0.1.0\n",
        ),
    ]);
    let plan = fixture.json(&["bump", "minor", "--dry-run"]);
    let notes = [
        "app/Chart.yaml line 12 requires common 0.1.x of a chart repository, and stays: if it is this one, edit it once 0.2.0 is published",
        "app/Chart.lock names common, and only helm can lock it again: helm dependency update app",
    ];
    assert_eq!(plan["notes"], serde_json::json!(notes));
    fixture.ok(&["bump", "minor"]);
    let wanted = chart
        .replace("~0.1.0", "~0.2.0")
        .replace(">=0.1.0 <0.2.0", ">=0.2.0 <0.3.0");
    assert_eq!(fixture.read("app/Chart.yaml"), wanted);
    fixture.ok(&["bump", "0.1.0", "--allow-downgrade"]);
    assert_eq!(
        fixture.git(&["diff"]),
        "",
        "there and back leaves the same bytes"
    );
}
