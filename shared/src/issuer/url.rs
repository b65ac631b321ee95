//! Addresses from which keys may be fetched.

use lambda_http::http::Uri;

/// Why keys are not fetched from an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no https:// address (http:// is for this machine only)")]
pub struct InvalidUrl(pub String);

/// Whether keys may be fetched from an address. Without TLS anybody on the way could put in a key of
/// their own, so the only exception is this machine.
pub fn check(url: &str) -> Result<(), InvalidUrl> {
    let invalid = || InvalidUrl(url.to_owned());
    let uri: Uri = url.parse().map_err(|_| invalid())?;
    let is_local = matches!(uri.host(), Some("127.0.0.1" | "[::1]" | "localhost"));
    let has_user = uri.authority().is_none_or(|authority| authority.as_str().contains('@'));
    match uri.scheme_str() {
        Some("https") if !has_user => Ok(()),
        Some("http") if !has_user && is_local => Ok(()),
        _ => Err(invalid()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_or_this_machine_is_accepted() {
        for good in [
            "https://login.example.com/tenant/v2.0",
            "http://127.0.0.1:9000/keys",
            "http://[::1]:9000",
            "http://localhost/realms/a",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "http://login.example.com",
            "http://127.0.0.1@login.example.com",
            "http://localhost.example.com",
            "https://user:password@login.example.com",
            "file:///etc/passwd",
            "login.example.com",
            "/keys",
            "",
        ] {
            assert_eq!(check(bad), Err(InvalidUrl(bad.to_owned())), "{bad}");
        }
    }
}
