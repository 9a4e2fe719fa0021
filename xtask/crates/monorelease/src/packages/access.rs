//! What the surroundings say of package indexes: addresses that stand in for the configured ones, and credentials.
//!
//! The variables are those of uv and twine. A secret goes to the one program that uploads, and into a header (law 17).

use std::fmt;

use monorelease_process::Call;

use crate::world::variables::variable;
use monorelease_http_client::url::{unescape, without_user};

/// Variables with secrets of indexes. Builds and tests of a package run its own code, which has no business with them.
const SECRETS: [&str; 6] = [
    "UV_PUBLISH_TOKEN",
    "UV_PUBLISH_USERNAME",
    "UV_PUBLISH_PASSWORD",
    "TWINE_USERNAME",
    "TWINE_PASSWORD",
    "TWINE_API_KEY",
];
/// What else uv would take from the surroundings when it uploads: it is told where to by us alone.
const PLACES: [&str; 4] = [
    "UV_PUBLISH_URL",
    "UV_PUBLISH_CHECK_URL",
    "UV_PUBLISH_INDEX",
    "UV_TRUSTED_PUBLISHING",
];

/// The answers, read once.
#[derive(Clone, Default)]
pub struct PackageAccess {
    /// Where to upload, in place of the configured index: `UV_PUBLISH_URL`, `TWINE_REPOSITORY_URL`.
    pub upload: Option<String>,
    /// Where the files of an index are listed: `UV_PUBLISH_CHECK_URL`.
    pub simple: Option<String>,
    /// Whether a forge vouches for this run, so that an index may give it a token (trusted publishing).
    pub is_vouched_for: bool,
    user: Option<String>,
    password: Option<String>,
}

impl fmt::Debug for PackageAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PackageAccess")
            .field("upload", &self.upload)
            .field("simple", &self.simple)
            .finish_non_exhaustive()
    }
}

impl PackageAccess {
    pub fn read() -> Self {
        let token = || Some(("__token__".to_owned(), variable("UV_PUBLISH_TOKEN")?));
        let named = |user: &str, password: &str| Some((variable(user)?, variable(password)?));
        let access = token()
            .or_else(|| named("UV_PUBLISH_USERNAME", "UV_PUBLISH_PASSWORD"))
            .or_else(|| named("TWINE_USERNAME", "TWINE_PASSWORD"))
            // A token of twine's may come without a user.
            .or_else(|| Some(("__token__".to_owned(), variable("TWINE_PASSWORD")?)));
        let upload = variable("UV_PUBLISH_URL").or_else(|| variable("TWINE_REPOSITORY_URL"));
        let access = access.or_else(|| user_in(upload.as_deref()?));
        let (user, password) = access.unzip();
        // An address is shown, and is an argument of uv's: whoever stands in it goes another way.
        Self {
            upload: upload.as_deref().map(without_user),
            simple: variable("UV_PUBLISH_CHECK_URL")
                .as_deref()
                .map(without_user),
            is_vouched_for: variable("ACTIONS_ID_TOKEN_REQUEST_URL").is_some()
                && variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN").is_some(),
            user,
            password,
        }
    }

    /// User and password, when there are some.
    pub fn credentials(&self) -> Option<(&str, &str)> {
        self.user.as_deref().zip(self.password.as_deref())
    }

    /// The call that uploads, with what it needs to be let in.
    pub(super) fn let_in(&self, call: Call) -> Call {
        let call = without(without(call, &SECRETS), &PLACES);
        match self.credentials() {
            Some((user, password)) => call
                .variable("UV_PUBLISH_USERNAME", user)
                .variable("UV_PUBLISH_PASSWORD", password),
            None => call,
        }
    }
}

/// The user and the password in an address, as uv and twine take them from there.
fn user_in(address: &str) -> Option<(String, String)> {
    let (_, rest) = address.split_once("://")?;
    let (user, _) = rest.split('/').next()?.rsplit_once('@')?;
    let (user, password) = user.split_once(':').unwrap_or(("__token__", user));
    Some((unescape(user), unescape(password)))
}

/// A call that runs code of a package.
pub fn without_secrets(call: Call) -> Call {
    without(call, &SECRETS)
}

fn without(call: Call, names: &[&'static str]) -> Call {
    names.iter().fold(call, |call, name| call.without(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_stands_in_an_address_is_let_in_by_it() {
        let words = |address| user_in(address).map(|(user, password)| format!("{user} {password}"));
        assert_eq!(
            words("https://me:a%2Fb@host/legacy/").as_deref(),
            Some("me a/b")
        );
        assert_eq!(
            words("https://pypi-token@host/").as_deref(),
            Some("__token__ pypi-token")
        );
        assert_eq!(words("https://host/a@b"), None);
    }
}
