//! The demo data that `cargo local` starts with is rich enough to show every feature.

use std::{collections::BTreeMap, ops::RangeInclusive};

use serde_json::Value;
use tests::{Api, TestStack};

/// The sources that see the demo company.
const SOURCES: [&str; 4] = ["alertmanager", "cloudwatch", "datadog", "sentry"];

const SEVERITIES: [&str; 4] = ["critical", "error", "warning", "info"];

/// The fewest incidents of each status.
const STATUSES: [(&str, usize); 4] = [("OPEN", 2), ("INVESTIGATING", 2), ("RESOLVED", 2), ("CLOSED", 40)];

const ALERTS: RangeInclusive<usize> = 410..=490;
const INCIDENTS: RangeInclusive<usize> = 55..=72;

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_data_shows_every_feature() {
    let options = local::Options { demo: true, ..TestStack::options() };
    let Some(stack) = TestStack::start(options).await else { return };
    let api = Api::to(stack.access());
    let alerts = api.page("/alerts?limit=1").await.total;
    assert!(ALERTS.contains(&alerts), "{alerts} alerts");
    let incidents = api.all_items("/incidents?").await;
    assert!(INCIDENTS.contains(&incidents.len()), "{} incidents", incidents.len());
    facets_name_every_status_severity_service_and_source(&api).await;
    filters_find_alerts_of_every_kind(&api).await;
    some_problems_come_back_and_some_outages_spread(&incidents);
    assert_eq!(api.quarantine("").await.total, 2);
    stack.stop().await;
}

async fn facets_name_every_status_severity_service_and_source(api: &Api) {
    let page = api.get("/incidents?limit=1&facets=status,severity,service,source").await.expect(200).json();
    let statuses = counts(&page["facets"]["status"]);
    for (status, least) in STATUSES {
        assert!(statuses.get(status).is_some_and(|count| *count >= least), "{status}: {statuses:?}");
    }
    let severities = counts(&page["facets"]["severity"]);
    assert!(SEVERITIES.iter().all(|severity| severities.contains_key(*severity)), "{severities:?}");
    assert_eq!(counts(&page["facets"]["service"]).len(), 12, "{}", page["facets"]["service"]);
    assert_eq!(counts(&page["facets"]["source"]).into_keys().collect::<Vec<_>>(), SOURCES);
}

async fn filters_find_alerts_of_every_kind(api: &Api) {
    let all = api.page("/alerts?limit=1").await.total;
    let total = async |filter: &str| api.page(&format!("/alerts?limit=1&{filter}")).await.total;
    for (name, values) in [
        ("environment", &["production", "staging"] as &[&str]),
        ("source", &SOURCES),
        ("severity", &SEVERITIES),
        ("status", &["firing", "resolved"]),
    ] {
        let mut sum = 0;
        for value in values {
            let count = total(&format!("{name}={value}")).await;
            assert!(count > 0, "no alert has the {name} {value}");
            sum += count;
        }
        assert_eq!(sum, all, "alerts by {name}");
    }
}

fn some_problems_come_back_and_some_outages_spread(incidents: &[Value]) {
    let recurrences = incidents.iter().filter(|incident| incident["recurrence_of"].is_string()).count();
    assert!(recurrences >= 8, "{recurrences} recurrences");
    let is_large = |incident: &&Value| {
        let services = incident["services"].as_array().map_or(0, Vec::len);
        incident["alert_count"].as_u64().is_some_and(|alerts| alerts >= 15) && services >= 4
    };
    let of_all_sources = incidents.iter().filter(|incident| incident["sources"].as_array().map_or(0, Vec::len) == 4);
    assert!(of_all_sources.count() >= 2, "incidents with alerts of all four sources");
    let large = incidents.iter().filter(is_large).count();
    assert!(large >= 2, "{large} incidents with many alerts and services");
}

/// How many incidents have each value of a facet.
fn counts(facet: &Value) -> BTreeMap<&str, usize> {
    let values = facet["values"].as_array().expect("values").iter();
    let counts = values.filter_map(|value| {
        let count = value["count"].as_u64().and_then(|count| usize::try_from(count).ok())?;
        Some((value["value"].as_str()?, count))
    });
    counts.collect()
}
