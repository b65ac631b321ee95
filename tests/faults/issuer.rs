//! The identity provider rotates its keys, is down, or answers nonsense.

use std::{collections::HashMap, net::Ipv4Addr, time::Instant};

use serde_json::json;
use shared::{
    config::Environment,
    domain::{
        principal::{Principal, Role},
        time::Time,
    },
    identity::token::Refusal,
    issuer::Issuer,
};
use tests::issuer::{AUDIENCE, Mood, TestIssuer, TokenKey};
use tokio::net::TcpListener;

const NOW: i64 = 1_795_510_800;

/// So many seconds after the start.
fn after(seconds: i64) -> Time {
    Time::from_millis((NOW + seconds) * 1_000).expect("a time")
}

fn environment(issuer: &str) -> Environment {
    let variables = [
        ("OIDC_ISSUER", issuer),
        ("OIDC_AUDIENCE", AUDIENCE),
        ("OIDC_ROLE_CLAIM", "roles"),
        ("OIDC_VIEWER_VALUES", "viewer"),
        ("OIDC_RESPONDER_VALUES", "responder, sre"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Environment::of(HashMap::from(variables))
}

/// What the product knows of an issuer.
async fn started(issuer: &str) -> Issuer {
    Issuer::start(&environment(issuer), after(0)).await.expect("it starts").expect("there is an issuer")
}

fn ada() -> Principal {
    Principal { name: "ada@example.com".to_owned(), role: Role::Responder }
}

/// A token that does not expire during the test.
fn token(issuer: &TestIssuer, key: &TokenKey) -> String {
    let mut claims = issuer.claims(NOW);
    claims["exp"] = json!(NOW + 1_000_000);
    key.sign(&claims)
}

#[tokio::test]
async fn a_new_key_counts_at_once_and_a_withdrawn_one_after_a_quarter_of_an_hour() {
    let (old, new) = (TokenKey::new("old"), TokenKey::new("new"));
    let provider = TestIssuer::start(&[&old]).await;
    let issuer = started(provider.url()).await;
    assert_eq!(issuer.identify(&token(&provider, &old), after(1)).await, Ok(ada()));
    assert_eq!(provider.requests(), 2, "discovery and keys");

    provider.publish(&[&old, &new]);
    assert_eq!(issuer.identify(&token(&provider, &new), after(60)).await, Ok(ada()));
    assert_eq!(issuer.identify(&token(&provider, &old), after(61)).await, Ok(ada()));

    provider.publish(&[&new]);
    assert_eq!(issuer.identify(&token(&provider, &old), after(60 + 899)).await, Ok(ada()));
    assert_eq!(issuer.identify(&token(&provider, &old), after(60 + 900)).await, Err(Refusal::UnknownKey));
    assert_eq!(issuer.identify(&token(&provider, &new), after(60 + 901)).await, Ok(ada()));
}

#[tokio::test]
async fn made_up_keys_make_it_ask_the_issuer_once_a_minute() {
    let (known, made_up) = (TokenKey::new("known"), TokenKey::new("made up"));
    let provider = TestIssuer::start(&[&known]).await;
    let issuer = started(provider.url()).await;
    for second in 0..180 {
        let refused = issuer.identify(&token(&provider, &made_up), after(second)).await;
        assert_eq!(refused, Err(Refusal::UnknownKey));
    }
    // At the start, and after 60 and 120 seconds.
    assert_eq!(provider.requests(), 3 * 2);
    assert_eq!(issuer.identify(&token(&provider, &known), after(180)).await, Ok(ada()));
}

#[tokio::test]
async fn known_keys_count_while_the_issuer_is_down() {
    let (known, new) = (TokenKey::new("known"), TokenKey::new("new"));
    let provider = TestIssuer::start(&[&known]).await;
    let issuer = started(provider.url()).await;
    provider.set_mood(Mood::Failing);
    for hour in 1..=24 {
        assert_eq!(issuer.identify(&token(&provider, &known), after(hour * 3600)).await, Ok(ada()));
    }
    let asked = provider.requests();
    for second in 1..60 {
        assert_eq!(issuer.identify(&token(&provider, &known), after(24 * 3600 + second)).await, Ok(ada()));
    }
    assert_eq!(provider.requests(), asked, "an issuer that is down is asked once a minute");

    provider.publish(&[&new]);
    provider.set_mood(Mood::Well);
    assert_eq!(issuer.identify(&token(&provider, &new), after(25 * 3600)).await, Ok(ada()));
    assert_eq!(issuer.identify(&token(&provider, &known), after(25 * 3600)).await, Err(Refusal::UnknownKey));
}

#[tokio::test]
async fn a_start_without_the_issuer_refuses_until_it_is_back() {
    let key = TokenKey::new("1");
    let provider = TestIssuer::start(&[&key]).await;
    provider.set_mood(Mood::Failing);
    let issuer = started(provider.url()).await;
    for second in 0..5 {
        let refused = issuer.identify(&token(&provider, &key), after(second)).await;
        assert_eq!(refused, Err(Refusal::UnknownKey));
    }
    assert_eq!(provider.requests(), 1);
    provider.set_mood(Mood::Well);
    assert_eq!(issuer.identify(&token(&provider, &key), after(5)).await, Ok(ada()));
}

#[tokio::test]
async fn an_issuer_that_nobody_runs_does_not_keep_the_function_from_starting() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let issuer = started(&url).await;
    let claims = json!({ "iss": url, "aud": AUDIENCE, "exp": NOW + 300, "sub": "00u1", "roles": "responder" });
    let refused = issuer.identify(&TokenKey::new("1").sign(&claims), after(1)).await;
    assert_eq!(refused, Err(Refusal::UnknownKey));
}

#[tokio::test]
async fn an_issuer_that_does_not_answer_is_given_up() {
    let key = TokenKey::new("1");
    let provider = TestIssuer::start(&[&key]).await;
    provider.set_mood(Mood::Silent);
    let start = Instant::now();
    let issuer = started(provider.url()).await;
    let refused = issuer.identify(&token(&provider, &key), after(60)).await;
    assert_eq!(refused, Err(Refusal::UnknownKey));
    // Two fetches of 2 s each. The authorizer may take 10 s.
    assert!(start.elapsed().as_secs() < 8, "two fetches took {:?}", start.elapsed());
}

#[tokio::test]
async fn keys_come_only_from_the_documents_that_the_issuer_should_publish() {
    let (key, other) = (TokenKey::new("1"), TokenKey::new("1"));
    let attacker = TestIssuer::start(&[&other]).await;
    let provider = TestIssuer::start(&[&key]).await;
    let large = json!({ "keys": [other.public()], "padding": "x".repeat(300 * 1024) }).to_string();
    for mood in [
        Mood::Redirecting(format!("{}/.well-known/openid-configuration", attacker.url())),
        Mood::Describing("issuer", json!(attacker.url())),
        Mood::Describing("issuer", json!(format!("{}/", provider.url()))),
        Mood::Describing("jwks_uri", json!("http://keys.example.com/")),
        Mood::Describing("jwks_uri", json!("file:///etc/passwd")),
        Mood::Describing("jwks_uri", json!(null)),
        Mood::Saying(large.into_bytes()),
        Mood::Saying(b"<html>".to_vec()),
        Mood::Saying(b"{\"keys\":[]}".to_vec()),
        Mood::Saying(vec![0xff; 10]),
    ] {
        provider.set_mood(mood.clone());
        let issuer = started(provider.url()).await;
        for signer in [&key, &other] {
            let refused = issuer.identify(&token(&provider, signer), after(60)).await;
            assert_eq!(refused, Err(Refusal::UnknownKey), "{mood:?}");
        }
        // The good keys stay in use, too.
        provider.set_mood(Mood::Well);
        let issuer = started(provider.url()).await;
        provider.set_mood(mood.clone());
        assert_eq!(issuer.identify(&token(&provider, &key), after(3_600)).await, Ok(ada()), "{mood:?}");
    }
}

#[tokio::test]
async fn rules_are_needed_and_an_issuer_without_tls_is_not_accepted() {
    for issuer in ["http://login.example.com", "login.example.com", "https://a@b.example.com"] {
        let error = Issuer::start(&environment(issuer), after(0)).await.expect_err(issuer).to_string();
        assert!(error.contains("OIDC_ISSUER"), "{error}");
    }
    for missing in ["OIDC_AUDIENCE", "OIDC_ROLE_CLAIM"] {
        let other = environment("https://login.example.com");
        let variables: HashMap<String, String> = ["OIDC_ISSUER", "OIDC_AUDIENCE", "OIDC_ROLE_CLAIM"]
            .into_iter()
            .filter(|name| *name != missing)
            .map(|name| (name.to_owned(), other.required(name).expect("it is set")))
            .collect();
        let error = Issuer::start(&Environment::of(variables), after(0)).await.expect_err(missing).to_string();
        assert!(error.contains(missing), "{error}");
    }
    let none = Issuer::start(&Environment::of(HashMap::new()), after(0)).await.expect("it starts");
    assert!(none.is_none());
}
