//! GitHub's REST API: how it is asked, how it refuses, how its pages follow each other.
//!
//! What is asked of it is in the files beside this one, one subject each. It follows no redirect: a repository that has moved must
//! be called by its new name. "Could not read" never becomes "is not there".
//!
//! Reference: <https://docs.github.com/en/rest>

#![allow(
    clippy::disallowed_methods,
    reason = "requests wait for a server that asked for it"
)]

pub mod error;
pub mod files;
pub mod pulls;
pub mod releases;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use error::ForgeErrorKind as Kind;
use jiff::Timestamp;
use monorelease_http_client::client::{
    Agents, BodyFault, LineFault, Patience, clean, line_fault, read_body,
};
use monorelease_http_client::http::request::Builder;
use monorelease_http_client::http::response::Parts;
use monorelease_http_client::http::{HeaderMap, HeaderValue, Method, Request, Response};
use monorelease_http_client::server_time::retry_after;
use monorelease_http_client::url::{Origin, next_link, resolve};
use monorelease_http_client::{Agent, Body, TransportError};
use serde_json::Value;

use error::ForgeError;

/// The version of the interface that this was written for; without it a forge may answer by a later one.
const API_VERSION: &str = "2022-11-28";
/// A page of a hundred pull requests with the longest bodies has less.
const ANSWER_BYTES_MAX: u64 = 64 << 20;
/// Pages of one listing; nothing that is asked for here has more.
const PAGES_MAX: usize = 100;

/// Where the forge is, and how the client behaves.
#[derive(Clone)]
pub struct ForgeOptions {
    /// Without a slash at its end.
    api: String,
    token: Option<String>,
    /// How often a request is tried in all, when it fails for a while only.
    pub tries: u32,
    /// Waits between two tries.
    pub sleep: Arc<dyn Fn(Duration) + Send + Sync>,
    /// The time, for a limit that ends at a moment.
    pub now: fn() -> Timestamp,
}

impl ForgeOptions {
    pub fn new(api: &str, token: Option<&str>) -> Self {
        let api = api.trim_end_matches('/').to_owned();
        let token = token.map(str::to_owned);
        Self {
            api,
            token,
            tries: 4,
            sleep: Arc::new(std::thread::sleep),
            now: Timestamp::now,
        }
    }
}

/// A client of one forge, for many threads; it keeps its connections while it lives.
pub struct Forge {
    options: ForgeOptions,
    agents: Agents,
    requests: AtomicU64,
    /// The numbers of releases that were seen, by repository and tag: a shorter way to what is known by name.
    pub(super) numbers: Mutex<HashMap<(String, String), u64>>,
}

/// A request.
pub(super) struct Ask<'a> {
    pub method: Method,
    /// Path and query behind the interface's address, or the whole address of a further page.
    pub target: String,
    pub body: Option<&'a Value>,
}

/// A good answer.
pub(super) struct Told {
    pub document: Value,
    headers: HeaderMap,
    url: String,
}

impl Forge {
    pub fn new(options: ForgeOptions) -> Self {
        Self {
            options,
            agents: Agents::new(monorelease_http_client::client::SILENCE),
            requests: AtomicU64::new(0),
            numbers: Mutex::default(),
        }
    }

    /// HTTP requests sent so far, repeated tries included.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    pub(super) fn patience(&self) -> Patience {
        Patience {
            tries: self.options.tries,
            sleep: Arc::clone(&self.options.sleep),
        }
    }

    /// Reads a listing to its last page. `items` finds a page's items in its document.
    pub(super) fn pages(
        &self,
        target: &str,
        items: &dyn Fn(&Value) -> Option<&Vec<Value>>,
    ) -> Result<Vec<Value>, ForgeError> {
        let mut ask = Ask {
            method: Method::GET,
            target: target.to_owned(),
            body: None,
        };
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        for _ in 0..PAGES_MAX {
            if !seen.insert(ask.target.clone()) {
                return Err(self.error(
                    &ask,
                    Kind::Malformed,
                    "the pages of the answer run in a circle",
                ));
            }
            let told = self.patience().retrying(|| self.send(&ask))?;
            let page = items(&told.document)
                .ok_or_else(|| self.error(&ask, Kind::Malformed, "the answer is no list"))?;
            found.extend(page.iter().cloned());
            let links = told
                .headers
                .get_all("Link")
                .iter()
                .filter_map(|value| value.to_str().ok());
            let Some(link) = next_link(links) else {
                return Ok(found);
            };
            let next = resolve(&told.url, &link).and_then(|next| {
                match Origin::of(&next)? == Origin::of(&told.url)? {
                    true => Ok(next),
                    // The token would go with the request.
                    false => Err("the next page is said to be on another server".to_owned()),
                }
            });
            ask.target = next.map_err(|why| self.error(&ask, Kind::Malformed, &why))?;
        }
        Err(self.error(
            &ask,
            Kind::TooLarge,
            &format!("the answer has more than {PAGES_MAX} pages"),
        ))
    }

    /// One request, one answer; of an answer without a body the document is null.
    pub(super) fn send(&self, ask: &Ask<'_>) -> Result<Told, ForgeError> {
        let malformed = |why: &str| self.error(ask, Kind::Malformed, why);
        let (url, request) = self.request(ask)?;
        let agent = self.agent(ask, &url)?;
        let sent = match ask.body {
            Some(body) => {
                let request = request
                    .header("Content-Type", "application/json")
                    .body(body.to_string());
                agent.run(request.map_err(|error| malformed(&error.to_string()))?)
            }
            None => agent.run(
                request
                    .body(())
                    .map_err(|error| malformed(&error.to_string()))?,
            ),
        };
        let (parts, body) = self.answered(ask, sent)?;
        if body.is_empty() && parts.status.as_u16() == 204 {
            return Ok(Told {
                document: Value::Null,
                headers: parts.headers,
                url,
            });
        }
        let document = serde_json::from_slice(&body)
            .map_err(|error| malformed(&format!("the answer is no JSON: {error}")))?;
        Ok(Told {
            document,
            headers: parts.headers,
            url,
        })
    }

    /// The request's address, and the request with everything that every one of them has.
    pub(super) fn request(&self, ask: &Ask<'_>) -> Result<(String, Builder), ForgeError> {
        let malformed = |why: &str| self.error(ask, Kind::Malformed, why);
        let url = if ask.target.starts_with('/') {
            format!("{}{}", self.options.api, ask.target)
        } else {
            ask.target.clone()
        };
        let request = Request::builder()
            .method(&ask.method)
            .uri(&url)
            .header("X-GitHub-Api-Version", API_VERSION);
        let request = match ask.method {
            // What is not JSON says itself what it wants.
            Method::GET if ask.body.is_none() && ask.target.contains("/releases/assets/") => {
                request
            }
            _ => request.header("Accept", "application/vnd.github+json"),
        };
        let Some(token) = &self.options.token else {
            return Ok((url, request));
        };
        let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
            .map_err(|_| malformed("GITHUB_TOKEN holds characters that no header takes"))?;
        value.set_sensitive(true);
        Ok((url, request.header("Authorization", value)))
    }

    /// The connections to an address, and one request more on the count.
    pub(super) fn agent(&self, ask: &Ask<'_>, url: &str) -> Result<&Agent, ForgeError> {
        let origin = Origin::of(url)
            .map_err(|why| self.error(ask, Kind::Malformed, &format!("{why} (GITHUB_API_URL)")))?;
        self.requests.fetch_add(1, Ordering::Relaxed);
        Ok(self.agents.of(origin.is_secure()))
    }

    /// A good answer with its whole body, or the error that a bad one is.
    pub(super) fn answered(
        &self,
        ask: &Ask<'_>,
        sent: Result<Response<Body>, TransportError>,
    ) -> Result<(Parts, Vec<u8>), ForgeError> {
        let response = sent.map_err(|error| self.line_error(ask, &error))?;
        let (parts, body) =
            read_body(response, false, ANSWER_BYTES_MAX).map_err(|fault| match fault {
                BodyFault::TooLarge(limit) => self.error(
                    ask,
                    Kind::TooLarge,
                    &format!("the answer is over {limit} bytes"),
                ),
                BodyFault::Line(error) => self.line_error(ask, &error),
            })?;
        match parts.status.is_success() {
            true => Ok((parts, body)),
            false => Err(self.refusal(ask, parts.status.as_u16(), &parts.headers, &body)),
        }
    }

    /// Where the interface is.
    pub(super) fn api(&self) -> &str {
        &self.options.api
    }

    /// The error that an answer with a bad status is.
    fn refusal(&self, ask: &Ask<'_>, status: u16, headers: &HeaderMap, body: &[u8]) -> ForgeError {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let document: Value = serde_json::from_slice(body).unwrap_or_default();
        let mut message = document["message"].as_str().unwrap_or_default().to_owned();
        for error in document["errors"].as_array().into_iter().flatten() {
            let field = || {
                Some(format!(
                    "{} is {}",
                    error["field"].as_str()?,
                    error["code"].as_str()?
                ))
            };
            let told = error
                .as_str()
                .or_else(|| error["message"].as_str())
                .map(str::to_owned)
                .or_else(field);
            message.extend(told.map(|told| {
                if message.is_empty() {
                    told
                } else {
                    format!("; {told}")
                }
            }));
        }
        let now = (self.options.now)();
        // "Best practices for using the REST API", on rate limits: the header that says when, then the one that says until when.
        let is_spent = matches!(status, 403 | 429) && header("x-ratelimit-remaining") == Some("0");
        let until_reset = || {
            let reset = Timestamp::from_second(header("x-ratelimit-reset")?.parse().ok()?).ok()?;
            Some(Duration::try_from(reset.duration_since(now)).unwrap_or(Duration::ZERO))
        };
        let wait = header("Retry-After")
            .and_then(|value| retry_after(value, now))
            .or_else(|| until_reset().filter(|_| is_spent));
        let is_limited = is_spent || status == 429 || (status == 403 && wait.is_some());
        let kind = if is_limited {
            Kind::Limited
        } else {
            Kind::Answered
        };
        ForgeError {
            status: Some(status),
            retry_after: wait,
            ..self.error(ask, kind, &message)
        }
    }

    pub(super) fn line_error(&self, ask: &Ask<'_>, error: &TransportError) -> ForgeError {
        let (fault, message) = line_fault(error);
        let kind = match fault {
            LineFault::Untrusted => Kind::Untrusted,
            LineFault::Unreachable => Kind::Unreachable,
            LineFault::Cut => Kind::Cut,
            LineFault::Malformed => Kind::Malformed,
        };
        self.error(ask, kind, &message)
    }

    pub(super) fn error(&self, ask: &Ask<'_>, kind: Kind, message: &str) -> ForgeError {
        let path = ask
            .target
            .strip_prefix(&self.options.api)
            .unwrap_or(&ask.target);
        // A server may say back what it was told.
        let message = self.options.token.as_ref().map_or_else(
            || message.to_owned(),
            |token| message.replace(token.as_str(), "…"),
        );
        let method = match ask.method {
            Method::POST => "POST",
            Method::PATCH => "PATCH",
            Method::DELETE => "DELETE",
            _ => "GET",
        };
        ForgeError {
            kind,
            method,
            path: path.split('?').next().unwrap_or(path).into(),
            api: self.options.api.as_str().into(),
            status: None,
            message: clean(&message).into(),
            retry_after: None,
            tries: 1,
        }
    }
}

#[cfg(test)]
mod tests;
