//! The console: sessions, the proof of forms, roles, headers, and stored texts that are only data.

use std::collections::HashMap;

use reqwest::Method;
use rstest::rstest;
use serde_json::json;
use tests::{
    Api, Sandbox, TestStack,
    console::{Browser, Shown},
    datadog::Notification,
    issuer::{TestIssuer, TokenKey},
    now,
};

async fn viewer() -> Browser {
    let api = Api::shared();
    Browser::signed_in(api.access(), &api.access().viewer_token).await
}

async fn responder() -> Browser {
    let api = Api::shared();
    Browser::signed_in(api.access(), &api.access().responder_token).await
}

#[tokio::test]
async fn a_person_signs_in_sees_the_page_that_was_asked_for_and_signs_out() {
    let api = Api::shared();
    let mut browser = Browser::of(api.access());
    let start = browser.get("/").await;
    assert_eq!((start.status, start.location.as_deref()), (303, Some("/console")));
    let start = browser.get("/console").await;
    assert_eq!((start.status, start.location.as_deref()), (303, Some("/console/sign-in?next=/console")));
    let asked = browser.get("/console/alerts?status=firing").await;
    let location = asked.location.unwrap();
    assert_eq!(location, "/console/sign-in?next=/console/alerts?status%3Dfiring");
    let form = browser.get(&location).await;
    assert_eq!((form.status, form.field("next").as_str()), (200, "/console/alerts?status=firing"));

    let wrong = browser.post("/console/sign-in", &[("token", "wrong")]).await;
    assert_eq!(wrong.status, 403);
    assert!(wrong.text.contains("This token is not known") && browser.cookies.is_empty());

    let token = api.access().viewer_token.clone();
    let next = form.field("next");
    let signed_in = browser.post("/console/sign-in", &[("token", &token), ("next", &next)]).await;
    assert_eq!(signed_in.location.as_deref(), Some("/console/alerts?status=firing"));
    let cookie = &signed_in.headers["set-cookie"];
    assert!(cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");
    assert!(!cookie.contains(&token), "{cookie}");
    assert_eq!(browser.get("/console/alerts?status=firing").await.status, 200);

    let left = browser.submit("/console/help", "/console/sign-out", &[]).await;
    assert_eq!((left.status, browser.cookies.len()), (303, 0));
    assert_eq!(browser.get("/console/help").await.status, 303);
}

#[tokio::test]
async fn nobody_is_sent_elsewhere_after_signing_in() {
    let api = Api::shared();
    for next in ["https://evil.example/", "//evil.example", "/console/\\evil", "/incidents"] {
        let mut browser = Browser::of(api.access());
        let fields = [("token", api.access().viewer_token.as_str()), ("next", next)];
        let location = browser.post("/console/sign-in", &fields).await.location.unwrap();
        assert!(location.starts_with("/console/incidents"), "{next}: {location}");
    }
}

#[tokio::test]
async fn a_session_that_was_changed_does_not_count() {
    let mut browser = viewer().await;
    let (name, value) = browser.cookies.clone().into_iter().next().unwrap();
    let (body, signature) = value.split_once('.').unwrap();
    for forged in
        [body.to_owned(), format!("{body}x.{signature}"), format!("{body}.{}0", &signature[1..]), String::new()]
    {
        browser.cookies = HashMap::from([(name.clone(), forged.clone())]);
        assert_eq!(browser.get("/console/help").await.status, 303, "{forged}");
    }
}

#[tokio::test]
async fn a_visit_from_another_site_goes_once_through_a_page_of_ours() {
    let mut browser = Browser::of(Api::shared().access());
    let page = "/console/incidents?status=OPEN";
    let foreign = browser.request(Method::GET, page).header("sec-fetch-site", "cross-site");
    let shown = browser.send(foreign).await;
    assert_eq!(shown.status, 200);
    assert!(shown.text.contains(&format!(r#"http-equiv="refresh" content="0; url={page}""#)), "{}", shown.text);
    let own = browser.request(Method::GET, page).header("sec-fetch-site", "same-origin");
    assert_eq!(browser.send(own).await.status, 303);
}

#[tokio::test]
async fn each_change_needs_the_proof_of_the_session_and_comes_from_our_pages() {
    let incident = Sandbox::new().open_incident().await;
    let (page, path) = (format!("/console/incidents/{incident}"), format!("/console/incidents/{incident}/status"));
    let mut browser = responder().await;
    let shown = browser.get(&page).await;
    let (proof, version) = (shown.field("proof"), shown.field("version"));
    let stranger = responder().await.get(&page).await.field("proof");
    for bad in ["", "x", stranger.as_str()] {
        let fields = [("status", "INVESTIGATING"), ("version", version.as_str()), ("proof", bad)];
        assert_eq!(browser.post(&path, &fields).await.status, 403, "{bad}");
    }
    let body = format!("status=INVESTIGATING&version={version}&proof={proof}");
    let foreign = browser.request(Method::POST, &path).header("sec-fetch-site", "cross-site");
    let foreign = foreign.header("content-type", "application/x-www-form-urlencoded").body(body);
    assert_eq!(browser.send(foreign).await.status, 403);
    assert_eq!(Api::shared().detail(&incident).await["incident"]["status"], "OPEN");

    let fields = [("status", "INVESTIGATING"), ("version", version.as_str()), ("proof", proof.as_str())];
    let changed = browser.post(&path, &fields).await;
    assert_eq!((changed.status, changed.location.as_deref()), (303, Some(page.as_str())));
    let told = browser.get(&page).await;
    assert!(told.text.contains("It is Investigating now."), "{}", told.text);
    assert!(!browser.get(&page).await.text.contains("It is Investigating now."), "it is told once");
}

#[tokio::test]
async fn a_change_of_what_somebody_else_changed_is_refused_with_the_newer_state_and_keeps_the_comment() {
    let sandbox = Sandbox::new();
    let incident = sandbox.open_incident().await;
    let page = format!("/console/incidents/{incident}");
    let mut browser = responder().await;
    let shown = browser.get(&page).await;
    let (proof, version) = (shown.field("proof"), shown.field("version"));
    let api = Api::shared();
    let change = api.request(Method::PATCH, &format!("/incidents/{incident}/status"));
    let change = change.bearer_auth(&api.access().responder_token).header("content-type", "application/json");
    api.send(change.body(r#"{"status":"INVESTIGATING"}"#)).await.expect(200);

    let fields =
        [("status", "INVESTIGATING"), ("version", version.as_str()), ("proof", proof.as_str()), ("comment", "on <it>")];
    let refused = browser.post(&format!("{page}/status"), &fields).await;
    assert_eq!(refused.status, 412);
    assert!(refused.text.contains("This is its newer state: Investigating"), "{}", refused.text);
    assert_eq!(refused.text.matches("on &lt;it&gt;").count(), 1, "in its own field only: {}", refused.text);
    assert_eq!(refused.headers["hx-replace-url"], page);
    assert!(!refused.text.contains(&format!("name=\"back\" value=\"{page}/status\"")), "{}", refused.text);
    let newer = refused.field("version");
    let fields = [("status", "RESOLVED"), ("version", newer.as_str()), ("comment", "done")];
    assert_eq!(browser.submit(&page, &format!("{page}/status"), &fields).await.status, 303);
    assert_eq!(api.detail(&incident).await["incident"]["status"], "RESOLVED");
}

#[tokio::test]
async fn a_comment_that_is_refused_is_not_lost() {
    let incident = Sandbox::new().open_incident().await;
    let page = format!("/console/incidents/{incident}");
    let mut browser = responder().await;
    // 2,000 characters of a field with many lines: the browser sends each end of line as two.
    let whole = "a\r\n".repeat(999) + "bc";
    assert_eq!(browser.submit(&page, &format!("{page}/comments"), &[("comment", &whole)]).await.status, 303);
    let long = "too long ".repeat(300);
    let refused = browser.submit(&page, &format!("{page}/comments"), &[("comment", &long)]).await;
    assert_eq!((refused.status, refused.headers["hx-replace-url"].as_str()), (400, page.as_str()));
    assert!(refused.text.contains("Nothing was changed.") && refused.text.contains(long.trim()), "{}", refused.text);
    assert_eq!(refused.text.matches("too long too long").count(), 150, "in its own field only");
    let fields = [("comment", "mine"), ("proof", "x")];
    let forged = browser.post(&format!("{page}/comments"), &fields).await;
    assert!(forged.status == 403 && forged.text.contains(">mine</textarea>"), "{}", forged.text);
}

#[tokio::test]
async fn who_was_signed_out_meanwhile_gets_back_what_was_written() {
    let mut browser = Browser::of(Api::shared().access());
    let page = "/console/incidents/01ARZ3NDEKTSV4RRFFQ69G5FAV";
    let sent = browser.post(&format!("{page}/comments"), &[("comment", "the <disk>"), ("back", page)]).await;
    assert_eq!((sent.status, sent.headers["hx-replace-url"].as_str()), (401, page));
    assert!(sent.text.contains(">the &lt;disk&gt;</textarea>"), "{}", sent.text);
    assert!(sent.text.contains(&format!("href=\"/console/sign-in?next={page}\"")), "{}", sent.text);
    let part = browser.request(Method::GET, page).header("hx-request", "true");
    assert_eq!(browser.send(part).await.status, 401);
    assert_eq!(browser.get(page).await.status, 303);
}

#[rstest]
#[case("/console/", "/console")]
#[case("/console/help/", "/console/help")]
#[case("/console/incidents/status", "/console/incidents")]
#[case("/console/incidents/x/assignee", "/console/incidents/x")]
#[case("/console/alerts/x/resolve", "/console/alerts/x")]
#[case("/console/quarantine/change", "/console/quarantine")]
#[case("/console/quarantine/x/redrive", "/console/quarantine/x")]
#[tokio::test]
async fn an_address_that_is_no_page_leads_to_one(#[case] address: &str, #[case] page: &str) {
    let shown = responder().await.get(address).await;
    assert_eq!((shown.status, shown.location.as_deref()), (303, Some(page)));
}

#[rstest]
#[case("/console/incidents")]
#[case("/console/alerts")]
#[tokio::test]
async fn a_page_past_the_end_leads_to_the_last_one(#[case] list: &str) {
    let sandbox = Sandbox::new();
    sandbox.open_incident().await;
    let shown = responder().await.get(&format!("{list}?service={}&offset=4000", sandbox.service)).await;
    assert_eq!(shown.status, 200);
    let last = format!("href=\"{list}?service={}\">Go to the last page", sandbox.service);
    assert!(shown.text.contains("The list ends before this page") && shown.text.contains(&last), "{}", shown.text);
}

#[tokio::test]
async fn without_an_identity_provider_nobody_is_sent_to_one() {
    let mut browser = Browser::of(Api::shared().access());
    for path in ["provider", "callback?code=a&state=b"] {
        assert_eq!(browser.get(&format!("/console/sign-in/{path}")).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn the_enter_key_assigns_to_who_is_named_and_changes_no_chosen_incidents() {
    let incident = Sandbox::new().open_incident().await;
    let mut browser = responder().await;
    let shown = browser.get(&format!("/console/incidents/{incident}")).await.text;
    let form = shown.split("<form").find(|form| form.contains("/assignee\"")).unwrap();
    assert!(form.find(">Assign<").unwrap() < form.find("Assign to me").unwrap(), "{form}");
    let list = browser.get("/console/incidents").await.text;
    let form = list.split("<form").find(|form| form.contains("/incidents/status\"")).unwrap();
    let first = form.split("<button").nth(1).unwrap();
    assert!(first.starts_with(" type=\"submit\" disabled hidden"), "{first}");
}

#[tokio::test]
async fn several_incidents_change_at_once_and_those_that_cannot_are_named() {
    let (one, other) = (Sandbox::new().open_incident().await, Sandbox::new().open_incident().await);
    let (fresh, stale) = (format!("{one}.1"), format!("{other}.99"));
    let mut browser = responder().await;
    let fields = [
        ("incident", fresh.as_str()),
        ("incident", stale.as_str()),
        ("status", "INVESTIGATING"),
        ("back", "/console/incidents?team=x"),
    ];
    let shown = browser.submit("/console/help", "/console/incidents/status", &fields).await;
    assert_eq!(shown.location.as_deref(), Some("/console/incidents?team=x"));
    let told = browser.get("/console/help").await.text;
    assert!(
        told.contains("1 of 2 incidents changed to Investigating.") && told.contains("has changed meanwhile"),
        "{told}"
    );
    let api = Api::shared();
    assert_eq!(api.detail(&one).await["incident"]["status"], "INVESTIGATING");
    assert_eq!(api.detail(&other).await["incident"]["status"], "OPEN");
}

#[tokio::test]
async fn incidents_that_are_chosen_become_part_of_the_oldest_and_alerts_leave_it_again() {
    let (one, other) = (Sandbox::new(), Sandbox::new());
    let (oldest, younger) = (one.open_incident().await, other.open_incident().await);
    let api = Api::shared();
    let mut browser = responder().await;
    let chosen = async |id: &str| format!("{id}.{}", api.detail(id).await["incident"]["version"]);
    let (first, second) = (chosen(&younger).await, chosen(&oldest).await);
    let fields = [("incident", first.as_str()), ("incident", second.as_str()), ("comment", "one outage")];
    let merged = browser.submit("/console/help", "/console/incidents/merge", &fields).await;
    let page = format!("/console/incidents/{oldest}");
    assert_eq!(merged.location.as_deref(), Some(page.as_str()), "{}", merged.text);
    assert!(browser.get(&page).await.text.contains("1 incident merged into this one."));
    let part = browser.get(&format!("/console/incidents/{younger}")).await.text;
    assert!(part.contains("It is part of ") && part.contains(&page), "{part}");

    let alert = api.detail(&oldest).await["alerts"][0]["id"].as_str().unwrap().to_owned();
    let version = browser.get(&page).await.field("version");
    let fields = [("alert", alert.as_str()), ("version", version.as_str()), ("reason", "another outage")];
    let split = browser.submit(&page, &format!("{page}/split"), &fields).await;
    let own = split.location.unwrap_or_else(|| panic!("{}", split.text));
    assert_ne!(own, page);
    let shown = browser.get(&own).await.text;
    assert!(shown.contains(&alert) && shown.contains("another outage"), "{shown}");
}

#[tokio::test]
async fn people_comment_assign_and_resolve_alerts() {
    let sandbox = Sandbox::new();
    let alert = sandbox.deliver(&sandbox.monitor()).await.remove(0);
    let incident = alert["incident_id"].as_str().unwrap();
    let (page, alert) = (format!("/console/incidents/{incident}"), alert["id"].as_str().unwrap());
    let mut browser = responder().await;
    let comments = format!("{page}/comments");
    assert_eq!(browser.submit(&page, &comments, &[("comment", "the disk is full")]).await.status, 303);
    let version = browser.get(&page).await.field("version");
    let fields = [("assignee", "Ada"), ("version", version.as_str())];
    assert_eq!(browser.submit(&page, &format!("{page}/assignee"), &fields).await.status, 303);
    let resolve = format!("/console/alerts/{alert}/resolve");
    assert_eq!(browser.submit(&page, &resolve, &[("comment", "by hand")]).await.status, 303);
    let shown = browser.get(&page).await.text;
    for text in ["the disk is full", "Ada", "by hand", "All alerts are resolved"] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
    let report = browser.get(&format!("{page}/report")).await;
    assert!(report.text.contains("the disk is full") && report.headers["content-type"].starts_with("text/markdown"));
    let payload = browser.get(&format!("/console/alerts/{alert}/payload")).await;
    assert!(payload.status == 200 && payload.text.contains("What was sent") && payload.text.contains("alert_id"));
}

#[tokio::test]
async fn a_viewer_sees_no_form_that_would_fail_and_is_refused_by_a_page() {
    let sandbox = Sandbox::new();
    let alert = sandbox.deliver(&sandbox.monitor()).await.remove(0);
    let (incident, alert) = (alert["incident_id"].as_str().unwrap(), alert["id"].as_str().unwrap());
    let mut browser = viewer().await;
    let pages =
        ["/console/incidents".to_owned(), format!("/console/incidents/{incident}"), format!("/console/alerts/{alert}")];
    for page in &pages {
        let shown = browser.get(page).await;
        let actions: Vec<&str> = shown.text.split("<form").skip(1).filter_map(|form| form.split('>').next()).collect();
        let changes: Vec<&&str> = actions.iter().filter(|form| form.contains("post")).collect();
        assert!(
            changes.iter().all(|form| form.contains("/sign-out") || form.contains("/theme")),
            "{page}: {changes:?}"
        );
    }
    let status = format!("/console/incidents/{incident}/status");
    let refused = browser.submit(&pages[1], &status, &[("status", "INVESTIGATING"), ("version", "1")]).await;
    assert_eq!(refused.status, 403);
    assert!(refused.text.contains("<html") && refused.text.contains("Only responders may do this."));
    assert_eq!(browser.get(&format!("/console/alerts/{alert}/payload")).await.status, 403);
}

#[rstest]
#[case::page("/console/incidents?team=strict-headers", 200)]
#[case::wrong_filter("/console/incidents?severity=fatal&team=x", 400)]
#[case::unknown_incident("/console/incidents/01ARZ3NDEKTSV4RRFFQ69G5FAV", 404)]
#[case::no_id("/console/incidents/%3Cscript%3E", 404)]
#[case::unknown_page("/console/a/b/c", 404)]
#[case::unknown_asset("/console/assets/x.js", 404)]
#[tokio::test]
async fn every_answer_is_a_page_with_strict_headers(#[case] path: &str, #[case] status: u16) {
    let Shown { status: got, headers, text, .. } = viewer().await.get(path).await;
    assert_eq!(got, status);
    let policy = &headers["content-security-policy"];
    for rule in
        ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"]
    {
        assert!(policy.contains(rule), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(
        (headers["x-content-type-options"].as_str(), headers["referrer-policy"].as_str()),
        ("nosniff", "same-origin")
    );
    assert_eq!(
        (headers["cache-control"].as_str(), headers["content-type"].as_str()),
        ("no-store", "text/html; charset=utf-8")
    );
    for forbidden in [" style=", "<style", "onclick=", "onload=", "javascript:", "http://", "https://"] {
        assert!(!text.to_lowercase().contains(forbidden), "{forbidden} in {path}");
    }
}

#[tokio::test]
async fn files_are_kept_and_their_names_follow_their_content() {
    let mut browser = viewer().await;
    let page = browser.get("/console/help").await.text;
    let assets: Vec<&str> = page.split('"').filter(|part| part.starts_with("/console/assets/")).collect();
    assert_eq!(assets.len(), 4, "{assets:?}");
    browser.cookies.clear();
    for asset in assets {
        let file = browser.get(asset).await;
        assert_eq!(
            (file.status, file.headers["cache-control"].as_str()),
            (200, "public, max-age=31536000, immutable"),
            "{asset}"
        );
    }
}

#[rstest]
#[case("<script>alert(1)</script>")]
#[case("\"><img src=x onerror=alert(1)>")]
#[case("' autofocus onfocus=alert(1) x='")]
#[case("&lt;b&gt; {{7*7}} ${7*7}")]
#[tokio::test]
async fn what_sources_write_is_only_text(#[case] text: &str) {
    let sandbox = Sandbox::new();
    let monitor: Notification =
        sandbox.monitor().with("title", text).with("body", text).with("link", "javascript:alert(1)");
    let alert = sandbox.deliver(&monitor).await.remove(0);
    let (incident, id) = (alert["incident_id"].as_str().unwrap(), alert["id"].as_str().unwrap());
    let mut browser = responder().await;
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let list = format!("/console/incidents?service={}", sandbox.service);
    for page in [list, format!("/console/incidents/{incident}"), format!("/console/alerts/{id}/payload")] {
        let shown = browser.get(&page).await.text;
        assert!(shown.contains(&escaped), "{page}: {shown}");
        assert!(
            !shown.contains("<script>alert") && !shown.contains("<img") && !shown.contains("javascript:alert(1)\""),
            "{page}"
        );
    }
}

#[tokio::test]
async fn a_page_weighs_at_most_sixty_kilobytes() {
    let options = local::Options { demo: true, ..TestStack::options() };
    let Some(stack) = TestStack::start(options).await else { return };
    let access = stack.access();
    let mut browser = Browser::signed_in(&access, &access.responder_token).await;
    for page in ["/console/incidents", "/console/incidents?range=30d", "/console/alerts", "/console/help"] {
        let shown = browser.get(page).await;
        assert!(shown.status == 200 && shown.text.len() <= 60 * 1024, "{page}: {} bytes", shown.text.len());
        let request = browser.request(Method::GET, page).header("accept-encoding", "gzip");
        let answer = request.send().await.unwrap();
        assert_eq!(answer.headers()["content-encoding"], "gzip", "{page}");
    }
    stack.stop().await;
}

#[tokio::test]
async fn people_sign_in_at_the_identity_provider() {
    const CLIENT: &str = "console-client";
    let key = TokenKey::new("1");
    let issuer = TestIssuer::start(&[&key]).await;
    let mut options = TestStack::options();
    for (name, value) in [("OidcIssuer", issuer.url()), ("OidcAudience", "api"), ("OidcClientId", CLIENT)] {
        options.parameters.insert(name.to_owned(), value.to_owned());
    }
    let Some(stack) = TestStack::start(options).await else { return };
    let mut browser = Browser::of(&stack.access());
    let form = browser.get("/console/sign-in?next=/console/help").await;
    assert!(form.text.contains("Sign in with your company account"));

    let mut begun = async |next: &str| {
        let sent = browser.get(&format!("/console/sign-in/provider?next={next}")).await;
        let location = sent.location.unwrap_or_else(|| panic!("{}", sent.text));
        let (address, query) = location.split_once('?').unwrap();
        assert_eq!(address, format!("{}/authorize", issuer.url()));
        let asked: HashMap<String, String> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        assert_eq!((asked["response_type"].as_str(), asked["code_challenge_method"].as_str()), ("code", "S256"));
        (asked, browser.clone())
    };
    let id_token = |nonce: &str, audience: &str, roles: &[&str]| {
        let mut claims = issuer.claims(now().as_second());
        (claims["aud"], claims["nonce"], claims["roles"]) = (json!(audience), json!(nonce), json!(roles));
        key.sign(&claims)
    };
    let back = |state: &str| format!("/console/sign-in/callback?code=c&state={state}");

    // The person comes back from another site, so the browser first shows a page of ours.
    let (asked, mut person) = begun("/console/help").await;
    issuer.grant("c", &asked["code_challenge"], &id_token(&asked["nonce"], CLIENT, &["responder"]));
    let strict = Browser::of(&stack.access());
    let foreign = strict.request(Method::GET, &back(&asked["state"])).header("sec-fetch-site", "cross-site");
    assert!(strict.clone().send(foreign).await.text.contains("http-equiv=\"refresh\""));
    let arrived = person.get(&back(&asked["state"])).await;
    assert_eq!((arrived.status, arrived.location.as_deref()), (303, Some("/console/help")), "{}", arrived.text);
    let shown = person.get("/console/help").await.text;
    assert!(shown.contains("ada@example.com") && shown.contains("responder"), "{shown}");

    let attempts = [
        ("another sign-in", "other-nonce", CLIENT, "responder", 403),
        ("another client", "", "api", "responder", 403),
        ("no role", "", CLIENT, "nobody", 403),
    ];
    for (what, nonce, audience, role, status) in attempts {
        let (asked, mut person) = begun("/console").await;
        let nonce = if nonce.is_empty() { &asked["nonce"] } else { nonce };
        issuer.grant("c", &asked["code_challenge"], &id_token(nonce, audience, &[role]));
        assert_eq!(person.get(&back(&asked["state"])).await.status, status, "{what}");
        assert_eq!(person.get("/console/help").await.status, 303, "{what}");
    }

    let (asked, mut person) = begun("/console").await;
    issuer.grant("c", &asked["code_challenge"], &id_token(&asked["nonce"], CLIENT, &["responder"]));
    assert_eq!(person.get(&back("forged")).await.status, 403, "a state that this browser did not get");
    let (_, mut other) = begun("/console").await;
    assert_eq!(other.get(&back(&asked["state"])).await.status, 403, "a browser that began another sign-in");
    let (asked, mut person) = begun("/console").await;
    issuer.grant("c", "another challenge", &id_token(&asked["nonce"], CLIENT, &["responder"]));
    assert_eq!(person.get(&back(&asked["state"])).await.status, 503, "a code that the provider refuses");
    stack.stop().await;
}
