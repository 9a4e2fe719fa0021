//! One request's turn at an embedded server: the fault that is planned for it, what it does, and the line of it in the log.
//!
//! What a request does is each server's own business.

use std::collections::VecDeque;
use std::sync::MutexGuard;

use crate::faults::Fault;
use crate::http::message::{Reply, Request, Response};
use crate::log::LoggedRequest;

/// What every server keeps beside what it serves.
pub(super) trait Disturbed {
    fn faults(&mut self) -> &mut VecDeque<Fault>;
    fn log(&mut self) -> &mut Vec<LoggedRequest>;
}

/// Answers one request. The lock is held throughout, so that what is checked stays true until it is written; only an event that is to
/// come before all finds it open.
pub(super) fn answer<'s, S: Disturbed + 's>(
    lock: impl Fn() -> MutexGuard<'s, S>,
    request: Request,
    effect: impl FnOnce(&mut S, Request) -> Response,
) -> Reply {
    let mut state = lock();
    let method = request.method.clone();
    let target = request.target.clone();
    let authorized = request.header("Authorization").is_some();
    let fault = Fault::take(state.faults(), &request);
    if let Some(event) = fault.as_ref().and_then(Fault::before_all) {
        drop(state);
        event();
        state = lock();
    }
    let reply = match fault {
        Some(fault) => fault.act(|| effect(&mut state, request)),
        None => Reply::Send(effect(&mut state, request)),
    };
    let status = match &reply {
        Reply::Send(response) => Some(response.status),
        _ => None,
    };
    state.log().push(LoggedRequest {
        method,
        target,
        status,
        authorized,
    });
    reply
}
