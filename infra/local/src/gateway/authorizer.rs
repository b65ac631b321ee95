//! Asks the authorizer, and caches its answers.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::answer::Refusal;
use crate::{
    lambda::Function,
    template::{self, ACCOUNT, REGION},
};

/// Limits the memory that somebody who guesses tokens can fill.
const MAX_VERDICTS: usize = 1_000;

/// The context that the authorizer returns for an accepted request.
type Admission = Map<String, Json>;

/// The decision of the authorizer.
#[derive(Debug, Clone, PartialEq)]
enum Verdict {
    Admitted(Admission),
    Refused,
}

/// The answer of the authorizer, in the simple form of payload format 2.0.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    is_authorized: bool,
    #[serde(default)]
    context: Option<Admission>,
}

/// Asks a function, and caches its answers.
pub struct Authorizer {
    function: Arc<Function>,
    headers: Vec<String>,
    verdicts: Mutex<Verdicts>,
}

impl Authorizer {
    /// An authorizer of the template, with its function.
    #[must_use]
    pub fn new(authorizer: &template::Authorizer, function: Arc<Function>) -> Self {
        Self {
            function,
            headers: authorizer.headers.clone(),
            verdicts: Mutex::new(Verdicts::new(authorizer.cache_duration)),
        }
    }

    /// The context for a request that the authorizer accepts.
    ///
    /// # Errors
    /// The answer of API Gateway to a request that is not accepted.
    pub async fn admit(&self, headers: &HeaderMap, event: &Json, request_id: &str) -> Result<Admission, Refusal> {
        let identity = self.identity(headers).ok_or(Refusal::Unauthorized)?;
        let cached = self.verdicts().get(&identity, Instant::now());
        let verdict = if let Some(verdict) = cached {
            verdict
        } else {
            let verdict = self.ask(&identity, event, request_id).await?;
            self.verdicts().put(identity, verdict.clone(), Instant::now());
            verdict
        };
        match verdict {
            Verdict::Admitted(admission) => Ok(admission),
            Verdict::Refused => Err(Refusal::Forbidden),
        }
    }

    /// The header values that identify the caller. `None` if one is missing or empty.
    fn identity(&self, headers: &HeaderMap) -> Option<Vec<String>> {
        let value = |name: &String| {
            let values: Vec<_> =
                headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
            Some(values.join(",")).filter(|value| !value.is_empty())
        };
        self.headers.iter().map(value).collect()
    }

    async fn ask(&self, identity: &[String], event: &Json, request_id: &str) -> Result<Verdict, Refusal> {
        let event = question(identity, event);
        let answer = self.function.invoke(&event, request_id).await.map_err(|error| {
            tracing::error!(request_id, %error, "authorizer failed");
            Refusal::Internal
        })?;
        let answer: Answer = serde_json::from_value(answer).map_err(|error| {
            tracing::error!(request_id, %error, "authorizer returned an invalid answer");
            Refusal::Internal
        })?;
        Ok(if answer.is_authorized { Verdict::Admitted(answer.context.unwrap_or_default()) } else { Verdict::Refused })
    }

    fn verdicts(&self) -> std::sync::MutexGuard<'_, Verdicts> {
        self.verdicts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The event for the authorizer: the request without its body, with its identity.
fn question(identity: &[String], event: &Json) -> Json {
    let mut question = event.clone();
    if let Some(fields) = question.as_object_mut() {
        fields.remove("body");
        fields.remove("isBase64Encoded");
    }
    let http = &event["requestContext"]["http"];
    let (method, path) = (http["method"].as_str().unwrap_or_default(), http["path"].as_str().unwrap_or_default());
    question["type"] = Json::from("REQUEST");
    question["routeArn"] = Json::from(format!("arn:aws:execute-api:{REGION}:{ACCOUNT}:local/$default/{method}{path}"));
    question["identitySource"] = json!(identity);
    question
}

/// Cached decisions by identity, refusals included.
struct Verdicts {
    cache_duration: Duration,
    verdicts: HashMap<Vec<String>, (Instant, Verdict)>,
}

impl Verdicts {
    fn new(cache_duration: Duration) -> Self {
        Self { cache_duration, verdicts: HashMap::new() }
    }

    fn get(&self, identity: &[String], now: Instant) -> Option<Verdict> {
        let (at, verdict) = self.verdicts.get(identity)?;
        (now.duration_since(*at) < self.cache_duration).then(|| verdict.clone())
    }

    fn put(&mut self, identity: Vec<String>, verdict: Verdict, now: Instant) {
        if self.verdicts.len() >= MAX_VERDICTS {
            self.verdicts.retain(|_, (at, _)| now.duration_since(*at) < self.cache_duration);
        }
        // Nothing has expired. Clearing the cache only costs one call per identity.
        if self.verdicts.len() >= MAX_VERDICTS {
            self.verdicts.clear();
        }
        self.verdicts.insert(identity, (now, verdict));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn identity(name: &str) -> Vec<String> {
        vec![name.to_owned()]
    }

    #[test]
    fn an_answer_is_cached_for_as_long_as_the_template_says() {
        let start = Instant::now();
        let mut verdicts = Verdicts::new(MINUTE);
        verdicts.put(identity("a"), Verdict::Admitted(Admission::new()), start);
        verdicts.put(identity("b"), Verdict::Refused, start);

        let nearly = start + MINUTE.checked_sub(Duration::from_millis(1)).unwrap();
        assert_eq!(verdicts.get(&identity("a"), nearly), Some(Verdict::Admitted(Admission::new())));
        assert_eq!(verdicts.get(&identity("b"), nearly), Some(Verdict::Refused));
        assert_eq!(verdicts.get(&identity("c"), nearly), None);
        assert_eq!(verdicts.get(&identity("a"), start + MINUTE), None);
    }

    #[test]
    fn the_cache_is_bounded() {
        let start = Instant::now();
        let mut verdicts = Verdicts::new(MINUTE);
        for n in 0..10 * MAX_VERDICTS {
            verdicts.put(identity(&n.to_string()), Verdict::Refused, start);
            assert!(verdicts.verdicts.len() <= MAX_VERDICTS);
            assert_eq!(verdicts.get(&identity(&n.to_string()), start), Some(Verdict::Refused));
        }
    }

    #[test]
    fn the_event_has_no_body_and_names_the_route() {
        let event = json!({
            "version": "2.0", "body": "secret", "isBase64Encoded": false,
            "requestContext": {"http": {"method": "GET", "path": "/incidents"}},
        });
        let question = question(&identity("Bearer x"), &event);
        assert_eq!(question.get("body"), None);
        assert_eq!(question["type"], "REQUEST");
        assert_eq!(question["identitySource"], json!(["Bearer x"]));
        assert_eq!(question["routeArn"], "arn:aws:execute-api:us-east-1:123456789012:local/$default/GET/incidents");
    }
}
