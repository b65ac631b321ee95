//! Which rows of a list are shown, and the ways to the others.

use maud::{Markup, html};

use super::{
    icons::icon,
    numbers::{counted, grouped},
};
use crate::link::Link;

/// How many rows a page may have.
const LIMITS: [usize; 4] = [25, DEFAULT_LIMIT, 100, 200];

/// How many rows a page has if nobody chooses. More can weigh over 60 KB.
pub const DEFAULT_LIMIT: usize = 40;

/// The place of a page in a list.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub offset: u64,
    pub shown: usize,
    pub total: u64,
    pub limit: usize,
}

/// The first row of the last page.
fn last_page(Place { total, limit, .. }: Place) -> u64 {
    let limit = (limit as u64).max(1);
    total.saturating_sub(1) / limit * limit
}

/// What stands in place of rows if the list ends before the page.
#[must_use]
pub fn past_the_end(link: &Link, place: Place) -> Markup {
    let last = last_page(place);
    html! {
        div.empty {
            (icon("search"))
            h3 { "The list ends before this page" }
            p { "It has " (counted(place.total, "row")) " now." }
            p { a.button href=(if last == 0 { link.without("offset") } else { link.with("offset", last) }) { "Go to the last page" } }
        }
    }
}

/// The ways to the pages before and behind.
#[must_use]
pub fn pager(link: &Link, place: Place) -> Markup {
    let Place { offset, shown, total, limit } = place;
    let (first, last) = (offset.saturating_add(1), offset.saturating_add(shown as u64));
    let before = (offset > 0).then(|| offset.saturating_sub(limit as u64).min(last_page(place)));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_past_the_end_the_last_page_is_reached() {
        let link = Link::read("/a", "team=x&offset=500");
        let place = |total, limit| Place { offset: 500, shown: 0, total, limit };
        for (total, limit, target) in
            [(80, 40, "/a?team=x&amp;offset=40"), (81, 40, "/a?team=x&amp;offset=80"), (40, 40, "/a?team=x\"")]
        {
            let text = past_the_end(&link, place(total, limit)).into_string();
            assert!(text.contains(target), "{text}");
            assert!(pager(&link, place(total, limit)).into_string().contains(target), "{total}");
        }
    }
}
