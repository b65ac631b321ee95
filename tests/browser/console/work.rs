//! What responders do with incidents.

use browser::{Alert, Browser, Incident, RESPONDER, Reply, Sandbox, Stack};

/// A browser of a responder at an incident.
async fn at(sandbox: &Sandbox, stack: &std::sync::Arc<Stack>, title: &str) -> (Browser, Incident) {
    let incident = sandbox.incident(&Alert::titled(title)).await;
    let browser = Browser::open(stack).await;
    browser.sign_in(RESPONDER).await;
    (browser, incident)
}

#[tokio::test]
async fn an_incident_goes_from_open_to_closed() {
    let stack = Stack::empty();
    let sandbox = Sandbox::on(&stack);
    let (browser, incident) = at(&sandbox, &stack, "Orders are stuck").await;
    browser.visit(&sandbox.list()).await;
    browser.click("a.row").await;
    browser.arrive("the incident", |address| address == incident.path).await;
    browser.read(".title h1", "Orders are stuck").await;
    browser.read(".badges .status", "Open").await;

    browser.fill("#status-comment", "Looking at the queue").await;
    browser.click_on(".steps button", "Start investigating").await;
    browser.read("#notices", "It is Investigating now.").await;
    browser.read(".badges .status", "Investigating").await;
    browser.read(".history", "Looking at the queue").await;
    browser.read(".history", "local-responder").await;
    assert_eq!(sandbox.status(&incident).await, "INVESTIGATING");

    browser.click_on(".steps button", "Resolve").await;
    browser.read(".badges .status", "Resolved").await;
    browser.click_on(".steps button", "Close the review").await;
    browser.read(".steps", "The review is closed.").await;
    assert_eq!(sandbox.status(&incident).await, "CLOSED");
    browser.close().await;
}

#[tokio::test]
async fn who_is_second_sees_the_newer_state_and_loses_nothing() {
    let stack = Stack::empty();
    let sandbox = Sandbox::on(&stack);
    let (first, incident) = at(&sandbox, &stack, "Two look at it").await;
    let second = Browser::open(&stack).await;
    second.sign_in(RESPONDER).await;
    first.visit(&incident.path).await;
    second.visit(&incident.path).await;
    second.fill("#status-comment", "I have an idea: the cache").await;

    first.click_on(".steps button", "Start investigating").await;
    first.read(".badges .status", "Investigating").await;

    second.click_on(".steps button", "Start investigating").await;
    second.read(".notice.failed", "incident has changed since you read it").await;
    second.read(".notice.failed", "Investigating").await;
    second.read(".badges .status", "Investigating").await;
    second.wait_for("return document.querySelector('#status-comment').value === 'I have an idea: the cache'").await;
    // The step that is offered is the one from the newer state. Repeating it is one click.
    second.click_on(".steps button", "Resolve").await;
    second.read(".badges .status", "Resolved").await;
    second.read(".history", "I have an idea: the cache").await;
    assert_eq!(sandbox.status(&incident).await, "RESOLVED");
    first.close().await;
    second.close().await;
}

#[tokio::test]
async fn a_comment_is_kept_whatever_others_do_meanwhile() {
    let stack = Stack::empty();
    let sandbox = Sandbox::on(&stack);
    let (browser, incident) = at(&sandbox, &stack, "Many talk about it").await;
    browser.visit(&incident.path).await;
    browser.fill("#comment", "The new driver leaks").await;
    sandbox.comment(&incident, "From the phone").await;
    browser.click("form.comment button").await;
    browser.read("#notices", "Your comment is in the history.").await;
    browser.read(".history", "The new driver leaks").await;
    browser.read(".history", "From the phone").await;
    browser.close().await;
}

#[tokio::test]
async fn an_incident_is_taken_and_given_back() {
    let stack = Stack::empty();
    let sandbox = Sandbox::on(&stack);
    let (browser, incident) = at(&sandbox, &stack, "Nobody works on it").await;
    browser.visit(&incident.path).await;
    browser.click_on(".steps button", "Assign to me").await;
    browser.read("#notices", "local-responder works on it now.").await;
    browser.read(".facts", "local-responder").await;
    browser.fill("#assignee", "Ada").await;
    browser.click("button[name=assignee][value='']").await;
    browser.read(".facts", "Ada").await;
    browser.click("button[name=nobody]").await;
    browser.read(".facts", "nobody").await;
    browser.close().await;
}

#[tokio::test]
async fn several_incidents_change_at_once_and_those_that_cannot_are_named() {
    let stack = Stack::empty();
    let sandbox = Sandbox::on(&stack);
    let (browser, first) = at(&sandbox, &stack, "The first of two").await;
    let second = sandbox.incident(&Alert::titled("The second of two")).await;
    browser.visit(&sandbox.list()).await;
    browser.count("a.row", 2).await;
    browser.click("#all").await;
    browser.read(".chosen", "2 chosen").await;
    sandbox.comment(&second, "Meanwhile").await;
    browser.click(".choose button[value=INVESTIGATING]").await;
    browser.read("#notices", "1 of 2 incidents changed to Investigating.").await;
    browser.read("#notices", "“The second of two” has changed meanwhile").await;
    assert_eq!(sandbox.status(&first).await, "INVESTIGATING");
    assert_eq!(sandbox.status(&second).await, "OPEN");
    let address = browser.address().await;
    assert_eq!(address, sandbox.list(), "the filters are lost");
    browser.close().await;
}

#[tokio::test]
async fn an_alert_whose_end_never_came_is_resolved_by_hand() {
    let stack = Stack::empty();
    let sandbox = Sandbox::on(&stack);
    let (browser, incident) = at(&sandbox, &stack, "It fires for ever").await;
    browser.visit(&format!("/console/alerts/{}", incident.alert_id)).await;
    browser.read(".badges .status", "firing").await;
    browser.fill("#resolve-comment", "The monitor was deleted").await;
    browser.click_on(".steps button", "Resolve by hand").await;
    browser.read(".badges .status", "resolved").await;
    browser.click_on("nav.crumbs a", "Its incident").await;
    browser.read(".history", "The monitor was deleted").await;
    browser.close().await;
}

#[tokio::test]
async fn incidents_that_are_one_are_merged_after_a_question() {
    let stack = Stack::empty();
    let sandbox = Sandbox::on(&stack);
    let (browser, first) = at(&sandbox, &stack, "The cause").await;
    let second = sandbox.incident(&Alert::titled("Its effect")).await;
    browser.visit(&sandbox.list()).await;
    browser.count("a.row", 2).await;
    browser.click("#all").await;
    browser.click_on(".choose button", "Merge").await;
    browser.answer(Reply::No).await;
    browser.count("a.row", 2).await;
    browser.click_on(".choose button", "Merge").await;
    browser.answer(Reply::Yes).await;
    browser.read("#notices", "1 incident merged into this one.").await;
    browser.arrive("the older one", |address| address == first.path).await;
    browser.count(".cards > li", 2).await;
    browser.visit(&second.path).await;
    browser.read("main", "The cause").await;
    browser.close().await;
}
