//! What both lists take: negation, the least severity, search, orders and facets.

use jiff::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};
use tests::{Api, Sandbox, sentry::Issue};
use tokio::sync::OnceCell;

/// A sandbox with an incident of three alerts of two services. From oldest to newest: `a` is an error and fired twice,
/// `b` is critical and resolved, `c` is a warning of Sentry.
async fn three_alerts() -> Sandbox {
    let sandbox = Sandbox::new();
    let first = sandbox.monitor().with("title", "Disk of web-1 is FULL").priority("P2");
    let other = sandbox.another_service("search");
    // Within a minute, so that they are one incident though nobody said that one service needs the other.
    let after = |seconds| sandbox.time + SignedDuration::from_secs(seconds);
    let second = first.from_another_monitor().with("title", "Latency is high").service(&other).priority("P1");
    sandbox.deliver(&first).await;
    sandbox.deliver(&first.again().at(after(10))).await;
    sandbox.deliver(&second.clone().at(after(20))).await;
    sandbox.deliver(&second.resolved().at(after(30))).await;
    sandbox.deliver(&Issue::of(&sandbox).level("warning").event_alert(after(40))).await;
    sandbox
}

/// Three alerts that tests may read but not change.
async fn shared() -> Sandbox {
    static SHARED: OnceCell<Sandbox> = OnceCell::const_new();
    SHARED.get_or_init(three_alerts).await.clone().with_api(Api::shared())
}

/// `a`, `b` and `c` for the alerts that match, in the order of the list.
async fn letters(sandbox: &Sandbox, query: &str) -> String {
    let query = query.replace("{service}", &sandbox.service).replace("{team}", &sandbox.team);
    let path = format!("/alerts?environment={}&{query}", sandbox.environment);
    let letter = |alert: &Value| match alert["severity"].as_str() {
        Some("error") => 'a',
        Some("critical") => 'b',
        Some("warning") => 'c',
        other => panic!("an alert with severity {other:?}"),
    };
    sandbox.api.all_items(&path).await.iter().map(letter).collect()
}

#[rstest]
#[case("severity!=error", "cb")]
#[case("severity%21=error,warning", "b")]
#[case("severity!=error&severity!=critical", "c")]
#[case("severity=error,critical&severity!=error", "b")]
#[case("status!=RESOLVED", "ca")]
#[case("source!=sentry", "ba")]
#[case("service!={service}", "b")]
#[case("team!={team}", "")]
#[case("team!=-{team}", "cba")]
#[case("environment!=elsewhere", "cba")]
#[case("incident_id!=01ARZ3NDEKTSV4RRFFQ69G5FAV", "cba")]
#[tokio::test]
async fn a_name_with_an_exclamation_mark_excludes_values(#[case] query: &str, #[case] expected: &str) {
    assert_eq!(letters(&shared().await, query).await, expected);
}

#[rstest]
#[case("info", "cba")]
#[case("warning", "cba")]
#[case("ERROR", "ba")]
#[case("critical", "b")]
#[tokio::test]
async fn severity_min_is_the_least_severity(#[case] severity: &str, #[case] expected: &str) {
    assert_eq!(letters(&shared().await, &format!("severity_min={severity}")).await, expected);
}

#[rstest]
#[case("disk", "a")]
#[case("FULL+dis", "a")]
#[case("web-1", "a")]
#[case("lat%20hi", "b")]
#[case("search", "b")]
#[case("isk", "")]
#[case("disk+latency", "")]
#[case("{service}", "ca")]
#[tokio::test]
async fn a_search_finds_words_by_their_beginnings(#[case] words: &str, #[case] expected: &str) {
    assert_eq!(letters(&shared().await, &format!("q={words}")).await, expected);
}

#[rstest]
#[case("severity", "cab")]
#[case("-severity", "bac")]
#[case("occurrences", "bca")]
#[case("-occurrences", "acb")]
#[case("last_seen_at", "abc")]
#[case("-last_seen_at", "cba")]
#[case("-updated_at", "cba")]
#[tokio::test]
async fn alerts_are_sorted_by_any_of_their_orders_and_then_by_id(#[case] sort: &str, #[case] expected: &str) {
    assert_eq!(letters(&shared().await, &format!("sort={sort}")).await, expected);
}

#[tokio::test]
async fn facets_of_alerts_ignore_the_filter_of_their_own_field() {
    let sandbox = shared().await;
    let environment = &sandbox.environment;
    let path = format!("/alerts?environment={environment}&severity=error&facets=severity,status,environment,team");
    let page = sandbox.api.get(&path).await.expect(200).json();
    let facet = |name: &str| page["facets"][name]["values"].as_array().expect("values").clone();
    assert_eq!(page["total"], 1);
    assert_eq!(
        facet("severity"),
        ["critical", "error", "warning"].map(|severity| json!({ "value": severity, "count": 1 }))
    );
    assert_eq!(facet("status"), [json!({ "value": "firing", "count": 1 })]);
    assert_eq!(facet("team"), [json!({ "value": sandbox.team, "count": 1 })]);
    assert!(facet("environment").contains(&json!({ "value": environment, "count": 1 })));
}

#[rstest]
#[case("severity_min=critical", 1)]
#[case("severity_min=critical&severity!=critical", 0)]
#[case("q=disk+web", 1)]
#[case("q=latency", 0)]
#[case("q={service}", 1)]
#[case("has_firing=true&status!=CLOSED", 1)]
#[case("service!={service}", 0)]
#[case("service!=elsewhere", 1)]
#[tokio::test]
async fn incidents_take_the_same_filters(#[case] query: &str, #[case] expected: usize) {
    let sandbox = shared().await;
    let query = query.replace("{service}", &sandbox.service);
    let path = format!("/incidents?environment={}&{query}", sandbox.environment);
    assert_eq!(sandbox.api.page(&path).await.total, expected);
}

#[tokio::test]
async fn incidents_are_sorted_by_severity_and_by_their_alerts() {
    let sandbox = Sandbox::new();
    let [first, second, third] = [(); 3].map(|()| sandbox.in_another_environment());
    let monitor = first.monitor().priority("P3");
    first.deliver(&monitor.clone().at(first.minute(3))).await;
    first.deliver(&monitor.from_another_monitor().at(first.minute(3))).await;
    second.deliver(&second.monitor().priority("P1").at(second.minute(9))).await;
    third.deliver(&third.monitor().priority("P3").at(third.minute(1))).await;
    let order = async |sort: &str| -> Vec<String> {
        let incidents = sandbox.api.all_items(&format!("/incidents?team={}&sort={sort}", sandbox.team)).await;
        let environment = |incident: &Value| incident["environment"].as_str().expect("an environment").to_owned();
        incidents.iter().map(environment).collect()
    };
    let expected = |order: [&Sandbox; 3]| order.map(|sandbox| sandbox.environment.clone()).to_vec();
    assert_eq!(order("-severity").await, expected([&second, &third, &first]));
    assert_eq!(order("severity").await, expected([&first, &third, &second]));
    assert_eq!(order("-alert_count").await, expected([&first, &third, &second]));
    assert_eq!(order("alert_count").await, expected([&second, &third, &first]));
    assert_eq!(order("last_alert_at").await, expected([&third, &first, &second]));
}

#[tokio::test]
async fn two_hundred_values_are_one_filter() {
    let sandbox = shared().await;
    let mut values: Vec<String> = (0..199).map(|number| format!("absent-{number}")).collect();
    values.push(sandbox.service.clone());
    let names = values.join(",");
    assert_eq!(letters(&sandbox, &format!("service={names}")).await, "ca");
    assert_eq!(letters(&sandbox, &format!("service!={names}")).await, "b");
    let problem = sandbox.api.get(&format!("/alerts?service={names},more")).await.problem(400);
    assert_eq!(problem.parameters(), ["service"]);
}
