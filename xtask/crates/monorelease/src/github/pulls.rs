//! Pull requests of the forge, and the commits of a branch as the forge has them.
//!
//! Which of them are ours, and what they are to say, is decided elsewhere.
//!
//! Reference: <https://docs.github.com/en/rest/pulls/pulls>, <https://docs.github.com/en/rest/commits/commits#compare-two-commits>

use monorelease_http_client::http::Method;
use monorelease_http_client::url::escape;
use serde_json::{Value, json};

use super::error::{ForgeError, ForgeErrorKind};
use super::{Ask, Forge};

/// An open pull request whose branch is in the repository itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    pub number: u64,
    pub title: String,
    /// With the line ends of this machine, whatever a browser made of them.
    pub body: String,
    /// Where a person looks at it.
    pub page: String,
}

/// What a pull request is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewPull<'a> {
    pub branch: &'a str,
    pub base: &'a str,
    pub title: &'a str,
    pub body: &'a str,
}

/// A commit as the forge has it; this clone need not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteCommit {
    pub id: String,
    pub tree: String,
    pub parents: usize,
    pub message: String,
}

impl Forge {
    /// The open pull requests from this branch of the repository into `base`, newest first. One from a fork whose branch has
    /// the same name is another's, and is left out.
    ///
    /// # Errors
    /// The forge cannot be read.
    pub fn open_pulls(
        &self,
        repository: &str,
        branch: &str,
        base: &str,
    ) -> Result<Vec<Pull>, ForgeError> {
        let owner = repository.split('/').next().unwrap_or_default();
        let head = escape(&format!("{owner}:{branch}"));
        let target = format!(
            "/repos/{repository}/pulls?state=open&head={head}&base={}&per_page=100",
            escape(base)
        );
        let found = self.pages(&target, &Value::as_array)?;
        let is_meant = |pull: &&Value| {
            let text = |pointer| {
                pull.pointer(pointer)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            };
            // Servers have been seen that drop a filter they do not understand.
            text("/head/repo/full_name").eq_ignore_ascii_case(repository)
                && text("/head/ref") == branch
                && text("/base/ref") == base
                && text("/state") == "open"
        };
        found
            .iter()
            .filter(is_meant)
            .map(|pull| self.read(&target, pull))
            .collect()
    }

    /// Whether pull requests may be opened and changed, asked by one that nobody could take: from a branch into itself. What the
    /// forge tells of the repository (`permissions.push`) is no answer: it is false for every token of an app, CI's own included.
    ///
    /// # Errors
    /// They may not, or the forge cannot be reached.
    pub fn may_open_pull(&self, repository: &str, base: &str) -> Result<(), ForgeError> {
        let document =
            json!({ "title": format!("{base} into itself"), "head": base, "base": base });
        let ask = Ask {
            method: Method::POST,
            target: format!("/repos/{repository}/pulls"),
            body: Some(&document),
        };
        match self.patience().retrying(|| self.send(&ask)) {
            // Who may not is told so (403, 404) before what is asked for is looked at.
            Err(error) if error.status == Some(422) => Ok(()),
            answer => answer.map(drop),
        }
    }

    /// Opens a pull request. When the answer is lost it is looked for before it is asked for again.
    ///
    /// # Errors
    /// The forge refuses, or cannot be reached.
    pub fn create_pull(&self, repository: &str, wanted: &NewPull<'_>) -> Result<Pull, ForgeError> {
        let target = format!("/repos/{repository}/pulls");
        let NewPull {
            branch,
            base,
            title,
            body,
        } = *wanted;
        let document = json!({ "title": title, "head": branch, "base": base, "body": body });
        let ask = Ask {
            method: Method::POST,
            target: target.clone(),
            body: Some(&document),
        };
        let mut is_first = true;
        let answer = self.patience().retrying(|| {
            if !std::mem::take(&mut is_first)
                && let Some(found) = self
                    .open_pulls(repository, branch, base)?
                    .into_iter()
                    .next()
            {
                return Ok(found);
            }
            self.read(&target, &self.send(&ask)?.document)
        })?;
        Ok(answer)
    }

    /// Gives a pull request another title and body.
    ///
    /// # Errors
    /// The forge refuses, or cannot be reached.
    pub fn update_pull(
        &self,
        repository: &str,
        number: u64,
        title: &str,
        body: &str,
    ) -> Result<(), ForgeError> {
        self.patch(repository, number, &json!({ "title": title, "body": body }))
    }

    /// Closes a pull request without merging it.
    ///
    /// # Errors
    /// The forge refuses, or cannot be reached.
    pub fn close_pull(&self, repository: &str, number: u64) -> Result<(), ForgeError> {
        self.patch(repository, number, &json!({ "state": "closed" }))
    }

    /// The commits that `head` contains and `base` does not, oldest first, by the forge's own eyes: nothing is fetched.
    ///
    /// # Errors
    /// The forge cannot be read, or knows neither.
    pub fn commits_beyond(
        &self,
        repository: &str,
        base: &str,
        head: &str,
    ) -> Result<Vec<RemoteCommit>, ForgeError> {
        let target = format!("/repos/{repository}/compare/{base}...{head}?per_page=100");
        let found = self.pages(&target, &|document| document["commits"].as_array())?;
        found
            .iter()
            .map(|commit| {
                let text = |pointer| {
                    commit
                        .pointer(pointer)
                        .and_then(Value::as_str)
                        .map(str::to_owned)
                };
                let read = || {
                    let parents = commit["parents"].as_array()?.len();
                    Some(RemoteCommit {
                        id: text("/sha")?,
                        tree: text("/commit/tree/sha")?,
                        parents,
                        message: text("/commit/message")?,
                    })
                };
                read().ok_or_else(|| {
                    self.unreadable(&target, "a commit without sha, tree, parents or message")
                })
            })
            .collect()
    }

    fn patch(&self, repository: &str, number: u64, document: &Value) -> Result<(), ForgeError> {
        let ask = Ask {
            method: Method::PATCH,
            target: format!("/repos/{repository}/pulls/{number}"),
            body: Some(document),
        };
        self.patience().retrying(|| self.send(&ask)).map(drop)
    }

    fn read(&self, target: &str, pull: &Value) -> Result<Pull, ForgeError> {
        let text = |name: &str| pull[name].as_str().map(str::to_owned);
        let read = || {
            let body = text("body").unwrap_or_default().replace("\r\n", "\n");
            Some(Pull {
                number: pull["number"].as_u64()?,
                title: text("title")?,
                body,
                page: text("html_url")?,
            })
        };
        read().ok_or_else(|| {
            self.unreadable(target, "a pull request without number, title or address")
        })
    }

    fn unreadable(&self, target: &str, what: &str) -> ForgeError {
        let ask = Ask {
            method: Method::GET,
            target: target.to_owned(),
            body: None,
        };
        self.error(
            &ask,
            ForgeErrorKind::Malformed,
            &format!("the answer holds {what}"),
        )
    }
}
