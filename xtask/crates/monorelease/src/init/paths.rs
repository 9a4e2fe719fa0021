//! Paths of the tree: relative to its root, with `/`, and the root itself is empty. Words alone; no folder is looked at.

/// The folder a file lies in.
pub fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The last segment.
pub fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A path as it reads from `folder`; `None` when it lies elsewhere.
pub fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    if folder.is_empty() {
        return Some(path);
    }
    path.strip_prefix(folder)?.strip_prefix('/')
}

/// A name that git takes in a tag and TOML takes as a key: letters, digits, and `-`, `_`, `.` between them.
pub fn plain_name(name: &str) -> String {
    let name = name.rsplit('/').next().unwrap_or(name);
    let mut plain = String::new();
    for letter in name.chars() {
        match letter {
            letter if letter.is_alphanumeric() => plain.push(letter),
            '_' | '.' | '-' if !plain.ends_with(['-', '.', '_']) => plain.push(letter),
            _ if !plain.ends_with(['-', '.', '_']) => plain.push('-'),
            _ => {}
        }
    }
    plain
        .trim_matches(['-', '.', '_'])
        .trim_end_matches(".lock")
        .to_owned()
}

/// As registries want it in an image's name.
pub fn image_name(name: &str) -> String {
    let ascii: String = name
        .chars()
        .map(|letter| {
            if letter.is_ascii() {
                letter.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    plain_name(&ascii)
}

/// A Python project's name as its module is called.
pub fn module_name(name: &str) -> String {
    name.to_ascii_lowercase().replace(['-', '.'], "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_words() {
        assert_eq!(
            (below("a/b", "a"), below("ab", "a"), below("ab", "")),
            (Some("b"), None, Some("ab"))
        );
        assert_eq!(
            (folder_of("a/b/c"), folder_of("c"), file_name("a/c")),
            ("a/b", "", "c")
        );
    }

    #[test]
    fn names_become_what_git_and_registries_take() {
        for (name, plain, image) in [
            ("@acme/web", "web", "web"),
            ("My App!", "My-App", "my-app"),
            ("données", "données", "donn-es"),
            ("..", "", ""),
            ("a..b", "a.b", "a.b"),
            ("x.lock", "x", "x"),
        ] {
            assert_eq!(
                (plain_name(name).as_str(), image_name(name).as_str()),
                (plain, image),
                "{name}"
            );
        }
    }
}
