//! `ETag` and `If-Match`: the version of an incident, as a strong tag.

use lambda_http::http::{HeaderMap, header::IF_MATCH};

use super::problem::Problem;

/// The tag of a version: `"7"`.
#[must_use]
pub fn format(version: u64) -> String {
    format!("\"{version}\"")
}

/// The versions that `If-Match` names; `None` without the header, or if it is `*`, which any version matches.
///
/// A weak tag never matches (RFC 9110, 13.1.1), nor does a tag that we did not make.
///
/// # Errors
/// A 400 [`Problem`] if the header is not a list of tags.
pub fn if_match(headers: &HeaderMap) -> Result<Option<Vec<u64>>, Problem> {
    let malformed = || Problem::invalid("If-Match", "must be an ETag such as \"7\", a list of them, or *");
    let Some(value) = headers.get(IF_MATCH) else { return Ok(None) };
    let value = value.to_str().map_err(|_| malformed())?.trim();
    if value == "*" {
        return Ok(None);
    }
    let mut versions = Vec::new();
    for tag in value.split(',').map(str::trim) {
        let (is_weak, strong) = tag.strip_prefix("W/").map_or((false, tag), |strong| (true, strong));
        let inner =
            strong.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).filter(|inner| !inner.contains('"'));
        let inner = inner.ok_or_else(malformed)?;
        if let (false, Ok(version)) = (is_weak, inner.parse()) {
            versions.push(version);
        }
    }
    Ok(Some(versions))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Result<Option<Vec<u64>>, ()> {
        if_match(&HeaderMap::from_iter([(IF_MATCH, value.parse().unwrap())])).map_err(|_| ())
    }

    #[test]
    fn strong_tags_match_weak_and_foreign_ones_do_not() {
        assert_eq!(read(&format(7)), Ok(Some(vec![7])));
        assert_eq!(read("\"7\", W/\"8\" ,\"abc\",\"9\""), Ok(Some(vec![7, 9])));
        assert_eq!((read("*"), if_match(&HeaderMap::new()).map_err(|_| ())), (Ok(None), Ok(None)));
        for malformed in ["7", "\"7", "", "\"7\",", "\"7\" \"8\"", "\""] {
            assert_eq!(read(malformed), Err(()), "{malformed}");
        }
    }
}
