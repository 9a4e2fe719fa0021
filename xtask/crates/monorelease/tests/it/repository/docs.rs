//! The documents beside the sources: links lead somewhere, every verb is told of where a newcomer looks, and nothing is left over from a machine.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

fn root() -> PathBuf {
    crate::support::this_repository::root()
}

fn documents() -> Vec<(PathBuf, String)> {
    let folder = |path: PathBuf| {
        fs::read_dir(path)
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path())
    };
    let workflows = folder(root().join(".github/workflows"));
    let found = folder(root())
        .chain(folder(root().join("docs")))
        .chain(workflows);
    let documents =
        found.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    documents
        .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
        .collect()
}

/// As forges name a heading in an address: small letters, hyphens, and nothing else.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchor = |line: &str| {
        let words = line
            .trim_start_matches('#')
            .trim()
            .to_lowercase()
            .replace(' ', "-");
        words
            .chars()
            .filter(|char| char.is_alphanumeric() || "-_".contains(*char))
            .collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn links_lead_to_files_and_headings_that_are_there() {
    let mut seen = 0;
    for (path, text) in documents() {
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split_once(')'))
            .map(|(link, _)| link)
        {
            if link.contains("://")
                || !(link.starts_with('#')
                    || link.contains(".md")
                    || link.contains('/')
                    || link == "LICENSE")
            {
                continue;
            }
            let (file, heading) = link
                .split_once('#')
                .map_or((link, None), |(file, heading)| (file, Some(heading)));
            let target = if file.is_empty() {
                path.clone()
            } else {
                path.parent().unwrap().join(file)
            };
            assert!(target.exists(), "{}: {link} leads nowhere", path.display());
            if let Some(heading) = heading {
                let found = anchors(&fs::read_to_string(&target).unwrap());
                assert!(
                    found.contains(heading),
                    "{}: {link}: there is {found:?}",
                    path.display()
                );
            }
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen} links were seen");
}

#[test]
fn the_readme_tells_of_every_verb() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let reference = fs::read_to_string(root().join("docs/commands.md")).unwrap();
    let verbs: Vec<_> = reference
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .collect();
    assert!(verbs.len() > 10, "{verbs:?}");
    for verb in verbs {
        let is_told = readme
            .match_indices(&format!("cargo xtask {verb}"))
            .any(|(at, found)| {
                let next = readme[at + found.len()..].chars().next();
                next.is_none_or(|char| !(char.is_alphanumeric() || char == '-'))
            });
        assert!(is_told, "README.md does not tell of {verb}");
    }
}
