//! What forms have in common.

use maud::{Markup, html};

use super::icons::icon;
use crate::visit::Visit;

/// What each form that changes something carries: the proof of the session, and where to go back to.
#[must_use]
pub fn hidden(visit: &Visit) -> Markup {
    html! {
        input type="hidden" name="proof" value=(visit.proof);
        input type="hidden" name="back" value=(visit.link);
    }
}

/// A way to a page of somebody else, if it is one: other schemes could run scripts.
#[must_use]
pub fn away(address: &str, text: &str) -> Markup {
    let lower = address.to_ascii_lowercase();
    html! {
        @if lower.starts_with("https://") || lower.starts_with("http://") {
            a.button href=(address) target="_blank" rel="noopener noreferrer" hx-boost="false" { (text) (icon("link")) }
        }
    }
}
