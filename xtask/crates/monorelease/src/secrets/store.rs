//! Values of secrets: read from the environment when they are wanted, handed to a program over its stdin or in a private file,
//! and told of by fingerprints alone. A value is never in an argument, and what a program says is searched for it (law 17).
//!
//! Which secrets go where is decided above.

#![allow(
    clippy::disallowed_methods,
    reason = "a private file is created with its mode"
)]

use std::collections::BTreeSet;
use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use monorelease_model::image::Digest;
use monorelease_process::interrupts::interrupts;
use monorelease_process::{Call, last_lines};
use sha2::Digest as _;
use sha2::Sha256;
use std::io::Write as _;
use tempfile::TempDir;

use crate::world::World;
use crate::world::variables::variable;

/// How long a store may take.
const LIMIT: Duration = Duration::from_secs(120);
/// A value as short as this stands in many a text: what a program says is kept back then.
const TOO_SHORT: usize = 4;
/// The variable that makes fingerprints of several runs comparable.
pub const SALT: &str = "XTASK_SECRETS_SALT";

/// A value that does not print itself.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretValue(String);

impl std::fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl SecretValue {
    /// The value, to be handed over and nothing else.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    pub fn base64(&self) -> String {
        BASE64.encode(&self.0)
    }
}

/// The value of a variable; an empty one is none, as a CI gives for a secret that is not set.
pub fn value(name: &str) -> Option<SecretValue> {
    variable(name).map(SecretValue)
}

/// What tells equal values and nothing else: a keyed digest, cut short. The key is the user's, or this run's alone.
pub fn fingerprint(value: &SecretValue) -> String {
    static KEY: OnceLock<Vec<u8>> = OnceLock::new();
    let key = KEY.get_or_init(|| match variable(SALT) {
        Some(salt) => salt.into_bytes(),
        // Seeded by the system, anew in every run.
        None => [RandomState::new(), RandomState::new()]
            .iter()
            .flat_map(|state| state.build_hasher().finish().to_be_bytes())
            .collect(),
    });
    let inner = Sha256::new()
        .chain_update(b"inner")
        .chain_update(key)
        .chain_update(value.0.as_bytes())
        .finalize();
    let outer = Sha256::new()
        .chain_update(b"outer")
        .chain_update(key)
        .chain_update(inner);
    Digest::from_hasher(outer).hex()[..8].to_owned()
}

/// A file that only its owner reads, and that goes when it is dropped, or when a signal ends the program.
pub struct PrivateFile {
    path: PathBuf,
    _folder: TempDir,
}

impl PrivateFile {
    pub fn new(text: &str) -> anyhow::Result<Self> {
        let folder = private_folder()?;
        let path = folder.path().join("secrets.json");
        // Before there is anything in it: whoever ends the program knows of it then.
        interrupts().remove_at_end(folder.path());
        let file = Self {
            path,
            _folder: folder,
        };
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut open = options
            .open(&file.path)
            .with_context(|| format!("making {}", file.path.display()))?;
        open.write_all(text.as_bytes())
            .with_context(|| format!("writing {}", file.path.display()))?;
        Ok(file)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// A temporary folder that nobody else looks into, whatever the user's mask says.
fn private_folder() -> anyhow::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir().context("making a private folder")
}

impl Drop for PrivateFile {
    fn drop(&mut self) {
        // The folder goes with this, and with all that is in it.
        if let Some(folder) = self.path.parent() {
            interrupts().forget(folder);
        }
    }
}

/// What this run has handed over to stores that cannot be asked.
fn handed() -> &'static Mutex<BTreeSet<String>> {
    static HANDED: OnceLock<Mutex<BTreeSet<String>>> = OnceLock::new();
    HANDED.get_or_init(Mutex::default)
}

pub fn remember_handed(what: &str) {
    handed()
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(what.to_owned());
}

pub fn was_handed(what: &str) -> bool {
    handed()
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .contains(what)
}

impl World {
    /// Keeps the values of secrets out of all that is shown from now on; one as short as a word stands in many a line that has
    /// nothing to hide.
    pub fn hide_secrets(&mut self, variables: impl Iterator<Item = String>) {
        let values = variables
            .filter_map(|name| value(&name))
            .flat_map(|value| forms(&value));
        self.runner.also_hide(values.filter(|form| form.len() >= 6));
    }

    /// Calls a program with this on its stdin, and gives what it printed on stdout. What it says is in an error alone, without
    /// any of the values.
    ///
    /// # Errors
    /// It ended badly, or not within its time.
    pub fn hand_over(
        &self,
        call: &Call,
        stdin: &str,
        values: &[SecretValue],
    ) -> anyhow::Result<String> {
        let line = call.line();
        let call = call.clone().input(stdin).time_limit(LIMIT);
        let output = self.runner.raw_output(&call)?;
        if !output.status.success() {
            let said = [&output.stderr, &output.stdout]
                .map(|bytes| String::from_utf8_lossy(bytes).trim_end().to_owned());
            let said = said
                .into_iter()
                .find(|text| !text.is_empty())
                .unwrap_or_else(|| "it said nothing".to_owned());
            bail!(
                "`{line}` failed ({}): {}",
                output.status,
                last_lines(&self.without(&said, values), 12)
            );
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// A text without the values in it, however they are written there.
    fn without(&self, text: &str, values: &[SecretValue]) -> String {
        if values.iter().any(|value| value.0.trim().len() < TOO_SHORT) {
            return "what it said is kept back: a secret is too short to be found in it".to_owned();
        }
        let mut forms: Vec<String> = values
            .iter()
            .flat_map(forms)
            .filter(|form| form.len() >= TOO_SHORT)
            .collect();
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        self.runner
            .redact(&forms.iter().fold(text.to_owned(), |text, form| {
                text.replace(form.as_str(), "…")
            }))
    }
}

/// A value as it may be repeated: as it is, line by line, as a text of JSON, in base64.
fn forms(value: &SecretValue) -> Vec<String> {
    let json = serde_json::Value::from(value.0.as_str()).to_string();
    let lines = value.0.lines().map(|line| line.trim().to_owned());
    lines
        .chain([
            value.0.clone(),
            json.trim_matches('"').to_owned(),
            value.base64(),
        ])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_equal_fingerprints_and_others_have_others() {
        let of = |text: &str| fingerprint(&SecretValue(text.into()));
        assert_eq!(of("one"), of("one"));
        assert_ne!(of("one"), of("two"));
        assert_eq!(of("one").len(), 8);
        assert_eq!(format!("{:?}", SecretValue("one".into())), "…");
    }

    #[cfg(unix)]
    #[test]
    fn a_private_file_is_its_owners_and_goes() {
        use std::os::unix::fs::PermissionsExt;
        let file = PrivateFile::new("{}").unwrap();
        let path = file.path().to_owned();
        let folder = file.path().parent().unwrap().to_owned();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(
            fs::metadata(&folder).unwrap().permissions().mode() & 0o777,
            0o700
        );
        drop(file);
        assert!(!folder.exists());
    }

    #[test]
    fn a_value_is_known_in_every_form() {
        let forms = forms(&SecretValue("a\"b\nsecond".into()));
        for wanted in [
            "a\"b\nsecond",
            "a\\\"b\\nsecond",
            "second",
            "YSJiCnNlY29uZA==",
        ] {
            assert!(
                forms.iter().any(|form| form == wanted),
                "{wanted}: {forms:?}"
            );
        }
    }
}
