//! Shows on stderr how far long work has come.

use std::{
    io::{IsTerminal, Write, stderr},
    time::{Duration, Instant},
};

/// How far work has come: a line that is rewritten on a terminal, a line now and then elsewhere.
#[derive(Debug)]
pub struct Progress {
    what: &'static str,
    begun: Instant,
    shown: Option<Instant>,
    rewrites: bool,
}

impl Progress {
    /// Work that begins now; `what` names what is counted.
    #[must_use]
    pub fn new(what: &'static str) -> Self {
        Self { what, begun: Instant::now(), shown: None, rewrites: stderr().is_terminal() }
    }

    /// So much is done, of so much if that is known.
    pub fn show(&mut self, done: usize, total: Option<usize>) {
        let patience = Duration::from_millis(if self.rewrites { 100 } else { 2000 });
        let since = self.shown.unwrap_or(self.begun);
        if Some(done) == total || since.elapsed() >= patience {
            self.shown = Some(Instant::now());
            let of = total.map(|total| format!(" of {total}")).unwrap_or_default();
            let (begin, end) = if self.rewrites { ("\r", "") } else { ("", "\n") };
            let seconds = self.begun.elapsed().as_secs_f64();
            // Progress that cannot be shown is no reason to stop.
            let _ = write!(stderr(), "{begin}{done}{of} {}, {seconds:.1} s{end}", self.what);
        }
    }

    /// Ends the line that was rewritten.
    pub fn end(self) {
        if self.rewrites && self.shown.is_some() {
            let _ = writeln!(stderr());
        }
    }
}
