//! The authorizers of the API, as the template declares them.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;

use super::{document::Template, error::TemplateError, resolve::Scope, resource::Kind};

/// A function that authorizes requests. It answers in the simple form of payload format 2.0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorizer {
    pub function_arn: String,
    /// In lower case. A request must have them. Answers are cached by their values.
    pub headers: Vec<String>,
    pub cache_duration: Duration,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ApiAuth {
    default_authorizer: Option<String>,
    #[serde(default)]
    authorizers: BTreeMap<String, LambdaAuthorizer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct LambdaAuthorizer {
    function_arn: String,
    authorizer_payload_format_version: String,
    #[serde(default)]
    enable_simple_responses: bool,
    #[expect(dead_code, reason = "the local stack does not enforce who may call a function")]
    enable_function_default_permissions: Option<bool>,
    identity: Identity,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Identity {
    headers: Vec<String>,
    reauthorize_every: u64,
}

/// The authorizers of the API.
#[derive(Debug, Default)]
pub struct Authorizers {
    /// The name of the authorizer of routes that name none.
    pub default: Option<String>,
    pub by_name: BTreeMap<String, Authorizer>,
}

impl Authorizers {
    /// Reads the authorizers of the API.
    ///
    /// # Errors
    /// If the API has a property that is not known, or an authorizer another payload format.
    pub fn read(template: &Template, scope: &Scope) -> Result<Self, TemplateError> {
        let mut authorizers = Self::default();
        for api in template.resources(Kind::HttpApi) {
            // The local stack has no access logs, no throttling, no pages of other origins, and one
            // address.
            api.only(&[
                "AccessLogSettings",
                "Auth",
                "CorsConfiguration",
                "DefaultRouteSettings",
                "DisableExecuteApiEndpoint",
                "RouteSettings",
            ])?;
            let auth: ApiAuth = api.read("Auth", scope)?.unwrap_or_default();
            authorizers.default = auth.default_authorizer;
            for (name, authorizer) in auth.authorizers {
                if authorizer.authorizer_payload_format_version != "2.0" || !authorizer.enable_simple_responses {
                    return Err(TemplateError::NotSupported {
                        at: format!("{}.Auth.{name}", api.logical_id),
                        what: "authorizers other than payload 2.0 with simple responses".to_owned(),
                    });
                }
                let authorizer = Authorizer {
                    function_arn: authorizer.function_arn,
                    headers: authorizer.identity.headers.iter().map(|name| name.to_ascii_lowercase()).collect(),
                    cache_duration: Duration::from_secs(authorizer.identity.reauthorize_every),
                };
                authorizers.by_name.insert(name, authorizer);
            }
        }
        Ok(authorizers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::document::tests::running;

    #[test]
    fn the_api_has_one_authorizer() {
        let (template, scope) = running();
        let authorizers = Authorizers::read(&template, &scope).unwrap();
        assert_eq!(authorizers.default.as_deref(), Some("BearerToken"));
        let expected = Authorizer {
            function_arn: "arn:Authorize".to_owned(),
            headers: vec!["authorization".to_owned()],
            cache_duration: Duration::from_mins(1),
        };
        assert_eq!(authorizers.by_name, [("BearerToken".to_owned(), expected)].into());
    }
}
