//! Prints tables in Markdown on standard output, and everything else on standard error.

use std::error::Error;

/// Why a benchmark failed.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Prints a table with a title.
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

/// Prints why a benchmark failed.
#[expect(clippy::print_stderr, reason = "a program's way to say why it failed")]
pub fn failure(error: &dyn Error) {
    eprintln!("{error}");
}

/// Formats a number: with two decimals, or with none if it is whole.
#[must_use]
pub fn figure(number: f64) -> String {
    if (number - number.round()).abs() < 0.005 { format!("{number:.0}") } else { format!("{number:.2}") }
}

/// Divides one number by another.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub fn per(number: u64, of: usize) -> f64 {
    number as f64 / of as f64
}

/// Prints progress. Each call overwrites the line of the last one.
#[expect(clippy::print_stderr, reason = "people wait for it")]
pub fn progress(what: &str, done: usize, of: usize) {
    eprint!("\r{what}: {done} of {of}{}", if done >= of { "\n" } else { "" });
}
