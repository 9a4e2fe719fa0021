//! A delivery by pull request, as nouns: which branch is its own, at which repository of the forge, and how its commits are known again.
//!
//! What the branch is to hold is `delivery`'s; nothing here asks a forge.

use crate::release_pr::model::is_branch;

/// Where a delivery's pull request is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryPull {
    /// `owner/name` at the forge.
    pub repository: String,
    /// The branch that is ours alone; the pins' own branch is the base.
    pub branch: String,
    /// Whether the repository is this one, whose token may be another.
    pub is_own: bool,
}

impl DeliveryPull {
    /// The branch for one kind of delivery to an environment; `project` is left out where the branch is of all of them.
    ///
    /// # Errors
    /// Git takes no such name for a branch.
    pub fn branch_of(
        kind: &str,
        environment: &str,
        project: Option<&str>,
    ) -> Result<String, String> {
        let name = ["xtask", kind, environment]
            .into_iter()
            .chain(project)
            .collect::<Vec<_>>()
            .join("/");
        match is_branch(&name) {
            true => Ok(name),
            false => Err(format!(
                "the branch of its pull request would be called {name:?}, which git takes for no branch"
            )),
        }
    }
}

/// `owner/name` of a repository at the forge, by the address that git is given; `None` where the address is of another server.
///
/// `server` is the forge's own address, such as `https://github.com`.
pub fn forge_name(address: &str, server: &str) -> Option<String> {
    let host = server
        .split_once("://")
        .map_or(server, |(_, rest)| rest)
        .trim_end_matches('/');
    let (place, path) = match address.split_once("://") {
        Some((_, rest)) => rest.split_once('/')?,
        // As scp writes it: `git@host:owner/name.git`.
        None => address.split_once(':')?,
    };
    let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
    // The port of ssh, and GitHub's own host for ssh through port 443.
    let plain = |text: &str| {
        text.split(':')
            .next()
            .unwrap_or_default()
            .trim_start_matches("ssh.")
            .to_ascii_lowercase()
    };
    if place != host && plain(place) != plain(host) {
        return None;
    }
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let (owner, name) = path.split_once('/')?;
    let is_part = |part: &str| {
        !part.is_empty()
            && !part.chars().all(|c| c == '.')
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-._".contains(c))
    };
    (is_part(owner) && is_part(name)).then(|| format!("{owner}/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_told_by_every_address_of_its_forge_and_by_no_other() {
        for address in [
            "https://github.com/acme/cloud",
            "https://github.com/acme/cloud.git/",
            "git@github.com:acme/cloud.git",
            "ssh://git@github.com/acme/cloud",
            "ssh://git@ssh.github.com:443/acme/cloud.git",
        ] {
            assert_eq!(
                forge_name(address, "https://github.com/").as_deref(),
                Some("acme/cloud"),
                "{address}"
            );
        }
        for address in [
            "https://gitlab.com/acme/cloud",
            "/srv/acme/cloud.git",
            "../acme/cloud",
            "https://github.com/acme",
            "https://github.com/acme/cloud/deeper",
            "https://github.com/acme/..",
            "git@github.company.com:acme/cloud",
        ] {
            assert_eq!(forge_name(address, "https://github.com"), None, "{address}");
        }
        assert_eq!(
            forge_name("http://localhost:3000/a/b", "http://localhost:3000").as_deref(),
            Some("a/b")
        );
    }

    #[test]
    fn a_branch_is_named_by_what_it_delivers() {
        assert_eq!(
            DeliveryPull::branch_of("deliver", "production", Some("api")).unwrap(),
            "xtask/deliver/production/api"
        );
        assert_eq!(
            DeliveryPull::branch_of("pin", "dev", None).unwrap(),
            "xtask/pin/dev"
        );
        assert!(
            DeliveryPull::branch_of("deliver", "a b", Some("api"))
                .unwrap_err()
                .contains("takes for no branch")
        );
    }
}
