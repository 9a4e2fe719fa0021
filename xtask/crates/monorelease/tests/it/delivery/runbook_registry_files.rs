//! The runbook of the processors with nothing but `[images-from]` and environments: no project and no pin is written down. A registry
//! file says whose image it is, which secrets it wants, and which digest runs in its branch.

use snapbox::IntoData;
use snapbox::str;
use std::fs;

use crate::support::Report;
use crate::support::programs::write_program;
use crate::support::registered::{BRANCH, LLM, Processors};
use crate::support::stage::TOKEN;

/// The calls of the runbook, and no others; a deploy wants the secrets that its processor names.
const MODAL: &str = r#"#!/bin/sh
here=$PWD/../modal
mkdir -p "$here"
case "$1 $2" in
"secret create")
  [ "$4 $6 $7 $#" = "--env --force --from-json 8" ] || exit 2
  cat "$8" > "$here/secret-$5-$3" ;;
"deploy -m")
  [ "$3 $4 $#" = "code/modal_app.py --env 5" ] || { echo "Usage: modal deploy" >&2; exit 2; }
  for name in $(echo "$TOOL_SECRETS" | tr , ' '); do
    [ -e "$here/secret-$5-$name" ] || { echo "Secret '$name' not found in environment '$5'" >&2; exit 1; }
  done
  echo "$IMAGE_REF" > "$here/runs-$5-$(echo "$PROCESSOR_REF" | tr / _)"
  echo "deploy $5 $PROCESSOR_REF $TOOL_SECRETS $IMAGE_REF" >> "$here/log" ;;
"function call")
  [ "$3 $4 $6" = "code.modal_app::smoke --env --args" ] || { echo "Usage: modal function call" >&2; exit 2; }
  [ "$7" = "{\"ref\":\"$PROCESSOR_REF\",\"mode\":\"mock\"}" ] || { echo "unknown processor: $7" >&2; exit 1; }
  grep -qx "$IMAGE_REF" "$here/runs-$5-$(echo "$PROCESSOR_REF" | tr / _)" || { echo "another image is deployed" >&2; exit 1; }
  [ ! -e "$here/broken" ] || { echo "the smoke of $PROCESSOR_REF fails" >&2; exit 1; }
  echo "smoke $5 $PROCESSOR_REF" >> "$here/log" ;;
*) echo "No such command" >&2; exit 2 ;;
esac
"#;

const STAGES: [&str; 3] = ["dev", "staging", "production"];

struct Runbook(Processors);

impl Runbook {
    fn new() -> Self {
        let processors = Processors::new();
        let fixture = &processors.fixture;
        let commands = "deploy = [\"modal\", \"deploy\", \"-m\", \"code/modal_app.py\", \"--env\", \"{environment}\"]\n\
                        smoke = [\"modal\", \"function\", \"call\", \"code.modal_app::smoke\", \"--env\", \"{environment}\", \"--args\", \
                        '{\"ref\":\"{ref}\",\"mode\":\"mock\"}']\n";
        let mut config = fixture.read("xtask/monorepo.toml");
        for stage in STAGES {
            config = config.replace(
                &format!("[environments.{stage}]\n"),
                &format!("[environments.{stage}]\n{commands}"),
            );
            config.push_str(&format!(
                "[environments.{stage}.secrets]\nsink = \"modal\"\nregistry = \"registry/*.yaml\"\n"
            ));
        }
        fixture.write("xtask/monorepo.toml", &config);
        fixture.commit_all("feat: the runbook");
        fixture.git(&[
            "push",
            "--quiet",
            "origin",
            "dev",
            "dev:staging",
            "dev:main",
        ]);
        write_program(&fixture.folder().join("bin/modal"), MODAL);
        Self(processors)
    }

    fn run(&self, arguments: &[&str]) -> Report {
        let fixture = &self.0.fixture;
        let path = format!(
            "{}:{}",
            fixture.folder().join("bin").display(),
            std::env::var("PATH").unwrap()
        );
        let url = self.0.forge.url();
        let variables = [
            ("GITHUB_API_URL", url.as_str()),
            ("GITHUB_TOKEN", TOKEN),
            ("PATH", &path),
            ("API_TOKEN", "sk-canary"),
        ];
        let ran = fixture.run_with(arguments, &variables);
        assert!(
            !ran.stderr.contains("canary") && !ran.stdout.contains("canary"),
            "law 17: {}",
            ran.stderr
        );
        ran
    }

    fn ok(&self, arguments: &[&str]) -> Report {
        let ran = self.run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.stderr);
        ran
    }

    fn refused(&self, arguments: &[&str], expected: impl IntoData) {
        let before = self.0.there();
        let ran = self.run(arguments);
        assert_eq!(ran.code, 3, "{}", ran.stderr);
        ran.assert_stderr(expected);
        assert_eq!(self.0.there(), before, "what is refused does nothing");
    }

    /// Builds, and merges the pull request that pins it.
    fn pin(&self, text: &str) -> String {
        self.0.change("processors/llm_litellm/app.py", text);
        self.0.push_builds(&["llm-litellm"]);
        self.ok(&["pin", "llm_litellm"]);
        self.0.merge();
        let pinned = self.0.at("dev", LLM);
        assert_eq!(self.0.open().len(), 0, "{BRANCH} is merged");
        format!(
            "{}/acme/llm-litellm@{}",
            self.0.fixture.registry.address(),
            Processors::digest(&pinned)
        )
    }

    fn log(&self) -> String {
        fs::read_to_string(self.0.fixture.folder().join("modal/log")).unwrap_or_default()
    }
}

#[test]
fn what_is_pinned_on_dev_is_deployed_there_and_comes_to_production_and_back() {
    let runbook = Runbook::new();
    let to_dev = ["promote", "llm_litellm", "--to", "dev"];
    let to_staging = ["promote", "llm_litellm", "--to", "staging"];
    runbook.refused(
        &to_dev,
        str![[r#"
       error dev does not tell which version of llm_litellm to promote: its pins say no tag
         try cargo xtask pin llm_litellm
     Refused nothing was done

"#]],
    );
    let told = || {
        let document: serde_json::Value =
            serde_json::from_str(&runbook.ok(&["status", "llm_litellm", "--json"]).stdout).unwrap();
        let word = |environment: &serde_json::Value| {
            environment["next"].as_str().unwrap_or("nothing").to_owned()
        };
        document["projects"][0]["environments"]
            .as_array()
            .unwrap()
            .iter()
            .map(word)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        told(),
        ["cargo xtask pin llm_litellm", "nothing", "nothing"]
    );
    let one = runbook.pin("print(1)\n");
    assert_eq!(
        told(),
        [
            "cargo xtask promote llm_litellm --to dev",
            "nothing",
            "nothing"
        ]
    );
    runbook.refused(&to_staging, str![[r#"
        todo record llm_litellm [DIGEST] is to run in staging, [FOLDER]/origin.git (refs/xtask/environments)  (it stands in dev)
        todo pin llm_litellm in staging:  → [DIGEST], [FOLDER]/origin.git (staging)  (it stands in dev)
        todo deploy llm_litellm [DIGEST] in staging, by modal  (it stands in dev)
        todo smoke llm_litellm [DIGEST] in staging, by modal  (it stands in dev)
       error llm_litellm [DIGEST] has not passed deploy and smoke in dev, as refs/xtask/environments tells
         try cargo xtask promote llm_litellm --to dev
     Refused nothing was done

"#]]);

    // Nothing is deployed without its secrets; the same line finishes what it began.
    let bare = runbook.run(&to_dev);
    assert_eq!(bare.code, 1, "{}", bare.stderr);
    bare.assert_stderr(str![[r#"
        todo record llm_litellm [DIGEST] is to run in dev, [FOLDER]/origin.git (refs/xtask/environments)  (it is what is pinned there)
        done pin llm_litellm in dev: [DIGEST] → [DIGEST], [FOLDER]/origin.git (dev)  ([SHORT] says so)
        todo deploy llm_litellm [DIGEST] in dev, by modal  (it is what is pinned there)
        todo smoke llm_litellm [DIGEST] in dev, by modal  (it is what is pinned there)
       acted record llm_litellm [DIGEST] is to run in dev, [FOLDER]/origin.git (refs/xtask/environments)  [[DURATION]]
           │ llm_litellm/dev: Secret 'API_TOKEN' not found in environment 'dev'
      failed deploy llm_litellm [DIGEST] in dev, by modal
             `modal deploy -m code/modal_app.py --env dev` failed (exit status: 1)
             Secret 'API_TOKEN' not found in environment 'dev'
             llm_litellm [DIGEST] is in dev all the same; to take it back: cargo xtask rollback llm_litellm --in dev  [[DURATION]]
       error stopped after 1 of 3 steps; nothing is lost: what is done is found done by the next run
         try cargo xtask promote llm_litellm --to dev, once the cause is mended

"#]]);
    for stage in STAGES {
        runbook.ok(&["secrets", "sync", "--to", stage]);
    }
    for stage in STAGES {
        let line = format!("cargo xtask promote llm_litellm --to {stage}");
        assert!(told().contains(&line), "{line}: {:?}", told());
        runbook.ok(&["promote", "llm_litellm", "--to", stage]);
        let wanted =
            format!("deploy {stage} llm/generic@1 API_TOKEN {one}\nsmoke {stage} llm/generic@1\n");
        assert!(runbook.log().ends_with(&wanted), "{}", runbook.log());
    }
    assert_eq!(told(), ["nothing", "nothing", "nothing"]);
    let deployed = runbook.log();
    let refs = runbook.0.there();
    STAGES
        .iter()
        .for_each(|stage| drop(runbook.ok(&["promote", "llm_litellm", "--to", stage])));
    assert_eq!(
        (runbook.log(), runbook.0.there()),
        (deployed, refs),
        "law 14"
    );

    // What fails its smoke on dev goes no further; the line that is told for it is one that can be typed.
    let two = runbook.pin("print(2)\n");
    let broken = runbook.0.fixture.folder().join("modal/broken");
    fs::write(&broken, "").unwrap();
    assert_eq!(runbook.run(&to_dev).code, 1);
    runbook.refused(&to_staging, str![[r#"
        todo record llm_litellm [DIGEST] is to run in staging, [FOLDER]/origin.git (refs/xtask/environments)  (it stands in dev)
        todo pin llm_litellm in staging: [DIGEST] → [DIGEST], [FOLDER]/origin.git (staging)  (it stands in dev)
        todo deploy llm_litellm [DIGEST] in staging, by modal  (it stands in dev)
        todo smoke llm_litellm [DIGEST] in staging, by modal  (it stands in dev)
       error llm_litellm [DIGEST] has not passed smoke in dev, as refs/xtask/environments tells
         try cargo xtask promote llm_litellm --to dev
     Refused nothing was done

"#]]);
    let told = runbook.run(&to_staging).stderr;
    assert!(
        told.contains("cargo xtask promote llm_litellm --to dev") && !told.contains("--version"),
        "{told}"
    );
    fs::remove_file(&broken).unwrap();
    STAGES
        .iter()
        .for_each(|stage| drop(runbook.ok(&["promote", "llm_litellm", "--to", stage])));
    assert!(
        runbook.log().contains(&format!(
            "deploy production llm/generic@1 API_TOKEN {two}\nsmoke production"
        )),
        "{}",
        runbook.log()
    );
    assert_eq!(
        runbook.0.at("main", LLM),
        runbook.0.at("dev", LLM),
        "the same digest everywhere, and no other byte"
    );

    // Back, in the pin and deployed, until it is let again.
    runbook.ok(&[
        "rollback",
        "llm_litellm",
        "--in",
        "production",
        "--why",
        "it burns",
    ]);
    assert!(runbook.log().ends_with(&format!(
        "deploy production llm/generic@1 API_TOKEN {one}\nsmoke production llm/generic@1\n"
    )));
    assert!(
        runbook
            .0
            .at("main", LLM)
            .contains(one.rsplit('@').next().unwrap())
    );
    let to_production = ["promote", "llm_litellm", "--to", "production"];
    runbook.refused(&to_production, str![[r#"
       error llm_litellm [DIGEST] ([DIGEST]) is barred in production since [TIMESTAMP] by Test <test@localhost>: it burns ([FOLDER]/origin.git)
         try cargo xtask unbar llm_litellm --in production [DIGEST]
     Refused nothing was done

"#]]);
    runbook.ok(&["unbar", "llm_litellm", "--in", "production"]);
    runbook.ok(&to_production);
    assert_eq!(runbook.0.at("main", LLM), runbook.0.at("dev", LLM));
    // A rollback on dev is deployed as well, and goes the way of any digest from there.
    runbook.ok(&["rollback", "llm_litellm", "--in", "dev"]);
    assert!(
        runbook.log().ends_with(&format!(
            "deploy dev llm/generic@1 API_TOKEN {one}\nsmoke dev llm/generic@1\n"
        )),
        "{}",
        runbook.log()
    );
    runbook.ok(&to_staging);
    assert_eq!(runbook.0.at("staging", LLM), runbook.0.at("dev", LLM));
}
