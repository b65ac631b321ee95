//! `GET /stats/incidents` and `GET /stats/alerts`.

use rstest::rstest;
use serde_json::{Value, json};
use tests::{Api, Sandbox};

async fn stats(sandbox: &Sandbox, list: &str, query: &str) -> Value {
    sandbox.api.get(&format!("/stats/{list}?{query}")).await.expect(200).json()
}

#[tokio::test]
async fn incidents_are_counted_with_how_long_they_took() {
    let sandbox = Sandbox::new();
    let [one, two] = [sandbox.in_another_environment(), sandbox.in_another_environment()];
    let first = one.open_incident().await;
    two.open_incident().await;
    sandbox.api.change_status(&first, "INVESTIGATING").await;
    sandbox.api.change_status(&first, "RESOLVED").await;

    let query = format!("team={}&interval=hour&time_zone=asia/kolkata&group_by=status", sandbox.team);
    let found = stats(&sandbox, "incidents", &query).await;
    assert_eq!((&found["interval"], &found["time_zone"]), (&json!("hour"), &json!("Asia/Kolkata")));
    let total = &found["total"];
    let counts = ["opened", "acknowledged", "resolved", "still_open", "recurrences"].map(|name| total[name].clone());
    assert_eq!(counts, [2, 1, 1, 1, 0].map(Value::from));
    assert!(total["time_to_resolve"]["p50_seconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{total}");

    let intervals = found["intervals"].as_array().expect("intervals");
    assert_eq!(intervals.iter().filter_map(|interval| interval["opened"].as_u64()).sum::<u64>(), 2);
    assert!(
        intervals.iter().all(|interval| interval["from"].as_str().is_some_and(|from| from.ends_with(":30:00.000Z")))
    );

    let groups = found["groups"].as_array().expect("groups");
    let group = |status: &str| groups.iter().find(|group| group["value"] == status).expect("a group");
    assert_eq!((&group("OPEN")["total"]["opened"], &group("RESOLVED")["total"]["resolved"]), (&json!(1), &json!(1)));
    assert_eq!(group("OPEN")["total"]["time_to_resolve"], Value::Null);
    assert_eq!((groups.len(), &found["omitted_groups"]), (2, &json!(0)));
}

#[tokio::test]
async fn the_noisiest_problems_come_first_and_say_whether_anybody_acted() {
    let sandbox = Sandbox::new();
    let noisy = sandbox.monitor().with("title", "Disk is full");
    sandbox.deliver(&noisy).await;
    sandbox.deliver(&noisy.again().at(sandbox.minute(1))).await;
    sandbox.deliver(&noisy.resolved().at(sandbox.minute(2))).await;
    let quiet = noisy.from_another_monitor().with("title", "CPU is hot").at(sandbox.minute(3));
    let alerts = sandbox.deliver(&quiet).await;
    let query = format!("environment={}", sandbox.environment);

    let found = stats(&sandbox, "alerts", &query).await;
    let problems = found["problems"].as_array().expect("problems");
    let titles: Vec<&str> = problems.iter().filter_map(|problem| problem["title"].as_str()).collect();
    assert_eq!(titles, ["Disk is full", "CPU is hot"]);
    assert_eq!((&problems[0]["occurrences"], &problems[0]["episodes"]), (&json!(2), &json!(1)));
    assert_eq!((&problems[0]["firing_seconds"], &problems[0]["acted_on_share"]), (&json!(120.0), &json!(0.0)));
    assert_eq!(problems[1]["latest_alert_id"], alerts[0]["id"]);
    let counts = ["alerts", "occurrences", "resolved", "still_firing"].map(|name| found["total"][name].clone());
    assert_eq!(counts, [2, 3, 1, 1].map(Value::from));
    assert!(found["intervals"].as_array().is_some_and(Vec::is_empty));

    sandbox.api.change_status(alerts[0]["incident_id"].as_str().expect("an incident"), "INVESTIGATING").await;
    let found = stats(&sandbox, "alerts", &format!("{query}&problems=1")).await;
    assert_eq!(
        (found["problems"].as_array().map(Vec::len), &found["problems"][0]["acted_on_share"]),
        (Some(1), &json!(1.0))
    );
}

#[tokio::test]
async fn intervals_without_items_are_listed_too() {
    let sandbox = Sandbox::new();
    let range = "created_from=2026-03-28T00:00:00%2B01:00&created_to=2026-03-30T23:00:00%2B02:00";
    let query = format!("team={}&interval=day&time_zone=Europe/Berlin&{range}", sandbox.team);
    let found = stats(&sandbox, "incidents", &query).await;
    let intervals = found["intervals"].as_array().expect("intervals");
    let from: Vec<&str> = intervals.iter().filter_map(|interval| interval["from"].as_str()).collect();
    assert_eq!(from, ["2026-03-27T23:00:00.000Z", "2026-03-28T23:00:00.000Z", "2026-03-29T22:00:00.000Z"]);
    assert!(intervals.iter().all(|interval| interval["opened"] == 0 && interval["time_to_resolve"].is_null()));
}

#[rstest]
#[case("incidents?interval=minute", &["interval"])]
#[case("incidents?interval=day&time_zone=Mars/Base", &["time_zone"])]
#[case("incidents?time_zone=UTC", &["time_zone"])]
#[case("incidents?group_by=title&limit=5&status=done", &["group_by", "limit", "status"])]
#[case("incidents?interval=hour&created_from=2020-01-01T00:00:00Z&created_to=2020-02-02T00:00:00Z", &["interval"])]
#[case("alerts?problems=101&facets=status", &["facets", "problems"])]
#[case("alerts?has_firing=true&q=--", &["has_firing", "q"])]
#[tokio::test]
async fn wrong_parameters_are_named(#[case] path: &str, #[case] expected: &[&str]) {
    assert_eq!(Api::shared().get(&format!("/stats/{path}")).await.problem(400).parameters(), expected);
}
