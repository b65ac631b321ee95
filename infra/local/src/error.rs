//! Why a stack did not start.

use std::io;

use seed::SeedError;

use crate::{
    dynamodb::DynamoDbError,
    functions::FunctionError,
    gateway::RouteError,
    sqs::{QueueError, journal::JournalError},
    template::TemplateError,
};

/// Why a stack did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot listen on 127.0.0.1:{port}: {source}")]
    Listen { port: u16, source: io::Error },
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error(transparent)]
    DynamoDb(#[from] DynamoDbError),
    #[error("the stand-in for SNS cannot listen: {0}")]
    Sns(io::Error),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error("cannot create the secret {name}: {reason}")]
    Secret { name: String, reason: String },
    #[error(transparent)]
    Function(#[from] FunctionError),
    #[error(transparent)]
    Route(#[from] RouteError),
    /// The template refers to something that it does not declare, or that does not run.
    #[error("template.yaml: {at} needs {name}, which does not run")]
    Dangling { at: String, name: String },
    #[error("cannot write the demo data: {0}")]
    Demo(#[from] SeedError),
}
