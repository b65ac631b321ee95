//! Lists stay exact while rows change, whatever is sealed.
//!
//! Real services write, with clocks that are up to a minute wrong. Their lists are compared with a
//! scan of the tables.

use aws_sdk_dynamodb::types::AttributeValue;
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
        page::Page,
        segments::{order::OrderBy, query::Start},
    },
    service::{
        change_status::{ChangeStatus, StatusChange},
        group_alerts::GroupAlerts,
        list_alerts::ListAlerts,
        list_incidents::ListIncidents,
    },
    store::{
        Item, Tables, alerts,
        incidents::{Consistency, Incidents},
        segments::Purpose,
    },
};
use strum::VariantArray;
use tests::patient;

use super::{
    asked::{self, AlertFilter, IncidentFilter, PageRequest, Range},
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
            now: history::at("2126-02-26T20:00:00Z"),
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
        let now = self.clock();
        self.group_at(event, now).await;
    }

    async fn group_at(&mut self, event: AlertEvent, now: Time) {
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

    /// Seals with the clock of some machine, as far as one may by then.
    async fn seal_sometime(&mut self) {
        let now = self.clock();
        let purpose = one(&mut self.random, &[Purpose::Schedule, Purpose::All]);
        self.tables().segments().expect("names").seal(purpose, now, asked::deadline()).await.expect("sealed");
    }

    /// Seals everything.
    async fn seal(&mut self) {
        self.now = self.now.plus_minutes(4);
        history::seal(&self.tables().segments().expect("names"), self.now).await;
    }

    /// Somebody deletes all segments, or one of them.
    async fn lose_segments(&mut self) {
        let client = self.stack.aws().dynamodb();
        let table = self.stack.resource("SegmentsTable").expect("a name").to_owned();
        let scan = client.scan().table_name(&table).send().await.expect("a scan");
        let is_part = |row: &Item| row["part_of"].as_s().is_ok_and(|name| !name.starts_with("CHANGES#"));
        let rows: Vec<Item> = scan.items.unwrap_or_default().into_iter().filter(is_part).collect();
        let lost = if self.random.bool() { rows.len() } else { 1 };
        for row in rows.iter().cycle().skip(self.random.usize(..100)).take(lost.min(rows.len())) {
            let delete = client.delete_item().table_name(&table).key("part_of", row["part_of"].clone());
            delete.key("part", row["part"].clone()).send().await.expect("deleted");
        }
    }

    /// New processes know nothing yet.
    fn restart(&mut self) {
        self.alerts = history::alert_lister(&self.stack);
        self.incidents = history::incident_lister(&self.stack);
    }

    fn tables(&self) -> Tables {
        Tables::new(self.stack.environment("SealSegments"), self.stack.aws())
    }

    async fn set_expiry(&self, (table, key): (&str, Item), at: Time) {
        let update = self.stack.aws().dynamodb().update_item().table_name(self.stack.resource(table).expect("a name"));
        let update = update.set_key(Some(key)).update_expression("SET expires_at = :at");
        let update = update.expression_attribute_values(":at", AttributeValue::N(at.as_seconds().to_string()));
        update.send().await.expect("updated");
    }

    async fn list_alerts(&mut self, filter: &AlertFilter, request: &PageRequest) -> Page<Alert> {
        let now = self.clock();
        asked::alerts(&self.alerts, (filter, OrderBy::CreatedAt), request, now).await.expect("a page")
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

    /// Asserts that lists agree with the tables.
    async fn check(&mut self, alerts: &[Alert], incidents: &[Incident]) {
        let filter = self.alert_filter(alerts);
        let request = self.page(alerts.len());
        let (incident_filter, by) = (self.incident_filter(), one(&mut self.random, &super::incidents::orders()));
        let page = self.list_alerts(&filter, &request).await;
        assert_page(&page, &request, &filter.model(alerts, OrderBy::CreatedAt, request.ascending));
        let now = self.clock();
        assert_list(&self.incidents, incidents, (&incident_filter, by), &request, now).await;
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
            assignees: if self.random.u8(..4) == 0 { vec![None] } else { Vec::new() },
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

fn alert_key(alert: &Alert) -> (&'static str, Item) {
    ("AlertsTable", Item::from([("alert_id".to_owned(), text(&alert.id))]))
}

fn incident_key(incident: &Incident) -> (&'static str, Item) {
    let key = [("incident_id", text(&incident.id)), ("sort_key", text(&"INCIDENT"))];
    ("IncidentsTable", key.map(|(name, value)| (name.to_owned(), value)).into())
}

fn text(value: &impl ToString) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn lists_stay_exact_while_rows_change(#[values(1, 2, 3, 4, 5, 6, 7, 8)] seed: u64) {
    let mut world = World::new(seed).await;
    for _ in 0..STEPS {
        let (_, incidents) = world.scan().await;
        match world.random.u8(..12) {
            0 => world.change_a_status(&incidents).await,
            1 | 2 => world.wait(),
            3 => world.seal_sometime().await,
            4 if world.random.u8(..4) == 0 => world.lose_segments().await,
            5 if world.random.u8(..4) == 0 => world.restart(),
            _ => world.deliver().await,
        }
        let (alerts, incidents) = world.scan().await;
        world.check(&alerts, &incidents).await;
    }
    world.stack.stop().await;
}

/// An alert moves from one service to another, and back. Each list shows it at once, sealed or not.
#[rstest]
#[tokio::test]
async fn an_alert_that_an_earlier_event_rewrites_leaves_its_old_lists(#[values(false, true)] is_sealed: bool) {
    let mut world = World::new(1).await;
    let began_at = world.now;
    world.group(event(1, 0, began_at)).await;
    let filters =
        [0, 1].map(|service| AlertFilter { services: vec![SERVICES[service].to_owned()], ..AlertFilter::default() });
    for current in 0..2 {
        world.now = world.now.plus_minutes(10);
        if is_sealed {
            world.seal().await;
        }
        for (service, filter) in filters.iter().enumerate() {
            let page = world.list_alerts(filter, &PageRequest::first(50)).await;
            let expected = usize::from(service == current);
            assert_eq!((page.total, page.items.len()), (expected as u64, expected), "{filter:?}");
        }
        // An earlier event, which names another service, arrives late.
        world.group(event(1, 1, began_at.plus_minutes(-5))).await;
    }
    world.stack.stop().await;
}

/// Whoever wrote sees it in the next list, from whichever process.
#[tokio::test]
async fn a_list_shows_what_was_written_before_it() {
    let mut world = World::new(3).await;
    let others = [history::alert_lister(&world.stack), history::alert_lister(&world.stack)];
    for written in 1..=20 {
        let now = world.clock();
        world.group_at(event(written, 0, world.now), now).await;
        for lister in &others {
            let now = world.clock();
            let list = (&AlertFilter::default(), OrderBy::CreatedAt);
            let page = asked::alerts(lister, list, &PageRequest::first(50), now).await.expect("a page");
            assert_eq!(page.total, u64::from(written));
        }
        world.now = world.now.plus_millis(i64::from(written) * 20_000);
        if written % 3 == 0 {
            world.seal().await;
        }
    }
    world.stack.stop().await;
}

/// Rows that expire leave all lists at that moment, whenever the table deletes them.
#[tokio::test]
async fn rows_that_expire_leave_lists_at_once() {
    let mut world = World::new(4).await;
    for _ in 0..30 {
        world.deliver().await;
        world.now = world.now.plus_minutes(1);
    }
    let (alerts, incidents) = world.scan().await;
    let (doomed, kept): (Vec<Alert>, Vec<Alert>) = alerts.into_iter().partition(|alert| alert.id.random() % 2 == 0);
    let (doomed_incidents, kept_incidents): (Vec<Incident>, Vec<Incident>) =
        incidents.into_iter().partition(|incident| incident.id.random() % 2 == 0);
    assert!(!doomed.is_empty() && !kept.is_empty());
    let expires_at = world.now.plus_minutes(60);
    for key in doomed.iter().map(alert_key).chain(doomed_incidents.iter().map(incident_key)) {
        world.set_expiry(key, expires_at).await;
    }
    world.tables().segments().expect("names").forget(world.now).await.expect("forgotten");
    world
        .check(&[doomed.clone(), kept.clone()].concat(), &[doomed_incidents.clone(), kept_incidents.clone()].concat())
        .await;
    world.seal().await;
    world.now = expires_at.plus_minutes(2);
    world.check(&kept, &kept_incidents).await;
    for (table, key) in doomed.iter().map(alert_key).chain(doomed_incidents.iter().map(incident_key)) {
        let delete =
            world.stack.aws().dynamodb().delete_item().table_name(world.stack.resource(table).expect("a name"));
        delete.set_key(Some(key)).send().await.expect("deleted");
    }
    world.check(&kept, &kept_incidents).await;
    world.now = world.now.plus_minutes(60 * 24);
    world.seal().await;
    world.check(&kept, &kept_incidents).await;
    world.stack.stop().await;
}
