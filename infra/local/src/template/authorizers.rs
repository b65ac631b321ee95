//! What the template says of the API's authorizers.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;

use super::{Kind, Scope, Template, TemplateError};

/// An authorizer of the API: a function that answers in the simple form of payload 2.0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorizer {
    /// The ARN of its function.
    pub function_arn: String,
    /// The headers that must be there and by which answers are remembered, in lower case.
    pub headers: Vec<String>,
    /// How long an answer is remembered.
    pub remembered: Duration,
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
    #[expect(dead_code, reason = "a permission, which is not enforced here")]
    enable_function_default_permissions: Option<bool>,
    identity: Identity,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Identity {
    headers: Vec<String>,
    reauthorize_every: u64,
}

/// The authorizers of an API by their names, and the name of the default one.
pub type Authorizers = (Option<String>, BTreeMap<String, Authorizer>);

impl Template {
    /// The authorizers of the API.
    ///
    /// # Errors
    /// When the API says something that is not known, or an authorizer speaks another format.
    pub fn authorizers(&self, scope: &Scope) -> Result<Authorizers, TemplateError> {
        let mut default = None;
        let mut authorizers = BTreeMap::new();
        for api in self.resources(Kind::HttpApi) {
            // Access logs go to CloudWatch, and there is none here. Nothing is throttled, and no page of another origin calls.
            api.only(&["Auth", "AccessLogSettings", "CorsConfiguration", "DefaultRouteSettings"])?;
            let auth: ApiAuth = api.read("Auth", scope)?.unwrap_or_default();
            default = auth.default_authorizer;
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
                    remembered: Duration::from_secs(authorizer.identity.reauthorize_every),
                };
                authorizers.insert(name, authorizer);
            }
        }
        Ok((default, authorizers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::tests::running;

    #[test]
    fn the_api_has_one_authorizer() {
        let (template, scope) = running();
        let (default, authorizers) = template.authorizers(&scope).unwrap();
        assert_eq!(default.as_deref(), Some("BearerToken"));
        let expected = Authorizer {
            function_arn: "arn:Authorize".to_owned(),
            headers: vec!["authorization".to_owned()],
            remembered: Duration::from_mins(1),
        };
        assert_eq!(authorizers, [("BearerToken".to_owned(), expected)].into());
    }
}
