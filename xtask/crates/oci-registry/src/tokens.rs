//! How registries let us in: Basic credentials, or tokens fetched for a scope, remembered until they are refused.
//!
//! GHCR and Docker Hub want a token for public images too, and give it to whoever asks without credentials
//! (<https://github.com/CodesWhat/drydock/pull/87>); ECR wants Basic, and never a token.
//!
//! Protocol: <https://distribution.github.io/distribution/spec/auth/token/>

use std::collections::HashMap;
use std::sync::{Arc, MutexGuard, OnceLock, PoisonError};

use crate::error::RegistryErrorKind as Kind;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use monorelease_http_client::http::Method;
use monorelease_http_client::url::{Origin, escape};

use crate::challenge::Challenge;
use crate::credentials::Credential;
use crate::error::RegistryError;
use crate::response::is_page;
use crate::transport::{Answer, Call, Transport};

/// The longest answer of a token server that is read.
const TOKEN_BYTES_MAX: u64 = 1 << 20;

/// What is shown to a server, and the secrets in it, so that no error repeats them.
#[derive(Clone)]
pub(super) struct Pass {
    /// The value of `Authorization`; a form carries its secret in its body instead.
    pub header: Option<String>,
    secrets: Vec<String>,
}

impl Pass {
    fn basic(user: &str, password: &str) -> Self {
        let encoded = BASE64.encode(format!("{user}:{password}"));
        Self {
            header: Some(format!("Basic {encoded}")),
            secrets: vec![encoded, password.to_owned()],
        }
    }

    fn bearer(token: &str, mut secrets: Vec<String>) -> Self {
        secrets.push(token.to_owned());
        Self {
            header: Some(format!("Bearer {token}")),
            secrets,
        }
    }

    /// The token, where it is one that is shown.
    pub fn bearer_token(&self) -> Option<&str> {
        self.header.as_ref()?.strip_prefix("Bearer ")
    }

    /// Takes the secrets out of what a server said: some repeat what they were shown.
    pub fn redact(&self, said: &[u8]) -> Vec<u8> {
        let mut text = String::from_utf8_lossy(said).into_owned();
        for secret in self.secrets.iter().filter(|secret| !secret.is_empty()) {
            text = text.replace(secret.as_str(), "***");
        }
        text.into_bytes()
    }
}

/// What was learned of how to get in.
#[derive(Default)]
pub(super) struct Passes {
    /// How each host wants to be asked.
    challenges: HashMap<String, Challenge>,
    /// By host and scope.
    passes: HashMap<(String, String), Pass>,
    /// What is asked for at this moment, by host and scope: whoever wants the same waits for that answer, good or bad.
    asked: HashMap<(String, String), Arc<OnceLock<Fetched>>>,
}

/// `None` when a password is wanted and there is none.
type Fetched = Result<Option<Pass>, RegistryError>;

impl Passes {
    /// What may be shown for a call.
    fn of(&self, call: &Call) -> Option<&Pass> {
        // A token for pushing is good for pulling, too.
        let wider = format!("{},push", call.scope);
        [wider, call.scope.clone()]
            .into_iter()
            .find_map(|scope| self.passes.get(&(call.host.to_owned(), scope)))
    }
}

impl Transport {
    /// Sends a request once, with credentials where the registry asks for them.
    pub fn send(&self, call: &Call) -> Result<Answer, RegistryError> {
        let shown = self.known_pass(call)?;
        let answer = self.follow(call, shown.as_ref())?;
        if answer.status != 401 || answer.is_elsewhere {
            return Ok(answer);
        }
        let Some(challenge) = Challenge::choose(answer.headers_named("WWW-Authenticate")) else {
            return Ok(answer);
        };
        {
            let mut passes = self.lock();
            passes
                .challenges
                .insert(call.host.to_owned(), challenge.clone());
            if let Some(shown) = &shown {
                passes.passes.retain(|_, pass| pass.header != shown.header);
            }
        }
        match self.fetch_pass(call, &challenge, shown.as_ref())? {
            // What was just refused is not shown again.
            Some(pass) if shown.is_none_or(|shown| shown.header != pass.header) => {
                self.follow(call, Some(&pass))
            }
            _ => Ok(answer),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Passes> {
        self.passes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to show without being asked, once the host has said how it wants to be asked.
    pub fn known_pass(&self, call: &Call) -> Result<Option<Pass>, RegistryError> {
        let challenge = {
            let passes = self.lock();
            if let Some(pass) = passes.of(call) {
                return Ok(Some(pass.clone()));
            }
            passes.challenges.get(call.host).cloned()
        };
        challenge.map_or(Ok(None), |challenge| {
            self.fetch_pass(call, &challenge, None)
        })
    }

    /// Gets what the challenge wants in place of what was `refused`. Of several threads that stand at one door, one asks.
    fn fetch_pass(&self, call: &Call, challenge: &Challenge, refused: Option<&Pass>) -> Fetched {
        let key = (call.host.to_owned(), call.scope.clone());
        let answer = {
            let mut passes = self.lock();
            // Somebody may have asked while this thread was on its way here.
            if let Some(pass) = passes
                .of(call)
                .filter(|pass| refused.is_none_or(|refused| refused.header != pass.header))
            {
                return Ok(Some(pass.clone()));
            }
            Arc::clone(passes.asked.entry(key.clone()).or_default())
        };
        let fetched = answer
            .get_or_init(|| self.ask_for_pass(call, challenge))
            .clone();
        let mut passes = self.lock();
        // An answer is for those who waited for it: whoever comes later asks anew.
        passes.asked.retain(|_, other| !Arc::ptr_eq(other, &answer));
        fetched
    }

    fn ask_for_pass(&self, call: &Call, challenge: &Challenge) -> Fetched {
        let credential = self.options.credentials.for_host(call.host);
        let credential =
            credential.map_err(|error| call.error(Kind::Credentials, error.to_string()))?;
        let pass = match (challenge, credential) {
            (Challenge::Basic, Some(Credential::Password { user, password })) => {
                Pass::basic(&user, &password)
            }
            (Challenge::Basic, _) => return Ok(None),
            (
                Challenge::Bearer {
                    realm,
                    service,
                    scope,
                },
                credential,
            ) => {
                let scope = if call.scope.is_empty() {
                    scope.as_deref().unwrap_or_default()
                } else {
                    &call.scope
                };
                let mut form: Vec<_> = service
                    .iter()
                    .map(|service| ("service", service.as_str()))
                    .collect();
                // One scope a parameter, as every token server takes them.
                form.extend(
                    scope
                        .split(' ')
                        .filter(|scope| !scope.is_empty())
                        .map(|scope| ("scope", scope)),
                );
                self.fetch_token(call, realm, form, credential)?
            }
        };
        self.lock()
            .passes
            .insert((call.host.to_owned(), call.scope.clone()), pass.clone());
        Ok(Some(pass))
    }

    fn fetch_token(
        &self,
        call: &Call,
        realm: &str,
        form: Vec<(&str, &str)>,
        credential: Option<Credential>,
    ) -> Result<Pass, RegistryError> {
        let malformed = |why: String| call.error(Kind::Malformed, why);
        let is_clear = |url: &str| Origin::of(url).map(|origin| !origin.is_secure());
        if is_clear(realm).map_err(&malformed)? && !is_clear(&call.url).map_err(&malformed)? {
            return Err(malformed(format!(
                "{} wants credentials sent in the clear to {realm}",
                call.host
            )));
        }
        let separator = if realm.contains('?') { '&' } else { '?' };
        let mut token_call = Call {
            method: Method::GET,
            url: format!("{realm}{separator}{}", encode_form(&form)),
            reference: realm.to_owned(),
            scope: String::new(),
            headers: Vec::new(),
            body: None,
            body_bytes_max: TOKEN_BYTES_MAX,
            ..call.clone()
        };
        let filled;
        let pass = match &credential {
            Some(Credential::Password { user, password }) => Some(Pass::basic(user, password)),
            Some(Credential::IdentityToken(token)) => {
                let rest = [
                    ("grant_type", "refresh_token"),
                    ("client_id", "xtask"),
                    ("refresh_token", token),
                ];
                filled = format!("{}&{}", encode_form(&form), encode_form(&rest));
                token_call.method = Method::POST;
                token_call.url = realm.to_owned();
                token_call
                    .headers
                    .push(("Content-Type", "application/x-www-form-urlencoded"));
                token_call.body = Some(filled.as_bytes());
                Some(Pass {
                    header: None,
                    secrets: vec![token.clone(), escape(token)],
                })
            }
            None => None,
        };
        let answer = self.send_one(&token_call, &token_call.url, pass.as_ref())?;
        if answer.status != 200 {
            return Err(self.refusal(&token_call, &answer));
        }
        let document: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let token = ["token", "access_token"]
            .into_iter()
            .find_map(|key| document.get(key)?.as_str());
        match token
            .filter(|token| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()))
        {
            // What the token was bought with is as secret, and the same servers have seen it.
            Some(token) => Ok(Pass::bearer(
                token,
                pass.map(|pass| pass.secrets).unwrap_or_default(),
            )),
            None if is_page(&answer) => Err(call.error(
                Kind::Stranger,
                format!("{realm} gave no token, but a page for people"),
            )),
            None => Err(call.error(Kind::Stranger, format!("{realm} gave no token"))),
        }
    }
}

fn encode_form(form: &[(&str, &str)]) -> String {
    form.iter()
        .map(|(key, value)| format!("{key}={}", escape(value)))
        .collect::<Vec<_>>()
        .join("&")
}
