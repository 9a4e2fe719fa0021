//! The forge's release of a tag: asked about, and brought to what is wanted. A draft may be written anew; what was published
//! is only ever added to.
//!
//! Of two runs at the same time each may make a draft, since a forge takes several for one tag: each looks again afterwards, and
//! what is surplus and empty goes. Which words and files are wanted is decided before there is a step.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use monorelease_model::image::Digest;

use super::files::{content, digest, name};
use super::{Asset, CHECKSUMS, ForgeRelease, Part, Told, checksums, is_ours, read_checksums};
use crate::github::files::{Content, File};
use crate::github::releases::Release;
use crate::step::effect::{Effect, Lane, Probe};
use crate::step::requirement::Requirement;
use crate::world::World;

/// How much of an upload goes between two lines that tell of it.
const TOLD_BYTES: u64 = 16 << 20;
/// The most that is shown of a line of a text.
const SHOWN_CHARS: usize = 80;

impl Effect for ForgeRelease {
    fn kind(&self) -> &'static str {
        match self.part {
            Part::Draft(_) => "forge-draft",
            Part::Asset(_) | Part::Checksums(_) => "forge-asset",
            Part::Published { .. } => "forge-release",
        }
    }

    fn object(&self) -> String {
        let Self {
            repository, tag, ..
        } = self;
        self.file().map_or_else(
            || format!("{repository}/{tag}"),
            |file| format!("{repository}/{tag}/{file}"),
        )
    }

    fn what(&self) -> String {
        let Self {
            repository,
            tag,
            part,
        } = self;
        match part {
            Part::Draft(told) => format!("{} for {tag} at {repository}", told.title),
            Part::Asset(asset) => format!("{} of {tag}", asset.name),
            Part::Checksums(assets) => format!("{CHECKSUMS} of {tag}, over {} files", assets.len()),
            Part::Published { is_latest: true } => format!("{tag} at {repository}, as its latest"),
            Part::Published { is_latest: false } => format!("{tag} at {repository}"),
        }
    }

    fn conflict_fix(&self, project: &str) -> String {
        let Self {
            repository, tag, ..
        } = self;
        match self.part {
            Part::Draft(_) => {
                format!(
                    "gh release view {tag} --repo {repository}, then gh release delete {tag} --repo {repository}, or make it say that"
                )
            }
            _ => format!(
                "gh release view {tag} --repo {repository}, then cargo xtask bump patch {project}"
            ),
        }
    }

    fn unknown_fix(&self) -> String {
        "mend what the message says; cargo xtask doctor asks the forge again".into()
    }

    fn is_irreversible(&self) -> bool {
        match self.part {
            Part::Draft(_) | Part::Asset(_) | Part::Checksums(_) => false,
            Part::Published { .. } => true,
        }
    }

    fn lane(&self) -> Lane {
        Lane::Serial
    }

    fn requirements(&self) -> Vec<Requirement> {
        vec![Requirement::GithubRelease {
            repository: self.repository.clone(),
            tag: self.tag.clone(),
        }]
    }

    fn probe(&self, world: &World) -> anyhow::Result<Probe> {
        let ForgeRelease {
            repository,
            tag,
            part,
        } = self;
        if let Part::Draft(told) = part {
            return Ok(drafted(
                &world.forge().releases_of(repository, tag)?,
                tag,
                told,
            ));
        }
        let Some(release) = world.forge().release(repository, tag)? else {
            return Ok(Probe::Todo);
        };
        match part {
            Part::Published { .. } if release.is_draft => Ok(Probe::Todo),
            Part::Published { .. } | Part::Draft(_) => Ok(Probe::Done(release.page)),
            Part::Asset(asset) => {
                let files = world.forge().files(repository, &release)?;
                held(world, repository, &release, &files, asset)
            }
            Part::Checksums(assets) => {
                let files = world.forge().files(repository, &release)?;
                listed(world, repository, &release, &files, assets)
            }
        }
    }

    /// Everything is looked for anew: another run may have been faster.
    fn act(&self, world: &World) -> anyhow::Result<()> {
        let ForgeRelease {
            repository,
            tag,
            part,
        } = self;
        if let Part::Draft(told) = part {
            return draft(world, repository, tag, told);
        }
        let release = world
            .forge()
            .release(repository, tag)?
            .with_context(|| format!("{repository} has no draft for {tag}"))?;
        match part {
            Part::Published { is_latest } if release.is_draft => {
                world.forge().publish(repository, &release, *is_latest)?
            }
            Part::Published { .. } | Part::Draft(_) => {}
            Part::Asset(asset) => {
                let name =
                    name(world, asset)?.with_context(|| format!("{} is gone again", asset.name))?;
                send(
                    world,
                    self,
                    &release,
                    &name,
                    &content(world, &asset.source)?,
                )?;
            }
            Part::Checksums(assets) => {
                let files = world.forge().files(repository, &release)?;
                let text = sums(world, repository, &files, assets)?
                    .context("not all of its files are there")?;
                send(world, self, &release, CHECKSUMS, &Content::Text(text))?;
            }
        }
        Ok(())
    }
}

/// What is said of the first of a tag's releases, and whether there is but one.
fn drafted(found: &[Release], tag: &str, told: &Told) -> Probe {
    let Some((first, rest)) = found.split_first() else {
        return Probe::Todo;
    };
    if !first.is_draft {
        return published(first, told);
    }
    let difference = differs(first, told);
    if let Some(other) = rest.iter().find(|other| !is_surplus(other)) {
        let found = format!(
            "{} drafts for {tag}, {} and {} among them",
            found.len(),
            first.page,
            other.page
        );
        return Probe::Conflict {
            found,
            wanted: "one".into(),
        };
    }
    match difference {
        _ if !rest.is_empty() => Probe::Todo,
        None => Probe::Done(format!("a draft, {}", first.page)),
        Some(_) if is_ours(&first.body) => Probe::Todo,
        Some((found, wanted)) => Probe::Conflict {
            found: format!("somebody's draft {} that says {found}", first.page),
            wanted,
        },
    }
}

/// What is said of a published release. Its words may have been edited by a person, and stay as they are (law 9); one of another
/// commit, or of another kind, is another release.
fn published(found: &Release, told: &Told) -> Probe {
    let mark = |body: &str| {
        let last = body.trim_end().lines().next_back().unwrap_or_default();
        last.trim_end().to_owned()
    };
    if is_ours(&found.body) && mark(&found.body) != mark(&told.body) {
        return Probe::Conflict {
            found: format!("a published release that says {:?}", mark(&found.body)),
            wanted: format!("{:?}", mark(&told.body)),
        };
    }
    if found.is_prerelease != told.is_prerelease {
        return Probe::Conflict {
            found: format!(
                "a published release that says {}",
                kind_words(found.is_prerelease)
            ),
            wanted: kind_words(told.is_prerelease).to_owned(),
        };
    }
    let edited = match differs(found, told) {
        Some(_) => "; its title or notes were edited, and stay as they are",
        None => "",
    };
    Probe::Done(format!("published, {}{edited}", found.page))
}

fn kind_words(is_prerelease: bool) -> &'static str {
    match is_prerelease {
        true => "it is a prerelease",
        false => "it is no prerelease",
    }
}

/// Whether nothing is lost with a draft.
fn is_surplus(release: &Release) -> bool {
    release.is_draft && release.files == 0 && is_ours(&release.body)
}

/// The first thing that a release says otherwise: what it says, and what it should.
fn differs(found: &Release, told: &Told) -> Option<(String, String)> {
    let shown = |text: &str| format!("{:?}", text.chars().take(SHOWN_CHARS).collect::<String>());
    if found.title.trim() != told.title.trim() {
        return Some((shown(&found.title), shown(&told.title)));
    }
    if found.is_prerelease != told.is_prerelease {
        let words = |is_prerelease| kind_words(is_prerelease).to_owned();
        return Some((words(found.is_prerelease), words(told.is_prerelease)));
    }
    // The commit stands in the text; a forge may say a branch in the place of one whose tag is there.
    let found = found.body.trim();
    let wanted = told.body.trim();
    if found == wanted {
        return None;
    }
    let mut found = found.lines();
    let mut wanted = wanted.lines();
    loop {
        match (found.next(), wanted.next()) {
            (Some(found), Some(wanted)) if found.trim_end() == wanted.trim_end() => {}
            (None, None) => return None,
            (found, wanted) => {
                return Some((
                    shown(found.unwrap_or("nothing more")),
                    shown(wanted.unwrap_or("nothing more")),
                ));
            }
        }
    }
}

/// Makes the draft, or writes it anew, and takes away what two runs made at the same time.
fn draft(world: &World, repository: &str, tag: &str, told: &Told) -> anyhow::Result<()> {
    let forge = world.forge();
    if forge.releases_of(repository, tag)?.is_empty() {
        forge.create_draft(repository, tag, told)?;
    }
    let found = forge.releases_of(repository, tag)?;
    let Some((first, rest)) = found.split_first() else {
        bail!("{repository} shows no draft for {tag}")
    };
    if !first.is_draft {
        return Ok(());
    }
    for other in rest.iter().filter(|other| is_surplus(other)) {
        forge.delete_draft(repository, tag, other)?;
    }
    match differs(first, told) {
        Some(_) if is_ours(&first.body) => Ok(forge.rewrite_draft(repository, first, told)?),
        _ => Ok(()),
    }
}

/// Whether a release has a file with the right bytes.
fn held(
    world: &World,
    repository: &str,
    release: &Release,
    files: &[File],
    asset: &Asset,
) -> anyhow::Result<Probe> {
    let Some(name) = name(world, asset)? else {
        return Ok(lacks(release, &asset.name));
    };
    let Some(found) = whole(files, &name) else {
        return Ok(lacks(release, &name));
    };
    let Some(wanted) = digest(world, &asset.source)? else {
        return recorded(world, repository, files, found);
    };
    let is = digest_of(world, repository, found)?;
    Ok(match is == wanted {
        true => Probe::Done(format!("{}, {} bytes", wanted.short(), found.bytes)),
        false if release.is_draft => Probe::Todo,
        false if asset.source.differs_each_time() => {
            return recorded(world, repository, files, found);
        }
        false => Probe::Conflict {
            found: format!("{name} in the published release with {is}"),
            wanted: wanted.to_string(),
        },
    })
}

/// What is to be done of a file that is not there. To a published release it is added, unless the forge forbids that.
fn lacks(release: &Release, name: &str) -> Probe {
    match release.is_immutable {
        false => Probe::Todo,
        true => Probe::Conflict {
            found: format!("an immutable release without {name}"),
            wanted: format!("{name} in it"),
        },
    }
}

/// A file whose source is not on this machine is held to the release's own list.
fn recorded(
    world: &World,
    repository: &str,
    files: &[File],
    found: &File,
) -> anyhow::Result<Probe> {
    let list = whole(files, CHECKSUMS)
        .map(|list| world.forge().text_of_file(repository, list))
        .transpose()?
        .unwrap_or_default();
    let lines = read_checksums(&list).map_err(anyhow::Error::msg)?;
    let Some((_, hex)) = lines.iter().find(|(name, _)| *name == found.name) else {
        return Ok(Probe::Unknown(format!(
            "{} is there, and nothing here tells what it should hold",
            found.name
        )));
    };
    let is = digest_of(world, repository, found)?;
    Ok(match is.hex() == *hex {
        true => Probe::Done(format!("{}, as {CHECKSUMS} says", is.short())),
        false => Probe::Conflict {
            found: format!("{} with {is}", found.name),
            wanted: format!("sha256:{hex}, as {CHECKSUMS} says"),
        },
    })
}

/// Whether the list of checksums is there and right. To a published release's list nothing is added: it may tell of files
/// that are not on this machine, and says of those that are what they are.
fn listed(
    world: &World,
    repository: &str,
    release: &Release,
    files: &[File],
    assets: &[Asset],
) -> anyhow::Result<Probe> {
    let Some(found) = whole(files, CHECKSUMS) else {
        return Ok(lacks(release, CHECKSUMS));
    };
    let wanted = sums(world, repository, files, assets)?;
    let is = digest_of(world, repository, found)?;
    match wanted {
        Some(wanted) if Digest::of(wanted.as_bytes()) == is => {
            return Ok(Probe::Done(format!("{} files", wanted.lines().count())));
        }
        _ if release.is_draft => return Ok(Probe::Todo),
        _ => {}
    }
    let text = world.forge().text_of_file(repository, found)?;
    let lines: BTreeMap<_, _> = match read_checksums(&text) {
        Ok(lines) => lines.into_iter().collect(),
        Err(found) => {
            return Ok(Probe::Conflict {
                found,
                wanted: format!("{CHECKSUMS} as sha256sum reads it"),
            });
        }
    };
    for asset in assets
        .iter()
        .filter(|asset| !asset.source.differs_each_time())
    {
        let (Some(wanted), Some(name)) = (digest(world, &asset.source)?, name(world, asset)?)
        else {
            continue;
        };
        let says = lines.get(name.as_str()).copied();
        if says != Some(wanted.hex()) {
            let found = format!(
                "{CHECKSUMS} of the published release with {} for {name}",
                says.unwrap_or("no line")
            );
            return Ok(Probe::Conflict {
                found,
                wanted: wanted.hex().to_owned(),
            });
        }
    }
    Ok(Probe::Done(format!("{} files", lines.len())))
}

/// The list over the files that are wanted and those that are there besides; `None` while one of them is not known.
fn sums(
    world: &World,
    repository: &str,
    files: &[File],
    assets: &[Asset],
) -> anyhow::Result<Option<String>> {
    let mut known: BTreeMap<String, Digest> = BTreeMap::new();
    for file in files
        .iter()
        .filter(|file| file.is_whole && file.name != CHECKSUMS)
    {
        known.insert(file.name.clone(), digest_of(world, repository, file)?);
    }
    for asset in assets {
        let name = name(world, asset)?;
        match (digest(world, &asset.source)?, name) {
            (Some(digest), Some(name)) => drop(known.insert(name, digest)),
            (None, Some(name)) if known.contains_key(&name) => {}
            _ => return Ok(None),
        }
    }
    Ok(Some(checksums(
        known
            .iter()
            .map(|(name, digest)| (name.as_str(), digest.hex())),
    )))
}

/// Sends a file. What stands in its place is taken away first: always from a draft; from what was published only the rest of
/// an upload that was cut, which nobody could download.
fn send(
    world: &World,
    wanted: &ForgeRelease,
    release: &Release,
    name: &str,
    content: &Content,
) -> anyhow::Result<()> {
    let forge = world.forge();
    let repository = wanted.repository.as_str();
    if let Some(found) = forge
        .files(repository, release)?
        .into_iter()
        .find(|file| file.name == name)
    {
        if found.is_whole && !release.is_draft {
            bail!("{name} is in the published release, and is never replaced there");
        }
        forge.delete_file(repository, &found)?;
    }
    let told = std::cell::Cell::new(0);
    let tell = |sent: u64, all: u64| {
        if sent >= told.get() + TOLD_BYTES {
            told.set(sent);
            world.runner.say(&format!(
                "{name}: {} of {} MiB are sent",
                sent >> 20,
                all >> 20
            ));
        }
    };
    Ok(forge.upload(repository, release, name, content, &tell)?)
}

fn whole<'f>(files: &'f [File], name: &str) -> Option<&'f File> {
    files.iter().find(|file| file.name == name && file.is_whole)
}

/// As the forge says, or by reading the bytes of a file of which it does not.
fn digest_of(world: &World, repository: &str, file: &File) -> anyhow::Result<Digest> {
    match &file.digest {
        Some(digest) => Ok(digest.clone()),
        None => Ok(world.forge().digest_of_file(repository, file)?),
    }
}
