//! What the surroundings say: environment variables and the clock. Read once, when a command begins.

#![allow(
    clippy::disallowed_methods,
    reason = "this module is the way to the environment and the clock"
)]

use crate::world::variables::variable;
use std::env;
use std::io::IsTerminal;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use monorelease_http_client::url::{escape, unescape};
use monorelease_model::image::Platform;
use monorelease_process::quoted;

use crate::git::credentials::ForgeCredentials;
use crate::packages::access::PackageAccess;
use crate::trust::Key;
use monorelease_http_client::url::without_user;

const PUBLIC_FORGE: &str = "https://github.com";

/// The answers, as far as any command asks.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// Nobody is there to answer a question.
    pub is_ci: bool,
    pub is_terminal: bool,
    /// Output is read by GitHub Actions: groups fold.
    pub is_github_actions: bool,
    pub color: bool,
    /// Lines may be drawn over: a person looks on, and the terminal can.
    pub has_live_lines: bool,
    /// The number of the CI's run; 0 elsewhere.
    pub run_number: u64,
    /// A tool that is missing is a fault, not a reason to skip.
    pub require_tools: bool,
    /// `docker build --network`, where the default network cannot reach a package index.
    pub build_network: Option<String>,
    /// How many settings git is given by variables already.
    pub git_config_count: usize,
    pub github_output: Option<PathBuf>,
    pub github_step_summary: Option<PathBuf>,
    /// Where the forge is, such as `https://github.com`.
    pub forge_url: String,
    /// Where the forge's REST interface is, such as `https://api.github.com`.
    pub forge_api: String,
    /// Whether somebody says where that is.
    pub has_forge_api: bool,
    /// Where the private key to sign with is, when there is one.
    pub signing_key: Option<Key>,
    /// The public key that signatures are held to, or where it is.
    pub public_key: Option<String>,
    /// Whether the password of the private key is known; an empty one is.
    pub has_key_password: bool,
    /// Whether somebody vouches for this run, so that it can be signed by without a key.
    pub has_identity: bool,
    /// Package indexes.
    pub packages: PackageAccess,
    token: Option<Secret>,
    delivery_token: Option<Secret>,
}

/// A value that does not print itself.
#[derive(Clone)]
struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl Environment {
    pub fn read() -> Self {
        let is_ci = flag("CI");
        // These addresses are written into changelogs and labels: who stands in one is no part of it.
        let address = |name: &str| variable(name).map(|address| without_user(&address));
        let forge_url = address("GITHUB_SERVER_URL").unwrap_or_else(|| PUBLIC_FORGE.into());
        Self {
            is_ci,
            is_terminal: std::io::stdin().is_terminal() && std::io::stderr().is_terminal(),
            is_github_actions: flag("GITHUB_ACTIONS"),
            color: std::io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none(),
            has_live_lines: std::io::stderr().is_terminal()
                && !is_ci
                && variable("TERM").is_some_and(|name| name != "dumb"),
            run_number: variable("GITHUB_RUN_NUMBER")
                .and_then(|text| text.parse().ok())
                .unwrap_or(0),
            require_tools: flag("XTASK_REQUIRE_TOOLS"),
            build_network: variable("XTASK_BUILD_NETWORK"),
            git_config_count: variable("GIT_CONFIG_COUNT")
                .and_then(|text| text.parse().ok())
                .unwrap_or(0),
            github_output: variable("GITHUB_OUTPUT").map(PathBuf::from),
            github_step_summary: variable("GITHUB_STEP_SUMMARY").map(PathBuf::from),
            has_forge_api: variable("GITHUB_API_URL").is_some(),
            forge_api: address("GITHUB_API_URL").unwrap_or_else(|| api_of(&forge_url)),
            forge_url,
            signing_key: signing_key(),
            public_key: variable("COSIGN_PUBLIC_KEY"),
            has_key_password: env::var_os("COSIGN_PASSWORD").is_some(),
            has_identity: variable("SIGSTORE_ID_TOKEN").is_some()
                || (variable("ACTIONS_ID_TOKEN_REQUEST_URL").is_some()
                    && variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN").is_some()),
            packages: PackageAccess::read(),
            token: variable("GITHUB_TOKEN")
                .or_else(|| variable("GH_TOKEN"))
                .map(Secret),
            delivery_token: variable("DELIVERY_TOKEN").map(Secret),
        }
    }

    /// The forge's token and the address it is meant for, when there is one.
    pub fn forge_credentials(&self) -> Option<ForgeCredentials> {
        let token = self.token.as_ref()?.0.clone();
        Some(ForgeCredentials {
            server: self.forge_url.clone(),
            token,
            settings_before: self.git_config_count,
        })
    }

    /// As [`Self::forge_credentials`], for repositories that say what runs and are not this one: what a forge lends to a
    /// workflow is good for the workflow's own repository alone, so there may be another token for them.
    pub fn delivery_credentials(&self) -> Option<ForgeCredentials> {
        let Some(Secret(token)) = &self.delivery_token else {
            return self.forge_credentials();
        };
        Some(ForgeCredentials {
            server: self.forge_url.clone(),
            token: token.clone(),
            settings_before: self.git_config_count,
        })
    }

    /// The token for the forge's REST interface, when there is one. It goes into a header, and nowhere else (law 17).
    pub fn forge_token(&self) -> Option<&str> {
        self.token.as_ref().map(|token| token.0.as_str())
    }

    /// Every secret value in the surroundings, longest first, so that one inside another is hidden whole.
    ///
    /// A value of several lines is printed line by line, so each of its lines is a secret as well.
    pub fn secrets(&self) -> Vec<String> {
        let values = env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        let mut secrets: Vec<String> = values
            .flat_map(
                |(name, value)| match is_secret(&name) || value.contains(KEY_MARK) {
                    true => value
                        .lines()
                        .map(|line| line.trim().to_owned())
                        .chain([value.clone()])
                        .collect(),
                    false => url_password(&value).into_iter().collect::<Vec<_>>(),
                },
            )
            // A word as short as these stands in many a line that has nothing to hide.
            .filter(|value| value.len() >= 6)
            .flat_map(|value| forms_of(&value))
            .collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.dedup();
        secrets
    }
}

/// The REST interface of a forge: the public one has a host for it, one of a company a path.
fn api_of(server: &str) -> String {
    let server = server.trim_end_matches('/');
    if server == PUBLIC_FORGE {
        "https://api.github.com".to_owned()
    } else {
        format!("{server}/api/v3")
    }
}

/// How the text of a private key begins and ends, whatever variable it is in.
const KEY_MARK: &str = "PRIVATE KEY-----";

/// The private key: `COSIGN_KEY` names its place or holds its text, `COSIGN_PRIVATE_KEY` holds its text.
fn signing_key() -> Option<Key> {
    match (variable("COSIGN_KEY"), variable("COSIGN_PRIVATE_KEY")) {
        (Some(text), _) if text.contains(KEY_MARK) => Some(Key::Variable("COSIGN_KEY")),
        (Some(place), _) => Some(Key::At(place)),
        (None, Some(_)) => Some(Key::Variable("COSIGN_PRIVATE_KEY")),
        (None, None) => None,
    }
}

/// Whether a variable of this name holds what must never be seen (law 17): told by the words of the name.
fn is_secret(name: &str) -> bool {
    const WORDS: [&str; 10] = [
        "TOKEN",
        "TOKENS",
        "SECRET",
        "SECRETS",
        "PASSWORD",
        "PASSWD",
        "PASSPHRASE",
        "CREDENTIAL",
        "CREDENTIALS",
        "PAT",
    ];
    const ENDINGS: [&str; 6] = [
        "PRIVATE_KEY",
        "ACCESS_KEY",
        "API_KEY",
        "AUTH_CONFIG",
        "WEBHOOK",
        "WEBHOOK_URL",
    ];
    let name = name.to_ascii_uppercase();
    // A value for one environment alone has its name behind: API_KEY_STAGING.
    let ends = |ending: &str| name.ends_with(ending) || name.contains(&format!("{ending}_"));
    name.split('_').any(|word| WORDS.contains(&word)) || ENDINGS.iter().any(|ending| ends(ending))
}

/// The forms in which programs say a secret again: as it is, without and with the escapes of a URL, and in base64, as in a
/// header. There it looks otherwise by what stands before it, in three ways, of which the middle is sure.
fn forms_of(secret: &str) -> Vec<String> {
    let encoded = (0..3).map(|before| BASE64.encode(format!("{}{secret}", "x".repeat(before))));
    let middles = encoded.filter_map(|encoded| {
        encoded
            .get(4..encoded.len().saturating_sub(4))
            .map(str::to_owned)
    });
    let mut forms: Vec<_> = middles.filter(|middle| middle.len() >= 8).collect();
    forms.extend([escape(secret), unescape(secret), secret.to_owned()]);
    forms
}

/// The password in a URL, such as that of a package index.
fn url_password(value: &str) -> Option<String> {
    let (_, rest) = value.split_once("://")?;
    let (user, _) = rest.split(['/', ' ']).next()?.rsplit_once('@')?;
    user.split_once(':')
        .map(|(_, password)| password.to_owned())
}

/// What programs built here run on, in the words of images.
pub fn platform() -> Platform {
    let arch = match env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    };
    Platform::new(env::consts::OS, arch, None)
}

/// The day it is, in UTC.
pub fn today() -> jiff::civil::Date {
    jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date()
}

/// The folder the command was called in.
pub fn current_folder() -> anyhow::Result<PathBuf> {
    use anyhow::Context;
    env::current_dir().context("the current folder cannot be read")
}

/// Whether a word stands in the call, for the case that the call as a whole could not be read.
pub fn was_called_with(word: &str) -> bool {
    env::args_os().any(|argument| argument == word)
}

/// The call as it was typed, or as it would be: cargo's alias stands for the program.
pub fn command_line() -> String {
    let words = env::args_os()
        .skip(1)
        .map(|word| quoted(&word.to_string_lossy()));
    ["cargo".to_owned(), "xtask".to_owned()]
        .into_iter()
        .chain(words)
        .collect::<Vec<_>>()
        .join(" ")
}

/// This very program, for the rehearsal to call as a user would: by the path it was called by where that is one, since a link
/// gives the program its name.
pub fn this_program() -> anyhow::Result<PathBuf> {
    use anyhow::Context;
    let called = env::args_os().next().map(PathBuf::from);
    match called.filter(|path| path.is_absolute() && path.exists()) {
        Some(path) => Ok(path),
        None => env::current_exe().context("this program's own path cannot be read"),
    }
}

/// The words of the call, the program's own name first.
pub fn arguments() -> impl Iterator<Item = std::ffi::OsString> {
    env::args_os()
}

fn flag(name: &str) -> bool {
    variable(name).is_some_and(|value| value != "0" && value != "false")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn law_17_secrets_are_told_by_their_names() {
        for name in [
            "GITHUB_TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "SIGNING_PASSPHRASE",
            "TWINE_PASSWORD",
            "COSIGN_PRIVATE_KEY",
            "SLACK_WEBHOOK_URL",
            "DOCKER_AUTH_CONFIG",
            "TOKEN",
            "OPENAI_API_KEY_STAGING",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "PATH",
            "TOKENIZERS_PARALLELISM",
            "GITHUB_SERVER_URL",
            "CARGO_HOME",
            "PATTERN",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn a_forge_of_ones_own_has_its_interface_below_a_path() {
        assert_eq!(api_of("https://github.com/"), "https://api.github.com");
        assert_eq!(
            api_of("https://git.example.org"),
            "https://git.example.org/api/v3"
        );
    }

    #[test]
    fn law_17_a_secret_is_known_in_every_form() {
        let secret = "ghs_a/b+c=0123456789";
        let forms = forms_of(secret);
        let known = |text: &str| forms.iter().any(|form| text.contains(form));
        for text in [
            secret,
            "https://x:ghs_a%2Fb%2Bc%3D0123456789@host",
            "token=ghs_a%2Fb%2Bc%3D0123456789",
        ] {
            assert!(known(text), "{text}");
        }
        for user in ["", "x-access-token:", "me:", "you:"] {
            assert!(known(&BASE64.encode(format!("{user}{secret}"))), "{user}");
        }
        assert!(forms_of("ghs_a%2Fb%2Bc").contains(&"ghs_a/b+c".to_owned()));
        assert!(forms_of("100%").contains(&"100%".to_owned()));
        assert!(
            forms_of("secret").iter().all(|form| form.len() >= 6),
            "nothing so short that it stands everywhere"
        );
    }

    #[test]
    fn law_17_a_url_gives_its_password_away_and_nothing_else() {
        assert_eq!(
            url_password("https://user:hunter2@index.example/simple").as_deref(),
            Some("hunter2")
        );
        for value in [
            "https://index.example/a:b@c",
            "https://user@host/",
            "plain",
            "git@host:owner/name",
        ] {
            assert_eq!(url_password(value), None, "{value}");
        }
    }
}
