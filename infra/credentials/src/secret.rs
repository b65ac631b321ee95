//! The secret in Secrets Manager: read, and changed so that of two people who change it at once, neither is lost.

use aws_sdk_secretsmanager::{Client, error::DisplayErrorContext};
use shared::aws::Aws;

use crate::document::{Document, EditError};

/// The stage of a version that is not valid yet.
const CANDIDATE: &str = "CANDIDATE";

/// The stage of the version that functions read.
const CURRENT: &str = "AWSCURRENT";

/// How often a change is tried that meets others.
const ATTEMPTS: u32 = 5;

/// Why the secret is not read or not changed.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Secrets Manager refuses, or cannot be reached.
    #[error("Secrets Manager: {0}")]
    Service(String),
    /// It holds something else. The text names the place, never the value.
    #[error("the secret does not have the form that it should, at line {line}, column {column}")]
    Form {
        /// The line.
        line: usize,
        /// The column.
        column: usize,
    },
    /// It must not be changed so.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// Others change it again and again.
    #[error("others change the secret at the same time; try again")]
    Contended,
}

/// The secret of a stack.
#[derive(Debug, Clone)]
pub struct Secret {
    client: Client,
    arn: String,
}

impl Secret {
    /// The secret with this ARN: the stack's output `SecretArn`.
    #[must_use]
    pub fn new(aws: &Aws, arn: &str) -> Self {
        Self { client: aws.secretsmanager(), arn: arn.to_owned() }
    }

    /// What it holds.
    ///
    /// # Errors
    /// [`SecretError`]
    pub async fn read(&self) -> Result<Document, SecretError> {
        Ok(self.current().await?.1)
    }

    /// Changes it. `edit` is done anew on what others wrote meanwhile.
    ///
    /// # Errors
    /// [`SecretError`]: nothing was changed.
    pub async fn change(&self, edit: impl Fn(&mut Document) -> Result<(), EditError>) -> Result<Document, SecretError> {
        for _ in 0..ATTEMPTS {
            let (version, mut document) = self.current().await?;
            edit(&mut document)?;
            if self.replace(&version, &document).await? {
                return Ok(document);
            }
        }
        Err(SecretError::Contended)
    }

    async fn current(&self) -> Result<(String, Document), SecretError> {
        let answer =
            self.client.get_secret_value().secret_id(&self.arn).send().await.map_err(|error| service(&error))?;
        let document = serde_json::from_str(answer.secret_string().unwrap_or_default())
            .map_err(|error| SecretError::Form { line: error.line(), column: error.column() })?;
        Ok((answer.version_id.unwrap_or_default(), document))
    }

    /// Writes a new version, and makes it current if `version` still is; that is what Secrets Manager decides. False if
    /// another one became current meanwhile.
    async fn replace(&self, version: &str, document: &Document) -> Result<bool, SecretError> {
        let text = serde_json::to_string(document).map_err(|error| SecretError::Service(error.to_string()))?;
        let put = self.client.put_secret_value().secret_id(&self.arn).secret_string(text).version_stages(CANDIDATE);
        let candidate = put.send().await.map_err(|error| service(&error))?.version_id.unwrap_or_default();
        let swap = self
            .client
            .update_secret_version_stage()
            .secret_id(&self.arn)
            .version_stage(CURRENT)
            .remove_from_version_id(version)
            .move_to_version_id(candidate);
        match swap.send().await {
            Ok(_) => Ok(true),
            Err(_) if self.current().await?.0 != version => Ok(false),
            Err(error) => Err(service(&error)),
        }
    }
}

fn service<E: std::error::Error>(error: &E) -> SecretError {
    SecretError::Service(DisplayErrorContext(error).to_string())
}
