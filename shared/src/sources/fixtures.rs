//! Each fixture of the sources, and what it must be read as.

use super::{ElementReading, Headers, Reading, Unreadable, event_bridge, find, parse};
use crate::domain::{
    event::{AlertEvent, Transition},
    severity::Severity,
    time::Time,
};

fn received_at() -> Time {
    "2026-11-27T05:00:00Z".parse().unwrap()
}

/// What a fixture says, one line for each of its events.
fn said(source: &str, path: &str) -> Vec<String> {
    let file = format!("{}/../tests/fixtures/{path}.json", env!("CARGO_MANIFEST_DIR"));
    let payload = parse(&std::fs::read(file).unwrap_or_else(|error| panic!("{path}: {error}"))).unwrap();
    let reading = if source == "event_bridge" {
        event_bridge::read(&payload, received_at())
    } else {
        find(source).unwrap().read(&Headers::default(), &payload, received_at())
    };
    let unreadable = |reason: &Unreadable| format!("unreadable: {reason}");
    match reading {
        Ok(Reading::Event(event)) => vec![line(&event)],
        Ok(Reading::Group(group)) => group
            .elements
            .iter()
            .map(|element| match &element.reading {
                Ok(ElementReading::Event(event)) => line(event),
                Ok(ElementReading::Ignored { .. }) => "ignored".to_owned(),
                Err(reason) => unreadable(reason),
            })
            .collect(),
        Ok(Reading::Ignored { .. }) => vec!["ignored".to_owned()],
        Ok(Reading::Confirmation(_)) => vec!["confirmation".to_owned()],
        Err(reason) => vec![unreadable(&reason)],
    }
}

/// `firing critical ledger production 03:58:11 fingerprint:a1f0 Writes are slow`.
fn line(event: &AlertEvent) -> String {
    let transition = match event.transition {
        Transition::Firing => "firing",
        Transition::Resolved => "resolved",
    };
    let severity = event.severity.as_ref().map(|severity| match severity.value {
        Severity::Critical => "critical",
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    });
    let part = |part: Option<&str>| part.unwrap_or("-").to_owned();
    [
        transition.to_owned(),
        part(severity),
        part(event.service.as_deref()),
        part(event.environment.as_deref()),
        event.occurred_at.to_string()[11..19].to_owned(),
        event.dedup_key.clone(),
        event.title.clone(),
    ]
    .join(" ")
}

macro_rules! fixtures {
    ($($source:literal $path:literal => $($line:literal)+;)+) => {
        #[test]
        fn each_fixture_is_read_as_it_is_meant() {
            $(assert_eq!(said($source, $path), [$($line),+], "{}", $path);)+
        }

        /// A fixture that no test reads shows nothing.
        #[test]
        fn no_fixture_is_left_out() {
            let read = [$($path),+];
            for directory in [
                "alertmanager", "cloudwatch", "event_bridge", "generic", "grafana", "pagerduty", "pagerduty-events",
                "recipes",
            ] {
                let path = format!("{}/../tests/fixtures/{directory}", env!("CARGO_MANIFEST_DIR"));
                for file in std::fs::read_dir(path).unwrap() {
                    let name = file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned();
                    let path = format!("{directory}/{name}");
                    assert!(read.contains(&path.as_str()), "{path}");
                }
            }
        }
    };
}

fixtures! {
    "alertmanager" "alertmanager/group_of_two_fires_is_critical" =>
        "firing critical ledger production 03:58:11 fingerprint:a1f0c46be1027d90 Writes of ledger-0 take longer than 2 s"
        "firing critical ledger production 03:58:11 fingerprint:b2e1d57cf2138ea1 Writes of ledger-1 take longer than 2 s";
    "alertmanager" "alertmanager/group_of_two_one_is_resolved" =>
        "firing critical ledger production 03:58:11 fingerprint:a1f0c46be1027d90 Writes of ledger-0 take longer than 2 s"
        "resolved critical ledger production 04:31:00 fingerprint:b2e1d57cf2138ea1 Writes of ledger-1 take longer than 2 s";
    "alertmanager" "alertmanager/real_0_25_two_fire" =>
        "firing critical real-orders production 04:36:12 fingerprint:e835f29e3185b71c The queue orders is too long"
        "firing critical real-orders production 04:36:12 fingerprint:7a420e6dd215bc2a The queue refunds is too long";
    "alertmanager" "alertmanager/real_0_25_one_fires_anew_beside_one_resolved_before" =>
        "firing critical real-orders production 04:36:27 fingerprint:e835f29e3185b71c The queue orders is too long"
        "resolved critical real-orders production 04:36:22 fingerprint:7a420e6dd215bc2a The queue refunds is too long";
    "alertmanager" "alertmanager/real_0_25_truncated_group_is_resolved_although_others_fire" =>
        "resolved critical node - 04:35:29 fingerprint:39a59b660fc7ef61 Disk of a";
    "alertmanager" "alertmanager/watchdog_is_ignored" => "ignored";
    "alertmanager" "alertmanager/other_sender_without_fingerprint_and_status" =>
        "firing warning - - 03:58:11 fingerprint:410489769c8f8852 Disk of store-4 is full";
    "alertmanager" "alertmanager/kube_state_metrics_names_the_deployment" =>
        "firing warning invoices - 04:00:00 fingerprint:5f0e1d2c3b4a5968 Replicas of invoices are missing";
    "cloudwatch" "cloudwatch/sns_alarm_fires" =>
        "firing - ledger-api - 04:03:12 alarm:arn:aws:cloudwatch:eu-west-1:123456789012:alarm:ledger-errors ledger-errors";
    "cloudwatch" "cloudwatch/sns_ok_is_resolved" =>
        "resolved - ledger-api - 04:23:12 alarm:arn:aws:cloudwatch:eu-west-1:123456789012:alarm:ledger-errors ledger-errors";
    "cloudwatch" "cloudwatch/sns_insufficient_data_is_warning" =>
        "firing warning ledger-api - 04:03:12 alarm:arn:aws:cloudwatch:eu-west-1:123456789012:alarm:ledger-queue-age ledger-queue-age";
    "cloudwatch" "cloudwatch/sns_text_is_unreadable" => "unreadable: the message is not that of a CloudWatch alarm";
    "cloudwatch" "cloudwatch/sns_subscription_confirmation" => "confirmation";
    "event_bridge" "event_bridge/alarm_fires_is_critical" =>
        "firing critical ledger production 04:03:12 alarm:arn:aws:cloudwatch:eu-west-1:123456789012:alarm:ledger-errors ledger-errors";
    "event_bridge" "event_bridge/ok_is_resolved" =>
        "resolved critical ledger production 04:23:12 alarm:arn:aws:cloudwatch:eu-west-1:123456789012:alarm:ledger-errors ledger-errors";
    "event_bridge" "event_bridge/suppressed_is_ignored" => "ignored";
    "event_bridge" "event_bridge/deleted_alarm_is_resolved" =>
        "resolved - - - 04:44:12 alarm:arn:aws:cloudwatch:eu-west-1:123456789012:alarm:ledger-errors ledger-errors";
    "generic" "generic/backup_fires_is_error" =>
        "firing error ledger production 04:41:07 key:backup/ledger-db The backup of ledger-db is 9 h late";
    "generic" "generic/backup_is_resolved" => "resolved - - - 04:55:00 key:backup/ledger-db backup/ledger-db";
    "generic" "generic/batch_of_three" =>
        "firing warning - - 05:00:00 key:cert/a.example.com The certificate of a.example.com ends in 3 days"
        "resolved - - - 05:00:00 key:cert/b.example.com cert/b.example.com"
        "unreadable: data.key is missing: it names the problem";
    "generic" "generic/cloud_event_fires" => "firing error - - 04:41:07 key:press-4 Press 4 is too hot";
    "generic" "generic/other_type_is_ignored" => "ignored";
    "grafana" "grafana/search_fires_is_error" =>
        "firing error search-api production 04:10:10 fingerprint:80bc3d446f212299 2.4 % of searches fail";
    "grafana" "grafana/series_is_missing_is_resolved" =>
        "resolved error search-api production 04:40:10 fingerprint:80bc3d446f212299 2.4 % of searches fail";
    "grafana" "grafana/no_data_is_warning" =>
        "firing warning orders-api - 04:10:10 fingerprint:9a1b2c3d4e5f6071 Orders per minute: no data";
    "grafana" "grafana/test_notification_is_ignored" => "ignored";
    "grafana" "grafana/before_version_9_is_unreadable" =>
        "unreadable: the payload is that of Grafana's alerting before version 9; switch to unified alerting";
    "pagerduty" "pagerduty/incident_triggered_is_error" =>
        "firing error refunds - 04:15:29 incident:Q2RS7T Refunds time out";
    "pagerduty" "pagerduty/incident_priority_updated_is_critical" =>
        "firing critical refunds - 04:18:00 incident:Q2RS7T Refunds time out";
    "pagerduty" "pagerduty/incident_resolved" =>
        "resolved error refunds - 04:40:00 incident:Q2RS7T Refunds time out";
    "pagerduty" "pagerduty/ping_is_ignored" => "ignored";
    "pagerduty-events" "pagerduty-events/trigger_is_critical" =>
        "firing critical ledger production 04:42:58 dedup:ledger-db-2/lag The replica ledger-db-2 lags by 312 s";
    "pagerduty-events" "pagerduty-events/resolve" => "resolved - - - 05:00:00 dedup:ledger-db-2/lag ledger-db-2/lag";
    "pagerduty-events" "pagerduty-events/acknowledge_is_ignored" => "ignored";
    "pagerduty-events" "pagerduty-events/change_is_ignored" => "ignored";
    "pagerduty-events" "pagerduty-events/version_1_is_unreadable" => "unreadable: event_action is missing";
    "generic" "recipes/new_relic_generic" =>
        "firing critical web-shop - 04:01:11 key:b5c1e9d2-7f1b-4a2f-9c1d-0c7d7f0b2a11 Apdex of web-shop below 0.7";
    "generic" "recipes/zabbix_generic" =>
        "firing warning store-4 - 05:00:00 key:22713 Free disk space is less than 20% on volume /";
    "pagerduty-events" "recipes/uptime_kuma_pagerduty_events" =>
        "firing critical - - 05:00:00 dedup:Uptime Kuma/17 [🔴 Down] [Web shop] connect ECONNREFUSED 10.4.7.19:443";
    "generic" "recipes/checkly_generic" =>
        "firing critical web-shop - 04:41:07 key:0b1d7a2e-checkout Checkout flow has failed";
    "generic" "recipes/kibana_generic" =>
        "firing warning store-4 - 05:00:00 key:9d5c:store-4 Log error rate of store-4 above 5";
    "generic" "recipes/honeycomb_generic" => "firing error ledger - 04:41:07 key:hSx1 p99 of ledger above 2 s";
}
