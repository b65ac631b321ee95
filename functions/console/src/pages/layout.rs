//! What all pages have around their content.

use maud::{DOCTYPE, Markup, html};
use shared::domain::principal::Role;

use super::{insights, quarantine};
use crate::{
    assets::ASSETS,
    flash::Tone,
    parts::{forms, icons, icons::icon},
    routes::START,
    visit::{Theme, Visit},
};

/// No inline styles, which the policy would refuse anyway. Elements inherit from those around. What people open stays open
/// when a page refreshes itself.
const HTMX: &str =
    r#"{"includeIndicatorCSS":false,"implicitInheritance":true,"morphIgnore":["data-htmx-powered","open"]}"#;

/// The part of the console that a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    Incidents,
    Alerts,
    Quarantine,
    Insights,
    Help,
}

/// A part of the console, as the menu shows it.
struct Entry {
    section: Section,
    name: &'static str,
    picture: &'static str,
    address: &'static str,
    /// Pressed after `g`.
    key: &'static str,
}

const MENU: [Entry; 5] = [
    Entry { section: Section::Incidents, name: "Incidents", picture: "incidents", address: START, key: "i" },
    Entry {
        section: Section::Alerts,
        name: "Alerts",
        picture: "alerts",
        address: "/console/alerts?status=firing",
        key: "a",
    },
    Entry { section: Section::Insights, name: "Insights", picture: "insights", address: insights::START, key: "s" },
    Entry {
        section: Section::Quarantine,
        name: "Quarantine",
        picture: "quarantine",
        address: quarantine::ADDRESS,
        key: "q",
    },
    Entry { section: Section::Help, name: "Help", picture: "help", address: "/console/help", key: "h" },
];

/// What a page is called, and where it belongs.
#[derive(Debug, Clone, Copy)]
pub struct Head<'page> {
    pub title: &'page str,
    pub section: Option<Section>,
}

/// A page of a person who signed in.
#[must_use]
pub fn page(visit: &Visit, head: Head<'_>, content: &Markup) -> Markup {
    document(
        head.title,
        visit.theme,
        &html! {
            a.skip href="#main" { "Skip to the content" }
            (icons::drawings())
            header.side {
                a.brand href=(START) { (icon("logo")) span { "Incident Review" } }
                nav aria-label="Main" {
                    @for Entry { section, name, picture, address, key } in menu(visit) {
                        a href=(address) data-go=(key) aria-current=[(head.section == Some(*section)).then_some("page")] {
                            (icon(picture)) span { (name) }
                        }
                    }
                }
                div.person {
                    (colours(visit))
                    button.quiet.script type="button" data-open="keys" title="Keyboard shortcuts (?)" {
                        (icon("keys")) span { "Shortcuts" }
                    }
                    form method="post" action="/console/sign-out" data-plain {
                        (forms::hidden(visit))
                        span.who { bdi { (visit.person.name) } small { (role(visit.person.role)) } }
                        button.quiet type="submit" title="Sign out" { (icon("leave")) span { "Sign out" } }
                    }
                }
            }
            main #main tabindex="-1" {
                div #notices role="status" aria-live="polite" {
                    @if let Some(flash) = &visit.flash {
                        @let failed = flash.tone == Tone::Failed;
                        p.notice.failed[failed] { (icon(if failed { "warning" } else { "resolved" })) (flash.text) }
                    }
                }
                (content)
            }
            (keys(visit))
        },
    )
}

/// A page without menu, such as the one to sign in.
#[must_use]
pub fn bare(title: &str, content: &Markup) -> Markup {
    document(title, Theme::Auto, &html! { (icons::drawings()) main #main.bare { (content) } })
}

fn document(title: &str, theme: Theme, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" data-theme=(theme) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                meta name="htmx-config" content=(HTMX);
                title { (title) " · Incident Review" }
                link rel="icon" type="image/svg+xml" href=(ASSETS.icon.path);
                link rel="stylesheet" href=(ASSETS.style.path);
                script defer src=(ASSETS.htmx.path) {}
                script defer src=(ASSETS.script.path) {}
            }
            body hx-boost="true" { (body) }
        }
    }
}

/// The way to other colours.
fn colours(visit: &Visit) -> Markup {
    let (next, name, picture) = match visit.theme {
        Theme::Auto => (Theme::Light, "System colours", "auto"),
        Theme::Light => (Theme::Dark, "Light colours", "sun"),
        Theme::Dark => (Theme::Auto, "Dark colours", "moon"),
    };
    html! {
        form method="post" action="/console/theme" hx-boost="false" {
            (forms::hidden(visit))
            button.quiet type="submit" name="theme" value=(next) title={ (name) ". Click for others." } {
                (icon(picture)) span { (name) }
            }
        }
    }
}

const fn role(role: Role) -> &'static str {
    match role {
        Role::Viewer => "viewer",
        Role::Responder => "responder",
    }
}

/// The entries that a person may open.
fn menu(visit: &Visit) -> impl Iterator<Item = &'static Entry> {
    let is_responder = visit.is_responder();
    MENU.iter().filter(move |entry| entry.section != Section::Quarantine || is_responder)
}

/// The shortcuts. A script opens it.
fn keys(visit: &Visit) -> Markup {
    let before = [
        ("/", "Search"),
        ("j k", "Next, previous row"),
        ("Enter", "Open the row"),
        ("x", "Choose the row"),
        ("n p", "Next, previous page"),
        ("u", "Back to the list"),
        ("r", "Refresh now"),
    ];
    let after = [("?", "Show this"), ("Esc", "Close, or leave a field")];
    let line = |keys: &str, what: &str| {
        html! { div { dt { @for key in keys.split(' ') { kbd { (key) } } } dd { (what) } } }
    };
    html! {
        dialog #keys aria-labelledby="keys-title" {
            h2 #keys-title { "Keyboard shortcuts" }
            dl {
                @for (keys, what) in before { (line(keys, what)) }
                @for entry in menu(visit) { (line(&format!("g {}", entry.key), &format!("Go to {}", entry.name))) }
                @for (keys, what) in after { (line(keys, what)) }
            }
            form method="dialog" hx-boost="false" { button type="submit" { "Close" } }
        }
    }
}
