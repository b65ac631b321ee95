//! Change events of PagerDuty: a deployment, a build. They say nothing about alerts, whatever they look like.

use serde_json::Value;

use super::{NAME, PagerDutyEvents};
use crate::{
    domain::time::Time,
    sources::{AnswerForm, Headers, Reading, Request, Unreadable, WebhookSource, signature::Secret},
};

/// The route of change events below that of the source.
pub const ROUTE: &str = "v2/change/enqueue";

const IGNORED: &str = "a change event says nothing about alerts";

/// What comes by the route of change events.
pub struct PagerDutyChanges;

impl WebhookSource for PagerDutyChanges {
    fn name(&self) -> &'static str {
        NAME
    }

    fn is_authentic(&self, secrets: &[Secret], request: &Request<'_>) -> bool {
        PagerDutyEvents.is_authentic(secrets, request)
    }

    fn ignores_all(&self) -> Option<&'static str> {
        Some(IGNORED)
    }

    fn read(&self, _headers: &Headers, _payload: &Value, _received_at: Time) -> Result<Reading, Unreadable> {
        Ok(Reading::ignored(IGNORED))
    }

    fn answer_form(&self) -> AnswerForm {
        AnswerForm::PagerDutyEvents
    }
}

#[cfg(test)]
mod tests {
    use crate::sources;

    #[test]
    fn the_route_tells_changes_from_alerts() {
        let ignores = |path: &str| sources::at(path).map(|source| (source.name(), source.ignores_all().is_some()));
        assert_eq!(ignores("pagerduty-events/v2/change/enqueue"), Some(("pagerduty-events", true)));
        for path in ["pagerduty-events", "pagerduty-events/v2/enqueue", "pagerduty-events/v2/change"] {
            assert_eq!(ignores(path), Some(("pagerduty-events", false)), "{path}");
        }
        assert_eq!(ignores("datadog/v2/change/enqueue"), Some(("datadog", false)));
        assert_eq!(ignores(""), None);
    }
}
