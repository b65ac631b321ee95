//! Says what is wrong with the secret of a stack. No I/O, and no text quotes a secret.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use shared::{credentials::Credentials, domain::time::Time, sources::SOURCES};

use crate::document::{Document, MIN_SECRET_CHARS, TOPICS, Token};

/// A token that becomes invalid within this time, and that nothing replaces, is a problem now.
const SOON_MINUTES: i64 = 14 * 24 * 60;

/// Repeated letters are long, too, but no secret.
const MIN_DIFFERENT_CHARS: usize = 6;

/// What the check noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Something that somebody must do something about.
    Problem(String),
    /// Something that may be meant so.
    Note(String),
}

/// What is wrong with the text of a secret.
#[must_use]
pub fn check(text: &str, now: Time) -> Vec<Finding> {
    let unreadable = |error: &serde_json::Error| {
        let (line, column) = (error.line(), error.column());
        vec![Finding::Problem(format!(
            "no function can read the secret: {} at line {line}, column {column}",
            reason(error)
        ))]
    };
    // As the functions read it.
    if let Err(error) = serde_json::from_str::<Credentials>(text) {
        return unreadable(&error);
    }
    let document: Document = match serde_json::from_str(text) {
        Ok(document) => document,
        Err(error) => return unreadable(&error),
    };
    let mut findings = sources(text, &document);
    findings.extend(tokens(document.tokens(), now));
    findings
}

/// The error of the parser may quote a value, so it is not shown.
fn reason(error: &serde_json::Error) -> &'static str {
    if error.is_data() { "a member is missing, or has a value of the wrong kind" } else { "it is no JSON" }
}

fn sources(text: &str, document: &Document) -> Vec<Finding> {
    let mut findings = Vec::new();
    let known: Vec<&str> = SOURCES.iter().map(|source| source.name()).collect();
    let value: Value = serde_json::from_str(text).unwrap_or_default();
    for name in value["webhook_secrets"].as_object().into_iter().flat_map(|sources| sources.keys()) {
        if !known.contains(&name.as_str()) {
            let known = known.join(", ");
            findings.push(Finding::Problem(format!("{name:?} is no source: its secrets verify nothing ({known})")));
        }
    }
    let mut owners: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for source in &known {
        let secrets = document.webhook_secrets(source);
        // Of most sources, nobody wants webhooks.
        if secrets.is_empty() && value["webhook_secrets"].get(source).is_some() {
            findings.push(Finding::Note(format!("{source} has no secret: its webhooks are refused")));
        }
        for secret in secrets {
            if is_weak(secret) {
                findings.push(Finding::Problem(format!("a secret of {source} is easy to guess: rotate it")));
            }
            if !owners.entry(secret).or_default().insert(source) {
                findings.push(Finding::Problem(format!("{source} has the same secret twice")));
            }
        }
        if document.is_rotating(source) && *source != TOPICS {
            findings.push(Finding::Note(format!("{source} has {} secrets: retire the old one", secrets.len())));
        }
    }
    for owners in owners.values().filter(|owners| owners.len() > 1) {
        let owners: Vec<&str> = owners.iter().copied().collect();
        findings.push(Finding::Problem(format!(
            "{} have the same secret: who knows one can forge the other",
            owners.join(" and ")
        )));
    }
    if owners.is_empty() {
        findings.push(Finding::Problem("no source has a secret: every webhook is refused".to_owned()));
    }
    findings
}

fn is_weak(secret: &str) -> bool {
    secret.chars().count() < MIN_SECRET_CHARS || secret.chars().collect::<BTreeSet<char>>().len() < MIN_DIFFERENT_CHARS
}

fn tokens(tokens: &[Token], now: Time) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut by_name: BTreeMap<&str, Vec<&Token>> = BTreeMap::new();
    let mut names_of: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for token in tokens {
        by_name.entry(&token.name).or_default().push(token);
        names_of.entry(token.sha256()).or_default().push(&token.name);
    }
    for (name, tokens) in by_name {
        let soon = now.plus_minutes(SOON_MINUTES);
        let lasts = |token: &&&Token| token.expires_at.is_none_or(|expires_at| expires_at > soon);
        let is_replaced = tokens.iter().any(|token| lasts(&token));
        for expires_at in tokens.iter().filter_map(|token| token.expires_at).filter(|at| *at <= soon) {
            let what = if expires_at <= now { "has expired" } else { "expires soon" };
            let text = format!("a token of {name} {what} ({expires_at})");
            findings.push(if is_replaced {
                Finding::Note(format!("{text}; a newer one is valid: retire the old one"))
            } else {
                Finding::Problem(format!("{text}: rotate it, or revoke it if nobody needs it"))
            });
        }
        if tokens.len() > 2 {
            findings.push(Finding::Note(format!("{name} has {} tokens", tokens.len())));
        }
    }
    for names in names_of.values().filter(|names| names.len() > 1) {
        findings.push(Finding::Problem(format!("the same token stands for {}: revoke it", names.join(" and "))));
    }
    if tokens.is_empty() {
        findings.push(Finding::Note("there is no API token: only people of the identity provider get in".to_owned()));
    }
    findings
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const GOOD: &str = "4f1d7d3ac5b2e08897";
    const OTHER: &str = "98e7b60c21d4af5563";

    fn now() -> Time {
        "2026-11-27T09:00:00.000Z".parse().unwrap()
    }

    fn token(name: &str, hash: u8, expires_at: Option<&str>) -> Value {
        let mut token = json!({ "name": name, "role": "viewer", "sha256": hex::encode([hash; 32]) });
        if let Some(expires_at) = expires_at {
            token["expires_at"] = json!(expires_at);
        }
        token
    }

    fn checked(datadog: &Value, sentry: &Value, tokens: &Value) -> Vec<Finding> {
        let secret = json!({
            "webhook_secrets": { "datadog": datadog, "sentry": sentry }, "api_tokens": tokens, "session_key": "x",
        });
        check(&secret.to_string(), now())
    }

    fn problems<'findings>(findings: &'findings [Finding]) -> Vec<&'findings str> {
        let problem = |finding: &'findings Finding| match finding {
            Finding::Problem(text) => Some(text.as_str()),
            Finding::Note(_) => None,
        };
        findings.iter().filter_map(problem).collect()
    }

    #[test]
    fn good_credentials_have_no_findings() {
        let tokens = json!([token("bob", 1, None), token("eve", 2, Some("2027-02-25T09:00:00Z"))]);
        assert_eq!(checked(&json!([GOOD]), &json!([OTHER]), &tokens), []);
    }

    #[test]
    fn what_no_function_can_read_is_told_without_quoting_it() {
        let role = json!([{ "name": "bob", "role": "s3cret-role", "sha256": hex::encode([1; 32]) }]);
        let hash = json!([{ "name": "bob", "role": "viewer", "sha256": "s3cret-hash" }]);
        let date = json!([token("bob", 1, Some("s3cret-date"))]);
        for tokens in [role, hash, date, json!({}), json!(["s3cret"])] {
            let findings = checked(&json!([GOOD]), &json!([OTHER]), &tokens);
            let [problem] = problems(&findings)[..] else { panic!("{findings:?}") };
            assert!(problem.contains("column") && !problem.contains("s3cret"), "{problem}");
        }
        for text in ["", "s3cret", "[]", r#"{"webhook_secrets":{"datadog":"s3cret"}}"#] {
            let findings = check(text, now());
            assert!(problems(&findings).len() == 1 && !format!("{findings:?}").contains("s3cret"), "{findings:?}");
        }
    }

    #[test]
    fn secrets_that_are_weak_twice_there_or_of_nobody_are_problems() {
        let tokens = json!([token("bob", 1, None)]);
        for (datadog, sentry, expected) in [
            (json!(["short"]), json!([OTHER]), "a secret of datadog is easy to guess"),
            (json!(["a".repeat(40)]), json!([OTHER]), "a secret of datadog is easy to guess"),
            (json!([GOOD]), json!([GOOD]), "datadog and sentry have the same secret"),
            (json!([GOOD, GOOD]), json!([OTHER]), "datadog has the same secret twice"),
            (json!([]), json!([]), "no source has a secret"),
        ] {
            let findings = checked(&datadog, &sentry, &tokens);
            let [problem] = problems(&findings)[..] else { panic!("{findings:?}") };
            assert!(problem.starts_with(expected) && !problem.contains(GOOD), "{problem}");
        }
        let misspelt = json!({
            "webhook_secrets": { "datadgo": [OTHER], "datadog": [GOOD], "sentry": [] }, "api_tokens": tokens,
        });
        let findings = check(&misspelt.to_string(), now());
        let [problem] = problems(&findings)[..] else { panic!("{findings:?}") };
        assert!(
            problem.starts_with(r#""datadgo" is no source: its secrets verify nothing (alertmanager, "#),
            "{problem}"
        );
        assert!(findings.contains(&Finding::Note("sentry has no secret: its webhooks are refused".to_owned())));
    }

    #[test]
    fn a_token_that_ends_is_a_problem_unless_another_replaces_it() {
        for (expires_at, what) in [("2026-11-27T09:00:00Z", "has expired"), ("2026-12-11T09:00:00Z", "expires soon")] {
            let old = token("bob", 1, Some(expires_at));
            let findings = checked(&json!([GOOD]), &json!([OTHER]), &json!([old]));
            let [problem] = problems(&findings)[..] else { panic!("{findings:?}") };
            assert!(problem.starts_with(&format!("a token of bob {what}")), "{problem}");
            let findings = checked(&json!([GOOD]), &json!([OTHER]), &json!([old, token("bob", 2, None)]));
            assert!(problems(&findings).is_empty() && findings.len() == 1, "{findings:?}");
        }
        let later = token("bob", 1, Some("2026-12-11T09:00:01Z"));
        assert_eq!(checked(&json!([GOOD]), &json!([OTHER]), &json!([later])), []);
    }

    #[test]
    fn a_token_of_two_names_is_a_problem_and_no_token_a_note() {
        let twice = json!([token("bob", 1, None), token("eve", 1, None)]);
        let findings = checked(&json!([GOOD]), &json!([OTHER]), &twice);
        assert_eq!(problems(&findings), ["the same token stands for bob and eve: revoke it"]);
        let findings = checked(&json!([GOOD]), &json!([OTHER]), &json!([]));
        assert!(problems(&findings).is_empty() && findings.len() == 1, "{findings:?}");
    }
}
