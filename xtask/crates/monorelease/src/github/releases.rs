//! GitHub releases: found by their tags, drafted, published and deleted. Their files are in `files`.
//!
//! A forge knows a published release by its tag, and a draft by a number alone: drafts are looked for in the whole list, and
//! one tag can have several. Which of them is the release is told here; what becomes of the others is decided elsewhere.
//!
//! Reference: <https://docs.github.com/en/rest/releases/releases>

use std::sync::PoisonError;

use monorelease_http_client::http::Method;
use monorelease_http_client::url::escape;
use serde_json::{Value, json};

use super::error::{ForgeError, ForgeErrorKind};
use super::{Ask, Forge};
use crate::release::github::Told;

/// A release, be it a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    pub(super) number: u64,
    pub title: String,
    /// With the line ends of this machine, whatever a browser made of them.
    pub body: String,
    pub is_draft: bool,
    pub is_prerelease: bool,
    /// The forge lets nobody change it any more, and takes no further file.
    pub is_immutable: bool,
    /// Where a person looks at it.
    pub page: String,
    /// How many files it has.
    pub files: usize,
    /// Where files are sent.
    pub(super) upload: String,
}

impl Forge {
    /// Every release of a tag: the published one, then drafts, those with most files and then the oldest first.
    ///
    /// # Errors
    /// The forge cannot be read.
    pub fn releases_of(&self, repository: &str, tag: &str) -> Result<Vec<Release>, ForgeError> {
        let target = format!("/repos/{repository}/releases?per_page=100");
        let listed = self.pages(&target, &Value::as_array)?;
        let of_tag = listed.iter().filter(|release| release["tag_name"] == tag);
        let mut found = of_tag
            .map(|release| self.read_release(&target, release))
            .collect::<Result<Vec<_>, _>>()?;
        // A list may be behind what this run has seen already.
        if let Some(number) = self
            .number(repository, tag)
            .filter(|number| found.iter().all(|release| release.number != *number))
        {
            found.extend(self.release_by(repository, tag, number)?);
        }
        found.sort_by_key(|release| {
            (
                release.is_draft,
                std::cmp::Reverse(release.files),
                release.number,
            )
        });
        if let Some(first) = found.first() {
            self.remember(repository, tag, Some(first.number));
        }
        Ok(found)
    }

    /// The release of a tag, where several drafts are the one that [`Self::releases_of`] puts first.
    ///
    /// # Errors
    /// The forge cannot be read.
    pub fn release(&self, repository: &str, tag: &str) -> Result<Option<Release>, ForgeError> {
        if let Some(number) = self.number(repository, tag)
            && let Some(found) = self.release_by(repository, tag, number)?
        {
            return Ok(Some(found));
        }
        Ok(self.releases_of(repository, tag)?.into_iter().next())
    }

    /// The published release of a tag, which needs no right to write.
    ///
    /// # Errors
    /// The forge cannot be read.
    pub fn published(&self, repository: &str, tag: &str) -> Result<Option<Release>, ForgeError> {
        let target = format!("/repos/{repository}/releases/tags/{}", escape(tag));
        self.found(&target)?
            .map(|document| self.read_release(&target, &document))
            .transpose()
    }

    /// Makes a draft. When the answer is lost it is looked for before another is made.
    ///
    /// # Errors
    /// The forge refuses, or cannot be reached.
    pub fn create_draft(
        &self,
        repository: &str,
        tag: &str,
        told: &Told,
    ) -> Result<Release, ForgeError> {
        let target = format!("/repos/{repository}/releases");
        let mut document = words(told);
        document["tag_name"] = tag.into();
        document["draft"] = true.into();
        let ask = Ask {
            method: Method::POST,
            target: target.clone(),
            body: Some(&document),
        };
        let mut is_first = true;
        let made = self.patience().retrying(|| {
            if !std::mem::take(&mut is_first)
                && let Some(found) = self.releases_of(repository, tag)?.into_iter().next()
            {
                return Ok(found);
            }
            self.read_release(&target, &self.send(&ask)?.document)
        })?;
        self.remember(repository, tag, Some(made.number));
        Ok(made)
    }

    /// Gives a draft another text.
    ///
    /// # Errors
    /// The forge refuses, or cannot be reached.
    pub fn rewrite_draft(
        &self,
        repository: &str,
        release: &Release,
        told: &Told,
    ) -> Result<(), ForgeError> {
        self.patch_release(repository, release, &words(told))
    }

    /// Lets everybody see a release.
    ///
    /// # Errors
    /// The forge refuses, or cannot be reached.
    pub fn publish(
        &self,
        repository: &str,
        release: &Release,
        is_latest: bool,
    ) -> Result<(), ForgeError> {
        // Words, since the interface takes a third one.
        let latest = if is_latest { "true" } else { "false" };
        self.patch_release(
            repository,
            release,
            &json!({ "draft": false, "make_latest": latest }),
        )
    }

    /// Takes a draft away. One that is gone already is no error.
    ///
    /// # Errors
    /// The forge refuses, or cannot be reached.
    pub fn delete_draft(
        &self,
        repository: &str,
        tag: &str,
        release: &Release,
    ) -> Result<(), ForgeError> {
        if self.number(repository, tag) == Some(release.number) {
            self.remember(repository, tag, None);
        }
        self.delete(&format!("/repos/{repository}/releases/{}", release.number))
    }

    /// The commit that the forge has a tag at.
    ///
    /// # Errors
    /// The forge cannot be read.
    pub fn commit_of_tag(&self, repository: &str, tag: &str) -> Result<Option<String>, ForgeError> {
        let target = format!(
            "/repos/{repository}/commits/{}",
            escape(&format!("tags/{tag}"))
        );
        let found = self.found_or(&target, &[404, 422])?;
        Ok(found.and_then(|document| document["sha"].as_str().map(str::to_owned)))
    }

    /// Whether a release may be made, asked by what writes nothing and wants the same right: a proposal of its words.
    ///
    /// # Errors
    /// It may not, or the forge cannot be reached.
    pub fn may_release(&self, repository: &str, tag: &str) -> Result<(), ForgeError> {
        let document = json!({ "tag_name": tag });
        let ask = Ask {
            method: Method::POST,
            target: format!("/repos/{repository}/releases/generate-notes"),
            body: Some(&document),
        };
        match self.patience().retrying(|| self.send(&ask)) {
            // What it objects to in the words is no objection to the right.
            Err(error) if error.status == Some(422) => Ok(()),
            answer => answer.map(drop),
        }
    }

    /// A document; `None` where the forge has no such thing.
    pub(super) fn found(&self, target: &str) -> Result<Option<Value>, ForgeError> {
        self.found_or(target, &[404])
    }

    fn found_or(&self, target: &str, absent: &[u16]) -> Result<Option<Value>, ForgeError> {
        let ask = Ask {
            method: Method::GET,
            target: target.to_owned(),
            body: None,
        };
        match self.patience().retrying(|| self.send(&ask)) {
            Ok(told) => Ok(Some(told.document)),
            Err(error) if error.status.is_some_and(|status| absent.contains(&status)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn delete(&self, target: &str) -> Result<(), ForgeError> {
        let ask = Ask {
            method: Method::DELETE,
            target: target.to_owned(),
            body: None,
        };
        match self.patience().retrying(|| self.send(&ask)) {
            Err(error) if error.status == Some(404) => Ok(()),
            answer => answer.map(drop),
        }
    }

    fn patch_release(
        &self,
        repository: &str,
        release: &Release,
        document: &Value,
    ) -> Result<(), ForgeError> {
        let ask = Ask {
            method: Method::PATCH,
            target: format!("/repos/{repository}/releases/{}", release.number),
            body: Some(document),
        };
        self.patience().retrying(|| self.send(&ask)).map(drop)
    }

    /// The release of a number, unless it is gone or of another tag by now.
    fn release_by(
        &self,
        repository: &str,
        tag: &str,
        number: u64,
    ) -> Result<Option<Release>, ForgeError> {
        let target = format!("/repos/{repository}/releases/{number}");
        let found = self
            .found(&target)?
            .filter(|document| document["tag_name"] == tag);
        if found.is_none() {
            self.remember(repository, tag, None);
        }
        found
            .map(|document| self.read_release(&target, &document))
            .transpose()
    }

    fn number(&self, repository: &str, tag: &str) -> Option<u64> {
        let numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        numbers
            .get(&(repository.to_owned(), tag.to_owned()))
            .copied()
    }

    fn remember(&self, repository: &str, tag: &str, number: Option<u64>) {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (repository.to_owned(), tag.to_owned());
        match number {
            Some(number) => numbers.insert(key, number),
            None => numbers.remove(&key),
        };
    }

    fn read_release(&self, target: &str, release: &Value) -> Result<Release, ForgeError> {
        let text = |name: &str| release[name].as_str().map(str::to_owned);
        let flag = |name: &str| release[name].as_bool();
        let read = || {
            Some(Release {
                number: release["id"].as_u64()?,
                title: text("name").unwrap_or_default(),
                body: text("body").unwrap_or_default().replace("\r\n", "\n"),
                is_draft: flag("draft")?,
                is_prerelease: flag("prerelease")?,
                is_immutable: flag("immutable").unwrap_or(false),
                page: text("html_url")?,
                files: release["assets"].as_array().map_or(0, Vec::len),
                // It ends with a template for the query.
                upload: text("upload_url")?.split('{').next()?.to_owned(),
            })
        };
        let ask = Ask {
            method: Method::GET,
            target: target.to_owned(),
            body: None,
        };
        read().ok_or_else(|| {
            self.error(
                &ask,
                ForgeErrorKind::Malformed,
                "the answer holds a release without number, state or address",
            )
        })
    }
}

fn words(told: &Told) -> Value {
    json!({ "name": told.title, "body": told.body, "target_commitish": told.commit, "prerelease": told.is_prerelease })
}
