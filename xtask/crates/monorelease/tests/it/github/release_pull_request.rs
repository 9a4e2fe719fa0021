//! The release pull request, over a real remote and a strict forge: opened, kept up to date, closed, and never at the cost of
//! what somebody else did.

use crate::support::programs::write_program;
use crate::support::snapshots::assert_text;
use crate::support::stage::{BRANCH, Stage, TOKEN, bare};
use crate::support::{Fixture, git_in};
use monorelease_stand_ins::github::pulls::Pull;
use monorelease_stand_ins::github::{EmbeddedForge, Fault, Right};
use snapbox::str;

#[test]
fn it_is_opened_once_and_a_second_run_acts_never() {
    let stage = Stage::new();
    stage.change("core/src.rs", "feat(core): add a | table");
    stage.change("api/app.py", "fix: mend api");
    let before = (stage.there(), stage.fixture.state());
    assert_eq!(
        stage.ok(&["--dry-run"]).verdicts(),
        ["push-branch todo", "pull-request todo"]
    );
    assert_eq!(
        (stage.there(), stage.fixture.state()),
        before,
        "a dry run writes nothing, no object either"
    );
    let asked = stage.forge.log();
    assert!(
        !asked.is_empty() && asked.iter().all(|request| request.method == "GET"),
        "law 13: a dry run reads alone: {asked:?}"
    );
    let objects = |stage: &Stage| stage.fixture.git(&["count-objects"]);
    let count = objects(&stage);
    stage.ok(&["--dry-run"]);
    assert_eq!(objects(&stage), count);

    let document = stage.ok(&[]);
    assert_eq!(
        document.verdicts(),
        ["push-branch acted", "pull-request acted"]
    );
    let pulls = stage.open();
    assert_eq!(pulls.len(), 1);
    assert_eq!(
        pulls[0].title,
        "chore(release): core 0.2.0, api 0.1.1, web 0.1.1"
    );
    assert_eq!(document["pull_request"]["commit"], stage.tip().unwrap());
    let body = &pulls[0].body;
    assert!(
        body.contains("| core | 0.1.0 | 0.2.0 | feat(core): add a \\| table ("),
        "{body}"
    );
    assert!(
        body.contains("| web | 0.1.0 | 0.1.1 | depends on core, which becomes 0.2.0 |"),
        "{body}"
    );
    assert!(body.contains("### Fixed\n\n- mend api ("), "{body}");
    // Sites, locks and changelogs, and nothing else.
    let changed = git_in(
        &bare(&stage.fixture),
        &["diff", "--name-only", &format!("main..{BRANCH}")],
    );
    assert_eq!(
        changed.lines().collect::<Vec<_>>(),
        [
            "Cargo.lock",
            "api/CHANGELOG.md",
            "api/pyproject.toml",
            "api/uv.lock",
            "core/CHANGELOG.md",
            "core/Cargo.toml",
            "core/pyproject.toml",
            "web/CHANGELOG.md",
            "web/src/web/version.py",
        ]
    );
    assert!(
        stage
            .at_tip("Cargo.lock")
            .contains("name = \"core\"\nversion = \"0.2.0\"")
    );
    assert!(
        stage
            .at_tip("api/uv.lock")
            .contains("name = \"api\"\nversion = \"0.1.1\"")
    );
    let told = stage.at_tip("core/CHANGELOG.md");
    let date = stage.fixture.git(&[
        "show",
        "--no-patch",
        "--format=%cd",
        "--date=format-local:%Y-%m-%d",
        "HEAD",
    ]);
    assert!(
        told.contains(&format!(
            "## [0.2.0](https://github.com/acme/mono/compare/core-v0.1.0...core-v0.2.0) - {}",
            date.trim()
        )),
        "{told}"
    );
    assert!(
        stage
            .at_tip("web/CHANGELOG.md")
            .contains("### Dependencies\n\n- core 0.2.0\n")
    );

    let there = stage.there();
    let asked = stage.forge.log().len();
    assert_eq!(
        stage.ok(&[]).verdicts(),
        ["push-branch done", "pull-request done"]
    );
    assert_eq!((stage.there(), stage.open()), (there, pulls));
    assert!(
        stage.forge.log()[asked..]
            .iter()
            .all(|request| request.method == "GET")
    );
}

#[test]
fn another_machine_makes_the_same_commit() {
    let stage = Stage::new();
    stage.change("core/src.rs", "feat: one");
    stage.ok(&[]);
    let tip = stage.tip();
    stage.fixture.git(&["config", "user.name", "Somebody Else"]);
    stage.fixture.git(&["config", "core.autocrlf", "true"]);
    git_in(
        &bare(&stage.fixture),
        &["update-ref", "-d", &format!("refs/heads/{BRANCH}")],
    );
    stage.ok(&[]);
    assert_eq!(stage.tip(), tip);
}

#[test]
fn it_follows_the_branch() {
    let stage = Stage::new();
    stage.change("core/src.rs", "fix: one");
    stage.ok(&[]);
    assert_eq!(
        stage.open()[0].title,
        "chore(release): core 0.1.1, web 0.1.1"
    );
    stage.change("core/src.rs", "feat!: two");
    assert_eq!(
        stage.ok(&[]).verdicts(),
        ["push-branch acted", "pull-request acted"]
    );
    let pulls = stage.forge.pulls();
    assert_eq!(
        (pulls.len(), pulls[0].title.as_str()),
        (1, "chore(release): core 1.0.0, web 0.1.1")
    );
    let parent = git_in(&bare(&stage.fixture), &["rev-parse", &format!("{BRANCH}^")]);
    assert_eq!(
        parent.trim(),
        stage.fixture.head(),
        "one commit on the branch's head"
    );
}

#[test]
fn what_a_person_changed_in_the_title_is_set_right() {
    let stage = Stage::new();
    stage.change("api/app.py", "fix: one");
    stage.ok(&[]);
    let title = stage.open()[0].title.clone();
    let before = stage.forge.pulls();
    let other = EmbeddedForge::start("acme/mono", &bare(&stage.fixture)).unwrap();
    other.give_token(TOKEN, Right::Write);
    other.add_pull(Pull {
        title: "mine".into(),
        ..before[0].clone()
    });
    let stage = Stage {
        forge: other,
        ..stage
    };
    assert_eq!(
        stage.ok(&[]).verdicts(),
        ["push-branch done", "pull-request acted"]
    );
    assert_eq!(stage.open()[0].title, title);
}

#[test]
fn the_work_tree_the_index_and_head_stay() {
    let stage = Stage::new();
    stage.change("core/src.rs", "feat: one");
    let clean = stage.ok(&["--dry-run"])["pull_request"]["commit"].clone();
    let fixture = &stage.fixture;
    fixture.write("core/Cargo.toml", "not even TOML [");
    fixture.write("core/CHANGELOG.md", "mine\n");
    fixture.write(
        "new/pyproject.toml",
        "[project]\nname = \"new\"\nversion = \"9\"\ndependencies = [\"core==0.1.0\"]\n",
    );
    fixture.git(&["add", "new/pyproject.toml"]);
    std::fs::remove_file(fixture.root().join("Cargo.lock")).unwrap();
    let index = std::fs::read(fixture.root().join(".git/index")).unwrap();
    let status = fixture.git(&["status", "--porcelain"]);
    let head = fixture.git(&["symbolic-ref", "HEAD"]);
    let document = stage.ok(&[]);
    assert_eq!(document["pull_request"]["commit"], clean, "HEAD decides");
    assert!(
        document["notes"]
            .to_string()
            .contains("4 files of the work tree differ"),
        "{}",
        document["notes"]
    );
    assert_eq!(
        (
            fixture.git(&["status", "--porcelain"]),
            fixture.git(&["symbolic-ref", "HEAD"])
        ),
        (status, head)
    );
    assert_eq!(
        std::fs::read(fixture.root().join(".git/index")).unwrap(),
        index
    );
    assert_eq!(fixture.read("core/CHANGELOG.md"), "mine\n");
}

#[test]
fn a_closed_one_is_not_touched_and_a_forks_is_not_ours() {
    let stage = Stage::new();
    let fork = Pull {
        title: "mine".into(),
        is_open: true,
        head_repository: "else/mono".into(),
        head_branch: BRANCH.into(),
        head_commit: stage.fixture.head(),
        base: "main".into(),
        ..Pull::default()
    };
    stage.forge.add_pull(fork.clone());
    stage.forge.add_pull(Pull {
        head_repository: "acme/other".into(),
        ..fork
    });
    stage.change("api/app.py", "fix: one");
    stage.ok(&[]);
    stage.forge.set_open(3, false);
    let closed = stage.forge.pulls();
    stage.ok(&[]);
    let pulls = stage.forge.pulls();
    assert_eq!(
        pulls[..3],
        closed[..],
        "the forks' and the closed one are as they were"
    );
    assert_eq!((pulls.len(), pulls[3].is_open), (4, true));
}

#[test]
fn somebody_elses_commits_are_never_pushed_over() {
    let stage = Stage::new();
    stage.change("api/app.py", "fix: one");
    stage.ok(&[]);
    let fixture = &stage.fixture;
    fixture.git(&["fetch", "--quiet", "origin", BRANCH]);
    let push = |what: &str| {
        fixture.git(&[
            "push",
            "--quiet",
            "--force",
            "origin",
            &format!("{what}:refs/heads/{BRANCH}"),
        ])
    };
    let ours = fixture.git(&["rev-parse", "FETCH_HEAD"]).trim().to_owned();
    let on_top = fixture.git(&[
        "commit-tree",
        "-p",
        &ours,
        "-m",
        "docs: by hand",
        &format!("{ours}^{{tree}}"),
    ]);
    push(on_top.trim());
    let ran = stage.refused(3, str![[r#"
   Unchanged core: nothing to release since core-v0.1.0
   Unchanged web: nothing to release since web-v0.1.0
       error release/next on origin holds commits that are not ours: [SHORT] "docs: by hand"
         try bring them to main by a pull request of their own, then git push origin --delete release/next
     Refused nothing was done

"#]]);
    ran.assert_stderr(str![[r#"
   Unchanged core: nothing to release since core-v0.1.0
   Unchanged web: nothing to release since web-v0.1.0
       error release/next on origin holds commits that are not ours: [SHORT] "docs: by hand"
         try bring them to main by a pull request of their own, then git push origin --delete release/next
     Refused nothing was done

"#]]);
    // Amended, with our message: the tree is another.
    let message = fixture.git(&["show", "--no-patch", "--format=%B", &ours]);
    let amended = fixture.git(&["commit-tree", "-p", "HEAD", "-m", &message, "HEAD~1^{tree}"]);
    push(amended.trim());
    stage.refused(3, str![[r#"
   Unchanged core: nothing to release since core-v0.1.0
   Unchanged web: nothing to release since web-v0.1.0
       error release/next on origin holds commits that are not ours: [SHORT] "chore(release): api 0.1.1"
         try bring them to main by a pull request of their own, then git push origin --delete release/next
     Refused nothing was done

"#]]);
    // Also when there is nothing left to release.
    fixture.git(&["tag", "--annotate", "--message", "t", "api-v0.1.1"]);
    fixture.git(&["push", "--quiet", "origin", "api-v0.1.1"]);
    stage.refused(3, str![[r#"
   Unchanged core: nothing to release since core-v0.1.0
   Unchanged api: nothing to release since api-v0.1.1
   Unchanged web: nothing to release since web-v0.1.0
       error release/next on origin holds commits that are not ours: [SHORT] "chore(release): api 0.1.1"
         try bring them to main by a pull request of their own, then git push origin --delete release/next
     Refused nothing was done

"#]]);
    push(&ours);
    assert_eq!(
        stage.ok(&[]).verdicts(),
        ["close-pull-request acted", "delete-branch acted"]
    );
}

#[test]
fn a_push_between_looking_and_acting_is_not_lost() {
    let stage = Stage::new();
    stage.change("api/app.py", "fix: one");
    stage.ok(&[]);
    stage.change("api/app.py", "fix: two");
    // The remote's own hook moves the branch, once, just before our push arrives.
    let hook = bare(&stage.fixture).join("hooks/pre-receive");
    write_program(
        &hook,
        "#!/bin/sh\nunset GIT_QUARANTINE_PATH\nrm \"$0\"\ngit update-ref refs/heads/release/next refs/heads/main\n",
    );
    let ran = stage.run(&[]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert_eq!(
        stage.tip().unwrap(),
        stage.fixture.head(),
        "what came between stands"
    );
    assert_eq!(stage.run(&[]).code, 0);
}

#[test]
fn when_nothing_is_left_it_closes_its_own() {
    let stage = Stage::new();
    assert_eq!(stage.ok(&[]).verdicts(), Vec::<String>::new());
    stage.run(&[]).assert_stderr(str![[r#"
   Unchanged core: nothing to release since core-v0.1.0
   Unchanged api: nothing to release since api-v0.1.0
   Unchanged web: nothing to release since web-v0.1.0
   Unchanged nothing is left to release
    Finished nothing to do

"#]]);
    assert_eq!(stage.forge.log().len(), 0, "the forge is not even asked");
    stage.change("api/app.py", "fix: one");
    stage.ok(&[]);
    stage.change("api/app.py", "Revert \"fix: one\"");
    assert_eq!(
        stage.ok(&["--dry-run"]).verdicts(),
        ["close-pull-request todo", "delete-branch todo"]
    );
    assert_eq!(stage.open().len(), 1);
    assert_eq!(
        stage.ok(&[]).verdicts(),
        ["close-pull-request acted", "delete-branch acted"]
    );
    assert_eq!((stage.open().len(), stage.tip()), (0, None));
    assert_eq!(stage.ok(&[]).verdicts(), Vec::<String>::new());
    // Closed is closed: the next release opens a new one.
    stage.change("api/app.py", "fix: two");
    stage.ok(&[]);
    assert_eq!(
        stage
            .forge
            .pulls()
            .iter()
            .map(|pull| pull.is_open)
            .collect::<Vec<_>>(),
        [false, true]
    );
}

#[test]
fn once_merged_it_waits_for_the_tag_and_later_changes_join_in() {
    for squash in [true, false] {
        let stage = Stage::new();
        stage.change("api/app.py", "feat: one");
        stage.ok(&[]);
        stage.merge(squash);
        let document = stage.ok(&[]);
        assert_eq!(
            document.verdicts(),
            ["close-pull-request done", "delete-branch acted"],
            "{squash}: {document}"
        );
        assert!(
            document["notes"]
                .to_string()
                .contains("api: 0.2.0 is merged and has no release tag yet"),
            "{document}"
        );
        let told = stage.fixture.read("api/CHANGELOG.md");
        assert_eq!(
            (
                told.matches("- one (").count(),
                told.matches("## [0.2.0]").count()
            ),
            (1, 1),
            "{told}"
        );
        // Not released yet, so what comes now comes with it.
        stage.change("api/app.py", "fix: two");
        assert_eq!(stage.ok(&[])["projects"][0]["to"], "0.2.0");
        let told = stage.at_tip("api/CHANGELOG.md");
        assert_eq!(
            (
                told.matches("- one (").count(),
                told.matches("- two (").count(),
                told.matches("## [0.2.0]").count()
            ),
            (1, 1, 1),
            "{told}"
        );
        stage.merge(squash);
        stage.fixture.ok(&["tag", "api", "--rc", "--push"]);
        stage.fixture.ok(&["tag", "api", "--push"]);
        stage.ok(&[]);
        assert_eq!((stage.open().len(), stage.tip()), (0, None));
        let notes = stage.fixture.ok(&["notes", "api"]).stdout;
        assert!(
            notes.contains("- two (") && !notes.contains("<!--"),
            "{notes}"
        );
        stage.change("api/app.py", "fix: three");
        stage.ok(&[]);
        let next = stage.at_tip("api/CHANGELOG.md");
        assert!(
            next.ends_with(&told[told.find("## [0.2.0]").unwrap()..]),
            "a release with its tag stays byte for byte: {next}"
        );
        assert_eq!(
            (
                next.matches("- three (").count(),
                next.matches("- two (").count()
            ),
            (1, 1),
            "{next}"
        );
    }
}

#[test]
fn a_body_that_is_too_long_for_the_forge_is_cut() {
    let stage = Stage::new();
    let log: String = (0..600)
        .map(|number| format!("\n* fix(api): {number} {}", "long words ".repeat(12)))
        .collect();
    stage.change("api/app.py", &format!("fix: many things\n{log}\n"));
    stage.ok(&[]);
    let body = &stage.open()[0].body;
    assert!(
        body.chars().count() <= 65_536 && body.contains("The rest is cut"),
        "{}",
        body.chars().count()
    );
    assert_eq!(
        stage.ok(&[]).verdicts(),
        ["push-branch done", "pull-request done"]
    );
}

#[test]
fn templates_come_from_the_configuration() {
    let fixture = Fixture::new();
    let config = fixture
        .read("xtask/monorepo.toml")
        .replace("[repository]\n", "[repository]\ngithub = \"acme/mono\"\n")
        + "[release]\nbranch = \"bot/out\"\ntitle = \"chore: {count} out\"\nbody = \"{notes}\"\n";
    let stage = Stage::with_config(fixture, &config);
    stage.change("api/app.py", "fix: one");
    stage.ok(&[]);
    let pull = &stage.open()[0];
    assert_eq!(
        (pull.title.as_str(), pull.head_branch.as_str()),
        ("chore: 1 out", "bot/out")
    );
    assert!(
        pull.body
            .starts_with("<details open><summary>api 0.1.1</summary>"),
        "{}",
        pull.body
    );
}

#[test]
fn what_was_written_by_hand_is_read_before_the_merge() {
    let stage = Stage::new();
    stage.change("api/app.py", "feat: one");
    stage.change("api/CHANGELOG.md", "docs: a word on moving");
    let text = "# Changelog of api\n\n## [Unreleased]\n\nRead the guide before you move.\n";
    stage.fixture.write("api/CHANGELOG.md", text);
    stage
        .fixture
        .git(&["commit", "--quiet", "--all", "--amend", "--no-edit"]);
    stage
        .fixture
        .git(&["push", "--quiet", "--force", "origin", "HEAD:main"]);
    stage.ok(&[]);
    let body = &stage.open()[0].body;
    assert!(
        body.contains("Read the guide before you move.")
            && body.contains("one")
            && !body.contains("<!--"),
        "{body}"
    );
    assert!(
        stage
            .at_tip("api/CHANGELOG.md")
            .contains("Read the guide before you move.")
    );
}

#[test]
fn nested_projects_have_their_own_changelogs() {
    let fixture = Fixture::new();
    let config = fixture
        .read("xtask/monorepo.toml")
        .replace("[repository]\n", "[repository]\ngithub = \"acme/mono\"\n")
        + "[projects.plugin]\npath = \"api/plugin\"\nversions = [\"VERSION\"]\n";
    fixture.write("api/plugin/VERSION", "0.1.0\n");
    fixture.git(&["add", "--all"]);
    let stage = Stage::with_config(fixture, &config);
    stage
        .fixture
        .git(&["tag", "--annotate", "--message", "t", "plugin-v0.1.0"]);
    stage.fixture.git(&["push", "--quiet", "origin", "--tags"]);
    stage.change("api/plugin/x", "feat: inner");
    assert_eq!(
        stage.ok(&[])["projects"].as_array().unwrap().len(),
        1,
        "the outer project has nothing to release"
    );
    stage.change("api/x", "fix: outer");
    stage.ok(&[]);
    let outer = stage.at_tip("api/CHANGELOG.md");
    let inner = stage.at_tip("api/plugin/CHANGELOG.md");
    assert!(
        outer.contains("- outer") && !outer.contains("inner") && inner.contains("- inner"),
        "{outer}{inner}"
    );
    assert_eq!(stage.at_tip("api/plugin/VERSION"), "0.2.0\n");
}

#[test]
fn a_prerelease_in_the_files_is_released_as_what_it_leads_to() {
    let stage = Stage::new();
    let fixture = &stage.fixture;
    fixture.write(
        "api/pyproject.toml",
        &fixture
            .read("api/pyproject.toml")
            .replace("\"0.1.0\" # the", "\"0.2.0.dev0\" # the"),
    );
    fixture.write(
        "api/uv.lock",
        &fixture
            .read("api/uv.lock")
            .replacen("0.1.0", "0.2.0.dev0", 1),
    );
    stage.change("api/app.py", "fix: one");
    let bump = fixture.json(&["bump", "auto", "--dry-run"]);
    let document = stage.ok(&[]);
    assert_eq!(bump["projects"], document["projects"], "both count alike");
    assert_eq!(document["projects"][0]["to"], "0.2.0");
    assert!(
        stage
            .at_tip("api/pyproject.toml")
            .contains("version = \"0.2.0\" # the truth"),
        "{}",
        stage.at_tip("api/pyproject.toml")
    );
    assert!(
        stage.at_tip("api/CHANGELOG.md").contains("## [0.2.0]("),
        "{}",
        stage.at_tip("api/CHANGELOG.md")
    );
}

#[test]
fn a_changelog_that_is_no_text_is_refused_with_the_mend() {
    let stage = Stage::new();
    std::fs::write(
        stage.fixture.root().join("api/CHANGELOG.md"),
        b"# caf\xe9\n",
    )
    .unwrap();
    stage.change("api/app.py", "fix: one");
    let ran = stage.refused(
        2,
        str![[r#"
   Unchanged core: nothing to release since core-v0.1.0
   Unchanged web: nothing to release since web-v0.1.0
       error api/CHANGELOG.md: api/CHANGELOG.md at [COMMIT] is not UTF-8
         try make api/CHANGELOG.md a text in UTF-8, or move it away

"#]],
    );
    ran.assert_stderr(str![[r#"
   Unchanged core: nothing to release since core-v0.1.0
   Unchanged web: nothing to release since web-v0.1.0
       error api/CHANGELOG.md: api/CHANGELOG.md at [COMMIT] is not UTF-8
         try make api/CHANGELOG.md a text in UTF-8, or move it away

"#]]);
}

#[test]
fn refusals_come_before_anything() {
    let stage = Stage::new();
    stage.change("api/app.py", "fix: one");
    let fixture = &stage.fixture;
    let without = fixture.run(&["release-pr"]);
    assert_eq!(without.code, 3, "{}", without.stderr);
    without.assert_stderr(str![[r#"
       error there is no token for the forge: neither GITHUB_TOKEN nor GH_TOKEN is set
         try GITHUB_TOKEN=$(gh auth token) cargo xtask release-pr

"#]]);
    fixture.write("api/app.py", "y\n");
    fixture.commit_all("fix: not pushed");
    stage.refused(3, str![[r#"
       error HEAD is [SHORT], and main on origin is [SHORT]: the pull request is made of that branch alone
         try git push origin HEAD:main, or git switch --detach [COMMIT]

"#]]).assert_stderr(str![[r#"
       error HEAD is [SHORT], and main on origin is [SHORT]: the pull request is made of that branch alone
         try git push origin HEAD:main, or git switch --detach [COMMIT]

"#]]);
    fixture.git(&["reset", "--quiet", "--hard", "HEAD~2"]);
    stage.refused(3, str![[r#"
       error HEAD is [SHORT], and main on origin is [SHORT]: the pull request is made of that branch alone
         try git switch main && git pull --ff-only origin main

"#]]).assert_stderr(str![[r#"
       error HEAD is [SHORT], and main on origin is [SHORT]: the pull request is made of that branch alone
         try git switch main && git pull --ff-only origin main

"#]]);
    fixture.git(&["checkout", "--quiet", "--detach", "origin/main"]);
    assert_eq!(
        stage.ok(&["--dry-run"]).verdicts()[0],
        "push-branch todo",
        "a CI's checkout is on no branch"
    );
    fixture.git(&["tag", "--delete", "web-v0.1.0"]);
    stage.refused(3, str![[r#"
   Unchanged core: nothing to release since core-v0.1.0
       error origin has tags of releases that this clone has not: web-v0.1.0
         try git fetch --tags origin
       error web has no release that HEAD contains (wanted a tag web-vX.Y.Z), so nothing tells which of its commits are new
         try git fetch --tags; for a first release, the same command with --initial
     Refused nothing was done

"#]]).assert_stderr(str![[r#"
   Unchanged core: nothing to release since core-v0.1.0
       error origin has tags of releases that this clone has not: web-v0.1.0
         try git fetch --tags origin
       error web has no release that HEAD contains (wanted a tag web-vX.Y.Z), so nothing tells which of its commits are new
         try git fetch --tags; for a first release, the same command with --initial
     Refused nothing was done

"#]]);
    fixture.git(&["push", "--quiet", "origin", "--delete", "web-v0.1.0"]);
    stage.refused(3, str![[r#"
   Unchanged core: nothing to release since core-v0.1.0
       error web has no release that HEAD contains (wanted a tag web-vX.Y.Z), so nothing tells which of its commits are new
         try git fetch --tags; for a first release, the same command with --initial
     Refused nothing was done

"#]]).assert_stderr(str![[r#"
   Unchanged core: nothing to release since core-v0.1.0
       error web has no release that HEAD contains (wanted a tag web-vX.Y.Z), so nothing tells which of its commits are new
         try git fetch --tags; for a first release, the same command with --initial
     Refused nothing was done

"#]]);
    stage.ok(&["--initial"]);
    assert_eq!(
        stage.open()[0].title,
        "chore(release): api 0.1.1, web 0.1.0"
    );
    fixture.git(&["remote", "set-url", "origin", "/nowhere/at/all"]);
    stage.refused(3, str![[r#"
       error reading the branches of origin: `git -C [WORKTREE]/ ls-remote --heads origin refs/heads/main refs/heads/release/next` failed: fatal: '/nowhere/at/all' does not appear to be a git repository
             fatal: Could not read from remote repository.
             
             Please make sure you have the correct access rights
             and the repository exists.
         try git ls-remote --heads origin

"#]]).assert_stderr(str![[r#"
       error reading the branches of origin: `git -C [WORKTREE]/ ls-remote --heads origin refs/heads/main refs/heads/release/next` failed: fatal: '/nowhere/at/all' does not appear to be a git repository
             fatal: Could not read from remote repository.
             
             Please make sure you have the correct access rights
             and the repository exists.
         try git ls-remote --heads origin

"#]]);
    fixture.git(&["remote", "remove", "origin"]);
    stage.refused(
        3,
        str![[r#"
       error there is no remote origin
         try git remote add origin URL

"#]],
    );
}

#[test]
fn sites_that_disagree_and_a_missing_forge_are_refused() {
    let stage = Stage::new();
    stage.fixture.write(
        "core/pyproject.toml",
        "[project]\nname = \"core\"\nversion = \"0.3.0\"\n",
    );
    stage.fixture.commit_all("fix: half");
    stage.fixture.git(&["push", "--quiet", "origin", "main"]);
    stage.refused(3, str![[r#"
   Unchanged api: nothing to release since api-v0.1.0
       error the version sites of core disagree in HEAD: core/Cargo.toml (package.version) says 0.1.0, but core/pyproject.toml (project.version) says 0.3.0
         try cargo xtask versions --fix core, then commit and push
     Refused nothing was done

"#]]).assert_stderr(str![[r#"
   Unchanged api: nothing to release since api-v0.1.0
       error the version sites of core disagree in HEAD: core/Cargo.toml (package.version) says 0.1.0, but core/pyproject.toml (project.version) says 0.3.0
         try cargo xtask versions --fix core, then commit and push
     Refused nothing was done

"#]]);
    let config = stage.fixture.read("xtask/monorepo.toml");
    stage.fixture.write(
        "xtask/monorepo.toml",
        &config.replace("github = \"acme/mono\"\n", ""),
    );
    stage.refused(
        2,
        str![[r#"
       error repository.github is not set, so there is no forge to open a pull request at
         try write github = "OWNER/NAME" under [repository]

"#]],
    );
    stage.fixture.write(
        "xtask/monorepo.toml",
        &config.replace("acme/mono", "acme/../x"),
    );
    stage.refused(
        2,
        str![[r#"
       error repository.github is "acme/../x", wanted "OWNER/NAME"
         try edit repository.github, then run the command again

"#]],
    );
}

#[test]
fn what_the_token_may_not_do_is_said() {
    let stage = Stage::new();
    stage.change("api/app.py", "fix: one");
    let ran = stage.run_as("wrong-token-wrong", &[]);
    assert_eq!(
        ran.code, 3,
        "nothing is pushed for a pull request that cannot be read: {}",
        ran.stderr
    );
    ran.assert_stderr(str![[r#"
   Unchanged core: nothing to release since core-v0.1.0
   Unchanged web: nothing to release since web-v0.1.0
        todo push-branch [SHORT] to release/next on origin  (1 project to release from main at [SHORT])
     unknown pull-request chore(release): api 0.1.1 (release/next → main)
       error chore(release): api 0.1.1 (release/next → main): it cannot be told whether this is done: GET /repos/acme/mono/pulls: http://[SERVER] answered 401: Bad credentials; the token is not taken; set GITHUB_TOKEN to one that is valid, such as that of `gh auth token`
         try mend what the message says; cargo xtask doctor asks the forge again
     Refused nothing was done

"#]]);
    assert_eq!(stage.tip(), None);
    stage.forge.give_token("may-only-read", Right::Read);
    let ran = stage.run_as("may-only-read", &[]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    ran.assert_stderr(str![[r#"
   Unchanged core: nothing to release since core-v0.1.0
   Unchanged web: nothing to release since web-v0.1.0
        todo push-branch [SHORT] to release/next on origin  (1 project to release from main at [SHORT])
        todo pull-request chore(release): api 0.1.1 (release/next → main)  (1 project to release from main at [SHORT])
       error no pull request can be opened or changed at acme/mono: POST /repos/acme/mono/pulls: http://[SERVER] answered 403: Resource not accessible by integration; the token may not do this; a workflow's job wants `contents: write` and `pull-requests: write`, and the repository's settings must let workflows create pull requests
         try a token of somebody who may write there; in a workflow, permissions: pull-requests: write, contents: write
     Refused nothing was done

"#]]);
    assert_eq!(
        (stage.tip(), stage.open().len()),
        (None, 0),
        "law 16: no branch is pushed for a request that nobody may open"
    );
    stage.ok(&[]);
    stage.change("api/app.py", "Revert \"fix: one\"");
    let there = stage.there();
    let ran = stage.run_as("may-only-read", &[]);
    assert_eq!(
        (ran.code, stage.there(), stage.open().len()),
        (3, there, 1),
        "nor is one closed: {}",
        ran.stderr
    );
}

#[test]
fn faults_for_a_while_are_waited_out_and_lost_answers_found() {
    let soon = |fault: Fault| fault.header("Retry-After", "0");
    // The first one asks whether it may, and opens nothing.
    let created = |fault: Fault| fault.from_nth(2);
    let cases: [(&str, Fault, i32); 12] = [
        (
            "429 on the list",
            soon(Fault::status("GET", "/pulls", 429)).times(2),
            0,
        ),
        (
            "500 on the list",
            soon(Fault::status("GET", "/pulls", 500)),
            0,
        ),
        (
            "a secondary limit",
            soon(created(Fault::status("POST", "/pulls", 403)))
                .body("{\"message\":\"You have exceeded a secondary rate limit\"}"),
            0,
        ),
        (
            "502 on the create",
            soon(created(Fault::status("POST", "/pulls", 502))),
            0,
        ),
        (
            "cut before the create",
            created(Fault::cut_before("POST", "/pulls")),
            0,
        ),
        (
            "the create's answer is lost",
            created(Fault::cut_after("POST", "/pulls")),
            0,
        ),
        (
            "the create's answer is half",
            created(Fault::cut_short("POST", "/pulls")),
            0,
        ),
        ("the list is half", Fault::cut_short("GET", "/pulls"), 0),
        (
            "a limit of an hour",
            created(Fault::status("POST", "/pulls", 429)).header("Retry-After", "3600"),
            1,
        ),
        (
            "a proxy's page",
            created(Fault::status("POST", "/pulls", 200)).body("<html>"),
            1,
        ),
        (
            "502 when it asks whether it may",
            soon(Fault::status("POST", "/pulls", 502)),
            0,
        ),
        (
            "no answer when it asks whether it may",
            Fault::status("POST", "/pulls", 429).header("Retry-After", "3600"),
            3,
        ),
    ];
    let mut said = String::new();
    for (name, fault, code) in cases {
        let stage = Stage::new();
        stage.change("api/app.py", "fix: one");
        stage.forge.plan_fault(fault);
        let ran = stage.run(&[]);
        assert_eq!(ran.code, code, "{name}: {}", ran.stderr);
        assert_eq!(
            stage.forge.clear_faults(),
            0,
            "{name}: the fault did not happen"
        );
        if code != 0 {
            said += &format!("# {name}\n{}{}", ran.failures(), ran.complaints());
            assert_eq!(stage.run(&[]).code, 0, "{name}");
        }
        assert_eq!(stage.forge.pulls().len(), 1, "{name}");
        assert_eq!(
            stage.ok(&[]).verdicts(),
            ["push-branch done", "pull-request done"],
            "{name}"
        );
    }
    assert_text(
        &said,
        str![[r#"
# a limit of an hour
      failed pull-request chore(release): api 0.1.1 (release/next → main)
             POST /repos/acme/mono/pulls: http://[SERVER] answered 429; too many requests were sent with this token; run the command again later; it asks to wait 3600 s  [[DURATION]]
       error stopped after 1 of 2 steps; nothing is lost: what is done is found done by the next run
         try cargo xtask release-pr, once the cause is mended
# a proxy's page
      failed pull-request chore(release): api 0.1.1 (release/next → main)
             POST /repos/acme/mono/pulls: the answer is no JSON: expected value at line 1 column 1  [[DURATION]]
       error stopped after 1 of 2 steps; nothing is lost: what is done is found done by the next run
         try cargo xtask release-pr, once the cause is mended
# no answer when it asks whether it may
       error no pull request can be opened or changed at acme/mono: POST /repos/acme/mono/pulls: http://[SERVER] answered 429; too many requests were sent with this token; run the command again later; it asks to wait 3600 s
         try a token of somebody who may write there; in a workflow, permissions: pull-requests: write, contents: write

"#]],
    );
}

#[test]
fn an_update_or_a_close_whose_answer_is_lost_is_done() {
    let stage = Stage::new();
    stage.change("api/app.py", "fix: one");
    stage.ok(&[]);
    stage.change("api/app.py", "feat: two");
    stage
        .forge
        .plan_fault(Fault::cut_after("PATCH", "/pulls/1"));
    assert_eq!(stage.run(&[]).code, 0);
    assert_eq!(stage.open()[0].title, "chore(release): api 0.2.0");
    stage
        .fixture
        .git(&["tag", "--annotate", "--message", "t", "api-v0.2.0"]);
    stage
        .fixture
        .git(&["push", "--quiet", "origin", "api-v0.2.0"]);
    stage
        .forge
        .plan_fault(Fault::cut_after("PATCH", "/pulls/1"));
    assert_eq!(stage.run(&[]).code, 0);
    assert_eq!(
        (stage.open().len(), stage.tip(), stage.forge.clear_faults()),
        (0, None, 0)
    );
}

#[test]
fn a_new_version_is_tagged_and_one_with_a_candidate_is_not_tagged_again() {
    let stage = Stage::new();
    let tag = ["tag", "--rc", "--untagged", "--push"];
    let nothing = stage.fixture.ok(&tag);
    nothing.assert_stderr(str![[r#"
        note core: 0.1.0 has a tag already
        note api: 0.1.0 has a tag already
        note web: 0.1.0 has a tag already
    Finished nothing to do

"#]]);
    stage.change("api/app.py", "feat: one");
    stage.ok(&[]);
    stage.merge(true);
    stage.fixture.ok(&tag);
    assert!(
        stage.there().contains("refs/tags/api-v0.2.0-rc1"),
        "{}",
        stage.there()
    );
    let there = stage.there();
    stage.fixture.ok(&tag);
    assert_eq!(stage.there(), there);
    stage.change("api/app.py", "fix: two");
    let again = stage.fixture.ok(&tag);
    again.assert_stderr(str![[r#"
        note core: 0.1.0 is released already, so it is left out
        note api: 0.2.0 has a tag already
        note web: 0.1.0 is released already, so it is left out
    Finished nothing to do

"#]]);
}
