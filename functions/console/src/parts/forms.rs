//! What forms have in common.

use maud::{Markup, html};

use crate::visit::Visit;

/// What each form that changes something carries: the proof of the session, and where to go back to.
#[must_use]
pub fn hidden(visit: &Visit) -> Markup {
    html! {
        input type="hidden" name="proof" value=(visit.proof);
        input type="hidden" name="back" value=(visit.link);
    }
}
