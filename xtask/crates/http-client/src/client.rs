//! What every HTTP client here shares: two agents, bounded bodies, what a broken line means, and the one loop of retries.
//!
//! It knows no service: what an answer means, and how to be let in, each client says itself.

use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::http::Response;
use ureq::http::response::Parts;
use ureq::tls::{RootCerts, TlsConfig};

const USER_AGENT: &str = concat!("monorelease/", env!("CARGO_PKG_VERSION"));
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a line may be silent, unless a client says otherwise.
pub const SILENCE: Duration = Duration::from_secs(60);
/// Connections that are kept for the next requests to a host: as many as are asked side by side.
const IDLE_CONNECTIONS: usize = crate::parallel::AT_ONCE;
/// The most that is read of an error's body.
const ERROR_BYTES_MAX: u64 = 64 * 1024;
/// The most that is shown of a server's message.
const MESSAGE_CHARS_MAX: usize = 300;

/// The first pause between two tries; it doubles.
const PAUSE_FIRST: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(8);
/// A server that asks for more than this is not waited for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);

/// Connections, kept while this lives.
pub struct Agents {
    /// For the loopback, where a proxy has no business.
    plain: Agent,
    secure: Agent,
}

impl Agents {
    /// Agents that wait on a silent line for so long.
    pub fn new(silence: Duration) -> Self {
        let silence = Some(silence);
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
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .build();
        Self {
            plain: config().proxy(None).build().into(),
            secure: config().https_only(true).tls_config(tls).build().into(),
        }
    }

    pub fn of(&self, is_secure: bool) -> &Agent {
        if is_secure { &self.secure } else { &self.plain }
    }
}

/// What kind of thing happened to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineFault {
    /// A connection, but no TLS handshake that can be trusted.
    Untrusted,
    /// No connection.
    Unreachable,
    /// Cut, or silent, before the answer was complete.
    Cut,
    /// Nothing that HTTP allows.
    Malformed,
}

/// What an error of the line is, and its words.
pub fn line_fault(error: &ureq::Error) -> (LineFault, String) {
    use std::io::ErrorKind as Io;
    use ureq::Error;
    let fault = match error {
        Error::Tls(_) | Error::Rustls(_) | Error::TlsRequired => LineFault::Untrusted,
        // This is how rustls reports a certificate that it does not trust.
        Error::Io(io) if io.kind() == Io::InvalidData => LineFault::Untrusted,
        Error::Io(io) => match io.kind() {
            Io::ConnectionReset
            | Io::ConnectionAborted
            | Io::BrokenPipe
            | Io::UnexpectedEof
            | Io::WriteZero => LineFault::Cut,
            // Of names that cannot be looked up there is no kind of its own.
            _ => LineFault::Unreachable,
        },
        Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => LineFault::Unreachable,
        Error::HostNotFound | Error::ConnectionFailed | Error::ConnectProxyFailed(_) => {
            LineFault::Unreachable
        }
        Error::Timeout(_) | Error::BodyStalled | Error::Protocol(_) => LineFault::Cut,
        _ => LineFault::Malformed,
    };
    match error {
        Error::Io(io) => (fault, io.to_string()),
        _ => (fault, error.to_string()),
    }
}

/// Why a body could not be read.
pub enum BodyFault {
    /// It is over so many bytes.
    TooLarge(u64),
    Line(ureq::Error),
}

/// Reads the body, as far as we are ready to take it; of a bad answer what can be had, since its status says enough.
pub fn read_body(
    response: Response<ureq::Body>,
    is_head: bool,
    bytes_max: u64,
) -> Result<(Parts, Vec<u8>), BodyFault> {
    let (parts, mut body) = response.into_parts();
    let is_good = parts.status.is_success();
    let limit = if is_good { bytes_max } else { ERROR_BYTES_MAX };
    if is_good && !is_head && body.content_length().is_some_and(|length| length > limit) {
        return Err(BodyFault::TooLarge(limit));
    }
    // One byte more than the limit is no error of the reader yet, so that exactly the limit fits.
    let read = if is_head {
        Ok(Vec::new())
    } else {
        body.with_config().limit(limit + 1).read_to_vec()
    };
    match read {
        Ok(bytes) if is_good && bytes.len() as u64 > limit => Err(BodyFault::TooLarge(limit)),
        Ok(bytes) => Ok((parts, bytes)),
        Err(_) if !is_good => Ok((parts, Vec::new())),
        Err(ureq::Error::BodyExceedsLimit(_)) => Err(BodyFault::TooLarge(limit)),
        Err(error) => Err(BodyFault::Line(error)),
    }
}

/// An error that may be one for a while only.
pub trait Passing {
    /// Whether the same request may succeed a little later.
    fn is_temporary(&self) -> bool;
    /// How long the server asked to be left alone.
    fn retry_after(&self) -> Option<Duration>;
    /// Says how often it was tried in all.
    fn tried(self, tries: u32) -> Self;
}

/// How often and how a request is tried again.
#[derive(Clone)]
pub struct Patience {
    /// Tries in all.
    pub tries: u32,
    /// Waits between two of them.
    pub sleep: Arc<dyn Fn(Duration) + Send + Sync>,
}

impl Patience {
    /// Tries until it works, where a failure is temporary (law 18: here and nowhere else). What is tried must be the same
    /// when done twice: the answer to the first time may have been lost.
    pub fn retrying<T, E: Passing>(
        &self,
        mut attempt: impl FnMut() -> Result<T, E>,
    ) -> Result<T, E> {
        let mut pause = PAUSE_FIRST;
        let mut tries = 1;
        loop {
            let error = match attempt() {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let wait = error.retry_after().unwrap_or(pause);
            if !error.is_temporary() || tries >= self.tries || wait > RETRY_AFTER_MAX {
                return Err(error.tried(tries));
            }
            (self.sleep)(wait);
            pause = (pause * 2).min(PAUSE_MAX);
            tries += 1;
        }
    }
}

/// A server's words, made fit for a terminal.
pub fn clean(text: &str) -> String {
    let printable = |character: char| {
        if character.is_control() {
            ' '
        } else {
            character
        }
    };
    text.chars()
        .take(MESSAGE_CHARS_MAX)
        .map(printable)
        .collect::<String>()
        .trim()
        .to_owned()
}
