//! The repository: read through libgit2, written through the `git` command (for hooks, signing and credentials).

#![allow(
    clippy::disallowed_methods,
    reason = "files of git itself are read as bytes"
)]

pub mod credentials;
mod depth;
pub mod index;
mod inputs;
mod leftovers;
pub mod push;
mod release_branch;
mod revisions;
mod setup;
pub mod trial;

use crate::git::credentials::ForgeCredentials;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow};
use git2::{ErrorCode, ObjectType, Oid, Repository};
use monorelease_commit_history::links;
use monorelease_model::image::Digest;
use monorelease_process::{Call, Runner};
use sha2::Digest as _;
use sha2::Sha256;

use crate::fault::Fault;
use crate::world::files;
use depth::Opened;
use setup::unopened;

/// Tag names with the commits they point at, annotated ones peeled.
pub type Tags = BTreeMap<String, String>;

/// A work tree and its history.
pub struct Git {
    pub(super) repository: Opened,
    root: PathBuf,
    runner: Runner,
    credentials: Option<ForgeCredentials>,
}

/// How long a remote may take to answer.
const REMOTE_LIMIT: Duration = Duration::from_secs(300);

/// How long it may take when the command can go on without its answer.
const GLANCE_LIMIT: Duration = Duration::from_secs(20);

/// Where HEAD stands.
#[derive(Debug, Clone)]
pub struct Head {
    pub commit: String,
    /// `None` when HEAD is detached.
    pub branch: Option<String>,
}

impl Git {
    /// Finds the work tree around `folder`.
    pub fn open(
        folder: &Path,
        runner: Runner,
        credentials: Option<ForgeCredentials>,
    ) -> anyhow::Result<Self> {
        // As git itself: what lies in the object store was verified when it came in, and is read once. Both cost a walk a third.
        git2::opts::strict_hash_verification(false);
        git2::opts::enable_caching(false);
        let missing = || {
            Fault::usage(format!(
                "{} is not inside a git work tree",
                folder.display()
            ))
            .fix("git init, or pass --repo DIR")
        };
        if !folder.exists() {
            return Err(
                Fault::usage(format!("there is no folder {}", folder.display()))
                    .fix("pass --repo DIR with one that is there")
                    .into(),
            );
        }
        let repository = match Repository::discover(folder) {
            Ok(repository) => repository,
            Err(error) if error.code() == ErrorCode::NotFound => return Err(missing().into()),
            Err(error) => return Err(unopened(folder, &error).into()),
        };
        let root = repository.workdir().ok_or_else(missing)?.to_owned();
        Ok(Self {
            repository: Opened::new(repository),
            root,
            runner,
            credentials,
        })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn runner(&self) -> &Runner {
        &self.runner
    }

    /// The repository, for reading.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// Where HEAD stands; an error before the first commit.
    pub fn head(&self) -> anyhow::Result<Head> {
        let none = || {
            Fault::refused("the repository has no commit yet; versions are read from commits")
                .fix("git add --all && git commit")
        };
        Ok(self.head_if_any()?.ok_or_else(none)?)
    }

    /// Where HEAD stands; `None` before the first commit alone.
    pub fn head_if_any(&self) -> anyhow::Result<Option<Head>> {
        let head = match self.repository.head() {
            Ok(head) => head,
            Err(error) if error.code() == ErrorCode::UnbornBranch => return Ok(None),
            Err(error) => return Err(error).context("reading HEAD"),
        };
        let commit = head
            .peel_to_commit()
            .context("reading HEAD's commit")?
            .id()
            .to_string();
        let branch = head
            .is_branch()
            .then(|| head.shorthand().map(str::to_owned).ok())
            .flatten();
        Ok(Some(Head { commit, branch }))
    }

    /// The committer's time, in seconds since 1970.
    pub fn commit_seconds(&self, commit: &str) -> anyhow::Result<i64> {
        Ok(self.commit_object(commit)?.time().seconds())
    }

    /// The commit, and when the work tree is not the commit a mark of what it is instead: `<commit>-dirty-<hash>`.
    pub fn work_tree_revision(&self) -> anyhow::Result<String> {
        let commit = self.head()?.commit;
        let dirty = self.dirty_paths()?;
        if dirty.is_empty() {
            return Ok(commit);
        }
        let mut hasher = Sha256::new();
        for path in &dirty {
            hasher.update(path.as_bytes());
            if path.contains(char::REPLACEMENT_CHARACTER) {
                return Err(
                    Fault::refused(format!("{path}: the file's name is not UTF-8"))
                        .fix("git mv it to a name in UTF-8")
                        .into(),
                );
            }
            // A deleted file counts by its name alone.
            if let Ok(bytes) = std::fs::read(self.root.join(path)) {
                hasher.update(&bytes);
            }
        }
        let digest = Digest::from_hasher(hasher);
        Ok(format!("{commit}-dirty-{}", &digest.hex()[..8]))
    }

    pub fn is_shallow(&self) -> bool {
        self.repository.is_shallow()
    }

    /// The tags of this clone.
    pub fn tags(&self) -> anyhow::Result<Tags> {
        let mut tags = Tags::new();
        for reference in self
            .repository
            .references_glob("refs/tags/*")
            .context("reading the tags")?
        {
            let reference = reference.context("reading a tag")?;
            let name = String::from_utf8_lossy(reference.name_bytes())
                .trim_start_matches("refs/tags/")
                .to_owned();
            // A tag of a tree or a blob is nobody's release, but its name is taken.
            let target = match reference.peel(ObjectType::Commit) {
                Ok(commit) => commit.id(),
                Err(_) => reference
                    .target()
                    .with_context(|| format!("tag {name} points at nothing"))?,
            };
            tags.insert(name, target.to_string());
        }
        Ok(tags)
    }

    /// The tags of the remote, as it says now, or only the one named; `None` when no such remote is set up.
    /// An unreachable remote is an error.
    pub fn remote_tags(&self, remote: &str, only: Option<&str>) -> anyhow::Result<Option<Tags>> {
        self.ask_for_tags(remote, only, REMOTE_LIMIT)
    }

    /// As [`Self::remote_tags`], for a command that only says it when the remote does not answer soon.
    pub fn glance_at_remote_tags(&self, remote: &str) -> anyhow::Result<Option<Tags>> {
        self.ask_for_tags(remote, None, GLANCE_LIMIT)
    }

    fn ask_for_tags(
        &self,
        remote: &str,
        only: Option<&str>,
        limit: Duration,
    ) -> anyhow::Result<Option<Tags>> {
        match self.repository.find_remote(remote) {
            Ok(_) => {}
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(None),
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("reading the settings of remote {remote}"));
            }
        }
        let patterns: Vec<_> = only
            .into_iter()
            .flat_map(|name| {
                [
                    format!("refs/tags/{name}"),
                    format!("refs/tags/{name}^{{}}"),
                ]
            })
            .collect();
        let listing = self
            .runner
            .output(
                &self
                    .network_call()
                    .time_limit(limit)
                    .args(["ls-remote", "--tags", remote])
                    .args(&patterns),
            )
            .with_context(|| format!("reading the tags of {remote}"))?;
        let mut tags = Tags::new();
        let mut peeled = Tags::new();
        for line in listing.lines() {
            let (commit, reference) = line
                .split_once('\t')
                .ok_or_else(|| anyhow!("git ls-remote printed {line:?}"))?;
            let name = reference.trim_start_matches("refs/tags/");
            match name.strip_suffix("^{}") {
                Some(name) => peeled.insert(name.into(), commit.into()),
                None => tags.insert(name.into(), commit.into()),
            };
        }
        tags.extend(peeled);
        Ok(Some(tags))
    }

    pub fn is_ancestor(&self, ancestor: &str, descendant: &str) -> anyhow::Result<bool> {
        if ancestor == descendant {
            return Ok(true);
        }
        let ancestor = Oid::from_str(ancestor)?;
        let descendant = Oid::from_str(descendant)?;
        self.repository
            .graph_descendant_of(descendant, ancestor)
            .context("comparing commits")
    }

    /// The first line of a commit's message.
    pub fn subject(&self, commit: &str) -> anyhow::Result<String> {
        let commit = self.commit_object(commit)?;
        Ok(String::from_utf8_lossy(commit.message_bytes())
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned())
    }

    /// Whether any branch, local or remote, contains the commit.
    pub fn is_on_a_branch(&self, commit: &str) -> anyhow::Result<bool> {
        for branch in self
            .repository
            .branches(None)
            .context("reading the branches")?
        {
            let tip = branch
                .context("reading a branch")?
                .0
                .get()
                .peel_to_commit()
                .map(|commit| commit.id().to_string());
            if tip.is_ok_and(|tip| self.is_ancestor(commit, &tip).unwrap_or(false)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A file's text at a commit; `None` when the commit has no such file. Links are followed, as in the work tree.
    pub fn file_at(&self, commit: &str, path: &str) -> anyhow::Result<Option<String>> {
        let tree = self
            .commit_object(commit)?
            .tree()
            .context("reading a tree")?;
        let found = links::entry_at(&self.repository, &tree, path)
            .with_context(|| format!("reading {path} at {commit}"))?;
        let Some(entry) = found else { return Ok(None) };
        let blob = entry
            .to_object(&self.repository)?
            .peel_to_blob()
            .with_context(|| format!("{path} at {commit} is no file"))?;
        String::from_utf8(blob.content().to_vec())
            .map(Some)
            .map_err(|_| anyhow!("{path} at {commit} is not UTF-8"))
    }

    /// Files below a folder that are tracked, or untracked and not ignored; relative to the folder. What a killed run
    /// had staged is none of them.
    pub fn files_below(&self, folder: &str) -> anyhow::Result<Vec<String>> {
        self.refuse_left_out(folder)?;
        let listing = self.listing(folder)?;
        if let Some(name) = listing
            .split('\0')
            .find(|path| path.contains(char::REPLACEMENT_CHARACTER))
        {
            return Err(
                Fault::refused(format!("{folder}/{name}: the file's name is not UTF-8"))
                    .fix("git mv it to a name in UTF-8")
                    .into(),
            );
        }
        Ok(listing
            .split('\0')
            .filter(|path| !path.is_empty() && !files::is_staged(path))
            .map(str::to_owned)
            .collect())
    }

    pub(super) fn listing(&self, folder: &str) -> anyhow::Result<String> {
        let flags = [
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
            "--deduplicate",
        ];
        self.runner.output(
            &Call::new("git")
                .arg("-C")
                .arg(self.root.join(folder))
                .args(flags),
        )
    }

    /// The commit of a tag of this clone; `None` when there is no such tag.
    pub fn tag_commit(&self, name: &str) -> anyhow::Result<Option<String>> {
        match self.repository.find_reference(&format!("refs/tags/{name}")) {
            Ok(reference) => Ok(Some(
                reference
                    .peel_to_commit()
                    .with_context(|| format!("tag {name} is of no commit"))?
                    .id()
                    .to_string(),
            )),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("reading tag {name}")),
        }
    }

    /// Whether this clone has the commit.
    pub fn has_commit(&self, commit: &str) -> bool {
        Oid::from_str(commit).is_ok_and(|id| self.repository.find_commit(id).is_ok())
    }

    /// Whether this clone has a commit whose id begins with these characters.
    pub fn has_commit_like(&self, prefix: &str) -> bool {
        self.repository.find_commit_by_prefix(prefix).is_ok()
    }

    pub(super) fn opened(&self) -> &Opened {
        &self.repository
    }

    /// Runs `git fetch` with these words.
    pub(super) fn fetch(&self, arguments: &[&str]) -> anyhow::Result<()> {
        self.runner
            .output(&self.network_call().arg("fetch").args(arguments))
            .map(drop)
    }

    /// Refuses what only a whole history can tell (law 7).
    pub fn refuse_shallow(&self, what: &str) -> Result<(), Fault> {
        match self.repository.is_shallow() {
            true => Err(
                Fault::refused(format!("this clone is shallow, so it cannot tell {what}"))
                    .fix("git fetch --unshallow --tags"),
            ),
            false => Ok(()),
        }
    }

    /// Who makes commits and tags; the error says that git knows nobody.
    pub fn committer(&self) -> Result<String, Fault> {
        let unknown = |error: anyhow::Error| {
            Fault::refused(format!("git does not know who you are: {error:#}"))
                .fix("git config user.name NAME && git config user.email ADDRESS")
        };
        self.runner
            .output(&self.call().args(["var", "GIT_COMMITTER_IDENT"]))
            .map_err(unknown)
    }

    /// Makes an annotated tag, signed when git is set up so.
    pub fn create_tag(&self, name: &str, commit: &str, message: &str) -> anyhow::Result<()> {
        self.runner
            .output(
                &self
                    .call()
                    .args(["tag", "--annotate", "--message", message, name, commit]),
            )
            .map(drop)
    }

    /// Asks the remote whether it would take this commit under a new tag; nothing is sent to it, and no hook runs.
    ///
    /// # Errors
    /// It would not, or could not be asked; then with what git said.
    pub fn may_push_tag(&self, remote: &str, name: &str, commit: &str) -> anyhow::Result<()> {
        let reference = format!("{commit}:refs/tags/{name}");
        self.runner
            .output(
                &self
                    .push_call()
                    .args(["--dry-run", "--no-verify", remote, &reference]),
            )
            .map(drop)
    }

    /// Pushes one tag; never by force.
    pub fn push_tag(&self, remote: &str, name: &str) -> anyhow::Result<()> {
        let reference = format!("refs/tags/{name}:refs/tags/{name}");
        self.runner
            .output(&self.push_call().args([remote, &reference]))
            .map(drop)
    }

    /// Commits these paths as they stand in the work tree, and what is staged already. The paths alone (`--only`) would be
    /// committed from an index of their own, and what a hook adds would be missing in the one that stays.
    pub fn commit(&self, message: &str, paths: &[&str]) -> anyhow::Result<()> {
        self.runner
            .output(
                &self
                    .call()
                    .args(["commit", "--quiet", "--include", "--message", message, "--"])
                    .args(paths),
            )
            .map(drop)
    }

    pub(super) fn commit_object(&self, commit: &str) -> anyhow::Result<git2::Commit<'_>> {
        self.repository
            .find_commit(Oid::from_str(commit)?)
            .with_context(|| format!("commit {commit} is not in this clone"))
    }

    pub(super) fn call(&self) -> Call {
        Call::new("git")
            .arg("-C")
            .arg(&self.root)
            .variable("GIT_TERMINAL_PROMPT", "0")
            .variable("LC_ALL", "C")
    }

    /// With a token in the surroundings, git asks a helper of ours for it: the token stands in the child's environment,
    /// never in its arguments or its configuration. A remote that is not HTTPS never asks.
    pub(super) fn network_call(&self) -> Call {
        let call = self.call();
        let call = call.time_limit(REMOTE_LIMIT);
        let Some(credentials) = &self.credentials else {
            return call;
        };
        let settings = credentials.helper_settings();
        let before = credentials.settings_before;
        let call = call
            .variable("GIT_CONFIG_COUNT", (before + settings.len()).to_string())
            .variable("XTASK_FORGE_TOKEN", credentials.token.as_str());
        settings
            .into_iter()
            .zip(before..)
            .fold(call, |call, ((key, value), place)| {
                call.variable(&format!("GIT_CONFIG_KEY_{place}"), key)
                    .variable(&format!("GIT_CONFIG_VALUE_{place}"), value)
            })
    }
}
