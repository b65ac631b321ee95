//! Parameters of a query string. Everything that is wrong is reported at once; nothing is ignored.

use std::{collections::BTreeMap, fmt::Display};

use super::{
    Request,
    problem::{InvalidParameter, Problem},
};
use crate::domain::text::limits;

/// How many values a parameter may have: what DynamoDB takes in one condition.
const MAX_VALUES: usize = 100;

/// The parameters of a request. Each is taken by its reader; what is left over at the end is unknown.
#[derive(Debug)]
pub struct Parameters {
    given: BTreeMap<String, Vec<String>>,
    errors: Vec<InvalidParameter>,
}

impl Parameters {
    /// Those of a request.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        Self::read(request.uri().query().unwrap_or_default())
    }

    /// Those of a query string, percent-encoded.
    #[must_use]
    pub fn read(query: &str) -> Self {
        let mut given: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            given.entry(name.into_owned()).or_default().push(value.into_owned());
        }
        Self { given, errors: Vec::new() }
    }

    /// The value of a parameter that may be given once.
    pub fn one<T, E: Display>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T, E>) -> Option<T> {
        let mut values = self.given.remove(name)?;
        if values.len() > 1 {
            self.error(name, "may be given only once");
            return None;
        }
        let value = values.pop().unwrap_or_default();
        match parse(value.trim()) {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                self.error(name, error);
                None
            }
        }
    }

    /// The values of a parameter that may be given several times, or once with commas; each value once.
    pub fn many<T: PartialEq, E: Display>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T, E>) -> Vec<T> {
        let given = self.given.remove(name).unwrap_or_default();
        let mut values = Vec::new();
        for (number, value) in given.iter().flat_map(|values| values.split(',')).enumerate() {
            if number == MAX_VALUES {
                self.error(name, format!("may have at most {MAX_VALUES} values"));
                return Vec::new();
            }
            match parse(value.trim()) {
                Ok(parsed) if values.contains(&parsed) => {}
                Ok(parsed) => values.push(parsed),
                Err(error) => {
                    self.error(name, error);
                    return Vec::new();
                }
            }
        }
        values
    }

    /// Reports that a parameter is wrong.
    pub fn error(&mut self, parameter: &str, message: impl Display) {
        self.errors.push(InvalidParameter { parameter: parameter.to_owned(), message: message.to_string() });
    }

    /// To be called when all known parameters are taken.
    ///
    /// # Errors
    /// A 400 [`Problem`] that names everything that is wrong.
    pub fn finish(mut self) -> Result<(), Problem> {
        let unknown: Vec<String> = self.given.keys().cloned().collect();
        for name in unknown {
            self.error(&name, "is not a known parameter");
        }
        if self.errors.is_empty() { Ok(()) } else { Err(Problem::validation(self.errors)) }
    }
}

/// The name of a service, a team or an environment, in lower case as alerts carry it.
///
/// # Errors
/// What it must be.
pub fn name(value: &str) -> Result<String, String> {
    let name = value.to_lowercase();
    match name.chars().count() {
        0 => Err("must not be empty".to_owned()),
        length if length > limits::NAME => Err(format!("must have at most {} characters", limits::NAME)),
        _ => Ok(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(value: &str) -> Result<u32, std::num::ParseIntError> {
        value.parse()
    }

    #[test]
    fn commas_and_repetitions_are_the_same_and_each_value_counts_once() {
        let mut parameters = Parameters::read("a=1,2&a=%33&a=1&b=%20x%20");
        assert_eq!(parameters.many("a", number), [1, 2, 3]);
        assert_eq!(parameters.one("b", name).as_deref(), Some("x"));
        assert!(parameters.finish().is_ok());
    }

    #[test]
    fn everything_wrong_is_reported_at_once() {
        let mut parameters = Parameters::read("limit=1&limit=2&a=1,&b=x&c&%ff=1");
        assert_eq!(parameters.one("limit", number), None);
        assert!(parameters.many("a", number).is_empty() && parameters.many("b", number).is_empty());
        let problem = serde_json::to_value(parameters.finish().unwrap_err()).unwrap();
        let names: Vec<&str> =
            problem["errors"].as_array().unwrap().iter().filter_map(|error| error["parameter"].as_str()).collect();
        assert_eq!(names, ["limit", "a", "b", "c", "\u{fffd}"]);
    }

    #[test]
    fn too_many_values_are_refused() {
        let values: Vec<String> = (0..=MAX_VALUES).map(|value| value.to_string()).collect();
        let mut parameters = Parameters::read(&format!("a={}", values.join(",")));
        assert!(parameters.many("a", number).is_empty() && parameters.finish().is_err());
        let mut parameters = Parameters::read(&format!("a={}", vec!["1"; MAX_VALUES + 1].join(",")));
        assert!(parameters.many("a", number).is_empty() && parameters.finish().is_err(), "the same one, too");
    }

    proptest::proptest! {
        #[test]
        fn no_query_string_makes_it_panic(query in ".{0,200}") {
            let mut parameters = Parameters::read(&query);
            let _ = parameters.many("a", name);
            let _ = parameters.one("b", number);
            let _ = parameters.finish();
        }
    }
}
