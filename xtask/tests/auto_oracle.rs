//! Random histories, decided by `bump auto` and by an oracle that asks plain git, one project at a time (law 7).

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;
use support::{git_in, program, ran};

/// A repository with nothing around it: of three hundred, each call of git counts.
struct Repo(tempfile::TempDir);

impl Repo {
    fn root(&self) -> PathBuf {
        self.0.path().join("work")
    }

    fn git(&self, arguments: &[&str]) -> String {
        git_in(&self.root(), arguments)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn of_stream(stream: &str) -> Self {
        let repo = Self(tempfile::tempdir().unwrap());
        repo.git(&["init", "--quiet", "--template=", "--initial-branch", "main"]);
        repo.write("stream", stream);
        let stream = Stdio::from(fs::File::open(repo.root().join("stream")).unwrap());
        let import = Command::new("git")
            .args(["-c", "core.fsync=none", "fast-import", "--quiet"])
            .current_dir(repo.root())
            .stdin(stream)
            .output()
            .unwrap();
        assert!(import.status.success(), "{}", String::from_utf8_lossy(&import.stderr));
        repo
    }
}

/// Numbers that only look random: every run makes the same histories.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// Name, path and further path of projects; each history takes some.
const PROJECTS: [(&str, &str, Option<&str>); 5] =
    [("root", ".", None), ("a", "a", Some("proto")), ("ab", "a/b", None), ("ef", "e/f", Some("proto")), ("twin", "a/b", Some("a/x"))];
const PATHS: [&str; 9] = ["x", "a/1", "a/b/1", "a/b/2", "a/x/1", "e/f/1", "e/g", "proto/1", "a/bc"];
const HEADERS: [(&str, usize); 6] = [("feat: ", 2), ("fix: ", 1), ("docs: ", 0), ("feat!: ", 3), ("words ", 0), ("perf(x): ", 1)];

/// What the oracle has to know of a commit beside what git says: how strong it is, and which mark it reverts.
type Said = BTreeMap<usize, (usize, Option<usize>)>;

/// A history as `git fast-import` reads it: a main chain, side branches that are merged, tags, and reverts by title.
fn random_history(dice: &mut Dice, projects: &[(&str, &str, Option<&str>)]) -> (String, Said) {
    let (mut text, mut said, mut side) = (String::new(), Said::new(), None);
    let (commits, mut titles) = (18, BTreeMap::new());
    let mut main_tip = 0;
    for mark in 1..=commits {
        let is_side = main_tip > 0 && dice.roll(5) == 0;
        // Only what is on the chain can be named by a revert there.
        let reverted = (!is_side && mark > 2 && dice.roll(3) == 0)
            .then(|| 1 + dice.roll(mark - 1))
            .filter(|old| said.get(old).is_some_and(|(_, reverted)| reverted.is_none()));
        let (header, strength) = HEADERS[dice.roll(HEADERS.len())];
        let title = format!("{header}subject {mark}");
        let message = match reverted.and_then(|old| titles.get(&old)) {
            Some(old) if dice.roll(2) == 0 => format!("Revert \"{old}\" (#{mark})\n\nTakes it back."),
            Some(old) => format!("revert: {old}\n\nTakes it back."),
            None => format!("{title} (#{mark})\n\nA body."),
        };
        titles.insert(mark, title);
        let (branch, from) = if is_side { ("side", side.unwrap_or(main_tip)) } else { ("main", main_tip) };
        let time = 1_700_000_000 + mark * 60 - if dice.roll(6) == 0 { 100_000 } else { 0 };
        text += &format!(
            "commit refs/heads/{branch}\nmark :{mark}\ncommitter T <t@localhost> {time} +0000\ndata {}\n{message}\n",
            message.len()
        );
        if from > 0 {
            text += &format!("from :{from}\n");
        }
        if let (false, Some(tip), 0) = (is_side, side, dice.roll(3)) {
            text += &format!("merge :{tip}\n");
            side = None;
        }
        for _ in 0..dice.roll(4) {
            let path = PATHS[dice.roll(PATHS.len())];
            match dice.roll(6) {
                0 if path != "x" => text += &format!("D {path}\n"),
                _ => text += &format!("M 100644 inline {path}\ndata 1\n{}\n", dice.roll(4)),
            }
        }
        text.push('\n');
        if is_side {
            side = Some(mark);
        } else {
            main_tip = mark;
            said.insert(mark, (if reverted.is_some() { 1 } else { strength }, reverted));
        }
    }
    for (name, ..) in projects {
        for version in 0..=dice.roll(3) {
            text += &format!("reset refs/tags/{name}-v1.{version}.0\nfrom :{}\n\n", 1 + dice.roll(commits / 2));
        }
    }
    (text, said)
}

/// Level and deciding commits of each project, asked of git one commit and one project at a time.
fn oracle(
    repo: &Repo,
    projects: &[(&str, &str, Option<&str>)],
    said: &Said,
) -> BTreeMap<String, Option<(String, usize, BTreeSet<String>)>> {
    let lines = |arguments: &[&str]| repo.git(arguments).lines().map(str::to_owned).collect::<Vec<_>>();
    // One line a commit: its hash, its parents, and the mark that its message tells; behind it the paths against the first parent.
    let mut paths_of = BTreeMap::new();
    let mut mark_of = BTreeMap::new();
    let log = repo.git(&[
        "log",
        "--first-parent",
        "--diff-merges=first-parent",
        "--no-renames",
        "--root",
        "--name-only",
        "--format=@%H %s%n%b",
        "main",
    ]);
    for entry in log.split('@').filter(|entry| !entry.is_empty()) {
        let (hash, rest) = entry.split_once(' ').unwrap();
        let paths: Vec<_> = rest.lines().skip(1).filter(|line| PATHS.contains(line)).map(str::to_owned).collect();
        paths_of.insert(hash.to_owned(), paths);
    }
    let chain: Vec<_> = lines(&["rev-list", "--first-parent", "main"]);
    for (place, hash) in chain.iter().rev().enumerate() {
        mark_of.insert(hash.clone(), *said.keys().nth(place).unwrap());
    }
    let within = |path: &str, folder: &str| folder == "." || path.starts_with(&format!("{folder}/"));
    let length = |path: &str, (_, folder, also): &(&str, &str, Option<&str>)| {
        let folders = [Some(*folder), *also].into_iter().flatten().filter(|folder| within(path, folder));
        folders.map(|folder| if folder == "." { 0 } else { folder.len() }).max()
    };
    let merged = lines(&["tag", "--merged", "main"]);
    let decide = |project: &(&str, &str, Option<&str>)| {
        let tag = merged.iter().filter(|tag| tag.starts_with(&format!("{}-v", project.0))).max()?.clone();
        let unreleased: Vec<_> = lines(&["rev-list", "--first-parent", "main", "--not", &tag]);
        let owns = |path: &String| {
            length(path, project).is_some() && length(path, project) == projects.iter().filter_map(|other| length(path, other)).max()
        };
        let mut own: Vec<_> = unreleased.into_iter().filter(|hash| paths_of[hash].iter().any(owns)).collect();
        // From new to old: a revert that is left takes away the newest one before it that is left and has its title.
        let mut place = 0;
        while place < own.len() {
            if let Some(old) = said[&mark_of[&own[place]]].1 {
                let is_it = |hash: &String| {
                    let mark = mark_of[hash];
                    mark == old && said[&mark].1.is_none()
                };
                if let Some(taken) = (place + 1..own.len()).find(|other| is_it(&own[*other])) {
                    own.remove(taken);
                    own.remove(place);
                    continue;
                }
            }
            place += 1;
        }
        let strongest = own.iter().map(|hash| said[&mark_of[hash]].0).max().unwrap_or(0);
        let deciding = own.iter().filter(|hash| strongest > 0 && said[&mark_of[*hash]].0 == strongest).map(|hash| hash[..7].to_owned());
        Some((tag, strongest, deciding.collect()))
    };
    projects.iter().map(|project| (project.0.to_owned(), decide(project))).collect()
}

/// Holds some of the histories to the oracle; gives how many projects moved and how many reverts there were.
fn hold(seeds: impl Iterator<Item = u64>) -> (usize, usize) {
    let (mut decided, mut reverted) = (0, 0);
    for seed in seeds {
        let mut dice = Dice(seed * 7919 + 3);
        let projects: Vec<_> = PROJECTS.into_iter().filter(|_| dice.roll(4) > 0).collect();
        let (stream, said) = random_history(&mut dice, &projects);
        let repo = Repo::of_stream(&stream);
        let mut config = String::new();
        for (name, folder, also) in &projects {
            let also = also.map(|also| format!("also = [{also:?}]\n")).unwrap_or_default();
            config += &format!(
                "[projects.{name}]\npath = {folder:?}\npackage = {name:?}\n{also}versions = [{{ file = \"{name}.txt\", pattern = \"v {{version}}\" }}]\n"
            );
            repo.write(&format!("{folder}/{name}.txt"), "v 1.0.0\n");
        }
        repo.write("xtask/monorepo.toml", &config);
        let expected = oracle(&repo, &projects, &said);
        let answer = ran(program(&repo.root()).args(["bump", "auto", "--dry-run", "--json"]).output().unwrap());
        let document: Value =
            serde_json::from_str(&answer.stdout).unwrap_or_else(|error| panic!("seed {seed}: {error}: {}", answer.stderr));
        let refused: BTreeSet<_> = document["refused"].as_array().unwrap().iter().map(|it| it["project"].as_str().unwrap()).collect();
        let moved: BTreeMap<_, _> = document["projects"].as_array().unwrap().iter().map(|it| (it["name"].as_str().unwrap(), it)).collect();
        for (name, expected) in &expected {
            let Some((tag, strongest, deciding)) = expected else {
                assert!(refused.contains(name.as_str()), "seed {seed}: {name} has no release: {document}");
                continue;
            };
            assert!(!refused.contains(name.as_str()), "seed {seed}, {name}: {document}");
            let found = moved.get(name.as_str()).map_or(Value::Null, |project| (*project).clone());
            let level = ["", "patch", "minor", "major"][*strongest];
            assert_eq!(found["level"].as_str().unwrap_or_default(), level, "seed {seed}, {name} since {tag}: {document}");
            let why: BTreeSet<_> = found["why"].as_array().into_iter().flatten().map(|why| hash_in(why.as_str().unwrap())).collect();
            assert_eq!(why, *deciding, "seed {seed}, {name} since {tag}");
            decided += usize::from(*strongest > 0);
        }
        reverted += said.values().filter(|(_, reverted)| reverted.is_some()).count();
    }
    (decided, reverted)
}

#[test]
fn random_histories_are_decided_as_plain_git_and_patience_decide_them() {
    // Git is waited for most of the time.
    let parts: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..4).map(|part| scope.spawn(move || hold((0..300).skip(part).step_by(4)))).collect();
        running.into_iter().map(|part| part.join().unwrap()).collect()
    });
    let (decided, reverted) = parts.into_iter().fold((0, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
    assert!(decided > 400 && reverted > 600, "the histories had something to tell: {decided} {reverted}");
}

fn hash_in(why: &str) -> String {
    why.rsplit_once('(').unwrap().1.trim_end_matches(')').to_owned()
}
