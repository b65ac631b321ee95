//! The front page is short. Details are in `docs/`.

use crate::repository::read;

const MAX_LINES: usize = 150;

#[test]
fn the_readme_is_a_short_front_page() {
    let lines = read("README.md").text.lines().count();
    assert!(lines <= MAX_LINES, "README.md has {lines} lines, at most {MAX_LINES} are allowed");
}
