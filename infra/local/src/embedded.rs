//! SQS and Secrets Manager in this process.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use winterbaume_core::MockAws;
use winterbaume_secretsmanager::SecretsManagerService;

use crate::{sqs::Queues, template::REGION};

/// A configuration whose requests stay in this process.
pub fn config(queues: Queues) -> SdkConfig {
    let services = MockAws::builder().with_service(queues).with_service(SecretsManagerService::new()).build();
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::from_static(REGION))
        .credentials_provider(services.credentials_provider())
        .http_client(services.http_client())
        .build()
}
