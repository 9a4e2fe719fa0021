//! The file of a delivery repository that lists digests which no promotion may bring back.
//!
//! Entries are added at the end and taken out whole; whatever else people write into the file stays.

use crate::delivery::ReleaseImages;
use monorelease_model::image::Digest;
use serde::Deserialize;

use super::Bar;
use super::repository::tree::{PinFile, Snapshot};

/// Where the list lies, from the root of a delivery repository.
pub const BARS_FILE: &str = ".xtask/barred.toml";

const HEAD: &str = "# Digests that no promotion brings back: written by `cargo xtask rollback`, lifted by `cargo xtask unbar`.\n";

#[derive(Deserialize)]
struct List {
    #[serde(default)]
    barred: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    project: String,
    environment: String,
    digest: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    since: String,
    #[serde(default)]
    why: String,
    #[serde(default)]
    by: String,
}

/// The list, as it was read.
#[derive(Debug, Clone, Default)]
pub struct BlockList {
    pub bars: Vec<Bar>,
    pub text: String,
}

impl BlockList {
    /// The list of a commit; the inner error is what is wrong with the file, and begins with its name.
    ///
    /// # Errors
    /// The commit cannot be read.
    pub fn of(snapshot: &Snapshot<'_>) -> anyhow::Result<Result<Self, String>> {
        Ok(match snapshot.file(BARS_FILE)? {
            PinFile::Absent => Ok(Self::default()),
            PinFile::Text(text) => read_bars(&text)
                .map(|bars| Self { bars, text })
                .map_err(|why| format!("{BARS_FILE}: {why}")),
            PinFile::NotUtf8 | PinFile::Link(_) => Err(format!("{BARS_FILE}: is no text file")),
        })
    }

    /// What is blocked of a project in an environment.
    pub fn of_project<'a>(
        &'a self,
        project: &'a str,
        environment: &'a str,
    ) -> impl Iterator<Item = &'a Bar> {
        self.bars
            .iter()
            .filter(move |bar| bar.is_of(project, environment))
    }

    /// The first entry that blocks a release: by its own digest, or where pins name platforms alone by that of one.
    pub fn find_release(
        &self,
        project: &str,
        environment: &str,
        images: &ReleaseImages,
    ) -> Option<&Bar> {
        images
            .digests()
            .find_map(|digest| self.find(project, environment, digest))
    }

    pub fn find(&self, project: &str, environment: &str, digest: &Digest) -> Option<&Bar> {
        self.bars
            .iter()
            .find(|bar| bar.is_of(project, environment) && bar.digest == *digest)
    }
}

/// Reads the list.
///
/// # Errors
/// The text is no such list, as the end of a sentence that begins with the file's name.
pub fn read_bars(text: &str) -> Result<Vec<Bar>, String> {
    let list: List = toml_edit::de::from_str(text)
        .map_err(|error| format!("is no list of barred digests: {}", error.message()))?;
    let bar = |entry: Entry| {
        let digest = entry
            .digest
            .parse()
            .map_err(|error| format!("has an entry whose digest is none: {error}"))?;
        let Entry {
            project,
            environment,
            version,
            since,
            why,
            by,
            ..
        } = entry;
        Ok(Bar {
            project,
            environment,
            digest,
            version,
            since,
            why,
            by,
        })
    };
    list.barred.into_iter().map(bar).collect()
}

/// The list with one more entry; `text` is empty where there was no list.
pub fn add_bar(text: &str, bar: &Bar) -> String {
    let quoted = |value: &str| toml_edit::Value::from(value.replace(['\n', '\r'], " ")).to_string();
    let mut list = if text.is_empty() {
        HEAD.to_owned()
    } else {
        text.to_owned()
    };
    if !list.ends_with('\n') {
        list.push('\n');
    }
    list.push_str("\n[[barred]]\n");
    let rows = [
        ("project", bar.project.as_str()),
        ("environment", &bar.environment),
        ("digest", bar.digest.as_str()),
        ("version", &bar.version),
        ("since", &bar.since),
        ("why", &bar.why),
        ("by", &bar.by),
    ];
    rows.iter()
        .for_each(|(key, value)| list.push_str(&format!("{key} = {}\n", quoted(value))));
    list
}

/// The list without the entries of these digests. An entry goes with its own lines and a blank one before it.
///
/// # Errors
/// As [`read_bars`], or an entry is not written as lines of its own.
pub fn remove_bars(
    text: &str,
    project: &str,
    environment: &str,
    digests: &[Digest],
) -> Result<String, String> {
    let bars = read_bars(text)?;
    let goes = |bar: &Bar| bar.is_of(project, environment) && digests.contains(&bar.digest);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let begins: Vec<usize> = (0..lines.len())
        .filter(|&at| lines[at].trim() == "[[barred]]")
        .collect();
    let mut is_kept = vec![true; lines.len()];
    for (_, &begin) in bars.iter().zip(&begins).filter(|(bar, _)| goes(bar)) {
        let rest = &lines[begin + 1..];
        let own = &rest[..rest
            .iter()
            .position(|line| line.starts_with('['))
            .unwrap_or(rest.len())];
        let end = begin
            + 1
            + own
                .iter()
                .rposition(|line| is_said(line))
                .map_or(0, |last| last + 1);
        let start = if begin > 0 && lines[begin - 1].trim().is_empty() {
            begin - 1
        } else {
            begin
        };
        is_kept[start..end].fill(false);
    }
    let left: String = lines
        .iter()
        .zip(is_kept)
        .filter(|(_, is_kept)| *is_kept)
        .map(|(line, _)| *line)
        .collect();
    let wanted: Vec<Bar> = bars.into_iter().filter(|bar| !goes(bar)).collect();
    match read_bars(&left) {
        Ok(found) if found == wanted => Ok(left),
        _ => Err("has entries that are not written as [[barred]] with a key a line; take them out by hand".to_owned()),
    }
}

/// Whether a line is more than blanks and a comment.
fn is_said(line: &str) -> bool {
    !line.trim().is_empty() && !line.trim_start().starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(letter: char, environment: &str, why: &str) -> Bar {
        Bar {
            project: "api".into(),
            environment: environment.into(),
            digest: format!("sha256:{}", letter.to_string().repeat(64))
                .parse()
                .unwrap(),
            version: "0.2.0".into(),
            since: "2026-01-02T03:04:05Z".into(),
            why: why.into(),
            by: "Ann <ann@localhost>".into(),
        }
    }

    #[test]
    fn entries_are_added_read_and_taken_out() {
        let one = bar('a', "production", "it \"burns\"\nbrightly\\");
        let two = bar('a', "staging", "→");
        let list = add_bar(&add_bar("", &one), &two);
        let read = read_bars(&list).unwrap();
        assert_eq!(read[0].why, "it \"burns\" brightly\\");
        assert_eq!(read[1], two);
        let by_hand = format!("{list}\n# a word of ours\n");
        let rest = remove_bars(&by_hand, "api", "production", &[one.digest]).unwrap();
        assert_eq!(read_bars(&rest).unwrap(), [two]);
        assert!(
            rest.starts_with(HEAD) && rest.ends_with("# a word of ours\n"),
            "{rest}"
        );
        assert_eq!(read_bars("").unwrap(), []);
        let inline = format!(
            "barred = [{{ project = \"api\", environment = \"staging\", digest = \"{}\" }}]\n",
            rest_digest()
        );
        let refused = remove_bars(&inline, "api", "staging", &[rest_digest()]).unwrap_err();
        assert!(refused.contains("by hand"), "{refused}");
    }

    fn rest_digest() -> Digest {
        bar('a', "", "").digest
    }

    #[test]
    fn what_is_no_list_says_why() {
        for (text, said) in [
            ("barred = 1", "no list"),
            ("[[barred]]\nproject = \"a\"", "missing field"),
            ("[[", "no list"),
        ] {
            assert!(read_bars(text).unwrap_err().contains(said), "{text}");
        }
        let wrong = "[[barred]]\nproject = \"a\"\nenvironment = \"b\"\ndigest = \"sha256:1\"\n";
        assert!(read_bars(wrong).unwrap_err().contains("is no digest"));
    }
}
