//! Files of the forge's releases: listed, sent as a stream, read back, and taken away when only half of them is there.
//!
//! A token goes to the forge's own addresses and to no other: where files lie is told by a redirection, which is followed without.
//!
//! Reference: <https://docs.github.com/en/rest/releases/assets>

use std::cell::RefCell;
use std::io::{self, Read};
use std::path::PathBuf;

use super::error::ForgeErrorKind as Kind;
use monorelease_http_client::http::{Method, Request};
use monorelease_http_client::url::{Origin, escape, resolve};
use monorelease_http_client::{SendBody, TransportError};
use monorelease_model::image::Digest;
use serde_json::Value;

use super::error::ForgeError;
use super::releases::Release;
use super::{Ask, Forge};
use crate::world::contents::digest_of;
use crate::world::files;

/// The longest text that is read whole: a list of checksums of thousands of files.
const TEXT_BYTES_MAX: u64 = 4 << 20;
/// How often a download is sent elsewhere.
const REDIRECTS_MAX: usize = 3;

/// A file of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    number: u64,
    pub name: String,
    /// Whether all of it arrived; one of which a part did cannot be downloaded, and blocks its name.
    pub is_whole: bool,
    pub bytes: u64,
    /// `None` where the forge does not tell: those before June 2025, and some of companies.
    pub digest: Option<Digest>,
}

/// What is sent.
#[derive(Debug, Clone)]
pub enum Content {
    File(PathBuf),
    Text(String),
}

impl Forge {
    /// The files of a release, in no order.
    ///
    /// # Errors
    /// The forge cannot be read.
    pub fn files(&self, repository: &str, release: &Release) -> Result<Vec<File>, ForgeError> {
        let target = format!(
            "/repos/{repository}/releases/{}/assets?per_page=100",
            release.number
        );
        let read = |file: &Value| {
            Some(File {
                number: file["id"].as_u64()?,
                name: file["name"].as_str()?.to_owned(),
                is_whole: file["state"].as_str()? == "uploaded",
                bytes: file["size"].as_u64()?,
                digest: file["digest"]
                    .as_str()
                    .and_then(|digest| digest.parse().ok()),
            })
        };
        let ask = Ask {
            method: Method::GET,
            target: target.clone(),
            body: None,
        };
        let unreadable = || {
            self.error(
                &ask,
                Kind::Malformed,
                "the answer holds a file without number, name, state or size",
            )
        };
        self.pages(&target, &Value::as_array)?
            .iter()
            .map(|file| read(file).ok_or_else(unreadable))
            .collect()
    }

    /// Sends a file, and says from time to time how many bytes of it are on their way. What is left of a try that was cut is
    /// taken away before the next.
    ///
    /// # Errors
    /// The forge refuses, or cannot be reached.
    pub fn upload(
        &self,
        repository: &str,
        release: &Release,
        name: &str,
        content: &Content,
        sent: &dyn Fn(u64, u64),
    ) -> Result<(), ForgeError> {
        let target = format!("{}?name={}", release.upload, escape(name));
        let ask = Ask {
            method: Method::POST,
            target,
            body: None,
        };
        self.hold_to_forge(&ask)?;
        let mut is_first = true;
        self.patience().retrying(|| {
            if !std::mem::take(&mut is_first)
                && let Some(found) = self
                    .files(repository, release)?
                    .into_iter()
                    .find(|file| file.name == name)
            {
                // The answer alone was lost. Whether it is the right content is asked afterwards.
                if found.is_whole {
                    return Ok(());
                }
                self.delete_file(repository, &found)?;
            }
            self.send_content(&ask, content, sent)
        })
    }

    fn send_content(
        &self,
        ask: &Ask<'_>,
        content: &Content,
        sent: &dyn Fn(u64, u64),
    ) -> Result<(), ForgeError> {
        let unreadable =
            |error: anyhow::Error| self.error(ask, Kind::Malformed, &format!("{error:#}"));
        let (source, bytes): (Box<dyn Read + '_>, u64) = match content {
            Content::File(path) => {
                let (file, bytes) = files::open(path).map_err(unreadable)?;
                (Box::new(file), bytes)
            }
            Content::Text(text) => (Box::new(text.as_bytes()), text.len() as u64),
        };
        let mut counted = Counted {
            source,
            done: 0,
            told: &|done| sent(done, bytes),
        };
        let (url, request) = self.request(ask)?;
        let request = request
            .header("Content-Type", "application/octet-stream")
            .header("Content-Length", bytes);
        let request = request
            .body(SendBody::from_reader(&mut counted))
            .map_err(|error| unreadable(error.into()))?;
        self.answered(ask, self.agent(ask, &url)?.run(request))
            .map(drop)
    }

    /// Files go to the forge's own host or to the one beside it that is for them: the token goes with them.
    fn hold_to_forge(&self, ask: &Ask<'_>) -> Result<(), ForgeError> {
        let malformed = |why: &str| self.error(ask, Kind::Malformed, why);
        let beside = self.api().replacen("://api.", "://uploads.", 1);
        let there = Origin::of(&ask.target).map_err(|why| malformed(&why))?;
        let is_known = |address: &str| Origin::of(address).is_ok_and(|known| known == there);
        match is_known(self.api()) || is_known(&beside) {
            true => Ok(()),
            false => Err(malformed("files are said to be sent to another server")),
        }
    }

    /// Takes a file away. One that is gone already is no error.
    ///
    /// # Errors
    /// The forge refuses, or cannot be reached.
    pub fn delete_file(&self, repository: &str, file: &File) -> Result<(), ForgeError> {
        self.delete(&format!(
            "/repos/{repository}/releases/assets/{}",
            file.number
        ))
    }

    /// The digest of a file's own bytes, which are read as they come.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn digest_of_file(&self, repository: &str, file: &File) -> Result<Digest, ForgeError> {
        let ask = self.download(repository, file);
        let found = RefCell::new(None);
        self.fetch(&ask, &|body| {
            *found.borrow_mut() = Some(digest_of(body)?.0);
            Ok(())
        })?;
        found
            .into_inner()
            .ok_or_else(|| self.error(&ask, Kind::Malformed, "the answer has no body"))
    }

    /// A file that is a short text.
    ///
    /// # Errors
    /// It cannot be read, is no text or is no short one.
    pub fn text_of_file(&self, repository: &str, file: &File) -> Result<String, ForgeError> {
        let ask = self.download(repository, file);
        let found = RefCell::new(Vec::new());
        if file.bytes > TEXT_BYTES_MAX {
            return Err(self.error(
                &ask,
                Kind::TooLarge,
                &format!("{} is over {TEXT_BYTES_MAX} bytes", file.name),
            ));
        }
        self.fetch(&ask, &|body| {
            found.borrow_mut().clear();
            body.take(TEXT_BYTES_MAX)
                .read_to_end(&mut found.borrow_mut())
                .map(drop)
        })?;
        String::from_utf8(found.into_inner())
            .map_err(|_| self.error(&ask, Kind::Malformed, &format!("{} is no text", file.name)))
    }

    fn download(&self, repository: &str, file: &File) -> Ask<'static> {
        Ask {
            method: Method::GET,
            target: format!("/repos/{repository}/releases/assets/{}", file.number),
            body: None,
        }
    }

    /// Reads a body from where the forge says that it lies.
    fn fetch(
        &self,
        ask: &Ask<'_>,
        read: &dyn Fn(&mut dyn Read) -> io::Result<()>,
    ) -> Result<(), ForgeError> {
        self.patience().retrying(|| {
            let (mut url, request) = self.request(ask)?;
            let mut request = request;
            for _ in 0..=REDIRECTS_MAX {
                let whole = request
                    .header("Accept", "application/octet-stream")
                    .body(());
                let whole =
                    whole.map_err(|error| self.error(ask, Kind::Malformed, &error.to_string()))?;
                let response = self
                    .agent(ask, &url)?
                    .run(whole)
                    .map_err(|error| self.line_error(ask, &error))?;
                if response.status().is_redirection() {
                    let location = response
                        .headers()
                        .get("Location")
                        .and_then(|value| value.to_str().ok())
                        .unwrap_or_default();
                    url = resolve(&url, location)
                        .map_err(|why| self.error(ask, Kind::Malformed, &why))?;
                    request = Request::builder().uri(&url);
                    continue;
                }
                if !response.status().is_success() {
                    return self.answered(ask, Ok(response)).map(drop);
                }
                let mut body = response.into_body();
                return read(&mut body.as_reader())
                    .map_err(|error| self.line_error(ask, &TransportError::Io(error)));
            }
            Err(self.error(
                ask,
                Kind::Malformed,
                "the file is always said to be elsewhere",
            ))
        })
    }
}

/// Says how much was read.
struct Counted<'a> {
    source: Box<dyn Read + 'a>,
    done: u64,
    told: &'a dyn Fn(u64),
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.done += read as u64;
        (self.told)(self.done);
        Ok(read)
    }
}
