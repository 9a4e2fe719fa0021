//! Repositories with a long history, for `bench`: generated ones, and copies of real clones.
//!
//! It makes them, deterministically, and neither measures nor cleans up. A clone is never written to: what is measured is a
//! copy that borrows its objects.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use std::fmt::Write as _;

use super::peers::this_program;
use crate::process::{Call, Runner};

/// The folder of a generated project, its first one too, which peers that know one project at a time are given.
pub fn folder(project: usize) -> String {
    format!("parts/part-{project:04}")
}

/// Files of each project, in three folders.
const FILES: usize = 24;
/// Seconds since 1970 of the first commit, and between two.
const BEGIN: usize = 1_500_000_000;
const PACE: usize = 600;

/// Numbers that only look random: every run makes the same history.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        // The upper half, of which no more is wanted than an index.
        (self.0 >> 33) as usize % sides
    }
}

/// Makes the repository at `root`, which need not exist, with so many commits on its main branch and none released. One in ten
/// is a merge of a branch of one more commit; one in twenty changes no project.
pub fn generate(
    root: &Path,
    runner: &Runner,
    projects: usize,
    commits: usize,
) -> anyhow::Result<()> {
    fs::create_dir_all(root).with_context(|| format!("making {}", root.display()))?;
    git(
        root,
        runner,
        &["init", "--quiet", "--template=", "--initial-branch", "main"],
    )?;
    let stream = root.join(".git/bench-stream");
    fs::write(&stream, history(projects, commits))
        .with_context(|| format!("writing {}", stream.display()))?;
    import(root, &stream)?;
    fs::remove_file(&stream).with_context(|| format!("removing {}", stream.display()))?;
    // As a clone has them: packed.
    git(root, runner, &["gc", "--quiet"])?;
    git(root, runner, &["reset", "--quiet", "--hard"])
}

/// Copies a clone, without its tags, so that every commit counts; one that nobody has set up is set up by `init`.
pub fn copy(root: &Path, runner: &Runner, clone: &Path) -> anyhow::Result<()> {
    let above = root.parent().context("a copy has a folder above it")?;
    fs::create_dir_all(above).with_context(|| format!("making {}", above.display()))?;
    let call = Call::new("git")
        .args(["clone", "--quiet", "--shared", "--no-tags", "--"])
        .arg(clone)
        .arg(root);
    runner
        .output(&call)
        .with_context(|| format!("copying {}", clone.display()))?;
    if !root.join("xtask/monorepo.toml").exists() {
        runner
            .output(&this_program(&["init"], root)?)
            .with_context(|| format!("setting up a copy of {}", clone.display()))?;
    }
    Ok(())
}

fn import(root: &Path, stream: &Path) -> anyhow::Result<()> {
    let input = File::open(stream).with_context(|| format!("reading {}", stream.display()))?;
    let mut command = Command::new("git");
    command
        .args(["-c", "core.fsync=none", "fast-import", "--quiet"])
        .current_dir(root)
        .stdin(input);
    for name in [
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
    ] {
        command.env_remove(name);
    }
    let output = command.output().context("running git fast-import")?;
    if !output.status.success() {
        bail!(
            "git fast-import failed: {}",
            String::from_utf8_lossy(&output.stderr).trim_end()
        );
    }
    Ok(())
}

/// The history as `git fast-import` reads it.
fn history(projects: usize, commits: usize) -> String {
    let mut text = String::new();
    let mut dice = Dice(7);
    let mut mark = 1;
    open_commit(&mut text, "main", mark, "chore: begin");
    inline(&mut text, "xtask/monorepo.toml", &configuration(projects));
    for project in 0..projects {
        inline(
            &mut text,
            &format!("{}/VERSION", folder(project)),
            "0.1.0\n",
        );
        for file in 0..FILES {
            inline(&mut text, &path(project, file), "0\n");
        }
    }
    for _ in 1..commits {
        let main = mark;
        let is_merge = dice.roll(10) == 0;
        if is_merge {
            mark += 1;
            open_commit(&mut text, "side", mark, &message(&mut dice, mark));
            let _ = writeln!(text, "from :{main}");
            changes(&mut text, &mut dice, projects, mark);
        }
        mark += 1;
        open_commit(&mut text, "main", mark, &message(&mut dice, mark));
        let _ = writeln!(text, "from :{main}");
        if is_merge {
            let _ = writeln!(text, "merge :{}", mark - 1);
        }
        changes(&mut text, &mut dice, projects, mark);
    }
    text
}

/// One commit in twenty is of nobody; of the others most are of one project, and change one to three of its files.
fn changes(text: &mut String, dice: &mut Dice, projects: usize, mark: usize) {
    if dice.roll(20) == 0 {
        return inline(text, "README.md", &format!("{mark}\n"));
    }
    let mut project = dice.roll(projects);
    for _ in 0..=dice.roll(3) {
        if dice.roll(10) == 0 {
            project = dice.roll(projects);
        }
        inline(text, &path(project, dice.roll(FILES)), &format!("{mark}\n"));
    }
}

fn path(project: usize, file: usize) -> String {
    let below = ["src", "src/inner", "tests"][file % 3];
    format!("{}/{below}/file-{file:02}.txt", folder(project))
}

fn message(dice: &mut Dice, mark: usize) -> String {
    let header = [
        "feat",
        "fix",
        "docs",
        "chore",
        "perf",
        "refactor",
        "feat(api)",
        "fix(cli)",
    ][dice.roll(8)];
    let body = "What was done, and why it had to be: some lines of prose, as people write them.\nThey mean nothing to a release.\n";
    let body = if dice.roll(2) == 0 { body } else { "" };
    format!("{header}: change number {mark} of many (#{mark})\n\n{body}")
}

fn open_commit(text: &mut String, branch: &str, mark: usize, message: &str) {
    let time = BEGIN + mark * PACE;
    let length = message.len();
    let _ = write!(
        text,
        "commit refs/heads/{branch}\nmark :{mark}\ncommitter Bench <bench@localhost> {time} +0000\ndata {length}\n{message}\n"
    );
}

fn inline(text: &mut String, path: &str, content: &str) {
    let _ = write!(
        text,
        "M 100644 inline {path}\ndata {}\n{content}\n",
        content.len()
    );
}

fn configuration(projects: usize) -> String {
    let mut text = "[repository]\nbranch = \"main\"\n".to_owned();
    for project in 0..projects {
        let _ = write!(
            text,
            "\n[projects.part-{project:04}]\npath = {:?}\nversions = [\"VERSION\"]\n",
            folder(project)
        );
    }
    text
}

fn git(root: &Path, runner: &Runner, arguments: &[&str]) -> anyhow::Result<()> {
    runner
        .output(&Call::new("git").arg("-C").arg(root).args(arguments))
        .map(drop)
}
