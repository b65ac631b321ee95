//! What went wrong at Hafenmarkt, as data: which signals fire in which order, and what people wrote.

use crate::{
    company::Service,
    faults::{self, Fault, Rule},
    monitors::{self, Monitor},
};

/// A kind of outage.
#[derive(Debug)]
pub(crate) struct Scenario {
    /// One wave follows the other within a few minutes. The first signal of the first wave opens
    /// the incident, so its service's team is the one that answers.
    pub(crate) waves: &'static [&'static [Signal]],
    /// How long it lasts, in minutes: from the first alert to the first recovery.
    pub(crate) minutes: (u32, u32),
    /// What was said on taking it.
    pub(crate) noticed: &'static str,
    /// What was said once it was over.
    pub(crate) resolved: &'static str,
}

impl Scenario {
    /// The service of the first signal.
    pub(crate) const fn opener(&self) -> &'static Service {
        self.waves[0][0].service()
    }

    /// The services of all its signals.
    pub(crate) fn services(&self) -> impl Iterator<Item = &'static Service> {
        self.waves.iter().copied().flatten().map(Signal::service)
    }
}

/// What fires.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Signal {
    /// A monitor, for about so many of its groups.
    Monitor(&'static Monitor, usize),
    /// An issue.
    Fault(&'static Fault),
    /// A metric alert.
    Rule(&'static Rule),
}

impl Signal {
    const fn service(&self) -> &'static Service {
        match self {
            Self::Monitor(monitor, _) => monitor.service,
            Self::Fault(fault) => fault.service,
            Self::Rule(rule) => rule.service,
        }
    }
}

const fn once(monitor: &'static Monitor) -> Signal {
    Signal::Monitor(monitor, 1)
}

const fn groups(monitor: &'static Monitor, count: usize) -> Signal {
    Signal::Monitor(monitor, count)
}

const fn fault(fault: &'static Fault) -> Signal {
    Signal::Fault(fault)
}

const fn rule(rule: &'static Rule) -> Signal {
    Signal::Rule(rule)
}

/// One outage that takes half the company along.
pub(crate) static STORMS: &[Scenario] = &[
    Scenario {
        waves: &[
            &[groups(&monitors::BROKER_DOWN, 2)],
            &[once(&monitors::UNDER_REPLICATED), groups(&monitors::INVENTORY_LAG, 3)],
            &[groups(&monitors::LEDGER_LAG, 3), once(&monitors::NOTIFICATION_LAG), fault(&faults::INVENTORY_REBALANCE)],
            &[
                groups(&monitors::SEARCH_INDEX_LAG, 2),
                once(&monitors::CHECKOUT_LATENCY),
                fault(&faults::CHECKOUT_STOCK),
            ],
            &[rule(&faults::CHECKOUT_FAILURES), once(&monitors::ORDERS_BELOW_FORECAST), fault(&faults::WEB_CART)],
            &[groups(&monitors::WEB_SYNTHETIC, 2), groups(&monitors::NOTIFICATION_QUEUE, 2)],
        ],
        minutes: (55, 80),
        noticed: "Two brokers gone at once, both on the same rack. Declared a major incident, the bridge is open.",
        resolved: "Replaced the failed top-of-rack switch path, brokers rejoined, all consumers caught up. Orders are back at forecast.",
    },
    Scenario {
        waves: &[
            &[once(&monitors::LEDGER_PRIMARY), fault(&faults::LEDGER_READ_ONLY)],
            &[once(&monitors::PAYMENTS_LATENCY), groups(&monitors::LEDGER_REPLICA, 2)],
            &[
                groups(&monitors::PAYMENTS_SATURATION, 3),
                rule(&faults::PAYMENT_ERRORS),
                groups(&monitors::PAYMENTS_CALLBACKS, 2),
            ],
            &[once(&monitors::CHECKOUT_ERRORS), fault(&faults::CHECKOUT_PAYMENT), once(&monitors::CHECKOUT_LATENCY)],
            &[rule(&faults::CHECKOUT_FAILURES), groups(&monitors::WEB_SYNTHETIC, 3), fault(&faults::WEB_CART)],
            &[once(&monitors::ORDERS_BELOW_FORECAST), groups(&monitors::LEDGER_LAG, 2)],
        ],
        minutes: (35, 60),
        noticed: "ledger-db failed over but the old primary kept its endpoint. Payments cannot post. Paging the database people too.",
        resolved: "Forced DNS to the new primary and restarted payments. Callbacks are drained, no posting is missing (checked against the providers' reports).",
    },
    Scenario {
        waves: &[
            &[groups(&monitors::EDGE_5XX, 1)],
            &[groups(&monitors::EDGE_LATENCY, 2), groups(&monitors::NODE_NOT_READY, 2), once(&monitors::NODE_MEMORY)],
            &[once(&monitors::WEB_5XX), fault(&faults::EDGE_UPSTREAM), once(&monitors::SEARCH_LATENCY)],
            &[
                once(&monitors::CHECKOUT_ERRORS),
                groups(&monitors::CHECKOUT_POOL, 2),
                groups(&monitors::IDENTITY_RESTARTS, 2),
            ],
            &[rule(&faults::STOREFRONT_ERRORS), once(&monitors::CATALOG_ERRORS), groups(&monitors::WEB_SYNTHETIC, 3)],
            &[once(&monitors::INVENTORY_LATENCY), fault(&faults::CHECKOUT_STOCK)],
        ],
        minutes: (40, 70),
        noticed: "Packet loss in one zone, AWS has just confirmed it. Draining the zone at the edge.",
        resolved: "Zone drained, traffic is served from the other two. AWS reports the network event as over; we go back tomorrow morning, not tonight.",
    },
    Scenario {
        waves: &[
            &[once(&monitors::LOGIN_FAILURES), fault(&faults::IDENTITY_KEY)],
            &[rule(&faults::LOGIN_ERRORS), fault(&faults::WEB_SESSION), groups(&monitors::IDENTITY_RESTARTS, 3)],
            &[once(&monitors::WEB_5XX), rule(&faults::STOREFRONT_ERRORS)],
            &[once(&monitors::CHECKOUT_ERRORS), once(&monitors::CATALOG_ERRORS), groups(&monitors::CARRIER_ERRORS, 2)],
            &[
                once(&monitors::ORDERS_BELOW_FORECAST),
                groups(&monitors::WEB_SYNTHETIC, 4),
                once(&monitors::INVENTORY_LATENCY),
            ],
        ],
        minutes: (25, 50),
        noticed: "Nobody can log in. The signing key ran out: the rotation job has not run since the move to the new cluster.",
        resolved: "New key published by hand, JWKS caches purged at the edge. Logins are back to normal. The rotation job gets an alert of its own.",
    },
];

/// One thing broken, felt by a few services.
pub(crate) static TROUBLES: &[Scenario] = &[
    Scenario {
        waves: &[
            &[once(&monitors::CHECKOUT_LATENCY)],
            &[groups(&monitors::CHECKOUT_POOL, 3), fault(&faults::CHECKOUT_CONNECTION)],
            &[once(&monitors::CHECKOUT_ERRORS), rule(&faults::CHECKOUT_FAILURES)],
            &[fault(&faults::WEB_CART), groups(&monitors::WEB_SYNTHETIC, 1)],
        ],
        minutes: (22, 45),
        noticed: "Started right after the 14.2 rollout. Connections are held during the tax call now; rolling back.",
        resolved: "Rolled back to 14.1. Pool usage is down to a third. The tax call moves out of the transaction before we try again.",
    },
    Scenario {
        waves: &[
            &[groups(&monitors::PROVIDER_5XX, 1), fault(&faults::PAYMENTS_DEADLINE)],
            &[once(&monitors::PAYMENTS_LATENCY), rule(&faults::PAYMENT_ERRORS)],
            &[groups(&monitors::PAYMENTS_SATURATION, 2), fault(&faults::CHECKOUT_PAYMENT)],
            &[rule(&faults::CHECKOUT_FAILURES), groups(&monitors::PAYMENTS_CALLBACKS, 1)],
        ],
        minutes: (25, 75),
        noticed: "Their status page is green, as always. Shifting cards to the second provider and calling their hotline.",
        resolved: "Provider confirms a bad release on their side, rolled back. Routing is at 50/50 until tomorrow.",
    },
    Scenario {
        waves: &[
            &[once(&monitors::SEARCH_LATENCY)],
            &[groups(&monitors::SEARCH_HEAP, 3), fault(&faults::SEARCH_BREAKER)],
            &[rule(&faults::SEARCH_ERRORS), groups(&monitors::WEB_VITALS, 2)],
            &[groups(&monitors::SEARCH_INDEX_LAG, 2)],
        ],
        minutes: (30, 60),
        noticed: "Somebody's export runs a terms aggregation over all articles. Killing the query first, finding the owner second.",
        resolved: "Query killed, heap is back to 60 %. `search.max_buckets` is lowered and the export reads from the warehouse now.",
    },
    Scenario {
        waves: &[
            &[groups(&monitors::CATALOG_REDIS, 2)],
            &[once(&monitors::CATALOG_CACHE), fault(&faults::CATALOG_REDIS_TIMEOUT)],
            &[once(&monitors::CATALOG_ERRORS), once(&monitors::WEB_5XX)],
            &[groups(&monitors::WEB_VITALS, 3)],
        ],
        minutes: (20, 50),
        noticed: "The new recommendation cache has no TTL and ate the memory. Flushing its prefix in batches.",
        resolved: "Keys deleted, hit ratio at 96 %. The prefix now has a TTL of six hours and its own alarm.",
    },
    Scenario {
        waves: &[
            &[groups(&monitors::INVENTORY_OOM, 3), fault(&faults::INVENTORY_HEAP)],
            &[once(&monitors::INVENTORY_LATENCY)],
            &[fault(&faults::CHECKOUT_STOCK), once(&monitors::CHECKOUT_LATENCY)],
            &[groups(&monitors::INVENTORY_LAG, 2)],
        ],
        minutes: (18, 40),
        noticed: "The hourly snapshot loads every stock row into memory; since the Poznań warehouse went live that is too many. Suspending the job.",
        resolved: "Job suspended, pods are stable for 20 minutes. Snapshot will stream rows; ticket is open.",
    },
    Scenario {
        waves: &[
            &[groups(&monitors::CARRIER_ERRORS, 1), fault(&faults::SHIPPING_CARRIER)],
            &[rule(&faults::SHIPPING_ERRORS), groups(&monitors::LABEL_QUEUE, 3)],
            &[
                once(&monitors::SHIPPING_SFTP),
                groups(&monitors::NOTIFICATION_QUEUE, 1),
                fault(&faults::SHIPPING_TRACKING),
            ],
        ],
        minutes: (40, 85),
        noticed: "Carrier API is down for everybody, not only for us. Warehouses know; they pack the other carriers' parcels first.",
        resolved: "Carrier is back. Label queues in Gdańsk and Malmö are empty again, pick-up was moved by two hours.",
    },
    Scenario {
        waves: &[
            &[groups(&monitors::NOTIFICATION_QUEUE, 2), fault(&faults::NOTIFICATION_SMTP)],
            &[rule(&faults::NOTIFICATION_ERRORS)],
            &[once(&monitors::NOTIFICATION_LAG), groups(&monitors::NOTIFICATION_BOUNCES, 2)],
        ],
        minutes: (30, 80),
        noticed: "Our mail relay throttles us. Pausing the newsletter so that order confirmations go first.",
        resolved: "Relay raised our limit after a phone call. Transactional mail is current, the newsletter goes out tomorrow.",
    },
    Scenario {
        waves: &[
            &[groups(&monitors::INVENTORY_LAG, 4), fault(&faults::INVENTORY_REBALANCE)],
            &[once(&monitors::INVENTORY_OVERSOLD), fault(&faults::INVENTORY_NEGATIVE)],
            &[groups(&monitors::SEARCH_INDEX_LAG, 1), once(&monitors::INVENTORY_LATENCY)],
        ],
        minutes: (28, 70),
        noticed: "Consumer group rebalances in a loop: one poll takes longer than max.poll.interval. Halving the batch size.",
        resolved: "Batch size 250, no rebalance for half an hour, lag is zero. 31 oversold orders handed to customer care.",
    },
    Scenario {
        waves: &[
            &[groups(&monitors::LEDGER_REPLICA, 2), fault(&faults::LEDGER_CONFLICT)],
            &[groups(&monitors::LEDGER_LAG, 3)],
            &[
                once(&monitors::LEDGER_EXPORT),
                fault(&faults::LEDGER_UNBALANCED),
                groups(&monitors::PAYMENTS_CALLBACKS, 1),
            ],
        ],
        minutes: (35, 80),
        noticed: "A merchant's five-year report runs on the replica and blocks replay. Asked them, cancelled it.",
        resolved: "Replicas caught up. The one-cent difference was the report reading half a batch; batch closed again and balances. Export reached the bank in time.",
    },
    Scenario {
        waves: &[
            &[fault(&faults::WEB_PRICE), rule(&faults::STOREFRONT_ERRORS)],
            &[once(&monitors::WEB_5XX), fault(&faults::WEB_CHUNK)],
            &[groups(&monitors::WEB_SYNTHETIC, 2), groups(&monitors::WEB_VITALS, 2)],
            &[fault(&faults::WEB_NUMBER)],
        ],
        minutes: (15, 35),
        noticed: "Offers without a best price crash the product tile. In since today's release, flag `offer-tile-v2` is going off now.",
        resolved: "Flag off, error rate back to its usual noise. Fix is reviewed and ships with a test for offers without prices.",
    },
    Scenario {
        waves: &[
            &[once(&monitors::IDENTITY_CONNECTIONS), fault(&faults::IDENTITY_SLOTS)],
            &[once(&monitors::TOKEN_LATENCY), rule(&faults::LOGIN_ERRORS)],
            &[groups(&monitors::IDENTITY_RESTARTS, 2), once(&monitors::LOGIN_FAILURES)],
            &[fault(&faults::WEB_SESSION), groups(&monitors::WEB_SYNTHETIC, 1)],
        ],
        minutes: (20, 45),
        noticed: "Autoscaler added pods, each with a pool of 40. Scaling back to six and lowering the pool.",
        resolved: "Pools at 15 a pod, connections at 55 %. pgbouncer goes in front of identity-db next sprint.",
    },
    Scenario {
        waves: &[
            &[once(&monitors::EDGE_HANDSHAKES), groups(&monitors::EDGE_CERTIFICATE, 2)],
            &[groups(&monitors::EDGE_5XX, 2), groups(&monitors::CARRIER_ERRORS, 1)],
            &[groups(&monitors::WEB_VITALS, 2), fault(&faults::WEB_CHUNK)],
        ],
        minutes: (20, 50),
        noticed: "The certificate of img.hafenmarkt.example ran out. cert-manager's DNS token was revoked with the old account.",
        resolved: "Issued by hand, token replaced, the other names renew by themselves again. Checked all 14 certificates.",
    },
    Scenario {
        waves: &[
            &[groups(&monitors::PAYMENTS_3DS, 3), fault(&faults::PAYMENTS_CHALLENGE)],
            &[rule(&faults::PAYMENT_ERRORS)],
            &[rule(&faults::CHECKOUT_FAILURES), groups(&monitors::PAYMENTS_3DS, 2), fault(&faults::CHECKOUT_PAYMENT)],
        ],
        minutes: (30, 70),
        noticed: "Only one issuer group's ACS fails, but that is a third of German cards. Asking for an exemption below 30 €.",
        resolved: "Issuer's ACS is up again, success ratio at 93 %. Exemption taken back.",
    },
    Scenario {
        waves: &[
            &[groups(&monitors::NODE_NOT_READY, 2), once(&monitors::NODE_MEMORY)],
            &[
                groups(&monitors::CHECKOUT_OOM, 1),
                groups(&monitors::IDENTITY_RESTARTS, 1),
                groups(&monitors::INVENTORY_OOM, 1),
            ],
            &[groups(&monitors::EDGE_LATENCY, 2), fault(&faults::EDGE_UPSTREAM)],
            &[once(&monitors::CATALOG_ERRORS)],
        ],
        minutes: (18, 40),
        noticed: "Log shipper leaks memory on nodes with the new kernel. Cordoned the two that are left on it.",
        resolved: "Log shipper pinned to 3.1, nodes replaced. Pods spread evenly again.",
    },
    Scenario {
        waves: &[
            &[fault(&faults::CATALOG_FEED), groups(&monitors::CATALOG_IMPORT, 2)],
            &[once(&monitors::CATALOG_ERRORS), fault(&faults::WEB_NUMBER)],
            &[groups(&monitors::SEARCH_INDEX_LAG, 3), once(&monitors::WEB_5XX)],
        ],
        minutes: (25, 55),
        noticed: "A supplier sends prices as “1.299,00 €”. The importer takes them for one euro and a bit. Feed is stopped.",
        resolved: "Prices restored from last night's snapshot; 12 orders at wrong prices go to customer care. Importer rejects what is not a plain decimal.",
    },
    Scenario {
        waves: &[
            &[once(&monitors::SEARCH_RED), fault(&faults::SEARCH_SHARDS)],
            &[once(&monitors::SEARCH_LATENCY), rule(&faults::SEARCH_ERRORS), groups(&monitors::SEARCH_HEAP, 1)],
            &[groups(&monitors::SEARCH_INDEX_LAG, 3), once(&monitors::WEB_5XX)],
        ],
        minutes: (25, 60),
        noticed: "es-data-3 lost its volume and one index had no replica, which it should have. Restoring from the snapshot.",
        resolved: "Snapshot restored, replicas set to 1 everywhere and checked by a policy from now on.",
    },
    Scenario {
        waves: &[
            &[groups(&monitors::PAYMENTS_CALLBACKS, 2), fault(&faults::PAYMENTS_SIGNATURE)],
            &[groups(&monitors::LEDGER_LAG, 2), rule(&faults::PAYMENT_ERRORS)],
            &[groups(&monitors::NOTIFICATION_QUEUE, 1), once(&monitors::PAYMENTS_LATENCY)],
        ],
        minutes: (35, 75),
        noticed: "The provider rotated its signing key a day early. Adding the new key next to the old one.",
        resolved: "Both keys are accepted, callbacks replayed from the dead-letter queue: 2,114 of 2,114.",
    },
    Scenario {
        waves: &[
            &[fault(&faults::SHIPPING_ENCODING), groups(&monitors::LABEL_QUEUE, 2)],
            &[rule(&faults::SHIPPING_ERRORS)],
            &[groups(&monitors::CARRIER_ERRORS, 2), fault(&faults::NOTIFICATION_TEMPLATE)],
        ],
        minutes: (25, 60),
        noticed: "Labels for names with ł and ő fail since the printer driver's update. Poznań prints from the old host for now.",
        resolved: "ZPL goes out as UTF-8 (^CI28). Reprinted 640 labels, checked with “Wróbel” and “Győri”.",
    },
];

/// Small things that one person looks at.
pub(crate) static TRIFLES: &[Scenario] = &[
    Scenario {
        waves: &[&[groups(&monitors::BROKER_DISK, 2)], &[groups(&monitors::BROKER_DISK, 1)]],
        minutes: (50, 85),
        noticed: "clickstream.v1 again. Lowering its retention to three days.",
        resolved: "Segments deleted, disks at 61 %.",
    },
    Scenario {
        waves: &[&[groups(&monitors::NOTIFICATION_BOUNCES, 2)], &[fault(&faults::NOTIFICATION_TEMPLATE)]],
        minutes: (40, 80),
        noticed: "The sender policy record lost an include in yesterday's DNS change.",
        resolved: "Record is back, bounce rate falls. Postmaster of poczta.example.pl took us off the list.",
    },
    Scenario {
        waves: &[&[groups(&monitors::EDGE_CERTIFICATE, 2)]],
        minutes: (60, 85),
        noticed: "Looking at why it was not renewed.",
        resolved: "Order was stuck on a CAA record. Renewed.",
    },
    Scenario {
        waves: &[
            &[once(&monitors::LEDGER_EXPORT)],
            &[groups(&monitors::LEDGER_REPLICA, 1), fault(&faults::LEDGER_CONFLICT)],
        ],
        minutes: (30, 60),
        noticed: "Export waits for the replica. Moving it to the primary for today, so that the bank gets it in time.",
        resolved: "Delivered eleven minutes before the bank's cut-off. Nothing else to do.",
    },
];

/// What nobody gets up for.
pub(crate) static NOISE: &[Scenario] = &[
    Scenario {
        waves: &[&[once(&monitors::EDGE_WAF)]],
        minutes: (30, 70),
        noticed: "Credential stuffing from two hosting networks. The firewall does its work.",
        resolved: "Over. No account was taken over.",
    },
    Scenario {
        waves: &[&[once(&monitors::LEDGER_BACKUP)]],
        minutes: (20, 40),
        noticed: "Snapshot overlapped with a long settlement run.",
        resolved: "Backup is complete and was restored to the test account without errors.",
    },
    Scenario {
        waves: &[&[groups(&monitors::CATALOG_IMPORT, 2)]],
        minutes: (20, 60),
        noticed: "Supplier was told about the rows without prices.",
        resolved: "Corrected feed came in, nothing skipped.",
    },
    Scenario {
        waves: &[&[once(&monitors::SEARCH_SYNONYMS)]],
        minutes: (40, 80),
        noticed: "Season has begun: adding synonyms for “Weihnachtsbaumständer” and friends.",
        resolved: "Synonyms are live.",
    },
    Scenario {
        waves: &[&[once(&monitors::LOG_VOLUME)]],
        minutes: (60, 85),
        noticed: "catalog still logs at debug since Tuesday.",
        resolved: "Back at info.",
    },
    Scenario {
        waves: &[&[groups(&monitors::SLOW_DEPLOYMENT, 1)]],
        minutes: (15, 30),
        noticed: "Image pull was slow, nothing to do with us.",
        resolved: "Rollout finished.",
    },
];

/// What goes wrong in staging, where it may.
pub(crate) static REHEARSALS: &[Scenario] = &[
    Scenario {
        waves: &[
            &[once(&monitors::CHECKOUT_LATENCY), groups(&monitors::CHECKOUT_POOL, 2)],
            &[fault(&faults::CHECKOUT_CONNECTION), rule(&faults::CHECKOUT_FAILURES)],
            &[once(&monitors::INVENTORY_LATENCY)],
        ],
        minutes: (20, 45),
        noticed: "That is the load test for the next sale. Watching where it bends.",
        resolved: "Test done: it bends at 1,900 orders a minute, in the connection pool, as expected.",
    },
    Scenario {
        waves: &[
            &[groups(&monitors::INVENTORY_OOM, 2), fault(&faults::INVENTORY_HEAP)],
            &[groups(&monitors::INVENTORY_LAG, 2)],
            &[fault(&faults::CHECKOUT_STOCK)],
        ],
        minutes: (20, 50),
        noticed: "Nightly build with the new snapshot code. Good that it is staging.",
        resolved: "Build reverted.",
    },
    Scenario {
        waves: &[
            &[fault(&faults::IDENTITY_SLOTS), once(&monitors::IDENTITY_CONNECTIONS)],
            &[groups(&monitors::IDENTITY_RESTARTS, 2), rule(&faults::LOGIN_ERRORS)],
            &[fault(&faults::WEB_SESSION)],
        ],
        minutes: (18, 45),
        noticed: "Migration 0093 holds a lock on `users`. Cancelling it.",
        resolved: "Migration split in two, runs in 4 s now.",
    },
    Scenario {
        waves: &[
            &[once(&monitors::SEARCH_LATENCY), groups(&monitors::SEARCH_HEAP, 2)],
            &[groups(&monitors::SEARCH_INDEX_LAG, 2), fault(&faults::SEARCH_BREAKER)],
        ],
        minutes: (25, 60),
        noticed: "Full reindex with the new analyser for Polish. Expected, leaving it running.",
        resolved: "Reindex finished; “łóżko” and “lozko” find the same beds.",
    },
    Scenario {
        waves: &[
            &[fault(&faults::WEB_PRICE)],
            &[once(&monitors::WEB_5XX), groups(&monitors::WEB_SYNTHETIC, 2)],
            &[fault(&faults::WEB_CHUNK), rule(&faults::STOREFRONT_ERRORS)],
        ],
        minutes: (15, 40),
        noticed: "Release candidate 14.3 is broken for offers without a price. Not shipping that.",
        resolved: "Candidate withdrawn, 14.3-rc2 is fine.",
    },
    Scenario {
        waves: &[
            &[groups(&monitors::BROKER_DOWN, 2), once(&monitors::UNDER_REPLICATED)],
            &[groups(&monitors::INVENTORY_LAG, 2), groups(&monitors::LEDGER_LAG, 2)],
            &[fault(&faults::INVENTORY_REBALANCE)],
        ],
        minutes: (20, 50),
        noticed: "Rehearsing the Kafka upgrade, broker by broker.",
        resolved: "Upgrade rehearsed. Takes 25 minutes, consumers rebalance once per broker; runbook is updated.",
    },
];
