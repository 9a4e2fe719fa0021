//! A runbook of many processors on Modal, in configuration alone: images pinned by digest in registry files, one branch an
//! environment, secrets handed over before, deploy and smoke for each, and the way back.

use snapbox::str;
use std::fs;

use crate::support::Report;
use crate::support::delivery::Delivered;
use crate::support::git_in;
use crate::support::programs::write_program;

/// The calls of the runbook, and no others; each is kept with what it was told. A deploy wants the secrets that its
/// processor's registry file names.
const MODAL: &str = r#"#!/bin/sh
here=$PWD/../modal
mkdir -p "$here"
case "$1 $2" in
"secret create")
  [ "$4 $6 $7 $#" = "--env --force --from-json 8" ] || exit 2
  cat "$8" > "$here/secret-$5-$3"
  echo "secret $5 $3" >> "$here/log" ;;
"deploy -m")
  [ "$3 $4 $#" = "code/modal_app.py --env 5" ] || { echo "Usage: modal deploy" >&2; exit 2; }
  [ -e "$here/secret-$5-OPENAI_API_KEY" ] || { echo "Secret 'OPENAI_API_KEY' not found in environment '$5'" >&2; exit 1; }
  echo "$IMAGE_REF" > "$here/runs-$5"
  echo "deploy $5 $IMAGE_REF" >> "$here/log" ;;
"function call")
  [ "$3 $4 $6" = "code.modal_app::smoke --env --args" ] || { echo "Usage: modal function call" >&2; exit 2; }
  [ "$7" = "{\"ref\":\"$(cat "$here/runs-$5")\",\"mode\":\"mock\"}" ] || { echo "unknown processor: $7" >&2; exit 1; }
  echo "smoke $5 $PROCESSOR_REF" >> "$here/log" ;;
*) echo "No such command" >&2; exit 2 ;;
esac
"#;

const STAGES: [(&str, &str); 3] = [
    ("dev", "dev"),
    ("staging", "staging"),
    ("production", "release"),
];

fn config(delivered: &Delivered) -> String {
    let mut text = delivered.fixture.read("xtask/monorepo.toml").replace(
        "platforms = [\"linux/amd64\", \"linux/arm64\"]",
        "platforms = [\"linux/amd64\"]",
    );
    let mut before = None;
    for (stage, branch) in STAGES {
        text.push_str(&format!("[environments.{stage}]\nbranch = \"{branch}\"\n"));
        before
            .iter()
            .for_each(|before| text.push_str(&format!("after = \"{before}\"\n")));
        text.push_str("deploy = [\"modal\", \"deploy\", \"-m\", \"code/modal_app.py\", \"--env\", \"{environment}\"]\n");
        text.push_str("smoke = [\"modal\", \"function\", \"call\", \"code.modal_app::smoke\", \"--env\", \"{environment}\", \"--args\", '{\"ref\":\"{image}\",\"mode\":\"mock\"}']\n");
        text.push_str(&format!("[environments.{stage}.secrets]\nsink = \"modal\"\nregistry = \"registry/processors/*.yaml\"\n"));
        before = Some(stage);
    }
    for (stage, _) in STAGES {
        text.push_str(&format!(
            "[[pins]]\nproject = \"api\"\nenvironment = \"{stage}\"\nfile = \"registry/processors/api.yaml\"\nwrite = \"digest\"\n"
        ));
    }
    text
}

fn run(delivered: &Delivered, arguments: &[&str]) -> Report {
    let path = format!(
        "{}:{}",
        delivered.fixture.folder().join("bin").display(),
        std::env::var("PATH").unwrap()
    );
    let keys = ["DEV", "STAGING", "PRODUCTION"].map(|stage| {
        (
            format!("OPENAI_API_KEY_{stage}"),
            format!("sk-canary-{stage}"),
        )
    });
    let mut variables: Vec<(&str, &str)> = keys
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    variables.push(("PATH", &path));
    let ran = delivered.fixture.run_with(arguments, &variables);
    assert!(
        !ran.stderr.contains("canary") && !ran.stdout.contains("canary"),
        "law 17: {}",
        ran.stderr
    );
    ran
}

#[test]
fn processors_go_from_branch_to_branch_and_back() {
    let delivered = Delivered::with("", &[]);
    let fixture = &delivered.fixture;
    write_program(&fixture.folder().join("bin/modal"), MODAL);
    let digests = ["0.1.0", "0.2.0"].map(|version| delivered.release("api", version));
    fixture.write("xtask/monorepo.toml", &config(&delivered));
    let repository = format!("{}/acme/api", fixture.registry.address());
    let registry = format!(
        "ref: llm/api@1\nimage:\n  oci: {repository}@{}\nsecrets:\n  required:\n    - OPENAI_API_KEY\n  optional:\n    - LITELLM_API_BASE\n",
        digests[0]
    );
    fixture.write("registry/processors/api.yaml", &registry);
    fixture.git(&["add", "--all"]);
    fixture.commit_all("feat: a processor");
    ["main", "main:dev", "main:staging", "main:release"]
        .iter()
        .for_each(|branch| drop(fixture.git(&["push", "--quiet", "origin", branch])));

    // Nothing is deployed without its secrets, and what was not deployed goes no further.
    let bare = run(
        &delivered,
        &["promote", "api", "--to", "dev", "--version", "0.1.0"],
    );
    assert_eq!(bare.code, 1, "{}", bare.stderr);
    bare.assert_stderr(str![[r#"
        todo record api 0.1.0 is to run in dev, [FOLDER]/origin.git (refs/xtask/environments)  (nothing comes before it)
        done pin api in dev: [DIGEST] → 0.1.0, [FOLDER]/origin.git (dev)  ([SHORT] says so)
        todo deploy api 0.1.0 in dev, by modal  (nothing comes before it)
        todo smoke api 0.1.0 in dev, by modal  (nothing comes before it)
       acted record api 0.1.0 is to run in dev, [FOLDER]/origin.git (refs/xtask/environments)  [[DURATION]]
           │ api/dev: Secret 'OPENAI_API_KEY' not found in environment 'dev'
      failed deploy api 0.1.0 in dev, by modal
             `modal deploy -m code/modal_app.py --env dev` failed (exit status: 1)
             Secret 'OPENAI_API_KEY' not found in environment 'dev'
             api 0.1.0 is in dev all the same; to take it back: cargo xtask rollback api --in dev  [[DURATION]]
       error stopped after 1 of 3 steps; nothing is lost: what is done is found done by the next run
         try cargo xtask promote api --to dev --version 0.1.0, once the cause is mended

"#]]);
    let early = run(
        &delivered,
        &["promote", "api", "--to", "staging", "--version", "0.1.0"],
    );
    assert_eq!(early.code, 3, "{}", early.stderr);
    early.assert_stderr(str![[r#"
        todo record api 0.1.0 is to run in staging, [FOLDER]/origin.git (refs/xtask/environments)  (it stands in dev)
        done pin api in staging: [DIGEST] → 0.1.0, [FOLDER]/origin.git (staging)  ([SHORT] says so)
        todo deploy api 0.1.0 in staging, by modal  (it stands in dev)
        todo smoke api 0.1.0 in staging, by modal  (it stands in dev)
       error api 0.1.0 has not passed deploy and smoke in dev, as refs/xtask/environments tells
         try cargo xtask promote api --to dev --version 0.1.0
     Refused nothing was done

"#]]);
    for (stage, _) in STAGES {
        let synced = run(&delivered, &["secrets", "sync", "--to", stage]);
        assert_eq!(synced.code, 0, "{}", synced.stderr);
    }
    for version in ["0.1.0", "0.2.0"] {
        for (stage, _) in STAGES {
            let ran = run(
                &delivered,
                &["promote", "api", "--to", stage, "--version", version],
            );
            assert_eq!(ran.code, 0, "{version} to {stage}: {}", ran.stderr);
        }
    }
    let origin = fixture.folder().join("origin.git");
    for (stage, branch) in STAGES {
        let pinned = git_in(
            &origin,
            &["show", &format!("{branch}:registry/processors/api.yaml")],
        );
        assert_eq!(
            pinned,
            registry.replace(&digests[0], &digests[1]),
            "the same digest everywhere, and no other byte"
        );
        assert_eq!(
            fs::read_to_string(fixture.folder().join(format!("modal/runs-{stage}")))
                .unwrap()
                .trim(),
            format!("{repository}@{}", digests[1])
        );
    }

    // Rollback is mechanical: the former digest, in the pin and deployed.
    let back = run(&delivered, &["rollback", "api", "--in", "production"]);
    assert_eq!(back.code, 0, "{}", back.stderr);
    assert!(
        git_in(&origin, &["show", "release:registry/processors/api.yaml"]).contains(&digests[0])
    );
    let log = fs::read_to_string(fixture.folder().join("modal/log")).unwrap();
    let last: Vec<&str> = log.lines().rev().take(2).collect();
    assert_eq!(
        last,
        [
            format!("smoke production {repository}@{}", digests[0]),
            format!("deploy production {repository}@{}", digests[0])
        ]
    );
    let again = run(
        &delivered,
        &["promote", "api", "--to", "production", "--version", "0.2.0"],
    );
    assert_eq!(again.code, 3, "{}", again.stderr);
    again.assert_stderr(str![[r#"
       error api 0.2.0 ([DIGEST]) is barred in production since [TIMESTAMP] by Test <test@localhost> ([FOLDER]/origin.git)
         try cargo xtask unbar api --in production [DIGEST]
     Refused nothing was done

"#]]);
}
