//! Requests to registries over HTTP: limits, redirects and retries, each in one place.
//!
//! It knows how to ask and how to be refused, not what manifests or blobs are; how to be let in stands in `registry_tokens`.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ureq::Agent;
use ureq::http::{HeaderMap, HeaderValue, Method, Request, Response};
use ureq::tls::{RootCerts, TlsConfig};

use super::registry::RegistryOptions;
use super::registry_answer::is_page;
use super::registry_error::{RegistryError, RegistryErrorKind as Kind};
use super::registry_tokens::{Pass, Passes};
use super::registry_url::{Origin, base_of, resolve};
use super::registry_wait::{Clocks, retry_after};

const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections that are kept for the next requests to a host: as many as are asked side by side.
const IDLE_CONNECTIONS: usize = super::side_by_side::AT_ONCE;
/// The most that is read of an error's body.
const ERROR_BYTES_MAX: u64 = 64 * 1024;
/// The most that is shown of a registry's message.
const MESSAGE_CHARS_MAX: usize = 300;
const REDIRECTS_MAX: usize = 5;

/// The first pause between two tries; it doubles.
const PAUSE_FIRST: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(8);
/// A registry that asks for more than this is not waited for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);

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

    fn network_error(&self, error: &ureq::Error) -> RegistryError {
        use std::io::ErrorKind as Io;
        use ureq::Error;
        let kind = match error {
            Error::Tls(_) | Error::Rustls(_) | Error::TlsRequired => Kind::Untrusted,
            // This is how rustls reports a certificate that it does not trust.
            Error::Io(io) if io.kind() == Io::InvalidData => Kind::Untrusted,
            Error::Io(io) => match io.kind() {
                Io::ConnectionReset | Io::ConnectionAborted | Io::BrokenPipe | Io::UnexpectedEof | Io::WriteZero => Kind::Cut,
                // Of names that cannot be looked up there is no kind of its own.
                _ => Kind::Unreachable,
            },
            Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => Kind::Unreachable,
            Error::HostNotFound | Error::ConnectionFailed | Error::ConnectProxyFailed(_) => Kind::Unreachable,
            Error::Timeout(_) | Error::BodyStalled | Error::Protocol(_) => Kind::Cut,
            _ => Kind::Malformed,
        };
        match error {
            Error::Io(io) => self.error(kind, io.to_string()),
            _ => self.error(kind, error.to_string()),
        }
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
        self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
    }
}

pub(super) struct Transport {
    pub options: RegistryOptions,
    /// For the loopback, where a proxy has no business.
    plain: Agent,
    secure: Agent,
    pub passes: Mutex<Passes>,
    clocks: Clocks,
    requests: AtomicU64,
}

impl Transport {
    pub fn new(options: RegistryOptions) -> Self {
        let silence = Some(options.silence);
        let config = || {
            Agent::config_builder()
                .http_status_as_error(false)
                .max_redirects(0)
                .max_redirects_will_error(false)
                .user_agent(USER_AGENT)
                .timeout_connect(Some(CONNECT_TIMEOUT))
                .timeout_resolve(Some(CONNECT_TIMEOUT))
                .timeout_recv_response(silence)
                .timeout_per_read(silence)
                .timeout_per_write(silence)
                .max_idle_connections_per_host(IDLE_CONNECTIONS)
        };
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        Self {
            options,
            plain: config().proxy(None).build().into(),
            secure: config().https_only(true).tls_config(tls).build().into(),
            passes: Mutex::default(),
            clocks: Clocks::default(),
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
    pub fn retrying<T>(&self, mut attempt: impl FnMut() -> Result<T, RegistryError>) -> Result<T, RegistryError> {
        let mut pause = PAUSE_FIRST;
        let mut tries = 1;
        loop {
            let error = match attempt() {
                Ok(value) => return Ok(value),
                Err(error) => RegistryError { tries, ..error },
            };
            let wait = error.retry_after.unwrap_or(pause);
            if !error.temporary() || tries >= self.options.tries || wait > RETRY_AFTER_MAX {
                return Err(error);
            }
            (self.options.sleep)(wait);
            pause = (pause * 2).min(PAUSE_MAX);
            tries += 1;
        }
    }

    /// The error that an answer with a bad status is.
    pub fn refusal(&self, call: &Call, answer: &Answer) -> RegistryError {
        let document: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let text = |pointer| clean(document.pointer(pointer).and_then(serde_json::Value::as_str).unwrap_or_default());
        let code = Some(text("/errors/0/code")).filter(|code| !code.is_empty()).map(String::into_boxed_str);
        // Forges in front of a registry speak their own tongue: {"message": "..."}.
        let mut message = if code.is_some() { text("/errors/0/message") } else { text("/message") };
        if message.is_empty() && is_page(answer) {
            "with a page for people, as a proxy does with its own errors; it is not known what the registry would say"
                .clone_into(&mut message);
        }
        let is_denied = matches!(answer.status, 401 | 403) && !answer.is_elsewhere;
        let kind = if is_denied { Kind::Denied } else { Kind::Answered };
        let retry_after = answer.header("Retry-After").and_then(|value| retry_after(value, (self.options.now)()));
        RegistryError { status: Some(answer.status), code, retry_after, ..call.error(kind, message) }
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
                None => return Ok(Answer { is_elsewhere, ..answer }),
            }
        }
        Err(malformed(format!("more than {REDIRECTS_MAX} redirects")))
    }

    /// How long one exchange may take: a server that sends a byte now and then is never silent, and never done.
    fn time_for(&self, call: &Call) -> Duration {
        let bytes = call.body_bytes_max.saturating_add(call.body.map_or(0, |body| body.len() as u64));
        self.options.patience.saturating_add(Duration::from_secs(bytes / self.options.slowest.max(1)))
    }

    /// One request, one answer.
    pub fn send_one(&self, call: &Call, url: &str, pass: Option<&Pass>) -> Result<Answer, RegistryError> {
        let malformed = |error: &dyn std::fmt::Display| call.error(Kind::Malformed, error.to_string());
        let mut request = Request::builder().method(&call.method).uri(url);
        for (name, value) in &call.headers {
            request = request.header(*name, *value);
        }
        if let Some(value) = pass.and_then(|pass| pass.header.as_ref()) {
            let value = HeaderValue::from_str(value).map_err(|_| {
                let why = format!("the credentials for {} hold characters that no header takes", call.host);
                call.error(Kind::Credentials, why)
            })?;
            request = request.header("Authorization", sensitive(value));
        }
        let time = Some(self.time_for(call));
        let is_secure = Origin::of(url).map_err(|error| malformed(&error))?.is_secure();
        let agent = if is_secure { &self.secure } else { &self.plain };
        self.requests.fetch_add(1, Ordering::Relaxed);
        super::cost::count_request();
        let response = match call.body {
            Some(body) => {
                let request = request.body(body).map_err(|error| malformed(&error))?;
                agent.run(agent.configure_request(request).timeout_per_call(time).build())
            }
            None => {
                let request = request.body(()).map_err(|error| malformed(&error))?;
                agent.run(agent.configure_request(request).timeout_per_call(time).build())
            }
        };
        let response = response.map_err(|error| call.network_error(&error))?;
        let mut answer = read_answer(call, url, response)?;
        self.clocks.note(call.host, answer.header("Date"), (self.options.now)());
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
fn read_answer(call: &Call, url: &str, response: Response<ureq::Body>) -> Result<Answer, RegistryError> {
    let (parts, mut body) = response.into_parts();
    let is_good = parts.status.is_success();
    let is_head = call.method == Method::HEAD;
    let limit = if is_good { call.body_bytes_max } else { ERROR_BYTES_MAX };
    let too_large = || call.error(Kind::TooLarge, format!("the answer is over {limit} bytes, the most that is taken here"));
    if is_good && !is_head && body.content_length().is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    // One byte more than the limit is no error of the reader yet, so that exactly the limit fits.
    let read = if is_head { Ok(Vec::new()) } else { body.with_config().limit(limit + 1).read_to_vec() };
    let bytes = match read {
        Ok(bytes) if is_good && bytes.len() as u64 > limit => return Err(too_large()),
        Ok(bytes) => bytes,
        // Of a bad answer the status says enough; its body may be of any length.
        Err(_) if !is_good => Vec::new(),
        Err(ureq::Error::BodyExceedsLimit(_)) => return Err(too_large()),
        Err(error) => return Err(call.network_error(&error)),
    };
    Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body: bytes, url: url.to_owned(), is_elsewhere: false })
}

/// A registry's words, made fit for a terminal.
fn clean(text: &str) -> String {
    let printable = |character: char| if character.is_control() { ' ' } else { character };
    text.chars().take(MESSAGE_CHARS_MAX).map(printable).collect::<String>().trim().to_owned()
}
