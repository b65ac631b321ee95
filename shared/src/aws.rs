//! Makes the AWS clients. No other module does.

use std::{error::Error, fmt::Display, time::Duration};

use aws_config::{BehaviorVersion, Region, SdkConfig, environment::EnvironmentVariableCredentialsProvider};
use aws_sdk_dynamodb::{
    config::SharedCredentialsProvider,
    error::{ProvideErrorMetadata, SdkError},
    operation::RequestId,
};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use tracing::warn;

use crate::config::{Environment, InvalidVariable};

/// The configuration of each AWS service. Clients are made on request. So a function links and
/// connects only to the services that it uses.
#[derive(Debug, Clone)]
pub struct Aws {
    dynamodb: SdkConfig,
    sqs: SdkConfig,
    secretsmanager: SdkConfig,
}

/// An AWS service that functions call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AwsService {
    DynamoDb,
    Sqs,
    SecretsManager,
}

/// The SDK's defaults of this date. So a new version of the SDK does not change them.
fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

impl AwsService {
    /// The name of the service in the variable `AWS_ENDPOINT_URL_<name>`.
    const fn endpoint_name(self) -> &'static str {
        match self {
            Self::DynamoDb => "DYNAMODB",
            Self::Sqs => "SQS",
            Self::SecretsManager => "SECRETS_MANAGER",
        }
    }
}

impl Aws {
    /// Configures the services for a function. Lambda sets the region and the credentials of the
    /// function's role in its environment. The SDK's other ways to find them are left out: they
    /// would be a tenth of each binary. All clients share one HTTP client.
    ///
    /// # Errors
    /// [`InvalidVariable`] without `AWS_REGION`.
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

    /// Configures the services for a tool. The SDK finds the region, the credentials and the
    /// endpoints in the environment or in a profile.
    pub async fn from_environment() -> Self {
        let config = aws_config::load_defaults(behavior()).await;
        Self::at(config.clone(), config.clone(), config)
    }

    /// Configures each service by itself. The embedded stack reaches them in different ways.
    #[must_use]
    pub fn at(dynamodb: SdkConfig, sqs: SdkConfig, secretsmanager: SdkConfig) -> Self {
        Self { dynamodb, sqs, secretsmanager }
    }

    /// Replaces the configuration of each service. Tests use this to meter and disturb requests.
    #[must_use]
    pub fn map(self, other: impl Fn(AwsService, SdkConfig) -> SdkConfig) -> Self {
        Self {
            dynamodb: other(AwsService::DynamoDb, self.dynamodb),
            sqs: other(AwsService::Sqs, self.sqs),
            secretsmanager: other(AwsService::SecretsManager, self.secretsmanager),
        }
    }

    /// Makes a DynamoDB client.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one maker of clients")]
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.dynamodb)
    }

    /// Makes an SQS client.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one maker of clients")]
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.sqs)
    }

    /// Makes a Secrets Manager client.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one maker of clients")]
    pub fn secretsmanager(&self) -> aws_sdk_secretsmanager::Client {
        aws_sdk_secretsmanager::Client::new(&self.secretsmanager)
    }
}

/// Says why a call failed: the error code and message of the service, or the causes in the client.
/// Names the HTTP status and the request id if the service answered.
///
/// The text leaves out the data that was sent or read: it may be a secret or the body of a webhook.
pub fn reason<E>(error: &SdkError<E>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let text = match error.as_service_error() {
        Some(refusal) => match (refusal.code(), refusal.message()) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            (Some(text), None) | (None, Some(text)) => text.to_owned(),
            (None, None) => "an error without a code".to_owned(),
        },
        None => causes(error),
    };
    match (error.raw_response(), error.request_id()) {
        (Some(answer), Some(id)) => format!("{text} (status {}, request id {id})", answer.status()),
        (Some(answer), None) => format!("{text} (status {})", answer.status()),
        (None, _) => text,
    }
}

/// An error and its causes, in one line.
#[must_use]
pub fn causes(error: &dyn Error) -> String {
    let mut causes = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        causes.push_str(": ");
        causes.push_str(&error.to_string());
        cause = error.source();
    }
    causes
}

/// The caller of a cold function waits for the first call. Lambda gives a function 10 s to start
/// (AWS Lambda Developer Guide, "Understanding the Lambda execution environment lifecycle").
const WARM_TIMEOUT: Duration = Duration::from_secs(2);

/// Makes the first call of a client while its function starts. So the first request finds the
/// connection open. The TLS handshake is most of a cold start, and Lambda gives a function more CPU
/// while it starts. If the call fails, that is logged and the function starts all the same.
pub async fn warm<T, E: Display>(service: &'static str, call: impl Future<Output = Result<T, E>>) {
    match tokio::time::timeout(WARM_TIMEOUT, call).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => warn!(service, %error, "warm-up call failed"),
        Err(_) => warn!(service, timeout_ms = WARM_TIMEOUT.as_millis(), "warm-up call timed out"),
    }
}
