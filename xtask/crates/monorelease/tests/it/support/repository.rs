//! Repositories that fixtures are made of, made and read in this process: a test that called git for each of these would spend most
//! of its time on starting it.

use std::fmt::Write as _;
use std::path::Path;

use git2::{
    Config, IndexAddOption, Repository, RepositoryInitOptions, Signature, Status, StatusOptions,
};

pub const WHO: [(&str, &str); 4] = [
    ("user.name", "Test"),
    ("user.email", "test@localhost"),
    ("commit.gpgSign", "false"),
    ("tag.gpgSign", "false"),
];

/// An empty work tree on the branch `main`, with an empty bare remote `origin`.
pub fn init(work: &Path, origin: &Path) -> Repository {
    let mut options = RepositoryInitOptions::new();
    options.external_template(false).initial_head("main");
    let repository = Repository::init_opts(work, &options).unwrap();
    let mut config = repository.config().unwrap();
    for (key, value) in WHO {
        config.set_str(key, value).unwrap();
    }
    let bare = Repository::init_opts(origin, options.bare(true).mkdir(true)).unwrap();
    // Each push and each commit would start programs that find nothing to do.
    config.set_bool("maintenance.auto", false).unwrap();
    bare.config()
        .unwrap()
        .set_bool("receive.autogc", false)
        .unwrap();
    repository
        .remote("origin", origin.to_str().unwrap())
        .unwrap();
    repository
}

/// Commits all files, as the first commit.
pub fn commit_all(repository: &Repository, message: &str) {
    let mut index = repository.index().unwrap();
    index.add_all(["*"], IndexAddOption::DEFAULT, None).unwrap();
    index.write().unwrap();
    let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
    let who = Signature::now(WHO[0].1, WHO[1].1).unwrap();
    repository
        .commit(
            Some("HEAD"),
            &who,
            &who,
            &format!("{message}\n"),
            &tree,
            &[],
        )
        .unwrap();
}

pub fn push_main(repository: &Repository) {
    let mut origin = repository.find_remote("origin").unwrap();
    origin
        .push(&["refs/heads/main:refs/heads/main"], None)
        .unwrap();
}

/// Opens a repository as one without configuration beyond its own.
pub fn open(folder: &Path) -> Repository {
    let repository = Repository::open(folder).unwrap();
    let own = Config::open(&repository.commondir().join("config")).unwrap();
    repository.set_config(&own).unwrap();
    repository
}

/// All refs, and what they are at; of a bare repository the head too.
pub fn refs(repository: &Repository) -> String {
    let mut lines: Vec<String> = repository
        .references()
        .unwrap()
        .map(|reference| {
            let reference = reference.unwrap();
            let at = match reference.target() {
                Some(object) => object.to_string(),
                None => reference.symbolic_target().unwrap().unwrap().to_owned(),
            };
            format!("{at} {}\n", reference.name().unwrap())
        })
        .collect();
    if repository.is_bare() {
        let head = repository.find_reference("HEAD").unwrap();
        lines.push(format!(
            "{} HEAD\n",
            head.symbolic_target().unwrap().unwrap()
        ));
    }
    lines.sort();
    lines.concat()
}

/// Tracked and untracked files, and what differs from HEAD. Fails where the index is one that libgit2 does not know, as a sparse one.
pub fn files(repository: &Repository) -> Result<(Vec<String>, String), git2::Error> {
    let mut files: Vec<String> = repository
        .index()?
        .iter()
        .map(|entry| String::from_utf8(entry.path).unwrap())
        .collect();
    let mut told = String::new();
    let mut options = StatusOptions::new();
    options.include_untracked(true).recurse_untracked_dirs(true);
    for entry in repository.statuses(Some(&mut options))?.iter() {
        let path = String::from_utf8_lossy(entry.path_bytes()).into_owned();
        let _ = writeln!(told, "{:?} {path}", entry.status());
        if entry.status().contains(Status::WT_NEW) {
            files.push(path);
        }
    }
    Ok((files, told))
}
