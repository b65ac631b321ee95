//! The same id is not the same event, and the same bytes may be news.

use super::{Case, each};

#[tokio::test]
async fn different_bodies_with_one_id_are_news() {
    let case = Case::in_environment("production").of_service("fx-basket");
    let webhooks = (1..=5).map(|number| case.datadog(&format!("oneuptime-id-is-monitor-{number}")));
    let alerts = case.deliver(webhooks).await;
    assert_eq!(each(&alerts, "status"), ["resolved", "resolved", "firing"]);
    assert_eq!(each(&alerts, "occurrences"), [1, 1, 1]);
}

#[tokio::test]
async fn the_same_bytes_are_news_after_something_else_came_between() {
    let case = Case::in_environment("production").of_service("fx-basket");
    let webhooks = (1..=4).map(|number| case.sentry("issue", &format!("sentry-resolved-twice-{number}")));
    let alerts = case.deliver(webhooks).await;
    assert_eq!(case.body("sentry-resolved-twice-2"), case.body("sentry-resolved-twice-4"));
    assert_eq!(each(&alerts, "status"), ["resolved", "resolved"]);
}

#[tokio::test]
async fn the_same_bytes_in_a_row_report_nothing_new() {
    let case = Case::in_environment("production").of_service("fx-basket");
    let created = case.sentry("issue", "sentry-resolved-twice-1");
    let alerts = case.deliver([created.clone()]).await;
    case.sandbox.deliver_without_effect(&created).await;
    assert_eq!(each(&alerts, "occurrences"), [1]);
}
