//! An OCI registry in memory, for `rehearse` and the tests; docker, crane and skopeo can speak to it too.
//!
//! It is stricter than the registries out there: whatever a manifest names must exist in the *same* repository and be of
//! the size that is named; a page holds two tags, in no useful order; an upload goes on where the last answer said,
//! and nowhere else. It forgets everything when dropped, deletes nothing, and lists no catalog.
//!
//! Specification: <https://github.com/opencontainers/distribution-spec/blob/main/spec.md>

mod blobs;
mod builder;
mod lists;
mod manifests;
mod refusal;
mod route;
mod store;
mod tokens;

pub use crate::log::LoggedRequest;
use crate::registry::refusal::refuse;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use monorelease_model::image::Digest;

pub use crate::faults::Fault;
use crate::http::Server;
use crate::http::message::{Reply, Request, Response};
use crate::turn;
use crate::turn::Disturbed;
use builder::Behaviour;
pub use builder::Builder;
use route::Route;
use store::{Counters, Store};
use tokens::{Access, Gate};

/// All that a registry held at a moment.
#[derive(Clone)]
pub struct Kept(Store);

impl Kept {
    /// The same without the tags of a repository that `is_meant` names; what they named is still there.
    pub fn without_tags(mut self, repository: &str, is_meant: impl Fn(&str) -> bool) -> Self {
        self.0.forget_tags(repository, is_meant);
        self
    }
}

/// A running registry. Dropping it ends its threads and connections.
pub struct EmbeddedRegistry {
    shared: Arc<Shared>,
    server: Server,
}

struct Shared {
    behaviour: Behaviour,
    gate: Gate,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    store: Store,
    faults: VecDeque<Fault>,
    log: Vec<LoggedRequest>,
    unexpected: Vec<String>,
}

impl Disturbed for State {
    fn faults(&mut self) -> &mut VecDeque<Fault> {
        &mut self.faults
    }

    fn log(&mut self) -> &mut Vec<LoggedRequest> {
        &mut self.log
    }
}

impl EmbeddedRegistry {
    /// Starts a registry that behaves as it was told.
    pub(super) fn with(behaviour: Behaviour, gate: Gate) -> io::Result<Self> {
        let body_bytes_max = behaviour.body_bytes_max;
        let shared = Arc::new(Shared {
            behaviour,
            gate,
            state: Mutex::default(),
        });
        let handler = Arc::clone(&shared);
        let server = Server::start(move |request| handler.handle(request), body_bytes_max)?;
        Ok(Self { shared, server })
    }

    /// Starts a registry that asks for no credentials.
    ///
    /// # Errors
    /// When 127.0.0.1 cannot be listened on.
    pub fn start() -> io::Result<Self> {
        Self::builder().start()
    }

    pub fn builder() -> Builder {
        Builder::default()
    }

    /// `127.0.0.1:PORT`, the host of its repositories.
    pub fn address(&self) -> String {
        self.server.address()
    }

    /// How many connections were opened so far.
    pub fn connections(&self) -> u64 {
        self.server.connections()
    }

    /// How many bytes of bodies without an end were sent.
    pub fn endless_bytes(&self) -> u64 {
        self.server.endless_bytes()
    }

    /// Plans a fault; of several that match a request, the one that was planned first acts.
    pub fn plan_fault(&self, fault: Fault) {
        self.shared.lock().faults.push_back(fault);
    }

    /// Drops the faults that have not happened yet, and says how many those are.
    pub fn clear_faults(&self) -> usize {
        std::mem::take(&mut self.shared.lock().faults).len()
    }

    /// Makes every token that was given out worthless, as time does.
    pub fn expire_tokens(&self) {
        self.shared.gate.expire_tokens();
    }

    /// Every request so far, token requests included, in the order they were answered.
    pub fn log(&self) -> Vec<LoggedRequest> {
        self.shared.lock().log.clone()
    }

    /// Requests that no registry knows. A test that meets one has found a client that makes things up.
    pub fn unexpected(&self) -> Vec<String> {
        self.shared.lock().unexpected.clone()
    }

    /// How many bytes of blobs went in and out.
    pub fn counters(&self) -> Counters {
        self.shared.lock().store.counters
    }

    /// The tags of a repository, sorted; none when there is no such repository.
    pub fn tags(&self, repository: &str) -> Vec<String> {
        let state = self.shared.lock();
        let mut tags: Vec<_> = state
            .store
            .tags(repository)
            .iter()
            .map(|(tag, _)| tag.clone())
            .collect();
        tags.sort();
        tags
    }

    /// The digest a tag points at.
    pub fn digest(&self, repository: &str, tag: &str) -> Option<Digest> {
        self.shared.lock().store.resolve(repository, tag)
    }

    /// Media type and bytes of a manifest, by tag or digest.
    pub fn manifest(&self, repository: &str, reference: &str) -> Option<(String, Vec<u8>)> {
        let state = self.shared.lock();
        let digest = state.store.resolve(repository, reference)?;
        let manifest = state.store.manifest(repository, &digest)?;
        Some((manifest.media_type.clone(), manifest.bytes.to_vec()))
    }

    /// Everything that is kept, for comparing: tags as `repo:tag` → digest, manifests as `repo@digest` → type and size,
    /// blobs as `repo/blobs/digest` → size. Uploads that were never finished are not in it.
    pub fn state(&self) -> BTreeMap<String, String> {
        self.shared.lock().store.snapshot()
    }

    /// A copy of everything that is kept, to go back to.
    pub fn keep(&self) -> Kept {
        Kept(self.shared.lock().store.clone())
    }

    /// Goes back to a copy: whatever came after it was never there.
    pub fn go_back_to(&self, kept: &Kept) {
        self.shared.lock().store = kept.0.clone();
    }

    /// Gives more names to what a tag names, as many builds have left them behind.
    pub fn name_more(&self, repository: &str, tag: &str, names: impl IntoIterator<Item = String>) {
        let mut state = self.shared.lock();
        if let Some(digest) = state.store.resolve(repository, tag) {
            state.store.put_new_tags(repository, &digest, names);
        }
    }

    /// Deletes a manifest and its tags, as a retention policy does: indexes that list it are still served. Says whether it was there.
    pub fn delete_manifest(&self, repository: &str, digest: &Digest) -> bool {
        self.shared.lock().store.delete_manifest(repository, digest)
    }

    /// Changes the kept bytes of a manifest or a blob behind the back of its digest, as a broken disk does.
    /// Says whether there was anything to change.
    pub fn corrupt(&self, repository: &str, digest: &Digest, bytes: &[u8]) -> bool {
        self.shared.lock().store.corrupt(repository, digest, bytes)
    }
}

impl Shared {
    /// The state, also after a handler panicked: each change of it is made in one go.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn handle(&self, request: Request) -> Reply {
        turn::answer(
            || self.lock(),
            request,
            |state, request| self.answer(state, request),
        )
    }

    fn answer(&self, state: &mut State, request: Request) -> Response {
        if request.path == "/token" {
            return self.gate.answer_token_request(&request);
        }
        let route = match Route::read(&request) {
            Ok(route) => route,
            Err(Some(response)) => return response,
            Err(None) => {
                state
                    .unexpected
                    .push(format!("{} {}", request.method, request.target));
                return refuse(404, "NOT_FOUND", "no registry knows this request");
            }
        };
        let access = if matches!(request.method.as_str(), "GET" | "HEAD") {
            Access::Pull
        } else {
            Access::Push
        };
        if let Err(response) = self.gate.check(&request, route.repository(), access) {
            return response;
        }
        let store = &mut state.store;
        let response = match route {
            Route::Base => Response::json(200, &serde_json::json!({})),
            Route::Tags(name) => lists::list_tags(store, &self.behaviour, &name, &request),
            Route::Manifest(name, reference) => match request.method.as_str() {
                "PUT" => manifests::put(store, &self.behaviour, &name, &reference, request),
                _ => manifests::get(store, &self.behaviour, &name, &reference, &request),
            },
            Route::Referrers(name, digest) => {
                lists::list_referrers(store, &self.behaviour, &name, &digest, &request)
            }
            Route::Blob(name, digest) => {
                blobs::get(store, &self.behaviour, &name, &digest, &request)
            }
            Route::StartUpload(name) => {
                let may_read =
                    |from: &str| self.gate.check(&request, Some(from), Access::Pull).is_ok();
                match blobs::mount(store, &name, &request, may_read) {
                    Some(response) => response,
                    None => blobs::start_upload(store, &name, request),
                }
            }
            Route::Upload(name, id) => blobs::upload(store, &name, &id, request),
        };
        response.with("Docker-Distribution-Api-Version", "registry/2.0")
    }
}
