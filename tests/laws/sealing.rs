//! Sealing may be interrupted, may race with changes and with itself, and what is sealed may be damaged: lists stay exact.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::HttpRequest,
};
use fastrand::Rng;
use futures::{FutureExt, future::BoxFuture};
use local::Stack;
use shared::{
    aws::{Aws, AwsService},
    config::Environment,
    deadline::Deadline,
    domain::{alert::Alert, alert_status::AlertStatus, time::Time},
    listing::segments::order::OrderBy,
    service::list_alerts::ListAlerts,
    store::{
        Tables,
        segments::{ListError, Purpose, Segments},
    },
};
use tokio::sync::Notify;

use super::{
    asked::{self, AlertFilter, PageRequest},
    history::{self, Sealing},
    paging::assert_page,
};

/// What happens before a request is sent: its operation and its body are known.
pub type Hook = Arc<dyn Fn(&str, &[u8]) -> BoxFuture<'static, ()> + Send + Sync>;

struct Hooked {
    connector: SharedHttpConnector,
    hook: Hook,
}

impl std::fmt::Debug for Hooked {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Hooked")
    }
}

impl HttpConnector for Hooked {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.split_once('.').map_or("", |(_, operation)| operation);
        let before = (self.hook)(operation, request.body().bytes().unwrap_or_default());
        let connector = self.connector.clone();
        HttpConnectorFuture::new(async move {
            before.await;
            connector.call(request).await
        })
    }
}

pub fn hooked(aws: &Aws, hook: &Hook) -> Aws {
    aws.clone().map(|service, config| {
        let (AwsService::DynamoDb, Some(inner)) = (service, config.http_client()) else { return config };
        let hook = Arc::clone(hook);
        let client = http_client_fn(move |settings, components| {
            let connector = inner.http_connector(settings, components);
            SharedHttpConnector::new(Hooked { connector, hook: Arc::clone(&hook) })
        });
        config.to_builder().http_client(client).build()
    })
}

fn names(body: &[u8], name: &str) -> bool {
    body.windows(name.len()).any(|part| part == name.as_bytes())
}

/// Lets some requests of a kind through. The others never get an answer.
fn allowance(left: &Arc<AtomicI64>, is_of_kind: fn(&str, &[u8]) -> bool) -> Hook {
    let left = Arc::clone(left);
    Arc::new(move |operation, body| {
        if is_of_kind(operation, body) && left.fetch_sub(1, Ordering::SeqCst) <= 0 {
            std::future::pending().boxed()
        } else {
            std::future::ready(()).boxed()
        }
    })
}

fn tables(stack: &Stack, aws: &Aws) -> Tables {
    Tables::new(stack.environment("SealSegments"), aws)
}

fn segments(stack: &Stack, aws: &Aws) -> Segments {
    tables(stack, aws).segments().expect("names")
}

/// Asserts that each list of a new process and of an old one is that of the model.
async fn assert_lists(stack: &Stack, old: &ListAlerts, alerts: &[Alert], now: Time) {
    let firing = AlertFilter { statuses: vec![AlertStatus::Firing], ..AlertFilter::default() };
    for lister in [old, &history::alert_lister(stack)] {
        for filter in [&AlertFilter::default(), &firing] {
            let request = PageRequest::first(200);
            let list = (filter, OrderBy::Severity);
            let page = asked::alerts(lister, list, &request, now).await.expect("a page");
            assert_page(&page, &request, &filter.model(alerts, OrderBy::Severity, false));
        }
    }
}

#[tokio::test]
async fn a_list_that_runs_out_of_time_gets_further_each_time() {
    let alerts = history::alerts(&mut Rng::with_seed(11), 2_000);
    let stack = history::stack_with(&[], &alerts, Sealing::Rebuilt).await;
    let environment = stack.environment("ListAlerts");
    let variables = [
        ("ALERTS_TABLE", environment.alerts_table().expect("a name")),
        ("INCIDENTS_TABLE", environment.incidents_table().expect("a name")),
        ("CLAIMS_TABLE", environment.claims_table().expect("a name")),
        ("SEGMENTS_TABLE", environment.segments_table().expect("a name")),
        ("LIST_BUDGET_MS", "700".to_owned()),
    ];
    let environment = Environment::of(variables.map(|(name, value)| (name.to_owned(), value)).into());
    let left = Arc::new(AtomicI64::new(0));
    let hook = allowance(&left, |operation, body| operation == "BatchGetItem" && names(body, "\"AlertsTable"));
    let tables = Tables::new(&environment, &hooked(stack.aws(), &hook));
    let lister = ListAlerts::new(&tables, environment.list_budget().expect("a time")).expect("configured");
    let (filter, request) = (AlertFilter::default(), PageRequest::first(50));
    let mut attempts = 0;
    let page = loop {
        attempts += 1;
        assert!(attempts < 100, "it gets no further");
        // The whole history needs 20, and the page one more.
        left.store(8, Ordering::SeqCst);
        match asked::alerts(&lister, (&filter, OrderBy::CreatedAt), &request, history::now()).await {
            Ok(page) => break page,
            Err(ListError::OutOfTime) => {}
            Err(error) => panic!("{error}"),
        }
    };
    assert!(attempts > 1, "all was read at once");
    assert_page(&page, &request, &filter.model(&alerts, OrderBy::CreatedAt, false));
    stack.stop().await;
}

/// Wherever a process that seals dies, the next one goes on, and nothing is lost or shown twice.
#[tokio::test]
async fn sealing_goes_on_after_it_was_interrupted_anywhere() {
    let alerts = history::alerts(&mut Rng::with_seed(12), 120);
    let stack = history::stack_with(&[], &alerts, Sealing::Half).await;
    let old = history::alert_lister(&stack);
    let now = history::now().plus_minutes(1);
    let is_write: fn(&str, &[u8]) -> bool = |operation, _| operation.contains("Put") || operation.contains("Write");
    for writes in 0..6 {
        let left = Arc::new(AtomicI64::new(writes));
        let interrupted = segments(&stack, &hooked(stack.aws(), &allowance(&left, is_write)));
        interrupted.seal(Purpose::All, now, Deadline::after(Duration::from_millis(300))).await.expect("interrupted");
        assert_lists(&stack, &old, &alerts, now).await;
    }
    history::seal(&segments(&stack, stack.aws()), now).await;
    assert_lists(&stack, &old, &alerts, now).await;
    stack.stop().await;
}

/// A row changes after it was read for sealing, before the segment is there.
#[tokio::test]
async fn a_change_during_sealing_is_not_lost() {
    let mut alerts = history::alerts(&mut Rng::with_seed(13), 60);
    let stack = history::stack_with(&[], &alerts, Sealing::Half).await;
    let old = history::alert_lister(&stack);
    let now = history::now().plus_minutes(1);
    assert_lists(&stack, &old, &alerts, now).await;
    let (arrived, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (there, may_go_on) = (Arc::clone(&arrived), Arc::clone(&go_on));
    // The rows were read; the first parts are about to be written.
    let hook: Hook = Arc::new(move |operation, _| {
        let (there, may_go_on) = (Arc::clone(&there), Arc::clone(&may_go_on));
        let waits = operation == "BatchWriteItem";
        async move {
            if waits {
                there.notify_one();
                may_go_on.notified().await;
                may_go_on.notify_one();
            }
        }
        .boxed()
    });
    let sealer = segments(&stack, &hooked(stack.aws(), &hook));
    let sealing = tokio::spawn(async move { sealer.seal(Purpose::All, now, asked::deadline()).await });
    arrived.notified().await;
    let table = tables(&stack, stack.aws());
    for alert in &mut alerts {
        let mut ended = alert.clone();
        ended.end(now);
        let write = table.alerts().expect("a name").update(alert, &ended, None).expect("a write");
        table.commit(vec![write], now).await.expect("written");
        ended.state.version += 1;
        *alert = ended;
    }
    assert_lists(&stack, &old, &alerts, now).await;
    go_on.notify_one();
    sealing.await.expect("no panic").expect("sealed");
    assert_lists(&stack, &old, &alerts, now).await;
    let later = now.plus_minutes(10);
    history::seal(&segments(&stack, stack.aws()), later).await;
    assert_lists(&stack, &old, &alerts, later).await;
    stack.stop().await;
}

/// Several processes seal at the same time, while rows change and lists are read.
#[tokio::test(flavor = "multi_thread")]
async fn sealers_and_writers_do_not_disturb_each_other() {
    let mut alerts = history::alerts(&mut Rng::with_seed(14), 80);
    let stack = history::stack_with(&[], &alerts, Sealing::Nothing).await;
    let old = history::alert_lister(&stack);
    let table = tables(&stack, stack.aws());
    let mut random = Rng::with_seed(15);
    for round in 0..6 {
        let now = history::now().plus_minutes(round * 5);
        let sealers = (0..3).map(|_| {
            let sealer = segments(&stack, stack.aws());
            async move { sealer.seal(Purpose::All, now, asked::deadline()).await.expect("sealed") }
        });
        let writer = async {
            for place in (0..alerts.len()).filter(|_| random.u8(..3) == 0).collect::<Vec<_>>() {
                let mut repeated = alerts[place].clone();
                repeated.state.occurrences += 1;
                let write = table.alerts().expect("a name").update(&alerts[place], &repeated, None).expect("a write");
                table.commit(vec![write], now).await.expect("written");
                repeated.state.version += 1;
                alerts[place] = repeated;
            }
        };
        tokio::join!(futures::future::join_all(sealers), writer);
        assert_lists(&stack, &old, &alerts, now).await;
    }
    stack.stop().await;
}

/// Whatever is stored of a segment may be broken or gone: it is never believed, and made again.
#[tokio::test]
async fn a_damaged_segment_is_never_believed() {
    let alerts = history::alerts(&mut Rng::with_seed(16), 150);
    let stack = history::stack_with(&[], &alerts, Sealing::Patched).await;
    let old = history::alert_lister(&stack);
    let now = history::now().plus_minutes(1);
    assert_lists(&stack, &old, &alerts, now).await;
    let client = stack.aws().dynamodb();
    let table = stack.resource("SegmentsTable").expect("a name");
    for damage in 0..4 {
        for part in ["filters#", "created_at#", "ids.", "patch#", "manifest#"] {
            let scan = client.scan().table_name(table).send().await.expect("a scan");
            let rows = scan.items.unwrap_or_default();
            let rows = rows.into_iter().filter(|row| row["part"].as_s().is_ok_and(|name| name.starts_with(part)));
            for mut row in rows {
                let Some(AttributeValue::B(bytes)) = row.remove("bytes") else { continue };
                let mut bytes = bytes.into_inner();
                match damage {
                    0 => bytes.truncate(bytes.len() / 2),
                    1 => bytes.clear(),
                    2 => {
                        let middle = bytes.len() / 2;
                        bytes.iter_mut().skip(middle).take(1).for_each(|byte| *byte ^= 0x55);
                    }
                    _ => {
                        let key = [("part_of", row["part_of"].clone()), ("part", row["part"].clone())];
                        let key = key.map(|(name, value)| (name.to_owned(), value)).into();
                        client.delete_item().table_name(table).set_key(Some(key)).send().await.expect("deleted");
                        continue;
                    }
                }
                row.insert("bytes".to_owned(), AttributeValue::B(Blob::new(bytes)));
                client.put_item().table_name(table).set_item(Some(row)).send().await.expect("damaged");
            }
            assert_lists(&stack, &old, &alerts, now).await;
            history::seal(&segments(&stack, stack.aws()), now).await;
        }
    }
    stack.stop().await;
}
