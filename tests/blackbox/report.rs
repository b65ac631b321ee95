//! `GET /incidents/{id}/report.md`.

use serde_json::json;
use tests::{Api, Sandbox};

async fn report(sandbox: &Sandbox, incident: &str) -> String {
    let answer = sandbox.api.get(&format!("/incidents/{incident}/report.md")).await.expect(200);
    assert_eq!(answer.header("content-type"), Some("text/markdown; charset=utf-8"));
    answer.text().to_owned()
}

#[tokio::test]
async fn a_report_tells_what_alerts_and_people_did() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor().with("title", "Checkout is slow");
    let incident = sandbox.deliver(&monitor).await[0]["incident_id"].as_str().expect("an incident").to_owned();
    sandbox.deliver(&monitor.resolved().at(sandbox.minute(5))).await;
    sandbox.api.patch_status(&incident, &json!({ "status": "INVESTIGATING", "comment": "Mine." })).await.expect(200);
    sandbox.api.assign(&incident, Some("Ada")).await.expect(200);
    sandbox.api.comment(&incident, "It was the cache.\n\nRestarted it.").await.expect(201);
    let report = report(&sandbox, &incident).await;
    assert!(report.starts_with("# Incident: Checkout is slow\n"), "{report}");
    for expected in [
        "| status | INVESTIGATING |",
        "| assignee | Ada |",
        &format!("| services | {} |", sandbox.service),
        "**fires**: Checkout is slow",
        "**ends**: Checkout is slow",
        "changes the status to INVESTIGATING\n  > Mine.\n",
        "gives the incident to Ada\n",
        " says\n  > It was the cache.\n  >\n  > Restarted it.\n",
        "## Review\n",
    ] {
        assert!(report.contains(expected), "{expected} is not in:\n{report}");
    }
    let etag = sandbox.api.get(&format!("/incidents/{incident}")).await;
    let answer = sandbox.api.get(&format!("/incidents/{incident}/report.md")).await;
    assert_eq!(answer.header("etag"), etag.header("etag"));
}

#[tokio::test]
async fn texts_of_others_cannot_change_a_report() {
    let sandbox = Sandbox::new();
    let hostile = "x | y\n## Forged\n<script>alert(1)</script> ![i](http://evil.example/a.png) `c` \\";
    let incident = sandbox.deliver(&sandbox.monitor().with("title", hostile)).await;
    let incident = incident[0]["incident_id"].as_str().expect("an incident").to_owned();
    sandbox.api.comment(&incident, "# Forged\n- Forged\n```\n| a | b |\n---\n").await.expect(201);
    sandbox.api.assign(&incident, Some("[Ada](javascript:alert) | <img src=x>")).await.expect(200);
    let report = report(&sandbox, &incident).await;
    let unescaped = |mark: &str| report.replace(&format!("\\{mark}"), "").contains(mark);
    assert!(!["<script", "<img", "![", "](", "```", "`c`"].into_iter().any(unescaped), "{report}");
    assert!(!report.contains("://"), "{report}");
    let headings = report.lines().filter(|line| line.trim_start_matches(['>', ' ']).starts_with('#'));
    assert_eq!(headings.count(), 11, "{report}");
    let table: Vec<&str> =
        report.lines().filter(|line| line.starts_with("| critical |") || line.starts_with("| error |")).collect();
    assert!(table.iter().all(|row| row.replace("\\|", "").matches('|').count() == 10), "{table:?}");
}

#[tokio::test]
async fn what_cannot_be_reported_gets_a_problem() {
    for unknown in ["01ARZ3NDEKTSV4RRFFQ69G5FAV", "7", "%00", "%F0%9F%91%80"] {
        Api::shared().get(&format!("/incidents/{unknown}/report.md")).await.problem(404);
    }
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let answer = sandbox.api.get(&format!("/incidents/{incident}/report.md?format=pdf")).await;
    assert_eq!(answer.problem(400).parameters(), ["format"]);
}
