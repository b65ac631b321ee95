//! The credentials of the local stack. They are public: only this machine can reach the stack.

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

/// The secret in the header `X-Webhook-Token` of Datadog's webhooks.
pub const DATADOG: &str = "local-datadog-secret";

/// The secret that signs Sentry's webhooks.
pub const SENTRY: &str = "local-sentry-secret";

/// The bearer token of Alertmanager's webhooks.
pub const ALERTMANAGER: &str = "local-alertmanager-secret";

/// The topic of SNS that may send alarms of CloudWatch.
pub const CLOUDWATCH: &str = "arn:aws:sns:eu-west-1:123456789012:local-alarms";

/// The secret that signs generic webhooks: `whsec_` and a key in base64.
pub const GENERIC: &str = "whsec_bG9jYWwtZ2VuZXJpYy1zZWNyZXQ=";

/// The token of tools that cannot sign their generic webhooks.
pub const GENERIC_TOKEN: &str = "local-generic-token";

/// The secret that signs Grafana's webhooks.
pub const GRAFANA: &str = "local-grafana-secret";

/// The secret that signs PagerDuty's webhooks.
pub const PAGERDUTY: &str = "local-pagerduty-secret";

/// The routing key of events in the form of PagerDuty's.
pub const PAGERDUTY_EVENTS: &str = "local-routing-key";

/// A token with the role viewer: reads.
pub const VIEWER: &str = "local-viewer";

/// A token with the role responder: reads and changes.
pub const RESPONDER: &str = "local-responder";

/// Signs the sessions of the console. It stays the same, so that people stay signed in across restarts.
const SESSION_KEY: &str = "local-session-key";

/// The value of the secret. The template generates one without credentials.
pub(crate) fn value() -> Json {
    json!({
        "webhook_secrets": {
            "alertmanager": [ALERTMANAGER],
            "cloudwatch": [CLOUDWATCH],
            "datadog": [DATADOG],
            "generic": [GENERIC, GENERIC_TOKEN],
            "grafana": [GRAFANA],
            "pagerduty": [PAGERDUTY],
            "pagerduty-events": [PAGERDUTY_EVENTS],
            "sentry": [SENTRY],
        },
        "api_tokens": [token(VIEWER, "viewer"), token(RESPONDER, "responder")],
        "session_key": SESSION_KEY,
    })
}

fn token(token: &str, role: &str) -> Json {
    json!({ "name": token, "role": role, "sha256": hex::encode(Sha256::digest(token)) })
}

#[cfg(test)]
mod tests {
    use shared::sources::SOURCES;

    use super::*;
    use crate::template::{Kind, Template};

    fn names(value: &Json) -> Vec<&String> {
        value.as_object().unwrap().keys().collect()
    }

    #[test]
    fn the_local_secret_has_the_form_of_the_deployed_one() {
        let template = Template::of_workspace().unwrap();
        let secret = template.resources(Kind::Secret).next().unwrap();
        let generated = secret.property("GenerateSecretString", &template.scope()).unwrap().unwrap();
        let mut declared: Json = serde_json::from_str(generated["SecretStringTemplate"].as_str().unwrap()).unwrap();
        declared[generated["GenerateStringKey"].as_str().unwrap()] = json!("generated");
        assert_eq!(names(&value()), names(&declared));
    }

    /// The template need not name a source: its entry is made when its first secret is.
    #[test]
    fn each_source_has_a_local_secret() {
        let value = value();
        let local = names(&value["webhook_secrets"]);
        assert!(SOURCES.iter().all(|source| local.iter().any(|name| *name == source.name())), "{local:?}");
    }

    /// A shell reads the file, so it cannot name the constants.
    #[test]
    fn the_file_for_shells_has_a_secret_of_each_source() {
        let lines = include_str!("../secrets.env").lines().filter(|line| !line.starts_with('#'));
        let assigned: Vec<_> = lines.map(|line| line.split_once('=').unwrap()).collect();
        for source in SOURCES {
            let kind = if source.name() == "cloudwatch" { "TOPIC" } else { "SECRET" };
            let wanted = format!("{}_{kind}", source.name().to_uppercase().replace('-', "_"));
            let (_, secret) = assigned.iter().find(|(variable, _)| *variable == wanted).unwrap();
            let secrets = value()["webhook_secrets"][source.name()].clone();
            assert!(secrets.as_array().unwrap().contains(&json!(secret)), "{wanted}");
        }
        let (_, key) = assigned.iter().find(|(variable, _)| *variable == "SNS_SIGNING_KEY").unwrap();
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
        assert!(std::path::Path::new(root).join(key).is_file());
    }

    #[test]
    fn a_new_deployed_secret_contains_no_credentials() {
        let template = Template::of_workspace().unwrap();
        let secret = template.resources(Kind::Secret).next().unwrap();
        let generated = secret.property("GenerateSecretString", &template.scope()).unwrap().unwrap();
        assert_eq!(
            generated["SecretStringTemplate"],
            r#"{"webhook_secrets":{"datadog":[],"sentry":[]},"api_tokens":[]}"#
        );
        assert_eq!(generated["GenerateStringKey"], "session_key");
    }

    #[test]
    fn a_token_is_stored_as_its_hash() {
        // The SHA-256 of `local-viewer`, by sha256sum.
        let digest = "708376325b652fd692fa6012caedd7ae9923ae36024b2c0185247b9ee9c3bc1e";
        assert_eq!(token(VIEWER, "viewer"), json!({ "name": "local-viewer", "role": "viewer", "sha256": digest }));
    }
}
