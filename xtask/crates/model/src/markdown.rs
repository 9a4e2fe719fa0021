//! Words of a commit as Markdown that shows them and does nothing else: no heading, no HTML, no link, nobody called,
//! no issue closed.
//!
//! Parsers of Markdown read it. None writes a text so that GitHub shows its very characters and notifies no one.

/// Longest text of one entry, in characters; what is longer is no line for a changelog.
const LONGEST: usize = 400;

/// Escapes one line. Code in backticks stays code, addresses stay addresses, and `@name` becomes code, since forges call people by
/// any other spelling of it.
pub fn escaped(text: &str) -> String {
    let line = one_line(text);
    // Backticks that do not pair, or come in runs, could hide what follows from the escaping.
    let is_paired = line.matches('`').count().is_multiple_of(2) && !line.contains("``");
    let mut out = String::with_capacity(line.len() + 16);
    if is_paired {
        for (place, piece) in line.split('`').enumerate() {
            match place % 2 {
                0 => words(&mut out, piece, place == 0),
                _ => out.extend(["`", piece, "`"]),
            }
        }
    } else {
        words(&mut out, &line, true);
    }
    out
}

/// Without line breaks, control characters, and those that turn the direction of what follows.
fn one_line(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}');
    let plain: String = text
        .chars()
        .map(|c| if c.is_control() || turns(c) { ' ' } else { c })
        .take(LONGEST + 1)
        .collect();
    let plain = plain.trim();
    match plain.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", plain[..end].trim_end()),
        None => plain.to_owned(),
    }
}

fn words(out: &mut String, piece: &str, is_start: bool) {
    let mut rest = piece;
    if is_start {
        rest = start(out, piece);
    }
    let mut before = out.chars().next_back().unwrap_or(' ');
    while let Some(next) = rest.chars().next() {
        let is_word_before = before.is_alphanumeric();
        let address = if is_word_before { 0 } else { address(rest) };
        let name = if is_word_before { 0 } else { mention(rest) };
        // A forge knows an issue by its address, too.
        let issue = if closes(out) {
            issue(rest).max(address)
        } else {
            0
        };
        let name = name.max(issue);
        let taken = if address > 0 && issue == 0 {
            out.push_str(&rest[..address]);
            address
        } else if name > 0 {
            out.extend(["`", &rest[..name], "`"]);
            name
        } else {
            let after = rest[next.len_utf8()..].chars().next().unwrap_or(' ');
            if is_special(before, next, after) {
                out.push('\\');
            }
            out.push(next);
            next.len_utf8()
        };
        before = rest[..taken].chars().next_back().unwrap_or(' ');
        rest = &rest[taken..];
    }
}

/// What would begin a list, a heading or a quote; gives what comes after it.
fn start<'t>(out: &mut String, line: &'t str) -> &'t str {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &line[digits..];
    match rest.chars().next() {
        Some(mark @ ('.' | ')')) if digits > 0 => {
            out.push_str(&line[..digits]);
            out.extend(['\\', mark]);
            &rest[1..]
        }
        Some(mark @ ('#' | '+' | '-' | '>' | '=')) if digits == 0 => {
            out.extend(['\\', mark]);
            &rest[1..]
        }
        _ => line,
    }
}

fn is_special(before: char, next: char, after: char) -> bool {
    match next {
        '\\' | '`' | '*' | '[' | ']' | '<' | '~' | '$' | '|' => true,
        // Between letters it is part of a name.
        '_' => !(before.is_alphanumeric() && after.is_alphanumeric()),
        '&' => after.is_alphanumeric() || after == '#',
        // A second one behind a heading's is none; one that names a person stands in code by now.
        _ => false,
    }
}

/// How long the address is that stands at the beginning, in bytes.
fn address(text: &str) -> usize {
    let Some(scheme) = ["https://", "http://"]
        .into_iter()
        .find(|scheme| text.starts_with(scheme))
    else {
        return 0;
    };
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~/?#=&%+:,".contains(byte);
    let length = scheme.len() + text[scheme.len()..].bytes().take_while(is_plain).count();
    text[..length].trim_end_matches(['.', ',', ':', '?']).len()
}

/// How long the `@name` or `@team/name` is that stands at the beginning, in bytes.
fn mention(text: &str) -> usize {
    let Some(rest) = text.strip_prefix('@') else {
        return 0;
    };
    let name = rest
        .bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"-_/.".contains(byte))
        .count();
    if name == 0 { 0 } else { 1 + name }
}

/// How long the `#12`, `team/name#12` or `GH-12` is that stands at the beginning, in bytes.
fn issue(text: &str) -> usize {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    if text
        .get(..3)
        .is_some_and(|start| start.eq_ignore_ascii_case("GH-"))
        && digits(&text[3..]) > 0
    {
        return 3 + digits(&text[3..]);
    }
    let name = text
        .bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"-_/.".contains(byte))
        .count();
    let Some(number) = text[name..].strip_prefix('#') else {
        return 0;
    };
    if digits(number) == 0 {
        0
    } else {
        name + 1 + digits(number)
    }
}

/// Whether what was written ends with a word that makes a forge close the issue named next, when the text is merged.
fn closes(written: &str) -> bool {
    let Some(written) = written.strip_suffix(' ') else {
        return false;
    };
    let written = written.strip_suffix(':').unwrap_or(written);
    let word = written
        .rsplit(|c: char| !c.is_ascii_alphabetic())
        .next()
        .unwrap_or_default();
    [
        "close", "closes", "closed", "fix", "fixes", "fixed", "resolve", "resolves", "resolved",
    ]
    .iter()
    .any(|known| word.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_do_nothing_but_show() {
        for (text, expected) in [
            ("add x", "add x"),
            ("# heading", "\\# heading"),
            ("a # b", "a # b"),
            ("<script>alert(1)</script>", "\\<script>alert(1)\\</script>"),
            ("<!-- hidden", "\\<!-- hidden"),
            (
                "thanks @octocat and @acme/team",
                "thanks `@octocat` and `@acme/team`",
            ),
            ("mail a@b.c", "mail a@b.c"),
            ("add `@spawn` and `<T>`", "add `@spawn` and `<T>`"),
            ("one ` <b> tick @x", "one \\` \\<b> tick `@x`"),
            ("``` fence", "\\`\\`\\` fence"),
            (
                "[link](http://x) ![i](y)",
                "\\[link\\](http://x) !\\[i\\](y)",
            ),
            (
                "*bold* _it_ snake_case ~~no~~",
                "\\*bold\\* \\_it\\_ snake_case \\~\\~no\\~\\~",
            ),
            ("see https://a.b/c_d?e=f, or", "see https://a.b/c_d?e=f, or"),
            ("- nested", "\\- nested"),
            ("1. first", "1\\. first"),
            ("1.2.3 is out", "1\\.2.3 is out"),
            ("&lt;b&gt; a & b", "\\&lt;b\\&gt; a & b"),
            (
                "closes #1, Fixes: acme/mono#23; see #4",
                "closes `#1`, Fixes: `acme/mono#23`; see #4",
            ),
            (
                "fixes https://a.b/issues/5 and Closes GH-9",
                "fixes `https://a.b/issues/5` and Closes `GH-9`",
            ),
            ("a\r\nb\u{202e}c\u{7}", "a  b c"),
            ("$x$ and | cell", "\\$x\\$ and \\| cell"),
            ("back\\slash", "back\\\\slash"),
        ] {
            assert_eq!(escaped(text), expected, "{text:?}");
        }
        let long = escaped(&"x".repeat(1_000_000));
        assert_eq!(long.chars().count(), LONGEST + 1);
        assert!(long.ends_with('…'));
    }
}
