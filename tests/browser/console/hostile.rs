//! What sources and people write is shown, and never run.

use browser::{Alert, Browser, RESPONDER, Sandbox, Stack, eventually};
use serde_json::json;

const SCRIPT: &str = "<script>window.hacked=1</script>";
const PICTURE: &str = "<img src=https://evil.example/p.png onerror=window.hacked=1>";
const LOADED: &str =
    "\"><b hx-get=https://evil.example/x hx-trigger=load data-open=keys>click</b><svg onload=window.hacked=1>";
const LINK: &str = "javascript:window.hacked=1";

/// Whatever a page must not have: scripts and pictures that are not ours, and addresses that run.
const INTRUDERS: &str = "const own = (address) => address === '' || new URL(address, location.href).origin === location.origin;
    const links = [...document.querySelectorAll('[href], [src], [action], [formaction]')];
    const runs = (value) => value && !/^(https?:|[/?#.])/i.test(value.trim()) && value.trim() !== '';
    return [
        ...[...document.querySelectorAll('script')].filter((one) => !one.src || !own(one.src)),
        ...document.querySelectorAll('main img, main iframe, main object, main embed, main style, main [style], main [hx-get]'),
        ...links.filter((one) => ['href', 'src', 'action', 'formaction'].some((name) => runs(one.getAttribute(name)))),
        ...[...document.querySelectorAll('*')].filter((one) => [...one.attributes].some(({ name }) => /^on/i.test(name))),
    ].map((one) => one.outerHTML.slice(0, 200));";

async fn check(browser: &Browser, where_: &str) {
    assert_eq!(browser.run(INTRUDERS).await, json!([]), "{where_}");
    assert_eq!(browser.run("return window.hacked ?? null").await, json!(null), "{where_}");
}

#[tokio::test]
async fn titles_tags_links_messages_and_comments_are_text() {
    let stack = Stack::empty();
    let sandbox = Sandbox::on(&stack);
    let alert = Alert {
        title: format!("{SCRIPT} {PICTURE} \u{202e}gnp.exe"),
        message: format!("{LOADED}\n{PICTURE}\n{SCRIPT}\nhttps://evil.example/x {LINK}"),
        link: LINK.to_owned(),
        tags: vec![format!("note:{LOADED}"), format!("{SCRIPT}:{PICTURE}"), LINK.to_owned()],
        ..Alert::default()
    };
    let incident = sandbox.incident(&alert).await;
    sandbox.comment(&incident, &format!("{SCRIPT}{PICTURE}{LOADED}")).await;
    let browser = Browser::open(&stack).await;
    browser.sign_in(RESPONDER).await;

    let alert = format!("/console/alerts/{}", incident.alert_id);
    for (path, place, text) in [
        (sandbox.list(), "a.row", SCRIPT),
        (incident.path.clone(), ".title h1", SCRIPT),
        (incident.path.clone(), ".history", PICTURE),
        (format!("/console/alerts?team={}", sandbox.team), "a.row", PICTURE),
        (alert.clone(), "pre.message", LOADED),
        (alert.clone(), ".tags", LINK),
        (format!("{alert}/payload"), "#payload pre", "window.hacked"),
    ] {
        browser.visit(&path).await;
        // The text is there, so it was escaped and not removed.
        browser.read(place, text).await;
        check(&browser, &path).await;
    }
    // The source is no place that one can click through to.
    assert!(!browser.texts("main a").await.iter().any(|text| text.contains("Open in the source")));

    // A name that is too long or too strange for a filter is no way in either.
    let hostile = "%22%3E%3Cscript%3Ewindow.hacked%3D1%3C%2Fscript%3E";
    for path in [
        "/console/incidents?q=",
        "/console/alerts?q=",
        "/console/incidents?severity=",
        "/console/incidents?team=",
        "/console/",
    ] {
        let path = format!("{path}{hostile}");
        browser.visit(&path).await;
        browser.see("main").await;
        check(&browser, &path).await;
    }
    browser.close().await;
}

#[tokio::test]
async fn what_people_write_is_text_too() {
    let stack = Stack::empty();
    let sandbox = Sandbox::on(&stack);
    let incident = sandbox.incident(&Alert::titled("To write about")).await;
    let browser = Browser::open(&stack).await;
    browser.sign_in(RESPONDER).await;
    browser.visit(&incident.path).await;
    browser.fill("#assignee", "<img src=x onerror=hacked=1>").await;
    browser.click("button[name=assignee][value='']").await;
    browser.read("#notices", "<img src=x").await;
    check(&browser, "the notice").await;
    browser.fill("#comment", LOADED).await;
    browser.click("form.comment button").await;
    browser.read(".history", "hx-trigger=load").await;
    check(&browser, "the history").await;
    browser.visit(&sandbox.list()).await;
    browser.read(".facets", "<img src=x").await;
    check(&browser, "the filters").await;
    browser.close().await;
}

/// A page of the console sends nobody away, whatever its address says.
#[tokio::test]
async fn no_address_leads_to_another_site() {
    let browser = Browser::open(&Stack::empty()).await;
    for next in [
        "https%3A%2F%2Fevil.example%2Fconsole",
        "%2F%2Fevil.example",
        "javascript%3Awindow.hacked%3D1",
        "%2Fconsole%2F%5C..%2F",
    ] {
        browser.visit(&format!("/console/sign-in?next={next}")).await;
        browser.fill("#token", RESPONDER).await;
        browser.click("form .primary").await;
        browser.arrive("the first page", |address| address.starts_with("/console/incidents")).await;
        check(&browser, next).await;
    }
    browser.close().await;
}

/// The check above would find what it looks for.
#[tokio::test]
async fn the_policy_stops_what_gets_in_all_the_same_and_the_suite_sees_it() {
    let browser = Browser::open(&Stack::empty()).await;
    browser.sign_in(RESPONDER).await;
    browser.visit("/console/help").await;
    let intrude = format!(
        "document.querySelector('main').insertAdjacentHTML('beforeend', {})",
        json!(format!("{PICTURE}{LOADED}"))
    );
    browser.run(&intrude).await;
    let found = browser.run(INTRUDERS).await;
    assert!(found.as_array().is_some_and(|found| found.len() >= 3), "{found}");
    let mut breaches = 0;
    eventually("breaches of the policy", async || {
        let entries = browser.client.get_log("browser").await.map_err(|error| error.to_string())?;
        breaches += entries.iter().filter(|entry| entry.message.contains("Content Security Policy")).count();
        if breaches >= 2 { Ok(()) } else { Err(format!("{breaches}: {entries:?}")) }
    })
    .await;
    assert_eq!(browser.run("return window.hacked ?? null").await, json!(null));
    // The attempt itself is in the log of requests, where it would fail any other test.
    let requests = browser.client.get_log("performance").await.expect("the log of requests");
    assert!(requests.iter().any(|entry| entry.message.contains("https://evil.example/p.png")));
    browser.visit("/console/help").await;
    browser.close().await;
}
