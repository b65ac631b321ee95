//! Keys are as fine as the facts.

use serde_json::json;
use tests::assert_members;

use super::{Case, each};

#[tokio::test]
async fn the_group_in_the_title_tells_two_hosts_of_a_monitor_apart() {
    let case = Case::in_environment("fx-two-hosts");
    let webhooks = (1..=3).map(|number| case.datadog(&format!("ilert-two-hosts-{number}")));
    let alerts = case.deliver(webhooks).await;
    assert_eq!(each(&alerts, "group"), ["fx-node-1", "fx-node-2"].map(|host| case.name(&format!("host:{host}"))));
    assert_eq!(each(&alerts, "status"), ["resolved", "firing"]);
    assert_eq!(each(&alerts, "occurrences"), [1, 1]);
    assert_eq!(each(&alerts, "title"), ["Swap of a node is used up"; 2]);
}

#[tokio::test]
async fn words_for_nothing_are_absent() {
    let case = Case::in_environment("fx-null");
    let [one, other, over] = [1, 2, 3].map(|number| case.datadog(&format!("null-strings-{number}")));
    let alerts = case.deliver([one, other]).await;
    let ids = ["fx-null-1", "fx-null-2"].map(|id| case.name(id));
    assert_eq!(each(&alerts, "external_id"), ids);
    for alert in &alerts {
        let tags = [format!("env:{}", case.sandbox.environment)];
        assert_members(alert, &json!({ "occurrences": 1, "status": "firing", "link": null, "tags": tags }));
        assert_members(alert, &json!({ "message": null, "group": null }));
    }
    // The title's marker counts where the stated transition is absent.
    let alerts = case.deliver([over]).await;
    assert_eq!(each(&alerts, "status"), ["resolved", "firing"]);
}

#[tokio::test]
async fn the_scope_that_fired_beats_the_tags_of_the_monitor() {
    let case = Case::in_environment("fx-scope");
    let alerts = case.deliver([case.datadog("scope-against-tags-1")]).await;
    let expected = json!({
        "service": case.name("fx-basket"),
        "environment": case.name("fx-scope"),
        "team": case.name("fx-shop"),
        "severity": "error",
        "title": "Failed calls",
    });
    assert_members(&alerts[0], &expected);
}
