//! A forge in memory, for `rehearse` and the tests: pull requests over a real bare repository, by GitHub's REST interface.
//!
//! It is stricter than the real one: a token, a user agent and the interface's version are asked for with every request; a
//! field, a query parameter or a path that it does not know is refused and written down. It knows one repository, merges nothing
//! and forgets everything when dropped.
//!
//! Reference: <https://docs.github.com/en/rest/pulls/pulls>

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::forge_git::Bare;
use super::forge_pulls::{self, Pull};
use super::http::{Reply, Request, Response, Server};
use super::registry::LoggedRequest;

pub use super::registry_faults::Fault;

/// A pull request's body is a quarter of this at most.
const BODY_BYTES_MAX: u64 = 1 << 20;
/// The version of the interface that is spoken here.
const API_VERSION: &str = "2022-11-28";

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    Read,
    Write,
}

/// A running forge; dropping it ends it.
pub struct EmbeddedForge {
    server: Server,
    shared: Arc<Shared>,
}

struct Shared {
    /// `owner/name`.
    repository: String,
    bare: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    tokens: Vec<(String, Right)>,
    pulls: Vec<Pull>,
    page_size: usize,
    faults: VecDeque<Fault>,
    log: Vec<LoggedRequest>,
    unexpected: Vec<String>,
}

impl EmbeddedForge {
    /// Serves one repository, `owner/name`, whose branches lie in a bare repository.
    ///
    /// # Errors
    /// When 127.0.0.1 cannot be listened on.
    pub fn start(repository: &str, bare: &Path) -> io::Result<Self> {
        let state = Mutex::new(State { page_size: 2, ..State::default() });
        let shared = Arc::new(Shared { repository: repository.to_owned(), bare: bare.to_owned(), state });
        let handler = Arc::clone(&shared);
        let server = Server::start(move |request: Request| handler.answer(&request), BODY_BYTES_MAX)?;
        Ok(Self { server, shared })
    }

    /// The address for `GITHUB_API_URL`.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// Takes this token from now on.
    pub fn give_token(&self, token: &str, right: Right) {
        self.shared.lock().tokens.push((token.to_owned(), right));
    }

    /// How many items one page holds at most; 2 unless changed, whatever is asked for.
    pub fn set_page_size(&self, items: usize) {
        self.shared.lock().page_size = items.max(1);
    }

    /// Plans a fault; of several that match a request, the one that was planned first acts.
    pub fn plan_fault(&self, fault: Fault) {
        self.shared.lock().faults.push_back(fault);
    }

    /// Drops the faults that have not happened yet, and says how many those are.
    pub fn clear_faults(&self) -> usize {
        std::mem::take(&mut self.shared.lock().faults).len()
    }

    /// Every request so far, in the order they were answered.
    pub fn log(&self) -> Vec<LoggedRequest> {
        self.shared.lock().log.clone()
    }

    /// Requests that no forge knows. A test that meets one has found a client that makes things up.
    pub fn unexpected(&self) -> Vec<String> {
        self.shared.lock().unexpected.clone()
    }

    /// Every pull request, oldest first.
    pub fn pulls(&self) -> Vec<Pull> {
        let mut state = self.shared.lock();
        forge_pulls::settle(&mut state.pulls, &Bare::open(&self.shared.bare));
        state.pulls.clone()
    }

    /// Goes back to these pull requests: whatever came after them was never there.
    pub fn go_back_to(&self, pulls: &[Pull]) {
        self.shared.lock().pulls = pulls.to_vec();
    }

    /// Adds a pull request as a person would, be it from a fork.
    pub fn add_pull(&self, pull: Pull) {
        let mut state = self.shared.lock();
        let number = state.pulls.len() as u64 + 1;
        state.pulls.push(Pull { number, ..pull });
    }

    /// Closes or reopens a pull request as a person would.
    pub fn set_open(&self, number: u64, is_open: bool) {
        let mut state = self.shared.lock();
        if let Some(pull) = state.pulls.iter_mut().find(|pull| pull.number == number) {
            pull.is_open = is_open;
        }
    }
}

impl Shared {
    /// The state, also after a handler panicked: no answer leaves it half-changed.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, request: &Request) -> Reply {
        let mut state = self.lock();
        let fault = Fault::take(&mut state.faults, request);
        if let Some(event) = fault.as_ref().and_then(Fault::before_all) {
            drop(state);
            event();
            state = self.lock();
        }
        let reply = match fault {
            Some(fault) => fault.act(|| self.effect(&mut state, request)),
            None => Reply::Send(self.effect(&mut state, request)),
        };
        let status = match &reply {
            Reply::Send(response) => Some(response.status),
            _ => None,
        };
        let (method, target) = (request.method.clone(), request.target.clone());
        state.log.push(LoggedRequest { method, target, status, authorized: request.header("Authorization").is_some() });
        reply
    }

    fn effect(&self, state: &mut State, request: &Request) -> Response {
        if request.header("User-Agent").is_none_or(str::is_empty) {
            return refusal(403, "Request forbidden by administrative rules. Please make sure your request has a User-Agent header");
        }
        if request.header("X-GitHub-Api-Version") != Some(API_VERSION) {
            return refusal(400, &format!("wanted X-GitHub-Api-Version: {API_VERSION}"));
        }
        let token = request.header("Authorization").and_then(|value| value.strip_prefix("Bearer "));
        let right = match token {
            None => return refusal(401, "Requires authentication"),
            Some(token) => state.tokens.iter().find(|(known, _)| known == token).map(|(_, right)| *right),
        };
        let Some(right) = right else { return refusal(401, "Bad credentials") };
        let prefix = format!("/repos/{}/", self.repository);
        // Names of owners and repositories are written in any case.
        let is_ours = request.path.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(&prefix));
        let rest = if is_ours { &request.path[prefix.len()..] } else { "" };
        let parts: Vec<_> = rest.split('/').collect();
        if request.method != "GET" && right == Right::Read {
            return refusal(403, "Resource not accessible by integration");
        }
        let bare = Bare::open(&self.bare);
        forge_pulls::settle(&mut state.pulls, &bare);
        let desk = forge_pulls::Desk { repository: &self.repository, address: &self.server_of(request), bare: &bare };
        let answer = match (request.method.as_str(), parts.as_slice()) {
            ("GET", ["pulls"]) => desk.list(&state.pulls, request, state.page_size),
            ("POST", ["pulls"]) => desk.create(&mut state.pulls, request),
            ("PATCH", ["pulls", number]) => desk.update(&mut state.pulls, number, request),
            ("GET", ["compare", ..]) => desk.compare(&rest["compare/".len()..], request, state.page_size),
            _ => {
                state.unexpected.push(format!("{} {}", request.method, request.target));
                Err(refusal(404, "Not Found"))
            }
        };
        answer.unwrap_or_else(|refused| refused)
    }

    fn server_of(&self, request: &Request) -> String {
        format!("http://{}", request.header("Host").unwrap_or("localhost"))
    }
}

/// An answer in the form of the forge's errors.
pub(super) fn refusal(status: u16, message: &str) -> Response {
    let text = status.to_string();
    Response::json(status, &json!({ "message": message, "documentation_url": "https://docs.github.com/rest", "status": text }))
}

/// 422, with what is wrong with which field.
pub(super) fn invalid(message: &str, errors: &[Value]) -> Response {
    Response::json(
        422,
        &json!({ "message": message, "documentation_url": "https://docs.github.com/rest", "errors": errors, "status": "422" }),
    )
}

#[cfg(test)]
#[path = "forge_client_tests.rs"]
mod tests;
