//! Which texts say that a problem is over, and which only seem to.

use proptest::prelude::*;

use super::{super::words::clauses, *};

fn over(title: &str) -> Option<String> {
    resolution(&clauses(title), &[])
}

fn fires(title: &str) -> bool {
    is_firing(&clauses(title), &[])
}

#[test]
fn a_clear_statement_says_that_it_is_over() {
    for (text, expected) in [
        ("Checkout has recovered", "recovered"),
        ("Outage resolved: checkout no longer down", "resolved"),
        ("Latency is back to normal", "back to normal"),
        ("Service restored.", "restored"),
        ("Payments are healthy again", "healthy again"),
        ("web-1 is back up", "back up"),
        ("CPU is no longer high", "no longer high"),
        ("Checkout is no longer failing", "no longer failing"),
        ("The alert stopped firing", "stopped firing"),
        ("After five minutes the API recovered", "recovered"),
        ("API recovered after 5 minutes", "recovered"),
        ("5 of 5 nodes recovered", "recovered"),
        ("Connection to db-1 recovered", "recovered"),
        ("Resolved: checkout is down", "resolved"),
        ("[Recovered on {host:a}] Disk is full", "recovered"),
        ("[P1] [Resolved] Alert triggered by web-1", "resolved"),
        ("OK: CPU of web-1", "ok"),
        ("[OK] Payments", "ok"),
        ("RECOVERED - database", "recovered"),
        ("Checkout was down for 5 minutes and is back online now", "back online"),
        ("Fully restored: search", "restored"),
    ] {
        assert_eq!(over(text).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn a_denied_or_unfinished_statement_says_nothing() {
    for text in [
        "Replicas no longer reachable",
        "Names can no longer be resolved",
        "Writes are refused until quorum is restored",
        "Not yet recovered",
        "Checkout has not recovered",
        "Checkout hasn't recovered",
        "Checkout hasn’t recovered yet",
        "The incident is yet to be resolved",
        "Will be resolved tomorrow",
        "It should be restored within an hour",
        "Once it is restored, traffic returns",
        "When the primary has recovered, switch back",
        "If it is not resolved, call the owner",
        "Cannot be restored",
        "Could not get back to normal",
        "Backup cannot be restored",
        "Waiting for the database to be restored",
        "Waiting until it is back up",
        "Service is being restored",
        "Partially restored",
        "Search has recovered partially",
        "Only some nodes have recovered",
        "3 of 5 nodes recovered",
        "3/5 nodes recovered",
        "0 nodes recovered",
        "Has checkout recovered?",
        "Never recovered",
        "Fails to get restored",
        "Down again after it was restored",
        "Recovered, then failed again",
        "API recovered but payments are still down",
        "Write path recovered; reads not yet restored",
        "Reads are not restored, writes have recovered",
        "web-1 refuses to come back online",
        "Recovery in progress",
        "Nothing has recovered so far",
        "Unresolved incident",
        "Restored backup is corrupt",
        "Failed to back up the database",
        "Back up of orders is late",
        "DNS names resolved to a wrong address",
        "panic recovered: nil pointer",
        "Recovery failed",
        "Recovery: failed to start",
        "",
        "Ausfall behoben?",
    ] {
        assert_eq!(over(text), None, "{text}");
    }
}

#[test]
fn a_firing_marker_is_found() {
    for text in [
        "[Triggered] CoreDNS upstreams",
        "[P1] [Triggered on {host:a}] Disk",
        "Triggered: disk recovered",
        "[FIRING:1] HighLatency",
        "[FIRING:1, RESOLVED:2] HighLatency",
        "firing: HighLatency",
        "[Warn] Disk",
        "[Alert] Disk",
        "[Re-Triggered] Disk",
        "[No Data] Disk",
        "The alert is firing",
        "[🔴 Down] Checkout",
    ] {
        assert!(fires(text), "{text}");
    }
    for text in [
        "[Recovered] Alert triggered by web-1",
        "The alert is no longer firing",
        "The alert was triggered at 10:00",
        "Alert stopped firing",
        "Warning: disk",
        "[P1] Disk",
        "Misfiring engine",
        "",
    ] {
        assert!(!fires(text), "{text}");
    }
}

#[test]
fn what_comes_later_in_the_message_counts_too() {
    let read = |title: &str, message: &str| resolution(&clauses(title), &clauses(message));
    assert_eq!(read("Checkout", "It has recovered.").as_deref(), Some("recovered"));
    let runbook = "If it is not resolved within an hour, call Ada.";
    assert_eq!(read("Checkout recovered", runbook).as_deref(), Some("recovered"));
    assert_eq!(read("Checkout recovered", "Payments are still failing."), None);
    assert_eq!(read("[Resolved] Checkout is down", "It is still down.").as_deref(), Some("resolved"));
}

proptest! {
    #[test]
    fn no_text_panics(title in "(?s).{0,80}", message in any::<String>()) {
        let (title, message) = (clauses(&title), clauses(&message));
        let _ = (is_firing(&title, &message), resolution(&title, &message));
    }

    #[test]
    fn no_order_of_telling_words_panics(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "no", "longer", "back", "to", "normal", "recovered", "until", "[", "]", "triggered", "of", "1", "2",
                ":", "down", "again", "not", "is", "stopped", "?", "\n", "but",
            ]),
            0..12,
        ),
    ) {
        let text = clauses(&words.join(" "));
        let _ = (is_firing(&text, &text), resolution(&text, &text));
    }
}
