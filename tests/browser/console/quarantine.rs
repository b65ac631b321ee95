//! Webhooks that took no effect.

use browser::{Browser, RESPONDER, Reply, Sandbox, Stack};

#[tokio::test]
async fn an_entry_is_read_redriven_and_deleted() {
    let stack = Stack::empty();
    let sandbox = Sandbox::on(&stack);
    let written = sandbox.quarantine().await;
    let browser = Browser::open(&stack).await;
    browser.sign_in(RESPONDER).await;
    browser.visit("/console/quarantine?limit=200").await;
    browser.click("tbody a.row").await;
    browser.read("pre", &written).await;
    assert_eq!(browser.run("return window.hacked ?? null").await, serde_json::Value::Null);
    browser.click_on(".steps button", "Redrive").await;
    browser.read(".notice.failed", "it would fail again").await;
    browser.click_on(".steps button", "Delete").await;
    browser.answer(Reply::No).await;
    browser.read("pre", &written).await;
    browser.click_on(".steps button", "Delete").await;
    browser.answer(Reply::Yes).await;
    browser.read("#notices", "The entry is deleted.").await;
    browser.arrive("the list", |address| address.starts_with("/console/quarantine")).await;
    browser.close().await;
}

#[tokio::test]
async fn many_entries_are_deleted_at_once() {
    let stack = Stack::for_one_test();
    let sandbox = Sandbox::on(&stack);
    for _ in 0..3 {
        sandbox.quarantine().await;
    }
    let browser = Browser::open(&stack).await;
    browser.sign_in(RESPONDER).await;
    browser.visit("/console/quarantine").await;
    browser.count("tbody a.row", 3).await;
    browser.click("#all").await;
    browser.read(".chosen", "3 chosen").await;
    browser.click(".choose button[value=redrive]").await;
    browser.read("#notices", "3 entries stay as they are").await;
    browser.click("#all").await;
    browser.click(".choose button[value=delete]").await;
    browser.answer(Reply::Yes).await;
    browser.read("#notices", "3 entries deleted.").await;
    browser.read(".empty", "Nothing is in quarantine").await;
    browser.close().await;
}
