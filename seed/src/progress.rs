//! Shows on stderr how far a long task is.

use std::{
    io::{IsTerminal, Write, stderr},
    time::{Duration, Instant},
};

const TERMINAL_INTERVAL: Duration = Duration::from_millis(100);
const FILE_INTERVAL: Duration = Duration::from_secs(2);

/// Shows progress: on a terminal in one line that is rewritten, elsewhere in a line now and then.
#[derive(Debug)]
pub struct Progress {
    unit: &'static str,
    started: Instant,
    shown: Option<Instant>,
    is_terminal: bool,
}

impl Progress {
    /// Starts the clock. `unit` names what is counted.
    #[must_use]
    pub fn new(unit: &'static str) -> Self {
        Self { unit, started: Instant::now(), shown: None, is_terminal: stderr().is_terminal() }
    }

    /// Shows how much is done, and of how much if that is known.
    pub fn show(&mut self, done: usize, total: Option<usize>) {
        let interval = if self.is_terminal { TERMINAL_INTERVAL } else { FILE_INTERVAL };
        let since = self.shown.unwrap_or(self.started);
        if Some(done) == total || since.elapsed() >= interval {
            self.shown = Some(Instant::now());
            let of_total = total.map(|total| format!(" of {total}")).unwrap_or_default();
            let (begin, end) = if self.is_terminal { ("\r", "") } else { ("", "\n") };
            let seconds = self.started.elapsed().as_secs_f64();
            // The task goes on if stderr is closed.
            let _ = write!(stderr(), "{begin}{done}{of_total} {}, {seconds:.1} s{end}", self.unit);
        }
    }

    /// Ends the line that was rewritten.
    pub fn end(self) {
        if self.is_terminal && self.shown.is_some() {
            let _ = writeln!(stderr());
        }
    }
}
