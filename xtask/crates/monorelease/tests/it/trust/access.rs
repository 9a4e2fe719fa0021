//! Being let in to sign: registries that want a login, for us and for the tools we call, and signing by the identity of a CI, with a
//! stand-in for its token service and for cosign.

use snapbox::IntoData;
use snapbox::str;
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::support::programs::write_program;
use crate::support::tools::on_path;
use crate::support::trust::{Keys, Trusted, can_run};
use crate::support::{Fixture, Report};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use monorelease::rehearse::images as stand_in;
use monorelease_stand_ins::http::{Reply, Request, Response, Server};
use monorelease_stand_ins::registry::EmbeddedRegistry;
use serde_json::{Value, json};

const PASSWORD: &str = "canary-of-the-registry";

/// Where docker keeps the way into the registry.
enum Kept {
    InTheFile,
    ByAHelper,
}

/// Prepares a release in a registry that wants a login; gives the variables that let in.
fn behind_a_login(trusted: &Trusted, kept: &Kept) -> Vec<(String, String)> {
    let fixture = &trusted.fixture;
    let address = trusted.fixture.registry.address();
    let docker = fixture.folder().join("docker");
    let login = json!({ "auth": STANDARD.encode(format!("me:{PASSWORD}")) });
    let config = match kept {
        Kept::InTheFile => json!({ "auths": { &address: login } }),
        Kept::ByAHelper => json!({ "auths": {}, "credHelpers": { &address: "ours" } }),
    };
    fs::create_dir_all(&docker).unwrap();
    fs::write(docker.join("config.json"), config.to_string()).unwrap();
    let bin = fixture.folder().join("bin");
    let answer = format!(
        "#!/bin/sh\nread -r host\nprintf '{{\"ServerURL\":\"%s\",\"Username\":\"me\",\"Secret\":\"{PASSWORD}\"}}' \"$host\"\n"
    );
    write_program(&bin.join("docker-credential-ours"), &answer);
    for tool in ["cosign", "syft"] {
        let real = on_path(tool).unwrap();
        let log = fixture.folder().join("arguments");
        write_program(
            &bin.join(tool),
            &format!(
                "#!/bin/sh\necho \"$@\" >> '{}'\nexec '{}' \"$@\"\n",
                log.display(),
                real.display()
            ),
        );
    }
    fixture.ok(&["bump", "minor", "api", "--commit"]);
    fixture.ok(&["tag", "api", "--rc", "--push"]);
    let plan = fixture.json(&["plan", "--tag", "api-v0.2.0-rc1"]);
    let build_id = plan["matrix"]["include"][0]["build_id"].as_str().unwrap();
    let ours = json!({ "auths": { &address: login } }).to_string();
    for platform in ["linux/amd64", "linux/arm64"] {
        let target = stand_in::Target {
            address: &address,
            config: &ours,
            repository: "acme/api",
        };
        stand_in::push_at(target, build_id, platform, "0.2.0", &fixture.head(), false).unwrap();
    }
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    [
        trusted.keys.variables(),
        vec![
            ("DOCKER_CONFIG".into(), docker.display().to_string()),
            ("PATH".into(), path),
        ],
    ]
    .concat()
}

fn run(fixture: &Fixture, arguments: &[&str], variables: &[(String, String)]) -> Report {
    let variables: Vec<_> = variables
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    fixture.run_with(arguments, &variables)
}

#[test]
fn a_registry_that_wants_a_login_lets_the_tools_in_as_it_lets_us() {
    if !can_run("signing behind a login", &["cosign", "syft"]) {
        return;
    }
    let builder = EmbeddedRegistry::builder;
    for (builder, kept, unread) in [
        (
            builder().bearer("me", PASSWORD),
            Kept::InTheFile,
            str![[r#"
✓  api-v0.2.0                      git tag     at [SHORT]
?  [SERVER]/acme/api:0.2.0  index       GET http://[SERVER]/token: [SERVER] answered 401 UNAUTHORIZED: these credentials are not known here; an absent repository and a forbidden one cannot be told apart, so run `docker login [SERVER]` with an account that may use it, or create it first
–  [SERVER]/acme/api:0.2.0  signature   the index cannot be read
?  linux/amd64                     digest      GET http://[SERVER]/token: [SERVER] answered 401 UNAUTHORIZED: these credentials are not known here; an absent repository and a forbidden one cannot be told apart, so run `docker login [SERVER]` with an account that may use it, or create it first
–  linux/amd64                     labels      the image cannot be read
–  linux/amd64                     cyclonedx   the image cannot be read
–  linux/amd64                     provenance  the image cannot be read
–  linux/amd64                     signature   the image cannot be read
?  linux/arm64                     digest      GET http://[SERVER]/token: [SERVER] answered 401 UNAUTHORIZED: these credentials are not known here; an absent repository and a forbidden one cannot be told apart, so run `docker login [SERVER]` with an account that may use it, or create it first
–  linux/arm64                     labels      the image cannot be read
–  linux/arm64                     cyclonedx   the image cannot be read
–  linux/arm64                     provenance  the image cannot be read
–  linux/arm64                     signature   the image cannot be read

"#]],
        ),
        (
            builder().basic("me", PASSWORD),
            Kept::ByAHelper,
            str![[r#"
✓  api-v0.2.0                      git tag     at [SHORT]
?  [SERVER]/acme/api:0.2.0  index       GET [SERVER]/acme/api:0.2.0: [SERVER] answered 401 UNAUTHORIZED: authentication required; an absent repository and a forbidden one cannot be told apart, so run `docker login [SERVER]` with an account that may use it, or create it first
–  [SERVER]/acme/api:0.2.0  signature   the index cannot be read
?  linux/amd64                     digest      GET [SERVER]/acme/api:0.2.0-amd64: [SERVER] answered 401 UNAUTHORIZED: authentication required; an absent repository and a forbidden one cannot be told apart, so run `docker login [SERVER]` with an account that may use it, or create it first
–  linux/amd64                     labels      the image cannot be read
–  linux/amd64                     cyclonedx   the image cannot be read
–  linux/amd64                     provenance  the image cannot be read
–  linux/amd64                     signature   the image cannot be read
?  linux/arm64                     digest      GET [SERVER]/acme/api:0.2.0-arm64: [SERVER] answered 401 UNAUTHORIZED: authentication required; an absent repository and a forbidden one cannot be told apart, so run `docker login [SERVER]` with an account that may use it, or create it first
–  linux/arm64                     labels      the image cannot be read
–  linux/arm64                     cyclonedx   the image cannot be read
–  linux/arm64                     provenance  the image cannot be read
–  linux/arm64                     signature   the image cannot be read

"#]],
        ),
    ] {
        let trusted = Trusted {
            fixture: Fixture::with(builder.start().unwrap()),
            keys: Keys::new(),
        };
        trusted.configure("sbom = [\"cyclonedx\"]\n");
        let variables = behind_a_login(&trusted, &kept);
        let released = run(&trusted.fixture, &["release", "api"], &variables);
        assert_eq!(released.code, 0, "{}", released.stderr);
        let verified = run(&trusted.fixture, &["verify", "api"], &variables);
        assert_eq!(verified.code, 0, "{}{}", verified.stdout, verified.stderr);
        let arguments = fs::read_to_string(trusted.fixture.folder().join("arguments")).unwrap();
        assert!(
            arguments.contains("sign --yes") && arguments.contains("scan --quiet"),
            "{arguments}"
        );
        assert!(
            !arguments.contains(PASSWORD) && !arguments.contains("--registry-"),
            "law 17: {arguments}"
        );
        // Without the login nothing is known: neither that it agrees, nor that it does not.
        let stranger = trusted.run(&["verify", "api"]);
        assert_eq!(stranger.code, 1, "{}", stranger.stdout);
        assert!(
            !stranger.stdout.contains('✗'),
            "law 15: {}",
            stranger.stdout
        );
        stranger.assert_stdout(unread);
        stranger.assert_stderr(str![[r#"
   Verifying api 0.2.0
       error 3 of 13 could not be verified
         try cargo xtask doctor

"#]]);
    }
}

const ISSUER: &str = "https://token.actions.githubusercontent.com";
const WORKFLOW: &str = "acme/mono/.github/workflows/release.yml@refs/heads/main";
const BEARER: &str = "canary-of-the-job";

/// What cosign does with an identity: the certificate says who it is of, and whoever verifies names whom it takes. It knows the words
/// of the real one, and insists that the token comes by the environment.
const COSIGN: &str = r#"#!/bin/sh
case "$*" in *canary*|*--identity-token*) echo "a token among the arguments" >&2; exit 70 ;; esac
case "$*" in *--help) exit 0 ;; esac
echo "$*" >> "$0.calls"
verb=$1
while [ $# -gt 1 ]; do
    case "$1" in
    --certificate-oidc-issuer) issuer=$2 ;;
    --certificate-identity-regexp) pattern=$2 ;;
    --key|--tlog-upload*|--insecure-ignore-tlog*) echo "Error: not without a key" >&2; exit 71 ;;
    esac
    shift
done
case "$verb" in
sign)
    [ "$ACTIONS_ID_TOKEN_REQUEST_TOKEN" = canary-of-the-job ] && [ -n "$ACTIONS_ID_TOKEN_REQUEST_URL" ] || { echo "Error: no identity" >&2; exit 72; }
    echo "$1 $(cat "$0.identity")" >> "$0.signed" ;;
verify)
    found=$(grep -F -- "$1 " "$0.signed" 2>/dev/null | tail -1) || { echo 'Error: no signatures found' >&2; exit 10; }
    set -- $found
    [ "$3" = "$issuer" ] && echo "$2" | grep -qE -- "$(echo "$pattern" | sed 's/(?:/(/')" || {
        echo "Error: no matching signatures: none of the expected identities matched what was in the certificate, got subjects [$2] with issuer $3" >&2
        exit 12
    } ;;
*) echo "Error: unknown $verb" >&2; exit 73 ;;
esac
"#;

/// A run in a CI whose service gives tokens with these claims.
struct Job {
    fixture: Fixture,
    asked: Arc<Mutex<Vec<String>>>,
    claims: Arc<Mutex<Value>>,
    service: Server,
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

impl Job {
    fn new() -> Self {
        let fixture = Fixture::new();
        let config = fixture
            .read("xtask/monorepo.toml")
            .replace("[repository]\n", "[repository]\ngithub = \"acme/mono\"\n");
        fixture.write(
            "xtask/monorepo.toml",
            &format!("{config}[trust]\nsbom = []\nprovenance = false\n"),
        );
        fixture.commit_all("chore: signed by workflows");
        fixture.prepare_release();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let claims = Arc::new(Mutex::new(Value::Null));
        let seen = Arc::clone(&asked);
        let given = Arc::clone(&claims);
        let handler = move |request: Request| {
            seen.lock().unwrap().push(request.target.clone());
            if request.header("Authorization") != Some(&format!("bearer {BEARER}")) {
                return Reply::Send(Response::new(401));
            }
            let token = format!(
                "e30.{}.c2ln",
                URL_SAFE_NO_PAD.encode(given.lock().unwrap().to_string())
            );
            Reply::Send(Response::json(200, &json!({ "count": 1, "value": token })))
        };
        let job = Self {
            fixture,
            asked,
            claims,
            service: Server::start(handler, 1 << 20).unwrap(),
        };
        write_program(&job.cosign(), COSIGN);
        job.is(ISSUER, WORKFLOW, now() + 600);
        job.certificate_says(WORKFLOW, ISSUER);
        job
    }

    fn cosign(&self) -> std::path::PathBuf {
        self.fixture.folder().join("bin/cosign")
    }

    fn is(&self, issuer: &str, workflow: &str, ends: u64) {
        *self.claims.lock().unwrap() = json!({ "iss": issuer, "aud": "sigstore", "sub": "repo:acme/mono", "job_workflow_ref": workflow, "exp": ends });
    }

    /// What the authority will have written down of whoever signs.
    fn certificate_says(&self, workflow: &str, issuer: &str) {
        fs::write(
            format!("{}.identity", self.cosign().display()),
            format!("https://github.com/{workflow} {issuer}\n"),
        )
        .unwrap();
    }

    fn run_as(&self, bearer: &str, arguments: &[&str]) -> Report {
        let path = format!(
            "{}:{}",
            self.cosign().parent().unwrap().display(),
            std::env::var("PATH").unwrap()
        );
        let url = format!("http://{}/token?api-version=2", self.service.address());
        let variables = [
            ("PATH", path.as_str()),
            ("ACTIONS_ID_TOKEN_REQUEST_URL", &url),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", bearer),
        ];
        let ran = self.fixture.run_with(arguments, &variables);
        assert!(
            !format!("{}{}", ran.stdout, ran.stderr).contains("canary"),
            "law 17: {}",
            ran.stderr
        );
        ran
    }

    fn run(&self, arguments: &[&str]) -> Report {
        self.run_as(BEARER, arguments)
    }

    /// Insists that a release is refused with this text, and that nothing is done.
    fn refused(&self, bearer: &str, expected: impl IntoData) {
        let before = self.fixture.state();
        let ran = self.run_as(bearer, &["release", "api"]);
        assert_eq!(ran.code, 3, "{}", ran.stderr);
        ran.assert_stderr(expected);
        assert_eq!(self.fixture.state(), before, "law 16");
        let calls =
            fs::read_to_string(format!("{}.calls", self.cosign().display())).unwrap_or_default();
        assert!(!calls.contains("sign --yes"), "{calls}");
    }
}

#[test]
fn an_identity_signs_and_is_held_to_by_whoever_verifies() {
    let job = Job::new();
    let released = job.run(&["release", "api"]);
    assert_eq!(released.code, 0, "{}", released.stderr);
    let asked = job.asked.lock().unwrap().clone();
    assert!(
        !asked.is_empty()
            && asked
                .iter()
                .all(|target| target == "/token?api-version=2&audience=sigstore"),
        "{asked:?}"
    );
    assert_eq!(job.run(&["verify", "api"]).code, 0);
    // Nobody is asked who they are when there is nothing left to sign.
    job.run_as("over", &["release", "api"])
        .assert_stderr(str![[r#"
   Releasing api 0.2.0
        done index [SERVER]/acme/api:0.2.0 = [DIGEST]  (holds [DIGEST])
        done promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  (holds [DIGEST])
        done promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  (holds [DIGEST])
        done push-tag api-v0.2.0 to origin  (origin has it at [SHORT])
        done sign linux/amd64 = [DIGEST]  (by https://github\.com/acme/mono/\.github/workflows/.+@refs/.+ of https://token.actions.githubusercontent.com)
        done sign linux/arm64 = [DIGEST]  (by https://github\.com/acme/mono/\.github/workflows/.+@refs/.+ of https://token.actions.githubusercontent.com)
        done sign the index = [DIGEST]  (by https://github\.com/acme/mono/\.github/workflows/.+@refs/.+ of https://token.actions.githubusercontent.com)
        done sign the tag of linux/arm64 = [DIGEST]  (by https://github\.com/acme/mono/\.github/workflows/.+@refs/.+ of https://token.actions.githubusercontent.com)
        done store [SERVER]/acme/api@[DIGEST]  (holds [DIGEST])
        done tag api-v0.2.0 at [SHORT]  (at [SHORT])
        note api: neither GITHUB_TOKEN nor GH_TOKEN is set, so the tag is all that acme/mono gets; `GITHUB_TOKEN=$(gh auth token) cargo xtask release api` adds the forge release, also later
        note api: no [[pins]] are configured, so nothing is delivered
    Finished nothing to do

"#]]);
    // What others signed is not ours: both are named.
    let signed = format!("{}.signed", job.cosign().display());
    let good = fs::read_to_string(&signed).unwrap();
    for (from, to) in [
        ("acme/mono/", "evil/mono/"),
        (ISSUER, "https://issuer.example"),
    ] {
        fs::write(&signed, good.replace(from, to)).unwrap();
        let verified = job.run(&["verify", "api"]);
        assert_eq!(verified.code, 1, "{}", verified.stdout);
        let row = verified
            .stdout
            .lines()
            .find(|line| line.contains("signature"))
            .unwrap();
        let workflows = r"https://github\.com/acme/mono/\.github/workflows/.+@refs/.+ of https://token.actions.githubusercontent.com";
        assert!(
            row.starts_with('✗')
                && row.contains(to)
                && row.contains(&format!("wanted one of {workflows}")),
            "{row}"
        );
    }
    fs::write(&signed, good).unwrap();
    assert_eq!(job.run(&["verify", "api"]).code, 0);
}

#[test]
fn law_16_an_identity_that_would_not_count_signs_nothing() {
    let job = Job::new();
    job.is(
        ISSUER,
        "evil/mono/.github/workflows/release.yml@refs/heads/main",
        now() + 600,
    );
    job.refused(BEARER, str![[r#"
   Releasing api 0.2.0
        todo sign linux/amd64 = [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo sign linux/arm64 = [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo sign the tag of linux/arm64 = [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo store [SERVER]/acme/api@[DIGEST]  (what is signed must be there)
        todo sign the index = [DIGEST]  (what the release's name leads to)
        todo promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo index [SERVER]/acme/api:0.2.0 = [DIGEST]  (one name for linux/amd64, linux/arm64)
        todo tag api-v0.2.0 at [SHORT]  (the commit of api-v0.2.0-rc1)
        todo push-tag api-v0.2.0 to origin  (CI and every other clone read the tags there)
        note api: neither GITHUB_TOKEN nor GH_TOKEN is set, so the tag is all that acme/mono gets; `GITHUB_TOKEN=$(gh auth token) cargo xtask release api` adds the forge release, also later
        note api: no [[pins]] are configured, so nothing is delivered
       error this run would sign as https://github.com/evil/mono/.github/workflows/release.yml@refs/heads/main of https://token.actions.githubusercontent.com, whose signatures do not count: wanted https://github\.com/acme/mono/\.github/workflows/.+@refs/.+ of https://token.actions.githubusercontent.com
         try release in CI with permissions: id-token: write, or change issuer and identity in [trust]
     Refused nothing was done

"#]]);
    job.is("https://issuer.example", WORKFLOW, now() + 600);
    job.refused(BEARER, str![[r#"
   Releasing api 0.2.0
        todo sign linux/amd64 = [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo sign linux/arm64 = [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo sign the tag of linux/arm64 = [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo store [SERVER]/acme/api@[DIGEST]  (what is signed must be there)
        todo sign the index = [DIGEST]  (what the release's name leads to)
        todo promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo index [SERVER]/acme/api:0.2.0 = [DIGEST]  (one name for linux/amd64, linux/arm64)
        todo tag api-v0.2.0 at [SHORT]  (the commit of api-v0.2.0-rc1)
        todo push-tag api-v0.2.0 to origin  (CI and every other clone read the tags there)
        note api: neither GITHUB_TOKEN nor GH_TOKEN is set, so the tag is all that acme/mono gets; `GITHUB_TOKEN=$(gh auth token) cargo xtask release api` adds the forge release, also later
        note api: no [[pins]] are configured, so nothing is delivered
       error this run would sign as https://github.com/acme/mono/.github/workflows/release.yml@refs/heads/main of https://issuer.example, whose signatures do not count: wanted https://github\.com/acme/mono/\.github/workflows/.+@refs/.+ of https://token.actions.githubusercontent.com
         try release in CI with permissions: id-token: write, or change issuer and identity in [trust]
     Refused nothing was done

"#]]);
    job.is(ISSUER, WORKFLOW, now() - 600);
    job.refused(BEARER, str![[r#"
   Releasing api 0.2.0
        todo sign linux/amd64 = [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo sign linux/arm64 = [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo sign the tag of linux/arm64 = [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo store [SERVER]/acme/api@[DIGEST]  (what is signed must be there)
        todo sign the index = [DIGEST]  (what the release's name leads to)
        todo promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo index [SERVER]/acme/api:0.2.0 = [DIGEST]  (one name for linux/amd64, linux/arm64)
        todo tag api-v0.2.0 at [SHORT]  (the commit of api-v0.2.0-rc1)
        todo push-tag api-v0.2.0 to origin  (CI and every other clone read the tags there)
        note api: neither GITHUB_TOKEN nor GH_TOKEN is set, so the tag is all that acme/mono gets; `GITHUB_TOKEN=$(gh auth token) cargo xtask release api` adds the forge release, also later
        note api: no [[pins]] are configured, so nothing is delivered
       error the identity token to sign with is over since [TIMESTAMP] (of https://github.com/acme/mono/.github/workflows/release.yml@refs/heads/main, by https://token.actions.githubusercontent.com)
         try start the job again, which gets a new one
     Refused nothing was done

"#]]);
    job.is(ISSUER, WORKFLOW, now() + 600);
    job.refused("over", str![[r#"
   Releasing api 0.2.0
        todo sign linux/amd64 = [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo sign linux/arm64 = [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo sign the tag of linux/arm64 = [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo store [SERVER]/acme/api@[DIGEST]  (what is signed must be there)
        todo sign the index = [DIGEST]  (what the release's name leads to)
        todo promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo index [SERVER]/acme/api:0.2.0 = [DIGEST]  (one name for linux/amd64, linux/arm64)
        todo tag api-v0.2.0 at [SHORT]  (the commit of api-v0.2.0-rc1)
        todo push-tag api-v0.2.0 to origin  (CI and every other clone read the tags there)
        note api: neither GITHUB_TOKEN nor GH_TOKEN is set, so the tag is all that acme/mono gets; `GITHUB_TOKEN=$(gh auth token) cargo xtask release api` adds the forge release, also later
        note api: no [[pins]] are configured, so nothing is delivered
       error [trust] wants signatures, and this run cannot say who it is: the CI's service for identity tokens answered 401
         try release in CI with permissions: id-token: write, or change issuer and identity in [trust]
     Refused nothing was done

"#]]);
    assert_eq!(
        job.run(&["release", "api"]).code,
        0,
        "and with a good one it goes on"
    );
}
