//! Makes the AWS clients: the one place that does.

use aws_config::{BehaviorVersion, SdkConfig};

/// Where each AWS service is reached. Clients are made on request, so that a function links and
/// connects only to the services that it uses.
#[derive(Debug, Clone)]
pub struct Aws {
    dynamodb: SdkConfig,
    sqs: SdkConfig,
    secretsmanager: SdkConfig,
}

/// A service that functions use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AwsService {
    /// The tables.
    DynamoDb,
    /// The queues.
    Sqs,
    /// The secret.
    SecretsManager,
}

impl Aws {
    /// Region, credentials and endpoints as the environment gives them: in Lambda, the function's role.
    pub async fn from_environment() -> Self {
        let config = aws_config::load_defaults(BehaviorVersion::v2026_01_12()).await;
        Self::at(config.clone(), config.clone(), config)
    }

    /// One configuration per service, for a stack whose services are reached in different ways.
    #[must_use]
    pub fn at(dynamodb: SdkConfig, sqs: SdkConfig, secretsmanager: SdkConfig) -> Self {
        Self { dynamodb, sqs, secretsmanager }
    }

    /// The same services through other configurations: tests meter and disturb what goes over the wire.
    #[must_use]
    pub fn map(self, other: impl Fn(AwsService, SdkConfig) -> SdkConfig) -> Self {
        Self {
            dynamodb: other(AwsService::DynamoDb, self.dynamodb),
            sqs: other(AwsService::Sqs, self.sqs),
            secretsmanager: other(AwsService::SecretsManager, self.secretsmanager),
        }
    }

    /// A DynamoDB client.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one maker of clients")]
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.dynamodb)
    }

    /// An SQS client.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one maker of clients")]
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.sqs)
    }

    /// A Secrets Manager client.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one maker of clients")]
    pub fn secretsmanager(&self) -> aws_sdk_secretsmanager::Client {
        aws_sdk_secretsmanager::Client::new(&self.secretsmanager)
    }
}
