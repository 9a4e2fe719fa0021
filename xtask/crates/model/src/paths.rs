//! Paths of the repository: relative to its root, with `/`, and the root itself is empty. Words alone; no folder is looked
//! at, and no link is followed.

/// A path below a folder.
pub fn join(folder: &str, path: &str) -> String {
    if folder.is_empty() {
        path.to_owned()
    } else {
        format!("{folder}/{path}")
    }
}

/// What a path of a manifest in `folder` names in the tree; `None` when it leaves it.
pub fn resolve(folder: &str, path: &str) -> Option<String> {
    let path = path.replace('\\', "/");
    if path.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::{join, resolve};

    #[test]
    fn a_relative_path_is_seen_from_the_root() {
        assert_eq!(resolve("a/b", "../c").as_deref(), Some("a/c"));
        assert_eq!(resolve("", ".").as_deref(), Some(""));
        assert_eq!(resolve("a", "./x/").as_deref(), Some("a/x"));
        assert_eq!(resolve("a", "../../x"), None);
        assert_eq!(resolve("a", "/x"), None);
        assert_eq!(
            resolve("a", "..\\c").as_deref(),
            Some("c"),
            "as a manifest of Windows has it"
        );
        assert_eq!(
            (join("", "c").as_str(), join("a", "c").as_str()),
            ("c", "a/c")
        );
    }
}
