//! Tables on stdout, in Markdown.

use std::error::Error;

/// Why a benchmark failed.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Prints a table.
#[expect(clippy::print_stdout, reason = "what a benchmark is for")]
pub fn table(title: &str, head: &[&str], rows: &[Vec<String>]) {
    let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
    let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
    let rule: Vec<String> = head.iter().map(|_| "---".to_owned()).collect();
    println!("\n{title}\n\n{}\n{}", line(&head), line(&rule));
    for row in rows {
        println!("{}", line(row));
    }
}

/// Says why a benchmark failed.
#[expect(clippy::print_stderr, reason = "a program's way to say why it failed")]
pub fn failure(error: &dyn Error) {
    eprintln!("{error}");
}

/// A number with as many digits as matter.
#[must_use]
pub fn figure(number: f64) -> String {
    if (number - number.round()).abs() < 0.005 { format!("{number:.0}") } else { format!("{number:.2}") }
}

/// One number per another.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub fn per(number: u64, of: usize) -> f64 {
    number as f64 / of as f64
}

/// Shows how far something is.
#[expect(clippy::print_stderr, reason = "whoever waits wants to see it")]
pub fn progress(what: &str, done: usize, of: usize) {
    eprint!("\r{what}: {done} of {of}{}", if done >= of { "\n" } else { "" });
}
