//! Insights in the console: figures that agree with the API and with the lists they lead to.

use rstest::rstest;
use tests::{Api, Sandbox, TestStack, console::Browser, datadog::Notification};

const PAGE: &str = "/console/insights";

async fn viewer() -> Browser {
    let api = Api::shared();
    Browser::signed_in(api.access(), &api.access().viewer_token).await
}

/// The addresses of a page that begin like this, as a browser reads them.
fn links(page: &str, begin: &str) -> Vec<String> {
    let links = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    links.map(|link| link.replace("&amp;", "&")).filter(|link| link.starts_with(begin)).collect()
}

#[tokio::test]
async fn insights_count_the_incidents_of_a_service_and_lead_to_them() {
    let sandbox = Sandbox::new();
    let monitor: Notification = sandbox.monitor();
    let incident = sandbox.deliver(&monitor).await.remove(0)["incident_id"].as_str().unwrap().to_owned();
    sandbox.api.change_status(&incident, "INVESTIGATING").await;
    let query = format!("service={}&range=7d", sandbox.service);
    let mut browser = viewer().await;
    for by in ["severity", "team", "service"] {
        let shown = browser.get(&format!("{PAGE}?{query}&by={by}")).await;
        assert_eq!(shown.status, 200, "{}", shown.text);
        for text in ["1 of 1", "Incidents by day", "Time to acknowledge", "Noisiest monitors", "Month by month"] {
            assert!(shown.text.contains(text), "{text} in {}", shown.text);
        }
        assert!(!shown.text.contains(" style=") && !shown.text.contains("<style"));
        let bars = links(&shown.text, "/console/incidents?service=");
        assert!(bars.iter().any(|link| link.contains("from=")), "{bars:?}");
        let mut found = 0;
        for link in bars.iter().filter(|link| link.contains("from=")) {
            let list = browser.get(link).await;
            assert_eq!(list.status, 200, "{link}");
            found += usize::from(list.text.contains(&format!("/console/incidents/{incident}")));
        }
        // A bar of the chart, the same row of its table, and a month.
        assert_eq!(found, 3, "{bars:?}");
    }
    let shown = browser.get(&format!("{PAGE}?{query}")).await.text;
    let alerts = links(&shown, "/console/alerts?range=7d");
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    assert!(browser.get(&alerts[0]).await.text.contains(">1 alert<"), "{alerts:?}");
}

#[tokio::test]
async fn a_period_without_incidents_says_what_to_do() {
    let shown = viewer().await.get(&format!("{PAGE}?team=nobody-has-this-team&range=24h")).await;
    assert_eq!(shown.status, 200);
    for text in ["No incident in this period", "or remove a filter", "No alert in this period."] {
        assert!(shown.text.contains(text), "{text} in {}", shown.text);
    }
}

#[rstest]
#[case::by("by=title", "by")]
#[case::range("range=2d", "range")]
#[case::from("from=yesterday", "from")]
#[case::order("from=2026-11-27T10:00&to=2026-11-27T09:00", "from")]
#[case::severity("severity=fatal", "severity")]
#[case::source("source=pager", "source")]
#[case::limit("limit=5", "limit")]
#[case::unknown("colour=red", "colour")]
#[case::search("q=!!", "q")]
#[tokio::test]
async fn a_wrong_parameter_of_insights_is_named(#[case] query: &str, #[case] parameter: &str) {
    let shown = viewer().await.get(&format!("{PAGE}?{query}")).await;
    assert_eq!(shown.status, 400, "{}", shown.text);
    assert!(shown.text.contains(&format!("<code>{parameter}</code>")), "{}", shown.text);
}

#[tokio::test]
async fn insights_of_the_demo_data_weigh_at_most_sixty_kilobytes() {
    let options = local::Options { demo: true, ..TestStack::options() };
    let Some(stack) = TestStack::start(options).await else { return };
    let access = stack.access();
    let mut browser = Browser::signed_in(&access, &access.viewer_token).await;
    for query in
        ["", "?range=24h&by=team", "?range=7d", "?range=30d&by=service", "?range=90d&by=team&severity=critical"]
    {
        let shown = browser.get(&format!("{PAGE}{query}")).await;
        assert_eq!(shown.status, 200, "{query}");
        assert!(shown.text.len() <= 60 * 1024, "{query}: {} bytes", shown.text.len());
        let forms = shown.text.matches("method=\"post\"").count();
        assert_eq!(forms, 2, "a viewer signs out and chooses colours, no more");
    }
    let list = browser.get("/console/quarantine").await;
    assert_eq!(list.status, 403);
    let mut browser = Browser::signed_in(&access, &access.responder_token).await;
    let list = browser.get("/console/quarantine").await;
    assert!(list.status == 200 && list.text.len() <= 60 * 1024, "{} bytes", list.text.len());
    stack.stop().await;
}
