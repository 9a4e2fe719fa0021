//! Files of the work tree: read as text, and written all together or not at all (law 2).

#![allow(clippy::disallowed_methods, reason = "this module is the way to files")]

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, bail};
use tempfile::NamedTempFile;

use crate::fault::Fault;

/// Larger files are no place for a version; the bound keeps memory in bounds as well.
const TEXT_LIMIT_BYTES: u64 = 64 * 1024 * 1024;

/// How staged files are called, so that the next run knows what a killed one left.
const STAGE_PREFIX: &str = ".xtask-staged-";

/// Whether the path is that of a file that a run had staged, and was killed before it could give it its name.
pub fn is_staged(path: &str) -> bool {
    path.rsplit('/')
        .next()
        .is_some_and(|name| name.starts_with(STAGE_PREFIX))
}

/// Whether a file is there that git would run as a hook.
pub fn is_executable(path: &Path) -> bool {
    #[cfg(unix)]
    let may_run = |data: &fs::Metadata| {
        std::os::unix::fs::PermissionsExt::mode(&data.permissions()) & 0o111 != 0
    };
    #[cfg(not(unix))]
    let may_run = |_: &fs::Metadata| true;
    fs::metadata(path).is_ok_and(|data| data.is_file() && may_run(&data))
}

/// Reads a text; `None` when there is no such file. Not UTF-8, too large and unreadable are errors that name the path.
pub fn read(path: &Path) -> anyhow::Result<Option<String>> {
    let size = match fs::metadata(path) {
        Ok(data) if data.is_dir() => bail!("{} is a folder, wanted a file", path.display()),
        Ok(data) => data.len(),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
    };
    if size > TEXT_LIMIT_BYTES {
        bail!(
            "{} has {size} bytes; at most {TEXT_LIMIT_BYTES} are read",
            path.display()
        );
    }
    let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(text)),
        Err(error) => bail!(
            "{} is not UTF-8 at byte {}",
            path.display(),
            error.utf8_error().valid_up_to()
        ),
    }
}

/// What can be read of a file, for a look at the words in it. Never what an edit starts from.
pub fn read_lossily(path: &Path) -> Option<String> {
    let size = fs::metadata(path).ok()?.len();
    let bytes = if size <= TEXT_LIMIT_BYTES {
        fs::read(path).ok()?
    } else {
        return None;
    };
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Replaces every file, or none: all are staged beside their targets first, and renamed when each staging succeeded.
///
/// Symbolic links stay links (their target is replaced) and modes stay. A file that is read-only is refused.
pub fn replace_all(changes: &[(PathBuf, &str)]) -> anyhow::Result<()> {
    let resolve = |path: &PathBuf| {
        fs::canonicalize(path).with_context(|| format!("resolving {}", path.display()))
    };
    let targets = changes
        .iter()
        .map(|(path, _)| resolve(path))
        .collect::<anyhow::Result<Vec<_>>>()?;
    // All before the first is staged: two files may lie in one folder.
    targets
        .iter()
        .filter_map(|target| target.parent())
        .try_for_each(remove_leftovers)?;
    let mut staged = Vec::new();
    for ((path, text), target) in changes.iter().zip(targets) {
        let permissions = fs::metadata(&target)
            .with_context(|| format!("reading {}", path.display()))?
            .permissions();
        if permissions.readonly() {
            bail!(
                "{} is read-only; nothing was written (chmod u+w {})",
                path.display(),
                path.display()
            );
        }
        let folder = target
            .parent()
            .with_context(|| format!("{} has no folder", path.display()))?;
        let mut file = NamedTempFile::with_prefix_in(STAGE_PREFIX, folder)
            .with_context(|| format!("staging {}", path.display()))?;
        file.write_all(text.as_bytes())
            .with_context(|| format!("staging {}", path.display()))?;
        file.as_file()
            .set_permissions(permissions)
            .with_context(|| format!("staging {}", path.display()))?;
        file.as_file()
            .sync_all()
            .with_context(|| format!("staging {}", path.display()))?;
        let original = fs::read(&target).with_context(|| format!("reading {}", path.display()))?;
        staged.push((file, target, original));
    }
    let mut renamed: Vec<(PathBuf, Vec<u8>)> = Vec::new();
    for (file, target, original) in staged {
        if let Err(error) = file.persist(&target) {
            for (target, original) in &renamed {
                fs::write(target, original)
                    .with_context(|| format!("putting {} back", target.display()))?;
            }
            return Err(error.error).with_context(|| {
                format!("renaming onto {}; nothing was changed", target.display())
            });
        }
        renamed.push((target, original));
    }
    Ok(())
}

/// Removes what a run that was killed had staged.
fn remove_leftovers(folder: &Path) -> anyhow::Result<()> {
    for name in names_in(folder)?
        .iter()
        .filter(|name| name.starts_with(STAGE_PREFIX))
    {
        remove_file(&folder.join(name))?;
    }
    Ok(())
}

/// Writes a file that is ours alone, with its folders.
pub fn write_own(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file =
        NamedTempFile::new_in(folder).with_context(|| format!("staging {}", path.display()))?;
    file.write_all(text.as_bytes())
        .with_context(|| format!("writing {}", path.display()))?;
    file.persist(path)
        .with_context(|| format!("writing {}", path.display()))?;
    Ok(())
}

/// Makes a file where there is none, with its folders. One that appeared in the meantime stays as it is, and is an error.
pub fn create(path: &Path, text: &str) -> anyhow::Result<()> {
    let folder = path
        .parent()
        .with_context(|| format!("{} has no folder", path.display()))?;
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(STAGE_PREFIX);
    // A file of the repository, not a private one: the user's mask decides, as for any editor.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder
        .tempfile_in(folder)
        .with_context(|| format!("staging {}", path.display()))?;
    file.write_all(text.as_bytes())
        .with_context(|| format!("staging {}", path.display()))?;
    file.as_file()
        .sync_all()
        .with_context(|| format!("staging {}", path.display()))?;
    file.persist_noclobber(path)
        .map_err(|error| error.error)
        .with_context(|| format!("making {}; nothing was written", path.display()))?;
    Ok(())
}

/// Adds lines to a file that the CI reads when the step ends.
pub fn append(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("opening {}", path.display()))?;
    file.write_all(text.as_bytes())
        .with_context(|| format!("writing {}", path.display()))
}

/// A file to be read as a stream, and its length.
pub fn open(path: &Path) -> anyhow::Result<(fs::File, u64)> {
    let file = fs::File::open(path).with_context(|| format!("opening {}", path.display()))?;
    let bytes = file
        .metadata()
        .with_context(|| format!("reading {}", path.display()))?
        .len();
    Ok((file, bytes))
}

/// The length of a file and the time of its last change; `None` when there is no such file, or it is none.
pub fn size_and_change(
    path: &Path,
) -> anyhow::Result<Option<(u64, Option<std::time::SystemTime>)>> {
    match fs::metadata(path) {
        Ok(data) if data.is_file() => Ok(Some((data.len(), data.modified().ok()))),
        Ok(_) => Ok(None),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
    }
}

/// Names of the files in a folder, sorted; none when it is not there.
pub fn names_in(folder: &Path) -> anyhow::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| format!("listing {}", folder.display())),
    };
    let mut names = entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<std::io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

/// The bytes that may still be written where a path lies, or would; `None` where the system does not tell.
pub fn free_bytes(path: &Path) -> Option<u64> {
    let there = path.ancestors().find(|folder| folder.exists())?;
    free_bytes_at(there)
}

#[cfg(unix)]
fn free_bytes_at(path: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(path).ok()?;
    disk.f_bavail.checked_mul(disk.f_frsize)
}

#[cfg(not(unix))]
fn free_bytes_at(_: &Path) -> Option<u64> {
    None
}

/// Where temporary folders are made.
pub fn temporary_root() -> PathBuf {
    std::env::temp_dir()
}

/// A folder that goes when it is dropped.
///
/// # Errors
/// None can be made: a fault of the machine, which names what mends it.
pub fn temporary_folder() -> anyhow::Result<tempfile::TempDir> {
    tempfile::tempdir().map_err(|error| {
        let fix = format!(
            "free room in {}, or name another folder in TMPDIR",
            temporary_root().display()
        );
        Fault::failed(format!("making a temporary folder: {error}"))
            .fix(fix)
            .into()
    })
}

/// Copies a file or a link as it is, with the folders above it. A file that is gone is left out.
pub fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    match fs::symlink_metadata(from) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        #[cfg(unix)]
        Ok(data) if data.is_symlink() => {
            fs::read_link(from).and_then(|target| std::os::unix::fs::symlink(target, to))
        }
        Ok(data) if data.is_dir() => bail!(
            "{} is a repository of its own (a submodule?), which is not built in",
            from.display()
        ),
        _ => fs::copy(from, to).map(drop),
    }
    .with_context(|| format!("copying {} to {}", from.display(), to.display()))
}

/// The path without links and `..`, as far as it is there: two ways to one place become one.
pub fn resolved(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| {
        match (path.parent(), path.components().next_back()) {
            (Some(parent), Some(Component::Normal(name))) => resolved(parent).join(name),
            (Some(parent), Some(Component::ParentDir)) => resolved(parent)
                .parent()
                .map_or_else(|| path.to_owned(), Path::to_owned),
            _ => path.to_owned(),
        }
    })
}

/// Whether the path itself, not what it leads to, is a symbolic link.
pub fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|data| data.is_symlink())
}

/// Whether the file that a path leads to may not be written; false when there is none.
pub fn is_read_only(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|data| data.permissions().readonly())
}

pub fn exists(path: &Path) -> bool {
    path.exists()
}

/// Makes a folder of ours below `target`, hidden from git also where nobody ignores `target`.
pub fn own_folder(path: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(path).with_context(|| format!("making {}", path.display()))?;
    let ignore = path.join(".gitignore");
    if ignore.exists() {
        Ok(())
    } else {
        write_own(&ignore, "*\n")
    }
}

/// Makes a folder that is there and empty. Only for folders of our own below `target`.
pub fn fresh_folder(path: &Path) -> anyhow::Result<()> {
    remove_folder(path)?;
    fs::create_dir_all(path).with_context(|| format!("making {}", path.display()))
}

/// Removes a folder of our own, when it is there.
pub fn remove_folder(path: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Removes a file of our own, when it is there.
pub fn remove_file(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Gives a finished folder its name; one that is there already under that name is replaced.
pub fn rename_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    remove_folder(to)?;
    fs::rename(from, to).with_context(|| format!("renaming {} to {}", from.display(), to.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn law_2_a_read_only_file_leaves_every_file_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let one = folder.path().join("one");
        let two = folder.path().join("two");
        fs::write(&one, "1").unwrap();
        fs::write(&two, "2").unwrap();
        let mut permissions = fs::metadata(&two).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&two, permissions).unwrap();
        let error = replace_all(&[(one.clone(), "new"), (two.clone(), "new")])
            .unwrap_err()
            .to_string();
        assert!(error.contains("two is read-only"), "{error}");
        assert_eq!(fs::read_to_string(&one).unwrap(), "1");
        assert_eq!(names_in(folder.path()).unwrap(), ["one", "two"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_links_and_modes_stay() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        let link = folder.path().join("link");
        fs::write(&target, "old").unwrap();
        fs::set_permissions(&target, fs::Permissions::from_mode(0o755)).unwrap();
        symlink(&target, &link).unwrap();
        replace_all(&[(link.clone(), "new")]).unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(
            fs::metadata(&target).unwrap().permissions().mode() & 0o777,
            0o755
        );
    }

    #[test]
    fn a_file_that_is_there_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/new.toml");
        create(&path, "first").unwrap();
        let error = create(&path, "second").unwrap_err();
        assert!(
            format!("{error:#}").contains("new.toml; nothing was written"),
            "{error:#}"
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), "first");
        assert_eq!(
            names_in(path.parent().unwrap()).unwrap(),
            ["new.toml"],
            "the staged file is gone"
        );
    }

    #[test]
    fn a_path_is_resolved_as_far_as_it_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        fs::create_dir(root.join("a")).unwrap();
        assert_eq!(
            resolved(&root.join("a/../b/../c.toml")),
            root.join("c.toml")
        );
        assert_eq!(resolved(&root.join("a/b/c.toml")), root.join("a/b/c.toml"));
        assert_eq!(
            resolved(&root.join("../x.toml")),
            root.parent().unwrap().join("x.toml")
        );
    }

    #[test]
    fn what_is_no_text_is_named_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("binary");
        fs::write(&path, b"ab\xff").unwrap();
        assert!(
            read(&path)
                .unwrap_err()
                .to_string()
                .ends_with("binary is not UTF-8 at byte 2")
        );
        assert_eq!(read(&folder.path().join("absent")).unwrap(), None);
        assert!(
            read(folder.path())
                .unwrap_err()
                .to_string()
                .contains("is a folder")
        );
    }
}
