//! `secrets sync`: values come from the environment and go to stores that are as strict as the real ones; nobody else sees one.

use snapbox::str;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::support;
use crate::support::programs::write_program;
use crate::support::{Fixture, Report, program};
use rustix::process::{Pid, Signal, kill_process};

/// `kubectl get secret NAME --output=json --ignore-not-found` and `kubectl apply --server-side … --filename=-`, which keep a
/// Secret as it is applied.
const KUBECTL: &str = r#"#!/bin/sh
echo "kubectl $*" >> "$CLUSTER/calls"
[ "$1 $2" = "--context=prod --namespace=apps" ] || { echo "error: context \"$1\" does not exist" >&2; exit 1; }
shift 2
case "$1 $2" in
"get secret")
  [ "$4 $5" = "--output=json --ignore-not-found" ] || exit 1
  [ ! -e "$CLUSTER/kubectl-$3" ] || cat "$CLUSTER/kubectl-$3" ;;
"apply --server-side")
  [ "$3 $4 $5" = "--force-conflicts --field-manager=xtask --filename=-" ] || { echo "error: unknown flag" >&2; exit 1; }
  text=$(cat)
  [ ! -e "$CLUSTER/forbidden" ] || { echo "Error from server (Forbidden): secrets is forbidden: $text" >&2; exit 1; }
  name=$(printf %s "$text" | sed 's/.*"name":"\([^"]*\)".*/\1/')
  printf %s "$text" > "$CLUSTER/kubectl-$name"
  echo "secret/$name serverside-applied" ;;
*) echo "error: unknown command \"$1\" for \"kubectl\"" >&2; exit 1 ;;
esac
"#;

/// `modal secret create NAME --env ENV --force --from-json FILE`; without `--force` one that exists is an error.
const MODAL: &str = r#"#!/bin/sh
echo "modal $*" >> "$CLUSTER/calls"
[ "$1 $2 $4 $6 $7 $#" = "secret create --env --force --from-json 8" ] || { echo "Usage: modal secret create [OPTIONS] SECRET_NAME" >&2; exit 2; }
[ -f "$8" ] || { echo "Error: Could not read JSON file" >&2; exit 2; }
[ "$(stat -c %a "$8")$(stat -c %a "$(dirname "$8")")" = 600700 ] || { echo "others may read $8" >&2; exit 9; }
echo "$8" >> "$CLUSTER/files"
if [ -p "$CLUSTER/wait" ]; then echo "$8" > "$CLUSTER/wait"; exec sleep 600; fi
[ ! -e "$CLUSTER/broken" ] || { echo "Error: no such environment; got $(cat "$8")"; exit 1; }
cat "$8" > "$CLUSTER/modal-$5-$3"
echo "Created a new secret '$3' with the key '$3'"
"#;

/// `gh secret set NAME --env ENV --repo OWNER/NAME`, whose value is its stdin.
const GH: &str = r#"#!/bin/sh
echo "gh $*" >> "$CLUSTER/calls"
[ "$1 $2 $4 $6 $7 $#" = "secret set --env --repo acme/mono 7" ] || { echo "unknown flag" >&2; exit 1; }
cat > "$CLUSTER/gh-$5-$3"
"#;

const KEY: &str = "sk-canary-\"1\"-tail";
const BASE: &str = "https://canary.example/2";

struct Store {
    fixture: Fixture,
}

impl Store {
    /// Staging and production, with these keys in the secrets of both.
    fn new(keys: &str) -> Self {
        let fixture = Fixture::new();
        let config = fixture
            .read("xtask/monorepo.toml")
            .replace("[repository]\n", "[repository]\ngithub = \"acme/mono\"\n");
        let place = "namespace = \"apps\"\ncontext = \"prod\"\nrollout = \"deployment/api\"\n";
        let stages = ["staging", "production"].map(|stage| {
            format!("[environments.{stage}]\n{place}[environments.{stage}.secrets]\n{keys}\n")
        });
        fixture.write(
            "xtask/monorepo.toml",
            &format!("{config}{}", stages.concat()),
        );
        for (name, text) in [("kubectl", KUBECTL), ("modal", MODAL), ("gh", GH)] {
            write_program(&fixture.folder().join("bin").join(name), text);
        }
        fs::create_dir_all(fixture.folder().join("cluster")).unwrap();
        fs::create_dir_all(fixture.folder().join("tmp")).unwrap();
        Self { fixture }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.fixture.folder().join("cluster").join(name)
    }

    fn held(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap_or_default()
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        let folder = self.fixture.folder();
        let path = format!(
            "{}:{}",
            folder.join("bin").display(),
            std::env::var("PATH").unwrap()
        );
        vec![
            ("PATH", path),
            ("CLUSTER", folder.join("cluster").display().to_string()),
            ("TMPDIR", folder.join("tmp").display().to_string()),
        ]
    }

    fn run_with(&self, arguments: &[&str], values: &[(&str, &str)]) -> Report {
        let own = self.variables();
        let all: Vec<(&str, &str)> = own
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .chain(values.iter().copied())
            .collect();
        let ran = self.fixture.run_with(arguments, &all);
        for (_, value) in values
            .iter()
            .filter(|(name, value)| *name != "XTASK_SECRETS_SALT" && !value.is_empty())
        {
            for text in [&ran.stdout, &ran.stderr, &self.held("calls")] {
                assert!(
                    !text.contains(value) && !text.contains("canary"),
                    "law 17: {value} is in {text}"
                );
            }
        }
        assert_eq!(
            fs::read_dir(self.fixture.folder().join("tmp"))
                .unwrap()
                .count(),
            0,
            "nothing is left"
        );
        ran
    }

    fn sync(&self, arguments: &[&str]) -> Report {
        self.run_with(
            &[&["secrets", "sync", "--to", "staging"], arguments].concat(),
            &[("OPENAI_API_KEY_STAGING", KEY), ("LITELLM_API_BASE", BASE)],
        )
    }
}

const NAMES: &str =
    "required = [\"OPENAI_API_KEY\"]\noptional = [\"LITELLM_API_BASE\", \"SENTRY_DSN\"]";

#[test]
fn a_cluster_gets_one_secret_a_project_and_is_asked_first() {
    let store = Store::new(&format!(
        "sink = \"kubectl\"\nobject = \"{{project}}-env\"\n{NAMES}"
    ));
    let dry = store.sync(&["--dry-run"]);
    assert_eq!(dry.code, 0, "{}", dry.stderr);
    dry.assert_stderr(str![[r#"
        todo secrets OPENAI_API_KEY ([SHORT]), LITELLM_API_BASE ([SHORT]) to kubectl as api-env for staging  (api wants it)
        note api: SENTRY_DSN is optional and not set, so it is left out
     Planned 1 to do, 0 done already; nothing was written

"#]]);
    assert_eq!(
        store.held("kubectl-api-env"),
        "",
        "a dry run hands nothing over"
    );
    let ran = store.sync(&[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.assert_stderr(str![[r#"
        todo secrets OPENAI_API_KEY ([SHORT]), LITELLM_API_BASE ([SHORT]) to kubectl as api-env for staging  (api wants it)
        note api: SENTRY_DSN is optional and not set, so it is left out
       acted secrets OPENAI_API_KEY ([SHORT]), LITELLM_API_BASE ([SHORT]) to kubectl as api-env for staging  [[DURATION]]
    Finished 1 done now, 0 done before

"#]]);
    let held: serde_json::Value = serde_json::from_str(&store.held("kubectl-api-env")).unwrap();
    assert_eq!(held["kind"], "Secret");
    assert_eq!(held["data"]["OPENAI_API_KEY"], "c2stY2FuYXJ5LSIxIi10YWls");
    assert_eq!(held["data"].as_object().unwrap().len(), 2);
    let again = store.sync(&["--json"]);
    let calls = store.held("calls");
    assert_eq!(
        (
            again.code,
            &again["steps"][0]["verdict"],
            &again["steps"][0]["kind"]
        ),
        (0, &"done".into(), &"secrets".into()),
        "{again:#}"
    );
    assert!(
        calls.lines().last().unwrap().contains("get secret"),
        "{calls}"
    );
    // Another value is another secret.
    let line = ["secrets", "sync", "--to", "staging"];
    assert_eq!(
        store
            .run_with(
                &line,
                &[
                    ("OPENAI_API_KEY", "sk-other-canary"),
                    ("LITELLM_API_BASE", BASE)
                ]
            )
            .code,
        0
    );
    assert!(
        store
            .held("kubectl-api-env")
            .contains("c2stb3RoZXItY2FuYXJ5")
    );
}

#[test]
fn modal_gets_each_name_in_a_private_file_each_time() {
    let store = Store::new(&format!("sink = \"modal\"\n{NAMES}"));
    for _ in 0..2 {
        let ran = store.sync(&[]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.assert_stderr(str![[r#"
        todo secrets LITELLM_API_BASE ([SHORT]) to modal for staging  (api wants it)
        todo secrets OPENAI_API_KEY ([SHORT]) to modal for staging  (api wants it)
        note api: SENTRY_DSN is optional and not set, so it is left out
        note modal shows no values, so they are handed over each time
       acted secrets LITELLM_API_BASE ([SHORT]) to modal for staging  [[DURATION]]
       acted secrets OPENAI_API_KEY ([SHORT]) to modal for staging  [[DURATION]]
    Finished 2 done now, 0 done before

"#]]);
    }
    let held: serde_json::Value =
        serde_json::from_str(&store.held("modal-staging-OPENAI_API_KEY")).unwrap();
    assert_eq!(held, serde_json::json!({ "OPENAI_API_KEY": KEY }));
    assert_eq!(store.held("files").lines().count(), 4);
    assert!(
        store
            .held("files")
            .lines()
            .all(|file| !fs::exists(file).unwrap())
    );
}

#[test]
fn a_store_that_repeats_what_it_was_given_is_not_repeated() {
    for (sink, mark, shown, kept_back) in [
        (
            "modal",
            "broken",
            str![[r#"
        todo secrets LITELLM_API_BASE ([SHORT]) to modal for staging  (api wants it)
        todo secrets OPENAI_API_KEY ([SHORT]) to modal for staging  (api wants it)
        note api: SENTRY_DSN is optional and not set, so it is left out
        note modal shows no values, so they are handed over each time
      failed secrets LITELLM_API_BASE ([SHORT]) to modal for staging
             `modal secret create LITELLM_API_BASE --env staging --force --from-json [FOLDER]/secrets.json` failed (exit status: 1): Error: no such environment; got {"LITELLM_API_BASE":"…"}  [[DURATION]]
      failed secrets OPENAI_API_KEY ([SHORT]) to modal for staging
             `modal secret create OPENAI_API_KEY --env staging --force --from-json [FOLDER]/secrets.json` failed (exit status: 1): Error: no such environment; got {"OPENAI_API_KEY":"…"}  [[DURATION]]
       error stopped after 0 of 2 steps; nothing is lost: what is done is found done by the next run
         try cargo xtask secrets sync --to staging, once the cause is mended

"#]],
            str![[r#"
        todo secrets OPENAI_API_KEY ([SHORT]) to modal for staging  (api wants it)
        note api: LITELLM_API_BASE is optional and not set, so it is left out
        note api: SENTRY_DSN is optional and not set, so it is left out
        note modal shows no values, so they are handed over each time
      failed secrets OPENAI_API_KEY ([SHORT]) to modal for staging
             `modal secret create OPENAI_API_KEY --env staging --force --from-json [FOLDER]/secrets.json` failed (exit status: 1): what it said is kept back: a secret is too short to be found in it  [[DURATION]]
       error stopped after 0 of 1 steps; nothing is lost: what is done is found done by the next run
         try cargo xtask secrets sync --to staging, once the cause is mended

"#]],
        ),
        (
            "kubectl",
            "forbidden",
            str![[r#"
        todo secrets OPENAI_API_KEY ([SHORT]), LITELLM_API_BASE ([SHORT]) to kubectl as api for staging  (api wants it)
        note api: SENTRY_DSN is optional and not set, so it is left out
      failed secrets OPENAI_API_KEY ([SHORT]), LITELLM_API_BASE ([SHORT]) to kubectl as api for staging
             `kubectl --context=prod --namespace=apps apply --server-side --force-conflicts --field-manager=xtask --filename=-` failed (exit status: 1): Error from server (Forbidden): secrets is forbidden: {"apiVersion":"v1","kind":"Secret","type":"Opaque","metadata":{"name":"api"},"data":{"OPENAI_API_KEY":"…","LITELLM_API_BASE":"…"}}  [[DURATION]]
       error stopped after 0 of 1 steps; nothing is lost: what is done is found done by the next run
         try cargo xtask secrets sync --to staging, once the cause is mended

"#]],
            str![[r#"
        todo secrets OPENAI_API_KEY ([SHORT]) to kubectl as api for staging  (api wants it)
        note api: LITELLM_API_BASE is optional and not set, so it is left out
        note api: SENTRY_DSN is optional and not set, so it is left out
      failed secrets OPENAI_API_KEY ([SHORT]) to kubectl as api for staging
             `kubectl --context=prod --namespace=apps apply --server-side --force-conflicts --field-manager=xtask --filename=-` failed (exit status: 1): what it said is kept back: a secret is too short to be found in it  [[DURATION]]
       error stopped after 0 of 1 steps; nothing is lost: what is done is found done by the next run
         try cargo xtask secrets sync --to staging, once the cause is mended

"#]],
        ),
    ] {
        let store = Store::new(&format!("sink = \"{sink}\"\n{NAMES}"));
        fs::write(store.file(mark), "").unwrap();
        let ran = store.sync(&[]);
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        ran.assert_stderr(shown);
        // A value too short to be found takes all with it.
        let short = store.run_with(
            &["secrets", "sync", "--to", "staging"],
            &[("OPENAI_API_KEY", "q#z")],
        );
        short.assert_stderr(kept_back);
    }
}

#[test]
fn the_forge_and_commands_get_values_over_stdin() {
    let store = Store::new(&format!("sink = \"gh\"\n{NAMES}"));
    assert_eq!(store.sync(&[]).code, 0);
    assert_eq!(store.held("gh-staging-OPENAI_API_KEY"), KEY);
    assert_eq!(store.held("gh-staging-LITELLM_API_BASE"), BASE);
    for (arguments, wanted) in [
        (
            "\"{name}\", \"{environment}\"",
            format!("LITELLM_API_BASE staging\n{BASE}OPENAI_API_KEY staging\n{KEY}"),
        ),
        (
            "\"{project}\"",
            format!(
                "api\n{}",
                serde_json::json!({ "OPENAI_API_KEY": KEY, "LITELLM_API_BASE": BASE })
            ),
        ),
    ] {
        let store = Store::new(&format!("sink = [\"ops/put\", {arguments}]\n{NAMES}"));
        write_program(
            &store.fixture.root().join("ops/put"),
            "#!/bin/sh\necho \"$*\" >> \"$CLUSTER/put\"; cat >> \"$CLUSTER/put\"\n",
        );
        let ran = store.sync(&[]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(store.held("put"), wanted);
    }
    let store = Store::new(&format!(
        "sink = [\"ops/put\", \"--file={{file}}\"]\n{NAMES}"
    ));
    write_program(
        &store.fixture.root().join("ops/put"),
        "#!/bin/sh\ncat \"${1#--file=}\" > \"$CLUSTER/put\"; cat >> \"$CLUSTER/put\"\n",
    );
    assert_eq!(store.sync(&[]).code, 0);
    assert_eq!(
        store.held("put"),
        serde_json::json!({ "OPENAI_API_KEY": KEY, "LITELLM_API_BASE": BASE }).to_string()
    );
}

#[test]
fn law_16_what_is_missing_is_told_whole_and_nothing_is_handed_over() {
    let store = Store::new("sink = \"modal\"\nrequired = [\"A_KEY\", \"B_KEY\", \"C_KEY\"]");
    let ran = store.run_with(
        &["secrets", "sync", "--to", "staging"],
        &[("B_KEY", "canary-b"), ("C_KEY_STAGING", "")],
    );
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    ran.assert_stderr(str![[r#"
        todo secrets B_KEY ([SHORT]) to modal for staging  (api wants it)
        note modal shows no values, so they are handed over each time
       error api wants A_KEY, C_KEY in staging, and nothing says what they are
         try set A_KEY_STAGING, C_KEY_STAGING (or the names without _<ENVIRONMENT>), then cargo xtask secrets sync --to staging
     Refused nothing was done

"#]]);
    assert_eq!(store.held("calls"), "");
}

#[test]
fn names_come_from_registry_files_too() {
    let keys = "sink = \"modal\"\nregistry = \"registry/*.yaml\"\nprojects.core = { required = [\"CORE_KEY\"] }";
    let store = Store::new(keys);
    store.fixture.write(
        "registry/litellm.yaml",
        "ref: llm/litellm@1\nimage: { oci: sha256:pending }\nsecrets:\n  required:\n    - OPENAI_API_KEY\n  optional:\n    - LITELLM_API_BASE\n",
    );
    store.fixture.git(&["add", "--all"]);
    let ran = store.sync(&[]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    ran.assert_stderr(str![[r#"
        todo secrets LITELLM_API_BASE ([SHORT]) to modal for staging  (litellm wants it)
        todo secrets OPENAI_API_KEY ([SHORT]) to modal for staging  (litellm wants it)
        note modal shows no values, so they are handed over each time
       error core wants CORE_KEY in staging, and nothing says what they are
         try set CORE_KEY_STAGING (or the names without _<ENVIRONMENT>), then cargo xtask secrets sync --to staging
     Refused nothing was done

"#]]);
    let one = store.sync(&["litellm"]);
    assert_eq!(one.code, 0, "{}", one.stderr);
    assert!(
        store.held("modal-staging-OPENAI_API_KEY").contains("tail")
            && store
                .held("modal-staging-LITELLM_API_BASE")
                .contains("canary")
    );
    assert_eq!(store.sync(&["litelm"]).code, 2, "a project that is none");
    // Where files are projects by a key of theirs, that says whose the secrets are.
    let plain = store.fixture.read("xtask/monorepo.toml");
    store.fixture.write(
        "xtask/monorepo.toml",
        &format!("{plain}[images-from]\nfiles = \"registry/*.yaml\"\nname = \"ref\"\n"),
    );
    let named = store.sync(&["llm/litellm@1"]);
    assert_eq!(named.code, 0, "{}", named.stderr);
    store.fixture.write("xtask/monorepo.toml", &plain);
    store.fixture.write(
        "registry/litellm.yaml",
        "secrets:\n  required: OPENAI_API_KEY\n",
    );
    let wrong = store.sync(&[]);
    assert_eq!(wrong.code, 2, "{}", wrong.stderr);
    wrong.assert_stderr(str![[r#"
       error registry/litellm.yaml:2: secrets.required is no list of names
         try edit registry/litellm.yaml, then run the command again

"#]]);
}

#[test]
fn fingerprints_tell_equal_values_between_environments() {
    let store = Store::new("sink = \"modal\"\nrequired = [\"A_KEY\"]");
    let of = |to: &str, salt: &str, value: &str| {
        let ran = store.run_with(
            &["secrets", "sync", "--to", to, "--dry-run"],
            &[("A_KEY", value), ("XTASK_SECRETS_SALT", salt)],
        );
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.stderr.split_once("A_KEY (").unwrap().1[..8].to_owned()
    };
    assert_eq!(
        of("staging", "salt", "canary-1"),
        of("production", "salt", "canary-1")
    );
    assert_ne!(
        of("staging", "salt", "canary-1"),
        of("staging", "salt", "canary-2")
    );
    assert_ne!(
        of("staging", "salt", "canary-1"),
        of("staging", "pepper", "canary-1")
    );
    assert_ne!(
        of("staging", "", "canary-1"),
        of("staging", "", "canary-1"),
        "without a salt of the user's each run has its own"
    );
    let both = [
        ("A_KEY_STAGING", "canary-1"),
        ("A_KEY_PRODUCTION", "canary-1"),
    ];
    let ran = store.run_with(&["secrets", "sync", "--to", "staging"], &both);
    ran.assert_stderr(str![[r#"
        todo secrets A_KEY ([SHORT]) to modal for staging  (api wants it)
        note A_KEY: staging and production have the same value
        note modal shows no values, so they are handed over each time
       acted secrets A_KEY ([SHORT]) to modal for staging  [[DURATION]]
    Finished 1 done now, 0 done before

"#]]);
}

#[test]
fn what_is_not_configured_or_not_installed_is_told() {
    let store = Store::new("sink = \"modal\"\nrequired = [\"A_KEY\"]");
    let fixture = &store.fixture;
    assert_eq!(fixture.run(&["secrets", "sync", "--to", "stagin"]).code, 2);
    fixture.write(
        "xtask/monorepo.toml",
        &format!(
            "{}[environments.dev]\n",
            fixture.read("xtask/monorepo.toml")
        ),
    );
    let none = fixture.run(&["secrets", "sync", "--to", "dev"]);
    assert_eq!(none.code, 2, "{}", none.stderr);
    none.assert_stderr(str![[r#"
       error dev has no secrets in the configuration
         try write [environments.dev.secrets] with sink and required

"#]]);
    fs::remove_file(fixture.folder().join("bin/modal")).unwrap();
    let absent = store.sync(&[]);
    assert_eq!(absent.code, 3, "{}", absent.stderr);
    absent.assert_stderr(str![[r#"
       error api wants A_KEY in staging, and nothing says what they are
         try set A_KEY_STAGING (or the names without _<ENVIRONMENT>), then cargo xtask secrets sync --to staging
       error the PATH has no program modal
         try pip install modal
     Refused nothing was done

"#]]);
}

/// The second Ctrl-C ends the program at once, and its private file with it.
#[test]
fn law_17_no_file_is_left_when_the_program_is_ended() {
    let store = Store::new("sink = \"modal\"\nrequired = [\"A_KEY\"]");
    let pipe = store.file("wait");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let mut command = program(&store.fixture.root());
    command
        .args(["secrets", "sync", "--to", "staging"])
        .envs(store.variables())
        .env("A_KEY", "canary-key")
        .process_group(0);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut file = String::new();
    fs::File::open(&pipe)
        .unwrap()
        .read_to_string(&mut file)
        .unwrap();
    assert!(fs::exists(file.trim()).unwrap());
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let mut line = String::new();
    while !line.contains("stopping once this is done") {
        line.clear();
        assert!(
            stderr.read_line(&mut line).unwrap() > 0,
            "it ended before it was told twice"
        );
    }
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(!fs::exists(file.trim()).unwrap(), "{file}");
}

#[test]
fn law_14_a_hand_over_to_a_cluster_can_be_killed_anywhere() {
    let store = Store::new(&format!("sink = \"kubectl\"\n{NAMES}"));
    let mut variables: Vec<(String, String)> = store
        .variables()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    variables.push(("OPENAI_API_KEY".to_owned(), KEY.to_owned()));
    let held = |fixture: &Fixture| {
        let mut state = fixture.state();
        let text =
            fs::read_to_string(fixture.folder().join("cluster/kubectl-api")).unwrap_or_default();
        state.insert("cluster".to_owned(), text);
        state
    };
    let mut scenario = support::crash::Scenario::told_by(
        &store.fixture,
        &["secrets", "sync", "--to", "staging"],
        variables,
        held,
    );
    scenario.at_every_call_of_file("../bin/kubectl");
    println!("secrets sync: {} cases", scenario.cases);
    assert!(scenario.cases >= 6);
}
