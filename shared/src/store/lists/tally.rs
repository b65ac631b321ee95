//! What is counted of the rows of a bucket. Pure.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::store::Item;

/// Something that is counted of rows, bucket by bucket.
pub trait Tally: Default + Serialize + DeserializeOwned + Send + Sync {
    /// What tells what is remembered of it from other tallies of the same list.
    const KIND: &'static str;
    /// The attributes that it looks at, besides the position.
    const ATTRIBUTES: &'static [&'static str];

    /// Counts a row. Positions are kept up to `most`.
    fn add(&mut self, position: String, row: &Item, most: usize);

    /// Counts what was counted of other rows.
    fn merge(&mut self, other: Self, most: usize);

    /// Whether there was no row.
    fn is_empty(&self) -> bool;

    /// The positions of all rows, if they are known.
    fn positions(&self) -> Option<&[String]> {
        None
    }
}

/// How many rows there are, and which, unless they are too many. Only the number is remembered with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "u64", into = "u64")]
pub struct Count {
    /// How many.
    pub rows: u64,
    /// Their positions, or none of them; in no order.
    positions: Vec<String>,
}

impl Count {
    fn keep(&mut self, positions: impl IntoIterator<Item = String>, were_known: bool, most: usize) {
        if were_known && self.rows <= most as u64 {
            self.positions.extend(positions);
        } else {
            self.positions = Vec::new();
        }
    }
}

impl From<u64> for Count {
    fn from(rows: u64) -> Self {
        Self { rows, positions: Vec::new() }
    }
}

impl From<Count> for u64 {
    fn from(count: Count) -> Self {
        count.rows
    }
}

impl Tally for Count {
    const KIND: &'static str = "count";
    const ATTRIBUTES: &'static [&'static str] = &[];

    fn add(&mut self, position: String, _: &Item, most: usize) {
        let were_known = self.positions().is_some();
        self.rows += 1;
        self.keep([position], were_known, most);
    }

    fn merge(&mut self, other: Self, most: usize) {
        let were_known = self.positions().is_some() && other.positions().is_some();
        self.rows += other.rows;
        self.keep(other.positions, were_known, most);
    }

    fn is_empty(&self) -> bool {
        self.rows == 0
    }

    fn positions(&self) -> Option<&[String]> {
        (self.positions.len() as u64 == self.rows).then_some(&self.positions)
    }
}

/// How many rows have each value of the facets of incidents, by facet and value. What has none is counted under an
/// empty name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FacetCounts(pub BTreeMap<String, BTreeMap<String, u64>>);

impl FacetCounts {
    fn count(&mut self, facet: &str, value: &str, rows: u64) {
        let values = match self.0.get_mut(facet) {
            Some(values) => values,
            None => self.0.entry(facet.to_owned()).or_default(),
        };
        match values.get_mut(value) {
            Some(count) => *count += rows,
            None => {
                values.insert(value.to_owned(), rows);
            }
        }
    }
}

impl Tally for FacetCounts {
    const KIND: &'static str = "facets";
    const ATTRIBUTES: &'static [&'static str] = &["status", "severity", "team", "services", "sources"];

    fn add(&mut self, _: String, row: &Item, _: usize) {
        let text = |attribute: &str| row.get(attribute).and_then(|value| value.as_s().ok());
        for facet in ["status", "severity"] {
            if let Some(value) = text(facet) {
                self.count(facet, value, 1);
            }
        }
        self.count("team", text("team").map_or("", String::as_str), 1);
        for (facet, attribute) in [("service", "services"), ("source", "sources")] {
            let values = row.get(attribute).and_then(|values| values.as_l().ok()).map_or(&[][..], Vec::as_slice);
            for value in values.iter().filter_map(|value| AttributeValue::as_s(value).ok()) {
                self.count(facet, value, 1);
            }
            if values.is_empty() {
                self.count(facet, "", 1);
            }
        }
    }

    fn merge(&mut self, other: Self, _: usize) {
        for (facet, values) in other.0 {
            for (value, rows) in values {
                self.count(&facet, &value, rows);
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_kept_of_few_rows_only() {
        let mut count = Count::default();
        for position in ["a", "b"] {
            count.add(position.to_owned(), &Item::new(), 2);
        }
        assert_eq!(count.positions(), Some(["a".to_owned(), "b".to_owned()].as_slice()));
        let remembered: Count = serde_json::from_str(&serde_json::to_string(&count).unwrap()).unwrap();
        assert_eq!((remembered.rows, remembered.positions()), (2, None));
        count.add("c".to_owned(), &Item::new(), 2);
        count.add("d".to_owned(), &Item::new(), 9);
        assert_eq!((count.rows, count.positions()), (4, None));
        let mut other = Count::default();
        other.merge(count, 9);
        assert_eq!((other.rows, other.positions()), (4, None));
    }
}
