//! A stack with a data directory keeps what it knew.

use futures::future::join_all;
use serde_json::json;
use tests::{Api, Delivery, OwnStack, Scene, assert_members};

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_there_after_a_restart() {
    let data = tempfile::tempdir().expect("a directory can be made");
    let options = || local::Options { data: Some(data.path().to_owned()), ..OwnStack::options() };
    let Some(stack) = OwnStack::start("everything_is_there_after_a_restart", options()).await else { return };
    let scene = Scene::on(Api::to(stack.access()));
    let monitor = scene.monitor();
    let incident = scene.an_incident().await;
    scene.deliver(&monitor).await;
    scene.api.move_to(&incident, "INVESTIGATING").await;
    let quarantined = scene.api.deliver(Delivery::sentry("issue", "{}")).await.quarantined();
    crate::quarantine::entries(&scene.api, &[quarantined]).await;
    let detail = scene.api.detail(&incident).await;
    let quarantine = scene.api.quarantine("").await.items;
    stack.stop().await;

    let stack = OwnStack::start("", options()).await.expect("the stack starts again");
    let scene = scene.over(Api::to(stack.access()));
    assert_eq!(scene.api.detail(&incident).await, detail);
    assert_eq!(scene.api.quarantine("").await.items, quarantine);
    assert_eq!(scene.incidents().await, [detail["incident"].clone()]);

    // What was known of deliveries, episodes and groups is known still.
    scene.deliver_in_vain(&monitor).await;
    let alerts = scene.deliver(&monitor.recovered().at(scene.minute(5))).await;
    assert_eq!((alerts.len(), &alerts[0]["status"]), (2, &json!("resolved")));
    scene.deliver(&monitor.from_another_monitor().at(scene.minute(6))).await;
    assert_members(
        &scene.api.detail(&incident).await["incident"],
        &json!({ "status": "INVESTIGATING", "alert_count": 3 }),
    );
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_before_a_stop_is_grouped() {
    let data = tempfile::tempdir().expect("a directory can be made");
    let options = || local::Options { data: Some(data.path().to_owned()), ..OwnStack::options() };
    let Some(stack) = OwnStack::start("what_was_accepted_before_a_stop_is_grouped", options()).await else { return };
    let scene = Scene::on(Api::to(stack.access()));
    let monitors: Vec<_> = (0..60).map(|_| scene.monitor()).collect();
    join_all(monitors.iter().map(|monitor| scene.send(monitor))).await;
    stack.stop().await;

    let stack = OwnStack::start("", options()).await.expect("the stack starts again");
    let scene = scene.over(Api::to(stack.access()));
    assert_eq!(scene.alerts().await.len(), 60);
    assert_eq!(scene.incidents().await[0]["alert_count"], 60);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_stack_is_empty() {
    let Some(stack) = OwnStack::start("an_empty_stack_is_empty", OwnStack::options()).await else { return };
    let api = Api::to(stack.access());
    for list in ["/incidents", "/alerts"] {
        let page = api.page(list).await;
        assert_eq!((page.items.len(), page.total, page.next_cursor), (0, 0, None), "{list}");
    }
    assert_eq!(api.quarantine("").await.total, 0);
    stack.stop().await;
}
