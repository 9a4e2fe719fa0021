//! The door of the embedded registry: no questions, Basic credentials, or tokens with a scope.
//!
//! Tokens are made up and remembered; nothing here is secret, or safe for anything but the loopback.
//! Protocol: <https://distribution.github.io/distribution/spec/auth/token/>

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use monorelease_model::image::Digest;
use serde_json::json;

use crate::http::message::{Request, Response, parse_form};
use crate::registry::refusal::refuse;

/// What tokens are for; a client that asks in another service's name is turned away.
const SERVICE: &str = "embedded-registry";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Pull,
    Push,
}

impl Access {
    fn name(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "push",
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Scheme {
    #[default]
    Open,
    Basic(String, String),
    Bearer(String, String),
}

/// Actions by repository.
type Grant = BTreeMap<String, BTreeSet<String>>;

#[derive(Debug, Default)]
pub struct Gate {
    scheme: Scheme,
    pub identity_token: Option<String>,
    pub public_reads: bool,
    tokens: Mutex<Tokens>,
}

#[derive(Debug, Default)]
struct Tokens {
    given: u64,
    valid: BTreeMap<String, Grant>,
}

impl Clone for Gate {
    /// The same door with no token given out yet.
    fn clone(&self) -> Self {
        let identity_token = self.identity_token.clone();
        let public_reads = self.public_reads;
        Self {
            scheme: self.scheme.clone(),
            identity_token,
            public_reads,
            tokens: Mutex::default(),
        }
    }
}

impl Gate {
    pub fn basic(user: &str, password: &str) -> Self {
        Self {
            scheme: Scheme::Basic(user.to_owned(), password.to_owned()),
            ..Self::default()
        }
    }

    pub fn bearer(user: &str, password: &str) -> Self {
        Self {
            scheme: Scheme::Bearer(user.to_owned(), password.to_owned()),
            ..Self::default()
        }
    }

    pub fn expire_tokens(&self) {
        self.lock().valid.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Tokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a request in, or answers with what to bring.
    pub fn check(
        &self,
        request: &Request,
        repository: Option<&str>,
        access: Access,
    ) -> Result<(), Response> {
        match &self.scheme {
            Scheme::Open => Ok(()),
            Scheme::Basic(user, password) => match basic_credentials(request) {
                Some(given) if given == (user.clone(), password.clone()) => Ok(()),
                _ => Err(unauthorized("Basic realm=\"embedded registry\"")),
            },
            Scheme::Bearer(..) => self.check_token(request, repository, access),
        }
    }

    fn check_token(
        &self,
        request: &Request,
        repository: Option<&str>,
        access: Access,
    ) -> Result<(), Response> {
        let token = request
            .header("Authorization")
            .and_then(|value| value.strip_prefix("Bearer "));
        let tokens = self.lock();
        let grant = token.and_then(|token| tokens.valid.get(token));
        let is_allowed = grant.is_some_and(|grant| match repository {
            Some(name) => grant
                .get(name)
                .is_some_and(|actions| actions.contains(access.name())),
            None => true,
        });
        if is_allowed {
            return Ok(());
        }
        let host = request.header("Host").unwrap_or_default();
        let mut challenge = format!("Bearer realm=\"http://{host}/token\",service=\"{SERVICE}\"");
        if let Some(name) = repository {
            let actions = if access == Access::Push {
                "pull,push"
            } else {
                "pull"
            };
            challenge.push_str(&format!(",scope=\"repository:{name}:{actions}\""));
        }
        if grant.is_some() {
            challenge.push_str(",error=\"insufficient_scope\"");
        }
        Err(unauthorized(&challenge))
    }

    /// Answers `/token`: by `GET` with Basic credentials, or by `POST` of a form with a password or an identity token.
    pub fn answer_token_request(&self, request: &Request) -> Response {
        let Scheme::Bearer(user, password) = &self.scheme else {
            return refuse(404, "NOT_FOUND", "this registry gives no tokens");
        };
        let form = match request.method.as_str() {
            "GET" => request.query.clone(),
            "POST" => parse_form(&String::from_utf8_lossy(&request.body)),
            _ => return refuse(405, "UNSUPPORTED", "tokens are asked for by GET or POST"),
        };
        let field = |name: &str| {
            form.iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.as_str())
        };
        if field("service") != Some(SERVICE) {
            return refuse(
                400,
                "UNSUPPORTED",
                &format!("service is {:?}, wanted {SERVICE:?}", field("service")),
            );
        }
        let given = match (request.method.as_str(), field("grant_type")) {
            ("GET", _) => basic_credentials(request),
            (_, Some("password")) => field("username")
                .zip(field("password"))
                .map(|(user, password)| (user.into(), password.into())),
            (_, Some("refresh_token"))
                if field("refresh_token")
                    .is_some_and(|given| Some(given) == self.identity_token.as_deref()) =>
            {
                Some((user.clone(), password.clone()))
            }
            _ => Some(Default::default()),
        };
        let is_known = given.as_ref() == Some(&(user.clone(), password.clone()));
        let is_welcome = is_known || (given.is_none() && self.public_reads);
        if !is_welcome {
            return refuse(401, "UNAUTHORIZED", "these credentials are not known here");
        }
        let scopes = form
            .iter()
            .filter(|(key, _)| key == "scope")
            .flat_map(|(_, value)| value.split(' '));
        let token = self.give(scopes, is_known);
        Response::json(
            200,
            &json!({ "token": token, "access_token": token, "expires_in": 300 }),
        )
    }

    fn give<'a>(&self, scopes: impl Iterator<Item = &'a str>, may_push: bool) -> String {
        let mut grant = Grant::new();
        for scope in scopes {
            let Some((name, actions)) = scope
                .strip_prefix("repository:")
                .and_then(|rest| rest.rsplit_once(':'))
            else {
                continue;
            };
            let allowed = actions
                .split(',')
                .filter(|action| may_push || *action == "pull")
                .map(str::to_owned);
            grant.entry(name.to_owned()).or_default().extend(allowed);
        }
        let mut tokens = self.lock();
        tokens.given += 1;
        let token = Digest::of(format!("token {}", tokens.given).as_bytes())
            .hex()
            .to_owned();
        tokens.valid.insert(token.clone(), grant);
        token
    }
}

fn basic_credentials(request: &Request) -> Option<(String, String)> {
    let encoded = request.header("Authorization")?.strip_prefix("Basic ")?;
    let text = String::from_utf8(BASE64.decode(encoded).ok()?).ok()?;
    text.split_once(':')
        .map(|(user, password)| (user.to_owned(), password.to_owned()))
}

fn unauthorized(challenge: &str) -> Response {
    refuse(401, "UNAUTHORIZED", "authentication required")
        .with("WWW-Authenticate", challenge)
        .with("Docker-Distribution-Api-Version", "registry/2.0")
}
