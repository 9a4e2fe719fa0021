//! What the tool is called in this run, so that a hint can be pasted as it is.
//!
//! Texts say `cargo xtask`, the name inside a repository. Called as `monorelease`, the tool says that name in its place when it
//! prints. What is written into files, commits and pull requests keeps `cargo xtask`, wherever it was written.

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::Path;
use std::sync::LazyLock;

use crate::world::environment;

const IN_REPOSITORY: &str = "cargo xtask";
const ALONE: &str = "monorelease";
/// As a subcommand of cargo, which passes the subcommand's name as the first argument.
const OF_CARGO: &str = "cargo-monorelease";

static NAME: LazyLock<&str> = LazyLock::new(|| {
    let program = environment::arguments().next();
    named_by(program.as_deref().and_then(stem))
});

fn stem(program: &std::ffi::OsStr) -> Option<&str> {
    Path::new(program).file_stem()?.to_str()
}

fn named_by(stem: Option<&str>) -> &'static str {
    match stem {
        Some(ALONE) => ALONE,
        _ => IN_REPOSITORY,
    }
}

/// What a person types to call this program.
pub fn name() -> &'static str {
    *NAME
}

/// A text with the program called by its name in this run.
pub fn named(text: &str) -> Cow<'_, str> {
    if name() == IN_REPOSITORY || !text.contains(IN_REPOSITORY) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace(IN_REPOSITORY, name()))
}

/// The arguments of this run, without the subcommand that cargo adds.
pub fn arguments() -> impl Iterator<Item = OsString> {
    let mut arguments: Vec<OsString> = environment::arguments().collect();
    let is_of_cargo = arguments.first().and_then(|program| stem(program)) == Some(OF_CARGO);
    if is_of_cargo && arguments.get(1).is_some_and(|first| first == ALONE) {
        arguments.remove(1);
    }
    arguments.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_called_by_the_stem_of_its_name() {
        for (stem, name) in [
            (Some("monorelease"), "monorelease"),
            (Some("cargo-monorelease"), "cargo xtask"),
            (Some("xtask"), "cargo xtask"),
            (Some("it-8f3a"), "cargo xtask"),
            (None, "cargo xtask"),
        ] {
            assert_eq!(named_by(stem), name, "{stem:?}");
        }
    }
}
