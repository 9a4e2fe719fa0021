//! What every source file of the tool's crates keeps to.

use std::fs;
use std::path::PathBuf;

use crate::support::git_in;
use crate::support::this_repository::root;

/// The sources of all crates below `xtask/crates`, without tests.
fn sources() -> Vec<(PathBuf, String)> {
    let listed = git_in(&root(), &["ls-files", "xtask/crates/*/src/*.rs"]);
    let found: Vec<_> = listed
        .lines()
        .filter(|path| !path.contains("tests"))
        .map(|path| root().join(path))
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
        .collect();
    assert!(found.len() > 200, "{} sources were found", found.len());
    found
}

#[test]
fn every_file_says_what_it_is_for() {
    for (path, text) in sources() {
        assert!(
            text.starts_with("//! "),
            "{} does not open with what it is for",
            path.display()
        );
    }
}

#[test]
fn nothing_in_the_sources_knows_a_project_of_this_repository() {
    for (path, text) in sources() {
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let lines = code.lines().enumerate();
        for (number, line) in lines.filter(|(_, line)| !line.trim_start().starts_with("//")) {
            assert!(
                !line.contains("percol"),
                "{}:{}: facts of this repository belong in monorepo.toml",
                path.display(),
                number + 1
            );
        }
    }
}
