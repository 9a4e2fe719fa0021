//! poetry.lock: packages that Poetry takes from folders.
//!
//! The project that is locked has no entry. Not read are what a package requires, and the hash of the manifest, which is
//! Poetry's own to compute.

use monorelease_model::version::Spelling;
use monorelease_text_edits::error::EditError;
use monorelease_text_edits::splice::Lines;
use monorelease_text_edits::toml;
use toml_edit::{Item, TableLike};

use crate::locks::lock_file::LockFile;
use crate::locks::lock_file::LockedPackage;
use crate::locks::lock_file::line_of;
use crate::locks::lock_file::own_version;
use crate::locks::lock_file::packages;
use crate::requirements::requirement::string;
use monorelease_model::distribution::normalised;

pub(super) fn read(text: &str) -> Result<LockFile, EditError> {
    let document = toml::parse(text, "package")?;
    let lines = Lines::of(text);
    let mut lock = LockFile::default();
    for entry in packages(document.as_item()) {
        let Some(name) = string(entry, "name").map(|name| normalised(&name)) else {
            continue;
        };
        let Some(folder) = folder(entry) else {
            lock.foreign.insert(name);
            continue;
        };
        let versions = own_version(text, entry, &name, Spelling::Pep440)?;
        // An entry for each marker may lie in one folder, and moves as the other does.
        lock.packages.push(LockedPackage {
            line: line_of(entry, &lines),
            name,
            folder: Some(folder),
            versions,
            ambiguous: false,
        });
    }
    Ok(lock)
}

/// The folder that Poetry took a package from; an archive (`file`), Git and an index are other people's bytes.
fn folder(entry: &dyn TableLike) -> Option<String> {
    let source = entry.get("source").and_then(Item::as_table_like)?;
    (string(source, "type").as_deref() == Some("directory"))
        .then(|| string(source, "url"))
        .flatten()
}

#[cfg(test)]
mod tests {
    use crate::locks::lock_file::LockKind;
    use crate::locks::read_lock;

    const POETRY: &str = "# made by Poetry\n[[package]]\nname = \"My.Base\"\nversion = \"0.4.0\"\nfiles = []\ndevelop = true\n\n\
                          [package.source]\ntype = \"directory\"\nurl = \"../libs/base\"\n\n\
                          [[package]]\nname = \"zipped\"\nversion = \"0.4.0\"\n\n[package.source]\ntype = \"file\"\nurl = \"x.whl\"\n\n\
                          [[package]]\nname = \"httpx\"\nversion = \"0.4.0\"\n\n[metadata]\ncontent-hash = \"0.4.0\"\n";

    #[test]
    fn a_folder_is_ours_and_all_else_is_not() {
        let lock = read_lock(LockKind::Poetry, POETRY).unwrap();
        let [base] = lock.packages.as_slice() else {
            panic!("{:?}", lock.packages)
        };
        assert_eq!(
            (base.name.as_str(), base.folder.as_deref(), base.line),
            ("my-base", Some("../libs/base"), 3)
        );
        let [version] = base.versions.as_slice() else {
            panic!("{:?}", base.versions)
        };
        assert_eq!(version.span.start, POETRY.find("0.4.0").unwrap());
        assert_eq!(
            lock.foreign.iter().map(String::as_str).collect::<Vec<_>>(),
            ["httpx", "zipped"]
        );
    }

    #[test]
    fn what_is_no_lock_says_so() {
        let error = read_lock(
            LockKind::Poetry,
            &POETRY.replace("\"0.4.0\"\nfiles", "4\nfiles"),
        )
        .unwrap_err()
        .to_string();
        assert!(
            error.contains("package[name=my-base].version") && error.contains("line 4"),
            "{error}"
        );
        assert!(read_lock(LockKind::Poetry, "[[package").is_err());
    }
}
