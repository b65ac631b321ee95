//! Restored tables are taken into use by parameters, and so are tables that outlived their stack.

use aws_sdk_dynamodb::{
    Client,
    types::{BillingMode, GlobalSecondaryIndex},
};
use serde_json::json;
use tests::{Api, Sandbox, TestStack};

/// The tables that belong together. Counts are made again.
const TABLES: [&str; 5] = ["IncidentsTable", "AlertsTable", "ClaimsTable", "PayloadsTable", "QuarantineTable"];

/// What a restore leaves: a table of another name with the same keys, indexes and rows. Nothing is
/// written meanwhile, so all copies are of one moment.
async fn restore(dynamodb: &Client, from: &str, to: &str) {
    let described = dynamodb.describe_table().table_name(from).send().await.expect("it exists").table.expect("a table");
    let indexes: Vec<_> = described
        .global_secondary_indexes()
        .iter()
        .map(|index| {
            let copy = GlobalSecondaryIndex::builder().set_index_name(index.index_name.clone());
            let copy = copy.set_key_schema(index.key_schema.clone()).set_projection(index.projection.clone());
            copy.build().expect("an index")
        })
        .collect();
    let create = dynamodb.create_table().table_name(to).billing_mode(BillingMode::PayPerRequest);
    let create = create.set_key_schema(described.key_schema).set_attribute_definitions(described.attribute_definitions);
    let indexes = (!indexes.is_empty()).then_some(indexes);
    create.set_global_secondary_indexes(indexes).send().await.expect("it can be created");
    let mut pages = dynamodb.scan().table_name(from).into_paginator().items().send();
    while let Some(item) = pages.next().await {
        let item = item.expect("it can be read");
        dynamodb.put_item().table_name(to).set_item(Some(item)).send().await.expect("it can be written");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn restored_tables_are_taken_into_use_by_parameters() {
    let data = tempfile::tempdir().expect("a directory can be made");
    let options = || local::Options { data: Some(data.path().to_owned()), ..TestStack::options() };
    let Some(stack) = TestStack::start(options()).await else { return };
    let sandbox = Sandbox::on(Api::to(stack.access()));
    let before = sandbox.monitor();
    let incident = sandbox.deliver(&before).await[0]["incident_id"].as_str().expect("an incident").to_owned();
    let detail = sandbox.api.detail(&incident).await;
    let dynamodb = stack.local().aws().dynamodb();
    for table in TABLES {
        restore(&dynamodb, stack.resource(table), &format!("restored-{table}")).await;
    }
    let after = sandbox.monitor().at(sandbox.minute(1));
    sandbox.deliver(&after).await;
    sandbox.api.change_status(&incident, "INVESTIGATING").await;
    assert_eq!(sandbox.alerts().await.len(), 2);
    drop(dynamodb);
    stack.stop().await;

    let parameters = TABLES.map(|table| (format!("Existing{table}"), format!("restored-{table}"))).into();
    let restored = local::Options { parameters, ..options() };
    let stack = TestStack::start(restored).await.expect("the stack starts with the restored tables");
    let sandbox = sandbox.with_api(Api::to(stack.access()));
    // As it was at the moment of the restore.
    assert_eq!(sandbox.api.detail(&incident).await, detail);
    assert_eq!(sandbox.incidents().await, [detail["incident"].clone()]);
    // A delivery from before it is a duplicate. One that the restore forgot takes effect again.
    sandbox.deliver_without_effect(&before).await;
    let alerts = sandbox.deliver(&after).await;
    assert_eq!(alerts.len(), 2);
    assert_eq!(sandbox.incident_of(&alerts[0]).await["incident"]["alert_count"], json!(2));
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paused_grouping_accepts_webhooks_and_groups_none() {
    let parameters = [("Grouping".to_owned(), "paused".to_owned())].into();
    let Some(stack) = TestStack::start(local::Options { parameters, ..TestStack::options() }).await else { return };
    let sandbox = Sandbox::on(Api::to(stack.access()));
    sandbox.api.deliver(&sandbox.monitor()).await.accepted();
    let sqs = stack.local().aws().sqs();
    let queue = sqs.get_queue_attributes().queue_url(stack.resource("AlertsQueue"));
    let count = aws_sdk_sqs::types::QueueAttributeName::ApproximateNumberOfMessages;
    let waiting = queue.attribute_names(count.clone()).send().await.expect("attributes").attributes.expect("a count");
    assert_eq!(waiting[&count], "1");
    assert_eq!(sandbox.api.page("/alerts").await.total, 0);
    stack.stop().await;
}
