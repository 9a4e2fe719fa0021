//! Ends the program in the middle of its work, at every place where it touches the world: each call of another program,
//! each request, each change of a file. What is left must be finished by the same line.
//!
//! Nothing in the program knows of this: programs are met by a shim before them on the PATH, requests by the embedded
//! server, files by strace.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use monorelease_stand_ins::github::EmbeddedForge;
use monorelease_stand_ins::package_index::EmbeddedIndex;
use monorelease_stand_ins::registry::{EmbeddedRegistry, Fault, Kept};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::package::Packaged;
use super::programs::write_program;
use super::stage::{Stage, TOKEN};
use super::tools::on_path;
use super::{Fixture, Report, program, room};

/// What happens to one touch of the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// The program is killed, and the touch has no effect.
    KilledBefore,
    /// The program is killed, and the touch has its effect.
    KilledAfter,
    /// The touch has its effect, and the program is told that it failed.
    AnswerLost,
}

pub const MISHAPS: [Mishap; 3] = [
    Mishap::KilledBefore,
    Mishap::KilledAfter,
    Mishap::AnswerLost,
];

/// Times of commits and tags, so that two runs of one line make the same objects.
const CLOCK: [(&str, &str); 2] = [
    ("GIT_AUTHOR_DATE", "2026-01-02T03:04:05Z"),
    ("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z"),
];

/// The server whose requests are disturbed.
#[derive(Clone, Copy)]
enum Asked<'a> {
    Registry(&'a EmbeddedRegistry),
    Forge(&'a EmbeddedForge),
    Index(&'a EmbeddedIndex),
}

impl Asked<'_> {
    fn plan_fault(self, fault: Fault) {
        match self {
            Self::Registry(registry) => registry.plan_fault(fault),
            Self::Forge(forge) => forge.plan_fault(fault),
            Self::Index(index) => index.plan_fault(fault),
        }
    }

    fn clear_faults(self) -> usize {
        match self {
            Self::Registry(registry) => registry.clear_faults(),
            Self::Forge(forge) => forge.clear_faults(),
            Self::Index(index) => index.clear_faults(),
        }
    }
}

/// What two runs are compared by.
type State<'a> = Box<dyn Fn(&Fixture) -> BTreeMap<String, String> + 'a>;

/// One verb on one fixture, to be run many times from the same beginning.
pub struct Scenario<'a> {
    fixture: &'a Fixture,
    arguments: Vec<&'a str>,
    /// The fixture's folder as it was, and what the registry held.
    beginning: (tempfile::TempDir, Kept),
    /// What an undisturbed run leaves.
    end: BTreeMap<String, String>,
    shims: tempfile::TempDir,
    /// Takes back what a run does beyond the fixture.
    also_go_back: Box<dyn Fn() + 'a>,
    /// The environment of every run.
    variables: Vec<(String, String)>,
    /// What is compared.
    state: State<'a>,
    asked: Asked<'a>,
    /// What kills have left so far, down to the bytes of every file; `None` where more than that can tell two of them apart.
    left: Option<HashSet<String>>,
    pub cases: usize,
}

impl<'a> Scenario<'a> {
    /// Runs the line once without disturbance, for what it should come to, and goes back to the beginning.
    pub fn new(fixture: &'a Fixture, arguments: &[&'a str]) -> Self {
        let begun = Self::with(fixture, arguments, || {});
        Self {
            left: Some(HashSet::new()),
            ..begun
        }
    }

    /// As [`Self::new`], for a line that also changes what is not the fixture's, such as an engine's images.
    pub fn with(fixture: &'a Fixture, arguments: &[&'a str], also_go_back: impl Fn() + 'a) -> Self {
        let asked = Asked::Registry(&fixture.registry);
        let begun = Self::begin(
            fixture,
            arguments,
            Box::new(also_go_back),
            Vec::new(),
            (Box::new(Fixture::state), asked),
        );
        Self {
            left: None,
            ..begun
        }
    }

    /// As [`Self::new`], for a line that needs an environment, and whose bytes differ from run to run: `state` leaves those out.
    pub fn told_by(
        fixture: &'a Fixture,
        arguments: &[&'a str],
        variables: Vec<(String, String)>,
        state: fn(&Fixture) -> BTreeMap<String, String>,
    ) -> Self {
        Self::begin(
            fixture,
            arguments,
            Box::new(|| {}),
            variables,
            (Box::new(state), Asked::Registry(&fixture.registry)),
        )
    }

    /// As [`Self::new`], for a line that asks the forge: its requests are the ones that are disturbed, and what it holds is
    /// compared and taken back too.
    pub fn at_forge(stage: &'a Stage, arguments: &[&'a str]) -> Self {
        Self::asking(&stage.fixture, &stage.forge, arguments)
    }

    /// As [`Self::at_forge`], of any fixture and its forge.
    pub fn asking(fixture: &'a Fixture, forge: &'a EmbeddedForge, arguments: &[&'a str]) -> Self {
        let pulls = forge.pulls();
        let releases = forge.releases();
        let state = |fixture: &Fixture| {
            let mut state = fixture.state();
            state.extend(
                forge
                    .pulls()
                    .into_iter()
                    .map(|pull| (format!("pull {}", pull.number), format!("{pull:#?}"))),
            );
            state.extend(told_releases(forge));
            state
        };
        let variables = vec![
            ("GITHUB_API_URL".to_owned(), forge.url()),
            ("GITHUB_TOKEN".to_owned(), TOKEN.to_owned()),
        ];
        let also_go_back = move || {
            forge.go_back_to(&pulls);
            forge.go_back_to_releases(&releases);
        };
        Self::begin(
            fixture,
            arguments,
            Box::new(also_go_back),
            variables,
            (Box::new(state), Asked::Forge(forge)),
        )
    }

    /// As [`Self::new`], for a line that publishes a package: the requests to its index are disturbed, and what that holds is
    /// compared and taken back too.
    pub fn of_package(packaged: &'a Packaged, arguments: &[&'a str]) -> Self {
        let index = &packaged.index;
        let files = index.files();
        let state = |_: &Fixture| packaged.state();
        let also_go_back = move || index.go_back_to(&files);
        let rest = (Box::new(state) as State<'a>, Asked::Index(index));
        Self::begin(
            &packaged.fixture,
            arguments,
            Box::new(also_go_back),
            packaged.variables(),
            rest,
        )
    }

    /// As [`Self::of_package`], for what the forge is told of it: the requests to the forge are disturbed, and both are compared
    /// and taken back.
    pub fn of_package_at_forge(
        packaged: &'a Packaged,
        forge: &'a EmbeddedForge,
        arguments: &[&'a str],
        variables: Vec<(String, String)>,
    ) -> Self {
        let index = &packaged.index;
        let files = packaged.index.files();
        let releases = forge.releases();
        let state = |_: &Fixture| {
            let mut state = packaged.state();
            state.extend(told_releases(forge));
            state
        };
        let also_go_back = move || {
            index.go_back_to(&files);
            forge.go_back_to_releases(&releases);
        };
        let rest = (Box::new(state) as State<'a>, Asked::Forge(forge));
        Self::begin(
            &packaged.fixture,
            arguments,
            Box::new(also_go_back),
            variables,
            rest,
        )
    }

    fn begin(
        fixture: &'a Fixture,
        arguments: &[&'a str],
        also_go_back: Box<dyn Fn() + 'a>,
        variables: Vec<(String, String)>,
        (state, asked): (State<'a>, Asked<'a>),
    ) -> Self {
        let copy = room::folder();
        copy_tree(&fixture.folder(), copy.path());
        let beginning = (copy, fixture.registry.keep());
        let shims = room::folder();
        fs::create_dir(shims.path().join("private")).unwrap();
        let end = BTreeMap::new();
        let words = arguments.to_vec();
        let before = state(fixture);
        let mut scenario = Self {
            fixture,
            arguments: words,
            beginning,
            end,
            shims,
            also_go_back,
            variables,
            state,
            asked,
            left: Some(HashSet::new()),
            cases: 0,
        };
        let undisturbed = scenario.run();
        assert_eq!(undisturbed.code, 0, "{}", undisturbed.stderr);
        scenario.end = scenario.now();
        assert_ne!(scenario.end, before, "{arguments:?} did nothing");
        scenario.assert_nothing_left_to_do("an undisturbed run");
        scenario.go_back();
        assert_eq!(scenario.now(), before, "the beginning is what it was");
        scenario
    }

    fn now(&self) -> BTreeMap<String, String> {
        (self.state)(self.fixture)
    }

    fn go_back(&self) {
        let folder = self.fixture.folder();
        for entry in fs::read_dir(&folder).unwrap() {
            fs::remove_dir_all(entry.unwrap().path()).unwrap();
        }
        copy_tree(self.beginning.0.path(), &folder);
        self.fixture.registry.go_back_to(&self.beginning.1);
        self.asked.clear_faults();
        (self.also_go_back)();
    }

    fn command(&self) -> Command {
        let mut command = program(&self.fixture.root());
        // Who is killed leaves its private folders, which are to go with the scenario.
        command.env("TMPDIR", self.shims.path().join("private"));
        command
            .args(&self.arguments)
            .envs(CLOCK)
            .envs(self.variables.iter().cloned());
        command
    }

    fn run(&self) -> Report {
        super::ran(self.command().output().unwrap())
    }

    /// The same line again must finish; then once more, and it must find nothing to do. What was finished from these very bytes already
    /// is not finished once more: most calls only ask.
    fn finish_and_compare(&mut self, case: &str) {
        self.cases += 1;
        let now = self
            .left
            .is_some()
            .then(|| format!("{:?}{}", self.now(), digest_of(&self.fixture.folder())));
        if let (Some(left), Some(now)) = (&mut self.left, now)
            && !left.insert(now)
        {
            return;
        }
        let second = self.run();
        assert_eq!(
            second.code, 0,
            "{case}: the second run could not finish: {}",
            second.stderr
        );
        let found = self.now();
        for (name, wanted) in &self.end {
            assert_eq!(
                found.get(name),
                Some(wanted),
                "{case}: {name} is not what an undisturbed run leaves; it said: {}",
                second.stderr
            );
        }
        assert_eq!(
            found.keys().collect::<Vec<_>>(),
            self.end.keys().collect::<Vec<_>>(),
            "{case}: something is left over"
        );
        self.assert_nothing_left_to_do(case);
    }

    fn assert_nothing_left_to_do(&self, case: &str) {
        let again = super::ran(self.command().arg("--json").output().unwrap());
        let report: Value = serde_json::from_str(&again.stdout)
            .unwrap_or_else(|error| panic!("{case}: {error}: {}", again.stderr));
        let acted = report["steps"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|step| step["verdict"] != "done")
            .count();
        assert_eq!(
            (again.code, acted),
            (0, 0),
            "{case}: law 14: a further run acts: {report:#}"
        );
        assert_eq!(
            self.now(),
            self.end,
            "{case}: law 14: a further run changed something"
        );
    }

    /// Every call of another program, each with every mishap.
    pub fn at_every_call_of(&mut self, program: &str) {
        self.at_every_call_that("*", program);
    }

    /// As [`Self::at_every_call_of`], for the calls whose arguments match a pattern of the shell.
    pub fn at_every_call_that(&mut self, pattern: &str, program: &str) {
        let real = on_path(program).unwrap();
        for mishap in MISHAPS {
            let shim = Shim::new(self.shims.path(), pattern);
            shim.write(&self.shims.path().join(program), &real, mishap);
            for place in 1.. {
                self.go_back();
                shim.disturb(place);
                let own = self
                    .variables
                    .iter()
                    .find(|(name, _)| name == "PATH")
                    .map(|(_, path)| path.clone());
                let path = format!(
                    "{}:{}",
                    self.shims.path().display(),
                    own.unwrap_or_else(|| std::env::var("PATH").unwrap())
                );
                let first = super::ran(self.command().env("PATH", path).output().unwrap());
                if shim.calls() < place {
                    // The next program's calls are counted alone.
                    fs::remove_file(self.shims.path().join(program)).unwrap();
                    break;
                }
                if mishap != Mishap::AnswerLost {
                    assert_eq!(
                        first.code, -1,
                        "{mishap:?} at call {place} of {program}: it was not killed: {}",
                        first.stderr
                    );
                }
                self.finish_and_compare(&format!("{mishap:?} at call {place} of {program}"));
            }
        }
    }

    /// As [`Self::at_every_call_of`], for a program that lies in the repository.
    pub fn at_every_call_of_file(&mut self, file: &str) {
        let place_of = self.fixture.root().join(file);
        let real = self.shims.path().join("real");
        fs::copy(&place_of, &real).unwrap();
        for mishap in MISHAPS {
            let shim = Shim::new(self.shims.path(), "*");
            for place in 1.. {
                self.go_back();
                shim.disturb(place);
                shim.write(&place_of, &real, mishap);
                let first = self.run();
                fs::copy(&real, &place_of).unwrap();
                if shim.calls() < place {
                    assert_eq!(first.code, 0, "{}", first.stderr);
                    break;
                }
                match mishap {
                    // What is asked of it and not answered refuses; an act that is seen to have come true is none that failed.
                    Mishap::AnswerLost => {
                        assert!(
                            matches!(first.code, 0 | 1 | 3),
                            "{mishap:?} at call {place} of {file}: {}",
                            first.stderr
                        );
                    }
                    _ => assert_eq!(
                        first.code, -1,
                        "{mishap:?} at call {place} of {file}: it was not killed: {}",
                        first.stderr
                    ),
                }
                self.finish_and_compare(&format!("{mishap:?} at call {place} of {file}"));
            }
        }
    }

    /// Every request to the server, each with every mishap.
    pub fn at_every_request(&mut self) {
        self.at_every_request_of("");
    }

    /// As [`Self::at_every_request_of`], of the registry where the forge is the server that is otherwise disturbed.
    pub fn at_every_request_to_the_registry_of(&mut self, method: &str) {
        let asked = std::mem::replace(&mut self.asked, Asked::Registry(&self.fixture.registry));
        self.at_every_request_of(method);
        self.asked = asked;
    }

    /// As [`Self::at_every_request`], for those of one method.
    pub fn at_every_request_of(&mut self, method: &str) {
        for mishap in MISHAPS {
            for place in 1.. {
                self.go_back();
                let child: Arc<Mutex<Option<u32>>> = Arc::default();
                let fault = match mishap {
                    Mishap::AnswerLost => Fault::cut_after(method, ""),
                    _ => {
                        let child = Arc::clone(&child);
                        Fault::meanwhile(method, "", mishap == Mishap::KilledAfter, move || {
                            kill(child.lock().unwrap().unwrap())
                        })
                    }
                };
                self.asked.plan_fault(fault.from_nth(place));
                let first = {
                    // Until the child is known by number, no request of it is looked at.
                    let mut known = child.lock().unwrap();
                    let child = self
                        .command()
                        .stdin(Stdio::null())
                        .stdout(Stdio::null())
                        .stderr(Stdio::piped())
                        .spawn()
                        .unwrap();
                    *known = Some(child.id());
                    child
                };
                let first = super::ran(first.wait_with_output().unwrap());
                if self.asked.clear_faults() > 0 {
                    assert_eq!(first.code, 0, "{}", first.stderr);
                    break;
                }
                match mishap {
                    // One lost answer is asked for again, but for those of other programs' requests.
                    Mishap::AnswerLost => assert!(
                        matches!(first.code, 0 | 1),
                        "{mishap:?} at request {place}: {}",
                        first.stderr
                    ),
                    _ => assert_eq!(
                        first.code, -1,
                        "{mishap:?} at request {place}: it was not killed: {}",
                        first.stderr
                    ),
                }
                self.finish_and_compare(&format!("{mishap:?} at request {place}"));
            }
        }
    }

    /// Every call of the operating system that changes files, before it has an effect: after one is before the next.
    ///
    /// Says so and does nothing where there is no strace that may trace.
    pub fn at_every_change_of_a_file(&mut self) {
        if let Err(why) = can_trace() {
            println!("skipped: no change of a file is interrupted: {why}");
            return;
        }
        for call in [
            "rename",
            "renameat",
            "renameat2",
            "link",
            "linkat",
            "unlink",
            "unlinkat",
            "mkdir",
            "mkdirat",
            "fsync",
            "ftruncate",
            "chmod",
            "fchmod",
        ] {
            for place in 1.. {
                self.go_back();
                let command = self.command();
                let mut strace = Command::new("strace");
                strace.args([
                    "-f",
                    "-b",
                    "execve",
                    "-qq",
                    "-o",
                    "/dev/null",
                    "-e",
                    &format!("trace={call}"),
                    "-e",
                ]);
                strace
                    .arg(format!(
                        "inject={call}:error=EIO:signal=SIGKILL:when={place}"
                    ))
                    .arg(command.get_program())
                    .args(command.get_args());
                // What the line is to be told, and what it is not to see, is told to strace.
                strace.current_dir(self.fixture.root());
                for (name, value) in command.get_envs() {
                    match value {
                        Some(value) => strace.env(name, value),
                        None => strace.env_remove(name),
                    };
                }
                let first = super::ran(strace.output().unwrap());
                if first.code == 0 {
                    break;
                }
                self.finish_and_compare(&format!("killed before {call} number {place}"));
            }
        }
    }
}

/// The forge's releases, several of one tag apart, without the numbers that it gives and in no order of theirs.
fn told_releases(forge: &EmbeddedForge) -> BTreeMap<String, String> {
    let mut told: BTreeMap<String, String> = BTreeMap::new();
    for mut release in forge.releases() {
        release.number = 0;
        release.assets.iter_mut().for_each(|asset| asset.number = 0);
        release
            .assets
            .sort_by(|left, right| left.name.cmp(&right.name));
        told.entry(format!("release {}", release.tag))
            .or_default()
            .push_str(&format!("{release:#?}"));
    }
    told
}

/// Whether strace is here and may trace. A machine that forbids tracing skips; where every tool is required, it must be here.
fn can_trace() -> Result<(), &'static str> {
    match Command::new("strace")
        .args(["-o", "/dev/null", "true"])
        .stderr(Stdio::null())
        .status()
    {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err("strace may not trace here"),
        Err(_) => {
            assert!(
                std::env::var_os("XTASK_REQUIRE_TOOLS").is_none(),
                "missing strace; .ci/setup installs it"
            );
            Err("there is no strace")
        }
    }
}

/// A program that does as the real one, but for the call of one number. Calls at the same time are told apart by their
/// process: each adds its own to the list.
struct Shim<'a> {
    /// The calls so far, and the number of the one that is disturbed.
    counter: PathBuf,
    disturbed: PathBuf,
    /// Of the arguments that count, in the shell's language.
    pattern: &'a str,
}

impl<'a> Shim<'a> {
    fn new(folder: &Path, pattern: &'a str) -> Self {
        Self {
            counter: folder.join("counter"),
            disturbed: folder.join("disturbed"),
            pattern,
        }
    }

    /// Begins to count anew.
    fn disturb(&self, place: usize) {
        fs::write(&self.counter, "").unwrap();
        fs::write(&self.disturbed, format!("{place}\n")).unwrap();
    }

    fn calls(&self) -> usize {
        fs::read_to_string(&self.counter).unwrap().lines().count()
    }

    /// It counts in the shell alone: each program that it started would be started once more for every call of every case.
    fn write(&self, path: &Path, real: &Path, mishap: Mishap) {
        let real = real.display();
        let quietly = format!("'{real}' \"$@\" > /dev/null 2>&1 < /dev/null");
        let disturbed = match mishap {
            Mishap::KilledBefore => "kill -KILL $PPID; exit 1".to_owned(),
            Mishap::KilledAfter => format!("{quietly}; kill -KILL $PPID; exit 1"),
            Mishap::AnswerLost => format!("{quietly}; echo the answer was lost >&2; exit 1"),
        };
        let text = format!(
            "#!/bin/sh
case \"$*\" in {})
echo $$ >> '{counter}'
count=0
while read -r process; do count=$((count + 1)); [ $process != $$ ] || break; done < '{counter}'
read -r place < '{}'
if [ $count -eq $place ]; then {disturbed}; fi
esac
exec '{real}' \"$@\"
",
            self.pattern,
            self.disturbed.display(),
            counter = self.counter.display(),
        );
        write_program(path, &text);
    }
}

fn kill(child: u32) {
    assert!(
        Command::new("kill")
            .args(["-KILL", &child.to_string()])
            .status()
            .unwrap()
            .success()
    );
}

/// The names and bytes of everything in a folder. Of git's index the name alone: it notes when files were looked at, and what it says
/// otherwise is part of the state.
fn digest_of(folder: &Path) -> String {
    let mut told = Sha256::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let mut entries: Vec<_> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        entries.sort();
        for path in entries {
            told.update(path.as_os_str().as_encoded_bytes());
            let about = fs::symlink_metadata(&path).unwrap();
            told.update(about.permissions().mode().to_le_bytes());
            let kind = about.file_type();
            match () {
                () if kind.is_dir() => open.push(path),
                () if kind.is_symlink() => {
                    told.update(fs::read_link(&path).unwrap().as_os_str().as_encoded_bytes())
                }
                () if path.ends_with(".git/index") => {}
                () => told.update(fs::read(&path).unwrap()),
            }
            told.update([0]);
        }
    }
    told.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Copies what is in a folder, with permissions and links.
fn copy_tree(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            fs::create_dir(&to).unwrap();
            copy_tree(&from, &to);
            fs::set_permissions(&to, fs::metadata(&from).unwrap().permissions()).unwrap();
        } else if kind.is_symlink() {
            symlink(fs::read_link(&from).unwrap(), &to).unwrap();
        } else if entry.metadata().unwrap().permissions().mode() & 0o111 == 0 {
            fs::copy(&from, &to).unwrap();
        } else {
            // See `write_program`: a program must not have been open for writing in this process.
            let copied = Command::new("cp").arg("-p").arg(&from).arg(&to).status();
            assert!(copied.unwrap().success());
        }
    }
}
