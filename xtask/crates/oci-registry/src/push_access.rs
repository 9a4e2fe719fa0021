//! Whether a registry lets us push, told before anything is pushed; and how far its clock is from ours.
//!
//! A token may say itself what it is good for. One that does not is opaque, as GHCR's are: then only a push that is begun and
//! dropped again tells, which a plan must not do (law 13).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64_OF_TOKENS;
use monorelease_http_client::http::Method;
use monorelease_http_client::url::resolve;
use monorelease_model::image::Repository;

use crate::client::Registry;
use crate::error::{RegistryError, RegistryErrorKind};
use crate::response::{Access, call};

/// What is known of the right to push into a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushRight {
    /// The registry has not asked for credentials so far.
    NotAsked,
    /// Our token says so itself.
    Granted,
    /// Our token says what it is good for, and this is not among it.
    NotGranted,
    /// What we have to show does not say what it is good for.
    Unsaid,
}

impl Registry {
    /// What our credentials are good for; reads alone, and asks nothing of a registry that has not asked us.
    ///
    /// # Errors
    /// A token for pushing is refused, or cannot be had; the credentials cannot be read.
    pub fn push_right(&self, repository: &Repository) -> Result<PushRight, RegistryError> {
        let call = call(repository, Access::Push, Method::GET, "");
        let Some(pass) = self
            .transport()
            .retrying(|| self.transport().known_pass(&call))?
        else {
            return Ok(PushRight::NotAsked);
        };
        Ok(
            match pass
                .bearer_token()
                .map(|token| grants_push(token, &repository.path))
            {
                Some(Some(true)) => PushRight::Granted,
                Some(Some(false)) => PushRight::NotGranted,
                Some(None) | None => PushRight::Unsaid,
            },
        )
    }

    /// Begins a push and drops it: nothing is left but, where a registry knows no dropping, an upload that it forgets by itself.
    ///
    /// # Errors
    /// The registry does not let us push, or does not answer.
    pub fn knock(&self, repository: &Repository) -> Result<(), RegistryError> {
        let mut start = call(repository, Access::Push, Method::POST, "blobs/uploads/");
        start.body = Some(&[]);
        let transport = self.transport();
        let answer = transport.retrying(|| match transport.send(&start)? {
            answer if answer.status == 202 => Ok(answer),
            answer => Err(transport.refusal(&start, &answer)),
        })?;
        let Some(location) = answer.header("Location") else {
            return Ok(());
        };
        let malformed = |why: String| start.error(RegistryErrorKind::Malformed, why);
        let mut drop_it = call(repository, Access::Push, Method::DELETE, "");
        drop_it.url = resolve(&answer.url, location).map_err(malformed)?;
        // The question is answered; an upload that cannot be dropped is forgotten in time.
        let _ = transport.send(&drop_it);
        Ok(())
    }

    /// How many seconds the clock of a host is ahead of ours, by the `Date` of its last answer; behind, when negative.
    pub fn clock_ahead(&self, host: &str) -> Option<i64> {
        self.transport().clock_ahead(host)
    }
}

/// What a token says of itself, when it is a JWT with an `access` claim; `None` where it says nothing.
///
/// Claim: <https://distribution.github.io/distribution/spec/auth/jwt/>
fn grants_push(token: &str, path: &str) -> Option<bool> {
    let claims = BASE64_OF_TOKENS
        .decode(token.split('.').nth(1)?.trim_end_matches('='))
        .ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
    let access = claims.get("access")?.as_array()?;
    Some(access.iter().any(|entry| {
        let is = |key: &str, wanted: &str| {
            entry.get(key).and_then(serde_json::Value::as_str) == Some(wanted)
        };
        let actions = entry.get("actions").and_then(serde_json::Value::as_array);
        let pushes = |action: &serde_json::Value| matches!(action.as_str(), Some("push" | "*"));
        is("type", "repository")
            && is("name", path)
            && actions.is_some_and(|actions| actions.iter().any(pushes))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::Credentials;
    use crate::options::RegistryOptions;
    use monorelease_stand_ins::registry::EmbeddedRegistry;

    fn jwt(claims: &str) -> String {
        format!("e30.{}.sig", BASE64_OF_TOKENS.encode(claims))
    }

    #[test]
    fn a_token_that_says_what_it_is_good_for_is_believed_and_any_other_says_nothing() {
        let of = |actions: &str| {
            jwt(&format!(
                r#"{{"access":[{{"type":"repository","name":"acme/api","actions":[{actions}]}}]}}"#
            ))
        };
        assert_eq!(grants_push(&of(r#""pull","push""#), "acme/api"), Some(true));
        assert_eq!(grants_push(&of(r#""*""#), "acme/api"), Some(true));
        assert_eq!(grants_push(&of(r#""pull""#), "acme/api"), Some(false));
        assert_eq!(grants_push(&of(r#""push""#), "acme/other"), Some(false));
        assert_eq!(
            grants_push(&jwt(r#"{"access":[]}"#), "acme/api"),
            Some(false)
        );
        for opaque in [
            "",
            "abc",
            "djE6Z2l0aHVi",
            "a.b.c",
            &jwt("no json"),
            &jwt("{}"),
            &jwt(r#"{"access":"push"}"#),
        ] {
            assert_eq!(grants_push(opaque, "acme/api"), None, "{opaque}");
        }
    }

    fn client(registry: &EmbeddedRegistry, auth: Option<&str>) -> (Registry, Repository) {
        let config = auth.map_or_else(
            || "{}".to_owned(),
            |auth| {
                format!(
                    r#"{{"auths":{{"{}":{{"auth":"{auth}"}}}}}}"#,
                    registry.address()
                )
            },
        );
        let credentials = Credentials::from_docker_config(&config, "test").unwrap();
        let repository = format!("{}/acme/api", registry.address()).parse().unwrap();
        (
            Registry::new(RegistryOptions {
                tries: 1,
                ..RegistryOptions::new(credentials)
            }),
            repository,
        )
    }

    #[test]
    fn a_registry_without_questions_is_not_asked() {
        let registry = EmbeddedRegistry::start().unwrap();
        let (client, repository) = client(&registry, None);
        client.tags(&repository).unwrap();
        assert_eq!(client.push_right(&repository).unwrap(), PushRight::NotAsked);
        assert_eq!(client.requests(), 1, "nothing was sent for it");
        client.knock(&repository).unwrap();
        assert!(
            registry.unexpected().is_empty(),
            "{:?}",
            registry.unexpected()
        );
    }

    #[test]
    fn a_token_for_reading_alone_is_found_out_before_anything_is_pushed() {
        // "user:secret"
        let known = Some("dXNlcjpzZWNyZXQ=");
        let registry = EmbeddedRegistry::builder()
            .bearer("user", "secret")
            .public_reads()
            .start()
            .unwrap();
        for (auth, may_push) in [(known, true), (None, false)] {
            let (client, repository) = client(&registry, auth);
            client.tags(&repository).unwrap();
            let before = registry.state();
            assert_eq!(
                client.push_right(&repository).unwrap(),
                PushRight::Unsaid,
                "its tokens are opaque"
            );
            match client.knock(&repository) {
                Ok(()) => assert!(may_push),
                Err(error) => assert!(
                    !may_push && error.kind == RegistryErrorKind::Denied,
                    "{error}"
                ),
            }
            assert_eq!(registry.state(), before);
        }
        let dropped = registry
            .log()
            .iter()
            .filter(|request| request.method == "DELETE" && request.status == Some(204))
            .count();
        assert_eq!(dropped, 1);
        // "user:wrong"
        let registry = EmbeddedRegistry::builder()
            .bearer("user", "secret")
            .start()
            .unwrap();
        let (client, repository) = client(&registry, Some("dXNlcjp3cm9uZw=="));
        assert!(client.tags(&repository).is_err());
        assert!(
            client.push_right(&repository).is_err(),
            "no token is given for this password"
        );
    }
}
