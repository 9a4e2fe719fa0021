//! Promotion and rollback through Git: real repositories, a real registry client, and others who push at the same time.

use snapbox::str;
use std::fs;
use std::process::Stdio;

use crate::support;
use crate::support::delivery::{Delivered, deployment, push_to};
use crate::support::programs::write_program;
use crate::support::{git_in, program, ran};

fn image_of(text: &str) -> String {
    text.lines()
        .find_map(|line| line.trim_start().strip_prefix("image: "))
        .unwrap()
        .trim_end_matches(" # ours")
        .to_owned()
}

fn names_version(text: &str, version: &str, digest: &str) -> bool {
    image_of(text).ends_with(&format!("/acme/api:{version}@{digest}"))
}

#[test]
fn law_20_the_whole_life_of_a_release_in_two_environments() {
    let delivered = Delivered::new();
    let fixture = &delivered.fixture;
    let one = delivered.digest("api", "0.1.0");
    let two = delivered.digest("api", "0.2.0");

    // Production is reached through staging alone.
    let early = fixture.run(&["promote", "api", "--to", "production", "--version", "0.2.0"]);
    assert_eq!(early.code, 3, "{}", early.stderr);
    early.assert_stderr(str![[r#"
        todo pin api in production: 0.1.0 → 0.2.0, [FOLDER]/deploy.git (main)  (it stands in staging)
       error api 0.2.0 does not stand in staging, through which alone production is reached: [FOLDER]/deploy.git (main) staging/api.yaml:5 says 0.1.0@[DIGEST], wanted 0.2.0@[DIGEST]
         try cargo xtask promote api --to staging --version 0.2.0
     Refused nothing was done

"#]]);

    fixture.ok(&["promote", "api", "--to", "staging", "--version", "0.2.0"]);
    fixture.ok(&["promote", "api", "--to", "production"]);
    for stage in ["staging", "production"] {
        let text = delivered.file(&format!("{stage}/api.yaml"));
        assert!(names_version(&text, "0.2.0", &two), "{text}");
        assert!(
            text.contains(" # ours\n") && text.contains("nginx:1.27"),
            "{text}"
        );
    }
    assert_eq!(
        delivered.subjects(),
        [
            "chore(production): api 0.2.0",
            "chore(staging): api 0.2.0",
            "feat: begin"
        ]
    );
    let message = delivered.message();
    for line in [
        "production/api.yaml spec.containers[0].image".to_owned(),
        "Xtask-Project: api".to_owned(),
        "Xtask-Environment: production".to_owned(),
        "Xtask-Action: promote".to_owned(),
        format!("Xtask-From: 0.1.0 {one}"),
        format!("Xtask-To: 0.2.0 {two}"),
    ] {
        assert!(
            message.lines().any(|found| found == line),
            "{line:?} is not in\n{message}"
        );
    }
    let author = git_in(
        &delivered.there(),
        &["log", "-1", "--format=%an <%ae>", "main"],
    );
    assert_eq!(
        author, "Test <test@localhost>\n",
        "the user's own settings hold"
    );

    // Back, which is what stood there before; a second time finds it done.
    fixture.ok(&["rollback", "api", "--in", "production", "--why", "it burns"]);
    assert!(names_version(
        &delivered.file("production/api.yaml"),
        "0.1.0",
        &one
    ));
    assert!(
        names_version(&delivered.file("staging/api.yaml"), "0.2.0", &two),
        "another environment stays"
    );
    let bars = delivered.file(".xtask/barred.toml");
    for words in [
        two.as_str(),
        "environment = \"production\"",
        "why = \"it burns\"",
        "by = \"Test <test@localhost>\"",
    ] {
        assert!(bars.contains(words), "{bars}");
    }
    let head = delivered.refs();
    let again = fixture.ok(&["rollback", "api", "--in", "production"]);
    again.assert_stderr(str![[r#"
        note api: production was rolled back by [SHORT], and nothing was promoted since; --to X.Y.Z goes further back
    Finished nothing to do

"#]]);
    let named = fixture.json(&["rollback", "api", "--in", "production", "--to", "0.1.0"]);
    assert_eq!(
        (named.code, &named["steps"][0]["verdict"]),
        (0, &"done".into()),
        "{named:#}"
    );
    assert_eq!(delivered.refs(), head);

    // The bad one does not come back before it is let.
    let barred = fixture.run(&["promote", "api", "--to", "production"]);
    assert_eq!(barred.code, 3, "{}", barred.stderr);
    barred.assert_stderr(str![[r#"
       error api 0.2.0 ([DIGEST]) is barred in production since [TIMESTAMP] by Test <test@localhost>: it burns ([FOLDER]/deploy.git)
         try cargo xtask unbar api --in production [DIGEST]
     Refused nothing was done

"#]]);
    assert!(
        barred
            .stderr
            .contains(&format!("cargo xtask unbar api --in production {two}")),
        "{}",
        barred.stderr
    );
    let errors = barred
        .stderr
        .lines()
        .filter(|line| line.trim_start().starts_with("error "))
        .count();
    assert_eq!(
        errors, 1,
        "one reason, and one line that mends it: {}",
        barred.stderr
    );
    assert_eq!(delivered.refs(), head);
    fixture.ok(&["unbar", "api", "--in", "production", &two]);
    assert!(!delivered.file(".xtask/barred.toml").contains(&two));
    let lifted = delivered.refs();
    fixture.ok(&["unbar", "api", "--in", "production"]);
    assert_eq!(delivered.refs(), lifted, "what is lifted stays lifted");
    fixture.ok(&["promote", "api", "--to", "production"]);
    assert!(names_version(
        &delivered.file("production/api.yaml"),
        "0.2.0",
        &two
    ));
    let full = git_in(
        &delivered.there(),
        &["rev-list", "--merges", "--count", "main"],
    );
    assert_eq!(full.trim(), "0", "the history is one line");
}

#[test]
fn law_13_a_dry_run_changes_nothing_and_a_third_run_does_nothing() {
    let delivered = Delivered::new();
    let fixture = &delivered.fixture;
    let private = tempfile::tempdir().unwrap();
    for (line, expected) in [
        (
            &["promote", "api", "--to", "staging", "--version", "0.2.0"][..],
            str![[r#"
        todo pin api in staging: 0.1.0 → 0.2.0, [FOLDER]/deploy.git (main)  (nothing comes before it)
     Planned 1 to do, 0 done already; nothing was written

"#]],
        ),
        (
            &["promote", "api", "--to", "production"],
            str![[r#"
        todo pin api in production: 0.1.0 → 0.2.0, [FOLDER]/deploy.git (main)  (it stands in staging)
     Planned 1 to do, 0 done already; nothing was written

"#]],
        ),
        (
            &["rollback", "api", "--in", "production"],
            str![[r#"
        todo rollback api in production: 0.2.0 → 0.1.0, [FOLDER]/deploy.git (main)  (back from 0.2.0, which is barred from now on)
     Planned 1 to do, 0 done already; nothing was written

"#]],
        ),
        (
            &["unbar", "api", "--in", "production"],
            str![[r#"
        todo unbar api in production: [DIGEST] barred no longer, [FOLDER]/deploy.git (main)  (a promotion may bring it back again)
     Planned 1 to do, 0 done already; nothing was written

"#]],
        ),
    ] {
        let before = (
            fixture.state(),
            delivered.refs(),
            fs::read_dir(fixture.root().join(".git")).unwrap().count(),
        );
        let dry = fixture.run_with(
            &[line, &["--dry-run"]].concat(),
            &[("TMPDIR", private.path().to_str().unwrap())],
        );
        assert_eq!(dry.code, 0, "{}", dry.stderr);
        dry.assert_stderr(expected);
        assert_eq!(
            (
                fixture.state(),
                delivered.refs(),
                fs::read_dir(fixture.root().join(".git")).unwrap().count()
            ),
            before,
            "{line:?}"
        );
        assert_eq!(
            fs::read_dir(private.path()).unwrap().count(),
            0,
            "the private copy is gone"
        );
        let commits = delivered.subjects().len();
        fixture.ok(line);
        assert_eq!(delivered.subjects().len(), commits + 1, "{line:?}");
        fixture.ok(line);
        assert_eq!(
            delivered.subjects().len(),
            commits + 1,
            "{line:?}: nothing to do is no commit"
        );
    }
}

/// Another one pushes between the fetch and the push, in the two ways in which a server then says no.
#[test]
fn law_19_a_push_that_is_overtaken_is_derived_again() {
    for in_hook in [false, true] {
        let delivered = Delivered::new();
        let fixture = &delivered.fixture;
        let there = delivered.there();
        // A commit upon the head that changes other lines of the same file, made ready aside.
        let other = delivered
            .file("staging/api.yaml")
            .replace("nginx:1.27", "nginx:1.28")
            .replace("# what runs", "# moved\n# what runs");
        git_in(&there, &["branch", "aside", "main"]);
        push_to(
            &fixture.folder().join("aside"),
            &there,
            "aside",
            &[("staging/api.yaml", &other)],
            "fix: nginx",
        );
        let mark = fixture.folder().join("overtaken");
        let overtake = format!(
            "if [ ! -e '{0}' ]; then touch '{0}'; git --git-dir='{1}' update-ref refs/heads/main refs/heads/aside; fi",
            mark.display(),
            there.display()
        );
        let shims = fixture.folder().join("shims");
        match in_hook {
            true => write_program(
                &there.join("hooks/pre-receive"),
                &format!("#!/bin/sh\nunset GIT_QUARANTINE_PATH\n{overtake}\n"),
            ),
            false => {
                let git = String::from_utf8(
                    std::process::Command::new("which")
                        .arg("git")
                        .output()
                        .unwrap()
                        .stdout,
                )
                .unwrap();
                let text = format!(
                    "#!/bin/sh\ncase \" $* \" in *--dry-run*) ;; *' push '*) {} ;; esac\nexec {} \"$@\"\n",
                    overtake.replace("; git ", &format!("; {} ", git.trim())),
                    git.trim()
                );
                write_program(&shims.join("git"), &text);
            }
        }
        let path = format!("{}:{}", shims.display(), std::env::var("PATH").unwrap());
        let run = fixture.run_with(
            &["promote", "api", "--to", "staging", "--version", "0.2.0"],
            &[("PATH", &path)],
        );
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert!(mark.exists());
        assert_eq!(
            delivered.subjects(),
            ["chore(staging): api 0.2.0", "fix: nginx", "feat: begin"],
            "in the hook: {in_hook}"
        );
        let text = delivered.file("staging/api.yaml");
        assert!(
            text.contains("nginx:1.28")
                && names_version(&text, "0.2.0", &delivered.digest("api", "0.2.0")),
            "{text}"
        );
    }
}

#[test]
fn law_19_a_pin_that_somebody_else_changed_meanwhile_is_a_conflict() {
    let delivered = Delivered::new();
    let fixture = &delivered.fixture;
    let there = delivered.there();
    let other = delivered
        .file("staging/api.yaml")
        .replace("api:0.1.0@", "api:0.3.0@")
        .replace(
            &delivered.digest("api", "0.1.0"),
            &delivered.digest("api", "0.3.0"),
        );
    git_in(&there, &["branch", "aside", "main"]);
    push_to(
        &fixture.folder().join("aside"),
        &there,
        "aside",
        &[("staging/api.yaml", &other)],
        "chore: by hand",
    );
    write_program(
        &there.join("hooks/pre-receive"),
        "#!/bin/sh\nunset GIT_QUARANTINE_PATH\ngit update-ref refs/heads/main refs/heads/aside\n",
    );
    let run = fixture.run(&["promote", "api", "--to", "staging", "--version", "0.2.0"]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    run.assert_stderr(str![[r#"
        todo pin api in staging: 0.1.0 → 0.2.0, [FOLDER]/deploy.git (main)  (nothing comes before it)
      failed pin api in staging: 0.1.0 → 0.2.0, [FOLDER]/deploy.git (main)
             [FOLDER]/deploy.git (main): somebody changed it meanwhile: staging/api.yaml:5 says 0.3.0@[DIGEST]  [[DURATION]]
       error stopped after 0 of 1 steps; nothing is lost: what is done is found done by the next run
         try cargo xtask promote api --to staging --version 0.2.0, once the cause is mended

"#]]);
    assert_eq!(
        delivered.subjects(),
        ["chore: by hand", "feat: begin"],
        "nothing was pushed over it"
    );
}

#[test]
fn law_16_a_push_that_would_not_be_taken_refuses_the_release_before_its_first_step() {
    let delivered = Delivered::new();
    let fixture = &delivered.fixture;
    let shims = fixture.folder().join("shims");
    let git = String::from_utf8(
        std::process::Command::new("which")
            .arg("git")
            .output()
            .unwrap()
            .stdout,
    )
    .unwrap();
    // The server takes a push of the one token and of no other, which is all that it is told of who pushes.
    let ask = "case \" $* \" in *' push --dry-run'*refs/heads/main*) [ \"$XTASK_FORGE_TOKEN\" = of-delivery ] || { echo 'remote: 403' >&2; exit 128; } ;; esac";
    write_program(
        &shims.join("git"),
        &format!("#!/bin/sh\n{ask}\nexec {} \"$@\"\n", git.trim()),
    );
    let path = format!("{}:{}", shims.display(), std::env::var("PATH").unwrap());
    let line = ["promote", "api", "--to", "staging", "--version", "0.2.0"];
    let weak = fixture.run_with(&line, &[("PATH", &path), ("GITHUB_TOKEN", "of-workflow")]);
    assert_eq!(weak.code, 3, "{}", weak.stderr);
    weak.assert_stderr(str![[r#"
        todo pin api in staging: 0.1.0 → 0.2.0, [FOLDER]/deploy.git (main)  (nothing comes before it)
       error [FOLDER]/deploy.git (main) takes no push from here: remote: 403
         try git push --dry-run [FOLDER]/deploy.git HEAD:refs/heads/main, with an account that may write there
     Refused nothing was done

"#]]);
    assert_eq!(delivered.subjects(), ["feat: begin"]);
    let tokens = [
        ("PATH", path.as_str()),
        ("GITHUB_TOKEN", "of-workflow"),
        ("DELIVERY_TOKEN", "of-delivery"),
    ];
    let strong = fixture.run_with(&line, &tokens);
    assert_eq!(strong.code, 0, "{}", strong.stderr);
    assert_eq!(
        delivered.subjects(),
        ["chore(staging): api 0.2.0", "feat: begin"]
    );
}

/// The line is killed at every call of git and at every request, and finished by the same line.
fn killed_anywhere(before: &[&[&str]], line: &[&str]) {
    let delivered = Delivered::new();
    before
        .iter()
        .for_each(|line| drop(delivered.fixture.ok(line)));
    let mut scenario = support::crash::Scenario::new(&delivered.fixture, line);
    scenario.at_every_call_of("git");
    scenario.at_every_request();
    println!("{}: {} cases", line.join(" "), scenario.cases);
}

const PROMOTE: [&str; 6] = ["promote", "api", "--to", "staging", "--version", "0.2.0"];
const ROLLBACK: [&str; 4] = ["rollback", "api", "--in", "staging"];

#[test]
fn law_14_promote_can_be_killed_anywhere() {
    killed_anywhere(&[], &PROMOTE);
}

#[test]
fn law_14_rollback_can_be_killed_anywhere() {
    killed_anywhere(&[&PROMOTE], &ROLLBACK);
}

#[test]
fn law_14_unbar_can_be_killed_anywhere() {
    killed_anywhere(&[&PROMOTE, &ROLLBACK], &["unbar", "api", "--in", "staging"]);
}

#[test]
fn a_release_pins_the_first_environment_and_is_no_promotion_when_it_is_run_again() {
    let delivered = Delivered::new();
    let fixture = &delivered.fixture;
    let old = deployment(&fixture.registry.address(), "api:0.1.0");
    delivered.push_there(&[("staging/api.yaml", &old)], "fix: a tag alone");
    fixture.ok(&["bump", "0.4.0", "api", "--commit"]);
    fixture.ok(&["tag", "api", "--rc", "--push"]);
    let plan = fixture.json(&["plan", "--tag", "api-v0.4.0-rc1"]);
    let build_id = plan["matrix"]["include"][0]["build_id"]
        .as_str()
        .unwrap()
        .to_owned();
    for platform in ["linux/amd64", "linux/arm64"] {
        monorelease::rehearse::images::push_to(
            &fixture.registry,
            "acme/api",
            &build_id,
            platform,
            "0.4.0",
            &fixture.head(),
            false,
        )
        .unwrap();
    }
    let dry = fixture.json(&["release", "api", "--dry-run"]);
    assert_eq!(dry.code, 0, "{dry:#}");
    let last = dry["steps"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (last["kind"].as_str(), last["verdict"].as_str()),
        (Some("pin"), Some("todo")),
        "{dry:#}"
    );
    fixture.ok(&["release", "api"]);
    let four = delivered.digest("api", "0.4.0");
    assert!(names_version(
        &delivered.file("staging/api.yaml"),
        "0.4.0",
        &four
    ));
    assert!(
        image_of(&delivered.file("production/api.yaml")).contains(":0.1.0@"),
        "only the first environment"
    );
    let head = delivered.refs();
    let again = fixture.json(&["release", "api"]);
    assert!(
        again["steps"]
            .as_array()
            .unwrap()
            .iter()
            .all(|step| step["verdict"] == "done"),
        "{again:#}"
    );
    // Taken back, the release that is run again leaves it there.
    fixture.ok(&["rollback", "api", "--in", "staging"]);
    assert_ne!(delivered.refs(), head);
    let back = delivered.refs();
    let third = fixture.ok(&["release", "api"]);
    third.assert_stderr(str![[r#"
   Releasing api 0.4.0
        done index [SERVER]/acme/api:0.4.0 = [DIGEST]  (holds [DIGEST])
        done promote [SERVER]/acme/api:0.4.0-amd64 ← [DIGEST]  (holds [DIGEST])
        done promote [SERVER]/acme/api:0.4.0-arm64 ← [DIGEST]  (holds [DIGEST])
        done push-tag api-v0.4.0 to origin  (origin has it at [SHORT])
        done tag api-v0.4.0 at [SHORT]  (at [SHORT])
        note api: no [trust] is configured, so nothing is signed or listed
        note api: no github is configured, so no forge release is made
        note api: [DIGEST] is barred in staging, so it is not delivered there
    Finished nothing to do

"#]]);
    assert_eq!(delivered.refs(), back);
}

#[test]
fn environments_that_are_branches_of_this_repository_get_the_digest_alone() {
    let delivered = Delivered::with(
        "[environments.dev]\nbranch = \"dev\"\n[environments.stage]\nbranch = \"stage\"\nafter = \"dev\"\n",
        &[],
    );
    let fixture = &delivered.fixture;
    delivered.release("api", "0.1.0");
    let two = delivered.release("api", "0.2.0");
    let repository = format!("{}/acme/api", fixture.registry.address());
    let pins = ["dev", "stage"]
        .map(|stage| format!("[[pins]]\nproject = \"api\"\nenvironment = \"{stage}\"\nfile = \"registry/api.yaml\"\nwrite = \"digest\"\n"));
    fixture.write(
        "xtask/monorepo.toml",
        &format!("{}{}", fixture.read("xtask/monorepo.toml"), pins.concat()),
    );
    let one = delivered.digest("api", "0.1.0");
    let text = format!(
        "ref: api@1\nimage:\n  oci: {repository}@{one}\n  platforms:\n    amd64: {repository}@{}\n",
        delivered.digest("api", "b0.1.0-amd64")
    );
    fixture.write("registry/api.yaml", &text);
    fixture.git(&["add", "--all"]);
    fixture.commit_all("feat: a registry file");
    for branch in ["main", "main:dev", "main:stage"] {
        fixture.git(&["push", "--quiet", "origin", branch]);
    }
    fixture.git(&["fetch", "--quiet", "origin"]);
    let head = fixture.head();
    let state = fixture.state();
    fixture.ok(&["promote", "api", "--to", "dev", "--version", "0.2.0"]);
    // A digest alone tells no version, and is enough.
    fixture.ok(&["promote", "api", "--to", "stage"]);
    let origin = fixture.folder().join("origin.git");
    let wanted = text.replace(&one, &two).replace(
        &delivered.digest("api", "b0.1.0-amd64"),
        &delivered.digest("api", "b0.2.0-amd64"),
    );
    for branch in ["dev", "stage"] {
        assert_eq!(
            git_in(&origin, &["show", &format!("{branch}:registry/api.yaml")]),
            wanted
        );
        let parent = git_in(&origin, &["rev-parse", &format!("{branch}~1")]);
        assert_eq!(parent.trim(), head, "the pin's commit came alone");
    }
    assert_eq!(
        (fixture.head(), fixture.read("registry/api.yaml")),
        (head, text),
        "the work tree is not touched"
    );
    assert_eq!(
        fixture.state()["refs here"],
        state["refs here"],
        "nor is any branch of this clone"
    );
    fixture.ok(&["rollback", "api", "--in", "stage"]);
    assert!(git_in(&origin, &["show", "stage:registry/api.yaml"]).contains(&one));
}

#[test]
fn a_thousand_files_are_one_clone_one_commit_and_one_push() {
    let delivered = Delivered::new();
    let fixture = &delivered.fixture;
    let text = delivered.file("staging/api.yaml");
    let names: Vec<String> = (0..999)
        .map(|number| format!("staging/api-{number}.yaml"))
        .collect();
    delivered.push_there(
        &names
            .iter()
            .map(|name| (name.as_str(), text.as_str()))
            .collect::<Vec<_>>(),
        "feat: many",
    );
    let shims = fixture.folder().join("shims");
    let log = fixture.folder().join("log");
    let git = String::from_utf8(
        std::process::Command::new("which")
            .arg("git")
            .output()
            .unwrap()
            .stdout,
    )
    .unwrap();
    write_program(
        &shims.join("git"),
        &format!(
            "#!/bin/sh\necho \"$@\" >> '{}'\nexec {} \"$@\"\n",
            log.display(),
            git.trim()
        ),
    );
    let path = format!("{}:{}", shims.display(), std::env::var("PATH").unwrap());
    let run = fixture.run_with(
        &["promote", "api", "--to", "staging", "--version", "0.2.0"],
        &[("PATH", &path)],
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    let log = fs::read_to_string(log).unwrap();
    let count = |word: &str| {
        log.lines()
            .filter(|line| line.split(' ').any(|found| found == word))
            .count()
    };
    // Whether a push would be taken is asked once before it.
    assert_eq!(
        (
            count("init"),
            count("commit-tree"),
            count("push"),
            count("--dry-run")
        ),
        (1, 1, 2, 1),
        "{log}"
    );
    assert!(log.lines().count() < 20, "no child for each file: {log}");
    assert_eq!(delivered.subjects().len(), 3);
    let changed = git_in(
        &delivered.there(),
        &["diff", "--stat", "--shortstat", "main~1", "main"],
    );
    assert!(
        changed.contains("1000 files changed, 1000 insertions(+), 1000 deletions(-)"),
        "{changed}"
    );
}

#[test]
fn law_19_eight_promotions_at_once_lose_no_pin() {
    let services: Vec<String> = (0..8).map(|number| format!("svc{number}")).collect();
    let delivered = Delivered::with("", &[]);
    let fixture = &delivered.fixture;
    let mut config = format!(
        "{}[environments.staging]\n",
        fixture.read("xtask/monorepo.toml")
    );
    let mut files = Vec::new();
    for name in &services {
        fixture.write(&format!("{name}/VERSION"), "0.2.0\n");
        config.push_str(&format!(
            "[projects.{name}]\npath = \"{name}\"\nversions = [\"VERSION\"]\nimage = {{ platforms = [\"linux/amd64\", \"linux/arm64\"] }}\n"
        ));
        config.push_str(&format!(
            "[[pins]]\nproject = \"{name}\"\nenvironment = \"staging\"\ngit = \"{}\"\nfile = \"all.yaml\"\n",
            delivered.there().display()
        ));
        delivered.release(name, "0.2.0");
        files.push(format!(
            "{name}:\n  image: {}/acme/{name}:0.1.0\n",
            fixture.registry.address()
        ));
    }
    fixture.write("xtask/monorepo.toml", &config);
    delivered.push_there(&[("all.yaml", &files.concat())], "feat: begin");
    let start = |name: &String| {
        let line = ["promote", name, "--to", "staging", "--version", "0.2.0"];
        program(&fixture.root())
            .args(line)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let running: Vec<_> = services.iter().map(start).collect();
    for child in running {
        let run = ran(child.wait_with_output().unwrap());
        assert_eq!(run.code, 0, "{}", run.stderr);
    }
    let text = delivered.file("all.yaml");
    for name in &services {
        assert!(
            text.contains(&format!(
                "/acme/{name}:0.2.0@{}\n",
                delivered.digest(name, "0.2.0")
            )),
            "{text}"
        );
    }
    assert_eq!(delivered.subjects().len(), 9);
    assert_eq!(
        git_in(
            &delivered.there(),
            &["rev-list", "--merges", "--count", "main"]
        )
        .trim(),
        "0"
    );
}

/// The remote's address may hold a password that the user put there: it is used, and neither shown nor in any argument list.
#[test]
fn law_17_a_password_in_the_remotes_address_is_neither_shown_nor_an_argument() {
    let delivered = Delivered::with(
        "[environments.dev]\n[[pins]]\nproject = \"api\"\nenvironment = \"dev\"\nfile = \"registry/api.yaml\"\n",
        &[],
    );
    let fixture = &delivered.fixture;
    delivered.release("api", "0.2.0");
    fixture.write(
        "registry/api.yaml",
        &format!("image: {}/acme/api:0.1.0\n", fixture.registry.address()),
    );
    fixture.git(&["add", "--all"]);
    fixture.commit_all("feat: a registry file");
    fixture.git(&["push", "--quiet", "origin", "main"]);
    let origin = fixture.folder().join("origin.git");
    fixture.git(&[
        "remote",
        "set-url",
        "origin",
        "https://me:hunter2hunter2@forge.invalid/a/b",
    ]);
    let shims = fixture.folder().join("shims");
    let log = fixture.folder().join("log");
    let git = String::from_utf8(
        std::process::Command::new("which")
            .arg("git")
            .output()
            .unwrap()
            .stdout,
    )
    .unwrap();
    write_program(
        &shims.join("git"),
        &format!(
            "#!/bin/sh\necho \"$@\" >> '{}'\nexec {} \"$@\"\n",
            log.display(),
            git.trim()
        ),
    );
    let path = format!("{}:{}", shims.display(), std::env::var("PATH").unwrap());
    let line = [
        "promote",
        "api",
        "--to",
        "dev",
        "--version",
        "0.2.0",
        "--json",
    ];
    let surroundings = [
        ("PATH", path.as_str()),
        ("GITHUB_TOKEN", "hunter2-of-the-forge"),
    ];
    let away = fixture.run_with(&line, &surroundings);
    assert_eq!(away.code, 3, "{}", away.stderr);
    away.assert_stderr(str![[r#"
       error https://forge.invalid/a/b (main) cannot be read: fatal: unable to access 'https://forge.invalid/a/b/': Could not resolve host: forge.invalid
         try git ls-remote --heads https://forge.invalid/a/b
     Refused nothing was done

"#]]);
    // With the user's own setting the same address leads to a place that is there.
    fixture.git(&[
        "config",
        &format!("url.{}.insteadOf", origin.display()),
        "https://me:hunter2hunter2@forge.invalid/a/b",
    ]);
    let there = fixture.run_with(&line, &surroundings);
    assert_eq!(there.code, 0, "{}", there.stderr);
    assert!(git_in(&origin, &["show", "main:registry/api.yaml"]).contains("0.2.0@"));
    let said = [
        away.stdout,
        away.stderr,
        there.stdout,
        there.stderr,
        fs::read_to_string(log).unwrap(),
    ]
    .concat();
    assert!(!said.contains("hunter2"), "{said}");
}
