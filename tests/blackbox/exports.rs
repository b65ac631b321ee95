//! Lists as CSV and NDJSON.

use rstest::rstest;
use serde_json::Value;
use tests::{Answer, Sandbox};

/// A sandbox with three alerts of one incident. The title of one is a formula.
async fn three_alerts() -> Sandbox {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    sandbox.deliver(&monitor.clone().with("title", "=HYPERLINK(\"http://evil\",\"a, b\")")).await;
    sandbox.deliver(&monitor.from_another_monitor()).await;
    sandbox.deliver(&monitor.from_another_monitor()).await;
    sandbox
}

async fn get(sandbox: &Sandbox, path: &str, accept: &str) -> Answer {
    let request = sandbox.api.request(reqwest::Method::GET, path).bearer_auth(&sandbox.api.access().viewer_token);
    sandbox.api.send(request.header("accept", accept)).await.expect(200)
}

/// The bodies of all pages, as one text.
async fn download(sandbox: &Sandbox, path: &str, accept: &str) -> String {
    let (mut next, mut whole) = (Some(path.to_owned()), String::new());
    while let Some(path) = next {
        let answer = get(sandbox, &path, accept).await;
        whole.push_str(answer.text());
        let link = answer.header("link").map(str::to_owned);
        next = link.map(|link| {
            let target = link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\""));
            target.expect("a link to the next page").to_owned()
        });
    }
    whole
}

#[tokio::test]
async fn the_pages_of_a_list_make_one_csv_file_without_formulas() {
    let sandbox = three_alerts().await;
    let path = format!("/alerts?environment={}&limit=2&sort=created_at", sandbox.environment);
    let file = download(&sandbox, &path, "text/csv").await;
    let lines: Vec<&str> = file.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 4, "{file}");
    assert!(lines[0].starts_with("id,source,external_id,dedup_key,title,"), "{file}");
    assert!(lines[1].contains(r#","'=HYPERLINK(""http://evil"",""a, b"")","#), "{file}");
    assert!(lines[1..].iter().all(|line| line.contains("\"datadog\"")), "{file}");
    let incidents = download(&sandbox, &format!("/incidents?environment={}", sandbox.environment), "text/csv").await;
    assert_eq!(incidents.lines().count(), 2, "{incidents}");
}

#[tokio::test]
async fn each_line_of_ndjson_is_an_item_of_the_list() {
    let sandbox = three_alerts().await;
    let path = format!("/alerts?environment={}", sandbox.environment);
    let file = download(&sandbox, &format!("{path}&limit=1"), "application/x-ndjson").await;
    let items: Vec<Value> = file.lines().map(|line| serde_json::from_str(line).expect("a JSON object")).collect();
    assert_eq!(items, sandbox.api.all_items(&path).await);
}

#[rstest]
#[case("text/csv", "text/csv; charset=utf-8")]
#[case("application/x-ndjson, text/csv;q=0.5", "application/x-ndjson")]
#[case("text/html, */*", "application/json")]
#[tokio::test]
async fn the_accepted_form_is_answered(#[case] accept: &str, #[case] expected: &str) {
    let answer = get(&Sandbox::new(), "/incidents?team=nobody-at-all", accept).await;
    assert_eq!((answer.header("content-type"), answer.header("vary")), (Some(expected), Some("accept")));
    assert_eq!(answer.header("link"), None);
}

#[tokio::test]
async fn facets_are_refused_where_there_is_no_room_for_them() {
    let sandbox = Sandbox::new();
    let request = sandbox.api.request(reqwest::Method::GET, "/alerts?facets=status");
    let request = request.bearer_auth(&sandbox.api.access().viewer_token).header("accept", "text/csv");
    assert_eq!(sandbox.api.send(request).await.problem(400).parameters(), ["facets"]);
}
