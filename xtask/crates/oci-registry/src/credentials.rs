//! Credentials for registries, found where `docker login` leaves them: `config.json` and credential helpers.
//!
//! As docker does it: <https://github.com/docker/cli/blob/master/docs/reference/commandline/login.md>. ECR wants a password of
//! twelve hours for the user AWS, by Basic, which a helper of its own fetches: nothing here knows it
//! (<https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html>).
//!
//! A credential is looked up only after a registry has asked for one. Secrets never reach an argument list, and
//! no `Debug`, `Display` or error of this file shows one.

#![allow(
    clippy::disallowed_methods,
    reason = "docker's configuration and credential helpers are files, variables and programs of the user"
)]

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use monorelease_process::{Call, Runner, TimedOut};
use serde::Deserialize;

/// Docker Hub's key in `config.json`; docker never changed it, though images come from another host
/// (<https://github.com/docker/cli/blob/master/docs/reference/commandline/login.md>).
const DOCKER_HUB_KEYS: [&str; 4] = [
    "https://index.docker.io/v1/",
    "index.docker.io",
    "docker.io",
    "registry-1.docker.io",
];

/// A helper that waits for a person would wait for ever in CI.
const HELPER_TIMEOUT: Duration = Duration::from_secs(30);

/// What a credential helper calls the user of an identity token.
const IDENTITY_TOKEN_USER: &str = "<token>";

/// A way into one registry.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    Password {
        user: String,
        password: String,
    },
    /// Exchanged for tokens in place of a password.
    IdentityToken(String),
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password { user, .. } => {
                write!(f, "Password {{ user: {user:?}, password: *** }}")
            }
            Self::IdentityToken(_) => f.write_str("IdentityToken(***)"),
        }
    }
}

/// Credentials that cannot be read: where, and what was wanted. It never quotes what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialsError(String);

impl fmt::Display for CredentialsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CredentialsError {}

/// What a search for a host's credential came to; `None` where there is none.
type LookedUp = Result<Option<Credential>, CredentialsError>;

/// The credentials of this user, for every registry.
#[derive(Clone, Default)]
pub struct Credentials {
    /// Where the configuration was read, for errors.
    source: String,
    config: DockerConfig,
    /// Why the configuration could not be read.
    fault: Option<CredentialsError>,
    /// User and token of a forge for its own registry, when docker knows none.
    github: Option<ForgeToken>,
    /// The folders to look for helpers in, as in `PATH`; the process's own when `None`.
    helper_path: Option<OsString>,
    /// What was found, by host: helpers can be slow, and may ask the user to unlock something. One that failed is not asked
    /// again either, or each of many requests would wait for its silence anew.
    found: Arc<Mutex<HashMap<String, LookedUp>>>,
}

/// A token that GitHub gave, and where it is good.
#[derive(Clone)]
struct ForgeToken {
    user: String,
    token: String,
    registry: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct DockerConfig {
    auths: BTreeMap<String, DockerAuth>,
    creds_store: Option<String>,
    cred_helpers: BTreeMap<String, String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct DockerAuth {
    /// `user:password` in base64.
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HelperAnswer {
    username: String,
    secret: String,
}

impl Credentials {
    /// The credentials that docker on this machine would use: `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`,
    /// and for the forge's own registry also `GITHUB_TOKEN` or `GH_TOKEN`. A file that is there and cannot be read makes every
    /// [`Credentials::for_host`] fail: most commands need no credentials, and must not fail for theirs.
    pub fn from_environment() -> Self {
        Self::from_variables(|name| std::env::var_os(name), std::env::home_dir())
    }

    fn from_variables(variable: impl Fn(&str) -> Option<OsString>, home: Option<PathBuf>) -> Self {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let text = |name: &str| variable(name).and_then(|value| value.into_string().ok());
        let folder = variable("DOCKER_CONFIG")
            .map(PathBuf::from)
            .or_else(|| home.map(|home| home.join(".docker")));
        let mut credentials = Self::default();
        if let Some(file) = folder.map(|folder| folder.join("config.json")) {
            let source = file.display().to_string();
            match std::fs::read_to_string(&file) {
                Ok(text) => match Self::from_docker_config(&text, &source) {
                    Ok(read) => credentials = read,
                    Err(fault) => credentials.fault = Some(fault),
                },
                // Whoever never ran `docker login` has no such file.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => {
                    credentials.fault = Some(CredentialsError(format!(
                        "{source}: cannot be read: {error}"
                    )))
                }
            }
        }
        // Any user name will do beside a token of GitHub's.
        let user = text("GITHUB_ACTOR").unwrap_or_else(|| "token".to_owned());
        let token = text("GITHUB_TOKEN").or_else(|| text("GH_TOKEN"));
        let registry = registry_of_forge(text("GITHUB_SERVER_URL").as_deref());
        Self {
            github: token.map(|token| ForgeToken {
                user,
                token,
                registry,
            }),
            ..credentials
        }
    }

    /// The credentials in the text of a `config.json`; `source` is what errors call it.
    ///
    /// # Errors
    /// When it is no such text.
    pub fn from_docker_config(text: &str, source: &str) -> Result<Self, CredentialsError> {
        let config = serde_json::from_str(text).map_err(|error| {
            // The reader's own words may quote a password.
            let line = error.line();
            let column = error.column();
            CredentialsError(format!("{source}:{line}:{column}: wanted docker's config.json; mend it, or run `docker login` again"))
        })?;
        Ok(Self {
            source: source.to_owned(),
            config,
            ..Self::default()
        })
    }

    /// Adds a token of GitHub's, for GHCR.
    pub fn with_github_token(self, user: &str, token: &str) -> Self {
        let user = user.to_owned();
        let token = token.to_owned();
        let registry = registry_of_forge(None);
        Self {
            github: Some(ForgeToken {
                user,
                token,
                registry,
            }),
            ..self
        }
    }

    /// Looks for credential helpers in these folders, in place of the process's `PATH`.
    pub fn with_helper_path(self, path: impl Into<OsString>) -> Self {
        Self {
            helper_path: Some(path.into()),
            ..self
        }
    }

    /// What to show to a registry; `None` when this user has nothing for it.
    ///
    /// # Errors
    /// When the configuration could not be read, an entry is broken, or a helper that is named is missing or fails.
    pub fn for_host(&self, host: &str) -> Result<Option<Credential>, CredentialsError> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found
            .entry(host.to_owned())
            .or_insert_with(|| self.look_up(host))
            .clone()
    }

    fn look_up(&self, host: &str) -> LookedUp {
        let keys: &[&str] = if host == "docker.io" {
            &DOCKER_HUB_KEYS
        } else {
            &[host]
        };
        let helper = keys
            .iter()
            .find_map(|key| self.config.cred_helpers.get(*key))
            .or(self.config.creds_store.as_ref());
        if let Some(helper) = helper {
            // Helpers are asked by the name under which `docker login` stored it: the first.
            if let Some(credential) = self.ask_helper(helper, keys[0])? {
                return Ok(Some(credential));
            }
        }
        let exact = keys
            .iter()
            .find_map(|key| self.config.auths.get_key_value(*key));
        let entry = exact.or_else(|| {
            self.config
                .auths
                .iter()
                .find(|(key, _)| keys.contains(&host_of_key(key)))
        });
        if let Some((key, auth)) = entry
            && let Some(credential) = read_entry(auth).map_err(|why| {
                CredentialsError(format!(
                    "{}: auths.{key}: {why}; run `docker login {host}` again",
                    self.source
                ))
            })?
        {
            return Ok(Some(credential));
        }
        let github = self
            .github
            .as_ref()
            .filter(|github| host == github.registry);
        Ok(github.map(|github| Credential::Password {
            user: github.user.clone(),
            password: github.token.clone(),
        }))
    }

    /// Runs `docker-credential-NAME get` with the host on its input, as docker does.
    fn ask_helper(&self, name: &str, host: &str) -> Result<Option<Credential>, CredentialsError> {
        let program = format!("docker-credential-{name}");
        let fail = |why: String| {
            CredentialsError(format!(
                "{program}, which {} names for {host}: {why}",
                self.source
            ))
        };
        if name.contains(['/', '\\']) {
            return Err(fail("the name of a helper is no path".to_owned()));
        }
        let path = self
            .helper_path
            .clone()
            .or_else(|| std::env::var_os("PATH"))
            .unwrap_or_default();
        let found = which::which_in(&program, Some(path), ".");
        let file = found.map_err(|_| {
            fail("not found on PATH; install it, or take it out of the configuration".to_owned())
        })?;
        let call = Call::new(file)
            .arg("get")
            .input(host)
            .time_limit(HELPER_TIMEOUT);
        // Its errors are not shown, so there is nothing to redact and nowhere to show it.
        let runner = Runner::new(Vec::new(), Arc::new(|_| ()));
        let output = runner.raw_output(&call).map_err(|error| {
            fail(match error.is::<TimedOut>() {
                true => format!("no answer within {} s", HELPER_TIMEOUT.as_secs()),
                false => format!("cannot be started: {error:#}"),
            })
        })?;
        if !output.status.success() {
            // Helpers say so on their output, and have no other sign for "nothing stored".
            let said = String::from_utf8_lossy(&output.stdout).to_ascii_lowercase();
            return match said.contains("credentials not found") {
                true => Ok(None),
                false => Err(fail(format!(
                    "failed with {}; run `docker login {host}` again",
                    output.status
                ))),
            };
        }
        let answer: HelperAnswer = serde_json::from_slice(&output.stdout).map_err(|_| {
            fail(
                "its answer is not the JSON object with Username and Secret that docker wants"
                    .to_owned(),
            )
        })?;
        Ok(Some(match answer.username.as_str() {
            IDENTITY_TOKEN_USER => Credential::IdentityToken(answer.secret),
            _ => Credential::Password {
                user: answer.username,
                password: answer.secret,
            },
        }))
    }
}

/// The registry that takes the tokens of the forge at this address: GHCR those of github.com, and a server of one's own
/// has one beside it (<https://docs.github.com/en/enterprise-server@3.20/packages/working-with-a-github-packages-registry/working-with-the-container-registry>).
/// Its tokens are no business of GHCR's, which answers 403 to them
/// (<https://github.com/devcontainers/cli/issues/473>, <https://github.com/actions/runner/issues/1199>).
fn registry_of_forge(server: Option<&str>) -> String {
    match server.map(|server| host_of_key(server).to_ascii_lowercase()) {
        Some(host) if !matches!(host.as_str(), "" | "github.com") => format!("containers.{host}"),
        _ => "ghcr.io".to_owned(),
    }
}

/// The host of a key such as `https://ghcr.io/v1/`; older docker clients wrote addresses.
fn host_of_key(key: &str) -> &str {
    let bare = key.split_once("://").map_or(key, |(_, bare)| bare);
    bare.split('/').next().unwrap_or(bare)
}

/// Reads an entry of `auths`. An empty one is what docker leaves where a helper keeps the secret.
fn read_entry(auth: &DockerAuth) -> Result<Option<Credential>, &'static str> {
    if let Some(token) = auth
        .identitytoken
        .as_ref()
        .filter(|token| !token.is_empty())
    {
        return Ok(Some(Credential::IdentityToken(token.clone())));
    }
    if let Some(encoded) = auth.auth.as_ref().filter(|encoded| !encoded.is_empty()) {
        let decoded = BASE64
            .decode(encoded.trim())
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok());
        let pair = decoded.as_deref().and_then(|text| text.split_once(':'));
        // Docker pads the password with zero bytes in old files.
        return match pair.map(|(user, password)| (user, password.trim_end_matches('\0'))) {
            Some((IDENTITY_TOKEN_USER, token)) => {
                Ok(Some(Credential::IdentityToken(token.to_owned())))
            }
            Some((user, password)) => Ok(Some(Credential::Password {
                user: user.to_owned(),
                password: password.to_owned(),
            })),
            None => Err("\"auth\" is not user:password in base64"),
        };
    }
    match (&auth.username, &auth.password) {
        (Some(user), Some(password)) if !user.is_empty() => Ok(Some(Credential::Password {
            user: user.clone(),
            password: password.clone(),
        })),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests;
