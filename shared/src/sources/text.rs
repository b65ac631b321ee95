//! Texts for people: what cannot be seen, or turns what is seen around, is taken out.

use crate::domain::text::{limits, truncated_to_chars};

/// What stands in place of an e-mail address.
const MASK: &str = "(e-mail)";

/// A title: one line, without control characters and such that change the direction of writing. Empty if nothing in it
/// can be seen.
pub fn one_line(text: &str) -> String {
    let lines = text.split(is_break).map(|line| line.replace(is_hidden, ""));
    let line = lines.map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    if line.chars().all(is_blank) { String::new() } else { line }
}

/// A title: one line within its limit. `None` if nothing in it can be seen.
pub fn title(text: &str) -> Option<String> {
    Some(made_title(text)).filter(|title| !title.is_empty())
}

/// A title of our own words, in which a key or an id of the source may stand: one line within its limit.
pub fn made_title(text: &str) -> String {
    truncated_to_chars(&one_line(text), limits::TITLE)
}

/// A message as the source wrote it, but for e-mail addresses. `None` if nothing is left.
pub fn message(text: &str) -> Option<String> {
    let text = without_emails(text.trim());
    (!text.is_empty()).then(|| truncated_to_chars(&text, limits::MESSAGE))
}

/// The name of a service, an environment or a team: in lower case, and without commas, which
/// separate the names that a filter asks for.
pub fn name(text: &str) -> Option<String> {
    let name = one_line(text).replace(',', "_").trim().to_lowercase();
    (!super::absent::is_absent(&name)).then(|| truncated_to_chars(&name, limits::NAME))
}

/// A link, if it is one that a browser opens: `http` or `https`, with a host and without what can
/// be in no link. A link that is too long is none: half a link leads nowhere.
pub fn link(text: &str) -> Option<String> {
    let text = text.trim();
    let (scheme, rest) = text.split_once("://")?;
    let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let has_host = rest.starts_with(|first: char| first.is_alphanumeric() || first == '[');
    let is_clean = |character: char| {
        !(character.is_whitespace() || is_hidden(character) || matches!(character, '"' | '<' | '>' | '\\' | '`'))
    };
    (is_web && has_host && text.chars().all(is_clean) && text.chars().count() <= limits::LINK).then(|| text.to_owned())
}

/// The text with a mask in place of each e-mail address.
pub fn without_emails(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let local = rest[..at].trim_end_matches(is_local_part);
        let host = rest[at + 1..].find(|character| !is_host(character)).map_or(rest.len(), |length| at + 1 + length);
        let domain = rest[at + 1..host].trim_end_matches(['.', '-']);
        if local.len() < at && is_domain(domain) {
            cleaned.push_str(local);
            cleaned.push_str(MASK);
            rest = &rest[at + 1 + domain.len()..];
        } else {
            cleaned.push_str(&rest[..=at]);
            rest = &rest[at + 1..];
        }
    }
    cleaned + rest
}

fn is_local_part(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '.' | '_' | '%' | '+' | '-')
}

const fn is_host(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '.' | '-')
}

/// `example.com`, but no address in numbers.
fn is_domain(domain: &str) -> bool {
    domain.rsplit_once('.').is_some_and(|(host, top)| {
        !host.is_empty() && top.len() >= 2 && top.bytes().all(|byte| byte.is_ascii_alphabetic())
    })
}

const fn is_break(character: char) -> bool {
    matches!(character, '\t'..='\r' | '\u{1c}'..='\u{1f}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Control characters, and such that change the direction of writing.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What leaves no mark on the screen: spaces, and what Unicode 17 calls `Default_Ignorable_Code_Point`. The empty Braille
/// pattern is no space in Unicode, and looks like one. Inside a text these may have a use, such as joining letters.
fn is_blank(character: char) -> bool {
    character.is_whitespace()
        || matches!(
            character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_title_is_one_visible_line() {
        assert_eq!(one_line(" a\r\n\tb\u{202e}c\u{0} \u{2028}d\u{feff} "), "a bc d\u{feff}");
        assert_eq!(one_line("two  spaces"), "two  spaces");
        for blank in ["", " \u{a0}", "\u{200b}\u{200d}", "\u{3164}", "\u{feff}\n\u{2800} \u{e0020}", "\u{ad}\u{fe0f}"] {
            assert_eq!(one_line(blank), "", "{blank:?}");
        }
        assert_eq!(one_line("👩\u{200d}💻 Größe — 注文"), "👩\u{200d}💻 Größe — 注文");
    }

    #[test]
    fn only_web_links_are_links() {
        for text in ["https://a", "HTTP://a.b/c?d=(e)#f", "http://[::1]/", " https://a/ "] {
            assert_eq!(link(text).as_deref(), Some(text.trim()));
        }
        let long = format!("https://a/{}", "b".repeat(limits::LINK));
        for text in [
            "",
            "a",
            "ftp://a",
            "javascript:alert(1)//://a",
            "https://",
            "https:///a",
            "https://a b",
            "//a",
            "https://a\u{202e}",
            &long,
        ] {
            assert_eq!(link(text), None, "{text}");
        }
    }

    #[test]
    fn names_are_plain() {
        assert_eq!(name(" Check\u{7}out,API ").as_deref(), Some("checkout_api"));
        for absent in ["", "null", "N/A", "$TAGS[env]", "*"] {
            assert_eq!(name(absent), None, "{absent}");
        }
    }

    #[test]
    fn emails_are_masked() {
        for (text, masked) in [
            ("by jane.doe+x@mail.example.com.", "by (e-mail)."),
            ("<a@b.co>,c@d.org", "<(e-mail)>,(e-mail)"),
            ("root@10.0.0.1 @here a@b @x.yz", "root@10.0.0.1 @here a@b @x.yz"),
            ("a@@b.co", "a@@b.co"),
            ("größe@example.com", "(e-mail)"),
        ] {
            assert_eq!(without_emails(text), masked);
        }
    }

    proptest! {
        #[test]
        fn cleaning_twice_is_cleaning_once(text in any::<String>()) {
            prop_assert_eq!(one_line(&one_line(&text)), one_line(&text));
            prop_assert!(!one_line(&text).chars().any(is_hidden));
            if let Some(name) = name(&text) {
                prop_assert_eq!(super::name(&name), Some(name.clone()));
            }
        }

        #[test]
        fn masks_are_whole(text in "[a-z@. (-]{0,40}") {
            prop_assert_eq!(without_emails(&without_emails(&text)), without_emails(&text));
        }
    }
}
