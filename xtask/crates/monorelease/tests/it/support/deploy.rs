//! Environments in which commands deploy: a `modal` that keeps what it was told in a folder, as strict as the real one about
//! the arguments that are used here.

use std::collections::BTreeMap;
use std::fs;

use super::Fixture;
use super::delivery::Delivered;
use super::programs::write_program;

/// `modal deploy -m FILE --env ENV` and `modal function call REF --env ENV [--args JSON]`, as in its own reference. What it is
/// told stands in `cluster/`, beside the work tree; a file `cluster/fail-<verb>` makes that verb fail.
pub const MODAL: &str = r#"#!/bin/sh
here=$PWD/../cluster
mkdir -p "$here"
verb=$1; shift
case "$verb" in
deploy)
  [ "$1" = -m ] && [ "$3" = --env ] && [ $# -eq 4 ] || { echo "Usage: modal deploy [OPTIONS] APP_REF: $*" >&2; exit 2; }
  environment=$4 ;;
function)
  [ "$1" = call ] && [ "$3" = --env ] || { echo "Usage: modal function call: $*" >&2; exit 2; }
  environment=$4 ;;
*) echo "No such command '$verb'" >&2; exit 2 ;;
esac
[ "$ENVIRONMENT" = "$environment" ] || { echo "ENVIRONMENT is $ENVIRONMENT" >&2; exit 9; }
[ "$IMAGE_REF" = "$PROCESSOR_REF" ] || exit 9
echo "modal $verb of $PROJECT $VERSION with token $MODAL_TOKEN_SECRET"
echo "$verb $environment $PROJECT $VERSION $IMAGE_REF" >> "$here/log"
[ ! -e "$here/fail-$verb" ] || { echo "the function raised"; exit 1; }
[ "$verb" = function ] || echo "$IMAGE_REF" > "$here/$environment-$PROJECT"
"#;

/// Deploy and smoke as the design's example has them, but for where the program is.
pub const DEPLOYS: &str = "deploy = [\"ops/modal\", \"deploy\", \"-m\", \"code/modal_app.py\", \"--env\", \"{environment}\"]\nsmoke = [\"ops/modal\", \"function\", \"call\", \"code.modal_app::smoke\", \"--env\", \"{environment}\"]\n";

impl Delivered {
    /// Three environments, one after the other, in which a command deploys and which have no pins.
    pub fn without_pins() -> Self {
        let stages = [
            ("dev", ""),
            ("staging", "after = \"dev\"\n"),
            ("production", "after = \"staging\"\napproval = true\n"),
        ];
        let config: String = stages
            .iter()
            .map(|(name, keys)| format!("[environments.{name}]\n{keys}{DEPLOYS}"))
            .collect();
        let delivered = Self::with(&config, &[]);
        delivered.with_modal();
        ["0.1.0", "0.2.0", "0.3.0"]
            .iter()
            .for_each(|version| drop(delivered.release("api", version)));
        delivered
    }

    /// As [`Self::new`], with the same commands in both environments.
    pub fn with_pins_and_modal() -> Self {
        let delivered = Self::new();
        let config = delivered.fixture.read("xtask/monorepo.toml");
        let config = config.replace(
            "[environments.staging]\n",
            &format!("[environments.staging]\n{DEPLOYS}"),
        );
        delivered.fixture.write(
            "xtask/monorepo.toml",
            &config.replace("approval = true\n", &format!("approval = true\n{DEPLOYS}")),
        );
        delivered.with_modal();
        delivered
    }

    pub fn with_modal(&self) {
        write_program(&self.fixture.root().join("ops/modal"), MODAL);
        self.fixture.git(&["add", "--all"]);
        self.fixture.commit_all("chore: deploy by modal");
        self.fixture.git(&["push", "--quiet", "origin", "main"]);
    }

    /// What was deployed and tried, in this order.
    pub fn log(&self) -> Vec<String> {
        let text =
            fs::read_to_string(self.fixture.folder().join("cluster/log")).unwrap_or_default();
        text.lines()
            .map(|line| line.rsplit_once(' ').unwrap().0.to_owned())
            .collect()
    }

    /// The digest that runs there.
    pub fn running(&self, environment: &str) -> String {
        let text = fs::read_to_string(
            self.fixture
                .folder()
                .join(format!("cluster/{environment}-api")),
        )
        .unwrap_or_default();
        text.trim()
            .rsplit_once('@')
            .map(|(_, digest)| digest.to_owned())
            .unwrap_or_default()
    }

    /// Makes a verb of `modal` fail from now on, or no longer.
    pub fn let_fail(&self, verb: &str, fails: bool) {
        let file = self.fixture.folder().join(format!("cluster/fail-{verb}"));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        match fails {
            true => fs::write(file, "").unwrap(),
            false => fs::remove_file(file).unwrap(),
        }
    }

    /// A file of the ledger.
    pub fn recorded(&self, file: &str) -> String {
        super::git_in(
            &self.fixture.folder().join("origin.git"),
            &["show", &format!("refs/xtask/environments:{file}")],
        )
    }

    pub fn ledger_subjects(&self) -> Vec<String> {
        let log = super::git_in(
            &self.fixture.folder().join("origin.git"),
            &["log", "--format=%s", "refs/xtask/environments"],
        );
        log.lines().map(str::to_owned).collect()
    }
}

/// What a run leaves, with what runs in the cluster; not how often it was told so.
pub fn state(fixture: &Fixture) -> BTreeMap<String, String> {
    let mut state = fixture.state();
    for entry in fs::read_dir(fixture.folder().join("cluster"))
        .into_iter()
        .flatten()
    {
        let path = entry.unwrap().path();
        if !path.ends_with("log") {
            state.insert(
                format!("cluster {}", path.file_name().unwrap().display()),
                fs::read_to_string(&path).unwrap(),
            );
        }
    }
    state
}
