//! The use cases, a file each. They take `now` and know nothing of HTTP or Lambda.

pub mod authorize;
pub mod change_status;
pub mod delete_alert_payload;
pub mod delete_quarantine_entry;
pub mod end_redrive;
pub mod get_alert;
pub mod get_alert_payload;
pub mod get_alert_stats;
pub mod get_incident;
pub mod get_incident_stats;
pub mod get_quarantine_entry;
pub mod group_alerts;
pub mod list_alerts;
pub mod list_incidents;
pub mod list_quarantine;
pub mod quarantine_dead_letter;
pub mod quarantine_gauge;
pub mod read_webhook;
pub mod receive_alarm;
pub mod receive_webhook;
pub mod redrive_quarantine;
pub mod redrive_quarantine_entry;
pub mod resolve_alerts;
pub mod seal_segments;
