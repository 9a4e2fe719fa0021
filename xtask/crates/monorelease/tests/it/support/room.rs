//! Where the repositories of tests lie.
//!
//! A test makes, copies and removes thousands of small files and flushes them one by one, which on a disk takes longer than all
//! else that it does. So they lie in memory, where this system has a folder for that; nothing of a test is to outlive it anyway.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use rustix::fs::{StatVfsMountFlags, statvfs};

/// Where Linux keeps files in memory.
const IN_MEMORY: &str = "/dev/shm";

/// What must be free there: a build wants 1 GiB, and several tests run side by side. A container often has 64 MiB.
const FREE_BYTES_MIN: u64 = 3 << 30;

/// A folder that goes when it is dropped.
pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(place()).unwrap()
}

/// Where all such folders are made. Who sets TMPDIR has chosen.
pub fn place() -> &'static Path {
    super::times::start();
    static PLACE: LazyLock<PathBuf> = LazyLock::new(|| match std::env::var_os("TMPDIR") {
        None if is_fit(IN_MEMORY) => IN_MEMORY.into(),
        _ => std::env::temp_dir(),
    });
    &PLACE
}

/// Whether a folder can be written to, has room, and programs in it may be run: engines mount theirs so that none may.
fn is_fit(folder: &str) -> bool {
    let has_room = |disk: rustix::fs::StatVfs| {
        !disk.f_flag.contains(StatVfsMountFlags::NOEXEC)
            && disk.f_bavail.saturating_mul(disk.f_frsize) >= FREE_BYTES_MIN
    };
    statvfs(folder).is_ok_and(has_room) && tempfile::tempdir_in(folder).is_ok()
}
