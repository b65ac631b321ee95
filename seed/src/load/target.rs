//! Where webhooks are sent, and with which headers and body.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use shared::domain::time::Time;

use super::{
    LoadErrorKind,
    proofs::{Generic, Proofs, SigningKey},
};
use crate::webhook::{Source, Webhook};

/// A running stack.
#[derive(Debug)]
pub struct Target {
    /// The address before `/webhooks/{source}`.
    pub url: String,
    pub proofs: Proofs,
}

/// A webhook with its proof.
#[derive(Debug)]
pub(crate) struct Request {
    pub address: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Target {
    fn address(&self, source: Source) -> String {
        format!("{}/webhooks/{}", self.url.trim_end_matches('/'), source.name())
    }

    /// A webhook as its source sends it now. `None` if there is no proof for its source.
    pub(crate) fn request(&self, webhook: &Webhook, now: Time) -> Result<Option<Request>, LoadErrorKind> {
        let mut request =
            Request { address: self.address(webhook.source), headers: headers(webhook)?, body: webhook.body.clone() };
        let is_proved = self.prove(webhook.source, &mut request, now)?;
        Ok(is_proved.then_some(request))
    }

    /// Whether there is a proof for the source. It is added.
    fn prove(&self, source: Source, request: &mut Request, now: Time) -> Result<bool, LoadErrorKind> {
        let body = request.body.as_bytes();
        let seconds = now.as_millis() / 1000;
        match source {
            Source::Alertmanager => {
                let Some(token) = &self.proofs.alertmanager else { return Ok(false) };
                request.headers.insert("authorization", token.header());
            }
            Source::CloudWatch => {
                let Some(sns) = &self.proofs.cloudwatch else { return Ok(false) };
                request.body = sns.sign(&request.body, now).ok_or(LoadErrorKind::Body(source))?;
            }
            Source::Datadog => {
                let Some(token) = &self.proofs.datadog else { return Ok(false) };
                request.headers.insert("x-webhook-token", token.header());
            }
            Source::Generic => match &self.proofs.generic {
                None => return Ok(false),
                Some(Generic::Token(token)) => {
                    request.headers.insert("authorization", token.header());
                }
                Some(Generic::Key(key)) => {
                    let id = request.headers.get("webhook-id").and_then(|id| id.to_str().ok());
                    let id = id.map_or_else(|| SigningKey::id_of(&request.body), str::to_owned);
                    let signature = key.sign(&id, seconds, &request.body).ok_or(LoadErrorKind::Body(source))?;
                    insert(&mut request.headers, "webhook-id", &id)?;
                    insert(&mut request.headers, "webhook-timestamp", &seconds.to_string())?;
                    insert(&mut request.headers, "webhook-signature", &signature)?;
                }
            },
            Source::Grafana => {
                let Some(secret) = &self.proofs.grafana else { return Ok(false) };
                let signature = secret.sign(format!("{seconds}:{}", request.body).as_bytes());
                insert(&mut request.headers, "x-grafana-alerting-timestamp", &seconds.to_string())?;
                insert(&mut request.headers, "x-grafana-alerting-signature", &signature)?;
            }
            Source::PagerDuty => {
                let Some(secret) = &self.proofs.pagerduty else { return Ok(false) };
                let signature = format!("v1={}", secret.sign(body));
                insert(&mut request.headers, "x-pagerduty-signature", &signature)?;
            }
            Source::PagerDutyEvents => {
                let Some(key) = &self.proofs.pagerduty_events else { return Ok(false) };
                let event = serde_json::from_str::<Value>(&request.body).ok().filter(Value::is_object);
                let mut event = event.ok_or(LoadErrorKind::Body(source))?;
                event["routing_key"] = json!(key.expose());
                request.body = event.to_string();
            }
            Source::Sentry => {
                let Some(secret) = &self.proofs.sentry else { return Ok(false) };
                let signature = secret.sign(body);
                insert(&mut request.headers, "sentry-hook-signature", &signature)?;
            }
        }
        Ok(true)
    }
}

fn headers(webhook: &Webhook) -> Result<HeaderMap, LoadErrorKind> {
    let mut headers = HeaderMap::new();
    for (name, value) in &webhook.headers {
        let key = name.parse::<HeaderName>().map_err(|_| LoadErrorKind::Header(name.clone()))?;
        headers.insert(key, value.parse().map_err(|_| LoadErrorKind::Header(name.clone()))?);
    }
    Ok(headers)
}

fn insert(headers: &mut HeaderMap, name: &'static str, value: &str) -> Result<(), LoadErrorKind> {
    let value = HeaderValue::from_str(value).map_err(|_| LoadErrorKind::Header(name.to_owned()))?;
    headers.insert(name, value);
    Ok(())
}

#[cfg(test)]
mod tests;
