//! What a discovery works on and what it finds: a tree, its projects, their version locations.

use crate::config::SiteKeys;
use crate::project::version_location::Site;
use monorelease_model::version::Version;
use std::collections::BTreeMap;

/// What is known of the tree: a listing, and two questions that the engine answers.
pub struct Tree<'a> {
    /// Files that are tracked, or untracked and not ignored, relative to the root, with `/`.
    pub files: Vec<String>,
    /// A file's text; `None` when it is gone, and an error in words when it is no text.
    pub text: &'a dyn Fn(&str) -> Result<Option<String>, String>,
    /// What a version site says, each place of it; an error in words when it cannot be read.
    pub says: &'a dyn Fn(&Site) -> Result<Vec<Said>, String>,
    /// Names of the tags of this clone.
    pub tags: Vec<String>,
    /// The git remote's name and address.
    pub remote: Option<(String, String)>,
    /// The main branch, when it can be told.
    pub branch: Option<String>,
    /// What the root folder is called: the last word on what a nameless project is called.
    pub root_name: String,
}

/// One place of a version site, as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The key in its file: `package.version`.
    pub key: String,
    /// As it is written.
    pub found: String,
    pub version: Version,
    /// Bytes of the file; two sites that name one place are one.
    pub start: usize,
}

/// All that was found.
#[derive(Debug, Default)]
pub struct Discovery {
    pub github: Option<String>,
    pub branch: Option<String>,
    /// Only where it is not `origin`.
    pub remote: Option<String>,
    /// The pattern of image repositories, when any project has an image.
    pub images: Option<String>,
    /// Registry files, one project each.
    pub images_from: Option<String>,
    pub projects: Vec<Found>,
    /// Files in which images of projects are named.
    pub mentions: Vec<Mention>,
    /// What the reader of the file should know, below the projects.
    pub remarks: Vec<String>,
    /// What the caller should know now: disagreements, and what could not be read.
    pub notes: Vec<String>,
}

/// A file that names an image of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    pub project: String,
    pub file: String,
    /// What its path says of where it is for; `None` where that is not plain.
    pub environment: Option<&'static str>,
}

/// A project as it will be written.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The key in the file, and its package: one word for both, so that no two can clash.
    pub name: String,
    /// Relative to the root; empty for the root.
    pub path: String,
    /// Names by which its manifests, tags and releases call it, the likeliest first.
    pub names: Vec<String>,
    /// The files that made it a project.
    pub by: Vec<String>,
    pub sites: Vec<FoundSite>,
    pub comments: Vec<String>,
    /// A tag pattern, where it is not the default.
    pub tag: Option<String>,
    /// Tags whose commits say another version; asked for once the projects are known.
    pub ignore_tags: Vec<String>,
    /// The tag pattern that a release tool of the tree is set to.
    pub tag_wish: Option<String>,
    /// Names of other projects it is built of.
    pub depends: Vec<String>,
    /// Rust targets of its wheels, when it has wheels.
    pub wheel: Option<Vec<String>>,
    /// Platforms of its image, when it has one.
    pub image: Option<Vec<String>>,
    /// Whether it is published as a pure Python package.
    pub is_published: bool,
    pub(crate) needs: Vec<Need>,
    /// Folders of members that share its version.
    pub(crate) covers: Vec<String>,
    /// Why its owner would not release it, where a manifest says so.
    pub(crate) private: Option<String>,
    /// What a release tool of the tree takes for its version.
    pub(crate) claimed: Option<Version>,
    /// A Python package that could be published.
    pub(crate) is_python: bool,
}

/// A version site as it will be written.
#[derive(Debug, Clone)]
pub struct FoundSite {
    /// The file is relative to the project's folder.
    pub keys: SiteKeys,
    /// Relative to the root.
    pub file: String,
    pub said: Vec<Said>,
    /// Stands behind the site.
    pub comment: Option<String>,
    pub(crate) rank: Rank,
}

/// Which site is the source of truth: the smallest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    /// A file that is there to be the version.
    VersionFile,
    /// The site that says what the tree's release tool holds for the version.
    Claimed,
    Manifest,
    /// What was set down by hand in a release tool's configuration.
    Listed,
    /// A module, a chart: what repeats a version.
    Mirror,
    /// The release tool's own record.
    Record,
}

/// What a project is built of, as its manifest says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Need {
    /// A folder of the repository.
    Folder(String),
    /// A package of the same workspace.
    Name(String),
}

/// Projects by their folders.
pub(crate) type ByFolder = BTreeMap<String, Found>;
