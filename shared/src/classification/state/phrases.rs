//! The words and phrases by which the state of an alert is told.

/// Statements that a problem is over.
pub const OVER: &[&[&str]] = &[
    &["recovered"],
    &["resolved"],
    &["restored"],
    &["back", "up"],
    &["back", "online"],
    &["back", "to", "normal"],
    &["back", "to", "healthy"],
    &["back", "in", "service"],
    &["returned", "to", "normal"],
    &["returned", "to", "service"],
    &["normal", "again"],
    &["healthy", "again"],
    &["up", "again"],
    &["online", "again"],
    &["available", "again"],
    &["reachable", "again"],
    &["operational", "again"],
    &["working", "again"],
    &["works", "again"],
    &["alert", "cleared"],
    &["alarm", "cleared"],
    &["alert", "closed"],
    &["incident", "closed"],
    &["all", "clear"],
];

/// Statements that work is done.
pub const DONE: &[&[&str]] = &[&["completed"], &["finished"], &["succeeded"]];

/// States of a problem. `No longer down` says that it is over, `no longer reachable` does not.
pub const BAD: &[&str] = &[
    "above",
    "affected",
    "alarming",
    "alerting",
    "blocked",
    "broken",
    "crashing",
    "critical",
    "degraded",
    "down",
    "errors",
    "exceeding",
    "exhausted",
    "failing",
    "failures",
    "firing",
    "full",
    "high",
    "impacted",
    "lagging",
    "missing",
    "offline",
    "overloaded",
    "slow",
    "stuck",
    "throttled",
    "triggered",
    "unavailable",
    "unhealthy",
    "unreachable",
    "unresponsive",
];

/// What makes a statement before which it stands a wish, a plan, a condition or a part.
pub const UNFINISHED: &[&str] = &[
    "0",
    "almost",
    "as",
    "await",
    "awaiting",
    "barely",
    "before",
    "being",
    "can",
    "could",
    "expect",
    "expected",
    "fail",
    "failed",
    "failing",
    "fails",
    "half",
    "hardly",
    "hope",
    "how",
    "if",
    "in-progress",
    "last",
    "may",
    "might",
    "must",
    "nearly",
    "need",
    "needs",
    "neither",
    "nobody",
    "none",
    "nothing",
    "only",
    "partially",
    "partly",
    "pending",
    "shall",
    "should",
    "some",
    "soon",
    "till",
    "unable",
    "unclear",
    "unless",
    "until",
    "unsure",
    "wait",
    "waiting",
    "waits",
    "when",
    "whether",
    "while",
    "will",
    "won't",
    "would",
    "yet",
    "zero",
];

/// What takes back a statement behind which it stands: `recovered partially`.
pub const LIMITS: &[&str] = &["later", "only", "partially", "partly", "shortly", "soon", "temporarily", "tomorrow"];

/// Verbs that make a state out of an adjective: `is restored`, `has fully recovered`.
pub const AUXILIARIES: &[&str] =
    &["are", "been", "came", "come", "comes", "got", "has", "have", "is", "now", "was", "were", "fully", "it's"];

/// Words with which a clear statement may go on. `Restored backup is corrupt` is none.
pub const CONTINUATIONS: &[&str] = &[
    "across",
    "after",
    "again",
    "and",
    "at",
    "automatically",
    "by",
    "everywhere",
    "following",
    "for",
    "from",
    "in",
    "itself",
    "now",
    "on",
    "since",
    "successfully",
    "to",
    "today",
    "with",
    "within",
];

/// Names are resolved too, when nothing is over.
pub const NAMES: &[&str] = &[
    "address",
    "addresses",
    "dependencies",
    "dependency",
    "dns",
    "domain",
    "domains",
    "hostname",
    "hostnames",
    "name",
    "names",
    "panic",
    "symbol",
    "symbols",
];

/// Markers at the head of a title that say the problem is over: `[OK]`, `Recovered: …`.
pub const RESOLVED_MARKERS: &[&str] =
    &["closed", "normal", "ok", "recovered", "recovery", "resolved", "restored", "up"];

/// Markers in brackets that say that the alert fires: `[Triggered]`, `[FIRING:1]`, `[Warn]`.
pub const FIRING_MARKERS: &[&str] = &[
    "alarm",
    "alert",
    "alerting",
    "down",
    "firing",
    "no-data",
    "nodata",
    "problem",
    "re-triggered",
    "re-warn",
    "renotify",
    "retriggered",
    "trigger",
    "triggered",
    "warn",
    "warning",
];

/// Words that are markers also without brackets.
pub const FIRING_WORDS: &[&str] = &["firing", "re-triggered", "retriggered", "triggered"];
