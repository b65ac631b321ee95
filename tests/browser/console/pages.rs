//! What holds for every page: nobody is kept out, nothing is cut off, and it is light. Keeps pictures.

use browser::{Browser, Colours, Page, Stack, keep, pages, serious_violations};

/// A page, before it is compressed.
const MAX_PAGE_BYTES: u64 = 60_000;

/// The smallest telephones that people still have.
const NARROW: u32 = 360;

const SIGN_IN: Page = Page { name: "sign-in", path: String::new() };

/// All pages, and what is to be said about them.
struct Walk {
    browser: Browser,
    pages: Vec<Page>,
    complaints: Vec<String>,
}

impl Walk {
    async fn start(colours: Colours) -> Self {
        let browser = Browser::open(&Stack::demo()).await;
        browser.set_colours(colours).await;
        let pages = pages(&browser).await;
        Self { browser, pages, complaints: Vec::new() }
    }

    fn check(&mut self, page: &Page, what: &str, complaints: Vec<String>) {
        self.complaints.extend(complaints.into_iter().map(|complaint| format!("{} {what}: {complaint}", page.name)));
    }

    async fn end(self) {
        assert!(self.complaints.is_empty(), "{}", self.complaints.join("\n"));
        self.browser.close().await;
    }
}

/// What is wider than the window, if the page can be scrolled sideways.
async fn too_wide(browser: &Browser) -> Vec<String> {
    let script = "const root = document.documentElement;
        if (root.scrollWidth <= root.clientWidth) return [];
        return [`${root.scrollWidth} px wide`, ...[...document.querySelectorAll('main *')]
            .filter((one) => one.getBoundingClientRect().right > root.clientWidth + 1)
            .slice(0, 5).map((one) => one.outerHTML.slice(0, 160))];";
    serde_json::from_value(browser.run(script).await).expect("texts")
}

async fn walk(colours: Colours) {
    let mut walk = Walk::start(colours).await;
    let signed_out = Browser::open(&Stack::demo()).await;
    signed_out.set_colours(colours).await;
    signed_out.visit("/console/sign-in").await;
    let complaints = look_at(&signed_out, &SIGN_IN, colours).await;
    walk.check(&SIGN_IN, colours.name(), complaints);
    signed_out.close().await;
    for page in walk.pages.clone() {
        walk.browser.visit(&page.path).await;
        let complaints = look_at(&walk.browser, &page, colours).await;
        walk.check(&page, colours.name(), complaints);
    }
    walk.end().await;
}

/// Looks at the page that is open, wide and narrow.
async fn look_at(browser: &Browser, page: &Page, colours: Colours) -> Vec<String> {
    browser.see("main").await;
    let mut complaints = Vec::new();
    for (width, height) in [(1440, 900), (390, 844)] {
        browser.set_size(width, height).await;
        keep(browser, &format!("{}-{width}-{}", page.name, colours.name())).await;
        complaints.extend(serious_violations(browser).await.into_iter().map(|told| format!("at {width} px: {told}")));
    }
    browser.set_size(1440, 900).await;
    complaints
}

#[tokio::test]
async fn nobody_is_kept_out_by_light_pages() {
    walk(Colours::Light).await;
}

#[tokio::test]
async fn nobody_is_kept_out_by_dark_pages() {
    walk(Colours::Dark).await;
}

#[tokio::test]
async fn no_page_is_wider_than_its_window() {
    let mut walk = Walk::start(Colours::Light).await;
    for page in walk.pages.clone() {
        for width in [NARROW, 768, 1024, 3840] {
            walk.browser.set_size(width, 740).await;
            walk.browser.visit(&page.path).await;
            walk.browser.see("main").await;
            let complaints = too_wide(&walk.browser).await;
            walk.check(&page, &format!("at {width} px"), complaints);
        }
    }
    walk.end().await;
}

/// Which texts an alert or an incident has differs: reasons, keys, what was alike before.
#[tokio::test]
async fn no_alert_and_no_incident_is_wider_than_its_window() {
    let mut walk = Walk::start(Colours::Light).await;
    for list in ["/console/alerts?sort=-occurrences", "/console/alerts", "/console/incidents"] {
        walk.browser.visit(&format!("{list}{}limit=20", if list.contains('?') { '&' } else { '?' })).await;
        walk.browser.see("a.row").await;
        let rows = "return [...document.querySelectorAll('a.row')].map((row) => row.getAttribute('href'));";
        let rows: Vec<String> = serde_json::from_value(walk.browser.run(rows).await).expect("addresses");
        for width in [NARROW, 1024] {
            walk.browser.set_size(width, 740).await;
            for path in &rows {
                walk.browser.visit(path).await;
                walk.browser.see("main").await;
                let complaints = too_wide(&walk.browser).await;
                walk.check(&Page { name: "one", path: path.clone() }, &format!("{path} at {width} px"), complaints);
            }
        }
    }
    walk.end().await;
}

#[tokio::test]
async fn every_page_is_light() {
    let mut walk = Walk::start(Colours::Light).await;
    for page in walk.pages.clone() {
        walk.browser.visit(&page.path).await;
        let script =
            "fetch(location.href).then((answer) => answer.arrayBuffer()).then((body) => done(body.byteLength));";
        let bytes = walk.browser.run_until_done(script).await.as_u64().expect("a number of bytes");
        let complaints = if bytes > MAX_PAGE_BYTES { vec![format!("{bytes} bytes")] } else { Vec::new() };
        walk.check(&page, "weighs", complaints);
    }
    walk.end().await;
}

#[tokio::test]
async fn colours_follow_the_system_until_one_chooses() {
    let browser = Browser::open(&Stack::demo()).await;
    let background = "return getComputedStyle(document.body).backgroundColor";
    browser.set_colours(Colours::Light).await;
    browser.sign_in(browser::VIEWER).await;
    let light = browser.run(background).await;
    browser.set_colours(Colours::Dark).await;
    let dark = browser.run(background).await;
    assert_ne!(light, dark);
    browser.click("form[action='/console/theme'] button").await;
    browser.see("[data-theme=light]").await;
    assert_eq!(browser.run(background).await, light);
    browser.click("form[action='/console/theme'] button").await;
    browser.see("[data-theme=dark]").await;
    browser.set_colours(Colours::Light).await;
    browser.client.refresh().await.expect("it loads again");
    assert_eq!(browser.run(background).await, dark);
    browser.close().await;
}
