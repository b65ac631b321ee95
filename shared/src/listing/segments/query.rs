//! Answers a list from a view: total, facets, and the ids of a page.

use std::{fmt, str::FromStr};

use super::{
    facets::{Counter, FacetValues},
    filters::{Condition, Filter},
    order::{Order, OrderBy},
    pager::Pager,
    parts::Part,
    rows::{Field, RowId},
    view::{Chosen, Mask, Needs, Selection, View},
};
use crate::domain::{id::AlertId, time::Time};

/// Which rows of a list somebody asks for, in which order, from where on, and which facets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    pub filter: Filter,
    pub order: Order,
    pub start: Start,
    /// How many rows at the most.
    pub limit: usize,
    /// What to count besides.
    pub facets: Vec<Field>,
}

/// Where a page starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// After that many rows.
    Offset(u64),
    /// After a row, or where it would be.
    After(Position),
}

/// The place of a row in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Its value in the order of the list.
    pub value: i64,
    pub id: RowId,
}

impl Start {
    /// In the order of creation, the time in the id is the value, whatever a position says.
    pub(super) fn in_order(self, by: OrderBy) -> Self {
        match self {
            Self::After(Position { id, .. }) if by == OrderBy::CreatedAt => {
                Self::After(Position { value: id.created_ms(), id })
            }
            start => start,
        }
    }
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The rows of the page, in the order of the list.
    pub ids: Vec<RowId>,
    /// How many rows the list has.
    pub total: u64,
    /// How many rows are before the page.
    pub offset: u64,
    /// Where the list goes on, if it does.
    pub next: Option<Position>,
    /// In the order of [`Query::facets`].
    pub facets: Vec<FacetValues>,
}

/// The text is no position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a position")]
pub struct InvalidPosition;

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.value, AlertId::from(self.id))
    }
}

impl FromStr for Position {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Self, InvalidPosition> {
        let (value, id) = text.split_once('.').ok_or(InvalidPosition)?;
        let id: AlertId = id.parse().map_err(|_| InvalidPosition)?;
        let position = Self { value: value.parse().map_err(|_| InvalidPosition)?, id: id.into() };
        if position.to_string() == text { Ok(position) } else { Err(InvalidPosition) }
    }
}

/// A list on its way to an answer.
///
/// What a [`step`](Self::step) finds out is kept, so the view may only gain parts between two steps.
#[derive(Debug)]
pub struct Listing {
    query: Query,
    conditions: Vec<Condition>,
    /// The first is the list; the others are those of facets with a filter of their own.
    selections: Option<Vec<Selection>>,
    facets: Option<Vec<FacetValues>>,
}

impl Listing {
    /// The list as it is at `now`.
    #[must_use]
    pub fn new(query: Query, now: Time) -> Self {
        let mut conditions = query.filter.conditions().to_vec();
        conditions.push(Condition::ExistsAt(now.as_seconds()));
        Self { query, conditions, selections: None, facets: None }
    }

    /// Answers, if all that it takes is in memory.
    ///
    /// # Errors
    /// [`Needs`]: bring it into memory and call again.
    pub fn step(&mut self, view: &View) -> Result<Listed, Needs> {
        let selections = match self.selections.take() {
            Some(selections) => selections,
            None => self.select(view)?,
        };
        let selections = self.selections.insert(selections);
        let Some(selection) = selections.first() else { return Err(Needs(Vec::new())) };
        let facets = match self.facets.take() {
            Some(facets) => Ok(facets),
            None => count_facets(view, selections, &self.query.facets, &self.conditions),
        };
        let page = Pager { view, selection, query: &self.query, total: view.count(selection) }.page();
        match (facets, page) {
            (Ok(facets), Ok(page)) => Ok(Listed { facets, ..page }),
            (Ok(facets), Err(needs)) => {
                self.facets = Some(facets);
                Err(needs)
            }
            (Err(needs), Ok(_)) => Err(needs),
            (Err(Needs(one)), Err(Needs(other))) => Needs::check([one, other].concat()).and(Err(Needs(Vec::new()))),
        }
    }

    fn select(&self, view: &View) -> Result<Vec<Selection>, Needs> {
        let all: Mask<'_> = Box::new(|_| true);
        let others = own_filters(&self.query.facets, &self.conditions);
        let others = others.map(|field| -> Mask<'_> { Box::new(move |condition| condition.field() != Some(field)) });
        view.select(&self.conditions, &std::iter::once(all).chain(others).collect::<Vec<_>>())
    }
}

/// The facets that have a filter of their own: they count as if it was not there.
fn own_filters(facets: &[Field], conditions: &[Condition]) -> impl Iterator<Item = Field> {
    let has_filter = |field: &Field| conditions.iter().any(|condition| condition.field() == Some(*field));
    facets.iter().copied().filter(has_filter)
}

fn count_facets(
    view: &View,
    selections: &[Selection],
    facets: &[Field],
    conditions: &[Condition],
) -> Result<Vec<FacetValues>, Needs> {
    let own: Vec<Field> = own_filters(facets, conditions).collect();
    let mut needs = Vec::new();
    let mut counted = Vec::new();
    for field in facets {
        let place = own.iter().position(|other| other == field).map_or(0, |place| place + 1);
        let Some(selection) = selections.get(place) else { continue };
        let mut values = Counter::new(*field);
        let mut columns = Vec::new();
        for (place, (bucket, chosen)) in view.buckets().iter().zip(&selection.buckets).enumerate() {
            let is_counted = matches!(chosen, Chosen::Everything) && values.add_header(&bucket.header);
            columns.extend((!is_counted).then_some(place));
        }
        match view.sheets(selection, columns.into_iter(), &[Part::of_field(*field)]) {
            Err(Needs(missing)) => needs.extend(missing),
            Ok(sheets) => sheets.iter().for_each(|sheet| values.add(sheet.segment, &sheet.rows)),
        }
        values.add(view.live(), &selection.live);
        counted.push(values.finish(conditions));
    }
    Needs::check(needs)?;
    Ok(counted)
}
