//! The secret in Secrets Manager. If two people change it at the same time, neither change is lost.

use aws_sdk_secretsmanager::{Client, error::DisplayErrorContext, operation::get_secret_value::GetSecretValueOutput};
use shared::aws::Aws;

use crate::document::{Document, EditError};

/// The stage of a version that functions do not read yet.
const CANDIDATE: &str = "CANDIDATE";

/// The stage of the version that functions read.
const CURRENT: &str = "AWSCURRENT";

/// How often a change is attempted while others change the secret too.
const MAX_ATTEMPTS: u32 = 5;

/// Why the secret could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("Secrets Manager: {0}")]
    Service(String),
    /// Names the place only: the value is secret.
    #[error("the secret has an invalid format at line {line}, column {column}")]
    Form { line: usize, column: usize },
    #[error(transparent)]
    Edit(#[from] EditError),
    #[error("others are changing the secret at the same time: try again")]
    Contended,
}

/// The secret of a stack.
#[derive(Debug, Clone)]
pub struct Secret {
    client: Client,
    arn: String,
}

impl Secret {
    /// The secret with this ARN, which is the output `SecretArn` of the stack.
    #[must_use]
    pub fn new(aws: &Aws, arn: &str) -> Self {
        Self { client: aws.secretsmanager(), arn: arn.to_owned() }
    }

    /// Reads the secret.
    ///
    /// # Errors
    /// [`SecretError`]
    pub async fn read(&self) -> Result<Document, SecretError> {
        Ok(self.current().await?.1)
    }

    /// The text of the secret, whatever it is.
    ///
    /// # Errors
    /// [`SecretError::Service`]
    pub async fn text(&self) -> Result<String, SecretError> {
        Ok(self.stored().await?.secret_string.unwrap_or_default())
    }

    /// Changes the secret. If somebody else changes it meanwhile, `edit` runs again on the new
    /// content.
    ///
    /// # Errors
    /// [`SecretError`]. Nothing was changed.
    pub async fn change(&self, edit: impl Fn(&mut Document) -> Result<(), EditError>) -> Result<Document, SecretError> {
        for _ in 0..MAX_ATTEMPTS {
            let (version, mut document) = self.current().await?;
            edit(&mut document)?;
            if self.replace(&version, &document).await? {
                return Ok(document);
            }
        }
        Err(SecretError::Contended)
    }

    async fn current(&self) -> Result<(String, Document), SecretError> {
        let answer = self.stored().await?;
        let document = serde_json::from_str(answer.secret_string().unwrap_or_default())
            .map_err(|error| SecretError::Form { line: error.line(), column: error.column() })?;
        Ok((answer.version_id.unwrap_or_default(), document))
    }

    async fn stored(&self) -> Result<GetSecretValueOutput, SecretError> {
        self.client.get_secret_value().secret_id(&self.arn).send().await.map_err(|error| service(&error))
    }

    /// Writes a new version, and makes it current if `version` still is. Secrets Manager decides
    /// that atomically. Returns false if another version has become current.
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
