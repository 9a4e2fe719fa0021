//! Names of projects and environments: what every place that they are written into can hold. They become files of the ledger,
//! parts of branches, words of a command line. Which names there are, the configuration says.

/// Why a name cannot be one, as the end of a sentence that begins with it; `None` for one that can.
pub fn fault(name: &str) -> Option<&'static str> {
    let is_none_of_git =
        |part: &str| ["", ".", ".."].contains(&part) || part.eq_ignore_ascii_case(".git");
    if name.is_empty() {
        Some("is no name: it is empty")
    } else if name.starts_with('-') {
        Some("is no name: a command line takes it for a flag")
    } else if name.chars().any(|c| c.is_whitespace() || c.is_control()) {
        Some("is no name: a blank stands in it, which no branch can have")
    } else if name.split('/').any(is_none_of_git) {
        Some(
            "is no name: git allows no file of it, since a part of it is empty, `.`, `..` or `.git`",
        )
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::fault;

    #[test]
    fn a_name_is_what_git_and_a_shell_can_hold() {
        for name in [
            "api",
            "a_b.c-d",
            "services/api",
            "prod-é",
            "llm/litellm@1",
            "x..y",
            "...",
            "git",
        ] {
            assert_eq!(fault(name), None, "{name:?}");
        }
        for name in [
            "", "-x", "a b", "a\tb", "a\nb", ".", "..", "../x", "x/../y", "/x", "x/", "a//b",
            ".git", "x/.GIT",
        ] {
            assert!(fault(name).is_some(), "{name:?}");
        }
    }
}
