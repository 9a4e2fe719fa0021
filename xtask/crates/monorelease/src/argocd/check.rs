//! `check argocd`: which of our tags updaters in the cluster would take, now and after the next release, and where they would take
//! another one than is meant.
//!
//! Nothing is planned or changed. What cannot be told is a fault of its own, and not "nothing" (law 15).

use std::collections::BTreeMap;

use anyhow::Context;
use monorelease_model::build_id::{BuildId, arch_suffix};
use monorelease_model::image::{Repository, media_type};
use monorelease_model::version::Version;
use monorelease_version_files::requirements::masterminds::read_version;
use serde_json::Value;

use super::Applications;
use super::manifests::{Followed, Updaters, read_updaters};
use super::updater::{Pick, Strategy};
use crate::delivery::read::Environments;
use crate::delivery::repository::tree::PinFile;
use crate::project::Project;
use crate::project::image::ImageTarget;
use crate::project::paths::fits;
use crate::release::registry_images::CONFIGURATION_LIMIT_BYTES;
use crate::versions;
use crate::world::{World, files};

/// For `newest-build` the date of every tag that passes is read, unless those are more.
const DATES_AT_MOST: usize = 100;
/// The date of what is not released yet.
const TOMORROW: &str = "9999";

/// An image of ours that an updater follows.
#[derive(Debug)]
pub struct Row {
    /// `FILE:LINE`.
    pub place: String,
    pub application: String,
    pub project: String,
    pub strategy: &'static str,
    pub now: Pick,
    /// After the release of `version`, which is the one in the tree.
    pub after: Pick,
    pub version: Option<String>,
}

/// What is to be known of a place.
#[derive(Debug)]
pub struct Told {
    pub place: String,
    pub what: String,
    pub is_trap: bool,
}

#[derive(Debug, Default)]
pub struct UpdaterCheck {
    pub files: usize,
    pub rows: Vec<Row>,
    pub told: Vec<Told>,
    /// Images that are no project's.
    pub others: usize,
}

/// What is known of a project's tags.
struct Tags {
    now: Vec<String>,
    after: Vec<String>,
    version: Option<Version>,
}

impl Environments<'_> {
    /// # Errors
    /// The manifests cannot be read.
    pub fn check_updaters(
        &self,
        projects: &[Project],
        applications: &Applications,
    ) -> anyhow::Result<UpdaterCheck> {
        let mut check = UpdaterCheck::default();
        for (file, text) in self.manifests(applications)? {
            check.files += 1;
            let Updaters { followed, remarks } = match read_updaters(&text) {
                Ok(found) => found,
                Err(error) => {
                    let place = error
                        .line()
                        .map_or_else(|| file.clone(), |line| format!("{file}:{line}"));
                    check.told.push(Told {
                        place,
                        what: error.to_string(),
                        is_trap: true,
                    });
                    continue;
                }
            };
            check.told.extend(remarks.into_iter().map(|remark| Told {
                place: format!("{file}:{}", remark.line),
                what: remark.what,
                is_trap: remark.is_trap,
            }));
            for followed in followed {
                let named: Option<Repository> = followed.image.parse().ok();
                let ours = projects.iter().find_map(|project| {
                    Some((
                        project,
                        project
                            .image
                            .as_ref()
                            .filter(|image| Some(&image.release) == named.as_ref())?,
                    ))
                });
                match ours {
                    Some((project, image)) => self.row(
                        &mut check,
                        &format!("{file}:{}", followed.line),
                        project,
                        image,
                        &followed,
                    ),
                    None => check.others += 1,
                }
            }
        }
        Ok(check)
    }

    /// The files with manifests: of this work tree, or of another repository as its remote has it now.
    fn manifests(&self, applications: &Applications) -> anyhow::Result<Vec<(String, String)>> {
        let is_meant = |path: &String| applications.files.iter().any(|pattern| fits(pattern, path));
        let Some(git) = &applications.git else {
            let paths = self.world.git.tracked()?.into_iter().filter(is_meant);
            let read = paths.filter_map(|path| match files::read(&self.world.path(&path)) {
                Ok(text) => Some(Ok((path, text?))),
                Err(error) => Some(Err(error)),
            });
            return read.collect();
        };
        self.world
            .expect_files(applications.files.iter().map(String::as_str));
        let branch = self.world.delivery(git, &applications.branch, false)?;
        let snapshot = branch.snapshot(&branch.refresh()?)?;
        let mut found = Vec::new();
        for path in snapshot.paths()?.into_iter().filter(is_meant) {
            if let PinFile::Text(text) = snapshot.file(&path)? {
                found.push((path, text));
            }
        }
        Ok(found)
    }

    fn row(
        &self,
        check: &mut UpdaterCheck,
        place: &str,
        project: &Project,
        image: &ImageTarget,
        followed: &Followed,
    ) {
        let mut tell = |is_trap: bool, what: String| {
            check.told.push(Told {
                place: place.to_owned(),
                what,
                is_trap,
            })
        };
        let tags = match tags_of(self.world, project, image) {
            Ok(tags) => tags,
            Err(error) => {
                return tell(
                    true,
                    format!("the tags of {} cannot be read: {error:#}", image.release),
                );
            }
        };
        let settings = &followed.settings;
        let dates = match settings.strategy {
            Strategy::NewestBuild => {
                dates(self.world, &image.release, &settings.allowed(&tags.now))
            }
            _ => Ok(BTreeMap::new()),
        };
        let (now, after) = match dates {
            Ok(mut dates) => {
                let now = settings.pick(&tags.now, &dates, false);
                for tag in tags.after.iter().filter(|tag| !tags.now.contains(tag)) {
                    dates.insert(tag.clone(), TOMORROW.to_owned());
                }
                (now, settings.pick(&tags.after, &dates, false))
            }
            Err(error) => {
                let why = format!("{error:#}");
                tell(
                    true,
                    format!("which tag is the newest build cannot be told: {why}"),
                );
                (Pick::Unknown(why.clone()), Pick::Unknown(why))
            }
        };
        for (when, pick) in [("now", &now), ("after the release", &after)] {
            if let Pick::Tag(tag) = pick
                && let Some(what) = objection(image, tag, settings.strategy, tags.version.as_ref())
                && (when == "now" || now != *pick)
            {
                tell(
                    true,
                    format!(
                        "{} takes {tag} {when}, which {what}",
                        settings.strategy.word()
                    ),
                );
            }
        }
        let old = settings.pick(&tags.after, &BTreeMap::new(), true);
        if let (Strategy::SemVer, Pick::Tag(tag)) = (settings.strategy, &old)
            && old != after
        {
            tell(
                true,
                format!(
                    "without a constraint, updaters before 1.3.0 take prereleases: here {tag}; write a constraint such as `*`"
                ),
            );
        }
        let version = tags.version.as_ref().map(Version::to_semver);
        if let (Pick::Nothing, Some(version)) = (&after, &version) {
            let hint = match &settings.allow {
                super::updater::Allow::Regexp(allow) if allow.is_match(&format!("v{version}")) => {
                    "; our tags have no `v` before them"
                }
                _ => "",
            };
            tell(
                true,
                format!(
                    "none of our tags would be taken, not even {version} after its release{hint}"
                ),
            );
        }
        self.others_who_write(&mut tell, project, followed, &now, &tags);
        let place = place.to_owned();
        let application = followed.application.clone();
        let strategy = settings.strategy.word();
        check.rows.push(Row {
            place,
            application,
            project: project.name.clone(),
            strategy,
            now,
            after,
            version,
        });
    }

    /// What the updater undoes, and who else writes what it writes.
    fn others_who_write(
        &self,
        tell: &mut dyn FnMut(bool, String),
        project: &Project,
        followed: &Followed,
        now: &Pick,
        tags: &Tags,
    ) {
        let pins: Vec<_> = self
            .delivery
            .pins
            .iter()
            .filter(|pin| pin.project == project.name)
            .collect();
        if let Some(pin) = pins.first() {
            let where_to = if followed.write_back.starts_with("git") {
                "commits to Git"
            } else {
                "overrides the application in the cluster"
            };
            let what = format!(
                "two write what runs: the updater {where_to}, and [[pins]] of {} in {}; leave one of them out",
                project.name, pin.environment
            );
            tell(true, what);
        }
        let (blocked, unread) = self.blocked_versions(project);
        for unread in unread {
            tell(
                true,
                format!("what was rolled back cannot be told: {}", unread.what),
            );
        }
        for bar in blocked {
            if matches!(now, Pick::Tag(tag) if *tag == bar) {
                tell(
                    true,
                    format!(
                        "{bar} was rolled back, and the updater takes it again; name it in ignore-tags"
                    ),
                );
            }
        }
        let is_release = |tag: &&String| {
            Version::parse_semver(tag).is_ok_and(|version| !version.is_prerelease())
        };
        if followed.settings.strategy != Strategy::Digest
            && tags.now.iter().filter(is_release).count() > 1
        {
            let what = "a rollback would not stay: the updater takes the same tag again until ignore-tags names it (argocd-image-updater#1249)";
            tell(false, what.to_owned());
        }
    }
}

/// What speaks against a tag that would run.
fn objection(
    image: &ImageTarget,
    tag: &str,
    strategy: Strategy,
    ours: Option<&Version>,
) -> Option<String> {
    let archs: Vec<String> = image.platforms.iter().map(arch_suffix).collect();
    if let Ok(version) = Version::parse_semver(tag) {
        let pre = version.as_semver().pre.to_string();
        return match archs.iter().find(|arch| pre == **arch || pre.ends_with(&format!("-{arch}"))) {
            Some(arch) => Some(format!("is the image of {arch} alone, and to SemVer a prerelease")),
            None if version.is_prerelease() => Some("is a prerelease".to_owned()),
            None => ours.filter(|ours| is_date(&version) && !is_date(ours)).map(|ours| {
                let ours = ours.to_semver();
                format!("is a date, and our releases are numbers such as {ours}: to SemVer it is the higher one for ever; write a constraint such as `<1000`")
            }),
        };
    }
    if BuildId::read_image_tag(tag, archs.iter().map(String::as_str)).is_some() {
        return Some("is a build that is not released".to_owned());
    }
    // To follow a moving name is what `digest` is for.
    match strategy {
        Strategy::Digest => None,
        _ if read_version(tag).is_some() => Some("reads as a version and is the name of no release".to_owned()),
        _ => Some("is the name of no release; let releases alone pass, by allow-tags: regexp:^[0-9]+\\.[0-9]+\\.[0-9]+$".to_owned()),
    }
}

/// Whether a version begins with a year, or with a whole date in one number.
fn is_date(version: &Version) -> bool {
    version.as_semver().major >= 1000
}

fn tags_of(world: &World, project: &Project, image: &ImageTarget) -> anyhow::Result<Tags> {
    let now = world.registry().tags(&image.release)?.unwrap_or_default();
    let version = if project.sites.is_empty() {
        None
    } else {
        Some(
            versions::read::of_work_tree(world, project)?
                .canonical()
                .clone(),
        )
    };
    let mut after = now.clone();
    if let Some(version) = &version {
        after.extend(crate::status::progress::image_tags(project, version));
        after.extend(image.aliases.iter().map(|alias| alias.name(version)));
    }
    after.sort();
    after.dedup();
    Ok(Tags {
        now,
        after,
        version,
    })
}

/// When the image of each tag was built, as its configuration says.
fn dates(
    world: &World,
    repository: &Repository,
    tags: &[&str],
) -> anyhow::Result<BTreeMap<String, String>> {
    if tags.len() > DATES_AT_MOST {
        anyhow::bail!(
            "{} tags pass its filters, and the dates of {DATES_AT_MOST} are read at most; narrow allow-tags",
            tags.len()
        );
    }
    let date = |tag: &&str| {
        Ok((
            (*tag).to_owned(),
            created(world, repository, tag)
                .with_context(|| format!("reading {repository}:{tag}"))?,
        ))
    };
    tags.iter().map(date).collect()
}

fn created(world: &World, repository: &Repository, reference: &str) -> anyhow::Result<String> {
    let registry = world.registry();
    let found = registry
        .manifest(repository, reference)?
        .context("the registry no longer has it")?;
    let document: Value = serde_json::from_slice(&found.bytes)?;
    if media_type::is_index(&found.media_type) {
        let mut entries = document["manifests"].as_array().into_iter().flatten();
        let first = entries.find(|entry| {
            entry["platform"]["os"]
                .as_str()
                .is_some_and(|os| os != "unknown")
        });
        let digest = first
            .and_then(|entry| entry["digest"].as_str())
            .context("an index without an image")?;
        // Never deeper: an index of indexes is none that runs.
        let child = registry
            .manifest(repository, digest)?
            .context("the registry has not what the index lists")?;
        return config_date(world, repository, &serde_json::from_slice(&child.bytes)?);
    }
    config_date(world, repository, &document)
}

fn config_date(world: &World, repository: &Repository, manifest: &Value) -> anyhow::Result<String> {
    let digest = manifest["config"]["digest"]
        .as_str()
        .context("a manifest without a configuration")?
        .parse()?;
    let config: Value = serde_json::from_slice(&world.registry().blob(
        repository,
        &digest,
        CONFIGURATION_LIMIT_BYTES,
    )?)?;
    Ok(config["created"].as_str().unwrap_or_default().to_owned())
}
