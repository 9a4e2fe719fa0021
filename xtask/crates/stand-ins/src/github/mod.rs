//! A forge in memory, for `rehearse` and the tests: pull requests and releases over a real bare repository, by GitHub's REST
//! interface.
//!
//! It is stricter than the real one: a token, a user agent and the interface's version are asked for with every request; a
//! field, a query parameter or a path that it does not know is refused and written down. It knows one repository, merges nothing
//! and forgets everything when dropped.
//!
//! Reference: <https://docs.github.com/en/rest/pulls/pulls>

mod documents;
mod git;
pub mod pulls;
pub mod refusal;
pub mod releases;

pub use crate::github::refusal::Right;
use crate::github::refusal::refusal;
use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use crate::faults::Fault;
use crate::http::message::{Reply, Request, Response};
use crate::http::{Handler, Server};
use crate::log::LoggedRequest;
use crate::turn;
use crate::turn::Disturbed;
use git::Bare;
use pulls::Pull;
use releases::{Asset, Release, Releases};

/// A pull request's body is a quarter of this at most.
const DOCUMENT_BYTES_MAX: usize = 1 << 20;
/// The largest file of a release.
const BODY_BYTES_MAX: u64 = 64 << 20;
/// The version of the interface that is spoken here.
const API_VERSION: &str = "2022-11-28";

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
    releases: Releases,
    /// Where answers say that the forge is, if not where it was asked.
    address: Option<String>,
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
        let state = Mutex::new(State {
            page_size: 2,
            ..State::default()
        });
        let shared = Arc::new(Shared {
            repository: repository.to_owned(),
            bare: bare.to_owned(),
            state,
        });
        let server = Server::start(Asked(Arc::clone(&shared)), BODY_BYTES_MAX)?;
        Ok(Self { server, shared })
    }

    /// The address for `GITHUB_API_URL`.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// Says in answers that it is at this address: something stands before it.
    pub fn set_address(&self, address: &str) {
        self.shared.lock().address = Some(address.to_owned());
    }

    /// Every release, oldest first.
    pub fn releases(&self) -> Vec<Release> {
        self.shared.lock().releases.all.clone()
    }

    /// Goes back to these releases: whatever came after them was never there.
    pub fn go_back_to_releases(&self, releases: &[Release]) {
        self.shared.lock().releases.all = releases.to_vec();
    }

    /// Adds a release as a person would, with a number of its own.
    pub fn add_release(&self, release: Release) {
        self.shared.lock().releases.add(release);
    }

    /// What adds releases to it from another thread, such as in the middle of a request.
    pub fn adder(&self) -> impl Fn(Release) + Send + Sync + use<> {
        let shared = Arc::clone(&self.shared);
        move |release| shared.lock().releases.add(release)
    }

    /// Lets nothing that is published from now on be changed.
    pub fn make_immutable(&self) {
        self.shared.lock().releases.are_immutable = true;
    }

    /// Shows files without their digests from now on.
    pub fn hide_digests(&self) {
        self.shared.lock().releases.hides_digests = true;
    }

    /// Hands files out itself from now on, as the interface's description allows, in place of saying where they lie.
    pub fn hand_files_out(&self) {
        self.shared.lock().releases.hands_files_out = true;
    }

    /// Changes a file of a tag's releases behind everybody's back, or takes it away.
    pub fn change_file(&self, tag: &str, name: &str, change: impl Fn(&Asset) -> Option<Asset>) {
        let mut state = self.shared.lock();
        for release in state
            .releases
            .all
            .iter_mut()
            .filter(|release| release.tag == tag)
        {
            let changed = release.assets.iter().filter_map(|asset| {
                if asset.name == name {
                    change(asset)
                } else {
                    Some(asset.clone())
                }
            });
            release.assets = changed.collect();
        }
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
        pulls::settle(&mut state.pulls, &Bare::open(&self.shared.bare));
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

/// What the server hands requests to.
struct Asked(Arc<Shared>);

impl Handler for Asked {
    fn handle(&self, request: Request) -> Reply {
        turn::answer(
            || self.0.lock(),
            request,
            |state, request| self.0.effect(state, &request),
        )
    }

    fn cut(&self, request: &Request) {
        self.0.cut(request);
    }
}

impl Disturbed for State {
    fn faults(&mut self) -> &mut VecDeque<Fault> {
        &mut self.faults
    }

    fn log(&mut self) -> &mut Vec<LoggedRequest> {
        &mut self.log
    }
}

impl Shared {
    /// The state, also after a handler panicked: no answer leaves it half-changed.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a request does whose body did not arrive as a whole: nothing, but for half a file that stays.
    fn cut(&self, request: &Request) {
        let mut state = self.lock();
        let method = request.method.clone();
        let target = request.target.clone();
        state.log.push(LoggedRequest {
            method,
            target,
            status: None,
            authorized: request.header("Authorization").is_some(),
        });
        let parts = self.parts(request);
        let parts: Vec<_> = parts.iter().map(String::as_str).collect();
        if let (Ok(Right::Write), "POST", ["releases", number, "assets"]) = (
            let_in(&state, request),
            request.method.as_str(),
            parts.as_slice(),
        ) {
            let address = self.server_of(&state, request);
            let desk = pulls::Desk {
                repository: &self.repository,
                address: &address,
                bare: &Bare::open(&self.bare),
            };
            state.releases.cut(&desk, number, request);
        }
    }

    /// The parts of the path behind the repository's own; none for another repository.
    fn parts(&self, request: &Request) -> Vec<String> {
        let prefix = format!("/repos/{}/", self.repository);
        // Names of owners and repositories are written in any case.
        let is_ours = request
            .path
            .get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(&prefix));
        let rest = if is_ours {
            &request.path[prefix.len()..]
        } else {
            ""
        };
        rest.split('/').map(str::to_owned).collect()
    }

    fn effect(&self, state: &mut State, request: &Request) -> Response {
        if let ("GET", Some(number)) = (
            request.method.as_str(),
            request.path.strip_prefix("/_objects/"),
        ) {
            return state.releases.object(number, request);
        }
        if request.header("User-Agent").is_none_or(str::is_empty) {
            return refusal(
                403,
                "Request forbidden by administrative rules. Please make sure your request has a User-Agent header",
            );
        }
        if request.header("X-GitHub-Api-Version") != Some(API_VERSION) {
            return refusal(400, &format!("wanted X-GitHub-Api-Version: {API_VERSION}"));
        }
        let right = match let_in(state, request) {
            Ok(right) => right,
            Err(refused) => return refused,
        };
        let parts = self.parts(request);
        let parts: Vec<_> = parts.iter().map(String::as_str).collect();
        if request.method != "GET" && right == Right::Read {
            return refusal(403, "Resource not accessible by integration");
        }
        if request.body.len() > DOCUMENT_BYTES_MAX
            && !matches!(parts.as_slice(), ["releases", _, "assets"])
        {
            return refusal(413, "Payload too large");
        }
        let bare = Bare::open(&self.bare);
        pulls::settle(&mut state.pulls, &bare);
        let desk = pulls::Desk {
            repository: &self.repository,
            address: &self.server_of(state, request),
            bare: &bare,
        };
        let page_size = state.page_size;
        let answer = match (request.method.as_str(), parts.as_slice()) {
            ("GET", ["pulls"]) => desk.list(&state.pulls, request, page_size),
            ("POST", ["pulls"]) => desk.create(&mut state.pulls, request),
            ("PATCH", ["pulls", number]) => desk.update(&mut state.pulls, number, request),
            ("GET", ["compare", rest @ ..]) => desk.compare(&rest.join("/"), request, page_size),
            (_, parts) => state
                .releases
                .answer(&desk, parts, request, right, page_size)
                .unwrap_or_else(|| {
                    state
                        .unexpected
                        .push(format!("{} {}", request.method, request.target));
                    Err(refusal(404, "Not Found"))
                }),
        };
        answer.unwrap_or_else(|refused| refused)
    }

    fn server_of(&self, state: &State, request: &Request) -> String {
        state
            .address
            .clone()
            .unwrap_or_else(|| format!("http://{}", request.header("Host").unwrap_or("localhost")))
    }
}

/// What the token of a request may do.
fn let_in(state: &State, request: &Request) -> Result<Right, Response> {
    let token = request
        .header("Authorization")
        .and_then(|value| value.strip_prefix("Bearer "));
    let token = token.ok_or_else(|| refusal(401, "Requires authentication"))?;
    let known = state.tokens.iter().find(|(known, _)| known == token);
    known
        .map(|(_, right)| *right)
        .ok_or_else(|| refusal(401, "Bad credentials"))
}
