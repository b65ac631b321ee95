//! The errors that Hafenmarkt's services report to Sentry, and the metric rules over them, as data.

use crate::company::{
    CATALOG, CHECKOUT, EDGE_GATEWAY, IDENTITY, INVENTORY, LEDGER, NOTIFICATIONS, PAYMENTS, SEARCH, SHIPPING,
    STOREFRONT_WEB, Service,
};

/// One way in which a service's code fails.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) service: &'static Service,
    pub(crate) level: Level,
    /// The exception's type.
    pub(crate) kind: &'static str,
    pub(crate) value: &'static str,
    pub(crate) culprit: &'static str,
    pub(crate) file: &'static str,
    pub(crate) function: &'static str,
    pub(crate) line: u32,
    /// The source line that failed.
    pub(crate) code: &'static str,
}

/// Sentry's level of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Fatal,
    Error,
    Warning,
}

impl Level {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Fatal => "fatal",
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A metric alert rule.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) id: u64,
    pub(crate) service: &'static Service,
    pub(crate) name: &'static str,
    pub(crate) aggregate: &'static str,
    pub(crate) dataset: &'static str,
    pub(crate) query: &'static str,
    /// What is counted, as Sentry writes it: “events in the last 10 minutes”.
    pub(crate) unit: &'static str,
    pub(crate) warning: u32,
    pub(crate) critical: u32,
}

pub(crate) static WEB_PRICE: Fault = Fault {
    service: &STOREFRONT_WEB,
    level: Level::Error,
    kind: "TypeError",
    value: "Cannot read properties of undefined (reading 'grossPrice')",
    culprit: "ProductTile(app/components/product-tile)",
    file: "app/components/product-tile.tsx",
    function: "ProductTile",
    line: 48,
    code: "const price = format(offer.best.grossPrice, locale);",
};

pub(crate) static WEB_CHUNK: Fault = Fault {
    service: &STOREFRONT_WEB,
    level: Level::Error,
    kind: "ChunkLoadError",
    value: "Loading chunk 482 failed. (https://img.hafenmarkt.example/_next/static/chunks/482.6f1c0a.js)",
    culprit: "loadChunk(webpack/runtime)",
    file: "webpack/runtime/jsonp chunk loading",
    function: "__webpack_require__.f.j",
    line: 27,
    code: "error.message = 'Loading chunk ' + chunkId + ' failed.';",
};

pub(crate) static WEB_CART: Fault = Fault {
    service: &STOREFRONT_WEB,
    level: Level::Error,
    kind: "TimeoutError",
    value: "POST /api/checkout timed out after 8000 ms",
    culprit: "placeOrder(app/checkout/actions)",
    file: "app/checkout/actions.ts",
    function: "placeOrder",
    line: 112,
    code: "const order = await api.post('/api/checkout', draft, { timeout: 8000 });",
};

pub(crate) static WEB_NUMBER: Fault = Fault {
    service: &STOREFRONT_WEB,
    level: Level::Warning,
    kind: "RangeError",
    value: "„1.299,00 €“ ist keine gültige Zahl",
    culprit: "parsePrice(app/lib/money)",
    file: "app/lib/money.ts",
    function: "parsePrice",
    line: 19,
    code: "throw new RangeError(t('errors.notANumber', { text }));",
};

pub(crate) static WEB_SESSION: Fault = Fault {
    service: &STOREFRONT_WEB,
    level: Level::Error,
    kind: "SessionError",
    value: "refreshing the session failed: 401 invalid_token",
    culprit: "withSession(middleware)",
    file: "middleware.ts",
    function: "withSession",
    line: 64,
    code: "throw new SessionError(`refreshing the session failed: ${res.status} ${body.error}`);",
};

pub(crate) static SEARCH_BREAKER: Fault = Fault {
    service: &SEARCH,
    level: Level::Error,
    kind: "ElasticsearchException",
    value: "[circuit_breaking_exception] [parent] Data too large, data for [<http_request>] would be larger than the limit of [31.2gb]",
    culprit: "market.hafen.search.QueryService in search",
    file: "QueryService.java",
    function: "search",
    line: 203,
    code: "SearchResponse<Article> found = client.search(request, Article.class);",
};

pub(crate) static SEARCH_SHARDS: Fault = Fault {
    service: &SEARCH,
    level: Level::Fatal,
    kind: "NoShardAvailableActionException",
    value: "No shard available for [articles-de][4]",
    culprit: "market.hafen.search.SuggestService in suggest",
    file: "SuggestService.java",
    function: "suggest",
    line: 88,
    code: "return client.search(prefix(term), Suggestion.class).hits();",
};

pub(crate) static CATALOG_REDIS_TIMEOUT: Fault = Fault {
    service: &CATALOG,
    level: Level::Error,
    kind: "redis.exceptions.TimeoutError",
    value: "Timeout reading from catalog-redis-002:6379",
    culprit: "catalog.cache in get_many",
    file: "catalog/cache.py",
    function: "get_many",
    line: 71,
    code: "return dict(zip(keys, self._redis.mget(keys)))",
};

pub(crate) static CATALOG_FEED: Fault = Fault {
    service: &CATALOG,
    level: Level::Error,
    kind: "IntegrityError",
    value: "duplicate key value violates unique constraint \"offer_sku_supplier_key\" DETAIL: Key (sku, supplier)=(LÓD-40177, łódź-tekstylia) already exists.",
    culprit: "catalog.feeds.tasks in import_feed",
    file: "catalog/feeds/tasks.py",
    function: "import_feed",
    line: 156,
    code: "Offer.objects.bulk_create(batch)",
};

pub(crate) static CHECKOUT_CONNECTION: Fault = Fault {
    service: &CHECKOUT,
    level: Level::Error,
    kind: "SQLTransientConnectionException",
    value: "checkout-pool - Connection is not available, request timed out after 30000ms (total=20, active=20, idle=0, waiting=41)",
    culprit: "market.hafen.checkout.OrderRepository in insert",
    file: "OrderRepository.java",
    function: "insert",
    line: 94,
    code: "try (Connection connection = dataSource.getConnection()) {",
};

pub(crate) static CHECKOUT_PAYMENT: Fault = Fault {
    service: &CHECKOUT,
    level: Level::Error,
    kind: "PaymentUnavailableException",
    value: "payments answered 503 after 3 attempts",
    culprit: "market.hafen.checkout.PaymentClient in authorise",
    file: "PaymentClient.java",
    function: "authorise",
    line: 131,
    code: "throw new PaymentUnavailableException(response.status(), attempt);",
};

pub(crate) static CHECKOUT_STOCK: Fault = Fault {
    service: &CHECKOUT,
    level: Level::Error,
    kind: "StatusRuntimeException",
    value: "DEADLINE_EXCEEDED: deadline exceeded after 1.999s. [remote_addr=inventory.internal/10.24.11.52:9090]",
    culprit: "market.hafen.checkout.StockClient in reserve",
    file: "StockClient.java",
    function: "reserve",
    line: 57,
    code: "return stub.withDeadlineAfter(2, SECONDS).reserve(request);",
};

pub(crate) static PAYMENTS_DEADLINE: Fault = Fault {
    service: &PAYMENTS,
    level: Level::Error,
    kind: "*url.Error",
    value: "Post \"https://api.cardbridge.example/v3/authorisations\": context deadline exceeded",
    culprit: "hafenmarkt/payments/provider in (*CardBridge).Authorise",
    file: "provider/cardbridge.go",
    function: "(*CardBridge).Authorise",
    line: 141,
    code: "res, err := c.http.Do(req.WithContext(ctx))",
};

pub(crate) static PAYMENTS_SIGNATURE: Fault = Fault {
    service: &PAYMENTS,
    level: Level::Error,
    kind: "*callback.SignatureError",
    value: "callback of paynord: signature does not match (key id 7)",
    culprit: "hafenmarkt/payments/callback in Verify",
    file: "callback/verify.go",
    function: "Verify",
    line: 38,
    code: "return &SignatureError{Provider: p.Name, KeyID: h.KeyID}",
};

pub(crate) static PAYMENTS_CHALLENGE: Fault = Fault {
    service: &PAYMENTS,
    level: Level::Error,
    kind: "*threeds.ChallengeError",
    value: "challenge abandoned: issuer ACS answered 502 (Sparkasse Südholstein)",
    culprit: "hafenmarkt/payments/threeds in (*Flow).Continue",
    file: "threeds/flow.go",
    function: "(*Flow).Continue",
    line: 219,
    code: "return fmt.Errorf(\"challenge abandoned: %w\", acsErr)",
};

pub(crate) static LEDGER_CONFLICT: Fault = Fault {
    service: &LEDGER,
    level: Level::Error,
    kind: "PSQLException",
    value: "ERROR: canceling statement due to conflict with recovery",
    culprit: "market.hafen.ledger.BalanceQuery in balances",
    file: "BalanceQuery.java",
    function: "balances",
    line: 66,
    code: "ResultSet rows = statement.executeQuery();",
};

pub(crate) static LEDGER_READ_ONLY: Fault = Fault {
    service: &LEDGER,
    level: Level::Fatal,
    kind: "PSQLException",
    value: "ERROR: cannot execute INSERT in a read-only transaction",
    culprit: "market.hafen.ledger.PostingWriter in append",
    file: "PostingWriter.java",
    function: "append",
    line: 120,
    code: "insert.executeBatch();",
};

pub(crate) static LEDGER_UNBALANCED: Fault = Fault {
    service: &LEDGER,
    level: Level::Fatal,
    kind: "UnbalancedBatchException",
    value: "postings of batch 2 do not balance: Soll 10.412,50 €, Haben 10.412,49 €",
    culprit: "market.hafen.ledger.BatchCloser in close",
    file: "BatchCloser.java",
    function: "close",
    line: 73,
    code: "throw new UnbalancedBatchException(batch, debit, credit);",
};

pub(crate) static INVENTORY_REBALANCE: Fault = Fault {
    service: &INVENTORY,
    level: Level::Error,
    kind: "CommitFailedException",
    value: "Offset commit cannot be completed since the consumer is not part of an active group for auto partition assignment",
    culprit: "market.hafen.inventory.OrderProjector in run",
    file: "OrderProjector.java",
    function: "run",
    line: 101,
    code: "consumer.commitSync();",
};

pub(crate) static INVENTORY_HEAP: Fault = Fault {
    service: &INVENTORY,
    level: Level::Fatal,
    kind: "OutOfMemoryError",
    value: "Java heap space",
    culprit: "market.hafen.inventory.SnapshotJob in load",
    file: "SnapshotJob.java",
    function: "load",
    line: 44,
    code: "Map<String, Stock> all = repository.findAll();",
};

pub(crate) static INVENTORY_NEGATIVE: Fault = Fault {
    service: &INVENTORY,
    level: Level::Error,
    kind: "NegativeStockException",
    value: "article 88213 (Kaffeemühle „Grønland“): reserved 14, in stock 11",
    culprit: "market.hafen.inventory.ReservationService in reserve",
    file: "ReservationService.java",
    function: "reserve",
    line: 79,
    code: "throw new NegativeStockException(article, reserved, inStock);",
};

pub(crate) static SHIPPING_CARRIER: Fault = Fault {
    service: &SHIPPING,
    level: Level::Error,
    kind: "ReadTimeout",
    value: "HTTPSConnectionPool(host='api.nordpost.example', port=443): Read timed out. (read timeout=10)",
    culprit: "shipping.carriers.nordpost in create_label",
    file: "shipping/carriers/nordpost.py",
    function: "create_label",
    line: 83,
    code: "response = session.post(url, json=parcel, timeout=10)",
};

pub(crate) static SHIPPING_ENCODING: Fault = Fault {
    service: &SHIPPING,
    level: Level::Error,
    kind: "UnicodeEncodeError",
    value: "'latin-1' codec can't encode character '\\u0142' in position 3: ordinal not in range(256) — recipient “Michał Wróbel”, 91-463 Łódź",
    culprit: "shipping.labels.zpl in render",
    file: "shipping/labels/zpl.py",
    function: "render",
    line: 37,
    code: "return template.format(**fields).encode('latin-1')",
};

pub(crate) static SHIPPING_TRACKING: Fault = Fault {
    service: &SHIPPING,
    level: Level::Warning,
    kind: "KeyError",
    value: "'tracking_number'",
    culprit: "shipping.carriers.kurier24 in parse_manifest",
    file: "shipping/carriers/kurier24.py",
    function: "parse_manifest",
    line: 52,
    code: "numbers = [row['tracking_number'] for row in manifest]",
};

pub(crate) static NOTIFICATION_SMTP: Fault = Fault {
    service: &NOTIFICATIONS,
    level: Level::Error,
    kind: "SMTPServerDisconnected",
    value: "Connection unexpectedly closed: timed out",
    culprit: "notifications.transports.smtp in send",
    file: "notifications/transports/smtp.py",
    function: "send",
    line: 61,
    code: "self._connection.sendmail(sender, recipients, message)",
};

pub(crate) static NOTIFICATION_TEMPLATE: Fault = Fault {
    service: &NOTIFICATIONS,
    level: Level::Error,
    kind: "TemplateNotFound",
    value: "order_shipped.pl.mjml",
    culprit: "notifications.render in render",
    file: "notifications/render.py",
    function: "render",
    line: 29,
    code: "template = environment.get_template(f'{name}.{language}.mjml')",
};

pub(crate) static IDENTITY_SLOTS: Fault = Fault {
    service: &IDENTITY,
    level: Level::Error,
    kind: "*pgconn.ConnectError",
    value: "failed to connect to `host=identity-db user=identity`: server error (FATAL: remaining connection slots are reserved for roles with the SUPERUSER attribute)",
    culprit: "hafenmarkt/identity/store in (*Store).User",
    file: "store/user.go",
    function: "(*Store).User",
    line: 52,
    code: "row := s.pool.QueryRow(ctx, userByEmail, email)",
};

pub(crate) static IDENTITY_KEY: Fault = Fault {
    service: &IDENTITY,
    level: Level::Fatal,
    kind: "*jose.Error",
    value: "no signing key is valid now: newest key hm-41 has expired",
    culprit: "hafenmarkt/identity/tokens in (*Signer).Sign",
    file: "tokens/signer.go",
    function: "(*Signer).Sign",
    line: 77,
    code: "return nil, &jose.Error{Reason: \"no signing key is valid now\"}",
};

pub(crate) static EDGE_UPSTREAM: Fault = Fault {
    service: &EDGE_GATEWAY,
    level: Level::Error,
    kind: "*router.UpstreamError",
    value: "no healthy upstream for cluster checkout-v1 in eu-central-1b",
    culprit: "hafenmarkt/edge/router in (*Router).pick",
    file: "router/pick.go",
    function: "(*Router).pick",
    line: 164,
    code: "return nil, &UpstreamError{Cluster: cluster, Zone: zone}",
};

pub(crate) static CHECKOUT_FAILURES: Rule = Rule {
    id: 310_441,
    service: &CHECKOUT,
    name: "Checkout: failed transactions",
    aggregate: "failure_count()",
    dataset: "transactions",
    query: "transaction:\"POST /v2/orders\"",
    unit: "failed transactions in the last 10 minutes",
    warning: 100,
    critical: 300,
};

pub(crate) static STOREFRONT_ERRORS: Rule = Rule {
    id: 310_442,
    service: &STOREFRONT_WEB,
    name: "Storefront: errors in browsers",
    aggregate: "count_unique(user)",
    dataset: "events",
    query: "event.type:error",
    unit: "users with errors in the last 10 minutes",
    warning: 200,
    critical: 800,
};

pub(crate) static PAYMENT_ERRORS: Rule = Rule {
    id: 310_447,
    service: &PAYMENTS,
    name: "Payments: errors",
    aggregate: "count()",
    dataset: "events",
    query: "level:[error,fatal]",
    unit: "events in the last 5 minutes",
    warning: 80,
    critical: 250,
};

pub(crate) static SEARCH_ERRORS: Rule = Rule {
    id: 310_452,
    service: &SEARCH,
    name: "Search: errors",
    aggregate: "count()",
    dataset: "events",
    query: "level:error",
    unit: "events in the last 10 minutes",
    warning: 150,
    critical: 600,
};

pub(crate) static LOGIN_ERRORS: Rule = Rule {
    id: 310_455,
    service: &IDENTITY,
    name: "Identity: failed token requests",
    aggregate: "failure_count()",
    dataset: "transactions",
    query: "transaction:\"POST /oauth/token\"",
    unit: "failed transactions in the last 5 minutes",
    warning: 50,
    critical: 400,
};

pub(crate) static SHIPPING_ERRORS: Rule = Rule {
    id: 310_460,
    service: &SHIPPING,
    name: "Shipping: label errors",
    aggregate: "count()",
    dataset: "events",
    query: "task:create_label",
    unit: "events in the last 15 minutes",
    warning: 25,
    critical: 120,
};

pub(crate) static NOTIFICATION_ERRORS: Rule = Rule {
    id: 310_463,
    service: &NOTIFICATIONS,
    name: "Notifications: mails that could not be sent",
    aggregate: "count()",
    dataset: "events",
    query: "logger:notifications.transports.*",
    unit: "events in the last 15 minutes",
    warning: 60,
    critical: 500,
};
