//! Connects the resources of the template: tables and secrets to services, events to functions.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::Arc,
};

use aws_sdk_sqs::error::DisplayErrorContext;
use shared::aws::Aws;

use crate::{
    dynamodb::{DynamoDb, Table},
    error::StartError,
    gateway::{Authorizer, Route, Routes, Target},
    lambda::Function,
    poller::EventSource,
    scheduler::Schedule,
    secrets,
    sqs::{self, Known, Queues, journal::Journal},
    template::{ACCOUNT, Authorizers, FunctionResource, Kind, REGION, Scope, Template},
};

/// Starts DynamoDB with the tables of the template, in memory or in the directory `data`.
///
/// # Errors
/// If a table has a property that is not known, or cannot be created.
pub async fn start_tables(template: &Template, scope: &mut Scope, data: Option<&Path>) -> Result<DynamoDb, StartError> {
    let tables =
        template.resources_if_any(Kind::Table).map(|table| Table::read(table, scope)).collect::<Result<Vec<_>, _>>()?;
    let dynamodb = DynamoDb::start(data, &tables).await?;
    for table in tables.iter().filter(|table| table.is_declared()) {
        let arn = format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{}", table.name());
        scope.runs(table.logical_id(), table.name(), &[("Arn", &arn)]);
    }
    Ok(dynamodb)
}

/// Starts SQS without queues: in memory, or with a file in the directory `data`, which exists.
///
/// # Errors
/// If the file cannot be used.
pub fn start_queues(data: Option<&Path>) -> Result<(Queues, Option<Journal>), StartError> {
    let Some(data) = data else { return Ok((Queues::in_memory(), None)) };
    let (journal, kept) = Journal::open(&data.join("queues.sqlite"))?;
    Ok((Queues::on_disk(journal.clone(), kept), Some(journal)))
}

/// Creates the secret, with the local credentials in it.
///
/// # Errors
/// If the secret has a property that is not known.
pub async fn start_secrets(template: &Template, scope: &mut Scope, aws: &Aws) -> Result<(), StartError> {
    for secret in template.resources(Kind::Secret) {
        // The local credentials have the form of this generated secret. A plain SecretString may
        // differ.
        secret.only(&["Description", "GenerateSecretString", "Name"])?;
        let name = &secret.logical_id;
        let value = secrets::value().to_string();
        let created = aws.secretsmanager().create_secret().name(name).secret_string(value).send().await;
        let created = created.map_err(|error| StartError::Secret {
            name: name.clone(),
            reason: DisplayErrorContext(error).to_string(),
        })?;
        scope.runs(name, created.arn().unwrap_or_default(), &[]);
    }
    Ok(())
}

/// Names what has no local counterpart, or a role, which is read with its function.
pub fn name_the_rest(template: &Template, scope: &mut Scope) {
    for resource in template.resources(Kind::NotRun) {
        let id = &resource.logical_id;
        scope.runs(id, id, &[("Arn", &format!("arn:aws:local:{REGION}:{ACCOUNT}:{id}"))]);
    }
    for role in template.resources(Kind::Role) {
        let id = &role.logical_id;
        scope.runs(id, id, &[("Arn", &format!("arn:aws:iam::{ACCOUNT}:role/{id}"))]);
    }
}

/// Names the outputs of nested stacks. What they refer to must run already.
///
/// # Errors
/// If it does not.
pub fn name_nested_outputs(template: &Template, scope: &mut Scope) -> Result<(), StartError> {
    for stack in template.resources(Kind::NestedStack) {
        let outputs = Template::nested_outputs(stack, scope)?;
        let outputs: Vec<_> = outputs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        scope.runs(&stack.logical_id, &stack.logical_id, &outputs);
    }
    Ok(())
}

/// A function of the template that runs.
pub struct RunningFunction {
    pub resource: FunctionResource,
    pub function: Arc<Function>,
    /// Clients under the policy of the function. Lambda reads its queues with them.
    pub aws: Aws,
}

/// The functions that run, by their names in the template.
pub type RunningFunctions = BTreeMap<String, RunningFunction>;

/// The routes of the API, with their functions and authorizers.
///
/// # Errors
/// If a route names an authorizer that does not exist, or an authorizer a function that does not
/// run.
pub fn routes(template: &Template, scope: &Scope, running: &RunningFunctions) -> Result<Routes<Target>, StartError> {
    let declared = Authorizers::read(template, scope)?;
    let mut authorizers = HashMap::new();
    for (name, authorizer) in &declared.by_name {
        let running = running.iter().find(|(id, _)| FunctionResource::arn(id) == authorizer.function_arn);
        let (_, RunningFunction { function, .. }) =
            running.ok_or_else(|| StartError::Dangling { at: name.clone(), name: authorizer.function_arn.clone() })?;
        authorizers.insert(name.as_str(), Arc::new(Authorizer::new(authorizer, Arc::clone(function))));
    }
    let mut routes = Vec::new();
    for RunningFunction { resource, function, .. } in running.values() {
        for route in &resource.routes {
            let dangling = |name: &str| StartError::Dangling { at: resource.logical_id.clone(), name: name.to_owned() };
            let authorizer = route.authorizer(declared.default.as_deref());
            let authorizer =
                authorizer.map(|name| authorizers.get(name).cloned().ok_or_else(|| dangling(name))).transpose()?;
            let target = Target { key: route.key(), function: Arc::clone(function), authorizer };
            routes.push(Route { method: route.method.clone(), path: route.path.clone(), target });
        }
    }
    Ok(Routes::new(routes)?)
}

/// The functions with a schedule.
pub fn schedules(running: &RunningFunctions) -> Vec<Schedule> {
    let schedules = running.values().flat_map(|RunningFunction { resource, function, .. }| {
        resource.schedules.iter().map(|interval| Schedule { interval: *interval, function: Arc::clone(function) })
    });
    schedules.collect()
}

/// The queues to poll, with their functions. Dead-letter queues come last: a stop empties the
/// queues in this order, and the other queues fill them.
///
/// # Errors
/// If a function names a queue that does not run.
pub fn event_sources(
    template: &Template,
    scope: &Scope,
    running: &RunningFunctions,
    known: &Known,
) -> Result<Vec<EventSource>, StartError> {
    let mut sources = Vec::new();
    for RunningFunction { resource, function, aws } in running.values() {
        for trigger in resource.queues.iter().filter(|trigger| trigger.enabled) {
            let dangling = || StartError::Dangling { at: resource.logical_id.clone(), name: trigger.queue.clone() };
            let arn = |id: &str| scope.attribute(&format!("{id}.Arn"));
            let queue = template
                .resources(Kind::Queue)
                .find(|queue| arn(&queue.logical_id) == Some(trigger.queue.as_str()))
                .ok_or_else(dangling)?;
            let is_dead_letter_queue = !sqs::has_dead_letter_queue(queue);
            let url = scope.reference(&queue.logical_id).ok_or_else(dangling)?.to_owned();
            let queue = sqs::queue(known, &url).ok_or_else(dangling)?;
            let function = Arc::clone(function);
            let source = EventSource { trigger: trigger.clone(), url, queue, sqs: aws.sqs(), function };
            sources.push((is_dead_letter_queue, source));
        }
    }
    sources.sort_by_key(|(is_dead_letter_queue, _)| *is_dead_letter_queue);
    Ok(sources.into_iter().map(|(_, source)| source).collect())
}
