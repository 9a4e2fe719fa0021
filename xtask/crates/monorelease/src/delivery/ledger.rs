//! The ledger: what environments are to run, and which checks it passed there, in a ref of this repository's remote.
//!
//! It has a file for each project in an environment, ours alone and written whole, and the list of blocked digests of
//! environments without pins. When it is written is decided by `deploy`.

use std::collections::BTreeMap;

use monorelease_model::image::Digest;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::Said;
use super::deploy::checks::{Phase, Task};

/// Where it is written down what an environment is to run and what passed there: a ref of this repository's remote. It is no
/// branch, so that no rule about branches is in its way and no workflow begins at a push to it.
pub const LEDGER_REF: &str = "refs/xtask/environments";

const FILE_HEAD: &str = "# What is to run here, and what passed: written by `cargo xtask promote`, `rollback` and `release` alone.\n";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    #[serde(default)]
    version: String,
    digest: String,
    #[serde(default)]
    passed: BTreeMap<String, String>,
}

/// Reads the file.
///
/// # Errors
/// It is none of ours, as the end of a sentence that begins with its name.
pub fn read_entry(text: &str) -> Result<Entry, String> {
    let keys: Keys = toml_edit::de::from_str(text)
        .map_err(|error| format!("is no record of a deployment: {}", error.message()))?;
    let digest = |text: &str| {
        text.parse::<Digest>()
            .map_err(|error| format!("is no record of a deployment: {error}"))
    };
    let passed = keys
        .passed
        .iter()
        .map(|(word, words)| Ok((word.clone(), digest(words)?)))
        .collect::<Result<_, String>>()?;
    Ok(Entry {
        version: keys.version,
        digest: digest(&keys.digest)?,
        passed,
    })
}

/// The file as it is to be.
pub fn write_entry(entry: &Entry) -> String {
    let quoted = |text: &str| toml_edit::Value::from(text).to_string();
    let mut text = format!(
        "{FILE_HEAD}version = {}\ndigest = {}\n",
        quoted(&entry.version),
        quoted(entry.digest.as_str())
    );
    if !entry.passed.is_empty() {
        text.push_str("\n[passed]\n");
    }
    entry
        .passed
        .iter()
        .for_each(|(word, words)| text.push_str(&format!("{word} = {}\n", quoted(words.as_str()))));
    text
}

/// What the ledger says of a project in an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Empty where the digest alone is known.
    pub version: String,
    /// What is to run there, and is all that the rest is about.
    pub digest: Digest,
    /// What passed, each with the words of its check.
    pub passed: BTreeMap<String, Digest>,
}

impl Entry {
    pub fn said(&self) -> Said {
        Said {
            version: Some(self.version.clone()).filter(|version| !version.is_empty()),
            digest: Some(self.digest.clone()),
        }
    }

    /// Whether a task passed on a digest, in the words that it has now.
    pub fn has_passed(&self, digest: &Digest, task: &Task) -> bool {
        self.digest == *digest && self.passed.get(task.phase.word()) == Some(&task.words())
    }

    /// A task passed: what comes after it has still to show that it does.
    pub fn passes(&mut self, task: &Task) {
        let before: Vec<&str> = Phase::ALL
            .iter()
            .filter(|phase| **phase < task.phase)
            .map(|phase| phase.word())
            .collect();
        self.passed
            .retain(|word, _| before.contains(&word.as_str()));
        self.passed
            .insert(task.phase.word().to_owned(), task.words());
    }
}

/// What is written as `%XX`. Ledgers exist, so it stays as it is.
const NOT_IN_FILE_NAMES: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');

/// Where the ledger keeps a project in an environment. Names may have any characters, and a path may not.
pub fn entry_file(environment: &str, project: &str) -> String {
    let clean = |name| utf8_percent_encode(name, NOT_IN_FILE_NAMES);
    format!("{}/{}.toml", clean(environment), clean(project))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let passed = BTreeMap::from([("smoke".to_owned(), Digest::of(b"words"))]);
        for version in ["", "0.2.0", "1.0.0+\"x\""] {
            for passed in [passed.clone(), BTreeMap::new()] {
                let entry = Entry {
                    version: version.to_owned(),
                    digest: Digest::of(b"image"),
                    passed,
                };
                assert_eq!(read_entry(&write_entry(&entry)), Ok(entry));
            }
        }
    }

    #[test]
    fn what_is_none_of_ours_is_told() {
        for text in [
            "",
            "digest = 1",
            "digest = \"x\"",
            "digest = [",
            "digest = \"sha256:1\"\nmore = 1",
            "\u{0}",
        ] {
            let error = read_entry(text).unwrap_err();
            assert!(
                error.starts_with("is no record of a deployment: "),
                "{text:?}: {error}"
            );
        }
    }
}
