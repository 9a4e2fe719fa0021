//! The law of the house (docs/architecture.md): which room may import which, and where the world is touched.
//!
//! Read from the text of the sources, so that it holds for every line of them.

use std::fs;
use std::path::{Path, PathBuf};

/// Rooms and the rooms they may import.
const ROOMS: [(&str, &[&str]); 11] = [
    ("cli", &[]),
    (
        "hot",
        &[
            "commit",
            "commit_lines",
            "pack_entry",
            "pack_index",
            "packs",
            "recent",
            "trees",
        ],
    ),
    ("model", &["model"]),
    ("edit", &["edit", "model"]),
    ("plan", &["plan", "model"]),
    ("world", &["world", "model"]),
    ("engine", &["engine", "plan", "world", "edit", "model"]),
    ("ui", &["model"]),
    (
        "commands",
        &["commands", "cli", "ui", "engine", "plan", "world", "model"],
    ),
    (
        "rehearsal",
        &[
            "rehearsal",
            "commands",
            "cli",
            "ui",
            "engine",
            "world",
            "model",
        ],
    ),
    ("lib", &["cli", "commands", "rehearsal"]),
];

/// What touches the world, and is left to these rooms.
const WORLDLY: [&str; 14] = [
    "std::process::Command",
    "use std::{",
    "std::fs",
    "std::env",
    "git2",
    "ureq",
    "duct::",
    "xshell",
    "SystemTime",
    "Instant",
    "Timestamp::now",
    "TcpListener",
    "TcpStream",
    "thread::sleep",
];
const WORLDLY_ROOMS: [&str; 2] = ["world", "rehearsal"];

/// A source without its unit tests: those may do as they like.
struct Source {
    path: PathBuf,
    room: String,
    text: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let hot = Path::new(env!("CARGO_MANIFEST_DIR")).join("hot/src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    collect(&hot, &mut files);
    assert!(files.len() > 30, "the sources were not found");
    files
        .into_iter()
        .filter(|path| !path.to_string_lossy().ends_with("_tests.rs"))
        .map(|path| {
            // The crate of the hot loops is one room.
            let first = path.strip_prefix(&root).map_or("hot".into(), |path| {
                path.components()
                    .next()
                    .unwrap()
                    .as_os_str()
                    .to_string_lossy()
                    .into_owned()
            });
            let room = first.trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(&path).unwrap();
            let text = text
                .split("#[cfg(test)]\nmod tests {")
                .next()
                .unwrap()
                .to_owned();
            Source { path, room, text }
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => collect(&path, files),
            false => files.push(path),
        }
    }
}

/// Code lines, without comments.
fn code(source: &Source) -> impl Iterator<Item = (usize, &str)> {
    source
        .text
        .lines()
        .enumerate()
        .map(|(number, line)| (number + 1, line))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

#[test]
fn imports_run_one_way() {
    for source in sources().iter().filter(|source| source.room != "main") {
        let (_, allowed) = ROOMS
            .iter()
            .find(|(room, _)| *room == source.room)
            .unwrap_or_else(|| panic!("{} is in no known room", source.path.display()));
        for (number, line) in code(source) {
            for import in line.split("crate::").skip(1) {
                let room: String = import
                    .chars()
                    .take_while(|character| character.is_alphanumeric() || *character == '_')
                    .collect();
                assert!(
                    allowed.contains(&room.as_str()),
                    "{}:{number}: {} may not import {room}",
                    source.path.display(),
                    source.room
                );
            }
        }
    }
}

#[test]
fn the_world_is_touched_in_its_rooms_alone() {
    for source in sources()
        .iter()
        .filter(|source| !WORLDLY_ROOMS.contains(&source.room.as_str()))
    {
        for (number, line) in code(source) {
            for word in WORLDLY {
                assert!(
                    !line.contains(word),
                    "{}:{number}: {word} belongs in {WORLDLY_ROOMS:?}",
                    source.path.display()
                );
            }
        }
    }
}

#[test]
fn only_the_ui_prints() {
    for source in sources().iter().filter(|source| source.room != "ui") {
        for (number, line) in code(source) {
            assert!(
                !["println!", "print!(", "eprint", "dbg!("]
                    .iter()
                    .any(|word| line.contains(word)),
                "{}:{number}: only ui.rs prints",
                source.path.display()
            );
        }
    }
}

#[test]
fn nothing_in_the_sources_knows_a_project_of_this_repository() {
    for source in sources() {
        for (number, line) in code(&source) {
            assert!(
                !line.contains("percol"),
                "{}:{number}: facts of this repository stand in monorepo.toml",
                source.path.display()
            );
        }
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    for source in sources() {
        assert!(
            source.text.starts_with("//! "),
            "{} does not open with what it is for",
            source.path.display()
        );
    }
}
