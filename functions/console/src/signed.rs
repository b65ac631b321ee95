//! Texts that a browser keeps for us and cannot change: JSON with a signature.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};
use shared::sources::signature::{Secret, is_signed};

/// A value, signed for a purpose: what was signed for another purpose does not count.
#[must_use]
pub fn seal(purpose: &str, value: &impl Serialize, key: &Secret) -> String {
    // Values are structs of texts and numbers, which always have a JSON form.
    let body = BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).unwrap_or_default());
    let signature = sign(purpose, &body, key);
    format!("{body}.{signature}")
}

/// The value, if we signed it for this purpose.
#[must_use]
pub fn open<T: DeserializeOwned>(purpose: &str, sealed: &str, key: &Secret) -> Option<T> {
    let (body, signature) = sealed.split_once('.')?;
    if !is_signed(std::slice::from_ref(key), signature.as_bytes(), message(purpose, body).as_bytes()) {
        return None;
    }
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(body).ok()?).ok()
}

/// The signature of a text for a purpose, in hex.
#[must_use]
pub fn sign(purpose: &str, text: &str, key: &Secret) -> String {
    key.sign(message(purpose, text).as_bytes())
}

fn message(purpose: &str, text: &str) -> String {
    format!("{purpose}:{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Secret {
        Secret::new(text.to_owned()).unwrap()
    }

    #[test]
    fn only_what_was_signed_with_the_key_for_the_purpose_opens() {
        let sealed = seal("session", &["a", "b"], &key("k"));
        assert_eq!(open::<Vec<String>>("session", &sealed, &key("k")).unwrap(), ["a", "b"]);
        assert_eq!(open::<Vec<String>>("flash", &sealed, &key("k")), None);
        assert_eq!(open::<Vec<String>>("session", &sealed, &key("other")), None);
        let (body, signature) = sealed.split_once('.').unwrap();
        let forged = BASE64_URL_SAFE_NO_PAD.encode(r#"["x"]"#);
        for bad in ["", ".", body, &format!("{forged}.{signature}"), &format!("{body}."), &format!("{sealed}0")] {
            assert_eq!(open::<Vec<String>>("session", bad, &key("k")), None, "{bad}");
        }
    }

    #[test]
    fn each_digit_of_a_signature_counts() {
        let sealed = seal("session", &["a", "b"], &key("k"));
        let begin = sealed.find('.').unwrap() + 1;
        for place in begin..sealed.len() {
            let other = if &sealed[place..=place] == "0" { "1" } else { "0" };
            let forged = format!("{}{other}{}", &sealed[..place], &sealed[place + 1..]);
            assert_eq!(open::<Vec<String>>("session", &forged, &key("k")), None, "{forged}");
        }
    }
}
