//! A stack with a data directory keeps its data across a restart.

use futures::future::join_all;
use serde_json::json;
use tests::{Api, Sandbox, TestStack, WebhookRequest, assert_members};

#[tokio::test(flavor = "multi_thread")]
async fn a_data_directory_keeps_everything_across_a_restart() {
    let data = tempfile::tempdir().expect("a directory can be made");
    let options = || local::Options { data: Some(data.path().to_owned()), ..TestStack::options() };
    let Some(stack) = TestStack::start(options()).await else { return };
    let sandbox = Sandbox::on(Api::to(stack.access()));
    let monitor = sandbox.monitor();
    let incident = sandbox.open_incident().await;
    sandbox.deliver(&monitor).await;
    sandbox.api.change_status(&incident, "INVESTIGATING").await;
    let quarantined = sandbox.api.deliver(WebhookRequest::sentry("issue", "{}")).await.quarantined();
    crate::quarantine::entries_of(&sandbox.api, &[quarantined]).await;
    let detail = sandbox.api.detail(&incident).await;
    let quarantine = sandbox.api.quarantine("").await.items;
    stack.stop().await;

    let stack = TestStack::start(options()).await.expect("the stack starts again");
    let sandbox = sandbox.with_api(Api::to(stack.access()));
    assert_eq!(sandbox.api.detail(&incident).await, detail);
    assert_eq!(sandbox.api.quarantine("").await.items, quarantine);
    assert_eq!(sandbox.incidents().await, [detail["incident"].clone()]);

    // The claims of deliveries, alerts and groups are kept too.
    sandbox.deliver_without_effect(&monitor).await;
    let alerts = sandbox.deliver(&monitor.resolved().at(sandbox.minute(5))).await;
    assert_eq!((alerts.len(), &alerts[0]["status"]), (2, &json!("resolved")));
    sandbox.deliver(&monitor.from_another_monitor().at(sandbox.minute(2))).await;
    assert_members(
        &sandbox.api.detail(&incident).await["incident"],
        &json!({ "status": "INVESTIGATING", "alert_count": 3 }),
    );
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_that_were_accepted_before_a_stop_are_grouped() {
    let data = tempfile::tempdir().expect("a directory can be made");
    let options = || local::Options { data: Some(data.path().to_owned()), ..TestStack::options() };
    let Some(stack) = TestStack::start(options()).await else { return };
    let sandbox = Sandbox::on(Api::to(stack.access()));
    let monitors: Vec<_> = (0..60).map(|_| sandbox.monitor()).collect();
    join_all(monitors.iter().map(|monitor| sandbox.send(monitor))).await;
    stack.stop().await;

    let stack = TestStack::start(options()).await.expect("the stack starts again");
    let sandbox = sandbox.with_api(Api::to(stack.access()));
    assert_eq!(sandbox.alerts().await.len(), 60);
    assert_eq!(sandbox.incidents().await[0]["alert_count"], 60);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_stack_is_empty() {
    let Some(stack) = TestStack::start(TestStack::options()).await else { return };
    let api = Api::to(stack.access());
    for list in ["/incidents", "/alerts"] {
        let page = api.page(list).await;
        assert_eq!((page.items.len(), page.total, page.next_cursor), (0, 0, None), "{list}");
    }
    assert_eq!(api.quarantine("").await.total, 0);
    stack.stop().await;
}
