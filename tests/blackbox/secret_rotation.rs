//! Secrets change without a deployment.

use std::time::Duration;

use shared::credentials::Role;
use tests::{Access, Answer, Api, Delivery, OwnStack, Scene, eventually, sentry::Issue};

/// A failed signature makes the receiver look for new secrets, but at most once a minute.
const WITHIN_A_MINUTE: Duration = Duration::from_secs(90);

/// Changes the secret's value in Secrets Manager.
async fn rewrite(stack: &OwnStack, change: impl FnOnce(String) -> String) {
    let secretsmanager = stack.inside().aws().secretsmanager();
    let secret = stack.resource("Secret");
    let current = secretsmanager.get_secret_value().secret_id(secret).send().await.expect("there is a secret");
    let value = change(current.secret_string.expect("it is text"));
    secretsmanager.put_secret_value().secret_id(secret).secret_string(value).send().await.expect("it can be set");
}

/// Posts new deliveries until one has the status.
async fn until(status: u16, post: impl AsyncFn() -> Answer) {
    eventually(WITHIN_A_MINUTE, async || {
        let answer = post().await;
        if answer.status == status { Ok(()) } else { Err(answer.text().to_owned()) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_secret_is_accepted_and_a_revoked_one_refused() {
    let name = "a_new_secret_is_accepted_and_a_revoked_one_refused";
    let Some(stack) = OwnStack::start(name, OwnStack::options()).await else { return };
    let old = stack.access();
    let new = Access { sentry_secret: "rotated-sentry-secret".to_owned(), ..old.clone() };
    let scene = Scene::on(Api::to(old.clone()));
    let issue = Issue::of(&scene);
    let post = async |access: &Access| scene.api.post(&Delivery::from(&issue.error(scene.time)).proven(access)).await;
    post(&old).await.accepted();
    rewrite(&stack, |value| value.replace(&old.sentry_secret, &new.sentry_secret)).await;
    until(202, || post(&new)).await;
    post(&old).await.problem(401);
    post(&Access { sentry_secret: "never-set".to_owned(), ..old }).await.problem(401);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_secrets_live_side_by_side() {
    let Some(stack) = OwnStack::start("two_secrets_live_side_by_side", OwnStack::options()).await else { return };
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

    let scene = Scene::on(Api::to(old.clone()));
    let sentry = async |access: &Access| {
        scene.api.post(&Delivery::from(&Issue::of(&scene).error(scene.time)).proven(access)).await
    };
    let datadog = async |access: &Access| scene.api.post(&Delivery::from(&scene.monitor()).proven(access)).await;
    until(202, || sentry(&new)).await;
    until(202, || datadog(&new)).await;
    sentry(&old).await.accepted();
    datadog(&old).await.accepted();
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_credentials_command_makes_is_let_in_and_what_it_retires_is_not() {
    let name = "what_the_credentials_command_makes_is_let_in_and_what_it_retires_is_not";
    let Some(stack) = OwnStack::start(name, OwnStack::options()).await else { return };
    let secret = credentials::secret::Secret::new(stack.inside().aws(), stack.resource("Secret"));
    let old = stack.access();
    let new = Access { datadog_secret: credentials::random().unwrap(), ..old.clone() };
    let scene = Scene::on(Api::to(old.clone()));
    let post = async |access: &Access| scene.api.post(&Delivery::from(&scene.monitor()).proven(access)).await;

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
    secret.change(|document| document.add_token("alice", Role::Viewer, &token)).await.unwrap();
    eventually(WITHIN_A_MINUTE, async || {
        // The gateway remembers a token that it refused for a minute; each blank makes another of it.
        let answer = scene.api.get_as(&format!("{}{token}", " ".repeat(fastrand::usize(..200))), "/alerts").await;
        if answer.status == 200 { Ok(()) } else { Err(answer.text().to_owned()) }
    })
    .await;
    stack.stop().await;
}
