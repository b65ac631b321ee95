//! How well texts are read: a list with the severities that people gave, and laws for any text.

use std::time::Instant;

use proptest::prelude::*;

use super::*;

fn clues<'text>(title: &'text str, message: Option<&'text str>) -> Clues<'text> {
    Clues { title, message, states_firing: false, unknown: None, transition: None }
}

fn read(title: &str, message: &str) -> Classified<Severity> {
    by_text(&clues(title, Some(message)))
}

fn titled(title: &str) -> Classified<Severity> {
    read(title, "")
}

fn severity(title: &str) -> Severity {
    titled(title).value
}

/// Alert texts and how bad an engineer finds them, apart from what the table was learned from.
const LABELLED: [(&str, Severity); 39] = [
    ("Checkout is DOWN!", Severity::Critical),
    ("[Triggered] Total outage of payments: replicas no longer reachable", Severity::Critical),
    ("Database primary unreachable. All writes are refused", Severity::Critical),
    ("Members are unreachable: writes are refused until quorum is restored", Severity::Critical),
    ("Volume of orders-db is full, data loss imminent", Severity::Critical),
    ("etcd has no leader", Severity::Critical),
    ("Website unavailable from every region", Severity::Critical),
    ("RedisMissingMaster", Severity::Critical),
    ("Certificate expired: clients cannot connect", Severity::Critical),
    ("Ausfall: Zahlung down", Severity::Critical),
    ("[P1] Basket", Severity::Critical),
    ("Nightly export job failed with exit code 1", Severity::Error),
    ("Webhook delivery failing", Severity::Error),
    ("Worker crashed", Severity::Error),
    ("slow, then failed", Severity::Error),
    ("[SEV-2] Basket", Severity::Error),
    ("Error: connect ECONNREFUSED", Severity::Error),
    ("[Triggered] Scale-down of workers is slow", Severity::Warning),
    ("Disk usage above 80 %", Severity::Warning),
    ("High memory usage on host web-3", Severity::Warning),
    ("p99 latency is increasing", Severity::Warning),
    ("Queue backlog growing", Severity::Warning),
    ("Certificate expires in 20 days", Severity::Warning),
    ("HostCpuHighIowait", Severity::Warning),
    ("Replication lag is high", Severity::Warning),
    ("[Warn on {host:a}] Disk", Severity::Warning),
    ("Download finished", Severity::Info),
    ("[Triggered] Cool-down finished", Severity::Info),
    ("[Triggered] Scale-down of workers finished", Severity::Info),
    ("[Triggered] Backup of orders finished with errors", Severity::Error),
    ("[Triggered] Restore of orders has not finished: the disk is full", Severity::Critical),
    ("Deployment of web completed", Severity::Info),
    ("Backup completed successfully", Severity::Info),
    ("Cache server was just restarted", Severity::Info),
    ("Scheduled maintenance started", Severity::Info),
    ("Checkout has recovered", Severity::Info),
    ("Latency is back to normal", Severity::Info),
    ("Outage resolved: checkout no longer down", Severity::Info),
    ("Uncritical notice for the error-free build", Severity::Info),
];

#[test]
fn a_labelled_list_is_classified_well() {
    let wrong: Vec<_> = LABELLED
        .iter()
        .filter(|(text, expected)| severity(text) != *expected)
        .map(|(text, expected)| (text, expected, read(text, "")))
        .collect();
    assert!(wrong.len() <= 2, "{wrong:#?}");
    for class in [Severity::Critical, Severity::Error, Severity::Warning, Severity::Info] {
        let missed = wrong.iter().filter(|(_, expected, _)| **expected == class).count();
        assert!(missed <= 1, "{class}: {wrong:#?}");
    }
}

#[test]
fn the_reason_names_the_words() {
    let found = titled("Checkout is DOWN!");
    assert_eq!((found.value, found.evidence), (Severity::Critical, Evidence::Text));
    assert!(found.matched.as_deref().is_some_and(|matched| matched.starts_with("down +")), "{found:?}");
    assert!((0.6..0.87).contains(&found.confidence), "{found:?}");
    let surer = titled("Checkout is down: all nodes unavailable, data loss imminent");
    assert!(surer.confidence > found.confidence, "{surer:?}");
}

#[test]
fn below_the_margin_it_is_the_default_and_the_reason_says_so() {
    let found = titled("Certificate expires in 20 days");
    assert_eq!((found.value, found.evidence), (Severity::Warning, Evidence::Default));
    assert!(found.matched.as_deref().is_some_and(|matched| matched.starts_with("unclear: ")), "{found:?}");
    assert!(found.matched.as_deref().is_some_and(|matched| matched.ends_with("needed 0.7)")), "{found:?}");
    for text in ["", "zzyzx", "Zahlungsübersicht fällt aus", "決済サービスが停止しました", "🔥🔥🔥"]
    {
        let found = titled(text);
        assert_eq!((found.value, found.evidence), (Severity::Warning, Evidence::Default), "{text}");
        assert_eq!(found.matched.as_deref(), Some("no word that tells a severity"), "{text}");
    }
}

#[test]
fn a_word_that_is_not_understood_is_named() {
    let found = by_text(&Clues { unknown: Some("sev-banana"), ..clues("Checkout is down", None) });
    assert_eq!(found.value, Severity::Critical);
    let matched = found.matched.unwrap();
    assert!(matched.starts_with("stated \"sev-banana\" is not understood; down +"), "{matched}");
}

#[test]
fn the_text_comes_before_the_transition() {
    let stated = StatedSeverity { value: Severity::Error, matched: "transition Triggered".into(), confidence: 0.8 };
    let with = |title| by_text(&Clues { transition: Some(&stated), states_firing: true, ..clues(title, None) });
    assert_eq!(with("Checkout is down").value, Severity::Critical);
    assert_eq!(with("Scale-down of workers is slow").value, Severity::Warning);
    let unclear = with("Basket");
    assert_eq!((unclear.value, unclear.evidence), (Severity::Error, Evidence::Transition));
    assert_eq!(unclear.matched.as_deref(), Some("transition Triggered"));
}

#[test]
fn a_firing_alert_is_not_over_whatever_it_says() {
    assert_eq!(severity("Checkout recovered"), Severity::Info);
    for text in ["[Triggered] Checkout recovered", "Triggered: checkout recovered", "[Alert] Checkout recovered"] {
        assert_ne!(severity(text), Severity::Info, "{text}");
    }
    let stated = by_text(&Clues { states_firing: true, ..clues("Checkout recovered", None) });
    assert_ne!(stated.value, Severity::Info);
}

#[test]
fn negated_and_unfinished_resolutions_are_none() {
    let triggered = |title, body| read(&format!("[Triggered] {title}"), body).value;
    let upstreams = "Every upstream fails its check; names can no longer be resolved.";
    assert!(triggered("CoreDNS upstreams", upstreams) >= Severity::Error);
    let quorum = "Members are unreachable: writes are refused until quorum is restored.";
    assert_eq!(triggered("etcd quorum", quorum), Severity::Critical);
    assert_eq!(read("etcd quorum", quorum).value, Severity::Critical);
    assert_ne!(severity("Payments have not yet recovered"), Severity::Info);
    assert_ne!(severity("The outage will be resolved tomorrow"), Severity::Info);
}

#[test]
fn a_hyphenated_word_is_not_its_parts() {
    for text in ["Scale-down of workers", "down-sampling of metrics", "The cool-down begins", "ScaleDown of web"] {
        assert_ne!(severity(text), Severity::Critical, "{text}");
    }
    for text in ["The nightly download finished", "Breakdown of costs is ready"] {
        let found = titled(text);
        assert_ne!(found.value, Severity::Critical, "{text}");
        let is_down = |word: &str| word.starts_with("down ") || word.starts_with("critical ");
        assert!(found.matched.is_none_or(|matched| !matched.split(", ").any(is_down)), "{text}");
    }
}

#[test]
fn a_severity_in_the_text_counts() {
    for (title, message, expected) in [
        ("[CRITICAL] Basket", "", Severity::Critical),
        ("CRITICAL - Basket", "", Severity::Critical),
        ("P2: Basket", "", Severity::Error),
        ("Warning: Too many things", "", Severity::Warning),
        ("[info] Basket", "", Severity::Info),
        ("Basket", "Service: basket\n*Severity*: High", Severity::Error),
        ("Basket", "priority=P4", Severity::Info),
    ] {
        assert_eq!(read(title, message).value, expected, "{title} {message}");
    }
    for title in ["S3: basket", "[1] Basket", "Page: basket", "[Alert] Basket", "Low-cost basket"] {
        assert_eq!(read(title, "").evidence, Evidence::Default, "{title}");
    }
}

#[test]
fn a_failure_that_has_not_happened_is_none() {
    for text in ["Basket may fail", "No errors in basket", "If basket fails, call Ada", "Failover exercise"] {
        assert_ne!(severity(text), Severity::Error, "{text}");
    }
}

#[test]
fn a_long_text_without_known_words_takes_no_long_time() {
    let text = "zzyzx quux ".repeat(400);
    let started = Instant::now();
    let found = read("zzyzx", &text);
    assert_eq!(found.evidence, Evidence::Default);
    assert!(started.elapsed().as_millis() < 1_000);
}

proptest! {
    #[test]
    fn no_text_panics(title in any::<String>(), message in "(?s).{0,300}", unknown in prop::option::of(any::<String>())) {
        let found = by_text(&Clues { unknown: unknown.as_deref(), ..clues(&title, Some(&message)) });
        prop_assert!((0.0..=1.0).contains(&found.confidence));
        prop_assert!(found.matched.is_some());
    }

    #[test]
    fn case_does_not_matter(text in "[a-z ]{0,60}") {
        prop_assert_eq!(read(&text, ""), read(&text.to_uppercase(), ""));
    }
}
