//! Addresses of registries: which are spoken to in the clear, which are one and the same server, where a `Location` leads.
//!
//! `http::Uri` reads addresses. It does not resolve them; the crate `url` does, but rewrites what it reads (ports, dots, escapes),
//! and registries sign the query of the address that they gave.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use ureq::http::Uri;

/// A server: two addresses with the same one may see the same credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    is_secure: bool,
    host: String,
    port: u16,
}

impl Origin {
    /// The server of an absolute `http` or `https` address.
    pub fn of(url: &str) -> Result<Self, String> {
        let uri: Uri = url.parse().map_err(|_| format!("{url:?} is no address"))?;
        let is_secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(format!("{url:?} is neither an http nor an https address")),
        };
        let authority = uri
            .authority()
            .filter(|authority| !authority.as_str().contains('@'));
        let authority = authority.ok_or_else(|| format!("{url:?} has no host, or a user in it"))?;
        let host = authority.host().to_ascii_lowercase();
        if !is_secure && !is_loopback(&host) {
            return Err(format!(
                "{url:?} would go over the network in the clear; only this machine is asked so"
            ));
        }
        Ok(Self {
            is_secure,
            host,
            port: authority
                .port_u16()
                .unwrap_or(if is_secure { 443 } else { 80 }),
        })
    }

    pub fn is_secure(&self) -> bool {
        self.is_secure
    }
}

/// Where the registry's interface is, for a host as users write it: in the clear on this machine, as docker does.
pub fn base_of(host: &str) -> String {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => name,
        _ => host,
    };
    match host {
        // Docker Hub's images are served by another host than the one they are named after
        // (https://docs.docker.com/reference/api/registry/latest/).
        "docker.io" => "https://registry-1.docker.io".to_owned(),
        _ if is_loopback(name) => format!("http://{host}"),
        _ => format!("https://{host}"),
    }
}

/// Whether this host is the machine itself.
fn is_loopback(host: &str) -> bool {
    let address = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Where a `Location` or a `Link` found at `base` leads: absolute, or from the root, or another query of the same path.
pub fn resolve(base: &str, location: &str) -> Result<String, String> {
    let (scheme, rest) = base
        .split_once("://")
        .ok_or_else(|| format!("{base:?} is no address"))?;
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    if location.starts_with("http://") || location.starts_with("https://") {
        Ok(location.to_owned())
    } else if location.starts_with("//") {
        Ok(format!("{scheme}:{location}"))
    } else if location.starts_with('/') {
        Ok(format!("{scheme}://{authority}{location}"))
    } else if location.starts_with('?') {
        Ok(format!(
            "{}{location}",
            base.split('?').next().unwrap_or(base)
        ))
    } else {
        Err(format!(
            "the address {location:?} that the registry gave leads nowhere"
        ))
    }
}

/// The target of the `rel="next"` of `Link` headers (RFC 8288).
pub fn next_link<'a>(values: impl Iterator<Item = &'a str>) -> Option<String> {
    for value in values {
        for link in value.split(", <").flat_map(|part| part.split(",<")) {
            let Some((target, parameters)) = link.trim().trim_start_matches('<').split_once('>')
            else {
                continue;
            };
            let is_next = parameters.split(';').any(|parameter| {
                parameter
                    .trim()
                    .split_once('=')
                    .is_some_and(|(name, value)| {
                        name.trim().eq_ignore_ascii_case("rel")
                            && value
                                .trim()
                                .trim_matches('"')
                                .split(' ')
                                .any(|rel| rel == "next")
                    })
            });
            if is_next {
                return Some(target.to_owned());
            }
        }
    }
    None
}

/// All but the characters that RFC 3986 never reserves.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Escapes a value for a query or a form.
pub fn escape(value: &str) -> String {
    utf8_percent_encode(value, RESERVED).to_string()
}

/// A text without the escapes of a URL. A `%` without two hexadecimal digits behind it stands for itself; a text whose bytes
/// would not be UTF-8 stays as it is.
pub fn unescape(text: &str) -> String {
    percent_decode_str(text)
        .decode_utf8()
        .map_or_else(|_| text.to_owned(), Cow::into_owned)
}

/// An address without the user and password that it may have.
pub fn without_user(url: &str) -> String {
    match url.split_once("://").and_then(|(scheme, rest)| {
        Some((scheme, rest, rest.split('/').next()?.rsplit_once('@')?.0))
    }) {
        Some((scheme, rest, user)) if scheme.starts_with("http") || user.contains(':') => {
            format!("{scheme}://{}", &rest[user.len() + 1..])
        }
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_spoken_to_in_the_clear() {
        for (host, base) in [
            ("ghcr.io", "https://ghcr.io"),
            ("ghcr.io:80", "https://ghcr.io:80"),
            ("docker.io", "https://registry-1.docker.io"),
            ("localhost", "http://localhost"),
            ("localhost:5000", "http://localhost:5000"),
            ("127.0.0.1:5000", "http://127.0.0.1:5000"),
            ("127.8.0.1", "http://127.8.0.1"),
            ("[::1]:5000", "http://[::1]:5000"),
            ("[::1]", "http://[::1]"),
            ("127.0.0.1.example.com", "https://127.0.0.1.example.com"),
            (
                "localhost.example.com:5000",
                "https://localhost.example.com:5000",
            ),
        ] {
            assert_eq!(base_of(host), base);
            assert!(Origin::of(base).is_ok(), "{base}");
        }
        for wrong in [
            "http://ghcr.io/x",
            "ftp://localhost",
            "/v2/",
            "",
            "https://user:word@ghcr.io/",
            "http://localhost@ghcr.io/",
        ] {
            assert!(Origin::of(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn one_server_has_one_origin() {
        assert_eq!(
            Origin::of("https://ghcr.io/v2/"),
            Origin::of("https://GHCR.io:443/other?x")
        );
        assert_ne!(
            Origin::of("http://localhost:1/"),
            Origin::of("http://localhost:2/")
        );
        assert_ne!(
            Origin::of("http://localhost:1/"),
            Origin::of("http://127.0.0.1:1/")
        );
        assert_ne!(
            Origin::of("https://localhost"),
            Origin::of("http://localhost")
        );
    }

    #[test]
    fn locations_are_resolved() {
        let base = "https://ghcr.io/v2/o/r/tags/list?n=2";
        for (location, target) in [
            ("/v2/x?y=z", "https://ghcr.io/v2/x?y=z"),
            ("?n=2&last=b", "https://ghcr.io/v2/o/r/tags/list?n=2&last=b"),
            ("https://other/x", "https://other/x"),
            ("//other/x", "https://other/x"),
        ] {
            assert_eq!(resolve(base, location).unwrap(), target);
        }
        assert!(resolve(base, "x").unwrap_err().contains("\"x\""));
    }

    #[test]
    fn the_next_page_is_found_among_links() {
        let next = |value: &'static str| next_link([value].into_iter());
        assert_eq!(
            next("</v2/o/r/tags/list?n=2&last=b>; rel=\"next\"").as_deref(),
            Some("/v2/o/r/tags/list?n=2&last=b")
        );
        assert_eq!(
            next("</a,b>; rel=prev, </c,d>; title=x; REL=\"last next\"").as_deref(),
            Some("/c,d")
        );
        for none in [
            "",
            "</a>",
            "</a>; rel=\"previous\"",
            "/a; rel=\"next\"",
            "<",
        ] {
            assert_eq!(next(none), None, "{none}");
        }
    }

    #[test]
    fn values_are_escaped() {
        assert_eq!(
            escape("repository:o/r:pull,push é"),
            "repository%3Ao%2Fr%3Apull%2Cpush%20%C3%A9"
        );
        assert_eq!(escape("aZ09-._~+/=%"), "aZ09-._~%2B%2F%3D%25");
    }

    #[test]
    fn escapes_that_are_none_stay() {
        for (text, unescaped) in [
            ("p%40ss%2bw%C3%A9", "p@ss+wé"),
            ("%", "%"),
            ("%4", "%4"),
            ("a%4", "a%4"),
            ("%+5", "%+5"),
            ("% 5", "% 5"),
            ("%zz%41", "%zzA"),
            ("%%41", "%A"),
            ("%2541", "%41"),
            ("%é1", "%é1"),
            ("%FF%41", "%FF%41"),
            ("a+b", "a+b"),
        ] {
            assert_eq!(unescape(text), unescaped, "{text}");
        }
    }

    #[test]
    fn law_17_an_address_is_shown_without_its_user() {
        for (url, shown) in [
            ("https://me:hunter2@host/a/b@c", "https://host/a/b@c"),
            ("https://token@host:8443/a", "https://host:8443/a"),
            ("ssh://git:hunter2@host/a", "ssh://host/a"),
            ("ssh://git@host/a", "ssh://git@host/a"),
            ("git@host:a/b.git", "git@host:a/b.git"),
            ("/srv/a@b.git", "/srv/a@b.git"),
        ] {
            assert_eq!(without_user(url), shown);
        }
    }
}
