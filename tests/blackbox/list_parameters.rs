//! Wrong parameters of the lists of incidents and alerts: each is named, none is ignored.

use rstest::rstest;
use tests::{Api, Sandbox};

/// Asserts that both lists answer 400 and name exactly these parameters.
async fn assert_both_name(query: &str, parameters: &[&str]) {
    for list in ["/incidents", "/alerts"] {
        assert_named(&format!("{list}?{query}"), parameters).await;
    }
}

/// Asserts that the answer is 400 and names exactly these parameters.
async fn assert_named(path: &str, parameters: &[&str]) {
    let problem = Api::shared().get(path).await.problem(400);
    assert_eq!(problem.parameters(), parameters, "{path}");
}

#[rstest]
#[case("0")]
#[case("201")]
#[case("-1")]
#[case("ten")]
#[case("1.5")]
#[case("1e2")]
#[case("")]
#[case("99999999999999999999999")]
#[case("+")]
#[case("%20")]
#[tokio::test]
async fn a_limit_that_is_not_from_1_to_200_is_named(#[case] limit: &str) {
    assert_both_name(&format!("limit={limit}"), &["limit"]).await;
}

#[rstest]
#[tokio::test]
async fn a_limit_from_1_to_200_is_accepted(
    #[values(1, 200)] limit: usize,
    #[values("/incidents", "/alerts")] list: &str,
) {
    assert_eq!(Api::shared().page(&format!("{list}?limit={limit}")).await.limit, limit);
}

#[rstest]
#[case("-1")]
#[case("ten")]
#[case("1.5")]
#[case("")]
#[case("99999999999999999999999")]
#[tokio::test]
async fn an_offset_that_is_not_a_whole_number_is_named(#[case] offset: &str) {
    assert_both_name(&format!("offset={offset}"), &["offset"]).await;
}

#[rstest]
#[case("limit=10&limit=10", "limit")]
#[case("offset=0&offset=1", "offset")]
#[case("sort=created_at&sort=-created_at", "sort")]
#[tokio::test]
async fn limit_offset_and_sort_cannot_be_repeated(#[case] query: &str, #[case] parameter: &str) {
    assert_both_name(query, &[parameter]).await;
}

#[rstest]
#[case("/incidents?color=red", "color")]
#[case("/alerts?color=red", "color")]
#[case("/incidents?Limit=10", "Limit")]
#[case("/alerts?Limit=10", "Limit")]
#[case("/incidents?incident_id=01ARZ3NDEKTSV4RRFFQ69G5FAV", "incident_id")]
#[case("/alerts?has_firing=true", "has_firing")]
#[case("/incidents?has_firing!=true", "has_firing!")]
#[case("/incidents?q!=disk", "q!")]
#[case("/incidents?!team=payments", "!team")]
#[case("/alerts?severity_min!=error", "severity_min!")]
#[tokio::test]
async fn an_unknown_parameter_is_named(#[case] path: &str, #[case] parameter: &str) {
    assert_named(path, &[parameter]).await;
}

#[rstest]
#[case("/incidents?severity=fatal", "severity")]
#[case("/alerts?severity=fatal", "severity")]
#[case("/incidents?severity=critical,fatal", "severity")]
#[case("/incidents?status=done", "status")]
#[case("/alerts?status=done", "status")]
#[case("/incidents?status=firing", "status")]
#[case("/alerts?status=OPEN", "status")]
#[case("/incidents?sort=title", "sort")]
#[case("/alerts?sort=title", "sort")]
#[case("/incidents?sort=--created_at", "sort")]
#[case("/alerts?sort=alert_count", "sort")]
#[case("/incidents?sort=occurrences", "sort")]
#[case("/alerts?incident_id=seven", "incident_id")]
#[case("/alerts?incident_id!=seven", "incident_id!")]
#[case("/incidents?status!=done", "status!")]
#[case("/alerts?severity_min=fatal", "severity_min")]
#[case("/alerts?facets=has_firing", "facets")]
#[case("/incidents?facets=title", "facets")]
#[tokio::test]
async fn an_unknown_value_of_an_enumeration_is_named(#[case] path: &str, #[case] parameter: &str) {
    assert_named(path, &[parameter]).await;
}

#[rstest]
#[case("status")]
#[case("severity")]
#[case("service")]
#[case("source")]
#[case("created_from")]
#[case("created_to")]
#[case("sort")]
#[case("cursor")]
#[case("team")]
#[case("environment!")]
#[case("severity_min")]
#[case("q")]
#[case("facets")]
#[case("updated_to")]
#[tokio::test]
async fn an_empty_value_is_named(#[case] parameter: &str) {
    assert_both_name(&format!("{parameter}="), &[parameter]).await;
    assert_both_name(parameter, &[parameter]).await;
}

#[rstest]
#[case("yesterday")]
#[case("2026-13-01T00:00:00Z")]
#[case("2026-02-30T00:00:00Z")]
#[case("2026-01-01T25:00:00Z")]
#[case("%00")]
#[tokio::test]
async fn a_malformed_time_is_named(#[case] time: &str) {
    assert_both_name(&format!("created_from={time}"), &["created_from"]).await;
    assert_both_name(&format!("created_to={time}"), &["created_to"]).await;
    assert_both_name(&format!("updated_from={time}"), &["updated_from"]).await;
}

#[rstest]
#[case("/incidents", "created")]
#[case("/incidents", "updated")]
#[case("/alerts", "created")]
#[case("/alerts", "updated")]
#[tokio::test]
async fn a_range_that_ends_before_it_begins_is_named(#[case] list: &str, #[case] range: &str) {
    let query = format!("{range}_from=2026-02-01T00:00:00.001Z&{range}_to=2026-02-01T00:00:00Z");
    let problem = Api::shared().get(&format!("{list}?{query}")).await.problem(400);
    let parameters = problem.parameters();
    assert!(!parameters.is_empty());
    assert!(parameters.iter().all(|parameter| parameter.starts_with(range)), "{parameters:?}");
}

#[tokio::test]
async fn every_wrong_parameter_is_named_at_once() {
    assert_both_name(
        "limit=0&offset=-1&severity=fatal&status=done&color=red&sort=title&created_from=soon",
        &["color", "created_from", "limit", "offset", "severity", "sort", "status"],
    )
    .await;
}

#[rstest]
#[case::words("nonsense")]
#[case::base64("AAAA")]
#[case::nul("%00")]
#[case::json("eyJvZmZzZXQiOjB9")]
#[case::emoji("%F0%9F%91%80")]
#[case::long(&"A".repeat(3_000))]
#[tokio::test]
async fn a_malformed_cursor_is_named(#[case] cursor: &str) {
    assert_both_name(&format!("cursor={cursor}"), &["cursor"]).await;
}

#[rstest]
#[case::without_the_filter("/incidents?limit=1&cursor={cursor}")]
#[case::with_another_filter("/incidents?team={team}&severity=error&cursor={cursor}")]
#[case::in_another_order("/incidents?team={team}&sort=created_at&cursor={cursor}")]
#[case::with_another_value("/incidents?team={team}x&cursor={cursor}")]
#[case::of_another_list("/alerts?cursor={cursor}")]
#[tokio::test]
async fn a_cursor_is_valid_for_its_own_query_only(#[case] other: &str) {
    let (sandbox, cursor) = two_incidents().await;
    let path = other.replace("{team}", &sandbox.team).replace("{cursor}", &cursor);
    assert_named(&path, &["cursor"]).await;
}

#[tokio::test]
async fn a_truncated_cursor_is_named() {
    let (sandbox, cursor) = two_incidents().await;
    let truncated = &cursor[..cursor.len() - 2];
    assert_named(&format!("/incidents?team={}&cursor={truncated}", sandbox.team), &["cursor"]).await;
}

#[tokio::test]
async fn a_cursor_is_valid_with_another_limit() {
    let (sandbox, cursor) = two_incidents().await;
    let next = sandbox.api.page(&format!("/incidents?team={}&limit=2&cursor={cursor}", sandbox.team)).await;
    assert_eq!(next.items.len(), 1);
}

#[tokio::test]
async fn offset_and_cursor_cannot_be_combined() {
    let (sandbox, cursor) = two_incidents().await;
    let path = format!("/incidents?team={}&limit=1&offset=1&cursor={cursor}", sandbox.team);
    let problem = sandbox.api.get(&path).await.problem(400);
    assert!(!problem.parameters().is_empty());
}

/// A sandbox whose team has two incidents, and the cursor after the first.
async fn two_incidents() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.open_incident().await;
    sandbox.in_another_environment().open_incident().await;
    let page = sandbox.api.page(&format!("/incidents?team={}&limit=1", sandbox.team)).await;
    (sandbox, page.next_cursor.expect("there is another page"))
}
