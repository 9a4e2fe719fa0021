//! Law 17: every verb is run with a canary in every variable that holds a secret, and no output, file, process argument or request
//! shows one, as it is, in base64 or percent-encoded. The list of verbs is the program's own: a new verb fails here until it is run.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::support;
use crate::support::delivery::{Delivered, deployment};
use crate::support::package::{Packaged, USER};
use crate::support::programs::write_program;
use crate::support::proxy::Proxy;
use crate::support::scanner::Scanner;
use crate::support::snapshots::assert_text;
use crate::support::tools::{has, on_path};
use crate::support::{Report, fake_docker, git_in, program};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use monorelease::rehearse::images as stand_in;
use monorelease_stand_ins::github::{EmbeddedForge, Right};
use monorelease_stand_ins::http::{Reply, Request, Response, Server};
use snapbox::str;

/// How each verb is run: lines that go well, in an order in which each finds what it needs, and lines that are answered with an
/// error, whatever the state.
fn lines() -> Vec<(&'static str, Vec<&'static str>)> {
    [
        ("versions", "versions --check|versions nobody"),
        ("changelog", "changelog api --initial|changelog nobody"),
        ("plan", "plan --since HEAD|plan --tag nothing"),
        ("init", "init|init --config target/other.toml"),
        ("release-pr", "release-pr --initial"),
        ("bump", "bump minor api --commit|bump patch nobody"),
        ("tag", "tag api --rc --push|tag nobody"),
        ("build", "build api|build core|build nobody"),
        ("release", "release api|release core|release nobody"),
        ("status", "status|status nobody"),
        ("verify", "verify api 0.2.0|verify api 9.9.9"),
        (
            "promote",
            "promote api --to staging|promote api --to production|promote api --to nowhere",
        ),
        (
            "rollback",
            "rollback api --in production|rollback api --in nowhere",
        ),
        ("unbar", "unbar api --in production|unbar api --in nowhere"),
        ("pin", "pin|pin nobody"),
        (
            "secrets",
            "secrets sync --to staging|secrets sync --to production|secrets sync --to nowhere",
        ),
        ("notes", "notes api|notes api 9.9.9"),
        (
            "check",
            "check|check pins|check commits --range HEAD~1..HEAD|check title x|check nothing",
        ),
        ("test", "test"),
        ("doctor", "doctor"),
        ("rehearse", "rehearse api|rehearse nobody"),
    ]
    .into_iter()
    .map(|(verb, lines)| (verb, lines.split('|').collect()))
    .collect()
}

/// The verbs, as the program's own help names them.
fn verbs() -> Vec<String> {
    let help = support::ran(program(Path::new("/")).arg("--help").output().unwrap()).stdout;
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let names = commands
        .lines()
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names
        .map(|line| line.split_whitespace().next().unwrap().to_owned())
        .filter(|name| name != "help")
        .collect()
}

/// Secrets, each in the variable that holds it. Each has characters that a URL writes otherwise.
struct Canaries(BTreeMap<&'static str, String>);

/// Those that no variable of their own holds: the first is in docker's configuration, the second in a remote's address, the third in
/// the forge's.
const ELSEWHERE: [&str; 3] = ["REGISTRY_PASSWORD", "REMOTE_PASSWORD", "FORGE_PASSWORD"];

/// Of every surrounding that the program, or one of its children, takes a secret from.
const VARIABLES: [&str; 25] = [
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "DELIVERY_TOKEN",
    "COSIGN_PASSWORD",
    "COSIGN_PRIVATE_KEY",
    "SIGSTORE_ID_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "TWINE_PASSWORD",
    "UV_PUBLISH_TOKEN",
    "UV_PUBLISH_PASSWORD",
    "UV_INDEX_PRIVATE_PASSWORD",
    "PIP_INDEX_URL",
    "CARGO_REGISTRY_TOKEN",
    "AWS_SECRET_ACCESS_KEY",
    "SLACK_WEBHOOK_URL",
    "DISCORD_WEBHOOK_URL",
    "DOCKER_AUTH_CONFIG",
    "REGISTRY_PASSWORD",
    "REMOTE_PASSWORD",
    "NPM_TOKEN",
    "STORED_API_KEY",
    "STORED_API_KEY_STAGING",
    "XTASK_SECRETS_SALT",
    "TWINE_API_KEY",
    "FORGE_PASSWORD",
];

/// As a URL writes it.
fn escaped(secret: &str) -> String {
    secret
        .replace('/', "%2F")
        .replace('+', "%2B")
        .replace('=', "%3D")
}

impl Canaries {
    fn new() -> Self {
        // The arguments of all processes are looked at, those of another test's among them.
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::SeqCst);
        let one = |(place, name): (usize, &&'static str)| {
            (
                *name,
                format!("cnry{}t{count}x{place}/a+b=c", std::process::id()),
            )
        };
        Self(VARIABLES.iter().enumerate().map(one).collect())
    }

    fn of(&self, name: &str) -> &str {
        &self.0[name]
    }

    /// What the variable holds: the secret itself, or what it is a part of.
    fn value(&self, name: &str, address: &str) -> String {
        let secret = self.of(name);
        match name {
            "SLACK_WEBHOOK_URL" | "DISCORD_WEBHOOK_URL" => format!("http://{address}/{secret}"),
            "PIP_INDEX_URL" => format!("https://me:{}@index.example/simple", escaped(secret)),
            "COSIGN_PRIVATE_KEY" => {
                format!(
                    "-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----\n{secret}\n-----END ENCRYPTED COSIGN PRIVATE KEY-----\n"
                )
            }
            _ => secret.to_owned(),
        }
    }

    /// Every form in which a secret could stand somewhere, with its name.
    fn forms(&self) -> Vec<(&'static str, String)> {
        let mut forms = Vec::new();
        for (name, secret) in &self.0 {
            forms.push((*name, secret.clone()));
            forms.push((*name, escaped(secret)));
            // In base64 a text looks otherwise by what stands before it: three ways, of which the middle is sure.
            for before in 0..3 {
                let encoded = STANDARD.encode(format!("{}{secret}", "x".repeat(before)));
                forms.push((*name, encoded[4..encoded.len() - 4].to_owned()));
            }
        }
        forms
    }
}

/// Writes down what every process on the machine was called with, then does what the program would do.
const SPY: &str = "#!/bin/sh\ncat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' >> '@LOG@'\n";

/// A program that says all it knows, and ends well.
const CHATTY: &str = "env\nenv >&2\n";

const COSIGN: &str = r#"for last; do :; done
case "$*" in
*--help) echo '--new-bundle-format --use-signing-config'; exit 0 ;;
esac
env >&2
case "$1" in
public-key) cat '@KEY@' ;;
generate-key-pair) for prefix; do :; done; echo key > "$prefix.key"; cat '@KEY@' > "$prefix.pub" ;;
sign) echo "$last" >> '@LOG@.signed' ;;
verify) grep -q -F -- "$last" '@LOG@.signed' 2>/dev/null || { echo 'Error: no signatures found' >&2; exit 10; } ;;
esac
"#;

/// Takes what it is given, tells it all again, and ends well: `modal secret create NAME --env ENV --force --from-json FILE`.
const MODAL: &str = "for last; do :; done\ncat \"$last\"\ncat \"$last\" >&2\nenv\n";

/// What runs of `worker`, that `pin` writes the digest of.
const REGISTERED: &str =
    "image:\n  oci: sha256:pending\n  platforms:\n    amd64: \"sha256:pending\"\n";

const PUBLIC_KEY: &str =
    "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n";

/// All that is sent, but for what is meant to carry a secret.
type Requests = Arc<Mutex<String>>;

fn keep(requests: &Requests, request: &Request) {
    let mut kept = requests.lock().unwrap();
    kept.push_str(&format!("{} {}\n", request.method, request.target));
    for (name, value) in request
        .headers
        .iter()
        .filter(|(name, _)| !name.eq_ignore_ascii_case("Authorization"))
    {
        kept.push_str(&format!("{name}: {value}\n"));
    }
    kept.push_str(&String::from_utf8_lossy(&request.body));
    kept.push('\n');
}

struct Stage {
    delivered: Delivered,
    canaries: Canaries,
    requests: Requests,
    _proxy: Proxy,
    forge: EmbeddedForge,
    /// Says again whatever it is shown, and lets nobody in.
    echo: Server,
    chat: Server,
    bin: PathBuf,
    log: PathBuf,
    said: String,
}

impl Stage {
    fn new() -> Self {
        let canaries = Canaries::new();
        let requests = Requests::default();
        let delivered = Delivered::with("", &[]);
        let kept = Arc::clone(&requests);
        let wanted = format!(
            "Basic {}",
            STANDARD.encode(format!("me:{}", canaries.of("REGISTRY_PASSWORD")))
        );
        let proxy = Proxy::in_front_of(&delivered.fixture, move |request| {
            keep(&kept, request);
            let is_known = request.header("Authorization") == Some(wanted.as_str());
            (!is_known)
                .then(|| Response::new(401).with("WWW-Authenticate", "Basic realm=\"images\""))
        });
        configure(&delivered, &proxy.address());
        let forge =
            EmbeddedForge::start("acme/mono", &delivered.fixture.folder().join("origin.git"))
                .unwrap();
        forge.give_token(canaries.of("GITHUB_TOKEN"), Right::Write);
        let kept = Arc::clone(&requests);
        let echo = Server::start(
            move |request: Request| {
                keep(&kept, &request);
                let given = request.header("Authorization").unwrap_or("nobody").to_owned();
                let body = serde_json::json!({ "message": given, "errors": [{ "code": "DENIED", "message": given }] });
                let status = if request.header("Authorization").is_some() { 403 } else { 401 };
                Reply::Send(Response::json(status, &body).with("WWW-Authenticate", "Basic realm=\"echo\""))
            },
            1 << 20,
        )
        .unwrap();
        let chat = Server::start(|_: Request| Reply::Send(Response::new(500)), 1 << 20).unwrap();
        let bin = delivered.fixture.folder().join("bin");
        let log = delivered.fixture.folder().join("arguments");
        let stage = Self {
            delivered,
            canaries,
            requests,
            _proxy: proxy,
            forge,
            echo,
            chat,
            bin,
            log,
            said: String::new(),
        };
        stage.put_spies();
        stage
    }

    fn put_spies(&self) {
        let spy = SPY.replace("@LOG@", &self.log.display().to_string());
        for name in [
            "git", "cargo", "uv", "maturin", "cosign", "syft", "python3", "modal",
        ] {
            let rest = match (name, on_path(name)) {
                ("git", Some(real)) => format!("exec '{}' \"$@\"\n", real.display()),
                ("cosign", _) => COSIGN
                    .replace("@LOG@", &self.log.display().to_string())
                    .replace(
                        "@KEY@",
                        &self
                            .delivered
                            .fixture
                            .root()
                            .join("cosign.pub")
                            .display()
                            .to_string(),
                    ),
                ("modal", _) => MODAL.to_owned(),
                _ => CHATTY.to_owned(),
            };
            write_program(&self.bin.join(name), &format!("{spy}{rest}"));
        }
        fake_docker::put_into(&self.bin);
        Scanner::called("trivy", &self.bin);
    }

    /// Runs a line with all canaries, and keeps what it says.
    fn run(&mut self, line: &str, more: &[&str], is_good: bool) -> Report {
        let fixture = &self.delivered.fixture;
        let mut command = program(&fixture.root());
        for name in self
            .canaries
            .0
            .keys()
            .filter(|name| !ELSEWHERE.contains(name))
        {
            command.env(name, self.canaries.value(name, &self.chat.address()));
        }
        let home = fixture.folder().join("home");
        let temporary = fixture.folder().join("tmp");
        fs::create_dir_all(home.join("docker")).unwrap();
        fs::create_dir_all(&temporary).unwrap();
        let config = fixture.read("xtask/monorepo.toml");
        let registry = config
            .split("repository = \"")
            .nth(1)
            .unwrap()
            .split('/')
            .next()
            .unwrap()
            .to_owned();
        let password = STANDARD.encode(format!("me:{}", self.canaries.of("REGISTRY_PASSWORD")));
        let auths = serde_json::json!({ "auths": { registry: { "auth": password }, self.echo.address(): { "auth": password } } });
        // What the user wrote there is the user's: it is looked for everywhere else.
        fs::write(home.join("docker/config.json"), auths.to_string()).unwrap();
        let path = format!("{}:{}", self.bin.display(), std::env::var("PATH").unwrap());
        // Somebody who writes a password into the forge's address, as into a remote's.
        let with_password = format!(
            "http://me:{}@{}",
            escaped(self.canaries.of("FORGE_PASSWORD")),
            self.echo.address()
        );
        let api = if is_good {
            self.forge.url()
        } else {
            with_password.clone()
        };
        command
            .args(line.split(' '))
            .args(more)
            .env("PATH", path)
            .env("TMPDIR", &temporary)
            .env("HOME", &home);
        command
            .env("DOCKER_CONFIG", home.join("docker"))
            .env("GITHUB_API_URL", api);
        command.env(
            "GITHUB_SERVER_URL",
            if is_good {
                format!("http://{}", self.echo.address())
            } else {
                with_password
            },
        );
        command
            .env("GITHUB_OUTPUT", fixture.folder().join("output"))
            .env("GITHUB_STEP_SUMMARY", fixture.folder().join("summary.md"));
        command.env(
            "ACTIONS_ID_TOKEN_REQUEST_URL",
            format!("http://{}/token", self.echo.address()),
        );
        let ran = support::ran(command.output().unwrap());
        self.said
            .push_str(&format!("== {line} {more:?}\n{}{}", ran.stdout, ran.stderr));
        self.assert_clean(
            &format!("{line} {more:?}"),
            &format!("{}{}", ran.stdout, ran.stderr),
        );
        ran
    }

    fn assert_clean(&self, place: &str, text: &str) {
        assert_clean(&self.canaries, place, text);
    }

    /// Every file that is left, here and at the remotes, but for those in which the user has put the secret.
    fn assert_files_are_clean(&self) {
        let count = files_are_clean(&self.canaries, self.delivered.fixture.folder());
        assert!(count > 50, "{count} files");
        let repositories = commits_are_clean(&self.canaries, &self.delivered.fixture.folder());
        assert!(
            repositories >= 3,
            "{repositories}: ours, its remote, and the one of what runs"
        );
        for release in self.forge.releases() {
            self.assert_clean(
                "the forge's release",
                &format!("{} {}", release.title, release.body),
            );
            for asset in &release.assets {
                self.assert_clean(&asset.name, &String::from_utf8_lossy(&asset.content));
            }
        }
        for pull in self.forge.pulls() {
            self.assert_clean("a pull request", &format!("{} {}", pull.title, pull.body));
        }
    }
}

/// Insists that a text shows no secret in any form.
fn assert_clean(canaries: &Canaries, place: &str, text: &str) {
    for (name, form) in canaries.forms() {
        if let Some(found) = text.find(&form) {
            let from = text[..found].rfind('\n').map_or(0, |end| end + 1);
            let line: String = text[from..]
                .lines()
                .next()
                .unwrap()
                .chars()
                .take(300)
                .collect();
            panic!("law 17: {place} shows the secret of {name} as {form}: {line}");
        }
    }
}

/// Insists that no file shows a secret, but for those in which the user has put it; gives how many there are.
fn files_are_clean(canaries: &Canaries, folder: PathBuf) -> usize {
    let mut folders = vec![folder];
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().flatten() {
            let path = entry.path();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file()
                && !path.ends_with("docker/config.json")
                && !path.ends_with("work/.git/config")
            {
                count += 1;
                assert_clean(
                    canaries,
                    &path.display().to_string(),
                    &String::from_utf8_lossy(&fs::read(&path).unwrap()),
                );
            }
        }
    }
    count
}

/// What git keeps is packed, and shows nothing to who reads its files: every commit, tree, tag and file of all repositories below a
/// folder, by git's own hand. Gives how many repositories there are.
fn commits_are_clean(canaries: &Canaries, folder: &Path) -> usize {
    let is_repository = |path: &Path| path.join("objects").is_dir() && path.join("HEAD").is_file();
    let inner = fs::read_dir(folder)
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir() && !path.is_symlink());
    let (found, rest): (Vec<_>, Vec<_>) = inner.partition(|path| is_repository(path));
    for repository in &found {
        let mut command = std::process::Command::new("git");
        command.arg("--git-dir").arg(repository).args([
            "cat-file",
            "--batch-all-objects",
            "--batch",
        ]);
        let output = command.output().unwrap();
        assert!(
            output.status.success() && output.stdout.len() > 100,
            "{}",
            repository.display()
        );
        assert_clean(
            canaries,
            &format!("an object of {}", repository.display()),
            &String::from_utf8_lossy(&output.stdout),
        );
    }
    found.len()
        + rest
            .iter()
            .map(|folder| commits_are_clean(canaries, folder))
            .sum::<usize>()
}

/// A project that runs in two environments, is signed, and has a forge.
fn configure(delivered: &Delivered, registry: &str) {
    let fixture = &delivered.fixture;
    let git = delivered.there().display().to_string();
    let pins = ["staging", "production"]
        .map(|stage| format!("[[pins]]\nproject = \"api\"\nenvironment = \"{stage}\"\ngit = \"{git}\"\nfile = \"{stage}/*.yaml\"\n"));
    let config = fixture
        .read("xtask/monorepo.toml")
        .replace("[repository]\n", "[repository]\ngithub = \"acme/mono\"\n");
    let secrets = ["staging", "production"]
        .map(|stage| format!("[environments.{stage}.secrets]\nsink = \"modal\"\nrequired = [\"STORED_API_KEY\"]\n"))
        .concat();
    let registered = "[images-from]\nfiles = \"registry/*.yaml\"\ndockerfile = \"processors/{name}/Dockerfile\"\n";
    let environments = format!(
        "[environments.staging]\n[environments.production]\nafter = \"staging\"\n{secrets}{registered}"
    );
    let trust = "[trust]\npublic-key = \"cosign.pub\"\ntransparency-log = false\nsbom = []\nprovenance = false\n";
    fixture.write(
        "xtask/monorepo.toml",
        &format!("{config}{environments}{trust}{}", pins.concat()),
    );
    fixture.write("cosign.pub", PUBLIC_KEY);
    fixture.write("api/Dockerfile", "FROM scratch\n");
    fixture.write("processors/worker/Dockerfile", "FROM scratch\n");
    fixture.write("registry/worker.yaml", REGISTERED);
    fixture.git(&["add", "--all"]);
    fixture.commit_all("chore: all that there is");
    fixture.git(&["push", "--quiet", "origin", "main"]);
    delivered.release("api", "0.1.0");
    let text = deployment(
        registry,
        &format!("api:0.1.0@{}", delivered.digest("api", "0.1.0")),
    );
    delivered.push_there(
        &[("staging/api.yaml", &text), ("production/api.yaml", &text)],
        "feat: begin",
    );
}

#[test]
fn law_17_no_verb_shows_a_secret() {
    let known = lines();
    let verbs = verbs();
    assert!(verbs.len() > 15, "{verbs:?}");
    for verb in &verbs {
        assert!(
            known.iter().any(|(name, _)| name == verb),
            "say in tests/it/cli/canaries.rs how `{verb}` is run with canary secrets"
        );
    }
    let mut stage = Stage::new();
    let mut codes: BTreeMap<String, i32> = BTreeMap::new();
    for (verb, lines) in known
        .iter()
        .filter(|(name, _)| verbs.iter().any(|verb| verb == name))
    {
        for line in lines {
            if !["rehearse", "test"].contains(verb) {
                stage.run(line, &["--dry-run", "--json"], true);
            }
            let ran = stage.run(line, &["--verbose", "--yes"], true);
            codes.insert((*line).to_owned(), ran.code);
            if !["rehearse", "test", "check", "bump"].contains(verb) {
                stage.run(line, &["--json", "--yes"], true);
            }
            if *line == "unbar api --in production" {
                // What a build of the registry's image would have pushed, of the branch's head: the engine here is played.
                stage
                    .delivered
                    .fixture
                    .git(&["push", "--quiet", "origin", "main"]);
                let registry = &stage.delivered.fixture.registry;
                let head = stage.delivered.fixture.head();
                stand_in::push_to(
                    registry,
                    "acme/worker",
                    &head[..7],
                    "linux/amd64",
                    &head[..7],
                    &head,
                    true,
                )
                .unwrap();
            }
            if *line == "pin nobody" {
                // Merged, so that no pin is left that waits for its image.
                let fixture = &stage.delivered.fixture;
                git_in(
                    &fixture.folder().join("origin.git"),
                    &["update-ref", "refs/heads/main", "xtask/pin/staging"],
                );
                fixture.git(&["pull", "--quiet", "--ff-only", "origin", "main"]);
            }
            if *line == "tag api --rc --push" {
                let fixture = &stage.delivered.fixture;
                let plan = fixture.run(&["plan", "--tag", "api-v0.2.0-rc1", "--json"]);
                let id = plan["matrix"]["include"][0]["build_id"]
                    .as_str()
                    .unwrap_or_else(|| panic!("{plan}: {}", stage.said));
                fixture.push_candidate(id, &["linux/amd64", "linux/arm64"], &fixture.head());
            }
        }
    }
    // What is to go well went well: a line that ends before it did anything would prove little.
    for line in [
        "versions --check",
        "release-pr --initial",
        "bump minor api --commit",
        "tag api --rc --push",
        "build api",
        "release api",
        "verify api 0.2.0",
        "promote api --to production",
        "rollback api --in production",
        "unbar api --in production",
        "pin",
        "secrets sync --to staging",
        "check pins",
        "rehearse api",
    ] {
        assert_eq!(codes[line], 0, "{line}: {}", stage.said);
    }
    stage.assert_files_are_clean();
    assert!(
        !stage.forge.releases().is_empty() && !stage.forge.pulls().is_empty(),
        "the forge was told nothing"
    );
    let requests = stage.requests.lock().unwrap().clone();
    assert!(requests.lines().count() > 100);
    stage.assert_clean("a request, outside of Authorization,", &requests);
    let arguments = fs::read_to_string(&stage.log).unwrap();
    assert!(
        arguments.contains("xtask") && arguments.contains("cosign") && arguments.contains("git")
    );
    stage.assert_clean("a process's arguments", &arguments);
}

#[test]
fn law_17_where_nobody_is_let_in_the_error_shows_no_secret_either() {
    let known = lines();
    let verbs = verbs();
    let mut stage = Stage::new();
    // A remote whose address holds a password, and servers that say again whatever they were shown.
    let address = stage.echo.address();
    let url = format!(
        "http://me:{}@{address}/acme/mono.git",
        escaped(stage.canaries.of("REMOTE_PASSWORD"))
    );
    let root = stage.delivered.fixture.root();
    let settings = root.join(".git/config");
    let text = fs::read_to_string(&settings).unwrap();
    let origin = stage
        .delivered
        .fixture
        .folder()
        .join("origin.git")
        .display()
        .to_string();
    assert!(text.contains(&origin), "{text}");
    fs::write(&settings, text.replace(&origin, &url)).unwrap();
    let config = stage.delivered.fixture.read("xtask/monorepo.toml");
    let registry = config
        .split("repository = \"")
        .nth(1)
        .unwrap()
        .split('/')
        .next()
        .unwrap()
        .to_owned();
    let there = stage.delivered.there().display().to_string();
    let config = config
        .replace(&registry, &address)
        .replace(&there, &format!("http://{address}/acme/there.git"));
    stage
        .delivered
        .fixture
        .write("xtask/monorepo.toml", &config);
    stage.delivered.fixture.commit_all("chore: elsewhere");
    for (verb, lines) in known
        .iter()
        .filter(|(name, _)| verbs.iter().any(|verb| verb == name))
    {
        for line in lines
            .iter()
            .filter(|_| !["rehearse", "test"].contains(verb))
        {
            stage.run(line, &["--verbose", "--yes"], false);
            stage.run(line, &["--json", "--dry-run"], false);
        }
    }
    assert!(
        stage.said.contains("403") || stage.said.contains("denied"),
        "somebody was let in: {}",
        stage.said
    );
    stage.assert_files_are_clean();
    let requests = stage.requests.lock().unwrap().clone();
    stage.assert_clean("a request, outside of Authorization,", &requests);
    // The address of a remote is git's to hand on: its own helper is called with it.
    let arguments = fs::read_to_string(&stage.log).unwrap();
    let remote = stage.canaries.0.remove("REMOTE_PASSWORD").unwrap();
    stage.assert_clean("a process's arguments", &arguments);
    let calls = arguments
        .split("/bin/sh ")
        .filter(|call| call.contains(&escaped(&remote)));
    assert!(
        calls.clone().all(|call| call.contains("remote-http")),
        "{:?}",
        calls.collect::<Vec<_>>()
    );
}

/// Runs of a package's verbs, with a spy before every program that they call.
struct PackageStage {
    packaged: Packaged,
    canaries: Canaries,
    log: PathBuf,
}

impl PackageStage {
    fn new() -> Self {
        let canaries = Canaries::new();
        let packaged = Packaged::for_password(canaries.of("UV_PUBLISH_TOKEN"), "");
        let log = packaged.fixture.folder().join("arguments");
        let spy = SPY.replace("@LOG@", &log.display().to_string());
        for name in ["git", "cargo", "uv", "python3"] {
            let real = on_path(name)
                .map(|real| format!("exec '{}' \"$@\"\n", real.display()))
                .unwrap_or_default();
            write_program(&packaged.programs().join(name), &format!("{spy}{real}"));
        }
        packaged.prepare();
        Self {
            packaged,
            canaries,
            log,
        }
    }

    /// An index's address as somebody writes it who puts the password there.
    fn address(&self, url: &str, name: &str) -> String {
        url.replace(
            "http://",
            &format!("http://{USER}:{}@", escaped(self.canaries.of(name))),
        )
    }

    /// Runs a line; `let_in` is how the index is told who that is. All other canaries are there as well.
    fn run(&self, line: &str, let_in: &[(&str, String)]) -> Report {
        let fixture = &self.packaged.fixture;
        let mut command = program(&fixture.root());
        let is_of_index = |name: &&&str| {
            ["TWINE_PASSWORD", "UV_PUBLISH_TOKEN", "UV_PUBLISH_PASSWORD"].contains(name)
        };
        for name in VARIABLES.iter().filter(|name| {
            !ELSEWHERE.contains(name) && !is_of_index(name) && !name.starts_with("ACTIONS")
        }) {
            command.env(name, self.canaries.value(name, "127.0.0.1:1"));
        }
        // What pip and uv take from there for themselves has an address that nobody is at.
        command.env_remove("PIP_INDEX_URL");
        let path = format!(
            "{}:{}",
            self.packaged.programs().display(),
            std::env::var("PATH").unwrap()
        );
        command
            .env("PATH", path)
            .envs(let_in.iter().map(|(name, value)| (*name, value.as_str())));
        let ran = support::ran(command.args(line.split(' ')).output().unwrap());
        assert_clean(
            &self.canaries,
            line,
            &format!("{}{}", ran.stdout, ran.stderr),
        );
        ran
    }
}

#[test]
fn law_17_no_secret_is_shown_on_a_packages_way_to_its_index() {
    if !has(
        "a package with canary secrets",
        &[("uv", "--version"), ("python3", "--version")],
    ) {
        return;
    }
    let stage = PackageStage::new();
    let index = &stage.packaged.index;
    let candidates = &stage.packaged.candidates;
    let good = |line: &str, let_in: &[(&str, String)]| {
        let ran = stage.run(line, let_in);
        assert_eq!(ran.code, 0, "{line}: {}", ran.stderr);
    };
    // Whoever writes the password into the address is let in by it, and it is shown no more than others.
    let in_address = [(
        "UV_PUBLISH_URL",
        stage.address(&candidates.url(), "UV_PUBLISH_TOKEN"),
    )];
    good("build kit --push --dry-run --json", &in_address);
    good("build kit --push --verbose", &in_address);
    assert_eq!(candidates.files().len(), 2);
    let wrong = [
        ("TWINE_USERNAME", USER.to_owned()),
        (
            "TWINE_PASSWORD",
            stage.canaries.of("TWINE_PASSWORD").to_owned(),
        ),
    ];
    let wrong_address = [(
        "TWINE_REPOSITORY_URL",
        stage.address(&index.url(), "TWINE_PASSWORD"),
    )];
    for let_in in [&wrong[..], &wrong_address] {
        let ran = stage.run("release kit --verbose", let_in);
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        let line = ran.lines_with("make a new token");
        assert_text(
            line.split_once(": `uv").unwrap().0,
            str![
                "             the index does not take the credentials (expired, or not for this package); make a new token, then the same command again"
            ],
        );
    }
    good(
        "release kit --json",
        &[(
            "UV_PUBLISH_TOKEN",
            stage.canaries.of("UV_PUBLISH_TOKEN").to_owned(),
        )],
    );
    assert_eq!(index.files().len(), 2);
    good("verify kit 0.2.0", &[]);
    let listed = stage.address(&format!("{}simple", index.url()), "UV_PUBLISH_PASSWORD");
    good(
        "verify kit 0.2.0 --json",
        &[("UV_PUBLISH_CHECK_URL", listed)],
    );
    good("status", &in_address);
    // twine is played here, and does not know its own version.
    stage.run("doctor", &in_address);

    let arguments = fs::read_to_string(&stage.log).unwrap();
    assert!(arguments.contains("publish --no-config"), "uv was not seen");
    assert_clean(&stage.canaries, "a process's arguments", &arguments);
    for request in index.log().into_iter().chain(candidates.log()) {
        assert_clean(&stage.canaries, "a request", &request.target);
    }
    assert!(files_are_clean(&stage.canaries, stage.packaged.fixture.folder()) > 50);
    assert!(commits_are_clean(&stage.canaries, &stage.packaged.fixture.folder()) >= 2);
}
