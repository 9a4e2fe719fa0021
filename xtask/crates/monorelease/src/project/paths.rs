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
