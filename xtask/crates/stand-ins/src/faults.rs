//! Faults of the embedded registry, written down before they happen: which request, how often, and what goes wrong.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use crate::http::message::{Reply, Request, Response};

/// What goes wrong with the requests it matches.
#[derive(Debug, Clone)]
pub struct Fault {
    method: String,
    target_part: String,
    /// Matching requests that pass before it acts.
    skip: usize,
    /// Matching requests it acts on after that.
    count: usize,
    action: Action,
}

#[derive(Debug, Clone)]
enum Action {
    Status(Response),
    CutBefore,
    CutAfter,
    CutShort,
    /// Something else happens first, and the line is cut; the flag says whether the effect comes before it.
    Meanwhile(Event, bool),
    /// Something else happens before the request is looked at; then it goes on as if nothing had been.
    Pause(Event),
    Twist(Twist),
}

/// What a test does in the middle of a request, such as ending the client.
#[derive(Clone)]
struct Event(Arc<dyn Fn() + Send + Sync>);

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event")
    }
}

/// Makes the reply that goes out of the answer that would have.
pub type Twist = fn(Response) -> Reply;

impl Fault {
    /// Answers with this status, without the effect.
    pub fn status(method: &str, target_part: &str, status: u16) -> Self {
        Self::new(method, target_part, Action::Status(Response::new(status)))
    }

    /// Closes the connection without an answer, before the effect.
    pub fn cut_before(method: &str, target_part: &str) -> Self {
        Self::new(method, target_part, Action::CutBefore)
    }

    /// Closes the connection without an answer, after the effect: the acknowledgement is lost.
    pub fn cut_after(method: &str, target_part: &str) -> Self {
        Self::new(method, target_part, Action::CutAfter)
    }

    /// Closes the connection in the middle of the answer's body, after the effect.
    pub fn cut_short(method: &str, target_part: &str) -> Self {
        Self::new(method, target_part, Action::CutShort)
    }

    /// Sends something else than the registry's answer, after the effect.
    pub fn twist(method: &str, target_part: &str, twist: Twist) -> Self {
        Self::new(method, target_part, Action::Twist(twist))
    }

    /// Does something in the middle of a request, before its effect or after it, and closes the connection without an answer.
    pub fn meanwhile(
        method: &str,
        target_part: &str,
        after_effect: bool,
        event: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        Self::new(
            method,
            target_part,
            Action::Meanwhile(Event(Arc::new(event)), after_effect),
        )
    }

    /// Does something before a request is looked at, and then goes on with it. Other requests are answered in between.
    pub fn pause(
        method: &str,
        target_part: &str,
        event: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        Self::new(method, target_part, Action::Pause(Event(Arc::new(event))))
    }

    /// Matches a method (empty for any) and a part of path and query; with `$` behind it, their end.
    fn new(method: &str, target_part: &str, action: Action) -> Self {
        Self {
            method: method.to_owned(),
            target_part: target_part.to_owned(),
            skip: 0,
            count: 1,
            action,
        }
    }

    /// Acts from the nth matching request on, counted from 1.
    pub fn from_nth(self, nth: usize) -> Self {
        Self {
            skip: nth.saturating_sub(1),
            ..self
        }
    }

    /// Acts on so many requests; on one unless said.
    pub fn times(self, count: usize) -> Self {
        Self { count, ..self }
    }

    /// Adds a header to the answer of [`Fault::status`].
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Action::Status(response) = &mut self.action {
            response.headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// Sets the body of the answer of [`Fault::status`].
    pub fn body(mut self, body: &str) -> Self {
        if let Action::Status(response) = &mut self.action {
            *response = response.clone().body(body);
        }
        self
    }

    /// The fault that acts on this request, if one does. Every fault that matches counts the request.
    pub(super) fn take(faults: &mut VecDeque<Self>, request: &Request) -> Option<Self> {
        let mut acting = None;
        for fault in faults.iter_mut() {
            let is_meant = fault.method.is_empty() || fault.method == request.method;
            let is_asked = match fault.target_part.strip_suffix('$') {
                Some(end) => request.target.ends_with(end),
                None => request.target.contains(&fault.target_part),
            };
            if !is_meant || !is_asked {
                continue;
            }
            match fault {
                Self { skip, .. } if *skip > 0 => *skip -= 1,
                Self { count, .. } if *count > 0 && acting.is_none() => {
                    *count -= 1;
                    acting = Some(fault.clone());
                }
                _ => {}
            }
        }
        faults.retain(|fault| fault.count > 0);
        acting
    }

    /// What is to happen before the request is looked at, by no lock held.
    pub(super) fn before_all(&self) -> Option<Arc<dyn Fn() + Send + Sync>> {
        match &self.action {
            Action::Pause(event) => Some(Arc::clone(&event.0)),
            _ => None,
        }
    }

    /// Does the fault; `effect` is what the registry would have done.
    pub(super) fn act(self, effect: impl FnOnce() -> Response) -> Reply {
        match self.action {
            Action::Status(response) => Reply::Send(response),
            Action::CutBefore => Reply::Cut,
            Action::CutAfter => {
                effect();
                Reply::Cut
            }
            Action::CutShort => Reply::CutShort(effect()),
            Action::Pause(_) => Reply::Send(effect()),
            Action::Meanwhile(event, after_effect) => {
                if after_effect {
                    effect();
                }
                (event.0)();
                Reply::Cut
            }
            Action::Twist(twist) => twist(effect()),
        }
    }
}
