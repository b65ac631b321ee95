//! The console in a browser that runs no scripts: links and forms do it all.

use browser::{Alert, Browser, RESPONDER, Sandbox, Stack};

#[tokio::test]
async fn an_incident_is_found_and_resolved_without_scripts() {
    let stack = Stack::empty();
    let sandbox = Sandbox::on(&stack);
    let incident = sandbox.incident(&Alert { priority: "P1", ..Alert::titled("Checkout is down") }).await;
    sandbox.incident(&Alert { priority: "P3", ..Alert::titled("Disk nearly full") }).await;
    let browser = Browser::without_scripts(&stack).await;
    browser.sign_in(RESPONDER).await;
    // No script of the page runs: what scripts add is missing, and what needs them is hidden.
    assert_eq!(
        browser.client.find(thirtyfour::By::Css("html")).await.expect("a page").class_name().await.expect("it"),
        None
    );
    browser.visit(&sandbox.list()).await;
    browser.count("a.row", 2).await;

    open_filters(&browser).await;
    browser.click("input[name=severity][value=critical]").await;
    browser.click(".facets .apply").await;
    browser.count("a.row", 1).await;
    let address = browser.address().await;
    assert!(address.contains("severity=critical") && address.contains("team=team-"), "{address}");

    browser.click("a.row").await;
    browser.arrive("the incident", |address| address == incident.path).await;
    browser.read("time", "UTC").await;
    browser.fill("#status-comment", "By a form").await;
    browser.click_on(".steps button", "Start investigating").await;
    browser.read("#notices", "It is Investigating now.").await;
    browser.click_on(".steps button", "Resolve").await;
    browser.read(".badges .status", "Resolved").await;
    browser.read(".history", "By a form").await;
    assert_eq!(sandbox.status(&incident).await, "RESOLVED");

    browser.fill("#comment", "Written without a script").await;
    browser.click("form.comment button").await;
    browser.read(".history", "Written without a script").await;
    browser.click_on("nav.crumbs a", "Incidents").await;
    browser.see("main h1").await;
    browser.click("button[title='Sign out']").await;
    browser.see("#token").await;
    browser.close().await;
}

/// Opens the filters, if the window is so narrow that they are closed.
async fn open_filters(browser: &Browser) {
    if browser.texts(".facets input[name=severity]").await.is_empty() {
        browser.click(".facets summary").await;
    }
}

#[tokio::test]
async fn several_incidents_change_at_once_without_scripts() {
    let stack = Stack::empty();
    let sandbox = Sandbox::on(&stack);
    let incident = sandbox.incident(&Alert::titled("Chosen by a box")).await;
    let browser = Browser::without_scripts(&stack).await;
    browser.sign_in(RESPONDER).await;
    browser.visit(&sandbox.list()).await;
    browser.click("tbody input[type=checkbox]").await;
    browser.click(".choose button[value=INVESTIGATING]").await;
    browser.read("#notices", "1 incident changed to Investigating.").await;
    assert_eq!(sandbox.status(&incident).await, "INVESTIGATING");
    browser.close().await;
}
