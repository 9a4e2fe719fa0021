//! The forge's release, read as everybody reads it: that it is published, of which commit its tag is there, and that each of its
//! files is, byte for byte, what its list of checksums says.
//!
//! Every file is downloaded: what the forge says of a file is not what it hands out. Nothing is written.

use std::collections::BTreeMap;

use monorelease_model::version::Version;

use super::rows::{Look, Row};
use crate::github::error::{ForgeError, ForgeErrorKind};
use crate::github::files::File;
use crate::github::releases::Release;
use crate::project::Project;
use crate::release::github::{CHECKSUMS, read_checksums};
use crate::tag::plan::TagFacts;
use crate::text::short;
use crate::world::World;

/// What is known before the forge is asked.
pub struct Published<'a> {
    /// `owner/name`.
    pub repository: &'a str,
    pub project: &'a Project,
    pub version: &'a Version,
    pub tags: &'a TagFacts,
}

/// One row for the release and one for each of its files.
pub fn look(world: &World, about: &Published<'_>) -> Vec<Row> {
    let tag = about.project.tags.release(about.version);
    let found = world
        .forge()
        .published(about.repository, &tag)
        .map_err(|error| Look::from(&error));
    let found = found.and_then(|found| {
        found.ok_or_else(|| {
            Look::Bad(format!(
                "{} has no published release for {tag}",
                about.repository
            ))
        })
    });
    let release = match found {
        Ok(release) => release,
        Err(look) => return vec![row(&tag, "forge release", Err(look))],
    };
    let mut rows = vec![row(
        &tag,
        "forge release",
        held(world, about, &tag, &release),
    )];
    match world.forge().files(about.repository, &release) {
        Ok(files) => rows.extend(files_of(world, about.repository, &files)),
        Err(error) => rows.push(row(&tag, "files", Err((&error).into()))),
    }
    rows
}

impl From<&ForgeError> for Look {
    /// That there is nothing speaks against the release. Any other answer that is of no use says nothing of it (law 15): a forge
    /// that is away, that does not know the token, a proxy's page in its place.
    fn from(error: &ForgeError) -> Self {
        if error.status == Some(404) {
            Self::Bad(error.to_string())
        } else {
            Self::Unread(error.to_string())
        }
    }
}

fn row(subject: &str, check: &str, found: Result<String, Look>) -> Row {
    Row {
        subject: subject.to_owned(),
        check: check.to_owned(),
        look: found.map_or_else(|look| look, Look::Good),
    }
}

/// Whether the release is of the tag's commit, by the forge's own eyes. Where there is no tag, its own row says so.
fn held(
    world: &World,
    about: &Published<'_>,
    tag: &str,
    release: &Release,
) -> Result<String, Look> {
    let there = world
        .forge()
        .commit_of_tag(about.repository, tag)
        .map_err(|error| Look::from(&error))?;
    let there = there.ok_or_else(|| {
        Look::Bad(format!(
            "{} has a release for {tag}, and no such tag",
            about.repository
        ))
    })?;
    match about.tags.commit_of(tag) {
        Ok(Some(commit)) if commit != there => {
            return Err(Look::Bad(format!(
                "{tag} is at {there} there, wanted {commit}"
            )));
        }
        _ => {}
    }
    if release.is_prerelease != about.version.is_prerelease() {
        let word = if release.is_prerelease {
            "a prerelease"
        } else {
            "no prerelease"
        };
        return Err(Look::Bad(format!(
            "it says that {} is {word}",
            about.version.to_semver()
        )));
    }
    Ok(format!("published, at {}", short(&there)))
}

fn files_of(world: &World, repository: &str, files: &[File]) -> Vec<Row> {
    if files.is_empty() {
        return Vec::new();
    }
    let list = list(world, repository, files);
    let told = list
        .as_ref()
        .map(|text| format!("{} files", text.lines().count()))
        .map_err(Clone::clone);
    let mut rows = vec![row(CHECKSUMS, "asset", told)];
    let lines = list
        .as_ref()
        .map(|text| {
            read_checksums(text)
                .unwrap_or_default()
                .into_iter()
                .collect::<BTreeMap<_, _>>()
        })
        .ok();
    for file in files.iter().filter(|file| file.name != CHECKSUMS) {
        rows.push(Row {
            subject: file.name.clone(),
            check: "asset".into(),
            look: file_held(world, repository, file, lines.as_ref()),
        });
    }
    for name in lines
        .iter()
        .flat_map(BTreeMap::keys)
        .filter(|name| files.iter().all(|file| file.name != **name))
    {
        rows.push(row(
            name,
            "asset",
            Err(Look::Bad(format!(
                "{CHECKSUMS} names it, and it is not there"
            ))),
        ));
    }
    rows.sort_by(|left, right| left.subject.cmp(&right.subject));
    rows
}

/// The list of checksums, once it is what the forge took and can be read.
fn list(world: &World, repository: &str, files: &[File]) -> Result<String, Look> {
    let is_list = |file: &&File| file.name == CHECKSUMS && file.is_whole;
    let file = files
        .iter()
        .find(is_list)
        .ok_or_else(|| Look::Bad(format!("there is no {CHECKSUMS}")))?;
    let is = world
        .forge()
        .digest_of_file(repository, file)
        .map_err(|error| Look::from(&error))?;
    if let Some(taken) = file.digest.as_ref().filter(|taken| **taken != is) {
        return Err(Look::Bad(format!(
            "its bytes are {is}, the forge took {taken}"
        )));
    }
    // Its bytes were read just now: what is no short text is so by its content.
    let text = world
        .forge()
        .text_of_file(repository, file)
        .map_err(|error| match error.kind {
            ForgeErrorKind::Malformed | ForgeErrorKind::TooLarge => Look::Bad(error.to_string()),
            _ => Look::from(&error),
        })?;
    read_checksums(&text).map(drop).map_err(Look::Bad)?;
    Ok(text)
}

/// Holds a file's bytes to the list; where that is not to be believed, to what the forge took.
fn file_held(
    world: &World,
    repository: &str,
    file: &File,
    lines: Option<&BTreeMap<&str, &str>>,
) -> Look {
    if !file.is_whole {
        return Look::Bad("a part of it arrived, and not all".into());
    }
    let (wanted, whose) = match (lines, &file.digest) {
        (Some(lines), _) => (
            lines
                .get(file.name.as_str())
                .map(|hex| format!("sha256:{}", hex.to_lowercase())),
            CHECKSUMS,
        ),
        (None, Some(digest)) => (Some(digest.to_string()), "the forge"),
        (None, None) => return Look::NotAsked(format!("{CHECKSUMS} cannot be read")),
    };
    let Some(wanted) = wanted else {
        return Look::Bad(format!(
            "{CHECKSUMS} does not name it, so nothing speaks for it"
        ));
    };
    match world.forge().digest_of_file(repository, file) {
        Ok(is) if is.as_str() == wanted => {
            Look::Good(format!("{}, {} bytes", is.short(), file.bytes))
        }
        Ok(is) => Look::Bad(format!("its bytes are {is}, {whose} says {wanted}")),
        Err(error) => (&error).into(),
    }
}
