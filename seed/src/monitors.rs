//! The monitors that Hafenmarkt runs in Datadog, as data.

use crate::company::{
    CATALOG, CHECKOUT, EDGE_GATEWAY, EVENT_BUS, IDENTITY, INVENTORY, LEDGER, NOTIFICATIONS, PAYMENTS, SEARCH, SHIPPING,
    STOREFRONT_WEB, Service,
};

/// One monitor. In its texts `{group}` stands for the group that fired, `{env}` for the
/// environment and `{value}` for what was measured.
#[derive(Debug)]
pub(crate) struct Monitor {
    pub(crate) id: u64,
    pub(crate) service: &'static Service,
    /// 1 to 5, as in P1 to P5.
    pub(crate) priority: u8,
    pub(crate) kind: Kind,
    pub(crate) name: &'static str,
    pub(crate) metric: &'static str,
    pub(crate) query: &'static str,
    pub(crate) text: &'static str,
    /// The range from which `{value}` is drawn.
    pub(crate) value: (u32, u32),
    /// The tag by which it fires separately, and that tag's values.
    pub(crate) groups: Option<(&'static str, &'static [&'static str])>,
    pub(crate) template: Template,
}

/// `$EVENT_TYPE` of a monitor's notifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Metric,
    Query,
    Log,
    Check,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Metric => "metric_alert_monitor",
            Self::Query => "query_alert_monitor",
            Self::Log => "log_alert",
            Self::Check => "service_check",
        }
    }
}

/// Which body somebody typed into the webhook that a monitor notifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Template {
    /// The one that this project publishes.
    Published,
    /// Datadog's own, never changed: no transition, no tags.
    Default,
    /// One with other names for the same things, left over from another tool.
    Inherited,
}

/// What a monitor has unless it says otherwise.
const USUAL: Monitor = Monitor {
    id: 0,
    service: &EVENT_BUS,
    priority: 3,
    kind: Kind::Query,
    name: "",
    metric: "",
    query: "",
    text: "",
    value: (1, 100),
    groups: None,
    template: Template::Published,
};

const BROKERS: &[&str] = &["kafka-01", "kafka-02", "kafka-03", "kafka-04", "kafka-05", "kafka-06"];
const PARTITIONS: &[&str] = &["0", "3", "4", "7", "11", "12", "17", "23"];
const ZONES: &[&str] = &["eu-central-1a", "eu-central-1b", "eu-central-1c"];
const NODES: &[&str] = &["ip-10-24-3-17", "ip-10-24-3-88", "ip-10-24-5-140", "ip-10-24-7-9"];

pub(crate) static BROKER_DOWN: Monitor = Monitor {
    id: 151_204_410,
    priority: 1,
    kind: Kind::Check,
    name: "Kafka broker {group} does not answer",
    metric: "kafka.can_connect",
    query: "\"kafka.can_connect\".over(\"env:{env}\",\"service:event-bus\").by(\"host\").last(4).count_by_status()",
    text: "{group} failed {value} connection checks in a row. Clients fail over to the other brokers; watch under-replicated partitions before restarting anything.\nRunbook: https://wiki.hafenmarkt.example/runbooks/kafka-broker-down",
    value: (3, 9),
    groups: Some(("host", BROKERS)),
    ..USUAL
};

pub(crate) static UNDER_REPLICATED: Monitor = Monitor {
    id: 151_204_411,
    priority: 2,
    name: "Under-replicated partitions on the event bus",
    metric: "kafka.replication.under_replicated_partitions",
    query: "max(last_5m):sum:kafka.replication.under_replicated_partitions{env:{env},service:event-bus} > 0",
    text: "{value} partitions have fewer in-sync replicas than configured. Producers with acks=all slow down or fail from here on.",
    value: (8, 240),
    ..USUAL
};

pub(crate) static BROKER_DISK: Monitor = Monitor {
    id: 151_204_415,
    kind: Kind::Metric,
    name: "Log volume of {group} is above 85 %",
    metric: "system.disk.in_use",
    query: "avg(last_15m):max:system.disk.in_use{env:{env},service:event-bus,device:/dev/nvme1n1} by {host} > 0.85",
    text: "/var/lib/kafka on {group} is at {value} %. Retention of clickstream.v1 is the usual suspect.",
    value: (86, 94),
    groups: Some(("host", BROKERS)),
    template: Template::Inherited,
    ..USUAL
};

pub(crate) static EDGE_5XX: Monitor = Monitor {
    id: 148_770_031,
    service: &EDGE_GATEWAY,
    priority: 1,
    name: "Edge answers more than 2 % of requests with 5xx in {group}",
    metric: "envoy.http.downstream_rq_5xx",
    query: "sum(last_5m):sum:envoy.http.downstream_rq_5xx{env:{env}} by {availability-zone}.as_count() / sum:envoy.http.downstream_rq_total{env:{env}} by {availability-zone}.as_count() > 0.02",
    text: "{value} ‰ of the requests through {group} end in a 5xx. Look at `upstream_cluster` first: one cluster points to a service, all of them to the zone.\n@slack-platform-oncall",
    value: (24, 310),
    groups: Some(("availability-zone", ZONES)),
    template: Template::Inherited,
    ..USUAL
};

pub(crate) static EDGE_LATENCY: Monitor = Monitor {
    id: 148_770_032,
    service: &EDGE_GATEWAY,
    priority: 2,
    name: "Edge p99 latency is above 2 s in {group}",
    metric: "envoy.http.downstream_rq_time.99percentile",
    query: "avg(last_5m):max:envoy.http.downstream_rq_time.99percentile{env:{env}} by {availability-zone} > 2000",
    text: "p99 is {value} ms in {group}.",
    value: (2100, 7800),
    groups: Some(("availability-zone", ZONES)),
    ..USUAL
};

pub(crate) static EDGE_HANDSHAKES: Monitor = Monitor {
    id: 148_770_036,
    service: &EDGE_GATEWAY,
    priority: 1,
    name: "TLS handshakes fail at the edge",
    metric: "envoy.ssl.connection_error",
    query: "sum(last_5m):sum:envoy.ssl.connection_error{env:{env},service:edge-gateway}.as_rate() > 5",
    text: "{value} handshakes a second fail. If it is one server name only, check its certificate.",
    value: (9, 160),
    ..USUAL
};

pub(crate) static EDGE_CERTIFICATE: Monitor = Monitor {
    id: 148_770_040,
    service: &EDGE_GATEWAY,
    kind: Kind::Metric,
    name: "Certificate of {group} expires within a week",
    metric: "http.ssl.days_left",
    query: "min(last_1h):min:http.ssl.days_left{env:{env}} by {server_name} < 7",
    text: "{value} days left for {group}. cert-manager should have renewed it three weeks ago: look at its last order.\nRunbook: https://wiki.hafenmarkt.example/runbooks/certificates",
    value: (1, 6),
    groups: Some(("server_name", &["api.hafenmarkt.example", "img.hafenmarkt.example", "partner.hafenmarkt.example"])),
    ..USUAL
};

pub(crate) static EDGE_WAF: Monitor = Monitor {
    id: 148_770_044,
    service: &EDGE_GATEWAY,
    priority: 4,
    kind: Kind::Log,
    name: "Firewall blocks more requests than usual",
    metric: "",
    query: "logs(\"source:waf action:BLOCK env:{env}\").index(\"edge\").rollup(\"count\").last(\"15m\") > 2000",
    text: "{value} requests blocked in 15 minutes, mostly rule `credential-stuffing`. No customer impact expected.",
    value: (2100, 9400),
    ..USUAL
};

pub(crate) static LOGIN_FAILURES: Monitor = Monitor {
    id: 149_310_201,
    service: &IDENTITY,
    priority: 1,
    name: "More than 20 % of logins fail",
    metric: "identity.login.failed",
    query: "sum(last_5m):sum:identity.login.failed{env:{env}}.as_count() / sum:identity.login.attempted{env:{env}}.as_count() > 0.2",
    text: "{value} % of logins fail. Wrong passwords alone never exceed 9 %.\n@pagerduty-platform",
    value: (21, 97),
    ..USUAL
};

pub(crate) static TOKEN_LATENCY: Monitor = Monitor {
    id: 149_310_202,
    service: &IDENTITY,
    priority: 2,
    name: "Token endpoint p95 is above 800 ms",
    metric: "trace.http.request",
    query: "percentile(last_5m):p95:trace.http.request{env:{env},service:identity,resource_name:post_/oauth/token} > 0.8",
    text: "p95 of POST /oauth/token is {value} ms. Every other service refreshes its tokens here.",
    value: (820, 4900),
    ..USUAL
};

pub(crate) static IDENTITY_CONNECTIONS: Monitor = Monitor {
    id: 149_310_207,
    service: &IDENTITY,
    priority: 2,
    kind: Kind::Metric,
    name: "identity-db uses more than 90 % of its connections",
    metric: "postgresql.percent_usage_connections",
    query: "avg(last_5m):max:postgresql.percent_usage_connections{env:{env},service:identity} > 0.9",
    text: "{value} % of max_connections in use. Above 97 % only superusers get in.",
    value: (91, 100),
    ..USUAL
};

pub(crate) static IDENTITY_RESTARTS: Monitor = Monitor {
    id: 149_310_209,
    service: &IDENTITY,
    name: "Pod {group} restarts again and again",
    metric: "kubernetes.containers.restarts",
    query: "change(max(last_10m),last_10m):max:kubernetes.containers.restarts{env:{env},service:identity} by {pod_name} > 3",
    text: "{value} restarts of {group} in 10 minutes. Last state: Error, exit code 1.",
    value: (4, 11),
    groups: Some(("pod_name", &["identity-6c5d9f7b8-2kqxl", "identity-6c5d9f7b8-9vz4m", "identity-6c5d9f7b8-hw7tc"])),
    template: Template::Inherited,
    ..USUAL
};

pub(crate) static CHECKOUT_LATENCY: Monitor = Monitor {
    id: 150_118_300,
    service: &CHECKOUT,
    priority: 2,
    name: "Checkout p95 latency is above 1.5 s",
    metric: "trace.servlet.request",
    query: "percentile(last_5m):p95:trace.servlet.request{env:{env},service:checkout} > 1.5",
    text: "p95 is {value} ms over the last 5 minutes (threshold 1500 ms).\nDashboard: https://app.datadoghq.eu/dashboard/h4f-chk-out\n@slack-payments-oncall",
    value: (1540, 9200),
    ..USUAL
};

pub(crate) static CHECKOUT_ERRORS: Monitor = Monitor {
    id: 150_118_301,
    service: &CHECKOUT,
    priority: 1,
    name: "Checkout error ratio is above 3 %",
    metric: "trace.servlet.request.errors",
    query: "sum(last_5m):sum:trace.servlet.request.errors{env:{env},service:checkout}.as_count() / sum:trace.servlet.request.hits{env:{env},service:checkout}.as_count() > 0.03",
    text: "{value} ‰ of checkout requests fail. Customers see “Something went wrong, you have not been charged”.\n@pagerduty-payments",
    value: (31, 420),
    ..USUAL
};

pub(crate) static CHECKOUT_POOL: Monitor = Monitor {
    id: 150_118_304,
    service: &CHECKOUT,
    priority: 2,
    kind: Kind::Metric,
    name: "Connection pool of {group} is exhausted",
    metric: "hikaricp.connections.pending",
    query: "avg(last_5m):max:hikaricp.connections.pending{env:{env},service:checkout} by {pod_name} > 10",
    text: "{value} requests wait for a connection to checkout-db on {group}.",
    value: (11, 64),
    groups: Some(("pod_name", CHECKOUT_PODS)),
    ..USUAL
};

pub(crate) static CHECKOUT_OOM: Monitor = Monitor {
    id: 150_118_306,
    service: &CHECKOUT,
    priority: 2,
    kind: Kind::Check,
    name: "Pod {group} was OOMKilled",
    metric: "kubernetes.containers.state.terminated",
    query: "sum(last_5m):sum:kubernetes.containers.state.terminated{env:{env},service:checkout,reason:oomkilled} by {pod_name} > 0",
    text: "{group} was killed at {value} MiB of its 1536 MiB limit.",
    value: (1519, 1536),
    groups: Some(("pod_name", CHECKOUT_PODS)),
    ..USUAL
};

const CHECKOUT_PODS: &[&str] =
    &["checkout-7f9b6d5c4-4xq2n", "checkout-7f9b6d5c4-b8wkd", "checkout-7f9b6d5c4-jm6rp", "checkout-7f9b6d5c4-tz9vh"];

pub(crate) static ORDERS_BELOW_FORECAST: Monitor = Monitor {
    id: 150_118_310,
    service: &CHECKOUT,
    priority: 1,
    name: "Orders per minute are far below the forecast",
    metric: "checkout.orders.placed",
    query: "avg(last_15m):anomalies(sum:checkout.orders.placed{env:{env}}.as_rate(), 'agile', 3, direction='below') >= 0.9",
    text: "{value} orders a minute, a fraction of what this hour of the week usually brings.",
    value: (2, 41),
    ..USUAL
};

pub(crate) static PROVIDER_5XX: Monitor = Monitor {
    id: 150_440_118,
    service: &PAYMENTS,
    priority: 1,
    name: "Payment provider {group} answers with 5xx",
    metric: "payments.provider.responses",
    query: "sum(last_5m):sum:payments.provider.responses{env:{env},status_class:5xx} by {provider}.as_count() > 50",
    text: "{value} server errors from {group} in 5 minutes. Routing falls back to the next provider only for cards, not for SEPA.\nStatus pages: https://wiki.hafenmarkt.example/payments/providers\n@pagerduty-payments",
    value: (52, 870),
    groups: Some(("provider", &["cardbridge", "paynord", "sepa-direct"])),
    ..USUAL
};

pub(crate) static PAYMENTS_LATENCY: Monitor = Monitor {
    id: 150_440_119,
    service: &PAYMENTS,
    priority: 2,
    name: "Authorisations take longer than 3 s (p95)",
    metric: "payments.authorise.duration",
    query: "percentile(last_5m):p95:payments.authorise.duration{env:{env},service:payments} > 3",
    text: "p95 of an authorisation is {value} ms.",
    value: (3050, 14_000),
    ..USUAL
};

pub(crate) static PAYMENTS_3DS: Monitor = Monitor {
    id: 150_440_124,
    service: &PAYMENTS,
    priority: 2,
    name: "3-D Secure challenges succeed less often than 85 % for {group}",
    metric: "payments.threeds.challenge",
    query: "sum(last_15m):sum:payments.threeds.challenge{env:{env},result:success} by {issuer_country}.as_count() / sum:payments.threeds.challenge{env:{env}} by {issuer_country}.as_count() < 0.85",
    text: "Only {value} % of the challenges of cards from {group} succeed.",
    value: (12, 84),
    groups: Some(("issuer_country", &["AT", "DE", "DK", "FR", "PL"])),
    ..USUAL
};

pub(crate) static PAYMENTS_CALLBACKS: Monitor = Monitor {
    id: 150_440_127,
    service: &PAYMENTS,
    name: "Provider callbacks pile up in {group}",
    metric: "aws.sqs.approximate_age_of_oldest_message",
    query: "max(last_10m):max:aws.sqs.approximate_age_of_oldest_message{env:{env},service:payments} by {queuename} > 300",
    text: "The oldest callback in {group} is {value} s old. Orders stay “payment pending” meanwhile.",
    value: (310, 3900),
    groups: Some(("queuename", &["callbacks-cardbridge", "callbacks-paynord", "callbacks-refunds"])),
    template: Template::Inherited,
    ..USUAL
};

pub(crate) static PAYMENTS_SATURATION: Monitor = Monitor {
    id: 150_440_130,
    service: &PAYMENTS,
    kind: Kind::Metric,
    name: "Goroutines of {group} grow without bound",
    metric: "go.goroutines",
    query: "avg(last_10m):max:go.goroutines{env:{env},service:payments} by {pod_name} > 5000",
    text: "{value} goroutines on {group}; about 400 is normal. Usually calls without a deadline.",
    value: (5100, 48_000),
    groups: Some(("pod_name", &["payments-5bd4c8f66-7hnzr", "payments-5bd4c8f66-fq2lv", "payments-5bd4c8f66-x5ptc"])),
    ..USUAL
};

pub(crate) static LEDGER_REPLICA: Monitor = Monitor {
    id: 150_902_051,
    service: &LEDGER,
    priority: 2,
    kind: Kind::Metric,
    name: "Replica {group} lags behind by more than 60 s",
    metric: "aws.rds.replica_lag",
    query: "avg(last_5m):max:aws.rds.replica_lag{env:{env},service:ledger} by {dbinstanceidentifier} > 60",
    text: "{group} is {value} s behind its primary. Balances shown to merchants are that old.",
    value: (62, 1900),
    groups: Some(("dbinstanceidentifier", &["ledger-db-replica-1", "ledger-db-replica-2"])),
    ..USUAL
};

pub(crate) static LEDGER_PRIMARY: Monitor = Monitor {
    id: 150_902_052,
    service: &LEDGER,
    priority: 1,
    kind: Kind::Check,
    name: "Primary of ledger-db refuses connections",
    metric: "postgres.can_connect",
    query: "\"postgres.can_connect\".over(\"env:{env}\",\"service:ledger\",\"role:primary\").last(3).count_by_status()",
    text: "{value} checks in a row failed. If a failover is running it takes 60 to 120 s: wait for it before you touch anything.\n@pagerduty-payments",
    value: (3, 12),
    ..USUAL
};

pub(crate) static LEDGER_LAG: Monitor = Monitor {
    id: 150_902_056,
    service: &LEDGER,
    priority: 2,
    name: "Ledger projection lags on partition {group} of payments.v3",
    metric: "kafka.consumer_lag",
    query: "max(last_10m):max:kafka.consumer_lag{env:{env},consumer_group:ledger-projection,topic:payments.v3} by {partition} > 5000",
    text: "{value} messages behind on partition {group}.",
    value: (5200, 96_000),
    groups: Some(("partition", PARTITIONS)),
    ..USUAL
};

pub(crate) static LEDGER_EXPORT: Monitor = Monitor {
    id: 150_902_060,
    service: &LEDGER,
    name: "Settlement export is overdue",
    metric: "ledger.export.age",
    query: "max(last_30m):max:ledger.export.age{env:{env},job:settlement} > 18000",
    text: "The last complete export is {value} min old. The bank closes its books an hour from now.",
    value: (310, 420),
    ..USUAL
};

pub(crate) static LEDGER_BACKUP: Monitor = Monitor {
    id: 150_902_071,
    service: &LEDGER,
    priority: 4,
    kind: Kind::Metric,
    name: "Backup of ledger-db took longer than usual",
    metric: "ledger.backup.duration",
    query: "max(last_1h):max:ledger.backup.duration{env:{env}} > 10800",
    text: "The snapshot took {value} min (usually 95). It is complete.",
    value: (181, 260),
    template: Template::Default,
    ..USUAL
};

pub(crate) static INVENTORY_LATENCY: Monitor = Monitor {
    id: 152_330_400,
    service: &INVENTORY,
    priority: 2,
    name: "Stock reservations take longer than 700 ms (p95)",
    metric: "trace.grpc.server",
    query: "percentile(last_5m):p95:trace.grpc.server{env:{env},service:inventory,resource_name:stock.reserve} > 0.7",
    text: "p95 of stock.Reserve is {value} ms.",
    value: (720, 5300),
    ..USUAL
};

pub(crate) static INVENTORY_OVERSOLD: Monitor = Monitor {
    id: 152_330_401,
    service: &INVENTORY,
    priority: 1,
    kind: Kind::Log,
    name: "Articles are sold that are not in stock",
    metric: "",
    query: "logs(\"service:inventory env:{env} @event:oversold\").index(\"main\").rollup(\"count\").last(\"15m\") > 10",
    text: "{value} reservations went below zero in 15 minutes. Warehouse Bremerhaven cancels them by hand tomorrow if we do not.\n@slack-fulfilment-oncall",
    value: (11, 230),
    ..USUAL
};

pub(crate) static INVENTORY_OOM: Monitor = Monitor {
    id: 152_330_404,
    service: &INVENTORY,
    priority: 2,
    kind: Kind::Check,
    name: "Pod {group} was OOMKilled",
    metric: "kubernetes.containers.state.terminated",
    query: "sum(last_5m):sum:kubernetes.containers.state.terminated{env:{env},service:inventory,reason:oomkilled} by {pod_name} > 0",
    text: "{group} was killed at {value} MiB of its 2048 MiB limit. Kubernetes has started it again.",
    value: (2031, 2048),
    groups: Some((
        "pod_name",
        &[
            "inventory-84c7d6bb9-5nd8x",
            "inventory-84c7d6bb9-cl2wq",
            "inventory-84c7d6bb9-pv7kz",
            "inventory-84c7d6bb9-zr4mj",
        ],
    )),
    ..USUAL
};

pub(crate) static INVENTORY_LAG: Monitor = Monitor {
    id: 152_330_406,
    service: &INVENTORY,
    priority: 2,
    name: "Consumer lag of inventory-projector on partition {group} of orders.v2",
    metric: "kafka.consumer_lag",
    query: "max(last_10m):max:kafka.consumer_lag{env:{env},consumer_group:inventory-projector,topic:orders.v2} by {partition} > 10000",
    text: "{value} orders behind on partition {group}. Stock shown in the shop is too high until it catches up.\nRunbook: https://wiki.hafenmarkt.example/runbooks/consumer-lag",
    value: (10_400, 240_000),
    groups: Some(("partition", PARTITIONS)),
    ..USUAL
};

pub(crate) static CARRIER_ERRORS: Monitor = Monitor {
    id: 152_771_090,
    service: &SHIPPING,
    priority: 2,
    name: "Carrier {group} rejects or drops label requests",
    metric: "shipping.carrier.errors",
    query: "sum(last_10m):sum:shipping.carrier.errors{env:{env}} by {carrier}.as_count() / sum:shipping.carrier.requests{env:{env}} by {carrier}.as_count() > 0.1",
    text: "{value} % of the label requests to {group} fail.",
    value: (11, 100),
    groups: Some(("carrier", &["nordpost", "kurier24", "paczka-express"])),
    ..USUAL
};

pub(crate) static LABEL_QUEUE: Monitor = Monitor {
    id: 152_771_093,
    service: &SHIPPING,
    name: "Labels wait longer than 15 minutes in warehouse {group}",
    metric: "shipping.labels.oldest_age",
    query: "max(last_10m):max:shipping.labels.oldest_age{env:{env}} by {warehouse} > 900",
    text: "The oldest unprinted label in {group} is {value} min old. Packing stops when it reaches an hour.",
    value: (16, 140),
    groups: Some(("warehouse", &["Bremerhaven", "Gdańsk", "Malmö", "Poznań"])),
    ..USUAL
};

pub(crate) static SHIPPING_SFTP: Monitor = Monitor {
    id: 152_771_099,
    service: &SHIPPING,
    kind: Kind::Check,
    name: "SFTP drop of kurier24 is not reachable",
    metric: "network.tcp.can_connect",
    query: "\"network.tcp.can_connect\".over(\"instance:kurier24_sftp\").last(5).count_by_status()",
    text: "{value} connection attempts to sftp.kurier24.example:22 failed.",
    value: (4, 12),
    template: Template::Default,
    ..USUAL
};

pub(crate) static NOTIFICATION_QUEUE: Monitor = Monitor {
    id: 153_015_500,
    service: &NOTIFICATIONS,
    name: "Messages wait in queue {group}",
    metric: "celery.queue.length",
    query: "avg(last_10m):max:celery.queue.length{env:{env},service:notifications} by {queue} > 5000",
    text: "{value} messages wait in {group}.",
    value: (5100, 61_000),
    groups: Some(("queue", &["email-transactional", "email-marketing", "push", "sms"])),
    ..USUAL
};

pub(crate) static NOTIFICATION_LAG: Monitor = Monitor {
    id: 153_015_502,
    service: &NOTIFICATIONS,
    name: "Consumer lag of notification-dispatcher",
    metric: "kafka.consumer_lag",
    query: "max(last_10m):sum:kafka.consumer_lag{env:{env},consumer_group:notification-dispatcher} > 20000",
    text: "{value} events behind. Order confirmations arrive late.",
    value: (20_500, 180_000),
    template: Template::Inherited,
    ..USUAL
};

pub(crate) static NOTIFICATION_BOUNCES: Monitor = Monitor {
    id: 153_015_505,
    service: &NOTIFICATIONS,
    name: "Bounce rate is above 4 % for {group}",
    metric: "notifications.email.bounced",
    query: "sum(last_1h):sum:notifications.email.bounced{env:{env}} by {recipient_domain}.as_count() / sum:notifications.email.sent{env:{env}} by {recipient_domain}.as_count() > 0.04",
    text: "{value} % of the mail to {group} bounces.",
    value: (5, 63),
    groups: Some(("recipient_domain", &["mail.example.de", "poczta.example.pl", "post.example.dk"])),
    ..USUAL
};

pub(crate) static SEARCH_LATENCY: Monitor = Monitor {
    id: 149_880_610,
    service: &SEARCH,
    priority: 2,
    name: "Search p95 latency is above 900 ms",
    metric: "trace.servlet.request",
    query: "percentile(last_5m):p95:trace.servlet.request{env:{env},service:search} > 0.9",
    text: "p95 is {value} ms. Above 2.5 s the shop falls back to category lists.\n@slack-storefront-oncall",
    value: (920, 6100),
    ..USUAL
};

pub(crate) static SEARCH_HEAP: Monitor = Monitor {
    id: 149_880_612,
    service: &SEARCH,
    priority: 2,
    kind: Kind::Metric,
    name: "JVM heap of {group} is above 90 %",
    metric: "jvm.mem.heap_in_use",
    query: "avg(last_10m):max:jvm.mem.heap_in_use{env:{env},service:search} by {host} > 90",
    text: "Heap of {group} is at {value} % after collection. Circuit breakers open at 95 %.",
    value: (91, 98),
    groups: Some(("host", &["es-data-1", "es-data-2", "es-data-3", "es-data-4"])),
    ..USUAL
};

pub(crate) static SEARCH_RED: Monitor = Monitor {
    id: 149_880_613,
    service: &SEARCH,
    priority: 1,
    kind: Kind::Check,
    name: "Search cluster is red",
    metric: "elasticsearch.cluster_health",
    query: "\"elasticsearch.cluster_health\".over(\"env:{env}\",\"service:search\").last(2).count_by_status()",
    text: "{value} primary shards are unassigned.",
    value: (1, 18),
    ..USUAL
};

pub(crate) static SEARCH_INDEX_LAG: Monitor = Monitor {
    id: 149_880_616,
    service: &SEARCH,
    name: "Search index is behind the catalogue",
    metric: "search.index.lag_seconds",
    query: "avg(last_10m):max:search.index.lag_seconds{env:{env}} by {index} > 600",
    text: "{group} is {value} s behind: new articles and prices do not show up in search.",
    value: (640, 9800),
    groups: Some(("index", &["articles-de", "articles-pl", "articles-sv"])),
    ..USUAL
};

pub(crate) static SEARCH_SYNONYMS: Monitor = Monitor {
    id: 149_880_620,
    service: &SEARCH,
    priority: 5,
    kind: Kind::Log,
    name: "Search terms without results are above their weekly average",
    metric: "",
    query: "logs(\"service:search env:{env} @hits:0\").index(\"main\").rollup(\"cardinality\", \"@query\").last(\"1h\") > 400",
    text: "{value} different search terms found nothing in the last hour; first on the list: “Weihnachtsbaumständer”, “grøtris”.",
    value: (405, 900),
    ..USUAL
};

pub(crate) static CATALOG_ERRORS: Monitor = Monitor {
    id: 149_902_330,
    service: &CATALOG,
    priority: 2,
    name: "Catalogue answers more than 2 % of requests with 5xx",
    metric: "trace.flask.request.errors",
    query: "sum(last_5m):sum:trace.flask.request.errors{env:{env},service:catalog}.as_count() / sum:trace.flask.request.hits{env:{env},service:catalog}.as_count() > 0.02",
    text: "{value} ‰ of the requests fail.",
    value: (21, 260),
    ..USUAL
};

pub(crate) static CATALOG_CACHE: Monitor = Monitor {
    id: 149_902_332,
    service: &CATALOG,
    name: "Cache hit ratio of the catalogue is below 80 %",
    metric: "catalog.cache.hit_ratio",
    query: "avg(last_10m):avg:catalog.cache.hit_ratio{env:{env}} < 0.8",
    text: "{value} % of the lookups hit the cache; everything else goes to the database.",
    value: (9, 79),
    ..USUAL
};

pub(crate) static CATALOG_REDIS: Monitor = Monitor {
    id: 149_902_335,
    service: &CATALOG,
    priority: 2,
    kind: Kind::Metric,
    name: "Redis node {group} evicts keys",
    metric: "redis.keys.evicted",
    query: "avg(last_5m):sum:redis.keys.evicted{env:{env},service:catalog} by {host}.as_rate() > 50",
    text: "{value} keys a second are evicted on {group}: maxmemory is reached.",
    value: (55, 4100),
    groups: Some(("host", &["catalog-redis-001", "catalog-redis-002", "catalog-redis-003"])),
    ..USUAL
};

pub(crate) static CATALOG_IMPORT: Monitor = Monitor {
    id: 149_902_341,
    service: &CATALOG,
    priority: 5,
    kind: Kind::Log,
    name: "Supplier feed {group} was imported with skipped rows",
    metric: "",
    query: "logs(\"service:catalog env:{env} @event:feed_imported @skipped:>0\").index(\"main\").rollup(\"count\").by(\"@feed\").last(\"1h\") > 0",
    text: "{value} rows of {group} were skipped: no price or unknown unit.",
    value: (3, 180),
    groups: Some(("feed", &["grønt-og-frisk", "haus-und-hof", "łódź-tekstylia"])),
    ..USUAL
};

pub(crate) static WEB_SYNTHETIC: Monitor = Monitor {
    id: 153_440_712,
    service: &STOREFRONT_WEB,
    priority: 1,
    kind: Kind::Check,
    name: "Synthetic purchase fails from {group}",
    metric: "synthetics.test_runs",
    query: "\"synthetics.test_runs\".over(\"env:{env}\",\"check_id:8c2-n4k-5yt\").by(\"location\").last(3).count_by_status()",
    text: "Step “Pay now” timed out after {value} s from {group}.",
    value: (30, 60),
    groups: Some(("location", &["Frankfurt", "København", "Stockholm", "Warszawa"])),
    ..USUAL
};

pub(crate) static WEB_5XX: Monitor = Monitor {
    id: 153_440_715,
    service: &STOREFRONT_WEB,
    priority: 2,
    name: "Storefront renders more than 1 % error pages",
    metric: "trace.next.request.errors",
    query: "sum(last_5m):sum:trace.next.request.errors{env:{env},service:storefront-web}.as_count() / sum:trace.next.request.hits{env:{env},service:storefront-web}.as_count() > 0.01",
    text: "{value} ‰ of the pages end in an error page.",
    value: (11, 340),
    ..USUAL
};

pub(crate) static WEB_VITALS: Monitor = Monitor {
    id: 153_440_718,
    service: &STOREFRONT_WEB,
    name: "Largest contentful paint is above 4 s in {group} (p75)",
    metric: "rum.largest_contentful_paint",
    query: "percentile(last_30m):p75:rum.largest_contentful_paint{env:{env},service:storefront-web} by {country} > 4",
    text: "p75 in {group} is {value} ms.",
    value: (4050, 9900),
    groups: Some(("country", &["Denmark", "Germany", "Poland", "Sweden"])),
    ..USUAL
};

pub(crate) static NODE_NOT_READY: Monitor = Monitor {
    id: 148_110_006,
    service: &EDGE_GATEWAY,
    priority: 2,
    kind: Kind::Check,
    name: "Kubernetes node {group} is NotReady",
    metric: "kubernetes_state.node.ready",
    query: "\"kubernetes_state.node.ready\".over(\"env:{env}\").by(\"host\").last(5).count_by_status()",
    text: "{group} has not reported for {value} s. Its pods are rescheduled after 5 minutes.",
    value: (90, 300),
    groups: Some(("host", NODES)),
    ..USUAL
};

pub(crate) static NODE_MEMORY: Monitor = Monitor {
    id: 148_110_009,
    service: &EDGE_GATEWAY,
    kind: Kind::Metric,
    name: "Node {group} is under memory pressure",
    metric: "kubernetes.memory.usage_pct",
    query: "avg(last_10m):max:kubernetes.memory.usage_pct{*} by {host} > 0.95",
    text: "{group} uses {value} % of its memory; the kubelet has begun to evict pods.",
    value: (95, 99),
    groups: Some(("host", NODES)),
    template: Template::Default,
    ..USUAL
};

pub(crate) static LOG_VOLUME: Monitor = Monitor {
    id: 148_110_020,
    service: &EDGE_GATEWAY,
    priority: 5,
    name: "Daily log volume is above its budget",
    metric: "datadog.estimated_usage.logs.ingested_bytes",
    query: "sum(last_1d):sum:datadog.estimated_usage.logs.ingested_bytes{env:{env}} > 950000000000",
    text: "{value} GB since midnight. Biggest sources: edge-gateway access logs, catalog debug logs.",
    value: (951, 1400),
    ..USUAL
};

pub(crate) static SLOW_DEPLOYMENT: Monitor = Monitor {
    id: 148_110_024,
    service: &EVENT_BUS,
    priority: 5,
    kind: Kind::Log,
    name: "Rollout of {group} took longer than usual",
    metric: "",
    query: "logs(\"source:argocd env:{env} @rollout.duration:>900\").index(\"main\").rollup(\"count\").by(\"@rollout.app\").last(\"1h\") > 0",
    text: "The rollout of {group} took {value} min. It finished.",
    value: (16, 44),
    groups: Some(("app", &["schema-registry", "kafka-connect", "mirror-maker"])),
    ..USUAL
};
