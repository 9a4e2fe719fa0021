//! Paths as manifests and locks write them, seen from the root of the repository. It asks no file system.

/// A name in a folder, the root being the empty one.
pub fn below(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// A relative path seen from the root; `None` when it leaves the repository.
pub fn joined(folder: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    if relative.starts_with('/') {
        return None;
    }
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn a_relative_path_is_seen_from_the_root() {
        assert_eq!(joined("a/b", "../c").as_deref(), Some("a/c"));
        assert_eq!(joined("", ".").as_deref(), Some(""));
        assert_eq!(joined("a", "./x/").as_deref(), Some("a/x"));
        assert_eq!(joined("a", "../../x"), None);
        assert_eq!(joined("a", "/x"), None);
    }
}
