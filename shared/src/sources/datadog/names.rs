//! The names under which templates have a field, the most exact first. See [`Fields`] for how
//! names are compared and where fields are looked for.
//!
//! [`Fields`]: crate::sources::normalize::Fields

/// One line that says what is wrong.
pub const TITLE: [&str; 17] = [
    "title",
    "event_title",
    "alert_title",
    "monitor_title",
    "incident_title",
    "security_signal_title",
    "summary",
    "subject",
    "headline",
    "alert_name",
    "monitor_name",
    "security_rule_name",
    "rule_name",
    "entity_display_name",
    "event_name",
    "name",
    "event",
];

/// A text that may begin with the title, in templates that have no other.
pub const TEXT: [&str; 3] = ["text", "message", "content"];

/// The text below the title.
pub const MESSAGE: [&str; 13] = [
    "body",
    "text_only_msg",
    "event_msg",
    "alert_message",
    "event_message",
    "incident_msg",
    "security_signal_msg",
    "state_message",
    "msg",
    "description",
    "details",
    "event_text",
    "alert_body",
];

/// Links a trigger to its resolution.
pub const CYCLE: [&str; 2] = ["alert_cycle_key", "cycle_key"];

/// A key that the customer chose.
pub const DEDUP_KEY: [&str; 7] =
    ["dedup_key", "deduplication_key", "dedupe_key", "dedup_id", "alert_key", "incident_key", "entity_id"];

/// A Datadog incident.
pub const INCIDENT: [&str; 2] = ["incident_uuid", "incident_public_id"];

/// The monitor.
pub const MONITOR: [&str; 3] = ["alert_id", "monitor_id", "rule_id"];

/// What Datadog puts together.
pub const AGGREGATE: [&str; 4] = ["aggreg_key", "aggregation_key", "aggregate_key", "alias"];

/// Names this notification, not the problem.
pub const ID: [&str; 4] = ["id", "event_id", "alert_instance_id", "notification_id"];

/// Whose Datadog it is.
pub const ORGANISATION: [&str; 8] = [
    "org_id",
    "organization_id",
    "organisation_id",
    "org_name",
    "organization_name",
    "organisation_name",
    "org",
    "organization",
];

/// The tags of what fired.
pub const SCOPE: [&str; 4] = ["scope", "alert_scope", "scopes", "alert_scopes"];

/// The group of the monitor that fired.
pub const GROUP: [&str; 3] = ["group", "alert_group", "monitor_group"];

/// The host that fired.
pub const HOST: [&str; 5] = ["hostname", "host", "host_name", "instance", "entity"];

/// The tags of the monitor and of the group.
pub const TAGS: [&str; 5] = ["tags", "alert_tags", "event_tags", "monitor_tags", "labels"];

/// The service, typed.
pub const SERVICE: [&str; 4] = ["service", "service_name", "application", "app"];

/// The environment, typed.
pub const ENVIRONMENT: [&str; 5] = ["environment", "env", "environment_name", "deployment_environment", "stage"];

/// The team, typed.
pub const TEAM: [&str; 4] = ["team", "team_name", "owner", "squad"];

/// Firing or resolved.
pub const STATE: [&str; 12] = [
    "transition",
    "alert_transition",
    "event_transition",
    "event_action",
    "alert_state",
    "monitor_state",
    "incident_status",
    "state",
    "status",
    "monitor_status",
    "alert_status",
    "message_type",
];

/// `$ALERT_TYPE`: error, warning, info, success.
pub const ALERT_TYPE: [&str; 2] = ["alert_type", "event_alert_type"];

/// The severity.
pub const SEVERITY: [&str; 6] =
    ["severity", "alert_severity", "incident_severity", "security_signal_severity", "sev", "urgency"];

/// Also the name of `$PRIORITY`, which is no severity: see [`severity`](super::severity).
pub const PRIORITY: [&str; 1] = ["priority"];

/// The priority of the monitor: P1 to P5.
pub const ALERT_PRIORITY: [&str; 2] = ["alert_priority", "monitor_priority"];

/// When it happened.
pub const TIME: [&str; 14] = [
    "date",
    "date_posix",
    "timestamp",
    "event_date",
    "event_time",
    "fire_time",
    "alert_time",
    "triggered_at",
    "occurred_at",
    "time",
    "last_updated",
    "last_updated_posix",
    "updated_at",
    "created_at",
];

/// Where to look at it.
pub const LINK: [&str; 15] = [
    "link",
    "url",
    "event_url",
    "source_url",
    "alert_url",
    "monitor_url",
    "incident_url",
    "security_signal_url",
    "event_link",
    "alert_link",
    "source_link",
    "client_url",
    "generator_url",
    "html_url",
    "permalink",
];

/// Whether somebody tries a notification out.
pub const IS_TEST: [&str; 3] = ["is_test", "test", "test_notification"];
