//! The permissions that a request needs.
//!
//! All three services use JSON protocols: the header `X-Amz-Target` names the operation, the body
//! the resource.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::template::{ACCOUNT, Permission, REGION};

/// The permissions that a request needs. A request that is not understood needs one that no
/// function has.
pub fn permissions(target: Option<&str>, body: Option<&[u8]>) -> BTreeSet<Permission> {
    let (service, operation) = target.and_then(|target| target.split_once('.')).unwrap_or_default();
    let body: Json = body.and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default();
    let needed = match service {
        "DynamoDB_20120810" => dynamodb(operation, &body),
        "AmazonSQS" => vec![(format!("sqs:{}", operation.trim_end_matches("Batch")), queue(&body))],
        "secretsmanager" => vec![(format!("secretsmanager:{operation}"), text(&body["SecretId"]))],
        _ => vec![(format!("{service}:{operation}"), String::new())],
    };
    needed.into_iter().map(|(action, resource)| Permission { action, resource }).collect()
}

fn dynamodb(operation: &str, body: &Json) -> Vec<(String, String)> {
    let action = format!("dynamodb:{operation}");
    match operation {
        "BatchGetItem" | "BatchWriteItem" => {
            let tables = body["RequestItems"].as_object().into_iter().flat_map(|tables| tables.keys());
            tables.map(|table| (action.clone(), table_arn(table))).collect()
        }
        // IAM checks each part of a transaction on its own.
        "TransactWriteItems" | "TransactGetItems" => {
            let parts = body["TransactItems"].as_array().into_iter().flatten().filter_map(Json::as_object).flatten();
            let part = |(kind, part): (&String, &Json)| {
                let action = match kind.as_str() {
                    "ConditionCheck" => "ConditionCheckItem".to_owned(),
                    kind => format!("{kind}Item"),
                };
                (format!("dynamodb:{action}"), table_arn(&text(&part["TableName"])))
            };
            parts.map(part).collect()
        }
        _ => {
            let table = table_arn(&text(&body["TableName"]));
            let resource = body["IndexName"].as_str().map(|index| format!("{table}/index/{index}"));
            vec![(action, resource.unwrap_or(table))]
        }
    }
}

fn table_arn(name: &str) -> String {
    format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}")
}

fn queue(body: &Json) -> String {
    let url = text(&body["QueueUrl"]);
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{}", url.rsplit('/').next().unwrap_or_default())
}

fn text(value: &Json) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn needed(target: &str, body: &Json) -> Vec<String> {
        permissions(Some(target), Some(body.to_string().as_bytes()))
            .into_iter()
            .map(|permission| permission.to_string().replace("arn:aws:dynamodb:us-east-1:123456789012:table/", ""))
            .collect()
    }

    #[test]
    fn a_query_needs_its_index_and_a_batch_each_table() {
        let query = json!({ "TableName": "A", "IndexName": "by_created" });
        assert_eq!(needed("DynamoDB_20120810.Query", &query), ["dynamodb:Query on A/index/by_created"]);
        assert_eq!(needed("DynamoDB_20120810.Query", &json!({ "TableName": "A" })), ["dynamodb:Query on A"]);
        let batch = json!({ "RequestItems": { "A": {}, "B": {} } });
        let each = ["dynamodb:BatchGetItem on A", "dynamodb:BatchGetItem on B"];
        assert_eq!(needed("DynamoDB_20120810.BatchGetItem", &batch), each);
    }

    #[test]
    fn a_transaction_needs_what_its_parts_do() {
        let parts = json!({ "TransactItems": [
            { "Put": { "TableName": "A" } },
            { "Update": { "TableName": "A" } },
            { "Delete": { "TableName": "B" } },
            { "ConditionCheck": { "TableName": "B" } },
        ]});
        assert_eq!(
            needed("DynamoDB_20120810.TransactWriteItems", &parts),
            [
                "dynamodb:ConditionCheckItem on B",
                "dynamodb:DeleteItem on B",
                "dynamodb:PutItem on A",
                "dynamodb:UpdateItem on A",
            ]
        );
    }

    #[test]
    fn queues_and_secrets_are_named_by_their_arns() {
        let message = json!({ "QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/Q" });
        let send = ["sqs:SendMessage on arn:aws:sqs:us-east-1:123456789012:Q"];
        assert_eq!(needed("AmazonSQS.SendMessage", &message), send);
        assert_eq!(needed("AmazonSQS.SendMessageBatch", &message), send);
        let secret = json!({ "SecretId": "arn:s" });
        assert_eq!(needed("secretsmanager.GetSecretValue", &secret), ["secretsmanager:GetSecretValue on arn:s"]);
    }

    #[test]
    fn a_request_that_is_not_understood_needs_a_permission_that_no_function_has() {
        assert_eq!(permissions(None, None).len(), 1);
        assert_eq!(needed("Logs_20140328.PutLogEvents", &json!({})), ["Logs_20140328:PutLogEvents on "]);
    }
}
