//! Whether each file that an index serves is signed by somebody who counts: by the bundle that lies beside it here, else by the
//! one that the forge's release offers, which is all that others have. The list of what the package is made of likewise.
//!
//! A bundle or a file that is not what it was is bad in its own row, and is not judged again here.

use std::path::{Path, PathBuf};

use monorelease_model::distribution::{IndexFile, normalised};
use monorelease_model::github::asset_name;
use monorelease_model::image::Digest;

use super::rows::{Look, Row};
use crate::config::trust::SbomFormat;
use crate::github::files::File;
use crate::packages::files::Built;
use crate::packages::index::Place;
use crate::packages::{PackageBuild, trust};
use crate::release::github::{CHECKSUMS, read_checksums};
use crate::trust::cosign::Answer;
use crate::trust::signed_files;
use crate::trust::{Attached, Claim, Policy};
use crate::world::World;
use crate::{packages, world};

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
    /// `None` where nothing is to be said of a package. The forge is asked once for all files.
    pub(super) fn of(
        world: &'a World,
        policy: Option<&'a Policy>,
        forge: Option<&'a str>,
        tag: &str,
    ) -> Option<Self> {
        let policy = policy.filter(|policy| policy.sign || lists(policy))?;
        let offered = forge.map(|repository| (repository, offered(world, repository, tag)));
        Some(Self {
            world,
            policy,
            offered,
        })
    }

    /// The row of a file that the index serves, and that its own row says is right; `None` where no signature is wanted.
    pub(super) fn row(
        &self,
        place: &Place,
        file: &IndexFile,
        known: Option<&Built>,
        is_right: bool,
    ) -> Option<Row> {
        let look = || match is_right {
            true => self
                .look(place, file, known)
                .unwrap_or_else(|error| Look::Unread(format!("{error:#}"))),
            false => Look::NotAsked("the file itself is not right".into()),
        };
        self.policy.sign.then(|| Row {
            subject: file.name.whole.clone(),
            check: "bundle".into(),
            look: look(),
        })
    }

    /// The row of the list of what the package is made of; `None` where none is wanted.
    pub(super) fn list_row(&self, build: &PackageBuild) -> Option<Row> {
        let look = || {
            self.look_at_list(build)
                .unwrap_or_else(|error| Look::Unread(format!("{error:#}")))
        };
        let check = Attached::Statement(Claim::Sbom(SbomFormat::CycloneDx)).word();
        lists(self.policy).then(|| Row {
            subject: build.list(),
            check: check.into(),
            look: look(),
        })
    }

    fn look(&self, place: &Place, file: &IndexFile, known: Option<&Built>) -> anyhow::Result<Look> {
        if let Some(known) = known {
            let bundle = bundle_of(&known.path);
            if world::files::exists(&bundle) {
                return self.judged(&known.path, &bundle, "here");
            }
        }
        let what = "no signature of it is here";
        let (repository, text) =
            match self.offered_text(what, &format!("{}.sigstore.json", file.name.whole)) {
                Ok(found) => found,
                Err(look) => return Ok(look),
            };
        let folder = world::files::temporary_folder()?;
        let bundle = folder.path().join("bundle.json");
        let fetched = folder.path().join("file");
        world::files::write_own(&bundle, &text)?;
        packages::index::fetch(self.world, place, file, &fetched)?;
        self.judged(&fetched, &bundle, &format!("offered at {repository}"))
    }

    fn look_at_list(&self, build: &PackageBuild) -> anyhow::Result<Look> {
        let path = self.world.path(&build.folder()).join(build.list());
        let bundle = bundle_of(&path);
        if world::files::exists(&path) && (world::files::exists(&bundle) || !self.policy.sign) {
            if trust::listed(self.world, build)?.is_none() {
                return Ok(Look::Bad(format!(
                    "{} is not what was made of {}",
                    path.display(),
                    build.commit
                )));
            }
            return self.list_judged(build, &path, &bundle, "here");
        }
        let what = if world::files::exists(&path) {
            "no signature of it is here"
        } else {
            "it is not here"
        };
        let (repository, text) = match self.offered_text(what, &build.list()) {
            Ok(found) => found,
            Err(look) => return Ok(look),
        };
        let folder = world::files::temporary_folder()?;
        let path = folder.path().join("list.json");
        world::files::write_own(&path, &text)?;
        if self.policy.sign {
            match self.offered_text(what, &format!("{}.sigstore.json", build.list())) {
                Ok((_, text)) => world::files::write_own(&bundle_of(&path), &text)?,
                Err(look) => return Ok(look),
            }
        }
        self.list_judged(
            build,
            &path,
            &bundle_of(&path),
            &format!("offered at {repository}"),
        )
    }

    /// Whether a list is of the package, and the word of somebody who counts where that is wanted.
    fn list_judged(
        &self,
        build: &PackageBuild,
        path: &Path,
        bundle: &Path,
        place: &str,
    ) -> anyhow::Result<Look> {
        let list: serde_json::Value =
            serde_json::from_str(&world::files::read(path)?.unwrap_or_default())
                .unwrap_or_default();
        let own = &list["metadata"]["component"];
        let wanted = [normalised(&build.name), build.spelled.clone()];
        let found =
            ["name", "version"].map(|key| own[key].as_str().unwrap_or("nothing").to_owned());
        if found != wanted {
            return Ok(Look::Bad(format!(
                "it is a list of {}, wanted one of {}",
                found.join(" "),
                wanted.join(" ")
            )));
        }
        let parts = format!(
            "{} parts",
            list["components"].as_array().map_or(0, Vec::len)
        );
        if !self.policy.sign {
            return Ok(Look::Good(format!("{parts}, {place}")));
        }
        Ok(match self.judged(path, bundle, place)? {
            Look::Good(by) => Look::Good(format!("{parts}, {by}")),
            other => other,
        })
    }

    /// The text of a file of the forge's release, and where that is; else the look that says why there is none. `what` is missing
    /// on this machine.
    fn offered_text(&self, what: &str, file: &str) -> Result<(&str, String), Look> {
        let name = asset_name(file);
        let (repository, offered) = match &self.offered {
            Some((repository, Ok(offered))) => (*repository, offered),
            Some((_, Err(why))) => return Err(Look::NotAsked(format!("{what}, and {why}"))),
            None => return Err(Look::NotAsked(format!("{what}, and no forge is looked at"))),
        };
        let found = offered
            .files
            .iter()
            .find(|found| found.name == name && found.is_whole);
        let found = found.ok_or_else(|| {
            Look::Bad(format!(
                "{what}, and the release at {repository} has no {name}"
            ))
        })?;
        // A byte that makes it no text at all is told by the file's own row.
        let text = self
            .world
            .forge()
            .text_of_file(repository, found)
            .map_err(|error| Look::NotAsked(error.to_string()))?;
        let listed = read_checksums(&offered.list)
            .unwrap_or_default()
            .into_iter()
            .find(|(listed, _)| *listed == name);
        match listed
            .is_some_and(|(_, hex)| !hex.eq_ignore_ascii_case(Digest::of(text.as_bytes()).hex()))
        {
            true => Err(Look::NotAsked(format!("{name} itself is not right"))),
            false => Ok((repository, text)),
        }
    }

    fn judged(&self, file: &Path, bundle: &Path, place: &str) -> anyhow::Result<Look> {
        Ok(
            match signed_files::verify(self.world, file, bundle, self.policy)? {
                Answer::Verified { by, .. } => Look::Good(format!("by {by}, {place}")),
                Answer::Absent(why) => Look::Bad(why),
                Answer::Unknown(why) => Look::Unread(why),
            },
        )
    }
}

/// Whether a list of what a package is made of is wanted.
fn lists(policy: &Policy) -> bool {
    policy.sbom.contains(&SbomFormat::CycloneDx)
}

fn bundle_of(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.sigstore.json", path.display()))
}

fn offered(world: &World, repository: &str, tag: &str) -> Result<Offered, String> {
    let release = world
        .forge()
        .published(repository, tag)
        .map_err(|error| error.to_string())?;
    let release =
        release.ok_or_else(|| format!("{repository} has no published release for {tag}"))?;
    let files = world
        .forge()
        .files(repository, &release)
        .map_err(|error| error.to_string())?;
    let list = files
        .iter()
        .find(|file| file.name == CHECKSUMS && file.is_whole);
    // A list that cannot be read, or is not right, has a row of its own.
    let list = list
        .and_then(|list| world.forge().text_of_file(repository, list).ok())
        .unwrap_or_default();
    Ok(Offered { files, list })
}
