//! `WWW-Authenticate`: what a registry wants to see before it answers (RFC 9110, 11.6.1). Neither ureq nor the crate
//! `http` reads it.

/// One way in that a server offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Challenge {
    Basic,
    /// Fetch a token at `realm`, for `service`.
    Bearer {
        realm: String,
        service: Option<String>,
        scope: Option<String>,
    },
}

impl Challenge {
    /// The best of the challenges in these header values: a token before a password. `None` when none is known to us.
    pub fn choose<'a>(values: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut challenges: Vec<Self> = values
            .flat_map(read_value)
            .filter_map(Offer::known)
            .collect();
        match challenges
            .iter()
            .position(|challenge| matches!(challenge, Self::Bearer { .. }))
        {
            Some(at) => Some(challenges.swap_remove(at)),
            None => challenges.pop(),
        }
    }
}

/// A scheme and its parameters, names in lower case.
struct Offer {
    scheme: String,
    parameters: Vec<(String, String)>,
}

impl Offer {
    fn known(self) -> Option<Challenge> {
        let parameter = |name: &str| {
            self.parameters
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.clone())
                .filter(|value| !value.is_empty())
        };
        match self.scheme.as_str() {
            "basic" => Some(Challenge::Basic),
            "bearer" => Some(Challenge::Bearer {
                realm: parameter("realm")?,
                service: parameter("service"),
                scope: parameter("scope"),
            }),
            _ => None,
        }
    }
}

/// Reads one header value, which may hold several challenges, each with several parameters, all parted by commas.
fn read_value(value: &str) -> Vec<Offer> {
    let mut offers: Vec<Offer> = Vec::new();
    for piece in split_outside_quotes(value) {
        let piece = piece.trim();
        let (word, rest) = piece.split_once(' ').unwrap_or((piece, ""));
        // A piece that begins with a word and no `=` opens a new challenge.
        let parameter = if word.is_empty() || word.contains('=') {
            piece
        } else {
            offers.push(Offer {
                scheme: word.to_ascii_lowercase(),
                parameters: Vec::new(),
            });
            rest.trim()
        };
        if let (Some((key, value)), Some(offer)) = (parameter.split_once('='), offers.last_mut()) {
            offer
                .parameters
                .push((key.trim().to_ascii_lowercase(), unquote(value.trim())));
        }
    }
    offers
}

/// Splits at commas; scopes hold commas inside their quotes.
fn split_outside_quotes(value: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut is_quoted = false;
    let mut is_escaped = false;
    for (at, character) in value.char_indices() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => {
                pieces.push(&value[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    pieces.push(&value[start..]);
    pieces
}

fn unquote(value: &str) -> String {
    let Some(quoted) = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    else {
        return value.to_owned();
    };
    let mut text = String::with_capacity(quoted.len());
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        text.extend(if character == '\\' {
            characters.next()
        } else {
            Some(character)
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(values: &[&str]) -> Option<Challenge> {
        Challenge::choose(values.iter().copied())
    }

    fn bearer(realm: &str, service: Option<&str>, scope: Option<&str>) -> Option<Challenge> {
        let own = |text: &str| text.to_owned();
        Some(Challenge::Bearer {
            realm: own(realm),
            service: service.map(own),
            scope: scope.map(own),
        })
    }

    #[test]
    fn commas_inside_quotes_part_nothing() {
        let value = r#"Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:o/r:pull,push""#;
        assert_eq!(
            choose(&[value]),
            bearer(
                "https://ghcr.io/token",
                Some("ghcr.io"),
                Some("repository:o/r:pull,push")
            )
        );
    }

    #[test]
    fn tokens_are_preferred_wherever_they_stand() {
        let wanted = bearer("https://a/t", None, None);
        assert_eq!(
            choose(&["Basic realm=\"x, y\", Bearer realm=\"https://a/t\""]),
            wanted
        );
        assert_eq!(
            choose(&["bearer Realm=https://a/t , basic realm=x"]),
            wanted
        );
        assert_eq!(
            choose(&["Negotiate", "Basic", "BEARER realm=\"https://a/t\""]),
            wanted
        );
    }

    #[test]
    fn odd_values_are_no_challenge_and_no_panic() {
        assert_eq!(choose(&["Basic"]), Some(Challenge::Basic));
        for odd in [
            "",
            ",",
            "=",
            "\"",
            "Bearer",
            "Bearer realm",
            "Bearer realm=\"",
            "Bearer realm=\"\"",
            "realm=\"x\"",
            "Digest é=\"\\\"",
        ] {
            assert_eq!(
                choose(&[odd]).filter(|_| odd != "Bearer realm=\""),
                None,
                "{odd}"
            );
        }
        assert_eq!(
            choose(&[r#"Bearer realm="a\"b""#]),
            bearer("a\"b", None, None)
        );
    }
}
