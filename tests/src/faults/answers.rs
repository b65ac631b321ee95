//! The services' own error answers.

use aws_smithy_runtime_api::{client::orchestrator::HttpResponse, http::StatusCode};
use aws_smithy_types::body::SdkBody;
use serde_json::{Map, Value as Json, json};

const DYNAMODB: &str = "com.amazonaws.dynamodb.v20120810";

/// DynamoDB has several names for a rate limit.
const THROTTLED: [&str; 3] = ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"];

/// An internal error of the service: 500.
pub fn internal_error() -> HttpResponse {
    refusal(500, "InternalServerError", "Internal server error")
}

/// A rate limit: 400.
pub fn throttled(operation: &str, random: &mut fastrand::Rng) -> HttpResponse {
    let code = if operation == "SendMessage" { "RequestThrottled" } else { THROTTLED[random.usize(..THROTTLED.len())] };
    refusal(400, code, "The rate is too high. Try again later.")
}

/// A missing permission: 400.
pub fn denied() -> HttpResponse {
    refusal(400, "AccessDeniedException", "User is not authorized to perform this action")
}

/// A cancelled transaction. One of its parts collided with another transaction.
pub fn conflict(parts: usize, failed: usize) -> HttpResponse {
    cancelled(parts, failed, "TransactionConflict", "Transaction is ongoing for the item")
}

/// A cancelled transaction. The condition of one of its parts failed.
pub fn condition_failed(parts: usize, failed: usize) -> HttpResponse {
    cancelled(parts, failed, "ConditionalCheckFailed", "The conditional request failed")
}

/// DynamoDB gives one reason per part of the transaction, "None" for those that did not fail.
fn cancelled(parts: usize, failed: usize, code: &str, message: &str) -> HttpResponse {
    let codes: Vec<&str> = (0..parts).map(|part| if part == failed { code } else { "None" }).collect();
    let reasons = codes.iter().map(|code| match *code {
        "None" => json!({ "Code": "None" }),
        code => json!({ "Code": code, "Message": message }),
    });
    let says = "Transaction cancelled, please refer cancellation reasons for specific reasons";
    answer(
        400,
        &json!({
            "__type": format!("{DYNAMODB}#TransactionCanceledException"),
            "Message": format!("{says} [{}]", codes.join(", ")),
            "CancellationReasons": reasons.collect::<Vec<_>>(),
        }),
    )
}

/// Splits a batch of reads into those that are executed, if any, and those that are not: at least
/// one.
pub fn divide(body: &Json, random: &mut fastrand::Rng) -> (Option<Json>, Json) {
    let mut asked = body.clone();
    let mut left = Map::new();
    let tables = asked["RequestItems"].as_object_mut().into_iter().flatten();
    for (table, request) in tables {
        let Some(keys) = request["Keys"].as_array_mut() else { continue };
        random.shuffle(keys);
        let handed_back = keys.split_off(random.usize(..keys.len().max(1)));
        let mut rest = request.clone();
        rest["Keys"] = handed_back.into();
        left.insert(table.clone(), rest);
    }
    let tables = asked["RequestItems"].as_object_mut();
    let is_empty = tables.is_none_or(|tables| {
        tables.retain(|_, request| request["Keys"].as_array().is_some_and(|keys| !keys.is_empty()));
        tables.is_empty()
    });
    ((!is_empty).then_some(asked), left.into())
}

/// The answer to a batch of reads with unprocessed keys.
pub fn unprocessed(answered: Json, left: Json) -> HttpResponse {
    let mut answered = if answered.is_null() { json!({ "Responses": {} }) } else { answered };
    answered["UnprocessedKeys"] = left;
    answer(200, &answered)
}

fn refusal(status: u16, code: &str, message: &str) -> HttpResponse {
    answer(status, &json!({ "__type": format!("{DYNAMODB}#{code}"), "message": message }))
}

fn answer(status: u16, body: &Json) -> HttpResponse {
    let status = StatusCode::try_from(status).expect("a status code");
    let mut answer = HttpResponse::new(status, SdkBody::from(body.to_string()));
    answer.headers_mut().insert("content-type", "application/x-amz-json-1.0");
    answer
}
