//! Rules of the repository that the compiler cannot check. They read its files as text.

mod alarms;
mod documentation;
mod layers;
mod links;
mod parameters;
mod readme;
mod repository;
mod routes;
mod rust_code;
mod suites;
mod words;

/// Fails with all violations of a rule, one a line.
#[track_caller]
fn assert_none(rule: &str, violations: &[String]) {
    assert!(violations.is_empty(), "{rule}\n{}\n", violations.join("\n"));
}
