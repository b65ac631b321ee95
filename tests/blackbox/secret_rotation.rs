//! Secrets can be rotated without a deployment.

use std::time::Duration;

use credentials::{
    check::check,
    document::{Expiry, NewToken},
};
use shared::domain::{principal::Role, time::Time};
use tests::{Access, Answer, Api, Sandbox, TestStack, WebhookRequest, eventually, now, sentry::Issue};

/// After a wrong signature, `receive-webhook` reads the secret again, at most once a minute.
const ROTATION_TIMEOUT: Duration = Duration::from_secs(90);

/// Changes the value of the secret in Secrets Manager.
async fn rewrite(stack: &TestStack, change: impl FnOnce(String) -> String) {
    let secretsmanager = stack.local().aws().secretsmanager();
    let secret = stack.resource("Secret");
    let current = secretsmanager.get_secret_value().secret_id(secret).send().await.expect("there is a secret");
    let value = change(current.secret_string.expect("it is text"));
    secretsmanager.put_secret_value().secret_id(secret).secret_string(value).send().await.expect("it can be set");
}

/// Posts until an answer has the status.
async fn until(status: u16, post: impl AsyncFn() -> Answer) {
    eventually(ROTATION_TIMEOUT, async || {
        let answer = post().await;
        if answer.status == status { Ok(()) } else { Err(answer.text().to_owned()) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_secret_is_accepted_and_a_revoked_one_refused() {
    let Some(stack) = TestStack::start(TestStack::options()).await else { return };
    let old = stack.access();
    let new = Access { sentry_secret: "rotated-sentry-secret".to_owned(), ..old.clone() };
    let sandbox = Sandbox::on(Api::to(old.clone()));
    let issue = Issue::of(&sandbox);
    let post = async |access: &Access| {
        sandbox.api.post(&WebhookRequest::from(&issue.error(sandbox.time)).authenticated(access)).await
    };
    post(&old).await.accepted();
    rewrite(&stack, |value| value.replace(&old.sentry_secret, &new.sentry_secret)).await;
    until(202, || post(&new)).await;
    post(&old).await.problem(401);
    post(&Access { sentry_secret: "never-set".to_owned(), ..old }).await.problem(401);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_secrets_of_a_source_are_valid_at_the_same_time() {
    let Some(stack) = TestStack::start(TestStack::options()).await else { return };
    let old = stack.access();
    let new = Access {
        datadog_secret: "second-datadog-secret".to_owned(),
        sentry_secret: "second-sentry-secret".to_owned(),
        ..old.clone()
    };
    let both =
        |value: String, old: &str, new: &str| value.replace(&format!("\"{old}\""), &format!("\"{old}\",\"{new}\""));
    rewrite(&stack, |value| {
        let value = both(value, &old.datadog_secret, &new.datadog_secret);
        both(value, &old.sentry_secret, &new.sentry_secret)
    })
    .await;

    let sandbox = Sandbox::on(Api::to(old.clone()));
    let sentry = async |access: &Access| {
        sandbox.api.post(&WebhookRequest::from(&Issue::of(&sandbox).error(sandbox.time)).authenticated(access)).await
    };
    let datadog =
        async |access: &Access| sandbox.api.post(&WebhookRequest::from(&sandbox.monitor()).authenticated(access)).await;
    until(202, || sentry(&new)).await;
    until(202, || datadog(&new)).await;
    sentry(&old).await.accepted();
    datadog(&old).await.accepted();
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_of_the_command_are_accepted_until_they_are_retired() {
    let Some(stack) = TestStack::start(TestStack::options()).await else { return };
    let secret = credentials::secret::Secret::new(stack.local().aws(), stack.resource("Secret"));
    let old = stack.access();
    let new = Access { datadog_secret: credentials::random().unwrap(), ..old.clone() };
    let sandbox = Sandbox::on(Api::to(old.clone()));
    let post =
        async |access: &Access| sandbox.api.post(&WebhookRequest::from(&sandbox.monitor()).authenticated(access)).await;

    secret.change(|document| document.rotate_webhook("datadog", &new.datadog_secret)).await.unwrap();
    until(202, || post(&new)).await;
    post(&old).await.accepted();

    secret.change(|document| document.retire_webhook("datadog")).await.unwrap();
    let again = Access { datadog_secret: credentials::random().unwrap(), ..old.clone() };
    secret.change(|document| document.rotate_webhook("datadog", &again.datadog_secret)).await.unwrap();
    until(202, || post(&again)).await;
    post(&new).await.accepted();
    post(&old).await.problem(401);

    let token = credentials::random().unwrap();
    let new = NewToken { token: &token, expiry: Expiry::Never };
    secret.change(|document| document.add_token("alice", Role::Viewer, new)).await.unwrap();
    eventually(ROTATION_TIMEOUT, async || {
        // The gateway caches its refusal of a header for a minute. Blanks make the header another
        // one.
        let answer = sandbox.api.get_as(&format!("{}{token}", " ".repeat(fastrand::usize(..200))), "/alerts").await;
        if answer.status == 200 { Ok(()) } else { Err(answer.text().to_owned()) }
    })
    .await;
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_refused_after_its_expiry() {
    let Some(stack) = TestStack::start(TestStack::options()).await else { return };
    let secret = credentials::secret::Secret::new(stack.local().aws(), stack.resource("Secret"));
    let now: Time = now().into();
    let (valid, expired) = (credentials::random().unwrap(), credentials::random().unwrap());
    for (name, token, minutes) in [("valid", &valid, 5), ("expired", &expired, -1)] {
        let new = NewToken { token, expiry: Expiry::At(now.plus_minutes(minutes)) };
        secret.change(|document| document.add_token(name, Role::Viewer, new)).await.unwrap();
    }
    let api = Api::to(stack.access());
    // The unknown token makes the authorizer read the secret again.
    api.get_as(&valid, "/alerts").await.expect(200);
    api.get_as(&expired, "/alerts").await.refused_by_gateway(403, "Forbidden");

    // The check reads the secret of the stack as it is.
    let findings = format!("{:?}", check(&secret.text().await.unwrap(), now));
    assert!(findings.contains("a token of expired has expired"), "{findings}");
    assert!(findings.contains("a token of valid expires soon"), "{findings}");
    assert!(!findings.contains("no function can read"), "{findings}");
    stack.stop().await;
}
