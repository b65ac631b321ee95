//! Counts calls to DynamoDB and SQS, their bytes, and the read and write units.
//!
//! The meter stands between the SDK's clients and the embedded services. It adds
//! `ReturnConsumedCapacity` to each request and removes the units from the answer. The embedded
//! DynamoDB charges as DynamoDB does; the tests below check that. A cancelled transaction reports
//! no units, so it counts as a call only.

use std::{
    collections::BTreeMap,
    ops::Sub,
    sync::{Arc, Mutex, PoisonError},
};

use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};
use local::Wire;
use serde_json::Value as Json;
use shared::aws::AwsService;
use tokio::sync::RwLock;

const UNITS_WANTED: &[u8] = br#"{"ReturnConsumedCapacity":"INDEXES","#;

/// The calls and units so far, or between two moments.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Counts {
    /// By operation, such as `SendMessage`.
    pub operations: BTreeMap<String, Calls>,
    /// By table, such as `AlertsTable`, and by index, such as `AlertsTable by_created`.
    pub units: BTreeMap<String, Units>,
}

/// Calls of one operation.
#[expect(clippy::struct_field_names, reason = "calls are what is counted")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calls {
    /// Includes the calls that failed.
    pub calls: u64,
    pub failed: u64,
    /// The size of the request bodies.
    pub sent_bytes: u64,
    /// The size of the answer bodies.
    pub received_bytes: u64,
}

/// The units that DynamoDB charges.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Units {
    pub read: f64,
    pub write: f64,
}

impl Counts {
    /// The sum of the units of all tables and indexes whose names begin with `prefix`.
    #[must_use]
    pub fn units_of(&self, prefix: &str) -> Units {
        self.units.iter().filter(|(name, _)| name.starts_with(prefix)).fold(Units::default(), |sum, (_, units)| Units {
            read: sum.read + units.read,
            write: sum.write + units.write,
        })
    }

    /// The calls of one operation.
    #[must_use]
    pub fn calls_of(&self, operation: &str) -> Calls {
        self.operations.get(operation).copied().unwrap_or_default()
    }
}

impl Sub<&Self> for Counts {
    type Output = Self;

    /// The calls and units since `earlier`.
    fn sub(mut self, earlier: &Self) -> Self {
        for (name, calls) in &mut self.operations {
            let before = earlier.calls_of(name);
            calls.calls -= before.calls;
            calls.failed -= before.failed;
            calls.sent_bytes -= before.sent_bytes;
            calls.received_bytes -= before.received_bytes;
        }
        for (name, units) in &mut self.units {
            let before = earlier.units.get(name).copied().unwrap_or_default();
            units.read -= before.read;
            units.write -= before.write;
        }
        self.operations.retain(|_, calls| calls.calls > 0);
        self.units.retain(|_, units| *units != Units::default());
        self
    }
}

/// Counts calls. Can also hold back requests to DynamoDB.
#[derive(Debug, Default)]
pub struct Meter {
    counts: Mutex<Counts>,
    gate: Arc<RwLock<()>>,
}

impl Meter {
    /// The counts so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Holds back all requests to DynamoDB until the guard is dropped.
    pub async fn hold(&self) -> tokio::sync::OwnedRwLockWriteGuard<()> {
        Arc::clone(&self.gate).write_owned().await
    }

    /// Leads the calls to DynamoDB and SQS through this meter.
    #[must_use]
    pub fn wire(self: &Arc<Self>) -> Wire {
        let meter = Arc::clone(self);
        Wire(Arc::new(move |aws| {
            aws.map(|service, config| match service {
                AwsService::SecretsManager => config,
                AwsService::DynamoDb | AwsService::Sqs => Arc::clone(&meter).metered(&config),
            })
        }))
    }

    fn metered(self: Arc<Self>, config: &SdkConfig) -> SdkConfig {
        let Some(inner) = config.http_client() else { return config.clone() };
        config.to_builder().http_client(self.through(inner)).build()
    }

    fn through(self: Arc<Self>, inner: SharedHttpClient) -> SharedHttpClient {
        http_client_fn(move |settings, components| {
            let connector = inner.http_connector(settings, components);
            SharedHttpConnector::new(Metered { connector, meter: Arc::clone(&self) })
        })
    }

    fn note(&self, operation: &str, sent: u64, received: u64, has_failed: bool, consumed: &[Consumed]) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let calls = counts.operations.entry(operation.to_owned()).or_default();
        calls.calls += 1;
        calls.failed += u64::from(has_failed);
        calls.sent_bytes += sent;
        calls.received_bytes += received;
        for Consumed { name, units } in consumed {
            let sum = counts.units.entry(name.clone()).or_default();
            sum.read += units.read;
            sum.write += units.write;
        }
    }
}

#[derive(Debug)]
struct Metered {
    connector: SharedHttpConnector,
    meter: Arc<Meter>,
}

impl HttpConnector for Metered {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let (connector, meter) = (self.connector.clone(), Arc::clone(&self.meter));
        HttpConnectorFuture::new(async move {
            let target = request.headers().get("x-amz-target").unwrap_or_default().to_owned();
            let (service, operation) = target.split_once('.').unwrap_or(("", &target));
            let sent = request.body().bytes().map_or(0, |body| body.len() as u64);
            let is_dynamodb = service.starts_with("DynamoDB");
            if is_dynamodb {
                let _open = meter.gate.read().await;
                ask_for_units(&mut request);
            }
            let mut response = connector.call(request).await?;
            let body = ByteStream::new(response.take_body()).collect().await;
            let body = body.map_err(|error| ConnectorError::io(error.into()))?.into_bytes();
            let (body, consumed) = match is_dynamodb.then(|| take_units(operation, &body)).flatten() {
                Some((body, consumed)) => (SdkBody::from(body), consumed),
                None => (SdkBody::from(body), Vec::new()),
            };
            let received = body.bytes().map_or(0, |body| body.len() as u64);
            meter.note(operation, sent, received, !response.status().is_success(), &consumed);
            Ok(with_body(response, body))
        })
    }
}

/// Changes a signed request. The embedded services check neither its signature nor its checksum.
fn ask_for_units(request: &mut HttpRequest) {
    let Some(rest) = request.body().bytes().and_then(|body| body.strip_prefix(b"{")) else { return };
    let body = [UNITS_WANTED, rest].concat();
    request.headers_mut().insert("content-length", body.len().to_string());
    *request.body_mut() = SdkBody::from(body);
}

fn with_body(mut response: HttpResponse, body: SdkBody) -> HttpResponse {
    if let Some(length) = body.content_length() {
        response.headers_mut().insert("content-length", length.to_string());
    }
    // This is a checksum of the original body.
    response.headers_mut().remove("x-amz-crc32");
    *response.body_mut() = body;
    response
}

struct Consumed {
    name: String,
    units: Units,
}

/// Removes the units from an answer. Returns the answer and the units.
fn take_units(operation: &str, body: &[u8]) -> Option<(String, Vec<Consumed>)> {
    let mut answer: Json = serde_json::from_slice(body).ok()?;
    let tables = match answer.as_object_mut()?.remove("ConsumedCapacity") {
        None => Vec::new(),
        Some(Json::Array(tables)) => tables,
        Some(table) => vec![table],
    };
    let is_write = operation.contains("Write")
        || ["PutItem", "UpdateItem", "DeleteItem"].iter().any(|write| operation.starts_with(write));
    let mut consumed = Vec::new();
    for table in &tables {
        let name = table["TableName"].as_str().unwrap_or_default();
        consumed.push(Consumed { name: name.to_owned(), units: units(&table["Table"], is_write) });
        for indexes in ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"] {
            for (index, capacity) in table[indexes].as_object().into_iter().flatten() {
                consumed.push(Consumed { name: format!("{name} {index}"), units: units(capacity, is_write) });
            }
        }
    }
    Some((answer.to_string(), consumed))
}

/// DynamoDB separates read units from write units only in the answers to transactions.
fn units(capacity: &Json, is_write: bool) -> Units {
    let of = |name: &str| capacity[name].as_f64();
    let all = of("CapacityUnits").unwrap_or_default();
    match (of("ReadCapacityUnits"), of("WriteCapacityUnits")) {
        (None, None) if is_write => Units { read: 0.0, write: all },
        (None, None) => Units { read: all, write: 0.0 },
        (read, write) => Units { read: read.unwrap_or_default(), write: write.unwrap_or_default() },
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::{
        Client,
        types::{AttributeValue, Put, TransactWriteItem},
    };
    use local::{Options, Stack};
    use shared::aws::Aws;

    use super::*;

    fn text(text: &str) -> AttributeValue {
        AttributeValue::S(text.to_owned())
    }

    /// Writes a row of the alerts table. The index `by_incident` contains `status`. No index
    /// contains `raw`.
    async fn put(client: &Client, attributes: &[(&str, &str)]) {
        let mut put = Put::builder().table_name("AlertsTable").item("alert_id", text("A"));
        for (name, value) in attributes {
            put = put.item(*name, text(value));
        }
        let write = TransactWriteItem::builder().put(put.build().unwrap()).build();
        client.transact_write_items().transact_items(write).send().await.unwrap();
    }

    async fn stack() -> (Stack, Arc<Meter>, Client) {
        let meter = Arc::new(Meter::default());
        let stack = Stack::start(Options::default()).await.unwrap();
        let Wire(through) = meter.wire();
        let metered: Aws = through(stack.aws().clone());
        (stack, meter, metered.dynamodb())
    }

    #[tokio::test]
    async fn writes_are_charged_as_dynamodb_charges_them() {
        let (stack, meter, client) = stack().await;
        let mut before = Counts::default();
        let mut charged = || {
            let since = meter.counts() - &before;
            before = meter.counts();
            (since.units_of("AlertsTable").write, since.units.get("AlertsTable by_incident").map(|units| units.write))
        };
        let long = "x".repeat(1500);
        put(&client, &[("incident_id", "web"), ("raw", &long)]).await;
        assert_eq!(charged(), (5.0, Some(1.0)), "2 KB of row, twice in a transaction, and 1 KB of index, once");
        put(&client, &[("incident_id", "web"), ("raw", "")]).await;
        assert_eq!(charged(), (4.0, None), "an entry that does not change is free, a row costs its larger image");
        put(&client, &[("incident_id", "web"), ("status", "firing")]).await;
        assert_eq!(charged(), (3.0, Some(1.0)), "an entry that changes in place is one write");
        put(&client, &[("incident_id", "api"), ("status", "firing")]).await;
        assert_eq!(charged(), (4.0, Some(2.0)), "another key is a deletion and a write");
        put(&client, &[("status", "firing")]).await;
        assert_eq!(charged(), (3.0, Some(1.0)), "leaving an index is a deletion");
        stack.stop().await;
    }

    #[tokio::test]
    async fn reads_are_charged_by_size_and_consistency_and_failures_are_counted() {
        let (stack, meter, client) = stack().await;
        put(&client, &[("raw", &"x".repeat(5000))]).await;
        let written = meter.counts();
        for strong in [true, false] {
            let get = client.get_item().table_name("AlertsTable").key("alert_id", text("A"));
            assert!(get.consistent_read(strong).send().await.unwrap().item.is_some());
        }
        let read = meter.counts() - &written;
        assert_eq!(read.units_of("AlertsTable"), Units { read: 3.0, write: 0.0 });
        let get = client.get_item().table_name("NoSuchTable").key("alert_id", text("A"));
        assert!(get.send().await.is_err());
        let calls = meter.counts().calls_of("GetItem");
        assert_eq!((calls.calls, calls.failed), (3, 1));
        assert!(calls.received_bytes > 10_000 && calls.sent_bytes > 0);
        stack.stop().await;
    }
}
