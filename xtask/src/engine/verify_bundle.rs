//! Whether each file that an index serves is signed by somebody who counts: by the bundle that lies beside it here, else by the
//! one that the forge's release offers, which is all that others have.
//!
//! A bundle or a file that is not what it was is bad in its own row, and is not judged again here.

use std::path::Path;

use super::package::Built;
use super::verify::{Look, Row};
use crate::model::distribution::IndexFile;
use crate::model::forge_release::{CHECKSUMS, asset_name, read_checksums};
use crate::model::image::Digest;
use crate::model::trust::Policy;
use crate::world::cosign::Answer;
use crate::world::forge::File;
use crate::world::package_index::{self, Place};
use crate::world::{World, cosign_file, files};

/// Where bundles of a release are, beside this machine's own folder.
pub(super) struct Bundles<'a> {
    world: &'a World,
    policy: &'a Policy,
    /// `owner/name`, with what its release has; `None` where no forge is looked at, an error where it cannot be read.
    offered: Option<(&'a str, Result<Offered, String>)>,
}

/// What the forge's release has.
struct Offered {
    files: Vec<File>,
    /// The text of its list of checksums.
    list: String,
}

impl<'a> Bundles<'a> {
    /// `None` where nothing is to be signed. The forge is asked once for all files.
    pub(super) fn of(world: &'a World, policy: Option<&'a Policy>, forge: Option<&'a str>, tag: &str) -> Option<Self> {
        let policy = policy.filter(|policy| policy.sign)?;
        let offered = forge.map(|repository| (repository, offered(world, repository, tag)));
        Some(Self { world, policy, offered })
    }

    /// The row of a file that the index serves, and that its own row says is right.
    pub(super) fn row(&self, place: &Place, file: &IndexFile, known: Option<&Built>, is_right: bool) -> Row {
        let look = match is_right {
            true => self.look(place, file, known).unwrap_or_else(|error| Look::Unread(format!("{error:#}"))),
            false => Look::NotAsked("the file itself is not right".into()),
        };
        Row { subject: file.name.whole.clone(), check: "bundle".into(), look }
    }

    fn look(&self, place: &Place, file: &IndexFile, known: Option<&Built>) -> anyhow::Result<Look> {
        if let Some(known) = known {
            let bundle = std::path::PathBuf::from(format!("{}.sigstore.json", known.path.display()));
            if files::exists(&bundle) {
                return self.judged(&known.path, &bundle, "here");
            }
        }
        let name = asset_name(&format!("{}.sigstore.json", file.name.whole));
        let (repository, offered) = match &self.offered {
            Some((repository, Ok(offered))) => (repository, offered),
            Some((_, Err(why))) => return Ok(Look::NotAsked(format!("no signature of it is here, and {why}"))),
            None => return Ok(Look::NotAsked("no signature of it is here, and no forge is looked at".into())),
        };
        let Some(found) = offered.files.iter().find(|found| found.name == name && found.is_whole) else {
            return Ok(Look::Bad(format!("no signature of it is here, and the release at {repository} has no {name}")));
        };
        let text = match self.world.forge().text_of_file(repository, found) {
            Ok(text) => text,
            // A byte that makes it no text at all is told by the file's own row.
            Err(error) => return Ok(Look::NotAsked(error.to_string())),
        };
        let listed = read_checksums(&offered.list).unwrap_or_default().into_iter().find(|(listed, _)| *listed == name);
        if listed.is_some_and(|(_, hex)| !hex.eq_ignore_ascii_case(Digest::of(text.as_bytes()).hex())) {
            return Ok(Look::NotAsked(format!("{name} itself is not right")));
        }
        let folder = files::temporary_folder()?;
        let (bundle, fetched) = (folder.path().join("bundle.json"), folder.path().join("file"));
        files::write_own(&bundle, &text)?;
        package_index::fetch(self.world, place, file, &fetched)?;
        self.judged(&fetched, &bundle, &format!("offered at {repository}"))
    }

    fn judged(&self, file: &Path, bundle: &Path, place: &str) -> anyhow::Result<Look> {
        Ok(match cosign_file::verify(self.world, file, bundle, self.policy)? {
            Answer::Verified { by, .. } => Look::Good(format!("by {by}, {place}")),
            Answer::Absent(why) => Look::Bad(why),
            Answer::Unknown(why) => Look::Unread(why),
        })
    }
}

fn offered(world: &World, repository: &str, tag: &str) -> Result<Offered, String> {
    let release = world.forge().published(repository, tag).map_err(|error| error.to_string())?;
    let release = release.ok_or_else(|| format!("{repository} has no published release for {tag}"))?;
    let files = world.forge().files(repository, &release).map_err(|error| error.to_string())?;
    let list = files.iter().find(|file| file.name == CHECKSUMS && file.is_whole);
    // A list that cannot be read, or is not right, has a row of its own.
    let list = list.and_then(|list| world.forge().text_of_file(repository, list).ok()).unwrap_or_default();
    Ok(Offered { files, list })
}
