//! The names of container images: digests, repositories, tags, platforms, as the OCI distribution specification spells them.
//!
//! They are read here once, so that a function that wants a digest cannot be handed a tag. Nothing here asks a registry.

pub mod manifest;

use std::fmt::{self, Write as _};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::Digest as _;
use sha2::Sha256;

/// Where Docker Hub's images live when a reference names no host.
const DOCKER_HUB: &str = "docker.io";

/// The longest `host/path` that registries take, in bytes.
const REPOSITORY_LENGTH_MAX: usize = 255;

/// The longest tag that registries take, in bytes.
const TAG_LENGTH_MAX: usize = 128;

/// A text that is no name of an image part: the text, the rule, and where it is known what was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageNameError(String);

impl fmt::Display for ImageNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ImageNameError {}

/// The content address of a manifest or a blob: `sha256:` and 64 lower-case hexadecimal digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(String);

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self::of_hash(Sha256::digest(bytes).as_ref())
    }

    /// The digest of what was hashed piece by piece.
    pub fn from_hasher(hasher: Sha256) -> Self {
        Self::of_hash(hasher.finalize().as_ref())
    }

    fn of_hash(hash: &[u8]) -> Self {
        Self(format!("sha256:{}", hex(hash)))
    }

    /// `sha256:` with the first twelve digits: enough for people to compare.
    pub fn short(&self) -> &str {
        &self.0[.."sha256:".len() + 12]
    }

    /// The whole text, `sha256:` included.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The hexadecimal digits alone, as tags like `sha256-<hex>.sig` want them.
    pub fn hex(&self) -> &str {
        &self.0["sha256:".len()..]
    }
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

impl FromStr for Digest {
    type Err = ImageNameError;

    fn from_str(text: &str) -> Result<Self, ImageNameError> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        match text.strip_prefix("sha256:") {
            Some(hex) if hex.len() == 64 && hex.bytes().all(is_digit) => Ok(Self(text.to_owned())),
            _ => Err(ImageNameError(format!(
                "{text:?} is no digest: wanted \"sha256:\" and 64 lower-case hexadecimal digits"
            ))),
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

/// A place in a registry that holds the images of one name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Repository {
    /// The registry, with its port when one is written: `ghcr.io`, `127.0.0.1:5000`; `docker.io` when none is.
    pub host: String,
    /// Everything behind the host: `percolation-labs/percolate-reading`.
    pub path: String,
}

impl FromStr for Repository {
    type Err = ImageNameError;

    /// Reads a repository as docker does: the first segment is a host when it has a dot, a port, or is `localhost`;
    /// without one the image is Docker Hub's, and there a single segment is in `library/`.
    fn from_str(text: &str) -> Result<Self, ImageNameError> {
        let refuse = |rule: String| {
            Err(ImageNameError(format!(
                "{text:?} is no image repository: {rule}"
            )))
        };
        if let Some((_, bare)) = text.split_once("://") {
            return refuse(format!("a repository has no scheme; write {bare:?}"));
        }
        let (host, path) = match text.split_once('/') {
            Some((first, rest)) if is_host_segment(first) => (first.to_ascii_lowercase(), rest),
            _ => (DOCKER_HUB.to_owned(), text),
        };
        if path.contains(['@', ':']) {
            return refuse(
                "a tag or a digest belongs to an image, not to its repository; leave it out"
                    .to_owned(),
            );
        }
        if path.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return refuse(format!(
                "registries take lower case only; write {:?}",
                text.to_ascii_lowercase()
            ));
        }
        if !is_host(&host) {
            return refuse(format!(
                "{host:?} is no host: wanted a name or an address, and at most a port of digits"
            ));
        }
        let host = if host == "index.docker.io" {
            DOCKER_HUB.to_owned()
        } else {
            host
        };
        let path = if host == DOCKER_HUB && !path.contains('/') {
            format!("library/{path}")
        } else {
            path.to_owned()
        };
        if let Some(segment) = path.split('/').find(|segment| !is_path_segment(segment)) {
            return refuse(format!(
                "segment {segment:?}: wanted letters a-z and digits, joined by single \".\", \"_\", \"__\" or dashes"
            ));
        }
        if host.len() + 1 + path.len() > REPOSITORY_LENGTH_MAX {
            return refuse(format!("longer than {REPOSITORY_LENGTH_MAX} bytes"));
        }
        Ok(Self { host, path })
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.path)
    }
}

/// Whether docker would read the first segment of a reference as a host.
fn is_host_segment(segment: &str) -> bool {
    segment.contains(['.', ':']) || segment == "localhost"
}

fn is_host(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        // The colons inside the brackets of an IPv6 address start no port.
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    let is_name = match name
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => name.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        }),
    };
    let is_port =
        |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    is_name && port.is_none_or(is_port)
}

/// One segment by the specification: `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`.
fn is_path_segment(segment: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_joint =
        |joint: &str| matches!(joint, "." | "_" | "__") || joint.bytes().all(|byte| byte == b'-');
    segment.bytes().next().is_some_and(is_word)
        && segment.bytes().next_back().is_some_and(is_word)
        && segment.is_ascii()
        && segment
            .split(|character: char| character.is_ascii_lowercase() || character.is_ascii_digit())
            .filter(|joint| !joint.is_empty())
            .all(is_joint)
}

/// Whether registries take this text as a repository's path (the name without the host).
pub fn is_repository_path(path: &str) -> bool {
    path.len() <= REPOSITORY_LENGTH_MAX && path.split('/').all(is_path_segment)
}

/// Whether registries take this text as a tag: `[A-Za-z0-9_][A-Za-z0-9._-]{0,127}`. There is no `+`,
/// so a version with SemVer build metadata cannot be a tag.
pub fn is_image_tag(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= TAG_LENGTH_MAX
        && text.bytes().next().is_some_and(is_word)
        && text
            .bytes()
            .all(|byte| is_word(byte) || matches!(byte, b'.' | b'-'))
}

/// What a manifest of an index runs on, in Go's words: `linux/amd64`, `linux/arm/v7`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Platform {
    pub os: String,
    pub arch: String,
    /// `v7` of `linux/arm/v7`. `None` for arm64's `v8`, which builders write or leave out as they like.
    pub variant: Option<String>,
}

impl Platform {
    /// The platform of these parts, as an index names them.
    pub fn new(os: &str, arch: &str, variant: Option<&str>) -> Self {
        let variant =
            variant.filter(|variant| !variant.is_empty() && (arch, *variant) != ("arm64", "v8"));
        Self {
            os: os.to_owned(),
            arch: arch.to_owned(),
            variant: variant.map(str::to_owned),
        }
    }
}

impl FromStr for Platform {
    type Err = ImageNameError;

    fn from_str(text: &str) -> Result<Self, ImageNameError> {
        let refuse = |rule: String| Err(ImageNameError(format!("{text:?} is no platform: {rule}")));
        let is_word = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        let (os, arch, variant) = match text.split('/').collect::<Vec<_>>()[..] {
            [os, arch] => (os, arch, None),
            [os, arch, variant] => (os, arch, Some(variant)),
            _ => {
                return refuse(
                    "wanted os/arch or os/arch/variant, such as \"linux/amd64\"".to_owned(),
                );
            }
        };
        match arch {
            "x86_64" | "x64" => {
                return refuse(format!(
                    "images call {arch:?} \"amd64\"; write \"{os}/amd64\""
                ));
            }
            "aarch64" => {
                return refuse(format!(
                    "images call {arch:?} \"arm64\"; write \"{os}/arm64\""
                ));
            }
            _ => {}
        }
        match [Some(os), Some(arch), variant]
            .into_iter()
            .flatten()
            .find(|part| !is_word(part))
        {
            Some(part) => refuse(format!(
                "part {part:?}: wanted lower-case letters and digits"
            )),
            None => Ok(Self::new(os, arch, variant)),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.arch)?;
        self.variant
            .as_ref()
            .map_or(Ok(()), |variant| write!(f, "/{variant}"))
    }
}

/// In JSON they are the text that people write.
macro_rules! serialize_as_text {
    ($($name:ty),*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    )*};
}

serialize_as_text!(Digest, Repository, Platform);

/// The media types of manifests: what OCI calls them, and what docker called them before.
pub mod media_type {
    pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
    pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
    pub const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
    /// All of them, as an `Accept` header asks for them: GHCR says of an index that it is not there to whoever does not accept
    /// one (<https://github.com/Mic92/niks3/issues/229>).
    pub const ACCEPTED: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
        application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

    /// Whether this is the type of a manifest, and of none that OCI and docker have given up.
    pub fn is_manifest(media_type: &str) -> bool {
        [OCI_MANIFEST, DOCKER_MANIFEST].contains(&media_type) || is_index(media_type)
    }

    /// Whether a manifest of this type lists others.
    pub fn is_index(media_type: &str) -> bool {
        [OCI_INDEX, DOCKER_INDEX].contains(&media_type)
    }
}

#[cfg(test)]
mod tests;
