//! Who may come in, and for how long.

use browser::{Browser, RESPONDER, Stack, session};
use serde_json::{Value, json};
use thirtyfour::Cookie;

const WANTED: &str = "/console/alerts?status=firing";

#[tokio::test]
async fn a_wrong_token_lets_nobody_in() {
    let browser = Browser::open(&Stack::empty()).await;
    browser.visit(WANTED).await;
    browser.fill("#token", "local-nobody").await;
    browser.click("form .primary").await;
    browser.read("[role=alert]", "This token is not known").await;
    assert!(browser.client.get_named_cookie(session::COOKIE).await.is_err());
    // The page that was wanted is not forgotten.
    browser.fill("#token", RESPONDER).await;
    browser.click("form .primary").await;
    browser.arrive("the page that was wanted", |address| address == WANTED).await;
    browser.close().await;
}

#[tokio::test]
async fn a_session_is_a_cookie_that_no_script_reads_and_that_no_other_site_sends() {
    let browser = Browser::open(&Stack::empty()).await;
    browser.sign_in(RESPONDER).await;
    browser.read(".who", "local-responder").await;
    let cookie = browser.client.get_named_cookie(session::COOKIE).await.expect("a cookie");
    assert_eq!(cookie.http_only, Some(true));
    assert_eq!(json!(cookie.same_site), "Strict");
    assert_eq!(browser.run("return document.cookie").await, "");
    browser.close().await;
}

#[tokio::test]
async fn after_signing_out_no_page_is_left_to_go_back_to() {
    let browser = Browser::open(&Stack::empty()).await;
    browser.sign_in(RESPONDER).await;
    browser.visit("/console/help").await;
    browser.click("button[title='Sign out']").await;
    browser.arrive("the form to sign in", |address| address.starts_with("/console/sign-in")).await;
    browser.client.back().await.expect("the browser goes back");
    browser.see("#token").await;
    browser.visit("/console/incidents").await;
    browser.see("#token").await;
    browser.close().await;
}

#[tokio::test]
async fn a_session_that_was_changed_or_has_ended_does_not_count() {
    let browser = Browser::open(&Stack::empty()).await;
    browser.sign_in(RESPONDER).await;
    let cookie = browser.client.get_named_cookie(session::COOKIE).await.expect("a cookie");
    let (said, signature) = session::parts(&cookie.value);

    let changed = |member: &str, value: Value| {
        let mut said = said.clone();
        said[member] = value;
        said
    };
    let longer = changed("until", json!("2099-01-01T00:00:00.000Z"));
    let ended = changed("until", json!("2020-01-01T00:00:00.000Z"));
    let stranger = changed("holder", json!({ "token": { "fingerprint": "0".repeat(64) } }));
    let bad = [
        ("lengthened", session::unite(&longer, signature)),
        ("ended", session::signed(&ended)),
        ("of a token that is gone", session::signed(&stranger)),
        ("without a signature", session::unite(&said, "")),
        ("no session", "x".to_owned()),
    ];
    for (what, value) in bad {
        keep(&browser, &cookie, &value).await;
        browser.visit("/console/incidents").await;
        let address = browser.address().await;
        assert!(address.starts_with("/console/sign-in"), "{what}: {address}");
    }
    // What the suite signs itself counts otherwise: the answers above are about what it says.
    keep(&browser, &cookie, &session::signed(&said)).await;
    browser.visit("/console/incidents").await;
    browser.read(".who", "local-responder").await;
    browser.close().await;
}

/// Replaces the session of a browser.
async fn keep(browser: &Browser, cookie: &Cookie, value: &str) {
    browser.client.delete_cookie(session::COOKIE).await.expect("it is deleted");
    let cookie = Cookie { value: value.to_owned(), ..cookie.clone() };
    browser.client.add_cookie(cookie).await.expect("it is added");
}
