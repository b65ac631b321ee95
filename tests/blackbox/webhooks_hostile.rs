//! Hostile bodies with a right proof: each is accepted, ignored or quarantined, never an error of ours.

use rstest::rstest;
use serde_json::{Value, json};
use tests::{Access, Api, WebhookRequest};

fn bodies(source: &str) -> Vec<Vec<u8>> {
    let deep = |depth: usize| ["[".repeat(depth), "]".repeat(depth)].concat();
    let valid = |name: &str| {
        let path = format!("{}/fixtures/{source}/{name}.json", env!("CARGO_MANIFEST_DIR"));
        serde_json::from_slice::<Value>(&std::fs::read(path).expect("a fixture")).expect("JSON")
    };
    let base = match source {
        "alertmanager" => valid("group_of_two_fires_is_critical"),
        "generic" => valid("batch_of_three"),
        "grafana" => valid("search_fires_is_error"),
        "pagerduty" => valid("incident_triggered_is_error"),
        "pagerduty-events" => valid("trigger_is_critical"),
        other => panic!("{other}"),
    };
    let mut bodies: Vec<Vec<u8>> = ["", "null", "5", "\"x\"", "[]", "{}", "{", "{\"alerts\":[{}]}", "\u{feff}{}"]
        .map(|text| text.as_bytes().to_vec())
        .to_vec();
    bodies.push(b"\xff\xfe\x00".to_vec());
    bodies.push(deep(100_000).into_bytes());
    bodies.push(format!("{{\"alerts\":{}}}", deep(5_000)).into_bytes());
    bodies.push(format!("{{\"x\":1{}}}", "0".repeat(5_000)).into_bytes());
    // Each member in turn has another type, is huge, or is deep.
    let values = [json!(null), json!(-1e308), json!([]), json!({}), json!("x".repeat(300_000)), json!("\u{0}\u{202e}")];
    for pointer in pointers(&base) {
        // A credential that is no text is no proof.
        if pointer == "/routing_key" {
            continue;
        }
        for value in &values {
            let mut body = base.clone();
            *body.pointer_mut(&pointer).expect("it is there") = value.clone();
            bodies.push(body.to_string().into_bytes());
        }
    }
    bodies
}

/// The JSON pointers of all values, but of the second and later items of lists.
fn pointers(value: &Value) -> Vec<String> {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.replace('/', "~1"), value)).collect(),
        Value::Array(items) => items.iter().take(1).map(|value| ("0".to_owned(), value)).collect(),
        _ => Vec::new(),
    };
    let of_child = |(name, value): (String, &Value)| {
        let below: Vec<String> = pointers(value).into_iter().map(|pointer| format!("/{name}{pointer}")).collect();
        std::iter::once(format!("/{name}")).chain(below).collect::<Vec<_>>()
    };
    children.into_iter().flat_map(of_child).collect()
}

#[rstest]
#[case("alertmanager")]
#[case("generic")]
#[case("grafana")]
#[case("pagerduty")]
#[case("pagerduty-events")]
#[tokio::test]
async fn no_body_is_an_error_of_ours(#[case] source: &str) {
    let api = Api::shared();
    let key = Access::secret_of("pagerduty-events");
    for body in bodies(source) {
        let answer = api.deliver(WebhookRequest::to(source, body.clone())).await;
        let start = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
        let expected: &[u16] = if source == "pagerduty-events" { &[202, 400, 401] } else { &[202] };
        assert!(expected.contains(&answer.status), "{}: {} for {start}", source, answer.status);
        assert!(!answer.text().contains(&key), "{start}");
    }
}
