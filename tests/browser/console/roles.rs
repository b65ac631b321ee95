//! A viewer sees nothing that would be refused.

use browser::{Alert, Browser, RESPONDER, Sandbox, Stack, VIEWER};
use serde_json::json;

/// Where the forms of the page that is open send to, if they change something.
const CHANGES: &str = "return [...new Set([...document.querySelectorAll('form[method=post]')]
    .map((form) => new URL(form.action).pathname))].sort()";

/// The links within the console that the page has and that fail.
const BROKEN: &str = "const links = [...new Set([...document.querySelectorAll('a[href^=\"/\"]')].map((link) => link.getAttribute('href')))];
    Promise.all(links.map(async (link) => (await fetch(link)).ok ? [] : [link])).then((broken) => done(broken.flat()));";

#[tokio::test]
async fn a_viewer_sees_no_button_and_no_link_that_would_fail() {
    let stack = Stack::empty();
    let sandbox = Sandbox::on(&stack);
    let incident = sandbox.incident(&Alert::titled("Only to look at")).await;
    let browser = Browser::open(&stack).await;
    browser.sign_in(VIEWER).await;
    let alert = format!("/console/alerts/{}", incident.alert_id);
    let alerts = format!("/console/alerts?team={}", sandbox.team);
    for path in
        [&sandbox.list(), &incident.path, &alerts, &alert, &"/console/insights".to_owned(), &"/console/help".to_owned()]
    {
        browser.visit(path).await;
        // What belongs to oneself may be changed: the session and the colours.
        assert_eq!(browser.run(CHANGES).await, json!(["/console/sign-out", "/console/theme"]), "{path}");
        assert_eq!(browser.run_until_done(BROKEN).await, json!([]), "{path}");
        assert_eq!(browser.run("return document.querySelectorAll('tbody input').length").await, 0, "{path}");
    }
    // Who enters the address all the same is told why not.
    for path in [format!("{alert}/payload"), "/console/quarantine".to_owned()] {
        browser.visit(&path).await;
        browser.read("main", "Only responders may do this.").await;
    }
    browser.close().await;
}

#[tokio::test]
async fn a_responder_sees_them_and_each_link_leads_somewhere() {
    let stack = Stack::empty();
    let sandbox = Sandbox::on(&stack);
    let incident = sandbox.incident(&Alert::titled("To work on")).await;
    let browser = Browser::open(&stack).await;
    browser.sign_in(RESPONDER).await;
    for path in [&sandbox.list(), &incident.path, &format!("/console/alerts/{}", incident.alert_id)] {
        browser.visit(path).await;
        let changes = browser.run(CHANGES).await;
        assert!(changes.as_array().is_some_and(|changes| changes.len() > 2), "{path}: {changes}");
        assert_eq!(browser.run_until_done(BROKEN).await, json!([]), "{path}");
    }
    browser.close().await;
}

#[tokio::test]
async fn a_form_without_the_proof_of_the_session_changes_nothing() {
    let stack = Stack::empty();
    let sandbox = Sandbox::on(&stack);
    let incident = sandbox.incident(&Alert::titled("Not to be changed")).await;
    let browser = Browser::open(&stack).await;
    browser.sign_in(RESPONDER).await;
    browser.visit(&incident.path).await;
    browser.run("for (const proof of document.querySelectorAll('[name=proof]')) proof.value = 'guessed'").await;
    browser.click_on(".steps button", "Start investigating").await;
    browser.read("main", "The form is not of this session.").await;
    assert_eq!(sandbox.status(&incident).await, "OPEN");
    browser.close().await;
}
