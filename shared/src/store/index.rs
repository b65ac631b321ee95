//! Reads the rows of indexes.

use aws_sdk_dynamodb::{Client, operation::query::builders::QueryFluentBuilder};

use super::{
    StoreError,
    item::{Item, string},
};
use crate::listing::{
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

    /// The next rows of a run that match, in the order of the index or against it: what one request reads, which is at
    /// most 1 MB, and at most `limit` rows of any kind. `attributes` are those that are wanted; none are all.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn rows(
        &self,
        (index, run, filter): (&Index, &Run, &[Predicate]),
        attributes: &[&str],
        (ascending, limit): (bool, Option<usize>),
        start: Option<Item>,
    ) -> Result<(Vec<Item>, Option<Item>), StoreError> {
        let mut request = self
            .query(index, run, filter)
            .scan_index_forward(ascending)
            .set_limit(limit.and_then(|limit| i32::try_from(limit).ok()))
            .set_exclusive_start_key(start);
        if !attributes.is_empty() {
            let names = (0..attributes.len()).map(|number| format!("#a{number}"));
            request = request.projection_expression(names.clone().collect::<Vec<_>>().join(", "));
            for (name, attribute) in names.zip(attributes) {
                request = request.expression_attribute_names(name, *attribute);
            }
        }
        let answer = request.send().await.map_err(|error| StoreError::of_call(OPERATION, &error))?;
        Ok((answer.items.unwrap_or_default(), answer.last_evaluated_key))
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
