//! Ctrl-C and its like, with real signals on the program: the first lets what runs end, the second stops at once.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::channel;

use crate::support::programs::write_program;
use crate::support::proxy::{Latch, PATIENCE, Proxy};
use crate::support::snapshots::{assert_text, complaints_of};
use crate::support::{Fixture, program};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;
use snapbox::str;

/// The program as a person starts it. What runs behind a script's `&` is born deaf to Ctrl-C, and so are its children.
fn interruptible(program: Command) -> Command {
    let ignored = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = ignored
        .lines()
        .find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    if ignored.is_none_or(|ignored| ignored >> (Signal::INT.as_raw() - 1) & 1 == 0) {
        return program;
    }
    let mut command = Command::new("env");
    command
        .arg("--default-signal=INT")
        .arg(program.get_program())
        .current_dir(program.get_current_dir().unwrap());
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

/// The program while it runs, leader of a group as a shell makes it.
struct Running {
    child: Child,
    stderr: BufReader<ChildStderr>,
    said: String,
}

impl Running {
    fn start(fixture: &Fixture, arguments: &[&str]) -> Self {
        let mut child = interruptible(program(&fixture.root()))
            .args(arguments)
            .process_group(0)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Self {
            child,
            stderr,
            said: String::new(),
        }
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Reads what it says until it says this: then it has taken the signal.
    fn wait_until_it_says(&mut self, wanted: &str) {
        loop {
            let mut line = String::new();
            assert!(
                self.stderr.read_line(&mut line).unwrap() > 0,
                "it ended without saying {wanted:?}: {}",
                self.said
            );
            self.said.push_str(&line);
            if line.contains(wanted) {
                return;
            }
        }
    }

    /// The exit code, or the signal as a negative number; with stdout and stderr.
    fn end(mut self) -> (i32, String, String) {
        use std::os::unix::process::ExitStatusExt;
        let mut stdout = String::new();
        self.stderr.read_to_string(&mut self.said).unwrap();
        self.child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut stdout)
            .unwrap();
        let status = self.child.wait().unwrap();
        (
            status.code().unwrap_or_else(|| -status.signal().unwrap()),
            stdout,
            self.said,
        )
    }
}

/// A release of `api`, with a latch before what matches.
fn held(method: &'static str, part: &'static str) -> (Fixture, Proxy, Latch) {
    let fixture = Fixture::new();
    let latch = Latch::default();
    let held = latch.clone();
    let proxy = Proxy::in_front_of(&fixture, move |request| {
        if request.method == method && request.target.contains(part) {
            held.pass();
        }
        None
    });
    fixture.prepare_release();
    (fixture, proxy, latch)
}

/// Two runs more: the first finishes, the second finds everything done.
fn finishes(fixture: &Fixture, arguments: &[&str]) {
    fixture.ok(arguments);
    let after = fixture.state();
    let report = fixture.json(arguments);
    assert_eq!(
        (
            report.code,
            report.to_string().contains("\"acted\""),
            fixture.state()
        ),
        (0, false, after),
        "law 14"
    );
}

#[test]
fn the_first_lets_what_runs_end_and_says_how_to_go_on() {
    for signal in [Signal::INT, Signal::TERM] {
        let (fixture, _proxy, latch) = held("PUT", "/manifests/0.2.0-");
        let mut running = Running::start(&fixture, &["release", "api", "--json"]);
        latch.wait_for(2);
        kill_process(running.pid(), signal).unwrap();
        running.wait_until_it_says("stopping once this is done");
        latch.open();
        let (code, stdout, stderr) = running.end();
        assert_eq!(code, 1, "{stderr}");
        assert_text(
            &complaints_of(&stderr),
            str![[r#"
       error stopped as asked, after 2 of 5 steps; nothing is lost: what is done is found done by the next run
         try cargo xtask release api --json, which goes on

"#]],
        );
        let report: Value = serde_json::from_str(&stdout).unwrap();
        let verdicts: Vec<_> = report["steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| step["verdict"].as_str().unwrap())
            .collect();
        assert_eq!(
            verdicts,
            ["acted", "acted", "skipped", "skipped", "skipped"]
        );
        assert_eq!(report["stopped"], true);
        finishes(&fixture, &["release", "api"]);
    }
}

#[test]
fn the_second_stops_at_once_and_the_next_run_finishes() {
    let (fixture, _proxy, latch) = held("PUT", "/manifests/0.2.0-");
    let mut running = Running::start(&fixture, &["release", "api", "--json"]);
    latch.wait_for(2);
    kill_process(running.pid(), Signal::INT).unwrap();
    running.wait_until_it_says("stopping once this is done");
    kill_process(running.pid(), Signal::INT).unwrap();
    let (code, stdout, stderr) = running.end();
    assert_eq!(
        (code, stdout.as_str()),
        (130, ""),
        "no half document: {stderr}"
    );
    latch.open();
    finishes(&fixture, &["release", "api"]);
}

#[test]
fn before_anything_acts_it_ends_the_program_as_it_always_does() {
    let (fixture, _proxy, latch) = held("GET", "/tags/list");
    let before = fixture.state();
    let running = Running::start(&fixture, &["release", "api"]);
    latch.wait_for(1);
    kill_process(running.pid(), Signal::INT).unwrap();
    let (code, _, stderr) = running.end();
    assert_eq!(code, -Signal::INT.as_raw(), "{stderr}");
    assert_eq!(fixture.state(), before);
    latch.open();
    finishes(&fixture, &["release", "api"]);
}

/// A push that waits in a hook until it is told to go on. Before the first step, each push is tried with its hooks, which do not
/// wait.
struct SlowPush {
    arrived: PathBuf,
    go_on: PathBuf,
}

impl SlowPush {
    fn prepare(fixture: &Fixture, tried: usize) -> Self {
        let [arrived, go_on] =
            ["arrived", "go-on"].map(|name| fixture.root().join(".git").join(name));
        for pipe in [&arrived, &go_on] {
            assert!(
                std::process::Command::new("mkfifo")
                    .arg(pipe)
                    .status()
                    .unwrap()
                    .success()
            );
        }
        let hook = fixture.root().join(".git/hooks/pre-push");
        write_program(
            &hook,
            &format!(
                "#!/bin/sh\necho x >> {tries}\n[ $(wc -l < {tries}) -gt {tried} ] || exit 0\necho here > {}\nread word < {}\n",
                arrived.display(),
                go_on.display(),
                tries = fixture.root().join(".git/tries").display()
            ),
        );
        Self { arrived, go_on }
    }

    /// Opening a pipe waits for the other end, which a test that fails never has: that is waited for aside.
    fn wait_for(&self) {
        let (sender, answer) = channel();
        let pipe = self.arrived.clone();
        std::thread::spawn(move || sender.send(fs::read_to_string(pipe).unwrap()));
        assert_eq!(answer.recv_timeout(PATIENCE).unwrap(), "here\n");
    }

    /// What is written stays in the pipe while the answer is held, also where nobody reads it any more.
    fn let_go(&self) -> fs::File {
        let mut pipe = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open(&self.go_on)
            .unwrap();
        pipe.write_all(b"go\n").unwrap();
        pipe
    }
}

#[test]
fn a_push_that_runs_is_let_end_though_a_terminal_signals_its_whole_group() {
    let fixture = Fixture::new();
    let push = SlowPush::prepare(&fixture, 2);
    let mut running = Running::start(&fixture, &["tag", "api", "core", "--push"]);
    push.wait_for();
    kill_process_group(running.pid(), Signal::INT).unwrap();
    running.wait_until_it_says("stopping once this is done: api-v0.1.0 to origin");
    let _pipe = push.let_go();
    let (code, _, stderr) = running.end();
    assert_eq!(code, 1, "{stderr}");
    let tags = fixture.git(&["ls-remote", "--tags", "--refs", "origin"]);
    assert!(
        tags.contains("api-v0.1.0\n") && !tags.contains("core-v0.1.0\n"),
        "{tags}"
    );
    fs::remove_file(fixture.root().join(".git/hooks/pre-push")).unwrap();
    finishes(&fixture, &["tag", "api", "core", "--push"]);
}

#[test]
fn the_second_ends_what_runs_too() {
    let fixture = Fixture::new();
    let push = SlowPush::prepare(&fixture, 1);
    let mut running = Running::start(&fixture, &["tag", "api", "--push"]);
    push.wait_for();
    kill_process_group(running.pid(), Signal::INT).unwrap();
    running.wait_until_it_says("stopping once this is done");
    kill_process_group(running.pid(), Signal::INT).unwrap();
    let (code, _, stderr) = running.end();
    assert_eq!(code, 130, "{stderr}");
    fs::remove_file(fixture.root().join(".git/hooks/pre-push")).unwrap();
    assert!(
        !fixture
            .git(&["ls-remote", "--tags", "origin"])
            .contains("api-v0.1.0")
    );
    finishes(&fixture, &["tag", "api", "--push"]);
}

/// What a person sees: `script` gives the program a terminal.
#[test]
fn on_a_terminal_lines_move_while_steps_run_and_are_gone_at_the_end() {
    let (fixture, proxy, latch) = held("PUT", "/manifests/0.2.0-");
    let line = format!("{} release api --yes", crate::support::binary().display());
    let mut command = std::process::Command::new("script");
    command
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .current_dir(fixture.root());
    command
        .env_remove("CI")
        .env_remove("GITHUB_ACTIONS")
        .env("TERM", "xterm")
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        println!("skipped: there is no `script` to make a terminal with");
        return;
    };
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut seen = Vec::new();
    let moving = ["0.2.0-amd64 ←", "0.2.0-arm64 ←"].map(|name| {
        format!(
            "promote {}:{name}",
            format_args!("{}/acme/api", proxy.address())
        )
    });
    // The plan shows each once; drawn again, they move.
    while !moving.iter().all(|name| {
        String::from_utf8_lossy(&seen)
            .matches(name.as_str())
            .count()
            > 1
    }) {
        let bytes = stdout.fill_buf().unwrap().to_vec();
        assert!(
            !bytes.is_empty(),
            "it ended: {}",
            String::from_utf8_lossy(&seen)
        );
        stdout.consume(bytes.len());
        seen.extend(bytes);
    }
    latch.open();
    stdout.read_to_end(&mut seen).unwrap();
    assert!(child.wait().unwrap().success());
    let seen = String::from_utf8_lossy(&seen);
    assert_eq!(seen.matches("acted").count(), 5, "{seen:?}");
    assert!(
        seen.trim_end()
            .lines()
            .last()
            .unwrap()
            .contains("5 done now"),
        "{seen:?}"
    );
}

#[test]
fn on_a_terminal_the_second_leaves_no_line_standing() {
    let (fixture, proxy, latch) = held("PUT", "/manifests/0.2.0-");
    let line = format!("{} release api --yes", crate::support::binary().display());
    let mut command = std::process::Command::new("script");
    command
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .current_dir(fixture.root());
    command
        .env_remove("CI")
        .env_remove("GITHUB_ACTIONS")
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        println!("skipped: there is no `script` to make a terminal with");
        return;
    };
    let mut keys = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut seen = Vec::new();
    let mut wait_until = |is_there: &dyn Fn(&str) -> bool| {
        while !is_there(&String::from_utf8_lossy(&seen)) {
            let bytes = stdout.fill_buf().unwrap().to_vec();
            assert!(
                !bytes.is_empty(),
                "it ended: {}",
                String::from_utf8_lossy(&seen)
            );
            stdout.consume(bytes.len());
            seen.extend(bytes);
        }
    };
    let moving = format!("promote {}/acme/api:0.2.0-amd64 ←", proxy.address());
    wait_until(&|seen| seen.matches(&moving).count() > 1);
    keys.write_all(b"\x03").unwrap();
    // They are drawn anew below what was said.
    wait_until(&|seen| {
        seen.split_once("Ctrl-C again stops at once")
            .is_some_and(|(_, after)| after.contains(&moving))
    });
    keys.write_all(b"\x03").unwrap();
    stdout.read_to_end(&mut seen).unwrap();
    latch.open();
    assert_eq!(
        child.wait().unwrap().code(),
        Some(130),
        "{}",
        String::from_utf8_lossy(&seen)
    );
    let seen = String::from_utf8_lossy(&seen);
    let (_, after) = seen.rsplit_once(&moving).unwrap();
    assert!(
        after.contains("\u{1b}[2K"),
        "the last line that moved was taken away: {after:?}"
    );
    finishes(&fixture, &["release", "api"]);
}
