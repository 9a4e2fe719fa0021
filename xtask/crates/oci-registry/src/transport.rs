//! Requests to registries over HTTP: limits, redirects and retries, each in one place.
//!
//! It knows how to ask and how to be refused, not what manifests or blobs are; how to be let in stands in `registry_tokens`.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::RegistryErrorKind as Kind;
use monorelease_http_client::client::{
    Agents, BodyFault, LineFault, Patience, clean, line_fault, read_body,
};
use monorelease_http_client::http::{HeaderMap, HeaderValue, Method, Request, Response};
use monorelease_http_client::server_time::{Clocks, retry_after};
use monorelease_http_client::url::{Origin, base_of, resolve};
use monorelease_http_client::{Body, TransportError};

use crate::error::RegistryError;
use crate::options::RegistryOptions;
use crate::response::is_page;
use crate::tokens::{Pass, Passes};

const REDIRECTS_MAX: usize = 5;

/// A request, before it is known how the registry wants to be asked.
#[derive(Clone)]
pub(super) struct Call<'a> {
    pub method: Method,
    pub url: String,
    /// The host as users write it, whose credentials may be used.
    pub host: &'a str,
    /// What it is about, for errors.
    pub reference: String,
    /// `repository:PATH:ACTIONS`, several with blanks between; empty for none.
    pub scope: String,
    pub headers: Vec<(&'static str, &'a str)>,
    pub body: Option<&'a [u8]>,
    /// The most that is read of a good answer's body.
    pub body_bytes_max: u64,
}

impl Call<'_> {
    pub fn error(&self, kind: Kind, message: impl Into<Box<str>>) -> RegistryError {
        RegistryError {
            kind,
            method: self.method.as_str().into(),
            reference: self.reference.as_str().into(),
            host: self.host.into(),
            status: None,
            code: None,
            message: message.into(),
            retry_after: None,
            tries: 1,
        }
    }

    fn network_error(&self, error: &TransportError) -> RegistryError {
        let (fault, message) = line_fault(error);
        let kind = match fault {
            LineFault::Untrusted => Kind::Untrusted,
            LineFault::Unreachable => Kind::Unreachable,
            LineFault::Cut => Kind::Cut,
            LineFault::Malformed => Kind::Malformed,
        };
        self.error(kind, message)
    }
}

/// The answer to a [`Call`], whatever its status.
pub(super) struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    /// The address that answered in the end.
    pub url: String,
    /// Whether that is another server than the one that was asked.
    pub is_elsewhere: bool,
}

impl Answer {
    /// The value of a header; `None` when it is left out, or is no text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Every value of a header that is text.
    pub fn headers_named(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
    }
}

pub(super) struct Transport {
    pub options: RegistryOptions,
    agents: Agents,
    pub passes: Mutex<Passes>,
    clocks: Clocks,
    /// Hosts that could not be reached, as often as they were tried, and have not answered since.
    away: Mutex<BTreeSet<Box<str>>>,
    requests: AtomicU64,
}

impl Transport {
    pub fn new(options: RegistryOptions) -> Self {
        let agents = Agents::new(options.silence);
        Self {
            options,
            agents,
            passes: Mutex::default(),
            clocks: Clocks::default(),
            away: Mutex::default(),
            requests: AtomicU64::new(0),
        }
    }

    /// HTTP requests sent so far.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// How many seconds the clock of a host is ahead of ours.
    pub fn clock_ahead(&self, host: &str) -> Option<i64> {
        self.clocks.ahead(host)
    }

    /// Tries until it works, as often as the options say, where a failure is temporary. What is tried must be the
    /// same when done twice: the answer to the first time may have been lost.
    pub fn retrying<T>(
        &self,
        mut attempt: impl FnMut() -> Result<T, RegistryError>,
    ) -> Result<T, RegistryError> {
        let patience = Patience {
            tries: self.options.tries,
            sleep: Arc::clone(&self.options.sleep),
        };
        let answer = patience.retrying(|| match attempt() {
            // It was waited for already: a report of many names would wait anew for each of them.
            Err(error) if error.kind == Kind::Unreachable && self.away().contains(&error.host) => {
                Ok(Err(error))
            }
            answer => answer.map(Ok),
        });
        if let Err(error) = &answer
            && error.kind == Kind::Unreachable
        {
            self.away().insert(error.host.clone());
        }
        answer?
    }

    fn away(&self) -> MutexGuard<'_, BTreeSet<Box<str>>> {
        self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The error that an answer with a bad status is.
    pub fn refusal(&self, call: &Call, answer: &Answer) -> RegistryError {
        let document: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let text = |pointer| {
            clean(
                document
                    .pointer(pointer)
                    .and_then(serde_json::Value::as_str)
                    .unwrap_or_default(),
            )
        };
        let code = Some(text("/errors/0/code"))
            .filter(|code| !code.is_empty())
            .map(String::into_boxed_str);
        // Forges in front of a registry speak their own tongue: {"message": "..."}.
        let mut message = if code.is_some() {
            text("/errors/0/message")
        } else {
            text("/message")
        };
        if message.is_empty() && is_page(answer) {
            "with a page for people, as a proxy does with its own errors; it is not known what the registry would say"
                .clone_into(&mut message);
        }
        let is_denied = matches!(answer.status, 401 | 403) && !answer.is_elsewhere;
        let kind = if is_denied {
            Kind::Denied
        } else {
            Kind::Answered
        };
        let retry_after = answer
            .header("Retry-After")
            .and_then(|value| retry_after(value, (self.options.now)()));
        RegistryError {
            status: Some(answer.status),
            code,
            retry_after,
            ..call.error(kind, message)
        }
    }

    /// Sends a request, and follows where the answer leads. What we show the registry stays with the registry:
    /// once a redirect has led to another server it is shown no more.
    pub fn follow(&self, call: &Call, pass: Option<&Pass>) -> Result<Answer, RegistryError> {
        let malformed = |why: String| call.error(Kind::Malformed, why);
        let home = Origin::of(&base_of(call.host)).map_err(&malformed)?;
        let is_reading = call.method == Method::GET || call.method == Method::HEAD;
        let mut url = call.url.clone();
        let mut is_elsewhere = false;
        for _ in 0..=REDIRECTS_MAX {
            let origin = Origin::of(&url).map_err(&malformed)?;
            if home.is_secure() && !origin.is_secure() {
                return Err(malformed(format!("{} leads from https to http", call.host)));
            }
            is_elsewhere |= origin != home;
            let answer = self.send_one(call, &url, pass.filter(|_| !is_elsewhere))?;
            let is_redirect = is_reading && matches!(answer.status, 301 | 302 | 303 | 307 | 308);
            match answer.header("Location").filter(|_| is_redirect) {
                Some(location) => url = resolve(&url, location).map_err(&malformed)?,
                None => {
                    return Ok(Answer {
                        is_elsewhere,
                        ..answer
                    });
                }
            }
        }
        Err(call.error(
            Kind::Stranger,
            format!("more than {REDIRECTS_MAX} redirects"),
        ))
    }

    /// How long one exchange may take: a server that sends a byte now and then is never silent, and never done.
    fn time_for(&self, call: &Call) -> Duration {
        let bytes = call
            .body_bytes_max
            .saturating_add(call.body.map_or(0, |body| body.len() as u64));
        self.options
            .patience
            .saturating_add(Duration::from_secs(bytes / self.options.slowest.max(1)))
    }

    /// One request, one answer.
    pub fn send_one(
        &self,
        call: &Call,
        url: &str,
        pass: Option<&Pass>,
    ) -> Result<Answer, RegistryError> {
        let malformed =
            |error: &dyn std::fmt::Display| call.error(Kind::Malformed, error.to_string());
        let mut request = Request::builder().method(&call.method).uri(url);
        for (name, value) in &call.headers {
            request = request.header(*name, *value);
        }
        if let Some(value) = pass.and_then(|pass| pass.header.as_ref()) {
            let value = HeaderValue::from_str(value).map_err(|_| {
                let why = format!(
                    "the credentials for {} hold characters that no header takes",
                    call.host
                );
                call.error(Kind::Credentials, why)
            })?;
            request = request.header("Authorization", sensitive(value));
        }
        let time = Some(self.time_for(call));
        let is_secure = Origin::of(url)
            .map_err(|error| malformed(&error))?
            .is_secure();
        let agent = self.agents.of(is_secure);
        self.requests.fetch_add(1, Ordering::Relaxed);
        monorelease_http_client::count::count_request();
        let response = match call.body {
            Some(body) => {
                let request = request.body(body).map_err(|error| malformed(&error))?;
                agent.run(
                    agent
                        .configure_request(request)
                        .timeout_per_call(time)
                        .build(),
                )
            }
            None => {
                let request = request.body(()).map_err(|error| malformed(&error))?;
                agent.run(
                    agent
                        .configure_request(request)
                        .timeout_per_call(time)
                        .build(),
                )
            }
        };
        let response = response.map_err(|error| call.network_error(&error))?;
        self.away().remove(call.host);
        let mut answer = read_answer(call, url, response)?;
        self.clocks
            .note(call.host, answer.header("Date"), (self.options.now)());
        if let Some(pass) = pass.filter(|_| answer.status >= 400) {
            answer.body = pass.redact(&answer.body);
        }
        Ok(answer)
    }
}

/// Keeps a header out of everything that prints requests.
fn sensitive(mut value: HeaderValue) -> HeaderValue {
    value.set_sensitive(true);
    value
}

/// Reads the body, as far as we are ready to take it.
fn read_answer(call: &Call, url: &str, response: Response<Body>) -> Result<Answer, RegistryError> {
    let (parts, body) = read_body(response, call.method == Method::HEAD, call.body_bytes_max)
        .map_err(|fault| match fault {
            BodyFault::TooLarge(limit) => call.error(
                Kind::TooLarge,
                format!("the answer is over {limit} bytes, the most that is taken here"),
            ),
            BodyFault::Line(error) => call.network_error(&error),
        })?;
    Ok(Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body,
        url: url.to_owned(),
        is_elsewhere: false,
    })
}
