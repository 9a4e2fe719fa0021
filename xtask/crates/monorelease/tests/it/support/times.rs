//! How long each test took: one line a test, seconds and name, in `target/test-times.tsv`.

use std::cell::OnceCell;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Instant;

/// Starts the clock of the test that calls it. Every call but a thread's first does nothing.
pub fn start() {
    thread_local!(static CLOCK: OnceCell<Clock> = const { OnceCell::new() });
    CLOCK.with(|clock| {
        clock.get_or_init(|| Clock {
            test: std::thread::current().name().map(str::to_owned),
            start: Instant::now(),
        });
    });
}

/// Lives as long as the thread, and libtest gives each test a thread of the test's name.
struct Clock {
    test: Option<String>,
    start: Instant,
}

impl Drop for Clock {
    fn drop(&mut self) {
        // Each run begins a new file.
        static FILE: LazyLock<Option<File>> = LazyLock::new(|| {
            let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent()?;
            File::create(target.join("test-times.tsv")).ok()
        });
        // Threads that a test starts have no name, and are part of its time.
        if let (Some(test), Some(mut file)) = (&self.test, FILE.as_ref()) {
            let seconds = self.start.elapsed().as_secs_f64();
            let _ = file.write_all(format!("{seconds:.2}\t{test}\n").as_bytes());
        }
    }
}
