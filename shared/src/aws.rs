//! Makes the AWS clients: the one place that does.

use std::{error::Error, fmt::Display, time::Duration};

use aws_config::{BehaviorVersion, Region, SdkConfig, environment::EnvironmentVariableCredentialsProvider};
use aws_sdk_dynamodb::{
    config::SharedCredentialsProvider,
    error::{ProvideErrorMetadata, SdkError},
};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};

use tracing::warn;

use crate::config::{Environment, InvalidVariable};

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

/// Dated, so that a new version of the SDK changes nothing unasked.
fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

impl AwsService {
    /// The service's part of the name of the variable that says where it is reached.
    const fn endpoint_name(self) -> &'static str {
        match self {
            Self::DynamoDb => "DYNAMODB",
            Self::Sqs => "SQS",
            Self::SecretsManager => "SECRETS_MANAGER",
        }
    }
}

impl Aws {
    /// For a function: Lambda sets the region and the credentials of the function's role in its environment. To look for
    /// them elsewhere, as tools do, would be a tenth of each binary. The clients share their connections.
    ///
    /// # Errors
    /// [`InvalidVariable`]
    pub fn of_function(environment: &Environment) -> Result<Self, InvalidVariable> {
        let region = Region::new(environment.region()?);
        let credentials = SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new());
        let http_client = Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build_https();
        let config = |service: AwsService| {
            let mut config = SdkConfig::builder()
                .behavior_version(behavior())
                .region(region.clone())
                .credentials_provider(credentials.clone())
                .http_client(http_client.clone());
            config.set_endpoint_url(environment.endpoint_url(service.endpoint_name()));
            config.build()
        };
        Ok(Self::at(config(AwsService::DynamoDb), config(AwsService::Sqs), config(AwsService::SecretsManager)))
    }

    /// For a tool: region, credentials and endpoints as the SDK finds them, in the environment or in a profile.
    pub async fn from_environment() -> Self {
        let config = aws_config::load_defaults(behavior()).await;
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

/// What went wrong with a call, without what was sent or answered: that may hold secrets, and bodies of webhooks.
pub fn reason<E, R>(error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug + 'static,
{
    if let Some(refusal) = error.as_service_error() {
        let said = [refusal.code(), refusal.message()].into_iter().flatten();
        return said.collect::<Vec<_>>().join(": ");
    }
    let mut causes = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        causes.push_str(": ");
        causes.push_str(&error.to_string());
        cause = error.source();
    }
    causes
}

/// How long a first call may take. A function may start for 10 s, and whoever called waits.
const WARM_TIMEOUT: Duration = Duration::from_secs(2);

/// Makes the first call of a client while its function starts. Lambda gives the function more of a
/// CPU then, and the TLS handshake is most of what a cold start costs. So the first request finds
/// the connection open. If the call fails, the function starts all the same.
pub async fn warm<T, E: Display>(service: &'static str, call: impl Future<Output = Result<T, E>>) {
    match tokio::time::timeout(WARM_TIMEOUT, call).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => warn!(service, %error, "first call failed"),
        Err(_) => warn!(service, timeout_ms = WARM_TIMEOUT.as_millis(), "first call timed out"),
    }
}
