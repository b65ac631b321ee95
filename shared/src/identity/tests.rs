//! Tokens of an issuer, good and bad.

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::{
    keys::IssuerKeys,
    roles::RoleRules,
    token::{MAX_TOKEN_BYTES, Refusal, TokenRules, is_jwt, verify},
};
use crate::domain::{
    principal::{Principal, Role},
    time::Time,
};

const NOW: i64 = 1_795_510_800;
const ISSUER: &str = "https://login.example.com/v2.0";

/// A PKCS #8 document of an RSA key of 2,048 bits has its PKCS #1 document here, at its end.
const PKCS1_BEGINS: usize = 26;

fn now() -> Time {
    Time::from_millis(NOW * 1_000).unwrap()
}

fn rules() -> TokenRules {
    TokenRules {
        issuer: ISSUER.to_owned(),
        audiences: vec!["incident-review".to_owned(), "console".to_owned()],
        roles: RoleRules {
            claim: "roles".to_owned(),
            viewer: vec!["viewer".to_owned()],
            responder: vec!["responder".to_owned()],
        },
    }
}

/// A key of the issuer: signs, and is published.
struct IssuerKey {
    header: Header,
    private: EncodingKey,
    public: Value,
}

impl IssuerKey {
    fn new(algorithm: Algorithm, private: EncodingKey, mut public: Value) -> Self {
        public["kid"] = json!("1");
        Self { header: Header { kid: Some("1".to_owned()), ..Header::new(algorithm) }, private, public }
    }

    fn ec() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let private = EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref());
        let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
        let public = json!({ "kty": "EC", "crv": "P-256", "x": BASE64.encode(x), "y": BASE64.encode(y) });
        Self::new(Algorithm::ES256, private, public)
    }

    fn ed() -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
        let public = json!({ "kty": "OKP", "crv": "Ed25519", "x": BASE64.encode(pair.public_key().as_ref()) });
        Self::new(Algorithm::EdDSA, EncodingKey::from_ed_der(pkcs8.as_ref()), public)
    }

    fn rsa() -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let pkcs8: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let public = pair.public_key();
        let n = BASE64.encode(public.modulus().big_endian_without_leading_zero());
        let e = BASE64.encode(public.exponent().big_endian_without_leading_zero());
        let public = json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "n": n, "e": e });
        Self::new(Algorithm::RS256, EncodingKey::from_rsa_der(&pkcs8.as_ref()[PKCS1_BEGINS..]), public)
    }

    fn set(&self) -> IssuerKeys {
        key_set(&[&self.public])
    }

    fn token(&self, claims: &Value) -> String {
        encode(&self.header, claims, &self.private).unwrap()
    }

    /// A token with another header, signed by this key.
    fn with_header(&self, change: impl FnOnce(&mut Header)) -> String {
        let mut header = self.header.clone();
        change(&mut header);
        encode(&header, &claims(), &self.private).unwrap()
    }
}

fn key_set(keys: &[&Value]) -> IssuerKeys {
    IssuerKeys::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": "incident-review", "exp": NOW + 300, "nbf": NOW - 10, "iat": NOW - 10,
        "sub": "00u1", "email": "ada@example.com", "roles": ["viewer", "responder"],
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn ada(role: Role) -> Principal {
    Principal { name: "ada@example.com".to_owned(), role }
}

#[test]
fn a_token_names_its_person_whatever_kind_of_key_signed_it() {
    for key in [IssuerKey::rsa(), IssuerKey::ec(), IssuerKey::ed()] {
        let token = key.token(&claims());
        assert!(is_jwt(&token));
        assert_eq!(verify(&token, &key.set(), &rules(), now()), Ok(ada(Role::Responder)), "{:?}", key.header.alg);
        let stranger = match key.header.alg {
            Algorithm::RS256 => IssuerKey::rsa(),
            Algorithm::ES256 => IssuerKey::ec(),
            _ => IssuerKey::ed(),
        };
        assert_eq!(verify(&token, &stranger.set(), &rules(), now()), Err(Refusal::Signature));
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let (header, _) = signed.split_once('.').unwrap();
        let promoted = BASE64.encode(with("sub", json!("admin")).to_string());
        for forged in [format!("{header}.{promoted}.{signature}"), format!("{signed}."), format!("{signed}.AAAA")] {
            assert_eq!(verify(&forged, &key.set(), &rules(), now()), Err(Refusal::Signature), "{forged}");
        }
    }
}

#[test]
fn the_claims_decide() {
    let key = IssuerKey::ec();
    let keys = key.set();
    for (claims, expected) in [
        (with("roles", json!("viewer")), Ok(ada(Role::Viewer))),
        (with("aud", json!("console")), Ok(ada(Role::Responder))),
        (with("aud", json!(["other", "incident-review"])), Ok(ada(Role::Responder))),
        (with("aud", json!("other")), Err(Refusal::Audience)),
        (with("aud", json!(["other"])), Err(Refusal::Audience)),
        (with("aud", json!([])), Err(Refusal::Audience)),
        (with("aud", json!("incident-review,console")), Err(Refusal::Audience)),
        (without("aud"), Err(Refusal::Audience)),
        (with("iss", json!("https://login.example.com/v2.0/")), Err(Refusal::Issuer)),
        (with("iss", json!([ISSUER])), Err(Refusal::Issuer)),
        (without("iss"), Err(Refusal::Issuer)),
        (with("exp", json!(NOW + 1)), Ok(ada(Role::Responder))),
        (with("exp", json!(f64::from(i32::MAX) + 0.5)), Ok(ada(Role::Responder))),
        (with("exp", json!(NOW)), Err(Refusal::Expired)),
        (with("exp", json!(-1)), Err(Refusal::Expired)),
        (with("exp", json!("2100-01-01")), Err(Refusal::Expired)),
        (with("exp", json!(null)), Err(Refusal::Expired)),
        (without("exp"), Err(Refusal::Expired)),
        (with("nbf", json!(NOW + 30)), Ok(ada(Role::Responder))),
        (with("nbf", json!(NOW + 31)), Err(Refusal::NotYetValid)),
        (with("nbf", json!(1e300)), Err(Refusal::NotYetValid)),
        (with("nbf", json!("now")), Err(Refusal::NotYetValid)),
        (with("iat", json!(NOW + 31)), Err(Refusal::NotYetValid)),
        (without("nbf"), Ok(ada(Role::Responder))),
        (without("roles"), Err(Refusal::Role)),
        (with("roles", json!(["admin"])), Err(Refusal::Role)),
        (with("email", json!("")), Ok(Principal { name: "00u1".to_owned(), role: Role::Responder })),
    ] {
        assert_eq!(verify(&key.token(&claims), &keys, &rules(), now()), expected, "{claims}");
    }
    let mut nobody = without("email");
    nobody.as_object_mut().unwrap().remove("sub");
    assert_eq!(verify(&key.token(&nobody), &keys, &rules(), now()), Err(Refusal::Person));
}

#[test]
fn no_algorithm_counts_but_that_of_the_key() {
    let rsa = IssuerKey::rsa();
    let payload = BASE64.encode(claims().to_string());
    for algorithm in ["none", "None", "NONE", "", "HS256\u{0}"] {
        let header = BASE64.encode(json!({ "alg": algorithm, "typ": "JWT", "kid": "1" }).to_string());
        for token in [format!("{header}.{payload}."), format!("{header}.{payload}.AAAA")] {
            assert_eq!(verify(&token, &rsa.set(), &rules(), now()), Err(Refusal::Algorithm), "{algorithm}");
        }
    }
    // The public key as the secret of an HMAC, in each form in which it is published.
    let modulus = rsa.public["n"].as_str().unwrap();
    for secret in [modulus.as_bytes().to_vec(), BASE64.decode(modulus).unwrap(), rsa.public.to_string().into_bytes()] {
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let header = Header { kid: Some("1".to_owned()), ..Header::new(algorithm) };
            let token = encode(&header, &claims(), &EncodingKey::from_secret(&secret)).unwrap();
            assert_eq!(verify(&token, &rsa.set(), &rules(), now()), Err(Refusal::Algorithm));
        }
    }
    // A key that the issuer has, for another algorithm.
    for algorithm in [Algorithm::RS384, Algorithm::RS512, Algorithm::PS256] {
        let token = rsa.with_header(|header| header.alg = algorithm);
        assert_eq!(verify(&token, &rsa.set(), &rules(), now()), Err(Refusal::Algorithm));
    }
    let ec = IssuerKey::ec();
    assert_eq!(verify(&ec.token(&claims()), &rsa.set(), &rules(), now()), Err(Refusal::UnknownKey));
}

#[test]
fn headers_cannot_bring_a_key_or_an_extension_or_another_type() {
    let key = IssuerKey::ec();
    let keys = key.set();
    let other = IssuerKey::ec();
    let brought = other.with_header(|header| {
        header.jwk = serde_json::from_value(other.public.clone()).ok();
        header.jku = Some("https://attacker.example.com/keys".to_owned());
    });
    assert_eq!(verify(&brought, &keys, &rules(), now()), Err(Refusal::Signature));
    let critical = key.with_header(|header| header.crit = Some(vec!["exp".to_owned()]));
    assert_eq!(verify(&critical, &keys, &rules(), now()), Err(Refusal::Type));
    for (kind, expected) in [
        (None, Ok(ada(Role::Responder))),
        (Some("at+jwt"), Ok(ada(Role::Responder))),
        (Some("logout+jwt"), Err(Refusal::Type)),
        (Some("secevent+jwt"), Err(Refusal::Type)),
    ] {
        let token = key.with_header(|header| header.typ = kind.map(str::to_owned));
        assert_eq!(verify(&token, &keys, &rules(), now()), expected, "{kind:?}");
    }
}

#[test]
fn a_key_is_found_by_its_id_or_if_it_is_the_only_one() {
    let (one, mut two) = (IssuerKey::ec(), IssuerKey::ec());
    let unnamed = one.with_header(|header| header.kid = None);
    assert_eq!(verify(&unnamed, &one.set(), &rules(), now()), Ok(ada(Role::Responder)));
    two.public["kid"] = json!("2");
    let both = key_set(&[&one.public, &two.public]);
    assert_eq!(verify(&unnamed, &both, &rules(), now()), Err(Refusal::UnknownKey));
    assert_eq!(verify(&one.token(&claims()), &both, &rules(), now()), Ok(ada(Role::Responder)));
    let unknown = one.with_header(|header| header.kid = Some("3".to_owned()));
    assert_eq!(verify(&unknown, &both, &rules(), now()), Err(Refusal::UnknownKey));
    assert_eq!(verify(&one.token(&claims()), &IssuerKeys::default(), &rules(), now()), Err(Refusal::UnknownKey));
}

#[test]
fn only_keys_for_signatures_of_the_accepted_kinds_are_kept() {
    let key = IssuerKey::ec().public;
    let changed = |name: &str, value: Value| {
        let mut key = key.clone();
        key[name] = value;
        key
    };
    for (key, count) in [
        (key.clone(), 1),
        (changed("use", json!("sig")), 1),
        (changed("key_ops", json!(["verify"])), 1),
        (changed("alg", json!("ES256")), 1),
        (changed("use", json!("enc")), 0),
        (changed("key_ops", json!(["sign"])), 0),
        (changed("alg", json!("ES384")), 0),
        (changed("crv", json!("P-384")), 0),
        (changed("crv", json!("secp256k1")), 0),
        (changed("kty", json!("oct")), 0),
        (json!({ "kty": "oct", "k": "c2VjcmV0", "alg": "HS256", "kid": "1" }), 0),
        (json!({ "kty": "unheard of" }), 0),
        (json!("no key"), 0),
    ] {
        assert_eq!(key_set(&[&key]).len(), count, "{key}");
    }
    assert_eq!(key_set(&vec![&key; 1_000]).len(), 100);
    for text in ["", "{}", "[]", r#"{"keys":{}}"#] {
        assert!(IssuerKeys::parse(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn what_is_no_token_is_refused_without_much_work() {
    let keys = IssuerKey::ec().set();
    for text in ["", ".", "..", "a.b.c", "...", "a.b", "\u{0}.\u{0}.\u{0}", "eyJhbGciOiJFUzI1NiJ9.."] {
        assert!(verify(text, &keys, &rules(), now()).is_err(), "{text}");
    }
    assert!(!is_jwt("local-viewer") && !is_jwt(&hex::encode([0; 32])) && !is_jwt("a.b.c.d.e"));
    let long = IssuerKey::ec().token(&with("groups", json!("g".repeat(MAX_TOKEN_BYTES))));
    assert_eq!(verify(&long, &keys, &rules(), now()), Err(Refusal::TooLong));
}
