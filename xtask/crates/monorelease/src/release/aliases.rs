//! Floating tags of a release (law 9): which release each of them has now, and which it gets.
//!
//! A floating tag only moves up, within its own line, and only from what was seen there. An index that was made here names its
//! version; any other is known by its digest, if the tag of a release has the same.

use std::collections::BTreeSet;

use monorelease_model::image::{Digest, Repository, media_type};
use monorelease_model::version::Version;
use monorelease_oci_registry::client::{Manifest, Registry};
use monorelease_oci_registry::error::{RegistryError, RegistryErrorKind};

use super::image_index::VERSION_ANNOTATION;
use super::step::MoveAlias;
use crate::project::Project;
use crate::project::alias::AliasPattern;
use crate::project::image::ImageTarget;
use crate::step::Step;
use crate::step::manifest::ManifestBytes;
use crate::step::plan::Goal;
use crate::tag::plan::TagFacts;

/// What is known of one alias.
#[derive(Debug, Clone)]
pub struct AliasFacts {
    /// The image tag, such as `0.2`.
    pub tag: String,
    /// The error says why it could not be read (law 15).
    pub holds: Result<Holds, String>,
    /// Whether what it holds stands in the alias's own line; `0.2` may hold no 0.3.1.
    pub is_in_line: bool,
    /// The highest other release of the line that has a git tag, here or at the remote.
    pub highest: Option<Version>,
}

/// What an alias names now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holds {
    Nothing,
    Release {
        digest: Digest,
        version: Version,
    },
    /// Something that is no release as far as anybody can tell; why that is.
    Other {
        digest: Digest,
        why: String,
    },
}

/// Where a release's aliases are, and what they are to name.
pub struct Destination<'a> {
    pub repository: &'a Repository,
    pub version: &'a Version,
    pub index: &'a ManifestBytes,
}

/// Wants every alias moved that may move, and says of the others why they stay.
pub fn want(goal: &mut Goal, project: &Project, to: &Destination<'_>, aliases: &[AliasFacts]) {
    let name = &project.name;
    let version = to.version.to_semver();
    for alias in aliases {
        let place = format!("{}:{}", to.repository, alias.tag);
        let stays = |why: String| format!("{name}: {place} stays as it is, {why}");
        let from = match &alias.holds {
            Err(why) => {
                goal.refuse(
                    name,
                    format!("{place} cannot be read: {why}"),
                    "cargo xtask doctor",
                );
                continue;
            }
            Ok(Holds::Nothing) => None,
            // Whatever it looks like, it is what is wanted.
            Ok(Holds::Release { digest, .. } | Holds::Other { digest, .. })
                if *digest == to.index.digest =>
            {
                Some(digest)
            }
            Ok(Holds::Release { version: held, .. }) if !alias.is_in_line => {
                let what = format!(
                    "{place} holds {}, which is none of its line",
                    held.to_semver()
                );
                goal.refuse(name, what, mend(to.repository, alias));
                continue;
            }
            Ok(Holds::Release { version: held, .. }) if held == to.version => {
                let what = format!(
                    "{place} holds another image that says it is {version}, wanted {}",
                    to.index.digest
                );
                goal.refuse(name, what, mend(to.repository, alias));
                continue;
            }
            Ok(Holds::Release { version: held, .. }) if held > to.version => {
                goal.notes.push(stays(format!(
                    "it holds {}, which is higher than {version}",
                    held.to_semver()
                )));
                continue;
            }
            Ok(Holds::Release { digest, .. }) => Some(digest),
            Ok(Holds::Other { digest, why }) => {
                let what = format!(
                    "{place} holds {digest}, which is no release that could be told from another: {why}"
                );
                goal.refuse(name, what, mend(to.repository, alias));
                continue;
            }
        };
        if let Some(highest) = alias
            .highest
            .as_ref()
            .filter(|highest| *highest > to.version)
        {
            goal.notes.push(stays(format!(
                "{} is released, and higher than {version}",
                highest.to_semver()
            )));
            continue;
        }
        let why = match &alias.holds {
            Ok(Holds::Release { version: held, .. }) if held < to.version => {
                format!("from {}", held.to_semver())
            }
            _ => format!("the highest release it may name is {version}"),
        };
        let step = Step::MoveAlias(MoveAlias {
            repository: to.repository.clone(),
            tag: alias.tag.clone(),
            version: version.clone(),
            manifest: to.index.clone(),
            from: from.cloned(),
        });
        goal.want(name, why, step);
    }
}

/// What puts an alias on a release that can be told.
fn mend(repository: &Repository, alias: &AliasFacts) -> String {
    match &alias.highest {
        Some(highest) => format!(
            "crane tag {repository}:{} {}",
            highest.to_semver(),
            alias.tag
        ),
        None => format!(
            "docker buildx imagetools inspect {repository}:{0}, then delete the tag, or take {0} out of aliases",
            alias.tag
        ),
    }
}

/// How many releases are asked for their digest, from the highest on, before an alias counts as unknown.
const ASKED_FOR_DIGEST: usize = 16;

/// Reads the aliases that a release of this version could move. A prerelease moves none, and then nothing is asked.
pub fn observe(
    registry: &Registry,
    project: &Project,
    image: &ImageTarget,
    version: &Version,
    tags: &TagFacts,
) -> Vec<AliasFacts> {
    if version.is_prerelease() || image.aliases.is_empty() {
        return Vec::new();
    }
    let mut known = tags.releases(project);
    known.insert(version.clone());
    let mut aliases: Vec<AliasFacts> = Vec::new();
    for pattern in &image.aliases {
        let tag = pattern.name(version);
        if aliases.iter().any(|alias| alias.tag == tag) {
            continue;
        }
        let line: Vec<&Version> = known
            .iter()
            .rev()
            .filter(|other| pattern.is_one_line(version, other))
            .collect();
        let holds =
            held(registry, &image.release, &tag, &known, &line).map_err(|error| error.to_string());
        let highest = line
            .iter()
            .find(|other| **other != version)
            .map(|other| (*other).clone());
        aliases.push(AliasFacts {
            is_in_line: is_in_line(pattern, version, &holds),
            tag,
            holds,
            highest,
        });
    }
    aliases
}

fn is_in_line(pattern: &AliasPattern, version: &Version, holds: &Result<Holds, String>) -> bool {
    match holds {
        Ok(Holds::Release { version: held, .. }) => pattern.is_one_line(version, held),
        _ => true,
    }
}

fn held(
    registry: &Registry,
    repository: &Repository,
    tag: &str,
    known: &BTreeSet<Version>,
    line: &[&Version],
) -> Result<Holds, RegistryError> {
    let manifest = match registry.manifest(repository, tag) {
        Ok(Some(manifest)) => manifest,
        Ok(None) => return Ok(Holds::Nothing),
        // Of a repository that does not exist yet.
        Err(error)
            if error.kind == RegistryErrorKind::Denied
                && registry.head_before_put(repository, tag)?.is_none() =>
        {
            return Ok(Holds::Nothing);
        }
        Err(error) => return Err(error),
    };
    let digest = manifest.digest.clone();
    let said = annotated(&manifest);
    let is_of = |version: &Version, digest: &Digest| {
        registry
            .head(repository, &version.to_semver())
            .map(|found| found.is_some_and(|found| found.digest == *digest))
    };
    if let Some(version) = &said
        // Of a release that is under way elsewhere there is no git tag yet, but there is its image.
        && (known.contains(version) || is_of(version, &digest)?)
    {
        return Ok(Holds::Release {
            digest,
            version: version.clone(),
        });
    }
    for version in line.iter().take(ASKED_FOR_DIGEST) {
        if is_of(version, &digest)? {
            return Ok(Holds::Release {
                digest,
                version: (*version).clone(),
            });
        }
    }
    let why = match said {
        Some(version) => format!(
            "it says it is {}, of which there is neither a git tag nor an image",
            version.to_semver()
        ),
        None => format!("it has no {VERSION_ANNOTATION}, and no release has its digest"),
    };
    Ok(Holds::Other { digest, why })
}

/// The version that an index says it is of.
fn annotated(manifest: &Manifest) -> Option<Version> {
    if !media_type::is_index(&manifest.media_type) {
        return None;
    }
    let document: serde_json::Value = serde_json::from_slice(&manifest.bytes).ok()?;
    Version::parse_semver(
        document
            .get("annotations")?
            .get(VERSION_ANNOTATION)?
            .as_str()?,
    )
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;
    use crate::project::Projects;

    fn version(text: &str) -> Version {
        Version::parse_semver(text).unwrap()
    }

    fn told(holds: Result<Holds, String>, highest: Option<&str>, is_in_line: bool) -> Goal {
        let project = Projects::from_config(
            &parse("[projects.api]\npath = \"api\"\n", "m").unwrap(),
            "m",
        )
        .unwrap()
        .all
        .remove(0);
        let index = ManifestBytes {
            digest: Digest::of(b"new"),
            media_type: "m".into(),
            bytes: b"new".to_vec(),
        };
        let repository = "r.io/acme/api".parse().unwrap();
        let version_of = version("0.2.1");
        let to = Destination {
            repository: &repository,
            version: &version_of,
            index: &index,
        };
        let mut goal = Goal::default();
        want(
            &mut goal,
            &project,
            &to,
            &[AliasFacts {
                tag: "latest".into(),
                holds,
                is_in_line,
                highest: highest.map(version),
            }],
        );
        assert_eq!(
            goal.drafts.len() + goal.notes.len() + goal.refused.len(),
            1,
            "one thing is said of each alias"
        );
        goal
    }

    fn release(held: &str, bytes: &[u8]) -> Result<Holds, String> {
        Ok(Holds::Release {
            digest: Digest::of(bytes),
            version: version(held),
        })
    }

    #[test]
    fn law_9_an_alias_moves_up_from_what_was_seen() {
        let from = |goal: Goal| match goal.drafts.into_iter().next().map(|draft| draft.step) {
            Some(Step::MoveAlias(MoveAlias { from, .. })) => Some(from),
            _ => None,
        };
        assert_eq!(
            from(told(Ok(Holds::Nothing), Some("0.2.0"), true)),
            Some(None)
        );
        assert_eq!(
            from(told(release("0.2.0", b"old"), Some("0.2.0"), true)),
            Some(Some(Digest::of(b"old")))
        );
        assert_eq!(
            from(told(release("0.2.1", b"new"), None, true)),
            Some(Some(Digest::of(b"new"))),
            "its probe finds it done"
        );
        let unlike = Ok(Holds::Other {
            digest: Digest::of(b"new"),
            why: "no index".into(),
        });
        assert_eq!(
            from(told(unlike, None, true)),
            Some(Some(Digest::of(b"new")))
        );
    }

    #[test]
    fn law_9_an_alias_never_moves_down() {
        assert!(
            told(release("0.3.0", b"old"), None, true).notes[0]
                .contains("stays as it is, it holds 0.3.0, which is higher than 0.2.1")
        );
        assert!(
            told(release("0.2.0", b"old"), Some("0.3.0"), true).notes[0]
                .contains("0.3.0 is released, and higher")
        );
        assert!(
            told(Ok(Holds::Nothing), Some("0.3.0"), true).notes[0]
                .contains("0.3.0 is released, and higher")
        );
    }

    #[test]
    fn law_9_what_cannot_be_told_is_refused_with_the_command() {
        let other = || {
            Ok(Holds::Other {
                digest: Digest::of(b"x"),
                why: "it says no version".into(),
            })
        };
        let goal = told(other(), Some("0.2.0"), true);
        assert!(
            goal.refused[0].what.contains("it says no version"),
            "{}",
            goal.refused[0].what
        );
        assert_eq!(goal.refused[0].fix, "crane tag r.io/acme/api:0.2.0 latest");
        assert!(
            told(other(), None, true).refused[0]
                .fix
                .contains("imagetools inspect r.io/acme/api:latest")
        );
        assert!(
            told(release("0.3.1", b"x"), None, false).refused[0]
                .what
                .contains("none of its line")
        );
        assert!(
            told(release("0.2.1", b"x"), None, true).refused[0]
                .what
                .contains("another image that says it is 0.2.1")
        );
        assert!(
            told(Err("503".into()), None, true).refused[0]
                .what
                .contains("cannot be read: 503")
        );
    }
}
