//! The console without a mouse.

use browser::{Alert, Browser, RESPONDER, Sandbox, Stack, VIEWER};

const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";
const TAB: &str = "\u{e004}";

/// Waits until a row has the focus.
async fn focused(browser: &Browser, row: usize) {
    browser.wait_for(&format!("return document.activeElement === document.querySelectorAll('a.row')[{row}]")).await;
}

#[tokio::test]
async fn a_walk_by_keyboard() {
    let stack = Stack::empty();
    let sandbox = Sandbox::on(&stack);
    for title in ["Alpha is down", "Beta is down", "Gamma is down"] {
        sandbox.incident(&Alert::titled(title)).await;
    }
    let browser = Browser::open(&stack).await;
    browser.sign_in(RESPONDER).await;
    browser.visit(&sandbox.list()).await;
    browser.count("a.row", 3).await;

    browser.press("j").await;
    focused(&browser, 0).await;
    browser.press("jj").await;
    focused(&browser, 2).await;
    browser.press("j").await;
    focused(&browser, 2).await;
    browser.press("k").await;
    focused(&browser, 1).await;
    browser.press("x").await;
    browser.wait_for("return document.querySelectorAll('tbody input[type=checkbox]')[1].checked").await;
    browser.press("x").await;

    let path = browser.run("return document.activeElement.getAttribute('href')").await;
    browser.press(ENTER).await;
    browser.arrive("the incident", |address| path == address).await;
    browser.read(".title h1", "Beta is down").await;
    browser.press("u").await;
    browser.arrive("the list", |address| address.starts_with("/console/incidents?")).await;
    browser.see("a.row").await;

    browser.press("/").await;
    browser.wait_for("return document.activeElement.id === 'q'").await;
    // In a field, letters are letters.
    browser.press("jk?").await;
    browser
        .wait_for("return document.querySelector('#q').value === 'jk?' && !document.querySelector('dialog[open]')")
        .await;
    browser.press(ESCAPE).await;
    browser.wait_for("return document.activeElement.id !== 'q'").await;

    browser.press("?").await;
    browser.read("dialog[open]", "Keyboard shortcuts").await;
    browser.press(ESCAPE).await;
    browser.wait_for("return !document.querySelector('dialog[open]')").await;
    browser.press("ga").await;
    browser.arrive("the alerts", |address| address.starts_with("/console/alerts")).await;
    browser.close().await;
}

/// A shortcut that is shown must lead somewhere, for everybody who sees it.
#[tokio::test]
async fn every_shortcut_to_a_page_that_is_shown_leads_there() {
    let stack = Stack::empty();
    for token in [RESPONDER, VIEWER] {
        let browser = Browser::open(&stack).await;
        browser.sign_in(token).await;
        let script = "return [...document.querySelectorAll('#keys dt')].map((keys) => keys.textContent)
            .filter((keys) => /^g.$/.test(keys))";
        let shown: Vec<String> = serde_json::from_value(browser.run(script).await).expect("texts");
        assert!(shown.len() >= 4, "{shown:?}");
        for keys in shown {
            browser.visit("/console/nowhere").await;
            browser.press(&keys).await;
            browser.arrive(&keys, |address| address != "/console/nowhere").await;
            browser.see("main h1").await;
        }
        browser.close().await;
    }
}

#[tokio::test]
async fn the_first_tab_skips_the_menu_and_the_focus_is_seen() {
    let browser = Browser::open(&Stack::empty()).await;
    browser.sign_in(RESPONDER).await;
    browser.visit("/console/help").await;
    browser.press(TAB).await;
    browser.wait_for("return document.activeElement.classList.contains('skip')").await;
    browser.press(ENTER).await;
    browser.wait_for("return document.activeElement.id === 'main'").await;
    browser.press(TAB).await;
    let script =
        "const style = getComputedStyle(document.activeElement); return style.outlineStyle + ' ' + style.outlineWidth";
    browser.wait_for("return document.querySelector('main').contains(document.activeElement)").await;
    assert_eq!(browser.run(script).await, "solid 2px");
    browser.close().await;
}
