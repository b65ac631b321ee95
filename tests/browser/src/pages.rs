//! The pages of the console, with an address of each on a stack with demo data.

use crate::{Browser, RESPONDER, Sandbox};

/// A page.
#[derive(Debug, Clone)]
pub struct Page {
    /// The name of its pictures.
    pub name: &'static str,
    pub path: String,
}

/// All pages. The browser signs in as a responder, who sees most of them.
pub async fn pages(browser: &Browser) -> Vec<Page> {
    let page = |name, path: &str| Page { name, path: path.to_owned() };
    browser.sign_in(RESPONDER).await;
    browser.visit("/console/incidents?sort=-alert_count").await;
    let incident = first_row(browser).await;
    browser.visit("/console/alerts?sort=-occurrences").await;
    let alert = first_row(browser).await;
    let payload = format!("{alert}/payload");
    let sandbox = Sandbox::on(&browser.stack);
    sandbox.quarantine().await;
    browser.visit("/console/quarantine").await;
    let entry = first_row(browser).await;
    vec![
        page("incidents", "/console/incidents"),
        page("incidents-open", "/console/incidents?status=OPEN,INVESTIGATING&range=7d"),
        page("incidents-none", "/console/incidents?q=nothing-is-called-so"),
        page("incident", &incident),
        page("alerts", "/console/alerts"),
        page("alert", &alert),
        page("alert-payload", &payload),
        page("quarantine", "/console/quarantine"),
        page("quarantine-entry", &entry),
        page("insights", "/console/insights?range=90d"),
        page("help", "/console/help"),
        page("wrong-filter", "/console/incidents?severity=purple"),
        page("not-found", "/console/nowhere"),
    ]
}

async fn first_row(browser: &Browser) -> String {
    browser.see("a.row").await;
    let path = browser.run("return document.querySelector('a.row').getAttribute('href')").await;
    path.as_str().expect("an address").to_owned()
}
