//! The lists and figures that are measured.

use jiff::tz::TimeZone;
use shared::{
    domain::{severity::Severity, source::Source, status::Status, time::Time},
    listing::segments::{
        filters::Filter,
        order::{Direction, Order, OrderBy},
        query::{Query, Start},
        rows::{Field, Number, Series},
        search,
        statistics::{StatisticsQuery, intervals::IntervalKind},
    },
};

use super::history::{RARE, end, storm};

/// A question that is measured.
#[derive(Clone)]
pub enum Question {
    List(Query),
    Statistics(StatisticsQuery),
}

/// A question about a series, with a name.
pub struct Named {
    pub name: String,
    pub series: Series,
    pub question: Question,
}

/// Facets that lists of both series have.
const FACETS: [Field; 5] = [Field::Status, Field::Severity, Field::Team, Field::Service, Field::Source];

fn list(filter: Filter) -> Query {
    Query { filter, order: Order::NEWEST_FIRST, start: Start::Offset(0), limit: 50, facets: Vec::new() }
}

fn sorted(by: OrderBy) -> Query {
    Query { order: Order { by, direction: Direction::Descending }, ..list(Filter::default()) }
}

fn created((from, to): (Time, Time)) -> Filter {
    Filter::default().created(Some(from), Some(to))
}

/// Everything that is measured.
pub fn all() -> Vec<Named> {
    let none = Filter::default();
    let critical = none.clone().any_of(Field::Severity, &[Severity::Critical]);
    let severe = none.clone().any_of(Field::Severity, &[Severity::Critical, Severity::Error]);
    let three = severe.any_of(Field::Source, &[Source::named("datadog")]).any_of(Field::Environment, &["production"]);
    let services: Vec<String> = (0..100).map(|number| format!("service-{number:02}")).collect();
    let environments: Vec<String> =
        (0..99).map(|number| format!("e-{number}")).chain(["production".to_owned()]).collect();
    let many = none.clone().any_of(Field::Service, &services).any_of(Field::Environment, &environments);
    let days = created((end().plus_minutes(-200 * 24 * 60), end().plus_minutes(-197 * 24 * 60 + 17)));
    let words = |text: &str| none.clone().words(&search::query_words(text));
    let open = none.clone().any_of(Field::Status, &[Status::Open]);
    let facets = |filter: &Filter| Query { facets: FACETS.to_vec(), ..list(filter.clone()) };
    let by_severity = sorted(OrderBy::Severity);
    let lists = [
        (Series::Alerts, "no filter", list(none.clone())),
        (Series::Alerts, "severity", list(critical.clone())),
        (Series::Alerts, "3 filters", list(three.clone())),
        (Series::Alerts, "200 values", list(many)),
        (Series::Alerts, "rare environment", list(none.clone().any_of(Field::Environment, &[RARE]))),
        (Series::Alerts, "3 days", list(days.clone())),
        (
            Series::Alerts,
            "hour of a storm, severity",
            list(created(storm()).any_of(Field::Severity, &[Severity::Critical])),
        ),
        (Series::Alerts, "search, 2 words", list(words("disk host-17"))),
        (Series::Alerts, "search, rare word", list(words(RARE))),
        (Series::Alerts, "5 facets", facets(&none)),
        (Series::Alerts, "severity, 5 facets", facets(&critical)),
        (Series::Alerts, "by severity", by_severity),
        (Series::Alerts, "by last_seen_at", sorted(OrderBy::Number(Number::LastAlertAt))),
        (Series::Incidents, "no filter", list(none.clone())),
        (Series::Incidents, "status", list(open)),
        (Series::Incidents, "rare service", list(none.clone().any_of(Field::Service, &[RARE]))),
        (
            Series::Incidents,
            "by updated_at, 5 facets",
            Query { facets: FACETS.to_vec(), ..sorted(OrderBy::Number(Number::UpdatedAt)) },
        ),
    ];
    let statistics = |filter: &Filter, interval, group_by| {
        let query = StatisticsQuery { filter: filter.clone(), interval, group_by, time_zone: TimeZone::UTC };
        Question::Statistics(query)
    };
    let statistics = [
        (
            Series::Incidents,
            "statistics by week and team",
            statistics(&none, Some(IntervalKind::Week), Some(Field::Team)),
        ),
        (Series::Alerts, "statistics by day, severity", statistics(&critical, Some(IntervalKind::Day), None)),
    ];
    let lists = lists.into_iter().map(|(series, name, query)| (series, name, Question::List(query)));
    let named = |(series, name, question): (Series, &str, Question)| Named {
        name: format!("{series}: {name}"),
        series,
        question,
    };
    lists.chain(statistics).map(named).collect()
}
