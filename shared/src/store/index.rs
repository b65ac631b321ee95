//! Reads indexes: counts rows, walks their keys, reads a range of rows.

use aws_sdk_dynamodb::{
    Client,
    operation::query::builders::QueryFluentBuilder,
    types::{AttributeValue, Select},
};

use super::{
    StoreError,
    item::{Item, string},
};
use crate::query::{
    plan::{Index, Run},
    predicate::Predicate,
};

const OPERATION: &str = "Query index";

/// Reads the indexes of one table. Reads are eventually consistent: an index follows its table within moments.
#[derive(Debug, Clone)]
pub struct IndexReader {
    client: Client,
    table: String,
}

impl IndexReader {
    /// The indexes of the table of that name.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// How many rows of a run match.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn count(&self, index: &Index, run: &Run, filter: &[Predicate]) -> Result<u64, StoreError> {
        let mut count = 0;
        let mut start = None;
        loop {
            let request = self.query(index, run, filter).select(Select::Count).set_exclusive_start_key(start);
            let answer = request.send().await.map_err(|error| StoreError::of_call(OPERATION, error))?;
            count += u64::try_from(answer.count).unwrap_or(0);
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(count);
            }
        }
    }

    /// The first `at_most` values of one text attribute of the rows of a run that match, in the order of the
    /// index or against it.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn values(
        &self,
        (index, run, filter): (&Index, &Run, &[Predicate]),
        attribute: &str,
        ascending: bool,
        at_most: usize,
    ) -> Result<Vec<String>, StoreError> {
        let mut values = Vec::new();
        let mut start = None;
        loop {
            let mut request = self
                .query(index, run, filter)
                .projection_expression("#value")
                .expression_attribute_names("#value", attribute)
                .scan_index_forward(ascending)
                .set_exclusive_start_key(start);
            if filter.is_empty() {
                // Without a filter each row read is a match, so no row need be read in vain.
                request = request.set_limit(i32::try_from(at_most.saturating_sub(values.len())).ok());
            }
            let answer = request.send().await.map_err(|error| StoreError::of_call(OPERATION, error))?;
            for mut item in answer.items.unwrap_or_default() {
                match item.remove(attribute) {
                    Some(AttributeValue::S(value)) => values.push(value),
                    _ => return Err(StoreError::of_attribute(OPERATION, attribute)),
                }
            }
            start = answer.last_evaluated_key;
            if values.len() >= at_most || start.is_none() {
                values.truncate(at_most);
                return Ok(values);
            }
        }
    }

    /// The rows of a run that match, as the index holds them.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn rows(&self, index: &Index, run: &Run, filter: &[Predicate]) -> Result<Vec<Item>, StoreError> {
        let mut rows = Vec::new();
        let mut start = None;
        loop {
            let request = self.query(index, run, filter).set_exclusive_start_key(start);
            let answer = request.send().await.map_err(|error| StoreError::of_call(OPERATION, error))?;
            rows.extend(answer.items.unwrap_or_default());
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(rows);
            }
        }
    }

    fn query(&self, index: &Index, run: &Run, filter: &[Predicate]) -> QueryFluentBuilder {
        let request = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(index.name)
            .key_condition_expression("#partition = :partition AND #sort BETWEEN :from AND :to")
            .expression_attribute_names("#partition", index.partition_key)
            .expression_attribute_names("#sort", index.sort_key)
            .expression_attribute_values(":partition", string(&run.partition))
            .expression_attribute_values(":from", string(&run.from))
            .expression_attribute_values(":to", string(&run.to));
        if filter.is_empty() { request } else { filtered(request, filter) }
    }
}

/// Adds predicates as one filter expression; each has names and values of its own.
fn filtered(request: QueryFluentBuilder, filter: &[Predicate]) -> QueryFluentBuilder {
    let mut request = request;
    let mut conditions = Vec::with_capacity(filter.len());
    for (number, predicate) in filter.iter().enumerate() {
        let name = format!("#f{number}");
        let value = |position: usize| format!(":f{number}_{position}");
        let (attribute, values, condition) = match predicate {
            Predicate::AnyOf { attribute, values } => {
                let operands: Vec<String> = (0..values.len()).map(value).collect();
                (attribute, values.clone(), format!("{name} IN ({})", operands.join(", ")))
            }
            Predicate::ContainsAny { attribute, values } => {
                let operands: Vec<String> =
                    (0..values.len()).map(|position| format!("contains({name}, {})", value(position))).collect();
                (attribute, values.clone(), format!("({})", operands.join(" OR ")))
            }
            Predicate::Between { attribute, from, to } => {
                let condition = format!("{name} BETWEEN {} AND {}", value(0), value(1));
                (attribute, vec![from.clone(), to.clone()], condition)
            }
        };
        request = request.expression_attribute_names(name, *attribute);
        for (position, operand) in values.into_iter().enumerate() {
            request = request.expression_attribute_values(value(position), string(operand));
        }
        conditions.push(condition);
    }
    request.filter_expression(conditions.join(" AND "))
}
