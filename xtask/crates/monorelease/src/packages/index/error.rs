//! What can go wrong between us and a package index, with what a person needs to mend it.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use monorelease_http_client::client::{LineFault, Passing, clean};
use monorelease_http_client::http::response::Parts;
use monorelease_http_client::server_time::retry_after;

/// A read of an index that did not end well. It never holds a secret.
#[derive(Debug, Clone)]
pub struct IndexError {
    url: String,
    status: Option<u16>,
    line: Option<LineFault>,
    message: String,
    is_not_yet: bool,
    retry_after: Option<Duration>,
    tries: u32,
}

impl IndexError {
    fn new(url: &str, message: &str) -> Self {
        let url = url.to_owned();
        let message = clean(message);
        Self {
            url,
            status: None,
            line: None,
            message,
            is_not_yet: false,
            retry_after: None,
            tries: 1,
        }
    }

    /// An answer that says nothing that can be used.
    pub(super) fn answer(url: &str, why: &str) -> Self {
        Self::new(url, why)
    }

    pub(super) fn line(url: &str, fault: LineFault, message: &str) -> Self {
        Self {
            line: Some(fault),
            ..Self::new(url, message)
        }
    }

    /// A bad status, with what the index said beside it.
    pub(super) fn status(url: &str, parts: &Parts, body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(&body[..body.len().min(4096)]);
        // A page for browsers says nothing that a terminal could show.
        let message = if text.trim_start().starts_with('<') {
            String::new()
        } else {
            text.into_owned()
        };
        let wait = parts
            .headers
            .get("Retry-After")
            .and_then(|value| value.to_str().ok());
        let retry_after = wait.and_then(|wait| retry_after(wait, Timestamp::now()));
        Self {
            status: Some(parts.status.as_u16()),
            retry_after,
            ..Self::new(url, &message)
        }
    }

    /// Whether the index does not know who asks, or lets them see nothing.
    pub fn is_denied(&self) -> bool {
        matches!(self.status, Some(401 | 403))
    }

    /// Whether the index says that there is nothing.
    pub fn is_absent(&self) -> bool {
        matches!(self.status, Some(404 | 410))
    }

    /// A listing that does not have yet what was uploaded.
    pub(super) fn not_yet(url: &str) -> Self {
        Self {
            is_not_yet: true,
            ..Self::new(url, "the listing does not have it yet")
        }
    }
}

impl Passing for IndexError {
    fn is_temporary(&self) -> bool {
        self.is_not_yet
            || matches!(self.line, Some(LineFault::Cut | LineFault::Unreachable))
            || matches!(self.status, Some(408 | 429 | 500..=599))
    }

    fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    fn tried(self, tries: u32) -> Self {
        Self { tries, ..self }
    }
}

impl fmt::Display for IndexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GET {}: ", self.url)?;
        match (self.line, self.status) {
            (Some(LineFault::Unreachable), _) => write!(f, "cannot connect: {}", self.message)?,
            (Some(LineFault::Untrusted), _) => {
                write!(f, "the server cannot be trusted: {}", self.message)?
            }
            (Some(LineFault::Cut), _) => write!(
                f,
                "the line was cut before the answer was complete: {}",
                self.message
            )?,
            (Some(LineFault::Malformed), _) | (None, None) => f.write_str(&self.message)?,
            (None, Some(status)) => {
                write!(f, "answered {status}")?;
                if !self.message.is_empty() {
                    write!(f, ": {}", self.message)?;
                }
                if matches!(status, 401 | 403) {
                    f.write_str("; export UV_PUBLISH_USERNAME and UV_PUBLISH_PASSWORD, if it wants them to be read")?;
                }
            }
        }
        if self.tries > 1 {
            write!(f, " (tried {} times)", self.tries)?;
        }
        Ok(())
    }
}

impl std::error::Error for IndexError {}
