//! Writes texts of others into Markdown, as text: whatever they contain, they are shown as they are.
//!
//! CommonMark 0.31, "Backslash escapes": a backslash before ASCII punctuation makes it literal. GitHub Flavored Markdown
//! also turns bare addresses into links; a backslash within them prevents that, too.

/// Characters that turn the direction of what follows. A text could look like another with them.
const DIRECTIONS: [char; 12] = [
    '\u{61c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}',
    '\u{2067}', '\u{2068}', '\u{2069}',
];

/// A text on one line, for a cell of a table, a heading, or the middle of a line.
#[must_use]
pub fn line(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    let mut words = text.split(|character: char| character.is_whitespace() || character.is_control());
    let mut is_first = true;
    for word in words.by_ref().filter(|word| !word.is_empty()) {
        if !is_first {
            escaped.push(' ');
        }
        is_first = false;
        let is_address = word.to_ascii_lowercase().contains("www.") || word.contains("://");
        for character in word.chars().filter(|character| !is_direction(*character)) {
            let is_special = matches!(
                character,
                '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '~' | '|' | '$' | '@' | '#' | '!' | '{' | '}'
            );
            if is_special || is_address && matches!(character, '.' | ':' | '/') {
                escaped.push('\\');
            }
            escaped.push(character);
        }
    }
    escaped
}

/// A text of several lines as a quotation, each line behind `indent`.
#[must_use]
pub fn quotation(text: &str, indent: &str) -> String {
    let lines = text.lines().map(|text| format!("{indent}> {}", at_start(&line(text))).trim_end().to_owned());
    // A backslash at the end of a line keeps the break.
    let lines: Vec<String> = lines.collect();
    let mut quoted = String::new();
    for (number, text) in lines.iter().enumerate() {
        let is_text = |text: &String| !text.ends_with('>');
        let is_broken = is_text(text) && lines.get(number + 1).is_some_and(is_text);
        quoted.push_str(text);
        quoted.push_str(if is_broken { "\\\n" } else { "\n" });
    }
    quoted
}

/// The same line where a line begins: there a mark would make a list, a heading or a rule of it.
fn at_start(line: &str) -> String {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    match line.as_bytes().get(digits) {
        Some(b'-' | b'+' | b'=' | b':') if digits == 0 => format!("\\{line}"),
        Some(b'.' | b')') if digits > 0 => format!("{}\\{}", &line[..digits], &line[digits..]),
        _ => line.to_owned(),
    }
}

fn is_direction(character: char) -> bool {
    DIRECTIONS.contains(&character)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_could_be_markdown_is_text() {
        for (text, expected) in [
            ("Disk /var is 95% full (web-1.eu)", "Disk /var is 95% full (web-1.eu)"),
            ("a | b\r\n# c", "a \\| b \\# c"),
            ("<script>alert(1)</script>", "\\<script\\>alert(1)\\</script\\>"),
            ("![x](http://evil/a.png)", "\\!\\[x\\](http\\:\\/\\/evil\\/a\\.png)"),
            ("see www.evil.example", "see www\\.evil\\.example"),
            ("a@b.example &amp; `c` \\", "a\\@b.example \\&amp; \\`c\\` \\\\"),
            ("\u{202e}gnp.exe\u{0}", "gnp.exe"),
            ("  ", ""),
        ] {
            assert_eq!(line(text), expected, "{text}");
        }
    }

    #[test]
    fn a_quotation_keeps_its_lines_and_begins_nothing() {
        let quoted = quotation("1. one\n- two\n\n+ three\n=== \n```\n    code", "  ");
        let expected = "  > 1\\. one\\\n  > \\- two\n  >\n  > \\+ three\\\n  > \\===\\\n  > \\`\\`\\`\\\n  > code\n";
        assert_eq!(quoted, expected);
        assert_eq!(quotation("", "  "), "");
    }

    proptest! {
        #[test]
        fn a_line_is_one_line_in_which_each_mark_is_escaped(text in ".{0,60}") {
            let line = line(&text);
            let is_one_line = !line.contains(['\n', '\r', '\u{2028}', '\u{85}']);
            prop_assert!(is_one_line);
            let mut is_escaped = false;
            for character in line.chars() {
                prop_assert!(is_escaped || !matches!(character, '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|'), "{}", line);
                is_escaped = character == '\\' && !is_escaped;
            }
            prop_assert!(!is_escaped, "the last backslash would escape what follows: {}", line);
        }
    }
}
