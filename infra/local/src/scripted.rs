//! Functions for tests, made of a closure.

use serde_json::Value as Json;

use crate::lambda::Handler;

/// A function that answers an event with what `answer` returns.
pub fn scripted<F, Answer>(answer: F) -> Handler
where
    F: Fn(Json) -> Answer + Send + Sync + 'static,
    Answer: Future<Output = Json> + Send + 'static,
{
    Box::new(move |event, _| {
        let answer = answer(serde_json::from_str(&event).unwrap());
        Box::pin(async { Ok(answer.await) })
    })
}
