//! How a request arrives: from which page, at which address.

use std::net::IpAddr;

use shared::http::Request;

use crate::cookies::Reach;

/// What a request says about its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    pub reach: Reach,
    /// The address of the API without a slash at the end, as the browser names it.
    pub base: String,
    /// Whether a page of another site made the browser send the request.
    pub is_foreign: bool,
}

impl Arrival {
    /// Reads it. `public_url` is the address that people use, if it is not that of the API. API Gateway sets the host;
    /// browsers set `Sec-Fetch-Site`, and no page can change it.
    #[must_use]
    pub fn of(request: &Request, public_url: Option<&str>) -> Self {
        let host = request.uri().authority().map_or("localhost", |authority| authority.as_str());
        let reach =
            if is_loopback(request.uri().host().unwrap_or("localhost")) { Reach::Local } else { Reach::Deployed };
        let scheme = if reach == Reach::Local { "http" } else { "https" };
        let site = request.headers().get("sec-fetch-site").and_then(|value| value.to_str().ok());
        Self {
            reach,
            base: public_url.map_or_else(|| format!("{scheme}://{host}"), str::to_owned),
            is_foreign: site.is_some_and(|site| !["same-origin", "none"].contains(&site)),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    let address: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    host == "localhost" || address.is_some_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use lambda_http::{Body, http};

    use super::*;

    fn arrival(uri: &str, site: &str) -> Arrival {
        let request = http::Request::builder().uri(uri).header("sec-fetch-site", site);
        Arrival::of(&request.body(Body::Empty).unwrap(), None)
    }

    #[test]
    fn only_this_machine_is_reached_without_tls() {
        let local = arrival("http://127.0.0.1:3000/console", "none");
        assert_eq!((local.reach, local.base.as_str()), (Reach::Local, "http://127.0.0.1:3000"));
        let deployed = arrival("http://127.0.0.1.example.com/console", "same-origin");
        assert_eq!((deployed.reach, deployed.base.as_str()), (Reach::Deployed, "https://127.0.0.1.example.com"));
        assert_eq!(arrival("http://[::1]:3000/", "none").reach, Reach::Local);
    }

    #[test]
    fn a_request_of_another_site_is_foreign() {
        let is_foreign = |site| arrival("https://a.example/console", site).is_foreign;
        assert_eq!(["same-origin", "none", "same-site", "cross-site"].map(is_foreign), [false, false, true, true]);
    }
}
