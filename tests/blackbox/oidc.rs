//! People sign in with tokens of the company's identity provider, beside the API tokens.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::Method;
use serde_json::{Value, json};
use tests::{
    Api, Sandbox, TestStack,
    issuer::{AUDIENCE, Mood, TestIssuer, TokenKey},
    now,
};

/// An issuer, a stack that accepts its tokens, and the key that signs them.
struct SignIn {
    issuer: TestIssuer,
    key: TokenKey,
    stack: TestStack,
    api: Api,
}

impl SignIn {
    async fn start() -> Option<Self> {
        let key = TokenKey::new("1");
        let issuer = TestIssuer::start(&[&key]).await;
        let mut options = TestStack::options();
        let audiences = format!("{AUDIENCE}, another-client");
        for (name, value) in [
            ("OidcIssuer", issuer.url()),
            ("OidcAudience", audiences.as_str()),
            ("OidcRoleClaim", "realm_access.roles"),
            ("OidcViewerValues", "staff,viewer"),
            ("OidcResponderValues", "on-call"),
        ] {
            options.parameters.insert(name.to_owned(), value.to_owned());
        }
        let stack = TestStack::start(options).await?;
        let api = Api::to(stack.access());
        Some(Self { issuer, key, stack, api })
    }

    /// The claims of somebody on call.
    fn claims(&self) -> Value {
        let mut claims = self.issuer.claims(now().as_second());
        claims["realm_access"] = json!({ "roles": ["on-call", "everybody"] });
        claims
    }

    fn token(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = self.claims();
        change(&mut claims);
        self.key.sign(&claims)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_person_of_a_token_is_the_actor_and_has_the_role_of_its_claim() {
    let Some(sign_in) = SignIn::start().await else { return };
    let sandbox = Sandbox::on(sign_in.api.clone());
    let incident = sandbox.open_incident().await;
    let path = format!("/incidents/{incident}/status");
    let investigate = async |token: &str| {
        let request = sign_in.api.request(Method::PATCH, &path).bearer_auth(token);
        let request = request.header("content-type", "application/json");
        sign_in.api.send(request.body(r#"{"status":"INVESTIGATING"}"#)).await
    };

    let viewer = sign_in.token(|claims| claims["realm_access"]["roles"] = json!(["staff"]));
    sign_in.api.get_as(&viewer, "/incidents").await.expect(200);
    investigate(&viewer).await.problem(403);

    let responder = sign_in.token(|claims| claims["aud"] = json!(["x", AUDIENCE]));
    investigate(&responder).await.expect(200);
    let detail = sign_in.api.detail(&incident).await;
    let actors: Vec<&Value> = detail["actions"].as_array().expect("a list").iter().map(|one| &one["actor"]).collect();
    assert!(actors.contains(&&json!("ada@example.com")), "{actors:?}");

    // API tokens go on.
    let access = sign_in.stack.access();
    sign_in.api.get_as(&access.viewer_token, "/incidents").await.expect(200);
    sign_in.api.get_as(&access.responder_token, "/quarantine").await.expect(200);
    sign_in.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_does_not_count_gets_403() {
    let Some(sign_in) = SignIn::start().await else { return };
    let now = now().as_second();
    let forged = TokenKey::new("1");
    let public = sign_in.key.public().clone();
    let unsigned = |algorithm: &str| {
        let part = |value: &Value| BASE64.encode(value.to_string());
        format!("{}.{}.", part(&json!({ "alg": algorithm, "typ": "JWT", "kid": "1" })), part(&sign_in.claims()))
    };
    let by_hmac = |secret: &[u8]| {
        let header = Header { kid: Some("1".to_owned()), ..Header::new(Algorithm::HS256) };
        encode(&header, &sign_in.claims(), &EncodingKey::from_secret(secret)).expect("it can be signed")
    };
    // API Gateway itself refuses headers of more than 10,240 bytes.
    for (what, token) in [
        ("expired", sign_in.token(|claims| claims["exp"] = json!(now - 1))),
        ("without an expiry", sign_in.token(|claims| drop(claims.as_object_mut().and_then(|all| all.remove("exp"))))),
        ("not valid yet", sign_in.token(|claims| claims["nbf"] = json!(now + 3600))),
        ("another audience", sign_in.token(|claims| claims["aud"] = json!("somebody-else"))),
        ("several other audiences", sign_in.token(|claims| claims["aud"] = json!(["a", "b"]))),
        ("another issuer", sign_in.token(|claims| claims["iss"] = json!("https://login.example.com"))),
        ("no role", sign_in.token(|claims| claims["realm_access"] = json!({}))),
        ("a role that has no meaning", sign_in.token(|claims| claims["realm_access"]["roles"] = json!(["On-Call"]))),
        ("oversized", sign_in.token(|claims| claims["groups"] = json!("g".repeat(6_300)))),
        ("a key of somebody else", forged.sign(&sign_in.claims())),
        ("a key that nobody has", TokenKey::new("2").sign(&sign_in.claims())),
        ("alg none", unsigned("none")),
        ("alg NONE", unsigned("NONE")),
        ("HS256 with the public key", by_hmac(public.to_string().as_bytes())),
        ("HS256 with a part of the public key", by_hmac(public["x"].as_str().expect("a text").as_bytes())),
        ("no JWT", "a.b.c".to_owned()),
    ] {
        let answer = sign_in.api.get_as(&token, "/incidents").await;
        assert_eq!(answer.status, 403, "{what}: {}", answer.text());
        answer.refused_by_gateway(403, "Forbidden");
    }
    sign_in.api.get_as(&sign_in.token(|_| ()), "/incidents").await.expect(200);
    sign_in.api.send(sign_in.api.request(Method::GET, "/incidents")).await.refused_by_gateway(401, "Unauthorized");
    sign_in.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_is_down_locks_nobody_out_who_has_a_token_of_a_known_key() {
    let Some(sign_in) = SignIn::start().await else { return };
    sign_in.issuer.set_mood(Mood::Failing);
    for person in 0..3 {
        let token = sign_in.token(|claims| claims["email"] = json!(format!("person-{person}@example.com")));
        sign_in.api.get_as(&token, "/incidents").await.expect(200);
    }
    let access = sign_in.stack.access();
    sign_in.api.get_as(&access.viewer_token, "/incidents").await.expect(200);
    sign_in.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_issuer_no_token_of_one_counts() {
    let api = Api::shared();
    let provider = TestIssuer::start(&[]).await;
    let mut claims = provider.claims(now().as_second());
    claims["roles"] = json!(["viewer", "responder"]);
    api.get_as(&TokenKey::new("1").sign(&claims), "/incidents").await.refused_by_gateway(403, "Forbidden");
}
