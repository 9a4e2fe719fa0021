//! The branches of a run, each opened once, and this repository's own remote as its owner set it up.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::{Context, anyhow};
use git2::{ErrorCode, Repository};
use monorelease_http_client::url::without_user;
use monorelease_process::Runner;

use super::branch::{DeliveryBranch, REMOTE};
use super::cache::Made;
use super::expected::Expected;
use super::settings::settings;
use crate::fault::Fault;
use crate::github::{Forge, ForgeOptions};
use crate::world::environment::Environment;
use crate::world::files;

/// The branches that this run has fetched.
#[derive(Default)]
pub struct Deliveries {
    open: Mutex<HashMap<(String, String), Arc<DeliveryBranch>>>,
    /// Where this repository's remote really is, by the address that is shown: that has no password in it.
    own: Mutex<HashMap<String, Own>>,
    pub expected: Arc<Expected>,
    /// The client of the forge for repositories that are not this one.
    forge: OnceLock<Forge>,
}

/// The addresses of this repository's remote, as the user set them up.
#[derive(Clone, Default)]
struct Own {
    url: String,
    push_url: Option<String>,
}

/// What a branch is opened with.
pub struct Run<'a> {
    pub runner: &'a Runner,
    /// The root of the work tree, whose git settings hold for the private copy too.
    pub root: &'a Path,
    pub environment: &'a Environment,
}

impl Deliveries {
    /// The address at which this repository's own pins are: its remote's, without the password that may be in it.
    ///
    /// # Errors
    /// There is no such remote (2).
    pub fn own_address(
        &self,
        repository: &Repository,
        root: &Path,
        remote: &str,
    ) -> anyhow::Result<String> {
        match repository.find_remote(remote) {
            Ok(found) => {
                let url = found
                    .url()
                    .map_err(|_| anyhow!("the address of {remote} is not UTF-8"))?
                    .to_owned();
                // A path is from the root of the work tree, and ours is another folder.
                let local = root.join(&url);
                let url = if !url.contains(':') && files::exists(&local) {
                    local.display().to_string()
                } else {
                    url
                };
                let push_url = found.pushurl().ok().flatten().map(str::to_owned);
                let shown = without_user(&url);
                let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
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
    pub fn branch(
        &self,
        run: &Run<'_>,
        address: &str,
        branch: &str,
        is_own: bool,
    ) -> anyhow::Result<Arc<DeliveryBranch>> {
        let key = (address.to_owned(), branch.to_owned());
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = open.get(&key) {
            return Ok(Arc::clone(known));
        }
        let folder = files::temporary_folder()?;
        let mut settings = settings(run.runner, run.root, run.environment, is_own)?;
        let known = self
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
        let runner = run.runner.clone();
        let made = DeliveryBranch {
            folder,
            address: key.0.clone(),
            branch: key.1.clone(),
            runner,
            settings,
            turn: Mutex::default(),
            made: Made::default(),
            expected: Arc::clone(&self.expected),
        };
        made.runner
            .output(&made.call(&["init", "--quiet", "--bare", "--template="]))?;
        let made = Arc::new(made);
        open.insert(key, Arc::clone(&made));
        Ok(made)
    }

    /// The client of the forge for repositories that are not this one: what a forge lends to a workflow is good for the workflow's own
    /// repository alone, so another one may have a token of its own.
    pub fn forge(&self, environment: &Environment) -> &Forge {
        self.forge.get_or_init(|| {
            let credentials = environment.delivery_credentials();
            let token = credentials
                .as_ref()
                .map(|credentials| credentials.token.as_str());
            Forge::new(ForgeOptions::new(&environment.forge_api, token))
        })
    }
}
