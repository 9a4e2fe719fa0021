//! A server in front of the fixture's registry, that sees every request first: to hold it, or to answer in its place.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use monorelease_stand_ins::http::{Reply, Request, Response, Server};

use super::Fixture;

/// Hands requests on, but for those that the hook answers.
pub struct Proxy {
    server: Server,
}

impl Proxy {
    /// Puts itself between the fixture's configuration and its registry.
    pub fn in_front_of(
        fixture: &Fixture,
        hook: impl Fn(&Request) -> Option<Response> + Send + Sync + 'static,
    ) -> Self {
        let registry = fixture.registry.address();
        let upstream = registry.clone();
        let handler = move |request: Request| {
            Reply::Send(hook(&request).unwrap_or_else(|| forward(&upstream, &request)))
        };
        let proxy = Self {
            server: Server::start(handler, 1 << 20).unwrap(),
        };
        fixture.write(
            "xtask/monorepo.toml",
            &fixture
                .read("xtask/monorepo.toml")
                .replace(&registry, &proxy.server.address()),
        );
        fixture.commit_all("chore: another registry");
        fixture.git(&["push", "--quiet", "origin", "main"]);
        proxy
    }

    pub fn address(&self) -> String {
        self.server.address()
    }
}

fn forward(upstream: &str, request: &Request) -> Response {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .build()
        .into();
    let mut forwarded = ureq::http::Request::builder()
        .method(request.method.as_str())
        .uri(format!("http://{upstream}{}", request.target));
    for name in ["Accept", "Content-Type"] {
        forwarded = request
            .headers_named(name)
            .fold(forwarded, |forwarded, value| forwarded.header(name, value));
    }
    let mut answer = agent
        .run(forwarded.body(request.body.clone()).unwrap())
        .unwrap();
    let mut response = Response::new(answer.status().as_u16());
    for name in ["Content-Type", "Docker-Content-Digest", "Link", "Location"] {
        if let Some(value) = answer.headers().get(name) {
            response = response.with(name, value.to_str().unwrap());
        }
    }
    if request.method == "HEAD" {
        // The server writes the length of a body that it keeps back.
        let length = answer
            .headers()
            .get("Content-Length")
            .map_or(0, |value| value.to_str().unwrap().parse().unwrap());
        return response.body(vec![0; length]);
    }
    response.body(answer.body_mut().read_to_vec().unwrap())
}

/// What has not come by then will not: a test that fails must end.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Lets nobody through until it is opened, and knows how many wait.
#[derive(Clone, Default)]
pub struct Latch(Arc<(Mutex<(usize, bool)>, Condvar)>);

impl Latch {
    /// Waits until the latch is open.
    pub fn pass(&self) {
        let (state, changed) = &*self.0;
        let mut state = state.lock().unwrap();
        state.0 += 1;
        changed.notify_all();
        drop(
            changed
                .wait_timeout_while(state, PATIENCE, |state| !state.1)
                .unwrap(),
        );
    }

    /// Waits until so many have come, whether or not they were let through.
    pub fn wait_for(&self, count: usize) {
        let (state, changed) = &*self.0;
        let (state, _) = changed
            .wait_timeout_while(state.lock().unwrap(), PATIENCE, |state| state.0 < count)
            .unwrap();
        assert!(
            state.0 >= count,
            "{} of {count} requests have come",
            state.0
        );
    }

    pub fn open(&self) {
        let (state, changed) = &*self.0;
        state.lock().unwrap().1 = true;
        changed.notify_all();
    }
}
