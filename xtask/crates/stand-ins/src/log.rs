//! What a server was asked, for tests to look at.

/// One request, as the registry saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedRequest {
    pub method: String,
    /// Path and query.
    pub target: String,
    /// `None` when the line was cut instead of an answer.
    pub status: Option<u16>,
    /// Whether credentials or a token came with it.
    pub authorized: bool,
}
