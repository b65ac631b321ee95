//! What alerts cost in write units. `docs/COSTS.md` names these figures.

use super::*;

/// The write units of an alert that opens an incident, of one of another service that joins it, and of one of the same
/// service.
async fn units(key: KeyKind) -> String {
    let bench = Bench::start().await.unwrap();
    let first = Notification {
        problem: "1",
        environment: "production",
        service: "checkout",
        transition: "Triggered",
        id: "1",
        key,
    };
    // The first delivery also writes when the history starts.
    bench.cost(&Notification { environment: "elsewhere", problem: "9", id: "9", ..first }).await.unwrap();
    let mut units: Vec<String> = Vec::new();
    for notification in [
        Notification { ..first },
        Notification { problem: "2", id: "2", service: "payments", ..first },
        Notification { problem: "3", id: "3", service: "payments", ..first },
    ] {
        let cost = bench.cost(&notification).await.unwrap();
        // Rows are sealed at any time.
        let sealed = cost.units.get("local-segments").map_or(0.0, |units| units.write);
        units.push((cost.units_of("").write - sealed + CHANGE).to_string());
    }
    bench.stack.stop().await;
    units.join(", ")
}

/// The entry of the change log.
const CHANGE: f64 = 2.0;

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_that_joins_costs_at_most_so_many_write_units() {
    assert_eq!(units(KeyKind::Cycle).await, "19, 16, 14", "two rows for what is known of the problem");
    assert_eq!(units(KeyKind::Monitor).await, "17, 14, 12", "one row");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_shares_what_is_written_once_in_a_transaction() {
    for key in [KeyKind::Cycle, KeyKind::Monitor] {
        let reports = reports::Options { reported_alerts: 0 };
        let options = Options { alerts: 400, groups: 1, key: Some(key), reports };
        let Burst { counts, .. } = measured(&options, key).await.unwrap();
        #[expect(clippy::cast_precision_loss, reason = "there are 400")]
        let each = counts.units_of("").write / options.alerts as f64;
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let most = in_a_storm(key) as f64;
        assert!(each <= most, "{each} write units for each alert of a storm, told apart by {key:?}");
    }
}
