//! Functions may do what they do, and nothing else. The local stack enforces their policies on every request of the whole
//! suite, so one that lacks a permission fails it; here everything is done once that any of them ever does.

use std::sync::atomic::Ordering;

use http::HeaderMap;
use shared::{
    clock,
    service::{
        group_alerts::GroupAlerts,
        receive_webhook::{self, Webhook},
    },
    sources,
    store::Tables,
};
use tests::{Api, Delivery, OwnStack, Scene};

use crate::{
    dead_letters::{breakable, entry_when, the_entry},
    quarantine::{delete, entries, redrive, whole},
};

#[tokio::test(flavor = "multi_thread")]
async fn no_function_may_do_what_it_never_does() {
    let (options, broken) = breakable();
    let Some(stack) = OwnStack::start("no_function_may_do_what_it_never_does", options).await else { return };
    let scene = Scene::on(Api::to(stack.access()));
    dead_letters(&scene).await;
    broken.store(false, Ordering::SeqCst);
    redriven(&scene).await;
    deliveries(&scene).await;
    invalidations(&stack).await;
    lists(&scene).await;
    quarantine(&scene.api).await;
    let unused: Vec<String> =
        stack.inside().unused_permissions().map(|(function, permission)| format!("{function}: {permission}")).collect();
    assert!(unused.is_empty(), "template.yaml grants what is never used: {unused:#?}");
    stack.stop().await;
}

/// While nothing can be grouped, a delivery dies, and dies again when it is redriven.
async fn dead_letters(scene: &Scene) {
    scene.send(&scene.monitor()).await;
    let entry = the_entry(&scene.api, "").await;
    let id = entry["id"].as_str().expect("an id");
    redrive(&scene.api, id).await.expect(202);
    entry_when(&scene.api, id, "pending").await;
}

async fn redriven(scene: &Scene) {
    let entry = the_entry(&scene.api, "").await;
    let id = entry["id"].as_str().expect("an id");
    redrive(&scene.api, id).await.expect(202);
    entry_when(&scene.api, id, "redriven").await;
}

/// Each way in which a delivery takes effect.
async fn deliveries(scene: &Scene) {
    let monitor = scene.monitor();
    let incident = scene.an_incident().await;
    scene.deliver(&monitor).await;
    scene.deliver(&monitor.again().at(scene.minute(3))).await;
    scene.deliver(&monitor.again().at(scene.minute(-3))).await;
    // Too late for the open incident of its service: so it opens another one, as long as that one does not change.
    scene.deliver(&scene.monitor().at(scene.minute(-100))).await;
    scene.api.move_to(&incident, "INVESTIGATING").await;
    scene.api.detail(&incident).await;
}

/// An incident and an alert of last week change, after lists have counted them.
async fn invalidations(stack: &OwnStack) {
    let scene = Scene::on(Api::to(stack.access()));
    let monitor = scene.monitor();
    let sent = Delivery::from(&monitor);
    let datadog = sources::find("datadog").expect("a source");
    let last_week = clock::now().plus_minutes(-7 * 24 * 60);
    let Ok(Webhook::Delivery(read)) = receive_webhook::read(datadog, &HeaderMap::new(), &sent.body, last_week) else {
        panic!("not a delivery");
    };
    let tables = Tables::new(stack.inside().environment("GroupAlerts"), stack.inside().aws());
    let grouper = GroupAlerts::new(&tables, 1).expect("configured");
    grouper.group(&read, last_week).await.expect("grouped");
    for _ in 0..2 {
        lists(&scene).await;
    }
    let alerts = scene.deliver(&monitor.recovered().at(scene.minute(5))).await;
    scene.api.move_to(alerts[0]["incident_id"].as_str().expect("an incident"), "INVESTIGATING").await;
}

async fn lists(scene: &Scene) {
    for query in
        ["", "?status=OPEN", "?team=a", "?sort=updated_at", "?service=a", "?facets=status,severity,team,service,source"]
    {
        scene.api.page(&format!("/incidents{query}")).await;
    }
    let incident = scene.incidents().await;
    let of_incident =
        incident.first().map(|incident| format!("?incident_id={}", incident["id"].as_str().expect("an id")));
    for query in ["", "?service=a", "?severity=critical"] {
        scene.api.page(&format!("/alerts{query}")).await;
    }
    if let Some(query) = of_incident {
        scene.api.page(&format!("/alerts{query}")).await;
    }
}

async fn quarantine(api: &Api) {
    let unreadable = api.deliver(Delivery::datadog("[]")).await.quarantined();
    let entry = entries(api, &[unreadable]).await.remove(0);
    let id = entry["id"].as_str().expect("an id");
    whole(api, id).await;
    redrive(api, id).await.problem(422);
    delete(api, id).await.expect(204);
}
