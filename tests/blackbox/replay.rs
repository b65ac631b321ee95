//! Rules that are tried on the alerts of a running stack.

use jiff::ToSpan;
use replay::{
    incidents, regroup,
    report::Compared,
    stack::{Query, StackError},
};
use reqwest::header::HeaderValue;
use shared::{clock, rules::Rules};
use tests::Sandbox;

const OFF: &str = "default_environment: production\ngrouping: {mode: off}\n";

fn query(sandbox: &Sandbox, token: &str) -> Query {
    let now = clock::now();
    Query {
        url: sandbox.api.access().url.parse().expect("an address"),
        authorization: HeaderValue::from_str(&format!("Bearer {token}")).expect("a token"),
        from: now.plus_minutes(-60),
        to: now.plus_minutes(60),
        environment: Some(sandbox.environment.clone()),
    }
}

#[tokio::test]
async fn the_rules_of_now_group_as_the_stack_did_and_others_otherwise() {
    let sandbox = Sandbox::new();
    sandbox.deliver(&sandbox.monitor()).await;
    sandbox.deliver(&sandbox.monitor().at(sandbox.time + 30.seconds())).await;
    let alerts = sandbox.alerts_when("two alerts", |alerts| alerts.len() == 2).await;
    assert_eq!(alerts[0]["incident_id"], alerts[1]["incident_id"]);

    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let stored = query(&sandbox, &sandbox.api.access().viewer_token).alerts(&client).await.expect("alerts");
    assert_eq!(stored.len(), 2);
    assert_eq!(stored[0].incident_id, stored[1].incident_id);
    let now = regroup(&stored, &Rules::built_in().expect("valid"));
    let grouped = incidents(&now);
    assert!(grouped[0].is_some() && grouped[0] == grouped[1], "{grouped:?}");
    let off = regroup(&stored, &Rules::parse(OFF).expect("valid"));
    let compared = Compared { alerts: &stored, before: &now, after: &off };
    assert_eq!(compared.differences().len(), 1);
    let report = compared.report();
    assert!(report.contains("2 alerts: 1 incident by the rules of now, 2 by the other rules."), "{report}");
    assert!(report.contains("Of 2 alerts, 2 are stored in the incidents"), "{report}");
    let incident_id = stored[0].incident_id.expect("an incident").to_string();
    assert!(report.contains(&incident_id), "{report}");
}

#[tokio::test]
async fn a_wrong_token_is_told() {
    let sandbox = Sandbox::new();
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let refused = query(&sandbox, "wrong").alerts(&client).await.expect_err("refused");
    assert!(matches!(&refused, StackError::Refused { status: 401 | 403, .. }), "{refused}");
}
