//! The product over HTTP, as its users meet it. Begin with `first_incident`.
//!
//! All tests share one embedded stack. They run against a deployed stack if `STACK_URL`,
//! `STACK_VIEWER_TOKEN`, `STACK_RESPONDER_TOKEN`, `STACK_DATADOG_SECRET` and `STACK_SENTRY_SECRET`
//! are set, and `STACK_ALERTMANAGER_SECRET` and so on for the other sources.

mod alert_payload;
mod alert_status;
mod alerts_list;
mod assignees;
mod authentication;
mod cases;
mod classification;
mod comments;
mod concurrency;
mod console;
mod console_insights;
mod console_quarantine;
mod contract;
mod dead_letters;
mod demo;
mod edge;
mod episodes;
mod exports;
mod failing_transactions;
mod first_incident;
mod fixtures;
mod grouping;
mod hostile_input;
mod incident_detail;
mod incidents_list;
mod incidents_paging;
mod large_answers;
mod least_privilege;
mod limits;
mod list_filters;
mod list_parameters;
mod logs;
mod merges;
mod oidc;
mod quarantine;
mod quarantine_gauge;
mod redrive;
mod replay;
mod report;
mod restart;
mod restore;
mod retention;
mod secret_rotation;
mod seed_load;
mod similar;
mod stats;
mod status_changes;
mod webhook_errors;
mod webhooks_alertmanager;
mod webhooks_cloudwatch;
mod webhooks_datadog;
mod webhooks_hostile;
mod webhooks_other_sources;
mod webhooks_sentry;
mod wire_bodies;
