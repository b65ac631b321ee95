//! Signing in and out.

use lambda_http::http::{Method, StatusCode};
use maud::{Markup, html};
use shared::{
    domain::time::Time,
    http::{Request, Response},
    sources::signature::Secret,
    telemetry::refusals::Reason,
};
use tracing::{error, info};

use super::layout;
use crate::{
    Function, answer,
    arrival::Arrival,
    cookies::{self, Cookie, Reach},
    form::{Form, own_page},
    link::Link,
    parts::{forms, icons::icon},
    routes::START,
    session::{self, Holder, Session},
    visit::Visit,
};

const ADDRESS: &str = "/console/sign-in";

/// The same as of a request to the API with such a token.
const REFUSED_TOKEN: Reason = Reason { metric: "RefusedToken", text: "the token is not known", source: None };

/// What the form says about an attempt that failed.
const UNKNOWN: &str = "This token is not known, or it has expired.";
/// What it says if we or the identity provider are in trouble.
pub const FAILED: &str = "Signing in failed. Try again.";
const FOREIGN: &str = "Another site sent the form. Enter your token here.";

/// Asks somebody without a session to sign in, and remembers the page.
///
/// A browser does not send our cookie if it comes from another site, such as a chat. So such a visit first goes to the
/// same page once more, from a page of ours.
///
/// `page_of_form` is the page that a form was sent from, if it is not that of the request. A script that loads a part of a
/// page gets a 401: it would take the form to sign in for that part.
#[must_use]
pub fn ask(request: &Request, arrival: &Arrival, page_of_form: Option<&str>) -> Response {
    let page = Link::read(request.uri().path(), request.uri().query().unwrap_or_default()).to_string();
    if request.method() != Method::GET {
        let sent = Form::of(request);
        return signed_out(sent.back(page_of_form.unwrap_or(START)), Some(&sent).filter(|_| !arrival.is_foreign));
    }
    if request.headers().contains_key("hx-request") {
        return signed_out(&page, None);
    }
    let has_cookie = cookies::sent(request.headers(), arrival.reach, session::COOKIE).next().is_some();
    if arrival.is_foreign && !has_cookie {
        return again(&page);
    }
    answer::redirect(&Link::to(ADDRESS).with("next", page).to_string())
}

/// Tells that the session has ended, and gives back what was sent.
fn signed_out(page: &str, sent: Option<&Form>) -> Response {
    let content = html! {
        section.card {
            h1 { "You are signed out" }
            @if let Some(sent) = sent {
                p { "Nothing was changed. Sign in, then repeat it." }
                (forms::written(sent))
            } @else {
                p { "Sign in to see this page." }
            }
            p { a.button.primary hx-boost="false" href=(Link::to(ADDRESS).with("next", page)) { "Sign in" } }
        }
    };
    answer::page(StatusCode::UNAUTHORIZED, layout::bare("Signed out", &content))
}

/// A page of ours that goes on to an address.
pub fn again(page: &str) -> Response {
    let content = html! {
        meta http-equiv="refresh" content={ "0; url=" (page) };
        section.card { p { "One moment … " a href=(page) { "Continue" } } }
    };
    answer::page(StatusCode::OK, layout::bare("One moment", &content))
}

/// The form.
#[must_use]
pub fn show(console: &Function, request: &Request, arrival: &Arrival) -> Response {
    let link = Link::read(ADDRESS, request.uri().query().unwrap_or_default());
    answer::page(StatusCode::OK, form(console, next(&link), None, arrival))
}

/// The form again, and why nobody was signed in.
pub fn refuse(console: &Function, status: StatusCode, message: &str, arrival: &Arrival) -> Response {
    answer::page(status, form(console, START, Some(message), arrival))
}

/// Begins a session, if the token counts.
pub async fn submit(console: &Function, request: &Request, arrival: &Arrival, now: Time) -> Response {
    let sent = Form::of(request);
    let next = own_page(sent.text("next")).unwrap_or(START);
    let refuse = |status, message| answer::page(status, form(console, next, Some(message), arrival));
    // Else somebody could sign people in with a token of their own, and read what they write.
    if arrival.is_foreign {
        return refuse(StatusCode::FORBIDDEN, FOREIGN);
    }
    let Some(key) = console.sign_in.session_key(now).await else { return without_key() };
    let Some(signed_in) = console.sign_in.by_token(sent.text("token"), now).await else {
        console.refusals.count(REFUSED_TOKEN, console.edge.source_address_of(request), now);
        return refuse(StatusCode::FORBIDDEN, UNKNOWN);
    };
    let holder = Holder::Token { fingerprint: signed_in.fingerprint };
    match begin(holder, signed_in.expires_at, &key, arrival, now) {
        Ok(cookie) => {
            info!(actor = signed_in.principal.name, "signed in to the console");
            answer::with_cookie(answer::redirect(next), &cookie)
        }
        Err(error) => {
            error!(%error, "no random numbers");
            refuse(StatusCode::SERVICE_UNAVAILABLE, FAILED)
        }
    }
}

/// The cookie of a new session.
///
/// # Errors
/// If the system has no random numbers.
pub fn begin(
    holder: Holder,
    expires_at: Option<Time>,
    key: &Secret,
    arrival: &Arrival,
    now: Time,
) -> Result<Cookie, getrandom::Error> {
    let session = Session::begin(holder, expires_at, now)?;
    let seconds = session.until.as_seconds() - now.as_seconds();
    Ok(Cookie { reach: arrival.reach, name: session::COOKIE, value: session.seal(key), seconds })
}

/// Ends the session.
#[must_use]
pub fn sign_out(visit: &Visit) -> Response {
    answer::with_cookie(answer::redirect(ADDRESS), &Cookie::deleted(visit.arrival.reach, session::COOKIE))
}

/// Nobody can sign in: the secret was made by hand.
#[must_use]
pub fn without_key() -> Response {
    error!("the secret has no session_key: nobody can sign in to the console");
    let content = html! {
        section.card {
            h1 { "The console is not set up" }
            p { "The secret of this stack has no " code { "session_key" } ". The page about security tells how to add it." }
        }
    };
    answer::page(StatusCode::SERVICE_UNAVAILABLE, layout::bare("Not set up", &content))
}

/// The page that somebody wanted to see.
pub fn next(link: &Link) -> &str {
    link.get("next").and_then(own_page).unwrap_or(START)
}

fn form(console: &Function, next: &str, refusal: Option<&str>, arrival: &Arrival) -> Markup {
    let content = html! {
        section.card.sign-in {
            p.brand { (icon("logo")) span { "Incident Review" } }
            h1 { "Sign in" }
            @if let Some(refusal) = refusal { p.notice.failed role="alert" { (icon("warning")) (refusal) } }
            @if console.sign_in.provider().is_some() {
                a.button.primary hx-boost="false" href=(Link::to("/console/sign-in/provider").with("next", next)) {
                    "Sign in with your company account"
                }
                p.or { span { "or" } }
            }
            form method="post" action=(ADDRESS) hx-boost="false" {
                input type="hidden" name="next" value=(next);
                label for="token" { "API token" }
                input #token type="password" name="token" required autofocus autocomplete="current-password"
                    spellcheck="false" maxlength="500";
                button.primary type="submit" { "Sign in" }
            }
            p.hint {
                @if arrival.reach == Reach::Local {
                    "This stack runs on your machine. Its terminal shows two tokens: "
                    code { "local-responder" } " reads and changes, " code { "local-viewer" } " reads."
                } @else {
                    "Whoever runs this stack makes tokens with " code { "cargo run -p credentials -- token add" } "."
                }
            }
        }
    };
    layout::bare("Sign in", &content)
}
