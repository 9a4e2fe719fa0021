//! Paths as the configuration writes them: cleaned, and compared by their folders.

/// Whether `path` is `folder` or below it; both relative, with `/`.
pub fn is_within(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path == folder
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
}

/// A relative path that stays below where it starts, without `.` parts.
pub(crate) fn clean_path(path: &str) -> Result<String, String> {
    if path.starts_with('/') || path.contains('\\') || path.split('/').any(|part| part == "..") {
        return Err(format!(
            "path {path:?} leaves the repository; paths are relative to its root, with /"
        ));
    }
    Ok(path
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect::<Vec<_>>()
        .join("/"))
}

/// Whether a path fits a pattern: `?` is one character and `*` any number within a segment, `**` any number of segments.
pub fn fits(pattern: &str, path: &str) -> bool {
    let pattern: Vec<&str> = pattern.split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    // Which beginnings of the path the pattern so far fits; a table, so that no pattern takes exponential time.
    let mut reach = vec![false; path.len() + 1];
    reach[0] = true;
    for part in pattern {
        let mut next = vec![false; path.len() + 1];
        for at in 0..=path.len() {
            if part == "**" {
                next[at] = reach[at] || (at > 0 && next[at - 1]);
            } else {
                next[at] = at > 0 && reach[at - 1] && segment_fits(part, path[at - 1]);
            }
        }
        reach = next;
    }
    reach[path.len()]
}

fn segment_fits(pattern: &str, segment: &str) -> bool {
    let segment: Vec<char> = segment.chars().collect();
    let mut reach = vec![false; segment.len() + 1];
    reach[0] = true;
    for sign in pattern.chars() {
        let mut next = vec![false; segment.len() + 1];
        for at in 0..=segment.len() {
            next[at] = match sign {
                '*' => reach[at] || (at > 0 && next[at - 1]),
                '?' => at > 0 && reach[at - 1],
                _ => at > 0 && reach[at - 1] && segment[at - 1] == sign,
            };
        }
        reach = next;
    }
    reach[segment.len()]
}
