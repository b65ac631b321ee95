//! Rules that differ group otherwise, and the report says so.

use serde_json::json;

use super::{report::Compared, *};

const RULES: &str = "default_environment: production\ngrouping: {mode: evidence}\n";

fn alert(number: u8, service: &str, minute: u8) -> StoredAlert {
    alert_in("production", number, service, minute)
}

fn alert_in(environment: &str, number: u8, service: &str, minute: u8) -> StoredAlert {
    let at = format!("2026-11-20T10:{minute:02}:00Z");
    let stated = |name: &str| json!({"evidence": "stated", "matched": name});
    let classification = json!({"service": stated(service), "environment": stated(environment)});
    let alert = json!({
        "id": format!("01JD4QH0000000000000000{number:03}"), "source": "datadog", "external_id": number.to_string(),
        "dedup_key": format!("cycle:{number}"), "title": format!("{service} is slow"), "message": null, "service": service,
        "environment": environment, "tags": [], "group": null, "is_test": false, "occurred_at": at, "created_at": at,
        "resolved_at": null, "incident_id": null, "classification": classification,
    });
    serde_json::from_value(alert).unwrap()
}

fn grouped(alerts: &[StoredAlert], rules: &str) -> Vec<Option<Placed>> {
    regroup(alerts, &Rules::parse(rules).unwrap())
}

#[test]
fn other_rules_split_what_was_one_incident() {
    let alerts = [alert(1, "checkout", 0), alert(2, "checkout", 1), alert(3, "search", 50)];
    let (now, off) =
        (grouped(&alerts, RULES), grouped(&alerts, "default_environment: production\ngrouping: {mode: off}\n"));
    let compared = Compared { alerts: &alerts, before: &now, after: &off };
    let differences = compared.differences();
    assert_eq!(differences.len(), 1);
    assert_eq!((&differences[0].before, &differences[0].after), (&vec![vec![0, 1]], &vec![vec![0], vec![1]]));
    let report = compared.report();
    assert!(report.contains("3 alerts: 2 incidents by the rules of now, 3 by the other rules."), "{report}");
    assert!(report.contains("2 alerts, in 1 group now, would be in 2 groups"), "{report}");
    assert!(report.contains("checkout is slow") && !report.contains("search is slow"), "{report}");
}

#[test]
fn an_alias_brings_together_what_sources_name_differently() {
    let alerts = [alert(1, "checkout", 0), alert_in("prod", 2, "checkout_api", 1)];
    let aliases = "aliases: {environments: {prod: production}, services: {checkout_api: checkout}}\n";
    let (now, with_aliases) = (grouped(&alerts, RULES), grouped(&alerts, &format!("{RULES}{aliases}")));
    let compared = Compared { alerts: &alerts, before: &now, after: &with_aliases };
    let differences = compared.differences();
    assert_eq!(differences.len(), 1);
    assert_eq!((&differences[0].before, &differences[0].after), (&vec![vec![0], vec![1]], &vec![vec![0, 1]]));
}

#[test]
fn the_same_rules_change_nothing() {
    let alerts = [alert(1, "checkout", 0), alert(2, "payment", 1)];
    let (one, other) = (grouped(&alerts, RULES), grouped(&alerts, RULES));
    let report = Compared { alerts: &alerts, before: &one, after: &other }.report();
    assert!(report.contains("Nothing would be grouped otherwise."), "{report}");
}

#[test]
fn rules_that_cannot_be_read_are_named_with_their_fault() {
    let missing = read_rules(Path::new("no-such-rules.yaml")).unwrap_err().to_string();
    assert!(missing.starts_with("no-such-rules.yaml: "), "{missing}");
    for (rules, fault) in [
        ("default_environment: production\nwindows: {}\n", "unknown field `windows`"),
        ("default_environment: Production\n", "\"Production\" is empty or not in lower case"),
        ("default_environment: production\ngrouping: {span: 500}\n", "minutes from 1 to 120"),
    ] {
        let path = std::env::temp_dir().join(format!("replay-rules-{}.yaml", std::process::id()));
        std::fs::write(&path, rules).unwrap();
        let error = read_rules(&path).unwrap_err().to_string();
        std::fs::remove_file(&path).unwrap();
        assert!(error.contains(&path.display().to_string()) && error.contains(fault), "{error}");
    }
}
