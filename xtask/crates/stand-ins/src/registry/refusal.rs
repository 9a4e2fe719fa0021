//! Error answers of the distribution specification.

use crate::http::message::Response;

/// An error as the specification writes it.
pub(super) fn refuse(status: u16, code: &str, message: &str) -> Response {
    Response::json(
        status,
        &serde_json::json!({ "errors": [{ "code": code, "message": message }] }),
    )
}
