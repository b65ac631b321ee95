//! Turns an HTTP request into the event of API Gateway: HTTP API, payload format 2.0.

use std::{collections::BTreeMap, net::IpAddr};

use axum::http::{
    HeaderMap, Method, Uri, Version,
    header::{self, HeaderName},
};
use base64::prelude::{BASE64_STANDARD, Engine};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value as Json, json};

use crate::template::ACCOUNT;

/// Headers that API Gateway consumes or sets itself.
const NOT_FORWARDED: [HeaderName; 8] = [
    header::CONNECTION,
    header::COOKIE,
    header::EXPECT,
    header::HOST,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// A request, with what API Gateway adds to it.
pub struct Incoming<'a> {
    pub method: &'a Method,
    /// Percent-encoded.
    pub uri: &'a Uri,
    pub version: Version,
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
    pub peer: IpAddr,
    pub at: Timestamp,
    pub request_id: &'a str,
    /// The host and port of the API. API Gateway routes by host, so a function never sees another
    /// one, whatever the request says.
    pub host: &'a str,
    pub port: u16,
}

impl Incoming<'_> {
    /// The event for a route.
    #[must_use]
    pub fn event(&self, route_key: &str, parameters: &BTreeMap<String, String>) -> Json {
        let query = self.uri.query().unwrap_or_default();
        let mut event = json!({
            "version": "2.0",
            "routeKey": route_key,
            // In spite of its name, API Gateway decodes it.
            "rawPath": percent_decode_str(self.uri.path()).decode_utf8_lossy(),
            "rawQueryString": query,
            "headers": self.headers(),
            "requestContext": self.context(route_key),
            "isBase64Encoded": false,
        });
        // API Gateway leaves out empty members.
        let cookies = self.cookies();
        if !cookies.is_empty() {
            event["cookies"] = Json::from(cookies);
        }
        let query = joined(form_urlencoded::parse(query.as_bytes()));
        if !query.is_empty() {
            event["queryStringParameters"] = Json::from(query);
        }
        if !parameters.is_empty() {
            event["pathParameters"] = json!(parameters);
        }
        if !self.body.is_empty() {
            let text = self.text();
            event["isBase64Encoded"] = Json::from(text.is_none());
            event["body"] = text.map_or_else(|| BASE64_STANDARD.encode(self.body), str::to_owned).into();
        }
        event
    }

    fn context(&self, route_key: &str) -> Json {
        let mut http = json!({
            "method": self.method.as_str(),
            "path": percent_decode_str(self.uri.path()).decode_utf8_lossy(),
            "protocol": format!("{:?}", self.version),
            "sourceIp": self.peer.to_string(),
        });
        if let Some(agent) = self.headers.get(header::USER_AGENT) {
            http["userAgent"] = Json::from(String::from_utf8_lossy(agent.as_bytes()));
        }
        json!({
            "accountId": ACCOUNT,
            "apiId": "local",
            "domainName": self.host,
            "domainPrefix": "local",
            "http": http,
            "requestId": self.request_id,
            "routeKey": route_key,
            "stage": "$default",
            "time": self.at.strftime("%d/%b/%Y:%H:%M:%S %z").to_string(),
            "timeEpoch": self.at.as_millisecond(),
        })
    }

    /// With names in lower case. Several values of one name are joined by commas.
    fn headers(&self) -> Map<String, Json> {
        let forwarded_headers = self.headers.iter().filter(|(name, _)| !NOT_FORWARDED.contains(name));
        let mut headers =
            joined(forwarded_headers.map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes()))));
        let peer = self.peer.to_string();
        let forwarded = match headers.get("x-forwarded-for").and_then(Json::as_str) {
            Some(before) => format!("{before}, {peer}"),
            None => peer,
        };
        for (name, value) in [
            ("host", self.host.to_owned()),
            ("x-forwarded-for", forwarded),
            ("x-forwarded-port", self.port.to_string()),
            ("x-forwarded-proto", "http".to_owned()),
        ] {
            headers.insert(name.to_owned(), Json::from(value));
        }
        headers
    }

    fn cookies(&self) -> Vec<String> {
        let headers = self.headers.get_all(header::COOKIE).iter();
        headers
            .flat_map(|header| {
                let header = String::from_utf8_lossy(header.as_bytes());
                header.split(';').map(|cookie| cookie.trim().to_owned()).collect::<Vec<_>>()
            })
            .filter(|cookie| !cookie.is_empty())
            .collect()
    }

    /// The body, if API Gateway forwards it as text. The media type decides: forms, `+json` types
    /// and bodies without a type are no text.
    fn text(&self) -> Option<&str> {
        let media_type = self.headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        let media_type = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let is_text = media_type.starts_with("text/")
            || ["application/json", "application/javascript", "application/xml"].contains(&media_type.as_str());
        // Decoding invalid UTF-8 would change bytes, and a signature covers the bytes.
        if is_text { str::from_utf8(self.body).ok() } else { None }
    }
}

/// Joins several values of one name by commas.
fn joined<Name, Value>(pairs: impl Iterator<Item = (Name, Value)>) -> Map<String, Json>
where
    Name: AsRef<str>,
    Value: AsRef<str>,
{
    let mut values: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in pairs {
        values
            .entry(name.as_ref().to_owned())
            .and_modify(|before| {
                before.push(',');
                before.push_str(value.as_ref());
            })
            .or_insert_with(|| value.as_ref().to_owned());
    }
    values.into_iter().map(|(name, value)| (name, Json::from(value))).collect()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use lambda_http::{Request, RequestExt, request::LambdaRequest};

    use super::*;

    fn event(uri: &str, headers: &[(&'static str, &[u8])], body: &[u8]) -> Json {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_bytes(value).unwrap());
        }
        let incoming = Incoming {
            method: &Method::POST,
            uri: &uri.parse().unwrap(),
            version: Version::HTTP_11,
            headers: &map,
            body,
            peer: [127, 0, 0, 1].into(),
            at: "2026-03-12T19:03:58.390Z".parse().unwrap(),
            request_id: "id",
            host: "127.0.0.1:3000",
            port: 3000,
        };
        incoming.event("POST /a/{b}", &BTreeMap::from([("b".to_owned(), "c d".to_owned())]))
    }

    /// The request that a function receives for an event.
    fn request(event: &Json) -> Request {
        serde_json::from_str::<LambdaRequest>(&event.to_string()).unwrap().into()
    }

    #[test]
    fn an_event_has_the_route_the_parameters_and_the_context() {
        let event = event("/a/c%20d?x=1&y=%26&x=2", &[("user-agent", b"curl")], b"");
        assert_eq!(event["version"], "2.0");
        assert_eq!(event["routeKey"], "POST /a/{b}");
        assert_eq!(event["rawPath"], "/a/c d");
        assert_eq!(event["rawQueryString"], "x=1&y=%26&x=2");
        assert_eq!(event["queryStringParameters"], json!({"x": "1,2", "y": "&"}));
        assert_eq!(event["pathParameters"], json!({"b": "c d"}));
        assert_eq!(
            event["requestContext"],
            json!({
                "accountId": "123456789012", "apiId": "local", "domainName": "127.0.0.1:3000", "domainPrefix": "local",
                "http": {
                    "method": "POST", "path": "/a/c d", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "curl"
                },
                "requestId": "id", "routeKey": "POST /a/{b}", "stage": "$default",
                "time": "12/Mar/2026:19:03:58 +0000", "timeEpoch": 1_773_342_238_390_i64
            })
        );
        for absent in ["body", "cookies"] {
            assert_eq!(event.get(absent), None, "{absent}");
        }
    }

    #[test]
    fn headers_are_joined_and_cookies_are_separate() {
        let headers: [(_, &[u8]); 8] = [
            ("x-many", b"a"),
            ("x-many", b"b"),
            ("cookie", b"c=1; d=2"),
            ("cookie", b"e=3"),
            ("x-forwarded-for", b"10.0.0.1"),
            ("host", b"<evil>"),
            ("x-forwarded-proto", b"java script"),
            ("transfer-encoding", b"chunked"),
        ];
        let event = event("/a/b", &headers, b"");
        assert_eq!(
            event["headers"],
            json!({
                "host": "127.0.0.1:3000",
                "x-forwarded-for": "10.0.0.1, 127.0.0.1",
                "x-forwarded-port": "3000",
                "x-forwarded-proto": "http",
                "x-many": "a,b",
            })
        );
        assert_eq!(event["cookies"], json!(["c=1", "d=2", "e=3"]));
        assert_eq!(request(&event).headers()["cookie"], "c=1; d=2; e=3");
    }

    #[test]
    fn a_body_is_text_by_its_media_type() {
        for media_type in ["application/json", "Application/JSON; charset=utf-8", "text/plain", "application/xml"] {
            let event = event("/a/b", &[("content-type", media_type.as_bytes())], b"{}");
            assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("{}"), &json!(false)), "{media_type}");
        }
        for media_type in ["application/problem+json", "application/x-www-form-urlencoded", "image/png", "", "\u{e9}"] {
            let event = event("/a/b", &[("content-type", media_type.as_bytes())], b"{}");
            assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("e30="), &json!(true)), "{media_type}");
        }
        let event = event("/a/b", &[], b"{}");
        assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("e30="), &json!(true)));
    }

    #[test]
    fn no_byte_of_a_body_is_lost() {
        let body: Vec<u8> = (0..=255).collect();
        for media_type in ["application/json", "application/octet-stream"] {
            let event = event("/a/b", &[("content-type", media_type.as_bytes())], &body);
            assert_eq!(event["isBase64Encoded"], true);
            assert_eq!(request(&event).body().as_ref(), body);
        }
    }

    #[test]
    fn hostile_paths_queries_and_headers_reach_the_function() {
        for byte in 0..=255_u8 {
            let uri = format!("/a/%{byte:02x}x%{byte:02X}?q=%{byte:02x}&%{byte:02x}");
            let value: Vec<u8> = [b"v", [byte].as_slice()].concat();
            let headers: [(_, &[u8]); 1] = [("x-value", &value)];
            // The server refuses an invalid header value.
            let headers = if HeaderValue::from_bytes(&value).is_ok() { headers.as_slice() } else { &[] };
            let request = request(&event(&uri, headers, b""));
            assert_eq!(request.method(), Method::POST);
            assert!(request.query_string_parameters_ref().is_some());
        }
        let printable = (b'!'..=b'~').map(char::from).filter(|char| *char != '#' && *char != '?');
        for char in printable {
            let Ok(uri) = format!("/a/{char}?{char}={char}").parse::<Uri>() else { continue };
            request(&event(&uri.to_string(), &[], b""));
        }
        for path in ["//", "/..", "/a/../../b", "/:80", "/@evil", "/%", "/%zz", "/[::1]", "/a%3Fb%23c"] {
            request(&event(&format!("{path}?a?b&&=&=x&%"), &[], b""));
        }
    }
}
