//! What the alarms are driven with: situations in which each must ring, and in which it must not.

use std::collections::BTreeMap;

use super::cloudwatch::Metrics;

/// Something that happens, and the metrics that it leaves.
pub struct Situation {
    /// As it stands in docs/OPERATIONS.md.
    pub says: &'static str,
    /// How long it lasts.
    pub minutes: usize,
    pub write: Box<dyn Fn(&mut Metrics)>,
}

/// What one alarm is driven with.
pub struct Driven {
    pub rings: Vec<Situation>,
    pub silent: Vec<Situation>,
}

const WEBHOOK: &str = "POST /webhooks/{source}";
const LIST: &str = "GET /incidents";

/// Nothing happens, for three hours.
pub fn nothing() -> Situation {
    situation("nothing happens", 180, |_| {})
}

fn situation(says: &'static str, minutes: usize, write: impl Fn(&mut Metrics) + 'static) -> Situation {
    Situation { says, minutes, write: Box::new(write) }
}

/// The same value every `every` minutes.
fn regular(says: &'static str, minutes: usize, every: usize, metric: &'static str, value: f64) -> Situation {
    situation(says, minutes, move |metrics| {
        (0..minutes).step_by(every).for_each(|minute| metrics.add(metric, minute, value));
    })
}

/// A value at each of these minutes.
fn at<const N: usize>(says: &'static str, minutes: [usize; N], metric: &'static str, value: f64) -> Situation {
    let last = minutes.iter().max().map_or(60, |last| last + 60);
    situation(says, last, move |metrics| minutes.iter().for_each(|minute| metrics.add(metric, *minute, value)))
}

/// The situations by the names of the alarms.
pub fn driven() -> BTreeMap<&'static str, Driven> {
    let all = [webhooks(), queues(), people(), tables()];
    all.into_iter().flatten().collect()
}

fn webhooks() -> Vec<(&'static str, Driven)> {
    const ERRORS: &str = "AWS/Lambda Errors FunctionName=ReceiveWebhook";
    const THROTTLES: &str = "AWS/Lambda Throttles FunctionName=ReceiveWebhook";
    const UNAVAILABLE: &str = "IncidentReview RefusedUnavailable Stack=Stack";
    const UNAUTHENTIC: &str = "IncidentReview RefusedNotAuthentic Stack=Stack";
    const STRANGER: &str = "IncidentReview RefusedStranger Stack=Stack";
    const ADDRESS: &str = "IncidentReview RefusedAddress Stack=Stack";
    const DURATION: &str = "AWS/Lambda Duration FunctionName=ReceiveWebhook";
    /// A thousand webhooks a minute, of which so many are slow.
    fn durations(says: &'static str, slow: usize) -> Situation {
        situation(says, 10, move |metrics| {
            for (minute, webhook) in (0..10).flat_map(|minute| (0..1_000).map(move |webhook| (minute, webhook))) {
                metrics.add(DURATION, minute, if webhook < slow { 800.0 } else { 5.0 });
            }
        })
    }
    vec![
        (
            "LostWebhooksAlarm",
            Driven {
                rings: vec![at("one webhook fails", [7], ERRORS, 1.0)],
                silent: vec![regular("webhooks are received", 60, 1, ERRORS, 0.0)],
            },
        ),
        (
            "RefusedWebhooksAlarm",
            Driven {
                rings: vec![at("SQS takes one webhook not", [7], UNAVAILABLE, 1.0)],
                silent: vec![at("one webhook is not authentic", [7], UNAUTHENTIC, 1.0)],
            },
        ),
        (
            "ThrottledWebhooksAlarm",
            Driven {
                rings: vec![at("one webhook is throttled", [7], THROTTLES, 1.0)],
                silent: vec![regular("webhooks are received", 60, 1, THROTTLES, 0.0)],
            },
        ),
        (
            "LimitedWebhooksAlarm",
            Driven {
                rings: vec![situation("one webhook is answered 429", 10, |metrics| metrics.log(WEBHOOK, 429, 7))],
                silent: vec![
                    situation("a list is answered 429, webhooks 202", 10, |metrics| {
                        for minute in 0..10 {
                            metrics.log(LIST, 429, minute);
                            metrics.log(WEBHOOK, 202, minute);
                        }
                    }),
                    situation("a limit of a source answers 429", 10, |metrics| {
                        (0..10).for_each(|minute| metrics.log_of_function(WEBHOOK, 429, minute));
                    }),
                ],
            },
        ),
        (
            "UnauthenticWebhooksAlarm",
            Driven {
                rings: vec![
                    regular("every 20 minutes a webhook with an old secret", 60, 20, UNAUTHENTIC, 1.0),
                    regular("100 such webhooks a minute", 5, 1, UNAUTHENTIC, 100.0),
                ],
                silent: vec![regular("a stranger every 40 minutes", 600, 40, UNAUTHENTIC, 1.0)],
            },
        ),
        (
            "AddressRefusedAlarm",
            Driven {
                rings: vec![at("one authentic webhook from another address", [7], ADDRESS, 1.0)],
                silent: vec![regular("strangers from other addresses", 60, 1, STRANGER, 100.0)],
            },
        ),
        (
            "SlowWebhooksAlarm",
            Driven {
                rings: vec![
                    regular("every 5 minutes a webhook, of 800 ms", 30, 5, DURATION, 800.0),
                    durations("20 of 1,000 a minute take 800 ms", 20),
                ],
                silent: vec![
                    durations("5 of 1,000 a minute take 800 ms", 5),
                    regular("one slow webhook an hour", 600, 60, DURATION, 900.0),
                ],
            },
        ),
    ]
}

fn queues() -> Vec<(&'static str, Driven)> {
    const VISIBLE: &str = "AWS/SQS ApproximateNumberOfMessagesVisible QueueName=AlertsDeadLetterQueue";
    const HIDDEN: &str = "AWS/SQS ApproximateNumberOfMessagesNotVisible QueueName=AlertsDeadLetterQueue";
    const AGE: &str = "AWS/SQS ApproximateAgeOfOldestMessage QueueName=AlertsQueue";
    const ENTRIES: &str = "IncidentReview QuarantineEntries Stack=Stack";
    const FAILED: &str = "IncidentReview Failed Stack=Stack";
    const ERRORS: &str = "AWS/Lambda Errors FunctionName=GroupAlerts";
    const THROTTLES: &str = "AWS/Lambda Throttles FunctionName=GroupAlerts";
    fn growing(says: &'static str, minutes: u32) -> Situation {
        situation(says, minutes as usize, move |metrics| {
            (0..minutes).for_each(|minute| metrics.add(AGE, minute as usize, 60.0 * f64::from(minute)));
        })
    }
    /// SQS measures both numbers each minute.
    fn dead_letters(says: &'static str, numbers: Vec<(f64, f64)>) -> Situation {
        situation(says, numbers.len(), move |metrics| {
            for (minute, (visible, hidden)) in numbers.iter().enumerate() {
                metrics.add(VISIBLE, minute, *visible);
                metrics.add(HIDDEN, minute, *hidden);
            }
        })
    }
    let retried = |metric, once: &'static str| Driven {
        rings: vec![
            regular("every 3 minutes, as a message comes back", 30, 3, metric, 1.0),
            regular("every 10 minutes", 30, 10, metric, 1.0),
        ],
        silent: vec![at(once, [7], metric, 10.0), at("twice, 3 minutes apart", [7, 10], metric, 1.0)],
    };
    vec![
        (
            "DeadLettersAlarm",
            Driven {
                rings: vec![dead_letters("a message visible and hidden in turn", [(1.0, 0.0), (0.0, 1.0)].repeat(5))],
                silent: vec![dead_letters(
                    "many that move within 4 minutes",
                    [vec![(500.0, 20.0); 4], vec![(0.0, 0.0); 10]].concat(),
                )],
            },
        ),
        (
            "QuarantineAlarm",
            Driven {
                rings: vec![situation("an entry, until it is deleted a day later", 1_441, |metrics| {
                    metrics.add(ENTRIES, 7, 1.0);
                    metrics.add(ENTRIES, 1_440, 0.0);
                })],
                silent: vec![regular("an empty quarantine is listed", 60, 1, ENTRIES, 0.0)],
            },
        ),
        (
            "BacklogAlarm",
            Driven {
                rings: vec![growing("nothing is grouped for 10 minutes", 10)],
                silent: vec![growing("a storm of 5 minutes", 5), regular("each takes seconds", 60, 1, AGE, 4.0)],
            },
        ),
        ("GroupingFailuresAlarm", retried(FAILED, "one batch of ten, once")),
        ("GroupingErrorsAlarm", retried(ERRORS, "ten times in one minute")),
        ("GroupingThrottledAlarm", retried(THROTTLES, "ten times in one minute")),
    ]
}

fn people() -> Vec<(&'static str, Driven)> {
    const ERRORS: &str = "AWS/Lambda Errors FunctionName=Authorize";
    const THROTTLES: &str = "AWS/Lambda Throttles FunctionName=Authorize";
    const TOKENS: &str = "IncidentReview RefusedToken Stack=Stack";
    const CREDENTIALS: &str = "IncidentReview CredentialsNotRefreshed Stack=Stack";
    let authorizer = |metric| Driven {
        rings: vec![regular("one person tries every 5 minutes", 30, 5, metric, 1.0)],
        silent: vec![regular("one failure an hour", 300, 60, metric, 1.0)],
    };
    vec![
        ("AuthorizerErrorsAlarm", authorizer(ERRORS)),
        ("AuthorizerThrottledAlarm", authorizer(THROTTLES)),
        (
            "GuessedTokensAlarm",
            Driven {
                rings: vec![regular("two guesses a second", 5, 1, TOKENS, 120.0)],
                silent: vec![regular("50 programs with an old token", 60, 1, TOKENS, 50.0)],
            },
        ),
        (
            "CredentialsAlarm",
            Driven {
                rings: vec![regular("every 10 minutes a process cannot read it", 60, 10, CREDENTIALS, 1.0)],
                silent: vec![regular("a timeout every 40 minutes", 600, 40, CREDENTIALS, 1.0)],
            },
        ),
        ("ApiFailuresAlarm", requests()),
    ]
}

fn requests() -> Driven {
    Driven {
        rings: vec![
            situation("3 of 3 requests at night fail, 5 minutes apart", 15, |metrics| {
                for minute in [0, 5, 10] {
                    metrics.log("GET /alerts", 500, minute);
                }
            }),
            situation("3 of 30 requests fail, among 1,000 webhooks a minute", 15, |metrics| {
                for minute in 0..15 {
                    (0..1_000).for_each(|_| metrics.log(WEBHOOK, 202, minute));
                    (0..2).for_each(|request| {
                        metrics.log(LIST, if minute < 3 && request == 0 { 503 } else { 200 }, minute);
                    });
                }
            }),
        ],
        silent: vec![
            situation("2 of 2 requests fail", 15, |metrics| (0..2).for_each(|minute| metrics.log(LIST, 503, minute))),
            situation("3 of 1,000 requests fail", 15, |metrics| {
                (0..1_000).for_each(|request| metrics.log(LIST, if request < 3 { 503 } else { 200 }, request / 100));
            }),
            situation("all webhooks fail, and no other request", 15, |metrics| {
                (0..15).for_each(|minute| metrics.log(WEBHOOK, 500, minute));
            }),
            situation("requests are answered 4xx", 15, |metrics| {
                (0..15).for_each(|minute| metrics.log(LIST, 403, minute));
            }),
        ],
    }
}

fn tables() -> Vec<(&'static str, Driven)> {
    const INCIDENTS: &str = "AWS/DynamoDB WriteThrottleEvents TableName=IncidentsTable";
    const BY_CREATED: &str =
        "AWS/DynamoDB ReadThrottleEvents GlobalSecondaryIndexName=by_created TableName=IncidentsTable";
    const BY_INCIDENT: &str =
        "AWS/DynamoDB WriteThrottleEvents GlobalSecondaryIndexName=by_incident TableName=AlertsTable";
    const ALERTS: &str = "AWS/DynamoDB ReadThrottleEvents TableName=AlertsTable";
    const CLAIMS: &str = "AWS/DynamoDB WriteThrottleEvents TableName=ClaimsTable";
    const QUARANTINE: &str =
        "AWS/DynamoDB WriteThrottleEvents GlobalSecondaryIndexName=by_created TableName=QuarantineTable";
    let driven = |table, tried_again: &'static str, index, index_says| Driven {
        rings: vec![regular(tried_again, 15, 3, table, 1.0), regular(index_says, 10, 1, index, 40.0)],
        silent: vec![regular("4 minutes of a storm", 4, 1, index, 500.0), at("once", [7], table, 1.0)],
    };
    vec![
        (
            "ThrottledIncidentsAlarm",
            driven(INCIDENTS, "a write every 3 minutes", BY_CREATED, "reads of `by_created` for 10 minutes"),
        ),
        (
            "ThrottledAlertsAlarm",
            driven(ALERTS, "a read every 3 minutes", BY_INCIDENT, "writes of `by_incident` for 10 minutes"),
        ),
        (
            "ThrottledOtherTablesAlarm",
            driven(
                CLAIMS,
                "a write of claims every 3 minutes",
                QUARANTINE,
                "writes of the quarantine's index for 10 minutes",
            ),
        ),
    ]
}
