//! The edge: a CDN with a firewall before the API. Where there is one, only it may call, and it says
//! for whom.

use std::net::IpAddr;

use lambda_http::{RequestExt, http::HeaderMap, request::RequestContext};

use super::Request;
use crate::{
    config::Environment,
    sources::signature::{Secret, is_one_of},
};

/// The header in which the edge sends its secret.
pub const SECRET_HEADER: &str = "x-edge-secret";

/// The header to which each hop adds the address of the one before it.
pub const FORWARDED_HEADER: &str = "x-forwarded-for";

/// The edge before the API, if there is one.
#[derive(Debug, Clone)]
pub struct Edge {
    secrets: Vec<Secret>,
}

impl Edge {
    /// The edge that the environment names.
    #[must_use]
    pub fn new(environment: &Environment) -> Self {
        Self { secrets: environment.edge_secrets().into_iter().filter_map(Secret::new).collect() }
    }

    /// Whether a request with this secret may be answered: there is no edge, or it comes from the
    /// edge. The secret is compared in constant time.
    #[must_use]
    pub fn admits(&self, secret: Option<&[u8]>) -> bool {
        self.secrets.is_empty() || secret.is_some_and(|secret| is_one_of(&self.secrets, secret))
    }

    /// Whether the request may be answered.
    #[must_use]
    pub fn admits_request(&self, request: &Request) -> bool {
        self.admits(request.headers().get(SECRET_HEADER).map(AsRef::as_ref))
    }

    /// The address that a request comes from. `peer` is the one that called API Gateway, `forwarded`
    /// the value of [`FORWARDED_HEADER`].
    ///
    /// Without an edge, it is the peer: anybody can write the header. With one, the peer is the edge,
    /// and the header ends with the edge's caller and, since API Gateway adds it, the edge.
    #[must_use]
    pub fn source_address(&self, peer: Option<&str>, forwarded: Option<&str>) -> Option<IpAddr> {
        let peer: Option<IpAddr> = peer?.parse().ok();
        if self.secrets.is_empty() {
            return peer;
        }
        let hops = forwarded?.split(',').map(|hop| hop.trim().parse().ok());
        let mut hops = hops.rev().skip_while(|hop: &Option<IpAddr>| *hop == peer);
        hops.next().flatten()
    }

    /// The address that a request comes from.
    #[must_use]
    pub fn source_address_of(&self, request: &Request) -> Option<IpAddr> {
        let context = request.request_context_ref();
        let Some(RequestContext::ApiGatewayV2(context)) = context else { return None };
        self.source_address(context.http.source_ip.as_deref(), forwarded(request.headers()))
    }
}

fn forwarded(headers: &HeaderMap) -> Option<&str> {
    headers.get(FORWARDED_HEADER)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALLER: &str = "203.0.113.9";
    const EDGE: &str = "64.252.1.1";

    fn edge(secrets: &str) -> Edge {
        Edge::new(&Environment::of([("EDGE_SECRETS".to_owned(), secrets.to_owned())].into()))
    }

    #[test]
    fn without_an_edge_everybody_is_admitted_and_headers_name_nobody() {
        let edge = edge("");
        assert!(edge.admits(None) && edge.admits(Some(b"any")));
        assert_eq!(edge.source_address(Some(CALLER), Some("192.0.2.1")), CALLER.parse().ok());
    }

    #[test]
    fn with_an_edge_only_its_secrets_are_admitted() {
        let edge = edge("old-secret,new-secret");
        assert!(edge.admits(Some(b"old-secret")) && edge.admits(Some(b"new-secret")));
        for secret in [None, Some(&b""[..]), Some(b"old-secret,new-secret"), Some(b"new-secre")] {
            assert!(!edge.admits(secret), "{secret:?}");
        }
    }

    #[test]
    fn with_an_edge_the_source_is_who_called_it() {
        let edge = edge("secret");
        let address = |forwarded| edge.source_address(Some(EDGE), forwarded);
        // What the caller wrote stands before what the edge adds.
        for forwarded in ["203.0.113.9, 64.252.1.1", "203.0.113.9", "192.0.2.1,203.0.113.9,64.252.1.1"] {
            assert_eq!(address(Some(forwarded)), CALLER.parse().ok(), "{forwarded}");
        }
        for forwarded in [None, Some(""), Some("64.252.1.1"), Some("192.0.2.1, nonsense, 64.252.1.1")] {
            assert_eq!(address(forwarded), None, "{forwarded:?}");
        }
    }
}
