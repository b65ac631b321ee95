//! Addresses of pages with their state: filters, order and place of a list.

use std::fmt::{self, Display};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// What would end a value, or is not allowed in a query string.
const ENCODED: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'&').add(b'+').add(b'<').add(b'=').add(b'>').add(b'`');

/// The first row of a page belongs to one list only.
const PLACE: &str = "offset";

/// An address. Values that belong to one parameter stand together: `status=OPEN,INVESTIGATING`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    path: String,
    pairs: Vec<(String, String)>,
}

impl Link {
    /// A page without parameters.
    #[must_use]
    pub fn to(path: impl Into<String>) -> Self {
        Self { path: path.into(), pairs: Vec::new() }
    }

    /// Reads an address. Parameters without a value are left out: forms send them for empty fields.
    #[must_use]
    pub fn read(path: &str, query: &str) -> Self {
        let mut link = Self::to(path);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = value.trim();
            if !value.is_empty() {
                match link.pairs.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, values)) => *values = format!("{values},{value}"),
                    None => link.pairs.push((name.into_owned(), value.to_owned())),
                }
            }
        }
        link
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The value of a parameter.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The values of a parameter that may have several.
    pub fn values<'link>(&'link self, name: &'link str) -> impl Iterator<Item = &'link str> {
        self.get(name).into_iter().flat_map(|values| values.split(','))
    }

    /// Its parameters.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The same with another value of a parameter. The page begins anew, unless that is what changes.
    #[must_use]
    pub fn with(&self, name: &str, value: impl Display) -> Self {
        let mut link = self.without(name);
        link.pairs.push((name.to_owned(), format!("{value}")));
        link
    }

    /// The same with one more parameter, at the same place of the list.
    #[must_use]
    pub fn and(mut self, name: &str, value: impl Display) -> Self {
        self.pairs.push((name.to_owned(), format!("{value}")));
        self
    }

    /// The same with some of its parameters only, at the same place of the list if that is one of them.
    #[must_use]
    pub fn keeping(&self, is_kept: impl Fn(&str) -> bool) -> Self {
        let pairs = self.pairs.iter().filter(|(name, _)| is_kept(name));
        Self { path: self.path.clone(), pairs: pairs.cloned().collect() }
    }

    /// The same without a parameter. The page begins anew.
    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        let pairs = self.pairs.iter().filter(|(known, _)| known != name && known != PLACE);
        Self { path: self.path.clone(), pairs: pairs.cloned().collect() }
    }

    /// The same without one value of a parameter.
    #[must_use]
    pub fn without_value(&self, name: &str, value: &str) -> Self {
        let rest: Vec<&str> = self.values(name).filter(|known| *known != value).collect();
        if rest.is_empty() { self.without(name) } else { self.with(name, rest.join(",")) }
    }

    /// The same with one more value of a parameter.
    #[must_use]
    pub fn with_value(&self, name: &str, value: &str) -> Self {
        let values: Vec<&str> = self.values(name).filter(|known| *known != value).chain([value]).collect();
        self.with(name, values.join(","))
    }

    /// The query string, percent-encoded, without a question mark.
    #[must_use]
    pub fn query(&self) -> String {
        let encode = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
        let pairs = self.pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
        pairs.collect::<Vec<_>>().join("&")
    }
}

impl Display for Link {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.path)?;
        if self.pairs.is_empty() { Ok(()) } else { write!(formatter, "?{}", self.query()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_fields_are_left_out_and_values_stand_together() {
        let link = Link::read("/console/incidents", "q=&status=OPEN&status=INVESTIGATING&team=&q=disk+full%2B&x");
        assert_eq!(link.to_string(), "/console/incidents?status=OPEN,INVESTIGATING&q=disk%20full%2B");
        assert_eq!(link.values("status").collect::<Vec<_>>(), ["OPEN", "INVESTIGATING"]);
        assert_eq!(Link::read("/console", "").to_string(), "/console");
    }

    #[test]
    fn another_filter_begins_at_the_first_row() {
        let link = Link::read("/a", "offset=50&team=x&limit=25");
        assert_eq!(link.with("team", "y").query(), "limit=25&team=y");
        assert_eq!(link.with("offset", 100).query(), "team=x&limit=25&offset=100");
        assert_eq!(link.with_value("team", "y").without_value("team", "x").query(), "limit=25&team=y");
        assert_eq!(link.without_value("team", "x").query(), "limit=25");
    }

    #[test]
    fn what_people_write_comes_back() {
        for text in ["a&b=c#d", "100%", "\u{202e}title", "<script>", "\"'`", "a+b c"] {
            let link = Link::to("/a").with("q", text);
            assert_eq!(Link::read("/a", &link.query()).get("q"), Some(text));
        }
    }
}
