//! Cookies: what a browser sends, and what it is told to keep.

use std::fmt;

use lambda_http::http::{HeaderMap, header::COOKIE};

/// Who may see a cookie: only this host, over TLS, and no script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Deployed: the prefix makes browsers refuse it from anybody but this host.
    Deployed,
    /// On this machine, where there is no TLS.
    Local,
}

impl Reach {
    /// The name of a cookie.
    #[must_use]
    pub fn name(self, name: &str) -> String {
        match self {
            Self::Deployed => format!("__Host-{name}"),
            Self::Local => name.to_owned(),
        }
    }
}

/// A cookie to keep. It is for requests of our own pages only, and for no script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cookie {
    pub reach: Reach,
    pub name: &'static str,
    pub value: String,
    /// For how long. 0 deletes it.
    pub seconds: i64,
}

impl Cookie {
    /// Makes the browser forget a cookie.
    #[must_use]
    pub fn deleted(reach: Reach, name: &'static str) -> Self {
        Self { reach, name, value: String::new(), seconds: 0 }
    }
}

impl fmt::Display for Cookie {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reach, name, value, seconds } = self;
        write!(formatter, "{}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict", reach.name(name))?;
        if *reach == Reach::Deployed { formatter.write_str("; Secure") } else { Ok(()) }
    }
}

/// The values of a cookie that the browser sent. Another host of our domain can add one of the same name, so only one of
/// them may be ours.
pub fn sent<'request>(
    headers: &'request HeaderMap,
    reach: Reach,
    name: &str,
) -> impl Iterator<Item = &'request str> + use<'request> {
    let name = reach.name(name);
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
    pairs.filter(move |(known, _)| *known == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployed_cookie_is_for_this_host_over_tls_and_a_local_one_needs_none() {
        let cookie = Cookie { reach: Reach::Deployed, name: "session", value: "a.b".to_owned(), seconds: 60 };
        assert_eq!(cookie.to_string(), "__Host-session=a.b; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure");
        let local = Cookie::deleted(Reach::Local, "session").to_string();
        assert_eq!(local, "session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict");
    }

    #[test]
    fn a_cookie_is_found_among_others_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, "xsession=1; session=2;theme=dark; session=3".parse().unwrap());
        let found = |reach, name| sent(&headers, reach, name).collect::<Vec<_>>();
        assert_eq!(found(Reach::Local, "session"), ["2", "3"]);
        assert_eq!(found(Reach::Local, "theme"), ["dark"]);
        assert!(found(Reach::Deployed, "session").is_empty());
    }
}
