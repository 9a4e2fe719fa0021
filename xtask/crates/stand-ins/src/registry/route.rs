//! Which request of the distribution specification a method and a path are.

use monorelease_model::image::is_repository_path;

use crate::http::message::{Request, Response};
use crate::registry::refusal::refuse;

/// What a request is about: repository, then tag, digest or upload.
pub enum Route {
    Base,
    Tags(String),
    Manifest(String, String),
    Referrers(String, String),
    Blob(String, String),
    StartUpload(String),
    Upload(String, String),
}

impl Route {
    /// Reads method and path. `Err(None)` is a request that no registry knows.
    pub fn read(request: &Request) -> Result<Self, Option<Response>> {
        let rest = request.path.strip_prefix("/v2").ok_or(None)?;
        if rest == "/" || rest.is_empty() {
            return if request.method == "GET" || request.method == "HEAD" {
                Ok(Self::Base)
            } else {
                Err(None)
            };
        }
        let rest = rest.strip_prefix('/').ok_or(None)?;
        let (head, last) = rest.rsplit_once('/').ok_or(None)?;
        let name = |name: &str| name.to_owned();
        let last = last.to_owned();
        let (route, methods): (Self, &[&str]) =
            if let Some(path) = head.strip_suffix("/blobs/uploads") {
                match last.is_empty() {
                    true => (Self::StartUpload(name(path)), &["POST"]),
                    false => (
                        Self::Upload(name(path), last),
                        &["GET", "PATCH", "PUT", "DELETE"],
                    ),
                }
            } else if let Some(path) = rest.strip_suffix("/blobs/uploads") {
                (Self::StartUpload(name(path)), &["POST"])
            } else if let Some(path) = rest.strip_suffix("/tags/list") {
                (Self::Tags(name(path)), &["GET"])
            } else if let Some(path) = head.strip_suffix("/manifests") {
                (Self::Manifest(name(path), last), &["GET", "HEAD", "PUT"])
            } else if let Some(path) = head.strip_suffix("/referrers") {
                (Self::Referrers(name(path), last), &["GET"])
            } else if let Some(path) = head.strip_suffix("/blobs") {
                (Self::Blob(name(path), last), &["GET", "HEAD"])
            } else {
                return Err(None);
            };
        match route.repository() {
            _ if !methods.contains(&request.method.as_str()) => Err(None),
            Some(path) if !is_repository_path(path) => Err(Some(refuse(
                400,
                "NAME_INVALID",
                &format!("invalid repository name {path:?}"),
            ))),
            _ => Ok(route),
        }
    }

    /// The repository it is about; its name has been checked.
    pub fn repository(&self) -> Option<&str> {
        match self {
            Self::Base => None,
            Self::Tags(name) | Self::StartUpload(name) => Some(name),
            Self::Manifest(name, _)
            | Self::Referrers(name, _)
            | Self::Blob(name, _)
            | Self::Upload(name, _) => Some(name),
        }
    }
}
