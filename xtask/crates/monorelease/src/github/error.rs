//! What can go wrong between us and the forge, with everything that a person needs to mend it.

use std::fmt;
use std::time::Duration;

use monorelease_http_client::client::Passing;

/// What kind of thing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForgeErrorKind {
    /// A status that is no success.
    Answered,
    /// The forge asks for fewer requests; it says so by 403 as well as by 429.
    Limited,
    /// No connection.
    Unreachable,
    /// A connection, but no TLS handshake that can be trusted.
    Untrusted,
    /// The line was cut, or went silent, before the answer was complete.
    Cut,
    /// More bytes than we are ready to take.
    TooLarge,
    /// An answer that does not say what the interface makes it say, or an address that is none.
    Malformed,
}

/// A request to the forge that did not end well. It never holds a secret.
#[derive(Debug, Clone)]
pub struct ForgeError {
    pub kind: ForgeErrorKind,
    pub method: &'static str,
    /// The path, without the query.
    pub path: Box<str>,
    /// The interface's address.
    pub api: Box<str>,
    pub status: Option<u16>,
    /// What the forge, or the network, said; cleaned of control characters, and cut when long.
    pub message: Box<str>,
    /// How long the forge asked to be left alone.
    pub retry_after: Option<Duration>,
    /// How often it was tried in all.
    pub tries: u32,
}

impl Passing for ForgeError {
    fn is_temporary(&self) -> bool {
        match self.kind {
            ForgeErrorKind::Cut | ForgeErrorKind::Unreachable | ForgeErrorKind::Limited => true,
            ForgeErrorKind::Answered => matches!(self.status, Some(408 | 429 | 500..=599)),
            _ => false,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    fn tried(self, tries: u32) -> Self {
        Self { tries, ..self }
    }
}

impl ForgeError {
    /// What mends it, where the status tells.
    fn mend(&self) -> Option<&'static str> {
        match (self.kind, self.status?) {
            (ForgeErrorKind::Limited, _) => {
                Some("too many requests were sent with this token; run the command again later")
            }
            (_, 301 | 302 | 307 | 308) => {
                Some("the repository has moved; write its new name into repository.github")
            }
            (_, 401) => Some(
                "the token is not taken; set GITHUB_TOKEN to one that is valid, such as that of `gh auth token`",
            ),
            (_, 403) if !self.path.contains("/pulls") => Some(
                "the token may not do this; a workflow's job wants `permissions: contents: write`",
            ),
            (_, 403) => Some(
                "the token may not do this; a workflow's job wants `contents: write` and `pull-requests: write`, and the \
                 repository's settings must let workflows create pull requests",
            ),
            (_, 404) => Some(
                "there is no such thing, or the token may not see it; look at repository.github and at the token's rights",
            ),
            (_, 409) => Some("it changed in the same moment; run the command again"),
            _ => None,
        }
    }
}

impl fmt::Display for ForgeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            method,
            path,
            api,
            message,
            ..
        } = self;
        write!(f, "{method} {path}: ")?;
        match self.kind {
            ForgeErrorKind::Answered | ForgeErrorKind::Limited => {
                write!(f, "{api} answered {}", self.status.unwrap_or_default())?;
                if !message.is_empty() {
                    write!(f, ": {message}")?;
                }
            }
            ForgeErrorKind::Unreachable => write!(
                f,
                "cannot connect to {api}: {message}; is GITHUB_API_URL right?"
            )?,
            ForgeErrorKind::Untrusted => {
                write!(
                    f,
                    "{api} cannot be trusted: {message}; if its certificate is right, add its authority to the "
                )?;
                f.write_str("system's, or name the file in SSL_CERT_FILE")?;
            }
            ForgeErrorKind::Cut => write!(
                f,
                "{api} cut the line before the answer was complete: {message}"
            )?,
            ForgeErrorKind::TooLarge | ForgeErrorKind::Malformed => f.write_str(message)?,
        }
        if let Some(mend) = self.mend() {
            write!(f, "; {mend}")?;
        }
        if let Some(wait) = self.retry_after {
            write!(f, "; it asks to wait {} s", wait.as_secs())?;
        }
        if self.tries > 1 {
            write!(f, " (tried {} times)", self.tries)?;
        }
        Ok(())
    }
}

impl std::error::Error for ForgeError {}
