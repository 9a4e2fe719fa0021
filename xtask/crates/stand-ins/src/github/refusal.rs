//! GitHub's error answers, and the rights of a token.

use crate::http::message::Response;
use serde_json::Value;
use serde_json::json;

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    Read,
    Write,
}

/// An answer in the form of the forge's errors.
pub(super) fn refusal(status: u16, message: &str) -> Response {
    let text = status.to_string();
    Response::json(
        status,
        &json!({ "message": message, "documentation_url": "https://docs.github.com/rest", "status": text }),
    )
}

/// 422, with what is wrong with which field.
pub(super) fn invalid(message: &str, errors: &[Value]) -> Response {
    Response::json(
        422,
        &json!({ "message": message, "documentation_url": "https://docs.github.com/rest", "errors": errors, "status": "422" }),
    )
}
