//! Reads rows through the indexes of a table.

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

/// Reads the indexes of one table. Reads are eventually consistent: a write shows up in an index a
/// moment later.
#[derive(Debug, Clone)]
pub struct IndexReader {
    client: Client,
    table: String,
}

/// The direction in which an index is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadOrder {
    Ascending,
    Descending,
}

impl ReadOrder {
    /// The order of a list. Without `ascending`, it is descending.
    #[must_use]
    pub const fn of(ascending: bool) -> Self {
        if ascending { Self::Ascending } else { Self::Descending }
    }
}

/// Which rows of an index to read.
#[derive(Debug, Clone, Copy)]
pub struct IndexQuery<'query> {
    pub index: &'query Index,
    pub run: &'query Run,
    pub filter: &'query [Predicate],
    /// The attributes to read. Empty means all.
    pub attributes: &'query [&'query str],
    pub order: ReadOrder,
    /// The most rows to read, including those that do not match the filter.
    pub limit: Option<usize>,
}

/// The rows that one request read.
#[derive(Debug, Clone, Default)]
pub struct IndexRows {
    pub items: Vec<Item>,
    /// Where the next request starts. `None` if no rows are left.
    pub next: Option<Item>,
}

impl IndexReader {
    /// Uses the indexes of the table with this name.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Reads the next matching rows with one request. DynamoDB reads at most 1 MB per request, so
    /// there may be further rows even if this returns few or none.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn rows(&self, query: &IndexQuery<'_>, start: Option<Item>) -> Result<IndexRows, StoreError> {
        let IndexQuery { index, run, filter, attributes, order, limit } = *query;
        let mut request = self
            .query(index, run, filter)
            .scan_index_forward(order == ReadOrder::Ascending)
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
        Ok(IndexRows { items: answer.items.unwrap_or_default(), next: answer.last_evaluated_key })
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

/// Adds the predicates as one filter expression. Each predicate gets its own placeholders.
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
