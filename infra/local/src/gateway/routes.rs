//! Which function a request is for.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use matchit::Router;
use percent_encoding::percent_decode_str;

/// A route cannot be told from another, or its path is malformed.
#[derive(Debug, thiserror::Error)]
#[error("template.yaml: the route {path} cannot be served: {reason}")]
pub struct RouteError {
    path: String,
    reason: String,
}

/// The routes of the API, each with what it leads to.
pub struct Routes<T>(Router<HashMap<String, Arc<T>>>);

/// A request's route and the values of the parts of its path that vary.
pub struct Matched<T> {
    /// What the route leads to.
    pub target: Arc<T>,
    /// The values, percent-decoded, by the names in the template.
    pub parameters: BTreeMap<String, String>,
}

impl<T> Routes<T> {
    /// Routes from (method, path, target). A path is written as in the template: `{name}` stands for one segment.
    ///
    /// # Errors
    /// When two of them answer the same requests.
    pub fn new(routes: impl IntoIterator<Item = (String, String, T)>) -> Result<Self, RouteError> {
        let mut paths: BTreeMap<String, HashMap<String, Arc<T>>> = BTreeMap::new();
        for (method, path, target) in routes {
            if path.contains("+}") || method == "ANY" {
                return Err(RouteError { path, reason: "greedy segments and ANY are not known here".to_owned() });
            }
            if paths.entry(path.clone()).or_default().insert(method, Arc::new(target)).is_some() {
                return Err(RouteError { path, reason: "it is declared twice".to_owned() });
            }
        }
        let mut found_by = Router::new();
        for (path, methods) in paths {
            let inserted = found_by.insert(path.as_str(), methods);
            inserted.map_err(|error| RouteError { path, reason: error.to_string() })?;
        }
        Ok(Self(found_by))
    }

    /// The route for a request, if there is one. `path` is still percent-encoded, so that a segment may hold
    /// a slash.
    #[must_use]
    pub fn find(&self, method: &str, path: &str) -> Option<Matched<T>> {
        let found = self.0.at(path).ok()?;
        let target = Arc::clone(found.value.get(method)?);
        let decode = |value: &str| percent_decode_str(value).decode_utf8_lossy().into_owned();
        let parameters = found.params.iter().map(|(name, value)| (name.to_owned(), decode(value))).collect();
        Some(Matched { target, parameters })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes() -> Routes<&'static str> {
        let routes = [
            ("GET", "/incidents", "list"),
            ("POST", "/incidents", "create"),
            ("GET", "/incidents/{id}", "get"),
            ("PATCH", "/incidents/{id}/status", "change"),
        ];
        Routes::new(routes.map(|(method, path, target)| (method.to_owned(), path.to_owned(), target))).unwrap()
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
    }

    #[test]
    fn anything_else_has_no_route() {
        for (method, path) in [
            ("HEAD", "/incidents"),
            ("get", "/incidents"),
            ("PATCH", "/incidents/01J"),
            ("GET", "/incidents/"),
            ("GET", "/incidents//status"),
            ("GET", "/incidents/a/b"),
            ("GET", "/Incidents"),
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
        let twice = ["/a", "/a"].map(|path| ("GET".to_owned(), path.to_owned(), ()));
        assert!(Routes::new(twice).is_err());
        let same = ["/{a}", "/{b}"].map(|path| ("GET".to_owned(), path.to_owned(), ()));
        assert!(Routes::new(same).is_err());
    }
}
