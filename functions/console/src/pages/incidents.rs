//! The list of incidents.

use std::collections::BTreeSet;

use lambda_http::http::StatusCode;
use maud::{Markup, html};
use shared::{
    domain::{id::IncidentId, incident::Incident, status::Status},
    http::{Response, lists, problem::Problem, stats},
    listing::{
        page::Page,
        segments::{
            facets::FacetValues,
            rows::Field,
            statistics::{Statistics, StatisticsQuery, incidents::IncidentFigures, intervals::IntervalKind},
        },
    },
    service::{
        change_status::{ChangeStatusError, ChangedStatus, StatusChange},
        get_incident_stats::StatsError,
        merge_incidents::{MAX_MERGED, Merge},
    },
};

use super::{
    incident,
    layout::{self, Head, Section},
};
use crate::{
    Function, answer,
    flash::Flash,
    link::Link,
    parts::{
        badges, facets, forms,
        histogram::Histogram,
        icons::icon,
        list::{self, Boxes, Column},
        listing::{self, Countable},
        numbers::{counted, grouped},
        pager::{self, Place},
        times,
    },
    period::Period,
    visit::Visit,
};

/// The address of the list.
pub const ADDRESS: &str = "/console/incidents";

/// What can be filtered, in the order of the page.
const FIELDS: [Field; 8] = [
    Field::Status,
    Field::Severity,
    Field::HasFiring,
    Field::Assignee,
    Field::Team,
    Field::Service,
    Field::Source,
    Field::Environment,
];

const COLUMNS: [Column; 6] = [
    Column { name: "Severity", order: Some("severity") },
    Column { name: "Incident", order: None },
    Column { name: "Status", order: None },
    Column { name: "Alerts", order: Some("alert_count") },
    Column { name: "Last alert", order: Some("last_alert_at") },
    Column { name: "Opened", order: Some("created_at") },
];

/// Tabs: a name and the statuses behind it.
struct Tab {
    name: &'static str,
    statuses: &'static [Status],
}

const TABS: [Tab; 4] = [
    Tab { name: "Active", statuses: &[Status::Open, Status::Investigating] },
    Tab { name: "Resolved", statuses: &[Status::Resolved] },
    Tab { name: "Closed", statuses: &[Status::Closed] },
    Tab { name: "All", statuses: &[] },
];

/// What the page shows.
struct Shown {
    page: Page<Incident>,
    facets: Vec<FacetValues>,
    histogram: Option<Histogram>,
}

/// Shows the list.
///
/// # Errors
/// A [`Problem`] if a filter is wrong, or the list cannot be read.
pub async fn show(console: &Function, visit: &Visit) -> Result<Response, Problem> {
    let query = Period::read(&visit.link, visit.now)?.query(&visit.link);
    let statistics = stats::incidents_of(&listing::of_statistics(&query).query())?;
    let statistics = StatisticsQuery { group_by: Some(Field::Severity), ..statistics };
    let matching = Matching { console, visit, statistics };
    let page = list(console, visit, &query).await?;
    let histogram = listing::histogram(&matching, "incident", visit).await?;
    let facets = listing::facet_values(&matching, &query, page.facets.clone()).await?;
    let shown = Shown { page, facets, histogram };
    let head = Head { title: "Incidents", section: Some(Section::Incidents) };
    Ok(answer::page(StatusCode::OK, layout::page(visit, head, &render(visit, &shown))))
}

async fn list(console: &Function, visit: &Visit, query: &Link) -> Result<Page<Incident>, Problem> {
    let mut asked = lists::incidents_of(&list::limited(query).query())?;
    asked.query.facets = FIELDS.to_vec();
    Ok(console.list_incidents.list(&asked, visit.now, visit.deadline).await?)
}

/// The incidents that match, for counting.
pub struct Matching<'call> {
    pub console: &'call Function,
    pub visit: &'call Visit,
    pub statistics: StatisticsQuery,
}

impl Countable for Matching<'_> {
    type Figures = IncidentFigures;

    async fn facet(&self, query: String, field: Field) -> Result<Option<FacetValues>, Problem> {
        let mut asked = lists::incidents_of(&query)?;
        asked.query.facets = vec![field];
        let page = self.console.list_incidents.list(&asked, self.visit.now, self.visit.deadline).await?;
        Ok(page.facets.into_iter().next())
    }

    async fn figures(&self, kind: IntervalKind) -> Result<Statistics<IncidentFigures>, StatsError> {
        let asked = StatisticsQuery { interval: Some(kind), ..self.statistics.clone() };
        self.console.get_incident_stats.get(&asked, self.visit.now, self.visit.deadline).await
    }

    fn count(figures: &IncidentFigures) -> u64 {
        figures.opened
    }
}

fn render(visit: &Visit, shown: &Shown) -> Markup {
    let Shown { page, facets, histogram } = shown;
    let link = &visit.link;
    html! {
        header.head {
            h1 { "Incidents" }
            (tabs(link, facets))
            (list::refresh())
        }
        (list::filters(link, "Search titles and services"))
        div #live {
            (list::period(link))
            @if let Some(histogram) = histogram { (histogram.render()) }
            div.split {
                (list::facets(link, facets))
                section.list aria-labelledby="found" {
                    div.found {
                        h2 #found { (counted(page.total, "incident")) }
                        // A tab says which statuses are chosen.
                        (facets::chips(link, if has_tab(link) { &FIELDS[1..] } else { &FIELDS }))
                    }
                    @if !page.items.is_empty() { (table(visit, page)) }
                    @else if page.total > 0 { (pager::past_the_end(link, place(page))) }
                    @else { (nothing(link)) }
                    (pager::pager(link, place(page)))
                }
            }
        }
    }
}

fn place(page: &Page<Incident>) -> Place {
    Place { offset: page.offset, shown: page.items.len(), total: page.total, limit: page.limit }
}

fn tabs(link: &Link, facets: &[FacetValues]) -> Markup {
    let statuses = facets.iter().find(|facet| facet.field == Field::Status);
    let count = |tab: &Tab| -> u64 {
        let values = statuses.into_iter().flat_map(|facet| &facet.values);
        let is_of_tab =
            |value: &str| tab.statuses.is_empty() || tab.statuses.iter().any(|one| one.to_string() == value);
        values.filter(|(value, _)| value.as_deref().is_some_and(is_of_tab)).map(|(_, count)| count).sum()
    };
    let chosen: Vec<&str> = link.values("status").collect();
    html! {
        nav.tabs aria-label="Statuses" {
            @for tab in &TABS {
                @let names: Vec<String> = tab.statuses.iter().map(ToString::to_string).collect();
                @let rest = link.without("status!");
                @let target = if names.is_empty() { rest.without("status") } else { rest.with("status", names.join(",")) };
                a href=(target) aria-current=[(names == chosen).then_some("true")] {
                    (tab.name) " " span.n { (grouped(count(tab))) }
                }
            }
        }
    }
}

fn has_tab(link: &Link) -> bool {
    let chosen: Vec<&str> = link.values("status").collect();
    link.get("status!").is_none()
        && TABS.iter().any(|tab| tab.statuses.iter().map(<&str>::from).eq(chosen.iter().copied()))
}

fn table(visit: &Visit, page: &Page<Incident>) -> Markup {
    let may_change = visit.is_responder();
    let rows = html! {
        table.rows.plain-cells {
            caption.unseen { "Incidents" }
            (list::heading(&visit.link, &COLUMNS, if may_change { Boxes::Each } else { Boxes::None }))
            tbody { @for incident in &page.items { (row(visit, incident)) } }
        }
    };
    if !may_change {
        return rows;
    }
    html! {
        form.bulk method="post" action="/console/incidents/status" { (forms::no_enter()) (forms::hidden(visit)) (rows) (bulk()) }
    }
}

/// Its ids are those of the incident: a page that refreshes itself then moves rows and does not rewrite them, so that the
/// focus stays on the same incident.
fn row(visit: &Visit, incident: &Incident) -> Markup {
    html! {
        tr {
            @if visit.is_responder() {
                td {
                    input type="checkbox" name="incident" value={ (incident.id) "." (incident.version) }
                        aria-labelledby=(list::row_id(&incident.id));
                }
            }
            td { (badges::severity(incident.severity)) }
            td {
                a.row id=(list::row_id(&incident.id)) href={ (ADDRESS) "/" (incident.id) } { (list::title(&incident.title)) }
                (list::belongs(&incident.services, incident.team.as_deref(), &incident.environment))
            }
            td {
                (badges::status(incident.status))
                @if let Some(assignee) = &incident.assignee { span.by { bdi { (assignee.as_str()) } } }
            }
            td {
                (grouped(incident.alert_count))
                @if incident.firing_alert_count > 0 { span.fires { (grouped(incident.firing_alert_count)) " firing" } }
            }
            td { (times::ago(incident.last_alert_at, visit.now)) }
            td { (times::when(incident.created_at)) }
        }
    }
}

/// What to do with the incidents that are chosen.
fn bulk() -> Markup {
    html! {
        div.choose role="group" aria-label="Change the chosen incidents" {
            span.chosen { "Chosen: change to" }
            @for status in [Status::Investigating, Status::Resolved, Status::Closed] {
                button type="submit" name="status" value=(status) {
                    (icon(&status.to_string().to_lowercase())) (badges::status_name(status))
                }
            }
            button type="submit" formaction="/console/incidents/merge"
                data-ask="Merge the chosen incidents into the oldest of them?" { (icon("split")) "Merge" }
            label.unseen for="bulk-comment" { "Comment" }
            input #bulk-comment type="text" name="comment" maxlength="2000" placeholder="Comment, if you like";
        }
    }
}

fn nothing(link: &Link) -> Markup {
    let has_filters = link.parameters().any(|(name, _)| !["sort", "limit", "offset", "status"].contains(&name));
    html! {
        div.empty {
            @if has_filters {
                (icon("search"))
                h3 { "No incident matches" }
                p { "Remove a filter, or choose a longer period." }
                p { a.button href=(link.keeping(|name| name == "status")) { "Clear the filters" } }
            } @else if link.values("status").eq(["OPEN", "INVESTIGATING"]) {
                (icon("resolved"))
                h3 { "All quiet" }
                p { "No incident needs anybody now. New ones appear here by themselves." }
                p { a.button href=(link.without("status")) { "See all incidents" } }
            } @else {
                (icon("incidents"))
                h3 { "No incidents yet" }
                p { "Once a source sends alerts, they are grouped into incidents here." }
                p { a.button href="/console/help" { "Connect a source" } }
            }
        }
    }
}

/// Changes the status of the incidents that were chosen, each at the version that the person saw.
///
/// # Errors
/// A [`Problem`] if the form is wrong, or the person may not.
pub async fn change_status(console: &Function, visit: &Visit) -> Result<Response, Problem> {
    visit.check_responder()?;
    let status: Status = visit.form.text("status").parse().map_err(|_| Problem::invalid("status", "is no status"))?;
    let comment = visit.form.comment()?;
    let chosen: Vec<Chosen> = visit.form.all("incident").map(Chosen::read).collect::<Result<_, _>>()?;
    let back = visit.form.back(ADDRESS);
    if chosen.is_empty() {
        return Ok(visit.tell(&Flash::failed("Choose incidents first."), back));
    }
    let change = StatusChange { status, comment, actor: visit.person.name.clone() };
    let (mut changed, mut refused) = (0_u64, Vec::new());
    for Chosen { id, version } in &chosen {
        let accepts = |current| current == *version;
        match console.change_status.change(*id, &change, &accepts, visit.now, visit.deadline).await {
            Ok(ChangedStatus { .. }) => changed += 1,
            Err(error) => refused.push(reason(*id, error)),
        }
    }
    let name = badges::status_name(status);
    let flash = if refused.is_empty() {
        Flash::done(format!("{} changed to {name}.", counted(changed, "incident")))
    } else {
        let summary =
            format!("{} of {} changed to {name}.", grouped(changed), counted(chosen.len() as u64, "incident"));
        Flash::failed(format!("{summary} {}", refused.join(" ")))
    };
    Ok(visit.tell(&flash, back))
}

/// An incident that was chosen, and its version on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Chosen {
    id: IncidentId,
    version: u64,
}

impl Chosen {
    fn read(text: &str) -> Result<Self, Problem> {
        let parts = text.split_once('.').and_then(|(id, version)| Some((id.parse().ok()?, version.parse().ok()?)));
        let (id, version) = parts.ok_or_else(|| Problem::invalid("incident", "must be an id and a version"))?;
        Ok(Self { id, version })
    }
}

/// Why an incident was not changed.
fn reason(id: IncidentId, error: ChangeStatusError) -> String {
    match error {
        ChangeStatusError::Stale(incident) => format!(
            "“{}” has changed meanwhile: it is {} now. Look again, then repeat.",
            incident.title.chars().take(60).collect::<String>(),
            badges::status_name(incident.status)
        ),
        error => format!("{id}: {}", incident::problem(error).detail()),
    }
}

/// Merges the incidents that were chosen into the oldest of them.
///
/// # Errors
/// A [`Problem`] if the form is wrong, the person may not, or the incidents cannot be merged.
pub async fn merge(console: &Function, visit: &Visit) -> Result<Response, Problem> {
    visit.check_responder()?;
    let chosen: Vec<Chosen> = visit.form.all("incident").map(Chosen::read).collect::<Result<_, _>>()?;
    let mut others: BTreeSet<IncidentId> = chosen.iter().map(|chosen| chosen.id).collect();
    let Some(oldest) = others.pop_first().filter(|_| !others.is_empty()) else {
        return Ok(visit.tell(&Flash::failed("Choose at least two incidents."), visit.form.back(ADDRESS)));
    };
    if others.len() > MAX_MERGED {
        return Ok(
            visit.tell(&Flash::failed(format!("Merge at most {MAX_MERGED} into one.")), visit.form.back(ADDRESS))
        );
    }
    let version = chosen.iter().find(|chosen| chosen.id == oldest).map_or(0, |chosen| chosen.version);
    let merge = Merge { others, reason: visit.form.comment()?, actor: visit.person.name.clone() };
    let accepts = |current| current == version;
    let merged = console.merge_incidents.merge(oldest, &merge, &accepts, visit.now, visit.deadline).await;
    let flash = match merged {
        Ok(merged) => Flash::done(format!("{} merged into this one.", counted(merged.others.len() as u64, "incident"))),
        Err(error) => {
            let problem = Problem::from(error);
            if problem.status().is_server_error() {
                return Err(problem);
            }
            let flash = Flash::failed(format!("Nothing was merged. {}", problem.detail()));
            return Ok(visit.tell(&flash, visit.form.back(ADDRESS)));
        }
    };
    Ok(visit.tell(&flash, &incident::address(oldest)))
}
