//! The verbs from end to end, on a small repository: the plan first, which changes nothing; then the verb; then the verb
//! again, which acts zero times.

use crate::support;
use crate::support::Fixture;
use crate::support::Report;
use serde_json::Value;
use snapbox::str;

/// Runs a verb dry, for real, and again; gives the report of the real run.
fn plan_act_repeat(fixture: &Fixture, arguments: &[&str], acts: usize) -> Report {
    let before = fixture.state();
    let plan = fixture.json(&[arguments, &["--dry-run"]].concat());
    assert_eq!(plan.code, 0, "{plan}");
    assert_eq!(plan.count("todo"), acts, "{plan:#}");
    assert_eq!(
        fixture.state(),
        before,
        "law 13: a dry run changed something"
    );
    let report = fixture.json(arguments);
    assert_eq!(report.code, 0, "{report:#}");
    assert_eq!(report.count("acted"), acts, "{report:#}");
    let ids = |document: &Value| {
        document["steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| step["id"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&plan), ids(&report), "law 13: the dry run is the plan");
    let after = fixture.state();
    assert_ne!(after, before, "{arguments:?} did nothing");
    let again = fixture.json(arguments);
    assert_eq!(
        (again.code, again.count("acted")),
        (0, 0),
        "law 14: {again:#}"
    );
    assert_eq!(
        fixture.state(),
        after,
        "law 14: the second run changed something"
    );
    report
}

#[test]
fn versions_show_every_site() {
    let fixture = Fixture::new();
    let document = fixture.json(&["versions"]);
    assert_eq!(document.code, 0);
    assert_eq!(document["schema"], 1);
    let core = &document["projects"][0];
    assert_eq!(
        (
            core["name"].as_str(),
            core["package"].as_str(),
            core["version"].as_str()
        ),
        (Some("core"), Some("core"), Some("0.1.0"))
    );
    assert_eq!(core["agrees"], true);
    assert_eq!(core["released"], Value::Null);
    assert_eq!(core["sites"][1]["file"], "core/pyproject.toml");
    assert_eq!(core["sites"][1]["key"], "project.version");
    assert_eq!(core["sites"][1]["found"], "0.1.0");
    assert_eq!(document["projects"].as_array().unwrap().len(), 3);
}

#[test]
fn versions_check_and_fix_hold_the_sites_together() {
    let fixture = Fixture::new();
    let text = fixture
        .read("core/pyproject.toml")
        .replace("0.1.0", "0.1.1");
    fixture.write("core/pyproject.toml", &text);
    let ran = fixture.run(&["versions", "--check"]);
    assert_eq!(ran.code, 1);
    ran.assert_stderr(str![[r#"
       error core: core/Cargo.toml (package.version) says 0.1.0, but core/pyproject.toml (project.version) says 0.1.1
         try cargo xtask versions --fix core

"#]]);
    assert_eq!(fixture.run(&["bump", "minor", "core"]).code, 3);
    fixture.ok(&["versions", "--fix"]);
    assert!(
        fixture
            .read("core/pyproject.toml")
            .contains("version = \"0.1.0\"")
    );
    fixture.ok(&["versions", "--check"]);
}

#[test]
fn released_is_the_highest_stable_tag_that_head_contains() {
    let fixture = Fixture::new();
    let first = fixture.head();
    for tag in [
        "api-v0.0.9",
        "api-v0.0.10",
        "api-v0.1.0-rc7",
        "other-v9.0.0",
    ] {
        fixture.git(&["tag", tag]);
    }
    fixture.git(&[
        "commit",
        "--quiet",
        "--allow-empty",
        "--message",
        "chore: later",
    ]);
    fixture.git(&["tag", "api-v8.0.0"]);
    fixture.git(&["checkout", "--quiet", &first]);
    let document = fixture.json(&["versions", "api"]);
    assert_eq!(document["projects"][0]["released"], "0.0.10");
}

#[test]
fn law_2_bump_changes_the_versions_own_characters_alone() {
    let fixture = Fixture::new();
    let report = fixture.json(&["bump", "minor", "api"]);
    assert_eq!(report.code, 0);
    let moved = &report["projects"][0];
    assert_eq!(
        (
            moved["name"].as_str(),
            moved["from"].as_str(),
            moved["to"].as_str(),
            moved["level"].as_str()
        ),
        (Some("api"), Some("0.1.0"), Some("0.2.0"), Some("minor"))
    );
    assert_eq!(
        fixture.git(&["diff", "--numstat"]),
        "1\t1\tapi/pyproject.toml\n1\t1\tapi/uv.lock\n"
    );
    assert!(
        fixture
            .read("api/pyproject.toml")
            .contains("version = \"0.2.0\" # the truth\ndependencies = [\"other==0.1.0\"]")
    );
    assert!(
        fixture.read("api/uv.lock").ends_with(
            "name = \"other\"\nversion = \"0.1.0\"\nsource = { registry = \"index\" }\n"
        )
    );
}

#[test]
fn law_1_sites_are_compared_by_what_they_mean() {
    let fixture = Fixture::new();
    fixture.write(
        "core/Cargo.toml",
        &fixture
            .read("core/Cargo.toml")
            .replace("0.1.0\"\nedition", "0.2.0-beta.2\"\nedition"),
    );
    for python in ["0.2.0b2", "0.2.0.beta.2", "v0.2b2"] {
        fixture.write(
            "core/pyproject.toml",
            &format!("[project]\nname = \"core\"\nversion = \"{python}\"\n"),
        );
        let document = fixture.json(&["versions", "core", "--check"]);
        assert_eq!(
            (document.code, &document["projects"][0]["agrees"]),
            (0, &Value::Bool(true)),
            "{python}"
        );
        assert_eq!(
            document["projects"][0]["sites"][1]["version"],
            "0.2.0-beta.2"
        );
    }
    fixture.write(
        "core/pyproject.toml",
        "[project]\nname = \"core\"\nversion = \"0.2.0b3\"\n",
    );
    assert_eq!(fixture.run(&["versions", "core", "--check"]).code, 1);
    fixture.ok(&["versions", "core", "--fix"]);
    assert!(fixture.read("core/pyproject.toml").contains("\"0.2.0b2\""));
    fixture.write(
        "core/Cargo.toml",
        &fixture
            .read("core/Cargo.toml")
            .replace("-beta.2", "-nightly.2"),
    );
    let refused = fixture.run(&["versions", "core", "--fix"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    refused.assert_stderr(str![[r#"
       error core/pyproject.toml: `0.2.0-nightly.2` has no PEP 440 spelling: its prerelease is `-nightly.2`; accepted are -alpha.N, -beta.N, -rc.N and -dev.N
         try choose a version that every site can spell

"#]]);
}

#[test]
fn law_3_lock_entries_move_by_package_name() {
    let fixture = Fixture::new();
    fixture.ok(&["bump", "1.0.0-rc.1", "core"]);
    assert!(
        fixture
            .read("Cargo.lock")
            .contains("name = \"core\"\nversion = \"1.0.0-rc.1\"\n")
    );
    assert!(
        fixture
            .read("Cargo.lock")
            .contains("name = \"foreign\"\nversion = \"0.1.0\"\n")
    );
    assert!(
        fixture
            .read("core/pyproject.toml")
            .contains("version = \"1.0.0rc1\""),
        "law 1: PEP 440 in pyproject.toml"
    );
    fixture.ok(&["bump", "0.1.0", "core", "--allow-downgrade"]);
    assert_eq!(
        fixture.git(&["status", "--porcelain"]),
        "",
        "there and back leaves the same bytes"
    );
}

#[test]
fn bump_without_a_name_is_for_the_folders_project_or_for_all() {
    let fixture = Fixture::new();
    let ran = support::ran(
        support::program(&fixture.root().join("web/src"))
            .args(["bump", "patch", "--dry-run", "--json"])
            .output()
            .unwrap(),
    );
    assert_eq!(ran["projects"].as_array().unwrap().len(), 1);
    assert_eq!(ran["projects"][0]["name"], "web");
    let document = fixture.json(&["bump", "patch", "--dry-run"]);
    assert_eq!(document["projects"].as_array().unwrap().len(), 3);
    let edits: Vec<_> = document["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["what"].as_str().unwrap())
        .collect();
    assert_eq!(
        edits,
        [
            "Cargo.lock",
            "api/uv.lock",
            "core/pyproject.toml",
            "api/pyproject.toml",
            "core/Cargo.toml",
            "web/src/web/version.py"
        ],
        "the sources of truth come last"
    );
    fixture.ok(&["bump", "patch"]);
    assert!(
        fixture
            .read("web/src/web/version.py")
            .starts_with("\"\"\"Not __version__ = \"9.9.9\".\"\"\"\n\n__version__ = \"0.1.1\"")
    );
}

#[test]
fn bump_commit_makes_one_conventional_commit_of_its_files() {
    let fixture = Fixture::new();
    fixture.ok(&["bump", "minor", "api", "--commit"]);
    assert_eq!(
        fixture.git(&["log", "-1", "--format=%s"]),
        "chore(release): api 0.2.0\n"
    );
    assert_eq!(
        fixture.git(&["show", "--format=", "--name-only", "HEAD"]),
        "api/pyproject.toml\napi/uv.lock\n"
    );
    assert_eq!(fixture.git(&["status", "--porcelain"]), "");
}

#[test]
fn tags_are_made_pushed_and_never_made_twice() {
    let fixture = Fixture::new();
    plan_act_repeat(&fixture, &["tag", "api", "--rc", "--push"], 2);
    assert_eq!(
        fixture.git(&["cat-file", "-t", "api-v0.1.0-rc1"]),
        "tag\n",
        "annotated"
    );
    fixture.git(&[
        "commit",
        "--quiet",
        "--allow-empty",
        "--message",
        "fix: more",
    ]);
    plan_act_repeat(&fixture, &["tag", "api", "--rc"], 1);
    assert!(fixture.git(&["tag", "--list"]).contains("api-v0.1.0-rc2"));
    plan_act_repeat(&fixture, &["tag", "core", "api", "--push"], 4);
}

#[test]
fn law_6_a_push_takes_no_other_tag_along() {
    let fixture = Fixture::new();
    fixture.git(&["config", "push.followTags", "true"]);
    fixture.git(&[
        "tag",
        "--annotate",
        "--message",
        "nobody pushes it",
        "core-v0.9.0",
    ]);
    fixture.ok(&["tag", "api", "--rc", "--push"]);
    let there = fixture.git(&["ls-remote", "--tags", "--refs", "origin"]);
    assert_eq!(
        there
            .lines()
            .filter_map(|line| line.split('\t').nth(1))
            .collect::<Vec<_>>(),
        ["refs/tags/api-v0.1.0-rc1"]
    );
}

#[test]
fn of_all_projects_together_those_released_already_are_left_out() {
    let fixture = Fixture::new();
    fixture.git(&["tag", "core-v0.1.0"]);
    fixture.git(&[
        "commit",
        "--quiet",
        "--allow-empty",
        "--message",
        "fix: more",
    ]);
    let ran = fixture.ok(&["tag", "--rc"]);
    ran.assert_stderr(str![[r#"
        todo tag api-v0.1.0-rc1 at [SHORT]  (first candidate of 0.1.0)
        todo tag web-v0.1.0-rc1 at [SHORT]  (first candidate of 0.1.0)
        note core: 0.1.0 is released already, so it is left out
       acted tag api-v0.1.0-rc1 at [SHORT]  [[DURATION]]
       acted tag web-v0.1.0-rc1 at [SHORT]  [[DURATION]]
    Finished 2 done now, 0 done before

"#]]);
    assert_eq!(
        fixture.git(&["tag", "--list", "*-rc*"]),
        "api-v0.1.0-rc1\nweb-v0.1.0-rc1\n"
    );
    assert_eq!(
        fixture.run(&["tag", "core", "--rc"]).code,
        3,
        "by name it is an error"
    );
}

#[test]
fn a_release_tag_that_came_before_its_candidate_can_be_finished() {
    let fixture = Fixture::new();
    fixture.ok(&["bump", "minor", "api", "--commit"]);
    let ran = fixture.ok(&["tag", "api", "--push"]);
    ran.assert_stderr(str![[r#"
        todo tag api-v0.2.0 at [SHORT]  (the commit says api 0.2.0)
        todo push-tag api-v0.2.0 to origin  (CI and every other clone read the tags there)
        note api: HEAD is not the newest candidate of 0.2.0; `release api` will want one here (cargo xtask tag api --rc)
       acted push-tag api-v0.2.0 to origin  [[DURATION]]
       acted tag api-v0.2.0 at [SHORT]  [[DURATION]]
    Finished 2 done now, 0 done before

"#]]);
    assert_eq!(fixture.run(&["release", "api"]).code, 3);
    fixture.ok(&["tag", "api", "--rc", "--push"]);
    let plan = fixture.json(&["plan", "--tag", "api-v0.2.0-rc1"]);
    fixture.push_candidate(
        plan["matrix"]["include"][0]["build_id"].as_str().unwrap(),
        &["linux/amd64", "linux/arm64"],
        &fixture.head(),
    );
    fixture.ok(&["release", "api"]);
}

#[test]
fn law_5_a_tag_says_the_version_of_the_commit() {
    let fixture = Fixture::new();
    fixture.ok(&["bump", "minor", "api"]);
    let ran = fixture.run(&["tag", "api"]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    ran.assert_stderr(str![[r#"
        todo tag api-v0.1.0 at [SHORT]  (the commit says api 0.1.0)
        note api: HEAD is not the newest candidate of 0.1.0; `release api` will want one here (cargo xtask tag api --rc)
       error the work tree differs from HEAD: api/pyproject.toml, api/uv.lock; a tag would not hold what you see
         try git add --all && git commit, or git stash --include-untracked
     Refused nothing was done

"#]]);
    assert_eq!(fixture.git(&["tag", "--list"]), "");
}

#[test]
fn laws_8_and_11_a_release_promotes_by_digest_and_is_done_once() {
    let fixture = Fixture::new();
    let build_id = fixture.prepare_release();
    let blobs = fixture.registry.counters();
    let report = plan_act_repeat(&fixture, &["release", "api"], 5);
    let kinds: Vec<_> = report["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["promote", "promote", "index", "tag", "push-tag"]);
    for arch in ["amd64", "arm64"] {
        let candidate = fixture
            .registry
            .digest("acme/api", &format!("{build_id}-{arch}"));
        assert!(candidate.is_some());
        assert_eq!(
            fixture
                .registry
                .digest("acme/api", &format!("0.2.0-{arch}")),
            candidate,
            "law 8: the tested bytes"
        );
    }
    assert_eq!(
        fixture.registry.counters().blob_bytes_received,
        blobs.blob_bytes_received,
        "law 8: no blob is pushed"
    );
    let (media_type, bytes) = fixture.registry.manifest("acme/api", "0.2.0").unwrap();
    assert_eq!(media_type, "application/vnd.oci.image.index.v1+json");
    let index: Value = serde_json::from_slice(&bytes).unwrap();
    let entries = index["manifests"].as_array().unwrap();
    let platforms: Vec<_> = entries
        .iter()
        .map(|entry| entry["platform"]["architecture"].as_str().unwrap())
        .collect();
    assert_eq!(
        platforms,
        ["amd64", "arm64", "unknown"],
        "law 11: attestations are carried along, behind the platforms"
    );
    assert_eq!(
        entries[2]["annotations"]["vnd.docker.reference.digest"],
        entries[1]["digest"]
    );
    for entry in entries {
        let (_, child) = fixture
            .registry
            .manifest("acme/api", entry["digest"].as_str().unwrap())
            .unwrap();
        assert_eq!(entry["size"], child.len());
        let child: Value = serde_json::from_slice(&child).unwrap();
        assert_eq!(
            child["mediaType"], entry["mediaType"],
            "the index is flat: no index in an index"
        );
    }
    assert!(
        fixture
            .git(&["ls-remote", "origin"])
            .contains("refs/tags/api-v0.2.0\n")
    );
    let versions = fixture.json(&["versions", "api"]);
    assert_eq!(versions["projects"][0]["released"], "0.2.0");
    assert!(
        fixture.registry.unexpected().is_empty(),
        "{:?}",
        fixture.registry.unexpected()
    );
}

#[test]
fn a_release_is_of_the_candidates_commit_also_when_head_went_on() {
    let fixture = Fixture::new();
    fixture.prepare_release();
    let candidate = fixture.head();
    fixture.git(&[
        "commit",
        "--quiet",
        "--allow-empty",
        "--message",
        "docs: later",
    ]);
    fixture.ok(&["release", "api"]);
    assert_eq!(
        fixture.git(&["rev-parse", "api-v0.2.0^{commit}"]).trim(),
        candidate
    );
}

#[test]
fn a_ci_run_shows_the_report_on_its_page() {
    let fixture = Fixture::new();
    let page = fixture.root().join("target/summary.md");
    std::fs::create_dir_all(page.parent().unwrap()).unwrap();
    let ran = fixture.run_with(
        &["tag", "api", "--rc"],
        &[("GITHUB_STEP_SUMMARY", page.to_str().unwrap())],
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let text = std::fs::read_to_string(page).unwrap();
    assert!(
        text.starts_with(
            "| verdict | step | what | evidence | time | requests |\n|---|---|---|---|--:|--:|\n| acted | tag | api-v0.1.0-rc1 at "
        ),
        "{text}"
    );
}

#[test]
fn a_page_that_cannot_be_written_takes_nothing_from_the_report() {
    let fixture = Fixture::new();
    let ran = fixture.run_with(
        &["tag", "api", "--rc", "--json"],
        &[("GITHUB_STEP_SUMMARY", "/no-such-folder/page.md")],
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.assert_stderr(str![[r#"
        todo tag api-v0.1.0-rc1 at [SHORT]  (first candidate of 0.1.0)
       acted tag api-v0.1.0-rc1 at [SHORT]  [[DURATION]]
    Finished 1 done now, 0 done before
     warning GITHUB_STEP_SUMMARY is left as it is: opening /no-such-folder/page.md: No such file or directory (os error 2)

"#]]);
    assert_eq!(ran["steps"][0]["verdict"], "acted");
}

#[test]
fn law_14_a_lost_acknowledgement_is_not_a_failure() {
    use monorelease_stand_ins::registry::Fault;
    let fixture = Fixture::new();
    fixture.prepare_release();
    fixture
        .registry
        .plan_fault(Fault::cut_after("PUT", "/manifests/0.2.0-amd64"));
    let report = fixture.json(&["release", "api"]);
    assert_eq!(report.code, 0, "{report:#}");
    assert_eq!(report.count("acted"), 5);
}

#[test]
fn law_16_a_failed_step_stops_the_rest_and_the_next_run_finishes() {
    use monorelease_stand_ins::registry::Fault;
    let fixture = Fixture::new();
    fixture.prepare_release();
    fixture
        .registry
        .plan_fault(Fault::status("PUT", "/manifests/0.2.0-arm64", 400).times(10));
    let report = fixture.json(&["release", "api"]);
    assert_eq!(report.code, 1, "{report:#}");
    let verdicts: Vec<_> = report["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["verdict"].as_str().unwrap())
        .collect();
    assert_eq!(
        verdicts,
        ["acted", "failed", "skipped", "skipped", "skipped"]
    );
    fixture.registry.clear_faults();
    let report = fixture.json(&["release", "api"]);
    assert_eq!(
        (report.code, report.count("done"), report.count("acted")),
        (0, 1, 4),
        "{report:#}"
    );
}

#[test]
fn plan_tells_a_ci_what_to_build() {
    let fixture = Fixture::new();
    fixture.ok(&["tag", "api", "core", "--rc"]);
    let output = fixture.root().join("output");
    let ran = fixture.run_with(
        &["plan", "api", "--tag", "api-v0.1.0-rc1", "--json"],
        &[
            ("GITHUB_OUTPUT", output.to_str().unwrap()),
            ("GITHUB_RUN_NUMBER", "42"),
        ],
    );
    let rows = ran["matrix"]["include"].as_array().unwrap();
    let cells: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row["project"].as_str().unwrap(),
                row["kind"].as_str().unwrap(),
                row["platform"].as_str().unwrap(),
                row["runner"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        cells,
        [
            ("api", "image", "linux/amd64", "ubuntu-24.04"),
            ("api", "image", "linux/arm64", "ubuntu-24.04-arm")
        ]
    );
    let build_id = rows[0]["build_id"].as_str().unwrap();
    assert!(
        build_id.contains("-build.42-v0.1.0-") && build_id.ends_with(&fixture.head()[..7]),
        "{build_id}"
    );
    let written = std::fs::read_to_string(&output).unwrap();
    assert!(
        written.starts_with("matrix={\"include\":[{\"project\":\"api\"")
            && written.contains(&format!("\nbuild-id={build_id}\n")),
        "{written}"
    );
    let document = fixture.json(&["plan", "--tag", "core-v0.1.0-rc1"]);
    assert_eq!(
        document["matrix"]["include"][0]["target"],
        "x86_64-unknown-linux-gnu"
    );
    assert_eq!(document["projects"][0]["name"], "core");
}

#[test]
fn a_wheel_project_is_released_by_its_tag_and_says_what_is_left_out() {
    let fixture = Fixture::new();
    fixture.ok(&["tag", "core", "--rc", "--push"]);
    let ran = fixture.ok(&["release", "core"]);
    ran.assert_stderr(str![[r#"
   Releasing core 0.1.0
        todo tag core-v0.1.0 at [SHORT]  (the commit of core-v0.1.0-rc1)
        todo push-tag core-v0.1.0 to origin  (CI and every other clone read the tags there)
        note core: no image is configured, so none is promoted
        note core: no package-index is configured, so its wheels are published nowhere
        note core: no [trust] is configured, so nothing is signed or listed
        note core: no github is configured, so no forge release is made
        note core: no [[pins]] are configured, so nothing is delivered
       acted push-tag core-v0.1.0 to origin  [[DURATION]]
       acted tag core-v0.1.0 at [SHORT]  [[DURATION]]
    Finished 2 done now, 0 done before

"#]]);
    assert!(
        fixture
            .git(&["ls-remote", "origin"])
            .contains("refs/tags/core-v0.1.0\n")
    );
}

#[test]
fn rehearse_plays_a_whole_release_and_touches_nothing_else() {
    let fixture = Fixture::new();
    let before = fixture.state();
    fixture.ok(&["rehearse", "--dry-run"]);
    assert!(
        !fixture.root().join("target").exists(),
        "law 13: a dry run made a sandbox"
    );
    let document = fixture.json(&["rehearse"]);
    assert_eq!(document.code, 0, "{document:#}");
    assert_eq!(
        (document["project"].as_str(), document["version"].as_str()),
        (Some("api"), Some("0.2.0"))
    );
    let images = document["images"].as_object().unwrap();
    assert_eq!(images.len(), 5, "{images:?}");
    for arch in ["amd64", "arm64"] {
        assert_eq!(
            images[&format!("0.2.0-{arch}")],
            images[&format!("{}-{arch}", document["build_id"].as_str().unwrap())]
        );
    }
    assert_eq!(
        document["tags"],
        serde_json::json!(["api-v0.2.0", "api-v0.2.0-rc1"])
    );
    assert_eq!(
        fixture.state(),
        before,
        "the repository, its remote and the real registry are as they were"
    );
    let ran = fixture.ok(&["rehearse"]);
    ran.assert_stderr(str![[r#"
  Rehearsing a release of api in [WORKTREE]/target/rehearsal
     Serving an embedded registry at [SERVER], the remote origin in [WORKTREE]/target/rehearsal/origin.git
     Running cargo xtask bump minor api --commit
           │      Bumping api 0.1.0 → 0.2.0
           │         todo edit api/uv.lock  (entry of api 0.1.0 → 0.2.0)
           │         todo edit api/pyproject.toml  (project.version 0.1.0 → 0.2.0)
           │         todo commit chore(release): api 0.2.0  (the version of a release is read from its commit)
           │        acted commit chore(release): api 0.2.0  [[DURATION]]
           │        acted edit api/pyproject.toml  [[DURATION]]
           │        acted edit api/uv.lock  [[DURATION]]
           │     Finished 3 done now, 0 done before
     Running cargo xtask tag api --rc --push
           │         todo tag api-v0.2.0-rc1 at [SHORT]  (first candidate of 0.2.0)
           │         todo push-tag api-v0.2.0-rc1 to origin  (CI and every other clone read the tags there)
           │        acted push-tag api-v0.2.0-rc1 to origin  [[DURATION]]
           │        acted tag api-v0.2.0-rc1 at [SHORT]  [[DURATION]]
           │     Finished 2 done now, 0 done before
        note in place of `cargo xtask build --push`, stand-in images without content are pushed (rehearse --docker builds the real ones)
      Pushed [SERVER]/acme/api:[BUILD]-amd64 = [DIGEST]
      Pushed [SERVER]/acme/api:[BUILD]-arm64 = [DIGEST]
     Running cargo xtask release api
           │    Releasing api 0.2.0
           │         todo promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  (linux/amd64 of candidate [BUILD])
           │         todo promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  (linux/arm64 of candidate [BUILD])
           │         todo index [SERVER]/acme/api:0.2.0 = [DIGEST]  (one name for linux/amd64, linux/arm64)
           │         todo tag api-v0.2.0 at [SHORT]  (the commit of api-v0.2.0-rc1)
           │         todo push-tag api-v0.2.0 to origin  (CI and every other clone read the tags there)
           │         note api: no [trust] is configured, so nothing is signed or listed
           │         note api: no github is configured, so no forge release is made
           │         note api: no [[pins]] are configured, so nothing is delivered
           │        acted index [SERVER]/acme/api:0.2.0 = [DIGEST]  [[DURATION], [REQUESTS]]
           │        acted promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  [[DURATION], [REQUESTS]]
           │        acted promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  [[DURATION], [REQUESTS]]
           │        acted push-tag api-v0.2.0 to origin  [[DURATION]]
           │        acted tag api-v0.2.0 at [SHORT]  [[DURATION]]
           │     Finished 5 done now, 0 done before, 19 registry requests
     Running cargo xtask verify api 0.2.0
           │    Verifying api 0.2.0
           │ ✓  api-v0.2.0                      git tag  at [SHORT]
           │ ✓  [SERVER]/acme/api:0.2.0  index    [DIGEST] of 2 platforms
           │ ✓  linux/amd64                     digest   [DIGEST]
           │ ✓  linux/amd64                     labels   revision [SHORT]
           │ ✓  linux/arm64                     digest   [DIGEST]
           │ ✓  linux/arm64                     labels   revision [SHORT]
           │         note api: no [trust] is configured, so no signatures and statements are looked for
           │     Verified 6 of 6 agree
       Again cargo xtask release api: nothing to do
   Rehearsed api 0.2.0: bumped, tagged api-v0.2.0-rc1, released by digest, released again with nothing to do; 69 HTTP requests in [DURATION]

"#]]);
}

#[test]
fn a_tag_of_what_is_built_in_no_way_has_a_matrix_without_rows() {
    let fixture = Fixture::new();
    fixture.ok(&["tag", "web", "--rc"]);
    let document = fixture.json(&["plan", "--tag", "web-v0.1.0-rc1"]);
    assert_eq!(
        (document.code, &document["projects"][0]["name"]),
        (0, &Value::from("web")),
        "{document:#}"
    );
    assert_eq!(document["matrix"], serde_json::json!({ "include": [] }));
    fixture
        .ok(&["plan", "--tag", "web-v0.1.0-rc1"])
        .assert_stderr(str![[r#"
     Planned tag web-v0.1.0-rc1 is candidate 1 of web 0.1.0, at [SHORT]
        note projects.web has no image, wheel or package-index, so there is nothing to build

"#]]);
}

#[test]
fn check_runs_the_gates_that_are_named() {
    let fixture = Fixture::new();
    let step = |document: &Value| {
        assert_eq!(
            (
                &document["refused"],
                document["steps"].as_array().map(Vec::len)
            ),
            (&serde_json::json!([]), Some(1)),
            "{document:#}"
        );
        ["id", "kind", "verdict"].map(|key| document["steps"][0][key].as_str().unwrap().to_owned())
    };
    let document = fixture.json(&["check", "versions", "--dry-run"]);
    assert_eq!((document.code, &document["passed"]), (0, &Value::from(0)));
    assert_eq!(
        step(&document),
        ["gate:versions of every project", "gate", "todo"]
    );
    let document = fixture.json(&["check", "versions"]);
    assert_eq!((document.code, &document["passed"]), (0, &Value::from(1)));
    assert_eq!(step(&document)[2], "acted");
    fixture.write(
        "core/pyproject.toml",
        "[project]\nname = \"core\"\nversion = \"0.3.0\"\n",
    );
    assert_eq!(step(&fixture.json(&["check", "versions"]))[2], "failed");
    let ran = fixture.run(&["check", "versions"]);
    assert_eq!(ran.code, 1);
    ran.assert_stderr(str![[r#"
    Checking versions of every project
             xtask versions --check --repo [WORKTREE] --config [WORKTREE]/xtask/monorepo.toml
           │ project  version  site                                 says     last release  commits since
           │ core     0.1.0    core/Cargo.toml package.version      ✓        never
           │                   core/pyproject.toml project.version  ✗ 0.3.0
           │ api      0.1.0    api/pyproject.toml project.version   ✓        never
           │ web      0.1.0    web/src/web/version.py __version__   ✓        never
           │        error core: core/Cargo.toml (package.version) says 0.1.0, but core/pyproject.toml (project.version) says 0.3.0
           │          try cargo xtask versions --fix core
       error versions of every project: `xtask versions --check --repo [WORKTREE] --config [WORKTREE]/xtask/monorepo.toml` failed (exit status: 1)
         try cargo xtask versions --fix, or what it says of the tag
      Failed 0 passed, 1 failed, 0 skipped

"#]]);
}

#[test]
fn law_17_the_forges_token_reaches_git_and_nobody_else() {
    use monorelease_stand_ins::http::{Reply, Response, Server};
    use std::sync::{Arc, Mutex};
    const TOKEN: &str = "ghs_canary0123456789";
    let fixture = Fixture::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let forge = Server::start(
        move |request: monorelease_stand_ins::http::Request| {
            let given = request.header("Authorization").map(str::to_owned);
            log.lock().unwrap().push(given.clone());
            Reply::Send(if given.is_some() {
                Response::new(403)
            } else {
                Response::new(401).with("WWW-Authenticate", "Basic realm=\"forge\"")
            })
        },
        1 << 20,
    )
    .unwrap();
    let server = format!("http://{}", forge.address());
    fixture.git(&[
        "remote",
        "set-url",
        "origin",
        &format!("{server}/acme/mono.git"),
    ]);
    let ran = fixture.run_with(
        &["tag", "api", "--rc", "--push", "--verbose"],
        &[("GITHUB_TOKEN", TOKEN), ("GITHUB_SERVER_URL", &server)],
    );
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(
        !ran.stderr.contains(TOKEN) && !ran.stdout.contains(TOKEN),
        "{}",
        ran.stderr
    );
    // base64 of "x-access-token:ghs_canary0123456789"
    let wanted = "Basic eC1hY2Nlc3MtdG9rZW46Z2hzX2NhbmFyeTAxMjM0NTY3ODk=";
    assert!(
        seen.lock()
            .unwrap()
            .iter()
            .flatten()
            .any(|given| given == wanted),
        "{:?}",
        seen.lock().unwrap()
    );
    fixture.git(&[
        "remote",
        "set-url",
        "origin",
        &format!("{server}/acme/mono.git"),
    ]);
    seen.lock().unwrap().clear();
    fixture.run_with(&["tag", "api", "--rc"], &[("GITHUB_TOKEN", TOKEN)]);
    assert!(
        seen.lock().unwrap().iter().all(Option::is_none),
        "another server is not given the token"
    );
}
