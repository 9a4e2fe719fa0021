//! One branch of a GitOps repository in a private folder: fetched shallow, asked where it stands, and pushed to without force.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail};
use git2::{Oid, Repository};
use monorelease_process::{Call, Runner};
use tempfile::TempDir;

use super::cache::Made;
use super::expected::Expected;
use super::settings::Settings;
use crate::fault::Fault;
use crate::git::push::Rejection;

/// How long a remote may take for one fetch or push.
pub(super) const REMOTE_LIMIT: Duration = Duration::from_secs(300);

/// The private name of the branch's head.
pub(super) const HEAD: &str = "refs/xtask/head";

/// What a branch's repository is called in calls of git: its address stands in no argument list.
pub(super) const REMOTE: &str = "xtask";

/// What a fetch of a branch leaves out: contents, and never what is needed to know where they are.
pub(super) const FILTER: &str = "--filter=blob:none";

/// One branch of a repository, in a folder of our own.
pub struct DeliveryBranch {
    pub(super) folder: TempDir,
    pub address: String,
    pub branch: String,
    pub(super) runner: Runner,
    pub(super) settings: Settings,
    /// Git refuses a second fetch into one repository, and steps are asked side by side.
    pub(super) turn: Mutex<()>,
    pub(in crate::delivery) made: Made,
    pub(super) expected: Arc<Expected>,
}

/// What became of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pushed {
    Yes,
    /// The branch is not where the commit was made upon: somebody was faster.
    Overtaken(String),
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
        let call = call.args(depth).args(filter).args([REMOTE, &reference]);
        self.fetched(&self.branch, &call.time_limit(REMOTE_LIMIT))
    }

    /// Runs a fetch of one branch; whether there was such a branch. Git ends in the same way for a branch that is not there and for a
    /// remote that is not, so the remote is asked; a branch that is there by now is fetched once more.
    ///
    /// # Errors
    /// The remote cannot be read (3).
    pub(super) fn fetched(&self, branch: &str, call: &Call) -> anyhow::Result<bool> {
        let mut said = String::new();
        for _ in 0..2 {
            let finished = self.runner.finish(call)?;
            if finished.ok {
                return Ok(true);
            }
            said = self.said(&finished.stderr);
            match self.remote_head(branch) {
                Ok(Some(_)) => {}
                Ok(None) => return Ok(false),
                Err(_) => break,
            }
        }
        let what = format!("{} cannot be read: {said}", self.of(branch));
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

    /// Pushes a commit that was made upon what was seen there, a commit or nothing; never by force. Whether it arrived is asked of
    /// the remote, for an answer may be lost.
    ///
    /// # Errors
    /// The remote refuses for another reason than that somebody was faster.
    pub fn push(&self, commit: &str, seen: Option<&str>) -> anyhow::Result<Pushed> {
        let change = format!("{commit}:{}", self.reference());
        let answer = self.try_push(&[], &change)?;
        self.settled(&self.branch, answer, Some(commit), seen)
    }

    /// Runs `git push` of one ref.
    pub(super) fn try_push(
        &self,
        options: &[&str],
        change: &str,
    ) -> anyhow::Result<Result<(), Rejection>> {
        let call = self
            .call(&["push"])
            .args(options.iter().copied())
            .args(["--porcelain", "--quiet", "--no-follow-tags", REMOTE, change])
            .time_limit(REMOTE_LIMIT);
        let finished = self.runner.finish(&call)?;
        Ok(match finished.ok {
            true => Ok(()),
            false => Err(Rejection::read(&finished.stdout, &finished.stderr)),
        })
    }

    /// What became of a push that was to take a branch from what was seen to a commit, or to nothing. Whether a failed one arrived is
    /// asked of the remote.
    pub(super) fn settled(
        &self,
        branch: &str,
        answer: Result<(), Rejection>,
        to: Option<&str>,
        seen: Option<&str>,
    ) -> anyhow::Result<Pushed> {
        let (has_moved, said) = match answer {
            Ok(()) => return Ok(Pushed::Yes),
            Err(Rejection::Moved(said)) => (true, said),
            Err(Rejection::Refused(said)) => (false, said),
        };
        let why = self.said(&said);
        let head = self
            .remote_head(branch)
            .with_context(|| format!("pushing to {} failed: {why}; and then", self.of(branch)))?;
        if head.as_deref() == to {
            return Ok(Pushed::Yes);
        }
        if has_moved || head.as_deref() != seen {
            return Ok(Pushed::Overtaken(why));
        }
        bail!("{} takes no push: {why}", self.of(branch))
    }

    /// Whether the remote would take this change; nothing is sent. One that only moved may be pushed to as well.
    ///
    /// # Errors
    /// It would not, or could not be asked; then with what git said.
    pub(super) fn try_out(&self, change: &str) -> anyhow::Result<()> {
        match self.try_push(&["--dry-run", "--no-verify"], change)? {
            Ok(()) | Err(Rejection::Moved(_)) => Ok(()),
            Err(Rejection::Refused(said)) => bail!("{}", self.said(&said)),
        }
    }

    /// Another branch of the repository, for people.
    pub(super) fn of(&self, branch: &str) -> String {
        format!("{} ({branch})", self.address)
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
        self.try_out(&format!("{head}:{}", self.reference()))
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

    /// As `refresh`, of a ref that need not be there.
    ///
    /// # Errors
    /// The remote cannot be read.
    pub fn refresh_if_any(&self) -> anyhow::Result<Option<String>> {
        if !self.fetch_if_any(&["--depth", "1"])? {
            return Ok(None);
        }
        Ok(Some(self.repository()?.refname_to_id(HEAD)?.to_string()))
    }

    /// A commit without files and without a commit before it, to make the first one upon. Two who begin at the same time do not
    /// overwrite each other: a ref moves to what comes after it, and to nothing else.
    pub fn root(&self) -> anyhow::Result<String> {
        let tree = self.repository()?.treebuilder(None)?.write()?;
        let call = self.call(&["commit-tree", &tree.to_string(), "-m", "chore: begin"]);
        Ok(self.runner.output(&call)?.trim().to_owned())
    }
}

/// A branch's full name; what begins with `refs/` is one.
pub(super) fn full_name(branch: &str) -> String {
    if branch.starts_with("refs/") {
        branch.to_owned()
    } else {
        format!("refs/heads/{branch}")
    }
}
