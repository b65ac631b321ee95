//! `GET /incidents`: filters, order and facets. What an item looks like is in `wire_bodies`.

use futures::future::join_all;
use rstest::rstest;
use serde_json::{Value, json};
use tests::{Api, Sandbox, WAIT_TIMEOUT, eventually, now, rfc3339, sentry::Issue};

/// The sorted ids of the incidents that match a filter.
async fn ids(api: &Api, filter: &str) -> Vec<String> {
    let mut ids: Vec<String> = api
        .all_items(&format!("/incidents?{filter}"))
        .await
        .iter()
        .map(|incident| incident["id"].as_str().expect("an id").to_owned())
        .collect();
    ids.sort_unstable();
    ids
}

fn sorted<const N: usize>(ids: [&String; N]) -> Vec<String> {
    let mut ids = ids.map(String::clone).to_vec();
    ids.sort_unstable();
    ids
}

/// Opens an incident of the sandbox's team for each priority.
async fn one_per_priority<const N: usize>(sandbox: &Sandbox, priorities: [&str; N]) -> [String; N] {
    let incidents = join_all(priorities.map(async |priority| {
        let elsewhere = sandbox.in_another_environment();
        let alerts = elsewhere.deliver(&elsewhere.monitor().priority(priority)).await;
        alerts[0]["incident_id"].as_str().expect("an incident").to_owned()
    }))
    .await;
    incidents.try_into().expect("as many incidents as priorities")
}

#[tokio::test]
async fn facets_count_the_values_of_all_incidents_that_match() {
    let sandbox = Sandbox::new();
    let incidents = one_per_priority(&sandbox, ["P1", "P1", "P3"]).await;
    sandbox.api.change_status(&incidents[0], "INVESTIGATING").await;
    // A facet counts without its own filter. So the team is asked for among three environments.
    let of_team = sandbox.api.get(&format!("/incidents?team={}", sandbox.team)).await.expect(200).json();
    let items = of_team["items"].as_array().expect("items");
    let environments = items.iter().map(|item| item["environment"].as_str().expect("a name")).collect::<Vec<_>>();
    let query = format!("environment={}&limit=1&facets=status,team,severity", environments.join(","));
    let page = sandbox.api.get(&format!("/incidents?{query}")).await.expect(200).json();
    assert_eq!(page["total"], 3);
    let count = |value: &str, count: u64| json!({ "value": value, "count": count });
    assert_eq!(
        page["facets"],
        json!({
            "status": { "values": [count("OPEN", 2), count("INVESTIGATING", 1)], "omitted": 0 },
            "team": { "values": [count(&sandbox.team, 3)], "omitted": 0 },
            "severity": { "values": [count("critical", 2), count("warning", 1)], "omitted": 0 },
        })
    );
    let none = sandbox.api.get("/incidents?team=nobody-at-all&facets=source").await.expect(200).json();
    assert_eq!(none["facets"], json!({ "source": { "values": [], "omitted": 0 } }));
}

#[tokio::test]
async fn a_filter_that_matches_nothing_gives_an_empty_page() {
    let sandbox = Sandbox::new();
    let page = sandbox.api.page(&format!("/incidents?service={}", sandbox.service)).await;
    assert_eq!((page.items.len(), page.total, page.next_cursor), (0, 0, None));
}

#[tokio::test]
async fn incidents_filter_by_severity() {
    let sandbox = Sandbox::new();
    let [critical, error, info] = one_per_priority(&sandbox, ["P1", "P2", "P5"]).await;
    let of = async |filter: &str| ids(&sandbox.api, &format!("team={}&{filter}", sandbox.team)).await;
    assert_eq!(of("severity=critical").await, sorted([&critical]));
    assert_eq!(of("severity=CRITICAL").await, sorted([&critical]));
    assert_eq!(of("severity=critical,error").await, sorted([&critical, &error]));
    assert_eq!(of("severity=critical&severity=info").await, sorted([&critical, &info]));
    assert_eq!(of("severity=critical%2Cerror&severity=info").await, sorted([&critical, &error, &info]));
    assert_eq!(of("severity=warning").await, Vec::<String>::new());
}

#[tokio::test]
async fn incidents_filter_by_status() {
    let sandbox = Sandbox::new();
    let [open, investigating, resolved] = one_per_priority(&sandbox, ["P1", "P1", "P1"]).await;
    sandbox.api.change_status(&investigating, "INVESTIGATING").await;
    sandbox.api.change_status(&resolved, "INVESTIGATING").await;
    sandbox.api.change_status(&resolved, "RESOLVED").await;
    let of = async |filter: &str| ids(&sandbox.api, &format!("team={}&{filter}", sandbox.team)).await;
    assert_eq!(of("status=OPEN").await, sorted([&open]));
    assert_eq!(of("status=open,Resolved").await, sorted([&open, &resolved]));
    assert_eq!(of("status=investigating").await, sorted([&investigating]));
    assert_eq!(of("status=CLOSED").await, Vec::<String>::new());
}

#[tokio::test]
async fn incidents_filter_by_any_of_their_services() {
    let sandbox = Sandbox::new();
    let monitor = sandbox.monitor();
    let other = sandbox.another_service("search");
    let incident = sandbox.open_incident().await;
    sandbox.deliver(&monitor.from_another_monitor().service(&other)).await;
    for service in [&sandbox.service, &other, &other.to_uppercase(), &format!("{other},{}", sandbox.service)] {
        assert_eq!(ids(&sandbox.api, &format!("service={service}")).await, sorted([&incident]), "{service}");
    }
    assert_eq!(ids(&sandbox.api, &format!("service={}", &other[1..])).await, Vec::<String>::new());
}

#[tokio::test]
async fn incidents_filter_by_any_of_their_sources() {
    let sandbox = Sandbox::new();
    let both = sandbox.open_incident().await;
    sandbox.deliver(&Issue::of(&sandbox).event_alert(sandbox.minute(1))).await;
    let datadog = sandbox.in_another_environment().with_service(&sandbox.service).open_incident().await;
    let of = async |source: &str| ids(&sandbox.api, &format!("service={}&source={source}", sandbox.service)).await;
    assert_eq!(of("sentry").await, sorted([&both]));
    assert_eq!(of("datadog").await, sorted([&both, &datadog]));
    assert_eq!(of("DataDog,sentry").await, sorted([&both, &datadog]));
}

#[tokio::test]
async fn incidents_filter_by_team() {
    let sandbox = Sandbox::new();
    let other = Sandbox::on(sandbox.api.clone());
    let (mine, theirs) = futures::join!(sandbox.open_incident(), other.open_incident());
    assert_eq!(ids(&sandbox.api, &format!("team={}", sandbox.team)).await, sorted([&mine]));
    assert_eq!(ids(&sandbox.api, &format!("team={}", sandbox.team.to_uppercase())).await, sorted([&mine]));
    assert_eq!(ids(&sandbox.api, &format!("team={},{}", sandbox.team, other.team)).await, sorted([&mine, &theirs]));
}

#[rstest]
#[tokio::test]
async fn ranges_of_times_are_inclusive(#[values("created", "updated")] member: &str) {
    let sandbox = Sandbox::new();
    let [one, two] = [sandbox.in_another_environment(), sandbox.in_another_environment()];
    let first = one.open_incident().await;
    // The second incident must have a later time.
    eventually(WAIT_TIMEOUT, async || {
        let at = sandbox.api.detail(&first).await["incident"]["updated_at"].take();
        if at.as_str() < Some(&*rfc3339(now())) { Ok(()) } else { Err("the clock stands still") }
    })
    .await;
    let second = two.open_incident().await;
    let at = async |id: &str| {
        let detail = sandbox.api.detail(id).await;
        detail["incident"][format!("{member}_at")].as_str().unwrap().to_owned()
    };
    let (early, late) = (at(&first).await, at(&second).await);
    assert!(early < late);
    let services = format!("{},{}", one.service, two.service);
    let matching = async |range: String| ids(&sandbox.api, &format!("service={services}&{range}")).await;
    let between = async |from: &str, to: &str| matching(format!("{member}_from={from}&{member}_to={to}")).await;
    assert_eq!(between(&early, &late).await, sorted([&first, &second]));
    assert_eq!(between(&early, &early).await, sorted([&first]));
    assert_eq!(between(&late, &late).await, sorted([&second]));
    assert_eq!(between("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z").await, Vec::<String>::new());
    assert_eq!(between("2020-01-01T00:00:00%2B02:00", &late).await, sorted([&first, &second]), "any offset");
    assert_eq!(matching(format!("{member}_from={late}")).await, sorted([&second]));
    assert_eq!(matching(format!("{member}_to={early}")).await, sorted([&first]));
}

#[tokio::test]
async fn different_filters_combine_with_and() {
    let sandbox = Sandbox::new();
    let [one, other] = one_per_priority(&sandbox, ["P1", "P1"]).await;
    sandbox.api.change_status(&one, "INVESTIGATING").await;
    let of = async |filter: &str| ids(&sandbox.api, &format!("team={}&{filter}", sandbox.team)).await;
    assert_eq!(of("severity=critical&status=INVESTIGATING&source=datadog").await, sorted([&one]));
    assert_eq!(of("severity=critical&status=OPEN").await, sorted([&other]));
    assert_eq!(of("severity=info&status=OPEN").await, Vec::<String>::new());
    assert_eq!(of("source=sentry").await, Vec::<String>::new());
}

#[tokio::test]
async fn incidents_are_listed_newest_first_by_default() {
    let sandbox = Sandbox::new();
    let mut incidents = Vec::new();
    for _ in 0..3 {
        incidents.push(sandbox.in_another_environment().open_incident().await);
    }
    sandbox.api.change_status(&incidents[0], "INVESTIGATING").await;
    let order = async |sort: &str| -> Vec<String> {
        let page = sandbox.api.page(&format!("/incidents?team={}{sort}", sandbox.team)).await;
        page.ids().into_iter().map(str::to_owned).collect()
    };
    let [a, b, c] = [0, 1, 2].map(|number: usize| incidents[number].clone());
    let newest_first = vec![c.clone(), b.clone(), a.clone()];
    assert_eq!(order("").await, newest_first);
    assert_eq!(order("&sort=-created_at").await, newest_first);
    assert_eq!(order("&sort=created_at").await, incidents);
    assert_eq!(order("&sort=-updated_at").await, [a.clone(), c.clone(), b.clone()]);
    assert_eq!(order("&sort=updated_at").await, [b, c, a]);
}

#[tokio::test]
async fn a_list_without_filters_shows_the_newest_incidents() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let page = sandbox.api.page("/incidents?limit=200").await;
    assert!(page.total >= 1);
    assert!(page.ids().contains(&&*incident), "the newest are on the first page");
    assert_ne!(page.items[0]["id"], Value::Null);
}
