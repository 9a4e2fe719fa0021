//! What is shown while steps act, also several at once: lines that move on a terminal, groups that fold in the log of a CI, and
//! plain lines elsewhere.
//!
//! It is told of one thing at a time and keeps what belongs together together: of a CI's groups one is open, and what other
//! steps say meanwhile waits until it is closed. The report at the end is not its business.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::{Ui, say};
use crate::step::plan::Planned;

/// How often a line that moves is drawn.
const DRAWN_EVERY: Duration = Duration::from_millis(120);

/// The steps of one run.
pub struct Live<'a> {
    ui: &'a Ui,
    bars: Option<MultiProgress>,
    /// Steps that act now, by their places, each with its name and its line on the terminal.
    running: BTreeMap<usize, Running>,
    /// Whose group is open.
    open: Option<usize>,
    /// What ended while another's group was open.
    ended: Vec<(Option<Running>, Planned)>,
}

struct Running {
    title: String,
    bar: Option<ProgressBar>,
    /// What it said while another's group was open.
    said: Vec<String>,
}

impl<'a> Live<'a> {
    pub fn new(ui: &'a Ui) -> Self {
        Self {
            ui,
            bars: ui.bars.then(MultiProgress::new),
            running: BTreeMap::new(),
            open: None,
            ended: Vec::new(),
        }
    }

    /// What takes the lines that move away, for good, before it calls what ends the program. `None` where none move.
    pub fn leave(&self) -> Option<impl Fn(&dyn Fn()) + Send + Sync + 'static> {
        let bars = self.bars.clone()?;
        // Nothing is drawn while it is suspended.
        Some(move |end: &dyn Fn()| bars.suspend(end))
    }

    pub fn began(&mut self, place: usize, planned: &Planned) {
        let step = &planned.draft.step;
        let title = step.what();
        let bar = self.bars.as_ref().map(|bars| {
            let bar = bars
                .add(ProgressBar::new_spinner().with_message(format!("{} {title}", step.kind())));
            // A template that cannot be read leaves the spinner as it comes.
            let _ = ProgressStyle::with_template("{spinner:>12.cyan} {wide_msg} {elapsed}")
                .map(|style| bar.set_style(style));
            bar.enable_steady_tick(DRAWN_EVERY);
            bar
        });
        if self.ui.groups && self.open.is_none() {
            self.open = Some(place);
            self.ui.open_section(&title);
        }
        self.running.insert(
            place,
            Running {
                title,
                bar,
                said: Vec::new(),
            },
        );
    }

    pub fn line(&mut self, place: usize, text: &str) {
        let is_alone = self.running.len() < 2;
        match self.running.get_mut(&place) {
            Some(running) if self.ui.groups && self.open != Some(place) => {
                running.said.push(text.to_owned())
            }
            // Beside others, a line says whose it is; in its own group it need not.
            Some(running) if !self.ui.groups && !is_alone => {
                let text = format!("{}: {text}", running.title);
                self.aside(|ui| ui.child(&text));
            }
            _ => self.aside(|ui| ui.child(text)),
        }
    }

    pub fn ended(&mut self, place: usize, planned: &Planned) {
        let running = self.running.remove(&place);
        if let Some(bar) = running.as_ref().and_then(|running| running.bar.as_ref()) {
            bar.finish_and_clear();
        }
        match self.open {
            Some(open) if open == place => {
                self.ui.close_section();
                self.open = None;
                self.ui.step(planned);
                let ended = std::mem::take(&mut self.ended);
                ended
                    .into_iter()
                    .for_each(|(running, planned)| self.tell(running, &planned));
            }
            Some(_) => self.ended.push((running, planned.clone())),
            None => self.tell(running, planned),
        }
    }

    /// Says that no other step begins, and what can be done about those that run.
    pub fn stopping(&self) {
        let names: Vec<_> = self
            .running
            .values()
            .map(|running| running.title.as_str())
            .collect();
        let what = match names.is_empty() {
            true => "stopping".to_owned(),
            false => format!("stopping once this is done: {}", names.join(", ")),
        };
        self.aside(|ui| ui.warn(&format!("{what} (Ctrl-C again stops at once)")));
    }

    /// A step that ended, with all that it said.
    fn tell(&self, running: Option<Running>, planned: &Planned) {
        if let Some(running) = running.filter(|running| !running.said.is_empty()) {
            self.ui.open_section(&running.title);
            running.said.iter().for_each(|text| self.ui.child(text));
            self.ui.close_section();
        }
        self.aside(|ui| ui.step(planned));
    }

    /// Says something above the lines that move.
    fn aside(&self, speak: impl FnOnce(&Ui)) {
        match &self.bars {
            Some(bars) => bars.suspend(|| speak(self.ui)),
            None => speak(self.ui),
        }
    }
}

impl Drop for Live<'_> {
    /// A group that is left open would swallow the rest of the log.
    fn drop(&mut self) {
        if self.open.is_some() {
            say("::endgroup::".into());
        }
    }
}
