//! Filters, order and place of a list are in its address.

use browser::{Alert, Browser, RESPONDER, Sandbox, Stack, VIEWER};

const ROWS: &str = "a.row";

/// A browser at the list of a team that has a critical and a milder incident.
async fn at_two_incidents() -> (Browser, Sandbox) {
    let stack = Stack::empty();
    let sandbox = Sandbox::on(&stack);
    sandbox.incident(&Alert { priority: "P1", ..Alert::titled("Checkout is down") }).await;
    sandbox.incident(&Alert { priority: "P3", ..Alert::titled("Disk nearly full") }).await;
    let browser = Browser::open(&stack).await;
    browser.sign_in(VIEWER).await;
    browser.visit(&sandbox.list()).await;
    browser.count(ROWS, 2).await;
    (browser, sandbox)
}

#[tokio::test]
async fn a_box_filters_at_once_and_its_chip_takes_it_back() {
    let (browser, _sandbox) = at_two_incidents().await;
    browser.click("input[name=severity][value=critical]").await;
    browser.count(ROWS, 1).await;
    browser.read(ROWS, "Checkout is down").await;
    let address = browser.address().await;
    assert!(address.contains("severity=critical") && address.contains("team=team-"), "{address}");
    browser.read(".found h2", "1 incident").await;
    browser.read(".chip", "critical").await;
    browser.click("[aria-label='Remove the filter Severity is critical']").await;
    browser.count(ROWS, 2).await;
    browser.close().await;
}

#[tokio::test]
async fn words_are_searched() {
    let (browser, _sandbox) = at_two_incidents().await;
    browser.fill("#q", "disk\u{e007}").await;
    browser.count(ROWS, 1).await;
    browser.read(ROWS, "Disk nearly full").await;
    browser.fill("#q", "zebra\u{e007}").await;
    browser.read(".empty", "No incident matches").await;
    browser.click(".empty .button").await;
    browser.arrive("a list without filters", |address| !address.contains("q=") && !address.contains("team=")).await;
    browser.close().await;
}

#[tokio::test]
async fn going_back_and_forward_keeps_the_filters() {
    let (browser, sandbox) = at_two_incidents().await;
    browser.click("input[name=severity][value=critical]").await;
    browser.count(ROWS, 1).await;
    browser.click(ROWS).await;
    browser.see("figure.timeline").await;
    browser.client.back().await.expect("it goes back");
    browser.arrive("the filtered list", |address| address.contains("severity=critical")).await;
    browser.count(ROWS, 1).await;
    browser.wait_for("return document.querySelector('input[name=severity][value=critical]').checked").await;
    browser.client.back().await.expect("it goes back");
    browser.arrive("the whole list", |address| address == sandbox.list()).await;
    browser.count(ROWS, 2).await;
    browser.wait_for("return !document.querySelector('input[name=severity][value=critical]').checked").await;
    browser.client.forward().await.expect("it goes forward");
    browser.count(ROWS, 1).await;
    browser.close().await;
}

#[tokio::test]
async fn the_order_is_a_click_away() {
    let (browser, _sandbox) = at_two_incidents().await;
    for (order, first) in [("descending", "Checkout is down"), ("ascending", "Disk nearly full")] {
        browser.click_on("th a", "Severity").await;
        browser.read(&format!("th[aria-sort={order}]"), "Severity").await;
        browser.read("tbody tr:first-child a.row", first).await;
    }
    browser.close().await;
}

#[tokio::test]
async fn dragging_over_the_histogram_chooses_a_period() {
    let (browser, _sandbox) = at_two_incidents().await;
    browser.see(".histogram[data-starts] svg").await;
    let script = "const box = document.querySelector('.histogram svg').getBoundingClientRect();
        return [box.left + 4, box.right - 4, box.top + box.height / 2].map(Math.round);";
    let place = browser.run(script).await;
    let pixels = |index: usize| place[index].as_i64().expect("a place");
    let actions = browser.client.action_chain().move_to(pixels(0), pixels(2)).click_and_hold();
    let drag = actions.move_to(pixels(1), pixels(2)).release();
    drag.perform().await.expect("it can be dragged");
    let address = browser.arrive("a period", |address| address.contains("from=") && address.contains("to=")).await;
    assert!(address.contains("team=team-"), "{address}");
    browser.count(ROWS, 2).await;
    browser.close().await;
}

#[tokio::test]
async fn a_list_that_refreshes_itself_keeps_the_place() {
    let stack = Stack::empty();
    let sandbox = Sandbox::on(&stack);
    for place in 0..12 {
        sandbox.incident(&Alert::titled(&format!("Incident {place}"))).await;
    }
    let browser = Browser::open(&stack).await;
    // The console refreshes itself every 20 seconds. Here, time goes fast.
    let faster = "const real = setInterval; window.setInterval = (act, every) => real(act, every / 50);";
    let script = serde_json::json!({ "source": faster });
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", script).await;
    browser.set_size(1440, 500).await;
    browser.sign_in(RESPONDER).await;
    browser.visit(&sandbox.list()).await;
    browser.count(ROWS, 12).await;
    browser.run("document.querySelectorAll('a.row')[9].focus(); window.mark = 1;").await;
    browser.wait_for("return scrollY > 0").await;
    let before = browser.run("return [scrollY, document.activeElement.textContent]").await;
    sandbox.incident(&Alert::titled("One more")).await;
    browser.count(ROWS, 13).await;
    let after = browser.run("return [scrollY, document.activeElement.textContent]").await;
    assert_eq!(after[1], before[1], "the focus moved");
    assert_eq!(after[0], before[0], "the page scrolled");
    assert_eq!(browser.run("return window.mark").await, 1, "the whole page was loaded again");

    // Who has chosen a row is not disturbed, and one can pause it.
    browser.click("#refresh").await;
    browser.read("#refresh", "Paused").await;
    browser.visit(&sandbox.list()).await;
    browser.read("#refresh", "Paused").await;
    browser.close().await;
}

#[tokio::test]
async fn times_are_in_the_zone_of_the_browser_and_in_utc_for_the_pointer() {
    let (browser, _sandbox) = at_two_incidents().await;
    browser.devtools("Emulation.setTimezoneOverride", serde_json::json!({ "timezoneId": "Asia/Kolkata" })).await;
    browser.client.refresh().await.expect("it loads again");
    browser.see("td time[title]").await;
    let script = "const time = [...document.querySelectorAll('td time:not(.ago)')][0];
        const local = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: 'Asia/Kolkata' })
            .format(new Date(time.dateTime));
        return [time.textContent.includes(local), time.title.includes(time.dateTime.slice(11, 19) + ' UTC')];";
    assert_eq!(browser.run(script).await, serde_json::json!([true, true]));
    browser.close().await;
}
