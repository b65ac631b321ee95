//! Lists stay exact while rows change: a cached count is not used once it is wrong.
//!
//! Real services write, with clocks that are up to a minute wrong. Their lists are compared with a
//! scan of the tables.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::HttpRequest,
};
use fastrand::Rng;
use local::{Options, Stack};
use rstest::rstest;
use shared::{
    domain::{
        alert::Alert,
        alert_status::AlertStatus,
        delivery::{Content, Delivery, DeliveryId, PackedBody},
        event::{AlertEvent, StatedSeverity, Transition},
        incident::Incident,
        severity::Severity,
        source::Source,
        status::Status,
        time::Time,
    },
    listing::{
        alerts::AlertFilter,
        incidents::{IncidentFilter, IncidentOrder},
        page::{PageRequest, Start},
        plan::Range,
    },
    service::{
        change_status::{ChangeStatus, StatusChange},
        group_alerts::GroupAlerts,
        list_alerts::ListAlerts,
        list_incidents::ListIncidents,
    },
    store::{
        Tables, alerts,
        incidents::{Consistency, Incidents},
    },
};
use strum::VariantArray;
use tests::patient;

use super::{
    alerts::model,
    history::{self, ENVIRONMENTS, SERVICES, SEVERITIES, SOURCES, TEAMS, one},
    incidents::assert_list,
    paging::assert_page,
};

const STEPS: usize = 60;
const PROBLEMS: u8 = 12;

struct World {
    stack: Stack,
    grouper: GroupAlerts,
    changer: ChangeStatus,
    alerts: ListAlerts,
    incidents: ListIncidents,
    random: Rng,
    now: Time,
    deliveries: u64,
}

impl World {
    async fn new(seed: u64) -> Self {
        let stack = Stack::start(Options::default()).await.expect("the stack starts");
        let aws = stack.aws();
        Self {
            grouper: GroupAlerts::new(&Tables::new(stack.environment("GroupAlerts"), aws), seed).expect("configured"),
            changer: ChangeStatus::new(&Tables::new(stack.environment("ChangeStatus"), aws), None).expect("configured"),
            alerts: history::alert_lister(&stack),
            incidents: history::incident_lister(&stack),
            random: Rng::with_seed(seed),
            now: history::at("2026-02-26T20:00:00Z"),
            deliveries: 0,
            stack,
        }
    }

    /// The clock of one of many machines.
    fn clock(&mut self) -> Time {
        self.now.plus_millis(self.random.i64(-60_000..=60_000))
    }

    /// Lets moments, minutes, hours or days pass.
    fn wait(&mut self) {
        let minutes = match self.random.u8(..6) {
            0 => 0,
            1 => self.random.i64(0..10),
            2 | 3 => self.random.i64(0..120),
            4 => self.random.i64(0..2_000),
            _ => self.random.i64(0..5_000),
        };
        self.now = self.now.plus_minutes(minutes);
    }

    async fn deliver(&mut self) {
        let problem = self.random.u8(..PROBLEMS);
        let resolves = self.random.u8(..3) == 0;
        // Some events arrive late. They may rewrite their alert.
        let late = if self.random.u8(..3) == 0 { self.random.i64(0..300) } else { 0 };
        let service = if self.random.u8(..3) == 0 { self.random.u8(..) } else { problem };
        let event = AlertEvent {
            source: Source::named(one(&mut self.random, &SOURCES)),
            transition: if resolves { Transition::Resolved } else { Transition::Firing },
            severity: Some(StatedSeverity {
                value: one(&mut self.random, &SEVERITIES),
                matched: String::new(),
                confidence: 1.0,
            }),
            team: Some(one(&mut self.random, &TEAMS).to_owned()),
            ..event(problem, usize::from(service), self.now.plus_minutes(-late))
        };
        self.group(event).await;
    }

    async fn group(&mut self, event: AlertEvent) {
        self.deliveries += 1;
        let delivery = Delivery {
            delivery_id: DeliveryId::new(format!("datadog-1-{}", self.deliveries)),
            source: Source::named("datadog"),
            received_at: self.now,
            content: Content::Event(Box::new(event)),
            content_hash: "0".repeat(16),
            body: PackedBody { gzip: vec![0; 8], length: 8, truncated: false },
            headers: std::collections::BTreeMap::new(),
            redrive_of: None,
        };
        let now = self.clock();
        self.grouper.group(&delivery, now, patient()).await.expect("grouped");
    }

    async fn change_a_status(&mut self, incidents: &[Incident]) {
        if incidents.is_empty() {
            return;
        }
        let incident = one(&mut self.random, incidents);
        let Some(status) = incident.status.allowed_transitions().first() else { return };
        let change = StatusChange { status: *status, comment: None, actor: "alice".to_owned() };
        let now = self.clock();
        self.changer.change(incident.id, &change, &|_| true, now, patient()).await.expect("changed");
    }

    /// Deletes rows without an invalidation, and lets the time pass after which no count is used.
    async fn expire(&mut self, alerts: &[Alert], incidents: &[Incident]) {
        let client = self.stack.aws().dynamodb();
        let environment = self.stack.environment("GroupAlerts");
        for alert in alerts.iter().filter(|_| self.random.u8(..4) == 0) {
            let delete = client.delete_item().table_name(environment.alerts_table().expect("a name"));
            delete.key("alert_id", text(&alert.id)).send().await.expect("deleted");
        }
        for incident in incidents.iter().filter(|_| self.random.u8(..4) == 0) {
            let delete = client.delete_item().table_name(environment.incidents_table().expect("a name"));
            let delete = delete.key("incident_id", text(&incident.id)).key("sort_key", text(&"INCIDENT"));
            delete.send().await.expect("deleted");
        }
        self.now = self.now.plus_minutes(31 * 24 * 60);
    }

    /// Deletes all generations, as if they had expired.
    async fn forget_generations(&self) {
        let client = self.stack.aws().dynamodb();
        let table = self.stack.environment("ListAlerts").counts_table().expect("a name");
        let scan = client.scan().table_name(&table).send().await.expect("a scan");
        for row in scan.items.unwrap_or_default() {
            if row["filter"].as_s().is_ok_and(|filter| filter.starts_with("GENERATIONS#")) {
                let delete = client.delete_item().table_name(&table).key("filter", row["filter"].clone());
                delete.key("bucket", row["bucket"].clone()).send().await.expect("deleted");
            }
        }
    }

    /// All alerts and incidents of the tables.
    async fn scan(&self) -> (Vec<Alert>, Vec<Incident>) {
        let client = self.stack.aws().dynamodb();
        let environment = self.stack.environment("GroupAlerts");
        let scan = client.scan().table_name(environment.alerts_table().expect("a name")).send().await.expect("a scan");
        let found = scan.items.unwrap_or_default().into_iter();
        let alerts = found.map(|item| alerts::read(item).expect("an alert")).collect();
        let table = environment.incidents_table().expect("a name");
        let scan = client.scan().table_name(&table).send().await.expect("a scan");
        let rows = scan.items.unwrap_or_default();
        let ids: Vec<_> = rows
            .iter()
            .filter(|row| row["sort_key"].as_s().is_ok_and(|entry| entry == "INCIDENT"))
            .map(|row| row["incident_id"].as_s().expect("an id").parse().expect("an id"))
            .collect();
        let incidents =
            Incidents::new(client, table).get_many(&ids, Consistency::Strong, Time::EARLIEST).await.expect("incidents");
        (alerts, incidents)
    }

    /// Asserts twice that lists agree with the tables: the first list caches counts, the second
    /// uses them.
    async fn check(&mut self, alerts: &[Alert], incidents: &[Incident]) {
        let filter = self.alert_filter(alerts);
        let request = self.page(alerts.len());
        let query = (self.incident_filter(), one(&mut self.random, &[IncidentOrder::Created, IncidentOrder::Updated]));
        for _ in 0..2 {
            let now = self.clock();
            let page = self.alerts.list(&filter, &request, "", now).await.expect("a page");
            assert_page(&page, &request, &model(alerts, &filter, request.ascending));
            assert_list(&self.incidents, incidents, (&query, &request), now).await;
        }
    }

    fn page(&mut self, length: usize) -> PageRequest {
        let limit = one(&mut self.random, &[1, 3, 50]);
        let offset = self.random.u64(0..=length as u64);
        PageRequest { limit, start: Start::Offset(offset), ascending: self.random.bool() }
    }

    fn some<T: Clone, V: From<T>>(&mut self, values: &[T]) -> Vec<V> {
        if self.random.u8(..3) > 0 { Vec::new() } else { vec![one(&mut self.random, values).into()] }
    }

    /// Few different filters, so that each is used again after a change.
    fn alert_filter(&mut self, alerts: &[Alert]) -> AlertFilter {
        let incidents =
            alerts.iter().filter_map(|alert| alert.state.incident_id).take(usize::from(self.random.u8(..12) == 0));
        AlertFilter {
            statuses: self.some(&[AlertStatus::Firing, AlertStatus::Resolved]),
            severities: self.some(&[Severity::Critical]),
            services: self.some(&SERVICES[..1]),
            environments: self.some(&ENVIRONMENTS[..1]),
            incidents: incidents.collect(),
            created: self.range(),
            ..AlertFilter::default()
        }
    }

    fn incident_filter(&mut self) -> IncidentFilter {
        let statuses = self.random.u8(..3) == 0;
        IncidentFilter {
            statuses: if statuses { vec![one(&mut self.random, Status::VARIANTS)] } else { Vec::new() },
            severities: self.some(&[Severity::Critical]),
            services: self.some(&SERVICES[..1]),
            has_firing: (self.random.u8(..3) == 0).then(|| self.random.bool()),
            created: self.range(),
            updated: self.range(),
            ..IncidentFilter::default()
        }
    }

    fn range(&mut self) -> Range {
        if self.random.u8(..4) > 0 {
            return Range::default();
        }
        let from = self.now.plus_minutes(-self.random.i64(0..10_000));
        Range { from: Some(from), to: self.random.bool().then(|| from.plus_minutes(self.random.i64(0..5_000))) }
    }
}

/// A firing event of a problem.
fn event(problem: u8, service: usize, occurred_at: Time) -> AlertEvent {
    let source = Source::named(SOURCES[0]);
    AlertEvent {
        title: format!("Problem {problem}"),
        service: Some(SERVICES[service % SERVICES.len()].to_owned()),
        environment: Some(ENVIRONMENTS[usize::from(problem) % ENVIRONMENTS.len()].to_owned()),
        ..AlertEvent::bare(source, &format!("monitor:{problem}"), Transition::Firing, occurred_at)
    }
}

fn text(value: &impl ToString) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn lists_stay_exact_while_rows_change(#[values(1, 2, 3, 4, 5, 6, 7, 8)] seed: u64) {
    let mut world = World::new(seed).await;
    for step in 0..STEPS {
        let (alerts, incidents) = world.scan().await;
        match world.random.u8(..8) {
            // Rows are deleted in the last step, because claims would still name them.
            _ if step + 1 == STEPS => world.expire(&alerts, &incidents).await,
            0 => world.change_a_status(&incidents).await,
            1 | 2 => world.wait(),
            _ => world.deliver().await,
        }
        let (alerts, incidents) = world.scan().await;
        world.check(&alerts, &incidents).await;
    }
    world.stack.stop().await;
}

#[tokio::test]
async fn an_alert_that_an_earlier_event_rewrites_leaves_its_old_lists() {
    let mut world = World::new(1).await;
    let (began_at, first) = (world.now, PageRequest { limit: 50, start: Start::Offset(0), ascending: false });
    world.group(event(1, 0, began_at)).await;
    // The hour is closed, so lists cache its counts.
    world.now = world.now.plus_minutes(6 * 60);
    let filters =
        [0, 1].map(|service| AlertFilter { services: vec![SERVICES[service].to_owned()], ..AlertFilter::default() });
    for current in 0..2 {
        for _ in 0..2 {
            for (service, filter) in filters.iter().enumerate() {
                let page = world.alerts.list(filter, &first, "", world.now).await.expect("a page");
                let expected = usize::from(service == current);
                assert_eq!((page.total, page.items.len()), (expected as u64, expected), "{filter:?}");
            }
        }
        // An earlier event, which names another service, arrives late.
        world.group(event(1, 1, began_at.plus_minutes(-5))).await;
        world.now = world.now.plus_minutes(10);
    }
    world.stack.stop().await;
}

#[tokio::test]
async fn counts_of_an_expired_generation_are_never_used_again() {
    let mut world = World::new(1).await;
    let (began_at, first) = (world.now, PageRequest { limit: 50, start: Start::Offset(0), ascending: false });
    let firing = AlertFilter { statuses: vec![AlertStatus::Firing], ..AlertFilter::default() };
    for problem in [1, 2] {
        world.group(event(problem, 0, began_at)).await;
    }
    world.now = world.now.plus_minutes(6 * 60);
    for (problem, left) in [(1, 1), (2, 0)] {
        let resolved = AlertEvent { transition: Transition::Resolved, ..event(problem, 0, world.now) };
        world.group(resolved).await;
        world.now = world.now.plus_minutes(10);
        for _ in 0..2 {
            let page = world.alerts.list(&firing, &first, "", world.now).await.expect("a page");
            assert_eq!(page.total, left);
        }
        world.forget_generations().await;
    }
    world.stack.stop().await;
}

#[tokio::test]
async fn counts_from_an_index_that_lags_behind_are_not_cached() {
    let mut world = World::new(1).await;
    let (began_at, first) = (world.now, PageRequest { limit: 50, start: Start::Offset(0), ascending: false });
    let firing = AlertFilter { statuses: vec![AlertStatus::Firing], ..AlertFilter::default() };
    world.group(event(1, 0, began_at)).await;
    world.now = world.now.plus_minutes(6 * 60);
    let resolved = AlertEvent { transition: Transition::Resolved, ..event(1, 0, world.now) };
    world.group(resolved).await;
    // The index still shows the old row for a moment.
    let (alerts, _) = world.scan().await;
    for (status, total) in [("firing", 1), ("resolved", 0)] {
        let client = world.stack.aws().dynamodb();
        let table = world.stack.environment("GroupAlerts").alerts_table().expect("a name");
        let update = client.update_item().table_name(table).key("alert_id", text(&alerts[0].id));
        let update = update.update_expression("SET #status = :status").expression_attribute_names("#status", "status");
        update.expression_attribute_values(":status", text(&status)).send().await.expect("updated");
        world.now = world.now.plus_minutes(1);
        let page = world.alerts.list(&firing, &first, "", world.now).await.expect("a page");
        assert_eq!(page.total, total, "while the row is {status}");
    }
    world.stack.stop().await;
}

/// Records the order of the writes.
#[derive(Debug)]
struct WriteLog {
    connector: SharedHttpConnector,
    written: Arc<Mutex<Vec<String>>>,
}

impl HttpConnector for WriteLog {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        if let Some((_, operation @ ("UpdateItem" | "TransactWriteItems"))) = target.split_once('.') {
            self.written.lock().expect("nobody panics with it").push(operation.to_owned());
        }
        self.connector.call(request)
    }
}

#[tokio::test]
async fn a_bucket_is_invalidated_before_it_changes() {
    let mut world = World::new(1).await;
    let written = Arc::new(Mutex::new(Vec::new()));
    let aws = world.stack.aws().clone().map(|_, config| {
        let Some(inner) = config.http_client() else { return config };
        let written = Arc::clone(&written);
        let client = http_client_fn(move |settings, components| {
            let connector = inner.http_connector(settings, components);
            SharedHttpConnector::new(WriteLog { connector, written: Arc::clone(&written) })
        });
        config.to_builder().http_client(client).build()
    });
    let tables = Tables::new(world.stack.environment("GroupAlerts"), &aws);
    tables.claims().expect("a name").warm().await;
    world.grouper = GroupAlerts::new(&tables, 2).expect("configured");
    world.group(event(1, 0, world.now)).await;
    world.now = world.now.plus_minutes(6 * 60);
    // The first delivery notes the start of the history.
    written.lock().expect("nobody panics with it").clear();
    let resolved = AlertEvent { transition: Transition::Resolved, ..event(1, 0, world.now) };
    world.group(resolved).await;
    assert_eq!(*written.lock().expect("nobody panics with it"), ["UpdateItem", "TransactWriteItems"]);
    world.stack.stop().await;
}
