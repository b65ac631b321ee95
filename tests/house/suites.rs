//! `cargo test` runs every test that is written. Crates without tests build no test programs, so
//! somebody who adds the first test must switch them on.

use crate::{
    assert_none,
    repository::{File, files, read, root},
    rust_code::code,
};

/// How a test begins.
const TESTS: [&str; 4] = ["#[test]", "#[tokio::test", "#[rstest", "proptest!"];

#[test]
fn cargo_test_without_arguments_runs_all_crates() {
    let manifest = read("Cargo.toml").text;
    assert!(!manifest.contains("default-members"), "Cargo.toml: cargo test would run the default members only");
}

#[test]
fn no_test_is_in_a_file_of_which_cargo_runs_no_tests() {
    let mut silent = Vec::new();
    for manifest in files("", "toml").iter().filter(|file| file.path.ends_with("/Cargo.toml")) {
        let directory = manifest.path.trim_end_matches("Cargo.toml");
        let sources = files(&format!("{directory}src"), "rs");
        let (library, program) = (section(&manifest.text, "[lib]"), section(&manifest.text, "[[bin]]"));
        let main = sources.iter().find(|file| file.path.ends_with("src/main.rs"));
        let modules = main.map(|main| modules(&main.text)).unwrap_or_default();
        for file in &sources {
            let name = file.path.trim_start_matches(directory).trim_start_matches("src/").trim_end_matches(".rs");
            let target = if name == "main" || modules.contains(&name) { program } else { library };
            if target.contains("\ntest = false") && has_tests(file) {
                silent.push(format!("{}: remove test = false from {}", file.path, manifest.path));
            }
            if target.contains("\ndoctest = false") && has_doctests(&file.text) {
                silent.push(format!("{}: remove doctest = false from {}", file.path, manifest.path));
            }
        }
    }
    assert_none("Tests that cargo test does not run.", &silent);
}

#[test]
fn every_suite_is_declared() {
    let manifest = read("tests/Cargo.toml").text;
    let directories = std::fs::read_dir(root().join("tests")).expect("tests");
    let suites =
        directories.map(|entry| entry.expect("an entry")).filter(|entry| entry.path().join("main.rs").exists());
    let paths = suites.map(|entry| format!("{}/main.rs", entry.file_name().to_string_lossy()));
    let undeclared: Vec<String> = paths.filter(|path| !manifest.contains(&format!("path = \"{path}\""))).collect();
    assert_none("Suites that are not in tests/Cargo.toml.", &undeclared);
}

/// The lines below a heading of a manifest, each after a line break. Empty without the heading.
fn section<'manifest>(manifest: &'manifest str, heading: &str) -> &'manifest str {
    let Some(begin) = manifest.find(&format!("\n{heading}\n")) else { return "" };
    let body = &manifest[begin + heading.len() + 1..];
    &body[..body.find("\n[").unwrap_or(body.len())]
}

/// The modules that a program declares beside its library.
fn modules(main: &str) -> Vec<&str> {
    main.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';')).collect()
}

fn has_tests(file: &File) -> bool {
    let code = code(&file.text);
    TESTS.iter().any(|test| code.contains(test))
}

/// Whether a doc comment holds an example that would be run.
fn has_doctests(text: &str) -> bool {
    let comments = text.lines().filter_map(|line| {
        let line = line.trim_start();
        line.strip_prefix("/// ").or_else(|| line.strip_prefix("//! "))
    });
    let mut is_example = false;
    for fence in comments.filter_map(|line| line.trim_start().strip_prefix("```")) {
        is_example = !is_example;
        if is_example && ["", "no_run", "rust", "should_panic"].contains(&fence) {
            return true;
        }
    }
    false
}

#[test]
fn sections_tests_and_examples_are_recognised() {
    let manifest = "[package]\nname = \"a\"\n\n[lib]\ntest = false\n\n[[bin]]\nname = \"a\"\n";
    assert_eq!(section(manifest, "[lib]"), "\ntest = false\n");
    assert_eq!(section(manifest, "[[bin]]"), "\nname = \"a\"\n");
    assert_eq!(section(manifest, "[lints]"), "");
    assert_eq!(modules("mod a;\nuse b;\n    mod c;\n"), ["a"]);
    let has_tests = |text: &str| has_tests(&File { path: "a.rs".to_owned(), text: text.to_owned() });
    assert!(has_tests("#[tokio::test(flavor = \"multi_thread\")]\nasync fn a() {}"));
    assert!(!has_tests("// #[test]\nfn a() {}"));
    assert!(has_doctests("/// A.\n///\n/// ```\n/// a();\n/// ```\nfn a() {}"));
    assert!(!has_doctests("//! ```sh\n//! a\n//! ```\n"));
}
