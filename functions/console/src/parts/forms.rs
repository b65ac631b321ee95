//! What forms have in common.

use maud::{Markup, html};

use super::icons::icon;
use crate::{form::Form, visit::Visit};

/// What each form that changes something carries: the proof of the session, and where to go back to.
#[must_use]
pub fn hidden(visit: &Visit) -> Markup {
    html! {
        input type="hidden" name="proof" value=(visit.proof);
        input type="hidden" name="back" value=(visit.link);
    }
}

/// Stands first in a form with several buttons: the enter key presses the first one, and this one does nothing.
#[must_use]
pub fn no_enter() -> Markup {
    html! { button type="submit" disabled hidden {} }
}

/// What a person wrote, if it was not kept: nobody should have to write it twice.
#[must_use]
pub fn written(form: &Form) -> Markup {
    html! {
        @for text in form.written() {
            label.written { "What you wrote: " textarea readonly rows="4" { (text) } }
        }
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
