//! A repository or a machine in an odd state: the sentence blames what is amiss, and the line beside it mends that.

use crate::support;
use crate::support::snapshots::assert_text;
use crate::support::{Fixture, Report};
use snapbox::IntoData;
use snapbox::str;

/// Runs it, and holds the refusal to its code and text; nothing may have changed.
fn refused(fixture: &Fixture, arguments: &[&str], code: i32, expected: impl IntoData) -> Report {
    let before = fixture.state();
    let ran = fixture.run(arguments);
    assert_eq!(ran.code, code, "{arguments:?}: {}", ran.stderr);
    ran.assert_stderr(expected);
    assert_eq!(fixture.state(), before, "{arguments:?} changed something");
    ran
}

#[test]
fn a_merge_that_is_not_finished_is_not_finished_by_a_bump() {
    let fixture = Fixture::new();
    fixture.git(&["switch", "--quiet", "--create", "side"]);
    fixture.git(&[
        "commit",
        "--quiet",
        "--allow-empty",
        "--message",
        "feat: elsewhere",
    ]);
    fixture.git(&["switch", "--quiet", "-"]);
    fixture.git(&[
        "commit",
        "--quiet",
        "--allow-empty",
        "--message",
        "feat: here",
    ]);
    fixture.git(&[
        "merge",
        "--quiet",
        "--strategy",
        "ours",
        "--no-commit",
        "side",
    ]);
    refused(
        &fixture,
        &["bump", "minor", "api", "--commit"],
        3,
        str![[r#"
     Bumping api 0.1.0 → 0.2.0
        todo edit api/uv.lock  (entry of api 0.1.0 → 0.2.0)
        todo edit api/pyproject.toml  (project.version 0.1.0 → 0.2.0)
        todo commit chore(release): api 0.2.0  (the version of a release is read from its commit)
       error a merge is not finished here, and the commit would end it
         try git merge --continue, or git merge --abort
     Refused nothing was done

"#]],
    );
    fixture.git(&["merge", "--abort"]);
    fixture.ok(&["bump", "minor", "api", "--commit"]);
}

#[test]
fn a_damaged_clone_is_said_to_lack_something() {
    let fixture = Fixture::new();
    let tree = fixture.git(&["rev-parse", "HEAD:api"]).trim().to_owned();
    let object = fixture
        .root()
        .join(format!(".git/objects/{}/{}", &tree[..2], &tree[2..]));
    std::fs::remove_file(object).unwrap();
    for arguments in [&["tag", "api", "--rc"][..], &["plan", "--since", "HEAD"]] {
        let ran = fixture.run(arguments);
        assert_eq!(ran.code, 3, "{arguments:?}: {}", ran.stderr);
        ran.assert_stderr(str![[r#"
       error this clone lacks a part of HEAD: object not found - no match for id ([COMMIT])
         try git fetch --refetch --no-filter

"#]]);
    }
}

#[test]
fn a_repository_without_a_commit_is_told_to_make_one_of_its_files() {
    let fixture = Fixture::new();
    std::fs::remove_dir_all(fixture.root().join(".git")).unwrap();
    fixture.git(&["init", "--quiet"]);
    let ran = fixture.run(&["tag", "api", "--rc"]);
    assert_eq!(ran.code, 3, "{ran}");
    ran.assert_stderr(str![[r#"
       error the repository has no commit yet; versions are read from commits
         try git add --all && git commit

"#]]);
}

#[test]
fn what_names_no_project_or_release_is_led_to_something_that_does() {
    let fixture = Fixture::new();
    refused(
        &fixture,
        &["rehearse", "core"],
        2,
        str![[r#"
       error core has no image or package, or no version, to rehearse a release with
         try cargo xtask rehearse PROJECT with one that has them, or a scenario: delivery-folders, delivery-branches, delivery-updater

"#]],
    );
    let zero = "0000000000000000000000000000000000000000";
    refused(
        &fixture,
        &["plan", "--since", zero],
        2,
        str![[r#"
       error revision "[COMMIT]" is git's word for no commit at all, as a forge says it of a branch's first push
         try name the main branch, such as origin/main

"#]],
    );
    let config = fixture.read("xtask/monorepo.toml");
    fixture.write(
        "xtask/monorepo.toml",
        &config.replace("[repository]", "[repository]\ngithub = \"acme/mono\""),
    );
    refused(
        &fixture,
        &["release-pr", "--initial"],
        3,
        str![[r#"
       error there is no token for the forge: neither GITHUB_TOKEN nor GH_TOKEN is set
         try GITHUB_TOKEN=$(gh auth token) cargo xtask release-pr --initial

"#]],
    );
    let tools =
        "\n[images-from]\nfiles = \"registry/*.yaml\"\n[environments.dev]\nbranch = \"dev\"\n";
    fixture.write("xtask/monorepo.toml", &format!("{config}{tools}"));
    fixture.write("registry/ocr.yaml", "image:\n  oci: sha256:pending\n");
    fixture.write("ocr/Dockerfile", "FROM scratch\n");
    fixture.git(&["add", "--all"]);
    fixture.commit_all("feat: a registry");
    for (arguments, expected) in [
        (
            &["bump", "minor", "ocr"][..],
            str![[r#"
       error project ocr has no versions of its own
         try cargo xtask pin ocr, which builds it and pins it by its digest

"#]],
        ),
        (
            &["tag", "ocr"],
            str![[r#"
       error project ocr has no versions of its own
         try cargo xtask pin ocr, which builds it and pins it by its digest

"#]],
        ),
        (
            &["release", "ocr"],
            str![[r#"
       error project ocr has no versions of its own
         try cargo xtask pin ocr, which builds it and pins it by its digest

"#]],
        ),
        (
            &["notes", "ocr"],
            str![[r#"
       error project ocr has no versions of its own
         try cargo xtask pin ocr, which builds it and pins it by its digest

"#]],
        ),
        (
            &["verify", "ocr"],
            str![[r#"
       error project ocr has no versions of its own
         try cargo xtask pin ocr, which builds it and pins it by its digest

"#]],
        ),
    ] {
        let ran = refused(&fixture, arguments, 2, expected);
        assert!(!ran.stderr.contains("projects.ocr"), "{}", ran.stderr);
    }
    refused(
        &fixture,
        &["rollback", "ocr", "--in", "dev", "--to", "sha256:abc"],
        2,
        str![[r#"
       error --to sha256:abc: it is no whole digest, wanted "sha256:" and 64 lower-case hexadecimal digits
         try cargo xtask status ocr, which names digests

"#]],
    );
}

#[test]
fn an_engine_that_is_not_ours_to_use_is_not_to_be_started() {
    let fixture = Fixture::new();
    let shims = fixture.folder().join("shims");
    let script = "#!/bin/sh\necho 'permission denied while trying to connect to the Docker daemon socket' >&2\nexit 1\n";
    support::programs::write_program(&shims.join("docker"), script);
    let path = format!("{}:{}", shims.display(), std::env::var("PATH").unwrap());
    let ran = fixture.run_with(&["build", "api"], &[("PATH", &path)]);
    assert_eq!(ran.code, 3, "{ran}");
    ran.assert_stderr(str![[r#"
       error the docker engine does not answer: `docker version --format '{{.Server.Os}}/{{.Server.Arch}}'` failed: permission denied while trying to connect to the Docker daemon socket
         try sudo usermod --append --groups docker $USER, then log in anew: the engine's socket is not yours to use

"#]]);
    let ran = fixture.run_with(&["doctor"], &[("PATH", &path)]);
    assert_eq!(ran.code, 1, "{ran}");
    ran.assert_stderr(str![[r#"
       error docker: `docker version` failed: permission denied while trying to connect to the Docker daemon socket
         try install Docker Engine and its buildx plugin
     warning trivy: not on the PATH; wanted for scanning images before they are pushed (to mend: install trivy, or grype)
     warning grype: not on the PATH; wanted for scanning images before they are pushed (to mend: install grype, or trivy)
       error docker engine: the docker engine does not answer: `docker version --format '{{.Server.Version}}'` failed: permission denied while trying to connect to the Docker daemon socket
         try sudo usermod --append --groups docker $USER, then log in anew: the engine's socket is not yours to use
       error docker buildx: `docker buildx version` failed: permission denied while trying to connect to the Docker daemon socket
         try install the docker-buildx plugin

"#]]);
    // Law 16: an engine that answers is not asked for an image of nothing.
    support::programs::write_program(&shims.join("docker"), "#!/bin/sh\necho linux/amd64\n");
    let ran = fixture.run_with(&["build", "api"], &[("PATH", &path)]);
    assert_eq!(ran.code, 3, "{ran}");
    ran.assert_stderr(str![[r#"
     unknown build-image [SERVER]/acme/api:[BUILD]-amd64 for linux/amd64
     unknown smoke api --help
        note api: HEAD carries no -rcN tag, so no release will take this build (cargo xtask tag api --rc)
        note api: the image is not scanned, neither trivy nor grype is on the PATH
       error api has no file api/Dockerfile, which its image is built of
         try write it, or mend the path of api in the configuration
       error [SERVER]/acme/api:[BUILD]-amd64 for linux/amd64: it cannot be told whether this is done: reading what `docker image inspect` printed: expected value at line 1 column 1
         try cargo xtask doctor
     Refused nothing was done

"#]]);
}

#[test]
fn a_gate_without_a_lock_or_its_tool_is_not_mended_in_the_sources() {
    let fixture = Fixture::new();
    let shims = fixture.folder().join("shims");
    support::programs::write_program(&shims.join("uv"), "#!/bin/sh\nexit 2\n");
    let path = format!("{}:{}", shims.display(), std::env::var("PATH").unwrap());
    let fixes = |arguments: &[&str]| {
        let ran = fixture.run_with(&[arguments, &["--json"]].concat(), &[("PATH", &path)]);
        let failed = ran["failed"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|gate| gate["subject"].as_str().unwrap().starts_with("of api"));
        failed
            .map(|gate| gate["fix"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let gates = ["check", "fmt", "types", "tests"];
    // Without the wheel's own gate, which would compile it.
    for path in ["api/uv.lock", "core/pyproject.toml"] {
        std::fs::remove_file(fixture.root().join(path)).unwrap();
    }
    fixture.write("Cargo.toml", "[workspace]\n");
    assert_eq!(fixes(&gates), ["cd api && uv lock, then commit uv.lock"; 3]);
    fixture.write("api/uv.lock", "[[package]]\nname = \"mypy\"\n");
    let add = |tool: &str| {
        format!("cd api && uv add --dev {tool}, then commit pyproject.toml and uv.lock")
    };
    assert_eq!(
        fixes(&gates),
        [
            add("ruff"),
            "cd api && mend the types that mypy names".to_owned(),
            add("pytest")
        ]
    );
}

#[test]
fn a_machine_without_a_place_for_temporary_files_is_not_a_remote_that_is_away() {
    let delivered = support::delivery::Delivered::new();
    let promote = ["promote", "api", "--to", "staging", "--version", "0.2.0"];
    let ran = delivered
        .fixture
        .run_with(&promote, &[("TMPDIR", "/nonexistent")]);
    assert_ne!(ran.code, 0);
    ran.assert_stderr(str![[r#"
       error making a temporary folder: No such file or directory (os error 2) at path "[FOLDER]"
         try free room in /nonexistent, or name another folder in TMPDIR
     Refused nothing was done

"#]]);
    assert!(!ran.stderr.contains("git ls-remote"), "{}", ran.stderr);
}

#[test]
fn a_rehearsal_never_reaches_a_real_pin_however_the_list_is_written() {
    let fixture = Fixture::new();
    let real = fixture.folder().join("real.git");
    let work = fixture.folder().join("real");
    support::git_in(
        &fixture.folder(),
        &[
            "init",
            "--quiet",
            "--bare",
            "--initial-branch",
            "main",
            real.to_str().unwrap(),
        ],
    );
    support::git_in(
        &fixture.folder(),
        &[
            "clone",
            "--quiet",
            real.to_str().unwrap(),
            work.to_str().unwrap(),
        ],
    );
    std::fs::write(work.join("values.yaml"), "tag: 0.0.1\n").unwrap();
    support::git_in(&work, &["add", "--all"]);
    let who = [
        "-c",
        "user.name=A",
        "-c",
        "user.email=a@example.org",
        "commit",
        "--quiet",
        "--message",
        "feat: what really runs",
    ];
    support::git_in(&work, &who);
    support::git_in(&work, &["push", "--quiet", "origin", "HEAD:main"]);
    let head = support::git_in(&real, &["rev-parse", "main"]);
    let pin = format!(
        "project = \"api\", environment = \"dev\", git = \"{}\", file = \"values.yaml\", key = \"tag\"",
        real.display()
    );
    let config = format!(
        "pins = [{{ {pin} }}]\nenvironments = {{ dev = {{}} }}\n{}",
        fixture.read("xtask/monorepo.toml")
    );
    fixture.write("xtask/monorepo.toml", &config);
    fixture.commit_all("chore: a list in one line");
    let ran = fixture.run(&["rehearse", "api"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(!ran.stderr.contains("real.git"), "{}", ran.stderr);
    assert_text(
        &ran.lines_with("pin api in dev"),
        str![[r#"
           │         todo pin api in dev: 0.0.0 → 0.2.0, [WORKTREE]/target/rehearsal/what-runs.git (main)  (the first environment gets a release by itself)
           │        acted pin api in dev: 0.0.0 → 0.2.0, [WORKTREE]/target/rehearsal/what-runs.git (main)  [[DURATION]]

"#]],
    );
    assert_eq!(support::git_in(&real, &["rev-parse", "main"]), head);
}

#[test]
fn a_rehearsal_without_a_folder_says_what_is_in_the_way() {
    let fixture = Fixture::new();
    let _ = std::fs::remove_dir_all(fixture.root().join("target"));
    fixture.write("target", "a file\n");
    let ran = fixture.run(&["rehearse", "api"]);
    assert_eq!(ran.code, 1, "{ran}");
    ran.assert_stderr(str![[r#"
  Rehearsing a release of api in [WORKTREE]/target/rehearsal
        note changes that are not committed are left out: the sandbox is a copy of HEAD
       error removing [WORKTREE]/target/rehearsal: Not a directory (os error 20)
         try move away what is in the way of [WORKTREE]/target/rehearsal, or make the folder above it yours to write

"#]]);
}

#[test]
fn a_rehearsal_has_a_remote_and_no_pull_requests_whatever_is_configured() {
    let fixture = Fixture::new();
    let config = fixture
        .read("xtask/monorepo.toml")
        .replace("[repository]", "[repository]\nremote = \"upstream\"");
    let staging = "[environments.staging]\nbranch = \"stage\"\nvia = \"pull-request\"\n";
    let pin = "[[pins]]\nproject = \"api\"\nenvironment = \"staging\"\nfile = \"staging/*.yaml\"\n";
    fixture.write("xtask/monorepo.toml", &format!("{config}{staging}{pin}"));
    fixture.commit_all("chore: another remote");
    let named = [
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "clone.defaultRemoteName"),
        ("GIT_CONFIG_VALUE_0", "up"),
    ];
    let ran = fixture.run_with(&["rehearse", "api"], &named);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_text(
        &ran.lines_with("pin api in staging"),
        str![[r#"
           │         todo pin api in staging: 0.0.0 → 0.2.0, [WORKTREE]/target/rehearsal/what-runs.git (main)  (the first environment gets a release by itself)
           │        acted pin api in staging: 0.0.0 → 0.2.0, [WORKTREE]/target/rehearsal/what-runs.git (main)  [[DURATION]]

"#]],
    );
}

#[test]
fn secrets_that_mean_nothing_are_found_by_any_verb() {
    let fixture = Fixture::new();
    let config = fixture.read("xtask/monorepo.toml");
    for (keys, expected) in [
        (
            "required = [\"A\"]",
            str![[r#"
       error xtask/monorepo.toml: environments.dev.secrets: sink is not said; wanted is "kubectl", "modal", "gh" or a command
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
        (
            "sink = \"kubctl\"",
            str![[r#"
       error xtask/monorepo.toml: environments.dev.secrets: sink is "kubctl", wanted "kubectl", "modal", "gh" or a command as a list; did you mean "kubectl"?
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
        (
            "sink = \"gh\"\nrequired = [\"a b\"]",
            str![[r#"
       error xtask/monorepo.toml: environments.dev.secrets: "a b" is no name of a secret; wanted are letters, digits and _, and no digit at the beginning
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
    ] {
        fixture.write(
            "xtask/monorepo.toml",
            &format!("{config}[environments.dev.secrets]\n{keys}\n"),
        );
        for verb in ["versions", "status", "doctor"] {
            refused(&fixture, &[verb], 2, expected.clone());
        }
    }
}
