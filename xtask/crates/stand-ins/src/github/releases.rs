//! Releases of the embedded forge and their files: who sees a draft, what is refused, and what a cut upload leaves.
//!
//! As the real one it takes several drafts for one tag, shows them in lists alone and to nobody who may not write, gives files
//! names of its own, and lets a half of one block its name. Stricter than the real one: it makes no tag, it takes no published
//! release back, and it hands files out only to who comes without a token.
//!
//! Reference: <https://docs.github.com/en/rest/releases>

use std::sync::Arc;

use monorelease_model::github::{BODY_CHARS_MAX, asset_name};
use monorelease_model::image::Digest;
use serde_json::{Value, json};

use super::documents::{asset_document, commit_document, release_document};
use super::pulls::{Desk, fields, known_queries};
use super::refusal;
use crate::github::refusal::Right;
use crate::github::refusal::invalid;
use crate::http::message::{Request, Response};

/// A release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Release {
    pub number: u64,
    pub tag: String,
    pub title: String,
    pub body: String,
    pub commit: String,
    pub is_draft: bool,
    pub is_prerelease: bool,
    pub is_latest: bool,
    pub is_immutable: bool,
    pub assets: Vec<Asset>,
}

/// A file of a release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asset {
    pub number: u64,
    pub name: String,
    pub content: Arc<Vec<u8>>,
    /// The digest of what arrived; it stays, whatever becomes of the bytes.
    pub digest: String,
    /// The whole of it arrived.
    pub is_whole: bool,
}

/// All releases, and how they behave.
#[derive(Debug, Default)]
pub(super) struct Releases {
    pub all: Vec<Release>,
    /// Numbers are never given twice.
    last_number: u64,
    /// What is published can never be changed again.
    pub are_immutable: bool,
    /// Files are shown without their digests, as by forges before June 2025.
    pub hides_digests: bool,
    /// Files come from the interface itself.
    pub hands_files_out: bool,
}

type Answer = Result<Response, Response>;

fn missing() -> Response {
    refusal(404, "Not Found")
}

impl Releases {
    /// A number that nothing had before.
    fn number(&mut self) -> u64 {
        let used = self
            .all
            .iter()
            .flat_map(|release| {
                release
                    .assets
                    .iter()
                    .map(|asset| asset.number)
                    .chain([release.number])
            })
            .max();
        self.last_number = self.last_number.max(used.unwrap_or(0)) + 1;
        self.last_number
    }

    /// Adds a release as a person would.
    pub fn add(&mut self, release: Release) {
        let number = self.number();
        self.all.push(Release { number, ..release });
    }

    /// Answers what is asked below `releases` and `commits`; `None` for what nobody knows.
    pub fn answer(
        &mut self,
        desk: &Desk<'_>,
        parts: &[&str],
        request: &Request,
        right: Right,
        page_size: usize,
    ) -> Option<Answer> {
        Some(match (request.method.as_str(), parts) {
            ("GET", ["commits", rest @ ..]) => commit(desk, &rest.join("/")),
            ("GET", ["releases"]) => self.list(desk, request, right, page_size),
            ("POST", ["releases"]) => self.create(desk, request),
            ("POST", ["releases", "generate-notes"]) => proposed(request),
            ("GET", ["releases", "tags", tag]) => {
                self.shown(desk, |release| !release.is_draft && release.tag == *tag)
            }
            ("GET", ["releases", "assets", number]) => self.asset(desk, number, request),
            ("DELETE", ["releases", "assets", number]) => self.delete_asset(number),
            ("GET", ["releases", number]) => self.shown(desk, |release| {
                release.number.to_string() == *number
                    && (!release.is_draft || right == Right::Write)
            }),
            ("PATCH", ["releases", number]) => self.update(desk, number, request),
            ("DELETE", ["releases", number]) => self.delete(number),
            ("GET", ["releases", number, "assets"]) => {
                self.list_assets(desk, number, request, page_size)
            }
            ("POST", ["releases", number, "assets"]) => self.upload(desk, number, request, true),
            _ => return None,
        })
    }

    /// What is left of an upload whose line was cut: half a file, which blocks its name.
    pub fn cut(&mut self, desk: &Desk<'_>, number: &str, request: &Request) {
        // There is nobody left to be told.
        let _ = self.upload(desk, number, request, false);
    }

    /// The bytes of a file, for those who were sent here.
    pub fn object(&self, number: &str, request: &Request) -> Response {
        let found = self
            .all
            .iter()
            .flat_map(|release| &release.assets)
            .find(|asset| asset.number.to_string() == number);
        match found {
            // As the stores behind the real one: two ways to be let in are one too many.
            _ if request.header("Authorization").is_some() => {
                refusal(400, "Only one auth mechanism allowed")
            }
            Some(asset) if asset.is_whole => {
                Response::new(200).body(asset.content.as_ref().clone())
            }
            _ => missing(),
        }
    }

    fn list(&self, desk: &Desk<'_>, request: &Request, right: Right, page_size: usize) -> Answer {
        known_queries(request, &["per_page", "page"])?;
        let seen = self
            .all
            .iter()
            .rev()
            .filter(|release| !release.is_draft || right == Right::Write);
        let documents = seen
            .map(|release| release_document(desk, release, self.hides_digests))
            .collect();
        desk.page(documents, request, page_size, |page| {
            Value::Array(page.to_vec())
        })
    }

    fn shown(&self, desk: &Desk<'_>, is_meant: impl Fn(&Release) -> bool) -> Answer {
        let found = self
            .all
            .iter()
            .find(|release| is_meant(release))
            .ok_or_else(missing)?;
        Ok(Response::json(
            200,
            &release_document(desk, found, self.hides_digests),
        ))
    }

    fn create(&mut self, desk: &Desk<'_>, request: &Request) -> Answer {
        let fields = fields(
            request,
            &[
                "tag_name",
                "target_commitish",
                "name",
                "body",
                "draft",
                "prerelease",
                "make_latest",
            ],
        )?;
        let text = |name: &str| {
            fields
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let flag = |name: &str| fields.get(name).and_then(Value::as_bool).unwrap_or(false);
        if text("tag_name").is_empty() {
            return Err(invalid(
                "Validation Failed",
                &[json!({ "resource": "Release", "code": "missing_field", "field": "tag_name" })],
            ));
        }
        let release = Release {
            number: self.number(),
            tag: text("tag_name"),
            title: text("name"),
            body: text("body"),
            commit: if text("target_commitish").is_empty() {
                "main".to_owned()
            } else {
                text("target_commitish")
            },
            is_draft: flag("draft"),
            is_prerelease: flag("prerelease"),
            ..Release::default()
        };
        hold_to_length(&release.body)?;
        if !release.is_draft {
            self.hold_publication(desk, &release)?;
        }
        let document = release_document(desk, &release, self.hides_digests);
        self.all.push(release);
        let location = document["url"].as_str().unwrap_or_default().to_owned();
        Ok(Response::json(201, &document).with("Location", location))
    }

    /// One tag has one published release, and the tag is there first.
    fn hold_publication(&self, desk: &Desk<'_>, release: &Release) -> Result<(), Response> {
        let wrong = |field: &str, code: &str| {
            Err(invalid(
                "Validation Failed",
                &[json!({ "resource": "Release", "code": code, "field": field })],
            ))
        };
        let is_taken = |other: &&Release| {
            !other.is_draft && other.tag == release.tag && other.number != release.number
        };
        match (
            self.all.iter().any(|other| is_taken(&other)),
            desk.bare.tag(&release.tag),
        ) {
            (true, _) => wrong("tag_name", "already_exists"),
            (_, None) => wrong("target_commitish", "invalid"),
            _ => Ok(()),
        }
    }

    fn update(&mut self, desk: &Desk<'_>, number: &str, request: &Request) -> Answer {
        let fields = fields(
            request,
            &[
                "tag_name",
                "target_commitish",
                "name",
                "body",
                "draft",
                "prerelease",
                "make_latest",
            ],
        )?;
        let place = self
            .all
            .iter()
            .position(|release| release.number.to_string() == number)
            .ok_or_else(missing)?;
        let before = self.all[place].clone();
        if before.is_immutable {
            return Err(invalid("Cannot change an immutable release.", &[]));
        }
        let text = |name: &str, now: &str| {
            fields
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or(now)
                .to_owned()
        };
        let flag = |name: &str, now: bool| fields.get(name).and_then(Value::as_bool).unwrap_or(now);
        let mut release = Release {
            tag: text("tag_name", &before.tag),
            title: text("name", &before.title),
            body: text("body", &before.body),
            commit: text("target_commitish", &before.commit),
            is_draft: flag("draft", before.is_draft),
            is_prerelease: flag("prerelease", before.is_prerelease),
            ..before.clone()
        };
        hold_to_length(&release.body)?;
        if release.is_draft && !before.is_draft {
            return Err(invalid("a published release is not taken back here", &[]));
        }
        if before.is_draft && !release.is_draft {
            self.hold_publication(desk, &release)?;
            release.is_latest = !release.is_prerelease && text("make_latest", "true") == "true";
            release.is_immutable = self.are_immutable;
            let is_latest = release.is_latest;
            self.all
                .iter_mut()
                .filter(|_| is_latest)
                .for_each(|other| other.is_latest = false);
        }
        self.all[place] = release;
        Ok(Response::json(
            200,
            &release_document(desk, &self.all[place], self.hides_digests),
        ))
    }

    fn delete(&mut self, number: &str) -> Answer {
        let place = self
            .all
            .iter()
            .position(|release| release.number.to_string() == number)
            .ok_or_else(missing)?;
        self.all.remove(place);
        Ok(Response::new(204))
    }

    fn list_assets(
        &self,
        desk: &Desk<'_>,
        number: &str,
        request: &Request,
        page_size: usize,
    ) -> Answer {
        known_queries(request, &["per_page", "page"])?;
        let release = self
            .all
            .iter()
            .find(|release| release.number.to_string() == number)
            .ok_or_else(missing)?;
        let documents = release
            .assets
            .iter()
            .map(|asset| asset_document(desk, release, asset, self.hides_digests))
            .collect();
        desk.page(documents, request, page_size, |page| {
            Value::Array(page.to_vec())
        })
    }

    fn upload(
        &mut self,
        desk: &Desk<'_>,
        number: &str,
        request: &Request,
        is_whole: bool,
    ) -> Answer {
        known_queries(request, &["name", "label"])?;
        let asset_number = self.number();
        let hides_digests = self.hides_digests;
        let release = self
            .all
            .iter_mut()
            .find(|release| release.number.to_string() == number)
            .ok_or_else(missing)?;
        if request.header("Content-Length").is_none() || request.header("Content-Type").is_none() {
            return Err(refusal(400, "Bad Content-Length"));
        }
        let name = asset_name(request.query("name").unwrap_or_default());
        let wrong = |code: &str, field: &str| {
            invalid(
                "Validation Failed",
                &[json!({ "resource": "ReleaseAsset", "code": code, "field": field })],
            )
        };
        if release.is_immutable {
            return Err(invalid(
                "Cannot upload assets to an immutable release.",
                &[],
            ));
        }
        if name.is_empty() {
            return Err(wrong("missing_field", "name"));
        }
        if release.assets.iter().any(|asset| asset.name == name) {
            return Err(wrong("already_exists", "name"));
        }
        let asset = Asset {
            number: asset_number,
            name,
            content: Arc::new(request.body.clone()),
            digest: Digest::of(&request.body).to_string(),
            is_whole,
        };
        release.assets.push(asset.clone());
        Ok(Response::json(
            201,
            &asset_document(desk, release, &asset, hides_digests),
        ))
    }

    fn asset(&self, desk: &Desk<'_>, number: &str, request: &Request) -> Answer {
        let found = self
            .all
            .iter()
            .flat_map(|release| release.assets.iter().map(move |asset| (release, asset)));
        let (release, asset) = found
            .into_iter()
            .find(|(_, asset)| asset.number.to_string() == number)
            .ok_or_else(missing)?;
        if request.header("Accept") != Some("application/octet-stream") {
            return Ok(Response::json(
                200,
                &asset_document(desk, release, asset, self.hides_digests),
            ));
        }
        match asset.is_whole {
            true if self.hands_files_out => Ok(Response::new(200)
                .with("Content-Type", "application/octet-stream")
                .body(asset.content.as_ref().clone())),
            // Files lie somewhere else than the interface is.
            true => {
                let host = request.header("Host").unwrap_or("localhost");
                Ok(Response::new(302).with(
                    "Location",
                    format!("http://{host}/_objects/{number}?signature=for-this-once"),
                ))
            }
            false => Err(missing()),
        }
    }

    fn delete_asset(&mut self, number: &str) -> Answer {
        let holds = |release: &&mut Release| {
            release
                .assets
                .iter()
                .any(|asset| asset.number.to_string() == number)
        };
        let release = self.all.iter_mut().find(holds).ok_or_else(missing)?;
        if release.is_immutable {
            return Err(invalid(
                "Cannot delete assets of an immutable release.",
                &[],
            ));
        }
        release
            .assets
            .retain(|asset| asset.number.to_string() != number);
        Ok(Response::new(204))
    }
}

/// The words that the forge would propose; nothing is kept of them.
fn proposed(request: &Request) -> Answer {
    let fields = fields(
        request,
        &[
            "tag_name",
            "target_commitish",
            "previous_tag_name",
            "configuration_file_path",
        ],
    )?;
    match fields.get("tag_name").and_then(Value::as_str) {
        Some(tag) => Ok(Response::json(200, &json!({ "name": tag, "body": "" }))),
        None => Err(invalid(
            "Validation Failed",
            &[json!({ "resource": "Release", "code": "missing_field", "field": "tag_name" })],
        )),
    }
}

fn commit(desk: &Desk<'_>, name: &str) -> Answer {
    let found = name
        .strip_prefix("tags/")
        .map_or_else(|| desk.bare.resolve(name), |tag| desk.bare.tag(tag));
    let found = found.and_then(|id| desk.bare.commit(&id));
    found
        .map(|commit| Response::json(200, &commit_document(desk, &commit)))
        .ok_or_else(|| invalid(&format!("No commit found for SHA: {name}"), &[]))
}

fn hold_to_length(body: &str) -> Result<(), Response> {
    if body.chars().count() <= BODY_CHARS_MAX {
        return Ok(());
    }
    let message = format!("body is too long (maximum is {BODY_CHARS_MAX} characters)");
    Err(invalid(
        "Validation Failed",
        &[json!({ "resource": "Release", "code": "custom", "field": "body", "message": message })],
    ))
}
