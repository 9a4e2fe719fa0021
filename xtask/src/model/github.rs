//! What GitHub makes of names and texts: the client predicts it, the stand-in does it.

/// The forge takes no longer text, in characters.
pub const BODY_CHARS_MAX: usize = 125_000;

/// The name under which the forge keeps a file: it puts a dot in the place of what it does not take, and drops dots at both
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
