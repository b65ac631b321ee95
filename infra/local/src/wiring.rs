//! Joins what the template declares: resources to their services, events to their functions.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::error::DisplayErrorContext;
use shared::aws::Aws;
use winterbaume_core::MockAws;
use winterbaume_secretsmanager::SecretsManagerService;

use crate::{
    dynamodb::{DynamoDb, Table},
    gateway::{Authorizer, Routes, Target},
    lambda::Function,
    poller::Source,
    secrets,
    sqs::{self, Known, Queues},
    stack::{Options, StartError},
    template::{ACCOUNT, FunctionResource, Kind, REGION, Scope, Template},
};

/// SQS and Secrets Manager, embedded: requests of the SDK never leave the process.
pub fn embedded(queues: Queues) -> SdkConfig {
    let services = MockAws::builder().with_service(queues).with_service(SecretsManagerService::new()).build();
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::from_static(REGION))
        .credentials_provider(services.credentials_provider())
        .http_client(services.http_client())
        .build()
}

/// Starts DynamoDB with the tables.
///
/// # Errors
/// When a table says something that is not known, or cannot be made.
pub async fn start_tables(template: &Template, scope: &mut Scope, options: &Options) -> Result<DynamoDb, StartError> {
    let tables =
        template.resources(Kind::Table).map(|table| Table::read(table, scope)).collect::<Result<Vec<_>, _>>()?;
    let dynamodb = DynamoDb::start(options.data.as_deref(), &tables).await?;
    for table in &tables {
        let arn = format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{}", table.name());
        scope.runs(table.name(), table.name(), &[("Arn", &arn)]);
    }
    Ok(dynamodb)
}

/// Makes the queues.
///
/// # Errors
/// When a queue says something that is not known.
pub async fn start_queues(
    template: &Template,
    scope: &mut Scope,
    aws: &Aws,
    known: &Known,
    visibility_timeout: Option<Duration>,
) -> Result<(), StartError> {
    // A queue with a dead-letter queue names it, so that one comes first.
    let mut queues: Vec<_> = template.resources(Kind::Queue).collect();
    queues.sort_by_key(|queue| queue.property_names().any(|name| name == "RedrivePolicy"));
    let sqs = aws.sqs();
    for queue in queues {
        sqs::create(queue, scope, &sqs, known, visibility_timeout).await?;
    }
    Ok(())
}

/// Makes the secret, filled with the development secrets.
///
/// # Errors
/// When it says something that is not known.
pub async fn start_secrets(template: &Template, scope: &mut Scope, aws: &Aws) -> Result<(), StartError> {
    for secret in template.resources(Kind::Secret) {
        // Only such a secret is filled: of another kind it is not known what it should hold.
        secret.only(&["Description", "GenerateSecretString"])?;
        let name = &secret.logical_id;
        let value = secrets::value().to_string();
        let created = aws.secretsmanager().create_secret().name(name).secret_string(value).send().await;
        let created =
            created.map_err(|error| StartError::Secret(name.clone(), DisplayErrorContext(error).to_string()))?;
        scope.runs(name, created.arn().unwrap_or_default(), &[]);
    }
    Ok(())
}

/// The functions by their names, each with what the template says of it.
pub type Running = BTreeMap<String, (FunctionResource, Arc<Function>)>;

/// The routes of the API with their functions and authorizers.
///
/// # Errors
/// When one names something that does not run.
pub fn routes(template: &Template, scope: &Scope, running: &Running) -> Result<Routes<Target>, StartError> {
    let (default, declared) = template.authorizers(scope)?;
    let mut authorizers = HashMap::new();
    for (name, authorizer) in &declared {
        let function = running.iter().find(|(id, _)| FunctionResource::arn(id) == authorizer.function_arn);
        let (_, (_, function)) =
            function.ok_or_else(|| StartError::Dangling { at: name.clone(), name: authorizer.function_arn.clone() })?;
        authorizers.insert(name.as_str(), Arc::new(Authorizer::new(authorizer, Arc::clone(function))));
    }
    let mut routes = Vec::new();
    for (resource, function) in running.values() {
        for route in &resource.routes {
            let dangling = |name: &str| StartError::Dangling { at: resource.logical_id.clone(), name: name.to_owned() };
            let authorizer = route.authorizer(default.as_deref());
            let authorizer =
                authorizer.map(|name| authorizers.get(name).cloned().ok_or_else(|| dangling(name))).transpose()?;
            let target = Target { key: route.key(), function: Arc::clone(function), authorizer };
            routes.push((route.method.clone(), route.path.clone(), target));
        }
    }
    Ok(Routes::new(routes)?)
}

/// The queues that are polled, with their functions; dead-letter queues last, since the others fill them.
///
/// # Errors
/// When one names something that does not run.
pub fn sources(
    template: &Template,
    scope: &Scope,
    running: &Running,
    aws: &Aws,
    known: &Known,
) -> Result<Vec<Source>, StartError> {
    let mut sources = Vec::new();
    for (resource, function) in running.values() {
        for trigger in &resource.queues {
            let dangling = || StartError::Dangling { at: resource.logical_id.clone(), name: trigger.queue.clone() };
            let arn = |id: &str| scope.attribute(&format!("{id}.Arn"));
            let queue = template
                .resources(Kind::Queue)
                .find(|queue| arn(&queue.logical_id) == Some(trigger.queue.as_str()))
                .ok_or_else(dangling)?;
            let is_dead_letter_queue = !queue.property_names().any(|name| name == "RedrivePolicy");
            let url = scope.reference(&queue.logical_id).ok_or_else(dangling)?.to_owned();
            let queue = sqs::queue(known, &url).ok_or_else(dangling)?;
            let function = Arc::clone(function);
            let source = Source { trigger: trigger.clone(), url, queue, sqs: aws.sqs(), function };
            sources.push((is_dead_letter_queue, source));
        }
    }
    sources.sort_by_key(|(is_dead_letter_queue, _)| *is_dead_letter_queue);
    Ok(sources.into_iter().map(|(_, source)| source).collect())
}
