//! What the grouping worker cannot do goes to the dead-letter queue, whole, and harms nobody else.

use std::time::Duration;

use futures::future::join_all;
use tests::{Api, DEADLINE, OwnStack, Scene, digits, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_fails_five_times_becomes_a_dead_letter_and_its_neighbours_are_grouped() {
    let options = local::Options { visibility_timeout: Some(Duration::from_secs(1)), ..OwnStack::options() };
    let name = "a_message_that_fails_five_times_becomes_a_dead_letter_and_its_neighbours_are_grouped";
    let Some(stack) = OwnStack::start(name, options).await else { return };
    let sqs = stack.inside().aws().sqs();
    let scene = Scene::on(Api::to(stack.access()));

    let poison = format!("{{\"nobody\":\"reads this {}", digits(12));
    let monitors: Vec<_> = (0..12).map(|_| scene.monitor()).collect();
    let poisoning = sqs.send_message().queue_url(stack.resource("AlertsQueue")).message_body(&poison).send();
    let (poisoned, ..) = futures::join!(poisoning, join_all(monitors.iter().map(|monitor| scene.send(monitor))));
    poisoned.expect("the queue takes the message");

    scene.alerts_when("12 alerts", |alerts| alerts.len() == 12).await;
    let dead_letters = stack.resource("AlertsDeadLetterQueue");
    let dead = eventually(DEADLINE * 2, async || {
        let answer = sqs.receive_message().queue_url(dead_letters).send().await.expect("the queue answers");
        answer.messages.unwrap_or_default().pop().ok_or("no dead letter")
    })
    .await;
    assert_eq!(dead.body.as_deref(), Some(&*poison));

    let alerts = scene.deliver(&scene.monitor()).await;
    assert!(alerts.iter().all(|alert| alert["occurrences"] == 1), "the neighbours were grouped once");
    assert_eq!(scene.incidents().await[0]["alert_count"], 13);
    stack.stop().await;
}
