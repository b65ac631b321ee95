//! Small pictures. Each is drawn once a page, and shown where it is named.

use maud::{Markup, PreEscaped, html};

/// The picture with this name, for those who see it. A text beside it says the same.
#[must_use]
pub fn icon(name: &str) -> Markup {
    html! { svg.i aria-hidden="true" { use href={ "#i-" (name) } {} } }
}

/// The drawings, on a grid of 16.
#[must_use]
pub const fn drawings() -> PreEscaped<&'static str> {
    PreEscaped(include_str!("../../assets/drawings.svg"))
}
