//! The body of a webhook: as JSON with its structure, as text, or as bytes.

use maud::{Markup, html};
use serde_json::Value;

/// So many characters are shown: more would make the page too large for an answer.
const MAX_CHARS: usize = 200_000;

/// How much of a page a beginning may take up, in bytes of HTML.
const MAX_BEGINNING_BYTES: usize = 32 * 1024;

/// The beginning of a body.
#[derive(Debug)]
pub struct Beginning {
    pub markup: Markup,
    /// Whether there is more.
    pub is_cut: bool,
}

/// A body.
#[must_use]
pub fn render(body: &[u8]) -> Markup {
    let (hint, text) = readable(body);
    let shown: String = text.chars().take(MAX_CHARS).collect();
    html! { (hint) pre.code tabindex="0" { (shown) } }
}

/// As much of a body as fits into a page that is quick.
#[must_use]
pub fn beginning(body: &[u8]) -> Beginning {
    let (hint, text) = readable(body);
    let mut bytes = 0;
    let end = text.char_indices().find(|(_, letter)| {
        bytes += match letter {
            '"' => "&quot;".len(),
            '&' => "&amp;".len(),
            '<' | '>' => "&lt;".len(),
            letter => letter.len_utf8(),
        };
        bytes > MAX_BEGINNING_BYTES
    });
    let shown = end.map_or(text.as_str(), |(end, _)| &text[..end]);
    Beginning { markup: html! { (hint) pre.code tabindex="0" { (shown) } }, is_cut: shown.len() < text.len() }
}

fn readable(body: &[u8]) -> (Markup, String) {
    let Ok(text) = std::str::from_utf8(body) else {
        let bytes = hex::encode(&body[..body.len().min(MAX_CHARS / 2)]);
        return (html! { p.n { "It is no text. These are its bytes in hex." } }, bytes);
    };
    let pretty = serde_json::from_str::<Value>(text).ok().and_then(|json| serde_json::to_string_pretty(&json).ok());
    (html! {}, pretty.unwrap_or_else(|| text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_stays_small_whatever_was_sent() {
        for body in ["\"".repeat(100_000), "é".repeat(50_000), "a&<b".repeat(20_000)] {
            let shown = beginning(body.as_bytes());
            assert!(shown.is_cut);
            let bytes = shown.markup.into_string().len();
            assert!((30_000..33_000).contains(&bytes), "{bytes}");
        }
        let shown = beginning(&vec![0xff; 100_000]);
        assert!(shown.is_cut && shown.markup.into_string().contains("bytes in hex"));
        let shown = beginning(br#"{"a":[1]}"#);
        assert!(!shown.is_cut && shown.markup.into_string().contains("&quot;a&quot;: ["));
    }
}
