//! Package indexes: which files of a package they list, what those hold, and how one more gets there.
//!
//! Listings are read by ourselves (PEP 503 and 691); uploads are uv's, which also knows how a forge's word becomes a token. The
//! public indexes' addresses are asked of the tools that ship with them: uv knows where to upload by itself, and pip
//! knows where both are. "Not there" is never made out of "could not read" (law 15).

#![allow(
    clippy::disallowed_methods,
    reason = "uploads wait for a server that asked for it, and are streamed from files"
)]

pub mod error;
mod listing;

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use monorelease_http_client::client::{
    Agents, BodyFault, Patience, SILENCE, clean, line_fault, read_body,
};
use monorelease_http_client::http::{Request, Response};
use monorelease_http_client::url::{Origin, resolve};
use monorelease_http_client::{Body, TransportError};
use monorelease_model::distribution::{FileName, IndexFile, normalised};
use monorelease_model::image::Digest;
use monorelease_process::Call;
use sha2::Digest as _;
use sha2::Sha256;

use crate::fault::Fault;
use crate::project::IndexName;
use crate::tools;
use crate::world::World;
use error::IndexError;
use listing::read_listing;

/// A listing of a package with ten thousand files has less.
const LISTING_BYTES_MAX: u64 = 64 << 20;
/// The public index takes no file of this size.
const FILE_BYTES_MAX: u64 = 4 << 30;
const TRIES: u32 = 4;
const REDIRECTS_MAX: usize = 4;
/// A wheel of a hundred megabytes over a slow line.
const UPLOAD_LONGEST: Duration = Duration::from_secs(1800);
/// How often a listing is asked for a file that was just uploaded: an index may show it a little later.
const LOOKS: u32 = 6;
/// Prints the listing's and the upload's address of a public index, as the installed pip knows them.
const ASK_PIP: &str = "import sys; from pip._internal.models import index; found = getattr(index, sys.argv[1]); \
                       print(found.simple_url); print(found.url.rstrip('/') + '/legacy/')";

/// One index, as it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Where files are uploaded; `None` where uv knows by itself.
    upload: Option<String>,
    /// Where they are listed, without a `/` behind.
    simple: String,
}

/// Finds out where an index is. The surroundings win over the configuration.
///
/// # Errors
/// Of a public index: Python is missing, or its pip does not say where that is.
pub fn place(world: &World, index: &IndexName) -> anyhow::Result<Place> {
    let access = &world.environment.packages;
    let simple = access
        .simple
        .as_ref()
        .map(|simple| simple.trim_end_matches('/').to_owned());
    let own = access.upload.clone().or_else(|| match index {
        IndexName::Address(address) => Some(address.clone()),
        _ => None,
    });
    if let Some(upload) = own {
        let simple = simple.unwrap_or_else(|| simple_of(&upload));
        return Ok(Place {
            upload: Some(upload),
            simple,
        });
    }
    let known = match index {
        IndexName::TestPypi => "TestPyPI",
        _ => "PyPI",
    };
    let call = Call::new(tools::require(tools::PYTHON)?).args(["-I", "-c", ASK_PIP, known]);
    let said = world.runner.output(&call).with_context(|| {
        Fault::refused(format!("where {} lists its files is asked of pip, which does not say it", index.word()))
            .fix("export UV_PUBLISH_CHECK_URL=… and UV_PUBLISH_URL=…, or python3 -m pip install --upgrade pip")
    })?;
    let mut lines = said.lines().map(str::trim);
    let (Some(listing), Some(upload)) = (lines.next(), lines.next()) else {
        bail!("pip was asked where {} is, and said {said:?}", index.word())
    };
    let upload = (*index == IndexName::TestPypi).then(|| upload.to_owned());
    Ok(Place {
        upload,
        simple: simple.unwrap_or_else(|| listing.trim_end_matches('/').to_owned()),
    })
}

/// Where an index that takes uploads here lists its files: beside `legacy/`, as the public ones do, else below.
fn simple_of(upload: &str) -> String {
    let base = upload.trim_end_matches('/');
    format!("{}/simple", base.strip_suffix("/legacy").unwrap_or(base))
}

/// Every file of a package; none where the index does not know the package.
pub fn files(world: &World, place: &Place, name: &str) -> anyhow::Result<Vec<IndexFile>> {
    let url = format!("{}/{}/", place.simple, normalised(name));
    let listing = client().retrying(|| {
        let (response, url) = get(world, place, &url)?;
        let (parts, body) =
            read_body(response, false, LISTING_BYTES_MAX).map_err(|fault| match fault {
                BodyFault::TooLarge(limit) => {
                    IndexError::answer(&url, &format!("the listing is over {limit} bytes"))
                }
                BodyFault::Line(error) => line(&url, &error),
            })?;
        match parts.status.as_u16() {
            404 => Ok(None),
            200 => Ok(Some((parts, body, url))),
            _ => Err(IndexError::status(&url, &parts, &body)),
        }
    })?;
    let Some((parts, body, url)) = listing else {
        return Ok(Vec::new());
    };
    let kind = parts
        .headers
        .get("Content-Type")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    read_listing(kind, &body, &url).map_err(|why| IndexError::answer(&url, &why).into())
}

/// The SHA-256 of what a file at the index really holds, in lower-case hex.
pub fn fetched_sha256(world: &World, place: &Place, file: &IndexFile) -> anyhow::Result<String> {
    read_file(world, place, file, None)
}

/// Puts what a file at the index really holds into a file here.
///
/// # Errors
/// It cannot be read, or not be written.
pub fn fetch(world: &World, place: &Place, file: &IndexFile, to: &Path) -> anyhow::Result<()> {
    read_file(world, place, file, Some(to)).map(drop)
}

/// Reads all of a file, into another one where that is wanted, and gives its SHA-256.
fn read_file(
    world: &World,
    place: &Place,
    file: &IndexFile,
    to: Option<&Path>,
) -> anyhow::Result<String> {
    let read = || {
        let (response, url) = get(world, place, &file.url)?;
        let (parts, body) = response.into_parts();
        if !parts.status.is_success() {
            let said = body
                .into_with_config()
                .limit(4096)
                .read_to_vec()
                .unwrap_or_default();
            return Err(IndexError::status(&url, &parts, &said));
        }
        let mut reader = body.into_with_config().limit(FILE_BYTES_MAX).reader();
        let mut hasher = Sha256::new();
        let mut bytes = vec![0; 1 << 16];
        let failed = |error| line(&url, &TransportError::Io(error));
        // A try that was cut begins anew.
        let mut kept = to.map(File::create).transpose().map_err(failed)?;
        loop {
            let count = reader.read(&mut bytes).map_err(failed)?;
            if count == 0 {
                break;
            }
            hasher.update(&bytes[..count]);
            kept.as_mut()
                .map_or(Ok(()), |kept| kept.write_all(&bytes[..count]))
                .map_err(failed)?;
        }
        Ok(Digest::from_hasher(hasher).hex().to_owned())
    };
    Ok(client().retrying(read)?)
}

fn client() -> Patience {
    Patience {
        tries: TRIES,
        sleep: Arc::new(std::thread::sleep),
    }
}

/// One read, with redirects followed. Credentials are shown to the server of the configured address alone, and when it asks.
fn get(world: &World, place: &Place, url: &str) -> Result<(Response<Body>, String), IndexError> {
    let agents = world.shared.packages.get_or_init(|| Agents::new(SILENCE));
    let mut url = url.to_owned();
    let mut authorization = None;
    for _ in 0..=REDIRECTS_MAX {
        let origin = Origin::of(&url).map_err(|why| IndexError::answer(&url, &why))?;
        let mut request = Request::get(&url).header(
            "Accept",
            "application/vnd.pypi.simple.v1+json, text/html;q=0.1, */*;q=0.01",
        );
        if let Some(value) = &authorization {
            request = request.header("Authorization", value);
        }
        monorelease_http_client::count::count_request();
        let request = request
            .body(())
            .map_err(|error| IndexError::answer(&url, &error.to_string()))?;
        let response = agents
            .of(origin.is_secure())
            .run(request)
            .map_err(|error| line(&url, &error))?;
        let is_own = place
            .upload
            .as_ref()
            .is_some_and(|upload| Origin::of(upload).is_ok_and(|upload| upload == origin));
        match (
            response.status().as_u16(),
            world.environment.packages.credentials(),
        ) {
            (401, Some((user, password))) if is_own && authorization.is_none() => {
                authorization = Some(format!(
                    "Basic {}",
                    BASE64.encode(format!("{user}:{password}"))
                ));
            }
            (301 | 302 | 303 | 307 | 308, _) => {
                let to = response
                    .headers()
                    .get("Location")
                    .and_then(|value| value.to_str().ok())
                    .unwrap_or_default()
                    .to_owned();
                url = resolve(&url, &to).map_err(|why| IndexError::answer(&url, &why))?;
                authorization = None;
            }
            _ => return Ok((response, url)),
        }
    }
    Err(IndexError::answer(&url, "it redirects in a circle"))
}

fn line(url: &str, error: &TransportError) -> IndexError {
    let (fault, message) = line_fault(error);
    IndexError::line(url, fault, &clean(&message))
}

/// Why nothing can be uploaded from here, if so: an index takes no files of nobody.
pub fn upload_obstacle(world: &World) -> Option<Fault> {
    let access = &world.environment.packages;
    let may = access.credentials().is_some() || access.is_vouched_for;
    let fix = "export UV_PUBLISH_TOKEN=…, or UV_PUBLISH_USERNAME and UV_PUBLISH_PASSWORD, or release in CI with permissions: id-token: write";
    (!may).then(|| Fault::refused("there is nothing to upload with: no UV_PUBLISH_TOKEN, no TWINE_PASSWORD, no identity of a CI").fix(fix))
}

/// Uploads a file, and waits until the index lists it. What the index says to a file that is there already is no error here:
/// what it lists afterwards is asked by the step's probe.
pub fn publish(world: &World, place: &Place, file: &Path, name: &str) -> anyhow::Result<()> {
    let access = &world.environment.packages;
    let trusted = if access.credentials().is_none() {
        "always"
    } else {
        "never"
    };
    let mut call = Call::new(tools::provide(world, tools::UV)?)
        .args([
            "publish",
            "--no-config",
            "--no-progress",
            "--color",
            "never",
            "--keyring-provider",
            "disabled",
            "--no-attestations",
        ])
        .args(["--trusted-publishing", trusted])
        .time_limit(UPLOAD_LONGEST);
    if let Some(upload) = &place.upload {
        call = call.arg("--publish-url").arg(upload);
    }
    let uploaded = world.runner.output(&access.let_in(call.arg(file)));
    let file = file
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let wanted =
        FileName::read(&file).with_context(|| format!("{file} is no file of a package"))?;
    let mut looks = 0;
    let seen = Patience {
        tries: if uploaded.is_ok() { LOOKS } else { 1 },
        sleep: Arc::new(std::thread::sleep),
    }
    .retrying(|| {
        looks += 1;
        match files(world, place, name) {
            Ok(files) if files.iter().any(|file| file.name == wanted) => Ok(()),
            Ok(_) => Err(IndexError::not_yet(&place.simple)),
            Err(error) => Err(IndexError::answer(&place.simple, &format!("{error:#}"))),
        }
    });
    match (uploaded, seen) {
        (Ok(_), Ok(())) => Ok(()),
        (Ok(_), Err(error)) => Err(anyhow!(
            "{file} was uploaded, and is not listed after {looks} looks: {error}"
        )),
        (Err(error), _) => {
            let mend = mend(&error);
            Err(error.context(mend))
        }
    }
}

/// What most likely is wrong, in the words of the index's answer.
fn mend(error: &anyhow::Error) -> String {
    let said = format!("{error:#}");
    let is = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let what = if is(&[
        "403",
        "401",
        "Forbidden",
        "Unauthorized",
        "Invalid or non-existent authentication",
    ]) {
        "the index does not take the credentials (expired, or not for this package); make a new token, then the same command again"
    } else if is(&["already exists", "409"]) {
        "the index has a file of this name already; cargo xtask verify shows which"
    } else if is(&["400"]) {
        "the index does not take the file"
    } else {
        "the upload did not end well; the same command again goes on from here"
    };
    what.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_listed_beside_the_upload_of_an_index() {
        assert_eq!(
            simple_of("https://index.example/legacy/"),
            "https://index.example/simple"
        );
        assert_eq!(
            simple_of("http://127.0.0.1:8080/"),
            "http://127.0.0.1:8080/simple"
        );
        assert_eq!(
            simple_of("https://forge.example/api/packages/acme/pypi/"),
            "https://forge.example/api/packages/acme/pypi/simple"
        );
    }
}
