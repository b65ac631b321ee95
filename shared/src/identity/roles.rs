//! Which role the claims of a token give.

use serde_json::{Map, Value};

use crate::domain::principal::Role;

/// Which values of which claim give which role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleRules {
    /// The claim: its name, or the path to a member of it, such as `realm_access.roles`.
    pub claim: String,
    /// The values that give [`Role::Viewer`].
    pub viewer: Vec<String>,
    /// The values that give [`Role::Responder`].
    pub responder: Vec<String>,
}

impl RoleRules {
    /// The highest role that the claim gives. The claim is a text or a list of texts. A value must
    /// be the same, letter by letter: a part of a name must not give a role.
    #[must_use]
    pub fn role(&self, claims: &Map<String, Value>) -> Option<Role> {
        let values = match self.find(claims)? {
            Value::Array(values) => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        let has_one_of = |wanted: &[String]| {
            values.iter().filter_map(Value::as_str).any(|value| wanted.iter().any(|wanted| wanted == value))
        };
        if has_one_of(&self.responder) {
            Some(Role::Responder)
        } else if has_one_of(&self.viewer) {
            Some(Role::Viewer)
        } else {
            None
        }
    }

    /// A claim with exactly this name counts first: names such as `https://example.com/roles` have
    /// dots.
    fn find<'claims>(&self, claims: &'claims Map<String, Value>) -> Option<&'claims Value> {
        if let Some(value) = claims.get(&self.claim) {
            return Some(value);
        }
        let mut names = self.claim.split('.');
        let first = claims.get(names.next()?)?;
        names.try_fold(first, |value, name| value.get(name))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn role(claim: &str, claims: &Value) -> Option<Role> {
        let text = |value: &str| value.to_owned();
        let rules = RoleRules {
            claim: claim.to_owned(),
            viewer: vec![text("viewer"), text("staff")],
            responder: vec![text("responder"), text("On Call")],
        };
        rules.role(claims.as_object().unwrap())
    }

    #[test]
    fn a_text_or_a_list_gives_the_highest_role() {
        assert_eq!(role("roles", &json!({"roles": "viewer"})), Some(Role::Viewer));
        assert_eq!(role("roles", &json!({"roles": "On Call"})), Some(Role::Responder));
        assert_eq!(role("roles", &json!({"roles": ["x", "staff"]})), Some(Role::Viewer));
        assert_eq!(role("roles", &json!({"roles": ["viewer", 1, "responder"]})), Some(Role::Responder));
    }

    #[test]
    fn what_only_looks_like_a_role_gives_none() {
        for value in [
            json!("no responder"),
            json!("Responder"),
            json!("responder "),
            json!("viewer,responder"),
            json!(""),
            json!([]),
            json!([["responder"]]),
            json!({"responder": true}),
            json!(true),
            json!(null),
        ] {
            assert_eq!(role("roles", &json!({ "roles": value })), None, "{value}");
        }
        assert_eq!(role("roles", &json!({"groups": "viewer"})), None);
    }

    #[test]
    fn a_claim_is_found_by_its_name_else_by_its_path() {
        let keycloak = json!({"realm_access": {"roles": ["responder"]}});
        assert_eq!(role("realm_access.roles", &keycloak), Some(Role::Responder));
        assert_eq!(role("realm_access.groups", &keycloak), None);
        let auth0 = json!({"https://example.com/roles": "viewer"});
        assert_eq!(role("https://example.com/roles", &auth0), Some(Role::Viewer));
        let both = json!({"a.b": "viewer", "a": {"b": "responder"}});
        assert_eq!(role("a.b", &both), Some(Role::Viewer));
    }
}
