//! Reads and writes many rows with `BatchGetItem` and `BatchWriteItem`.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::{
    Client,
    types::{KeysAndAttributes, PutRequest, WriteRequest},
};
use futures::{StreamExt, TryStreamExt, stream};

use super::{StoreError, item::Item};
use crate::{deadline::Deadline, retry::Retries};

const OPERATION: &str = "BatchGetItem";

/// `BatchGetItem` takes at most 100 keys (Amazon DynamoDB API Reference).
const MAX_KEYS: usize = 100;

/// How many batches are on their way at a time.
const PARALLEL: usize = 16;

/// `BatchWriteItem` takes at most 25 items and 16 MB (Amazon DynamoDB API Reference).
const MAX_PUTS: usize = 25;

/// How long a batch is sent again until it has no unprocessed items. One answer has at most 16 MB,
/// and less when the table is throttled.
const BATCH_TIMEOUT: Duration = Duration::from_secs(3);

/// Which writes a read sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consistency {
    /// All completed writes. Costs 1 read unit per 4 KB.
    Strong,
    /// The latest writes may be missing. Costs half as much.
    Eventual,
}

/// Reads the items with these keys, in any order. Keys that do not exist are left out. No key may
/// occur twice.
pub async fn get(
    client: &Client,
    table: &str,
    keys: &[Item],
    consistency: Consistency,
) -> Result<Vec<Item>, StoreError> {
    let batches: Vec<_> = keys.chunks(MAX_KEYS).map(|batch| get_batch(client, table, batch, consistency)).collect();
    let found: Vec<Vec<Item>> = stream::iter(batches).buffer_unordered(PARALLEL).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// Writes items, whatever stands in their place. No key may occur twice.
pub async fn put(client: &Client, table: &str, items: Vec<Item>) -> Result<(), StoreError> {
    let mut items = items.into_iter().peekable();
    let mut batches = Vec::new();
    while items.peek().is_some() {
        batches.push(put_batch(client, table, items.by_ref().take(MAX_PUTS).collect()));
    }
    stream::iter(batches).buffer_unordered(PARALLEL).try_collect().await
}

async fn put_batch(client: &Client, table: &str, items: Vec<Item>) -> Result<(), StoreError> {
    const OPERATION: &str = "BatchWriteItem";
    let write = |item| {
        let put = PutRequest::builder().set_item(Some(item)).build();
        put.map(|put| WriteRequest::builder().put_request(put).build())
    };
    let writes: Result<Vec<_>, _> = items.into_iter().map(write).collect();
    let mut left = writes.map_err(|error| StoreError::of_request(OPERATION, &error))?;
    let mut retries = Retries::of_person(Deadline::after(BATCH_TIMEOUT));
    loop {
        let answer = client.batch_write_item().request_items(table, left).send().await;
        let answer = answer.map_err(|error| StoreError::of_call(OPERATION, &error))?;
        left = answer.unprocessed_items.into_iter().flat_map(HashMap::into_values).flatten().collect();
        if left.is_empty() {
            return Ok(());
        }
        let unfinished = StoreError::unfinished(OPERATION);
        if !retries.pause_after(&unfinished).await {
            return Err(unfinished);
        }
    }
}

async fn get_batch(
    client: &Client,
    table: &str,
    keys: &[Item],
    consistency: Consistency,
) -> Result<Vec<Item>, StoreError> {
    let mut found = Vec::with_capacity(keys.len());
    let mut wanted = keys.to_vec();
    let mut retries = Retries::of_person(Deadline::after(BATCH_TIMEOUT));
    loop {
        let request = KeysAndAttributes::builder()
            .set_keys(Some(wanted))
            .consistent_read(consistency == Consistency::Strong)
            .build();
        let request = request.map_err(|error| StoreError::of_request(OPERATION, &error))?;
        let answer = client.batch_get_item().request_items(table, request).send().await;
        let answer = answer.map_err(|error| StoreError::of_call(OPERATION, &error))?;
        found.extend(answer.responses.into_iter().flat_map(HashMap::into_values).flatten());
        wanted =
            answer.unprocessed_keys.into_iter().flat_map(HashMap::into_values).flat_map(|left| left.keys).collect();
        if wanted.is_empty() {
            return Ok(found);
        }
        let unfinished = StoreError::unfinished(OPERATION);
        if !retries.pause_after(&unfinished).await {
            return Err(unfinished);
        }
    }
}
