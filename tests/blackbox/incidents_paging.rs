//! Pages of both lists agree with a naive model of the same items.

use std::{cmp::Ordering, collections::BTreeSet};

use futures::{StreamExt, stream};
use rstest::rstest;
use serde_json::Value;
use tests::{Api, Sandbox, sentry::Issue};
use tokio::sync::OnceCell;

/// How many incidents there are to page through.
const SIZE: usize = 30;

/// How many of them are made at once. An emulator starts a process for each request.
const AT_ONCE: usize = 8;

/// How many random queries are asked of each list.
const ROUNDS: usize = 40;

/// Incidents of one team: each in an environment of its own, of three services, several severities
/// and statuses, some of two services and two sources.
struct Population {
    team: String,
    services: [String; 3],
    incidents: Vec<Value>,
    alerts: Vec<Value>,
}

impl Population {
    /// The population that the tests of this module share. They only read it.
    async fn shared() -> &'static Self {
        static SHARED: OnceCell<Population> = OnceCell::const_new();
        SHARED.get_or_init(Self::new).await
    }

    async fn new() -> Self {
        let team = Sandbox::new();
        let services = ["cart", "mail", "stock"].map(|name| team.another_service(name));
        let members = (0..SIZE).map(async |number| {
            let sandbox = team.in_another_environment().with_service(&services[number % 3]);
            let monitor = sandbox.monitor().priority(["P1", "P2", "P3", "P4"][number % 4]);
            let alerts = sandbox.deliver(&monitor).await;
            let incident = alerts[0]["incident_id"].as_str().expect("an incident");
            if number % 5 == 0 {
                let other = sandbox.clone().with_service(&services[(number + 1) % 3]);
                other.deliver(&Issue::of(&other).event_alert(sandbox.minute(1))).await;
            }
            if number % 7 == 0 {
                sandbox.deliver(&monitor.resolved().at(sandbox.minute(2))).await;
            }
            for status in &["INVESTIGATING", "RESOLVED", "CLOSED"][..number % 4] {
                sandbox.api.change_status(incident, status).await;
            }
        });
        stream::iter(members).buffer_unordered(AT_ONCE).collect::<()>().await;

        let incidents = team.api.all_items(&format!("/incidents?team={}", team.team)).await;
        let alerts = team.api.all_items(&format!("/alerts?service={}", services.join(","))).await;
        assert_eq!((incidents.len(), alerts.len()), (SIZE, SIZE + SIZE.div_ceil(5)));
        Self { team: team.team, services, incidents, alerts }
    }
}

/// Whether an item matches a filter.
type Matches = Box<dyn Fn(&Value) -> bool>;

/// A filter and an order, as parameters for the stack and as closures for the model.
struct Query {
    parameters: Vec<String>,
    sort: &'static str,
    matches: Vec<Matches>,
}

impl Query {
    fn new(sort: &'static str) -> Self {
        Self { parameters: vec![format!("sort={sort}")], sort, matches: Vec::new() }
    }

    /// Half of the time, adds a filter with one or two values that items have.
    fn maybe_some_of(&mut self, random: &mut fastrand::Rng, items: &[Value], parameter: &str, member: &'static str) {
        if random.bool() {
            self.some_of(random, items, parameter, member);
        }
    }

    /// Adds a filter with one or two values that items have.
    fn some_of(&mut self, random: &mut fastrand::Rng, items: &[Value], parameter: &str, member: &'static str) {
        let mut known: Vec<String> = items.iter().flat_map(|item| texts(&item[member])).collect();
        known.sort_unstable();
        known.dedup();
        random.shuffle(&mut known);
        known.truncate(random.usize(1..=2));
        self.parameters.push(format!("{parameter}={}", known.join(",")));
        self.matches.push(Box::new(move |item| texts(&item[member]).iter().any(|text| known.contains(text))));
    }

    /// A quarter of the time, adds a range that begins or ends at the time of an item.
    fn maybe_range(&mut self, random: &mut fastrand::Rng, items: &[Value], parameter: &str, member: &'static str) {
        if random.u8(..) >= 64 {
            return;
        }
        let time = texts(&items[random.usize(..items.len())][member]).remove(0);
        let from = random.bool();
        self.parameters.push(format!("{parameter}_{}={time}", if from { "from" } else { "to" }));
        self.matches.push(Box::new(move |item| {
            let at = item[member].as_str().expect("a time");
            if from { at >= time.as_str() } else { at <= time.as_str() }
        }));
    }

    /// The ids of the items that match, in the order of the query.
    fn expected<'items>(&self, items: &'items [Value]) -> Vec<&'items str> {
        let mut left: Vec<&Value> =
            items.iter().filter(|item| self.matches.iter().all(|matches| matches(item))).collect();
        let (member, descending) = match self.sort.strip_prefix('-') {
            Some(member) => (member, true),
            None => (self.sort, false),
        };
        left.sort_by(|one, other| {
            let ascending = by(one, other, member).then_with(|| by(one, other, "id"));
            if descending { ascending.reverse() } else { ascending }
        });
        left.into_iter().map(|item| item["id"].as_str().expect("an id")).collect()
    }
}

fn by(one: &Value, other: &Value, member: &str) -> Ordering {
    one[member].as_str().cmp(&other[member].as_str())
}

/// The string, or the strings of the list.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// Asserts that a page at an offset and all pages by cursor are those of the model.
async fn assert_pages(api: &Api, path: &str, random: &mut fastrand::Rng, expected: &[&str]) {
    let (limit, offset) = (random.usize(1..=12), random.usize(0..=expected.len() + 3));
    let page = api.page(&format!("{path}&limit={limit}&offset={offset}")).await;
    let slice: Vec<&str> = expected.iter().skip(offset).take(limit).copied().collect();
    assert_eq!(page.ids(), slice, "{path} limit {limit} offset {offset}");
    assert_eq!((page.total, page.limit, page.offset), (expected.len(), limit, offset), "{path}");
    assert_eq!(page.next_cursor.is_some(), offset + limit < expected.len(), "{path} limit {limit} offset {offset}");

    let mut visited: Vec<String> = Vec::new();
    let mut next = format!("{path}&limit={limit}");
    loop {
        let page = api.page(&next).await;
        assert_eq!(page.total, expected.len(), "{next}");
        visited.extend(page.ids().into_iter().map(str::to_owned));
        let Some(cursor) = page.next_cursor else { break };
        assert!(visited.len() < expected.len(), "a cursor after the last item: {next}");
        next = format!("{path}&limit={limit}&cursor={cursor}");
    }
    assert_eq!(visited, expected, "{path} by cursor, limit {limit}");
}

#[tokio::test]
async fn pages_of_incidents_match_a_naive_model() {
    let (api, population) = (Api::shared(), Population::shared().await);
    let items = &population.incidents;
    let mut random = fastrand::Rng::new();
    for _ in 0..ROUNDS {
        let random = &mut random;
        let sort = *random.choice(&["created_at", "-created_at", "updated_at", "-updated_at"]).expect("a sort");
        let mut query = Query::new(sort);
        query.parameters.push(format!("team={}", population.team));
        query.maybe_some_of(random, items, "status", "status");
        query.maybe_some_of(random, items, "severity", "severity");
        query.maybe_some_of(random, items, "service", "services");
        query.maybe_some_of(random, items, "source", "sources");
        query.maybe_range(random, items, "created", "created_at");
        query.maybe_range(random, items, "updated", "updated_at");
        let path = format!("/incidents?{}", query.parameters.join("&"));
        assert_pages(&api, &path, random, &query.expected(items)).await;
    }
}

#[tokio::test]
async fn pages_of_alerts_match_a_naive_model() {
    let (api, population) = (Api::shared(), Population::shared().await);
    let items = &population.alerts;
    let mut random = fastrand::Rng::new();
    for _ in 0..ROUNDS {
        let random = &mut random;
        let mut query = Query::new(if random.bool() { "created_at" } else { "-created_at" });
        if random.bool() {
            query.parameters.push(format!("service={}", population.services.join(",")));
        } else {
            query.some_of(random, items, "service", "service");
        }
        query.maybe_some_of(random, items, "status", "status");
        query.maybe_some_of(random, items, "severity", "severity");
        query.maybe_some_of(random, items, "environment", "environment");
        query.maybe_some_of(random, items, "source", "source");
        query.maybe_some_of(random, items, "incident_id", "incident_id");
        query.maybe_range(random, items, "created", "created_at");
        let path = format!("/alerts?{}", query.parameters.join("&"));
        assert_pages(&api, &path, random, &query.expected(items)).await;
    }
}

#[rstest]
#[case::incidents_by_creation("/incidents?team={team}")]
#[case::incidents_by_update("/incidents?team={team}&sort=updated_at")]
#[case::alerts("/alerts?service={services}")]
#[tokio::test]
async fn a_walk_by_offset_visits_each_item_once(#[case] path: &str) {
    let (api, population) = (Api::shared(), Population::shared().await);
    let path = path.replace("{team}", &population.team).replace("{services}", &population.services.join(","));
    let items = if path.starts_with("/alerts") { &population.alerts } else { &population.incidents };
    let mut visited = Vec::new();
    while visited.len() < items.len() {
        let page = api.page(&format!("{path}&limit=7&offset={}", visited.len())).await;
        assert!(!page.items.is_empty(), "the list ends after {}", visited.len());
        visited.extend(page.ids().into_iter().map(str::to_owned));
    }
    assert_eq!(visited.iter().collect::<BTreeSet<_>>().len(), items.len());
    assert_eq!(visited.len(), items.len());
}

#[rstest]
#[tokio::test]
async fn an_offset_beyond_the_end_gives_an_empty_page_with_the_total(#[values(1, 2, 1_000_000)] offset: usize) {
    let sandbox = Sandbox::new();
    sandbox.open_incident().await;
    for filter in [format!("/incidents?team={}", sandbox.team), format!("/alerts?environment={}", sandbox.environment)]
    {
        let page = sandbox.api.page(&format!("{filter}&offset={offset}")).await;
        assert_eq!((page.items.len(), page.total, page.offset, page.next_cursor), (0, 1, offset, None), "{filter}");
    }
}

#[tokio::test]
async fn a_cursor_continues_after_a_page_that_was_reached_by_offset() {
    let sandbox = Sandbox::new();
    for _ in 0..4 {
        sandbox.in_another_environment().open_incident().await;
    }
    let path = format!("/incidents?team={}", sandbox.team);
    let all = sandbox.api.all_items(&path).await;
    let page = sandbox.api.page(&format!("{path}&limit=2&offset=1")).await;
    let rest = sandbox.api.page(&format!("{path}&cursor={}", page.next_cursor.expect("one is left"))).await;
    assert_eq!(rest.items, all[3..]);
    assert_eq!(rest.next_cursor, None);
}

#[rstest]
#[tokio::test]
async fn new_incidents_during_a_walk_by_cursor_hide_and_repeat_none(#[values("-created_at", "created_at")] sort: &str) {
    let sandbox = Sandbox::new();
    for _ in 0..5 {
        sandbox.in_another_environment().open_incident().await;
    }
    let list = format!("/incidents?team={}&sort={sort}", sandbox.team);
    let before = sandbox.api.all_items(&list).await;
    let path = format!("{list}&limit=2");
    let mut page = sandbox.api.page(&path).await;
    let mut visited = page.items;
    while let Some(cursor) = page.next_cursor.take() {
        if visited.len() <= 4 {
            sandbox.in_another_environment().open_incident().await;
        }
        page = sandbox.api.page(&format!("{path}&cursor={cursor}")).await;
        visited.append(&mut page.items);
    }
    visited.retain(|incident| before.iter().any(|known| known["id"] == incident["id"]));
    assert_eq!(visited, before);
}
