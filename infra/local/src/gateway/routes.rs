//! Finds the route of a request.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use matchit::Router;
use percent_encoding::percent_decode_str;

/// Two routes are ambiguous, or the path of one is malformed.
#[derive(Debug, thiserror::Error)]
#[error("template.yaml: cannot serve the route {path}: {reason}")]
pub struct RouteError {
    path: String,
    reason: String,
}

/// A route and its target.
pub struct Route<T> {
    /// In upper case.
    pub method: String,
    /// As in the template: `{name}` stands for one segment, `{name+}` for all that follow.
    pub path: String,
    pub target: T,
}

/// The routes of the API.
pub struct Routes<T>(Router<HashMap<String, Arc<T>>>);

/// The target of a request and the parameters of its path.
pub struct Matched<T> {
    pub target: Arc<T>,
    /// Percent-decoded, by their names in the template.
    pub parameters: BTreeMap<String, String>,
}

impl<T> Routes<T> {
    /// Collects routes.
    ///
    /// # Errors
    /// If two routes match the same requests.
    pub fn new(routes: impl IntoIterator<Item = Route<T>>) -> Result<Self, RouteError> {
        let mut paths: BTreeMap<String, HashMap<String, Arc<T>>> = BTreeMap::new();
        for Route { method, path, target } in routes {
            if method == "ANY" {
                return Err(RouteError { path, reason: "the local stack does not support ANY".to_owned() });
            }
            if paths.entry(path.clone()).or_default().insert(method, Arc::new(target)).is_some() {
                return Err(RouteError { path, reason: "it is declared twice".to_owned() });
            }
        }
        let mut found_by = Router::new();
        for (path, methods) in paths {
            let inserted = found_by.insert(pattern(&path), methods);
            inserted.map_err(|error| RouteError { path, reason: error.to_string() })?;
        }
        Ok(Self(found_by))
    }

    /// The route of a request, if it has one. `path` is percent-encoded: a segment may contain
    /// `%2F`.
    #[must_use]
    pub fn find(&self, method: &str, path: &str) -> Option<Matched<T>> {
        let found = self.0.at(path).ok()?;
        let target = Arc::clone(found.value.get(method)?);
        let decode = |value: &str| percent_decode_str(value).decode_utf8_lossy().into_owned();
        let parameters = found.params.iter().map(|(name, value)| (name.to_owned(), decode(value))).collect();
        Some(Matched { target, parameters })
    }
}

/// The path of a route in the words of the router.
fn pattern(path: &str) -> String {
    match path.strip_suffix("+}").and_then(|path| path.rsplit_once('{')) {
        Some((begin, name)) => format!("{begin}{{*{name}}}"),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes() -> Routes<&'static str> {
        let routes = [
            route("GET", "/incidents", "list"),
            route("POST", "/incidents", "create"),
            route("GET", "/incidents/{id}", "get"),
            route("PATCH", "/incidents/{id}/status", "change"),
            route("GET", "/pages", "pages"),
            route("GET", "/pages/{id+}", "page"),
        ];
        Routes::new(routes).unwrap()
    }

    fn route<T>(method: &str, path: &str, target: T) -> Route<T> {
        Route { method: method.to_owned(), path: path.to_owned(), target }
    }

    fn find(method: &str, path: &str) -> Option<(&'static str, String)> {
        let found = routes().find(method, path)?;
        Some((*found.target, found.parameters.get("id").cloned().unwrap_or_default()))
    }

    #[test]
    fn a_route_is_found_by_method_and_path() {
        assert_eq!(find("GET", "/incidents"), Some(("list", String::new())));
        assert_eq!(find("POST", "/incidents"), Some(("create", String::new())));
        assert_eq!(find("GET", "/incidents/01J"), Some(("get", "01J".to_owned())));
        assert_eq!(find("PATCH", "/incidents/01J/status"), Some(("change", "01J".to_owned())));
        assert_eq!(find("GET", "/pages"), Some(("pages", String::new())));
        assert_eq!(find("GET", "/pages/a/b%20c"), Some(("page", "a/b c".to_owned())));
    }

    #[test]
    fn other_requests_have_no_route() {
        for (method, path) in [
            ("HEAD", "/incidents"),
            ("get", "/incidents"),
            ("PATCH", "/incidents/01J"),
            ("GET", "/incidents/"),
            ("GET", "/incidents//status"),
            ("GET", "/incidents/a/b"),
            ("GET", "/Incidents"),
            ("GET", "/pages/"),
            ("GET", "/"),
            ("GET", ""),
            ("OPTIONS", "*"),
        ] {
            assert_eq!(find(method, path), None, "{method} {path}");
        }
    }

    #[test]
    fn a_segment_is_decoded_after_it_is_matched() {
        assert_eq!(find("GET", "/incidents/a%2Fb%20c"), Some(("get", "a/b c".to_owned())));
        assert_eq!(find("GET", "/incidents/%ff"), Some(("get", "\u{fffd}".to_owned())));
    }

    #[test]
    fn a_route_is_declared_once() {
        let twice = ["/a", "/a"].map(|path| route("GET", path, ()));
        assert!(Routes::new(twice).is_err());
        let same = ["/{a}", "/{b}"].map(|path| route("GET", path, ()));
        assert!(Routes::new(same).is_err());
    }
}
