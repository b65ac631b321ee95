//! Stores the parts of segments: bytes of any length, under a name. They never change once they are written.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::{Client, primitives::Blob, types::AttributeValue};

use crate::{
    domain::id::Generation,
    keys,
    store::{
        Item, StoreError,
        batch::{self, Consistency},
        item::{number, string},
    },
};

/// An item may have 400 KB (Amazon DynamoDB Developer Guide, "Quotas").
const MAX_CHUNK_BYTES: usize = 390_000;

/// A part of a base, a patch or a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartRef {
    /// The generation of the base, patch or manifest that it is a part of.
    pub owner: Generation,
    pub name: String,
    /// How many items it takes.
    pub chunks: usize,
}

impl PartRef {
    fn keys(&self) -> impl Iterator<Item = Item> {
        (0..self.chunks).map(|chunk| key(self.owner, &self.name, chunk))
    }
}

/// A part to be written.
#[derive(Debug, Clone)]
pub struct NewPart {
    pub owner: Generation,
    pub name: String,
    pub bytes: Vec<u8>,
}

impl NewPart {
    /// How many items it takes.
    #[must_use]
    pub const fn chunks(&self) -> usize {
        let chunks = self.bytes.len().div_ceil(MAX_CHUNK_BYTES);
        if chunks == 0 { 1 } else { chunks }
    }
}

/// The parts in the table `segments`.
#[derive(Debug, Clone)]
pub struct Parts {
    client: Client,
    table: String,
}

impl Parts {
    /// The parts in the table with this name.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Writes parts. The table deletes them when they expire. Costs a write unit per KB.
    ///
    /// # Errors
    /// [`StoreError`]. Some may have been written.
    pub async fn write(&self, parts: &[NewPart], expires_at: i64) -> Result<(), StoreError> {
        let mut items = Vec::new();
        for part in parts {
            let chunks = part.bytes.chunks(MAX_CHUNK_BYTES).chain(part.bytes.is_empty().then_some(&[][..]));
            for (chunk, bytes) in chunks.enumerate() {
                let mut item = key(part.owner, &part.name, chunk);
                item.insert("bytes".to_owned(), AttributeValue::B(Blob::new(bytes)));
                item.insert("expires_at".to_owned(), number(expires_at));
                items.push(item);
            }
        }
        batch::put(&self.client, &self.table, items).await
    }

    /// Reads parts. One that is not whole is left out. Parts never change, so an eventually consistent read is
    /// right; what it does not find yet is read consistently. Costs half a read unit per 4 KB.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn read(&self, wanted: &[PartRef]) -> Result<HashMap<PartRef, Vec<u8>>, StoreError> {
        let wanted: BTreeSet<&PartRef> = wanted.iter().collect();
        let mut chunks = HashMap::new();
        for consistency in [Consistency::Eventual, Consistency::Strong] {
            let missing = wanted.iter().flat_map(|part| part.keys()).filter(|key| !chunks.contains_key(&name_of(key)));
            let missing: Vec<Item> = missing.collect();
            if missing.is_empty() {
                break;
            }
            for mut item in batch::get(&self.client, &self.table, &missing, consistency).await? {
                if let Some(AttributeValue::B(bytes)) = item.remove("bytes") {
                    chunks.insert(name_of(&item), bytes.into_inner());
                }
            }
        }
        let whole = wanted.into_iter().filter_map(|part| {
            let bytes: Option<Vec<Vec<u8>>> = part.keys().map(|key| chunks.remove(&name_of(&key))).collect();
            Some((part.clone(), bytes?.concat()))
        });
        Ok(whole.collect())
    }
}

fn key(owner: Generation, name: &str, chunk: usize) -> Item {
    Item::from([
        ("part_of".to_owned(), string(keys::segment(owner))),
        ("part".to_owned(), string(keys::segment_part(name, chunk))),
    ])
}

fn name_of(item: &Item) -> [Option<String>; 2] {
    ["part_of", "part"].map(|name| item.get(name).and_then(|value| value.as_s().ok()).cloned())
}
