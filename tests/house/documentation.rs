//! Every file says what it is for, and so does every public item of `shared` and the functions.

use crate::{
    assert_none,
    repository::{File, files},
    rust_code::code,
};

const KINDS: [&str; 6] = ["fn", "struct", "enum", "trait", "const", "type"];

#[test]
fn every_file_begins_with_what_it_is_for() {
    let files = files("", "rs");
    let silent: Vec<String> =
        files.into_iter().filter(|file| !file.text.starts_with("//!")).map(|file| file.path).collect();
    assert_none("Files that do not begin with `//!`.", &silent);
}

#[test]
fn every_public_item_has_a_doc_comment() {
    let files = [files("shared/src", "rs"), files("functions", "rs")];
    let bare: Vec<String> = files.iter().flatten().flat_map(undocumented).collect();
    assert_none("Public items without a doc comment.", &bare);
}

/// The places of public items without a doc comment. Fields and variants are free: often their name
/// says enough.
fn undocumented(file: &File) -> Vec<String> {
    let lines: Vec<&str> = file.text.lines().collect();
    let code = code(&file.text);
    let mut undocumented = Vec::new();
    for (index, line) in code.lines().enumerate() {
        let Some(item) = public_item(line) else { continue };
        if !is_documented(&lines[..index]) {
            undocumented.push(format!("{}:{}: {item}", file.path, index + 1));
        }
    }
    undocumented
}

/// `fn list` of `pub async fn list(…)`.
fn public_item(line: &str) -> Option<String> {
    let words = line.trim_start().strip_prefix("pub ")?.split(|character: char| !is_word(character));
    let mut words = words.skip_while(|word| ["async", "const", "unsafe", ""].contains(word) && *word != "const");
    let mut kind = words.next()?;
    let mut name = words.next()?;
    if kind == "const" && ["async", "fn", "unsafe"].contains(&name) {
        (kind, name) = ("fn", words.find(|word| !["async", "fn", "unsafe"].contains(word))?);
    }
    // In a macro the name is a variable: its documentation is one too.
    (KINDS.contains(&kind) && !name.is_empty()).then(|| format!("{kind} {name}"))
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Whether the lines above an item end with a doc comment, perhaps with attributes and comments
/// below it.
fn is_documented(above: &[&str]) -> bool {
    let mut is_in_attribute = false;
    for line in above.iter().rev().map(|line| line.trim()) {
        let begins_attribute = line.starts_with("#[");
        if line.starts_with("///") {
            return true;
        }
        // Upwards, an attribute of several lines begins with its last line.
        is_in_attribute = !begins_attribute && (is_in_attribute || line.ends_with(")]"));
        if !begins_attribute && !is_in_attribute && !line.starts_with("//") {
            return false;
        }
    }
    false
}

#[test]
fn public_items_without_a_doc_comment_are_found() {
    let text = "/// A.\npub struct A;\n/// B.\n#[derive(\n    Debug,\n)]\n#[must_use]\npub enum B {}\n\npub const fn c() {}\n\
        pub async fn d() {}\npub const E: u8 = 0;\n/// F.\n\npub type F = u8;\npub(crate) fn g() {}\npub use h::I;\n\
        // pub fn j() {}\n";
    let file = File { path: "a.rs".to_owned(), text: text.to_owned() };
    assert_eq!(undocumented(&file), ["a.rs:10: fn c", "a.rs:11: fn d", "a.rs:12: const E", "a.rs:15: type F"]);
}
