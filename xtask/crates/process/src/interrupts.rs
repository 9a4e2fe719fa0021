//! Ctrl-C and its like: the first lets what runs end, the second stops at once.
//!
//! While steps act, children stand in process groups of their own: a terminal sends Ctrl-C to its whole foreground group, and
//! a `git push` that is killed is no step that was let end. Before and after, a signal ends the program, as it always does.

#![allow(
    clippy::disallowed_methods,
    reason = "a second Ctrl-C ends the program and removes private folders"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

#[cfg(unix)]
use std::time::Duration;

/// The exit code of a program that Ctrl-C has ended, as shells have it.
#[cfg(unix)]
const ENDED_BY_INTERRUPT: i32 = 130;

/// What is told of the first signal.
type Told = Box<dyn Fn() + Send>;

/// Calls what ends the program, once what stands on the terminal is taken away.
type Leave = Arc<dyn Fn(&dyn Fn()) + Send + Sync>;

/// How long a terminal may take that; one that is paused takes nothing.
#[cfg(unix)]
const LEAVING: Duration = Duration::from_millis(500);

/// What is known of signals; one for the whole program, since signals are sent to all of it.
#[derive(Default)]
pub struct Interrupts {
    is_guarding: AtomicBool,
    /// Signals that came while steps acted.
    count: AtomicUsize,
    /// Leaders of the groups that children stand in.
    groups: Mutex<BTreeSet<u32>>,
    told: Mutex<Option<Told>>,
    leave: Mutex<Option<Leave>>,
    /// Folders that are not to outlive the program.
    folders: Mutex<BTreeSet<PathBuf>>,
}

static INTERRUPTS: OnceLock<Arc<Interrupts>> = OnceLock::new();

/// The program's own.
pub fn interrupts() -> &'static Interrupts {
    INTERRUPTS.get_or_init(Arc::default)
}

/// From its start to its drop, signals wait for the steps.
pub struct Guard(());

impl Drop for Guard {
    fn drop(&mut self) {
        let interrupts = interrupts();
        interrupts.is_guarding.store(false, Ordering::SeqCst);
        *interrupts
            .told
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = None;
        *interrupts
            .leave
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Interrupts {
    /// Begins to guard what acts; `told` is called at the first signal, on a thread of its own.
    ///
    /// # Errors
    /// The system does not let signals be listened for.
    pub fn guard(&self, told: impl Fn() + Send + 'static) -> anyhow::Result<Guard> {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(told));
        self.is_guarding.store(true, Ordering::SeqCst);
        let guard = Guard(());
        listen()?;
        Ok(guard)
    }

    /// Lets `leave` take lines away from the terminal when the second signal ends the program; it calls what it is given.
    pub fn leave_by(&self, leave: impl Fn(&dyn Fn()) + Send + Sync + 'static) {
        *self.leave.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(leave));
    }

    /// Whether no new step may begin.
    pub fn is_asked_to_stop(&self) -> bool {
        self.count.load(Ordering::SeqCst) > 0
    }

    /// Whether children are to stand in a group of their own.
    pub fn is_guarding(&self) -> bool {
        self.is_guarding.load(Ordering::SeqCst)
    }

    /// Remembers a child that leads a group, until the answer is dropped.
    pub fn remember(&self, leaders: Vec<u32>) -> Remembered<'_> {
        self.groups().extend(leaders.iter().copied());
        Remembered {
            interrupts: self,
            leaders,
        }
    }

    /// Removes a folder when a signal ends the program, which drops nothing then.
    pub fn remove_at_end(&self, folder: &Path) {
        self.folders
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(folder.to_owned());
    }

    pub fn forget(&self, folder: &Path) {
        self.folders
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(folder);
    }

    fn groups(&self) -> std::sync::MutexGuard<'_, BTreeSet<u32>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(unix)]
    fn take(&self) {
        if self.is_guarding() && self.count.fetch_add(1, Ordering::SeqCst) == 0 {
            if let Some(told) = &*self.told.lock().unwrap_or_else(PoisonError::into_inner) {
                told();
            }
            return;
        }
        for folder in self
            .folders
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
        {
            // One that is gone needs no removing; one that stays cannot be helped here.
            let _ = std::fs::remove_dir_all(folder);
        }
        // Kept until the end: whoever waits for a child cannot come to an end before this, and with another code.
        let groups = self.groups();
        for leader in groups.iter() {
            let group = i32::try_from(*leader)
                .ok()
                .and_then(rustix::process::Pid::from_raw);
            // A group that has ended meanwhile needs no ending.
            let _ = group.map(|group| {
                rustix::process::kill_process_group(group, rustix::process::Signal::TERM)
            });
        }
        let end = || std::process::exit(ENDED_BY_INTERRUPT);
        if let Some(leave) = self
            .leave
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
        {
            let (left, is_left) = std::sync::mpsc::channel::<()>();
            std::thread::spawn(move || {
                let _left = left;
                leave(&|| end());
            });
            let _ = is_left.recv_timeout(LEAVING);
        }
        end();
    }
}

/// Children that are ended by the second signal.
pub struct Remembered<'a> {
    interrupts: &'a Interrupts,
    leaders: Vec<u32>,
}

impl Drop for Remembered<'_> {
    fn drop(&mut self) {
        let mut groups = self.interrupts.groups();
        groups.retain(|leader| !self.leaders.contains(leader));
    }
}

/// Listens from now on, once for the whole program.
#[cfg(unix)]
fn listen() -> anyhow::Result<()> {
    use anyhow::Context;
    use signal_hook::consts::signal::{SIGINT, SIGTERM};
    static IS_LISTENING: Mutex<bool> = Mutex::new(false);
    let mut is_listening = IS_LISTENING.lock().unwrap_or_else(PoisonError::into_inner);
    if !*is_listening {
        let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])
            .context("listening for Ctrl-C")?;
        let listener = std::thread::Builder::new().name("signals".into());
        listener
            .spawn(move || signals.forever().for_each(|_| interrupts().take()))
            .context("starting a thread that listens for Ctrl-C")?;
        *is_listening = true;
    }
    Ok(())
}

/// Elsewhere Ctrl-C ends the program at once; the next run finishes what it left.
#[cfg(not(unix))]
fn listen() -> anyhow::Result<()> {
    Ok(())
}
