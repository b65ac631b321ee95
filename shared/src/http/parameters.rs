//! Reads query strings. All wrong parameters are reported together, and unknown ones are wrong.

use std::{collections::BTreeMap, fmt::Display, str::FromStr};

use strum::VariantNames;

use super::{
    Request,
    problem::{InvalidParameter, Problem},
};
use crate::domain::text::limits;

/// The most values that a parameter may have. So many ids take half of what API Gateway reads of a request line.
const MAX_VALUES: usize = 200;

/// The query parameters of a request. [`Self::one`] and [`Self::many`] take the known ones out.
/// [`Self::finish`] refuses the rest.
#[derive(Debug)]
pub struct Parameters {
    given: BTreeMap<String, Vec<String>>,
    errors: Vec<InvalidParameter>,
}

impl Parameters {
    /// Reads the query string of a request.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        Self::read(request.uri().query().unwrap_or_default())
    }

    /// Reads a percent-encoded query string.
    #[must_use]
    pub fn read(query: &str) -> Self {
        let mut given: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            given.entry(name.into_owned()).or_default().push(value.into_owned());
        }
        Self { given, errors: Vec::new() }
    }

    /// Takes a parameter that may be given only once. Returns `None` if it is absent or wrong.
    pub fn one<T, E: Display>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T, E>) -> Option<T> {
        let mut values = self.given.remove(name)?;
        if values.len() > 1 {
            self.error(name, "may be given only once");
            return None;
        }
        let value = values.pop().unwrap_or_default();
        match parse(&value) {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                self.error(name, error);
                None
            }
        }
    }

    /// Takes a parameter that may be given several times, or once with commas. Returns each value
    /// once, and none if the parameter is absent or wrong.
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

    /// Takes a parameter like [`Self::many`] that must be given.
    pub fn some<T: PartialEq, E: Display>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T, E>) -> Vec<T> {
        if !self.given.contains_key(name) {
            self.error(name, "must be given");
        }
        self.many(name, parse)
    }

    /// Notes that a parameter is wrong, for [`Self::finish`].
    pub fn error(&mut self, parameter: &str, message: impl Display) {
        self.errors.push(InvalidParameter { parameter: parameter.to_owned(), message: message.to_string() });
    }

    /// Ends reading. Call it after all known parameters are taken.
    ///
    /// # Errors
    /// A 400 [`Problem`] that names every wrong and every unknown parameter.
    pub fn finish(mut self) -> Result<(), Problem> {
        let unknown: Vec<String> = self.given.keys().cloned().collect();
        for name in unknown {
            self.error(&name, "is not a known parameter");
        }
        if self.errors.is_empty() { Ok(()) } else { Err(Problem::validation(self.errors)) }
    }
}

/// Parses the name of a service, a team or an environment. Names are in lower case, as in alerts.
///
/// # Errors
/// A text that says what the value must be.
pub fn name(value: &str) -> Result<String, String> {
    let name = value.trim().to_lowercase();
    match name.chars().count() {
        0 => Err("must not be empty".to_owned()),
        length if length > limits::NAME => Err(format!("must have at most {} characters", limits::NAME)),
        _ => Ok(name),
    }
}

/// Parses a word of a fixed set, such as a status, in upper or lower case.
///
/// # Errors
/// A text that says what the value must be.
pub fn word<T: FromStr + VariantNames>(value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("must be one of {}", T::VARIANTS.join(", ")))
}

/// Parses a whole number: digits without a sign or leading zeros.
///
/// # Errors
/// A text that says what the value must be.
pub fn whole_number(value: &str) -> Result<u64, &'static str> {
    const MUST_BE: &str = "must be a whole number, 0 or more";
    let is_plain = value.bytes().all(|byte| byte.is_ascii_digit()) && (value == "0" || !value.starts_with('0'));
    if is_plain { value.parse().map_err(|_| MUST_BE) } else { Err(MUST_BE) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_has_one_spelling() {
        assert_eq!((whole_number("0"), whole_number("200")), (Ok(0), Ok(200)));
        for other in ["", "+5", "-1", "0005", "00", "1.5", "5 ", "99999999999999999999"] {
            assert!(whole_number(other).is_err(), "{other}");
        }
    }

    #[test]
    fn commas_and_repetitions_are_the_same_and_each_value_counts_once() {
        let mut parameters = Parameters::read("a=1,2&a=%33&a=1&b=%20x%20");
        assert_eq!(parameters.many("a", whole_number), [1, 2, 3]);
        assert_eq!(parameters.one("b", name).as_deref(), Some("x"));
        assert!(parameters.finish().is_ok());
    }

    #[test]
    fn everything_wrong_is_reported_at_once() {
        let mut parameters = Parameters::read("limit=1&limit=2&a=1,&b=x&c&%ff=1");
        assert_eq!(parameters.one("limit", whole_number), None);
        assert!(parameters.many("a", whole_number).is_empty() && parameters.many("b", whole_number).is_empty());
        let problem = serde_json::to_value(parameters.finish().unwrap_err()).unwrap();
        let names: Vec<&str> =
            problem["errors"].as_array().unwrap().iter().filter_map(|error| error["parameter"].as_str()).collect();
        assert_eq!(names, ["limit", "a", "b", "c", "\u{fffd}"]);
    }

    #[test]
    fn too_many_values_are_refused() {
        let values: Vec<String> = (0..=MAX_VALUES).map(|value| value.to_string()).collect();
        let mut parameters = Parameters::read(&format!("a={}", values.join(",")));
        assert!(parameters.many("a", whole_number).is_empty() && parameters.finish().is_err());
        let mut parameters = Parameters::read(&format!("a={}", vec!["1"; MAX_VALUES + 1].join(",")));
        assert!(
            parameters.many("a", whole_number).is_empty() && parameters.finish().is_err(),
            "a repeated value counts, too"
        );
    }

    proptest::proptest! {
        #[test]
        fn no_query_string_makes_it_panic(query in ".{0,200}") {
            let mut parameters = Parameters::read(&query);
            let _ = parameters.many("a", name);
            let _ = parameters.one("b", whole_number);
            let _ = parameters.finish();
        }
    }
}
