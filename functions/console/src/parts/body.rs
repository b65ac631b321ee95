//! The body of a webhook: as JSON with its structure, as text, or as bytes.

use maud::{Markup, html};
use serde_json::Value;

/// So many characters are shown: more would make the page too large for an answer.
const MAX_CHARS: usize = 200_000;

/// A body.
#[must_use]
pub fn render(body: &[u8]) -> Markup {
    let Ok(text) = std::str::from_utf8(body) else {
        let bytes = hex::encode(&body[..body.len().min(MAX_CHARS / 2)]);
        return html! { p.n { "It is no text. These are its bytes in hex." } pre.code tabindex="0" { (bytes) } };
    };
    let pretty = serde_json::from_str::<Value>(text).ok().and_then(|json| serde_json::to_string_pretty(&json).ok());
    let shown: String = pretty.as_deref().unwrap_or(text).chars().take(MAX_CHARS).collect();
    html! { pre.code tabindex="0" { (shown) } }
}
