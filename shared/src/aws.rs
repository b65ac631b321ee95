//! Makes the AWS clients. No other module does.

mod failure;

pub use failure::{FailureKind, causes, failure_kind, reason};

use std::{fmt::Display, time::Duration};

use aws_config::{
    BehaviorVersion, Region, SdkConfig, environment::EnvironmentVariableCredentialsProvider, retry::RetryConfig,
    timeout::TimeoutConfig,
};
use aws_sdk_dynamodb::config::{
    SharedCredentialsProvider,
    retry::{RetryPartition, TokenBucket},
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

/// How long a call of a service may take, and how often the SDK sends it.
struct CallLimits {
    /// After this, the SDK sends the request again: on a new connection, since it closes one whose
    /// answer does not come. Lambda freezes a process between calls, so connections die unnoticed.
    attempt: Duration,
    /// All attempts together.
    operation: Duration,
    attempts: u32,
}

/// TCP and TLS together. All services have the same: the HTTP client keeps one connector, and loads
/// the root certificates once, as long as its settings are equal.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// The SDK sends a request a second time almost at once. Longer pauses are up to
/// `Retries`, which knows the deadline of the call.
const FIRST_BACKOFF: Duration = Duration::from_millis(20);
const MAX_BACKOFF: Duration = Duration::from_millis(40);

/// A tool runs on a person's computer, maybe far away from the services.
const TOOL_CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TOOL_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(15);
const TOOL_OPERATION_TIMEOUT: Duration = Duration::from_mins(1);

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

    /// The limits of a function's calls.
    const fn limits(self) -> CallLimits {
        match self {
            // Transactions and batches of 100 rows take tens of milliseconds.
            Self::DynamoDb | Self::SecretsManager => {
                CallLimits { attempt: Duration::from_secs(2), operation: Duration::from_millis(4500), attempts: 2 }
            }
            // A source waits 1 s for its answer, so there must be time for a second send. The queue
            // sends again itself.
            Self::Sqs => {
                CallLimits { attempt: Duration::from_millis(400), operation: Duration::from_millis(400), attempts: 1 }
            }
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
        let aws = Self::at(config(AwsService::DynamoDb), config(AwsService::Sqs), config(AwsService::SecretsManager));
        Ok(aws.limited())
    }

    /// Limits the time and the attempts of each call, as in a function. The embedded stack and tests
    /// use this, too, for the clients of their functions.
    #[must_use]
    pub fn limited(self) -> Self {
        self.map(|service, config| {
            let CallLimits { attempt, operation, attempts } = service.limits();
            let timeouts = TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .operation_attempt_timeout(attempt)
                .operation_timeout(operation)
                .build();
            let retries = RetryConfig::standard()
                .with_max_attempts(attempts)
                .with_initial_backoff(FIRST_BACKOFF)
                .with_max_backoff(MAX_BACKOFF);
            config.into_builder().timeout_config(timeouts).retry_config(retries).build()
        })
    }

    /// Configures the services for a tool. The SDK finds the region, the credentials and the
    /// endpoints in the environment or in a profile.
    pub async fn from_environment() -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(TOOL_CONNECT_TIMEOUT)
            .operation_attempt_timeout(TOOL_ATTEMPT_TIMEOUT)
            .operation_timeout(TOOL_OPERATION_TIMEOUT)
            .build();
        let config = aws_config::defaults(behavior()).timeout_config(timeouts).load().await;
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
        let config = aws_sdk_dynamodb::config::Builder::from(&self.dynamodb).retry_partition(second_attempts());
        aws_sdk_dynamodb::Client::from_conf(config.build())
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
        let config = aws_sdk_secretsmanager::config::Builder::from(&self.secretsmanager);
        aws_sdk_secretsmanager::Client::from_conf(config.retry_partition(second_attempts()).build())
    }
}

/// The SDK allows 500 tokens' worth of second attempts to all clients of a process together. There
/// is one second attempt here, so it needs no such quota: a function answers in the same way
/// whatever failed before.
fn second_attempts() -> RetryPartition {
    RetryPartition::custom("second attempts").token_bucket(TokenBucket::unlimited()).build()
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
