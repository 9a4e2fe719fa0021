//! Repositories with a long history: generated ones, and copies of real clones.
//!
//! Generated ones are the same in every run. A clone is never written to: the copy that is
//! measured borrows its objects.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Context;
use monorelease_process::Call;

use crate::{Bench, fixture};

/// The folder of a generated project.
pub fn project_folder(project: usize) -> String {
    format!("parts/part-{project:04}")
}

/// Files of each project, in three folders.
const FILES_PER_PROJECT: usize = 24;
/// Seconds since 1970 of the first commit, and seconds between two commits.
const FIRST_COMMIT_TIME: usize = 1_500_000_000;
const SECONDS_BETWEEN_COMMITS: usize = 600;

/// A linear congruential generator: numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        // The lower bits of such a generator are hardly random.
        (self.0 >> 33) as usize % limit
    }
}

/// Creates the repository at `root`, with the given commits on its main branch and no release. One
/// in ten commits merges a branch of one more commit; one in twenty changes no project.
pub fn generate(root: &Path, bench: &Bench, projects: usize, commits: usize) -> anyhow::Result<()> {
    let git = |arguments: &[&str]| fixture::git(&bench.runner, root, arguments);
    fixture::init(&bench.runner, root)?;
    fixture::import(&bench.runner, root, &history(projects, commits))?;
    // Packed, as in a clone.
    git(&["gc", "--quiet"])?;
    git(&["reset", "--quiet", "--hard"]).map(drop)
}

/// Copies a clone without its tags, so that every commit counts, and configures the copy with
/// `init` if the clone is not configured.
pub fn copy(root: &Path, bench: &Bench, clone: &Path) -> anyhow::Result<()> {
    let parent = root.parent().context("a copy has a parent folder")?;
    fs::create_dir_all(parent).with_context(|| format!("creating {}", parent.display()))?;
    let call = Call::new("git")
        .args(["clone", "--quiet", "--shared", "--no-tags", "--"])
        .arg(clone)
        .arg(root);
    bench
        .runner
        .output(&call)
        .with_context(|| format!("copying {}", clone.display()))?;
    if !root.join("xtask/monorepo.toml").exists() {
        bench
            .runner
            .output(&bench.program.call(&["init"], root))
            .with_context(|| format!("configuring a copy of {}", clone.display()))?;
    }
    Ok(())
}

/// The history as `git fast-import` reads it.
fn history(projects: usize, commits: usize) -> String {
    let mut text = String::new();
    let mut random = Random(7);
    let mut mark = 1;
    begin_commit(&mut text, "main", mark, "chore: begin");
    add_file(&mut text, "xtask/monorepo.toml", &configuration(projects));
    for project in 0..projects {
        let version_file = format!("{}/VERSION", project_folder(project));
        add_file(&mut text, &version_file, "0.1.0\n");
        for file in 0..FILES_PER_PROJECT {
            add_file(&mut text, &path(project, file), "0\n");
        }
    }
    for _ in 1..commits {
        let main = mark;
        let is_merge = random.below(10) == 0;
        if is_merge {
            mark += 1;
            begin_commit(&mut text, "side", mark, &message(&mut random, mark));
            let _ = writeln!(text, "from :{main}");
            change_files(&mut text, &mut random, projects, mark);
        }
        mark += 1;
        begin_commit(&mut text, "main", mark, &message(&mut random, mark));
        let _ = writeln!(text, "from :{main}");
        if is_merge {
            let _ = writeln!(text, "merge :{}", mark - 1);
        }
        change_files(&mut text, &mut random, projects, mark);
    }
    text
}

/// One commit in twenty changes no project. Most of the others change one to three files of one
/// project.
fn change_files(text: &mut String, random: &mut Random, projects: usize, mark: usize) {
    let content = format!("{mark}\n");
    if random.below(20) == 0 {
        return add_file(text, "README.md", &content);
    }
    let mut project = random.below(projects);
    for _ in 0..=random.below(3) {
        if random.below(10) == 0 {
            project = random.below(projects);
        }
        let file = random.below(FILES_PER_PROJECT);
        add_file(text, &path(project, file), &content);
    }
}

fn path(project: usize, file: usize) -> String {
    let folder = ["src", "src/inner", "tests"][file % 3];
    format!("{}/{folder}/file-{file:02}.txt", project_folder(project))
}

fn message(random: &mut Random, mark: usize) -> String {
    let header = [
        "feat",
        "fix",
        "docs",
        "chore",
        "perf",
        "refactor",
        "feat(api)",
        "fix(cli)",
    ][random.below(8)];
    let body = "What was done, and why it had to be: some lines of prose, as people write them.\nThey mean nothing to a release.\n";
    let body = if random.below(2) == 0 { body } else { "" };
    format!("{header}: change number {mark} of many (#{mark})\n\n{body}")
}

fn begin_commit(text: &mut String, branch: &str, mark: usize, message: &str) {
    let time = FIRST_COMMIT_TIME + mark * SECONDS_BETWEEN_COMMITS;
    let length = message.len();
    let _ = write!(
        text,
        "commit refs/heads/{branch}\nmark :{mark}\ncommitter Bench <bench@localhost> {time} +0000\ndata {length}\n{message}\n"
    );
}

fn add_file(text: &mut String, path: &str, content: &str) {
    let length = content.len();
    let _ = write!(text, "M 100644 inline {path}\ndata {length}\n{content}\n");
}

fn configuration(projects: usize) -> String {
    let mut text = "[repository]\nbranch = \"main\"\n".to_owned();
    for project in 0..projects {
        let folder = project_folder(project);
        let _ = write!(
            text,
            "\n[projects.part-{project:04}]\npath = {folder:?}\nversions = [\"VERSION\"]\n"
        );
    }
    text
}
