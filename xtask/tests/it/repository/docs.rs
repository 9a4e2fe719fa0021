//! The documents beside the sources: links lead somewhere, every verb is told of where a newcomer looks, and nothing is left over from a machine.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
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

/// Whoever copies what the README says gets documents whose links lead to documents that were copied as well.
#[test]
fn the_documents_of_an_adopter_name_no_other() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let line = readme
        .lines()
        .find(|line| line.starts_with("cp -n docs/"))
        .expect("README.md says which documents are copied");
    let copied: BTreeSet<&str> = line
        .split_whitespace()
        .filter_map(|word| word.strip_prefix("docs/"))
        .collect();
    assert!(copied.contains("configuration.md"), "{copied:?}");
    for name in &copied {
        let text = fs::read_to_string(root().join("docs").join(name)).unwrap();
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split_once(')'))
            .map(|(link, _)| link)
        {
            let file = link.split('#').next().unwrap_or_default();
            let is_ours = !file.is_empty() && !file.contains("://") && file.ends_with(".md");
            assert!(
                !is_ours || copied.contains(file),
                "docs/{name}: {link} leads to a document that is not copied"
            );
        }
    }
}

/// Tests that read this repository's own files would fail wherever the crate is copied to: the README removes their folder there.
#[test]
fn an_adopter_takes_no_test_of_this_repository() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for line in [
        "rm -r ../other/xtask/tests/it/repository ",
        "sed -i '/^mod repository;$/d' ../other/xtask/tests/it/main.rs",
    ] {
        assert!(readme.contains(line), "README.md lacks: {line}");
    }
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let main = fs::read_to_string(tests.join("main.rs")).unwrap();
    assert!(main.lines().any(|line| line == "mod repository;"));
    let mut files = Vec::new();
    rust_files(&tests, &mut files);
    let is_about_here = |path: &&PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        ["copy_to(&", "(env!(\"CARGO_MANIFEST_DIR\")).parent()"]
            .iter()
            .any(|words| text.contains(words))
    };
    let about: BTreeSet<_> = files.iter().filter(is_about_here).collect();
    let removed: BTreeSet<_> = files
        .iter()
        .filter(|path| path.starts_with(tests.join("repository")) && !path.ends_with("mod.rs"))
        .collect();
    assert_eq!(about, removed);
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => rust_files(&path, files),
            false => files.push(path),
        }
    }
}
