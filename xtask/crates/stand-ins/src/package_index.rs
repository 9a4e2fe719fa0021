//! A package index in memory, for `rehearse` and the tests: uploads by the legacy interface, listings by PEP 503 and 691.
//!
//! It is stricter than real ones: a file's fields, its name, its digest and its metadata's version must all agree, a name
//! is taken once and for all, and pages are served under the normal name alone. It forgets everything when dropped.
//!
//! Reference: "Upload API" in the documentation of PyPI, and <https://packaging.python.org/en/latest/specifications/simple-repository-api/>

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use monorelease_model::distribution::{FileName, normalised};
use monorelease_model::image::Digest;
use serde_json::json;

use crate::faults::Fault;
use crate::http::Server;
use crate::http::message::{Request, Response};
use crate::log::LoggedRequest;
use crate::turn;
use crate::turn::Disturbed;

/// What is uploaded here was made by tests, or is this repository's.
const BODY_BYTES_MAX: u64 = 256 << 20;
const JSON: &str = "application/vnd.pypi.simple.v1+json";

/// Files by their names.
pub type Files = BTreeMap<String, Vec<u8>>;

/// A running index; dropping it ends it.
pub struct EmbeddedIndex {
    server: Server,
    shared: Arc<Shared>,
}

struct Shared {
    /// Who may upload: user and password.
    uploader: Option<(String, String)>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    files: Files,
    faults: VecDeque<Fault>,
    log: Vec<LoggedRequest>,
    unexpected: Vec<String>,
    /// Whether listings are pages and not JSON.
    serves_pages: bool,
}

impl EmbeddedIndex {
    /// Takes uploads of the user with the password, or of anybody.
    ///
    /// # Errors
    /// When 127.0.0.1 cannot be listened on.
    pub fn start(uploader: Option<(&str, &str)>) -> io::Result<Self> {
        let uploader = uploader.map(|(user, password)| (user.to_owned(), password.to_owned()));
        let shared = Arc::new(Shared {
            uploader,
            state: Mutex::default(),
        });
        let handler = Arc::clone(&shared);
        let server = Server::start(
            move |request: Request| {
                turn::answer(
                    || handler.lock(),
                    request,
                    |state, request| handler.effect(state, &request),
                )
            },
            BODY_BYTES_MAX,
        )?;
        Ok(Self { server, shared })
    }

    /// Where files are uploaded; listings are below `simple/`.
    pub fn url(&self) -> String {
        format!("http://{}/", self.server.address())
    }

    /// Every file, by its name.
    pub fn files(&self) -> Files {
        self.shared.lock().files.clone()
    }

    /// Goes back to these files, or puts files there as nobody could from outside.
    pub fn go_back_to(&self, files: &Files) {
        self.shared.lock().files = files.clone();
    }

    /// Serves listings as pages of links from now on.
    pub fn serve_pages(&self) {
        self.shared.lock().serves_pages = true;
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

    /// Requests that no index knows.
    pub fn unexpected(&self) -> Vec<String> {
        self.shared.lock().unexpected.clone()
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

    fn effect(&self, state: &mut State, request: &Request) -> Response {
        let parts: Vec<_> = request.path.trim_start_matches('/').split('/').collect();
        match (request.method.as_str(), parts.as_slice()) {
            ("POST", [""]) => match self.upload(state, request) {
                Ok(()) => Response::new(200).body("OK"),
                Err((status, why)) => Response::new(status)
                    .with("Content-Type", "text/plain; charset=utf-8")
                    .body(why),
            },
            ("GET", ["simple", name, ""]) if normalised(name) == *name => {
                listing(state, request, name)
            }
            ("GET" | "HEAD", ["packages", name]) => match state.files.get(*name) {
                Some(bytes) => Response::new(200)
                    .with("Content-Type", "application/octet-stream")
                    .body(bytes.clone()),
                None => Response::new(404),
            },
            _ => {
                state
                    .unexpected
                    .push(format!("{} {}", request.method, request.target));
                Response::new(404)
            }
        }
    }

    fn upload(&self, state: &mut State, request: &Request) -> Result<(), (u16, String)> {
        if let Some((user, password)) = &self.uploader {
            let wanted = format!("Basic {}", BASE64.encode(format!("{user}:{password}")));
            if request.header("Authorization") != Some(&wanted) {
                return Err((
                    403,
                    "403 Invalid or non-existent authentication information.".into(),
                ));
            }
        }
        let bad = |why: &str| (400, format!("400 {why}"));
        let kind = request.header("Content-Type").unwrap_or_default();
        let boundary = kind
            .strip_prefix("multipart/form-data")
            .and_then(|rest| rest.split_once("boundary="))
            .map(|(_, word)| word.trim_matches('"'));
        let form = Form::read(&request.body, boundary.ok_or_else(|| bad("no form"))?)
            .ok_or_else(|| bad("the form is not whole"))?;
        if (form.one(":action"), form.one("protocol_version")) != (Some("file_upload"), Some("1")) {
            return Err(bad("unknown action or protocol"));
        }
        let (whole, bytes) = form.content.as_ref().ok_or_else(|| bad("no content"))?;
        let name = FileName::read(whole).ok_or_else(|| bad("invalid filename"))?;
        let (Some(package), Some(version)) = (form.one("name"), form.one("version")) else {
            return Err(bad("no name or version"));
        };
        if !name.is_of(package, version) {
            return Err(bad(&format!("{whole} is no file of {package} {version}")));
        }
        let filetype = if name.wheel.is_some() {
            "bdist_wheel"
        } else {
            "sdist"
        };
        if form.one("filetype") != Some(filetype) || form.one("metadata_version").is_none() {
            return Err(bad("wrong filetype, or no metadata version"));
        }
        if form.one("sha256_digest") != Some(Digest::of(bytes).hex()) {
            return Err(bad(
                "The digest supplied does not match a digest calculated from the uploaded file.",
            ));
        }
        if state.files.contains_key(whole) {
            return Err(bad("File already exists"));
        }
        state.files.insert(whole.clone(), bytes.clone());
        Ok(())
    }
}

/// The files of a package, as JSON or as a page; 404 where there is none.
fn listing(state: &State, request: &Request, package: &str) -> Response {
    let is_its =
        |name: &str| FileName::read(name).is_some_and(|name| normalised(&name.name) == package);
    let files: Vec<_> = state
        .files
        .iter()
        .filter(|(name, _)| is_its(name))
        .collect();
    if files.is_empty() {
        return Response::new(404);
    }
    let url = |name: &str| format!("../../packages/{name}");
    if request.header("Accept").unwrap_or_default().contains(JSON) && !state.serves_pages {
        let files = files
            .iter()
            .map(|(name, bytes)| json!({ "filename": name, "url": url(name), "hashes": { "sha256": Digest::of(bytes).hex() } }));
        let document = json!({ "meta": { "api-version": "1.0" }, "name": package, "files": files.collect::<Vec<_>>() });
        return Response::new(200)
            .with("Content-Type", JSON)
            .body(document.to_string());
    }
    let links = files.iter().map(|(name, bytes)| {
        format!(
            "<a href=\"{}#sha256={}\">{name}</a><br/>\n",
            url(name),
            Digest::of(bytes).hex()
        )
    });
    let page = format!(
        "<!DOCTYPE html>\n<html><body>\n{}</body></html>\n",
        links.collect::<String>()
    );
    Response::new(200)
        .with("Content-Type", "text/html; charset=utf-8")
        .body(page)
}

/// A form of several parts.
struct Form {
    fields: Vec<(String, String)>,
    /// The file's name and its bytes.
    content: Option<(String, Vec<u8>)>,
}

impl Form {
    /// Reads a whole form; `None` for one without its end.
    fn read(body: &[u8], boundary: &str) -> Option<Self> {
        let mark = format!("\r\n--{boundary}");
        // The first mark has no line before it.
        let body = [b"\r\n", body].concat();
        let mut places = Vec::new();
        let mut from = 0;
        while let Some(found) = find(&body[from..], mark.as_bytes()) {
            places.push(from + found);
            from += found + mark.len();
        }
        let last = *places.last()?;
        if !body[last + mark.len()..].starts_with(b"--") {
            return None;
        }
        let mut form = Self {
            fields: Vec::new(),
            content: None,
        };
        for pair in places.windows(2) {
            let part = &body[pair[0] + mark.len()..pair[1]];
            let end = find(part, b"\r\n\r\n")?;
            let head = str::from_utf8(&part[..end]).ok()?;
            let bytes = &part[end + 4..];
            let word = |key: &str| {
                head.split(&format!("{key}=\""))
                    .nth(1)?
                    .split('"')
                    .next()
                    .map(str::to_owned)
            };
            match (word("; name")?, word("; filename")) {
                (name, Some(file)) if name == "content" => {
                    form.content = Some((file, bytes.to_vec()))
                }
                (name, None) => form
                    .fields
                    .push((name, String::from_utf8(bytes.to_vec()).ok()?)),
                _ => return None,
            }
        }
        Some(form)
    }

    /// A field that stands there once.
    fn one(&self, name: &str) -> Option<&str> {
        let mut found = self.fields.iter().filter(|(field, _)| field == name);
        let (_, value) = found.next()?;
        found.next().is_none().then_some(value)
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}
