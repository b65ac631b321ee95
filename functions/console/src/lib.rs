//! The console: pages for people, over the same use cases as the API.
//!
//! `routes` is the table of pages. Each page is a file in `pages`: it reads the request, calls use
//! cases, and returns markup made of `parts`. A page works without a script: it is links and forms.

mod answer;
mod arrival;
mod assets;
mod cookies;
mod flash;
mod form;
mod link;
mod pages;
mod parts;
mod period;
mod routes;
mod session;
mod signed;
mod visit;

use std::time::Duration;

use shared::{
    aws::Aws,
    clock,
    config::Environment,
    deadline::Deadline,
    domain::time::Time,
    function::{Error, HttpFunction},
    http::{Request, Response, edge::Edge, problem::Problem},
    queue::Queue,
    service::{
        add_comment::AddComment, change_assignee::ChangeAssignee, change_status::ChangeStatus,
        delete_quarantine_entry::DeleteQuarantineEntry, get_alert::GetAlert, get_alert_payload::GetAlertPayload,
        get_alert_stats::GetAlertStats, get_incident::GetIncident, get_incident_report::GetIncidentReport,
        get_incident_stats::GetIncidentStats, get_quarantine_entry::GetQuarantineEntry, list_alerts::ListAlerts,
        list_incidents::ListIncidents, list_quarantine::ListQuarantine, list_similar_incidents::ListSimilarIncidents,
        merge_incidents::MergeIncidents, quarantine_gauge::QuarantineGauge, redrive_quarantine::RedriveQuarantine,
        redrive_quarantine_entry::RedriveQuarantineEntry, resolve_alerts::ResolveAlerts, sign_in::SignIn,
        split_incident::SplitIncident,
    },
    store::Tables,
    telemetry::{metrics::Metrics, refusals::Refusals},
};

/// Time to render a page that says that time ran out.
const ANSWER_TIME: Duration = Duration::from_millis(200);

/// The state that the function keeps between calls: the use cases.
#[derive(Debug)]
pub struct Function {
    edge: Edge,
    refusals: Refusals,
    sign_in: SignIn,
    /// The address that people use, if it is not that of the API.
    public_url: Option<String>,
    list_incidents: ListIncidents,
    get_incident: GetIncident,
    get_report: GetIncidentReport,
    get_incident_stats: GetIncidentStats,
    change_status: ChangeStatus,
    add_comment: AddComment,
    list_similar: ListSimilarIncidents,
    merge_incidents: MergeIncidents,
    split_incident: SplitIncident,
    change_assignee: ChangeAssignee,
    list_alerts: ListAlerts,
    get_alert: GetAlert,
    get_alert_payload: GetAlertPayload,
    get_alert_stats: GetAlertStats,
    resolve_alerts: ResolveAlerts,
    list_quarantine: ListQuarantine,
    get_quarantine_entry: GetQuarantineEntry,
    redrive_quarantine: RedriveQuarantine,
    redrive_quarantine_entry: RedriveQuarantineEntry,
    delete_quarantine_entry: DeleteQuarantineEntry,
    gauge: QuarantineGauge,
}

impl HttpFunction for Function {
    async fn start(environment: &Environment, aws: &Aws) -> Result<Self, Error> {
        let tables = Tables::new(environment, aws);
        let (budget, queue) = (environment.list_budget()?, Queue::new(environment, aws)?);
        let list_incidents = ListIncidents::new(&tables, budget)?;
        let sign_in = SignIn::start(environment, aws, clock::now());
        let (sign_in, (), ()) = tokio::join!(sign_in, list_incidents.warm(), queue.warm());
        Ok(Self {
            edge: Edge::new(environment),
            refusals: Refusals::new(Metrics::new(environment)?),
            sign_in: sign_in?,
            public_url: environment.public_url(),
            list_incidents,
            get_incident: GetIncident::new(&tables)?,
            get_report: GetIncidentReport::new(&tables)?,
            get_incident_stats: GetIncidentStats::new(&tables, budget)?,
            change_status: ChangeStatus::new(&tables, Some(queue.clone()))?,
            list_similar: ListSimilarIncidents::new(&tables, budget)?,
            merge_incidents: MergeIncidents::new(&tables, Some(queue.clone()))?,
            split_incident: SplitIncident::new(&tables)?,
            add_comment: AddComment::new(&tables)?,
            change_assignee: ChangeAssignee::new(&tables)?,
            list_alerts: ListAlerts::new(&tables, budget)?,
            get_alert: GetAlert::new(&tables)?,
            get_alert_payload: GetAlertPayload::new(&tables)?,
            get_alert_stats: GetAlertStats::new(&tables, budget)?,
            resolve_alerts: ResolveAlerts::new(&tables)?,
            list_quarantine: ListQuarantine::new(&tables)?,
            get_quarantine_entry: GetQuarantineEntry::new(&tables)?,
            redrive_quarantine: RedriveQuarantine::new(&tables, queue.clone())?,
            redrive_quarantine_entry: RedriveQuarantineEntry::new(&tables, queue)?,
            delete_quarantine_entry: DeleteQuarantineEntry::new(&tables)?,
            gauge: QuarantineGauge::new(&tables, Metrics::new(environment)?)?,
        })
    }

    async fn answer(&self, request: &Request, now: Time, deadline: Deadline) -> Result<Response, Problem> {
        Ok(routes::serve(self, request, now, deadline.leaving(ANSWER_TIME)).await)
    }
}
