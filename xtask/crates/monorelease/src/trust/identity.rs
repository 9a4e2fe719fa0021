//! Who this run is by the word of its CI: what the identity token says by which cosign signs without a key.
//!
//! It proves nothing: whoever verifies asks the certificate. It is read so that a token that is over, or is of somebody who does not
//! count, is found before the first step and not after a signature of no use. The token stands in no error (law 17).

#![allow(clippy::disallowed_methods, reason = "identity tokens expire")]

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use monorelease_http_client::client::Agents;
use serde_json::Value;

use crate::world::variables::variable;

/// Nobody waits longer for a token.
const LONGEST: Duration = Duration::from_secs(30);
/// A token is a few kilobytes.
const TOKEN_BYTES_MAX: u64 = 64 * 1024;
/// For whom the token is, as cosign asks for it.
const AUDIENCE: &str = "sigstore";

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub issuer: String,
    /// As a certificate will name it.
    pub name: String,
    /// Since when it is over; `None` while it is good.
    pub over: Option<Timestamp>,
}

/// The identity of this run.
///
/// # Errors
/// No token is given, or it cannot be read: why, without the token.
pub fn of_this_run() -> anyhow::Result<Identity> {
    // As cosign does: one that is there is taken before one that must be asked for.
    match variable("SIGSTORE_ID_TOKEN") {
        Some(token) => read(&token, Timestamp::now()).context("SIGSTORE_ID_TOKEN"),
        None => read(&asked_for()?, Timestamp::now())
            .context("the token that ACTIONS_ID_TOKEN_REQUEST_URL gave"),
    }
}

/// The token that the CI gives to whoever shows that it runs in it.
fn asked_for() -> anyhow::Result<String> {
    let address = variable("ACTIONS_ID_TOKEN_REQUEST_URL")
        .context("there is no ACTIONS_ID_TOKEN_REQUEST_URL")?;
    let bearer = variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
        .context("there is no ACTIONS_ID_TOKEN_REQUEST_TOKEN")?;
    let joint = if address.contains('?') { '&' } else { '?' };
    let agents = Agents::new(LONGEST);
    let request = agents
        .of(address.starts_with("https://"))
        .get(format!("{address}{joint}audience={AUDIENCE}"));
    // The words of other errors may hold the address, which is nobody else's to know.
    let Ok(mut answer) = request
        .header("Authorization", format!("bearer {bearer}"))
        .call()
    else {
        bail!(
            "the CI's service for identity tokens (ACTIONS_ID_TOKEN_REQUEST_URL) cannot be reached"
        );
    };
    let status = answer.status().as_u16();
    ensure!(
        status == 200,
        "the CI's service for identity tokens answered {status}"
    );
    let body = answer
        .body_mut()
        .with_config()
        .limit(TOKEN_BYTES_MAX)
        .read_to_string();
    let document: Value = body
        .ok()
        .and_then(|body| serde_json::from_str(&body).ok())
        .unwrap_or_default();
    let token = document["value"]
        .as_str()
        .context("the CI's service for identity tokens gave no token as \"value\"")?;
    Ok(token.to_owned())
}

/// Reads the claims of a token, which are its middle part.
fn read(token: &str, now: Timestamp) -> anyhow::Result<Identity> {
    const NONE: &str = "it is no identity token (a JWT of three parts)";
    let mut parts = token.split('.');
    let (Some(_), Some(claims), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        bail!(NONE)
    };
    let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok();
    let claims: Value = claims
        .and_then(|claims| serde_json::from_slice(&claims).ok())
        .context(NONE)?;
    let said = |key: &str| claims[key].as_str().filter(|text| !text.is_empty());
    let issuer = said("iss")
        .context("it names no issuer (\"iss\")")?
        .to_owned();
    let name = match (
        said("job_workflow_ref"),
        said("ci_config_ref_uri"),
        said("email"),
        said("sub"),
    ) {
        // How Sigstore's authority names workflows: github.com/sigstore/fulcio/blob/main/docs/oidc.md.
        (Some(workflow), ..) => format!("https://github.com/{workflow}"),
        (_, Some(pipeline), ..) => format!("https://{pipeline}"),
        (.., Some(email), _) => email.to_owned(),
        (.., Some(subject)) => subject.to_owned(),
        _ => bail!("it names nobody (\"sub\")"),
    };
    let ends = claims["exp"]
        .as_i64()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .context("it says no end (\"exp\")")?;
    Ok(Identity {
        issuer,
        name,
        over: (ends <= now).then_some(ends),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn token(claims: &Value) -> String {
        format!(
            "e30.{}.c2lnbmF0dXJl",
            URL_SAFE_NO_PAD.encode(claims.to_string())
        )
    }

    #[test]
    fn a_token_says_who_and_until_when() {
        let now = Timestamp::from_second(1_000).unwrap();
        let workflow = "acme/mono/.github/workflows/release.yml@refs/heads/main";
        let mut claims = json!({ "iss": "https://issuer.example", "sub": "repo:acme/mono", "job_workflow_ref": workflow, "exp": 1_001 });
        let good = read(&token(&claims), now).unwrap();
        assert_eq!(
            (good.issuer.as_str(), good.name),
            (
                "https://issuer.example",
                format!("https://github.com/{workflow}")
            )
        );
        assert_eq!(good.over, None);
        claims["exp"] = 1_000.into();
        assert_eq!(read(&token(&claims), now).unwrap().over, Some(now));
        let claims = json!({ "iss": "https://issuer.example", "sub": "someone", "email": "a@b.example", "exp": 2_000 });
        assert_eq!(read(&token(&claims), now).unwrap().name, "a@b.example");
    }

    #[test]
    fn law_17_what_is_no_token_is_refused_and_not_shown() {
        let now = Timestamp::from_second(1_000).unwrap();
        let hidden = "canary";
        for (text, wanted) in [
            (hidden.to_owned(), "no identity token"),
            (format!("{hidden}.{hidden}.{hidden}"), "no identity token"),
            (format!("a.b.c.{hidden}"), "no identity token"),
            (token(&json!({ "sub": hidden, "exp": 2_000 })), "no issuer"),
            (
                token(&json!({ "iss": "i", "exp": 2_000, "aud": hidden })),
                "names nobody",
            ),
            (
                token(&json!({ "iss": "i", "sub": "s", "aud": hidden })),
                "says no end",
            ),
        ] {
            let error = format!("{:#}", read(&text, now).unwrap_err());
            assert!(
                error.contains(wanted) && !error.contains(hidden),
                "{text}: {error}"
            );
        }
    }
}
