//! Random histories, decided by `bump auto` and by an oracle that asks plain git, one project at a time (law 7).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::support;
use crate::support::{git_in, program, ran};
use serde_json::Value;

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

    fn new() -> Self {
        let repo = Self(support::room::folder());
        repo.git(&["init", "--quiet", "--template=", "--initial-branch", "main"]);
        repo
    }
}

/// `git fast-import`, which is asked for the hash of a commit where the message of another names it.
struct Import {
    child: Child,
    answers: BufReader<ChildStdout>,
}

impl Import {
    fn start(repo: &Repo) -> Self {
        let mut child = Command::new("git")
            .args([
                "-c",
                "core.fsync=none",
                "fast-import",
                "--quiet",
                "--export-marks=marks",
            ])
            .current_dir(repo.root())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { child, answers }
    }

    fn write(&mut self, text: &str) {
        self.child
            .stdin
            .as_mut()
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
    }

    fn hash(&mut self, mark: usize) -> String {
        self.write(&format!("get-mark :{mark}\n"));
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    fn finish(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }
}

/// Numbers that only look random: every run makes the same histories.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// Name, path and further path of projects; each history takes some.
const PROJECTS: [(&str, &str, Option<&str>); 5] = [
    ("root", ".", None),
    ("a", "a", Some("proto")),
    ("ab", "a/b", None),
    ("ef", "e/f", Some("proto")),
    ("twin", "a/b", Some("a/x")),
];
const PATHS: [&str; 9] = [
    "x", "a/1", "a/b/1", "a/b/2", "a/x/1", "e/f/1", "e/g", "proto/1", "a/bc",
];
const HEADERS: [(&str, usize); 6] = [
    ("feat: ", 2),
    ("fix: ", 1),
    ("docs: ", 0),
    ("feat!: ", 3),
    ("words ", 0),
    ("perf(x): ", 1),
];

/// What the oracle has to know of a commit beside what git says.
#[derive(Clone, Default)]
struct Said {
    strength: usize,
    /// Whether its words have the conventional form.
    has_form: bool,
    /// A merge that git titled.
    is_plain_merge: bool,
    reverts: Option<Revert>,
}

#[derive(Clone, Copy)]
struct Revert {
    mark: usize,
    by_hash: bool,
}

/// What a commit says, and what there is to know of it: a header, a revert by title or hash, or what git writes over a merge.
fn words(
    dice: &mut Dice,
    mark: usize,
    others: (&BTreeMap<usize, Said>, &BTreeMap<usize, String>),
    import: &mut Import,
) -> (String, Said) {
    let (said, titles) = others;
    let (header, strength) = HEADERS[dice.roll(HEADERS.len())];
    let plain = Said {
        strength,
        has_form: header != "words ",
        ..Said::default()
    };
    let reverted = (mark > 2 && dice.roll(3) == 0)
        .then(|| 1 + dice.roll(mark - 1))
        .filter(|old| said[old].reverts.is_none());
    let Some(old) = reverted else {
        return (
            format!("{header}subject {mark} (#{mark})\n\nA body."),
            plain,
        );
    };
    let title = &titles[&old];
    let (message, by_hash) = match dice.roll(4) {
        0 => (
            format!("Revert \"{title}\" (#{mark})\n\nTakes it back."),
            false,
        ),
        1 => (format!("revert: {title}\n\nTakes it back."), false),
        2 => (
            format!(
                "Revert \"{title}\"\n\nThis reverts commit {}.",
                import.hash(old)
            ),
            true,
        ),
        // Whoever writes the title anew has only the hash.
        _ => (
            format!(
                "revert: what {mark} is about\n\nThis reverts commit {}.",
                &import.hash(old)[..9]
            ),
            true,
        ),
    };
    (
        message,
        Said {
            strength: 1,
            has_form: true,
            reverts: Some(Revert { mark: old, by_hash }),
            ..Said::default()
        },
    )
}

/// Makes a history: a main chain, up to two branches beside it, some of them without a root in common, that are merged one by one
/// or both at once; commits that change nothing, files that move between projects, tags, and reverts.
fn random_history(
    dice: &mut Dice,
    projects: &[(&str, &str, Option<&str>)],
    import: &mut Import,
) -> BTreeMap<usize, Said> {
    let commits = 18;
    let mut said = BTreeMap::new();
    let mut titles = BTreeMap::new();
    let mut main_tip = 0;
    let mut sides = Vec::<usize>::new();
    for mark in 1..=commits {
        // At last everything is merged: a tag that is not would be of a release that HEAD does not have.
        let is_side = main_tip > 0 && mark < commits && dice.roll(3) == 0;
        let mut parents = match (is_side, sides.len()) {
            (false, _) if main_tip == 0 => vec![],
            (false, _) => vec![main_tip],
            // A new branch, maybe of another root.
            (true, 0 | 1) if sides.is_empty() || dice.roll(3) == 0 => [main_tip]
                .into_iter()
                .filter(|_| dice.roll(5) > 0)
                .collect(),
            (true, _) => vec![sides.remove(dice.roll(sides.len()))],
        };
        let (mut message, mut of_it) = words(dice, mark, (&said, &titles), import);
        if !is_side && (mark == commits || dice.roll(3) == 0) {
            parents.append(&mut sides);
        } else if is_side
            && parents.first().is_some_and(|tip| *tip != main_tip)
            && dice.roll(4) == 0
        {
            parents.push(main_tip);
        }
        if parents.len() > 1 && dice.roll(3) > 0 {
            message = format!("Merge branch 'side-{mark}'\n\nSome words.");
            of_it = Said {
                is_plain_merge: true,
                ..Said::default()
            };
        }
        let title = message.lines().next().unwrap().to_owned();
        titles.insert(mark, title.split(" (#").next().unwrap().to_owned());
        let time = 1_700_000_000 + mark * 60 - if dice.roll(6) == 0 { 100_000 } else { 0 };
        let branch = if is_side {
            format!("side-{mark}")
        } else {
            "main".into()
        };
        let mut text = format!(
            "commit refs/heads/{branch}\nmark :{mark}\ncommitter T <t@localhost> {time} +0000\ndata {}\n{message}\n",
            message.len()
        );
        for (place, parent) in parents.iter().enumerate() {
            text += &format!("{} :{parent}\n", if place == 0 { "from" } else { "merge" });
        }
        for _ in 0..dice.roll(4) {
            let path = PATHS[dice.roll(PATHS.len())];
            let other = PATHS[dice.roll(PATHS.len())];
            let content = dice.roll(4);
            match dice.roll(6) {
                0 if path != "x" => text += &format!("D {path}\n"),
                1 if path != "x" => {
                    text += &format!("D {path}\nM 100644 inline {other}\ndata 1\n{content}\n")
                }
                _ => text += &format!("M 100644 inline {path}\ndata 1\n{content}\n"),
            }
        }
        import.write(&(text + "\n"));
        said.insert(mark, of_it);
        if is_side {
            sides.push(mark)
        } else {
            main_tip = mark
        }
    }
    for (name, ..) in projects {
        for version in 0..=dice.roll(3) {
            import.write(&format!(
                "reset refs/tags/{name}-v1.{version}.0\nfrom :{}\n\n",
                1 + dice.roll(commits / 2)
            ));
        }
    }
    said
}

/// A commit of the chain as it counts for one project: what it says, or what those say that it brought in.
struct Unit {
    mark: usize,
    /// Mark and hash, with the strength.
    says: Vec<(usize, String, usize)>,
}

/// From new to old: a revert that is left takes away what it names. By its title that is the newest one before it that is left;
/// by its hash that very commit, be it one that a merge brought in.
fn cancel(own: &mut Vec<Unit>, said: &BTreeMap<usize, Said>) {
    let all: Vec<Vec<usize>> = own
        .iter()
        .map(|unit| {
            unit.says
                .iter()
                .map(|(mark, ..)| *mark)
                .chain([unit.mark])
                .collect()
        })
        .collect();
    let order: Vec<usize> = own.iter().map(|unit| unit.mark).collect();
    let mut place = 0;
    while place < own.len() {
        let here = own[place].mark;
        for at in (0..own[place].says.len()).rev() {
            let Some(revert) = own[place]
                .says
                .get(at)
                .and_then(|(mark, ..)| said[mark].reverts)
            else {
                continue;
            };
            let since = order.iter().position(|mark| *mark == here).unwrap();
            let above: Vec<_> = own[place].says[..at]
                .iter()
                .map(|(mark, ..)| *mark)
                .collect();
            // What stood before the revert when it was made, taken away by another or not.
            let stood = all[since + 1..]
                .iter()
                .flatten()
                .any(|mark| *mark == revert.mark)
                || above.contains(&revert.mark);
            let has_it = |unit: &Unit| {
                unit.mark == revert.mark || unit.says.iter().any(|(mark, ..)| *mark == revert.mark)
            };
            let is_left = own[place + 1..].iter().any(has_it) || above.contains(&revert.mark);
            if if revert.by_hash { stood } else { is_left } {
                own[place].says.remove(at);
                own.retain(|unit| unit.mark == here || unit.mark != revert.mark);
                own.iter_mut()
                    .skip(place)
                    .for_each(|unit| unit.says.retain(|(mark, ..)| *mark != revert.mark));
            }
        }
        match own[place].says.is_empty() {
            true => drop(own.remove(place)),
            false => place += 1,
        }
    }
}

/// Level and deciding commits of each project, asked of git one commit and one project at a time.
fn oracle(
    repo: &Repo,
    projects: &[(&str, &str, Option<&str>)],
    said: &BTreeMap<usize, Said>,
) -> BTreeMap<String, Option<(String, usize, BTreeSet<String>)>> {
    let lines = |arguments: &[&str]| {
        repo.git(arguments)
            .lines()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let marks = fs::read_to_string(repo.root().join("marks")).unwrap();
    let mark_of: BTreeMap<_, usize> = marks
        .lines()
        .map(|line| line.split_once(' ').unwrap())
        .map(|(mark, hash)| (hash.to_owned(), mark[1..].parse().unwrap()))
        .collect();
    // One line a commit, with its hash; behind it the paths against the first parent.
    let log = repo.git(&[
        "log",
        "--diff-merges=first-parent",
        "--no-renames",
        "--root",
        "--name-only",
        "--format=@%H",
        "main",
    ]);
    let entries = log
        .split('@')
        .filter(|entry| !entry.is_empty())
        .map(|entry| entry.split_once('\n').unwrap());
    let paths_of: BTreeMap<_, Vec<_>> = entries
        .map(|(hash, paths)| {
            (
                hash.to_owned(),
                paths
                    .lines()
                    .filter(|line| !line.is_empty())
                    .map(str::to_owned)
                    .collect(),
            )
        })
        .collect();
    let chain: Vec<_> = lines(&["rev-list", "--first-parent", "main"]);
    let merges = chain
        .iter()
        .filter(|hash| said[&mark_of[*hash]].is_plain_merge);
    let brought: BTreeMap<_, _> = merges
        .map(|hash| {
            (
                hash.clone(),
                lines(&[
                    "rev-list",
                    "--topo-order",
                    "--reverse",
                    &format!("{hash}^@"),
                    "--not",
                    &format!("{hash}^1"),
                ]),
            )
        })
        .collect();
    let within =
        |path: &str, folder: &str| folder == "." || path.starts_with(&format!("{folder}/"));
    let length = |path: &str, (_, folder, also): &(&str, &str, Option<&str>)| {
        let folders = [Some(*folder), *also]
            .into_iter()
            .flatten()
            .filter(|folder| within(path, folder));
        folders
            .map(|folder| if folder == "." { 0 } else { folder.len() })
            .max()
    };
    let merged = lines(&["tag", "--merged", "main"]);
    let decide = |project: &(&str, &str, Option<&str>)| {
        let tag = merged
            .iter()
            .filter(|tag| tag.starts_with(&format!("{}-v", project.0)))
            .max()?
            .clone();
        let unreleased: BTreeSet<_> = lines(&["rev-list", "main", "--not", &tag])
            .into_iter()
            .collect();
        let owns = |path: &String| {
            length(path, project).is_some()
                && length(path, project)
                    == projects
                        .iter()
                        .filter_map(|other| length(path, other))
                        .max()
        };
        let is_own =
            |hash: &&String| unreleased.contains(*hash) && paths_of[*hash].iter().any(owns);
        let says = |hash: &String| (mark_of[hash], hash.clone(), said[&mark_of[hash]].strength);
        let unit = |hash: &String| {
            let sides = brought
                .get(hash)
                .into_iter()
                .flatten()
                .filter(is_own)
                .filter(|side| said[&mark_of[*side]].has_form);
            let sides: Vec<_> = sides.map(says).collect();
            Unit {
                mark: mark_of[hash],
                says: if sides.is_empty() {
                    vec![says(hash)]
                } else {
                    sides
                },
            }
        };
        let mut own: Vec<_> = chain.iter().filter(is_own).map(unit).collect();
        cancel(&mut own, said);
        let left: Vec<_> = own.iter().flat_map(|unit| &unit.says).collect();
        let strongest = left
            .iter()
            .map(|(.., strength)| *strength)
            .max()
            .unwrap_or(0);
        let deciding = left
            .iter()
            .filter(|(.., strength)| strongest > 0 && *strength == strongest)
            .map(|(_, hash, _)| hash[..7].to_owned());
        Some((tag, strongest, deciding.collect()))
    };
    projects
        .iter()
        .map(|project| (project.0.to_owned(), decide(project)))
        .collect()
}

/// Holds some of the histories to the oracle; gives how many projects moved, and how many reverts and plain merges there were.
fn hold(seeds: impl Iterator<Item = u64>) -> [usize; 3] {
    let mut decided = 0;
    let mut reverted = 0;
    let mut merged = 0;
    for seed in seeds {
        let mut dice = Dice(seed * 7919 + 3);
        let projects: Vec<_> = PROJECTS.into_iter().filter(|_| dice.roll(4) > 0).collect();
        let repo = Repo::new();
        let mut import = Import::start(&repo);
        let said = random_history(&mut dice, &projects, &mut import);
        import.finish();
        let mut config = String::new();
        for (name, folder, also) in &projects {
            let also = also
                .map(|also| format!("also = [{also:?}]\n"))
                .unwrap_or_default();
            config += &format!(
                "[projects.{name}]\npath = {folder:?}\npackage = {name:?}\n{also}versions = [{{ file = \"{name}.txt\", pattern = \"v {{version}}\" }}]\n"
            );
            repo.write(&format!("{folder}/{name}.txt"), "v 1.0.0\n");
        }
        repo.write("xtask/monorepo.toml", &config);
        let expected = oracle(&repo, &projects, &said);
        let answer = ran(program(&repo.root())
            .args(["bump", "auto", "--dry-run", "--json"])
            .output()
            .unwrap());
        let document: Value = serde_json::from_str(&answer.stdout)
            .unwrap_or_else(|error| panic!("seed {seed}: {error}: {}", answer.stderr));
        let refused: BTreeSet<_> = document["refused"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["project"].as_str().unwrap())
            .collect();
        let moved: BTreeMap<_, _> = document["projects"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| (it["name"].as_str().unwrap(), it))
            .collect();
        for (name, expected) in &expected {
            let Some((tag, strongest, deciding)) = expected else {
                assert!(
                    refused.contains(name.as_str()),
                    "seed {seed}: {name} has no release: {document}"
                );
                continue;
            };
            assert!(
                !refused.contains(name.as_str()),
                "seed {seed}, {name}: {}",
                document["refused"]
            );
            let found = moved
                .get(name.as_str())
                .map_or(Value::Null, |project| (*project).clone());
            let level = ["", "patch", "minor", "major"][*strongest];
            assert_eq!(
                found["level"].as_str().unwrap_or_default(),
                level,
                "seed {seed}, {name} since {tag}: {document}"
            );
            let why: BTreeSet<_> = found["why"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|why| hash_in(why.as_str().unwrap()))
                .collect();
            assert_eq!(why, *deciding, "seed {seed}, {name} since {tag}");
            decided += usize::from(*strongest > 0);
        }
        reverted += said.values().filter(|said| said.reverts.is_some()).count();
        merged += said.values().filter(|said| said.is_plain_merge).count();
    }
    [decided, reverted, merged]
}

#[test]
fn random_histories_are_decided_as_plain_git_and_patience_decide_them() {
    // Git is waited for most of the time.
    let parts: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..4)
            .map(|part| scope.spawn(move || hold((0..300).skip(part).step_by(4))))
            .collect();
        running
            .into_iter()
            .map(|part| part.join().unwrap())
            .collect()
    });
    let [decided, reverted, merged] =
        [0, 1, 2].map(|what| parts.iter().map(|part| part[what]).sum::<usize>());
    assert!(
        decided > 400 && reverted > 600 && merged > 300,
        "the histories had something to tell: {decided} {reverted} {merged}"
    );
}

fn hash_in(why: &str) -> String {
    why.rsplit_once('(')
        .unwrap()
        .1
        .trim_end_matches(')')
        .to_owned()
}
