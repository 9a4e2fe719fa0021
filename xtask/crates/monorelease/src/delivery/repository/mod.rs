//! GitOps repositories: one branch of each, fetched shallow into a private folder, committed to and pushed.
//!
//! Nothing of the user's is written: no working tree, no remote-tracking branch, no cache. The private folder goes when the
//! command ends. A push is never forced. What the files should say is decided by the caller.

mod cache;
mod filter;
mod ledger;
pub mod own_branch;
pub mod past;
pub mod settings;
pub mod tree;
mod write;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use git2::{ErrorCode, Oid, Repository};
use monorelease_process::{Call, Runner};
use tempfile::TempDir;

use crate::fault::Fault;
use crate::github::Forge;
use crate::world::{World, files};
use cache::Made;
use filter::{Expected, FILTER};
use ledger::full_name;
use monorelease_http_client::url::without_user;
use settings::Settings;
use tree::Snapshot;

/// How long a remote may take for one fetch or push.
pub(super) const REMOTE_LIMIT: Duration = Duration::from_secs(300);

/// The private name of the branch's head.
pub(super) const HEAD: &str = "refs/xtask/head";

/// What git and its servers say when somebody else was faster: git itself, files behind a busy server, GitLab.
pub(super) const OVERTAKEN: [&str; 6] = [
    "non-fast-forward",
    "fetch first",
    "cannot lock ref",
    "incorrect old value provided",
    "failed to update ref",
    "stale info",
];

/// The branches that this run has fetched.
#[derive(Default)]
pub struct Deliveries {
    open: Mutex<HashMap<(String, String), Arc<DeliveryBranch>>>,
    /// Where this repository's remote really is, by the address that is shown: that has no password in it.
    own: Mutex<HashMap<String, Own>>,
    pub(super) expected: Arc<Expected>,
    /// The client of the forge for repositories that are not this one.
    pub(super) forge: OnceLock<Forge>,
}

/// The addresses of this repository's remote, as the user set them up.
#[derive(Clone, Default)]
struct Own {
    url: String,
    push_url: Option<String>,
}

/// What a branch's repository is called in calls of git: its address stands in no argument list.
pub(super) const REMOTE: &str = "xtask";

/// One branch of a repository, in a folder of our own.
pub struct DeliveryBranch {
    pub(super) folder: TempDir,
    pub address: String,
    pub branch: String,
    pub(super) runner: Runner,
    settings: Settings,
    /// Git refuses a second fetch into one repository, and steps are asked side by side.
    pub(super) turn: Mutex<()>,
    pub(super) made: Made,
    pub(super) expected: Arc<Expected>,
}

/// What became of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pushed {
    Yes,
    /// The branch is not where the commit was made upon: somebody was faster.
    Overtaken(String),
}

impl World {
    /// The address of a pin's repository; that of this one is its remote's.
    ///
    /// # Errors
    /// There is no such remote (2).
    pub fn delivery_address(&self, git: Option<&str>, remote: &str) -> anyhow::Result<String> {
        if let Some(url) = git {
            return Ok(url.to_owned());
        }
        match self.git.repository().find_remote(remote) {
            Ok(found) => {
                let url = found
                    .url()
                    .map_err(|_| anyhow!("the address of {remote} is not UTF-8"))?
                    .to_owned();
                // A path is from the root of the work tree, and ours is another folder.
                let local = self.root.join(&url);
                let url = if !url.contains(':') && files::exists(&local) {
                    local.display().to_string()
                } else {
                    url
                };
                let push_url = found.pushurl().ok().flatten().map(str::to_owned);
                let shown = without_user(&url);
                let mut own = self
                    .shared
                    .deliveries
                    .own
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                own.insert(shown.clone(), Own { url, push_url });
                Ok(shown)
            }
            Err(error) if error.code() == ErrorCode::NotFound => {
                let what = format!(
                    "pins of this repository are changed at its remote, and there is no remote {remote}"
                );
                Err(Fault::usage(what)
                    .fix(format!(
                        "git remote add {remote} URL, or name the pins' repository by `git`"
                    ))
                    .into())
            }
            Err(error) => {
                Err(error).with_context(|| format!("reading the settings of remote {remote}"))
            }
        }
    }

    /// The branch as this run knows it; the first question fetches it.
    pub fn delivery(
        &self,
        address: &str,
        branch: &str,
        is_own: bool,
    ) -> anyhow::Result<Arc<DeliveryBranch>> {
        let key = (address.to_owned(), branch.to_owned());
        let mut open = self
            .shared
            .deliveries
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = open.get(&key) {
            return Ok(Arc::clone(known));
        }
        let folder = files::temporary_folder()?;
        let mut settings = self.delivery_settings(is_own)?;
        let known = self
            .shared
            .deliveries
            .own
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(address)
            .filter(|_| is_own)
            .cloned();
        let real = known.unwrap_or_else(|| Own {
            url: address.to_owned(),
            push_url: None,
        });
        settings.pairs.extend(
            real.push_url
                .iter()
                .map(|url| (format!("remote.{REMOTE}.pushurl"), url.clone())),
        );
        settings.hidden = [Some(&real.url), real.push_url.as_ref()]
            .into_iter()
            .flatten()
            .filter(|url| *url != address)
            .cloned()
            .collect();
        settings
            .pairs
            .push((format!("remote.{REMOTE}.url"), real.url));
        // One pack in place of a file for each object.
        settings
            .pairs
            .push(("fetch.unpackLimit".to_owned(), "1".to_owned()));
        let runner = self.runner.clone();
        let made = DeliveryBranch {
            folder,
            address: key.0.clone(),
            branch: key.1.clone(),
            runner,
            settings,
            turn: Mutex::default(),
            made: Made::default(),
            expected: Arc::clone(&self.shared.deliveries.expected),
        };
        made.runner
            .output(&made.call(&["init", "--quiet", "--bare", "--template="]))?;
        let made = Arc::new(made);
        open.insert(key, Arc::clone(&made));
        Ok(made)
    }
}

impl DeliveryBranch {
    /// Asks the remote where the branch stands, and fetches that commit.
    ///
    /// # Errors
    /// The remote cannot be read, or has no such branch (3).
    pub fn refresh(&self) -> anyhow::Result<String> {
        let repository = self.repository()?;
        // What is here already, of an earlier question or of our own making, is not asked for again.
        if repository.find_reference(HEAD).is_ok()
            && let Some(head) = self.remote_head(&self.branch)?
            && let Ok(known) = Oid::from_str(&head).and_then(|id| repository.find_commit(id))
        {
            // Probes ask side by side, and a reference is written by one at a time.
            let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
            repository
                .reference(HEAD, known.id(), true, "")
                .with_context(|| format!("noting where {} stands", self.shown()))?;
            return Ok(head);
        }
        self.fetch(&["--depth", "1"])?;
        let head = repository
            .refname_to_id(HEAD)
            .with_context(|| format!("reading what was fetched of {}", self.shown()))?;
        Ok(head.to_string())
    }

    pub(super) fn fetch(&self, depth: &[&str]) -> anyhow::Result<()> {
        if self.fetch_if_any(depth)? {
            return Ok(());
        }
        let what = format!("{} has no branch {}", self.address, self.branch);
        Err(Fault::refused(what)
            .fix(format!("git ls-remote --heads {}", self.address))
            .into())
    }

    /// Whether there was something to fetch.
    pub(super) fn fetch_if_any(&self, depth: &[&str]) -> anyhow::Result<bool> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let reference = format!("+{}:{HEAD}", self.reference());
        let call = self.call(&[
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-auto-maintenance",
        ]);
        // What has a name of its own holds our few small files, which are read one by one.
        let filter = Some(FILTER).filter(|_| !self.branch.starts_with("refs/"));
        let finished = self.runner.finish(
            &call
                .args(depth)
                .args(filter)
                .args([REMOTE, &reference])
                .time_limit(REMOTE_LIMIT),
        )?;
        if finished.ok {
            return Ok(true);
        }
        if finished.stderr.contains("couldn't find remote ref") {
            return Ok(false);
        }
        let what = format!(
            "{} cannot be read: {}",
            self.shown(),
            self.said(&finished.stderr)
        );
        Err(Fault::refused(what)
            .fix(format!("git ls-remote --heads {}", self.address))
            .into())
    }

    pub(super) fn reference(&self) -> String {
        full_name(&self.branch)
    }

    /// The repository and its branch, for people.
    pub fn shown(&self) -> String {
        format!("{} ({})", self.address, self.branch)
    }

    pub fn snapshot(&self, commit: &str) -> anyhow::Result<Snapshot<'_>> {
        let repository = self.repository()?;
        let tree = repository
            .find_commit(Oid::from_str(commit)?)
            .and_then(|commit| commit.tree())
            .map(|tree| tree.id());
        let tree = tree.with_context(|| format!("reading {commit} of {}", self.shown()))?;
        Ok(Snapshot::new(self, repository, tree))
    }

    /// Makes a commit upon `base` in which these files have these texts, signed when git is set up so.
    /// The message may name the tree that is committed.
    pub fn commit(
        &self,
        base: &str,
        changes: &[(String, String)],
        message: &dyn Fn(&str) -> String,
    ) -> anyhow::Result<String> {
        let changed = self.write_tree(base, changes)?;
        let text = self.folder.path().join("xtask-message");
        files::write_own(&text, &message(&changed.to_string()))?;
        let call = self
            .call(&["commit-tree", &changed.to_string(), "-p", base, "-F"])
            .arg(&text);
        // Unlike `commit`, this one does not ask the setting itself.
        let signs = self.runner.finish(&self.call(&[
            "config",
            "--type=bool",
            "--get",
            "commit.gpgSign",
        ]))?;
        let call = if signs.ok && signs.stdout.trim() == "true" {
            call.arg("--gpg-sign")
        } else {
            call
        };
        Ok(self
            .runner
            .output(&call)
            .with_context(|| format!("committing to {}", self.shown()))?
            .trim()
            .to_owned())
    }

    /// Pushes a commit that was made upon `base`; never by force. Whether it arrived is asked of the remote, for an answer may
    /// be lost and a refusal may have many words.
    ///
    /// # Errors
    /// The remote refuses for another reason than that somebody was faster.
    pub fn push(&self, commit: &str, base: &str) -> anyhow::Result<Pushed> {
        let reference = format!("{commit}:{}", self.reference());
        let call = self
            .call(&["push", "--quiet", "--no-follow-tags", REMOTE, &reference])
            .time_limit(REMOTE_LIMIT);
        let finished = self.runner.finish(&call)?;
        if finished.ok {
            return Ok(Pushed::Yes);
        }
        let why = self.said(&finished.stderr);
        let head = self
            .remote_head(&self.branch)
            .with_context(|| format!("pushing to {} failed: {why}; and then", self.shown()))?;
        if head.as_deref() == Some(commit) {
            return Ok(Pushed::Yes);
        }
        if head.as_deref() != Some(base)
            || OVERTAKEN
                .iter()
                .any(|words| finished.stderr.contains(words))
        {
            return Ok(Pushed::Overtaken(why));
        }
        bail!("{} takes no push: {why}", self.shown())
    }

    /// Whether the remote would take a push from here. It is asked as for a push, with its own head, and nothing is sent.
    ///
    /// # Errors
    /// It would not, or could not be asked; then with what git said.
    pub fn may_push(&self) -> anyhow::Result<()> {
        // Where the branch stands was asked by the probe already.
        let known = self.repository()?.refname_to_id(HEAD).ok();
        let head = match known {
            Some(head) => head.to_string(),
            None if self.branch.starts_with("refs/") => {
                self.refresh_if_any()?.map_or_else(|| self.root(), Ok)?
            }
            None => self.refresh()?,
        };
        let reference = format!("{head}:{}", self.reference());
        let call = self.call(&[
            "push",
            "--dry-run",
            "--no-verify",
            "--quiet",
            "--no-follow-tags",
            REMOTE,
            &reference,
        ]);
        let finished = self.runner.finish(&call.time_limit(REMOTE_LIMIT))?;
        // Whoever is faster meanwhile may push as well as we.
        match finished.ok
            || OVERTAKEN
                .iter()
                .any(|words| finished.stderr.contains(words))
        {
            true => Ok(()),
            false => bail!("{}", self.said(&finished.stderr)),
        }
    }

    pub(super) fn remote_head(&self, branch: &str) -> anyhow::Result<Option<String>> {
        let reference = full_name(branch);
        let finished = self.runner.finish(
            &self
                .call(&["ls-remote", REMOTE, &reference])
                .time_limit(REMOTE_LIMIT),
        )?;
        if !finished.ok {
            bail!(
                "{} cannot be read: {}",
                self.shown(),
                self.said(&finished.stderr)
            );
        }
        let listing = finished.stdout;
        let mut lines = listing.lines().filter_map(|line| line.split_once('\t'));
        Ok(lines
            .find(|(_, name)| *name == reference)
            .map(|(commit, _)| commit.to_owned()))
    }

    /// Who the commits are by, as `Name <address>`, and the time that they get, in seconds since 1970.
    ///
    /// # Errors
    /// Git knows nobody (3).
    pub fn committer(&self) -> anyhow::Result<(String, i64)> {
        let finished = self
            .runner
            .finish(&self.call(&["var", "GIT_COMMITTER_IDENT"]))?;
        let ident = finished
            .stdout
            .trim()
            .rsplit_once("> ")
            .filter(|_| finished.ok);
        let known = ident.and_then(|(who, time)| {
            Some((format!("{who}>"), time.split(' ').next()?.parse().ok()?))
        });
        Ok(known.ok_or_else(|| {
            Fault::refused(format!(
                "git does not know who you are: {}",
                self.said(&finished.stderr)
            ))
            .fix("git config user.name NAME && git config user.email ADDRESS")
        })?)
    }

    /// What a failed git said, without its hints and without addresses that are not shown.
    pub(super) fn said(&self, stderr: &str) -> String {
        let is_said = |line: &&str| {
            !line.is_empty()
                && !line.starts_with("hint:")
                && !line.contains("filtering not recognized by server")
        };
        let lines: Vec<_> = stderr.lines().map(str::trim).filter(is_said).collect();
        let text = if lines.is_empty() {
            "it said nothing".to_owned()
        } else {
            lines.join("; ")
        };
        self.settings
            .hidden
            .iter()
            .fold(text, |text, hidden| text.replace(hidden, &self.address))
    }

    pub(super) fn repository(&self) -> anyhow::Result<Repository> {
        Repository::open_bare(self.folder.path())
            .with_context(|| format!("opening the copy of {}", self.shown()))
    }

    pub(super) fn call(&self, arguments: &[&str]) -> Call {
        let call = Call::new("git")
            .arg("-C")
            .arg(self.folder.path())
            .args(arguments.iter().copied());
        let Settings {
            before,
            pairs,
            token,
            ..
        } = &self.settings;
        let call = call
            .variable("GIT_TERMINAL_PROMPT", "0")
            .variable("LC_ALL", "C");
        let call = call.variable("GIT_CONFIG_COUNT", (before + pairs.len()).to_string());
        let call = token.iter().fold(call, |call, token| {
            call.variable("XTASK_FORGE_TOKEN", token.as_str())
        });
        pairs
            .iter()
            .zip(*before..)
            .fold(call, |call, ((key, value), place)| {
                call.variable(&format!("GIT_CONFIG_KEY_{place}"), key)
                    .variable(&format!("GIT_CONFIG_VALUE_{place}"), value)
            })
    }
}

#[cfg(test)]
mod tests {
    use git2::Signature;

    use super::*;
    use crate::world::environment::Environment;

    #[test]
    fn law_15_questions_asked_side_by_side_are_all_answered() {
        let folder = tempfile::tempdir().unwrap();
        let there = Repository::init(folder.path()).unwrap();
        let who = Signature::now("Test", "test@localhost").unwrap();
        let tree = there
            .find_tree(there.treebuilder(None).unwrap().write().unwrap())
            .unwrap();
        let head = there
            .commit(
                Some("refs/heads/main"),
                &who,
                &who,
                "feat: begin",
                &tree,
                &[],
            )
            .unwrap()
            .to_string();
        let world = World::open(folder.path(), Environment::default(), Arc::new(|_| {})).unwrap();
        let branch = world
            .delivery(&folder.path().display().to_string(), "main", false)
            .unwrap();
        let asked = || {
            (0..20)
                .map(|_| branch.refresh().unwrap())
                .all(|answer| answer == head)
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(asked)).collect();
            assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
        });
    }
}
