//! What GitHub makes of names and texts: the client predicts it, the stand-in does it.

/// The longest body of a release or a pull request, in characters.
pub const BODY_CHARS_MAX: usize = 125_000;

/// The name under which GitHub keeps a file: it puts a dot in the place of what it does not take, and drops dots at both
/// ends. A name is given so from the beginning, so that what is listed is what is downloaded.
pub fn asset_name(file: &str) -> String {
    let kept = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') {
            c
        } else {
            '.'
        }
    };
    file.chars()
        .map(kept)
        .collect::<String>()
        .trim_matches('.')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_the_name_that_github_would_give_it() {
        for (file, name) in [
            ("a-1.0_x.whl", "a-1.0_x.whl"),
            ("a b~c+d.txt", "a.b.c.d.txt"),
            (".hidden.", "hidden"),
            ("é.txt", "txt"),
        ] {
            assert_eq!(asset_name(file), name);
        }
    }
}
