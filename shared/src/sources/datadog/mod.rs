//! Datadog webhooks.
//!
//! The body is what the customer typed as a template with `$VARIABLES`: each field may be missing,
//! have another name, be nested, be a number or a text. Facts: Datadog's documentation of the
//! Webhooks integration and of its variables. Datadog signs nothing; see [`proof`].

mod names;
mod problem;
mod proof;
mod severity;
mod state;
mod test_notification;
mod title;

use serde_json::Value;

use self::{
    problem::{Facts, Problem},
    severity::SeverityFacts,
    state::State,
    title::Titles,
};
use super::{
    Headers, Reading, Request, Unreadable, WebhookSource, markdown,
    normalize::Fields,
    signature::Secret,
    tags,
    text::{link, made_title, name},
    time::{Times, time_of},
};
use crate::domain::{
    event::{AlertEvent, EventKind, KeyScope, Transition},
    source::Source,
    text::{limits, truncated_to_chars},
    time::Time,
};

/// The source `datadog`.
pub struct Datadog;

const NAME: &str = "datadog";

impl WebhookSource for Datadog {
    fn name(&self) -> &'static str {
        NAME
    }

    fn is_authentic(&self, secrets: &[Secret], request: &Request<'_>) -> bool {
        proof::is_authentic(secrets, request)
    }

    fn read(&self, _headers: &Headers, payload: &Value, received_at: Time) -> Result<Reading, Unreadable> {
        let Value::Object(members) = payload else {
            return Err(Unreadable("the payload is not a JSON object".to_owned()));
        };
        read(&Fields::of(members), received_at)
    }
}

fn read(fields: &Fields, received_at: Time) -> Result<Reading, Unreadable> {
    let titles = Titles::read(fields.texts(&names::TITLE), fields.texts(&names::TEXT));
    let place = Place::read(fields, &titles);
    let problem = Problem::of(Facts {
        cycle: fields.key(&names::CYCLE),
        stated: fields.key(&names::DEDUP_KEY),
        incident: fields.key(&names::INCIDENT),
        monitor: fields.key(&names::MONITOR),
        aggregate: fields.key(&names::AGGREGATE),
        title: titles.bare(),
        organisation: fields.text(&names::ORGANISATION),
        place: &place,
    })?;
    let stated_at = fields.values(&names::TIME).find_map(time_of);
    let times = match Times::of_change(stated_at, received_at) {
        Ok(times) => times,
        Err(forgotten) => return Ok(forgotten.into()),
    };
    let state = State::read(fields, &titles);
    let severity = SeverityFacts::read(fields, &titles, &state);
    let title = titles.bare().map_or_else(|| problem.title(), str::to_owned);
    let message = || fields.texts(&names::MESSAGE).find_map(|text| markdown::message(&text));
    // A text that begins with the title says something below it.
    let below = || fields.texts(&names::TEXT).find_map(|text| markdown::message(title::below(&title, &text)));
    let texts = || fields.texts(&names::MESSAGE).chain(fields.texts(&names::TEXT));
    let event = AlertEvent {
        source: Source::named(NAME),
        external_id: problem.monitor.or_else(|| fields.key(&names::ID)),
        dedup_key: problem.dedup_key,
        key_scope: KeyScope::Problem,
        kind: EventKind::Change,
        event_id: None,
        group_key: problem.group_key,
        recurs_as: problem.recurs_as,
        transition: state.transition,
        states_firing: state.transition == Transition::Firing && state.words.is_some(),
        occurred_at: times.occurred_at,
        ended_at: None,
        ordered_at: times.ordered_at,
        is_timed: times.is_timed,
        is_test: titles.are_test()
            || fields.is_true(&names::IS_TEST)
            || texts().any(|text| test_notification::says_so(&text)),
        message: message().or_else(below),
        title: made_title(&title),
        severity: severity.stated,
        unknown_severity: severity.unknown,
        transition_severity: severity.by_transition,
        service: place.service,
        environment: place.environment,
        team: place.team,
        group: place.group,
        link: fields
            .texts(&names::LINK)
            .find_map(|text| link(&text))
            .or_else(|| texts().find_map(|text| markdown::monitor_link(&text))),
        tags: place.tags,
    };
    Ok(Reading::Event(Box::new(event)))
}

/// Where the problem is, and whose it is.
struct Place {
    tags: Vec<String>,
    scope: Vec<String>,
    group: Option<String>,
    host: Option<String>,
    service: Option<String>,
    environment: Option<String>,
    team: Option<String>,
}

impl Place {
    /// A typed field counts first, then the scope and the group that fired, then the tags of the
    /// monitor: it stands for all of its groups.
    fn read(fields: &Fields, titles: &Titles) -> Self {
        let tags = fields.values(&names::TAGS).map(tags::read).find(|tags| !tags.is_empty()).unwrap_or_default();
        let scope = fields.values(&names::SCOPE).map(tags::read).find(|scope| !scope.is_empty()).unwrap_or_default();
        let fired = fields.text(&names::GROUP).or_else(|| titles.group().map(str::to_owned));
        let fired_tags = fired.as_deref().map(tags::of_text).unwrap_or_default();
        let named = |typed: &[&str], keys: &[&str]| {
            let stated = fields.texts(typed).find_map(|text| name(&text));
            stated.or_else(|| [&scope, &fired_tags, &tags].into_iter().find_map(|tags| tags::named(tags, keys)))
        };
        let host = named(&names::HOST, &["host"]);
        let group = [fired_tags.join(","), scope.join(",")].into_iter().find(|group| !group.is_empty());
        Self {
            service: named(&names::SERVICE, &["service"]),
            environment: named(&names::ENVIRONMENT, &["env", "environment"]),
            team: named(&names::TEAM, &["team"]),
            group: group
                .or_else(|| host.as_ref().map(|host| format!("host:{host}")))
                .map(|group| truncated_to_chars(&group, limits::TAG)),
            host,
            scope: if scope.is_empty() { fired_tags } else { scope },
            tags,
        }
    }
}

#[cfg(test)]
mod tests;
