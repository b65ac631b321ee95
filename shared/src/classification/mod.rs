//! Severity, team, service and environment of an alert. Pure.
//!
//! What the source says comes first, then rules of ownership, then words of the text, then a default.

pub mod severity;
mod state;
mod weights;
mod words;

use self::severity::{Clues, by_text};
use crate::{
    domain::{
        classification::{Classification, Classified, Evidence},
        event::AlertEvent,
        severity::Severity,
    },
    rules::Rules,
};

/// Confidence in what only a word of the text says.
const TEXT_CONFIDENCE: f64 = 0.6;

/// Classifies an event by the rules.
#[must_use]
pub fn classify(event: &AlertEvent, rules: &Rules) -> Classification {
    let service = service(event, rules);
    let team = team(event, service.value.as_deref(), rules);
    Classification { severity: severity(event), team, service, environment: environment(event, rules) }
}

fn severity(event: &AlertEvent) -> Classified<Severity> {
    if let Some(stated) = &event.severity {
        return Classified {
            value: stated.value,
            evidence: Evidence::Stated,
            matched: Some(stated.matched.clone()),
            confidence: stated.confidence.clamp(0.0, 1.0),
        };
    }
    by_text(&Clues {
        title: &event.title,
        message: event.message.as_deref(),
        states_firing: event.states_firing,
        unknown: event.unknown_severity.as_deref(),
        transition: event.transition_severity.as_ref(),
    })
}

fn service(event: &AlertEvent, rules: &Rules) -> Classified<Option<String>> {
    if let Some(service) = &event.service {
        return said(service, rules.service_name(service));
    }
    // `web-shop is down` names `web-shop`, not `web`.
    let named = rules.services().filter(|service| words::contains(&event.title, service));
    match named.max_by_key(|service| service.len()) {
        Some(service) => Classified {
            value: Some(rules.service_name(service).to_owned()),
            evidence: Evidence::Text,
            matched: Some(service.to_owned()),
            confidence: TEXT_CONFIDENCE,
        },
        None => unknown(),
    }
}

fn team(event: &AlertEvent, service: Option<&str>, rules: &Rules) -> Classified<Option<String>> {
    if let Some(team) = &event.team {
        return said(team, team);
    }
    match service.and_then(|service| Some((service, rules.owner(service)?))) {
        Some((service, team)) => Classified {
            value: Some(team.to_owned()),
            evidence: Evidence::Rule,
            matched: Some(format!("owner of {service}")),
            confidence: 0.9,
        },
        None => unknown(),
    }
}

fn environment(event: &AlertEvent, rules: &Rules) -> Classified<String> {
    match &event.environment {
        Some(environment) => Classified {
            value: rules.environment_name(environment).to_owned(),
            evidence: Evidence::Stated,
            matched: Some(environment.clone()),
            confidence: 1.0,
        },
        None => Classified {
            value: rules.default_environment().to_owned(),
            evidence: Evidence::Default,
            matched: None,
            confidence: 0.5,
        },
    }
}

/// What the source said, by the name that alerts have of it.
fn said(word: &str, name: &str) -> Classified<Option<String>> {
    Classified {
        value: Some(name.to_owned()),
        evidence: Evidence::Stated,
        matched: Some(word.to_owned()),
        confidence: 1.0,
    }
}

fn unknown() -> Classified<Option<String>> {
    Classified { value: None, evidence: Evidence::Default, matched: None, confidence: 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{event::Transition, source::Source, time::Time};

    #[test]
    fn an_alias_is_classified_by_its_name_and_says_what_the_source_said() {
        let rules = "default_environment: production\nowners: {checkout: payments}\n\
                     aliases: {services: {checkout_api: checkout}, environments: {prod: production}}";
        let rules = Rules::parse(rules).unwrap();
        let bare = AlertEvent::bare(Source::named("datadog"), "monitor:1", Transition::Firing, Time::EARLIEST);
        let (service, environment) = (Some("checkout_api".to_owned()), Some("prod".to_owned()));
        let stated = classify(&AlertEvent { service, environment, ..bare.clone() }, &rules);
        assert_eq!(stated.service.value.as_deref(), Some("checkout"));
        assert_eq!(
            (stated.service.evidence, stated.service.matched.as_deref()),
            (Evidence::Stated, Some("checkout_api"))
        );
        assert_eq!(
            (stated.environment.value.as_str(), stated.environment.matched.as_deref()),
            ("production", Some("prod"))
        );
        assert_eq!(stated.team.value.as_deref(), Some("payments"));

        let named = classify(&AlertEvent { title: "checkout_api is down".to_owned(), ..bare }, &rules);
        assert_eq!((named.service.value.as_deref(), named.service.evidence), (Some("checkout"), Evidence::Text));
    }
}
