//! Bad parameters of the two lists: never ignored, always named, all at once.

use tests::{Api, Sandbox};

/// Asks both lists, each of which must complain about exactly these parameters.
async fn both_name(query: &str, parameters: &[&str]) {
    let api = Api::shared();
    for list in ["/incidents", "/alerts"] {
        let answer = api.get(&format!("{list}?{query}")).await;
        assert_eq!(answer.status, 400, "{list}?{query}: {}", answer.text());
        assert_eq!(answer.problem(400).parameters(), parameters, "{list}?{query}");
    }
}

#[tokio::test]
async fn limit_is_a_whole_number_from_1_to_200() {
    for limit in ["0", "201", "-1", "ten", "1.5", "1e2", "", "99999999999999999999999", "+", "%20"] {
        both_name(&format!("limit={limit}"), &["limit"]).await;
    }
    let api = Api::shared();
    for limit in [1, 200] {
        assert_eq!(api.page(&format!("/incidents?limit={limit}")).await.limit, limit);
        assert_eq!(api.page(&format!("/alerts?limit={limit}")).await.limit, limit);
    }
}

#[tokio::test]
async fn offset_is_a_whole_number_from_0() {
    for offset in ["-1", "ten", "1.5", "", "99999999999999999999999"] {
        both_name(&format!("offset={offset}"), &["offset"]).await;
    }
}

#[tokio::test]
async fn limit_offset_and_sort_cannot_be_repeated() {
    both_name("limit=10&limit=10", &["limit"]).await;
    both_name("offset=0&offset=1", &["offset"]).await;
    both_name("sort=created_at&sort=-created_at", &["sort"]).await;
}

#[tokio::test]
async fn an_unknown_parameter_is_named() {
    both_name("color=red", &["color"]).await;
    both_name("Limit=10", &["Limit"]).await;
    let api = Api::shared();
    for (path, parameter) in [
        ("/incidents?environment=production", "environment"),
        ("/incidents?incident_id=01ARZ3NDEKTSV4RRFFQ69G5FAV", "incident_id"),
        ("/alerts?team=payments", "team"),
        ("/alerts?updated_from=2026-01-01T00:00:00Z", "updated_from"),
    ] {
        assert_eq!(api.get(path).await.problem(400).parameters(), [parameter], "{path}");
    }
}

#[tokio::test]
async fn an_unknown_value_of_an_enumeration_is_named() {
    both_name("severity=fatal", &["severity"]).await;
    both_name("severity=critical,fatal", &["severity"]).await;
    both_name("status=done", &["status"]).await;
    both_name("sort=title", &["sort"]).await;
    both_name("sort=--created_at", &["sort"]).await;
    let api = Api::shared();
    assert_eq!(api.get("/alerts?status=OPEN").await.problem(400).parameters(), ["status"]);
    assert_eq!(api.get("/incidents?status=firing").await.problem(400).parameters(), ["status"]);
    assert_eq!(api.get("/alerts?incident_id=seven").await.problem(400).parameters(), ["incident_id"]);
}

#[tokio::test]
async fn an_empty_value_is_named() {
    for parameter in ["status", "severity", "service", "source", "created_from", "created_to", "sort", "cursor"] {
        both_name(&format!("{parameter}="), &[parameter]).await;
        both_name(parameter, &[parameter]).await;
    }
}

#[tokio::test]
async fn a_malformed_time_is_named() {
    for time in ["yesterday", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01T25:00:00Z", "%00"] {
        both_name(&format!("created_from={time}"), &["created_from"]).await;
        both_name(&format!("created_to={time}"), &["created_to"]).await;
    }
    let api = Api::shared();
    assert_eq!(api.get("/incidents?updated_from=soon").await.problem(400).parameters(), ["updated_from"]);
}

#[tokio::test]
async fn a_range_that_ends_before_it_begins_is_named() {
    let api = Api::shared();
    for (list, range) in [("/incidents", "created"), ("/incidents", "updated"), ("/alerts", "created")] {
        let query = format!("{range}_from=2026-02-01T00:00:00.001Z&{range}_to=2026-02-01T00:00:00Z");
        let problem = api.get(&format!("{list}?{query}")).await.problem(400);
        let parameters = problem.parameters();
        assert!(!parameters.is_empty());
        assert!(parameters.iter().all(|parameter| parameter.starts_with(range)), "{list}: {parameters:?}");
    }
}

#[tokio::test]
async fn every_wrong_parameter_is_named_at_once() {
    both_name(
        "limit=0&offset=-1&severity=fatal&status=done&color=red&sort=title&created_from=soon",
        &["color", "created_from", "limit", "offset", "severity", "sort", "status"],
    )
    .await;
}

#[tokio::test]
async fn a_malformed_cursor_is_named() {
    for cursor in ["nonsense", "AAAA", "%00", "eyJvZmZzZXQiOjB9", "%F0%9F%91%80", &"A".repeat(3_000)] {
        both_name(&format!("cursor={cursor}"), &["cursor"]).await;
    }
}

#[tokio::test]
async fn a_cursor_is_valid_for_its_own_query_only() {
    let sandbox = Sandbox::new();
    sandbox.open_incident().await;
    sandbox.in_another_environment().open_incident().await;
    let of_team = format!("team={}", sandbox.team);
    let page = sandbox.api.page(&format!("/incidents?{of_team}&limit=1")).await;
    let cursor = page.next_cursor.expect("there is another page");

    let next = sandbox.api.page(&format!("/incidents?{of_team}&limit=2&cursor={cursor}")).await;
    assert_eq!(next.items.len(), 1, "another limit is no other query");
    for other in [
        format!("/incidents?limit=1&cursor={cursor}"),
        format!("/incidents?{of_team}&severity=error&cursor={cursor}"),
        format!("/incidents?{of_team}&sort=created_at&cursor={cursor}"),
        format!("/incidents?team={}x&cursor={cursor}", sandbox.team),
        format!("/alerts?cursor={cursor}"),
        format!("/incidents?{of_team}&cursor={}", &cursor[..cursor.len() - 2]),
    ] {
        assert_eq!(sandbox.api.get(&other).await.problem(400).parameters(), ["cursor"], "{other}");
    }
}

#[tokio::test]
async fn offset_and_cursor_cannot_be_combined() {
    let sandbox = Sandbox::new();
    sandbox.open_incident().await;
    sandbox.in_another_environment().open_incident().await;
    let path = format!("/incidents?team={}&limit=1", sandbox.team);
    let cursor = sandbox.api.page(&path).await.next_cursor.expect("there is another page");
    let problem = sandbox.api.get(&format!("{path}&offset=1&cursor={cursor}")).await.problem(400);
    assert!(!problem.parameters().is_empty());
}
