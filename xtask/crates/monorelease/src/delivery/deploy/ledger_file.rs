//! The ledger's file for a project in an environment: what is to run there, and which checks it passed.
//!
//! The file is ours alone and written whole. Where it lies, and when it is written, is decided above.

use std::collections::BTreeMap;

use monorelease_model::image::Digest;
use serde::Deserialize;

use super::Entry;

const HEAD: &str = "# What is to run here, and what passed: written by `cargo xtask promote`, `rollback` and `release` alone.\n";

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
        "{HEAD}version = {}\ndigest = {}\n",
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
