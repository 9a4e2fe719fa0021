//! Deploy and smoke: what is done in an environment once its pins say an image, where it is written down, and what asks for it.

use snapbox::str;
use std::fs;
use std::process::Stdio;

use crate::support;
use crate::support::delivery::Delivered;
use crate::support::deploy::state;
use crate::support::programs::write_program;
use crate::support::snapshots::assert_text;

const TO_STAGING: [&str; 6] = ["promote", "api", "--to", "staging", "--version", "0.2.0"];

#[test]
fn law_20_production_wants_what_passed_in_staging() {
    let delivered = Delivered::with_pins_and_modal();
    let fixture = &delivered.fixture;
    let two = delivered.digest("api", "0.2.0");
    delivered.let_fail("function", true);
    let failed = fixture.run(&TO_STAGING);
    assert_eq!(failed.code, 1, "{}", failed.stderr);
    failed.assert_stderr(str![[r#"
        todo record api 0.2.0 is to run in staging, [FOLDER]/origin.git (refs/xtask/environments)  (nothing comes before it)
        todo pin api in staging: 0.1.0 → 0.2.0, [FOLDER]/deploy.git (main)  (nothing comes before it)
        todo deploy api 0.2.0 in staging, by ops/modal  (nothing comes before it)
        todo smoke api 0.2.0 in staging, by ops/modal  (nothing comes before it)
       acted pin api in staging: 0.1.0 → 0.2.0, [FOLDER]/deploy.git (main)  [[DURATION]]
       acted record api 0.2.0 is to run in staging, [FOLDER]/origin.git (refs/xtask/environments)  [[DURATION]]
           │ api/staging: modal deploy of api 0.2.0 with token
       acted deploy api 0.2.0 in staging, by ops/modal  [[DURATION]]
           │ api/staging: modal function of api 0.2.0 with token
           │ api/staging: the function raised
      failed smoke api 0.2.0 in staging, by ops/modal
             `modal function call code.modal_app::smoke --env staging` failed (exit status: 1)
             modal function of api 0.2.0 with token
             the function raised
             api 0.2.0 is in staging all the same; to take it back: cargo xtask rollback api --in staging  [[DURATION]]
       error stopped after 3 of 4 steps; nothing is lost: what is done is found done by the next run
         try cargo xtask promote api --to staging --version 0.2.0, once the cause is mended

"#]]);
    assert_eq!(
        delivered.log(),
        ["deploy staging api 0.2.0", "function staging api 0.2.0"]
    );
    assert!(
        delivered.file("staging/api.yaml").contains(&two),
        "the pins were delivered before"
    );
    let early = fixture.run(&["promote", "api", "--to", "production"]);
    assert_eq!(early.code, 3, "{}", early.stderr);
    early.assert_stderr(str![[r#"
        todo record api 0.2.0 is to run in production, [FOLDER]/origin.git (refs/xtask/environments)  (it stands in staging)
        todo pin api in production: 0.1.0 → 0.2.0, [FOLDER]/deploy.git (main)  (it stands in staging)
        todo deploy api 0.2.0 in production, by ops/modal  (it stands in staging)
        todo smoke api 0.2.0 in production, by ops/modal  (it stands in staging)
       error api 0.2.0 has not passed smoke in staging, as refs/xtask/environments tells
         try cargo xtask promote api --to staging --version 0.2.0
     Refused nothing was done

"#]]);

    // The same line does what has no witness, and nothing else.
    delivered.let_fail("function", false);
    let again = fixture.json(&TO_STAGING);
    let verdicts = again.verdicts();
    assert_eq!(
        (again.code, verdicts),
        (
            0,
            ["record done", "pin done", "deploy done", "smoke acted"]
                .map(str::to_owned)
                .to_vec()
        ),
        "{again:#}"
    );
    assert_eq!(delivered.log().len(), 3);
    fixture.ok(&["promote", "api", "--to", "production"]);
    assert_eq!(
        delivered.log()[3..],
        [
            "deploy production api 0.2.0",
            "function production api 0.2.0"
        ]
    );
    assert_eq!(
        delivered.ledger_subjects(),
        [
            "chore(production): api 0.2.0 passed smoke",
            "chore(production): api 0.2.0 passed deploy",
            "chore(production): api 0.2.0",
            "chore(staging): api 0.2.0 passed smoke",
            "chore(staging): api 0.2.0 passed deploy",
            "chore(staging): api 0.2.0",
            "chore: begin",
        ]
    );
    let entry = delivered.recorded("staging/api.toml");
    assert!(
        entry.contains(&format!("digest = \"{two}\""))
            && entry.contains("\n[passed]\ndeploy = \"sha256:"),
        "{entry}"
    );
    let third = fixture.ok(&["promote", "api", "--to", "production"]);
    third.assert_stderr(str![[r#"
        done deploy api 0.2.0 in production, by ops/modal  ([SHORT] says so)
        done pin api in production: 0.2.0 → 0.2.0, [FOLDER]/deploy.git (main)  ([SHORT] says so)
        done record api 0.2.0 is to run in production, [FOLDER]/origin.git (refs/xtask/environments)  ([SHORT] says so)
        done smoke api 0.2.0 in production, by ops/modal  ([SHORT] says so)
    Finished nothing to do

"#]]);
    assert_eq!(delivered.log().len(), 5);
}

#[test]
fn an_environment_without_pins_is_promoted_to_and_taken_back_by_the_ledger() {
    let delivered = Delivered::without_pins();
    let fixture = &delivered.fixture;
    let one = delivered.digest("api", "0.1.0");
    let two = delivered.digest("api", "0.2.0");
    let early = fixture.run(&TO_STAGING);
    assert_eq!(early.code, 3, "{}", early.stderr);
    early.assert_stderr(str![[r#"
        todo record api 0.2.0 is to run in staging, [FOLDER]/origin.git (refs/xtask/environments)  (it stands in dev)
        todo deploy api 0.2.0 in staging, by ops/modal  (it stands in dev)
        todo smoke api 0.2.0 in staging, by ops/modal  (it stands in dev)
       error api 0.2.0 does not stand in dev, through which alone staging is reached: refs/xtask/environments has nothing
         try cargo xtask promote api --to dev --version 0.2.0
     Refused nothing was done

"#]]);
    for version in ["0.1.0", "0.2.0"] {
        fixture.ok(&["promote", "api", "--to", "dev", "--version", version]);
        for stage in ["staging", "production"] {
            fixture.ok(&["promote", "api", "--to", stage]);
        }
    }
    for stage in ["dev", "staging", "production"] {
        assert_eq!(delivered.running(stage), two, "{stage}");
    }
    let count = delivered.log().len();
    assert_eq!(count, 12);

    // Back to the former digest, deployed and tried as the other was; a second time finds it done.
    fixture.ok(&["rollback", "api", "--in", "production", "--why", "it burns"]);
    assert_eq!(
        (
            delivered.running("production"),
            delivered.running("staging")
        ),
        (one, two.clone())
    );
    assert_eq!(
        delivered.log()[count..],
        [
            "deploy production api 0.1.0",
            "function production api 0.1.0"
        ]
    );
    let bars = delivered.recorded(".xtask/barred.toml");
    assert!(
        bars.contains(&two)
            && bars.contains("why = \"it burns\"")
            && bars.contains("by = \"Test <test@localhost>\""),
        "{bars}"
    );
    let refs = fixture.state()["refs there"].clone();
    let again = fixture.ok(&["rollback", "api", "--in", "production"]);
    again.assert_stderr(str![[r#"
        done deploy api 0.1.0 in production, by ops/modal  ([SHORT] says so)
        done record api 0.1.0 is to run in production, [FOLDER]/origin.git (refs/xtask/environments)  ([SHORT] says so)
        done smoke api 0.1.0 in production, by ops/modal  ([SHORT] says so)
        note api: production was rolled back by [SHORT], and nothing was promoted since; --to X.Y.Z goes further back
    Finished nothing to do

"#]]);
    let barred = fixture.run(&["promote", "api", "--to", "production"]);
    assert_eq!(barred.code, 3, "{}", barred.stderr);
    barred.assert_stderr(str![[r#"
       error api 0.2.0 ([DIGEST]) is barred in production since [TIMESTAMP] by Test <test@localhost>: it burns
         try cargo xtask unbar api --in production [DIGEST]
     Refused nothing was done

"#]]);
    assert!(
        barred
            .stderr
            .contains(&format!("cargo xtask unbar api --in production {two}"))
    );
    assert_eq!(
        (fixture.state()["refs there"].clone(), delivered.log().len()),
        (refs, count + 2),
        "neither did anything"
    );
    fixture.ok(&["unbar", "api", "--in", "production", &two]);
    assert!(!delivered.recorded(".xtask/barred.toml").contains(&two));
    fixture.ok(&["promote", "api", "--to", "production"]);
    assert_eq!(
        delivered.running("production"),
        two,
        "what ran there once has to be deployed again"
    );
    // Where nothing stood before there is nothing to go back to.
    let first = Delivered::without_pins();
    first
        .fixture
        .ok(&["promote", "api", "--to", "dev", "--version", "0.1.0"]);
    let unclear = first.fixture.run(&["rollback", "api", "--in", "dev"]);
    assert_eq!(unclear.code, 3, "{}", unclear.stderr);
    unclear.assert_stderr(str![[r#"
       error it cannot be told what ran in dev before: nothing stood there before
         try cargo xtask rollback api --in dev --to X.Y.Z
     Refused nothing was done

"#]]);
}

#[test]
fn law_13_a_dry_run_deploys_nothing() {
    for delivered in [Delivered::without_pins(), Delivered::with_pins_and_modal()] {
        let fixture = &delivered.fixture;
        let to = if delivered.there().join("refs/heads/main").exists() {
            "staging"
        } else {
            "dev"
        };
        let before = state(fixture);
        let plan = fixture.json(&[
            "promote",
            "api",
            "--to",
            to,
            "--version",
            "0.2.0",
            "--dry-run",
        ]);
        let kinds: Vec<_> = plan["steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| step["kind"].as_str().unwrap())
            .collect();
        assert_eq!(plan.code, 0, "{plan:#}");
        let wanted: &[&str] = if to == "dev" {
            &["record", "deploy", "smoke"]
        } else {
            &["record", "pin", "deploy", "smoke"]
        };
        assert_eq!(kinds, wanted);
        assert!(
            plan["steps"]
                .as_array()
                .unwrap()
                .iter()
                .all(|step| step["verdict"] == "todo"),
            "{plan:#}"
        );
        assert_eq!(state(fixture), before);
    }
}

#[test]
fn a_rollback_that_failed_to_deploy_is_finished_by_the_same_line() {
    let delivered = Delivered::with_pins_and_modal();
    let fixture = &delivered.fixture;
    fixture.ok(&["promote", "api", "--to", "staging", "--version", "0.1.0"]);
    fixture.ok(&TO_STAGING);
    delivered.let_fail("deploy", true);
    let line = ["rollback", "api", "--in", "staging"];
    assert_eq!(fixture.run(&line).code, 1);
    assert!(
        delivered.file("staging/api.yaml").contains("api:0.1.0@"),
        "the pins are back"
    );
    delivered.let_fail("deploy", false);
    let count = delivered.log().len();
    fixture.ok(&line);
    assert_eq!(
        delivered.log()[count..],
        ["deploy staging api 0.1.0", "function staging api 0.1.0"]
    );
    assert_eq!(
        delivered.running("staging"),
        delivered.digest("api", "0.1.0")
    );
    let refs = state(fixture);
    fixture.ok(&line);
    assert_eq!(state(fixture), refs);
}

#[test]
fn what_passed_does_not_count_once_somebody_changed_the_pins() {
    let delivered = Delivered::with_pins_and_modal();
    let fixture = &delivered.fixture;
    fixture.ok(&TO_STAGING);
    let by_hand = delivered
        .file("staging/api.yaml")
        .replace("api:0.2.0@", "api:0.1.0@");
    let by_hand = by_hand.replace(
        &delivered.digest("api", "0.2.0"),
        &delivered.digest("api", "0.1.0"),
    );
    delivered.push_there(&[("staging/api.yaml", &by_hand)], "chore: by hand");
    fixture.ok(&TO_STAGING);
    assert_eq!(
        delivered.log().len(),
        4,
        "it is deployed and tried anew: {:?}",
        delivered.log()
    );
}

#[test]
fn other_words_are_another_check() {
    let delivered = Delivered::with_pins_and_modal();
    let fixture = &delivered.fixture;
    fixture.ok(&TO_STAGING);
    let config = fixture.read("xtask/monorepo.toml").replacen(
        "code.modal_app::smoke",
        "code.modal_app::smoke_more",
        1,
    );
    fixture.write("xtask/monorepo.toml", &config);
    let refused = fixture.run(&["promote", "api", "--to", "production"]);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    refused.assert_stderr(str![[r#"
        todo record api 0.2.0 is to run in production, [FOLDER]/origin.git (refs/xtask/environments)  (it stands in staging)
        todo pin api in production: 0.1.0 → 0.2.0, [FOLDER]/deploy.git (main)  (it stands in staging)
        todo deploy api 0.2.0 in production, by ops/modal  (it stands in staging)
        todo smoke api 0.2.0 in production, by ops/modal  (it stands in staging)
       error api 0.2.0 has not passed smoke in staging, as refs/xtask/environments tells
         try cargo xtask promote api --to staging --version 0.2.0
     Refused nothing was done

"#]]);
    fixture.ok(&TO_STAGING);
    assert_eq!(
        delivered.log()[2..],
        ["function staging api 0.2.0"],
        "the deploy is as it was"
    );
    // What is deployed anew has to pass anew.
    fixture.write(
        "xtask/monorepo.toml",
        &config.replacen("code/modal_app.py", "code/other_app.py", 1),
    );
    fixture.ok(&TO_STAGING);
    assert_eq!(
        delivered.log()[3..],
        ["deploy staging api 0.2.0", "function staging api 0.2.0"]
    );
}

/// One environment with this deploy command, and a program of this text for it.
fn with_program(keys: &str, text: &str) -> Delivered {
    let delivered = Delivered::with(
        &format!("[environments.dev]\ndeploy = [\"ops/run\", \"{{image}}\"]\n{keys}"),
        &[],
    );
    write_program(
        &delivered.fixture.root().join("ops/run"),
        &format!("#!/bin/sh\n{text}\n"),
    );
    delivered.release("api", "0.1.0");
    delivered
}

const TO_DEV: [&str; 6] = ["promote", "api", "--to", "dev", "--version", "0.1.0"];

#[test]
fn law_17_what_a_command_prints_is_redacted_bounded_and_text() {
    let delivered = with_program(
        "",
        "echo \"token $MODAL_TOKEN_SECRET\"; printf 'bad \\377\\376 bytes\\n'; head -c 3000000 /dev/zero | tr '\\0' x; echo; yes line | head -n 5000; echo the end >&2; exit 7",
    );
    let ran = delivered
        .fixture
        .run_with(&TO_DEV, &[("MODAL_TOKEN_SECRET", "hunter2-hunter2")]);
    assert_eq!(ran.code, 1);
    let shown: String = ran.stderr.chars().take(400).collect();
    assert!(
        ran.stderr.contains("api/dev: token …\n") && !ran.stderr.contains("hunter2"),
        "{shown}"
    );
    assert!(
        ran.stderr.contains("bad \u{fffd}\u{fffd} bytes")
            && ran.stderr.contains("… and 3004 lines more"),
        "{shown}"
    );
    let end = ran.stderr.rsplit_once("failed (exit status: 7)").unwrap().1;
    assert!(end.contains("line\n") && end.contains("the end"), "{end}");
    assert!(ran.stderr.len() < 120_000, "{} bytes", ran.stderr.len());
}

#[test]
fn a_command_that_does_not_end_is_ended_with_all_that_it_started() {
    let delivered = with_program(
        "deploy-timeout = \"1s\"\n",
        "sleep 600 & echo $! > ../pid; echo begun; wait",
    );
    let ran = delivered.fixture.run(&TO_DEV);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    ran.assert_stderr(str![[r#"
        todo record api 0.1.0 is to run in dev, [FOLDER]/origin.git (refs/xtask/environments)  (nothing comes before it)
        todo deploy api 0.1.0 in dev, by ops/run  (nothing comes before it)
       acted record api 0.1.0 is to run in dev, [FOLDER]/origin.git (refs/xtask/environments)  [[DURATION]]
           │ api/dev: begun
      failed deploy api 0.1.0 in dev, by ops/run
             `run [SERVER]/acme/api@[DIGEST]` was ended with all that it started, after 1 s without an end; give it more by environments.dev.deploy-timeout
             begun
             api 0.1.0 is in dev all the same; to take it back: cargo xtask rollback api --in dev  [[DURATION]]
       error stopped after 1 of 2 steps; nothing is lost: what is done is found done by the next run
         try cargo xtask promote api --to dev --version 0.1.0, once the cause is mended

"#]]);
    let pid = fs::read_to_string(delivered.fixture.folder().join("pid")).unwrap();
    // One that has ended may still wait for its parent to take notice of it.
    let state = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    assert!(
        state.is_empty() || state.rsplit(") ").next().unwrap().starts_with('Z'),
        "{state}"
    );
}

#[test]
fn what_a_command_leaves_running_does_not_hold_it_up() {
    let delivered = with_program("", "sleep 600 & echo $! > ../pid; echo done");
    delivered.fixture.ok(&TO_DEV);
    let pid = fs::read_to_string(delivered.fixture.folder().join("pid")).unwrap();
    assert!(
        std::process::Command::new("kill")
            .args(["-KILL", pid.trim()])
            .status()
            .unwrap()
            .success(),
        "it runs on"
    );
}

#[test]
fn a_command_is_told_what_it_deploys() {
    let delivered = with_program(
        "",
        "echo \"$1 $IMAGE_REF $PROCESSOR_REF $PROJECT $ENVIRONMENT $VERSION $PWD\" > ../told; cat >> ../told",
    );
    delivered.fixture.ok(&TO_DEV);
    let image = format!(
        "{}/acme/api@{}",
        delivered.fixture.registry.address(),
        delivered.digest("api", "0.1.0")
    );
    let root = fs::canonicalize(delivered.fixture.root()).unwrap();
    let told = fs::read_to_string(delivered.fixture.folder().join("told")).unwrap();
    assert_eq!(
        told,
        format!("{image} {image} {image} api dev 0.1.0 {}\n", root.display()),
        "and nothing on stdin"
    );
}

#[test]
fn law_16_a_missing_program_refuses_before_anything_is_done() {
    for (program, expected) in [
        (
            "no-such-program-here",
            str![[r#"
        todo record api 0.2.0 is to run in staging, [FOLDER]/origin.git (refs/xtask/environments)  (nothing comes before it)
        todo pin api in staging: 0.1.0 → 0.2.0, [FOLDER]/deploy.git (main)  (nothing comes before it)
        todo deploy api 0.2.0 in staging, by ops/modal  (nothing comes before it)
        todo smoke api 0.2.0 in staging, by no-such-program-here  (nothing comes before it)
       error the PATH has no program no-such-program-here
         try install no-such-program-here, or give its path from the root of the repository
     Refused nothing was done

"#]],
        ),
        (
            "ops/absent",
            str![[r#"
        todo record api 0.2.0 is to run in staging, [FOLDER]/origin.git (refs/xtask/environments)  (nothing comes before it)
        todo pin api in staging: 0.1.0 → 0.2.0, [FOLDER]/deploy.git (main)  (nothing comes before it)
        todo deploy api 0.2.0 in staging, by ops/modal  (nothing comes before it)
        todo smoke api 0.2.0 in staging, by ops/absent  (nothing comes before it)
       error there is no program ops/absent
         try install ops/absent, or give its path from the root of the repository
     Refused nothing was done

"#]],
        ),
    ] {
        let delivered = Delivered::with_pins_and_modal();
        let fixture = &delivered.fixture;
        fixture.write(
            "xtask/monorepo.toml",
            &fixture
                .read("xtask/monorepo.toml")
                .replace("\"ops/modal\", \"function\"", &format!("\"{program}\"")),
        );
        let before = state(fixture);
        let ran = fixture.run(&TO_STAGING);
        assert_eq!(ran.code, 3, "{}", ran.stderr);
        ran.assert_stderr(expected);
        assert_eq!(state(fixture), before);
    }
}

#[test]
fn a_placeholder_that_is_none_is_told_before_anything_is_read() {
    let delivered = with_program("smoke = [\"x\", \"{digset}\"]\n", "true");
    let ran = delivered.fixture.run(&["versions"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    ran.assert_stderr(str![[r#"
       error xtask/monorepo.toml: environments.dev: smoke has the placeholder {digset}, which is none; did you mean {digest}? (placeholders: {environment}, {project}, {package}, {version}, {digest}, {image}, {ref})
         try edit xtask/monorepo.toml, then run the command again

"#]]);
}

/// The whole example of the design: environments that are branches, files that are projects, and commands.
#[test]
fn the_example_of_the_design_is_read_as_it_stands() {
    let config = "[images-from]\nfiles = \"code/apps/core/registry/processors/*.yaml\"     # one project a file\n[environments.dev]\nbranch = \"dev\"\n[environments.staging]\nbranch = \"staging\"\nafter  = \"dev\"\ndeploy = [\"modal\", \"deploy\", \"-m\", \"code/modal_app.py\", \"--env\", \"{environment}\"]   # run per project; IMAGE_REF, PROCESSOR_REF in the environment\nsmoke  = [\"modal\", \"function\", \"call\", \"code.modal_app::smoke\", \"--env\", \"{environment}\"]\n";
    let delivered = Delivered::with(config, &[]);
    delivered.fixture.ok(&["versions"]);
}

#[test]
fn law_14_promote_can_be_killed_at_every_call_of_what_deploys() {
    let delivered = Delivered::with_pins_and_modal();
    let mut scenario =
        support::crash::Scenario::told_by(&delivered.fixture, &TO_STAGING, Vec::new(), state);
    scenario.at_every_call_of_file("ops/modal");
    scenario.at_every_call_that("*push*", "git");
    println!("promote with deploy and smoke: {} cases", scenario.cases);
}

#[test]
fn law_14_promote_without_pins_can_be_killed_anywhere() {
    let delivered = Delivered::without_pins();
    let mut scenario =
        support::crash::Scenario::told_by(&delivered.fixture, &TO_DEV, Vec::new(), state);
    scenario.at_every_call_of_file("ops/modal");
    scenario.at_every_call_that("*push*", "git");
    scenario.at_every_call_that("*commit-tree*", "git");
    println!("promote by commands alone: {} cases", scenario.cases);
}

#[test]
fn law_14_rollback_can_be_killed_at_every_call_of_what_deploys() {
    let delivered = Delivered::without_pins();
    for version in ["0.1.0", "0.2.0"] {
        delivered
            .fixture
            .ok(&["promote", "api", "--to", "dev", "--version", version]);
    }
    let mut scenario = support::crash::Scenario::told_by(
        &delivered.fixture,
        &["rollback", "api", "--in", "dev"],
        Vec::new(),
        state,
    );
    scenario.at_every_call_of_file("ops/modal");
    scenario.at_every_call_that("*push*", "git");
    println!("rollback by commands alone: {} cases", scenario.cases);
}

/// A release of two projects: what fails to deploy of one is no reason for the other.
#[test]
fn one_projects_failed_deploy_does_not_hide_anothers() {
    let delivered = Delivered::with("[environments.dev]\ndeploy = [\"ops/run\"]\n", &[]);
    let fixture = &delivered.fixture;
    write_program(
        &fixture.root().join("ops/run"),
        "#!/bin/sh\necho \"$PROJECT $VERSION\" >> ../told\n[ \"$PROJECT\" = web ] || exit 4\n",
    );
    let web = "versions = [\"src/web/version.py\"]\n";
    let image = format!("{web}image = {{ platforms = [\"linux/amd64\"] }}\n");
    let config = fixture
        .read("xtask/monorepo.toml")
        .replace(web, &image)
        .replace("[\"linux/amd64\", \"linux/arm64\"]", "[\"linux/amd64\"]");
    fixture.write("xtask/monorepo.toml", &config);
    fixture.git(&["add", "--all"]);
    fixture.commit_all("feat: web is an image too");
    fixture.ok(&["bump", "0.2.0", "api", "web", "--commit"]);
    fixture.ok(&["tag", "api", "web", "--rc", "--push"]);
    for package in ["api", "web"] {
        let plan = fixture.json(&["plan", "--tag", &format!("{package}-v0.2.0-rc1")]);
        let build_id = plan["matrix"]["include"][0]["build_id"]
            .as_str()
            .unwrap()
            .to_owned();
        let repository = format!("acme/{package}");
        monorelease::rehearse::images::push_to(
            &fixture.registry,
            &repository,
            &build_id,
            "linux/amd64",
            "0.2.0",
            &fixture.head(),
            false,
        )
        .unwrap();
    }
    let ran = fixture.run(&["release", "api", "web"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let mut told: Vec<_> = fs::read_to_string(fixture.folder().join("told"))
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    told.sort();
    assert_eq!(told, ["api 0.2.0", "web 0.2.0"]);
    assert_text(
        &ran.lines_with(" deploy "),
        str![[r#"
        todo deploy api 0.2.0 in dev, by ops/run  (the first environment gets a release by itself)
        todo deploy web 0.2.0 in dev, by ops/run  (the first environment gets a release by itself)
       acted deploy web 0.2.0 in dev, by ops/run  [[DURATION]]
      failed deploy api 0.2.0 in dev, by ops/run

"#]],
    );
}

/// Eight who write at once to a ledger that is not there yet: each is in it, and nobody was overwritten.
#[test]
fn law_19_everybody_who_writes_at_once_is_in_the_ledger() {
    let stages: Vec<String> = (1..=8).map(|number| format!("stage{number}")).collect();
    let config: String = stages
        .iter()
        .map(|stage| format!("[environments.{stage}]\ndeploy = [\"true\"]\n"))
        .collect();
    let delivered = Delivered::with(&config, &[]);
    let fixture = &delivered.fixture;
    delivered.release("api", "0.1.0");
    let running: Vec<_> = stages
        .iter()
        .map(|stage| {
            let mut command = support::program(&fixture.root());
            command
                .args(["promote", "api", "--version", "0.1.0", "--to", stage])
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for child in running {
        let ran = support::ran(child.wait_with_output().unwrap());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
    for stage in &stages {
        assert!(
            delivered
                .recorded(&format!("{stage}/api.toml"))
                .contains("[passed]\ndeploy = "),
            "{stage}"
        );
    }
    assert_eq!(
        delivered.ledger_subjects().len(),
        17,
        "two for each, and the beginning: {:?}",
        delivered.ledger_subjects()
    );
}

#[test]
fn a_command_that_never_stops_talking_is_ended_too() {
    let delivered = with_program("deploy-timeout = \"1s\"\n", "exec yes");
    let ran = delivered.fixture.run(&TO_DEV);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.len() < 60_000, "{} bytes", ran.stderr.len());
    assert_text(
        &ran.lines_with("without an end"),
        str![[r#"
             `run [SERVER]/acme/api@[DIGEST]` was ended with all that it started, after 1 s without an end; give it more by environments.dev.deploy-timeout

"#]],
    );
}
