//! An embedded DynamoDB with the tables of the template.

use std::{fs::File, io, net::Ipv4Addr, path::Path, time::Duration};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use dynoxide::{Database, DynoxideError, actions::list_tables::ListTablesRequest, server::serve_with_shutdown};
use serde_json::{Value as Json, json};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};
use winterbaume_core::MockAws;

use crate::{
    directory::{self, DirectoryError},
    template::{REGION, Resource, Scope, TemplateError},
};

/// DynamoDB deletes expired items within days. The local stack does it every hour.
const SWEEP_INTERVAL: Duration = Duration::from_hours(1);

/// The properties of a table that `CreateTable` accepts unchanged.
const CREATE: [&str; 5] =
    ["AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes", "KeySchema", "LocalSecondaryIndexes"];

/// The property that `UpdateTimeToLive` accepts.
const TTL: &str = "TimeToLiveSpecification";

/// The property that names a table. Without it, the name in the template is the name.
const NAME: &str = "TableName";

/// The properties of a table without a local counterpart.
const NOT_RUN: [&str; 2] = ["DeletionProtectionEnabled", "PointInTimeRecoverySpecification"];

/// Why DynamoDB did not start.
#[derive(Debug, thiserror::Error)]
pub enum DynamoDbError {
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    #[error("DynamoDB: {0}")]
    Database(#[from] DynoxideError),
    #[error("template.yaml: {table}: {source}")]
    Table { table: String, source: serde_json::Error },
    #[error("DynamoDB cannot listen: {0}")]
    Listen(io::Error),
}

/// A table in the form of `CreateTable` and `UpdateTimeToLive`.
#[derive(Debug, Clone)]
pub struct Table {
    logical_id: String,
    /// Whether the stack creates it, and does not use another one.
    is_declared: bool,
    name: String,
    create: Json,
    time_to_live: Option<Json>,
}

impl Table {
    /// Reads a table of the template.
    ///
    /// # Errors
    /// If the table has a property that is not known.
    pub fn read(resource: &Resource, scope: &Scope) -> Result<Self, TemplateError> {
        resource.only(&[CREATE.as_slice(), &[NAME, TTL], &NOT_RUN].concat())?;
        let logical_id = resource.logical_id.clone();
        let name = resource.read(NAME, scope)?.unwrap_or_else(|| logical_id.clone());
        let mut create = json!({ "TableName": name });
        for property in CREATE {
            if let Some(value) = resource.property(property, scope)? {
                create[property] = value;
            }
        }
        let time_to_live = resource.property(TTL, scope)?;
        let time_to_live = time_to_live.map(|spec| json!({ "TableName": name, "TimeToLiveSpecification": spec }));
        Ok(Self { logical_id, is_declared: resource.is_declared(), name, create, time_to_live })
    }

    /// The name in the template.
    #[must_use]
    pub fn logical_id(&self) -> &str {
        &self.logical_id
    }

    /// Whether the stack creates it. If not, the parameters name another one.
    #[must_use]
    pub fn is_declared(&self) -> bool {
        self.is_declared
    }

    /// Its keys and indexes, whatever its name is.
    fn shape(&self) -> Json {
        let mut shape = self.create.clone();
        shape[NAME] = Json::Null;
        shape
    }

    /// The name, which `!Ref` returns too.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn create(&self, database: &Database) -> Result<(), DynamoDbError> {
        let malformed = |source| DynamoDbError::Table { table: self.name.clone(), source };
        database.create_table(serde_json::from_value(self.create.clone()).map_err(malformed)?)?;
        if let Some(time_to_live) = &self.time_to_live {
            database.update_time_to_live(serde_json::from_value(time_to_live.clone()).map_err(malformed)?)?;
        }
        Ok(())
    }
}

/// DynamoDB, running.
#[derive(Debug)]
pub struct DynamoDb {
    config: SdkConfig,
    stop: oneshot::Sender<()>,
    server: JoinHandle<Result<(), String>>,
    sweeper: JoinHandle<()>,
    /// Locks the directory while its files are open.
    lock: Option<File>,
}

impl DynamoDb {
    /// Starts the service in memory, or in the directory `data`, and creates the tables that are
    /// missing.
    ///
    /// # Errors
    /// If the directory cannot be used, or contains tables of another template.
    pub async fn start(data: Option<&Path>, tables: &[Table]) -> Result<Self, DynamoDbError> {
        let (database, lock) = match data {
            None => (Database::memory()?, None),
            Some(path) => {
                let lock = directory::lock(path)?;
                let declared = tables.iter().map(|table| (table.logical_id.clone(), table.shape())).collect();
                directory::check_tables(path, &declared)?;
                (Database::new(&path.join("dynamodb.sqlite").to_string_lossy())?, Some(lock))
            }
        };
        let existing = database.list_tables(ListTablesRequest::default())?.table_names;
        for table in tables.iter().filter(|table| table.is_declared && !existing.contains(&table.name)) {
            table.create(&database)?;
        }

        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(DynamoDbError::Listen)?;
        let address = listener.local_addr().map_err(DynamoDbError::Listen)?;
        let (stop, stopped) = oneshot::channel();
        let sweeper = tokio::spawn(sweep(database.clone()));
        let server = tokio::spawn(serve_with_shutdown(listener, database, async {
            let _ = stopped.await;
        }));
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::from_static(REGION))
            .credentials_provider(MockAws::builder().build().credentials_provider())
            .endpoint_url(format!("http://{address}"))
            // Plain HTTP with one connection pool: the default HTTP client would load this
            // machine's root certificates once per SDK client.
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        Ok(Self { config, stop, server, sweeper, lock })
    }

    /// The configuration of its clients.
    #[must_use]
    pub fn config(&self) -> SdkConfig {
        self.config.clone()
    }

    /// Stops the service when all requests that have begun are answered, at the latest after
    /// `timeout`.
    pub async fn stop(self, timeout: Duration) {
        let Self { config, stop, mut server, sweeper, lock } = self;
        sweeper.abort();
        // Its connection pool would keep the server from stopping.
        drop(config);
        let _ = stop.send(());
        if tokio::time::timeout(timeout, &mut server).await.is_err() {
            server.abort();
        }
        drop(lock);
    }
}

/// Deletes expired items regularly.
async fn sweep(database: Database) {
    loop {
        let database = database.clone();
        match tokio::task::spawn_blocking(move || database.sweep_ttl()).await {
            Ok(Ok(removed)) => tracing::debug!(removed, "expired items deleted"),
            Ok(Err(error)) => tracing::warn!(%error, "could not delete expired items"),
            Err(_) => return,
        }
        tokio::time::sleep(SWEEP_INTERVAL).await;
    }
}

#[cfg(test)]
mod tests {
    use shared::aws::Aws;

    use super::*;
    use crate::template::{Kind, Template};

    fn tables() -> Vec<Table> {
        let template = Template::of_workspace().unwrap();
        let scope = template.scope();
        template.resources(Kind::Table).map(|table| Table::read(table, &scope).unwrap()).collect()
    }

    #[tokio::test]
    async fn the_declared_tables_exist_with_their_indexes() {
        let service = DynamoDb::start(None, &tables()).await.unwrap();
        let aws = Aws::at(service.config(), service.config(), service.config());
        let table = aws.dynamodb().describe_table().table_name("IncidentsTable").send().await.unwrap().table.unwrap();
        let mut indexes: Vec<_> =
            table.global_secondary_indexes().iter().filter_map(|index| index.index_name()).collect();
        indexes.sort_unstable();
        assert_eq!(indexes, ["by_created"]);

        let ttl = aws.dynamodb().describe_time_to_live().table_name("ClaimsTable").send().await.unwrap();
        let ttl = ttl.time_to_live_description.unwrap();
        assert_eq!(ttl.attribute_name(), Some("expires_at"));
        drop(aws);
        service.stop(Duration::from_secs(5)).await;
    }

    #[tokio::test]
    async fn a_directory_serves_one_stack_at_a_time_and_only_with_the_same_tables() {
        let directory = tempfile::tempdir().unwrap();
        let service = DynamoDb::start(Some(directory.path()), &tables()).await.unwrap();
        let error = DynamoDb::start(Some(directory.path()), &tables()).await.unwrap_err();
        assert!(matches!(error, DynamoDbError::Directory(DirectoryError::InUse(_))), "{error}");
        service.stop(Duration::from_secs(5)).await;

        DynamoDb::start(Some(directory.path()), &tables()).await.unwrap().stop(Duration::from_secs(5)).await;
        let error = DynamoDb::start(Some(directory.path()), &tables()[1..]).await.unwrap_err();
        assert!(matches!(error, DynamoDbError::Directory(DirectoryError::OtherTables(_))), "{error}");
    }
}
