//! Which rows of a list are shown, and the ways to the others.

use maud::{Markup, html};

use super::{icons::icon, numbers::grouped};
use crate::link::Link;

/// How many rows a page may have.
const LIMITS: [usize; 4] = [25, 50, 100, 200];

/// The place of a page in a list.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub offset: u64,
    pub shown: usize,
    pub total: u64,
    pub limit: usize,
}

/// The ways to the pages before and behind.
#[must_use]
pub fn pager(link: &Link, place: Place) -> Markup {
    let Place { offset, shown, total, limit } = place;
    let (first, last) = (offset.saturating_add(1), offset.saturating_add(shown as u64));
    let before = (offset > 0).then(|| offset.saturating_sub(limit as u64));
    let behind = (last < total && shown > 0).then_some(last);
    let at = |offset: u64| if offset == 0 { link.without("offset") } else { link.with("offset", offset) };
    if total == 0 {
        return html! {};
    }
    html! {
        nav.pager aria-label="Pages" {
            span { @if shown > 0 { b { (grouped(first)) "–" (grouped(last)) } " of " } (grouped(total)) }
            @match before {
                Some(offset) => a.button rel="prev" href=(at(offset)) data-key="p" { (icon("left")) "Previous" },
                None => span.button.off { (icon("left")) "Previous" },
            }
            @match behind {
                Some(offset) => a.button rel="next" href=(at(offset)) data-key="n" { "Next" (icon("right")) },
                None => span.button.off { "Next" (icon("right")) },
            }
            span.limits {
                "Rows"
                @for size in LIMITS {
                    " "
                    @if size == limit { b { (size) } } @else { a href=(link.with("limit", size)) { (size) } }
                }
            }
        }
    }
}
