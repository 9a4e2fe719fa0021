//! The only place that prints. People read stderr, programs read stdout.

pub mod live;

use std::io::{BufRead, ErrorKind};
use std::sync::atomic::{AtomicBool, Ordering};

use std::fmt::Write as _;
use std::io::Write as _;

use crate::fault::Fault;
use crate::program;
use crate::step::plan::{Cost, Plan, Planned, Verdict};
pub(crate) use crate::text::table;

/// How this run talks.
#[derive(Clone)]
pub struct Ui {
    pub json: bool,
    pub verbose: bool,
    pub color: bool,
    /// Sections fold in the log of GitHub Actions.
    pub groups: bool,
    /// Lines may move: a person looks on.
    pub bars: bool,
}

const WIDTH: usize = 12;

impl Ui {
    /// A status line: what is going on, and with what.
    pub fn status(&self, verb: &str, text: &str) {
        self.line("32;1", verb, text);
    }

    pub fn note(&self, text: &str) {
        self.line("36;1", "note", &indented(text));
    }

    pub fn warn(&self, text: &str) {
        self.line("33;1", "warning", &indented(text));
    }

    /// What is wrong, and the command that mends it.
    pub fn error(&self, what: &str, fix: Option<&str>) {
        self.line("31;1", "error", &indented(what));
        if let Some(fix) = fix {
            self.line("36;1", "try", fix);
        }
    }

    /// A line a child process printed.
    pub fn child(&self, text: &str) {
        say(format!("{:>WIDTH$} {text}", "│"));
    }

    /// Opens a section that folds in CI logs.
    pub fn open_section(&self, title: &str) {
        if self.groups {
            say(format!("::group::{title}"));
        }
    }

    pub fn close_section(&self) {
        if self.groups {
            say("::endgroup::".into());
        }
    }

    /// One document on stdout, when JSON was asked for.
    pub fn document(&self, document: &serde_json::Value) {
        if self.json {
            let mut document = document.clone();
            name_program(&mut document);
            tell(&document.to_string());
        }
    }

    /// A report for people, on stdout; nothing when JSON was asked for.
    pub fn data(&self, text: &str) {
        self.text(&program::named(text));
    }

    /// A text that others wrote, such as a changelog, on stdout as it is; nothing when JSON was asked for.
    pub fn text(&self, text: &str) {
        if !self.json {
            tell(text);
        }
    }

    /// An error that ended the run.
    pub fn fault(&self, fault: &Fault) {
        self.error(&fault.what, fault.fix.as_deref());
        self.document(&serde_json::json!({
            "schema": 1,
            "error": { "code": fault.kind.exit_code(), "what": fault.what, "fix": fault.fix },
        }));
    }

    /// Every step of a plan with its verdict, and what refuses it.
    pub fn plan(&self, plan: &Plan) {
        // Of thousands of steps, a write for each would take longer than to plan them.
        let steps: Vec<_> = plan
            .steps
            .iter()
            .map(|planned| self.step_line(planned))
            .collect();
        if !steps.is_empty() {
            say(steps.join("\n"));
        }
        for note in &plan.notes {
            self.note(note);
        }
        for refusal in &plan.refused {
            self.error(&refusal.what, Some(&refusal.fix));
        }
    }

    /// One step on one line; its reason below, when asked for.
    pub fn step(&self, planned: &Planned) {
        say(self.step_line(planned));
    }

    fn step_line(&self, planned: &Planned) -> String {
        let color = match planned.verdict {
            Verdict::Done | Verdict::Skipped => "2",
            Verdict::Todo => "36;1",
            Verdict::Acted | Verdict::Waiting => "32;1",
            Verdict::Conflict | Verdict::Unknown | Verdict::Failed | Verdict::Overtaken => "31;1",
        };
        let draft = &planned.draft;
        let mut text = format!("{} {}", draft.step.kind(), draft.step.what());
        match planned.verdict {
            Verdict::Failed | Verdict::Overtaken => {
                let _ = write!(text, "\n{}", planned.evidence);
            }
            Verdict::Todo => {
                let _ = write!(text, "  ({})", draft.why);
            }
            // Where to merge it is what comes next.
            Verdict::Waiting => {
                let _ = write!(text, "  ({})", planned.evidence);
            }
            _ if !planned.evidence.is_empty()
                && (self.verbose
                    || matches!(planned.verdict, Verdict::Done | Verdict::Skipped)) =>
            {
                let _ = write!(text, "  ({})", planned.evidence);
            }
            _ => {}
        }
        if planned.verdict.has_acted() || planned.verdict.has_failed() {
            let _ = write!(text, "  [{}]", spent(planned.cost));
        }
        self.lined(color, planned.verdict.word(), &indented(&text))
    }

    /// Asks once; only `y` and `yes` are yes.
    pub fn confirm(&self, question: &str) -> bool {
        let mut stderr = std::io::stderr().lock();
        let _ = write!(stderr, "{:>WIDTH$} {question} [y/N] ", "?").and_then(|()| stderr.flush());
        let mut answer = String::new();
        // Input that cannot be read is no consent.
        let read = std::io::stdin().lock().read_line(&mut answer);
        read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
    }

    fn line(&self, color: &str, head: &str, text: &str) {
        say(self.lined(color, head, text));
    }

    fn lined(&self, color: &str, head: &str, text: &str) -> String {
        match self.color {
            true => format!("\x1b[{color}m{head:>WIDTH$}\x1b[0m {text}"),
            false => format!("{head:>WIDTH$} {text}"),
        }
    }
}

/// A line for people, or several, in one write: stderr keeps nothing back. A reader that went away, as behind `| head`, is no
/// reason to stop in the middle of a release.
fn say(line: String) {
    let mut line = program::named(&line).into_owned();
    line.push('\n');
    let _ = std::io::stderr().lock().write_all(line.as_bytes());
}

/// Whether data for programs did not arrive, on a disk that is full.
static LOST: AtomicBool = AtomicBool::new(false);

/// Data for programs. What was done is done and the run goes on; its exit code tells that the data are not whole.
fn tell(text: &str) {
    let written = writeln!(std::io::stdout().lock(), "{text}");
    if let Err(error) = written.and_then(|()| std::io::stdout().flush())
        && error.kind() != ErrorKind::BrokenPipe
        && !LOST.swap(true, Ordering::Relaxed)
    {
        say(format!(
            "{:>WIDTH$} the data on stdout are not whole: {error}",
            "error"
        ));
    }
}

/// Whether something that was printed for programs is lost, for another reason than that the reader went away.
pub fn has_lost_data() -> bool {
    LOST.load(Ordering::Relaxed)
}

/// The keys of documents whose values are commands that a person can paste.
const COMMAND_KEYS: [&str; 4] = ["fix", "next", "line", "command"];

/// Calls the program by its name in this run, in the commands of a document.
fn name_program(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(members) => {
            for (key, value) in members {
                match value {
                    serde_json::Value::String(text) if COMMAND_KEYS.contains(&key.as_str()) => {
                        *text = program::named(text).into_owned();
                    }
                    other => name_program(other),
                }
            }
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(name_program),
        _ => {}
    }
}

fn indented(text: &str) -> String {
    text.replace('\n', &format!("\n{:WIDTH$} ", ""))
}

/// A plan as Markdown, for the page of a CI run.
pub fn summary(plan: &Plan) -> String {
    // A bar or an angle bracket in a name must not become a column or a tag.
    let cell = |text: &str| {
        text.replace('|', "\\|")
            .replace('<', "&lt;")
            .replace('\n', " ")
    };
    let mut text = String::from(
        "| verdict | step | what | evidence | time | requests |\n|---|---|---|---|--:|--:|\n",
    );
    for planned in &plan.steps {
        let step = &planned.draft.step;
        let Cost { seconds, requests } = planned.cost;
        let verdict = planned.verdict.word();
        let kind = step.kind();
        let what = cell(&step.what());
        let evidence = cell(&planned.evidence);
        let _ = writeln!(
            text,
            "| {verdict} | {kind} | {what} | {evidence} | {seconds:.1} s | {requests} |"
        );
    }
    for refusal in &plan.refused {
        let _ = writeln!(
            text,
            "\n**Refused**: {}. Try: `{}`",
            cell(&refusal.what),
            refusal.fix
        );
    }
    for note in &plan.notes {
        let _ = writeln!(text, "\n{}", cell(note));
    }
    text.push('\n');
    text
}

/// What a step took, for people: `1.2 s, 3 requests`.
fn spent(cost: Cost) -> String {
    match cost.requests {
        0 => format!("{:.1} s", cost.seconds),
        1 => format!("{:.1} s, 1 request", cost.seconds),
        requests => format!("{:.1} s, {requests} requests", cost.seconds),
    }
}
