//! `PUT /incidents/{id}/assignee`, and the filter and the facet of lists.

use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};
use tests::{Answer, Api, Sandbox, assert_members};

async fn put(api: &Api, incident: &str, body: String) -> Answer {
    api.send(api.change_request(Method::PUT, &format!("/incidents/{incident}/assignee")).body(body)).await
}

#[tokio::test]
async fn an_assignee_is_set_changed_and_taken_away_and_the_history_says_so() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    assert_eq!(sandbox.api.detail(&incident).await["incident"]["assignee"], Value::Null);
    for (version, (from, to)) in [
        (None, Some("Ada Lovelace")),
        (Some("Ada Lovelace"), Some("grace@example.com")),
        (Some("grace@example.com"), None),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = sandbox.api.assign(&incident, to).await.expect(200);
        assert_members(&answer.json()["incident"], &json!({ "assignee": to, "version": version + 2 }));
        let detail = sandbox.api.detail(&incident).await;
        assert_eq!(detail["incident"], answer.json()["incident"]);
        assert_eq!(answer.header("etag"), Some(&*format!("\"{}\"", version + 2)));
        let action = &detail["actions"][0];
        assert_members(action, &json!({ "type": "assignee_changed", "details": { "from": from, "to": to } }));
        assert_eq!(action["at"], detail["incident"]["updated_at"]);
    }
}

#[tokio::test]
async fn the_same_assignee_again_records_nothing() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let before = sandbox.api.detail(&incident).await;
    sandbox.api.assign(&incident, None).await.expect(200);
    assert_eq!(sandbox.api.detail(&incident).await, before);
    sandbox.api.assign(&incident, Some("Ada")).await.expect(200);
    let before = sandbox.api.detail(&incident).await;
    let again = sandbox.api.assign(&incident, Some("  Ada ")).await.expect(200);
    assert_eq!(again.json()["incident"], before["incident"]);
    assert_eq!(sandbox.api.detail(&incident).await, before);
}

#[tokio::test]
async fn if_match_protects_from_a_change_that_was_not_seen() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let seen = sandbox.api.get(&format!("/incidents/{incident}")).await;
    let etag = seen.header("etag").expect("a tag").to_owned();
    let with = async |etag: &str, name: &str| {
        let request = sandbox.api.change_request(Method::PUT, &format!("/incidents/{incident}/assignee"));
        sandbox.api.send(request.header("if-match", etag).body(json!({ "assignee": name }).to_string())).await
    };
    let changed = with(&etag, "Ada").await.expect(200);
    let stale = with(&etag, "Grace").await;
    stale.problem(412);
    assert_eq!(stale.header("etag"), changed.header("etag"));
    assert_eq!(sandbox.api.detail(&incident).await["incident"]["assignee"], "Ada");
    with(stale.header("etag").expect("a tag"), "Grace").await.expect(200);
    assert_eq!(with("7", "Ada").await.problem(400).parameters(), ["If-Match"]);
}

#[rstest]
#[case::missing(json!({}), &["assignee"])]
#[case::empty(json!({ "assignee": "" }), &["assignee"])]
#[case::blank(json!({ "assignee": " \n" }), &["assignee"])]
#[case::number(json!({ "assignee": 7 }), &["assignee"])]
#[case::several_lines(json!({ "assignee": "Ada\nLovelace" }), &["assignee"])]
#[case::nul(json!({ "assignee": "Ada\0" }), &["assignee"])]
#[case::comma(json!({ "assignee": "Lovelace, Ada" }), &["assignee"])]
#[case::nobody(json!({ "assignee": "NoBody" }), &["assignee"])]
#[case::long(json!({ "assignee": "ü".repeat(121) }), &["assignee"])]
#[case::longer_in_lower_case(json!({ "assignee": "İ".repeat(100) }), &["assignee"])]
#[case::unknown_member(json!({ "assignee": null, "comment": "a" }), &["comment"])]
#[tokio::test]
async fn wrong_members_are_named(#[case] body: Value, #[case] parameters: &[&str]) {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let before = sandbox.api.detail(&incident).await;
    assert_eq!(put(&sandbox.api, &incident, body.to_string()).await.problem(400).parameters(), parameters);
    assert_eq!(sandbox.api.detail(&incident).await, before);
}

#[rstest]
#[case("")]
#[case("Ada")]
#[case("\"Ada\"")]
#[case("[]")]
#[case("{\"assignee\":\"\\ud83d\"}")]
#[tokio::test]
async fn a_body_that_is_no_object_gets_400(#[case] body: &str) {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    put(&sandbox.api, &incident, body.to_owned()).await.problem(400);
}

#[tokio::test]
async fn only_a_responder_assigns_and_only_what_exists() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let path = format!("/incidents/{incident}/assignee");
    let request = sandbox.api.request(Method::PUT, &path).bearer_auth(&sandbox.api.access().viewer_token);
    sandbox.api.send(request.body(r#"{"assignee":"Ada"}"#)).await.problem(403);
    for unknown in ["01ARZ3NDEKTSV4RRFFQ69G5FAV", "7", "%00"] {
        sandbox.api.assign(unknown, Some("Ada")).await.problem(404);
    }
    let request = sandbox.api.change_request(Method::PUT, &format!("{path}?force=1"));
    assert_eq!(sandbox.api.send(request.body(r#"{"assignee":"Ada"}"#)).await.problem(400).parameters(), ["force"]);
    assert_eq!(sandbox.api.detail(&incident).await["incident"]["assignee"], Value::Null);
}

#[tokio::test]
async fn lists_filter_by_assignee_and_count_them_at_once() {
    let sandbox = Sandbox::new();
    let mut incidents = Vec::new();
    for assignee in [Some("Ada"), Some("=1+1"), None] {
        let other = sandbox.in_another_environment();
        let incident = other.open_incident().await;
        sandbox.api.assign(&incident, assignee).await.expect(200);
        incidents.push(incident);
    }
    let [ada, formula, none] = &incidents[..] else { panic!("three incidents") };
    let of = |query: &str| format!("/incidents?team={}&sort=created_at&{query}", sandbox.team);
    for (query, expected) in [
        ("assignee=ada", vec![ada]),
        ("assignee=ADA,%3D1%2B1", vec![ada, formula]),
        ("assignee=nobody", vec![none]),
        ("assignee=Nobody,ada", vec![ada, none]),
        ("assignee!=nobody", vec![ada, formula]),
        ("assignee!=ada", vec![formula, none]),
        ("assignee!=ada,nobody", vec![formula]),
        ("assignee=grace", vec![]),
    ] {
        assert_eq!(sandbox.api.page(&of(query)).await.ids(), expected, "{query}");
    }
    let page = sandbox.api.get(&of("facets=assignee&assignee=ada&limit=1")).await.expect(200).json();
    let counted = json!([
        { "value": null, "count": 1 }, { "value": "=1+1", "count": 1 }, { "value": "ada", "count": 1 },
    ]);
    assert_eq!(page["facets"]["assignee"], json!({ "values": counted, "omitted": 0 }));
    let path = format!("/stats/incidents?team={}&group_by=assignee&assignee!=nobody", sandbox.team);
    let stats = sandbox.api.get(&path).await.expect(200).json();
    assert_eq!((&stats["total"]["opened"], stats["groups"].as_array().map(Vec::len)), (&json!(2), Some(2)));
    sandbox.api.assign(ada, None).await.expect(200);
    assert_eq!(sandbox.api.page(&of("assignee=ada")).await.total, 0, "a list shows what was answered before");
    for query in ["assignee=", "assignee=ada,", &format!("assignee={}", "a".repeat(121))] {
        assert_eq!(sandbox.api.get(&of(query)).await.problem(400).parameters(), ["assignee"], "{query}");
    }
}
