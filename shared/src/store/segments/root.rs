//! The root: one row that says which segments there are, and until when they hold every change.

use aws_sdk_dynamodb::{Client, operation::put_item::PutItemError};

use super::parts::PartRef;
use crate::{
    domain::time::Time,
    keys,
    store::{
        Item, StoreError,
        item::{number, string},
    },
};

/// The version of the manifest. A root of another version is not read: everything is summarised anew.
const FORMAT: u32 = 1;

/// The name under which manifests are stored.
pub const MANIFEST: &str = "manifest";

/// What is sealed. It only ever changes as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Counts the changes of the root.
    pub version: u64,
    /// Every change before this time is in the segments.
    pub sealed_until: Time,
    /// Where the manifest is.
    pub manifest: PartRef,
}

/// What stands in the place of the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RootState {
    Missing,
    /// Something that this version cannot read.
    Unreadable {
        version: Option<u64>,
    },
    Found(Root),
}

impl RootState {
    /// The version that [`Roots::swap`] expects.
    #[must_use]
    pub const fn version(&self) -> Option<u64> {
        match self {
            Self::Missing => None,
            Self::Unreadable { version } => *version,
            Self::Found(root) => Some(root.version),
        }
    }
}

/// What became of a change of the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swap {
    Done,
    /// Somebody else changed it meanwhile. Nothing was written.
    Lost,
}

/// Reads and writes the root.
#[derive(Debug, Clone)]
pub struct Roots {
    client: Client,
    table: String,
}

/// How a root is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootRead {
    /// The latest. Costs a read unit per 4 KB.
    Latest,
    /// One of the last moments, which is as right: what it does not hold is in the change log. Costs half.
    Recent,
}

impl Roots {
    /// The root in the table with this name.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Reads the root.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn read(&self, how: RootRead) -> Result<RootState, StoreError> {
        let get = self.client.get_item().table_name(&self.table).set_key(Some(key()));
        let answer = get.consistent_read(how == RootRead::Latest).send().await;
        let answer = answer.map_err(|error| StoreError::of_call("GetItem root", &error))?;
        let Some(item) = answer.item else { return Ok(RootState::Missing) };
        let version = number_of(&item, "version").map(i64::unsigned_abs);
        Ok(of_item(&item).map_or(RootState::Unreadable { version }, RootState::Found))
    }

    /// Puts a root in the place of one with this version, or of none.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn swap(&self, before: Option<u64>, root: &Root) -> Result<Swap, StoreError> {
        let mut item = key();
        item.insert("format".to_owned(), number(FORMAT));
        item.insert("version".to_owned(), number(root.version));
        item.insert("sealed_until".to_owned(), number(root.sealed_until.as_millis()));
        item.insert("manifest".to_owned(), string(root.manifest.owner.to_string()));
        item.insert("manifest_chunks".to_owned(), number(root.manifest.chunks as u64));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        let put = match before {
            None => put.condition_expression("attribute_not_exists(version)"),
            Some(version) => {
                put.condition_expression("version = :before").expression_attribute_values(":before", number(version))
            }
        };
        match put.send().await {
            Ok(_) => Ok(Swap::Done),
            Err(error) if error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception) => {
                Ok(Swap::Lost)
            }
            Err(error) => Err(StoreError::of_call("Put root", &error)),
        }
    }
}

fn key() -> Item {
    Item::from([("part_of".to_owned(), string(keys::ROOT)), ("part".to_owned(), string(keys::ROOT))])
}

fn number_of(item: &Item, name: &str) -> Option<i64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

fn of_item(item: &Item) -> Option<Root> {
    if number_of(item, "format")? != i64::from(FORMAT) {
        return None;
    }
    Some(Root {
        version: number_of(item, "version")?.unsigned_abs(),
        sealed_until: Time::from_millis(number_of(item, "sealed_until")?)?,
        manifest: PartRef {
            owner: item.get("manifest")?.as_s().ok()?.parse().ok()?,
            name: MANIFEST.to_owned(),
            chunks: usize::try_from(number_of(item, "manifest_chunks")?).ok()?,
        },
    })
}
