//! What can go wrong between us and a registry, with everything that a person needs to mend it.

use std::fmt;
use std::time::Duration;

use monorelease_http_client::client::Passing;

/// What kind of thing went wrong; callers that branch do it on this, and on the status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistryErrorKind {
    /// 401 or 403. Registries answer so for repositories that do not exist, too: this is "unknown", not "absent".
    Denied,
    /// Any other status that is no success.
    Answered,
    /// No connection.
    Unreachable,
    /// A connection, but no TLS handshake that can be trusted.
    Untrusted,
    /// The line was cut, or went silent, before the answer was complete.
    Cut,
    /// The bytes are not those of the digest.
    Mismatch,
    /// More bytes than we are ready to take.
    TooLarge,
    /// An answer that does not say what the specification makes it say.
    Malformed,
    /// Something else answered in the registry's place: a page for people, no token, redirects without an end.
    Stranger,
    /// What was asked for cannot be asked of a registry; nothing was sent.
    Usage,
    /// The credentials could not be read.
    Credentials,
}

/// A request to a registry that did not end well. It never holds a secret.
#[derive(Debug, Clone)]
pub struct RegistryError {
    pub kind: RegistryErrorKind,
    /// The method of the request; of a token's, `GET` or `POST` of the token's address.
    pub method: Box<str>,
    /// What the request was about: `host/path:tag`, `host/path@digest`, or an address.
    pub reference: Box<str>,
    /// The registry's host, as `docker login` wants it.
    pub host: Box<str>,
    pub status: Option<u16>,
    /// The registry's own error code, such as `MANIFEST_UNKNOWN`.
    pub code: Option<Box<str>>,
    /// What the registry, or the network, said; cleaned of control characters, and cut when long.
    pub message: Box<str>,
    /// How long the registry asked to be left alone.
    pub retry_after: Option<Duration>,
    /// How often it was tried in all.
    pub tries: u32,
}

impl RegistryError {
    /// Whether the same request may succeed a little later.
    pub fn temporary(&self) -> bool {
        match self.kind {
            RegistryErrorKind::Cut | RegistryErrorKind::Unreachable => true,
            // What we send has its digest by our own reckoning: a registry that denies it has read what another is writing.
            RegistryErrorKind::Answered => {
                matches!(self.status, Some(408 | 429 | 500..=599))
                    || self.code.as_deref() == Some("DIGEST_INVALID")
            }
            _ => false,
        }
    }

    /// Whether there was an answer, and it is not what the digest or the specification makes of it, or says that there is
    /// nothing: no other try would mend that.
    pub fn is_wrong_content(&self) -> bool {
        matches!(
            self.kind,
            RegistryErrorKind::Mismatch | RegistryErrorKind::Malformed
        ) || self.status == Some(404)
    }
}

impl Passing for RegistryError {
    fn is_temporary(&self) -> bool {
        self.temporary()
    }

    fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    fn tried(self, tries: u32) -> Self {
        Self { tries, ..self }
    }
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            method,
            reference,
            host,
            message,
            ..
        } = self;
        write!(f, "{method} {reference}: ")?;
        match self.kind {
            RegistryErrorKind::Denied => {
                self.write_answer(f)?;
                write!(
                    f,
                    "; an absent repository and a forbidden one cannot be told apart, so run `docker login {host}` "
                )?;
                f.write_str("with an account that may use it, or create it first")?;
            }
            RegistryErrorKind::Answered => self.write_answer(f)?,
            RegistryErrorKind::Unreachable => {
                write!(f, "cannot connect to {host}: {message}; is it running?")?
            }
            RegistryErrorKind::Untrusted => {
                write!(
                    f,
                    "{host} cannot be trusted: {message}; if its certificate is right, add its authority to the "
                )?;
                f.write_str("system's, or name the file in SSL_CERT_FILE")?;
            }
            RegistryErrorKind::Cut => write!(
                f,
                "{host} cut the line before the answer was complete: {message}"
            )?,
            _ => f.write_str(message)?,
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

impl RegistryError {
    fn write_answer(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => write!(f, "{} answered {status}", self.host)?,
            None => write!(f, "{} refused", self.host)?,
        }
        match (&self.code, &*self.message) {
            (Some(code), "") => write!(f, " {code}"),
            (Some(code), message) => write!(f, " {code}: {message}"),
            (None, "") => Ok(()),
            (None, message) => write!(f, ": {message}"),
        }
    }
}

impl std::error::Error for RegistryError {}
